"""What a model function is, is called with, and returns."""

from __future__ import annotations

import functools
import inspect
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from tflearnkit.errors import did_you_mean, listing
from tflearnkit.variables import ModeKeys

__all__ = ["ModelFnOps", "ModelFunction", "is_keras_model"]

_WEIGHTS = ("sample_weight", "weights")
_SETTINGS = ("params", "config", "model_dir")
_BY_NAME = ("mode", *_SETTINGS, *_WEIGHTS)
_OF_A_BATCH = ("features", "targets", "labels", "mode", *_WEIGHTS)


@dataclass(frozen=True)
class ModelFnOps:
    """What a model function returns: what to predict, to minimise, and to run in a step.

    A tuple ``(predictions, loss, train_op)`` does as well; use this one to add metrics, or to
    leave out what a mode does not need.

    Parameters
    ----------
    mode : str
        One of `ModeKeys`: what the function was called for.
    predictions : tensor or dict of str to tensor, optional
        With a row for each row of the features. Needed in EVAL and INFER.
    loss : scalar tensor, optional
        Needed in TRAIN and EVAL.
    train_op : tensor or operation, optional
        What `layers.optimize_loss` returns, or any other step. Needed in TRAIN.
    eval_metric_ops : dict of str to metric, optional
        What ``evaluate`` adds: pairs of a ``metrics.streaming_*`` function, or scalar tensors,
        which are averaged over the batches by their rows.

    Raises
    ------
    ValueError
        If what the mode needs is missing.

    Examples
    --------
    >>> from tflearnkit import ModeKeys
    >>> ModelFnOps(ModeKeys.INFER, predictions={"class": [1, 2]}).predictions
    {'class': [1, 2]}
    """

    mode: str
    predictions: Any = None
    loss: Any = None
    train_op: Any = None
    eval_metric_ops: Mapping = field(default_factory=dict)

    def __post_init__(self):
        if self.mode not in (ModeKeys.TRAIN, ModeKeys.EVAL, ModeKeys.INFER):
            raise ValueError(
                f"mode should be one of ModeKeys.TRAIN, EVAL and INFER. Got {self.mode!r}."
            )
        if self.mode == ModeKeys.TRAIN and self.train_op is None:
            raise ValueError(
                "Missing train_op. In TRAIN a model function should return a step, such as "
                "layers.optimize_loss(loss, ...). Got None."
            )
        if self.mode != ModeKeys.INFER and self.loss is None:
            raise ValueError(
                f"Missing loss. In {self.mode.upper()} a model function should return a scalar "
                "loss. Got None: compute it from the targets."
            )
        if self.mode != ModeKeys.TRAIN and self.predictions is None:
            raise ValueError(
                f"Missing predictions. In {self.mode.upper()} a model function should return a "
                "tensor of predictions, or a dict of them. Got None."
            )
        if not isinstance(self.eval_metric_ops, Mapping):
            raise ValueError(
                "eval_metric_ops should be a dict of metrics by name. Got "
                f"{type(self.eval_metric_ops).__name__}."
            )


