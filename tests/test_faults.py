"""A worker that is killed: the others notice, and after a restart nothing is lost."""

import re
from pathlib import Path

import numpy as np
import pytest
from local_cluster import launch

JOB = str(Path(__file__).with_name("faulty_job.py"))


def run(folder, how):
    """Train on two workers; return what the launcher said."""
    options = ("--workers", 2, "--restarts", 1)
    said, _ = launch(options, folder / f"logs_{how}", JOB, folder, how, seconds=600)
    return said


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
    said = run(folder, how)
    assert re.search(f"{name} failed with status {status} and starts again", said)
    if how == "terminated":  # the chief has saved where the other one was asked to end
        assert (folder / how / "checkpoint-00000025").exists()
    for worker in (0, 1):
        found = np.load(folder / f"{how}{worker}.npz")
        expected = np.load(folder / f"whole{worker}.npz")
        for key in expected.files:
            np.testing.assert_array_equal(found[key], expected[key], err_msg=key)
