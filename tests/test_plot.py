"""Displays of ours and of scikit-learn on our estimators, and TensorBoard's projector."""

import sys

import numpy as np
import pandas as pd
import pytest
from sklearn.datasets import load_iris
from sklearn.exceptions import NotFittedError

import tflearnkit as learn

plt = pytest.importorskip(
    "matplotlib.pyplot", reason="an extra: pip install 'tflearnkit[plots]'"
)
plot = learn.plot


@pytest.fixture(autouse=True)
def no_figures_left():
    yield
    plt.close("all")


@pytest.fixture(scope="module")
def census():
    """Rows with strings and gaps, and labels that are strings."""
    rng = np.random.default_rng(0)
    town = rng.choice(["Oslo", "Rome", "Wien"], 600).astype(object)
    age = rng.uniform(18, 80, 600)
    likely = (town == "Rome") * 4.0 + (age - 45) / 15 - 0.7
    label = np.where(rng.logistic(size=600) < likely, "yes", "no")
    frame = pd.DataFrame({"noise": rng.normal(size=600), "town": town, "age": age})
    frame.loc[::17, ["town", "age"]] = None
    return frame, label


@pytest.fixture(scope="module")
def watched(census):
    """A network, and the monitors that watched it."""
    frame, label = census
    monitors = [
        learn.monitors.ValidationMonitor(frame[400:], label[400:], every_n_steps=20),
        learn.monitors.ValidationMonitor(frame[:50], label[:50], every_n_steps=50, name="few"),
    ]
    clf = learn.DNNClassifier([8], steps=200, batch_size=64, random_state=0)
    return clf.fit(frame[:400], label[:400], monitors=monitors), monitors


# -- histories ----------------------------------------------------------------------------------


def test_a_history_has_a_panel_for_each_metric_and_a_line_for_each_column(watched):
    clf, monitors = watched
    display = plot.TrainingHistoryDisplay.from_estimator(clf)
    assert list(display.axes_)[0] == "loss"
    assert {"accuracy", "auc", "precision", "recall"} < set(display.axes_)
    assert not [metric for metric in display.axes_ if "/" in metric]
    assert display.ax_ is display.axes_["loss"]
    assert {"loss", "val_loss", "few_loss"} == set(display.lines_) & {
        name for name in clf.history_ if name.endswith("loss")
    }
    steps, values = display.lines_["val_auc"].get_data()
    assert list(steps) == list(range(20, 201, 20))
    assert values.tolist() == [v for v in clf.history_["val_auc"] if v is not None]
    labels = [text.get_text() for text in display.ax_.get_legend().get_texts()]
    assert labels == ["training", "validation", "few", f"best: step {monitors[0].best_step}"]
    colours = {display.lines_[name].get_color() for name in ("val_loss", "val_auc")}
    assert len(colours) == 1
    assert display.lines_["loss"].get_color() not in colours
    assert [name for name, panel in display.axes_.items() if panel.get_legend()] == ["loss"]


def test_panels_and_the_step_to_mark_can_be_chosen(watched):
    clf, _ = watched
    display = plot.TrainingHistoryDisplay.from_estimator(
        clf, metrics=["auc", "labels/prediction_mean"], best_step=140, name="it", linewidth=3
    )
    assert list(display.axes_) == ["auc", "labels/prediction_mean"]
    assert display.lines_["val_auc"].get_linewidth() == 3
    assert display.figure_.get_suptitle() == "it"
    assert "best: step 140" in [t.get_text() for t in display.ax_.get_legend().get_texts()]
    both = plot.TrainingHistoryDisplay.from_estimator(clf, metrics=["auc", "recall", "loss"])
    assert [name for name, panel in both.axes_.items() if panel.get_legend()] == ["auc", "loss"]
    unmarked = plot.TrainingHistoryDisplay.from_estimator(clf, metrics="loss", best_step=None)
    assert len(unmarked.ax_.get_legend().get_texts()) == 3
    with pytest.raises(ValueError, match="Did you mean 'auc'"):
        display.plot(metrics=["auk"])


