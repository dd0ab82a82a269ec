"""Truncated Newton: for Hessians too large to write down.

Every step solves the Newton equations roughly, by conjugate gradients preconditioned with the
diagonal, using only products of the design with vectors.
"""

from __future__ import annotations

import numpy as np

INNER = 500  # conjugate gradient steps within one Newton step, at most
RTOL = 0.1
EXACT_ENTRIES = 1e6  # dense blocks up to this size are multiplied in float64 throughout


def newton_cg(problem, work, max_iter: int, tol: float):
    """Minimise from ``work``; returns ``(work, n_iter, objective, converged)``.

    Margins are kept, so that the line search costs no product with the design.  Gradients are
    float64; products with the Hessian are float32 on a large dense block, which changes the way
    to the optimum, not the optimum.
    """
    design, loss, y, weights = problem.design, problem.loss, problem.targets, problem.weights
    z = design.margins(work)
    point = loss.at(z, y)
    value = weights @ point.value + problem.penalty(work)
    for n_iter in range(max_iter):
        gradient = design.transposed(weights[:, None] * point.residual) + problem.pull(work)
        step = _conjugate_gradients(_Hessian(problem, point.state), gradient)
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


class _Hessian:
    """Products with the Hessian at one point, and its diagonal."""

    def __init__(self, problem, state):
        design = problem.design
        self.problem = problem
        self.exact = design.n * design.n_dense <= EXACT_ENTRIES
        kind = np.float64 if self.exact else np.float32
        # products with the denormal numbers of float32 take a hundred times as long
        state = state if self.exact else np.where(np.abs(state) < 1e-20, 0, state)
        self.state, self.weights = state.astype(kind), problem.weights[:, None].astype(kind)
        self.diagonal = design.squares(self.weights * problem.loss.diagonal(self.state))
        self.diagonal += problem.pull(np.ones_like(self.diagonal))
        self.diagonal[self.diagonal <= 0] = 1  # a column that is zero in every row

    def __matmul__(self, v):
        design, loss = self.problem.design, self.problem.loss
        s = self.weights * loss.bend(self.state, design.margins(v, self.exact))
        return design.transposed(s, self.exact) + self.problem.pull(v)


def _conjugate_gradients(hessian, gradient):
    """Solve ``H step = gradient`` to a relative residual of RTOL in the preconditioner's norm."""
    step, residual = np.zeros_like(gradient), gradient.copy()
    direction = residual / hessian.diagonal
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
        scaled = residual / hessian.diagonal
        rho, before = (residual * scaled).sum(), rho
        direction = scaled + rho / before * direction
    return step
