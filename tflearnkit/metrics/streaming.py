"""The ``streaming_*`` metrics of the old API: means, and metrics put together.

All of them take ``(predictions, labels, weights=None)`` and arguments of their own, and then
``metrics_collections``, ``updates_collections`` and ``name``, which are there for old code and do
nothing. Called with arrays they return the value. Called with the tensors of a model function they
return a pair ``(value, update)`` for ``eval_metric_ops``, of which the estimator makes the value
over all rows that it evaluates, however they are batched.

``weights`` are one number, one for each row, or of a shape that broadcasts to that of predictions;
a trailing dimension of size 1 does not matter. Where nothing weighs anything the value is NaN.
"""

from __future__ import annotations

import numpy as np

from tflearnkit.metrics.cells import for_each, mean, numbers
from tflearnkit.metrics.pending import streaming

__all__ = [
    "aggregate_metric_map",
    "aggregate_metrics",
    "streaming_concat",
    "streaming_mean",
    "streaming_mean_tensor",
    "streaming_percentage_less",
]


@streaming
def streaming_mean(values, weights=None) -> float:
    """Mean of values over all rows.

    Choose it for anything of your own that is a number for each row, or for each batch: a scalar
    tensor, such as a loss, is averaged over the batches.

    Parameters
    ----------
    values : array or tensor
        Of any shape; all its cells are averaged.
    weights : array or tensor, optional

    Returns
    -------
    float, or a pair of one pending metric in a model function

    Examples
    --------
    >>> streaming_mean([1., 4.], weights=[2, 1])
    2.0

    In a model function, whose tensors hold no numbers yet:

    >>> import tensorflow as tf
    >>> with tf.Graph().as_default():
    ...     losses = tf.compat.v1.placeholder(tf.float32, [None])
    ...     value, update = streaming_mean(losses)
    >>> value.value([np.array([1., 2., 6.])])
    3.0
    """
    values = numbers("values", values)
    return mean(values.ravel(), for_each("weights", weights, values.shape))


@streaming
def streaming_mean_tensor(values, weights=None) -> np.ndarray:
    """Mean of values over the rows, for each place of a row.

    Parameters
    ----------
    values : array or tensor of shape (n, ...)
    weights : array or tensor, optional

    Returns
    -------
    array of shape (...), or a pair of one pending metric in a model function

    Examples
    --------
    >>> streaming_mean_tensor([[1., 10.], [3., 30.]])
    array([ 2., 20.])
    """
    values = np.atleast_1d(numbers("values", values)).astype(np.float64)
    weights = for_each("weights", weights, values.shape)
    weights = np.ones(values.shape) if weights is None else weights.reshape(values.shape)
    totals = weights.sum(axis=0)
    sums = (values * weights).sum(axis=0)
    return np.divide(sums, totals, out=np.full(totals.shape, np.nan), where=totals != 0)


@streaming
def streaming_percentage_less(values, threshold, weights=None) -> float:
    """Share of the values that are below a threshold, between 0 and 1.

    Parameters
    ----------
    values : array or tensor
    threshold : float
    weights : array or tensor, optional

    Returns
    -------
    float, or a pair of one pending metric in a model function

    Examples
    --------
    >>> streaming_percentage_less([1., 2., 3., 4.], threshold=2)
    0.25
    """
    values = numbers("values", values)
    return mean((values < threshold).ravel(), for_each("weights", weights, values.shape))


@streaming
def streaming_concat(values, axis=0, max_size=None) -> np.ndarray:
    """All rows put together: choose it to see what the model makes of each.

    Parameters
    ----------
    values : array or tensor of shape (n, ...)
    axis : int, default=0
        0, the axis of the rows.
    max_size : int, optional
        Rows to keep, from the first; None keeps all.

    Returns
    -------
    array, or a pair of one pending metric in a model function

    Raises
    ------
    ValueError
        If the axis is another one.

    Examples
    --------
    >>> streaming_concat([3, 1, 2], max_size=2)
    array([3, 1])
    """
    if axis != 0:
        raise ValueError(
            f"axis should be 0, the axis of the rows, on which batches follow each other. Got "
            f"{axis!r}: transpose the values first."
        )
    return np.atleast_1d(np.asarray(values))[:max_size]


def aggregate_metrics(*value_update_tuples):
    """Return the values and the updates of several metrics.

    Parameters
    ----------
    *value_update_tuples : pairs
        What ``streaming_*`` functions return in a model function.

    Returns
    -------
    values, updates : list

    Raises
    ------
    ValueError
        If there is none, or one is no pair.

    Examples
    --------
    >>> aggregate_metrics(("value 1", "update 1"), ("value 2", "update 2"))
    (['value 1', 'value 2'], ['update 1', 'update 2'])
    """
    if not value_update_tuples:
        raise ValueError(
            "aggregate_metrics expects at least one pair (value, update). Got none: pass what "
            "metrics.streaming_* functions return in a model function."
        )
    for pair in value_update_tuples:
        if not (isinstance(pair, tuple) and len(pair) == 2):
            raise ValueError(
                f"A metric should be a pair (value, update). Got {pair!r}: a streaming metric of "
                "arrays is its value already."
            )
    values, updates = zip(*value_update_tuples, strict=True)
    return list(values), list(updates)


def aggregate_metric_map(names_to_tuples):
    """Return the values and the updates of several metrics by name.

    Parameters
    ----------
    names_to_tuples : dict of str to pair
        What ``streaming_*`` functions return in a model function.

    Returns
    -------
    values, updates : dict

    Raises
    ------
    ValueError
        If there is none, or one is no pair.

    Examples
    --------
    >>> aggregate_metric_map({"auc": ("value", "update")})
    ({'auc': 'value'}, {'auc': 'update'})
    """
    values, updates = aggregate_metrics(*names_to_tuples.values())
    names = list(names_to_tuples)
    return dict(zip(names, values, strict=True)), dict(zip(names, updates, strict=True))
