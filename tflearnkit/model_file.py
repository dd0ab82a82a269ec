"""Saved models: a folder, or a zip, of one JSON file and arrays; safe to open from strangers.

A zip holds ``model.json`` and ``0.npy``, ``1.npy``, ...; a folder ``model.json`` and the ``.npz``
that it names. Either is written beside what stood there and takes its place in one step, so that a
kill at any moment leaves the last good one. Reading runs no code, follows no links, and needs
memory in proportion to the bytes that the file has.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import stat
import uuid
import zipfile
from collections.abc import Mapping

import numpy as np

from tflearnkit.array_file import (
    Damaged,
    check_members,
    checksum,
    member,
    read_arrays,
    refuse_unfit,
    write_member,
)
from tflearnkit.errors import ModelFileError
from tflearnkit.whole_file import replace_file

__all__ = ["read", "write"]

MODEL = "model.json"
FORMAT = "tflearnkit model"
# A minor version adds only what older readers may pass over; they read it, as newer readers do the
# older ones. A major version is for what they must not.
MAJOR, MINOR = 1, 0
_ARRAYS = re.compile(r"arrays-[0-9a-f]{16}\.npz")
_LONGEST_JSON = 2**28  # vocabularies are in it


def write(path, content: dict, arrays: Mapping[str, np.ndarray]) -> None:
    """Write a model.

    Parameters
    ----------
    path : path
        Of a zip where it ends in ``.zip``, else of a folder.
    content : dict
        Anything JSON can hold.
    arrays : dict of str to array

    Raises
    ------
    ModelFileError
        Something else stands there, or the model's words are too long.
    """
    path = os.fspath(path)
    arrays = {name: _in_one_piece(array) for name, array in arrays.items()}
    refuse_unfit(arrays)
    content = {
        "format": FORMAT,
        "version": [MAJOR, MINOR],
        "arrays": [
            {
                "name": name,
                "shape": list(array.shape),
                "dtype": array.dtype.str,
                "sha256": checksum(array),
            }
            for name, array in arrays.items()
        ],
        "model": content,
    }
    (_write_zip if path.endswith(".zip") else _write_folder)(path, content, arrays)


def read(path) -> tuple[dict, dict[str, np.ndarray]]:
    """Return the content and the arrays of a model, if they are what was written.

    Raises
    ------
    ModelFileError
        There is no model, it is damaged, or a newer program wrote it.
    """
    path = os.fspath(path)
    if not os.path.exists(path):
        raise ModelFileError(
            f"{path!r} should be a model that `save` has written, but there is nothing of that "
            "name. Correct the path."
        )
    try:
        return (_read_folder if os.path.isdir(path) else _read_zip)(path)
    except ModelFileError:
        raise
    except Damaged as error:
        raise ModelFileError(_damaged(path, error)) from error
    except Exception as error:  # zipfile and json raise a dozen kinds of them
        raise ModelFileError(_damaged(path, f"{type(error).__name__}: {error}")) from error


def _damaged(path: str, why) -> str:
    return (
        f"{path!r} should be a model as `save` has written it, but is damaged or of another "
        f"program: {why}. Save the model again, or copy the file anew."
    )


# --- writing -------------------------------------------------------------------------------------


def _in_one_piece(array) -> np.ndarray:
    array = np.asarray(array)
    return array if array.flags.forc else np.ascontiguousarray(array)


def _as_json(path: str, content: dict) -> bytes:
    content = json.loads(json.dumps(content))  # as it will be read: the digest is of that form
    written = json.dumps(content | {"digest": _digest(content)}, indent=1).encode()
    if len(written) > _LONGEST_JSON:
        raise ModelFileError(
            f"What is written of a model beside its arrays should be at most {_LONGEST_JSON} bytes "
            f"of JSON, but {path!r} would have {len(written)}. Learn fewer categories, or pickle "
            "the estimator."
        )
    return written


def _write_zip(path: str, content: dict, arrays: Mapping[str, np.ndarray]) -> None:
    if os.path.isdir(path):
        raise ModelFileError(
            f"{path!r} should name a zip file, but is a folder. Choose another name."
        )
    words = _as_json(path, content)

    def fill(file) -> None:
        with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive:
            write_member(archive, MODEL, words)
            _write_arrays(archive, arrays)

    replace_file(path, fill)


def _write_folder(path: str, content: dict, arrays: Mapping[str, np.ndarray]) -> None:
    _refuse_foreign(path)
    name = f"arrays-{uuid.uuid4().hex[:16]}.npz"
    words = _as_json(path, content | {"arrays_file": name})
    os.makedirs(path, exist_ok=True)

    def fill(file) -> None:
        with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive:
            _write_arrays(archive, arrays)

    replace_file(os.path.join(path, name), fill)
    try:
        replace_file(os.path.join(path, MODEL), lambda file: file.write(words))
    except BaseException:
        if not _stands(os.path.join(path, MODEL), words):  # it may have failed after that
            os.remove(os.path.join(path, name))
        raise
    for other in os.listdir(path):  # of the model that stood here, or of a save that was killed
        if _ARRAYS.fullmatch(other) and other != name:
            os.remove(os.path.join(path, other))


def _stands(path: str, words: bytes) -> bool:
    if not os.path.exists(path):
        return False
    with open(path, "rb") as file:
        return file.read() == words


def _refuse_foreign(path: str) -> None:
    if os.path.isdir(path):
        names = [name for name in os.listdir(path) if not name.startswith(".")]
        if not names or MODEL in names or all(_ARRAYS.fullmatch(name) for name in names):
            return
    elif not os.path.exists(path):
        return
    raise ModelFileError(
        f"{path!r} should be a new folder, an empty one, or a model to be replaced, but something "
        "else is there. Choose another path."
    )


def _write_arrays(archive: zipfile.ZipFile, arrays: Mapping[str, np.ndarray]) -> None:
    for number, array in enumerate(arrays.values()):
        write_member(archive, f"{number}.npy", array)


# --- reading -------------------------------------------------------------------------------------


def _read_zip(path: str) -> tuple[dict, dict[str, np.ndarray]]:
    with zipfile.ZipFile(path) as archive:
        if MODEL not in archive.namelist():
            raise Damaged(f"it has no {MODEL}")
        check_members(archive, set(archive.namelist()))
        _check_length(archive.getinfo(MODEL).file_size)
        content = _checked(bytes(member(archive, MODEL)))
        specs = _specs(content)
        check_members(archive, {MODEL, *(f"{i}.npy" for i in range(len(specs)))})
        return content["model"], read_arrays(archive, specs)


def _read_folder(path: str) -> tuple[dict, dict[str, np.ndarray]]:
    content = _checked(_plain_file(os.path.join(path, MODEL), _LONGEST_JSON))
    name, specs = content["arrays_file"], _specs(content)
    if not isinstance(name, str) or not _ARRAYS.fullmatch(name):
        raise Damaged(f"{MODEL} names {name!r} as its arrays")
    _check_plain(os.path.join(path, name))
    with zipfile.ZipFile(os.path.join(path, name)) as archive:
        check_members(archive, {f"{i}.npy" for i in range(len(specs))})
        return content["model"], read_arrays(archive, specs)


def _plain_file(path: str, most: int) -> bytes:
    _check_plain(path)
    size = os.path.getsize(path)
    _check_length(size, most)
    with open(path, "rb") as file:
        return file.read(size)


def _check_plain(path: str) -> None:
    if not stat.S_ISREG(os.lstat(path).st_mode):
        raise Damaged(f"{os.path.basename(path)} is no plain file")


def _check_length(length: int, most: int = _LONGEST_JSON) -> None:
    if length > most:
        raise Damaged(f"{MODEL} is longer than {most} bytes")


def _checked(words: bytes) -> dict:
    """Return what ``model.json`` says, if it is what was written by a version that we know."""
    content = json.loads(words)
    if not isinstance(content, dict) or content.get("format") != FORMAT:
        raise Damaged(f"{MODEL} is not of this format")
    digest = content.pop("digest", None)
    if digest != _digest(content):
        raise Damaged(f"{MODEL} is not what was written")
    version = content["version"]
    if not (isinstance(version, list) and len(version) == 2 and version[0] == MAJOR):
        raise ModelFileError(
            f"A model should be of version {MAJOR}, but this one is of {version!r}: a newer "
            "tflearnkit has written it. Upgrade tflearnkit."
        )
    if not isinstance(content["model"], dict):
        raise Damaged(f"{MODEL} describes no model")
    return content


def _specs(content: dict) -> list[dict]:
    specs = content["arrays"]
    keys = {"name", "shape", "dtype", "sha256"}
    if not isinstance(specs, list) or not all(
        isinstance(spec, dict) and keys <= set(spec) for spec in specs
    ):
        raise Damaged(f"{MODEL} does not say what its arrays are")
    return specs


def _digest(content: dict) -> str:
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()
