"""A fitted clustering: a space, and the centres in it. It tells rows where they belong."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np

from tflearnkit.columns import Encoded
from tflearnkit.data.table import Table
from tflearnkit.engines.kmeans_nearest import distances, nearest
from tflearnkit.errors import did_you_mean, listing
from tflearnkit.estimators import evaluation
from tflearnkit.estimators.kmeans_space import Space
from tflearnkit.tasks import ClusteringTask

__all__ = ["FittedClusters"]

_BLOCK_NUMBERS = 2**23  # coordinates, or distances, that are worked on together: 32 MB


@dataclass(frozen=True)
class FittedClusters:
    """What a fit leaves: everything that predicting and going on training need.

    Attributes
    ----------
    space : Space
    state : dict of arrays
        What the engine keeps, ``clusters`` among it.
    step : int
        Passes made, or mini-batches seen.
    seed : int
        What all draws of the fit came from.
    """

    task: ClassVar[ClusteringTask] = ClusteringTask()

    space: Space
    state: Mapping[str, np.ndarray]
    step: int
    seed: int

    def with_state(self, state: Mapping[str, np.ndarray], step: int) -> FittedClusters:
        """Return this model with other arrays."""
        return replace(self, state=state, step=step)

    @property
    def centres(self) -> np.ndarray:
        """The centres in the space of the points."""
        return self.state["clusters"]

    @property
    def shown(self) -> np.ndarray:
        """The centres in the units of the raw features."""
        return self.space.shown(self.centres)

    def encode(self, table: Table) -> Encoded:
        """Return rows as points."""
        return self.space.points(table)

    def outputs(self, table: Table) -> tuple[np.ndarray, np.ndarray]:
        """Return the cluster of each row, and its loss."""
        blocks = zip(*self.outputs_by_block(table), strict=True)
        return tuple(np.concatenate(arrays) for arrays in blocks)

    def outputs_by_block(self, table: Table, batch_size: int | None = None) -> Iterator[tuple]:
        """Yield clusters and losses of blocks of rows, bounding the memory in use."""
        for rows in self._blocks(table, batch_size):
            yield self.encoded_outputs(self.encode(rows))

    def encoded_outputs(
        self, points: Encoded, known: np.ndarray | None = None
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return the cluster of each point, and its loss; ``known`` are clusters known, or -1."""
        clusters, squares = nearest(points, self.centres, known)
        return clusters, squares / 2 if self.space.cosine else squares

    def distances_by_block(self, table: Table, batch_size: int | None = None) -> Iterator:
        """Yield the distances of blocks of rows to all centres (n, k)."""
        for rows in self._blocks(table, batch_size):
            squares = distances(self.encode(rows), self.centres)
            yield squares / 2 if self.space.cosine else np.sqrt(squares)

    def evaluate(self, batches, metrics=None, encoded=None) -> dict[str, float]:
        """Return the loss and metrics over batches of rows; see `evaluation.evaluate`."""
        return evaluation.evaluate(self, batches, metrics, encoded)

    def variables(self) -> dict[str, np.ndarray]:
        """Return every array by its public name, the step included."""
        return {"global_step": np.int64(self.step), **self.state, "clusters": self.shown}

    def variable(self, name: str) -> np.ndarray:
        """Return one array by its public name; a trailing ``:0`` is ignored."""
        named, name = self.variables(), str(name).removesuffix(":0")
        if name not in named:
            raise ValueError(
                f"There is no variable {name!r}. Variables: {listing(sorted(named))}."
                f"{did_you_mean(name, named)}"
            )
        return named[name]

    def _blocks(self, table: Table, batch_size: int | None) -> Iterator[Table]:
        size = batch_size or max(1, _BLOCK_NUMBERS // max(self.centres.shape))
        if table.n_rows <= size:
            yield table
            return
        for start in range(0, table.n_rows, size):
            yield table.take(slice(start, start + size))
