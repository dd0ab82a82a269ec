"""What happens to hidden units in training: dropout and batch normalisation."""

from __future__ import annotations

from tflearnkit.parts.base import Training

__all__ = ["drop", "normalise"]


def drop(hidden, training: Training, layer: int):
    """Drop units by a draw that only the seed, the step and the layer decide."""
    import tensorflow as tf

    rows, units = tf.shape(hidden)[0], hidden.shape[1]
    draws = tf.reshape(_uniform(rows * units, training.seed, layer), [rows, units])
    return tf.where(draws >= training.dropout, hidden / (1 - training.dropout), 0.0)


def _uniform(count, seed, stream: int):
    """Return ``count`` draws in [0, 1), a hash of their number, the seed and the stream.

    Measured, XLA's own generators take 40 times as long on a CPU as the whole step without them;
    dropout asks no more of its draws than that they look independent.
    """
    import tensorflow as tf

    seed = tf.cast(seed, tf.uint32)
    key = _mixed(seed[0] ^ _mixed(seed[1] ^ _mixed(tf.constant(stream + 1, tf.uint32))))
    bits = _mixed(_mixed(tf.cast(tf.range(count), tf.uint32) ^ key) + key)
    return tf.cast(tf.bitwise.right_shift(bits, tf.constant(8, tf.uint32)), tf.float32) / 2.0**24


def _mixed(bits):
    """Mix 32 bits so that each one depends on all (the hash ``lowbias32`` of C. Wellons)."""
    import tensorflow as tf

    for shift, factor in ((16, 0x7FEB352D), (15, 0x846CA68B), (16, 1)):
        shift, factor = tf.constant(shift, tf.uint32), tf.constant(factor, tf.uint32)
        bits = (bits ^ tf.bitwise.right_shift(bits, shift)) * factor
    return bits


def normalise(hidden, params, scope: str, training: Training | None, updates: dict):
    """Normalise by the batch's weighted moments in training, by the moving ones otherwise."""
    import tensorflow as tf

    mean, variance = params[f"{scope}/moving_mean"], params[f"{scope}/moving_variance"]
    if training is not None:
        present = tf.cast(training.weights > 0, tf.float32)[:, None]
        count = tf.maximum(tf.reduce_sum(present), 1.0)
        batch_mean = tf.reduce_sum(hidden * present, 0) / count
        batch_variance = tf.reduce_sum(present * (hidden - batch_mean) ** 2, 0) / count
        updates[f"{scope}/moving_mean"] = 0.9 * mean + 0.1 * batch_mean
        updates[f"{scope}/moving_variance"] = 0.9 * variance + 0.1 * batch_variance
        mean, variance = batch_mean, batch_variance
    scale = params[f"{scope}/gamma"] * tf.math.rsqrt(variance + 1e-5)
    return (hidden - mean) * scale + params[f"{scope}/beta"]
