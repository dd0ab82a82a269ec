"""Exact solvers for convex linear models that fit in memory."""

from __future__ import annotations

import os
import warnings
from functools import partial
from typing import NamedTuple

import numpy as np
from scipy import linalg

from tflearnkit.engines.cholesky import Cholesky
from tflearnkit.engines.convex import (
    LOSSES,
    Logistic,
    Problem,
    Softmax,
    Squared,
    SquaredHinge,
)
from tflearnkit.engines.design import Design, one_hot
from tflearnkit.engines.newton_cg import newton_cg, shares_gram
from tflearnkit.engines.quasi_newton import quasi_newton
from tflearnkit.engines.threads import one_blas_thread
from tflearnkit.errors import ConvergenceWarning

DENSE_ENTRIES = 5e7  # the densified design has to fit in memory (200 MB in float32)
HESSIAN_SIZE = 2000  # a Cholesky factor of this size takes .1 s
SOFTMAX_SIZE = 300  # digits (650 coefficients): Cholesky .6 s, conjugate gradients .1 s
SPARSE_WORK = 2e9  # multiplications for one Hessian beyond which ids are better left sparse
FLOAT32_WORK = 1e9  # multiplications for one Hessian from which float32 pays
THIN, THIN_ROWS = 10, 20_000  # larger designs start from the optimum of every tenth row
SWITCHING = 2048  # rows of a Hessian looked at together, where it is told from the last one
SEPARATED = 1e-12  # an unpenalised loss below this is on its way to zero


class Solution(NamedTuple):
    """Coefficients at the optimum, and how they were reached."""

    dense_coef: np.ndarray  # (D, K) float64
    id_coef: np.ndarray  # (n_ids, K) float64
    intercept: np.ndarray  # (K,) float64
    n_iter: int
    objective: float
    converged: bool


def solve(
    dense, ids, id_weights, n_ids, targets, weights, loss, l2, max_iter=100, tol=None, start=None,
    penalises_intercept=False,
) -> Solution:
    """Minimise ``sum(w * loss(z)) / sum(w) + l2 / 2 * ||W||^2`` over ``W`` and the intercept.

    Written-down Hessians and Cholesky factors where the design is of modest width, conjugate
    gradients where it is wide or the classes are many, a quasi-Newton method where they are many
    and the rows too; decided by size.

    Parameters
    ----------
    dense : ndarray of shape (n, D), float32 or float64
        The dense columns; D may be 0.
    ids : ndarray of shape (n, M), int, or None
        Ids from 0 to ``n_ids - 1``, offsets of the columns added; -1 for nothing.
    id_weights : ndarray of shape (n, M) or None
        What each id counts; None for 1.
    n_ids : int
        Number of ids.
    targets : ndarray of shape (n, K) or (n,)
        'squared': K outputs; 'logistic': K independent yes/no labels (0, 1 or a probability);
        'softmax': one column per class, rows summing to one; 'squared_hinge': K independent labels
        -1 and 1.
    weights : ndarray of shape (n,) or None
        Not negative, not all zero; rows of weight zero are left out.
    loss : {'squared', 'logistic', 'softmax', 'squared_hinge'}
        'squared' is half the squared error.
    l2 : float
        Strength of the penalty, at least 0.
    max_iter : int
        Newton steps, at most; ten times as many of a quasi-Newton method.
    tol : float, optional
        Stop when the objective is estimated to be within this fraction of its optimum.  By
        default as near as float64 allows; where the design is large 1e-13 by
        Newton's method, 1e-5 by conjugate gradients, 1e-4 by the quasi-Newton method.
    start : Solution, optional
        Where to begin (a warm start).
    penalises_intercept : bool
        Whether the penalty is on the intercept too.

    Returns
    -------
    Solution
        ``converged`` is False, after a :class:`ConvergenceWarning`, where ``max_iter`` came
        first or the classes are separated and nothing holds the coefficients back.

    Examples
    --------
    >>> import numpy as np
    >>> x = np.array([[0.0], [1.0], [2.0]], np.float32)
    >>> fit = solve(x, None, None, 0, 3 * x[:, 0] + 1, None, "squared", l2=0.0)
    >>> fit.dense_coef.round(6), fit.intercept.round(6)
    (array([[3.]]), array([1.]))
    """
    targets = np.asarray(targets, np.float64).reshape(len(dense), -1)
    weights = np.ones(len(dense)) if weights is None else np.asarray(weights, np.float64)
    kept = weights > 0
    if not kept.all():
        dense, targets, weights = dense[kept], targets[kept], weights[kept]
        ids = None if ids is None else ids[kept]
        id_weights = None if id_weights is None else id_weights[kept]
    csr = one_hot(ids, id_weights, n_ids) if n_ids else None
    design = Design(dense, csr, shifted=not penalises_intercept)
    weights = weights / weights.sum()
    loss = LOSSES[loss]
    if start is not None:
        start = np.vstack([start.dense_coef, start.id_coef, start.intercept])
    # labels of a multi-label target share nothing but the design
    apart = loss in (Logistic, SquaredHinge)
    columns = [[k] for k in range(targets.shape[1])] if apart else [slice(None)]
    copies = targets.shape[1] if loss.couples_outputs else 1
    exact = writes_hessian(design, copies) or (loss.switches and is_narrow(design))
    design = design.densified() if exact else design
    found = []
    with one_blas_thread():
        for column in columns:
            labels = targets[:, column]
            problem = Problem(design, loss, labels, weights, float(l2), penalises_intercept)
            begin = None if start is None else design.to_working(start[:, column])
            found.append(_minimise(problem, exact, begin, max_iter, tol))
    theta = np.hstack([design.to_original(work) for work, *_ in found])
    if loss is Softmax:  # one number added to every class is free: keep the symmetric answer
        theta -= theta.mean(axis=1, keepdims=True)
    _, steps, values, converged = zip(*found, strict=True)
    d = dense.shape[1]
    return Solution(
        theta[:d], theta[d:-1], theta[-1], max(steps), float(sum(values)), all(converged)
    )


