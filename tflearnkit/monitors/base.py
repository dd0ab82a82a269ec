"""What a monitor sees, and how it is asked.

A run goes on in chunks of many steps. Before each chunk the loop asks every monitor for its
``next_step`` and runs up to the earliest of them, the *border*. There it calls, on every monitor,
``step_begin(step)`` (before the chunk; returns the names of values wanted), ``step_end(step,
outputs)`` with those values, and ``post_step(step)``. A border that a monitor did not ask for does
it no harm. Steps count from 1 and include those of earlier runs: the step is the number of steps
done once the border is reached.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from tflearnkit.monitors.history import History

__all__ = ["BaseMonitor", "Progress"]


def _own(number: int) -> int:
    """Return what a process that trains alone says."""
    return number


@dataclass(eq=False)
class Progress:
    """Where a run stands, and what monitors may ask of it. The loop and the estimator fill it.

    Attributes
    ----------
    step : int
        Training steps done, those of earlier runs included.
    epoch : int
        Epochs finished.
    max_steps : int or None
        Step at which the run ends at the latest; None where that is not known. A stream that ends
        earlier sets it to its last step.
    steps_per_epoch : int or None
        None for a stream of unknown length.
    batch_size : int or None
        Rows per step.
    loss : float
        Mean training loss of the steps since the last border.
    history : History
        Rows so far; monitors add their columns with ``history.record(step, ...)``.
    model_dir : str or None
        Folder of the run's checkpoints and event files.
    evaluate : callable
        ``evaluate(X, y, sample_weight=None, *, input_fn=None, metrics=None, steps=None,
        batch_size=None, name=None)`` returns a dict of floats for the current weights.
    values : callable
        ``values(name)`` returns the array of a variable, ``"loss"`` or ``"global_step"``.
    variable_names : callable
        Names that ``values`` knows, but for the two above.
    snapshot, restore : callable
        ``snapshot()`` copies the current weights in memory; ``restore(copy)`` puts them back.
    save_checkpoint : callable
        Writes a checkpoint now and returns its path, or None where there is no ``model_dir``.
    export : callable
        ``export(folder, verify)`` writes a SavedModel of the current weights below a folder and
        returns its path.
    summaries : SummaryWriter or None
        Writer of the run's TensorBoard file; None where there is none, or another process writes.
    is_chief : bool
        Whether this process writes files, of those that train together.
    least : callable
        ``least(number)`` returns the least of what all processes that train together say, which
        must all ask.

    Examples
    --------
    >>> Progress(step=20, steps_per_epoch=10).epoch
    0
    """

    step: int = 0
    epoch: int = 0
    max_steps: int | None = None
    steps_per_epoch: int | None = None
    batch_size: int | None = None
    loss: float = math.nan
    history: History = field(default_factory=History)
    model_dir: str | None = None
    evaluate: Callable[..., dict] | None = None
    values: Callable[[str], np.ndarray] | None = None
    variable_names: Callable[[], list[str]] | None = None
    snapshot: Callable[[], Any] | None = None
    restore: Callable[[Any], None] | None = None
    save_checkpoint: Callable[[], str | None] | None = None
    export: Callable[[str, bool], str] | None = None
    summaries: Any = None
    is_chief: bool = True
    least: Callable[[int], int] = _own


class BaseMonitor:
    """A listener of a training run; subclass it where :class:`EveryN` does not fit.

    Override any of ``begin``, ``step_begin``, ``step_end``, ``post_step``, ``epoch_begin``,
    ``epoch_end``, ``end``, and call the parent's. A subclass that overrides one of the step
    methods is asked at every step, which makes chunks of one step: override ``next_step`` too
    where fewer looks do.

    Examples
    --------
    >>> class StopWhenGood(BaseMonitor):
    ...     def step_end(self, step, outputs):
    ...         super().step_end(step, outputs)
    ...         return self.progress.loss < 0.1
    >>> StopWhenGood().next_step(7)
    8
    """

    # Defaults on the class: a subclass need not call __init__. They are also what a copy or a
    # pickle gets, since a copy takes no part in the run.
    _progress: Progress | None = None
    _begun = False
    _max_steps: int | None = None
    _current_step: int | None = None
    _current_epoch: int | None = None
    _of_a_run: tuple[str, ...] = ("_progress", "_begun", "_current_step", "_current_epoch")

    def __getstate__(self):
        return {name: v for name, v in vars(self).items() if name not in self._of_a_run}

    @property
    def progress(self) -> Progress:
        """The run's :class:`Progress`."""
        if self._progress is None:
            raise ValueError(
                f"{type(self).__name__} needs the Progress of a run, but has none. "
                "Pass the monitor to fit(monitors=[...]), or call set_progress first."
            )
        return self._progress

    def set_progress(self, progress: Progress) -> None:
        """Receive the run's :class:`Progress`; called once, before ``begin``."""
        if progress is None:
            raise ValueError("set_progress expects a Progress, but got None. Pass the run's.")
        self._progress = progress

    def begin(self, max_steps: int | None = None) -> None:
        """Start of a run that ends at ``max_steps`` at the latest (None: not known)."""
        if self._begun:
            raise ValueError(
                f"{type(self).__name__}.begin was called twice without end in between. "
                "Give every fit that runs at the same time a monitor of its own."
            )
        self._begun = True
        self._max_steps = max_steps
        self._current_step = self._current_epoch = None

    def next_step(self, step: int) -> int | None:
        """First step after ``step`` at which this monitor wants to look; None for never."""
        own, base = type(self), BaseMonitor
        hears = any(
            getattr(own, name) is not getattr(base, name)
            for name in ("step_begin", "step_end", "post_step")
        )
        return step + 1 if hears else None

    def step_begin(self, step: int) -> list[str]:
        """Return the names of the values wanted at ``step``, which is about to run."""
        if step < 0 or (self._max_steps is not None and step > self._max_steps):
            upper = "" if self._max_steps is None else f" to {self._max_steps}"
            raise ValueError(
                f"step_begin expects a step from 0{upper}, but got {step}. "
                "Call begin with the right max_steps."
            )
        self._current_step = step
        return []

    def step_end(self, step: int, outputs: dict) -> bool:
        """Hear of a step that ran; return True to stop the training."""
        if self._current_step != step:
            raise ValueError(
                f"step_end expects the step that began, {self._current_step}, but got {step}. "
                "Call step_begin first."
            )
        self._current_step = None
        return False

    def post_step(self, step: int) -> None:
        """Hear of a step after every monitor had its ``step_end``."""

    def epoch_begin(self, epoch: int) -> None:
        """Start of an epoch, counted from 0, or of a run amid one."""
        if epoch < 0 or self._current_epoch is not None:
            raise ValueError(
                f"epoch_begin expects an epoch from 0, once the one before ended, but got {epoch} "
                f"in epoch {self._current_epoch}. Call epoch_end first."
            )
        self._current_epoch = epoch

    def epoch_end(self, epoch: int) -> bool | None:
        """End of an epoch, or of a run amid one; return True to stop the training."""
        if self._current_epoch != epoch:
            raise ValueError(
                f"epoch_end expects the epoch that began, {self._current_epoch}, but got {epoch}. "
                "Call epoch_begin first."
            )
        self._current_epoch = None

    def end(self) -> None:
        """End of a run, however it came about."""
        if not self._begun:
            raise ValueError(
                f"{type(self).__name__}.end was called without begin. Call begin first."
            )
        self._begun = False
