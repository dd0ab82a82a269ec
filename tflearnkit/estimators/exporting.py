"""A fitted model -> a SavedModel in TensorFlow Serving's layout, compared before it is there."""

from __future__ import annotations

import contextlib
import os
import shutil
import time
import uuid
from collections.abc import Mapping

import numpy as np
import tensorflow as tf

from tflearnkit.data.table import Table
from tflearnkit.errors import ModelFileError, listing
from tflearnkit.estimators.serving import Served, served
from tflearnkit.estimators.serving_rows import made_up_rows

__all__ = ["export"]

_TOLERANCE = 1e-5
_DAY = 24 * 3600
_TEMPORARY = "temp-"  # Serving takes numbers only for exports


def export(
    model, base, sample: Table | None, verify: bool, assets_extra: Mapping[str, os.PathLike]
) -> str:
    """Write the SavedModel of a model into a new folder of ``base``; return its path.

    Raises
    ------
    ModelFileError
        If the model cannot be exported, or the export predicts otherwise.
    """
    base = os.fspath(base)
    module = served(model)
    tables = [made_up_rows(model, module.inputs), *([] if sample is None else [sample])]
    os.makedirs(base, exist_ok=True)
    _remove_stale(base)
    partial = os.path.join(base, _TEMPORARY + uuid.uuid4().hex)
    try:
        _write(module, partial)
        if verify:
            _verify(module, partial, tables)
        _copy_assets(partial, assets_extra)
        return _published(partial, base)
    except BaseException:
        shutil.rmtree(partial, ignore_errors=True)
        raise


def _write(module: Served, folder: str) -> None:
    spec = {one.key: one.spec for one in module.inputs}
    default = tf.function(module, [spec], autograph=False)
    parsing = {one.key: one.parsing() for one in module.inputs}

    @tf.function(
        input_signature=[tf.TensorSpec([None], tf.string, "examples")], autograph=False
    )
    def parse_examples(examples):
        found = tf.io.parse_example(examples, parsing)
        return module({one.key: one.parsed(found[one.key]) for one in module.inputs})

    signatures = {"serving_default": default, "parse_examples": parse_examples}
    module.serving_default = default  # keeps what it is traced with as long as the module
    try:
        tf.saved_model.save(module, folder, signatures)
    except (AssertionError, ValueError, TypeError) as error:
        raise ModelFileError(
            "A model should be exported as operations and variables of TensorFlow that are its "
            f"own, but it could not: {error}. Make lookup tables and the like by Keras layers."
        ) from error


def _verify(module: Served, folder: str, tables: list[Table]) -> None:
    """Compare what an export predicts with what the model does."""
    loaded = tf.saved_model.load(folder)
    signature = loaded.signatures["serving_default"]
    for table in tables:
        fed = {key: tf.convert_to_tensor(a) for key, a in module.arrays(table).items()}
        found = {key: tensor.numpy() for key, tensor in signature(**fed).items()}
        expected = module.expected(table)
        unsure = _unsure_rows(expected)
        for key, values in expected.items():
            wrong = _different_rows(np.asarray(values), found[key])
            wrong = wrong[~unsure[wrong]] if key in ("classes", "clusters") else wrong
            if len(wrong):
                row = wrong[0]
                raise ModelFileError(
                    f"An export should predict what the estimator does, but {len(wrong)} of "
                    f"{table.n_rows} rows differ in {key!r}: row {row} has {found[key][row]}, and "
                    f"not {np.asarray(values)[row]}, for {_shown(table, row)}. Nothing was "
                    "published. Functions of columns must be TensorFlow's; else report this."
                )


def _different_rows(expected: np.ndarray, found: np.ndarray) -> np.ndarray:
    if expected.shape != found.shape:
        return np.arange(max(len(expected), 1))[: len(found) or 1]
    if found.dtype.kind in "OSU":
        found = np.array([str(v, "utf-8") for v in found.ravel()]).reshape(found.shape)
        wrong = found != expected.astype(str)
    else:
        with np.errstate(invalid="ignore"):
            close = np.isclose(found, expected, _TOLERANCE, _TOLERANCE, equal_nan=True)
        wrong = ~close
    return np.flatnonzero(wrong.reshape(len(wrong), -1).any(axis=1))


def _unsure_rows(expected: Mapping[str, np.ndarray]) -> np.ndarray:
    """Return which rows two classes, or centres, are as good for: a last bit decides."""
    by_class = expected.get("probabilities", expected.get("scores"))
    if "distances" in expected:
        by_class = -expected["distances"]
    if by_class is None:
        return np.zeros(len(next(iter(expected.values()))), bool)
    if by_class.shape[1] == 1:
        return np.abs(by_class[:, 0]) < _TOLERANCE
    best = np.sort(by_class, axis=1)
    return best[:, -1] - best[:, -2] <= _TOLERANCE * (1 + np.abs(best[:, -1]))


def _shown(table: Table, row: int) -> str:
    one = table.take(slice(row, row + 1))
    values = (f"{name or 'X'}={one[name]}" for name in one.names)
    return listing(values, limit=8)


def _copy_assets(folder: str, assets: Mapping[str, os.PathLike]) -> None:
    for name, source in assets.items():
        target = os.path.normpath(os.path.join(folder, "assets.extra", name))
        if not target.startswith(os.path.join(folder, "assets.extra") + os.sep):
            raise ModelFileError(
                f"assets_extra should have names below assets.extra. Got {name!r}: leave out '..'."
            )
        os.makedirs(os.path.dirname(target), exist_ok=True)
        shutil.copyfile(source, target)


def _published(partial: str, base: str) -> str:
    """Give a complete export its name: the seconds since 1970, or later ones where taken."""
    seconds = int(time.time())
    taken = [int(name) for name in os.listdir(base) if name.isdecimal()]
    seconds = max([seconds, *(each + 1 for each in taken if each < 10**10)])
    while True:
        path = os.path.join(base, str(seconds))
        try:
            os.rename(partial, path)
            return path
        except OSError:
            if not os.path.exists(path):
                raise
            seconds += 1  # another process was faster


def _remove_stale(base: str) -> None:
    """Remove what exports have left that were killed more than a day ago."""
    for name in os.listdir(base):
        left = os.path.join(base, name)
        with contextlib.suppress(FileNotFoundError):  # another process may do the same
            if name.startswith(_TEMPORARY) and time.time() - os.path.getmtime(left) > _DAY:
                shutil.rmtree(left)
