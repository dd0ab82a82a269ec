"""What benchmarks.replicas trains: ``python replicas_job.py FOLDER {steps,losses} [KIND]``."""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from pathlib import Path

import numpy as np

import tflearnkit as learn
from tflearnkit.monitors import EveryN
from tflearnkit.replicas import is_free, is_lead, serve

HIDDEN = ((32,), (256, 256), (768, 768))
N_STEPS = 200
KILLED_AT, LAST = 50, 150


def rows():
    """Return rows of an easy problem."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(12_800, 64)).astype(np.float32)
    return X, (X[:, 0] > X[:, 1]).astype(int)


def time_steps(folder: Path, kind: str) -> None:
    """Write the seconds of a step of each network, once it is compiled."""
    if kind == "two mirrored devices":
        import tensorflow as tf

        halves = [tf.config.LogicalDeviceConfiguration()] * 2
        cpu = tf.config.list_physical_devices("CPU")[0]
        tf.config.set_logical_device_configuration(cpu, halves)
    config = learn.RunConfig(distribute="mirrored" if "mirrored" in kind else None)
    if is_free(config) and not is_lead(config):
        serve(config)
    found = [_timed(hidden, config) for hidden in HIDDEN]
    if config.is_chief:
        (folder / "found.json").write_text(json.dumps(found))


def _timed(hidden: tuple, config) -> dict:
    X, y = rows()
    network = learn.DNNClassifier(
        hidden, batch_size=128, optimizer="Adam", random_state=0, config=config
    )
    network.fit(X, y, steps=256)  # compiles
    begin = time.perf_counter()
    network.fit(X, y, steps=N_STEPS)
    seconds = time.perf_counter() - begin
    size = sum(array.nbytes for array in network.model_.state.values()) / 3  # with two slots
    return {"seconds": seconds / N_STEPS, "megabytes": size / 1e6}


def time_losses(folder: Path) -> None:
    """Note when a worker is killed, when the other one knows, and when both train again."""
    config = learn.RunConfig(model_dir=str(folder / "model"), save_checkpoints_steps=10)
    X, y = rows()
    network = learn.DNNClassifier((32,), batch_size=128, config=config, random_state=0)
    try:
        network.fit(X, y, max_steps=LAST, monitors=[_Killed(folder, config.task)])
    except learn.WorkerLostError:
        _note(folder, "known")
        raise
    if config.is_chief:
        killed, again = (float((folder / name).read_text()) for name in ("killed", "again"))
        found = {"again": again - killed}
        (folder / "found.json").write_text(json.dumps(found))


class _Killed(EveryN):
    """Kill worker 1 once; note when, and the first step after the restart."""

    def __init__(self, folder: Path, task: int):
        super().__init__(1, first_n_steps=-1)
        self.folder, self.task = folder, task
        self.starts_again = (folder / "killed").exists()

    def every_n_step_end(self, step, outputs):
        if self.starts_again and not (self.folder / "again").exists():
            _note(self.folder, "again")
        elif step >= KILLED_AT and self.task == 1 and not self.starts_again:
            _note(self.folder, "killed")
            os.kill(os.getpid(), signal.SIGKILL)


def _note(folder: Path, name: str) -> None:
    (folder / name).write_text(str(time.time()))


if __name__ == "__main__":
    folder, what, *kind = sys.argv[1:]
    time_steps(Path(folder), *kind) if what == "steps" else time_losses(Path(folder))
