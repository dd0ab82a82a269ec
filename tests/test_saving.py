"""save and load: JSON and arrays, the same bits predicted, safe to open from strangers."""

import contextlib
import copy
import hashlib
import json
import os
import pathlib
import signal
import struct
import subprocess
import sys
import time
import tracemalloc
import warnings
import zipfile

import keras
import numpy as np
import pandas as pd
import pytest
import tensorflow as tf
from sklearn.metrics.pairwise import laplacian_kernel

import tflearnkit as learn
from tflearnkit import loading, model_file
from tflearnkit.errors import ModelFileError
from tflearnkit.estimators import codec

RNG = np.random.default_rng(0)
N = 80
X = RNG.normal(size=(N, 3))
FRAME = pd.DataFrame(
    {
        "city": RNG.choice(np.array(["Rome", "Oslo", None], object), N),
        "age": np.where(RNG.random(N) < 0.1, np.nan, 40 + 10 * X[:, 0]),
        "member": X[:, 1] > 0,
        "size": pd.Categorical(RNG.choice(["s", "m"], N)),
    }
)
LABELS = np.where(X[:, 0] + 0.3 * X[:, 1] > 0, "yes", "no")
NUMBERS = 3 * X[:, 0] + X[:, 1]
FAST = {"steps": 20, "random_state": 0}
AGE = learn.real_valued_column("age", default_value=40.0)
CITY = learn.sparse_column_with_keys("city", ["Rome", "Oslo"])
SIZE = learn.sparse_column_with_hash_bucket("size", 5)
BUCKETS = learn.bucketized_column(AGE, [30, 40])
WIDE = [AGE, BUCKETS, CITY, SIZE, learn.crossed_column([CITY, BUCKETS], 20)]
DEEP = [
    AGE,
    learn.embedding_column(CITY, 2, max_norm=3.0),
    learn.one_hot_column(SIZE),
    learn.scattered_embedding_column("city", 20, 2),
]
DECAY = keras.optimizers.schedules.PiecewiseConstantDecay([5, 10], [0.1, 0.05, 0.01])


def regression_fn(features, targets):
    hidden = learn.layers.fully_connected(features, 4)
    found = learn.layers.linear(hidden, 1)[:, 0]
    loss = learn.losses.mean_squared_error(found, targets)
    return {"found": found}, loss, learn.layers.optimize_loss(loss, learning_rate=0.1)


def probability_fn(features, targets):
    found = learn.layers.fully_connected(features, 1, tf.nn.sigmoid)
    loss = tf.reduce_mean((found - tf.cast(targets, tf.float32)[:, None]) ** 2)
    return found, loss, learn.layers.optimize_loss(loss, learning_rate=0.1)


def keras_fn(units):
    return keras.Sequential([keras.layers.Dense(units), keras.layers.Dense(1)])


