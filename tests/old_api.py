"""What the tests of TF.Learn trained on, as input functions, and the defaults it trained with.

The four files ``test_old_api_*.py`` hold behaviours that those tests asserted, each under the ID
of its entry in the inventory of the old API, with the thresholds of 0.11. Two of our documented
defaults differ, as scikit-learn's users expect other ones, so that tests which count on so many
steps name the old ones: `DNN` and `LINEAR`. Networks of 3 units may die at birth whatever their
code; the old tests chose seeds for that, and so do these.
"""

import numpy as np
import tensorflow as tf
from sklearn.datasets import load_iris

import tflearnkit as learn

DNN = {
    "optimizer": "Adagrad",
    "dropout": None,
    "l2_regularization": 0.0,
    "enable_centered_bias": True,
}
LINEAR = {"optimizer": "Ftrl", "l2_regularization": 0.0, "enable_centered_bias": True}

IRIS = load_iris()
IRIS_COLUMNS = [learn.real_valued_column("feature", dimension=4)]
X_COLUMNS = [learn.real_valued_column("x")]
AGE = learn.real_valued_column("age")


def language(size=20):
    """A column of hashed languages."""
    return learn.sparse_column_with_hash_bucket("language", hash_bucket_size=size)


def iris2(dtype=tf.int32):
    """Two kinds of iris, the labels in a column."""
    return {"feature": tf.constant(IRIS.data[:100], tf.float32)}, _column(IRIS.target[:100], dtype)


def iris3(dtype=tf.int32):
    """Three kinds of iris, the labels in a column."""
    return {"feature": tf.constant(IRIS.data, tf.float32)}, _column(IRIS.target, dtype)


def languages(ages=None, labels=(1, 0, 0), dtype=tf.int32):
    """Return an ``input_fn`` of three rows: English and French, nothing, Chinese."""

    def input_fn():
        words = tf.SparseTensor([[0, 0], [0, 1], [2, 0]], ["en", "fr", "zh"], [3, 2])
        features = {"language": words}
        if ages is not None:
            features["age"] = _column(ages, tf.float32)
        return features, _column(labels, dtype)

    return input_fn


def english(label=1, dtype=tf.int32):
    """Return an ``input_fn`` of one row."""

    def input_fn():
        words = tf.SparseTensor([[0, 0]], ["english"], [1, 1])
        return {"age": tf.constant([1.0]), "language": words}, _column([label], dtype)

    return input_fn


def ones(labels=(1, 0, 0, 0), weights=None, dtype=tf.int32):
    """Return an ``input_fn`` of four equal rows; ``weights`` go into a column ``w``."""

    def input_fn():
        features = {"x": tf.ones([len(labels), 1])}
        if weights is not None:
            features["w"] = _column(weights, tf.float32)
        return features, _column(labels, dtype)

    return input_fn


def features_of(input_fn):
    """Return an ``input_fn`` of the features of another one."""
    return lambda: input_fn()[0]


def true_labels(input_fn):
    """Return the labels that an ``input_fn`` brings, 1-D."""
    return np.ravel(input_fn()[1])


def entropy(share):
    """Return the least cross-entropy of labels of which ``share`` are 1."""
    return -share * np.log(share) - (1 - share) * np.log(1 - share)


def share_right(predictions, labels):
    """A metric of the user's own, of class labels."""
    return np.mean(predictions == labels)


def mean_of_product(predictions, labels):
    """A metric of the user's own: the mean probability given to class 1 where it is true."""
    return np.mean(predictions[:, 1] * labels)


def _column(values, dtype):
    return tf.cast(tf.constant(np.reshape(values, (-1, 1))), dtype)
