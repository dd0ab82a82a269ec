"""Data in: anything a user has -> tables, batches and chunks."""

from tflearnkit.data.table import EMPTY, Ragged, Table, as_table, check_finite, concatenated

__all__ = ["EMPTY", "Ragged", "Table", "as_table", "check_finite", "concatenated"]
