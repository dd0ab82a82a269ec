"""Keras models as model functions make them: by a seed, with names that count from one."""

from __future__ import annotations

import random
import threading
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager

from tflearnkit.engines.layout import Layout
from tflearnkit.model_function import ModelFunction

__all__ = ["check_apart", "fresh_names", "new_model", "seeded"]

_STEPS = ("train_step", "test_step", "predict_step")
_seeding = threading.RLock()  # a builder may fit another model


def new_model(function: ModelFunction, layout: Layout, rows: int, seed: int):
    """Return a model that the function makes, with all its variables.

    Parameters
    ----------
    function : ModelFunction
        Called outside of any graph, with a batch of zeros where it takes one.
    layout : Layout
    rows : int
        Rows of that batch.
    seed : int
        Decides initial weights and what layers draw, unless they have seeds of their own.

    Raises
    ------
    ValueError
        If there is no model, or one that would be trained otherwise than it says.
    """
    import keras
    import tensorflow as tf

    with tf.init_scope(), seeded(seed), fresh_names():
        zeros = [shape.zeros(rows) for shape in (*layout.features, *layout.targets)]
        features, targets = layout.joined(zeros)
        model = function.model(features, targets, tf.ones([rows]))
        _check_steps(model, function)
        features, _ = function.engineered(features, targets)
        with function.noting("train"):
            model(keras.tree.map_structure(_symbol, features), training=True)  # makes variables
        if model.compiled:
            _check_optimizer(model, function)
            model.optimizer.build(model.trainable_variables)
    return model


def check_apart(model, other, function: ModelFunction) -> None:
    """Check that two models of a function have no weights in common that training changes."""
    known = {id(variable) for variable in other.trainable_variables}
    shared = [each.path for each in model.trainable_variables if id(each) in known]
    if shared:
        raise ValueError(
            f"{function.called} should make new layers in each call, as each fit begins afresh. "
            f"Got {shared[0]!r} in two of them: make it inside the function, or set its layer's "
            "trainable to False."
        )


@contextmanager
def fresh_names() -> Iterator[None]:
    """Let Keras number the names that it gives as in a new process, and go on as before after."""
    from keras.src.backend.common import global_state

    before = global_state.get_global_attribute(_COUNTERS)
    global_state.set_global_attribute(_COUNTERS, defaultdict(int))
    try:
        yield
    finally:
        global_state.set_global_attribute(_COUNTERS, before)


_COUNTERS = "object_name_uids"


@contextmanager
def seeded(seed: int) -> Iterator[None]:
    """Let the seeds that Keras draws, from Python's generator, depend on ``seed`` alone."""
    with _seeding:
        before = random.getstate()
        random.seed(seed)
        try:
            yield
        finally:
            random.setstate(before)


def _symbol(tensor):
    """Return what Keras takes for a tensor whose numbers are not known yet."""
    import keras

    return keras.KerasTensor((None, *tensor.shape[1:]), tensor.dtype.name)


def _check_steps(model, function: ModelFunction) -> None:
    import keras

    own = [name for name in _STEPS if getattr(type(model), name) is not getattr(keras.Model, name)]
    if own:
        raise ValueError(
            f"{function.called} should return a Keras model whose steps are those of Keras. Got "
            f"{type(model).__name__} with its own {own[0]}, which would not be run: override "
            "compute_loss instead, or return (predictions, loss, train_op)."
        )


def _check_optimizer(model, function: ModelFunction) -> None:
    optimizer = model.optimizer
    if optimizer is None:
        raise ValueError(
            f"{function.called} should compile its Keras model with an optimizer. Got None: name "
            "one, such as 'adam'."
        )
    if getattr(optimizer, "use_ema", False) and not optimizer.ema_overwrite_frequency:
        raise ValueError(
            f"{function.called} should say when averages replace the weights that they are of. "
            f"Got {optimizer.name!r} with use_ema=True, and None: set ema_overwrite_frequency."
        )
