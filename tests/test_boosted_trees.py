"""Boosted trees: what they learn and predict, when they stop, what is kept of them."""

import copy
import importlib.util
import pickle
import sys
import warnings

import numpy as np
import pandas as pd
import pytest
import tensorflow as tf
from scipy.special import expit, softmax
from sklearn.base import clone
from sklearn.datasets import (
    load_breast_cancer,
    load_diabetes,
    load_digits,
    load_iris,
    make_friedman1,
)
from sklearn.ensemble import (
    GradientBoostingRegressor,
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
)
from sklearn.metrics import log_loss
from sklearn.model_selection import train_test_split

import tflearnkit as learn

pytest.importorskip("ydf", reason="an extra: pip install 'tflearnkit[forest]'")

IRIS = load_iris()
CANCER = load_breast_cancer()
DIABETES = load_diabetes()


def classifier(n_trees=20, **params):
    return learn.BoostedTreesClassifier(n_trees=n_trees, **{"random_state": 0, **params})


def regressor(n_trees=20, **params):
    return learn.BoostedTreesRegressor(n_trees=n_trees, **{"random_state": 0, **params})


every_kind = pytest.mark.parametrize("make", [classifier, regressor])


@pytest.fixture(scope="module")
def people():
    """A frame of strings, categories, booleans and gaps; the label depends on three of them."""
    rng = np.random.default_rng(0)
    n = 900
    frame = pd.DataFrame(
        {
            "age": np.where(rng.random(n) < 0.2, np.nan, rng.normal(40, 10, n)),
            "city": rng.choice(np.array(["Oslo", "Rome", "Bonn", None], object), n),
            "size": pd.Categorical(rng.choice(["s", "m", "l"], n)),
            "member": rng.random(n) < 0.5,
        }
    )
    inside = (frame["city"].isna() & frame["member"]) | frame["age"].isna()
    return frame, np.where(inside, "in", "out")


# What they learn


def means_over_splits(X, y, models, measure):
    """Measure models on five splits, a seed each; return a mean for each model."""
    found = []
    for seed in range(5):
        X_train, X_test, y_train, y_test = train_test_split(X, y, random_state=seed)
        fitted = [clone(m).set_params(random_state=seed).fit(X_train, y_train) for m in models]
        found.append([measure(model, X_test, y_test) for model in fitted])
    return np.mean(found, axis=0)


def accuracy_and_loss(model, X, y):
    return model.score(X, y), log_loss(y, model.predict_proba(X))


def test_classes_are_told_apart_as_well_as_by_scikit_learn():
    models = classifier(40), HistGradientBoostingClassifier(max_iter=40)
    ours, theirs = means_over_splits(CANCER.data, CANCER.target, models, accuracy_and_loss)
    assert ours[0] > theirs[0] - 0.01
    assert ours[1] < theirs[1] + 0.02


def test_numbers_are_predicted_as_well_as_by_scikit_learn():
    def r2(model, X, y):
        return model.score(X, y)

    models = regressor(30), HistGradientBoostingRegressor(max_iter=30)
    ours, theirs = means_over_splits(*make_friedman1(900, noise=1.0, random_state=0), models, r2)
    assert ours > theirs - 0.02


def test_several_classes_have_a_tree_each_in_every_step():
    X, y = load_digits(n_class=5, return_X_y=True)
    names = np.array(["zero", "one", "two", "three", "four"])[y]
    X, X_test, names, names_test = train_test_split(X, names, random_state=0)
    clf = classifier(15).fit(X, names)
    assert clf.score(X_test, names_test) > 0.95
    assert clf.classes_.tolist() == sorted(set(names))
    assert [clf.get_tree(index).output for index in range(10)] == [*range(5), *range(5)]
    with pytest.raises(IndexError, match="There are trees from 0 to 74"):
        clf.get_tree(75)
    scores = clf.decision_function(X_test)
    assert scores.shape == (len(X_test), 5)
    np.testing.assert_allclose(clf.predict_proba(X_test), softmax(scores, axis=1), rtol=1e-6)
    found = clf.evaluate(X_test, names_test)
    assert found["loss"] == pytest.approx(log_loss(names_test, clf.predict_proba(X_test)))
    assert found["global_step"] == clf.n_iter_ == 15


