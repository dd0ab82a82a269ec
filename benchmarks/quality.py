"""Quality of the defaults: ``python -m benchmarks.quality [--datasets NAME ...] [--seeds 0 1 2]``.

Every figure is the mean over the seeds. The peer of a network is ``StandardScaler`` and scikit-
learn's MLP (one-hot categories and median imputation first, where the data ask for it); ours gets
the raw table. Cross-validation is ``StratifiedKFold(5, shuffle=True, random_state=0)``.
"""

from __future__ import annotations

import argparse
import time
import warnings
from dataclasses import dataclass

import numpy as np
from sklearn import datasets as bundled
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.metrics import accuracy_score, roc_auc_score, root_mean_squared_error
from sklearn.model_selection import StratifiedKFold
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import tflearnkit as learn
from benchmarks import data
from benchmarks.timing import verdict
from examples.scikit_learn_baseline import on_raw_frames


@dataclass(frozen=True)
class Contest:
    """One line of the table: makers of the two models by seed, what is measured, the targets."""

    title: str
    ours: object
    peer: object
    measures: dict  # name -> (function of model, X, y; target; larger is better)
    seeds_matter: bool = True  # solvers without chance run once


def accuracy(model, X, y):
    return accuracy_score(y, model.predict(X))


def auc(model, X, y):
    return roc_auc_score(y, model.predict_proba(X)[:, 1])


def rmse(model, X, y):
    return root_mean_squared_error(y, model.predict(X))


def mlp(seed, *hidden, **parameters):
    network = MLPClassifier(hidden or (100,), random_state=seed, **parameters)
    return make_pipeline(StandardScaler(), network)


def cross_validated(name, target):
    """Compare default networks on one of scikit-learn's small classification sets."""
    X, y = getattr(bundled, f"load_{name}")(return_X_y=True)
    folds = StratifiedKFold(5, shuffle=True, random_state=0)
    splits = [(X[a], X[b], y[a], y[b]) for a, b in folds.split(X, y)]
    contest = Contest(
        f"{name} (5-fold), DNNClassifier",
        lambda seed: learn.DNNClassifier(random_state=seed),
        mlp,
        {"accuracy": (accuracy, target, True)},
    )
    return [(contest, splits)]


def diabetes():
    """Compare the linear regressor with least squares: the largest difference, relative."""
    X, y = bundled.load_diabetes(return_X_y=True)
    exact = LinearRegression().fit(X, y).predict(X)

    def difference(model, X, y):
        return np.abs(model.predict(X) - exact).max() / np.abs(exact).max()

    contest = Contest(
        "diabetes, LinearRegressor",
        lambda seed: learn.LinearRegressor(random_state=seed),
        lambda seed: LinearRegression(),
        {"difference": (difference, 1e-4, False)},
        seeds_matter=False,
    )
    return [(contest, [(X, X, y, y)])]


def adult():
    """Compare linear, deep and wide-and-deep on the census as published."""
    X_train, X_test, y_train, y_test = data.adult()
    splits = [(X_train, X_test, y_train == ">50K", y_test == ">50K")]

    def contest(maker, peer, accuracy_target, auc_target, seeds_matter=True):
        return Contest(
            f"adult, {maker.__name__}",
            lambda seed: maker(random_state=seed),
            peer,
            {"accuracy": (accuracy, accuracy_target, True), "auc": (auc, auc_target, True)},
            seeds_matter,
        )

    def logistic(seed):
        return on_raw_frames(LogisticRegression(max_iter=1000))

    def network(seed):
        return on_raw_frames(MLPClassifier(early_stopping=True, random_state=seed))

    contests = [
        contest(learn.LinearClassifier, logistic, 0.852, 0.905, seeds_matter=False),
        contest(learn.DNNClassifier, network, 0.857, 0.912),
        contest(learn.DNNLinearCombinedClassifier, network, 0.858, 0.913),
    ]
    return [(line, splits) for line in contests]


