"""Table: what any array, frame or dict becomes on entry."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import scipy.sparse

from tflearnkit.data.coded import Coded
from tflearnkit.data.frames import frame_columns, series_values, to_narwhals
from tflearnkit.data.joining import joined
from tflearnkit.data.ragged import Ragged
from tflearnkit.data.values import as_values, called, column_values
from tflearnkit.errors import listing

__all__ = ["EMPTY", "Coded", "Ragged", "Table", "as_table", "check_finite", "concatenated"]

EMPTY = ""  # the name of the one column that an array without column names becomes


@dataclass(frozen=True)
class Table:
    """Named columns of equal length.

    A column is numbers ``(n, ...)`` with NaN where one is missing, `Coded` (a string per
    row), a datetime64 or timedelta64 array with NaT, a `Ragged` (several values per row), or a
    SciPy CSR array ``(n, d)``.

    Parameters
    ----------
    columns : dict of str to array
    categorical : frozenset of str
        Columns whose values are categories even where they are numbers: those that came with a
        categorical or a boolean dtype (booleans are 1.0, 0.0 and NaN).

    Examples
    --------
    >>> table = as_table({"age": [39, None, 50], "city": ["Oslo", "Rome", None]})
    >>> table.names, table.n_rows
    (('age', 'city'), 3)
    >>> table.take(slice(0, 2))["age"]
    array([39., nan])
    """

    columns: dict[str, np.ndarray | Coded | Ragged | scipy.sparse.csr_array]
    categorical: frozenset[str] = frozenset()

    @property
    def n_rows(self) -> int:
        return next((_n_rows(values) for values in self.columns.values()), 0)

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(self.columns)

    def __getitem__(self, name: str):
        return self.columns[name]

    def take(self, rows: slice | np.ndarray) -> Table:
        """Return the table of the rows that a slice, an index or a boolean array selects."""
        return Table(
            {name: _take(values, rows) for name, values in self.columns.items()},
            self.categorical,
        )


def as_table(X) -> Table:
    """Convert any table-like object to a `Table`.

    Parameters
    ----------
    X : array-like, SciPy sparse matrix, frame, dict of arrays, or Table
        A 2-D numeric array or a list of equally long lists becomes one column named ``EMPTY``
        (float and integer arrays are not copied); an array that mixes strings and numbers becomes
        columns "0", "1", ...; a frame (pandas, Polars, Arrow and others, through narwhals), a
        structured array or a dict becomes a column per name. Dict values may be arrays, lists,
        lists of lists, series, SciPy sparse matrices, and TensorFlow tensors, dense, sparse or
        ragged.

    Returns
    -------
    Table

    Raises
    ------
    TypeError
        If X or a column cannot be read; the message names the column.
    ValueError
        If columns differ in length, share a name, or hold complex numbers.

    Notes
    -----
    Integers with missing values become floats with NaN; a column in which nothing but None stands
    becomes NaN. Times with a zone become UTC. Bytes become strings, as UTF-8. Columns that mix
    strings and numbers become strings.

    Examples
    --------
    >>> as_table([[1.0, 2.0], [3.0, 4.0]])[EMPTY].shape
    (2, 2)
    >>> as_table({"tags": [["a", "b"], [], ["c"]]})["tags"].row_splits.tolist()
    [0, 2, 2, 3]
    """
    if isinstance(X, Table):
        return X
    if isinstance(X, Mapping):
        return _build(_mapping_columns(X))
    if not isinstance(X, (np.ndarray, list, tuple)) and not scipy.sparse.issparse(X):
        wrapped = to_narwhals(X)
        if hasattr(wrapped, "iter_columns"):
            return _build(frame_columns(wrapped))
        if wrapped is not None:
            return Table({EMPTY: series_values(wrapped, EMPTY)[0]})
    return _from_array(X)


def concatenated(tables: Sequence[Table]) -> Table:
    """Return one table of the rows of several with the same columns.

    Raises
    ------
    ValueError
        If a table lacks a column of the first one.

    Examples
    --------
    >>> concatenated([as_table({"a": [1, 2]}), as_table({"a": [None]})])["a"]
    array([ 1.,  2., nan])
    """
    first = tables[0]
    for table in tables:
        if lacking := [name for name in first.names if name not in table.columns]:
            raise ValueError(
                f"Tables to be joined must have the columns {listing(first.names)}, but one lacks "
                f"{listing(lacking)}. Give all of them the same columns."
            )
    columns = {name: joined([table[name] for table in tables], name) for name in first.names}
    return Table(columns, frozenset().union(*(table.categorical for table in tables)))


def check_finite(table: Table) -> None:
    """Raise a ValueError that names the columns which hold infinity; NaN is a missing value."""
    bad = [name for name, values in table.columns.items() if _has_infinity(values)]
    if bad:
        where = "" if bad == [EMPTY] else f" Columns: {listing(bad)}."
        raise ValueError(
            "Input X contains infinity or a value too large for dtype('float64')."
            f"{where} Replace such values, by NaN where they mean that nothing is known."
        )


def _build(columns) -> Table:
    table: dict = {}
    categorical = set()
    for name, values, is_categorical in columns:
        if name in table:
            raise ValueError(
                f"Columns of X must have different names as strings, but {name!r} stands twice. "
                "Rename or drop one."
            )
        table[name] = values
        if is_categorical:
            categorical.add(name)
    if not table:
        raise ValueError("X must have at least one column, but it has 0 feature(s). Add one.")
    _check_lengths(table)
    return Table(table, frozenset(categorical))


def _check_lengths(columns: dict) -> None:
    lengths = {name: _n_rows(values) for name, values in columns.items()}
    if len(set(lengths.values())) > 1:
        found = listing(f"{name}: {n}" for name, n in lengths.items())
        raise ValueError(
            f"Columns of X must have one value per row each, but their lengths differ: {found}. "
            "Pass arrays of equal length."
        )


def _mapping_columns(X: Mapping):
    for key, raw in X.items():
        name = str(key)
        is_known = isinstance(raw, (np.ndarray, list)) or hasattr(raw, "numpy")  # as tensors do
        wrapped = None if is_known else to_narwhals(raw)
        if hasattr(wrapped, "iter_columns"):
            raise TypeError(
                f"{called(name)} must be an array or a series, but is a frame. "
                "Pass the frame's columns under names of their own."
            )
        if wrapped is not None:
            yield name, *series_values(wrapped, name)
        else:
            yield name, *column_values(raw, name)


def _from_array(X) -> Table:
    array = X if scipy.sparse.issparse(X) else _matrix(X)
    if not scipy.sparse.issparse(array):
        if array.dtype.names:
            return _build(_mapping_columns({key: array[key] for key in array.dtype.names}))
        if array.ndim == 2 and array.dtype.kind not in "biufc":
            return _from_mixed_matrix(array)
    return Table({EMPTY: as_values(array, EMPTY)})


def _matrix(X) -> np.ndarray:
    if isinstance(X, np.ma.MaskedArray):
        return np.asarray(X.astype(np.float64).filled(np.nan))
    if X is None or isinstance(X, (str, bytes)) or not _is_array_like(X):
        raise TypeError(
            f"X must be an array, a sparse matrix, a frame or a dict of arrays, but is of type "
            f"{type(X).__name__}. Convert it with numpy.asarray or pandas.DataFrame."
        )
    X = X.numpy() if hasattr(X, "numpy") else X
    try:
        array = np.asarray(X)
    except ValueError as error:
        raise ValueError(
            "Rows of X must be equally long, but their lengths differ "
            f"({error}). Pass a dict of lists where a row holds several values."
        ) from error
    if array.ndim == 0:
        raise ValueError(
            f"X must be two-dimensional, but is the single value {array}. "
            "Reshape your data with X.reshape(1, -1) if it is a single row."
        )
    if array.dtype.kind in "US" and not isinstance(X, np.ndarray):
        return np.asarray(X, dtype=object)  # numbers beside strings stay numbers
    return array


def _is_array_like(X) -> bool:
    return isinstance(X, (list, tuple)) or hasattr(X, "__array__") or hasattr(X, "numpy")


def _from_mixed_matrix(array: np.ndarray) -> Table:
    """A column per name "0", "1", ...; but one matrix where all of them are plain numbers."""
    columns = [(str(j), *column_values(array[:, j], str(j))) for j in range(array.shape[1])]
    if columns and all(_is_numeric(values) and not flags for _, values, flags in columns):
        return Table({EMPTY: np.column_stack([values for _, values, _ in columns])})
    return _build(columns)


def _is_numeric(values) -> bool:
    return isinstance(values, np.ndarray) and values.ndim == 1 and values.dtype.kind in "iuf"


def _n_rows(values) -> int:
    return values.n_rows if isinstance(values, (Coded, Ragged)) else values.shape[0]


def _take(values, rows):
    return values.take(rows) if isinstance(values, (Coded, Ragged)) else values[rows]


def _has_infinity(values) -> bool:
    numbers = values if isinstance(values, np.ndarray) else _stored(values)
    if numbers.dtype.kind != "f":
        return False
    with np.errstate(over="ignore", invalid="ignore"):
        total = np.sum(numbers, dtype=np.float64)  # one fast pass settles nearly every column
    return not np.isfinite(total) and bool(np.isinf(numbers).any())


def _stored(values: Coded | Ragged | scipy.sparse.csr_array) -> np.ndarray:
    return values.values if isinstance(values, (Coded, Ragged)) else values.data
