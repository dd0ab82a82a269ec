"""TF.Learn's tests of DNNClassifier and DNNRegressor, by their IDs in the inventory.

Not here, as they concern what other parts of the project bring or what the contract leaves out:
DNN-13, DNR-10 (variables partitioned over parameter servers), DNN-25 (the same); DNN-14 (export);
DNN-20 (``embedding_lr_multipliers``), DNN-23 (columns of ``tf.feature_column``) and DNN-29
(heads), which the contract does not have; DNN-28 (Experiment).
"""

import numpy as np
import pytest
import tensorflow as tf
from old_api import (
    AGE,
    DNN,
    IRIS,
    IRIS_COLUMNS,
    X_COLUMNS,
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
from sklearn.metrics import mean_squared_error
from sklearn.model_selection import train_test_split

import tflearnkit as learn
from tflearnkit import metrics

LANGUAGE = learn.embedding_column(language(), dimension=1)
AGES = (0.8, 0.2, 0.1)
NUMBERS = languages((0.8, 0.15, 0.0), (1.0, 0.0, 0.2), tf.float32)


def classifier(columns, seed=1, **parameters):
    parameters = DNN | parameters
    return learn.DNNClassifier([3, 3], columns, random_state=seed, **parameters)


def regressor(columns, seed=1, **parameters):
    parameters = DNN | parameters
    return learn.DNNRegressor([3, 3], columns, random_state=seed, **parameters)


# Classifier: what it learns


def test_two_kinds_of_iris():  # DNN-01
    found = classifier(IRIS_COLUMNS).fit(input_fn=iris2, steps=100).evaluate(input_fn=iris2)
    assert found["accuracy"] > 0.9
    assert found["loss"] < 0.3


def test_three_kinds_of_iris():  # DNN-04
    clf = classifier(IRIS_COLUMNS, n_classes=3).fit(input_fn=iris3, steps=200)
    found = clf.evaluate(input_fn=iris3)
    assert found["accuracy"] > 0.8
    assert found["loss"] < 0.3
    assert clf.get_variable_value("centered_bias_weight").shape == (3,)


def test_centred_bias_is_off_unless_asked_for():  # DNN-15, DNN-26
    clf = classifier(IRIS_COLUMNS, n_classes=3, enable_centered_bias=False)
    found = clf.fit(input_fn=iris3, steps=200).evaluate(input_fn=iris3)
    assert found["accuracy"] > 0.8
    assert found["loss"] < 0.3
    assert "centered_bias_weight" not in clf.get_variable_names()
    assert learn.DNNClassifier().enable_centered_bias is False


def test_embedded_words_beside_numbers():  # DNN-02
    input_fn = languages(AGES)
    clf = classifier([LANGUAGE, AGE], seed=0).fit(input_fn=input_fn, steps=100)
    found = clf.evaluate(input_fn=input_fn)
    assert found["accuracy"] > 0.9
    assert found["loss"] < 0.3
    assert list(clf.predict(input_fn=input_fn, as_iterable=True)) == [1, 0, 0]


def test_three_classes_of_which_two_are_seen():  # DNN-08
    input_fn = languages()
    clf = classifier([LANGUAGE], n_classes=3).fit(input_fn=input_fn, steps=100)
    found = clf.evaluate(input_fn=input_fn)
    assert found["accuracy"] > 0.9
    assert found["loss"] < 0.3
    assert clf.predict(input_fn=input_fn, as_iterable=False).tolist() == [1, 0, 0]
    expected = [[0, 1, 0], [1, 0, 0], [1, 0, 0]]
    np.testing.assert_allclose(clf.predict_proba(input_fn=input_fn), expected, atol=0.1)


def test_predictions_row_by_row():  # DNN-09
    input_fn = languages(AGES)
    clf = classifier([LANGUAGE, AGE], n_classes=3).fit(input_fn=input_fn, steps=200)
    classes = clf.predict(input_fn=input_fn, as_iterable=True)
    assert next(classes) == 1
    assert list(classes) == [0, 0]
    probabilities = list(clf.predict_proba(input_fn=input_fn, as_iterable=True))
    expected = [[0, 1, 0], [1, 0, 0], [1, 0, 0]]
    np.testing.assert_allclose(probabilities, expected, atol=0.3)


def test_probabilities_of_each_row_sum_to_one():  # DNN-27
    for n_classes, input_fn in ((2, iris2), (3, iris3)):
        clf = classifier(IRIS_COLUMNS, n_classes=n_classes).fit(input_fn=input_fn, steps=5)
        probabilities = clf.predict_proba(input_fn=features_of(input_fn))
        assert probabilities.shape == (len(true_labels(input_fn)), n_classes)
        np.testing.assert_allclose(probabilities.sum(axis=1), 1, rtol=1e-6)


def test_labels_of_any_shape():  # DNN-22
    def flat():
        features, labels = iris2()
        return features, labels[:, 0]

    X, y = IRIS.data[:100].astype(np.float32), IRIS.target[:100]
    columns = learn.infer_real_valued_columns_from_input(X)
    of_arrays = classifier(columns).fit(X, y, steps=100, batch_size=100)
    assert of_arrays.evaluate(X, y)["accuracy"] > 0.9
    for input_fn in (iris2, flat):
        clf = classifier(IRIS_COLUMNS).fit(input_fn=input_fn, steps=100)
        assert clf.evaluate(input_fn=input_fn)["accuracy"] > 0.9
        assert clf.predict(input_fn=iris2).shape == (100,)


def test_labels_that_are_words():  # DNN-24: label_keys are learned from the labels
    keys = np.array(["label0", "label1", "label2"])

    def input_fn():
        return iris3()[0], tf.constant(keys[IRIS.target])[:, None]

    clf = classifier(IRIS_COLUMNS).fit(input_fn=input_fn, steps=200)
    assert clf.evaluate(input_fn=input_fn)["accuracy"] > 0.8
    assert set(clf.predict(input_fn=input_fn)) <= set(keys)


def test_a_share_of_a_label_is_two_weighted_rows():  # DNN-03
    # scikit-learn decides what a label is, and refuses 0.8; weights say the same.
    shares = np.array([0.8, 0.0, 0.2])
    fractional = languages((50, 20, 10), shares, tf.float32)
    with pytest.raises(ValueError, match="Unknown label type: continuous"):
        classifier([LANGUAGE, AGE]).fit(input_fn=fractional, steps=1)

    def input_fn():
        features, _ = fractional()
        both = {
            "age": tf.concat([features["age"]] * 2, 0),
            "language": tf.sparse.concat(0, [features["language"]] * 2),
        }
        return both, tf.repeat([1, 0], 3), np.concatenate([shares, 1 - shares])

    clf = classifier([LANGUAGE, AGE], seed=4).fit(input_fn=input_fn, steps=1000)
    probabilities = clf.predict_proba(input_fn=features_of(fractional))
    np.testing.assert_allclose(probabilities[:, 1], shares, atol=0.05)
    assert clf.predict(input_fn=features_of(fractional)).tolist() == [1, 0, 0]


# Classifier: losses and weights


def test_loss_is_the_entropy_of_the_labels():  # DNN-05
    found = classifier(X_COLUMNS).fit(input_fn=ones(), steps=100).evaluate(input_fn=ones())
    assert found["loss"] == pytest.approx(entropy(0.25), abs=0.1)


def test_weights_count_in_evaluation():  # DNN-06
    clf = classifier(X_COLUMNS, weight_column_name="w")
    clf.fit(input_fn=ones(weights=(1, 1, 1, 1)), steps=100)
    found = clf.evaluate(input_fn=ones(weights=(7, 1, 1, 1)))
    assert found["loss"] == pytest.approx(1.06, abs=0.1)


def test_weights_count_in_training():  # DNN-07
    clf = classifier(X_COLUMNS, seed=3, weight_column_name="w")
    clf.fit(input_fn=ones(weights=(100, 3, 2, 2)), steps=100)
    found = clf.evaluate(input_fn=ones((1, 1, 1, 1), weights=(1, 1, 1, 1)))
    assert found["accuracy"] > 0.9


# Classifier: metrics


def test_metrics_of_the_users_own():  # DNN-10, and the mixture of keys of the book
    clf = classifier(IRIS_COLUMNS).fit(input_fn=iris2, steps=30)
    asked = {
        "my_accuracy": share_right,
        ("my_precision", "classes"): metrics.precision,
        ("my_metric", "probabilities"): mean_of_product,
        "my_spec": learn.MetricSpec(share_right, prediction_key="classes"),
        "my_other_spec": learn.MetricSpec(mean_of_product, prediction_key="probabilities"),
    }
    found = clf.evaluate(input_fn=iris2, steps=1, metrics=asked)
    assert {"loss", "my_accuracy", "my_precision", "my_metric", "my_spec"} <= set(found)
    right = np.mean(clf.predict(input_fn=features_of(iris2)) == true_labels(iris2))
    assert found["my_accuracy"] == found["my_spec"] == found["accuracy"] == right
    assert found["my_metric"] == found["my_other_spec"] <= 0.5
    assert len(asked) == 5  # TF.Learn added to the dict it was given


def test_metrics_of_unknown_outputs_are_named():  # DNN-11
    clf = classifier(IRIS_COLUMNS).fit(input_fn=iris2, steps=1)
    spec = learn.MetricSpec(metrics.auc, prediction_key="bad_type")
    with pytest.raises(KeyError, match="bad_type"):
        clf.evaluate(input_fn=iris2, metrics={"bad_name": spec})
    with pytest.raises(KeyError, match="bad_type"):
        clf.evaluate(input_fn=iris2, metrics={("bad_name", "bad_type"): metrics.auc})
    with pytest.raises(ValueError, match="'classes', 'prediction'"):
        clf.evaluate(input_fn=iris2, metrics={("name", "classes", "prediction"): metrics.auc})


# Classifier: the network


def test_a_new_estimator_on_the_same_model_dir_predicts_the_same(tmp_path):  # DNN-12
    first = classifier([LANGUAGE, AGE], n_classes=3, model_dir=tmp_path)
    first.fit(input_fn=languages(AGES), steps=100)
    second = classifier([LANGUAGE, AGE], n_classes=3, model_dir=tmp_path)
    rows = features_of(languages(AGES))
    np.testing.assert_array_equal(second.predict(input_fn=rows), first.predict(input_fn=rows))
    np.testing.assert_array_equal(
        second.predict_proba(input_fn=rows), first.predict_proba(input_fn=rows)
    )


@pytest.mark.parametrize("make", [classifier, regressor])
def test_estimators_keep_the_contract(make):  # DNN-16
    estimator = make(IRIS_COLUMNS)
    for method in ("fit", "partial_fit", "evaluate", "predict", "get_params", "set_params"):
        assert callable(getattr(estimator, method))


@pytest.mark.parametrize("name", ["relu", "tanh", "sigmoid"])
def test_activations_by_name(name):  # DNN-21
    clf = classifier(IRIS_COLUMNS, activation_fn=name, optimizer="Adam", learning_rate=0.05)
    assert clf.fit(input_fn=iris2, steps=200).evaluate(input_fn=iris2)["accuracy"] > 0.9


def test_unknown_activations_are_refused():  # DNN-21
    with pytest.raises(ValueError, match="(?i)activation.*'max_pool'"):
        classifier(IRIS_COLUMNS, activation_fn="max_pool").fit(input_fn=iris2, steps=1)


def test_the_shapes_of_layers():  # NL-02
    X, y = IRIS.data.astype(np.float32), IRIS.target
    columns = learn.infer_real_valued_columns_from_input(X)
    clf = learn.DNNClassifier([10, 20, 10], columns, **DNN).fit(X, y, steps=1)
    layers = ["dnn/hiddenlayer_0", "dnn/hiddenlayer_1", "dnn/hiddenlayer_2", "dnn/logits"]
    weights = [clf.get_variable_value(f"{layer}/weights").shape for layer in layers]
    biases = [clf.get_variable_value(f"{layer}/biases").shape for layer in layers]
    assert weights == [(4, 10), (10, 20), (20, 10), (10, 3)]
    assert biases == [(10,), (20,), (10,), (3,)]
    name = "dnn/input_from_feature_columns/language_embedding/weights"
    clf = classifier([LANGUAGE, AGE]).fit(input_fn=languages(AGES), steps=1)
    assert clf.get_variable_value(name).shape == (20, 1)


@pytest.mark.parametrize(
    ("dropout", "least", "most"), [(None, 0.9, 1), (0.0, 0.9, 1), (0.1, 0.9, 1), (0.9, 0.3, 0.6)]
)
def test_iris_with_and_without_dropout(dropout, least, most):  # NL-01
    parameters = DNN | {"dropout": dropout}
    columns = learn.infer_real_valued_columns_from_input(IRIS.data)
    clf = learn.DNNClassifier([10, 20, 10], columns, random_state=1, **parameters)
    clf.fit(IRIS.data, IRIS.target, steps=200, batch_size=150)  # TF.Learn's batch was everything
    assert least <= clf.score(IRIS.data, IRIS.target) <= most


def test_momentum_made_by_a_function():  # EST-31
    import keras

    X_train, X_test, y_train, y_test = train_test_split(
        IRIS.data, IRIS.target, test_size=0.2, random_state=42
    )
    columns = learn.infer_real_valued_columns_from_input(X_train)
    parameters = DNN | {"optimizer": lambda: keras.optimizers.SGD(0.01, momentum=0.9)}
    clf = learn.DNNClassifier([10, 20, 10], columns, n_classes=3, random_state=42, **parameters)
    clf.fit(X_train, y_train, steps=400)
    assert clf.score(X_test, y_test) > 0.65


# Regressor


def test_labels_of_iris_as_numbers():  # DNR-01
    reg = regressor(IRIS_COLUMNS).fit(input_fn=iris2, steps=200)
    assert reg.evaluate(input_fn=iris2)["loss"] < 0.3


@pytest.mark.parametrize("enable_centered_bias", [True, False])
def test_numbers_from_words(enable_centered_bias):  # DNR-02, DNR-06, DNR-07, DNR-11
    reg = regressor([LANGUAGE, AGE], enable_centered_bias=enable_centered_bias)
    reg.fit(input_fn=NUMBERS, steps=200)
    assert reg.evaluate(input_fn=NUMBERS)["loss"] < 0.2
    predictions = reg.predict(input_fn=NUMBERS)
    assert predictions.shape == (3,)
    np.testing.assert_allclose(predictions, [1, 0, 0.2], atol=0.2)
    row_by_row = reg.predict(input_fn=NUMBERS, as_iterable=True)
    np.testing.assert_array_equal(list(row_by_row), predictions)


def test_loss_is_the_variance_of_the_targets():  # DNR-03
    input_fn = ones(dtype=tf.float32)
    reg = regressor(X_COLUMNS, seed=3).fit(input_fn=input_fn, steps=100)
    assert reg.evaluate(input_fn=input_fn)["loss"] == pytest.approx(0.1875, abs=0.1)


def test_weights_count_in_evaluation_of_numbers():  # DNR-04
    reg = regressor(X_COLUMNS, seed=3, weight_column_name="w")
    reg.fit(input_fn=ones(weights=(1, 1, 1, 1), dtype=tf.float32), steps=100)
    found = reg.evaluate(input_fn=ones(weights=(7, 1, 1, 1), dtype=tf.float32))
    assert found["loss"] == pytest.approx(0.4125, abs=0.1)


def test_weights_count_in_training_on_numbers():  # DNR-05
    reg = regressor(X_COLUMNS, seed=3, weight_column_name="w")
    reg.fit(input_fn=ones(weights=(100, 3, 2, 2), dtype=tf.float32), steps=100)
    found = reg.evaluate(input_fn=ones((1, 1, 1, 1), (1, 1, 1, 1), tf.float32))
    assert found["loss"] < 0.2


def test_metrics_of_numbers():  # DNR-08
    def largest_error(predictions, labels):
        return np.max(np.abs(predictions - labels))

    reg = regressor([LANGUAGE, AGE]).fit(input_fn=NUMBERS, steps=50)
    asked = {"my_error": metrics.mean_squared_error, ("my_metric", "scores"): largest_error}
    found = reg.evaluate(input_fn=NUMBERS, steps=1, metrics=asked)
    expected = mean_squared_error(true_labels(NUMBERS), reg.predict(input_fn=NUMBERS))
    assert found["my_error"] == pytest.approx(expected, abs=1e-7)
    assert found["my_metric"] ** 2 >= found["my_error"]
    unknown = {("my_error", "predictions"): metrics.mean_squared_error}
    with pytest.raises(KeyError, match="'predictions'.*scores"):
        reg.evaluate(input_fn=NUMBERS, metrics=unknown)
    with pytest.raises(ValueError, match="3 entries"):
        reg.evaluate(input_fn=NUMBERS, metrics={("a", "scores", "b"): largest_error})


def test_a_new_regressor_on_the_same_model_dir_predicts_the_same(tmp_path):  # DNR-09
    first = regressor([LANGUAGE, AGE], model_dir=tmp_path).fit(input_fn=NUMBERS, steps=10)
    second = regressor([LANGUAGE, AGE], model_dir=tmp_path)
    np.testing.assert_array_equal(
        second.predict(input_fn=NUMBERS), first.predict(input_fn=NUMBERS)
    )


def test_columns_inferred_from_an_array():  # DNR-12, on the diabetes data
    X, y = load_diabetes(return_X_y=True)
    columns = learn.infer_real_valued_columns_from_input(X)
    reg = regressor(columns).fit(input_fn=lambda: (tf.constant(X), tf.constant(y)), steps=1)
    assert reg.evaluate(X, y)["global_step"] == 1
    assert reg.get_variable_value("dnn/hiddenlayer_0/weights").shape == (10, 3)


def test_several_numbers_a_row():  # MO-01 of a network
    angles = np.linspace(-3, 3, 100, dtype=np.float32)[:, None]
    y = np.pi * np.hstack([np.sin(angles), np.cos(angles)])
    columns = learn.infer_real_valued_columns_from_input(angles)
    reg = learn.DNNRegressor([20], columns, random_state=0, **DNN)
    reg.fit(angles, y, steps=300, batch_size=100)
    assert reg.predict(angles).shape == (100, 2)
    assert mean_squared_error(y, reg.predict(angles)) < 1
