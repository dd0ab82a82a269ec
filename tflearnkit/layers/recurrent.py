"""Layers that read sequences step by step.

The cells are those of Keras, weights in its order, so that either can take the other's. They are
not Keras's own: its layers keep their weights to themselves, where a model function needs them in
the store, and take twice as long to compile.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import tensorflow as tf

from tflearnkit.initializers import zeros
from tflearnkit.layers.arguments import as_floats, at_least_one
from tflearnkit.layers.scoping import add_arg_scope
from tflearnkit.variables import get_variable, variable_scope

__all__ = ["bidirectional", "gru", "lstm", "simple_rnn"]


@add_arg_scope
def lstm(
    inputs,
    units,
    initial_state=None,
    sequence_length=None,
    return_sequences=False,
    return_state=False,
    weights_initializer=None,
    weights_regularizer=None,
    trainable=True,
    reuse=None,
    scope=None,
):
    """Read sequences with a long short-term memory (Hochreiter and Schmidhuber, 1997).

    For texts, sounds and series in which what counts may lie far back. It computes what
    `keras.layers.LSTM` does with the same ``kernel``, ``recurrent_kernel`` and ``bias``, which are
    its variables. The forget gate begins open: its biases are 1.

    Parameters
    ----------
    inputs : float tensor of shape [batch, steps, size]
    units : int
        Length of the state, at least 1.
    initial_state : pair of tensors of shape [batch, units], optional
        Output and memory before the first step; by default zeros.
    sequence_length : tensor of integers of shape [batch], optional
        How many steps each row has; those behind do not count. By default all.
    return_sequences : bool, default=False
        Whether to return the output of each step, zeros behind the row's end, or that of the last.
    return_state : bool, default=False
        Whether to return the state after the last step as well.
    weights_initializer : optional
        How both kernels begin, see `variables.get_variable`; by default Glorot's uniform
        distribution, and a matrix of orthogonal rows for the recurrent one.
    weights_regularizer : callable, optional
        A penalty on both kernels that is added to the loss.
    trainable : bool, default=True
        False leaves the variables as they begin.
    reuse : bool, optional
        True takes the variables that ``scope`` has from earlier in the call.
    scope : str, optional
        What the variables' names begin with; by default ``lstm``, numbered.

    Returns
    -------
    tensor of shape [batch, units], or [batch, steps, units] with ``return_sequences``
        With ``return_state`` a pair of it and the state, which fits ``initial_state``.

    Raises
    ------
    TypeError
        If ``inputs`` is no tensor of floats.
    ValueError
        If ``inputs`` has not three axes, or ``units`` is below 1.

    Examples
    --------
    >>> from tflearnkit.variables import Call, VariableStore
    >>> with Call(VariableStore(), "train", 0, 0).running():
    ...     lstm(tf.ones([8, 28, 5]), 16, sequence_length=tf.fill([8], 20)).shape
    TensorShape([8, 16])
    """
    inputs = as_floats(inputs, rank=3)
    units = at_least_one("units", units)
    how = weights_initializer, weights_regularizer, trainable
    with variable_scope(scope, "lstm", reuse=reuse):
        kernel, recurrent = _kernels(inputs, units, 4 * units, *how)
        bias = get_variable("bias", [4 * units], inputs.dtype, _forget_nothing, None, trainable)

    def step(states, gates):
        output, memory = states
        gates += tf.matmul(output, recurrent)
        entry, keep, candidate, exit_ = tf.split(gates, 4, axis=1)
        memory = tf.sigmoid(keep) * memory + tf.sigmoid(entry) * tf.tanh(candidate)
        return tf.sigmoid(exit_) * tf.tanh(memory), memory

    if initial_state is None:
        initial_state = (_nothing(inputs, units),) * 2
    projected = tf.tensordot(inputs, kernel, 1) + bias
    outputs, states = _read(step, projected, tuple(initial_state), sequence_length)
    outputs = outputs if return_sequences else states[0]
    return (outputs, states) if return_state else outputs


@add_arg_scope
def gru(
    inputs,
    units,
    initial_state=None,
    sequence_length=None,
    return_sequences=False,
    return_state=False,
    weights_initializer=None,
    weights_regularizer=None,
    trainable=True,
    reuse=None,
    scope=None,
):
    """Read sequences with gated recurrent units (Cho et al., 2014).

    Has three quarters of the weights of an `lstm` of as many units, and often serves as well. It
    computes what `keras.layers.GRU` does with the same ``kernel``, ``recurrent_kernel`` and
    ``bias``, which are its variables.

    Parameters
    ----------
    inputs : float tensor of shape [batch, steps, size]
    units : int
        Length of the state, at least 1.
    initial_state : tensor of shape [batch, units], optional
        Output before the first step; by default zeros.
    sequence_length, return_sequences, return_state, weights_initializer, weights_regularizer, \
