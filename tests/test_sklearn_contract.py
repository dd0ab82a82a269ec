"""The scikit-learn contract: its own checks, and what other wrappers of networks break on."""

import copy
import pickle
import warnings
from io import BytesIO

import joblib
import keras
import numpy as np
import pandas as pd
import pytest
import sklearn
from sklearn.base import BaseEstimator, clone, is_classifier, is_regressor
from sklearn.calibration import CalibratedClassifierCV
from sklearn.callback import ProgressBar, ScoringMonitor
from sklearn.compose import ColumnTransformer, TransformedTargetRegressor
from sklearn.datasets import load_diabetes, load_iris, make_multilabel_classification
from sklearn.ensemble import (
    AdaBoostClassifier,
    AdaBoostRegressor,
    BaggingClassifier,
    BaggingRegressor,
    StackingClassifier,
    StackingRegressor,
    VotingClassifier,
    VotingRegressor,
)
from sklearn.exceptions import UnsetMetadataPassedError
from sklearn.feature_selection import RFE, SelectFromModel
from sklearn.inspection import partial_dependence, permutation_importance
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import accuracy_score, log_loss
from sklearn.model_selection import (
    GridSearchCV,
    StratifiedKFold,
    TunedThresholdClassifierCV,
    check_cv,
    cross_val_predict,
    cross_val_score,
    learning_curve,
)
from sklearn.multiclass import OneVsRestClassifier
from sklearn.multioutput import ClassifierChain, MultiOutputClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler
from sklearn.utils import compute_sample_weight
from sklearn.utils.estimator_checks import parametrize_with_checks

import tflearnkit as learn
from tflearnkit.errors import ConvergenceWarning, NanLossDuringTrainingError, NotFittedError

# Small networks and few steps: what is tested is the contract, not the quality.
FAST = {"steps": 150, "learning_rate": 0.02, "random_state": 0}
CLASSIFIERS = [
    learn.LinearClassifier(),
    learn.DNNClassifier(hidden_units=(8,), **FAST),
    learn.DNNLinearCombinedClassifier(dnn_hidden_units=(8,), **FAST),
]
REGRESSORS = [
    learn.LinearRegressor(),
    learn.DNNRegressor(hidden_units=(8,), **FAST),
    learn.DNNLinearCombinedRegressor(dnn_hidden_units=(8,), **FAST),
]
SVM = learn.SVM()  # a classifier without probabilities
ESTIMATORS = [*CLASSIFIERS, *REGRESSORS, SVM]
CLUSTERERS = [learn.KMeansClustering(num_clusters=3, random_state=0)]
FEW = {"n_estimators": 10, "random_state": 0}
TREES = [
    learn.RandomForestClassifier(**FEW),
    learn.RandomForestRegressor(**FEW),
    learn.TensorForestEstimator(learn.ForestHParams(num_trees=10), random_state=0),
    learn.BoostedTreesClassifier(**FEW),
    learn.BoostedTreesRegressor(**FEW),
]

STOCHASTIC = (
    "A network sees mini-batches: rows that are repeated or removed fall into other batches than "
    "rows that are weighted, so that the fits differ, though by little."
)
EXPECTED_FAILURES = {
    type(estimator).__name__: {
        "check_sample_weight_equivalence_on_dense_data": STOCHASTIC,
        "check_sample_weight_equivalence_on_sparse_data": STOCHASTIC,
    }
    for estimator in ESTIMATORS
    if not isinstance(estimator, learn.LinearClassifier | learn.LinearRegressor | learn.SVM)
}
DRAWN = (
    "Centres begin at rows that are drawn: of rows that are repeated or removed others are than of "
    "rows that are weighted, and k-means ends where its start leads, as scikit-learn's does."
)
EXPECTED_FAILURES["KMeansClustering"] = {
    "check_sample_weight_equivalence_on_dense_data": DRAWN,
    "check_sample_weight_equivalence_on_sparse_data": DRAWN,
}
BAGGED = (
    "Each tree draws its rows: of rows that are repeated or removed others are drawn than of rows "
    "that are weighted. scikit-learn's forests and boosted trees differ so too."
)
for _trees in TREES:
    EXPECTED_FAILURES[type(_trees).__name__] = {
        "check_sample_weight_equivalence_on_dense_data": BAGGED,
        "check_sample_weight_equivalence_on_sparse_data": BAGGED,
    }
EXPECTED_FAILURES["RandomForestClassifier"]["check_class_weight_classifiers"] = (
    "A leaf whose rows are all of one class is of that class, whatever these weigh. The check sets "
    "min_weight_fraction_leaf, by which scikit-learn's own forest passes, where there is one."
)


