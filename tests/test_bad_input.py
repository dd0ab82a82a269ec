"""What users get wrong, and what they are told: what was expected, what came, what to do.

Each table says what is done, words of the message (the culprit and, where there is one, the way
out), and the exception where it is no ValueError.
"""

import os
import shutil
import warnings
from functools import cache
from pathlib import Path

import keras
import numpy as np
import pandas as pd
import pytest
import scipy.sparse
import tensorflow as tf

import tflearnkit as learn
from tflearnkit import checkpoint, monitors
from tflearnkit.errors import (
    CheckpointError,
    CheckpointWarning,
    NanLossDuringTrainingError,
    NotFittedError,
)

N = 40
X = np.random.default_rng(0).normal(size=(N, 3))
Y = (X[:, 0] > 0).astype(int)
R = 2 * X[:, 0]
WORDS = np.where(Y, "yes", "no")
FRAME = pd.DataFrame(
    {"age": 10 * X[:, 0] + 40, "city": np.where(X[:, 1] > 0, "Oslo", "Rome"), "weight": 1.0}
)
CLEAN = FRAME[["age", "city"]]

AGE = learn.real_valued_column("age")
CITY = learn.sparse_column_with_keys("city", ["Oslo", "Rome"])


def linear(**parameters):
    return learn.LinearClassifier(**parameters)


def network(hidden_units=(4,), steps=2, **parameters):
    return learn.DNNClassifier(hidden_units, steps=steps, **{"random_state": 0, **parameters})


def regressor(**parameters):
    return learn.DNNRegressor((4,), steps=2, random_state=0, **parameters)


def combined(**parameters):
    return learn.DNNLinearCombinedClassifier(steps=2, dnn_hidden_units=(4,)).set_params(
        **parameters
    )


@cache
def fitted():
    return linear().fit(X, Y)


@cache
def fitted_on_frame():
    return linear().fit(CLEAN, Y)


def with_value(value, row=3, column=1):
    changed = X.copy()
    changed[row, column] = value
    return changed


def brings(result):
    """An input_fn of a name that messages can be searched for."""

    def my_input():
        return result() if callable(result) else result

    return my_input


def long(*last):
    """A stream whose first rows, from which everything learns, are good."""
    return iter([(np.tile(X, (300, 1)), np.tile(Y, 300)), last])


def refusals(*rows):
    """Parametrize by rows of (what is done, action, words, exception: by default ValueError)."""
    cases = [(*row, ValueError)[:4] for row in rows]
    return pytest.mark.parametrize(
        ("action", "words", "error"), [pytest.param(*case[1:], id=case[0]) for case in cases]
    )


def check_refusal(action, words, error=ValueError):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with pytest.raises(error, match=f"(?s){words}") as caught:
            action()
    assert "{{node" not in str(caught.value)  # TensorFlow's way of talking
    assert not isinstance(caught.value, tf.errors.OpError)


# --- feature columns -----------------------------------------------------------------------------


@refusals(
    (
        "a misspelled name",
        lambda: linear(feature_columns=[learn.real_valued_column("agge")]).fit(FRAME, Y),
        "feature_columns names 'agge', which X does not have.*age, city.*Did you mean 'age'",
    ),
    (
        "several unknown names at once",
        lambda: linear(feature_columns=[learn.real_valued_column(n) for n in "ab"]).fit(FRAME, Y),
        "names 'a', 'b', which X does not have",
    ),
    (
        "names for an array",
        lambda: linear(feature_columns=[AGE]).fit(X, Y),
        "names 'age'.*array without column names. Pass a DataFrame or a dict",
    ),
    (
        "a name instead of columns",
        lambda: linear(feature_columns="age").fit(FRAME, Y),
        r"Expected feature_columns to be iterable, found str. Pass a list.*real_valued_column\(",
    ),
    (
        "names instead of columns",
        lambda: network(feature_columns=["age"]).fit(FRAME, Y),
        "feature_columns takes feature columns, but has 'age'. Make one with real_valued_column",
    ),
    (
        "one column instead of a list",
        lambda: linear(feature_columns=AGE).fit(FRAME, Y),
        "Expected feature_columns to be iterable, found RealValuedColumn. Pass a list",
    ),
    (
        "a number instead of a list",
        lambda: network(feature_columns=3).fit(FRAME, Y),
        "Expected feature_columns to be iterable, found int",
    ),
    (
        "a dict instead of a list",
        lambda: combined(linear_feature_columns={"age": AGE}).fit(FRAME, Y),
        "Expected linear_feature_columns to be iterable, found dict",
    ),
    (
        "a Keras layer",
        lambda: combined(dnn_feature_columns=[keras.layers.Dense(2)]).fit(FRAME, Y),
        "dnn_feature_columns takes feature columns, but has <Dense",
    ),
    (
        "no columns in a linear model",
        lambda: linear(feature_columns=[]).fit(FRAME, Y),
        "feature_columns must hold at least one column, but is empty.*leave feature_columns out",
    ),
    (
        "no columns in a network",
        lambda: network(feature_columns=[]).fit(FRAME, Y),
        "feature_columns must hold at least one column, but is empty",
    ),
    (
        "no columns in either part",
        lambda: combined(linear_feature_columns=[], dnn_feature_columns=[]).fit(FRAME, Y),
        "Either linear_feature_columns or dnn_feature_columns must be defined.*leave both out",
    ),
    (
        "the same column twice",
        lambda: linear(feature_columns=[AGE, learn.real_valued_column("age")]).fit(FRAME, Y),
        "Duplicate feature column key found for column: age. Give each column .* once",
    ),
    (
        "an embedding in a linear model",
        lambda: linear(feature_columns=[learn.embedding_column(CITY, 2)]).fit(FRAME, Y),
        "column: city_embedding. A linear part takes.*Pass its source column",
    ),
    (
        "a one-hot column in the linear part",
        lambda: combined(linear_feature_columns=[learn.one_hot_column(CITY)]).fit(FRAME, Y),
        "column: city_one_hot. A linear part",
    ),
    (
        "bare ids in the deep part",
        lambda: combined(dnn_feature_columns=[CITY]).fit(FRAME, Y),
        "column: city. A network takes numbers; wrap ids in embedding_column",
    ),
    (
        "numbers declared, strings there",
        lambda: linear(feature_columns=[learn.real_valued_column("city")]).fit(FRAME, Y),
        "'city' expects numbers in 'city', but X has strings",
    ),
    (
        "strings declared, numbers there",
        lambda: linear(feature_columns=[learn.sparse_column_with_keys("age", ["a"])]).fit(FRAME, Y),
        "'age' expects strings in 'age', but X has numbers",
    ),
    (
        "another number of numbers per row",
        lambda: linear(feature_columns=[learn.real_valued_column("", 2)]).fit(X, Y),
        r"expects 2 numbers per row, but X has 3. Say real_valued_column\('', dimension=3\)",
    ),
    (
        "NaN in a column without a default value",
        lambda: linear(feature_columns=[AGE]).fit(FRAME.assign(age=np.nan), Y),
        "'age' expects numbers, but X has NaN in it. Give the column a default_value",
    ),
    (
        "a normalizer that changes the shape",
        lambda: linear(
            feature_columns=[learn.real_valued_column("age", normalizer=lambda v: v[:, :0])]
        ).fit(FRAME, Y),
        r"normalizer of column 'age' must keep the shape \(40, 1\).*returned \(40, 0\)",
    ),
)
def test_feature_columns(action, words, error):
    check_refusal(action, words, error)


