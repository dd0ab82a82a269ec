"""The loop: feeder -> engine -> history -> monitors, until someone says stop.

It knows nothing else. Its unit is a chunk of steps in one compiled call; it asks every monitor
when it next wants to look and runs exactly that far.
"""

from __future__ import annotations

import math
import warnings

import numpy as np

from tflearnkit.errors import NanLossDuringTrainingError, TrainingInterruptedWarning
from tflearnkit.monitors.base import BaseMonitor, Progress
from tflearnkit.termination import STATUS, asked_to_end

__all__ = ["train"]

_MOST_STEPS = 256  # of one chunk: bounds the memory and the wait for Ctrl-C
_MOST_BYTES = 2**25
_CHEAP_BYTES = 2**22
_END, _STOP, _GO_ON = range(3)  # what a process wishes; the least wish counts for all


def train(engine, feeder, progress: Progress, monitors: list, last_step: int | None) -> None:
    """Take steps from ``progress.step`` on, until ``last_step``, the feeder's end or a stop.

    Parameters
    ----------
    engine : engine
        ``run(chunk, step)`` takes the chunk's steps, fewer where there is nothing left to learn,
        and returns loss sums and weights, one of each a step.
    feeder : feeder
        ``chunk(step, n, capacity)`` brings the rows of ``n`` steps, of fewer before the end of a
        stream, or None at the end; ``ended`` tells; ``first_step`` is where its first epoch begins.
    progress : Progress
        Moves on with the training; what monitors see.
    monitors : list of monitors
        Told of every border; their ``end`` is called however training ends.
    last_step : int or None
        None trains until the feeder ends.

    Raises
    ------
    NanLossDuringTrainingError
        If a loss is not finite; the message names the step and likely causes.
    SystemExit
        If one of the processes that train was asked to end, after a checkpoint.
    """
    expected = None if last_step is None else last_step - progress.step
    sizes = _ChunkSizes(feeder, expected)
    means = _EpochMeans(progress, feeder.first_step)
    epochs = _Epochs(progress, feeder.first_step, monitors)
    begun = []
    try:
        for monitor in monitors:
            monitor.set_progress(progress)
            monitor.begin(last_step)
            begun.append(monitor)
        while last_step is None or progress.step < last_step:
            epochs.begin()
            border = _border(progress.step, monitors, [last_step, epochs.border], sizes.limit)
            border = progress.least(border)
            if not _advance(engine, feeder, progress, monitors, border, sizes, means, epochs):
                break
        epochs.end()
    except KeyboardInterrupt:
        progress.step = engine.steps_taken
        warnings.warn(
            f"Training was interrupted after step {progress.step}; the weights reached so far "
            "are kept.",
            TrainingInterruptedWarning,
            stacklevel=2,
        )
    finally:
        means.close()
        _end(begun)


def _border(step: int, monitors: list, ends: list, limit: int) -> int:
    """Return the step up to which nobody wants to look."""
    wishes = [*ends, *(monitor.next_step(step) for monitor in monitors)]
    return min([step + limit, *(wish for wish in wishes if wish is not None)])


def _advance(engine, feeder, progress, monitors, border, sizes, means, epochs) -> bool:
    """Run one chunk and tell the monitors; return whether training goes on."""
    step = progress.step
    wanted = _wanted(monitors, border)

    chunk = feeder.chunk(step, border - step, sizes.capacity(border - step))
    if chunk is None:
        progress.max_steps = step
        return False
    sums, weights = engine.run(chunk, step)

    progress.step, progress.loss = step + len(sums), _mean(sums, weights)
    _check_finite(sums, step)
    means.add(step, sums, weights)

    ended = progress.step < border and feeder.ended
    if ended:
        progress.max_steps = progress.step
    if progress.step < border:  # a stream stopped short of the step that monitors were told of
        wanted = _wanted(monitors, progress.step)

    stops = [
        monitor.step_end(progress.step, {name: progress.values(name) for name in names})
        for monitor, names in zip(monitors, wanted, strict=True)
    ]
    for monitor in monitors:
        monitor.post_step(progress.step)
    if progress.step == epochs.border:
        stops.append(epochs.end())
    wish = _END if asked_to_end() else _STOP if ended or any(stops) else _GO_ON
    agreed = progress.least(wish)
    if agreed == _END:
        progress.save_checkpoint()
        progress.least(_END)  # all wait until it is saved
        raise SystemExit(STATUS)
    return agreed == _GO_ON


def _wanted(monitors: list, step: int) -> list:
    """Tell of the step that comes; return the names of the values that each monitor wants."""
    return [monitor.step_begin(step) or [] for monitor in monitors]


