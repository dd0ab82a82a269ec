"""What users pass -> a checked `Table`, targets and weights, as scikit-learn would check them."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
import scipy.sparse
from sklearn.utils import check_array

from tflearnkit.data.table import EMPTY, Table, as_table, check_finite
from tflearnkit.data.targets import NamedTargets
from tflearnkit.errors import did_you_mean, listing
from tflearnkit.estimators.example_ids import without_example_ids
from tflearnkit.estimators.weights import (
    check_some_weight,
    class_weights,
    row_weights,
    take_weight_column,
)

__all__ = ["Labelled", "label", "read_table"]


class Labelled(NamedTuple):
    """Rows with their targets and weights; rows that weigh nothing are gone."""

    table: Table
    y: np.ndarray | NamedTargets
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
        raise ValueError(
            "Either X or input_fn must be provided. Got neither: pass the rows, or a function "
            "that brings them."
        )
    if callable(X) and not named(X):
        raise TypeError(f"X must be rows. Got the function {X!r}: pass it as input_fn.")
    if named(X):
        table = as_table(X)
        _check_some_rows(table)
        check_finite(table)
        return _check_names(estimator, without_example_ids(estimator, table, reset), reset)
    table = _read_array(estimator, X)
    check_finite(table)
    return _by_position(estimator, without_example_ids(estimator, table, reset), reset)


def _read_array(estimator, X) -> Table:
    X = _without_tensors(X)
    array = _rectangular(X, "X") if isinstance(X, list | tuple) else X
    kind = getattr(getattr(array, "dtype", None), "kind", "")
    if kind == "c" or not (kind or hasattr(array, "__array__")):
        return as_table(X)  # which says what is wrong with it
    if kind and kind in "USO" and array.ndim == 2 and _has_text(array):
        table = as_table(X)
        _check_some_rows(table)
        return table
    return as_table(
        check_array(
            X,
            accept_sparse="csr",
            dtype="numeric",
            ensure_all_finite=False,
            allow_nd=estimator._allow_nd,
            order="C",
            estimator=estimator,
            input_name="X",
        )
    )


def _without_tensors(X):
    """Return a tensor as an array; one of TensorFlow's sparse ones as a SciPy matrix."""
    if hasattr(X, "dense_shape"):
        entries = np.asarray(X.values), tuple(np.asarray(X.indices).T)
        return scipy.sparse.csr_array(entries, shape=tuple(np.asarray(X.dense_shape)))
    if hasattr(X, "row_splits"):
        raise ValueError(
            f"Rows of X must be equally long, but X is a ragged tensor of shape {X.shape}. Pass a "
            "dict of tensors, in which a column may hold several values per row."
        )
    return X.numpy() if hasattr(X, "numpy") else X


def _rectangular(rows, what: str) -> np.ndarray:
    try:
        return np.asarray(rows)
    except ValueError as error:
        raise ValueError(
            f"Rows of {what} must be equally long, but their lengths differ ({error}). Pass a "
            "dict of lists where a row of features holds several values, features and targets as a "
            "tuple, and several labels per row as columns of 0 and 1."
        ) from error


def _has_text(array: np.ndarray) -> bool:
    return array.dtype.kind != "O" or any(isinstance(v, str) for v in array.ravel()[:10000])


def _check_some_rows(table: Table) -> None:
    if table.n_rows < 1:
        raise ValueError(
            "Found array with 0 sample(s) while a minimum of 1 is required. "
            f"X has the columns {listing(table.names)} and no rows: pass some."
        )


def _by_position(estimator, table: Table, reset: bool) -> Table:
    """Give the columns of an array the names of the fit, where it had names."""
    words = EMPTY not in table.names
    width = len(table.names) if words else table[EMPTY].shape[1]
    if reset:
        _remember(estimator, width, table.names if words else None)
        return table
    kind = type(estimator).__name__
    if width != estimator.n_features_in_:
        raise ValueError(
            f"X has {width} features, but {kind} is expecting {estimator.n_features_in_} features "
            "as input. Pass the columns of the fit."
        )
    names = getattr(estimator, "feature_names_in_", None)
    if names is None:
        if words:
            _refuse_words(estimator, table)
        return table
    if list(names) != [str(number) for number in range(width)]:  # the names of an array of words
        warnings.warn(
            f"X does not have valid feature names, but {kind} was fitted with feature names",
            UserWarning,
            stacklevel=4,
        )
    return _renamed(table, names)


def _remember(estimator, width: int, names) -> None:
    estimator.n_features_in_ = width
    vars(estimator).pop("feature_names_in_", None)
    if names is not None:
        estimator.feature_names_in_ = np.array(names, dtype=object)


