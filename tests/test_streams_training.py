"""Training, evaluating and predicting on what streams by: generators, datasets, input functions."""

import multiprocessing
import os
import signal
import time

import numpy as np
import pandas as pd
import pytest
import tensorflow as tf

import tflearnkit as learn
from tflearnkit import checkpoint
from tflearnkit.errors import TrainingInterruptedWarning
from tflearnkit.monitors import BaseMonitor, EveryN, StopAtStep, ValidationMonitor

RNG = np.random.default_rng(0)
X = RNG.normal(size=(120, 4)).astype(np.float32)
Y = (X[:, 0] + 0.5 * X[:, 1] > 0).astype(int)
W = RNG.uniform(0.5, 2.0, size=120).astype(np.float32)
BATCH = 30  # four steps a pass
COLUMN = learn.real_valued_column("", dimension=4)


def network(columns=None, **params):
    given = {"hidden_units": (8,), "optimizer": "Adagrad", "batch_size": BATCH, "random_state": 0}
    given["l2_regularization"] = 1e-3  # the default goes by the rows, which a stream does not show
    return learn.DNNClassifier(feature_columns=columns, **given | params)


def steps_of(model):
    return int(model.get_variable_value("global_step"))


def assert_same(model, other):
    """The same weights, but for rounding."""
    assert model.get_variable_names() == other.get_variable_names()
    for name in model.get_variable_names():
        np.testing.assert_allclose(
            *(m.get_variable_value(name) for m in (model, other)), rtol=1e-4, atol=1e-6,
            err_msg=name,
        )  # fmt: skip


def passes(n):
    """Rows with targets, ``n`` times over."""
    return ((x, y) for _ in range(n) for x, y in zip(X, Y, strict=True))


def parts(size, *arrays):
    return zip(*([a[i : i + size] for i in range(0, len(X), size)] for a in arrays), strict=True)


def slices(*arrays):
    return tf.data.Dataset.from_tensor_slices(arrays)


# --- every kind of stream trains alike -----------------------------------------------------------

KINDS = {
    "rows": lambda: {"X": passes(1)},
    "rows and targets apart": lambda: {"X": iter(X), "y": iter(Y)},
    "lists": lambda: {"X": (x.tolist() for x in X), "y": (int(y) for y in Y)},
    "batches": lambda: {"X": parts(50, X, Y)},
    "batches apart": lambda: {"X": (x for (x,) in parts(50, X)), "y": (y for (y,) in parts(50, Y))},
    "dataset of rows": lambda: {"X": slices(X, Y)},
    "dataset of batches": lambda: {"X": slices(X, Y).batch(50)},
    "endless dataset": lambda: {"X": slices(X, Y).repeat(), "steps": 4},
    "input_fn of a dataset": lambda: {"input_fn": lambda: slices(X, Y).batch(7)},
    "input_fn of a generator": lambda: {"input_fn": lambda: passes(1)},
}


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_every_kind_of_stream_is_the_same_training(kind):
    expected = network([COLUMN]).fit(passes(1))
    model = network([COLUMN]).fit(**KINDS[kind]())
    assert steps_of(model) == 4
    assert_same(model, expected)
    assert model.history_["step"] == [4]


def test_frames_stream_too():
    names = [learn.real_valued_column(str(i)) for i in range(4)]
    frames = ((pd.DataFrame(x, columns=list("0123")), y) for x, y in parts(50, X, Y))
    model = network(names).fit(frames)
    assert steps_of(model) == 4
    assert model.feature_names_in_.tolist() == ["0", "1", "2", "3"]


def test_weights_stream_along():
    weighted = network([COLUMN]).fit(zip(X, Y, W, strict=True))
    from_batches = network([COLUMN]).fit(slices(X, Y, W).batch(25))
    assert_same(from_batches, weighted)
    plain = network([COLUMN]).fit(passes(1))
    assert not np.allclose(plain.predict_proba(X), weighted.predict_proba(X))


def test_rows_that_weigh_nothing_are_as_if_they_had_not_come():
    weights = np.where(np.arange(120) < 60, 1.0, 0.0)
    half = network([COLUMN]).fit(zip(X[:60], Y[:60], strict=True))
    assert_same(network([COLUMN]).fit(parts(30, X, Y, weights)), half)  # two batches of nothing
    with pytest.raises(ValueError, match="at least one non-zero"):
        network([COLUMN]).fit(parts(30, X, Y, 0 * weights))


def test_a_stream_in_the_order_of_a_table_is_that_table():
    """A constant input_fn is one batch, in order, each step; so is a stream of that batch."""
    table = network([COLUMN]).fit(input_fn=lambda: (tf.constant(X), tf.constant(Y)), steps=9)
    stream = network([COLUMN], batch_size=120).fit(passes(9))
    assert steps_of(table) == steps_of(stream) == 9
    assert_same(table, stream)
    inferred = network(batch_size=120).fit(passes(9))  # standardised, and so is the table
    assert_same(inferred, network().fit(input_fn=lambda: (X, Y), steps=9))


