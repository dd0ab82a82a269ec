"""Checks of what a user sets: constructor parameters and the sizes that ``fit`` takes."""

from __future__ import annotations

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

__all__ = ["check", "check_activation", "check_hidden_units"]

_POSITIVE = [Interval(Integral, 1, None, closed="left"), None]
_NON_NEGATIVE = [Interval(Real, 0, None, closed="left")]

# What every estimator takes, in scikit-learn's notation.
_COMMON: dict = {
    "model_dir": [str, os.PathLike, None],
    "weight_column_name": [str, None],
    "config": [RunConfig, None],
    "gradient_clip_norm": [Interval(Real, 0, None, closed="neither"), None],
    "enable_centered_bias": ["boolean"],
    "l1_regularization": _NON_NEGATIVE,
    "l2_regularization": _NON_NEGATIVE,
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
    "dropout": [Interval(Real, 0, 1, closed="left"), None],
    "batch_norm": ["boolean"],
}
_REQUEST = {
    "steps": _POSITIVE,
    "max_steps": _POSITIVE,
    "epochs": _POSITIVE,
    "batch_size": _POSITIVE,
}


def check(estimator, asked) -> None:
    """Check an estimator's parameters and what ``fit`` was asked for.

    Raises
    ------
    ValueError
        In scikit-learn's sentence: which parameter, what it must be, what it is.
    """
    name = type(estimator).__name__
    given = estimator.get_params(deep=False)
    constraints = {key: rule for key, rule in _COMMON.items() if key in given}
    validate_parameter_constraints(
        constraints, {key: given[key] for key in constraints}, caller_name=name
    )
    sizes = {key: getattr(asked, key) for key in _REQUEST}
    validate_parameter_constraints(_REQUEST, sizes, caller_name=f"{name}.fit")
    _check_one_length(asked)
    _check_monitors(asked.monitors)
    _check_one_model_dir(estimator)
    if model_dir_of(estimator) is not None:
        checkpoint.check_writable(model_dir_of(estimator))


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


def _check_monitors(monitors) -> None:
    for monitor in monitors:
        if not isinstance(monitor, BaseMonitor):
            raise ValueError(
                f"monitors must be a list of monitors. Got {monitor!r} in it. Make one, such as "
                "ValidationMonitor(X, y), or subclass EveryN."
            )


def check_hidden_units(hidden_units) -> tuple[int, ...]:
    """Return the widths of the hidden layers as a tuple of positive ints."""
    units = (hidden_units,) if isinstance(hidden_units, Integral) else tuple(hidden_units)
    if not all(isinstance(n, Integral) and not isinstance(n, bool) and n > 0 for n in units):
        raise ValueError(
            f"hidden_units must be positive ints, one for each layer. Got {hidden_units!r} "
            "instead."
        )
    return tuple(int(n) for n in units)


def check_activation(activation):
    """Return the activation if Keras knows it: a name, a function, or None."""
    import keras

    if activation is None or callable(activation):
        return activation
    known = [name for name in dir(keras.activations) if name.islower() and name[0] != "_"]
    if not isinstance(activation, str) or activation not in known:
        raise ValueError(
            "Activation name should be one of "
            f"{', '.join(sorted(set(known) - {'get', 'serialize', 'deserialize'}))}. Got "
            f"{activation!r} instead.{did_you_mean(activation, known)}"
        )
    return activation
