"""Estimator: a user's own model, written as a function."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np

from tflearnkit.engines.layout import Layout, Shape
from tflearnkit.estimators import persistence, training
from tflearnkit.estimators.additive import draw_seed
from tflearnkit.estimators.base import BaseEstimator, either
from tflearnkit.estimators.function_model import FittedFunction, layout_of, rows_of
from tflearnkit.estimators.function_trainee import FunctionTrainee
from tflearnkit.estimators.persistence import model_dir_of
from tflearnkit.estimators.schedule import Schedule
from tflearnkit.estimators.sources import StreamSource
from tflearnkit.model_function import ModelFunction

__all__ = ["Estimator"]


class Estimator(BaseEstimator):
    """An estimator of your own model, written as a function.

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
        targets are zeros: what depends on them is not computed.
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
    rows of that epoch. ``score`` is minus the loss.

    References
    ----------
    Cheng et al. (2017), "TensorFlow Estimators: managing simplicity vs. flexibility in high-level
    machine learning frameworks".

    Examples
    --------
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
    """

    weight_column_name = None
    _allow_nd = True

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

    def partial_fit(
        self,
        X=None,
        y=None,
        sample_weight=None,
        *,
        input_fn=None,
        steps=None,
        batch_size=None,
        monitors=None,
    ):
        """Train on, by one pass over ``X`` or ``steps`` steps; the parameters are those of ``fit``.

        Returns
        -------
        self
        """
        return self._continue_fit(X, y, sample_weight, input_fn, steps, batch_size, monitors)

    def predict(
        self, X=None, *, x=None, input_fn=None, batch_size=None, outputs=None, as_iterable=False
    ):
        """Return what the function predicts: an array, or a dict of arrays.

        Parameters
        ----------
        X, x, input_fn
            As in ``fit``.
        batch_size : int > 0, optional
            Rows that are scored together.
        outputs : list of str, optional
            Which entries of a dict to return.
        as_iterable : bool, default=False
            Return a generator of rows instead.

        Raises
        ------
        ValueError
            If ``outputs`` are asked of predictions that are no dict, or none of them is there.
        """
        found = self._predictions(either(X, x), input_fn, batch_size)
        pieces = (_chosen(piece, outputs) for piece in found)
        if as_iterable:
            return (row for piece in pieces for row in _by_row(piece))
        return _together(list(pieces))

    def score(self, X, y=None, sample_weight=None) -> float:
        """Return minus the loss on ``X`` and ``y``: higher is better."""
        return -self.evaluate(X, y, sample_weight)["loss"]

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

    def _predictions(self, X, input_fn, batch_size) -> Iterator:
        return self._outputs_by_block(X, input_fn, batch_size)

    def _has_explicit_columns(self) -> bool:
        return False

    def _function(self) -> ModelFunction:
        return ModelFunction(
            self.model_fn, self.params, self.feature_engineering_fn, self.config,
            model_dir_of(self),
        )

    def _train(self, source, asked, callbacks=None, *, onward=False, classes=None):
        start = getattr(self, "model_", None) if onward else None
        start = start or persistence.restored(self) or self._begin(source, asked)
        model, history = training.run(self, start, source, asked, None, callbacks, onward)
        if model_dir_of(self) is not None and model is not start:
            persistence.save(self, model)
        self._keep(model)
        self.history_ = history.as_dict()

    def _begin(self, source, asked) -> FittedFunction:
        """Return an untrained model whose variables the first batch has made."""
        rows = rows_of(source.sample.table, source.sample.y)
        if isinstance(source, StreamSource):
            schedule = Schedule.for_stream(asked, 0, source.batch_rows)
        else:
            schedule = Schedule.for_rows(asked, rows.n_rows, 0)
        return FittedFunction.untrained(
            self._function(), layout_of(rows), schedule.batch_size, draw_seed(self)
        )

    def _trainee(self, model, source, asked, onward) -> FunctionTrainee:
        return FunctionTrainee(model, source, asked, onward)

    def _described(self, model: FittedFunction) -> dict:
        return {"seed": model.seed, "rows": model.rows, "layout": model.layout}

    def _revived(self, found) -> FittedFunction:
        kept = found.manifest
        layout = Layout(
            *(
                tuple(Shape(name, dtype, tuple(rest)) for name, dtype, rest in shapes)
                for shapes in kept["layout"]
            )
        )
        return FittedFunction(
            self._function(), layout, kept["rows"], found.arrays, found.step, kept["seed"]
        )

    def _keep(self, model: FittedFunction) -> None:
        self.model_ = model


def _chosen(predictions, outputs):
    """Return the entries of predictions that were asked for."""
    if outputs is None:
        return predictions
    if not isinstance(predictions, Mapping):
        raise ValueError(
            f"outputs names entries of predictions that are a dict. Got outputs={outputs!r}, but "
            "the model function predicts one array: leave outputs out."
        )
    found = {name: predictions[name] for name in outputs if name in predictions}
    if not found:
        raise ValueError(
            f"Expected to run at least one output from {sorted(predictions)}. Got {outputs!r}: "
            "name some of these."
        )
    return found


def _by_row(predictions) -> Iterator:
    if not isinstance(predictions, Mapping):
        yield from predictions
        return
    for values in zip(*predictions.values(), strict=True):
        yield dict(zip(predictions, values, strict=True))


def _together(pieces: list):
    if len(pieces) == 1:
        return pieces[0]
    if isinstance(pieces[0], Mapping):
        return {name: np.concatenate([piece[name] for piece in pieces]) for name in pieces[0]}
    return np.concatenate(pieces)
