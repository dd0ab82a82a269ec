"""Estimator: model functions trained, evaluated, predicted with, kept and refused."""

import pickle
from functools import partial

import keras
import numpy as np
import pandas as pd
import pytest
import tensorflow as tf
from event_files import scalars
from sklearn.base import clone
from sklearn.datasets import load_diabetes, load_iris
from sklearn.metrics import accuracy_score, mean_squared_error
from sklearn.model_selection import GridSearchCV, train_test_split

import tflearnkit as learn
from tflearnkit import layers, losses, metrics, models

X, Y = load_iris(return_X_y=True)
X32 = X.astype(np.float32)
SPLIT = train_test_split(X, Y, test_size=0.2, random_state=42)


def iris_model(features, target):
    """The model function of the old book."""
    target = tf.one_hot(target, 3)
    hidden = layers.stack(features, layers.fully_connected, [10, 20, 10])
    prediction, loss = models.logistic_regression_zero_init(hidden, target)
    train_op = layers.optimize_loss(loss, learning_rate=0.1, optimizer="Adagrad")
    return {"class": tf.argmax(prediction, 1), "prob": prediction}, loss, train_op


def linear_model(features, targets, mode, params):
    """Least squares on what ``params`` say."""
    prediction = layers.linear(features, 1)[:, 0]
    loss = losses.mean_squared_error(prediction, tf.cast(targets, tf.float32))
    rate = params["learning_rate"]
    return prediction, loss, layers.optimize_loss(loss, learning_rate=rate, optimizer="SGD")


def counting_model(features, targets, mode):
    """Count its steps beside a step that changes nothing."""
    counted = learn.variables.get_variable("counted", [], initializer="zeros", trainable=False)
    loss = tf.reduce_mean(features) * 0.0
    done = counted.assign_add(1.0)
    return tf.zeros_like(features[:, 0]) + counted, loss, done


def fitted(**words):
    return learn.Estimator(iris_model, random_state=0, **words).fit(X, Y, steps=30)


# -- what the old book does --------------------------------------------------------------------


def test_the_books_iris_model():
    scores = []
    for seed in range(3):
        x_train, x_test, y_train, y_test = SPLIT
        estimator = learn.Estimator(model_fn=iris_model, random_state=seed)
        estimator.fit(x_train, y_train, steps=700)
        scores.append(accuracy_score(y_test, estimator.predict(x_test)["class"]))
    assert np.mean(scores) > 0.93


def test_names_are_those_of_the_old_layers():
    names = fitted().get_variable_names()
    assert {
        "global_step",
        "logistic_regression/bias",
        "logistic_regression/weights",
        "stack/fully_connected_1/biases",
        "stack/fully_connected_1/weights",
        "stack/fully_connected_3/weights",
    } <= set(names)
    estimator = fitted()
    assert estimator.get_variable_value("stack/fully_connected_2/weights").shape == (10, 20)
    assert estimator.get_variable_value("global_step") == 30
    with pytest.raises(ValueError, match="There is no variable 'stack/weights'"):
        estimator.get_variable_value("stack/weights")


def test_predictions_metrics_and_outputs_of_a_dict():
    estimator = fitted()
    found = estimator.predict(X)
    assert found["class"].shape == (150,)
    np.testing.assert_array_equal(found["class"], found["prob"].argmax(axis=1))
    assert list(estimator.predict(X, outputs=["class"])) == ["class"]
    report = estimator.evaluate(X, Y, metrics={("accuracy", "class"): metrics.accuracy})
    assert report["accuracy"] == pytest.approx(accuracy_score(Y, found["class"]))
    assert report["global_step"] == 30
    rows = list(estimator.predict(X[:3], as_iterable=True))
    assert [row["class"] for row in rows] == found["class"][:3].tolist()
    with pytest.raises(ValueError, match="Expected to run at least one output from"):
        estimator.predict(X, outputs=["klass"])


# -- one step is one step ----------------------------------------------------------------------


@pytest.mark.parametrize("steps", [7, 400])
def test_updates_happen_once_a_step_and_in_training_only(steps):
    estimator = learn.Estimator(counting_model).fit(X, Y, steps=steps)
    assert estimator.get_variable_value("counted") == steps
    assert estimator.evaluate(X, Y)["loss"] == 0
    assert (estimator.predict(X) == steps).all()
    assert estimator.get_variable_value("counted") == steps


