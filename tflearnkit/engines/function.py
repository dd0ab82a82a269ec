"""The engine of model functions."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import ExitStack

import numpy as np

from tflearnkit.draws import step_keys
from tflearnkit.engines.base import borrowed
from tflearnkit.engines.function_program import FunctionProgram
from tflearnkit.engines.layout import Layout
from tflearnkit.model_function import ModelFunction
from tflearnkit.replicas import ALONE, Alone

__all__ = ["FunctionEngine", "program_of"]


def program_of(
    function: ModelFunction, layout: Layout, rows: int, replicas: Alone = ALONE,
    precision: str = "float32",
):  # fmt: skip
    """Return the context that lends the program of a function, made where there is none."""
    key = ("function", function.identity, layout, replicas.key, precision)
    return borrowed(key, lambda: FunctionProgram(function, layout, rows, replicas, precision))


class FunctionEngine:
    """Owns the variables of one fit. Use it as a context: leaving it hands the program back.

    Parameters
    ----------
    function : ModelFunction
    layout : Layout
    rows : int
        Rows per step.
    seed : int
        Decides the draws of layers together with the step.
    xla : bool
        Whether the program is compiled by XLA, where it can be.
    replicas : Alone
        Those that share each batch.
    precision : str
        Of products in layers; one of `PRECISIONS`.
    """

    def __init__(
        self, function, layout, rows: int, seed: int, xla: bool = False, replicas: Alone = ALONE,
        precision: str = "float32",
    ):  # fmt: skip
        self.function, self.layout, self.rows = function, layout, rows
        self.seed, self.xla = seed, xla and replicas.key is None
        self.replicas, self.precision = replicas, precision
        self._stack = ExitStack()
        self._program: FunctionProgram | None = None
        self._summaries = np.zeros(0, np.float32)

    def __enter__(self):
        self._stack.__enter__()
        lent = program_of(
            self.function, self.layout, self.rows, self.replicas, self.precision
        )
        self._program = self._stack.enter_context(lent)
        return self

    def __exit__(self, *error):
        self._program = None
        return self._stack.__exit__(*error)

    def run(self, chunk, step: int) -> tuple[np.ndarray, np.ndarray]:
        """Take the steps of ``chunk``, the first numbered ``step`` from 0.

        Returns the losses times the rows, and the rows, of each step.
        """
        taken = self.replicas.take(self._take, chunk, step, self._program)
        losses = np.concatenate([np.asarray(losses)[:n] for (losses, _), n in taken])
        self._summaries = np.asarray(taken[-1][0][1])
        weights = np.full(chunk.steps, chunk.weights.shape[1], np.float32)
        return losses * weights, weights

    def _take(self, chunk, step: int):
        own, rows = self.replicas.own, chunk.weights.shape[1]
        arrays = [own(values) for values in chunk.features.values()]
        keys = step_keys(self.seed, step, len(chunk.weights))
        return self._program.run(arrays, own(chunk.weights), keys, chunk.steps, rows, self.xla)

    @property
    def summaries(self) -> dict[str, float]:
        """What the function showed of the last step, by name."""
        return dict(zip(self.summary_names, map(float, self._summaries), strict=True))

    @property
    def summary_names(self) -> tuple[str, ...]:
        return self._program.summary_names

    def state(self) -> dict[str, np.ndarray]:
        """Return copies of all arrays by name."""
        return self._program.state()

    def load(self, state: Mapping[str, np.ndarray], step: int) -> None:
        """Set all arrays; those that ``state`` lacks begin afresh."""
        self._program.load(state, step)

    @property
    def steps_taken(self) -> int:
        """Steps done, those before ``load`` included; right even where a call was interrupted."""
        return int(self._program.step.numpy())
