"""Tables one below the other."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import scipy.sparse

from .table import Ragged, Table

__all__ = ["concatenated"]


def concatenated(tables: Sequence[Table]) -> Table:
    """Return one table of the rows of several that have the same columns.

    Examples
    --------
    >>> from tflearnkit.data.table import as_table
    >>> concatenated([as_table({"age": [1.0, 2.0]}), as_table({"age": [3.0]})])["age"]
    array([1., 2., 3.])
    """
    first = tables[0]
    if len(tables) == 1:
        return first
    columns = {name: _stacked([table[name] for table in tables]) for name in first.names}
    return Table(columns, first.categorical)


def _stacked(pieces: list):
    if isinstance(pieces[0], Ragged):
        return _stacked_ragged(pieces)
    if scipy.sparse.issparse(pieces[0]):
        return scipy.sparse.csr_array(scipy.sparse.vstack(pieces, format="csr"))
    return np.concatenate(pieces)


def _stacked_ragged(pieces: list[Ragged]) -> Ragged:
    lengths = np.concatenate([np.diff(piece.row_splits) for piece in pieces])
    values = [piece.values[piece.row_splits[0] : piece.row_splits[-1]] for piece in pieces]
    return Ragged(np.concatenate(values), np.concatenate([[0], np.cumsum(lengths)]))
