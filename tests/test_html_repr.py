"""What consoles and notebooks show of estimators."""

import pprint
import re

import numpy as np
import pandas as pd
import pytest
from sklearn.datasets import load_iris
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.utils import estimator_html_repr

import tflearnkit as learn
from tflearnkit.estimators.html_panels import FittedPanels

IRIS_X, IRIS_Y = load_iris(return_X_y=True)
KEYS = learn.sparse_column_with_keys("city", ["Oslo", "Rome"])
REAL = learn.real_valued_column("age", default_value=3.0, normalizer=lambda x: x)
BUCKETS = learn.bucketized_column(REAL, [18, 65])
HASHED = learn.sparse_column_with_hash_bucket("job", 100)
COLUMNS = {
    "real": REAL,
    "bucketized": BUCKETS,
    "keys": KEYS,
    "hashed": HASHED,
    "integerized": learn.sparse_column_with_integerized_feature("hour", 24),
    "weighted": learn.weighted_sparse_column(KEYS, "weight"),
    "crossed": learn.crossed_column([KEYS, HASHED, BUCKETS], 100),
    "embedding": learn.embedding_column(HASHED, 4),
    "one hot": learn.one_hot_column(BUCKETS),
    "scattered": learn.scattered_embedding_column("word", 50, 3),
    "shared": learn.shared_embedding_columns([HASHED], 2)[0],
    "inferred": learn.infer_feature_columns({"age": [1.0], "city": ["Rome"]}),
}


@pytest.mark.parametrize("kind", COLUMNS)
def test_estimators_of_all_kinds_of_columns_have_a_repr(kind):
    columns = COLUMNS[kind] if isinstance(COLUMNS[kind], tuple) else (COLUMNS[kind],)
    estimator = learn.DNNLinearCombinedClassifier(
        dnn_feature_columns=list(columns), dnn_hidden_units=[3]
    )
    search = GridSearchCV(make_pipeline(estimator), {"a": [columns, columns]})
    for shown in (repr(estimator), repr(search), estimator._repr_html_(), search._repr_html_()):
        assert type(columns[0]).__name__ in shown
    for width in (10, 40, 200):  # pprint looks deeper where there is less room
        assert "name=" in pprint.pformat(columns, width=width)


def test_the_repr_of_a_column_says_what_makes_it_what_it_is():
    assert repr(HASHED) == "HashedColumn(name='job', size=100, combiner='sum', dtype=tf.string)"
    assert repr(KEYS) == (
        "KeysColumn(name='city', default_value=-1, num_oov_buckets=0, combiner='sum', "
        "dtype=tf.string)"
    )
    assert HASHED.key != learn.sparse_column_with_hash_bucket("job", 101).key


def panels(estimator):
    """Return the cells of each of our panels, by title."""
    shown = estimator._repr_html_()
    found = {}
    for title, table in re.findall(r"<summary>(\w+)</summary>(.*?)</table>", shown, re.DOTALL):
        rows = re.findall(r"<tr.*?</tr>", table, re.DOTALL)
        found[title] = [re.findall(r"<t[dh].*?>(.*?)</t[dh]>", row, re.DOTALL) for row in rows]
    return found


def test_an_unfitted_estimator_is_shown_as_scikit_learn_does():
    found = panels(learn.DNNClassifier())
    assert set(found) == {"Parameters"}


