"""TensorForestEstimator: a random forest under TF.Learn's names."""

from __future__ import annotations

import math
from numbers import Integral, Real

from sklearn.base import RegressorMixin
from sklearn.utils import RegressorTags
from sklearn.utils._param_validation import Interval, validate_parameter_constraints
from sklearn.utils.metaestimators import available_if

from tflearnkit.engines.forest_growth import Settings
from tflearnkit.estimators.bagged import BaggedForest
from tflearnkit.estimators.classifier import ClassifierFace
from tflearnkit.estimators.forest import n_threads
from tflearnkit.estimators.forest_model import FittedForest
from tflearnkit.tasks import infer_regression

__all__ = ["ForestHParams", "TensorForestEstimator"]

_COUNT = Interval(Integral, 1, None, closed="left")
_NOT_NEGATIVE = Interval(Integral, 0, None, closed="left")
_SHARE = Interval(Real, 0, 1, closed="right")
_CONSTRAINTS = {
    "num_trees": [_COUNT],
    "max_nodes": [_COUNT],
    "bagging_fraction": [_SHARE],
    "num_splits_to_consider": [_NOT_NEGATIVE],
    "feature_bagging_fraction": [_SHARE],
    "valid_leaf_threshold": [_COUNT],
    "base_random_seed": [_NOT_NEGATIVE],
    "num_classes": [_COUNT],
    "num_features": [_COUNT],
    "regression": ["boolean"],
}


class ForestHParams:
    """The parameters of a `TensorForestEstimator`.

    Parameters
    ----------
    num_trees : int >= 1, default=100
    max_nodes : int >= 1, default=10000
        Nodes of a tree, leaves included; where the rows would make more, it grows best first.
    bagging_fraction : float in (0, 1], default=1
        The share of the rows drawn, with replacement, for each tree.
    num_splits_to_consider : int >= 0, default=0
        How many features are looked at for each split; 0 means the root of their number, and at
        least 10.
    feature_bagging_fraction : float in (0, 1], default=1
        The largest share of the features that are looked at for a split (not for a tree).
    valid_leaf_threshold : int >= 1, default=1
        Rows in a leaf at the least.
    max_fertile_nodes, split_after_samples, min_split_samples : int
        They paced growth on a stream, and change nothing where trees see all rows.
    **kwargs
        ``num_classes`` (of a regression the outputs), ``num_features``, ``regression``,
        ``base_random_seed`` (what decides where the estimator's ``random_state`` is None; 0 leaves
        it to chance), and anything else to keep. Classes and features are learned from the data
        where they are left out.

    Examples
    --------
    >>> params = ForestHParams(num_trees=3, num_classes=2, num_features=60).fill()
    >>> params.num_splits_to_consider, params.num_output_columns
    (10, 3)
    """

    def __init__(
        self,
        num_trees=100,
        max_nodes=10000,
        bagging_fraction=1.0,
        num_splits_to_consider=0,
        feature_bagging_fraction=1.0,
        max_fertile_nodes=0,
        split_after_samples=250,
        min_split_samples=5,
        valid_leaf_threshold=1,
        **kwargs,
    ):
        self.num_trees = num_trees
        self.max_nodes = max_nodes
        self.bagging_fraction = bagging_fraction
        self.num_splits_to_consider = num_splits_to_consider
        self.feature_bagging_fraction = feature_bagging_fraction
        self.max_fertile_nodes = max_fertile_nodes
        self.split_after_samples = split_after_samples
        self.min_split_samples = min_split_samples
        self.valid_leaf_threshold = valid_leaf_threshold
        self.__dict__.update(kwargs)

    def __repr__(self) -> str:
        given = ", ".join(f"{name}={value!r}" for name, value in self.values().items())
        return f"ForestHParams({given})"

    def values(self) -> dict:
        """Return all parameters by name."""
        return dict(self.__dict__)

    def get_params(self, deep=True) -> dict:
        """Return all parameters by name, as scikit-learn asks for them."""
        return self.values()

    def set_params(self, **params) -> ForestHParams:
        """Set parameters, as scikit-learn does in a search; return self."""
        self.__dict__.update(params)
        return self

    def fill(self) -> ForestHParams:
        """Work out what follows from the rest; return self.

        Raises
        ------
        AttributeError
            If ``num_classes`` or ``num_features`` is missing.
        """
        self.regression = getattr(self, "regression", False)
        self.num_outputs = self.num_classes if self.regression else 1
        self.num_output_columns = self.num_classes + 1
        self.bagged_num_features = int(self.feature_bagging_fraction * self.num_features)
        self.num_splits_to_consider = self.num_splits_to_consider or _n_splits(self.num_features)
        self.max_fertile_nodes = self.max_fertile_nodes or min(
            max(math.ceil(self.max_nodes / self.num_splits_to_consider), 1000),
            math.ceil(self.max_nodes / 2),
        )
        self.base_random_seed = getattr(self, "base_random_seed", 0)
        return self


