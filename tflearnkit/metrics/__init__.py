"""Metrics of a whole evaluation set.

The functions are ``f(predictions, labels, weights=None) -> float``: predictions come first, as
they always did in TF.Learn (scikit-learn puts them second). They are exact, with no thresholded
approximation of areas, and take one non-negative weight per row. Call them directly, or hand them
or their names to ``evaluate(metrics=...)``; `resolve` says what else may stand there.
"""

from tflearnkit.metrics.functions import (
    accuracy,
    auc,
    auc_precision_recall,
    f1,
    log_loss,
    mean_absolute_error,
    mean_squared_error,
    precision,
    r2,
    recall,
    root_mean_squared_error,
)
from tflearnkit.metrics.requested import resolve
from tflearnkit.metrics.spec import MetricSpec

__all__ = [
    "MetricSpec",
    "accuracy",
    "auc",
    "auc_precision_recall",
    "f1",
    "log_loss",
    "mean_absolute_error",
    "mean_squared_error",
    "precision",
    "r2",
    "recall",
    "resolve",
    "root_mean_squared_error",
]
