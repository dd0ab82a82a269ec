"""Classes drawn by chance, to stand for all the others in a loss over very many classes."""

from __future__ import annotations

import numpy as np
import tensorflow as tf

from tflearnkit import draws
from tflearnkit.layers.arguments import at_least_one
from tflearnkit.variables import current_call

__all__ = ["unigram_candidates"]


def unigram_candidates(labels, num_sampled, unigrams, distortion=0.75):
    """Draw classes by how often they occur, for a loss that does not look at all of them.

    Give what it returns as ``sampled_values`` to `tf.nn.nce_loss` or `tf.nn.sampled_softmax_loss`,
    which otherwise draw for themselves, differently in each run. The draws are decided by the
    estimator's ``random_state`` and the number of the step; in evaluations they are the same each
    time, so that losses can be compared.

    Parameters
    ----------
    labels : tensor of integers of shape [batch, num_true]
        The classes that are right.
    num_sampled : int
        How many classes to draw for the batch, at least 1. One may come more than once, and a
        right one may be among them.
    unigrams : array of shape [num_classes]
        How often each class occurs, above 0.
    distortion : float, default=0.75
        The power of ``unigrams`` by which is drawn: 1 draws as they are, 0 all alike. Between
        these, rare words come more often than they occur, which gives better vectors of words
        (Mikolov et al., 2013).

    Returns
    -------
    sampled : int64 tensor of shape [num_sampled]
        The classes drawn.
    true_expected : float tensor of shape [batch, num_true]
        How often each of ``labels`` is expected among ``num_sampled`` draws.
    sampled_expected : float tensor of shape [num_sampled]
        The same for those drawn.

    Raises
    ------
    ValueError
        If ``num_sampled`` is below 1, or ``unigrams`` is no row of numbers above 0.

    Examples
    --------
    >>> from tflearnkit.variables import Call, VariableStore
    >>> with Call(VariableStore(), "train", 0, 0).running():
    ...     drawn, _, _ = unigram_candidates([[3], [0]], 1000, [1, 1, 16, 16])
    >>> np.bincount(drawn.numpy()).tolist()  # 16 ** 0.75 = 8
    [49, 57, 427, 467]
    """
    num_sampled = at_least_one("num_sampled", num_sampled)
    shares = _shares(unigrams, distortion)
    upto = tf.constant(np.cumsum(shares)[:-1])  # above the last one lies the last class
    sampled = _how_many_are_reached(upto, _fine_uniform(num_sampled))
    expected = tf.constant(num_sampled * shares, tf.float32)
    return sampled, tf.gather(expected, labels), tf.gather(expected, sampled)


def _shares(unigrams, distortion) -> np.ndarray:
    counts = np.asarray(unigrams, np.float64)
    wrong = counts[~(np.isfinite(counts) & (counts > 0))]
    if counts.ndim != 1 or not counts.size or wrong.size:
        raise ValueError(
            "unigrams should be one number above 0 for each class. Got an array of shape "
            f"{counts.shape}{f' with {wrong[0]} in it' if wrong.size else ''}: leave classes out "
            "that do not occur, or count them 1."
        )
    distorted = counts**distortion
    return distorted / distorted.sum()


def _fine_uniform(n: int) -> tf.Tensor:
    """Return draws in [0, 1) of 48 bits: 24 would be too coarse for rare ones of many classes."""
    call = current_call()
    first, second = (draws.uniform([n], call.next_key()) for _ in range(2))
    return tf.cast(first, tf.float64) + tf.cast(second, tf.float64) / 2.0**24


def _how_many_are_reached(upto: tf.Tensor, values: tf.Tensor) -> tf.Tensor:
    """Return how many of the ascending ``upto`` are not above each value, by halving.

    `tf.searchsorted` does the same, but under XLA compares each value with all of them: of a
    million classes, that takes longer than the rest of a step.
    """
    n, found = upto.shape[0], tf.zeros(values.shape, tf.int64)
    for bit in reversed(range(n.bit_length())):
        further = found + 2**bit
        is_reached = tf.gather(upto, tf.minimum(further, n) - 1) <= values
        found = tf.where((further <= n) & is_reached, further, found)
    return found
