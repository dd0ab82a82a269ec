"""Support vector machines beside scikit-learn's: ``python -m benchmarks.svm [--only NAME ...]``.

Ratios are ours / peer on one machine in one run, two threads each, contestants interleaved,
medians. A gap is ``(objective - best) / best`` of ``|w|^2 / 2 + C sum loss``, the intercept among
the weights, which is what both minimise over columns that are taken as they are.
"""

from __future__ import annotations

import argparse
import resource
import time
import warnings

import numpy as np
from scipy import sparse
from sklearn.exceptions import ConvergenceWarning
from sklearn.svm import SVC, LinearSVC

import tflearnkit as learn
from benchmarks import data
from benchmarks.timing import interleaved, report_ratios, report_value, warn_if_busy
from tflearnkit.engines.hinge import solve


def squared_hinge(n_rows=100_000, rounds=5):
    """Squared hinge, 100k x 50 dense correlated columns, C = 1."""
    _linear(squared_hinge.__doc__, "squared_hinge", n_rows, rounds, 0.06)


def hinge(n_rows=100_000, rounds=3):
    """Hinge, 100k x 50 dense correlated columns, C = 1."""
    _linear(hinge.__doc__, "hinge", n_rows, rounds, 0.15)


def _linear(title, loss, n_rows, rounds, target):
    X, y = data.linear_classes(n_rows, 50)
    columns = learn.infer_real_valued_columns_from_input(X)
    contestants = {
        "tflearnkit": lambda: learn.SVM(columns, loss=loss).fit(X, y),
        "LinearSVC": lambda: LinearSVC(loss=loss).fit(X, y),
    }
    _race(title, contestants, X, y, loss, rounds, {"LinearSVC": target})


def words(n_rows=20_000, rounds=3):
    """Squared hinge, 20k rows of 5 to 25 words out of 20k, C = 1."""
    X, y = _texts(n_rows, 20_000)
    contestants = {
        "tflearnkit": lambda: learn.SVM().fit(X, y),  # sparse numbers are taken as they are
        "LinearSVC": lambda: LinearSVC().fit(X, y),
    }
    _race(words.__doc__, contestants, X, y, "squared_hinge", rounds, {"LinearSVC": 0.5})


def _texts(n_rows, n_words, seed=0):
    """Return strengths of words by Zipf's law, and labels of a logistic model."""
    rng = np.random.default_rng(seed)
    lengths = rng.integers(5, 26, n_rows)
    ids = (rng.zipf(1.2, lengths.sum()) % n_words).astype(np.int32)
    rows = np.repeat(np.arange(n_rows, dtype=np.int32), lengths)
    X = sparse.csr_array((rng.random(len(ids)), (rows, ids)), shape=(n_rows, n_words))
    return X, (rng.random(n_rows) < 1 / (1 + np.exp(-(X @ rng.normal(0, 1, n_words))))).astype(int)


def _race(title, contestants, X, y, loss, rounds, targets):
    seconds, models = interleaved(contestants, rounds)
    values = {name: _objective(X, y, model, loss) for name, model in models.items()}
    best = min(*values.values(), _optimum(X, y, loss))
    remarks = {name: f"gap {(value - best) / best:.1e}" for name, value in values.items()}
    report_ratios(title, seconds, targets, remarks)


def _optimum(X, y, loss):
    """Return the least objective, as nearly as there is time to find it."""
    if sparse.issparse(X):
        peer = LinearSVC(loss=loss, tol=1e-8, max_iter=10_000)
        return _objective(X, y, peer.fit(X, y), loss)
    signs = np.where(y == 1, 1.0, -1.0)[:, None]
    rows = (X, None, None, 0, signs, np.ones(len(y)))
    return solve(*rows, squared=loss == "squared_hinge", l1=0.0, l2=1.0).objective


def _objective(X, y, model, loss):
    weights, bias = np.ravel(model.coef_).astype(float), float(model.intercept_[0])
    lacking = np.maximum(1 - (2 * y - 1) * (X @ weights + bias), 0)
    losses = lacking if loss == "hinge" else lacking**2
    return losses.sum() + 0.5 * (weights @ weights + bias**2)


def rbf(n_rows=20_000, rounds=3):
    """The rbf kernel, 20k x 20, C = 1; points of accuracy on as many other rows."""
    X, y = data.normal_classes(2 * n_rows, 20)
    X, held_out, y, y_held_out = X[:n_rows], X[n_rows:], y[:n_rows], y[n_rows:]
    contestants = {
        "tflearnkit": lambda: learn.SVM(kernel="rbf", random_state=0).fit(X, y),
        "SVC": lambda: SVC().fit(X, y),
    }
    seconds, models = interleaved(contestants, rounds)
    scores = {name: 100 * model.score(held_out, y_held_out) for name, model in models.items()}
    remarks = {name: f"accuracy {score:.2f} %" for name, score in scores.items()}
    report_ratios(rbf.__doc__, seconds, {"SVC": 0.3}, remarks)
    report_value(None, "below SVC", scores["SVC"] - scores["tflearnkit"], "points", 1.2)


def many_rows(n_rows=100_000):
    """The rbf kernel, 100k x 20: that it is possible at all."""
    X, y = data.normal_classes(n_rows + 20_000, 20)
    begin = time.perf_counter()
    model = learn.SVM(kernel="rbf", random_state=0).fit(X[:n_rows], y[:n_rows])
    report_value(many_rows.__doc__, "fit", time.perf_counter() - begin, "s")
    begin = time.perf_counter()
    score = model.score(X[n_rows:], y[n_rows:])
    report_value(None, "predict 20,000 rows", time.perf_counter() - begin, "s")
    report_value(None, "accuracy", 100 * score, "%")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    report_value(None, "memory at most", peak, "GB", 4)


BENCHMARKS = {run.__name__: run for run in (squared_hinge, hinge, words, rbf, many_rows)}


def main():
    """Run the benchmarks named on the command line, all by default."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", nargs="+", choices=BENCHMARKS, default=list(BENCHMARKS))
    warnings.simplefilter("ignore", ConvergenceWarning)  # liblinear's thousand passes are few
    print("SVM: seconds (medians), two threads, ratio is tflearnkit / peer")
    for name in parser.parse_args().only:
        warn_if_busy()
        BENCHMARKS[name]()


if __name__ == "__main__":
    main()
