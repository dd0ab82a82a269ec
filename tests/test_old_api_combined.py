"""TF.Learn's tests of DNNLinearCombinedClassifier and -Regressor, by their IDs in the inventory.

Not here, as they concern what other parts of the project bring or what the contract leaves out:
DLC-03 (variables partitioned over parameter servers, 20 million buckets); DLC-24 (synchronised
replicas); DLC-28 (heads); the second half of DLC-29 (``feature_engineering_fn``). Of DLC-06 the
tensors ``training_loss`` and ``centered_bias/training_loss`` are names inside TensorFlow's old
graph; monitors capture ``loss`` and variables here.
"""

import keras
import numpy as np
import pytest
import tensorflow as tf
from old_api import (
    AGE,
    IRIS,
    IRIS_COLUMNS,
    X_COLUMNS,
    english,
    entropy,
    features_of,
    iris2,
    iris3,
    language,
    mean_of_product,
    ones,
    share_right,
    true_labels,
)

import tflearnkit as learn
from tflearnkit import metrics

OLD = {
    "linear_optimizer": "Ftrl",
    "dnn_optimizer": "Adagrad",
    "dnn_dropout": None,
    "l2_regularization": 0.0,
    "enable_centered_bias": True,
}
QUANTILES = np.percentile(IRIS.data, np.arange(10, 101, 10)).tolist()
BUCKETS = [learn.bucketized_column(IRIS_COLUMNS[0], QUANTILES)]


def classifier(linear=None, dnn=None, **parameters):
    return _made(learn.DNNLinearCombinedClassifier, linear, dnn, parameters)


def regressor(linear=None, dnn=None, **parameters):
    return _made(learn.DNNLinearCombinedRegressor, linear, dnn, parameters)


def _made(kind, linear, dnn, parameters):
    parameters = {**OLD, "dnn_hidden_units": [3, 3], "random_state": 1, **parameters}
    return kind(linear_feature_columns=linear, dnn_feature_columns=dnn, **parameters)


# What it learns


def test_buckets_beside_numbers():  # DLC-01
    clf = classifier(BUCKETS, IRIS_COLUMNS).fit(input_fn=iris2, steps=100)
    assert clf.evaluate(input_fn=iris2, steps=100)["accuracy"] > 0.9


def test_a_mostly_empty_column():  # DLC-02
    names = [f"feature{i}" for i in range(4)]

    def input_fn():
        features = {name: tf.constant(IRIS.data[:100, [i]]) for i, name in enumerate(names)}
        words = tf.SparseTensor([[0, 0], [0, 1], [60, 0]], ["en", "fr", "zh"], [100, 2])
        return features | {"words": words}, iris2()[1]

    numbers = [learn.real_valued_column(name) for name in names]
    linear = [learn.bucketized_column(column, QUANTILES) for column in numbers]
    linear.append(learn.sparse_column_with_hash_bucket("words", hash_bucket_size=100))
    clf = classifier(linear, numbers).fit(input_fn=input_fn, steps=100)
    assert clf.evaluate(input_fn=input_fn, steps=100)["accuracy"] > 0.9


def test_three_kinds_of_iris_and_the_shapes_of_variables():  # DLC-04, DLC-05, DLC-19
    clf = classifier(BUCKETS, IRIS_COLUMNS, n_classes=3).fit(input_fn=iris3, steps=100)
    assert clf.evaluate(input_fn=iris3, steps=100)["accuracy"] > 0.9
    shapes = {name: clf.get_variable_value(name).shape for name in clf.get_variable_names()}
    expected = {
        "dnn/hiddenlayer_0/weights": (4, 3),
        "dnn/hiddenlayer_0/biases": (3,),
        "dnn/hiddenlayer_1/weights": (3, 3),
        "dnn/hiddenlayer_1/biases": (3,),
        "dnn/logits/weights": (3, 3),
        "dnn/logits/biases": (3,),
        "linear/feature_bucketized/weights": (4 * 11, 3),
        "linear/bias_weight": (3,),
        "centered_bias_weight": (3,),
    }
    assert expected.items() <= shapes.items()


def test_each_part_has_the_slots_of_its_own_optimizer():
    clf = classifier(BUCKETS, IRIS_COLUMNS).fit(input_fn=iris2, steps=1)
    slots = {name.rsplit("/")[-1] for name in clf.get_variable_names() if name[:3] == "lin"}
    assert slots == {"weights", "bias_weight", "Ftrl", "Ftrl_1"}
    slots = {name.rsplit("/")[-1] for name in clf.get_variable_names() if name[:3] == "dnn"}
    assert slots == {"weights", "biases", "Adagrad"}


@pytest.mark.parametrize("as_iterable", [False, True])
def test_probabilities_are_the_shares_of_labels(as_iterable):  # DLC-11
    clf = classifier(X_COLUMNS, X_COLUMNS).fit(input_fn=ones(), steps=100)
    rows = {"input_fn": features_of(ones()), "as_iterable": as_iterable}
    probabilities = np.array(list(clf.predict_proba(**rows)))
    np.testing.assert_allclose(probabilities, [[0.75, 0.25]] * 4, atol=0.05)
    assert list(clf.predict(**rows)) == [0, 0, 0, 0]


