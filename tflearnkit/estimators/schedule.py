"""How long to train: what ``fit`` was asked for, and the default where it was not."""

from __future__ import annotations

import math
from typing import NamedTuple

__all__ = ["Asked", "Schedule", "check_one_pass"]

_LARGEST_BATCH = 1024

# A fit of fewer steps ends before XLA's compile time is earned back.
_XLA_FROM_STEPS = 300


class Asked(NamedTuple):
    """What a call of ``fit`` asked for, with the constructor's values where it was silent."""

    steps: int | None = None
    max_steps: int | None = None
    epochs: int | None = None
    batch_size: int | None = None
    monitors: tuple = ()

    @classmethod
    def of(cls, estimator, steps, max_steps, epochs, batch_size, monitors) -> Asked:
        """Merge the arguments of ``fit`` with the constructor's; the call wins."""
        if steps is None and max_steps is None and epochs is None:
            steps, epochs = estimator.steps, estimator.epochs
        if batch_size is None:
            batch_size = estimator.batch_size
        return cls(steps, max_steps, epochs, batch_size, tuple(monitors or ()))

    @property
    def bounded(self) -> bool:
        """Whether anything was said about how long to train."""
        return not (self.steps is None and self.max_steps is None and self.epochs is None)


class Schedule(NamedTuple):
    """Rows per step, and the step to stop at (None: when the data ends)."""

    batch_size: int
    last_step: int | None

    @classmethod
    def for_rows(cls, asked: Asked, n_rows: int, step: int) -> Schedule:
        """Return the schedule for ``n_rows`` in memory, ``step`` steps having been taken."""
        batch_size = min(asked.batch_size or _batch_size(n_rows), n_rows)
        steps_per_epoch = math.ceil(n_rows / batch_size)
        if asked.max_steps is not None:
            return cls(batch_size, asked.max_steps)
        if asked.steps is not None:
            return cls(batch_size, step + asked.steps)
        epochs = asked.epochs or _epochs(n_rows)
        return cls(batch_size, step + epochs * steps_per_epoch)

    @classmethod
    def for_stream(cls, asked: Asked, step: int, rows_as_they_come: int) -> Schedule:
        """Return the schedule for a stream, which ends by itself if nothing was asked.

        Its batches are taken as they come, a step each, unless they are whole tables.
        """
        as_it_comes = rows_as_they_come if rows_as_they_come <= _LARGEST_BATCH else 256
        batch_size = asked.batch_size or as_it_comes
        if asked.max_steps is not None:
            return cls(batch_size, asked.max_steps)
        return cls(batch_size, None if asked.steps is None else step + asked.steps)

    def plan(self, step: int, asked: Asked) -> tuple[int, int] | None:
        """Return the first and the last step that a decaying rate spans, None where it has no end.

        A run up to ``max_steps`` that was interrupted goes on with the plan that it began with.
        """
        if self.last_step is None:
            return None
        return (step if asked.max_steps is None else 0), self.last_step

    def pays_xla(self, first: int) -> bool:
        """Return whether a run from that step is long enough to be compiled by XLA.

        ``first`` is where an interrupted run began: XLA rounds otherwise than TensorFlow.
        """
        return self.last_step is None or self.last_step - first >= _XLA_FROM_STEPS


def check_one_pass(asked: Asked) -> None:
    """Refuse several epochs of a stream."""
    if asked.epochs not in (None, 1):
        raise ValueError(
            "A stream passes once, so that epochs should be 1 or None. Got "
            f"{asked.epochs}. Pass steps, repeat the stream itself (dataset.repeat({asked.epochs}))"
            ", or read it into memory."
        )


def _batch_size(n_rows: int) -> int:
    """Return rows per step: enough for a steady direction, more where there are many rows."""
    return 128 if n_rows < 40_000 else 256


def _epochs(n_rows: int) -> int:
    """Return as many passes as show the network 1.2 million rows, within 10 and 100."""
    return int(min(100, max(10, round(1.2e6 / n_rows))))
