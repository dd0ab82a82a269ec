"""Columns -> parts: what a wide and a deep part make of an estimator's feature columns."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from tflearnkit.columns import (
    BucketizedColumn,
    ColumnSet,
    DeepColumn,
    DenseColumn,
    EmbeddingColumn,
    IdColumn,
    OneHotColumn,
    ScatteredEmbeddingColumn,
    SparseNumericColumn,
)
from tflearnkit.parts import Deep, DenseBlock, EmbeddingBlock, IdBlock, Wide

__all__ = ["DeepPart", "WidePart"]

# Fewer ids than this are one-hot in an inferred network; more are embedded.
_EMBEDDED_FROM = 12
_DENSE_UP_TO = 10_000


@dataclass(frozen=True)
class WidePart:
    """The linear side of an estimator: its columns (None: inferred) and optimizer."""

    columns: tuple | None
    optimizer: Any
    penalised_bias: bool = False

    def declare(self, inferred: tuple) -> tuple:
        """Return the columns of the part, the inferred ones where none were given."""
        return inferred if self.columns is None else self.columns

    def build(self, columns: ColumnSet, declared: tuple, n_outputs: int) -> Wide:
        """Return the part that sees ``declared``, as ``columns`` has learned them."""
        for column in declared:
            if isinstance(column, DeepColumn):
                raise ValueError(
                    f"Error creating weighted sum for column: {column.name}. A linear part takes "
                    f"numbers and ids, not {type(column).__name__}. Pass its source column."
                )
        dense, ids = _blocks(columns, declared)
        return Wide(dense, ids, n_outputs, self.penalised_bias)


@dataclass(frozen=True)
class DeepPart:
    """The deep side of an estimator: its columns (None: inferred), network and optimizer."""

    columns: tuple | None
    optimizer: Any
    hidden_units: tuple[int, ...]
    activation: Any
    dropout: float
    batch_norm: bool

    def declare(self, inferred: tuple) -> tuple:
        """Return the columns of the part; inferred ids become one-hot or embedded."""
        if self.columns is not None:
            return self.columns
        return inferred

    def build(self, columns: ColumnSet, declared: tuple, n_outputs: int) -> Deep:
        """Return the part that sees ``declared``, as ``columns`` has learned them."""
        if self.columns is None:
            declared = tuple(_for_network(columns[column]) for column in declared)
        plain = [c for c in declared if isinstance(c, DenseColumn | BucketizedColumn)]
        wrapped = [c for c in declared if isinstance(c, DeepColumn)]
        for column in declared:
            if column not in plain and column not in wrapped:
                raise ValueError(
                    f"Error creating input layer for column: {column.name}. A network takes "
                    "numbers; wrap ids in embedding_column or one_hot_column."
                )
        dense, one_hots = _blocks(columns, plain)
        if self.columns is None:
            dense = tuple(block._replace(tamed=True) for block in dense)
        one_hots += tuple(
            _id_block(columns, c.source) for c in wrapped if isinstance(c, OneHotColumn)
        )
        embeddings = tuple(
            _embedding(columns, c) for c in wrapped if not isinstance(c, OneHotColumn)
        )
        return Deep(
            dense,
            one_hots,
            embeddings,
            self.hidden_units,
            n_outputs,
            self.activation,
            self.dropout > 0,
            self.batch_norm,
        )


def _blocks(columns: ColumnSet, declared):
    """Return the dense and the id blocks of base columns, in the order of the column set."""
    keys = {column.key for column in declared}
    dense = tuple(
        DenseBlock(column.name, *columns.dense_span(column))
        for column in columns.dense
        if column.key in keys
    )
    ids = tuple(_id_block(columns, column) for column in columns.ids if column.key in keys)
    return dense, ids


def _id_block(columns: ColumnSet, column: IdColumn) -> IdBlock:
    learned = columns[column]
    return IdBlock(learned.name, columns.ids_index(learned), learned.size, learned.combiner)


def _embedding(columns: ColumnSet, column) -> EmbeddingBlock:
    ids = _id_block(columns, column.source)
    scope = "dnn/input_from_feature_columns"
    if isinstance(column, ScatteredEmbeddingColumn):
        return EmbeddingBlock(
            column.name,
            ids,
            f"{scope}/{column.name}/weights",
            (column.size,),
            column.dimension,
            column.combiner,
            hashed=True,
            initializer=column.initializer,
        )
    return EmbeddingBlock(
        column.name,
        ids,
        f"{scope}/{column.shared_name or column.name}/weights",
        (ids.size, column.dimension),
        column.dimension,
        column.combiner,
        column.max_norm,
        column.trainable,
        initializer=column.initializer,
    )


def _for_network(column):
    """Return how an inferred column enters a network: numbers, one-hot ids or a vector."""
    if isinstance(column, DenseColumn):
        return column
    limit = _DENSE_UP_TO if isinstance(column, SparseNumericColumn) else _EMBEDDED_FROM
    if column.size <= limit:
        return OneHotColumn(column)
    return EmbeddingColumn(column, _dimension(column.size), combiner=column.combiner)


def _dimension(size: int) -> int:
    """Return a width that grows slowly with the vocabulary, the usual rule of thumb."""
    return min(64, max(4, round(1.6 * size**0.56)))
