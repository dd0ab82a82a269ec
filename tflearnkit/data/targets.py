"""Targets of several names: what a model function with several heads is trained on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

__all__ = ["NamedTargets", "by_name", "joined_targets"]


@dataclass(frozen=True)
class NamedTargets:
    """Arrays of equal length by name, of which rows are taken as of one array.

    Parameters
    ----------
    columns : dict of str to array

    Examples
    --------
    >>> targets = NamedTargets({"age": np.array([31, 45]), "city": np.array(["Oslo", "Rome"])})
    >>> len(targets), targets[:1].columns
    (2, {'age': array([31]), 'city': array(['Oslo'], dtype='<U4')})
    """

    columns: Mapping[str, np.ndarray]

    def __len__(self) -> int:
        return len(next(iter(self.columns.values())))

    def __getitem__(self, rows) -> NamedTargets:
        return NamedTargets({name: values[rows] for name, values in self.columns.items()})


def by_name(y) -> dict[str, np.ndarray]:
    """Return targets by name; an array by itself has none: ''."""
    return dict(y.columns) if isinstance(y, NamedTargets) else {"": y}


def joined_targets(parts: Sequence):
    """Return the targets of several batches as those of one."""
    if not isinstance(parts[0], NamedTargets):
        return np.concatenate(parts)
    columns = [part.columns for part in parts]
    return NamedTargets({name: np.concatenate([c[name] for c in columns]) for name in columns[0]})
