"""The same numbers in another shape, and ids as numbers."""

from __future__ import annotations

import tensorflow as tf

from tflearnkit.layers.arguments import at_least_one

__all__ = ["flatten", "one_hot_encoding"]


def flatten(inputs, scope=None):
    """Lay all axes but the first side by side, as between images and a `fully_connected` layer.

    Parameters
    ----------
    inputs : tensor of shape [batch, ...]
        All sizes but the first must be known.
    scope : str, optional
        Name of the operation.

    Returns
    -------
    tensor of shape [batch, size]

    Raises
    ------
    ValueError
        If a size is not known, or there is no axis.

    Examples
    --------
    >>> flatten(tf.ones([8, 7, 7, 2])).shape
    TensorShape([8, 98])
    """
    inputs = tf.convert_to_tensor(inputs)
    size = inputs.shape[1:].num_elements() if inputs.shape.rank else None
    if size is None:
        raise ValueError(
            "inputs should have axes of known sizes behind the first. Got the shape "
            f"{inputs.shape}: say the sizes with tf.ensure_shape."
        )
    rows = inputs.shape[0]
    return tf.reshape(inputs, [tf.shape(inputs)[0] if rows is None else rows, size], name=scope)


def one_hot_encoding(labels, num_classes, on_value=1.0, off_value=0.0, scope=None):
    """Turn ids into rows that are 1 at the place of the id and 0 elsewhere.

    For targets of a loss over probabilities, or for few categories as inputs; `embed_sequence`
    suits many.

    Parameters
    ----------
    labels : tensor of integers or booleans, of any shape
        From 0 to ``num_classes - 1``; for others all places are ``off_value``.
    num_classes : int
        At least 1.
    on_value, off_value : float, default=1.0 and 0.0
        What stands at the place of the id, and elsewhere.
    scope : str, optional
        Name of the operation.

    Returns
    -------
    float tensor of the shape of ``labels`` and one more axis of ``num_classes``

    Raises
    ------
    TypeError
        If ``labels`` has no integers.
    ValueError
        If ``num_classes`` is below 1.

    Examples
    --------
    >>> one_hot_encoding([0, 2], 3).numpy().tolist()
    [[1.0, 0.0, 0.0], [0.0, 0.0, 1.0]]
    """
    labels = tf.convert_to_tensor(labels)
    if not (labels.dtype.is_integer or labels.dtype.is_bool):
        raise TypeError(
            f"labels should be integers from 0 on. Got {labels.dtype.name}: use tf.cast(labels, "
            "tf.int64) where they are whole numbers."
        )
    depth = at_least_one("num_classes", num_classes)
    return tf.one_hot(
        tf.cast(labels, tf.int64), depth, float(on_value), float(off_value), name=scope
    )
