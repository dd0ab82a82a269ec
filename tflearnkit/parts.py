"""Parts: encoded columns -> scores. `Wide` is the linear model, `Deep` the network; both add up.

A part is a frozen description of shapes. It lists the arrays it needs (`storages`) and computes
scores from them; it owns no variables, so that one part serves training, predicting and export.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np

__all__ = ["CentredBias", "Deep", "DenseBlock", "EmbeddingBlock", "IdBlock", "Storage", "Training", "Wide"]


class Storage(NamedTuple):
    """One array of a part: how it is called, shaped and begun, and who may change it."""

    name: str
    shape: tuple[int, ...]
    initial: Callable[[np.random.Generator, tuple[int, ...]], np.ndarray]
    trainable: bool = True
    penalised: bool = False


class Training(NamedTuple):
    """What a part needs to know while it is trained, and only then."""

    seed: Any  # int32 [2]: the fit's seed and the step
    weights: Any  # float32 [batch]: 0 on padding, which batch moments must not see
    dropout: Any  # scalar probability of dropping a unit


class DenseBlock(NamedTuple):
    """Columns ``start:stop`` of the dense features.

    A bounded block is squeezed smoothly into (-3, 3), where a network sees standardised numbers:
    an outlier a hundred deviations away would otherwise drown all else.
    """

    name: str
    start: int
    stop: int
    bounded: bool = False


class IdBlock(NamedTuple):
    """The id column number ``index``: ids 0..size-1, several a row put together by ``combiner``."""

    name: str
    index: int
    size: int
    combiner: str = "sum"


@dataclass(frozen=True)
class EmbeddingBlock:
    """A table of vectors for an id column; blocks that share ``table`` share its weights.

    ``size`` counts the rows of the table. A hashed block reads a flat table of scalars and puts
    ``dimension`` of them side by side for each value.
    """

    name: str
    ids: IdBlock
    table: str
    shape: tuple[int, ...]
    dimension: int
    combiner: str = "mean"
    max_norm: float | None = None
    trainable: bool = True
    hashed: bool = False
    initializer: Callable | None = field(default=None, compare=False)


def zeros(rng, shape):
    """Return zeros: linear weights and biases begin there."""
    return np.zeros(shape, np.float32)


def ones(rng, shape):
    """Return ones: scales begin there."""
    return np.ones(shape, np.float32)


def glorot_uniform(rng, shape):
    """Return uniform values of variance ``2 / (fan_in + fan_out)`` (Glorot and Bengio, 2010)."""
    limit = np.sqrt(6.0 / (shape[0] + shape[-1]))
    return rng.uniform(-limit, limit, shape).astype(np.float32)


def truncated_normal(stddev):
    """Return an initializer: normal values redrawn beyond two standard deviations."""

    def initial(rng, shape):
        values = rng.standard_normal(shape, dtype=np.float32)
        while (outside := np.abs(values) > 2).any():
            values[outside] = rng.standard_normal(int(outside.sum()), dtype=np.float32)
        return values * np.float32(stddev)

    return initial


def coefficients(ids, id_weights, combiner: str):
    """Return what each id of a row counts: its weight over the combiner's norm, 0 for no id."""
    import tensorflow as tf

    counts = tf.cast(ids >= 0, tf.float32)
    if id_weights is not None:
        counts *= id_weights
    if combiner == "sum" or (id_weights is None and ids.shape[1] == 1):
        return counts
    if combiner == "mean":
        return tf.math.divide_no_nan(counts, tf.reduce_sum(counts, 1, keepdims=True))
    norm = tf.sqrt(tf.reduce_sum(counts * counts, 1, keepdims=True))
    return tf.math.divide_no_nan(counts, norm)


def _entries(features: Mapping, widths: tuple[int, ...], block: IdBlock):
    """Return the ids and id weights (or None) that an id column has in a batch."""
    start = sum(widths[: block.index])
    span = slice(start, start + widths[block.index])
    weights = features.get("id_weights")
    return features["ids"][:, span], None if weights is None else weights[:, span]