def test_evaluate_and_predict_leave_a_two_argument_function_untrained():
    estimator = fitted()
    before = estimator.predict(X)["prob"]
    estimator.evaluate(X, Y)
    np.testing.assert_array_equal(estimator.predict(X)["prob"], before)


def test_steps_add_up_and_max_steps_do_not(tmp_path):
    estimator = learn.Estimator(iris_model, model_dir=tmp_path).fit(X, Y, steps=10)
    assert estimator.fit(X, Y, steps=15).get_variable_value("global_step") == 25
    assert estimator.fit(X, Y, max_steps=20).get_variable_value("global_step") == 25
    assert estimator.fit(X, Y, max_steps=30).get_variable_value("global_step") == 30


# -- the mode and the other arguments ----------------------------------------------------------


def test_arguments_are_recognised_by_name(tmp_path):
    seen = []

    def function(x, labels, mode, params, config, model_dir, unit=1.0):
        seen.append((mode, params["rate"], config, model_dir))
        loss = losses.mean_squared_error(layers.linear(x, 1)[:, 0], labels)
        return loss * tf.ones_like(labels), loss, layers.optimize_loss(loss, learning_rate=unit)

    config = learn.RunConfig(save_summary_steps=7)
    estimator = learn.Estimator(
        partial(function, unit=0.01), str(tmp_path), config, params={"rate": 3}
    )
    estimator.fit(X, X[:, 0], steps=2).evaluate(X, X[:, 0])
    estimator.predict(X)
    assert {each[0] for each in seen} == {"train", "eval", "infer"}
    assert {each[1:] for each in seen} == {(3, config, str(tmp_path))}


def test_the_mode_is_told_and_model_fn_ops_are_taken():
    def function(features, targets, mode):
        prediction = layers.linear(features, 1)[:, 0]
        if mode == learn.ModeKeys.INFER:
            return learn.ModelFnOps(mode, predictions=prediction)
        loss = losses.mean_squared_error(prediction, targets)
        step = layers.optimize_loss(loss, learning_rate=0.01)
        error = metrics.streaming_root_mean_squared_error(prediction, targets)
        return learn.ModelFnOps(mode, prediction, loss, step, {"rmse": error, "twice": 2 * loss})

    estimator = learn.Estimator(function, random_state=0).fit(X32, X32[:, 1], steps=50)
    report = estimator.evaluate(X32, X32[:, 1])
    error = mean_squared_error(X32[:, 1], estimator.predict(X32))
    assert report["loss"] == pytest.approx(error, rel=1e-5)
    assert report["rmse"] == pytest.approx(error**0.5, rel=1e-5)
    assert report["twice"] == pytest.approx(2 * error, rel=1e-5)


def test_features_are_engineered_in_every_mode():
    def engineered(features, targets):
        return {"x": features["x"] * 9}, None if targets is None else targets + 90

    def function(features, targets, mode):
        loss = losses.mean_squared_error(features["x"], targets)
        return features["x"] + 0.0, loss, tf.constant(0)

    frame, y = pd.DataFrame({"x": np.ones(8)}), np.zeros(8)
    estimator = learn.Estimator(function, feature_engineering_fn=engineered).fit(frame, y, steps=1)
    assert estimator.evaluate(frame, y)["loss"] == pytest.approx((90 - 9) ** 2)
    assert (estimator.predict(frame) == 9).all()


def test_weights_go_to_a_function_that_asks_for_them():
    def function(features, targets, sample_weight):
        prediction = layers.linear(features, 1)[:, 0]
        loss = tf.reduce_sum(sample_weight * (prediction - tf.cast(targets, tf.float32)) ** 2)
        loss /= tf.reduce_sum(sample_weight)
        return prediction, loss, layers.optimize_loss(loss, learning_rate=0.02)

    weights = np.where(Y == 1, 3.0, 0.001)
    words = {"steps": 500, "batch_size": 150, "random_state": 0}
    weighted = learn.Estimator(function, **words).fit(X, Y, sample_weight=weights)
    assert weighted.evaluate(X, Y, weights)["loss"] < 0.01
    with pytest.raises(ValueError, match="'iris_model'.*sample_weight"):
        learn.Estimator(iris_model).fit(X, Y, sample_weight=weights)


# -- data of every kind ------------------------------------------------------------------------


def text_model(features, targets):
    long = tf.cast(tf.strings.length(features["city"]) > 4, tf.float32)
    inputs = tf.stack([long, tf.cast(features["age"], tf.float32)], axis=1)
    logits = layers.linear(inputs, 2)
    loss = losses.sparse_softmax_cross_entropy(logits, targets)
    step = layers.optimize_loss(loss, learning_rate=0.5, optimizer="Adam")
    return tf.argmax(logits, 1), loss, step


