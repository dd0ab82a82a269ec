"""Let Optuna choose the hyperparameters that `learn_runner.tune` tries."""

from __future__ import annotations

import importlib.util
import logging
import os
from collections.abc import Callable, Mapping
from typing import Any

from tflearnkit import learn_runner
from tflearnkit.config import RunConfig
from tflearnkit.errors import NanLossDuringTrainingError, did_you_mean, listing
from tflearnkit.monitors import BaseMonitor

__all__ = ["OptunaTuner"]

_log = logging.getLogger("tflearnkit")


class OptunaTuner:
    """A tuner for `learn_runner.tune` that goes by a study of Optuna.

    Choose it over scikit-learn's searches where training is long: it learns from the trials before,
    ends those that fall behind on the way, and keeps the checkpoints of each. It needs Optuna
    (``pip install 'tflearnkit[tune]'``).

    Each trial trains by ``train_and_evaluate`` in a folder of its own. What the evaluations on the
    way give is reported to Optuna, whose pruner may end the trial there: by default the median of
    the trials before decides, from the sixth trial on. A trial whose loss is no longer finite has
    failed, and the next one begins. Trials run one after another; for several at a time run the
    program several times with a study that is stored in a database.

    Parameters
    ----------
    study : optuna.Study or dict
        The study, or the arguments of ``optuna.create_study`` to make one: it says whether less
        (``direction="minimize"``, as it is where nothing is said) or more of ``metric`` is better.
    space : callable
        ``f(trial)`` returns the dict of hyperparameters that the experiment is made with, each by
        one of Optuna's ``trial.suggest_...``.
    output_dir : path
        Folder of the trials' folders, ``trial_0`` and so on.
    metric : str, default="loss"
        Which figure of the last evaluation is to be the best.
    n_trials : int > 0, default=20
        Trials that this tuner makes, beside those that the study has.
    run_config : RunConfig, optional
        Of the trials, but for the ``model_dir``.

    Attributes
    ----------
    study : optuna.Study
        With ``best_value``, ``trials_dataframe()`` and all else.
    best_hparams : dict
        What ``space`` returned in the best trial.
    best_model_dir : str
        Folder of its checkpoints: an estimator with it as ``model_dir`` predicts.

    Raises
    ------
    ImportError
        Without Optuna.
    ValueError
        If something else is given than the above; in a trial, if its folder is in use already, or
        the evaluation gives no ``metric``.

    Examples
    --------
    >>> import tempfile
    >>> import optuna
    >>> import tflearnkit as learn
    >>> from sklearn.datasets import load_iris
    >>> optuna.logging.set_verbosity(optuna.logging.WARNING)
    >>> rows = load_iris(return_X_y=True)
    >>> def experiment_fn(run_config, hparams):
    ...     estimator = learn.DNNClassifier([16], config=run_config, random_state=0, **hparams)
    ...     return learn.Experiment(estimator, rows, rows, train_steps=100)
    >>> def space(trial):
    ...     return {"learning_rate": trial.suggest_float("learning_rate", 1e-4, 0.1, log=True)}
    >>> study = optuna.create_study(
    ...     direction="maximize", sampler=optuna.samplers.TPESampler(seed=0))
    >>> tuner = learn.OptunaTuner(study, space, tempfile.mkdtemp(), metric="accuracy", n_trials=3)
    >>> learn.learn_runner.tune(experiment_fn, tuner)
    >>> best = learn.DNNClassifier([16], model_dir=tuner.best_model_dir, **tuner.best_hparams)
    >>> bool(best.score(*rows) == study.best_value > 0.9)
    True
    """

    def __init__(
        self,
        study,
        space: Callable[[Any], Mapping],
        output_dir: str | os.PathLike,
        metric: str = "loss",
        n_trials: int = 20,
        run_config: RunConfig | None = None,
    ):
        self.study = _made(study)
        if not callable(space):
            raise ValueError(
                f"space should be a function of an Optuna trial. Got {space!r}: pass one that "
                "returns a dict of hyperparameters."
            )
        if not isinstance(n_trials, int) or isinstance(n_trials, bool) or n_trials < 1:
            raise ValueError(
                f"n_trials should be an int of at least 1. Got {n_trials!r}: pass such."
            )
        self._config = RunConfig() if run_config is None else run_config
        _check_alone(self._config)
        self._space, self._metric = space, metric
        self._output_dir = os.fspath(output_dir)
        self._left = n_trials

    @property
    def best_hparams(self) -> dict:
        """What ``space`` returned in the best trial."""
        import optuna

        return dict(self._space(optuna.trial.FixedTrial(self.study.best_params)))

    @property
    def best_model_dir(self) -> str:
        """The folder of the best trial's checkpoints."""
        return self.study.best_trial.user_attrs["model_dir"]

    def next_trial(self) -> bool:
        """Return whether there is one more trial to run."""
        return self._left > 0

    def run_experiment(self, experiment_fn: Callable) -> None:
        """Run one trial.

        Parameters
        ----------
        experiment_fn : callable
            ``f(run_config, hparams)`` -> `Experiment`.
        """
        import optuna

        self._left -= 1
        trial = self.study.ask()
        failed = optuna.trial.TrialState.FAIL
        try:
            value = self._value(trial, experiment_fn)
        except optuna.TrialPruned:
            self.study.tell(trial, state=optuna.trial.TrialState.PRUNED)
        except NanLossDuringTrainingError as error:
            _log.warning("Trial %d failed. %s", trial.number, error)
            self.study.tell(trial, state=failed)
        except BaseException:
            self.study.tell(trial, state=failed)
            raise
        else:
            self.study.tell(trial, value)

    def _value(self, trial, experiment_fn: Callable) -> float:
        def reporting(run_config, hparams):
            experiment = experiment_fn(run_config, hparams)
            if isinstance(experiment, learn_runner.Experiment):  # else run says what is wrong
                experiment.extend_train_hooks([_Reports(trial, self._metric)])
            return experiment

        config = self._config.replace(model_dir=self._folder(trial))
        report = learn_runner.run(
            reporting, schedule="train_and_evaluate", run_config=config, hparams=self._space(trial)
        )
        if self._metric not in report:
            raise ValueError(
                f"metric should name a figure of the evaluations. Got {self._metric!r}, but there "
                f"are: {listing(report)}. Name one of these, or add it to eval_metrics."
                f"{did_you_mean(self._metric, report)}"
            )
        return float(report[self._metric])

    def _folder(self, trial) -> str:
        folder = os.path.join(self._output_dir, f"trial_{trial.number}")
        if os.path.isdir(folder) and os.listdir(folder):
            raise ValueError(
                f"A trial should begin in a folder of its own. Got {folder!r}, which is in use: "
                "choose another output_dir, or remove it."
            )
        trial.set_user_attr("model_dir", folder)
        return folder