trainable, reuse
        As for `lstm`.
    scope : str, optional
        What the variables' names begin with; by default ``gru``, numbered.

    Returns
    -------
    tensor of shape [batch, units], or [batch, steps, units] with ``return_sequences``
        With ``return_state`` a pair of it and the state, which fits ``initial_state``.

    Raises
    ------
    TypeError, ValueError
        As `lstm`.

    Examples
    --------
    >>> from tflearnkit.variables import Call, VariableStore
    >>> with Call(VariableStore(), "train", 0, 0).running():
    ...     gru(tf.ones([8, 28, 5]), 16, return_sequences=True).shape
    TensorShape([8, 28, 16])
    """
    inputs = as_floats(inputs, rank=3)
    units = at_least_one("units", units)
    how = weights_initializer, weights_regularizer, trainable
    with variable_scope(scope, "gru", reuse=reuse):
        kernel, recurrent = _kernels(inputs, units, 3 * units, *how)
        bias = get_variable("bias", [2, 3 * units], inputs.dtype, zeros, None, trainable)
    bias = tf.unstack(bias)

    def step(states, gates):
        (output,) = states
        again = tf.matmul(output, recurrent) + bias[1]
        keep, reset, candidate = tf.split(gates, 3, axis=1)
        keep_again, reset_again, candidate_again = tf.split(again, 3, axis=1)
        keep = tf.sigmoid(keep + keep_again)
        reset = tf.sigmoid(reset + reset_again)
        return (keep * output + (1 - keep) * tf.tanh(candidate + reset * candidate_again),)

    if initial_state is None:
        initial_state = _nothing(inputs, units)
    projected = tf.tensordot(inputs, kernel, 1) + bias[0]
    outputs, (state,) = _read(step, projected, (initial_state,), sequence_length)
    outputs = outputs if return_sequences else state
    return (outputs, state) if return_state else outputs


@add_arg_scope
def simple_rnn(
    inputs,
    units,
    initial_state=None,
    sequence_length=None,
    return_sequences=False,
    return_state=False,
    weights_initializer=None,
    weights_regularizer=None,
    trainable=True,
    reuse=None,
    scope=None,
):
    """Read sequences with units that see their own last outputs (Elman, 1990).

    For short sequences, or to compare with; over long ones what came early fades, which `lstm` and
    `gru` are made against. It computes what `keras.layers.SimpleRNN` does with the same
    ``kernel``, ``recurrent_kernel`` and ``bias``, which are its variables.

    Parameters
    ----------
    inputs : float tensor of shape [batch, steps, size]
    units : int
        Length of the state, at least 1.
    initial_state : tensor of shape [batch, units], optional
        Output before the first step; by default zeros.
    sequence_length, return_sequences, return_state, weights_initializer, weights_regularizer, \
