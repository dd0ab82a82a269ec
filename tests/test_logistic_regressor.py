"""LogisticRegressor: what is reported of probabilities that a model function predicts."""

import pickle

import numpy as np
import pytest
import tensorflow as tf
from sklearn.base import clone
from sklearn.datasets import load_iris
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import brier_score_loss, precision_score, recall_score, roc_auc_score

import tflearnkit as learn
from tflearnkit import layers, losses

RNG = np.random.default_rng(0)
X = RNG.normal(size=(1500, 3)).astype(np.float32)  # more than one block of rows
Y = (X @ [1.0, -2.0, 0.5] + RNG.normal(size=1500) > 0).astype(int)
KEYS = {
    "loss",
    "global_step",
    "auc",
    "labels/prediction_mean",
    "labels/actual_label_mean",
    "accuracy/baseline_label_mean",
    "accuracy/threshold_0.500000_mean",
    "precision/positive_threshold_0.500000_mean",
    "recall/positive_threshold_0.500000_mean",
}


def linear_model(features, targets):
    logits = layers.linear(features, 1)[:, 0]
    loss = losses.sigmoid_cross_entropy(logits, tf.cast(targets, tf.float32))
    return tf.sigmoid(logits), loss, layers.optimize_loss(loss, learning_rate=0.1, optimizer="Adam")


def weighted_model(features, targets, sample_weight):
    logits = layers.linear(features, 1)
    targets = tf.cast(targets, tf.float32)[:, tf.newaxis]
    loss = losses.sigmoid_cross_entropy(logits, targets, sample_weight[:, tf.newaxis])
    return {"chance": tf.sigmoid(logits)}, loss, layers.optimize_loss(loss, learning_rate=0.1)


def biased_model(features, targets):
    """The model of the old tests: it begins with a bias of -10."""
    logits = layers.linear(
        features,
        1,
        weights_initializer="zeros",
        biases_initializer=lambda rng, shape: np.full(shape, -10.0),
    )
    loss = losses.sigmoid_cross_entropy(logits, tf.cast(targets, tf.float32)[:, tf.newaxis])
    step = layers.optimize_loss(loss, learning_rate=0.1, optimizer="Adagrad")
    return tf.sigmoid(logits), loss, step


def fitted(function=linear_model, **words):
    return learn.LogisticRegressor(function, random_state=0, **words).fit(X, Y, steps=200)


def test_the_report_is_that_of_all_rows():
    estimator = fitted(thresholds=[0.3, 0.5])
    chance = estimator.predict(X)
    assert chance.shape == (1500,)
    report = estimator.evaluate(X, Y)
    assert set(report) == KEYS | {
        "accuracy/threshold_0.300000_mean",
        "precision/positive_threshold_0.300000_mean",
        "recall/positive_threshold_0.300000_mean",
    }
    assert report["auc"] == pytest.approx(roc_auc_score(Y, chance))
    assert report["labels/prediction_mean"] == pytest.approx(chance.mean(), rel=1e-6)
    assert report["labels/actual_label_mean"] == pytest.approx(Y.mean())
    assert report["accuracy/baseline_label_mean"] == pytest.approx(Y.mean())
    for t in (0.3, 0.5):
        positive = chance > t
        assert report[f"accuracy/threshold_{t:f}_mean"] == pytest.approx((positive == Y).mean())
        precision, recall = precision_score(Y, positive), recall_score(Y, positive)
        assert report[f"precision/positive_threshold_{t:f}_mean"] == pytest.approx(precision)
        assert report[f"recall/positive_threshold_{t:f}_mean"] == pytest.approx(recall)


def test_the_fit_is_a_logistic_regression():
    exact = LogisticRegression(C=1e6, fit_intercept=True).fit(X, Y)
    estimator = learn.LogisticRegressor(linear_model, random_state=0, batch_size=1500)
    estimator.fit(X, Y, steps=500)
    np.testing.assert_allclose(estimator.predict(X), exact.predict_proba(X)[:, 1], atol=0.01)


def test_weights_count_in_the_report():
    weights = np.where(Y == 1, 3.0, 1.0)
    estimator = learn.LogisticRegressor(weighted_model, random_state=0)
    report = estimator.fit(X, Y, weights, steps=50).evaluate(X, Y, weights)
    chance = estimator.predict(X)["chance"][:, 0]
    assert report["labels/actual_label_mean"] == pytest.approx(np.average(Y, weights=weights))
    right = np.average((chance > 0.5) == Y, weights=weights)
    assert report["accuracy/threshold_0.500000_mean"] == pytest.approx(right)
    assert report["auc"] == pytest.approx(roc_auc_score(Y, chance, sample_weight=weights))


