"""Evaluation: predictions of all rows -> the loss and metrics, never those of the last batch."""

from __future__ import annotations

import itertools
import os
import warnings
from collections.abc import Iterable

import numpy as np

from tflearnkit import metrics
from tflearnkit.data.table import Coded, Table, concatenated
from tflearnkit.estimators.inputs import Labelled
from tflearnkit.estimators.weights import check_some_weight
from tflearnkit.summaries import SummaryWriter

__all__ = ["columns_as_arrays", "evaluate", "write_summary"]


def evaluate(model, batches: Iterable[Labelled], asked=None, encoded=None) -> dict[str, float]:
    """Return the task's report and the metrics that were asked for.

    Predictions are kept for all rows, features only where metrics were asked for. ``encoded`` are
    the rows of the batches where they are encoded already.
    """
    wanted = metrics.resolve(asked, model.task)
    batches = list(batches) if wanted else batches
    pieces = []
    ready = itertools.repeat(None) if encoded is None else encoded
    for batch, rows in zip(batches, ready, strict=False):
        if not len(batch.y):  # no row of it weighs anything
            continue
        found = model.outputs(batch.table) if rows is None else model.encoded_outputs(rows)
        pieces.append((*found, batch.y, batch.weights))
    check_some_weight(np.array([len(piece) for piece in pieces]))
    scores, linked, labels, weights = (np.concatenate(a) for a in zip(*pieces, strict=True))
    report = model.task.report(scores, linked, model.task.encode(labels), weights)
    report["global_step"] = model.step
    if wanted:
        features = columns_as_arrays(concatenated([batch.table for batch in batches]))
        by_key = model.task.outputs(scores, linked)
        for name, metric in wanted.items():
            report[name] = metric(by_key, labels, weights, features)
    return report


def columns_as_arrays(table: Table) -> dict:
    """Return columns as metrics know them: strings are arrays too."""
    columns = table.columns.items()
    return {name: np.asarray(v) if isinstance(v, Coded) else v for name, v in columns}


def write_summary(model_dir: str | None, name: str | None, found: dict[str, float]) -> None:
    """Write an evaluation for TensorBoard, to ``eval`` or ``eval_<name>`` in ``model_dir``.

    Where that cannot be, as in a folder that was deployed to be read, the figures are not lost.
    """
    if model_dir is None:
        return
    writer = SummaryWriter(os.path.join(model_dir, f"eval_{name}" if name else "eval"))
    try:
        for metric, value in found.items():
            if metric != "global_step":
                writer.scalar(metric, value, found["global_step"])
        writer.close()
    except OSError as error:
        warnings.warn(
            f"The figures of evaluate() were not written for TensorBoard: {error}. Make room in "
            f"{writer.logdir}, or let it be written to.",
            stacklevel=4,
        )
