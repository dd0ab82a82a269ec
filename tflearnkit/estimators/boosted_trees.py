"""Boosted trees: tf.estimator's words, reconciled with scikit-learn's."""

from __future__ import annotations

import numpy as np

from tflearnkit.engines.forest_boosting import initial_scores
from tflearnkit.engines.forest_growth import Settings
from tflearnkit.estimators.classifier import ClassifierFace
from tflearnkit.estimators.forest import (
    ForestEstimator,
    n_threads,
    number_of_features,
    rows_of_share,
)
from tflearnkit.estimators.forest_model import FittedForest
from tflearnkit.estimators.forest_trainee import BoostingTrainee, indicators
from tflearnkit.estimators.regressor import RegressorFace

__all__ = ["BoostedTreesClassifier", "BoostedTreesRegressor"]


class _BoostedTrees(ForestEstimator):
    """Trees that each correct what those before them leave."""

    def _n_trees(self) -> int:
        return self.n_trees if self.n_estimators is None else self.n_estimators

    def _base(self, task, targets: np.ndarray, weights: np.ndarray) -> np.ndarray:
        return initial_scores(task.kind, indicators(task, targets), weights)

    def _base_weight(self, task) -> None:
        return None

    def _trainee(self, model: FittedForest, source, asked, onward: bool) -> BoostingTrainee:
        rows = source.sample
        last, first = self._steps(model, asked, onward)
        settings = self._settings(model, rows.table.n_rows)
        return BoostingTrainee(model, rows, settings, last, first)

    def _settings(self, model: FittedForest, n_rows: int) -> Settings:
        return Settings(
            self.max_depth,
            self.max_leaf_nodes,
            rows_of_share(self.min_samples_leaf, n_rows),
            number_of_features(self.max_features, len(model.forest.n_categories)),
            self.subsample,
            max_bins=self.max_bins,
            n_threads=max(2, n_threads(self.n_jobs)),  # one alone finds other splits
            learning_rate=self.learning_rate,
            l1=self.l1_regularization,
            l2=self.l2_regularization,
        )


