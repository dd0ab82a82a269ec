"""Random forests: what they learn and predict, how they grow, what is kept of them."""

import copy
import importlib.util
import json
import pickle
import subprocess
import sys
import warnings

import numpy as np
import pandas as pd
import pytest
import tensorflow as tf
from scipy import sparse
from sklearn.base import clone
from sklearn.datasets import load_diabetes, load_digits, load_iris, make_friedman1
from sklearn.ensemble import RandomForestClassifier as TheirClassifier
from sklearn.ensemble import RandomForestRegressor as TheirRegressor
from sklearn.metrics import accuracy_score, log_loss, r2_score
from sklearn.model_selection import train_test_split

import tflearnkit as learn

pytest.importorskip("ydf", reason="an extra: pip install 'tflearnkit[forest]'")

IRIS = load_iris()
DIABETES = load_diabetes()


def classifier(n_estimators=20, **params):
    return learn.RandomForestClassifier(n_estimators, **{"random_state": 0, **params})


def regressor(n_estimators=20, **params):
    return learn.RandomForestRegressor(n_estimators, **{"random_state": 0, **params})


@pytest.fixture(scope="module")
def people():
    """A frame of strings, categories, booleans, dates and gaps; the label depends on three."""
    rng = np.random.default_rng(0)
    n = 600
    frame = pd.DataFrame(
        {
            "age": np.where(rng.random(n) < 0.1, np.nan, rng.normal(40, 10, n)),
            "city": rng.choice(np.array(["Oslo", "Rome", "Bonn", None], object), n),
            "size": pd.Categorical(rng.choice(["s", "m", "l"], n)),
            "member": rng.random(n) < 0.5,
            "since": pd.Timestamp("2020-01-01") + pd.to_timedelta(rng.integers(0, 50, n), "h"),
        }
    )
    late = frame["since"] >= pd.Timestamp("2020-01-02")
    inside = (frame["city"].isna() & frame["member"]) | ((frame["city"] == "Rome") & late)
    return frame, np.where(inside, "in", "out")


# What they learn


@pytest.mark.parametrize(
    ("max_features", "theirs"), [(1, 2), (2, 2), (3, 3), ("sqrt", "sqrt"), (8, 8), (None, None)]
)
def test_two_classes_split_as_often_as_in_scikit_learn(max_features, theirs):
    """Trees end where leaves are pure: the better the splits that they find, the sooner."""
    X, y = make_friedman1(3000, 10, noise=3.0, random_state=0)
    y, n_trees = y > np.median(y), 12
    to_the_end = {"max_depth": None, "min_samples_leaf": 1}
    mine = classifier(n_trees, max_features=max_features, **to_the_end).fit(X, y)
    peer = TheirClassifier(n_trees, max_features=theirs, random_state=0).fit(X, y)
    found = np.mean([len(mine.get_tree(i).feature) for i in range(n_trees)])
    expected = np.mean([tree.tree_.node_count for tree in peer.estimators_])
    assert found == pytest.approx(expected, rel=0.03)  # of one feature more or less: 6 to 30 %


def test_iris():
    X, y = IRIS.data, IRIS.target
    order = np.random.default_rng(0).permutation(150)
    train, test = order[:100], order[100:]
    forest = classifier(100).fit(X[train], y[train])
    assert forest.score(X[test], y[test]) > 0.9
    found = forest.evaluate(X[test], y[test])
    assert found["accuracy"] == forest.score(X[test], y[test])
    assert found["loss"] == pytest.approx(log_loss(y[test], forest.predict_proba(X[test])))
    assert found["global_step"] == 100


def test_digits_are_as_good_as_scikit_learns():
    X, y = load_digits(return_X_y=True)
    X, X_test, y, y_test = train_test_split(X, y, random_state=0)
    ours = classifier(100).fit(X, y)
    theirs = TheirClassifier(100, random_state=0, n_jobs=2).fit(X, y)
    assert ours.score(X_test, y_test) > theirs.score(X_test, y_test) - 0.01
    assert log_loss(y_test, ours.predict_proba(X_test)) < 0.4


def test_a_regression_is_as_good_as_scikit_learns():
    X, y = make_friedman1(1200, noise=1.0, random_state=0)
    ours = regressor(60).fit(X[:800], y[:800])
    theirs = TheirRegressor(60, random_state=0, n_jobs=2).fit(X[:800], y[:800])
    assert ours.score(X[800:], y[800:]) > theirs.score(X[800:], y[800:]) - 0.02


