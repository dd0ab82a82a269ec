"""Small tables of numbers in CSV files, in the form of TF.Learn's tutorials."""

from __future__ import annotations

import codecs
import csv
import os
from itertools import islice
from numbers import Integral

import numpy as np

from tflearnkit.datasets.base import Dataset
from tflearnkit.whole_file import replace_file

__all__ = ["load_csv", "load_csv_with_header", "load_csv_without_header", "shrink_csv"]


def load_csv_with_header(
    filename, target_dtype=int, features_dtype=np.float32, target_column: int = -1
) -> Dataset:
    """Read a file whose first line says how many rows and features follow: ``120,4,setosa,...``.

    For files with a line of names, and for large ones, `csv_input_fn` or ``pandas.read_csv``.

    Parameters
    ----------
    filename : path
    target_dtype, features_dtype : dtype
    target_column : int, default=-1

    Raises
    ------
    ValueError
        If there are not as many rows or features as the first line says, or some are no numbers;
        the message has file and line.

    Examples
    --------
    >>> with open("tiny.csv", "w") as file:
    ...     _ = file.write("2,3,no,yes\\n1,2,3,0\\n4,5,6,1\\n")
    >>> load_csv_with_header("tiny.csv")
    Dataset(data=array([[1., 2., 3.],
           [4., 5., 6.]], dtype=float32), target=array([0, 1]))
    """
    rows = _rows(filename)
    try:
        n_rows, n_features = (int(word) for word in next(rows)[1][:2])
    except (StopIteration, ValueError):
        raise ValueError(
            f"{filename}, line 1: should begin with the numbers of rows and of features, such as "
            "'120,4,setosa,versicolor'. Use load_csv_without_header or csv_input_fn for others."
        ) from None
    found = _read(filename, rows, target_dtype, features_dtype, target_column)
    if found.data.shape != (n_rows, n_features):
        raise ValueError(
            f"{filename} should hold {n_rows} rows of {n_features} features, as its first line "
            f"says. Got {found.data.shape[0]} of {found.data.shape[1]}: mend the file."
        )
    return found


def load_csv_without_header(
    filename, target_dtype=int, features_dtype=np.float32, target_column: int = -1
) -> Dataset:
    """Read a file of rows of numbers and a target.

    Parameters
    ----------
    filename : path
    target_dtype, features_dtype : dtype
    target_column : int, default=-1

    Examples
    --------
    >>> with open("bare.csv", "w") as file:
    ...     _ = file.write("yes,1,2\\nno,3,4\\n")
    >>> load_csv_without_header("bare.csv", str, target_column=0).target.tolist()
    ['yes', 'no']
    """
    return _read(filename, _rows(filename), target_dtype, features_dtype, target_column)


def load_csv(filename, target_dtype=int, target_column: int = -1, has_header: bool = True):
    """Read a file with or without a first line of TF.Learn's form, the features as float64.

    Parameters
    ----------
    filename : path
    target_dtype : dtype
    target_column : int, default=-1
    has_header : bool, default=True

    Examples
    --------
    >>> with open("bare.csv", "w") as file:
    ...     _ = file.write("1,2,7.5\\n")
    >>> load_csv("bare.csv", float, has_header=False)
    Dataset(data=array([[1., 2.]]), target=array([7.5]))
    """
    read = load_csv_with_header if has_header else load_csv_without_header
    return read(filename, target_dtype, np.float64, target_column)


def shrink_csv(filename, ratio: int) -> str:
    """Write every ``ratio``-th row of a file to a smaller one beside it, for trying things out.

    Parameters
    ----------
    filename : path
        Such as ``data/train.csv``. Its first row is kept; a line of counts, as
        `load_csv_with_header` wants it, would not be true any more.
    ratio : int >= 1

    Returns
    -------
    str
        The path of the smaller file, ``data/train_small.csv``.

    Raises
    ------
    ValueError
        If ``ratio`` is no whole number of at least 1.

    Examples
    --------
    >>> with open("train.csv", "w") as file:
    ...     _ = file.write("1,2\\n3,4\\n5,6\\n")
    >>> shrink_csv("train.csv", 2)
    'train_small.csv'
    >>> load_csv("train_small.csv", has_header=False).target.tolist()
    [2, 6]
    """
    if isinstance(ratio, bool) or not isinstance(ratio, Integral) or ratio < 1:
        raise ValueError(f"ratio should be a whole number of at least 1. Got {ratio!r}.")
    stem, extension = os.path.splitext(filename)
    smaller = f"{stem}_small{extension}"
    with open(filename, newline="", encoding="utf-8") as file:
        rows = islice(csv.reader(file), 0, None, ratio)

        def fill(found) -> None:
            text = codecs.getwriter("utf-8")(found)
            csv.writer(text, lineterminator="\n").writerows(rows)

        replace_file(smaller, fill)
    return smaller


def _rows(filename):
    """Yield lines that are not empty, with their numbers."""
    with open(filename, newline="", encoding="utf-8") as file:
        reader = csv.reader(file)
        for row in reader:
            if row:
                yield reader.line_num, row


def _read(filename, rows, target_dtype, features_dtype, target_column) -> Dataset:
    data, target = [], []
    for line, row in rows:
        try:
            target.append(row.pop(target_column))
            data.append(np.asarray(row, features_dtype))
        except (IndexError, ValueError) as error:
            raise ValueError(
                f"{filename}, line {line}: should hold numbers and a target in column "
                f"{target_column}. {error}."
            ) from error
        if len(data[-1]) != len(data[0]):
            raise ValueError(
                f"{filename}, line {line}: should hold {len(data[0])} features, as the rows before "
                f"it. Got {len(data[-1])}."
            )
    if not data:
        raise ValueError(f"{filename} should hold rows. Got none: check the file.")
    return Dataset(np.stack(data), np.asarray(target).astype(target_dtype))
