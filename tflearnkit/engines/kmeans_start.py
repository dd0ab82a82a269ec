"""Where the centres of k-means begin."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from sklearn.cluster import kmeans_plusplus
from sklearn.preprocessing import normalize

from tflearnkit.engines.kmeans import LARGEST, Clusters, LloydEngine, Passes, Rules, places
from tflearnkit.engines.kmeans_nearest import as_matrix, nearest, squared_lengths
from tflearnkit.engines.kmeans_program import TIGHT

__all__ = ["KMEANS_PLUS_PLUS", "RANDOM", "Start", "begin"]

RANDOM, KMEANS_PLUS_PLUS = "random", "kmeans_plus_plus"
_SAMPLE = 20_000  # points, or a hundred a centre: what starts are looked for on
_EACH = 100
_SAMPLE_PASSES = 100
_SAMPLE_TOLERANCE = 1e-4


class Start(NamedTuple):
    """How to look for a start.

    Attributes
    ----------
    how : str, ndarray of shape (n_centres, width), or callable
        `RANDOM`, `KMEANS_PLUS_PLUS`, the centres themselves, or a function of points (n, width),
        the number of centres and a generator of draws that returns them.
    n_centres : int
    n_init : int
        Starts of which the best is taken.
    retries : int or None
        Of k-means++: further points drawn for each centre, of which the best one is taken; None
        goes by the logarithm of the number of centres.
    """

    how: str | np.ndarray | Callable
    n_centres: int
    n_init: int = 1
    retries: int | None = None


def begin(points, weights: np.ndarray, width: int, start: Start, rules: Rules) -> Clusters:
    """Return the best of several starts.

    Many points are drawn from, and a start on such a sample is the k-means of the sample. Several
    starts are compared by where k-means leads from them.
    """
    rng = np.random.default_rng(rules.seed)
    sample, sample_weights = _drawn(points, weights, start.n_centres, rng)
    begun = []
    for _ in range(start.n_init):
        centres = _centres(sample, sample_weights, width, start, rng)
        centres = normalize(centres) if rules.cosine else centres
        begun.append(Clusters(centres, np.zeros(len(centres))))
    best, is_sample = begun[0], sample is not points
    if not isinstance(start.how, np.ndarray) and (is_sample or len(begun) > 1):
        found = [_converged(one, sample, sample_weights, rules) for one in begun]
        least = min(range(len(found)), key=lambda number: found[number].before)
        best = found[least]._replace(before=-1.0) if is_sample else begun[least]
    return best._replace(double=_is_tight(sample, best.centres, rules.cosine))


def _drawn(points, weights, n_centres: int, rng):
    """Return all the points, or, where they are many, some of them, drawn by their weights."""
    size = max(_SAMPLE, _EACH * n_centres)
    if points.n_rows <= 2 * size:
        return points, weights
    if (weights == weights[0]).all():
        rows = rng.choice(points.n_rows, size, replace=False, shuffle=False)
    else:
        rows = rng.choice(points.n_rows, size, p=weights / weights.sum(dtype=np.float64))
    return points.take(np.sort(rows)), np.ones(size, np.float32)


def _converged(begun: Clusters, points, weights, rules: Rules) -> Clusters:
    """Return where k-means leads from a start."""
    engine = LloydEngine(points, weights, rules._replace(tolerance=_SAMPLE_TOLERANCE))
    engine.load(begun.state, 0)
    while engine.steps_taken < _SAMPLE_PASSES and not engine.converged:
        engine.run(Passes(_SAMPLE_PASSES - engine.steps_taken), engine.steps_taken)
    return Clusters.of(engine.state())


def _centres(points, weights, width: int, start: Start, rng) -> np.ndarray:
    """Return the centres of one start."""
    if isinstance(start.how, np.ndarray):
        return start.how
    if callable(start.how):
        everywhere = places(points, np.arange(points.n_rows), width)
        return start.how(everywhere, start.n_centres, rng)
    if start.how == KMEANS_PLUS_PLUS:
        return _plus_plus(points, weights, width, start, rng)
    share = weights / weights.sum(dtype=np.float64)
    return places(points, rng.choice(len(share), start.n_centres, replace=False, p=share), width)


def _plus_plus(points, weights, width: int, start: Start, rng) -> np.ndarray:
    """Return points that are likely to lie far from each other, by k-means++.

    TensorFlow's operation takes a third of the time of scikit-learn's, but knows neither weights
    nor sparse points, and works in float32.
    """
    seed = int(rng.integers(2**31 - 1))
    # where squares are infinite the operation does not come to an end
    fits = points.id_weights is None and squared_lengths(points).mean() < LARGEST
    if fits and (weights == weights[0]).all():
        centres = _by_tensorflow(points.dense, start, seed)
        if not _is_tight(points, centres):
            return centres
    trials = None if start.retries is None else start.retries + 1
    matrix = as_matrix(points, width).astype(np.float64)
    return kmeans_plusplus(
        matrix, start.n_centres, sample_weight=weights, random_state=seed, n_local_trials=trials
    )[0]


def _is_tight(points, centres: np.ndarray, cosine: bool = False) -> bool:
    """Return whether float32 has too few digits for the distances to these centres, or nearly so.

    As training goes on they become smaller.
    """
    lengths = np.ones(points.n_rows) if cosine else squared_lengths(points)
    return nearest(points, centres)[1].sum() < 10 * TIGHT * lengths.sum()


def _by_tensorflow(points: np.ndarray, start: Start, seed: int) -> np.ndarray:
    import tensorflow as tf

    with tf.device("CPU:0"):
        found = tf.raw_ops.KmeansPlusPlusInitialization(
            points=points,
            num_to_sample=tf.constant(start.n_centres, tf.int64),
            seed=tf.constant(seed, tf.int64),
            num_retries_per_sample=tf.constant(
                -1 if start.retries is None else start.retries, tf.int64
            ),
        )
    return found.numpy().astype(np.float64)
