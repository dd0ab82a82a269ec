"""The ``streaming_*`` metrics of the k classes with the highest scores.

See `tflearnkit.metrics.streaming`. Weights are one number, one for each row, or of a shape that
broadcasts to that of the rows.
"""

from __future__ import annotations

import operator
from typing import NamedTuple

import numpy as np

from tflearnkit.metrics.cells import cells, for_each, mean, numbers, ratio
from tflearnkit.metrics.pending import streaming

__all__ = [
    "streaming_recall_at_k",
    "streaming_sparse_average_precision_at_k",
    "streaming_sparse_precision_at_k",
    "streaming_sparse_recall_at_k",
]


@streaming
def streaming_recall_at_k(predictions, labels, k, weights=None) -> float:
    """Share of the rows whose label is among the k classes with the highest scores.

    Classes that tie for the last place are all among them.

    Parameters
    ----------
    predictions : array or tensor of shape (..., K)
        A score for each class, such as logits.
    labels : array or tensor of shape (...)
        Class numbers ``0 .. K - 1``.
    k : int
        From 1 to K.
    weights : array or tensor, optional

    Returns
    -------
    float, or a pair of one pending metric in a model function

    Raises
    ------
    ValueError
        If k or a label is out of range, or shapes do not fit.

    Examples
    --------
    >>> streaming_recall_at_k([[.1, .6, .3], [.8, .2, .0]], [2, 2], k=2)
    0.5
    """
    shape, predictions = _scores(predictions, k)
    n, n_classes = predictions.shape
    rows, labels, weights = cells(np.arange(n).reshape(shape), labels, weights)
    if (numbers("labels", labels) < 0).any():
        raise ValueError(
            f"labels should be class numbers from 0 to {n_classes - 1}. Got {labels.min()}: weight "
            "such rows with 0 after setting them to 0."
        )
    _check_below(labels, n_classes)
    of_label = predictions[rows, labels.astype(int)]
    better = (predictions > of_label[:, None]).sum(axis=1)
    return mean((better < k) & ~np.isnan(of_label), weights)


@streaming
def streaming_sparse_precision_at_k(predictions, labels, k, class_id=None, weights=None) -> float:
    """Share of the k classes with the highest scores that are labels, pooled over the rows.

    Parameters
    ----------
    predictions : array or tensor of shape (..., K)
        A score for each class; of equal ones the lower class comes first.
    labels : array or tensor of shape (..., L) or (...)
        The class numbers that are right for each row; negative ones fill up rows that have fewer
        than L.
    k : int
        From 1 to K.
    class_id : int, optional
        Counts this class only, where it is among the k.
    weights : array or tensor, optional
        Of the shape of a row each, (...).

    Returns
    -------
    float, or a pair of one pending metric in a model function
        NaN where nothing was predicted.

    Raises
    ------
    ValueError
        If k, a label or the class is out of range, or shapes do not fit.

    Examples
    --------
    >>> streaming_sparse_precision_at_k([[.1, .6, .3], [.8, .2, .0]], [[1, 2], [0, -1]], k=2)
    0.75
    """
    guesses = _guesses(predictions, labels, k, weights)
    counted = np.ones_like(guesses.right)
    if class_id is not None:
        _check_class(class_id, guesses.relevant.shape[1])
        counted = guesses.classes == class_id
    right = (guesses.right & counted).sum(axis=1)
    return ratio(guesses.weights @ right, guesses.weights @ counted.sum(axis=1))


@streaming
def streaming_sparse_recall_at_k(predictions, labels, k, class_id=None, weights=None) -> float:
    """Share of the labels that are among the k classes with the highest scores, pooled.

    Parameters
    ----------
    predictions, labels, k, weights
        As in `streaming_sparse_precision_at_k`.
    class_id : int, optional
        Counts labels of this class only.

    Returns
    -------
    float, or a pair of one pending metric in a model function
        NaN where there are no labels.

    Raises
    ------
    ValueError
        If k, a label or the class is out of range, or shapes do not fit.

    Examples
    --------
    >>> streaming_sparse_recall_at_k([[.1, .6, .3], [.8, .2, .0]], [[1, 2], [0, -1]], k=1)
    0.6666666666666666
    """
    guesses = _guesses(predictions, labels, k, weights)
    right, relevant = guesses.right, guesses.relevant
    if class_id is not None:
        _check_class(class_id, relevant.shape[1])
        right = right & (guesses.classes == class_id)
        relevant = relevant[:, [class_id]]
    return ratio(guesses.weights @ right.sum(axis=1), guesses.weights @ relevant.sum(axis=1))


