"""Huge id tables are trained by the rows that can change, and nobody can tell from the result."""

import keras
import numpy as np
import pandas as pd
import pytest
import tensorflow as tf
from old_api import AGE, DNN, LINEAR, language, languages

import tflearnkit as learn
from tflearnkit.engines import gradient, newton
from tflearnkit.engines.program import Flat
from tflearnkit.estimators import occurring

HUGE = 20_000_000
ROWS = 60
RNG = np.random.default_rng(0)
FRAME = pd.DataFrame(
    {
        "number": RNG.normal(size=ROWS),
        "word": RNG.choice(list("abcdefgh"), ROWS),
        "query": RNG.choice(list("abc"), ROWS),
        "shown": RNG.choice(list("bcd"), ROWS),
        "tags": [list(RNG.choice(list("uvwxyz"), RNG.integers(0, 4))) for _ in range(ROWS)],
        "weighted": [[1, 700][: RNG.integers(0, 3)] for _ in range(ROWS)],
        "amounts": [[0.5, 2.0] for _ in range(ROWS)],
    }
)
FRAME["amounts"] = [a[: len(w)] for a, w in zip(FRAME["amounts"], FRAME["weighted"], strict=True)]
LABELS = RNG.integers(0, 3, ROWS)
UNSEEN = FRAME.assign(word="new", query="neither", tags=[["never"]] * ROWS)

OPTIMIZERS = {
    "Adam": "Adam",
    "Ftrl": "Ftrl",
    "Adagrad": "Adagrad",
    "Momentum": "Momentum",
    "AdamW": lambda: keras.optimizers.AdamW(0.01, weight_decay=0.1),
}
every_optimizer = pytest.mark.parametrize("optimizer", OPTIMIZERS.values(), ids=OPTIMIZERS)


def columns():
    """Return wide and deep columns of a thousand and more buckets."""
    hashed = learn.sparse_column_with_hash_bucket
    word, tags = hashed("word", 1000), hashed("tags", 2000, combiner="mean")
    pair = [hashed("query", 3000), hashed("shown", 3000)]
    plain = learn.sparse_column_with_integerized_feature("weighted", 1000)
    weighted = learn.weighted_sparse_column(plain, "amounts")
    number = learn.real_valued_column("number")
    bucketized = learn.bucketized_column(number, [-1, 0, 1])
    wide = [bucketized, word, tags, pair[0], weighted]
    shared = learn.shared_embedding_columns(pair, 3, combiner="sqrtn")
    deep = [
        number,
        learn.embedding_column(word, 4),
        *shared,
        learn.embedding_column(weighted, 2, max_norm=0.5),
    ]
    return wide, deep


def combined(optimizer, dnn_optimizer="Adam", **settings):
    wide, deep = columns()
    settings = {"steps": 20, "batch_size": 16, "random_state": 0, "dnn_dropout": 0.1} | settings
    return learn.DNNLinearCombinedClassifier(
        linear_feature_columns=wide,
        linear_optimizer=optimizer,
        dnn_feature_columns=deep,
        dnn_optimizer=dnn_optimizer,
        dnn_hidden_units=[8],
        **settings,
    )


@pytest.fixture
def trained(monkeypatch):
    """The numbers of weights of the parts, of each fit by steps."""
    seen = []
    real = gradient.GradientEngine.__init__

    def noted(self, parts, *args, **kwargs):
        seen.append([Flat(part).size for part in parts])
        real(self, parts, *args, **kwargs)

    monkeypatch.setattr(gradient.GradientEngine, "__init__", noted)
    return seen


@pytest.fixture
def both_ways(monkeypatch, trained):
    """Do something twice: by the rows that occur, and by all of them."""

    def do(action):
        found = []
        for border in (100, 10**9):
            monkeypatch.setattr(occurring, "_MANY_ROWS", border)
            found.append(action())
        assert sum(trained[0]) < sum(trained[-1])
        return found

    return do


def assert_same(one, other, exactly=False):
    """Check for the same arrays, slots included, and predictions.

    Vectors of other lengths are cut into other SIMD registers, which may round the last bit.
    """
    assert list(one.get_variable_names()) == list(other.get_variable_names())
    tolerance = 0 if exactly else 1e-6
    for name, values in one.model_.variables().items():
        there = other.model_.variables()[name]
        np.testing.assert_allclose(values, there, rtol=tolerance, atol=tolerance, err_msg=name)
    for X in (FRAME, UNSEEN):
        np.testing.assert_allclose(one.predict_proba(X), other.predict_proba(X), rtol=1e-5)


@every_optimizer
def test_a_fit_learns_the_same(optimizer, both_ways):
    assert_same(*both_ways(lambda: combined(optimizer).fit(FRAME, LABELS)))


@pytest.mark.parametrize("optimizer", ["Adagrad", "Momentum"])
def test_embeddings_learn_the_same(optimizer, both_ways):
    assert_same(*both_ways(lambda: combined("Ftrl", optimizer).fit(FRAME, LABELS)))


@pytest.mark.parametrize(
    "settings",
    [
        {"l2_regularization": 0.01},
        {"l1_regularization": 0.01},
        {"gradient_clip_norm": 0.1},
        {"enable_centered_bias": True},
        {"steps": 301},
        {"early_stopping": True},
    ],
    ids=lambda settings: next(iter(settings)),
)
def test_whatever_else_is_asked_for(settings, both_ways):
    fits = both_ways(lambda: combined("Momentum", **settings).fit(FRAME, LABELS))
    assert_same(*fits)


