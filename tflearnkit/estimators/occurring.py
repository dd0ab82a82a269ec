"""Only the ids that occur: a fit trains the rows of huge id tables that it can change.

A row that no example names has no gradient. Where it is at rest besides (no slot of an optimizer
and no penalty moves it) its weights and slots stay what they are, so that a model without it
learns the same numbers, at the cost of the ids that occur.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from tflearnkit.columns.base import Encoded
from tflearnkit.engines.program import Flat, fresh_slots, slot_names
from tflearnkit.estimators.model import FittedModel

__all__ = ["Occurring"]

# Below this many rows, or where a good part of them occurs, leaving rows out saves nothing.
_MANY_ROWS = 50_000
_TIMES_MORE = 4

# Optimizers that treat each weight by itself, whatever stands beside it.
_ELEMENTWISE = ("SGD", "Adagrad", "Adadelta", "Adam", "AdamW", "RMSprop", "Ftrl", "Lion", "Adamax",
                "Nadam")  # fmt: skip


@dataclass(frozen=True)
class Occurring:
    """What a fit trains in place of a model: the same one where its tables are not huge.

    Attributes
    ----------
    full : FittedModel
    model : FittedModel
        The one to train, of smaller tables.
    encoded : Encoded or None
        The rows to train on, their ids being rows of the smaller tables.
    rows : dict of str to int array
        Which rows of a table of ``full``, by storage name, ``model`` has; others it has whole.
    fresh : dict of str to float
        How the slots of the optimizers begin.
    """

    full: FittedModel
    model: FittedModel
    encoded: Encoded | None
    rows: Mapping[str, np.ndarray]
    fresh: Mapping[str, float]

    @classmethod
    def whole(cls, model: FittedModel, encoded: Encoded | None = None) -> Occurring:
        """Return all of a model."""
        return cls(model, model, encoded, {}, {})

    @classmethod
    def of(cls, full: FittedModel, encoded: Encoded, optimizers=None) -> Occurring:
        """Return what ``optimizers``, one a part, can change; None stands for an exact solver."""
        tables = {table for part in full.parts for table in part.id_tables}
        n_rows = sum(table.size for table in tables)
        if n_rows <= _MANY_ROWS or not all(map(_is_elementwise, optimizers or ())):
            return cls.whole(full, encoded)
        fresh = _fresh(full.parts, optimizers)
        kept = _kept_ids(tables, encoded, _restless_rows(full, optimizers, fresh))
        left = sum(len(kept.get(table.column, range(table.size))) for table in tables)
        if n_rows <= _TIMES_MORE * left:
            return cls.whole(full, encoded)
        sizes = {column: len(ids) for column, ids in kept.items()}
        parts = tuple(part.with_sizes(sizes) for part in full.parts)
        rows = _kept_rows(tables, kept)
        small = replace(full, parts=parts, state=_gathered(full, parts, rows))
        return cls(full, small, _renumbered(encoded, kept), rows, fresh)

    def expanded(self, state: Mapping[str, np.ndarray]) -> Mapping[str, np.ndarray]:
        """Return the state of the full model where the smaller one has ``state``."""
        if not self.rows:
            return state
        found = dict(state)
        for name, rows in self.rows.items():
            found[name] = self.full.state[name].copy()
            found[name][rows] = state[name]
        for part, small in zip(self.full.parts, self.model.parts, strict=True):
            for slot in slot_names(small, state):
                found[slot] = self._expanded_slot(slot, Flat(part), Flat(small).unpack(state[slot]))
        return found

    def _expanded_slot(self, slot: str, flat: Flat, values: Mapping) -> np.ndarray:
        if slot in self.full.state:
            found = self.full.state[slot].copy()
        else:
            found = np.full(flat.size, self.fresh[slot], np.float32)
        for name, view in flat.unpack(found).items():
            view[self.rows.get(name, ...)] = values[name]
        return found


def _is_elementwise(optimizer) -> bool:
    import keras

    built = optimizer.build()
    known = [getattr(keras.optimizers, name) for name in _ELEMENTWISE]
    return type(built) in known and not built.use_ema


def _lets_rest(optimizer) -> bool:
    """Whether an optimizer leaves a weight without a gradient alone, wherever it stands.

    Ftrl computes weights from its slots alone, decay pulls at all of them.
    """
    built = optimizer.build()
    return type(built).__name__ != "Ftrl" and not built.weight_decay


def _fresh(parts, optimizers) -> dict[str, float]:
    found: dict = {}
    for part, optimizer in zip(parts, optimizers or (), strict=optimizers is not None):
        found.update(fresh_slots(part, optimizer))
    return found


def _restless_rows(full: FittedModel, optimizers, fresh: Mapping) -> dict[str, np.ndarray]:
    """Return which rows of tables, by storage name, change even if their ids do not occur."""
    found: dict = {}
    for part, optimizer in zip(full.parts, optimizers or [None] * len(full.parts), strict=True):
        rests = optimizer is not None and _lets_rest(optimizer)
        slots = [
            (Flat(part).unpack(full.state[slot]), fresh[slot])
            for slot in slot_names(part, full.state)
            if slot in fresh
        ]
        names = {table.name for table in part.id_tables}
        for storage in part.storages:
            if storage.name in names and storage.trainable:
                moved = [(values[storage.name], start) for values, start in slots]
                if storage.penalised or not rests:
                    moved.append((full.state[storage.name], 0))
                found[storage.name] = _differing(moved, storage.shape[0])
    return found


def _differing(arrays, n_rows: int) -> np.ndarray:
    found = np.zeros(n_rows, bool)
    for values, start in arrays:
        for column in values.T:
            found |= column != start
    return found


def _kept_ids(tables, encoded: Encoded, restless: Mapping) -> dict[int, np.ndarray]:
    """Return the ids that are kept, sorted, of each column of which some are left out."""
    kept: dict = {}
    for group in _columns_by_table(tables):
        own = [table for table in tables if table.column in group]
        if any(table.name is None for table in own):
            continue
        needed = np.zeros(own[0].size + 1, bool)  # the last place is that of id -1
        for column in group:
            # NumPy's own kind of index and one copy are faster than int32 with a stride
            needed[encoded.ids[:, encoded.span(column)].astype(np.intp)] = True
        needed = needed[:-1]
        for table in own:
            if table.name in restless:
                needed |= restless[table.name][table.start : table.start + table.size]
        ids = _filled_up(needed)
        if len(ids) < len(needed):
            kept.update(dict.fromkeys(group, ids))
    return kept


def _columns_by_table(tables) -> list[set[int]]:
    """Return the id columns in groups: those that share a table need the same rows of it."""
    groups: list[set[int]] = []
    for place in {(table.name, table.start) for table in tables}:
        group = {table.column for table in tables if (table.name, table.start) == place}
        for other in [known for known in groups if known & group]:
            groups.remove(other)
            group |= other
        groups.append(group)
    return groups


def _filled_up(needed: np.ndarray) -> np.ndarray:
    """Return the places of ``needed``, and first others up to a power of four.

    Folds of a cross-validation, in which not quite the same ids occur, share a program so.
    """
    ids = np.flatnonzero(needed)
    size = 4 ** -(-(max(len(ids), 16) - 1).bit_length() // 2)
    others = np.flatnonzero(~needed[:size])[: size - len(ids)]
    return np.sort(np.concatenate([ids, others]))


def _kept_rows(tables, kept: Mapping) -> dict[str, np.ndarray]:
    """Return the rows kept of each table, by storage name, that is not kept whole."""
    found: dict = {}
    for name in {table.name for table in tables if table.column in kept}:
        blocks = {table.start: table for table in tables if table.name == name}
        found[name] = np.concatenate(
            [
                start + kept.get(blocks[start].column, np.arange(blocks[start].size))
                for start in sorted(blocks)
            ]
        )
    return found


def _renumbered(encoded: Encoded, kept: Mapping) -> Encoded:
    ids = encoded.ids.copy()
    for column, numbers in kept.items():
        own = ids[:, encoded.span(column)]
        own[...] = np.where(own >= 0, np.searchsorted(numbers, own), -1)
    return encoded._replace(ids=ids)


def _gathered(full: FittedModel, parts, rows: Mapping) -> dict[str, np.ndarray]:
    """Return the weights and slots of the rows that are kept."""
    found = {name: values[rows.get(name, ...)] for name, values in full.state.items()}
    for part, small in zip(full.parts, parts, strict=True):
        for slot in slot_names(part, full.state):
            values = Flat(part).unpack(full.state[slot])
            chosen = {name: array[rows.get(name, ...)] for name, array in values.items()}
            found[slot] = Flat(small).pack(chosen)
    return found
