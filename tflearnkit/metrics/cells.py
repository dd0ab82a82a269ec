"""Predictions, labels and weights cell by cell: what the ``streaming_*`` metrics work on."""

from __future__ import annotations

import numpy as np

__all__ = ["cells", "for_each", "mean", "numbers", "ratio", "share", "truths"]


def cells(predictions, labels, weights=None):
    """Return predictions, labels and weights, flat and of one length.

    Parameters
    ----------
    predictions, labels : array
        Of one shape, but for a last dimension of size 1.
    weights : array, optional
        As in `for_each`.

    Raises
    ------
    ValueError
        If the shapes do not fit.

    Examples
    --------
    >>> cells([[1], [2]], [1, 3])
    (array([1, 2]), array([1, 3]), None)
    """
    predictions, labels = np.asarray(predictions), np.asarray(labels)
    if predictions.ndim == labels.ndim + 1 and predictions.shape[-1] == 1:
        predictions = predictions[..., 0]
    if labels.ndim == predictions.ndim + 1 and labels.shape[-1] == 1:
        labels = labels[..., 0]
    if predictions.shape != labels.shape:
        raise ValueError(
            "predictions and labels should have one shape. Got predictions of shape "
            f"{predictions.shape} and labels of shape {labels.shape}: pass one prediction for "
            "each label, such as the class instead of the probabilities."
        )
    return predictions.ravel(), labels.ravel(), for_each("weights", weights, predictions.shape)


def for_each(name: str, values, shape: tuple[int, ...]):
    """Return weights, or another number for each cell of an array, flat; None stays None.

    Parameters
    ----------
    name : str
        How messages call them.
    values : array or None
        One for all cells, one for each row, or of a shape that broadcasts.
    shape : tuple of int
        Of the array.

    Examples
    --------
    >>> for_each("weights", [1, 3], (2, 2))
    array([1., 1., 3., 3.])
    """
    if values is None:
        return None
    given = numbers(name, values).astype(np.float64)
    values = given[..., 0] if given.ndim == len(shape) + 1 and given.shape[-1] == 1 else given
    if values.ndim:
        values = values.reshape(values.shape + (1,) * (len(shape) - values.ndim))
    try:
        return np.broadcast_to(values, shape).ravel()
    except ValueError:
        raise ValueError(
            f"{name} should be one number, one for each row, or of shape {shape}, that of the "
            f"predictions or values. Got {name} of shape {given.shape}: reshape them."
        ) from None


def numbers(name: str, values) -> np.ndarray:
    """Return values as an array of numbers or booleans.

    Examples
    --------
    >>> numbers("labels", [0, 1])
    array([0, 1])
    """
    values = np.asarray(values)
    if values.dtype.kind not in "biuf":
        raise TypeError(
            f"{name} should be numbers or booleans. Got an array of {values.dtype}: number the "
            "classes first."
        )
    return values


def truths(predictions, labels, weights=None):
    """Return `cells` with predictions and labels as booleans: what is not 0 is true.

    Examples
    --------
    >>> truths([0.5, 0], [1, 1])
    (array([ True, False]), array([ True,  True]), None)
    """
    predictions, labels = numbers("predictions", predictions), numbers("labels", labels)
    predictions, labels, weights = cells(predictions, labels, weights)
    return predictions.astype(bool), labels.astype(bool), weights


def mean(values: np.ndarray, weights=None) -> float:
    """Return the weighted mean of flat values; NaN where nothing weighs anything.

    Examples
    --------
    >>> mean(np.array([1., 4.]), np.array([2., 1.]))
    2.0
    """
    total = len(values) if weights is None else weights.sum()
    return float(np.average(values.astype(np.float64), weights=weights)) if total else float("nan")


def ratio(part, whole) -> float:
    """Return ``part / whole``; NaN where the whole is 0.

    Examples
    --------
    >>> ratio(1, 4), ratio(0, 0)
    (0.25, nan)
    """
    return float(part / whole) if whole else float("nan")


def share(values: np.ndarray, among: np.ndarray, weights=None) -> float:
    """Return the weighted share of what is true among flat values; 0 where there are none.

    Examples
    --------
    >>> share(np.array([True, False, True]), among=np.array([True, True, False]))
    0.5
    """
    found = mean(values[among], None if weights is None else weights[among])
    return 0.0 if np.isnan(found) else found
