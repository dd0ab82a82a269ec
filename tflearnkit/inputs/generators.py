"""Input functions of generators that yield a dict for each row."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from itertools import count, islice

import numpy as np

from tflearnkit.errors import listing
from tflearnkit.inputs.generated import generated
from tflearnkit.inputs.order import check_sizes, drawn_seed, kept_ready

__all__ = ["generator_input_fn"]


def generator_input_fn(
    x: Callable,
    target_key: str | list[str] | None = None,
    batch_size: int = 128,
    num_epochs: int | None = 1,
    shuffle: bool = True,
    queue_capacity: int = 1000,
    num_threads: int | None = None,
    pad_value=None,
    *,
    seed: int | None = None,
) -> Callable:
    """Return an input function of a generator function, which is called anew for each epoch.

    Estimators take the generator itself too, ``fit(x())``, for one pass.

    Parameters
    ----------
    x : generator function () -> generator of dict of str to array
        Yields the columns of a row. A value's shape is that of one row: yield ``[3]`` for a column
        of shape (n, 1), and ``3`` for one of shape (n,).
    target_key : str or list of str, optional
        Which columns are the targets; several are a dict of them.
    batch_size : int > 0, default=128
    num_epochs : int >= 0 or None, default=1
        None never ends.
    shuffle : bool, default=True
        Whether to shuffle each epoch's rows, among ``queue_capacity`` at a time.
    queue_capacity : int > 0, default=1000
    num_threads : int, optional
        Taken for calls written for TF.Learn; a generator is read by one thread.
    pad_value : number or str, optional
        What to fill the last dimension of each batch up with where rows differ in it.
    seed : int, optional
        The same seed gives the same orders.

    Returns
    -------
    callable () -> tf.data.Dataset

    Raises
    ------
    TypeError
        If x is no generator function, yields no dicts, or ``target_key`` is no name.
    KeyError
        If a target is not among the columns.
    NotImplementedError
        If both ``pad_value`` and ``shuffle`` are asked for.

    Examples
    --------
    >>> def rows():
    ...     for age in (31, 45, 27):
    ...         yield {"age": [age], "label": age > 30}
    >>> input_fn = generator_input_fn(rows, "label", batch_size=2, shuffle=False)
    >>> [features["age"].tolist() for features, _ in input_fn().as_numpy_iterator()]
    [[[31], [45]], [[27]]]
    """
    check_sizes(
        batch_size=batch_size, num_epochs=num_epochs, queue_capacity=queue_capacity,
        num_threads=num_threads,
    )  # fmt: skip
    if pad_value is not None and shuffle:
        raise NotImplementedError(
            "Rows that are padded cannot be shuffled. Got both pad_value and shuffle=True: pass "
            "shuffle=False."
        )
    first = _first_row(x)
    targets = _target_keys(target_key, first)
    window = queue_capacity if shuffle else None
    seed = drawn_seed(seed)

    def batches():
        rows = _epochs_of(x, sorted(first), num_epochs, window, seed)
        while batch := list(islice(rows, batch_size)):
            yield _parted(_stacked(batch, sorted(first), pad_value), targets, target_key)

    def input_fn():
        specs = {key: _spec(first[key], pad_value is not None) for key in sorted(first)}
        signature = _parted(specs, targets, target_key)
        return kept_ready(generated(batches, signature))

    return input_fn


def _first_row(x) -> dict:
    if not inspect.isgeneratorfunction(x):
        what = "a generator: pass the function" if inspect.isgenerator(x) else type(x).__name__
        raise TypeError(
            f"x must be generator function. Got {what}. Write a function that yields dicts."
        )
    row = next(x(), None)
    if not isinstance(row, dict) or not row:
        raise TypeError(
            f"x() must yield dict, one per row. Got {type(row).__name__}: yield the columns of a "
            "row by name."
        )
    return {key: np.asarray(value) for key, value in row.items()}


def _target_keys(target_key, row) -> list[str]:
    keys = [target_key] if isinstance(target_key, str) else (target_key or [])
    if not (isinstance(keys, list) and all(isinstance(key, str) for key in keys)):
        raise TypeError(
            f"target_key must be str or list of str. Got {target_key!r}: name what is yielded."
        )
    if lacking := [key for key in keys if key not in row]:
        raise KeyError(
            f"target_key not in yielded dict: {listing(lacking)}. Got {listing(sorted(row))}."
        )
    return keys


def _epochs_of(x, keys, num_epochs, window, seed) -> Iterator[dict]:
    for epoch in count() if num_epochs is None else range(num_epochs):
        rows = (_checked(row, keys) for row in x())
        if window is None:
            yield from rows
            continue
        rng = np.random.default_rng([seed, epoch])
        while waiting := list(islice(rows, window)):
            rng.shuffle(waiting)
            yield from waiting


def _checked(row, keys) -> dict:
    if sorted(row) != keys:
        raise KeyError(
            "key mismatch between dicts emitted by x(). All must have "
            f"{listing(keys)}; got {listing(sorted(row))}."
        )
    return row


def _stacked(rows: list[dict], keys, pad_value) -> dict[str, np.ndarray]:
    columns = {key: [np.asarray(row[key]) for row in rows] for key in keys}
    if pad_value is not None:
        columns = {key: _padded(values, pad_value) for key, values in columns.items()}
    return {key: np.stack(values) for key, values in columns.items()}


def _padded(values: list[np.ndarray], pad_value) -> list[np.ndarray]:
    if values[0].ndim == 0:
        return values
    widest = max(value.shape[-1] for value in values)
    return [
        np.pad(
            value, [(0, 0)] * (value.ndim - 1) + [(0, widest - value.shape[-1])],
            constant_values=pad_value,
        )
        for value in values
    ]  # fmt: skip


def _spec(value: np.ndarray, is_padded: bool):
    import tensorflow as tf

    shape = list(value.shape)
    if is_padded and shape:
        shape[-1] = None
    dtype = tf.string if value.dtype.kind in "OUS" else tf.as_dtype(value.dtype)
    return tf.TensorSpec([None, *shape], dtype)


def _parted(columns: dict, targets: list[str], target_key):
    """Part the targets from the features."""
    if not targets:
        return columns
    features = {key: value for key, value in columns.items() if key not in targets}
    if isinstance(target_key, str):
        return features, columns[target_key]
    return features, {key: columns[key] for key in targets}
