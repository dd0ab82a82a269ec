"""Units left out in training."""

from __future__ import annotations

import tensorflow as tf

from tflearnkit import draws
from tflearnkit.layers.arguments import as_floats, check_share
from tflearnkit.layers.scoping import add_arg_scope
from tflearnkit.variables import current_call

__all__ = ["dropout"]


@add_arg_scope
def dropout(inputs, keep_prob=0.5, noise_shape=None, is_training=None, scope=None):
    """Leave out units by chance in training, so that none relies on another (Srivastava, 2014).

    Those that stay are divided by ``keep_prob``, which keeps the expected sums. Which ones they
    are, the estimator's ``random_state`` and the number of the step decide.

    Parameters
    ----------
    inputs : float tensor of shape [batch, ..., units]
    keep_prob : float or scalar tensor, default=0.5
        Above 0, up to 1: the probability that a unit stays.
    noise_shape : sequence of int, optional
        Shape of the draws; along an axis of size 1 all units stay or go together. By default each
        has a draw of its own.
    is_training : bool, optional
        Whether units are left out at all. None: in training they are.
    scope : str, optional
        Name of the operation.

    Returns
    -------
    tensor of the shape of ``inputs``

    Raises
    ------
    TypeError
        If ``inputs`` is no tensor of floats.
    ValueError
        If ``keep_prob`` is out of its range.

    Examples
    --------
    >>> from tflearnkit.variables import Call, VariableStore
    >>> with Call(VariableStore(), "train", 0, 0).running():
    ...     sorted(set(dropout(tf.ones([100, 100]), keep_prob=0.8).numpy().ravel().tolist()))
    [0.0, 1.25]
    >>> with Call(VariableStore(), "eval", 0, 0).running():
    ...     dropout(tf.ones([1, 2]), keep_prob=0.8).numpy().tolist()
    [[1.0, 1.0]]
    """
    inputs = as_floats(inputs)
    check_share("keep_prob", keep_prob)
    call = current_call()
    if not (call.is_training if is_training is None else is_training):
        return inputs
    shape = tf.shape(inputs) if noise_shape is None else noise_shape
    place = call.replicas.place if noise_shape is None else None
    kept = draws.keep(shape, call.next_key(), 1 - keep_prob, place)
    return tf.where(kept, inputs / keep_prob, tf.zeros([], inputs.dtype), name=scope)
