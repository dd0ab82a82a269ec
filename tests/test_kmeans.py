"""KMeansClustering: scikit-learn's numbers, the values that the old tests asserted, its duties."""

import pickle
import warnings

import numpy as np
import pandas as pd
import pytest
import tensorflow as tf
from scipy import sparse
from sklearn.base import clone
from sklearn.cluster import KMeans
from sklearn.datasets import load_digits, load_iris, make_blobs
from sklearn.metrics import adjusted_rand_score
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

import tflearnkit as learn
from tflearnkit.engines import kmeans as engine
from tflearnkit.engines import kmeans_bounds, kmeans_nearest, kmeans_start, kmeans_sweep
from tflearnkit.errors import (
    CheckpointError,
    ConvergenceWarning,
    NotFittedError,
    TrainingInterruptedWarning,
)
from tflearnkit.estimators.kmeans import KMeansClustering
from tflearnkit.monitors import BaseMonitor, CaptureVariable, EveryN, StopAtStep, ValidationMonitor

BLOBS, TRUTH = make_blobs(600, 5, centers=6, cluster_std=2.0, random_state=3)
CENTRES = BLOBS[:6]


def peer(X, centres, passes=300, sample_weight=None):
    """scikit-learn's Lloyd from the same centres, in float64."""
    found = KMeans(len(centres), init=centres, n_init=1, max_iter=passes, tol=0, algorithm="lloyd")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # passes that are meant to be few
        return found.fit(X, sample_weight=sample_weight)


def from_centres(X, centres, passes=300, sample_weight=None, **params):
    found = KMeansClustering(len(centres), initial_clusters=centres, **params)
    return found.fit(X, sample_weight=sample_weight, steps=passes)


def assert_alike(ours, theirs, rtol=1e-5):
    assert ours.inertia_ == pytest.approx(theirs.inertia_, rel=rtol)
    np.testing.assert_allclose(ours.cluster_centers_, theirs.cluster_centers_, rtol=rtol, atol=1e-4)
    np.testing.assert_array_equal(ours.labels_, theirs.labels_)


@pytest.fixture(params=["bounds", "plain", "xla"])
def compiler(request, monkeypatch):
    """Make passes as on a processor and as on a GPU; compile small programs by XLA too."""
    if request.param != "bounds":
        monkeypatch.setattr(engine, "has_gpu", lambda: True)
    if request.param == "xla":
        monkeypatch.setattr(engine, "_XLA_WORK", 0)
    return request.param


@pytest.fixture
def small_blocks(monkeypatch):
    """Look at few rows at a time, whose number does not divide that of the rows."""
    monkeypatch.setattr(kmeans_sweep, "_BLOCK", 1)
    monkeypatch.setattr(kmeans_bounds, "_BLOCK", 1)
    monkeypatch.setattr(kmeans_bounds, "_FEWEST_ROWS", 170)
    monkeypatch.setattr(kmeans_nearest, "_BLOCK", 1)


@pytest.fixture
def small_sample(monkeypatch):
    """Look for starts on a sample of few rows."""
    monkeypatch.setattr(kmeans_start, "_SAMPLE", 100)
    monkeypatch.setattr(kmeans_start, "_EACH", 1)


# The same numbers as scikit-learn's, from the same centres


@pytest.mark.parametrize("passes", [1, 4, 300])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_lloyd_is_scikit_learns(passes, dtype, compiler, small_blocks):
    X = BLOBS.astype(dtype)
    theirs, ours = peer(BLOBS, CENTRES, passes), from_centres(X, CENTRES, passes)
    assert_alike(ours, theirs)
    np.testing.assert_array_equal(ours.predict(X), theirs.predict(BLOBS))
    np.testing.assert_allclose(ours.transform(X), theirs.transform(BLOBS), rtol=1e-5)
    assert ours.transform(X).dtype == dtype
    assert ours.score(X) == pytest.approx(theirs.score(BLOBS), rel=1e-5)


@pytest.mark.parametrize("n_clusters", [2, 37, 150])
def test_lloyd_of_many_numbers_is_scikit_learns(n_clusters, compiler):
    X = load_digits().data
    X += np.random.default_rng(1).normal(0, 0.1, X.shape)  # whole numbers lie as near to several
    centres = X[np.random.default_rng(0).choice(len(X), n_clusters, replace=False)]
    assert_alike(from_centres(X, centres, 3), peer(X, centres, 3))


def test_weights_are_scikit_learns_and_count_rows(compiler, small_blocks):
    counts = np.arange(len(BLOBS)) % 4 + 1
    ours = from_centres(BLOBS, CENTRES, sample_weight=counts)
    assert_alike(ours, peer(BLOBS, CENTRES, sample_weight=counts))
    repeated = from_centres(BLOBS.repeat(counts, axis=0), CENTRES)
    np.testing.assert_allclose(ours.cluster_centers_, repeated.cluster_centers_, atol=1e-5)
    assert ours.score(BLOBS, sample_weight=counts) == pytest.approx(-repeated.inertia_, rel=1e-6)