ESTIMATORS = {
    "linear": (learn.LinearClassifier(), FRAME, LABELS),
    "linear columns": (
        learn.LinearClassifier(WIDE, optimizer=keras.optimizers.Adam(DECAY), steps=10),
        FRAME,
        LABELS,
    ),
    "linear numbers": (
        learn.LinearRegressor(config=learn.RunConfig(tf_random_seed=3, save_summary_steps=7)),
        FRAME,
        NUMBERS,
    ),
    "network": (learn.DNNClassifier((4,), activation_fn=tf.nn.elu, **FAST), FRAME, LABELS),
    "network columns": (learn.DNNClassifier([4], feature_columns=DEEP, **FAST), FRAME, LABELS),
    "network numbers": (learn.DNNRegressor((4,), batch_norm=True, **FAST), X, NUMBERS),
    "both": (
        learn.DNNLinearCombinedClassifier(dnn_hidden_units=(4,), **FAST),
        FRAME,
        np.stack([LABELS == "yes", X[:, 1] > 0], axis=1).astype(int),
    ),
    "both numbers": (
        learn.DNNLinearCombinedRegressor(dnn_hidden_units=(4,), **FAST),
        FRAME,
        np.stack([NUMBERS, -NUMBERS], axis=1),
    ),
    "SVM": (learn.SVM(), FRAME, LABELS),
    "kernel": (learn.SVM(kernel="rbf", n_components=20, random_state=0), FRAME, LABELS),
    "known kernel": (learn.SVM(kernel=laplacian_kernel, n_components=9, random_state=0), X, LABELS),
    "clusters": (
        learn.KMeansClustering(3, random_state=np.random.RandomState(0)),
        FRAME,
        None,
    ),
    "given clusters": (learn.KMeansClustering(3, initial_clusters=X[:3]), X, None),
    "forest": (learn.RandomForestClassifier(5, random_state=0, oob_score=True), FRAME, LABELS),
    "forest numbers": (learn.RandomForestRegressor(5, random_state=0), FRAME, NUMBERS),
    "tensor forest": (
        learn.TensorForestEstimator(learn.ForestHParams(num_trees=4), random_state=0),
        FRAME,
        LABELS,
    ),
    "boosted": (learn.BoostedTreesClassifier(n_trees=5, random_state=0), FRAME, LABELS),
    "boosted columns": (
        learn.BoostedTreesRegressor([AGE, BUCKETS, CITY], n_trees=5, random_state=0),
        FRAME,
        NUMBERS,
    ),
    "function": (learn.Estimator(regression_fn, **FAST), X, NUMBERS),
    "Keras": (learn.Estimator(keras_fn, params={"units": 3}, **FAST), X, NUMBERS),
    "logistic": (learn.LogisticRegressor(probability_fn, **FAST), X, (X[:, 0] > 0).astype(int)),
}
METHODS = ("predict", "predict_proba", "decision_function", "transform")


def made(name):
    estimator, rows, y = ESTIMATORS[name]
    return copy.copy(estimator), rows, y


@pytest.fixture(scope="module")
def fitted():
    """Return fitted estimators by name, each fitted once."""
    known = {}

    def fit(name):
        if name not in known:
            estimator, rows, y = made(name)
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # few trees: some rows are in all of them
                known[name] = estimator.fit(rows, y), rows
        return known[name]

    return fit


def functions_of(estimator):
    function = getattr(estimator, "model_fn", None)
    return {} if function is None else {"model_fn": function}


def assert_same(one, two):
    if isinstance(one, dict):
        assert one.keys() == two.keys()
        return [assert_same(one[key], two[key]) for key in one]
    assert one.dtype == two.dtype
    np.testing.assert_array_equal(one, two)


def test_every_public_estimator_is_here_and_can_be_loaded():
    public = {name for name in learn.__all__ if hasattr(getattr(learn, name), "fit")}
    public.remove("BaseEstimator")  # to be subclassed
    assert public == {type(one).__name__ for one, _, _ in ESTIMATORS.values()}
    assert public == set(loading._ESTIMATORS)


@pytest.mark.parametrize("name", ESTIMATORS)
@pytest.mark.parametrize("file", ["model.zip", "model"])
def test_what_was_fitted_predicts_the_same_bits(name, file, fitted, tmp_path):
    estimator, rows = fitted(name)
    estimator.save(tmp_path / file)
    found = learn.load(tmp_path / file, **functions_of(estimator))
    assert type(found) is type(estimator)
    assert set(vars(found)) == set(vars(estimator))
    for method in METHODS:
        if hasattr(estimator, method):
            assert_same(getattr(estimator, method)(rows), getattr(found, method)(rows))
    for attribute in ("classes_", "feature_names_in_", "history_", "labels_", "oob_score_"):
        if hasattr(estimator, attribute):
            np.testing.assert_equal(getattr(found, attribute), getattr(estimator, attribute))


@pytest.mark.parametrize("name", ESTIMATORS)
def test_what_was_not_fitted_fits_as_it_would_have(name, tmp_path):
    estimator, _, _ = made(name)
    estimator.save(tmp_path / "model.zip")
    found = learn.load(tmp_path / "model.zip", **functions_of(estimator))
    assert not hasattr(found, "model_")
    for parameter, value in estimator.get_params(deep=False).items():
        back = found.get_params(deep=False)[parameter]
        assert type(back) is type(value)
        if hasattr(value, "get_config"):
            assert back.get_config() == value.get_config()
        elif hasattr(value, "get_state"):
            assert back.randint(10**6) == copy.deepcopy(value).randint(10**6)
        elif isinstance(value, learn.ForestHParams):
            assert back.values() == value.values()
        else:
            np.testing.assert_equal(back, value)


