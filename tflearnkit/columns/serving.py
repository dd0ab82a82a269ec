"""What an exported model is fed: raw features as tensors, and their columns' transforms of them.

The transforms are those of training; here they run on rows that come, instead of on the different
values of a table.
"""

from __future__ import annotations

import keyword
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from itertools import groupby

import numpy as np
import tensorflow as tf

from tflearnkit.columns.base import Column, ColumnSet
from tflearnkit.columns.categorical import CategoricalColumn
from tflearnkit.columns.derived import CrossedColumn, WeightedColumn
from tflearnkit.columns.inferred_numeric import (
    CentredColumn,
    SparseNumericColumn,
    StandardizedColumn,
)
from tflearnkit.columns.numeric import BucketizedColumn, RealValuedColumn
from tflearnkit.columns.raw import raw_feature
from tflearnkit.columns.scattered import ScatteredIds
from tflearnkit.columns.vocabulary import VocabularyColumn
from tflearnkit.data.table import EMPTY, Table

__all__ = ["RawInput", "as_arrays", "encoded_tensors", "inputs_of"]

_NO_KEY = re.compile(r"[^A-Za-z0-9_./-]")
_MISSING = {"string": "", "int64": -1}


@dataclass(frozen=True)
class RawInput:
    """A raw feature that an exported model takes.

    Attributes
    ----------
    name : str
        In the table.
    dtype : str
        "string" ('' is missing), "int64", or a kind of float, of which NaN is missing.
    shape : tuple or None
        Of a row: () for one value, ``(width,)`` for as many; ``(None,)`` for a list, padded by what
        is missing; None for one value or a list.
    padding : str or number
        What stands behind the values of a shorter list.
    """

    name: str
    dtype: str
    shape: tuple | None = ()
    padding: object = ""

    @property
    def key(self) -> str:
        """What a client calls it: "X" for an array without names, else its name.

        Where TensorFlow has no tensors of such a name, other characters become "_".
        """
        if self.name == EMPTY:
            return "X"
        found = _NO_KEY.sub("_", self.name)
        if not found[0].isalnum():
            return f"x{found}"
        return f"{found}_" if keyword.iskeyword(found) or found == "self" else found

    @property
    def spec(self) -> tf.TensorSpec:
        shape = None if self.shape is None else [None, *self.shape]
        return tf.TensorSpec(shape, self.dtype, self.key)

    def parsing(self):
        """Return how a ``tf.Example`` holds it: floats, integers or bytes."""
        dtype = {"string": tf.string, "int64": tf.int64}.get(self.dtype, tf.float32)
        if tf.as_dtype(self.dtype).is_integer or self.dtype == "bool":
            dtype = tf.int64
        if self.shape is None or None in self.shape:
            return tf.io.VarLenFeature(dtype)
        missing = {tf.string: "", tf.int64: -1}.get(dtype, np.nan)
        return tf.io.FixedLenFeature(
            self.shape, dtype, np.full(self.shape, missing, object if missing == "" else None)
        )

    def parsed(self, found) -> tf.Tensor:
        """Return what was parsed as the tensor of the signature."""
        if isinstance(found, tf.SparseTensor):
            rows, length = tf.unstack(found.dense_shape)
            shape = tf.stack([rows, tf.maximum(length, 1)])
            found = tf.SparseTensor(found.indices, found.values, shape)
            padding = tf.cast(self.padding, found.dtype)
            found = tf.sparse.to_dense(found, padding, validate_indices=False)
        return found if found.dtype == self.dtype else tf.cast(found, self.dtype)

    def raw(self, tensor: tf.Tensor) -> tf.Tensor:
        """Return a tensor of the signature as columns read it: of known rank."""
        if self.shape is not None:
            return tensor
        shape = tf.shape(tensor)
        return tf.reshape(tensor, [shape[0], tf.reduce_prod(shape[1:])])


def inputs_of(columns: Iterable[Column]) -> tuple[RawInput, ...]:
    """Return the raw features that columns read, sorted by name."""
    found: dict[str, RawInput] = {}
    for column in columns:
        for one in _inputs(column):
            found[one.name] = _merged(found[one.name], one) if one.name in found else one
    return tuple(found[name] for name in sorted(found))