def test_rows_that_weigh_nothing_belong_somewhere_too():
    weights = np.where(np.arange(len(BLOBS)) % 3, 1.0, 0.0)
    ours = from_centres(BLOBS, CENTRES, sample_weight=weights)
    theirs = peer(BLOBS[weights > 0], CENTRES)
    np.testing.assert_allclose(ours.cluster_centers_, theirs.cluster_centers_, atol=1e-5)
    np.testing.assert_array_equal(ours.labels_, theirs.predict(BLOBS))
    named = pd.DataFrame(BLOBS, columns=list("abcde")).assign(w=weights)
    by_column = from_centres(named, CENTRES, weight_column_name="w")
    np.testing.assert_array_equal(by_column.labels_, ours.labels_)


def test_sparse_rows_are_dense_rows(compiler, small_blocks):
    X = sparse.random(300, 40, 0.2, random_state=0, format="lil")
    X[:, 0] = 0.1  # a row without entries has no direction
    X = X.tocsr()
    for metric in (KMeansClustering.SQUARED_EUCLIDEAN_DISTANCE, KMeansClustering.COSINE_DISTANCE):
        both = [
            from_centres(rows, X[:5].toarray(), 4, distance_metric=metric)
            for rows in (X, X.toarray())
        ]
        assert_alike(*both)
        np.testing.assert_allclose(both[0].transform(X), both[1].transform(X.toarray()), rtol=1e-5)
    assert_alike(from_centres(X, X[:5].toarray(), 4), peer(X, X[:5].toarray(), 4))


def test_small_clusters_far_apart_keep_their_digits(compiler):
    rng = np.random.default_rng(0)
    corners = np.array([[0, 0], [0, 1.0], [1e4, 0], [1e4, 1.0]]) + 1e7
    X = np.concatenate([rng.normal(corner, 0.01, (80, 2)) for corner in corners])
    truth = np.repeat(np.arange(4), 80)
    expected = sum(80 * X[truth == i].var(axis=0).sum() for i in range(4))
    for params in ({}, {"use_mini_batch": True}, {"initial_clusters": X[::80] + 0.01}):
        found = KMeansClustering(4, random_state=0, **params).fit(X)
        assert adjusted_rand_score(truth, found.labels_) == 1
        assert found.inertia_ == pytest.approx(expected, rel=2e-3)  # float32 holds X to 5e-4


def test_equal_centres_do_not_share_rows(compiler):
    X = np.array([[0.0], [1.0], [10.0], [11.0]])
    centres = np.array([[0.0], [0.0], [10.0]])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        found = from_centres(X, centres, passes=1)
    # The first of the two had both rows; the other one begins anew where a row costs most, that
    # at 0 being where it was.
    np.testing.assert_allclose(sorted(found.cluster_centers_.ravel()), [0.5, 1.0, 10.5])


def test_a_cluster_without_rows_begins_anew(compiler):
    centres = np.concatenate([CENTRES[:4], np.full((2, 5), 1e3)])
    found = from_centres(BLOBS, centres)
    assert np.bincount(found.labels_, minlength=6).min() > 0
    assert found.inertia_ < from_centres(BLOBS, CENTRES[:4]).inertia_


def test_a_larger_table_is_scikit_learns():
    X, _ = make_blobs(50_000, 8, centers=30, cluster_std=2.0, random_state=0)
    assert_alike(from_centres(X, X[:30], 2), peer(X, X[:30], 2))


# Starts


def test_the_default_finds_the_blobs():
    for seed in range(3):
        found = KMeansClustering(6, random_state=seed, n_init=3).fit(BLOBS)
        assert adjusted_rand_score(TRUTH, found.labels_) > 0.9
        best = KMeans(6, n_init=10, random_state=seed).fit(BLOBS)
        assert found.inertia_ == pytest.approx(best.inertia_, rel=1e-3)


def test_iris_and_digits_as_well_as_scikit_learn():
    for X, k in ((load_iris().data, 3), (load_digits().data, 10)):
        ours = KMeansClustering(k, n_init=5, random_state=0).fit(X)
        theirs = KMeans(k, n_init=5, random_state=0).fit(X)
        assert ours.inertia_ < 1.01 * theirs.inertia_


def test_random_starts_are_rows_and_the_best_is_taken():
    def inertia(n_init, seed):
        found = KMeansClustering(
            6, initial_clusters=KMeansClustering.RANDOM_INIT, n_init=n_init, random_state=seed
        )
        return found.fit(BLOBS).inertia_

    alone = [inertia(1, seed) for seed in range(8)]
    best = KMeans(6, n_init=20, random_state=0).fit(BLOBS).inertia_
    assert max(alone) > 1.1 * best
    assert all(inertia("auto", seed) < 1.05 * best for seed in range(2))
    one = KMeansClustering(600, initial_clusters="random", n_init=1, random_state=0).fit(BLOBS)
    assert one.inertia_ == pytest.approx(0, abs=1e-6)  # each row was drawn once