@pytest.mark.parametrize("dtype", ["int8", "int64", "float32", "bool", "U5", "object"])
def test_labels_keep_their_dtype(dtype, tmp_path):
    y = (X[:, 0] > 0).astype(dtype)
    clf = learn.LinearClassifier().fit(X, y)
    clf.save(tmp_path / "model.zip")
    found = learn.load(tmp_path / "model.zip")
    assert_same(clf.classes_, found.classes_)
    assert_same(clf.predict(X), found.predict(X))


def test_another_process_predicts_the_same_bits(fitted, tmp_path):
    FRAME.to_pickle(tmp_path / "rows.pkl")
    expected = {}
    for name in ("network", "kernel", "forest", "clusters"):
        estimator, rows = fitted(name)
        estimator.save(tmp_path / f"{name}.zip")
        expected[name] = hashlib.sha256(estimator.predict(rows).tobytes()).hexdigest()
        if hasattr(estimator, "predict_proba"):
            expected[name] = hashlib.sha256(estimator.predict_proba(rows).tobytes()).hexdigest()
    code = f"""
import hashlib, pandas as pd, tflearnkit as learn
rows = pd.read_pickle({str(tmp_path / "rows.pkl")!r})
for name in {list(expected)}:
    found = learn.load({str(tmp_path)!r} + f"/{{name}}.zip")
    found = getattr(found, "predict_proba", found.predict)(rows)
    print(hashlib.sha256(found.tobytes()).hexdigest())
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == list(expected.values())


def test_training_goes_on_as_if_nothing_had_happened(tmp_path):
    network = learn.DNNClassifier((4,), **FAST).fit(FRAME, LABELS)
    network.save(tmp_path / "whole.zip")
    network.save(tmp_path / "lean.zip", include_optimizer=False)
    whole, lean = (learn.load(tmp_path / f"{name}.zip") for name in ("whole", "lean"))
    assert_same(network.predict_proba(FRAME), lean.predict_proba(FRAME))
    assert os.path.getsize(tmp_path / "lean.zip") < os.path.getsize(tmp_path / "whole.zip")
    assert not any("Adam" in name or "momentum" in name for name in lean.get_variable_names())
    for one in (network, whole, lean):
        one.partial_fit(FRAME, LABELS)
    assert_same(network.predict_proba(FRAME), whole.predict_proba(FRAME))


def test_what_is_in_model_dir_is_saved_and_places_are_left_out(tmp_path):
    learn.LinearRegressor(model_dir=tmp_path / "run").fit(X, NUMBERS)
    config = learn.RunConfig(model_dir=tmp_path / "run", save_summary_steps=3)
    again = learn.LinearRegressor(config=config)
    again.save(tmp_path / "model")
    found = learn.load(tmp_path / "model")
    assert_same(found.predict(X), again.predict(X))
    assert found.config == learn.RunConfig(save_summary_steps=3)
    assert learn.load(tmp_path / "model", model_dir="elsewhere").model_dir == "elsewhere"


def test_equal_models_are_equal_files(fitted, tmp_path):
    estimator, _ = fitted("network columns")
    for name in ("one.zip", "two.zip"):
        estimator.save(tmp_path / name)
    assert (tmp_path / "one.zip").read_bytes() == (tmp_path / "two.zip").read_bytes()


# --- what cannot be written ----------------------------------------------------------------------


def test_functions_must_be_passed_again(fitted, tmp_path):
    fitted("function")[0].save(tmp_path / "model.zip")
    with pytest.raises(ModelFileError, match=r"'regression_fn'.*load\(path, model_fn=\.\.\.\)"):
        learn.load(tmp_path / "model.zip")
    with pytest.raises(ModelFileError, match=r"got 'model_fun'.*Did you mean 'model_fn'"):
        learn.load(tmp_path / "model.zip", model_fun=regression_fn)


def square(x):
    return x**2


@pytest.mark.parametrize(
    ("estimator", "says"),
    [
        (
            learn.LinearClassifier([learn.real_valued_column("age", normalizer=square)]),
            "holds no functions, but parameter feature_columns, column 'age', normalizer",
        ),
        (learn.LinearClassifier(class_weight={"a": pd.Series([1])}), "but parameter class_weight"),
        (
            learn.Estimator(regression_fn, params={"f": square}),
            "holds no functions, but parameter params",
        ),
    ],
)
def test_what_no_file_can_hold_is_named(estimator, says, tmp_path):
    with pytest.raises(ModelFileError, match=says):
        estimator.save(tmp_path / "model.zip")
    assert os.listdir(tmp_path) == []


def test_classes_of_users_are_not_saved(tmp_path):
    class Own(learn.LinearClassifier):
        pass

    with pytest.raises(ModelFileError, match="Own is a class of your own"):
        Own().save(tmp_path / "model.zip")


# --- places --------------------------------------------------------------------------------------


def test_nothing_else_is_overwritten(tmp_path):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "notes.txt").write_text("x")
    (tmp_path / "folder.zip").mkdir()
    (tmp_path / "file").write_text("x")
    for name in ("mine", "folder.zip", "file"):
        with pytest.raises(ModelFileError, match=r"Choose another (path|name)"):
            learn.LinearClassifier().save(tmp_path / name)
    with pytest.raises(ModelFileError, match="nothing of that name"):
        learn.load(tmp_path / "none")
    with pytest.raises(ModelFileError, match="damaged or of another program"):
        learn.load(tmp_path / "mine")


def test_a_model_is_replaced_whole(fitted, tmp_path):
    for name in ("model", "model.zip"):
        for one in ("network", "linear"):
            fitted(one)[0].save(tmp_path / name)
        assert type(learn.load(tmp_path / name)) is learn.LinearClassifier
    assert len(os.listdir(tmp_path / "model")) == 2
    assert sorted(os.listdir(tmp_path)) == ["model", "model.zip"]


SAVES_FOR_EVER = """
import itertools, sys
import numpy as np
from tflearnkit import model_file
for number in itertools.count():
    arrays = {str(i): np.full((50, 1000), number) for i in range(4)}
    for name in ("model", "model.zip"):
        model_file.write(sys.argv[1] + "/" + name, {"number": number}, arrays)
