"""TF.Learn's tests of what all estimators share, by their IDs in the inventory.

Those of linear models from arrays (BASE-01, -02, -04, -07, REG-01, MO-01) are beside the other
linear ones. Not here, as they concern what other parts of the project bring or what the contract
leaves out: EST-06, EST-08, EST-17, EST-18, EST-19, EST-26, EST-30 (model functions); EST-15,
EST-28 (export); EST-24 (hooks of evaluation), EST-27 (metrics that are summaries); a dict of
targets in EST-29; BASE-09 (``TensorFlowEstimator``; unfitted estimators are EST-04).

Deliberately different:

- EST-02: a table's columns have kinds (numbers, integers, strings), not dtypes; int64 where
  float32 was is no error.
- EST-03: tensors have values by now, so that ``X`` and ``y`` may be tensors.
- EST-14: ``loss`` is written each ``save_summary_steps``, the last step included.
- EST-16: booleans are numbers; what is inferred from strings, or from none, is an error.
- EST-20: a fitted estimator holds its model itself, and predicts whether it was saved or not.
- EST-21: without ``model_dir`` nothing is written anywhere.
- EST-22: checkpoints are folders, ``checkpoint-00000005``.
"""

import itertools
import os
import shutil
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
from old_api import DNN, IRIS, IRIS_COLUMNS, LINEAR, X_COLUMNS, features_of, iris3
from sklearn.datasets import load_diabetes
from sklearn.exceptions import NotFittedError
from sklearn.metrics import mean_squared_error
from sklearn.model_selection import GridSearchCV

import tflearnkit as learn
from tflearnkit import metrics

X, Y = IRIS.data.astype(np.float32), IRIS.target
COLUMNS = learn.infer_real_valued_columns_from_input(X)
DIABETES = load_diabetes(return_X_y=True)


def classifier(columns=IRIS_COLUMNS, **parameters):
    return learn.LinearClassifier(columns, **LINEAR | {"n_classes": 3} | parameters)


def regressor(columns, **parameters):
    return learn.LinearRegressor(columns, **LINEAR | parameters)


def step_of(estimator, input_fn=iris3):
    return estimator.evaluate(input_fn=input_fn)["global_step"]


@pytest.fixture(scope="module")
def boston():
    folder = os.environ.get("TFLEARNKIT_DATA")
    path = Path(folder or ".", "boston_housing", "boston_house_prices.csv")
    if not path.exists():
        pytest.skip("TFLEARNKIT_DATA names no folder with boston_housing/")
    rows = np.loadtxt(path, delimiter=",", skiprows=2)
    return rows[:, :-1], rows[:, -1]


# What is asked for


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"steps": 1}, "Either X or input_fn must be provided"),
        ({"x": X, "input_fn": iris3}, "Can not provide both input_fn and x or y"),
        ({"y": Y, "input_fn": iris3}, "Can not provide both input_fn and x or y"),
        ({"input_fn": iris3, "batch_size": 3}, "Can not provide both input_fn and batch_size"),
        ({"input_fn": iris3, "steps": 3, "max_steps": 3}, "Can not provide both steps and max"),
    ],
)
def test_arguments_that_exclude_each_other(arguments, words):  # EST-03
    with pytest.raises(ValueError, match=words):
        classifier().fit(**arguments)


def test_metrics_are_a_dict_or_names():  # EST-03
    clf = classifier().fit(input_fn=iris3, steps=1)
    with pytest.raises(ValueError, match="Metrics argument should be None or dict"):
        clf.evaluate(input_fn=iris3, metrics=[metrics.accuracy])


def test_tensors_are_arrays():  # EST-03
    clf = learn.LinearClassifier().fit(tf.constant(X), tf.constant(Y))
    of_arrays = learn.LinearClassifier().fit(X, Y)
    np.testing.assert_array_equal(clf.predict_proba(tf.constant(X)), of_arrays.predict_proba(X))


def test_x_is_another_spelling():  # the arguments' name in TF.Learn
    clf = classifier(COLUMNS).fit(x=X, y=Y, steps=10)
    np.testing.assert_array_equal(clf.predict(x=X), clf.predict(X))
    np.testing.assert_array_equal(clf.predict_proba(x=X), clf.predict_proba(X))
    assert clf.evaluate(x=X, y=Y) == clf.evaluate(X, Y)
    with pytest.raises(ValueError, match="X and x mean the same"):
        clf.predict(X, x=X)


