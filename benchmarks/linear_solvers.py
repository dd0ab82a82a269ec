"""The exact linear solvers beside scikit-learn's: time to solution and distance to the optimum.

    python benchmarks/linear_solvers.py [name ...]

Ours and the peer take turns in one process; times are medians of at least five rounds, the ratio
is the median of the rounds' ratios.  A gap is ``(objective - best) / best``, the best being found
with a tight tolerance; both sides' gaps are printed, since a time means nothing without them.
"""

from __future__ import annotations

import sys
import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy import sparse
from sklearn.datasets import load_diabetes, load_digits, make_classification
from sklearn.linear_model import LinearRegression, LogisticRegression

from tflearnkit.engines.newton import solve

ROUNDS = 5


@dataclass
class Case:
    """One problem, both ways to solve it, and the objective of what each returns."""

    name: str
    ours: Callable[[], object]
    peer: Callable[[], object]
    objective: Callable[[np.ndarray, np.ndarray], float]  # of coefficients (d, K), intercept (K,)
    best: Callable[[], object]


def logistic_objective(x, y, l2):
    def objective(coef, intercept):
        z = x @ coef[:, 0] + intercept[0]
        return np.mean(np.logaddexp(0, z) - y * z) + 0.5 * l2 * (coef**2).sum()

    return objective


def softmax_objective(x, y, l2):
    def objective(coef, intercept):
        z = x @ coef + intercept
        top = z.max(axis=1, keepdims=True)
        total = top[:, 0] + np.log(np.exp(z - top).sum(axis=1))
        return np.mean(total - z[np.arange(len(y)), y]) + 0.5 * l2 * (coef**2).sum()

    return objective


def dense_logistic(name, x, y, our_tol=None, **peer):
    x, l2 = x.astype(np.float32), 1 / len(y)

    def ours(tol=our_tol):
        return solve(x, None, None, 0, y, None, "logistic", l2, tol=tol)

    return Case(name, ours, lambda: LogisticRegression(**peer).fit(x, y),
                logistic_objective(x.astype(np.float64), y, l2), lambda: ours(None))


def dense_softmax(name, x, y, **peer):
    x, l2, classes = x.astype(np.float32), 1 / len(y), np.eye(y.max() + 1)[y]

    def ours(tol=None):
        return solve(x, None, None, 0, classes, None, "softmax", l2, tol=tol)

    return Case(name, ours, lambda: LogisticRegression(**peer).fit(x, y),
                softmax_objective(x.astype(np.float64), y, l2), lambda: ours(1e-12))


def categorical_logistic(name, n, columns, n_ids, **peer):
    """Popular and rare ids in every column; the peer gets the one-hot matrix ready made."""
    rng = np.random.default_rng(0)
    size = n_ids // columns
    ids = (rng.zipf(1.3, (n, columns)) % size + np.arange(columns) * size).astype(np.int32)
    ends = np.arange(0, n * columns + 1, columns)
    x = sparse.csr_matrix((np.ones(n * columns), ids.ravel(), ends), shape=(n, n_ids))
    y = (rng.random(n) < 1 / (1 + np.exp(-x @ rng.normal(0, 0.4, n_ids)))).astype(float)
    nothing, l2 = np.empty((n, 0), np.float32), 1 / n

    def ours(tol=None):
        return solve(nothing, ids, None, n_ids, y, None, "logistic", l2, tol=tol)

    return Case(name, ours, lambda: LogisticRegression(**peer).fit(x, y),
                logistic_objective(x, y, l2), lambda: ours(1e-12))


def text_logistic(name, n, n_ids, **peer):
    """Rows of 5 to 25 weighted ids, as of text."""
    rng = np.random.default_rng(0)
    ids = (rng.zipf(1.2, (n, 25)) % n_ids).astype(np.int32)
    ids[np.arange(25) >= rng.integers(5, 26, n)[:, None]] = -1
    strength = rng.random((n, 25)).astype(np.float32)
    rows = np.nonzero(ids >= 0)[0]
    x = sparse.csr_matrix((strength[ids >= 0].astype(float), (rows, ids[ids >= 0])), (n, n_ids))
    y = (rng.random(n) < 1 / (1 + np.exp(-x @ rng.normal(0, 1, n_ids)))).astype(float)
    nothing, l2 = np.empty((n, 0), np.float32), 1 / n

    def ours(tol=None):
        return solve(nothing, ids, strength, n_ids, y, None, "logistic", l2, tol=tol)

    return Case(name, ours, lambda: LogisticRegression(**peer).fit(x, y),
                logistic_objective(x, y, l2), lambda: ours(1e-12))


