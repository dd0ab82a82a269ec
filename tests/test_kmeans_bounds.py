"""Passes that skip points: the same sums, to the bit, as passes that look at all of them."""

import numpy as np
import pytest

from tflearnkit.columns import Encoded
from tflearnkit.engines import kmeans_bounds
from tflearnkit.engines.kmeans import Clusters, LloydEngine, Passes, Rules
from tflearnkit.engines.kmeans_bounds import BoundedSweep
from tflearnkit.engines.kmeans_nearest import nearest
from tflearnkit.engines.kmeans_sums import ExactSums


@pytest.fixture(autouse=True)
def small_parts(monkeypatch):
    """Several parts of several blocks, the last of them shorter."""
    monkeypatch.setattr(kmeans_bounds, "_FEWEST_ROWS", 500)
    monkeypatch.setattr(kmeans_bounds, "_BLOCK", 6000)


def points(kind="smooth", n_rows=2300, width=6):
    rng = np.random.default_rng(0)
    rows = rng.normal(size=(n_rows, width)).astype(np.float32)
    ids, counts = np.empty((n_rows, 0), np.int32), None
    if kind == "ties":
        rows = rng.integers(0, 3, rows.shape).astype(np.float32)
    if kind == "ids":
        ids = rng.integers(0, 9, (n_rows, 2)).astype(np.int32)
        counts = rng.integers(1, 4, ids.shape).astype(np.float32)
    return Encoded(rows, ids, counts, (9,) if kind == "ids" else (0,))


def spread(found, ids=9):
    """Return points as the matrix that they stand for."""
    rest = np.zeros((found.n_rows, ids))
    if found.id_weights is not None:
        np.add.at(rest, (np.arange(found.n_rows)[:, None], found.ids), found.id_weights)
    return np.hstack([found.dense, rest]) if found.id_weights is not None else found.dense


def swept(sweep, centres, double=False):
    return sweep(centres, (centres**2).sum(axis=1) / 2, double)


def new_sweep(found, weights=None):
    weights = np.ones(found.n_rows, np.float32) if weights is None else weights
    return BoundedSweep(found, weights, (spread(found).astype(float) ** 2).sum(axis=1))


@pytest.mark.parametrize("double", [False, True])
@pytest.mark.parametrize("n_centres", [1, 2, 30, 300])
@pytest.mark.parametrize("kind", ["smooth", "ties", "ids"])
def test_skipping_changes_no_bit(kind, n_centres, double):
    found = points(kind)
    X = spread(found).astype(float)
    centres = X[:n_centres].copy()
    sweep = new_sweep(found)
    for number in range(8):
        sums, counts = swept(sweep, centres, double)
        fresh = swept(new_sweep(found), centres, double)
        for mine, anew in zip((sums, counts), fresh, strict=True):
            np.testing.assert_array_equal(mine, anew)
        if number == 0:  # centres are rows: products of whole numbers are exact, the first one wins
            labels = ((X[:, None] - centres) ** 2).sum(axis=2).argmin(axis=1)
            np.testing.assert_array_equal(counts, np.bincount(labels, minlength=n_centres))
            for k in range(0, n_centres, 7):
                np.testing.assert_allclose(sums[k], X[labels == k].sum(axis=0), atol=1e-3)
        means = sums / np.maximum(counts, 1)[:, None]
        centres = np.where(counts[:, None] > 0, means, centres)


def test_weights_count_in_the_sums():
    found, weights = points(), np.linspace(0.5, 2, 2300).astype(np.float32)
    centres = found.dense[:20].astype(float)
    sums, counts = swept(new_sweep(found, weights), centres)
    assert counts.sum() == pytest.approx(weights.sum(), rel=1e-6)
    np.testing.assert_allclose(sums.sum(axis=0), weights @ found.dense, rtol=1e-4)