def test_strings_categories_dates_and_missing_values_go_in_as_they_are(people):
    X, y = people
    forest = classifier(60, max_features=None).fit(X[:400], y[:400])
    assert forest.score(X[400:], y[400:]) > 0.95
    importances = dict(zip(forest.feature_names_in_, forest.feature_importances_, strict=True))
    assert min(importances[name] for name in ("city", "member", "since")) > importances["age"]
    assert set(forest.predict(X)) == {"in", "out"}


def test_categories_that_training_did_not_show_are_like_each_other(people):
    X, y = people
    forest = classifier().fit(X, y)
    new, other, blank = (X.assign(city=city) for city in ("Paris", "Lima", "zzz"))
    np.testing.assert_array_equal(forest.predict_proba(new), forest.predict_proba(other))
    np.testing.assert_array_equal(forest.predict_proba(new), forest.predict_proba(blank))
    complete = classifier().fit(X.dropna(), y[X.notna().all(axis=1)])
    missing = complete.predict_proba(X.assign(city=None))  # a missing one was never seen either
    np.testing.assert_array_equal(missing, complete.predict_proba(new))


def test_lists_of_categories_count():
    rng = np.random.default_rng(0)
    words = [list(rng.choice(["a", "b", "c", "d"], rng.integers(0, 4))) for _ in range(300)]
    y = np.array([row.count("a") >= 1 and "c" not in row for row in words])
    forest = classifier(40, max_features=None).fit({"words": words}, y)
    assert forest.score({"words": words}, y) > 0.98
    assert forest.n_features_in_ == 1
    some = {"words": [["a"], ["a", "c"], ["unseen"]]}
    assert forest.predict(some).tolist() == [True, False, False]


def test_rare_ones_of_many_categories_are_one():
    rng = np.random.default_rng(0)
    names = np.array([f"v{i}" for i in rng.integers(0, 80, 900)] + [f"rare{i}" for i in range(50)])
    y = np.char.endswith(names, "3")
    forest = classifier().fit({"name": names.astype(object)}, y)
    probability = forest.predict_proba({"name": np.array(["rare3", "rare4", "new"], object)})
    assert (probability == probability[0]).all()
    assert forest.predict({"name": np.array(["v3", "v4"], object)}).tolist() == [True, False]


def test_infinity_is_refused_and_missing_is_not():
    X = IRIS.data.copy()
    X[::7, 2] = np.nan
    assert classifier().fit(X, IRIS.target).score(X, IRIS.target) > 0.9
    X[3, 1] = np.inf
    with pytest.raises(ValueError, match="Input X contains infinity"):
        classifier().fit(X, IRIS.target)
    with pytest.raises(ValueError, match="numbers that float32 can hold"):
        classifier().fit(IRIS.data * 1e300, IRIS.target)


def test_numbers_far_from_zero_keep_their_digits():
    X = 1.6e9 + np.arange(300.0)[:, None]
    y = np.arange(300) % 100 < 50
    assert classifier(20, bootstrap=False).fit(X, y).score(X, y) > 0.99


def test_targets_far_from_zero_keep_their_digits():
    X, y = DIABETES.data, DIABETES.target
    near, far = regressor().fit(X, y), regressor().fit(X, y / 1000 + 1e6)
    differs = np.abs(far.predict(X) - (near.predict(X) / 1000 + 1e6))
    assert differs.mean() < 1e-4  # of about .08 that they vary by; a split may fall otherwise
    assert far.score(X, y / 1000 + 1e6) > 0.7


def test_a_single_class_is_learned():
    forest = classifier().fit(IRIS.data, np.full(150, "only"))
    assert forest.predict(IRIS.data[:2]).tolist() == ["only", "only"]
    np.testing.assert_array_equal(forest.predict_proba(IRIS.data), 1)


# What they predict


def leaf_of(tree, row):
    node = 0
    while tree.left[node] >= 0:
        right = row[tree.feature[node]] >= np.float32(tree.threshold[node])
        node = tree.right[node] if right else tree.left[node]
    return tree.value[node]