def test_strings_categories_and_missing_values_go_in_as_they_are(people):
    X, y = people
    clf = classifier(50).fit(X[:600], y[:600])
    assert clf.score(X[600:], y[600:]) > 0.98
    importances = dict(zip(clf.feature_names_in_, clf.feature_importances_, strict=True))
    assert min(importances[name] for name in ("age", "city", "member")) > importances["size"]
    new, other = (X.assign(city=city) for city in ("Paris", "Lima"))  # not there in training
    np.testing.assert_array_equal(clf.predict_proba(new), clf.predict_proba(other))


def test_several_outputs_have_trees_each():
    X, y = DIABETES.data, DIABETES.target
    targets = np.column_stack([y, y**2])
    both = regressor().fit(X, targets)
    np.testing.assert_array_equal(both.predict(X)[:, 0], regressor().fit(X, y).predict(X))
    assert both.score(X, targets) > 0.6
    labels = (targets > np.median(targets, axis=0)).astype(int)
    clf = classifier().fit(X, labels)
    assert clf.predict_proba(X).shape == labels.shape
    assert (clf.predict(X) == labels).mean() > 0.9


def test_targets_far_from_zero_keep_their_digits():
    X, y = DIABETES.data, DIABETES.target
    near, far = regressor().fit(X, y), regressor().fit(X, y / 1000 + 1e6)
    assert np.abs(far.predict(X) - (near.predict(X) / 1000 + 1e6)).mean() < 1e-4  # of about .06


def test_a_single_class_is_learned():
    clf = classifier().fit(IRIS.data, np.full(150, "only"))
    assert set(clf.predict(IRIS.data)) == {"only"}
    np.testing.assert_allclose(clf.predict_proba(IRIS.data), 1)


# What a tree adds


SIDES = np.repeat([0.0, 1.0], [40, 60])[:, None]


@pytest.mark.parametrize("sides", [SIDES, pd.DataFrame({"side": list("a" * 40 + "b" * 60)})])
@pytest.mark.parametrize("l2", [0.0, 5.0])
def test_a_leaf_takes_newtons_step(l2, sides):
    """Left 10 of 40 rows are of the second class, right 45 of 60, together 55 of 100."""
    y = np.r_[np.arange(40) < 10, np.arange(60) < 45]
    clf = classifier(1, learning_rate=0.5, l2_regularization=l2).fit(sides, y)
    ends = sides[::99]  # the first row and the last
    start = np.log(0.55 / 0.45)
    left = start + 0.5 * (10 - 40 * 0.55) / (40 * 0.55 * 0.45 + l2)
    right = start + 0.5 * (45 - 60 * 0.55) / (60 * 0.55 * 0.45 + l2)
    found = clf.decision_function(ends)
    np.testing.assert_allclose(found, [left, right], rtol=1e-5)
    np.testing.assert_allclose(clf.predict_proba(ends)[:, 1], expit(found), rtol=1e-6)


def test_categories_of_few_rows_are_not_learnt_by_heart():
    """Weighed as thresholds are, the sets of a column of noise take two fifths of what is won."""
    won = []
    for seed in range(3):
        rng = np.random.default_rng(seed)
        x = rng.standard_normal(600)
        noise = rng.integers(0, 150, 600).astype(str)
        y = x + rng.standard_normal(600) > 0
        clf = classifier().fit(pd.DataFrame({"noise": noise, "x": x}), y)
        won.append(clf.feature_importances_[0])
    assert np.mean(won) < 0.33


@pytest.mark.parametrize("l2", [0.0, 5.0])
def test_a_leaf_moves_towards_the_mean_of_its_numbers(l2):
    y = np.r_[np.full(40, 10.0), np.full(60, 30.0)]  # mean 22
    reg = regressor(1, learning_rate=0.5, l2_regularization=l2).fit(SIDES, y)
    expected = 22 + 0.5 * np.array([-12 * 40 / (40 + l2), 8 * 60 / (60 + l2)])
    np.testing.assert_allclose(reg.predict(SIDES[[0, -1]]), expected, rtol=1e-5)
    assert sorted(np.unique(reg.get_tree(0).value[1:, 0])) == pytest.approx(expected - 22)


