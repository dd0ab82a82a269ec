"""dask frames whose rows are numbered through."""

from __future__ import annotations

import numpy as np

from tflearnkit.errors import listing

__all__ = ["extract_dask_data", "extract_dask_labels"]


def extract_dask_data(data):
    """Return a dask frame or Series with its rows numbered through; other things as they came.

    Its index counts from 0, and its divisions are known, so that ``loc`` finds rows by number and
    frames of equal partitions go together. Counting reads the data once. Estimators take frames of
    dask as they are.

    Examples
    --------
    >>> import dask.dataframe as dd
    >>> import pandas as pd
    >>> frame = dd.from_pandas(pd.DataFrame({"a": range(6)}, index=list("uvwxyz")), npartitions=3)
    >>> extract_dask_data(frame).divisions
    (0, 2, 4, 6)
    """
    if not _is_dask(data):
        return data
    import dask
    import dask.dataframe as dd

    pieces = data.to_delayed()
    lengths = dask.compute(*(dask.delayed(len)(piece) for piece in pieces))
    ends = np.cumsum([0, *lengths]).tolist()
    numbered = dask.delayed(_numbered)
    return dd.from_delayed(
        [numbered(piece, start) for piece, start in zip(pieces, ends[:-1], strict=True)],
        meta=_numbered(dd.utils.make_meta(data), 0),
        divisions=ends,
        verify_meta=False,
    )


def extract_dask_labels(labels):
    """Return labels of a dask Series, or of a frame of one column, as `extract_dask_data` does.

    Raises
    ------
    ValueError
        If there are several columns.

    Examples
    --------
    >>> import dask.dataframe as dd
    >>> import pandas as pd
    >>> labels = dd.from_pandas(pd.DataFrame({"y": [0, 1]}), npartitions=1)
    >>> extract_dask_labels(labels).compute().tolist()
    [0, 1]
    """
    if _is_dask(labels) and labels.ndim == 2:
        if len(labels.columns) != 1:
            raise ValueError(
                f"Only one column for labels is allowed. Got {listing(labels.columns)}: choose one."
            )
        labels = labels[labels.columns[0]]
    return extract_dask_data(labels)


def _is_dask(data) -> bool:
    return type(data).__module__.startswith("dask.") and hasattr(data, "to_delayed")


def _numbered(piece, start: int):
    import pandas as pd

    return piece.set_axis(pd.RangeIndex(start, start + len(piece)))
