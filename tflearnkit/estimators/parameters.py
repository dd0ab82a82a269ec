"""Checks of what a user sets: constructor parameters and the sizes that ``fit`` takes."""

from __future__ import annotations

import math
import os
from numbers import Integral, Real

from sklearn.utils._param_validation import (
    Interval,
    StrOptions,
    validate_parameter_constraints,
)

from tflearnkit import checkpoint
from tflearnkit.config import RunConfig
from tflearnkit.errors import did_you_mean
from tflearnkit.estimators.persistence import model_dir_of
from tflearnkit.monitors.base import BaseMonitor

__all__ = [
    "as_monitors",
    "check",
    "check_activation",
    "check_hidden_units",
    "check_sizes",
    "understood",
]

_POSITIVE = [Interval(Integral, 1, None, closed="left"), None]
_SHARE = [Interval(Real, 0, 1, closed="left"), None]
_NON_NEGATIVE = [Interval(Real, 0, None, closed="left")]

# What every estimator takes, in scikit-learn's notation.
_COMMON: dict = {
    "model_dir": [str, os.PathLike, None],
    "weight_column_name": [str, None],
    "config": [RunConfig, None],
    "gradient_clip_norm": [Interval(Real, 0, None, closed="neither"), None],
    "enable_centered_bias": ["boolean"],
    "l1_regularization": _NON_NEGATIVE,
    "l2_regularization": [*_NON_NEGATIVE, None],
    "learning_rate": [Interval(Real, 0, None, closed="neither"), callable, None],
    "steps": _POSITIVE,
    "epochs": _POSITIVE,
    "batch_size": _POSITIVE,
    "early_stopping": ["boolean"],
    "validation_fraction": [Interval(Real, 0, 1, closed="neither")],
    "n_iter_no_change": [Interval(Integral, 1, None, closed="left")],
    "random_state": ["random_state"],
    "verbose": ["verbose"],
    "n_classes": [Interval(Integral, 2, None, closed="left"), None],
    "class_weight": [dict, StrOptions({"balanced"}), None],
    "dropout": _SHARE,
    "dnn_dropout": _SHARE,
    "batch_norm": ["boolean"],
}
_SIZES = ("steps", "max_steps", "epochs", "batch_size")


def check(estimator, asked, method: str = "fit") -> None:
    """Check an estimator's parameters and what one of its methods was asked for.

    Raises
    ------
    ValueError
        In scikit-learn's sentence: which parameter, what it must be, what it is.
    """
    given = understood(estimator)
    rules = _COMMON | estimator._constraints
    constraints = {key: rule for key, rule in rules.items() if key in given}
    validate_parameter_constraints(
        constraints,
        {key: given[key] for key in constraints},
        caller_name=type(estimator).__name__,
    )
    check_sizes(estimator, method, **{name: getattr(asked, name) for name in _SIZES})
    _check_one_length(asked)
    _check_class_weight(given.get("class_weight"))
    _check_one_model_dir(estimator)
    if model_dir_of(estimator) is not None:
        checkpoint.check_writable(model_dir_of(estimator))


def understood(estimator) -> dict:
    """Return the parameters of an estimator that mean what they mean in all of them."""
    known = estimator._understood
    given = estimator.get_params(deep=False)
    return {key: value for key, value in given.items() if known is None or key in known}


def check_sizes(estimator, method: str, **sizes) -> None:
    """Check numbers of steps, epochs or rows that a method was given; None is none given."""
    caller = f"{type(estimator).__name__}.{method}"
    validate_parameter_constraints(dict.fromkeys(sizes, _POSITIVE), sizes, caller_name=caller)


def _check_one_length(asked) -> None:
    given = {name: getattr(asked, name) for name in ("steps", "max_steps", "epochs")}
    given = {name: value for name, value in given.items() if value is not None}
    if len(given) > 1:
        raise ValueError(
            f"Can not provide both {' and '.join(given)}. Got "
            f"{' and '.join(map(str, given.values()))}: steps counts from here, max_steps in all, "
            "epochs in passes over the data. Pass one of them."
        )


def _check_one_model_dir(estimator) -> None:
    own, config = estimator.model_dir, estimator.config
    other = None if config is None else config.model_dir
    if own is not None and other is not None and os.fspath(own) != os.fspath(other):
        raise ValueError(
            "model_dir are set both in constructor and RunConfig, but with different values: "
            f"{os.fspath(own)!r} and {os.fspath(other)!r}. Set one of them."
        )


def _check_class_weight(class_weight) -> None:
    if not isinstance(class_weight, dict):
        return
    for name, value in class_weight.items():
        if not isinstance(value, Real) or not 0 <= value < math.inf:
            raise ValueError(
                f"class_weight must give each class a finite number >= 0. Got {value!r} for "
                f"{name!r}. Give 0 to a class that is not to count."
            )


def as_monitors(monitors) -> tuple[BaseMonitor, ...]:
    """Return the monitors that ``fit`` was given as a tuple; None means none."""
    if monitors is None:
        return ()
    if not isinstance(monitors, list | tuple):
        raise ValueError(
            f"monitors must be a list of monitors. Got {monitors!r}: put it in a list, "
            "monitors=[...]."
        )
    for monitor in monitors:
        if not isinstance(monitor, BaseMonitor):
            raise ValueError(
                f"monitors must be a list of monitors. Got {monitor!r} in it. Make one, such as "
                "ValidationMonitor(X, y), or subclass EveryN."
            )
    return tuple(monitors)


def check_hidden_units(hidden_units, name: str = "hidden_units") -> tuple[int, ...]:
    """Return the widths of the hidden layers as a tuple of positive ints."""
    one = isinstance(hidden_units, Integral)
    units = (hidden_units,) if one else hidden_units
    listed = isinstance(units, list | tuple) or getattr(units, "ndim", 0) == 1
    if not listed or not all(_is_count(n) for n in units):
        raise ValueError(
            f"{name} must be positive ints, one for each layer. Got {hidden_units!r} instead: "
            "pass a tuple such as (128, 64)."
        )
    return tuple(int(n) for n in units)


def _is_count(n) -> bool:
    return isinstance(n, Integral) and not isinstance(n, bool) and n > 0


def check_activation(activation, name: str = "activation_fn"):
    """Return the activation if Keras knows it: a name, a function, or None."""
    import keras

    if activation is None or callable(activation):
        return activation
    known = {each for each in dir(keras.activations) if each.islower() and each[0] != "_"}
    known -= {"get", "serialize", "deserialize"}
    if not isinstance(activation, str) or activation not in known:
        raise ValueError(
            f"{name} must be a function or the name of one of Keras: "
            f"{', '.join(sorted(known))}. Got {activation!r} instead."
            f"{did_you_mean(activation, known)}"
        )
    return activation
