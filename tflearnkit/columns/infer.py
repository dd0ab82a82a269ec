"""Columns for data that comes without any."""

from __future__ import annotations

import numpy as np
from scipy import sparse

from tflearnkit.columns.base import Column
from tflearnkit.columns.inferred_numeric import SparseNumericColumn, StandardizedColumn
from tflearnkit.columns.numeric import RealValuedColumn, real_valued_column
from tflearnkit.columns.raw import kind_of
from tflearnkit.columns.vocabulary import VocabularyColumn
from tflearnkit.data.table import Ragged, as_table

__all__ = ["infer_feature_columns", "infer_real_valued_columns_from_input"]


def infer_feature_columns(X) -> tuple[Column, ...]:
    """Return a column for each raw feature of ``X``, by the kind of its values.

    Numbers, dates (in seconds) and durations are standardised, missing numbers become the mean and
    bring an indicator; strings, booleans, categoricals and lists of strings or integers become
    vocabularies, with ids for unseen and missing values; a sparse matrix stays sparse, unscaled.
    They learn what they need when the estimator is fitted.

    Parameters
    ----------
    X : array, sparse matrix, frame, dict of arrays, or Table

    Returns
    -------
    tuple of columns

    Raises
    ------
    ValueError
        For lists of floats of different lengths, which have no natural reading.

    Examples
    --------
    >>> infer_feature_columns({"age": [41.0, 7.0], "city": ["Rome", "Oslo"]})
    (StandardizedColumn(name='age'), VocabularyColumn(name='city', combiner='mean'))
    """
    table = as_table(X)
    return tuple(
        _infer(name, values, name in table.categorical) for name, values in table.columns.items()
    )


def _infer(name: str, values, is_categorical: bool) -> Column:
    if sparse.issparse(values):
        return SparseNumericColumn(name, values.shape[1])
    if isinstance(values, Ragged) and kind_of(values) == "numbers":
        raise ValueError(
            f"Column {name!r} has lists of floats of different lengths, which no column is "
            "inferred for. Give each row as many numbers, or turn them into strings or integers."
        )
    if isinstance(values, Ragged) or is_categorical or kind_of(values) == "strings":
        return VocabularyColumn(name)
    return StandardizedColumn(name)


def infer_real_valued_columns_from_input(x) -> list[RealValuedColumn]:
    """Return a `real_valued_column` for each feature of ``x``, all of which must be numbers.

    The columns take the numbers as they are; for standardised ones, give an estimator no columns.

    Parameters
    ----------
    x : array, frame, dict of arrays, or Table

    Raises
    ------
    ValueError
        If a feature is no dense number.

    Examples
    --------
    >>> infer_real_valued_columns_from_input([[1.0, 2.0]])[0].dimension
    2
    """
    return [_real_valued(name, values) for name, values in as_table(x).columns.items()]


def _real_valued(name: str, values) -> RealValuedColumn:
    kind = "lists" if isinstance(values, Ragged) else kind_of(values)
    if kind not in ("numbers", "integers"):
        raise ValueError(
            f"Column {name!r} should be dense numbers, but has {kind}. Declare its feature column "
            "yourself, or use infer_feature_columns."
        )
    return real_valued_column(name, int(np.prod(values.shape[1:])))
