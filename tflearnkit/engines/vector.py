"""A vector of weights and its optimizer, on one device or in pieces on several servers."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from tflearnkit.optimizers import Optimizer

__all__ = ["Vector", "named_slots"]

# Vectors end at a multiple of it: XLA gives each thread as many elements, and does one after the
# other, not eight at once, where they do not come out even. It has two, three, four and five in
# it, and whole vectors of a processor besides.
_ROUND = 960


class Vector:
    """The trainable arrays of a part, behind each other, with what its optimizer remembers.

    Zeros follow them, up to a round length: tensors have them, arrays do not.

    Parameters
    ----------
    name : str
        Of the part.
    size : int
    optimizer : Optimizer
        Each piece has one of its own: they go by element, so that pieces learn what a whole does.
    replicas : Alone
        Say how a vector is cut.
    """

    def __init__(self, name: str, size: int, optimizer: Optimizer, replicas):
        self.sets_rate = optimizer.rate is not None
        self._size = size
        self._sizes = replicas.cut(size + -size % _ROUND)
        self._pieces = [replicas.variable(np.zeros(n, np.float32)) for n in self._sizes]
        self._optimizers = [optimizer.build() for _ in self._pieces]
        named = []
        for built, piece in zip(self._optimizers, self._pieces, strict=True):
            replicas.adopt(built)
            built.build([piece])
            named.append(named_slots(name, built, piece))
        self._slots = {slot: [each[slot] for each in named] for slot in named[0]}
        # A slot begins with one value throughout (0, or an accumulator's start).
        self._fresh = {slot: np.ravel(each[0].numpy())[0] for slot, each in self._slots.items()}

    @property
    def counters(self) -> list:
        """The variables that count steps."""
        return [optimizer.iterations for optimizer in self._optimizers]

    def value(self):
        """Return the vector as a tensor."""
        import tensorflow as tf

        values = [piece.value() for piece in self._pieces]
        return values[0] if len(values) == 1 else tf.concat(values, 0)

    def numpy(self) -> np.ndarray:
        """Return a copy of the vector."""
        return self._joined(self._pieces)

    def apply(self, gradient, rate) -> None:
        """Take a step along a gradient; the optimizer's own rate holds where it sets one."""
        for optimizer, piece, part in zip(
            self._optimizers, self._pieces, self._cut(gradient), strict=True
        ):
            if self.sets_rate:
                optimizer.learning_rate = rate
            optimizer.apply([part], [piece])

    def stay_within(self, orthant, held) -> None:
        """Set weights to 0 whose sign is not that in ``orthant``, where ``held`` is not 0."""
        import keras
        import tensorflow as tf

        cut = self._cut(orthant), self._cut(held)
        for optimizer, piece, signs, bound in zip(
            self._optimizers, self._pieces, *cut, strict=True
        ):
            values = piece.value()
            stays = (tf.sign(values) == signs) | (bound == 0)
            piece.assign(tf.where(stays, values, 0.0))
            if isinstance(optimizer, keras.optimizers.Ftrl):  # works the weights out anew from it
                (linear,) = optimizer._linears
                linear.assign(tf.where(stays, linear, 0.0))

    def load(self, flat: np.ndarray, state: Mapping[str, np.ndarray]) -> None:
        """Set the weights, and the slots that a state has; others begin afresh."""
        for piece, values in zip(self._pieces, self._cut_array(flat, 0), strict=True):
            piece.assign(values)
        for name, slots in self._slots.items():
            given = state.get(name)
            if given is None:
                for slot in slots:
                    slot.assign(np.full(slot.shape, self._fresh[name]))
            elif np.ndim(given):
                values_of = self._cut_array(given, self._fresh[name])
                for slot, values in zip(slots, values_of, strict=True):
                    slot.assign(values)
            else:
                for slot in slots:
                    slot.assign(given)

    def slots(self) -> dict[str, np.ndarray]:
        """Return copies of what the optimizer remembers, by name."""
        return {
            name: self._joined(each) if len(each[0].shape) else each[0].numpy()
            for name, each in self._slots.items()
        }

    def _cut(self, tensor) -> list:
        import tensorflow as tf

        return [tensor] if len(self._sizes) == 1 else tf.split(tensor, self._sizes)

    def _cut_array(self, array: np.ndarray, fill: float) -> list:
        whole = np.full(sum(self._sizes), fill, array.dtype)
        whole[: self._size] = array
        return np.split(whole, np.cumsum(self._sizes)[:-1])

    def _joined(self, pieces: list) -> np.ndarray:
        arrays = [piece.numpy() for piece in pieces]
        return np.concatenate(arrays)[: self._size]


def named_slots(name: str, optimizer, weights) -> dict:
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
