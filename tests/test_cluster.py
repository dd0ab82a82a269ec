"""Where a process is in a cluster: from TF_CONFIG, or from what RunConfig is given."""

import copy
import json
import pickle
import re

import pytest

import tflearnkit as learn
from tflearnkit import RunConfig

PS, WORKERS = ["host1:1", "host2:2"], ["host3:3", "host4:4", "host5:5"]
CLUSTER = {"ps": PS, "worker": WORKERS}


@pytest.fixture
def around(monkeypatch):
    """Set what TF_CONFIG says."""

    def say(cluster=None, job=None, task=None, **more):
        found = {"cluster": cluster, "task": {"type": job, "index": task}} | more
        monkeypatch.setenv("TF_CONFIG", json.dumps(found))

    return say


def test_a_process_by_itself():  # RC-01
    config = RunConfig()
    assert (config.master, config.task, config.num_ps_replicas) == ("", 0, 0)
    assert (config.cluster_spec, config.job_name, config.is_chief) == ({}, None, True)
    assert config.num_worker_replicas == 0


def test_the_environment_says_where(around):  # RC-02
    around(CLUSTER, "worker", 1)
    config = RunConfig()
    assert (config.master, config.task_id, config.task_type) == ("grpc://host4:4", 1, "worker")
    assert (config.num_ps_replicas, config.num_worker_replicas) == (2, 3)
    assert not config.is_chief
    assert config.cluster_spec == {"ps": tuple(PS), "worker": tuple(WORKERS)}


def test_what_is_given_wins(around):  # RC-03, RC-04
    around(CLUSTER, "worker", 1)
    config = RunConfig(task=0)
    assert (config.master, config.task, config.is_chief) == ("grpc://host3:3", 0, True)
    given = {"cluster_spec": {"ps": ["a:1"], "chief": ["b:1"]}, "job_name": "ps", "task": 0}
    config = RunConfig(master="grpc://b:7", evaluation_master="c:1", **given)
    assert (config.master, config.evaluation_master) == ("grpc://b:7", "c:1")
    assert (config.job_name, config.num_ps_replicas, config.is_chief) == ("ps", 1, False)


def test_the_number_of_ps_comes_from_the_cluster(around):  # RC-05
    assert RunConfig(num_ps_replicas=2).num_ps_replicas == 2
    assert RunConfig(num_ps_replicas=2, cluster_spec={}).num_ps_replicas == 2
    with pytest.raises(ValueError, match="num_ps_replicas should be left out"):
        RunConfig(num_ps_replicas=3, cluster_spec=CLUSTER)
    around(CLUSTER, "worker", 0)
    with pytest.raises(ValueError, match="num_ps_replicas should be left out"):
        RunConfig(num_ps_replicas=3)


@pytest.mark.parametrize(
    ("cluster", "job"),
    [(None, "worker"), ({"worker": ["a:1"]}, "worker"), (CLUSTER, None), ({"ps": PS}, None)],
)
def test_no_master_without_others(around, cluster, job):  # RC-06
    around(cluster, job, 0)
    assert RunConfig().master == ""


def test_tasks_that_are_not_there(around):  # RC-07
    around(CLUSTER, "not_in_cluster_spec", 1)
    with pytest.raises(ValueError, match="not_in_cluster_spec is not a valid task"):
        RunConfig()
    around(CLUSTER, "worker", 3)
    with pytest.raises(ValueError, match="3 is not a valid task index"):
        RunConfig()
    with pytest.raises(ValueError, match="-1 is not a valid task index"):
        RunConfig(task=-1)


@pytest.mark.parametrize(
    ("cluster", "job", "task", "chief"),
    [
        (CLUSTER, "worker", 0, True),
        (CLUSTER, "worker", 1, False),
        (CLUSTER, "ps", 0, False),
        ({"master": ["a:1"], **CLUSTER}, "master", 0, True),
        ({"master": ["a:1"], **CLUSTER}, "worker", 0, False),
        ({"chief": ["a:1"], **CLUSTER}, "chief", 0, True),
        (CLUSTER, "evaluator", 0, False),
        (CLUSTER, None, 0, True),
        (None, None, 1, False),
    ],
)
def test_who_is_chief(around, cluster, job, task, chief):  # RC-08
    around(cluster, job, task)
    assert RunConfig().is_chief is chief