"""


@pytest.mark.parametrize("after", [0.0, 0.002, 0.007, 0.02])
def test_a_kill_leaves_the_last_good_one(after, tmp_path):
    child = subprocess.Popen([sys.executable, "-c", SAVES_FOR_EVER, str(tmp_path)])
    try:
        deadline = time.monotonic() + 120
        while not (tmp_path / "model.zip").exists():
            assert child.poll() is None
            assert time.monotonic() < deadline
            time.sleep(0.001)
        time.sleep(after)
    finally:
        child.send_signal(signal.SIGKILL)
        child.wait()
    for name in ("model", "model.zip"):
        content, arrays = model_file.read(tmp_path / name)
        assert all((array == content["number"]).all() for array in arrays.values())
        model_file.write(tmp_path / name, {}, {})
        assert model_file.read(tmp_path / name) == ({}, {})
    assert len(os.listdir(tmp_path / "model")) <= 3  # and what was half written, which is hidden


# --- versions ------------------------------------------------------------------------------------

OLD = pathlib.Path(__file__).parent / "saved"


def test_models_of_version_1_are_read():
    rows = pd.DataFrame({"city": ["Rome", "Oslo", "Bonn", None], "age": [20.0, 50.0, np.nan, 35.0]})
    expected = json.loads((OLD / "version_1.json").read_text())
    for name in expected:
        found = learn.load(OLD / f"{name}.zip")
        np.testing.assert_allclose(found.predict_proba(rows), expected[name], rtol=1e-5)
        assert found.classes_.tolist() == ["no", "yes"]


def rewritten(path, change, target, *, signs=True):
    """Write the zip at ``path`` to ``target`` with what ``change`` makes of its JSON."""
    with zipfile.ZipFile(path) as source, zipfile.ZipFile(target, "w") as out:
        for name in source.namelist():
            words = source.read(name)
            if name == model_file.MODEL:
                content = json.loads(words)
                content = change(content) or content
                if signs and isinstance(content, dict):
                    content.pop("digest", None)
                    content["digest"] = model_file._digest(content)
                words = json.dumps(content).encode()
            out.writestr(name, words)
    return target


def test_newer_minor_versions_are_read_and_newer_major_ones_are_not(fitted, tmp_path):
    estimator, rows = fitted("linear")
    estimator.save(tmp_path / "model.zip")

    def later(content):
        content["version"] = [1, 7]
        content["model"]["licence"] = content["colour"] = "green"
        content["model"]["fitted"]["licence"] = {"kind": "poem"}

    later_one = rewritten(tmp_path / "model.zip", later, tmp_path / "later.zip")
    assert_same(learn.load(later_one).predict_proba(rows), estimator.predict_proba(rows))
    next_one = rewritten(
        tmp_path / "model.zip", lambda c: c.update(version=[2, 0]), tmp_path / "next.zip"
    )
    with pytest.raises(ModelFileError, match="Upgrade tflearnkit"):
        learn.load(next_one)


# --- strangers -----------------------------------------------------------------------------------


class Watch:
    """Notes what Python does meanwhile that no reading of a model should."""

    FORBIDDEN = ("exec", "compile", "os.system", "subprocess.Popen", "pickle.find_class", "socket")

    def __init__(self):
        self.on, self.seen = False, []
        sys.addaudithook(self.hear)

    def hear(self, event, arguments):
        if self.on and (event.startswith(self.FORBIDDEN) or self.writes(event, arguments)):
            self.seen.append((event, arguments))

    def writes(self, event, arguments):
        return event == "open" and isinstance(arguments[1], str) and set(arguments[1]) & set("wax+")


WATCH = Watch()
MOST_MEMORY = 30e6


def refuses(path, estimator, rows):
    """Load a mutated file, and tell whether it was refused."""
    found = None
    tracemalloc.start()
    WATCH.on = True
    with contextlib.suppress(ModelFileError):
        found = learn.load(path, **functions_of(estimator))
    WATCH.on = False
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < MOST_MEMORY
    assert WATCH.seen == []
    if found is None:
        return True
    assert type(found) is type(estimator)
    # A parameter that no model should have is refused where it is used.
    with contextlib.suppress(ValueError, TypeError, AttributeError, tf.errors.OpError):
        found.predict(rows)
    return False


FUZZED = ("network columns", "kernel", "clusters", "forest", "boosted columns", "function")


@pytest.mark.parametrize("name", FUZZED)
def test_bytes_that_changed_are_refused(name, fitted, tmp_path):
    estimator, rows = fitted(name)
    estimator.save(tmp_path / "model.zip")
    assert not refuses(tmp_path / "model.zip", estimator, rows)
    whole = (tmp_path / "model.zip").read_bytes()
    with zipfile.ZipFile(tmp_path / "model.zip") as archive:
        ends = [info.header_offset for info in archive.infolist()] + [archive.start_dir]
    broken = tmp_path / "broken.zip"
    rng = np.random.default_rng(1)
    places = [*rng.integers(0, len(whole), 40), *(end + k for end in ends for k in range(0, 40, 3))]
    n_refused = 0
    for place in places:
        flipped = bytearray(whole)
        flipped[min(place, len(whole) - 1)] ^= 1 << rng.integers(8)
        broken.write_bytes(flipped)
        n_refused += refuses(broken, estimator, rows)
    assert n_refused > 0.3 * len(places)  # the rest are dates and the like, which mean nothing
    for length in rng.integers(0, len(whole), 20):
        broken.write_bytes(whole[:length])
        assert refuses(broken, estimator, rows)
    content = whole.index(b"tflearnkit model")  # all of the JSON is under its digest
    for place in rng.integers(content, ends[1] - 1, 40):
        flipped = bytearray(whole)
        flipped[place] ^= 1 << rng.integers(8)
        broken.write_bytes(flipped)
        assert refuses(broken, estimator, rows)


OTHERS = [None, True, -1, 10**18, 1e308, "x", "__import__('os')", [], [[]], {}, {"kind": "tuple"}]


def nodes_of(content, path=()):
    if isinstance(content, dict | list):
        for key in content if isinstance(content, dict) else range(min(len(content), 3)):
            yield (*path, key)
            yield from nodes_of(content[key], (*path, key))


def changed(content, path, value):
    for key in path[:-1]:
        content = content[key]
    content[path[-1]] = value


def deleted(content, path):
    for key in path[:-1]:
        content = content[key]
    del content[path[-1]]


@pytest.mark.parametrize("name", FUZZED)
def test_words_that_changed_under_a_right_digest_do_no_harm(name, fitted, tmp_path):
    estimator, rows = fitted(name)
    estimator.save(tmp_path / "model.zip")
    with zipfile.ZipFile(tmp_path / "model.zip") as archive:
        content = json.loads(archive.read(model_file.MODEL))
    paths = list(nodes_of(content))
    rng, broken = np.random.default_rng(2), tmp_path / "broken.zip"
    accepted = []
    for trial in range(200):
        path = paths[rng.integers(len(paths))]
        other = OTHERS[rng.integers(len(OTHERS))]
        if trial % 5 == 0:
            rewritten(tmp_path / "model.zip", lambda c, p=path: deleted(c, p), broken)
        else:
            rewritten(tmp_path / "model.zip", lambda c, p=path, o=other: changed(c, p, o), broken)
        if not refuses(broken, estimator, rows):
            accepted.append(path)
    assert len(accepted) < 100
    assert not [path for path in accepted if path[0] in ("format", "version") and path[1:] != (1,)]


def test_an_estimator_of_no_known_kind_is_refused(fitted, tmp_path):
    fitted("linear")[0].save(tmp_path / "model.zip")
    for kind in ("os.system", "sklearn.svm.SVC", "BaseEstimator", None, 3, ["SVM"], "Estimator\n"):
        path = rewritten(
            tmp_path / "model.zip",
            lambda c, k=kind: c["model"].update(estimator=k),
            tmp_path / "broken.zip",
        )
        with pytest.raises(ModelFileError, match="should be of an estimator of tflearnkit"):
            learn.load(path)


HOSTILE = [
    {"kind": "function", "name": "os.system"},
    {"kind": "function", "name": "tf.io.write_file"},
    {"kind": "Adam", "config": {"learning_rate": {"module": "os", "class_name": "system"}}},
    {"kind": "Adam", "config": {}, "schedule": {"kind": "Lambda", "config": {}}},
    {"kind": "keras.layers.Lambda", "config": {"function": "x"}},
    {"kind": "np.dtype", "name": "O,O"},
    {"kind": "__class__"},
    {"kind": "value", "items": []},
    {"kind": "RandomState", "state": {"kind": "dict", "items": [["bit_generator", "os"]]}},
    {"kind": "objects", "shape": [10**9, 10**9], "items": []},
    {"kind": "array", "array": "../../etc/passwd"},
    {"kind": "HashedColumn", "fields": {"name": "a", "size": "9", "combiner": "sum"}},
]


@pytest.mark.parametrize("hostile", HOSTILE, ids=json.dumps)
def test_hostile_values_are_refused(hostile, fitted, tmp_path):
    estimator, rows = fitted("network")
    estimator.save(tmp_path / "model.zip")

    def change(content):
        content["model"]["parameters"]["optimizer"] = hostile

    assert refuses(rewritten(tmp_path / "model.zip", change, tmp_path / "x.zip"), estimator, rows)


def test_a_generator_is_at_a_place_in_its_key(tmp_path):
    """NumPy itself would read beyond the key's end."""
    estimator = learn.KMeansClustering(3, random_state=np.random.RandomState(0))
    estimator.save(tmp_path / "model.zip")
    content, arrays = model_file.read(tmp_path / "model.zip")
    state = dict(content["parameters"]["random_state"]["state"]["items"])["state"]
    for pos in (-1, 625, 10**6, 2.0, None):
        (place,) = (pair for pair in state["items"] if pair[0] == "pos")
        place[1] = pos
        model_file.write(tmp_path / "x.zip", content, arrays)
        assert refuses(tmp_path / "x.zip", estimator, X)
    place[1] = 624
    model_file.write(tmp_path / "x.zip", content, arrays)
    assert not refuses(tmp_path / "x.zip", estimator, X)
    short = {name: array[:10] for name, array in arrays.items()}
    model_file.write(tmp_path / "x.zip", content, short)
    assert refuses(tmp_path / "x.zip", estimator, X)


