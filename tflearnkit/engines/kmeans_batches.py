"""The engine of k-means on mini-batches, for streams and for tables that are large."""

from __future__ import annotations

import numpy as np

from tflearnkit.columns import Encoded
from tflearnkit.engines.kmeans import Clusters, Engine, Rules, coordinates, kind_of, places
from tflearnkit.engines.kmeans_nearest import nearest, squared_lengths
from tflearnkit.engines.kmeans_program import TIGHT, batches
from tflearnkit.engines.kmeans_sweep import Kind, block_rows
from tflearnkit.replicas import ALONE, Alone
from tflearnkit.tensors import as_tensor

__all__ = ["MiniBatchEngine", "points_of"]


class MiniBatchEngine(Engine):
    """Mini-batch k-means: each batch draws the centres towards the means of its points.

    A centre is the mean of all points that it was ever nearest to; where batches are gathered to
    passes, of those of the last pass, as in Lloyd's algorithm.

    Parameters
    ----------
    rules : Rules
    window : int
        Steps whose mean loss is compared with that of the steps before.
    first_step : int
        Where the first window begins.
    rows : int
        Points of a window, at least about: decides how the program is compiled.
    replicas : Alone
        Those that share the points of each batch.
    """

    def __init__(
        self, rules: Rules, window: int, first_step: int, rows: int, replicas: Alone = ALONE
    ):
        super().__init__(rules, replicas)
        self.window, self.first_step, self.rows = window, first_step, rows

    def run(self, chunk, step: int) -> tuple[np.ndarray, np.ndarray]:
        """Take the steps of ``chunk``, fewer where training converges.

        Returns the weighted sums of the losses and the sums of the weights, one of each a step.
        """

        points = points_of(chunk.features, chunk.weights.shape)
        arrays = *coordinates(points), chunk.weights
        tensors = [as_tensor(self.replicas.own(array)) for array in arrays]
        weights = chunk.weights[: chunk.steps].sum(axis=1, dtype=np.float64)
        losses: list[float] = []
        while len(losses) < chunk.steps and not self.converged:
            losses += self._to_border(points, chunk, tensors, weights, len(losses))
        return np.array(losses), weights[: len(losses)]

    def _to_border(self, points, chunk, tensors, weights, first: int) -> list[float]:
        """Take steps from the chunk's ``first`` on, to the end of the window or of the chunk."""
        now, step = self._reached
        left = self.window - (step - self.first_step) % self.window
        stop = min(chunk.steps, first + left)
        *arrays, losses = batches(self._kind(points, now), self.replicas)(
            *tensors,
            now.centres,
            now.counts,
            *_gathered(now),
            first,
            stop,
            self.rules.batches_per_pass,
            step - first,
            block_rows(len(now.centres), points.ids.shape[-1]),
        )
        centres, counts, *gathered = (array.numpy() for array in arrays)
        losses = losses.numpy()
        loss, weight = now.loss + losses.sum(), now.weight + weights[first:stop].sum()
        now = now._replace(centres=centres, counts=counts, loss=loss, weight=weight)
        if self.rules.batches_per_pass > 1:
            now = now._replace(gathered=gathered[0], gathered_counts=gathered[1])
        if stop == first + left:
            batch = _rows_of(points, stop - 1)
            now = self._closed(now, batch, chunk.weights[stop - 1], step + stop - first)
        self._reached = now, step + stop - first
        return losses.tolist()

    def _kind(self, points, now: Clusters) -> Kind:
        kind = kind_of(self.rules, points, len(now.centres), now.double, self.rows)
        # Steps that meet take no less time with XLA: measured, twice as much.
        return kind._replace(xla=kind.xla and self.replicas.key is None)

    def _closed(self, now: Clusters, batch, weights: np.ndarray, step: int) -> Clusters:
        """End a window: look at the loss, and fill empty clusters from the last batch."""
        loss = now.loss / now.weight
        tolerance = self.rules.tolerance
        if tolerance is not None and now.before >= 0:
            self.converged = now.before - loss <= tolerance * now.before
        length = 1.0
        if not self.rules.cosine:
            length = np.average(squared_lengths(batch), weights=weights)
        double = now.double or loss < TIGHT * length
        now = now._replace(before=loss, loss=0.0, weight=0.0, double=double)
        return self._filled(now, batch, weights, step)

    def _filled(self, now: Clusters, batch, weights: np.ndarray, step: int) -> Clusters:
        """Give clusters that never had a point some of the batch, the likelier the dearer."""
        empty = np.flatnonzero(now.counts <= 0)
        if not len(empty):
            return now
        costs = nearest(batch, now.centres)[1] * weights
        empty = empty[: np.count_nonzero(costs)]
        if not len(empty):
            return now
        rng = np.random.default_rng([self.rules.seed, step])
        drawn = rng.choice(len(costs), len(empty), replace=False, p=costs / costs.sum())
        centres = now.centres.copy()
        centres[empty] = places(batch, drawn, centres.shape[1])
        return now._replace(centres=centres)


def points_of(features: dict, shape: tuple) -> Encoded:
    """Return the points of a chunk, of which only arrays that hold something are there."""
    dense = features.get("dense", np.zeros((*shape, 0), np.float32))
    ids = features.get("ids", np.zeros((*shape, 0), np.int32))
    counts = features.get("id_weights")
    if counts is not None:
        ids = np.maximum(ids, 0)  # padding counts nothing
    return Encoded(dense, ids, counts, ids.shape[-1:])


def _rows_of(points: Encoded, step: int) -> Encoded:
    counts = points.id_weights
    counts = None if counts is None else counts[step]
    return Encoded(points.dense[step], points.ids[step], counts, points.widths)


def _gathered(now: Clusters) -> tuple[np.ndarray, np.ndarray]:
    if now.gathered is not None:
        return now.gathered, now.gathered_counts
    return np.zeros_like(now.centres), np.zeros_like(now.counts)
