"""LogisticRegressor: a model function that predicts the probability of class 1."""

from __future__ import annotations

from dataclasses import replace
from numbers import Real

from tflearnkit.estimators.estimator import Estimator
from tflearnkit.estimators.function_model import FittedFunction
from tflearnkit.tasks.probability import ProbabilityTask

__all__ = ["LogisticRegressor"]


class LogisticRegressor(Estimator):
    """An `Estimator` whose function predicts the probability of class 1, evaluated as such.

    Choose it for two classes, labelled 0 and 1, and a model of your own; where the model needs no
    function, `LinearClassifier` and `DNNClassifier` report the same and take any labels.

    Parameters
    ----------
    model_fn : callable
        As in `Estimator`. Its predictions are probabilities: a tensor of shape [n] or [n, 1], or
        a dict with one of these.
    thresholds : list of float in [0, 1], optional
        What probabilities are compared with in the report. None is [0.5].
    model_dir, config, feature_engineering_fn, params, steps, epochs, batch_size, random_state, \
verbose, warm_start_from
        As in `Estimator`.

    Attributes
    ----------
    history_ : dict of lists
        Losses by step.
    n_features_in_ : int
    feature_names_in_ : array of str
        Where ``X`` had names.

    Notes
    -----
    ``evaluate`` adds ``labels/prediction_mean``, ``labels/actual_label_mean``,
    ``accuracy/baseline_label_mean``, ``auc``, and for each threshold such as 0.5
    ``accuracy/threshold_0.500000_mean`` (a tie is positive),
    ``precision/positive_threshold_0.500000_mean`` and
    ``recall/positive_threshold_0.500000_mean`` (a tie is negative). The class attributes name
    these keys: ``report[LogisticRegressor.RECALL_MEAN % 0.5]``. In ``metrics``, functions of
    your own get the probabilities; this package's accuracy, precision, recall and F1 get classes.

    References
    ----------
    Cox (1958), "The regression analysis of binary sequences".

    Examples
    --------
    >>> import tensorflow as tf
    >>> import tflearnkit as learn
    >>> from sklearn.datasets import load_breast_cancer
    >>> def model_fn(features, targets):
    ...     logits = learn.layers.linear(learn.layers.batch_norm(features, 0.9), 1)[:, 0]
    ...     loss = learn.losses.sigmoid_cross_entropy(logits, targets)
    ...     step = learn.layers.optimize_loss(loss, learning_rate=0.1, optimizer="Adam")
    ...     return tf.sigmoid(logits), loss, step
    >>> X, y = load_breast_cancer(return_X_y=True)
    >>> model = learn.LogisticRegressor(model_fn, [0.3, 0.5], random_state=0).fit(X, y, steps=300)
    >>> report = model.evaluate(X, y)
    >>> report["auc"] > 0.98, report["accuracy/threshold_0.300000_mean"] > 0.95
    (True, True)
    """

    AUC = "auc"
    PREDICTION_MEAN = "labels/prediction_mean"
    TARGET_MEAN = "labels/actual_label_mean"
    ACCURACY_BASELINE = "accuracy/baseline_label_mean"
    ACCURACY_MEAN = "accuracy/threshold_%f_mean"
    PRECISION_MEAN = "precision/positive_threshold_%f_mean"
    RECALL_MEAN = "recall/positive_threshold_%f_mean"

    _needs_targets = True
    _several_targets = _signed_weights = False

    def __init__(
        self,
        model_fn=None,
        thresholds=None,
        model_dir=None,
        config=None,
        feature_engineering_fn=None,
        *,
        params=None,
        steps=None,
        epochs=None,
        batch_size=None,
        random_state=None,
        verbose=0,
        warm_start_from=None,
    ):
        self.model_fn = model_fn
        self.thresholds = thresholds
        self.model_dir = model_dir
        self.config = config
        self.feature_engineering_fn = feature_engineering_fn
        self.params = params
        self.steps = steps
        self.epochs = epochs
        self.batch_size = batch_size
        self.random_state = random_state
        self.verbose = verbose
        self.warm_start_from = warm_start_from

    def _begin(self, source, asked) -> FittedFunction:
        task = self._task()
        task.encode(source.sample.y)
        return replace(super()._begin(source, asked), task=task)

    def _revived(self, found) -> FittedFunction:
        return replace(super()._revived(found), task=self._task())

    def _task(self) -> ProbabilityTask:
        thresholds = [0.5] if self.thresholds is None else self.thresholds
        listed = isinstance(thresholds, list | tuple) or getattr(thresholds, "ndim", 0) == 1
        if not listed or not all(isinstance(t, Real) and 0 <= t <= 1 for t in thresholds):
            raise ValueError(
                f"thresholds should be a list of numbers from 0 to 1. Got {self.thresholds!r}: "
                "pass such, for example [0.5]."
            )
        return ProbabilityTask(thresholds=tuple(map(float, thresholds)))