# --- X -------------------------------------------------------------------------------------------


@refusals(
    ("no rows", lambda: linear().fit(X[:0], []), r"0 sample\(s\).*minimum of 1"),
    (
        "a frame without rows",
        lambda: linear().fit(FRAME[:0], []),
        r"0 sample\(s\).*columns age, city, weight and no rows",
    ),
    ("no columns", lambda: linear().fit(X[:, :0], Y), r"0 feature\(s\).*minimum of 1"),
    (
        "a frame without columns",
        lambda: linear().fit(FRAME[[]], Y),
        r"at least one column, but it has 0 feature\(s\)",
    ),
    ("an empty dict", lambda: network().fit({}, Y), "at least one column"),
    (
        "an empty sparse matrix",
        lambda: linear().fit(scipy.sparse.csr_array((0, 3)), []),
        r"0 sample\(s\)",
    ),
    (
        "infinity in an array",
        lambda: linear().fit(with_value(np.inf), Y),
        "X contains infinity.*Replace such values, by NaN",
    ),
    (
        "infinity in a sparse matrix",
        lambda: linear().fit(scipy.sparse.csr_array(with_value(np.inf)), Y),
        "X contains infinity",
    ),
    (
        "infinity in a column of a frame",
        lambda: network().fit(FRAME.assign(age=with_value(-np.inf)[:, 1]), Y),
        "X contains infinity.*Columns: age",
    ),
    (
        "a number whose square is no float64",
        lambda: linear().fit(FRAME.assign(age=with_value(1e300)[:, 1]), Y),
        r"Column 'age' of X must hold numbers whose squares.*1e\+300. Scale such numbers down",
    ),
    (
        "a number beyond float32 in a declared column",
        lambda: linear(feature_columns=[AGE]).fit(FRAME.assign(age=with_value(1e39)[:, 1]), Y),
        "float32 can hold, up to 3.4e38.*row 3 of column 'age'.*Scale such numbers down",
    ),
    (
        "a number beyond float32 in a sparse matrix",
        lambda: linear().fit(scipy.sparse.csr_array(with_value(1e39)), Y),
        "float32 can hold.*row 3",
    ),
    (
        "a number beyond float32 at predict",
        lambda: fitted().predict(with_value(1e300)),
        "float32 can hold.*row 3",
    ),
    (
        "one dimension",
        lambda: linear().fit(X[:, 0], Y),
        r"Expected 2D array, got 1D array.*reshape\(-1, 1\)",
    ),
    ("three dimensions", lambda: network().fit(X[:, :, None], Y), "dim 3, while dim <= 2"),
    (
        "a string",
        lambda: linear().fit("census.csv", Y),
        "X must be an array.*of type str. Convert it",
        TypeError,
    ),
    ("a set", lambda: linear().fit({1, 2}, [0, 1]), "X must be an array.*of type set", TypeError),
    (
        "a function",
        lambda: linear().fit(lambda: (X, Y)),
        "X must be rows. Got the function.*pass it as input_fn",
        TypeError,
    ),
    (
        "complex numbers",
        lambda: linear().fit(X + 1j, Y),
        "Complex data not supported.*real and imaginary parts as two columns",
    ),
    (
        "a column of complex numbers",
        lambda: linear().fit({"a": X[:, 0], "z": X[:, 0] + 1j}, Y),
        "Complex data not supported: Column 'z'",
    ),
    (
        "columns of unequal lengths",
        lambda: linear().fit({"a": X[:, 0], "b": X[:30, 0]}, Y),
        "lengths differ: a: 40, b: 30. Pass arrays of equal length",
    ),
    (
        "a single value as a column",
        lambda: linear().fit({"a": X[:, 0], "b": 3.0}, Y),
        "Column 'b' of X must hold one value per row, but is the single value 3.0",
    ),
    (
        "two columns of one name",
        lambda: linear().fit(pd.concat([FRAME, FRAME[["age"]]], axis=1), Y),
        "(?i)different names.*'age'.*Rename or drop",
    ),
    (
        "rows of unequal lengths",
        lambda: linear().fit([[1.0, 2.0], [3.0]], [0, 1]),
        "Rows of X must be equally long",
    ),
    (
        "lists of floats of unequal lengths",
        lambda: linear().fit({"a": [[1.5, 2.0], [3.0]] * 20}, Y),
        "'a' has lists of floats of different lengths.*Give each row as many numbers",
    ),
    (
        "a column of objects",
        lambda: linear().fit({"a": [object()] * N}, Y),
        "Column 'a' of X holds a value of type object.*Convert or drop it",
        TypeError,
    ),
)
def test_features(action, words, error):
    check_refusal(action, words, error)


# --- y -------------------------------------------------------------------------------------------


