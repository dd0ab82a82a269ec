"""Tasks: what the target means.

A task turns labels into numbers (`encode`), scores into a loss (`loss`), scores into predictions
(`link`) and those back into the user's labels (`decode`), and says what is reported of them.
Tasks are frozen and hold a few numbers only. What differs between fits of one shape (the mean and
scale of a target) travels as `constants`, so that all of them share one compiled program.
"""

from tflearnkit.tasks.base import Task
from tflearnkit.tasks.classification import BinaryTask, MulticlassTask, MultilabelTask
from tflearnkit.tasks.clustering import ClusteringTask
from tflearnkit.tasks.hinge import HingeTask
from tflearnkit.tasks.labels import infer_classification
from tflearnkit.tasks.regression import RegressionTask, infer_regression

__all__ = [
    "BinaryTask",
    "ClusteringTask",
    "HingeTask",
    "MulticlassTask",
    "MultilabelTask",
    "RegressionTask",
    "Task",
    "infer_classification",
    "infer_regression",
]
