"""Monitors that end a run."""

from __future__ import annotations

import logging

import numpy as np

from tflearnkit.errors import NanLossDuringTrainingError
from tflearnkit.monitors.base import BaseMonitor
from tflearnkit.monitors.every_n import EveryN, check_steps

__all__ = ["LossMonitor", "NanLoss", "StopAtStep"]

_log = logging.getLogger("tflearnkit")


class StopAtStep(BaseMonitor):
    """Stop after a number of steps, or at a step.

    Parameters
    ----------
    num_steps : int >= 1, default=None
        Steps of this run.
    last_step : int >= 1, default=None
        Step to stop at, those of earlier runs included. Exactly one of the two is needed.

    Examples
    --------
    >>> StopAtStep(num_steps=500).next_step(0)
    500
    """

    _of_a_run = (*BaseMonitor._of_a_run, "_stop_at")
    _stop_at: int | None = None

    def __init__(self, num_steps: int | None = None, last_step: int | None = None):
        if (num_steps is None) == (last_step is None):
            raise ValueError(
                "StopAtStep expects exactly one of num_steps and last_step, but got "
                f"{num_steps} and {last_step}. Give one of them."
            )
        if num_steps is not None:
            check_steps("num_steps", num_steps)
        else:
            check_steps("last_step", last_step)
        self._num_steps, self._last_step = num_steps, last_step

    def begin(self, max_steps: int | None = None) -> None:
        super().begin(max_steps)
        self._stop_at = None

    def next_step(self, step: int) -> int | None:
        return max(step + 1, self._stop_after(step + 1))

    def step_begin(self, step: int) -> list[str]:
        super().step_begin(step)
        self._stop_after(step)
        return []

    def step_end(self, step: int, outputs: dict) -> bool:
        super().step_end(step, outputs)
        return step >= self._stop_after(step)

    def _stop_after(self, first_step: int) -> int:
        # The first step ever heard of is the first of the run.
        if self._stop_at is None:
            self._stop_at = self._last_step or first_step + self._num_steps - 1
        return self._stop_at


class NanLoss(EveryN):
    """Stop when the loss is no longer a finite number.

    Estimators raise by themselves where their own loss is not finite; use it for a variable.

    Parameters
    ----------
    loss_tensor : str, default='loss'
        Name of the value to watch: the loss or a variable.
    every_n_steps : int >= 0, default=100
    fail_on_nan_loss : bool, default=True
        Raise :class:`~tflearnkit.errors.NanLossDuringTrainingError`; else log and stop.

    Examples
    --------
    >>> monitor = NanLoss(every_n_steps=10, fail_on_nan_loss=False)
    """

    def __init__(self, loss_tensor: str = "loss", every_n_steps: int = 100, fail_on_nan_loss=True):
        super().__init__(every_n_steps)
        self._name, self._fail = loss_tensor, fail_on_nan_loss

    def every_n_step_begin(self, step: int) -> list[str]:
        return [self._name]

    def every_n_step_end(self, step: int, outputs: dict) -> bool:
        if np.all(np.isfinite(outputs[self._name])):
            return False
        message = (
            f"{self._name} should be finite, but was NaN or infinite by step {step}. Likely "
            "causes: a learning rate too high, or NaN or very large values in X or y. Lower the "
            "learning rate, set gradient_clip_norm, or scale the data."
        )
        if self._fail:
            raise NanLossDuringTrainingError(message)
        _log.error("%s Stopping.", message)
        return True


class LossMonitor(EveryN):
    """Stop when the training loss has not improved for a number of steps.

    For early stopping prefer :class:`ValidationMonitor`: the training loss goes on falling while a
    model overfits.

    Parameters
    ----------
    early_stopping_rounds : int >= 1
        Training steps without a strictly lower loss after which to stop.
    check_every_n_steps : int >= 0, default=100
        Steps between looks; the loss looked at is the mean over them. ``every_n_steps`` is another
        name for it.

    Attributes
    ----------
    best_step, best_value : int, float or None
        Where the loss was lowest so far.

    Examples
    --------
    >>> monitor = LossMonitor(early_stopping_rounds=100, check_every_n_steps=100)
    """

    best_step: int | None = None
    best_value: float | None = None

    def __init__(
        self,
        early_stopping_rounds: int,
        check_every_n_steps: int = 100,
        *,
        every_n_steps: int | None = None,
    ):
        super().__init__(
            check_every_n_steps if every_n_steps is None else every_n_steps, first_n_steps=-1
        )
        self._rounds = check_steps("early_stopping_rounds", early_stopping_rounds)

    def begin(self, max_steps: int | None = None) -> None:
        super().begin(max_steps)
        self.best_step, self.best_value = None, None
        self._first_step = self.progress.step

    def every_n_step_end(self, step: int, outputs: dict) -> bool:
        loss = self.mean_loss
        if loss < (np.inf if self.best_value is None else self.best_value):
            self.best_step, self.best_value = step, loss
        since = self._first_step if self.best_step is None else self.best_step
        if step - since < self._rounds:
            return False
        _log.info("Stopping at step %d: lowest loss %s at step %s.", step, self.best_value, since)
        return True
