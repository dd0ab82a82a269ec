"""Arrays become tensors that share their memory where TensorFlow can read it, else copies."""

import gc

import numpy as np
import pytest
import tensorflow as tf

from tflearnkit import tensors
from tflearnkit.tensors import aligned, as_tensor

DTYPES = (np.float32, np.float64, np.int32, np.int64, np.uint32, np.float16)


def filled(shape, dtype):
    array = aligned(shape, dtype)
    array[...] = np.arange(array.size).reshape(shape)
    return array


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("shape", [(), (1,), (3, 5), (0, 4), (200, 30, 7)])
def test_memory_that_is_aligned_is_shared(dtype, shape):
    array = filled(shape, dtype)
    assert array.ctypes.data % 64 == 0 or not array.size
    found = as_tensor(array)
    assert (found.dtype, tuple(found.shape)) == (dtype, shape)
    np.testing.assert_array_equal(found, array)
    if array.size:
        array[...] = 7
        assert np.all(found.numpy() == 7)


def test_memory_lives_as_long_as_the_tensor():
    found = as_tensor(filled((300, 300), np.float32))
    gc.collect()
    others = [np.full((300, 300), -1, np.float32) for _ in range(20)]
    np.testing.assert_array_equal(found, np.arange(90_000).reshape(300, 300))
    del others


def fixed():
    array = filled((4, 5), np.float32)
    array.flags.writeable = False
    return array


@pytest.mark.parametrize(
    "array",
    [
        filled((9, 8), np.float32)[1:].reshape(-1)[1:],  # not aligned
        filled((9, 8), np.float32)[:, ::2],
        filled((9, 8), np.float32).T,
        filled((9, 8), np.float32)[::-1],
        filled((9,), ">f4"),
        fixed(),
        np.array(["Oslo", "Rome"], object),
        np.array([True, False]),
        np.float32(3),
        4,
        [[1.0, 2.0]],
    ],
    ids=["odd", "strided", "turned", "reversed", "endian", "fixed", "words", "flags", "scalar",
         "number", "list"],
)  # fmt: skip
def test_all_else_is_copied(array):
    found = as_tensor(array)
    expected = np.array(array).astype(np.array(array).dtype.newbyteorder("="))
    if expected.dtype == object:
        expected = expected.astype(bytes)
    np.testing.assert_array_equal(found.numpy(), expected)
    assert tf.size(tf.identity(found)[..., None]) == expected.size
    if isinstance(array, np.ndarray) and array.flags.writeable and array.dtype.kind == "f":
        array[...] = -1
        np.testing.assert_array_equal(found.numpy(), expected)


def test_beside_a_gpu_tensors_are_tensorflows_own(monkeypatch):
    monkeypatch.setattr(tensors, "has_gpu", lambda: True)
    array = filled((3, 5), np.float32)
    found = as_tensor(array)
    array[...] = -1
    assert float(found[2, 4]) == 14
