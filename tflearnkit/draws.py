"""Draws within compiled steps, decided by the fit's seed and the number of the step alone."""

from __future__ import annotations

import numpy as np

__all__ = ["keep", "step_keys", "stream_key", "uniform"]


def step_keys(seed: int, step: int, count: int) -> np.ndarray:
    """Return the keys that the draws of ``count`` steps from ``step`` on come from, uint32."""
    steps = np.arange(step, step + count, dtype=np.uint32)
    return _mixed(steps ^ _mixed(np.uint32([seed]), np.right_shift), np.right_shift)


def stream_key(key, stream: int):
    """Return a key whose draws have nothing to do with those of ``key`` or of other streams."""
    import tensorflow as tf

    return _mixed(key + np.uint32(stream + 1), tf.bitwise.right_shift)


def keep(shape, key, dropped, place=None):
    """Return a boolean tensor of which each entry is False with the probability ``dropped``.

    ``place`` is where its rows stand among those that are drawn for: the number of the first one,
    and how far apart they are. None has them all.
    """
    import tensorflow as tf

    return _bits(shape, key, place) >= tf.cast(dropped * 2.0**24, tf.uint32)


def uniform(shape, key):
    """Return a float32 tensor of draws in [0, 1)."""
    import tensorflow as tf

    return tf.cast(_bits(shape, key), tf.float32) / 2.0**24


def _bits(shape, key, place=None):
    """Return 24 bits for each entry: a hash of its number and the key.

    Measured, XLA's own generators take 40 times as long on a CPU as the whole step without them;
    dropout and noise ask no more of their draws than that they look independent.
    """
    import tensorflow as tf

    shift = tf.bitwise.right_shift
    numbers = tf.range(tf.reduce_prod(shape))
    if place is not None:
        first, apart = place
        of_a_row = tf.reduce_prod(shape[1:])
        row, entry = numbers // of_a_row, numbers % of_a_row
        numbers = (first + apart * row) * of_a_row + entry
    numbers = tf.cast(numbers, tf.uint32)
    bits = _mixed(_mixed(numbers ^ key, shift) + key, shift)
    return tf.reshape(shift(bits, np.uint32(8)), shape)


def _mixed(bits, shift):
    """Mix 32 bits so that each one depends on all (the hash ``lowbias32`` of C. Wellons)."""
    for by, factor in ((16, 0x7FEB352D), (15, 0x846CA68B), (16, 1)):
        bits = (bits ^ shift(bits, np.uint32(by))) * np.uint32(factor)
    return bits
