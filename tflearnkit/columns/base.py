"""What a column is, and `ColumnSet`: the learned columns of an estimator, side by side."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields, replace
from functools import cached_property
from itertools import accumulate
from typing import NamedTuple

import numpy as np
import tensorflow as tf

from tflearnkit.columns.encode import Encoded, encode
from tflearnkit.columns.inputs import check_inputs
from tflearnkit.data.table import Table

__all__ = [
    "Column",
    "ColumnSet",
    "DeepColumn",
    "DenseColumn",
    "Encoded",
    "IdColumn",
    "IdTensor",
    "check_feature_columns",
]


class IdTensor(NamedTuple):
    """The ids of one column: ``ids`` int64 [n, m], -1 for nothing; ``weights`` float32 or None.

    Examples
    --------
    >>> from tflearnkit.columns import sparse_column_with_keys
    >>> sparse_column_with_keys("city", ["Oslo"]).transform({"city": ["Oslo"]}).ids.shape
    TensorShape([1, 1])
    """

    ids: tf.Tensor
    weights: tf.Tensor | None = None


class Column:
    """What a raw feature means. Every kind is a frozen dataclass, learned or yet to learn.

    ``inputs`` says which raw features it reads and what they must hold: 'numbers', 'integers',
    'strings' or another word of ``inputs.py``.

    Examples
    --------
    >>> from tflearnkit.columns import real_valued_column
    >>> column = real_valued_column("age")
    >>> isinstance(column, Column), column.sources
    (True, ('age',))
    """

    @property
    def sources(self) -> tuple[str, ...]:
        """Names of the raw features the column reads."""
        return tuple(self.inputs)

    @property
    def key(self) -> str:
        """What makes the column unique, the same before and after learning."""
        return repr(self)

    @property
    def lookup_tables(self) -> tuple:
        """TensorFlow lookup tables that ``transform`` uses; an exported module must hold them."""
        return ()

    def __repr__(self) -> str:
        # For kinds with a dtype among their fields (repr=False): pprint, and with it scikit-learn's
        # repr of estimators, looks into dataclasses of its own repr, and fails at a tf.DType.
        shown = [f"{f.name}={getattr(self, f.name)!r}" for f in fields(self) if f.repr]
        return f"{type(self).__qualname__}({', '.join(shown)})"

    def learn(self, table: Table, sample_weight=None) -> Column:
        """Return the column with what it learns from ``table``; most have nothing to learn."""
        return self

    def __getstate__(self):
        # What is cached beside the fields (lookup tables) cannot be pickled and is rebuilt.
        return {field.name: getattr(self, field.name) for field in fields(self)}


class DenseColumn(Column):
    """A column of floats, ``width`` of them per row.

    Examples
    --------
    >>> from tflearnkit.columns import real_valued_column
    >>> column = real_valued_column("age")
    >>> isinstance(column, DenseColumn), column.width
    (True, 1)
    """

    def transform(self, features: Mapping) -> tf.Tensor:
        """Return float32 [n, width] for raw features, by name (their forms: ``raw.py``)."""
        raise NotImplementedError

    @classmethod
    def transform_all(cls, columns: Sequence[DenseColumn], features) -> tf.Tensor:
        """Return what columns of this class give, side by side."""
        return tf.concat([column.transform(features) for column in columns], axis=1)


class IdColumn(Column):
    """A column of ids from 0 to ``size - 1``, one or several per row.

    ``combiner`` ('sum', 'mean' or 'sqrtn') says how several ids of a row are put together;
    ``value_by_value`` whether the ids of a row with several values are those of each value alone.

    Examples
    --------
    >>> from tflearnkit.columns import sparse_column_with_keys
    >>> column = sparse_column_with_keys("city", ["Oslo", "Rome"])
    >>> isinstance(column, IdColumn), column.size, column.combiner
    (True, 2, 'sum')
    """

    value_by_value = False

    def transform(self, features: Mapping) -> IdTensor:
        """Return the ids for raw features, by name (their forms: ``raw.py``)."""
        raise NotImplementedError

    def cross_values(self, features: Mapping) -> tf.Tensor:
        """Return what `crossed_column` crosses: strings or int64 [n, m], '' or -1 for nothing."""
        raise NotImplementedError


class DeepColumn:
    """A column for deep parts only: an id column ``source`` and how it becomes floats.

    Examples
    --------
    >>> from tflearnkit.columns import embedding_column, sparse_column_with_keys
    >>> column = embedding_column(sparse_column_with_keys("city", ["Oslo", "Rome"]), 3)
    >>> isinstance(column, DeepColumn), column.source.name, column.width
    (True, 'city', 3)
    """

    @property
    def sources(self) -> tuple[str, ...]:
        """Names of the raw features the column reads."""
        return self.source.sources

    @property
    def key(self) -> str:
        """What makes the column unique, the same before and after learning."""
        return repr(self)


def check_feature_columns(columns: Iterable, name: str = "feature_columns") -> tuple:
    """Return the feature columns a user gave as a tuple, or say what is wrong with them.

    Raises
    ------
    ValueError
        For no columns, something that is no list or no column, and for the same column twice;
        the message calls the columns ``name``.

    Examples
    --------
    >>> from tflearnkit.columns import real_valued_column
    >>> len(check_feature_columns([real_valued_column("age"), real_valued_column("height")]))
    2
    """
    if isinstance(columns, Mapping | str) or not isinstance(columns, Iterable):
        kind = "dict" if isinstance(columns, Mapping) else type(columns).__name__
        raise ValueError(
            f"Expected {name} to be iterable, found {kind}. Pass a list of columns, such as "
            "[real_valued_column('age')]."
        )
    columns = tuple(columns)
    if not columns:
        raise ValueError(
            f"{name} must hold at least one column, but is empty. Give some, or leave {name} out "
            "to have them inferred from X."
        )
    seen = set()
    for column in columns:
        if not isinstance(column, Column | DeepColumn):
            raise ValueError(
                f"{name} takes feature columns, but has {column!r}. Make one with "
                "real_valued_column, sparse_column_with_keys, ..."
            )
        if column.key in seen:
            raise ValueError(
                f"Duplicate feature column key found for column: {column.name}. Give each column "
                f"of {name} once."
            )
        seen.add(column.key)
    return columns


class ColumnSet:
    """The columns of an estimator, and how what they give lies side by side.

    Parameters
    ----------
    columns : iterable of Column and DeepColumn
        In any order. A deep column stands for its source, and columns that several parts share
        are kept once. Encoding goes by the columns' keys, sorted.

    Attributes
    ----------
    dense : tuple of DenseColumn
    ids : tuple of IdColumn

    Examples
    --------
    >>> from tflearnkit.columns import real_valued_column, sparse_column_with_keys
    >>> from tflearnkit.data.table import as_table
    >>> table = as_table({"age": [41.0, 7.0], "city": ["Rome", "Oslo"]})
    >>> columns = ColumnSet([real_valued_column("age"),
    ...                      sparse_column_with_keys("city", ["Oslo", "Rome"])]).learn(table)
    >>> encoded = columns.encode(table)
    >>> encoded.dense.tolist(), encoded.ids.tolist()
    ([[41.0], [7.0]], [[1], [0]])
    """

    def __init__(self, columns: Iterable[Column | DeepColumn]):
        self._given: dict[str, Column | DeepColumn] = {}
        base: dict[str, Column] = {}
        for column in columns:
            source = column.source if isinstance(column, DeepColumn) else column
            for known, one in ((self._given, column), (base, source)):
                if known.setdefault(one.key, one) != one:
                    raise ValueError(
                        f"Two columns named {one.name!r} differ only in their keys, a function, or "
                        "what they have learned. Make the column once, and pass it to every part."
                    )
        self._base = {key: base[key] for key in sorted(base)}
        self.dense = tuple(c for c in self._base.values() if isinstance(c, DenseColumn))
        self.ids = tuple(c for c in self._base.values() if isinstance(c, IdColumn))

    def __getitem__(self, column: Column | DeepColumn) -> Column | DeepColumn:
        """Return this set's own, learned form of a declared column."""
        return self._given.get(column.key) or self._base[column.key]

    @property
    def given(self) -> tuple[Column | DeepColumn, ...]:
        """The columns as they were given, with what they have learned."""
        return tuple(self._given.values())

    @property
    def sources(self) -> tuple[str, ...]:
        """Names of all raw features that the columns read, sorted."""
        return tuple(sorted({name for c in self._base.values() for name in c.sources}))

    @property
    def lookup_tables(self) -> list:
        """All TensorFlow lookup tables in use; an exported module must hold on to them."""
        return [table for column in self._base.values() for table in column.lookup_tables]

    def dense_span(self, column: DenseColumn) -> tuple[int, int]:
        """Return the (start, stop) of a dense column in ``Encoded.dense``."""
        return self._spans[column.key]

    def ids_index(self, column: IdColumn) -> int:
        """Return the position of an id column in ``ids`` and ``Encoded.widths``."""
        return self._positions[column.key]

    @cached_property
    def _spans(self) -> dict[str, tuple[int, int]]:
        stops = accumulate(column.width for column in self.dense)
        return {c.key: (stop - c.width, stop) for c, stop in zip(self.dense, stops, strict=True)}

    @cached_property
    def _positions(self) -> dict[str, int]:
        return {column.key: position for position, column in enumerate(self.ids)}

    def learn(self, table: Table, sample_weight: np.ndarray | None = None) -> ColumnSet:
        """Return the set with each column having learned from ``table``.

        Rows of weight 0 teach nothing; the other weights count in means and scales.
        """
        table = check_inputs(self._base.values(), table)
        if sample_weight is not None and not np.all(sample_weight):
            rows = np.flatnonzero(sample_weight)
            table, sample_weight = table.take(rows), np.asarray(sample_weight)[rows]
        return self.with_learned(c.learn(table, sample_weight) for c in self._base.values())

    def with_learned(self, columns: Iterable[Column]) -> ColumnSet:
        """Return the set with the given learned columns in place of those of the same keys."""
        base = {**self._base, **{column.key: column for column in columns}}
        return ColumnSet(
            replace(c, source=base[c.source.key]) if isinstance(c, DeepColumn) else base[c.key]
            for c in self._given.values()
        )

    def encode(self, table: Table) -> Encoded:
        """Return ``table`` as arrays for an engine."""
        return encode(self.dense, self.ids, check_inputs(self._base.values(), table))
