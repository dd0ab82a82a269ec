"""What trees see of a table: numbers, NaN where one is missing, and codes of categories."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np
import pandas as pd
from scipy import sparse

from tflearnkit.columns.inputs import check_inputs
from tflearnkit.columns.raw import as_matrix, kind_of, plain
from tflearnkit.data.table import EMPTY, Coded, Ragged, Table
from tflearnkit.data.values import called

__all__ = ["Categories", "CategoryCounts", "Feature", "Features", "Numbers", "infer_features"]

_MOST_CATEGORIES = 2000
_RARE = 5  # rows; of many categories those in fewer rows are one
_MANY = 64


class Feature:
    """What one raw feature, or one declared column, gives: ``width`` columns of floats.

    Attributes
    ----------
    name : str
    sources : tuple of str
        The raw features it reads.
    inputs : dict of str to str
        What they must hold; see ``columns/inputs.py``.
    n_categories : int
        How many codes there are, from 0 for all that is not known; 0 for numbers.
    """

    n_categories = 0

    @property
    def sources(self) -> tuple[str, ...]:
        return tuple(self.inputs)

    @property
    def column_names(self) -> list[str]:
        """What texts and pictures call the columns."""
        if self.width == 1 and self.name != EMPTY:
            return [self.name]
        return [f"{self.name}[{i}]" if self.name else f"x{i}" for i in range(self.width)]

    def learn(self, table: Table) -> Feature:
        """Return the feature with what it learns from a table."""
        raise NotImplementedError

    def encode(self, table: Table) -> np.ndarray:
        """Return float32 (n, width)."""
        raise NotImplementedError


@dataclass(frozen=True)
class Numbers(Feature):
    """Numbers as they are; dates count in seconds.

    Where their spread is small beside their size, as with times, ``offset`` is taken off in
    float64, so that float32 tells them apart.
    """

    name: str
    offset: tuple[float, ...] = field(default=(), repr=False)

    @property
    def inputs(self) -> dict[str, str]:
        return {self.name: "numbers"}

    @property
    def width(self) -> int:
        return len(self.offset)

    def learn(self, table: Table) -> Numbers:
        return replace(self, offset=offsets(self._values(table)))

    def encode(self, table: Table) -> np.ndarray:
        values = self._values(table)
        if values.shape[1] != self.width:
            raise ValueError(
                f"{called(self.name)} must hold {self.width} numbers per row, as in the fit, but "
                f"holds {values.shape[1]}. Give it rows like those of training."
            )
        return as_floats(values, self.offset, self.name)

    def _values(self, table: Table) -> np.ndarray:
        values = table[self.name]
        return values.toarray() if sparse.issparse(values) else as_matrix(plain(values))


@dataclass(frozen=True)
class Categories(Feature):
    """Strings, categoricals or booleans: a code for each category that is not rare."""

    name: str
    vocabulary: tuple = field(default=(), repr=False)
    has_missing: bool = field(default=False, repr=False)

    width = 1

    @property
    def inputs(self) -> dict[str, str]:
        if not self.vocabulary:
            return {self.name: "values"}
        return {self.name: "strings" if isinstance(self.vocabulary[0], str) else "categories"}

    @property
    def n_categories(self) -> int:
        return 1 + len(self.vocabulary) + self.has_missing

    def learn(self, table: Table) -> Categories:
        values, codes = _different(table[self.name])
        counts = np.bincount(codes + 1, minlength=len(values) + 1)
        vocabulary = frequent(values, counts[1:])
        return replace(self, vocabulary=vocabulary, has_missing=bool(counts[0]))

    def encode(self, table: Table) -> np.ndarray:
        values, codes = _different(table[self.name])
        known = [self._codes.get(value, 0) for value in values.tolist()]
        missing = len(self.vocabulary) + 1 if self.has_missing else 0
        return np.array([*known, missing], np.float32)[codes][:, None]

    @cached_property
    def _codes(self) -> dict:
        return {value: code for code, value in enumerate(self.vocabulary, start=1)}

    def __getstate__(self):
        return {name: v for name, v in vars(self).items() if name != "_codes"}


@dataclass(frozen=True)
class CategoryCounts(Feature):
    """Several categories per row: how often each of them stands there."""

    name: str
    vocabulary: tuple = field(default=(), repr=False)

    @property
    def inputs(self) -> dict[str, str]:
        if not self.vocabulary:
            return {self.name: "values"}
        return {self.name: "strings" if isinstance(self.vocabulary[0], str) else "integers"}

    @property
    def width(self) -> int:
        return len(self.vocabulary)

    @property
    def column_names(self) -> list[str]:
        return [f"{self.name}={value}" for value in self.vocabulary]

    def learn(self, table: Table) -> CategoryCounts:
        values, codes = _different(table[self.name].values)
        return replace(self, vocabulary=frequent(values, np.bincount(codes[codes >= 0])))

    def encode(self, table: Table) -> np.ndarray:
        lists = table[self.name]
        place = pd.Index(self.vocabulary, dtype=object).get_indexer(lists.values.astype(object))
        row = np.repeat(np.arange(lists.n_rows), lists.lengths)
        cells = row[place >= 0] * self.width + place[place >= 0]
        counts = np.bincount(cells, minlength=lists.n_rows * self.width)
        return counts.reshape(lists.n_rows, self.width).astype(np.float32)


@dataclass(frozen=True)
class Features:
    """All features of an estimator, side by side.

    Attributes
    ----------
    parts : tuple of Feature
    """

    parts: tuple[Feature, ...]

    def learn(self, table: Table) -> Features:
        """Return the features that have learned from a table."""
        table = check_inputs(self.parts, table)
        return Features(tuple(part.learn(table) for part in self.parts))

    def encode(self, table: Table) -> np.ndarray:
        """Return float32 (n, width): numbers, and codes of categories."""
        table = check_inputs(self.parts, table)
        found = [part.encode(table) for part in self.parts]
        return found[0] if len(found) == 1 else np.concatenate(found, axis=1)

    @cached_property
    def n_categories(self) -> tuple[int, ...]:
        """By column, how many codes it has; 0 for numbers."""
        return tuple(part.n_categories for part in self.parts for _ in range(part.width))

    @property
    def names(self) -> list[str]:
        """By column, what texts and pictures call it."""
        return [name for part in self.parts for name in part.column_names]

    def part_of(self, column: int) -> tuple[Feature, int]:
        """Return the feature that a column is of, and which of its columns it is."""
        for part in self.parts:
            if column < part.width:
                return part, column
            column -= part.width
        raise IndexError(column)


def infer_features(table: Table) -> Features:
    """Return what each raw feature of a table is to trees, yet to learn."""
    return Features(
        tuple(
            infer_feature(name, table[name], name in table.categorical)
            for name in sorted(table.names)  # the order of columns decides nothing
        )
    )


def infer_feature(name: str, values, is_categorical: bool = False) -> Feature:
    """Return what a raw feature with such values is."""
    if isinstance(values, Ragged) and kind_of(values) == "numbers":
        raise ValueError(
            f"Column {name!r} has lists of floats of different lengths, which trees cannot read. "
            "Give each row as many numbers, or turn them into strings or integers."
        )
    if isinstance(values, Ragged):
        return CategoryCounts(name)
    if is_categorical or kind_of(values) == "strings":
        return Categories(name)
    return Numbers(name)


def offsets(values: np.ndarray) -> tuple[float, ...]:
    """Return what is taken off each component: nothing, but where float32 would lose digits."""
    found = np.zeros(values.shape[1])
    if values.dtype == np.float32:
        return tuple(found.tolist())
    numbers = np.ma.masked_invalid(values.astype(np.float64, copy=False))
    with np.errstate(over="ignore", invalid="ignore"):
        mean, spread = (np.ma.filled(part, 0.0) for part in (numbers.mean(0), numbers.std(0)))
    far = np.isfinite(spread) & (np.abs(mean) > 64 * spread)
    found[far] = mean[far]
    return tuple(found.tolist())


def as_floats(values: np.ndarray, offset: tuple[float, ...], name: str) -> np.ndarray:
    """Return values less their offset as float32, which must hold them."""
    if any(offset):
        values = values.astype(np.float64) - offset
    if values.dtype == np.float32:
        return values
    with np.errstate(over="ignore"):
        found = values.astype(np.float32)
    if np.isinf(found).any():
        raise ValueError(
            f"{called(name)} must hold numbers that float32 can hold, up to 3.4e38, but its "
            f"largest is {np.nanmax(np.abs(values)):.3g}. Scale such numbers down, or replace them "
            "by NaN where they mean that nothing is known."
        )
    return found


def frequent(values: np.ndarray, counts: np.ndarray) -> tuple:
    """Return the sorted values that get a code: all, or of many those that are not rare."""
    if len(values) > _MANY:
        kept = np.flatnonzero(counts >= _RARE)
        kept = kept[np.argsort(-counts[kept], kind="stable")][:_MOST_CATEGORIES]
    else:
        kept = np.flatnonzero(counts)
    return tuple(sorted(values[kept].tolist()))


def _different(values: np.ndarray | Coded) -> tuple[np.ndarray, np.ndarray]:
    """Return the different values, and the place of each row's own, -1 where it is missing."""
    if not isinstance(values, Coded):
        if values.dtype == object:
            values = Coded.of(values)
        else:
            codes, different = pd.factorize(plain(values))
            return different, codes
    if len(values.values) > values.n_rows:  # few rows taken of many
        values = values.occurring()
    blank = values.values == ""
    if blank.any():
        places = np.append(np.where(blank, -1, np.arange(len(blank))), -1)
        return values.values, places[values.codes]
    return values.values, values.codes
