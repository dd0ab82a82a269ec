"""What loaders return."""

from __future__ import annotations

from typing import Any, NamedTuple

__all__ = ["Dataset", "Datasets"]


class Dataset(NamedTuple):
    """Rows and their targets.

    Examples
    --------
    >>> from tflearnkit.datasets import load_iris
    >>> X, y = load_iris()
    >>> X.shape, y.shape
    ((150, 4), (150,))
    """

    data: Any
    target: Any


class Datasets(NamedTuple):
    """Rows to learn from, to choose by (None where they were published without) and to test on.

    Examples
    --------
    >>> parts = Datasets(Dataset([[1], [2]], [0, 1]), None, Dataset([[3]], [1]))
    >>> parts.test.target
    [1]
    """

    train: Dataset
    validation: Dataset | None
    test: Dataset
