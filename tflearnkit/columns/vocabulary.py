"""The column whose categories are learned from the data."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np
import tensorflow as tf

from tflearnkit.columns.base import IdColumn, IdTensor
from tflearnkit.columns.keys import lookup_table
from tflearnkit.columns.raw import different_values
from tflearnkit.data.table import Ragged, Table

__all__ = ["VocabularyColumn"]


@dataclass(frozen=True)
class VocabularyColumn(IdColumn):
    """Categories learned from the data: the sorted values that are there in training.

    What an estimator makes of strings, booleans and categoricals when it is given no feature
    columns. Ids are positions in the vocabulary; then comes one id for values that training did
    not show, and, if values were missing in training, one id for missing values. A value missing
    only later counts as one not seen. Where a row may have several values (a list per row), an
    empty list is no id at all.

    Parameters
    ----------
    name : str
        Name of the raw feature.
    combiner : {'sum', 'mean', 'sqrtn'}, default 'mean'
        How several values of a row are put together.
    vocabulary : tuple of str or numbers
        Learned.
    has_missing : bool
        Whether missing values have an id of their own; learned.
    of_lists : bool
        Whether rows have lists of values; learned.

    Notes
    -----
    Missing are empty strings, None and NaN; in a list of integers also -1.

    Examples
    --------
    >>> from tflearnkit.data.table import as_table
    >>> cities = as_table({"city": ["Rome", "Oslo", "Rome"]})
    >>> column = VocabularyColumn("city").learn(cities)
    >>> column.transform({"city": ["Oslo", "Paris", ""]}).ids.numpy().tolist()
    [[0], [2], [2]]
    """

    name: str
    combiner: str = "mean"
    vocabulary: tuple = field(default=(), repr=False)
    has_missing: bool = field(default=False, repr=False)
    of_lists: bool = field(default=False, repr=False)

    value_by_value = True

    @property
    def inputs(self) -> dict[str, str]:
        if not self.vocabulary:
            return {self.name: "values"}
        return {self.name: "strings" if self._is_text else "categories"}

    @property
    def size(self) -> int:
        return len(self.vocabulary) + 1 + self.has_missing

    @property
    def lookup_tables(self) -> tuple:
        return (self._table,) if self._is_text else ()

    @property
    def _is_text(self) -> bool:
        return bool(self.vocabulary) and isinstance(self.vocabulary[0], str)

    @cached_property
    def _table(self):
        return lookup_table(self.vocabulary, self._unseen, self._missing)

    def learn(self, table: Table, sample_weight=None) -> VocabularyColumn:
        raw = table[self.name]
        several = isinstance(raw, Ragged)
        different = different_values(raw)
        given = different[_is_given(different, several)]
        return replace(
            self,
            vocabulary=tuple(sorted(given.tolist())),
            has_missing=not several and len(given) < len(different),
            of_lists=several,
        )

    @property
    def _unseen(self) -> int:
        return len(self.vocabulary)

    @property
    def _missing(self) -> int:
        return -1 if self.of_lists else self.size - 1

    def transform(self, features) -> IdTensor:
        values = tf.convert_to_tensor(features[self.name])
        is_list = values.shape.rank == 2
        values = values if is_list else tf.expand_dims(values, 1)
        if self._is_text:
            ids = self._table.lookup(values)
        else:
            given = _is_given(values, self.of_lists)
            ids = tf.where(given, self._positions(values), self._missing)
        if is_list and not self.of_lists:  # what is missing in a list is padding
            ids = tf.where(_is_given(values, several=True), ids, -1)
        return IdTensor(ids)

    def _positions(self, values: tf.Tensor) -> tf.Tensor:
        """Return where the vocabulary of numbers has the values."""
        if not self.vocabulary:
            return tf.zeros_like(values, tf.int64)
        vocabulary = np.array(self.vocabulary)
        if values.dtype.is_floating:
            vocabulary = vocabulary.astype(np.float64)
        flat = tf.reshape(tf.cast(values, vocabulary.dtype), [-1])
        place = tf.searchsorted(vocabulary, flat, out_type=tf.int64)
        found = tf.gather(vocabulary, tf.minimum(place, len(vocabulary) - 1)) == flat
        return tf.reshape(tf.where(found, place, self._unseen), tf.shape(values))


def _is_given(values, several: bool):
    """Return where values (an array or a tensor) are not missing, and no padding in a list."""
    if values.dtype in (tf.string, np.dtype(object)):
        return values != ""
    given = values == values  # noqa: PLR0124  only NaN differs from itself
    return given & (values != -1) if several else given
