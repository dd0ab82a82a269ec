"""Data sets that come with scikit-learn, and its housing prices."""

from __future__ import annotations

from pathlib import Path

from tflearnkit.datasets.base import Dataset
from tflearnkit.datasets.folders import CACHE, from_internet

__all__ = ["load_california_housing", "load_diabetes", "load_digits", "load_iris"]


def load_iris() -> Dataset:
    """Return Fisher's irises: 150 flowers by 4 lengths in cm, of 3 kinds.

    Examples
    --------
    >>> load_iris().data[0].tolist()
    [5.1, 3.5, 1.4, 0.2]
    """
    from sklearn import datasets

    return Dataset(*datasets.load_iris(return_X_y=True))


def load_digits() -> Dataset:
    """Return 1797 handwritten digits of 8 x 8 pixels, as rows of 64 numbers from 0 to 16.

    Examples
    --------
    >>> load_digits().data.shape
    (1797, 64)
    """
    from sklearn import datasets

    return Dataset(*datasets.load_digits(return_X_y=True))


def load_diabetes() -> Dataset:
    """Return 442 patients by 10 measurements, and how their diabetes went on: regression offline.

    Examples
    --------
    >>> load_diabetes().data.shape
    (442, 10)
    """
    from sklearn import datasets

    return Dataset(*datasets.load_diabetes(return_X_y=True))


def load_california_housing(data_home: str | Path | None = None, fetch: bool = True) -> Dataset:
    """Return the districts of California in 1990: 20,640 by 8 numbers, and the median house value.

    Values are in 100,000 dollars. scikit-learn fetches the set the first time.

    Parameters
    ----------
    data_home : path, optional
        The cache; by default ``~/.cache/tflearnkit``.
    fetch : bool, default=True
        Whether it may be fetched.

    Raises
    ------
    OSError
        If it is not in the cache and cannot be fetched.

    Examples
    --------
    >>> load_california_housing("nowhere", fetch=False)
    Traceback (most recent call last):
    ...
    FileNotFoundError: California housing is not in nowhere, and it was not to be fetched. ...
    """
    from sklearn import datasets

    home = CACHE if data_home is None else Path(data_home)
    known = (home / "cal_housing_py3.pkz").exists()

    def load():
        return datasets.fetch_california_housing(
            data_home=home, download_if_missing=fetch, return_X_y=True
        )

    return Dataset(*from_internet("California housing", "scikit-learn", home, known, fetch, load))