def name_of(estimator):
    return type(estimator).__name__


every_estimator = pytest.mark.parametrize("estimator", ESTIMATORS, ids=name_of)
every_one = pytest.mark.parametrize("estimator", ESTIMATORS + CLUSTERERS, ids=name_of)
every_classifier = pytest.mark.parametrize("classifier", CLASSIFIERS, ids=name_of)
every_labeller = pytest.mark.parametrize("classifier", [*CLASSIFIERS, SVM], ids=name_of)
every_regressor = pytest.mark.parametrize("regressor", REGRESSORS, ids=name_of)
network = CLASSIFIERS[1]  # where one estimator stands for all
linear = CLASSIFIERS[0]  # where a test fits many times


@pytest.fixture(autouse=True)
def quiet():
    """No estimator may warn: neither of feature names nor of convergence."""
    with warnings.catch_warnings():
        warnings.simplefilter("error", UserWarning)
        yield


@pytest.fixture(scope="module")
def iris():
    return load_iris(return_X_y=True)


@pytest.fixture(scope="module")
def two_irises(iris):
    X, y = iris
    return X[50:], y[50:] - 1


@pytest.fixture(scope="module")
def diabetes():
    return load_diabetes(return_X_y=True)


@pytest.fixture(scope="module")
def people():
    """A frame of strings, categories, booleans and gaps, and a target that depends on them."""
    rng = np.random.default_rng(0)
    n = 240
    frame = pd.DataFrame(
        {
            "city": rng.choice(np.array(["Oslo", "Rome", None], object), n),
            "age": np.where(rng.random(n) < 0.1, np.nan, rng.normal(40, 10, n)),
            "size": pd.Categorical(rng.choice(["s", "m", "l"], n)),
            "member": rng.random(n) < 0.5,
        }
    )
    inside = (frame["city"] == "Rome") ^ (frame["member"] & (frame["size"] == "l"))
    y = np.where(inside, "in", "out")
    return frame, y


def data_for(estimator, iris, diabetes):
    return iris if is_classifier(estimator) else diabetes


def outputs_of(estimator, X):
    """Everything an estimator predicts."""
    names = ("predict", "predict_proba", "decision_function")
    return [getattr(estimator, name)(X) for name in names if hasattr(estimator, name)]


def assert_same(found, expected):
    for ours, theirs in zip(found, expected, strict=True):
        np.testing.assert_array_equal(ours, theirs)


# scikit-learn's own checks


@parametrize_with_checks(
    ESTIMATORS + CLUSTERERS + TREES,
    expected_failed_checks=lambda estimator: EXPECTED_FAILURES.get(name_of(estimator), {}),
    xfail_strict=True,
)
def test_scikit_learns_checks(estimator, check):
    with warnings.catch_warnings():
        warnings.simplefilter("default", UserWarning)
        warnings.simplefilter("error", ConvergenceWarning)
        check(estimator)


def test_every_public_estimator_is_checked():
    public = [getattr(learn, name) for name in learn.__all__]
    estimators = {c for c in public if isinstance(c, type) and issubclass(c, BaseEstimator)}
    # What these do is their users' functions' affair; they have tests of their own.
    of_users = {learn.BaseEstimator, learn.Estimator, learn.LogisticRegressor}
    checked = {type(estimator) for estimator in ESTIMATORS + CLUSTERERS + TREES}
    assert estimators - of_users == checked


# Parameters


def elu_twice(x):
    return keras.activations.elu(2 * x)


