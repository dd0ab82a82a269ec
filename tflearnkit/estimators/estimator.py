"""Estimator: a user's own model, written as a function."""

from __future__ import annotations

from collections.abc import Mapping

from tflearnkit.estimators.persistence import model_dir_of
from tflearnkit.estimators.subclassed import BaseEstimator
from tflearnkit.model_function import ModelFunction

__all__ = ["Estimator"]


class Estimator(BaseEstimator):
    """An estimator of your own model, written as a function or in Keras.

    Choose it for what the ready-made estimators are not: your own layers, losses and steps. The
    function says what a batch gives; batches, compiled steps, monitors, checkpoints, grid search
    and pickling are the estimator's.

    Parameters
    ----------
    model_fn : callable
        ``f(features, targets)`` and any of ``mode``, ``params``, ``config``, ``model_dir`` and
        ``sample_weight``, recognised by these names. It returns ``(predictions, loss,
        train_op)`` or `ModelFnOps`. ``features`` is a tensor where ``X`` is an array and a dict
        of tensors where it has named columns; floats come as float32, strings as strings. Layers
        of ``tflearnkit.layers`` keep their variables by name between calls. In ``predict``
        targets are zeros: what depends on them is not computed. Where ``y`` is a dict they are
        one; where it is None they are None, in ``fit`` as everywhere.

        Or a function that returns a ``keras.Model``: with these arguments, or as a builder that
        takes neither features nor targets but ``params``, or entries of ``params`` by their
        names. See the notes.
    model_dir : path, optional
        Folder of checkpoints and TensorBoard files. With it ``fit`` resumes.
    config : RunConfig, optional
        How often to save and report.
    params : dict, optional
        Passed on to the function; ``set_params(params__units=8)`` and grid search reach inside.
    feature_engineering_fn : callable, optional
        ``(features, targets) -> (features, targets)``, called before the function in each mode.
    steps, epochs, batch_size : int > 0, optional
        How long and in what batches to train, as in ``fit``.
    random_state : int, RandomState or None, optional
        Decides initial values, the order of rows, and the draws of layers.
    verbose : int, default=0
        1 shows a progress bar.
    warm_start_from : path or WarmStartSettings, optional
        A ``model_dir``, or one checkpoint in it, whose variables training begins with where there
        is no checkpoint of its own; optimizers begin afresh.

    Attributes
    ----------
    history_ : dict of lists
        Losses by step.
    n_features_in_ : int
    feature_names_in_ : array of str
        Where ``X`` had names.

    Notes
    -----
    The function is called while a step is compiled, not in every step: Python code in it, such as
    ``print``, runs a few times only. Batches are full; the last one of an epoch is filled up with
    rows of that epoch. Weights are what the function makes of ``sample_weight``: they may be
    negative, and rows of weight 0 are left out. ``score`` is minus the loss. ``random_state``
    decides what ``layers`` draw; ``tf.random.uniform`` and its kin in the function go their own
    way.

    A Keras model is trained as its own ``fit`` would train it: the optimizer it was compiled with,
    losses and their weights, losses of layers and regularizers, moving averages. Compiled metrics
    are those of the whole evaluation set; a metric of several numbers is numbered. A model that is
    not compiled gets Adam and, where targets leave no doubt, a loss: the mean squared error for
    floats of the shape of its output; cross-entropy for integers, one per row, which is sparse
    categorical where the output has several columns and binary where it has one, and takes the
    output for logits unless it comes out of a softmax or sigmoid. What is not used: a model's own
    ``train_step``, and of ``compile`` what says how steps are run. The function is called anew for
    the initial weights of each fit, so it must make its layers itself. ``random_state`` decides
    initial weights and dropout; layers of your own should draw by a ``keras.random.SeedGenerator``
    that they keep, as those of Keras do. A model of several outputs takes a dict of targets by
    their names.

    References
    ----------
    Cheng et al. (2017), "TensorFlow Estimators: managing simplicity vs. flexibility in high-level
    machine learning frameworks".

    Examples
    --------
    >>> import numpy as np
    >>> import tensorflow as tf
    >>> import tflearnkit as learn
    >>> from sklearn.datasets import load_iris
    >>> def model_fn(features, targets):
    ...     onehot = tf.one_hot(targets, 3)
    ...     hidden = learn.layers.stack(features, learn.layers.fully_connected, [10, 20, 10])
    ...     probabilities, loss = learn.models.logistic_regression_zero_init(hidden, onehot)
    ...     step = learn.layers.optimize_loss(loss, learning_rate=0.1, optimizer="Adagrad")
    ...     return {"class": tf.argmax(probabilities, 1), "prob": probabilities}, loss, step
    >>> X, y = load_iris(return_X_y=True)
    >>> estimator = learn.Estimator(model_fn, random_state=0).fit(X, y, steps=700)
    >>> bool(np.mean(estimator.predict(X)["class"] == y) > 0.9)
    True

    A Keras model, whose size is a parameter:

    >>> import keras
    >>> def build(units):
    ...     hidden = keras.layers.Dense(units, activation="relu")
    ...     model = keras.Sequential([hidden, keras.layers.Dense(3, activation="softmax")])
    ...     model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    ...     return model
    >>> estimator = learn.Estimator(build, params={"units": 32}, steps=700, random_state=0)
    >>> estimator.fit(X, y).evaluate(X, y)["accuracy"] > 0.9
    True
    >>> estimator.set_params(params__units=8).fit(X, y).get_variable_value("model/dense/bias").size
    8
    """

    def __init__(
        self,
        model_fn=None,
        model_dir=None,
        config=None,
        params=None,
        feature_engineering_fn=None,
        *,
        steps=None,
        epochs=None,
        batch_size=None,
        random_state=None,
        verbose=0,
        warm_start_from=None,
    ):
        self.model_fn = model_fn
        self.model_dir = model_dir
        self.config = config
        self.params = params
        self.feature_engineering_fn = feature_engineering_fn
        self.steps = steps
        self.epochs = epochs
        self.batch_size = batch_size
        self.random_state = random_state
        self.verbose = verbose
        self.warm_start_from = warm_start_from

    def get_params(self, deep=True) -> dict:
        """Return the parameters; with ``deep`` also each entry of ``params``."""
        found = super().get_params(deep=deep)
        if deep and isinstance(self.params, Mapping):
            found |= {f"params__{name}": value for name, value in self.params.items()}
        return found

    def set_params(self, **params):
        """Set parameters; ``params__name`` sets one entry of ``params``."""
        inner = {name: params.pop(name) for name in list(params) if name.startswith("params__")}
        super().set_params(**params)
        if inner:
            inner = {name.removeprefix("params__"): value for name, value in inner.items()}
            self.params = {**(self.params or {}), **inner}
        return self

    def _function(self) -> ModelFunction:
        return ModelFunction(
            self.model_fn, self.params, self.feature_engineering_fn, self.config,
            model_dir_of(self),
        )
