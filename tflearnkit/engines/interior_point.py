"""A primal-dual interior point method for hinge losses and L1 penalties over a dense design.

All is one kind of problem: a ridge, and rows that cost ``c max(0, b - a.w)``. An example of label
``y`` is a row ``a = y x``, ``b = 1``; an L1 penalty is a row for each weight, since ``|w| = 2
max(0, w) - w``. Each row has slacks ``t, xi >= 0`` with ``t - xi = a.w - b`` and a multiplier
``alpha``, and follows the path on which ``alpha t = (c - alpha) xi = sigma`` as sigma falls to
zero; for squared hinges ``alpha = 2 c xi`` takes the place of the second equation. A step solves
equations as wide as the design, whatever the number of rows.

Source: Mehrotra (1992), "On the implementation of a primal-dual interior point method"; Ferris
and Munson (2002), "Interior-point methods for massive support vector machines".
"""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from tflearnkit.engines.cholesky import Cholesky
from tflearnkit.engines.design import Design
from tflearnkit.engines.threads import one_blas_thread

__all__ = ["HingeProblem", "interior_point"]

THIN, THIN_ROWS = 10, 20_000  # larger designs start from about the optimum of every tenth row
ROUGH = 0.1  # how near to that
GAP, THIN_GAP = 10.0, 1.0  # between the bounds at the start: larger ones leave room to move
BACK = 0.995  # share of the way to the nearest bound that a step goes
SEPARATED = 1e-9  # a mean loss below this is zero where nothing else is to be minimised


@dataclass(frozen=True)
class HingeProblem:
    """Minimise ``sum_i weights_i loss(signs_i x_i.w) + l1 |w| + l2 / 2 |w|^2``.

    ``loss(m)`` is ``max(0, 1 - m)``, or its square; the weights of rows sum to one. The design is
    dense and not shifted; its intercept is a weight like the others.
    """

    design: Design
    signs: np.ndarray  # (n,) -1 or 1
    weights: np.ndarray  # (n,) positive
    squared: bool
    l1: float
    l2: float

    def thinned(self, step: int) -> HingeProblem:
        """Every ``step``-th row."""
        rows = slice(None, None, step)
        weights = self.weights[rows]
        return replace(
            self,
            design=self.design.thinned(rows),
            signs=self.signs[rows],
            weights=weights / weights.sum(),
        )


def interior_point(problem: HingeProblem, max_iter: int = 100, tol: float = 1e-9):
    """Minimise; returns ``(work, n_iter, objective, converged)``.

    ``tol`` bounds the relative distance of the objective to its optimum.
    """
    width = problem.design.width + 1
    work, gap = np.zeros(width), GAP
    if problem.design.n >= max(THIN_ROWS, 20 * THIN * width):
        work, *_ = interior_point(problem.thinned(THIN), max_iter, ROUGH)
        gap = THIN_GAP
    n = os.cpu_count() or 1
    with one_blas_thread(), ThreadPoolExecutor(n) as threads:
        path = _Path(problem, work, gap, threads, n)
        for n_iter in range(max_iter + 1):
            path.look()
            flat = problem.l1 == problem.l2 == 0 and path.value < SEPARATED
            converged = path.distance <= tol * path.value or flat
            if converged or n_iter == max_iter:
                return path.settled(), n_iter, path.value, converged
            path.step()


class _Block(NamedTuple):
    """Rows that are read together: examples, or those of the L1 penalty."""

    number: int
    rows: slice
    squared: bool
    penalty: bool


