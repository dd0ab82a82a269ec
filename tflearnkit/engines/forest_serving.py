"""A forest as operations of TensorFlow that any number of rows may go through: for export.

They find what `Scorer` finds in NumPy, whose arrays they take.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import singledispatch

import numpy as np
import tensorflow as tf

from tflearnkit.columns import RealValuedColumn, VocabularyColumn
from tflearnkit.columns.base import Column
from tflearnkit.columns.raw import as_matrix
from tflearnkit.columns.serving import RawInput, inputs_of
from tflearnkit.data.table import EMPTY
from tflearnkit.engines.forest import Forest
from tflearnkit.engines.forest_columns import DeclaredIds, DeclaredNumbers
from tflearnkit.engines.forest_features import Categories, CategoryCounts, Feature, Numbers
from tflearnkit.engines.forest_scoring import Scorer

__all__ = ["ServedFeatures", "ServedForest"]


class ServedFeatures(tf.Module):
    """Features of trees that take tensors.

    Attributes
    ----------
    inputs : tuple of RawInput
    """

    def __init__(self, parts: tuple[Feature, ...]):
        super().__init__()
        self._parts = tuple((part, _column(part)) for part in parts)
        known = [column for _, column in self._parts if column is not None]
        numbers = [part for part, column in self._parts if column is None]
        found = {one.name: one for one in inputs_of(known)}
        for part in numbers:
            found[part.name] = _input_of_numbers(part)
        self.inputs = tuple(found[name] for name in sorted(found))
        self.lookup_tables = [table for column in known for table in column.lookup_tables]

    def __call__(self, features: Mapping) -> tf.Tensor:
        """Return float32 (n, width), as ``Features.encode`` does."""
        pieces = [_encoded(part, column, features) for part, column in self._parts]
        width = sum(part.width for part, _ in self._parts)
        return tf.ensure_shape(tf.concat(pieces, axis=1), [None, width])


def _input_of_numbers(part: Numbers) -> RawInput:
    one = part.width == 1 and part.name != EMPTY
    dtype = "float64" if any(part.offset) else "float32"
    return RawInput(part.name, dtype, () if one else (part.width,), np.nan)


@singledispatch
def _column(part: Feature) -> Column | None:
    """Return the column whose transform tells what values are: None for plain numbers."""
    return part.column


@_column.register
def _(part: Numbers):
    return None


@_column.register
def _(part: Categories):
    return VocabularyColumn(part.name, "sum", part.vocabulary, part.has_missing)


@_column.register
def _(part: CategoryCounts):
    return VocabularyColumn(part.name, "sum", part.vocabulary, of_lists=True)


@singledispatch
def _encoded(part: Feature, column, features) -> tf.Tensor:
    raise NotImplementedError(type(part).__name__)


@_encoded.register
def _(part: Numbers, column, features):
    return _as_floats(as_matrix(features[part.name]), part.offset)


@_encoded.register
def _(part: Categories, column, features):
    ids = column.transform(features).ids
    unseen = len(part.vocabulary)  # has code 0, and the missing ones the last
    code = tf.where(ids < unseen, ids + 1, ids)
    return tf.cast(tf.where(ids == unseen, tf.zeros_like(ids), code), tf.float32)


@_encoded.register
def _(part: CategoryCounts, column, features):
    ids = column.transform(features).ids
    return tf.reduce_sum(tf.one_hot(ids, len(part.vocabulary)), axis=1)


@_encoded.register
def _(part: DeclaredNumbers, column, features):
    if isinstance(column, RealValuedColumn):
        return _as_floats(column.numbers(features), part.offset)
    buckets = column.transform(features).ids % (len(column.boundaries) + 1)
    return _as_floats(tf.cast(buckets, tf.float32), part.offset)


@_encoded.register
def _(part: DeclaredIds, column, features):
    ids, weights = column.transform(features)
    known = np.array(part.vocabulary, np.int64)
    place = tf.searchsorted(known, tf.reshape(ids, [-1]), out_type=tf.int64)
    place = tf.minimum(tf.reshape(place, tf.shape(ids)), max(len(known) - 1, 0))
    found = tf.gather(known, place) == ids if len(known) else tf.zeros_like(ids, tf.bool)
    if part.single:
        other = tf.where(ids < 0, np.int64(len(known) + 1), np.int64(0))
        return tf.cast(tf.where(found, place + 1, other)[:, :1], tf.float32)
    weights = tf.ones(tf.shape(ids)) if weights is None else weights
    counts = tf.where(found, weights, 0.0)[..., None] * tf.one_hot(place, len(known))
    return tf.reduce_sum(counts, axis=1)


def _as_floats(values: tf.Tensor, offset: tuple[float, ...]) -> tf.Tensor:
    if any(offset):
        values = tf.cast(values, tf.float64) - np.array(offset)
    return tf.cast(values, tf.float32)


class ServedForest(tf.Module):
    """A forest that takes encoded rows as a tensor."""

    def __init__(self, forest: Forest):
        super().__init__()
        scorer = Scorer(forest.trees, forest.n_categories)
        trees = forest.trees
        self._forest, self._n_groups, self._has_sets = forest, scorer.n_groups, scorer.has_sets
        arrays = {
            "roots": scorer.roots,
            "columns": np.maximum(trees.split, 0).astype(np.int32),
            "children": trees.children,
            "threshold": scorer.threshold,
            "leaf": scorer.leaf,
            "value": trees.value,
        }
        if self._has_sets:
            # Unpacked, as some runtimes that forests are exported to do not shift bits.
            bits = np.unpackbits(trees.sets.astype("<u4").view(np.uint8), bitorder="little")
            start = np.where(scorer.set_start < 0, -1, 32 * scorer.set_start.astype(np.int64))
            arrays |= {"set_start": start, "members": bits.astype(bool)}
        # Variables, as constants of a graph may have 2 GB in all.
        self._arrays = {n: tf.Variable(array, trainable=False) for n, array in arrays.items()}

    def __call__(self, rows: tf.Tensor) -> tf.Tensor:
        """Return the scores, float64 (n, K), as ``Forest.scores`` does."""
        forest, n_rows = self._forest, tf.shape(rows)[0]
        found = tf.zeros([n_rows, len(forest.base)], tf.float64)
        if len(forest.trees):
            found = self._sums(self._leaves(rows, n_rows), n_rows)
        if forest.base_weight is None:
            return forest.base + found
        return forest.mean(found, forest.n_steps)

    def _leaves(self, rows, n_rows) -> tf.Tensor:
        """Return the node that each row ends at in each tree."""
        # Read here: a loop of plain tensors is what converters to other runtimes take.
        arrays = {name: variable.read_value() for name, variable in self._arrays.items()}
        width = 2 * rows.shape[1]
        # A missing number is the least and the greatest of all: a node looks at the one it sends.
        both = tf.repeat(rows, 2, axis=1)
        ends = np.where(np.arange(width) % 2, np.inf, -np.inf).astype(np.float32)
        flat = tf.reshape(tf.where(tf.math.is_nan(both), ends, both), [-1])
        offsets = tf.range(n_rows) * width
        nodes = tf.tile(arrays["roots"][:, None], [1, n_rows])

        def down(step, node):
            found = tf.gather(flat, tf.gather(arrays["columns"], node) + offsets)
            right = found >= tf.gather(arrays["threshold"], node)
            if self._has_sets:
                right |= _in_set(arrays, node, found)
            return step + 1, tf.gather(arrays["children"], node) + tf.cast(right, tf.int32)

        depth = self._forest.trees.depth
        return tf.while_loop(lambda step, node: step < depth, down, [0, nodes])[1]

    def _sums(self, nodes, n_rows) -> tf.Tensor:
        found = tf.gather(self._arrays["value"], tf.gather(self._arrays["leaf"], nodes))
        found = tf.cast(found, tf.float64)  # (trees, n, L)
        n_trees, width = found.shape[0], found.shape[2]
        shape = [n_trees // self._n_groups, self._n_groups, n_rows, width]
        outputs = tf.transpose(tf.reduce_sum(tf.reshape(found, shape), axis=0), [1, 0, 2])
        return tf.reshape(outputs, [n_rows, self._n_groups * width])


def _in_set(arrays: Mapping, node, found) -> tf.Tensor:
    """Return whether nodes that look for categories have a row's code in their sets."""
    start = tf.gather(arrays["set_start"], node)
    is_set = start >= 0
    code = tf.cast(tf.where(is_set, found, 0.0), tf.int64)
    return is_set & tf.gather(arrays["members"], tf.where(is_set, start + code, 0))
