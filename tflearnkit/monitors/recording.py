"""Monitors that log and keep values of a run."""

from __future__ import annotations

import logging

import numpy as np

from tflearnkit.errors import listing
from tflearnkit.monitors.base import BaseMonitor
from tflearnkit.monitors.every_n import EveryN
from tflearnkit.monitors.pace import Pace

__all__ = ["CaptureVariable", "GraphDump", "LoggingTrainer", "PrintTensor"]

_log = logging.getLogger("tflearnkit")


class LoggingTrainer(EveryN):
    """Log the loss and the steps per second, at INFO to the logger ``tflearnkit``.

    Parameters
    ----------
    every_n_steps : int >= 0, default=100
    first_n_steps : int, default=1

    Examples
    --------
    >>> monitor = LoggingTrainer(every_n_steps=1000)
    """

    _pace: Pace | None = None
    _of_a_run = (*EveryN._of_a_run, "_pace")

    def begin(self, max_steps: int | None = None) -> None:
        super().begin(max_steps)
        self._pace = None

    def every_n_step_end(self, step: int, outputs: dict) -> bool:
        speed = self._pace and self._pace.steps_per_second(step)
        of = f"/{self._max_steps}" if self._max_steps else ""
        pace = f" ({speed:,.0f} steps/s)" if speed else ""
        _log.info("Step %d%s: loss = %.6g%s", step, of, self.mean_loss, pace)
        self._pace = Pace(step)
        return False


class PrintTensor(EveryN):
    """Log values by name, at INFO to the logger ``tflearnkit``.

    Parameters
    ----------
    tensor_names : str, iterable of str, or dict of str to str
        Names of variables, ``"loss"`` or ``"global_step"``; a dict maps the words of the log line
        to names.
    every_n : int >= 0, default=100
    first_n : int, default=1

    Examples
    --------
    >>> monitor = PrintTensor({"bias": "linear/bias_weight"}, every_n=10)
    """

    def __init__(self, tensor_names, every_n: int = 100, first_n: int = 1):
        super().__init__(every_n, first_n)
        if isinstance(tensor_names, str):
            tensor_names = [tensor_names]
        if not isinstance(tensor_names, dict):
            tensor_names = {name: name for name in tensor_names}
        self._tags = dict(tensor_names)

    def every_n_step_begin(self, step: int) -> list[str]:
        return list(self._tags.values())

    def every_n_step_end(self, step: int, outputs: dict) -> bool:
        shown = ", ".join(f"{tag} = {outputs[name]}" for tag, name in self._tags.items())
        _log.info("Step %d: %s", step, shown)
        return False


class CaptureVariable(EveryN):
    """Keep the values of one variable.

    Parameters
    ----------
    var_name : str
        Name of a variable, ``"loss"`` or ``"global_step"``.
    every_n : int >= 0, default=100
    first_n : int, default=1

    Attributes
    ----------
    values : dict of int to ndarray
        The value at each step looked at in the last run.

    Examples
    --------
    >>> monitor = CaptureVariable("linear/bias_weight", every_n=10)
    >>> monitor.values
    {}
    """

    def __init__(self, var_name: str, every_n: int = 100, first_n: int = 1):
        super().__init__(every_n, first_n)
        self._var_name = var_name
        self.values: dict[int, np.ndarray] = {}

    def begin(self, max_steps: int | None = None) -> None:
        super().begin(max_steps)
        self.values = {}

    def every_n_step_begin(self, step: int) -> list[str]:
        return [self._var_name]

    def every_n_step_end(self, step: int, outputs: dict) -> bool:
        self.values[step] = outputs[self._var_name]
        return False


class GraphDump(BaseMonitor):
    """Keep the loss and every variable at every step, to find where two runs part ways.

    For short runs: it holds a copy of all variables per step and makes every step a chunk of its
    own.

    Parameters
    ----------
    ignore : iterable of str, default=()
        Names to leave out.

    Attributes
    ----------
    data : dict of int to dict
        ``data[step][name]`` of the last run.

    Examples
    --------
    >>> first, second = GraphDump(), GraphDump()
    >>> first.data[1] = {"loss": 0.5, "weights": np.ones(2)}
    >>> second.data[1] = {"loss": 0.4, "weights": np.ones(2)}
    >>> first.compare(second, step=1)
    (['weights'], {'loss': (0.5, 0.4)})
    """

    def __init__(self, ignore=()):
        self._ignore = frozenset(ignore)
        self.data: dict[int, dict[str, np.ndarray]] = {}

    def begin(self, max_steps: int | None = None) -> None:
        super().begin(max_steps)
        self.data = {}

    def step_begin(self, step: int) -> list[str]:
        super().step_begin(step)
        names = ["loss", *self.progress.variable_names()]
        return [name for name in names if name not in self._ignore]

    def step_end(self, step: int, outputs: dict) -> bool:
        super().step_end(step, outputs)
        self.data[step] = {name: np.copy(value) for name, value in outputs.items()}
        return False

    def compare(self, other: GraphDump, step: int, atol: float = 1e-6) -> tuple[list, dict]:
        """Compare a step of this run with the same step of another.

        Returns
        -------
        matched : list of str
            Names whose values are equal within ``atol``.
        non_matched : dict
            For numbers and for arrays of different shapes ``(this, other)``, else the difference.

        Raises
        ------
        ValueError
            A step or a name is missing on one side.
        """
        ours, theirs = self._at(step), other._at(step)
        missing = sorted(set(ours) ^ set(theirs))
        if missing:
            raise ValueError(
                f"Both runs should have the same names, but one is missing {listing(missing)} at "
                f"step {step}. Compare runs of the same model, or leave these out with ignore."
            )
        matched, non_matched = [], {}
        for name, value in ours.items():
            if np.shape(value) == np.shape(theirs[name]) and np.allclose(
                value, theirs[name], rtol=0, atol=atol, equal_nan=True
            ):
                matched.append(name)
            else:
                non_matched[name] = _difference(value, theirs[name])
        return matched, non_matched

    def _at(self, step: int) -> dict:
        if step not in self.data:
            raise ValueError(
                f"compare expects a step of both runs, but step {step} is missing from one. "
                f"Steps there: {listing(self.data) or 'none'}."
            )
        return self.data[step]


def _difference(ours, theirs):
    if np.ndim(ours) == 0 or np.shape(ours) != np.shape(theirs):
        return ours, theirs
    return np.subtract(ours, theirs)
