"""ValidationMonitor: held-out evaluation and early stopping."""

from __future__ import annotations

import copy
import logging
import os

from tflearnkit.errors import did_you_mean, listing
from tflearnkit.monitors.every_n import EveryN, check_steps
from tflearnkit.summaries import SummaryWriter

__all__ = ["ValidationMonitor"]

_log = logging.getLogger("tflearnkit")


class ValidationMonitor(EveryN):
    """Evaluate the current weights every n steps; remember the best; stop when they stay behind.

    The monitor for early stopping on data of your own; ``early_stopping=True`` of an estimator
    takes a part of the training rows instead. A monitor can be used for one fit after another:
    each starts afresh.

    Parameters
    ----------
    X, y, sample_weight
        Held-out rows in any form ``evaluate`` takes; ``x`` is another name for ``X``.
    input_fn : callable, default=None
        Instead of ``X`` and ``y``.
    batch_size : int, default=None
        Rows per evaluation step.
    eval_steps : int, default=None
        Batches per evaluation; None takes all rows.
    every_n_steps : int >= 0, default=100
        Training steps between evaluations. The last step is evaluated too, unless another monitor
        or Ctrl-C ended the run there.
    metrics : default=None
        As in ``evaluate``; None takes the estimator's own.
    early_stopping_rounds : int >= 1, default=None
        Training steps (not evaluations) without a strictly better value after which to stop; None
        never stops. A tie or NaN is not better.
    early_stopping_metric : str, default='loss'
        Metric that decides which weights are best.
    early_stopping_metric_minimize : bool, default=True
        Whether lower is better; give False for accuracy, AUC and the like.
    name : str, default=None
        Tells several monitors apart: metrics go to the history as ``<name>_<metric>`` instead of
        ``val_<metric>``, to TensorBoard under ``eval_<name>`` instead of ``eval``.
    restore_best_weights : bool, default=True
        At the end of the run go back to the best weights, if a later step has worse ones.

    Attributes
    ----------
    early_stopped : bool
        Whether this monitor ended the run.
    best_step : int or None
        Step of the best evaluation.
    best_value : float or None
        Value of ``early_stopping_metric`` there.
    best_metrics : dict or None
        All metrics there.

    Raises
    ------
    ValueError
        Both or none of ``X`` and ``input_fn``; both ``X`` and ``x``; during the run, an
        ``early_stopping_metric`` the evaluation does not give.

    Examples
    --------
    >>> import numpy as np
    >>> monitor = ValidationMonitor(
    ...     np.ones((10, 2)), np.ones(10), every_n_steps=50, early_stopping_rounds=200,
    ...     early_stopping_metric="accuracy", early_stopping_metric_minimize=False)
    >>> monitor.best_step is None
    True
    """

    _writer: SummaryWriter | None = None
    _best_weights = None
    _of_a_run = (*EveryN._of_a_run, "_writer", "_best_weights")

    def __init__(
        self,
        X=None,
        y=None,
        sample_weight=None,
        *,
        x=None,
        input_fn=None,
        batch_size: int | None = None,
        eval_steps: int | None = None,
        every_n_steps: int = 100,
        metrics=None,
        early_stopping_rounds: int | None = None,
        early_stopping_metric: str = "loss",
        early_stopping_metric_minimize: bool = True,
        name: str | None = None,
        restore_best_weights: bool = True,
    ):
        super().__init__(every_n_steps, first_n_steps=-1)
        self._data = _rows(X, x, y, sample_weight, input_fn)
        self._how = {
            "input_fn": input_fn,
            "metrics": metrics,
            "steps": eval_steps,
            "batch_size": batch_size,
            "name": name,
        }
        if early_stopping_rounds is not None:
            check_steps("early_stopping_rounds", early_stopping_rounds)
        self._rounds = early_stopping_rounds
        self._metric = early_stopping_metric
        self._minimize = early_stopping_metric_minimize
        self._name = name
        self._restore = restore_best_weights
        self._forget()

    def begin(self, max_steps: int | None = None) -> None:
        super().begin(max_steps)
        self._forget()
        self._first_step = self.progress.step
        if self.progress.model_dir is not None and self.progress.is_chief:
            folder = f"eval_{self._name}" if self._name else "eval"
            self._writer = SummaryWriter(os.path.join(self.progress.model_dir, folder))

    def every_n_step_end(self, step: int, outputs: dict) -> bool:
        self._look(step)
        return self._is_time_to_stop(step)

    def end(self) -> None:
        super().end()
        try:
            if self._last_active != self._last_done == self._last_step:
                self._look(self._last_done)  # where a stream ended at a step looked at by others
            if self._best_weights is not None and self.best_step < self.progress.step:
                self.progress.restore(self._best_weights)
                _log.info("The weights of step %d, the best, are restored.", self.best_step)
        finally:
            self._best_weights = None
            if self._writer is not None:
                self._writer.close()

    def _look(self, step: int) -> None:
        metrics = dict(self.progress.evaluate(*self._data, **self._how))
        shown = ", ".join(f"{key} = {value}" for key, value in sorted(metrics.items()))
        _log.info("Validation (step %d): %s", step, shown)
        self._record(step, metrics)
        self._compare(step, metrics)

    def _forget(self) -> None:
        self.early_stopped = False
        self.best_step = self.best_value = self.best_metrics = None
        self._best_weights = self._writer = None

    def _record(self, step: int, metrics: dict) -> None:
        values = {key: value for key, value in metrics.items() if key != "global_step"}
        prefix = self._name or "val"
        self.progress.history.record(step, **{f"{prefix}_{k}": v for k, v in values.items()})
        if self._writer is not None:
            for key, value in values.items():
                self._writer.scalar(key, value, step)
            self._writer.flush()

    def _compare(self, step: int, metrics: dict) -> None:
        if self._metric not in metrics:
            raise ValueError(
                f"Metric {self._metric!r}, given as early_stopping_metric, is missing from "
                f"outputs of the evaluation. There are: {listing(metrics)}. Name one of these, or "
                f"add it to metrics.{did_you_mean(self._metric, metrics)}"
            )
        value = float(metrics[self._metric])
        if not self._is_better(value):
            return
        self.best_step, self.best_value = step, value
        self.best_metrics = copy.deepcopy(metrics)
        if self._restore:
            self._best_weights = self.progress.snapshot()

    def _is_better(self, value: float) -> bool:
        if self.best_value is None:
            return value == value  # NaN is never better, not even than nothing
        return value < self.best_value if self._minimize else value > self.best_value

    def _is_time_to_stop(self, step: int) -> bool:
        since = self._first_step if self.best_step is None else self.best_step
        if self._rounds is None or step - since < self._rounds:
            return False
        self.early_stopped = True
        _log.info(
            "Stopping at step %d: best %s = %s at step %s.",
            *(step, self._metric, self.best_value, self.best_step),
        )
        return True


def _rows(X, x, y, sample_weight, input_fn) -> tuple:
    """Return ``(X, y, sample_weight)`` after checking that there is one source of rows."""
    if X is not None and x is not None:
        raise ValueError(
            "ValidationMonitor expects its rows once, but got both X and x. Pass X alone."
        )
    X = x if X is None else X
    if X is None and input_fn is None:
        raise ValueError(
            "ValidationMonitor expects held-out rows, but got neither X nor input_fn. "
            "Pass X and y, or input_fn."
        )
    if input_fn is not None and not (X is None and y is None and sample_weight is None):
        raise ValueError(
            "ValidationMonitor expects X and y or input_fn, but got both. "
            "Let input_fn return the targets and weights too, or leave it out."
        )
    return X, y, sample_weight
