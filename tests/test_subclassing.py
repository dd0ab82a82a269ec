"""BaseEstimator: subclasses that say what training, evaluating and predicting compute."""

import pickle
from unittest import mock

import numpy as np
import pandas as pd
import pytest
import tensorflow as tf
from sklearn.base import clone
from sklearn.datasets import load_diabetes, load_iris
from sklearn.decomposition import PCA
from sklearn.linear_model import Ridge
from sklearn.metrics import mean_absolute_error, mean_squared_error
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import tflearnkit as learn
from tflearnkit import layers, losses, metrics
from tflearnkit.engines.function_program import FunctionProgram
from tflearnkit.variables import get_variable

X, Y = load_diabetes(return_X_y=True)
X, Y = X * 20, (Y - Y.mean()) / Y.std()
IRIS = load_iris().data


class Linear(learn.BaseEstimator):
    """Ridge regression by steps."""

    def __init__(self, l2=0.0, rate=0.1, model_dir=None, config=None, random_state=None):
        super().__init__(model_dir=model_dir, config=config)
        self.l2 = l2
        self.rate = rate
        self.random_state = random_state

    def _get_predict_ops(self, features):
        return layers.linear(features, 1, weights_regularizer=layers.l2_regularizer(self.l2))[:, 0]

    def _get_train_ops(self, features, targets):
        loss = losses.mean_squared_error(self._get_predict_ops(features), targets)
        return layers.optimize_loss(loss, learning_rate=self.rate, optimizer="Adam"), loss

    def _get_eval_ops(self, features, targets, metrics):
        assert metrics == {}
        found = self._get_predict_ops(features)
        return {
            "error": learn.metrics.streaming_mean_absolute_error(found, targets),
            "rows": tf.cast(tf.shape(features)[0], tf.float32),
        }


class Components(learn.BaseEstimator):
    """Directions that a linear autoencoder finds."""

    def __init__(self, n=1, batch_size=None, steps=None, random_state=None, class_weight=None):
        self.n = n
        self.batch_size = batch_size
        self.steps = steps
        self.random_state = random_state
        self.class_weight = class_weight

    def _get_transform_ops(self, features):
        self.seen = features  # which must not be kept
        mean = get_variable("mean", [features.shape[1]], initializer="zeros")
        return layers.linear(features - mean, self.n, biases_initializer=None, scope="down")

    def _get_train_ops(self, features, targets):
        assert targets is None
        rebuilt = layers.linear(self._get_transform_ops(features), features.shape[1], scope="up")
        loss = losses.mean_squared_error(rebuilt, features)
        return layers.optimize_loss(loss, learning_rate=0.03, optimizer="Adam"), loss


class Constant(learn.BaseEstimator):
    """Hooks in the form of the old 1.x API: the mean of the targets."""

    def _get_train_ops(self, features, targets):
        value = get_variable("value", [], initializer="zeros")
        loss = tf.reduce_mean((value - tf.cast(targets, tf.float32)) ** 2)
        step = layers.optimize_loss(loss, learning_rate=0.1, optimizer="SGD")
        return learn.ModelFnOps("train", loss=loss, train_op=step)

    def _get_eval_ops(self, features, targets, metrics):
        found = self._get_predict_ops(features).predictions["value"]
        error = metrics_of(found, targets)
        return learn.ModelFnOps("eval", {"value": found}, error, eval_metric_ops={"e": error})

    def _get_predict_ops(self, features):
        value = get_variable("value", [], initializer="zeros")
        return learn.ModelFnOps("infer", {"value": value + 0 * features[:, 0]})


def metrics_of(found, targets):
    return tf.reduce_mean(tf.abs(found - tf.cast(targets, tf.float32)))


class Weighted(Linear):
    def _get_train_ops(self, features, targets, sample_weight):
        found = self._get_predict_ops(features)
        loss = tf.reduce_sum(sample_weight * (found - tf.cast(targets, tf.float32)) ** 2)
        loss /= tf.reduce_sum(sample_weight)
        return layers.optimize_loss(loss, learning_rate=self.rate, optimizer="Adam"), loss


class LossOfItsOwn(Linear):
    def _get_eval_ops(self, features, targets, metrics):
        found = self._get_predict_ops(features)
        return {"loss": learn.metrics.streaming_mean_absolute_error(found, targets)}


class TrainsOnly(learn.BaseEstimator):
    def _get_train_ops(self, features, targets):
        loss = tf.reduce_mean(layers.linear(features, 1))
        return layers.optimize_loss(loss, learning_rate=0.1), loss


class ReturnsLess(learn.BaseEstimator):
    def _get_train_ops(self, features, targets):
        return tf.reduce_mean(layers.linear(features, 1))


