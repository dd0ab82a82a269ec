"""Kernelised: a linear model of what a kernel finds rows to have in common with landmarks."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from tflearnkit.initializers import zeros
from tflearnkit.parts.base import DenseBlock, IdBlock, IdTable, Storage, joined, one_hot

__all__ = ["Kernelised"]


@dataclass(frozen=True)
class Kernelised:
    """Nystroem's features of a kernel, and a linear model of them.

    The features of a row ``x`` are ``k(x, landmarks) @ whitening``, whose products approximate
    the kernel; the landmarks are rows themselves. Features are never written down in scoring:
    ``k @ (whitening @ weights)`` costs as much as the kernel alone.

    Parameters
    ----------
    dense, one_hots : tuples of DenseBlock and IdBlock
        What a row is made of.
    n_landmarks, n_outputs : int
        Features, and scores, per row.
    kernel : "rbf" or function (X, Y) -> array of shape (rows of X, rows of Y)
        A function gets NumPy arrays and runs outside of TensorFlow's programs.

    Source: Williams and Seeger (2001), "Using the Nystroem method to speed up kernel machines".
    """

    dense: tuple[DenseBlock, ...]
    one_hots: tuple[IdBlock, ...]
    n_landmarks: int
    n_outputs: int
    kernel: str | Callable
    name: str = "kernel"

    @property
    def input_width(self) -> int:
        """Numbers in a row."""
        numbers = sum(block.stop - block.start for block in self.dense)
        return numbers + sum(block.size for block in self.one_hots)

    @property
    def storages(self) -> list[Storage]:
        """The arrays of the part; only weights and bias are trained."""
        m, k = self.n_landmarks, self.n_outputs
        return [
            Storage("kernel/bias_weight", (k,), zeros, penalised=True),
            Storage("kernel/weights", (m, k), zeros, penalised=True),
            Storage("kernel/landmarks", (m, self.input_width), zeros, False),
            Storage("kernel/whitening", (m, m), zeros, False),
            Storage("kernel/gamma", (), zeros, False),
        ]

    @property
    def id_tables(self) -> list[IdTable]:
        """Which id columns the part sees; their ids keep their numbers."""
        return [IdTable(None, block.index, 0, 0) for block in self.one_hots]

    @property
    def runs_python(self) -> bool:
        """Whether a program of the part calls back into Python, which XLA cannot compile."""
        return callable(self.kernel)

    def with_sizes(self, sizes: Mapping[int, int]) -> Kernelised:
        """Return the part itself: every id is a number of a row."""
        return self

    def rows(self, features: Mapping, widths: tuple[int, ...]):
        """Return the rows as numbers ``[batch, input_width]``."""
        pieces = [features["dense"][:, block.start : block.stop] for block in self.dense]
        pieces += [one_hot(features, widths, block, block.combiner) for block in self.one_hots]
        return joined(pieces)

    def likeness(self, rows, landmarks, gamma):
        """Return the kernel ``[batch, n_landmarks]`` of rows and landmarks."""
        import tensorflow as tf

        if not callable(self.kernel):
            squares = tf.reduce_sum(landmarks**2, axis=1) - 2 * tf.matmul(
                rows, landmarks, transpose_b=True
            )
            squares += tf.reduce_sum(rows**2, axis=1, keepdims=True)
            return tf.exp(-gamma * tf.nn.relu(squares))
        found = tf.numpy_function(self._called, [rows, landmarks], tf.float32)
        return tf.ensure_shape(found, [rows.shape[0], landmarks.shape[0]])

    def _called(self, rows, landmarks):
        return np.asarray(self.kernel(rows, landmarks), np.float32)

    def scores(self, params: Mapping, features: Mapping, widths: tuple[int, ...], training=None):
        """Return the scores ``[batch, n_outputs]`` and no updates."""
        import tensorflow as tf

        rows = self.rows(features, widths)
        likeness = self.likeness(rows, params["kernel/landmarks"], params["kernel/gamma"])
        weights = tf.matmul(params["kernel/whitening"], params["kernel/weights"])
        return tf.matmul(likeness, weights) + params["kernel/bias_weight"], {}

    def variables(self, values: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        """Return the arrays by name."""
        return dict(values)
