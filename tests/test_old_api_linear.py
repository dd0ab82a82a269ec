"""TF.Learn's tests of LinearClassifier and LinearRegressor, by their IDs in the inventory.

Where those trained for so many steps with the old default optimizer (Ftrl), tests here do the
same and, beside it, let the estimator solve exactly, which is our default.

Not here, as they concern what other parts of the project bring or what the contract leaves out:
LIN-02 (``_joint_weight``); LIN-14 (export); LNR-11 (variables partitioned over parameter
servers); LIN-10 with 20 million buckets (the same behaviour with fewer is below); LNR-18, LNR-19
(a regularised bias: an artefact of SDCA); LNR-21, LNR-22, LNR-23 (heads). The data of the other
SDCA tests (LIN-18 to LIN-24, LNR-14 to LNR-17) are solved exactly, without an example id.
"""

import keras
import numpy as np
import pytest
import tensorflow as tf
from old_api import (
    AGE,
    IRIS,
    IRIS_COLUMNS,
    LINEAR,
    X_COLUMNS,
    english,
    entropy,
    features_of,
    iris2,
    iris3,
    language,
    languages,
    mean_of_product,
    ones,
    share_right,
    true_labels,
)
from sklearn.datasets import load_diabetes
from sklearn.metrics import log_loss, mean_squared_error

import tflearnkit as learn
from tflearnkit import metrics

AGES = (0.8, 0.2, 0.1)
NUMBERS = languages((0.8, 0.15, 0.0), (1.0, 0.0, 0.2), tf.float32)
BY_STEPS_OR_EXACTLY = pytest.mark.parametrize("how", [{"steps": 100}, {}], ids=["steps", "exact"])


def classifier(columns, **parameters):
    return learn.LinearClassifier(columns, **LINEAR | parameters)


def regressor(columns, **parameters):
    return learn.LinearRegressor(columns, **LINEAR | parameters)


def exact_classifier(columns, **parameters):
    return learn.LinearClassifier(columns, **parameters)


def made(kind, how, columns, **parameters):
    """Return an estimator that takes steps as TF.Learn did, or solves exactly."""
    return kind(columns, **(LINEAR if how else {}) | parameters)


# Classifier: what it learns


@BY_STEPS_OR_EXACTLY
@pytest.mark.parametrize("flat", [False, True])
def test_three_kinds_of_iris(how, flat):  # LIN-03
    def input_fn():
        features, labels = iris3()
        return features, labels[:, 0] if flat else labels

    clf = made(learn.LinearClassifier, how, IRIS_COLUMNS, n_classes=3)
    found = clf.fit(input_fn=input_fn, **how).evaluate(input_fn=input_fn, steps=100)
    assert found["accuracy"] > 0.9


@BY_STEPS_OR_EXACTLY
def test_iris_from_arrays(how):  # LIN-03, LIN-27
    X, y = IRIS.data.astype(np.float32), IRIS.target
    columns = learn.infer_real_valued_columns_from_input(X)
    for rows in (100, 150):
        clf = made(learn.LinearClassifier, how, columns, batch_size=rows)  # as TF.Learn's fit did
        assert clf.fit(X[:rows], y[:rows], **how).evaluate(X[:rows], y[:rows])["accuracy"] > 0.9


@BY_STEPS_OR_EXACTLY
def test_two_kinds_of_iris(how):  # LIN-27
    clf = made(learn.LinearClassifier, how, IRIS_COLUMNS)
    assert clf.fit(input_fn=iris2, **how).evaluate(input_fn=iris2)["accuracy"] > 0.9


def test_more_steps_lower_the_loss(tmp_path):  # LIN-01
    clf = classifier([AGE, language(100)], model_dir=tmp_path)
    first = clf.fit(input_fn=english(), steps=100).evaluate(input_fn=english(), steps=1)
    second = clf.fit(input_fn=english(), steps=200).evaluate(input_fn=english(), steps=1)
    assert second["loss"] < first["loss"]
    assert second["loss"] < 0.01
    assert second["global_step"] == 300
    assert "centered_bias_weight" in clf.get_variable_names()


