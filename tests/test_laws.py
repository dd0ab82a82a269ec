"""Laws that hold for every estimator: what must change nothing, changes nothing.

Where nothing but bookkeeping differs (chunks, resuming, program reuse, threads, copies), the bits
are the same. Where sums are taken in another order, the numbers agree closely.
"""

import copy
import pickle
import random
from concurrent.futures import ThreadPoolExecutor

import keras
import numpy as np
import pandas as pd
import pytest
import tensorflow as tf
from scipy import sparse
from sklearn.base import clone, is_classifier

import tflearnkit as learn
from tflearnkit import loop
from tflearnkit.estimators import schedule, trainee
from tflearnkit.monitors import EveryN, StopAtStep

N = 50  # not a multiple of the batch size: the last batch of an epoch is padded
STEPS = {"steps": 25, "batch_size": 16, "learning_rate": 0.05, "random_state": 0}
L2 = {"l2_regularization": 1e-3}  # the default of networks goes by the number of rows
# Between them: every kind of part, penalty and optimizer state, always at a constant rate.
STEPPED = {
    "linear classifier": learn.LinearClassifier(optimizer="Ftrl", **STEPS),
    "linear regressor": learn.LinearRegressor(optimizer="Adagrad", l1_regularization=1e-3, **STEPS),
    "network classifier": learn.DNNClassifier(
        hidden_units=(8, 4), optimizer="Adam", dropout=0.2, **L2, **STEPS
    ),
    "network regressor": learn.DNNRegressor(
        hidden_units=(8, 4), optimizer="Momentum", batch_norm=True, dropout=None, **L2, **STEPS
    ),
    "combined classifier": learn.DNNLinearCombinedClassifier(
        dnn_hidden_units=(8,), linear_optimizer="Ftrl", dnn_optimizer="RMSProp",
        enable_centered_bias=True, **L2, **STEPS
    ),
    "combined regressor": learn.DNNLinearCombinedRegressor(
        dnn_hidden_units=(8,), linear_optimizer="SGD", dnn_optimizer="Adadelta",
        gradient_clip_norm=1.0, **L2, **STEPS
    ),
    # of a penalty ``fit`` and ``partial_fit`` think differently, see test_svm.py
    "kernel machine": learn.SVM(
        kernel="rbf", n_components=20, loss="hinge", l2_regularization=0.0, optimizer="Adam",
        **STEPS
    ),
}  # fmt: skip
EXACT = {
    "exact classifier": learn.LinearClassifier(random_state=0),
    "exact regressor": learn.LinearRegressor(l2_regularization=1e-3, random_state=0),
    "exact machine": learn.SVM(l2_regularization=1.0, random_state=0),
}
CLUSTERING = {  # with few steps, after which there is more to learn
    "clusters by passes": learn.KMeansClustering(3, steps=1, random_state=0),
    "clusters by batches": learn.KMeansClustering(
        3, distance_metric="cosine", use_mini_batch=True, steps=2, batch_size=16, random_state=0
    ),
}
FEW_TREES = {"n_estimators": 8, "max_features": 0.5, "random_state": 0}
TREES = {
    "forest classifier": learn.RandomForestClassifier(**FEW_TREES),
    "forest regressor": learn.RandomForestRegressor(**FEW_TREES),
    "boosting classifier": learn.BoostedTreesClassifier(subsample=0.7, **FEW_TREES),
    "boosting regressor": learn.BoostedTreesRegressor(max_bins=None, **FEW_TREES),
}
EVERY = STEPPED | EXACT | CLUSTERING | TREES

_rng = np.random.default_rng(0)
# Quarters: sums and means of them are exact in any order.
ARRAY = (_rng.integers(-8, 9, (N, 4)) / 4).astype(np.float32)
CITIES = _rng.choice(["Oslo", "Rome", "Bern"], N)
FRAME = pd.DataFrame(ARRAY, columns=list("abcd")).assign(
    city=np.where(_rng.random(N) < 0.1, None, CITIES),
    gap=np.where(_rng.random(N) < 0.2, np.nan, ARRAY[:, 0]),
    size=pd.Categorical(_rng.choice(["s", "m"], N)),
)
TABLES = {"array": ARRAY, "frame": FRAME}
_score = ARRAY[:, 0] - ARRAY[:, 1] + (CITIES == "Rome") + 0.5 * _rng.normal(size=N)
LABELS = np.array(["low", "middle", "high"])[np.digitize(_score, [-0.5, 1.0])]
NUMBERS = 100 + 8 * _score.round(2)

