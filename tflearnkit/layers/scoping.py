"""Arguments for many layers at once: `arg_scope`."""

from __future__ import annotations

import functools
import inspect
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

from tflearnkit.errors import did_you_mean

__all__ = ["add_arg_scope", "arg_scope"]

_thread = threading.local()


def _defaults() -> dict[Callable, dict]:
    """Return the arguments in force in this thread, by layer."""
    return getattr(_thread, "defaults", {})


def add_arg_scope(layer: Callable) -> Callable:
    """Make a function of your own one that `arg_scope` can give arguments to.

    Parameters
    ----------
    layer : callable

    Returns
    -------
    callable
        The function; what `arg_scope` says stands in for arguments that it is called without.

    Examples
    --------
    >>> @add_arg_scope
    ... def scaled(inputs, factor=1):
    ...     return inputs * factor
    >>> with arg_scope([scaled], factor=3):
    ...     scaled(2), scaled(2, 5), scaled(2, factor=7)
    (6, 10, 14)
    """
    signature = inspect.signature(layer)

    @functools.wraps(layer)
    def scoped(*args, **kwargs):
        defaults = _defaults().get(scoped)
        if defaults:
            given = signature.bind_partial(*args).arguments
            unset = {name: value for name, value in defaults.items() if name not in given}
            kwargs = {**unset, **kwargs}
        return layer(*args, **kwargs)

    scoped.takes_arg_scope = True
    return scoped


@contextmanager
def arg_scope(list_of_layers, **defaults) -> Iterator[dict]:
    """Give layers arguments that they have wherever they are called inside.

    For what a whole network shares, such as a regularizer or a normaliser. Scopes nest: the
    innermost one wins, and an argument in the call itself wins over all.

    Parameters
    ----------
    list_of_layers : list or tuple of callables, or dict
        Layers of this package, and functions made with `add_arg_scope`. A dict is what an earlier
        ``arg_scope`` yielded: it holds again, in place of the scopes around.
    **defaults
        The arguments.

    Yields
    ------
    dict
        All arguments in force, for ``arg_scope(scope)`` elsewhere.

    Raises
    ------
    TypeError
        If ``list_of_layers`` is something else, or a layer does not take an argument.
    ValueError
        If something in the list takes no arguments from scopes, or arguments come with a dict.

    Examples
    --------
    >>> import tensorflow as tf
    >>> from tflearnkit.layers import fully_connected, l2_regularizer
    >>> from tflearnkit.variables import Call, VariableStore
    >>> with Call(VariableStore(), "train", 0, 0).running() as call:
    ...     with arg_scope([fully_connected], weights_regularizer=l2_regularizer(0.1)):
    ...         hidden = fully_connected(tf.ones([8, 4]), 16)
    ...         hidden = fully_connected(hidden, 16, weights_regularizer=None)
    >>> len(call.regularization)
    1
    """
    before = _defaults()
    _thread.defaults = _opened(before, list_of_layers, defaults)
    try:
        yield _thread.defaults
    finally:
        _thread.defaults = before


def _opened(before: dict, layers, defaults: Mapping) -> dict:
    """Return the arguments in force in a scope within one where those of ``before`` are."""
    if isinstance(layers, Mapping):
        if defaults:
            raise ValueError(
                "arg_scope of a saved scope should have no other arguments. Got "
                f"{', '.join(defaults)}: open a second arg_scope inside for them."
            )
        return dict(layers)
    if not isinstance(layers, list | tuple):
        raise TypeError(
            f"arg_scope expects a list of layers, or a saved scope. Got {layers!r}: put it into a "
            "list."
        )
    opened = dict(before)
    for layer in layers:
        _check_takes(layer, defaults)
        opened[layer] = {**opened.get(layer, {}), **defaults}
    return opened


def _check_takes(layer, defaults: Mapping) -> None:
    name = getattr(layer, "__name__", repr(layer))
    if not getattr(layer, "takes_arg_scope", False):
        raise ValueError(
            f"arg_scope expects layers of tflearnkit.layers. Got {name}: decorate a function of "
            "your own with add_arg_scope."
        )
    known = inspect.signature(layer).parameters
    if any(parameter.kind is parameter.VAR_KEYWORD for parameter in known.values()):
        return
    for argument in defaults:
        if argument not in known:
            raise TypeError(
                f"arg_scope expects arguments that {name} has. Got {argument!r}: open another "
                f"scope for the layers that take it.{did_you_mean(argument, known)}"
            )