@pytest.mark.parametrize("optimizer", ["Ftrl", "AdamW"])
def test_embeddings_that_do_not_rest_are_trained_whole(optimizer, trained, monkeypatch):
    monkeypatch.setattr(occurring, "_MANY_ROWS", 100)
    monkeypatch.setattr(occurring, "_TIMES_MORE", 1)
    fit = combined("Adam", OPTIMIZERS[optimizer]).fit(FRAME, LABELS)
    assert trained[0][1] == Flat(fit.model_.parts[1]).size


def test_an_optimizer_that_looks_at_all_weights_at_once_trains_them_all(trained, monkeypatch):
    monkeypatch.setattr(occurring, "_MANY_ROWS", 100)
    fit = combined("Adam", lambda: keras.optimizers.Adafactor(0.01)).fit(FRAME, LABELS)
    assert trained[0] == [Flat(part).size for part in fit.model_.parts]


@pytest.mark.parametrize("optimizer", ["Adam", "Momentum"])
def test_rows_of_earlier_data_move_on(optimizer, both_ways):
    half = ROWS // 2

    def fit():
        estimator = combined(optimizer, l2_regularization=0.01)
        estimator.partial_fit(FRAME[:half], LABELS[:half], classes=[0, 1, 2])
        return estimator.partial_fit(UNSEEN[half:], LABELS[half:])

    assert_same(*both_ways(fit))


@pytest.mark.parametrize("optimizer", ["Adam", "Ftrl"])
def test_a_resumed_run_learns_what_an_uninterrupted_one_does(
    optimizer, trained, monkeypatch, tmp_path
):
    monkeypatch.setattr(occurring, "_MANY_ROWS", 100)
    folders = [tmp_path / "once", tmp_path / "twice"]
    once = combined(optimizer, model_dir=folders[0]).fit(FRAME, LABELS, max_steps=20)
    combined(optimizer, model_dir=folders[1]).fit(FRAME, LABELS, max_steps=13)
    twice = combined(optimizer, model_dir=folders[1]).fit(FRAME, LABELS, max_steps=20)
    assert_same(once, twice, exactly=True)
    assert trained[0] == trained[1] == trained[2] != [Flat(p).size for p in once.model_.parts]


def test_monitors_see_all_of_the_model(monkeypatch):
    monkeypatch.setattr(occurring, "_MANY_ROWS", 100)
    capture = learn.monitors.CaptureVariable("linear/word/weights", every_n=10)
    fit = combined("Adam").fit(FRAME, LABELS, monitors=[capture])
    assert {values.shape for values in capture.values.values()} == {(1000, 3)}
    np.testing.assert_array_equal(capture.values[20], fit.get_variable_value("linear/word/weights"))


def test_folds_of_not_quite_the_same_ids_share_a_program(trained, monkeypatch):
    monkeypatch.setattr(occurring, "_MANY_ROWS", 100)
    for rows in (slice(0, 40), slice(20, 60)):
        combined("Adam").fit(FRAME[rows], LABELS[rows])
    assert trained[0] == trained[1]


def test_an_id_that_never_occurred_has_the_weights_it_began_with():
    column = learn.embedding_column(language(100_000), 2, initializer=tf.ones)
    clf = learn.DNNClassifier([3], [column], activation_fn="tanh", random_state=0, **DNN)
    clf.fit(input_fn=languages(), steps=5)
    table = clf.get_variable_value(f"dnn/input_from_feature_columns/{column.name}/weights")
    assert (table != 1).any(axis=1).sum() == 3
    accumulated = next(n for n in clf.get_variable_names() if n.endswith("weights/Adagrad"))
    assert np.isfinite(clf.get_variable_value(accumulated)).all()


def test_twenty_million_buckets_of_a_linear_model(trained):  # LIN-10
    clf = learn.LinearClassifier([language(HUGE)], **LINEAR)
    clf.fit(input_fn=languages(), steps=200)
    assert trained == [[17, 1]]
    assert clf.evaluate(input_fn=languages())["loss"] < 0.07
    assert np.count_nonzero(clf.coef_) == 3
    assert clf.coef_.shape == (1, HUGE)


def test_twenty_million_buckets_solved_exactly(monkeypatch):
    widths = []
    real = newton.solve
    monkeypatch.setattr(newton, "solve", lambda *a: (widths.append(a[3]), real(*a))[1])
    clf = learn.LinearClassifier([language(HUGE)]).fit(input_fn=languages())
    small = learn.LinearClassifier([language(20)]).fit(input_fn=languages())
    assert widths == [16, 20]
    expected = small.evaluate(input_fn=languages())["loss"]
    assert clf.evaluate(input_fn=languages())["loss"] == pytest.approx(expected, rel=1e-4)
    assert np.count_nonzero(clf.coef_) == 3


def test_twenty_million_buckets_of_a_network(trained):  # DNN-13
    columns = [AGE, learn.embedding_column(language(HUGE), 1)]
    clf = learn.DNNClassifier([3], columns, **DNN).fit(
        input_fn=languages(ages=(1.0, 2.0, 3.0)), steps=100
    )
    assert trained == [[16 + 2 * 3 + 3 + 3 + 1, 1]]
    assert clf.get_variable_value("dnn/hiddenlayer_0/weights").shape == (2, 3)
