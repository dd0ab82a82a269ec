"""Which classification task a target poses."""

from __future__ import annotations

import numpy as np
import pandas as pd
import scipy.sparse
from sklearn.utils import assert_all_finite, column_or_1d
from sklearn.utils.multiclass import check_classification_targets, type_of_target

from tflearnkit.errors import listing
from tflearnkit.tasks.classification import BinaryTask, MulticlassTask, MultilabelTask, unboxed


def infer_classification(
    y, n_classes=None, streamed=False
) -> BinaryTask | MulticlassTask | MultilabelTask:
    """Learn from ``y`` which classification task it poses.

    Parameters
    ----------
    y : array-like
        (n,) labels of any dtype: strings, integers, whole floats, booleans; or (n, K > 1)
        indicators of 0 and 1, dense or sparse, for K labels that may apply together.
    n_classes : int > 1, optional
        Pass it where ``y`` may not show every class. Numbers must then lie in
        ``0 .. n_classes-1``; other labels must show ``n_classes`` values.
    streamed : bool, default=False
        Whether ``y`` is the beginning of a stream, which is taken to have two classes where
        ``n_classes`` is None.

    Raises
    ------
    ValueError
        Where labels are continuous, missing, or do not fit ``n_classes``.

    >>> infer_classification([1, 1, 0], n_classes=3).classes
    (0, 1, 2)
    """
    if n_classes is not None and n_classes < 2:
        raise ValueError(
            f"n_classes must be > 1; got {n_classes}. Leave it out to learn the classes from y."
        )
    assumed = streamed and n_classes is None and np.ndim(y) == 1
    y = y if scipy.sparse.issparse(y) else _labels(y)
    check_classification_targets(y)
    if y.ndim == 2:
        return _infer_multilabel(y, n_classes)
    classes = _known_classes(y, 2 if assumed else n_classes, assumed)
    task = BinaryTask if len(classes) == 2 else MulticlassTask
    return task(tuple(classes.tolist()), classes.dtype)


def _infer_multilabel(y, n_classes) -> MultilabelTask:
    if type_of_target(y) != "multilabel-indicator":
        raise ValueError(
            f"Unknown label type: {type_of_target(y)}. A 2-D y must hold indicators, 0 or 1, one "
            "column per label. Fit one estimator per column for several multi-class targets."
        )
    task = MultilabelTask(y.shape[1])
    task.encode(y)
    if n_classes not in (None, task.n_labels):
        raise ValueError(
            f"n_classes is {n_classes}, but y has {task.n_labels} columns of indicators. "
            "Leave n_classes out: it is the number of columns."
        )
    return task


def _known_classes(y, n_classes, assumed: bool) -> np.ndarray:
    """Return the sorted classes: those in ``y``, or those that ``n_classes`` promises."""
    way_out = "Pass the true n_classes, or leave it out to learn the classes from y."
    if assumed:
        way_out = "A stream is taken to have two classes: pass n_classes where it has more."
    classes = np.array([False, True]) if n_classes and y.dtype.kind == "b" else np.unique(y)
    if n_classes and y.dtype.kind in "iuf":
        outside = classes[(classes < 0) | (classes >= n_classes)]
        if len(outside):
            raise ValueError(
                f"With n_classes={n_classes} labels must be the integers 0 .. {n_classes - 1}; y "
                f"holds {listing(outside)}. {way_out}"
            )
        return np.arange(n_classes).astype(y.dtype)
    if n_classes and len(classes) != n_classes:
        raise ValueError(
            f"n_classes is {n_classes}, but y holds {len(classes)} labels: {listing(classes)}. "
            f"{way_out}"
        )
    return classes


def _labels(y) -> np.ndarray:
    """Return ``y`` as an array without missing values; a column vector 1-D, with a warning."""
    y = np.asarray(y)
    if y.size == 0:
        raise ValueError(
            f"y must hold one label per row; it is empty, of shape {y.shape}. "
            "Pass the labels of the rows of X."
        )
    if y.ndim > 2:
        raise ValueError(
            f"y must hold one label per row, or a row of indicators; it has the shape {y.shape}. "
            "Reshape it to (rows,) or (rows, labels)."
        )
    if y.ndim < 2 or y.shape[1] == 1:
        y = unboxed(column_or_1d(y, warn=True))
    missing = np.flatnonzero(pd.isna(y).reshape(len(y), -1).any(axis=1))
    if len(missing):
        raise ValueError(
            f"y must have a label in every row; {len(missing)} row(s) have none (NaN or None), "
            f"the first being row {missing[0]}. Drop or label these rows."
        )
    if y.dtype.kind == "O" and y.ndim == 1 and not all(isinstance(label, str) for label in y):
        kinds = sorted({type(label).__name__ for label in y})
        raise ValueError(
            f"Unknown label type: y must hold labels of one kind, strings or numbers; it holds "
            f"{listing(kinds)}. Convert them, for example by astype(str)."
        )
    if y.dtype.kind == "f":
        assert_all_finite(y, input_name="y")
    return y
