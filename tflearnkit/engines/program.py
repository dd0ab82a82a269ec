"""A compiled program that trains parts: their variables, optimizers and the loop over steps."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from tflearnkit.engines.vector import Vector, named_slots
from tflearnkit.optimizers import Optimizer
from tflearnkit.parts import CentredBias, Training
from tflearnkit.precision import products_in
from tflearnkit.tensors import as_tensor

__all__ = ["Flat", "Program", "fresh_slots", "slot_names", "slots_by_variable"]


class Flat:
    """The trainable arrays of a part as one vector.

    One vector an optimizer makes updates, clipping and tracing cost the same for two layers as
    for twenty: measured, it halves the time of the first fit of a shape.
    """

    def __init__(self, part):
        self.entries, self.size = [], 0
        for storage in part.storages:
            if storage.trainable:
                stop = self.size + int(np.prod(storage.shape))
                self.entries.append((storage, self.size, stop))
                self.size = stop
        self.frozen = [storage for storage in part.storages if not storage.trainable]

    def pack(self, values: Mapping) -> np.ndarray:
        flat = np.empty(self.size, np.float32)
        for storage, start, stop in self.entries:
            flat[start:stop] = np.ravel(values[storage.name])
        return flat

    def unpack(self, flat: np.ndarray) -> dict:
        return {
            storage.name: flat[start:stop].reshape(storage.shape)
            for storage, start, stop in self.entries
        }

    def split(self, flat) -> dict:
        """Return the arrays as tensors, in a form whose gradient is one concatenation.

        What a `Vector` has behind them is left out.
        """
        import tensorflow as tf

        *pieces, _ = self._pieces(flat)
        return {
            storage.name: tf.reshape(piece, storage.shape)
            for (storage, _, _), piece in zip(self.entries, pieces, strict=True)
        }

    def held_back(self, flat):
        """Return a vector of the arrays with those that are not penalised set to 0."""
        import tensorflow as tf

        *pieces, rest = self._pieces(flat)
        held = [
            piece if storage.penalised else tf.zeros_like(piece)
            for (storage, _, _), piece in zip(self.entries, pieces, strict=True)
        ]
        return tf.concat([*held, tf.zeros_like(rest)], 0)

    def _pieces(self, flat) -> list:
        """Return the part of each array, and what is behind them."""
        import tensorflow as tf

        sizes = [stop - start for _, start, stop in self.entries]
        return tf.split(flat, [*sizes, flat.shape[0] - self.size])


def slots_by_variable(part, state: Mapping) -> dict[str, np.ndarray]:
    """Return the optimizer slots of a part by public names: ``linear/age/weight/Ftrl_1``, ...

    Counters of steps, which no variable owns, are left out.
    """
    flat = Flat(part)
    return {
        f"{name}/{slot.removeprefix(part.name + '/')}": value
        for slot in slot_names(part, state)
        for name, value in part.variables(flat.unpack(state[slot])).items()
    }


def slot_names(part, state: Mapping) -> list[str]:
    """Return the names of a part's optimizer slots in a state, counters of steps left out."""
    shape = (Flat(part).size,)
    weights = {storage.name for storage in part.storages}
    return [
        name
        for name, values in state.items()
        if name.startswith(f"{part.name}/") and name not in weights and values.shape == shape
    ]


def fresh_slots(part, optimizer: Optimizer) -> dict[str, float]:
    """Return the value that each slot of a part begins with throughout, counters left out."""
    import tensorflow as tf

    weights, built = tf.Variable(tf.zeros(2)), optimizer.build()
    built.build([weights])
    slots = named_slots(part.name, built, weights)
    return {name: float(slot[0]) for name, slot in slots.items() if slot.shape == weights.shape}


