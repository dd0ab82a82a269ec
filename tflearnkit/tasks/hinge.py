"""The task of support vector machines: labels on the right side of a margin."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from tflearnkit import metrics
from tflearnkit.tasks.base import weighted_mean
from tflearnkit.tasks.classification import ClassTask

__all__ = ["HingeTask"]


@dataclass(frozen=True)
class HingeTask(ClassTask):
    """One of some classes: a score for the second of two, or one for each of more against the rest.

    A score ``z`` of a class costs ``max(0, 1 - z)`` in rows of the class and ``max(0, 1 + z)`` in
    all others, ``squared`` or not; the costs of a row's scores add up. The largest score wins, a
    tie gives the first class. Scores are no probabilities.

    >>> task = HingeTask(("no", "yes"), np.dtype("<U3"), squared=False)
    >>> task.signs(task.encode(["yes", "no"])).tolist()
    [[1.0], [-1.0]]
    """

    squared: bool = True
    kind: ClassVar[str] = "hinge"
    reports_probabilities: ClassVar[bool] = False

    @property
    def n_outputs(self) -> int:
        return 1 if len(self.classes) == 2 else len(self.classes)

    @property
    def signature(self) -> tuple:
        return (*super().signature, len(self.classes), self.squared)

    def signs(self, y_encoded) -> np.ndarray:
        """Return the side of each score in each row: 1 where its class is, -1 elsewhere."""
        of_scores = np.arange(1, 2) if len(self.classes) == 2 else np.arange(len(self.classes))
        return np.where(np.reshape(y_encoded, (-1, 1)) == of_scores, 1.0, -1.0)

    def loss(self, logits, targets):
        import tensorflow as tf

        first = 1 if len(self.classes) == 2 else 0
        of_scores = tf.range(first, first + self.n_outputs)
        ahead = tf.where(targets[:, None] == of_scores, logits, -logits)
        lacking = tf.nn.relu(1 - ahead)
        return tf.reduce_sum(tf.square(lacking) if self.squared else lacking, axis=1)

    def link(self, logits, constants):
        """Return a score for each class, float64 [n, classes]."""
        import tensorflow as tf

        logits = tf.cast(logits, tf.float64)
        return tf.concat([-logits, logits], axis=1) if len(self.classes) == 2 else logits

    def outputs(self, logits, linked) -> dict[str, np.ndarray]:
        return {"logits": logits, "classes": self.decode(linked)}

    def report(self, logits, linked, y_encoded, weights=None) -> dict[str, float]:
        """Return ``loss`` and ``accuracy``; of two classes also areas, precision and recall."""
        lacking = np.maximum(1 - self.signs(y_encoded) * logits.astype(np.float64), 0)
        losses = (lacking**2 if self.squared else lacking).sum(axis=1)
        predicted = np.argmax(linked, axis=1)
        report = {
            "loss": weighted_mean(losses, weights),
            "accuracy": weighted_mean(predicted == y_encoded, weights),
        }
        if len(self.classes) != 2:
            return report
        label_mean = weighted_mean(y_encoded, weights)
        return report | {
            "auc": metrics.auc(logits, y_encoded, weights),
            "auc_precision_recall": metrics.auc_precision_recall(logits, y_encoded, weights),
            "precision": metrics.precision(predicted, y_encoded, weights, "binary"),
            "recall": metrics.recall(predicted, y_encoded, weights, "binary"),
            "labels/actual_label_mean": label_mean,
            "accuracy/baseline_label_mean": label_mean,
        }
