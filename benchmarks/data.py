"""The data sets of the benchmarks; those that scikit-learn does not bundle come from a folder."""

from __future__ import annotations

import gzip
import os
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.model_selection import train_test_split

import tflearnkit as learn
from examples.census_data import from_folder
from tflearnkit.datasets.census import CENSUS_COLUMNS

CENSUS_NUMBERS = (
    *("age", "fnlwgt", "education_num"),
    *("capital_gain", "capital_loss", "hours_per_week"),
)


def folder(name):
    """Return the folder of one data set, or ``None`` where this machine does not have it."""
    root = os.environ.get("TFLEARNKIT_DATA")
    path = Path(root) / name if root else None
    return path if path and path.exists() else None


def adult():
    """Return the census as published: raw frames with strings and missing values."""
    return from_folder(folder("adult"))


def adult_of_yggdrasil():
    """Return Yggdrasil's split of the census' training half into 22,792 and 9,769 rows."""
    root = folder("adult_tfrecord")
    halves = [_census_of(root / f"adult_{half}.tfrecord.gz") for half in ("train", "test")]
    y, y_test = (frame.pop("income") for frame in halves)
    return *halves, y, y_test


def _census_of(path):
    """Return the frame in a file of `tf.train.Example`, None where a string is missing."""
    import tensorflow as tf

    number, text = tf.io.FixedLenFeature([], tf.int64), tf.io.FixedLenFeature([], tf.string, "")
    names = (*CENSUS_COLUMNS, "income")
    features = {name: number if name in CENSUS_NUMBERS else text for name in names}
    batches = learn.read_batch_features(path, 5_000, features, randomize_input=False, num_epochs=1)
    rows = [pd.DataFrame(batch) for batch in batches.as_numpy_iterator()]
    frame = pd.concat(rows, ignore_index=True)[[*names]]
    texts = frame.columns.difference(CENSUS_NUMBERS)
    frame[texts] = frame[texts].apply(lambda column: column.str.decode("utf-8")).replace("", None)
    return frame


def california():
    """Return the 1990 census of California; the target is in 100,000 dollars."""
    frame = pd.read_csv(folder("california_housing") / "housing.csv")
    y = frame.pop("median_house_value").to_numpy() / 1e5
    return train_test_split(frame, y, test_size=0.2, random_state=0)


def mnist():
    """Return the digits as float32 rows of 784 values between 0 and 255."""
    at = folder("mnist")
    images = [_idx(at / f"{half}-images-idx3-ubyte.gz", skip=16) for half in ("train", "t10k")]
    labels = [_idx(at / f"{half}-labels-idx1-ubyte.gz", skip=8) for half in ("train", "t10k")]
    X_train, X_test = (pixels.reshape(-1, 784).astype(np.float32) for pixels in images)
    return X_train, X_test, *labels


def _idx(path, skip):
    with gzip.open(path) as file:
        return np.frombuffer(file.read(), np.uint8, offset=skip)


def normal_classes(n_rows, n_columns, n_hidden=8, seed=0):
    """Return standard normal rows and a binary label that a small network can learn."""
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((n_rows, n_columns), dtype=np.float32)
    hidden = np.tanh(X @ rng.standard_normal((n_columns, n_hidden)))
    signal = hidden @ rng.standard_normal(n_hidden)
    return X, (signal + 0.5 * rng.standard_normal(n_rows) > 0).astype(int)


def mixed_columns(n_rows, seed=0):
    """Return six columns of 20 to 2,000 different strings and six of numbers, a tenth missing."""
    rng = np.random.default_rng(seed)
    columns = {}
    for j, n_words in enumerate((20, 50, 100, 200, 500, 2000)):
        words = np.array([f"word {k}" for k in range(n_words)], object)
        columns[f"word{j}"] = words[rng.integers(n_words, size=n_rows)]
    for j in range(6):
        numbers = rng.normal(size=n_rows)
        numbers[rng.random(n_rows) < 0.1] = np.nan
        columns[f"number{j}"] = numbers
    return pd.DataFrame(columns)


def linear_classes(n_rows, n_columns, seed=0):
    """Return columns of unit scale, correlated (condition number 1e4), and a logistic label."""
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((n_rows, n_columns)) @ rng.standard_normal((n_columns, n_columns))
    X /= X.std(axis=0)
    score = X @ rng.standard_normal(n_columns) * 0.3
    return X, (rng.random(n_rows) < 1 / (1 + np.exp(-score))).astype(int)


def wide_categories(n_rows, n_columns, n_values, seed=0):
    """Return a frame of string columns by Zipf's law, and a label drawn from a logistic model."""
    rng = np.random.default_rng(seed)
    values = np.array([f"v{i}" for i in range(n_values)], dtype=object)
    frame, score = {}, np.zeros(n_rows)
    for j in range(n_columns):
        ids = (n_values ** rng.random(n_rows) - 1).astype(int)  # rank r has a share of about 1 / r
        frame[f"c{j}"] = values[ids]
        score += 0.6 * rng.standard_normal(n_values)[ids]
    return pd.DataFrame(frame), (rng.random(n_rows) < 1 / (1 + np.exp(-score))).astype(int)
