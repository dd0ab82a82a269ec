"""What the loop trains of a forest: its rows, its engine and how long."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from tflearnkit.data.chunk import Chunk
from tflearnkit.engines.forest import BaggingEngine, BoostingEngine
from tflearnkit.engines.forest_bagging import Bagging
from tflearnkit.engines.forest_boosting import Boosting, losses
from tflearnkit.engines.forest_growth import Settings, Soil
from tflearnkit.estimators.forest_model import FittedForest, shares_to_scores
from tflearnkit.estimators.inputs import Labelled
from tflearnkit.estimators.schedule import Asked, Schedule
from tflearnkit.replicas import Alone

__all__ = ["BaggingTrainee", "BoostingTrainee", "indicators", "last_step"]


def last_step(n_trees: int, step: int, asked: Asked, onward: bool) -> int:
    """Return the step to stop at.

    A fit grows ``n_trees`` in all, or fewer where it was asked for fewer steps; ``partial_fit``
    grows as many more.
    """
    if onward:
        return step + (asked.steps or n_trees)
    wishes = [n_trees, asked.max_steps]
    wishes += [step + more for more in (asked.steps, asked.epochs) if more is not None]
    return min(wish for wish in wishes if wish is not None)


class _Rows(NamedTuple):
    """A feeder that brings nothing: trees see all rows at once, so that an epoch is one step."""

    batch_size: int
    first_step: int
    steps_per_epoch: int = 1
    step_bytes: int = 1
    ended: bool = False

    def chunk(self, step: int, n: int, capacity: int) -> Chunk:
        return Chunk({}, np.empty(0), np.empty(0), n, ())

    def close(self) -> None:
        """Nothing is open."""


class _Trainee:
    """A model and its rows, made ready for the loop.

    Attributes
    ----------
    schedule : Schedule
    feeder : _Rows
    engine : BaggingEngine or BoostingEngine
    state : Forest
        What the engine begins with.
    summary_names : tuple of str
        What is shown of each step beside the loss: nothing.
    """

    summary_names = ()

    def __init__(self, model: FittedForest, rows: Labelled, settings, last_step, first_step):
        self._start, self.state = model, model.forest
        self._table, self._y, self.weights = rows
        self._settings = settings
        self.feeder = _Rows(len(self.weights), first_step)
        self.schedule = Schedule(len(self.weights), last_step)

    def _soil(self, labels: np.ndarray, n_classes: int) -> Soil:
        features = self._start.features
        rows = features.encode(self._table)
        bins = self._settings.max_bins
        return Soil(rows, features.n_categories, labels, n_classes, self.weights, bins)

    def model(self, step: int) -> FittedForest:
        """Return the model with the trees that the engine has grown."""
        forest = self.engine.state()
        return self._start.with_forest(forest, forest.n_steps)  # the best may be fewer than step


class BaggingTrainee(_Trainee):
    """That of a random forest, which measures the loss of rows that trees have not seen."""

    def __init__(
        self, model, rows, settings: Settings, last_step, first_step, measures: bool,
        replicas: Alone,
    ):  # fmt: skip
        super().__init__(model, rows, settings, last_step, first_step)
        task, targets = model.task, model.task.encode(self._y)
        self._targets = indicators(task, targets)
        # Of two classes the variance of the second one's indicator is half the Gini impurity, and
        # trees of numbers grow in two thirds of the time.
        if task.kind == "multiclass" and len(task.classes) > 1:
            soil = self._soil(targets, len(task.classes))
        else:
            soil = self._soil(self._targets.astype(np.float32), 0)
        self.engine = BaggingEngine(
            Bagging(soil, settings, model.seed),
            self.weights,
            first_step,
            last_step,
            self._loss if measures else None,
            replicas,
        )

    def model(self, step: int) -> FittedForest:
        found = super().model(step)
        return found.with_forest(found.forest, found.step, self.engine.out_of_bag)

    def _loss(self, means: np.ndarray, rows: np.ndarray) -> np.ndarray:
        task, targets = self._start.task, self._targets[rows]
        if task.kind == "regression":
            return losses(task.kind, means * task.scale, targets * task.scale)
        return losses(task.kind, shares_to_scores(means, task.kind), targets)


class BoostingTrainee(_Trainee):
    """That of boosted trees, whose loss is that of training."""

    def __init__(self, model, rows, settings: Settings, last_step, first_step):
        super().__init__(model, rows, settings, last_step, first_step)
        task, codes = model.task, model.task.encode(self._y)
        targets = indicators(task, codes).astype(np.float64)
        together = task.kind == "multiclass" and task.n_outputs > 1
        labels, n_classes = (codes, task.n_outputs) if together else (targets, 0)
        soil = self._soil(labels.astype(np.float32) if not n_classes else labels, n_classes)
        scale = np.array(task.scale) if task.kind == "regression" else np.ones(task.n_outputs)
        kind = "regression" if task.kind == "multiclass" and not together else task.kind
        self.engine = BoostingEngine(
            Boosting(soil, settings, model.seed, kind, targets, scale),
            self.weights,
            first_step,
            last_step,
        )


def indicators(task, targets: np.ndarray) -> np.ndarray:
    """Return encoded targets as (n, K): shares of the classes, or numbers."""
    if task.kind == "multiclass":
        return np.eye(task.n_outputs)[targets]
    return targets.reshape(len(targets), -1)