def test_the_asserted_values_of_the_old_tests():
    x, y = (array[:100] for array in load_iris(return_X_y=True))
    estimator = learn.LogisticRegressor(biased_model, batch_size=100).fit(x, y, steps=1)
    report = estimator.evaluate(x, y)
    assert report["labels/prediction_mean"] == pytest.approx(0, abs=1e-3)
    for key in ("labels/actual_label_mean", "accuracy/baseline_label_mean"):
        assert report[key] == pytest.approx(0.5, abs=1e-6)
    assert report["accuracy/threshold_0.500000_mean"] == pytest.approx(0.5, abs=1e-6)
    assert report["precision/positive_threshold_0.500000_mean"] == 0
    assert report["recall/positive_threshold_0.500000_mean"] == 0
    report = estimator.partial_fit(x, y, steps=100).evaluate(x, y)
    assert report["labels/prediction_mean"] == pytest.approx(0.5, abs=0.01)
    assert report["auc"] == pytest.approx(1, abs=1e-6)
    assert report["accuracy/threshold_0.500000_mean"] > 0.9
    assert report["precision/positive_threshold_0.500000_mean"] == pytest.approx(1, abs=1e-6)
    assert report["recall/positive_threshold_0.500000_mean"] > 0.9


def test_ties_are_positive_for_accuracy_alone():
    def function(features, targets):
        return features[:, 0] + 0.0, tf.reduce_sum(features), tf.constant(0)

    estimator = learn.LogisticRegressor(function, [0.25]).fit([[0.25], [0.75]], [1, 1], steps=1)
    report = estimator.evaluate([[0.25], [0.75]], [1, 1])
    assert report["accuracy/threshold_0.250000_mean"] == 1.0
    assert report["recall/positive_threshold_0.250000_mean"] == 0.5


def test_metrics_asked_for_are_added_on_top():
    estimator = fitted()
    chance = estimator.predict(X)
    asked = {"brier": brier_score_loss, "accuracy": "accuracy", "auc": lambda p, labels: 7.0}
    report = estimator.evaluate(X, Y, metrics=asked)
    assert report["brier"] == pytest.approx(brier_score_loss(Y, chance))
    assert report["accuracy"] == pytest.approx(((chance > 0.5) == Y).mean())
    assert report["auc"] == 7.0
    assert set(report) > KEYS


def test_names_of_the_old_class_find_what_they_named():
    kind = learn.LogisticRegressor
    named = {kind.AUC, kind.PREDICTION_MEAN, kind.TARGET_MEAN, kind.ACCURACY_BASELINE}
    named |= {name % 0.5 for name in (kind.ACCURACY_MEAN, kind.PRECISION_MEAN, kind.RECALL_MEAN)}
    assert named == KEYS - {"loss", "global_step"}


def test_monitors_see_the_report():
    monitor = learn.monitors.ValidationMonitor(
        X, Y, every_n_steps=20, early_stopping_metric="auc", early_stopping_metric_minimize=False
    )
    estimator = learn.LogisticRegressor(linear_model, random_state=0)
    estimator.fit(X, Y, steps=60, monitors=[monitor])
    assert monitor.best_value == pytest.approx(estimator.evaluate(X, Y)["auc"])


def test_it_clones_pickles_and_comes_back_from_its_folder(tmp_path):
    estimator = fitted(thresholds=[0.25], model_dir=tmp_path)
    report = estimator.evaluate(X, Y)
    assert clone(estimator).get_params()["thresholds"] == [0.25]
    assert pickle.loads(pickle.dumps(estimator)).evaluate(X, Y) == report
    again = learn.LogisticRegressor(linear_model, [0.25], tmp_path)
    assert again.evaluate(X, Y) == report


@pytest.mark.parametrize(
    ("function", "y", "thresholds", "message"),
    [
        (linear_model, Y + 1, None, "labels 0 and 1"),
        (linear_model, None, None, "requires y to be passed"),
        (linear_model, Y, [2.0], "from 0 to 1. Got \\[2.0\\]"),
        (linear_model, Y, 0.5, "thresholds should be a list"),
    ],
)
def test_what_does_not_fit_is_refused_in_fit(function, y, thresholds, message):
    with pytest.raises(ValueError, match=message):
        learn.LogisticRegressor(function, thresholds).fit(X, y, steps=1)


def returning(make):
    def function(features, targets):
        logits = layers.linear(features, 1)
        loss = losses.sigmoid_cross_entropy(logits[:, 0], tf.cast(targets, tf.float32))
        return make(logits), loss, layers.optimize_loss(loss, learning_rate=0.1)

    return function


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda logits: 100 * logits, "from 0 to 1. Got values from"),
        (lambda logits: tf.nn.softmax(tf.repeat(logits, 2, 1)), "one number for each row"),
        (lambda logits: {"a": logits, "b": logits}, "class 1 alone"),
    ],
)
def test_predictions_that_are_no_probabilities_are_refused(make, message):
    estimator = learn.LogisticRegressor(returning(make)).fit(X, Y, steps=1)
    with pytest.raises(ValueError, match=message):
        estimator.evaluate(X, Y)


def test_metrics_of_a_plain_estimator_need_no_key():
    estimator = learn.Estimator(linear_model, random_state=0).fit(X, Y, steps=10)
    report = estimator.evaluate(X, Y, metrics={"brier": brier_score_loss})
    assert report["brier"] == pytest.approx(brier_score_loss(Y, estimator.predict(X)))
