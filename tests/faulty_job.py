"""What test_faults trains: a job of which a worker is killed on the way, the first time.

``python faulty_job.py FOLDER {whole,killed,chief,terminated,frozen}``
"""

import os
import signal
import sys

import numpy as np

import tflearnkit as learn
from tflearnkit.monitors import EveryN


class Killed(EveryN):
    """Kill the process at a step, unless it was killed before."""

    def __init__(self, step, note, by):
        super().__init__(step, first_n_steps=-1)
        self.step, self.note, self.by = step, note, by

    def every_n_step_end(self, step, outputs):
        if step == self.step and not os.path.exists(self.note):
            open(self.note, "w").close()
            os.kill(os.getpid(), self.by)


def main(folder, how):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(400, 5)).astype(np.float32)
    y = (X[:, 0] > X[:, 1]).astype(int)
    config = learn.RunConfig(model_dir=os.path.join(folder, how), save_checkpoints_steps=10)
    victim = {"whole": None, "killed": 1, "chief": 0, "terminated": 1, "frozen": 1}[how]
    by = {"terminated": signal.SIGTERM, "frozen": signal.SIGSTOP}.get(how, signal.SIGKILL)
    note = os.path.join(folder, f"{how}.note")
    monitors = [Killed(25, note, by)] if victim == config.task else []
    estimator = learn.DNNClassifier(
        hidden_units=(8,), batch_size=40, random_state=0, optimizer="Adam", dropout=0.2,
        config=config,
    )  # fmt: skip
    estimator.fit(X, y, max_steps=60, monitors=monitors)
    state = estimator.model_.state
    np.savez(os.path.join(folder, f"{how}{config.task}.npz"), **state)


if __name__ == "__main__":
    main(*sys.argv[1:])