@pytest.mark.parametrize(
    "kind", [learn.LinearClassifier, learn.KMeansClustering, learn.DNNClassifier]
)
def test_columns_that_claim_too_much_take_no_memory(kind, tmp_path):
    column = learn.sparse_column_with_integerized_feature("n", 10)
    name = "feature_columns"
    params = {"num_clusters": 3} if kind is learn.KMeansClustering else {"steps": 2}
    if kind is learn.DNNClassifier:
        column = learn.embedding_column(column, 2)
    rows = {"n": np.arange(N) % 10}
    estimator = kind(**params, **{name: [column]}, random_state=0).fit(rows, LABELS)
    estimator.save(tmp_path / "model.zip")

    def change(content):
        (json_of,) = content["model"]["parameters"][name]
        json_of["fields"].get("source", json_of)["fields"]["size"] = 10**9
        keys = content["model"]["fitted"]["column_keys"]
        keys[0] = keys[0].replace("size=10", "size=1000000000")

    path = rewritten(tmp_path / "model.zip", change, tmp_path / "x.zip")
    assert refuses(path, estimator, rows)


def test_every_kind_of_value_makes_the_round_trip():
    values = [
        (1, [2.5, None]), {"a": (1,), 2: [np.float32(3)], None: {}}, float("inf"), 10**30, "æ",
        np.arange(6).reshape(2, 3), np.array(["a", 1], object), np.datetime64("2020-01-01"),
        np.dtype("f4"), tf.int64, tf.nn.relu, keras.activations.gelu, laplacian_kernel, *WIDE,
        *DEEP,
    ]  # fmt: skip
    for value in values:
        writer = codec.Writer()
        written = json.loads(json.dumps(writer.json(value, "here")))
        back = codec.Reader(writer.arrays).value(written)
        np.testing.assert_equal(back, value)
        assert type(back) is type(value)


