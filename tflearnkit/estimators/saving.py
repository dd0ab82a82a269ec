"""An estimator <-> a saved model: its parameters, what it has learned, and what a fit told."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from tflearnkit import model_file
from tflearnkit.checkpoint import Checkpoint
from tflearnkit.engines.forest_checks import check_trees
from tflearnkit.errors import ModelFileError, did_you_mean, listing
from tflearnkit.estimators import persistence
from tflearnkit.estimators.codec import Reader, Writer, is_unknown_function

__all__ = ["revive", "save"]

# Where files are found or put is the affair of the process that loads: a file from a stranger must
# not say it.
_PLACES = ("model_dir", "warm_start_from")
# What a fit tells beside its model.
_TOLD = (
    "history_",
    "inertia_",
    "labels_",
    "n_iter_",
    "oob_decision_function_",
    "oob_prediction_",
    "oob_score_",
)
_DTYPES = (
    "string", "bool", "float16", "float32", "float64", "int8", "int16", "int32", "int64", "uint8",
    "uint16", "uint32", "uint64",
)  # fmt: skip
_MODEL = "model/"  # what the names of the model's arrays begin with, of which values have others


def save(estimator, path, include_optimizer: bool) -> None:
    """Write an estimator, fitted or not."""
    if not type(estimator).__module__.startswith("tflearnkit."):
        raise ModelFileError(
            f"save writes the estimators of tflearnkit, but {type(estimator).__name__} is a class "
            "of your own, which a file cannot name safely. Pickle it, or keep its weights with "
            "model_dir."
        )
    if not hasattr(estimator, "model_"):
        persistence.adopt(estimator)
    writer = Writer()
    content = {
        "estimator": type(estimator).__name__,
        "parameters": _parameters(estimator, writer),
        "attributes": {
            name: writer.json(getattr(estimator, name), name)
            for name in _TOLD
            if name in vars(estimator)
        },
    }
    arrays = {}
    if hasattr(estimator, "model_"):
        model = estimator.model_
        content["fitted"] = {"step": model.step, **persistence.described(estimator, model)}
        kept = model.state if include_optimizer else getattr(model, "weights", model.state)
        arrays = {_MODEL + name: array for name, array in kept.items()}
    model_file.write(path, content, arrays | writer.arrays)


def _parameters(estimator, writer: Writer) -> dict:
    found = {}
    for name, value in estimator._saved_parameters().items():
        if name in _PLACES:
            continue
        if is_unknown_function(value):  # which has no place in a file
            called = getattr(value, "__qualname__", type(value).__name__)
            found[name] = {"kind": "given again", "called": called}
        else:
            found[name] = writer.json(value, f"parameter {name}")
    return found


def revive(kind: type, path, content: Mapping, arrays: Mapping, given: Mapping):
    """Return the estimator of class ``kind`` that a saved model describes.

    ``given`` are parameters that take the place of those in the file.
    """
    reader = Reader(dict(arrays))
    estimator = kind._of_saved(_read_parameters(kind, path, content["parameters"], given, reader))
    fitted = content.get("fitted")
    if fitted is None:
        return estimator
    persistence.adopt_found(estimator, _as_checkpoint(path, fitted, arrays))
    _check(estimator.model_)
    told = dict(content["attributes"])
    vars(estimator).update({name: reader.value(told[name]) for name in _TOLD if name in told})
    return estimator


def _read_parameters(kind, path, written: Mapping, given: Mapping, reader: Reader) -> dict:
    known = kind._get_param_names()
    for name in given:
        if name not in known:
            raise ModelFileError(
                f"load takes parameters of {kind.__name__} beside the path, but got {name!r}. "
                f"Parameters: {listing(known)}.{did_you_mean(name, known)}"
            )
    left = {name: value for name, value in written.items() if name not in given}
    for name, value in left.items():
        if isinstance(value, dict) and value.get("kind") == "given again":
            raise ModelFileError(
                f"The model in {str(path)!r} needs its parameter {name}, the function "
                f"{value.get('called')!r}, which no file holds. Pass it again: "
                f"load(path, {name}=...)."
            )
    return {name: reader.value(value) for name, value in left.items()} | dict(given)


def _as_checkpoint(path, fitted: Mapping, arrays: Mapping) -> Checkpoint:
    step, names, width = fitted["step"], fitted["feature_names_in"], fitted["n_features_in"]
    if not (names is None or (isinstance(names, list) and all(type(n) is str for n in names))):
        raise TypeError("feature_names_in should be a list of names")
    if not (width is None or (type(width) is int and width >= 0)):
        raise TypeError("n_features_in should be an integer")
    if type(step) is not int or not 0 <= step < 2**62 or type(fitted["seed"]) is not int:
        raise TypeError("step and seed should be integers")
    state = {
        name.removeprefix(_MODEL): array
        for name, array in arrays.items()
        if name.startswith(_MODEL)
    }
    return Checkpoint(step, state, dict(fitted), str(path))


def _check_layout(model) -> None:
    """Check how the batches of a model function are said to be put together."""
    if type(model.rows) is not int or not 0 < model.rows < 2**31:
        raise TypeError("rows should be a number of rows")
    for name, dtype, rest in (*model.layout.features, *model.layout.targets):
        if not isinstance(name, str) or dtype not in _DTYPES:
            raise TypeError(f"{name!r} should be the name of an array of numbers or strings")
        if not all(type(size) is int and 0 <= size < 2**31 for size in rest):
            raise TypeError(f"the shape of {name!r} should be integers")


def _check(model) -> None:
    """Check what is relied on later without another look."""
    task = model.task
    if task.kind == "binary" and len(task.classes) != 2:
        raise ValueError("a binary task should have two classes")
    if task.kind == "regression" and len(task.mean) != len(task.scale):
        raise ValueError("a regression should have as many means as scales")
    if hasattr(model, "forest"):
        check_trees(model.forest.trees, model.forest.base, model.forest.n_categories)
        if len(model.forest.base) != task.n_outputs:
            raise ValueError("its trees have other outputs than its task")
        return
    if hasattr(model, "layout"):
        _check_layout(model)
    for name, array in model.state.items():
        if array.dtype.kind not in "fiub":
            raise TypeError(f"array {name!r} should hold numbers")
    for part in getattr(model, "parts", ()):
        for storage in part.storages:
            if model.state[storage.name].dtype != np.float32:
                raise TypeError(f"array {storage.name!r} should be float32")
