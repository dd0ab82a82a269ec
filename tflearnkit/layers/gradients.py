"""What is done to gradients before an optimizer takes them: noise, multipliers, clipping."""

from __future__ import annotations

import math
import numbers
from collections.abc import Callable, Mapping

import numpy as np
import tensorflow as tf

from tflearnkit.draws import uniform
from tflearnkit.errors import did_you_mean, listing
from tflearnkit.variables import Call, current_call, get_variable, variable_scope

__all__ = ["adaptive_clipping_fn", "clipped", "multiplied", "name_of", "noisy"]


def adaptive_clipping_fn(
    std_factor: float = 2.0,
    decay: float = 0.95,
    static_max_norm: float | None = None,
    global_step=None,
    report_summary: bool = False,
    epsilon: float = 1e-8,
    name: str | None = None,
) -> Callable:
    """Return a ``clip_gradients`` that shortens gradients which are long for this training.

    Moving averages of the logarithm of the global norm and of its square say what is usual.
    Gradients whose norm is above ``exp(mean + std_factor * deviation)`` are shortened to the
    usual one, ``exp(mean)``. Choose it where no fixed norm fits all of a training.

    Parameters
    ----------
    std_factor : float, default=2.0
        How many standard deviations above the mean are still usual.
    decay : float in [0, 1), default=0.95
        Of the moving averages.
    static_max_norm : float, optional
        A norm that is never exceeded.
    global_step : integer scalar tensor, optional
        With it, the averages adapt faster in the first steps: by ``min(decay, n / (n + 1))``.
    report_summary : bool, default=False
        Whether TensorBoard shows the largest usual norm.
    epsilon : float, default=1e-8
        Keeps the logarithm, and the variance away from 0.
    name : str, optional
        Scope of the averages, instead of ``AdaptiveMaxNorm``.

    Returns
    -------
    callable
        From a list of (gradient, variable) to such a list.

    Examples
    --------
    >>> from tflearnkit.variables import VariableStore
    >>> clip = adaptive_clipping_fn(static_max_norm=2.5)
    >>> with Call(VariableStore(), "train", 0, 0).running():
    ...     (shortened, _), = clip([(tf.constant([3.0, 4.0]), None)])
    >>> round(float(tf.norm(shortened)), 2)
    1.08
    """

    def clip(gradients_and_variables):
        gradients, variables = zip(*gradients_and_variables, strict=True)
        norm = tf.linalg.global_norm(gradients)
        with variable_scope(name, "AdaptiveMaxNorm") as scope:
            by = decay
            if global_step is not None:
                taken = tf.cast(global_step, tf.float32)
                by = tf.minimum(decay, taken / (taken + 1.0))
            log_norm = tf.math.log(norm + epsilon)
            mean = _moving_average("mean", log_norm, by)
            square = _moving_average("sq_mean", tf.square(log_norm), by)
        deviation = tf.sqrt(tf.maximum(epsilon, square - tf.square(mean)))
        usual = tf.exp(mean + std_factor * deviation)
        if report_summary:
            current_call().summaries[f"{scope}/max_norm"] = usual
        factor = tf.where(norm < usual, 1.0, tf.exp(mean) / norm)
        if static_max_norm is not None:
            factor = tf.minimum(factor, tf.math.divide_no_nan(static_max_norm, norm))
        return [
            (gradient * tf.cast(factor, gradient.dtype), variable)
            for gradient, variable in zip(gradients, variables, strict=True)
        ]

    return clip


def _moving_average(name: str, value, decay):
    """Return the average that a variable keeps, with ``value`` now part of it."""
    average = get_variable(name, initializer=np.float32(0), trainable=False)
    found = decay * average + (1.0 - decay) * value
    average.assign(found)
    return found


def noisy(gradients: list, scale: float | None, call: Call) -> list:
    """Return gradients with normal noise added, where there is a ``scale`` of it."""
    if scale is None:
        return gradients
    return [
        gradient + tf.cast(scale * _normal(tf.shape(gradient), call), gradient.dtype)
        for gradient in gradients
    ]


def _normal(shape, call: Call):
    """Draw from the standard normal distribution by Box and Muller's method."""
    radius = tf.sqrt(-2.0 * tf.math.log(1.0 - uniform(shape, call.next_key())))
    return radius * tf.cos(2.0 * math.pi * uniform(shape, call.next_key()))


def multiplied(gradients: list, variables, multipliers: Mapping | None, call: Call) -> list:
    """Return gradients times what there is for their variables."""
    if multipliers is None:
        return gradients
    factors = {_key(key): factor for key, factor in multipliers.items()}
    names = [name_of(variable) for variable in variables]
    for unknown in factors.keys() - {*names, *call.store.entries}:
        raise ValueError(
            f"gradient_multipliers should name variables that are trained: {listing(names)}. Got "
            f"{unknown!r}: leave it out or correct it.{did_you_mean(unknown, names)}"
        )
    return [
        gradient * tf.cast(factors[name], gradient.dtype) if name in factors else gradient
        for gradient, name in zip(gradients, names, strict=True)
    ]


def _key(key) -> str:
    if isinstance(key, str):
        return key.removesuffix(":0")
    return name_of(key.deref() if hasattr(key, "deref") else key)


def clipped(gradients: list, variables: list, clip) -> tuple[list, list]:
    """Return gradients shortened to a global norm, or what a function makes of them."""
    if clip is None:
        return gradients, variables
    if callable(clip):
        gradients, variables = zip(*clip(list(zip(gradients, variables, strict=True))), strict=True)
        return list(gradients), list(variables)
    if not isinstance(clip, numbers.Real) or not clip > 0:
        raise ValueError(
            f"clip_gradients should be a norm above 0 or a function. Got {clip!r}: pass a number, "
            "or None not to clip."
        )
    return tf.clip_by_global_norm(gradients, clip)[0], variables


def name_of(variable) -> str:
    """Return how users name a variable: by its scope, or its path in a Keras layer."""
    return getattr(variable, "path", None) or variable.name.removesuffix(":0")
