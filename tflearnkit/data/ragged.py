"""Ragged: a column with any number of values in each row."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from tflearnkit.data.coded import Coded

__all__ = ["Ragged", "without_empty"]


class Ragged(NamedTuple):
    """A column with several values per row: row ``i`` is ``values[row_splits[i]:row_splits[i+1]]``.

    Parameters
    ----------
    values : ndarray of shape (n_values,)
        Numbers, or an object array of strings.
    row_splits : int64 ndarray of shape (n_rows + 1,)
        Starts at 0, never falls, ends at ``n_values``.

    Examples
    --------
    >>> import numpy as np
    >>> tags = Ragged(np.array(["a", "b", "c"], object), np.array([0, 2, 2, 3]))
    >>> tags.n_rows, tags.take(np.array([2, 0])).values.tolist()
    (3, ['c', 'a', 'b'])
    """

    values: np.ndarray
    row_splits: np.ndarray

    @classmethod
    def of_lengths(cls, values: np.ndarray, lengths: np.ndarray) -> Ragged:
        """Make it of how many values each row has."""
        return cls(values, _splits(lengths))

    @property
    def n_rows(self) -> int:
        return len(self.row_splits) - 1

    @property
    def lengths(self) -> np.ndarray:
        return np.diff(self.row_splits)

    def take(self, rows) -> Ragged:
        """Return the rows a slice or an index array selects, in its order."""
        lengths, starts = self.lengths[rows], self.row_splits[:-1][rows]
        splits = _splits(lengths)
        picked = np.arange(splits[-1]) + np.repeat(starts - splits[:-1], lengths)
        return Ragged(self.values[picked], splits)


def without_empty(flat: np.ndarray | Coded, lengths: np.ndarray) -> Ragged:
    """Make a Ragged of flat values; None and '' among strings mean that nothing stands there."""
    if not isinstance(flat, Coded):
        return Ragged.of_lengths(flat, lengths)
    keep = np.append(flat.values != "", False)[flat.codes]
    row = np.repeat(np.arange(len(lengths)), lengths)
    words = np.asarray(flat.take(keep))
    return Ragged.of_lengths(words, np.bincount(row[keep], minlength=len(lengths)))


def _splits(lengths) -> np.ndarray:
    return np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