def test_many_rows_start_from_a_sample(small_sample):
    found = KMeansClustering(6, random_state=0, n_init=5).fit(BLOBS, steps=1)
    best = KMeans(6, n_init=10, random_state=0).fit(BLOBS).inertia_
    assert found.inertia_ < 1.1 * best  # after one pass over all rows
    weights = np.where(TRUTH == 0, 1e-9, 1.0)
    weighted = KMeansClustering(5, random_state=0, n_init=5)
    weighted.fit(BLOBS, sample_weight=weights, steps=1)
    assert adjusted_rand_score(TRUTH[TRUTH > 0], weighted.labels_[TRUTH > 0]) > 0.9


def test_weights_count_in_k_means_plus_plus():
    weights = np.where(TRUTH < 3, 1.0, 1e-9)
    for seed in range(5):
        found = KMeansClustering(3, random_state=seed).fit(BLOBS, sample_weight=weights)
        assert adjusted_rand_score(TRUTH[TRUTH < 3], found.labels_[TRUTH < 3]) > 0.9


def test_a_function_says_where_to_begin():
    def first(rows, num_clusters):
        np.testing.assert_allclose(rows, BLOBS, atol=1e-5)
        return rows[:num_clusters]

    def drawn(rows, num_clusters, random_state):
        return rows[random_state.choice(len(rows), num_clusters, replace=False)]

    by_function = KMeansClustering(6, initial_clusters=first).fit(BLOBS)
    by_array = KMeansClustering(6, initial_clusters=CENTRES).fit(BLOBS)
    np.testing.assert_allclose(by_function.cluster_centers_, by_array.cluster_centers_)
    twice = [
        KMeansClustering(6, initial_clusters=drawn, random_state=5).fit(BLOBS) for _ in range(2)
    ]
    np.testing.assert_array_equal(*(model.cluster_centers_ for model in twice))


def test_more_retries_start_better():
    X, _ = make_blobs(2000, 2, centers=40, cluster_std=0.2, random_state=0)

    def mean_inertia(retries):
        found = KMeansClustering(40, kmeans_plus_plus_num_retries=retries)
        fits = [clone(found).set_params(random_state=seed).fit(X, steps=1) for seed in range(8)]
        return np.mean([fit.inertia_ for fit in fits])

    assert mean_inertia(8) < mean_inertia(0)


def test_the_same_seed_gives_the_same_bits():
    for params in ({}, {"use_mini_batch": True}, {"initial_clusters": "random"}):
        one, same, other = (
            KMeansClustering(7, random_state=seed, **params).fit(BLOBS) for seed in (0, 0, 1)
        )
        np.testing.assert_array_equal(one.cluster_centers_, same.cluster_centers_)
        assert not np.array_equal(one.cluster_centers_, other.cluster_centers_)
    old_word = KMeansClustering(7, random_seed=0).fit(BLOBS)
    new_word = KMeansClustering(7, random_state=0).fit(BLOBS)
    np.testing.assert_array_equal(old_word.cluster_centers_, new_word.cluster_centers_)


# How long


def test_a_fit_converges_by_itself_and_says_how_it_went():
    found = KMeansClustering(6, random_state=0).fit(BLOBS)
    losses = found.history_["loss"]
    assert 1 < found.n_iter_ < 100
    assert found.history_["step"] == list(range(1, found.n_iter_ + 1))
    assert losses == sorted(losses, reverse=True)
    assert losses[-2] - losses[-1] <= 1e-5 * losses[-2]
    assert found.inertia_ / len(BLOBS) == pytest.approx(losses[-1], rel=1e-4)


def test_a_looser_tolerance_stops_earlier_and_zero_at_a_fixed_point():
    passes = [
        KMeansClustering(6, initial_clusters=CENTRES, relative_tolerance=tolerance)
        .fit(BLOBS)
        .n_iter_
        for tolerance in (0.1, 1e-3, 0)
    ]
    assert passes[0] < passes[1] < passes[2]
    fixed = from_centres(BLOBS, CENTRES, passes[2])
    np.testing.assert_array_equal(
        fixed.cluster_centers_, from_centres(BLOBS, CENTRES, 300).cluster_centers_
    )


def test_steps_are_taken_as_told_unless_a_tolerance_is_given():
    told = KMeansClustering(6, initial_clusters=CENTRES)
    assert told.fit(BLOBS, steps=70).n_iter_ == 70
    assert told.fit(BLOBS, epochs=3).n_iter_ == 3
    assert told.set_params(relative_tolerance=1e-6).fit(BLOBS, steps=70).n_iter_ < 70