@refusals(
    ("none", lambda: linear().fit(X), "LinearClassifier estimator requires y.*Pass y"),
    (
        "too short",
        lambda: linear().fit(X, Y[:30]),
        "X has 40 rows, y has 30 rows. Pass one target per row",
    ),
    ("a number", lambda: linear().fit(X, 1), "y must be an array or a list.*Got int", TypeError),
    (
        "a name",
        lambda: linear().fit(FRAME, "city"),
        "y must be an array or a list.*Got str. Pass the targets themselves",
        TypeError,
    ),
    (
        "an iterator beside an array",
        lambda: linear().fit(X, iter(Y)),
        "Got .*iterator.*X must be one too",
        TypeError,
    ),
    (
        "NaN for a classifier",
        lambda: linear().fit(X, np.where(Y, Y, np.nan)),
        r"y must have a label in every row.*first being row \d+. Drop or label these rows",
    ),
    (
        "None among strings",
        lambda: network().fit(X, np.array(["a", None] * 20, object)),
        r"20 row\(s\) have none \(NaN or None\), the first being row 1",
    ),
    (
        "NaN for a regressor",
        lambda: regressor().fit(X, np.where(np.arange(N) == 5, np.nan, R)),
        "Input y contains NaN, first in row 5.*drop or correct",
    ),
    (
        "infinity for a regressor",
        lambda: learn.LinearRegressor().fit(X, np.where(np.arange(N) == 5, np.inf, R)),
        "Input y contains infinity, first in row 5",
    ),
    (
        "numbers whose squares are no float64",
        lambda: learn.LinearRegressor().fit(X, R * 1e200),
        "y must hold numbers whose squares.*Scale the targets down",
    ),
    ("continuous for a classifier", lambda: network().fit(X, R), "Unknown label type: continuous"),
    (
        "strings for a regressor",
        lambda: learn.LinearRegressor().fit(X, WORDS),
        "y must hold numbers.*fit a classifier where y holds labels",
    ),
    (
        "strings as objects for a regressor",
        lambda: regressor().fit(X, WORDS.astype(object)),
        "y must hold numbers.*'(yes|no)'",
    ),
    (
        "strings beside numbers",
        lambda: linear().fit(X, np.array([1, "a"] * 20, object)),
        r"labels of one kind.*holds int, str. Convert them.*astype\(str\)",
    ),
    (
        "three dimensions",
        lambda: linear().fit(X, np.ones((N, 2, 2))),
        r"y must hold one label per row.*shape \(40, 2, 2\)",
    ),
    (
        "several columns of classes",
        lambda: linear().fit(X, np.stack([Y + 1, Y + 2], axis=1)),
        "2-D y must hold indicators, 0 or 1.*Fit one estimator per column",
    ),
    (
        "lists of labels of unequal lengths",
        lambda: linear().fit(X[:2], [[0], [0, 1]]),
        "Rows of y must be equally long.*several labels per row as columns of 0 and 1",
    ),
    ("none at evaluate", lambda: fitted().evaluate(X), "requires y to be passed"),
    (
        "an unknown label at evaluate",
        lambda: fitted().evaluate(X, Y + 1),
        "only the labels 0, 1; it holds 2",
    ),
)
def test_targets(action, words, error):
    check_refusal(action, words, error)


@refusals(
    (
        "outside the promise",
        lambda: linear(n_classes=2).fit(X, np.arange(N) % 3),
        r"With n_classes=2 labels must be the integers 0 \.\. 1; y holds 2. Pass the true",
    ),
    ("below zero", lambda: network(n_classes=2).fit(X, 2 * Y - 1), "y holds -1"),
    (
        "fewer strings than promised",
        lambda: linear(n_classes=3).fit(X, WORDS),
        "n_classes is 3, but y holds 2 labels: no, yes",
    ),
    ("one class", lambda: linear(n_classes=1).fit(X, Y), "'n_classes'.*Got 1 instead"),
    (
        "in a stream of batches",
        lambda: network().fit(iter([(X, Y + 1)])),
        "y holds 2. A stream is taken to have two classes: pass n_classes",
    ),
    (
        "in a stream of rows of strings",
        lambda: network().fit(zip(X, ["a", "b", "c", "d"] * 10, strict=True)),
        "4 labels: a, b, c, d. A stream is taken to have two classes: pass n_classes",
    ),
    (
        "late in a stream",
        lambda: network(steps=None).fit(long(X, Y + 1)),
        "only the labels 0, 1; it holds 2.*pass n_classes",
    ),
    (
        "missing late in a stream",
        lambda: network(steps=None).fit(long(X, np.full(N, np.nan))),
        r"y must have a label in every row; it holds nan in 40 row\(s\)",
    ),
    (
        "in a later partial_fit",
        lambda: network().partial_fit(X, Y).partial_fit(X, Y + 1),
        "it holds 2.*pass classes to partial_fit, or pass n_classes",
    ),
    (
        "not among classes of partial_fit",
        lambda: network().partial_fit(X, Y + 1, classes=[0, 1]),
        "only the labels 0, 1; it holds 2",
    ),
    (
        "other classes in a later partial_fit",
        lambda: network().partial_fit(X, Y, classes=[0, 1]).partial_fit(X, Y, classes=[0, 1, 2]),
        "classes must be those of the first call, 0, 1. Got 0, 1, 2",
    ),
    (
        "classes that are no list",
        lambda: network().partial_fit(X, Y, classes="ab"),
        r"classes must be a list of all labels.*numpy.unique\(y\)",
    ),
)
def test_labels_outside_the_classes(action, words, error):
    check_refusal(action, words, error)


# --- weights -------------------------------------------------------------------------------------


@refusals(
    (
        "too few",
        lambda: linear().fit(X, Y, np.ones(30)),
        r"sample_weight must hold one number for each of the 40 rows.*shape \(30,\)",
    ),
    (
        "two columns",
        lambda: network().fit(X, Y, np.ones((N, 2))),
        r"sample_weight must hold one number.*shape \(40, 2\)",
    ),
    (
        "negative",
        lambda: linear().fit(X, Y, np.where(np.arange(N) == 4, -1, 1)),
        r"sample_weight must hold finite numbers >= 0. Got -1.0 in row 4, and 1 such row\(s\)",
    ),
    (
        "NaN",
        lambda: network().fit(X, Y, np.where(np.arange(N) == 4, np.nan, 1)),
        "sample_weight must hold finite.*Got nan in row 4.*Give 0 to a row that is not to count",
    ),
    (
        "all zero",
        lambda: linear().fit(X, Y, np.zeros(N)),
        "at least one non-zero number. All weights are zero: give at least one row",
    ),
    ("all zero at evaluate", lambda: fitted().evaluate(X, Y, np.zeros(N)), "All weights are zero"),
    (
        "all zero in a stream to evaluate on",
        lambda: fitted().evaluate(iter([(X, Y, np.zeros(N))])),
        "All weights are zero",
    ),
    (
        "strings",
        lambda: linear().fit(X, Y, WORDS),
        "sample_weight must hold one number per row, but cannot be read as numbers.*'(yes|no)'",
    ),
    (
        "beside an input_fn",
        lambda: linear().fit(input_fn=lambda: (X, Y), sample_weight=np.ones(N)),
        r"both input_fn and x or y or sample_weight.*brings \(features, targets, weights\)",
    ),
    (
        "beside a stream",
        lambda: network().fit(iter([(X, Y)]), sample_weight=np.ones(N)),
        r"X is a stream. Let it yield \(features, targets, weights\)",
    ),
    (
        "of an unknown class",
        lambda: linear(class_weight={"yes": 1, "noo": 2}).fit(X, WORDS),
        "class_weight names 'noo', but the classes of y are 'no', 'yes'.*Did you mean 'no'",
    ),
    (
        "a negative one of a class",
        lambda: linear(class_weight={0: -1, 1: 1}).fit(X, Y),
        "class_weight must give each class a finite number >= 0. Got -1 for 0",
    ),
    ("NaN of a class", lambda: linear(class_weight={0: 1, 1: np.nan}).fit(X, Y), "Got nan for 1"),
    (
        "of classes, misspelled",
        lambda: linear(class_weight="balancd").fit(X, Y),
        "'class_weight' parameter.*'balanced'.*Got 'balancd'",
    ),
    (
        "of classes with several labels per row",
        lambda: linear(class_weight={0: 2}).fit(X, np.stack([Y, 1 - Y], axis=1)),
        r"class_weight as a dict needs one label per row.*\(40, 2\).*'balanced', or sample_weight",
    ),
    (
        "balanced in a stream",
        lambda: network(class_weight="balanced").fit(iter([(X, Y)])),
        "class_weight='balanced'.*a stream does not show.*Pass a dict",
    ),
    (
        "in a column that is not there",
        lambda: linear(weight_column_name="wieght").fit(FRAME, Y),
        "weight_column_name is 'wieght', which X does not have.*Did you mean 'weight'",
    ),
    (
        "in a column of an array",
        lambda: linear(weight_column_name="weight").fit(X, Y),
        "weight_column_name is 'weight'.*array without column names: pass a DataFrame",
    ),
    (
        "negative in a column",
        lambda: network(weight_column_name="weight").fit(FRAME.assign(weight=-1.0), Y),
        "weight column 'weight' must hold finite numbers >= 0. Got -1.0 in row 0",
    ),
    (
        "strings in a column",
        lambda: linear(weight_column_name="city").fit(FRAME, Y),
        "weight column 'city' must hold one number per row",
    ),
    (
        "and nothing else in X",
        lambda: linear(weight_column_name="weight").fit(FRAME[["weight"]], Y),
        "features beside its weight column, but has 'weight' alone",
    ),
)
def test_weights(action, words, error):
    check_refusal(action, words, error)