trainable, reuse
        As for `lstm`.
    scope : str, optional
        What the variables' names begin with; by default ``simple_rnn``, numbered.

    Returns
    -------
    tensor of shape [batch, units], or [batch, steps, units] with ``return_sequences``
        With ``return_state`` a pair of it and the state, which fits ``initial_state``.

    Raises
    ------
    TypeError, ValueError
        As `lstm`.

    Examples
    --------
    >>> from tflearnkit.variables import Call, VariableStore
    >>> with Call(VariableStore(), "train", 0, 0).running():
    ...     simple_rnn(tf.ones([8, 28, 5]), 16).shape
    TensorShape([8, 16])
    """
    inputs = as_floats(inputs, rank=3)
    units = at_least_one("units", units)
    how = weights_initializer, weights_regularizer, trainable
    with variable_scope(scope, "simple_rnn", reuse=reuse):
        kernel, recurrent = _kernels(inputs, units, units, *how)
        bias = get_variable("bias", [units], inputs.dtype, zeros, None, trainable)

    def step(states, now):
        return (tf.tanh(now + tf.matmul(states[0], recurrent)),)

    if initial_state is None:
        initial_state = _nothing(inputs, units)
    projected = tf.tensordot(inputs, kernel, 1) + bias
    outputs, (state,) = _read(step, projected, (initial_state,), sequence_length)
    outputs = outputs if return_sequences else state
    return (outputs, state) if return_state else outputs


def bidirectional(
    inputs,
    units,
    layer: Callable = lstm,
    initial_state=(None, None),
    sequence_length=None,
    return_sequences=False,
    return_state=False,
    reuse=None,
    scope=None,
    **kwargs,
):
    """Read sequences in both directions, and put what is found side by side.

    For sequences that are there as a whole, such as a text to classify: each step then knows what
    comes before it and behind it.

    Parameters
    ----------
    inputs : float tensor of shape [batch, steps, size]
    units : int
        Length of the state of each direction.
    layer : callable, default=lstm
        `lstm`, `gru` or `simple_rnn`.
    initial_state : pair, optional
        State of each direction before its first step.
    sequence_length : tensor of integers of shape [batch], optional
        How many steps each row has. Backwards, its last one comes first.
    return_sequences, return_state : bool, default=False
        As for `lstm`; the state is a pair of the directions' ones.
    reuse : bool, optional
        True takes the variables that ``scope`` has from earlier in the call.
    scope : str, optional
        What the variables' names begin with, followed by ``forward`` or ``backward``; by default
        ``bidirectional``, numbered.
    **kwargs
        Other arguments of ``layer``.

    Returns
    -------
    tensor of shape [batch, 2 * units], or [batch, steps, 2 * units] with ``return_sequences``
        With ``return_state`` a pair of it and the states.

    Raises
    ------
    TypeError, ValueError
        As `lstm`.

    Examples
    --------
    >>> from tflearnkit.variables import Call, VariableStore
    >>> with Call(VariableStore(), "train", 0, 0).running():
    ...     bidirectional(tf.ones([8, 28, 5]), 16, layer=gru).shape
    TensorShape([8, 32])
    """
    inputs = as_floats(inputs, rank=3)
    how = {"sequence_length": sequence_length, "return_sequences": return_sequences, **kwargs}
    how["return_state"] = True
    with variable_scope(scope, "bidirectional", reuse=reuse):
        ahead, ahead_state = layer(inputs, units, initial_state[0], scope="forward", **how)
        turned = _turned(inputs, sequence_length)
        back, back_state = layer(turned, units, initial_state[1], scope="backward", **how)
    if return_sequences:
        back = _turned(back, sequence_length)
    outputs = tf.concat([ahead, back], axis=-1)
    return (outputs, (ahead_state, back_state)) if return_state else outputs


def _read(step: Callable, projected, states: tuple, lengths):
    """Return the outputs of all steps, and the states after the last one of each row.

    ``projected`` is what the inputs contribute to the gates, ``[batch, steps, gates]``: one
    product for all steps is faster than one in each.
    """
    steps = tf.shape(projected)[1] if projected.shape[1] is None else projected.shape[1]
    counts = None
    if lengths is not None:
        lengths = tf.cast(lengths, tf.int32)
        counts = tf.transpose(tf.sequence_mask(lengths, steps))[..., None]

    def one(states, now):
        if counts is None:
            return step(states, now)
        now, counts_now = now
        after = step(states, now)
        return tuple(tf.where(counts_now, *pair) for pair in zip(after, states, strict=True))

    projected = tf.transpose(projected, [1, 0, 2])
    read = tf.scan(one, projected if counts is None else (projected, counts), states)
    outputs = read[0] if counts is None else tf.where(counts, read[0], tf.zeros_like(read[0]))
    return tf.transpose(outputs, [1, 0, 2]), tuple(state[-1] for state in read)


def _turned(sequences, lengths):
    """Return sequences read from their ends."""
    if lengths is None:
        return tf.reverse(sequences, [1])
    return tf.reverse_sequence(sequences, lengths, seq_axis=1, batch_axis=0)


def _kernels(inputs, units: int, gates: int, initializer, regularizer, trainable) -> tuple:
    """Return the weights of the inputs and of the output before, for all gates side by side."""
    how = regularizer, trainable
    kernel = get_variable("kernel", [inputs.shape[-1], gates], inputs.dtype, initializer, *how)
    initializer = "orthogonal" if initializer is None else initializer
    return kernel, get_variable("recurrent_kernel", [units, gates], inputs.dtype, initializer, *how)


def _nothing(inputs, units: int):
    return tf.zeros([tf.shape(inputs)[0], units], inputs.dtype)


def _forget_nothing(rng, shape):
    """Return the biases of an LSTM: 1 for the forget gate, the second of four, and else 0."""
    bias = np.zeros((4, shape[0] // 4), np.float32)
    bias[1] = 1
    return bias.ravel()
