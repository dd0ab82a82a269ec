"""A fitted model -> a SavedModel in TensorFlow Serving's layout, compared before it is there."""

from __future__ import annotations

import contextlib
import os
import shutil
import time
import uuid
from collections.abc import Mapping

import tensorflow as tf

from tflearnkit.data.table import Table
from tflearnkit.errors import ModelFileError
from tflearnkit.estimators.comparing import check_answers
from tflearnkit.estimators.serving import Served, served
from tflearnkit.estimators.serving_rows import made_up_rows
from tflearnkit.whole_file import naming

__all__ = ["export"]

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
    OSError
        If the disk is full; what stood before still stands.
    """
    base = os.fspath(base)
    _check_assets(assets_extra)
    module = served(model)
    tables = [made_up_rows(model, module.inputs), *([] if sample is None else [sample])]
    os.makedirs(base, exist_ok=True)
    _remove_stale(base)
    partial = os.path.join(base, _TEMPORARY + uuid.uuid4().hex)
    try:
        with naming(base):
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

    def answer(table):
        fed = {key: tf.convert_to_tensor(a) for key, a in module.arrays(table).items()}
        return {key: tensor.numpy() for key, tensor in signature(**fed).items()}

    check_answers(module, tables, answer)


def _check_assets(assets: Mapping[str, os.PathLike]) -> None:
    """Refuse names and files that could not be copied, before anything is written."""
    if not isinstance(assets, Mapping):
        raise ModelFileError(
            f"assets_extra should be a dict of names to files. Got {assets!r}: pass such as "
            "{'words.txt': path}."
        )
    for name, source in assets.items():
        steps = os.path.normpath(os.path.join("assets.extra", name)).split(os.sep)
        if steps[0] != "assets.extra" or len(steps) < 2:
            raise ModelFileError(
                f"assets_extra should have names below assets.extra. Got {name!r}: leave out '..'."
            )
        if not os.path.isfile(source):
            raise ModelFileError(
                f"assets_extra should have files, but there is none at {os.fspath(source)!r}, for "
                f"{name!r}. Mend the path."
            )


def _copy_assets(folder: str, assets: Mapping[str, os.PathLike]) -> None:
    for name, source in assets.items():
        target = os.path.join(folder, "assets.extra", name)
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
