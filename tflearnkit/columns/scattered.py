"""Scattered embeddings: the vectors of any number of values, hashed out of one flat list."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import tensorflow as tf

from tflearnkit.columns.base import DeepColumn, IdColumn, IdTensor
from tflearnkit.columns.categorical import as_strings, check_combiner, check_size
from tflearnkit.columns.embedded import check_initializer
from tflearnkit.columns.raw import as_id_values, is_given

__all__ = ["ScatteredEmbeddingColumn", "ScatteredIds", "scattered_embedding_column"]

# What stands in an empty row of a scattered embedding: values that real data will hardly have.
NO_STRING = "\x00tflearnkit: no value\x00"
NO_INTEGER = -7203467415925164109


@dataclass(frozen=True)
class ScatteredIds(IdColumn):
    """The places of a scattered embedding: ``dimension`` ids in a row for each value.

    ``ids`` is [n, values * dimension]: value ``v`` of a row holds the entries ``v * dimension`` to
    ``(v + 1) * dimension``, all -1 where there is no value.
    """

    name: str
    size: int
    dimension: int
    hash_key: int | None
    combiner: str

    @property
    def inputs(self) -> dict[str, str]:
        return {self.name: "hashable"}

    def transform(self, features) -> IdTensor:
        values = as_id_values(features[self.name])
        is_text = values.dtype == tf.string
        given = is_given(values)
        # An empty row is a value of its own, so that it has a vector that can learn.
        is_empty = ~tf.reduce_any(given, axis=1, keepdims=True)
        first = tf.one_hot(0, tf.shape(values)[1], True, False, dtype=tf.bool)
        stands_in = is_empty & first
        values = tf.where(stands_in, NO_STRING if is_text else NO_INTEGER, values)
        text = as_strings(values)
        salt = [f"{self.hash_key or 0}:{j}:" for j in range(self.dimension)]
        places = tf.strings.to_hash_bucket_fast(tf.constant(salt) + text[:, :, None], self.size)
        places = tf.where((given | stands_in)[:, :, None], places, -1)
        return IdTensor(tf.reshape(places, [tf.shape(places)[0], -1]))


@dataclass(frozen=True)
class ScatteredEmbeddingColumn(DeepColumn):
    """Values as vectors out of one flat, shared list; made by `scattered_embedding_column`.

    The vector of value ``v`` of a row has the floats at places ``ids[v * dimension:
    (v + 1) * dimension]`` of a list of ``size`` floats; those of several values are combined.

    Examples
    --------
    >>> column = scattered_embedding_column("word", size=50, dimension=3)
    >>> column.name, column.size, column.width
    ('word_scattered_embedding', 50, 3)
    """

    source: ScatteredIds
    initializer: Callable | None = field(default=None, repr=False)

    @property
    def name(self) -> str:
        return f"{self.source.name}_scattered_embedding"

    @property
    def size(self) -> int:
        return self.source.size

    @property
    def dimension(self) -> int:
        return self.source.dimension

    @property
    def combiner(self) -> str:
        return self.source.combiner

    @property
    def width(self) -> int:
        return self.source.dimension


def scattered_embedding_column(
    column_name: str,
    size: int,
    dimension: int,
    hash_key: int | None = None,
    combiner: str = "mean",
    initializer: Callable | None = None,
) -> ScatteredEmbeddingColumn:
    """Declare values as vectors whose every float is found by hashing in one list.

    For very many values and little memory (Chen et al., "Compressing Neural Networks with the
    Hashing Trick", 2015): the ``size`` floats serve any number of values. Two values seldom share
    all of their floats.

    Parameters
    ----------
    column_name : str
        Name of the raw feature, strings or integers.
    size : int
        Number of floats in the list, at least 1.
    dimension : int
        Length of the vectors, at least 1.
    hash_key : int, optional
        Another key gives other collisions.
    combiner : {'mean', 'sum', 'sqrtn'}, default 'mean'
        How the vectors of several values of a row are put together. A row without values has a
        vector of its own, which learns like others.
    initializer : callable, optional
        ``f(shape)`` gives the first floats; by default a truncated normal distribution of standard
        deviation 0.1.

    Raises
    ------
    ValueError
        If an argument is out of its range.

    Examples
    --------
    >>> column = scattered_embedding_column("word", size=50, dimension=3)
    >>> column.source.transform({"word": ["cat"]}).ids.shape
    TensorShape([1, 3])
    """
    check_initializer(initializer)
    source = ScatteredIds(
        column_name,
        check_size("size", size),
        check_size("dimension", dimension),
        hash_key,
        check_combiner(combiner),
    )
    return ScatteredEmbeddingColumn(source, initializer)
