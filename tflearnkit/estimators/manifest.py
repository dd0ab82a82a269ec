"""An additive model <-> what a checkpoint says of it beside its arrays."""

from __future__ import annotations

import dataclasses

import numpy as np

from tflearnkit.columns import SparseNumericColumn, StandardizedColumn, VocabularyColumn
from tflearnkit.errors import CheckpointError, listing
from tflearnkit.estimators.model import FittedModel
from tflearnkit.estimators.persistence import plain
from tflearnkit.tasks import BinaryTask, MulticlassTask, MultilabelTask, RegressionTask

__all__ = ["described", "revived"]

_LEARNING = (SparseNumericColumn, StandardizedColumn, VocabularyColumn)  # from the data
_TASKS = (BinaryTask, MulticlassTask, MultilabelTask, RegressionTask)
_KINDS = {kind.__name__: kind for kind in (*_TASKS, *_LEARNING)}


def described(model: FittedModel) -> dict:
    """Return what JSON needs to say of a model."""
    columns = (*model.columns.dense, *model.columns.ids)
    return {
        "seed": model.seed,
        "task": _described(model.task),
        "columns": [_described(column) for column in columns if type(column) in _LEARNING],
        "column_keys": _column_keys(model),
    }


def revived(estimator, found) -> FittedModel:
    """Return the model of a checkpoint, if it is one of the estimator's."""
    task = _rebuilt(found.manifest["task"])
    columns = tuple(_rebuilt(column) for column in found.manifest["columns"])
    model = estimator._assemble(columns, task, int(found.manifest["seed"]))
    _check_columns(model, found)
    _check_shapes(model, found)
    return model.with_state(found.arrays, found.step)


def _column_keys(model: FittedModel) -> list[str]:
    return [column.key for column in (*model.columns.dense, *model.columns.ids)]


def _check_columns(model: FittedModel, found) -> None:
    """Check for other columns, whose arrays may have the same shapes."""
    before, now = found.manifest["column_keys"], _column_keys(model)
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


def _described(thing) -> dict:
    fields = {
        field.name: plain(getattr(thing, field.name))
        for field in dataclasses.fields(thing)
        if field.init
    }
    return {"kind": type(thing).__name__, "fields": fields}


def _rebuilt(described: dict):
    kind = _KINDS.get(described.get("kind"))
    if kind is None:
        raise CheckpointError(
            f"The checkpoint names a {described.get('kind')!r}, which this version does not know. "
            "It was written by a newer version, or damaged."
        )
    values = {name: _frozen(value) for name, value in described["fields"].items()}
    if "dtype" in values:
        values["dtype"] = np.dtype(values["dtype"])
    return kind(**values)


def _frozen(value):
    return tuple(_frozen(item) for item in value) if isinstance(value, list) else value