def test_a_class_weight_too_many_does_no_harm_while_every_class_has_its_own():
    """A fold of cross-validation may lack a rare class."""
    extra = linear(class_weight={0: 1.0, 1: 2.0, 7: 3.0}).fit(X, Y)
    exact = linear(class_weight={0: 1.0, 1: 2.0}).fit(X, Y)
    np.testing.assert_array_equal(extra.coef_, exact.coef_)


def test_class_weights_hold_where_a_batch_lacks_a_class():
    y = np.repeat([0, 1, 2], [20, 10, 10])
    weights = {0: 1.0, 2: 5.0}
    whole = network(n_classes=3, class_weight=weights, batch_size=20).fit(iter([(X, y)]))
    batches = iter([(X[:20], y[:20]), (X[20:], y[20:])])
    parts = network(n_classes=3, class_weight=weights, batch_size=20).fit(batches)
    np.testing.assert_allclose(parts.predict_proba(X), whole.predict_proba(X), atol=1e-6)


def test_predicting_needs_no_weights():
    model = linear(weight_column_name="weight").fit(FRAME, Y)
    assert model.feature_names_in_.tolist() == ["age", "city"]
    np.testing.assert_array_equal(model.predict(CLEAN), model.predict(FRAME))
    assert model.evaluate(FRAME, Y)["accuracy"] == model.score(CLEAN, Y)


# --- parameters ----------------------------------------------------------------------------------


@refusals(
    (
        "an unknown optimizer",
        lambda: network(optimizer="Adagard").fit(X, Y),
        "optimizer must be one of SGD.*Got 'Adagard' instead. Did you mean 'Adagrad'",
    ),
    (
        "an optimizer in small letters",
        lambda: network(optimizer="adamw").fit(X, Y),
        "Did you mean 'AdamW'",
    ),
    (
        "an unknown optimizer of one part",
        lambda: combined(linear_optimizer="Ftlr").fit(X, Y),
        "Did you mean 'Ftrl'",
    ),
    (
        "a Keras optimizer beside a learning rate",
        lambda: network(optimizer=keras.optimizers.SGD(0.1), learning_rate=0.1).fit(X, Y),
        "learning_rate goes with an optimizer given by name. Got SGD and learning_rate=0.1. Set",
    ),
    (
        "a Keras schedule beside a learning rate",
        lambda: network(
            optimizer=keras.optimizers.schedules.ExponentialDecay(0.1, 10, 0.5), learning_rate=0.1
        ).fit(X, Y),
        "Got ExponentialDecay and learning_rate=0.1",
    ),
    (
        "an optimizer's class",
        lambda: linear(optimizer=keras.optimizers.SGD).fit(X, Y),
        "optimizer must be a name, a Keras optimizer.*Got <class '.*SGD'>",
    ),
    (
        "an optimizer that is none",
        lambda: network(optimizer=3).fit(X, Y),
        "optimizer must be a name.*Got 3 instead. Names: SGD",
    ),
    (
        "a function that makes no optimizer",
        lambda: network(optimizer=lambda: 3).fit(X, Y),
        "optimizer must be a name.*Got 3 instead",
    ),
    (
        "an optimizer's function with an argument",
        lambda: network(optimizer=lambda rate: "SGD").fit(X, Y),
        "must take no arguments.*missing a required argument: 'rate'. Wrap it",
    ),
    (
        "a learning rate of zero",
        lambda: network(learning_rate=0.0).fit(X, Y),
        "'learning_rate' parameter.*Got 0.0",
    ),
    (
        "a negative learning rate",
        lambda: linear(optimizer="SGD", learning_rate=-0.1).fit(X, Y),
        "'learning_rate' parameter.*Got -0.1",
    ),
    (
        "a schedule that gives words",
        lambda: network(learning_rate=lambda step: "fast").fit(X, Y),
        "schedule of learning rates must give a finite number.*Got 'fast' for step 0",
    ),
    (
        "an unknown activation",
        lambda: network(activation_fn="rleu").fit(X, Y),
        "activation_fn must be a function or the name.*Got 'rleu' instead. Did you mean 'relu'",
    ),
    (
        "an unknown activation of the deep part",
        lambda: combined(dnn_activation_fn=3).fit(X, Y),
        "dnn_activation_fn must be.*Got 3 instead",
    ),
    (
        "an activation that changes the shape",
        lambda: network(activation_fn=tf.reduce_sum).fit(X, Y),
        "activation function must return a tensor of the shape.*'reduce_sum' returned",
    ),
    *(
        (
            f"hidden_units={units!r}",
            lambda units=units: network(hidden_units=units).fit(X, Y),
            "hidden_units must be positive ints, one for each layer. Got .* instead: pass a tuple",
        )
        for units in (0, -3, 2.5, "64", None, (16, 0), (16, 2.5), (True,))
    ),
    *(
        (
            f"dnn_hidden_units={units!r}",
            lambda units=units: combined(dnn_hidden_units=units, dnn_feature_columns=[AGE]).fit(
                FRAME, Y
            ),
            "dnn_hidden_units must be defined when dnn_feature_columns is.*give the units",
        )
        for units in ((), None)
    ),
    *(
        (
            f"{name}={value!r}",
            lambda make=make, name=name, value=value: make(**{name: value}).fit(X, Y),
            f"'{name}' parameter of {make().__class__.__name__} must be.*Got ",
        )
        for make, name, value in (
            (network, "dropout", 1.0),
            (network, "dropout", -0.1),
            (combined, "dnn_dropout", 1.0),
            (combined, "dnn_dropout", -0.1),
            (linear, "steps", 0),
            (network, "steps", 2.5),
            (network, "epochs", -1),
            (linear, "epochs", "3"),
            (linear, "batch_size", 0),
            (network, "gradient_clip_norm", 0),
            (linear, "validation_fraction", 1.5),
            (network, "n_iter_no_change", 0),
            (network, "random_state", "x"),
            (linear, "verbose", -1),
            (linear, "config", {"model_dir": "x"}),
            (linear, "l2_regularization", -1.0),
            (network, "l1_regularization", np.inf),
            (network, "batch_norm", "yes"),
            (network, "early_stopping", "yes"),
            (network, "model_dir", 3),
            (linear, "weight_column_name", 3),
        )
    ),
)
def test_constructor(action, words, error):
    check_refusal(action, words, error)


