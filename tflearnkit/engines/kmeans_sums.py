"""Sums of points that are the same to the bit in whatever order they are added up."""

from __future__ import annotations

import numpy as np
from scipy import sparse

from tflearnkit.engines.kmeans_nearest import id_matrix

__all__ = ["ExactSums"]


class ExactSums:
    """What points add to the sums of clusters: coordinates and weights, rounded to a grid.

    The grid of a column is so coarse that float64 holds whatever all points sum up to without
    rounding, and so fine that what is largest in the column keeps the digits of float32 with up to
    a hundred million points. Points may then come and go: what is left is what the others sum up
    to, to the bit (Demmel and Nguyen, "Fast Reproducible Floating-Point Summation", 2013, round
    likewise).

    Parameters
    ----------
    points : Encoded
    weights : float32 array (n,)
    largest : float array (n_dense,)
        The largest absolute coordinate of each dense column.
    """

    def __init__(self, points, weights: np.ndarray, largest: np.ndarray):
        self._points, self._weights = points, weights
        heaviest = float(weights.max())
        self._rounders = _rounders(heaviest * np.append(largest, 1.0), len(weights))
        self._id_rounder = 0.0
        if points.id_weights is not None:
            most = heaviest * np.abs(points.id_weights).max(initial=0.0)
            self._id_rounder = _rounders(np.array([most]), points.ids.size)[0]

    def move(self, rows, after: np.ndarray, before: np.ndarray | None, totals: tuple) -> None:
        """Let rows change clusters.

        Parameters
        ----------
        rows : slice or int array (m,)
        after : int32 array (m,)
            The clusters that they come to.
        before : int32 array (m,) or None
            Those that they leave; None where they come anew.
        totals : pair of float64 arrays
            Sums (k, width) and counts (k,), which are edited.
        """
        sums, counts = totals
        change = _change(after, before, len(counts))
        found = change @ self._terms(rows)
        n_dense = found.shape[1] - 1
        sums[:, :n_dense] += found[:, :-1]
        counts += found[:, -1]
        if self._points.id_weights is not None:
            rest = (change @ self._id_terms(rows, sums.shape[1] - n_dense)).tocoo()
            sums[rest.row, n_dense + rest.col] += rest.data  # each place is there once

    def _terms(self, rows) -> np.ndarray:
        """Return what some points add: their dense coordinates, and how they count."""
        dense = self._points.dense[rows]
        terms = np.empty((len(dense), dense.shape[1] + 1))
        terms[:, :-1] = dense
        terms[:, -1] = 1
        terms *= self._weights[rows, None]
        return _rounded(terms, self._rounders)

    def _id_terms(self, rows, n_ids: int) -> sparse.csr_array:
        terms = self._points.id_weights[rows] * self._weights[rows, None].astype(np.float64)
        return id_matrix(self._points.ids[rows], _rounded(terms, self._id_rounder), n_ids)


def _rounders(largest: np.ndarray, n_terms: int) -> np.ndarray:
    """Return the numbers beside which float64 has no finer digits than the grid.

    Sums of as many terms of up to ``largest`` have digits left, those of changes too.
    """
    _, exponents = np.frexp(2.0 * n_terms * largest)
    return np.ldexp(1.5, np.where(largest > 0, exponents, -1000))


def _rounded(terms: np.ndarray, rounders) -> np.ndarray:
    """Round in place."""
    terms += rounders
    terms -= rounders
    return terms


def _change(after: np.ndarray, before: np.ndarray | None, n_clusters: int) -> sparse.csc_array:
    """Return what points mean to clusters: 1 to those they come to, -1 to those they leave."""
    clusters = after[:, None] if before is None else np.column_stack([after, before])
    signs = np.tile([1.0, -1.0][: clusters.shape[1]], len(after))
    starts = np.arange(0, clusters.size + 1, clusters.shape[1], dtype=np.int32)
    return sparse.csc_array((signs, clusters.ravel(), starts), shape=(n_clusters, len(after)))
