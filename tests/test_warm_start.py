"""warm_start_from: training that begins with the variables of another checkpoint."""

import glob
import os
import shutil

import keras
import numpy as np
import pytest
import tensorflow as tf
from sklearn.base import clone
from sklearn.datasets import load_iris

import tflearnkit as learn
from tflearnkit import layers, losses

X, Y = load_iris(return_X_y=True)


def model_fn(features, targets, params):
    params = {"units": 6, "scope": "hidden", "rate": 0.1, **params}
    hidden = layers.fully_connected(features, params["units"], scope=params["scope"])
    logits = layers.linear(hidden, 3, scope="out")
    loss = losses.sparse_softmax_cross_entropy(logits, targets)
    step = layers.optimize_loss(loss, learning_rate=params["rate"], optimizer="Momentum")
    return logits, loss, step


class Net(learn.BaseEstimator):
    def __init__(self, model_dir=None, warm_start_from=None, random_state=None):
        self.model_dir = model_dir
        self.warm_start_from = warm_start_from
        self.random_state = random_state

    def _get_train_ops(self, features, targets):
        return model_fn(features, targets, {})[:0:-1]


def build(units):
    model = keras.Sequential([keras.layers.Dense(units), keras.layers.Dense(3)])
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.Adam(1e-9), loss)
    return model


def estimator(warm_start_from=None, model_dir=None, seed=1, **params):
    words = {"params": params, "random_state": seed, "warm_start_from": warm_start_from}
    return learn.Estimator(model_fn, model_dir, **words)


@pytest.fixture
def folder(tmp_path):
    """The model_dir of a network that was trained."""
    path = tmp_path / "first"
    estimator(model_dir=path, seed=0).fit(X, Y, steps=60)
    return path


def variables(model, scope=""):
    names = [name for name in model.get_variable_names() if name.startswith(scope)]
    return {name: model.get_variable_value(name) for name in names}


def assert_equal(some, other):
    assert some
    for name, array in some.items():
        np.testing.assert_allclose(array, other[name], atol=1e-20, err_msg=name)


def begun(settings, **params):
    """Return a model that has taken a step too small to be seen."""
    return estimator(settings, rate=1e-30, **params).fit(X, Y, steps=1)


def test_all_variables_begin_as_those_of_the_folder_but_no_slots(folder):
    first, warm = estimator(model_dir=folder), begun(str(folder))
    np.testing.assert_array_equal(first.predict(X), warm.predict(X))
    before, now = variables(first, "OptimizeLoss"), variables(warm, "OptimizeLoss")
    slots = [name for name in before if name.endswith("momentum")]
    assert slots
    assert not any(np.array_equal(before[name], now[name]) for name in slots)
    assert now["OptimizeLoss/sgd/iteration"] == 1
    assert warm.get_variable_value("global_step") == 1


def test_the_regex_says_which_and_the_others_begin_as_ever(folder):
    first, cold = estimator(model_dir=folder), begun(None)
    warm = begun(learn.WarmStartSettings(folder, "hidden/"))
    assert_equal(variables(warm, "hidden"), variables(first))
    assert_equal(variables(warm, "out"), variables(cold))


def test_names_are_mapped(folder):
    names = {"body/weights": "hidden/weights", "body/biases": "hidden/biases"}
    warm = begun(learn.WarmStartSettings(folder, "body|out", names), scope="body")
    first = estimator(model_dir=folder)
    np.testing.assert_array_equal(warm.predict(X), first.predict(X))


def test_one_checkpoint_may_be_named_and_the_folder_moved(folder, tmp_path):
    path = shutil.move(folder, tmp_path / "moved")
    (one,) = glob.glob(os.path.join(path, "checkpoint-*"))
    np.testing.assert_array_equal(begun(one).predict(X), begun(path).predict(X))


