"""The engine of k-means on points in memory: Lloyd's algorithm, whole passes over all of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cached_property
from typing import NamedTuple

import numpy as np
from sklearn.preprocessing import normalize

from tflearnkit.engines.kmeans_bounds import BoundedSweep
from tflearnkit.engines.kmeans_nearest import nearest, squared_lengths
from tflearnkit.engines.kmeans_program import TIGHT, one_pass
from tflearnkit.engines.kmeans_sweep import Kind, block_rows
from tflearnkit.replicas import ALONE, Alone
from tflearnkit.tensors import has_gpu

__all__ = [
    "LARGEST", "Clusters", "Engine", "LloydEngine", "Passes", "Rules", "coordinates", "kind_of",
    "places",
]  # fmt: skip

LARGEST = 1e30  # mean square of points beyond which float32 has no room for distances
_XLA_WORK = 1e8  # products of a pass from which XLA's compile time is earned back


class Rules(NamedTuple):
    """How k-means is run.

    Attributes
    ----------
    cosine : bool
        Whether the loss is 1 - cosine instead of the squared distance.
    tolerance : float or None
        Training has converged when the loss falls by no more than this fraction; None never.
    batches_per_pass : int
        How many mini-batches are gathered before the centres move; 1 moves them at each one.
    seed : int
        What draws come from.
    """

    cosine: bool = False
    tolerance: float | None = None
    batches_per_pass: int = 1
    seed: int = 0


class Passes(NamedTuple):
    """A chunk of whole passes, for which the points are with the engine already."""

    steps: int


class Clusters(NamedTuple):
    """What training has reached. The arrays are never edited.

    Attributes
    ----------
    centres : float64 array (k, width)
    counts : float64 array (k,)
        What the points of each weigh.
    before : float
        The mean loss of the window before; -1 where there is none.
    loss, weight : float
        What losses and weights have summed up to since.
    double : bool
        Whether distances ask for float64.
    gathered, gathered_counts : arrays like ``centres`` and ``counts``, or None
        Sums over the mini-batches of the pass that is being gathered.
    """

    centres: np.ndarray
    counts: np.ndarray
    before: float = -1.0
    loss: float = 0.0
    weight: float = 0.0
    double: bool = False
    gathered: np.ndarray | None = None
    gathered_counts: np.ndarray | None = None

    @classmethod
    def of(cls, state: Mapping[str, np.ndarray]) -> Clusters:
        """Return what the arrays of a model or a checkpoint mean."""
        before, loss, weight, double = map(float, state["progress"])
        return cls(
            state["clusters"],
            state["counts"],
            before,
            loss,
            weight,
            bool(double),
            state.get("gathered"),
            state.get("gathered_counts"),
        )

    @property
    def state(self) -> dict[str, np.ndarray]:
        """The arrays by the names that they are kept under."""
        progress = np.array([self.before, self.loss, self.weight, self.double], np.float64)
        state = {"clusters": self.centres, "counts": self.counts, "progress": progress}
        if self.gathered is not None:
            state |= {"gathered": self.gathered, "gathered_counts": self.gathered_counts}
        return state


class Engine:
    """What engines of k-means share: what they have reached is exchanged as a whole."""

    def __init__(self, rules: Rules, replicas: Alone = ALONE):
        self.rules, self.replicas, self.converged = rules, replicas, False
        self._reached: tuple[Clusters, int] | None = None

    def __enter__(self):
        return self

    def __exit__(self, *error):
        return None

    def load(self, state: Mapping[str, np.ndarray], step: int) -> None:
        """Set all arrays; ``step`` is how many steps led to them."""
        self._reached = Clusters.of(state), step

    def state(self) -> dict[str, np.ndarray]:
        """Return all arrays by name."""
        return self._reached[0].state

    @property
    def steps_taken(self) -> int:
        """Steps done, those before ``load`` included; right even where a call was interrupted."""
        return self._reached[1]


class LloydEngine(Engine):
    """Lloyd's algorithm on points that stay with the engine; a step is a pass over them all.

    Parameters
    ----------
    points : Encoded
    weights : ndarray of shape (n,)
        Greater than 0.
    rules : Rules
    replicas : Alone
        Those that share the work of a pass. All processes have all the points, which what lies
        between passes needs.
    """

    def __init__(self, points, weights: np.ndarray, rules: Rules, replicas: Alone = ALONE):
        super().__init__(rules, replicas)
        self.points, self.weights = points, np.asarray(weights, np.float32)
        self.total = float(self.weights.sum(dtype=np.float64))
        each = np.ones(points.n_rows) if rules.cosine else squared_lengths(points)
        self.lengths, self._lengths_of_each = float(each @ self.weights), each
        _check_scale(self.lengths / self.total)
        self._fills = True  # whether a cluster without points is given one

    def run(self, chunk: Passes, step: int) -> tuple[np.ndarray, np.ndarray]:
        """Make the passes of ``chunk``, fewer where training converges.

        Returns the loss before each pass, summed over the points, and what the points weigh.
        """
        losses: list[float] = []
        while len(losses) < chunk.steps and not self.converged:
            loss = self._pass()
            if loss is not None:
                losses.append(loss)
        return np.array(losses), np.full(len(losses), self.total)

    def known(self, centres: np.ndarray) -> np.ndarray | None:
        """Return the clusters of points that are known without another look, -1 of the others.

        None where none is; of directions too, whose sweeps take each centre to be one.
        """
        sweep = None if self.rules.cosine else vars(self).get("_sweep")
        return sweep.known(centres) if isinstance(sweep, BoundedSweep) else None

    def _pass(self) -> float | None:
        """Make a pass; return the loss before it, None where float32 has too few digits for it."""
        now, step = self._reached
        halves = np.full(len(now.centres), 0.5)
        if not self.rules.cosine:
            halves = np.einsum("ij,ij->i", now.centres, now.centres) / 2
        sums, counts = self._sweep(now.centres, halves, now.double)
        # Half the squared distance of a point, without half its squared length, sums up to this.
        cost = counts @ halves - np.einsum("ij,ij->", sums, now.centres)
        loss, most = max(self.lengths + 2 * cost, 0.0), self.lengths
        if self.rules.cosine:
            loss, most = loss / 2, most / 2
        if not now.double and loss < TIGHT * most:
            self._reached = now._replace(double=True), step
            return None
        moved = now._replace(
            centres=self._placed(sums, counts, now.centres), counts=counts, before=loss / self.total
        )
        filled = self._filled(moved)
        self.converged = self._is_done(now.before, moved.before) and filled is moved
        self._reached = filled, step + 1
        return loss

    def _is_done(self, before: float, loss: float) -> bool:
        tolerance = self.rules.tolerance
        return tolerance is not None and before >= 0 and before - loss <= tolerance * before

    def _placed(self, sums: np.ndarray, counts: np.ndarray, centres: np.ndarray) -> np.ndarray:
        """Return where the centres move to; one without points stays."""
        some = counts[:, None] > 0
        means = np.divide(sums, counts[:, None], out=np.zeros_like(sums), where=some)
        return np.where(some, normalize(means) if self.rules.cosine else means, centres)

    @cached_property
    def _sweep(self) -> Callable:
        """What finds sums and counts: of one process on a processor, bounds spare most looks."""
        if self.replicas.key is None and not has_gpu():
            return BoundedSweep(self.points, self.weights, self._lengths_of_each)
        return self._compiled()

    def _compiled(self) -> Callable:
        """Return a sweep over all points that replicas share, or that a GPU makes."""
        import tensorflow as tf

        points = self.points
        tensors = [tf.convert_to_tensor(array) for array in (*coordinates(points), self.weights)]
        weighted = bool((self.weights != 1).any())

        def sweep(centres: np.ndarray, _, double: bool) -> tuple:
            kind = kind_of(self.rules, points, len(centres), double, points.n_rows, weighted)
            rows = block_rows(len(centres), points.ids.shape[1])
            found = one_pass(kind, self.replicas)(*tensors, centres, rows)
            return tuple(array.numpy() for array in found)

        return sweep

    def _filled(self, now: Clusters) -> Clusters:
        """Give clusters without points the points that cost most."""
        empty = np.flatnonzero(now.counts <= 0)
        if not len(empty) or not self._fills:
            return now
        costs = nearest(self.points, now.centres)[1] * self.weights
        dearest = np.argsort(-costs, kind="stable")[: len(empty)]
        dearest = dearest[costs[dearest] > 0]
        self._fills = len(dearest) == len(empty)  # else there are fewer places than clusters
        if not len(dearest):
            return now
        centres = now.centres.copy()
        centres[empty[: len(dearest)]] = places(self.points, dearest, centres.shape[1])
        return now._replace(centres=centres)


def _check_scale(mean: float) -> None:
    if mean > LARGEST or 0 < mean < 1e-30:
        raise ValueError(
            "The rows of X should lie at distances whose squares float32 can hold, around 1. The "
            f"mean square is {mean:.3g}: divide the numbers by their standard deviation, which "
            "scales all distances alike."
        )


def kind_of(
    rules: Rules, points, n_centres: int, double: bool, rows: int, weighted: bool = True
) -> Kind:
    """Return the kind of program for a pass over ``rows`` points."""
    each = points.dense.shape[-1] + points.ids.shape[-1]
    work = float(rows) * n_centres * each
    gathers, is_sparse = rules.batches_per_pass > 1, points.id_weights is not None
    return Kind(rules.cosine, is_sparse, weighted, double, gathers, work >= _XLA_WORK)


def coordinates(points) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return dense coordinates, ids and what these count, the last also where there are none."""
    counts = points.id_weights
    if counts is None:
        counts = np.zeros(points.ids.shape, np.float32)
    return points.dense, points.ids, counts


def places(points, rows: np.ndarray, width: int) -> np.ndarray:
    """Return where some of the points lie (len(rows), width)."""
    dense = points.dense[rows]
    found = np.zeros((len(rows), width))
    found[:, : dense.shape[1]] = dense
    if points.id_weights is not None:
        at = np.arange(len(rows))[:, None], dense.shape[1] + points.ids[rows]
        np.add.at(found, at, points.id_weights[rows])
    return found
