"""Columns of numbers that are inferred: standardised or centred, and those of a sparse matrix."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np
import tensorflow as tf

from tflearnkit.columns.base import DenseColumn, IdColumn, IdTensor
from tflearnkit.columns.raw import as_matrix, raw_feature
from tflearnkit.data.table import Table
from tflearnkit.data.values import called

__all__ = ["CentredColumn", "SparseNumericColumn", "StandardizedColumn"]

_BLOCK = 2**15  # numbers looked at together


@dataclass(frozen=True)
class StandardizedColumn(DenseColumn):
    """Numbers minus their mean, over their standard deviation, both learned; missing ones too.

    What an estimator makes of numbers when it is given no feature columns. A missing number (NaN)
    becomes the mean, which is 0 here, and each component that had missing numbers in training
    brings one more float that says whether it was missing: ``width`` is the count of both.
    Components that never change are only centred. The mean is taken off in float64, so that
    float32 keeps the digits of large numbers such as times.

    Parameters
    ----------
    name : str
        Name of the raw feature, of shape [n] or [n, d]. Dates count in seconds.
    mean, scale : tuple of d floats
        Learned.
    missing : tuple of int
        The components that had missing numbers; learned.

    Examples
    --------
    >>> import numpy as np
    >>> from tflearnkit.data.table import Table
    >>> table = Table({"age": np.array([20.0, 40.0, np.nan])})
    >>> column = StandardizedColumn("age").learn(table)
    >>> column.transform({"age": table["age"]}).numpy().tolist()
    [[-1.0, 0.0], [1.0, 0.0], [0.0, 1.0]]
    """

    name: str
    mean: tuple[float, ...] = field(default=(), repr=False)
    scale: tuple[float, ...] = field(default=(), repr=False)
    missing: tuple[int, ...] = field(default=(), repr=False)

    def __post_init__(self):
        width = len(self.mean)
        if len(self.scale) != width or not set(self.missing) <= set(range(width)):
            raise ValueError(
                f"{called(self.name)} should have one mean and one scale for each component, and "
                f"missing the numbers of some. Got {width}, {len(self.scale)} and {self.missing}: "
                "let the column learn them."
            )

    @property
    def inputs(self) -> dict[str, str]:
        return {self.name: "numbers"}

    @property
    def width(self) -> int:
        return len(self.mean) + len(self.missing)

    def learn(self, table: Table, sample_weight=None) -> StandardizedColumn:
        numbers = as_matrix(raw_feature(table[self.name]))
        with np.errstate(over="ignore", invalid="ignore"):
            mean, scale, missing = _moments(numbers, sample_weight)
        if not np.isfinite(scale).all():
            raise ValueError(
                f"{called(self.name)} must hold numbers whose squares float64 can hold, but its "
                f"largest is {np.nanmax(np.abs(numbers)):.3g}. Scale such numbers down, or replace "
                "them by NaN where they mean that nothing is known."
            )
        return replace(
            self,
            mean=tuple(mean.tolist()),
            scale=tuple(scale.tolist()),
            missing=tuple(np.flatnonzero(missing).tolist()),
        )

    @cached_property
    def _mean(self) -> np.ndarray:
        return np.array(self.mean)

    @cached_property
    def _inverse_scale(self) -> np.ndarray:
        return 1.0 / np.array(self.scale)

    def transform(self, features) -> tf.Tensor:
        return tf.convert_to_tensor(self.transform_all([self], features))

    @classmethod
    def transform_all(cls, columns: Sequence[StandardizedColumn], features):
        """Return the columns side by side; an array where arrays are given."""
        numbers = _joined([column._numbers(features) for column in columns])
        mean = np.concatenate([column._mean for column in columns])
        inverse_scale = np.concatenate([column._inverse_scale for column in columns])
        dtype = numbers.dtype if isinstance(numbers, np.ndarray) else numbers.dtype.as_numpy_dtype
        standard = numbers - mean.astype(dtype)
        standard *= inverse_scale.astype(dtype)
        if isinstance(standard, np.ndarray):
            with np.errstate(over="ignore"):  # what overflows is refused by `encode`
                standard = standard.astype(np.float32, copy=False)
            return _with_flags(standard, columns)
        standard = tf.cast(standard, tf.float32)
        is_missing = tf.math.is_nan(standard)
        standard = tf.where(is_missing, np.float32(0), standard)
        if not any(column.missing for column in columns):
            return standard
        flagged, order = _layout(columns)
        flags = tf.cast(tf.gather(is_missing, flagged, axis=1), tf.float32)
        return tf.gather(tf.concat([standard, flags], axis=1), order, axis=1)

    @property
    def reads(self) -> type:
        """The kind of float that numbers are read as."""
        # float64 keeps what little a large mean leaves of float32's digits; else it only costs
        far = np.abs(self._mean * self._inverse_scale).max() >= 100
        return np.float64 if far else np.float32

    def _numbers(self, features):
        numbers = as_matrix(features[self.name], self.reads)
        return _check_width(self.name, numbers, len(self.mean))


def _check_width(name: str, numbers, width: int):
    """Return ``numbers`` if each row has as many as were learned from."""
    if numbers.shape[1] != width:
        raise ValueError(
            f"Column {name!r} has learned from {width} numbers per row, but X has "
            f"{numbers.shape[1]}. Give it rows like those of training."
        )
    return numbers


def _joined(parts: list):
    if len(parts) == 1:
        return parts[0]
    if isinstance(parts[0], np.ndarray):
        return np.hstack(parts)
    widest = max((part.dtype for part in parts), key=lambda dtype: dtype.size)  # as hstack does
    return tf.concat([tf.cast(part, widest) for part in parts], axis=1)


def _with_flags(standard: np.ndarray, columns: Sequence[StandardizedColumn]) -> np.ndarray:
    """Do what `transform_all` does with tensors for an array: several times as fast."""
    is_missing = np.isnan(standard)
    if is_missing.any():
        standard[is_missing] = 0
    if not any(column.missing for column in columns):
        return standard
    flagged, order = _layout(columns)
    width = standard.shape[1]
    found = np.empty((len(standard), len(order)), np.float32)
    found[:, order < width] = standard
    found[:, order >= width] = is_missing[:, flagged]
    return found


def _layout(columns: Sequence[StandardizedColumn]) -> tuple[np.ndarray, np.ndarray]:
    """Return which of all components have flags, and the order that puts a column's flags last."""
    widths = [len(column.mean) for column in columns]
    starts = np.cumsum([0, *widths[:-1]])
    flagged = [i + np.array(c.missing, int) for i, c in zip(starts, columns, strict=True)]
    owners = [*np.repeat(np.arange(len(columns)), widths)]
    owners += [*np.repeat(np.arange(len(columns)), [len(each) for each in flagged])]
    return np.concatenate(flagged), np.argsort(owners, kind="stable")


