"""What the loop trains of a clustering: its points, its engine and how long."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from tflearnkit.columns import Encoded
from tflearnkit.data.feeder import Feeder, StreamFeeder, TableFeeder
from tflearnkit.engines.kmeans import LloydEngine, Passes, Rules
from tflearnkit.engines.kmeans_batches import MiniBatchEngine
from tflearnkit.estimators.kmeans_model import FittedClusters
from tflearnkit.estimators.kmeans_space import Space
from tflearnkit.estimators.schedule import Asked, Schedule, check_one_pass
from tflearnkit.estimators.sources import StreamSource, TableSource
from tflearnkit.replicas import Alone

__all__ = ["KMeansTrainee", "Prepared"]

_MOST_PASSES, _MOST_EPOCHS = 300, 100
_STREAM_WINDOW = 100  # steps of a stream whose losses are averaged
_BATCH_ROWS, _ROWS_EACH = 1024, 16  # of a batch: at least, and for each cluster
_LARGEST_BATCH, _CUT_BATCH = 16384, 4096  # of a stream: larger ones are cut up


@dataclass
class Prepared:
    """Training data as points.

    Attributes
    ----------
    points : Encoded
        All rows of a table, the first ones of a stream.
    weights : float32 array
    as_one_batch : bool
        Whether each step sees all the rows in order.
    stream : StreamSource or None
        What all the rows come from, where they do not come at once.
    known : callable or None
        What training has learned of where the points belong; see `LloydEngine.known`.
    """

    points: Encoded
    weights: np.ndarray
    as_one_batch: bool = False
    stream: StreamSource | None = None
    known: Callable[[np.ndarray], np.ndarray | None] | None = None

    @classmethod
    def of(cls, space: Space, source: TableSource | StreamSource) -> Prepared:
        """Return the points of a source."""
        points, weights = space.points(source.sample.table), source.sample.weights
        weights = weights.astype(np.float32)
        if isinstance(source, StreamSource):
            return cls(points, weights, stream=source)
        return cls(points, weights, source.as_one_batch)


class KMeansTrainee:
    """A model and its points, made ready for the loop.

    Attributes
    ----------
    schedule : Schedule
    feeder : feeder
        Ends where training converges.
    engine : LloydEngine or MiniBatchEngine
    state : dict of arrays
        What the engine begins with.
    summary_names : tuple of str
        What is shown of each step beside the loss: nothing.
    """

    summary_names = ()

    def __init__(
        self,
        model: FittedClusters,
        source: Prepared,
        asked: Asked,
        rules: Rules,
        in_batches: bool,
        onward: bool,
        replicas: Alone,
    ):
        self.state, self._start = model.state, model
        if source.stream is not None:
            made = _on_stream(model, source.stream, asked, rules, replicas)
        elif in_batches:
            made = _on_batches(model, source, asked, rules, replicas, onward)
        else:
            made = _on_passes(model, source, asked, rules, replicas)
        self.engine, feeder, self.schedule = made
        self.feeder = _UntilConverged(feeder, self.engine)

    def model(self, step: int) -> FittedClusters:
        """Return the model with the centres that the engine has reached."""
        return self._start.with_state(self.engine.state(), step)


def _on_passes(model: FittedClusters, source: Prepared, asked: Asked, rules: Rules, replicas):
    """Return the engine, the feeder and the schedule of Lloyd's algorithm."""
    rows = source.points.n_rows
    last_step = _last_step(asked, model.step, 1, _MOST_PASSES)
    feeder = _PassFeeder(rows, rows * (source.points.dense.shape[1] + len(model.centres)) * 4)
    engine = LloydEngine(source.points, source.weights, rules, replicas)
    source.known = engine.known
    return engine, feeder, Schedule(rows, last_step)


def _on_batches(model: FittedClusters, source: Prepared, asked: Asked, rules, replicas, onward):
    """Return the same for mini-batches of a table."""
    rows = source.points.n_rows
    wanted = asked.batch_size or max(_BATCH_ROWS, _ROWS_EACH * len(model.centres))
    batch_size = rows if source.as_one_batch else min(wanted, rows)
    per_epoch = math.ceil(rows / batch_size)
    first_step = model.step if onward else 0
    feeder = TableFeeder(
        source.points,
        np.empty((rows, 0), np.float32),
        source.weights,
        batch_size,
        model.seed,
        shuffle=not source.as_one_batch,
        first_step=first_step,
    )
    engine = _batch_engine(rules, per_epoch, first_step, rows, replicas)
    last_step = _last_step(asked, model.step, per_epoch, _MOST_EPOCHS)
    return engine, feeder, Schedule(batch_size, last_step)


def _on_stream(model: FittedClusters, source: StreamSource, asked: Asked, rules: Rules, replicas):
    """Return the same for a stream."""
    check_one_pass(asked)
    came = source.batch_rows
    rows = asked.batch_size or (came if came <= _LARGEST_BATCH else _CUT_BATCH)
    schedule = Schedule.for_stream(asked._replace(batch_size=rows), model.step, rows)

    def pieces():
        for table, _, weights in source.batches():
            yield model.space.points(table), np.empty((table.n_rows, 0), np.float32), weights

    first_step = model.step if asked.max_steps is None else 0
    feeder = StreamFeeder(
        pieces, schedule.batch_size, first_step, reads_ahead=source.reads_ahead
    )
    engine = _batch_engine(rules, _STREAM_WINDOW, first_step, _STREAM_WINDOW * rows, replicas)
    return engine, feeder, schedule


def _batch_engine(rules: Rules, window: int, first_step: int, rows: int, replicas: Alone):
    if rules.batches_per_pass > 1:
        window, first_step = rules.batches_per_pass, 0
    return MiniBatchEngine(rules, window, first_step, rows, replicas)


def _last_step(asked: Asked, step: int, per_epoch: int, most_epochs: int) -> int:
    if asked.max_steps is not None:
        return asked.max_steps
    if asked.steps is not None:
        return step + asked.steps
    return step + (asked.epochs or most_epochs) * per_epoch


class _PassFeeder(Feeder):
    """Brings no rows, for the engine has them; says how many passes to make."""

    first_step, steps_per_epoch = 0, 1

    def __init__(self, n_rows: int, step_bytes: int):
        self.n_rows = self.batch_size = n_rows
        self.step_bytes = step_bytes

    def chunk(self, step: int, n: int, capacity: int) -> Passes:
        return Passes(n)


class _UntilConverged:
    """A feeder that ends where its engine has converged."""

    def __init__(self, feeder, engine):
        self._feeder, self._engine = feeder, engine

    def __getattr__(self, name: str):
        return getattr(self._feeder, name)

    @property
    def ended(self) -> bool:
        return self._engine.converged or self._feeder.ended

    def chunk(self, step: int, n: int, capacity: int):
        """Return the next steps, or None where there are none."""
        return None if self._engine.converged else self._feeder.chunk(step, n, capacity)
