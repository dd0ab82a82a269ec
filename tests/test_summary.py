"""``est.summary()``: parameters, bytes and operations of every kind of model."""

import dataclasses

import numpy as np
import pandas as pd
import pytest
from sklearn.datasets import load_iris

import tflearnkit as learn

IRIS = load_iris()
X, y = IRIS.data.astype(np.float32), IRIS.target
ESTIMATORS = [
    learn.LinearClassifier(),
    learn.LinearRegressor(),
    learn.DNNClassifier([3], steps=2),
    learn.DNNRegressor([3], steps=2),
    learn.DNNLinearCombinedClassifier(dnn_hidden_units=[3], steps=2),
    learn.DNNLinearCombinedRegressor(dnn_hidden_units=[3], steps=2),
    learn.SVM(),
    learn.KMeansClustering(3),
    learn.RandomForestClassifier(3),
    learn.RandomForestRegressor(3),
    learn.TensorForestEstimator(learn.ForestHParams(num_classes=3, num_features=4, num_trees=3)),
    learn.BoostedTreesClassifier(n_trees=3),
    learn.BoostedTreesRegressor(n_trees=3),
]


def layers_of(summary, name):
    (part,) = [part for part in summary.parts if part.name == name]
    return {layer.name: layer for layer in part.layers}


def network(features, targets):
    hidden = learn.layers.fully_connected(features, 20)
    logits = learn.layers.linear(hidden, 3)
    loss = learn.losses.sparse_softmax_cross_entropy(logits, targets)
    step = learn.layers.optimize_loss(loss, learning_rate=0.1, optimizer="Adam")
    return {"logits": logits}, loss, step


@pytest.mark.parametrize("estimator", ESTIMATORS, ids=lambda each: type(each).__name__)
def test_every_estimator_says_what_it_is_made_of(estimator):
    with pytest.raises(learn.NotFittedError):
        estimator.summary()
    summary = estimator.fit(X, y).summary()
    assert summary.title.startswith(type(estimator).__name__)
    assert summary.parameters == sum(part.parameters for part in summary.parts) > 0
    assert summary.bytes >= 4 * summary.parameters
    assert summary.flops > 0
    title, *lines = str(summary).splitlines()
    assert title == summary.title
    assert len({len(line) for line in lines}) == 1, "the columns of the table do not line up"
    assert lines[-1].split()[0] == "total"
    assert f"{summary.flops:,}" in lines[-1]


def test_a_dense_layer_costs_two_operations_a_weight_and_one_a_bias():
    columns = [learn.real_valued_column("", dimension=4)]
    clf = learn.DNNClassifier([10, 5], feature_columns=columns, steps=2).fit(X, y)
    layers = layers_of(clf.summary(), "dnn")
    sizes = {"hiddenlayer_0": (4, 10), "hiddenlayer_1": (10, 5), "logits": (5, 3)}
    assert {name: layers[name].shape for name in sizes} == sizes
    for name, (n, m) in sizes.items():
        assert layers[name].parameters == n * m + m
        assert layers[name].bytes == 4 * (n * m + m)
        assert layers[name].flops == 2 * n * m + m
    assert layers["input layer"].shape == (4,)
    assert layers["input layer"].flops == 0


def test_weights_are_all_counted_and_slots_of_optimizers_are_not():
    clf = learn.DNNLinearCombinedClassifier(
        dnn_hidden_units=[7], enable_centered_bias=True, dnn_optimizer="Adam", steps=2
    ).fit(X, y)
    summary = clf.summary()
    weights = clf.model_.weights.values()
    assert summary.parameters == sum(array.size for array in weights)
    assert summary.bytes == sum(array.nbytes for array in weights)
    assert [part.name for part in summary.parts] == [
        "linear", "dnn", "centered_bias_weight", "link",
    ]  # fmt: skip


def test_parts_together_cost_what_they_cost_alone():
    def parts(estimator):
        return {p.name: p.flops for p in estimator.set_params(steps=2).fit(X, y).summary().parts}

    both = parts(learn.DNNLinearCombinedClassifier(dnn_hidden_units=[7]))
    wide, deep = parts(learn.LinearClassifier()), parts(learn.DNNClassifier([7]))
    assert both["linear"] == wide["linear"] == 2 * 4 * 3 + 3
    assert both["dnn"] == deep["dnn"] + 3  # the scores are added up
    assert both["link"] == wide["link"] == deep["link"]


