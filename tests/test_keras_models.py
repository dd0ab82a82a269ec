"""Keras models through Estimator: trained as Keras trains them, kept, searched and refused."""

import copy
import pickle
import random
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import keras
import numpy as np
import pandas as pd
import pytest
import tensorflow as tf
from keras import layers
from scipy.special import expit, softmax
from sklearn.base import clone
from sklearn.datasets import load_iris
from sklearn.metrics import accuracy_score, log_loss, mean_squared_error
from sklearn.model_selection import GridSearchCV

import tflearnkit as learn
from tflearnkit.model_function import ModelFunction

RNG = np.random.default_rng(0)
ORDER = RNG.permutation(150)
X, Y = (array[ORDER] for array in load_iris(return_X_y=True))
X = X.astype(np.float32)


def network(units=8, dropout=0.0, rate=0.01):
    """Return a compiled classifier of iris."""
    hidden = layers.Dense(units, "relu"), layers.Dropout(dropout)
    model = keras.Sequential([*hidden, layers.Dense(3, "softmax")])
    adam = keras.optimizers.Adam(rate)
    model.compile(adam, "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


def network_of_a_batch(features, targets, mode, params):
    """Return the same, having seen what is to go in."""
    assert features.shape[1:] == (4,)
    return network(**params)


def regularized(optimizer=None):
    """Return a classifier that begins with the same weights each time."""
    begin = {"kernel_initializer": keras.initializers.GlorotUniform(seed=3)}
    inputs = keras.Input((4,))
    hidden = layers.Dense(8, "tanh", kernel_regularizer="l2", name="hidden", **begin)(inputs)
    hidden = layers.BatchNormalization(name="norm")(hidden)
    model = keras.Model(inputs, layers.Dense(3, "softmax", name="out", **begin)(hidden))
    model.compile(optimizer or keras.optimizers.SGD(0.1), "sparse_categorical_crossentropy")
    return model


def fitted(model_fn=network, steps=30, seed=0, **words):
    return learn.Estimator(model_fn, random_state=seed, **words).fit(X, Y, steps=steps)


def batches(times=1):
    """Yield the rows in batches, the same ones in each of some passes."""
    parts = [slice(start, start + 25) for start in range(0, 150, 25)]
    yield from ((X[part], Y[part]) for part in parts * times)


def with_weights_of(estimator, model):
    """Return a Keras model with the weights that an estimator has reached."""
    model.build((None, 4))
    for variable in model.weights:
        layer, name = variable.path.split("/")[-2:]
        variable.assign(estimator.get_variable_value(f"model/{layer}/{name}"))
    return model


def named_network():
    """Return what `network` does, with names that do not count."""
    hidden = layers.Dense(8, "relu", name="dense")
    model = keras.Sequential([hidden, layers.Dense(3, "softmax", name="dense_1")])
    model.compile("sgd", "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


def crossentropy(targets, probabilities):
    return -np.log(probabilities[np.arange(len(targets)), targets]).mean()


# -- as Keras trains and predicts --------------------------------------------------------------


def decaying():
    rate = keras.optimizers.schedules.ExponentialDecay(0.01, 50, 0.5)
    return keras.optimizers.AdamW(rate, weight_decay=0.1, clipnorm=0.5)


@pytest.mark.parametrize(
    ("optimizer", "times", "tolerance"),
    [
        (lambda: keras.optimizers.SGD(0.1, momentum=0.9), 2, 1e-5),
        (lambda: keras.optimizers.SGD(0.1), 60, 1e-3),  # by XLA, which rounds otherwise
        (decaying, 60, 1e-3),
    ],
)
def test_training_equals_that_of_keras_on_the_same_batches(optimizer, times, tolerance):
    estimator = learn.Estimator(lambda: regularized(optimizer()))
    estimator.fit(batches(times), steps=6 * times)
    model = regularized(optimizer())
    for x, y in batches(times):
        model.train_on_batch(x, y)
    for variable in model.weights:
        found = estimator.get_variable_value(f"model/{variable.path}")
        np.testing.assert_allclose(found, variable.numpy(), tolerance, tolerance)


@pytest.mark.parametrize("model_fn", [network, network_of_a_batch])
def test_predictions_and_metrics_are_those_of_keras(model_fn):
    estimator = fitted(model_fn, 60, params={"units": 8})
    model = with_weights_of(estimator, named_network())
    probabilities = estimator.predict(X)
    np.testing.assert_allclose(probabilities, model.predict(X, verbose=0), atol=1e-6)
    np.testing.assert_allclose(estimator.predict(X[:1]), probabilities[:1], atol=1e-6)
    report = estimator.evaluate(X, Y)
    assert report["accuracy"] == pytest.approx(accuracy_score(Y, probabilities.argmax(axis=1)))
    assert report["loss"] == pytest.approx(crossentropy(Y, probabilities), rel=1e-5)
    assert report["global_step"] == 60
    assert set(report) == {"loss", "accuracy", "global_step"}
    assert estimator.score(X, Y) == -report["loss"]


def test_metrics_are_those_of_all_rows_however_they_come():
    estimator = fitted()
    pieces = [(X[:33], Y[:33]), (X[33:140], Y[33:140]), (X[140:], Y[140:])]
    whole, parts = estimator.evaluate(X, Y), estimator.evaluate(iter(pieces))
    assert parts["accuracy"] == pytest.approx(whole["accuracy"])
    assert parts["loss"] == pytest.approx(whole["loss"], rel=1e-6)


def test_weights_of_rows_are_those_of_keras():
    def build():
        model = regularized()
        crossentropy = keras.losses.SparseCategoricalCrossentropy()
        model.compile("sgd", crossentropy, metrics=["acc"], weighted_metrics=["accuracy"])
        return model

    weights = RNG.uniform(0.1, 3, 150).astype(np.float32)
    estimator = learn.Estimator(build).fit(X, Y, weights, batch_size=150, steps=1)
    model = build()
    model.train_on_batch(X, Y, weights)
    for variable in model.weights:
        found = estimator.get_variable_value(f"model/{variable.path}")
        np.testing.assert_allclose(found, variable.numpy(), 1e-5, 1e-5)
    wanted = model.evaluate(X, Y, 150, 0, weights, return_dict=True)
    report = estimator.evaluate(X, Y, weights)
    assert {name: report[name] for name in wanted} == pytest.approx(wanted, rel=1e-5)


def test_batch_norm_moves_once_a_step():
    def build():
        model = keras.Sequential([layers.BatchNormalization(momentum=0.9), layers.Dense(1)])
        model.compile("sgd", "mse")
        return model

    estimator = learn.Estimator(build).fit(X, X[:, 0], batch_size=150, steps=7)
    found = estimator.get_variable_value("model/batch_normalization/moving_mean")
    np.testing.assert_allclose(found, X.mean(axis=0) * (1 - 0.9**7), rtol=1e-5)
    estimator.evaluate(X, X[:, 0])
    estimator.predict(X)
    again = estimator.get_variable_value("model/batch_normalization/moving_mean")
    np.testing.assert_array_equal(found, again)


# -- your own layers, losses and models --------------------------------------------------------


class Counting(layers.Layer):
    """Scales by a weight, and counts its training steps."""

    def build(self, shape):
        self.scale = self.add_weight(name="scale", shape=(shape[-1],), initializer="ones")
        self.steps = self.add_weight(name="steps", shape=(), initializer="zeros", trainable=False)

    def call(self, inputs, training=False):
        if training:
            self.steps.assign_add(1.0)
        return inputs * self.scale


def asymmetric(y_true, y_pred):
    """Return a loss to which what is too low counts twice."""
    error = tf.cast(y_true, tf.float32)[:, None] - y_pred
    return tf.reduce_mean(tf.maximum(2 * error, -error), axis=-1)


class Worst(keras.metrics.Metric):
    """The largest error."""

    def __init__(self):
        super().__init__(name="worst")
        self.largest = self.add_weight(name="largest", initializer="zeros")

    def update_state(self, y_true, y_pred, sample_weight=None):
        worst = tf.reduce_max(tf.abs(tf.cast(y_true, tf.float32)[:, None] - y_pred))
        self.largest.assign(tf.maximum(self.largest, worst))

    def result(self):
        return self.largest


class Regression(keras.Model):
    """A subclassed model with losses of its layers."""

    def __init__(self, units=4):
        super().__init__()
        self.counting = Counting(name="counting")
        self.hidden = layers.Dense(units, "relu", activity_regularizer="l2", name="hidden")
        self.out = layers.Dense(1, name="out")

    def call(self, inputs):
        hidden = self.hidden(self.counting(inputs))
        self.add_loss(0.01 * tf.reduce_mean(tf.abs(hidden)))
        return self.out(hidden)


def regression(units=4):
    model = Regression(units)
    model.compile("adam", asymmetric, metrics=[Worst()])
    return model


@pytest.mark.parametrize("steps", [5, 400])
def test_own_layers_losses_metrics_and_models(steps):
    estimator = learn.Estimator(regression, random_state=0).fit(X, X[:, 2], steps=steps)
    assert estimator.get_variable_value("model/counting/steps") == steps
    assert estimator.get_variable_value("optimizer/iteration") == steps
    prediction = estimator.predict(X)[:, 0]
    report = estimator.evaluate(X, X[:, 2])
    assert report["worst"] == pytest.approx(np.abs(X[:, 2] - prediction).max(), rel=1e-5)
    model = regression()
    model(X)
    for variable in model.weights:
        variable.assign(estimator.get_variable_value("model/" + variable.path.split("/", 1)[1]))
    assert report["loss"] == pytest.approx(model.evaluate(X, X[:, 2], 150, 0)[0], rel=1e-5)


def test_losses_computed_by_the_model_itself():
    class Absolute(keras.Sequential):
        def __init__(self, *args):
            super().__init__(*args)
            self.seen = keras.metrics.Mean(name="seen_in_training")

        def compute_loss(self, x, y, y_pred, sample_weight):
            error = tf.reduce_mean(tf.abs(y - y_pred[:, 0])) + tf.reduce_mean(x) * 0
            self.seen.update_state(error)
            return error

    def build():
        model = Absolute([layers.Dense(1)])
        model.compile("sgd")
        return model

    estimator = learn.Estimator(build).fit(X, X[:, 0], steps=5)
    error = np.abs(X[:, 0] - estimator.predict(X)[:, 0]).mean()
    wanted = {"loss": pytest.approx(error, rel=1e-5), "global_step": 5}
    assert estimator.evaluate(X, X[:, 0]) == wanted  # and nothing of what was seen, which is none


def two_outputs():
    inputs = keras.Input((4,))
    width, kind = layers.Dense(1, name="width"), layers.Dense(3, "softmax", name="kind")
    model = keras.Model(inputs, [width(inputs), kind(inputs)])
    parts = {"width": "mse", "kind": "sparse_categorical_crossentropy"}
    model.compile("adam", parts, {"width": 0.5, "kind": 2.0}, metrics={"kind": ["accuracy"]})
    return model


def as_two_targets(features, targets):
    return features, {"width": tf.reduce_sum(features, 1), "kind": targets}


@pytest.mark.parametrize("steps", [5, 400])
def test_several_outputs_and_weights_of_their_losses(steps):
    estimator = fitted(two_outputs, steps, feature_engineering_fn=as_two_targets)
    found, report = estimator.predict(X), estimator.evaluate(X, Y)
    width = mean_squared_error(X.sum(axis=1), found["width"])
    kind = crossentropy(Y, found["kind"])
    assert report["width_loss"] == pytest.approx(width, rel=1e-4)
    assert report["kind_loss"] == pytest.approx(kind, rel=1e-4)
    assert report["loss"] == pytest.approx(0.5 * width + 2 * kind, rel=1e-4)
    right = accuracy_score(Y, found["kind"].argmax(axis=1))
    assert report["kind_accuracy"] == pytest.approx(right)


def test_a_metric_of_several_numbers_is_numbered(tmp_path):
    def build():
        model = keras.Sequential([layers.Dense(3, "softmax")])
        f1 = keras.metrics.F1Score(name="f1")
        model.compile("adam", "categorical_crossentropy", metrics=[f1])
        return model

    targets = np.eye(3, dtype=np.float32)[Y]
    estimator = learn.Estimator(build, model_dir=tmp_path).fit(X, targets, steps=5)
    assert {"f1_0", "f1_1", "f1_2"} < set(estimator.evaluate(X, targets))


def test_frames_with_text_and_ids():
    def build():
        inputs = {
            "age": keras.Input((1,), name="age"),
            "city": keras.Input((1,), name="city", dtype="string"),
            "street": keras.Input((1,), name="street", dtype="int64"),
        }
        city = layers.StringLookup(vocabulary=["Rome", "Paris"], output_mode="one_hot")
        street = layers.Flatten()(layers.Embedding(3, 2)(inputs["street"]))
        joined = layers.concatenate([inputs["age"], city(inputs["city"]), street])
        return keras.Model(inputs, layers.Dense(2)(joined))

    city = np.array(["Rome", "Paris"] * 20, object)
    frame = pd.DataFrame({"age": RNG.normal(size=40), "city": city, "street": [0, 1, 2, 1] * 10})
    y = (city == "Rome").astype(int)
    estimator = learn.Estimator(build, random_state=0).fit(frame, y, steps=1500)
    np.testing.assert_array_equal(estimator.predict(frame).argmax(axis=1), y)
    assert estimator.predict(frame[:1]).shape == (1, 2)


def tagger():
    model = keras.Sequential(
        [
            layers.Embedding(9, 4, mask_zero=True, embeddings_initializer="ones", name="embedding"),
            layers.SimpleRNN(4, return_sequences=True, kernel_initializer="ones", name="rnn"),
            layers.Dense(2, "softmax", name="dense"),
        ]
    )
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


def test_masked_steps_of_sequences_do_not_count():
    words = RNG.integers(0, 9, (60, 5))
    tags = (words > 4).astype(int)
    estimator = learn.Estimator(tagger, random_state=0).fit(words, tags, steps=30)
    shown = words > 0
    right = (estimator.predict(words).argmax(axis=2) == tags)[shown].mean()
    assert estimator.evaluate(words, tags)["accuracy"] == pytest.approx(right)
    assert right != pytest.approx((estimator.predict(words).argmax(axis=2) == tags).mean())


# -- models that are not compiled --------------------------------------------------------------


FLAGS = (Y == 1).astype(int)


def squared(targets, outputs):
    return mean_squared_error(np.ravel(targets), np.ravel(outputs))


@pytest.mark.parametrize(
    ("last", "targets", "loss"),
    [
        ((1,), X[:, 2], squared),
        ((4,), X, squared),
        ((3,), Y, lambda y, z: crossentropy(y, softmax(z, axis=1))),
        ((3, "softmax"), Y, crossentropy),
        ((1,), FLAGS, lambda y, z: log_loss(y, expit(z))),
        ((1, "sigmoid"), FLAGS, log_loss),
        ((1, "sigmoid"), FLAGS.astype(bool), log_loss),
        ((2,), FLAGS.astype(np.uint8), lambda y, z: crossentropy(y, softmax(z, axis=1))),
    ],
)
def test_the_loss_of_a_model_that_is_not_compiled(last, targets, loss):
    def build():
        return keras.Sequential([layers.Dense(8, "relu"), layers.Dense(*last)])

    estimator = learn.Estimator(build, random_state=0).fit(X, targets, steps=20)
    wanted = loss(targets, np.float64(estimator.predict(X)))
    assert estimator.evaluate(X, targets)["loss"] == pytest.approx(wanted, rel=1e-4)
    assert "optimizer/dense_kernel_velocity" in estimator.get_variable_names()  # of Adam


def test_probabilities_of_a_subclassed_model_are_seen():
    class Probabilities(keras.Model):
        def __init__(self):
            super().__init__()
            self.dense = layers.Dense(3)

        def call(self, inputs):
            probabilities = tf.nn.softmax(self.dense(inputs))
            return tf.reshape(probabilities, [-1, 3])

    estimator = fitted(Probabilities)
    wanted = crossentropy(Y, estimator.predict(X))
    assert estimator.evaluate(X, Y)["loss"] == pytest.approx(wanted, rel=1e-4)


@pytest.mark.parametrize(
    ("last", "targets"),
    [
        ((3,), X[:, 0]),
        ((3,), np.eye(3, dtype=int)[Y]),
        ((3,), np.array(["a", "b", "c"])[Y]),
        ((3, "sigmoid"), Y),
        ((1, "softmax"), FLAGS),
    ],
)
@pytest.mark.filterwarnings("ignore:You are using a softmax")
def test_without_a_loss_that_is_beyond_doubt_compile_is_asked_for(last, targets):
    def build():
        return keras.Sequential([layers.Dense(*last)])

    with pytest.raises(ValueError, match="compile it with a loss"):
        learn.Estimator(build).fit(X, targets, steps=1)


# -- the same answers again --------------------------------------------------------------------


dropping = partial(network, dropout=0.5)


def test_same_seed_same_bits_and_other_seeds_others():
    first = fitted(dropping).predict(X)
    learn.clear_programs()
    keras.layers.Dense(1)  # Keras counts what it makes
    np.testing.assert_array_equal(fitted(dropping).predict(X), first)
    assert not np.array_equal(fitted(dropping, seed=1).predict(X), first)
    np.testing.assert_array_equal(fitted(dropping).predict(X), first)  # of a shared program


def test_a_shared_program_begins_with_the_weights_of_each_seed():
    def begun(seed):
        estimator = fitted(network, 1, seed, params={"rate": 0.0})
        return estimator.get_variable_value("model/dense/kernel")

    found = [begun(seed) for seed in (0, 1, 0)]
    np.testing.assert_array_equal(found[0], found[2])
    assert not np.isclose(found[0], found[1]).any()


def test_programs_are_shared_by_what_makes_the_same_model():
    def identity(function=dropping, **params):
        return ModelFunction(function, params).identity

    assert identity(units=8) == identity(copy.deepcopy(dropping), units=8)
    assert identity(units=1) != identity(units=True)
    assert identity() != identity(partial(network, dropout=0.4))


@pytest.mark.parametrize("model_fn", [network, network_of_a_batch])
def test_no_global_state_is_left_changed(model_fn):
    learn.clear_programs()
    number = int(layers.Dense(1).name.removeprefix("dense_"))
    python, numpy = random.getstate(), np.random.get_state()
    fitted(model_fn, params={"dropout": 0.5})
    assert random.getstate() == python
    np.testing.assert_equal(np.random.get_state(), numpy)
    assert layers.Dense(1).name == f"dense_{number + 1}"


def test_fits_in_threads_do_not_mix_their_seeds():
    def weights(seed):
        return fitted(dropping, 5, seed).get_variable_value("model/dense/kernel")

    learn.clear_programs()
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(weights, range(4)))
    for seed in range(4):
        np.testing.assert_array_equal(found[seed], weights(seed))


@pytest.mark.parametrize("model_fn", [dropping, regularized])
def test_a_resumed_run_is_the_uninterrupted_one(model_fn, tmp_path):
    words = {"random_state": 0, "batch_size": 16}
    whole = learn.Estimator(model_fn, **words).fit(X, Y, steps=40)
    learn.Estimator(model_fn, model_dir=tmp_path, **words).fit(X, Y, max_steps=17)
    learn.clear_programs()
    resumed = learn.Estimator(model_fn, model_dir=tmp_path, **words).fit(X, Y, max_steps=40)
    assert whole.get_variable_names() == resumed.get_variable_names()
    for name in whole.get_variable_names():
        found = resumed.get_variable_value(name)
        np.testing.assert_array_equal(found, whole.get_variable_value(name), name)
    np.testing.assert_array_equal(
        learn.Estimator(model_fn, model_dir=tmp_path).predict(X), whole.predict(X)
    )


class Nested(keras.Model):
    def __init__(self):
        super().__init__()
        self.blocks = [keras.Sequential([layers.Dense(2)]), keras.Sequential([layers.Dense(3)])]
        self.drop = layers.Dropout(0.5)

    def call(self, inputs):
        return self.drop(self.blocks[1](self.blocks[0](inputs)))


def functional():
    inputs = keras.Input((4,))
    hidden = layers.Dense(3, name="block_2")(layers.Dense(2)(inputs))
    return keras.Model(inputs, hidden)


@pytest.mark.parametrize(
    ("model_fn", "names"),
    [
        (network, ["dense/bias", "dense/kernel", "dense_1/bias", "dense_1/kernel"]),
        (functional, ["block_2/bias", "block_2/kernel", "dense/bias", "dense/kernel"]),
        (
            Nested,
            [
                "seed_generator/seed_generator_state",
                "sequential/dense/bias",
                "sequential/dense/kernel",
                "sequential_1/dense_1/bias",
                "sequential_1/dense_1/kernel",
            ],
        ),
    ],
)
def test_names_are_those_of_a_new_process(model_fn, names):
    layers.Dense(1), keras.Sequential(), keras.optimizers.Adam()  # numbers are used up
    found = fitted(model_fn, 1).get_variable_names()
    assert [name.removeprefix("model/") for name in found if name.startswith("model/")] == names
    slots = {name.removeprefix("optimizer/") for name in found if name.startswith("optimizer/")}
    assert {"iteration", "learning_rate"} < slots
    assert {slot for slot in slots if slot.endswith("momentum")} == {
        f"{name.replace('/', '_')}_momentum" for name in names if "seed" not in name
    }


# -- an estimator like any other ---------------------------------------------------------------


def test_pickles_and_partial_fit_go_on():
    estimator = pickle.loads(pickle.dumps(fitted()))
    loss = estimator.evaluate(X, Y)["loss"]
    estimator.partial_fit(X, Y, steps=100)
    assert estimator.get_variable_value("optimizer/iteration") == 130
    assert estimator.evaluate(X, Y)["loss"] < loss


@pytest.mark.parametrize("model_fn", [network, network_of_a_batch])
def test_params_clone_and_are_searched(model_fn):
    base = learn.Estimator(model_fn, params={"rate": 0.01}, steps=60, random_state=0)
    assert clone(base).set_params(params__units=5).params == {"rate": 0.01, "units": 5}
    grid = {"params__units": [4, 16], "params__rate": [1e-9, 0.03]}
    search = GridSearchCV(base, grid, cv=2).fit(X, Y)
    assert search.best_params_["params__rate"] == 0.03
    best = search.best_estimator_
    assert best.get_variable_value("model/dense/bias").shape == (best.params["units"],)
    assert base.params == {"rate": 0.01}


def test_monitors_see_the_metrics_of_the_model():
    monitor = learn.monitors.ValidationMonitor(
        X, Y, every_n_steps=20, early_stopping_rounds=200, early_stopping_metric="accuracy",
        early_stopping_metric_minimize=False,
    )
    estimator = learn.Estimator(network, random_state=0)
    estimator.fit(X, Y, steps=400, monitors=[monitor])
    assert monitor.best_value > 0.9
    assert estimator.evaluate(X, Y)["accuracy"] == pytest.approx(monitor.best_value)


def test_a_builder_takes_what_it_asks_for(tmp_path):
    seen = []

    def build(units, params, config, model_dir, rate=0.5):
        seen.append((units, params, config, model_dir, rate))
        return network(units)

    config = learn.RunConfig(save_summary_steps=7)
    learn.Estimator(build, str(tmp_path), config, params={"units": 3}).fit(X, Y, steps=1)
    assert set(map(repr, seen)) == {repr((3, {"units": 3}, config, str(tmp_path), 0.5))}


# -- what cannot be ----------------------------------------------------------------------------


SHARED = keras.Sequential([layers.Dense(3)])


class WithItsOwnStep(keras.Sequential):
    def train_step(self, data):
        return {}


def compiled(loss="sparse_categorical_crossentropy", optimizer="adam", kind=keras.Sequential):
    model = kind([layers.Dense(3, "softmax")])
    model.compile(optimizer, loss)
    return model


@pytest.mark.parametrize(
    ("model_fn", "message"),
    [
        (lambda: 3, "should return a Keras model, as it takes neither features nor targets. Got 3"),
        (lambda: None, "should return a Keras model, as it takes neither"),
        (lambda units: network(units), "nothing but entries of params. It takes \\(units\\)"),
        (SHARED, "or one that builds a Keras model. Got <Sequential"),
        (lambda: SHARED, "should make new layers in each call"),
        (partial(compiled, kind=WithItsOwnStep), "its own train_step, which would not be run"),
        (partial(compiled, "categorical_crossentropy"), "must have the same rank"),
        (partial(compiled, None), "Provide a `loss` argument"),
        (partial(compiled, optimizer=None), "with an optimizer. Got None"),
        (
            lambda: compiled(optimizer=keras.optimizers.Adam(use_ema=True)),
            "set ema_overwrite_frequency",
        ),
        (lambda: keras.Sequential([layers.Lambda(lambda x: x[:5])]), "a row for each of the 128"),
    ],
)
def test_models_that_cannot_be_trained_are_told_why(model_fn, message):
    with pytest.raises(ValueError, match=message):
        learn.Estimator(model_fn).fit(X, Y, steps=1)


def test_errors_of_keras_say_whose_model_it_was():
    def wrong():
        return compiled("categorical_crossentropy")

    with pytest.raises(ValueError, match="must have the same rank") as caught:
        learn.Estimator(wrong).fit(X, Y, steps=1)
    assert "Model function 'wrong' raised this when called in mode 'train'" in str(
        caught.value.__notes__
    )


def test_params_that_a_builder_does_not_take():
    with pytest.raises(ValueError, match="not 'unit'.*Did you mean 'units'"):
        learn.Estimator(network, params={"unit": 3}).fit(X, Y, steps=1)
