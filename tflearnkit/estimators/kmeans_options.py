"""What the parameters of `KMeansClustering` mean: checked, and turned into rules and a start."""

from __future__ import annotations

import copy
import inspect
import warnings
from collections.abc import Callable
from numbers import Integral, Real

import numpy as np
from sklearn.utils import check_array
from sklearn.utils._param_validation import Interval, StrOptions

from tflearnkit.engines.kmeans import Rules
from tflearnkit.engines.kmeans_start import KMEANS_PLUS_PLUS, RANDOM, Start
from tflearnkit.estimators.additive import draw_seed
from tflearnkit.estimators.kmeans_space import Space
from tflearnkit.estimators.schedule import Asked

__all__ = ["CONSTRAINTS", "COSINE", "EUCLIDEAN", "draw", "rules_of", "start_of"]

EUCLIDEAN, COSINE = "squared_euclidean", "cosine"

_RANDOM_STARTS = 10
_PASS_TOLERANCE, _EPOCH_TOLERANCE = 1e-5, 1e-3

_COUNT = Interval(Integral, 1, None, closed="left")
CONSTRAINTS: dict = {
    "num_clusters": [_COUNT],
    "initial_clusters": [StrOptions({RANDOM, KMEANS_PLUS_PLUS}), callable, "array-like"],
    "distance_metric": [StrOptions({EUCLIDEAN, COSINE})],
    "random_seed": ["random_state"],
    "use_mini_batch": ["boolean"],
    "mini_batch_steps_per_iteration": [_COUNT],
    "kmeans_plus_plus_num_retries": [Interval(Integral, 0, None, closed="left"), None],
    "relative_tolerance": [Interval(Real, 0, None, closed="left"), None],
    "n_init": [_COUNT, StrOptions({"auto"})],
}


def draw(estimator) -> int:
    """Return the number that every draw of a fit comes from."""
    if estimator.random_seed is None:
        return draw_seed(estimator)
    if estimator.random_state is not None:
        raise ValueError(
            "random_state and random_seed mean the same. Got both: pass one of them, random_state "
            "as elsewhere in scikit-learn."
        )
    twin = copy.copy(estimator)
    twin.random_state = estimator.random_seed
    return draw_seed(twin)


def rules_of(estimator, seed: int, asked: Asked, streamed: bool, onward: bool) -> Rules:
    """Return how k-means is run. A run of so many steps stops before them only if told to."""
    tolerance = estimator.relative_tolerance
    if tolerance is None and not (asked.bounded or streamed or onward):
        tolerance = _EPOCH_TOLERANCE if estimator.use_mini_batch else _PASS_TOLERANCE
    cosine = estimator.distance_metric == COSINE
    return Rules(cosine, tolerance, estimator.mini_batch_steps_per_iteration, seed)


def start_of(estimator, space: Space) -> Start:
    """Return how to look for a start."""
    how, n_init = estimator.initial_clusters, estimator.n_init
    is_given = not (isinstance(how, str) or callable(how))
    if is_given and n_init not in ("auto", 1):
        warnings.warn(
            "Explicit initial center position passed: performing only one init in "
            f"{type(estimator).__name__} instead of n_init={n_init}. Leave n_init out.",
            RuntimeWarning,
            stacklevel=6,
        )
    if n_init == "auto" or is_given:
        n_init = _RANDOM_STARTS if isinstance(how, str) and how == RANDOM else 1
    if is_given:
        how = _inside(how, space, estimator.num_clusters)
    elif callable(how):
        how = _by_function(how, space)
    retries = estimator.kmeans_plus_plus_num_retries
    return Start(how, estimator.num_clusters, n_init, retries)


def _by_function(function: Callable, space: Space) -> Callable:
    """Return a user's function of rows and a number as one of points, a number and draws."""
    takes = inspect.signature(function).parameters
    takes_draws = "random_state" in takes or any(p.kind == p.VAR_KEYWORD for p in takes.values())

    def start(points: np.ndarray, n_centres: int, rng: np.random.Generator) -> np.ndarray:
        draws = np.random.RandomState(rng.integers(2**31 - 1))
        words = {"random_state": draws} if takes_draws else {}
        return _inside(function(space.shown(points), n_centres, **words), space, n_centres)

    return start


def _inside(centres, space: Space, n_centres: int) -> np.ndarray:
    """Return centres that a user gave, in the space of the points."""
    centres = check_array(centres, dtype=np.float64, input_name="initial_clusters")
    if len(centres) != n_centres:
        raise ValueError(
            f"The shape of the initial centers {centres.shape} does not match the number of "
            f"clusters {n_centres}. Give a row for each cluster."
        )
    if centres.shape[1] != space.width:
        raise ValueError(
            f"The shape of the initial centers {centres.shape} does not match the number of "
            f"features of the data {space.width}. Give them in the space of cluster_centers_."
        )
    return space.inside(centres)