def test_losses_of_classes():  # DLC-25
    clf = classifier(X_COLUMNS, X_COLUMNS, weight_column_name="w")
    clf.fit(input_fn=ones(weights=(1, 1, 1, 1)), steps=100)
    equal = clf.evaluate(input_fn=ones(weights=(1, 1, 1, 1)))
    assert equal["loss"] == pytest.approx(entropy(0.25), abs=0.1)
    weighted = clf.evaluate(input_fn=ones(weights=(7, 1, 1, 1)))
    assert weighted["loss"] == pytest.approx(1.06, abs=0.1)


def test_losses_of_numbers():  # DLC-26
    equal, weighted = (
        ones(weights=weights, dtype=tf.float32) for weights in ((1, 1, 1, 1), (7, 1, 1, 1))
    )
    reg = regressor(X_COLUMNS, X_COLUMNS, weight_column_name="w")
    reg.fit(input_fn=equal, steps=100)
    assert reg.evaluate(input_fn=equal)["loss"] == pytest.approx(0.1875, abs=0.1)
    assert reg.evaluate(input_fn=weighted)["loss"] == pytest.approx(0.4125, abs=0.1)
    reg = regressor(X_COLUMNS, X_COLUMNS, weight_column_name="w")
    reg.fit(input_fn=ones(weights=(100, 3, 2, 2), dtype=tf.float32), steps=100)
    assert reg.evaluate(input_fn=ones((1,) * 4, (1,) * 4, tf.float32))["loss"] < 0.2


def test_numbers_far_apart():  # DLC-20, DLC-29
    def input_fn():
        values = tf.constant([[100.0], [3.0], [2.0], [2.0]])
        return {"x": values}, values

    reg = regressor(X_COLUMNS, X_COLUMNS).fit(input_fn=input_fn, steps=110)
    assert reg.predict(input_fn=input_fn)[0] == pytest.approx(100, abs=1)


# Weights


def test_weights_count_in_training_and_evaluation():  # DLC-06, DLC-07
    names = ["loss", "centered_bias_weight", "linear/bias_weight"]
    monitors = [learn.monitors.CaptureVariable(name, every_n=10) for name in names]
    clf = classifier(X_COLUMNS, X_COLUMNS, weight_column_name="w")
    weighted = ones(weights=(100, 3, 2, 2))
    clf.fit(input_fn=weighted, steps=100, monitors=monitors)
    of_ones = clf.evaluate(input_fn=ones((1, 1, 1, 1), (1, 1, 1, 1)))
    assert of_ones["accuracy"] > 0.9
    of_training = clf.evaluate(input_fn=weighted)
    assert of_training["accuracy"] == pytest.approx(100 / 107)
    losses, biases, _ = (monitor.values for monitor in monitors)
    assert losses[1] > losses[max(losses)]
    assert biases[max(biases)] > 1


# Optimizers


def decaying(kind):
    """Return a function that makes an optimizer whose rate falls with the global step."""
    return lambda: kind(keras.optimizers.schedules.ExponentialDecay(0.1, 100, 0.001))


@pytest.mark.parametrize(
    ("linear_optimizer", "dnn_optimizer"),
    [
        (keras.optimizers.Ftrl(0.1), keras.optimizers.Adagrad(0.1)),  # DLC-08
        ("Ftrl", "Adagrad"),  # DLC-09
        (decaying(keras.optimizers.Ftrl), decaying(keras.optimizers.Adagrad)),  # DLC-10
    ],
    ids=["objects", "names", "functions"],
)
def test_optimizers_of_every_kind(linear_optimizer, dnn_optimizer):
    clf = classifier(
        BUCKETS,
        IRIS_COLUMNS,
        linear_optimizer=linear_optimizer,
        dnn_optimizer=dnn_optimizer,
        random_state=0,
    )
    clf.fit(input_fn=iris2, steps=100)
    assert clf.evaluate(input_fn=iris2, steps=100)["accuracy"] > 0.9


# Metrics


def test_metrics_of_the_users_own():  # DLC-12
    clf = classifier(BUCKETS, IRIS_COLUMNS).fit(input_fn=iris2, steps=30)
    asked = {
        "my_accuracy": share_right,
        ("my_precision", "classes"): metrics.precision,
        ("my_metric", "probabilities"): mean_of_product,
    }
    found = clf.evaluate(input_fn=iris2, steps=1, metrics=asked)
    right = np.mean(clf.predict(input_fn=features_of(iris2)) == true_labels(iris2))
    assert found["my_accuracy"] == right
    assert 0 < found["my_metric"] <= 0.5
    assert 0 < found["my_precision"] <= 1
    with pytest.raises(KeyError, match="bad_type"):
        clf.evaluate(input_fn=iris2, metrics={("bad_name", "bad_type"): metrics.auc})
    with pytest.raises(ValueError, match="'classes', 'prediction'"):
        clf.evaluate(input_fn=iris2, metrics={("name", "classes", "prediction"): metrics.auc})


