"""What parts are made of: the arrays they need, the encoded features they see."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np

__all__ = [
    "REACH",
    "USUAL",
    "DenseBlock",
    "EmbeddingBlock",
    "IdBlock",
    "IdTable",
    "Storage",
    "Training",
    "coefficients",
    "entries",
    "joined",
    "one_hot",
    "operation_scope",
    "operations_of",
]

USUAL = 3.0  # standard deviations up to which a number is nothing special
REACH = 4.0  # how far beyond a number can reach


class Storage(NamedTuple):
    """One array of a part: how it is called, shaped and begun, and who may change it."""

    name: str
    shape: tuple[int, ...]
    initial: Callable[[np.random.Generator, tuple[int, ...]], np.ndarray]
    trainable: bool = True
    penalised: bool = False


def _as_it_is(tensor):
    return tensor


class Training(NamedTuple):
    """What a part needs to know while it is trained, and only then."""

    key: Any  # uint32 scalar: what the draws of the step come from
    weights: Any  # float32 [batch]: 0 on padding, which batch moments must not see
    dropout: Any  # scalar probability of dropping a unit
    place: Any = None  # number of the first row in the batch, and how far apart rows are; None: all
    total: Callable = _as_it_is  # what a sum over the rows here is over those of all replicas


class DenseBlock(NamedTuple):
    """Columns ``start:stop`` of the dense features.

    In a tamed block a network sees standardised numbers as they are up to ``USUAL``; beyond they
    grow ever more slowly, by ``REACH`` at most: an outlier a hundred deviations away would
    otherwise drown all else.
    """

    name: str
    start: int
    stop: int
    tamed: bool = False


class IdBlock(NamedTuple):
    """The id column number ``index``: ids 0..size-1, several a row put together by ``combiner``."""

    name: str
    index: int
    size: int
    combiner: str = "sum"


class IdTable(NamedTuple):
    """Where the ids of column number ``column`` are rows: ``size`` of them from ``start`` on.

    ``name`` is that of the storage; None says that the ids are no rows, and keep their numbers.
    """

    name: str | None
    column: int
    start: int
    size: int


@dataclass(frozen=True)
class EmbeddingBlock:
    """A table of vectors for an id column; blocks that share ``table`` share its weights.

    ``size`` counts the rows of the table. A hashed block reads a flat table of scalars and puts
    ``dimension`` of them side by side for each value.
    """

    name: str
    ids: IdBlock
    table: str
    shape: tuple[int, ...]
    dimension: int
    combiner: str = "mean"
    max_norm: float | None = None
    trainable: bool = True
    hashed: bool = False
    initializer: Callable | None = field(default=None, compare=False)


def coefficients(ids, id_weights, combiner: str):
    """Return what each id of a row counts: its weight over the combiner's norm, 0 for no id."""
    import tensorflow as tf

    counts = tf.cast(ids >= 0, tf.float32)
    if id_weights is not None:
        counts *= id_weights
    if combiner == "sum" or (id_weights is None and ids.shape[1] == 1):
        return counts
    if combiner == "mean":
        return tf.math.divide_no_nan(counts, tf.reduce_sum(counts, 1, keepdims=True))
    norm = tf.sqrt(tf.reduce_sum(counts * counts, 1, keepdims=True))
    return tf.math.divide_no_nan(counts, norm)


def entries(features: Mapping, widths: tuple[int, ...], block: IdBlock):
    """Return the ids and id weights (or None) that an id column has in a batch."""
    start = sum(widths[: block.index])
    span = slice(start, start + widths[block.index])
    weights = features.get("id_weights")
    return features["ids"][:, span], None if weights is None else weights[:, span]


def one_hot(features: Mapping, widths: tuple[int, ...], block: IdBlock, combiner: str):
    """Return an id column as ``[batch, size]``: what each id of a row counts."""
    import tensorflow as tf

    ids, weights = entries(features, widths, block)
    if ids.shape[1] == 1 and weights is None:
        return tf.one_hot(ids[:, 0], block.size)
    counts = coefficients(ids, weights, combiner)
    rows = tf.range(tf.shape(ids)[0])[:, None] + tf.zeros_like(ids)
    at = tf.stack([rows, tf.maximum(ids, 0)], axis=-1)
    return tf.scatter_nd(at, counts, [tf.shape(ids)[0], block.size])


def operations_of(scope: str):
    """Name operations after the arrays that they work on: for profiles, and to count them."""
    import tensorflow as tf

    return tf.name_scope(f"{operation_scope(scope)}/")  # the "/" keeps it from becoming scope_1


def operation_scope(name: str) -> str:
    """Return how operations may be called after an array: some characters become "_"."""
    return re.sub("[^A-Za-z0-9_./-]", "_", name)


def joined(pieces):
    """Return tensors side by side."""
    import tensorflow as tf

    return pieces[0] if len(pieces) == 1 else tf.concat(pieces, axis=1)