def test_one_label_of_an_input_fn_is_one_of_two():  # LIN-01: n_classes was 2 by default
    clf = exact_classifier([AGE, language(100)]).fit(input_fn=english())
    assert clf.classes_.tolist() == [0, 1]
    assert clf.evaluate(input_fn=english())["loss"] < 0.01


@BY_STEPS_OR_EXACTLY
def test_words_alone(how):  # LIN-10, but of 20 buckets
    clf = made(learn.LinearClassifier, how and {"steps": 200}, [language()])
    clf.fit(input_fn=languages(), **how and {"steps": 200})
    assert clf.evaluate(input_fn=languages())["loss"] < 0.05


@BY_STEPS_OR_EXACTLY
def test_a_row_without_words(how):  # LIN-17
    input_fn = languages(labels=(1, 1, 1))
    clf = made(learn.LinearClassifier, how, [language()]).fit(input_fn=input_fn, **how)
    assert clf.evaluate(input_fn=input_fn)["loss"] < 0.05


@BY_STEPS_OR_EXACTLY
def test_labels_that_are_words(how):  # LIN-26: label_keys are learned from the labels
    keys = np.array(["label0", "label1", "label2"])

    def input_fn():
        return iris3()[0], tf.constant(keys[IRIS.target])[:, None]

    clf = made(learn.LinearClassifier, how, IRIS_COLUMNS).fit(input_fn=input_fn, **how)
    assert clf.evaluate(input_fn=input_fn)["accuracy"] > 0.9
    assert set(clf.predict(input_fn=input_fn)) == set(keys)


def test_a_share_of_a_label_is_two_weighted_rows():  # LIN-09
    # scikit-learn decides what a label is, and refuses 0.7; weights say the same.
    def fractional():
        return {"age": tf.constant([[1.0], [2.0]])}, tf.constant([[0.7], [0.0]])

    with pytest.raises(ValueError, match="Unknown label type: continuous"):
        classifier([AGE]).fit(input_fn=fractional, steps=1)

    def input_fn():
        return {"age": [1.0, 1.0, 2.0]}, np.array([1, 0, 0]), np.array([0.7, 0.3, 1.0])

    clf = exact_classifier([AGE], l2_regularization=0.0).fit(input_fn=input_fn)
    expected = [[0.3, 0.7], [1, 0]]
    probabilities = clf.predict_proba(input_fn=features_of(fractional))
    np.testing.assert_allclose(probabilities, expected, atol=0.1)
    assert clf.evaluate(input_fn=input_fn)["loss"] == pytest.approx(entropy(0.7) / 2, abs=1e-3)


def test_a_set_of_numbers_and_words_is_evaluated():  # LIN-25
    def input_fn():
        features = {
            "age": tf.constant([[1], [2]]),
            "language": tf.SparseTensor([[0, 0], [1, 0]], ["greek", "chinese"], [2, 1]),
        }
        return features, tf.constant([[1], [0]])

    clf = classifier([language(100), AGE]).fit(input_fn=input_fn, steps=100)
    found = clf.evaluate(input_fn=input_fn, steps=1)
    assert {"loss", "accuracy", "auc", "global_step"} <= set(found)


# Classifier: weights


@BY_STEPS_OR_EXACTLY
def test_weights_count_in_training_and_evaluation(how):  # LIN-12
    weighted = ones(weights=(100, 3, 2, 2))
    clf = made(learn.LinearClassifier, how, X_COLUMNS, weight_column_name="w")
    clf.fit(input_fn=weighted, **how)
    of_ones = clf.evaluate(input_fn=ones((1, 1, 1, 1), (1, 1, 1, 1)))
    assert of_ones["labels/actual_label_mean"] > 0.9
    assert of_ones["labels/prediction_mean"] > 0.9
    assert of_ones["accuracy"] > 0.9
    of_training = clf.evaluate(input_fn=weighted)
    assert of_training["accuracy/baseline_label_mean"] == pytest.approx(100 / 107)
    assert of_training["accuracy"] > 0.6


