"""The metric functions: ``f(predictions, labels, weights=None) -> float``."""

from __future__ import annotations

import numpy as np
from sklearn import metrics as sk


def accuracy(predictions, labels, weights=None) -> float:
    """Share of the labels predicted right; of all cells where ``labels`` is 2-D (multi-label).

    scikit-learn's ``accuracy_score`` counts a multi-label row only when all its cells are right.

    Examples
    --------
    >>> accuracy(["a", "b", "b"], ["a", "a", "b"], weights=[1, 1, 2])
    0.75
    """
    predictions, labels = _aligned(predictions, labels)
    right = (predictions == labels).reshape(len(labels), -1)
    return float(np.average(right.mean(axis=1), weights=weights))


def precision(predictions, labels, weights=None, average=None) -> float:
    """Share of the rows predicted positive that are positive; 0 where none is predicted so.

    Parameters
    ----------
    predictions, labels : array of shape (n,), or (n, K) indicators
        Classes, not probabilities.
    weights : array of shape (n,), optional
    average : {"binary", "macro", "micro", "weighted"}, optional
        How classes are put together. Left out: of two classes the greater is the positive one,
        of more the unweighted mean is taken, and the cells of indicators are pooled.

    Examples
    --------
    >>> precision([1, 1, 0], [1, 0, 1])
    0.5
    """
    return _confusion_score(sk.precision_score, predictions, labels, weights, average)


def recall(predictions, labels, weights=None, average=None) -> float:
    """Share of the positive rows predicted positive; parameters as in `precision`.

    Examples
    --------
    >>> recall([1, 1, 0, 0], [1, 0, 0, 0])
    1.0
    """
    return _confusion_score(sk.recall_score, predictions, labels, weights, average)


def f1(predictions, labels, weights=None, average=None) -> float:
    """Harmonic mean of `precision` and `recall`; parameters as in `precision`.

    Examples
    --------
    >>> f1([1, 1, 0], [1, 0, 1])
    0.5
    """
    return _confusion_score(sk.f1_score, predictions, labels, weights, average)


def auc(predictions, labels, weights=None) -> float:
    """Area under the ROC curve, exact: the chance that a positive row outranks a negative one.

    Parameters
    ----------
    predictions : array
        (n,) or (n, 1) scores of the positive class, (n, 2) probabilities, (n, K) probabilities of
        K classes (mean of each class against the rest, over the classes that occur), or (n, K)
        scores beside (n, K) indicators (all cells pooled).
    labels : array
        (n,) labels: two values, the greater being the positive one, or the class numbers
        ``0 .. K-1``; or (n, K) indicators.
    weights : array of shape (n,), optional

    Returns
    -------
    float
        NaN, without a warning, where only one class occurs: there is nothing to rank.

    Examples
    --------
    >>> auc([.1, .4, .35, .8], [0, 0, 1, 1])
    0.75
    """
    return _ranking_score(sk.roc_auc_score, predictions, labels, weights)


def auc_precision_recall(predictions, labels, weights=None) -> float:
    """Area under the precision-recall curve by the trapezoidal rule, as TF.Learn reported it.

    scikit-learn's ``average_precision_score`` is the step-wise sum under the same curve and a
    little lower; pass that function to ``evaluate`` to have it. Parameters as in `auc`.

    Examples
    --------
    >>> round(auc_precision_recall([.1, .4, .35, .8], [0, 0, 1, 1]), 4)
    0.7917
    """
    return _ranking_score(_precision_recall_area, predictions, labels, weights)


def log_loss(predictions, labels, weights=None) -> float:
    """Mean of minus the logarithm of the probability given to the true label (cross-entropy).

    Parameters
    ----------
    predictions : array
        Probabilities: (n,) or (n, 1) of class 1, (n, K) of K classes, or (n, K) of K independent
        labels where ``labels`` is 2-D (then the mean over the cells).
    labels : array
        Class numbers ``0 .. K-1``, or (n, K) indicators.
    weights : array of shape (n,), optional

    Examples
    --------
    >>> round(log_loss([.1, .9], [0, 1]), 4)
    0.1054
    """
    probabilities, labels = np.asarray(predictions), np.asarray(labels)
    if labels.ndim == 2 and labels.shape[1] > 1:
        of_truth = np.where(labels > 0, probabilities, 1 - probabilities)
    else:
        if probabilities.ndim == 1 or probabilities.shape[1] == 1:
            positive = probabilities.ravel()
            probabilities = np.column_stack([1 - positive, positive])
        of_truth = np.take_along_axis(probabilities, labels.astype(int).reshape(-1, 1), axis=1)
    smallest = np.finfo(of_truth.dtype).eps  # a certain mistake costs much, not infinity
    losses = -np.log(np.clip(of_truth, smallest, None).astype(np.float64)).mean(axis=1)
    return float(np.average(losses, weights=weights))