def test_a_checkpoint_of_its_own_goes_before(folder, tmp_path):
    own = tmp_path / "own"
    warm = estimator(folder, own).fit(X, Y, steps=10)
    shutil.rmtree(folder)  # which is not looked at any more
    assert warm.fit(X, Y, steps=10).get_variable_value("global_step") == 20
    warm.partial_fit(X, Y, steps=1)


def test_a_warm_start_is_ahead(folder):
    first = estimator(model_dir=folder).evaluate(X, Y)["loss"]
    warm, cold = (estimator(path).fit(X, Y, steps=5) for path in (folder, None))
    assert warm.evaluate(X, Y)["loss"] < first * 1.1 < cold.evaluate(X, Y)["loss"]


def test_settings_are_cloned_with_the_estimator(folder):
    warm = clone(estimator(learn.WarmStartSettings(folder, "hidden")))
    assert warm.warm_start_from.vars_to_warm_start == "hidden"
    warm.fit(X, Y, steps=1)


def test_subclasses_and_logistic_regressors_begin_warm(folder):
    warm = Net(warm_start_from=folder, random_state=1).fit(X, Y, max_steps=1)
    cold = Net(random_state=1).fit(X, Y, max_steps=1)
    assert warm.history_["loss"][0] < cold.history_["loss"][0] / 2
    warm = learn.LogisticRegressor(model_fn, params={}, warm_start_from=folder / "none")
    with pytest.raises(learn.CheckpointError, match="There is none in"):
        warm.fit(X, Y == 1, steps=1)


def test_keras_models_begin_warm_without_their_optimizers(tmp_path):
    words = {"params": {"units": 4}}
    first = learn.Estimator(build, tmp_path, random_state=0, **words).fit(X, Y, steps=3)
    warm = learn.Estimator(build, random_state=1, warm_start_from=tmp_path, **words)
    warm.fit(X, Y, steps=1)
    np.testing.assert_allclose(warm.predict(X), first.predict(X), atol=1e-5)
    assert warm.get_variable_value("optimizer/iteration") == 1


@pytest.mark.parametrize(
    ("settings", "params", "message"),
    [
        ({}, {"units": 5}, "'hidden/weights' should have the shape .*\\(4, 6\\). Got \\(4, 5\\)"),
        ({}, {"scope": "body"}, "'body/weights' of the checkpoint .* no such variable"),
        ({"vars_to_warm_start": "weights"}, {}, "should match the name of a variable"),
        ({"var_name_to_prev_var_name": {"hiden/weights": "a"}}, {}, "Did you mean 'hidden/weights"),
        ({"var_name_to_prev_var_name": {"out/weights": "a"}}, {}, "begin as 'a' of the checkpoint"),
    ],
)
def test_what_does_not_fit_is_refused(folder, settings, params, message):
    warm = estimator(learn.WarmStartSettings(folder, **settings), **params)
    with pytest.raises(ValueError, match=message):
        warm.fit(X, Y, steps=1)
    with pytest.raises(learn.NotFittedError):
        warm.predict(X)


def test_settings_are_checked(tmp_path):
    with pytest.raises(ValueError, match="vars_to_warm_start should be a regular expression"):
        learn.WarmStartSettings(tmp_path, "(")
    with pytest.raises(ValueError, match="var_name_to_prev_var_name should be a dict"):
        learn.WarmStartSettings(tmp_path, ".*", ["a"])
    with pytest.raises(ValueError, match="warm_start_from should be a path"):
        estimator(3).fit(X, Y, steps=1)
    with pytest.raises(learn.CheckpointError, match="There is none in"):
        estimator(tmp_path / "nothing").fit(X, Y, steps=1)
    assert not tf.io.gfile.exists(str(tmp_path / "nothing"))


def test_a_damaged_checkpoint_is_named(folder):
    (one,) = glob.glob(os.path.join(folder, "checkpoint-*"))
    with open(os.path.join(one, "arrays.npz"), "ab") as file:
        file.write(b"more")
    with pytest.raises(learn.CheckpointError, match="is damaged"):
        estimator(one).fit(X, Y, steps=1)
