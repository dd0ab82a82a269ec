"""The ``streaming_*`` metrics of scores that a threshold makes classes of.

See `tflearnkit.metrics.streaming`. Areas and best thresholds are exact, whatever number of
thresholds is asked for: every score that occurs is one.
"""

from __future__ import annotations

import numpy as np
from sklearn.metrics import roc_curve

from tflearnkit.metrics import functions as fn
from tflearnkit.metrics.cells import cells, numbers, share
from tflearnkit.metrics.pending import streaming

__all__ = [
    "streaming_auc",
    "streaming_precision_at_thresholds",
    "streaming_recall_at_thresholds",
    "streaming_sensitivity_at_specificity",
    "streaming_specificity_at_sensitivity",
]

_AREAS = {"ROC": fn.auc, "PR": fn.auc_precision_recall}
_ROUNDING = 1e-9  # rates are quotients of sums: 0.4 may come as 0.3999...


@streaming
def streaming_auc(predictions, labels, weights=None, num_thresholds=200, curve="ROC") -> float:
    """Area under the ROC curve, or that of precision over recall.

    Parameters
    ----------
    predictions : array or tensor
        Scores, such as probabilities of the positive class, of the shape of the labels; or (n, 2)
        probabilities of both classes.
    labels : array or tensor
        What is not 0 is positive.
    weights : array or tensor, optional
    num_thresholds : int, default=200
        For code of the old API: the area is exact.
    curve : {"ROC", "PR"}

    Returns
    -------
    float, or a pair of one pending metric in a model function
        NaN where only one class occurs.

    Examples
    --------
    >>> streaming_auc([.1, .4, .35, .8], [0, 0, 1, 1])
    0.75
    >>> round(streaming_auc([.1, .4, .35, .8], [0, 0, 1, 1], curve="PR"), 4)
    0.7917
    """
    if curve not in _AREAS:
        raise ValueError(f"curve should be 'ROC' or 'PR'. Got {curve!r}: pass one of the two.")
    return _AREAS[curve](*_scored(predictions, labels, weights))


@streaming
def streaming_precision_at_thresholds(predictions, labels, thresholds, weights=None) -> np.ndarray:
    """Precision for each threshold: true is predicted where a score is above it.

    Parameters
    ----------
    predictions, labels : array or tensor
        As in `streaming_auc`.
    thresholds : sequence of float
    weights : array or tensor, optional

    Returns
    -------
    array of shape (thresholds,), or a pair of one pending metric in a model function
        0 where nothing is above the threshold.

    Examples
    --------
    >>> streaming_precision_at_thresholds([.1, .4, .35, .8], [0, 0, 1, 1], thresholds=[.3, .5])
    array([0.66666667, 1.        ])
    """
    scores, labels, weights = _scored(predictions, labels, weights)
    return np.array([share(labels, scores > t, weights) for t in _checked(thresholds)])


@streaming
def streaming_recall_at_thresholds(predictions, labels, thresholds, weights=None) -> np.ndarray:
    """Recall for each threshold: true is predicted where a score is above it.

    Parameters
    ----------
    predictions, labels : array or tensor
        As in `streaming_auc`.
    thresholds : sequence of float
    weights : array or tensor, optional

    Returns
    -------
    array of shape (thresholds,), or a pair of one pending metric in a model function
        0 where nothing is true.

    Examples
    --------
    >>> streaming_recall_at_thresholds([.1, .4, .35, .8], [0, 0, 1, 1], thresholds=[.3, .5])
    array([1. , 0.5])
    """
    scores, labels, weights = _scored(predictions, labels, weights)
    return np.array([share(scores > t, labels, weights) for t in _checked(thresholds)])


@streaming
def streaming_sensitivity_at_specificity(
    predictions, labels, specificity, weights=None, num_thresholds=200
) -> float:
    """Greatest sensitivity that a threshold reaches with at least a given specificity.

    Sensitivity is the share of the positives above the threshold, specificity that of the
    negatives below it.

    Parameters
    ----------
    predictions, labels : array or tensor
        As in `streaming_auc`.
    specificity : float
        Between 0 and 1.
    weights : array or tensor, optional
    num_thresholds : int, default=200
        For code of the old API: every score is a threshold.

    Returns
    -------
    float, or a pair of one pending metric in a model function
        NaN where only one class occurs.

    Raises
    ------
    ValueError
        If the specificity is not between 0 and 1.

    Examples
    --------
    >>> streaming_sensitivity_at_specificity([.1, .4, .35, .8], [0, 0, 1, 1], specificity=.9)
    0.5
    """
    _check_share("specificity", specificity)
    sensitivities, specificities = _rates(predictions, labels, weights)
    return float(np.max(sensitivities[~(specificities < specificity - _ROUNDING)]))


@streaming
def streaming_specificity_at_sensitivity(
    predictions, labels, sensitivity, weights=None, num_thresholds=200
) -> float:
    """Greatest specificity that a threshold reaches with at least a given sensitivity.

    Parameters
    ----------
    predictions, labels : array or tensor
        As in `streaming_auc`.
    sensitivity : float
        Between 0 and 1.
    weights : array or tensor, optional
    num_thresholds : int, default=200
        For code of the old API: every score is a threshold.

    Returns
    -------
    float, or a pair of one pending metric in a model function
        NaN where only one class occurs.

    Raises
    ------
    ValueError
        If the sensitivity is not between 0 and 1.

    Examples
    --------
    >>> streaming_specificity_at_sensitivity([.1, .4, .35, .8], [0, 0, 1, 1], sensitivity=.9)
    0.5
    """
    _check_share("sensitivity", sensitivity)
    sensitivities, specificities = _rates(predictions, labels, weights)
    return float(np.max(specificities[~(sensitivities < sensitivity - _ROUNDING)]))


def _scored(predictions, labels, weights):
    """Return scores, whether they are of positives, and weights, flat and of one length."""
    predictions, labels = numbers("predictions", predictions), numbers("labels", labels)
    if predictions.ndim == 2 and predictions.shape[1] == 2 and labels.shape[1:] in ((), (1,)):
        predictions = predictions[:, 1]
    predictions, labels, weights = cells(predictions, labels, weights)
    return predictions, labels.astype(bool), weights


def _checked(thresholds) -> np.ndarray:
    thresholds = numbers("thresholds", thresholds)
    if thresholds.ndim != 1:
        raise ValueError(
            f"thresholds should be a list of numbers. Got {thresholds.ndim} dimensions: pass "
            "[0.5] for one threshold."
        )
    return thresholds


def _rates(predictions, labels, weights):
    """Return sensitivity and specificity for each threshold; NaN where only one class occurs."""
    predictions, labels, weights = _scored(predictions, labels, weights)
    if weights is not None:  # a class all of whose rows weigh nothing does not occur
        counted = weights > 0
        predictions, labels, weights = predictions[counted], labels[counted], weights[counted]
    if len(np.unique(labels)) < 2:
        return np.array([np.nan]), np.array([np.nan])
    false, true, _ = roc_curve(labels, predictions, sample_weight=weights, drop_intermediate=False)
    return true, 1 - false


def _check_share(name, value) -> None:
    if not 0 <= value <= 1:
        raise ValueError(f"{name} should be between 0 and 1. Got {value}: pass a share.")
