"""How variables begin: functions of a NumPy generator and a shape."""

from __future__ import annotations

import numpy as np

__all__ = ["glorot_uniform", "ones", "truncated_normal", "zeros"]


def zeros(rng, shape):
    """Return zeros: linear weights and biases begin there."""
    return np.zeros(shape, np.float32)


def ones(rng, shape):
    """Return ones: scales begin there."""
    return np.ones(shape, np.float32)


def glorot_uniform(rng, shape):
    """Return uniform values of variance ``2 / (fan_in + fan_out)`` (Glorot and Bengio, 2010).

    All axes but the last two are places of a filter: each sees all inputs and outputs.
    """
    places = np.prod(shape[:-2])
    fan_in, fan_out = places * shape[-2 if len(shape) > 1 else 0], places * shape[-1]
    limit = np.sqrt(6.0 / (fan_in + fan_out))
    return rng.uniform(-limit, limit, shape).astype(np.float32)


def truncated_normal(stddev):
    """Return an initializer: normal values redrawn beyond two standard deviations."""

    def initial(rng, shape):
        values = rng.standard_normal(shape, dtype=np.float32)
        while (outside := np.abs(values) > 2).any():
            values[outside] = rng.standard_normal(int(outside.sum()), dtype=np.float32)
        return values * np.float32(stddev)

    return initial
