"""Layers in which each unit sees all inputs."""

from __future__ import annotations

from functools import partial

import tensorflow as tf

from tflearnkit.initializers import zeros
from tflearnkit.layers.arguments import as_floats, at_least_one
from tflearnkit.layers.ending import Ending
from tflearnkit.layers.scoping import add_arg_scope
from tflearnkit.precision import product
from tflearnkit.variables import get_variable, variable_scope

__all__ = ["bias_add", "fully_connected", "linear", "relu", "relu6"]


@add_arg_scope
def fully_connected(
    inputs,
    num_outputs,
    activation_fn=tf.nn.relu,
    normalizer_fn=None,
    normalizer_params=None,
    weights_initializer=None,
    weights_regularizer=None,
    biases_initializer=zeros,
    biases_regularizer=None,
    reuse=None,
    trainable=True,
    scope=None,
):
    """Connect every input with every unit: ``activation_fn(inputs @ weights + biases)``.

    The layer of a plain network. It makes the variables ``weights`` of shape ``[size,
    num_outputs]`` and ``biases`` of shape ``[num_outputs]``.

    Parameters
    ----------
    inputs : float tensor of shape [batch, ..., size]
        With more than two axes, the weights apply along the last one.
    num_outputs : int
        Units, at least 1.
    activation_fn : callable or None, default=tf.nn.relu
        What follows; None for nothing, as before a loss.
    normalizer_fn : callable, optional
        Such as `batch_norm`: it comes before the activation, in place of the biases.
    normalizer_params : dict, optional
        Its arguments.
    weights_initializer, biases_initializer : optional
        How they begin, see `variables.get_variable`; by default Glorot's uniform distribution, and
        zeros. ``biases_initializer=None`` makes no biases.
    weights_regularizer, biases_regularizer : callable, optional
        Penalties that are added to the loss, such as ``l2_regularizer(1e-4)``.
    reuse : bool, optional
        True takes the variables that ``scope`` has from earlier in the call.
    trainable : bool, default=True
        False leaves the variables as they begin.
    scope : str, optional
        What the variables' names begin with; by default ``fully_connected``, numbered.

    Returns
    -------
    tensor of shape [batch, ..., num_outputs]

    Raises
    ------
    TypeError
        If ``inputs`` is no tensor of floats.
    ValueError
        If the last axis of ``inputs`` has no known size, or ``num_outputs`` is below 1.

    Examples
    --------
    >>> from tflearnkit.variables import Call, VariableStore
    >>> store = VariableStore()
    >>> with Call(store, "train", 0, 0).running():
    ...     hidden = fully_connected(tf.ones([8, 4]), 16)
    ...     logits = fully_connected(hidden, 3, activation_fn=None, scope="logits")
    >>> logits.shape, list(store.entries)[1:3]
    (TensorShape([8, 3]), ['fully_connected/biases', 'logits/weights'])
    """
    inputs = as_floats(inputs)
    num_outputs = at_least_one("num_outputs", num_outputs)
    with variable_scope(scope, "fully_connected", reuse=reuse):
        weights = get_variable(
            "weights",
            [inputs.shape[-1], num_outputs],
            inputs.dtype,
            weights_initializer,
            weights_regularizer,
            trainable,
        )
        flat = inputs.shape.rank == 2
        multiply = tf.matmul if flat else partial(tf.tensordot, axes=1)
        outputs = product(multiply, inputs, weights)
        ending = Ending(
            activation_fn,
            normalizer_fn,
            normalizer_params,
            biases_initializer,
            biases_regularizer,
            trainable,
        )
        return ending.of(outputs)


@add_arg_scope
def linear(inputs, num_outputs, **kwargs):
    """Connect every input with every unit: `fully_connected` without an activation.

    Parameters
    ----------
    inputs, num_outputs, **kwargs
        As for `fully_connected`.

    Returns
    -------
    tensor of shape [batch, ..., num_outputs]

    Examples
    --------
    >>> from tflearnkit.variables import Call, VariableStore
    >>> with Call(VariableStore(), "train", 0, 0).running():
    ...     linear(tf.ones([8, 4]), 3).shape
    TensorShape([8, 3])
    """
    return fully_connected(inputs, num_outputs, activation_fn=None, **kwargs)


@add_arg_scope
def relu(inputs, num_outputs, **kwargs):
    """Connect every input with every unit: `fully_connected`, then the part above 0.

    Parameters
    ----------
    inputs, num_outputs, **kwargs
        As for `fully_connected`.

    Returns
    -------
    tensor of shape [batch, ..., num_outputs]

    Examples
    --------
    >>> from tflearnkit.variables import Call, VariableStore
    >>> with Call(VariableStore(), "train", 0, 0).running():
    ...     float(tf.reduce_min(relu(tf.ones([8, 4]), 30)))
    0.0
    """
    return fully_connected(inputs, num_outputs, activation_fn=tf.nn.relu, **kwargs)


@add_arg_scope
def relu6(inputs, num_outputs, **kwargs):
    """Connect every input with every unit: `fully_connected`, then the part from 0 to 6.

    Parameters
    ----------
    inputs, num_outputs, **kwargs
        As for `fully_connected`.

    Returns
    -------
    tensor of shape [batch, ..., num_outputs]

    Examples
    --------
    >>> from tflearnkit.variables import Call, VariableStore
    >>> with Call(VariableStore(), "train", 0, 0).running():
    ...     float(tf.reduce_max(relu6(100 * tf.ones([8, 4]), 30)))
    6.0
    """
    return fully_connected(inputs, num_outputs, activation_fn=tf.nn.relu6, **kwargs)


@add_arg_scope
def bias_add(
    inputs,
    activation_fn=None,
    initializer=zeros,
    regularizer=None,
    reuse=None,
    trainable=True,
    scope=None,
):
    """Add a number that is learned to each unit: the variable ``biases``.

    Parameters
    ----------
    inputs : float tensor of shape [batch, ..., units]
    activation_fn : callable, optional
        What follows.
    initializer : optional
        How the biases begin, see `variables.get_variable`; by default zeros.
    regularizer : callable, optional
        A penalty that is added to the loss.
    reuse : bool, optional
        True takes the variable that ``scope`` has from earlier in the call.
    trainable : bool, default=True
        False leaves the biases as they begin.
    scope : str, optional
        What the variable's name begins with; by default ``BiasAdd``, numbered.

    Returns
    -------
    tensor of the shape of ``inputs``

    Raises
    ------
    TypeError, ValueError
        As `fully_connected`.

    Examples
    --------
    >>> from tflearnkit.variables import Call, VariableStore
    >>> with Call(VariableStore(), "train", 0, 0).running():
    ...     bias_add(tf.zeros([1, 2]), initializer=[1.0, 2.0]).numpy().tolist()
    [[1.0, 2.0]]
    """
    inputs = as_floats(inputs)
    with variable_scope(scope, "BiasAdd", reuse=reuse):
        return Ending(activation_fn, None, None, initializer, regularizer, trainable).of(inputs)
