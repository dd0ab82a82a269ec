"""Raw features: the values of a table as columns read them, and the rows of it that differ.

A column's ``transform`` sees a dict ``raw name -> tensor or array``: numbers ``[n]`` or ``[n, d]``,
strings ``[n]`` or ``[n, m]`` with ``''`` for missing and padding, integers used as ids with ``-1``
for missing and padding, and ``tf.SparseTensor`` for a sparse matrix.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
import tensorflow as tf
from scipy import sparse

from tflearnkit.data.table import Coded, Ragged, Table

__all__ = [
    "RawFeatures",
    "as_id_values",
    "as_matrix",
    "different_values",
    "is_given",
    "kind_of",
    "padded",
    "plain",
    "raw_feature",
]

MICROSECOND = 1e-6
LARGEST = np.iinfo(np.int64).max
FEW_ROWS = 64  # below this, finding the different rows costs more than it saves
NOTHING = np.array([""], object)


def kind_of(values) -> str:
    """Return what a table holds: 'strings', 'integers', 'numbers', 'dates' or 'sparse'."""
    if isinstance(values, Coded):
        return "strings"
    if isinstance(values, Ragged):
        return kind_of(values.values)
    if sparse.issparse(values):
        return "sparse"
    kind = values.dtype.kind
    if kind in "OU":
        return "strings"
    if kind in "Mm":
        return "dates"
    return "integers" if kind in "biu" else "numbers"


def raw_feature(values) -> np.ndarray | tf.SparseTensor:
    """Return what a table holds under one name as a raw feature; see the module for the forms.

    Dates become seconds since 1970 and durations seconds (float64), booleans 0 and 1.
    """
    if isinstance(values, Coded):
        return _with_missing(values.values)[values.codes]
    if isinstance(values, Ragged):
        return padded(plain(values.values), values.row_splits)
    return _sparse_tensor(values) if sparse.issparse(values) else plain(values)


def plain(values: np.ndarray) -> np.ndarray:
    """Return values as object strings ('' for None), int64, float32 or float64 (seconds)."""
    kind = values.dtype.kind
    if kind in "OU":
        return np.where(pd.isna(values), "", values).astype(object)
    if kind in "Mm":
        counts = values.astype(f"{kind}8[us]").astype(np.int64) * MICROSECOND
        return np.where(np.isnat(values), np.nan, counts)
    if kind in "biu" and not (kind == "u" and values.max(initial=0) > LARGEST):
        return values.astype(np.int64, copy=False)
    return values if values.dtype == np.float32 else values.astype(np.float64, copy=False)


def different_values(values) -> np.ndarray:
    """Return the values that occur under one name, missing ones too, as `plain` has them."""
    if isinstance(values, Coded):
        values = values.occurring()
        return _with_missing(values.values) if values.has_missing else values.values
    return pd.unique(plain(values.values if isinstance(values, Ragged) else values))


def _with_missing(strings: np.ndarray) -> np.ndarray:
    """Return strings and behind them '', which is where code -1 points to."""
    return np.concatenate([strings, NOTHING])


def _sparse_tensor(values) -> tf.SparseTensor:
    coordinates = values.tocoo()
    indices = np.stack([coordinates.row, coordinates.col], axis=1).astype(np.int64)
    return tf.SparseTensor(indices, coordinates.data.astype(np.float64), values.shape)


def padded(values: np.ndarray, row_splits: np.ndarray) -> np.ndarray:
    """Lay the values of each row, one row below the other, side by side.

    Parameters
    ----------
    values : ndarray of shape (total,) or (total, k)
        All values. Each of them may itself be ``k`` entries.
    row_splits : ndarray of shape (n + 1,)
        Row ``i`` has the values ``row_splits[i]:row_splits[i + 1]``.

    Returns
    -------
    ndarray of shape (n, m * k)
        ``m`` is the length of the longest row, and at least 1. Padding is ``''`` for strings, -1
        for integers and NaN for floats.

    Examples
    --------
    >>> import numpy as np
    >>> padded(np.array([7, 8, 9]), np.array([0, 2, 2, 3]))
    array([[ 7,  8],
           [-1, -1],
           [ 9, -1]])
    """
    lengths = np.diff(row_splits)
    longest = max(int(lengths.max(initial=0)), 1)
    padding = {"O": "", "i": -1, "f": np.nan}[values.dtype.kind]
    laid = np.full((len(lengths), longest, *values.shape[1:]), padding, dtype=values.dtype)
    laid[np.arange(longest) < lengths[:, None]] = values[row_splits[0] : row_splits[-1]]
    return laid.reshape(len(lengths), -1)


def as_matrix(feature, dtype=None):
    """Return a numeric feature as [n, d]; [n] becomes [n, 1], and more axes are flattened.

    An array stays an array, which spares one row's prediction most of its time.
    """
    if isinstance(feature, tf.SparseTensor):
        feature = tf.sparse.to_dense(tf.sparse.reorder(feature))
    if not isinstance(feature, tf.Tensor):
        feature = np.asarray(feature, dtype)
        return feature.reshape(len(feature), int(np.prod(feature.shape[1:])))
    feature = feature if dtype is None else tf.cast(feature, dtype)
    if feature.shape.rank == 1:
        return tf.expand_dims(feature, 1)
    if feature.shape.rank == 2:
        return feature
    return tf.reshape(feature, [tf.shape(feature)[0], np.prod(feature.shape[1:])])


def as_id_values(feature) -> tf.Tensor:
    """Return a feature used for ids as strings or int64 of shape [n, m], missing as '' or -1.

    Integers with missing values come as floats with NaN.
    """
    if isinstance(feature, tf.SparseTensor):
        missing = "" if feature.dtype == tf.string else -1
        feature = tf.sparse.to_dense(tf.sparse.reorder(feature), default_value=missing)
    feature = tf.convert_to_tensor(feature)
    if feature.dtype.is_floating:
        feature = tf.where(tf.math.is_nan(feature), -tf.ones_like(feature), feature)
    if feature.dtype != tf.string:
        feature = tf.cast(feature, tf.int64)
    return tf.expand_dims(feature, 1) if feature.shape.rank == 1 else feature


def is_given(values: tf.Tensor) -> tf.Tensor:
    """Return where ``values`` are neither missing nor padding."""
    return values != ("" if values.dtype == tf.string else -1)


class RawFeatures:
    """The raw features of one table; each feature and each set of different rows is made once."""

    def __init__(self, table: Table):
        self.table = table
        self._features: dict[str, np.ndarray | tf.SparseTensor] = {}
        self._codes: dict[str, np.ndarray] = {}

    def features(self, names) -> dict:
        """Return the features ``names`` of all rows."""
        for name in names:
            if name not in self._features:
                self._features[name] = raw_feature(self.table[name])
        return {name: self._features[name] for name in names}

    def one_value_a_row(self, names) -> bool:
        """Whether every feature in ``names`` is a string or a number a row."""
        columns = [self.table[name] for name in names]
        return all(isinstance(c, Coded) or getattr(c, "ndim", 2) == 1 for c in columns)

    def different_rows(self, names) -> tuple[dict, np.ndarray] | None:
        """Return the features of the rows that differ in ``names``, and which each row equals.

        None where looking for them does not pay: few rows, or several values a row.
        """
        if len(names) == 1 and isinstance(self.table[names[0]], Coded):
            strings = self.table[names[0]]
            if len(strings.values) > max(strings.n_rows, FEW_ROWS):  # few rows taken of many
                strings = strings.occurring()
            return {names[0]: _with_missing(strings.values)}, strings.codes
        if self.table.n_rows <= FEW_ROWS or not self.one_value_a_row(names):
            return None
        codes = self._coded(names[0])
        for name in names[1:]:
            other = self._coded(name)
            codes = pd.factorize(codes * (other.max() + 1) + other)[0]
        representative = np.empty(codes.max() + 1, dtype=np.int64)
        representative[codes] = np.arange(len(codes))
        rows = Table({name: self.table[name] for name in names}).take(representative)
        return {name: raw_feature(rows[name]) for name in names}, codes

    def _coded(self, name) -> np.ndarray:
        if name not in self._codes:
            values = self.table[name]
            codes = values.codes if isinstance(values, Coded) else pd.factorize(values)[0]
            self._codes[name] = codes + 1 if codes.min() < 0 else codes  # missing is a value too
        return self._codes[name]