@dataclass(frozen=True)
class Wide:
    """The linear part: one weight for each number and each id, and a bias.

    Parameters
    ----------
    dense, ids : tuples of DenseBlock and IdBlock
        What the part sees.
    n_outputs : int
        Scores per row.
    """

    dense: tuple[DenseBlock, ...]
    ids: tuple[IdBlock, ...]
    n_outputs: int
    name: str = "linear"

    @property
    def n_ids(self) -> int:
        """Rows of the joint table: all id columns one below the other."""
        return sum(block.size for block in self.ids)

    @property
    def storages(self) -> list[Storage]:
        """The arrays of the part. Everything starts at zero, as the problem is convex."""
        width = sum(block.stop - block.start for block in self.dense)
        found = [Storage("linear/bias_weight", (self.n_outputs,), zeros)]
        if width:
            found.append(Storage("linear/dense", (width, self.n_outputs), zeros, penalised=True))
        if self.ids:
            found.append(
                Storage("linear/table", (self.n_ids, self.n_outputs), zeros, penalised=True)
            )
        return found

    def scores(self, params: Mapping, features: Mapping, widths: tuple[int, ...], training=None):
        """Return the scores ``[batch, n_outputs]`` and no updates."""
        import tensorflow as tf

        scores = params["linear/bias_weight"][None]
        if self.dense:
            spans = [features["dense"][:, block.start : block.stop] for block in self.dense]
            scores += tf.matmul(_joined(spans), params["linear/dense"])
        if self.ids:
            ids, counts = self.joint_ids(features, widths)
            rows = tf.gather(params["linear/table"], tf.maximum(ids, 0))
            scores += tf.reduce_sum(rows * counts[..., None], axis=1)
        return scores, {}

    def joint_ids(self, features: Mapping, widths: tuple[int, ...]):
        """Return the ids as rows of the joint table, -1 for none, and what each counts."""
        import tensorflow as tf

        ids, counts, offset = [], [], 0
        for block in self.ids:
            local, weights = _entries(features, widths, block)
            ids.append(tf.where(local >= 0, local + offset, -1))
            counts.append(coefficients(local, weights, block.combiner))
            offset += block.size
        return _joined(ids), _joined(counts)

    def variables(self, values: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        """Return the arrays by the names of the old API: one for each column."""
        named = {"linear/bias_weight": values["linear/bias_weight"]}
        row = 0
        for block in self.dense:
            width = block.stop - block.start
            named[f"linear/{block.name}/weight"] = values["linear/dense"][row : row + width]
            row += width
        row = 0
        for block in self.ids:
            named[f"linear/{block.name}/weights"] = values["linear/table"][row : row + block.size]
            row += block.size
        return named


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
        for number in range(len(self.hidden_units)):
            scope = f"dnn/hiddenlayer_{number}"
            hidden = tf.matmul(hidden, params[f"{scope}/weights"]) + params[f"{scope}/biases"]
            if self.batch_norm:
                hidden = _normalise(hidden, params, f"{scope}/batch_norm", training, updates)
            hidden = _activated(activation, hidden)
            if self.dropout and training is not None:
                hidden = _drop(hidden, training, number)
        return tf.matmul(hidden, params["dnn/logits/weights"]) + params["dnn/logits/biases"], updates

    def input_layer(self, params: Mapping, features: Mapping, widths: tuple[int, ...]):
        """Return the joined inputs ``[batch, input_width]``."""
        pieces = [_numbers(features, block) for block in self.dense]
        pieces += [_one_hot(features, widths, block) for block in self.one_hots]
        pieces += [_embed(params, features, widths, block) for block in self.embeddings]
        return _joined(pieces)

    def variables(self, values: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        """Return the arrays by name; they are stored under the names of the old API."""
        return dict(values)


@dataclass(frozen=True)
class CentredBias:
    """A bias that learns the targets' mean by itself, so that the other parts start centred.

    It is added to the scores of the other parts but trained on the loss that it has alone.
    """

    n_outputs: int
    name: str = "centered_bias_weight"

    @property
    def storages(self) -> list[Storage]:
        """The one array of the part."""
        return [Storage(self.name, (self.n_outputs,), zeros)]

    def scores(self, params: Mapping, features: Mapping, widths: tuple[int, ...], training=None):
        """Return the bias as ``[1, n_outputs]``."""
        return params[self.name][None], {}

    def variables(self, values: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        """Return the bias by its name."""
        return dict(values)


def _joined(pieces):
    import tensorflow as tf

    return pieces[0] if len(pieces) == 1 else tf.concat(pieces, axis=1)


def _numbers(features, block: DenseBlock):
    import tensorflow as tf

    values = features["dense"][:, block.start : block.stop]
    return values * tf.math.rsqrt(1 + tf.square(values / 3)) if block.bounded else values


def _one_hot(features, widths, block: IdBlock):
    import tensorflow as tf

    ids, weights = _entries(features, widths, block)
    if ids.shape[1] == 1 and weights is None:
        return tf.one_hot(ids[:, 0], block.size)
    counts = coefficients(ids, weights, "sum")
    rows = tf.range(tf.shape(ids)[0])[:, None] + tf.zeros_like(ids)
    at = tf.stack([rows, tf.maximum(ids, 0)], axis=-1)
    return tf.scatter_nd(at, counts, [tf.shape(ids)[0], block.size])


def _embed(params, features, widths, block: EmbeddingBlock):
    import tensorflow as tf

    ids, weights = _entries(features, widths, block.ids)
    table = params[block.table]
    rows = tf.gather(table, tf.maximum(ids, 0))
    if block.hashed:  # consecutive entries are the components of one value's vector
        rows = tf.reshape(rows, [-1, ids.shape[1] // block.dimension, block.dimension])
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


def _drop(hidden, training: Training, layer: int):
    """Drop units by a draw that only the seed, the step and the layer decide."""
    import tensorflow as tf

    rows, units = tf.shape(hidden)[0], hidden.shape[1]
    draws = tf.reshape(_uniform(rows * units, training.seed, layer), [rows, units])
    return tf.where(draws >= training.dropout, hidden / (1 - training.dropout), 0.0)


def _uniform(count, seed, stream: int):
    """Return ``count`` draws in [0, 1), a hash of their number, the seed and the stream.

    Measured, XLA's own generators take 40 times as long on a CPU as the whole step without them;
    dropout asks no more of its draws than that they look independent.
    """
    import tensorflow as tf

    seed = tf.cast(seed, tf.uint32)
    key = _mixed(seed[0] ^ _mixed(seed[1] ^ _mixed(tf.constant(stream + 1, tf.uint32))))
    bits = _mixed(_mixed(tf.cast(tf.range(count), tf.uint32) ^ key) + key)
    return tf.cast(tf.bitwise.right_shift(bits, tf.constant(8, tf.uint32)), tf.float32) / 2.0**24


def _mixed(bits):
    """Mix 32 bits so that each one depends on all (the hash ``lowbias32`` of C. Wellons)."""
    import tensorflow as tf

    for shift, factor in ((16, 0x7FEB352D), (15, 0x846CA68B), (16, 1)):
        shift, factor = tf.constant(shift, tf.uint32), tf.constant(factor, tf.uint32)
        bits = (bits ^ tf.bitwise.right_shift(bits, shift)) * factor
    return bits


def _normalise(hidden, params, scope: str, training: Training | None, updates: dict):
    """Normalise by the batch's weighted moments in training, by the moving ones otherwise."""
    import tensorflow as tf

    mean, variance = params[f"{scope}/moving_mean"], params[f"{scope}/moving_variance"]
    if training is not None:
        present = tf.cast(training.weights > 0, tf.float32)[:, None]
        count = tf.maximum(tf.reduce_sum(present), 1.0)
        batch_mean = tf.reduce_sum(hidden * present, 0) / count
        batch_variance = tf.reduce_sum(present * (hidden - batch_mean) ** 2, 0) / count
        updates[f"{scope}/moving_mean"] = 0.9 * mean + 0.1 * batch_mean
        updates[f"{scope}/moving_variance"] = 0.9 * variance + 0.1 * batch_variance
        mean, variance = batch_mean, batch_variance
    scale = params[f"{scope}/gamma"] * tf.math.rsqrt(variance + 1e-5)
    return (hidden - mean) * scale + params[f"{scope}/beta"]
