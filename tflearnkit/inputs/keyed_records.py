"""Readers of record files that say of each record where it stands."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from tflearnkit.inputs.order import in_batches
from tflearnkit.inputs.records import READ_AT_ONCE, blocks_of_records, parsed

__all__ = ["read_keyed_batch_examples", "read_keyed_batch_features"]


def read_keyed_batch_examples(
    file_pattern,
    batch_size: int,
    reader: Callable | None = None,
    randomize_input: bool = True,
    num_epochs: int | None = None,
    queue_capacity: int = 10_000,
    num_threads: int = 1,
    read_batch_size: int = READ_AT_ONCE,
    parse_fn: Callable | None = None,
    seed: int | None = None,
):
    """Return a dataset of batches of records and their keys, ``<file>:<record>`` from 1.

    For records that are to be found again: rows that a model gets wrong, or predictions to be
    joined with what they are of. Else `read_batch_examples` does.

    Parameters
    ----------
    file_pattern, batch_size, reader, randomize_input, num_epochs, queue_capacity, num_threads
        As in `read_batch_examples`.
    read_batch_size, seed
        As there.
    parse_fn : callable (string tensor of shape (n,)) -> tensors of n rows, optional
        To leave records out, filter the dataset that is returned, keys and all.

    Returns
    -------
    tf.data.Dataset
        Of tuples ``(keys, records)``, or what ``parse_fn`` makes of the records in their place.

    Raises
    ------
    ValueError
        As in `read_batch_examples`.

    Examples
    --------
    >>> with open("lines.txt", "w") as file:
    ...     _ = file.write("ABC\\nDEF\\nGHK\\n")
    >>> import tensorflow as tf
    >>> dataset = read_keyed_batch_examples(
    ...     "lines.txt", 2, tf.data.TextLineDataset, randomize_input=False, num_epochs=1
    ... )
    >>> keys, lines = next(dataset.as_numpy_iterator())
    >>> keys.tolist(), lines.tolist()
    ([b'lines.txt:1', b'lines.txt:2'], [b'ABC', b'DEF'])
    """
    blocks = blocks_of_records(
        file_pattern, batch_size, reader, randomize_input, num_epochs, queue_capacity, num_threads,
        read_batch_size, seed, keyed=True,
    )  # fmt: skip
    if parse_fn is None:
        return in_batches(blocks, batch_size)
    return parsed(blocks.rebatch(batch_size), lambda keys, records: (keys, parse_fn(records)))


def read_keyed_batch_features(
    file_pattern,
    batch_size: int,
    features: Mapping,
    reader: Callable | None = None,
    randomize_input: bool = True,
    num_epochs: int | None = None,
    queue_capacity: int = 10_000,
    num_threads: int = 1,
    seed: int | None = None,
):
    """Return a dataset of batches of keys and of features of `tf.train.Example`.

    Parameters
    ----------
    file_pattern, batch_size, features, reader, randomize_input, num_epochs, queue_capacity
        As in `read_batch_features`.
    num_threads, seed
        As there.

    Returns
    -------
    tf.data.Dataset
        Of tuples ``(keys, dict of tensors)``. Estimators take them by
        ``dataset.map(lambda keys, features: {**features, "key": keys})`` with
        ``example_id_column="key"``, or without the keys.

    Examples
    --------
    >>> import tensorflow as tf
    >>> with tf.io.TFRecordWriter("ages.tfrecord") as writer:
    ...     value = tf.train.Feature(float_list=tf.train.FloatList(value=[31.0]))
    ...     example = tf.train.Example(features=tf.train.Features(feature={"age": value}))
    ...     writer.write(example.SerializeToString())
    >>> spec = {"age": tf.io.FixedLenFeature([], tf.float32)}
    >>> keys, found = next(read_keyed_batch_features("ages.tfrecord", 1, spec).as_numpy_iterator())
    >>> keys.tolist(), found["age"].tolist()
    ([b'ages.tfrecord:1'], [31.0])
    """
    import tensorflow as tf

    features = dict(features)
    return read_keyed_batch_examples(
        file_pattern, batch_size, reader, randomize_input, num_epochs, queue_capacity, num_threads,
        parse_fn=lambda examples: tf.io.parse_example(examples, features), seed=seed,
    )  # fmt: skip
