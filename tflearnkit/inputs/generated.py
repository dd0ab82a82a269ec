"""Datasets of what a generator yields, with memory that is used again."""

from __future__ import annotations

import ctypes
import sys
from collections.abc import Callable, Iterator
from functools import partial

__all__ = ["generated"]

_MMAP_THRESHOLD, _TRIM_THRESHOLD = -3, -1  # the options of mallopt(3)
_LARGEST_KEPT = 32 << 20  # bytes


def generated(batches: Callable[..., Iterator], signature, args: tuple = ()):
    """Return the dataset of what ``batches(*args)`` yields.

    Parameters
    ----------
    batches : callable
        Called anew for each pass, with the values of ``args`` as arrays.
    signature : nest of tf.TypeSpec
    args : tuple of tensors
    """
    import tensorflow as tf

    yielded = partial(_with_memory_used_again, batches)
    return tf.data.Dataset.from_generator(yielded, output_signature=signature, args=args)


def _with_memory_used_again(batches: Callable[..., Iterator], *args) -> Iterator:
    _use_memory_again()
    yield from batches(*args)


def _use_memory_again() -> None:
    """Let freed memory be used again, as before TensorFlow began a dataset of a generator.

    At each of them TensorFlow asks glibc to map all memory above 128 kB anew, in the whole process
    and for good (``ApplyPython311MemoryPatch``): what the system spends on new pages then takes as
    long as reading a CSV file. These are the thresholds that glibc comes to by itself once an array
    of 32 MB was freed.
    """
    if sys.platform != "linux":
        return
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(_MMAP_THRESHOLD, _LARGEST_KEPT)
        mallopt(_TRIM_THRESHOLD, 2 * _LARGEST_KEPT)
