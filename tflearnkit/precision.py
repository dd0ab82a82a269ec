"""The precision of the products of a training step: weights and sums stay float32."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["PRECISIONS", "product", "products_in"]

PRECISIONS = ("float32", "bfloat16")

_thread = threading.local()


@contextmanager
def products_in(precision: str) -> Iterator[None]:
    """Let products that are traced within the block be of that precision."""
    before = getattr(_thread, "precision", "float32")
    _thread.precision = precision
    try:
        yield
    finally:
        _thread.precision = before


def product(multiply, left, right, **how):
    """Return what ``multiply`` makes of two tensors, at the precision of the block, as it was.

    Where that is bfloat16, both are rounded to its 8 bits of mantissa before; processors that have
    such products add them up in float32.
    """
    import tensorflow as tf

    precision = getattr(_thread, "precision", "float32")
    if precision == "float32" or left.dtype != tf.float32:
        return multiply(left, right, **how)
    low = tf.as_dtype(precision)
    return tf.cast(multiply(tf.cast(left, low), tf.cast(right, low), **how), left.dtype)
