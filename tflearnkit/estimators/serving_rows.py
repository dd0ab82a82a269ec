"""Rows made up from what a model knows of its features: values of training, others, and missing."""

from __future__ import annotations

import numpy as np
import tensorflow as tf

from tflearnkit.columns import (
    BucketizedColumn,
    CentredColumn,
    CrossedColumn,
    RealValuedColumn,
    SparseNumericColumn,
    StandardizedColumn,
    VocabularyColumn,
    WeightedColumn,
)
from tflearnkit.columns.categorical import HashedColumn, IntegerizedColumn
from tflearnkit.columns.inputs import check_inputs
from tflearnkit.columns.keys import KeysColumn
from tflearnkit.columns.serving import RawInput
from tflearnkit.data.table import Table, as_table
from tflearnkit.engines.forest_features import Categories, CategoryCounts, Numbers
from tflearnkit.estimators.forest_model import FittedForest
from tflearnkit.estimators.function_model import FittedFunction
from tflearnkit.estimators.kmeans_model import FittedClusters

__all__ = ["made_up_rows"]

_ROWS = 64
_MOST = 200  # values of a feature that are looked at
_UNSEEN = "a category that training did not show"


def made_up_rows(model, inputs: tuple[RawInput, ...]) -> Table:
    """Return rows that a model's export is compared by."""
    rng = np.random.default_rng(0)
    if isinstance(model, FittedFunction):
        return as_table({one.name: _any_array(one, rng) for one in inputs})
    columns = _columns(model)
    pools = {one.name: _pool(one, columns, model) for one in inputs}
    table = as_table({one.name: _drawn(one, pools[one.name], rng) for one in inputs})
    return check_inputs([c for c in columns if not isinstance(c, Numbers)], table)


def _columns(model) -> list:
    if isinstance(model, FittedForest):
        return [getattr(part, "column", part) for part in model.features.parts]
    columns = model.space.columns if isinstance(model, FittedClusters) else model.columns
    return [*columns.dense, *columns.ids]


def _any_array(one: RawInput, rng) -> np.ndarray:
    """Return values that any model takes: integers may be numbers of its rows."""
    shape = (_ROWS, *one.shape)
    if one.dtype == "string":
        return rng.choice(np.array(["", "a", "b", _UNSEEN], object), shape)
    if tf.as_dtype(one.dtype).is_floating:
        return rng.normal(size=shape).astype(one.dtype)
    return np.zeros(shape, one.dtype)


def _pool(one: RawInput, columns: list, model) -> list:
    """Return values that a feature may have; what is missing is None, NaN or -1."""
    readers = [each for column in columns for each in _leaves(column) if _reads(each, one.name)]
    found = [value for reader in readers for value in _values(reader, model)]
    if one.dtype == "string":
        found = [value for value in found if isinstance(value, str)]
        return [*found[:_MOST], _UNSEEN, "", "æ"]
    found = [value for value in found if not isinstance(value, str)]
    fills = all(
        getattr(reader, "default_value", None) is not None
        for reader in readers
        if isinstance(reader, RealValuedColumn | SparseNumericColumn)
    )
    if one.dtype == "int64":
        return [*(int(value) for value in found[:_MOST]), 10**6, 0]
    if fills and not _weighs(columns, one.name):
        found = [*found, np.nan]
    return [*found[: 10 * _MOST], 0.0, 1.0]


def _leaves(column) -> list:
    if isinstance(column, CrossedColumn):
        return [leaf for each in column.columns for leaf in _leaves(each)]
    if isinstance(column, WeightedColumn):
        return [column.sparse_id_column]
    if isinstance(column, BucketizedColumn):
        return [column, column.source_column]
    return [column]


def _reads(column, name: str) -> bool:
    return name in column.sources


def _weighs(columns: list, name: str) -> bool:
    return any(getattr(column, "weight_column_name", None) == name for column in columns)


def _values(column, model) -> list:
    if isinstance(column, VocabularyColumn | Categories | CategoryCounts):
        return list(column.vocabulary)
    if isinstance(column, KeysColumn):
        return list(column.keys)
    if isinstance(column, HashedColumn | IntegerizedColumn):
        return [*map(str, range(20)), *range(20), column.size, column.size + 1]
    if isinstance(column, StandardizedColumn):
        return _around(np.array(column.mean), np.array(column.scale))
    if isinstance(column, CentredColumn):
        return _around(np.array(column.mean), np.ones(len(column.mean)))
    if isinstance(column, BucketizedColumn):
        bounds = np.array(column.boundaries)
        return [*bounds.tolist(), *(bounds - 0.5).tolist(), *(bounds + 0.5).tolist()]
    if isinstance(column, Numbers):
        return _thresholds(column, model)
    return [-1.5, 0.25, 2.0, 40.0]


def _around(mean: np.ndarray, scale: np.ndarray) -> list:
    return np.concatenate([mean + k * scale for k in (-6, -1.5, -0.3, 0, 0.7, 1.2, 5)]).tolist()


def _thresholds(part: Numbers, model: FittedForest) -> list:
    """Return where the trees split a feature, and a little beside."""
    trees, parts = model.forest.trees, model.features.parts
    start = sum(each.width for each in parts[: parts.index(part)])
    feature = trees.feature[trees.split >= 0] - start
    inside = (feature >= 0) & (feature < part.width)
    found = (trees.threshold[inside] + np.array(part.offset)[feature[inside]])[:_MOST]
    return [*found.tolist(), *(found * 1.001 + 1e-3).tolist(), *(found * 0.999 - 1e-3).tolist()]


def _drawn(one: RawInput, pool: list, rng):
    """Return a column of values out of a pool, of which each occurs if there is room."""

    def draw(n: int) -> list:
        order = rng.permutation(max(n, len(pool))) % len(pool)
        return [pool[place] for place in order[:n]]

    if one.shape is not None and None in one.shape:
        lengths = rng.integers(0, 4, _ROWS)
        given = [value for value in pool if value not in ("", -1) and value == value] or pool
        return [[given[place] for place in rng.integers(0, len(given), n)] for n in lengths]
    if one.dtype == "string":
        return [value or None for value in draw(_ROWS)]
    if one.shape:
        return np.array(draw(_ROWS * one.shape[0]), float).reshape(_ROWS, -1)
    return np.array(draw(_ROWS))
