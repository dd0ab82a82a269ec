"""The gradient engine: parts trained by mini-batch steps, many in one compiled call."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import ExitStack
from typing import NamedTuple

import numpy as np

from tflearnkit.draws import step_keys
from tflearnkit.engines.base import borrowed
from tflearnkit.engines.program import Program
from tflearnkit.replicas import ALONE

__all__ = ["GradientEngine", "Penalties", "initial_state"]


class Penalties(NamedTuple):
    """What holds the weights back. A zero leaves its term out of the program."""

    l1: float = 0.0
    l2: float = 0.0
    clip_norm: float = 0.0
    dropout: float = 0.0

    @property
    def switches(self) -> tuple[bool, ...]:
        """Which terms a program has; their sizes are passed to it.

        Every program has the L2 term: it costs little, and a grid over its size shares one.
        """
        return tuple(value > 0 or name == "l2" for name, value in self._asdict().items())


def initial_state(parts, rng: np.random.Generator) -> dict[str, np.ndarray]:
    """Return the arrays that training begins with, by storage name."""
    return {
        storage.name: np.array(storage.initial(rng, storage.shape), np.float32)
        for part in parts
        for storage in part.storages
    }


class GradientEngine:
    """Owns the variables of one fit. Use it as a context: leaving it hands the program back.

    Parameters
    ----------
    parts : tuple of parts
        Their scores add up.
    task : Task
        Loss of the scores.
    optimizers : tuple of Optimizer
        One for each part.
    penalties : Penalties
        Regularisation, clipping and dropout.
    seed : int
        Decides the dropout draws together with the step.
    plan : (int, int) or None
        First and last step of the fit, which decaying learning rates span.
    xla : bool
        Whether the program is compiled by XLA: worth its compile time from some hundred steps on.
        Several replicas are not.
    replicas : Alone
        Where the steps meet.
    precision : str
        Of products; one of `PRECISIONS`.
    """

    def __init__(
        self, parts, task, optimizers, penalties, seed, plan=None, xla=False, replicas=ALONE,
        precision="float32",
    ):  # fmt: skip
        self.parts, self.task, self.optimizers = parts, task, optimizers
        self.penalties, self.seed, self.plan = penalties, seed, plan
        self.replicas, self.xla = replicas, xla and replicas.key is None
        self.precision = precision
        self._constants = task.constants()
        self._stack = ExitStack()
        self._program: Program | None = None
        self._loaded_at = 0

    def __enter__(self):
        key = (
            self.parts,
            self.task.signature,
            tuple(optimizer.signature for optimizer in self.optimizers),
            self.penalties.switches,
            self.xla,
            self.replicas.key,
            self.precision,
        )
        self._stack.__enter__()
        build = lambda: Program(  # noqa: E731
            self.parts, self.task, self.optimizers, self.penalties.switches, self.xla,
            self.replicas, self.precision,
        )  # fmt: skip
        self._program = self._stack.enter_context(borrowed(key, build))
        return self

    def __exit__(self, *error):
        self._program = None
        return self._stack.__exit__(*error)

    def run(self, chunk, step: int) -> tuple[np.ndarray, np.ndarray]:
        """Take the steps of ``chunk``, the first numbered ``step`` from 0.

        Returns the weighted sums of the losses and the sums of the weights, one of each a step.
        """
        taken = self.replicas.take(self._take, chunk, step, self._program)
        steps = [[np.asarray(each)[:n] for each in found] for found, n in taken]
        return tuple(map(np.concatenate, zip(*steps, strict=True)))

    def _take(self, chunk, step: int):
        capacity = chunk.weights.shape[0]
        rates = [opt.rates(step, capacity, self.plan) for opt in self.optimizers]
        own = self.replicas.own
        others = (
            own(chunk.targets),
            own(chunk.weights),
            np.stack(rates, axis=1),
            step_keys(self.seed, step, capacity),
            np.array(self.penalties, np.float32),
            np.int32(chunk.steps),
        )
        features = {name: own(values) for name, values in chunk.features.items()}
        return self._program.run(features, others, self._constants, chunk.widths)

    def state(self) -> dict[str, np.ndarray]:
        """Return copies of all arrays: weights by storage name and optimizer slots."""
        return self._program.state()

    def load(self, state: Mapping[str, np.ndarray], step: int) -> None:
        """Set the weights, and the slots where ``state`` has them; other slots begin afresh.

        ``step`` is how many steps led to ``state``.
        """
        self._program.load(state)
        self._loaded_at = step - self._counted

    @property
    def steps_taken(self) -> int:
        """Steps done, those before ``load`` included; right even where a call was interrupted."""
        return self._loaded_at + self._counted

    @property
    def _counted(self) -> int:
        return int(self._program.counters[0].numpy())