def test_frames_with_strings_come_as_dicts():
    city = np.array(["Rome", "Geneva", None, "Lisbon"] * 10, object)
    frame = pd.DataFrame({"city": city, "age": np.arange(40) % 2})
    y = np.array([0, 1, 0, 1] * 10)
    estimator = learn.Estimator(text_model, random_state=0).fit(frame, y, steps=40)
    np.testing.assert_array_equal(estimator.predict(frame), y)


def test_images_keep_their_shape():
    def function(features, targets):
        assert features.shape[1:] == (8, 8, 1)
        hidden = layers.flatten(layers.max_pool2d(features, 2))
        logits = layers.linear(hidden, 2)
        loss = losses.sparse_softmax_cross_entropy(logits, targets)
        return tf.argmax(logits, 1), loss, layers.optimize_loss(loss, learning_rate=0.1)

    images = np.random.default_rng(0).random((30, 8, 8, 1))
    y = (images.mean(axis=(1, 2, 3)) > 0.5).astype(int)
    estimator = learn.Estimator(function).fit(images, y, steps=5)
    assert estimator.predict(images).shape == (30,)


def test_streams_train_evaluate_and_predict():
    def batches():
        for start in range(0, 150, 40):  # the last one is smaller
            yield X[start : start + 40], Y[start : start + 40]

    estimator = learn.Estimator(iris_model, random_state=0).fit(batches())
    assert estimator.get_variable_value("global_step") == 4
    report = estimator.evaluate(batches())
    assert report["loss"] == pytest.approx(estimator.evaluate(X, Y)["loss"], rel=1e-5)
    found = estimator.predict(input_fn=lambda: tf.data.Dataset.from_tensor_slices(X32).batch(33))
    np.testing.assert_allclose(found["prob"], estimator.predict(X)["prob"], rtol=1e-5)


def test_changed_features_are_refused():
    estimator = fitted()
    with pytest.raises(ValueError, match="4 features"):
        estimator.predict(X[:, :2])
    with pytest.raises(ValueError, match="incompatible with given information"):
        estimator.evaluate(X, np.stack([Y, Y], axis=1))


# -- the same answers again --------------------------------------------------------------------


def test_same_seed_same_bits_and_other_seeds_others():
    first, second = (fitted().predict(X)["prob"] for _ in range(2))
    np.testing.assert_array_equal(first, second)
    other = learn.Estimator(iris_model, random_state=1).fit(X, Y, steps=30).predict(X)["prob"]
    assert not np.array_equal(first, other)


def test_a_resumed_run_is_the_uninterrupted_one(tmp_path):
    words = {"random_state": 0, "batch_size": 16}
    whole = learn.Estimator(iris_model, **words).fit(X, Y, steps=40)
    learn.Estimator(iris_model, model_dir=tmp_path, **words).fit(X, Y, max_steps=17)
    resumed = learn.Estimator(iris_model, model_dir=tmp_path, **words).fit(X, Y, max_steps=40)
    np.testing.assert_array_equal(whole.predict(X)["prob"], resumed.predict(X)["prob"])
    fresh = learn.Estimator(iris_model, model_dir=tmp_path)
    np.testing.assert_array_equal(fresh.predict(X)["prob"], resumed.predict(X)["prob"])


def test_pickles_and_partial_fit_go_on():
    estimator = pickle.loads(pickle.dumps(fitted()))
    loss = estimator.evaluate(X, Y)["loss"]
    estimator.partial_fit(X, Y, steps=100)
    assert estimator.get_variable_value("global_step") == 130
    assert estimator.evaluate(X, Y)["loss"] < loss


def test_params_clone_and_are_searched():
    x, y = load_diabetes(return_X_y=True)
    base = learn.Estimator(linear_model, params={"learning_rate": 0.1}, steps=20, random_state=0)
    assert clone(base).get_params()["params__learning_rate"] == 0.1
    search = GridSearchCV(base, {"params__learning_rate": [1e-9, 0.3]}, cv=2).fit(x, y / 100)
    assert search.best_params_ == {"params__learning_rate": 0.3}
    assert search.best_estimator_.params == {"learning_rate": 0.3}
    assert base.params == {"learning_rate": 0.1}


