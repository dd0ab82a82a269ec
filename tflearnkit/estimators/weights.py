"""What each row counts: sample weights, the weight column and class weights, checked."""

from __future__ import annotations

import numpy as np
import pandas as pd
from sklearn.utils import compute_sample_weight

from tflearnkit.data.table import EMPTY, Table
from tflearnkit.errors import did_you_mean, listing

__all__ = [
    "check_class_weight",
    "check_some_weight",
    "class_weights",
    "row_weights",
    "take_weight_column",
]


def row_weights(sample_weight, n_rows: int, signed: bool) -> np.ndarray:
    """Return ``sample_weight`` as ``n_rows`` numbers; None counts every row 1.

    With ``signed`` they may be negative.
    """
    if sample_weight is None:
        return np.ones(n_rows)
    weights = _numbers(sample_weight, "sample_weight")
    if weights.ndim == 0:
        weights = np.full(n_rows, float(weights))
    if weights.shape != (n_rows,):
        raise ValueError(
            f"sample_weight must hold one number for each of the {n_rows} rows. Got an array of "
            f"shape {weights.shape}. Pass the weights of the rows of X, in their order."
        )
    return _checked(weights, "sample_weight", signed)


def take_weight_column(table: Table, name: str, signed: bool) -> tuple[Table, np.ndarray]:
    """Return the table without its weight column, and the weights it held."""
    if name not in table.names:
        has = _columns_of(table, name)
        raise ValueError(f"weight_column_name is {name!r}, which X does not have. {has}")
    rest = {key: values for key, values in table.columns.items() if key != name}
    if not rest:
        raise ValueError(
            f"X must have features beside its weight column, but has {name!r} alone. Add some, or "
            "pass the weights as sample_weight."
        )
    weights = _numbers(table[name], f"The weight column {name!r}")
    if weights.size != table.n_rows:
        raise ValueError(
            f"The weight column {name!r} must hold one number per row. Got an array of shape "
            f"{weights.shape}. Pass one column of weights."
        )
    weights = _checked(weights.reshape(-1), f"The weight column {name!r}", signed)
    return Table(rest, table.categorical - {name}), weights


def class_weights(class_weight, y) -> np.ndarray:
    """Return what the class of each row counts; classes that a dict leaves out count 1."""
    if class_weight == "balanced":
        return compute_sample_weight(class_weight, y)
    y = np.asarray(y)
    if y.size != len(y):
        raise ValueError(
            f"class_weight as a dict needs one label per row, but y has the shape {y.shape}. Pass "
            "class_weight='balanced', or sample_weight."
        )
    codes, labels = pd.factorize(y.reshape(-1))
    counts = [float(class_weight.get(label, 1.0)) for label in labels.tolist()]
    return np.array([*counts, 1.0])[codes]  # the last one is that of a missing label


def check_class_weight(class_weight, labels: list) -> None:
    """Check that what a dict names and ``y`` does not hold is not meant for one of ``labels``.

    A name too many is no mistake as long as every class has its weight: a fold of
    cross-validation may lack a rare class.
    """
    if not isinstance(class_weight, dict):
        return
    unknown = [name for name in class_weight if name not in labels]
    left_out = [label for label in labels if label not in class_weight]
    if unknown and left_out:
        raise ValueError(
            f"class_weight names {listing(map(repr, unknown))}, but the classes of y are "
            f"{listing(map(repr, labels))}. Name one of these, or leave it out."
            f"{did_you_mean(unknown[0], left_out)}"
        )


def check_some_weight(weights: np.ndarray) -> None:
    """Check that not every row weighs nothing."""
    if not weights.any():
        raise ValueError(
            "Sample weights must contain at least one non-zero number. All weights are zero: "
            "give at least one row a positive weight."
        )


def _columns_of(table: Table, name: str) -> str:
    if table.names == (EMPTY,):
        return "X is an array without column names: pass a DataFrame, or sample_weight."
    return f"Columns of X: {listing(table.names)}.{did_you_mean(name, table.names)}"


def _numbers(values, what: str) -> np.ndarray:
    try:
        return np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise ValueError(
            f"{what} must hold one number per row, but cannot be read as numbers: {error}. Pass an "
            "array of numbers."
        ) from error


def _checked(weights: np.ndarray, what: str, signed: bool) -> np.ndarray:
    wrong = np.flatnonzero(~(np.isfinite(weights) & (signed | (weights >= 0))))
    if len(wrong):
        numbers = "finite numbers" if signed else "finite numbers >= 0"
        raise ValueError(
            f"{what} must hold {numbers}. Got {weights[wrong[0]]} in row {wrong[0]}, "
            f"and {len(wrong)} such row(s) in all. Give 0 to a row that is not to count."
        )
    return weights
