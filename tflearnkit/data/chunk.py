"""Chunk: what an engine takes in one compiled call, and how arrays of rows become one."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np

from tflearnkit.tensors import aligned

__all__ = ["Chunk", "gather", "laid_out", "row_bytes", "row_weights"]


class Chunk(NamedTuple):
    """``S`` steps of ``B`` rows each, of which the first ``steps`` are real.

    Attributes
    ----------
    features : dict of str to ndarray
        Of encoded columns 'dense' ``(S, B, D)`` float32, 'ids' ``(S, B, M)`` int32, 'id_weights'
        ``(S, B, M)`` float32; each only where there is something in it.
    targets : ndarray of shape (S, B) or (S, B, K)
    weights : float32 ndarray of shape (S, B)
        0 on padding.
    steps : int
    widths : tuple of int
        How many of the ``M`` entries each id column takes.
    """

    features: dict[str, np.ndarray]
    targets: np.ndarray
    weights: np.ndarray
    steps: int
    widths: tuple[int, ...]

    def part(self, first: int, steps: int, capacity: int) -> Chunk:
        """Return some of the steps, with room for ``capacity``; the last ones may come again."""
        last = len(self.weights) - 1
        at = np.minimum(np.arange(first, first + capacity), last)
        features = {name: array[at] for name, array in self.features.items()}
        return Chunk(features, self.targets[at], self.weights[at], steps, self.widths)


def row_bytes(arrays: Iterable[np.ndarray]) -> int:
    """Bytes of one row of all arrays together."""
    return sum(array.itemsize * int(np.prod(array.shape[1:])) for array in arrays)


def row_weights(weights, n_rows) -> np.ndarray:
    """Weights as float32; None counts every row 1."""
    if weights is None:
        return np.ones(n_rows, np.float32)
    return np.asarray(weights, np.float32)


def gather(array, rows, shape) -> np.ndarray:
    """Pick rows by number and lay them out as ``shape`` (steps, batch)."""
    # "clip" spares NumPy a second copy; every row number is in range
    out = aligned((len(rows), *array.shape[1:]), array.dtype)
    np.take(array, rows, axis=0, out=out, mode="clip")
    return out.reshape(*shape, *array.shape[1:])


def laid_out(array, shape, padding=0) -> np.ndarray:
    """Lay rows out as ``shape`` (steps, batch), and padding behind them ('' in text)."""
    padding = "" if array.dtype == object else padding
    out = np.full((shape[0] * shape[1], *array.shape[1:]), padding, array.dtype)
    out[: len(array)] = array
    return out.reshape(*shape, *array.shape[1:])
