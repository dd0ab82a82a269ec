"""Trees as a few arrays: what a forest keeps, saves and predicts from.

Nodes stand tree by tree and, in each, level by level. So the children of the k-th inner node of a
tree are its nodes ``2k + 1`` and ``2k + 2``, and no array needs to say where they are.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from tflearnkit.engines.forest_nodes import Nodes

__all__ = ["Columns", "Trees"]

# Values are multiples of this, so that their sums in float64 are exact: they do not depend on the
# order of the trees in a sum, nor on who adds them up.
_GRAIN = 2.0**-24
# Of bins, those next to that of zero begin at the least number there is. Some programs take such
# a one for zero, which a threshold must not be.
_LEAST = np.finfo(np.float32).tiny


@dataclass(frozen=True)
class Columns:
    """What the columns of a growth's data set are to the trees.

    Attributes
    ----------
    feature : int array
        The feature of each column, -1 where it is none.
    boundaries : dict of int to float array
        The bounds of the bins, by column, of numbers that are in bins.
    n_categories : tuple of int
        By feature, how many categories it has; 0 for numbers.
    """

    feature: np.ndarray
    boundaries: dict[int, np.ndarray]
    n_categories: tuple[int, ...]


@dataclass(frozen=True)
class Trees:
    """Some trees, one behind the other.

    Attributes
    ----------
    sizes : int32 array of shape (T,)
        Nodes of each tree.
    output : int32 array of shape (T,)
        Which output each tree adds to; where leaves hold several, the first of them.
    split : int array of shape (nodes,)
        Of an inner node ``2 * feature``, plus 1 where a missing value goes right; -1 for leaves.
        A row goes right where the number is at least the threshold, or the category in the set.
    threshold : float32 array of shape (inner nodes,)
        0 where a set of categories decides.
    gain : float32 array of shape (inner nodes,)
        By how much a split betters the score, times the weight of the rows that it splits.
    sets : uint32 array
        The sets of such nodes, a bit a category, in whole words.
    value : float32 array of shape (leaves, L)
    """

    sizes: np.ndarray
    output: np.ndarray
    split: np.ndarray
    threshold: np.ndarray
    gain: np.ndarray
    sets: np.ndarray
    value: np.ndarray

    @classmethod
    def of(cls, nodes: Nodes, columns: Columns, first_output: int = 0, n_outputs: int = 1) -> Trees:
        """Return what was grown: trees for ``n_outputs`` outputs in turn, from the first one."""
        order, tree = _by_level(nodes.is_leaf)
        is_leaf = nodes.is_leaf[order]
        feature = columns.feature[nodes.column[order]]
        split = np.where(is_leaf, -1, 2 * feature + nodes.missing[order])
        inner = order[~is_leaf]
        threshold = nodes.threshold[inner]
        for column, bounds in columns.boundaries.items():
            binned = nodes.column[inner] == column
            threshold[binned] = bounds[threshold[binned].astype(int) - 1]
        threshold[(threshold > 0) & (threshold < _LEAST)] = _LEAST
        leaf_number = np.cumsum(nodes.is_leaf) - 1
        value = nodes.value[leaf_number[order[is_leaf]]]
        sizes = np.bincount(tree).astype(np.int32)
        return cls(
            sizes,
            (first_output + np.arange(len(sizes)) % n_outputs).astype(np.int32),
            split.astype(np.min_scalar_type(-2 * len(columns.n_categories))),
            threshold,
            nodes.gain[inner],
            _sets(nodes, inner, feature[~is_leaf], columns.n_categories),
            (np.round(value / _GRAIN) * _GRAIN).astype(np.float32),
        )

    @classmethod
    def none(cls, n_outputs: int) -> Trees:
        """Return no trees."""
        no = {name: np.empty(0, np.float32) for name in _ARRAYS} | {
            name: np.empty(0, np.int32) for name in ("sizes", "output", "split")
        }
        return cls(**no | {"value": np.empty((0, n_outputs), np.float32)})

    @classmethod
    def joined(cls, parts: Sequence[Trees]) -> Trees:
        """Return the trees of several parts as one."""
        if len(parts) == 1:
            return parts[0]
        return cls(**{name: np.concatenate([vars(p)[name] for p in parts]) for name in _ARRAYS})

    @property
    def arrays(self) -> dict[str, np.ndarray]:
        return {name: vars(self)[name] for name in _ARRAYS}

    def __len__(self) -> int:
        return len(self.sizes)

    @property
    def feature(self) -> np.ndarray:
        """The feature that each node looks at, -1 for leaves."""
        return self.split >> 1

    @cached_property
    def starts(self) -> np.ndarray:
        """The first node of each tree."""
        return np.cumsum(self.sizes) - self.sizes

    @cached_property
    def children(self) -> np.ndarray:
        """The left child of each node; the right one follows it. Leaves are their own."""
        inner = np.flatnonzero(self.split >= 0)
        tree = np.repeat(np.arange(len(self)), self.sizes // 2)  # a tree has size // 2 inner nodes
        first = np.cumsum(self.sizes // 2) - self.sizes // 2
        found = np.arange(len(self.split), dtype=np.int32)
        found[inner] = self.starts[tree] + 2 * (np.arange(len(inner)) - first[tree]) + 1
        return found

    @cached_property
    def depth(self) -> int:
        """Steps from a root to the deepest leaf."""
        here, steps = self.starts, -1
        while len(here):
            left = self.children[here[self.split[here] >= 0]]
            here, steps = np.concatenate([left, left + 1]), steps + 1
        return max(steps, 0)

    def steps(self, start: int, stop: int, n_categories: Sequence[int]) -> Trees:
        """Return the trees from ``start`` to ``stop`` of each output."""
        n_steps = len(self) // self.n_outputs
        if start == 0 and stop == n_steps:
            return self
        rank = np.empty(len(self), int)
        rank[np.argsort(self.output, kind="stable")] = np.arange(len(self)) % n_steps
        return self._chosen((rank >= start) & (rank < stop), n_categories)

    def _chosen(self, chosen: np.ndarray, n_categories: Sequence[int]) -> Trees:
        """Return some of the trees."""
        nodes, is_inner = np.repeat(chosen, self.sizes), self.split >= 0
        inner, leaves = nodes[is_inner], nodes[~is_inner]
        words = n_words(n_categories)[self.feature[is_inner]]
        return Trees(
            self.sizes[chosen],
            self.output[chosen],
            self.split[nodes],
            self.threshold[inner],
            self.gain[inner],
            self.sets[np.repeat(inner, words)],
            self.value[leaves],
        )

    @property
    def n_outputs(self) -> int:
        """How many outputs have trees of their own."""
        return int(self.output.max(initial=0)) + 1

    def importances(self, n_features: int) -> np.ndarray:
        """Return by tree and feature how much its splits gained, float64 (T, n_features)."""
        inner = self.split >= 0
        tree = np.repeat(np.arange(len(self)), self.sizes)[inner]
        cell = tree * n_features + self.feature[inner]
        gains = np.bincount(cell, self.gain, minlength=len(self) * n_features)
        return gains.reshape(len(self), n_features)


_ARRAYS = ("sizes", "output", "split", "threshold", "gain", "sets", "value")


def n_words(n_categories: Sequence[int]) -> np.ndarray:
    """Return the words that a set of each feature's categories takes."""
    return (np.array(n_categories, int) + 31) // 32