def huge(header_shape, payload=b"\0" * 16):
    header = f"{{'descr': '<f4', 'fortran_order': False, 'shape': {header_shape}, }}".ljust(117)
    header += "\n"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header.encode() + payload


def with_array(path, target, content, compression=zipfile.ZIP_STORED, extra=None):
    with zipfile.ZipFile(path) as source, zipfile.ZipFile(target, "w") as out:
        for name in source.namelist():
            is_it = name == "0.npy" and content is not None
            out.writestr(name, content if is_it else source.read(name), compression)
        for name in extra or ():
            out.writestr(name, b"x")
    return target


def test_bombs_and_climbers_are_refused(fitted, tmp_path):
    estimator, rows = fitted("network")
    path, target = tmp_path / "model.zip", tmp_path / "x.zip"
    estimator.save(path)
    for content in (
        huge("(4,)"), huge(f"({10**9}, {10**9})"), huge("(0, 99999999999999999999)"), huge("(-4,)"),
        huge("(" + "1, " * 300 + ")"), huge("__import__('os').system('x')"), b"", b"\x93NUMPY",
    ):  # fmt: skip
        assert refuses(with_array(path, target, content), estimator, rows)
    bomb = with_array(path, target, b"\0" * 200_000_000, zipfile.ZIP_DEFLATED)
    assert os.path.getsize(bomb) < 1e6
    assert refuses(bomb, estimator, rows)
    for extra in ("../evil", "/tmp/evil", "0.npy.exe", "model.json/x", "99.npy"):
        assert refuses(with_array(path, target, None, extra=[extra]), estimator, rows)
    assert not (tmp_path.parent / "evil").exists()
    target.write_bytes(b'{"a":' * 100_000)
    assert refuses(target, estimator, rows)
    rewritten(path, lambda c: json.loads("[" * 900 + "]" * 900), target, signs=False)
    assert refuses(target, estimator, rows)


