"""Losses of model functions: each one scalar, collected in the call that computes it.

What a loss gives is the sum of the weighted values over how many of them have a weight that is
not zero, so that rows of weight 0 count as absent. Outside of a model function, where nothing
collects them, losses just return their value.
"""

from __future__ import annotations

from contextlib import suppress

import tensorflow as tf

from tflearnkit.variables import current_call

__all__ = [
    "absolute_difference",
    "add_loss",
    "compute_weighted_loss",
    "cosine_distance",
    "get_losses",
    "get_regularization_losses",
    "get_total_loss",
    "hinge_loss",
    "log_loss",
    "mean_squared_error",
    "sigmoid_cross_entropy",
    "softmax_cross_entropy",
    "sparse_softmax_cross_entropy",
    "sum_of_squares",
]


def compute_weighted_loss(losses, weight=1.0, *, weights=None) -> tf.Tensor:
    """Return the sum of ``losses * weight`` over the number of weights that are not 0.

    Choose it to weigh and collect a loss of your own, of which there is a value per row or entry.

    Parameters
    ----------
    losses : tensor of floats
    weight : number or tensor, default=1.0
        One for all, one per row (shape ``[n]`` or ``[n, 1]``), or one per entry: what lies
        beyond its axes shares a weight.
    weights : optional
        Another name for ``weight``.

    Returns
    -------
    scalar tensor
        0 where all weights are 0.

    Raises
    ------
    ValueError
        If the weights do not fit the losses, or are given under both names.

    Examples
    --------
    >>> compute_weighted_loss([4.0, 2.0, 9.0], [1.0, 2.0, 0.0]).numpy().item()
    4.0
    """
    losses = _floats(losses)
    weights = _laid_out(_one_of(weight, weights), losses)
    present = tf.math.count_nonzero(weights, dtype=losses.dtype)
    loss = tf.math.divide_no_nan(tf.reduce_sum(losses * weights), present)
    add_loss(loss)
    return loss


def absolute_difference(predictions, targets, weight=1.0, scope=None, *, weights=None) -> tf.Tensor:
    """Return the mean of ``|predictions - targets|``: outliers count no more than they are off.

    Parameters
    ----------
    predictions, targets : tensors of one shape
    weight, weights : optional
        See `compute_weighted_loss`.
    scope : optional
        Ignored; for code of the old API.

    Returns
    -------
    scalar tensor

    Raises
    ------
    ValueError
        If the shapes differ or the weights do not fit.

    Examples
    --------
    >>> absolute_difference([1.0, 2.0], [3.0, 2.0]).numpy().item()
    1.0
    """
    predictions, targets = _alike(predictions, targets, "predictions", "targets")
    return compute_weighted_loss(tf.abs(predictions - targets), weight, weights=weights)


def mean_squared_error(predictions, targets, weight=1.0, scope=None, *, weights=None) -> tf.Tensor:
    """Return the mean of ``(predictions - targets) ** 2``: the loss of a mean.

    Parameters and errors as in `absolute_difference`.

    Examples
    --------
    >>> mean_squared_error([1.0, 2.0], [3.0, 2.0]).numpy().item()
    2.0
    """
    predictions, targets = _alike(predictions, targets, "predictions", "targets")
    squares = tf.math.squared_difference(predictions, targets)
    return compute_weighted_loss(squares, weight, weights=weights)


sum_of_squares = mean_squared_error  # what the old API called it first


def log_loss(
    predictions, targets, weight=1.0, epsilon=1e-7, scope=None, *, weights=None
) -> tf.Tensor:
    """Return the mean of ``-t log(p + epsilon) - (1 - t) log(1 - p + epsilon)``.

    Where there are logits, `sigmoid_cross_entropy` is exact at any size.

    Parameters
    ----------
    predictions : tensor
        Probabilities, from 0 to 1.
    targets : tensor of the same shape
        From 0 to 1.
    epsilon : float, default=1e-7
        Keeps logarithms finite.
    weight, weights, scope : optional
        As in `absolute_difference`.

    Examples
    --------
    >>> round(log_loss([0.5, 0.25], [1, 0]).numpy().item(), 4)
    0.4904
    """
    predictions, targets = _alike(predictions, targets, "predictions", "targets")
    ones = targets * tf.math.log(predictions + epsilon)
    zeros = (1.0 - targets) * tf.math.log(1.0 - predictions + epsilon)
    return compute_weighted_loss(-ones - zeros, weight, weights=weights)


def hinge_loss(logits, target, scope=None, *, weight=1.0, weights=None) -> tf.Tensor:
    """Return the mean of ``max(0, 1 - s * logits)`` with ``s = 2 * target - 1``: the SVM's loss.

    Parameters
    ----------
    logits : tensor
        Scores: above 0 for the class 1.
    target : tensor of the same shape
        0 or 1.
    scope, weight, weights : optional
        As in `absolute_difference`.

    Returns
    -------
    scalar tensor
        The old API gave the values before their mean; ``tf.reduce_mean`` of either is the same.

    Examples
    --------
    >>> hinge_loss([0.5, -2.0], [1, 0]).numpy().item()
    0.25
    """
    logits, target = _alike(logits, target, "logits", "target")
    values = tf.nn.relu(1.0 - (2.0 * target - 1.0) * logits)
    return compute_weighted_loss(values, weight, weights=weights)