def test_a_strong_l1_penalty_leaves_the_start():
    y = np.r_[np.arange(40) < 10, np.arange(60) < 45]
    scores = [
        np.ptp(classifier(5, l1_regularization=l1).fit(SIDES, y).decision_function(SIDES))
        for l1 in (0.0, 5.0, 1000.0)
    ]
    assert scores[0] > scores[1] > scores[2] == 0


def test_the_history_is_the_training_loss():
    X, y = DIABETES.data, DIABETES.target
    reg = regressor(40).fit(X, y)
    assert reg.history_["step"] == list(range(1, 41))
    assert (np.diff(reg.history_["loss"]) < 0).all()
    assert reg.history_["loss"][-1] == pytest.approx(np.mean((reg.predict(X) - y) ** 2), rel=1e-5)
    clf = classifier(40).fit(IRIS.data, IRIS.target)
    expected = log_loss(IRIS.target, clf.predict_proba(IRIS.data))
    assert clf.history_["loss"][-1] == pytest.approx(expected, rel=1e-5)


# Weights


def test_weights_count():
    """Contradicting labels: the heavier ones win, three to one."""
    X = np.repeat(np.arange(10.0), 40)[:, None]
    y = np.tile(np.repeat(["light", "heavy"], 20), 10)
    weights = np.where(y == "heavy", 3.0, 1.0)
    found = classifier().fit(X, y, weights).predict_proba(X)
    np.testing.assert_allclose(found[:, 0], 0.75, atol=1e-4)
    by_class = classifier(class_weight={"heavy": 3.0}).fit(X, y).predict_proba(X)
    np.testing.assert_array_equal(by_class, found)
    frame = pd.DataFrame({"x": X[:, 0], "w": weights})
    by_column = classifier(weight_column_name="w").fit(frame, y)
    np.testing.assert_array_equal(by_column.predict_proba(frame), found)
    numbers = np.where(y == "heavy", 8.0, 4.0)
    np.testing.assert_allclose(regressor().fit(X, numbers, weights).predict(X), 7, atol=1e-3)


@every_kind
def test_a_row_of_weight_three_is_three_rows(make):
    X, y = DIABETES.data, DIABETES.target
    y = y if make is regressor else y > 140
    counts = np.arange(442) % 3 + 1
    exact = {"l2_regularization": 0.0, "max_bins": None, "min_samples_leaf": 1, "max_depth": 3}
    weighted = make(10, **exact).fit(X, y, counts)
    repeated = make(10, **exact).fit(np.repeat(X, counts, axis=0), np.repeat(y, counts))
    finest = "predict" if make is regressor else "predict_proba"
    found, expected = (getattr(model, finest)(X) for model in (weighted, repeated))
    np.testing.assert_allclose(found, expected, rtol=1e-3)


def test_heavy_rows_are_fitted_first():
    """As closely as scikit-learn fits them."""
    X, y = DIABETES.data, DIABETES.target
    heavy = np.arange(442) % 2 == 0
    weights = np.where(heavy, 50.0, 1.0)
    theirs = HistGradientBoostingRegressor(max_iter=30, min_samples_leaf=5).fit(X, y, weights)
    ours, theirs = (np.abs(m.predict(X) - y) for m in (regressor(30).fit(X, y, weights), theirs))
    assert ours[heavy].mean() < 0.5 * ours[~heavy].mean()
    assert ours[heavy].mean() < 1.5 * theirs[heavy].mean()


def test_balanced_classes_weigh_the_same():
    X, y = IRIS.data[:120], IRIS.target[:120] == 2  # 100 and 20
    balanced = classifier(class_weight="balanced").fit(X, y)
    by_hand = classifier().fit(X, y, np.where(y, 3.0, 0.6))
    np.testing.assert_array_equal(balanced.predict_proba(X), by_hand.predict_proba(X))
    assert not np.array_equal(balanced.predict_proba(X), classifier().fit(X, y).predict_proba(X))


# When they stop


def noisy(n=600):
    """Labels that the first of four numbers decides, but for a third of them."""
    rng = np.random.default_rng(0)
    X = rng.standard_normal((n, 4))
    return X, (X[:, 0] > 0) ^ (rng.random(n) < 0.3)