def leaves_of(forest, X):
    """What the leaves of each tree hold for each row, (trees, n, classes)."""
    trees = [forest.get_tree(index) for index in range(forest.n_iter_)]
    return np.array([[leaf_of(tree, row) for row in X.astype(np.float32)] for tree in trees])


@pytest.mark.parametrize("prior_weight", [0, 0.1, 2])
def test_probabilities_are_means_of_the_shares_in_leaves(prior_weight):
    X, y = IRIS.data[:120], IRIS.target[:120]
    forest = classifier(7, prior_weight=prior_weight).fit(X, y)
    leaves, shares = leaves_of(forest, X), np.array([50, 50, 20]) / 120
    np.testing.assert_allclose(leaves.sum(axis=2), 1, atol=1e-6)
    expected = (leaves.sum(axis=0) + prior_weight * shares) / (7 + prior_weight)
    np.testing.assert_allclose(forest.predict_proba(X), expected, atol=1e-6)


def test_without_a_prior_weight_probabilities_are_those_of_the_trees_alone():
    X, y = IRIS.data[50:], IRIS.target[50:]
    forest = classifier(7, prior_weight=0).fit(X, y)
    second = forest.predict_proba(X)[:, 1]
    np.testing.assert_array_equal(second, leaves_of(forest, X)[:, :, 1].sum(axis=0) / 7)
    assert second.min() == 0
    assert np.isfinite(forest.evaluate(X, y)["loss"])
    assert np.isfinite(forest.decision_function(X)).all()


def test_the_prior_weight_is_that_of_the_last_fit(tmp_path):
    X, y = IRIS.data, IRIS.target
    expected = classifier(30, prior_weight=0).fit(X, y).predict_proba(X)
    forest = classifier(20, warm_start=True).fit(X, y)
    forest.set_params(n_estimators=30, prior_weight=0).fit(X, y)
    np.testing.assert_array_equal(forest.predict_proba(X), expected)
    classifier(20, model_dir=tmp_path).fit(X, y)
    resumed = classifier(30, model_dir=tmp_path, prior_weight=0).fit(X, y)
    np.testing.assert_array_equal(resumed.predict_proba(X), expected)
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(resumed)).predict_proba(X), expected)


def test_numbers_are_means_of_leaves():
    X, y = DIABETES.data, DIABETES.target
    forest = regressor(5).fit(X, y)
    rows = X.astype(np.float32)[:50]
    leaves = [[leaf_of(forest.get_tree(index), row)[0] for row in rows] for index in range(5)]
    np.testing.assert_allclose(forest.predict(X[:50]), np.mean(leaves, axis=0), rtol=1e-5)


def test_no_class_that_there_is_gets_the_probability_zero():
    probability = classifier(30, min_samples_leaf=1).fit(IRIS.data, IRIS.target).predict_proba(
        IRIS.data
    )
    assert 0 < probability.min() < 0.01
    np.testing.assert_allclose(probability.sum(axis=1), 1)


def test_many_rows_predict_as_a_few_at_a_time():
    X, y = DIABETES.data, DIABETES.target
    forest = regressor(40).fit(X, y)
    many = np.tile(X, (60, 1))  # 26,520 rows go through the compiled program
    np.testing.assert_array_equal(forest.predict(many), np.tile(forest.predict(X), 60))
    np.testing.assert_array_equal(forest.predict(X[:1]), forest.predict(X)[:1])


def test_decision_function_is_log_odds():
    X, y = IRIS.data[50:], IRIS.target[50:]
    forest = classifier().fit(X, y)
    odds = forest.predict_proba(X)
    expected = np.log(odds[:, 1] / odds[:, 0])
    np.testing.assert_allclose(forest.decision_function(X), expected)


def test_several_outputs_have_a_forest_each():
    X, y = DIABETES.data, DIABETES.target
    both = regressor().fit(X, np.column_stack([y, y**2]))
    assert both.predict(X).shape == (442, 2)
    np.testing.assert_array_equal(both.predict(X)[:, 0], regressor().fit(X, y).predict(X))
    assert both.score(X, np.column_stack([y, y**2])) > 0.7
    assert both.evaluate(X, np.column_stack([y, y**2]))["global_step"] == 20


def test_several_labels_have_a_forest_each():
    X, y = DIABETES.data, DIABETES.target
    Y = np.column_stack([y > 100, y > 200]).astype(int)
    forest = classifier().fit(X, Y)
    assert forest.predict_proba(X).shape == (442, 2)
    assert (forest.predict(X) == Y).mean() > 0.9
    assert forest.evaluate(X, Y)["auc"] > 0.95