def least_squares(name, x, y):
    def ours():
        return solve(x, None, None, 0, y, None, "squared", 0.0)

    def objective(coef, intercept):
        return 0.5 * np.mean((x @ coef[:, 0] + intercept[0] - y) ** 2)

    return Case(name, ours, lambda: LinearRegression().fit(x, y), objective, ours)


def spread(x, seed=1):
    """Columns of unequal scale and centre, as in a table nobody has scaled."""
    rng = np.random.default_rng(seed)
    return x * np.exp(rng.normal(size=x.shape[1])) + rng.normal(size=x.shape[1])


def pixels(n, seed=0):
    """Ten classes of 784 non-negative, partly constant and correlated columns."""
    rng = np.random.default_rng(seed)
    y = rng.integers(0, 10, n)
    parts = np.maximum(rng.normal(size=(10, 40)), 0)[y] + 2 * np.abs(rng.normal(size=(n, 40)))
    x = parts @ np.maximum(rng.normal(size=(40, 784)) - 0.8, 0) / 10
    x += 0.1 * rng.random((n, 784))
    x[:, rng.permutation(784)[:100]] = 0
    return np.minimum(x, 1), y


def cases():
    """Name -> function that builds the case, so that only the cases asked for are built."""
    classes = {"n_samples": 100_000, "n_features": 50, "n_informative": 20, "random_state": 0}

    def plain():
        return make_classification(**classes)

    def uneven():
        x, y = plain()
        return spread(x), y

    def even():
        rng = np.random.default_rng(0)
        x = rng.normal(size=(100_000, 50))
        return x, (rng.random(100_000) < 1 / (1 + np.exp(-x @ rng.normal(0, 0.5, 50)))) * 1

    wide = (200_000, 20, 100_000)
    return {
        "dense": lambda: dense_logistic("100k x 50, lbfgs", *plain()),
        "dense-1e-5": lambda: dense_logistic("same, ours to a gap of 1e-5", *plain(), our_tol=1e-5),
        "dense-cholesky": lambda: dense_logistic(
            "100k x 50, newton-cholesky", *plain(), solver="newton-cholesky"),
        "uneven": lambda: dense_logistic("100k x 50 unscaled, lbfgs", *uneven()),
        "uneven-1e-5": lambda: dense_logistic(
            "same, ours to a gap of 1e-5", *uneven(), our_tol=1e-5),
        "even": lambda: dense_logistic("100k x 50 independent, lbfgs", *even()),
        "categorical": lambda: categorical_logistic(
            "200k x 20 categorical, newton-cg", *wide, solver="newton-cg"),
        "categorical-tight": lambda: categorical_logistic(
            "same, newton-cg tol=1e-6", *wide, solver="newton-cg", tol=1e-6, max_iter=300),
        "text": lambda: text_logistic(
            "50k x 20k text, newton-cg", 50_000, 20_000, solver="newton-cg"),
        "digits": lambda: dense_softmax(
            "digits softmax, newton-cg", *load_digits(return_X_y=True), solver="newton-cg",
            tol=1e-6),
        "pixels": lambda: dense_softmax("60k x 784 x 10 softmax, lbfgs", *pixels(60_000)),
        "diabetes": lambda: least_squares(
            "diabetes, LinearRegression", *load_diabetes(return_X_y=True)),
    }


def timed(work):
    start = time.perf_counter()
    found = work()
    return time.perf_counter() - start, found


def measure(case: Case) -> str:
    found = case.best()
    best = case.objective(np.vstack([found.dense_coef, found.id_coef]), found.intercept)
    times = []
    while len(times) < ROUNDS:
        mine, fit = timed(case.ours)
        theirs, peer = timed(case.peer)
        times.append((mine, theirs))
    gap = case.objective(np.vstack([fit.dense_coef, fit.id_coef]), fit.intercept) / best - 1
    peer_coef = np.atleast_2d(peer.coef_).T.astype(np.float64)
    peer_gap = case.objective(peer_coef, np.atleast_1d(peer.intercept_)) / best - 1
    mine, theirs = np.median(times, axis=0)
    ratio = np.median([a / b for a, b in times])
    return f"{case.name:36} {mine:9.4f} {theirs:9.4f} {ratio:7.3f} {gap:9.1e} {peer_gap:9.1e}"


def main(names):
    built = cases()
    unknown = [name for name in names if name not in built]
    if unknown:
        sys.exit(f"no case {unknown[0]!r}; the cases are: {', '.join(built)}")
    print(f"{'peer':36} {'ours s':>9} {'peer s':>9} {'ratio':>7} {'our gap':>9} {'their gap':>9}")
    for name in names or built:
        print(measure(built[name]()), flush=True)


if __name__ == "__main__":
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # lbfgs says when its 100 steps were not enough
        main(sys.argv[1:])
