"""export_litert and export_onnx: files that other runtimes predict from as the estimator does."""

import os
import subprocess
import sys
import warnings

import keras
import numpy as np
import pandas as pd
import pytest
import tensorflow as tf
from scipy import sparse
from test_export import MANY, N, check_answers, laplacian, refused_file
from test_saving import AGE, BUCKETS, CITY, ESTIMATORS, FRAME, LABELS, NUMBERS, X, made

import tflearnkit as learn
from tflearnkit.data.table import as_table
from tflearnkit.errors import ModelFileError, NotFittedError
from tflearnkit.estimators import converting
from tflearnkit.estimators.portable import fed_arrays
from tflearnkit.estimators.serving import served

interpreter = pytest.importorskip(
    "ai_edge_litert.interpreter", reason="an extra: pip install 'tflearnkit[litert]'"
)
onnxruntime = pytest.importorskip(
    "onnxruntime", reason="an extra: pip install 'tflearnkit[onnx]'"
)
HASHED = ("linear columns", "network columns")
CONVERTED = [name for name in ESTIMATORS if name not in (*HASHED, "known kernel")]


def answered(path, fed):
    """Return what the runtime of a file answers, by name; strings as str."""
    if path.endswith(".onnx"):
        session = onnxruntime.InferenceSession(path)
        names = [output.name for output in session.get_outputs()]
        found = dict(zip(names, session.run(names, fed), strict=True))
    else:
        found = interpreter.Interpreter(path).get_signature_runner("serving_default")(**fed)
    return {
        key: np.array([v.decode() for v in values]) if values.dtype.kind == "S"
        or (len(values) and isinstance(values.flat[0], bytes)) else values
        for key, values in found.items()
    }  # fmt: skip


def exported(estimator, folder, what, **how):
    path = os.path.join(folder, f"model.{what}")
    assert getattr(estimator, f"export_{what}")(path, **how) == path
    return path


def fed_to(estimator, rows, what):
    return fed_arrays(served(estimator.model_), as_table(rows), litert=what == "litert")


def fit(estimator, rows, y):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # few trees: some rows are in all of them
        return estimator.fit(rows, y)


@pytest.mark.parametrize("what", ["litert", "onnx"])
@pytest.mark.parametrize("name", CONVERTED)
def test_every_estimator_is_converted(name, what, tmp_path):
    estimator, rows, y = made(name)
    path = exported(fit(estimator, rows, y), tmp_path, what, sample=rows)
    fed = fed_to(estimator, rows, what)
    found = answered(path, fed)
    if what == "litert":
        assert all(values.dtype != np.float64 for values in (*fed.values(), *found.values()))
    if what == "litert" and not hasattr(estimator, "classes_") and "predictions" in found:
        # float32, and rows of small numbers beside large ones
        expected = estimator.predict(rows)
        error = np.abs(found["predictions"] - expected).max()
        assert error <= 1e-5 * max(1, np.abs(expected).max())
    else:
        check_answers(estimator, rows, found)


@pytest.mark.parametrize("what", ["litert", "onnx"])
@pytest.mark.parametrize("kind", ["network", "forest", "clusters"])
def test_all_kinds_of_features_go_in_as_they_are(kind, what, tmp_path):
    estimator = {
        "network": learn.DNNClassifier((4,), steps=10, random_state=0),
        "forest": learn.RandomForestClassifier(5, random_state=0),
        "clusters": learn.KMeansClustering(3, random_state=0),
    }[kind]
    path = exported(fit(estimator, MANY, LABELS), tmp_path, what, sample=MANY)
    fed = fed_to(estimator, MANY, what)
    check_answers(estimator, MANY, answered(path, fed))
    for n in (1, 7):  # any number of rows goes in
        one = answered(path, {key: values[:n] for key, values in fed.items()})
        assert {len(values) for values in one.values()} == {n}