def test_monitors_listen_and_stop():
    class Losses(EveryN):
        def every_n_step_end(self, step, outputs):
            seen.append(self.progress.loss)

    seen = []
    capture = CaptureVariable("clusters", every_n=1)
    told = KMeansClustering(6, initial_clusters=CENTRES)
    told.fit(BLOBS, monitors=[Losses(1), capture, StopAtStep(last_step=5)])
    assert told.n_iter_ == 5
    assert seen == told.history_["loss"]
    np.testing.assert_allclose(
        capture.values[4], from_centres(BLOBS, CENTRES, 4).cluster_centers_
    )
    validation = ValidationMonitor(BLOBS[:100], every_n_steps=1, early_stopping_rounds=3)
    stopped = KMeansClustering(6, initial_clusters=CENTRES).fit(
        BLOBS, steps=200, monitors=[validation]
    )
    assert stopped.n_iter_ < 200
    assert min(stopped.history_["val_loss"]) < stopped.history_["val_loss"][0]


def test_ctrl_c_keeps_the_centres_reached():
    class CtrlC(BaseMonitor):
        def step_end(self, step, outputs):
            super().step_end(step, outputs)
            if step == 3:
                raise KeyboardInterrupt

    told = KMeansClustering(6, initial_clusters=CENTRES)
    with pytest.warns(TrainingInterruptedWarning, match="after step 3"):
        told.fit(BLOBS, steps=100, monitors=[CtrlC()])
    np.testing.assert_array_equal(
        told.cluster_centers_, from_centres(BLOBS, CENTRES, 3).cluster_centers_
    )


def test_chunks_of_passes_change_nothing():
    watched = KMeansClustering(6, initial_clusters=CENTRES)
    watched.fit(BLOBS, monitors=[EveryN(1)])
    alone = KMeansClustering(6, initial_clusters=CENTRES).fit(BLOBS)
    np.testing.assert_array_equal(watched.cluster_centers_, alone.cluster_centers_)
    assert watched.history_ == alone.history_


# Mini-batches and streams


def test_mini_batches_are_nearly_as_good():
    for seed in range(3):
        found = KMeansClustering(6, use_mini_batch=True, batch_size=50, random_state=seed, n_init=3)
        found.fit(BLOBS)
        best = KMeans(6, n_init=10, random_state=0).fit(BLOBS)
        assert found.inertia_ < 1.03 * best.inertia_
        assert found.n_iter_ % 12 == 0  # whole epochs


def test_a_batch_draws_the_centres_to_the_means_of_all_rows_seen():
    batches = np.array_split(BLOBS, 4)
    found = KMeansClustering(2, initial_clusters=BLOBS[:2]).fit(iter(batches))
    centres, counts = BLOBS[:2].copy(), np.zeros(2)
    for batch in batches:
        labels = ((batch[:, None] - centres) ** 2).sum(axis=2).argmin(axis=1)
        for k in range(2):
            rows = batch[labels == k]
            counts[k] += len(rows)
            centres[k] += (rows - centres[k]).sum(axis=0) / counts[k]
    np.testing.assert_allclose(found.cluster_centers_, centres, rtol=1e-5)
    np.testing.assert_allclose(found.get_variable_value("counts"), counts)
    assert found.n_iter_ == 4


def test_batches_gathered_to_passes_are_lloyds(compiler):
    gathered = {"use_mini_batch": True, "batch_size": 100, "mini_batch_steps_per_iteration": 6}
    ours = KMeansClustering(6, initial_clusters=CENTRES, **gathered).fit(BLOBS, steps=24)
    assert_alike(ours, from_centres(BLOBS, CENTRES, 4))
    repeated = tf.data.Dataset.from_tensor_slices(BLOBS).batch(100).repeat(4)
    streamed = KMeansClustering(
        6, initial_clusters=CENTRES, mini_batch_steps_per_iteration=6
    ).fit(repeated)
    np.testing.assert_allclose(streamed.cluster_centers_, ours.cluster_centers_, rtol=1e-5)


def rows_of_blobs():
    return iter(BLOBS)


def batches_of_blobs():
    return iter(np.array_split(BLOBS, 9))


def labelled_batches():
    return ((rows, np.zeros(len(rows))) for rows in np.array_split(BLOBS, 9))


def weighted_batches():
    return ((rows, np.zeros(len(rows)), np.ones(len(rows))) for rows in np.array_split(BLOBS, 9))


def dataset():
    return tf.data.Dataset.from_tensor_slices(BLOBS.astype(np.float32)).batch(64)


STREAMS = [rows_of_blobs, batches_of_blobs, labelled_batches, weighted_batches, dataset]


