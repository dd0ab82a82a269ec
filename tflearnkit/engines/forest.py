"""Forests of trees, and the engines that grow them.

A step of growth is a tree for each output (in boosting of several classes: for each class). A
forest never changes: growing makes another one that shares what was there.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import NamedTuple

import numpy as np

from tflearnkit.data.chunk import Chunk
from tflearnkit.engines.forest_bagging import Bagging
from tflearnkit.engines.forest_boosting import Boosting
from tflearnkit.engines.forest_growth import BLOCK_STEPS, Block
from tflearnkit.engines.forest_scoring import Scorer
from tflearnkit.engines.forest_trees import Trees
from tflearnkit.replicas import ALONE, Alone

__all__ = ["BaggingEngine", "BoostingEngine", "EncodedRows", "Forest"]


class EncodedRows(NamedTuple):
    """Rows as trees see them.

    Attributes
    ----------
    values : float32 array of shape (n, features)
    sums : dict
        What pieces of a growing forest have given so far, so that a look at it after each step
        goes down new trees only; None where there is no second look.
    """

    values: np.ndarray
    sums: dict | None = None


class Piece(NamedTuple):
    """Some steps of a block."""

    block: Block
    start: int
    stop: int

    def trees(self) -> Trees:
        return self.block.steps(self.start, self.stop)


@dataclass(frozen=True)
class Forest:
    """Trees and how their values become scores.

    Attributes
    ----------
    base : float array of shape (K,)
        The scores of no tree at all.
    base_weight : float or None
        As how many trees it counts in the mean of the trees' values; where None, scores are the
        sum of all.
    n_categories : tuple of int
        By feature, 0 for numbers.
    pieces : tuple of Piece
    """

    base: np.ndarray
    base_weight: float | None
    n_categories: tuple[int, ...]
    pieces: tuple[Piece, ...] = field(default=(), repr=False)

    @classmethod
    def of_arrays(cls, arrays: Mapping[str, np.ndarray], base_weight, n_categories) -> Forest:
        """Return the forest that `arrays` are of."""
        rest = {name.removeprefix("trees/"): array for name, array in arrays.items()}
        empty = cls(rest.pop("base"), base_weight, n_categories)
        trees = Trees(**rest)
        n_steps = len(trees) // trees.n_outputs
        return empty.extended(_Given(trees, n_steps, n_categories), 0, n_steps)

    @property
    def arrays(self) -> dict[str, np.ndarray]:
        """All that the forest is, by name."""
        named = {f"trees/{name}": array for name, array in self.trees.arrays.items()}
        return {"trees/base": self.base, **named}

    @property
    def n_steps(self) -> int:
        return sum(piece.stop - piece.start for piece in self.pieces)

    @cached_property
    def trees(self) -> Trees:
        parts = [piece.trees() for piece in self.pieces]
        return Trees.joined(parts) if parts else Trees.none(len(self.base))

    def extended(self, block: Block, start: int, stop: int) -> Forest:
        """Return the forest with some steps of a block more."""
        pieces, piece = self.pieces, Piece(block, start, stop)
        if pieces and pieces[-1].block is block and pieces[-1].stop == start:
            pieces, piece = pieces[:-1], Piece(block, pieces[-1].start, stop)
        return replace(self, pieces=(*pieces, piece))

    def up_to(self, step: int) -> Forest:
        """Return the forest as it was at a step."""
        found, left = replace(self, pieces=()), step
        for block, start, stop in self.pieces:
            taken = min(stop - start, left)
            if taken > 0:
                found = found.extended(block, start, start + taken)
            left -= taken
        return found

    def scores(self, rows: EncodedRows) -> np.ndarray:
        """Return the scores of rows, float64 (n, K)."""
        if rows.sums is None:
            found = self._scorer.sums(rows.values)
        else:
            found = np.zeros((len(rows.values), len(self.base)))
            for piece in self.pieces:
                found += self._looked_at(piece, rows)
        if self.base_weight is None:
            return self.base + found
        return self.mean(found, self.n_steps)

    @property
    def averages(self) -> bool:
        return self.base_weight is not None

    def mean(self, sums: np.ndarray, n_trees) -> np.ndarray:
        """Return the means of sums over a number of trees, to which the base is added."""
        if self.base_weight == 0:
            return sums / n_trees
        return (self.base_weight * self.base + sums) / (self.base_weight + n_trees)

    @cached_property
    def _scorer(self) -> Scorer:
        return Scorer(self.trees, self.n_categories)

    def _looked_at(self, piece: Piece, rows: EncodedRows) -> np.ndarray:
        """Return what a piece gives, going on from what a shorter one gave before."""
        key = id(piece.block), piece.start
        _, stop, found = rows.sums.get(key, (piece.block, piece.start, 0.0))
        if stop > piece.stop:
            stop, found = piece.start, 0.0
        if stop < piece.stop:
            new = Scorer(piece.block.steps(stop, piece.stop), self.n_categories)
            found = found + new.sums(rows.values)
            rows.sums[key] = piece.block, piece.stop, found  # the block: no id is used again
        return found

    def __getstate__(self):
        return self.base_weight, self.n_categories, self.arrays

    def __setstate__(self, state):
        base_weight, n_categories, arrays = state
        vars(self).update(vars(Forest.of_arrays(arrays, base_weight, n_categories)))


class _Given(Block):
    """Trees that are arrays already."""

    def __init__(self, trees: Trees, n_steps: int, n_categories: tuple[int, ...]):
        self._trees, self.n_steps, self._n_categories = trees, n_steps, n_categories

    def steps(self, start: int, stop: int) -> Trees:
        return self._trees.steps(start, stop, self._n_categories)


class _ForestEngine:
    """What engines of trees share: they grow whole blocks, and hand out as many steps as asked.

    Attributes
    ----------
    forest : Forest
        As far as it has grown.
    steps_taken : int
    """

    def __init__(self, rows: np.ndarray, weights: np.ndarray, first_step: int, last_step: int):
        self.rows, self.weights = EncodedRows(rows), weights
        self._first_step, self._last_step = first_step, last_step
        self._begin: int | None = None
        self._block: Block | None = None

    def __enter__(self):
        return self

    def __exit__(self, *error):
        return None

    def load(self, state: Forest, step: int) -> None:
        """Go on from a forest."""
        self.forest, self.steps_taken = state, step

    def state(self) -> Forest:
        """Return the forest."""
        return self.forest

    def run(self, chunk: Chunk, step: int) -> tuple[np.ndarray, np.ndarray]:
        """Grow the chunk's steps; return their losses times the weight of all rows, and that.

        The weight of a step without a loss is 0.
        """
        found, stop = [], step + chunk.steps
        while self.steps_taken < stop:
            self._grow_block(self.steps_taken)
            start = self.steps_taken - self._begin
            end = min(stop - self._begin, self._block.n_steps)
            self.forest = self.forest.extended(self._block, start, end)
            found.extend(self._losses(start, end))
            self.steps_taken = self._begin + end
        losses = np.array(found)
        weights = np.where(np.isnan(losses), 0.0, self.weights.sum())
        return np.nan_to_num(losses) * weights, weights

    def _grow_block(self, step: int) -> None:
        """Have the block that a step is in."""
        begin = step - (step - self._first_step) % BLOCK_STEPS
        if begin != self._begin:
            self._block = self._grown(begin, min(BLOCK_STEPS, self._last_step - begin))
            self._begin = begin


class BaggingEngine(_ForestEngine):
    """Grows a random forest.

    Parameters
    ----------
    bagging : Bagging
    weights : array of shape (n,)
    first_step : int
        Where the growth of blocks begins: 0, but where the rows are further ones.
    last_step : int
    loss : callable or None
        ``f(means, rows)`` gives the losses of rows by number, given the means of trees that have
        not seen them. None measures nothing.
    replicas : Alone
        Those among whose processes the growth of blocks is shared out.
    """

    def __init__(
        self, bagging: Bagging, weights, first_step: int, last_step: int, loss,
        replicas: Alone = ALONE,
    ):  # fmt: skip
        super().__init__(bagging.soil.rows, weights, first_step, last_step)
        self.bagging, self._loss, self.replicas = bagging, loss, replicas
        self._ahead: dict[int, Block] = {}  # blocks that are grown already, by where they begin

    def load(self, state: Forest, step: int) -> None:
        super().load(state, step)
        n_rows = len(self.rows.values)
        self._sums = np.zeros((n_rows, len(state.base)))
        self._counts = np.zeros(n_rows)
        if self._loss is not None:
            self._look_back(step)

    def out_of_bag(self) -> np.ndarray:
        """Return the means over the trees that have not seen a row, NaN where all have."""
        seen = self._counts[:, None] == 0
        with np.errstate(invalid="ignore"):
            return np.where(seen, np.nan, self.forest.mean(self._sums, self._counts[:, None]))

    def _look_back(self, step: int) -> None:
        """Take in the trees that the growth on these rows goes on from."""
        for begin in range(self._first_step, step, BLOCK_STEPS):
            stop = min(begin + BLOCK_STEPS, step)
            grown = self.forest.up_to(stop).trees
            trees = grown.steps(begin, stop, self.forest.n_categories)
            for index, values in enumerate(self._values(trees)):
                self._add(begin, index, values)

    def _grown(self, begin: int, n_steps: int) -> Block:
        if self.replicas.workers == 1:
            return self.bagging.block(begin, n_steps)
        if begin not in self._ahead:
            self._ahead = self._grown_by_all(begin)
        return self._ahead.pop(begin)

    def _grown_by_all(self, begin: int) -> dict[int, Block]:
        """Return the next blocks, of which each process grows one, if any is left for it."""
        begins = range(begin, self._last_step, BLOCK_STEPS)[: self.replicas.workers]
        sizes = [min(BLOCK_STEPS, self._last_step - each) for each in begins]
        number, own = self.replicas.worker, {}
        if number < len(begins):
            block = self.bagging.block(begins[number], sizes[number])
            own = block.steps(0, block.n_steps).arrays
        found = self.replicas.gathered(own)[: len(begins)]
        n_categories = self.bagging.soil.n_categories
        return {
            each: _Given(Trees(**arrays), size, n_categories)
            for each, size, arrays in zip(begins, sizes, found, strict=True)
        }

    def _losses(self, start: int, stop: int) -> list[float]:
        if self._loss is None:
            return [np.nan] * (stop - start)
        found = []
        trees = self._block.steps(start, stop)
        for index, values in enumerate(self._values(trees), start):
            self._add(self._begin, index, values)
            found.append(self._mean_loss())
        return found

    def _values(self, trees: Trees):
        """Yield what the trees of each step give for all rows, (n, K)."""
        scorer = Scorer(trees, self.forest.n_categories)
        leaves = scorer.leaves(self.rows.values)
        for place in range(0, len(leaves), scorer.n_groups):
            found = trees.value[leaves[place : place + scorer.n_groups]]  # (groups, n, L)
            yield found.transpose(1, 0, 2).reshape(len(self._sums), -1)

    def _add(self, begin: int, index: int, values: np.ndarray) -> None:
        unseen = self.bagging.out_of_bag(begin, index)
        self._sums[unseen] += values[unseen]
        self._counts += unseen

    def _mean_loss(self) -> float:
        rows = np.flatnonzero(self._counts)
        if not len(rows) or not self.weights[rows].any():
            return np.nan
        means = self.forest.mean(self._sums[rows], self._counts[rows, None])
        found = self._loss(means, rows)
        return float(np.average(found, weights=self.weights[rows]))


class BoostingEngine(_ForestEngine):
    """Boosts trees; the parameters are those of `BaggingEngine`.

    Its losses are those of training.
    """

    def __init__(self, boosting: Boosting, weights, first_step: int, last_step: int):
        super().__init__(boosting.soil.rows, weights, first_step, last_step)
        self.boosting = boosting
        self._scores: tuple[int, np.ndarray] | None = None  # by the step where they hold

    def load(self, state: Forest, step: int) -> None:
        super().load(state, step)
        self._scores = None

    def _grown(self, begin: int, n_steps: int) -> Block:
        block, before = self.boosting.block(begin, n_steps, self._scores_at(begin))
        self._before = before
        return block

    def _scores_at(self, begin: int) -> np.ndarray:
        if self._scores is None or self._scores[0] != begin:
            self._scores = begin, self.forest.up_to(begin).scores(self.rows)
        return self._scores[1]

    def _losses(self, start: int, stop: int) -> list[float]:
        """Return the losses after steps of the block, which are those before the next ones."""
        found = self._before[start + 1 : stop + 1].tolist()
        if stop == self._block.n_steps:
            begin, scores = self._begin, self._scores_at(self._begin)
            new = Scorer(self._block.steps(0, stop), self.forest.n_categories)
            self._scores = begin + stop, scores + new.sums(self.rows.values)
            found.append(self.boosting.mean_loss(self._scores[1]))
        return found