def test_monitors_stop_a_function_and_restore_its_best_weights():
    x_train, x_test, y_train, y_test = SPLIT
    monitor = learn.monitors.ValidationMonitor(
        x_test, y_test, every_n_steps=20, early_stopping_rounds=60
    )
    estimator = learn.Estimator(iris_model, random_state=0)
    estimator.fit(x_train, y_train, steps=3000, monitors=[monitor])
    report = estimator.evaluate(x_test, y_test)
    assert report["loss"] == pytest.approx(monitor.best_value, rel=1e-6)
    assert monitor.early_stopped


# -- functions that misbehave ------------------------------------------------------------------


def returning(*values):
    def misbehaving(features, targets):
        weights = layers.linear(features, 1)[:, 0]
        loss = tf.reduce_mean(weights)
        step = layers.optimize_loss(loss, learning_rate=0.1)
        known = {"predictions": weights, "loss": loss, "step": step, "rows": weights}
        return tuple(known.get(value, value) for value in values)

    return misbehaving


@pytest.mark.parametrize(
    ("function", "message"),
    [
        (returning("predictions", None, "step"), "Missing loss"),
        (returning("predictions", "loss", None), "Missing train_op"),
        (returning("predictions", "rows", "step"), "a scalar of floats"),
        (returning("predictions", "loss"), "Unrecognized value returned by model_fn"),
        (lambda features: None, "should take \\(features, targets\\)"),
        (lambda features, targets, moed: None, "Did you mean 'mode'"),
        (3, "model_fn should be a function"),
        (None, "model_fn should be a function"),
    ],
)
def test_misbehaving_functions_are_told_what_is_wrong(function, message):
    with pytest.raises(ValueError, match=message):
        learn.Estimator(function).fit(X, Y, steps=1)


def test_params_need_a_function_that_takes_them():
    with pytest.raises(ValueError, match="'iris_model' should take an argument params"):
        learn.Estimator(iris_model, params={"a": 1}).fit(X, Y, steps=1)


def test_an_error_in_the_function_says_where_it_was_raised():
    def failing(features, targets, mode):
        raise RuntimeError("no idea")

    with pytest.raises(RuntimeError, match="no idea") as caught:
        learn.Estimator(failing).fit(X, Y, steps=1)
    assert "Model function 'failing' raised this when called in mode 'train'" in str(
        caught.value.__notes__
    )


def test_variables_must_be_there_in_the_first_call():
    def growing(features, targets, mode):
        hidden = features if mode == "train" else layers.fully_connected(features, 3)
        prediction = layers.linear(hidden, 1, scope="out")[:, 0]
        loss = losses.mean_squared_error(prediction, targets)
        return prediction, loss, layers.optimize_loss(loss, learning_rate=0.1)

    estimator = learn.Estimator(growing).fit(X, Y, steps=1)
    with pytest.raises(ValueError, match="should make the same variables in every call"):
        estimator.predict(X)


def test_an_optimizer_may_be_made_in_the_function():
    def function(features, targets):
        logits = layers.linear(features, 3)
        loss = losses.sparse_softmax_cross_entropy(logits, targets)
        step = layers.optimize_loss(loss, optimizer=keras.optimizers.Adam(0.05))
        return tf.argmax(logits, 1), loss, step

    estimator = learn.Estimator(function, random_state=0).fit(X, Y, steps=200)
    assert np.mean(estimator.predict(X) == Y) > 0.9


@pytest.mark.parametrize("maker", [lambda: tf.Variable(tf.zeros([4, 1]), name="mine"),
                                   lambda: keras.layers.Dense(1, name="mine")])  # fmt: skip
def test_variables_made_past_the_store_are_named(maker):
    def function(features, targets):
        made = maker()
        prediction = made(features) if callable(made) else tf.matmul(features, made)
        loss = losses.mean_squared_error(prediction[:, 0], targets)
        loss += 0.0 * tf.reduce_sum(layers.linear(features, 1))
        return prediction, loss, layers.optimize_loss(loss, learning_rate=0.1)

    with pytest.raises(ValueError, match="'function' should keep its variables. It made"):
        learn.Estimator(function).fit(X, Y, steps=1)


def test_layers_outside_of_a_model_function_say_so():
    with pytest.raises(RuntimeError, match="Estimator\\(model_fn="):
        layers.fully_connected(tf.ones([2, 2]), 3)


