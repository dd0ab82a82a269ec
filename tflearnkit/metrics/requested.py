"""The ``metrics`` argument of ``evaluate``, made callable."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np

from tflearnkit.errors import did_you_mean, listing
from tflearnkit.metrics import functions as fn
from tflearnkit.metrics.spec import Call, MetricSpec, select, unwrapped
from tflearnkit.metrics.streaming_thresholds import streaming_auc

_NAMED = {
    "accuracy": fn.accuracy,
    "auc": fn.auc,
    "auc_precision_recall": fn.auc_precision_recall,
    "f1": fn.f1,
    "log_loss": fn.log_loss,
    "mae": fn.mean_absolute_error,
    "mean_absolute_error": fn.mean_absolute_error,
    "mean_squared_error": fn.mean_squared_error,
    "precision": fn.precision,
    "r2": fn.r2,
    "recall": fn.recall,
    "rmse": fn.root_mean_squared_error,
    "root_mean_squared_error": fn.root_mean_squared_error,
}
_OF_PROBABILITIES = (fn.auc, fn.auc_precision_recall, fn.log_loss, streaming_auc)
_RANKING = (fn.auc, fn.auc_precision_recall)
_AVERAGED = (fn.precision, fn.recall, fn.f1)
_OF_CLASSES = (fn.accuracy, *_AVERAGED)
_NUMBERED_KEYS = ("probabilities", "logistic", "logits")


def resolve(metrics, task) -> dict[str, Callable]:
    """Turn what a user may ask ``evaluate`` for into functions of one signature.

    Parameters
    ----------
    metrics : None, list of str, or dict
        Names of functions of this package, or a dict. Its keys are ``"name"``, or
        ``("name", key)`` with the key of an output: "classes", "probabilities", "logits",
        "logistic" (binary) or "scores" (regression). Its values are names, functions
        ``f(predictions, labels[, weights])``, functions with scikit-learn's argument names
        ``f(y_true, y_pred, ..., sample_weight)``, `MetricSpec`, or Keras metrics. Without a key,
        "classes" or "scores" is taken, but functions of this package that need probabilities get
        them, and Keras metrics get what a Keras model puts out: "logistic", "probabilities" or
        "scores". A model function puts out "predictions", or a dict with keys of its own.
    task : Task
        Says what kind of labels there are, and numbers them.

    Returns
    -------
    dict of str to callable
        ``f(outputs, labels, weights=None, features=None) -> float``, where ``outputs`` is what
        ``task.outputs`` gives and ``labels`` are the user's.

    Notes
    -----
    Your functions see classes and labels as you know them ("yes", "no"). Where an output is in
    columns of classes ("probabilities", "logits", "logistic") labels are the numbers of those
    columns, 0 .. K-1; functions of this package and Keras metrics always see these numbers.

    Examples
    --------
    >>> from tflearnkit import tasks
    >>> task = tasks.infer_classification(["no", "yes"])
    >>> right = resolve(["accuracy"], task)["accuracy"]
    >>> float(right({"classes": np.array(["no", "no"])}, ["no", "yes"]))
    0.5
    """
    return {name: _score(name, key, metric, task) for name, key, metric in _entries(metrics)}


def _entries(metrics):
    """Yield (name, output key or None, metric)."""
    if metrics is None:
        return
    if isinstance(metrics, (list, tuple)) and all(isinstance(m, str) for m in metrics):
        metrics = {name: name for name in metrics}
    if not isinstance(metrics, dict):
        raise ValueError(
            "Metrics argument should be None or dict, or a list of names; got "
            f"{metrics!r}. Write metrics=['accuracy'] or metrics={{'name': function}}."
        )
    for name, metric in metrics.items():
        if isinstance(name, tuple) and len(name) != 2:
            raise ValueError(
                f"A key of metrics must be 'name' or ('name', 'output'); got {name!r}, of "
                f"{len(name)} entries. Give the name and one key, such as ('auc', 'probabilities')."
            )
        yield *(name if isinstance(name, tuple) else (name, None)), metric


def _score(name, key, metric, task) -> Callable:
    """Return ``f(outputs, labels, weights, features) -> float`` for one entry."""
    spec = metric if isinstance(metric, MetricSpec) else None
    function = _function(name, spec.metric_fn if spec else metric)
    key = key or (spec and spec.prediction_key) or _default_key(function, task)
    numbered = task.kind != "regression" and (
        key in _NUMBERED_KEYS or _is_ours(function) or _is_keras(function)
    )
    call = _call(function, task, positional=spec is None)

    def score(outputs, labels, weights=None, features=None) -> float:
        predictions = select(outputs, key, "prediction")
        if spec:
            labels = select(labels, spec.label_key, "label")
        elif isinstance(labels, dict):  # several targets: that of the output, or the only one
            labels = select(labels, key if key in labels else None, "label")
        if spec and spec.weight_key:
            weights = select(features, spec.weight_key, "weight")
        if numbered:
            labels = task.encode(labels)
            predictions = task.encode(predictions) if key == "classes" else predictions
        return _number(name, call(predictions, labels, weights))

    return score


def _function(name, metric):
    """Return the function a metric stands for: its own, or the one it names."""
    if isinstance(metric, str):
        if metric not in _NAMED:
            raise ValueError(
                f"metrics names {metric!r}, which is not known. Known: {listing(_NAMED)}; or pass "
                f"a function.{did_you_mean(metric, _NAMED)}"
            )
        return _NAMED[metric]
    if not (callable(metric) or _is_keras(metric)):
        raise ValueError(
            f"Metric {name!r} must be a name, a function, a MetricSpec or a Keras metric; got "
            f"{metric!r}. Pass f(predictions, labels[, weights])."
        )
    return metric


def _default_key(function, task) -> str:
    if task.kind == "function":
        return "predictions"
    if task.kind == "clustering":
        return "cluster_idx"
    if task.kind == "probability":
        return "classes" if unwrapped(function) in _OF_CLASSES else "predictions"
    if task.kind == "regression":
        return "scores"
    if task.kind == "hinge" and (_is_keras(function) or unwrapped(function) in _RANKING):
        return "logits"
    if _is_keras(function):
        return "logistic" if task.kind == "binary" else "probabilities"
    return "probabilities" if unwrapped(function) in _OF_PROBABILITIES else "classes"


def _call(function, task, positional) -> Callable:
    if _is_keras(function):
        return partial(_keras_value, function)
    if _tells_many_apart(task) and function in _AVERAGED:
        function = partial(function, average="macro")  # even where only classes 0 and 1 occur
    return Call(function, positional)


def _tells_many_apart(task) -> bool:
    return task.kind == "multiclass" or (task.kind == "hinge" and task.n_outputs > 1)


def _keras_value(metric, predictions, labels, weights=None):
    metric.reset_state()
    metric.update_state(labels, predictions, sample_weight=weights)
    value = metric.result()
    metric.reset_state()
    return value


def _is_ours(function) -> bool:
    home = getattr(unwrapped(function), "__module__", None) or ""
    return home.startswith("tflearnkit.metrics.")


def _is_keras(function) -> bool:
    return all(hasattr(function, name) for name in ("update_state", "result", "reset_state"))


def _number(name, found) -> float:
    value = np.asarray(found)
    if value.dtype.kind not in "biuf":
        raise ValueError(
            f"Metric {name!r} must return one number; it returned {found!r}. Return a float."
        )
    if value.size != 1:
        raise ValueError(
            f"Metric {name!r} must return one number; it returned an array of shape "
            f"{value.shape}. Take its mean, or register one metric per entry."
        )
    return float(value.item())