@pytest.mark.parametrize("stream", STREAMS, ids=lambda stream: stream.__name__)
def test_streams_are_learned_from(stream):
    found = KMeansClustering(6, n_init=5, random_state=0).fit(stream())
    best = KMeans(6, n_init=10, random_state=0).fit(BLOBS)
    assert found.score(BLOBS) > -1.1 * best.inertia_
    assert not hasattr(found, "labels_")
    by_function = KMeansClustering(6, n_init=5, random_state=0).fit(input_fn=stream)
    np.testing.assert_array_equal(by_function.cluster_centers_, found.cluster_centers_)
    np.testing.assert_array_equal(found.predict(stream()), found.predict(BLOBS))
    np.testing.assert_allclose(found.transform(input_fn=stream), found.transform(BLOBS), rtol=1e-5)
    assert found.evaluate(stream())["inertia"] == pytest.approx(-found.score(BLOBS), rel=1e-5)


def test_tensors_of_a_function_are_all_the_rows():
    found = KMeansClustering(6, initial_clusters=CENTRES).fit(
        input_fn=lambda: (tf.constant(BLOBS), None), steps=4
    )
    assert_alike(found, from_centres(BLOBS, CENTRES, 4))


def test_as_many_single_rows_as_clusters_are_the_centres():
    points = np.array([[i, i * i] for i in range(5)], float)
    found = KMeansClustering(5, initial_clusters=KMeansClustering.RANDOM_INIT).fit(iter(points))
    np.testing.assert_allclose(sorted(found.clusters().tolist()), points, atol=1e-6)


def test_partial_fit_learns_batch_by_batch():
    streamed = KMeansClustering(6, random_state=0, n_init=5)
    for rows in np.array_split(BLOBS, 6):
        streamed.partial_fit(rows)
        assert len(streamed.labels_) == len(rows)
    assert streamed.n_iter_ == 6
    best = KMeans(6, n_init=10, random_state=0).fit(BLOBS)
    assert streamed.score(BLOBS) > -1.1 * best.inertia_
    # Lloyd's centres stand for the rows that they are the means of: few more rows move them little.
    fitted = from_centres(BLOBS, CENTRES)
    before = fitted.cluster_centers_
    fitted.partial_fit(BLOBS[:6] + 5)
    assert 0 < np.abs(fitted.cluster_centers_ - before).max() < 1


def test_a_stream_fills_clusters_without_rows():
    centres = np.concatenate([CENTRES[:5], np.full((1, 5), 1e3)])
    batches = iter(np.array_split(np.tile(BLOBS, (40, 1)), 200))
    found = KMeansClustering(6, initial_clusters=centres, random_state=0).fit(batches)
    assert np.bincount(found.predict(BLOBS), minlength=6).min() > 0


# Directions


def test_cosine_of_four_points():
    points = np.array([[9.0, 9], [0.5, 0.5], [10, 15], [0.4, 0.6]])
    for params in ({}, {"use_mini_batch": True}, {"initial_clusters": "random"}):
        found = KMeansClustering(
            2, distance_metric=KMeansClustering.COSINE_DISTANCE, random_state=0, **params
        ).fit(points, steps=10)
        np.testing.assert_allclose(
            sorted(found.clusters().tolist()), [[0.5547, 0.83205], [0.70711, 0.70711]], atol=1e-5
        )
        assert found.labels_[0] == found.labels_[1] != found.labels_[2] == found.labels_[3]


def test_cosine_near_two_axes():
    points = np.array(
        [[2.5, 0.1], [2, 0.2], [3, 0.1], [4, 0.2], [0.1, 2.5], [0.2, 2], [0.1, 3], [0.2, 4]]
    )
    unit = points / np.linalg.norm(points, axis=1, keepdims=True)
    centres = np.array([unit[:4].mean(axis=0), unit[4:].mean(axis=0)])
    centres /= np.linalg.norm(centres, axis=1, keepdims=True)
    for params in ({}, {"use_mini_batch": True}):
        found = KMeansClustering(2, distance_metric="cosine", random_state=0, **params).fit(points)
        swapped = found.labels_[0]
        expected = centres[::-1] if swapped else centres
        np.testing.assert_allclose(found.clusters(), expected, atol=1e-4)
        np.testing.assert_allclose(found.transform(points), 1 - unit @ expected.T, atol=1e-4)
        losses = 1 - (unit @ centres.T).max(axis=1)
        assert found.inertia_ == pytest.approx(losses.sum(), rel=1e-3)
        assert found.evaluate(points)["loss"] == pytest.approx(losses.mean(), rel=1e-3)
        assert found.history_["loss"][-1] == pytest.approx(losses.mean(), rel=1e-2)


def test_directions_count_and_lengths_do_not(compiler):
    rng = np.random.default_rng(0)
    lengths = rng.uniform(0.1, 100, (len(BLOBS), 1))
    found = from_centres(BLOBS, CENTRES, 5, distance_metric="cosine")
    stretched = from_centres(BLOBS * lengths, CENTRES, 5, distance_metric="cosine")
    np.testing.assert_allclose(found.clusters(), stretched.clusters(), atol=1e-5)
    np.testing.assert_allclose(np.linalg.norm(found.clusters(), axis=1), 1)
    assert found.predict(np.zeros((1, 5))).shape == (1,)  # no direction, but no error


