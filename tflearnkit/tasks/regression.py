"""Regression: numbers, one or several per row."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from sklearn.utils import check_array

from tflearnkit import metrics
from tflearnkit.tasks.base import Task


@dataclass(frozen=True)
class RegressionTask(Task):
    """Numbers, trained in standard units and predicted and reported in their own.

    Parameters
    ----------
    mean, scale : tuple of float
        One of each per output; ``encode`` gives ``(y - mean) / scale``.
    one_d : bool, default=True
        Whether ``y`` was 1-D, and predictions therefore are.
    dtype : numpy dtype, default=float64
        The dtype of predictions.

    >>> infer_regression([1., 2., 3.]).mean
    (2.0,)
    """

    mean: tuple[float, ...]
    scale: tuple[float, ...]
    one_d: bool = True
    dtype: np.dtype = np.dtype(np.float64)
    kind: ClassVar[str] = "regression"
    reports_probabilities: ClassVar[bool] = False

    @property
    def n_outputs(self) -> int:
        return len(self.mean)

    def constants(self) -> dict[str, np.ndarray]:
        # float64: a target of large mean and small spread would lose its spread in float32
        return {"target_mean": np.array(self.mean), "target_scale": np.array(self.scale)}

    def encode(self, y) -> np.ndarray:
        y = _numbers(y)
        rows = y.reshape(len(y), -1)
        if rows.shape[1] != self.n_outputs:
            raise ValueError(
                f"y must have {self.n_outputs} number(s) per row; it has the shape {y.shape}. "
                "Pass the outputs the model was fitted on."
            )
        return ((rows - self.mean) / self.scale).astype(np.float32)

    def loss(self, logits, targets):
        import tensorflow as tf

        return tf.reduce_mean(tf.math.squared_difference(logits, targets), axis=1)

    def reported(self, logits, targets, constants):
        import tensorflow as tf

        scale = tf.cast(constants["target_scale"], logits.dtype)
        return tf.reduce_mean(tf.square((logits - targets) * scale), axis=1)

    def link(self, logits, constants):
        """Return predictions, float64 [n, n_outputs]."""
        import tensorflow as tf

        mean, scale = (
            tf.cast(constants[name], tf.float64) for name in ("target_mean", "target_scale")
        )
        return mean + scale * tf.cast(logits, tf.float64)

    def decode(self, linked) -> np.ndarray:
        predictions = np.asarray(linked).astype(self.dtype)
        return predictions[:, 0] if self.one_d else predictions

    def report(self, logits, linked, y_encoded, weights=None) -> dict[str, float]:
        """Return ``loss`` (mean squared error), ``rmse``, ``mae`` and ``r2``, all in own units."""
        # Without the mean, which no figure depends on, large targets lose no digits.
        predictions, actual = (
            np.multiply(a, self.scale, dtype=np.float64) for a in (logits, y_encoded)
        )
        return {
            "loss": metrics.mean_squared_error(predictions, actual, weights),
            "rmse": metrics.root_mean_squared_error(predictions, actual, weights),
            "mae": metrics.mean_absolute_error(predictions, actual, weights),
            "r2": metrics.r2(predictions, actual, weights),
        }

    def outputs(self, logits, linked) -> dict[str, np.ndarray]:
        return {"scores": self.decode(linked)}


def infer_regression(y, weights=None, standardise=True) -> RegressionTask:
    """Learn mean and scale of a numeric target.

    Parameters
    ----------
    y : array-like of shape (n,) or (n, K)
        Finite numbers.
    weights : array of shape (n,), optional
        Non-negative, not all zero.
    standardise : bool, default=True
        Whether to learn them at all; without, the mean is 0 and the scale 1.

    >>> infer_regression([5, 5, 5])
    RegressionTask(mean=(5.0,), scale=(1.0,), one_d=True, dtype=dtype('float64'))
    """
    y = _numbers(y)
    rows = y.reshape(len(y), -1).astype(np.float64)
    mean, scale = np.zeros(rows.shape[1]), np.ones(rows.shape[1])
    if standardise:
        mean = np.average(rows, axis=0, weights=weights)
        with np.errstate(over="ignore", invalid="ignore"):
            deviation = np.sqrt(np.average((rows - mean) ** 2, axis=0, weights=weights))
        if not np.isfinite(deviation).all():
            raise ValueError(
                "y must hold numbers whose squares float64 can hold; its largest is "
                f"{np.abs(rows).max():.3g}. Scale the targets down."
            )
        constant = deviation <= 1e-12 * np.abs(mean)  # what rounding leaves of a constant
        scale = np.where(constant, 1.0, deviation)
    dtype = y.dtype if y.dtype.kind == "f" else np.dtype(np.float64)
    return RegressionTask(tuple(mean.tolist()), tuple(scale.tolist()), y.ndim == 1, dtype)


def _numbers(y) -> np.ndarray:
    try:
        y = check_array(y, ensure_2d=False, ensure_all_finite=False, input_name="y")
    except ValueError as error:
        raise ValueError(
            f"y must hold numbers; it cannot be read as such ({error}). Convert it, or fit a "
            "classifier where y holds labels."
        ) from error
    if not np.isfinite(y).all():
        row = np.argwhere(~np.isfinite(y))[0, 0]
        raise ValueError(
            f"Input y contains {'NaN' if np.isnan(y).any() else 'infinity'}, first in row {row}. "
            "y must have a finite number in every row: drop or correct such rows."
        )
    return y.astype(np.float64) if y.dtype.kind == "b" else y