@streaming
def streaming_sparse_average_precision_at_k(predictions, labels, k, weights=None) -> float:
    """Mean over the rows of their average precision among the k highest scores.

    That of a row adds up the precision at each place of the k that holds a label, and divides by
    the most such places there could be: the number of its labels, or k. Choose it where the order
    of the k matters. Rows without labels do not count.

    Parameters
    ----------
    predictions, labels, k, weights
        As in `streaming_sparse_precision_at_k`.

    Returns
    -------
    float, or a pair of one pending metric in a model function

    Raises
    ------
    ValueError
        If k or a label is out of range, or shapes do not fit.

    Examples
    --------
    >>> streaming_sparse_average_precision_at_k([[.1, .6, .3]], [[1, 0]], k=3) # (1/1 + 2/3) / 2
    0.8333333333333333
    """
    guesses = _guesses(predictions, labels, k, weights)
    precisions = guesses.right.cumsum(axis=1) / np.arange(1, k + 1)
    places = np.minimum(guesses.relevant.sum(axis=1), k)
    counted = places > 0
    found = (precisions * guesses.right).sum(axis=1)[counted] / places[counted]
    return mean(found, guesses.weights[counted])


class Guesses(NamedTuple):
    """The k best classes of n rows.

    Attributes
    ----------
    classes : array of shape (n, k)
        From the highest score down.
    right : bool array of shape (n, k)
        Whether they are labels.
    relevant : bool array of shape (n, K)
        Which classes are labels.
    weights : array of shape (n,)
    """

    classes: np.ndarray
    right: np.ndarray
    relevant: np.ndarray
    weights: np.ndarray


def _guesses(predictions, labels, k, weights) -> Guesses:
    shape, predictions = _scores(predictions, k)
    n, n_classes = predictions.shape
    labels = numbers("labels", labels)
    if labels.shape == shape:
        labels = labels[..., None]
    if labels.shape[:-1] != shape:
        raise ValueError(
            f"labels should have a row of class numbers for each row of the predictions, {shape}. "
            f"Got labels of shape {labels.shape}: fill up rows that have fewer labels with -1."
        )
    labels = labels.reshape(n, -1).astype(int)
    _check_below(labels, n_classes)
    rows, places = np.nonzero(labels >= 0)
    relevant = np.zeros((n, n_classes), bool)
    relevant[rows, labels[rows, places]] = True
    classes = np.argsort(-predictions, axis=1, kind="stable")[:, :k]
    weights = for_each("weights", 1 if weights is None else weights, shape)
    return Guesses(classes, np.take_along_axis(relevant, classes, axis=1), relevant, weights)


def _scores(predictions, k) -> tuple[tuple[int, ...], np.ndarray]:
    """Return the shape of the rows, and the scores of all of them as an array (n, K)."""
    predictions = numbers("predictions", predictions).astype(np.float64)
    if predictions.ndim < 2:
        raise ValueError(
            "predictions should have a score for each class on the last axis. Got predictions of "
            f"shape {predictions.shape}: pass logits or probabilities, not classes."
        )
    *shape, n_classes = predictions.shape
    if not 1 <= operator.index(k) <= n_classes:
        raise ValueError(f"k should be between 1 and the number of classes, {n_classes}. Got {k}.")
    return tuple(shape), predictions.reshape(-1, n_classes)


def _check_below(labels, n_classes) -> None:
    if labels.size and labels.max() >= n_classes:
        raise ValueError(
            f"labels should be class numbers below {n_classes}, the size of the last axis of the "
            f"predictions. Got {labels.max()}: number the classes from 0."
        )


def _check_class(class_id, n_classes) -> None:
    if not 0 <= operator.index(class_id) < n_classes:
        raise ValueError(
            f"class_id should be a class number from 0 to {n_classes - 1}. Got {class_id}."
        )
