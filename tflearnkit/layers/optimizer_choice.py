"""What an optimizer and a learning rate that are given to a model function mean together."""

from __future__ import annotations

import inspect
import math
import numbers
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import keras
import numpy as np
import tensorflow as tf

from tflearnkit.optimizers import Optimizer, resolve_optimizer

__all__ = ["choose"]

# The rate that an optimizer is made with where each step sets another one.
_STAND_IN = 0.001


def choose(optimizer, rate) -> Optimizer:
    """Return what ``optimizer`` and ``learning_rate`` mean together.

    Functions may make Keras optimizers, which hold variables. Those must be none of the program
    that is being compiled, which only the thread that compiles it knows of.
    """
    with ThreadPoolExecutor(1) as elsewhere:
        return elsewhere.submit(_chosen, optimizer, rate).result()


def _chosen(optimizer, rate) -> Optimizer:
    _check_rate(rate)
    if isinstance(optimizer, str):
        found = resolve_optimizer(optimizer, None if tf.is_tensor(rate) else rate)
        return replace(found, rate=rate) if tf.is_tensor(rate) else found
    if isinstance(optimizer, keras.optimizers.Optimizer):
        _check_averages(optimizer)
        found = resolve_optimizer(optimizer)
        return found if _same(rate, found.rate) else resolve_optimizer(optimizer, rate)
    if callable(optimizer):
        return _called(optimizer, rate)
    raise ValueError(
        "optimizer should be a name, a Keras optimizer, its class, or a function that gives one. "
        f"Got {optimizer!r}: name one, such as 'Adam'."
    )


def _check_rate(rate) -> None:
    if rate is None or isinstance(rate, keras.optimizers.schedules.LearningRateSchedule):
        return
    if tf.is_tensor(rate) and rate.shape.rank == 0 and rate.dtype.is_floating:
        return
    if isinstance(rate, numbers.Real) and 0 < rate < math.inf:
        return
    raise ValueError(
        "learning_rate should be a number above 0, a scalar tensor or a Keras schedule. Got "
        f"{rate!r}: pass one, such as 0.01; a function of the step is a learning_rate_decay_fn."
    )


def _called(function, rate) -> Optimizer:
    """Return what a class or a function gives for a learning rate, which may move."""
    moves = rate is not None and not isinstance(rate, numbers.Real)
    arguments = () if rate is None else (_STAND_IN if moves else float(rate),)
    try:
        inspect.signature(function).bind(*arguments)
    except TypeError as error:
        wanted = "no argument as learning_rate is None" if rate is None else "the learning rate"
        raise ValueError(
            f"An optimizer that is a function should take {wanted}. Called so, {function!r} is "
            f"{error}: change it, or learning_rate."
        ) from error
    made = function(*arguments)
    if not isinstance(made, keras.optimizers.Optimizer):
        raise ValueError(
            f"An optimizer that is a function should return a Keras optimizer. {function!r} "
            f"returned {made!r}: return one, such as keras.optimizers.SGD(rate)."
        )
    _check_averages(made)
    found = resolve_optimizer(made)
    if not moves:
        return found
    if not _same(_STAND_IN, found.rate):
        raise ValueError(
            "An optimizer that is a function should use a learning rate that moves as it is. "
            f"{function!r} changes it: do so in learning_rate or learning_rate_decay_fn."
        )
    return replace(found, rate=rate)


def _check_averages(optimizer) -> None:
    """Refuse averages of weights that nothing would read."""
    if optimizer.use_ema and not optimizer.ema_overwrite_frequency:
        raise ValueError(
            "optimizer should say when averages replace the weights that they are of. Got "
            f"{optimizer.name!r} with use_ema=True and no ema_overwrite_frequency: set it, or put "
            "the layers into layers.moving_averages instead."
        )


def _same(rate, own) -> bool:
    """Return whether a rate, where one is given, is that which a Keras optimizer has."""
    if rate is None:
        return True
    numbers_both = isinstance(rate, numbers.Real) and isinstance(own, numbers.Real)
    return numbers_both and np.float32(rate) == np.float32(own)  # Keras keeps float32
