"""Layers of filters that slide over images."""

from __future__ import annotations

import tensorflow as tf

from tflearnkit.initializers import zeros
from tflearnkit.layers.arguments import as_floats, at_least_one, check_padding, one_or_two
from tflearnkit.layers.ending import Ending
from tflearnkit.layers.scoping import add_arg_scope
from tflearnkit.precision import product
from tflearnkit.variables import get_variable, variable_scope

__all__ = ["conv2d", "convolution2d", "convolution2d_transpose", "separable_convolution2d"]


@add_arg_scope
def convolution2d(
    inputs,
    num_outputs,
    kernel_size,
    stride=1,
    padding="SAME",
    rate=1,
    activation_fn=tf.nn.relu,
    normalizer_fn=None,
    normalizer_params=None,
    weights_initializer=None,
    weights_regularizer=None,
    biases_initializer=zeros,
    biases_regularizer=None,
    reuse=None,
    trainable=True,
    scope=None,
):
    """Slide filters over images: the layer of a network that sees. Also called ``conv2d``.

    It makes the variables ``weights`` of shape ``[height, width, channels, num_outputs]`` and
    ``biases`` of shape ``[num_outputs]``.

    Parameters
    ----------
    inputs : float tensor of shape [batch, height, width, channels]
    num_outputs : int
        Filters, at least 1.
    kernel_size : int or pair of int
        Height and width of the filters.
    stride : int or pair of int, default=1
        Pixels from one place of the filters to the next.
    padding : {'SAME', 'VALID'}, default='SAME'
        Whether filters reach beyond the border, so that a stride of 1 keeps the size.
    rate : int or pair of int, default=1
        Pixels from one weight of a filter to the next; not above 1 together with ``stride``.
    activation_fn, normalizer_fn, normalizer_params : optional
        What follows; as for `fully_connected`.
    weights_initializer, biases_initializer : optional
        How they begin; as for `fully_connected`. ``biases_initializer=None`` makes no biases.
    weights_regularizer, biases_regularizer : callable, optional
        Penalties that are added to the loss.
    reuse : bool, optional
        True takes the variables that ``scope`` has from earlier in the call.
    trainable : bool, default=True
        False leaves the variables as they begin.
    scope : str, optional
        What the variables' names begin with; by default ``Conv``, numbered.

    Returns
    -------
    tensor of shape [batch, new height, new width, num_outputs]

    Raises
    ------
    TypeError
        If ``inputs`` is no tensor of floats.
    ValueError
        If ``inputs`` has not four axes, or a size or ``padding`` is none.

    Examples
    --------
    >>> from tflearnkit.variables import Call, VariableStore
    >>> with Call(VariableStore(), "train", 0, 0).running():
    ...     convolution2d(tf.ones([8, 28, 28, 1]), 32, kernel_size=[3, 3]).shape
    TensorShape([8, 28, 28, 32])
    """
    inputs = as_floats(inputs, rank=4)
    num_outputs = at_least_one("num_outputs", num_outputs)
    shape = [*one_or_two("kernel_size", kernel_size), inputs.shape[-1], num_outputs]
    with variable_scope(scope, "Conv", reuse=reuse):
        weights = get_variable(
            "weights", shape, inputs.dtype, weights_initializer, weights_regularizer, trainable
        )
        outputs = product(
            tf.nn.convolution,
            inputs,
            weights,
            strides=one_or_two("stride", stride),
            padding=check_padding(padding),
            dilations=one_or_two("rate", rate),
        )
        ending = Ending(
            activation_fn,
            normalizer_fn,
            normalizer_params,
            biases_initializer,
            biases_regularizer,
            trainable,
        )
        return ending.of(outputs)


conv2d = convolution2d


@add_arg_scope
def convolution2d_transpose(
    inputs,
    num_outputs,
    kernel_size,
    stride=1,
    padding="SAME",
    activation_fn=tf.nn.relu,
    normalizer_fn=None,
    normalizer_params=None,
    weights_initializer=None,
    weights_regularizer=None,
    biases_initializer=zeros,
    biases_regularizer=None,
    reuse=None,
    trainable=True,
    scope=None,
):
    """Enlarge images by filters, the transpose of `convolution2d`: for decoders and generators.

    It makes the variables ``weights`` of shape ``[height, width, num_outputs, channels]`` and
    ``biases`` of shape ``[num_outputs]``.

    Parameters
    ----------
    inputs : float tensor of shape [batch, height, width, channels]
    num_outputs : int
        Filters, at least 1.
    kernel_size : int or pair of int
        Height and width of the filters.
    stride : int or pair of int, default=1
        How many times larger the image becomes.
    padding : {'SAME', 'VALID'}, default='SAME'
        With 'VALID', what filters reach beyond the border is kept as well.
    activation_fn, normalizer_fn, normalizer_params, weights_initializer, weights_regularizer, \
biases_initializer, biases_regularizer, reuse, trainable
        As for `convolution2d`.
    scope : str, optional
        What the variables' names begin with; by default ``Conv2d_transpose``, numbered.

    Returns
    -------
    tensor of shape [batch, new height, new width, num_outputs]

    Raises
    ------
    TypeError, ValueError
        As `convolution2d`.

    Examples
    --------
    >>> from tflearnkit.variables import Call, VariableStore
    >>> with Call(VariableStore(), "train", 0, 0).running():
    ...     convolution2d_transpose(tf.ones([8, 7, 7, 32]), 16, 3, stride=2).shape
    TensorShape([8, 14, 14, 16])
    """
    inputs = as_floats(inputs, rank=4)
    num_outputs = at_least_one("num_outputs", num_outputs)
    kernel, strides = one_or_two("kernel_size", kernel_size), one_or_two("stride", stride)
    with variable_scope(scope, "Conv2d_transpose", reuse=reuse):
        weights = get_variable(
            "weights",
            [*kernel, num_outputs, inputs.shape[-1]],
            inputs.dtype,
            weights_initializer,
            weights_regularizer,
            trainable,
        )
        outputs = tf.nn.conv2d_transpose(
            inputs,
            weights,
            _enlarged(inputs, kernel, strides, check_padding(padding), num_outputs),
            strides,
            padding,
        )
        ending = Ending(
            activation_fn,
            normalizer_fn,
            normalizer_params,
            biases_initializer,
            biases_regularizer,
            trainable,
        )
        return ending.of(outputs)


