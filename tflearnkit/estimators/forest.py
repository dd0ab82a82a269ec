"""Estimators of trees: what random forests and boosted trees share."""

from __future__ import annotations

import importlib.util
import math
import os
from dataclasses import replace
from numbers import Integral, Real

import numpy as np
from sklearn.base import is_classifier
from sklearn.utils._param_validation import (
    Interval,
    StrOptions,
    validate_parameter_constraints,
)

from tflearnkit.columns import check_feature_columns
from tflearnkit.data.table import EMPTY, concatenated
from tflearnkit.engines.forest import Forest
from tflearnkit.engines.forest_columns import declared_features
from tflearnkit.engines.forest_features import infer_features
from tflearnkit.estimators import forest_manifest, persistence, training
from tflearnkit.estimators.additive import draw_seed
from tflearnkit.estimators.base import BaseEstimator
from tflearnkit.estimators.forest_model import FittedForest
from tflearnkit.estimators.forest_trainee import last_step
from tflearnkit.estimators.forest_tree import Tree, tree_of
from tflearnkit.estimators.inputs import Labelled
from tflearnkit.estimators.persistence import model_dir_of
from tflearnkit.estimators.schedule import check_one_pass
from tflearnkit.estimators.sources import StreamSource, TableSource
from tflearnkit.monitors.history import History

__all__ = ["ForestEstimator", "n_threads", "number_of_features", "rows_of_share"]

_SHARE = Interval(Real, 0, 1, closed="right")
_COUNT = Interval(Integral, 1, None, closed="left")

# What estimators of trees take, in scikit-learn's notation.
_CONSTRAINTS: dict = {
    "n_estimators": [_COUNT],
    "n_trees": [_COUNT],
    "max_depth": [_COUNT, None],
    "max_leaf_nodes": [Interval(Integral, 2, None, closed="left"), None],
    "min_samples_leaf": [_COUNT, Interval(Real, 0, 1, closed="neither")],
    "max_features": [StrOptions({"sqrt", "log2"}), _COUNT, _SHARE, None],
    "max_samples": [_COUNT, _SHARE, None],
    "max_bins": [Interval(Integral, 2, 255, closed="both"), None],
    "prior_weight": [Interval(Real, 0, None, closed="left")],
    "bootstrap": ["boolean"],
    "oob_score": ["boolean", callable],
    "warm_start": ["boolean"],
    "n_jobs": [Integral, None],
    "learning_rate": [Interval(Real, 0, None, closed="neither")],
    "l2_regularization": [Interval(Real, 0, None, closed="left")],
    "subsample": [_SHARE],
}