def sigmoid_cross_entropy(
    logits, multi_class_labels, weight=1.0, label_smoothing=0, scope=None, *, weights=None
) -> tf.Tensor:
    """Return the mean cross-entropy of classes that do not exclude each other.

    Parameters
    ----------
    logits : tensor of shape ``[n, k]`` (or any other)
    multi_class_labels : tensor of the same shape
        Probabilities; mostly 0 or 1.
    label_smoothing : float in [0, 1], default=0
        Moves labels that far towards 1/2.
    weight, weights, scope : optional
        As in `absolute_difference`.

    Raises
    ------
    ValueError
        If the shapes differ, the weights do not fit, or ``label_smoothing`` is out of range.

    Examples
    --------
    >>> round(sigmoid_cross_entropy([[0.0, 2.0]], [[1, 1]]).numpy().item(), 4)
    0.41
    """
    logits, labels = _alike(logits, multi_class_labels, "logits", "multi_class_labels")
    labels = _smoothed(labels, label_smoothing, 0.5)
    values = tf.nn.sigmoid_cross_entropy_with_logits(labels=labels, logits=logits)
    return compute_weighted_loss(values, weight, weights=weights)


def softmax_cross_entropy(
    logits, onehot_labels, weight=1.0, label_smoothing=0, scope=None, *, weights=None
) -> tf.Tensor:
    """Return the mean cross-entropy of classes of which each row has one.

    Where labels are numbers of classes, `sparse_softmax_cross_entropy` takes them as they are.

    Parameters
    ----------
    logits : tensor of shape ``[n, k]``
    onehot_labels : tensor of the same shape
        Probabilities that add up to 1 along the last axis.
    weight, weights : optional
        One for all or one per row; see `compute_weighted_loss`.
    label_smoothing : float in [0, 1], default=0
        Moves labels that far towards ``1 / k``.
    scope : optional
        Ignored; for code of the old API.

    Raises
    ------
    ValueError
        If the shapes differ, the weights do not fit, or ``label_smoothing`` is out of range.

    Examples
    --------
    >>> round(softmax_cross_entropy([[0.0, 1.0]], [[0, 1]]).numpy().item(), 4)
    0.3133
    """
    logits, labels = _alike(logits, onehot_labels, "logits", "onehot_labels")
    labels = _smoothed(labels, label_smoothing, 1.0 / logits.shape[-1])
    values = tf.nn.softmax_cross_entropy_with_logits(labels=labels, logits=logits)
    return compute_weighted_loss(values, weight, weights=weights)


def sparse_softmax_cross_entropy(
    logits, labels, weight=1.0, scope=None, *, weights=None
) -> tf.Tensor:
    """Return the mean cross-entropy of classes of which each row has one, given by its number.

    Parameters
    ----------
    logits : tensor of shape ``[n, k]``
    labels : integer tensor of shape ``[n]`` or ``[n, 1]``
        From 0 to ``k - 1``.
    weight, weights, scope : optional
        As in `softmax_cross_entropy`.

    Raises
    ------
    ValueError
        If labels are no integers, or as in `softmax_cross_entropy`.

    Examples
    --------
    >>> round(sparse_softmax_cross_entropy([[0.0, 1.0]], [1]).numpy().item(), 4)
    0.3133
    """
    logits, labels = _floats(logits), tf.convert_to_tensor(labels)
    if not labels.dtype.is_integer:
        raise ValueError(
            f"labels should be integers, the numbers of classes. Got {labels.dtype.name}: cast "
            "them with tf.cast(labels, tf.int32)."
        )
    if labels.shape.rank == logits.shape.rank and labels.shape[-1] == 1:
        labels = tf.squeeze(labels, -1)
    _check_shapes(logits.shape[:-1], labels.shape, "logits without their last axis", "labels")
    values = tf.nn.sparse_softmax_cross_entropy_with_logits(labels=labels, logits=logits)
    return compute_weighted_loss(values, weight, weights=weights)


def cosine_distance(
    predictions, targets, dim, weight=1.0, scope=None, *, weights=None
) -> tf.Tensor:
    """Return the mean of ``1 - cosine`` between vectors along an axis.

    Parameters
    ----------
    predictions, targets : tensors of one shape
        Vectors of length 1 (``tf.math.l2_normalize`` makes them so); they are not normalised here.
    dim : int
        The axis of the vectors.
    weight, weights, scope : optional
        As in `absolute_difference`; the axis ``dim`` is gone where they apply.

    Examples
    --------
    >>> cosine_distance([[1.0, 0.0], [0.0, 1.0]], [[1.0, 0.0], [1.0, 0.0]], dim=1).numpy().item()
    0.5
    """
    predictions, targets = _alike(predictions, targets, "predictions", "targets")
    distances = 1.0 - tf.reduce_sum(predictions * targets, axis=dim)
    return compute_weighted_loss(distances, weight, weights=weights)


