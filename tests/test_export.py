"""export_savedmodel: raw features in, the estimator's own predictions out, by TensorFlow alone."""

import copy
import json
import os
import shutil
import signal
import subprocess
import sys
import warnings

import numpy as np
import pandas as pd
import pytest
import tensorflow as tf
from scipy import sparse
from test_saving import CITY, ESTIMATORS, FRAME, LABELS, NUMBERS, SIZE, X, made

import tflearnkit as learn
from tflearnkit.columns import ColumnSet
from tflearnkit.columns.serving import as_arrays, encoded_tensors, inputs_of
from tflearnkit.data.table import as_table
from tflearnkit.engines.forest_columns import declared_features
from tflearnkit.engines.forest_features import infer_features
from tflearnkit.engines.forest_serving import ServedFeatures, ServedForest
from tflearnkit.errors import ModelFileError, NotFittedError
from tflearnkit.estimators import exporting
from tflearnkit.estimators.serving import served

EXPORTED = [name for name in ESTIMATORS if name != "known kernel"]  # which is a function of NumPy
N = len(X)
RNG = np.random.default_rng(3)
MANY = {
    "hours per week": np.where(RNG.random(N) < 0.1, np.nan, 40 + X[:, 0]),
    "größe": X[:, 1].astype(np.float32),
    "since": pd.Timestamp("2020-01-01") + pd.to_timedelta(RNG.integers(0, 900, N), "D"),
    "code": pd.Categorical(RNG.integers(0, 5, N)),
    "member": X[:, 2] > 0,
    "tags": [list(RNG.choice(["a", "b", "c"], RNG.integers(0, 4))) for _ in range(N)],
    "rooms": [list(map(int, RNG.integers(0, 6, RNG.integers(0, 3)))) for _ in range(N)],
    "pixels": RNG.normal(size=(N, 4)),
    "street": RNG.choice(np.array(["x", "y", "", None], object), N),
}


@pytest.fixture(scope="module")
def fitted():
    known = {}

    def fit(name):
        if name not in known:
            estimator, rows, y = made(name)
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # few trees: some rows are in all of them
                known[name] = estimator.fit(rows, y), rows
        return known[name]

    return fit


def signature_of(path, name="serving_default"):
    loaded = tf.saved_model.load(path)
    signature = loaded.signatures[name]
    signature.kept = loaded
    return signature


def called(signature, fed):
    found = signature(**{key: tf.constant(value) for key, value in fed.items()})
    return {key: tensor.numpy() for key, tensor in found.items()}


def exported(estimator, folder, **how):
    return signature_of(estimator.export_savedmodel(folder, **how))


ALONE = """
import json, sys
import numpy as np, tensorflow as tf
for path, fed, out in json.load(open(sys.argv[1])):
    loaded = tf.saved_model.load(path)
    rows = np.load(fed)
    rows = {k: rows[k].astype(object) if rows[k].dtype.kind == "U" else rows[k] for k in rows}
    found = loaded.signatures["serving_default"](**{k: tf.constant(v) for k, v in rows.items()})
    found = {k: v.numpy() for k, v in found.items()}
    np.savez(out, **{k: v.astype("U") if v.dtype == object else v for k, v in found.items()})
assert "tflearnkit" not in sys.modules
"""