def test_regression_streams():
    y = 100 * X[:, 0] + 7
    model = learn.DNNRegressor((32,), random_state=0, batch_size=BATCH)
    model.fit(((a, b) for _ in range(200) for a, b in zip(X, y, strict=True)))
    assert model.score(X, y) > 0.9


def test_linear_models_stream():
    model = learn.LinearClassifier(batch_size=BATCH).fit(passes(50))
    assert model.score(X, Y) > 0.9
    assert steps_of(model) == 200


# --- features of every kind ----------------------------------------------------------------------

WORDS = RNG.choice(["Rome", "Oslo", "Bonn"], 120)


def features(kind, rows=slice(None)):
    """Columns of the same content in several forms: one list of words per row, and a number."""
    words = [[w] * (i % 3) for i, w in enumerate(WORDS)][rows]
    number = tf.constant(X[rows, 0])
    if kind == "ragged":
        return {"n": number, "w": tf.ragged.constant(words)}
    if kind == "sparse":
        return {"n": number, "w": tf.ragged.constant(words).to_sparse()}
    return {"n": X[rows, 0], "w": words}


@pytest.mark.parametrize("kind", ["ragged", "sparse"])
def test_dicts_of_tensors_of_every_kind(kind):
    expected = network().fit(iter([(features("lists"), Y)] * 5))
    dataset = tf.data.Dataset.from_tensors((features(kind), Y)).repeat(5)
    assert_same(network().fit(dataset), expected)
    assert_same(network().fit(input_fn=lambda: dataset), expected)
    np.testing.assert_allclose(
        network().fit(dataset).predict_proba(features("lists")),
        expected.predict_proba(features(kind)),
        rtol=1e-4,
    )


def test_a_constant_input_fn_takes_dicts():
    model = network().fit(input_fn=lambda: (features("sparse"), tf.constant(Y)), steps=5)
    assert steps_of(model) == 5
    found = model.evaluate(input_fn=lambda: (features("ragged"), tf.constant(Y)))
    assert found == pytest.approx(model.evaluate(features("lists"), Y))


def test_dicts_row_by_row():
    rows = ({"n": float(x[0]), "w": w} for _ in range(3) for x, w in zip(X, WORDS, strict=True))
    model = network().fit(rows, iter(np.tile(np.where(Y, "yes", "no"), 3)))
    assert model.classes_.tolist() == ["no", "yes"]
    assert set(model.predict({"n": X[:, 0], "w": WORDS})) <= {"no", "yes"}


def late(n_first, batch=500):
    """A stream whose rows change after ``n_first``: other numbers, and a word never seen."""
    for start in range(0, n_first + 2000, batch):
        rng = np.random.default_rng(start)
        is_late = start >= n_first
        numbers = rng.normal(1000 if is_late else 5, 2, size=batch)
        words = np.where(rng.random(batch) < 0.5, "new" if is_late else "old", "both")
        yield {"n": numbers, "w": words}, (words == "both").astype(int)


def test_the_first_rows_teach_the_columns_and_later_words_are_unseen():
    model = network(batch_size=250).fit(late(10_000))
    numbers, words = model.model_.columns.dense[0], model.model_.columns.ids[0]
    seen = np.concatenate([x["n"] for x, _ in late(10_000)])[:10_000]
    np.testing.assert_allclose(numbers.mean, [seen.mean()])
    np.testing.assert_allclose(numbers.scale, [seen.std()])
    assert words.vocabulary == ("both", "old")
    assert steps_of(model) == 48
    same = network_outputs(model, "new"), network_outputs(model, "never heard of")
    np.testing.assert_array_equal(*same)


def network_outputs(model, word):
    return model.predict_proba({"n": np.array([5.0]), "w": np.array([word])})


def test_a_short_stream_teaches_all_it_has():
    model = network(batch_size=250).fit(late(500))
    assert model.model_.columns.ids[0].vocabulary == ("both", "new", "old")


# --- on and on -----------------------------------------------------------------------------------


def test_partial_fits_in_a_row_are_one_fit():
    whole = network([COLUMN]).fit(passes(1))
    model = network([COLUMN])
    for start in (0, 60):
        model.partial_fit(zip(X[start : start + 60], Y[start : start + 60], strict=True))
    assert_same(model, whole)
    assert steps_of(model) == 4


def test_partial_fits_of_single_batches_are_one_fit():
    """A table of one batch is one step, whatever its order; dropout goes by the order."""
    whole = network([COLUMN], dropout=None).fit(passes(1))
    model = network([COLUMN], dropout=None)
    for x, y in parts(BATCH, X, Y):
        model.partial_fit(x, y, classes=[0, 1])
    assert_same(model, whole)


