"""Replicas that share each batch learn what one device learns: in real processes."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
from local_cluster import run_cluster

import tflearnkit as learn
from tflearnkit import checkpoint, learn_runner, replicas
from tflearnkit.replicas import ALONE, gpu_memory, replicas_of

JOB = str(Path(__file__).with_name("replicas_job.py"))
KINDS = ("mirrored0", "workers0", "workers1")
FITS = {
    "sgd": 1e-6,
    "adam": 5e-5,
    "held": 5e-5,
    "linear": 1e-6,
    "combined": 1e-6,
    "resumed": 5e-5,
    "function": 5e-5,
    "keras": 5e-5,
    "normal equations": 0,
    "newton": 0,
    "svm": 0,
    "hinges": 1e-6,
    "kernel": 5e-5,
    "onward": 1e-6,
    "emptied": 1e-6,
    "directions": 1e-6,
    "mini-batches": 1e-6,
    "lone rows": 1e-6,
    "blocks": 1e-5,  # of which the inertia is 1e4
    "stream": 1e-6,
}
FORESTS = ("forest", "several outputs", "stopped", "boosting")


def shown(logs):
    return "\n".join(path.read_text()[-3000:] for path in sorted(Path(logs).glob("*.log")))


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """The folder in which all kinds of runs have left what they learned."""
    folder = tmp_path_factory.mktemp("replicas")
    for kind in ("alone", "mirrored"):
        command = [sys.executable, JOB, kind, str(folder)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=600, check=False)
        assert done.returncode == 0, done.stderr[-3000:]
    statuses = run_cluster({"worker": 2}, [sys.executable, JOB, "workers", str(folder)], folder)
    assert statuses == [0, 0], shown(folder)
    return folder


def learned(folder, run, fit):
    arrays = np.load(folder / f"{run}.npz")
    return {name: arrays[name] for name in arrays.files if name.startswith(f"{fit}/")}


@pytest.mark.parametrize("run", KINDS)
@pytest.mark.parametrize(("fit", "tolerance"), FITS.items())
def test_replicas_learn_what_one_device_does(folder, run, fit, tolerance):
    expected, found = learned(folder, "alone0", fit), learned(folder, run, fit)
    assert expected.keys() == found.keys()
    for name, array in expected.items():
        np.testing.assert_allclose(found[name], array, rtol=0, atol=tolerance, err_msg=name)


@pytest.mark.parametrize("run", KINDS)
@pytest.mark.parametrize("fit", FORESTS)
def test_replicas_grow_the_same_bits(folder, run, fit):
    pytest.importorskip("ydf", reason="an extra: pip install 'tflearnkit[forest]'")
    expected, found = learned(folder, "alone0", fit), learned(folder, run, fit)
    assert expected.keys() == found.keys() != set()
    for name, array in expected.items():
        np.testing.assert_array_equal(found[name], array, err_msg=name)


def test_of_what_is_solved_the_chief_alone_keeps_a_checkpoint(folder):
    for run, count in (("alone0", 1), ("mirrored0", 1), ("workers0", 1), ("workers1", 0)):
        kept = [checkpoint.checkpoints(folder / f"{fit}_{run}") for fit in ("newton", "svm")]
        assert list(map(len, kept)) == [count, count]


def test_workers_draw_alike_where_no_seed_is_given(folder):
    first, second = (learned(folder, f"workers{i}", "by chance") for i in (0, 1))
    np.testing.assert_array_equal(first["by chance/coef"], second["by chance/coef"])


def test_the_chief_writes_and_nobody_else(folder):
    alone = folder / "model_alone"
    for run in ("alone", "mirrored", "workers"):
        model_dir = folder / f"model_{run}"
        best, stopped = learned(folder, f"{run}0", "resumed")["resumed/best"]
        assert stopped
        assert best < checkpoint.checkpoints(model_dir)[-1] == checkpoint.latest_step(alone)
        assert len(list(model_dir.glob("events*"))) == 1
        assert len(os.listdir(model_dir / "eval_other")) == 1


def test_who_does_not_train_in_step_meets_nobody():
    workers = {"worker": ["a:1", "b:1"]}
    for cluster, job in ((workers, "evaluator"), (workers, None)):
        config = learn.RunConfig(cluster_spec=cluster, job_name=job)
        assert replicas.replicas_of(config) is replicas.ALONE


def test_workers_meet_before_the_experiment_is_made(monkeypatch, tmp_path):
    order = []
    monkeypatch.setattr(learn_runner, "meet", lambda config: order.append("met"))

    def experiment_fn(output_dir):
        order.append("made")

    with pytest.raises(TypeError, match="did not return an Experiment"):
        learn_runner.run(experiment_fn, str(tmp_path))
    assert order == ["met", "made"]


THREADS = """
import sys
import tensorflow as tf, tflearnkit as learn
told = open(sys.argv[1], "w")  # TensorFlow writes its logs in the middle of what is printed
config = learn.RunConfig(num_cores=3, log_device_placement=True)
for config in (config, config, learn.RunConfig()):
    learn.LinearRegressor(optimizer="SGD", steps=1, config=config).fit([[0.0], [1.0]], [0.0, 1.0])
print(tf.config.threading.get_intra_op_parallelism_threads(), file=told)
try:
    learn.LinearRegressor(config=learn.RunConfig(num_cores=2)).fit([[0.0], [1.0]], [0.0, 1.0])
except ValueError as error:
    print(error, file=told)
"""


def test_threads_are_those_asked_for_first(tmp_path):
    command = [sys.executable, "-c", THREADS, str(tmp_path / "told")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    first, second = (tmp_path / "told").read_text().splitlines()
    assert first == "3"
    assert "num_cores should be set before TensorFlow starts" in second
    assert "/device:CPU:0" in done.stdout + done.stderr  # the log of placements


@pytest.fixture
def two_gpus(monkeypatch, tmp_path):
    """A machine that says it has two GPUs, of 80,000 and 40,000 MB; returns their limits."""
    smi = tmp_path / "nvidia-smi"
    smi.write_text("#!/bin/sh\necho 80000\necho 40000\n")
    smi.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    limits = {}
    monkeypatch.setattr(tf.config, "list_physical_devices", lambda kind: [f"{kind}:0", f"{kind}:1"])
    monkeypatch.setattr(
        tf.config,
        "set_logical_device_configuration",
        lambda gpu, whole: limits.update({gpu: [part.memory_limit for part in whole]}),
    )
    gpu_memory._smallest_memory.cache_clear()
    yield limits
    gpu_memory._smallest_memory.cache_clear()


def test_a_share_of_gpu_memory_is_one_of_the_smallest(two_gpus):
    replicas_of(learn.RunConfig(gpu_memory_fraction=0.25))
    assert two_gpus == {"GPU:0": [10_000], "GPU:1": [10_000]}


def test_a_driver_that_does_not_answer_is_an_error(two_gpus, monkeypatch):
    monkeypatch.setenv("PATH", "")
    with pytest.raises(ValueError, match="asks nvidia-smi how much memory there is"):
        replicas_of(learn.RunConfig(gpu_memory_fraction=0.25))
    assert two_gpus == {}


def test_without_gpus_there_is_nothing_to_limit():
    assert replicas_of(learn.RunConfig(gpu_memory_fraction=0.25)) is ALONE
