"""Where data sets lie: a local folder, a cache, or far away."""

from __future__ import annotations

import errno
import hashlib
import os
import warnings
from collections.abc import Callable, Mapping
from pathlib import Path

from tflearnkit.whole_file import naming

__all__ = ["CACHE", "check_as_published", "from_internet", "from_openml", "local_folder"]

# What the disk says, not the network.
_OF_THE_DISK = (errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES)

CACHE = Path.home() / ".cache" / "tflearnkit"


def local_folder(name: str) -> Path | None:
    """Return the folder ``name`` in the one that ``TFLEARNKIT_DATA`` names, if it is there."""
    root = os.environ.get("TFLEARNKIT_DATA")
    folder = Path(root) / name if root else None
    return folder if folder and folder.is_dir() else None


def check_as_published(paths: Mapping[Path, str]) -> None:
    """Warn of files that are not, byte for byte, what was published, by their MD5 sums."""
    for path, expected in paths.items():
        found = hashlib.md5(path.read_bytes(), usedforsecurity=False).hexdigest()
        if found != expected:
            warnings.warn(
                f"{path} is not as published: its MD5 sum should be {expected}. Got {found}. Rows "
                "may be lacking or damaged: copy the file anew, unless it was changed on purpose.",
                stacklevel=4,
            )


def from_internet(title: str, source: str, home: Path, known: bool, fetch: bool, load: Callable):
    """Return what ``load`` finds in the cache or far away, or say what to do without a network."""
    if not (known or fetch):
        raise FileNotFoundError(
            f"{title} is not in {home}, and it was not to be fetched. Pass fetch=True, or copy the "
            "cache of a machine that has it."
        )
    try:
        return load()
    except OSError as error:
        if error.errno in _OF_THE_DISK:
            with naming(home):
                raise
        raise OSError(
            f"{title} is not on this machine, and {source} did not answer "
            f"({type(error).__name__}). Connect to the internet, copy {home} from a machine that "
            "has it, or let TFLEARNKIT_DATA name a folder with it."
        ) from error


def from_openml(title: str, name: str, version: int, home: Path, fetch: bool, **options):
    """Return a set of OpenML from the folder ``home``, which it fills the first time."""
    from sklearn.datasets import fetch_openml

    def load():
        return fetch_openml(name, version=version, data_home=home, n_retries=1, **options)

    return from_internet(title, "OpenML", home, (home / "openml").exists(), fetch, load)