# Weights


def test_weights_count():
    """Contradicting labels: the heavier ones win."""
    X = np.repeat(np.arange(10.0), 40)[:, None]
    y = np.tile(np.repeat(["light", "heavy"], 20), 10)
    weights = np.where(y == "heavy", 3.0, 1.0)
    found = classifier(60).fit(X, y, weights).predict_proba(X)[:, 0]
    assert found.mean() == pytest.approx(0.75, abs=0.05)
    by_class = classifier(60, class_weight={"heavy": 3.0}).fit(X, y).predict_proba(X)[:, 0]
    np.testing.assert_array_equal(by_class, found)
    frame = pd.DataFrame({"x": X[:, 0], "w": weights})
    by_column = classifier(60, weight_column_name="w").fit(frame, y)
    np.testing.assert_array_equal(by_column.predict_proba(frame)[:, 0], found)
    np.testing.assert_array_equal(
        classifier(60).fit(X, y, 64 * weights).predict_proba(X)[:, 0], found
    )


def test_balanced_classes_weigh_the_same():
    y = np.repeat([0, 1], [180, 20])
    X = np.random.default_rng(0).standard_normal((200, 2))
    plain, balanced = (
        classifier(40, min_samples_leaf=20, class_weight=weight).fit(X, y).predict_proba(X)
        for weight in (None, "balanced")
    )
    assert balanced[:, 1].mean() > 2 * plain[:, 1].mean()
    weights = np.where(y == 1, 5.0, 200 / 360)
    by_hand = classifier(40, min_samples_leaf=20).fit(X, y, weights).predict_proba(X)
    np.testing.assert_array_equal(balanced, by_hand)


def test_rows_of_weight_zero_are_not_seen(people):
    X, y = people
    counted = np.arange(600) % 3 > 0
    X = X.assign(city=np.where(counted, X["city"], "Atlantis"))
    weighted = classifier().fit(X, np.where(counted, y, "nowhere"), counted * 1.0)
    without = classifier().fit(X[counted], y[counted])
    np.testing.assert_array_equal(weighted.predict_proba(X), without.predict_proba(X))


# Parameters


def test_trees_have_the_limits_that_are_set():
    X, y = DIABETES.data, DIABETES.target

    def trees(**params):
        forest = regressor(5, **params).fit(X, y)
        return [forest.get_tree(index) for index in range(5)]

    assert max(tree.depth for tree in trees(max_depth=3)) == 3
    assert min(tree.depth for tree in trees(max_depth=None, min_samples_leaf=1)) > 10
    assert {(tree.left < 0).sum() for tree in trees(max_leaf_nodes=9)} == {9}
    assert max((tree.left < 0).sum() for tree in trees(min_samples_leaf=0.2)) <= 5
    assert len({tuple(tree.feature) for tree in trees(max_features=1)}) == 5
    same = trees(bootstrap=False, max_features=None, max_depth=1)
    assert len({tree.threshold[0] for tree in same}) == 1


def test_fewer_rows_a_tree_make_smaller_trees():
    X, y = DIABETES.data, DIABETES.target
    sizes = [
        len(regressor(3, max_samples=rows, min_samples_leaf=1).fit(X, y).get_tree(0).left)
        for rows in (40, 0.5, None)
    ]
    assert sizes == sorted(sizes)
    assert sizes[0] < 80


def test_bins_hardly_change_the_quality():
    X, y = make_friedman1(1200, noise=1.0, random_state=0)
    exact, binned = (
        regressor(40, max_bins=bins).fit(X[:800], y[:800]).score(X[800:], y[800:])
        for bins in (None, 64)
    )
    assert binned > exact - 0.03
    tree = regressor(1, max_bins=4).fit(X, y).get_tree(0)
    assert all(len(set(tree.threshold[tree.feature == f])) <= 3 for f in range(10))


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"n_estimators": 0}, "The 'n_estimators' parameter of RandomForestClassifier"),
        ({"max_depth": 0}, "The 'max_depth' parameter"),
        ({"max_features": "all"}, "The 'max_features' parameter"),
        ({"max_features": 1.5}, "The 'max_features' parameter"),
        ({"max_bins": 256}, "The 'max_bins' parameter"),
        ({"max_samples": 0.0}, "The 'max_samples' parameter"),
        ({"prior_weight": -0.1}, "The 'prior_weight' parameter"),
        ({"class_weight": "balance"}, "The 'class_weight' parameter"),
        ({"bootstrap": False, "oob_score": True}, "oob_score should be False"),
        ({"bootstrap": False, "max_samples": 0.5}, "max_samples should be None"),
    ],
)
def test_parameters_are_checked_in_fit(params, message):
    forest = classifier().set_params(**params)
    with pytest.raises(ValueError, match=message):
        forest.fit(IRIS.data, IRIS.target)
    assert not hasattr(forest, "model_")