every_estimator = pytest.mark.parametrize("estimator", EVERY.values(), ids=EVERY)
every_stepped = pytest.mark.parametrize("estimator", STEPPED.values(), ids=STEPPED)
every_table = pytest.mark.parametrize("X", TABLES.values(), ids=TABLES)


def target_of(estimator):
    return LABELS if is_classifier(estimator) else NUMBERS


def fitted(estimator, X=FRAME, sample_weight=None, **params):
    return clone(estimator).set_params(**params).fit(X, target_of(estimator), sample_weight)


def without_dropout(estimator):
    """Which units are dropped depends on the shape of a batch."""
    words = [name for name in estimator.get_params() if name.endswith("dropout")]
    return clone(estimator).set_params(**dict.fromkeys(words))


def arrays_of(model):
    return {name: np.array(model.get_variable_value(name)) for name in model.get_variable_names()}


def finest_of(model):
    """The method whose numbers tell most."""
    if not is_classifier(model):
        return "predict"
    return "predict_proba" if hasattr(model, "predict_proba") else "decision_function"


def outputs_of(model, X):
    names = ("predict", "predict_proba", "decision_function")
    return {name: getattr(model, name)(X) for name in names if hasattr(model, name)}


def assert_same_bits(one, other):
    assert one.keys() == other.keys()
    for name, value in one.items():
        np.testing.assert_array_equal(value, other[name], err_msg=name)


def assert_same_model(one, other, X=FRAME):
    """The same bits in every array, optimizer slots included, and in every prediction."""
    assert_same_bits(arrays_of(one), arrays_of(other))
    assert_same_bits(outputs_of(one, X), outputs_of(other, X))


def assert_alike(one, other, X=FRAME, Z=None, rtol=1e-4):
    """Predictions that differ by rounding only; ``Z`` is what ``X`` is to the other model."""
    name = finest_of(one)
    ours, theirs = getattr(one, name)(X), getattr(other, name)(X if Z is None else Z)
    np.testing.assert_allclose(ours, theirs, rtol=rtol, atol=rtol)


# The wide and the deep part alone


CITY = learn.sparse_column_with_keys("city", ["Oslo", "Rome"])
WIDE = [
    learn.real_valued_column("a"),
    CITY,
    learn.bucketized_column(learn.real_valued_column("b"), [-1.0, 0.0, 1.0]),
    learn.crossed_column([CITY, learn.sparse_column_with_keys("size", ["s", "m"])], 16),
]
DEEP = [
    learn.real_valued_column("a"),
    learn.real_valued_column("gap", default_value=0.0),
    learn.embedding_column(CITY, 3),
    learn.one_hot_column(learn.sparse_column_with_keys("size", ["s", "m"])),
]
SHARED = {"l2_regularization": 1e-3, "gradient_clip_norm": 2.0, **STEPS}


@pytest.mark.parametrize("optimizer", ["Ftrl", "Adam"])
@pytest.mark.parametrize(
    ("alone", "combined"),
    [
        (learn.LinearClassifier, learn.DNNLinearCombinedClassifier),
        (learn.LinearRegressor, learn.DNNLinearCombinedRegressor),
    ],
)
def test_combined_with_wide_columns_only_is_linear(alone, combined, optimizer):
    linear = fitted(alone(feature_columns=WIDE, optimizer=optimizer, **SHARED), FRAME)
    wide = combined(linear_feature_columns=WIDE, linear_optimizer=optimizer, **SHARED)
    assert_same_model(fitted(wide, FRAME), linear, FRAME)


