"""The scikit-learn face of the estimators: fit, partial_fit, evaluate, score.

What an estimator computes is said by its subclass through a few hooks; this face brings data in,
trains through the loop, and keeps the result as one `FittedModel`.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from typing import ClassVar

import numpy as np
from sklearn.callback import CallbackSupportMixin, with_callbacks
from sklearn.utils.validation import check_is_fitted

from tflearnkit.estimators import evaluation, parameters, persistence
from tflearnkit.estimators.callbacks import CallbackTasks
from tflearnkit.estimators.model import FittedModel
from tflearnkit.estimators.model_face import ModelFace
from tflearnkit.estimators.schedule import Asked
from tflearnkit.estimators.sources import read_evaluation, read_rows, read_source
from tflearnkit.replicas import replicas_of
from tflearnkit.termination import heeded

__all__ = ["BaseEstimator", "either"]


class BaseEstimator(CallbackSupportMixin, ModelFace):
    """What all estimators share; subclasses say what is computed.

    A subclass says in ``_train(source, asked, ...)`` how a model comes from a source, in
    ``_assemble(learned, task, seed)`` how an untrained one is put together, and in ``_keep`` what
    of a model shows as fitted attributes.
    """

    _allow_nd = False  # whether rows of an array may be images and the like
    _needs_targets = True
    example_id_column: str | None = None  # a column of X that names the rows, and is no feature
    _several_targets = False  # whether they may be a dict of arrays
    _signed_weights = False  # whether rows may weigh less than nothing
    _understood: frozenset | None = None  # parameters with the usual meaning; None: all of them
    _constraints: ClassVar[dict] = {}  # of parameters of its own, in scikit-learn's notation

    @with_callbacks
    def fit(
        self,
        X=None,
        y=None,
        sample_weight=None,
        *,
        x=None,
        input_fn=None,
        steps=None,
        max_steps=None,
        epochs=None,
        batch_size=None,
        monitors=None,
    ):
        """Train on ``X`` and ``y``, or on what ``input_fn`` brings.

        Without ``model_dir`` training starts afresh. With it, training goes on from the newest
        checkpoint there and ends with a checkpoint. A fit that fails leaves the estimator as it
        was; Ctrl-C ends it early and keeps the steps taken, with a warning.

        Parameters
        ----------
        X : array, sparse matrix, DataFrame, dict of arrays, generator or tf.data.Dataset
            The features: numbers, strings, categories, dates, with or without missing values. A
            `TensorFlowDataFrame` is passed over once.
        y : array-like of shape (n,) or (n, K)
            The targets; None where ``X`` is a stream that yields them, and the name of their
            column where it is a `TensorFlowDataFrame`.
        sample_weight : array-like of shape (n,), optional
            How much each row counts: >= 0, not all zero.
        x : optional
            Another spelling of ``X``.
        input_fn : callable () -> features or (features, targets[, weights]), optional
            Brings tensors (one batch, used in each step), or a ``tf.data.Dataset`` of batches.
        steps : int > 0, optional
            How many more optimizer steps to take.
        max_steps : int > 0, optional
            The global step to stop at; nothing is done where it is already reached. With
            ``model_dir``, a run that was killed goes on as if nothing had happened when the same
            call is made again.
        epochs : int > 0, optional
            How many passes over the data to make; a stream passes once.
        batch_size : int > 0, optional
            Rows per step. None takes the batches of a stream as they come (whole tables are cut
            up), and chooses by the number of rows in memory.
        monitors : list of monitors, optional
            Listeners that may stop training.

        Returns
        -------
        self
        """
        monitors = parameters.as_monitors(monitors)
        asked = Asked.of(self, steps, max_steps, epochs, batch_size, monitors)
        X = either(X, x)
        parameters.check(self, asked)
        replicas = self._replicas()
        # Made first, as scikit-learn tears callbacks down by it also where the fit fails.
        tasks = CallbackTasks(self, self._init_callback_context(max_subtasks=None))
        with self._unchanged_on_error():
            tasks.fit_begin(X, y, sample_weight)
            source = read_source(self, X, y, sample_weight, input_fn, batch_size)
            callbacks = tasks if hasattr(self, "_skl_callbacks") else None
            self._train_together(replicas, source, asked, callbacks)
            tasks.fit_end()
        return self

    def _continue_fit(
        self, X, y, sample_weight, input_fn, steps, batch_size, monitors, classes=None
    ):
        """Do what ``partial_fit`` promises: one pass over ``X``, or ``steps`` steps."""
        epochs = 1 if steps is None else None
        rows = self.batch_size if batch_size is None else batch_size
        asked = Asked(steps, None, epochs, rows, parameters.as_monitors(monitors))
        parameters.check(self, asked, "partial_fit")
        replicas = self._replicas()
        with self._unchanged_on_error():
            fresh = not self.__sklearn_is_fitted__()
            source = read_source(
                self, X, y, sample_weight, input_fn, batch_size, reset=fresh
            )
            self._train_together(replicas, source, asked, onward=True, classes=classes)
        return self

    def _replicas(self):
        """Return those that train together, which meet before TensorFlow does anything else."""
        return replicas_of(persistence.config_of(self))

    def _train_together(self, replicas, *how, **more) -> None:
        """Train along with other processes, if there are any, until the chief has saved."""
        saves = persistence.model_dir_of(self) is not None
        with replicas.together(), heeded() if saves else nullcontext():
            self._train(*how, **more)
            replicas.least(0)

    def evaluate(
        self,
        X=None,
        y=None,
        sample_weight=None,
        *,
        x=None,
        input_fn=None,
        metrics=None,
        steps=None,
        batch_size=None,
        name=None,
    ) -> dict[str, float]:
        """Return the loss and metrics over the whole of the given data.

        Parameters
        ----------
        X, y, sample_weight, x, input_fn
            As in ``fit``; ``y`` holds the true targets.
        metrics : list of names, or dict of name -> name, function or MetricSpec, optional
            What to add to the estimator's own metrics; see ``tflearnkit.metrics``.
        steps : int > 0, optional
            How many batches of a stream to use; None means all.
        batch_size : int > 0, optional
            Rows per step where ``X`` is streamed.
        name : str, optional
            Names the folder ``eval_<name>`` of ``model_dir`` that the figures go to.

        Returns
        -------
        dict of str to float
            ``loss``, ``global_step`` and the metrics.
        """
        parameters.check_sizes(self, "evaluate", steps=steps, batch_size=batch_size)
        model = self._fitted()
        batches = read_evaluation(
            self, either(X, x), y, sample_weight, input_fn, steps=steps, batch_size=batch_size
        )
        found = model.evaluate(batches, metrics)
        if persistence.config_of(self).is_chief:
            evaluation.write_summary(persistence.model_dir_of(self), name, found)
        return found

    def _fitted(self) -> FittedModel:
        """Return the fitted model, from ``model_dir`` where this object was never fitted."""
        if not hasattr(self, "model_"):
            persistence.adopt(self)
        check_is_fitted(self)
        return self.model_

    def _saved_parameters(self) -> dict:
        """Return the parameters as a saved model may hold them."""
        return self.get_params(deep=False)

    @classmethod
    def _of_saved(cls, parameters: dict):
        """Return an estimator of such parameters."""
        return cls(**parameters)

    def _outputs(self, X, input_fn=None, batch_size=None):
        """Return scores and linked predictions of all rows."""
        pieces = list(self._outputs_by_block(X, input_fn, batch_size))
        if len(pieces) == 1:
            return pieces[0]
        return tuple(np.concatenate(arrays) for arrays in zip(*pieces, strict=True))

    def _outputs_by_block(self, X, input_fn=None, batch_size=None) -> Iterator[tuple]:
        parameters.check_sizes(self, "predict", batch_size=batch_size)
        model = self._fitted()
        tables = read_rows(self, X, input_fn, batch_size)
        return (found for table in tables for found in model.outputs_by_block(table, batch_size))

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "model_")

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        tags.input_tags.allow_nan = True
        tags.input_tags.string = True
        tags.input_tags.categorical = True
        tags.input_tags.dict = True
        return tags

    @contextmanager
    def _unchanged_on_error(self):
        """Put all attributes back where the block raises; fitted objects are never edited."""
        before = dict(self.__dict__)
        try:
            yield
        except BaseException:
            self.__dict__.clear()
            self.__dict__.update(before)
            raise


def either(X, x):
    """Return the features, whichever of its two names they came under."""
    if X is not None and x is not None:
        raise ValueError("X and x mean the same. Got both: pass one of them.")
    return X if x is None else x