class ModelFunction:
    """A user's function, and how it is called.

    Parameters
    ----------
    function : callable
        ``f(features, targets)`` with any of ``mode``, ``params``, ``config``, ``model_dir`` and
        ``sample_weight``, recognised by their names. Or a builder, which takes none but ``params``,
        ``config``, ``model_dir`` and entries of ``params`` by their names, and returns a Keras
        model.
    params : dict, optional
    feature_engineering_fn : callable, optional
        ``(features, targets) -> (features, targets)``, called first in every mode.
    config, model_dir : optional
        Passed on where the function asks for them.

    Raises
    ------
    ValueError
        If the function does not take what it must, or takes no ``params`` that are given.

    Examples
    --------
    >>> def build(units):
    ...     return f"a Keras model of {units} units"
    >>> function = ModelFunction(build, params={"units": 8})
    >>> function.is_builder, function(None, None, None, ModeKeys.TRAIN)
    (True, 'a Keras model of 8 units')
    """

    def __init__(
        self, function, params=None, feature_engineering_fn=None, config=None, model_dir=None
    ):
        if not callable(function) or is_keras_model(function):
            raise ValueError(
                "model_fn should be a function (features, targets[, mode[, params]]), or one that "
                f"builds a Keras model. Got {function!r}."
            )
        self.function, self.engineer = function, feature_engineering_fn
        self.given = {"params": params, "config": config, "model_dir": model_dir}
        self.names = _parameters(function)
        self.is_builder = _takes_no_batch(self.names, params)
        if self.is_builder:
            self._check_builder(params)
        else:
            self._check(params)

    @property
    def called(self) -> str:
        """How messages call the function."""
        inner = self.function
        while isinstance(inner, functools.partial):
            inner = inner.func
        return f"Model function {getattr(inner, '__name__', type(inner).__name__)!r}"

    @property
    def takes_weights(self) -> bool:
        return any(name in self.names for name in _WEIGHTS)

    @property
    def identity(self) -> tuple:
        """What tells programs of this function from those of others."""
        taken = {name: self.given[name] for name in self.given if name in self.names}
        if self.is_builder:  # which takes entries of params by their names
            taken["params"] = self.given["params"]
        return _frozen(self.function), self.engineer, _frozen(taken)

    def __call__(self, features, targets, weights, mode: str):
        """Return what the function makes of a batch, as it is returned."""
        words = {name: value for name, value in self.given.items() if name in self.names}
        if self.is_builder:
            words |= {k: v for k, v in (self.given["params"] or {}).items() if k in self.names}
            with self.noting(mode):
                return self.function(**words)
        features, targets = self.engineered(features, targets)
        if "mode" in self.names:
            words["mode"] = mode
        words.update({name: weights for name in _WEIGHTS if name in self.names})
        with self.noting(mode):
            return self.function(features, targets, **words)

    def engineered(self, features, targets) -> tuple:
        """Return a batch as the function sees it."""
        return (features, targets) if self.engineer is None else self.engineer(features, targets)

    @contextmanager
    def noting(self, mode: str) -> Iterator[None]:
        """Say in errors whose function raised them, and when."""
        try:
            yield
        except Exception as error:
            error.add_note(f"{self.called} raised this when called in mode {mode!r}.")
            raise

    def model(self, features, targets, weights):
        """Return the Keras model that the function makes, a new one in each call."""
        returned = self(features, targets, weights, ModeKeys.TRAIN)
        if not is_keras_model(returned):
            why = ", as it takes neither features nor targets" if self.is_builder else ""
            raise ValueError(
                f"{self.called} should return a Keras model{why}. Got {returned!r}: return the "
                "keras.Model itself, of the Keras that comes with TensorFlow."
            )
        return returned

    def ops(self, returned, mode: str) -> ModelFnOps:
        """Return what the function returned as checked `ModelFnOps`."""
        if isinstance(returned, tuple) and len(returned) == 3 and not hasattr(returned, "_fields"):
            predictions, loss, train_op = returned
            infer = mode == ModeKeys.INFER
            returned = self._made(
                mode, predictions, None if infer else loss, None if infer else train_op
            )
        if not isinstance(returned, ModelFnOps):
            raise ValueError(
                f"{self.called} should return (predictions, loss, train_op), ModelFnOps or a Keras "
                f"model. Unrecognized value returned by model_fn: {returned!r}."
            )
        if returned.mode != mode:
            raise ValueError(
                f"{self.called} should return ModelFnOps of the mode that it was called in, "
                f"{mode!r}. Got {returned.mode!r}: pass mode on."
            )
        return returned

    def _made(self, mode, *values) -> ModelFnOps:
        try:
            return ModelFnOps(mode, *values)
        except ValueError as error:
            raise ValueError(f"{self.called}: {error}") from None

    def _check_builder(self, params) -> None:
        if "params" in self.names:
            return
        unknown = [name for name in params or () if name not in self.names]
        if unknown:
            raise ValueError(
                f"{self.called} should take an argument for each entry of params, or params "
                f"itself. It takes ({', '.join(self.names)}), and not {unknown[0]!r}: add it, or "
                f"leave it out of params.{did_you_mean(unknown[0], self.names)}"
            )

    def _check(self, params) -> None:
        wanted = [name for name in self.names if name not in _BY_NAME]
        if len(wanted) < 2:
            raise ValueError(
                f"{self.called} should take (features, targets), and any of {listing(_BY_NAME)}; "
                "or, where it builds a Keras model, nothing but entries of params. It takes "
                f"({', '.join(self.names)})."
            )
        unknown = [name for name in wanted[2:] if self.names[name] is inspect.Parameter.empty]
        if unknown:
            raise ValueError(
                f"{self.called} takes {unknown[0]!r}, which is none of {listing(_BY_NAME)}."
                f"{did_you_mean(unknown[0], _BY_NAME)} Give it a default, or bind it with "
                "functools.partial."
            )
        if params is not None and "params" not in self.names:
            raise ValueError(
                f"{self.called} should take an argument params, as params were given. It takes "
                f"({', '.join(self.names)}): add params, or leave them out."
            )


def is_keras_model(thing) -> bool:
    """Return whether a thing is a Keras model; without loading Keras, which one would have."""
    keras = sys.modules.get("keras")
    return keras is not None and isinstance(thing, keras.Model)


def _takes_no_batch(names: Mapping[str, Any], params) -> bool:
    """Return whether a function of these parameters can be called without features and targets."""
    bound = (*_SETTINGS, *(params if isinstance(params, Mapping) else ()))
    return not any(name in names for name in _OF_A_BATCH) and all(
        name in bound or default is not inspect.Parameter.empty for name, default in names.items()
    )


def _parameters(function) -> dict[str, Any]:
    """Return the names of a function's parameters that are not bound yet, and their defaults."""
    bound = set()
    inner = function
    while isinstance(inner, functools.partial):
        bound |= set(inner.keywords)
        inner = inner.func
    found = inspect.signature(function).parameters
    return {
        name: parameter.default
        for name, parameter in found.items()
        if name not in bound and parameter.kind is not inspect.Parameter.VAR_KEYWORD
    }


def _frozen(value):
    """Return a value as something that can be a key.

    What cannot is told apart by where it is: the program that the key is for keeps it there.
    """
    if isinstance(value, Mapping):
        return tuple(sorted((str(name), _frozen(each)) for name, each in value.items()))
    if isinstance(value, list | tuple):
        return tuple(_frozen(each) for each in value)
    if isinstance(value, functools.partial):  # copies of one, as in a grid search, are the same
        return _frozen((value.func, value.args, value.keywords))
    try:
        hash(value)
    except TypeError:
        return id(value)
    return type(value), value  # 1, 1.0 and True are equal, yet make different models