def _n_splits(n_features: int) -> int:
    return min(max(10, math.isqrt(n_features)), 1000)


def _classifies(estimator) -> bool:
    if estimator._regresses:
        raise AttributeError("A forest with regression=True predicts numbers, no classes.")
    return True


class TensorForestEstimator(ClassifierFace, BaggedForest):
    """A random forest under TF.Learn's names; it classifies or predicts numbers.

    The trees are those of `RandomForestClassifier` and `RandomForestRegressor`, which say more of
    them; choose these unless you come from TF.Learn. Here `ForestHParams` says how they grow.

    Parameters
    ----------
    params : ForestHParams, optional
        ``regression=True`` in it makes the forest predict numbers; None takes the defaults.
    model_dir : path, optional
        Folder of checkpoints and TensorBoard files. With it ``fit`` resumes.
    feature_columns : list of columns, optional
        What each raw feature means; None infers it.
    weight_column_name : str, optional
        A column of ``X`` that holds the weight of each row.
    config : RunConfig, optional
        How often to save and report, and which workers share the growth, as in
        `RandomForestClassifier`.
    random_state : int, RandomState or None, optional
        Decides rows and features at random; None leaves it to ``params.base_random_seed``.
    n_jobs : int, optional
        Threads that grow trees; None and -1 take all processors.
    verbose : int, default=0
        1 shows a progress bar.

    Attributes
    ----------
    classes_ : array
        The labels, sorted; where it classifies.
    feature_importances_ : array of shape (n_features_in_,)
        How much each feature's splits gained.
    history_ : dict of lists
        The out-of-bag loss by tree, where somebody looked: with monitors, ``verbose`` or
        ``model_dir``.
    n_features_in_ : int
    feature_names_in_ : array of str
        Where ``X`` had names.

    Notes
    -----
    A step is a tree: ``fit(steps=100)`` grows up to 100 more, but never more than ``num_trees``
    in all. ``LossMonitor`` looks at the out-of-bag loss. Where TF.Learn grew extremely random trees
    on a stream of batches, these see all rows and look for the best split of some features.

    References
    ----------
    Breiman (2001), "Random forests". Colthurst et al. (2016), "TensorForest: scalable random
    forests on TensorFlow".

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> import tflearnkit as learn
    >>> X, y = load_iris(return_X_y=True)
    >>> params = learn.ForestHParams(num_trees=20, num_classes=3, num_features=4)
    >>> forest = learn.TensorForestEstimator(params, random_state=0)
    >>> stop = learn.monitors.LossMonitor(early_stopping_rounds=100, check_every_n_steps=100)
    >>> forest.fit(X, y, steps=100, monitors=[stop]).evaluate(X, y)["accuracy"] > 0.9
    True
    """

    bootstrap, warm_start = True, False
    max_samples = class_weight = None
    prior_weight = 0.1  # the default of `RandomForestClassifier`

    def __init__(
        self,
        params=None,
        model_dir=None,
        feature_columns=None,
        weight_column_name=None,
        config=None,
        *,
        random_state=None,
        n_jobs=None,
        verbose=0,
    ):
        self.params = params
        self.model_dir = model_dir
        self.feature_columns = feature_columns
        self.weight_column_name = weight_column_name
        self.config = config
        self.random_state = random_state
        self.n_jobs = n_jobs
        self.verbose = verbose

    @available_if(_classifies)
    def predict_proba(self, X=None, *, x=None, input_fn=None, batch_size=None, as_iterable=False):
        """Return probabilities, in the order of ``classes_``, as ``predict`` does labels."""
        return super().predict_proba(
            X, x=x, input_fn=input_fn, batch_size=batch_size, as_iterable=as_iterable
        )

    @available_if(_classifies)
    def predict_log_proba(self, X=None, *, input_fn=None, batch_size=None):
        """Return the logarithms of ``predict_proba``."""
        return super().predict_log_proba(X, input_fn=input_fn, batch_size=batch_size)

    @available_if(_classifies)
    def decision_function(self, X=None, *, input_fn=None, batch_size=None):
        """Return the log-odds of the probabilities."""
        return super().decision_function(X, input_fn=input_fn, batch_size=batch_size)

    def score(self, X, y, sample_weight=None) -> float:
        """Return the accuracy, or of numbers R squared."""
        mixin = RegressorMixin if self._regresses else ClassifierFace
        return mixin.score(self, X, y, sample_weight)

    @property
    def n_classes(self) -> int | None:
        """How many classes there are, where ``params`` says so."""
        found = getattr(self._params, "num_classes", None)
        return None if found == 1 else found  # one that is learned from the labels

    @property
    def _params(self) -> ForestHParams:
        return ForestHParams() if self.params is None else self.params

    @property
    def _regresses(self) -> bool:
        return bool(getattr(self._params, "regression", False))

    def _saved_parameters(self) -> dict:
        found = super()._saved_parameters()
        if isinstance(self.params, ForestHParams):
            found["params"] = self.params.values()
        return found

    @classmethod
    def _of_saved(cls, parameters: dict):
        params = parameters.get("params")
        if isinstance(params, dict):
            parameters = parameters | {"params": ForestHParams(**params)}
        return cls(**parameters)

    def _n_trees(self) -> int:
        return self._params.num_trees

    def _check(self, asked) -> None:
        if not isinstance(self._params, ForestHParams):
            raise ValueError(
                f"params should be ForestHParams. Got {self.params!r}: pass "
                "ForestHParams(num_trees=..., max_nodes=...)."
            )
        given = self._params.values()
        known = {name: rule for name, rule in _CONSTRAINTS.items() if name in given}
        validate_parameter_constraints(
            known, {name: given[name] for name in known}, caller_name="ForestHParams"
        )
        super()._check(asked)
        wanted = given.get("num_features", self.n_features_in_)
        if wanted != self.n_features_in_ and not self._has_explicit_columns():
            raise ValueError(
                f"params.num_features should be the number of features of X, "
                f"{self.n_features_in_}. Got {wanted}: correct it, or leave it out."
            )

    def _draw_seed(self) -> int:
        given = getattr(self._params, "base_random_seed", 0)
        return int(given) if given and self.random_state is None else super()._draw_seed()

    def _settings(self, model: FittedForest, n_rows: int) -> Settings:
        params, n_features = self._params, len(model.forest.n_categories)
        n_splits = params.num_splits_to_consider or _n_splits(n_features)
        share = math.ceil(params.feature_bagging_fraction * n_features)
        n_leaves = max(2, (params.max_nodes + 1) // 2)
        return Settings(
            None,
            n_leaves if n_rows > n_leaves * params.valid_leaf_threshold else None,
            params.valid_leaf_threshold,
            max(1, min(n_splits, share)),
            params.bagging_fraction,
            n_threads=n_threads(self.n_jobs),
        )

    def _infer_task(self, y, weights, classes, streaming: bool):
        if not self._regresses:
            return super()._infer_task(y, weights, classes, streaming)
        task = infer_regression(y, weights)
        wanted = getattr(self._params, "num_classes", task.n_outputs)
        if wanted != task.n_outputs:
            raise ValueError(
                f"params.num_classes should be the number of outputs, as y has {task.n_outputs}, "
                f"where regression=True. Got {wanted}: correct it, or leave it out."
            )
        return task

    def _fitted_attributes(self, model: FittedForest) -> dict:
        found = super()._fitted_attributes(model)
        if self._regresses:
            del found["classes_"]
        return found

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        if self._regresses:
            tags.estimator_type = "regressor"
            tags.classifier_tags, tags.regressor_tags = None, RegressorTags()
        return tags
