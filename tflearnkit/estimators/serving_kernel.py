"""A kernel that is a function, as operations of TensorFlow, where it is one of tensors too."""

from __future__ import annotations

from dataclasses import dataclass, fields

import tensorflow as tf

from tflearnkit.errors import ModelFileError
from tflearnkit.parts import Kernelised

__all__ = ["as_tensors"]


def as_tensors(part: Kernelised) -> Kernelised:
    """Return the part of a kernel so that its function is drawn, and not called in Python.

    Raises
    ------
    ModelFileError
        If the function takes NumPy arrays only.
    """
    found = _KernelOfTensors(**{one.name: getattr(part, one.name) for one in fields(part)})
    rows = tf.TensorSpec([None, part.input_width], tf.float32)
    landmarks = tf.TensorSpec([part.n_landmarks, part.input_width], tf.float32)
    try:
        tf.function(found.kernel, autograph=False).get_concrete_function(rows, landmarks)
    except (NotImplementedError, TypeError, ValueError, AttributeError) as error:
        raise ModelFileError(
            "An exported model runs without Python, but kernel is a function of NumPy. Use "
            "kernel='rbf', or write it with TensorFlow's operations, which take arrays as well."
        ) from error
    return found


@dataclass(frozen=True)
class _KernelOfTensors(Kernelised):
    """A part whose kernel takes tensors."""

    def likeness(self, rows, landmarks, gamma):
        return tf.cast(self.kernel(rows, landmarks), tf.float32)
