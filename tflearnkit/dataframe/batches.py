"""What is done to the batches of a frame: rows chosen, hashed, and brought out as arrays."""

from __future__ import annotations

import numpy as np

from tflearnkit.inputs.order import first_axis

__all__ = ["BUCKETS", "as_array", "buckets", "masked"]

BUCKETS = 1_000_000


def masked(dataset):
    """Keep the rows where the column '' is true, and drop it."""
    import tensorflow as tf

    def kept(batch):
        keep = tf.ragged.boolean_mask
        return {
            name: keep(v, batch[""])
            if isinstance(v, tf.RaggedTensor) else tf.boolean_mask(v, batch[""])
            for name, v in batch.items() if name
        }  # fmt: skip

    def has_rows(batch):
        return first_axis(batch) > 0

    return dataset.map(kept).filter(has_rows)


def buckets(values):
    """Return the hashes of words or whole numbers, below `BUCKETS`."""
    import tensorflow as tf

    if not (values.dtype == tf.string or values.dtype.is_integer):
        raise TypeError(
            f"index should be words or whole numbers. Got {values.dtype.name}: make words of it by "
            "series.apply(tf.strings.as_string)."
        )
    words = values if values.dtype == tf.string else tf.strings.as_string(values)
    return tf.strings.to_hash_bucket_fast(words, BUCKETS)


def as_array(values) -> np.ndarray:
    """Return an eager tensor as an array, words as str and ragged rows as lists."""
    if hasattr(values, "to_list"):
        rows = values.to_list()
        found = np.empty(len(rows), object)
        for place, row in enumerate(rows):  # all at once, rows of one length would be a matrix
            found[place] = _words(np.array(row, object)).tolist()
        return found
    array = values.numpy()
    return _words(array) if array.dtype == object else array


def _words(array: np.ndarray) -> np.ndarray:
    """Strings come out of TensorFlow as bytes."""
    flat = [v.decode() if isinstance(v, bytes) else v for v in array.reshape(-1).tolist()]
    found = np.empty(len(flat), object)
    found[:] = flat
    return found.reshape(array.shape)
