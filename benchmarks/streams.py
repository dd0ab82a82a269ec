"""Files as streams beside TensorFlow's own readers: ``python -m benchmarks.streams [--only NAME]``.

Ratios are ours / peer on one machine in one run, contestants interleaved, medians. Rows per second
are of whole passes over a file, in batches of 1024.
"""

from __future__ import annotations

import argparse
import os
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd
import tensorflow as tf
from sklearn.base import clone

import tflearnkit as learn
from benchmarks.timing import interleaved, report_ratios, report_value, warn_if_busy

BATCH = 1024
NAMES = [f"x{j}" for j in range(28)]


def csv(n_rows=400_000, rounds=3):
    """CSV, 28 columns of floats and a label, shuffled among 10,000 rows."""
    with tempfile.TemporaryDirectory() as folder:
        path = write_csv(Path(folder) / "rows.csv", n_rows)
        options = {"label_name": "label", "num_epochs": 1, "shuffle_buffer_size": 10_000}
        contestants = {
            "tflearnkit": lambda: drained(learn.csv_input_fn(path, "label", BATCH, seed=0)()),
            "make_csv_dataset": lambda: drained(
                tf.data.experimental.make_csv_dataset(path, BATCH, **options)
            ),
        }
        _race(csv.__doc__, contestants, n_rows, rounds, 300_000)


def tfrecord(n_rows=100_000, rounds=3):
    """TFRecord of tf.Example, a vector of 28 floats and a label, shuffled among 10,000 rows."""
    with tempfile.TemporaryDirectory() as folder:
        path = write_tfrecord(Path(folder) / "rows.tfrecord", n_rows)
        contestants = {
            "tflearnkit": lambda: drained(
                learn.read_batch_features(path, BATCH, SPEC, num_epochs=1, seed=0)
            ),
            "one example at a time": lambda: drained(
                tf.data.TFRecordDataset(path)
                .map(lambda one: tf.io.parse_single_example(one, SPEC))
                .shuffle(10_000)
                .batch(BATCH)
                .prefetch(tf.data.AUTOTUNE)
            ),
        }
        _race(tfrecord.__doc__, contestants, n_rows, rounds, 150_000)


SPEC = {
    "x": tf.io.FixedLenFeature([28], tf.float32),
    "label": tf.io.FixedLenFeature([], tf.int64),
}


def _race(title, contestants, n_rows, rounds, target):
    seconds, found = interleaved(contestants, rounds)
    remarks = {name: f"{rows / seconds[name]:,.0f} rows/s" for name, rows in found.items()}
    report_ratios(title, seconds, dict.fromkeys(set(contestants) - {"tflearnkit"}, 1 / 3), remarks)
    rate = n_rows / seconds["tflearnkit"]
    report_value(None, "rows per second", rate, "", target, at_least=True, digits=0)


def drained(dataset) -> int:
    """Take all batches and return how many rows they had."""
    return sum(len(tf.nest.flatten(batch)[0]) for batch in dataset)


def training(n_rows=400_000, networks=((256, 128), (1024, 512)), rounds=3):
    """One epoch from files beside one from arrays: how much of the time it trains, not waits."""
    print(f"\n{training.__doc__}")
    for hidden_units in networks:
        seconds = _epochs_of(hidden_units, n_rows, rounds)
        for name, each in seconds.items():
            share = f"rows/s, {seconds['arrays'] / each:.0%} of what arrays give"
            report_value(None, f"{name}, {hidden_units}", n_rows / each, share, digits=0)


def _epochs_of(hidden_units, n_rows, rounds) -> dict[str, float]:
    X, y = map(np.concatenate, zip(*blocks(n_rows), strict=True))
    with tempfile.TemporaryDirectory() as folder:
        csv_path = write_csv(Path(folder) / "rows.csv", n_rows)
        records = write_tfrecord(Path(folder) / "rows.tfrecord", n_rows)
        sources = {
            "CSV": learn.csv_input_fn(csv_path, "label", BATCH, seed=0),
            "TFRecord": lambda: learn.read_batch_features(
                records, BATCH, SPEC, num_epochs=1, target_key="label", seed=0
            ),
        }
        model = learn.DNNClassifier(hidden_units, batch_size=BATCH, random_state=0)
        contestants = {
            name: lambda source=source: clone(model).fit(input_fn=source)
            for name, source in sources.items()
        }
        contestants["arrays"] = lambda: clone(model).set_params(epochs=1).fit(X, y)
        return interleaved(contestants, rounds)[0]


def blocks(n_rows, size=100_000):
    """Yield rows of 28 numbers, and labels that go by them, ``size`` at a time."""
    weights = np.random.default_rng(0).standard_normal(len(NAMES))
    for start in range(0, n_rows, size):
        rng = np.random.default_rng([1, start])
        X = rng.standard_normal((min(size, n_rows - start), len(NAMES)), dtype=np.float32)
        yield X, (X @ weights + rng.logistic(size=len(X)) > 0).astype(int)


def write_csv(path, n_rows) -> str:
    """Write `blocks` as one file; return its path."""
    for number, (X, y) in enumerate(blocks(n_rows)):
        frame = pd.DataFrame(X, columns=NAMES).assign(label=y)
        how = {"mode": "a" if number else "w", "header": not number}
        frame.to_csv(path, index=False, float_format="%.6g", **how)
    return os.fspath(path)


def write_tfrecord(path, n_rows) -> str:
    """Write the same rows as examples: a vector of 28 floats and a label."""
    with tf.io.TFRecordWriter(os.fspath(path)) as writer:
        for X, y in blocks(n_rows):
            for x, label in zip(X.tolist(), y.tolist(), strict=True):
                writer.write(_example(x, label))
    return os.fspath(path)


def _example(x, label) -> bytes:
    features = {
        "x": tf.train.Feature(float_list=tf.train.FloatList(value=x)),
        "label": tf.train.Feature(int64_list=tf.train.Int64List(value=[label])),
    }
    return tf.train.Example(features=tf.train.Features(feature=features)).SerializeToString()


BENCHMARKS = {run.__name__: run for run in (csv, tfrecord, training)}


def main():
    """Run the benchmarks named on the command line, all by default."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", nargs="+", choices=BENCHMARKS, default=list(BENCHMARKS))
    print("Streams: seconds (medians), ratio is tflearnkit / peer")
    for name in parser.parse_args().only:
        warn_if_busy()
        BENCHMARKS[name]()


if __name__ == "__main__":
    main()
