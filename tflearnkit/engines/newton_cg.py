"""Truncated Newton: for Hessians too large to write down.

Every step solves the Newton equations roughly, by conjugate gradients, using only products of the
design with vectors. They are preconditioned with the diagonal, or, where many classes share a
dense design of modest width, with the one Hessian that a class of average curvature would have.
"""

from __future__ import annotations

import numpy as np
from scipy import linalg

from tflearnkit.engines.convex import weighted_gram

INNER = 500  # conjugate gradient steps within one Newton step, at most
RTOL = 0.1
SHARED_WIDTH = 2000  # columns of a design whose Gram matrix may serve as preconditioner


def newton_cg(problem, work, max_iter: int, tol: float):
    """Minimise from ``work``; returns ``(work, n_iter, objective, converged)``.

    Margins are kept, so that the line search costs no product with the design.  Gradients are
    float64; products with the Hessian are float32 on a large design, which changes the way to the
    optimum, not the optimum.
    """
    design, loss, y, weights = problem.design, problem.loss, problem.targets, problem.weights
    z = design.margins(work)
    point = loss.at(z, y)
    value = weights @ point.value + problem.penalty(work)
    for n_iter in range(max_iter):
        gradient = design.transposed(weights[:, None] * point.residual) + problem.pull(work)
        step = _conjugate_gradients(Hessian(problem, point.state), gradient)
        decrement = (gradient * step).sum()
        t, dz, before, rounding = 1.0, design.margins(step), value, 1e-14 * problem.scale(value)
        while True:
            point = loss.at(z - t * dz, y)
            value = weights @ point.value + problem.penalty(work - t * step)
            if value <= before - 1e-4 * t * decrement + rounding or t < 1e-9:
                break
            t /= 2
        work, z = work - t * step, z - t * dz
        # a step leaves about RTOL ** 2 of what it set out to gain
        if RTOL**2 * decrement <= 2 * tol * problem.scale(value):
            return work, n_iter + 1, value, True
    return work, max_iter, value, False


def shares_gram(problem) -> bool:
    """Whether several classes share a dense design of modest width."""
    design = problem.design
    return problem.loss.couples_outputs and design.width == design.n_dense <= SHARED_WIDTH


def _by_diagonal(problem, curvature):
    """Return the division by the diagonal of the Hessian."""
    diagonal = problem.design.squares(curvature)
    diagonal += problem.pull(np.ones_like(diagonal))
    diagonal[diagonal <= 0] = 1  # a column that is zero in every row
    return lambda v: v / diagonal


def _by_gram(problem, curvature):
    """Return the solution with the Hessian of a class of mean curvature, for every class."""
    design, mean = problem.design, curvature.mean(axis=1)

    def of(parts):
        found = (weighted_gram(design.rows(part), mean[part], curvature.dtype) for part in parts)
        return (sum(found),)

    (gram,) = design.summed(of)
    gram[np.diag_indices_from(gram)] += problem.pull(np.ones((len(gram), 1)))[:, 0]
    size = gram.diagonal().copy()
    size[size <= 0] = 1  # a column that is zero in every row
    gram[np.diag_indices_from(gram)] += 1e-5 * size  # dependent columns, rounded to float32
    factor = linalg.cho_factor(gram, lower=True, overwrite_a=True)
    return lambda v: linalg.cho_solve(factor, v)


class Hessian:
    """Products with the Hessian at one point, and the solution with what resembles it."""

    def __init__(self, problem, state):
        design = problem.design
        self.problem = problem
        self.exact = not design.is_large
        self.kind = kind = np.float64 if self.exact else np.float32
        # products with the denormal numbers of float32 take a hundred times as long
        state = state if self.exact else np.where(np.abs(state) < 1e-20, 0, state)
        self.state, self.weights = state.astype(kind), problem.weights[:, None].astype(kind)
        curvature = self.weights * problem.loss.diagonal(self.state)
        by = _by_gram if shares_gram(problem) else _by_diagonal
        self.preconditioned = by(problem, curvature)

    def __matmul__(self, v):
        design, loss = self.problem.design, self.problem.loss
        s = self.weights * loss.bend(self.state, design.margins(v, self.exact))
        return design.transposed(s, self.exact) + self.problem.pull(v)


def _conjugate_gradients(hessian, gradient):
    """Solve ``H step = gradient`` to a relative residual of RTOL in the preconditioner's norm."""
    step, residual = np.zeros_like(gradient), gradient.copy()
    direction = hessian.preconditioned(residual)
    rho = first = (residual * direction).sum()
    for _ in range(INNER):
        if rho <= RTOL**2 * first:
            break
        product = hessian @ direction
        curvature = (direction * product).sum()
        if curvature <= 0:
            break
        step += rho / curvature * direction
        residual -= rho / curvature * product
        scaled = hessian.preconditioned(residual)
        rho, before = (residual * scaled).sum(), rho
        direction = scaled + rho / before * direction
    return step
