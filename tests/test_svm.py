"""Support vector machines: scikit-learn's optimum, TF.Learn's words, kernels by landmarks."""

import pickle
import warnings
from functools import partial

import numpy as np
import pandas as pd
import pytest
import tensorflow as tf
from scipy import sparse
from scipy.optimize import linprog
from sklearn.base import clone
from sklearn.calibration import CalibratedClassifierCV
from sklearn.datasets import load_breast_cancer, load_digits, load_iris, make_moons
from sklearn.exceptions import ConvergenceWarning, NotFittedError
from sklearn.kernel_approximation import Nystroem
from sklearn.metrics import roc_auc_score
from sklearn.metrics.pairwise import laplacian_kernel, rbf_kernel
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC, LinearSVC
from sklearn.utils.estimator_checks import parametrize_with_checks

import tflearnkit as learn
from tflearnkit.engines import newton
from tflearnkit.engines.hinge import solve
from tflearnkit.estimators import kernel_model
from tflearnkit.tasks import HingeTask

LOSSES = ["squared_hinge", "hinge"]
every_loss = pytest.mark.parametrize("loss", LOSSES)


@pytest.fixture(scope="module")
def cancer():
    X, y = load_breast_cancer(return_X_y=True)
    return StandardScaler().fit_transform(X), y


@pytest.fixture(scope="module")
def iris():
    return load_iris(return_X_y=True)


@pytest.fixture(scope="module")
def moons():
    return make_moons(300, noise=0.15, random_state=0)


@pytest.fixture(scope="module")
def people():
    """Strings, numbers with gaps and categories, and labels that depend on them."""
    rng = np.random.default_rng(0)
    n = 300
    frame = pd.DataFrame(
        {
            "city": rng.choice(["Oslo", "Rome", "Bern"], n),
            "age": np.where(rng.random(n) < 0.1, np.nan, rng.normal(40, 10, n)),
            "size": pd.Categorical(rng.choice(["s", "m"], n)),
        }
    )
    score = (frame["city"] == "Rome") + (frame["size"] == "m") + frame["age"].fillna(40) / 20 - 3
    return frame, np.where(score + 0.2 * rng.normal(size=n) > 0, "in", "out")


def as_they_are(X):
    """The columns that take numbers as they are, as LinearSVC does."""
    return learn.infer_real_valued_columns_from_input(X)


def exact_peer(loss="squared_hinge", **params):
    return LinearSVC(loss=loss, tol=1e-9, max_iter=200_000, **params)


def objective(model, X, y, loss, C=1.0, l1=0.0, weights=1.0):
    """What all classes of a linear model cost, in scikit-learn's units."""
    classes = model.classes_[1:] if len(model.classes_) == 2 else model.classes_
    total = 0.0
    for label, w, b in zip(classes, model.coef_, model.intercept_, strict=True):
        lacking = np.maximum(1 - np.where(y == label, 1, -1) * (X @ w + b), 0)
        losses = lacking if loss == "hinge" else lacking**2
        total += C * (weights * losses).sum() + 0.5 * (w @ w + b * b)
        total += C * l1 * (np.abs(w).sum() + abs(b))
    return total


# The optimum of scikit-learn


@every_loss
@pytest.mark.parametrize("C", [0.01, 1.0])
def test_two_classes_are_linear_svcs(loss, C, cancer):
    X, y = cancer
    ours = learn.SVM(as_they_are(X), loss=loss, C=C).fit(X, y)
    theirs = exact_peer(loss, C=C).fit(X, y)
    found, best = (objective(model, X, y, loss, C) for model in (ours, theirs))
    assert found == pytest.approx(best, rel=1e-6)
    np.testing.assert_allclose(ours.coef_, theirs.coef_, atol=2e-3)
    np.testing.assert_allclose(ours.intercept_, theirs.intercept_, atol=2e-3)
    assert (ours.predict(X) == theirs.predict(X)).all()
    scores = ours.decision_function(X)
    np.testing.assert_allclose(scores, theirs.decision_function(X), atol=0.01)


