"""Rows in and out of pandas, under the names of ``tf.contrib.learn.io``.

Estimators take frames of pandas, Polars, Arrow and dask as they are, words and missing values
included: the ``extract_`` functions are for code that wants plain arrays of numbers. The input
functions and readers of the top level are here under their old address too.
"""

from tflearnkit.inputs import (
    generator_input_fn,
    numpy_input_fn,
    pandas_input_fn,
    read_batch_examples,
    read_batch_features,
    read_keyed_batch_examples,
    read_keyed_batch_features,
)
from tflearnkit.io.dask_frames import extract_dask_data, extract_dask_labels
from tflearnkit.io.pandas_arrays import (
    extract_pandas_data,
    extract_pandas_labels,
    extract_pandas_matrix,
)

__all__ = [
    "extract_dask_data",
    "extract_dask_labels",
    "extract_pandas_data",
    "extract_pandas_labels",
    "extract_pandas_matrix",
    "generator_input_fn",
    "numpy_input_fn",
    "pandas_input_fn",
    "read_batch_examples",
    "read_batch_features",
    "read_keyed_batch_examples",
    "read_keyed_batch_features",
]
