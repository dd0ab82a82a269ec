"""What test_parameter_servers trains: a job whose workers do not wait for each other.

``python servers_job.py FOLDER``
"""

import os
import sys

import numpy as np
from replicas_job import models

import tflearnkit as learn
from tflearnkit.monitors import CaptureVariable, EveryN


class Steps(EveryN):
    """Note the steps at which it was called."""

    def __init__(self):
        super().__init__(every_n_steps=30, first_n_steps=-1)
        self.seen = []

    def every_n_step_end(self, step, outputs):
        self.seen.append(step)


def data():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(2000, 6)).astype(np.float32)
    return X, (X[:, 0] + X[:, 1] ** 2 > 0.5).astype(int)


def fits(config):
    how = {"batch_size": 50, "epochs": 5, "random_state": 0, "config": config}
    wide = learn.sparse_column_with_hash_bucket("word", 40_000)
    words = {"feature_columns": [learn.embedding_column(wide, 2)], "hidden_units": (4,)}
    return {
        "adam": learn.DNNClassifier(optimizer="Adam", hidden_units=(16, 8), dropout=0.1, **how),
        "linear": learn.LinearClassifier(optimizer="Ftrl", l1_regularization=1e-4, **how),
        "combined": learn.DNNLinearCombinedClassifier(
            dnn_hidden_units=(8,), enable_centered_bias=True, linear_optimizer="SGD", **how
        ),
        "words": learn.DNNClassifier(optimizer="Adagrad", learning_rate=0.5, **words, **how),
    }  # fmt: skip


def main(folder):
    config = learn.RunConfig(model_dir=os.path.join(folder, "model"), save_checkpoints_steps=50)
    X, y = data()
    words = np.array([f"word{i}" for i in y * 20 + np.arange(len(y)) % 20])

    def experiment_fn(run_config):
        estimator = fits(run_config)["adam"]
        monitors = [Steps(), CaptureVariable("loss", 20)]
        return learn.Experiment(
            estimator, (X, y), (X, y), train_steps=130, train_monitors=monitors
        )

    trained = learn.learn_runner.run(experiment_fn, run_config=config)
    if not config.is_chief:
        return
    found = trained.evaluate(X, y)
    figures = {"experiment": found["accuracy"], "experiment/step": found["global_step"]}
    for name, estimator in fits(config.replace(model_dir=None)).items():
        rows = {"word": words} if name == "words" else X
        estimator.fit(rows, y)
        figures[name] = estimator.score(rows, y)
        figures[f"{name}/step"] = estimator.evaluate(rows, y)["global_step"]
        figures[f"{name}/loss"] = estimator.history_["loss"][-1]
    for name, model in models(learn).items():
        how = {"random_state": 0, "batch_size": 50, "epochs": 10}
        estimator = learn.Estimator(model, config=config.replace(model_dir=None), **how).fit(X, y)
        figures[name] = np.mean(np.argmax(estimator.predict(X), 1) == y)
        figures[f"{name}/step"] = estimator.evaluate(X, y)["global_step"]
    np.savez(os.path.join(folder, "figures.npz"), **figures)


if __name__ == "__main__":
    main(*sys.argv[1:])
