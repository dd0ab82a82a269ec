"""Streams: whatever yields rows or batches -> an iterator of raw batches, one at a time in memory.

A raw batch is ``(features, targets, weights)``; ``as_table`` reads the features, targets and
weights are arrays or None.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import chain, islice
from typing import NamedTuple

import numpy as np

from tflearnkit.data.frames import to_narwhals
from tflearnkit.errors import listing

__all__ = ["RawBatch", "batches", "called", "is_dataset", "is_stream"]


class RawBatch(NamedTuple):
    """Some rows as a user gave them; targets may be a dict of several."""

    features: object
    targets: np.ndarray | Mapping | None = None
    weights: np.ndarray | None = None


def is_stream(X) -> bool:
    """Return whether X is read once, piece by piece: an iterator, or a ``tf.data.Dataset``."""
    return isinstance(X, Iterator) or is_dataset(X)


def batches(source, y=None, batch_size: int = 128, name: str = "X") -> Iterator[RawBatch]:
    """Iterate over the batches of a stream.

    Parameters
    ----------
    source : stream, tuple, or table-like
        - an iterator of rows or batches, each either the features or a tuple ``(features,
          targets)`` or ``(features, targets, weights)``. Features are a batch where they are a
          frame, a 2-D array, or a dict of arrays; a row where they are a 1-D array or a dict of
          scalars, or where the targets are a scalar;
        - a ``tf.data.Dataset`` of the same, batched or not;
        - tensors or arrays themselves, or a tuple of features, targets and weights: one batch.
    y : iterator, optional
        Yields the target of each thing that an iterator ``source`` of features yields.
    batch_size : int, default=128
        How many rows are grouped to a batch. Batches are passed on as they come.
    name : str, default="X"
        How error messages call the source.

    Yields
    ------
    RawBatch

    Raises
    ------
    ValueError
        If the stream is empty, only one of ``source`` and ``y`` is an iterator, or columns or
        widths change on the way.

    Examples
    --------
    >>> rows = ([i, i + 1.0] for i in range(5))
    >>> [len(batch.features) for batch in batches(rows, iter("aabba"), batch_size=2)]
    [2, 2, 1]
    """
    in_batches = False
    if y is not None:
        source = _paired(source, y, name)
    elif is_dataset(source):
        source, in_batches = _dataset_batches(source, batch_size)
        source = _with_errors_of_python(source)
    elif not isinstance(source, Iterator):
        source, in_batches = [source], True
    elements = _checked((_element(value, name) for value in source), in_batches, name)
    return map(_with_arrays, elements) if in_batches else _grouped(elements, batch_size)


def called(input_fn: Callable) -> tuple[object, str]:
    """Call an ``input_fn``; return what it brings, and how error messages call it.

    An ``input_fn`` takes no argument and returns features, ``(features, targets)`` or ``(features,
    targets, weights)`` made of tensors or arrays (one batch), a ``tf.data.Dataset``, or an
    iterator: what `batches` takes.
    """
    if not callable(input_fn):
        raise TypeError(
            f"input_fn must be a function without arguments, but is of type "
            f"{type(input_fn).__name__}. Pass the function itself, not what it returns."
        )
    name = f"input_fn {getattr(input_fn, '__name__', type(input_fn).__name__)!r}"
    _check_takes_nothing(input_fn, name)
    result = input_fn()
    if not (isinstance(result, tuple) or is_stream(result) or _is_features(result)):
        raise TypeError(
            f"{name} must return features, (features, targets) or (features, targets, weights) as "
            f"tensors, arrays or dicts of them, or a tf.data.Dataset, but returned a value of "
            f"type {type(result).__name__}. Return one of these."
        )
    return result, name


def _check_takes_nothing(input_fn: Callable, name: str) -> None:
    try:
        inspect.signature(input_fn).bind()
    except ValueError:
        return  # some functions written in C do not say what they take
    except TypeError as error:
        raise TypeError(
            f"{name} must be a function without arguments; called so, it is {error}. Wrap it: "
            "input_fn=lambda: f(...)."
        ) from error


def is_dataset(X) -> bool:
    """Return whether X is a ``tf.data.Dataset``, of which each pass begins anew."""
    return hasattr(X, "element_spec") and isinstance(X, Iterable)


def _is_features(value) -> bool:
    return isinstance(value, (Mapping, list)) or _rank(value) > 0


def _paired(source, y, name) -> Iterator[tuple]:
    if not (isinstance(source, Iterator) and isinstance(y, Iterator)):
        raise ValueError(
            "Both x and y should be iterators for streaming learning to work. "
            f"Here x is of type {type(source).__name__} and y of type {type(y).__name__}. "
            "Pass iter(...) of each, or arrays for both."
        )
    return _zipped(source, y, name)


def _zipped(source, y, name) -> Iterator[tuple]:
    for count, features in enumerate(source):
        try:
            yield features, next(y)
        except StopIteration:
            raise ValueError(
                f"y must yield as many elements as {name}, but ended after {count}. "
                "Let both go over the same rows."
            ) from None


def _dataset_batches(dataset, batch_size) -> tuple[Iterable, bool]:
    """Group a dataset's rows inside TensorFlow, and say whether it yields batches now."""
    spec = dataset.element_spec
    shapes = [part.shape for part in _parts(spec)]
    if any(shape.rank is None for shape in shapes):
        return dataset, False
    features, targets, *_ = (*spec, None) if isinstance(spec, tuple) else (spec, None)
    if not _is_row(features, targets) or _is_vector_batch(features, targets):
        return dataset, True
    if all(shape.is_fully_defined() for shape in shapes):
        return dataset.batch(batch_size), True
    return dataset.ragged_batch(batch_size), True


