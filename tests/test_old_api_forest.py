"""TF.Learn's tests of TensorForestEstimator, by their IDs in the inventory, and its words.

Not here, as they concern what the contract leaves out: that features and targets of another type
than float32 are refused, the graphs for training and inference (RF-06, whose tree paths
`get_tree` tells in another way) and the variance of a regression. Where the old tests took the
houses of Boston, these take the diabetes data.
"""

import numpy as np
import pytest
from old_api import IRIS, IRIS_COLUMNS, features_of, iris3
from scipy import sparse
from sklearn.base import clone, is_classifier, is_regressor
from sklearn.datasets import load_diabetes, load_digits
from sklearn.metrics import accuracy_score, r2_score, top_k_accuracy_score
from sklearn.model_selection import GridSearchCV, train_test_split

import tflearnkit as learn
from tflearnkit.monitors import LossMonitor

pytest.importorskip("ydf", reason="an extra: pip install 'tflearnkit[forest]'")

DIABETES = load_diabetes()
X32, Y32 = IRIS.data.astype(np.float32), IRIS.target.astype(np.float32)


def forest(num_trees=10, random_state=0, **params):
    params = learn.ForestHParams(num_trees=num_trees, **params)
    return learn.TensorForestEstimator(params, random_state=random_state)


# What it learns


def test_iris():  # RF-01
    est = forest(3, max_nodes=1000, num_classes=3, num_features=4)
    est.fit(x=X32, y=Y32, steps=100, monitors=[LossMonitor(10, 10)])
    found = est.evaluate(x=X32, y=Y32, steps=10)
    assert found["accuracy"] > 0.9
    assert found["global_step"] == 3
    assert est.predict(x=X32).tolist() == est.classes_[est.predict_proba(x=X32).argmax(1)].tolist()


def test_iris_from_an_input_fn():  # RF-01, RF-06: probabilities
    params = learn.ForestHParams(num_trees=10, num_classes=3)
    est = learn.TensorForestEstimator(params, feature_columns=IRIS_COLUMNS, random_state=0)
    est.fit(input_fn=iris3, steps=100)
    assert est.evaluate(input_fn=iris3, steps=1)["accuracy"] > 0.9
    probabilities = est.predict_proba(input_fn=features_of(iris3))
    np.testing.assert_allclose(probabilities.sum(axis=1), 1)
    rows = list(est.predict(input_fn=features_of(iris3), as_iterable=True))
    assert rows == est.predict(input_fn=features_of(iris3)).tolist()


def test_numbers():  # RF-02
    est = forest(30, max_nodes=1000, num_classes=1, num_features=10, regression=True)
    est.fit(DIABETES.data, DIABETES.target, steps=100, monitors=[LossMonitor(10, 10)])
    found = est.evaluate(DIABETES.data, DIABETES.target, steps=10)
    assert found["r2"] == pytest.approx(est.score(DIABETES.data, DIABETES.target))
    assert found["r2"] > 0.6
    assert is_regressor(est)
    assert not is_classifier(est)
    assert not hasattr(est, "predict_proba")
    assert not hasattr(est, "classes_")


def test_digits():
    X, y = load_digits(return_X_y=True)
    X, X_test, y, y_test = train_test_split(X.astype(np.float32), y, random_state=0)
    est = forest(60, max_nodes=1000, num_classes=10, num_features=64).fit(X, y, steps=100)
    assert est.score(X_test, y_test) > 0.95


def test_growth_ends_where_the_loss_shows_no_progress():
    stop = LossMonitor(early_stopping_rounds=20, check_every_n_steps=10)
    est = forest(500).fit(X32, Y32, steps=500, monitors=[stop])
    assert 30 <= est.n_iter_ < 500
    assert est.n_iter_ - stop.best_step >= 20


def test_sparse_rows_are_dense_ones():  # RF-06
    X = np.where(X32 > 1, X32, 0)
    dense = forest().fit(X, Y32).predict_proba(X)
    found = forest().fit(sparse.csr_array(X), Y32).predict_proba(sparse.csr_array(X))
    np.testing.assert_array_equal(found, dense)


def test_metrics_are_those_of_the_predictions():  # RF-07
    def top_2(probabilities, labels):
        return top_k_accuracy_score(labels, probabilities, k=2, labels=[0, 1, 2])

    rows = slice(0, 150, 3)
    est = forest(3, max_nodes=3).fit(X32[::2], Y32[::2].astype(int))
    metrics = {("top_2", "probabilities"): top_2}
    found = est.evaluate(X32[rows], IRIS.target[rows], metrics=metrics)
    expected = accuracy_score(IRIS.target[rows], est.predict(X32[rows]))
    assert found["accuracy"] == expected < 1
    assert found["top_2"] == top_2(est.predict_proba(X32[rows]), IRIS.target[rows]) > expected
    numbers = forest(regression=True).fit(DIABETES.data, DIABETES.target)
    r2 = r2_score(DIABETES.target, numbers.predict(DIABETES.data))
    assert numbers.evaluate(DIABETES.data, DIABETES.target)["r2"] == pytest.approx(r2)


# Its parameters


def test_parameters_are_filled_in():  # RF-03
    params = learn.ForestHParams(
        num_classes=2, num_trees=100, max_nodes=1000, split_after_samples=25, num_features=60
    ).fill()
    assert params.num_classes == 2
    assert params.num_output_columns == 3
    assert params.num_splits_to_consider == 10
    assert params.max_fertile_nodes == 500
    assert params.valid_leaf_threshold == 1
    assert params.base_random_seed == 0
    assert params.regression is False
    assert params.num_outputs == 1
    assert params.bagged_num_features == 60


