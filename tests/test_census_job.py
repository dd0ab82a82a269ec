"""examples/census_job.py: the same program is a job of one process, and each task of a cluster."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from local_cluster import launch

EXAMPLES = Path(__file__).parents[1] / "examples"
JOB = str(EXAMPLES / "census_job.py")
CLUSTER = {"worker": ["a:1", "b:1"], "ps": ["c:1"]}


@pytest.fixture(scope="module")
def data_dir(tmp_path_factory):
    """A census of our own, in the files of the true one."""
    folder = tmp_path_factory.mktemp("census")
    rng = np.random.default_rng(0)
    for name, head, end in (("adult.data", "", ""), ("adult.test", "|1x3 Cross validator\n", ".")):
        rows = (_row(rng, end) for _ in range(600))
        (folder / name).write_text(head + "".join(rows))
    return str(folder)


def _row(rng, end):
    age, years, hours = rng.integers(18, 70), rng.integers(1, 17), rng.integers(10, 60)
    school = ("HS-grad", "Bachelors", "Masters", "?")[rng.integers(4)]
    work = ("Sales", "Craft-repair", "Exec-managerial")[rng.integers(3)]
    earns = years + 4 * (work == "Exec-managerial") + rng.normal() > 12
    return (
        f"{age}, Private, 1, {school}, {years}, Divorced, {work}, Unmarried, Black, Female, 0, 0, "
        f"{hours}, Cuba, {'>50K' if earns else '<=50K'}{end}\n"
    )


def figures(text):
    """The figures that an evaluation printed."""
    pairs = re.findall(r"^(\S+) {2,}(\d+\.\d{4})$", text, re.M)
    return {name: float(value) for name, value in pairs}


def command(data_dir, output_dir, *flags):
    return [JOB, "--data_dir", data_dir, "--output_dir", str(output_dir), *flags]


def run(*arguments, folder, **environ):
    around = {name: value for name, value in os.environ.items() if name != "TF_CONFIG"} | environ
    return subprocess.run(
        [sys.executable, *arguments], cwd=folder, env=around, capture_output=True, text=True,
        timeout=300, check=False,
    )  # fmt: skip


@pytest.fixture(scope="module")
def alone(data_dir, tmp_path_factory):
    """Folder and figures of a run in one process."""
    folder = tmp_path_factory.mktemp("alone")
    done = run(*command(data_dir, "out", "--train_steps", "60"), folder=folder)
    assert done.returncode == 0, done.stderr[-3000:]
    return folder, figures(done.stdout)


def test_one_process_trains_and_evaluates(alone):
    folder, found = alone
    assert found["global_step"] == 60
    assert found["auc"] > 0.8
    assert list((folder / "out" / "model").glob("*60*"))


def test_it_goes_on_where_it_was_stopped_and_evaluates_some_batches(alone, data_dir):
    folder, before = alone
    flags = ("--train_steps", "70", "--eval_steps", "2", "--model_dir", "out/model")
    again = figures(run(*command(data_dir, "elsewhere", *flags), folder=folder).stdout)
    assert again["global_step"] == 70
    assert not (folder / "elsewhere").exists()
    labels = again["labels/actual_label_mean"]
    assert labels != before["labels/actual_label_mean"]
    assert labels * 256 == pytest.approx(round(labels * 256), abs=0.02)  # of two batches of 128


def test_two_workers_learn_what_one_process_does(alone, data_dir, tmp_path):
    folder = tmp_path / "out"
    flags = ("--train_steps", "60", "--schedule", "train_and_evaluate")
    options = ("--workers", 2, "--restarts", 0)
    _, logs = launch(options, tmp_path, *command(data_dir, folder, *flags))
    for log in logs.values():
        assert figures(log) == pytest.approx(alone[1], abs=2e-4)
    assert list((folder / "model").glob("*60*"))


def test_two_workers_and_a_parameter_server(alone, data_dir, tmp_path):
    flags = ("--train_steps", "60", "--schedule", "train_and_evaluate")
    options = ("--workers", 2, "--ps", 1, "--restarts", 0)
    job = command(data_dir, tmp_path / "out", *flags, "--num_parameter_servers", "1")
    _, logs = launch(options, tmp_path, *job)
    found = figures(logs["worker0"])
    assert found["global_step"] == 60
    assert found["auc"] > 0.8
    assert figures(logs["worker1"]) == {}  # which served the other one


def config(**task):
    return json.dumps({"cluster": CLUSTER, **({"task": task} if task else {})})


@pytest.fixture
def job(monkeypatch):
    """What the job makes of its flags and TF_CONFIG."""
    monkeypatch.syspath_prepend(str(EXAMPLES))
    import census_job

    def configured(tf_config, *flags):
        monkeypatch.setenv("TF_CONFIG", tf_config)
        monkeypatch.setattr(sys, "argv", ["census_job.py", *flags])
        return census_job.configured(census_job.parsed()[0])

    return configured


def test_old_flags_agree_with_the_cluster(job):
    flags = ("--num_parameter_servers", "1", "--worker_index", "1")
    found = job(config(type="worker", index=1), *flags)
    assert (found.job_name, found.task, found.num_ps_replicas) == ("worker", 1, 1)
    found = job(config(type="ps", index=0), *flags)  # all tasks may get the same flags
    assert (found.job_name, found.task) == ("ps", 0)


def test_the_worker_index_says_what_a_shared_cluster_leaves_open(job):
    found = job(config(), "--worker_index", "1")
    assert (found.job_name, found.task, found.master) == ("worker", 1, "grpc://b:1")
    assert not found.is_chief


def test_alone_the_old_flags_are_nought(job):
    found = job("", "--num_parameter_servers", "0", "--worker_index", "0")
    assert found.is_chief
    assert found.model_dir == os.path.join("census_job", "model")


@pytest.mark.parametrize(
    ("tf_config", "flags", "message"),
    [
        ("", ["--worker_index", "1"], "names no cluster. Got None and 1: set TF_CONFIG"),
        ("", ["--num_parameter_servers", "2"], "Got 2 and None: set TF_CONFIG"),
        (config(type="worker", index=0), ["--worker_index", "1"], "in TF_CONFIG, 0. Got 1: leave"),
        (config(type="worker", index=0), ["--num_parameter_servers", "2"], "has 1. Got 2"),
        (config(), ["--worker_index", "2"], "2 is not a valid task index of job 'worker'"),
    ],
)
def test_old_flags_that_contradict_the_cluster(job, tf_config, flags, message):
    with pytest.raises(ValueError, match=message):
        job(tf_config, *flags)


def test_a_wrong_flag_is_said_in_one_line(tmp_path):
    done = run(JOB, "--worker_index", "1", folder=tmp_path)
    assert done.returncode == 2
    assert done.stderr.splitlines()[-1].startswith("census_job.py: error: num_parameter_servers")