def test_the_weighted_loss_looks_at_heavy_rows():  # LIN-13
    def input_fn(weights):
        features = {"age": tf.constant([[20.0]] * 3), "weights": tf.constant(weights)}
        return features, tf.constant([[1], [0], [0]])

    weighted = lambda: input_fn([[100.0], [1.0], [1.0]])  # noqa: E731
    equal = lambda: input_fn([[1.0], [1.0], [1.0]])  # noqa: E731
    clf = classifier([AGE], weight_column_name="weights").fit(input_fn=weighted, steps=100)
    losses = [clf.evaluate(input_fn=input_fn)["loss"] for input_fn in (weighted, equal)]
    assert losses[0] < losses[1]


# Classifier: optimizers and penalties


@pytest.mark.parametrize(
    "optimizer",
    [keras.optimizers.Ftrl(0.1), lambda: keras.optimizers.Ftrl(0.1), "Ftrl"],
    ids=["object", "function", "name"],
)
def test_optimizers_of_every_kind(optimizer):  # LIN-05, LIN-06, LIN-07
    clf = classifier(IRIS_COLUMNS, n_classes=3, optimizer=optimizer)
    assert clf.fit(input_fn=iris3, steps=100).evaluate(input_fn=iris3)["accuracy"] > 0.9


def test_a_penalty_of_the_optimizer_holds_weights_back():  # LIN-16
    strong = keras.optimizers.Ftrl(1.0, l1_regularization_strength=100.0)
    losses = [
        classifier([AGE, language(100)], optimizer=optimizer, enable_centered_bias=False)
        .fit(input_fn=english(), steps=100)
        .evaluate(input_fn=english())["loss"]
        for optimizer in ("Ftrl", strong)
    ]
    assert losses[0] < losses[1]


# Classifier: metrics


def test_metrics_of_the_users_own():  # LIN-08
    clf = classifier(IRIS_COLUMNS).fit(input_fn=iris2, steps=30)
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


# Classifier: variables


def test_variables_have_the_old_names():  # LIN-04
    clf = classifier(IRIS_COLUMNS, n_classes=3).fit(input_fn=iris3, steps=1)
    assert clf.get_variable_value("linear/feature/weight").shape == (4, 3)
    assert clf.get_variable_value("linear/bias_weight").shape == (3,)
    clf = classifier([AGE, language(100)]).fit(input_fn=english(), steps=1)
    assert clf.get_variable_value("linear/age/weight").shape == (1, 1)
    assert clf.get_variable_value("linear/language/weights").shape == (100, 1)
    assert clf.coef_.shape == (1, 101)


def test_centred_bias_is_off_unless_asked_for():  # LIN-15
    clf = learn.LinearClassifier(IRIS_COLUMNS).fit(input_fn=iris2, steps=1)
    assert "centered_bias_weight" not in clf.get_variable_names()
    clf = classifier(IRIS_COLUMNS).fit(input_fn=iris2, steps=1)
    assert clf.get_variable_value("centered_bias_weight").shape == (1,)


@BY_STEPS_OR_EXACTLY
def test_a_new_estimator_on_the_same_model_dir_predicts_the_same(how, tmp_path):  # LIN-11
    input_fn = languages(AGES)
    make = lambda: made(  # noqa: E731
        learn.LinearClassifier, how, [AGE, language()], model_dir=tmp_path
    )
    first = make().fit(input_fn=input_fn, **how and {"steps": 30})
    second = make()
    for method in ("predict", "predict_proba"):
        np.testing.assert_array_equal(
            getattr(second, method)(input_fn=input_fn), getattr(first, method)(input_fn=input_fn)
        )


# Classifier: the data of SDCA's tests, solved exactly


def country(size=5, weights=None):
    column = learn.sparse_column_with_hash_bucket("country", hash_bucket_size=size)
    return column if weights is None else learn.weighted_sparse_column(column, weights)


def prices():
    """Return three prices with a country each; the second is another class."""
    features = {
        "price": tf.constant([[0.4], [0.6], [0.3]]),
        "country": tf.SparseTensor([[0, 0], [1, 0], [2, 0]], ["IT", "US", "GB"], [3, 5]),
        "country_weights": tf.SparseTensor([[0, 0], [1, 0], [2, 0]], [2.0, 3.0, 1.0], [3, 5]),
        "language": tf.SparseTensor([[0, 0], [1, 0], [2, 0]], ["it", "en", "en"], [3, 5]),
        "weights": tf.constant([[3.0], [1.0], [1.0]]),
    }
    return features, tf.constant([[1], [0], [1]])


