"""Checkpoints: dicts of arrays with a JSON manifest, kept in a folder and written atomically.

``model_dir/checkpoint-00000120/`` holds ``arrays.npz`` and ``manifest.json``. A checkpoint is
written to a hidden sibling, flushed to the disk and renamed, so a kill at any moment leaves the
last good one standing. Nothing inside names a path: the folder may be moved or copied.
"""

from __future__ import annotations

import os
import re
import shutil
import socket
import tempfile
import time
import uuid
import warnings

from tflearnkit.checkpoint_folder import (
    ARRAYS,
    MANIFEST,
    Checkpoint,
    Damaged,
    read,
    write,
)
from tflearnkit.errors import CheckpointError, CheckpointWarning, listing
from tflearnkit.whole_file import naming, sync_folder

__all__ = ["Checkpoint", "check_writable", "checkpoints", "latest_step", "restore", "save"]

# A second save of one step gets a revision (checkpoint-00000120.1), because no file system can
# exchange one folder for another in a single portable step.
_NAME = re.compile(r"checkpoint-(\d+)(?:\.(\d+))?$")
_PARTIAL = re.compile(r"\.partial-checkpoint-(.+)-(\d+)-(\w+)-\w+$")
_TOKEN = uuid.uuid4().hex[:8]
_DAY = 24 * 3600


def save(model_dir, step: int, arrays: dict, manifest: dict, keep: int | None = 5) -> str:
    """Write a checkpoint, then remove those it makes superfluous.

    Parameters
    ----------
    model_dir : path
        Folder of the checkpoints; created where absent.
    step : int >= 0
        Number of training steps done. The checkpoint saved last is always the newest: those of
        later steps, left over from a damaged or abandoned run, are removed.
    arrays : dict of str to ndarray
        Any names (slashes too); numbers or fixed-width strings of any shape.
    manifest : dict
        Anything JSON can hold.
    keep : int >= 1 or None
        How many checkpoints stay, this one included; None keeps all.

    Returns
    -------
    str
        The folder written.

    Raises
    ------
    TypeError
        An array of Python objects (it would need pickle), or a manifest JSON cannot hold.
    OSError
        The disk is full or the folder not writable; what stood before still stands.

    Examples
    --------
    >>> import tempfile, numpy as np
    >>> folder = tempfile.mkdtemp()
    >>> path = save(folder, 120, {"linear/weights": np.ones(3)}, {"model": "linear"}, keep=5)
    >>> restore(folder).arrays["linear/weights"]
    array([1., 1., 1.])
    """
    os.makedirs(model_dir, exist_ok=True)
    _remove_stale_partials(model_dir)
    partial = _partial_path(model_dir)
    try:
        os.mkdir(partial)
        with naming(model_dir):
            write(partial, step, arrays, manifest)
        path = _free_path(model_dir, step)
        os.rename(partial, path)
    except BaseException:
        shutil.rmtree(partial, ignore_errors=True)
        raise
    sync_folder(model_dir)
    _prune(model_dir, path, keep)
    return path


def restore(model_dir, step: int | None = None) -> Checkpoint | None:
    """Read the newest intact checkpoint of a folder, or the one of ``step``.

    Parameters
    ----------
    model_dir : path
        Folder of the checkpoints; it need not exist.
    step : int, default=None
        Read the checkpoint of this step and no other.

    Returns
    -------
    Checkpoint or None
        None where the folder has no checkpoint.

    Raises
    ------
    CheckpointError
        The step asked for is absent or damaged, every checkpoint is damaged, or the folder holds
        checkpoints of another program.

    Warns
    -----
    CheckpointWarning
        A damaged newer checkpoint was passed over.
    """
    paths = _paths(model_dir)
    if step is not None:
        return _restore_step(model_dir, paths, step)
    damaged = []
    for path in reversed(paths):
        try:
            checkpoint = read(path)
        except Damaged as error:
            damaged.append(f"{os.path.basename(path)} ({error})")
            continue
        if damaged:
            _warn_of_damage(model_dir, damaged, os.path.basename(path))
        return checkpoint
    if damaged:
        raise CheckpointError(
            f"model_dir {os.fspath(model_dir)!r} should hold an intact checkpoint, but all are "
            f"damaged: {listing(damaged)}. Put back a copy of the folder, or remove these "
            "checkpoints to start afresh."
        )
    _refuse_tensorflow_checkpoints(model_dir)
    return None


def checkpoints(model_dir) -> list[int]:
    """Steps of the checkpoints in ``model_dir``, oldest first; their content is not read."""
    return sorted({_key(path)[0] for path in _paths(model_dir)})


def latest_step(model_dir) -> int | None:
    """Step of the newest checkpoint in ``model_dir``, or None; its content is not read."""
    return max(checkpoints(model_dir), default=None)