def test_a_history_is_drawn_where_it_is_told(watched):
    clf, _ = watched
    figure, (left, right) = plt.subplots(1, 2)
    display = plot.TrainingHistoryDisplay.from_estimator(clf, ax=left)
    assert list(display.axes_) == ["loss"]
    assert display.ax_ is left
    assert display.plot(right, metrics=["auc"]) is display
    assert display.ax_ is right
    assert display.figure_ is figure
    both = plot.TrainingHistoryDisplay.from_estimator(clf, ax=[left, right])
    assert list(both.axes_) == ["loss", "accuracy"]
    with pytest.raises(ValueError, match="one for each of 2 panels"):
        display.plot(left, metrics=["loss", "auc"])


def test_early_stopping_of_an_estimator_marks_its_best_step():
    X, y = load_iris(return_X_y=True)
    clf = learn.DNNClassifier([8], early_stopping=True, epochs=30, random_state=0).fit(X, y)
    display = plot.TrainingHistoryDisplay.from_estimator(clf)
    rows = zip(clf.history_["step"], clf.history_["val_loss"], strict=True)
    best = min((loss, step) for step, loss in rows if loss is not None)[1]
    assert display.best_step == best


def test_a_history_without_rows_is_refused():
    X, y = load_iris(return_X_y=True)
    with pytest.raises(NotFittedError):
        plot.TrainingHistoryDisplay.from_estimator(learn.DNNClassifier())
    with pytest.raises(ValueError, match="it was solved exactly"):
        plot.TrainingHistoryDisplay.from_estimator(learn.LinearClassifier().fit(X, y))


# -- importances --------------------------------------------------------------------------------


def bars_of(display):
    """Return the widths of the bars by name, the uppermost first."""
    names = [text.get_text() for text in display.ax_.get_yticklabels()]
    assert display.ax_.yaxis_inverted()
    return dict(zip(names, [bar.get_width() for bar in display.bars_], strict=True))


def test_shuffled_features_show_what_any_model_makes_of_them(watched, census):
    from sklearn.inspection import permutation_importance

    clf, (frame, label) = watched[0], census
    display = plot.FeatureImportancesDisplay.from_estimator(
        clf, frame[400:], label[400:], n_repeats=4, random_state=1
    )
    expected = permutation_importance(clf, frame[400:], label[400:], n_repeats=4, random_state=1)
    assert display.importances.tolist() == expected.importances_mean.tolist()
    bars = bars_of(display)
    assert list(bars)[-1] == "noise"
    assert bars["town"] > 0.04
    assert list(bars.values()) == sorted(bars.values(), reverse=True)
    assert display.bars_.errorbar is not None


def test_trees_and_linear_models_say_it_themselves(census):
    frame, label = census
    forest = learn.RandomForestClassifier(10, random_state=0).fit(frame, label)
    bars = bars_of(plot.FeatureImportancesDisplay.from_estimator(forest))
    assert bars == pytest.approx(dict(zip(frame.columns, forest.feature_importances_, strict=True)))
    linear = learn.LinearClassifier().fit(frame, label)
    bars = bars_of(plot.FeatureImportancesDisplay.from_estimator(linear, color="red"))
    town = linear.get_variable_value("linear/town/weights")
    assert bars["town"] == pytest.approx(float(np.linalg.norm(town)))
    assert list(bars)[-1] == "noise"
    few = plot.FeatureImportancesDisplay.from_estimator(linear, max_features=1)
    assert list(bars_of(few)) == [list(bars)[0]]


def test_features_of_an_array_are_numbered():
    X, y = load_iris(return_X_y=True)
    for estimator in (learn.LinearClassifier(), learn.RandomForestClassifier(5, random_state=0)):
        estimator.fit(X, y)
        for rows in ((), (X, y)):
            display = plot.FeatureImportancesDisplay.from_estimator(estimator, *rows)
            assert display.feature_names == ["x0", "x1", "x2", "x3"]


