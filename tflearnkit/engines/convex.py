"""A convex linear problem: the losses, seen a block of rows at a time, and the objective.

A loss looks at margins ``z`` and targets ``y``, both (rows, K), never at the design.  ``at``
returns a :class:`Point`; ``bend`` multiplies by the second derivative; ``gram`` sums it over rows
into a Hessian; ``diagonal`` is what a preconditioner needs of it; ``constant`` is the best margin
(K,) where nothing but the mean target is known. ``couples_outputs`` says whether the K outputs
share a loss, ``switches`` whether a second derivative is either there or not.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from tflearnkit.engines.design import Design

RAREST = 1e-6  # a class rarer than this starts as if it were not


class Point(NamedTuple):
    """What a loss knows at some margins."""

    value: np.ndarray  # (rows,) loss of each row, summed over outputs
    residual: np.ndarray  # (rows, K) first derivative of the loss in z
    state: np.ndarray  # (rows, K) from which the second derivative follows


class Squared:
    """Half the squared error, summed over K outputs."""

    couples_outputs, switches = False, False

    @staticmethod
    def constant(mean):
        return mean

    @staticmethod
    def at(z, y) -> Point:
        residual = z - y
        return Point(0.5 * (residual**2).sum(axis=1), residual, np.ones_like(z))

    @staticmethod
    def diagonal(state):
        return state

    @staticmethod
    def bend(state, s):
        return s

    @staticmethod
    def gram(x, state, weights, kind):
        """Sum ``w x x'`` over rows, (d, d): the same for every output."""
        return weighted_gram(x, weights, kind)


class Logistic:
    """Cross-entropy of one yes/no target (K = 1); a target may be a probability."""

    couples_outputs, switches = False, False

    @staticmethod
    def constant(mean):
        mean = np.clip(mean, RAREST, 1 - RAREST)
        return np.log(mean / (1 - mean))

    @staticmethod
    def at(z, y) -> Point:
        small = np.exp(-np.abs(z))  # never overflows, and serves loss, probability and curvature
        larger = 1 / (1 + small)  # the probability of the likelier side
        value = np.maximum(z, 0) - y * z - np.log(larger)
        probability = np.where(z >= 0, larger, small * larger)
        # not p * (1 - p), which is zero in float64 from z = 37 on
        return Point(value[:, 0], probability - y, small * larger * larger)

    @staticmethod
    def diagonal(state):
        return state

    @staticmethod
    def bend(state, s):
        return state * s

    @staticmethod
    def gram(x, state, weights, kind):
        """Sum ``w p (1 - p) x x'`` over rows, (d, d)."""
        return weighted_gram(x, weights * state[:, 0], kind)


class Softmax:
    """Cross-entropy over K classes, a column of coefficients for each, as in scikit-learn."""

    couples_outputs, switches = True, False

    @staticmethod
    def constant(mean):
        logs = np.log(np.maximum(mean, RAREST))
        return logs - logs.mean()

    @staticmethod
    def at(z, y) -> Point:
        shifted = z - z.max(axis=1, keepdims=True)
        exponent = np.exp(shifted)
        total = exponent.sum(axis=1, keepdims=True)
        value = np.log(total[:, 0]) * y.sum(axis=1) - (y * shifted).sum(axis=1)
        probability = exponent / total
        return Point(value, probability - y, probability)

    @staticmethod
    def diagonal(state):
        return state * (1 - state)

    @staticmethod
    def bend(state, s):
        weighted = state * s
        return weighted - state * weighted.sum(axis=1, keepdims=True)

    @staticmethod
    def gram(x, state, weights, kind):
        """Sum ``w (diag(p) - p p') kron x x'`` over rows, (K d, K d), class by class.

        The ``p p'`` part is one product of all classes' weighted rows, of which BLAS does half,
        knowing it symmetric; only the K diagonal blocks need a product of their own.
        """
        rows, d = x.shape
        k = state.shape[1]
        everything = (state * np.sqrt(weights)[:, None])[:, :, None] * x[:, None, :]
        everything = everything.reshape(rows, k * d).astype(kind, copy=False)
        hessian = -(everything.T @ everything).astype(np.float64)
        for c in range(k):
            block = slice(c * d, (c + 1) * d)
            hessian[block, block] += weighted_gram(x, weights * state[:, c], kind)
        return hessian


