"""Forests beside scikit-learn's: ``python -m benchmarks.forest [--only NAME ...]``.

Ratios are ours / peer on one machine in one run, two threads each, contestants interleaved,
medians; all estimators have their defaults but for what the lines name. What a fit leaves for
later, the making of arrays that predictions come from, is taken into its time.
"""

from __future__ import annotations

import argparse
import pickle
from functools import cache

import numpy as np
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.metrics import accuracy_score, log_loss, roc_auc_score

import tflearnkit as learn
from benchmarks import data
from benchmarks.timing import interleaved, report_ratios, report_value, warn_if_busy
from examples.scikit_learn_baseline import on_raw_frames

N_COLUMNS, HELD_OUT, SEEDS = 28, 50_000, range(5)
PEER = "RandomForestClassifier"


def ours(seed=0, **parameters):
    return learn.RandomForestClassifier(n_jobs=2, random_state=seed, **parameters)


def peer(seed=0):
    return RandomForestClassifier(n_jobs=2, random_state=seed)


def fit(n_rows=100_000, rounds=3):
    """100 trees on 100k x 28, and one row predicted; accuracy on 50,000 others, a seed a round."""
    X, y, X_held_out, y_held_out = _rows(n_rows)
    makers = {
        "tflearnkit": ours,
        PEER: peer,
        "tflearnkit, 64 bins": lambda seed: ours(seed, max_bins=64),
    }
    fitted = {name: [] for name in makers}

    def fit_next(name):
        model = makers[name](len(fitted[name])).fit(X, y)
        model.predict(X[:1])
        fitted[name].append(model)

    contestants = {name: lambda n=name: fit_next(n) for name in makers}
    seconds, _ = interleaved(contestants, rounds, warm_up=False)
    scores = {
        name: 100 * np.mean([model.score(X_held_out, y_held_out) for model in models])
        for name, models in fitted.items()
    }
    remarks = {name: f"accuracy {score:.2f} %" for name, score in scores.items()}
    for title, mine, target in (
        (fit.__doc__, "tflearnkit", 0.6),
        ("The same, of numbers put into 64 bins", "tflearnkit, 64 bins", 0.35),
    ):
        both = {"tflearnkit": seconds[mine], PEER: seconds[PEER]}
        named = {"tflearnkit": remarks[mine], PEER: remarks[PEER]}
        report_ratios(title, both, {PEER: target}, named)
        report_value(None, "below the peer", scores[PEER] - scores[mine], "points", 0.3)


def predict(n_rows=100_000, n_predicted=1_000_000, rounds=5):
    """Predict 1M rows by the forests of that fit."""
    mine, theirs = _forests(n_rows)
    X, _ = data.normal_classes(n_predicted, N_COLUMNS, seed=1)
    contestants = {"tflearnkit": lambda: mine.predict(X), PEER: lambda: theirs.predict(X)}
    seconds, _ = interleaved(contestants, rounds)
    report_ratios(predict.__doc__, seconds, {PEER: 0.4})


def one_row(n_rows=100_000, rounds=200):
    """Predict one row by the forests of that fit."""
    mine, theirs = _forests(n_rows)
    alone = pickle.loads(pickle.dumps(theirs)).set_params(n_jobs=1)
    row = data.normal_classes(1, N_COLUMNS, seed=1)[0]
    contestants = {
        "tflearnkit": lambda: mine.predict(row),
        PEER: lambda: theirs.predict(row),
        f"{PEER}, n_jobs=1": lambda: alone.predict(row),
    }
    seconds, _ = interleaved(contestants, rounds)
    report_ratios(one_row.__doc__, seconds, {name: 0.1 for name in contestants if name[0] == "R"})


def size(n_rows=100_000):
    """Pickle the forests of that fit."""
    mine, theirs = (len(pickle.dumps(model)) / 1e6 for model in _forests(n_rows))
    report_value(size.__doc__, "tflearnkit", mine, "MB")
    report_value(None, PEER, theirs, "MB")
    report_value(None, "ours / peer", mine / theirs, "", 0.1)


def census():
    """The Adult census, raw strings: means of five seeds."""
    print(f"\n{census.__doc__}")
    splits = {
        "as published, on the test half": ("adult", data.adult),
        "Yggdrasil's split of the training half, by which the targets were set": (
            "adult_tfrecord",
            data.adult_of_yggdrasil,
        ),
    }
    for title, (name, load) in splits.items():
        if data.folder(name) is None:
            print(f"\n{title}: skipped, TFLEARNKIT_DATA holds no folder '{name}'")
        else:
            _both_kinds(title, *load())


def _both_kinds(title, X, X_test, y, y_test):
    """Compare forests and boosted trees on one split."""
    rows = X, X_test, y == ">50K", y_test == ">50K"
    _quality(
        f"{title}\n random forest",
        lambda seed: learn.RandomForestClassifier(random_state=seed),
        lambda seed: on_raw_frames(RandomForestClassifier(n_jobs=2, random_state=seed)),
        rows,
        {"accuracy": 0.866, "log-loss": 0.30, "auc": 0.915},
    )
    texts = dict.fromkeys(X.select_dtypes(exclude="number").columns, "category")
    rows = (X.astype(texts), X_test.astype(texts), *rows[2:])  # the peer asks for categories
    _quality(
        " boosted trees",
        lambda seed: learn.BoostedTreesClassifier(random_state=seed),
        lambda seed: HistGradientBoostingClassifier(random_state=seed),
        rows,
        {"accuracy": 0.873, "auc": 0.929},
    )


def _quality(title, ours, peer, rows, targets):
    """Print the measures of two models by seed, ours judged by its targets."""
    found = [np.mean([_measures(make(s), *rows) for s in SEEDS], axis=0) for make in (ours, peer)]
    print(f"\n{title}")
    for name, mine, theirs in zip(("accuracy", "log-loss", "auc"), *found, strict=True):
        target, larger = targets.get(name), name != "log-loss"
        report_value(None, name, mine, f"peer {theirs:.4f}", target, larger, digits=4)


def _measures(model, X, X_test, y, y_test):
    probability = model.fit(X, y).predict_proba(X_test)[:, 1]
    return (
        accuracy_score(y_test, probability > 0.5),
        log_loss(y_test, probability),
        roc_auc_score(y_test, probability),
    )


def _rows(n_rows):
    X, y = data.normal_classes(n_rows + HELD_OUT, N_COLUMNS)
    return X[:n_rows], y[:n_rows], X[n_rows:], y[n_rows:]


@cache
def _forests(n_rows):
    """Return fitted forests, ours and the peer's."""
    X, y, _, _ = _rows(n_rows)
    return ours().fit(X, y), peer().fit(X, y)


BENCHMARKS = {run.__name__: run for run in (fit, predict, one_row, size, census)}


def main():
    """Run the benchmarks named on the command line, all by default."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", nargs="+", choices=BENCHMARKS, default=list(BENCHMARKS))
    print("Forests: seconds (medians), two threads, ratio is tflearnkit / peer")
    for name in parser.parse_args().only:
        warn_if_busy()
        BENCHMARKS[name]()


if __name__ == "__main__":
    main()