def test_every_estimator_is_served_without_tflearnkit(fitted, tmp_path):
    tasks = []
    for number, name in enumerate(EXPORTED):
        estimator, rows = fitted(name)
        path = estimator.export_savedmodel(tmp_path / str(number), sample=rows)
        fed = served(estimator.model_).arrays(as_table(rows))
        fed = {k: v.astype("U") if v.dtype == object else v for k, v in fed.items()}
        np.savez(tmp_path / f"{number}.npz", **fed)
        tasks.append([path, str(tmp_path / f"{number}.npz"), str(tmp_path / f"{number}.out.npz")])
    (tmp_path / "tasks.json").write_text(json.dumps(tasks))
    environment = {**os.environ, "PYTHONPATH": ""}
    subprocess.run(
        [sys.executable, "-c", ALONE, str(tmp_path / "tasks.json")],
        check=True, cwd=tmp_path, env=environment, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    for (_, _, out), name in zip(tasks, EXPORTED, strict=True):
        estimator, rows = fitted(name)
        check_answers(estimator, rows, np.load(out))


def check_answers(estimator, rows, found):
    """Compare outputs of a signature with what the estimator predicts."""

    def near(key, expected):
        np.testing.assert_allclose(found[key], expected, rtol=1e-5, atol=1e-5, err_msg=key)

    if hasattr(estimator, "model_fn"):
        expected = estimator.predict(rows)
        expected = expected if isinstance(expected, dict) else {"predictions": expected}
        return [near(key, value) for key, value in expected.items()]
    if hasattr(estimator, "num_clusters"):
        near("distances", estimator.transform(rows))
        return near("clusters", estimator.predict(rows))
    if not hasattr(estimator, "classes_"):
        assert found["predictions"].dtype == estimator.predict(rows).dtype
        return near("predictions", estimator.predict(rows))
    assert found["classes"].astype(str).tolist() == estimator.predict(rows).astype(str).tolist()
    if hasattr(estimator, "predict_proba"):
        near("probabilities", estimator.predict_proba(rows))
    near("scores", estimator.decision_function(rows).reshape(len(found["classes"]), -1))


@pytest.mark.parametrize(
    "labels",
    [
        (X[:, 0] > 0).astype(int), X[:, 0] > 0, np.where(X[:, 0] > 0, 2.0, -1.0),
        (X[:, 0] > 0).astype(np.int8) + (X[:, 1] > 0), np.array(["æ", "b"])[(X[:, 0] > 0) * 1],
        np.zeros(N, int), (X[:, :2] > 0).astype(int),
    ],
    ids=["int", "bool", "float", "three", "text", "one", "several"],
)  # fmt: skip
@pytest.mark.parametrize("kind", [learn.LinearClassifier, learn.RandomForestClassifier])
def test_classes_are_the_labels(kind, labels, tmp_path):
    params = {} if kind is learn.LinearClassifier else {"n_estimators": 3, "random_state": 0}
    clf = kind(**params).fit(X, labels)
    found = called(exported(clf, tmp_path), {"X": X.astype(np.float32)})["classes"]
    expected = clf.predict(X)
    if expected.dtype.kind == "U":
        found = np.array([label.decode() for label in found])
    assert found.dtype == expected.dtype or found.dtype.kind == expected.dtype.kind
    assert (found == expected).mean() > 0.98  # a row at the border may go either way


@pytest.mark.parametrize("kind", ["network", "forest", "clusters"])
def test_all_kinds_of_features_go_in_as_they_are(kind, tmp_path):
    estimator = {
        "network": learn.DNNClassifier((4,), steps=10, random_state=0),
        "forest": learn.RandomForestClassifier(5, random_state=0),
        "clusters": learn.KMeansClustering(3, random_state=0),
    }[kind]
    estimator.fit(MANY, LABELS)
    signature = exported(estimator, tmp_path, sample=MANY)
    fed = served(estimator.model_).arrays(as_table(MANY))
    names = set(MANY) - {"hours per week", "größe"} | {"hours_per_week", "gr__e"}
    assert set(fed) == names == set(signature.structured_input_signature[1])
    assert fed["street"].tolist().count("") == sum(not value for value in MANY["street"])
    check_answers(estimator, MANY, called(signature, fed))


def test_a_sparse_matrix_goes_in_dense(tmp_path):
    words = sparse.random_array((N, 30), density=0.1, rng=np.random.default_rng(0), format="csr")
    clf = learn.LinearClassifier().fit(words, LABELS)
    found = called(exported(clf, tmp_path), {"X": words.toarray().astype(np.float32)})
    np.testing.assert_allclose(found["probabilities"], clf.predict_proba(words), atol=1e-5)


def test_lists_and_weights_of_declared_columns(tmp_path):
    rows = {
        "city": [["Rome", "Oslo"], ["Oslo"], [], ["Bonn"]] * 10,
        "often": [[1.0, 0.5], [2.0], [], [3.0]] * 10,
        "room": [[1, 2, 3], [], [5], [1]] * 10,
    }
    room = learn.sparse_column_with_integerized_feature("room", 4)
    columns = [
        learn.weighted_sparse_column(CITY, "often"),
        learn.embedding_column(CITY, 2, combiner="sqrtn"),
        learn.embedding_column(learn.crossed_column([CITY, room], 10), 2, combiner="sum"),
        learn.scattered_embedding_column("city", 20, 3),
        learn.one_hot_column(room),
    ]
    wide = [columns[0], CITY, room]
    model = learn.DNNLinearCombinedClassifier(
        linear_feature_columns=wide, dnn_feature_columns=columns[1:], dnn_hidden_units=(3,),
        steps=10, random_state=0,
    ).fit(rows, ["a", "b", "a", "b"] * 10)  # fmt: skip
    path = model.export_savedmodel(tmp_path, sample=rows)
    fed = served(model.model_).arrays(as_table(rows))
    found = called(signature_of(path), fed)
    np.testing.assert_allclose(found["probabilities"], model.predict_proba(rows), atol=1e-5)
    found = called(signature_of(path, "parse_examples"), {"examples": as_examples(rows)})
    np.testing.assert_allclose(found["probabilities"], model.predict_proba(rows), atol=1e-5)


def as_examples(rows):
    """Return rows as serialized protos; what is missing is left out."""
    found = []
    for row in range(len(next(iter(rows.values())))):
        features = {}
        for name, values in rows.items():
            values = values[row] if isinstance(values[row], list | np.ndarray) else [values[row]]
            values = [value for value in values if value is not None and value == value]
            if not values:
                continue
            if isinstance(values[0], str):
                values = [value.encode() for value in values]
                one = tf.train.Feature(bytes_list=tf.train.BytesList(value=values))
            elif isinstance(values[0], int | np.integer) and not isinstance(values[0], bool):
                one = tf.train.Feature(int64_list=tf.train.Int64List(value=values))
            else:
                one = tf.train.Feature(float_list=tf.train.FloatList(value=map(float, values)))
            features[name] = one
        proto = tf.train.Example(features=tf.train.Features(feature=features))
        found.append(proto.SerializeToString())
    return found


@pytest.mark.parametrize(
    "name", ["linear", "network columns", "forest", "clusters", "boosted columns"]
)
def test_examples_are_parsed(name, fitted, tmp_path):
    estimator, rows = fitted(name)
    path = estimator.export_savedmodel(tmp_path)
    columns = {key: [None if pd.isna(v) else v for v in rows[key]] for key in rows}
    columns["member"] = [float(value) for value in rows["member"]]
    found = called(signature_of(path, "parse_examples"), {"examples": as_examples(columns)})
    key, expected = "predictions", estimator.predict(rows)
    if hasattr(estimator, "predict_proba"):
        key, expected = "probabilities", estimator.predict_proba(rows)
    elif hasattr(estimator, "num_clusters"):
        key, expected = "distances", estimator.transform(rows)
    np.testing.assert_allclose(found[key], expected, rtol=1e-4, atol=1e-4)  # ages are float32 here


def test_examples_of_arrays(fitted, tmp_path):
    for name in ("network numbers", "function"):
        estimator, _ = fitted(name)
        path = estimator.export_savedmodel(tmp_path)
        found = called(signature_of(path, "parse_examples"), {"examples": as_examples({"X": X})})
        expected = estimator.predict(X)
        expected = expected["found"] if isinstance(expected, dict) else expected
        np.testing.assert_allclose(next(iter(found.values())), expected, rtol=1e-4, atol=1e-4)


def test_one_row_and_none_at_all(fitted, tmp_path):
    for name in ("network", "forest", "clusters", "network columns"):
        estimator, rows = fitted(name)
        signature = exported(estimator, tmp_path / name)
        fed = served(estimator.model_).arrays(as_table(rows))
        whole = called(signature, fed)
        for n in (0, 1):
            part = called(signature, {key: value[:n] for key, value in fed.items()})
            for key, values in part.items():
                assert len(values) == n
                if values.dtype.kind == "f":
                    np.testing.assert_allclose(values, whole[key][:n], rtol=1e-5, atol=1e-6)


# --- the same encoding ---------------------------------------------------------------------------


def test_tensors_are_encoded_as_tables_are():
    table = as_table({**MANY, "city": FRAME["city"], "size": FRAME["size"]})
    declared = [
        *learn.infer_feature_columns({name: MANY[name] for name in MANY}),
        CITY,
        SIZE,
        learn.crossed_column([CITY, SIZE], 13),
        learn.bucketized_column(learn.real_valued_column("größe"), [-0.5, 0.5]),
        learn.real_valued_column("pixels", dimension=4),
    ]
    columns = ColumnSet(declared).learn(table)
    expected = columns.encode(table)
    inputs = inputs_of((*columns.dense, *columns.ids))
    arrays = as_arrays(inputs, table)
    features = {one.name: one.raw(tf.constant(arrays[one.key])) for one in inputs}
    found, widths = encoded_tensors(columns, features)
    np.testing.assert_array_equal(found["dense"], expected.dense)
    start = 0
    for column, width in enumerate(int(w) for w in widths):
        span = found["ids"][:, start : start + width].numpy()
        own = expected.ids[:, expected.span(column)]
        np.testing.assert_array_equal(span, own[:, :width])
        assert (own[:, width:] == -1).all()
        start += width


def test_features_of_trees_are_encoded_as_tables_are():
    table = as_table({**MANY, "city": FRAME["city"], "far": 1e9 + X[:, 0]})
    age = learn.real_valued_column("größe")
    declared = (CITY, age, learn.bucketized_column(age, [-0.5, 0.5]))
    kinds = [infer_features(table), declared_features(declared, table)]
    tags = learn.sparse_column_with_keys("tags", ["a", "c"])
    kinds.append(declared_features((tags, learn.one_hot_column(CITY)), table))
    for features in kinds:
        features = features.learn(table)
        module = ServedFeatures(features.parts)
        arrays = as_arrays(module.inputs, table)
        fed = {one.name: one.raw(tf.constant(arrays[one.key])) for one in module.inputs}
        np.testing.assert_array_equal(module(fed), features.encode(table))


@pytest.mark.parametrize("name", ["forest", "forest numbers", "boosted", "boosted columns"])
def test_trees_give_the_same_bits(name, fitted):
    estimator, rows = fitted(name)
    model = estimator.model_
    encoded = model.encode(as_table(rows))
    found = ServedForest(model.forest)(tf.constant(encoded.values))
    np.testing.assert_array_equal(found, model.forest.scores(encoded))


# --- what is published ---------------------------------------------------------------------------


def test_exports_stand_in_the_layout_of_serving(fitted, tmp_path):
    estimator, _ = fitted("linear")
    (tmp_path / "vocabulary.txt").write_text("a")
    base = tmp_path / "exports"
    assets = {"words/vocabulary.txt": tmp_path / "vocabulary.txt"}
    paths = [estimator.export_savedmodel(base, assets_extra=assets) for _ in range(3)]
    names = [os.path.basename(path) for path in paths]
    assert sorted(os.listdir(base)) == names == sorted(set(names))
    assert all(len(name) == 10 and name.isdecimal() for name in names)
    assert {"saved_model.pb", "variables", "assets.extra"} <= set(os.listdir(paths[0]))
    assert os.path.exists(os.path.join(paths[0], "assets.extra", "words", "vocabulary.txt"))


def refused(estimator, folder, says, **how):
    with pytest.raises(ModelFileError, match=says):
        estimator.export_savedmodel(folder, **how)
    assert not folder.exists() or os.listdir(folder) == []


def refused_file(estimator, folder, what, says, **how):
    with pytest.raises(ModelFileError, match=says):
        getattr(estimator, f"export_{what}")(folder / "model", **how)
    assert os.listdir(folder) == []


def test_what_predicts_otherwise_is_not_published(fitted, tmp_path, monkeypatch):
    def noise(numbers):
        return tf.random.normal(tf.shape(numbers), dtype=numbers.dtype)

    column = learn.real_valued_column("age", default_value=40.0, normalizer=noise)
    moody = learn.LinearRegressor([column]).fit(FRAME, NUMBERS)
    refused(moody, tmp_path / "a", "differ in 'predictions': row .* for .*age=.*Nothing was pub")
    assert os.path.exists(moody.export_savedmodel(tmp_path / "moody", verify=False))
    estimator, rows = fitted("forest")
    real = exporting.served

    def wrong(model):
        module = real(model)
        true, module.expected = module.expected, lambda table: {
            key: value + 2e-5 if key == "probabilities" else value
            for key, value in true(table).items()
        }
        return module

    monkeypatch.setattr(exporting, "served", wrong)
    refused(estimator, tmp_path / "b", "differ in 'probabilities'", sample=rows)


def test_what_cannot_be_exported_says_so(fitted, tmp_path):
    estimator, _ = fitted("known kernel")
    refused(estimator, tmp_path / "a", "Use kernel='rbf'")
    refused(fitted("linear")[0], tmp_path / "b", "leave out '..'", assets_extra={"../x": __file__})
    refused(fitted("linear")[0], tmp_path / "b", "leave out", assets_extra={__file__: __file__})
    refused(fitted("linear")[0], tmp_path / "b", "should be a dict", assets_extra=["words.txt"])
    missing = {"words.txt": tmp_path / "words.txt"}
    refused(fitted("linear")[0], tmp_path / "b", "Mend the path", assets_extra=missing)
    rows = {"größe": X[:, 0], "grö_e": X[:, 1], "self": X[:, 2]}
    refused(learn.LinearRegressor().fit(rows, NUMBERS), tmp_path / "d", "are both 'gr__e'. Rename")
    with pytest.raises(NotFittedError):
        learn.LinearClassifier().export_savedmodel(tmp_path / "c")


def laplacian(rows, landmarks):
    """A kernel of arrays and of tensors."""
    return tf.exp(-tf.reduce_sum(tf.abs(rows[:, None] - landmarks[None]), axis=2) / 3)


def test_a_kernel_of_operations_is_exported(tmp_path):
    clf = learn.SVM(kernel=laplacian, n_components=9, random_state=0).fit(X, LABELS)
    found = called(exported(clf, tmp_path, sample=X), {"X": X.astype(np.float32)})
    np.testing.assert_allclose(found["scores"][:, 0], clf.decision_function(X), 1e-4, 1e-5)


@pytest.mark.parametrize("step", ["_write", "_verify", "_copy_assets"])
def test_ctrl_c_leaves_nothing_behind(step, fitted, tmp_path, monkeypatch, ctrl_c):
    real = getattr(exporting, step)

    def interrupted(*how):
        real(*how)
        signal.raise_signal(signal.SIGINT)

    monkeypatch.setattr(exporting, step, interrupted)
    with pytest.raises(KeyboardInterrupt):
        fitted("network numbers")[0].export_savedmodel(tmp_path)
    assert os.listdir(tmp_path) == []


def test_what_stands_in_the_way_stays(fitted, tmp_path):
    (tmp_path / "notes").write_text("mine")
    with pytest.raises(OSError, match="notes"):
        fitted("network numbers")[0].export_savedmodel(tmp_path / "notes")
    with pytest.raises(OSError, match="notes"):
        fitted("network numbers")[0].export_savedmodel(tmp_path / "notes" / "exports")
    assert (tmp_path / "notes").read_text() == "mine"
    assert os.listdir(tmp_path) == ["notes"]


# --- strategies and monitors ---------------------------------------------------------------------


def test_old_exports_are_collected(tmp_path):
    for name in ("7", "8", "10", "notes"):
        (tmp_path / name).mkdir()
    learn.garbage_collect_exports(tmp_path, None)
    learn.garbage_collect_exports(tmp_path / "none", 1)
    learn.garbage_collect_exports(tmp_path, 2)
    assert sorted(os.listdir(tmp_path)) == ["10", "8", "notes"]
    for wrong in (0, True, 1.5, "2"):
        with pytest.raises(ValueError, match="exports_to_keep should be an int of at least 1"):
            learn.garbage_collect_exports(tmp_path, wrong)
        with pytest.raises(ValueError, match="exports_to_keep should be an int of at least 1"):
            learn.make_export_strategy(wrong)


def test_the_newest_exports_stay(fitted, tmp_path):
    strategy = learn.make_export_strategy(exports_to_keep=2, verify=False)
    assert strategy.name == "Servo"
    paths = [strategy.export(fitted("linear")[0], tmp_path) for _ in range(3)]
    assert sorted(os.listdir(tmp_path)) == [os.path.basename(path) for path in paths[1:]]


def test_the_best_model_is_exported(fitted, tmp_path):
    strategy = learn.make_best_model_export_strategy(verify=False)
    model, losses = fitted("linear")[0], (100, 101, 10, 20)
    found = [strategy.export(model, tmp_path, eval_result={"loss": loss}) for loss in losses]
    assert [bool(path) for path in found] == [True, False, True, False]
    assert os.listdir(tmp_path) == [os.path.basename(found[2])]
    with pytest.raises(ValueError, match="Got no eval_result"):
        strategy.export(model, tmp_path)
    higher = learn.make_best_model_export_strategy(
        compare_fn=lambda best, now: now["auc"] > best["auc"], verify=False
    )
    reports = [{"auc": auc} for auc in (0.5, 0.4)]
    aucs = [higher.export(model, tmp_path / "higher", eval_result=report) for report in reports]
    assert [bool(path) for path in aucs] == [True, False]


def test_a_job_that_is_started_again_exports_no_worse_model(fitted, tmp_path):
    model = fitted("linear")[0]

    def export_anew(loss, **how):  # as another process would
        strategy = learn.make_best_model_export_strategy(verify=False, **how)
        return strategy.export(model, tmp_path, eval_result=loss)

    first = export_anew({"loss": np.float32(0.5), "global_step": 3})
    assert export_anew({"loss": 0.6}) == "" == export_anew({"loss": 0.5})
    with open(os.path.join(first, "assets.extra", "eval_result.json")) as file:
        assert json.load(file) == {"loss": 0.5, "global_step": 3.0}
    better = export_anew({"loss": 0.4}, exports_to_keep=2)
    assert better > first
    assert export_anew({"loss": 0.45}) == ""
    with pytest.raises(ValueError, match="'auc' is not in both: the best one has loss.*remove"):
        export_anew({"auc": 0.5}, compare_fn=lambda best, now: now["auc"] > best["auc"])
    shutil.rmtree(better)
    assert export_anew({"loss": 0.45})
    shutil.rmtree(tmp_path)
    assert export_anew({"loss": 9.0})


def test_a_strategy_is_extended(fitted, tmp_path):
    seen = []

    def upload(path):
        seen.append(path)
        return path + "/uploaded"

    base = learn.make_best_model_export_strategy(verify=False)
    strategy = learn.extend_export_strategy(base, upload, "uploaded")
    assert strategy.name == "uploaded"
    assert learn.extend_export_strategy(base, upload).name == "best_model"
    for loss in (1.0, 2.0):
        found = strategy.export(fitted("linear")[0], tmp_path, eval_result={"loss": loss})
        assert found == (seen[0] + "/uploaded" if loss == 1.0 else "")
    assert len(seen) == 1


def test_an_experiment_exports(tmp_path):
    estimator = learn.LinearClassifier(model_dir=tmp_path, optimizer="Adam", random_state=0)
    strategies = [learn.make_export_strategy(), learn.make_best_model_export_strategy()]
    experiment = learn.Experiment(
        estimator, (X, LABELS), (X, LABELS), train_steps=20, export_strategies=strategies
    )
    experiment.train_and_evaluate()
    assert [os.path.basename(os.path.dirname(path)) for path in experiment.exports] == [
        "Servo",
        "best_model",
    ]
    found = called(signature_of(experiment.exports[0]), {"X": X.astype(np.float32)})
    np.testing.assert_allclose(found["probabilities"], estimator.predict_proba(X), atol=1e-5)


@pytest.mark.parametrize("name", ["network", "function", "clusters", "forest"])
def test_a_monitor_exports_while_training_goes_on(name, tmp_path):
    estimator, rows, y = made(name)
    estimator = copy.copy(estimator)
    steps = {"steps": 20} if "steps" in estimator.get_params() else {"n_estimators": 10}
    if name == "clusters":
        estimator.set_params(use_mini_batch=True, batch_size=20)
    estimator.set_params(**steps)
    monitor = learn.monitors.ExportMonitor(8, tmp_path, exports_to_keep=2)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # few trees: some rows are in all of them
        estimator.fit(rows, y, monitors=[monitor])
    assert len(os.listdir(tmp_path)) == 2
    assert os.path.dirname(monitor.last_export_dir) == str(tmp_path)
    fed = served(estimator.model_).arrays(as_table(rows))
    check_answers(estimator, rows, called(signature_of(monitor.last_export_dir), fed))
