"""Files by name or pattern, packed or not."""

from __future__ import annotations

import bz2
import gzip
import lzma
import os
from contextlib import contextmanager

from tflearnkit.errors import listing

__all__ = ["matching_files", "opened"]

_UNPACK = {".gz": gzip.open, ".bz2": bz2.open, ".xz": lzma.open}


def matching_files(file_pattern) -> list[str]:
    """Return the files that a pattern, or any of several, names: those of a pattern in order.

    A pattern is as in a shell (``data/part-*.csv``), on any file system that TensorFlow reads.
    """
    import tensorflow as tf

    patterns = [file_pattern] if isinstance(file_pattern, str | os.PathLike) else file_pattern
    patterns = [os.fspath(pattern) for pattern in patterns]
    found = [path for pattern in patterns for path in sorted(tf.io.gfile.glob(pattern))]
    found = [path for path in dict.fromkeys(found) if not tf.io.gfile.isdir(path)]
    if not found:
        raise ValueError(
            f"No files match {listing(map(repr, patterns))}. Check the path; relative ones are "
            f"looked for in {os.getcwd()}."
        )
    return found


@contextmanager
def opened(path: str):
    """Open a file of bytes, unpacked as the end of its name (.gz, .bz2, .xz) says."""
    import tensorflow as tf

    unpack = _UNPACK.get(os.path.splitext(path)[1])
    with tf.io.gfile.GFile(path, "rb") as raw:
        if unpack is None:
            yield raw
        else:
            with unpack(raw, "rb") as unpacked:
                yield unpacked
