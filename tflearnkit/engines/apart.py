"""Variables that a model function makes by itself, past its store."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from tflearnkit.errors import listing

__all__ = ["made_apart", "refuse"]

_OF_OPTIMIZERS = ("iteration", "learning_rate")  # what a Keras optimizer makes before it is used


@contextmanager
def made_apart(store, plain: type) -> Iterator[list[str]]:
    """Yield the names of the variables that the block makes by itself, not for ``store``.

    ``plain`` is the class of variables that were made outside of any graph, which asks no creator.
    All are made outside of the graph, so that the block can go on: an optimizer is taken by what
    it was configured with, and a Keras model is made again.
    """
    import tensorflow as tf

    names: list[str] = []

    def at_once(next_creator, initial_value=None, name=None, **words):
        if store.is_making:
            return next_creator(initial_value=initial_value, name=name, **words)
        if name not in _OF_OPTIMIZERS:
            names.append(str(name))
        kept = {key: words[key] for key in ("trainable", "dtype", "shape") if key in words}
        value = initial_value
        if not callable(value):
            value = tf.get_static_value(value)
        with tf.init_scope():
            return plain(value, name=name, **kept)

    try:
        with tf.variable_creator_scope(at_once):
            yield names
    except Exception as error:
        if names:
            error.add_note(_advice(names))
        raise


def refuse(names: list[str], function) -> None:
    """Refuse variables that were made apart: every call would make them anew."""
    if names:
        raise ValueError(f"{function.called} should keep its variables. {_advice(names)}")


def _advice(names) -> str:
    return (
        f"It made {listing(sorted(set(names)))} by itself, which every call would make anew. Make "
        "variables by tflearnkit.layers or variables.get_variable, and return a keras.Model where "
        "layers are those of Keras."
    )
