"""Parquet files as a source: row groups read in blocks by pyarrow."""

from __future__ import annotations

import numpy as np

from tflearnkit.dataframe.sources import Source, check_names
from tflearnkit.inputs.files import matching_files
from tflearnkit.inputs.generated import generated
from tflearnkit.inputs.order import (
    check_sizes,
    drawn_seed,
    epochs,
    in_batches,
    in_windows,
    order,
)

__all__ = ["of_parquet"]

_BLOCK_ROWS = 16_384


def of_parquet(filepatterns, columns, batch_size, shuffle, queue_capacity, seed) -> Source:
    """Return a source of flat columns: numbers, flags and words."""
    pq = _pyarrow()
    check_sizes(batch_size=batch_size, queue_capacity=queue_capacity)
    paths = matching_files(filepatterns)
    schema = pq.read_schema(paths[0])
    names = list(schema.names if columns is None else columns)
    check_names(names)
    kinds = {name: _kind(name, schema.field(name), paths, pq) for name in names}
    seed = drawn_seed(seed)

    def blocks(ids):
        for i in ids:
            with pq.ParquetFile(paths[i]) as file:
                for block in file.iter_batches(_BLOCK_ROWS, columns=names):
                    yield {name: _values(block.column(name), kinds[name]) for name in names}

    def epoch_of(epoch):
        import tensorflow as tf

        ids = order(len(paths), seed, epoch) if shuffle else tf.range(len(paths))
        signature = {
            name: tf.TensorSpec([None], tf.string if kind.kind == "O" else kind)
            for name, kind in kinds.items()
        }
        rows = generated(blocks, signature, (ids,))
        return in_windows(rows, queue_capacity, seed, epoch) if shuffle else rows

    return Source(tuple(names), lambda n: in_batches(epochs(n).flat_map(epoch_of), batch_size))


def _pyarrow():
    try:
        import pyarrow.parquet
    except ImportError as error:
        raise ImportError(
            "Parquet files are read by pyarrow, which is not installed: "
            "pip install 'tflearnkit[parquet]'."
        ) from error
    return pyarrow.parquet


def _kind(name: str, field, paths, pq) -> np.dtype:
    import pyarrow.types as types

    if types.is_string(field.type) or types.is_large_string(field.type):
        return np.dtype(object)
    is_number = types.is_integer(field.type) or types.is_floating(field.type)
    if not (is_number or types.is_boolean(field.type)):
        raise TypeError(
            f"Column {name!r} should hold numbers, flags or words. Got {field.type}: leave it out "
            "by columns=[...]."
        )
    kind = np.dtype(field.type.to_pandas_dtype())
    if kind.kind == "f" or not any(_has_missing(path, name, pq) for path in paths):
        return kind
    return np.dtype(np.float64)


def _has_missing(path, name, pq) -> bool:
    """Ask the notes of a file, which need not be there, whether a column lacks values."""
    with pq.ParquetFile(path) as file:
        notes = file.metadata
        place = file.schema.names.index(name)
        counts = [notes.row_group(i).column(place).statistics for i in range(notes.num_row_groups)]
    return any(count is None or not count.has_null_count or count.null_count for count in counts)


def _values(column, kind: np.dtype) -> np.ndarray:
    values = column.to_numpy(zero_copy_only=False)
    if kind.kind == "O":
        return np.where(column.is_null().to_numpy(zero_copy_only=False), "", values)
    return values.astype(kind)