def _with_errors_of_python(dataset) -> Iterator:
    """Let a ValueError of a Python generator inside of a dataset be one, and not a report of it."""
    import tensorflow as tf

    try:
        yield from dataset
    except tf.errors.OpError as error:
        found = re.findall(r"^ValueError: (.*)$", error.message, re.MULTILINE)
        if not found:
            raise
        raise ValueError(found[-1]) from error


def _is_vector_batch(features, targets) -> bool:
    """Whether specs of one dimension are batches of numbers, which have no fixed length."""
    if isinstance(features, Mapping) or _shape(features) != (None,):
        return False
    return targets is None or not _is_of_a_row(targets)


def _parts(spec) -> Iterator:
    if isinstance(spec, (Mapping, tuple)):
        values = spec.values() if isinstance(spec, Mapping) else spec
        yield from chain.from_iterable(map(_parts, values))
    else:
        yield spec


def _element(value, name) -> RawBatch:
    """Read what a stream yielded as features, targets and weights."""
    parts = value if isinstance(value, tuple) else (value,)
    if not 1 <= len(parts) <= 3:
        raise ValueError(
            f"{name} must yield features, (features, targets) or (features, targets, weights), "
            f"but yielded a tuple of {len(parts)}. Yield a row's numbers as a list or an array."
        )
    if not _is_features(parts[0]):
        raise TypeError(
            f"{name} must yield features as arrays, frames or dicts, but yielded a value of type "
            f"{type(parts[0]).__name__}. Yield e.g. a list of numbers for each row."
        )
    return RawBatch(*parts)


def _checked(elements, in_batches, name) -> Iterator[RawBatch]:
    """Pass elements on, and stop at one that is not like the first, or where there is none."""
    first = next(elements, None)
    if first is None:
        raise ValueError(
            f"{name} must yield at least one row, but it ended at once. "
            "A generator that was read before is empty: make a new one."
        )
    expected = _form(first, in_batches)
    yield first
    for position, element in enumerate(elements, start=1):
        found = _form(element, in_batches)
        if found != expected:
            raise ValueError(
                f"Every element of {name} must be like the first, which has {expected}, but "
                f"element {position} (from 0) has {found}. Make them alike."
            )
        yield element


