"""Passes of Lloyd's algorithm on a processor, which look only at points that may change clusters.

Of each point is known by how much its nearest centre leads: how much farther the second nearest one
is, at least. Centres that move eat that up; until it is gone the nearest centre is the one it was
(Hamerly, "Making k-means even faster", 2010). A lead counts only beyond what rounding can make of a
distance, so that the clusters are those that looking at all points finds; and sums, from which
points are taken that leave, are those of all points anew, to the bit.

NumPy, not TensorFlow: threads take parts of the rows, and BLAS none besides. Measured on 1M points
x 16 and 64 centres, processor time: the first pass .24 s, one over the few that may change .012 s;
.16 s by XLA.
"""

from __future__ import annotations

import itertools
import os
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from functools import cached_property
from typing import NamedTuple

import numpy as np

from tflearnkit.engines.kmeans_nearest import id_matrix
from tflearnkit.engines.kmeans_sums import ExactSums
from tflearnkit.engines.threads import one_blas_thread

__all__ = ["BoundedSweep"]

_PARTS_EACH = 4  # parts of the rows for each thread: the last to end is not waited for as long
_FEWEST_ROWS = 8192  # of a part: in smaller ones threads wait for each other
# Points looked at together, and numbers in their table of likenesses: in smaller ones threads wait
# for each other. Rows of a table whose length is a power of two take products twice the time.
_MOST_ROWS, _BLOCK = 15_000, 1_000_000
_MOST_GATHERED = 0.7  # of a part: where more is to be looked at, all of it is
_RANKS = np.arange(255, 0, -1, dtype=np.uint8)[:, None]


