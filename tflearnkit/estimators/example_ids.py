"""The column that names examples: checked, and put aside."""

from __future__ import annotations

import numpy as np
import pandas as pd

from tflearnkit.data.table import EMPTY, Table
from tflearnkit.errors import did_you_mean, listing

__all__ = ["without_example_ids"]


def without_example_ids(estimator, table: Table, needed: bool) -> Table:
    """Return the table without the estimator's ``example_id_column``, if it has one.

    Where ids are ``needed`` they are checked: there, and different in each row.
    """
    name = estimator.example_id_column
    if name is None:
        return table
    if name not in table.names:
        if needed:
            _refuse_missing(table, name)
        return table
    rest = {key: values for key, values in table.columns.items() if key != name}
    if not rest:
        raise ValueError(
            f"X must have features beside its example ids, but has {name!r} alone. Add some."
        )
    if needed:
        _check(np.asarray(table[name]), name)
    return Table(rest, table.categorical - {name})


def _refuse_missing(table: Table, name: str):
    has = f"Columns of X: {listing(table.names)}.{did_you_mean(name, table.names)}"
    if table.names == (EMPTY,):
        has = "X is an array without column names: pass a DataFrame, or leave it out."
    raise ValueError(f"example_id_column is {name!r}, which X does not have. {has}")


def _check(ids: np.ndarray, name: str) -> None:
    rule = f"The example ids {name!r} must be one for each row, all different."
    if ids.size != len(ids):
        raise ValueError(f"{rule} Got an array of shape {ids.shape}. Pass one column of them.")
    ids = pd.Series(ids.reshape(-1))
    missing, repeated = ids.isna(), ids.duplicated()
    if missing.any():
        raise ValueError(f"{rule} Got none in row {missing.argmax()}. Name every row.")
    if repeated.any():
        raise ValueError(
            f"{rule} Got {ids[repeated.argmax()]!r} again in row {repeated.argmax()}. Number the "
            "rows, or leave example_id_column out: it is not needed."
        )
