"""The space that the rows of a table are points in, and how its places are shown to users."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from tflearnkit.columns import (
    CentredColumn,
    ColumnSet,
    DenseColumn,
    Encoded,
    IdColumn,
    OneHotColumn,
    SparseNumericColumn,
    StandardizedColumn,
    VocabularyColumn,
    infer_feature_columns,
)
from tflearnkit.data.table import Table

__all__ = ["Space", "check_columns", "inferred_columns"]


def inferred_columns(table: Table) -> tuple:
    """Return a column for each raw feature, numbers as they are where all features are numbers.

    Beside categories, whose distances are of the order of 1, numbers are standardised.
    """
    found = infer_feature_columns(table)
    if any(isinstance(column, VocabularyColumn) for column in found):
        return found
    return tuple(
        CentredColumn(column.name) if isinstance(column, StandardizedColumn) else column
        for column in found
    )


def check_columns(columns: tuple) -> tuple:
    """Return declared columns if each of them gives the coordinates of points."""
    for column in columns:
        if not isinstance(column, DenseColumn | IdColumn | OneHotColumn):
            raise ValueError(
                f"feature_columns of a clustering should give numbers or ids, but {column.name!r} "
                f"is a {type(column).__name__}, whose vectors would have to be learned. Pass its "
                "source column: each id counts as a number, 1 where it is present."
            )
    return columns


@dataclass(frozen=True)
class Space:
    """Where points lie: the numbers of dense columns, then a coordinate for each id.

    Parameters
    ----------
    columns : ColumnSet
        They have learned.
    order : tuple of columns
        Declared ones, in the order that users see coordinates in.
    cosine : bool
        Whether only directions count: points have unit length then.
    """

    columns: ColumnSet
    order: tuple
    cosine: bool

    @classmethod
    def learned(cls, declared: Iterable, cosine: bool, table: Table, weights) -> Space:
        """Return the space whose columns have learned from the rows of a table."""
        order = tuple(declared)
        columns = ColumnSet(order).learn(table, weights)
        if cosine:  # a direction is that from 0
            centred = [column for column in columns.dense if isinstance(column, CentredColumn)]
            columns = columns.with_learned(
                replace(column, mean=(0.0,) * column.width) for column in centred
            )
        return cls(columns, order, cosine)

    @property
    def width(self) -> int:
        """How many coordinates a point has."""
        columns = self.columns
        return sum(c.width for c in columns.dense) + sum(c.size for c in columns.ids)

    def points(self, table: Table) -> Encoded:
        """Return rows as points: numbers, and the coordinates of ids with what they count."""
        encoded = self.columns.encode(table)
        points = Encoded(encoded.dense, *self._joint_ids(encoded))
        return _of_unit_length(points) if self.cosine else points

    def shown(self, centres: np.ndarray) -> np.ndarray:
        """Return places in the units and the order of the raw features, float64."""
        return centres[:, self._places] * self._scale + self._offset

    def inside(self, shown: np.ndarray) -> np.ndarray:
        """Return the places that `shown` shows so."""
        centres = np.empty(np.shape(shown))
        centres[:, self._places] = (shown - self._offset) / self._scale
        return centres

    def _joint_ids(self, encoded: Encoded) -> tuple:
        """Return all ids as numbers of coordinates, what each counts, and how many a row has."""
        if not encoded.ids.shape[1]:
            return encoded.ids, None, (0,)
        starts = np.cumsum([0, *(column.size for column in self.columns.ids)])[:-1]
        given = encoded.ids >= 0
        ids = np.where(given, encoded.ids + np.repeat(starts, encoded.widths), 0)
        counts = given if encoded.id_weights is None else encoded.id_weights * given
        ids, counts = ids.astype(np.int32), counts.astype(np.float32)
        if any(
            width > 1 and not isinstance(column, SparseNumericColumn)
            for column, width in zip(self.columns.ids, encoded.widths, strict=True)
        ):
            ids, counts = _merged(ids, counts)
        return ids, counts, (ids.shape[1],)

    @cached_property
    def _spans(self) -> list[tuple[int, int, np.ndarray, np.ndarray]]:
        """For each column in order: its coordinates, and their scales and offsets in raw units."""
        n_dense = sum(column.width for column in self.columns.dense)
        starts = np.cumsum([n_dense, *(column.size for column in self.columns.ids)])
        found = {}
        for declared in self.order:
            source = declared.source if isinstance(declared, OneHotColumn) else declared
            column = self.columns[source]
            if isinstance(column, IdColumn):
                start = int(starts[self.columns.ids_index(column)])
                span = start, start + column.size
            else:
                span = self.columns.dense_span(column)
            found[span] = (*span, *self._units(column, span[1] - span[0]))
        return list(found.values())

    def _units(self, column, width: int) -> tuple[np.ndarray, np.ndarray]:
        scale, offset = np.ones(width), np.zeros(width)
        if not self.cosine and isinstance(column, CentredColumn | StandardizedColumn):
            offset[: len(column.mean)] = column.mean
        if not self.cosine and isinstance(column, StandardizedColumn):
            scale[: len(column.scale)] = column.scale
        return scale, offset

    @cached_property
    def _places(self) -> np.ndarray:
        return np.concatenate([np.arange(start, stop) for start, stop, _, _ in self._spans])

    @cached_property
    def _scale(self) -> np.ndarray:
        return np.concatenate([scale for _, _, scale, _ in self._spans])

    @cached_property
    def _offset(self) -> np.ndarray:
        return np.concatenate([offset for _, _, _, offset in self._spans])


def _merged(ids: np.ndarray, counts: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Add up what the same id counts in several entries of a row."""
    order = np.argsort(ids, axis=1, kind="stable")
    ids, counts = np.take_along_axis(ids, order, 1), np.take_along_axis(counts, order, 1)
    for entry in range(ids.shape[1] - 1, 0, -1):
        again = ids[:, entry] == ids[:, entry - 1]
        counts[again, entry - 1] += counts[again, entry]
        counts[again, entry] = 0
    return ids, counts


def _of_unit_length(points: Encoded) -> Encoded:
    """Return the directions of points; a point at 0 has none, and stays there."""
    squares = np.einsum("ij,ij->i", points.dense, points.dense, dtype=np.float64)
    if points.id_weights is not None:
        squares += np.einsum("ij,ij->i", points.id_weights, points.id_weights)
    lengths = np.sqrt(np.where(squares > 0, squares, 1.0)).astype(np.float32)[:, None]
    id_weights = None if points.id_weights is None else points.id_weights / lengths
    return Encoded(points.dense / lengths, points.ids, id_weights, points.widths)
