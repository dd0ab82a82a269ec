"""Linear models: solved exactly in memory, by mini-batches elsewhere."""

from __future__ import annotations

from functools import partial

import numpy as np

from tflearnkit.columns import StandardizedColumn, check_feature_columns
from tflearnkit.engines import newton
from tflearnkit.estimators.additive import AdditiveEstimator
from tflearnkit.estimators.blueprint import WidePart
from tflearnkit.estimators.classifier import ClassifierFace
from tflearnkit.estimators.model import FittedModel
from tflearnkit.estimators.occurring import Occurring
from tflearnkit.estimators.regressor import RegressorFace
from tflearnkit.estimators.sources import StreamSource
from tflearnkit.parts import Wide

__all__ = ["LinearClassifier", "LinearRegressor"]

_LOSSES = {
    "binary": "logistic",
    "multilabel": "logistic",
    "multiclass": "softmax",
    "regression": "squared",
}


class _Linear(AdditiveEstimator):
    """A wide side and nothing else, solved exactly where that is possible."""

    def _sides(self):
        columns = self.feature_columns
        columns = None if columns is None else check_feature_columns(columns)
        return WidePart(columns, self.optimizer), None

    def _solve(self, model: FittedModel, source, asked) -> FittedModel | None:
        if self._needs_steps(source, asked) or model.task.n_outputs == 0:
            return None
        solver = partial(_solve, task=model.task, l2=self.l2_regularization)
        return solve_exactly(model, source.sample, solver)

    def _needs_steps(self, source, asked) -> bool:
        """Return whether anything asks for mini-batches: a stream, an optimizer, a monitor..."""
        return (
            asks_for_steps(self, source, asked)
            or self.l1_regularization > 0
            or self.gradient_clip_norm is not None
            or self.enable_centered_bias
        )

    def _fitted_attributes(self, model: FittedModel) -> dict:
        coef, intercept = raw_coefficients(model)
        if model.task.kind == "regression":
            coef = coef * np.array(model.task.scale)[:, None]
            intercept = intercept * model.task.scale + model.task.mean
            if model.task.one_d:
                coef, intercept = coef[0], float(intercept[0])
        return super()._fitted_attributes(model) | {"coef_": coef, "intercept_": intercept}


def asks_for_steps(estimator, source, asked) -> bool:
    """Return whether mini-batches are asked for by what every estimator understands."""
    return (
        isinstance(source, StreamSource)
        or estimator.optimizer is not None
        or estimator.learning_rate is not None
        or estimator.early_stopping
        or asked.bounded
        or bool(asked.monitors)
    )


def solve_exactly(model: FittedModel, sample, solver) -> FittedModel | None:
    """Return the linear model of the coefficients that ``solver`` finds, None where it finds none.

    ``solver(dense, ids, id_weights, n_ids, targets, weights)`` gets encoded rows and targets.
    """
    table, y, weights = sample
    occurring = Occurring.of(model, model.columns.encode(table))
    encoded = occurring.encoded
    wide: Wide = occurring.model.parts[0]
    ids, counts = _ids(wide, encoded)
    solution = solver(encoded.dense, ids, counts, wide.n_ids, model.task.encode(y), weights)
    if solution is None:
        return None
    state = {
        "linear/bias_weight": solution.intercept,
        "linear/dense": solution.dense_coef,
        "linear/table": solution.id_coef,
    }
    state = {s.name: state[s.name].astype(np.float32) for s in wide.storages}
    return model.with_state(occurring.expanded(state), model.step + solution.n_iter)


def _solve(dense, ids, id_weights, n_ids, targets, weights, task, l2: float):
    """Return what minimises the mean loss plus ``l2 / 2 * |w|^2``."""
    if task.kind == "multiclass":
        targets = np.eye(task.n_outputs)[targets]
    if task.kind == "regression":
        l2 = l2 / 2  # the solver halves the squared error
    return newton.solve(dense, ids, id_weights, n_ids, targets, weights, _LOSSES[task.kind], l2)