class _Path:
    """Weights, and the slacks and multipliers of all rows, on their way to the optimum.

    Attributes
    ----------
    work : array of shape (width,)
    t, xi, alpha, mu : arrays of as many numbers as there are rows
        ``mu`` is ``c - alpha``, kept apart as it may be tiny.
    value : float
        The objective; known after `look`, as what follows.
    distance : float
        How far the value is from its optimum, about.
    """

    def __init__(self, problem, work, gap, threads, n_shares):
        self.problem, self.work, self.threads = problem, work, threads
        n, extra = problem.design.n, len(work) if problem.l1 else 0
        self.signs = np.append(problem.signs, np.full(extra, -1.0))
        self.costs = np.append(problem.weights, np.full(extra, 2 * problem.l1))
        chunks = problem.design.chunks()
        blocks = [_Block(i, rows, problem.squared, False) for i, rows in enumerate(chunks)]
        if extra:
            blocks.append(_Block(len(blocks), slice(n, n + extra), False, True))
        self.shares = [blocks[i::n_shares] for i in range(min(n_shares, len(blocks)))]
        self.nearest = np.zeros(len(blocks))
        self.n_equations = 2 * extra + n * (1 if problem.squared else 2)
        names = ("t", "xi", "alpha", "mu", "d_t", "d_xi", "d_alpha")
        self.__dict__.update({name: np.zeros(n + extra) for name in names})
        self._over(self._begin, gap / self.n_equations)

    def look(self):
        """Set the equations of the next step, and see how far the optimum is."""
        problem = self.problem
        hessian, pulls, gap, cost = self._over(self._look)
        hessian[np.diag_indices_from(hessian)] += problem.l2
        self.factor = Cholesky(hessian, np.float64)
        self.pull = pulls[:, :1]
        self.off = (problem.l2 * self.work - problem.l1 - pulls[:, 1])[:, None]
        self.gap = gap
        ridge = 0.5 * problem.l2 * self.work @ self.work - problem.l1 * self.work.sum()
        self.value = cost + ridge
        self.distance = gap + (self.off * self.factor.solve(self.off)).sum()

    def step(self):
        """Go along the path, as far as all slacks and multipliers stay positive."""
        direction = self.factor.solve(self.pull - self.off)
        pulls, along, across = self._over(self._predict, direction)
        reach = 1 / max(1, self.nearest.max())
        left = (self.gap + reach * along + reach**2 * across) / self.gap
        sigma = left**3 * self.gap / self.n_equations
        pull = self.pull + pulls @ [[1], [sigma]]
        direction = self.factor.solve(pull - self.off)
        self._over(self._correct, direction, sigma)
        reach = BACK / max(BACK, self.nearest.max())
        self.work = self.work + reach * direction[:, 0]
        self._over(self._advance, reach)

    def settled(self):
        """Return the weights, those that the L1 penalty holds at zero being zero."""
        if not self.problem.l1:
            return self.work
        own = slice(self.problem.design.n, None)
        costs = self.costs[own]
        inside = np.minimum(self.alpha[own], self.mu[own]) / costs  # goes to 0 with other weights
        return np.where(costs * (self.t[own] + self.xi[own]) > inside * self.value, self.work, 0)

    def _over(self, job, *args):
        """Sum what a job finds in the blocks, those of a share in a thread."""

        def of_share(share):
            sums = job(share[0], *args)
            for block in share[1:]:
                sums = [a + b for a, b in zip(sums, job(block, *args), strict=True)]
            return sums

        found = self.threads.map(of_share, self.shares)
        return [sum(parts) for parts in zip(*found, strict=True)]

    def _read(self, block):
        """Return the features of the rows of a block, ``a`` being their signs times these."""
        if block.penalty:
            return np.eye(len(self.work))
        return self.problem.design.rows(block.rows)

    def _begin(self, block, sigma):
        """Put rows on the path, wherever the weights are."""
        rows, cost = block.rows, self.costs[block.rows]
        ahead = self.signs[rows] * (self._read(block) @ self.work) - (not block.penalty)
        if block.squared:
            root = np.hypot(ahead, np.sqrt(2 * sigma / cost))
            xi = np.where(ahead > 0, sigma / cost / (root + ahead), (root - ahead) / 2)
        else:
            xi = (np.hypot(ahead, 2 * sigma / cost) - ahead) / 2 + sigma / cost
            self.mu[rows] = sigma / xi
        self.xi[rows], self.t[rows] = xi, xi + ahead
        self.alpha[rows] = 2 * cost * xi if block.squared else sigma / self.t[rows]
        return ()

    def _state(self, block):
        """Return ``t``, ``xi`` and ``alpha`` of rows, and how they answer to a step.

        ``d_alpha = curve * (aim / alpha - t - d_xi0 - a.d_w)`` and ``d_xi = d_xi0 + soft *
        d_alpha``, where ``d_xi0`` is ``lag`` but for the second order.
        """
        rows = block.rows
        t, xi, alpha = self.t[rows], self.xi[rows], self.alpha[rows]
        soft = 0.5 / self.costs[rows] if block.squared else xi / self.mu[rows]
        lag = 0.0 if block.squared else -xi
        return t, xi, alpha, soft, lag, 1 / (t / alpha + soft)

    def _look(self, block):
        t, xi, alpha, _, lag, curve = self._state(block)
        x, sign = self._read(block), self.signs[block.rows]
        pulls = x.T @ (sign[:, None] * np.column_stack([curve * (-t - lag), alpha]))
        lacking = np.maximum(xi - t, 0)
        cost = self.costs[block.rows] @ (lacking**2 if block.squared else lacking)
        gap = alpha @ t + self.mu[block.rows] @ xi
        x *= np.sqrt(curve)[:, None]
        return x.T @ x, pulls, gap, cost

    def _predict(self, block, direction):
        """Try the step to the end of the path; keep what of it is of second order."""
        rows, hinge = block.rows, not block.squared
        t, xi, alpha, soft, lag, curve = self._state(block)
        x, sign, mu = self._read(block), self.signs[rows], self.mu[rows]
        along = sign * (x @ direction)[:, 0]
        d_alpha = curve * (-t - lag - along)
        d_xi = lag + soft * d_alpha
        d_t = along + d_xi
        bend_t, bend_xi = d_alpha * d_t, d_alpha * d_xi
        self.d_t[rows], self.d_xi[rows] = bend_t, bend_xi
        second = -bend_t / alpha - (bend_xi / mu if hinge else 0)
        centre = 1 / alpha - (1 / mu if hinge else 0)
        pulls = x.T @ ((sign * curve)[:, None] * np.column_stack([second, centre]))
        first = alpha @ d_t + t @ d_alpha + (mu @ d_xi - xi @ d_alpha if hinge else 0)
        across = bend_t.sum() - (bend_xi.sum() if hinge else 0)
        self._bound(block, d_t, d_xi, d_alpha)
        return pulls, first, across

    def _correct(self, block, direction, sigma):
        """Find the step to where the path is at ``sigma``."""
        rows = block.rows
        t, xi, alpha, soft, lag, curve = self._state(block)
        along = self.signs[rows] * (self._read(block) @ direction)[:, 0]
        if not block.squared:
            lag = lag + (sigma + self.d_xi[rows]) / self.mu[rows]
        d_alpha = curve * ((sigma - self.d_t[rows]) / alpha - t - lag - along)
        d_xi = lag + soft * d_alpha
        d_t = along + d_xi
        self.d_t[rows], self.d_xi[rows], self.d_alpha[rows] = d_t, d_xi, d_alpha
        self._bound(block, d_t, d_xi, d_alpha)
        return ()

    def _advance(self, block, reach):
        rows = block.rows
        self.t[rows] += reach * self.d_t[rows]
        self.xi[rows] += reach * self.d_xi[rows]
        self.alpha[rows] += reach * self.d_alpha[rows]
        if not block.squared:
            self.mu[rows] -= reach * self.d_alpha[rows]
        return ()

    def _bound(self, block, d_t, d_xi, d_alpha):
        """Note the largest share of a positive number that a whole step would take off."""
        rows = block.rows
        shares = [(-d_t / self.t[rows]).max(), (-d_alpha / self.alpha[rows]).max()]
        if not block.squared:
            shares += [(-d_xi / self.xi[rows]).max(), (d_alpha / self.mu[rows]).max()]
        self.nearest[block.number] = max(shares)
