"""Units brought to a common scale. For responses over neighbouring channels there is
``tf.nn.local_response_normalization``."""

from __future__ import annotations

import tensorflow as tf

from tflearnkit.initializers import ones, zeros
from tflearnkit.layers.arguments import as_floats, check_share
from tflearnkit.layers.ending import activated
from tflearnkit.layers.scoping import add_arg_scope
from tflearnkit.variables import current_call, get_variable, variable_scope

__all__ = ["batch_norm", "layer_norm", "unit_norm"]


@add_arg_scope
def batch_norm(
    inputs,
    decay=0.999,
    center=True,
    scale=False,
    epsilon=0.001,
    activation_fn=None,
    is_training=None,
    trainable=True,
    reuse=None,
    scope=None,
):
    """Bring each unit to mean 0 and variance 1 over the batch (Ioffe and Szegedy, 2015).

    Networks of many layers learn faster with it; give it as a layer's ``normalizer_fn``. In
    training the moments are those of the batch, and moving averages of them are kept, which are
    used from then on: the variables ``moving_mean`` and ``moving_variance``. ``beta`` and
    ``gamma`` are what is added and multiplied.

    Parameters
    ----------
    inputs : float tensor of shape [batch, ..., units]
        Moments are taken over all axes but the last.
    decay : float, default=0.999
        Above 0, up to 1: how much of the moving averages a step keeps. Some hundred steps ask for
        a smaller one, such as 0.9.
    center, scale : bool, default=True and False
        Whether there are ``beta`` and ``gamma``. A linear layer or relu that follows does as well
        as ``gamma``.
    epsilon : float, default=0.001
        Added to the variances.
    activation_fn : callable, optional
        What follows.
    is_training : bool, optional
        Whether the moments are those of the batch. None: in training they are. The moving averages
        change in steps of training alone.
    trainable : bool, default=True
        False leaves ``beta`` and ``gamma`` as they begin.
    reuse : bool, optional
        True takes the variables that ``scope`` has from earlier in the call.
    scope : str, optional
        What the variables' names begin with; by default ``BatchNorm``, numbered.

    Returns
    -------
    tensor of the shape of ``inputs``

    Raises
    ------
    TypeError
        If ``inputs`` is no tensor of floats.
    ValueError
        If ``inputs`` has fewer than two axes, or ``decay`` is out of its range.

    Notes
    -----
    The variance is the mean squared distance from the mean, divided by the number of values and
    not by one less, in the moving average too: as in `keras.layers.BatchNormalization`.

    Examples
    --------
    >>> from tflearnkit.variables import Call, VariableStore
    >>> store = VariableStore()
    >>> with Call(store, "train", 0, 0).running():
    ...     batch_norm(tf.constant([[1.0], [3.0]]), epsilon=0.0).numpy().tolist()
    [[-1.0], [1.0]]
    >>> store.entries["BatchNorm/moving_mean"].variable.numpy().round(3)
    array([0.002], dtype=float32)
    """
    inputs = as_floats(inputs)
    check_share("decay", decay)
    shape = [inputs.shape[-1]]
    how = {"shape": shape, "dtype": inputs.dtype, "trainable": trainable}
    kept = {"shape": shape, "dtype": inputs.dtype, "trainable": False}
    call = current_call()
    with variable_scope(scope, "BatchNorm", reuse=reuse):
        beta = get_variable("beta", initializer=zeros, **how) if center else None
        gamma = get_variable("gamma", initializer=ones, **how) if scale else None
        moving_mean = get_variable("moving_mean", initializer=zeros, **kept)
        moving_variance = get_variable("moving_variance", initializer=ones, **kept)
    mean, variance = moving_mean, moving_variance
    if call.is_training if is_training is None else is_training:
        rows = list(range(inputs.shape.rank - 1))
        (mean,) = call.means([tf.reduce_mean(inputs, rows)])
        squares = tf.math.squared_difference(inputs, mean)
        (variance,) = call.means([tf.reduce_mean(squares, rows)])
        if call.is_training:
            _move(moving_mean, mean, decay)
            _move(moving_variance, variance, decay)
    outputs = tf.nn.batch_normalization(inputs, mean, variance, beta, gamma, epsilon)
    return activated(outputs, activation_fn)


