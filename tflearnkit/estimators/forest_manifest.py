"""A forest <-> what a checkpoint says of it beside its arrays."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from tflearnkit.engines.forest import Forest
from tflearnkit.engines.forest_columns import DeclaredIds, DeclaredNumbers
from tflearnkit.engines.forest_features import Categories, CategoryCounts, Features, Numbers
from tflearnkit.errors import CheckpointError, listing
from tflearnkit.estimators.forest_model import FittedForest
from tflearnkit.estimators.manifest import as_json, from_json

__all__ = ["described", "revived"]

_KINDS = (Numbers, Categories, CategoryCounts, DeclaredNumbers, DeclaredIds)


def described(model: FittedForest) -> dict:
    """Return what JSON needs to say of a model."""
    parts = [as_json(part) for part in model.features.parts]
    for part in parts:
        part["fields"].pop("column", None)  # the estimator has it, by its key
    return {"seed": model.seed, "task": as_json(model.task), "features": parts}


def revived(found, columns: tuple, base_weight: Callable) -> FittedForest:
    """Return the model of a checkpoint.

    ``columns`` are those that the estimator declares, and ``base_weight(task)`` says how its
    forests average.
    """
    kept = found.manifest
    by_key = {column.key: column for each in columns for column in (each, _source(each))}
    _check_columns(found, kept["features"], by_key)
    parts = []
    for part in kept["features"]:
        column = {"column": by_key[part["fields"]["key"]]} if "key" in part["fields"] else {}
        parts.append(from_json(part, _KINDS, **column))
    features = Features(tuple(parts))
    arrays = {name: np.asarray(array) for name, array in found.arrays.items()}
    task = from_json(kept["task"])
    forest = Forest.of_arrays(arrays, base_weight(task), features.n_categories)
    return FittedForest(features, task, forest, found.step, int(kept["seed"]))


def _source(column):
    return getattr(column, "source", column)


def _check_columns(found, parts: list[dict], by_key: dict) -> None:
    """Check that the estimator has the columns of the checkpoint."""
    before = [part["fields"]["key"] for part in parts if "key" in part["fields"]]
    if missing := [key for key in before if key not in by_key]:
        raise CheckpointError(
            f"The checkpoint {found.path!r} should be of the feature columns "
            f"{listing(by_key) or 'that are inferred'}, but is of {listing(missing)} too. Choose "
            "another model_dir, or the old columns."
        )