def _ids(wide: Wide, encoded):
    """Return the ids of all rows in the joint table and what each counts (None: 1)."""
    if not wide.ids:
        return None, None
    if encoded.id_weights is None and set(encoded.widths) == {1}:
        # the only part of a model has all id columns, in their order
        ids = encoded.ids + np.array([table.start for table in wide.id_tables], encoded.ids.dtype)
        ids[encoded.ids < 0] = -1
        return ids, None
    features = {"ids": encoded.ids, "id_weights": encoded.id_weights}
    ids, counts = (found.numpy() for found in wide.joint_ids(features, encoded.widths))
    return ids, counts


def raw_coefficients(model: FittedModel) -> tuple[np.ndarray, np.ndarray]:
    """Return ``(K, features)`` weights and ``(K,)`` intercepts in the unit of the raw features."""
    named = model.parts[0].variables(model.weights)
    intercept = named["linear/bias_weight"].astype(np.float64)
    pieces = []
    for column in model.columns.dense:
        weights = named[f"linear/{column.name}/weight"].astype(np.float64)
        if isinstance(column, StandardizedColumn):
            width = len(column.scale)
            weights[:width] /= np.array(column.scale)[:, None]
            intercept = intercept - np.array(column.mean) @ weights[:width]
        pieces.append(weights)
    pieces += [named[f"linear/{column.name}/weights"] for column in model.columns.ids]
    return np.concatenate(pieces).T, intercept


class LinearClassifier(ClassifierFace, _Linear):
    """A linear model that classifies: logistic regression on any table.

    The estimator to start with: exact, fast and explainable. It has a weight for each number and
    each category; what depends on features together needs `crossed_column` or a network. In
    memory and without a named optimizer the optimum is solved for (Newton's method, with
    conjugate gradients for wide data); streams, ``partial_fit``, named optimizers, monitors, L1
    and any of ``steps``, ``epochs``, ``max_steps`` train by mini-batches.

    Parameters
    ----------
    feature_columns : list of columns, optional
        What each raw feature means. None infers it: numbers are standardised, strings and
        categories become vocabularies, missing values are marked.
    model_dir : path, optional
        Folder of checkpoints and TensorBoard files. With it ``fit`` resumes.
    n_classes : int >= 2, optional
        None learns the classes from ``y`` (2 where ``y`` is streamed).
    weight_column_name : str, optional
        A column of ``X`` that holds the weight of each row.
    optimizer : str, Keras optimizer, Keras schedule or function, optional
        SGD, Momentum, Adagrad, Adadelta, Adam, AdamW, RMSProp, Ftrl, Lion, ... None solves
        exactly where it can, and is Adam elsewhere.
    gradient_clip_norm : float > 0, optional
        Largest global norm of a gradient.
    enable_centered_bias : bool, default=False
        Whether a bias learns the classes' shares by itself.
    config : RunConfig, optional
        How often to save and report.
    l1_regularization, l2_regularization : float >= 0, default=0, 1e-4
        Weight of ``sum |w|`` and ``sum w^2 / 2`` beside the mean loss. With features as they are
        given, ``l2_regularization=1 / (C * n)`` is scikit-learn's ``C``; inferred numeric columns
        are standardised first.
    class_weight : dict or "balanced", optional
        Weights of the classes; "balanced" gives each the same total.
    learning_rate : float > 0 or Keras schedule, optional
        Rate of an optimizer given by name; None is the name's own.
    steps, epochs, batch_size : int > 0, optional
        How long and in what batches to train by mini-batches.
    early_stopping, validation_fraction, n_iter_no_change, random_state, verbose
        As in `DNNClassifier`.

    Attributes
    ----------
    coef_ : array of shape (1 or n_classes, features)
        Weights in the unit of the raw features: numbers first (a marker of missing ones behind
        each column that had them), then categories.
    intercept_ : array of shape (1 or n_classes,)
    classes_ : array
        The labels, sorted.
    history_ : dict of lists
        Losses by step, where mini-batches were used.
    n_features_in_ : int
    feature_names_in_ : array of str
        Where ``X`` had names.

    References
    ----------
    Lin, Weng and Keerthi (2008), "Trust region Newton method for large-scale logistic
    regression". McMahan et al. (2013), "Ad click prediction: a view from the trenches" (Ftrl).

    Examples
    --------
    >>> from sklearn.datasets import load_breast_cancer
    >>> import tflearnkit as learn
    >>> X, y = load_breast_cancer(return_X_y=True)
    >>> clf = learn.LinearClassifier().fit(X, y)
    >>> clf.coef_.shape
    (1, 30)
    >>> clf.score(X, y) > 0.98
    True
    """

    def __init__(
        self,
        feature_columns=None,
        model_dir=None,
        n_classes=None,
        weight_column_name=None,
        optimizer=None,
        gradient_clip_norm=None,
        enable_centered_bias=False,
        config=None,
        *,
        l1_regularization=0.0,
        l2_regularization=1e-4,
        class_weight=None,
        learning_rate=None,
        steps=None,
        epochs=None,
        batch_size=None,
        early_stopping=False,
        validation_fraction=0.1,
        n_iter_no_change=10,
        random_state=None,
        verbose=0,
    ):
        self.feature_columns = feature_columns
        self.model_dir = model_dir
        self.n_classes = n_classes
        self.weight_column_name = weight_column_name
        self.optimizer = optimizer
        self.gradient_clip_norm = gradient_clip_norm
        self.enable_centered_bias = enable_centered_bias
        self.config = config
        self.l1_regularization = l1_regularization
        self.l2_regularization = l2_regularization
        self.class_weight = class_weight
        self.learning_rate = learning_rate
        self.steps = steps
        self.epochs = epochs
        self.batch_size = batch_size
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.n_iter_no_change = n_iter_no_change
        self.random_state = random_state
        self.verbose = verbose


