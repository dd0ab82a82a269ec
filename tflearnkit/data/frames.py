"""The columns of a pandas, Polars, Arrow (or other narwhals) frame -> values a Table holds."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor

import narwhals as nw
import numpy as np

from tflearnkit.data.coded import Coded
from tflearnkit.data.values import as_values, column_values

__all__ = ["frame_columns", "series_values", "to_narwhals"]

FEW_ROWS = 1000  # up to this many, making Python's strings is faster than asking a library


def to_narwhals(X):
    """Return X as a narwhals DataFrame or Series; None where it is neither."""
    if type(X).__module__.startswith("dask."):  # of which narwhals will not know by itself
        X = X.compute()
    try:
        wrapped = nw.from_native(X, pass_through=True, allow_series=True)
    except nw.exceptions.DuplicateError as error:
        raise ValueError(
            f"Columns of X must have different names, but some stand twice. {error}. "
            "Rename or drop one."
        ) from error
    if isinstance(wrapped, nw.LazyFrame):
        return wrapped.collect()
    return wrapped if isinstance(wrapped, (nw.DataFrame, nw.Series)) else None


def frame_columns(frame: nw.DataFrame) -> list[tuple]:
    """Return ``(name, values, is_categorical)`` for each column of a frame."""

    def column(series):
        return str(series.name), *series_values(series, str(series.name))

    if len(frame) <= FEW_ROWS:
        return [column(series) for series in frame.iter_columns()]
    with ThreadPoolExecutor(os.cpu_count()) as threads:  # Arrow and NumPy let go of the lock
        return list(threads.map(column, frame.iter_columns()))


def series_values(series: nw.Series, name: str) -> tuple:
    """Return one series' values and whether its dtype says that they are categories."""
    dtype = series.dtype
    if _is_python_objects(series):
        return column_values(series.to_native().to_numpy(), name)
    if dtype == nw.String:
        return _strings(series), False
    if dtype.is_float() or dtype.is_integer():
        return _numbers(series), False
    if dtype == nw.Boolean:
        # always floats, so that a frame with missing flags reads as one without
        return _numbers(series.cast(nw.Float64)), True
    if dtype in (nw.Categorical, nw.Enum):
        return _categories(series, name), True
    if dtype.is_decimal():
        return _numbers(series.cast(nw.Float64)), False
    if dtype.is_temporal() and dtype != nw.Time:
        return _times(series), False
    if isinstance(dtype, (nw.List, nw.Array, nw.Struct, nw.Binary)):
        return as_values(series.to_list(), name), False
    return as_values(np.asarray(series.to_native()), name), False


def _is_python_objects(series) -> bool:
    return getattr(series.to_native(), "dtype", None) == np.dtype(object)


def _strings(series) -> Coded:
    """Code many strings in the library they came in, which makes Python's of few of them."""
    native, library = series.to_native(), series.implementation
    is_few = len(series) <= FEW_ROWS
    if library.is_pandas_like():
        return Coded.of(native.to_numpy(dtype=object)) if is_few else _pandas_strings(native)
    if library.is_polars() and not is_few:
        return _polars_strings(native)
    if library.is_pyarrow() and not is_few:
        return _arrow_strings(native)
    return Coded.of(np.array(series.to_list(), object))


def _pandas_strings(native) -> Coded:
    dtype = native.dtype
    if getattr(dtype, "storage", None) == "pyarrow" or hasattr(dtype, "pyarrow_dtype"):
        return _arrow_strings(native.array.__arrow_array__())
    codes, values = native.factorize()
    return Coded(values.to_numpy(dtype=object), codes)


def _polars_strings(native) -> Coded:
    import polars as pl

    values = native.drop_nulls().unique().cast(pl.String)
    codes = native.cast(pl.Enum(values)).to_physical().cast(pl.Int64).fill_null(-1)
    return Coded(values.to_numpy(), codes.to_numpy())


def _arrow_strings(native) -> Coded:
    encoded = native.dictionary_encode().combine_chunks()
    codes = encoded.indices.fill_null(-1).to_numpy()
    return Coded(encoded.dictionary.to_numpy(zero_copy_only=False), codes.astype(np.intp))


def _numbers(series) -> np.ndarray:
    """Integers where none is missing, else floats with NaN."""
    native = series.to_native()
    if isinstance(getattr(native, "dtype", None), np.dtype):
        return native.to_numpy()
    if series.null_count():
        floating = series.dtype if series.dtype.is_float() else nw.Float64
        series = series.cast(floating)
        if series.implementation.is_pandas_like():
            return series.to_native().to_numpy(dtype=np.float64, na_value=np.nan)
    return series.to_numpy()


def _times(series) -> np.ndarray:
    """datetime64 in UTC, or timedelta64."""
    dtype = series.dtype
    if isinstance(dtype, nw.Datetime) and dtype.time_zone is not None:
        series = series.dt.convert_time_zone("UTC").dt.replace_time_zone(None)
    elif dtype == nw.Date:
        series = series.cast(nw.Datetime("us"))
    return series.to_numpy()


def _categories(series, name):
    native = series.to_native()
    if series.implementation.is_pandas_like():
        values = as_values(np.asarray(native.cat.categories), name)
        return _spread(values, native.cat.codes.to_numpy())
    if series.implementation.is_pyarrow():
        decoded = nw.from_native(native.cast(native.type.value_type), series_only=True)
        return series_values(decoded, name)[0]
    return _strings(series)


def _spread(categories: np.ndarray | Coded, codes: np.ndarray) -> np.ndarray | Coded:
    """The category of each code; code -1 is a missing value."""
    if isinstance(categories, Coded):
        return categories.spread(codes)
    if codes.min(initial=0) >= 0:
        return categories[codes]
    if categories.dtype.kind in "biu":
        categories = categories.astype(np.float64)
    nothing = {"f": np.nan, "O": None, "M": "NaT", "m": "NaT"}[categories.dtype.kind]
    return np.append(categories, np.array([nothing], categories.dtype))[codes]