def test_without_the_engine_an_error_says_what_to_install(monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name, package=None: None)
    with pytest.raises(ImportError, match=r"pip install 'tflearnkit\[forest\]'"):
        classifier().fit(IRIS.data, IRIS.target)


def test_declared_columns_say_what_features_mean(people):
    X, y = people
    age = learn.real_valued_column("age", default_value=40.0)
    city = learn.sparse_column_with_keys("city", ["Oslo", "Rome"])
    size = learn.sparse_column_with_hash_bucket("size", 10)
    columns = [
        age,
        learn.bucketized_column(age, [30, 50]),
        learn.one_hot_column(city),
        learn.crossed_column([city, size], 50),
    ]
    forest = classifier(30, feature_columns=columns).fit(X, y)
    assert forest.score(X, y) > 0.7
    used = dict(zip(X.columns, forest.feature_importances_, strict=True))
    assert used["member"] == used["since"] == 0
    assert used["city"] > used["size"] > 0
    np.testing.assert_array_equal(
        forest.predict_proba(X[["size", "city", "age"]]), forest.predict_proba(X)
    )
    embedded = learn.embedding_column(city, 2)
    with pytest.raises(ValueError, match="Pass its source column"):
        classifier(feature_columns=[embedded]).fit(X, y)


def test_one_column_of_all_numbers_is_the_array():
    columns = [learn.real_valued_column("", dimension=4)]
    declared = classifier(feature_columns=columns).fit(IRIS.data, IRIS.target)
    inferred = classifier().fit(IRIS.data, IRIS.target)
    np.testing.assert_array_equal(
        declared.predict_proba(IRIS.data), inferred.predict_proba(IRIS.data)
    )
    np.testing.assert_array_equal(declared.feature_importances_, inferred.feature_importances_)


# Importances and the rows out of bags


def test_importances_name_what_matters():
    X, y = make_friedman1(800, 10, random_state=0)  # the last five are noise
    found = regressor(40).fit(X, y).feature_importances_
    assert found.shape == (10,)
    assert found.sum() == pytest.approx(1)
    assert found[:5].min() > 2 * found[5:].max()
    theirs = TheirRegressor(40, random_state=0, n_jobs=2, max_features=1 / 3).fit(X, y)
    np.testing.assert_allclose(found, theirs.feature_importances_, atol=0.07)


def test_rows_out_of_the_bag_tell_the_quality():
    X, y = DIABETES.data, DIABETES.target
    ours = regressor(150, oob_score=True).fit(X[:300], y[:300])
    assert ours.oob_score_ == pytest.approx(ours.score(X[300:], y[300:]), abs=0.12)
    assert ours.score(X[:300], y[:300]) > ours.oob_score_ + 0.2
    assert ours.oob_prediction_.shape == (300,)
    assert ours.oob_score_ == r2_score(y[:300], ours.oob_prediction_)
    theirs = TheirRegressor(150, oob_score=True, random_state=0, n_jobs=2)
    assert ours.oob_score_ == pytest.approx(theirs.fit(X[:300], y[:300]).oob_score_, abs=0.08)


def test_each_row_out_of_the_bag_is_predicted_by_trees_that_have_not_seen_it():
    """Labels at random: trees that have seen a row know its label, others do not."""
    rng = np.random.default_rng(0)
    X, y = rng.standard_normal((400, 3)), rng.integers(0, 2, 400)
    forest = classifier(60, oob_score=True, min_samples_leaf=1, max_depth=None).fit(X, y)
    assert forest.score(X, y) > 0.95
    assert abs(forest.oob_score_ - 0.5) < 0.1
    assert forest.oob_decision_function_.shape == (400, 2)
    own = classifier(60, oob_score=log_loss_of).fit(X, y)
    assert own.oob_score_ > 0.1