def test_partial_fit_with_the_default_optimizer_keeps_its_rate():
    """There is no plan to decay over, so that streams and steps of any number agree."""
    whole = network([COLUMN], optimizer=None).fit(passes(1))
    model = network([COLUMN], optimizer=None)
    for x, y in parts(60, X, Y):
        model.partial_fit(input_fn=lambda x=x, y=y: slices(x, y), steps=2)
    assert_same(model, whole)


def test_an_interrupted_stream_is_read_on_from_where_it_was(tmp_path):
    whole = network([COLUMN], model_dir=tmp_path / "whole").fit(passes(9), max_steps=30)
    for stop in (13, 30):
        part = network([COLUMN], model_dir=tmp_path / "part")
        part.fit(passes(9), max_steps=30, monitors=[StopAtStep(last_step=stop)])
    assert_same(part, whole)
    assert steps_of(part) == 30


def test_further_streams_are_read_from_their_start(tmp_path):
    whole = network([COLUMN], model_dir=tmp_path / "whole").fit(passes(2))
    network([COLUMN], model_dir=tmp_path / "parts").fit(passes(1))
    more = network([COLUMN], model_dir=tmp_path / "parts").fit(passes(1))
    assert steps_of(more) == 8
    assert_same(more, whole)
    assert steps_of(network([COLUMN], model_dir=tmp_path / "parts").fit(passes(9), steps=5)) == 13


def test_a_stream_shorter_than_max_steps_just_ends(tmp_path):
    assert steps_of(network([COLUMN], model_dir=tmp_path).fit(passes(1), max_steps=100)) == 4
    again = network([COLUMN], model_dir=tmp_path).fit(passes(1), max_steps=100)
    assert steps_of(again) == 4
    assert checkpoint.checkpoints(tmp_path) == [4]


# --- the end of a stream -------------------------------------------------------------------------


class Looks(EveryN):
    def __init__(self, every):
        super().__init__(every, first_n_steps=-1)
        self.steps = []

    def every_n_step_end(self, step, outputs):
        self.steps.append(step)


class EveryStep(BaseMonitor):
    def __init__(self):
        self.steps = []

    def step_end(self, step, outputs):
        super().step_end(step, outputs)
        self.steps.append(step)


@pytest.mark.parametrize("beside", [[], [EveryStep()], [Looks(4)]], ids=["alone", "each", "fourth"])
def test_the_last_step_of_a_stream_is_validated(beside):
    """Also where the end of the stream is a step that others looked at."""
    validation = ValidationMonitor(X, Y, every_n_steps=7, restore_best_weights=False)
    model = network([COLUMN]).fit(passes(3), monitors=[validation, *beside])
    rows = zip(model.history_["step"], model.history_["val_loss"], strict=True)
    values = {step: value for step, value in rows if value is not None}
    assert list(values) == [7, 12]
    assert values[12] == pytest.approx(model.evaluate(X, Y)["loss"], rel=1e-5)


def test_every_step_of_a_stream_is_told_once():
    each, some = EveryStep(), Looks(5)
    network([COLUMN]).fit(passes(3), monitors=[each])
    network([COLUMN]).fit(passes(3), monitors=[some])
    assert each.steps == list(range(1, 13))
    assert some.steps == [5, 10, 12]