class _Form(NamedTuple):
    """What all elements of a stream have in common."""

    is_batch: bool
    names: tuple[str, ...] | None
    shape: tuple[int, ...]
    has_targets: bool
    has_weights: bool

    def __str__(self) -> str:
        kind = "batches" if self.is_batch else "rows"
        what = f"of shape {self.shape}" if self.names is None else f"of {listing(self.names)}"
        extras = " with targets" * self.has_targets + " and weights" * self.has_weights
        return f"{kind} {what}{extras}"


def _form(element: RawBatch, in_batches) -> _Form:
    features, targets, weights = element
    names = _column_names(features)
    is_batch = in_batches or not _is_row(features, targets)
    shape = _shape(features)[is_batch:] if names is None else ()
    return _Form(is_batch, names, shape, targets is not None, weights is not None)


def _column_names(features) -> tuple[str, ...] | None:
    """The names of a dict or frame, in sorted order; None where there are no names."""
    if isinstance(features, Mapping):
        return tuple(sorted(map(str, features)))
    if hasattr(features, "columns"):
        return tuple(sorted(map(str, to_narwhals(features).columns)))
    return None


def _grouped(elements: Iterator[RawBatch], batch_size) -> Iterator[RawBatch]:
    """Put rows together to batches; pass batches on."""
    for first in elements:
        if _is_row(first.features, first.targets):
            first = _together([first, *islice(elements, batch_size - 1)])
        yield _with_arrays(first)


def _together(rows: list[RawBatch]) -> RawBatch:
    return RawBatch(*map(_column_of, zip(*rows, strict=True)))


def _column_of(values: tuple):
    """Return what rows hold as what a batch of them does."""
    if isinstance(values[0], Mapping):
        return {key: [_plain(each[key]) for each in values] for key in values[0]}
    return None if values[0] is None else [_plain(each) for each in values]


def _with_arrays(batch: RawBatch) -> RawBatch:
    """Make arrays of targets and weights; a column of them, as tensors often come, is 1-D."""
    features, targets, weights = batch
    if isinstance(targets, Mapping):
        targets = {name: _target_array(each) for name, each in targets.items()}
    elif targets is not None:
        targets = _target_array(targets)
    if weights is not None:
        weights = np.asarray(_plain(weights), np.float32).reshape(-1)
    return RawBatch(features, targets, weights)


def _target_array(values) -> np.ndarray:
    values = _decoded(np.asarray(_plain(values)))
    return values[:, 0] if values.shape[1:] == (1,) else values


def _decoded(labels: np.ndarray) -> np.ndarray:
    """Strings come out of TensorFlow as bytes."""
    if labels.dtype.kind not in "SO":
        return labels
    decoded = [v.decode() if isinstance(v, bytes) else v for v in labels.reshape(-1).tolist()]
    return np.array(decoded, object).reshape(labels.shape)


def _plain(value):
    return value.numpy() if hasattr(value, "numpy") else value


def _is_row(features, targets) -> bool:
    """Tell one row from a batch by the number of dimensions."""
    if targets is not None and _is_of_a_row(targets):
        return True
    if isinstance(features, Mapping):
        return any(_rank(value) == 0 for value in features.values())
    if _column_names(features) is not None:
        return False
    return _rank(features) <= 1


def _is_of_a_row(targets) -> bool:
    """Return whether targets are those of one row: single values."""
    values = targets.values() if isinstance(targets, Mapping) else [targets]
    return any(_rank(value) == 0 for value in values)


def _rank(value) -> int:
    return len(_shape(value))


def _shape(value) -> tuple:
    """The shape of an array, a tensor or what specifies one, or of nested lists."""
    if hasattr(value, "shape"):
        return tuple(value.shape)
    if isinstance(value, (list, tuple)):
        return (len(value), *(_shape(value[0]) if value else ()))
    return ()