def _by_level(is_leaf: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the order of depth-first nodes tree by tree and level by level, and their trees.

    The sum of +1 for each inner node and -1 for each leaf falls below a node's own, for the first
    time, where its left branch ends.
    """
    n = len(is_leaf)
    sums = np.cumsum(np.where(is_leaf, -1, 1))
    lowest = sums.min()
    places = np.sort((sums - lowest) * n + np.arange(n))
    inner = np.flatnonzero(~is_leaf)
    ends = places[np.searchsorted(places, (sums[inner] - 1 - lowest) * n + inner)] % n
    right = np.zeros(n, int)
    right[inner] = ends + 1
    tree = -np.minimum.accumulate(np.append(0, sums[:-1]))
    level = np.flatnonzero(np.diff(tree, prepend=-1))  # the roots
    levels = []
    while len(level):
        levels.append(level)
        level = level[~is_leaf[level]]
        level = np.stack([level + 1, right[level]], axis=1).reshape(-1)
    order = np.concatenate(levels)
    order = order[np.argsort(tree[order], kind="stable")]
    return order, tree[order]


def _sets(nodes: Nodes, inner, feature, n_categories) -> np.ndarray:
    """Return the sets of inner nodes as words."""
    words = n_words(n_categories)[feature]
    starts = np.zeros(len(nodes.is_leaf), int)
    starts[inner] = np.cumsum(words) - words
    sets = np.zeros(words.sum(), np.uint32)
    owner, category = nodes.elements
    bits = np.uint32(1) << (category % 32).astype(np.uint32)
    np.bitwise_or.at(sets, starts[owner] + category // 32, bits)
    return sets
