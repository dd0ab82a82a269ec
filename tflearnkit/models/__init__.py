"""Whole models for model functions: features and targets in, predictions and a loss out.

What they return goes into `layers.optimize_loss` and out of the model function::

    def model_fn(features, targets, mode):
        predictions, loss = models.logistic_regression(features, tf.one_hot(targets, 3))
        return predictions, loss, layers.optimize_loss(loss, learning_rate=0.1)

Where targets are None, as in predicting, so is the loss.
"""

from tflearnkit.models.deep import get_dnn_model
from tflearnkit.models.linear import (
    linear_regression,
    linear_regression_zero_init,
    logistic_regression,
    logistic_regression_zero_init,
    mean_squared_error_regressor,
    softmax_classifier,
)
from tflearnkit.models.recurrent import get_rnn_model

__all__ = [
    "get_dnn_model",
    "get_rnn_model",
    "linear_regression",
    "linear_regression_zero_init",
    "logistic_regression",
    "logistic_regression_zero_init",
    "mean_squared_error_regressor",
    "softmax_classifier",
]