class BoostedTreesClassifier(ClassifierFace, _BoostedTrees):
    """Gradient boosted trees that classify: each tree corrects what those before it leave.

    The estimator for tables of mixed columns when quality counts most: strings, categories and
    missing values go in as they are, and scales do not matter. Too many trees overfit: pass
    ``early_stopping=True``, or a `ValidationMonitor`. `RandomForestClassifier` needs no such care;
    trees do not extrapolate, as networks and linear models do. Growing takes Yggdrasil
    (``pip install 'tflearnkit[forest]'``); fitted models predict without it.

    Parameters
    ----------
    feature_columns : list of columns, optional
        What each raw feature means. None infers it: numbers (NaN goes where the mean would),
        strings, categories and booleans, lists of these.
    model_dir : path, optional
        Folder of checkpoints and TensorBoard files. With it ``fit`` resumes.
    n_classes : int >= 2, optional
        None learns the classes from ``y``.
    weight_column_name : str, optional
        A column of ``X`` that holds the weight of each row.
    n_trees : int >= 1, default=100
        Trees in all; for several classes or labels, trees for each.
    max_depth : int >= 1, optional
        Steps from a root to the deepest leaf; tf.estimator's default was 6.
    learning_rate : float > 0, default=0.1
        How much of its correction each tree adds. Smaller ones need more trees.
    l1_regularization, l2_regularization : float >= 0, default=0, 1
        What holds the values of leaves back: the L2 strength counts as rows would, each of weight
        1 and as much second derivative. It counts ten times where it is decided whether a set of
        categories splits.
    config : RunConfig, optional
        How often to save and report. Trees follow from one another, so that several workers share
        nothing: each grows all of them.
    n_estimators : int >= 1, optional
        scikit-learn's word for ``n_trees``; where given it is this that counts.
    min_samples_leaf : int >= 1 or float in (0, 1), default=5
        Rows in a leaf, or their share of all, at the least. Rows count, whatever they weigh.
    max_leaf_nodes : int >= 2 or None, default=31
        Trees grow best first up to so many leaves; None splits all that may be split, which
        ``max_depth`` should then limit.
    max_features : {"sqrt", "log2"}, int, float in (0, 1] or None, default=None
        How many features are looked at for each split, or their share of all; None looks at all.
        At least two are, if there are two.
    subsample : float in (0, 1], default=1
        The share of the rows that each tree is grown on.
    max_bins : int from 2 to 255 or None, default=255
        Puts numbers into so many bins of equal counts before: faster for many rows, and hardly
        worse. None splits anywhere.
    class_weight : dict or "balanced", optional
        Weights of the classes; "balanced" gives each the same total.
    early_stopping : bool, default=False
        Whether to hold rows out and stop where their loss shows no more progress; the trees up to
        the best are kept.
    validation_fraction : float in (0, 1), default=0.1
        The share of the rows held out.
    n_iter_no_change : int >= 1, default=10
        Trees without progress after which to stop.
    warm_start : bool, default=False
        Whether ``fit`` keeps the trees there are and adds those missing to ``n_trees``.
    n_jobs : int, optional
        Threads that grow trees, two at the least; None and -1 take all processors. The trees are
        the same whatever it is.
    random_state : int, RandomState or None, optional
        Decides what is drawn: rows, features, and those held out.
    verbose : int, default=0
        1 shows a progress bar.

    Attributes
    ----------
    classes_ : array
        The labels, sorted.
    feature_importances_ : array of shape (n_features_in_,)
        How much each feature's splits gained.
    history_ : dict of lists
        The training loss by tree, and that of rows held out.
    n_iter_ : int
        Trees there are (for each class).
    n_features_in_ : int
    feature_names_in_ : array of str
        Where ``X`` had names.

    Notes
    -----
    A step, the unit of monitors and of ``global_step``, is a tree (for each class or label).
    ``fit(steps=)`` stops earlier than ``n_trees``; ``partial_fit`` adds ``steps``, or ``n_trees``,
    more trees grown on further rows. All rows are held in memory, those of streams too; sparse
    matrices become dense.

    Splits and leaves follow the second-order expansion of the log loss. Weights count by their
    ratios. Of tf.estimator's parameters there is no ``n_batches_per_layer``, as trees see all
    rows, and no ``tree_complexity``, ``min_node_weight`` or ``pruning_mode``: see ``max_depth``,
    ``min_samples_leaf`` and ``l2_regularization``.

    References
    ----------
    Friedman (2001), "Greedy function approximation: a gradient boosting machine". Chen and
    Guestrin (2016), "XGBoost: a scalable tree boosting system". Guillame-Bert et al. (2023),
    "Yggdrasil Decision Forests: a fast and extensible decision forests library".

    Examples
    --------
    >>> from sklearn.datasets import load_breast_cancer
    >>> from sklearn.model_selection import train_test_split
    >>> import tflearnkit as learn
    >>> X, y = load_breast_cancer(return_X_y=True)
    >>> X, X_test, y, y_test = train_test_split(X, y, random_state=0)
    >>> clf = learn.BoostedTreesClassifier(early_stopping=True, random_state=0).fit(X, y)
    >>> clf.score(X_test, y_test) > 0.9
    True
    """

    def __init__(
        self,
        feature_columns=None,
        model_dir=None,
        n_classes=None,
        weight_column_name=None,
        n_trees=100,
        max_depth=None,
        learning_rate=0.1,
        l1_regularization=0.0,
        l2_regularization=1.0,
        config=None,
        *,
        n_estimators=None,
        min_samples_leaf=5,
        max_leaf_nodes=31,
        max_features=None,
        subsample=1.0,
        max_bins=255,
        class_weight=None,
        early_stopping=False,
        validation_fraction=0.1,
        n_iter_no_change=10,
        warm_start=False,
        n_jobs=None,
        random_state=None,
        verbose=0,
    ):
        self.feature_columns = feature_columns
        self.model_dir = model_dir
        self.n_classes = n_classes
        self.weight_column_name = weight_column_name
        self.n_trees = n_trees
        self.max_depth = max_depth
        self.learning_rate = learning_rate
        self.l1_regularization = l1_regularization
        self.l2_regularization = l2_regularization
        self.config = config
        self.n_estimators = n_estimators
        self.min_samples_leaf = min_samples_leaf
        self.max_leaf_nodes = max_leaf_nodes
        self.max_features = max_features
        self.subsample = subsample
        self.max_bins = max_bins
        self.class_weight = class_weight
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.n_iter_no_change = n_iter_no_change
        self.warm_start = warm_start
        self.n_jobs = n_jobs
        self.random_state = random_state
        self.verbose = verbose