# Tables


def test_a_frame_of_numbers_is_an_array():
    frame = pd.DataFrame(BLOBS, columns=list("decab"))
    found, of_array = from_centres(frame, CENTRES), from_centres(BLOBS, CENTRES)
    np.testing.assert_allclose(found.cluster_centers_, of_array.cluster_centers_, rtol=1e-6)
    np.testing.assert_array_equal(found.predict(frame[list("abcde")]), of_array.labels_)


@pytest.fixture(scope="module")
def people():
    rng = np.random.default_rng(0)
    n = 200
    return pd.DataFrame(
        {
            "income": rng.normal(50_000, 10_000, n),
            "city": rng.choice(["Oslo", "Rome"], n),
            "age": rng.normal(40, 10, n),
        }
    )


def test_beside_categories_numbers_are_standardised(people):
    numbers = StandardScaler().fit_transform(people[["income", "age"]])
    cities = OneHotEncoder(sparse_output=False).fit_transform(people[["city"]])
    X = np.column_stack([numbers[:, :1], cities, numbers[:, 1:]])
    first = people.iloc[:3]
    centres = np.column_stack([first["income"], cities[:3], np.zeros(3), first["age"]])
    found, theirs = from_centres(people, centres), peer(X, X[:3])
    assert found.inertia_ == pytest.approx(theirs.inertia_, rel=1e-5)
    np.testing.assert_array_equal(found.labels_, theirs.labels_)
    shown = found.cluster_centers_  # income, Oslo, Rome, another city, age
    for k in range(3):
        rows = people[found.labels_ == k]
        assert shown[k, 0] == pytest.approx(rows["income"].mean(), rel=1e-5)
        assert shown[k, 1] == pytest.approx((rows["city"] == "Oslo").mean(), abs=1e-6)
        assert shown[k, 4] == pytest.approx(rows["age"].mean(), rel=1e-5)
    assert found.predict(people.assign(city="Paris")).shape == (200,)


def test_a_missing_number_counts_as_the_mean():
    holes = np.random.default_rng(0).random(BLOBS.shape) < 0.1
    X = np.where(holes, np.nan, BLOBS)
    filled = np.where(holes, np.nanmean(X, axis=0), BLOBS)
    found, theirs = from_centres(X, CENTRES, 4), peer(filled, CENTRES, 4)
    assert_alike(found, theirs)
    np.testing.assert_array_equal(found.predict(X), theirs.labels_)


def test_lists_of_values_are_counted():
    tags = [["a", "a"], ["a", "a"], ["b"], ["b"]]
    found = KMeansClustering(2, random_state=0).fit({"tags": tags})
    np.testing.assert_allclose(sorted(found.cluster_centers_.tolist()), [[0, 1, 0], [2, 0, 0]])
    assert found.inertia_ == 0


def test_declared_columns_are_taken_as_they_come(people):
    columns = [
        learn.bucketized_column(learn.real_valued_column("age"), [40.0]),
        learn.one_hot_column(learn.sparse_column_with_keys("city", ["Oslo", "Rome"])),
        learn.real_valued_column("income", normalizer=lambda x: x / 1e4),
    ]
    found = KMeansClustering(3, feature_columns=columns, random_state=0).fit(people)
    old = people["age"] >= 40
    oslo = people["city"] == "Oslo"
    X = np.column_stack([~old, old, oslo, ~oslo, people["income"] / 1e4]).astype(float)
    for k in range(3):
        np.testing.assert_allclose(
            found.cluster_centers_[k], X[found.labels_ == k].mean(axis=0), atol=1e-5
        )
    expected = ((X - found.cluster_centers_[found.labels_]) ** 2).sum()
    assert found.inertia_ == pytest.approx(expected, rel=1e-5)


# Evaluating


def test_evaluate_reports_the_loss_and_metrics():
    found = KMeansClustering(6, random_state=0, n_init=5).fit(BLOBS)
    report = found.evaluate(
        BLOBS, TRUTH, metrics={"rand": adjusted_rand_score, ("worst", "scores"): _largest}
    )
    squares = found.transform(BLOBS).min(axis=1) ** 2
    assert report == pytest.approx(
        {
            "loss": squares.mean(),
            "inertia": squares.sum(),
            "global_step": found.n_iter_,
            "rand": adjusted_rand_score(TRUTH, found.labels_),
            "worst": squares.max(),
        }
    )
    weights = np.linspace(0, 1, len(BLOBS))
    weighted = found.evaluate(BLOBS, sample_weight=weights)
    assert weighted["loss"] == pytest.approx(np.average(squares, weights=weights))


