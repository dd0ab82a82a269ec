"""Whether arrays are trees: what goes down them relies on it."""

from __future__ import annotations

import numpy as np

from tflearnkit.engines.forest_trees import Trees, n_words

__all__ = ["check_trees"]


def check_trees(trees: Trees, base: np.ndarray, n_categories) -> None:
    """Check arrays that come from a file.

    Raises
    ------
    ValueError
        If a row could leave its tree, go round in it for ever, or miss its leaf's value.
    """
    _require(trees.sizes.ndim == 1 and trees.sizes.dtype.kind == "i", "sizes of trees")
    _require(trees.split.ndim == 1 and trees.split.dtype.kind == "i", "splits")
    sizes = trees.sizes.astype(np.int64)
    _require(bool((sizes >= 1).all() and (sizes % 2 == 1).all()), "sizes of trees")
    _require(int(sizes.sum()) == len(trees.split), "numbers of nodes")
    inner = trees.split >= 0
    _require(bool((trees.split >> 1 < len(n_categories)).all()), "features")
    _check_levels(sizes, inner)
    n_inner, n_sets = int(inner.sum()), int(n_words(n_categories)[trees.feature[inner]].sum())
    for array, dtype, shape in (
        (trees.threshold, np.float32, (n_inner,)),
        (trees.gain, np.float32, (n_inner,)),
        (trees.output, np.int32, sizes.shape),
        (trees.value, np.float32, (len(inner) - n_inner, *trees.value.shape[1:2])),
    ):
        _require(array.dtype == dtype and array.shape == shape, "values of nodes")
    _require(trees.sets.shape == (n_sets,), "sets")
    _require(not n_sets or trees.sets.dtype == np.uint32, "sets")
    _require(trees.value.ndim == 2 and bool((trees.output >= 0).all()), "outputs")
    if len(sizes):
        per_output = np.unique(trees.output, return_counts=True)[1]
        _require(len(per_output) == trees.n_outputs and np.ptp(per_output) == 0, "outputs")
        _require(base.shape == (trees.n_outputs * trees.value.shape[1],), "scores of no tree")
    _require(base.dtype.kind == "f" and base.ndim == 1, "scores of no tree")


def _check_levels(sizes: np.ndarray, inner: np.ndarray) -> None:
    """Check that children stand behind their parents, in the parent's tree.

    The children of a tree's k-th inner node are its nodes 2k + 1 and 2k + 2.
    """
    starts = np.cumsum(sizes) - sizes
    tree = np.repeat(np.arange(len(sizes)), sizes)[inner]
    n_inner = np.bincount(tree, minlength=len(sizes))
    _require(bool((n_inner == sizes // 2).all()), "numbers of inner nodes")
    rank = np.arange(len(tree)) - (np.cumsum(n_inner) - n_inner)[tree]
    _require(bool((np.flatnonzero(inner) - starts[tree] <= 2 * rank).all()), "orders of nodes")


def _require(fits: bool, what: str) -> None:
    if not fits:
        raise ValueError(f"its trees have {what} that no trees have")
