"""A fitted model <-> a checkpoint in ``model_dir``: arrays and JSON, nothing that runs code."""

from __future__ import annotations

import dataclasses
import os

import numpy as np

from tflearnkit import checkpoint
from tflearnkit.columns import SparseNumericColumn, StandardizedColumn, VocabularyColumn
from tflearnkit.columns.base import ColumnSet
from tflearnkit.config import RunConfig
from tflearnkit.errors import CheckpointError
from tflearnkit.estimators.model import FittedModel
from tflearnkit.tasks import BinaryTask, MulticlassTask, MultilabelTask, RegressionTask

__all__ = ["adopt", "model_dir_of", "restored", "save"]

_KINDS = {
    kind.__name__: kind
    for kind in (
        BinaryTask,
        MulticlassTask,
        MultilabelTask,
        RegressionTask,
        SparseNumericColumn,
        StandardizedColumn,
        VocabularyColumn,
    )
}


def model_dir_of(estimator) -> str | None:
    """Return the folder of an estimator's checkpoints: its own, or that of its ``config``."""
    found = estimator.model_dir
    if found is None and estimator.config is not None:
        found = estimator.config.model_dir
    return None if found is None else os.fspath(found)


def save(estimator, model: FittedModel) -> str:
    """Write a checkpoint of ``model`` into the estimator's ``model_dir``; return its path."""
    config = estimator.config or RunConfig()
    columns = None if estimator._has_explicit_columns() else estimator._inferred_columns(model)
    manifest = {
        "estimator": type(estimator).__name__,
        "seed": model.seed,
        "task": _described(model.task),
        "columns": columns and [_described(column) for column in columns],
        "n_features_in": getattr(estimator, "n_features_in_", None),
        "feature_names_in": _plain(getattr(estimator, "feature_names_in_", None)),
    }
    model_dir = model_dir_of(estimator)
    return checkpoint.save(
        model_dir, model.step, model.state, manifest, keep=config.keep_checkpoint_max
    )


def restored(estimator) -> FittedModel | None:
    """Return the model of the newest intact checkpoint, or None where there is no checkpoint.

    Raises
    ------
    CheckpointError
        If the checkpoint is of another kind of estimator, or of one shaped differently.
    """
    model_dir = model_dir_of(estimator)
    found = None if model_dir is None else checkpoint.restore(model_dir)
    if found is None:
        return None
    kept = found.manifest
    if kept.get("estimator") != type(estimator).__name__:
        raise CheckpointError(
            f"model_dir {model_dir!r} should hold checkpoints of {type(estimator).__name__}, but "
            f"{os.path.basename(found.path)} is of {kept.get('estimator')}. Choose another "
            "model_dir."
        )
    task = _rebuilt(kept["task"])
    columns = tuple(_rebuilt(column) for column in kept["columns"] or ())
    model = estimator._assemble(columns, task, int(kept["seed"]))
    _check_shapes(model, found)
    return model.with_state(found.arrays, found.step)


def adopt(estimator) -> None:
    """Make an estimator that was never fitted that of the newest checkpoint, if there is one."""
    model = restored(estimator)
    if model is None:
        return
    kept = checkpoint.restore(model_dir_of(estimator)).manifest
    if kept["n_features_in"] is not None:
        estimator.n_features_in_ = kept["n_features_in"]
    if kept["feature_names_in"] is not None:
        estimator.feature_names_in_ = np.array(kept["feature_names_in"], dtype=object)
    estimator._keep(model)


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
        field.name: _plain(getattr(thing, field.name))
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


def _plain(value):
    """Return a value as JSON can hold it."""
    if isinstance(value, np.dtype):
        return value.str if value != object else "O"
    if isinstance(value, np.ndarray | np.generic):
        return value.tolist()
    return [_plain(item) for item in value] if isinstance(value, tuple | list) else value


def _frozen(value):
    return tuple(_frozen(item) for item in value) if isinstance(value, list) else value
