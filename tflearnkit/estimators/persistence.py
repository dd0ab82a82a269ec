"""A fitted model <-> a checkpoint in ``model_dir``: arrays and JSON, nothing that runs code."""

from __future__ import annotations

import dataclasses
import os

import numpy as np

from tflearnkit import checkpoint
from tflearnkit.columns import SparseNumericColumn, StandardizedColumn, VocabularyColumn
from tflearnkit.config import RunConfig
from tflearnkit.errors import CheckpointError, listing
from tflearnkit.estimators.model import FittedModel
from tflearnkit.tasks import BinaryTask, MulticlassTask, MultilabelTask, RegressionTask

__all__ = ["adopt", "model_dir_of", "restored", "save"]

_LEARNING = (SparseNumericColumn, StandardizedColumn, VocabularyColumn)  # from the data
_TASKS = (BinaryTask, MulticlassTask, MultilabelTask, RegressionTask)
_KINDS = {kind.__name__: kind for kind in (*_TASKS, *_LEARNING)}


def model_dir_of(estimator) -> str | None:
    """Return the folder of an estimator's checkpoints: its own, or that of its ``config``."""
    found = estimator.model_dir
    if found is None and estimator.config is not None:
        found = estimator.config.model_dir
    return None if found is None else os.fspath(found)


def save(estimator, model: FittedModel) -> str:
    """Write a checkpoint of ``model`` into the estimator's ``model_dir``; return its path."""
    config = estimator.config or RunConfig()
    columns = (*model.columns.dense, *model.columns.ids)
    manifest = {
        "estimator": type(estimator).__name__,
        "seed": model.seed,
        "task": _described(model.task),
        "columns": [_described(column) for column in columns if type(column) in _LEARNING],
        "column_keys": _column_keys(model),
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
    found = _newest(estimator)
    if found is None:
        return None
    _check_features(estimator, found)
    return _model(estimator, found)


def adopt(estimator) -> None:
    """Make an estimator that was never fitted that of the newest checkpoint, if there is one."""
    found = _newest(estimator)
    if found is None:
        return
    kept = found.manifest
    model = _model(estimator, found)
    if kept["n_features_in"] is not None:
        estimator.n_features_in_ = kept["n_features_in"]
    if kept["feature_names_in"] is not None:
        estimator.feature_names_in_ = np.array(kept["feature_names_in"], dtype=object)
    estimator._keep(model)


def _newest(estimator) -> checkpoint.Checkpoint | None:
    model_dir = model_dir_of(estimator)
    found = None if model_dir is None else checkpoint.restore(model_dir)
    if found is not None and found.manifest.get("estimator") != type(estimator).__name__:
        raise CheckpointError(
            f"model_dir {model_dir!r} should hold checkpoints of {type(estimator).__name__}, but "
            f"{os.path.basename(found.path)} is of {found.manifest.get('estimator')}. Choose "
            "another model_dir."
        )
    return found


def _model(estimator, found) -> FittedModel:
    task = _rebuilt(found.manifest["task"])
    columns = tuple(_rebuilt(column) for column in found.manifest["columns"])
    model = estimator._assemble(columns, task, int(found.manifest["seed"]))
    _check_columns(model, found)
    _check_shapes(model, found)
    return model.with_state(found.arrays, found.step)


def _check_features(estimator, found) -> None:
    """Check that training goes on with the features that it began with."""
    if estimator._has_explicit_columns():  # these say themselves what they need
        return
    for name, attribute in (
        ("feature_names_in", "feature_names_in_"),
        ("n_features_in", "n_features_in_"),
    ):
        before, now = found.manifest[name], _plain(getattr(estimator, attribute, None))
        if isinstance(before, list) and isinstance(now, list):
            before, now = sorted(before), sorted(now)
        if before != now:
            raise CheckpointError(
                f"Training should go on with the features of the checkpoint {found.path!r}, where "
                f"{attribute} is {before}, but X has {now}. Pass the same features, or choose "
                "another model_dir."
            )


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
        return "O" if value.kind == "O" else value.str
    if isinstance(value, np.ndarray | np.generic):
        return value.tolist()
    return [_plain(item) for item in value] if isinstance(value, tuple | list) else value


def _frozen(value):
    return tuple(_frozen(item) for item in value) if isinstance(value, list) else value