def writes_hessian(design: Design, copies: int) -> bool:
    """Whether the Hessian is small enough, and cheap enough, to be written down."""
    size = (design.width + 1) * copies
    return (
        design.n * design.width <= DENSE_ENTRIES
        and size <= (HESSIAN_SIZE if copies == 1 else SOFTMAX_SIZE)
        and (design.csr is None or design.n * size**2 <= SPARSE_WORK)
    )


def is_narrow(design: Design) -> bool:
    """Whether a design is dense and of modest width, however many its rows."""
    return design.csr is None and design.width < HESSIAN_SIZE


def _method(problem, exact: bool):
    """The method for a problem, and how near the optimum it goes by default."""
    large = problem.design.is_large
    if exact:
        return newton, 1e-13 if large else 1e-20
    if large and shares_gram(problem):
        return quasi_newton, 1e-4
    return newton_cg, 1e-5 if large else 1e-16


def _minimise(problem, exact, start, max_iter, tol):
    """Run the fitting method from a good start and warn where it does not arrive."""
    method, enough = _method(problem, exact)
    start = _begin(problem, method) if start is None else start
    tol = enough if tol is None else tol
    found = method(problem, start, max_iter, tol)
    _, steps, value, converged = found
    if _separated(problem, value) and problem.loss is not SquaredHinge:  # which is zero nearby
        warnings.warn(
            "Expected classes that overlap, but these are separated perfectly: without a penalty "
            f"the coefficients grow for ever, and were left finite after {steps} steps. Set "
            "l2_regularization above 0, to 1e-4 say.",
            ConvergenceWarning,
            stacklevel=3,
        )
        return (*found[:3], False)
    if not converged:
        warnings.warn(
            f"Expected the solver to converge within {max_iter} steps, but it did not. Bring the "
            "features to similar scales, or set l2_regularization above 0 (1e-4 say), which also "
            "holds back coefficients that perfectly predictable rows let grow.",
            ConvergenceWarning,
            stacklevel=3,
        )
    return found


