"""Run an experiment as a job: what a task does is chosen by what it is in the cluster."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping

from tflearnkit.config import RunConfig
from tflearnkit.errors import did_you_mean
from tflearnkit.estimators.persistence import config_of
from tflearnkit.experiment import Experiment
from tflearnkit.replicas import meet

__all__ = ["run", "tune"]

_SCHEDULES = {
    "chief": "train_and_evaluate",
    "master": "train_and_evaluate",
    "worker": "train",
    "ps": "run_std_server",
    "evaluator": "continuous_eval",
}


def run(
    experiment_fn: Callable,
    output_dir=None,
    schedule: str | None = None,
    run_config: RunConfig | None = None,
    hparams: Mapping | None = None,
):
    """Make an experiment and run one of its methods.

    Parameters
    ----------
    experiment_fn : callable
        ``f(output_dir)`` or, where ``run_config`` is given, ``f(run_config, hparams)``; returns an
        `Experiment`. ``hparams`` is passed on where it is given.
    output_dir : path, optional
        Folder of checkpoints. Give it or ``run_config``.
    schedule : str, optional
        Method of the experiment to call. None goes by the task: ``train_and_evaluate`` for the
        chief or master, and where there is no other task; ``train`` for workers,
        ``run_std_server`` for parameter servers, ``continuous_eval`` for an evaluator.
    run_config : RunConfig, optional
        With a ``model_dir``; the experiment's estimator must be made with it.
    hparams : dict, optional
        Hyperparameters of the model, for ``experiment_fn``.

    Returns
    -------
    object
        What the method returns.

    Raises
    ------
    ValueError
        Where both or none of ``output_dir`` and ``run_config`` are given, there is no such
        method, or none can be chosen.
    TypeError
        If ``experiment_fn`` is no function, or does not return an experiment.
    RuntimeError
        If the estimator was made with another configuration than ``run_config``.

    Examples
    --------
    >>> import tempfile
    >>> import tflearnkit as learn
    >>> from sklearn.datasets import load_iris
    >>> X, y = load_iris(return_X_y=True)
    >>> def experiment_fn(output_dir):
    ...     estimator = learn.LinearClassifier(model_dir=output_dir)
    ...     return learn.Experiment(estimator, (X, y), (X, y))
    >>> report = learn.learn_runner.run(experiment_fn, tempfile.mkdtemp())
    >>> report["accuracy"] > 0.9
    True
    """
    _check_callable(experiment_fn)
    if run_config is None:
        words = _by_folder(output_dir, hparams)
    else:
        words = _by_config(output_dir, run_config, hparams)
    meet(run_config or RunConfig())  # before TensorFlow does anything else
    experiment = _made(experiment_fn, words)
    if run_config is not None:
        _check_same(experiment, run_config)
    config = config_of(experiment.estimator) if run_config is None else run_config
    return _method(experiment, schedule or _schedule_of(config))()


def tune(experiment_fn: Callable, tuner) -> None:
    """Run an experiment once for each trial of a tuner.

    Parameters
    ----------
    experiment_fn : callable
        ``f(run_config, hparams)`` -> `Experiment`.
    tuner : object
        ``next_trial()`` says whether there is one more, and ``run_experiment(f)`` runs ``f`` with
        the hyperparameters of its choice.

    See Also
    --------
    OptunaTuner : Such a tuner.

    Examples
    --------
    >>> class Twice:
    ...     rates = [0.1, 0.01]
    ...     def next_trial(self):
    ...         return bool(self.rates)
    ...     def run_experiment(self, experiment_fn):
    ...         print(experiment_fn(None, {"learning_rate": self.rates.pop(0)}))
    >>> tune(lambda run_config, hparams: f"an experiment with {hparams}", Twice())
    an experiment with {'learning_rate': 0.1}
    an experiment with {'learning_rate': 0.01}
    """
    _check_callable(experiment_fn)
    while tuner.next_trial():
        tuner.run_experiment(experiment_fn)


def _check_callable(experiment_fn) -> None:
    if not callable(experiment_fn):
        raise TypeError(
            f"Experiment builder {experiment_fn!r} is not callable: pass a function that returns "
            "an Experiment."
        )


def _by_folder(output_dir, hparams) -> dict:
    if output_dir is None:
        raise ValueError(
            "Must set value for `output_dir` or `run_config`. Got neither: pass a folder."
        )
    if not os.fspath(output_dir):
        raise ValueError("Must specify an output directory. Got '': pass the folder's name.")
    if hparams is not None:
        raise ValueError(
            "hparams go with run_config, not with output_dir. Got both: pass "
            "run_config=RunConfig(model_dir=...)."
        )
    return {"output_dir": output_dir}


def _by_config(output_dir, run_config, hparams) -> dict:
    if output_dir is not None:
        raise ValueError("Cannot provide both `output_dir` and `run_config`. Pass one of them.")
    if not isinstance(run_config, RunConfig):
        raise ValueError(f"run_config should be a RunConfig. Got {run_config!r}: pass one.")
    if run_config.model_dir is None:
        raise ValueError(
            "Must specify a model directory in `run_config`. Got None: pass "
            "RunConfig(model_dir=...)."
        )
    if hparams is None:
        return {"run_config": run_config}
    if not isinstance(hparams, Mapping):
        raise ValueError(f"hparams should be a dict. Got {hparams!r}: pass one.")
    return {"run_config": run_config, "hparams": hparams}


def _made(experiment_fn: Callable, words: dict) -> Experiment:
    experiment = experiment_fn(**words)
    if not isinstance(experiment, Experiment):
        raise TypeError(
            f"Experiment builder did not return an Experiment. Got {experiment!r}: return one."
        )
    return experiment


def _check_same(experiment: Experiment, run_config: RunConfig) -> None:
    """Check that the estimator goes by the configuration that the job has."""
    if config_of(experiment.estimator).uid() != run_config.uid():
        raise RuntimeError(
            "The estimator of the experiment should be made with the run_config that "
            "experiment_fn got. Got another one: pass config=run_config to the estimator."
        )


def _schedule_of(config: RunConfig) -> str:
    if config.cluster_spec.n_tasks <= 1 and config.job_name != "evaluator":
        return "train_and_evaluate"
    if config.job_name is None:
        raise ValueError(
            "Must specify a schedule where a cluster does not say which task this is. Pass one, "
            "or a job_name to RunConfig."
        )
    if config.job_name not in _SCHEDULES:
        raise ValueError(
            f"No default schedule for task type {config.job_name!r}: pass a schedule, such as "
            "'train'."
        )
    return _SCHEDULES[config.job_name]


def _method(experiment: Experiment, schedule: str) -> Callable:
    found = getattr(experiment, schedule, None)
    if found is None:
        names = [name for name in dir(Experiment) if not name.startswith("_")]
        raise ValueError(
            f"Schedule references non-existent task {schedule!r}: name a method of Experiment."
            f"{did_you_mean(schedule, names)}"
        )
    if not callable(found):
        raise TypeError(
            f"Schedule references non-callable member {schedule!r}: name a method of Experiment."
        )
    return found