def _enlarged(inputs, kernel, strides, padding: str, num_outputs: int) -> list:
    """Return the shape of the images that a transposed convolution gives."""
    dynamic = tf.shape(inputs)
    rows, *sizes = [
        dynamic[axis] if inputs.shape[axis] is None else inputs.shape[axis] for axis in range(3)
    ]
    for axis in range(2):
        over = max(kernel[axis] - strides[axis], 0) if padding == "VALID" else 0
        sizes[axis] = sizes[axis] * strides[axis] + over
    return [rows, *sizes, num_outputs]


@add_arg_scope
def separable_convolution2d(
    inputs,
    num_outputs,
    kernel_size,
    depth_multiplier=1,
    stride=1,
    padding="SAME",
    activation_fn=tf.nn.relu,
    normalizer_fn=None,
    normalizer_params=None,
    weights_initializer=None,
    weights_regularizer=None,
    biases_initializer=zeros,
    biases_regularizer=None,
    reuse=None,
    trainable=True,
    scope=None,
):
    """Slide filters over each channel by itself, then mix the channels at each pixel.

    Has far fewer weights than `convolution2d`, and often serves as well. It makes the variables
    ``depthwise_weights`` of shape ``[height, width, channels, depth_multiplier]``,
    ``pointwise_weights`` of shape ``[1, 1, channels * depth_multiplier, num_outputs]`` and
    ``biases`` of shape ``[num_outputs]``.

    Parameters
    ----------
    inputs : float tensor of shape [batch, height, width, channels]
    num_outputs : int or None
        Mixtures of the channels, at least 1. None does not mix them.
    kernel_size : int or pair of int
        Height and width of the filters.
    depth_multiplier : int, default=1
        Filters for each channel.
    stride : int, default=1
        Pixels from one place of the filters to the next, down as well as across.
    padding : {'SAME', 'VALID'}, default='SAME'
    activation_fn, normalizer_fn, normalizer_params, weights_initializer, weights_regularizer, \
biases_initializer, biases_regularizer, reuse, trainable
        As for `convolution2d`.
    scope : str, optional
        What the variables' names begin with; by default ``SeparableConv2d``, numbered.

    Returns
    -------
    tensor of shape [batch, new height, new width, channels]

    Raises
    ------
    TypeError, ValueError
        As `convolution2d`.

    Examples
    --------
    >>> from tflearnkit.variables import Call, VariableStore
    >>> with Call(VariableStore(), "train", 0, 0).running():
    ...     separable_convolution2d(tf.ones([8, 28, 28, 3]), 16, 3, stride=2).shape
    TensorShape([8, 14, 14, 16])
    """
    inputs = as_floats(inputs, rank=4)
    channels, multiplier = inputs.shape[-1], at_least_one("depth_multiplier", depth_multiplier)
    kernel, strides = one_or_two("kernel_size", kernel_size), [1, *one_or_two("stride", stride), 1]
    check_padding(padding)
    how = inputs.dtype, weights_initializer, weights_regularizer, trainable
    with variable_scope(scope, "SeparableConv2d", reuse=reuse):
        depthwise = get_variable("depthwise_weights", [*kernel, channels, multiplier], *how)
        outputs = tf.nn.depthwise_conv2d(inputs, depthwise, strides, padding)
        if num_outputs is not None:
            mixed = [1, 1, channels * multiplier, at_least_one("num_outputs", num_outputs)]
            pointwise = get_variable("pointwise_weights", mixed, *how)
            outputs = tf.nn.conv2d(outputs, pointwise, 1, "VALID")
        ending = Ending(
            activation_fn,
            normalizer_fn,
            normalizer_params,
            biases_initializer,
            biases_regularizer,
            trainable,
        )
        return ending.of(outputs)
