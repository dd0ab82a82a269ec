"""Pace: how many steps fit into some seconds."""

from __future__ import annotations

import time

__all__ = ["Pace"]


class Pace:
    """Speed of a run since this was made.

    Monitors that look by the clock make one after their first look, so that building and
    compiling the first step does not count.

    Parameters
    ----------
    step : int
        The step just done.
    """

    def __init__(self, step: int):
        self._step, self._time = step, time.monotonic()

    def steps_per_second(self, step: int) -> float | None:
        """Mean speed up to now, at which ``step`` is done; None before there is any."""
        seconds = time.monotonic() - self._time
        return (step - self._step) / seconds if step > self._step and seconds > 0 else None

    def steps_in(self, seconds: float, step: int) -> int:
        """Return the number of steps, at least 1, that ``seconds`` will take from ``step`` on."""
        return max(1, int(seconds * (self.steps_per_second(step) or 0)))
