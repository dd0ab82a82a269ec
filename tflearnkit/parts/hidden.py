"""What happens to hidden units in training: dropout and batch normalisation."""

from __future__ import annotations

from tflearnkit import draws
from tflearnkit.parts.base import Training

__all__ = ["draw_kept", "drop", "normalise"]


def draw_kept(widths, training: Training) -> list:
    """Draw which units of hidden layers stay: a boolean ``[batch, units]`` for each layer.

    One draw for all layers: each takes tens of operations to trace and compile.
    """
    import tensorflow as tf

    shape = [tf.shape(training.weights)[0], sum(widths)]
    kept = draws.keep(shape, training.key, training.dropout, training.place)
    return tf.split(kept, widths, axis=1)


def drop(hidden, kept, rate):
    """Drop the units that are not kept and scale the others up for them."""
    import tensorflow as tf

    return tf.where(kept, hidden / (1 - rate), 0.0)


def normalise(hidden, params, scope: str, training: Training | None, updates: dict):
    """Normalise by the batch's weighted moments in training, by the moving ones otherwise."""
    import tensorflow as tf

    mean, variance = params[f"{scope}/moving_mean"], params[f"{scope}/moving_variance"]
    if training is not None:
        present = tf.cast(training.weights > 0, tf.float32)[:, None]
        count = tf.maximum(training.total(tf.reduce_sum(present)), 1.0)
        batch_mean = training.total(tf.reduce_sum(hidden * present, 0)) / count
        squares = tf.reduce_sum(present * (hidden - batch_mean) ** 2, 0)
        batch_variance = training.total(squares) / count
        updates[f"{scope}/moving_mean"] = 0.9 * mean + 0.1 * batch_mean
        updates[f"{scope}/moving_variance"] = 0.9 * variance + 0.1 * batch_variance
        mean, variance = batch_mean, batch_variance
    scale = params[f"{scope}/gamma"] * tf.math.rsqrt(variance + 1e-5)
    return (hidden - mean) * scale + params[f"{scope}/beta"]
