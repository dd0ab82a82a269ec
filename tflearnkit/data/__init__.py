"""Data in: anything a user has -> tables, batches and chunks."""

from tflearnkit.data.table import (
    EMPTY,
    Coded,
    Ragged,
    Table,
    as_table,
    check_finite,
    concatenated,
)

__all__ = ["EMPTY", "Coded", "Ragged", "Table", "as_table", "check_finite", "concatenated"]
