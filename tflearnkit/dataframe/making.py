"""The ways to make a `TensorFlowDataFrame`."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from tflearnkit.dataframe.parquet import of_parquet
from tflearnkit.dataframe.sources import (
    check_names,
    of_arrays,
    of_csv,
    of_csv_with_spec,
    of_examples,
)
from tflearnkit.inputs.memory import tensor_values

__all__ = ["Makers"]


class Makers:
    """What makes frames. All shuffle unless told otherwise, by ``seed``."""

    @classmethod
    def from_numpy(
        cls, array, batch_size: int = 32, shuffle: bool = True, seed: int | None = None
    ):
        """Return the frame of an array: ``index``, and ``value`` with a row of it."""
        values = np.asarray(array)
        columns = {"index": np.arange(len(values)), "value": values}
        return cls(of_arrays(columns, batch_size, shuffle, seed))

    @classmethod
    def from_ordereddict(
        cls, columns: Mapping, batch_size: int = 32, shuffle: bool = True, seed: int | None = None
    ):
        """Return the frame of a dict of arrays of equal length, and their ``index``."""
        check_names(columns)
        n_rows = len(next(iter(columns.values()), ()))
        given = {name: np.asarray(values) for name, values in columns.items()}
        return cls(of_arrays({"index": np.arange(n_rows)} | given, batch_size, shuffle, seed))

    @classmethod
    def from_pandas(
        cls, frame, batch_size: int = 32, shuffle: bool = True, seed: int | None = None
    ):
        """Return the frame of a pandas one: a column for each, and ``index``."""
        check_names(frame.columns)
        columns = {name: frame[name] for name in frame.columns}
        index = tensor_values(frame.index, "index")
        return cls(of_arrays({"index": index} | columns, batch_size, shuffle, seed))

    @classmethod
    def from_csv(
        cls,
        filepatterns,
        default_values: list | None = None,
        has_header: bool = True,
        column_names: list[str] | None = None,
        num_threads: int = 2,
        batch_size: int = 32,
        queue_capacity: int = 10_000,
        shuffle: bool = True,
        seed: int | None = None,
        malformed: str = "error",
    ):
        """Return the frame of CSV files, read as by `csv_input_fn`.

        Parameters
        ----------
        filepatterns : str, path, or list of them
        default_values : list, optional
            One per column, taken where a value is missing: a float, an int or a str, which also
            says what the column holds. None goes by the first rows.
        has_header : bool, default=True
        column_names : list of str, optional
            For files without header.
        num_threads, batch_size, queue_capacity, shuffle, seed, malformed
            As in `csv_input_fn`.
        """
        return cls(
            of_csv(
                filepatterns, default_values, has_header, column_names, batch_size,
                num_threads=num_threads, queue_capacity=queue_capacity, shuffle=shuffle, seed=seed,
                malformed=malformed,
            )
        )  # fmt: skip

    @classmethod
    def from_csv_with_feature_spec(
        cls,
        filepatterns,
        feature_spec: Mapping,
        has_header: bool = True,
        column_names: list[str] | None = None,
        num_threads: int = 2,
        batch_size: int = 32,
        queue_capacity: int = 10_000,
        shuffle: bool = True,
        seed: int | None = None,
        malformed: str = "error",
    ):
        """Return the frame of the columns of CSV files that a spec names.

        ``tf.io.FixedLenFeature`` is a column with a value per row, its default where one is
        missing; ``tf.io.VarLenFeature`` a ragged one of no or one value per row. Other parameters
        are as of `from_csv`.
        """
        return cls(
            of_csv_with_spec(
                filepatterns, feature_spec, has_header, column_names, batch_size,
                num_threads=num_threads, queue_capacity=queue_capacity, shuffle=shuffle, seed=seed,
                malformed=malformed,
            )
        )  # fmt: skip

    @classmethod
    def from_examples(
        cls,
        filepatterns,
        features: Mapping,
        reader: Callable | None = None,
        num_threads: int = 1,
        batch_size: int = 32,
        queue_capacity: int = 10_000,
        shuffle: bool = True,
        seed: int | None = None,
    ):
        """Return the frame of files of serialized examples, read as by `read_batch_features`.

        Features of variable length become ragged columns.
        """
        return cls(
            of_examples(
                filepatterns, features, batch_size, reader, shuffle, num_threads=num_threads,
                queue_capacity=queue_capacity, seed=seed,
            )
        )  # fmt: skip

    @classmethod
    def from_parquet(
        cls,
        filepatterns,
        columns: list[str] | None = None,
        batch_size: int = 32,
        queue_capacity: int = 10_000,
        shuffle: bool = True,
        seed: int | None = None,
    ):
        """Return the frame of Parquet files, read block by block (``tflearnkit[parquet]``).

        ``columns`` names those to read; numbers, flags and words are known.
        """
        return cls(of_parquet(filepatterns, columns, batch_size, shuffle, queue_capacity, seed))