def unusual(estimator, n_features=4):
    """Return an estimator with no parameter at its default."""
    columns = [learn.real_valued_column("", dimension=n_features)]
    schedule = keras.optimizers.schedules.ExponentialDecay(0.1, 100, 0.9)
    values = {
        "hidden_units": [5, 3],
        "dnn_hidden_units": [5, 3],
        "feature_columns": columns,
        "linear_feature_columns": columns,
        "dnn_feature_columns": columns,
        "optimizer": keras.optimizers.Adam(0.01, clipnorm=3.0),
        "linear_optimizer": schedule,
        "dnn_optimizer": lambda: keras.optimizers.Lion(0.01),
        "activation_fn": elu_twice,
        "dnn_activation_fn": keras.activations.gelu,
        "dropout": 0.25,
        "dnn_dropout": 0.25,
        "gradient_clip_norm": 5.0,
        "enable_centered_bias": True,
        "config": learn.RunConfig(tf_random_seed=3),
        "model_dir": "a_folder",
        "n_classes": 3,
        "weight_column_name": "weight",
        "batch_norm": True,
        "l1_regularization": 1e-3,
        "l2_regularization": 1e-3,
        "class_weight": {0: 1.0, 1: 2.0, 2: 3.0},
        "learning_rate": 0.3,
        "steps": 7,
        "epochs": 3,
        "batch_size": 16,
        "early_stopping": True,
        "validation_fraction": 0.3,
        "n_iter_no_change": 4,
        "random_state": np.random.RandomState(3),
        "verbose": 1,
        "example_id_column": "name",
        "kernel": "rbf",
        "gamma": 0.3,
        "loss": "hinge",
        "C": 2.0,
        "num_loss_partitions": 2,
        "n_components": 40,
        "num_clusters": 5,
        "initial_clusters": np.ones((5, n_features)),
        "distance_metric": learn.KMeansClustering.COSINE_DISTANCE,
        "random_seed": 7,
        "use_mini_batch": True,
        "mini_batch_steps_per_iteration": 3,
        "kmeans_plus_plus_num_retries": 4,
        "relative_tolerance": 0.01,
        "n_init": 6,
    }
    known = {name: values[name] for name in estimator.get_params(deep=False)}
    defaults = type(estimator)().get_params(deep=False)
    assert all(known[name] is not defaults[name] for name in known)
    return type(estimator)(**known)


def described(value):
    """What makes two copies of a parameter the same."""
    if isinstance(value, keras.optimizers.Optimizer | keras.optimizers.schedules.ExponentialDecay):
        return type(value), value.get_config()
    if isinstance(value, np.random.RandomState):
        return value.get_state()[1].tolist()
    if isinstance(value, np.ndarray):
        return value.tolist()
    return value


@every_one
def test_clone_keeps_every_parameter(estimator):
    original = unusual(estimator)
    twin = clone(original)
    assert {name: described(value) for name, value in twin.get_params().items()} == {
        name: described(value) for name, value in original.get_params().items()
    }


@every_estimator
def test_fit_mutates_no_constructor_parameter(estimator, iris, diabetes):
    X, y = data_for(estimator, iris, diabetes)
    # What clashes in a fit on an array in memory is left out.
    fitted = unusual(estimator, X.shape[1]).set_params(
        model_dir=None, weight_column_name=None, learning_rate=None, epochs=None, verbose=0
    )
    if estimator is SVM:
        fitted.set_params(example_id_column=None, l2_regularization=None)
    before = fitted.get_params()
    descriptions = {name: copy.deepcopy(described(value)) for name, value in before.items()}
    fitted.fit(X, y)
    after = fitted.get_params()
    assert all(after[name] is before[name] for name in before)
    del descriptions["random_state"]  # a generator is there to be drawn from
    assert {name: described(after[name]) for name in descriptions} == descriptions
    optimizer = before.get("optimizer")
    assert optimizer is None or not optimizer.variables[2:]  # it has no slots: it was not used


@every_estimator
def test_a_keras_optimizer_serves_many_fits(estimator, iris, diabetes):
    X, y = data_for(estimator, iris, diabetes)
    word = "dnn_optimizer" if hasattr(estimator, "dnn_optimizer") else "optimizer"
    params = {word: keras.optimizers.Adam(0.02), "learning_rate": None, "steps": 20}
    given = clone(estimator).set_params(**params, random_state=0)
    first = given.fit(X, y).predict(X)
    np.testing.assert_array_equal(given.fit(X, y).predict(X), first)
    np.testing.assert_array_equal(clone(given).fit(X, y).predict(X), first)


def test_nested_parameters_reach_the_network(iris):
    pipeline = make_pipeline(StandardScaler(), clone(network))
    pipeline.set_params(dnnclassifier__hidden_units=(3,)).fit(*iris)
    weights = pipeline[-1].get_variable_value("dnn/hiddenlayer_0/weights")
    assert weights.shape == (4, 3)


def test_an_estimator_that_was_not_fitted_says_so(iris):
    for estimator in ESTIMATORS:
        with pytest.raises(NotFittedError, match="not fitted"):
            clone(estimator).predict(iris[0])


# What an estimator is


def test_kinds_are_seen():
    assert all(map(is_classifier, [*CLASSIFIERS, SVM]))
    assert all(map(is_regressor, REGRESSORS))


