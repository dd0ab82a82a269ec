"""What test_parameter_servers runs: a job of which a task is killed or frozen on the way, once.

``python served_faults.py FOLDER {worker1,ps1,worker0,freeze}``
"""

import os
import signal
import sys

import numpy as np

import tflearnkit as learn
from tflearnkit.monitors import EveryN


class Struck(EveryN):
    """Kill or freeze tasks at a step, unless that was done before; note where training began."""

    def __init__(self, folder, victim):
        super().__init__(every_n_steps=20, first_n_steps=-1)
        self.folder, self.victim = folder, victim
        self.begun = None

    def begin(self, max_steps=None):
        super().begin(max_steps)
        self.begun = self.progress.step

    def every_n_step_end(self, step, outputs):
        note = os.path.join(self.folder, "struck")
        if step < 120 or os.path.exists(note):
            return
        open(note, "w").close()
        victims = ("worker1", "worker0") if self.victim == "freeze" else (self.victim,)
        for victim in victims[:1]:
            with open(os.path.join(self.folder, f"pid_{victim}"), encoding="utf-8") as file:
                os.kill(int(file.read()), _SIGNALS[self.victim == "freeze"])


_SIGNALS = (signal.SIGKILL, signal.SIGSTOP)


def main(folder, victim):
    deadline = 3 if victim == "freeze" else 60
    config = learn.RunConfig(
        model_dir=os.path.join(folder, "model"), save_checkpoints_steps=50,
        peer_deadline_secs=deadline,
    )  # fmt: skip
    with open(os.path.join(folder, f"pid_{config.job_name}{config.task}"), "w") as file:
        file.write(str(os.getpid()))
    rng = np.random.default_rng(0)
    X = rng.normal(size=(400, 5)).astype(np.float32)
    y = (X[:, 0] > X[:, 1]).astype(int)
    struck = Struck(folder, victim)

    def experiment_fn(run_config):
        estimator = learn.DNNClassifier(
            hidden_units=(8,), batch_size=40, random_state=0, optimizer="Adam", config=run_config
        )
        return learn.Experiment(
            estimator, (X, y), (X, y), train_steps=400, train_monitors=[struck]
        )

    trained = learn.learn_runner.run(experiment_fn, run_config=config)
    found = trained if isinstance(trained, dict) else trained.evaluate(X, y)
    last = found["global_step"]
    np.savez(os.path.join(folder, "steps.npz"), begun=struck.begun, last=last)


if __name__ == "__main__":
    main(*sys.argv[1:])
