"""Memory that arrays share with tensors: TensorFlow copies what it is given, most often twice."""

from __future__ import annotations

import math

import numpy as np

__all__ = ["aligned", "as_tensor", "has_gpu"]

_BOUNDARY = 64  # bytes: TensorFlow's kernels read memory that begins at a multiple of it


def aligned(shape: tuple[int, ...], dtype) -> np.ndarray:
    """Return an array of any content, whose memory a tensor can share, unless it is of objects."""
    dtype = np.dtype(dtype)
    if dtype.hasobject:
        return np.empty(shape, dtype)
    memory = np.empty(math.prod(shape) * dtype.itemsize + _BOUNDARY, np.uint8)
    return np.ndarray(shape, dtype, memory, -_address(memory) % _BOUNDARY)


def as_tensor(array):
    """Return the tensor of an array that nobody edits any more: it shares memory that is aligned.

    Other memory is copied, once.
    """
    import tensorflow as tf

    is_numbers = isinstance(array, np.ndarray) and array.dtype.kind in "iuf" and array.size
    if not is_numbers or has_gpu():
        return tf.convert_to_tensor(array)
    if not (array.flags.carray and array.dtype.isnative and _address(array) % _BOUNDARY == 0):
        copy = aligned(array.shape, array.dtype.newbyteorder("="))
        copy[...] = array
        array = copy
    return tf.experimental.dlpack.from_dlpack(array.__dlpack__())


def has_gpu() -> bool:
    """Whether TensorFlow sees a GPU."""
    import tensorflow as tf

    return bool(tf.config.get_visible_devices("GPU"))


def _address(array: np.ndarray) -> int:
    return array.__array_interface__["data"][0]
