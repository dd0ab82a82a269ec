"""One fit: from an untrained model and a source to a trained model and its history."""

from __future__ import annotations

import time

import numpy as np
from sklearn.model_selection import train_test_split

from tflearnkit.errors import CheckpointError
from tflearnkit.estimators import persistence
from tflearnkit.estimators.callbacks import CallbackTasks
from tflearnkit.estimators.inputs import Labelled
from tflearnkit.estimators.persistence import config_of, model_dir_of
from tflearnkit.estimators.schedule import Asked
from tflearnkit.estimators.sources import StreamSource, TableSource, read_evaluation
from tflearnkit.loop import train
from tflearnkit.monitors import (
    CheckpointSaver,
    History,
    ProfilerMonitor,
    Progress,
    ProgressBar,
    StepCounter,
    SummarySaver,
    ValidationMonitor,
)
from tflearnkit.monitors.pace import Pace
from tflearnkit.replicas import replicas_of
from tflearnkit.summaries import SummaryWriter

__all__ = ["hold_out", "run"]


def run(
    estimator,
    model,
    source: TableSource | StreamSource,
    asked: Asked,
    held_out: Labelled | None = None,
    callbacks: CallbackTasks | None = None,
    onward: bool = False,
) -> tuple[object, History]:
    """Train ``model`` on ``source`` and return what it has become, and its history.

    With ``held_out`` rows training stops when they show no more progress. Where the estimator
    has a ``model_dir`` checkpoints are written on the way. ``onward`` says that the source is
    further data, none of which was trained on before.
    """
    _check_same_start(replicas_of(config_of(estimator)), model.step)
    trainee = estimator._trainee(model, source, asked, onward)
    last_step = trainee.schedule.last_step
    if last_step is not None and model.step >= last_step:
        return model, History()
    with trainee.engine as engine:
        engine.load(trainee.state, model.step)
        around = _Run(estimator, model, trainee)
        monitors = [*asked.monitors, *around.monitors(held_out, callbacks)]
        # A trace ends before others look, which would be most of it.
        monitors.sort(key=lambda monitor: not isinstance(monitor, ProfilerMonitor))
        try:
            train(engine, trainee.feeder, around.progress, monitors, last_step)
            trained = around.current()
        finally:
            trainee.feeder.close()
            around.close()
    return trained, around.progress.history


def _check_same_start(replicas, step: int) -> None:
    """Check that all processes that train together go on from the same step."""
    least, most = replicas.least(step), -replicas.least(-step)
    if least != most:
        raise CheckpointError(
            f"All workers should go on from the same checkpoint. Got step {step} here, {least} and "
            f"{most} among them: give them a model_dir that all can read, and start them again."
        )


def hold_out(
    source: TableSource | StreamSource, fraction: float, seed: int, stratify: bool
) -> tuple[TableSource, Labelled]:
    """Split rows off for early stopping, each class in proportion where that is possible."""
    if isinstance(source, StreamSource):
        raise ValueError(
            "early_stopping=True holds out a part of the rows, which a stream does not show in "
            "advance. Pass monitors=[ValidationMonitor(X, y, early_stopping_rounds=...)] instead."
        )
    table, y, weights = source.sample
    if table.n_rows < 2:
        raise ValueError(
            "early_stopping=True holds out a part of the rows, for which there must be two at the "
            f"least. Got {table.n_rows} row that counts. Pass more rows, or early_stopping=False."
        )
    rows = np.arange(table.n_rows)
    labels = y if stratify and _can_stratify(y, fraction) else None
    kept, held = train_test_split(rows, test_size=fraction, random_state=seed, stratify=labels)
    pieces = [Labelled(table.take(part), y[part], weights[part]) for part in (kept, held)]
    return TableSource(pieces[0], source.as_one_batch), pieces[1]


def _can_stratify(y: np.ndarray, fraction: float) -> bool:
    if y.ndim > 1:
        return False
    counts = np.unique(y, return_counts=True)[1]
    held = int(np.ceil(fraction * len(y)))
    return counts.min() > 1 and len(counts) <= min(held, len(y) - held)