def test_an_estimator_that_was_not_fitted_says_so(tmp_path):  # EST-04, BASE-09
    for model_dir in (None, tmp_path):
        clf = classifier(model_dir=model_dir)
        for ask in (clf.evaluate, clf.predict, clf.predict_proba):
            with pytest.raises(NotFittedError):
                ask(input_fn=iris3)
        with pytest.raises(NotFittedError):
            clf.score(X, Y)
        with pytest.raises(NotFittedError):
            clf.get_variable_names()
    assert issubclass(learn.NotFittedError, ValueError)
    assert issubclass(learn.NotFittedError, AttributeError)


def test_the_seed_of_the_run_config():  # EST-01
    def first_weights(seed):
        config = learn.RunConfig(tf_random_seed=seed)
        clf = learn.DNNClassifier([3], IRIS_COLUMNS, n_classes=3, config=config)
        return clf.fit(input_fn=iris3, steps=1).get_variable_value("dnn/hiddenlayer_0/weights")

    np.testing.assert_array_equal(first_weights(1), first_weights(1))
    assert (first_weights(1) != first_weights(2)).any()


@pytest.mark.parametrize("kind", ["linear", "dnn"])
def test_the_same_seed_gives_the_same_model(kind):  # STAB-01
    def fitted():
        if kind == "linear":
            reg = regressor(None, random_state=1)
        else:
            reg = learn.DNNRegressor([10], random_state=1)
        return reg.fit(*DIABETES, steps=50)

    one, two = fitted(), fitted()
    for name in one.get_variable_names():
        np.testing.assert_array_equal(one.get_variable_value(name), two.get_variable_value(name))
    np.testing.assert_array_equal(one.predict(DIABETES[0]), two.predict(DIABETES[0]))


# Data unlike that of the first fit


def changed_features(change):
    def input_fn():
        features, labels = iris3()
        return change(features), labels

    return input_fn


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda features: {"other": features["feature"]}, "'feature', which X does not have"),
        (lambda features: {"feature": tf.concat([features["feature"]] * 2, 1)}, "4 numbers"),
        (lambda features: {"feature": features["feature"][:, :3]}, "4 numbers"),
        (lambda features: {"feature": tf.strings.as_string(features["feature"])}, "numbers"),
    ],
    ids=["key", "wider", "narrower", "strings"],
)
def test_features_unlike_those_of_the_fit(change, words):  # EST-02, EST-12
    clf = classifier().fit(input_fn=iris3, steps=1)
    for use in (clf.partial_fit, clf.evaluate, clf.predict):
        with pytest.raises(ValueError, match=words):
            use(input_fn=changed_features(change))


def test_more_features_and_other_dtypes_do_no_harm():  # EST-02
    clf = classifier().fit(input_fn=iris3, steps=10)
    expected = clf.predict(input_fn=iris3)
    more = changed_features(lambda features: features | {"more": features["feature"]})
    doubles = changed_features(lambda features: {"feature": tf.constant(X, tf.float64)})
    for input_fn in (more, doubles):
        np.testing.assert_array_equal(clf.predict(input_fn=input_fn), expected)


def test_arrays_unlike_those_of_the_fit(tmp_path):  # EST-02
    reg = regressor(None, model_dir=tmp_path)
    reg.fit(X, np.column_stack([Y, Y]).astype(float), steps=1)
    with pytest.raises(ValueError, match="expecting 4 features"):
        reg.partial_fit(X[:, :3], np.column_stack([Y, Y]))
    with pytest.raises(ValueError, match=r"2 number\(s\) per row"):
        reg.partial_fit(X, np.column_stack([Y, Y, Y]))


# Steps, and going on


def test_steps_add_up_and_max_steps_is_absolute(tmp_path):  # EST-10
    clf = classifier(model_dir=tmp_path)
    for more, expected in (
        ({"steps": 10}, 10),
        ({"steps": 15}, 25),
        ({"max_steps": 20}, 25),
        ({"max_steps": 30}, 30),
    ):
        assert step_of(clf.fit(input_fn=iris3, **more)) == expected
    assert step_of(classifier().fit(input_fn=iris3, max_steps=10)) == 10


def test_training_goes_on_from_the_model_dir(tmp_path):  # EST-05
    X, y = DIABETES
    input_fn = lambda: (tf.constant(X), tf.constant(y))  # noqa: E731
    asked = {"MSE": metrics.mean_squared_error}
    first = regressor(None, model_dir=tmp_path).fit(input_fn=input_fn, steps=50)
    found = first.evaluate(input_fn=input_fn, metrics=asked)
    second = regressor(None, model_dir=tmp_path)
    assert second.evaluate(input_fn=input_fn, metrics=asked) == found
    assert found["MSE"] == pytest.approx(mean_squared_error(y, second.predict(X)), rel=1e-6)
    second.fit(input_fn=input_fn, steps=100)
    assert second.evaluate(input_fn=input_fn, metrics=asked)["MSE"] < found["MSE"]


