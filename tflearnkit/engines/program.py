"""A compiled program that trains parts: their variables, optimizers and the loop over steps."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from tflearnkit.optimizers import Optimizer
from tflearnkit.parts import CentredBias, Training

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
        """Return the arrays as tensors, in a form whose gradient is one concatenation."""
        import tensorflow as tf

        pieces = tf.split(flat, [stop - start for _, start, stop in self.entries])
        return {
            storage.name: tf.reshape(piece, storage.shape)
            for (storage, _, _), piece in zip(self.entries, pieces, strict=True)
        }

    def penalised(self) -> np.ndarray:
        return np.concatenate(
            [
                np.full(stop - start, storage.penalised, np.float32)
                for storage, start, stop in self.entries
            ]
        )


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
    slots = _slots(part.name, built, weights)
    return {name: float(slot[0]) for name, slot in slots.items() if slot.shape == weights.shape}


def _slots(name: str, optimizer, weights) -> dict:
    """Return the variables of an optimizer by the names that a state gives them.

    The optimizer's kind is in the name, so that no other one takes up its slots; several slots
    of the weights are numbered as TensorFlow numbered them: ``Adam``, ``Adam_1``.
    """
    kind = f"{name}/{type(optimizer).__name__}"
    slots = [slot for slot in optimizer.variables if slot is not optimizer._learning_rate]
    of_weights = [slot for slot in slots if slot.shape == weights.shape]
    named = {kind + (f"_{i}" if i else ""): slot for i, slot in enumerate(of_weights)}
    others = [slot for slot in slots if slot.shape != weights.shape]
    return named | {f"{kind}/{number}": slot for number, slot in enumerate(others)}


class Program:
    """Variables, optimizers and the compiled loop over the steps of a chunk."""

    def __init__(self, parts, task, optimizers: tuple[Optimizer, ...], switches, xla):
        import tensorflow as tf

        self.parts, self.task = parts, task
        self.l1, self.l2, self.clip, _ = switches
        self.flats = [Flat(part) for part in parts]
        self.weights = [tf.Variable(tf.zeros(flat.size)) for flat in self.flats]
        self.frozen = {
            storage.name: tf.Variable(tf.zeros(storage.shape))
            for flat in self.flats
            for storage in flat.frozen
        }
        self.optimizers = [optimizer.build() for optimizer in optimizers]
        self.sets_rate = [optimizer.rate is not None for optimizer in optimizers]
        self.slots = {}
        for part, optimizer, weights in zip(parts, self.optimizers, self.weights, strict=True):
            optimizer.build([weights])
            self.slots.update(_slots(part.name, optimizer, weights))
        # A slot begins with one value throughout (0, or an accumulator's start).
        self.fresh = {name: np.ravel(slot.numpy())[:1] for name, slot in self.slots.items()}
        self.xla = xla
        self.compiled: dict = {}

    def run(self, features: dict, others: tuple, constants: dict, widths):
        """Take the steps of a chunk; see `_run`. Tensors travel alone and in a row: TensorFlow
        takes long to look into dicts."""
        import tensorflow as tf

        arrays = (*features.values(), *constants.values(), *others)
        tensors = [tf.convert_to_tensor(array) for array in arrays]
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
        return self.compiled[key](*tensors)

    def load(self, state):
        for flat, weights in zip(self.flats, self.weights, strict=True):
            weights.assign(flat.pack(state))
        for name, variable in self.frozen.items():
            variable.assign(state[name])
        for name, slot in self.slots.items():
            fresh = np.broadcast_to(self.fresh[name].reshape([1] * len(slot.shape)), slot.shape)
            slot.assign(state.get(name, fresh.reshape(slot.shape)))

    @property
    def iterations(self) -> int:
        return int(self.optimizers[0].iterations.numpy())

    def state(self):
        arrays = {}
        for flat, weights in zip(self.flats, self.weights, strict=True):
            arrays.update(flat.unpack(weights.numpy()))
        arrays.update((name, variable.numpy()) for name, variable in self.frozen.items())
        arrays.update((name, slot.numpy()) for name, slot in self.slots.items())
        return arrays

    def _run(self, features, targets, weights, rates, keys, penalties, steps, constants, widths):
        import tensorflow as tf

        capacity = weights.shape[0]

        def one_step(i, sums, totals):
            batch = {name: values[i] for name, values in features.items()}
            training = Training(keys[i], weights[i], penalties[3])
            loss_sum, total = self._step(
                batch, targets[i], training, rates[i], penalties, constants, widths
            )
            at = [[i]]
            sums = tf.tensor_scatter_nd_update(sums, at, [loss_sum])
            return i + 1, sums, tf.tensor_scatter_nd_update(totals, at, [total])

        start = (tf.constant(0), tf.zeros([capacity]), tf.zeros([capacity]))
        _, sums, totals = tf.while_loop(
            lambda i, *_: i < steps, one_step, start, parallel_iterations=1
        )
        return sums, totals

    def _step(self, batch, targets, training, rates, penalties, constants, widths):
        import tensorflow as tf

        flats = [weights.value() for weights in self.weights]
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch(flats)
            params = {name: variable.value() for name, variable in self.frozen.items()}
            for flat, values in zip(self.flats, flats, strict=True):
                params.update(flat.split(values))
            scores, alone, updates = self._scores(params, batch, widths, training)
            total = tf.reduce_sum(training.weights)
            objective = self._mean(self.task.loss(scores, targets), training.weights, total)
            if alone is not None:
                objective += self._mean(self.task.loss(alone, targets), training.weights, total)
            if self.l2:
                objective += penalties[1] * self._half_squares(params)
        gradients = self._held_back(tape.gradient(objective, flats), penalties)
        for number, optimizer in enumerate(self.optimizers):
            if self.sets_rate[number]:
                optimizer.learning_rate = rates[number]
            optimizer.apply([gradients[number]], [self.weights[number]])
            if self.l1:
                self._shrink(number, penalties[0] * optimizer.learning_rate)
        for name, value in updates.items():
            self.frozen[name].assign(value)
        reported = self.task.reported(scores, targets, constants)
        return tf.reduce_sum(reported * training.weights), total

    @staticmethod
    def _mean(losses, weights, total):
        import tensorflow as tf

        return tf.math.divide_no_nan(tf.reduce_sum(losses * weights), total)

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

    def _half_squares(self, params):
        import tensorflow as tf

        entries = [storage for flat in self.flats for storage, _, _ in flat.entries]
        return tf.add_n([tf.nn.l2_loss(params[s.name]) for s in entries if s.penalised])

    def _held_back(self, gradients, penalties):
        import tensorflow as tf

        gradients = [tf.convert_to_tensor(gradient) for gradient in gradients]
        if self.clip:
            gradients, _ = tf.clip_by_global_norm(gradients, penalties[2])
        return gradients

    def _shrink(self, number, by):
        """Move penalised weights towards zero by ``by``, stopping there (proximal step of L1)."""
        import tensorflow as tf

        weights = self.weights[number]
        values = weights.value()
        by = by * self.flats[number].penalised()
        weights.assign(tf.sign(values) * tf.nn.relu(tf.abs(values) - by))