def _largest(predictions, labels):
    return predictions.max()


def test_the_old_methods():
    found = KMeansClustering(6, random_state=0).fit(BLOBS)
    assert list(found.predict_cluster_idx(BLOBS)) == found.labels_.tolist()
    assert list(found.predict_cluster_idx(input_fn=dataset)) == found.labels_.tolist()
    np.testing.assert_array_equal(found.clusters(), found.cluster_centers_)
    np.testing.assert_array_equal(
        found.get_variable_value(KMeansClustering.CLUSTERS), found.cluster_centers_
    )
    assert found.get_variable_names() == ["clusters", "counts", "global_step", "progress"]
    with pytest.raises(ValueError, match="Did you mean 'counts'"):
        found.get_variable_value("count")


def test_the_old_suite_of_generated_clusters():
    """The old tests' data: whole coordinates around five centres; passes as many as there."""
    rng = np.random.RandomState(3)
    centres = np.round(rng.uniform(size=(5, 2)) * 500)
    truth = rng.choice(5, 1000)
    offsets = np.round(rng.normal(0, 20, (1000, 2)))
    points = (centres[truth] + offsets).astype(np.float32)
    true_score = np.square(offsets).sum()
    for params in ({}, {"use_mini_batch": True, "batch_size": 50}):
        found = KMeansClustering(5, random_seed=24, n_init=5, **params)
        assert found.fit(points, steps=1).clusters().shape == (5, 2)
        found.fit(points, steps=10 * (20 if params else 1))
        assert -found.score(points) == pytest.approx(true_score, rel=0.05)
        until = KMeansClustering(5, random_seed=24, n_init=5, relative_tolerance=1e-4, **params)
        until.fit(points)
        assert -until.score(points) == pytest.approx(true_score, rel=0.01)
    shown = until.clusters()
    near = shown[[0, 1, 2, 3, 4, 0, 2, 4, 1, 3]] + np.round(rng.normal(0, 2, (10, 2)))
    assert until.predict(near).tolist() == [0, 1, 2, 3, 4, 0, 2, 4, 1, 3]
    squares = ((near[:, None] - shown) ** 2).sum(axis=2)
    np.testing.assert_allclose(until.transform(near) ** 2, squares, rtol=1e-4)
    assert until.score(near) == pytest.approx(-squares.min(axis=1).sum(), rel=1e-4)


# A citizen of scikit-learn


def test_set_output_and_names():
    frame = pd.DataFrame(BLOBS, columns=list("abcde"))
    found = KMeansClustering(3, random_state=0).set_output(transform="pandas").fit(frame)
    distances = found.transform(frame)
    names = [f"kmeansclustering{k}" for k in range(3)]
    assert list(distances.columns) == found.get_feature_names_out().tolist() == names
    np.testing.assert_array_equal(distances.to_numpy().argmin(axis=1), found.labels_)
    again = KMeansClustering(3, random_state=0).set_output(transform="pandas").fit_transform(frame)
    pd.testing.assert_frame_equal(again, distances)


def test_in_pipelines_and_searches():
    X, y = load_iris(return_X_y=True)
    steps = make_pipeline(StandardScaler(), KMeansClustering(3, random_state=0))
    assert steps.fit_predict(X).shape == (150,)
    features = make_pipeline(KMeansClustering(20, random_state=0), learn.LinearClassifier())
    assert features.fit(X, y).score(X, y) > 0.95
    search = GridSearchCV(steps, {"kmeansclustering__num_clusters": [2, 3, 8]}, cv=3).fit(X)
    assert search.best_params_ == {"kmeansclustering__num_clusters": 8}


def test_copies_go_on_alike():
    found = KMeansClustering(6, random_state=0).fit(BLOBS)
    twin = pickle.loads(pickle.dumps(found))
    np.testing.assert_array_equal(twin.predict(BLOBS), found.labels_)
    for one in (twin, found):
        one.partial_fit(BLOBS[:100])
    np.testing.assert_array_equal(twin.cluster_centers_, found.cluster_centers_)
    assert clone(found).get_params() == found.get_params()


# Checkpoints


@pytest.mark.parametrize(
    "params",
    [
        {},
        {"use_mini_batch": True, "batch_size": 50},
        {"use_mini_batch": True, "batch_size": 50, "mini_batch_steps_per_iteration": 4},
    ],
    ids=["passes", "batches", "gathered"],
)
def test_steps_add_up_in_a_folder(params, tmp_path):
    told = KMeansClustering(8, random_state=0, **params)
    whole = clone(told).fit(BLOBS, steps=17)
    clone(told).set_params(model_dir=tmp_path).fit(BLOBS, steps=6)
    resumed = clone(told).set_params(model_dir=tmp_path).fit(BLOBS, steps=11)
    assert resumed.n_iter_ == 17
    for name in whole.get_variable_names():
        np.testing.assert_array_equal(
            resumed.get_variable_value(name), whole.get_variable_value(name), err_msg=name
        )
    resumed.fit(BLOBS, max_steps=10)
    assert resumed.n_iter_ == 17
    fresh = clone(told).set_params(model_dir=tmp_path)
    np.testing.assert_array_equal(fresh.predict(BLOBS), whole.labels_)
    np.testing.assert_array_equal(fresh.clusters(), whole.cluster_centers_)