@pytest.mark.filterwarnings("error")  # Matplotlib's, of what finds no room
def test_long_names_of_features_find_room_and_dollars_are_no_formulas():
    names = [f"a_{'very_' * 20}long_name_{place}" for place in range(25)] + ["$_{", "i" * 60]
    display = plot.FeatureImportancesDisplay(np.arange(27.0), names).plot(max_features=None)
    display.figure_.canvas.draw()
    shown = display.ax_.get_yticklabels()
    assert [text.get_text() for text in shown[:2]] == names[:24:-1]
    assert len({text.get_text() for text in shown}) == 27
    left = min(text.get_window_extent().x0 for text in shown)
    assert left >= 0
    assert display.ax_.get_window_extent().width > 300


def test_a_network_needs_rows_to_tell(watched):
    with pytest.raises(ValueError, match="pass X and y"):
        plot.FeatureImportancesDisplay.from_estimator(watched[0])


# -- scikit-learn's own -------------------------------------------------------------------------


@pytest.mark.parametrize(
    "estimator",
    [
        learn.DNNLinearCombinedClassifier(dnn_hidden_units=[8], steps=60, random_state=0),
        learn.LinearClassifier(),
        learn.BoostedTreesClassifier(n_trees=5, random_state=0),
    ],
    ids=lambda each: type(each).__name__,
)
def test_displays_of_scikit_learn_take_our_estimators_and_raw_frames(estimator, census):
    frame, label = census
    estimator.fit(frame[:400], label[:400])
    held_out = frame[400:], label[400:]
    confusion = plot.ConfusionMatrixDisplay.from_estimator(estimator, *held_out)
    assert confusion.confusion_matrix.sum() == 200
    assert confusion.display_labels.tolist() == ["no", "yes"]
    assert np.trace(confusion.confusion_matrix) / 200 == estimator.score(*held_out)
    calibration = plot.CalibrationDisplay.from_estimator(estimator, *held_out, n_bins=4)
    likely = estimator.predict_proba(frame[400:])[:, 1]
    assert calibration.y_prob.tolist() == likely.tolist()


def test_learning_curves_of_scikit_learn_take_raw_frames(census):
    frame, label = census
    display = plot.LearningCurveDisplay.from_estimator(
        learn.LinearClassifier(), frame, label, train_sizes=[60, 300], cv=2
    )
    assert display.train_sizes.tolist() == [60, 300]
    assert display.test_scores.mean() > 0.6


def test_without_matplotlib_the_error_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(ImportError, match=r"pip install 'tflearnkit\[plots\]'"):
        plot.TrainingHistoryDisplay.from_estimator(learn.DNNClassifier())
    with pytest.raises(ImportError, match=r"pip install 'tflearnkit\[plots\]'"):
        plot.FeatureImportancesDisplay([1.0], ["a"]).plot()


# -- the projector ------------------------------------------------------------------------------


class Projector:
    """What TensorBoard's projector plugin serves of a folder."""

    def __init__(self, folder):
        from tensorboard.plugins import base_plugin
        from tensorboard.plugins.projector.projector_plugin import ProjectorPlugin

        context = base_plugin.TBContext(logdir=str(folder), data_provider=self)
        self.apps = ProjectorPlugin(context).get_plugin_apps()

    def list_runs(self, ctx, *, experiment_id):
        return []

    def get(self, route, **query):
        from werkzeug.test import Client

        reply = Client(self.apps[route]).get("/", query_string={"run": ".", **query})
        assert reply.status_code == 200, reply.text
        return reply

    def tensor(self, name):
        found = np.frombuffer(self.get("/tensor", name=name).data, np.float32)
        (entry,) = [e for e in self.config if e["tensorName"] == name]
        return found.reshape(entry["tensorShape"])

    def labels(self, name):
        return self.get("/metadata", name=name).text.splitlines()

    @property
    def config(self):
        return self.get("/info").json["embeddings"]


