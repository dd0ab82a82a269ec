"""Wide and deep: a linear model and a network, trained together."""

from __future__ import annotations

from tflearnkit.columns import check_feature_columns
from tflearnkit.estimators.additive import AdditiveEstimator
from tflearnkit.estimators.blueprint import DeepPart, WidePart
from tflearnkit.estimators.classifier import ClassifierFace
from tflearnkit.estimators.parameters import check_activation, check_hidden_units
from tflearnkit.estimators.regressor import RegressorFace

__all__ = ["DNNLinearCombinedClassifier", "DNNLinearCombinedRegressor"]


class _DNNLinearCombined(AdditiveEstimator):
    """A wide and a deep side; one whose columns are not given where the other's are is absent."""

    def _sides(self):
        wide, deep = self.linear_feature_columns, self.dnn_feature_columns
        if wide is None and deep is None:
            return self._wide(None), self._deep(None)
        if not wide and not deep:
            raise ValueError(
                "Either linear_feature_columns or dnn_feature_columns must be defined. Both are "
                "empty: give columns, or leave both out to have them inferred."
            )
        return (self._wide(wide) if wide else None), (self._deep(deep) if deep else None)

    def _wide(self, columns) -> WidePart:
        if columns is not None:
            columns = check_feature_columns(columns, "linear_feature_columns")
        return WidePart(columns, self.linear_optimizer)

    def _deep(self, columns) -> DeepPart:
        units = () if self.dnn_hidden_units is None else self.dnn_hidden_units
        hidden_units = check_hidden_units(units, "dnn_hidden_units")
        if columns is not None:
            columns = check_feature_columns(columns, "dnn_feature_columns")
        if not hidden_units:
            raise ValueError(
                "dnn_hidden_units must be defined when dnn_feature_columns is specified. Got "
                f"{self.dnn_hidden_units!r}: give the units of each hidden layer."
            )
        return DeepPart(
            columns,
            self.dnn_optimizer,
            hidden_units,
            check_activation(self.dnn_activation_fn, "dnn_activation_fn"),
            self.dnn_dropout or 0.0,
            self.batch_norm,
        )