class BoostedTreesRegressor(RegressorFace, _BoostedTrees):
    """Gradient boosted trees that predict one number or several.

    As `BoostedTreesClassifier`, for numbers: least squares. Several outputs have trees each. It
    does not predict beyond the targets it has seen.

    Parameters
    ----------
    feature_columns, model_dir, weight_column_name, n_trees, max_depth, learning_rate, \
l1_regularization, config, n_estimators, min_samples_leaf, max_leaf_nodes, max_features, \
subsample, max_bins, early_stopping, validation_fraction, n_iter_no_change, warm_start, n_jobs, \
random_state, verbose
        As in `BoostedTreesClassifier`.
    l2_regularization : float >= 0, default=1
        What holds the values of leaves back: it counts as so many rows of weight 1, and as ten
        times so many where it is decided whether a set of categories splits.

    Attributes
    ----------
    feature_importances_ : array of shape (n_features_in_,)
        How much each feature's splits gained.
    history_ : dict of lists
        The training loss by tree, and that of rows held out.
    n_iter_ : int
        Trees there are (for each output).
    n_features_in_ : int
    feature_names_in_ : array of str
        Where ``X`` had names.

    Notes
    -----
    Targets are standardised while trees grow, so that float32 does not lose their digits.

    References
    ----------
    Friedman (2001), "Greedy function approximation: a gradient boosting machine".

    Examples
    --------
    >>> from sklearn.datasets import load_diabetes
    >>> from sklearn.model_selection import train_test_split
    >>> import tflearnkit as learn
    >>> X, X_test, y, y_test = train_test_split(*load_diabetes(return_X_y=True), random_state=0)
    >>> reg = learn.BoostedTreesRegressor(n_trees=30, max_depth=3, random_state=0).fit(X, y)
    >>> reg.score(X_test, y_test) > 0.2
    True
    """

    def __init__(
        self,
        feature_columns=None,
        model_dir=None,
        weight_column_name=None,
        n_trees=100,
        max_depth=None,
        learning_rate=0.1,
        l1_regularization=0.0,
        l2_regularization=1.0,
        config=None,
        *,
        n_estimators=None,
        min_samples_leaf=5,
        max_leaf_nodes=31,
        max_features=None,
        subsample=1.0,
        max_bins=255,
        early_stopping=False,
        validation_fraction=0.1,
        n_iter_no_change=10,
        warm_start=False,
        n_jobs=None,
        random_state=None,
        verbose=0,
    ):
        self.feature_columns = feature_columns
        self.model_dir = model_dir
        self.weight_column_name = weight_column_name
        self.n_trees = n_trees
        self.max_depth = max_depth
        self.learning_rate = learning_rate
        self.l1_regularization = l1_regularization
        self.l2_regularization = l2_regularization
        self.config = config
        self.n_estimators = n_estimators
        self.min_samples_leaf = min_samples_leaf
        self.max_leaf_nodes = max_leaf_nodes
        self.max_features = max_features
        self.subsample = subsample
        self.max_bins = max_bins
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.n_iter_no_change = n_iter_no_change
        self.warm_start = warm_start
        self.n_jobs = n_jobs
        self.random_state = random_state
        self.verbose = verbose