PRICE = learn.real_valued_column("price")
CROSSED = learn.crossed_column(
    [learn.sparse_column_with_hash_bucket("language", 5), country()], hash_bucket_size=10
)


@pytest.mark.parametrize("as_one_column", [False, True])
def test_two_houses(as_one_column):  # LIN-18, LIN-19
    cost, footage = np.array([500.0, 200.0]), np.array([800.0, 600.0])

    def input_fn():
        parts = {"maintenance_cost": cost, "sq_footage": footage, "w": np.ones(2)}
        joint = {"house": np.column_stack([cost, footage]), "w": np.ones(2)}
        return joint if as_one_column else parts, np.array([[0.0], [1.0]])

    names = ("maintenance_cost", "sq_footage")
    columns = [learn.real_valued_column(name) for name in names]
    if as_one_column:
        columns = [learn.real_valued_column("house", dimension=2)]
    clf = exact_classifier(columns, weight_column_name="w").fit(input_fn=input_fn)
    assert clf.evaluate(input_fn=input_fn)["loss"] < 0.05


def test_buckets():  # LIN-20
    def input_fn():
        features = {"price": [600.0, 1000.0, 400.0], "sq_footage": [1000.0, 600.0, 700.0]}
        return features, np.array([[1.0], [0.0], [1.0]])

    columns = [
        learn.bucketized_column(PRICE, [500.0, 700.0]),
        learn.bucketized_column(learn.real_valued_column("sq_footage"), [650.0]),
    ]
    clf = exact_classifier(columns, l2_regularization=1 / 3).fit(input_fn=input_fn)
    assert clf.evaluate(input_fn=input_fn)["accuracy"] > 0.9


@pytest.mark.parametrize(
    ("columns", "weight_column_name"),
    [
        ([PRICE, country()], None),  # LIN-21
        ([PRICE, country(weights="country_weights")], None),  # LIN-22
        ([CROSSED], None),  # LIN-23
        ([learn.bucketized_column(PRICE, [0.5]), country(), CROSSED, PRICE], "weights"),  # LIN-24
    ],
)
def test_sparse_weighted_and_crossed_columns(columns, weight_column_name):
    clf = exact_classifier(columns, weight_column_name=weight_column_name).fit(input_fn=prices)
    assert clf.evaluate(input_fn=prices)["accuracy"] > 0.9


# Regressor


@BY_STEPS_OR_EXACTLY
def test_the_number_of_an_iris(how):  # LNR-02
    reg = made(learn.LinearRegressor, how, IRIS_COLUMNS).fit(input_fn=iris3, **how)
    assert reg.evaluate(input_fn=iris3)["loss"] < 0.2


@BY_STEPS_OR_EXACTLY
@pytest.mark.parametrize("enable_centered_bias", [True, False])
def test_numbers_from_words(how, enable_centered_bias):  # LNR-03, LNR-07, LNR-08, LNR-12
    bias = {"enable_centered_bias": enable_centered_bias} if how else {}
    reg = made(learn.LinearRegressor, how, [language(), AGE], **bias)
    reg.fit(input_fn=NUMBERS, **how)
    assert reg.evaluate(input_fn=NUMBERS)["loss"] < 0.1
    predictions = reg.predict(input_fn=NUMBERS)
    np.testing.assert_allclose(predictions, [1, 0, 0.2], atol=0.1)
    row_by_row = reg.predict(input_fn=NUMBERS, as_iterable=True)
    np.testing.assert_array_equal(list(row_by_row), predictions)


def test_more_steps_do_not_raise_the_loss(tmp_path):  # LNR-01
    # Targets are centred before training, so that the mean of a single one is known at once.
    input_fn = english(10.0, tf.float32)
    reg = regressor([AGE, language(100)], model_dir=tmp_path)
    first = reg.fit(input_fn=input_fn, steps=100).evaluate(input_fn=input_fn)["loss"]
    second = reg.fit(input_fn=input_fn, steps=200).evaluate(input_fn=input_fn)["loss"]
    assert second <= first
    assert second < 0.5


