"""Estimators whose scores are the sum of a wide and a deep part: linear, DNN, and both."""

from __future__ import annotations

import numpy as np
from sklearn.base import is_classifier
from sklearn.utils import check_random_state

from tflearnkit.columns import infer_feature_columns
from tflearnkit.columns.base import ColumnSet
from tflearnkit.data.table import Table
from tflearnkit.engines.gradient import Penalties, initial_state
from tflearnkit.estimators import manifest, persistence, training
from tflearnkit.estimators.base import BaseEstimator
from tflearnkit.estimators.blueprint import DeepPart, WidePart
from tflearnkit.estimators.model import FittedModel
from tflearnkit.estimators.sources import StreamSource
from tflearnkit.estimators.trainee import Trainee
from tflearnkit.monitors.history import History
from tflearnkit.optimizers import Optimizer, resolve_optimizer
from tflearnkit.parts import CentredBias
from tflearnkit.replicas import replicas_of

__all__ = ["AdditiveEstimator"]


class AdditiveEstimator(BaseEstimator):
    """What linear, deep and combined estimators share.

    A subclass says in ``_sides`` which parts it has. One with a wide side only is linear, one
    with a deep side only is a network; both together are wide and deep.
    """

    def _sides(self) -> tuple[WidePart | None, DeepPart | None]:
        """Return the wide and the deep side, None for one that the estimator does not have."""
        raise NotImplementedError

    def _present_sides(self) -> list[WidePart | DeepPart]:
        return [side for side in self._sides() if side is not None]

    def _has_explicit_columns(self) -> bool:
        return all(side.columns is not None for side in self._present_sides())

    def _train(self, source, asked, callbacks=None, *, onward=False, classes=None):
        start = None
        if onward:
            start = getattr(self, "model_", None)
        start = start or persistence.restored(self)
        if start is None:
            start = self._begin(source, classes)
        model, history = self._trained(start, source, asked, callbacks, onward)
        if persistence.model_dir_of(self) is not None and model is not start:
            persistence.save(self, model)
        self._keep(model)
        self.history_ = history.as_dict()
        self.n_iter_ = max(model.step, 1)

    def _trained(self, start, source, asked, callbacks, onward):
        solved = None if onward else self._solve(start, source, asked)
        if solved is not None:
            return solved, History()
        held_out = None
        if self.early_stopping and not onward:
            source, held_out = training.hold_out(
                source, self.validation_fraction, start.seed, is_classifier(self)
            )
        return training.run(self, start, source, asked, held_out, callbacks, onward)

    def _trainee(self, model, source, asked, onward) -> Trainee:
        """Return what the loop trains."""
        return Trainee(self, model, source, asked, onward)

    def _begin(self, source, classes) -> FittedModel:
        """Return an untrained model that has learned its columns and task from the source."""
        table, y, weights = source.sample
        # Of 0 and 1, what a function brings may show but one; an array shows all labels there are.
        streaming = isinstance(source, StreamSource) or (
            source.as_one_batch and np.isin(y, (0, 1)).all()
        )
        task = self._infer_task(y, weights, classes, streaming)
        return self._assemble(infer_feature_columns, task, draw_seed(self), table, weights)

    def _assemble(self, inferred, task, seed, table: Table | None = None, weights=None):
        """Return an untrained model.

        ``inferred`` are learned columns, whose model gets its arrays from elsewhere, or with a
        ``table`` the function that infers them.
        """
        if table is not None:
            inferred = () if self._has_explicit_columns() else inferred(table)
        inferred = tuple(sorted(inferred, key=lambda column: column.key))
        sides = self._present_sides()
        declared = [side.declare(inferred) for side in sides]
        columns = ColumnSet(column for side in declared for column in side)
        if table is not None:
            columns = columns.learn(table, weights)
        else:
            columns = columns.with_learned(inferred)
        parts = tuple(
            side.build(columns, names, task.n_outputs)
            for side, names in zip(sides, declared, strict=True)
        )
        if self.enable_centered_bias:
            parts += (CentredBias(task.n_outputs),)
        state = {} if table is None else initial_state(parts, np.random.default_rng(seed))
        return FittedModel(columns, task, parts, state, 0, seed)

    def _described(self, model: FittedModel) -> dict:
        """Return what a checkpoint says of a model beside its arrays."""
        return manifest.described(model)

    def _revived(self, found) -> FittedModel:
        """Return the model of a checkpoint."""
        return manifest.revived(self, found)

    def _make_optimizers(self, model: FittedModel) -> tuple[Optimizer, ...]:
        """Return one optimizer for each part, in order."""
        found = []
        named = [isinstance(side.optimizer, str | None) for side in self._present_sides()]
        for side, is_named in zip(self._present_sides(), named, strict=True):
            # The rate is for those given by name; where there is none, it has no place.
            rate = self.learning_rate if is_named or not any(named) else None
            wide = "wide" if len(named) > 1 else "linear"
            part = wide if isinstance(side, WidePart) else "deep"
            found.append(resolve_optimizer(side.optimizer, rate, part=part))
        if self.enable_centered_bias:
            found.append(resolve_optimizer("Adagrad", 0.1))
        return tuple(found)

    def _penalties(self, weights: np.ndarray | None) -> Penalties:
        """Return what holds the parts back; ``weights`` of all rows are None for a stream."""
        deep = next((side for side in self._present_sides() if isinstance(side, DeepPart)), None)
        l2 = self.l2_regularization
        return Penalties(
            self.l1_regularization,
            _default_l2(is_classifier(self), weights) if l2 is None else l2,
            self.gradient_clip_norm or 0.0,
            deep.dropout if deep else 0.0,
        )

    def _solve(self, model: FittedModel, source, asked) -> FittedModel | None:
        """Return the exact solution, or None where mini-batches are to find it."""
        return None

    def _keep(self, model: FittedModel) -> None:
        """Make ``model`` the estimator's own."""
        self.__dict__.update(self._fitted_attributes(model))

    def _fitted_attributes(self, model: FittedModel) -> dict:
        """Return the attributes that make an estimator one that has fitted ``model``."""
        return {"model_": model}


def _default_l2(classifies: bool, weights: np.ndarray | None) -> float:
    """Return the L2 strength of networks; below 2000 rows it grows, worth two rows of evidence."""
    strength = 1e-3 if classifies else 1e-4
    return strength if weights is None else strength * max(1.0, 2000 / len(weights))


def draw_seed(estimator) -> int:
    """Return the number that every draw of a fit comes from."""
    config = persistence.config_of(estimator)
    state = estimator.random_state
    state = config.tf_random_seed if state is None else state
    seed = int(check_random_state(state).randint(2**31 - 1))
    return replicas_of(config).least(seed)  # the same in all processes
