"""Layers one after the other."""

from __future__ import annotations

from collections.abc import Callable

from tflearnkit.layers.arguments import at_least_one
from tflearnkit.variables import variable_scope

__all__ = ["repeat", "stack"]


def stack(inputs, layer: Callable, stack_args, **kwargs):
    """Put a layer on itself with other arguments each time.

    ``stack(x, fully_connected, [32, 64])`` is a network of two hidden layers.

    Parameters
    ----------
    inputs : tensor
        What the first layer gets.
    layer : callable
        ``layer(inputs, *args, scope=..., **kwargs)`` -> what the next one gets.
    stack_args : list or tuple
        For each layer its arguments: a tuple of them, or the only one.
    **kwargs
        Arguments that all layers share. ``scope`` is what the variables' names begin with, by
        default ``stack``, numbered; the layers in it are ``<layer>_1``, ``<layer>_2`` and so on,
        or ``<scope>_1``, ... where it is given.

    Returns
    -------
    tensor
        What the last layer gives.

    Raises
    ------
    TypeError
        If ``stack_args`` is no list or tuple.

    Examples
    --------
    >>> import tensorflow as tf
    >>> from tflearnkit.layers import fully_connected
    >>> from tflearnkit.variables import Call, VariableStore
    >>> store = VariableStore()
    >>> with Call(store, "train", 0, 0).running():
    ...     hidden = stack(tf.ones([8, 4]), fully_connected, [10, 20, 10])
    >>> list(store.entries)[::2]
    ['stack/fully_connected_1/weights', 'stack/fully_connected_2/weights', \
'stack/fully_connected_3/weights']
    """
    if not isinstance(stack_args, list | tuple):
        raise TypeError(
            "stack_args should be a list or tuple with the arguments of each layer. Got "
            f"{stack_args!r}: give [{stack_args!r}] for one layer."
        )
    rows = [row if isinstance(row, list | tuple) else (row,) for row in stack_args]
    return _chained("stack", inputs, layer, rows, **kwargs)


def repeat(inputs, repetitions: int, layer: Callable, *args, **kwargs):
    """Put a layer on itself several times with the same arguments.

    Parameters
    ----------
    inputs : tensor
        What the first layer gets.
    repetitions : int
        How many layers, at least 1.
    layer : callable
        ``layer(inputs, *args, scope=..., **kwargs)`` -> what the next one gets.
    *args, **kwargs
        Its arguments. ``scope`` is what the variables' names begin with, by default ``repeat``,
        numbered; the layers in it are ``<layer>_1``, ``<layer>_2`` and so on, or ``<scope>_1``,
        ... where it is given.

    Returns
    -------
    tensor
        What the last layer gives.

    Raises
    ------
    ValueError
        If ``repetitions`` is below 1.

    Examples
    --------
    >>> import tensorflow as tf
    >>> from tflearnkit.layers import conv2d
    >>> from tflearnkit.variables import Call, VariableStore
    >>> store = VariableStore()
    >>> with Call(store, "train", 0, 0).running():
    ...     maps = repeat(tf.ones([8, 28, 28, 1]), 2, conv2d, 16, kernel_size=3, scope="conv1")
    >>> list(store.entries)[::2]
    ['conv1/conv1_1/weights', 'conv1/conv1_2/weights']
    """
    rows = [args] * at_least_one("repetitions", repetitions)
    return _chained("repeat", inputs, layer, rows, **kwargs)


def _chained(default_name: str, outputs, layer, rows, scope=None, **kwargs):
    """Call a layer with each row of arguments, on what the call before gave."""
    with variable_scope(scope, default_name):
        inner = scope or _name(layer, default_name)
        for number, row in enumerate(rows, start=1):
            outputs = layer(outputs, *row, scope=f"{inner}_{number}", **kwargs)
    return outputs


def _name(layer, default: str) -> str:
    """Return what a layer is called; a partial has the name of its function."""
    return getattr(getattr(layer, "func", layer), "__name__", default)