@BY_STEPS_OR_EXACTLY
def test_weights_count_in_evaluation_of_numbers(how):  # LNR-04, LNR-05
    weighted, equal = (
        ones(weights=weights, dtype=tf.float32) for weights in ((7, 1, 1, 1), (1, 1, 1, 1))
    )
    reg = made(learn.LinearRegressor, how, X_COLUMNS, weight_column_name="w")
    reg.fit(input_fn=equal, **how)
    assert reg.evaluate(input_fn=equal)["loss"] == pytest.approx(0.1875, abs=0.1)
    assert reg.evaluate(input_fn=weighted)["loss"] == pytest.approx(0.4125, abs=0.1)


@BY_STEPS_OR_EXACTLY
def test_weights_count_in_training_on_numbers(how):  # LNR-06
    reg = made(learn.LinearRegressor, how, X_COLUMNS, weight_column_name="w")
    reg.fit(input_fn=ones(weights=(100, 3, 2, 2), dtype=tf.float32), **how)
    found = reg.evaluate(input_fn=ones((1, 1, 1, 1), (1, 1, 1, 1), tf.float32))
    assert found["loss"] < 0.1


def test_metrics_of_numbers():  # LNR-09
    reg = regressor([language(), AGE]).fit(input_fn=NUMBERS, steps=50)
    spec = learn.MetricSpec(metrics.mean_absolute_error, prediction_key="scores")
    asked = {"my_error": metrics.mean_squared_error, "my_spec": spec}
    found = reg.evaluate(input_fn=NUMBERS, metrics=asked)
    expected = mean_squared_error(true_labels(NUMBERS), reg.predict(input_fn=NUMBERS))
    assert found["my_error"] == pytest.approx(expected, abs=1e-7)
    assert found["my_spec"] == pytest.approx(found["mae"], rel=1e-5)


def test_a_new_regressor_on_the_same_model_dir_predicts_the_same(tmp_path):  # LNR-10
    first = regressor([language(), AGE], model_dir=tmp_path).fit(input_fn=NUMBERS, steps=10)
    second = regressor([language(), AGE], model_dir=tmp_path)
    np.testing.assert_array_equal(
        second.predict(input_fn=NUMBERS), first.predict(input_fn=NUMBERS)
    )


def test_columns_inferred_from_an_array():  # LNR-20, on the diabetes data
    X, y = load_diabetes(return_X_y=True)
    columns = learn.infer_real_valued_columns_from_input(X)
    reg = regressor(columns).fit(input_fn=lambda: (tf.constant(X), tf.constant(y)), steps=1)
    assert reg.evaluate(X, y)["global_step"] == 1


# Regressor: the weights it finds. Targets are standardised inside; coef_ has them in their unit.


def weighted_sum(n_rows, n_weights, low=0.0, seed=67):
    rng = np.random.default_rng(seed)
    X = rng.uniform(low, 1, (n_rows, n_weights))
    weights = 10 * rng.standard_normal(n_weights)
    return X, X @ weights + rng.normal(2, 0.05, n_rows), weights


def test_weights_found_by_ftrl():  # LNR-13
    X, y, weights = weighted_sum(1000, 10)
    columns = learn.infer_real_valued_columns_from_input(X)
    reg = regressor(columns, optimizer=keras.optimizers.Ftrl(0.8))
    reg.fit(X, y, steps=2000, batch_size=64)
    np.testing.assert_allclose(reg.coef_, weights, rtol=0.1)  # TF.Learn's test allowed 1
    weight = reg.get_variable_value("linear//weight")
    np.testing.assert_allclose(weight[:, 0] * y.std(), reg.coef_, rtol=1e-4)


@BY_STEPS_OR_EXACTLY
def test_weights_found_by_descent(how):  # REG-01
    X, y, weights = weighted_sum(1000, 3, low=-1.0)
    parameters = LINEAR | {"optimizer": "SGD", "enable_centered_bias": False} if how else {}
    columns = learn.infer_real_valued_columns_from_input(X)
    reg = learn.LinearRegressor(columns, **parameters)
    reg.fit(X, y, **how and {"steps": 200, "batch_size": 1000})
    np.testing.assert_allclose(reg.coef_, weights, rtol=0.01)
    assert reg.intercept_ == pytest.approx(2, abs=0.1)
    assert "linear//weight" in reg.get_variable_names()


