"""The Adult census by `learn.datasets.load_census`; else data bundled with scikit-learn."""

from __future__ import annotations

from sklearn.datasets import load_breast_cancer
from sklearn.model_selection import train_test_split

import tflearnkit as learn


def from_folder(folder):
    """Return the two halves in which the census was published."""
    train, _, test = learn.datasets.load_census(folder)
    return train.data, test.data, train.target, test.target


def from_scikit_learn():
    """Return the breast cancer data, for a machine that reaches no census."""
    X, y = load_breast_cancer(return_X_y=True, as_frame=True)
    labels = y.map({0: "malignant", 1: "benign"}).to_numpy(dtype=object)
    return train_test_split(X, labels, test_size=0.3, random_state=0, stratify=labels)


def load_census(may_fetch=True):
    """Return a sentence on what the data are, and ``X_train, X_test, y_train, y_test``."""
    try:
        train, _, test = learn.datasets.load_census(fetch=may_fetch)
    except OSError as reason:
        error = str(reason).removesuffix(".")
        return f"breast cancer, bundled with scikit-learn. {error}", from_scikit_learn()
    return "the Adult census", (train.data, test.data, train.target, test.target)