class _Run:
    """What stands around the loop of one fit: progress, checkpoints and TensorBoard."""

    def __init__(self, estimator, model, trainee):
        self.estimator, self.model, self.trainee = estimator, model, trainee
        engine, feeder = trainee.engine, trainee.feeder
        self.config = config_of(estimator)
        self.model_dir = model_dir_of(estimator)
        self.writes = self.model_dir is not None and self.config.is_chief
        self.summaries = SummaryWriter(self.model_dir) if self.writes else None
        self._encoded: dict = {}  # also holds the keys' objects, so that no id is used again
        self.progress = Progress(
            step=model.step,
            max_steps=trainee.schedule.last_step,
            steps_per_epoch=feeder.steps_per_epoch,
            batch_size=feeder.batch_size,
            model_dir=self.model_dir,
            evaluate=self.evaluate,
            values=self.value,
            variable_names=lambda: sorted(self.current().variables()),
            snapshot=lambda: (engine.state(), self.progress.step),
            restore=lambda copy: engine.load(*copy),
            save_checkpoint=self.save,
            export=self.export,
            summaries=self.summaries,
            is_chief=self.config.is_chief,
            least=replicas_of(self.config).least,
        )

    def monitors(self, held_out: Labelled | None, callbacks: CallbackTasks | None) -> list:
        """Return the monitors that the estimator's parameters call for."""
        found: list = [ProgressBar()] if self.estimator.verbose else []
        if held_out is not None:
            found.append(self._early_stopping(held_out))
        if callbacks is not None:
            callbacks.current = self.current
            found.append(callbacks)
        if self.summaries is None:
            return found
        config = self.config
        if config.save_summary_steps is not None:
            shown = ["loss", *self.trainee.summary_names]
            found.append(SummarySaver(shown, config.save_summary_steps))
        if config.log_step_count_steps is not None:
            found.append(StepCounter(config.log_step_count_steps))
        if config.save_checkpoints_steps or config.save_checkpoints_secs:
            found.append(_Periodic(config.save_checkpoints_secs, config.save_checkpoints_steps))
        return found

    def _early_stopping(self, held_out: Labelled) -> ValidationMonitor:
        self._hold(held_out, [held_out])
        epoch = self.progress.steps_per_epoch
        return ValidationMonitor(
            held_out.table,
            held_out.y,
            held_out.weights,
            every_n_steps=epoch,
            early_stopping_rounds=epoch * self.estimator.n_iter_no_change,
        )

    def current(self):
        """Return the model with the weights reached so far."""
        return self.trainee.model(self.progress.step)

    def value(self, name: str):
        """Return what a monitor asked for by name."""
        name = str(name).removesuffix(":0")
        if name == "loss":
            return np.float32(self.progress.loss)
        if name in self.trainee.summary_names:
            return np.float32(self.trainee.engine.summaries[name])
        return self.current().variable(name)

    def evaluate(
        self, X=None, y=None, sample_weight=None, *, input_fn=None, metrics=None, steps=None,
        batch_size=None, name=None,
    ) -> dict[str, float]:
        """Evaluate the weights reached so far."""
        model = self.current()
        if input_fn is not None:
            batches = read_evaluation(
                self.estimator, X, y, sample_weight, input_fn, steps=steps, batch_size=batch_size
            )
            return model.evaluate(batches, metrics)
        # Rows are read and encoded once, however often they are looked at.
        rows = (X, y, sample_weight)
        if tuple(map(id, rows)) not in self._encoded:
            batches = read_evaluation(
                self.estimator, *rows, None, steps=steps, batch_size=batch_size
            )
            self._hold(rows, list(batches))
        _, batches, encoded = self._encoded[tuple(map(id, rows))]
        return model.evaluate(batches, metrics, encoded)

    def _hold(self, rows: tuple, batches: list[Labelled]) -> None:
        encoded = [self.model.encode(batch.table) for batch in batches]
        self._encoded[tuple(map(id, rows))] = rows, batches, encoded

    def save(self) -> str | None:
        """Write a checkpoint of the model as it is now."""
        model = self.current()
        finite = all(np.isfinite(array).all() for array in model.state.values())
        if not self.writes or not finite:  # the next loss will be NaN, and say so
            return None
        return persistence.save(self.estimator, model)

    def export(self, folder: str, verify: bool) -> str:
        """Write a SavedModel of the model as it is now."""
        from tflearnkit.estimators import exporting  # loads what only exports need

        return exporting.export(self.current(), folder, None, verify, {})

    def close(self) -> None:
        """Close the event files."""
        if self.summaries is not None:
            self.summaries.close()


class _Periodic(CheckpointSaver):
    """Saves on the way only: `fit` writes the last checkpoint once all has gone well."""

    def begin(self, max_steps=None):
        super().begin(max_steps)
        self._saved_step, self._saved_time = self.progress.step, time.monotonic()
        self._pace = Pace(self.progress.step)

    def next_step(self, step):
        due = super().next_step(step)
        # By the clock, chunks of a few steps until the pace is known would slow a run down.
        return due if self._secs is None else max(due, step + 100)

    def end(self):
        self._saved_step = self.progress.step
        super().end()