def test_columns_have_rows_of_their_own_whatever_they_are_called():
    odd = "<b> & rates//town/ æ>1:\\n"
    words = [f"w{i}" for i in range(30)]
    frame = pd.DataFrame({odd: words * 5, "age": X[:, 0]})
    clf = learn.DNNLinearCombinedClassifier(dnn_hidden_units=[4], steps=2).fit(frame, y)
    wide, deep = (layers_of(clf.summary(), name) for name in ("linear", "dnn"))
    assert wide[odd].shape == (31, 3)  # one id is for other words
    assert wide["age"].parameters == 3
    assert deep[f"{odd}_embedding"].shape[0] == 31
    assert deep[f"{odd}_embedding"].flops > 0


def test_shared_embeddings_count_once():
    towns = [f"t{i}" for i in range(20)]
    home, work = (learn.sparse_column_with_keys(name, towns) for name in ("home", "work"))
    columns = learn.shared_embedding_columns([home, work], dimension=6)
    frame = pd.DataFrame({"home": towns * 5, "work": towns[::-1] * 5})
    clf = learn.DNNClassifier([4], feature_columns=columns, steps=2).fit(frame, [0, 1] * 50)
    layers = layers_of(clf.summary(), "dnn")
    assert layers["home_work_shared_embedding"].parameters == 20 * 6
    assert layers["input layer"].shape == (12,)


def test_what_a_batch_needs_but_once_is_not_a_row_s():
    machine = learn.SVM(kernel="rbf", random_state=0).fit(X, y)
    layers = layers_of(machine.summary(), "kernel")
    assert layers["whitening"].shape == (150, 150)
    flops = machine.summary().flops
    assert 2 * 150 * (4 + 3) < flops < 150 * 150  # products with landmarks and weights alone


@pytest.mark.parametrize("batch_size", [16, None])
def test_model_functions_have_their_variables_scope_by_scope(batch_size):
    own = learn.Estimator(network, steps=3, batch_size=batch_size, random_state=0).fit(X, y)
    before = own.predict(X[:5])["logits"]
    summary = own.summary()
    layers = layers_of(summary, "model")
    assert layers["fully_connected"].parameters == 4 * 20 + 20
    assert summary.parameters == 4 * 20 + 20 + 20 * 3 + 3
    assert summary.flops == 2 * 4 * 20 + 20 + 2 * 20 * 3 + 3
    assert (own.predict(X[:5])["logits"] == before).all()


def test_keras_models_cost_what_their_layers_do():
    import keras

    def build():
        return keras.Sequential([keras.layers.Dense(7, "relu"), keras.layers.Dense(3)])

    summary = learn.Estimator(build, steps=2, batch_size=16).fit(X, y).summary()
    assert summary.parameters == 4 * 7 + 7 + 7 * 3 + 3
    assert summary.flops == 2 * 4 * 7 + 7 + 2 * 7 * 3 + 3


def test_what_cannot_be_counted_is_unknown():
    machine = learn.SVM(kernel=lambda a, b: a @ b.T, random_state=0).fit(X, y)
    summary = machine.summary()
    assert summary.flops is None
    assert str(summary).splitlines()[-1].split()[-1] == "unknown"
    assert summary.parameters > 0


def test_a_forest_says_its_trees_and_nodes():
    forest = learn.RandomForestClassifier(5, max_depth=4, random_state=0).fit(X, y)
    summary, trees = forest.summary(), [forest.get_tree(i) for i in range(5)]
    n_nodes = sum(len(tree.left) for tree in trees)
    n_leaves = sum((tree.left < 0).sum() for tree in trees)
    assert f"5 trees with {n_nodes} nodes, {n_leaves} of them leaves" in summary.title
    layers = layers_of(summary, "trees")
    assert layers["leaves"].shape == (n_leaves, 3)
    assert layers["conditions"].parameters == n_nodes - n_leaves
    assert summary.flops == sum(tree.depth for tree in trees) + 5 * 3


def test_clusters_cost_their_distances():
    summary = learn.KMeansClustering(3, random_state=0).fit(X).summary()
    assert summary.parts[0].layers[0].shape == (3, 4)
    assert summary.flops == 3 * (2 * 4 + 1) + 3 * 4


def test_a_model_of_a_folder_or_a_file_says_the_same(tmp_path):
    clf = learn.DNNClassifier([4], steps=3, model_dir=str(tmp_path / "m")).fit(X, y)
    clf.save(tmp_path / "m.zip")
    adopted = learn.DNNClassifier([4], model_dir=str(tmp_path / "m"))
    assert adopted.summary() == clf.summary() == learn.load(tmp_path / "m.zip").summary()


def test_a_summary_cannot_be_changed_and_long_ones_are_cut_in_print():
    frame = pd.DataFrame(np.random.default_rng(0).normal(size=(50, 40))).rename(columns=str)
    summary = learn.LinearClassifier().fit(frame, [0, 1] * 25).summary()
    with pytest.raises(dataclasses.FrozenInstanceError):
        summary.title = "another"
    assert len(summary.parts[0].layers) == 41
    assert "... and 11 more" in str(summary)
