"""CheckpointSaver: write checkpoints during a run."""

from __future__ import annotations

import math
import time

from tflearnkit.monitors.base import BaseMonitor
from tflearnkit.monitors.every_n import check_steps
from tflearnkit.monitors.pace import Pace

__all__ = ["CheckpointSaver"]


class CheckpointSaver(BaseMonitor):
    """Save at the first step, then by the clock or by steps, and at the end.

    It saves into the estimator's ``model_dir`` and needs one. After a run whose loss is no longer
    finite nothing is saved.

    Parameters
    ----------
    save_secs : number > 0, default=None
        Seconds between checkpoints.
    save_steps : int >= 1, default=None
        Steps between checkpoints. Exactly one of the two is needed.

    Attributes
    ----------
    last_path : str or None
        The checkpoint written last.

    Examples
    --------
    >>> saver = CheckpointSaver(save_steps=500)
    """

    last_path: str | None = None
    _saved_step: int | None = None
    _pace: Pace | None = None
    _of_a_run = (*BaseMonitor._of_a_run, "_saved_step", "_saved_time", "_pace")

    def __init__(self, save_secs: float | None = None, save_steps: int | None = None):
        if (save_secs is None) == (save_steps is None):
            raise ValueError(
                "CheckpointSaver expects exactly one of save_secs and save_steps, but got "
                f"{save_secs} and {save_steps}. Give one of them."
            )
        if save_steps is not None:
            check_steps("save_steps", save_steps)
        elif not save_secs > 0:
            raise ValueError(
                f"save_secs should be above 0, but is {save_secs!r}. Pass a number of seconds."
            )
        self._secs, self._steps = save_secs, save_steps

    def begin(self, max_steps: int | None = None) -> None:
        super().begin(max_steps)
        if self.progress.model_dir is None:
            raise ValueError(
                "CheckpointSaver expects an estimator with a model_dir, but this one has none. "
                "Construct the estimator with model_dir='...', or leave the monitor out."
            )
        self._saved_step = self._pace = None

    def next_step(self, step: int) -> int | None:
        if self._saved_step is None:
            return step + 1
        if self._steps is not None:
            return max(step + 1, self._saved_step + self._steps)
        remaining = self._saved_time + self._secs - time.monotonic()
        return step + self._pace.steps_in(remaining, step)

    def post_step(self, step: int) -> None:
        super().post_step(step)
        if self._pace is None:
            self._pace = Pace(step)
        if self._is_due(step):
            self._save()

    def end(self) -> None:
        super().end()
        if self.progress.step != self._saved_step and math.isfinite(self.progress.loss):
            self._save()

    def _is_due(self, step: int) -> bool:
        if self._saved_step is None:
            return True
        if self._steps is not None:
            return step >= self._saved_step + self._steps
        return time.monotonic() >= self._saved_time + self._secs

    def _save(self) -> None:
        self.last_path = self.progress.save_checkpoint()
        self._saved_step, self._saved_time = self.progress.step, time.monotonic()
