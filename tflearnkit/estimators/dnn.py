"""Deep neural networks: fully connected layers over numbers and embeddings."""

from __future__ import annotations

from tflearnkit.columns import check_feature_columns
from tflearnkit.estimators.additive import AdditiveEstimator
from tflearnkit.estimators.blueprint import DeepPart
from tflearnkit.estimators.classifier import ClassifierFace
from tflearnkit.estimators.parameters import check_activation, check_hidden_units
from tflearnkit.estimators.regressor import RegressorFace

__all__ = ["DNNClassifier", "DNNRegressor"]


class _DNN(AdditiveEstimator):
    """A deep side and nothing else."""

    def _sides(self):
        columns = self.feature_columns
        deep = DeepPart(
            None if columns is None else check_feature_columns(columns),
            self.optimizer,
            check_hidden_units(self.hidden_units),
            check_activation(self.activation_fn),
            self.dropout or 0.0,
            self.batch_norm,
        )
        return None, deep


class DNNClassifier(ClassifierFace, _DNN):
    """A deep neural network that classifies.

    The estimator to reach for when classes depend on many features together: it takes numbers,
    strings, categories and missing values as they are, learns vectors for categories, and gives
    probabilities. For few rows or a need to explain, prefer `LinearClassifier`; where crosses
    of rare categories matter, `DNNLinearCombinedClassifier`.

    Parameters
    ----------
    hidden_units : tuple of int, default=(128, 64)
        Units of each hidden layer; one number means one layer.
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
        SGD, Momentum, Adagrad, Adadelta, Adam, AdamW, RMSProp, Ftrl, Lion, ... None is Adam with
        a rate that falls to zero over the fit.
    activation_fn : str, callable or None, default="relu"
        What follows each hidden layer.
    dropout : float in [0, 1) or None, default=0.1
        Probability of dropping a hidden unit in training.
    gradient_clip_norm : float > 0, optional
        Largest global norm of a gradient.
    enable_centered_bias : bool, default=False
        Whether a bias learns the classes' shares by itself.
    config : RunConfig, optional
        How often to save and report.
    batch_norm : bool, default=False
        Whether hidden layers are normalised over the batch.
    l1_regularization : float >= 0, default=0
        Weight of ``sum |w|`` beside the mean loss, over all weights but biases and embeddings.
    l2_regularization : float >= 0, optional
        Weight of ``sum w^2 / 2`` likewise. None means 0.001 (regressors: 0.0001), and below 2000
        rows ``2000 / n`` times as much.
    class_weight : dict or "balanced", optional
        Weights of the classes; "balanced" gives each the same total.
    learning_rate : float > 0 or Keras schedule, optional
        Rate of an optimizer given by name; None is the name's own.
    steps, epochs, batch_size : int > 0, optional
        How long and in what batches ``fit`` trains; None chooses by the number of rows: as many
        passes as show the network 1.2 million, within 10 and 100, in batches of 128, or of 256
        from 40,000 rows on.
    early_stopping : bool, default=False
        Whether to hold out rows and stop when they show no more progress; the best weights stay.
    validation_fraction : float in (0, 1), default=0.1
        Share of the rows held out for early stopping.
    n_iter_no_change : int > 0, default=10
        Epochs without progress to stop after.
    random_state : int, RandomState or None
        Same number, same machine: same bits.
    verbose : int, default=0
        1 shows a progress bar.

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
    Glorot and Bengio (2010), "Understanding the difficulty of training deep feedforward neural
    networks". Kingma and Ba (2015), "Adam: a method for stochastic optimization".

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> import tflearnkit as learn
    >>> X, y = load_iris(return_X_y=True)
    >>> clf = learn.DNNClassifier(random_state=0).fit(X, y)
    >>> clf.score(X, y) > 0.95
    True
    """

    def __init__(
        self,
        hidden_units=(128, 64),
        feature_columns=None,
        model_dir=None,
        n_classes=None,
        weight_column_name=None,
        optimizer=None,
        activation_fn="relu",
        dropout=0.1,
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
        self.hidden_units = hidden_units
        self.feature_columns = feature_columns
        self.model_dir = model_dir
        self.n_classes = n_classes
        self.weight_column_name = weight_column_name
        self.optimizer = optimizer
        self.activation_fn = activation_fn
        self.dropout = dropout
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


class DNNRegressor(RegressorFace, _DNN):
    """A deep neural network that predicts one number or several.

    The targets are standardised inside, so that their unit does not matter. All parameters are
    those of `DNNClassifier` that make sense for numbers.

    Parameters
    ----------
    hidden_units : tuple of int, default=(128, 64)
        Units of each hidden layer; one number means one layer.
    feature_columns, model_dir, weight_column_name, optimizer, activation_fn, dropout, \
gradient_clip_norm, enable_centered_bias, config, batch_norm, l1_regularization, \
l2_regularization, learning_rate, steps, epochs, batch_size, early_stopping, \
validation_fraction, n_iter_no_change, random_state, verbose
        As in `DNNClassifier`.

    Attributes
    ----------
    history_ : dict of lists
        Training and validation losses (squared errors in the targets' unit) by step.
    n_features_in_ : int
    feature_names_in_ : array of str
        Where ``X`` had names.

    References
    ----------
    As in `DNNClassifier`.

    Examples
    --------
    >>> from sklearn.datasets import load_diabetes
    >>> import tflearnkit as learn
    >>> X, y = load_diabetes(return_X_y=True)
    >>> reg = learn.DNNRegressor(random_state=0).fit(X, y)
    >>> reg.predict(X[:3]).shape
    (3,)
    """

    def __init__(
        self,
        hidden_units=(128, 64),
        feature_columns=None,
        model_dir=None,
        weight_column_name=None,
        optimizer=None,
        activation_fn="relu",
        dropout=0.1,
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
        self.hidden_units = hidden_units
        self.feature_columns = feature_columns
        self.model_dir = model_dir
        self.weight_column_name = weight_column_name
        self.optimizer = optimizer
        self.activation_fn = activation_fn
        self.dropout = dropout
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
