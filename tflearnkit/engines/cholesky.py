"""Newton equations solved by Cholesky's method, also where they are singular."""

from __future__ import annotations

import numpy as np
from scipy import linalg

__all__ = ["Cholesky"]


class Cholesky:
    """Solves with a Hessian brought to a unit diagonal, and a ridge where it is singular.

    Steps are then too short in the flat directions only, where the next steps complete them.
    """

    def __init__(self, hessian, kind):
        self._root = np.sqrt(np.maximum(hessian.diagonal(), 0))
        self._root[self._root == 0] = 1  # a column that is zero in every row
        unit = hessian / self._root / self._root[:, None]
        self._factor(unit, 30 * np.finfo(kind).eps * np.sqrt(len(unit)))

    def _factor(self, unit, noise):
        self._lower, failed = linalg.lapack.dpotrf(unit, lower=1)
        self.singular = failed != 0 or self._lower.diagonal().min() ** 2 < noise
        while self.singular and (failed or noise < 1):
            unit[np.diag_indices_from(unit)] += noise
            self._lower, failed = linalg.lapack.dpotrf(unit, lower=1)
            if not failed:
                break
            noise *= 10

    def solve(self, gradient):
        root = self._root[:, None]
        if len(root) == len(gradient):  # one Hessian for every output
            return linalg.cho_solve((self._lower, True), gradient / root) / root
        flat = gradient.T.reshape(-1, 1)  # class by class
        step = linalg.cho_solve((self._lower, True), flat / root) / root
        return step.reshape(gradient.shape[1], -1).T