def test_more_steps_improve(tmp_path):  # BASE-05
    clf = classifier(COLUMNS, model_dir=tmp_path)
    short = clf.fit(X, Y, steps=100).evaluate(X, Y)
    long = clf.fit(X, Y, steps=500).evaluate(X, Y)
    assert long["global_step"] == 600
    assert long["loss"] < short["loss"]
    assert long["accuracy"] >= short["accuracy"]


def test_a_moved_model_dir_is_as_good(tmp_path):  # EST-22
    old, new = tmp_path / "old", tmp_path / "new"
    clf = classifier(model_dir=old)
    clf.fit(input_fn=iris3, steps=1)
    expected = clf.fit(input_fn=iris3, steps=4).evaluate(input_fn=iris3)
    shutil.move(old, new)
    clf = classifier(model_dir=new)
    assert clf.evaluate(input_fn=iris3) == expected
    assert step_of(clf.fit(input_fn=iris3, steps=5)) == 10


def test_the_model_dir_of_the_run_config(tmp_path):  # EST-21
    config = learn.RunConfig(model_dir=tmp_path / "a")
    classifier(config=config).fit(input_fn=iris3, steps=3)
    assert step_of(classifier(model_dir=tmp_path / "a")) == 3
    assert step_of(classifier(model_dir=tmp_path / "a", config=config)) == 3
    both = classifier(model_dir=tmp_path / "b", config=config)
    with pytest.raises(ValueError, match="model_dir are set both in constructor and RunConfig"):
        both.fit(input_fn=iris3, steps=1)


# Monitors and summaries


class Counter(learn.monitors.BaseMonitor):
    """Counts the steps it is told of."""

    begun = ended = 0

    def step_begin(self, step):
        self.begun += 1
        return super().step_begin(step)

    def step_end(self, step, outputs):
        self.ended += 1
        return super().step_end(step, outputs)


def test_a_monitor_is_told_of_every_step(tmp_path):  # EST-13, EST-23
    counter = Counter()
    monitors = [counter]
    classifier(model_dir=tmp_path).fit(input_fn=iris3, steps=21, monitors=monitors)
    assert (counter.begun, counter.ended) == (21, 21)
    assert monitors == [counter]


def test_summaries_of_training_and_evaluation(tmp_path):  # EST-14
    accumulator = pytest.importorskip("tensorboard.backend.event_processing.event_accumulator")

    def steps(folder, tag):
        events = accumulator.EventAccumulator(str(folder)).Reload()
        return [event.step for event in events.Tensors(tag)]

    clf = classifier(model_dir=tmp_path).fit(input_fn=iris3, steps=200)
    clf.evaluate(input_fn=iris3)
    clf.evaluate(input_fn=iris3, name="again")
    losses = steps(tmp_path, "loss")
    assert losses[-1] == 200
    assert 1 <= len(losses) <= 3
    assert steps(tmp_path / "eval", "accuracy") == [200]
    assert steps(tmp_path / "eval_again", "loss") == [200]


# Evaluation and prediction


def test_figures_are_those_of_scikit_learn():  # EST-07
    X, y = DIABETES
    reg = regressor(None).fit(X, y, steps=100)
    found = reg.evaluate(X, y, metrics={"MSE": metrics.mean_squared_error})
    expected = mean_squared_error(y, reg.predict(X))
    assert found["MSE"] == pytest.approx(expected, rel=1e-6)
    assert found["loss"] == pytest.approx(expected, rel=1e-6)
    assert found["global_step"] == 100


def test_a_bare_evaluation_has_loss_and_step():  # EST-25
    clf = classifier(COLUMNS).fit(X, Y, steps=100)
    found = clf.evaluate(input_fn=lambda: (tf.constant(X), tf.constant(Y)))
    assert set(found) == {"loss", "accuracy", "global_step"}
    assert found["accuracy"] == clf.score(X, Y)


def test_predictions_are_as_many_as_rows():  # EST-11
    clf = classifier().fit(input_fn=iris3, steps=10)
    rows = {"feature": X}
    assert len(clf.predict(rows)) == 150
    assert len(list(clf.predict(rows, batch_size=10, as_iterable=True))) == 150
    assert len(clf.predict(input_fn=features_of(iris3))) == 150
    assert len(list(clf.predict(input_fn=iris3, as_iterable=True))) == 150
    dataset = tf.data.Dataset.from_tensor_slices(rows).repeat(2).batch(32)
    assert len(clf.predict(input_fn=lambda: dataset)) == 300


