"""Files that stand at their path whole or not at all, whatever stops the process that writes.

What cannot be written, as where the disk is full, says where.
"""

from __future__ import annotations

import contextlib
import errno
import os
import time
import uuid
from collections.abc import Callable, Iterator

__all__ = ["naming", "replace_file", "sync_folder"]

_DAY = 24 * 3600
# What is said of writing alone: no room (on the disk, for the user, the file), or a read-only disk.
_REFUSALS = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS)


def replace_file(path, fill: Callable) -> None:
    """Write a file beside ``path`` through to the disk, then put it in its place.

    Folders above it are made where they are absent.
    """
    folder, name = os.path.split(os.path.abspath(path))
    os.makedirs(folder, exist_ok=True)
    start = f".{name}.partial-"
    _remove_stale(folder, start)
    partial = os.path.join(folder, start + uuid.uuid4().hex)
    try:
        with naming(path), open(partial, "xb") as file:
            fill(file)
            file.flush()
            os.fsync(file.fileno())
        os.replace(partial, path)
    except BaseException:
        with contextlib.suppress(FileNotFoundError):
            os.remove(partial)
        raise
    sync_folder(folder)


@contextlib.contextmanager
def naming(path) -> Iterator[None]:
    """Let a failure to write be an OSError that has a path: this one where it names none.

    Python forgets it once a file is open. TensorFlow has errors of its own, and calls a full disk
    by the same name as memory that is used up.
    """
    try:
        yield
    except OSError as error:
        if error.errno is not None and error.filename is None:
            error.filename = os.fspath(path)
        raise
    except Exception as error:
        number = _number_in(error)
        if number is None:
            raise
        raise OSError(number, os.strerror(number), os.fspath(path)) from error


def _number_in(error: Exception) -> int | None:
    """Return the number of the refusal to write that an error of TensorFlow tells in words."""
    if not type(error).__module__.startswith("tensorflow."):
        return None
    return next((n for n in _REFUSALS if f"; {os.strerror(n)}" in str(error)), None)


def sync_folder(folder) -> None:
    """Flush a folder's list of names to the disk, so that a rename in it survives a power cut."""
    if os.name == "nt":  # Windows opens no folders; its file system journals renames
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _remove_stale(folder: str, start: str) -> None:
    """Remove what saves to the same path have left that were killed more than a day ago."""
    for name in os.listdir(folder):
        left = os.path.join(folder, name)
        with contextlib.suppress(FileNotFoundError):  # another process may do the same
            if name.startswith(start) and time.time() - os.path.getmtime(left) > _DAY:
                os.remove(left)
