"""Where the rows of a frame come from: endless or so many passes over arrays or files."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from tflearnkit.errors import listing
from tflearnkit.inputs import csv_input_fn, numpy_input_fn, read_batch_features

__all__ = ["Source", "of_arrays", "of_csv", "of_csv_with_spec", "of_examples"]


@dataclass(frozen=True, eq=False)
class Source:
    """Names of columns, and the dataset of their batches for a number of passes (None: endless)."""

    names: tuple[str, ...]
    batches: Callable[[int | None], object]
    num_threads: int = 1

    @classmethod
    def of(cls, batches: Callable) -> Source:
        """Make it of what returns the dataset, which says itself what its columns are."""
        return cls(tuple(batches(1).element_spec), batches)

    def then(self, change: Callable, num_threads: int | None = None) -> Source:
        """Return the source of what ``change`` makes of the dataset."""
        threads = self.num_threads if num_threads is None else num_threads
        return Source(self.names, lambda epochs: change(self.batches(epochs)), threads)


def of_arrays(columns: Mapping, batch_size, shuffle, seed) -> Source:
    """Return a source of arrays in memory."""
    columns = {str(name): values for name, values in columns.items()}
    check_names(columns, reserved=False)
    numpy_input_fn(columns, None, batch_size)  # which checks them

    def batches(epochs):
        return numpy_input_fn(columns, None, batch_size, epochs, shuffle, seed=seed)()

    return Source(tuple(columns), batches)


def check_names(names, reserved: bool = True) -> None:
    """Refuse a file's column of the name that is kept for the numbers of rows."""
    if reserved and "index" in names:
        raise ValueError(
            "No column should be called 'index', which stands for the numbers of rows. Rename it: "
            "pass column_names, or change the file."
        )


def of_csv(
    filepatterns, default_values, has_header, column_names, batch_size, dtypes=None, **options
) -> Source:
    """Return a source of CSV files; the type of a default is that of its column."""
    if has_header != (column_names is None):
        raise ValueError(
            "column_names should be given for files without a first line of names, and only for "
            f"these. Got has_header={has_header} and column_names={column_names!r}."
        )
    if default_values is not None:
        names = column_names or _csv(filepatterns, batch_size, **options).form.names
        if len(default_values) != len(names):
            raise ValueError(
                f"default_values should be one per column: {listing(names)}. Got "
                f"{len(default_values)}."
            )
        defaults = dict(zip(names, default_values, strict=True))
        kinds = {name: np.asarray(value).dtype for name, value in defaults.items()}
        dtypes = {name: str if kind.kind == "U" else kind for name, kind in kinds.items()}
        return _with_defaults(filepatterns, defaults, dtypes, column_names, batch_size, options)
    found = _csv(filepatterns, batch_size, column_names=column_names, dtypes=dtypes, **options)
    check_names(found.form.names)

    def batches(epochs):
        return _csv(
            filepatterns, batch_size, epochs, column_names=column_names,
            dtypes=dict(found.form.dtypes), **options,
        )()  # fmt: skip

    return Source(tuple(found.form.names), batches)


def _csv(filepatterns, batch_size, num_epochs=1, **options):
    return csv_input_fn(filepatterns, None, batch_size, num_epochs, **options)


def _with_defaults(filepatterns, defaults, dtypes, column_names, batch_size, options) -> Source:
    import tensorflow as tf

    read = {name: _kind_to_read(kind) for name, kind in dtypes.items()}
    source = of_csv(
        filepatterns, None, column_names is None, column_names, batch_size, read, **options
    )

    def filled(batch):
        return {name: _filled(values, defaults[name], dtypes[name])
                for name, values in batch.items()}  # fmt: skip

    def _filled(values, default, kind):
        if values.dtype == tf.string:
            return tf.where(values == "", default, values)
        values = tf.where(tf.math.is_nan(values), tf.cast(default, values.dtype), values)
        return tf.cast(values, tf.int64) if _is_whole(kind) else values

    return source.then(lambda dataset: dataset.map(filled))


def _kind_to_read(kind):
    """Whole numbers are read as floats: one may be missing, and then its default is taken."""
    if kind is str:
        return str
    return np.float64 if _is_whole(kind) else np.float32


def _is_whole(kind) -> bool:
    return kind is not str and np.dtype(kind).kind in "iub"


def of_csv_with_spec(
    filepatterns, feature_spec: Mapping, has_header, column_names, batch_size, **options
) -> Source:
    """Return a source of the columns that a spec names, as `of_examples` would have them."""
    import tensorflow as tf

    dtypes = {name: _csv_kind(spec) for name, spec in feature_spec.items()}
    source = of_csv(
        filepatterns, None, has_header, column_names, batch_size, dtypes=dtypes, **options
    )

    def chosen(batch):
        return {name: _as_spec(batch[name], spec) for name, spec in feature_spec.items()}

    def _as_spec(values, spec):
        missing = values == "" if values.dtype == tf.string else tf.math.is_nan(values)
        if isinstance(spec, tf.io.VarLenFeature):
            kept = tf.expand_dims(tf.cast(values, spec.dtype), 1)
            return tf.ragged.boolean_mask(kept, ~tf.expand_dims(missing, 1))
        if spec.default_value is not None:
            default = tf.cast(tf.reshape(spec.default_value, []), values.dtype)
            values = tf.where(missing, default, values)
        return tf.cast(values, spec.dtype)

    return Source(
        tuple(feature_spec), lambda epochs: source.batches(epochs).map(chosen), source.num_threads
    )


def _csv_kind(spec):
    """What to read a column as: whole numbers as float64, so that they may be missing."""
    import tensorflow as tf

    if spec.dtype == tf.string:
        return str
    return spec.dtype.as_numpy_dtype if spec.dtype.is_floating else np.float64


def of_examples(filepatterns, features, batch_size, reader, shuffle, **options) -> Source:
    """Return a source of files of serialized examples; features of any length are ragged."""
    import tensorflow as tf

    check_names(features)

    def ragged(batch):
        return {
            name: tf.RaggedTensor.from_sparse(values)
            if isinstance(values, tf.SparseTensor) else values
            for name, values in batch.items()
        }  # fmt: skip

    def batches(epochs):
        read = read_batch_features(
            filepatterns, batch_size, features, reader, shuffle, epochs, **options
        )
        return read.map(ragged)

    return Source.of(batches)
