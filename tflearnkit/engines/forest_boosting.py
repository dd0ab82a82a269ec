"""Boosting: each tree corrects what those before it leave, by Newton's step in every leaf.

A block goes on from the scores that all trees before it give, which a loss written in Python
brings in: so trees can be added at any time, to any rows.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from scipy.special import expit, softmax

from tflearnkit.engines.forest_growth import Block, Settings, Soil, block_seed

__all__ = ["Boosting", "initial_scores", "losses"]

# A set of categories is picked from many more than there are thresholds, and fits noise sooner:
# LightGBM holds it back ten times as much, too.
_CATEGORICAL_L2 = 10


def initial_scores(kind: str, targets: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Return the scores ``(K,)`` that are best for all rows together.

    Parameters
    ----------
    kind : {'binary', 'multilabel', 'multiclass', 'regression'}
    targets : array of shape (n, K)
        Shares of classes, or numbers.
    weights : array of shape (n,)
    """
    mean = np.average(targets, axis=0, weights=weights)
    if kind == "regression":
        return mean
    mean = np.clip(mean, 1e-6, 1 - 1e-6)  # one that all rows have, or none
    return np.log(mean) - (0 if kind == "multiclass" else np.log1p(-mean))


def losses(kind: str, scores: np.ndarray, targets: np.ndarray) -> np.ndarray:
    """Return the loss of each row, the mean over its outputs."""
    if kind == "regression":
        return ((scores - targets) ** 2).mean(axis=1)
    if kind == "multiclass":
        top = scores.max(axis=1, keepdims=True)
        total = np.log(np.exp(scores - top).sum(axis=1)) + top[:, 0]
        return total - (scores * targets).sum(axis=1)
    return np.logaddexp(0, np.where(targets > 0, -scores, scores)).mean(axis=1)


class Boosting:
    """Grows the trees of boosting.

    Parameters
    ----------
    soil : Soil
        Its labels, classes where there is more than one score per row, are Yggdrasil's way to know
        what kind of task it is; what counts are the targets.
    settings : Settings
    seed : int
    kind : {'binary', 'multilabel', 'multiclass', 'regression'}
    targets : float array of shape (n, K)
    scale : array of shape (K,)
        The unit of scores and targets of a regression, in which losses are reported.
    """

    def __init__(self, soil: Soil, settings: Settings, seed: int, kind: str, targets, scale):
        self.soil, self.settings, self.seed = soil, settings, seed
        self.kind, self.targets, self.scale = kind, targets, scale

    def block(self, first_step: int, n_steps: int, scores: np.ndarray) -> tuple[Block, np.ndarray]:
        """Return a block that goes on from ``scores`` (n, K), and the losses before each step."""
        if self.kind == "multiclass":
            return self._together(first_step, n_steps, scores)
        found = [self._one(k, first_step, n_steps, scores) for k in range(self.targets.shape[1])]
        models, before = zip(*found, strict=True)
        return Block(list(models), self.soil.columns, n_steps), np.mean(before, axis=0)

    def mean_loss(self, scores: np.ndarray) -> float:
        """Return the mean loss of all rows."""
        found = losses(self.kind, scores * self.scale, self.targets * self.scale)
        return float(np.average(found, weights=self.soil.weights))

    def _one(self, output: int, first_step: int, n_steps: int, scores: np.ndarray):
        """Return the model of one output."""
        kind = "regression" if self.kind == "regression" else "binary"
        mine = slice(output, output + 1)
        state = self._state(kind, scores, mine)
        return self._trained(state, output, "REGRESSION", "RegressionLoss", first_step, n_steps)

    def _together(self, first_step: int, n_steps: int, scores: np.ndarray):
        state = self._state(self.kind, scores, slice(None))
        model, before = self._trained(
            state, 0, "CLASSIFICATION", "MultiClassificationLoss", first_step, n_steps
        )
        return Block([model], self.soil.columns, n_steps), before

    def _state(self, kind: str, scores: np.ndarray, outputs: slice) -> _State:
        targets, scale = self.targets[:, outputs], self.scale[outputs]
        return _State(kind, scores[:, outputs], targets, scale, self.soil.weights)

    def _trained(self, state: _State, output, task, loss, first_step, n_steps):
        from ydf.learner import custom_loss

        initial = np.zeros(state.scores.shape[1], np.float32)
        loss = getattr(custom_loss, loss)(
            activation=custom_loss.Activation.IDENTITY,
            initial_predictions=lambda labels, weights: initial if len(initial) > 1 else initial[0],
            loss=lambda labels, predictions, weights: np.float32(0),  # nobody looks at it
            gradient_and_hessian=state.derivatives,
            may_trigger_gc=False,
        )
        settings = self.settings
        learner = self.soil.learner(
            "GradientBoostedTreesLearner",
            self.soil.label_names[output],
            task,
            block_seed(self.seed, first_step),
            num_trees=n_steps,
            loss=loss,
            validation_ratio=0.0,
            early_stopping="NONE",
            shrinkage=settings.learning_rate,
            subsample=settings.sample_share,
            l1_regularization=settings.l1,
            l2_regularization=settings.l2,
            l2_categorical_regularization=_CATEGORICAL_L2 * settings.l2,
            use_hessian_gain=True,
            **settings.arguments,
        )
        return self.soil.train(learner), np.array(state.means)


@dataclass(frozen=True)
class _State:
    """What a loss in Python sees: the scores at the beginning of a block, and the targets."""

    kind: str
    scores: np.ndarray
    targets: np.ndarray
    scale: np.ndarray
    weights: np.ndarray
    means: list[float] = field(default_factory=list)  # the losses before each step

    def derivatives(self, labels, predictions):
        """Return the first and the second derivatives of the losses, in Yggdrasil's signs."""
        scores = self.scores + predictions.reshape(self.scores.shape)
        found = losses(self.kind, scores * self.scale, self.targets * self.scale)
        self.means.append(np.average(found, weights=self.weights))
        if self.kind == "regression":
            found = scores - self.targets, -np.ones_like(scores)
        else:
            share = softmax(scores, axis=1) if self.kind == "multiclass" else expit(scores)
            found = share - self.targets, share * (share - 1)
        # By weight here, and without weights in Yggdrasil, whose gains are wrong where a loss has
        # second derivatives and rows have weights.
        weighted = (self.weights[:, None] * each for each in found)
        return tuple(np.ascontiguousarray(each.T.squeeze(), np.float32) for each in weighted)
