"""pandas -> plain arrays of numbers."""

from __future__ import annotations

import numpy as np

from tflearnkit.errors import listing

__all__ = ["extract_pandas_data", "extract_pandas_labels", "extract_pandas_matrix"]


def extract_pandas_data(data):
    """Return the numbers and flags of a DataFrame as a float64 array; other things as they came.

    Raises
    ------
    ValueError
        If a column holds something else; the message names it.

    Examples
    --------
    >>> import pandas as pd
    >>> extract_pandas_data(pd.DataFrame({"a": [1, 2], "b": [True, False]}))
    array([[1., 1.],
           [2., 0.]])
    """
    if not _is_frame(data):
        return data
    bad = [f"{name} ({kind})" for name, kind in data.dtypes.items() if not _is_number(kind)]
    if bad:
        raise ValueError(
            "Data types for extracting pandas data must be int, float, or bool. Got "
            f"{listing(bad)}: leave them out, or pass the frame itself to fit."
        )
    return data.to_numpy(dtype=np.float64, na_value=np.nan)


def extract_pandas_matrix(data):
    """Return the values of a DataFrame of any kind as one array; other things as they came.

    Examples
    --------
    >>> import pandas as pd
    >>> extract_pandas_matrix(pd.DataFrame({"a": [1, 2], "b": ["x", "y"]}))
    array([[1, 'x'],
           [2, 'y']], dtype=object)
    """
    return data.to_numpy() if _is_frame(data) else data


def extract_pandas_labels(labels):
    """Return labels of a Series, or of a DataFrame of one column, as an array.

    Raises
    ------
    ValueError
        If there are several columns, or no numbers in the one.

    Examples
    --------
    >>> import pandas as pd
    >>> extract_pandas_labels(pd.DataFrame({"y": [0, 1]}))
    array([0, 1])
    """
    if _is_frame(labels):
        if labels.shape[1] > 1:
            raise ValueError(
                f"Only one column for labels is allowed. Got {listing(labels.columns)}: choose one."
            )
        labels = labels.iloc[:, 0]
    if not hasattr(labels, "index") or isinstance(labels, list | tuple):
        return labels
    if not _is_number(labels.dtype):
        raise ValueError(
            f"Data types for extracting pandas labels must be int, float, or bool. Got "
            f"{labels.dtype}: estimators take the labels as they are."
        )
    return labels.to_numpy()


def _is_frame(data) -> bool:
    import pandas as pd

    return isinstance(data, pd.DataFrame)


def _is_number(dtype) -> bool:
    import pandas as pd

    return pd.api.types.is_numeric_dtype(dtype) and not pd.api.types.is_complex_dtype(dtype)
