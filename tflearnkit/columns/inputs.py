"""What a column may read: the names and the kinds of raw features, checked before encoding."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from tflearnkit.columns.raw import kind_of
from tflearnkit.data.table import EMPTY, Coded, Ragged, Table
from tflearnkit.errors import did_you_mean, listing

__all__ = ["check_inputs"]

ACCEPTS = {
    "numbers": {"numbers", "integers", "dates", "sparse"},
    "integers": {"integers", "numbers"},  # integers with missing values arrive as floats
    "strings": {"strings"},
    "values": {"strings", "integers", "numbers", "dates"},
    "categories": {"integers", "numbers", "dates"},
    "hashable": {"strings", "integers", "numbers"},
    "weights": {"numbers", "integers"},
}
FIX = {
    "numbers": "Turn them into numbers (or dates, where it has learned from such), or declare a "
    "sparse column for strings.",
    "integers": "Turn them into integers, or declare the column for strings.",
    "strings": "Turn them into strings, or declare the column for integers.",
    "values": "Give it one string or number (or a list of them) per row.",
    "categories": "Give it the kind of values it has learned from.",
    "hashable": "Turn them into strings or integers.",
    "weights": "Give each id a number above 0.",
}


def check_inputs(columns, table: Table) -> Table:
    """Check that ``table`` has the raw features that the columns read, of the kinds they need.

    Returns the table itself, but that features in which every value is missing have the kind
    wanted: they come as numbers even where strings are meant.
    """
    wanted = {name: kind for column in columns for name, kind in column.inputs.items()}
    missing = sorted(name for name in wanted if name not in table.columns)
    if missing:
        raise ValueError(_missing_message(missing, table.names))
    blank = {name: kind for name, kind in wanted.items() if _is_blank(table[name])}
    for column in columns:
        for name, kind in column.inputs.items():
            if name not in blank:
                _check_kind(column, name, kind, table[name])
            if kind == "weights":
                _check_as_many(column, name, table[name], table[column.sources[0]])
    if not blank:
        return table
    suited = {name: _blank_of(kind, table[name]) for name, kind in blank.items()}
    return replace(table, columns={**table.columns, **suited})


def _is_blank(values) -> bool:
    if isinstance(values, Ragged):
        return len(values.values) == 0
    if not isinstance(values, np.ndarray) or values.dtype.kind != "f":
        return False
    return bool(np.isnan(values[:1]).all() and np.isnan(values).all())


def _blank_of(kind: str, values):
    if kind == "numbers":
        return values
    dtype = {"strings": object, "integers": np.int64, "categories": np.int64}.get(kind, np.float64)
    if isinstance(values, Ragged):
        return Ragged(np.empty(0, dtype), values.row_splits)
    if values.ndim == 2:
        return Ragged(np.empty(0, dtype), np.zeros(len(values) + 1, np.int64))
    if kind == "strings":
        return Coded(np.empty(0, object), np.full(len(values), -1))
    return values


def _missing_message(missing: list[str], known: tuple[str, ...]) -> str:
    if known == (EMPTY,):
        has = "X is an array without column names. Pass a DataFrame or a dict of arrays."
    else:
        has = f"Columns of X: {listing(known)}.{did_you_mean(missing[0], known)}"
    return f"feature_columns names {listing(map(repr, missing))}, which X does not have. {has}"


def _check_kind(column, name: str, wanted: str, values) -> None:
    kind = kind_of(values)
    if kind not in ACCEPTS[wanted]:
        what = "a sparse matrix" if kind == "sparse" else kind
        raise ValueError(
            f"Column {column.name!r} expects {wanted} in {name!r}, but X has {what} there. "
            f"{FIX[wanted]}"
        )
    if wanted == "numbers" and isinstance(values, Ragged):
        raise ValueError(
            f"Column {column.name!r} expects a fixed count of numbers per row, but X has lists of "
            f"different lengths in {name!r}. Pad them, or aggregate them to one number."
        )
    if wanted == "integers" and kind == "numbers":
        _check_integral(column, name, values.values if isinstance(values, Ragged) else values)


def _check_integral(column, name: str, numbers: np.ndarray) -> None:
    fractional = numbers[~np.isnan(numbers) & (numbers % 1 != 0)]
    if len(fractional):
        raise ValueError(
            f"Column {column.name!r} expects integers in {name!r}, but X has {fractional[0]} "
            "there. Round the numbers, or declare a real_valued_column."
        )


def _check_as_many(column, name: str, weights, values) -> None:
    """Weights stand in the places of their values; those of missing values at the end are 0."""
    there = _lengths(values)
    given = _lengths(weights)
    needed = given
    if isinstance(weights, np.ndarray):
        counts = weights.reshape(len(weights), -1) > 0
        needed = (counts * np.arange(1, counts.shape[1] + 1)).max(axis=1, initial=0)
    wrong = np.flatnonzero((needed > there) | (there > given))
    if len(wrong):
        raise ValueError(
            f"Column {column.name!r} expects one weight in {name!r} for each value, but row "
            f"{wrong[0]} has {needed[wrong[0]]} weights for {there[wrong[0]]} values. Give lists "
            "of equal length, with weights in the places of their values."
        )


def _lengths(values) -> np.ndarray:
    if isinstance(values, Ragged):
        return values.lengths
    if isinstance(values, Coded):
        return np.ones(values.n_rows, np.int64)
    return np.full(len(values), 1 if values.ndim == 1 else values.shape[1])