def test_a_subclass_fits_predicts_and_evaluates():
    model = Linear(random_state=0).fit(X, Y, steps=400, batch_size=len(X))
    np.testing.assert_allclose(model.predict(X), Ridge(alpha=1e-3).fit(X, Y).predict(X), atol=0.03)
    report = model.evaluate(X, Y, metrics={"mse": mean_squared_error})
    assert set(report) == {"loss", "global_step", "error", "rows", "mse"}
    assert report["loss"] == pytest.approx(mean_squared_error(Y, model.predict(X)), rel=1e-5)
    assert report["mse"] == pytest.approx(report["loss"], rel=1e-5)
    assert report["error"] == pytest.approx(mean_absolute_error(Y, model.predict(X)), rel=1e-5)
    assert report["rows"] == len(X)
    assert model.score(X, Y) == -report["loss"]
    assert "fully_connected/weights" in model.get_variable_names()


def test_a_loss_of_its_own_takes_the_place_of_that_of_training():
    model = LossOfItsOwn(random_state=0).fit(X, Y, steps=5)
    error = mean_absolute_error(Y, model.predict(X))
    assert model.evaluate(X, Y)["loss"] == pytest.approx(error, rel=1e-5)


def test_hooks_of_the_old_form_are_taken():
    model = Constant().fit(X, Y + 3, steps=200, batch_size=len(X))
    assert model.predict(X)["value"] == pytest.approx(np.full(len(X), 3), abs=1e-4)
    report = model.evaluate(X, Y + 3, metrics={("mse", "value"): mean_squared_error})
    assert report["loss"] == report["e"] == pytest.approx(np.abs(Y).mean(), abs=1e-3)
    assert report["mse"] == pytest.approx(1, abs=1e-3)


def test_it_is_searched_over_its_own_parameters():
    search = GridSearchCV(Linear(random_state=0), {"l2": [0.0, 100.0], "rate": [0.1]}, cv=2)
    search.fit(X, Y, steps=100)
    assert search.best_params_ == {"l2": 0.0, "rate": 0.1}
    assert clone(search.best_estimator_).get_params() == search.best_estimator_.get_params()


def test_clones_of_equal_parameters_share_a_program():
    model = Linear(l2=0.123, random_state=0).fit(X, Y, steps=3)
    built = mock.Mock(wraps=FunctionProgram)
    with mock.patch("tflearnkit.engines.function.FunctionProgram", built):
        again = clone(model).fit(X, Y, steps=3)
        assert built.call_count == 0
        clone(model).set_params(l2=0.456).fit(X, Y, steps=3)
        assert built.call_count == 1
    np.testing.assert_array_equal(again.predict(X), model.predict(X))


def test_parameters_set_later_count_from_the_next_fit_on():
    model = Linear(random_state=0).fit(X, Y, steps=100)
    before = model.predict(X)
    model.set_params(l2=100.0)
    np.testing.assert_array_equal(model.predict(X), before)
    assert np.abs(model.fit(X, Y, steps=100).predict(X)).mean() < np.abs(before).mean() / 2


def test_it_pickles_and_goes_on():
    model = pickle.loads(pickle.dumps(Linear(random_state=0).fit(X, Y, steps=10)))
    loss = model.evaluate(X, Y)["loss"]
    model.partial_fit(X, Y, steps=100)
    assert model.get_variable_value("global_step") == 110
    assert model.evaluate(X, Y)["loss"] < loss


def test_a_resumed_run_is_the_uninterrupted_one(tmp_path):
    whole = Linear(random_state=0).fit(X, Y, steps=40)
    Linear(model_dir=tmp_path, random_state=0).fit(X, Y, max_steps=17)
    resumed = Linear(model_dir=tmp_path, random_state=0).fit(X, Y, max_steps=40)
    np.testing.assert_array_equal(whole.predict(X), resumed.predict(X))
    fresh = Linear(model_dir=tmp_path)
    np.testing.assert_array_equal(whole.predict(X), fresh.predict(X))


def test_weights_need_a_hook_that_takes_them():
    weights = np.where(X[:, 0] > 0, 1.0, 1e-6)
    model = Weighted(random_state=0).fit(X, Y, weights, steps=400, batch_size=len(X))
    exact = Ridge(alpha=1e-3).fit(X, Y, weights)
    np.testing.assert_allclose(model.predict(X), exact.predict(X), atol=0.05)
    with pytest.raises(ValueError, match="Estimator 'Linear' should take an argument sample_wei"):
        Linear().fit(X, Y, weights, steps=1)


# -- without targets ---------------------------------------------------------------------------