def _check_finite(sums: np.ndarray, step: int) -> None:
    bad = np.flatnonzero(~np.isfinite(sums))
    if len(bad):
        raise NanLossDuringTrainingError(
            f"The training loss became {sums[bad[0]]} at step {step + bad[0] + 1}. Likely causes: "
            "the learning rate is too large (lower it, or set gradient_clip_norm), features of "
            "huge size in explicit columns (scale them with a normalizer), or targets of huge "
            "size. The estimator is as it was before fit."
        )


def _end(monitors: list) -> None:
    """End every monitor, also where an earlier one fails; the first failure is raised."""
    if monitors:
        try:
            monitors[0].end()
        finally:
            _end(monitors[1:])


def _mean(sums: np.ndarray, weights: np.ndarray) -> float:
    total = float(weights.sum())
    return float(sums.sum()) / total if total > 0 else math.nan


class _ChunkSizes:
    """How many steps a chunk has room for.

    Each size is traced anew while room beyond the real steps costs only its bytes: so sizes are
    powers of four, the smallest one that is worth its trace is a few megabytes, and one in use
    serves shorter chunks too. There is room for two steps at the least: knowing that there is but
    one, XLA rounds otherwise, and runs cut into other chunks would learn other bits.
    """

    def __init__(self, feeder, expected: int | None):
        self.limit = max(2, min(_MOST_STEPS, _MOST_BYTES // feeder.step_bytes))
        cheap = min(self.limit, _CHEAP_BYTES // feeder.step_bytes, expected or self.limit)
        self.smallest = max(2, _power_of_four(cheap))
        self.used: set[int] = set()

    def capacity(self, steps: int) -> int:
        fits = [size for size in self.used if steps <= size <= 16 * steps]
        if fits:
            return min(fits)
        size = min(self.limit, max(self.smallest, _power_of_four(steps)))
        self.used.add(size)
        return size


def _power_of_four(least: int) -> int:
    size = 1
    while size < least:
        size *= 4
    return size


class _Epochs:
    """Tells monitors of the begin and end of each epoch, where one of them wants to hear of it.

    An epoch that a run enters or leaves in its middle has both too.
    """

    def __init__(self, progress: Progress, first_step: int, monitors: list):
        heard = progress.steps_per_epoch is not None and any(map(_hears_epochs, monitors))
        self.monitors = monitors if heard else []
        self.progress, self.first_step = progress, first_step
        self.running: int | None = None

    @property
    def border(self) -> int | None:
        """The step at which the running epoch ends; None where nobody wants to know."""
        if self.running is None:
            return None
        return self.first_step + (self.running + 1) * self.progress.steps_per_epoch

    def begin(self) -> None:
        if self.monitors and self.running is None:
            done = self.progress.step - self.first_step
            self.running = done // self.progress.steps_per_epoch
            for monitor in self.monitors:
                monitor.epoch_begin(self.running)

    def end(self) -> bool:
        """End the running epoch, if there is one; return whether a monitor says stop."""
        if self.running is None:
            return False
        epoch, self.running = self.running, None
        return any([monitor.epoch_end(epoch) for monitor in self.monitors])


def _hears_epochs(monitor) -> bool:
    own = type(monitor)
    return (
        own.epoch_begin is not BaseMonitor.epoch_begin or own.epoch_end is not BaseMonitor.epoch_end
    )


class _EpochMeans:
    """Writes a history row for each finished epoch, or for every hundred steps of a stream."""

    def __init__(self, progress: Progress, first_step: int):
        self.progress, self.first_step = progress, first_step
        self.every = progress.steps_per_epoch or 100
        self.row_sum = self.row_weight = 0.0
        self.last = progress.step
        progress.epoch = self._epoch(progress.step)

    def add(self, step: int, sums: np.ndarray, weights: np.ndarray) -> None:
        """Take in the losses of the steps after ``step``."""
        stop = step + len(sums)
        first = self.every - (step - self.first_step) % self.every  # steps to the next row
        for border in [*range(first, len(sums) + 1, self.every), None]:
            start = self.last - step
            end = len(sums) if border is None else border
            self.row_sum += float(sums[start:end].sum())
            self.row_weight += float(weights[start:end].sum())
            self.last = step + end
            if border is not None:
                self._write(step + border)
        self.progress.epoch = self._epoch(stop)

    def close(self) -> None:
        """Write the row of the unfinished epoch, if there is one."""
        if self.row_weight > 0:
            self._write(self.last)

    def _epoch(self, step: int) -> int:
        return (step - self.first_step) // self.every if self.progress.steps_per_epoch else 0

    def _write(self, step: int) -> None:
        loss = self.row_sum / self.row_weight if self.row_weight else math.nan
        self.progress.history.record(step, epoch=self._epoch(step), loss=loss)
        self.row_sum = self.row_weight = 0.0
