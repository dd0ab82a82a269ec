"""The ``streaming_*`` metrics of predicted numbers; see `tflearnkit.metrics.streaming`."""

from __future__ import annotations

import numpy as np

from tflearnkit.metrics.cells import cells, for_each, mean, numbers, ratio
from tflearnkit.metrics.pending import streaming

__all__ = [
    "streaming_covariance",
    "streaming_mean_absolute_error",
    "streaming_mean_cosine_distance",
    "streaming_mean_relative_error",
    "streaming_mean_squared_error",
    "streaming_pearson_correlation",
    "streaming_root_mean_squared_error",
]


@streaming
def streaming_mean_absolute_error(predictions, labels, weights=None) -> float:
    """Mean absolute error, in the unit of the labels.

    Parameters
    ----------
    predictions, labels : array or tensor
        Of one shape but for a trailing dimension of size 1.
    weights : array or tensor, optional

    Returns
    -------
    float, or a pair of one pending metric in a model function

    Examples
    --------
    >>> streaming_mean_absolute_error([1., 3.], [1., 1.])
    1.0
    """
    errors, weights = _errors(predictions, labels, weights)
    return mean(np.abs(errors), weights)


@streaming
def streaming_mean_relative_error(predictions, labels, normalizer, weights=None) -> float:
    """Mean of absolute errors divided by a normalizer; 0 where that is 0.

    Parameters
    ----------
    predictions, labels : array or tensor
        As in `streaming_mean_absolute_error`.
    normalizer : array or tensor
        One number, or one for each prediction; often the labels.
    weights : array or tensor, optional

    Returns
    -------
    float, or a pair of one pending metric in a model function

    Examples
    --------
    >>> streaming_mean_relative_error([2., 5.], [4., 4.], normalizer=[4., 4.])
    0.375
    """
    errors, weights = _errors(predictions, labels, weights)
    normalizer = for_each("normalizer", normalizer, np.shape(predictions))
    zeros = np.zeros_like(errors)
    return mean(np.divide(np.abs(errors), normalizer, out=zeros, where=normalizer != 0), weights)


@streaming
def streaming_mean_squared_error(predictions, labels, weights=None) -> float:
    """Mean squared error.

    Parameters
    ----------
    predictions, labels : array or tensor
        As in `streaming_mean_absolute_error`.
    weights : array or tensor, optional

    Returns
    -------
    float, or a pair of one pending metric in a model function

    Examples
    --------
    >>> streaming_mean_squared_error([1., 3.], [1., 1.])
    2.0
    """
    errors, weights = _errors(predictions, labels, weights)
    return mean(errors**2, weights)


@streaming
def streaming_root_mean_squared_error(predictions, labels, weights=None) -> float:
    """Square root of the mean squared error, in the unit of the labels.

    Parameters
    ----------
    predictions, labels : array or tensor
        As in `streaming_mean_absolute_error`.
    weights : array or tensor, optional

    Returns
    -------
    float, or a pair of one pending metric in a model function

    Examples
    --------
    >>> streaming_root_mean_squared_error([0., 4.], [2., 2.])
    2.0
    """
    errors, weights = _errors(predictions, labels, weights)
    return mean(errors**2, weights) ** 0.5


@streaming
def streaming_covariance(predictions, labels, weights=None) -> float:
    """Covariance of predictions and labels, without bias: divided by the rows less one.

    Parameters
    ----------
    predictions, labels : array or tensor
        As in `streaming_mean_absolute_error`.
    weights : array or tensor, optional
        How often each row counts.

    Returns
    -------
    float, or a pair of one pending metric in a model function
        NaN where no more than one row counts.

    Examples
    --------
    >>> streaming_covariance([1., 2., 3.], [2., 4., 6.])
    2.0
    """
    covariances, total = _covariances(predictions, labels, weights)
    return float(covariances[0, 1] * total / (total - 1)) if total > 1 else float("nan")


@streaming
def streaming_pearson_correlation(predictions, labels, weights=None) -> float:
    """Pearson's correlation of predictions and labels, between -1 and 1.

    Parameters
    ----------
    predictions, labels : array or tensor
        As in `streaming_mean_absolute_error`.
    weights : array or tensor, optional

    Returns
    -------
    float, or a pair of one pending metric in a model function
        NaN where predictions or labels are all the same.

    Examples
    --------
    >>> round(streaming_pearson_correlation([1., 2., 3.], [6., 4., 2.]), 6)
    -1.0
    """
    covariances, _ = _covariances(predictions, labels, weights)
    return ratio(covariances[0, 1], np.sqrt(covariances[0, 0] * covariances[1, 1]))


@streaming
def streaming_mean_cosine_distance(predictions, labels, dim, weights=None) -> float:
    """Mean of 1 minus the inner product of predictions and labels, vectors of length 1.

    Parameters
    ----------
    predictions, labels : array or tensor
        Of one shape. The vectors should have length 1 already, as from ``tf.math.l2_normalize``.
    dim : int
        The axis of a vector's entries; not that of the rows, 0.
    weights : array or tensor, optional
        One for each row, or for each vector.

    Returns
    -------
    float, or a pair of one pending metric in a model function

    Raises
    ------
    ValueError
        If the axis is that of the rows or not there, or shapes do not fit.

    Examples
    --------
    >>> streaming_mean_cosine_distance([[1., 0.], [0., 1.]], [[1., 0.], [1., 0.]], dim=1)
    0.5
    """
    shape = np.shape(predictions)
    if not (-len(shape) < dim < len(shape) and dim):
        raise ValueError(
            f"dim should be an axis of the predictions, of shape {shape}, other than that of the "
            f"rows. Got {dim}: pass -1 for the last one."
        )
    predictions, labels = _floats(predictions, labels)
    predictions, labels, _ = cells(predictions, labels)
    distances = 1 - (predictions * labels).reshape(shape).sum(axis=dim)
    if weights is not None and np.ndim(weights) == len(shape) and np.shape(weights)[dim] == 1:
        weights = np.squeeze(weights, dim)
    return mean(distances.ravel(), for_each("weights", weights, distances.shape))


def _floats(predictions, labels):
    return (
        numbers("predictions", predictions).astype(np.float64),
        numbers("labels", labels).astype(np.float64),
    )


def _errors(predictions, labels, weights):
    predictions, labels, weights = cells(*_floats(predictions, labels), weights)
    return predictions - labels, weights


def _covariances(predictions, labels, weights):
    """Return the 2 x 2 covariances, divided by all that counts, and how much that is."""
    predictions, labels, weights = cells(*_floats(predictions, labels), weights)
    total = len(labels) if weights is None else weights.sum()
    if not total:
        return np.full((2, 2), np.nan), total
    return np.cov(predictions, labels, aweights=weights, ddof=0), total
