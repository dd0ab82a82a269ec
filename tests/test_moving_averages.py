"""layers.moving_averages: trained on the weights, used with their averages."""

import pickle

import numpy as np
import pytest
import tensorflow as tf

import tflearnkit as learn
from tflearnkit import layers, losses
from tflearnkit.variables import Call, VariableStore, get_variable

RNG = np.random.default_rng(0)
X = RNG.normal(size=(60, 3)).astype(np.float32)
Y = (X @ [1.0, -2.0, 0.5] + RNG.normal(size=60)).astype(np.float32)
SUFFIX = "/ExponentialMovingAverage"


def linear_model(features, targets, params):
    """Least squares, with averages where ``params`` has a decay."""
    if params["decay"] is None:
        predictions = layers.linear(features, 1)[:, 0]
    else:
        with layers.moving_averages(params["decay"]):
            predictions = layers.linear(features, 1)[:, 0]
    loss = losses.mean_squared_error(predictions, targets)
    return predictions, loss, layers.optimize_loss(loss, optimizer="SGD", learning_rate=0.2)


def made(decay, model_fn=linear_model, **words):
    return learn.Estimator(
        model_fn, params={"decay": decay}, batch_size=8, random_state=0, **words
    )


def raw(estimator, name="fully_connected/weights"):
    return estimator.get_variable_value(name)


def names_of(estimator):
    """Return the names of the variables that a model function made."""
    names = estimator.get_variable_names()
    return {name for name in names if not name.startswith(("OptimizeLoss", "global_step"))}


def after_each_step(name, decay, steps):
    """Return the values of a variable: at first, and after each step of a fit."""
    first = made(decay).fit(X, Y, steps=1).get_variable_value(name + SUFFIX)
    monitor = learn.monitors.CaptureVariable(name, every_n=1, first_n=steps)
    made(decay).fit(X, Y, steps=steps, monitors=[monitor])
    return first, [monitor.values[step] for step in range(1, steps + 1)]


def averaged_by_tensorflow(first, later, decay):
    taken, variable = tf.Variable(0.0), tf.Variable(first)
    averages = tf.train.ExponentialMovingAverage(decay, num_updates=taken)
    averages.apply([variable])
    for value in later:
        variable.assign(value)
        averages.apply([variable])
        taken.assign_add(1)
    return averages.average(variable).numpy()


@pytest.mark.parametrize("decay", [0.0, 0.3, 0.99])
def test_predictions_are_those_of_tensorflows_moving_averages(decay):
    weights, biases = (
        averaged_by_tensorflow(*after_each_step(f"fully_connected/{name}", decay, 12), decay)
        for name in ("weights", "biases")
    )
    found = made(decay).fit(X, Y, steps=12).predict(X)
    np.testing.assert_allclose(found, (X @ weights + biases)[:, 0], rtol=1e-4, atol=1e-5)


def test_training_is_as_without():
    with_averages, without = made(0.9).fit(X, Y, steps=20), made(None).fit(X, Y, steps=20)
    np.testing.assert_array_equal(raw(with_averages), raw(without))
    assert with_averages.history_["loss"] == without.history_["loss"]
    assert np.abs(with_averages.predict(X) - without.predict(X)).max() > 1e-3


def test_evaluate_and_monitors_see_the_averages():
    monitor = learn.monitors.ValidationMonitor(X, Y, every_n_steps=5, restore_best_weights=False)
    estimator = made(0.9).fit(X, Y, steps=20, monitors=[monitor])
    squares = np.mean((estimator.predict(X) - Y) ** 2)
    np.testing.assert_allclose(estimator.evaluate(X, Y)["loss"], squares, rtol=1e-5)
    np.testing.assert_allclose(estimator.history_["val_loss"][-1], squares, rtol=1e-5)


def test_the_best_weights_come_back_with_their_averages():
    monitor = learn.monitors.ValidationMonitor(X, Y, every_n_steps=1)
    estimator = made(0.9).fit(X, Y, steps=60, monitors=[monitor])
    assert monitor.best_step < 60
    found = estimator.evaluate(X, Y)
    np.testing.assert_allclose(found["loss"], monitor.best_value, rtol=1e-4)


def test_averages_are_kept_with_the_model(tmp_path):
    whole = made(0.9).fit(X, Y, steps=20)
    again = pickle.loads(pickle.dumps(whole))
    np.testing.assert_array_equal(again.predict(X), whole.predict(X))
    made(0.9, model_dir=tmp_path).fit(X, Y, max_steps=8)
    resumed = made(0.9, model_dir=tmp_path).fit(X, Y, max_steps=20)
    np.testing.assert_array_equal(resumed.predict(X), whole.predict(X))