def test_a_diverging_function_names_the_step_and_changes_nothing():
    def diverging(features, targets):
        prediction = layers.linear(features, 1)[:, 0]
        loss = losses.mean_squared_error(prediction, targets)
        return prediction, loss, layers.optimize_loss(loss, learning_rate=1e9, optimizer="SGD")

    estimator = learn.Estimator(diverging)
    with pytest.raises(learn.NanLossDuringTrainingError, match="at step"):
        estimator.fit(X, Y, steps=100)
    with pytest.raises(learn.NotFittedError):
        estimator.predict(X)


# -- what a step shows -------------------------------------------------------------------------


def telling_model(features, targets):
    """Least squares that shows what it does."""
    prediction = layers.linear(features, 1, scope="out")[:, 0]
    loss = losses.mean_squared_error(prediction, tf.cast(targets, tf.float32))
    layers.summarize("mean_prediction", tf.reduce_mean(prediction))
    step = layers.optimize_loss(
        loss, learning_rate=0.01, optimizer="SGD", summaries=["learning_rate", "gradient_norm"],
        learning_rate_decay_fn=lambda rate, step: rate / (1 + tf.cast(step, tf.float32)),
    )  # fmt: skip
    return prediction, loss, step


def test_what_a_function_shows_is_written_for_tensorboard(tmp_path):
    folder = str(tmp_path)
    config = learn.RunConfig(save_summary_steps=5)
    seen = [learn.monitors.CaptureVariable("mean_prediction", every_n=5)]
    estimator = learn.Estimator(telling_model, folder, config, random_state=0, batch_size=150)
    for _ in range(2):  # the second run goes on, by the same program
        estimator.fit(X, Y, steps=10, monitors=seen)
    found = scalars(folder)
    shown = ["mean_prediction", "OptimizeLoss/learning_rate", "OptimizeLoss/gradient_norm"]
    assert {*shown, "loss"} <= set(found)
    for step, rate in found["OptimizeLoss/learning_rate"].items():
        assert rate == pytest.approx(0.01 / step)
    assert set(found["mean_prediction"]) == {1, 6, 10, 11, 16, 20}
    for step, mean in seen[0].values.items():
        assert found["mean_prediction"][step] == pytest.approx(float(mean))

    by_hand = learn.Estimator(telling_model, random_state=0, batch_size=150).fit(X, Y, steps=5)
    weights, bias = (by_hand.get_variable_value(f"out/{name}") for name in ("weights", "biases"))
    predicted = X32 @ weights + bias
    assert found["mean_prediction"][6] == pytest.approx(predicted.mean(), rel=1e-4)
    residual = predicted[:, 0] - Y
    gradient = np.append(X32.T @ residual, residual.sum()) * 2 / len(Y)
    assert found["OptimizeLoss/gradient_norm"][6] == pytest.approx(
        np.linalg.norm(gradient), rel=1e-4
    )


def test_the_loss_is_shown_by_itself():
    def model_fn(features, targets):
        layers.summarize("loss", tf.reduce_mean(features))

    with pytest.raises(ValueError, match="summarize expects a new name. Got 'loss' again"):
        learn.Estimator(model_fn).fit(X, Y, steps=1)


# -- weights of any sign -----------------------------------------------------------------------


def weighted_model(features, targets, sample_weight):
    """Choose the class that targets name, or away from it where the weight is negative."""
    logits = layers.linear(features, 2)
    each = tf.nn.sparse_softmax_cross_entropy_with_logits(tf.cast(targets, tf.int32), logits)
    loss = tf.reduce_mean(sample_weight * each)
    step = layers.optimize_loss(loss, learning_rate=0.1, optimizer="SGD")
    return tf.nn.softmax(logits), loss, step


def test_a_function_may_take_negative_weights():
    advantage = np.array([1.0, -1.0, 1.0, -1.0])
    action, state = np.array([0, 1, 0, 1]), np.ones((4, 1))
    estimator = learn.Estimator(weighted_model, random_state=0)
    before = estimator.partial_fit(state, action, sample_weight=advantage).predict(state)
    after = estimator.partial_fit(state, action, sample_weight=advantage, steps=50).predict(state)
    assert (after[:, 0] > before[:, 0]).all()
    assert (after[:, 0] > 0.9).all()
    with pytest.raises(ValueError, match="must hold finite numbers. Got nan in row 1"):
        estimator.partial_fit(state, action, sample_weight=[1, np.nan, 1, 1])
    with pytest.raises(ValueError, match="must hold finite numbers >= 0. Got -1.0 in row 1"):
        learn.LogisticRegressor(weighted_model).fit(state, action, sample_weight=advantage)
