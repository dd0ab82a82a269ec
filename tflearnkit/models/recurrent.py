"""Layers that read sequences before a model of choice."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import tensorflow as tf

from tflearnkit import layers
from tflearnkit.errors import did_you_mean
from tflearnkit.layers.arguments import at_least_one
from tflearnkit.variables import variable_scope

__all__ = ["get_rnn_model"]

_LAYERS = {"gru": layers.gru, "lstm": layers.lstm, "rnn": layers.simple_rnn}


def get_rnn_model(
    rnn_size: int,
    cell_type: str,
    num_layers: int,
    input_op_fn: Callable,
    bidirectional: bool,
    target_predictor_fn: Callable,
    sequence_length=None,
    initial_state=None,
    attn_length=None,
    attn_size=None,
    attn_vec_size=None,
) -> Callable:
    """Return a network: layers that read a sequence, then a model of what the last one ends with.

    It makes its variables in the scopes ``rnn/layer0``, ``rnn/layer1``, ...

    Parameters
    ----------
    rnn_size : int
        Units of each layer, and of each direction.
    cell_type : {"gru", "lstm", "rnn"}
    num_layers : int
        Each one reads the outputs of the one before.
    input_op_fn : callable
        ``f(x)`` -> a float tensor of shape [batch, steps, size], or a list of the steps, each of
        shape [batch, size].
    bidirectional : bool
        Whether each layer reads from both ends.
    target_predictor_fn : callable
        ``f(encoding, y)`` -> (predictions, loss), such as `logistic_regression`. The encoding is
        the last layer's output at the end of each row: [batch, rnn_size], or both directions'
        side by side.
    sequence_length : integer tensor of shape [batch], optional
        How many steps of each row count.
    initial_state : optional
        A list of the states that the layers begin with, as `layers.gru`, `layers.lstm`,
        `layers.simple_rnn` or `layers.bidirectional` take them.
    attn_length, attn_size, attn_vec_size : None
        Attention of the old API, which is not here.

    Returns
    -------
    callable
        ``f(x, y)`` -> (predictions, loss), to be called in a model function.

    Raises
    ------
    ValueError
        If ``cell_type`` is unknown, ``num_layers`` below 1, there is not a state for each layer,
        or attention is asked for.

    Examples
    --------
    >>> from tflearnkit.models import linear_regression
    >>> from tflearnkit.variables import Call, VariableStore
    >>> network = get_rnn_model(6, "gru", 2, lambda x: x, True, linear_regression)
    >>> with Call(VariableStore(), "train", 0, 0).running():
    ...     predictions, loss = network(tf.ones([4, 9, 3]), tf.ones([4]))
    >>> predictions.shape
    TensorShape([4, 1])
    """
    at_least_one("num_layers", num_layers)
    _check_attention(attn_length=attn_length, attn_size=attn_size, attn_vec_size=attn_vec_size)
    if cell_type not in _LAYERS:
        raise ValueError(
            f"cell_type should be one of {', '.join(_LAYERS)}. Got {cell_type!r}: name one of "
            f"them.{did_you_mean(cell_type, _LAYERS)}"
        )
    if initial_state is not None and len(initial_state) != num_layers:
        raise ValueError(
            f"initial_state should be a list of {num_layers} states, one for each layer. Got "
            f"{len(initial_state)}: put the state of a single layer into a list."
        )

    layer = _LAYERS[cell_type]
    read = partial(layers.bidirectional, layer=layer) if bidirectional else layer

    def rnn_model(x, y):
        sequences = input_op_fn(x)
        if isinstance(sequences, list | tuple):
            sequences = tf.stack(sequences, axis=1)
        with variable_scope("rnn"):
            for number in range(num_layers):
                how = {
                    "sequence_length": sequence_length,
                    "return_sequences": number < num_layers - 1,
                    "scope": f"layer{number}",
                }
                if initial_state is not None:
                    how["initial_state"] = initial_state[number]
                sequences = read(sequences, rnn_size, **how)
        return target_predictor_fn(sequences, y)

    return rnn_model


def _check_attention(**given) -> None:
    for name, value in given.items():
        if value is not None:
            raise ValueError(
                f"{name} should be None, as there is no attention here. Got {value!r}: leave it "
                "out, or write the model function with keras.layers.Attention."
            )