@pytest.mark.parametrize("optimizer", ["Adagrad", None])
@pytest.mark.parametrize(
    ("alone", "combined"),
    [
        (learn.DNNClassifier, learn.DNNLinearCombinedClassifier),
        (learn.DNNRegressor, learn.DNNLinearCombinedRegressor),
    ],
)
def test_combined_with_deep_columns_only_is_a_network(alone, combined, optimizer):
    params = {"batch_norm": True, **SHARED}
    network = alone((6, 3), DEEP, optimizer=optimizer, dropout=0.3, activation_fn="elu", **params)
    deep = combined(
        dnn_feature_columns=DEEP, dnn_hidden_units=(6, 3), dnn_optimizer=optimizer,
        dnn_dropout=0.3, dnn_activation_fn="elu", **params,
    )  # fmt: skip
    assert_same_model(fitted(deep), fitted(network))


# Some steps and then more


@every_stepped
def test_steps_add_up_in_a_folder(estimator, tmp_path):
    whole = fitted(estimator, steps=25)
    fitted(estimator, steps=11, model_dir=tmp_path)
    resumed = fitted(estimator, steps=14, model_dir=tmp_path)
    assert_same_model(resumed, whole)


@every_stepped
def test_steps_add_up_in_partial_fit(estimator):
    """On full batches: each call of ``partial_fit`` begins a pass of its own."""
    y = target_of(estimator)
    whole = fitted(estimator, steps=25, batch_size=N)
    parts = fitted(estimator, steps=11, batch_size=N)
    parts.partial_fit(FRAME, y, steps=4).partial_fit(FRAME, y, steps=10)
    assert_same_model(parts, whole)


OPTIMIZERS = {
    **{name: name for name in ("SGD", "Adadelta", "AdamW", "Lion", "RMSProp", "Ftrl")},
    "Keras optimizer": keras.optimizers.Nadam(0.01),
    "Keras optimizer on a schedule": keras.optimizers.Adam(
        keras.optimizers.schedules.ExponentialDecay(0.1, 10, 0.5)
    ),
    "schedule": keras.optimizers.schedules.ExponentialDecay(0.1, 10, 0.5),
    "function": lambda: keras.optimizers.Adamax(0.02),
}


@pytest.mark.parametrize("optimizer", OPTIMIZERS.values(), ids=OPTIMIZERS)
def test_steps_add_up_under_every_optimizer(optimizer, tmp_path):
    network = learn.DNNRegressor((6,), optimizer=optimizer, batch_size=16, random_state=0)
    whole = fitted(network, steps=25)
    fitted(network, steps=11, model_dir=tmp_path)
    assert_same_model(fitted(network, steps=14, model_dir=tmp_path), whole)
    assert_same_model(fitted(network, steps=25), whole)  # nothing of a fit stays in a program


@every_stepped
def test_a_default_rate_goes_on_where_it_stood(estimator, tmp_path):
    word = {name: None for name in estimator.get_params() if name.endswith("optimizer")}
    default = clone(estimator).set_params(**word, steps=None)
    y = target_of(estimator)
    whole = clone(default).fit(FRAME, y, max_steps=25)
    part = clone(default).set_params(model_dir=tmp_path)
    part.fit(FRAME, y, max_steps=25, monitors=[StopAtStep(last_step=11)])
    assert_same_model(clone(part).fit(FRAME, y, max_steps=25), whole)


# How the steps are run


@every_stepped
@pytest.mark.parametrize(("xla_from", "sizes"), [(10**9, (1, 7)), (0, (1,))], ids=["plain", "xla"])
def test_the_size_of_chunks_changes_nothing(estimator, xla_from, sizes, monkeypatch):
    monkeypatch.setattr(schedule, "_XLA_FROM_STEPS", xla_from)
    one = fitted(estimator)
    for most_steps in sizes:
        monkeypatch.setattr(loop, "_MOST_STEPS", most_steps)
        other = fitted(estimator)
        assert_same_model(other, one)
        np.testing.assert_allclose(other.history_["loss"], one.history_["loss"], rtol=1e-6)
    watched = clone(estimator).fit(FRAME, target_of(estimator), monitors=[EveryN(1)])
    assert_same_model(watched, one)


@every_stepped
def test_xla_changes_no_more_than_rounding(estimator, monkeypatch):
    models = []
    for border in (0, 10**9):
        monkeypatch.setattr(schedule, "_XLA_FROM_STEPS", border)
        models.append(fitted(estimator))
    assert_alike(*models)


