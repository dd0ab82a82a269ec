"""The task of a model function that predicts the probability of class 1."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from tflearnkit.errors import listing
from tflearnkit.tasks.binary_report import binary_report
from tflearnkit.tasks.function import FunctionTask

__all__ = ["ProbabilityTask"]


@dataclass(frozen=True)
class ProbabilityTask(FunctionTask):
    """Labels are 0 and 1, and predictions the probability of 1.

    Examples
    --------
    >>> task = ProbabilityTask(thresholds=(0.3,))
    >>> outputs = task.outputs(np.array([[0.25], [0.75]]))
    >>> outputs["predictions"], outputs["classes"]
    (array([0.25, 0.75]), array([0, 1]))
    >>> task.report(outputs, [0, 1])["accuracy/threshold_0.300000_mean"]
    1.0
    """

    kind: ClassVar[str] = "probability"
    reports_probabilities: ClassVar[bool] = True
    thresholds: tuple[float, ...] = (0.5,)

    def encode(self, y) -> np.ndarray:
        y = _flat(y, "y")
        if not np.isin(y, (0, 1)).all():
            raise ValueError(
                f"y should hold the labels 0 and 1. Got {listing(np.unique(y))}: number the "
                "classes, such as (y == 'yes').astype(int)."
            )
        return y.astype(np.int32)

    def outputs(self, predictions) -> dict:
        """Return predictions by the keys that metrics may ask for."""
        if isinstance(predictions, Mapping) and len(predictions) != 1:
            raise ValueError(
                "The model function should predict the probabilities of class 1 alone. Got a dict "
                f"of {listing(predictions) or 'nothing'}: return one tensor, or use Estimator."
            )
        named = predictions if isinstance(predictions, Mapping) else {}
        found = next(iter(named.values())) if named else predictions
        probability = _flat(found, "The model function's predictions")
        if not ((probability >= 0) & (probability <= 1)).all():
            raise ValueError(
                "The model function should predict probabilities of class 1, from 0 to 1. Got "
                f"values from {probability.min():.4g} to {probability.max():.4g}: return "
                "tf.sigmoid(logits)."
            )
        classes = (probability > 0.5).astype(int)
        return {**named, "predictions": probability, "classes": classes}

    def report(self, outputs, labels, weights=None) -> dict[str, float]:
        """Return what `binary_report` says of the predictions."""
        actual = self.encode(labels) == 1
        return binary_report(outputs["predictions"], actual, weights, self.thresholds)


def _flat(values, what: str) -> np.ndarray:
    values = np.asarray(values)
    if values.ndim == 0 or values.size != len(values):
        raise ValueError(
            f"{what} should be one number for each row. Got an array of shape {values.shape}: "
            "keep the one of class 1."
        )
    return values.reshape(-1)
