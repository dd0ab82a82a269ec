"""Monitors that write for TensorBoard."""

from __future__ import annotations

import numpy as np

from tflearnkit.monitors.every_n import EveryN
from tflearnkit.monitors.pace import Pace
from tflearnkit.summaries import SummaryWriter

__all__ = ["StepCounter", "SummarySaver"]


class _WritesSummaries(EveryN):
    """An EveryN with a writer: its own, or that of the run."""

    _open: SummaryWriter | None = None
    _of_a_run = (*EveryN._of_a_run, "_open")

    def __init__(self, every_n_steps, first_n_steps, output_dir, summary_writer):
        super().__init__(every_n_steps, first_n_steps)
        if output_dir is not None and summary_writer is not None:
            raise ValueError(
                f"{type(self).__name__} expects output_dir or summary_writer, but got both. "
                "Give one of them."
            )
        self._output_dir, self._summary_writer = output_dir, summary_writer

    def begin(self, max_steps: int | None = None) -> None:
        super().begin(max_steps)
        if self._output_dir is not None:
            self._open = SummaryWriter(self._output_dir)
        else:
            self._open = self._summary_writer or self.progress.summaries
        if self._open is None:
            raise ValueError(
                f"{type(self).__name__} expects a folder to write to, but the estimator has no "
                "model_dir. Give the estimator a model_dir, or the monitor an output_dir."
            )

    def end(self) -> None:
        super().end()
        if self._open is None:
            return
        self._open.flush()
        if self._output_dir is not None:
            self._open.close()


class SummarySaver(_WritesSummaries):
    """Write numbers for TensorBoard.

    Estimators with a ``model_dir`` write their loss by themselves; use it for further values or
    another folder.

    Parameters
    ----------
    names : str or iterable of str, default='loss'
        ``"loss"`` (the mean since the last entry), ``"global_step"``, or variables of one number.
    save_steps : int >= 0, default=100
    output_dir : path, default=None
        Folder of the event file; None takes the estimator's ``model_dir``.
    summary_writer : SummaryWriter, default=None
        Instead of ``output_dir``.

    Examples
    --------
    >>> monitor = SummarySaver("loss", save_steps=10, output_dir="logs")
    """

    def __init__(self, names="loss", save_steps=100, output_dir=None, summary_writer=None):
        super().__init__(save_steps, 1, output_dir, summary_writer)
        self._names = [names] if isinstance(names, str) else list(names)

    def every_n_step_begin(self, step: int) -> list[str]:
        return [name for name in self._names if name != "loss"]

    def every_n_step_end(self, step: int, outputs: dict) -> bool:
        for name in self._names:
            value = self.mean_loss if name == "loss" else outputs[name]
            if np.size(value) != 1:
                raise ValueError(
                    f"SummarySaver writes single numbers, but {name!r} has shape "
                    f"{np.shape(value)}. CaptureVariable keeps arrays."
                )
            self._open.scalar(name, float(np.reshape(value, ())), step)
        return False


class StepCounter(_WritesSummaries):
    """Write the steps per second for TensorBoard, as ``global_step/sec``.

    Parameters
    ----------
    every_n_steps : int >= 0, default=100
    output_dir : path, default=None
        Folder of the event file; None takes the estimator's ``model_dir``.
    summary_writer : SummaryWriter, default=None
        Instead of ``output_dir``.

    Examples
    --------
    >>> monitor = StepCounter(every_n_steps=10, output_dir="logs")
    """

    _pace: Pace | None = None
    _of_a_run = (*_WritesSummaries._of_a_run, "_pace")

    def __init__(self, every_n_steps=100, output_dir=None, summary_writer=None):
        super().__init__(every_n_steps, 1, output_dir, summary_writer)

    def begin(self, max_steps: int | None = None) -> None:
        super().begin(max_steps)
        self._pace = None

    def every_n_step_end(self, step: int, outputs: dict) -> bool:
        speed = self._pace and self._pace.steps_per_second(step)
        if speed:
            self._open.scalar("global_step/sec", speed, step)
        self._pace = Pace(step)
        return False
