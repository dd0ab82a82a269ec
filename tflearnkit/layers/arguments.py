"""What layers ask of their arguments, and how they say it."""

from __future__ import annotations

from collections.abc import Mapping
from numbers import Integral, Real

import tensorflow as tf

__all__ = ["as_floats", "at_least_one", "check_padding", "check_share", "one_or_two"]


def as_floats(inputs, rank: int | None = None) -> tf.Tensor:
    """Return ``inputs`` as a tensor of floats whose last axis has a known size.

    Raises
    ------
    TypeError
        If there is no one tensor, or it holds something else than floats.
    ValueError
        If it has another ``rank`` (None: fewer than two axes), or the last size is not known.
    """
    if isinstance(inputs, Mapping):
        raise TypeError(
            f"inputs should be one tensor. Got a dict of {', '.join(map(str, inputs))}: pick one, "
            "or join them with input_from_feature_columns."
        )
    inputs = tf.convert_to_tensor(inputs)
    if not inputs.dtype.is_floating:
        raise TypeError(
            f"inputs should hold floats. Got {inputs.dtype.name}: use tf.cast(inputs, tf.float32), "
            "or one_hot_encoding or embed_sequence where they are ids."
        )
    axes = inputs.shape.rank
    if axes is None or (axes < 2 if rank is None else axes != rank):
        wanted = "2 axes or more" if rank is None else f"{rank} axes"
        raise ValueError(f"inputs should have {wanted}. Got {inputs.shape}: use tf.reshape.")
    if inputs.shape[-1] is None:
        raise ValueError(
            f"inputs should have a last axis of known size. Got {inputs.shape}: say the size with "
            "tf.ensure_shape."
        )
    return inputs


def at_least_one(name: str, value) -> int:
    """Return ``value`` if it is an integer of at least 1."""
    if not isinstance(value, Integral) or isinstance(value, bool) or value < 1:
        raise ValueError(
            f"{name} should be an integer of at least 1. Got {value!r}: give {name}=1."
        )
    return int(value)


def one_or_two(name: str, value) -> list[int]:
    """Return a size as [height, width]; one integer counts for both."""
    sizes = list(value) if isinstance(value, list | tuple) else [value, value]
    if len(sizes) != 2:
        raise ValueError(
            f"{name} should be an integer or two, for height and width. Got {value!r}: give "
            f"{name}=[3, 3]."
        )
    return [at_least_one(name, size) for size in sizes]


def check_padding(padding: str) -> str:
    """Return ``padding`` if it is one."""
    if padding not in ("SAME", "VALID"):
        raise ValueError(f"padding should be 'SAME' or 'VALID'. Got {padding!r}: give one of them.")
    return padding


def check_share(name: str, value) -> None:
    """Raise a ValueError for a number that is not above 0 and at most 1; a tensor may be any."""
    if isinstance(value, Real) and not 0 < value <= 1:
        raise ValueError(f"{name} should be above 0 and at most 1. Got {value!r}: give {name}=0.5.")