def test_few_points_are_looked_at_once_centres_hardly_move(monkeypatch):
    looked = []
    whole = BoundedSweep._likeness

    def counting(self, block, places):
        likeness = whole(self, block, places)
        looked.append(likeness.shape[1])
        return likeness

    monkeypatch.setattr(BoundedSweep, "_likeness", counting)
    found = points()
    engine = LloydEngine(found, np.ones(found.n_rows, np.float32), Rules())
    engine.load(Clusters(found.dense[:5].astype(float), np.zeros(5)).state, 0)
    engine.run(Passes(1), 0)
    assert sum(looked) == found.n_rows
    engine.run(Passes(200), 1)
    looked.clear()
    engine.run(Passes(3), 201)
    assert sum(looked) < 0.01 * 3 * found.n_rows


def test_sums_are_true_and_the_same_in_any_order():
    rng = np.random.default_rng(0)
    scales = np.array([1e-6, 1.0, 3e4, 0.0], np.float32)
    dense = (rng.normal(size=(5000, 4)) * scales).astype(np.float32)
    found = Encoded(dense, np.empty((5000, 0), np.int32), None, (0,))
    weights = rng.uniform(0.1, 9, 5000).astype(np.float32)
    sums = ExactSums(found, weights, np.abs(dense).max(axis=0))
    one, other = rng.integers(0, 7, (2, 5000)).astype(np.int32)
    everything, true = np.arange(5000), np.zeros((7, 4))
    whole, there = ((np.zeros((7, 4)), np.zeros(7)) for _ in range(2))
    sums.move(everything, one, None, whole)
    np.add.at(true, one, dense.astype(float) * weights[:, None])
    np.testing.assert_allclose(whole[0], true, rtol=1e-7, atol=1e-9 * 5000 * scales.max())
    np.testing.assert_allclose(whole[0][:, 0], true[:, 0], rtol=1e-6)  # however small its numbers
    np.testing.assert_allclose(whole[1], np.bincount(one, weights), rtol=1e-8)

    mixed = rng.permutation(5000)
    sums.move(everything, other, None, there)
    for part in np.array_split(mixed, 9):
        sums.move(part, one[part], other[part], there)
    for anew, moved in zip(whole, there, strict=True):
        np.testing.assert_array_equal(anew, moved)


@pytest.mark.parametrize("kind", ["smooth", "ties", "ids"])
def test_clusters_that_are_known_are_those_that_looking_finds(kind):
    found = points(kind)
    centres = spread(found)[:12].astype(float)
    sweep = new_sweep(found)
    assert (sweep.known(centres) == -1).all()
    swept(sweep, centres)
    moved = centres + np.random.default_rng(1).normal(scale=0.05, size=centres.shape)
    known, (labels, squares) = sweep.known(moved), nearest(found, moved)
    sure = known >= 0
    assert 0.3 < sure.mean() < 1 or kind == "ties"
    np.testing.assert_array_equal(known[sure], labels[sure])
    for mine, anew in zip(nearest(found, moved, known), (labels, squares), strict=True):
        np.testing.assert_array_equal(mine, anew)


def test_a_pass_that_was_broken_off_leaves_nothing_wrong(monkeypatch):
    found, centres = points(), points().dense[:30].astype(float)
    sweep = new_sweep(found)
    swept(sweep, centres)
    moved = centres + 0.3
    with monkeypatch.context() as patch:
        patch.setattr(ExactSums, "move", _interrupted)
        with pytest.raises(KeyboardInterrupt):
            swept(sweep, moved)
    for centres in (moved, moved - 0.1):
        for mine, anew in zip(swept(sweep, centres), swept(new_sweep(found), centres), strict=True):
            np.testing.assert_array_equal(mine, anew)


def _interrupted(*_):
    raise KeyboardInterrupt


def test_equal_centres_leave_all_points_to_the_first():
    rng = np.random.default_rng(0)
    for n_centres, width in ((3, 2), (17, 5), (64, 16), (129, 33), (260, 7)):
        found = points(width=width)
        centres = rng.normal(size=(n_centres, width))
        half = n_centres // 2
        centres[half : 2 * half] = centres[:half]
        _, counts = swept(new_sweep(found), centres)
        assert not counts[half : 2 * half].any()
        assert counts.sum() == found.n_rows