def test_a_fitted_network_shows_columns_network_and_history():
    frame = pd.DataFrame(IRIS_X, columns=["a", "b", "c", "d"])
    frame["town"] = np.where(frame.a > 5, "Oslo", "Rome")
    clf = learn.DNNClassifier([4], epochs=3, early_stopping=True, random_state=0)
    found = panels(clf.fit(frame, IRIS_Y))
    assert ["town", "Vocabulary", "3 ids"] in found["Columns"]
    assert ["a", "Standardized", "1 number"] in found["Columns"]
    network = {row[0]: row[1:] for row in found["Network"]}
    assert network["hiddenlayer_0"][:2] == ["7 x 4", "32"]
    assert network["total"][1] == f"{clf.summary().parameters}"
    history = {row[0]: row[1:] for row in found["History"]}
    assert history["loss"] == [f"{clf.history_['loss'][-1]:#.4g}", f"{clf.history_['step'][-1]}"]
    assert "val_accuracy" in history
    bundle = clf._repr_mimebundle_()
    assert "History" in bundle["text/html"]
    assert bundle["text/plain"] == repr(clf)


def drawn(history):
    """Return the picture and the legend of a history."""
    from xml.etree import ElementTree

    clf = learn.DNNClassifier([2], steps=1).fit(IRIS_X, IRIS_Y)
    clf.history_ = history
    found = ElementTree.fromstring(f"<div>{FittedPanels({}, clf)._repr_html_inner()}</div>")
    (picture,) = found.iter("{http://www.w3.org/2000/svg}svg")
    (legend,) = [each for each in found.iter("div") if each.get("class") == "legend"]
    parts = {name: [] for name in ("polyline", "circle", "text")}
    for each in picture:
        parts.setdefault(each.tag.rpartition("}")[2], []).append(each)
    return parts, ["".join(line.itertext()).split(" ", 1)[1] for line in legend]


def test_the_losses_are_drawn_between_their_least_and_their_most():
    parts, legend = drawn({
        "step": [10, 20, 1010], "epoch": [1, 2, 3], "loss": [2.5, None, 0.5],
        "val_loss": [1.5, 0.75, 0.75], "val_accuracy": [0.1, 0.2, 0.3],
    })  # fmt: skip
    assert legend == ["loss: lowest 0.5000 at step 1,010", "val_loss: lowest 0.7500 at step 20"]
    said = {each.text: (float(each.get("x")), float(each.get("y"))) for each in parts["text"]}
    assert set(said) == {"10", "1,010", "step", "2.500", "0.5000"}
    loss, validation = [
        [tuple(map(float, point.split(","))) for point in line.get("points").split()]
        for line in parts["polyline"]
    ]
    assert [x for x, _ in loss] == [said["10"][0], said["1,010"][0]]
    assert loss[1][1] - loss[0][1] == said["0.5000"][1] - said["2.500"][1] > 0  # downwards
    across = loss[1][0] - loss[0][0]
    assert validation[1][0] - validation[0][0] == pytest.approx(across / 100, abs=0.1)
    assert validation[0][1] == pytest.approx(np.mean([y for _, y in loss]), abs=0.1)
    dots = [(float(each.get("cx")), float(each.get("cy"))) for each in parts["circle"]]
    assert dots == [loss[1], validation[1]]  # of equals the first


def test_losses_that_stay_the_same_and_many_of_them_are_drawn():
    losses = {f"m{place}_loss": [3.0, 3.0] for place in range(6)}
    parts, legend = drawn({"step": [1, 2], "epoch": [1, 1], "loss": [3.0, 3.0], **losses})
    assert len(parts["polyline"]) == len(legend) == 7
    assert [each.text for each in parts["text"]].count("3.000") == 1


@pytest.mark.parametrize(
    ("value", "shown"),
    [(0.97, "0.9700"), (1.0, "1.000"), (0.0, "0.000"), (-3.14159, "-3.142"), (999.96, "1000"),
     (12345.6, "12,346"), (2e-9, "2.000e-09"), (3e12, "3.000e+12")],
)  # fmt: skip
def test_numbers_of_a_history_have_as_many_digits(value, shown):
    clf = learn.KMeansClustering(2, random_state=0).fit(IRIS_X)
    clf.history_ = {"step": [5], "epoch": [1], "loss": [value]}
    assert panels(clf)["History"][1] == ["loss", shown, "5"]


