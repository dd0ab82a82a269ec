"""One checkpoint folder: ``arrays.npz`` and ``manifest.json``, written through to the disk, and
read back only if both are what was written."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import zipfile
from typing import NamedTuple

import numpy as np

from tflearnkit.array_file import Damaged, check_members, read_arrays, refuse_unfit
from tflearnkit.errors import CheckpointError, listing
from tflearnkit.whole_file import sync_folder

__all__ = ["ARRAYS", "MANIFEST", "Checkpoint", "Damaged", "read", "write"]

ARRAYS, MANIFEST = "arrays.npz", "manifest.json"
FORMAT, VERSION = "tflearnkit checkpoint", 1


class Checkpoint(NamedTuple):
    """What a restored checkpoint holds: ``step``, ``arrays``, the caller's ``manifest``, and the
    ``path`` it was read from."""

    step: int
    arrays: dict[str, np.ndarray]
    manifest: dict
    path: str


def write(folder: str, step: int, arrays: dict, manifest: dict) -> None:
    """Fill an empty folder; when this returns, the content is on the disk."""
    arrays = {name: np.asarray(value) for name, value in arrays.items()}
    refuse_unfit(arrays)
    # Positions instead of names as file names inside the archive: names may hold any character.
    numbered = {str(i): array for i, array in enumerate(arrays.values())}
    with _synced(os.path.join(folder, ARRAYS), "wb") as file:
        np.savez(file, **numbered)
    content = {
        "format": FORMAT,
        "version": VERSION,
        "step": int(step),
        "sha256": _sha256(os.path.join(folder, ARRAYS)),
        "arrays": [
            {"name": name, "shape": array.shape, "dtype": array.dtype.str}
            for name, array in arrays.items()
        ],
        "manifest": manifest,
    }
    content = json.loads(json.dumps(content))  # as it will be read: the digest is of that form
    with _synced(os.path.join(folder, MANIFEST), "w") as file:
        json.dump(content | {"digest": _digest(content)}, file, indent=1)
    sync_folder(folder)


def read(folder: str) -> Checkpoint:
    """Read a folder back; raise Damaged, or CheckpointError where it is not ours at all."""
    _refuse_foreign_folder(folder)
    content = _read_manifest(folder)
    path = os.path.join(folder, ARRAYS)
    try:
        if _sha256(path) != content["sha256"]:
            raise Damaged(f"{ARRAYS} is not what was written")
        with zipfile.ZipFile(path) as archive:
            check_members(archive, {f"{i}.npy" for i in range(len(content["arrays"]))})
            arrays = read_arrays(archive, content["arrays"])
    except FileNotFoundError as error:
        raise Damaged(f"{ARRAYS} is missing") from error
    except OSError as error:
        raise Damaged(f"{ARRAYS} cannot be read: {error}") from error
    return Checkpoint(content["step"], arrays, content["manifest"], folder)


def _read_manifest(folder: str) -> dict:
    path = os.path.join(folder, MANIFEST)
    try:
        with open(path, encoding="utf-8") as file:
            content = json.load(file)
    except FileNotFoundError as error:
        raise Damaged(f"{MANIFEST} is missing") from error
    except (OSError, ValueError) as error:
        raise Damaged(f"{MANIFEST} cannot be read: {error}") from error
    content = content if isinstance(content, dict) else {}
    digest = content.pop("digest", None)
    intact = digest == _digest(content)
    # Neither word nor digest of ours: a file of another program, not a damaged one.
    if intact or (digest is None and content.get("format") != FORMAT):
        _refuse_foreign_format(path, content.get("format"), content.get("version"))
    if not intact:
        raise Damaged(f"{MANIFEST} is not what was written")
    return content


def _refuse_foreign_folder(path: str) -> None:
    if os.path.isdir(path):
        names = set(os.listdir(path))
        if not names or names & {ARRAYS, MANIFEST}:
            return  # ours, whole or damaged
        found = f"a folder of {listing(sorted(names))}"
    else:
        found = "a file" if os.path.exists(path) else "gone"
    raise CheckpointError(
        f"{path!r} should be a checkpoint folder of {ARRAYS} and {MANIFEST}, but is {found}. "
        "It belongs to another program: choose another model_dir, or move it away."
    )


def _refuse_foreign_format(path: str, form, version) -> None:
    if (form, version) != (FORMAT, VERSION):
        raise CheckpointError(
            f"{path!r} should say format {FORMAT!r}, version {VERSION}, but says format {form!r}, "
            f"version {version!r}. It was written by another program or a newer tflearnkit: "
            "upgrade tflearnkit, or choose another model_dir."
        )


@contextlib.contextmanager
def _synced(path: str, mode: str):
    with open(path, mode, encoding=None if "b" in mode else "utf-8") as file:
        yield file
        file.flush()
        os.fsync(file.fileno())


def _digest(content: dict) -> str:
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def _sha256(path: str) -> str:
    digest = hashlib.sha256()
    with open(path, "rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()
