"""A table -> arrays: each column's transform, run on as few rows as will do."""

from __future__ import annotations

from itertools import groupby
from typing import NamedTuple

import numpy as np
import tensorflow as tf

from tflearnkit.columns.raw import RawFeatures, padded
from tflearnkit.data.table import Coded, Ragged, Table
from tflearnkit.errors import listing

__all__ = ["Encoded", "encode"]


class Encoded(NamedTuple):
    """A table as an engine eats it.

    Attributes
    ----------
    dense : float32 array (n, D)
        All dense columns side by side; D may be 0.
    ids : int32 array (n, M)
        All id columns side by side, each with ids of its own from 0 on; -1 is nothing.
    id_weights : float32 array (n, M) or None
        What each id counts; None when each counts 1.
    widths : tuple of int
        How many of the M entries each id column takes, in order.

    Examples
    --------
    >>> from tflearnkit.columns import ColumnSet, sparse_column_with_keys
    >>> from tflearnkit.data.table import as_table
    >>> columns = ColumnSet([sparse_column_with_keys("tags", ["a", "b"])])
    >>> columns.encode(as_table({"tags": [["b", "a"], []]})).ids.tolist()
    [[1, 0], [-1, -1]]
    """

    dense: np.ndarray
    ids: np.ndarray
    id_weights: np.ndarray | None
    widths: tuple[int, ...]

    @property
    def features(self) -> dict[str, np.ndarray]:
        """The arrays that hold something, by name."""
        arrays = {"dense": self.dense, "ids": self.ids, "id_weights": self.id_weights}
        return {key: a for key, a in arrays.items() if a is not None and a.shape[1] > 0}

    @property
    def n_rows(self) -> int:
        return len(self.dense)

    def take(self, rows: slice) -> Encoded:
        """Return some of the rows."""
        id_weights = None if self.id_weights is None else self.id_weights[rows]
        return Encoded(self.dense[rows], self.ids[rows], id_weights, self.widths)

    @classmethod
    def joined(cls, parts: list[Encoded]) -> Encoded:
        """Return the rows of several parts, each id column as wide as it is in the widest.

        Widths are powers of two, so that few different ones are ever compiled.
        """
        of_columns = zip(*(part.widths for part in parts), strict=True)
        widths = tuple(1 << max(max(column) - 1, 0).bit_length() for column in of_columns)
        ids = [_spread(part.ids, part.widths, widths, -1) for part in parts]
        id_weights = None
        if any(part.id_weights is not None for part in parts):
            given = [
                np.ones(part.ids.shape, np.float32) if part.id_weights is None else part.id_weights
                for part in parts
            ]
            spread = [_spread(g, p.widths, widths, 0) for g, p in zip(given, parts, strict=True)]
            id_weights = np.concatenate(spread)
        dense = np.concatenate([part.dense for part in parts])
        return cls(dense, np.concatenate(ids), id_weights, widths)

    def span(self, column: int) -> slice:
        """Return where the id column of that number stands in ``ids``."""
        start = sum(self.widths[:column])
        return slice(start, start + self.widths[column])


def encode(dense, ids, table: Table) -> Encoded:
    """Return what dense and id columns make of ``table``."""
    raw = RawFeatures(table)
    with tf.device("CPU:0"):  # the way to an accelerator and back is longer than the work
        found = [_encode_ids(column, raw) for column in ids]
        numbers = _encode_dense(dense, raw)
    return Encoded(
        dense=numbers,
        ids=_side_by_side([column_ids for column_ids, _ in found], table.n_rows, np.int32),
        id_weights=_joint_weights(found, table.n_rows),
        widths=tuple(column_ids.shape[1] for column_ids, _ in found),
    )


def _encode_dense(columns, raw: RawFeatures) -> np.ndarray:
    parts = []
    for kind, group in groupby(columns, type):  # sorted by key, each kind stands together
        group = list(group)
        features = raw.features([name for column in group for name in column.sources])
        parts.append(np.asarray(kind.transform_all(group, features)))
    joint = _side_by_side(parts, raw.table.n_rows)
    if not np.isfinite(joint).all():
        found = [column.transform(raw.features(column.sources)).numpy() for column in columns]
        _refuse_not_finite(columns, found)
    return joint