def test_early_stopping_keeps_the_trees_up_to_the_best():
    X, y = noisy()
    plain = classifier(300).fit(X[:400], y[:400])
    stopped = classifier(300, early_stopping=True, n_iter_no_change=20).fit(X[:400], y[:400])
    assert plain.n_iter_ == 300
    losses = [v for v in stopped.history_["val_loss"] if v is not None]
    assert stopped.n_iter_ == np.argmin(losses) + 1 < len(losses) - 19
    assert stopped.evaluate(X, y)["global_step"] == stopped.n_iter_
    with pytest.raises(IndexError, match=f"from 0 to {stopped.n_iter_ - 1}"):
        stopped.get_tree(stopped.n_iter_)
    ours, theirs = (log_loss(y[400:], m.predict_proba(X[400:])) for m in (stopped, plain))
    assert ours < theirs - 0.1


def test_a_folder_keeps_the_trees_up_to_the_best(tmp_path):
    X, y = noisy()
    often = learn.RunConfig(save_checkpoints_steps=3, save_checkpoints_secs=None)
    early = {"early_stopping": True, "model_dir": tmp_path, "config": often}
    stopped = classifier(300, **early).fit(X, y)
    adopted = classifier(300, model_dir=tmp_path)
    np.testing.assert_array_equal(adopted.predict_proba(X), stopped.predict_proba(X))
    assert adopted.evaluate(X, y)["global_step"] == stopped.n_iter_


def test_early_stopping_holds_out_rows_by_the_seed():
    X, y = noisy()
    models = [classifier(100, early_stopping=True, random_state=s).fit(X, y) for s in (0, 0, 1)]
    first, again, other = (model.predict_proba(X) for model in models)
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, other)
    more = classifier(100, early_stopping=True, validation_fraction=0.5).fit(X, y)
    assert not np.array_equal(more.predict_proba(X), first)
    numbers = regressor(300, early_stopping=True).fit(DIABETES.data, DIABETES.target)
    assert numbers.n_iter_ < 300


def test_a_validation_monitor_stops_and_goes_back_to_the_best():
    X, y = noisy()
    monitor = learn.monitors.ValidationMonitor(
        X[400:], y[400:], every_n_steps=5, early_stopping_rounds=30
    )
    clf = classifier(500).fit(X[:400], y[:400], monitors=[monitor])
    assert monitor.early_stopped
    assert clf.n_iter_ == monitor.best_step < 500
    assert clf.evaluate(X[400:], y[400:])["loss"] == pytest.approx(monitor.best_value)
    short = classifier(monitor.best_step).fit(X[:400], y[:400])
    np.testing.assert_array_equal(clf.predict_proba(X), short.predict_proba(X))
    # What was thrown away is grown again where growth goes on.
    clf.set_params(warm_start=True, n_trees=60).fit(X[:400], y[:400])
    whole = classifier(60).fit(X[:400], y[:400])
    np.testing.assert_array_equal(clf.predict_proba(X), whole.predict_proba(X))


def test_a_loss_monitor_stops_where_nothing_is_left_to_learn():
    monitor = learn.monitors.LossMonitor(early_stopping_rounds=5, check_every_n_steps=1)
    y = np.r_[np.full(40, 10.0), np.full(60, 30.0)]
    reg = regressor(500, learning_rate=1.0, l2_regularization=0.0)
    assert reg.fit(SIDES, y, monitors=[monitor]).n_iter_ < 50


# How they grow


@every_kind
@pytest.mark.parametrize(
    "draws", [{}, {"subsample": 0.6, "max_features": "sqrt"}], ids=["all", "drawn"]
)
def test_growth_cut_up_is_growth_at_once(make, draws, tmp_path):
    """With other threads, monitors, a warm start and a folder: the same bits."""
    X, y = DIABETES.data, DIABETES.target > 140

    whole = make(50, n_jobs=2, **draws).fit(X, y)
    for n_jobs in (1, 3):
        one = make(50, n_jobs=n_jobs, **draws).fit(X, y)
        np.testing.assert_array_equal(one.predict(X), whole.predict(X))
    cut = make(50, **draws).fit(X, y, monitors=[learn.monitors.EveryN(7)])
    warm = make(15, warm_start=True, **draws).fit(X, y).set_params(n_trees=50).fit(X, y)
    for steps in (12, 25):
        make(50, model_dir=tmp_path, **draws).fit(X, y, steps=steps)
    resumed = make(50, model_dir=tmp_path, **draws).fit(X, y)
    adopted = make(50, model_dir=tmp_path, **draws)
    for other in (cut, warm, resumed, adopted):
        np.testing.assert_array_equal(other.predict(X), whole.predict(X))
        assert other.evaluate(X, y)["global_step"] == 50
    seeded = make(50, random_state=1, **draws).fit(X, y)
    assert not np.array_equal(seeded.predict(X), whole.predict(X))


