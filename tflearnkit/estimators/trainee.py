"""What the loop trains of an additive model: its rows, its engine and how long."""

from __future__ import annotations

import numpy as np

from tflearnkit.data.feeder import StreamFeeder, TableFeeder
from tflearnkit.engines.gradient import GradientEngine
from tflearnkit.estimators.model import FittedModel
from tflearnkit.estimators.occurring import Occurring
from tflearnkit.estimators.persistence import config_of
from tflearnkit.estimators.schedule import Asked, Schedule, check_one_pass
from tflearnkit.estimators.sources import StreamSource, TableSource
from tflearnkit.replicas import replicas_of

__all__ = ["Trainee"]


class Trainee:
    """A model and a source, made ready for the loop.

    Attributes
    ----------
    schedule : Schedule
    feeder : TableFeeder or StreamFeeder
    engine : GradientEngine
    state : dict of arrays
        What the engine begins with.
    summary_names : tuple of str
        What is shown of each step beside the loss: nothing.
    """

    summary_names = ()

    def __init__(
        self,
        estimator,
        model: FittedModel,
        source: TableSource | StreamSource,
        asked: Asked,
        onward: bool,
    ):
        optimizers = estimator._make_optimizers(model)
        feed = _feed_stream if isinstance(source, StreamSource) else _feed_rows
        self._occurring, self.feeder, self.schedule = feed(
            model, source, asked, onward, optimizers
        )
        plan = None if onward else self.schedule.plan(model.step, asked)
        whole = isinstance(source, TableSource) and not onward  # one of many tables is a part
        trained = self._occurring.model
        self.state = trained.state
        self.engine = GradientEngine(
            trained.parts,
            trained.task,
            optimizers,
            estimator._penalties(source.sample.weights if whole else None),
            trained.seed,
            plan,
            xla=self.schedule.pays_xla(model.step if plan is None else plan[0])
            and not any(getattr(part, "runs_python", False) for part in trained.parts),
            replicas=replicas_of(config_of(estimator)),
            precision=config_of(estimator).precision,
        )

    def model(self, step: int) -> FittedModel:
        """Return the model with the weights that the engine has reached."""
        state = self._occurring.expanded(self.engine.state())
        return self._occurring.full.with_state(state, step)


def _feed_stream(model: FittedModel, source: StreamSource, asked: Asked, onward, optimizers):
    """Return what of the model is trained, the feeder of encoded rows and the schedule."""
    check_one_pass(asked)
    schedule = Schedule.for_stream(asked, model.step, source.batch_rows)

    def pieces():
        for table, y, weights in source.batches():
            yield model.columns.encode(table), model.task.encode(y), weights

    # With max_steps it is the stream of a run that was interrupted, else a further one.
    first_step = model.step if asked.max_steps is None else 0
    feeder = StreamFeeder(
        pieces, schedule.batch_size, first_step, reads_ahead=source.reads_ahead
    )
    return Occurring.whole(model), feeder, schedule


def _feed_rows(model: FittedModel, source: TableSource, asked: Asked, onward: bool, optimizers):
    """Return the same for rows in memory."""
    table, y, weights = source.sample
    if source.as_one_batch:
        asked = asked._replace(batch_size=table.n_rows)
    schedule = Schedule.for_rows(asked, table.n_rows, model.step)
    occurring = Occurring.of(model, model.columns.encode(table), optimizers)
    feeder = TableFeeder(
        occurring.encoded,
        model.task.encode(y),
        weights.astype(np.float32),
        schedule.batch_size,
        model.seed,
        shuffle=not source.as_one_batch,
        first_step=model.step if onward else 0,
    )
    return occurring, feeder, schedule