class SquaredHinge:
    """The square of what a row lacks to a margin of 1 on its side (K = 1); targets are -1 and 1.

    Rows beyond the margin have no part in a Hessian: from one to the next few rows change.
    """

    couples_outputs, switches = False, True

    @staticmethod
    def constant(mean):
        return mean

    @staticmethod
    def at(z, y) -> Point:
        lacking = np.maximum(1 - y * z, 0)
        return Point((lacking**2)[:, 0], -2 * y * lacking, 2.0 * (lacking > 0))

    @staticmethod
    def diagonal(state):
        return state

    @staticmethod
    def bend(state, s):
        return state * s

    @staticmethod
    def gram(x, state, weights, kind):
        """Sum ``2 w x x'`` over the rows short of the margin, (d, d).

        A change of the state, in place of the state, gives the change of the sum.
        """
        more, fewer = state[:, 0] > 0, state[:, 0] < 0
        found = weighted_gram(x[more], 2 * weights[more], kind)
        return found - weighted_gram(x[fewer], 2 * weights[fewer], kind) if fewer.any() else found


def weighted_gram(x, h, kind):
    """``sum_i h_i x_i x_i'``, multiplied in ``kind``, returned in float64."""
    largest = h.max(initial=0)
    if largest == 0:
        return np.zeros((x.shape[1],) * 2)
    scaled = x.astype(kind)
    # relative to the largest, so that curvatures of 1e-40 do not vanish in float32
    scaled *= np.sqrt(h / largest).astype(kind)[:, None]
    return largest * (scaled.T @ scaled).astype(np.float64)


LOSSES = {
    "squared": Squared,
    "logistic": Logistic,
    "softmax": Softmax,
    "squared_hinge": SquaredHinge,
}


@dataclass(frozen=True)
class Problem:
    """Minimise ``sum_i w_i loss_i(z_i) + l2 / 2 ||W||^2`` with weights that sum to one.

    Parameters are arrays (columns + 1, K) in the working coordinates of the design, the intercept
    last; it is penalised where it is said to be, and the design is then not shifted.
    """

    design: Design
    loss: type
    targets: np.ndarray  # (n, K) float64
    weights: np.ndarray  # (n,) float64, positive, sum 1
    l2: float
    penalises_intercept: bool = False

    def zero(self) -> np.ndarray:
        """No coefficients, and the intercept that fits the mean target."""
        start = np.zeros((self.design.width + 1, self.targets.shape[1]))
        start[-1] = self.loss.constant(self.weights @ self.targets)
        return start

    def penalty(self, work) -> float:
        held = work if self.penalises_intercept else work[:-1]
        return 0.5 * self.l2 * (held**2).sum()

    def objective(self, work) -> float:
        z = self.design.margins(work)
        return self.weights @ self.loss.at(z, self.targets).value + self.penalty(work)

    def pull(self, work) -> np.ndarray:
        """The gradient of the penalty."""
        pull = self.l2 * work
        if not self.penalises_intercept:
            pull[-1] = 0
        return pull

    def scale(self, value: float) -> float:
        """What a small difference of objectives is small against.

        A classification loss is a scale by itself: where it goes to zero, the optimum is at
        infinity.  A regression may fit perfectly, so there it is the variance of the targets, and
        for constant targets what float64 resolves of them.
        """
        if self.loss is not Squared:
            return value
        mean = self.weights @ self.targets
        variance = self.weights @ (self.targets - mean) ** 2
        return 0.5 * float((variance + 1e-12 * mean**2).sum()) + np.finfo(float).tiny

    def thinned(self, step: int, first: int = 0) -> Problem:
        """Every ``step``-th row."""
        rows = slice(first, None, step)
        weights = self.weights[rows]
        return Problem(
            self.design.thinned(rows),
            self.loss,
            self.targets[rows],
            weights / weights.sum(),
            self.l2,
            self.penalises_intercept,
        )