class BoundedSweep:
    """Points in memory, the cluster of each, and by how much its nearest centre leads.

    Parameters
    ----------
    points : Encoded
    weights : float32 array (n,)
    lengths : float64 array (n,)
        Squared lengths; 1 where only directions count.
    """

    def __init__(self, points, weights: np.ndarray, lengths: np.ndarray):
        self._points, self._lengths = points, lengths
        self._labels = np.zeros(len(weights), np.int32)
        self._leads = np.empty(len(weights))
        self._centres: np.ndarray | None = None  # those that all else is known for
        self._found: tuple = ()  # their sums and counts
        self._tables = _Tables()
        self._parts = _parts(len(weights))
        dense = (points.dense[part] for part in self._parts)
        self._sums = ExactSums(points, weights, np.max(list(map(_largest, dense)), axis=0))

    def __call__(self, centres: np.ndarray, halves: np.ndarray, double: bool) -> tuple:
        """Return sums and counts of the points nearest to each centre, float64.

        Parameters
        ----------
        centres : float64 array (k, width)
        halves : float64 array (k,)
            Half their squared lengths.
        double : bool
            Whether to compare distances in float64.
        """
        places = _Places.of(centres, halves, self._points, double)
        drops, known = self._drops(centres), self._centres is not None
        sums, counts = map(np.copy, self._found) if known else _nothing(centres.shape)
        self._centres = None  # until all is done: a pass may be interrupted

        def look(part: slice) -> tuple:
            return self._look(part, places, drops, known, centres.shape)

        with one_blas_thread():
            for change in self._in_threads(look):
                sums += change[0]
                counts += change[1]
        self._centres, self._found = centres, (sums, counts)
        return sums, counts

    def known(self, centres: np.ndarray) -> np.ndarray:
        """Return the clusters of the points whose leads last, -1 of the others."""
        if self._centres is None:
            return np.full_like(self._labels, -1)
        drops = self._drops(centres)
        return np.where(self._leads > drops[self._labels], self._labels, -1)

    def _in_threads(self, job) -> Iterator:
        """Yield what a job makes of each part of the rows."""
        if len(self._parts) == 1:
            yield job(self._parts[0])
            return
        at_work = [self._threads.submit(job, part) for part in self._parts]
        try:
            for future in at_work:
                yield future.result()
        finally:  # a pass that is broken off edits nothing any more when the next one begins
            for future in at_work:
                future.cancel()
            wait(at_work)

    @cached_property
    def _threads(self) -> ThreadPoolExecutor:
        """One for each processor, kept from pass to pass."""
        return ThreadPoolExecutor(os.cpu_count() or 1)

    def _drops(self, centres: np.ndarray) -> np.ndarray:
        """Return what the points of each centre lose of their leads."""
        if self._centres is None:
            self._leads[:] = -np.inf
            return np.zeros(len(centres))
        moved = np.linalg.norm(centres - self._centres, axis=1)
        most = np.sort(moved)[-2:]
        return moved + np.where(moved == most[-1], most[0], most[-1])

    def _look(self, part: slice, places, drops: np.ndarray, known: bool, shape: tuple) -> tuple:
        """Look at the points of a part whose lead is gone; return how sums and counts change."""
        change = _nothing(shape)
        for block in self._blocks(part, drops):
            after, *likeness = self._tables.nearest(self._likeness(block, places))
            before, self._labels[block] = self._labels[block].copy(), after
            self._leads[block] = places.leads(self._lengths[block], *likeness)
            if known:
                (moved,) = np.nonzero(after != before)
                rows = moved + block.start if isinstance(block, slice) else block[moved]
                self._sums.move(rows, after[moved], before[moved], change)
            else:
                self._sums.move(block, after, None, change)
        return change

    def _blocks(self, part: slice, drops: np.ndarray) -> list:
        """Take from the leads of a part; return the points without, some at a time."""
        leads = self._leads[part]
        leads -= drops[self._labels[part]]
        which = np.flatnonzero(leads <= 0) + part.start
        size = max(64, min(_MOST_ROWS, _BLOCK // len(drops)))
        if len(which) <= _MOST_GATHERED * len(leads):
            return [which[i : i + size] for i in range(0, len(which), size)]
        return [slice(i, min(i + size, part.stop)) for i in range(part.start, part.stop, size)]

    def _likeness(self, block: slice | np.ndarray, places: _Places) -> np.ndarray:
        """Return products with all centres less half the squared lengths of these (k, rows)."""
        dense, dtype = self._points.dense[block], places.near.dtype
        rows = self._tables.of("rows", (len(dense), places.near.shape[1]), dtype)
        rows[:, :-1], rows[:, -1] = dense, 1
        out = self._tables.of("likeness", (len(places.near), len(rows)), dtype)
        likeness = np.matmul(places.near, rows.T, out=out)
        if places.rest is not None:
            counts = self._points.id_weights[block].astype(dtype, copy=False)
            ids = id_matrix(self._points.ids[block], counts, len(places.rest))
            likeness += (ids @ places.rest).T
        return likeness


def _largest(dense: np.ndarray) -> np.ndarray:
    """Return the largest absolute number of each column.

    Some rows are looked at as one: NumPy takes several times as long where columns are few.
    """
    n_rows, width = dense.shape
    together = min(64, n_rows)
    even = n_rows - n_rows % together
    wide = dense[:even].reshape(even // together, together * width)
    widest = np.maximum(wide.max(axis=0), -wide.min(axis=0)).reshape(together, width)
    return np.abs(np.concatenate([widest, dense[even:]])).max(axis=0)


def _nothing(shape: tuple) -> tuple[np.ndarray, np.ndarray]:
    """Return sums and counts of no points."""
    return np.zeros(shape), np.zeros(shape[0])


def _parts(n_rows: int) -> list[slice]:
    """Return the rows in parts, some for each processor."""
    n_parts = max(1, min(_PARTS_EACH * (os.cpu_count() or 1), n_rows // _FEWEST_ROWS))
    edges = np.linspace(0, n_rows, n_parts + 1).astype(int).tolist()
    return [slice(*ends) for ends in itertools.pairwise(edges)]


class _Places(NamedTuple):
    """Where the centres of a pass lie.

    Attributes
    ----------
    near : array (k, n_dense + 1)
        Their dense coordinates, and half their squared lengths, negative: what makes products with
        points, of which a 1 is the last coordinate, comparisons.
    rest : array (n_ids, k) or None
        The other coordinates.
    largest : float
        The largest squared length.
    rounding : float
        What rounding can make of a comparison of squared distances, for squared lengths of 1.
    """

    near: np.ndarray
    rest: np.ndarray | None
    largest: float
    rounding: float

    @classmethod
    def of(cls, centres: np.ndarray, halves: np.ndarray, points, double: bool) -> _Places:
        dtype = np.float64 if double else np.float32
        n_dense = points.dense.shape[1]
        near = np.column_stack([centres[:, :n_dense], -halves]).astype(dtype)
        rest = None
        if points.id_weights is not None:
            rest = np.ascontiguousarray(centres[:, n_dense:].T, dtype)
        terms = n_dense + points.ids.shape[1] + 3
        return cls(near, rest, 2 * halves.max(), 2 * terms * float(np.finfo(dtype).eps))

    def leads(self, lengths: np.ndarray, best: np.ndarray, second: np.ndarray) -> np.ndarray:
        """Return how much farther the second nearest centre is at least."""
        slack = self.rounding * (lengths + self.largest)
        farther = np.sqrt(np.maximum(lengths - 2 * second, 0))
        return farther - np.sqrt(np.maximum(lengths - 2 * best, 0) + slack)


class _Tables(threading.local):
    """What a thread writes into again and again: new memory would take longer to come by."""

    def __init__(self):
        self._kept: dict[str, np.ndarray] = {}

    def of(self, name: str, shape: tuple[int, int], dtype) -> np.ndarray:
        size = shape[0] * shape[1]
        kept = self._kept.get(name)
        if kept is None or kept.size < size or kept.dtype != dtype:
            kept = self._kept[name] = np.empty(size, dtype)
        return kept[:size].reshape(shape)

    def nearest(self, likeness: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return for each column the number of its first largest row, that number and the next.

        A row for each centre, a column for each point: NumPy's argmax of the other way round takes
        thrice the time, as its loops run over so few numbers at once. Edits ``likeness``.
        """
        best = likeness.max(axis=0)
        is_best = np.equal(likeness, best, out=self.of("is_best", likeness.shape, np.bool_))
        labels = np.zeros(len(best), np.int32)
        for start in reversed(range(0, len(likeness), len(_RANKS))):
            part = is_best[start : start + len(_RANKS)].view(np.uint8)
            out = self.of("ranks", part.shape, np.uint8)
            rank = np.multiply(part, _RANKS[: len(part)], out=out).max(axis=0)
            found = start + len(_RANKS) - rank.astype(np.int32)
            np.copyto(labels, found, where=rank > 0)
        likeness[labels, np.arange(len(labels))] = -np.inf
        return labels, best, likeness.max(axis=0)
