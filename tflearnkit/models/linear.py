"""Linear and logistic regression: the ends of most model functions."""

from __future__ import annotations

import tensorflow as tf

from tflearnkit import losses
from tflearnkit.initializers import zeros
from tflearnkit.variables import current_call, get_variable, variable_scope

__all__ = [
    "linear_regression",
    "linear_regression_zero_init",
    "logistic_regression",
    "logistic_regression_zero_init",
    "mean_squared_error_regressor",
    "softmax_classifier",
]


def linear_regression(x, y, init_mean: float | None = None, init_stddev: float = 1.0) -> tuple:
    """Predict numbers by ``x @ weights + bias``, whose squared error is the loss.

    It makes the variables ``linear_regression/weights`` and ``linear_regression/bias``.

    Parameters
    ----------
    x : float tensor of shape [batch, size]
    y : tensor of shape [batch] or [batch, outputs], or None
        The targets. None, in predicting, finds as many outputs as there were in training.
    init_mean, init_stddev : float, optional
        Mean and standard deviation of the normal values that the variables begin with. Without a
        mean, weights begin with Glorot's uniform distribution and the bias with zeros.

    Returns
    -------
    predictions : tensor of shape [batch, outputs]
    loss : scalar tensor, or None where ``y`` is None
        The mean squared error, also collected for `losses.get_total_loss`.

    Raises
    ------
    ValueError
        If shapes do not fit, or ``y`` is None before anything was trained.

    Examples
    --------
    >>> from tflearnkit.variables import Call, VariableStore
    >>> with Call(VariableStore(), "train", 0, 0).running():
    ...     predictions, loss = linear_regression(tf.ones([8, 4]), 2 * tf.ones([8]), 0.0, 0.0)
    >>> predictions.shape, float(loss)
    (TensorShape([8, 1]), 4.0)
    """
    if y is not None:
        y = tf.convert_to_tensor(y)
        y = y[:, tf.newaxis] if y.shape.rank == 1 else y
    with variable_scope("linear_regression") as scope:
        x, weights, bias = _inputs_and_variables(scope, x, y, init_mean, init_stddev)
    return mean_squared_error_regressor(x, y, weights, bias)


def linear_regression_zero_init(x, y) -> tuple:
    """Predict numbers as `linear_regression` does, from variables that begin with zeros.

    What a linear model alone begins with; behind other layers, only the bias and the weights of
    this one learn in the first step.

    Examples
    --------
    >>> from tflearnkit.variables import Call, VariableStore
    >>> with Call(VariableStore(), "train", 0, 0).running():
    ...     predictions, loss = linear_regression_zero_init(tf.ones([8, 4]), 2 * tf.ones([8]))
    >>> float(tf.reduce_max(predictions)), float(loss)
    (0.0, 4.0)
    """
    return linear_regression(x, y, init_mean=0.0, init_stddev=0.0)


def logistic_regression(
    x, y, class_weight=None, init_mean: float | None = None, init_stddev: float = 1.0
) -> tuple:
    """Predict the probabilities of classes by ``softmax(x @ weights + bias)``.

    It makes the variables ``logistic_regression/weights`` and ``logistic_regression/bias``.

    Parameters
    ----------
    x : float tensor of shape [batch, size]
    y : tensor of shape [batch, classes], or None
        Targets, one-hot: ``tf.one_hot(labels, classes)``. None, in predicting, finds as many
        classes as there were in training.
    class_weight : sequence of float, optional
        What the logit of each class is multiplied by, as in the old API. To weigh rows, compute
        `losses.softmax_cross_entropy` with ``weight``.
    init_mean, init_stddev : float, optional
        As in `linear_regression`.

    Returns
    -------
    probabilities : tensor of shape [batch, classes]
    loss : scalar tensor, or None where ``y`` is None
        The mean cross-entropy, also collected for `losses.get_total_loss`.

    Raises
    ------
    ValueError
        If shapes do not fit, or ``y`` is None before anything was trained.

    Examples
    --------
    >>> from tflearnkit.variables import Call, VariableStore
    >>> labels = tf.one_hot([0, 1, 2, 1], 3)
    >>> with Call(VariableStore(), "train", 0, 0).running():
    ...     probabilities, loss = logistic_regression(tf.ones([4, 5]), labels)
    >>> probabilities.shape, bool(loss > 0)
    (TensorShape([4, 3]), True)
    """
    if y is not None:
        y = tf.convert_to_tensor(y)
    with variable_scope("logistic_regression") as scope:
        x, weights, bias = _inputs_and_variables(scope, x, y, init_mean, init_stddev)
    return softmax_classifier(x, y, weights, bias, class_weight)


