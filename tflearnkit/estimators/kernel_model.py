"""A linear model -> one of a kernel's features, which sees the same columns."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from tflearnkit.engines import nystroem
from tflearnkit.engines.gradient import initial_state
from tflearnkit.estimators.model import FittedModel
from tflearnkit.parts import Kernelised, Wide

__all__ = ["kernelised", "solve_kernelised", "with_landmarks"]

WIDTH = 4096  # numbers of a row at most: blocks of rows become dense
FEATURES = 2.5e8  # in memory at most, 1 GB in float32


def kernelised(linear: FittedModel, kernel: str | Callable, n_landmarks: int) -> FittedModel:
    """Return an untrained model that sees by ``kernel`` what ``linear`` sees as it is."""
    wide: Wide = linear.parts[0]
    part = Kernelised(wide.dense, wide.ids, n_landmarks, wide.n_outputs, kernel)
    if part.input_width > WIDTH:
        raise ValueError(
            f"A kernel takes rows of up to {WIDTH} numbers, one for each category among them. Got "
            f"{part.input_width}. Use kernel='linear', which is as good over so many, or fewer "
            "columns."
        )
    state = initial_state((part,), np.random.default_rng(linear.seed)) if linear.state else {}
    return replace(linear, parts=(part,), state=state)


def with_landmarks(model: FittedModel, table, gamma) -> FittedModel:
    """Return the model with landmarks from the rows of a table."""
    (part,) = model.parts
    found = nystroem.begin(part, model.encode(table), model.seed, gamma)
    return model.with_state(model.state | found, model.step)


def solve_kernelised(model: FittedModel, sample, solver) -> FittedModel | None:
    """Return the model that ``solver`` finds, as `solve_exactly` does; None where rows are many."""
    table, y, weights = sample
    (part,) = model.parts
    if table.n_rows * part.n_landmarks > FEATURES:
        return None
    features = nystroem.features(part, model.state, model.encode(table))
    solution = solver(features, None, None, 0, model.task.encode(y), weights)
    if solution is None:
        return None
    found = {
        "kernel/bias_weight": solution.intercept.astype(np.float32),
        "kernel/weights": solution.dense_coef.astype(np.float32),
    }
    return model.with_state(model.weights | found, model.step + solution.n_iter)
