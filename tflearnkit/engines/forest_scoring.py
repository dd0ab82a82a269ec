"""Rows of numbers and category codes -> the leaves they fall into, and sums of what these hold.

A few rows go down all trees at once in NumPy, which needs no compiling; many go in blocks of fixed
size through one program of TensorFlow, compiled by XLA. Both find the same bits: sums of the
trees' values are exact.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

import numpy as np

from tflearnkit.engines.forest_program import Descent
from tflearnkit.engines.forest_trees import Trees, n_words

__all__ = ["Scorer"]

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
        if self._goes_by_numpy(rows):
            return self._numpy_sums(rows)
        return self._compiled(rows, "sums").astype(np.float64)

    def leaves(self, rows: np.ndarray) -> np.ndarray:
        """Return the leaf of each row in each tree, int32 (trees, n), counted over all trees.

        Trees of several outputs stand here in turn: one for each output, and again.
        """
        if self._goes_by_numpy(rows):
            columns, rows = self._columns(rows)
            return self.leaf[self._walk(columns, rows)]
        return self._compiled(rows, "leaves").T

    @property
    def n_outputs(self) -> int:
        return self.n_groups * self.trees.value.shape[1]

    def _goes_by_numpy(self, rows: np.ndarray) -> bool:
        """Whether NumPy takes the rows: few of them, or trees that no program does."""
        few = len(rows) * len(self.trees) * max(self.trees.depth, 1) <= _MOST_STEPS
        return few or not Descent.takes(2 * rows.shape[1], self.trees.sizes.max())

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
        columns, rows = self._columns(rows)
        width = rows.shape[1]
        if width not in self._descents:
            self._descents[width] = Descent(
                width,
                self.n_groups,
                self.roots,
                self.trees.depth,
                self.trees.children - np.repeat(self.trees.starts, self.trees.sizes),
                columns,
                self.threshold,
                self.set_start,
                self.leaf,
                self.trees.value,
                self.trees.sets,
            )
        return self._descents[width].find(what, rows)

    @cached_property
    def _descents(self) -> dict[int, Descent]:
        return {}

    def __getstate__(self):
        return {name: v for name, v in vars(self).items() if name != "_descents"}