def logistic_regression_zero_init(x, y) -> tuple:
    """Predict classes as `logistic_regression` does, from variables that begin with zeros.

    All classes are equally likely at first.

    Examples
    --------
    >>> from tflearnkit.variables import Call, VariableStore
    >>> with Call(VariableStore(), "train", 0, 0).running():
    ...     probabilities, _ = logistic_regression_zero_init(tf.ones([1, 5]), tf.one_hot([2], 4))
    >>> probabilities.numpy().tolist()
    [[0.25, 0.25, 0.25, 0.25]]
    """
    return logistic_regression(x, y, init_mean=0.0, init_stddev=0.0)


def mean_squared_error_regressor(tensor_in, labels, weights, biases, name=None) -> tuple:
    """Predict numbers by variables of your own; see `linear_regression`.

    Parameters
    ----------
    tensor_in : float tensor of shape [batch, size]
    labels : tensor of shape [batch, outputs], or [batch] for one output, or None
    weights : tensor of shape [size, outputs]
    biases : tensor of shape [outputs]
    name : str, optional
        Name of the predictions.

    Returns
    -------
    predictions : tensor of shape [batch, outputs]
    loss : scalar tensor, or None where ``labels`` is None

    Raises
    ------
    ValueError
        If shapes do not fit.

    Examples
    --------
    >>> _, loss = mean_squared_error_regressor([[1.0, 1.0]], [5.0], [[1.0], [2.0]], [1.0])
    >>> float(loss)
    1.0
    """
    predictions = tf.nn.bias_add(tf.matmul(tensor_in, weights), biases, name=name)
    if labels is None:
        return predictions, None
    labels = tf.convert_to_tensor(labels)
    labels = labels[:, tf.newaxis] if labels.shape.rank == 1 else labels
    return predictions, losses.mean_squared_error(predictions, labels)


def softmax_classifier(tensor_in, labels, weights, biases, class_weight=None, name=None) -> tuple:
    """Predict the probabilities of classes by variables of your own; see `logistic_regression`.

    Parameters
    ----------
    tensor_in : float tensor of shape [batch, size]
    labels : tensor of shape [batch, classes], or None
        One-hot.
    weights : tensor of shape [size, classes]
    biases : tensor of shape [classes]
    class_weight : sequence of float, optional
        What the logit of each class is multiplied by.
    name : str, optional
        Name of the probabilities.

    Returns
    -------
    probabilities : tensor of shape [batch, classes]
    loss : scalar tensor, or None where ``labels`` is None

    Raises
    ------
    ValueError
        If shapes do not fit.

    Examples
    --------
    >>> softmax_classifier([[1.0]], [[0.0, 1.0]], [[1.0, 1.0]], [0.0, 0.0])[0].numpy().tolist()
    [[0.5, 0.5]]
    """
    logits = tf.nn.bias_add(tf.matmul(tensor_in, weights), biases)
    if class_weight is not None:
        logits *= tf.cast(class_weight, logits.dtype)
    probabilities = tf.nn.softmax(logits, name=name)
    if labels is None:
        return probabilities, None
    return probabilities, losses.softmax_cross_entropy(logits, labels)


def _inputs_and_variables(scope: str, x, y, mean: float | None, stddev: float) -> tuple:
    """Return ``x`` as a tensor, and the weights and the bias in the open scope."""
    x = tf.convert_to_tensor(x)
    if x.shape.rank != 2 or x.shape[1] is None or not x.dtype.is_floating:
        raise ValueError(
            f"x should be floats of the shape [batch, size]. Got {x.dtype.name} of the shape "
            f"{x.shape}: use layers.flatten, or tf.cast(x, tf.float32)."
        )
    outputs = _n_outputs(scope, y)
    initial = None if mean is None else _normal(mean, stddev)
    weights = get_variable("weights", [x.shape[1], outputs], x.dtype, initial)
    return x, weights, get_variable("bias", [outputs], x.dtype, initial or zeros)


def _n_outputs(scope: str, y) -> int:
    if y is None:
        made = current_call().store.entries.get(f"{scope}/weights")
        if made is None:
            raise ValueError(
                f"{scope} expects y where its variables are made, as that says how many outputs "
                "there are. Got None: pass the targets."
            )
        return made.variable.shape[1]
    if y.shape.rank != 2 or y.shape[1] is None:
        raise ValueError(
            f"{scope} expects y of the shape [batch, outputs]. Got {y.shape}: where y holds the "
            "numbers of classes, pass tf.one_hot(y, n_classes)."
        )
    return y.shape[1]


def _normal(mean: float, stddev: float):
    return lambda rng, shape: rng.normal(mean, stddev, shape)
