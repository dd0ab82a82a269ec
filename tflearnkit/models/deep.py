"""Fully connected layers before a model of choice."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from tflearnkit import layers
from tflearnkit.variables import variable_scope

__all__ = ["get_dnn_model"]


def get_dnn_model(
    hidden_units: Sequence[int], target_predictor_fn: Callable, dropout: float | None = None
) -> Callable:
    """Return a network: fully connected layers with ReLU, then a model of their last output.

    It makes the variables ``dnn/layer0/weights``, ``dnn/layer0/biases``, ... Where nothing else is
    wanted, `DNNClassifier` and `DNNRegressor` do more by themselves.

    Parameters
    ----------
    hidden_units : sequence of int
        Units of each layer.
    target_predictor_fn : callable
        ``f(hidden, y)`` -> (predictions, loss), such as `logistic_regression`.
    dropout : float in [0, 1), optional
        The probability that a unit is left out in a step of training.

    Returns
    -------
    callable
        ``f(x, y)`` -> (predictions, loss), to be called in a model function.

    Raises
    ------
    ValueError
        If ``dropout`` is out of range.

    Examples
    --------
    >>> import tensorflow as tf
    >>> from tflearnkit.models import logistic_regression
    >>> from tflearnkit.variables import Call, VariableStore
    >>> network = get_dnn_model([10, 20], logistic_regression, dropout=0.1)
    >>> with Call(VariableStore(), "train", 0, 0).running():
    ...     probabilities, loss = network(tf.ones([4, 5]), tf.one_hot([0, 1, 2, 1], 3))
    >>> probabilities.shape
    TensorShape([4, 3])
    """
    if dropout is not None and not 0 <= dropout < 1:
        raise ValueError(
            f"dropout should be a probability below 1. Got {dropout!r}: pass one, or None."
        )

    def dnn_model(x, y):
        with variable_scope("dnn"):
            for number, units in enumerate(hidden_units):
                x = layers.fully_connected(x, units, scope=f"layer{number}")
                if dropout is not None:
                    x = layers.dropout(x, keep_prob=1 - dropout)
        return target_predictor_fn(x, y)

    return dnn_model
