"""Nystroem's features of a kernel: products of them are the kernel, about.

Source: Williams and Seeger (2001), "Using the Nystroem method to speed up kernel machines".
"""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from scipy.linalg import lapack

from tflearnkit.columns.base import Encoded
from tflearnkit.engines.threads import one_blas_thread
from tflearnkit.parts import Kernelised

__all__ = ["begin", "features"]

CHUNK, BLOCK = 2048, 128  # rows looked at together, and features
JITTER = 1e-6  # added to the landmarks' kernel: float32 could not tell nearly equal ones apart


def begin(part: Kernelised, encoded: Encoded, seed: int, gamma) -> dict[str, np.ndarray]:
    """Return landmarks, drawn from the rows, and the other arrays of ``part`` that are not trained.

    ``gamma`` is a number, or "scale" or "auto" as in scikit-learn.
    """
    chosen = np.random.default_rng(seed).permutation(encoded.n_rows)[: part.n_landmarks]
    landmarks = _rows(part, encoded.take(np.sort(chosen)))
    if isinstance(gamma, str):
        spread = _variance(part, encoded) if gamma == "scale" else 1.0
        gamma = 1 / (part.input_width * spread) if spread else 1.0
    gamma = np.float32(gamma)
    return {
        "kernel/landmarks": landmarks,
        "kernel/whitening": _whitening(_checked_likeness(part, landmarks, gamma)),
        "kernel/gamma": np.array(gamma),
    }


def features(part: Kernelised, state, encoded: Encoded) -> np.ndarray:
    """Return the features of rows, float32 [n, n_landmarks]."""
    landmarks, whitening, gamma = (
        state[f"kernel/{name}"] for name in ("landmarks", "whitening", "gamma")
    )
    found = np.empty((encoded.n_rows, part.n_landmarks), np.float32)

    def fill(chunk):
        likeness = _likeness(part, _rows(part, encoded.take(chunk)), landmarks, gamma)
        for start in range(0, part.n_landmarks, BLOCK):  # half of the whitening is zeros
            stop = start + BLOCK
            found[chunk, start:stop] = likeness[:, :stop] @ whitening[:stop, start:stop]

    with one_blas_thread(), ThreadPoolExecutor(os.cpu_count() or 1) as threads:
        list(threads.map(fill, _chunks(encoded)))
    return found


def _chunks(encoded: Encoded) -> list[slice]:
    return [slice(start, start + CHUNK) for start in range(0, encoded.n_rows, CHUNK)]


def _rows(part: Kernelised, encoded: Encoded) -> np.ndarray:
    return np.asarray(part.rows(encoded.features, encoded.widths))


def _likeness(part: Kernelised, rows, landmarks, gamma) -> np.ndarray:
    import tensorflow as tf

    return part.likeness(tf.constant(rows), tf.constant(landmarks), tf.constant(gamma)).numpy()


def _variance(part: Kernelised, encoded: Encoded) -> float:
    """Return the variance of all numbers of all rows."""
    total = squares = 0.0
    for chunk in _chunks(encoded):
        rows = _rows(part, encoded.take(chunk)).astype(np.float64)
        total, squares = total + rows.sum(), squares + (rows**2).sum()
    n = encoded.n_rows * part.input_width
    return max(squares / n - (total / n) ** 2, 0.0)


def _checked_likeness(part: Kernelised, landmarks, gamma) -> np.ndarray:
    """Return the landmarks' kernel in float64, if a function gives one."""
    landmarks, gamma = landmarks.astype(np.float64), gamma.astype(np.float64)
    if not callable(part.kernel):
        return _likeness(part, landmarks, landmarks, gamma)
    found = np.asarray(part.kernel(landmarks, landmarks))
    shape = (len(landmarks), len(landmarks))
    if found.shape != shape or found.dtype.kind not in "biuf" or not np.isfinite(found).all():
        raise ValueError(
            f"kernel(X, Y) should return finite numbers of the shape (rows of X, rows of Y), here "
            f"{shape}. Got {found.dtype} of the shape {found.shape}. Correct the function; those "
            "of sklearn.metrics.pairwise will do."
        )
    return found


def _whitening(likeness: np.ndarray) -> np.ndarray:
    """Return the inverse of the upper factor of Cholesky, for a kernel that has one."""
    kernel = (likeness + likeness.T) / 2
    kernel[np.diag_indices_from(kernel)] += JITTER * max(kernel.diagonal().mean(), JITTER)
    with one_blas_thread():
        upper, failed = lapack.dpotrf(kernel, lower=0)
        inverse, _ = lapack.dtrtri(upper, lower=0)
    if failed:
        raise ValueError(
            "kernel(X, X) should be positive semi-definite, as an inner product is. Got a matrix "
            f"with negative eigenvalues, the least being {np.linalg.eigvalsh(kernel)[0]:.3g}. "
            "Choose another kernel."
        )
    return np.triu(inverse).astype(np.float32)
