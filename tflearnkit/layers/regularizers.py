"""Penalties on weights: functions of a tensor that `get_variable` collects into the loss."""

from __future__ import annotations

import math
from collections.abc import Callable

import tensorflow as tf

__all__ = ["l1_l2_regularizer", "l1_regularizer", "l2_regularizer", "sum_regularizer"]


def l1_regularizer(scale: float) -> Callable | None:
    """Return a penalty ``scale * sum(abs(weights))``: it makes many weights exactly or nearly 0.

    Parameters
    ----------
    scale : float
        At least 0.

    Returns
    -------
    callable or None
        ``f(tensor)`` -> a scalar; None for a ``scale`` of 0, which is no regularizer to a layer.

    Raises
    ------
    ValueError
        If ``scale`` is negative, infinite or no number.

    Examples
    --------
    >>> float(l1_regularizer(0.5)(tf.constant([1.0, -3.0])))
    2.0
    """
    _check_scale("scale", scale)
    return (lambda weights: scale * tf.reduce_sum(tf.abs(weights))) if scale else None


def l2_regularizer(scale: float) -> Callable | None:
    """Return a penalty ``scale * sum(weights ** 2) / 2``: it keeps weights small (weight decay).

    Parameters
    ----------
    scale : float
        At least 0.

    Returns
    -------
    callable or None
        ``f(tensor)`` -> a scalar; None for a ``scale`` of 0, which is no regularizer to a layer.

    Raises
    ------
    ValueError
        If ``scale`` is negative, infinite or no number.

    Examples
    --------
    >>> float(l2_regularizer(0.5)(tf.constant([1.0, -3.0])))
    2.5
    """
    _check_scale("scale", scale)
    return (lambda weights: scale * tf.nn.l2_loss(weights)) if scale else None


def l1_l2_regularizer(scale_l1: float = 1.0, scale_l2: float = 1.0) -> Callable | None:
    """Return the sum of an `l1_regularizer` and an `l2_regularizer` (an elastic net).

    Parameters
    ----------
    scale_l1, scale_l2 : float, default=1.0
        At least 0.

    Returns
    -------
    callable or None
        ``f(tensor)`` -> a scalar; None if both are 0.

    Raises
    ------
    ValueError
        If a scale is negative, infinite or no number.

    Examples
    --------
    >>> float(l1_l2_regularizer(1.0, 2.0)(tf.constant([1.0, -3.0])))
    14.0
    """
    _check_scale("scale_l1", scale_l1)
    _check_scale("scale_l2", scale_l2)
    return sum_regularizer([l1_regularizer(scale_l1), l2_regularizer(scale_l2)])


def sum_regularizer(regularizer_list) -> Callable | None:
    """Return the sum of several penalties as one.

    Parameters
    ----------
    regularizer_list : list of callables and None
        None adds nothing.

    Returns
    -------
    callable or None
        ``f(tensor)`` -> a scalar; None if there is nothing to add.

    Examples
    --------
    >>> penalty = sum_regularizer([l2_regularizer(1.0), lambda w: tf.reduce_max(w), None])
    >>> float(penalty(tf.constant([1.0, 3.0])))
    8.0
    """
    present = [regularizer for regularizer in regularizer_list if regularizer is not None]
    return (lambda weights: tf.add_n([one(weights) for one in present])) if present else None


def _check_scale(name: str, scale) -> None:
    if not (scale >= 0 and math.isfinite(scale)):
        raise ValueError(f"{name} should be at least 0, and finite. Got {scale!r}: give 0.01.")