def test_several_classes_resume_to_the_same_bits(tmp_path, people):
    X, y = people
    y = np.where(X["member"], y, "guest")
    whole = classifier(40, subsample=0.7).fit(X, y)
    classifier(40, subsample=0.7, model_dir=tmp_path).fit(X, y, steps=10)
    resumed = classifier(40, subsample=0.7, model_dir=tmp_path).fit(X, y)
    np.testing.assert_array_equal(resumed.predict_proba(X), whole.predict_proba(X))
    with pytest.raises(learn.CheckpointError, match="features of the checkpoint"):
        classifier(60, model_dir=tmp_path).fit(X.drop(columns="age"), y)


def test_a_warm_start_adds_trees_and_takes_none_away():
    clf = classifier(10, warm_start=True).fit(IRIS.data, IRIS.target)
    before = clf.get_tree(4).threshold
    clf.set_params(n_trees=12).fit(IRIS.data, IRIS.target)
    assert clf.n_iter_ == 12
    np.testing.assert_array_equal(clf.get_tree(4).threshold, before)
    with pytest.raises(ValueError, match="=5 must be larger or equal to the number of trees"):
        clf.set_params(n_trees=5).fit(IRIS.data, IRIS.target)
    assert clf.n_iter_ == 12


def test_partial_fit_corrects_on_further_rows():
    X, y = DIABETES.data, DIABETES.target
    reg = regressor(30).fit(X[:221], y[:221])
    early, before, score = copy.copy(reg), reg.predict(X), reg.score(X[221:], y[221:])
    reg.partial_fit(X[221:], y[221:], steps=25)
    assert reg.n_iter_ == 55
    assert reg.score(X[221:], y[221:]) > score + 0.1
    np.testing.assert_array_equal(early.predict(X), before)
    assert reg.partial_fit(X, y).n_iter_ == 85
    told = classifier(5).partial_fit(IRIS.data[:100], IRIS.target[:100], classes=[0, 1, 2])
    assert told.partial_fit(IRIS.data, IRIS.target, steps=20).score(IRIS.data, IRIS.target) > 0.9


def test_trees_have_the_limits_that_are_set():
    X, y = DIABETES.data, DIABETES.target

    def trees(**params):
        reg = regressor(5, **params).fit(X, y)
        return [reg.get_tree(index) for index in range(5)]

    assert {(tree.left < 0).sum() for tree in trees()} == {31}
    for depth in (1, 2, 4):
        assert max(tree.depth for tree in trees(max_depth=depth)) == depth
        assert max(tree.depth for tree in trees(max_depth=depth, max_leaf_nodes=None)) == depth
    assert {(tree.left < 0).sum() for tree in trees(max_leaf_nodes=6)} == {6}
    assert max((tree.left < 0).sum() for tree in trees(min_samples_leaf=0.3)) <= 3
    assert {tree.feature[0] for tree in trees(max_features=1, max_depth=1)} != {2}
    assert all(len(set(tree.threshold[tree.feature == 2])) <= 3 for tree in trees(max_bins=4))
    assert classifier(7, n_estimators=3).fit(X, y > 140).n_iter_ == 3  # its other name
    assert classifier(7).fit(X, y > 140, steps=4).n_iter_ == 4


def test_importances_name_what_matters():
    X, y = make_friedman1(800, 10, random_state=0)  # the last five are noise
    found = regressor(40).fit(X, y).feature_importances_
    assert found.shape == (10,)
    assert found.sum() == pytest.approx(1)
    assert found[:5].min() > 5 * found[5:].max()
    theirs = GradientBoostingRegressor(n_estimators=40, max_depth=4, random_state=0).fit(X, y)
    np.testing.assert_allclose(found, theirs.feature_importances_, atol=0.05)


