"""A worker that is killed: the others notice, and after a restart nothing is lost."""

import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from local_cluster import alone_in_a_network

JOB = str(Path(__file__).with_name("faulty_job.py"))


def run(folder, how):
    """Train on two workers; return what the launcher said."""
    command = [
        sys.executable, "-m", "tflearnkit.launch", "--workers", "2", "--restarts", "1",
        "--logs", str(folder / f"logs_{how}"), JOB, str(folder), how,
    ]  # fmt: skip
    command = alone_in_a_network(command)
    done = subprocess.run(command, capture_output=True, text=True, timeout=600, check=False)
    logs = "\n".join(log.read_text()[-2000:] for log in folder.glob(f"logs_{how}/*.log"))
    assert done.returncode == 0, f"{done.stderr}\n{logs}"
    return done.stderr, logs


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("faults")
    run(folder, "whole")
    return folder


@pytest.mark.parametrize(
    ("how", "name", "status"),
    [
        ("killed", "worker1", 137),
        ("chief", "worker0", 137),
        ("terminated", "worker[01]", 143),
        ("frozen", "worker0", 1),  # which is told by heartbeats
    ],
)
def test_training_goes_on_from_the_last_checkpoint(folder, how, name, status):
    said, logs = run(folder, how)
    assert re.search(f"{name} failed with status {status} and starts again", said)
    if how == "terminated":  # the chief has saved where the other one was asked to end
        assert (folder / how / "checkpoint-00000025").exists()
    for worker in (0, 1):
        found = np.load(folder / f"{how}{worker}.npz")
        expected = np.load(folder / f"whole{worker}.npz")
        for key in expected.files:
            np.testing.assert_array_equal(found[key], expected[key], err_msg=key)
