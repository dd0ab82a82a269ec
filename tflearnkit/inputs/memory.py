"""Input functions of rows in memory: dicts of arrays, and pandas frames."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from tflearnkit.errors import listing
from tflearnkit.inputs.order import check_sizes, drawn_seed, epochs, kept_ready, order

__all__ = ["numpy_input_fn", "pandas_input_fn", "tensor_values"]


def numpy_input_fn(
    x: Mapping,
    y=None,
    batch_size: int = 128,
    num_epochs: int | None = 1,
    shuffle: bool = True,
    queue_capacity: int | None = None,
    num_threads: int | None = None,
    *,
    seed: int | None = None,
) -> Callable:
    """Return an input function of a dict of arrays.

    For code that wants an ``input_fn``: custom loops, Keras, `Experiment`. Estimators take the
    arrays themselves, ``fit(x, y)``, and then shuffle and repeat them on their own.

    Parameters
    ----------
    x : dict of str to array of shape (n, ...)
        The features; left as it is.
    y : array of shape (n,) or (n, K), or dict of such, optional
    batch_size : int > 0, default=128
    num_epochs : int >= 0 or None, default=1
        Passes over the rows; None never ends, so that ``fit`` needs ``steps``.
    shuffle : bool, default=True
        Draw a new order of all rows for each epoch.
    queue_capacity, num_threads : int, optional
        Taken for calls written for TF.Learn; rows in memory need neither a queue nor threads.
    seed : int, optional
        The same seed gives the same orders.

    Returns
    -------
    callable () -> tf.data.Dataset
        Of dicts of tensors, or of tuples ``(dict, y)``.

    Raises
    ------
    TypeError
        If x is not a dict.
    ValueError
        If lengths differ or a size is not a positive whole number.

    Examples
    --------
    >>> import numpy as np
    >>> input_fn = numpy_input_fn(
    ...     {"age": np.arange(3)}, np.array([0, 1, 0]), batch_size=2, num_epochs=2, shuffle=False
    ... )
    >>> [features["age"].tolist() for features, _ in input_fn().as_numpy_iterator()]
    [[0, 1], [2, 0], [1, 2]]
    """
    if not isinstance(x, Mapping):
        raise TypeError(
            f"x must be dict, but is of type {type(x).__name__}. Give the array a name: "
            "{'x': array}."
        )
    features = {str(name): tensor_values(values, name) for name, values in x.items()}
    return _in_memory(
        features, _targets(y), batch_size, num_epochs, shuffle, seed, queue_capacity, num_threads
    )


def pandas_input_fn(
    x,
    y=None,
    batch_size: int = 128,
    num_epochs: int | None = 1,
    shuffle: bool = True,
    queue_capacity: int | None = None,
    num_threads: int | None = None,
    target_column: str = "target",
    *,
    seed: int | None = None,
) -> Callable:
    """Return an input function of a pandas DataFrame: a tensor per column, without the index.

    Estimators take the frame itself too, ``fit(frame, y)``, which also keeps dates, categories
    and missing words as what they are.

    Parameters
    ----------
    x : pandas.DataFrame
    y : pandas.Series or DataFrame, optional
        Of the same index as ``x``.
    batch_size, num_epochs, shuffle, queue_capacity, num_threads, seed
        As in `numpy_input_fn`.
    target_column : str, default="target"
        A name for ``y`` that no column of ``x`` may have.

    Returns
    -------
    callable () -> tf.data.Dataset

    Raises
    ------
    ValueError
        If the indexes differ, or ``x`` has a column ``target_column``.

    Examples
    --------
    >>> import pandas as pd
    >>> x = pd.DataFrame({"city": ["Oslo", None], "age": [31.0, 45.0]})
    >>> input_fn = pandas_input_fn(x, pd.Series([1, 0]), shuffle=False)
    >>> features, y = next(input_fn().as_numpy_iterator())
    >>> features["city"].tolist(), y.tolist()
    ([b'Oslo', b''], [1, 0])
    """
    if not hasattr(x, "columns") or not hasattr(x, "index"):
        raise TypeError(
            f"x must be a pandas DataFrame, but is of type {type(x).__name__}. "
            "Use numpy_input_fn for arrays."
        )
    if y is not None:
        _check_alike(x, y, target_column)
        y = {name: y[name] for name in y.columns} if hasattr(y, "columns") else y
        y = next(iter(y.values())) if isinstance(y, dict) and len(y) == 1 else y
    features = {str(name): tensor_values(x[name], name) for name in x.columns}
    return _in_memory(
        features, _targets(y), batch_size, num_epochs, shuffle, seed, queue_capacity, num_threads
    )


def _check_alike(x, y, target_column) -> None:
    if target_column in x.columns:
        raise ValueError(
            f"x must have no column of the name of the target. Got {target_column!r} in both: "
            "rename the column, or pass another target_column."
        )
    if not x.index.equals(y.index):
        raise ValueError(
            "Index for x and y are mismatched: they must be equal. "
            f"Got {listing(x.index[:3])}, ... and {listing(y.index[:3])}, ...: align y by "
            "y.reindex(x.index), or reset both."
        )


def _targets(y):
    if isinstance(y, Mapping):
        return {str(name): tensor_values(values, name) for name, values in y.items()}
    return None if y is None else tensor_values(y, "y")


def tensor_values(values, name) -> np.ndarray:
    """Return a column as an array that TensorFlow can hold: numbers, flags, or words."""
    array = np.asarray(values.numpy() if hasattr(values, "numpy") else values)
    if array.dtype.kind in "biufS":
        return array
    if array.dtype.kind in "OUT":
        return _words_or_numbers(array.astype(object), name)
    raise TypeError(
        f"Column {name!r} should hold numbers or words. Got {array.dtype}: pass numbers, such as "
        "days since a date, or pass the frame itself to fit, which reads dates."
    )


def _words_or_numbers(array: np.ndarray, name) -> np.ndarray:
    import pandas as pd

    kind = pd.api.types.infer_dtype(array.reshape(-1), skipna=True)
    missing = pd.isna(array)
    if kind in ("string", "bytes", "empty"):
        return np.where(missing, b"" if kind == "bytes" else "", array)
    if kind in ("integer", "floating", "mixed-integer-float", "boolean"):
        return np.where(missing, np.nan, array).astype(np.float64)
    raise TypeError(
        f"Column {name!r} should hold numbers or words, of one kind. Got {kind} values: convert "
        "the column."
    )


def _in_memory(
    features, targets, batch_size, num_epochs, shuffle, seed, queue_capacity, num_threads
) -> Callable:
    check_sizes(
        batch_size=batch_size, num_epochs=num_epochs, queue_capacity=queue_capacity,
        num_threads=num_threads,
    )  # fmt: skip
    n_rows = _rows(features, targets)
    seed = drawn_seed(seed)

    def input_fn():
        import tensorflow as tf

        data = features if targets is None else (features, targets)
        data = tf.nest.map_structure(tf.constant, data)

        def rows(epoch):
            return order(n_rows, seed, epoch) if shuffle else tf.range(n_rows)

        def picked(places):
            return tf.nest.map_structure(lambda values: tf.gather(values, places), data)

        places = epochs(num_epochs).map(rows).rebatch(batch_size)
        return kept_ready(places.map(picked))

    return input_fn


def _rows(features, targets) -> int:
    columns = dict(features)
    if targets is not None:
        columns |= targets if isinstance(targets, dict) else {"y": targets}
    lengths = {name: len(values) for name, values in columns.items()}
    if not features:
        raise ValueError("x should have at least one column. Got none: name some arrays.")
    if len(set(lengths.values())) > 1:
        found = listing(f"{name}: {length}" for name, length in lengths.items())
        raise ValueError(
            f"Length of tensors in x and y is mismatched. Got {found}. Pass one value per row."
        )
    return next(iter(lengths.values()))
