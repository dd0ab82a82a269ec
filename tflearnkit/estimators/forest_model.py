"""A fitted forest: features that have learned, a task and trees. It predicts."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace

import numpy as np
from scipy.special import expit, softmax

from tflearnkit.data.table import Table
from tflearnkit.engines.forest import EncodedRows, Forest
from tflearnkit.engines.forest_features import Features
from tflearnkit.errors import did_you_mean, listing
from tflearnkit.estimators import evaluation

__all__ = ["FittedForest", "shares_to_scores"]

_BLOCK = 2**17  # rows whose features are laid out together


@dataclass(frozen=True)
class FittedForest:
    """What a fit leaves: everything that predicting and growing on need.

    Attributes
    ----------
    features : Features
        Raw tables -> rows of numbers.
    task : Task
        Says what the scores mean.
    forest : Forest
        Rows -> scores: the mean of the trees' shares or numbers, or in boosting their sum.
    step : int
        Steps of growth taken.
    seed : int
        What all draws of the fit came from.
    out_of_bag : callable or None
        Right after a fit, ``f()`` gives scores (n, K) for its rows by the trees that have not seen
        them.
    """

    features: Features
    task: object
    forest: Forest
    step: int
    seed: int
    out_of_bag: Callable[[], np.ndarray] | None = field(default=None, repr=False)

    def with_forest(self, forest: Forest, step: int, out_of_bag=None) -> FittedForest:
        """Return this model with other trees."""
        return replace(self, forest=forest, step=step, out_of_bag=out_of_bag)

    @property
    def state(self) -> dict[str, np.ndarray]:
        """The arrays that a checkpoint holds."""
        return self.forest.arrays

    def encode(self, table: Table) -> EncodedRows:
        """Return rows that are looked at again and again as `evaluate` takes them."""
        return EncodedRows(self.features.encode(table), {})

    def evaluate(self, batches, metrics=None, encoded=None) -> dict[str, float]:
        """Return the loss and metrics over labelled batches; see `evaluation.evaluate`."""
        return evaluation.evaluate(self, batches, metrics, encoded)

    def outputs(self, table: Table, batch_size: int | None = None):
        """Return scores ``(n, n_outputs)`` and linked predictions of the rows of ``table``."""
        pieces = list(self.outputs_by_block(table, batch_size))
        return tuple(np.concatenate(arrays) for arrays in zip(*pieces, strict=True))

    def outputs_by_block(self, table: Table, batch_size: int | None = None) -> Iterator[tuple]:
        """Yield scores and linked predictions of blocks of rows, bounding the memory in use."""
        size = batch_size or _BLOCK
        for start in range(0, table.n_rows, size):
            whole = start == 0 and table.n_rows <= size
            rows = table if whole else table.take(slice(start, start + size))
            yield self.encoded_outputs(EncodedRows(self.features.encode(rows)))

    def encoded_outputs(self, rows: EncodedRows):
        """Return scores and linked predictions of encoded rows."""
        return self.linked(self.forest.scores(rows))

    def linked(self, found: np.ndarray):
        """Return what a forest gives as scores and predictions."""
        if self.task.kind == "regression":
            return found, self.task.mean + np.multiply(self.task.scale, found)
        if self.forest.averages:
            return shares_to_scores(found, self.task.kind), _all_shares(found, self.task.kind)
        return found, _linked(found, self.task.kind)

    def variables(self) -> dict[str, np.ndarray]:
        """Return every array by name, the step included."""
        return {"global_step": np.int64(self.step), **self.state}

    def variable(self, name: str) -> np.ndarray:
        """Return one array by its name; a trailing ``:0`` is ignored."""
        named, name = self.variables(), str(name).removesuffix(":0")
        if name not in named:
            raise ValueError(
                f"There is no variable {name!r}. Variables: {listing(sorted(named))}."
                f"{did_you_mean(name, named)}"
            )
        return named[name]


def shares_to_scores(shares: np.ndarray, kind: str) -> np.ndarray:
    """Return log-odds, or of several classes the logarithms, of shares.

    A share of 0 counts as the least above it that float64 can add to 1.
    """
    least = np.finfo(np.float64).eps
    shares = np.clip(shares, least, 1 - least)
    return np.log(shares) if kind == "multiclass" else np.log(shares) - np.log1p(-shares)


def _all_shares(shares: np.ndarray, kind: str) -> np.ndarray:
    if kind == "binary":
        return np.concatenate([1 - shares, shares], axis=1)
    # Rounded, those of several classes add up to 1 but for their last digits.
    return shares / shares.sum(axis=1, keepdims=True) if kind == "multiclass" else shares


def _linked(scores: np.ndarray, kind: str) -> np.ndarray:
    if kind == "binary":
        return expit(np.concatenate([-scores, scores], axis=1))
    return softmax(scores, axis=1) if kind == "multiclass" else expit(scores)
