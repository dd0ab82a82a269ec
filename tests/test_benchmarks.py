"""The benchmarks measure what they say: in turn, by medians, with honest verdicts."""

import sys

import numpy as np
import pandas as pd
import pytest
from sklearn.ensemble import RandomForestClassifier

import tflearnkit as learn
from benchmarks import data, export, forest, kmeans, peers, quality, svm, timing


def test_contestants_run_in_turn_after_one_warm_up():
    order = []
    seconds, results = timing.interleaved(
        {name: lambda name=name: order.append(name) or name.lower() for name in "AB"}, rounds=2
    )
    assert "".join(order) == "AB" + "ABAB"
    assert results == {"A": "a", "B": "b"}
    assert all(value >= 0 for value in seconds.values())


def test_a_failing_child_process_is_not_taken_for_a_number():
    assert timing.in_fresh_process("print('noise'); print(2.5)") == 2.5
    with pytest.raises(RuntimeError, match="ZeroDivisionError"):
        timing.in_fresh_process("1 / 0")


def test_verdicts_know_their_direction():
    assert timing.verdict(0.2, 0.25) == "<= 0.25 reached"
    assert timing.verdict(0.3, 0.25) == "<= 0.25 MISSED"
    assert timing.verdict(0.3, 0.25, at_least=True) == ">= 0.25 reached"


@pytest.mark.parametrize("name", ["fit_mlp", "fit_torch"])
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_the_peers_learn(name):
    if name == "fit_torch":
        pytest.importorskip("torch", reason="an optional peer")
    X, y = data.normal_classes(2_000, 5)
    probabilities = getattr(peers, name)(X, y, hidden=(16,), batch_size=32, epochs=20)(X)
    assert probabilities.shape == (2_000, 2)
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, atol=1e-5)
    assert np.mean(probabilities.argmax(axis=1) == y) > 0.8


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_the_svm_figures_name_gaps_and_points(capsys):
    svm.squared_hinge(n_rows=500, rounds=1)
    svm.hinge(n_rows=500, rounds=1)
    svm.rbf(n_rows=500, rounds=1)
    printed = capsys.readouterr().out
    assert printed.count("gap ") == 4
    assert printed.count("ratio ") == 3
    assert "below SVC" in printed


def test_the_export_figures_are_of_models_that_agree(capsys):
    export.one_row(rounds=3)
    export.many_rows(n_rows=500, rounds=1)
    export.sizes()
    printed = capsys.readouterr().out
    assert "ms" in printed
    assert float(printed.split("apart by ")[1].split()[0]) < 1e-5
    assert printed.count("x weights and slots") == 2


def test_the_forest_figures_are_those_of_the_same_rows(capsys, monkeypatch):
    pytest.importorskip("ydf", reason="an extra: pip install 'tflearnkit[forest]'")
    forest.fit(n_rows=600, rounds=1)
    forest.predict(n_rows=600, n_predicted=2_000, rounds=1)
    forest.one_row(n_rows=600, rounds=2)
    forest.size(n_rows=600)
    monkeypatch.delenv("TFLEARNKIT_DATA", raising=False)
    forest.census()
    printed = capsys.readouterr().out
    assert printed.count("accuracy ") == 5  # the title names it too
    assert printed.count("ratio ") == 5
    assert "ours / peer" in printed
    assert printed.count("skipped, TFLEARNKIT_DATA holds no folder") == 2


@pytest.mark.skipif(data.folder("adult_tfrecord") is None, reason="TFLEARNKIT_DATA has it not")
def test_yggdrasils_split_is_of_the_census_training_half():
    X, X_test, y, y_test = data.adult_of_yggdrasil()
    assert (X.shape, X_test.shape) == ((22_792, 14), (9_769, 14))
    assert (sum(y == ">50K") + sum(y_test == ">50K"), {*y, *y_test}) == (7_841, {">50K", "<=50K"})
    assert X["workclass"].isna().sum() == 1_257
    assert pd.api.types.is_integer_dtype(X["age"])


def test_the_quality_of_forests_is_judged_beside_the_peer(capsys):
    pytest.importorskip("ydf", reason="an extra: pip install 'tflearnkit[forest]'")
    X, y = data.normal_classes(600, 4)
    models = {
        "ours": lambda seed: learn.RandomForestClassifier(10, random_state=seed),
        "peer": lambda seed: RandomForestClassifier(10, random_state=seed),
    }
    rows = X[:400], X[400:], y[:400], y[400:]
    forest._quality("small", **models, rows=rows, targets={"accuracy": 0.5, "log-loss": 0.01})
    printed = capsys.readouterr().out
    assert ">= 0.5 reached" in printed
    assert "<= 0.01 MISSED" in printed
    assert printed.count("peer 0.") == 3


def test_the_quality_table_prints_ours_beside_the_peer(capsys, monkeypatch):
    command = ["quality", "--datasets", "diabetes", "california", "--seeds", "0"]
    monkeypatch.setattr(sys, "argv", command)
    monkeypatch.delenv("TFLEARNKIT_DATA", raising=False)
    quality.main()
    printed = capsys.readouterr().out
    assert "diabetes, LinearRegressor" in printed
    assert "<= 0.0001 reached" in printed
    assert "california: skipped, TFLEARNKIT_DATA holds no folder" in printed


@pytest.mark.parametrize("contest", [kmeans.lloyd, kmeans.defaults, kmeans.mini_batches])
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_k_means_is_compared_at_the_inertia_reached(contest, capsys):
    contest((2_000, 3, 4), target=1e9, rounds=1)
    printed = capsys.readouterr().out
    assert "2,000 x 3, 4 clusters" in printed
    assert "<= 1e+09 reached" in printed
    assert "inertia, " in printed
