"""Deep: the network."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from tflearnkit.initializers import glorot_uniform, ones, truncated_normal, zeros
from tflearnkit.parts.base import (
    REACH,
    USUAL,
    DenseBlock,
    EmbeddingBlock,
    IdBlock,
    IdTable,
    Storage,
    coefficients,
    entries,
    joined,
    one_hot,
    operations_of,
)
from tflearnkit.parts.hidden import draw_kept, drop, normalise
from tflearnkit.precision import product

__all__ = ["Deep"]


@dataclass(frozen=True)
class Deep:
    """The network: numbers, one-hot ids and embeddings side by side, then fully connected layers.

    Parameters
    ----------
    dense, one_hots, embeddings : tuples of DenseBlock, IdBlock and EmbeddingBlock
        What the input layer joins.
    hidden_units : tuple of int
        Units of the hidden layers.
    n_outputs : int
        Scores per row.
    activation : str, callable or None
        What follows each hidden layer; None means nothing.
    dropout : bool
        Whether units are dropped in training, at the rate that `Training` brings.
    batch_norm : bool
        Whether hidden layers are normalised over the batch before the activation.
    """

    dense: tuple[DenseBlock, ...]
    one_hots: tuple[IdBlock, ...]
    embeddings: tuple[EmbeddingBlock, ...]
    hidden_units: tuple[int, ...]
    n_outputs: int
    activation: Any = "relu"
    dropout: bool = False
    batch_norm: bool = False
    name: str = "dnn"

    @property
    def input_width(self) -> int:
        """Units of the input layer."""
        return (
            sum(block.stop - block.start for block in self.dense)
            + sum(block.size for block in self.one_hots)
            + sum(block.dimension for block in self.embeddings)
        )

    @property
    def storages(self) -> list[Storage]:
        """The arrays of the part, input tables first."""
        tables = {block.table: block for block in self.embeddings}
        found = [self._table(block) for block in tables.values()]
        width = self.input_width
        for number, units in enumerate(self.hidden_units):
            scope = f"dnn/hiddenlayer_{number}"
            found.append(Storage(f"{scope}/weights", (width, units), glorot_uniform, True, True))
            found.append(Storage(f"{scope}/biases", (units,), zeros))
            if self.batch_norm:
                found.append(Storage(f"{scope}/batch_norm/gamma", (units,), ones))
                found.append(Storage(f"{scope}/batch_norm/beta", (units,), zeros))
                found.append(Storage(f"{scope}/batch_norm/moving_mean", (units,), zeros, False))
                found.append(Storage(f"{scope}/batch_norm/moving_variance", (units,), ones, False))
            width = units
        logits = (width, self.n_outputs)
        found.append(Storage("dnn/logits/weights", logits, glorot_uniform, True, True))
        found.append(Storage("dnn/logits/biases", (self.n_outputs,), zeros))
        return found

    @property
    def id_tables(self) -> list[IdTable]:
        """Where the ids of columns are rows of tables."""
        found = [IdTable(None, block.index, 0, 0) for block in self.one_hots]
        for block in self.embeddings:
            name, size = (None, 0) if block.hashed else (block.table, block.shape[0])
            found.append(IdTable(name, block.ids.index, 0, size))
        return found

    def with_sizes(self, sizes: Mapping[int, int]) -> Deep:
        """Return the part with other numbers of ids in the columns that ``sizes`` names."""
        found = []
        for block in self.embeddings:
            if block.ids.index in sizes:
                size = sizes[block.ids.index]
                shape = (size, block.dimension)
                block = replace(block, ids=block.ids._replace(size=size), shape=shape)
            found.append(block)
        return replace(self, embeddings=tuple(found))

    @staticmethod
    def _table(block: EmbeddingBlock) -> Storage:
        given = block.initializer
        if given is None:
            stddev = 0.1 if block.hashed else 1 / np.sqrt(block.shape[0])
            return Storage(block.table, block.shape, truncated_normal(stddev), block.trainable)
        return Storage(
            block.table,
            block.shape,
            lambda rng, shape: np.broadcast_to(np.asarray(given(shape), np.float32), shape),
            block.trainable,
        )

    def scores(self, params: Mapping, features: Mapping, widths: tuple[int, ...], training=None):
        """Return the scores ``[batch, n_outputs]`` and the new moving moments by name."""
        import keras
        import tensorflow as tf

        activation = keras.activations.get(self.activation)
        updates: dict = {}
        hidden = self.input_layer(params, features, widths)
        drops = self.dropout and training is not None and self.hidden_units
        kept = draw_kept(self.hidden_units, training) if drops else None
        for number in range(len(self.hidden_units)):
            scope = f"dnn/hiddenlayer_{number}"
            with operations_of(scope):
                hidden = product(tf.matmul, hidden, params[f"{scope}/weights"])
                hidden += params[f"{scope}/biases"]
                if self.batch_norm:
                    hidden = normalise(hidden, params, f"{scope}/batch_norm", training, updates)
                hidden = _activated(activation, hidden)
                if kept is not None:
                    hidden = drop(hidden, kept[number], training.dropout)
        with operations_of("dnn/logits"):
            scores = tf.matmul(hidden, params["dnn/logits/weights"]) + params["dnn/logits/biases"]
        return scores, updates

    def input_layer(self, params: Mapping, features: Mapping, widths: tuple[int, ...]):
        """Return the joined inputs ``[batch, input_width]``."""
        with operations_of("dnn/input_from_feature_columns"):
            pieces = [_numbers(features, block) for block in self.dense]
            pieces += [one_hot(features, widths, block, "sum") for block in self.one_hots]
        for block in self.embeddings:
            with operations_of(block.table.removesuffix("/weights")):
                pieces.append(_embed(params, features, widths, block))
        return joined(pieces)

    def variables(self, values: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        """Return the arrays by name; they are stored under the names of the old API."""
        return dict(values)


def _numbers(features, block: DenseBlock):
    import tensorflow as tf

    values = features["dense"][:, block.start : block.stop]
    if not block.tamed:
        return values
    beyond = tf.nn.relu(tf.abs(values) - USUAL)
    # the slope goes on from 1 and falls; a logarithm would do as well, but takes ten times as long
    return values - tf.sign(values) * beyond**2 / (REACH + beyond)


def _embed(params, features, widths, block: EmbeddingBlock):
    import tensorflow as tf

    ids, weights = entries(features, widths, block.ids)
    if block.hashed:  # consecutive entries are the components of one value's vector
        values = (ids.shape[1] or tf.shape(ids)[1]) // block.dimension
        ids = ids[:, : values * block.dimension]  # rows of varying length were padded further
    rows = tf.gather(params[block.table], tf.maximum(ids, 0))
    if block.hashed:
        rows = tf.reshape(rows, [-1, values, block.dimension])
        ids, weights = ids[:, :: block.dimension], None
    if block.max_norm is not None:
        rows = tf.clip_by_norm(rows, block.max_norm, axes=[-1])
    return tf.reduce_sum(rows * coefficients(ids, weights, block.combiner)[..., None], axis=1)


def _activated(activation, hidden):
    """Return what a user's function makes of a layer, of the same shape."""
    found = activation(hidden)
    shape = getattr(found, "shape", None)
    if shape is None or not hidden.shape.is_compatible_with(shape):
        raise ValueError(
            f"An activation function must return a tensor of the shape that it is given, "
            f"{hidden.shape}; {getattr(activation, '__name__', activation)!r} returned {found!r}. "
            "Let it work unit by unit."
        )
    return found