@pytest.mark.parametrize("what", ["litert", "onnx"])
def test_lists_and_weights_of_declared_columns(what, tmp_path):
    rows = {
        "city": [["Rome", "Oslo"], ["Oslo"], [], ["Bonn"]] * 10,
        "often": [[1.0, 0.5], [2.0], [], [3.0]] * 10,
        "room": [[1, 2, 3], [], [5], [1]] * 10,
        "shoe": [30, 31, 32, -1] * 10,
    }
    room = learn.sparse_column_with_integerized_feature("room", 4)
    shoe = learn.sparse_column_with_keys("shoe", [30, 31], dtype=tf.int64)
    often = learn.weighted_sparse_column(CITY, "often")
    deep = [
        often,
        learn.embedding_column(CITY, 2, combiner="sqrtn"),
        learn.embedding_column(room, 2, max_norm=0.5),
        learn.one_hot_column(room),
        learn.embedding_column(shoe, 2),
    ]
    model = learn.DNNLinearCombinedClassifier(
        linear_feature_columns=[often, CITY, room, shoe], dnn_feature_columns=deep[1:],
        dnn_hidden_units=(3,), steps=10, random_state=0,
    ).fit(rows, ["a", "b", "a", "b"] * 10)  # fmt: skip
    path = exported(model, tmp_path, what, sample=rows)
    check_answers(model, rows, answered(path, fed_to(model, rows, what)))


@pytest.mark.parametrize("what", ["litert", "onnx"])
def test_a_kernel_of_operations_is_converted(what, tmp_path):
    clf = learn.SVM(kernel=laplacian, n_components=9, random_state=0).fit(X, LABELS)
    path = exported(clf, tmp_path, what, sample=X)
    check_answers(clf, X, answered(path, fed_to(clf, X, what)))


@pytest.mark.parametrize("what", ["litert", "onnx"])
def test_buckets_and_missing_numbers(what, tmp_path):
    for kind in (learn.LinearClassifier, learn.BoostedTreesClassifier):
        params = {} if kind is learn.LinearClassifier else {"n_trees": 3, "random_state": 0}
        clf = fit(kind([AGE, BUCKETS], **params), FRAME, LABELS)
        path = exported(clf, tmp_path, what, sample=FRAME)
        check_answers(clf, FRAME, answered(path, fed_to(clf, FRAME, what)))


def test_shares_near_one_go_into_float32(tmp_path):
    clf = learn.RandomForestClassifier(100, random_state=4).fit(X, (X[:, 0] > 0).astype(int))
    path = exported(clf, tmp_path, "litert", sample=X)
    found = answered(path, fed_to(clf, X, "litert"))
    np.testing.assert_allclose(found["probabilities"], clf.predict_proba(X), atol=1e-6)
    assert found["probabilities"].max() > 0.999
    np.testing.assert_allclose(found["scores"][:, 0], clf.decision_function(X), 1e-2)


@pytest.mark.parametrize("what", ["litert", "onnx"])
def test_a_sparse_matrix_goes_in_dense(what, tmp_path):
    words = sparse.random_array((N, 30), density=0.1, rng=np.random.default_rng(0), format="csr")
    clf = learn.LinearClassifier().fit(words, LABELS)
    path = exported(clf, tmp_path, what, sample=words)
    found = answered(path, {"X": words.toarray().astype(np.float32)})
    np.testing.assert_allclose(found["probabilities"], clf.predict_proba(words), atol=1e-5)


@pytest.mark.parametrize(
    ("layers", "what"),
    [
        ((keras.layers.Reshape((2, 2, 1)), keras.layers.Conv2D(3, 2)), "litert"),
        ((keras.layers.Reshape((2, 2, 1)), keras.layers.Conv2D(3, 2)), "onnx"),
        ((keras.layers.Reshape((4, 1)), keras.layers.LSTM(3)), "onnx"),
    ],
)
def test_keras_layers_are_converted(layers, what, tmp_path):
    def network():
        copies = [type(layer).from_config(layer.get_config()) for layer in layers]
        return keras.Sequential([*copies, keras.layers.Flatten(), keras.layers.Dense(1)])

    rows = np.random.default_rng(0).normal(size=(20, 4)).astype(np.float32)
    estimator = learn.Estimator(network, steps=2, random_state=0).fit(rows, rows[:, 0])
    path = exported(estimator, tmp_path, what, sample=rows)
    check_answers(estimator, rows, answered(path, {"X": rows}))


ALONE = """
import sys
import numpy as np, onnxruntime
rows = np.random.default_rng(0).normal(size=(5, 3)).astype(np.float32)
found = onnxruntime.InferenceSession(sys.argv[1]).run(["probabilities"], {"X": rows})[0]
np.save(sys.argv[2], found)
assert not {"tensorflow", "tflearnkit"} & set(sys.modules)
"""