@refusals(
    *(
        (
            f"fit {name}={value!r}",
            lambda name=name, value=value: linear().fit(X, Y, **{name: value}),
            f"'{name}' parameter of LinearClassifier.fit must be an int.*Got {value}",
        )
        for name in ("steps", "max_steps", "epochs", "batch_size")
        for value in (0, -1, 2.5)
    ),
    *(
        (
            f"{method} {name}={value!r}",
            lambda method=method, name=name, value=value: getattr(network(), method)(
                X, *([Y] * (method != "predict")), **{name: value}
            ),
            f"'{name}' parameter of DNNClassifier.{method} must be an int.*Got {value}",
        )
        for method, name, value in (
            ("partial_fit", "steps", 0),
            ("partial_fit", "batch_size", 0),
            ("evaluate", "steps", 0),
            ("evaluate", "batch_size", -1),
            ("predict", "batch_size", 0),
            ("predict", "batch_size", 2.5),
        )
    ),
    (
        "steps and max_steps",
        lambda: network().fit(X, Y, steps=3, max_steps=4),
        "Can not provide both steps and max_steps. Got 3 and 4.*Pass one of them",
    ),
    (
        "epochs of a stream",
        lambda: network(steps=None).fit(zip(X, Y, strict=True), epochs=3),
        r"A stream passes once.*Got 3. Pass steps, repeat the stream",
    ),
    (
        "early stopping on a stream",
        lambda: network(early_stopping=True).fit(zip(X, Y, strict=True)),
        r"early_stopping=True holds out.*a stream.*monitors=\[ValidationMonitor\(",
    ),
    (
        "early stopping on one row",
        lambda: network(early_stopping=True).fit(X[:1], [1]),
        "early_stopping=True holds out.*Got 1 row.*Pass more rows",
    ),
    (
        "one monitor instead of a list",
        lambda: network().fit(X, Y, monitors=monitors.StopAtStep(3)),
        "monitors must be a list.*StopAtStep.*put it in a list",
    ),
    (
        "monitors that are none",
        lambda: network().fit(X, Y, monitors=[print]),
        "monitors must be a list of monitors. Got <built-in function print> in it. Make one",
    ),
    (
        "a Keras callback as a monitor",
        lambda: network().partial_fit(X, Y, monitors=[keras.callbacks.EarlyStopping()]),
        "EarlyStopping.*Make one, such as ValidationMonitor",
    ),
    (
        "a monitor of an unknown metric",
        lambda: network().fit(
            X, Y, monitors=[monitors.ValidationMonitor(X, Y, early_stopping_metric="acuracy")]
        ),
        "'acuracy', given as early_stopping_metric, is missing.*Did you mean 'accuracy'",
    ),
    (
        "a monitor on other features",
        lambda: network().fit(X, Y, monitors=[monitors.ValidationMonitor(X[:, :2], Y)]),
        "X has 2 features, but DNNClassifier is expecting 3",
    ),
)
def test_calls(action, words, error):
    check_refusal(action, words, error)


@refusals(
    (
        "an unknown name",
        lambda: fitted().evaluate(X, Y, metrics=["acuracy"]),
        "metrics names 'acuracy', which is not known.*Did you mean 'accuracy'",
    ),
    (
        "a name instead of a list",
        lambda: fitted().evaluate(X, Y, metrics="accuracy"),
        r"a list of names; got 'accuracy'. Write metrics=\['accuracy'\]",
    ),
    (
        "an unknown output",
        lambda: fitted().evaluate(X, Y, metrics={("m", "probabilites"): "accuracy"}),
        "No prediction has the key 'probabilites'.*Did you mean 'probabilities'",
        KeyError,
    ),
    (
        "an output that regressors lack",
        lambda: learn.LinearRegressor().fit(X, R).evaluate(X, R, metrics={("m", "classes"): "mae"}),
        "'classes'. Known keys: scores",
        KeyError,
    ),
    (
        "an unknown weight",
        lambda: fitted().evaluate(
            X, Y, metrics={"m": learn.MetricSpec(learn.metrics.accuracy, weight_key="w")}
        ),
        "No weight has the key 'w'. Known keys: none",
        KeyError,
    ),
    (
        "no function",
        lambda: fitted().evaluate(X, Y, metrics={"mine": 3}),
        "Metric 'mine' must be a name, a function.*got 3",
    ),
    (
        "a function that returns an array",
        lambda: fitted().evaluate(X, Y, metrics={"mine": lambda predictions, labels: predictions}),
        r"Metric 'mine' must return one number.*shape \(40,\)",
    ),
    (
        "a function that returns nothing",
        lambda: fitted().evaluate(X, Y, metrics={"mine": lambda predictions, labels: None}),
        "Metric 'mine' must return one number; it returned None",
    ),
)
def test_metrics(action, words, error):
    check_refusal(action, words, error)


# --- sources -------------------------------------------------------------------------------------


