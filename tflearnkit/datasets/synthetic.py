"""Made-up data in the plane, in which the classes wind around each other."""

from __future__ import annotations

import numpy as np

from tflearnkit.datasets.base import Dataset
from tflearnkit.errors import did_you_mean, listing

__all__ = ["circles", "make_dataset", "spirals"]


def circles(
    n_samples: int = 100,
    noise: float | None = None,
    seed: int | None = None,
    factor: float = 0.8,
    n_classes: int = 2,
) -> Dataset:
    """Return points on circles around the origin, a class on each.

    Parameters
    ----------
    n_samples : int > 0, default=100
        How many in all; the first classes have one more where they do not divide evenly.
    noise : float >= 0, optional
        Standard deviation of normal noise on both coordinates.
    seed : int, optional
        The same seed gives the same points.
    factor : float between 0 and 1, default=0.8
        Radius of a circle over that of the next larger one; the largest has 1.
    n_classes : int > 0, default=2

    Examples
    --------
    >>> X, y = circles(n_samples=5, seed=0)
    >>> X.shape, sorted(y.tolist())
    ((5, 2), [0, 0, 0, 1, 1])
    """
    _check(n_samples, noise)
    if not 0 <= factor < 1:
        raise ValueError(f"factor should be from 0 up to below 1. Got {factor!r}.")
    if n_classes < 1:
        raise ValueError(f"n_classes should be 1 or more. Got {n_classes!r}.")
    parts = []
    for label, angles in enumerate(_angles(n_samples, n_classes)):
        parts.append(factor**label * _unit(angles))
    return _shuffled(parts, noise, seed)


def spirals(
    n_samples: int = 100,
    noise: float | None = None,
    seed: int | None = None,
    mode: str = "archimedes",
    n_loops: int = 2,
) -> Dataset:
    """Return points on two spirals, one of which is the other turned by half a circle.

    Parameters
    ----------
    n_samples : int > 0, default=100
    noise : float >= 0, optional
        Standard deviation of normal noise on both coordinates.
    seed : int, optional
        The same seed gives the same points.
    mode : {"archimedes", "bernoulli", "fermat"}, default="archimedes"
        How the radius grows with the angle: in proportion, exponentially, or as its square root.
    n_loops : int > 0, default=2
        Turns of each spiral.

    Examples
    --------
    >>> X, y = spirals(n_samples=6, mode="fermat", seed=0)
    >>> X.shape, sorted(y.tolist())
    ((6, 2), [0, 0, 0, 1, 1, 1])
    """
    _check(n_samples, noise)
    if mode not in _RADII:
        raise ValueError(
            f"mode should be one of {listing(_RADII)}. Got {mode!r}.{did_you_mean(mode, _RADII)}"
        )
    parts = []
    for label, angles in enumerate(_angles(n_samples, 2)):
        radii = _RADII[mode](n_loops * angles)[:, None]
        parts.append(radii * _unit(n_loops * angles + np.pi * label))
    return _shuffled(parts, noise, seed)


_RADII = {
    "archimedes": lambda angles: angles,
    "bernoulli": lambda angles: np.exp(0.1 * angles),
    "fermat": np.sqrt,
}
_KINDS = {"circles": circles, "spirals": spirals}


def make_dataset(name: str, n_samples: int = 100, noise=None, seed=None, **options) -> Dataset:
    """Return made-up data by name: "circles" or "spirals".

    Parameters
    ----------
    name : {"circles", "spirals"}
    n_samples, noise, seed, **options
        As of the function of that name.

    Examples
    --------
    >>> make_dataset("circles", n_samples=30, n_classes=3, seed=0).data.shape
    (30, 2)
    """
    if name not in _KINDS:
        raise ValueError(
            f"name should be one of {listing(_KINDS)}. Got {name!r}.{did_you_mean(name, _KINDS)}"
        )
    return _KINDS[name](n_samples, noise, seed, **options)


def _check(n_samples, noise) -> None:
    if n_samples < 1:
        raise ValueError(f"n_samples should be 1 or more. Got {n_samples!r}.")
    if noise is not None and noise < 0:
        raise ValueError(f"noise should be None, or 0 or more. Got {noise!r}.")


def _angles(n_samples: int, n_classes: int) -> list[np.ndarray]:
    """Spread the points of each class evenly over a turn."""
    sizes = [len(part) for part in np.array_split(np.arange(n_samples), n_classes)]
    return [np.linspace(0, 2 * np.pi, size, endpoint=False) for size in sizes]


def _unit(angles: np.ndarray) -> np.ndarray:
    return np.column_stack([np.cos(angles), np.sin(angles)])


def _shuffled(parts: list[np.ndarray], noise, seed) -> Dataset:
    rng = np.random.default_rng(seed)
    X = np.concatenate(parts)
    y = np.repeat(np.arange(len(parts)), [len(part) for part in parts])
    if noise:
        X = X + rng.normal(scale=noise, size=X.shape)
    places = rng.permutation(len(X))
    return Dataset(X[places], y[places])
