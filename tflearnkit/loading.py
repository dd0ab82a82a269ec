"""load: an estimator from the file that its ``save`` has written."""

from __future__ import annotations

from tflearnkit import model_file
from tflearnkit.errors import ModelFileError
from tflearnkit.estimators.boosted_trees import BoostedTreesClassifier, BoostedTreesRegressor
from tflearnkit.estimators.dnn import DNNClassifier, DNNRegressor
from tflearnkit.estimators.dnn_linear_combined import (
    DNNLinearCombinedClassifier,
    DNNLinearCombinedRegressor,
)
from tflearnkit.estimators.estimator import Estimator
from tflearnkit.estimators.kmeans import KMeansClustering
from tflearnkit.estimators.linear import LinearClassifier, LinearRegressor
from tflearnkit.estimators.logistic_regressor import LogisticRegressor
from tflearnkit.estimators.random_forest import RandomForestClassifier, RandomForestRegressor
from tflearnkit.estimators.saving import revive
from tflearnkit.estimators.svm import SVM
from tflearnkit.estimators.tensor_forest import TensorForestEstimator

__all__ = ["load"]

# A file names one of these, or is refused.
_ESTIMATORS = {
    kind.__name__: kind
    for kind in (
        BoostedTreesClassifier,
        BoostedTreesRegressor,
        DNNClassifier,
        DNNLinearCombinedClassifier,
        DNNLinearCombinedRegressor,
        DNNRegressor,
        Estimator,
        KMeansClustering,
        LinearClassifier,
        LinearRegressor,
        LogisticRegressor,
        RandomForestClassifier,
        RandomForestRegressor,
        SVM,
        TensorForestEstimator,
    )
}


def load(path, **parameters):
    """Return the estimator that ``save`` has written, which predicts the same to the last bit.

    Safe to use on files from strangers: nothing in them is run, no class or function is looked up
    beyond those of this package, no file beside the model is read or written, and memory stays in
    proportion to the size of the file. (What a model predicts is its author's affair.) Models of
    older versions of tflearnkit are read.

    Parameters
    ----------
    path : path
        Of the folder or the zip.
    **parameters
        Of the constructor, instead of those in the file: functions that were parameters must be
        passed again, as in ``load(path, model_fn=my_model_fn)``, and ``model_dir`` may be.

    Returns
    -------
    estimator

    Raises
    ------
    ModelFileError
        If there is no such file, it is damaged, not ours, of a newer version, or lacks a function.

    Examples
    --------
    >>> import os, tempfile
    >>> import tflearnkit as learn
    >>> from sklearn.datasets import load_iris
    >>> X, y = load_iris(return_X_y=True, as_frame=True)
    >>> path = os.path.join(tempfile.mkdtemp(), "iris.zip")
    >>> clf = learn.LinearClassifier().fit(X, y)
    >>> clf.save(path)
    >>> bool((learn.load(path).predict_proba(X) == clf.predict_proba(X)).all())
    True
    """
    content, arrays = model_file.read(path)
    kind = _ESTIMATORS.get(str(content.get("estimator")))
    if kind is None:
        raise ModelFileError(
            f"{str(path)!r} should be of an estimator of tflearnkit, but is of "
            f"{content.get('estimator')!r}, which this version does not know. Upgrade tflearnkit, "
            "or save the model again."
        )
    try:
        return revive(kind, path, content, arrays, parameters)
    except ModelFileError:
        raise
    except Exception as error:
        raise ModelFileError(
            f"{str(path)!r} should describe a {kind.__name__}, but does not: "
            f"{type(error).__name__}: {error}. It is damaged, of a newer version, or the "
            "parameters given do not fit it; save the model again."
        ) from error
