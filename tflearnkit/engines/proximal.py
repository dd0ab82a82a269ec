"""Accelerated proximal gradients: an L1 penalty over designs too wide for equations.

Columns have step sizes of their own, by the curvature that they would have if every row counted:
words that few rows hold take long steps.

Source: Beck and Teboulle (2009), "A fast iterative shrinkage-thresholding algorithm for linear
inverse problems"; O'Donoghue and Candes (2015), "Adaptive restart for accelerated gradient
schemes".
"""

from __future__ import annotations

import numpy as np

from tflearnkit.engines.convex import Problem

__all__ = ["proximal_gradient"]

POWERS = 30  # products that estimate the largest curvature
AHEAD = 1.05  # what their estimate may lack


def proximal_gradient(problem: Problem, l1: float, max_iter: int = 10_000, tol: float = 1e-3):
    """Minimise the objective plus ``l1 |work|``; returns ``(work, n_iter, value, converged)``.

    ``problem`` is of squared hinges; its design has no shift. At the end every slope is within
    ``tol * l1`` of what an optimum has.
    """
    loss, weights = problem.loss, problem.weights[:, None]
    work = ahead = np.zeros((problem.design.width + 1, 1))
    sizes, momentum = _curvatures(problem), 1.0
    for n_iter in range(1, max_iter + 1):
        point = loss.at(problem.design.margins(ahead), problem.targets)
        slope = problem.design.transposed(weights * point.residual) + problem.pull(ahead)
        before, work = work, _shrunk(ahead - slope / sizes, l1 / sizes)
        step = work - ahead
        converged = np.abs(sizes * step).max() <= tol * l1
        if converged or n_iter == max_iter:
            value = problem.objective(work) + l1 * np.abs(work).sum()
            return work[:, 0], n_iter, value, converged
        following = (1 + np.sqrt(1 + 4 * momentum**2)) / 2
        keep = (step * (work - before)).sum() >= 0  # else the momentum leads uphill
        ahead = work + keep * (momentum - 1) / following * (work - before)
        momentum = following if keep else 1.0


def _curvatures(problem: Problem) -> np.ndarray:
    """Return a bound of the Hessian, in every direction, that is a multiple of its diagonal."""
    design, weights = problem.design, problem.weights[:, None]
    diagonal = design.squares(2 * weights) + problem.l2
    diagonal[diagonal == 0] = 1  # a column that is zero in every row
    root = np.sqrt(diagonal)
    direction, largest = np.ones_like(root), 1.0
    for _ in range(POWERS):
        direction = direction / np.linalg.norm(direction)
        bent = 2 * weights * design.margins(direction / root)
        direction = (design.transposed(bent) + problem.pull(direction / root)) / root
        largest = np.linalg.norm(direction)
    return AHEAD * largest * diagonal


def _shrunk(work, by):
    return np.sign(work) * np.maximum(np.abs(work) - by, 0)