@BY_STEPS_OR_EXACTLY
def test_two_numbers_a_row(how):  # MO-01
    X = np.sort(200 * np.random.default_rng(1).random((100, 1)) - 100, axis=0)
    y = np.pi * np.hstack([np.sin(X), np.cos(X)])
    columns = learn.infer_real_valued_columns_from_input(X)
    reg = made(learn.LinearRegressor, how, columns).fit(X, y, **how)
    assert reg.predict(X).shape == (100, 2)
    assert mean_squared_error(y, reg.predict(X)) < 10


def test_three_weights_solved():  # LNR-14
    X = np.array([[1.2, 2.0, 1.5], [2.0, 3.0, -0.5], [1.0, -0.5, 4.0]])
    weights = np.array([3.0, -1.2, 0.5])
    X, y = np.tile(X, (10, 1)), np.tile(X @ weights, 10)
    columns = learn.infer_real_valued_columns_from_input(X)
    reg = learn.LinearRegressor(columns, l2_regularization=1e-6)
    reg.fit(X, y, np.full(30, 10.0))
    assert reg.evaluate(X, y)["loss"] < 0.01
    np.testing.assert_allclose(reg.predict(X), y, atol=0.1)


def test_columns_of_every_kind_solved():  # LNR-15
    def input_fn():
        features, _ = prices()
        features["weights"] = tf.constant([[3.0], [5.0], [7.0]])
        return features, tf.constant([[1.55], [-1.25], [-3.0]])

    columns = [PRICE, learn.bucketized_column(PRICE, [0.5]), country(), CROSSED]
    reg = learn.LinearRegressor(columns, weight_column_name="weights").fit(input_fn=input_fn)
    assert reg.evaluate(input_fn=input_fn)["loss"] < 0.05


def test_an_l1_penalty_makes_weights_smaller():  # LNR-16
    def input_fn():
        return prices()[0], tf.constant([[1.4], [-0.8], [2.6]])

    def fitted(l1):
        reg = learn.LinearRegressor([PRICE, country()], l1_regularization=l1, learning_rate=0.05)
        return reg.fit(input_fn=input_fn, steps=500)

    free, held = fitted(0.0), fitted(0.5)
    losses = [reg.evaluate(input_fn=input_fn)["loss"] for reg in (free, held)]
    assert losses[0] < 0.05
    assert losses[0] < losses[1]
    assert np.abs(held.coef_).sum() < np.abs(free.coef_).sum()


def test_the_bias_alone():  # LNR-17
    def input_fn():
        return {"x": tf.zeros([40, 1])}, tf.constant([1.0] * 10 + [0.0] * 30)

    reg = learn.LinearRegressor(X_COLUMNS).fit(input_fn=input_fn)
    assert reg.intercept_ == pytest.approx(0.25, abs=1e-6)
    assert reg.coef_.tolist() == [0]


# Both, from arrays (base_test)


@BY_STEPS_OR_EXACTLY
def test_iris_labels_in_a_list(how):  # BASE-02, BASE-04, BASE-07
    columns = learn.infer_real_valued_columns_from_input(IRIS.data)
    clf = made(learn.LinearClassifier, how, columns, n_classes=3)
    clf.fit(IRIS.data, IRIS.target.tolist(), **how and {"steps": 250})
    assert clf.score(IRIS.data, IRIS.target) > 0.7
    assert log_loss(IRIS.target, clf.predict_proba(IRIS.data)) < 0.8


@BY_STEPS_OR_EXACTLY
def test_a_line(how):  # BASE-01
    x = np.random.default_rng(0).random(1000).astype(np.float32)
    X, y = x[:, None], 2 * x + 3
    columns = learn.infer_real_valued_columns_from_input(X)
    reg = made(learn.LinearRegressor, how, columns)
    reg.fit(X, y, **how and {"max_steps": 100})
    assert mean_squared_error(y, reg.predict(X)) < 1
