"""Rows of numbers and category codes -> the leaves they fall into, and sums of what these hold.

A few rows go down all trees at once in NumPy, which needs no compiling; many go in blocks of fixed
size through one program of TensorFlow, compiled by XLA. Both find the same bits: sums of the
trees' values are exact.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

import numpy as np

from tflearnkit.engines.base import shared
from tflearnkit.engines.forest_trees import Trees, n_words

__all__ = ["Scorer"]

_BLOCK = 4096  # rows of a compiled program: any number of rows uses the same one
_MOST_STEPS = 10_000_000  # of rows down trees that NumPy takes in the time of a compilation
_SLICE = 65_536  # places in trees that NumPy moves on together: they stay in the cache


class Scorer:
    """Trees laid out for going down.

    Parameters
    ----------
    trees : Trees
    n_categories : sequence of int
        By feature, 0 for numbers.
    """

    def __init__(self, trees: Trees, n_categories: Sequence[int]):
        self.trees = trees
        # As many for each: they are taken in turn.
        self.n_groups = trees.n_outputs
        in_turn = np.argsort(trees.output, kind="stable").reshape(self.n_groups, -1).T.reshape(-1)
        inner = trees.split >= 0
        words = np.where(inner, n_words(n_categories)[trees.feature], 0)
        self.roots = trees.starts[in_turn].astype(np.int32)
        self.threshold = np.full(len(inner), np.inf, np.float32)  # no row leaves a leaf
        self.threshold[inner] = trees.threshold
        self.threshold[words > 0] = np.inf
        # Where the set of a node begins; -1 where a number decides.
        self.set_start = np.where(words > 0, np.cumsum(words) - words, -1).astype(np.int32)
        self.has_sets = bool((words > 0).any())
        self.leaf = np.maximum(np.cumsum(~inner) - 1, 0).astype(np.int32)

    def sums(self, rows: np.ndarray) -> np.ndarray:
        """Return the sums over trees of the leaves' values, float64 (n, outputs).

        Parameters
        ----------
        rows : float32 array of shape (n, features)
            Numbers, NaN where one is missing, and codes of categories.
        """
        if not len(self.trees):
            return np.zeros((len(rows), self.n_outputs))
        if self._is_little(len(rows)):
            return self._numpy_sums(rows)
        return self._compiled(rows, "sums").astype(np.float64)

    def leaves(self, rows: np.ndarray) -> np.ndarray:
        """Return the leaf of each row in each tree, int32 (trees, n), counted over all trees.

        Trees of several outputs stand here in turn: one for each output, and again.
        """
        if self._is_little(len(rows)):
            columns, rows = self._columns(rows)
            return self.leaf[self._walk(columns, rows)]
        return self._compiled(rows, "leaves").T

    @property
    def n_outputs(self) -> int:
        return self.n_groups * self.trees.value.shape[1]

    def _is_little(self, n_rows: int) -> bool:
        return n_rows * len(self.trees) * max(self.trees.depth, 1) <= _MOST_STEPS

    def _columns(self, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return which column of what rows each node looks at.

        Where a number is missing, each column stands twice: as the least and as the greatest of
        all numbers, and a node looks at the one that sends the row where it belongs.
        """
        if not np.isnan(rows).any():
            return self._column, rows
        both = np.repeat(rows, 2, axis=1)
        missing = np.isnan(both)
        both[:, 0::2][missing[:, 0::2]] = -np.inf
        both[:, 1::2][missing[:, 1::2]] = np.inf
        return self._column_twice, both

    @cached_property
    def _column_twice(self) -> np.ndarray:
        return np.maximum(self.trees.split, 0).astype(np.int32)

    @cached_property
    def _column(self) -> np.ndarray:
        return self._column_twice >> 1

    def _numpy_sums(self, rows: np.ndarray) -> np.ndarray:
        columns, rows = self._columns(rows)
        n_trees, value = len(self.trees), self.trees.value
        step = max(1, _SLICE // n_trees)
        pieces = []
        for start in range(0, len(rows), step):
            leaves = self.leaf[self._walk(columns, rows[start : start + step])]
            found = value[leaves].astype(np.float64)  # (trees, n, L)
            by_group = found.reshape(n_trees // self.n_groups, self.n_groups, *found.shape[1:])
            pieces.append(by_group.sum(axis=0).transpose(1, 0, 2).reshape(-1, self.n_outputs))
        return np.concatenate(pieces)

    def _walk(self, columns: np.ndarray, rows: np.ndarray) -> np.ndarray:
        """Return the node that each row ends at in each tree."""
        flat, width = np.ascontiguousarray(rows).reshape(-1), rows.shape[1]
        offsets = np.arange(len(rows), dtype=np.int32) * width
        node = np.repeat(self.roots[:, None], len(rows), axis=1)
        for _ in range(self.trees.depth):
            found = flat[columns[node] + offsets]
            right = found >= self.threshold[node]
            if self.has_sets:
                right |= self._in_set(node, found)
            node = self.trees.children[node] + right
        return node

    def _in_set(self, node: np.ndarray, found: np.ndarray) -> np.ndarray:
        start = self.set_start[node]
        is_set = start >= 0
        code = np.where(is_set, found, 0).astype(np.int32)
        word = self.trees.sets[np.where(is_set, start + (code >> 5), 0)]
        return is_set & ((word >> (code & 31).astype(np.uint32)) & 1).astype(bool)

    def _compiled(self, rows: np.ndarray, what: str) -> np.ndarray:
        """Return what a program finds, block by block."""
        import tensorflow as tf

        columns, rows = self._columns(rows)
        key = ("forest", what, self.has_sets, self.n_groups)
        program = shared(key, lambda: _program(what, self.has_sets, self.n_groups))
        layout = [tf.constant(_padded(columns)), *self._layout]
        pieces = []
        for start in range(0, len(rows), _BLOCK):
            block = rows[start : start + _BLOCK]
            if len(block) < _BLOCK:
                block = np.zeros((_BLOCK, rows.shape[1]), np.float32)
                block[: len(rows) - start] = rows[start:]
            pieces.append(program(tf.constant(block), *layout).numpy())
        return np.concatenate(pieces)[: len(rows)]

    @cached_property
    def _layout(self) -> list:
        """The arrays of a program, but for the columns; padded, so that few shapes are compiled."""
        import tensorflow as tf

        arrays = [self.threshold, self.trees.children, self.leaf, self.trees.value]
        arrays += [self.set_start, self.trees.sets] if self.has_sets else []
        found = [tf.constant(_padded(array)) for array in arrays]
        return [tf.constant(self.roots), tf.constant(self.trees.depth), *found]

    def __getstate__(self):
        return {name: v for name, v in vars(self).items() if name != "_layout"}


def _padded(array: np.ndarray) -> np.ndarray:
    """Return the array with zeros behind it, up to one of few lengths."""
    length = 1 << max(len(array) - 1, 0).bit_length()
    out = np.zeros((length, *array.shape[1:]), array.dtype)
    out[: len(array)] = array
    return out


def _program(what: str, has_sets: bool, n_groups: int):
    """Return the compiled function of a block and a layout; any other sizes compile anew."""
    import tensorflow as tf

    def walk(rows, columns, roots, depth, threshold, children, set_start=None, sets=None):
        n_rows, width = rows.shape
        flat, offsets = tf.reshape(rows, [-1]), tf.range(n_rows) * width
        nodes = tf.tile(roots[:, None], [1, n_rows])

        def down(step, node):
            found = tf.gather(flat, tf.gather(columns, node) + offsets)
            right = found >= tf.gather(threshold, node)
            if has_sets:
                start = tf.gather(set_start, node)
                is_set = start >= 0
                code = tf.cast(tf.where(is_set, found, 0.0), tf.int32)
                word = tf.gather(sets, tf.where(is_set, start + code // 32, 0))
                bit = tf.bitwise.right_shift(word, tf.cast(code % 32, tf.uint32)) & 1
                right |= is_set & (bit > 0)
            return step + 1, tf.gather(children, node) + tf.cast(right, tf.int32)

        return tf.while_loop(lambda step, node: step < depth, down, [0, nodes])[1]

    @tf.function(jit_compile=True)
    def sums(rows, columns, roots, depth, threshold, children, leaf, value, *sets):
        node = walk(rows, columns, roots, depth, threshold, children, *sets)
        found = tf.cast(tf.gather(value, tf.gather(leaf, node)), tf.float64)  # (trees, n, L)
        n_trees, n_rows, width = found.shape
        by_group = tf.reshape(found, [n_trees // n_groups, n_groups, n_rows, width])
        outputs = tf.transpose(tf.reduce_sum(by_group, axis=0), [1, 0, 2])
        return tf.reshape(outputs, [n_rows, n_groups * width])

    @tf.function(jit_compile=True)
    def leaves(rows, columns, roots, depth, threshold, children, leaf, value, *sets):
        node = walk(rows, columns, roots, depth, threshold, children, *sets)
        return tf.transpose(tf.gather(leaf, node))

    return {"sums": sums, "leaves": leaves}[what]
