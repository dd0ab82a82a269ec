"""RunConfig(precision="bfloat16"): products of a training step are rounded, all else is not."""

import numpy as np
import pytest
from sklearn.datasets import load_digits

import tflearnkit as learn
from tflearnkit.precision import product, products_in

LOW = learn.RunConfig(precision="bfloat16")


def test_products_are_rounded_within_the_block():
    import tensorflow as tf

    left, right = tf.constant([[1.0, 1 + 2**-10]]), tf.constant([[1.0], [1.0]])
    exact = product(tf.matmul, left, right)
    with products_in("bfloat16"):
        rounded = product(tf.matmul, left, right)
    assert exact.numpy() == 2 + 2**-10
    assert rounded.numpy() == 2
    assert rounded.dtype == tf.float32


@pytest.fixture(scope="module")
def digits():
    X, y = load_digits(return_X_y=True)
    return X[:1200], y[:1200], X[1200:], y[1200:]


def network(config=None):
    return learn.DNNClassifier([32], optimizer="Adam", epochs=20, random_state=0, config=config)


def test_networks_learn_as_well_with_other_weights(digits):
    X, y, X_test, y_test = digits
    low, full = network(LOW).fit(X, y), network().fit(X, y)
    assert low.score(X_test, y_test) > full.score(X_test, y_test) - 0.02
    weights = [model.get_variable_value("dnn/logits/weights") for model in (low, full)]
    assert weights[0].dtype == np.float32
    assert np.abs(weights[0] - weights[1]).max() > 1e-4
    again = network(LOW).fit(X, y)
    np.testing.assert_array_equal(again.predict_proba(X_test), low.predict_proba(X_test))


def image_function(features, targets):
    import tensorflow as tf

    images = tf.reshape(features, [-1, 8, 8, 1])
    hidden = learn.layers.flatten(learn.layers.convolution2d(images, 8, 3, stride=2))
    logits = learn.layers.linear(learn.layers.fully_connected(hidden, 32), 10)
    loss = learn.losses.sparse_softmax_cross_entropy(logits, targets)
    step = learn.layers.optimize_loss(loss, learning_rate=0.003, optimizer="Adam")
    return tf.argmax(logits, 1), loss, step


def test_layers_of_model_functions_learn_as_well(digits):
    X, y, X_test, y_test = digits
    how = {"epochs": 10, "batch_size": 32, "random_state": 0}
    found = [learn.Estimator(image_function, config=c, **how).fit(X / 16, y) for c in (LOW, None)]
    scores = [np.mean(model.predict(X_test / 16) == y_test) for model in found]
    assert scores[0] > scores[1] - 0.03
    assert scores[0] > 0.85
    values = [model.get_variable_value("Conv/weights") for model in found]
    assert np.abs(values[0] - values[1]).max() > 1e-4


def test_keras_models_have_a_precision_of_their_own(digits):
    import keras

    def build():
        return keras.Sequential([keras.layers.Dense(10, "softmax")])

    with pytest.raises(ValueError, match="A Keras model should have its own precision"):
        learn.Estimator(build, config=LOW, steps=1).fit(*digits[:2])


def test_other_precisions():
    with pytest.raises(ValueError, match="Did you mean 'bfloat16'"):
        learn.RunConfig(precision="bfloat")
