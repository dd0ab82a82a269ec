"""How a metric function is called: its arguments are found by name."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np

from tflearnkit.errors import did_you_mean, listing

_NAMES = {
    "predictions": ("predictions", "prediction", "logits", "logit"),
    "labels": ("labels", "label", "targets", "target"),
    "weights": ("weights", "weight", "sample_weight"),
}


class Call:
    """A metric function and which of its arguments take predictions, labels and weights.

    Arguments are found by name. ``(y_true, y_pred or the like, sample_weight)``, scikit-learn's
    and Keras' convention, is known too. Predictions may also go to an argument of any other name
    without a default, and with ``positional`` so may labels and weights, in that order.
    """

    def __init__(self, function: Callable, positional: bool):
        self.function = function
        self.signature = _signature(function)
        parameters = self.signature.parameters
        self.takes = _named(parameters)
        free = [n for n in _required(parameters) if n not in self.takes.values()]
        for role in ("predictions", "labels", "weights") if positional else ("predictions",):
            if role not in self.takes and free:
                self.takes[role] = free.pop(0)

    def __call__(self, predictions, labels, weights=None):
        if "predictions" not in self.takes:
            raise TypeError(
                f"A metric function must take predictions; {_name(self.function)}"
                f"{self.signature} has no argument for them. Name one 'predictions'."
            )
        values = {"predictions": predictions, "labels": labels, "weights": weights}
        given = {self.takes[role]: values[role] for role in values if role in self.takes}
        name = self.takes.get("weights")
        if name and weights is None:
            if self.signature.parameters[name].default is inspect.Parameter.empty:
                given[name] = np.ones(len(predictions))
            else:
                del given[name]
        in_order = {n: given[n] for n in self.signature.parameters if n in given}
        bound = inspect.BoundArguments(self.signature, in_order)
        return self.function(*bound.args, **bound.kwargs)


@dataclass(frozen=True)
class MetricSpec:
    """A metric function and the keys of what it is given.

    Choose it where a function needs another output than the default one, a weight that is a
    column of the features, or one of several labels.

    Parameters
    ----------
    metric_fn : callable
        Takes predictions and, as it likes, labels and weights, known by the names of its
        arguments: ``predictions`` or ``logits``; ``labels`` or ``targets``; ``weights`` (singular
        forms too). At most one argument may have another name; it gets the predictions.
    prediction_key : str, optional
        Which output: "classes", "probabilities", "logits", "logistic" or "scores".
    label_key : str, optional
        Which label, where labels are a dict.
    weight_key : str, optional
        Name of the column of the features that weights the rows. Without it, the weights of the
        evaluation are passed, if the function takes weights.

    Raises
    ------
    ValueError
        Where a key is given for an argument that ``metric_fn`` has not, or two arguments of it
        could take the same thing.

    Examples
    --------
    >>> from tflearnkit import metrics
    >>> spec = metrics.MetricSpec(metrics.auc, prediction_key="probabilities")
    >>> spec.create_metric_ops(None, [0, 1], {"probabilities": [.2, .9]})
    1.0
    """

    metric_fn: Callable
    prediction_key: str | None = None
    label_key: str | None = None
    weight_key: str | None = None

    def __post_init__(self):
        call = Call(self.metric_fn, positional=False)
        for role, key in (("label", self.label_key), ("weight", self.weight_key)):
            if key is not None and f"{role}s" not in call.takes:
                raise ValueError(
                    f"{role}_key is {key!r}, but an argument for it, such as {role}s, is missing "
                    f"from {_name(self.metric_fn)}{call.signature}. "
                    f"Give the function one, or leave out {role}_key."
                )

    def create_metric_ops(self, inputs, labels, predictions, weights=None):
        """Call the metric function with what the keys select.

        Parameters
        ----------
        inputs : dict of arrays or None
            Features, where ``weight_key`` is looked up.
        labels, predictions : array, or dict of arrays
            A dict of one entry needs no key.
        weights : array, optional
            Used where there is no ``weight_key``.
        """
        predictions = select(predictions, self.prediction_key, "prediction")
        labels = select(labels, self.label_key, "label")
        if self.weight_key is not None:
            weights = select(inputs, self.weight_key, "weight")
        return Call(self.metric_fn, positional=False)(predictions, labels, weights)

    def __str__(self):
        keys = ", ".join(
            f"{name}={getattr(self, name)!r}"
            for name in ("prediction_key", "label_key", "weight_key")
            if getattr(self, name) is not None
        )
        return f"MetricSpec({_name(self.metric_fn)}{', ' if keys else ''}{keys})"


def _signature(function) -> inspect.Signature:
    try:
        return inspect.signature(function)
    except ValueError:  # some functions written in C do not say what they take
        return inspect.signature(lambda predictions, labels, /: None)


def _named(parameters) -> dict[str, str]:
    """Map predictions, labels, weights to the names of the arguments that take them."""
    if "y_true" in parameters:  # then an argument called labels is the list of all labels
        weights = {"weights": "sample_weight"} if "sample_weight" in parameters else {}
        return {"labels": "y_true"} | weights
    takes = {}
    for role, names in _NAMES.items():
        found = [name for name in names if name in parameters]
        if len(found) > 1:
            raise ValueError(
                f"A metric function may have one argument for {role}; this one has "
                f"{listing(found)}: provide only one of them."
            )
        if found:
            takes[role] = found[0]
    return takes


def _required(parameters) -> list[str]:
    """Return the arguments that a positional call must fill, in order."""
    kinds = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    return [
        name
        for name, parameter in parameters.items()
        if parameter.kind in kinds and parameter.default is inspect.Parameter.empty
    ]


def select(values, key, role):
    """Return what a key names; values that are no dict, or a dict of one entry, need no key."""
    if not isinstance(values, dict):
        if key is None:
            return values
        raise ValueError(
            f"MetricSpec with {role}_key specified requires a dict of {role}s; got "
            f"{type(values).__name__}. Leave out {role}_key={key!r}, or pass a dict."
        )
    if key is None and len(values) == 1:
        return next(iter(values.values()))
    if key is None:
        raise ValueError(
            f"MetricSpec without specified {role}_key requires a {role}s tensor or a dict of a "
            f"single element; got a dict of {listing(values)}. Name one of them by {role}_key."
        )
    if key not in values:
        raise KeyError(
            f"No {role} has the key {key!r}. Known keys: {listing(filter(None, values)) or 'none'}."
            f"{did_you_mean(key, values)}"
        )
    return values[key]


def unwrapped(function):
    """Return the function under any `functools.partial`."""
    return unwrapped(function.func) if isinstance(function, partial) else function


def _name(function) -> str:
    function = unwrapped(function)
    return getattr(function, "__name__", repr(function))