@every_labeller
def test_cv_3_is_stratified(classifier, iris):
    X, y = iris
    assert isinstance(check_cv(3, y, classifier=is_classifier(classifier)), StratifiedKFold)
    # Each fold of a plain KFold over sorted labels would hold a class never seen in training.
    assert cross_val_score(classifier, X, y, cv=3, error_score="raise").min() > 0.8


# Meta-estimators


def combined_with(classifier):
    both = [("ours", classifier), ("theirs", LogisticRegression(max_iter=500))]
    return {
        "voting": VotingClassifier(both, voting="soft"),
        "stacking": StackingClassifier([("ours", classifier)], LogisticRegression(), cv=3),
        "bagging": BaggingClassifier(classifier, n_estimators=3, random_state=0),
        "boosting": AdaBoostClassifier(classifier, n_estimators=3, random_state=0),
        "sigmoid": CalibratedClassifierCV(classifier, cv=2),
        "isotonic": CalibratedClassifierCV(classifier, cv=2, method="isotonic"),
        "temperature": CalibratedClassifierCV(classifier, cv=2, method="temperature"),
        "one-vs-rest": OneVsRestClassifier(classifier),
    }


@every_classifier
@pytest.mark.parametrize("name", combined_with(None))
def test_classifiers_serve_meta_estimators(classifier, name, iris):
    X, y = iris
    meta = combined_with(clone(classifier))[name].fit(X, y)
    assert meta.score(X, y) > 0.85
    probabilities = meta.predict_proba(X)
    np.testing.assert_allclose(probabilities.sum(axis=1), 1)
    assert log_loss(y, probabilities) < 0.8  # knowing nothing costs 1.1


@every_regressor
def test_regressors_serve_meta_estimators(regressor, diabetes):
    X, y = diabetes
    metas = [
        VotingRegressor([("ours", regressor)]),
        StackingRegressor([("ours", regressor)], cv=2),
        BaggingRegressor(regressor, n_estimators=2, random_state=0),
        AdaBoostRegressor(regressor, n_estimators=2, random_state=0),
        TransformedTargetRegressor(regressor, func=np.log, inverse_func=np.exp),
    ]
    for meta in metas:
        assert clone(meta).fit(X, y).score(X, y) > 0.35, meta


def test_a_threshold_is_tuned(two_irises):
    tuned = TunedThresholdClassifierCV(clone(linear), scoring="f1", cv=3).fit(*two_irises)
    assert tuned.score(*two_irises) > 0.9


def test_coefficients_serve_feature_selection(iris):
    X, y = iris
    assert SelectFromModel(clone(linear)).fit(X, y).get_support().any()
    eliminated = RFE(clone(linear), n_features_to_select=2).fit(X, y)
    assert eliminated.score(X, y) > 0.9


@every_classifier
@pytest.mark.parametrize("scoring", ["roc_auc", "neg_log_loss", "average_precision", "f1"])
def test_scoring_of_two_classes(classifier, scoring, two_irises):
    X, y = two_irises
    scores = cross_val_score(classifier, X, y, cv=2, scoring=scoring, error_score="raise")
    assert (scores > (-0.5 if scoring == "neg_log_loss" else 0.85)).all()


@every_classifier
@pytest.mark.parametrize("scoring", ["roc_auc_ovr", "roc_auc_ovo_weighted", "neg_log_loss"])
def test_scoring_of_three_classes(classifier, scoring, iris):
    X, y = iris
    scores = cross_val_score(classifier, X, y, cv=2, scoring=scoring, error_score="raise")
    assert (scores > (-0.5 if scoring == "neg_log_loss" else 0.9)).all()


@pytest.mark.parametrize("method", ["predict_proba", "predict_log_proba", "decision_function"])
def test_cross_val_predict_by_method(method, iris):
    X, y = iris
    found = cross_val_predict(clone(linear), X, y, cv=3, method=method)
    assert found.shape == (150, 3)
    assert (found.argmax(axis=1) == y).mean() > 0.9


def test_inspection_of_a_frame(people):
    X, y = people
    clf = learn.DNNLinearCombinedClassifier(dnn_hidden_units=(8,), **FAST).fit(X, y)
    importance = permutation_importance(clf, X, y, n_repeats=2, random_state=0).importances_mean
    assert importance.argmax() == 0  # the city
    X, y = X[["age"]].fillna(40.0), X["city"] == "Rome"
    dependence = partial_dependence(clone(linear).fit(X, y), X, ["age"], grid_resolution=5)
    assert dependence["average"].shape == (1, 5)


# Search


