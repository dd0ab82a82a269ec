"""Exported and saved models: ``python -m benchmarks.export [--only NAME ...]``.

A network of 28 numbers, [256, 128], is served by plain TensorFlow in this process. Ratios are of
one run, contestants interleaved, medians.
"""

from __future__ import annotations

import argparse
import os
import pickle
import statistics
import tempfile
import time

import numpy as np
import tensorflow as tf

import tflearnkit as learn
from benchmarks.timing import interleaved, report_ratios, report_value, warn_if_busy

WIDTH, HIDDEN = 28, (256, 128)


def one_row(rounds=2000):
    """One row through the exported network."""
    signature, X = _exported(_network(), tempfile.mkdtemp())
    row = tf.constant(X[:1])
    times = []
    for _ in range(rounds):
        begin = time.perf_counter()
        signature(X=row)["probabilities"].numpy()
        times.append(time.perf_counter() - begin)
    report_value(one_row.__doc__, "median", 1e3 * statistics.median(times), "ms", 0.5)
    report_value(None, "99th percentile", 1e3 * float(np.quantile(times, 0.99)), "ms")


def many_rows(n_rows=100_000, rounds=9):
    """100k rows through the exported network, beside predict_proba."""
    clf = _network()
    signature, _ = _exported(clf, tempfile.mkdtemp())
    X = _rows(n_rows)
    contestants = {
        "tflearnkit": lambda: signature(X=tf.constant(X))["probabilities"].numpy(),
        "predict_proba": lambda: clf.predict_proba(X),
    }
    seconds, found = interleaved(contestants, rounds)
    apart = np.abs(found["tflearnkit"] - found["predict_proba"]).max()
    remarks = {"tflearnkit": f"exported; apart by {apart:.1e}"}
    report_ratios(many_rows.__doc__, seconds, {"predict_proba": 1.2}, remarks)


def sizes():
    """Bytes on disk over those of the weights (network fitted by Adam)."""
    clf = _network()
    weights = sum(array.nbytes for array in clf.model_.weights.values())
    kept = sum(array.nbytes for array in clf.model_.state.values())
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "model.zip")
        clf.save(path, include_optimizer=False)
        title = f"{sizes.__doc__} Weights {weights} bytes, with slots {kept}."
        lean = os.path.getsize(path)
        report_value(title, "save, no optimizer", lean / weights, "x the weights", 1.1)
        clf.save(path)
        whole = os.path.getsize(path)
        report_value(None, "save", whole / weights, "x the weights", 1.1)
        report_value(None, "save", whole / kept, "x weights and slots", 1.1)
        pickled = len(pickle.dumps(clf))
        report_value(None, "pickle", pickled / weights, "x the weights", 1.1)
        report_value(None, "pickle", pickled / kept, "x weights and slots", 1.1)
        begin = time.perf_counter()
        learn.load(path)
        report_value(None, "load", 1e3 * (time.perf_counter() - begin), "ms")


def _rows(n_rows, seed=0):
    return np.random.default_rng(seed).normal(size=(n_rows, WIDTH)).astype(np.float32)


def _network():
    X = _rows(4096)
    y = (X[:, 0] + X[:, 1] * X[:, 2] > 0).astype(int)
    return learn.DNNClassifier(HIDDEN, steps=100, random_state=0).fit(X, y)


def _exported(clf, folder):
    loaded = tf.saved_model.load(clf.export_savedmodel(folder))
    signature = loaded.signatures["serving_default"]
    signature.kept = loaded  # whose variables it needs
    return signature, _rows(4096)


BENCHMARKS = {run.__name__: run for run in (one_row, many_rows, sizes)}


def main():
    """Run the benchmarks named on the command line, all by default."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", nargs="+", choices=BENCHMARKS, default=list(BENCHMARKS))
    print("Export: figures of models that are served and saved, ratio is tflearnkit / peer")
    for name in parser.parse_args().only:
        warn_if_busy()
        BENCHMARKS[name]()


if __name__ == "__main__":
    main()