def _inputs(column: Column) -> list[RawInput]:
    if isinstance(column, CrossedColumn):
        return [one for each in column.columns for one in _inputs(each)]
    if isinstance(column, WeightedColumn):
        weights = RawInput(column.weight_column_name, "float32", None, 0.0)
        return [*_inputs(column.sparse_id_column), weights]
    if isinstance(column, BucketizedColumn):
        return [_numbers(column.source_column.name, column.source_column.dimension, "float64")]
    if isinstance(column, RealValuedColumn):
        dtype = "float32" if column.normalizer is None else "float64"
        return [_numbers(column.name, column.dimension, dtype)]
    if isinstance(column, StandardizedColumn):
        return [_numbers(column.name, len(column.mean), column.reads.__name__)]
    if isinstance(column, CentredColumn):
        return [_numbers(column.name, len(column.mean), "float64")]
    if isinstance(column, SparseNumericColumn):
        return [RawInput(column.name, "float32", (column.size,), 0.0)]
    if isinstance(column, VocabularyColumn):
        return [_of_vocabulary(column)]
    if isinstance(column, CategoricalColumn):
        return [_of_ids(column.name, column.dtype == tf.string)]
    if isinstance(column, ScatteredIds):
        return [_of_ids(column.name, True)]
    raise TypeError(f"a {type(column).__name__} has no raw features that could be exported")


def _numbers(name: str, width: int, dtype: str) -> RawInput:
    one = width == 1 and name != EMPTY
    return RawInput(name, dtype, () if one else (width,), np.nan)


def _of_ids(name: str, is_text: bool) -> RawInput:
    dtype = "string" if is_text else "int64"
    return RawInput(name, dtype, None, _MISSING[dtype])


def _of_vocabulary(column: VocabularyColumn) -> RawInput:
    shape = (None,) if column.of_lists else ()
    first = next(iter(column.vocabulary), 0.0)
    if isinstance(first, str):
        return RawInput(column.name, "string", shape, "")
    if isinstance(first, int) and not isinstance(first, bool) and not column.has_missing:
        return RawInput(column.name, "int64", shape, -1)
    return RawInput(column.name, "float64", shape, -1.0 if column.of_lists else np.nan)


def _merged(one: RawInput, other: RawInput) -> RawInput:
    """Return what serves two columns that read the same raw feature."""
    shape = one.shape if other.shape is None else other.shape
    dtype = one.dtype if one.dtype == other.dtype else "float64"
    if dtype != one.dtype and "string" in (one.dtype, other.dtype):
        dtype = one.dtype if one.dtype != "string" else other.dtype  # strings are but assumed
    padding = one.padding if dtype == one.dtype else other.padding
    return replace(one, dtype=dtype, shape=shape, padding=padding)


def encoded_tensors(columns: ColumnSet, features: Mapping) -> tuple[dict, tuple]:
    """Return what ``columns.encode`` gives, as tensors: the arrays that hold something, and widths.

    A width is a tensor where rows may have lists.
    """
    found = {}
    if columns.dense:
        groups = [(kind, list(group)) for kind, group in groupby(columns.dense, type)]
        pieces = [kind.transform_all(group, features) for kind, group in groups]
        found["dense"] = tf.concat(pieces, axis=1)
    tensors = [column.transform(features) for column in columns.ids]
    if tensors:
        found["ids"] = tf.concat([tf.cast(each.ids, tf.int32) for each in tensors], axis=1)
    if any(each.weights is not None for each in tensors):
        weights = [
            tf.ones(tf.shape(each.ids)) if each.weights is None else each.weights
            for each in tensors
        ]
        found["id_weights"] = tf.concat(weights, axis=1)
    widths = tuple(each.ids.shape[1] or tf.shape(each.ids)[1] for each in tensors)
    return found, widths


def as_arrays(inputs: Iterable[RawInput], table: Table) -> dict[str, np.ndarray]:
    """Return the rows of a table as an exported model takes them, by key."""
    return {one.key: _as_array(one, raw_feature(table[one.name])) for one in inputs}


def _as_array(one: RawInput, values) -> np.ndarray:
    if isinstance(values, tf.SparseTensor):
        values = tf.sparse.to_dense(tf.sparse.reorder(values)).numpy()
    if one.dtype == "string":
        # Where all values of a table are missing they come as NaN.
        values = values if values.dtype.kind == "O" else np.full(values.shape, "", object)
    elif values.dtype.kind == "f" and one.dtype == "int64":
        values = np.where(np.isnan(values), -1, values).astype(np.int64)
    else:
        values = values.astype(one.dtype)
    if one.shape is None or None in one.shape:
        return values
    return values.reshape(len(values), *one.shape)