@every_stepped
def test_a_padded_batch_is_the_unpadded_one(estimator, monkeypatch):
    class Padding(trainee.TableFeeder):
        def __init__(self, encoded, targets, weights, batch_size, *args, **kwargs):
            super().__init__(encoded, targets, weights, batch_size + 13, *args, **kwargs)

    estimator = without_dropout(estimator).set_params(batch_size=N, steps=10)
    unpadded = fitted(estimator)
    monkeypatch.setattr(trainee, "TableFeeder", Padding)
    padded = fitted(estimator)
    assert_alike(padded, unpadded)
    np.testing.assert_allclose(padded.history_["loss"], unpadded.history_["loss"], rtol=1e-4)


@every_estimator
def test_same_seed_same_bits(estimator):
    once = fitted(estimator)
    fitted(estimator, random_state=1)  # another fit uses the same programs in between
    assert_same_model(fitted(estimator), once)


def test_programs_built_anew_learn_the_same():
    estimator = STEPPED["combined classifier"]
    once = fitted(estimator)
    learn.clear_programs()
    assert_same_model(fitted(estimator), once)


@every_stepped
def test_another_seed_other_weights(estimator):
    one, other = fitted(estimator, random_state=0), fitted(estimator, random_state=1)
    for name, weights in arrays_of(one).items():
        if name.endswith(("weight", "weights")):
            assert not np.array_equal(weights, arrays_of(other)[name]), name


@every_estimator
def test_threads_at_once_learn_what_they_learn_alone(estimator):
    seeds = (0, 1)
    alone = [fitted(estimator, random_state=seed) for seed in seeds]
    with ThreadPoolExecutor(2) as pool:
        together = list(pool.map(lambda seed: fitted(estimator, random_state=seed), seeds))
        predicted = list(pool.map(lambda model: outputs_of(model, FRAME), [*alone, *together]))
    for one, other in zip(alone, together, strict=True):
        assert_same_model(one, other)
    for one, other in zip(predicted[:2], predicted[2:], strict=True):
        assert_same_bits(one, other)


@every_estimator
def test_global_random_states_stay_untouched(estimator):
    def draws():
        return random.random(), np.random.random(), tf.random.uniform(()), keras.random.uniform(())

    keras.utils.set_random_seed(3)  # Python's, NumPy's, TensorFlow's and Keras'
    expected = draws()
    keras.utils.set_random_seed(3)
    outputs_of(fitted(estimator).partial_fit(FRAME, target_of(estimator)), FRAME)
    assert draws() == expected


@every_stepped
def test_global_random_states_decide_nothing(estimator):
    keras.utils.set_random_seed(1)
    one = fitted(estimator)
    keras.utils.set_random_seed(2)
    assert_same_model(fitted(estimator), one)


# Rows and weights


@every_estimator
@pytest.mark.parametrize(("X", "batch_size"), [(ARRAY, 16), (FRAME, N)], ids=["array", "frame"])
def test_a_row_of_weight_zero_is_no_row(estimator, X, batch_size):
    """Its city, its label and its numbers are not even seen."""
    counted = np.ones(N, bool)
    counted[[0, 7, N - 1]] = False
    X, y = copy.deepcopy(X), target_of(estimator).copy()
    if isinstance(X, pd.DataFrame):
        X.loc[~counted, "city"] = "Atlantis"
        X.loc[~counted, "a"] = 1000.0
    y[~counted] = "zero" if is_classifier(estimator) else 1e6
    bounded = {"batch_size": batch_size} if "batch_size" in estimator.get_params() else {}
    weighted = clone(estimator).set_params(**bounded).fit(X, y, sample_weight=counted * 1.0)
    without = clone(estimator).set_params(**bounded).fit(X[counted], y[counted])
    assert_same_model(weighted, without, X)


@every_estimator
@every_table
def test_only_the_ratios_of_weights_count(estimator, X):
    """But to a support vector machine weights are scikit-learn's: they multiply C."""
    weights, penalty = np.linspace(0.25, 2, N), {}
    if isinstance(estimator, learn.SVM):
        penalty = {"l2_regularization": 64 * estimator.l2_regularization}
    heavy = fitted(estimator, X, 64 * weights, **penalty)
    assert_alike(heavy, fitted(estimator, X, weights), X)