def test_folders_are_read_no_further_than_they_reach(fitted, tmp_path):
    estimator, rows = fitted("linear")
    estimator.save(tmp_path / "model")
    (arrays,) = (tmp_path / "model").glob("arrays-*.npz")
    moved = arrays.rename(tmp_path / "elsewhere.npz")
    assert refuses(tmp_path / "model", estimator, rows)
    arrays.symlink_to(moved)
    assert refuses(tmp_path / "model", estimator, rows)
    arrays.unlink()
    os.mkfifo(arrays)
    assert refuses(tmp_path / "model", estimator, rows)
    words = json.loads((tmp_path / "model" / model_file.MODEL).read_text())
    for name in ("../elsewhere.npz", str(moved), None, 3, "elsewhere.npz"):
        words.pop("digest", None)
        words["arrays_file"] = name
        words["digest"] = model_file._digest(words)
        (tmp_path / "model" / model_file.MODEL).write_text(json.dumps(words))
        assert refuses(tmp_path / "model", estimator, rows)


@pytest.mark.parametrize("name", ["forest", "boosted"])
def test_trees_that_are_none_are_refused(name, fitted, tmp_path):
    """Rows would go round in them for ever, or fall out of them."""
    estimator, rows = fitted(name)
    content, arrays = read_back(estimator, tmp_path)
    split = arrays["model/trees/split"]
    inner = np.flatnonzero(split >= 0)
    changes = [
        ("split", lambda a: np.where(a >= 0, 120, a).astype(a.dtype)),
        ("split", lambda a: np.roll(a, 1)),
        ("split", lambda a: np.sort(a)),
        ("split", lambda a: a[:-1]),
        ("split", lambda a: a.astype(float)),
        ("sizes", lambda a: a + 2),
        ("sizes", lambda a: -a),
        ("sizes", lambda a: np.roll(a, 1) + np.arange(len(a)) * 0 + 1),
        ("output", lambda a: a + 1),
        ("output", lambda a: a - 1),
        ("value", lambda a: a[:-1]),
        ("value", lambda a: a[:, :, None]),
        ("threshold", lambda a: a[:0]),
        ("sets", lambda a: np.zeros(len(a) + 1, a.dtype)),
        ("base", lambda a: np.zeros(len(a) + 1)),
    ]
    assert len(inner)
    for array, change in changes:
        key = f"model/trees/{array}"
        model_file.write(tmp_path / "x.zip", content, {**arrays, key: change(arrays[key])})
        assert refuses(tmp_path / "x.zip", estimator, rows), array


def read_back(estimator, tmp_path):
    estimator.save(tmp_path / "model.zip")
    return model_file.read(tmp_path / "model.zip")


@pytest.mark.parametrize("name", ["network", "network columns", "kernel", "clusters"])
def test_arrays_that_do_not_fit_are_refused(name, fitted, tmp_path):
    estimator, rows = fitted(name)
    content, arrays = read_back(estimator, tmp_path)
    weights = [key for key in arrays if key.startswith("model/")]
    own = {f"model/{key}" for key in getattr(estimator.model_, "weights", ["clusters"])}
    for key in own & set(weights):
        for other in (arrays[key][..., None], np.full(arrays[key].shape, "a"), None):
            kept = {k: v for k, v in arrays.items() if k != key}
            kept |= {} if other is None else {key: other}
            model_file.write(tmp_path / "x.zip", content, kept)
            assert refuses(tmp_path / "x.zip", estimator, rows), key