def test_functions_and_streams_bring_rows():
    X, y = IRIS.data, IRIS.target
    expected = classifier().fit(X, y).predict_proba(X)

    def batches():
        return tf.data.Dataset.from_tensor_slices((X, y)).batch(40)

    streamed = classifier().fit(input_fn=batches)
    np.testing.assert_array_equal(streamed.predict_proba(X), expected)
    assert streamed.evaluate(input_fn=batches)["accuracy"] > 0.9
    stopped = classifier(early_stopping=True).fit(input_fn=batches)  # all rows are there to choose
    assert len(stopped.history_["val_loss"]) >= stopped.n_iter_


# What is kept


@every_kind
def test_pickles_predict_the_same_and_grow_on(make, people):
    X, y = people
    y = y if make is classifier else (y == "in").astype(float)
    model = make().fit(X, y)
    twin = pickle.loads(pickle.dumps(model))
    np.testing.assert_array_equal(twin.predict(X), model.predict(X))
    again = [each.partial_fit(X, y, steps=5).predict(X) for each in (twin, model)]
    np.testing.assert_array_equal(*again)


def test_fitted_trees_predict_without_the_engine(monkeypatch, people):
    X, y = people
    clf = classifier(5).fit(X, y)
    expected = clf.predict_proba(X)
    monkeypatch.setitem(sys.modules, "ydf", None)
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(clf)).predict_proba(X), expected)


def test_a_tree_tells_what_it_adds_to_the_score():
    y = np.where(SIDES[:, 0] > 0, "right", "left")
    clf = classifier(2, learning_rate=1.0, l2_regularization=0.0, max_bins=None).fit(SIDES, y)
    question, yes, no = clf.tree_text(0).splitlines()
    assert question == "x0 >= 0.5 or missing"
    assert yes == f"|-- yes: score of right: {0.4 / 0.24:.4g}"
    assert no == f"|-- no: score of right: {-0.6 / 0.24:.4g}"


# Errors


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"n_trees": 0}, "The 'n_trees' parameter of BoostedTreesClassifier"),
        ({"n_estimators": 0}, "The 'n_estimators' parameter"),
        ({"learning_rate": 0.0}, "The 'learning_rate' parameter"),
        ({"learning_rate": None}, "The 'learning_rate' parameter"),
        ({"l1_regularization": -1.0}, "The 'l1_regularization' parameter"),
        ({"l2_regularization": -1.0}, "The 'l2_regularization' parameter"),
        ({"l2_regularization": None}, "The 'l2_regularization' parameter"),
        ({"max_depth": 0}, "The 'max_depth' parameter"),
        ({"max_leaf_nodes": 1}, "The 'max_leaf_nodes' parameter"),
        ({"subsample": 0.0}, "The 'subsample' parameter"),
        ({"max_bins": 1}, "The 'max_bins' parameter"),
        ({"validation_fraction": 1.0}, "The 'validation_fraction' parameter"),
        ({"n_iter_no_change": 0}, "The 'n_iter_no_change' parameter"),
        ({"class_weight": {0: -1.0}}, "class_weight must give each class a finite number >= 0"),
    ],
)
def test_parameters_are_checked_in_fit(params, message):
    clf = classifier().set_params(**params)
    with pytest.raises(ValueError, match=message):
        clf.fit(IRIS.data, IRIS.target)
    assert not hasattr(clf, "model_")


def test_what_trees_cannot_take_is_refused(people):
    X, y = people
    clf = classifier(5).fit(X, y)
    before = clf.predict_proba(X)
    with pytest.raises(ValueError, match="Input X contains infinity"):
        clf.fit(X.assign(age=np.inf), y)
    embedded = learn.embedding_column(learn.sparse_column_with_keys("city", ["Oslo"]), 2)
    with pytest.raises(ValueError, match="Pass its source column"):
        classifier(feature_columns=[embedded]).fit(X, y)
    with pytest.raises(ValueError, match="Unknown label type: continuous"):
        clf.fit(DIABETES.data, DIABETES.target + 0.5)
    np.testing.assert_array_equal(clf.predict_proba(X), before)  # as it was


def test_without_the_engine_an_error_says_what_to_install(monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name, package=None: None)
    with pytest.raises(ImportError, match=r"pip install 'tflearnkit\[forest\]'"):
        regressor().fit(DIABETES.data, DIABETES.target)


@every_kind
def test_nobody_is_warned(make, people):
    X, y = people
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        make(early_stopping=True).fit(X, y if make is classifier else X["member"] * 1.0).predict(X)