def test_grid_searches_in_processes_and_threads_find_what_one_finds(iris):
    optimizers = [keras.optimizers.Adam(0.02), "Ftrl"]
    grid = {"hidden_units": [(8,), (4, 4)], "optimizer": optimizers}
    network = learn.DNNClassifier(steps=100, random_state=0)

    def search(n_jobs):
        return GridSearchCV(network, grid, cv=2, scoring="neg_log_loss", n_jobs=n_jobs).fit(*iris)

    one, two, again = search(None), search(2), search(2)
    with joblib.parallel_config("threading"):
        threads = search(2)
    expected = one.cv_results_["mean_test_score"]
    assert len(set(expected)) == 4
    for other in (two, again, threads):
        np.testing.assert_allclose(other.cv_results_["mean_test_score"], expected, rtol=1e-4)
        assert_same(outputs_of(other, iris[0]), outputs_of(one, iris[0]))


def test_early_stopping_inside_a_searched_pipeline(iris):
    stopping = clone(network).set_params(steps=None, epochs=200, early_stopping=True)
    stopping.set_params(n_iter_no_change=3)
    pipeline = make_pipeline(StandardScaler(), stopping)
    search = GridSearchCV(pipeline, {"dnnclassifier__validation_fraction": [0.1, 0.3]}, cv=2)
    best = search.fit(*iris).best_estimator_[-1]
    assert search.best_score_ > 0.9
    assert best.history_["epoch"][-1] < 200
    assert np.isfinite(best.history_["val_loss"]).any()


def test_extreme_class_weights_are_solved_for_without_a_warning(two_irises):
    X, y = two_irises
    lopsided = clone(linear).set_params(class_weight={0: 1000, 1: 0.0001}).fit(X, y)
    assert (lopsided.predict(X) == 0).all()


def test_grid_search_over_strings_in_frames(people):
    X, y = people
    search = GridSearchCV(
        learn.DNNLinearCombinedClassifier(dnn_hidden_units=(8,), **FAST),
        {"l2_regularization": [0.0, 1e-3]},
        cv=3,
        error_score="raise",
    ).fit(X, y)
    assert search.best_score_ > 0.75
    assert set(search.predict(X)) == {"in", "out"}


def test_learning_curve_by_partial_fit(iris):
    _, _, scores = learning_curve(
        clone(network).set_params(batch_size=2),
        *iris,
        cv=2,
        train_sizes=[20, 75],
        shuffle=True,
        random_state=0,
        exploit_incremental_learning=True,
        error_score="raise",
    )
    assert scores[-1].mean() > scores[0].mean()


# Labels, weights and targets


@every_labeller
@pytest.mark.parametrize(
    "labels",
    [
        ["setosa", "versicolor", "virginica"],
        np.array(["a", "b", "c"], object),
        [-5, 7, 100],
        [0.0, 1.0, 2.0],
        pd.Categorical(["x", "y", "z"]),
    ],
    ids=["strings", "objects", "integers", "floats", "categories"],
)
def test_labels_of_any_kind_come_back(classifier, labels, iris):
    X, y = iris
    named = np.asarray(labels)[y]
    fitted = clone(classifier).fit(X, named)
    assert fitted.classes_.tolist() == list(labels)
    assert fitted.predict(X).dtype == named.dtype
    assert fitted.score(X, named) > 0.9


def test_two_labels_may_be_booleans(two_irises):
    X, y = two_irises
    predicted = clone(network).fit(X, y == 1).predict(X)
    assert predicted.dtype == bool
    assert (predicted == (y == 1)).mean() > 0.9


@every_labeller
def test_balanced_classes_are_sample_weights(classifier, iris):
    X, y = iris[0][30:], iris[1][30:]  # 20, 50 and 50 of a class
    balanced = clone(classifier).set_params(class_weight="balanced").fit(X, y)
    weights = compute_sample_weight("balanced", y)
    weighted = clone(classifier).fit(X, y, sample_weight=weights)
    assert_same(outputs_of(balanced, X), outputs_of(weighted, X))
    as_dict = {label: weights[y == label][0] for label in (0, 1, 2)}
    named = clone(classifier).set_params(class_weight=as_dict).fit(X, y)
    assert_same(outputs_of(named, X), outputs_of(weighted, X))
    plain = clone(classifier).fit(X, y)
    assert not np.array_equal(plain.decision_function(X), weighted.decision_function(X))


