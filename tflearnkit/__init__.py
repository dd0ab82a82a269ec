"""TF.Learn reborn: estimators on TensorFlow that are scikit-learn citizens.

An estimator is columns + a task + an engine, run by one loop. The rooms, bottom up; a module
imports only from floors below its own::

    F0  errors           the few exceptions and warnings, and how their sentences are made
        cluster config   RunConfig: where and on what an estimator runs
        replicas         where the steps of several devices or processes meet
    F1  data/            anything tabular -> Table -> chunks of equal shape
        inputs/          input functions: arrays, frames, generators, files -> tf.data datasets
        datasets/        iris, digits, the census, MNIST, small CSV tables, made-up rows
        io/              pandas frames -> plain arrays; the input functions' old address
        preprocessing/   words, bytes and categories -> ids, as scikit-learn's transformers do
        dataframe/       TensorFlowDataFrame: columns that are computed as their rows stream by
        checkpoint       dict of arrays + manifest <-> folder, atomically
        array_file model_file    arrays and JSON that are safe to read from strangers
        whole_file       files that are there whole or not at all
        summaries        numbers for TensorBoard
        termination      SIGTERM, put off until a checkpoint is written
        precision        of the products of a training step
        tensors          arrays -> tensors, whose memory they share
        draws initializers   random numbers of compiled steps; how variables begin
        drawing          matplotlib, where it is installed
    F2  columns/         what a raw column means: floats, or ids with weights
    F3  metrics/ optimizers            building blocks
        variables        what model functions keep between calls, by name
        layers/ losses models/         what they are written with
        model_function   what they are called with and return
        parts            Wide, Deep: encoded columns -> scores
        tasks/           what the target means: encode, loss, link, decode, metrics
    F4  engines/         own the variables; many steps in one compiled call
        monitors/        listen to the loop, may ask it to stop
    F5  loop             train: feeder, engine, monitors and nothing else
    F6  estimators/base  the scikit-learn face: fit, predict, evaluate, score
    F7  estimators/      the public classes, a few lines each
    F8  experiment learn_runner        an estimator and its data, run as a job
        plot/            pictures of estimators
        loading          an estimator from the file that it was saved to
        launch           starts a cluster of tasks on this machine
        slurm            tells the tasks of a Slurm step what they are
    F9  optuna_tuner     lets Optuna choose what learn_runner.tune tries

Importing this package loads neither TensorFlow nor Keras: a name loads its room when it is first
touched.

Examples
--------
>>> import tflearnkit as learn
>>> from sklearn.datasets import load_iris
>>> X, y = load_iris(return_X_y=True)
>>> clf = learn.DNNClassifier(hidden_units=(16,), random_state=0).fit(X, y)
>>> bool(clf.score(X, y) > 0.9)
True
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

__version__ = "0.1.0"

_ROOM_OF = {
    "Estimator": "estimators.estimator",
    "KMeansClustering": "estimators.kmeans",
    "LogisticRegressor": "estimators.logistic_regressor",
    "BaseEstimator": "estimators.subclassed",
    "BoostedTreesClassifier": "estimators.boosted_trees",
    "BoostedTreesRegressor": "estimators.boosted_trees",
    "ForestHParams": "estimators.tensor_forest",
    "RandomForestClassifier": "estimators.random_forest",
    "RandomForestRegressor": "estimators.random_forest",
    "TensorForestEstimator": "estimators.tensor_forest",
    "WarmStartSettings": "estimators.warm_start",
    "ModelSummary": "estimators.summary",
    "LinearClassifier": "estimators.linear",
    "SVM": "estimators.svm",
    "LinearRegressor": "estimators.linear",
    "DNNClassifier": "estimators.dnn",
    "DNNRegressor": "estimators.dnn",
    "DNNLinearCombinedClassifier": "estimators.dnn_linear_combined",
    "DNNLinearCombinedRegressor": "estimators.dnn_linear_combined",
    "bucketized_column": "columns",
    "crossed_column": "columns",
    "embedding_column": "columns",
    "infer_feature_columns": "columns",
    "infer_real_valued_columns_from_input": "columns",
    "one_hot_column": "columns",
    "real_valued_column": "columns",
    "scattered_embedding_column": "columns",
    "shared_embedding_columns": "columns",
    "sparse_column_with_hash_bucket": "columns",
    "sparse_column_with_integerized_feature": "columns",
    "sparse_column_with_keys": "columns",
    "sparse_column_with_vocabulary_file": "columns",
    "weighted_sparse_column": "columns",
    "RunConfig": "config",
    "TensorFlowDataFrame": "dataframe",
    "csv_input_fn": "inputs",
    "generator_input_fn": "inputs",
    "numpy_input_fn": "inputs",
    "pandas_input_fn": "inputs",
    "read_batch_examples": "inputs",
    "read_batch_features": "inputs",
    "read_keyed_batch_examples": "inputs",
    "read_keyed_batch_features": "inputs",
    "Experiment": "experiment",
    "ExportStrategy": "export_strategy",
    "extend_export_strategy": "export_strategy",
    "garbage_collect_exports": "export_strategy",
    "make_best_model_export_strategy": "export_strategy",
    "make_export_strategy": "export_strategy",
    "MetricSpec": "metrics",
    "load": "loading",
    "ModeKeys": "variables",
    "ModelFnOps": "model_function",
    "OptunaTuner": "optuna_tuner",
    "CheckpointError": "errors",
    "CheckpointWarning": "errors",
    "ModelFileError": "errors",
    "NanLossDuringTrainingError": "errors",
    "NotFittedError": "errors",
    "TrainingInterruptedWarning": "errors",
    "WorkerLostError": "errors",
    "clear_programs": "engines.base",
}
_ROOMS = (
    "columns", "datasets", "io", "layers", "learn_runner", "losses", "metrics", "models",
    "monitors", "plot", "preprocessing",
)  # fmt: skip

__all__ = sorted([*_ROOM_OF, *_ROOMS])

if TYPE_CHECKING:  # for editors and type checkers; at run time the names load lazily
    from tflearnkit import (  # noqa: F401
        columns,
        datasets,
        io,
        layers,
        learn_runner,
        losses,
        metrics,
        models,
        monitors,
        plot,
        preprocessing,
    )
    from tflearnkit.columns import (  # noqa: F401
        bucketized_column,
        crossed_column,
        embedding_column,
        infer_feature_columns,
        infer_real_valued_columns_from_input,
        one_hot_column,
        real_valued_column,
        scattered_embedding_column,
        shared_embedding_columns,
        sparse_column_with_hash_bucket,
        sparse_column_with_integerized_feature,
        sparse_column_with_keys,
        sparse_column_with_vocabulary_file,
        weighted_sparse_column,
    )
    from tflearnkit.config import RunConfig  # noqa: F401
    from tflearnkit.dataframe import TensorFlowDataFrame  # noqa: F401
    from tflearnkit.engines.base import clear_programs  # noqa: F401
    from tflearnkit.errors import (  # noqa: F401
        CheckpointError,
        CheckpointWarning,
        ModelFileError,
        NanLossDuringTrainingError,
        NotFittedError,
        TrainingInterruptedWarning,
        WorkerLostError,
    )
    from tflearnkit.estimators.boosted_trees import (  # noqa: F401
        BoostedTreesClassifier,
        BoostedTreesRegressor,
    )
    from tflearnkit.estimators.dnn import DNNClassifier, DNNRegressor  # noqa: F401
    from tflearnkit.estimators.dnn_linear_combined import (  # noqa: F401
        DNNLinearCombinedClassifier,
        DNNLinearCombinedRegressor,
    )
    from tflearnkit.estimators.estimator import Estimator  # noqa: F401
    from tflearnkit.estimators.kmeans import KMeansClustering  # noqa: F401
    from tflearnkit.estimators.linear import LinearClassifier, LinearRegressor  # noqa: F401
    from tflearnkit.estimators.logistic_regressor import LogisticRegressor  # noqa: F401
    from tflearnkit.estimators.random_forest import (  # noqa: F401
        RandomForestClassifier,
        RandomForestRegressor,
    )
    from tflearnkit.estimators.subclassed import BaseEstimator  # noqa: F401
    from tflearnkit.estimators.summary import ModelSummary  # noqa: F401
    from tflearnkit.estimators.svm import SVM  # noqa: F401
    from tflearnkit.estimators.tensor_forest import (  # noqa: F401
        ForestHParams,
        TensorForestEstimator,
    )
    from tflearnkit.estimators.warm_start import WarmStartSettings  # noqa: F401
    from tflearnkit.experiment import Experiment  # noqa: F401
    from tflearnkit.export_strategy import (  # noqa: F401
        ExportStrategy,
        extend_export_strategy,
        garbage_collect_exports,
        make_best_model_export_strategy,
        make_export_strategy,
    )
    from tflearnkit.inputs import (  # noqa: F401
        csv_input_fn,
        generator_input_fn,
        numpy_input_fn,
        pandas_input_fn,
        read_batch_examples,
        read_batch_features,
        read_keyed_batch_examples,
        read_keyed_batch_features,
    )
    from tflearnkit.loading import load  # noqa: F401
    from tflearnkit.metrics import MetricSpec  # noqa: F401
    from tflearnkit.model_function import ModelFnOps  # noqa: F401
    from tflearnkit.optuna_tuner import OptunaTuner  # noqa: F401
    from tflearnkit.variables import ModeKeys  # noqa: F401


def __getattr__(name: str):
    if name in _ROOMS:
        return importlib.import_module(f"{__name__}.{name}")
    if name in _ROOM_OF:
        value = getattr(importlib.import_module(f"{__name__}.{_ROOM_OF[name]}"), name)
        globals()[name] = value  # found once, found for good
        return value
    from tflearnkit.errors import did_you_mean

    raise AttributeError(f"tflearnkit has no name {name!r}.{did_you_mean(name, __all__)}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
