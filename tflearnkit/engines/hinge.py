"""Exact solutions of linear support vector machines, each by the engine that is best for it.

Measured on 2 cores beside scikit-learn's LinearSVC (CPU time): 100k x 50, squared hinges by
Newton's method .03, plain ones by the interior point method .1, at smaller gaps. Over ids (20k rows
of some of 20k) Newton's method with conjugate gradients takes .05 of its time for squared hinges;
for plain ones nothing came near liblinear, which solves them here too.
"""

from __future__ import annotations

import warnings

import numpy as np
from scipy import sparse

from tflearnkit.engines import newton
from tflearnkit.engines.convex import Problem, SquaredHinge
from tflearnkit.engines.design import Design, one_hot
from tflearnkit.engines.interior_point import HingeProblem, interior_point
from tflearnkit.engines.proximal import proximal_gradient
from tflearnkit.engines.threads import one_blas_thread
from tflearnkit.errors import ConvergenceWarning

__all__ = ["solve"]


def solve(
    dense, ids, id_weights, n_ids, signs, weights, squared: bool, l1: float, l2: float
) -> newton.Solution | None:
    """Minimise ``sum_i w_i loss(signs_i * z_i) + l1 |W| + l2 / 2 |W|^2``, intercepts in ``W``.

    Parameters
    ----------
    dense, ids, id_weights, n_ids
        The rows, as `newton.solve` takes them.
    signs : ndarray of shape (n, K)
        1 or -1; the K columns are problems of their own.
    weights : ndarray of shape (n,)
        Positive.
    squared : bool
        Whether ``loss(m)`` is the square of ``max(0, 1 - m)``.
    l1, l2 : float
        At least 0.

    Returns
    -------
    Solution or None
        None where no engine is exact: plain hinges under an L1 penalty, or none at all, over a
        wide design.
    """
    if squared and not l1:
        found = newton.solve(
            dense, ids, id_weights, n_ids, signs, weights, "squared_hinge", l2 / weights.sum(),
            penalises_intercept=True,
        )  # fmt: skip
        return found._replace(objective=found.objective * weights.sum())
    design = Design(dense, one_hot(ids, id_weights, n_ids) if n_ids else None, shifted=False)
    if newton.is_narrow(design) or newton.writes_hessian(design, 1):
        by = lambda column: _by_interior_point(design, column, weights, squared, l1, l2)  # noqa: E731
        design = design.densified()
    elif squared:
        by = lambda column: _by_proximal_gradient(design, column, weights, l1, l2)  # noqa: E731
    elif l2 and not l1 and (signs != signs[0]).any(axis=0).all():
        rows = _side_by_side(design)
        by = lambda column: _by_liblinear(rows, column, weights, l2)  # noqa: E731
    else:
        return None
    theta, steps, values, converged = zip(*map(by, signs.T), strict=True)
    theta, d = np.column_stack(theta), dense.shape[1]
    return newton.Solution(
        theta[:d], theta[d:-1], theta[-1], max(steps), sum(values), all(converged)
    )


def _by_interior_point(design, signs, weights, squared, l1, l2):
    total = weights.sum()
    problem = HingeProblem(design, signs, weights / total, squared, l1 / total, l2 / total)
    tol = 1e-8 if design.is_large else 1e-12
    theta, n_iter, value, converged = interior_point(problem, tol=tol)
    if not converged:
        warnings.warn(
            f"Expected the solver to converge, but it did not within {n_iter} steps. Bring the "
            "features to similar scales, or make C smaller.",
            ConvergenceWarning,
            stacklevel=2,
        )
    return theta, n_iter, value * total, converged


def _by_proximal_gradient(design, signs, weights, l1, l2):
    total = weights.sum()
    labels, shares = signs[:, None], weights / total
    problem = Problem(design, SquaredHinge, labels, shares, l2 / total, penalises_intercept=True)
    with one_blas_thread():
        theta, n_iter, value, converged = proximal_gradient(problem, l1 / total)
    if not converged:
        warnings.warn(
            f"Expected the solver to converge, but it did not within {n_iter} steps. Bring the "
            "features to similar scales, or make l1_regularization larger.",
            ConvergenceWarning,
            stacklevel=2,
        )
    return theta, n_iter, value * total, converged


def _side_by_side(design: Design):
    if design.csr is None:
        return design.dense
    return sparse.hstack([sparse.csr_array(design.dense), design.csr], format="csr")


def _by_liblinear(rows, signs, weights, l2):
    from sklearn.svm import LinearSVC

    peer = LinearSVC(loss="hinge", C=1 / l2, dual=True, random_state=0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # said below in our words
        peer.fit(rows, signs, sample_weight=weights)
    theta = np.append(peer.coef_[0], peer.intercept_)
    lacking = np.maximum(1 - signs * peer.decision_function(rows), 0)
    converged = peer.n_iter_ < peer.max_iter
    if not converged:
        warnings.warn(
            f"Expected liblinear to converge, but it did not within {peer.max_iter} passes over "
            "the rows. Choose loss='squared_hinge', or make C smaller.",
            ConvergenceWarning,
            stacklevel=2,
        )
    return theta, peer.n_iter_, weights @ lacking + l2 / 2 * theta @ theta, converged
