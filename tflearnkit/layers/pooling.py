"""Images made smaller."""

from __future__ import annotations

import tensorflow as tf

from tflearnkit.layers.arguments import as_floats, check_padding, one_or_two
from tflearnkit.layers.scoping import add_arg_scope

__all__ = ["avg_pool2d", "max_pool2d"]


@add_arg_scope
def max_pool2d(inputs, kernel_size, stride=2, padding="VALID", scope=None):
    """Take the largest value of each window of an image: what is found counts, not where.

    Parameters
    ----------
    inputs : float tensor of shape [batch, height, width, channels]
    kernel_size : int or pair of int
        Height and width of the windows.
    stride : int or pair of int, default=2
        Pixels from one window to the next.
    padding : {'SAME', 'VALID'}, default='VALID'
        Whether windows may reach beyond the border.
    scope : str, optional
        Name of the operation.

    Returns
    -------
    tensor of shape [batch, new height, new width, channels]

    Raises
    ------
    TypeError
        If ``inputs`` is no tensor of floats.
    ValueError
        If ``inputs`` has not four axes, or a size or ``padding`` is none.

    Examples
    --------
    >>> max_pool2d(tf.ones([8, 28, 28, 3]), [2, 2]).shape
    TensorShape([8, 14, 14, 3])
    """
    return tf.nn.max_pool2d(
        as_floats(inputs, rank=4),
        one_or_two("kernel_size", kernel_size),
        one_or_two("stride", stride),
        check_padding(padding),
        name=scope,
    )


@add_arg_scope
def avg_pool2d(inputs, kernel_size, stride=2, padding="VALID", scope=None):
    """Take the mean of each window of an image.

    Parameters
    ----------
    inputs : float tensor of shape [batch, height, width, channels]
    kernel_size : int or pair of int
        Height and width of the windows.
    stride : int or pair of int, default=2
        Pixels from one window to the next.
    padding : {'SAME', 'VALID'}, default='VALID'
        Whether windows may reach beyond the border; what is there does not count.
    scope : str, optional
        Name of the operation.

    Returns
    -------
    tensor of shape [batch, new height, new width, channels]

    Raises
    ------
    TypeError, ValueError
        As `max_pool2d`.

    Examples
    --------
    >>> avg_pool2d(tf.ones([5, 10, 12, 3]), [3, 3]).shape
    TensorShape([5, 4, 5, 3])
    """
    return tf.nn.avg_pool2d(
        as_floats(inputs, rank=4),
        one_or_two("kernel_size", kernel_size),
        one_or_two("stride", stride),
        check_padding(padding),
        name=scope,
    )