class Program:
    """Variables, optimizers and the compiled loop over the steps of a chunk."""

    def __init__(
        self, parts, task, optimizers: tuple[Optimizer, ...], switches, xla, replicas, precision
    ):
        self.parts, self.task, self.replicas = parts, task, replicas
        self.precision = precision
        self.l1, self.l2, self.clip, _ = switches
        self.flats = [Flat(part) for part in parts]
        with replicas.scope():
            self.vectors = [
                Vector(part.name, flat.size, optimizer, replicas)
                for part, flat, optimizer in zip(parts, self.flats, optimizers, strict=True)
            ]
            self.frozen = {
                storage.name: replicas.variable(np.zeros(storage.shape, np.float32), False)
                for flat in self.flats
                for storage in flat.frozen
            }
        self.xla = xla
        self.compiled: dict = {}

    def run(self, features: dict, others: tuple, constants: dict, widths):
        """Take the steps of a chunk; see `_run`. Tensors travel alone and in a row: TensorFlow
        takes long to look into dicts."""
        import tensorflow as tf

        arrays = (*features.values(), *constants.values(), *others)
        tensors = [as_tensor(array) for array in arrays]
        key = (tuple(features), tuple(constants), widths, others[0].shape)
        if key not in self.compiled:

            def flat(*tensors):
                left = iter(tensors)
                named = dict(zip(features_names, left, strict=False))
                held = dict(zip(constants_names, left, strict=False))
                return self._run(named, *left, held, widths)

            features_names, constants_names, *_ = key
            function = tf.function(flat, jit_compile=self.xla, autograph=False)
            self.compiled[key] = function.get_concrete_function(*tensors)
        return self.replicas.call(self.compiled[key], tensors)

    def load(self, state):
        for flat, vector in zip(self.flats, self.vectors, strict=True):
            vector.load(flat.pack(state), state)
        for name, variable in self.frozen.items():
            variable.assign(state[name])

    @property
    def counters(self) -> list:
        """The variables that count steps."""
        return [counter for vector in self.vectors for counter in vector.counters]

    def state(self):
        arrays = {}
        for flat, vector in zip(self.flats, self.vectors, strict=True):
            arrays.update(flat.unpack(vector.numpy()))
        arrays.update((name, variable.numpy()) for name, variable in self.frozen.items())
        for vector in self.vectors:
            arrays.update(vector.slots())
        return arrays

    def _run(self, features, targets, weights, rates, keys, penalties, steps, constants, widths):
        import tensorflow as tf

        capacity = weights.shape[0]

        rows, total_of = self.replicas.rows, self.replicas.total
        at = tf.gather  # of which far less is to be traced than of indices in brackets
        penalties = tf.unstack(penalties)

        def on_a_replica(i):
            batch = {name: rows(at(values, i)) for name, values in features.items()}
            here, own = rows(at(weights, i)), tf.unstack(at(rates, i))
            training = Training(at(keys, i), here, penalties[3], self.replicas.place, total_of)
            return self._step(
                batch, rows(at(targets, i)), training, own, penalties, constants, widths
            )

        def one_step(i, sums, totals):
            loss_sum, total = self.replicas.run(on_a_replica, i)
            place = tf.reshape(i, [1, 1])
            sums = tf.tensor_scatter_nd_update(sums, place, [loss_sum])
            return i + 1, sums, tf.tensor_scatter_nd_update(totals, place, [total])

        start = (tf.constant(0), tf.zeros([capacity]), tf.zeros([capacity]))
        _, sums, totals = tf.while_loop(
            lambda i, *_: i < steps, one_step, start, parallel_iterations=1
        )
        return sums, totals

    def _step(self, batch, targets, training, rates, penalties, constants, widths):
        import tensorflow as tf

        flats = [vector.value() for vector in self.vectors]
        with (
            products_in(self.precision),
            tf.GradientTape(watch_accessed_variables=False) as tape,
        ):
            tape.watch(flats)
            params = {name: variable.value() for name, variable in self.frozen.items()}
            for flat, values in zip(self.flats, flats, strict=True):
                params.update(flat.split(values))
            scores, alone, updates = self._scores(params, batch, widths, training)
            objective = tf.reduce_sum(self.task.loss(scores, targets) * training.weights)
            if alone is not None:
                objective += tf.reduce_sum(self.task.loss(alone, targets) * training.weights)
        nothing = tf.UnconnectedGradients.ZERO
        gradients = tape.gradient(objective, flats, unconnected_gradients=nothing)
        gradients = map(tf.convert_to_tensor, gradients)
        reported = self.task.reported(scores, targets, constants)
        sums = tf.reduce_sum(reported * training.weights), tf.reduce_sum(training.weights)
        *gradients, reported, total = self.replicas.totals([*gradients, *sums])
        gradients = [tf.math.divide_no_nan(gradient, total) for gradient in gradients]
        gradients, orthants = self._held_back(gradients, flats, penalties)
        for number, (vector, flat) in enumerate(zip(self.vectors, self.flats, strict=True)):
            vector.apply(gradients[number], rates[number])
            if self.l1:
                vector.stay_within(orthants[number], flat.held_back(tf.ones_like(flats[number])))
        for name, value in updates.items():
            self.frozen[name].assign(value)
        return reported, total

    def _scores(self, params, batch, widths, training):
        """Return the summed scores, those of the centred bias alone (or None), and updates."""
        import tensorflow as tf

        scores, alone, updates = 0.0, None, {}
        rows = tf.shape(training.weights)[0]
        for part in self.parts:
            found, changed = part.scores(params, batch, widths, training)
            updates.update(changed)
            found = tf.broadcast_to(found, [rows, found.shape[1]])
            if isinstance(part, CentredBias):
                alone, found = found, tf.stop_gradient(found)
            scores += found
        return scores, alone, updates

    def _held_back(self, gradients, weights, penalties):
        """Return the gradients of the whole objective, clipped, and by L1 the orthants to stay in.

        The gradient of L1 goes through the optimizer as all others do, so that it counts as much
        whatever the optimizer makes of sizes; what crosses zero stops there (Andrew and Gao,
        "Scalable Training of L1-Regularized Log-Linear Models", 2007).
        """
        import tensorflow as tf

        orthants = []
        if self.l2:
            gradients = [
                gradient + penalties[1] * flat.held_back(values)
                for gradient, flat, values in zip(gradients, self.flats, weights, strict=True)
            ]
        if self.l1:
            pulls = [
                penalties[0] * flat.held_back(tf.ones_like(values))
                for flat, values in zip(self.flats, weights, strict=True)
            ]
            pulled = list(map(_pulled, gradients, weights, pulls))
            gradients, orthants = zip(*pulled, strict=True)
        if self.clip:
            gradients, _ = tf.clip_by_global_norm(gradients, penalties[2])
        return gradients, orthants


def _pulled(gradient, weights, pull):
    """Return a gradient with that of ``pull * |w|``, and the signs that weights may have after it.

    At zero it is the least of those that the penalty has there.
    """
    import tensorflow as tf

    signs = tf.sign(weights)
    at_zero = tf.sign(gradient) * tf.nn.relu(tf.abs(gradient) - pull)
    gradient = tf.where(signs == 0, at_zero, gradient + pull * signs)
    return gradient, tf.where(signs == 0, -tf.sign(gradient), signs)
