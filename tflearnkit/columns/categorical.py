"""Columns of categories whose ids need no list of them: hashes, and integers that are ids."""

from __future__ import annotations

from dataclasses import dataclass

import tensorflow as tf

from tflearnkit.columns.base import IdColumn, IdTensor
from tflearnkit.columns.raw import as_id_values, is_given

__all__ = [
    "CategoricalColumn",
    "HashedColumn",
    "IntegerizedColumn",
    "as_strings",
    "check_combiner",
    "check_dtype",
    "check_size",
    "sparse_column_with_hash_bucket",
    "sparse_column_with_integerized_feature",
]


def check_combiner(combiner: str) -> str:
    """Return ``combiner`` if it is one."""
    if combiner not in ("sum", "mean", "sqrtn"):
        raise ValueError(
            f"combiner must be 'sum', 'mean' or 'sqrtn', got {combiner!r}. Say combiner='mean'."
        )
    return combiner


def check_size(name: str, size: int, least: int = 1) -> int:
    """Return ``size`` if it is an integer of at least ``least``."""
    if isinstance(size, bool) or not hasattr(size, "__index__") or size < least:
        raise ValueError(
            f"{name} must be an integer of at least {least}, got {size!r}. Give a larger one."
        )
    return int(size)


def as_strings(values: tf.Tensor) -> tf.Tensor:
    """Return strings as they are, and integers as decimal strings."""
    return values if values.dtype == tf.string else tf.strings.as_string(values)


@dataclass(frozen=True, repr=False)
class CategoricalColumn(IdColumn):
    """Strings or integers, one or several per row, that stand for ids."""

    name: str

    value_by_value = True

    @property
    def inputs(self) -> dict[str, str]:
        return {self.name: "strings" if self.dtype == tf.string else "integers"}

    def cross_values(self, features) -> tf.Tensor:
        """Return what a crossed column crosses: the raw values [n, m], '' or -1 for nothing."""
        return as_id_values(features[self.name])

    def transform(self, features) -> IdTensor:
        values = as_id_values(features[self.name])
        return IdTensor(tf.where(is_given(values), self.ids_of(values), -1))


@dataclass(frozen=True, repr=False)
class HashedColumn(CategoricalColumn):
    """Ids are hashes; see `sparse_column_with_hash_bucket`."""

    size: int
    combiner: str = "sum"
    dtype: tf.DType = tf.string

    def ids_of(self, values: tf.Tensor) -> tf.Tensor:
        return tf.strings.to_hash_bucket_fast(as_strings(values), self.size)


@dataclass(frozen=True, repr=False)
class IntegerizedColumn(CategoricalColumn):
    """Integers are ids; see `sparse_column_with_integerized_feature`."""

    size: int
    combiner: str = "sum"
    dtype: tf.DType = tf.int64

    def ids_of(self, values: tf.Tensor) -> tf.Tensor:
        return tf.math.floormod(values, self.size)


def check_dtype(column_name: str, dtype) -> tf.DType:
    """Return ``dtype`` as a TensorFlow dtype if ids can be made of it."""
    dtype = tf.as_dtype(dtype)
    if dtype != tf.string and not dtype.is_integer:
        raise ValueError(
            f"dtype must be string or integer, got {dtype.name} for column {column_name!r}. Put "
            "numbers into buckets with bucketized_column."
        )
    return dtype


def sparse_column_with_hash_bucket(
    column_name: str, hash_bucket_size: int, combiner: str = "sum", dtype=tf.string
) -> HashedColumn:
    """Declare categories that are many or not known beforehand: ids are hashes.

    No vocabulary is kept. Values that share a bucket share their weights, so choose several times
    as many buckets as there are frequent values.

    Parameters
    ----------
    column_name : str
        Name of the raw feature: one value per row, or several (a list per row).
    hash_bucket_size : int
        Number of ids, at least 1.
    combiner : {'sum', 'mean', 'sqrtn'}, default 'sum'
        How a linear model puts the weights of several values of a row together.
    dtype : tf.string or an integer dtype, default tf.string
        What kind of values the feature has. Integers are hashed as decimal strings.

    Raises
    ------
    ValueError
        If an argument is out of its range.

    Examples
    --------
    >>> column = sparse_column_with_hash_bucket("city", hash_bucket_size=100)
    >>> column.transform({"city": ["Rome", ""]}).ids.numpy().tolist()
    [[49], [-1]]
    """
    dtype = check_dtype(column_name, dtype)
    size = check_size("hash_bucket_size", hash_bucket_size)
    return HashedColumn(column_name, size, check_combiner(combiner), dtype)


def sparse_column_with_integerized_feature(
    column_name: str, bucket_size: int, combiner: str = "sum", dtype=tf.int64
) -> IntegerizedColumn:
    """Declare integers that are ids already, from 0 to ``bucket_size - 1``.

    Parameters
    ----------
    column_name : str
        Name of the raw feature: one value per row, or several (a list per row).
    bucket_size : int
        Number of ids, at least 1. Other integers wrap around (modulo ``bucket_size``), except -1
        which is missing.
    combiner : {'sum', 'mean', 'sqrtn'}, default 'sum'
        How a linear model puts the weights of several values of a row together.
    dtype : integer dtype, default tf.int64

    Raises
    ------
    ValueError
        If ``bucket_size`` is below 1 or ``dtype`` is no integer dtype.

    Examples
    --------
    >>> column = sparse_column_with_integerized_feature("hour", bucket_size=24)
    >>> column.transform({"hour": [7, 25, -1]}).ids.numpy().tolist()
    [[7], [1], [-1]]
    """
    dtype = tf.as_dtype(dtype)
    if not dtype.is_integer:
        raise ValueError(
            f"dtype must be an integer, got {dtype.name} for column {column_name!r}. Declare "
            "strings with sparse_column_with_hash_bucket."
        )
    size = check_size("bucket_size", bucket_size)
    return IntegerizedColumn(column_name, size, check_combiner(combiner), dtype)
