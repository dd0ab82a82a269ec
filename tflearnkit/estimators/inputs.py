"""What users pass -> a checked `Table`, targets and weights, as scikit-learn would check them."""

from __future__ import annotations

import warnings
from typing import NamedTuple

import numpy as np
import scipy.sparse
from sklearn.utils import check_consistent_length, compute_sample_weight
from sklearn.utils.validation import _check_sample_weight, validate_data

from tflearnkit.data.table import EMPTY, Table, as_table, check_finite
from tflearnkit.errors import did_you_mean, listing

__all__ = ["Labelled", "check_some_weight", "label", "read_table", "take_weight_column"]


class Labelled(NamedTuple):
    """Rows with their targets and weights; rows that weigh nothing are gone."""

    table: Table
    y: np.ndarray
    weights: np.ndarray


def named(X) -> bool:
    """Return whether the columns of ``X`` have names: a dict or a frame of any library."""
    if scipy.sparse.issparse(X):  # a DOK matrix is a dict too
        return False
    return isinstance(X, dict | Table) or hasattr(X, "columns") or hasattr(X, "column_names")


def read_table(estimator, X, *, reset: bool) -> Table:
    """Return ``X`` as a `Table`, its features checked against those of the fit.

    With ``reset`` the features are remembered on ``estimator`` (``n_features_in_``,
    ``feature_names_in_``). With explicit feature columns the columns themselves say what they
    need, and ``X`` may hold more.
    """
    if X is None:
        raise ValueError("Either X or input_fn must be provided. Got neither.")
    if named(X):
        table = as_table(X)
        _check_some_rows(table)
    else:
        table = _read_array(estimator, X, reset)
    check_finite(table)
    if EMPTY in table.names:
        return _with_fitted_names(estimator, table, reset)
    return _check_names(estimator, table, reset)


def _read_array(estimator, X, reset: bool) -> Table:
    X = X.numpy() if hasattr(X, "numpy") else X  # a tensor
    array = np.asarray(X) if isinstance(X, list | tuple) else X
    if getattr(array, "ndim", 0) == 2 and getattr(array, "dtype", None) is not None:
        if array.dtype.kind in "US" or (array.dtype == object and _has_text(array)):
            validate_data(estimator, X, skip_check_array=True, reset=reset)
            return as_table(array)
    X = validate_data(
        estimator,
        X,
        reset=reset,
        accept_sparse="csr",
        dtype="numeric",
        ensure_all_finite=False,
        order="C",
    )
    return as_table(X)


def _has_text(array: np.ndarray) -> bool:
    return any(isinstance(value, str) for value in array.ravel()[:10000])


def _check_some_rows(table: Table) -> None:
    if table.n_rows < 1:
        raise ValueError(
            "Found array with 0 sample(s) while a minimum of 1 is required. "
            f"X has the columns {listing(table.names)} and no rows."
        )
    if not table.names:
        raise ValueError("0 feature(s) while a minimum of 1 is required: X has no columns.")


def _with_fitted_names(estimator, table: Table, reset: bool) -> Table:
    """Give the columns of an unnamed array the names of the fit, by position."""
    names = None if reset else getattr(estimator, "feature_names_in_", None)
    if names is None:
        return table
    warnings.warn(
        f"X does not have valid feature names, but {type(estimator).__name__} was fitted with "
        "feature names",
        UserWarning,
        stacklevel=4,
    )
    values = table[EMPTY]
    values = values.toarray() if hasattr(values, "toarray") else values
    return as_table({name: values[:, number] for number, name in enumerate(names)})


def _check_names(estimator, table: Table, reset: bool) -> Table:
    if reset:
        estimator.n_features_in_ = len(table.names)
        estimator.feature_names_in_ = np.array(table.names, dtype=object)
        return table
    known = getattr(estimator, "feature_names_in_", None)
    if known is None:
        warnings.warn(
            f"X has feature names, but {type(estimator).__name__} was fitted without feature names",
            UserWarning,
            stacklevel=4,
        )
        arrays = [np.asarray(table[name], dtype=float) for name in table.names]
        return _read_array(estimator, np.column_stack(arrays), reset=False)
    if not estimator._has_explicit_columns():
        table = _without(table, estimator.weight_column_name, known)
        _check_same_names(table.names, list(known))
    return table


def _without(table: Table, name: str | None, known) -> Table:
    """Drop the weight column, which later data may or may not bring along."""
    if name is None or name not in table.names or name in known:
        return table
    return take_weight_column(table, name)[0]


def _check_same_names(names, known) -> None:
    missing = [name for name in known if name not in names]
    unseen = [name for name in names if name not in known]
    if not missing and not unseen:
        return
    message = "The feature names should match those that were passed during fit.\n"
    if unseen:
        message += f"Feature names unseen at fit time: {listing(unseen)}."
        message += did_you_mean(unseen[0], missing or known) + "\n"
    if missing:
        message += f"Feature names seen at fit time, yet now missing: {listing(missing)}."
        message += did_you_mean(missing[0], unseen) + "\n"
    raise ValueError(message)


def label(
    table: Table, y, sample_weight=None, weight_column=None, class_weight=None, some=True
) -> Labelled:
    """Return the rows that count, of which there must be ``some``, with targets and weights.

    Raises
    ------
    ValueError
        If lengths differ, weights are negative, not finite or all zero, or the weight column is
        not there.
    """
    check_consistent_length(np.empty(table.n_rows), y)
    weights = _check_sample_weight(
        sample_weight, np.empty((table.n_rows, 1)), dtype=np.float64, ensure_non_negative=True
    )
    if weight_column is not None:
        table, column = take_weight_column(table, weight_column)
        weights = weights * column
    if class_weight is not None:
        weights = weights * compute_sample_weight(class_weight, y)
    if some:
        check_some_weight(weights)
    y = np.asarray(y)
    if weights.all():
        return Labelled(table, y, weights)
    counted = np.flatnonzero(weights)
    return Labelled(table.take(counted), y[counted], weights[counted])


def check_some_weight(weights: np.ndarray) -> None:
    """Check that not every row weighs nothing."""
    if not weights.any():
        raise ValueError(
            "Sample weights must contain at least one non-zero number. All weights are zero: "
            "give at least one row a positive weight."
        )


def take_weight_column(table: Table, name: str) -> tuple[Table, np.ndarray]:
    """Return the table without its weight column, and the weights it held."""
    if name not in table.names:
        raise ValueError(
            f"weight_column_name is {name!r}, which X does not have. Columns of X: "
            f"{listing(table.names)}.{did_you_mean(name, table.names)}"
        )
    weights = np.asarray(table[name], dtype=np.float64).reshape(table.n_rows, -1)
    if weights.shape[1] != 1 or not np.isfinite(weights).all() or (weights < 0).any():
        raise ValueError(
            f"The weight column {name!r} must hold one finite number >= 0 a row. Got "
            f"values of shape {weights.shape}, least {weights.min()}."
        )
    rest = {key: values for key, values in table.columns.items() if key != name}
    return Table(rest, table.categorical - {name}), weights[:, 0]
