"""Optimizers: a name, Keras object, schedule or function -> one `Optimizer` that Keras runs.

The update rules are Keras'. What stands here is how users may name them, which learning rate
a name means, and how the rate moves over the steps of a fit. Rates are computed outside the
compiled program and passed in, so that two fits that differ only in the learning rate share
one program.
"""

from __future__ import annotations

import inspect
import json
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from tflearnkit.errors import did_you_mean

__all__ = ["Optimizer", "resolve_optimizer"]


@dataclass(frozen=True)
class _Named:
    """What a name stands for: the Keras class, its settings, and the rates of deep and wide parts.

    Wide parts start at zero and have one convex optimum, so that they bear larger rates.
    """

    keras_name: str
    deep_rate: float
    wide_rate: float
    settings: dict = field(default_factory=dict)


_NAMED = {
    "SGD": _Named("SGD", 0.05, 0.2),
    "Momentum": _Named("SGD", 0.01, 0.05, {"momentum": 0.9}),
    "Adagrad": _Named("Adagrad", 0.05, 0.2),
    "Adadelta": _Named("Adadelta", 1.0, 1.0),
    "Adam": _Named("Adam", 0.001, 0.02),
    "AdamW": _Named("AdamW", 0.001, 0.02),
    "RMSProp": _Named("RMSprop", 0.001, 0.01),
    "Ftrl": _Named("Ftrl", 0.05, 0.2),
    "Lion": _Named("Lion", 0.0003, 0.005),
}

# Where a decaying rate starts, of deep parts, of wide parts beside one, and of wide parts alone; it
# may start higher than a constant one, and in short fits, which have less time to get anywhere, up
# to five times as high.
_DECAYING_FROM = {"deep": 0.002, "wide": 0.005, "linear": 0.05}
_SHORT_FITS = 5


@dataclass(frozen=True)
class Optimizer:
    """A Keras optimizer waiting to be built, and its learning rate over the steps.

    Attributes
    ----------
    build : callable () -> keras.optimizers.Optimizer
        Makes a fresh optimizer.
    signature : hashable
        Equal for optimizers that may share one compiled program: all settings but the rate.
    rate : float, callable or None
        A constant, a Keras schedule (a function of the step), or None where the Keras object
        keeps a schedule of its own.
    decays : bool
        Whether the rate falls to zero along a half cosine over the planned steps of a fit.
    most : float
        How far a decaying rate may start above ``rate`` where few steps are planned.
    """

    build: Callable[[], Any]
    signature: Any
    rate: Any
    decays: bool = False
    most: float = 0.0

    def rates(self, first: int, count: int, plan: tuple[int, int] | None) -> np.ndarray:
        """Return the learning rates of ``count`` steps, the first numbered ``first`` from 0.

        ``plan`` holds the first and the last step (exclusive) that a decaying rate spans.
        """
        if self.rate is None:
            return np.zeros(count, np.float32)
        steps = np.arange(first, first + count)
        if callable(self.rate):
            return np.array([_rate_at(self.rate, step) for step in steps], np.float32)
        if not self.decays or plan is None:
            return np.full(count, self.rate, np.float32)
        start, stop = plan
        peak = max(self.rate, min(self.most, 1 / (stop - start)))
        done = np.clip((steps - start) / max(stop - start, 1), 0, 1)
        warm = np.minimum(1.0, (steps - start + 1) / max(1.0, 0.05 * (stop - start)))
        return (peak * warm * 0.5 * (1 + np.cos(np.pi * done))).astype(np.float32)


def _rate_at(schedule, step: int) -> float:
    found = schedule(step)
    try:
        rate = float(found)
    except (TypeError, ValueError):
        rate = np.nan
    if not 0 <= rate < np.inf:
        raise ValueError(
            f"A schedule of learning rates must give a finite number >= 0 for each step. Got "
            f"{found!r} for step {step}. Correct the schedule."
        )
    return rate


def resolve_optimizer(given, learning_rate=None, *, default="Adam", part="deep") -> Optimizer:
    """Return the `Optimizer` that a constructor argument means.

    Parameters
    ----------
    given : None, str, Keras optimizer, Keras schedule, or function without arguments
        None means ``default`` with a rate that falls to zero over the planned steps; a schedule
        means ``default`` at the rates of the schedule; a function returns any of the others.
    learning_rate : float > 0, Keras schedule or None
        The rate of a named optimizer; None means the name's own.
    default : str
        The name that None and schedules stand for.
    part : {"deep", "wide", "linear"}
        What the optimizer trains: a network, a linear part beside one, or one alone. Linear parts
        bear larger rates.

    Raises
    ------
    ValueError
        If the name is unknown, the rate is not positive, or a rate accompanies a Keras optimizer.
    """
    import keras

    schedule = keras.optimizers.schedules.LearningRateSchedule
    if isinstance(given, schedule):
        _refuse_rate(given, learning_rate)
        return _named(default, given, part)
    if given is None and learning_rate is None:
        rate = _DECAYING_FROM[part]
        return replace(_named(default, rate, part, decays=True), most=_SHORT_FITS * rate)
    if given is None:
        return _named(default, learning_rate, part, decays=not callable(learning_rate))
    if isinstance(given, str):
        return _named(given, learning_rate, part)
    if isinstance(given, keras.optimizers.Optimizer):
        return _from_keras(given, learning_rate)
    if callable(given) and not inspect.isclass(given):
        _check_takes_nothing(given)
        return resolve_optimizer(given(), learning_rate, default=default, part=part)
    raise ValueError(
        "optimizer must be a name, a Keras optimizer, a Keras learning-rate schedule or a "
        f"function without arguments that returns one of these. Got {given!r} instead. "
        f"Names: {', '.join(_NAMED)}."
    )


def _check_takes_nothing(function) -> None:
    try:
        inspect.signature(function).bind()
    except TypeError as error:
        raise ValueError(
            f"An optimizer that is a function must take no arguments; called so, {function!r} is "
            f"{error}. Wrap it: optimizer=lambda: f(...)."
        ) from error


def _named(name: str, rate, part: str, decays: bool = False) -> Optimizer:
    import keras

    if name not in _NAMED:
        raise ValueError(
            f"optimizer must be one of {', '.join(_NAMED)}. Got {name!r} instead."
            f"{did_you_mean(name, _NAMED)}"
        )
    named = _NAMED[name]
    if rate is None:
        rate = named.deep_rate if part == "deep" else named.wide_rate
    elif not callable(rate) and not rate > 0:
        raise ValueError(f"learning_rate must be positive. Got {rate!r} instead.")
    keras_class = getattr(keras.optimizers, named.keras_name)
    return Optimizer(lambda: keras_class(0.001, **named.settings), name, rate, decays)


def _refuse_rate(given, learning_rate) -> None:
    if learning_rate is not None:
        raise ValueError(
            "learning_rate goes with an optimizer given by name. Got "
            f"{type(given).__name__} and learning_rate={learning_rate!r}. "
            "Set the rate in the Keras object, or name the optimizer."
        )


def _from_keras(optimizer, learning_rate) -> Optimizer:
    _refuse_rate(optimizer, learning_rate)
    keras_class, config = type(optimizer), optimizer.get_config()
    rate = config["learning_rate"]
    if isinstance(rate, dict):  # a schedule, which the Keras object evaluates itself
        rate = None
    else:
        config["learning_rate"] = 0.001
    signature = (keras_class, json.dumps(config, sort_keys=True, default=repr))
    return Optimizer(lambda: keras_class.from_config(config), signature, rate)
