"""Input functions: arrays, frames, generators and files -> `tf.data` datasets for ``input_fn=``.

Each returns a function without arguments (the ``read_batch_*`` ones the dataset itself) that every
estimator takes, Keras too. Rows are shuffled by ``seed``, and a batch may hold the end of one epoch
and the beginning of the next, so that only the very last one may be short. Missing words are
empty strings, as TensorFlow has no other sign for them.
"""

from tflearnkit.inputs.csv_files import csv_input_fn
from tflearnkit.inputs.generators import generator_input_fn
from tflearnkit.inputs.keyed_records import (
    read_keyed_batch_examples,
    read_keyed_batch_features,
)
from tflearnkit.inputs.memory import numpy_input_fn, pandas_input_fn
from tflearnkit.inputs.records import read_batch_examples, read_batch_features

__all__ = [
    "csv_input_fn",
    "generator_input_fn",
    "numpy_input_fn",
    "pandas_input_fn",
    "read_batch_examples",
    "read_batch_features",
    "read_keyed_batch_examples",
    "read_keyed_batch_features",
]