def mean_squared_error(predictions, labels, weights=None) -> float:
    """Mean squared error; over the outputs too where there are several.

    Examples
    --------
    >>> mean_squared_error([1., 3.], [1., 1.])
    2.0
    """
    predictions, labels = _aligned(predictions, labels)
    return float(sk.mean_squared_error(labels, predictions, sample_weight=weights))


def root_mean_squared_error(predictions, labels, weights=None) -> float:
    """Square root of the mean squared error, in the unit of ``labels``; mean over the outputs.

    Examples
    --------
    >>> root_mean_squared_error([0., 4.], [2., 2.])
    2.0
    """
    predictions, labels = _aligned(predictions, labels)
    return float(sk.root_mean_squared_error(labels, predictions, sample_weight=weights))


def mean_absolute_error(predictions, labels, weights=None) -> float:
    """Mean absolute error, in the unit of ``labels``; mean over the outputs.

    Examples
    --------
    >>> mean_absolute_error([1., 3.], [1., 1.])
    1.0
    """
    predictions, labels = _aligned(predictions, labels)
    return float(sk.mean_absolute_error(labels, predictions, sample_weight=weights))


def r2(predictions, labels, weights=None) -> float:
    """Share of the variance explained: 1 is perfect, 0 is the mean; NaN for a single row.

    Mean over the outputs where there are several.

    Examples
    --------
    >>> r2([1., 2., 3.], [1., 2., 3.])
    1.0
    """
    predictions, labels = _aligned(predictions, labels)
    if len(labels) < 2:
        return float("nan")
    return float(sk.r2_score(labels, predictions, sample_weight=weights))


def _aligned(predictions, labels):
    """Return both as arrays of one shape: (n, 1) against (n,) would broadcast to (n, n)."""
    predictions, labels = np.asarray(predictions), np.asarray(labels)
    if {predictions.ndim, labels.ndim} == {1, 2}:
        predictions, labels = (a[:, 0] if a.shape[1:] == (1,) else a for a in (predictions, labels))
    if predictions.shape != labels.shape:
        raise ValueError(
            f"predictions and labels must have one shape; predictions are {predictions.shape}, "
            f"labels {labels.shape}. Ask for 'classes' or 'scores' if these are probabilities."
        )
    return predictions, labels


def _confusion_score(score, predictions, labels, weights, average) -> float:
    predictions, labels = _aligned(predictions, labels)
    values = np.union1d(predictions, labels)
    indicators = labels.ndim == 2
    if average is None:
        average = "micro" if indicators else "binary" if len(values) <= 2 else "macro"
    positive = 1 if indicators or set(values.tolist()) <= {0, 1} else values[-1]
    return float(
        score(
            labels,
            predictions,
            sample_weight=weights,
            average=average,
            pos_label=positive if average == "binary" else 1,
            zero_division=0,
        )
    )


def _ranking_score(area, predictions, labels, weights) -> float:
    """Bring every shape down to binary rankings and average ``area`` over them."""
    predictions, labels = np.asarray(predictions), np.asarray(labels)
    if labels.ndim == 2:
        weights = None if weights is None else np.repeat(weights, labels.shape[1])
        return _binary_ranking(area, predictions.ravel(), labels.ravel(), weights)
    if predictions.ndim == 2 and predictions.shape[1] > 2:
        areas = [
            _binary_ranking(area, predictions[:, k], labels == k, weights)
            for k in np.unique(labels)
        ]
        return float(np.mean(areas))
    if predictions.ndim == 2:
        predictions = predictions[:, -1]
    return _binary_ranking(area, predictions, labels, weights)


def _binary_ranking(area, scores, labels, weights) -> float:
    if weights is not None:  # a class all of whose rows weigh nothing does not occur
        counted = np.asarray(weights) > 0
        scores, labels, weights = scores[counted], labels[counted], np.asarray(weights)[counted]
    values = np.unique(labels)
    if len(values) > 2:
        raise ValueError(
            f"One column of scores ranks two classes; labels hold {len(values)}. "
            "Ask for 'probabilities', one column per class."
        )
    if len(values) < 2:
        return float("nan")
    return float(area(labels == values[1], scores, sample_weight=weights))


def _precision_recall_area(labels, scores, sample_weight) -> float:
    heights, positions, _ = sk.precision_recall_curve(labels, scores, sample_weight=sample_weight)
    return sk.auc(positions, heights)