def check_writable(model_dir) -> None:
    """Create ``model_dir`` and write to it for a moment, so that training cannot fail on it later.

    Raises
    ------
    CheckpointError
        It is a file, cannot be created, or refuses a new file.
    """
    try:
        os.makedirs(model_dir, exist_ok=True)
        with tempfile.TemporaryFile(dir=model_dir):
            pass
    except OSError as error:
        raise CheckpointError(
            f"model_dir should be a folder that can be written to, but {os.fspath(model_dir)!r} "
            f"is not: {error.strerror or error}. Choose another model_dir, or change its "
            "permissions."
        ) from error


# --- names of checkpoints ------------------------------------------------------------------------


def _paths(model_dir) -> list[str]:
    """Return the paths of all checkpoints, oldest first."""
    model_dir = os.fspath(model_dir)
    names = os.listdir(model_dir) if os.path.isdir(model_dir) else []
    return sorted((os.path.join(model_dir, name) for name in names if _NAME.match(name)), key=_key)


def _key(path: str) -> tuple[int, int]:
    step, revision = _NAME.match(os.path.basename(path)).groups(default="0")
    return int(step), int(revision)


def _free_path(model_dir, step: int) -> str:
    taken = [_key(path)[1] for path in _paths(model_dir) if _key(path)[0] == step]
    revision = f".{max(taken) + 1}" if taken else ""
    return os.path.join(model_dir, f"checkpoint-{step:08d}{revision}")


# --- removing ------------------------------------------------------------------------------------


def _prune(model_dir, newest: str, keep: int | None) -> None:
    step = _key(newest)[0]
    others = [path for path in _paths(model_dir) if path != newest]
    earlier = [path for path in others if _key(path)[0] < step]
    surplus = [] if keep is None else earlier[: max(0, len(earlier) + 1 - keep)]
    replaced_or_ahead = [path for path in others if _key(path)[0] >= step]
    for path in surplus + replaced_or_ahead:
        if os.path.isdir(path) and set(os.listdir(path)) <= {ARRAYS, MANIFEST}:  # none but ours
            _discard(path)


def _discard(path: str) -> None:
    # Renamed first: a kill in the midst of the removal must not leave half a checkpoint.
    partial = _partial_path(os.path.dirname(path))
    os.rename(path, partial)
    shutil.rmtree(partial)


def _partial_path(model_dir) -> str:
    writer = f"{socket.gethostname()}-{os.getpid()}-{_TOKEN}"
    return os.path.join(model_dir, f".partial-checkpoint-{writer}-{uuid.uuid4().hex[:8]}")


def _remove_stale_partials(model_dir) -> None:
    for name in os.listdir(model_dir):
        writer = _PARTIAL.match(name)
        path = os.path.join(model_dir, name)
        if writer and (_is_dead(*writer.groups()) or _age(path) > _DAY):
            shutil.rmtree(path, ignore_errors=True)


def _is_dead(host: str, pid: str, token: str) -> bool:
    if host != socket.gethostname() or os.name == "nt":  # there, signal 0 would be Ctrl-C
        return False  # alive, for all we can know
    if int(pid) == os.getpid():
        return token != _TOKEN  # a restarted container reuses the number of the dead process
    try:
        os.kill(int(pid), 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        return False
    return False


def _age(path: str) -> float:
    try:
        return time.time() - os.path.getmtime(path)
    except FileNotFoundError:  # its writer has just finished
        return 0.0


# --- messages ------------------------------------------------------------------------------------


def _restore_step(model_dir, paths: list[str], step: int) -> Checkpoint:
    wanted = [path for path in paths if _key(path)[0] == step]
    there = listing(checkpoints(model_dir)) or "none"
    if not wanted:
        raise CheckpointError(
            f"A checkpoint of step {step} was asked for, but {os.fspath(model_dir)!r} does not "
            f"have it. Steps there: {there}. Ask for one of these."
        )
    try:
        return read(wanted[-1])
    except Damaged as error:
        raise CheckpointError(
            f"The checkpoint of step {step} should be intact, but {wanted[-1]!r} is damaged: "
            f"{error}. Ask for another step; there are: {there}."
        ) from error


def _warn_of_damage(model_dir, damaged: list[str], used: str) -> None:
    warnings.warn(
        f"The newest checkpoint of {os.fspath(model_dir)!r} should be intact, but damaged: "
        f"{listing(damaged)}. Going on from the older {used}; to silence this, remove what is "
        "damaged.",
        CheckpointWarning,
        stacklevel=3,
    )


def _refuse_tensorflow_checkpoints(model_dir) -> None:
    names = os.listdir(model_dir) if os.path.isdir(model_dir) else []
    foreign = sorted(name for name in names if name == "checkpoint" or name.endswith(".index"))
    if foreign:
        raise CheckpointError(
            f"model_dir {os.fspath(model_dir)!r} should hold tflearnkit checkpoints or none, but "
            f"holds TensorFlow's: {listing(foreign)}. Training cannot go on from these: choose "
            "another model_dir."
        )