@every_loss
def test_three_classes_are_linear_svcs(loss, iris):
    X, y = iris
    ours = learn.SVM(as_they_are(X), loss=loss).fit(X, y)
    theirs = exact_peer(loss).fit(X, y)
    assert ours.coef_.shape == (3, 4)
    assert ours.decision_function(X).shape == (150, 3)
    assert objective(ours, X, y, loss) <= objective(theirs, X, y, loss) * (1 + 1e-6)
    assert (ours.predict(X) == theirs.predict(X)).mean() > 0.98


@every_loss
def test_weights_of_rows_and_classes_are_linear_svcs(loss, cancer):
    X, y = cancer
    weights = np.random.default_rng(0).random(len(y))
    by_class = {0: 3.0, 1: 0.5}
    ours = learn.SVM(as_they_are(X), loss=loss, class_weight=by_class).fit(X, y, weights)
    theirs = exact_peer(loss, class_weight=by_class).fit(X, y, weights)
    weights = weights * np.where(y == 0, 3.0, 0.5)
    found, best = (objective(model, X, y, loss, weights=weights) for model in (ours, theirs))
    assert found == pytest.approx(best, rel=1e-6)


def test_an_l1_penalty_is_linear_svcs(cancer):
    X, y = cancer
    ours = learn.SVM(as_they_are(X), l1_regularization=5.0, l2_regularization=0.0).fit(X, y)
    theirs = exact_peer(penalty="l1", dual=False, C=1 / 5).fit(X, y)
    np.testing.assert_allclose(ours.coef_, theirs.coef_, atol=1e-4)
    assert ((ours.coef_ == 0) == (theirs.coef_ == 0)).all()
    assert 5 < (ours.coef_ == 0).sum() < 30


def test_both_penalties_at_once_satisfy_the_conditions_of_an_optimum(cancer):
    X, y = cancer
    l1, l2 = 4.0, 2.0
    model = learn.SVM(as_they_are(X), l1_regularization=l1, l2_regularization=l2).fit(X, y)
    w = np.append(model.coef_[0], model.intercept_)
    rows = (2 * y - 1)[:, None] * np.column_stack([X, np.ones(len(X))])
    slope = -2 * rows.T @ np.maximum(1 - rows @ w, 0) + l2 * w
    np.testing.assert_allclose(slope[w != 0], -l1 * np.sign(w[w != 0]), atol=1e-3)
    assert (np.abs(slope[w == 0]) < l1 * (1 + 1e-6)).all()
    assert 5 < (w == 0).sum() < 25


def test_a_hinge_under_an_l1_penalty_is_a_linear_program(cancer):
    X, y = cancer[0][:100, :8], cancer[1][:100]
    model = learn.SVM(as_they_are(X), loss="hinge", l1_regularization=3.0, l2_regularization=0.0)
    model.fit(X, y)
    rows = (2 * y - 1)[:, None] * np.column_stack([X, np.ones(100)])
    cost = np.concatenate([np.full(18, 3.0), np.ones(100)])  # w+, w-, what rows lack
    program = linprog(cost, A_ub=-np.hstack([rows, -rows, np.eye(100)]), b_ub=-np.ones(100))
    w = np.append(model.coef_[0], model.intercept_)
    found = np.maximum(1 - rows @ w, 0).sum() + 3 * np.abs(w).sum()
    assert found == pytest.approx(program.fun, rel=1e-6)
    expected = program.x[:9] - program.x[9:18]
    np.testing.assert_allclose(w, expected, atol=1e-5)
    assert ((w == 0) == (expected == 0)).all()


@every_loss
def test_inferred_numbers_are_standardised(loss):
    X, y = load_breast_cancer(return_X_y=True)
    ours = learn.SVM(loss=loss).fit(X, y)
    theirs = make_pipeline(StandardScaler(), exact_peer(loss)).fit(X, y)
    np.testing.assert_allclose(
        ours.decision_function(X), theirs.decision_function(X), atol=0.02, rtol=1e-2
    )
    by_hand = X @ ours.coef_[0] + ours.intercept_  # coefficients are in the columns' own units
    np.testing.assert_allclose(by_hand, ours.decision_function(X), atol=2e-3)


