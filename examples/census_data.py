"""The Adult census: from a folder, a cache or OpenML; else data bundled with scikit-learn."""

from __future__ import annotations

import os
from pathlib import Path

import pandas as pd
from sklearn.datasets import fetch_openml, load_breast_cancer
from sklearn.model_selection import train_test_split

NAMES = [
    *("age", "workclass", "fnlwgt", "education", "education_num", "marital_status", "occupation"),
    *("relationship", "race", "sex", "capital_gain", "capital_loss", "hours_per_week"),
    *("native_country", "income"),
]
CACHE = Path.home() / ".cache" / "tflearnkit"


def read_census(path, **options):
    """Read one file in the form of the UCI repository: a frame (``?`` is missing) and labels."""
    frame = pd.read_csv(path, names=NAMES, na_values="?", skipinitialspace=True, **options)
    income = frame.pop("income").str.strip(".")
    return frame, income.to_numpy(dtype=object)


def from_folder(folder):
    """Return the two halves in which the census was published."""
    X_train, y_train = read_census(folder / "adult.data")
    X_test, y_test = read_census(folder / "adult.test", skiprows=1)
    return X_train, X_test, y_train, y_test


def from_openml():
    """Return the census from the cache, which OpenML fills the first time, cut two to one."""
    census = fetch_openml("adult", version=2, data_home=CACHE, n_retries=1)
    frame = census.data.set_axis(NAMES[:-1], axis=1)
    categories = frame.select_dtypes("category").columns
    frame = frame.astype(dict.fromkeys(categories, object))
    income = census.target.to_numpy(dtype=object)
    return train_test_split(frame, income, test_size=1 / 3, random_state=0, stratify=income)


def from_scikit_learn():
    """Return the breast cancer data, for a machine that reaches none of the others."""
    X, y = load_breast_cancer(return_X_y=True, as_frame=True)
    labels = y.map({0: "malignant", 1: "benign"}).to_numpy(dtype=object)
    return train_test_split(X, labels, test_size=0.3, random_state=0, stratify=labels)


def load_census(may_fetch=True):
    """Return a sentence on where the data come from, and ``X_train, X_test, y_train, y_test``."""
    folder = os.environ.get("TFLEARNKIT_DATA")
    if folder and (Path(folder) / "adult" / "adult.test").exists():
        return "the Adult census, from TFLEARNKIT_DATA", from_folder(Path(folder) / "adult")
    cached = (CACHE / "openml").exists()
    why = "it was not to be fetched"
    if cached or may_fetch:
        try:
            return f"the Adult census, from {CACHE if cached else 'OpenML'}", from_openml()
        except OSError as error:
            why = f"OpenML did not answer ({type(error).__name__})"
    stand_in = "breast cancer, bundled with scikit-learn; the Adult census is not on this machine"
    return f"{stand_in} and {why}", from_scikit_learn()
