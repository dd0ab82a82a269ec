"""Monitors that look every n steps."""

from __future__ import annotations

import math
import numbers

from tflearnkit.monitors.base import BaseMonitor

__all__ = ["EveryN", "FunctionalMonitor", "check_steps"]


class EveryN(BaseMonitor):
    """Look at the first steps, at every n-th after a look, and at the last; for subclasses.

    A step is active if it is at most ``first_n_steps``, or at least ``every_n_steps`` after the
    last active one (counted from 0), or the last of the run. Subclasses override
    ``every_n_step_begin(step)``, ``every_n_step_end(step, outputs)`` and
    ``every_n_post_step(step)``; the latter is called once more at the end of a run whose last step
    was not active.

    Parameters
    ----------
    every_n_steps : int >= 0, default=100
        0 and 1 make every step active.
    first_n_steps : int, default=1
        -1 for none.

    Examples
    --------
    >>> monitor = EveryN(every_n_steps=100)
    >>> monitor.next_step(0), monitor.next_step(1)
    (1, 100)
    """

    _last_active = 0
    _last_done: int | None = None
    _active = False
    _mean_loss: _MeanLoss | None = None
    _of_a_run = (*BaseMonitor._of_a_run, "_mean_loss", "_active", "_last_active", "_last_done")

    def __init__(self, every_n_steps: int = 100, first_n_steps: int = 1):
        self._every_n_steps = check_steps("every_n_steps", every_n_steps, least=0)
        self._first_n_steps = first_n_steps

    def begin(self, max_steps: int | None = None) -> None:
        super().begin(max_steps)
        self._last_active, self._last_done, self._active = 0, None, False
        self._mean_loss = _MeanLoss(self._progress.step if self._progress else 0)

    def next_step(self, step: int) -> int | None:
        if step < self._first_n_steps:
            return step + 1
        due = max(step + 1, self._last_active + self._every_n_steps)
        if self._max_steps is None or self._max_steps <= step:
            return due
        return min(due, self._max_steps)

    def step_begin(self, step: int) -> list[str]:
        super().step_begin(step)
        self._active = (
            step <= self._first_n_steps
            or step >= self._last_active + self._every_n_steps
            or step == self._last_step
        )
        return self.every_n_step_begin(step) if self._active else []

    def step_end(self, step: int, outputs: dict) -> bool:
        super().step_end(step, outputs)
        if self._progress is not None:
            self._mean_loss.add(step, self._progress.loss)
        return bool(self.every_n_step_end(step, outputs)) if self._active else False

    def post_step(self, step: int) -> None:
        super().post_step(step)
        if self._active:
            self.every_n_post_step(step)
            self._last_active = step
            self._mean_loss.reset()
        self._last_done = step

    def end(self) -> None:
        super().end()
        if self._last_done not in (None, self._last_active):
            self.every_n_post_step(self._last_done)

    @property
    def _last_step(self) -> int | None:
        # A stream shows only at its end which step was the last; the progress has it then.
        return self._progress.max_steps if self._progress is not None else self._max_steps

    @property
    def mean_loss(self) -> float:
        """Mean training loss of the steps since the last active one.

        Unlike ``progress.loss`` it does not depend on where other monitors put their borders.
        """
        return self._mean_loss.value

    def every_n_step_begin(self, step: int) -> list[str]:
        """Return the names of the values wanted at an active step."""
        return []

    def every_n_step_end(self, step: int, outputs: dict) -> bool:
        """Hear of an active step; return True to stop the training."""
        return False

    def every_n_post_step(self, step: int) -> None:
        """Hear of an active step after every monitor had its ``step_end``."""


class _MeanLoss:
    """Mean loss over borders, each weighted by the steps it stands for."""

    def __init__(self, step: int):
        self._last_step = step
        self.reset()

    def reset(self) -> None:
        self._total, self._steps = 0.0, 0

    def add(self, step: int, loss: float) -> None:
        steps = max(step - self._last_step, 1)
        self._total += float(loss) * steps
        self._steps += steps
        self._last_step = step

    @property
    def value(self) -> float:
        return self._total / self._steps if self._steps else math.nan


class FunctionalMonitor(EveryN):
    """Call a function of the :class:`Progress` every n steps; stop once it returns True.

    Parameters
    ----------
    every_n_steps : int >= 0, default=100
    function : callable
        ``function(progress)``; what it returns stops the training if true.
    first_n_steps : int, default=1

    Examples
    --------
    >>> monitor = FunctionalMonitor(50, lambda progress: progress.loss < 0.01)
    """

    def __init__(self, every_n_steps: int = 100, function=None, first_n_steps: int = 1):
        super().__init__(every_n_steps, first_n_steps)
        if not callable(function):
            raise TypeError(
                f"FunctionalMonitor expects a function of the Progress, but got {function!r}. "
                "Pass function=lambda progress: ..."
            )
        self._function = function

    def every_n_step_end(self, step: int, outputs: dict) -> bool:
        return bool(self._function(self.progress))


def check_steps(name: str, value, least: int = 1) -> int:
    """Return ``value`` if it is an int of at least ``least``, else raise ValueError."""
    fits = isinstance(value, numbers.Integral) and not isinstance(value, bool)
    if not fits or value < least:
        raise ValueError(
            f"{name} should be an int of at least {least}, but is {value!r}. "
            "Pass a whole number of training steps."
        )
    return int(value)