def test_a_step_of_a_pipeline_shows_its_panels():
    pipeline = make_pipeline("passthrough", learn.LinearClassifier()).fit(IRIS_X, IRIS_Y)
    assert {"Columns", "Model"} <= set(panels(pipeline))


def test_what_strangers_call_things_is_escaped(tmp_path):
    script, image = "<script>alert('a')</script>", "<img src=x onerror=alert(1)>"
    frame = pd.DataFrame({script: ["x", image] * 40, image: np.arange(80.0)})
    monitor = learn.monitors.ValidationMonitor(frame, [script, image] * 40, name=image)
    declared = [
        learn.embedding_column(learn.sparse_column_with_keys(script, ["x", image]), 2),
        learn.real_valued_column(image),
    ]
    estimators = [
        learn.DNNClassifier([3], steps=120),
        learn.DNNClassifier([3], feature_columns=declared, steps=120),
        learn.LinearClassifier(),
        learn.RandomForestClassifier(3),
        learn.KMeansClustering(2),
    ]
    for place, estimator in enumerate(estimators):
        how = {"monitors": [monitor]} if place < 2 else {}
        estimator.fit(frame, [script, image] * 40, **how)
        for shown in (estimator._repr_html_(), make_pipeline(estimator)._repr_html_()):
            assert script not in shown
            assert "<img" not in shown
            assert "&lt;script&gt;" in shown


def test_panels_are_in_order_for_any_reader():
    from xml.etree import ElementTree

    odd = "a ]]> & <![CDATA[ \" ' \\ </table> æ"
    frame = pd.DataFrame({odd: np.arange(60.0)})
    clf = learn.DNNClassifier([3], epochs=3).fit(frame, [odd, "b"] * 30)
    shown = FittedPanels({}, clf)._repr_html_inner()
    found = ElementTree.fromstring(f"<div>{shown}</div>")
    cells = ["".join(cell.itertext()) for cell in found.iter("td")]
    assert odd in cells
    assert [each.text for each in found.iter("summary")] == ["Columns", "Network", "History"]


def test_long_tables_are_cut_but_for_their_totals():
    frame = pd.DataFrame(np.random.default_rng(0).normal(size=(40, 90))).rename(columns=str)
    model = learn.DNNLinearCombinedClassifier(dnn_hidden_units=[2] * 14, steps=2)
    found = panels(model.fit(frame, [0, 1] * 20))
    assert found["Columns"][-1][0] == "... and 40 more"
    assert found["Network"][-1][0] == "total"


def test_every_kind_of_estimator_has_its_panels():
    def build(features, targets):
        logits = learn.layers.linear(features, 3)
        loss = learn.losses.sparse_softmax_cross_entropy(logits, targets)
        return logits, loss, learn.layers.optimize_loss(loss, learning_rate=0.1, optimizer="SGD")

    features = IRIS_X.astype(np.float32)
    for estimator in (
        learn.Estimator(build, steps=3),
        learn.SVM(),
        learn.SVM(kernel="rbf"),
        learn.KMeansClustering(3),
        learn.RandomForestClassifier(3),
        learn.BoostedTreesClassifier(n_trees=3),
    ):
        found = panels(estimator.fit(features, IRIS_Y))
        assert len(found["Columns"]) > 1
        table = found.get("Network") or found["Model"]
        assert table[-1][0] == "total"


def test_a_model_of_a_folder_shows_no_history(tmp_path):
    learn.DNNClassifier([4], steps=3, model_dir=str(tmp_path)).fit(IRIS_X, IRIS_Y)
    adopted = learn.DNNClassifier([4], model_dir=str(tmp_path))
    adopted.predict(IRIS_X)
    found = panels(adopted)
    assert "Network" in found
    assert "History" not in found


def test_estimators_of_others_are_shown_as_before():
    clf = LogisticRegression(max_iter=1000).fit(IRIS_X, IRIS_Y)
    assert "Columns" not in estimator_html_repr(clf)
