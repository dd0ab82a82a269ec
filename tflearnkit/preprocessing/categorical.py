"""Columns of categories -> columns of ids."""

from __future__ import annotations

import copy
from collections.abc import Sequence

import numpy as np
from sklearn.base import BaseEstimator, OneToOneFeatureMixin, TransformerMixin
from sklearn.utils.validation import check_is_fitted, validate_data

from tflearnkit.preprocessing.vocabulary import CategoricalVocabulary

__all__ = ["CategoricalProcessor"]


class CategoricalProcessor(OneToOneFeatureMixin, TransformerMixin, BaseEstimator):
    """Turn columns of categories into ids from 1 on; 0 is a missing or an unknown one.

    scikit-learn's ``OrdinalEncoder`` numbers categories in sorted order; here ids go by frequency
    or by the order in which categories were met, and columns may share one vocabulary.

    Parameters
    ----------
    min_frequency : int >= 0, default=0
        Categories met this often or less are unknown. Above 0 the ids go by falling frequency.
    share : bool, default=False
        Whether all columns have one vocabulary.
    vocabularies : sequence of CategoricalVocabulary, optional
        One per column (one in all where shared) to begin with; frozen ones learn nothing. They are
        copied.

    Attributes
    ----------
    vocabularies_ : list of CategoricalVocabulary
        One per column.
    n_features_in_ : int
    feature_names_in_ : ndarray of str
        Where the columns had names.

    Examples
    --------
    >>> processor = CategoricalProcessor()
    >>> processor.fit_transform([["Oslo", "no"], ["Rome", "yes"], ["Oslo", None]])
    array([[1, 1],
           [2, 2],
           [1, 0]])
    >>> processor.transform([["Bonn", "yes"]]).tolist()
    [[0, 2]]
    """

    def __init__(
        self,
        min_frequency: int = 0,
        share: bool = False,
        vocabularies: Sequence[CategoricalVocabulary] | None = None,
    ):
        self.min_frequency = min_frequency
        self.share = share
        self.vocabularies = vocabularies

    def fit(self, X, y=None):
        """Learn the categories of the columns."""
        frame = _frame(X)
        validate_data(self, X if hasattr(X, "columns") else frame.to_numpy(), skip_check_array=True)
        different = self._to_begin_with(frame.shape[1])
        vocabularies = different * frame.shape[1] if self.share else different
        for vocabulary, values in zip(vocabularies, _columns(frame), strict=True):
            for value in values:
                if value is not None:
                    vocabulary.add(value)
        for vocabulary in different:
            if self.min_frequency > 0:
                vocabulary.trim(self.min_frequency)
            vocabulary.freeze()
        self.vocabularies_ = vocabularies
        return self

    def _to_begin_with(self, n_columns: int) -> list[CategoricalVocabulary]:
        n_vocabularies = 1 if self.share else n_columns
        if self.vocabularies is None:
            return [CategoricalVocabulary() for _ in range(n_vocabularies)]
        if len(self.vocabularies) != n_vocabularies:
            raise ValueError(
                f"vocabularies should be {n_vocabularies} for {n_columns} column(s) with share="
                f"{self.share}. Got {len(self.vocabularies)}."
            )
        return copy.deepcopy(list(self.vocabularies))

    def transform(self, X) -> np.ndarray:
        """Return int64 ids of the shape of ``X``."""
        check_is_fitted(self)
        frame = _frame(X)
        validate_data(
            self, X if hasattr(X, "columns") else frame.to_numpy(), skip_check_array=True,
            reset=False,
        )  # fmt: skip
        found = [
            [0 if value is None else vocabulary.get(value) for value in values]
            for vocabulary, values in zip(self.vocabularies_, _columns(frame), strict=True)
        ]
        return np.array(found, np.int64).T.reshape(frame.shape)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.string = True
        tags.input_tags.categorical = True
        tags.input_tags.allow_nan = True
        return tags


def _frame(X):
    import pandas as pd

    frame = X.to_frame() if isinstance(X, pd.Series) else pd.DataFrame(X, dtype=object)
    return frame.astype(object)


def _columns(frame):
    """Yield the values of each column, None where one is missing."""
    missing = frame.isna().to_numpy()
    values = np.where(missing, None, frame.to_numpy(dtype=object))
    yield from values.T.tolist()
