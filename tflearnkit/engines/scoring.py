"""Compiled scoring: parts and their arrays -> scores and predictions."""

from __future__ import annotations

from collections.abc import Mapping

from tflearnkit.engines.base import shared
from tflearnkit.tensors import as_tensor

__all__ = ["score"]

def score(parts, task, params: Mapping, features: Mapping, constants: Mapping, widths):
    """Return the scores of encoded rows and what the task's link makes of them.

    ``params`` holds all arrays of the parts by storage name. One compiled program serves all
    models of the same shape; call it with few distinct numbers of rows, as each is traced.
    """

    groups = (params, features, constants)
    names = tuple(tuple(group) for group in groups)
    rows = len(next(iter(features.values())))
    key = ("score", parts, task.signature, names, widths, rows)
    tensors = [as_tensor(array) for group in groups for array in group.values()]
    program = shared(
        key, lambda: _scorer(parts, task, names, widths).get_concrete_function(*tensors)
    )
    return program(*tensors)


def _scorer(parts, task, names, widths):
    import tensorflow as tf

    # Tensors alone and in a row: TensorFlow takes longer to look into a dict than to score a row.
    @tf.function(autograph=False)
    def program(*tensors):
        left = iter(tensors)
        params, features, constants = (dict(zip(group, left, strict=False)) for group in names)
        rows = tf.shape(next(iter(features.values())))[0]
        scores = sum(part.scores(params, features, widths)[0] for part in parts)
        scores = tf.broadcast_to(scores, [rows, scores.shape[1]])
        return scores, task.link(scores, constants)

    return program