@refusals(
    (
        "X and an input_fn",
        lambda: linear().fit(X, Y, input_fn=lambda: (X, Y)),
        "Can not provide both input_fn and x or y.*pass arrays, or a function",
    ),
    (
        "X and an input_fn at predict",
        lambda: fitted().predict(X, input_fn=lambda: X),
        "Can not provide both input_fn and x",
    ),
    ("X and x", lambda: linear().fit(X, Y, x=X), "X and x mean the same. Got both: pass one"),
    ("nothing", lambda: linear().fit(), "Either X or input_fn must be provided"),
    ("nothing to predict", lambda: fitted().predict(), "Either X or input_fn"),
    (
        "what an input_fn returns",
        lambda: linear().fit(input_fn=(X, Y)),
        "input_fn must be a function without arguments, but is of type tuple. Pass the function",
        TypeError,
    ),
    (
        "an input_fn with an argument",
        lambda: linear().fit(input_fn=lambda mode: (X, Y)),
        "input_fn '<lambda>' must be a function without arguments.*'mode'. Wrap it",
        TypeError,
    ),
    (
        "an input_fn that returns nothing",
        lambda: linear().fit(input_fn=brings(None)),
        "input_fn 'my_input' must return features.*returned a value of type NoneType",
        TypeError,
    ),
    (
        "an input_fn that returns nonsense",
        lambda: network().partial_fit(input_fn=brings("census.csv")),
        "input_fn 'my_input' must return features.*type str",
        TypeError,
    ),
    (
        "an input_fn that returns nothing to predict",
        lambda: fitted().predict(input_fn=brings(None)),
        "input_fn 'my_input' must return",
        TypeError,
    ),
    (
        "an input_fn that returns nothing to evaluate",
        lambda: fitted().evaluate(input_fn=brings(None)),
        "input_fn 'my_input' must return",
        TypeError,
    ),
    (
        "an input_fn that returns four things",
        lambda: linear().fit(input_fn=brings((X, Y, Y, Y))),
        "input_fn 'my_input' must yield.*a tuple of 4",
    ),
    (
        "an input_fn without targets",
        lambda: network().fit(input_fn=brings(X)),
        r"input_fn 'my_input'.*requires y.*bring \(features, targets\)",
    ),
    (
        "an input_fn without targets to evaluate",
        lambda: fitted().evaluate(input_fn=brings({"a": X[:, 0]})),
        "input_fn 'my_input'",
    ),
    (
        "an input_fn that pairs features and targets in a list",
        lambda: network().fit(input_fn=brings([X, Y])),
        "input_fn 'my_input'.*features and targets as a tuple",
    ),
    (
        "an input_fn of unequal lengths",
        lambda: network().fit(input_fn=brings((X, Y[:5]))),
        "input_fn 'my_input'.*X has 40 rows, y has 5 rows",
    ),
    (
        "an input_fn with negative weights",
        lambda: network().fit(input_fn=brings((X, Y, -np.ones(N)))),
        "input_fn 'my_input'.*finite numbers >= 0. Got -1.0 in row 0",
    ),
    (
        "an input_fn with infinity",
        lambda: network().fit(input_fn=brings((tf.constant(with_value(np.inf)), Y))),
        "input_fn 'my_input'.*X contains infinity",
    ),
    (
        "an input_fn of tensors beside a batch size",
        lambda: network().fit(input_fn=brings((X, Y)), batch_size=8),
        "both input_fn and batch_size.*input_fn 'my_input' are the batch of each step. Leave",
    ),
    (
        "an input_fn with an empty dataset",
        lambda: network().fit(
            input_fn=brings(lambda: tf.data.Dataset.from_tensor_slices((X[:0], Y[:0])).batch(8))
        ),
        "input_fn 'my_input' must yield at least one row, but it ended at once",
    ),
    (
        "an input_fn with a dataset without targets",
        lambda: network().fit(input_fn=brings(lambda: tf.data.Dataset.from_tensor_slices(X))),
        "input_fn 'my_input'.*requires y",
    ),
    (
        "an empty generator",
        lambda: network().fit(iter(())),
        "X must yield at least one row, but it ended at once.*make a new one",
    ),
    (
        "an empty generator to predict",
        lambda: fitted().predict(iter(())),
        "X must yield at least one row",
    ),
    (
        "an iterator beside an array of targets",
        lambda: network().fit(iter(X), Y),
        r"Both x and y should be iterators.*y of type ndarray. Pass iter\(",
    ),
    (
        "targets that end before the rows",
        lambda: network().fit(iter(X), iter(Y[:5])),
        "y must yield as many elements as X, but ended after 5",
    ),
    (
        "keys that change midway",
        lambda: network().fit(iter([({"a": X[:, 0]}, Y), ({"b": X[:, 0]}, Y)])),
        "batches of a with targets, but element 1.*batches of b with targets",
    ),
    (
        "widths that change midway",
        lambda: network().fit(iter([(X, Y), (X[:, :2], Y)])),
        r"batches of shape \(3,\) with targets, but element 1.*\(2,\)",
    ),
    (
        "targets that vanish midway",
        lambda: network().fit(iter([(X, Y), (X,)])),
        "with targets, but element 1",
    ),
    (
        "strings where numbers were, midway",
        lambda: network(steps=None).fit(
            iter([({"a": np.tile(R, 300)}, np.tile(Y, 300)), ({"a": WORDS}, Y)])
        ),
        "'a' expects numbers in 'a', but X has strings",
    ),
    (
        "infinity midway",
        lambda: network(steps=None).fit(long(with_value(np.inf), Y)),
        "X contains infinity",
    ),
    (
        "a generator of nothing",
        lambda: network().fit(iter([None])),
        "X must yield features.*type NoneType",
        TypeError,
    ),
    (
        "a generator that does not say the targets",
        lambda: network().fit(iter(X)),
        "requires y.*let the stream",
    ),
    (
        "a generator of words for a regressor",
        lambda: regressor().fit(zip(X, WORDS, strict=True)),
        "y must hold numbers",
    ),
)
def test_sources(action, words, error):
    check_refusal(action, words, error)


def test_errors_of_the_users_own_functions_come_through():
    def fails():
        raise LookupError("no such file")

    with pytest.raises(LookupError, match="^'?no such file'?$"):
        network().fit(input_fn=fails)


# --- predict -------------------------------------------------------------------------------------


