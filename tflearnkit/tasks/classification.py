"""Tasks with labels: binary, multi-class and multi-label."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar

import numpy as np
import pandas as pd
import scipy.sparse
from sklearn.utils import column_or_1d

from tflearnkit import metrics
from tflearnkit.errors import did_you_mean, listing
from tflearnkit.tasks.base import Task, weighted_mean
from tflearnkit.tasks.binary_report import binary_report


@dataclass(frozen=True)
class ClassTask(Task):
    """Exactly one of some classes per row."""

    classes: tuple
    dtype: np.dtype

    @cached_property
    def labels(self) -> np.ndarray:
        """The classes, sorted, in the user's dtype."""
        return np.array(self.classes, dtype=self.dtype)

    def encode(self, y) -> np.ndarray:
        y = unboxed(column_or_1d(np.asarray(y)))
        if y.dtype.kind in "biu" and self.dtype.kind in "biu":
            return self._encode_integers(y)
        codes, found = pd.factorize(y)  # each label is looked up once, not once per row
        positions = self._index.get_indexer(found)
        if (codes < 0).any():
            raise ValueError(
                f"y must have a label in every row; it holds {y[codes < 0][0]} in "
                f"{(codes < 0).sum()} row(s), the first being row {np.argmin(codes)}. Drop or "
                "label these rows."
            )
        if (positions < 0).any():
            self._refuse(found[positions < 0])
        return positions[codes].astype(np.int32)

    @cached_property
    def _index(self) -> pd.Index:
        return pd.Index(self.labels)

    def _encode_integers(self, y) -> np.ndarray:
        positions = np.searchsorted(self.labels, y).clip(max=len(self.labels) - 1)
        unknown = self.labels[positions] != y
        if unknown.any():
            self._refuse(pd.unique(y[unknown]))
        return positions.astype(np.int32)

    def _refuse(self, unknown):
        raise ValueError(
            f"y must hold only the labels {listing(self.classes)}; it holds {listing(unknown)}."
            f"{did_you_mean(unknown[0], self.classes)} Show the first fit every label, pass "
            "classes to partial_fit, or pass n_classes to the estimator where labels are the "
            "integers 0 .. n_classes-1."
        )

    def decode(self, linked) -> np.ndarray:
        return self.labels[np.argmax(linked, axis=1)]


@dataclass(frozen=True)
class BinaryTask(ClassTask):
    """Two classes, one score: the log-odds of the second, ``classes[1]``.

    A row is given the second class where its probability exceeds one half; a tie gives the first.

    >>> from tflearnkit.tasks import infer_classification
    >>> task = infer_classification(["no", "yes", "no"])
    >>> task.encode(["yes", "no"])
    array([1, 0], dtype=int32)
    """

    kind: ClassVar[str] = "binary"
    n_outputs: ClassVar[int] = 1

    def loss(self, logits, targets):
        import tensorflow as tf

        targets = tf.cast(targets, logits.dtype)
        return tf.nn.sigmoid_cross_entropy_with_logits(labels=targets, logits=logits[:, 0])

    def link(self, logits, constants):
        import tensorflow as tf

        return tf.sigmoid(tf.cast(tf.concat([-logits, logits], axis=1), tf.float64))

    def outputs(self, logits, linked) -> dict[str, np.ndarray]:
        return super().outputs(logits, linked) | {"logistic": linked[:, 1:]}

    def report(self, logits, linked, y_encoded, weights=None) -> dict[str, float]:
        """Return the loss, the areas and what holds at the threshold of one half.

        See `binary_report`. Areas are NaN where only one class occurs.
        """
        actual, probability = y_encoded == 1, linked[:, 1]
        losses = np.logaddexp(0, np.where(actual, -1.0, 1.0) * logits[:, 0])
        found = binary_report(probability, actual, weights)
        return {
            "loss": weighted_mean(losses, weights),
            "accuracy": weighted_mean((probability > 0.5) == actual, weights),
            "auc_precision_recall": metrics.auc_precision_recall(probability, actual, weights),
            "precision": found["precision/positive_threshold_0.500000_mean"],
            "recall": found["recall/positive_threshold_0.500000_mean"],
            **found,
        }


