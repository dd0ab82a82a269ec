"""The order in which rows come: epochs, shuffling in windows, batches of equal size."""

from __future__ import annotations

import numbers

import numpy as np

__all__ = [
    "check_sizes", "drawn_seed", "epochs", "first_axis", "in_batches", "in_windows", "kept_ready",
    "order",
]  # fmt: skip

_READY = 4  # batches
_ENDLESS = np.iinfo(np.int64).max


def check_sizes(**sizes) -> None:
    """Refuse sizes that are not whole numbers of 1 or more; None stands for no choice."""
    for name, value in sizes.items():
        least = 0 if name == "num_epochs" else 1
        whole = isinstance(value, numbers.Integral) and not isinstance(value, bool)
        if value is not None and not (whole and value >= least):
            raise ValueError(
                f"Invalid {name}: should be a whole number of at least {least}. Got {value!r}."
            )


def drawn_seed(seed) -> int:
    """Return a seed for `order`; None draws one."""
    return int(np.random.default_rng(seed).integers(2**31))


def epochs(num_epochs: int | None):
    """Return the dataset of the numbers of the epochs, endless for None."""
    import tensorflow as tf

    return tf.data.Dataset.range(_ENDLESS if num_epochs is None else num_epochs)


def order(n_rows, seed: int, epoch, window=0):
    """Return the numbers below ``n_rows`` as shuffled in a window of an epoch."""
    import tensorflow as tf

    key = tf.random.experimental.stateless_fold_in(
        tf.stack([tf.cast(seed, tf.int64), tf.cast(epoch, tf.int64)]), window
    )
    return tf.random.experimental.stateless_shuffle(tf.range(n_rows), key)


def in_windows(blocks, rows: int, seed: int, epoch):
    """Shuffle the rows of an epoch among the ``rows`` that stand in one window with them."""
    import tensorflow as tf

    def permuted(window, block):
        places = order(first_axis(block), seed, epoch, window)
        return tf.nest.map_structure(lambda values: tf.gather(values, places), block)

    return blocks.rebatch(rows).enumerate().map(permuted)


def first_axis(block):
    """Return how many rows a block has."""
    import tensorflow as tf

    values = tf.nest.flatten(block)[0]
    is_ragged = isinstance(values, tf.RaggedTensor)
    return values.nrows() if is_ragged else tf.shape(values, tf.int64)[0]


def in_batches(blocks, batch_size: int):
    """Cut blocks of any size into batches, and keep some ready for whoever trains on them."""
    return kept_ready(blocks.rebatch(batch_size))


def kept_ready(batches):
    """Make the next batches while one is trained on.

    TensorFlow is not left to tune how many: whoever drops a pass over a tuned dataset waits up to
    half a second for the thread that tunes.
    """
    import tensorflow as tf

    options = tf.data.Options()
    options.autotune.enabled = False
    return batches.prefetch(_READY).with_options(options)
