"""How layers with weights end: a bias or a normaliser, then an activation."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import tensorflow as tf

from tflearnkit.variables import get_variable

__all__ = ["Ending", "activated"]


class Ending(NamedTuple):
    """The arguments that layers with weights share, in the words of their callers."""

    activation_fn: Callable | None
    normalizer_fn: Callable | None
    normalizer_params: dict | None
    biases_initializer: object
    biases_regularizer: Callable | None
    trainable: bool

    def of(self, outputs: tf.Tensor) -> tf.Tensor:
        """Return what becomes of the sums over the inputs; the last axis is that of the units.

        A normaliser takes the place of the biases: it would only take them off again.
        """
        if self.normalizer_fn is not None:
            outputs = self.normalizer_fn(outputs, **(self.normalizer_params or {}))
        elif self.biases_initializer is not None:
            biases = get_variable(
                "biases",
                [outputs.shape[-1]],
                outputs.dtype,
                self.biases_initializer,
                self.biases_regularizer,
                self.trainable,
            )
            outputs = tf.nn.bias_add(outputs, biases)
        return activated(outputs, self.activation_fn)


def activated(outputs: tf.Tensor, activation_fn: Callable | None) -> tf.Tensor:
    """Return what an activation function makes of outputs; None leaves them as they are."""
    if activation_fn is None:
        return outputs
    if not callable(activation_fn):
        raise TypeError(
            f"activation_fn should be a function or None. Got {activation_fn!r}: give one of "
            "tf.nn, such as tf.nn.relu."
        )
    return activation_fn(outputs)
