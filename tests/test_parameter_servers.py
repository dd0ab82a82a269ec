"""Workers that do not wait for each other, on variables that parameter servers keep."""

from pathlib import Path

import numpy as np
import pytest
from local_cluster import launch

import tflearnkit as learn
from tflearnkit.replicas import is_free, is_lead, peers, replicas_of

HERE = Path(__file__).parent
N_STEPS = {"adam": 200, "linear": 200, "combined": 200, "words": 200, "function": 400, "keras": 400}


def train(folder, job, *words, restarts=0):
    """Run a job on two workers and two servers; return what the launcher and the tasks said."""
    options = ("--workers", 2, "--ps", 2, "--restarts", restarts)
    return launch(options, folder / "logs", HERE / job, folder, *words)


@pytest.fixture(scope="module")
def figures(tmp_path_factory):
    folder = tmp_path_factory.mktemp("servers")
    train(folder, "servers_job.py")
    return dict(np.load(folder / "figures.npz"))


@pytest.mark.parametrize(("name", "steps"), N_STEPS.items())
def test_the_global_step_is_exact(figures, name, steps):
    assert figures[f"{name}/step"] == steps
    assert figures["experiment/step"] == 130


@pytest.mark.parametrize(
    ("name", "least"),
    [("adam", 0.65), ("linear", 0.7), ("combined", 0.7), ("words", 0.99), ("function", 0.93),
     ("keras", 0.8)],
)  # fmt: skip
def test_models_learn(figures, name, least):  # chance is .52
    assert figures[name] > least


@pytest.mark.parametrize(
    ("victim", "also"), [("worker1", None), ("ps1", "worker0"), ("worker0", None)]
)
def test_a_task_that_is_killed(tmp_path, victim, also):
    """A worker is missed by nobody; without a server or the lead the last checkpoint is taken."""
    told, _ = train(tmp_path, "served_faults.py", victim, restarts=2)
    assert f"{victim} failed with status 137 and starts again" in told
    assert (f"{also} failed with status 1 and starts again" in told) == (also is not None)
    steps = np.load(tmp_path / "steps.npz")
    assert steps["last"] == 400
    assert steps["begun"] == (0 if victim == "worker1" else 100)


def test_a_worker_that_freezes(tmp_path):
    with pytest.raises(AssertionError, match="Workers should take a step within 3 s"):
        train(tmp_path, "served_faults.py", "freeze")


CLUSTER = {"ps": ["a:1"], "worker": ["b:1", "c:1"]}


@pytest.mark.parametrize(
    ("extra", "job", "task", "leads"),
    [
        ({}, "worker", 0, True),
        ({}, "worker", 1, False),
        ({}, "ps", 0, False),
        ({"chief": ["d:1"]}, "worker", 0, False),
        ({"chief": ["d:1"]}, "chief", 0, True),
        ({"master": ["d:1"]}, "master", 0, True),
    ],
)
def test_which_task_leads(extra, job, task, leads):
    config = learn.RunConfig(cluster_spec=CLUSTER | extra, job_name=job, task=task)
    assert is_free(config)
    assert is_lead(config) == leads


def test_tasks_by_the_names_of_the_strategy():
    found = peers.free_cluster(CLUSTER | {"master": ["d:1"]})
    assert found == {"chief": ["d:1"], "worker": ["b:1", "c:1"], "ps": ["a:1"]}
    alone = {"chief": ["d:1"], "ps": ["a:1"]}
    assert peers.free_cluster(alone) == {"worker": ["d:1"], "ps": ["a:1"]}


def test_a_task_that_serves_does_not_fit():
    config = learn.RunConfig(cluster_spec=CLUSTER, job_name="worker", task=1)
    with pytest.raises(ValueError, match="fit should be called by the chief .* Got worker 1"):
        learn.LinearClassifier(config=config).fit([[0.0], [1.0]], [0, 1])


def test_evaluators_and_processes_without_a_job_are_alone():
    for job in ("evaluator", None):
        assert replicas_of(learn.RunConfig(cluster_spec=CLUSTER, job_name=job)).key is None


def test_servers_that_do_not_come():
    cluster = {"ps": ["localhost:1"], "chief": ["localhost:2"], "worker": ["localhost:3"]}
    config = learn.RunConfig(cluster_spec=cluster, job_name="chief", peer_deadline_secs=0.1)
    with pytest.raises(learn.WorkerLostError, match="ps 0, worker 0 did not answer"):
        learn.LinearClassifier(config=config).fit([[0.0], [1.0]], [0, 1])


def test_workers_in_step_that_do_not_come():
    cluster = {"worker": ["localhost:21345", "localhost:21346"]}
    config = learn.RunConfig(
        cluster_spec=cluster, job_name="worker", task=1, peer_deadline_secs=0.1
    )
    with pytest.raises(learn.WorkerLostError, match=r"within 0.1 s. worker 0 did not answer"):
        learn.LinearClassifier(config=config).fit([[0.0], [1.0]], [0, 1])