@dataclass(frozen=True)
class MulticlassTask(ClassTask):
    """One of several classes, a score each; with a single class it is certain of that class.

    >>> from tflearnkit.tasks import infer_classification
    >>> infer_classification([3, 1, 2]).classes
    (1, 2, 3)
    """

    kind: ClassVar[str] = "multiclass"

    @property
    def n_outputs(self) -> int:
        return len(self.classes)

    def loss(self, logits, targets):
        import tensorflow as tf

        return tf.nn.sparse_softmax_cross_entropy_with_logits(labels=targets, logits=logits)

    def link(self, logits, constants):
        import tensorflow as tf

        return tf.nn.softmax(tf.cast(logits, tf.float64))

    def report(self, logits, linked, y_encoded, weights=None) -> dict[str, float]:
        """Return ``loss`` (cross-entropy) and ``accuracy``."""
        logits = logits.astype(np.float64)
        above = logits - logits.max(axis=1, keepdims=True)
        of_truth = np.take_along_axis(above, y_encoded[:, None], axis=1)[:, 0]
        losses = np.log(np.exp(above).sum(axis=1)) - of_truth
        right = np.argmax(linked, axis=1) == y_encoded
        return {"loss": weighted_mean(losses, weights), "accuracy": weighted_mean(right, weights)}


@dataclass(frozen=True)
class MultilabelTask(Task):
    """Any number of ``n_labels`` labels per row; ``y`` is an indicator of shape (n, n_labels).

    >>> from tflearnkit.tasks import infer_classification
    >>> infer_classification([[1, 0, 1], [0, 1, 1]])
    MultilabelTask(n_labels=3)
    """

    n_labels: int
    kind: ClassVar[str] = "multilabel"

    @property
    def n_outputs(self) -> int:
        return self.n_labels

    def encode(self, y) -> np.ndarray:
        y = np.asarray(y.toarray() if scipy.sparse.issparse(y) else y)
        if y.ndim != 2 or y.shape[1] != self.n_labels:
            raise ValueError(
                f"y must have the shape (rows, {self.n_labels}), one column per label; it has "
                f"the shape {y.shape}. Pass the columns the model was fitted on."
            )
        if not np.isin(y, (0, 1)).all():
            raise ValueError(
                f"The cells of a 2-D y must be 0 or 1; y holds {listing(np.unique(y))}. "
                "Mark a label that applies with 1 and one that does not with 0."
            )
        return y.astype(np.float32)

    def loss(self, logits, targets):
        import tensorflow as tf

        cells = tf.nn.sigmoid_cross_entropy_with_logits(labels=targets, logits=logits)
        return tf.reduce_mean(cells, axis=1)

    def link(self, logits, constants):
        import tensorflow as tf

        return tf.sigmoid(tf.cast(logits, tf.float64))

    def decode(self, linked) -> np.ndarray:
        return (np.asarray(linked) > 0.5).astype(int)

    def report(self, logits, linked, y_encoded, weights=None) -> dict[str, float]:
        """Return means over all cells, and areas over all cells pooled."""
        actual = y_encoded > 0
        losses = np.logaddexp(0, np.where(actual, -1.0, 1.0) * logits).mean(axis=1)
        right = ((linked > 0.5) == actual).mean(axis=1)
        return {
            "loss": weighted_mean(losses, weights),
            "accuracy": weighted_mean(right, weights),
            "auc": metrics.auc(linked, actual, weights),
            "auc_precision_recall": metrics.auc_precision_recall(linked, actual, weights),
        }


def unboxed(y) -> np.ndarray:
    """Return numbers and booleans boxed as objects (as nullable dtypes are) as a plain array."""
    if y.dtype.kind == "O" and len(y) and isinstance(y[0], (bool, int, float, np.number, np.bool_)):
        plain = np.array(y.tolist())
        return plain if plain.dtype.kind in "biuf" else y
    return y