def _moments(numbers: np.ndarray, sample_weight) -> tuple:
    """Return mean, standard deviation and number of missing values of each component."""
    n_rows, width = numbers.shape
    weights = np.ones(n_rows) if sample_weight is None else np.reshape(sample_weight, -1)
    blocks = _blocks(n_rows, width)

    def deviations(mean):
        for rows in blocks:
            block = numbers[rows] - mean
            gaps = np.isnan(block)
            if gaps.any():
                block[gaps] = 0.0
            else:
                gaps = None
            yield weights[rows], block, gaps

    total, mean, missing = np.full(width, weights.sum()), np.zeros(width), np.zeros(width, int)
    for w, block, gaps in deviations(0.0):
        mean += w @ block
        if gaps is not None:
            total -= w @ gaps
            missing += gaps.sum(axis=0)
    total[total == 0] = 1.0  # a component without any number: mean 0, scale 1
    mean /= total
    # A second pass: the first mean of many large numbers carries their rounding errors.
    rest, squares = np.zeros(width), np.zeros(width)
    for w, block, _ in deviations(mean):
        rest += w @ block
        squares += w @ (block * block)
    rest /= total
    scale = np.sqrt(np.maximum(squares / total - rest**2, 0))
    mean += rest
    constant = scale <= 10 * np.finfo(np.float64).eps * np.abs(mean)
    return mean, np.where(constant, 1.0, scale), missing


@dataclass(frozen=True)
class CentredColumn(DenseColumn):
    """Numbers minus their mean, which is learned: distances between rows stay what they are.

    What clustering makes of numbers. The mean is taken off before the cast, so that float32 keeps
    the digits of large numbers such as times. A missing number (NaN) becomes the mean.

    Parameters
    ----------
    name : str
        Name of the raw feature, of shape [n] or [n, d]. Dates count in seconds.
    mean : tuple of d floats
        Learned.

    Examples
    --------
    >>> import numpy as np
    >>> from tflearnkit.data.table import Table
    >>> table = Table({"age": np.array([20.0, 40.0, np.nan])})
    >>> CentredColumn("age").learn(table).transform({"age": table["age"]}).numpy().tolist()
    [[-10.0], [10.0], [0.0]]
    """

    name: str
    mean: tuple[float, ...] = field(default=(), repr=False)

    @property
    def inputs(self) -> dict[str, str]:
        return {self.name: "numbers"}

    @property
    def width(self) -> int:
        return len(self.mean)

    def learn(self, table: Table, sample_weight=None) -> CentredColumn:
        numbers = as_matrix(raw_feature(table[self.name]))
        with np.errstate(over="ignore", invalid="ignore"):
            # To float32: any place nearby will do, and float32 numbers lose nothing by this one.
            mean = _mean(numbers, sample_weight).astype(np.float32)
        return replace(self, mean=tuple(mean.tolist()))

    def transform(self, features) -> tf.Tensor:
        return tf.convert_to_tensor(self.transform_all([self], features))

    @classmethod
    def transform_all(cls, columns: Sequence[CentredColumn], features):
        """Return the columns side by side; an array where arrays are given."""
        numbers = [
            _check_width(column.name, as_matrix(features[column.name]), len(column.mean))
            for column in columns
        ]
        means = [np.array(column.mean) for column in columns]
        if all(isinstance(array, np.ndarray) for array in numbers):
            return _centred(numbers, means)
        pairs = zip(numbers, means, strict=True)
        centred = [tf.cast(tf.cast(n, tf.float64) - mean, tf.float32) for n, mean in pairs]
        centred = tf.concat(centred, axis=1)
        return tf.where(tf.math.is_nan(centred), np.float32(0), centred)