def test_many_features_have_the_root_of_their_number_looked_at():  # RF-04
    params = learn.ForestHParams(max_nodes=1_000_000, num_classes=2, num_features=1000).fill()
    assert params.num_splits_to_consider == 31  # 0.11 rounded up
    assert params.max_fertile_nodes == 32259
    regression = learn.ForestHParams(num_classes=4, num_features=5, regression=True).fill()
    assert regression.num_outputs == 4


def test_what_is_given_is_kept():  # RF-05
    given = {"num_splits_to_consider": 5, "max_fertile_nodes": 7, "base_random_seed": 9}
    words = {"model_name": "all_sparse", "split_pruning_name": "half", "anything": "else"}
    params = learn.ForestHParams(num_classes=2, num_features=60, **given, **words).fill()
    assert params.values().items() >= (given | words).items()
    assert "model_name='all_sparse'" in repr(params)


@pytest.mark.parametrize("missing", ["num_classes", "num_features"])
def test_filling_in_needs_classes_and_features(missing):
    known = {"num_classes": 3, "num_features": 4}
    del known[missing]
    with pytest.raises(AttributeError, match=missing):
        learn.ForestHParams(**known).fill()


def test_filled_parameters_grow_the_forest_that_others_do():
    whole = {"num_trees": 5, "num_classes": 3, "num_features": 4}
    filled, plain = learn.ForestHParams(**whole).fill(), learn.ForestHParams(num_trees=5)
    found = [
        learn.TensorForestEstimator(params, random_state=0).fit(X32, Y32).predict_proba(X32)
        for params in (filled, plain)
    ]
    np.testing.assert_array_equal(*found)


def test_trees_have_the_limits_that_are_set():
    def trees(**params):
        est = forest(5, regression=True, **params).fit(DIABETES.data, DIABETES.target)
        return [est.get_tree(index) for index in range(5)]

    assert {len(tree.left) for tree in trees(max_nodes=31)} == {31}
    assert max(len(tree.left) for tree in trees(max_nodes=32)) == 31  # nodes come in pairs
    full = min(len(tree.left) for tree in trees())
    assert full > 300
    assert max(len(tree.left) for tree in trees(bagging_fraction=0.2)) < full / 2
    assert max(len(tree.left) for tree in trees(valid_leaf_threshold=60)) < 15
    roots = {tree.feature[0] for tree in trees(num_splits_to_consider=1)}
    assert len(roots) > 1
    assert len({tree.feature[0] for tree in trees(feature_bagging_fraction=0.1)}) > 1


def test_the_seed_of_the_parameters_decides():
    def grown(seed, random_state=None):
        est = forest(5, random_state, base_random_seed=seed)
        return est.fit(X32, Y32).predict_proba(X32)

    np.testing.assert_array_equal(grown(7), grown(7))
    assert not np.array_equal(grown(7), grown(8))
    assert not np.array_equal(grown(0), grown(0))  # by chance, as TF.Learn's clock was
    np.testing.assert_array_equal(grown(7, random_state=1), grown(8, random_state=1))


def test_parameters_are_searched_and_cloned():
    search = GridSearchCV(forest(), {"params__num_trees": [1, 12]}, cv=3).fit(X32, Y32)
    assert search.best_estimator_.n_iter_ == search.best_params_["params__num_trees"]
    twin = clone(forest(7, max_nodes=50, anything="else"))
    assert twin.get_params()["params__anything"] == "else"
    assert twin.fit(X32, Y32).n_iter_ == 7


def test_a_folder_resumes(tmp_path):
    params = learn.ForestHParams(num_trees=40, num_classes=3)
    whole = learn.TensorForestEstimator(params, random_state=0).fit(X32, Y32)
    for _ in range(3):  # of 15 steps each, but of 40 trees in all
        resumed = learn.TensorForestEstimator(params, tmp_path, random_state=0)
        resumed.fit(X32, Y32, steps=15)
    assert resumed.n_iter_ == 40
    np.testing.assert_array_equal(resumed.predict_proba(X32), whole.predict_proba(X32))


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"num_trees": 0}, "The 'num_trees' parameter of ForestHParams"),
        ({"max_nodes": 0}, "The 'max_nodes' parameter"),
        ({"bagging_fraction": 0.0}, "The 'bagging_fraction' parameter"),
        ({"feature_bagging_fraction": 2.0}, "The 'feature_bagging_fraction' parameter"),
        ({"base_random_seed": -1}, "The 'base_random_seed' parameter"),
        ({"num_features": 5}, "num_features should be the number of features of X, 4"),
        ({"num_classes": 2}, "n_classes"),
        ({"num_classes": 3, "regression": True}, "should be the number of outputs, as y has 1"),
    ],
)
def test_parameters_are_checked_in_fit(params, message):
    est = forest(**params)
    with pytest.raises(ValueError, match=message):
        est.fit(X32, Y32)
    assert not hasattr(est, "model_")


def test_a_dict_is_no_params():
    est = learn.TensorForestEstimator({"num_trees": 5})
    with pytest.raises(ValueError, match="params should be ForestHParams"):
        est.fit(X32, Y32)