def test_a_folder_keeps_columns_and_their_order(people, tmp_path):
    found = KMeansClustering(3, random_state=0, model_dir=tmp_path).fit(people)
    fresh = KMeansClustering(3, model_dir=tmp_path)
    np.testing.assert_array_equal(fresh.predict(people), found.labels_)
    np.testing.assert_array_equal(fresh.cluster_centers_, found.cluster_centers_)
    assert fresh.feature_names_in_.tolist() == ["income", "city", "age"]


def test_another_clustering_s_folder_is_refused(tmp_path):
    KMeansClustering(6, random_state=0, model_dir=tmp_path).fit(BLOBS)
    with pytest.raises(CheckpointError, match="hold 5 centres of 5 numbers"):
        KMeansClustering(5, model_dir=tmp_path).fit(BLOBS)
    with pytest.raises(CheckpointError, match="by cosine"):
        KMeansClustering(6, model_dir=tmp_path, distance_metric="cosine").predict(BLOBS)
    with pytest.raises(CheckpointError, match="n_features_in_ is 5"):
        KMeansClustering(6, model_dir=tmp_path).fit(BLOBS[:, :4])


# What does not fit


WRONG = {
    "num_clusters": (0, "'num_clusters' parameter"),
    "initial_clusters": ("k-means++", "'initial_clusters' parameter"),
    "distance_metric": ("manhattan", "'distance_metric' parameter"),
    "mini_batch_steps_per_iteration": (0, "'mini_batch_steps_per_iteration' parameter"),
    "relative_tolerance": (-1.0, "'relative_tolerance' parameter"),
    "kmeans_plus_plus_num_retries": (-1, "'kmeans_plus_plus_num_retries' parameter"),
    "n_init": (0, "'n_init' parameter"),
    "use_mini_batch": ("yes", "'use_mini_batch' parameter"),
}


@pytest.mark.parametrize("name", WRONG)
def test_wrong_parameters_are_named(name):
    value, message = WRONG[name]
    with pytest.raises(ValueError, match=message):
        KMeansClustering(**{name: value}).fit(BLOBS)


@pytest.mark.parametrize("seed", range(8))  # TensorFlow's k-means++ hung by some of them
def test_points_too_far_apart_for_float32_are_refused(seed):
    with pytest.raises(ValueError, match="squares float32 can hold"):
        KMeansClustering(3, random_state=seed).fit(BLOBS * 1e20)


def test_what_does_not_fit_is_said():
    told = KMeansClustering(3)
    with pytest.raises(NotFittedError):
        told.predict(BLOBS)
    for few in (BLOBS[:2], iter(BLOBS[:2])):
        with pytest.raises(ValueError, match="n_samples=2 should be >= num_clusters=3"):
            told.fit(few)
    assert not hasattr(told, "cluster_centers_")
    with pytest.raises(ValueError, match="random_state and random_seed mean the same"):
        KMeansClustering(random_seed=0, random_state=0).fit(BLOBS)
    with pytest.raises(ValueError, match="does not match the number of clusters 3"):
        KMeansClustering(3, initial_clusters=CENTRES).fit(BLOBS)
    with pytest.raises(ValueError, match="does not match the number of features of the data 5"):
        KMeansClustering(6, initial_clusters=CENTRES[:, :4]).fit(BLOBS)
    with pytest.warns(RuntimeWarning, match="performing only one init"):
        KMeansClustering(6, initial_clusters=CENTRES, n_init=4).fit(BLOBS)
    embedded = learn.embedding_column(learn.sparse_column_with_keys("city", ["Oslo"]), 2)
    with pytest.raises(ValueError, match="whose vectors would have to be learned"):
        KMeansClustering(3, feature_columns=[embedded]).fit({"city": ["Oslo"] * 5})
    with pytest.raises(ValueError, match="fit_predict looks at X a second time"):
        told.fit_predict(iter(BLOBS))
    with pytest.raises(ValueError, match="A stream passes once"):
        told.fit(iter(BLOBS), epochs=2)


def test_fewer_places_than_clusters_are_warned_of():
    X = np.array([[1.0, 1.0]] * 5 + [[2.0, 2.0]] * 5)
    with pytest.warns(ConvergenceWarning, match=r"distinct clusters \(2\) found smaller than"):
        found = KMeansClustering(3, random_state=0).fit(X)
    assert found.inertia_ == 0
    assert set(found.labels_[:5]) != set(found.labels_[5:])