def _refuse_not_finite(columns, found: list[np.ndarray]) -> None:
    """Say which columns met a missing number, or one too large for float32."""
    pairs = list(zip(columns, found, strict=True))
    missing = [repr(column.name) for column, numbers in pairs if np.isnan(numbers).any()]
    if missing:
        raise ValueError(
            f"Column {listing(missing)} expects numbers, but X has NaN in it. Give the column a "
            "default_value, impute the missing numbers, or leave out feature_columns."
        )
    too_large = [
        f"row {np.argwhere(np.isinf(numbers))[0, 0]} of column {column.name!r}"
        for column, numbers in pairs
        if np.isinf(numbers).any()
    ]
    raise ValueError(
        "Columns must give numbers that float32 can hold, up to 3.4e38, but X makes them infinite "
        f"in {listing(too_large)}. Scale such numbers down, or replace them by NaN where they mean "
        "that nothing is known."
    )


def _encode_ids(column, raw: RawFeatures):
    """Return a column's ids and weights, worked out for the different rows only."""
    names = column.sources
    values = raw.table[names[0]]
    if column.value_by_value and isinstance(values, Ragged):
        return _encode_ragged(column, names[0], values)
    different = raw.different_rows(names)
    features, codes = different or (raw.features(names), None)
    ids, weights = column.transform(features)
    ids = _rows(ids.numpy().astype(np.int32), codes)
    if weights is not None:
        weights = weights.numpy()
        if not np.isfinite(weights).all():
            _refuse_not_finite([column], [weights])
        weights = _rows(weights, codes)
    if all(isinstance(raw.table[name], np.ndarray | Coded) for name in names):
        return ids, weights
    return _lengthened(ids, weights)


def _rows(found: np.ndarray, codes: np.ndarray | None) -> np.ndarray:
    """Return what was found for all rows, of which ``codes`` tells the equal ones."""
    return found if codes is None else found.take(codes, axis=0)


def _encode_ragged(column, name: str, ragged: Ragged):
    """Work out the ids of the different values, then put them back row by row."""
    is_text = ragged.values.dtype.kind == "O"
    flat = RawFeatures(Table({name: Coded.of(ragged.values) if is_text else ragged.values}))
    different = flat.different_rows([name])
    features, codes = different or (flat.features([name]), None)
    # [values, 1]: one of possibly several values of a row, not a row's only value
    ids, _ = column.transform({name: features[name][:, None]})
    ids = _rows(ids.numpy().astype(np.int32), codes)
    return _lengthened(padded(ids, ragged.row_splits), None)


def _lengthened(ids: np.ndarray, weights: np.ndarray | None):
    """Pad rows of varying length to a power of two, so that few shapes are ever compiled."""
    n_rows, length = ids.shape
    extra = (1 << (length - 1).bit_length()) - length
    ids = np.concatenate([ids, np.full((n_rows, extra), -1, ids.dtype)], axis=1)
    if weights is not None:
        weights = np.concatenate([weights, np.zeros((n_rows, extra), weights.dtype)], axis=1)
    return ids, weights


def _joint_weights(found: list, n_rows: int) -> np.ndarray | None:
    if all(weights is None for _, weights in found):
        return None
    return _side_by_side(
        [np.ones(i.shape, np.float32) if w is None else w for i, w in found], n_rows
    )


def _spread(array, own, widths, padding) -> np.ndarray:
    """Lay id columns of the widths ``own`` out in wider ones."""
    if tuple(own) == widths:
        return array
    out = np.full((len(array), sum(widths)), padding, array.dtype)
    source = target = 0
    for narrow, wide in zip(own, widths, strict=True):
        out[:, target : target + narrow] = array[:, source : source + narrow]
        source, target = source + narrow, target + wide
    return out


def _side_by_side(parts: list[np.ndarray], n_rows: int, dtype=np.float32) -> np.ndarray:
    if len(parts) == 1:
        return parts[0].astype(dtype, copy=False)
    joint = np.empty((n_rows, sum(part.shape[1] for part in parts)), dtype)
    start = 0
    for part in parts:
        joint[:, start : start + part.shape[1]] = part
        start += part.shape[1]
    return joint
