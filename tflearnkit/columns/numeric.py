"""Columns of numbers that are declared: as they are, or in buckets."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from numbers import Integral, Real

import numpy as np
import tensorflow as tf

from tflearnkit.columns.base import DenseColumn, IdColumn, IdTensor
from tflearnkit.columns.raw import as_matrix

__all__ = ["BucketizedColumn", "RealValuedColumn", "bucketized_column", "real_valued_column"]


@dataclass(frozen=True, repr=False)
class RealValuedColumn(DenseColumn):
    """Numbers as they are; made by `real_valued_column`.

    Examples
    --------
    >>> real_valued_column("age").transform({"age": [41, 7]}).numpy().tolist()
    [[41.0], [7.0]]
    """

    name: str
    dimension: int = 1
    default_value: tuple | None = None
    dtype: tf.DType = tf.float32
    normalizer: Callable | None = field(default=None, repr=False)

    @property
    def inputs(self) -> dict[str, str]:
        return {self.name: "numbers"}

    @property
    def width(self) -> int:
        return self.dimension

    def numbers(self, features) -> tf.Tensor:
        """Return the numbers [n, dimension], filled and normalised, before the cast to float32."""
        numbers = tf.convert_to_tensor(as_matrix(features[self.name]))
        if numbers.shape[1] != self.dimension:
            raise ValueError(
                f"Column {self.name!r} expects {self.dimension} numbers per row, but X has "
                f"{numbers.shape[1]}. Say real_valued_column({self.name!r}, "
                f"dimension={numbers.shape[1]})."
            )
        if self.default_value is not None and numbers.dtype.is_floating:
            default = tf.constant(self.default_value, numbers.dtype)
            numbers = tf.where(tf.math.is_nan(numbers), default, numbers)
        return numbers if self.normalizer is None else self._normalized(numbers)

    def _normalized(self, numbers: tf.Tensor) -> tf.Tensor:
        found = tf.convert_to_tensor(self.normalizer(numbers))
        if not found.shape.is_compatible_with(numbers.shape):
            raise ValueError(
                f"The normalizer of column {self.name!r} must keep the shape {numbers.shape}, but "
                f"it returned {found.shape}. Let it work number by number."
            )
        return found

    def transform(self, features) -> tf.Tensor:
        return tf.cast(self.numbers(features), tf.float32)


def real_valued_column(
    column_name: str,
    dimension: int = 1,
    default_value: float | list | tuple | None = None,
    dtype=tf.float32,
    normalizer: Callable | None = None,
) -> RealValuedColumn:
    """Declare numbers that a model takes as they are.

    Scale them yourself (or with ``normalizer``) when they are far from the range -1 to 1: gradient
    methods learn slowly otherwise. With no feature columns at all, an estimator standardises
    numbers by itself.

    Parameters
    ----------
    column_name : str
        Name of the raw feature; '' for an array without names.
    dimension : int, default 1
        Numbers per row, at least 1. Features of more than two axes are flattened.
    default_value : number or list of ``dimension`` numbers, optional
        What stands in for a missing number (NaN). Without it a missing number is an error.
    dtype : float or integer dtype, default tf.float32
        What kind of number the default value is. The column always gives float32.
    normalizer : callable, optional
        ``f(tensor) -> tensor``, applied before the numbers become float32.

    Raises
    ------
    TypeError
        If ``dimension`` is no integer, or ``default_value`` does not suit ``dtype``.
    ValueError
        If ``dimension`` is below 1, ``dtype`` is no number, ``default_value`` has another length
        than ``dimension``, or ``normalizer`` cannot be called.

    Examples
    --------
    >>> real_valued_column("age", default_value=30).default_value
    (30.0,)
    """
    if not isinstance(dimension, Integral) or isinstance(dimension, bool):
        raise TypeError(f"dimension must be an integer, got {dimension!r}. Say dimension=1.")
    if dimension < 1:
        raise ValueError(f"dimension must be at least 1, got {dimension}. Say dimension=1.")
    dtype = tf.as_dtype(dtype)
    if not (dtype.is_integer or dtype.is_floating):
        raise ValueError(
            f"dtype must be convertible to float, got {dtype.name} for column {column_name!r}. "
            "Use an integer or float dtype."
        )
    if normalizer is not None and not callable(normalizer):
        raise ValueError(f"normalizer must be callable, got {normalizer!r}. Pass a function.")
    default = None if default_value is None else _default(default_value, dimension, dtype)
    return RealValuedColumn(column_name, int(dimension), default, dtype, normalizer)


def _default(value, dimension: int, dtype: tf.DType) -> tuple:
    values = list(value) if isinstance(value, list | tuple) else [value] * dimension
    if len(values) != dimension:
        raise ValueError(
            f"The length of default_value must be equal to dimension: got {len(values)} values "
            f"for dimension {dimension}. Give one number, or one per dimension."
        )
    kind = Integral if dtype.is_integer else Real
    for one in values:
        if not isinstance(one, kind):
            raise TypeError(
                f"default_value must be compatible with dtype {dtype.name}, got {one!r}. Give "
                "numbers of that kind, or another dtype."
            )
    return tuple(int(one) if dtype.is_integer else float(one) for one in values)


@dataclass(frozen=True)
class BucketizedColumn(IdColumn):
    """Numbers as the ids of the buckets they fall into; made by `bucketized_column`.

    Examples
    --------
    >>> bucketized_column(real_valued_column("age"), [18, 65]).size
    3
    """

    source_column: RealValuedColumn
    boundaries: tuple[float, ...]
    combiner: str = field(default="sum", init=False)

    @property
    def name(self) -> str:
        return f"{self.source_column.name}_bucketized"

    @property
    def inputs(self) -> dict[str, str]:
        return self.source_column.inputs

    @property
    def size(self) -> int:
        return (len(self.boundaries) + 1) * self.source_column.dimension

    def transform(self, features) -> IdTensor:
        numbers = self.source_column.numbers(features)
        if not numbers.dtype.is_floating:
            numbers = tf.cast(numbers, tf.float64)
        boundaries = tf.constant(self.boundaries, numbers.dtype)
        flat = tf.searchsorted(boundaries, tf.reshape(numbers, [-1]), "right", out_type=tf.int64)
        first = np.arange(self.source_column.dimension) * (len(self.boundaries) + 1)
        return IdTensor(tf.reshape(flat, tf.shape(numbers)) + first)

    def cross_values(self, features) -> tf.Tensor:
        return self.transform(features).ids


def bucketized_column(source_column: RealValuedColumn, boundaries) -> BucketizedColumn:
    """Declare numbers that a model knows by the bucket they fall into.

    Choose it where the effect of a number is no straight line, such as age on income: a linear
    model then learns one weight per bucket. Buckets can be crossed with other columns.

    Parameters
    ----------
    source_column : RealValuedColumn
        The numbers. One with ``dimension`` d gives d ids per row, and each component has weights
        of its own.
    boundaries : list or tuple of numbers
        Ascending, at least one; bucket i is ``[boundaries[i - 1], boundaries[i])``. Equal
        neighbours count once. NaN falls into the last bucket.

    Raises
    ------
    TypeError
        If ``source_column`` is not made by `real_valued_column`.
    ValueError
        If ``boundaries`` is empty, no list, or not ascending.

    Examples
    --------
    >>> column = bucketized_column(real_valued_column("age"), [18, 65])
    >>> column.transform({"age": [17.0, 18.0, 70.0]}).ids.numpy().tolist()
    [[0], [1], [2]]
    """
    if not isinstance(source_column, RealValuedColumn):
        raise TypeError(
            f"source_column must be made by real_valued_column, got {source_column!r}. Only "
            "numbers have buckets."
        )
    if not isinstance(boundaries, list | tuple) or not boundaries:
        raise ValueError(
            f"boundaries must be a list or tuple of at least one number, got {boundaries!r}. "
            "Say boundaries=[18, 65]."
        )
    if list(boundaries) != sorted(boundaries):
        raise ValueError(f"boundaries must be a sorted list, got {boundaries!r}. Sort it.")
    return BucketizedColumn(source_column, tuple(float(b) for b in dict.fromkeys(boundaries)))