def test_dicts_of_arrays():  # EST-29
    x = np.arange(4.0)
    reg = learn.LinearRegressor(X_COLUMNS).fit({"x": x}, x)
    assert reg.evaluate({"x": x}, x)["loss"] < 1e-6
    np.testing.assert_allclose(reg.predict({"x": x}), x, atol=1e-3)


# Rows that come one by one


def test_generators(tmp_path):  # BASE-06
    clf = classifier(COLUMNS)
    clf.fit(itertools.cycle(X), itertools.cycle(Y), steps=500)
    assert step_of(clf, lambda: (X, Y)) == 500
    assert clf.score(X, Y) > 0.5
    np.testing.assert_array_equal(clf.predict(row for row in X), clf.predict(X))
    assert clf.evaluate((row for row in X), (int(label) for label in Y)) == clf.evaluate(X, Y)


@pytest.mark.parametrize("as_label", [int, np.int64, lambda label: [int(label)]])
def test_iterators_of_labels(as_label):  # EST-09
    clf = classifier(COLUMNS)
    labels = (as_label(label) for label in Y)
    clf.fit((row for row in X), labels, steps=100, batch_size=1)
    assert step_of(clf, lambda: (X, Y)) == 100


def test_an_iterator_that_ends_ends_training():  # EST-09
    rows, labels = itertools.islice(X, 100), itertools.islice(Y, 100)
    clf = learn.LinearClassifier(COLUMNS).fit(rows, labels, steps=500, batch_size=1)
    assert clf.evaluate(X[:100], Y[:100])["global_step"] == 100


# Variables and columns


def test_the_names_of_all_variables():  # BASE-03
    reg = regressor(COLUMNS).fit(X, Y, steps=10)
    assert reg.get_variable_names() == [
        "centered_bias_weight",
        "centered_bias_weight/Adagrad",
        "global_step",
        "linear//weight",
        "linear//weight/Ftrl",
        "linear//weight/Ftrl_1",
        "linear/bias_weight",
        "linear/bias_weight/Ftrl",
        "linear/bias_weight/Ftrl_1",
    ]
    assert reg.get_variable_value("linear//weight/Ftrl").shape == (4, 1)
    assert (reg.get_variable_value("linear//weight/Ftrl") > 0).all()
    with pytest.raises(ValueError, match="Did you mean 'linear//weight'"):
        reg.get_variable_value("linear/weight")


def test_another_optimizer_begins_with_slots_of_its_own(tmp_path):
    classifier(model_dir=tmp_path, optimizer="Adam").fit(input_fn=iris3, steps=5)
    clf = classifier(model_dir=tmp_path, optimizer="Adagrad").fit(input_fn=iris3, steps=1)
    slots = {name for name in clf.get_variable_names() if name.count("/") == 3}
    assert slots == {"linear/feature/weight/Adagrad"}
    assert (clf.get_variable_value("linear/feature/weight/Adagrad") >= 0.1).all()


@pytest.mark.parametrize("dtype", [np.int32, np.int64, np.float32, np.float64])
def test_columns_are_inferred_from_numbers(dtype):  # EST-16
    (column,) = learn.infer_real_valued_columns_from_input(np.zeros((3, 8), dtype))
    assert (column.name, column.dimension) == ("", 8)


@pytest.mark.parametrize("rows", [None, np.array([["a", "b"]])])
def test_columns_are_not_inferred_from_anything_else(rows):  # EST-16
    with pytest.raises((ValueError, TypeError)):
        learn.infer_real_valued_columns_from_input(rows)


# Data of houses, and scikit-learn's search


def test_houses_by_a_line(boston):  # BASE-08
    X, y = boston
    columns = learn.infer_real_valued_columns_from_input(X)
    reg = regressor(columns).fit(X, y, steps=500, batch_size=len(y))
    assert mean_squared_error(y, reg.predict(X)) < 150


def test_houses_by_a_network(boston):  # NL-01
    X, y = boston
    parameters = DNN | {"learning_rate": 0.01, "random_state": 1}
    reg = learn.DNNRegressor([10, 20, 10], **parameters)
    reg.fit(X, y, steps=300, batch_size=len(y))
    assert mean_squared_error(y, reg.predict(X)) < 110


def test_grid_search_over_layers():  # GS-01
    clf = learn.DNNClassifier(feature_columns=COLUMNS, random_state=0, **DNN)
    grid = {"hidden_units": [[5, 5], [10, 10]]}
    search = GridSearchCV(clf, grid, scoring="accuracy").fit(X, Y, steps=50)
    assert search.best_score_ > 0.5
    assert search.best_estimator_.hidden_units in grid["hidden_units"]
