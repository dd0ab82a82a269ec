"""Columns of vectors: embeddings, of one column or shared by several."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace

from tflearnkit.columns.base import DeepColumn, IdColumn
from tflearnkit.columns.categorical import check_combiner, check_size
from tflearnkit.columns.derived import WeightedColumn, check_id_column

__all__ = [
    "EmbeddingColumn",
    "check_initializer",
    "embedding_column",
    "shared_embedding_columns",
]

NAMED = 3  # columns that the name of a shared embedding spells out


@dataclass(frozen=True)
class EmbeddingColumn(DeepColumn):
    """An id column as vectors that are learned; made by `embedding_column`.

    Attributes
    ----------
    source : IdColumn
    dimension : int
    combiner : {'sum', 'mean', 'sqrtn'}
    initializer : callable or None
        ``f(shape)`` gives the first vectors; None is a truncated normal distribution of standard
        deviation ``1 / sqrt(source.size)``.
    max_norm : float or None
    trainable : bool
    shared_name : str or None
        Columns of one shared name have one table of vectors.

    Examples
    --------
    >>> from tflearnkit.columns import sparse_column_with_hash_bucket
    >>> embedding_column(sparse_column_with_hash_bucket("city", 1000), dimension=8).table_name
    'city_embedding'
    """

    source: IdColumn
    dimension: int
    combiner: str = "mean"
    initializer: Callable | None = field(default=None, repr=False)
    max_norm: float | None = None
    trainable: bool = True
    shared_name: str | None = None

    @property
    def name(self) -> str:
        return f"{self.source.name}_{'shared_' if self.shared_name else ''}embedding"

    @property
    def table_name(self) -> str:
        """Name of the table of vectors."""
        return self.shared_name or self.name

    @property
    def width(self) -> int:
        return self.dimension


def embedding_column(
    sparse_id_column: IdColumn,
    dimension: int,
    combiner: str = "mean",
    initializer: Callable | None = None,
    max_norm: float | None = None,
    trainable: bool = True,
) -> EmbeddingColumn:
    """Declare categories that a network sees as a learned vector of ``dimension`` floats each.

    Parameters
    ----------
    sparse_id_column : IdColumn
        Any column of ids, crosses and buckets included.
    dimension : int
        Length of the vectors, at least 1; ``size ** 0.25`` to ``size ** 0.5`` is usual.
    combiner : {'mean', 'sum', 'sqrtn'}, default 'mean'
        How the vectors of several ids of a row are put together. A row without ids gives zeros.
    initializer : callable, optional
        ``f(shape)`` gives the first vectors, an array of ``shape``. By default a truncated normal
        distribution of standard deviation ``1 / sqrt(size)``.
    max_norm : float, optional
        Longer vectors are shortened to this length before they are put together.
    trainable : bool, default True
        False keeps the first vectors.

    Raises
    ------
    TypeError
        If ``sparse_id_column`` gives no ids.
    ValueError
        If ``dimension`` is below 1, ``combiner`` is none, ``initializer`` cannot be called, or
        ``max_norm`` is not above 0.

    Examples
    --------
    >>> from tflearnkit.columns import sparse_column_with_hash_bucket
    >>> column = embedding_column(sparse_column_with_hash_bucket("city", 1000), dimension=8)
    >>> column.name, column.width
    ('city_embedding', 8)
    """
    check_id_column(sparse_id_column)
    check_initializer(initializer)
    if max_norm is not None and not max_norm > 0:
        raise ValueError(f"max_norm must be above 0, got {max_norm!r}. Say None for no limit.")
    return EmbeddingColumn(
        sparse_id_column,
        check_size("dimension", dimension),
        check_combiner(combiner),
        initializer,
        max_norm,
        bool(trainable),
    )


def shared_embedding_columns(
    sparse_id_columns: list | tuple,
    dimension: int,
    combiner: str = "mean",
    shared_embedding_name: str | None = None,
    initializer: Callable | None = None,
    max_norm: float | None = None,
    trainable: bool = True,
) -> tuple | list:
    """Declare several columns of the same categories that share one table of vectors.

    Such as the home town and the birthplace of a person: what is learned of a town in one place
    serves the other.

    Parameters
    ----------
    sparse_id_columns : list or tuple of IdColumn
        Columns whose equal ids mean the same: of one kind and with the same number of ids.
    dimension, combiner, initializer, max_norm, trainable
        As for `embedding_column`.
    shared_embedding_name : str, optional
        Name of the table. By default the sorted names of the columns (at most three), then
        ``shared_embedding``.

    Returns
    -------
    tuple of EmbeddingColumn
        In the order given. For a single column: a list with one ordinary embedding column.

    Raises
    ------
    TypeError
        If ``sparse_id_columns`` is no list or tuple.
    ValueError
        If it is empty, or the columns are not compatible.

    Examples
    --------
    >>> from tflearnkit.columns import sparse_column_with_keys
    >>> towns = ["Oslo", "Rome"]
    >>> home, birth = (sparse_column_with_keys(name, towns) for name in ("home", "birth"))
    >>> [column.table_name for column in shared_embedding_columns([home, birth], dimension=2)]
    ['birth_home_shared_embedding', 'birth_home_shared_embedding']
    """
    if not isinstance(sparse_id_columns, list | tuple):
        raise TypeError(
            f"sparse_id_columns must be a list or tuple, got {type(sparse_id_columns).__name__}. "
            "Pass a list of columns."
        )
    if not sparse_id_columns:
        raise ValueError("The input list should have at least one element, got none. Add columns.")
    embedded = [
        embedding_column(column, dimension, combiner, initializer, max_norm, trainable)
        for column in sparse_id_columns
    ]
    if len(embedded) == 1:
        return embedded
    _check_compatible(sparse_id_columns)
    name = shared_embedding_name or _shared_name(sparse_id_columns)
    return tuple(replace(column, shared_name=name) for column in embedded)


def _check_compatible(columns) -> None:
    first, first_kind = columns[0], _kind(columns[0])
    for other in columns[1:]:
        if other.size != first.size or _kind(other) != first_kind:
            raise ValueError(
                f"Columns {first.name!r} and {other.name!r} are not compatible: one has "
                f"{first.size} ids of {first_kind}, the other {other.size} of {_kind(other)}. "
                "Columns that share an embedding need the same ids."
            )


def _kind(column: IdColumn) -> str:
    return next(iter(column.inputs.values()))


def _shared_name(columns) -> str:
    plain = sorted(c.name for c in columns if not isinstance(c, WeightedColumn))
    weighted = sorted(c.name for c in columns if isinstance(c, WeightedColumn))
    names = plain + weighted
    others = [f"plus_{len(names) - NAMED}_others"] if len(names) > NAMED else []
    return "_".join([*names[:NAMED], *others, "shared_embedding"])


def check_initializer(initializer) -> None:
    """Raise a ValueError for an initializer that cannot be called."""
    if initializer is not None and not callable(initializer):
        raise ValueError(
            f"initializer must be callable, got {initializer!r}. Pass a function of a shape."
        )