@every_labeller
def test_class_weights_and_sample_weights_multiply(classifier, two_irises):
    X, y = two_irises
    sample_weight = np.linspace(0.5, 1.5, len(y))
    both = clone(classifier).set_params(class_weight={0: 1, 1: 3}).fit(X, y, sample_weight)
    product = clone(classifier).fit(X, y, sample_weight * np.where(y == 1, 3, 1))
    assert_same(outputs_of(both, X), outputs_of(product, X))


@every_classifier
def test_multilabel_targets(classifier):
    X, Y = make_multilabel_classification(120, 6, n_classes=3, random_state=0)
    fitted = clone(classifier).fit(X, Y)
    assert fitted.predict(X).shape == fitted.predict_proba(X).shape == (120, 3)
    assert set(np.unique(fitted.predict(X))) == {0, 1}
    assert (fitted.predict(X) == Y).mean() > 0.75
    scores = cross_val_score(classifier, X, Y, cv=2, scoring="f1_micro", error_score="raise")
    assert scores.min() > 0.6
    chain = ClassifierChain(clone(linear)).fit(X, Y)
    columns = MultiOutputClassifier(clone(linear)).fit(X, Y)
    assert chain.predict(X).shape == columns.predict(X).shape == (120, 3)


@every_regressor
def test_several_targets(regressor, diabetes):
    X, y = diabetes
    Y = np.column_stack([y, -2 * y + 5])
    fitted = clone(regressor).fit(X, Y)
    assert fitted.predict(X).shape == Y.shape
    assert fitted.score(X, Y) > 0.4
    scores = cross_val_score(regressor, X, Y, cv=2, error_score="raise")
    assert scores.min() > 0.3


# partial_fit


@every_labeller
def test_partial_fit_learns_batch_by_batch(classifier, iris):
    X, y = iris
    order = np.random.default_rng(0).permutation(150)
    streamed = clone(classifier).set_params(learning_rate=0.05, random_state=0)
    for _ in range(20):
        for rows in np.array_split(order, 5):
            streamed.partial_fit(X[rows], y[rows], classes=[0, 1, 2])
    assert streamed.score(X, y) > 0.9
    assert streamed.n_iter_ == 100


@every_classifier
def test_partial_fit_needs_the_classes_that_the_first_batch_lacks(classifier, iris):
    X, y = iris
    first = clone(classifier).partial_fit(X[:60], y[:60])
    with pytest.raises(ValueError, match="holds 2"):
        first.partial_fit(X[60:], y[60:])
    told = clone(classifier).partial_fit(X[:60], y[:60], classes=[0, 1, 2])
    assert told.partial_fit(X[60:], y[60:]).predict_proba(X).shape == (150, 3)


@every_estimator
def test_partial_fit_goes_on_where_fit_ended(estimator, iris, diabetes):
    X, y = data_for(estimator, iris, diabetes)
    fitted = clone(estimator).set_params(steps=None, random_state=0).fit(X, y, steps=30)
    before = fitted.score(X, y)
    for _ in range(10):
        fitted.partial_fit(X, y, steps=20)
    assert fitted.n_iter_ == 230
    assert fitted.score(X, y) > before


# Frames and pipelines


@every_estimator
def test_frames_pass_through_pipelines(estimator, people):
    X, y = people
    y = y if is_classifier(estimator) else (y == "in").astype(float)
    scaled = ColumnTransformer(
        [("age", StandardScaler(), ["age"])],
        remainder="passthrough",
        verbose_feature_names_out=False,
    ).set_output(transform="pandas")
    pipeline = make_pipeline(scaled, clone(estimator)).fit(X, y)
    assert pipeline[-1].feature_names_in_.tolist() == ["age", "city", "size", "member"]
    assert pipeline.score(X, y) > (0.75 if is_classifier(estimator) else 0.2)
    np.testing.assert_array_equal(pipeline.predict(X), pipeline.predict(X[X.columns[::-1]]))


def test_sparse_output_of_a_transformer_is_taken(people):
    X, y = people
    pipeline = make_pipeline(OneHotEncoder(), clone(linear)).fit(X[["city", "size"]], y)
    assert pipeline.score(X[["city", "size"]], y) > 0.7


@every_estimator
def test_set_output_is_for_transformers(estimator):
    assert not hasattr(estimator, "set_output")
    with sklearn.config_context(transform_output="pandas"):
        X, y = load_iris(return_X_y=True)
        assert isinstance(clone(linear).fit(X, y).predict(X), np.ndarray)


# Metadata routing


