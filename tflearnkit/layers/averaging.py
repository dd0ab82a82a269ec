"""Moving averages of weights: trained on the weights, used with their averages."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from numbers import Real

import tensorflow as tf

from tflearnkit.initializers import zeros
from tflearnkit.variables import Call, Entry, VariableStore, current_call

__all__ = ["moving_averages"]


@contextmanager
def moving_averages(decay: float = 0.999) -> Iterator[None]:
    """Keep moving averages of the weights made inside, which EVAL and INFER then go by.

    An optimizer that takes noisy steps at a high rate goes around an optimum; the mean of where it
    was lies nearer to it (Polyak and Juditsky, 1992). Put the layers of a network inside: training
    is as without, while ``evaluate``, ``predict`` and the evaluations of monitors see averages.
    Choose it where the learning rate does not fall to about zero, which does much the same. The
    moments of `batch_norm` are averages already and stay as they are.

    Parameters
    ----------
    decay : float in [0, 1), default=0.999
        How much of an average a step keeps: it is that of about the last ``1 / (1 - decay)``
        steps. In the first steps less is kept, ``min(decay, t / (t + 9))`` after ``t`` of them.

    Raises
    ------
    ValueError
        If ``decay`` is out of its range, or averages of these weights are kept already.

    Notes
    -----
    The average of the variable ``weights`` is kept in ``weights/ExponentialMovingAverage``, without
    the weights of the last step, which are added where it is used. There `get_variable` gives a
    tensor, the average, in place of a variable that is trained. The averages are those of
    ``tf.train.ExponentialMovingAverage`` with ``num_updates``.

    References
    ----------
    Polyak, Juditsky (1992), "Acceleration of stochastic approximation by averaging".

    Examples
    --------
    >>> import numpy as np
    >>> import tflearnkit as learn
    >>> def model_fn(features, targets):
    ...     with learn.layers.moving_averages(decay=0.9):
    ...         predictions = learn.layers.linear(features, 1)[:, 0]
    ...     loss = learn.losses.mean_squared_error(predictions, targets)
    ...     step = learn.layers.optimize_loss(loss, optimizer="SGD", learning_rate=0.2)
    ...     return predictions, loss, step
    >>> rng = np.random.default_rng(0)
    >>> X = rng.normal(size=(400, 1))
    >>> y = 3 * X[:, 0] + rng.normal(size=400)
    >>> model = learn.Estimator(model_fn, batch_size=4, steps=500, random_state=0).fit(X, y)
    >>> predicted = model.predict([[0.0], [1.0]])
    >>> bias, weight = predicted[0], predicted[1] - predicted[0]  # those of the averages
    >>> last = model.get_variable_value("fully_connected/weights").item()
    >>> bool(abs(weight - 3) < abs(last - 3))
    True
    """
    if not isinstance(decay, Real) or not 0 <= decay < 1:
        raise ValueError(f"decay should be at least 0 and below 1. Got {decay!r}: give 0.999.")
    call = current_call()
    store = call.store
    if isinstance(store, _AveragingStore):
        raise ValueError(
            "moving_averages should not stand inside another one, which keeps averages of these "
            "weights already. Got two: leave one out."
        )
    call.store = _AveragingStore(store, call, decay)
    try:
        yield
    finally:
        call.store = store


class _AveragingStore:
    """Stands before the store of a call, and gives averages in place of weights."""

    def __init__(self, store: VariableStore, call: Call, decay: float):
        self._store, self._call, self._decay = store, call, decay

    def __getattr__(self, name: str):
        return getattr(self._store, name)

    def variable(self, name, shape, dtype, initial, regularizer, trainable) -> Entry:
        """Return the variable of that name, or what its average is now."""
        found = self._store.variable(name, shape, dtype, initial, regularizer, trainable)
        if not trainable:
            return found
        beside = f"{name}/ExponentialMovingAverage"
        average = self._store.variable(beside, shape, dtype, zeros, None, False).variable
        # Before the step, weights are those that the last step left: their turn to be averaged.
        value = self._averaged(average, found.variable)
        is_first = beside not in self._call.made  # a layer may share the weights of another
        self._call.made.add(beside)
        if not self._call.is_training:
            return found._replace(variable=value)
        if is_first:
            average.assign(value)
        return found

    def _averaged(self, average, weights):
        taken = tf.cast(self._call.step, weights.dtype)
        kept = tf.minimum(tf.cast(self._decay, weights.dtype), taken / (taken + 9))
        return kept * average + (1 - kept) * weights
