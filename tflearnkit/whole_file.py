"""Files that stand at their path whole or not at all, whatever stops the process that writes."""

from __future__ import annotations

import contextlib
import os
import time
import uuid
from collections.abc import Callable

__all__ = ["replace_file", "sync_folder"]

_DAY = 24 * 3600


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
        with open(partial, "xb") as file:
            fill(file)
            file.flush()
            os.fsync(file.fileno())
        os.replace(partial, path)
    except BaseException:
        with contextlib.suppress(FileNotFoundError):
            os.remove(partial)
        raise
    sync_folder(folder)


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
