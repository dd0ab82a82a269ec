"""BaseEstimator: estimators of one's own, written as a class."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from sklearn.utils.metaestimators import available_if

from tflearnkit.engines.layout import Layout, Shape
from tflearnkit.estimators import base, parameters, persistence, training
from tflearnkit.estimators.additive import draw_seed
from tflearnkit.estimators.base import either
from tflearnkit.estimators.function_model import FittedFunction, layout_of, rows_of, together
from tflearnkit.estimators.function_trainee import FunctionTrainee
from tflearnkit.estimators.hooks import TRANSFORM, HookFunction
from tflearnkit.estimators.persistence import model_dir_of
from tflearnkit.estimators.schedule import Schedule
from tflearnkit.estimators.sources import StreamSource, read_rows
from tflearnkit.estimators.warm_start import begun_from
from tflearnkit.model_function import ModelFunction

__all__ = ["BaseEstimator"]


def _transforms(estimator) -> bool:
    return hasattr(estimator, "_get_transform_ops")


class BaseEstimator(base.BaseEstimator):
    """What to subclass for an estimator of your own that has parameters and methods of its own.

    Choose it for what is to be used by others, or searched over like any estimator of
    scikit-learn; for a model that is used in one place, `Estimator` needs no class.

    A subclass writes

    - ``__init__`` with its parameters, each kept under its own name. Those named ``model_dir``,
      ``config``, ``steps``, ``epochs``, ``batch_size``, ``random_state``, ``verbose`` and
      ``warm_start_from`` mean what they mean in `Estimator`;
    - ``_get_train_ops(features, targets)``, which returns ``(train_op, loss)``;
    - ``_get_predict_ops(features)``, which returns a tensor or a dict of tensors, with a row for
      each row of the features;
    - if it adds to ``evaluate``, ``_get_eval_ops(features, targets, metrics)``, which returns a
      dict of what the ``metrics.streaming_*`` functions return, or of scalar tensors, which are
      averaged over the batches by their rows. ``"loss"`` is that of ``_get_train_ops`` where it
      is left out. ``metrics`` is empty: those that ``evaluate`` is asked for are added to these;
    - if it has ``transform`` and ``fit_transform``, ``_get_transform_ops(features)``.

    Each may return `ModelFnOps` too. The first three may take ``sample_weight``, and must where
    rows are weighted; weights may be negative. They are called as the function of an `Estimator`
    is, and ``targets`` is None where ``y`` is. Each begins to count the names of layers anew, so
    that the same layers in the same order mean the same variables; all variables are made in
    ``_get_train_ops``. They see a copy of the estimator: what they set on it is gone after the
    call.

    Parameters
    ----------
    model_dir : path, optional
        Folder of checkpoints and TensorBoard files. With it ``fit`` resumes.
    config : RunConfig, optional
        How often to save and report.

    Attributes
    ----------
    history_ : dict of lists
        Losses by step.
    n_features_in_ : int
    feature_names_in_ : array of str
        Where ``X`` had names.

    Notes
    -----
    Estimators of equal parameters share what is compiled. ``score`` is minus the loss.

    References
    ----------
    Buitinck et al. (2013), "API design for machine learning software: experiences from the
    scikit-learn project".

    Examples
    --------
    >>> import tensorflow as tf
    >>> import tflearnkit as learn
    >>> from sklearn.datasets import load_iris
    >>> class Autoencoder(learn.BaseEstimator):
    ...     def __init__(self, units=2, random_state=None):
    ...         self.units = units
    ...         self.random_state = random_state
    ...
    ...     def _get_transform_ops(self, features):
    ...         return learn.layers.fully_connected(features, self.units, tf.tanh)
    ...
    ...     def _get_predict_ops(self, features):
    ...         return learn.layers.linear(self._get_transform_ops(features), features.shape[1])
    ...
    ...     def _get_train_ops(self, features, targets):
    ...         loss = learn.losses.mean_squared_error(self._get_predict_ops(features), features)
    ...         return learn.layers.optimize_loss(loss, learning_rate=0.01), loss
    >>> X = load_iris().data
    >>> model = Autoencoder(random_state=0).fit(X, steps=1000)
    >>> model.transform(X).shape
    (150, 2)
    >>> model.score(X) > -0.3
    True
    """

    model_dir = config = weight_column_name = None
    steps = epochs = batch_size = random_state = warm_start_from = None
    verbose = 0
    _allow_nd = True
    _needs_targets = False
    _several_targets = _signed_weights = True
    _understood = frozenset(
        {"model_dir", "config", "steps", "epochs", "batch_size", "random_state", "verbose"}
    )

    def __init__(self, model_dir=None, config=None):
        self.model_dir = model_dir
        self.config = config

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
        """Return what the model predicts: an array, or a dict of arrays.

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
        found = self._outputs_by_block(either(X, x), input_fn, batch_size)
        pieces = (_chosen(piece, outputs) for piece in found)
        if as_iterable:
            return (row for piece in pieces for row in _by_row(piece))
        return together(list(pieces))

    def score(self, X, y=None, sample_weight=None) -> float:
        """Return minus the loss on ``X`` and ``y``: higher is better."""
        return -self.evaluate(X, y, sample_weight)["loss"]

    @available_if(_transforms)
    def transform(self, X=None, *, x=None, input_fn=None, batch_size=None):
        """Return what ``_get_transform_ops`` makes of the rows; the parameters are of `predict`."""
        parameters.check_sizes(self, "transform", batch_size=batch_size)
        model = self._fitted()
        tables = read_rows(self, either(X, x), input_fn, batch_size)
        blocks = (model.outputs_by_block(table, batch_size, TRANSFORM) for table in tables)
        return together([piece for found in blocks for piece in found])

    @available_if(_transforms)
    def fit_transform(self, X, y=None, **fit_params):
        """Fit to ``X``, and return what `transform` makes of it."""
        return self.fit(X, y, **fit_params).transform(X)

    def _has_explicit_columns(self) -> bool:
        return False

    def _function(self) -> ModelFunction:
        return HookFunction(self)

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
        layout, seed = layout_of(rows), draw_seed(self)
        with _noting_no_targets(layout):
            model = FittedFunction.untrained(self._function(), layout, schedule.batch_size, seed)
        return begun_from(self.warm_start_from, model)

    def _trainee(self, model, source, asked, onward) -> FunctionTrainee:
        return FunctionTrainee(self, model, source, asked, onward)

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


@contextmanager
def _noting_no_targets(layout: Layout) -> Iterator[None]:
    """Say in errors of a model that there were no targets."""
    try:
        yield
    except Exception as error:
        if not layout.targets:
            error.add_note("Targets were None, as y was: pass y if the model needs targets.")
        raise


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
