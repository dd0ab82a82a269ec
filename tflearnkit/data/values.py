"""One column's values in any form -> one of the few forms a Table holds."""

from __future__ import annotations

from itertools import chain

import numpy as np
import scipy.sparse

from tflearnkit.data.coded import Coded
from tflearnkit.data.ragged import Ragged, without_empty

__all__ = ["as_values", "called", "column_values"]


def as_values(raw, name: str):
    """Convert one column to numbers, dates, `Coded` strings, a `Ragged`, or a CSR array.

    ``raw`` is an array, a list, a SciPy sparse matrix, or a TensorFlow tensor of any kind (told by
    its attributes). Two-dimensional strings become `Ragged`, without their empty entries.
    """
    if isinstance(raw, (Coded, Ragged)):
        return raw
    if scipy.sparse.issparse(raw):
        return _from_scipy(raw, name)
    if hasattr(raw, "dense_shape"):
        return _from_sparse_tensor(raw, name)
    if hasattr(raw, "row_splits"):
        return _from_ragged_tensor(raw, name)
    return _from_array(_to_array(raw, name), name)


def column_values(raw, name: str) -> tuple:
    """Return a named column's values, and whether they are booleans.

    Booleans in one dimension become floats, so that a column with missing ones reads as one
    without.
    """
    values = as_values(raw, name)
    if not isinstance(values, np.ndarray) or values.ndim != 1:
        return values, False
    if values.dtype.kind == "b":
        return values.astype(np.float64), True
    return values, values.dtype == np.float64 and _holds_booleans(raw)


def _holds_booleans(raw) -> bool:
    if not isinstance(raw, (list, tuple)) and getattr(raw, "dtype", None) != np.dtype(object):
        return False
    import pandas as pd

    return pd.api.types.infer_dtype(raw, skipna=True) == "boolean"


def _to_array(raw, name) -> np.ndarray:
    if isinstance(raw, np.ma.MaskedArray):
        return np.asarray(raw.astype(np.float64).filled(np.nan))
    if isinstance(raw, np.ndarray):
        return np.asarray(raw)
    if hasattr(raw, "numpy"):  # an eager tensor
        return np.asarray(raw.numpy())
    if isinstance(raw, (list, tuple)):
        return _list_to_array(list(raw))
    if hasattr(raw, "__array__") or np.isscalar(raw):
        return np.asarray(raw)
    raise _unreadable(name, raw)


def _list_to_array(values: list) -> np.ndarray:
    """NumPy's reading of a list, except that it may hold lists of several lengths, and that
    numbers beside strings stay numbers."""
    try:
        array = np.asarray(values)
    except ValueError:
        array = np.empty(len(values), object)
        for i, value in enumerate(values):
            array[i] = value
        return array
    return np.asarray(values, dtype=object) if array.dtype.kind in "US" else array


