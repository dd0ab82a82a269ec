"""Evaluation: predictions of all rows -> the loss and metrics, never those of the last batch."""

from __future__ import annotations

import os
from collections.abc import Iterable

import numpy as np

from tflearnkit import metrics
from tflearnkit.data.table import concatenated
from tflearnkit.estimators.inputs import Labelled
from tflearnkit.estimators.model import FittedModel
from tflearnkit.estimators.weights import check_some_weight
from tflearnkit.summaries import SummaryWriter

__all__ = ["evaluate", "write_summary"]


def evaluate(
    model: FittedModel, batches: Iterable[Labelled], asked=None, outputs=None
) -> dict[str, float]:
    """Return the task's report and the metrics that were asked for.

    Predictions are kept for all rows, features only where metrics were asked for. ``outputs``
    computes the scores and predictions of a batch; None encodes its table.
    """
    wanted = metrics.resolve(asked, model.task)
    batches = list(batches) if wanted else batches
    pieces = []
    for batch in batches:
        if not len(batch.y):  # no row of it weighs anything
            continue
        found = model.outputs(batch.table) if outputs is None else outputs(batch)
        pieces.append((*found, batch.y, batch.weights))
    check_some_weight(np.array([len(piece) for piece in pieces]))
    scores, linked, labels, weights = (np.concatenate(a) for a in zip(*pieces, strict=True))
    report = model.task.report(scores, linked, model.task.encode(labels), weights)
    report["global_step"] = model.step
    if wanted:
        features = concatenated([batch.table for batch in batches]).columns
        by_key = model.task.outputs(scores, linked)
        for name, metric in wanted.items():
            report[name] = metric(by_key, labels, weights, features)
    return report


def write_summary(model_dir: str | None, name: str | None, found: dict[str, float]) -> None:
    """Write an evaluation for TensorBoard, to ``eval`` or ``eval_<name>`` in ``model_dir``."""
    if model_dir is None:
        return
    writer = SummaryWriter(os.path.join(model_dir, f"eval_{name}" if name else "eval"))
    for metric, value in found.items():
        if metric != "global_step":
            writer.scalar(metric, value, found["global_step"])
    writer.close()
