"""Feature columns that a user declared, as trees see them."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np

from tflearnkit.columns import (
    BucketizedColumn,
    Column,
    DeepColumn,
    OneHotColumn,
    RealValuedColumn,
    SparseNumericColumn,
    StandardizedColumn,
    VocabularyColumn,
)
from tflearnkit.columns.encode import encode
from tflearnkit.columns.raw import RawFeatures
from tflearnkit.data.table import Table
from tflearnkit.engines.forest_features import (
    Feature,
    Features,
    as_floats,
    frequent,
    infer_feature,
    offsets,
)

__all__ = ["declared_features"]

_INFERRED = (SparseNumericColumn, StandardizedColumn, VocabularyColumn)


def declared_features(columns: tuple, table: Table) -> Features:
    """Return what declared columns are to trees, yet to learn."""
    sources = {}
    for column in columns:
        column = column.source if isinstance(column, OneHotColumn) else column
        sources[column.key] = column
    return Features(tuple(_declared(sources[key], table) for key in sorted(sources)))


def _declared(column: Column | DeepColumn, table: Table) -> Feature:
    if isinstance(column, DeepColumn):
        raise ValueError(
            f"Trees take numbers and ids, but column {column.name!r} is a "
            f"{type(column).__name__}, whose vectors only networks learn. Pass its source column."
        )
    if isinstance(column, _INFERRED) and column.name in table.names:
        is_categorical = isinstance(column, VocabularyColumn)
        return infer_feature(column.name, table[column.name], is_categorical)
    if isinstance(column, RealValuedColumn | BucketizedColumn):
        return DeclaredNumbers(column.name, column.key, column)
    return DeclaredIds(column.name, column.key, column)


@dataclass(frozen=True)
class _Declared(Feature):
    """A feature that a declared column makes.

    ``key`` is the column's: a checkpoint keeps it, and the estimator the column itself.
    """

    name: str
    key: str
    column: Column | None = field(compare=False, repr=False)

    @property
    def inputs(self) -> dict[str, str]:
        return self.column.inputs


@dataclass(frozen=True)
class DeclaredNumbers(_Declared):
    """Numbers, or the numbers of the buckets that they fall into, which are in order."""

    offset: tuple[float, ...] = field(default=(), repr=False)

    @property
    def width(self) -> int:
        return len(self.offset)

    def learn(self, table: Table) -> DeclaredNumbers:
        return replace(self, offset=offsets(self._values(table)))

    def encode(self, table: Table) -> np.ndarray:
        return as_floats(self._values(table), self.offset, self.name)

    def _values(self, table: Table) -> np.ndarray:
        features = RawFeatures(table).features(self.column.sources)
        if isinstance(self.column, RealValuedColumn):
            return self.column.numbers(features).numpy()
        buckets = self.column.transform(features).ids.numpy()
        return (buckets % (len(self.column.boundaries) + 1)).astype(np.float32)


@dataclass(frozen=True)
class DeclaredIds(_Declared):
    """Ids: one code per row, or where a row may have several, what each of them counts."""

    vocabulary: tuple[int, ...] = field(default=(), repr=False)
    single: bool = field(default=True, repr=False)

    @property
    def width(self) -> int:
        return 1 if self.single else len(self.vocabulary)

    @property
    def n_categories(self) -> int:
        return 2 + len(self.vocabulary) if self.single else 0

    @property
    def column_names(self) -> list[str]:
        return [self.name] if self.single else [f"{self.name}={i}" for i in self.vocabulary]

    def learn(self, table: Table) -> DeclaredIds:
        ids, weights = self._ids(table)
        counts = np.bincount(ids[ids >= 0])
        vocabulary = frequent(np.arange(len(counts)), counts)
        return replace(self, vocabulary=vocabulary, single=ids.shape[1] == 1 and weights is None)

    def encode(self, table: Table) -> np.ndarray:
        ids, weights = self._ids(table)
        known = np.array(self.vocabulary, np.int64)
        place = np.minimum(np.searchsorted(known, ids), max(len(known) - 1, 0))
        found = known[place] == ids if len(known) else np.zeros(ids.shape, bool)
        if self.single:
            self._check_single(ids)
            code = np.where(found, place + 1, np.where(ids < 0, len(known) + 1, 0))
            return code[:, :1].astype(np.float32)
        row, entry = np.nonzero(found)
        out = np.zeros((len(ids), len(known)), np.float32)
        np.add.at(out, (row, place[row, entry]), 1 if weights is None else weights[row, entry])
        return out

    def _check_single(self, ids: np.ndarray) -> None:
        if ids.shape[1] > 1:
            raise ValueError(
                f"Column {self.name!r} must have one value per row, as in the fit, but some rows "
                f"have {ids.shape[1]}. Fit on rows with several, or keep one."
            )

    def _ids(self, table: Table) -> tuple[np.ndarray, np.ndarray | None]:
        found = encode((), (self.column,), table)
        return found.ids, found.id_weights
