"""Experiment: an estimator, its data, and what to do with them in each task of a job."""

from __future__ import annotations

import logging
import math
import os
import time
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from sklearn.base import clone

from tflearnkit import checkpoint
from tflearnkit.estimators.base import BaseEstimator
from tflearnkit.estimators.persistence import config_of, model_dir_of
from tflearnkit.export_strategy import ExportStrategy
from tflearnkit.monitors import ValidationMonitor
from tflearnkit.replicas import is_free, is_lead, serve

__all__ = ["Experiment"]

_log = logging.getLogger("tflearnkit")

_SECS_APART = 5  # between the starts of workers that train without waiting for each other
_MOST_SECS_APART = 60
_LOOK_SECS = 1.0  # between looks for a new checkpoint


class Experiment:
    """An estimator with the data to train and evaluate it on, ready to run as a job.

    Choose it where the same program is to train here, on a cluster, or beside a process that
    evaluates: each method is what one task does, and `learn_runner.run` chooses it by the task. For
    a script of your own, ``estimator.fit`` and ``evaluate`` are enough.

    Parameters
    ----------
    estimator : estimator
        Of this package.
    train_input_fn, eval_input_fn : callable, or tuple (X, y) or (X, y, sample_weight)
        What ``fit`` and ``evaluate`` take as ``input_fn``, or the rows themselves.
    eval_metrics : dict or list, optional
        What evaluations add, as ``metrics`` of ``evaluate``.
    train_steps : int > 0, optional
        The global step to stop at; None trains as long as the estimator does by itself.
    eval_steps : int > 0, optional
        Batches of a stream per evaluation; None takes all.
    train_monitors : list of monitors, optional
        Listen to training.
    eval_hooks : list of callables, optional
        ``f(report)``, called with what each evaluation gave.
    local_eval_frequency : int >= 0, optional
        Steps between the evaluations of `local_run`; None evaluates at the end only.
    eval_delay_secs : number >= 0, default=0
        What `evaluate` and the continuous evaluations wait before they begin.
    continuous_eval_throttle_secs : number >= 0, default=60
        Seconds from the begin of a continuous evaluation to that of the next one.
    min_eval_frequency : int >= 0, optional
        Steps between the evaluations of `train_and_evaluate` on the way. None takes the steps
        between checkpoints where the configuration has such, else 1000; 0 makes none, as None does
        without ``train_steps``.
    delay_workers_by_global_step : bool, default=False
        Whether workers that do not wait for each other join one by one, as the global step grows.
    export_strategies : list of ExportStrategy, optional
        Exports to make after evaluations, below ``<model_dir>/export``.
    train_steps_per_iteration : int > 0, optional
        Steps between the evaluations of `continuous_train_and_eval`; None is a tenth of
        ``train_steps``, or 1000.

    Raises
    ------
    ValueError
        If something else is given than the above.

    See Also
    --------
    learn_runner.run : Runs the method that fits the task.

    Examples
    --------
    >>> import tflearnkit as learn
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.model_selection import train_test_split
    >>> X, X_test, y, y_test = train_test_split(*load_iris(return_X_y=True), random_state=0)
    >>> estimator = learn.DNNClassifier(hidden_units=[10], random_state=0)
    >>> experiment = learn.Experiment(estimator, (X, y), (X_test, y_test), train_steps=500)
    >>> experiment.train_and_evaluate()["accuracy"] > 0.9
    True
    """

    def __init__(
        self,
        estimator,
        train_input_fn,
        eval_input_fn,
        eval_metrics=None,
        train_steps: int | None = None,
        eval_steps: int | None = None,
        train_monitors: Iterable | None = None,
        eval_hooks: Iterable[Callable] | None = None,
        local_eval_frequency: int | None = None,
        eval_delay_secs: float = 0,
        continuous_eval_throttle_secs: float = 60,
        min_eval_frequency: int | None = None,
        delay_workers_by_global_step: bool = False,
        export_strategies=None,
        train_steps_per_iteration: int | None = None,
    ):
        if not isinstance(estimator, BaseEstimator):
            raise ValueError(
                "Experiment expects an estimator of tflearnkit, which has fit and evaluate. Got "
                f"{estimator!r}: pass one."
            )
        for name, value, least in (
            ("train_steps", train_steps, 1),
            ("eval_steps", eval_steps, 1),
            ("train_steps_per_iteration", train_steps_per_iteration, 1),
            ("local_eval_frequency", local_eval_frequency, 0),
            ("min_eval_frequency", min_eval_frequency, 0),
        ):
            _check_count(name, value, least)
        self.estimator = estimator
        self.eval_metrics = eval_metrics
        self.train_steps, self.eval_steps = train_steps, eval_steps
        self.local_eval_frequency = local_eval_frequency
        self.min_eval_frequency = min_eval_frequency
        self._train_data = _rows(train_input_fn, "train_input_fn")
        self._eval_data = _rows(eval_input_fn, "eval_input_fn")
        self._monitors = list(train_monitors or [])
        self._eval_hooks = list(eval_hooks or [])
        self._eval_delay_secs = eval_delay_secs
        self._throttle_secs = continuous_eval_throttle_secs
        self._delays_by_step = delay_workers_by_global_step
        self._steps_per_iteration = train_steps_per_iteration
        self._strategies = _strategies(export_strategies)
        self.exports: list = []

    def extend_train_hooks(self, additional_hooks: Iterable) -> None:
        """Add monitors of training."""
        self._monitors += additional_hooks

    def reset_export_strategies(self, new_export_strategies=None) -> tuple[ExportStrategy, ...]:
        """Take other export strategies; return those before."""
        before, self._strategies = self._strategies, _strategies(new_export_strategies)
        return before

    def train(self, delay_secs: float | None = None):
        """Train until the global step is ``train_steps``.

        A worker beside parameter servers serves the one that hands out the batches (the chief, or
        worker 0 where there is none), and returns once that has ended.

        Parameters
        ----------
        delay_secs : number >= 0, optional
            What to wait first. By default nothing; but workers beside parameter servers, which
            train without waiting for each other, begin 5 s apart, a minute at the most.

        Returns
        -------
        estimator
        """
        self._wait_to_train(delay_secs)
        return self._fit(self._monitors, max_steps=self.train_steps)

    def evaluate(self, delay_secs: float | None = None, name: str = "one_pass") -> dict:
        """Return the figures of the newest weights on the evaluation data.

        Parameters
        ----------
        delay_secs : number >= 0, optional
            What to wait first; None is ``eval_delay_secs``.
        name : str
            Of the folder ``eval_<name>`` in ``model_dir``, which TensorBoard reads.
        """
        self._wait_to_evaluate(delay_secs)
        return self._evaluate(self.estimator, self._eval_data, name)

    def train_and_evaluate(self) -> dict:
        """Train, evaluating on the way; evaluate at the end, export, and return the figures."""
        return self._train_and_evaluate(self._eval_frequency())

    def local_run(self) -> dict:
        """Do as `train_and_evaluate`, evaluating every ``local_eval_frequency`` steps."""
        return self._train_and_evaluate(self.local_eval_frequency)

    def continuous_train_and_eval(
        self, continuous_eval_predicate_fn: Callable[[dict | None], bool] | None = None
    ) -> dict | None:
        """Train for some steps, evaluate and export, again and again, until ``train_steps``.

        Parameters
        ----------
        continuous_eval_predicate_fn : callable, optional
            ``f(report)`` of the last evaluation, None before the first: whether to go on.

        Returns
        -------
        dict or None
            The last report.
        """
        goes_on = _predicate(continuous_eval_predicate_fn)
        folder = self._folder("continuous_train_and_eval")
        steps = self._steps_per_iteration or max(1, (self.train_steps or 10_000) // 10)
        report = None
        while goes_on(report):
            done = checkpoint.latest_step(folder) or 0
            if self.train_steps is not None and done >= self.train_steps:
                break
            last = min(done + steps, self.train_steps or math.inf)
            self._fit(self._monitors, max_steps=last)
            report = self._evaluate(self.estimator, self._eval_data, None)
            self._export(self.estimator, report)
        return report

    def continuous_eval(
        self,
        delay_secs: float | None = None,
        throttle_delay_secs: float | None = None,
        evaluate_checkpoint_only_once: bool = True,
        continuous_eval_predicate_fn: Callable[[dict | None], bool] | None = None,
        name: str = "continuous",
    ) -> dict | None:
        """Evaluate and export each new checkpoint, until there is one of ``train_steps``.

        Parameters
        ----------
        delay_secs : number >= 0, optional
            What to wait first; None is ``eval_delay_secs``.
        throttle_delay_secs : number >= 0, optional
            From the begin of an evaluation to that of the next one; None is
            ``continuous_eval_throttle_secs``.
        evaluate_checkpoint_only_once : bool, default=True
            Whether to pass over a checkpoint that was evaluated already.
        continuous_eval_predicate_fn : callable, optional
            ``f(report)``: whether to go on. It gets None first, the report after an evaluation, and
            {} where there was nothing new.
        name : str
            Of the folder ``eval_<name>``.

        Returns
        -------
        dict or None
            The last report.
        """
        return self._evaluate_continuously(
            self._eval_data, delay_secs, throttle_delay_secs, evaluate_checkpoint_only_once,
            continuous_eval_predicate_fn, name, exports=True,
        )  # fmt: skip

    def continuous_eval_on_train_data(
        self,
        delay_secs: float | None = None,
        throttle_delay_secs: float | None = None,
        continuous_eval_predicate_fn: Callable[[dict | None], bool] | None = None,
        name: str = "continuous_on_train_data",
    ) -> dict | None:
        """Do as `continuous_eval` on the data of training, without exports."""
        return self._evaluate_continuously(
            self._train_data, delay_secs, throttle_delay_secs, True, continuous_eval_predicate_fn,
            name, exports=False,
        )  # fmt: skip

    def run_std_server(self) -> None:
        """Serve the other tasks of the cluster, as one that keeps parameters, until training ends.

        That is when the task that hands out the batches has been gone for a minute.
        """
        config = config_of(self.estimator)
        if not is_free(config):
            raise ValueError(
                "run_std_server expects a cluster_spec with parameter servers, a job_name and a "
                f"task. Got {config.cluster_spec}, {config.job_name!r} and {config.task}: set "
                "TF_CONFIG, or give them to RunConfig."
            )
        serve(config)

    def test(self) -> dict:
        """Take one training step, evaluate on one batch, and export: whether all of it runs."""
        self._fit(self._monitors, steps=1)
        report = self._evaluate(self.estimator, self._eval_data, "test", steps=1)
        self._export(self.estimator, report)
        return report

    # -- one thing each ------------------------------------------------------------------------

    def _fit(self, monitors: list, **length):
        config = config_of(self.estimator)
        if is_free(config) and not is_lead(config):
            serve(config)
            return self.estimator
        return self.estimator.fit(**self._train_data, **length, monitors=monitors)

    def _train_and_evaluate(self, frequency: int | None) -> dict:
        monitors = list(self._monitors)
        if frequency:
            monitors.append(self._validation(frequency))
        self._fit(monitors, max_steps=self.train_steps)
        report = self._evaluate(self.estimator, self._eval_data, None)
        self._export(self.estimator, report)
        return report

    def _validation(self, frequency: int) -> ValidationMonitor:
        return ValidationMonitor(
            **self._eval_data,
            eval_steps=self.eval_steps,
            metrics=self.eval_metrics,
            every_n_steps=frequency,
            restore_best_weights=False,  # the experiment ends with the weights of its last step
        )

    def _eval_frequency(self) -> int:
        if self.min_eval_frequency is not None:
            return self.min_eval_frequency
        if self.train_steps is None:  # a linear model may be solved for, and takes no steps then
            return 0
        return config_of(self.estimator).save_checkpoints_steps or 1000

    def _evaluate(self, estimator, data: dict, name: str | None, steps: int | None = None) -> dict:
        report = estimator.evaluate(
            **data, metrics=self.eval_metrics, steps=steps or self.eval_steps, name=name
        )
        for hook in self._eval_hooks:
            hook(report)
        return report

    def _evaluate_continuously(
        self, data, delay, throttle, only_once, predicate, name, exports
    ) -> dict | None:
        goes_on = _predicate(predicate)
        folder = self._folder("continuous_eval")
        throttle = self._throttle_secs if throttle is None else throttle
        self._wait_to_evaluate(delay)
        seen, last, report = None, None, None
        while goes_on(report):
            begun = time.monotonic()
            step = checkpoint.latest_step(folder)
            if step is None or (only_once and step == seen):
                report = {}
                self._pause(min(_LOOK_SECS, throttle))
                continue
            estimator = clone(self.estimator)  # which takes the newest checkpoint as its own
            last = report = self._evaluate(estimator, data, name)
            seen = int(report["global_step"])
            if exports:
                self._export(estimator, report)
            if self.train_steps is not None and seen >= self.train_steps:
                break
            self._pause(throttle - (time.monotonic() - begun))
        return last

    def _export(self, estimator, report: dict) -> None:
        """Make the exports; keep what they returned in ``exports``."""
        folder = model_dir_of(estimator)
        if self._strategies and folder is None:
            raise ValueError(
                "Exports go below the estimator's model_dir. Got none: give the estimator a "
                "model_dir, or leave export_strategies out."
            )
        self.exports = [
            strategy.export(
                estimator, os.path.join(folder, "export", strategy.name), eval_result=report
            )
            for strategy in self._strategies
        ]

    # -- waiting -------------------------------------------------------------------------------

    def _wait_to_train(self, delay: float | None) -> None:
        config = config_of(self.estimator)
        is_free = bool(config.num_ps_replicas) and config.job_name == "worker"
        if delay is None and is_free and self._delays_by_step:
            self._wait_for_step(int(8000 * math.log(config.task + 1)))
        elif delay is None and is_free:
            delay = min(_MOST_SECS_APART, config.task * _SECS_APART)
        self._pause(delay or 0)

    def _wait_for_step(self, step: int) -> None:
        """Wait until the global step is there, which the checkpoints tell."""
        folder = self._folder("delay_workers_by_global_step")
        step = min(step, self.train_steps or math.inf)
        while (checkpoint.latest_step(folder) or 0) < step:
            self._pause(_LOOK_SECS)

    def _wait_to_evaluate(self, delay: float | None) -> None:
        self._pause(self._eval_delay_secs if delay is None else delay)

    @staticmethod
    def _pause(secs: float) -> None:
        if secs > 0:
            if secs > _LOOK_SECS:
                _log.info("Waiting %.0f s.", secs)
            time.sleep(secs)

    def _folder(self, what: str) -> str:
        folder = model_dir_of(self.estimator)
        if folder is None:
            raise ValueError(
                f"{what} goes by the checkpoints in the estimator's model_dir. Got none: give the "
                "estimator a model_dir."
            )
        return folder


def _rows(source, name: str) -> dict[str, Any]:
    """Return the arguments of ``fit`` and ``evaluate`` that a source of rows means."""
    if callable(source):
        return {"input_fn": source}
    if isinstance(source, tuple) and len(source) in (2, 3):
        return dict(zip(("X", "y", "sample_weight"), source, strict=False))
    raise ValueError(
        f"{name} should be a function without arguments, or a tuple (X, y) or (X, y, "
        f"sample_weight). Got {type(source).__name__}: pass one of these."
    )


def _check_count(name: str, value, least: int) -> None:
    whole = isinstance(value, int) and not isinstance(value, bool)
    if value is not None and not (whole and value >= least):
        raise ValueError(f"{name} should be an int of at least {least}, or None. Got {value!r}.")


def _strategies(given) -> tuple[ExportStrategy, ...]:
    listed = [given] if isinstance(given, ExportStrategy) else given or ()
    if not isinstance(listed, Sequence) or not all(isinstance(s, ExportStrategy) for s in listed):
        raise ValueError(
            f"export_strategies should be a list of ExportStrategy. Got {given!r}: pass such, or "
            "None."
        )
    return tuple(listed)


def _predicate(given) -> Callable[[dict | None], bool]:
    if given is None:
        return lambda report: True
    if not callable(given):
        raise ValueError(
            "continuous_eval_predicate_fn should be a function of the last report that says "
            f"whether to go on. Got {given!r}: pass one, or None."
        )
    return given
