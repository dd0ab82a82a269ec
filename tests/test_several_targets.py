"""A dict of targets: several heads of a model function, and of a Keras model."""

import pickle

import keras
import numpy as np
import pytest
import tensorflow as tf
from sklearn.datasets import load_iris

import tflearnkit as learn
from tflearnkit import layers, losses, metrics

X, KIND = load_iris(return_X_y=True)
WIDTH = X[:, 3]
NAMES = np.array(["setosa", "versicolor", "virginica"])[KIND]
Y = {"kind": KIND, "width": WIDTH}
FEATURES = X[:, :3]


def two_heads(features, targets, mode):
    """Tell the kind of an iris, and the width of its petals."""
    hidden = layers.fully_connected(features, 16)
    logits, width = layers.linear(hidden, 3), layers.linear(hidden, 1)[:, 0]
    of_kind = losses.sparse_softmax_cross_entropy(logits, targets["kind"])
    loss = of_kind + losses.mean_squared_error(width, targets["width"])
    predictions = {"kind": tf.argmax(logits, 1), "width": width}
    right = metrics.streaming_accuracy(predictions["kind"], targets["kind"])
    return learn.ModelFnOps(
        mode, predictions, loss, layers.optimize_loss(loss, learning_rate=0.05), {"right": right}
    )


def fitted(y=Y, **words):
    return learn.Estimator(two_heads, random_state=0, **words).fit(FEATURES, y, steps=300)


def test_two_heads_learn_both():
    estimator = fitted()
    found = estimator.predict(FEATURES)
    assert np.mean(found["kind"] == KIND) > 0.9
    assert np.sqrt(np.mean((found["width"] - WIDTH) ** 2)) < 0.3
    report = estimator.evaluate(FEATURES, Y)
    assert report["right"] == pytest.approx(np.mean(found["kind"] == KIND))
    again = pickle.loads(pickle.dumps(estimator))
    np.testing.assert_array_equal(again.predict(FEATURES)["width"], found["width"])


def test_metrics_get_the_target_of_the_output():
    estimator = fitted()
    found = estimator.predict(FEATURES)
    asked = {
        ("right", "kind"): lambda predictions, labels: np.mean(predictions == labels),
        "rmse": learn.MetricSpec(metrics.root_mean_squared_error, "width", "width"),
    }
    report = estimator.evaluate(FEATURES, Y, metrics=asked)
    assert report["right"] == np.mean(found["kind"] == KIND)
    error = np.sqrt(np.mean((found["width"] - WIDTH) ** 2))
    assert report["rmse"] == pytest.approx(error, rel=1e-5)
    spec = learn.MetricSpec(metrics.root_mean_squared_error, "width")
    with pytest.raises(ValueError, match="MetricSpec without specified label_key"):
        estimator.evaluate(FEATURES, Y, metrics={"rmse": spec})


def test_weights_of_zero_are_rows_left_out():
    weights = np.ones(len(X))
    weights[::3] = 0

    def model_fn(features, targets, mode, sample_weight):
        return two_heads(features, targets, mode)

    def trained(*data):
        estimator = learn.Estimator(model_fn, random_state=0, batch_size=50)
        return estimator.fit(*data, steps=5).predict(FEATURES)["width"]

    kept = weights > 0
    only = {name: values[kept] for name, values in Y.items()}
    np.testing.assert_array_equal(trained(FEATURES, Y, weights), trained(FEATURES[kept], only))


def rows():
    for row, kind, width in zip(FEATURES, KIND, WIDTH, strict=True):
        yield row, {"kind": kind, "width": width}


def batches():
    for start in range(0, 150, 50):
        part = slice(start, start + 50)
        yield FEATURES[part], {name: values[part] for name, values in Y.items()}


def a_dataset(batch_size=None):
    data = tf.data.Dataset.from_tensor_slices((FEATURES, Y))
    return data if batch_size is None else data.batch(batch_size)


STREAMS = {
    "rows": lambda: {"X": rows()},
    "batches": lambda: {"X": batches()},
    "a dataset of rows": lambda: {"X": a_dataset()},
    "a dataset of batches": lambda: {"input_fn": lambda: a_dataset(50)},
    "tensors": lambda: {"input_fn": lambda: (tf.constant(FEATURES), dict(Y))},
}


@pytest.mark.parametrize("stream", STREAMS.values(), ids=STREAMS)
def test_streams_bring_several_targets(stream):
    estimator = learn.Estimator(two_heads, random_state=0, batch_size=None)
    if "X" in stream():
        estimator.set_params(batch_size=50)
    estimator.fit(**stream())
    assert estimator.history_["loss"]
    whole = estimator.evaluate(FEATURES, Y)
    streamed = estimator.evaluate(**stream())
    assert streamed["loss"] == pytest.approx(whole["loss"], rel=1e-5)
    assert streamed["right"] == pytest.approx(whole["right"])


def test_a_model_dir_remembers_the_targets(tmp_path):
    first = fitted(model_dir=str(tmp_path))
    estimator = learn.Estimator(two_heads, str(tmp_path), random_state=0)
    expected = first.predict(FEATURES)["width"]
    np.testing.assert_array_equal(estimator.predict(FEATURES)["width"], expected)
    other_order = {"width": WIDTH, "kind": KIND}
    assert estimator.evaluate(FEATURES, other_order) == first.evaluate(FEATURES, Y)
    with pytest.raises(ValueError, match="trained with a dict y of kind, width. Got y: do as in"):
        estimator.fit(FEATURES, KIND, steps=1)
    with pytest.raises(ValueError, match="trained with a dict y of kind, width. Got no y"):
        estimator.fit(FEATURES, steps=1)


def test_a_keras_model_of_several_outputs():
    def build():
        inputs = keras.Input([3])
        hidden = keras.layers.Dense(16, activation="relu")(inputs)
        kind = keras.layers.Dense(3, activation="softmax", name="kind")(hidden)
        width = keras.layers.Dense(1, name="width")(hidden)
        model = keras.Model(inputs, {"kind": kind, "width": width})
        model.compile(
            keras.optimizers.Adam(0.02),
            {"kind": "sparse_categorical_crossentropy", "width": "mse"},
            metrics={"kind": "accuracy"},
        )
        return model

    estimator = learn.Estimator(build, random_state=0).fit(FEATURES, Y, steps=300)
    found = estimator.predict(FEATURES)
    right = np.mean(found["kind"].argmax(1) == KIND)
    assert right > 0.9
    report = estimator.evaluate(FEATURES, Y)
    assert report["kind_accuracy"] == pytest.approx(right)
    assert report["width_loss"] == pytest.approx(
        np.mean((found["width"][:, 0] - WIDTH) ** 2), rel=1e-4
    )


def test_targets_that_cannot_be():
    estimator = learn.Estimator(two_heads)
    with pytest.raises(ValueError, match="X has 150 rows, y has 3 rows"):
        estimator.fit(FEATURES, {"kind": KIND, "width": WIDTH[:3]}, steps=1)
    with pytest.raises(ValueError, match="y should hold a target at least"):
        estimator.fit(FEATURES, {}, steps=1)
    with pytest.raises(TypeError, match="y must be an array or a list"):
        learn.DNNClassifier().fit(FEATURES, Y)