def test_an_unsupervised_one_transforms():
    model = Components(1, batch_size=150, random_state=0).fit(IRIS, steps=1500)
    found = model.transform(IRIS)
    assert found.shape == (150, 1)
    exact = PCA(1).fit(IRIS)
    assert abs(np.corrcoef(found[:, 0], exact.transform(IRIS)[:, 0])[0, 1]) > 0.99
    error = ((IRIS - exact.inverse_transform(exact.transform(IRIS))) ** 2).mean()
    assert model.evaluate(IRIS)["loss"] == pytest.approx(error, rel=0.2)
    assert model.score(IRIS) == -model.evaluate(IRIS)["loss"]
    np.testing.assert_allclose(model.transform(IRIS, batch_size=7), found, rtol=1e-5, atol=1e-6)
    pickle.dumps(model)  # which a tensor kept from a hook would prevent


def test_it_stands_in_pipelines_and_searches_without_targets():
    model = Components(steps=30, random_state=0)
    pipeline = make_pipeline(StandardScaler(), model, PCA(1))
    assert pipeline.fit_transform(IRIS).shape == (150, 1)
    search = GridSearchCV(model, {"n": [1, 3]}, cv=2).fit(IRIS)
    assert search.best_estimator_.transform(IRIS).shape[1] == search.best_params_["n"]


def test_only_those_with_the_hook_transform():
    assert hasattr(Components(), "transform")
    assert hasattr(Components(), "fit_transform")
    assert not hasattr(Linear(), "transform")
    assert not hasattr(learn.Estimator(), "transform")


def test_frames_streams_and_folders_do_without_targets(tmp_path):
    def model_fn(features, targets):
        assert targets is None
        values = tf.stack([features["a"], features["b"]], axis=1)
        centre = get_variable("centre", [2], initializer="zeros")
        loss = tf.reduce_mean((values - centre) ** 2)
        step = layers.optimize_loss(loss, learning_rate=0.2, optimizer="SGD")
        return tf.norm(values - centre, axis=1), loss, step

    frame = pd.DataFrame({"a": IRIS[:, 0], "b": IRIS[:, 1]}).astype(np.float32)
    model = learn.Estimator(model_fn, model_dir=tmp_path, batch_size=150).fit(frame, steps=100)
    centre = IRIS[:, :2].mean(axis=0)
    np.testing.assert_allclose(model.get_variable_value("centre"), centre, rtol=1e-3)
    distance = np.linalg.norm(IRIS[:, :2] - centre, axis=1)
    again = learn.Estimator(model_fn, model_dir=tmp_path)
    np.testing.assert_allclose(again.predict(frame), distance, atol=0.01)
    batches = (frame[start : start + 50] for start in (0, 50, 100))
    again.partial_fit(batches)
    assert again.get_variable_value("global_step") == 103
    # Labels may be there for metrics, though the function does not see them.
    report = again.evaluate(frame, distance, metrics={"error": metrics.mean_absolute_error})
    assert report["error"] < 0.2


def test_targets_come_in_every_fit_or_in_none():
    model = Linear(random_state=0).fit(X, Y, steps=1)
    for method in (model.partial_fit, model.evaluate):
        with pytest.raises(ValueError, match="'Linear' was trained with y. Got no y"):
            method(X)
    with pytest.raises(ValueError, match="trained with no y. Got y"):
        Components(steps=1).fit(IRIS).partial_fit(IRIS, IRIS[:, 0])
    with pytest.raises(ValueError, match="Got no y"):
        Components(steps=1).fit(IRIS).evaluate(IRIS, metrics=["mae"])


def test_a_model_that_needs_targets_is_told_that_there_were_none():
    with pytest.raises(ValueError) as caught:  # noqa: PT011
        Linear().fit(X, steps=1)
    assert "Targets were None, as y was" in str(caught.value.__notes__)


# -- classes that misbehave --------------------------------------------------------------------


def test_hooks_that_are_missing_or_return_something_else_are_named():
    with pytest.raises(NotImplementedError, match="define _get_train_ops for this. BaseEstimator"):
        learn.BaseEstimator().fit(X, Y, steps=1)
    with pytest.raises(NotImplementedError, match="define _get_predict_ops for this. TrainsOnly"):
        TrainsOnly().fit(X, steps=1).predict(X)
    with pytest.raises(ValueError, match="_get_train_ops of ReturnsLess should return \\(train_op"):
        ReturnsLess().fit(X, steps=1)


def test_only_parameters_of_the_usual_meaning_are_checked():
    Components(class_weight=[1, 2]).fit(IRIS, steps=1)
    with pytest.raises(ValueError, match="The 'batch_size' parameter of Components"):
        Components(batch_size=0).fit(IRIS, steps=1)


def test_an_estimator_of_a_function_is_one_too():
    assert issubclass(learn.Estimator, learn.BaseEstimator)
    with pytest.raises(learn.NotFittedError):
        Linear().predict(X)
