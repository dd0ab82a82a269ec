"""History: the rows of numbers a training leaves behind."""

from __future__ import annotations

import math
from collections.abc import Mapping

__all__ = ["History", "series"]

_FIRST = ("step", "epoch", "loss")


def series(history: Mapping[str, list], name: str) -> tuple[list[int], list[float]]:
    """Return the steps at which a column of ``history_`` has a number, and the numbers.

    Examples
    --------
    >>> series({"step": [10, 20], "loss": [0.7, 0.5], "val_loss": [None, 0.6]}, "val_loss")
    ([20], [0.6])
    """
    rows = [
        (step, value)
        for step, value in zip(history["step"], history[name], strict=True)
        if value is not None and math.isfinite(value)
    ]
    return [step for step, _ in rows], [value for _, value in rows]


class History:
    """Numbers by training step, in rows; what estimators show as ``history_``.

    Parameters
    ----------
    rows : list of dict, default=None
        Rows of an earlier training to go on from.

    Examples
    --------
    >>> history = History()
    >>> history.record(10, epoch=0, loss=0.7)
    >>> history.record(20, epoch=1, loss=0.5)
    >>> history.record(20, val_loss=0.6)
    >>> history.as_dict()
    {'step': [10, 20], 'epoch': [0, 1], 'loss': [0.7, 0.5], 'val_loss': [None, 0.6]}
    """

    def __init__(self, rows: list[dict] | None = None):
        self.rows = [dict(row) for row in rows or ()]

    def record(self, step: int, **values) -> None:
        """Add columns to the row of ``step``, which is made where the last row is of another."""
        if not self.rows or self.rows[-1]["step"] != step:
            self.rows.append({"step": step})
        self.rows[-1].update(values)

    def as_dict(self) -> dict[str, list]:
        """Return a list per column, None where a row has no such value."""
        names = dict.fromkeys([*_FIRST, *(name for row in self.rows for name in row)])
        return {name: [row.get(name) for row in self.rows] for name in names}

    def __len__(self) -> int:
        return len(self.rows)