def embedded(**options):
    towns = learn.sparse_column_with_keys("town", ["Oslo", "Rome", "Wien"])
    age = learn.bucketized_column(learn.real_valued_column("age"), [30, 60])
    return learn.DNNClassifier(
        [4],
        feature_columns=[
            learn.embedding_column(towns, 2),
            learn.embedding_column(age, 3),
            learn.embedding_column(learn.crossed_column([towns, age], 7), 1),
            learn.scattered_embedding_column("town", 20, 2),
        ],
        steps=5,
        random_state=0,
        **options,
    )


def test_tensorboard_reads_the_embeddings_of_a_model_dir(tmp_path):
    frame = pd.DataFrame({"town": ["Oslo", "Rome", "Wien"] * 10, "age": np.arange(30.0) * 3})
    clf = embedded(model_dir=str(tmp_path)).fit(frame, [0, 1] * 15)
    assert plot.write_projector(clf) == str(tmp_path / "projector_config.pbtxt")
    served = Projector(tmp_path)
    names = {"town_embedding", "age_bucketized_embedding", "age_bucketized_X_town_embedding"}
    assert {entry["tensorName"] for entry in served.config} == names
    for name in names:
        scope = f"dnn/input_from_feature_columns/{name}/weights"
        assert served.tensor(name).tolist() == clf.get_variable_value(scope).tolist()
    assert served.labels("town_embedding") == ["Oslo", "Rome", "Wien"]
    assert served.labels("age_bucketized_embedding") == ["-inf to 30", "30 to 60", "60 to inf"]
    assert served.labels("age_bucketized_X_town_embedding") == [str(i) for i in range(7)]


def test_inferred_vocabularies_name_their_points(tmp_path):
    words = [f"w{i:02d}" for i in range(20)]
    frame = pd.DataFrame({"word": [*words, None] * 5})
    clf = learn.DNNClassifier([4], steps=3).fit(frame, np.arange(105) % 2)
    plot.write_projector(clf, tmp_path)
    served = Projector(tmp_path)
    assert served.labels("word_embedding") == [*words, "(other)", "(missing)"]
    assert len(served.tensor("word_embedding")) == 22


def test_any_matrices_and_names_are_shown(tmp_path):
    odd = 'a "name"/../\\ with\ttabs æ'
    rng = np.random.default_rng(0)
    matrices = {odd: rng.normal(size=(4, 3)), "plain": rng.normal(size=(2, 5))}
    labels = {odd: ["one\ttwo\nthree", "", 3, "æ"]}
    plot.write_projector(matrices, tmp_path / "new", labels=labels)
    served = Projector(tmp_path / "new")
    assert served.labels(odd) == ["one two three", "(empty)", "3", "æ"]
    for name, matrix in matrices.items():
        np.testing.assert_allclose(served.tensor(name), matrix, rtol=1e-6)
    assert "metadataPath" not in served.config[1]


def test_what_the_projector_cannot_show_is_refused(tmp_path):
    X, y = load_iris(return_X_y=True)
    points = {"p": np.ones((3, 2))}
    plain = learn.DNNClassifier([3], steps=2)
    with pytest.raises(NotFittedError):
        plot.write_projector(plain, tmp_path)
    for arguments, message in [
        ((plain.fit(X, y), tmp_path), "without any"),
        ((points,), "pass log_dir"),
        (({}, tmp_path), "empty dict"),
        (({"p": np.ones(3)}, tmp_path), "a row of numbers for each point"),
        (({"p": np.array([["a"]])}, tmp_path), "a row of numbers for each point"),
    ]:
        with pytest.raises(ValueError, match=message):
            plot.write_projector(*arguments)
    with pytest.raises(ValueError, match="should be 3, one for each row. Got 2"):
        plot.write_projector(points, tmp_path, labels={"p": ["a", "b"]})
    with pytest.raises(ValueError, match="Got 'q'"):
        plot.write_projector(points, tmp_path, labels={"q": ["a", "b", "c"]})
    assert not list(tmp_path.iterdir())