# Variables and parts


def test_every_variable_can_be_read():  # DLC-13
    clf = classifier(BUCKETS, IRIS_COLUMNS).fit(input_fn=iris2, steps=10)
    names = clf.get_variable_names()
    assert len(names) > 3
    assert names == sorted(names)
    for name in names:
        assert np.isfinite(clf.get_variable_value(name)).all(), name


def test_centred_bias_learns_the_log_odds():  # DLC-14
    clf = classifier(X_COLUMNS, X_COLUMNS).fit(input_fn=ones((1, 1, 1, 0)), steps=500)
    found = clf.get_variable_value("centered_bias_weight")
    assert found[0] == pytest.approx(np.log(3), abs=0.005)


def test_centred_bias_is_off_unless_asked_for():  # DLC-15
    clf = learn.DNNLinearCombinedClassifier(
        linear_feature_columns=BUCKETS, dnn_feature_columns=IRIS_COLUMNS
    )
    clf.fit(input_fn=iris2, steps=1)
    assert "centered_bias_weight" not in clf.get_variable_names()


@pytest.mark.parametrize("age", [True, False])
def test_the_linear_part_alone(age, tmp_path):  # DLC-16, DLC-17, DLC-30
    size = 100 if age else 99
    columns = [AGE, language(size)] if age else [language(size)]
    clf = classifier(columns, model_dir=tmp_path).fit(input_fn=english(), steps=100)
    first = clf.evaluate(input_fn=english(), steps=1)["loss"]
    second = clf.fit(input_fn=english(), steps=200).evaluate(input_fn=english())["loss"]
    assert second < first
    assert second < 0.01
    names = clf.get_variable_names()
    assert not [name for name in names if name.startswith("dnn/")]
    assert clf.get_variable_value("linear/bias_weight").shape == (1,)
    assert len(clf.get_variable_value("linear/language/weights")) == size
    if age:
        assert len(clf.get_variable_value("linear/age/weight")) == 1


def test_the_network_alone():  # DLC-18
    clf = classifier(dnn=IRIS_COLUMNS, n_classes=3).fit(input_fn=iris3, steps=100)
    assert clf.evaluate(input_fn=iris3)["accuracy"] > 0.6
    names = clf.get_variable_names()
    assert not [name for name in names if name.startswith("linear/")]
    assert len([name for name in names if name.endswith("/weights")]) == 3
    assert len([name for name in names if name.endswith("/biases")]) == 3


@pytest.mark.parametrize("make", [classifier, regressor])
def test_no_columns_at_all_are_refused(make):  # DLC-22
    # Both left out means that columns are inferred, which TF.Learn did not do.
    words = "Either linear_feature_columns or dnn_feature_columns must be defined"
    with pytest.raises(ValueError, match=words):
        make([], []).fit(input_fn=iris2, steps=1)


@pytest.mark.parametrize("make", [classifier, regressor])
@pytest.mark.parametrize("units", [None, []])
def test_a_network_needs_units(make, units):  # DLC-23
    words = "dnn_hidden_units must be defined when dnn_feature_columns is specified"
    with pytest.raises(ValueError, match=words):
        make(BUCKETS, IRIS_COLUMNS, dnn_hidden_units=units).fit(input_fn=iris2, steps=1)


# Steps


@pytest.mark.parametrize(
    ("linear", "dnn"), [(BUCKETS, None), (None, IRIS_COLUMNS), (BUCKETS, IRIS_COLUMNS)]
)
def test_a_step_is_counted_once(linear, dnn):  # DLC-27
    # Releases 1.x counted two a step where there were both parts; 0.11 and we count one.
    class Counter(learn.monitors.BaseMonitor):
        runs = 0

        def step_begin(self, step):
            self.runs += 1
            return super().step_begin(step)

    counter = Counter()
    clf = classifier(linear, dnn).fit(input_fn=iris2, steps=20, monitors=[counter])
    assert counter.runs == clf.evaluate(input_fn=iris2)["global_step"] == 20
    assert clf.get_variable_value("global_step") == 20


def test_three_estimators_train_one_model(tmp_path):  # DLC-21
    def input_fn():
        values = tf.constant([[100.0], [3.0], [2.0], [2.0]])
        return {"x": values}, values

    first = regressor(X_COLUMNS, X_COLUMNS, model_dir=tmp_path).fit(input_fn=input_fn, steps=50)
    second = regressor(X_COLUMNS, X_COLUMNS, model_dir=tmp_path)
    assert second.evaluate(input_fn=input_fn) == first.evaluate(input_fn=input_fn)
    second.fit(input_fn=input_fn, steps=100)
    third = regressor(X_COLUMNS, X_COLUMNS, model_dir=tmp_path)
    found = third.evaluate(input_fn=input_fn)
    assert found["global_step"] == 150
    assert found["loss"] < first.evaluate(input_fn=input_fn)["loss"]
    np.testing.assert_array_equal(
        third.predict(input_fn=input_fn), second.predict(input_fn=input_fn)
    )
