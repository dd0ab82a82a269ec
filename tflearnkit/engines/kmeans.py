"""The engine of k-means on points in memory: Lloyd's algorithm, whole passes over all of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from tflearnkit.engines.kmeans_nearest import nearest, squared_lengths
from tflearnkit.engines.kmeans_program import lloyd
from tflearnkit.engines.kmeans_sweep import Kind, block_rows
from tflearnkit.replicas import ALONE, Alone

__all__ = [
    "Clusters", "Engine", "LloydEngine", "Passes", "Rules", "coordinates", "kind_of", "places",
]  # fmt: skip

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
        self._weighted = bool((self.weights != 1).any())
        lengths = np.ones(points.n_rows) if rules.cosine else squared_lengths(points)
        self.lengths = float(lengths @ self.weights)
        _check_scale(self.lengths / self.total)
        self._tensors: list | None = None
        self._fills = True  # whether a cluster without points is given one

    def run(self, chunk: Passes, step: int) -> tuple[np.ndarray, np.ndarray]:
        """Make the passes of ``chunk``, fewer where training converges.

        Returns the loss before each pass, summed over the points, and what the points weigh.
        """
        losses: list[float] = []
        while len(losses) < chunk.steps and not self.converged:
            losses += self._passes(chunk.steps - len(losses))
        return np.array(losses), np.full(len(losses), self.total)

    def _passes(self, most: int) -> list[float]:
        """Make passes up to the next event: the last one, an empty cluster, too few digits."""
        now, step = self._reached
        tolerance = self.rules.tolerance
        kind = kind_of(self.rules, self.points, now, self.points.n_rows, self._weighted)
        *arrays, losses, converged, blurred = lloyd(kind, self.replicas)(
            *self._on_device(),
            self.lengths,
            now.centres,
            now.before * self.total,
            -np.inf if tolerance is None else tolerance,
            self._fills,
            most,
            block_rows(len(now.centres), self.points.ids.shape[1]),
        )
        losses = losses.numpy()
        now = now._replace(
            centres=arrays[0].numpy(), counts=arrays[1].numpy(), double=now.double or bool(blurred)
        )
        if len(losses):
            now = now._replace(before=losses[-1] / self.total)
        filled = self._filled(now) if len(losses) else now
        self.converged = bool(converged) and filled is now
        self._reached = filled, step + len(losses)
        return losses.tolist()

    def _on_device(self) -> list:
        import tensorflow as tf

        if self._tensors is None:
            arrays = *coordinates(self.points), self.weights
            self._tensors = [tf.convert_to_tensor(array) for array in arrays]
        return self._tensors

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
    if mean > 1e30 or 0 < mean < 1e-30:
        raise ValueError(
            "The rows of X should lie at distances whose squares float32 can hold, around 1. The "
            f"mean square is {mean:.3g}: divide the numbers by their standard deviation, which "
            "scales all distances alike."
        )


def kind_of(rules: Rules, points, now: Clusters, rows: int, weighted: bool = True) -> Kind:
    """Return the kind of program for a pass over ``rows`` points."""
    each = points.dense.shape[-1] + points.ids.shape[-1]
    work = float(rows) * len(now.centres) * each
    gathers, is_sparse = rules.batches_per_pass > 1, points.id_weights is not None
    return Kind(rules.cosine, is_sparse, weighted, now.double, gathers, work >= _XLA_WORK)


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