def _centred(numbers: list[np.ndarray], means: list[np.ndarray]) -> np.ndarray:
    """Return arrays minus their means, side by side, each number being touched but once."""
    out = np.empty((len(numbers[0]), sum(map(len, means))), np.float32)
    start = 0
    with np.errstate(over="ignore", invalid="ignore"):  # what overflows is refused by `encode`
        for array, mean in zip(numbers, means, strict=True):
            stop = start + len(mean)
            mean = mean.astype(array.dtype) if array.dtype == np.float32 else mean
            np.subtract(array, mean, out=out[:, start:stop], casting="same_kind")
            start = stop
    missing = np.isnan(out)
    if missing.any():
        out[missing] = 0
    return out


def _mean(numbers: np.ndarray, sample_weight) -> np.ndarray:
    """Return the mean of each component over the rows that have it; 0 where none does."""
    weights = np.ones(len(numbers)) if sample_weight is None else np.reshape(sample_weight, -1)
    total = np.full(numbers.shape[1], weights.sum())
    mean = np.zeros(numbers.shape[1])
    for rows in _blocks(*numbers.shape):
        mean += weights[rows] @ numbers[rows]
    if np.isnan(mean).any():
        given = ~np.isnan(numbers)
        total = weights @ given
        mean = weights @ np.where(given, numbers, 0.0)
    return np.divide(mean, total, out=np.zeros_like(mean), where=total > 0)


def _blocks(n_rows: int, width: int) -> list[slice]:
    """Blocks of rows that stay in the cache: over whole columns all waits for memory."""
    step = max(1, _BLOCK // max(width, 1))
    return [slice(start, start + step) for start in range(0, n_rows, step)]


@dataclass(frozen=True)
class SparseNumericColumn(IdColumn):
    """The non-zero numbers of a sparse matrix: ids are the columns' indices, weights the values.

    What an estimator makes of a SciPy sparse matrix. Values are not scaled, and may be negative.
    A ``tf.SparseTensor`` must have its entries in row order, as usual.

    Parameters
    ----------
    name : str
        Name of the raw feature; '' for a matrix without names.
    size : int
        Columns of the matrix.

    Examples
    --------
    >>> found = SparseNumericColumn("", 3).transform({"": [[0.0, 2.0, -1.0]]})
    >>> found.ids.numpy().tolist(), found.weights.numpy().tolist()
    ([[1, 2]], [[2.0, -1.0]])
    """

    name: str
    size: int
    combiner: str = field(default="sum", init=False)

    @property
    def inputs(self) -> dict[str, str]:
        return {self.name: "numbers"}

    def transform(self, features) -> IdTensor:
        matrix = features[self.name]
        if not isinstance(matrix, tf.SparseTensor):
            matrix = tf.sparse.from_dense(as_matrix(matrix))
        _check_width(self.name, matrix, self.size)
        rows, ids = tf.unstack(matrix.indices, axis=1)
        n_rows = tf.unstack(matrix.dense_shape)[0]
        starts = tf.searchsorted(rows, tf.range(n_rows), out_type=tf.int64)
        place = tf.range(tf.size(rows, tf.int64)) - tf.gather(starts, rows)
        where = tf.stack([rows, place], axis=1)
        shape = tf.stack([n_rows, tf.maximum(tf.reduce_max(place), 0) + 1])
        weights = tf.cast(matrix.values, tf.float32)
        return IdTensor(_laid(where, ids, shape, -1), _laid(where, weights, shape, 0))


def _laid(where: tf.Tensor, values: tf.Tensor, shape: tf.Tensor, elsewhere: int) -> tf.Tensor:
    return tf.raw_ops.SparseToDense(
        sparse_indices=where,
        output_shape=shape,
        sparse_values=values,
        default_value=tf.constant(elsewhere, values.dtype),
        validate_indices=False,  # the places are in order, and checking them takes longer
    )