def test_a_chief_that_cannot_be(around):  # RC-08
    with pytest.raises(ValueError, match="Task is 1, but only task 0 may be chief"):
        RunConfig(task=1, is_chief=True)
    around(CLUSTER, "ps", 0)
    with pytest.raises(ValueError, match="job_name is 'ps', but only"):
        RunConfig(is_chief=True)
    around({"master": ["a:1"], **CLUSTER}, "master", 0)
    with pytest.raises(ValueError, match="Master task 0 must be chief"):
        RunConfig(is_chief=False)


def test_the_folder_may_come_from_around(around, tmp_path):  # RC-09
    folder = str(tmp_path)
    around(model_dir=folder)
    assert RunConfig().model_dir == RunConfig(model_dir=folder).model_dir == folder
    with pytest.raises(ValueError, match="model_dir should be the same"):
        RunConfig(model_dir="elsewhere")
    learn.LinearRegressor().fit([[0.0], [1.0]], [0.0, 1.0])
    assert learn.LinearRegressor().predict([[1.0]]) == pytest.approx([1.0])


def test_copies_stay_where_they_are(around, monkeypatch):  # RC-10
    around(CLUSTER, "worker", 1)
    config = RunConfig()
    monkeypatch.delenv("TF_CONFIG")
    for same in (copy.deepcopy(config), pickle.loads(pickle.dumps(config)), config.replace()):
        assert same == config
        assert hash(same) == hash(config)
    around({"worker": WORKERS[:2]}, "worker", 0)
    assert config.replace(save_summary_steps=7).cluster_spec == config.cluster_spec
    other = config.replace(task=0)
    assert (other.master, other.is_chief) == ("grpc://host3:3", True)
    assert config.replace(cluster_spec={"worker": WORKERS}).num_ps_replicas == 0


def test_uids_tell_configurations_apart():  # RC-11
    config = RunConfig(model_dir="m", cluster_spec=CLUSTER, job_name="worker")
    turned = {"worker": WORKERS, "ps": PS}
    assert config.uid() == copy.deepcopy(config).uid()
    assert config.uid() == config.replace(cluster_spec=turned).uid()
    assert config.uid() != config.replace(model_dir="n").uid()
    assert config.uid(["model_dir"]) == config.replace(model_dir="n").uid(["model_dir"])
    assert config.uid() != config.replace(cluster_spec={"worker": WORKERS}).uid()
    free = {"tf_random_seed": 3, "save_summary_steps": 7, "save_checkpoints_steps": 8}
    assert config.uid() == config.replace(**free).uid()
    assert config.uid() == config.replace(keep_checkpoint_max=2, log_step_count_steps=3).uid()


def test_the_master_trains_too():  # RC-12
    cluster = {"master": ["a:1"], "worker": WORKERS}
    assert RunConfig(cluster_spec=cluster, job_name="master").num_worker_replicas == 4


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "TF_CONFIG should be JSON. Got '{'"),
        ("[]", "TF_CONFIG should be an object"),
        ('{"task": 3}', "TF_CONFIG should be an object, and its task one too"),
        ('{"cluster": ["a:1"]}', "cluster_spec should be a dict of lists of addresses"),
        ('{"cluster": {"worker": "a:1"}}', "a list of addresses for job 'worker'. Got 'a:1'"),
        ('{"cluster": {"worker": []}}', "a list of addresses for job 'worker'"),
        ('{"task": {"index": 1.5}}', "1.5 is not a valid task index"),
    ],
)
def test_what_cannot_be_read_is_shown(monkeypatch, text, message):
    monkeypatch.setenv("TF_CONFIG", text)
    with pytest.raises(ValueError, match=re.escape(message)):
        RunConfig()


def test_an_index_may_be_text(monkeypatch):
    task = {"type": "worker", "index": "2"}
    monkeypatch.setenv("TF_CONFIG", json.dumps({"cluster": CLUSTER, "task": task}))
    assert RunConfig().task == 2
