"""What is reported of probabilities of one class, at thresholds and over all of them."""

from __future__ import annotations

import numpy as np

from tflearnkit import metrics
from tflearnkit.tasks.base import weighted_mean

__all__ = ["binary_report"]


def binary_report(probability, actual, weights=None, thresholds=(0.5,)) -> dict[str, float]:
    """Return the mean label and prediction, the AUC, and what holds at each threshold.

    Parameters
    ----------
    probability : array of shape (n,)
        That a row is positive.
    actual : bool array of shape (n,)
        Whether it is.
    weights : array of shape (n,), optional
    thresholds : sequence of float in [0, 1]

    Notes
    -----
    ``accuracy/threshold_..._mean`` counts a probability of exactly the threshold as positive;
    precision and recall count it as negative. ``accuracy/baseline_label_mean`` is the mean label,
    as TF.Learn defined it.

    Examples
    --------
    >>> report = binary_report(np.array([0.2, 0.5, 0.9]), np.array([False, True, True]))
    >>> report["accuracy/threshold_0.500000_mean"]
    1.0
    >>> report["recall/positive_threshold_0.500000_mean"]
    0.5
    """
    label_mean = weighted_mean(actual, weights)
    report = {
        "auc": metrics.auc(probability, actual, weights),
        "labels/prediction_mean": weighted_mean(probability.astype(np.float64), weights),
        "labels/actual_label_mean": label_mean,
        "accuracy/baseline_label_mean": label_mean,
    }
    for threshold in thresholds:
        positive = probability > threshold
        right = (probability >= threshold) == actual
        hits = weighted_mean(positive & actual, weights)
        found = weighted_mean(positive, weights)
        report[f"accuracy/threshold_{threshold:f}_mean"] = weighted_mean(right, weights)
        report[f"precision/positive_threshold_{threshold:f}_mean"] = _ratio(hits, found)
        report[f"recall/positive_threshold_{threshold:f}_mean"] = _ratio(hits, label_mean)
    return report


def _ratio(part, whole) -> float:
    return part / whole if whole else 0.0
