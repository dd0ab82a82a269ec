"""Columns of categories that are listed: as keys, or in a vocabulary file."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import tensorflow as tf

from tflearnkit.columns.categorical import (
    CategoricalColumn,
    as_strings,
    check_combiner,
    check_dtype,
    check_size,
)

__all__ = [
    "KeysColumn",
    "lookup_table",
    "sparse_column_with_keys",
    "sparse_column_with_vocabulary_file",
]


def lookup_table(keys: Iterable, other: int, missing: int) -> tf.lookup.StaticHashTable:
    """Return a table from strings or integers to their positions.

    ``other`` is the id of any value that is not in ``keys``, ``missing`` that of '' or -1.
    """
    keys = list(keys)
    dtype = tf.string if isinstance(keys[0], str) else tf.int64
    ids = dict(zip(keys, range(len(keys)), strict=True))
    ids["" if dtype == tf.string else -1] = missing
    with tf.init_scope():
        entries = tf.lookup.KeyValueTensorInitializer(
            tf.constant(list(ids), dtype), tf.constant(list(ids.values()), tf.int64)
        )
        return tf.lookup.StaticHashTable(entries, default_value=other)


@dataclass(frozen=True, repr=False)
class KeysColumn(CategoricalColumn):
    """Ids are positions in a list of keys; see `sparse_column_with_keys`."""

    keys: tuple = field(repr=False)
    default_value: int = -1
    num_oov_buckets: int = 0
    combiner: str = "sum"
    dtype: tf.DType = tf.string

    @property
    def key(self) -> str:
        return f"{self!r} of {len(self.keys)} keys"

    @property
    def size(self) -> int:
        return len(self.keys) + self.num_oov_buckets

    @cached_property
    def _table(self):
        return lookup_table(self.keys, other=-1, missing=-1)

    @property
    def lookup_tables(self) -> tuple:
        return (self._table,)

    def ids_of(self, values: tf.Tensor) -> tf.Tensor:
        ids = self._table.lookup(values)
        if not self.num_oov_buckets:
            return tf.where(ids < 0, tf.constant(self.default_value, tf.int64), ids)
        bucket = tf.strings.to_hash_bucket_fast(as_strings(values), self.num_oov_buckets)
        return tf.where(ids < 0, len(self.keys) + bucket, ids)


def sparse_column_with_keys(
    column_name: str, keys, default_value: int = -1, combiner: str = "sum", dtype=tf.string
) -> KeysColumn:
    """Declare categories that are known beforehand.

    Parameters
    ----------
    column_name : str
        Name of the raw feature: one value per row, or several (a list per row).
    keys : list or tuple of str or int
        The categories; the id of each is its position.
    default_value : int, default -1
        Id of any other value, below ``len(keys)``; -1 ignores it. A missing value ('', None, NaN,
        or -1 among integers) is always ignored.
    combiner : {'sum', 'mean', 'sqrtn'}, default 'sum'
        How a linear model puts the weights of several values of a row together.
    dtype : tf.string or an integer dtype, default tf.string
        What kind of values the feature has.

    Raises
    ------
    ValueError
        If ``keys`` is empty, has a key twice or of another kind than ``dtype``, or another
        argument is out of its range.

    Examples
    --------
    >>> column = sparse_column_with_keys("city", ["Oslo", "Rome"])
    >>> column.transform({"city": ["Rome", "Paris", ""]}).ids.numpy().tolist()
    [[1], [-1], [-1]]
    """
    dtype = check_dtype(column_name, dtype)
    keys = tuple(keys)
    if not keys or len(set(keys)) < len(keys):
        raise ValueError(
            f"keys of column {column_name!r} must be different values, at least one, got {keys!r}. "
            "Drop the repetitions."
        )
    if any(isinstance(key, str) != (dtype == tf.string) for key in keys):
        raise ValueError(
            f"keys of column {column_name!r} must be of dtype {dtype.name}, got {keys!r}. Say "
            "dtype=tf.int64 for integer keys."
        )
    if not -1 <= default_value < len(keys):
        raise ValueError(
            f"default_value of column {column_name!r} must be -1 or the id of a key, got "
            f"{default_value} with {len(keys)} keys. Say default_value=-1 to ignore other values."
        )
    return KeysColumn(column_name, keys, default_value, 0, check_combiner(combiner), dtype)


def sparse_column_with_vocabulary_file(
    column_name: str,
    vocabulary_file,
    num_oov_buckets: int = 0,
    vocab_size: int | None = None,
    default_value: int = -1,
    combiner: str = "sum",
    dtype=tf.string,
) -> KeysColumn:
    """Declare categories that a text file lists, one per line.

    The file is read now; a saved model carries the categories and does not need it again.

    Parameters
    ----------
    column_name : str
        Name of the raw feature.
    vocabulary_file : path
        A text file in UTF-8. The id of a category is its line, from 0 on.
    num_oov_buckets : int, default 0
        Ids after the vocabulary over which other values are spread by their hash.
    vocab_size : int
        How many lines to read; the file must have as many.
    default_value : int, default -1
        Id of any other value where ``num_oov_buckets`` is 0; -1 ignores it.
    combiner : {'sum', 'mean', 'sqrtn'}, default 'sum'
        How a linear model puts the weights of several values of a row together.
    dtype : tf.string or an integer dtype, default tf.string
        What kind of values the feature has.

    Raises
    ------
    ValueError
        If ``vocab_size`` is missing or more than the file has lines, or another argument is out
        of its range.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> path = pathlib.Path(tempfile.mkdtemp()) / "cities.txt"
    >>> _ = path.write_text("Oslo\\nRome\\n")
    >>> column = sparse_column_with_vocabulary_file("city", path, vocab_size=2)
    >>> column.transform({"city": ["Rome", "Paris"]}).ids.numpy().tolist()
    [[1], [-1]]
    """
    if vocab_size is None:
        raise ValueError(
            f"vocab_size of column {column_name!r} is not defined. Give the number of lines to "
            "read from the vocabulary file."
        )
    check_size("vocab_size", vocab_size)
    check_size("num_oov_buckets", num_oov_buckets, least=0)
    with Path(vocabulary_file).open(encoding="utf-8") as file:
        lines = [line.rstrip("\r\n") for _, line in zip(range(vocab_size), file, strict=False)]
    if len(lines) < vocab_size:
        raise ValueError(
            f"vocab_size of column {column_name!r} is {vocab_size}, but {vocabulary_file} has "
            f"{len(lines)} lines. Say vocab_size={len(lines)}."
        )
    dtype = check_dtype(column_name, dtype)
    keys = lines if dtype == tf.string else [int(line) for line in lines]
    column = sparse_column_with_keys(column_name, keys, default_value, combiner, dtype)
    return KeysColumn(
        column_name, column.keys, default_value, int(num_oov_buckets), column.combiner, dtype
    )
