"""The scikit-learn face of the estimators: fit, partial_fit, evaluate, score, variables.

What an estimator computes is said by its subclass through a few hooks; this face brings data in,
trains through the loop, and keeps the result as one `FittedModel`.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from typing import ClassVar

import numpy as np
from sklearn.base import BaseEstimator as SklearnBase
from sklearn.callback import CallbackSupportMixin, with_callbacks
from sklearn.utils.validation import check_is_fitted

from tflearnkit.estimators import evaluation, parameters, persistence, saving
from tflearnkit.estimators.callbacks import CallbackTasks
from tflearnkit.estimators.model import FittedModel
from tflearnkit.estimators.schedule import Asked
from tflearnkit.estimators.sources import read_evaluation, read_rows, read_source
from tflearnkit.estimators.summary import ModelSummary
from tflearnkit.replicas import replicas_of
from tflearnkit.termination import heeded

__all__ = ["BaseEstimator", "either"]


class BaseEstimator(CallbackSupportMixin, SklearnBase):
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

    def save(self, path, *, include_optimizer: bool = True) -> None:
        """Write the estimator, fitted or not, for `tflearnkit.load`: JSON and arrays, no pickle.

        Written beside what stood there, it takes its place in one step. ``model_dir``,
        ``warm_start_from`` and what ``config`` says of folders and clusters are left out.

        Parameters
        ----------
        path : path
            A zip where it ends in ``.zip``; else a folder, which is made, or holds the model that
            is replaced.
        include_optimizer : bool, default=True
            Whether ``partial_fit`` is to go on as if nothing had happened. Without the slots of an
            optimizer (for Adam two arrays for each one of weights) the file holds what predicting
            needs.

        Raises
        ------
        ModelFileError
            If something else is at ``path``, or a parameter holds what no file can. Parameters that
            are functions are not written: ``load`` asks for them.
        """
        saving.save(self, path, include_optimizer)

    def export_savedmodel(
        self, export_dir_base, *, sample=None, verify: bool = True, assets_extra=None
    ) -> str:
        """Write a SavedModel that takes raw features and needs TensorFlow alone.

        It stands in TensorFlow Serving's layout, ``<export_dir_base>/<seconds since 1970>``, and
        appears there when it is complete and compared. Signatures: ``serving_default`` takes a
        tensor for each raw feature by its name ("X" for an array without names; characters that
        TensorFlow does not take become "_"), and ``parse_examples`` serialized ``tf.Example``
        protos as ``examples``, whose floats are float32. Missing are '' among strings, NaN among
        floats and -1 among integers; a value per row comes as ``[n]``, and booleans and dates as
        columns see them: 1.0 or 0.0, and seconds since 1970. Outputs: ``classes`` in the user's
        labels, ``probabilities`` in the order of ``classes_`` and ``scores``; ``predictions`` of
        regressors; ``clusters`` and ``distances``; what a model function predicts by its names.

        Parameters
        ----------
        export_dir_base : path
            Folder of the exports; created where absent.
        sample : as ``X`` in ``fit``, optional
            Rows to compare by, such as some of training, beside those that are made up from what
            the columns know: their categories, others, and missing values.
        verify : bool, default=True
            Whether to load the export and compare its predictions with the estimator's own.
        assets_extra : dict of str to path, optional
            Files to be copied into ``assets.extra``, by the names that they get there.

        Returns
        -------
        str
            The folder written.

        Raises
        ------
        ModelFileError
            If the model cannot be exported, or the export predicts otherwise by more than 1e-5 (of
            numbers above 1: of them). Nothing is published then.
        """
        from tflearnkit.estimators import exporting  # loads TensorFlow

        model, rows = self._fitted(), self._sampled(sample)
        return exporting.export(model, export_dir_base, rows, verify, assets_extra or {})

    def summary(self) -> ModelSummary:
        """Return what the model is made of: print it for a table.

        Parts and their layers or columns with shapes, parameters, bytes, and the floating-point
        operations that predicting one more example takes.

        Returns
        -------
        ModelSummary
            With ``parameters``, ``bytes``, ``flops`` and ``parts``.

        Raises
        ------
        NotFittedError
            If the estimator is not fitted.
        """
        from tflearnkit.estimators.summarising import summarised  # loads TensorFlow

        return summarised(type(self).__name__, self._fitted())

    def export_litert(self, path, *, sample=None, verify: bool = True) -> str:
        """Write a model for LiteRT, which runs on phones and small boards.

        Its one signature, ``serving_default``, has the inputs and outputs that `export_savedmodel`
        names, all floats as float32. Features that may be lists come as ``[n, m]``, padded by what
        means missing. Columns that hash are refused, as LiteRT has no hashes, and so are recurrent
        layers of Keras.

        Parameters
        ----------
        path : path
            The file to write, ``model.tflite``; it takes the place of what stood there in one step.
        sample, verify
            As in `export_savedmodel`. Comparing takes ``pip install 'tflearnkit[litert]'``.

        Returns
        -------
        str
            The path.

        Raises
        ------
        ModelFileError
            If a column hashes, LiteRT lacks an operation of the model, or the export predicts
            otherwise by more than 1e-5, of the largest number where that is above 1 (scores beside
            probabilities: by 1e-2). Nothing is written then. Numbers far from zero, such as dates,
            may need more digits than float32 has.
        ImportError
            If LiteRT is to compare and is not installed.
        """
        from tflearnkit.estimators import converting  # loads TensorFlow

        converting.to_litert(self._fitted(), path, self._sampled(sample), verify)
        return os.fspath(path)

    def export_onnx(self, path, *, sample=None, verify: bool = True) -> str:
        """Write a model for ONNX Runtime and whatever else reads ONNX.

        Inputs and outputs are those of `export_savedmodel`, by the same names. Features that may be
        lists come as ``[n, m]``, padded by what means missing. Columns that hash are refused: ONNX
        has no hashes. Forests become loops, which take several times as long there. Takes
        ``pip install 'tflearnkit[onnx]'``.

        Parameters
        ----------
        path : path
            The file to write, ``model.onnx``; it takes the place of what stood there in one step.
        sample, verify
            As in `export_savedmodel`; ONNX Runtime is what compares.

        Returns
        -------
        str
            The path.

        Raises
        ------
        ModelFileError
            If a column hashes, ONNX lacks an operation of the model, or the export predicts
            otherwise by more than 1e-5 (of numbers above 1: of them). Nothing is written then.
        ImportError
            If the extra is not installed.
        """
        from tflearnkit.estimators import converting  # loads TensorFlow

        converting.to_onnx(self._fitted(), path, self._sampled(sample), verify)
        return os.fspath(path)

    def _sampled(self, sample):
        """Return rows to compare an export by as a table."""
        return None if sample is None else next(iter(read_rows(self, sample, None, None)))

    def get_variable_names(self) -> list[str]:
        """Return the sorted names of all arrays of the fitted model, optimizer slots included."""
        return sorted(self._fitted().variables())

    def get_variable_value(self, name: str) -> np.ndarray:
        """Return an array of the fitted model by its name.

        Raises
        ------
        ValueError
            If there is no such array; the message lists those there are.
        """
        return self._fitted().variable(name)

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

    def _get_fitted_attr_html(self, doc_link=""):
        """Return what notebooks show of the fitted estimator, alone or as a step of a pipeline."""
        from tflearnkit.estimators.html_panels import FittedPanels  # loads TensorFlow

        return FittedPanels(super()._get_fitted_attr_html(doc_link), self)

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