def _from_array(array: np.ndarray, name):
    if array.ndim == 0:
        raise ValueError(
            f"{called(name)} must hold one value per row, but is the single value {array}. "
            "Pass an array or a list with one entry per row."
        )
    if _is_plain(array):
        return array
    flat = _flat_values(array.reshape(-1), name)
    if isinstance(flat, Ragged) or array.ndim == 1:
        return flat
    if isinstance(flat, np.ndarray) and flat.dtype.kind in "biuf":
        # -1 cannot be worked out when there are no rows
        return flat.reshape(len(array), int(np.prod(array.shape[1:])))
    if array.size == len(array):
        return flat
    if isinstance(flat, Coded):
        return without_empty(flat, np.full(len(array), array.size // max(len(array), 1)))
    raise _unreadable(name, flat[0])


def _is_plain(array) -> bool:
    return array.dtype.kind in "biuf" and array.dtype.itemsize <= 8


def _flat_values(array: np.ndarray, name):
    kind = array.dtype.kind
    if _is_plain(array):
        return array
    if kind == "f":
        return array.astype(np.float64)
    if kind in "Mm":
        return array
    if kind == "U":
        return Coded.of(array.astype(object))
    if kind == "S":
        return _decode(array, np.zeros(len(array), bool), name)
    if kind == "T":
        return _from_objects(array.astype(object), name)
    if kind == "O":
        return _from_objects(array, name)
    raise _unreadable(name, array[0] if len(array) else array)


def _from_objects(values: np.ndarray, name):
    """Read an object array as the best kind for what it holds."""
    import pandas as pd

    kind = pd.api.types.infer_dtype(values, skipna=True)
    if kind == "string":
        return Coded.of(values)
    missing = pd.isna(values)
    if kind == "empty":
        return _numbers(values, missing, kind)
    if kind == "bytes":
        return _decode(values, missing, name)
    if kind in ("integer", "floating", "mixed-integer-float", "decimal", "boolean"):
        return _numbers(values, missing, kind)
    if kind in ("datetime", "datetime64", "date"):
        return pd.to_datetime(pd.Series(values), utc=True).dt.tz_localize(None).to_numpy()
    if kind in ("timedelta", "timedelta64"):
        return pd.to_timedelta(pd.Series(values)).to_numpy()
    return _from_mixture(values, missing, name)


def _from_mixture(values, missing, name):
    """Lists become a Ragged; strings beside numbers, and intervals or periods, become strings."""
    import pandas as pd

    present = values[~missing]
    if all(isinstance(value, (list, tuple, np.ndarray)) for value in present):
        return _from_lists(values, missing, name)
    if any(isinstance(value, (complex, np.complexfloating)) for value in present):
        raise _unreadable(name, 1j)
    words = (str, bytes, bool, int, float, np.generic, pd.Interval, pd.Period)
    for value in present:
        if not isinstance(value, words):
            raise _unreadable(name, value)
    text = np.full(len(values), None, object)
    text[~missing] = [v.decode() if isinstance(v, bytes) else str(v) for v in present]
    return Coded.of(text)


def _numbers(values, missing, kind):
    if missing.any():
        numbers = np.full(len(values), np.nan)
        numbers[~missing] = values[~missing].astype(np.float64)
        return numbers
    try:
        integers = values.astype(np.int64) if kind == "integer" else None
    except OverflowError:
        integers = None
    return values.astype(np.float64) if integers is None else integers


def _decode(values, missing, name) -> Coded:
    text = np.full(len(values), None, object)
    try:
        text[~missing] = [value.decode() for value in values[~missing].tolist()]
    except UnicodeDecodeError as error:
        raise ValueError(
            f"{called(name)} must hold text in UTF-8, but holds other bytes: {error}. "
            "Decode it before, e.g. with values.decode('latin-1')."
        ) from error
    return Coded.of(text)


def _from_lists(values, missing, name) -> Ragged:
    lengths = np.zeros(len(values), np.int64)
    lengths[~missing] = [len(value) for value in values[~missing]]
    flat = list(chain.from_iterable(values[~missing]))
    inner = as_values(flat, name) if flat else np.empty(0, object)
    is_flat = isinstance(inner, np.ndarray) and inner.ndim == 1 and inner.dtype.kind not in "Mm"
    if not is_flat and not isinstance(inner, Coded):
        raise _unreadable(name, flat[0])
    return without_empty(inner, lengths)


def _from_scipy(raw, name):
    if raw.ndim != 2:
        raise ValueError(
            f"{called(name)} as a sparse array must be two-dimensional, but has shape {raw.shape}. "
            "Reshape it to (rows, features)."
        )
    if raw.dtype.kind not in "biuf":
        raise _unreadable(name, raw.dtype.type(0))
    csr = scipy.sparse.csr_array(raw)
    return csr if csr.dtype in (np.float32, np.float64) else csr.astype(np.float64)


def _from_sparse_tensor(raw, name) -> Ragged:
    indices, shape = np.asarray(raw.indices), np.asarray(raw.dense_shape)
    if len(shape) != 2:
        raise ValueError(
            f"{called(name)} as a sparse tensor must be two-dimensional, but has shape "
            f"{tuple(shape)}. Reshape it to (rows, values per row)."
        )
    order = np.lexsort((indices[:, 1], indices[:, 0]))
    values = as_values(np.asarray(raw.values)[order], name)
    return without_empty(values, np.bincount(indices[:, 0], minlength=shape[0]))


def _from_ragged_tensor(raw, name) -> Ragged:
    if hasattr(raw.values, "row_splits") or len(raw.values.shape) != 1:
        raise ValueError(
            f"{called(name)} as a ragged tensor must have one ragged dimension, but has shape "
            f"{raw.shape}. Flatten the inner dimensions, e.g. with merge_dims(1, -1)."
        )
    values = as_values(np.asarray(raw.values), name)
    return without_empty(values, np.diff(np.asarray(raw.row_splits)))


def called(name: str) -> str:
    """How error messages call a column; the one without a name is X itself."""
    return f"Column {name!r} of X" if name else "X"


def _unreadable(name, value) -> Exception:
    if isinstance(value, (complex, np.complexfloating)):
        return ValueError(
            f"Complex data not supported: {called(name)} holds complex numbers. "
            "Pass their real and imaginary parts as two columns."
        )
    return TypeError(
        f"{called(name)} holds a value of type {type(value).__name__}, but each argument must be "
        "a string, a number, a date, or a list of strings or numbers. Convert or drop it."
    )