class _Reports(BaseMonitor):
    """Report the evaluations on the way, and end a trial that has no prospects."""

    def __init__(self, trial, metric: str):
        self._trial, self._name = trial, f"val_{metric}"

    def next_step(self, step: int) -> None:
        """Never ask for a look: one is had where others evaluate."""

    def post_step(self, step: int) -> None:
        super().post_step(step)
        newest = self.progress.history.rows[-1:]
        if not newest or newest[0]["step"] != step or self._name not in newest[0]:
            return
        self._trial.report(newest[0][self._name], step)
        if step != self.progress.max_steps and self._trial.should_prune():
            import optuna

            raise optuna.TrialPruned


def _made(study):
    if importlib.util.find_spec("optuna") is None:
        raise ImportError(
            "OptunaTuner chooses by Optuna, which is not installed. Install it: pip install "
            "'tflearnkit[tune]'."
        )
    import optuna

    found = optuna.create_study(**study) if isinstance(study, Mapping) else study
    if not isinstance(found, optuna.Study) or len(found.directions) != 1:
        raise ValueError(
            "study should be an optuna.Study of one objective, or the arguments of "
            f"optuna.create_study. Got {study!r}: pass such as optuna.create_study()."
        )
    return found


def _check_alone(config: RunConfig) -> None:
    if config.cluster_spec.n_tasks > 1:
        raise ValueError(
            "Each trial should run in one process. Got a cluster of "
            f"{config.cluster_spec.n_tasks} tasks: leave TF_CONFIG unset, and run the program "
            "several times with a study in a database for several trials at a time."
        )