def test_sample_weights_are_routed_through_pipeline_and_search(iris):
    X, y = iris
    weights = np.where(y == 2, 0.01, 1.0)
    with sklearn.config_context(enable_metadata_routing=True):
        asking = clone(network).set_fit_request(sample_weight=True)
        asking.set_score_request(sample_weight=True)
        pipeline = make_pipeline(StandardScaler().set_fit_request(sample_weight=False), asking)
        search = GridSearchCV(pipeline, {"dnnclassifier__steps": [5, 60]}, cv=2)
        search.fit(X, y, sample_weight=weights)
        found = search.score(X, y, sample_weight=weights)
        assert found == accuracy_score(y, search.predict(X), sample_weight=weights)
        assert found > accuracy_score(y, search.predict(X))
    direct = clone(network).set_params(steps=search.best_params_["dnnclassifier__steps"])
    scaled = StandardScaler().fit_transform(X)
    direct.fit(scaled, y, sample_weight=weights)
    np.testing.assert_array_equal(direct.predict_proba(scaled), search.predict_proba(X))


@every_one
def test_requests_are_of_the_method_they_name(estimator):
    with sklearn.config_context(enable_metadata_routing=True):
        asking = clone(estimator).set_fit_request(sample_weight=True)
        requests = asking.get_metadata_routing()
        assert requests.fit.requests["sample_weight"] is True
        assert requests.score.requests["sample_weight"] is None
        assert requests.partial_fit.requests["sample_weight"] is None
        assert clone(asking).get_metadata_routing().fit.requests["sample_weight"] is True


def test_weights_that_nobody_asked_for_are_refused(iris):
    with sklearn.config_context(enable_metadata_routing=True):
        search = GridSearchCV(clone(linear), {"l2_regularization": [1e-3]})
        with pytest.raises(UnsetMetadataPassedError, match="sample_weight"):
            search.fit(*iris, sample_weight=np.ones(150))


# Copies


def by_joblib(estimator):
    file = BytesIO()
    joblib.dump(estimator, file)
    file.seek(0)
    return joblib.load(file)


COPIES = {
    "pickle": lambda estimator: pickle.loads(pickle.dumps(estimator)),
    "joblib": by_joblib,
    "deepcopy": copy.deepcopy,
}


@every_one
@pytest.mark.parametrize("how", COPIES)
def test_copies_predict_the_same_and_go_on_the_same(estimator, how, iris, diabetes):
    X, y = data_for(estimator, iris, diabetes)
    fitted = clone(estimator).set_params(random_state=0).fit(X, y)
    twin = COPIES[how](fitted)
    assert_same(outputs_of(twin, X), outputs_of(fitted, X))
    twin.partial_fit(X, y)
    fitted.partial_fit(X, y)
    assert_same(outputs_of(twin, X), outputs_of(fitted, X))


def test_an_estimator_with_a_keras_optimizer_is_pickled(iris):
    fitted = clone(network).set_params(optimizer=keras.optimizers.Adam(0.02), learning_rate=None)
    fitted.fit(*iris)
    twin = pickle.loads(pickle.dumps(fitted))
    assert_same(outputs_of(twin, iris[0]), outputs_of(fitted, iris[0]))
    assert_same(outputs_of(twin.fit(*iris), iris[0]), outputs_of(fitted, iris[0]))


def test_a_pickle_is_about_as_large_as_the_weights(iris):
    fitted = clone(network).set_params(hidden_units=(200, 100)).fit(*iris)
    names = fitted.get_variable_names()
    n_bytes = sum(np.asarray(fitted.get_variable_value(name)).nbytes for name in names)
    assert len(pickle.dumps(fitted)) < n_bytes + 20_000


# Representations


@every_estimator
def test_html_shows_parameters_and_what_was_fitted(estimator, iris, diabetes):
    X, y = data_for(estimator, iris, diabetes)
    for shown in (clone(estimator), clone(estimator).fit(X, y)):
        html = shown._repr_html_()
        assert name_of(estimator) in html
        assert "batch_size" in html
    assert "n_features_in_" in html
    assert name_of(estimator) in repr(make_pipeline(StandardScaler(), shown))


# Callbacks


class Listener:
    """Counts what it hears, and asks to stop after some epochs."""

    def __init__(self, epochs=10**6):
        self.epochs = epochs
        self.begun, self.ended, self.set_up, self.torn_down = [], [], 0, 0

    def setup(self, estimator, context):
        self.set_up += 1

    def teardown(self, estimator, context):
        self.torn_down += 1

    def on_fit_task_begin(self, estimator, context):
        self.begun.append(context.task_name)

    def on_fit_task_end(self, estimator, context):
        self.ended.append(context.task_name)
        return self.ended.count("epoch") >= self.epochs