class DNNLinearCombinedClassifier(ClassifierFace, _DNNLinearCombined):
    """A wide (linear) and a deep (network) part that classify together.

    The wide part remembers: a weight for each category and each cross of categories. The deep
    part generalises: vectors for categories, layers over all features. Their scores add up and
    both learn from the same loss, each with its own optimizer. The estimator to reach for on
    tables with many categories; for numbers alone `DNNClassifier` does as well.

    Parameters
    ----------
    model_dir : path, optional
        Folder of checkpoints and TensorBoard files. With it ``fit`` resumes.
    n_classes : int >= 2, optional
        None learns the classes from ``y`` (2 where ``y`` is streamed).
    weight_column_name : str, optional
        A column of ``X`` that holds the weight of each row.
    linear_feature_columns, dnn_feature_columns : list of columns, optional
        What each part sees. Both None: inferred for both. A part whose columns are not given
        where the other's are is left out.
    linear_optimizer, dnn_optimizer : str, Keras optimizer, Keras schedule or function, optional
        As ``optimizer`` of `DNNClassifier`, one for each part.
    dnn_hidden_units : tuple of int, default=(128, 64)
        Units of each hidden layer.
    dnn_activation_fn : str, callable or None, default="relu"
        What follows each hidden layer.
    dnn_dropout : float in [0, 1) or None, default=0.1
        Probability of dropping a hidden unit in training.
    gradient_clip_norm, enable_centered_bias, config, batch_norm, l1_regularization, \
l2_regularization, class_weight, learning_rate, steps, epochs, batch_size, early_stopping, \
validation_fraction, n_iter_no_change, random_state, verbose
        As in `DNNClassifier`; ``learning_rate`` is that of both optimizers.

    Attributes
    ----------
    classes_ : array
        The labels, sorted.
    history_ : dict of lists
        Training and validation losses by step.
    n_features_in_ : int
    feature_names_in_ : array of str
        Where ``X`` had names.

    References
    ----------
    Cheng et al. (2016), "Wide & deep learning for recommender systems", arXiv:1606.07792.

    Examples
    --------
    >>> import pandas as pd
    >>> import tflearnkit as learn
    >>> X = pd.DataFrame({"city": ["Rome", "Oslo", "Rome", None] * 20,
    ...                   "age": [30.0, None, 50.0, 20.0] * 20})
    >>> y = ["yes", "no", "yes", "no"] * 20
    >>> clf = learn.DNNLinearCombinedClassifier(random_state=0).fit(X, y)
    >>> clf.predict(X[:2]).tolist()
    ['yes', 'no']
    """

    def __init__(
        self,
        model_dir=None,
        n_classes=None,
        weight_column_name=None,
        linear_feature_columns=None,
        linear_optimizer=None,
        dnn_feature_columns=None,
        dnn_optimizer=None,
        dnn_hidden_units=(128, 64),
        dnn_activation_fn="relu",
        dnn_dropout=0.1,
        gradient_clip_norm=None,
        enable_centered_bias=False,
        config=None,
        *,
        batch_norm=False,
        l1_regularization=0.0,
        l2_regularization=None,
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
        self.model_dir = model_dir
        self.n_classes = n_classes
        self.weight_column_name = weight_column_name
        self.linear_feature_columns = linear_feature_columns
        self.linear_optimizer = linear_optimizer
        self.dnn_feature_columns = dnn_feature_columns
        self.dnn_optimizer = dnn_optimizer
        self.dnn_hidden_units = dnn_hidden_units
        self.dnn_activation_fn = dnn_activation_fn
        self.dnn_dropout = dnn_dropout
        self.gradient_clip_norm = gradient_clip_norm
        self.enable_centered_bias = enable_centered_bias
        self.config = config
        self.batch_norm = batch_norm
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


class DNNLinearCombinedRegressor(RegressorFace, _DNNLinearCombined):
    """A wide (linear) and a deep (network) part that predict numbers together.

    The targets are standardised inside, so that their unit does not matter. See
    `DNNLinearCombinedClassifier` for what each part does.

    Parameters
    ----------
    model_dir, weight_column_name, linear_feature_columns, linear_optimizer, \
dnn_feature_columns, dnn_optimizer, dnn_hidden_units, dnn_activation_fn, dnn_dropout, \
gradient_clip_norm, enable_centered_bias, config, batch_norm, l1_regularization, \
l2_regularization, learning_rate, steps, epochs, batch_size, early_stopping, \
validation_fraction, n_iter_no_change, random_state, verbose
        As in `DNNLinearCombinedClassifier`.

    Attributes
    ----------
    history_ : dict of lists
        Training and validation losses (squared errors in the targets' unit) by step.
    n_features_in_ : int
    feature_names_in_ : array of str
        Where ``X`` had names.

    References
    ----------
    As in `DNNLinearCombinedClassifier`.

    Examples
    --------
    >>> from sklearn.datasets import load_diabetes
    >>> import tflearnkit as learn
    >>> X, y = load_diabetes(return_X_y=True, as_frame=True)
    >>> reg = learn.DNNLinearCombinedRegressor(random_state=0).fit(X, y)
    >>> reg.predict(X[:3]).shape
    (3,)
    """

    def __init__(
        self,
        model_dir=None,
        weight_column_name=None,
        linear_feature_columns=None,
        linear_optimizer=None,
        dnn_feature_columns=None,
        dnn_optimizer=None,
        dnn_hidden_units=(128, 64),
        dnn_activation_fn="relu",
        dnn_dropout=0.1,
        gradient_clip_norm=None,
        enable_centered_bias=False,
        config=None,
        *,
        batch_norm=False,
        l1_regularization=0.0,
        l2_regularization=None,
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
        self.model_dir = model_dir
        self.weight_column_name = weight_column_name
        self.linear_feature_columns = linear_feature_columns
        self.linear_optimizer = linear_optimizer
        self.dnn_feature_columns = dnn_feature_columns
        self.dnn_optimizer = dnn_optimizer
        self.dnn_hidden_units = dnn_hidden_units
        self.dnn_activation_fn = dnn_activation_fn
        self.dnn_dropout = dnn_dropout
        self.gradient_clip_norm = gradient_clip_norm
        self.enable_centered_bias = enable_centered_bias
        self.config = config
        self.batch_norm = batch_norm
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