def everything(features, targets, params):
    """A network of all layers that have weights."""

    def network():
        images = tf.reshape(tf.tile(features, [1, 12]), [-1, 6, 6, 1])
        maps = layers.conv2d(images, 3, 3, normalizer_fn=layers.batch_norm)
        maps = layers.separable_convolution2d(maps, 2, 3, 1)
        maps = layers.convolution2d_transpose(maps, 2, 3)
        words = layers.embed_sequence(tf.cast(features > 0, tf.int64), 2, 4)
        read = [layers.lstm(words, 3), layers.gru(words, 3), layers.bidirectional(words, 3)]
        return layers.layer_norm(tf.concat([layers.flatten(maps), *read], axis=1))

    penalty = layers.l2_regularizer(0.01)
    if params["decay"] is None:
        predictions = layers.linear(network(), 1, weights_regularizer=penalty)[:, 0]
    else:
        with layers.moving_averages(params["decay"]):
            predictions = layers.linear(network(), 1, weights_regularizer=penalty)[:, 0]
    losses.mean_squared_error(predictions, targets)
    loss = losses.get_total_loss()
    return predictions, loss, layers.optimize_loss(loss, optimizer="SGD", learning_rate=0.01)


def test_all_layers_take_averages_as_weights():
    plain, last, averaged = (made(d, everything).fit(X, Y, steps=5) for d in (None, 0.0, 0.9))
    np.testing.assert_array_equal(last.predict(X), plain.predict(X))
    assert np.abs(averaged.predict(X) - plain.predict(X)).max() > 1e-4
    names = names_of(plain)
    moments = {name for name in names if "BatchNorm/moving_" in name}
    assert len(moments) == 2
    assert names_of(averaged) - names == {name + SUFFIX for name in names - moments}


def test_a_penalty_is_that_of_what_is_used():
    estimator = made(0.9, everything).fit(X, Y, steps=5)
    squares = np.mean((estimator.predict(X) - Y) ** 2)
    kept = 5 / (5 + 9)
    average = raw(estimator, "fully_connected/weights" + SUFFIX)
    weights = kept * average + (1 - kept) * raw(estimator)
    expected = squares + 0.01 * np.sum(weights**2) / 2
    np.testing.assert_allclose(estimator.evaluate(X, Y)["loss"], expected, rtol=1e-5)


def test_shared_weights_are_averaged_once():
    store = VariableStore()

    def values(mode, step):
        with Call(store, mode, tf.constant(step, tf.int64), 0).running(), layers.moving_averages():
            first = layers.linear(tf.ones([1, 2]), 1, scope="shared")
            return first, layers.linear(tf.ones([1, 2]), 1, scope="shared", reuse=True)

    values("train", 0)
    weights, average = (store.entries[f"shared/weights{end}"].variable for end in ("", SUFFIX))
    np.testing.assert_array_equal(average, weights)
    weights.assign(tf.zeros([2, 1]))
    begin = average.numpy()
    values("train", 9)
    np.testing.assert_allclose(average, begin / 2, rtol=1e-6)
    first, second = values("infer", 9)
    np.testing.assert_array_equal(first, second)
    np.testing.assert_allclose(first, np.sum(begin).reshape(1, 1) / 4, rtol=1e-6)


def test_weights_outside_are_as_ever():
    with Call(VariableStore(), "eval", 0, 0).running() as call:
        with layers.moving_averages():
            inside = get_variable("inside", [2])
        outside = get_variable("outside", [2])
    assert isinstance(outside, tf.Variable)
    assert not isinstance(inside, tf.Variable)
    assert list(call.store.entries) == ["inside", "inside" + SUFFIX, "outside"]


@pytest.mark.parametrize("decay", [1.0, -0.1, np.nan, "0.9"])
def test_a_decay_out_of_range_is_refused(decay):
    with (
        Call(VariableStore(), "train", 0, 0).running(),
        pytest.raises(ValueError, match="decay should be at least 0 and below 1"),
        layers.moving_averages(decay),
    ):
        pass


def test_averages_of_averages_are_refused():
    with (
        Call(VariableStore(), "train", 0, 0).running(),
        layers.moving_averages(),
        pytest.raises(ValueError, match="should not stand inside another one"),
        layers.moving_averages(),
    ):
        pass


def test_outside_of_a_model_function_it_says_where_it_belongs():
    with pytest.raises(RuntimeError, match="model function"), layers.moving_averages():
        pass