def log_loss_of(y, predicted):
    return 1 - accuracy_score(y, predicted)


def test_rows_that_all_trees_have_seen_have_no_prediction():
    with pytest.warns(UserWarning, match="no out-of-bag prediction"):
        forest = classifier(2, oob_score=True).fit(IRIS.data, IRIS.target)
    given = ~np.isnan(forest.oob_decision_function_).any(axis=1)
    assert 0 < given.sum() < 150
    assert 0.8 < forest.oob_score_ <= 1


# Growth


def test_the_history_is_the_loss_out_of_the_bag():
    X, y = DIABETES.data, DIABETES.target
    forest = regressor(40, oob_score=True).fit(X, y)
    assert forest.history_["step"] == list(range(1, 41))
    last = np.mean((forest.oob_prediction_ - y) ** 2)
    assert forest.history_["loss"][-1] == pytest.approx(last)
    assert forest.history_["loss"][-1] < 0.8 * forest.history_["loss"][0]
    assert regressor().fit(X, y).history_["loss"] == []  # nobody looked


@pytest.mark.parametrize("make", [classifier, regressor])
def test_growth_cut_up_is_growth_at_once(make):
    X, y = DIABETES.data, DIABETES.target > 140
    whole = make(40).fit(X, y)
    cut = make(40).fit(X, y, monitors=[learn.monitors.EveryN(7)])
    threads = make(40, n_jobs=1).fit(X, y)
    again = make(15, warm_start=True).fit(X, y).set_params(n_estimators=40).fit(X, y)
    for other in (cut, threads, again):
        np.testing.assert_array_equal(other.predict(X), whole.predict(X))
        assert other.n_iter_ == 40
    assert not np.array_equal(make(40, random_state=1).fit(X, y).predict(X), whole.predict(X))


def test_warm_starts_only_add_trees():
    forest = classifier(20, warm_start=True).fit(IRIS.data, IRIS.target)
    before = forest.get_tree(3)
    forest.set_params(n_estimators=30).fit(IRIS.data, IRIS.target)
    np.testing.assert_array_equal(forest.get_tree(3).threshold, before.threshold)
    with pytest.raises(ValueError, match="n_estimators=5 must be larger or equal"):
        forest.set_params(n_estimators=5).fit(IRIS.data, IRIS.target)
    assert forest.n_iter_ == 30


def test_partial_fit_adds_trees_of_further_rows():
    X, y = DIABETES.data, DIABETES.target
    forest = regressor(20).fit(X[:221], y[:221])
    first, early = forest.get_tree(0), copy.copy(forest)
    alone = forest.score(X[221:], y[221:])
    before = early.predict(X)
    forest.partial_fit(X[221:], y[221:], steps=15)
    assert forest.n_iter_ == 35
    np.testing.assert_array_equal(forest.get_tree(0).threshold, first.threshold)
    assert forest.score(X[221:], y[221:]) > alone
    np.testing.assert_array_equal(early.predict(X), before)
    assert forest.partial_fit(X, y).n_iter_ == 55


def test_partial_fit_may_be_told_of_classes_to_come():
    X, y = IRIS.data, IRIS.target
    forest = classifier(10).partial_fit(X[:100], y[:100], classes=[0, 1, 2])
    assert forest.predict_proba(X).shape == (150, 3)
    forest.partial_fit(X, y, steps=40)
    assert forest.score(X, y) > 0.9


def test_fewer_steps_stop_earlier():
    X, y = IRIS.data, IRIS.target
    assert classifier(30).fit(X, y, steps=12).evaluate(X, y)["global_step"] == 12
    assert classifier(30).fit(X, y, max_steps=7).n_iter_ == 7
    assert classifier(30).fit(X, y, steps=200).n_iter_ == 30


def test_a_loss_monitor_ends_growth():
    monitor = learn.monitors.LossMonitor(early_stopping_rounds=10, check_every_n_steps=5)
    forest = classifier(300).fit(IRIS.data, IRIS.target, monitors=[monitor])
    assert forest.n_iter_ < 300
    assert forest.n_iter_ - monitor.best_step >= 10