@refusals(
    (
        "a missing column",
        lambda: fitted_on_frame().predict(CLEAN[["age"]]),
        "yet now missing: city.*Pass the columns of the fit: age, city",
    ),
    (
        "an extra column",
        lambda: fitted_on_frame().predict(FRAME),
        "unseen at fit time: weight.*Pass the columns of the fit",
    ),
    (
        "a renamed column",
        lambda: fitted_on_frame().predict(CLEAN.rename(columns={"city": "citty"})),
        "unseen at fit time: citty. Did you mean 'city'.*missing: city",
    ),
    (
        "a renamed column of a dict of tensors",
        lambda: fitted_on_frame().predict(
            input_fn=brings({"age": tf.constant(CLEAN.age), "citty": tf.constant(CLEAN.city)})
        ),
        "input_fn 'my_input'.*citty. Did you mean 'city'",
    ),
    (
        "fewer features",
        lambda: fitted().predict(X[:, :2]),
        "X has 2 features, but LinearClassifier is expecting 3 features.*columns of the fit",
    ),
    (
        "fewer features in a stream",
        lambda: fitted().predict(iter(X[:, :2])),
        "X has 2 features, but LinearClassifier is expecting 3 features",
    ),
    (
        "fewer features of a sparse matrix",
        lambda: fitted().predict(scipy.sparse.csr_array(X[:, :2])),
        "X has 2 features",
    ),
    (
        "an array of another width than the frame",
        lambda: fitted_on_frame().predict(X),
        "X has 3 features, but LinearClassifier is expecting 2",
    ),
    (
        "one row in one dimension",
        lambda: fitted().predict(X[0]),
        r"Expected 2D array, got 1D array.*reshape\(1, -1\)",
    ),
    ("no rows", lambda: fitted().predict(X[:0]), r"0 sample\(s\)"),
    (
        "no rows from an input_fn",
        lambda: fitted().predict(input_fn=brings(X[:0])),
        r"input_fn 'my_input'.*0 sample\(s\)",
    ),
    (
        "strings for numbers",
        lambda: linear().fit(CLEAN[["age"]], Y).predict(CLEAN[["city"]].set_axis(["age"], axis=1)),
        "'age' expects numbers in 'age', but X has strings there. Turn them into numbers .or dates",
    ),
    (
        "numbers for strings",
        lambda: linear().fit(CLEAN[["city"]], Y).predict(CLEAN[["age"]].set_axis(["city"], axis=1)),
        "'city' expects strings in 'city', but X has numbers",
    ),
    (
        "strings in an array for numbers",
        lambda: fitted().predict(np.array([["a", 1.0, "b"]], object)),
        "X must hold numbers.*fitted on an array of 3.*'0', '2'",
    ),
    (
        "a frame with strings for an array of numbers",
        lambda: fitted().predict(FRAME),
        "X must hold numbers.*'city'",
    ),
    (
        "a frame of fewer numbers for an array",
        lambda: fitted().predict(FRAME[["age", "weight"]]),
        "X has 2 features, but LinearClassifier is expecting 3",
    ),
    ("before fit", lambda: linear().predict(X), "LinearClassifier.*not fitted yet", NotFittedError),
    (
        "row by row before fit",
        lambda: network().predict_proba(X, as_iterable=True),
        "DNNClassifier.*not fitted yet",
        NotFittedError,
    ),
    ("evaluate before fit", lambda: regressor().evaluate(X, R), "DNNRegressor", NotFittedError),
    (
        "variables before fit",
        lambda: combined().get_variable_names(),
        "DNNLinearCombinedClassifier",
        NotFittedError,
    ),
    (
        "an unknown variable",
        lambda: fitted().get_variable_value("linear/bias_wieght"),
        "no variable 'linear/bias_wieght'.*Did you mean 'linear/bias_weight'",
    ),
    (
        "partial_fit with fewer features",
        lambda: network().partial_fit(X, Y).partial_fit(X[:, :2], Y),
        "X has 2 features, but DNNClassifier is expecting 3",
    ),
    (
        "partial_fit with other columns",
        lambda: (
            network().partial_fit(CLEAN, Y).partial_fit(CLEAN.set_axis(["age", "cty"], axis=1), Y)
        ),
        "unseen at fit time: cty. Did you mean 'city'",
    ),
    (
        "partial_fit with more targets",
        lambda: regressor().partial_fit(X, R).partial_fit(X, np.stack([R, R], axis=1)),
        r"y must have 1 number\(s\) per row; it has the shape \(40, 2\)",
    ),
    (
        "evaluate without the weight column",
        lambda: linear(weight_column_name="weight").fit(FRAME, Y).evaluate(CLEAN, Y),
        "weight_column_name is 'weight', which X does not have",
    ),
)
def test_after_the_fit(action, words, error):
    check_refusal(action, words, error)


# --- forms of features that are good -------------------------------------------------------------


def test_tensors_of_every_kind_come_from_an_input_fn():
    tags = [["a", "b"], ["b"], [], ["a"]] * 10
    frame = {"age": R, "tags": tags}
    flat = [tag for row in tags for tag in row]
    at = [[i, j] for i, row in enumerate(tags) for j in range(len(row))]

    def as_sparse():
        return {"age": tf.constant(R), "tags": tf.SparseTensor(at, flat, [N, 2])}, tf.constant(Y)

    def as_ragged():
        return {"age": tf.constant(R), "tags": tf.ragged.constant(tags)}, tf.constant(Y)

    expected = linear().fit(frame, Y).predict_proba(frame)
    for input_fn in (as_sparse, as_ragged):
        model = linear().fit(input_fn=input_fn)
        np.testing.assert_allclose(model.predict_proba(frame), expected, atol=1e-6)
        found = model.predict_proba(input_fn=lambda bring=input_fn: bring()[0])
        np.testing.assert_allclose(found, expected, atol=1e-6)


def test_an_input_fn_may_bring_one_tensor_of_features():
    expected = fitted().predict_proba(X)
    matrix = tf.sparse.from_dense(X)
    for features in (tf.constant(X), matrix):
        np.testing.assert_allclose(
            fitted().predict_proba(input_fn=brings(features)), expected, atol=1e-6
        )
    sparse = linear().fit(input_fn=brings((matrix, Y)))
    expected = linear().fit(scipy.sparse.csr_array(X), Y).predict_proba(X)
    np.testing.assert_allclose(sparse.predict_proba(X), expected, atol=1e-6)


def test_a_ragged_tensor_alone_has_no_columns():
    ragged = tf.ragged.constant([[1.0, 2.0], [3.0]])
    check_refusal(
        lambda: linear().fit(input_fn=brings((ragged, [0, 1]))),
        "input_fn 'my_input'.*ragged tensor.*dict of tensors",
    )


def test_arrays_of_words_and_numbers_need_no_names():
    mixed = CLEAN.to_numpy(object)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        model = linear().fit(mixed, Y)
        found = model.predict_proba(mixed)
    np.testing.assert_allclose(found, fitted_on_frame().predict_proba(CLEAN), atol=1e-6)
    with pytest.warns(UserWarning, match="X does not have valid feature names") as caught:
        found = fitted_on_frame().predict_proba(mixed)
    assert len(caught) == 1
    np.testing.assert_allclose(found, fitted_on_frame().predict_proba(CLEAN), atol=1e-6)


# --- an error leaves everything as it was --------------------------------------------------------


class Fails(monitors.EveryN):
    """A monitor that raises in the midst of training."""

    def every_n_step_end(self, step, outputs):
        raise ZeroDivisionError("the monitor's own")


def assert_unchanged_by(model, action, words, error=ValueError):
    """Check that a failing action leaves attributes, checkpoints and predictions alone."""
    folder = model.model_dir
    before = dict(vars(model)), model.predict_proba(X), folder and checkpoint.checkpoints(folder)
    check_refusal(action, words, error)
    assert vars(model).keys() == before[0].keys()
    assert all(vars(model)[name] is value for name, value in before[0].items())
    np.testing.assert_array_equal(model.predict_proba(X), before[1])
    assert (folder and checkpoint.checkpoints(folder)) == before[2]