def _move(moving, value, decay):
    """Let a moving average take one step towards a value."""
    moving.assign(decay * moving + (1 - decay) * value)


@add_arg_scope
def layer_norm(
    inputs,
    center=True,
    scale=True,
    activation_fn=None,
    reuse=None,
    trainable=True,
    begin_norm_axis=1,
    scope=None,
):
    """Bring the units of each row to mean 0 and variance 1 (Ba et al., 2016).

    Rows do not see each other, so it suits small batches and recurrent networks, and does the same
    in training as later. The variables ``beta`` and ``gamma`` of shape ``[units]`` are what is
    added and multiplied.

    Parameters
    ----------
    inputs : float tensor of shape [batch, ..., units]
    center, scale : bool, default=True
        Whether there are ``beta`` and ``gamma``.
    activation_fn : callable, optional
        What follows.
    reuse : bool, optional
        True takes the variables that ``scope`` has from earlier in the call.
    trainable : bool, default=True
        False leaves the variables as they begin.
    begin_norm_axis : int, default=1
        Moments are taken over this axis and all that follow. -1 normalises each step of a sequence
        by itself.
    scope : str, optional
        What the variables' names begin with; by default ``LayerNorm``, numbered.

    Returns
    -------
    tensor of the shape of ``inputs``

    Raises
    ------
    TypeError
        If ``inputs`` is no tensor of floats.
    ValueError
        If ``inputs`` has fewer than two axes, or not an axis ``begin_norm_axis`` behind the first.

    Examples
    --------
    >>> from tflearnkit.variables import Call, VariableStore
    >>> with Call(VariableStore(), "train", 0, 0).running():
    ...     layer_norm(tf.constant([[1.0, 3.0], [5.0, 5.0]])).numpy().round(4).tolist()
    [[-1.0, 1.0], [0.0, 0.0]]
    """
    inputs = as_floats(inputs)
    rank = inputs.shape.rank
    begin = begin_norm_axis + rank if begin_norm_axis < 0 else begin_norm_axis
    if not 0 < begin < rank:
        raise ValueError(
            f"begin_norm_axis should be an axis behind the first. Got {begin_norm_axis!r} for "
            f"inputs of {rank} axes: give 1 or -1."
        )
    how = {"shape": [inputs.shape[-1]], "dtype": inputs.dtype, "trainable": trainable}
    with variable_scope(scope, "LayerNorm", reuse=reuse):
        beta = get_variable("beta", initializer=zeros, **how) if center else None
        gamma = get_variable("gamma", initializer=ones, **how) if scale else None
    mean, variance = tf.nn.moments(inputs, list(range(begin, rank)), keepdims=True)
    outputs = tf.nn.batch_normalization(inputs, mean, variance, beta, gamma, 1e-12)
    return activated(outputs, activation_fn)


def unit_norm(inputs, dim, epsilon=1e-7, scope=None):
    """Scale vectors to length 1, as before a comparison by their angle.

    Parameters
    ----------
    inputs : float tensor
    dim : int
        The axis that vectors lie along.
    epsilon : float, default=1e-7
        Squared lengths below it count as ``epsilon``: zeros stay zeros.
    scope : str, optional
        Name of the operation.

    Returns
    -------
    tensor of the shape of ``inputs``

    Examples
    --------
    >>> unit_norm(tf.constant([[3.0, 4.0], [0.0, 0.0]]), dim=1).numpy().round(2)
    array([[0.6, 0.8],
           [0. , 0. ]], dtype=float32)
    """
    return tf.math.l2_normalize(inputs, dim, epsilon, name=scope)
