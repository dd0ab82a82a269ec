"""A fitted model: columns that have learned, a task, parts and their arrays. It predicts."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from tflearnkit.columns.base import ColumnSet, Encoded
from tflearnkit.data.table import Table
from tflearnkit.engines.program import slots_by_variable
from tflearnkit.engines.scoring import score
from tflearnkit.errors import did_you_mean, listing
from tflearnkit.estimators import evaluation

__all__ = ["FittedModel"]

# Rows are padded up to one of these, so that few shapes are ever traced. Below 8 rows TensorFlow
# multiplies and exponentiates by other kernels, whose last bits differ: from 16 on, a row's
# prediction is the same bits whatever rows stand beside it.
_BLOCKS = (16, 256, 4096, 16384)


@dataclass(frozen=True)
class FittedModel:
    """What a fit leaves: everything that predicting and going on training need.

    Attributes
    ----------
    columns : ColumnSet
        Raw tables -> encoded rows.
    task : Task
        Scores -> predictions.
    parts : tuple
        Encoded rows -> scores.
    state : dict of arrays
        Weights by storage name, and optimizer slots.
    step : int
        Optimizer steps taken.
    seed : int
        What all draws of the fit came from.
    """

    columns: ColumnSet
    task: object
    parts: tuple
    state: dict[str, np.ndarray]
    step: int
    seed: int

    def with_state(self, state: dict[str, np.ndarray], step: int) -> FittedModel:
        """Return this model with other weights."""
        return replace(self, state=state, step=step)

    def encode(self, table: Table) -> Encoded:
        """Return rows as `encoded_outputs` and `evaluate` take them."""
        return self.columns.encode(table)

    def evaluate(self, batches, metrics=None, encoded=None) -> dict[str, float]:
        """Return the loss and metrics over labelled batches; see `evaluation.evaluate`."""
        return evaluation.evaluate(self, batches, metrics, encoded)

    def outputs(self, table: Table, batch_size: int | None = None):
        """Return scores ``(n, n_outputs)`` and linked predictions of the rows of ``table``."""
        pieces = list(self.outputs_by_block(table, batch_size))
        if len(pieces) == 1:
            return pieces[0]
        scores, linked = zip(*pieces, strict=True)
        return np.concatenate(scores), np.concatenate(linked)

    def outputs_by_block(self, table: Table, batch_size: int | None = None) -> Iterator[tuple]:
        """Yield scores and linked predictions of blocks of rows, bounding the memory in use."""
        size = batch_size or _BLOCKS[-1]
        for start in range(0, table.n_rows, size):
            whole = start == 0 and table.n_rows <= size
            rows = table if whole else table.take(slice(start, start + size))
            yield self.encoded_outputs(self.encode(rows))

    def encoded_outputs(self, encoded: Encoded):
        """Return scores and linked predictions of encoded rows."""
        pieces = []
        n_rows = len(encoded.dense)
        for start in range(0, n_rows, _BLOCKS[-1]):
            stop = min(start + _BLOCKS[-1], n_rows)
            block = next(size for size in _BLOCKS if size >= stop - start)
            features = _padded(encoded, start, stop, block)
            found = score(
                self.parts, self.task, self._params, features, self._constants, encoded.widths
            )
            pieces.append([array.numpy()[: stop - start] for array in found])
        if len(pieces) == 1:
            return pieces[0]
        return [np.concatenate(arrays) for arrays in zip(*pieces, strict=True)]

    @property
    def weights(self) -> dict[str, np.ndarray]:
        """The arrays of the parts, without optimizer slots, by storage name."""
        return {s.name: self.state[s.name] for part in self.parts for s in part.storages}

    def variables(self) -> dict[str, np.ndarray]:
        """Return every array by its public name, optimizer slots and the step included."""
        named: dict[str, np.ndarray] = {"global_step": np.int64(self.step)}
        for part in self.parts:
            named.update(part.variables({s.name: self.state[s.name] for s in part.storages}))
            named.update(slots_by_variable(part, self.state))
        return named

    def variable(self, name: str) -> np.ndarray:
        """Return one array by its public name; a trailing ``:0`` is ignored."""
        named = self.variables()
        name = str(name).removesuffix(":0")
        if name not in named:
            raise ValueError(
                f"There is no variable {name!r}. Variables: {listing(sorted(named))}."
                f"{did_you_mean(name, named)}"
            )
        return named[name]

    @cached_property
    def _params(self):
        import tensorflow as tf

        return {name: tf.constant(value) for name, value in self.weights.items()}

    @cached_property
    def _constants(self):
        import tensorflow as tf

        return {name: tf.constant(value) for name, value in self.task.constants().items()}

    def __getstate__(self):
        own = dict(self.__dict__)
        own.pop("_params", None)
        own.pop("_constants", None)
        return own

    def __setstate__(self, state):
        self.__dict__.update(state)


def _padded(encoded: Encoded, start: int, stop: int, block: int) -> dict[str, np.ndarray]:
    features = {}
    for name in ("dense", "ids", "id_weights"):
        values = getattr(encoded, name)
        if values is None or not values.shape[1]:
            continue
        rows = values[start:stop]
        if len(rows) < block:  # written out, as np.pad takes longer than scoring a row
            rows = np.zeros((block, values.shape[1]), values.dtype)
            rows[: stop - start] = values[start:stop]
        features[name] = rows
    return features
