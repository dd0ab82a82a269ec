"""Random forests: what all faces of them share."""

from __future__ import annotations

import warnings

import numpy as np
from sklearn.base import is_classifier
from sklearn.metrics import accuracy_score, r2_score

from tflearnkit.engines.forest_growth import Settings
from tflearnkit.estimators.forest import (
    ForestEstimator,
    n_threads,
    number_of_features,
    rows_of_share,
)
from tflearnkit.estimators.forest_model import FittedForest
from tflearnkit.estimators.forest_trainee import BaggingTrainee, indicators
from tflearnkit.estimators.inputs import Labelled
from tflearnkit.estimators.persistence import model_dir_of

__all__ = ["BaggedForest"]

class BaggedForest(ForestEstimator):
    """What random forests share: trees that each see rows of their own."""

    def _base(self, task, targets: np.ndarray, weights: np.ndarray) -> np.ndarray:
        return np.average(indicators(task, targets), axis=0, weights=weights)

    def _base_weight(self, task) -> float:
        return 0.0 if task.kind == "regression" else self.prior_weight

    def _check(self, asked) -> None:
        super()._check(asked)
        if self.bootstrap:
            return
        for name, wish in (("oob_score", self.oob_score), ("max_samples", self.max_samples)):
            if wish:
                raise ValueError(
                    f"{name} should be {'False' if name == 'oob_score' else 'None'} where trees "
                    f"see all rows, as with bootstrap=False. Got {name}={wish!r}: set "
                    "bootstrap=True, or leave it out."
                )

    def _trainee(self, model: FittedForest, source, asked, onward: bool) -> BaggingTrainee:
        rows = source.sample
        last, first = self._steps(model, asked, onward)
        # Whether anybody looks at the loss of rows that trees have not seen, which takes time.
        looks = asked.monitors or self.oob_score or self.verbose or model_dir_of(self) is not None
        measures = bool(looks) or hasattr(self, "_skl_callbacks")
        settings = self._settings(model, rows.table.n_rows)
        return BaggingTrainee(model, rows, settings, last, first, measures, self._replicas())

    def _settings(self, model: FittedForest, n_rows: int) -> Settings:
        share = 1.0
        if self.max_samples is not None:
            share = rows_of_share(self.max_samples, n_rows) / n_rows
        return Settings(
            self.max_depth,
            self.max_leaf_nodes,
            rows_of_share(self.min_samples_leaf, n_rows),
            number_of_features(self.max_features, len(model.forest.n_categories)),
            share,
            self.bootstrap,
            self.max_bins,
            n_threads(self.n_jobs),
        )

    def _report(self, model: FittedForest, rows: Labelled) -> None:
        if not self.oob_score or model.out_of_bag is None:
            return
        _, linked = model.linked(model.out_of_bag())
        given = ~np.isnan(linked).any(axis=1)
        if not given.all():
            warnings.warn(
                f"All trees have seen {(~given).sum()} of {len(given)} rows, which therefore have "
                "no out-of-bag prediction: they are NaN. Grow more trees.",
                UserWarning,
                stacklevel=2,
            )
        if is_classifier(self):
            self.oob_decision_function_ = linked
        else:
            self.oob_prediction_ = linked[:, 0] if model.task.one_d else linked
        score = self.oob_score
        if score is True:
            score = accuracy_score if is_classifier(self) else r2_score
        predicted = model.task.decode(linked[given])
        self.oob_score_ = score(rows.y[given], predicted) if given.any() else np.nan
