"""Blocks of CSV text -> arrays, and the rows that do not fit found by file and line."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable

import numpy as np

from tflearnkit.inputs.csv_format import CsvFormat, TextBlock, count_of

__all__ = ["parsed"]


def parsed(block: TextBlock, form: CsvFormat, on_bad_row: Callable) -> dict[str, np.ndarray]:
    """Return the columns of a block, those of a kind side by side in one array.

    The whole block is read at once. Only where that fails are its rows looked at one by one:
    ``on_bad_row(path, line, what)`` hears of each that does not fit, and may raise; else it is left
    out.
    """
    try:
        frame = _frame(block.text, form)
    except (ValueError, OverflowError):  # pandas' parser errors are of this kind
        frame = None
    if frame is None or not _is_whole(block.text, len(frame), form):
        frame = _frame(_good_rows(block, form, on_bad_row), form)
    return {kind: _values(frame[names]) for kind, names in form.groups.items()}


def _frame(text: bytes, form: CsvFormat):
    import pandas as pd

    return pd.read_csv(
        io.BytesIO(text), names=form.names, dtype=dict(form.dtypes), sep=form.sep, header=None,
        na_values=list(form.na_values), index_col=False, low_memory=False,
        skipinitialspace=b" " in text,  # to ask for it takes a tenth of the time
    )  # fmt: skip


def _is_whole(text: bytes, n_rows: int, form: CsvFormat) -> bool:
    """Whether each row has a value, if an empty one, for each column: pandas fills short rows."""
    sign = form.sep.encode()
    if len(sign) == 1 and b'"' not in text:
        return count_of(sign, text) == n_rows * (len(form.names) - 1)
    return all(len(row) == len(form.names) for row in _rows(text, form) if row)


def _rows(text: bytes, form: CsvFormat):
    lines = io.StringIO(text.decode(), newline="")
    return csv.reader(lines, delimiter=form.sep, skipinitialspace=True)


def _good_rows(block: TextBlock, form: CsvFormat, on_bad_row) -> bytes:
    rows, lines = _rows_of_right_length(block, form, on_bad_row)
    wrong = _wrong_numbers(rows, form)
    for place in sorted(wrong):
        on_bad_row(block.path, lines[place], wrong[place])
    good = io.StringIO()
    writer = csv.writer(good, delimiter=form.sep, lineterminator="\n")
    writer.writerows(row for place, row in enumerate(rows) if place not in wrong)
    return good.getvalue().encode()


def _rows_of_right_length(block: TextBlock, form: CsvFormat, on_bad_row):
    rows, lines = [], []
    reader = _rows(block.text, form)
    begin = block.first_line
    for row in reader:
        if len(row) == len(form.names):
            rows.append(row)
            lines.append(begin)
        elif row:
            what = f"should have {len(form.names)} values. Got {len(row)}"
            on_bad_row(block.path, begin, what)
        begin = block.first_line + reader.line_num
    return rows, lines


def _wrong_numbers(rows: list[list[str]], form: CsvFormat) -> dict[int, str]:
    """Return what is wrong in which row, by its place."""
    import pandas as pd

    wrong = {}
    for name in form.number_names:
        place = form.names.index(name)
        text = pd.Series([row[place].strip() for row in rows], dtype=object)
        is_bad = ~_fits(text, form.dtypes[name], form)
        what = "a number" if form.dtypes[name].kind == "f" else "a whole number"
        for row in np.flatnonzero(is_bad):
            wrong.setdefault(row, f"should have {what} as {name!r}. Got {text[row]!r}")
    return wrong


def _fits(text, dtype: np.dtype, form: CsvFormat) -> np.ndarray:
    import pandas as pd
    from pandas._libs.parsers import STR_NA_VALUES

    numbers = pd.to_numeric(text, errors="coerce").to_numpy(np.float64)
    if dtype.kind == "f":
        missing = text.isin([*STR_NA_VALUES, *form.na_values]).to_numpy()
        return missing | ~np.isnan(numbers)
    limits = np.iinfo(dtype)
    with np.errstate(invalid="ignore"):
        return (numbers >= limits.min) & (numbers <= limits.max) & (numbers == np.round(numbers))


def _values(frame) -> np.ndarray:
    values = frame.to_numpy()
    if values.dtype != object:
        return np.ascontiguousarray(values)
    return np.where(frame.isna().to_numpy(), "", values)