class LinearRegressor(RegressorFace, _Linear):
    """A linear model that predicts one number or several: least squares on any table.

    In memory and without a named optimizer the least squares problem is solved exactly, without
    a penalty by default; everything else is as in `LinearClassifier`.

    Parameters
    ----------
    feature_columns, model_dir, weight_column_name, optimizer, gradient_clip_norm, \
enable_centered_bias, config, learning_rate, steps, epochs, batch_size, early_stopping, \
validation_fraction, n_iter_no_change, random_state, verbose
        As in `LinearClassifier`.
    l1_regularization, l2_regularization : float >= 0, default=0
        Weight of ``sum |w|`` and ``sum w^2 / 2`` beside the mean squared error of standardised
        targets.

    Attributes
    ----------
    coef_ : array of shape (features,) or (n_outputs, features)
        Weights in the unit of the raw features and of the targets.
    intercept_ : float or array of shape (n_outputs,)
    history_ : dict of lists
        Losses by step, where mini-batches were used.
    n_features_in_ : int
    feature_names_in_ : array of str
        Where ``X`` had names.

    References
    ----------
    Any text on least squares; the normal equations are solved by Cholesky's method in float64.

    Examples
    --------
    >>> import numpy as np
    >>> import tflearnkit as learn
    >>> X = np.arange(6.0)[:, None]
    >>> reg = learn.LinearRegressor().fit(X, 2 * X[:, 0] + 1)
    >>> reg.coef_.round(4), round(reg.intercept_, 4)
    (array([2.]), 1.0)
    """

    def __init__(
        self,
        feature_columns=None,
        model_dir=None,
        weight_column_name=None,
        optimizer=None,
        gradient_clip_norm=None,
        enable_centered_bias=False,
        config=None,
        *,
        l1_regularization=0.0,
        l2_regularization=0.0,
        learning_rate=None,
        steps=None,
        epochs=None,
        batch_size=None,
        early_stopping=False,
        validation_fraction=0.1,
        n_iter_no_change=10,
        random_state=None,
        verbose=0,
    ):
        self.feature_columns = feature_columns
        self.model_dir = model_dir
        self.weight_column_name = weight_column_name
        self.optimizer = optimizer
        self.gradient_clip_norm = gradient_clip_norm
        self.enable_centered_bias = enable_centered_bias
        self.config = config
        self.l1_regularization = l1_regularization
        self.l2_regularization = l2_regularization
        self.learning_rate = learning_rate
        self.steps = steps
        self.epochs = epochs
        self.batch_size = batch_size
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.n_iter_no_change = n_iter_no_change
        self.random_state = random_state
        self.verbose = verbose
