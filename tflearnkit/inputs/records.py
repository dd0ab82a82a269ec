"""Readers of record files: lines of text and TFRecord, and `tf.train.Example` parsed in batches."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from tflearnkit.errors import listing
from tflearnkit.inputs.files import matching_files
from tflearnkit.inputs.order import (
    check_sizes,
    drawn_seed,
    epochs,
    in_batches,
    in_windows,
    kept_ready,
    order,
)

__all__ = [
    "READ_AT_ONCE", "blocks_of_records", "parsed", "read_batch_examples", "read_batch_features",
]  # fmt: skip

READ_AT_ONCE = 256  # records, so that few elements cross the pipeline


def read_batch_examples(
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
    """Return a dataset of batches of records: lines of text files, or serialized examples.

    Parameters
    ----------
    file_pattern : str, path, or list of them
        Files or patterns (``data/part-*.tfrecord.gz``). Names that end in .gz are unpacked.
    batch_size : int > 0
        At most ``queue_capacity``.
    reader : callable (path, compression_type) -> tf.data.Dataset, default=tf.data.TFRecordDataset
        Or ``tf.data.TextLineDataset``.
    randomize_input : bool, default=True
        Whether to shuffle the files, and the records among ``queue_capacity`` at a time.
    num_epochs : int >= 0 or None, default=None
        None never ends.
    queue_capacity : int > 0, default=10000
    num_threads : int > 0, default=1
        How many files are read side by side, some records of each in turn.
    read_batch_size : int > 0, default=256
        How many records of a file are taken at a time.
    parse_fn : callable (string tensor of shape (n,)) -> tensors of n rows, or fewer, optional
    seed : int, optional
        The same seed gives the same order.

    Returns
    -------
    tf.data.Dataset
        Of string tensors, or what ``parse_fn`` makes of them.

    Raises
    ------
    ValueError
        If no files match or a size is out of range.

    Examples
    --------
    >>> with open("lines.txt", "w") as file:
    ...     _ = file.write("ABC\\nDEF\\nGHK\\n")
    >>> import tensorflow as tf
    >>> dataset = read_batch_examples(
    ...     "lines.txt", 2, tf.data.TextLineDataset, randomize_input=False, num_epochs=1
    ... )
    >>> [batch.tolist() for batch in dataset.as_numpy_iterator()]
    [[b'ABC', b'DEF'], [b'GHK']]
    """
    blocks = blocks_of_records(
        file_pattern, batch_size, reader, randomize_input, num_epochs, queue_capacity, num_threads,
        read_batch_size, seed,
    )  # fmt: skip
    if parse_fn is None:
        return in_batches(blocks, batch_size)
    return parsed(blocks.rebatch(batch_size), parse_fn)


def blocks_of_records(
    file_pattern, batch_size, reader, randomize_input, num_epochs, queue_capacity, num_threads,
    read_batch_size, seed, keyed: bool = False,
):  # fmt: skip
    """Return a dataset of blocks of records of any size, with their keys if they are asked for."""
    import tensorflow as tf

    check_sizes(
        batch_size=batch_size, num_epochs=num_epochs, queue_capacity=queue_capacity,
        num_threads=num_threads, read_batch_size=read_batch_size,
    )  # fmt: skip
    if batch_size is None or batch_size > queue_capacity:
        raise ValueError(
            f"Invalid batch_size: should be between 1 and queue_capacity, {queue_capacity}. Got "
            f"{batch_size}."
        )
    paths = tf.constant(matching_files(file_pattern))
    reader = reader or tf.data.TFRecordDataset
    seed = drawn_seed(seed)

    def records_of(path):
        packed = tf.where(tf.strings.regex_full_match(path, r".*\.gz"), "GZIP", "")
        records = reader(path, packed)
        if not keyed:
            return records.batch(read_batch_size)

        def with_keys(numbers, read):
            return tf.strings.join([path, ":", tf.strings.as_string(numbers)]), read

        return records.enumerate(1).batch(read_batch_size).map(with_keys)

    def epoch_of(epoch):
        ordered = tf.gather(paths, order(len(paths), seed, epoch)) if randomize_input else paths
        files = tf.data.Dataset.from_tensor_slices(ordered)
        records = files.interleave(
            records_of, cycle_length=num_threads, num_parallel_calls=num_threads
        )
        return in_windows(records, queue_capacity, seed, epoch) if randomize_input else records

    return epochs(num_epochs).flat_map(epoch_of)


def parsed(batches, parse_fn: Callable):
    """Return what a function makes of batches, side by side."""
    import tensorflow as tf

    return kept_ready(batches.map(parse_fn, num_parallel_calls=tf.data.AUTOTUNE))


def read_batch_features(
    file_pattern,
    batch_size: int,
    features: Mapping,
    reader: Callable | None = None,
    randomize_input: bool = True,
    num_epochs: int | None = None,
    queue_capacity: int = 10_000,
    num_threads: int = 1,
    target_key: str | list[str] | None = None,
    seed: int | None = None,
):
    """Return a dataset of batches of features, parsed from serialized `tf.train.Example`.

    Whole batches are parsed at once, many times as fast as one example after the other.

    Parameters
    ----------
    file_pattern, batch_size, reader, randomize_input, num_epochs, queue_capacity, num_threads, seed
        As in `read_batch_examples`.
    features : dict of str to tf.io.FixedLenFeature, VarLenFeature or RaggedFeature
        What to read of each example. A feature that an example may lack needs a default value, or
        is of variable length.
    target_key : str or list of str, optional
        Which features are the targets. Without it the dataset is of features alone.

    Returns
    -------
    tf.data.Dataset
        Of dicts of tensors, or of tuples ``(features, targets)``.

    Raises
    ------
    KeyError
        If ``features`` lacks a target.

    Examples
    --------
    >>> import tensorflow as tf
    >>> with tf.io.TFRecordWriter("ages.tfrecord") as writer:
    ...     for age in (31.0, 45.0):
    ...         value = tf.train.Feature(float_list=tf.train.FloatList(value=[age]))
    ...         example = tf.train.Example(features=tf.train.Features(feature={"age": value}))
    ...         writer.write(example.SerializeToString())
    >>> spec = {"age": tf.io.FixedLenFeature([], tf.float32)}
    >>> dataset = read_batch_features("ages.tfrecord", 2, spec, num_epochs=1, seed=0)
    >>> sorted(next(dataset.as_numpy_iterator())["age"].tolist())
    [31.0, 45.0]
    """
    import tensorflow as tf

    features = dict(features)
    targets = [target_key] if isinstance(target_key, str) else list(target_key or [])
    if lacking := [key for key in targets if key not in features]:
        raise KeyError(
            f"target_key should be among the features: {listing(map(repr, lacking))} is not. Got "
            f"features of {listing(sorted(features))}."
        )

    def parse(examples):
        columns = tf.io.parse_example(examples, features)
        if not targets:
            return columns
        found = {key: columns.pop(key) for key in targets}
        return columns, (found[target_key] if isinstance(target_key, str) else found)

    return read_batch_examples(
        file_pattern, batch_size, reader, randomize_input, num_epochs, queue_capacity, num_threads,
        parse_fn=parse, seed=seed,
    )  # fmt: skip
