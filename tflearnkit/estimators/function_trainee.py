"""What the loop trains of a model function: its rows, its engine and how long."""

from __future__ import annotations

import numpy as np

from tflearnkit.data.feeder import StreamFeeder, TableFeeder
from tflearnkit.engines.function import FunctionEngine
from tflearnkit.estimators.function_model import FittedFunction
from tflearnkit.estimators.persistence import config_of
from tflearnkit.estimators.schedule import Asked, Schedule, check_one_pass
from tflearnkit.estimators.sources import StreamSource, TableSource
from tflearnkit.replicas import replicas_of

__all__ = ["FunctionTrainee"]


class FunctionTrainee:
    """A model function and a source, made ready for the loop.

    Attributes
    ----------
    schedule : Schedule
    feeder : TableFeeder or StreamFeeder
        Without padding, of which a function does not know: the last batch of an epoch is filled
        up with the rows that the epoch began with, that of a stream is smaller.
    engine : FunctionEngine
    state : dict of arrays
        What the engine begins with.
    """

    def __init__(self, estimator, model: FittedFunction, source, asked: Asked, onward: bool):
        feed = _feed_stream if isinstance(source, StreamSource) else _feed_rows
        self.feeder, self.schedule = feed(model, source, asked, onward)
        self.state = model.state
        self.engine = FunctionEngine(
            model.function,
            model.layout,
            self.schedule.batch_size,
            model.seed,
            xla=self.schedule.pays_xla(model.step if asked.max_steps is None else 0),
            replicas=replicas_of(config_of(estimator)),
            precision=config_of(estimator).precision,
        )
        self._start = model

    @property
    def summary_names(self) -> tuple[str, ...]:
        """Names of what the function shows of each step, once the engine is entered."""
        return self.engine.summary_names

    def model(self, step: int) -> FittedFunction:
        """Return the model with the weights that the engine has reached."""
        return self._start.with_state(self.engine.state(), step)


def _feed_stream(model: FittedFunction, source: StreamSource, asked: Asked, onward: bool):
    """Return the feeder and the schedule."""
    check_one_pass(asked)
    schedule = Schedule.for_stream(asked, model.step, source.batch_rows)

    def pieces():
        for table, y, weights in source.batches():
            model.check_weights(weights)
            yield model.labelled(table, y), _no_targets(table), weights

    first_step = model.step if asked.max_steps is None else 0
    ahead = source.reads_ahead
    feeder = StreamFeeder(pieces, schedule.batch_size, first_step, True, ahead)
    return feeder, schedule


def _feed_rows(model: FittedFunction, source: TableSource, asked: Asked, onward: bool):
    """Return the same for rows in memory."""
    table, y, weights = source.sample
    model.check_weights(weights)
    if source.as_one_batch:
        asked = asked._replace(batch_size=table.n_rows)
    schedule = Schedule.for_rows(asked, table.n_rows, model.step)
    feeder = TableFeeder(
        model.labelled(table, y),
        _no_targets(table),
        weights.astype(np.float32),
        schedule.batch_size,
        model.seed,
        shuffle=not source.as_one_batch,
        first_step=model.step if onward else 0,
        fills_up=True,
    )
    return feeder, schedule


def _no_targets(table) -> np.ndarray:
    """Targets are among the arrays of the rows."""
    return np.empty((table.n_rows, 0), np.float32)