def california():
    """Compare default regression networks on house values."""
    contest = Contest(
        "california, DNNRegressor",
        lambda seed: learn.DNNRegressor(random_state=seed),
        lambda seed: on_raw_frames(MLPRegressor(random_state=seed)),
        {"rmse": (rmse, 0.51, False)},
    )
    return [(contest, [data.california()])]


def mnist():
    """Compare a linear model and a network on handwritten digits."""
    splits = [data.mnist()]
    linear = Contest(
        "mnist, LinearClassifier",
        lambda seed: learn.LinearClassifier(random_state=seed),
        lambda seed: make_pipeline(StandardScaler(), LogisticRegression()),
        {"accuracy": (accuracy, 0.920, True)},
        seeds_matter=False,
    )
    deep = Contest(
        "mnist, DNNClassifier [256, 128]",
        lambda seed: learn.DNNClassifier([256, 128], random_state=seed),
        lambda seed: mlp(seed, 256, 128, early_stopping=True),
        {"accuracy": (accuracy, 0.980, True)},
    )
    return [(linear, splits), (deep, splits)]


DATASETS = {
    "iris": lambda: cross_validated("iris", 0.953),
    "digits": lambda: cross_validated("digits", 0.975),
    "breast_cancer": lambda: cross_validated("breast_cancer", 0.973),
    "wine": lambda: cross_validated("wine", 0.977),
    "diabetes": diabetes,
    "adult": adult,
    "california": california,
    "mnist": mnist,
}
FOLDERS = {"adult": "adult", "california": "california_housing", "mnist": "mnist"}


def measured(contest, splits, maker, seed):
    """Fit one model on every split; return the measures, averaged, and the seconds of all fits."""
    seconds, values = 0.0, {name: [] for name in contest.measures}
    for X_train, X_test, y_train, y_test in splits:
        model = maker(seed)
        begin = time.perf_counter()
        model.fit(X_train, y_train)
        seconds += time.perf_counter() - begin
        for name, (measure, _, _) in contest.measures.items():
            values[name].append(measure(model, X_test, y_test))
    return {name: float(np.mean(found)) for name, found in values.items()}, seconds


def compare(contest, splits, seeds):
    """Run both models, seed after seed in turn, and print one line for each measure."""
    runs = [
        (measured(contest, splits, contest.ours, s), measured(contest, splits, contest.peer, s))
        for s in (seeds if contest.seeds_matter else seeds[:1])
    ]
    for number, (name, (_, target, larger)) in enumerate(contest.measures.items()):
        ours, peer = (np.mean([run[side][0][name] for run in runs]) for side in (0, 1))
        line = f"{contest.title if number == 0 else '':<40}{name:<11}{ours:9.5f}{peer:10.5f}   "
        line += f"{verdict(ours, target, larger):<20}"
        if number == 0:
            mine, theirs = (np.mean([run[side][1] for run in runs]) for side in (0, 1))
            line += f"{mine:8.2f}{theirs:9.2f}  {'slower' if mine > theirs + 0.01 else ''}"
        print(line.rstrip(), flush=True)


def main():
    """Print the table for the data sets and seeds of the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--datasets", nargs="+", choices=DATASETS, default=list(DATASETS))
    parser.add_argument("--seeds", nargs="+", type=int, default=[0, 1, 2, 3, 4])
    options = parser.parse_args()
    warnings.simplefilter("ignore", ConvergenceWarning)  # defaults are judged as they are
    print(f"Quality of the defaults, mean of {len(options.seeds)} seeds; fit seconds of all folds")
    print(f"{'':<40}{'':<11}{'ours':>9}{'peer':>10}   {'target':<20}{'ours s':>8}{'peer s':>9}")
    for name in options.datasets:
        if name in FOLDERS and data.folder(FOLDERS[name]) is None:
            print(f"{name}: skipped, TFLEARNKIT_DATA holds no folder {FOLDERS[name]!r}")
            continue
        for contest, splits in DATASETS[name]():
            compare(contest, splits, options.seeds)


if __name__ == "__main__":
    main()