def add_loss(loss) -> None:
    """Collect a loss of your own, for `get_total_loss`; all losses of this module do so.

    Parameters
    ----------
    loss : scalar tensor

    Examples
    --------
    >>> from tflearnkit.variables import Call, VariableStore
    >>> with Call(VariableStore(), "train", 0, 0).running():
    ...     add_loss(tf.constant(2.0))
    ...     len(get_losses())
    1
    """
    with suppress(RuntimeError):  # nothing collects outside of a model function
        current_call().losses.append(loss)


def get_losses() -> list:
    """Return the losses computed so far in this call of a model function.

    Examples
    --------
    >>> from tflearnkit.variables import Call, VariableStore
    >>> with Call(VariableStore(), "train", 0, 0).running():
    ...     _ = mean_squared_error([1.0], [3.0])
    ...     [loss.numpy().item() for loss in get_losses()]
    [4.0]
    """
    return list(current_call().losses)


def get_regularization_losses() -> list:
    """Return what the regularizers of the variables made so far in this call add to the loss.

    Examples
    --------
    >>> from tflearnkit.variables import Call, VariableStore, get_variable
    >>> with Call(VariableStore(), "train", 0, 0).running():
    ...     _ = get_variable("weights", initializer=[3.0, 4.0], regularizer=tf.nn.l2_loss)
    ...     [term.numpy().item() for term in get_regularization_losses()]
    [12.5]
    """
    return list(current_call().regularization)


def get_total_loss(add_regularization_losses: bool = True, name="total_loss") -> tf.Tensor:
    """Return the sum of the losses of this call, and what regularizers add to it.

    Choose it where a model function has several losses. ``layers.optimize_loss`` adds the terms
    of regularizers itself, except those that a total already has.

    Parameters
    ----------
    add_regularization_losses : bool, default=True
        Whether the terms of regularizers are part of it.
    name : optional
        Name of the tensor.

    Returns
    -------
    scalar tensor

    Raises
    ------
    ValueError
        If nothing was collected.

    Examples
    --------
    >>> from tflearnkit.variables import Call, VariableStore, get_variable
    >>> with Call(VariableStore(), "train", 0, 0).running():
    ...     _ = get_variable("weights", initializer=[3.0, 4.0], regularizer=tf.nn.l2_loss)
    ...     _ = mean_squared_error([1.0], [3.0])
    ...     get_total_loss().numpy().item()
    16.5
    """
    call, terms = current_call(), get_losses()
    if add_regularization_losses:
        terms += call.regularization
        call.minimised += call.regularization
    if not terms:
        raise ValueError(
            "get_total_loss expects losses in this call of the model function. There are none: "
            "compute one of tflearnkit.losses, or add your own with add_loss."
        )
    return tf.add_n(terms, name=name)


def _floats(values) -> tf.Tensor:
    tensor = tf.convert_to_tensor(values)
    return tensor if tensor.dtype.is_floating else tf.cast(tensor, tf.float32)


def _alike(scores, targets, scores_name: str, targets_name: str) -> tuple[tf.Tensor, tf.Tensor]:
    """Return two arguments as floats of one dtype, which must be of one shape.

    Else ``[n, 1]`` and ``[n]`` would silently become ``[n, n]``.
    """
    scores = _floats(scores)
    targets = tf.cast(targets, scores.dtype)
    _check_shapes(scores.shape, targets.shape, scores_name, targets_name)
    return scores, targets


def _check_shapes(first, second, first_name: str, second_name: str) -> None:
    if not first.is_compatible_with(second):
        raise ValueError(
            f"{first_name} and {second_name} should have one shape. Got {first} and {second}: "
            "reshape one of them, or make labels one-hot where that is what is missing."
        )


def _smoothed(labels, by, towards: float):
    if not 0 <= by <= 1:
        raise ValueError(f"label_smoothing should be from 0 to 1. Got {by!r}: pass a share.")
    return labels * (1.0 - by) + towards * by if by else labels


def _one_of(weight, weights):
    if weights is None:
        return weight
    if isinstance(weight, int | float) and weight == 1.0:
        return weights
    raise ValueError("weight and weights are one argument. Got both: pass weight alone.")


def _laid_out(weights, losses: tf.Tensor) -> tf.Tensor:
    """Return the weights in the shape of the losses."""
    weights, rank = tf.cast(weights, losses.dtype), losses.shape.rank
    given = weights.shape
    while weights.shape.rank > rank and weights.shape[-1] == 1:
        weights = tf.squeeze(weights, -1)
    while weights.shape.rank < rank:
        weights = weights[..., tf.newaxis]
    sizes = zip(weights.shape, losses.shape, strict=False)
    if weights.shape.rank > rank or any(
        None not in (own, other) and own not in (1, other) for own, other in sizes
    ):
        raise ValueError(
            f"weight should be a number, one per row or one per entry of losses of the shape "
            f"{losses.shape}. Got the shape {given}: reshape it."
        )
    return tf.broadcast_to(weights, tf.shape(losses))
