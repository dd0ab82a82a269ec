"""A fitted model <-> a checkpoint in ``model_dir``: arrays and JSON, nothing that runs code."""

from __future__ import annotations

import os

import numpy as np

from tflearnkit import checkpoint
from tflearnkit.config import RunConfig
from tflearnkit.errors import CheckpointError

__all__ = [
    "adopt",
    "adopt_found",
    "config_of",
    "described",
    "model_dir_of",
    "plain",
    "restored",
    "save",
]


def model_dir_of(estimator) -> str | None:
    """Return the folder of an estimator's checkpoints: its own, or that of its ``config``."""
    found = estimator.model_dir
    if found is None:
        found = config_of(estimator).model_dir
    return None if found is None else os.fspath(found)


def config_of(estimator) -> RunConfig:
    """Return the estimator's configuration, or that of the process."""
    return estimator.config or RunConfig()


def save(estimator, model) -> str | None:
    """Write a checkpoint of ``model`` into the estimator's ``model_dir``; return its path.

    Of several processes that train together, the chief does.
    """
    config = config_of(estimator)
    if not config.is_chief:
        return None
    model_dir, manifest = model_dir_of(estimator), described(estimator, model)
    return checkpoint.save(
        model_dir, model.step, model.state, manifest, keep=config.keep_checkpoint_max
    )


def described(estimator, model) -> dict:
    """Return what is said of an estimator's model beside its arrays."""
    return {
        "estimator": type(estimator).__name__,
        "n_features_in": getattr(estimator, "n_features_in_", None),
        "feature_names_in": plain(getattr(estimator, "feature_names_in_", None)),
        **estimator._described(model),
    }


def restored(estimator):
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
    return estimator._revived(found)


def adopt(estimator) -> None:
    """Make an estimator that was never fitted that of the newest checkpoint, if there is one."""
    found = _newest(estimator)
    if found is not None:
        adopt_found(estimator, found)


def adopt_found(estimator, found: checkpoint.Checkpoint) -> None:
    """Make an estimator that of a checkpoint, which is one of its kind."""
    kept = found.manifest
    if kept["n_features_in"] is not None:
        estimator.n_features_in_ = kept["n_features_in"]
    if kept["feature_names_in"] is not None:
        estimator.feature_names_in_ = np.array(kept["feature_names_in"], dtype=object)
    estimator._keep(estimator._revived(found))


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


def _check_features(estimator, found) -> None:
    """Check that training goes on with the features that it began with."""
    if estimator._has_explicit_columns():  # these say themselves what they need
        return
    for name, attribute in (
        ("feature_names_in", "feature_names_in_"),
        ("n_features_in", "n_features_in_"),
    ):
        before, now = found.manifest[name], plain(getattr(estimator, attribute, None))
        if isinstance(before, list) and isinstance(now, list):
            before, now = sorted(before), sorted(now)
        if before != now:
            raise CheckpointError(
                f"Training should go on with the features of the checkpoint {found.path!r}, where "
                f"{attribute} is {before}, but X has {now}. Pass the same features, or choose "
                "another model_dir."
            )


def plain(value):
    """Return a value as JSON can hold it."""
    if isinstance(value, np.dtype):
        return "O" if value.kind == "O" else value.str
    if isinstance(value, np.ndarray | np.generic):
        return value.tolist()
    return [plain(item) for item in value] if isinstance(value, tuple | list) else value
