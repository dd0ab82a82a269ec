"""Where training, evaluation and prediction data come from: a table in memory, or a stream."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from tflearnkit.data import streams
from tflearnkit.data.pieces import in_pieces
from tflearnkit.data.table import Table, concatenated
from tflearnkit.data.targets import joined_targets
from tflearnkit.dataframe import TensorFlowDataFrame
from tflearnkit.estimators.inputs import Labelled, label, read_table
from tflearnkit.estimators.parameters import understood
from tflearnkit.estimators.weights import check_some_weight

__all__ = ["StreamSource", "TableSource", "read_evaluation", "read_rows", "read_source"]

_SAMPLE_ROWS = 10_000  # of a stream: what columns and targets learn from
_BATCH_ROWS = 128  # of a stream of single rows, where nobody says


@dataclass(frozen=True)
class TableSource:
    """Training data in memory.

    Attributes
    ----------
    sample : Labelled
        All the rows.
    as_one_batch : bool
        Whether each step sees all rows in order: what an ``input_fn`` of plain tensors means.
    """

    sample: Labelled
    as_one_batch: bool = False


@dataclass(frozen=True)
class StreamSource:
    """Training data that comes by and by, once.

    Attributes
    ----------
    sample : Labelled
        The first rows, read ahead: columns and targets learn from them.
    batches : callable () -> iterator of Labelled
        All the rows, the sample first.
    batch_rows : int
        Rows of the first batch.
    reads_ahead : bool
        Whether nothing is lost where more is read than trained on.
    """

    sample: Labelled
    batches: Callable[[], Iterator[Labelled]]
    batch_rows: int
    reads_ahead: bool


def read_source(
    estimator, X, y, sample_weight, input_fn, batch_size=None, *, reset: bool = True
) -> TableSource | StreamSource:
    """Return the training data that the arguments of ``fit`` mean, checked."""
    X, y = _opened(X, y)
    given = _given(X, y, sample_weight, input_fn)
    if given.is_table:
        table = read_table(estimator, X, reset=reset)
        return TableSource(_labelled(estimator, table, y, sample_weight))
    raw = _raw_batches(estimator, given, y, batch_size)
    batches = _labelled_batches(estimator, raw, given.name, reset)
    if not streams.is_stream(given.data):
        _check_no_batch_size(batch_size, given.name)
        return TableSource(_joined([next(batches)]), as_one_batch=True)
    _check_class_weight(estimator)
    ahead = list(_first_rows(batches))
    rows = ahead[0].table.n_rows
    again = streams.is_dataset(given.data)
    if again:
        batches = _labelled_batches(estimator, in_pieces(raw), given.name, reset=False)
    return StreamSource(_joined(ahead), lambda: itertools.chain(ahead, batches), rows, again)


def read_evaluation(
    estimator, X, y, sample_weight, input_fn, steps=None, batch_size=None
) -> Iterator[Labelled]:
    """Yield the labelled batches to evaluate on: the whole table, or ``steps`` of a stream."""
    X, y = _opened(X, y)
    given = _given(X, y, sample_weight, input_fn)
    if given.is_table:
        table = read_table(estimator, X, reset=False)
        return iter([_labelled(estimator, table, y, sample_weight, class_weight=None)])
    raw = _raw_batches(estimator, given, y, batch_size)
    batches = _labelled_batches(estimator, raw, given.name, False, class_weight=None)
    return itertools.islice(batches, steps if streams.is_stream(given.data) else 1)


def read_rows(estimator, X, input_fn, batch_size=None) -> Iterator[Table]:
    """Return the tables to predict for; targets that a stream brings are passed over."""
    X, _ = _opened(X, None)
    given = _given(X, None, None, input_fn)
    if given.is_table:
        return iter([read_table(estimator, X, reset=False)])
    batches = streams.batches(given.data, batch_size=batch_size or _BATCH_ROWS, name=given.name)
    return (_table(estimator, batch.features, given.name) for batch in batches)


def _opened(X, y) -> tuple:
    """Let one pass over a frame of columns to come be the stream that it is."""
    if not isinstance(X, TensorFlowDataFrame):
        return X, y
    if not (y is None or isinstance(y, str | list)):
        raise TypeError(
            f"y should name a column of the frame, or several as a list. Got {type(y).__name__}: "
            "give the targets to the frame when it is made."
        )
    return X.dataset(y), None


class _Given(NamedTuple):
    """What the arguments bring, and how error messages call it."""

    data: object
    name: str
    is_table: bool


def _given(X, y, sample_weight, input_fn) -> _Given:
    if input_fn is not None:
        if not all(given is None for given in (X, y, sample_weight)):
            raise ValueError(
                "Can not provide both input_fn and x or y or sample_weight. Got both: pass arrays, "
                "or a function that brings (features, targets, weights)."
            )
        return _Given(*streams.called(input_fn), is_table=False)
    if not streams.is_stream(X):
        return _Given(X, "X", is_table=True)
    if sample_weight is not None:
        raise ValueError(
            "sample_weight goes with arrays, but X is a stream. Let it yield (features, targets, "
            "weights)."
        )
    return _Given(X, "X", is_table=False)


def _raw_batches(estimator, given: _Given, y, batch_size) -> Iterator[streams.RawBatch]:
    batch_size = batch_size or estimator.batch_size or _BATCH_ROWS
    return streams.batches(given.data, y, batch_size, given.name)


def _labelled_batches(
    estimator, raw: Iterator[streams.RawBatch], name: str, reset, class_weight="own"
) -> Iterator[Labelled]:
    for features, targets, weights in raw:
        table = _table(estimator, features, name, reset)
        reset = False
        with _brought_by(name):
            batch = _labelled(estimator, table, targets, weights, class_weight, some=False)
        yield batch


def _table(estimator, features, name: str, reset: bool = False) -> Table:
    with _brought_by(name):
        return read_table(estimator, features, reset=reset)


@contextmanager
def _brought_by(name: str):
    """Say in an error about data which ``input_fn`` brought them."""
    try:
        yield
    except (TypeError, ValueError) as error:
        if name == "X":
            raise
        kind = TypeError if isinstance(error, TypeError) else ValueError
        raise kind(f"{name} brought data that do not fit. {error}") from error


def _labelled(estimator, table, y, sample_weight, class_weight="own", some=True) -> Labelled:
    if y is None and not estimator._needs_targets:
        y = np.empty((table.n_rows, 0))
    if y is None:
        raise ValueError(
            f"This {type(estimator).__name__} estimator requires y to be passed, but the target y "
            "is None. Pass y, or let the stream or input_fn bring (features, targets)."
        )
    if class_weight == "own":
        class_weight = understood(estimator).get("class_weight")
    return label(estimator, table, y, sample_weight, class_weight, some)


def _first_rows(batches: Iterator[Labelled]) -> Iterator[Labelled]:
    rows = 0
    for batch in batches:
        yield batch
        rows += batch.table.n_rows
        if rows >= _SAMPLE_ROWS:
            return


def _joined(pieces: list[Labelled]) -> Labelled:
    tables, targets, weights = zip(*pieces, strict=True)
    check_some_weight(np.concatenate(weights))
    if len(pieces) == 1:
        return pieces[0]
    return Labelled(concatenated(tables), joined_targets(targets), np.concatenate(weights))


def _check_no_batch_size(batch_size, name: str) -> None:
    if batch_size is not None:
        raise ValueError(
            f"Can not provide both input_fn and batch_size. Got {batch_size} rows a step, but the "
            f"tensors of {name} are the batch of each step. Leave batch_size out, or return a "
            "tf.data.Dataset of rows."
        )


def _check_class_weight(estimator) -> None:
    if understood(estimator).get("class_weight") == "balanced":
        raise ValueError(
            "class_weight='balanced' counts the classes of all rows, which a stream does not show "
            "in advance. Pass a dict of weights by class."
        )