def test_a_validation_monitor_ends_growth_and_keeps_the_best():
    X, y = IRIS.data, IRIS.target
    monitor = learn.monitors.ValidationMonitor(
        X[::3], y[::3], every_n_steps=5, early_stopping_rounds=15
    )
    rest = np.arange(150) % 3 > 0
    forest = classifier(300).fit(X[rest], y[rest], monitors=[monitor])
    assert monitor.early_stopped
    assert forest.evaluate(X[::3], y[::3])["loss"] == pytest.approx(monitor.best_value)
    looked = [value for value in forest.history_["val_loss"] if value is not None]
    assert min(looked) == monitor.best_value


def test_ctrl_c_keeps_the_trees_there_are(ctrl_c):
    class Interrupt(learn.monitors.EveryN):
        def every_n_step_end(self, step, outputs):
            raise KeyboardInterrupt

    with pytest.warns(learn.TrainingInterruptedWarning, match="after step 40"):
        forest = classifier(200).fit(IRIS.data, IRIS.target, monitors=[Interrupt(40, -1)])
    assert forest.n_iter_ == 40
    np.testing.assert_array_equal(
        forest.predict(IRIS.data), classifier(40).fit(IRIS.data, IRIS.target).predict(IRIS.data)
    )


# Streams


def test_functions_and_streams_bring_rows():
    X, y = IRIS.data, IRIS.target
    expected = classifier().fit(X, y).predict_proba(X)

    def tensors():
        return tf.constant(X), tf.constant(y)

    def batches():
        return tf.data.Dataset.from_tensor_slices((X, y)).batch(32)

    for brought in (tensors, batches):
        forest = classifier().fit(input_fn=brought)
        np.testing.assert_array_equal(forest.predict_proba(X), expected)
        assert forest.evaluate(input_fn=brought)["accuracy"] > 0.9
    streamed = classifier().fit(iter(X), iter(y))  # all rows of it, and all its classes
    np.testing.assert_array_equal(streamed.predict_proba(X), expected)
    with pytest.raises(ValueError, match="A stream passes once"):
        classifier().fit(iter(X), iter(y), epochs=2)


def test_sparse_matrices_become_dense():
    X, y = load_digits(n_class=3, return_X_y=True)
    dense = classifier().fit(X, y).predict_proba(X)
    kinds = sparse.csr_array(X), sparse.csc_matrix(X)
    for kind in kinds:
        np.testing.assert_array_equal(classifier().fit(kind, y).predict_proba(kind), dense)


# What is kept


def test_pickles_are_small_and_predict_the_same(people):
    X, y = people
    forest = classifier().fit(X, y)
    expected = forest.predict_proba(X)
    twin = pickle.loads(pickle.dumps(forest))
    np.testing.assert_array_equal(twin.predict_proba(X), expected)
    np.testing.assert_array_equal(copy.deepcopy(forest).predict_proba(X), expected)
    again = [each.partial_fit(X, y, steps=5).predict_proba(X) for each in (twin, forest)]
    np.testing.assert_array_equal(*again)


def test_a_pickle_is_a_tenth_of_scikit_learns():
    rng = np.random.default_rng(0)
    X = rng.standard_normal((4000, 10)).astype(np.float32)
    y = (X[:, 0] + 0.5 * rng.standard_normal(4000) > 0).astype(int)
    limits = {"max_depth": None, "min_samples_leaf": 1}
    ours = len(pickle.dumps(classifier(10, **limits).fit(X, y)))
    theirs = len(pickle.dumps(TheirClassifier(10, random_state=0).fit(X, y)))
    assert ours < 0.1 * theirs


