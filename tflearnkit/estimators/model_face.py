"""What a fitted estimator shows of its model, and the files that it writes it to."""

from __future__ import annotations

import os

import numpy as np
from sklearn.base import BaseEstimator as SklearnBase

from tflearnkit.estimators import saving
from tflearnkit.estimators.sources import read_rows
from tflearnkit.estimators.summary import ModelSummary

__all__ = ["ModelFace"]


class ModelFace(SklearnBase):
    """Variables, a summary, panels in notebooks; saved, exported and converted models."""

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

    def _get_fitted_attr_html(self, doc_link=""):
        """Return what notebooks show of the fitted estimator, alone or as a step of a pipeline."""
        from tflearnkit.estimators.html_panels import FittedPanels  # loads TensorFlow

        return FittedPanels(super()._get_fitted_attr_html(doc_link), self)