def test_onnx_runtime_alone_predicts(tmp_path):
    clf = learn.DNNClassifier((4,), steps=10, random_state=0).fit(X, LABELS)
    path = exported(clf, tmp_path, "onnx")
    where = str(tmp_path / "found.npy")
    subprocess.run(
        [sys.executable, "-c", ALONE, path, where], check=True, cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": ""},
    )  # fmt: skip
    rows = np.random.default_rng(0).normal(size=(5, 3)).astype(np.float32)
    np.testing.assert_allclose(np.load(where), clf.predict_proba(rows), atol=1e-6)


# --- what is not written -------------------------------------------------------------------------


@pytest.mark.parametrize("what", ["litert", "onnx"])
def test_columns_that_hash_are_refused(what, tmp_path):
    for name in HASHED:
        estimator, rows, y = made(name)
        refused_file(fit(estimator, rows, y), tmp_path, what, "hashes: one of 'city', 'size'. Use")
    clf = learn.SVM(kernel=ESTIMATORS["known kernel"][0].kernel, n_components=9, random_state=0)
    refused_file(clf.fit(X, LABELS), tmp_path, what, "Use kernel='rbf'")
    with pytest.raises(NotFittedError):
        getattr(learn.LinearClassifier(), f"export_{what}")(tmp_path / "x")


@pytest.mark.parametrize("what", ["litert", "onnx"])
def test_a_file_is_written_into_new_folders_but_not_over_a_folder(what, tmp_path):
    clf = learn.LinearClassifier().fit(X, LABELS)
    exported(clf, tmp_path / "new" / "folder", what, verify=False)
    with pytest.raises(ModelFileError, match="is a folder. Choose another name"):
        getattr(clf, f"export_{what}")(tmp_path, verify=False)
    assert os.listdir(tmp_path) == ["new"]


@pytest.mark.parametrize("what", ["litert", "onnx"])
def test_operations_that_a_runtime_lacks_are_named(what, tmp_path):
    def model_fn(features, targets):
        found = learn.layers.linear(tf.math.bessel_i0(features), 1)[:, 0]
        loss = learn.losses.mean_squared_error(found, targets)
        return found, loss, learn.layers.optimize_loss(loss, learning_rate=0.1)

    estimator = learn.Estimator(model_fn, steps=2, random_state=0).fit(X, NUMBERS)
    refused_file(estimator, tmp_path, what, "its converter says: it has no Bessel")


@pytest.mark.parametrize("what", ["litert", "onnx"])
def test_what_predicts_otherwise_is_not_written(what, tmp_path, monkeypatch):
    clf = learn.LinearClassifier().fit(X, LABELS)
    path = exported(clf, tmp_path, what)
    with open(path, "rb") as file:
        before = file.read()
    real = converting.served

    def wrong(model):
        module = real(model)
        true, module.expected = module.expected, lambda table: {
            key: value + 2e-5 if key == "probabilities" else value
            for key, value in true(table).items()
        }
        return module

    monkeypatch.setattr(converting, "served", wrong)
    with pytest.raises(ModelFileError, match="differ in 'probabilities'"):
        exported(clf, tmp_path, what)
    with open(path, "rb") as file:
        assert file.read() == before
    assert os.listdir(tmp_path) == [os.path.basename(path)]
    exported(clf, tmp_path, what, verify=False)


def test_numbers_too_far_for_float32_are_refused_by_litert_alone(tmp_path):
    when = pd.Timestamp("2020-01-01") + pd.to_timedelta(np.arange(N), "s")
    rows = {"when": when, "x": X[:, 0]}
    clf = learn.LinearClassifier().fit(rows, LABELS)
    refused_file(clf, tmp_path, "litert", "float32 has 7 digits", sample=rows)
    path = exported(clf, tmp_path, "onnx", sample=rows)
    check_answers(clf, rows, answered(path, fed_to(clf, rows, "onnx")))


@pytest.mark.parametrize(
    ("what", "module", "says"),
    [
        ("litert", "ai_edge_litert.interpreter", r"pip install 'tflearnkit\[litert\]'"),
        ("onnx", "onnxruntime", r"pip install 'tflearnkit\[onnx\]'"),
        ("onnx", "tf2onnx", r"pip install 'tflearnkit\[onnx\]'"),
    ],
)
def test_an_extra_that_is_not_installed_is_named(what, module, says, tmp_path, monkeypatch):
    clf = learn.LinearClassifier().fit(X, LABELS)
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(ImportError, match=says):
        exported(clf, tmp_path, what)
    assert os.listdir(tmp_path) == []
