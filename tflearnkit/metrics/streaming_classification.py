"""The ``streaming_*`` metrics of predicted classes; see `tflearnkit.metrics.streaming`."""

from __future__ import annotations

import numpy as np
from sklearn.metrics import jaccard_score

from tflearnkit.metrics.cells import cells, mean, numbers, share, truths
from tflearnkit.metrics.pending import streaming

__all__ = [
    "streaming_accuracy",
    "streaming_false_negatives",
    "streaming_false_positives",
    "streaming_mean_iou",
    "streaming_precision",
    "streaming_recall",
    "streaming_true_negatives",
    "streaming_true_positives",
]


@streaming
def streaming_accuracy(predictions, labels, weights=None) -> float:
    """Share of the predictions that equal their label.

    Parameters
    ----------
    predictions, labels : array or tensor
        Classes, of one shape but for a trailing dimension of size 1. Numbers are compared in the
        dtype of the labels: beside whole labels, predictions are cut to whole numbers.
    weights : array or tensor, optional

    Returns
    -------
    float, or a pair of one pending metric in a model function

    Examples
    --------
    >>> streaming_accuracy([[1], [2], [3]], [1, 2, 0], weights=[1, 1, 2])
    0.5
    """
    predictions, labels, weights = cells(predictions, labels, weights)
    numeric = [array.dtype.kind in "biuf" for array in (predictions, labels)]
    if numeric[0] != numeric[1]:
        raise TypeError(
            "predictions and labels should both be numbers, or both be text. Got predictions of "
            f"{predictions.dtype} and labels of {labels.dtype}: pass classes named alike."
        )
    if all(numeric):
        with np.errstate(invalid="ignore"):  # NaN, which has no whole number, is no class either
            predictions = predictions.astype(labels.dtype)
    return mean(predictions == labels, weights)


@streaming
def streaming_precision(predictions, labels, weights=None) -> float:
    """Share of what is predicted true that is true; 0 where nothing is predicted so.

    Parameters
    ----------
    predictions, labels : array or tensor
        What is not 0 is true; so pass classes, and probabilities only after a comparison with a
        threshold.
    weights : array or tensor, optional

    Returns
    -------
    float, or a pair of one pending metric in a model function

    Examples
    --------
    >>> streaming_precision([1, 1, 0], [1, 0, 1])
    0.5
    """
    predictions, labels, weights = truths(predictions, labels, weights)
    return share(labels, among=predictions, weights=weights)


@streaming
def streaming_recall(predictions, labels, weights=None) -> float:
    """Share of what is true that is predicted so; 0 where nothing is true.

    Parameters
    ----------
    predictions, labels : array or tensor
        As in `streaming_precision`.
    weights : array or tensor, optional

    Returns
    -------
    float, or a pair of one pending metric in a model function

    Examples
    --------
    >>> streaming_recall([1, 1, 0, 0], [1, 0, 0, 0])
    1.0
    """
    predictions, labels, weights = truths(predictions, labels, weights)
    return share(predictions, among=labels, weights=weights)


@streaming
def streaming_true_positives(predictions, labels, weights=None) -> float:
    """Number, or weight, of what is true and predicted so.

    Parameters
    ----------
    predictions, labels : array or tensor
        As in `streaming_precision`.
    weights : array or tensor, optional

    Returns
    -------
    float, or a pair of one pending metric in a model function

    Examples
    --------
    >>> streaming_true_positives([1, 1, 0], [1, 0, 1])
    1.0
    """
    return _weight_of(predictions, labels, weights, predicted=True, actual=True)


@streaming
def streaming_false_positives(predictions, labels, weights=None) -> float:
    """Number, or weight, of what is false and predicted true.

    Parameters
    ----------
    predictions, labels : array or tensor
        As in `streaming_precision`.
    weights : array or tensor, optional

    Returns
    -------
    float, or a pair of one pending metric in a model function

    Examples
    --------
    >>> streaming_false_positives([1, 1, 0], [1, 0, 1], weights=[1, 2, 3])
    2.0
    """
    return _weight_of(predictions, labels, weights, predicted=True, actual=False)


@streaming
def streaming_true_negatives(predictions, labels, weights=None) -> float:
    """Number, or weight, of what is false and predicted so.

    Parameters
    ----------
    predictions, labels : array or tensor
        As in `streaming_precision`.
    weights : array or tensor, optional

    Returns
    -------
    float, or a pair of one pending metric in a model function

    Examples
    --------
    >>> streaming_true_negatives([1, 1, 0], [1, 0, 1])
    0.0
    """
    return _weight_of(predictions, labels, weights, predicted=False, actual=False)


@streaming
def streaming_false_negatives(predictions, labels, weights=None) -> float:
    """Number, or weight, of what is true and predicted false.

    Parameters
    ----------
    predictions, labels : array or tensor
        As in `streaming_precision`.
    weights : array or tensor, optional

    Returns
    -------
    float, or a pair of one pending metric in a model function

    Examples
    --------
    >>> streaming_false_negatives([1, 1, 0], [1, 0, 1], weights=[1, 2, 3])
    3.0
    """
    return _weight_of(predictions, labels, weights, predicted=False, actual=True)


@streaming
def streaming_mean_iou(predictions, labels, num_classes, weights=None) -> float:
    """Mean over the classes of intersection over union, the measure of segmentation.

    Of each class it is the share that is both predicted and true in what is either. Classes that
    are neither predicted nor true do not count.

    Parameters
    ----------
    predictions, labels : array or tensor
        Class numbers ``0 .. num_classes - 1``, of any shape.
    num_classes : int
    weights : array or tensor, optional

    Returns
    -------
    float, or a pair of one pending metric in a model function

    Raises
    ------
    ValueError
        If there is a class of another number.

    Examples
    --------
    >>> streaming_mean_iou([0, 0, 1, 1], [0, 0, 0, 1], num_classes=2) # (2/3 + 1/2) / 2
    0.5833333333333333
    """
    predictions, labels, weights = cells(predictions, labels, weights)
    for name, classes in (("predictions", predictions), ("labels", labels)):
        _check_classes(name, classes, num_classes)
    if weights is not None:  # a class all of which weighs nothing does not occur
        counted = weights > 0
        predictions, labels, weights = predictions[counted], labels[counted], weights[counted]
    if not len(labels):
        return float("nan")
    return float(jaccard_score(labels, predictions, average="macro", sample_weight=weights))


def _weight_of(predictions, labels, weights, predicted: bool, actual: bool) -> float:
    predictions, labels, weights = truths(predictions, labels, weights)
    chosen = (predictions == predicted) & (labels == actual)
    return float(chosen.sum() if weights is None else weights[chosen].sum())


def _check_classes(name, classes, num_classes) -> None:
    wrong = classes[(numbers(name, classes) < 0) | (classes >= num_classes)]
    if len(wrong):
        raise ValueError(
            f"{name} should be class numbers from 0 to num_classes - 1 = {num_classes - 1}. Got "
            f"{wrong[0]}: weight such cells with 0 after setting them to 0, or raise num_classes."
        )
