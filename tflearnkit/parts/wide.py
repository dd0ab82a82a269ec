"""Wide: the linear part."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from tflearnkit.initializers import zeros
from tflearnkit.parts.base import (
    DenseBlock,
    IdBlock,
    IdTable,
    Storage,
    coefficients,
    entries,
    joined,
)

__all__ = ["Wide"]


@dataclass(frozen=True)
class Wide:
    """The linear part: one weight for each number and each id, and a bias.

    Parameters
    ----------
    dense, ids : tuples of DenseBlock and IdBlock
        What the part sees.
    n_outputs : int
        Scores per row.
    penalised_bias : bool
        Whether penalties hold the bias back too, as they do the weights.
    """

    dense: tuple[DenseBlock, ...]
    ids: tuple[IdBlock, ...]
    n_outputs: int
    penalised_bias: bool = False
    name: str = "linear"

    @property
    def n_ids(self) -> int:
        """Rows of the joint table: all id columns one below the other."""
        return sum(block.size for block in self.ids)

    @property
    def storages(self) -> list[Storage]:
        """The arrays of the part. Everything starts at zero, as the problem is convex."""
        width = sum(block.stop - block.start for block in self.dense)
        bias = (self.n_outputs,)
        found = [Storage("linear/bias_weight", bias, zeros, penalised=self.penalised_bias)]
        if width:
            found.append(Storage("linear/dense", (width, self.n_outputs), zeros, penalised=True))
        if self.ids:
            found.append(
                Storage("linear/table", (self.n_ids, self.n_outputs), zeros, penalised=True)
            )
        return found

    @property
    def id_tables(self) -> list[IdTable]:
        """Where the ids of columns are rows of the joint table."""
        found, start = [], 0
        for block in self.ids:
            found.append(IdTable("linear/table", block.index, start, block.size))
            start += block.size
        return found

    def with_sizes(self, sizes: Mapping[int, int]) -> Wide:
        """Return the part with other numbers of ids in the columns that ``sizes`` names."""
        ids = [block._replace(size=sizes.get(block.index, block.size)) for block in self.ids]
        return replace(self, ids=tuple(ids))

    def scores(self, params: Mapping, features: Mapping, widths: tuple[int, ...], training=None):
        """Return the scores ``[batch, n_outputs]`` and no updates."""
        import tensorflow as tf

        scores = params["linear/bias_weight"][None]
        if self.dense:
            spans = [features["dense"][:, block.start : block.stop] for block in self.dense]
            scores += tf.matmul(joined(spans), params["linear/dense"])
        if self.ids:
            ids, counts = self.joint_ids(features, widths)
            rows = tf.gather(params["linear/table"], tf.maximum(ids, 0))
            scores += tf.reduce_sum(rows * counts[..., None], axis=1)
        return scores, {}

    def joint_ids(self, features: Mapping, widths: tuple[int, ...]):
        """Return the ids as rows of the joint table, -1 for none, and what each counts."""
        import tensorflow as tf

        ids, counts, offset = [], [], 0
        for block in self.ids:
            local, weights = entries(features, widths, block)
            ids.append(tf.where(local >= 0, local + offset, -1))
            counts.append(coefficients(local, weights, block.combiner))
            offset += block.size
        return joined(ids), joined(counts)

    def variables(self, values: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        """Return the arrays by the names of the old API: one for each column."""
        named = {"linear/bias_weight": values["linear/bias_weight"]}
        row = 0
        for block in self.dense:
            width = block.stop - block.start
            named[f"linear/{block.name}/weight"] = values["linear/dense"][row : row + width]
            row += width
        row = 0
        for block in self.ids:
            named[f"linear/{block.name}/weights"] = values["linear/table"][row : row + block.size]
            row += block.size
        return named