@pytest.mark.parametrize("estimator", (STEPPED | EXACT).values(), ids=STEPPED | EXACT)
def test_a_row_of_weight_two_is_two_rows(estimator):
    """In full batches, where it does not matter which batch a row falls into.

    Clusters begin at rows that are drawn; from the same centres the law holds for them too.
    """
    if estimator not in EXACT.values():
        estimator = without_dropout(estimator).set_params(batch_size=2 * N, steps=10)
    if getattr(estimator, "batch_norm", False):
        estimator.set_params(batch_norm=False)  # its moments are those of the rows as they are
    if getattr(estimator, "kernel", "linear") != "linear":
        estimator.set_params(kernel="linear")  # others compare with rows that are drawn
    counts = np.arange(N) % 3 + 1
    weighted = fitted(estimator, sample_weight=counts * 1.0)
    rows = np.repeat(np.arange(N), counts)
    twice = clone(estimator).fit(FRAME.iloc[rows], target_of(estimator)[rows])
    assert_alike(weighted, twice, rtol=1e-3)


@pytest.mark.parametrize("estimator", (STEPPED | TREES).values(), ids=STEPPED | TREES)
def test_a_weight_column_is_sample_weight(estimator):
    weights = np.linspace(0.25, 2, N)
    by_column = fitted(estimator, FRAME.assign(w=weights), weight_column_name="w")
    assert_same_model(by_column, fitted(estimator, sample_weight=weights))


def test_a_metric_sees_a_column_of_strings_as_an_array():
    def share(predictions, labels, weights):
        return np.mean(weights == "Rome")

    spec = learn.MetricSpec(share, "classes", weight_key="city")
    clf = learn.LinearClassifier().fit(FRAME, LABELS)
    found = clf.evaluate(FRAME, LABELS, metrics={"share": spec})["share"]
    assert found == pytest.approx(np.mean(FRAME["city"] == "Rome"))


# Tables


def columns_named(estimator, columns):
    words = [name for name in estimator.get_params() if name.endswith("feature_columns")]
    return dict.fromkeys(words, columns)


@every_estimator
def test_a_frame_is_an_array_under_explicit_columns(estimator):
    frame = pd.DataFrame(ARRAY, columns=list("abcd"))
    named = columns_named(estimator, [learn.real_valued_column(name) for name in "abcd"])
    unnamed = columns_named(estimator, [learn.real_valued_column("", dimension=4)])
    of_frame, of_array = fitted(estimator, frame, **named), fitted(estimator, ARRAY, **unnamed)
    assert_same_bits(outputs_of(of_frame, frame), outputs_of(of_array, ARRAY))


@every_estimator
def test_the_container_of_numbers_changes_little(estimator):
    of_array = fitted(estimator, ARRAY)
    frame = pd.DataFrame(ARRAY, columns=list("abcd"))
    assert_alike(of_array, fitted(estimator, frame), ARRAY, frame)
    for same in (ARRAY.astype(np.float64), np.asfortranarray(ARRAY), ARRAY.tolist()):
        assert_same_model(fitted(estimator, same), of_array, ARRAY)
        assert_same_bits(outputs_of(of_array, same), outputs_of(of_array, ARRAY))


@every_estimator
def test_kinds_of_sparse_matrices_are_one(estimator):
    kinds = (sparse.csr_array, sparse.csc_matrix, sparse.coo_array)
    models = [fitted(estimator, kind(ARRAY)) for kind in kinds]
    for model in models:
        assert_same_model(model, models[0], sparse.csr_array(ARRAY))


@every_estimator
def test_the_order_of_columns_changes_nothing(estimator):
    turned = FRAME[FRAME.columns[::-1]]
    one, other = fitted(estimator), fitted(estimator, turned)
    assert_same_bits(outputs_of(one, FRAME), outputs_of(other, turned))
    assert_same_bits(outputs_of(one, FRAME), outputs_of(one, turned))