@every_loss
def test_sparse_rows_of_many_columns_are_linear_svcs(loss):
    rng = np.random.default_rng(0)
    X = sparse.random(400, 3000, 0.01, format="csr", random_state=rng)
    y = (X @ rng.normal(size=3000) > 0).astype(int)
    ours = learn.SVM(loss=loss).fit(X, y)
    theirs = exact_peer(loss).fit(X, y)
    found, best = (objective(model, X, y, loss) for model in (ours, theirs))
    assert found == pytest.approx(best, rel=1e-4)
    assert ours.coef_.shape == (1, 3000)


def test_large_designs_start_from_a_part_of_the_rows():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(22_000, 5)).astype(np.float32)
    y = (X[:, 0] + rng.normal(size=len(X)) > 0).astype(int)
    ours = learn.SVM(as_they_are(X), loss="hinge").fit(X, y)
    theirs = LinearSVC(loss="hinge", max_iter=300, random_state=0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        theirs.fit(X, y)
    assert objective(ours, X, y, "hinge") <= objective(theirs, X, y, "hinge") * (1 + 1e-8)


@every_loss
def test_classes_that_nothing_holds_together_are_told_apart(loss, iris):
    X, y = iris[0][:100], iris[1][:100]
    model = learn.SVM(as_they_are(X), loss=loss, l2_regularization=0.0).fit(X, y)
    assert model.evaluate(X, y)["loss"] < 1e-6
    wide = learn.SVM(loss=loss, C=1e6).fit(X, y)  # nearly the hardest margin
    assert np.abs(wide.decision_function(X)).min() == pytest.approx(1, abs=1e-2)


@pytest.fixture(scope="module")
def wide():
    X = sparse.random(300, 3000, 0.02, format="csr", random_state=0)
    return X, (np.ravel(X[:, :1000].sum(axis=1)) > 10).astype(int)


def test_an_l1_penalty_over_many_columns_is_linear_svcs(wide):
    X, y = wide
    ours = learn.SVM(l1_regularization=0.5, l2_regularization=0.0).fit(X, y)
    theirs = exact_peer(penalty="l1", dual=False, C=2.0).fit(X, y)
    found, best = (
        np.abs(model.coef_).sum()
        + np.abs(model.intercept_).sum()
        + 2 * (np.maximum(1 - (2 * y - 1) * model.decision_function(X), 0) ** 2).sum()
        for model in (ours, theirs)
    )
    assert found == pytest.approx(best, rel=1e-5)
    assert (ours.coef_ == 0).mean() > 0.5
    assert not ours.history_["loss"]


def test_plain_hinges_under_an_l1_penalty_over_many_columns_take_steps(wide):
    model = learn.SVM(loss="hinge", l1_regularization=0.1, random_state=0).fit(*wide)
    assert len(model.history_["loss"]) > 1
    assert model.score(*wide) > 0.9


def test_liblinear_that_stops_early_is_warned_of(monkeypatch):
    rng = np.random.default_rng(0)
    ids = (rng.integers(0, 50, (300, 3)) + [0, 50, 100]).astype(np.int32)
    signs = rng.choice([-1.0, 1.0], (300, 1))
    monkeypatch.setattr(newton, "HESSIAN_SIZE", 10)
    nothing = np.empty((300, 0), np.float32)
    with pytest.warns(ConvergenceWarning, match="liblinear .* 1000 passes"):
        solve(nothing, ids, None, 150, signs, np.ones(300), squared=False, l1=0.0, l2=1e-5)


# TF.Learn's tests, exactly and by steps


BY_STEPS_OR_EXACTLY = pytest.mark.parametrize("how", [{"steps": 30}, {}], ids=["steps", "exact"])
F1, F2 = learn.real_valued_column("feature1"), learn.real_valued_column("feature2")
PRICE = learn.real_valued_column("price")
COUNTRY = learn.sparse_column_with_hash_bucket("country", hash_bucket_size=5)


def three_rows(labels=(1, 0, 1), **features):
    def input_fn():
        ids = {"example_id": tf.constant(["1", "2", "3"])}
        return ids | features, tf.constant(np.reshape(labels, (-1, 1)))

    return input_fn


def old_svm(columns, l1, l2, how, **params):
    """A step of TF.Learn's solver did more than one of any optimizer; rates are high instead."""
    by = {"optimizer": "Adam", "learning_rate": 0.2} if how else {}
    return learn.SVM(
        feature_columns=columns, example_id_column="example_id", l1_regularization=l1,
        l2_regularization=l2, loss="hinge", random_state=0, **by, **params,
    )  # fmt: skip


def old_report(columns, l1, l2, how, input_fn, **params):
    model = old_svm(columns, l1, l2, how, **params).fit(input_fn=input_fn, **how)
    return model.evaluate(input_fn=input_fn, steps=1)


WORDS = tf.SparseTensor([[0, 0], [1, 0], [2, 0]], ["IT", "US", "GB"], [3, 1])
PLAIN = three_rows(feature1=tf.constant([0.5, 1.0, 1.0]), feature2=tf.constant([1.0, -1.0, 0.5]))


@BY_STEPS_OR_EXACTLY
def test_columns_without_penalties(how):  # SVM-01
    numbers = {"feature1": [[0.0], [1.0], [3.0]], "feature2": [[1.0], [-1.2], [1.0]]}
    found = old_report([F1, F2], 0.0, 0.0, how, three_rows(**numbers))
    assert found["loss"] == pytest.approx(0, abs=5e-4)
    assert found["accuracy"] == 1


@BY_STEPS_OR_EXACTLY
def test_an_l2_penalty_of_one(how):  # SVM-02
    found = old_report([F1, F2], 0.0, 1.0, how, PLAIN)
    assert found["loss"] < 0.1
    assert found["accuracy"] == 1


@BY_STEPS_OR_EXACTLY
def test_a_column_of_two_numbers(how):  # SVM-03
    input_fn = three_rows(both=[[0.5, 1.0], [1.0, -1.0], [1.0, 0.5]])
    found = old_report([learn.real_valued_column("both", dimension=2)], 0.0, 1.0, how, input_fn)
    assert found["loss"] < 0.1
    assert found["accuracy"] == 1


@BY_STEPS_OR_EXACTLY
def test_both_penalties(how):  # SVM-04
    found = old_report([F1, F2], 0.5, 1.0, how, PLAIN)
    assert found["loss"] > 0.1
    assert found["accuracy"] == 1


@BY_STEPS_OR_EXACTLY
def test_an_l1_penalty_too_strong_for_any_weight(how):  # SVM-05
    model = old_svm([F1, F2], 3.0, 1.0, how).fit(input_fn=PLAIN, **how)
    assert not model.coef_.any()
    assert not model.intercept_.any()
    found = model.evaluate(input_fn=PLAIN)
    assert found["loss"] == pytest.approx(1)
    assert found["accuracy"] == pytest.approx(1 / 3)  # ties are of the first class


@BY_STEPS_OR_EXACTLY
def test_numbers_beside_words(how):  # SVM-06
    input_fn = three_rows(price=[[0.8], [0.6], [0.3]], country=WORDS)
    assert old_report([PRICE, COUNTRY], 0.0, 1.0, how, input_fn)["accuracy"] == 1


@BY_STEPS_OR_EXACTLY
def test_buckets(how):  # SVM-07
    buckets = learn.bucketized_column(PRICE, boundaries=[500.0, 700.0])
    footage = [[1000.0], [800.0], [500.0]]
    input_fn = three_rows(price=[[600.0], [800.0], [400.0]], sq_footage=footage)
    sizes = learn.bucketized_column(learn.real_valued_column("sq_footage"), [650.0])
    assert old_report([buckets, sizes], 0.1, 1.0, how, input_fn)["accuracy"] == 1


@BY_STEPS_OR_EXACTLY
def test_columns_of_every_kind_and_weights(how):  # SVM-08
    input_fn = three_rows(
        price=[[0.6], [0.8], [0.3]], sq_footage=[[900.0], [700.0], [600.0]], country=WORDS,
        weights=[[3.0], [1.0], [1.0]],
    )  # fmt: skip
    sizes = learn.bucketized_column(learn.real_valued_column("sq_footage"), [650.0, 800.0])
    columns = [PRICE, sizes, COUNTRY, learn.crossed_column([sizes, COUNTRY], 10)]
    found = old_report(columns, 0.0, 1.0, how, input_fn, weight_column_name="weights")
    assert found["accuracy"] == 1


@pytest.mark.parametrize(
    ("logits", "weights", "loss", "accuracy"),
    [
        ([-0.5, 1.2], [1, 1], 0.25, 1),  # HD-31
        ([0, 0], [1, 1], 1, 0.5),  # HD-32
        ([-0.5, 1.2], [7, 11], 3.5 / 18, 1),  # HD-33
    ],
)
def test_reports_have_the_numbers_of_the_svm_head(logits, weights, loss, accuracy):
    task = HingeTask((0, 1), np.dtype(int), squared=False)
    scores = tf.constant(logits, tf.float32)[:, None]
    found = task.report(scores.numpy(), task.link(scores, {}).numpy(), np.array([0, 1]), weights)
    assert found["loss"] == pytest.approx(loss)
    assert found["accuracy"] == accuracy
    losses = task.loss(scores, tf.constant([0, 1])).numpy()
    assert np.average(losses, weights=weights) == pytest.approx(loss)


@pytest.mark.parametrize("squared", [False, True])
@pytest.mark.parametrize("classes", [("a",), ("a", "b"), ("a", "b", "c")])
def test_the_loss_of_steps_is_that_of_reports(squared, classes):
    rng = np.random.default_rng(0)
    task = HingeTask(classes, np.dtype("<U1"), squared)
    y = rng.integers(0, len(classes), 20)
    logits = rng.normal(size=(20, task.n_outputs)).astype(np.float32)
    found = task.report(logits, task.link(tf.constant(logits), {}).numpy(), y)
    by_steps = task.loss(tf.constant(logits), tf.constant(y, tf.int32)).numpy().mean()
    assert found["loss"] == pytest.approx(by_steps, rel=1e-5)


# Raw tables, labels, metrics


@every_loss
def test_raw_tables(loss, people):
    X, y = people
    model = learn.SVM(loss=loss).fit(X, y)
    assert model.score(X, y) > 0.8
    assert model.classes_.tolist() == ["in", "out"]
    assert set(model.predict(X.head(20))) <= {"in", "out"}
    strange = X.head(3).assign(city="Atlantis", age=np.nan)
    assert model.decision_function(strange).shape == (3,)


def test_evaluation_reports_areas_of_scores(cancer):
    X, y = cancer
    model = learn.SVM(C=0.01).fit(X, y)
    found = model.evaluate(X, y, metrics={"area": learn.metrics.auc, "hits": "accuracy"})
    area = roc_auc_score(y, model.decision_function(X))
    assert found["auc"] == pytest.approx(area)
    assert found["area"] == pytest.approx(area)
    assert found["hits"] == found["accuracy"] == model.score(X, y)
    lacking = np.maximum(1 - (2 * y - 1) * model.decision_function(X), 0)
    assert found["loss"] == pytest.approx((lacking**2).mean(), rel=1e-5)
    with pytest.raises(KeyError, match="no prediction|No prediction"):
        model.evaluate(X, y, metrics=["log_loss"])


def test_several_classes_are_averaged(iris):
    model = learn.SVM().fit(*iris)
    found = model.evaluate(*iris, metrics=["precision", "auc"])
    assert set(found) == {"loss", "accuracy", "global_step", "precision", "auc"}
    assert 0.9 < found["precision"] < 1
    areas = [roc_auc_score(iris[1] == k, model.decision_function(iris[0])[:, k]) for k in range(3)]
    assert found["auc"] == pytest.approx(np.mean(areas))


def test_there_are_no_probabilities_but_calibrated_ones(iris):
    assert not hasattr(learn.SVM(), "predict_proba")
    calibrated = CalibratedClassifierCV(learn.SVM(), cv=2).fit(*iris)
    np.testing.assert_allclose(calibrated.predict_proba(iris[0]).sum(axis=1), 1)
    assert calibrated.score(*iris) > 0.9


def test_one_class_is_predicted(iris):
    model = learn.SVM().fit(iris[0], np.full(150, "iris"))
    assert (model.predict(iris[0]) == "iris").all()


def test_a_search_over_c(moons):
    search = GridSearchCV(
        learn.SVM(kernel="rbf", n_components=50, random_state=0), {"C": [1e-4, 1.0, 100.0]}, cv=3
    ).fit(*moons)
    assert search.best_params_["C"] > 1e-3
    assert search.best_score_ > 0.93


# Kernels


def test_a_kernel_sees_what_is_not_linear(moons):
    X, y = moons
    assert learn.SVM().fit(X, y).score(X, y) < 0.92
    ours = learn.SVM(kernel="rbf", C=10.0, random_state=0).fit(X, y)
    theirs = SVC(C=10.0).fit(StandardScaler().fit_transform(X), y)
    assert ours.score(X, y) > 0.97
    same = ours.predict(X) == theirs.predict(StandardScaler().fit_transform(X))
    assert same.mean() > 0.97
    assert not hasattr(ours, "coef_")


@every_loss
def test_every_row_a_landmark_is_the_kernel_itself(loss, moons):
    X, y = moons
    ours = learn.SVM(as_they_are(X), kernel="rbf", gamma=20.0, loss=loss, random_state=0).fit(X, y)
    theirs = make_pipeline(
        Nystroem(gamma=20.0, n_components=len(X), random_state=0), exact_peer(loss)
    ).fit(X, y)
    expected = theirs.decision_function(X)
    np.testing.assert_allclose(ours.decision_function(X), expected, atol=5e-3)


def test_gamma_is_scikit_learns(moons):
    X, y = moons[0] * 3, moons[1]
    for gamma in ("scale", "auto", 0.7):
        model = learn.SVM(as_they_are(X), kernel="rbf", gamma=gamma).fit(X, y)
        expected = SVC(gamma=gamma).fit(X, y)._gamma
        assert model.get_variable_value("kernel/gamma") == pytest.approx(expected, rel=1e-5)


def test_a_function_is_a_kernel(moons):
    X, y = moons
    params = {"feature_columns": as_they_are(X), "C": 10.0, "n_components": 100, "random_state": 0}
    by_name = learn.SVM(kernel="rbf", gamma=2.0, **params).fit(X, y)
    by_function = learn.SVM(kernel=partial(rbf_kernel, gamma=2.0), **params).fit(X, y)
    np.testing.assert_allclose(
        by_function.decision_function(X), by_name.decision_function(X), atol=0.02
    )
    twin = pickle.loads(pickle.dumps(by_function))
    np.testing.assert_array_equal(twin.decision_function(X), by_function.decision_function(X))
    other = learn.SVM(kernel=laplacian_kernel, **params).fit(X, y)
    assert other.score(X, y) > 0.95


@pytest.mark.parametrize("kernel", ["rbf", laplacian_kernel], ids=["rbf", "function"])
@every_loss
def test_kernels_learn_by_steps_too(kernel, loss, moons):
    X, y = moons
    model = learn.SVM(kernel=kernel, loss=loss, n_components=60, C=10.0, random_state=0)
    model.fit(X, y, steps=400)
    assert model.score(X, y) > 0.93
    exact = clone(model).fit(X, y)
    strict = partial(learn.SVM, kernel=kernel, loss=loss, n_components=60, C=10.0, random_state=0)
    assert objective_of_kernel(exact, X, y) <= objective_of_kernel(model, X, y) * (1 + 1e-6)
    assert strict().fit(X, y).score(X, y) == exact.score(X, y)


def objective_of_kernel(model, X, y):
    weights = model.get_variable_value("kernel/weights"), model.get_variable_value(
        "kernel/bias_weight"
    )
    ridge = sum((w.astype(float) ** 2).sum() for w in weights) / (2 * model.C)
    return len(y) * model.evaluate(X, y)["loss"] + ridge


def test_kernels_see_raw_tables(people):
    X, y = people
    model = learn.SVM(kernel="rbf", random_state=0).fit(X, y)
    assert model.score(X, y) > 0.85
    tags = {"tags": [["a", "b"], ["a"], [], ["b", "c"]] * 10}
    label = [1, 1, 0, 0] * 10
    assert learn.SVM(kernel="rbf", C=100.0).fit(tags, label).score(tags, label) == 1


def test_features_that_memory_would_not_hold_are_made_batch_by_batch(moons, monkeypatch):
    model = learn.SVM(kernel="rbf", n_components=50, random_state=0)
    exact = clone(model).fit(*moons)
    monkeypatch.setattr(kernel_model, "FEATURES", 50 * 299)
    stepped = clone(model).fit(*moons)
    assert not exact.history_["loss"]
    assert stepped.history_["loss"]
    assert stepped.score(*moons) > 0.93


def test_digits_by_a_kernel():
    X, y = load_digits(return_X_y=True)
    model = learn.SVM(kernel="rbf", n_components=200, C=10.0, random_state=0)
    model.fit(X[:1200], y[:1200])
    assert model.score(X[1200:], y[1200:]) > 0.9
    assert model.decision_function(X[:5]).shape == (5, 10)


def test_the_seed_decides_the_landmarks(moons):
    fitted = [
        learn.SVM(kernel="rbf", n_components=20, random_state=seed).fit(*moons)
        for seed in (0, 0, 1)
    ]
    scores = [model.decision_function(moons[0]) for model in fitted]
    np.testing.assert_array_equal(scores[0], scores[1])
    assert not np.array_equal(scores[0], scores[2])


@parametrize_with_checks(
    [learn.SVM(loss="hinge"), learn.SVM(kernel="rbf", random_state=0)],
    expected_failed_checks=lambda estimator: {
        name: "Landmarks are drawn among the rows, of which there are more where rows are repeated."
        for name in (
            "check_sample_weight_equivalence_on_dense_data",
            "check_sample_weight_equivalence_on_sparse_data",
        )
        if estimator.kernel == "rbf"
    },
    xfail_strict=True,
)
def test_scikit_learns_checks(estimator, check):
    check(estimator)


# Streams, monitors, folders


def batches_of(X, y, size=30):
    return ((X[i : i + size], y[i : i + size]) for i in range(0, len(y), size))


@pytest.mark.parametrize("kernel", ["linear", "rbf"])
def test_a_stream_is_learned_by_mini_batches(kernel, cancer):
    X, y = np.tile(cancer[0], (8, 1)), np.tile(cancer[1], 8)
    order = np.random.default_rng(0).permutation(len(y))
    model = learn.SVM(kernel=kernel, n_components=100, random_state=0)
    model.fit(batches_of(X[order], y[order]))
    assert model.score(*cancer) > 0.95
    assert model.n_iter_ == -(-len(y) // 30)


def test_partial_fit_goes_batch_by_batch(iris):
    X, y = iris
    order = np.random.default_rng(0).permutation(150)
    model = learn.SVM(kernel="rbf", learning_rate=0.05, random_state=0)
    for _ in range(20):
        for rows in np.array_split(order, 5):
            model.partial_fit(X[rows], y[rows], classes=[0, 1, 2])
    assert model.score(X, y) > 0.9
    assert model.get_variable_value("kernel/landmarks").shape == (30, 4)  # of the first call


def test_penalties_mean_the_same_by_steps(cancer):
    """Full batches of any weight come near the optimum that is solved for."""
    X, y = cancer
    weights = np.full(len(y), 7.0)
    params = {"feature_columns": as_they_are(X), "C": 0.01, "random_state": 0}
    exact = learn.SVM(**params).fit(X, y, weights)
    stepped = learn.SVM(**params, batch_size=len(y)).fit(X, y, weights, steps=1500)
    found, best = (
        objective(model, X, y, "squared_hinge", 0.01, weights=7.0) for model in (stepped, exact)
    )
    assert best < found < 1.01 * best


def test_early_stopping_and_monitors(cancer):
    X, y = cancer
    stopped = learn.SVM(early_stopping=True, n_iter_no_change=3, random_state=0).fit(X, y)
    assert stopped.score(X, y) > 0.95
    assert np.isfinite(stopped.history_["val_loss"]).any()
    monitor = learn.monitors.ValidationMonitor(X, y, every_n_steps=10, early_stopping_rounds=30)
    watched = learn.SVM(random_state=0).fit(X, y, steps=2000, monitors=[monitor])
    assert watched.n_iter_ < 2000


@pytest.mark.parametrize("params", [{}, {"kernel": "rbf"}], ids=["linear", "rbf"])
def test_a_folder_holds_the_model(params, iris, tmp_path):
    X, y = iris
    model = learn.SVM(model_dir=tmp_path, random_state=0, **params).fit(X, y)
    adopted = learn.SVM(model_dir=tmp_path, **params)
    np.testing.assert_array_equal(adopted.decision_function(X), model.decision_function(X))
    assert adopted.evaluate(X, y) == model.evaluate(X, y)
    steps = model.n_iter_
    resumed = learn.SVM(model_dir=tmp_path, **params).fit(X, y, steps=20)
    assert resumed.n_iter_ == steps + 20
    twin = pickle.loads(pickle.dumps(resumed))
    np.testing.assert_array_equal(twin.decision_function(X), resumed.decision_function(X))


def test_a_folder_of_another_kind_of_svm_is_refused(iris, tmp_path):
    learn.SVM(model_dir=tmp_path, kernel="rbf").fit(*iris)
    with pytest.raises(learn.CheckpointError, match="should hold 'linear/bias_weight'"):
        learn.SVM(model_dir=tmp_path).predict(iris[0])
    learn.SVM(model_dir=tmp_path / "linear").fit(*iris)
    with pytest.raises(learn.CheckpointError, match="should hold 'kernel/bias_weight'"):
        learn.SVM(model_dir=tmp_path / "linear", kernel="rbf").predict(iris[0])
    with pytest.raises(NotFittedError):
        learn.SVM(kernel="rbf").predict(iris[0])


# Errors


def test_two_words_for_one_strength_are_refused(iris):
    model = learn.SVM(C=2.0, l2_regularization=1.0)
    with pytest.raises(ValueError, match="l2_regularization = 1 / C. Got 1.0 and 2.0"):
        model.fit(*iris)
    assert not hasattr(model, "n_features_in_")


def test_multi_label_targets_are_refused(iris):
    with pytest.raises(ValueError, match="one label per row. Got 2 columns"):
        learn.SVM().fit(iris[0], np.eye(2, dtype=int)[iris[1] % 2])


@pytest.mark.parametrize(
    ("ids", "message"),
    [
        (["a", "b", "b"], "Got 'b' again in row 2"),
        (["a", None, "b"], "Got none in row 1"),
        ([[1, 2], [3, 4], [5, 6]], r"Got an array of shape \(3, 2\)"),
    ],
)
def test_example_ids_are_one_for_each_row(ids, message):
    with pytest.raises(ValueError, match=message):
        learn.SVM(example_id_column="id").fit({"x": [1.0, 2.0, 3.0], "id": ids}, [0, 1, 1])


def test_example_ids_are_no_features(people):
    X, y = people
    named = X.assign(id=[f"row {i}" for i in range(len(X))])
    with_ids = learn.SVM(example_id_column="id").fit(named, y)
    without = learn.SVM().fit(X, y)
    assert with_ids.feature_names_in_.tolist() == list(X)
    for rows in (named, X):  # once fitted it needs none
        expected = without.decision_function(X)
        np.testing.assert_array_equal(with_ids.decision_function(rows), expected)
    with pytest.raises(ValueError, match="example_id_column is 'ids'.*Did you mean 'id'"):
        learn.SVM(example_id_column="ids").fit(named, y)
    with pytest.raises(ValueError, match="X is an array without column names"):
        learn.SVM(example_id_column="id").fit(np.ones((3, 2)), [0, 1, 1])
    with pytest.raises(ValueError, match="has 'id' alone"):
        learn.SVM(example_id_column="id").fit(named[["id"]], y)


@pytest.mark.parametrize(
    ("kernel", "message"),
    [
        (lambda X, Y: np.ones((len(X), 1)), r"finite numbers of the shape .*\(150, 150\)"),
        (lambda X, Y: np.full((len(X), len(Y)), np.nan), "finite numbers"),
        (lambda X, Y: -rbf_kernel(X, Y), "positive semi-definite"),
        ("poly", "'kernel' parameter of SVM must be"),
    ],
)
def test_what_is_no_kernel_is_refused(kernel, message, iris):
    with pytest.raises(ValueError, match=message):
        learn.SVM(kernel=kernel).fit(*iris)


def test_rows_too_wide_for_a_kernel_are_refused():
    X = sparse.eye_array(30, 5000, format="csr")
    with pytest.raises(ValueError, match="up to 4096 numbers.*Got 5000"):
        learn.SVM(kernel="rbf").fit(X, np.arange(30) % 2)
