"""Where training, evaluation and prediction data come from: a table in memory, or a stream."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from tflearnkit.data import streams
from tflearnkit.data.table import Table, as_table, check_finite, concatenated
from tflearnkit.estimators.inputs import Labelled, check_some_weight, label, read_table

__all__ = ["StreamSource", "TableSource", "read_evaluation", "read_rows", "read_source"]

_SAMPLE_ROWS = 10_000  # of a stream: what columns and targets learn from
_BATCH_ROWS = 1024  # of a stream of single rows, where nobody says


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
    """

    sample: Labelled
    batches: Callable[[], Iterator[Labelled]]


def read_source(
    estimator, X, y, sample_weight, input_fn, batch_size=None, *, reset: bool = True
) -> TableSource | StreamSource:
    """Return the training data that the arguments of ``fit`` mean, checked."""
    given = _given(X, y, input_fn)
    if input_fn is None and not streams.is_stream(X):
        table = read_table(estimator, X, reset=reset)
        return TableSource(_labelled(estimator, table, y, sample_weight))
    batches = _labelled_batches(estimator, given, y, batch_size, reset)
    if input_fn is not None and not streams.is_stream(given):
        _check_no_batch_size(batch_size)
        return TableSource(_joined([next(batches)]), as_one_batch=True)
    _check_class_weight(estimator)
    ahead = list(_first_rows(batches))
    return StreamSource(_joined(ahead), lambda: itertools.chain(ahead, batches))


def read_evaluation(
    estimator, X, y, sample_weight, input_fn, steps=None, batch_size=None
) -> Iterator[Labelled]:
    """Yield the labelled batches to evaluate on: the whole table, or ``steps`` of a stream."""
    given = _given(X, y, input_fn)
    if input_fn is None and not streams.is_stream(X):
        table = read_table(estimator, X, reset=False)
        return iter([_labelled(estimator, table, y, sample_weight, class_weight=None)])
    batches = _labelled_batches(estimator, given, y, batch_size, False, class_weight=None)
    if not streams.is_stream(given):
        return itertools.islice(batches, 1)
    return itertools.islice(batches, steps)


def read_rows(estimator, X, input_fn, batch_size=None) -> Iterator[Table]:
    """Yield the tables to predict for; targets that a stream brings are passed over."""
    given = _given(X, None, input_fn)
    if input_fn is None and not streams.is_stream(X):
        yield read_table(estimator, X, reset=False)
        return
    for features, _, _ in streams.batches(given, batch_size=batch_size or _BATCH_ROWS):
        yield _table(estimator, features, reset=False)


def _given(X, y, input_fn):
    if input_fn is None:
        return X
    if X is not None or y is not None:
        raise ValueError(
            "Can not provide both input_fn and x or y. Got both: pass the arrays, or a function "
            "that brings them."
        )
    if not callable(input_fn):
        raise ValueError(
            f"input_fn must be a function without arguments. Got {type(input_fn).__name__}: pass "
            "the function itself, not what it returns."
        )
    return input_fn()


def _labelled_batches(
    estimator, given, y, batch_size, reset, class_weight="own"
) -> Iterator[Labelled]:
    for features, targets, weights in streams.batches(
        given, y, batch_size=batch_size or estimator.batch_size or _BATCH_ROWS
    ):
        table = _table(estimator, features, reset)
        reset = False
        yield _labelled(estimator, table, targets, weights, class_weight, some=False)


def _table(estimator, features, reset: bool) -> Table:
    """Return a batch of a stream as a table; tensors of one batch need no scikit-learn checks."""
    if reset or hasattr(features, "columns"):
        return read_table(estimator, features, reset=reset)
    table = as_table(features)
    check_finite(table)
    return table


def _labelled(estimator, table, y, sample_weight, class_weight="own", some=True) -> Labelled:
    if y is None:
        raise ValueError(
            f"This {type(estimator).__name__} estimator requires y to be passed, but the target y "
            "is None. A stream or input_fn must return (features, targets)."
        )
    if class_weight == "own":
        class_weight = getattr(estimator, "class_weight", None)
    return label(table, y, sample_weight, estimator.weight_column_name, class_weight, some)


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
    return Labelled(concatenated(tables), np.concatenate(targets), np.concatenate(weights))


def _check_no_batch_size(batch_size) -> None:
    if batch_size is not None:
        raise ValueError(
            f"Can not provide both input_fn and batch_size. Got {batch_size} rows a step, but "
            "tensors of an input_fn are the batch of each step. Leave batch_size out, or return a "
            "tf.data.Dataset of rows."
        )


def _check_class_weight(estimator) -> None:
    if getattr(estimator, "class_weight", None) == "balanced":
        raise ValueError(
            "class_weight='balanced' counts the classes of all rows, which a stream does not show "
            "in advance. Pass a dict of weights by class."
        )