def test_a_stream_is_read_no_further_than_needed():
    def rows():
        for _ in range(10_000 // 100 + 5):
            yield X[:100], Y[:100]
        raise AssertionError("read too far")

    assert steps_of(network([COLUMN], batch_size=100).fit(rows(), steps=103)) == 103


def test_history_has_a_row_for_every_hundred_steps_of_a_stream():
    model = network([COLUMN]).fit(passes(60))
    assert model.history_["step"] == [100, 200, 240]
    assert model.history_["epoch"] == [0, 0, 0]
    assert np.isfinite(model.history_["loss"]).all()


def test_ctrl_c_while_waiting_for_rows_keeps_the_steps_so_far(ctrl_c):
    def rows():
        for number in range(200):
            if number == 110:
                os.kill(os.getpid(), signal.SIGINT)
            yield X[:100], Y[:100]

    model = network([COLUMN], batch_size=100)
    with pytest.warns(TrainingInterruptedWarning):
        model.fit(rows(), monitors=[EveryStep()])
    assert steps_of(model) == 110


# --- evaluating and predicting -------------------------------------------------------------------


@pytest.fixture(scope="module")
def trained():
    return network().fit(X, Y, steps=40)


@pytest.mark.parametrize("kind", sorted(KINDS.keys() - {"endless dataset"}))
def test_streams_are_evaluated_as_their_rows(trained, kind):
    found = trained.evaluate(**KINDS[kind](), metrics=["f1"])
    assert found == pytest.approx(trained.evaluate(X, Y, metrics=["f1"]), rel=1e-5)


def test_as_many_batches_are_evaluated_as_asked(trained):
    found = trained.evaluate(slices(X, Y).batch(40).repeat(), steps=2)
    assert found == pytest.approx(trained.evaluate(X[:80], Y[:80]), rel=1e-5)
    weighted = trained.evaluate(input_fn=lambda: slices(X, Y, W).batch(40))
    assert weighted == pytest.approx(trained.evaluate(X, Y, W), rel=1e-5)


@pytest.mark.parametrize(
    "make",
    [
        lambda: {"X": iter(X)},
        lambda: {"X": (x for (x,) in parts(50, X))},
        lambda: {"X": slices(X, Y).batch(50)},
        lambda: {"X": tf.data.Dataset.from_tensor_slices(X)},
        lambda: {"input_fn": lambda: slices(X, Y).batch(50)},
        lambda: {"input_fn": lambda: (tf.constant(X), tf.constant(Y))},
        lambda: {"input_fn": lambda: tf.constant(X)},
    ],
)
def test_streams_are_predicted_as_their_rows(trained, make):
    np.testing.assert_allclose(trained.predict_proba(**make()), trained.predict_proba(X), rtol=1e-5)
    np.testing.assert_array_equal(trained.predict(**make()), trained.predict(X))
    lazily = trained.predict(**make(), as_iterable=True)
    assert [next(lazily) for _ in range(3)] == trained.predict(X[:3]).tolist()


def test_predicting_on_an_endless_stream(trained):
    rows = trained.predict((x for _ in iter(int, 1) for x in X), as_iterable=True, batch_size=10)
    assert [next(rows) for _ in range(130)] == [*trained.predict(X), *trained.predict(X[:10])]


# --- what makes no sense -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("params", "call", "words"),
    [
        ({}, {"X": iter(X)}, "requires y"),
        ({}, {"X": iter(X), "y": Y}, "Both x and y should be iterators"),
        ({}, {"X": X, "input_fn": lambda: (X, Y)}, "Can not provide both input_fn and x or y"),
        ({}, {"input_fn": (X, Y)}, "input_fn must be a function"),
        ({}, {"X": passes(1), "epochs": 3}, r"A stream passes once.*Got 3.*repeat\(3\)"),
        ({"early_stopping": True}, {"X": passes(1)}, "holds out a part of the rows"),
        ({"class_weight": "balanced"}, {"X": passes(1)}, "class_weight='balanced' counts"),
        ({}, {"X": iter([])}, "ended at once"),
    ],
)
def test_what_a_stream_cannot_do_is_explained(params, call, words):
    model = network(**params)
    with pytest.raises((TypeError, ValueError), match=words):
        model.fit(**call)
    assert not hasattr(model, "model_")


def test_a_label_of_a_stream_that_comes_too_late_is_explained():
    def rows():
        yield X, Y
        yield X, Y + 5

    with pytest.raises(ValueError, match="n_classes"):
        network([COLUMN]).fit(rows())


def test_more_classes_than_two_stream_when_told():
    y = np.arange(120) % 3
    model = network([COLUMN], n_classes=3).fit(zip(X, y, strict=True))
    assert model.predict_proba(X).shape == (120, 3)


# --- memory --------------------------------------------------------------------------------------


def resident_megabytes():
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 2**20


class Memory(EveryN):
    """Notes the memory in use from the 200th step on, when all programs are compiled."""

    def __init__(self):
        super().__init__(200, first_n_steps=-1)
        self.megabytes = []

    def every_n_step_end(self, step, outputs):
        self.megabytes.append(resident_megabytes())


def train_on_two_million_rows(answers):
    def batches():
        for number in range(400):
            x = np.random.default_rng(number).normal(size=(5000, 8))
            yield x, (x[:, 0] > 0).astype(int)

    memory = Memory()
    model = network(batch_size=1000).fit(batches(), monitors=[memory])
    answers.put((steps_of(model), max(memory.megabytes) - memory.megabytes[0]))


@pytest.mark.skipif(not os.path.exists("/proc/self/statm"), reason="needs Linux's /proc")
def test_a_long_stream_needs_no_more_memory_than_a_short_one():
    """Two million rows are 128 MB; they pass one chunk at a time."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["tensorflow", "keras", "tflearnkit.estimators.dnn"])
    answers = context.Queue()
    process = context.Process(target=train_on_two_million_rows, args=(answers,), daemon=True)
    process.start()
    while process.is_alive() and answers.empty():
        time.sleep(0.01)
    steps, grown = answers.get(timeout=5)
    process.join()
    assert steps == 2000
    assert grown < 60