@every_estimator
def test_kinds_of_frames_are_one(estimator):
    polars = pytest.importorskip("polars")
    as_dict = {name: FRAME[name].to_numpy() for name in FRAME}
    as_dict["size"] = as_dict["size"].astype(object)
    one = fitted(estimator)
    for same in (polars.from_pandas(FRAME), as_dict):
        assert_same_bits(outputs_of(one, same), outputs_of(one, FRAME))
        assert_same_bits(outputs_of(fitted(estimator, same), same), outputs_of(one, FRAME))


@pytest.mark.parametrize(
    "name",
    [
        "network classifier",
        "combined classifier",
        "exact classifier",
        "forest classifier",
        "boosting classifier",
    ],
)
def test_names_of_labels_change_nothing(name):
    numbered = np.unique(LABELS, return_inverse=True)[1]
    one = fitted(EVERY[name])
    other = clone(EVERY[name]).fit(FRAME, numbered * 10 - 5)
    assert_same_bits(arrays_of(one), arrays_of(other))
    codes = np.searchsorted(one.classes_, one.predict(FRAME))
    np.testing.assert_array_equal(other.predict(FRAME), codes * 10 - 5)


@pytest.mark.parametrize(
    "name",
    [
        "linear regressor",
        "network regressor",
        "combined regressor",
        "exact regressor",
        "forest regressor",
        "boosting regressor",
    ],
)
def test_the_unit_of_the_target_changes_nothing(name):
    one = fitted(EVERY[name])
    other = clone(EVERY[name]).fit(FRAME, 1e6 * NUMBERS - 1e9)
    np.testing.assert_allclose(other.predict(FRAME), 1e6 * one.predict(FRAME) - 1e9, rtol=1e-4)


# Predictions


@every_estimator
@every_table
def test_predict_is_pure(estimator, X):
    """Repeated, reversed, row by row, in parts or blocks: the same bits for the same rows."""
    model = fitted(estimator, X)
    before, expected = arrays_of(model), outputs_of(model, X)

    def rows(part):
        return X.iloc[part] if isinstance(X, pd.DataFrame) else X[part]

    many = np.arange(700) % N
    for part in (slice(None), slice(None, None, -1), [0], [3, 5], slice(5, 38), many):
        found = outputs_of(model, rows(part))
        assert_same_bits(found, {name: values[part] for name, values in expected.items()})
    for batch_size in (1, 7, 16, 49, 1000):
        np.testing.assert_array_equal(model.predict(X, batch_size=batch_size), expected["predict"])
    one_by_one = list(model.predict(X, as_iterable=True))
    np.testing.assert_array_equal(one_by_one, expected["predict"])
    assert_same_bits(arrays_of(model), before)


@every_estimator
@every_table
def test_data_given_is_not_edited(estimator, X):
    X, y, weights = copy.deepcopy(X), target_of(estimator).copy(), np.linspace(0, 1, N)
    before = copy.deepcopy((X, y, weights))
    model = clone(estimator).fit(X, y, weights)
    outputs_of(model, X)
    model.evaluate(X, y, weights)
    pd.testing.assert_frame_equal(pd.DataFrame(X), pd.DataFrame(before[0]))
    for found, expected in zip((y, weights), before[1:], strict=True):
        np.testing.assert_array_equal(found, expected)


@every_estimator
@every_table
def test_a_pickle_is_the_estimator(estimator, X):
    model = fitted(estimator, X)
    twin = pickle.loads(pickle.dumps(model))
    assert_same_model(twin, model, X)
    assert twin.history_ == model.history_
    assert twin.evaluate(X, target_of(model)) == model.evaluate(X, target_of(model))


@every_estimator
def test_training_on_leaves_earlier_copies_alone(estimator):
    model = fitted(estimator)
    early, before = copy.copy(model), outputs_of(model, FRAME)
    kept = {name: model.get_variable_value(name) for name in model.get_variable_names()}
    values = copy.deepcopy(kept)
    model.partial_fit(FRAME, target_of(estimator), steps=5)
    assert_same_bits(kept, values)
    assert_same_bits(outputs_of(early, FRAME), before)
    name = finest_of(model)
    assert not np.array_equal(getattr(model, name)(FRAME), before[name])