class ForestEstimator(BaseEstimator):
    """What estimators of trees share.

    A subclass says in ``_n_trees`` how many trees there are to be, and in ``_trainee`` how they
    grow.
    """

    steps = epochs = batch_size = None  # in the family's words; here a step is a tree
    early_stopping = oob_score = False

    def get_tree(self, index: int) -> Tree:
        """Return one of the trees.

        Parameters
        ----------
        index : int
            From 0 on, in the order of growth. Where each step grew several trees, one for each
            output or class, they stand in turn.
        """
        return tree_of(self._fitted(), index)

    def tree_text(self, index: int = 0, max_depth: int | None = None) -> str:
        """Return a tree as text: a line for each condition and each leaf.

        Parameters
        ----------
        index : int, default=0
            As in `get_tree`.
        max_depth : int >= 0, optional
            The deepest level to show.
        """
        return self.get_tree(index).text(max_depth)

    def plot_tree(self, index: int = 0, max_depth: int | None = 3, ax=None):
        """Draw a tree with matplotlib (``pip install 'tflearnkit[plots]'``).

        Parameters
        ----------
        index : int, default=0
            As in `get_tree`.
        max_depth : int >= 0, default=3
            The deepest level to draw; None draws all.
        ax : matplotlib.axes.Axes, optional
            Where to draw; None takes the current axes.

        Returns
        -------
        matplotlib.axes.Axes
        """
        return self.get_tree(index).plot(max_depth, ax)

    @property
    def feature_importances_(self) -> np.ndarray:
        """How much each raw feature's splits gained, in the order of ``X``; the sum is 1."""
        model = self._fitted()
        gains = model.forest.trees.importances(len(model.forest.n_categories))
        if model.forest.averages:  # each tree counts alike
            gains = gains / np.maximum(gains.sum(axis=1, keepdims=True), np.finfo(float).tiny)
        found = np.zeros(self.n_features_in_)
        for column, gain in enumerate(gains.sum(axis=0)):
            places = self._places(*model.features.part_of(column))
            found[places] += gain / len(places)
        return found / max(found.sum(), np.finfo(float).tiny)

    def _places(self, part, column: int) -> list[int]:
        """Return which raw features a column of a feature is made of."""
        if part.sources == (EMPTY,):
            whole = part.width == self.n_features_in_
            return [column] if whole else list(range(self.n_features_in_))
        names = list(self.feature_names_in_)
        return [names.index(name) for name in part.sources]

    def _has_explicit_columns(self) -> bool:
        return self.feature_columns is not None

    def _columns(self) -> tuple:
        return check_feature_columns(self.feature_columns)

    def _n_trees(self) -> int:
        return self.n_estimators

    def _train(self, source, asked, callbacks=None, *, onward=False, classes=None):
        self._check(asked)
        source = _in_memory(source, asked)
        start = self._start(onward) or self._begin(source, classes)
        held_out = None
        if self.early_stopping and not onward:
            source, held_out = training.hold_out(
                source, self.validation_fraction, start.seed, is_classifier(self)
            )
        model, history = training.run(self, start, source, asked, held_out, callbacks, onward)
        if model_dir_of(self) is not None and model is not start:
            persistence.save(self, model)
        self._keep(model)
        self._report(model, source.sample)
        losses = [row for row in history.rows if row.get("loss") == row.get("loss")]
        self.history_ = History(losses).as_dict()
        self.n_iter_ = max(model.step, 1)

    def _report(self, model: FittedForest, rows: Labelled) -> None:
        """Keep what a fit tells beside its model."""

    def _check(self, asked) -> None:
        given = self.get_params(deep=False)
        known = {name: rule for name, rule in _CONSTRAINTS.items() if name in given}
        if "n_trees" in known:  # whose other name may be left out
            known["n_estimators"] = [_COUNT, None]
        validate_parameter_constraints(
            known, {name: given[name] for name in known}, caller_name=type(self).__name__
        )
        if importlib.util.find_spec("ydf") is None:
            raise ImportError(
                f"{type(self).__name__} grows its trees with ydf, which is not installed. Install "
                "it: pip install 'tflearnkit[forest]' (wheels are for Linux on x86-64 and macOS on "
                "ARM; fitted models predict without it)."
            )

    def _start(self, onward: bool) -> FittedForest | None:
        """Return the model that growth goes on from, None where it begins."""
        kept = getattr(self, "model_", None) if onward or self.warm_start else None
        start = kept or persistence.restored(self)
        if start is not None and self.warm_start and not onward and self._n_trees() < start.step:
            raise ValueError(
                f"n_estimators={self._n_trees()} must be larger or equal to the number of trees "
                f"there are, {start.step}, when warm_start==True. Raise it, or set "
                "warm_start=False to start afresh."
            )
        return None if start is None else self._weighing(start)

    def _weighing(self, start: FittedForest) -> FittedForest:
        """Return a model that growth goes on from with the weight of its base as it is set now."""
        forest = replace(start.forest, base_weight=self._base_weight(start.task))
        return start.with_forest(forest, start.step)

    def _begin(self, source: TableSource, classes) -> FittedForest:
        """Return a model without trees that has learned its features and task."""
        table, y, weights = source.sample
        # Of 0 and 1, what a function brings may show but one; an array shows all labels there are.
        streaming = source.as_one_batch and bool(np.isin(y, (0, 1)).all())
        task = self._infer_task(y, weights, classes, streaming)
        if self._has_explicit_columns():
            features = declared_features(self._columns(), table)
        else:
            features = infer_features(table)
        features = features.learn(table)
        base = self._base(task, task.encode(y), weights)
        forest = Forest(base, self._base_weight(task), features.n_categories)
        return FittedForest(features, task, forest, 0, self._draw_seed())

    def _draw_seed(self) -> int:
        """Return the number that every draw of a fit comes from."""
        return draw_seed(self)

    def _base(self, task, targets: np.ndarray, weights: np.ndarray) -> np.ndarray:
        """Return the scores of no tree at all."""
        raise NotImplementedError

    def _base_weight(self, task) -> float | None:
        """Return as how many trees they count in a mean, None where trees are summed up."""
        raise NotImplementedError

    def _steps(self, model: FittedForest, asked, onward: bool) -> tuple[int, int]:
        """Return the last step of a growth, and the first of its blocks."""
        return last_step(self._n_trees(), model.step, asked, onward), model.step if onward else 0

    def _described(self, model: FittedForest) -> dict:
        return forest_manifest.described(model)

    def _revived(self, found) -> FittedForest:
        columns = self._columns() if self._has_explicit_columns() else ()
        return forest_manifest.revived(found, columns, self._base_weight)

    def _keep(self, model: FittedForest) -> None:
        self.__dict__.update(self._fitted_attributes(model))

    def _fitted_attributes(self, model: FittedForest) -> dict:
        """Return the attributes that make an estimator one that has fitted ``model``."""
        return {"model_": replace(model, out_of_bag=None)}


def _in_memory(source, asked) -> TableSource:
    """Return all rows of a source: a tree looks at all of them for each split."""
    if not isinstance(source, StreamSource):
        return source
    check_one_pass(asked)
    tables, targets, weights = zip(*source.batches(), strict=True)
    rows = Labelled(concatenated(tables), np.concatenate(targets), np.concatenate(weights))
    return TableSource(rows)


def n_threads(n_jobs: int | None) -> int:
    """Return how many threads grow trees; None and -1 mean all processors there are."""
    processors = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else 0
    processors = processors or os.cpu_count() or 1
    if n_jobs is None:
        return processors
    return n_jobs if n_jobs > 0 else max(1, processors + 1 + n_jobs)


def number_of_features(max_features, n_features: int) -> int:
    """Return how many features are looked at for each split, as scikit-learn counts them."""
    if max_features is None:
        return n_features
    if max_features == "sqrt":
        found = math.isqrt(n_features)
    elif max_features == "log2":
        found = int(math.log2(n_features)) if n_features else 0
    elif isinstance(max_features, Integral):
        found = int(max_features)
    else:
        found = int(max_features * n_features)
    return min(max(1, found), max(1, n_features))


def rows_of_share(share: float, n_rows: int) -> int:
    """Return a number of rows that was given as one, or as a share of all."""
    return int(share) if isinstance(share, Integral) else math.ceil(share * n_rows)
