"""The Adult census: from a local folder, a cache or OpenML."""

from __future__ import annotations

from pathlib import Path

from tflearnkit.datasets.base import Dataset, Datasets
from tflearnkit.datasets.folders import CACHE, check_as_published, from_openml, local_folder

__all__ = ["CENSUS_COLUMNS", "load_census"]

CENSUS_COLUMNS = (
    *("age", "workclass", "fnlwgt", "education", "education_num", "marital_status", "occupation"),
    *("relationship", "race", "sex", "capital_gain", "capital_loss", "hours_per_week"),
    "native_country",
)
_SUMS = {
    "adult.data": "5d7c39d7b8804f071cdd1f2a7c460872",
    "adult.test": "35238206dfdf7f1fe215bbb874adecdc",
}


def load_census(folder: str | Path | None = None, fetch: bool = True) -> Datasets:
    """Return the Adult census of 1994: frames of 14 columns, and whether income is above 50,000.

    Parameters
    ----------
    folder : path, optional
        Has ``adult.data`` and ``adult.test`` of the UCI repository, the two halves in which the
        census was published (32,561 and 16,281 rows). By default ``adult`` in the folder that
        ``TFLEARNKIT_DATA`` names; where there is none, OpenML's rows are cut two to one.
    fetch : bool, default=True
        Whether it may be fetched from OpenML, once; the cache is ``~/.cache/tflearnkit``.

    Returns
    -------
    Datasets
        Of pandas frames and labels '<=50K' and '>50K'; ``validation`` is None. Missing values are
        NaN.

    Raises
    ------
    OSError
        If it is nowhere.

    References
    ----------
    .. [1] B. Becker, R. Kohavi, "Adult", UCI Machine Learning Repository, 1996.

    Examples
    --------
    >>> import os
    >>> os.mkdir("adult")
    >>> row = "39, State-gov, 1, ?, 13, Single, ?, Own, White, Male, 0, 0, 40, Cuba, <=50K"
    >>> for name in ("adult.data", "adult.test"):
    ...     with open(f"adult/{name}", "w") as file:
    ...         _ = file.write(f"|\\n{row}.\\n" if name == "adult.test" else f"{row}\\n")
    >>> import warnings
    >>> with warnings.catch_warnings(action="ignore"):  # these are not the files as published
    ...     census = load_census("adult")
    >>> census.train.data.shape, census.test.target.tolist()
    ((1, 14), ['<=50K'])
    """
    folder = local_folder("adult") if folder is None else Path(folder)
    return _from_openml(fetch) if folder is None else _from_folder(folder)


def _from_folder(folder: Path) -> Datasets:
    check_as_published({folder / name: md5 for name, md5 in _SUMS.items()})
    train = _read(folder / "adult.data")
    return Datasets(train, None, _read(folder / "adult.test", skiprows=1))


def _read(path: Path, **options) -> Dataset:
    import pandas as pd

    names = [*CENSUS_COLUMNS, "income"]
    frame = pd.read_csv(path, names=names, na_values="?", skipinitialspace=True, **options)
    return Dataset(frame, frame.pop("income").str.strip(".").to_numpy(dtype=object))


def _from_openml(fetch: bool) -> Datasets:
    from sklearn.model_selection import train_test_split

    census = from_openml("The Adult census", "adult", 2, CACHE / "adult", fetch)
    frame = census.data.set_axis(list(CENSUS_COLUMNS), axis=1)
    categories = frame.select_dtypes("category").columns
    frame = frame.astype(dict.fromkeys(categories, object))
    income = census.target.to_numpy(dtype=object)
    X_train, X_test, y_train, y_test = train_test_split(
        frame, income, test_size=1 / 3, random_state=0, stratify=income
    )
    return Datasets(Dataset(X_train, y_train), None, Dataset(X_test, y_test))
