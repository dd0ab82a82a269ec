"""How weights begin, under their old names: functions of a NumPy generator and a shape."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from tflearnkit.initializers import glorot_uniform, truncated_normal

__all__ = ["variance_scaling_initializer", "xavier_initializer"]

_KEPT = 0.774  # the variance of a normal distribution that is cut off beyond two deviations
_MODES = ("FAN_IN", "FAN_OUT", "FAN_AVG")


def variance_scaling_initializer(
    factor: float = 2.0, mode: str = "FAN_IN", uniform: bool = False, seed: int | None = None
) -> Callable:
    """Return an initializer of the variance ``factor / n``, which keeps signals from fading.

    The defaults are those of He et al. (2015) for layers followed by relu.

    Parameters
    ----------
    factor : float, default=2.0
        Above 0.
    mode : {'FAN_IN', 'FAN_OUT', 'FAN_AVG'}, default='FAN_IN'
        ``n`` is the number of inputs of a unit, of its outputs, or the mean of both. All axes but
        the last two are places of a filter: each sees all inputs and outputs.
    uniform : bool, default=False
        Draw uniform values instead of normal ones, which are redrawn beyond two deviations.
    seed : int, optional
        Decides the values. None leaves that to the estimator's ``random_state``.

    Returns
    -------
    callable
        ``f(rng, shape)`` for a layer's ``weights_initializer``.

    Raises
    ------
    ValueError
        If ``factor`` is not above 0, or ``mode`` is none.

    Examples
    --------
    >>> weights = variance_scaling_initializer()(np.random.default_rng(0), (50, 400))
    >>> round(float(weights.var()) * 50, 1)
    2.0
    """
    if not factor > 0:
        raise ValueError(f"factor should be above 0. Got {factor!r}: give factor=1.0.")
    if mode not in _MODES:
        raise ValueError(f"mode should be one of {', '.join(_MODES)}. Got {mode!r}: give one.")

    def initial(rng, shape):
        rng = rng if seed is None else np.random.default_rng(seed)
        variance = factor / _fan(shape, mode)
        if not uniform:
            return truncated_normal(np.sqrt(variance / _KEPT))(rng, shape)
        limit = np.sqrt(3.0 * variance)
        return rng.uniform(-limit, limit, shape).astype(np.float32)

    return initial


def xavier_initializer(uniform: bool = True, seed: int | None = None) -> Callable:
    """Return the initializer of Glorot and Bengio (2010), which layers take where none is given.

    Parameters
    ----------
    uniform : bool, default=True
        Draw uniform values; False takes normal ones, which are redrawn beyond two deviations.
    seed : int, optional
        Decides the values. None leaves that to the estimator's ``random_state``.

    Returns
    -------
    callable
        ``f(rng, shape)`` for a layer's ``weights_initializer``.

    Examples
    --------
    >>> weights = xavier_initializer()(np.random.default_rng(0), (300, 100))
    >>> round(float(weights.var()) * 200, 1)
    1.0
    """
    if uniform and seed is None:  # the very draws of a layer that is given no initializer
        return glorot_uniform
    return variance_scaling_initializer(1.0, "FAN_AVG", uniform, seed)


def _fan(shape, mode: str) -> float:
    """Return how many inputs, outputs, or both on average, a unit of weights has."""
    places = np.prod(shape[:-2])
    fan_in, fan_out = places * shape[-2 if len(shape) > 1 else 0], places * shape[-1]
    return {"FAN_IN": fan_in, "FAN_OUT": fan_out, "FAN_AVG": (fan_in + fan_out) / 2}[mode]