def _begin(problem, method):
    """The optimum of every tenth row where rows are plenty, else no coefficients at all."""
    design, zero = problem.design, problem.zero()
    if design.csr is not None or design.n < max(THIN_ROWS, 20 * THIN * zero.size):
        return zero
    small, others = problem.thinned(THIN), problem.thinned(THIN, first=THIN // 2)
    work, *_ = method(small, small.zero(), 10, 1e-4)
    theta = small.design.to_original(work)
    # rows it has not seen tell whether the sample was a fair one
    fair = others.objective(others.design.to_working(theta)) < others.objective(others.zero())
    return design.to_working(theta) if fair else zero


def newton(problem, work, max_iter: int, tol: float):
    """Minimise from ``work``; returns ``(work, n_iter, objective, converged)``.

    Value and gradient are float64.  The Hessian of a large problem is multiplied in float32: an
    approximate Hessian changes how fast the optimum is reached, not where it lies; where it does
    slow down, float64 takes over.  Near the optimum the last Hessian is used again.
    """
    squared, kind = problem.loss is Squared, _hessian_kind(problem)
    value, gradient, hessian, last = _look(problem, work, kind)
    factor = Cholesky(hessian, kind)
    if squared and problem.l2 == 0 and factor.singular:
        return _least_norm(problem)
    before, t = np.inf, 1.0
    for n_iter in range(max_iter + 1):
        step = factor.solve(gradient)
        if problem.loss is Softmax:
            step -= step.mean(axis=1, keepdims=True)  # what rounding left along the gauge
        decrement, scale = float((gradient * step).sum()), problem.scale(value)
        # So near the optimum only rounding holds a step back; where large margins cancel in the
        # value, its rounding makes steps fail long before they are as short as that.
        near = decrement < (1e-12 if t == 1 else 1e-8) * scale
        stalled = decrement > 0.5 * before or (near and t < 1)
        rounding = stalled and near and kind is np.float64
        if decrement <= 2 * tol * scale or rounding or _separated(problem, value):
            return work, n_iter, value, True
        if n_iter == max_iter:
            break
        again = decrement < 1e-4 * scale and decrement < 0.1 * before
        wanted = np.float64 if stalled else kind
        look = partial(_look, problem, kind=None if again else wanted, last=last)
        t, found = _line_search(problem, work, step, value, decrement, look)
        work, (value, gradient, hessian, last) = work - t * step, found
        # only whole steps from Hessians of one kind tell whether progress has stalled
        before = decrement if t == 1 and wanted is kind else np.inf
        kind = wanted
        if not again:
            factor = Cholesky(hessian, kind)
    return work, max_iter, value, False


def _hessian_kind(problem):
    """float64 for least squares, whose Hessian serves every step, and where it costs little."""
    size = problem.design.width + 1
    cheap = problem.design.n * size**2 < FLOAT32_WORK
    return np.float64 if cheap or problem.loss is Squared else np.float32


def _separated(problem, value: float) -> bool:
    """Whether an unpenalised classification loss is on its way to zero."""
    return problem.l2 == 0 and problem.loss is not Squared and value < SEPARATED


def _line_search(problem, work, step, value, decrement, look):
    """Halve the step until the objective falls; returns (t, what ``look`` says there)."""
    t, rounding = 1.0, 1e-14 * problem.scale(value)
    while True:
        found = look(work - t * step)
        if found[0] <= value - 1e-4 * t * decrement + rounding or t < 1e-9:
            return t, found
        t /= 2


class _Last(NamedTuple):
    """A Hessian that the next one is told from, where rows have a part in it or have none."""

    hessian: np.ndarray  # without the penalty
    state: np.ndarray  # (n, 1)
    kind: type

    @staticmethod
    def told_from(last, problem, state, kind) -> _Last:
        """Add to the last Hessian the rows that have come in, and take off those gone out."""
        known, change = 0.0, state
        if last is not None and last.kind is kind:
            known, change = last.hessian, state - last.state
        rows = np.flatnonzero(change)
        pieces = np.array_split(rows, max(len(rows) // SWITCHING, os.cpu_count() or 1))

        def gram(piece):
            x, weights = problem.design.rows(piece), problem.weights[piece]
            return problem.loss.gram(x, change[piece], weights, kind)

        return _Last(known + sum(problem.design.threads.map(gram, pieces)), state, kind)


def _look(problem, work, kind, last=None):
    """Value, gradient and, where ``kind`` is a dtype, Hessian: one pass over chunks of rows.

    A thread for each processor takes chunks. The fourth returned is the next ``last``.
    """
    copies = work.shape[1] if problem.loss.couples_outputs else 1
    state = np.empty_like(problem.targets) if problem.loss.switches else None
    look = partial(_look_at, problem, work, kind, state)
    value, gradient, hessian = problem.design.summed(look, copies)
    if problem.loss.switches and kind is not None:
        last = _Last.told_from(last, problem, state, kind)
        hessian = last.hessian.copy()
    value, gradient = value + problem.penalty(work), gradient + problem.pull(work)
    if kind is not None:
        diagonal = np.tile(problem.pull(np.ones((len(work), 1)))[:, 0], copies)
        hessian[np.diag_indices_from(hessian)] += diagonal
        if problem.loss is Softmax:
            _hold_gauge(hessian, copies)
    return value, gradient, hessian, last


def _look_at(problem, work, kind, state, chunks):
    """What the rows of some chunks add to value, gradient and Hessian (0 where not asked for)."""
    loss, value, gradient, hessian = problem.loss, 0.0, 0.0, 0.0
    for part in chunks:
        x, w = problem.design.rows(part), problem.weights[part]
        point = loss.at(x @ work, problem.targets[part])
        value += w @ point.value
        gradient = gradient + x.T @ (w[:, None] * point.residual)
        if loss.switches:
            state[part] = point.state
        elif kind is not None:
            hessian = hessian + loss.gram(x, point.state, w, kind)
    return value, gradient, hessian


def _hold_gauge(hessian, k):
    """Make a softmax Hessian regular without changing any step.

    Adding one number to a coefficient of every class changes no probability; gradients have no
    part in that direction, so stiffness there costs nothing.
    """
    d = len(hessian) // k
    blocks, j = hessian.reshape(k, d, k, d), np.arange(d)
    blocks[:, j, :, j] += np.einsum("kjkj->j", blocks)[:, None, None] / k


def _least_norm(problem):
    """The smallest of the many optima of an unpenalised, singular least squares problem."""
    design, root = problem.design, np.sqrt(problem.weights)[:, None]
    x = design.rows(slice(0, design.n))[:, :-1]
    x_mean, y_mean = problem.weights @ x, problem.weights @ problem.targets
    x -= x_mean
    x *= root
    cond = max(x.shape) * np.finfo(np.float64).eps
    coef = linalg.lstsq(x, root * (problem.targets - y_mean), cond=cond, overwrite_a=True)[0]
    work = np.vstack([coef, y_mean - x_mean @ coef])
    return work, 1, problem.objective(work), True
