"""One column that came in pieces -> one column."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import scipy.sparse

from tflearnkit.data.coded import Coded
from tflearnkit.data.ragged import Ragged, without_empty
from tflearnkit.data.values import as_values

__all__ = ["joined"]


def joined(parts: Sequence, name: str):
    """Lay the values of a column's pieces one after the other.

    Pieces of one column may differ in form: a batch in which all lists happen to be equally long
    is an array beside Ragged ones, and one in which every string is missing is numbers (NaN).
    """
    if len(parts) == 1:
        return parts[0]
    if all(isinstance(part, Coded) for part in parts):
        return _joined_strings(parts)
    if any(scipy.sparse.issparse(part) for part in parts):
        return scipy.sparse.csr_array(scipy.sparse.vstack(parts))
    if any(isinstance(part, Ragged) for part in parts) or len(set(map(_row_shape, parts))) > 1:
        return _joined_ragged([_as_ragged(part) for part in parts], name)
    return _joined_arrays([np.asarray(part) for part in parts], name)


def _row_shape(part) -> tuple[int, ...]:
    return () if isinstance(part, Coded) else part.shape[1:]


def _joined_strings(parts: list[Coded]) -> Coded:
    joint = Coded.of(np.concatenate([part.values for part in parts]))
    ends = np.cumsum([len(part.values) for part in parts])
    places = np.split(joint.codes, ends[:-1])
    codes = [np.append(own, -1)[part.codes] for own, part in zip(places, parts, strict=True)]
    return Coded(joint.values, np.concatenate(codes))


def _joined_arrays(parts, name):
    kinds = {part.dtype.kind for part in parts}
    if len(kinds) > 1 and not kinds <= set("biuf"):
        return as_values(np.concatenate([part.astype(object) for part in parts]), name)
    return np.concatenate(parts)


def _joined_ragged(parts: list[Ragged], name) -> Ragged:
    # an empty piece has a dtype that means nothing
    values = [part.values for part in parts if len(part.values)] or [parts[0].values]
    lengths = np.concatenate([part.lengths for part in parts])
    joint = _joined_arrays(values, name)
    return Ragged.of_lengths(np.asarray(joint), lengths)


def _as_ragged(part) -> Ragged:
    if isinstance(part, Ragged):
        return part
    if isinstance(part, Coded):
        return without_empty(part, np.ones(part.n_rows, np.int64))
    per_row = part.size // max(len(part), 1)
    return without_empty(part.reshape(-1), np.full(len(part), per_row))
