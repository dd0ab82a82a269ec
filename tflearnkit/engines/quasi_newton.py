"""L-BFGS with a preconditioner: for many classes over a large dense design.

There the Hessian's quadratic model holds for short steps only (pixels that few rows light up), so
that a Newton step is cut down to a fiftieth: MNIST took it minutes, and takes this some 9 s.
A step costs one product with the design and one with its transpose.
"""

from __future__ import annotations

from collections import deque
from typing import NamedTuple

import numpy as np

from tflearnkit.engines.newton_cg import Hessian

MEMORY = 10  # changes of the gradient that are remembered
LOOK_BACK = 10  # steps over which progress is judged: single ones vary tenfold


class _Change(NamedTuple):
    """How the gradient changed along one step."""

    step: np.ndarray
    gradient: np.ndarray
    solved: np.ndarray  # the change of the gradient, preconditioned
    along: float  # <step, gradient>


def quasi_newton(problem, work, max_iter: int, tol: float):
    """Minimise from ``work``; returns ``(work, n_iter, objective, converged)``.

    ``max_iter`` counts in tens: a step is that much cheaper than one of Newton's. The curvature at
    the start preconditions every step. Products are float32 on a large design; margins are
    kept, in float64, so that the line search costs no product.
    """
    design, loss, y, weights = problem.design, problem.loss, problem.targets, problem.weights
    z = design.margins(work)
    point = loss.at(z, y)
    value = weights @ point.value + problem.penalty(work)
    first = Hessian(problem, point.state)
    gradient = _gradient(problem, point, work, first.kind)
    changes, values = deque(maxlen=MEMORY), [value]
    for n_iter in range(1, 10 * max_iter + 1):
        step = _direction(gradient, changes, first.preconditioned)
        t, slope, dz = 1.0, (gradient * step).sum(), design.margins(step, first.exact)
        while True:
            point = loss.at(z - t * dz, y)
            value = weights @ point.value + problem.penalty(work - t * step)
            if value <= values[-1] - 1e-4 * t * slope or t < 1e-9:
                break
            t /= 2
        values.append(value)
        work, z, before = work - t * step, z - t * dz, gradient
        gradient = _gradient(problem, point, work, first.kind)
        change = gradient - before
        along = -t * (step * change).sum()
        if along > 0:
            changes.append(_Change(-t * step, change, first.preconditioned(change), along))
        if n_iter > LOOK_BACK and values[-1 - LOOK_BACK] - value <= tol * problem.scale(value):
            return work, n_iter, value, True
    return work, n_iter, value, False


def _gradient(problem, point, work, kind):
    residual = (problem.weights[:, None] * point.residual).astype(kind)
    return problem.design.transposed(residual, kind is np.float64) + problem.pull(work)


def _direction(gradient, changes, preconditioned):
    """The two loops of L-BFGS."""
    rest, shares = gradient.copy(), []
    for change in reversed(changes):
        shares.append((change.step * rest).sum() / change.along)
        rest -= shares[-1] * change.gradient
    step = preconditioned(rest)
    if changes:
        last = changes[-1]
        step *= last.along / (last.gradient * last.solved).sum()
    for change, share in zip(changes, reversed(shares), strict=True):
        step += change.step * (share - (change.gradient * step).sum() / change.along)
    return step