@pytest.mark.parametrize("method", ["fit", "partial_fit"])
def test_a_monitor_that_raises(method, tmp_path):
    model = network(model_dir=str(tmp_path)).fit(X, Y)

    def again():
        getattr(model, method)(X, Y, steps=20, monitors=[Fails(2, first_n_steps=0)])

    assert_unchanged_by(model, again, "the monitor's own", ZeroDivisionError)
    assert checkpoint.checkpoints(tmp_path) == [2]
    assert model.fit(X, Y, steps=3).get_variable_value("global_step") == 5  # as if nothing was


@pytest.mark.parametrize(
    ("rows", "targets", "error"),
    [
        (X[:, :2], np.full(N, np.nan), ValueError),  # other features, learned before it fails
        (FRAME, WORDS[:5], ValueError),
        (X, iter(Y), TypeError),
    ],
)
def test_a_second_fit_that_fails_keeps_the_first(rows, targets, error):
    model = network().fit(X, Y)
    assert_unchanged_by(model, lambda: model.fit(rows, targets), "", error)


def test_a_first_fit_that_fails_leaves_the_estimator_unfitted():
    model = network()
    names = set(vars(model))
    check_refusal(lambda: model.fit(with_value(np.inf), Y), "infinity")
    assert set(vars(model)) == names
    check_refusal(lambda: model.predict(X), "not fitted", NotFittedError)


@pytest.mark.parametrize("chunked", [True, False])
def test_a_loss_that_is_not_finite(chunked, tmp_path):
    model = network(model_dir=str(tmp_path)).fit(X, Y)
    model.set_params(optimizer="SGD", learning_rate=1e30)
    listeners = [] if chunked else [monitors.LoggingTrainer(1)]
    assert_unchanged_by(
        model,
        lambda: model.fit(X, Y, steps=30, monitors=listeners),
        r"The training loss became (nan|inf) at step \d+. Likely causes: the learning rate is too "
        "large.*gradient_clip_norm.*as it was before fit",
        NanLossDuringTrainingError,
    )


def test_no_checkpoint_is_written_of_weights_that_are_not_finite(tmp_path):
    config = learn.RunConfig(save_checkpoints_steps=1, keep_checkpoint_max=None)
    model = network(model_dir=str(tmp_path), config=config, optimizer="SGD", learning_rate=1e39)
    check_refusal(lambda: model.fit(X, Y, steps=30), "loss became", NanLossDuringTrainingError)
    assert checkpoint.checkpoints(tmp_path) == []


# --- model_dir -----------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A folder with the checkpoints of steps 2 and 4, and what they predict."""
    folder = tmp_path_factory.mktemp("trained")
    first = network(model_dir=str(folder)).fit(X, Y).predict_proba(X)
    second = network(model_dir=str(folder)).fit(X, Y).predict_proba(X)
    assert checkpoint.checkpoints(folder) == [2, 4]
    return folder, first, second


@pytest.fixture
def folder(trained, tmp_path):
    return Path(shutil.copytree(trained[0], tmp_path / "model"))


def damage(folder, *steps):
    for step in steps:
        arrays = folder / f"checkpoint-{step:08d}" / "arrays.npz"
        arrays.write_bytes(arrays.read_bytes()[:100])


def test_a_damaged_newest_checkpoint(folder, trained):
    damage(folder, 4)
    model = network(model_dir=str(folder))
    with pytest.warns(
        CheckpointWarning, match="damaged: checkpoint-00000004.*older checkpoint-.*2"
    ):
        found = model.predict_proba(X)
    np.testing.assert_array_equal(found, trained[1])
    with pytest.warns(CheckpointWarning, match="older checkpoint-00000002"):
        model = network(model_dir=str(folder)).fit(X, Y)
    np.testing.assert_array_equal(model.predict_proba(X), trained[2])


def test_no_checkpoint_that_is_intact(folder):
    damage(folder, 2, 4)
    for action in (
        lambda: network(model_dir=str(folder)).fit(X, Y),
        lambda: network(model_dir=str(folder)).predict(X),
    ):
        check_refusal(action, "all are damaged: checkpoint-00000004.*start afresh", CheckpointError)


@refusals(
    (
        "another estimator",
        lambda: linear(),
        "should hold checkpoints of LinearClassifier.*is of DNNClassifier. Choose another",
        CheckpointError,
    ),
    (
        "other layers",
        lambda: network((5,)),
        r"'dnn/hiddenlayer_0/weights' of shape \(3, 5\), but has shape \(3, 4\).*other columns or",
        CheckpointError,
    ),
    (
        "more layers",
        lambda: network((4, 4)),
        "should hold 'dnn/hiddenlayer_1/.*no such array",
        CheckpointError,
    ),
    (
        "declared columns where they were inferred",
        lambda: network(feature_columns=[learn.real_valued_column("", 3)]),
        "should be of the feature columns RealValued.*but is of Standardized",
        CheckpointError,
    ),
)
def test_a_checkpoint_of_another_model(folder, action, error, words):
    model = action().set_params(model_dir=str(folder))
    check_refusal(lambda: model.fit(X, Y, steps=2), words, error)
    check_refusal(lambda: model.predict(X), words, error)
    assert checkpoint.checkpoints(folder) == [2, 4]


def test_a_checkpoint_of_other_columns_of_the_same_shapes(tmp_path):
    height = learn.real_valued_column("height")
    frame = FRAME.assign(height=R)
    network(feature_columns=[AGE], model_dir=str(tmp_path)).fit(frame, Y)
    other = network(feature_columns=[height], model_dir=str(tmp_path))
    check_refusal(lambda: other.fit(frame, Y), "'height'.*but is of .*'age'", CheckpointError)


def test_a_checkpoint_of_other_features(folder):
    frame = pd.DataFrame(X, columns=["a", "b", "c"])
    for other in (frame, X[:, :2]):
        check_refusal(
            lambda other=other: network(model_dir=str(folder)).fit(other, Y),
            "features.*Pass the same features, or choose another model_dir",
            CheckpointError,
        )


def test_a_checkpoint_of_other_classes(folder):
    model = network(model_dir=str(folder))
    check_refusal(lambda: model.fit(X, Y + 1), "only the labels 0, 1; it holds 2")


def test_a_file_where_the_folder_should_be(tmp_path):
    path = tmp_path / "file"
    path.write_text("mine")
    for model_dir in (path, path / "inner"):
        check_refusal(
            lambda model_dir=model_dir: network(model_dir=model_dir).fit(X, Y),
            "model_dir should be a folder that can be written to.*file.*Choose another model_dir",
            CheckpointError,
        )
    assert path.read_text() == "mine"


@pytest.mark.skipif(
    not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write everywhere"
)
def test_a_folder_that_may_not_be_written(tmp_path):
    tmp_path.chmod(0o500)
    check_refusal(
        lambda: network(model_dir=tmp_path).fit(X, Y),
        "model_dir should be a folder that can be written to.*change its permissions",
        CheckpointError,
    )
