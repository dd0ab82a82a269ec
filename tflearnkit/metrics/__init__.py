"""Metrics of a whole evaluation set.

The functions are ``f(predictions, labels, weights=None) -> float``: predictions come first, as
they always did in TF.Learn (scikit-learn puts them second). They are exact, with no thresholded
approximation of areas, and take one non-negative weight per row. Call them directly, or hand them
or their names to ``evaluate(metrics=...)``; `resolve` says what else may stand there.

The ``streaming_*`` functions are those of the old API. They take arrays as well, and the tensors of
a model function, for its ``eval_metric_ops``; `tflearnkit.metrics.streaming` says more.
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
from tflearnkit.metrics.streaming import (
    aggregate_metric_map,
    aggregate_metrics,
    streaming_concat,
    streaming_mean,
    streaming_mean_tensor,
    streaming_percentage_less,
)
from tflearnkit.metrics.streaming_classification import (
    streaming_accuracy,
    streaming_false_negatives,
    streaming_false_positives,
    streaming_mean_iou,
    streaming_precision,
    streaming_recall,
    streaming_true_negatives,
    streaming_true_positives,
)
from tflearnkit.metrics.streaming_regression import (
    streaming_covariance,
    streaming_mean_absolute_error,
    streaming_mean_cosine_distance,
    streaming_mean_relative_error,
    streaming_mean_squared_error,
    streaming_pearson_correlation,
    streaming_root_mean_squared_error,
)
from tflearnkit.metrics.streaming_thresholds import (
    streaming_auc,
    streaming_precision_at_thresholds,
    streaming_recall_at_thresholds,
    streaming_sensitivity_at_specificity,
    streaming_specificity_at_sensitivity,
)
from tflearnkit.metrics.streaming_top_k import (
    streaming_recall_at_k,
    streaming_sparse_average_precision_at_k,
    streaming_sparse_precision_at_k,
    streaming_sparse_recall_at_k,
)

__all__ = [
    "MetricSpec",
    "accuracy",
    "aggregate_metric_map",
    "aggregate_metrics",
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
    "streaming_accuracy",
    "streaming_auc",
    "streaming_concat",
    "streaming_covariance",
    "streaming_false_negatives",
    "streaming_false_positives",
    "streaming_mean",
    "streaming_mean_absolute_error",
    "streaming_mean_cosine_distance",
    "streaming_mean_iou",
    "streaming_mean_relative_error",
    "streaming_mean_squared_error",
    "streaming_mean_tensor",
    "streaming_pearson_correlation",
    "streaming_percentage_less",
    "streaming_precision",
    "streaming_precision_at_thresholds",
    "streaming_recall",
    "streaming_recall_at_k",
    "streaming_recall_at_thresholds",
    "streaming_root_mean_squared_error",
    "streaming_sensitivity_at_specificity",
    "streaming_sparse_average_precision_at_k",
    "streaming_sparse_precision_at_k",
    "streaming_sparse_recall_at_k",
    "streaming_specificity_at_sensitivity",
    "streaming_true_negatives",
    "streaming_true_positives",
]
