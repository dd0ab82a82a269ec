"""An additive model <-> what a checkpoint says of it beside its arrays."""

from __future__ import annotations

import dataclasses

from tflearnkit.array_file import dtype_named
from tflearnkit.columns import (
    CentredColumn,
    ColumnSet,
    SparseNumericColumn,
    StandardizedColumn,
    VocabularyColumn,
)
from tflearnkit.errors import CheckpointError, listing
from tflearnkit.estimators.field_types import check_fields
from tflearnkit.estimators.model import FittedModel
from tflearnkit.estimators.persistence import plain
from tflearnkit.tasks import (
    BinaryTask,
    HingeTask,
    MulticlassTask,
    MultilabelTask,
    RegressionTask,
)

__all__ = [
    "as_json",
    "check_columns",
    "described",
    "described_columns",
    "from_json",
    "revived",
    "revived_columns",
]

# What learns from the data.
_LEARNING = (CentredColumn, SparseNumericColumn, StandardizedColumn, VocabularyColumn)
_TASKS = (BinaryTask, HingeTask, MulticlassTask, MultilabelTask, RegressionTask)
_KINDS = {kind.__name__: kind for kind in (*_TASKS, *_LEARNING)}


def described(model: FittedModel) -> dict:
    """Return what JSON needs to say of a model."""
    return {
        "seed": model.seed,
        "task": as_json(model.task),
        **described_columns(model.columns),
    }


def described_columns(columns: ColumnSet) -> dict:
    """Return what JSON needs to say of columns that have learned."""
    both = (*columns.dense, *columns.ids)
    return {
        "columns": [as_json(column) for column in both if type(column) in _LEARNING],
        "column_keys": _column_keys(columns),
    }


def revived(estimator, found) -> FittedModel:
    """Return the model of a checkpoint, if it is one of the estimator's."""
    task = from_json(found.manifest["task"])
    model = estimator._assemble(revived_columns(found), task, int(found.manifest["seed"]))
    check_columns(model.columns, found)
    _check_shapes(model, found)
    return model.with_state(found.arrays, found.step)


def revived_columns(found) -> tuple:
    """Return the columns of a checkpoint that learned from the data."""
    return tuple(from_json(column) for column in found.manifest["columns"])


def _column_keys(columns: ColumnSet) -> list[str]:
    return [column.key for column in (*columns.dense, *columns.ids)]


def check_columns(columns: ColumnSet, found) -> None:
    """Check for other columns, whose arrays may have the same shapes."""
    before, now = found.manifest["column_keys"], _column_keys(columns)
    if before != now:
        raise CheckpointError(
            f"The checkpoint {found.path!r} should be of the feature columns {listing(now)}, but "
            f"is of {listing(before)}. Choose another model_dir, or the old columns."
        )


def _check_shapes(model: FittedModel, found) -> None:
    for part in model.parts:
        for storage in part.storages:
            has = found.arrays.get(storage.name)
            if has is None or has.shape != storage.shape:
                came = "no such array" if has is None else f"shape {has.shape}"
                raise CheckpointError(
                    f"The checkpoint {found.path!r} should hold {storage.name!r} of shape "
                    f"{storage.shape}, but has {came}: it is of an estimator with other columns "
                    "or layers. Choose another model_dir, or the old parameters."
                )


def as_json(thing) -> dict:
    """Return a task or a column as what JSON can hold."""
    fields = {
        field.name: plain(getattr(thing, field.name))
        for field in dataclasses.fields(thing)
        if field.init
    }
    return {"kind": type(thing).__name__, "fields": fields}


def from_json(described: dict, kinds: tuple = (), **given):
    """Return the task, the column or the thing of other ``kinds`` that `as_json` described.

    ``given`` are fields that JSON does not hold.
    """
    known = _KINDS | {kind.__name__: kind for kind in kinds}
    kind = known.get(described.get("kind"))
    if kind is None:
        raise CheckpointError(
            f"The checkpoint names a {described.get('kind')!r}, which this version does not know. "
            "It was written by a newer version, or damaged."
        )
    values = {name: _frozen(value) for name, value in described["fields"].items()}
    if "dtype" in values:
        values["dtype"] = dtype_named(values["dtype"])
    check_fields(kind, values | given)
    return kind(**values, **given)


def _frozen(value):
    return tuple(_frozen(item) for item in value) if isinstance(value, list) else value