def _renamed(table: Table, names) -> Table:
    if EMPTY in table.names:
        values = table[EMPTY]
        values = values.toarray() if hasattr(values, "toarray") else values
        return Table({name: values[:, number] for number, name in enumerate(names)})
    new = dict(zip(table.names, names, strict=True))
    columns = {new[name]: values for name, values in table.columns.items()}
    return Table(columns, frozenset(new[name] for name in table.categorical))


def _check_names(estimator, table: Table, reset: bool) -> Table:
    """Check the columns of a frame or dict by name; the weight column is no feature."""
    features = [name for name in table.names if name != estimator.weight_column_name]
    if reset:
        _remember(estimator, len(features), features)
        return table
    known = getattr(estimator, "feature_names_in_", None)
    if known is None:
        return _as_matrix(estimator, table)
    if not estimator._has_explicit_columns():
        _check_same_names(features, list(known))
    return table


def _as_matrix(estimator, table: Table) -> Table:
    """Put the columns of a frame side by side, for an estimator that was fitted on an array."""
    _refuse_words(estimator, table)
    warnings.warn(
        f"X has feature names, but {type(estimator).__name__} was fitted without feature names",
        UserWarning,
        stacklevel=5,
    )
    return _by_position(estimator, as_table(np.column_stack(list(table.columns.values()))), False)


def _refuse_words(estimator, table: Table) -> None:
    wrong = [
        name
        for name, values in table.columns.items()
        if not isinstance(values, np.ndarray) or values.dtype.kind not in "biuf"
    ]
    if wrong:
        raise ValueError(
            f"X must hold numbers, as {type(estimator).__name__} was fitted on an array of "
            f"{estimator.n_features_in_} of them per row, but has something else in its column(s) "
            f"{listing(map(repr, wrong))}. Pass such an array."
        )


def _check_same_names(names, known) -> None:
    missing = [name for name in known if name not in names]
    unseen = [name for name in names if name not in known]
    if not missing and not unseen:
        return
    message = "The feature names should match those that were passed during fit.\n"
    if unseen:
        message += f"Feature names unseen at fit time: {listing(unseen)}."
        message += did_you_mean(unseen[0], missing) + "\n"
    if missing:
        message += f"Feature names seen at fit time, yet now missing: {listing(missing)}.\n"
    raise ValueError(f"{message}Pass the columns of the fit: {listing(known)}.")


def label(
    estimator, table: Table, y, sample_weight=None, class_weight=None, some=True
) -> Labelled:
    """Return the rows that count, of which there must be ``some``, with targets and weights.

    Raises
    ------
    ValueError
        If lengths differ, weights are not finite, all zero, or negative where the estimator
        takes none such, or the weight column is not there.
    """
    y = _targets(y, table.n_rows, estimator._several_targets)
    signed = estimator._signed_weights
    weights = row_weights(sample_weight, table.n_rows, signed)
    if estimator.weight_column_name is not None:
        table, column = take_weight_column(table, estimator.weight_column_name, signed)
        weights = weights * column
    if class_weight is not None:
        weights = weights * class_weights(class_weight, y)
    if some:
        check_some_weight(weights)
    if weights.all():
        return Labelled(table, y, weights)
    counted = np.flatnonzero(weights)
    return Labelled(table.take(counted), y[counted], weights[counted])


def _targets(y, n_rows: int, several: bool) -> np.ndarray | NamedTargets:
    """Return ``y`` as an array of ``n_rows`` rows, or where ``several`` may be, as some by name."""
    if several and isinstance(y, Mapping):
        if not y:
            raise ValueError("y should hold a target at least. Got an empty dict: name some.")
        named = {str(name): y[name] for name in sorted(y, key=str)}  # whatever their order
        return NamedTargets({name: _targets(y, n_rows, False) for name, y in named.items()})
    rows = hasattr(y, "__len__") or hasattr(y, "__array__")
    if not rows or isinstance(y, str | bytes | Mapping):
        raise TypeError(
            f"y must be an array or a list with the target of each row of X. Got "
            f"{type(y).__name__}. Pass the targets themselves; where they are an iterator, X must "
            "be one too."
        )
    y = y.toarray() if scipy.sparse.issparse(y) else _rectangular(y, "y")
    if y.ndim == 0 or len(y) != n_rows:
        came = "a single value" if y.ndim == 0 else f"{len(y)} rows"
        raise ValueError(
            f"Found input variables with inconsistent numbers of samples: X has {n_rows} rows, y "
            f"has {came}. Pass one target per row."
        )
    return y
