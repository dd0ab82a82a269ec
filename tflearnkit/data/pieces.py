"""Small batches of a stream put together: what reading costs, it costs for each of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import islice

import numpy as np

from tflearnkit.data.streams import RawBatch

__all__ = ["in_pieces"]

_ROWS = 4096
_BYTES = 2**22


def in_pieces(batches: Iterator[RawBatch]) -> Iterator[RawBatch]:
    """Put batches of dense tensors together, and pass others on as they are.

    Examples
    --------
    >>> import tensorflow as tf
    >>> batches = (RawBatch({"x": tf.zeros([3])}, np.ones(3)) for _ in range(3))
    >>> [len(batch.targets) for batch in in_pieces(batches)]
    [9]
    """
    for first in batches:
        group = [first, *islice(batches, _batches_of_a_piece(first) - 1)]
        forms = [_form(batch) for batch in group]
        if len(group) > 1 and forms[0] is not None and forms.count(forms[0]) == len(forms):
            group = [RawBatch(*map(_joined, zip(*group, strict=True)))]
        yield from group


def _batches_of_a_piece(first: RawBatch) -> int:
    if _form(first) is None:
        return 1
    arrays = [np.asarray(each) for each in _values(first)]
    n_bytes = sum(array.nbytes for array in arrays)
    return max(1, min(_ROWS // max(1, len(arrays[0])), _BYTES // max(1, n_bytes)))


def _values(batch: RawBatch) -> list:
    """Return all that stands for an array in a batch."""
    parts = [list(part.values()) if isinstance(part, Mapping) else [part] for part in batch]
    return [value for part in parts for value in part if value is not None]


def _form(batch: RawBatch) -> tuple | None:
    """Return what batches that are joined have in common; None where they are not dense."""
    values = _values(batch)
    if not all(hasattr(value, "__array__") for value in values):
        return None  # sparse and ragged tensors
    return tuple(tuple(value.shape[1:]) for value in values)


def _joined(parts: tuple):
    """Lay arrays, those of dicts or no arrays one after the other."""
    if isinstance(parts[0], Mapping):
        return {name: _joined([part[name] for part in parts]) for name in parts[0]}
    return None if parts[0] is None else np.concatenate([np.asarray(part) for part in parts])