def test_fitted_forests_predict_without_the_engine(tmp_path):
    forest = classifier(5).fit(IRIS.data, IRIS.target)
    path = tmp_path / "forest.pickle"
    path.write_bytes(pickle.dumps((forest, IRIS.data)))
    code = (
        "import pickle, sys; sys.modules['ydf'] = None\n"
        f"forest, X = pickle.load(open({str(path)!r}, 'rb'))\n"
        "print(forest.predict_proba(X).sum(axis=0).tolist())"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    expected = forest.predict_proba(IRIS.data).sum(axis=0).tolist()
    assert json.loads(done.stdout.splitlines()[-1]) == expected


@pytest.mark.parametrize("make", [classifier, regressor])
def test_a_folder_keeps_a_forest_and_resumes(tmp_path, make, people):
    X, y = people
    y = y if make is classifier else (y == "in").astype(float)
    whole = make(50, oob_score=True).fit(X, y)
    for steps in (12, 25):
        make(50, model_dir=tmp_path).fit(X, y, steps=steps)
    resumed = make(50, model_dir=tmp_path, oob_score=True).fit(X, y)
    assert resumed.evaluate(X, y)["global_step"] == 50
    np.testing.assert_array_equal(resumed.predict(X), whole.predict(X))
    assert resumed.oob_score_ == pytest.approx(whole.oob_score_)
    adopted = make(50, model_dir=tmp_path)
    np.testing.assert_array_equal(adopted.predict(X), whole.predict(X))
    saved = np.load(next(tmp_path.glob("checkpoint-*50/arrays.npz")), allow_pickle=False)
    assert {array.dtype.kind for array in saved.values()} <= set("iuf")
    with pytest.raises(learn.CheckpointError, match="features of the checkpoint"):
        make(60, model_dir=tmp_path).fit(X.drop(columns="age"), y)


def test_a_folder_keeps_declared_columns(tmp_path, people):
    X, y = people
    city = learn.sparse_column_with_hash_bucket("city", 20)
    columns = [city, learn.real_valued_column("age")]
    forest = classifier(model_dir=tmp_path, feature_columns=columns).fit(X, y)
    adopted = classifier(model_dir=tmp_path, feature_columns=columns)
    np.testing.assert_array_equal(adopted.predict_proba(X), forest.predict_proba(X))
    with pytest.raises(learn.CheckpointError, match="should be of the feature columns"):
        classifier(model_dir=tmp_path, feature_columns=columns[:1]).predict(X)


def test_variables_are_arrays_by_name():
    forest = classifier(5).fit(IRIS.data, IRIS.target)
    assert "trees/threshold" in forest.get_variable_names()
    assert forest.get_variable_value("global_step") == 5
    assert len(forest.get_variable_value("trees/sizes")) == 5
    with pytest.raises(ValueError, match="Did you mean 'trees/threshold'"):
        forest.get_variable_value("trees/treshold")


# Trees to look at


def test_a_tree_is_told_as_text():
    frame = pd.DataFrame({"age": [20.0, 30, 40, 50] * 20, "city": ["Rome", "Oslo"] * 40})
    y = np.where((frame["age"] >= 45) & (frame["city"] == "Oslo"), "in", "out")
    limits = {"bootstrap": False, "max_features": None, "min_samples_leaf": 1}
    forest = classifier(1, **limits).fit(frame, y)
    assert forest.tree_text(0).splitlines() == [
        "age >= 45",
        "|-- yes: in: 1, out: 0",
        "|-- no: in: 0, out: 1",
    ]
    assert forest.tree_text(0, max_depth=0) == "age >= 45 ..."
    numbers = regressor(1, **limits).fit(frame[["age"]], frame["age"] * 2)
    assert "|-- no: 40" in numbers.tree_text()
    for wrong in (-1, 1):
        with pytest.raises(IndexError, match="There are trees from 0 to 0"):
            forest.get_tree(wrong)


def test_a_tree_is_drawn():
    plt = pytest.importorskip("matplotlib.pyplot", reason="an extra")
    forest = classifier(3).fit(IRIS.data, IRIS.target)
    tree = forest.get_tree(1)
    ax = forest.plot_tree(1, max_depth=None, ax=plt.figure().gca())
    boxes = [text for text in ax.texts if text.get_bbox_patch() is not None]
    assert len(boxes) == len(tree.left)
    assert len(ax.lines) == len(tree.left) - 1
    assert any(">= " in box.get_text() for box in boxes)
    assert len(forest.plot_tree(1, max_depth=0, ax=plt.figure().gca()).texts) == 1
    plt.close("all")


def test_dates_and_offsets_show_in_thresholds():
    X = 1.6e9 + np.arange(100.0)[:, None]
    tree = regressor(1, bootstrap=False).fit(X, X[:, 0] >= 1.6e9 + 40).get_tree(0)
    assert tree.threshold[0] == pytest.approx(1.6e9 + 39.5, abs=0.1)


def test_nobody_is_warned(people):
    X, y = people
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        clone(classifier()).fit(X, y).predict(X)
