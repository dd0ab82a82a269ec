"""Coded: a column of strings that keeps each different one once."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

__all__ = ["Coded"]

FEW_ROWS = 64  # up to this many, a dict finds the different strings faster than pandas


class Coded(NamedTuple):
    """A column with a string per row: row ``i`` is ``values[codes[i]]``, missing for code -1.

    Strings are looked at once, when they come in: all that follows is done with the codes, or
    once for each value. ``np.asarray`` gives the strings row by row, None where one is missing.

    Parameters
    ----------
    values : object ndarray of shape (n_values,)
        Different strings in any order; not all need occur: `take` keeps them, `occurring` does
        not.
    codes : integer ndarray of shape (n_rows,)
        From -1 to ``n_values - 1``.

    Examples
    --------
    >>> import numpy as np
    >>> city = Coded.of(np.array(["Rome", None, "Oslo", "Rome"], object))
    >>> city.values.tolist(), city.codes.tolist()
    (['Rome', 'Oslo'], [0, -1, 1, 0])
    >>> np.asarray(city.take(slice(1, 3))).tolist()
    [None, 'Oslo']
    """

    values: np.ndarray
    codes: np.ndarray

    @classmethod
    def of(cls, strings: np.ndarray) -> Coded:
        """Make it of an object array of strings, beside which None, NaN or NA may stand."""
        codes, values = _factorized(strings)
        return cls(values, codes)

    @property
    def n_rows(self) -> int:
        return len(self.codes)

    @property
    def has_missing(self) -> bool:
        return bool(self.codes.min(initial=0) < 0)

    def take(self, rows) -> Coded:
        """Return the rows that a slice or an index array selects, in its order."""
        return Coded(self.values, self.codes[rows])

    def spread(self, positions: np.ndarray) -> Coded:
        """Return the rows at ``positions``, a missing one for position -1."""
        return Coded(self.values, np.append(self.codes, -1)[positions])

    def occurring(self) -> Coded:
        """Return the same rows without the values that none of them has."""
        occurs = np.zeros(len(self.values) + 1, bool)  # the last place is that of code -1
        occurs[self.codes] = True
        occurs = occurs[:-1]
        if occurs.all():
            return self
        places = np.append(np.cumsum(occurs) - 1, -1)
        return Coded(self.values[occurs], places[self.codes])

    def __array__(self, dtype=None, copy=None) -> np.ndarray:
        strings = np.append(self.values, None)[self.codes]
        return strings if dtype is None else strings.astype(dtype)


def _factorized(strings: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    if len(strings) > FEW_ROWS:
        import pandas as pd

        return pd.factorize(strings)
    places: dict[str, int] = {}
    codes = [
        places.setdefault(string, len(places)) if isinstance(string, str) else -1
        for string in strings.tolist()
    ]
    return np.array(codes, np.intp), np.array(list(places), object)
