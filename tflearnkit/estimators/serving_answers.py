"""Scores as what an exported model answers: labels as the user's, probabilities or numbers."""

from __future__ import annotations

import numpy as np
import tensorflow as tf

__all__ = ["answers", "forest_answers", "known_answers"]


def answers(task, scores: tf.Tensor, linked: tf.Tensor) -> dict[str, tf.Tensor]:
    """Return the outputs of a signature; `known_answers` returns the same of arrays."""
    if task.kind == "regression":
        found = tf.cast(linked, _tensor_dtype(task.dtype))
        return {"predictions": found[:, 0] if task.one_d else found}
    found = {"scores": tf.cast(scores, tf.float64), "classes": _labels(task, linked)}
    return found | ({"probabilities": linked} if task.reports_probabilities else {})


def known_answers(task, scores: np.ndarray, linked: np.ndarray) -> dict[str, np.ndarray]:
    """Return what `answers` should give, by the model itself."""
    decoded = task.decode(linked)
    if task.kind == "regression":
        return {"predictions": decoded}
    found = {"scores": scores.astype(np.float64), "classes": decoded}
    return found | ({"probabilities": linked} if task.reports_probabilities else {})


def _labels(task, linked: tf.Tensor) -> tf.Tensor:
    if task.kind == "multilabel":
        return tf.cast(linked > 0.5, tf.int64)
    labels = task.labels
    if labels.dtype.kind in "OU":
        labels = tf.constant(labels.astype(str).tolist(), tf.string)
    return tf.gather(labels, tf.argmax(linked, axis=1))


def _tensor_dtype(dtype: np.dtype) -> tf.DType:
    """Return the dtype of predictions; one that TensorFlow has not becomes float64."""
    try:
        return tf.as_dtype(dtype)
    except TypeError:
        return tf.float64


def forest_answers(model, found: tf.Tensor) -> dict[str, tf.Tensor]:
    """Return what a forest's scores mean, as `FittedForest.linked` has it."""
    task = model.task
    if task.kind == "regression":
        return answers(task, found, np.array(task.mean) + np.array(task.scale) * found)
    if not model.forest.averages:
        return answers(task, found, task.link(found, {}))
    least = np.finfo(np.float64).eps
    scores = tf.math.log(tf.clip_by_value(found, least, 1 - least))
    if task.kind != "multiclass":  # in a form that float32 takes as well
        scores -= tf.math.log(tf.clip_by_value(1 - found, least, 1 - least))
    return answers(task, scores, _all_shares(found, task.kind))


def _all_shares(shares: tf.Tensor, kind: str) -> tf.Tensor:
    if kind == "binary":
        return tf.concat([1 - shares, shares], axis=1)
    if kind == "multiclass":
        return shares / tf.reduce_sum(shares, axis=1, keepdims=True)
    return shares