NETWORKS = CLASSIFIERS[1:] + REGRESSORS[1:]


@pytest.mark.parametrize("estimator", NETWORKS, ids=name_of)
def test_callbacks_hear_every_epoch_and_may_stop(estimator, iris, diabetes):
    X, y = data_for(estimator, iris, diabetes)
    listener = Listener(epochs=3)
    fitted = clone(estimator).set_params(steps=None, epochs=10).set_callbacks(listener).fit(X, y)
    assert listener.ended == ["epoch"] * 3 + ["fit"]
    assert listener.begun == ["fit"] + ["epoch"] * 3
    assert (listener.set_up, listener.torn_down) == (1, 1)
    assert fitted.history_["epoch"] == [1, 2, 3]


@pytest.mark.parametrize("steps", [1, 7, 10])
def test_callbacks_hear_the_end_of_an_unfinished_epoch(steps, iris):
    listener = Listener()
    clone(network).set_params(steps=steps, batch_size=30).set_callbacks(listener).fit(*iris)
    assert listener.begun.count("epoch") == listener.ended.count("epoch") == -(-steps // 5)


def test_callbacks_do_not_change_what_is_learned(iris):
    heard = clone(network).set_callbacks(Listener()).fit(*iris)
    alone = clone(network).fit(*iris)
    assert_same(outputs_of(heard, iris[0]), outputs_of(alone, iris[0]))


def test_callbacks_are_torn_down_when_a_fit_fails(iris):
    listener = Listener()
    diverging = clone(network).set_params(optimizer="SGD", learning_rate=1e30)
    diverging.set_callbacks(listener)
    with pytest.raises(NanLossDuringTrainingError):
        diverging.fit(*iris)
    with pytest.raises(ValueError, match="inconsistent numbers of samples"):
        diverging.fit(iris[0], iris[1][1:])
    assert (listener.set_up, listener.torn_down) == (2, 2)
    assert set(vars(diverging)) == {*diverging.get_params(), "_skl_callbacks"}


@every_estimator
def test_a_scoring_monitor_scores_the_weights_of_each_epoch(estimator, iris, diabetes):
    X, y = data_for(estimator, iris, diabetes)
    weights = np.linspace(0.5, 1.5, len(y))
    scoring = "accuracy" if is_classifier(estimator) else "r2"
    monitor = ScoringMonitor(scoring=scoring)
    fitted = clone(estimator).set_callbacks(monitor)
    epochs = 4 if estimator in NETWORKS else 0  # the optimum is solved for
    if epochs:
        fitted.set_params(steps=None, epochs=epochs)
    fitted.fit(X, y, sample_weight=weights)
    logs = monitor.get_logs().data
    assert [row["task_name"] for row in logs] == ["fit"] + ["epoch"] * epochs
    assert logs[0][scoring] == fitted.score(X, y, sample_weight=weights)
    if epochs:
        assert logs[-1][scoring] == logs[0][scoring]
        assert len({row[scoring] for row in logs[1:]}) > 1


def test_a_scoring_monitor_inside_a_search(iris):
    monitor = ScoringMonitor(scoring="neg_log_loss")
    heard = clone(network).set_params(steps=None, epochs=3).set_callbacks(monitor)
    pipeline = make_pipeline(StandardScaler(), heard)
    GridSearchCV(pipeline, {"dnnclassifier__dropout": [None, 0.1]}, cv=2).fit(*iris)
    rows = pd.DataFrame(monitor.get_logs().data)
    assert (rows["task_name"] == "epoch").sum() == 3 * (2 * 2 + 1)


def test_a_progress_bar_of_a_search_reaches_the_epochs(iris, capsys):
    pytest.importorskip("rich")
    steps = make_pipeline(StandardScaler(), clone(network).set_params(steps=None, epochs=2))
    search = GridSearchCV(steps, {"dnnclassifier__dropout": [None, 0.1]}, cv=2)
    search.set_callbacks(ProgressBar(max_propagation_depth=None)).fit(*iris)
    shown = capsys.readouterr().out
    assert "GridSearchCV - fit" in shown
    assert "DNNClassifier - fit" in shown


def test_a_stream_is_not_given_away_to_callbacks(iris):
    X, y = iris
    batches = ((X[rows], y[rows]) for rows in np.array_split(np.arange(150), 10))
    monitor = ScoringMonitor(scoring="accuracy")
    fitted = clone(network).set_params(n_classes=3, steps=None).set_callbacks(monitor)
    fitted.fit(batches)
    assert fitted.n_iter_ > 1
