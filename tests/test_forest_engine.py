"""Trees as arrays: what they predict is what Yggdrasil's own models predict."""

import numpy as np
import pytest

from tflearnkit.engines import forest_program, forest_scoring
from tflearnkit.engines.forest import EncodedRows, Forest
from tflearnkit.engines.forest_bagging import Bagging
from tflearnkit.engines.forest_boosting import Boosting, initial_scores
from tflearnkit.engines.forest_growth import Settings, Soil
from tflearnkit.engines.forest_nodes import read_nodes
from tflearnkit.engines.forest_program import Descent
from tflearnkit.engines.forest_scoring import Scorer
from tflearnkit.engines.forest_trees import Trees

ydf = pytest.importorskip("ydf", reason="an extra: pip install 'tflearnkit[forest]'")

N, N_CATEGORIES = 800, (0, 0, 0, 40, 3)  # three numbers, and categories of one word and of two
RNG = np.random.default_rng(0)
NUMBERS = RNG.standard_normal((N, 3)).astype(np.float32)
NUMBERS[RNG.random((N, 3)) < 0.15] = np.nan
CODES = np.stack([RNG.integers(0, 40, N), RNG.integers(0, 3, N)], axis=1)
ROWS = np.concatenate([NUMBERS, CODES], axis=1).astype(np.float32)
SIGNAL = np.nan_to_num(NUMBERS[:, 0]) + (CODES[:, 0] % 3 == 1) * NUMBERS[:, 1].clip(-1, 1)
SIGNAL = np.nan_to_num(SIGNAL) + (CODES[:, 1] == 2)
WEIGHTS = RNG.uniform(0.5, 2, N)
AS_YDF = {f"x{i}": ROWS[:, i].astype(np.int32 if c else np.float32)
          for i, c in enumerate(N_CATEGORIES)}

SETTINGS = Settings(8, None, 2, 3)
LABELS = {
    "binary": ((SIGNAL > 0.5).astype(np.float32)[:, None], 0),
    "multiclass": (np.digitize(SIGNAL, [0, 0.7]).astype(np.int32), 4),  # one that no row has
    "regression": (SIGNAL[:, None].astype(np.float32), 0),
}
KINDS = pytest.mark.parametrize("kind", LABELS)


def soil(kind, max_bins=None, weights=WEIGHTS):
    labels, n_classes = LABELS[kind]
    return Soil(ROWS, N_CATEGORIES, labels, n_classes, weights, max_bins)


def bagging(kind, settings=SETTINGS, **options):
    return Bagging(soil(kind, **options), settings, seed=5)


def boosting(kind, settings=SETTINGS):
    labels, n_classes = LABELS[kind]
    targets = np.eye(n_classes)[labels] if kind == "multiclass" else labels.reshape(N, -1)
    ground = soil(kind) if kind == "multiclass" else Soil(
        ROWS, N_CATEGORIES, targets.astype(np.float32), 0, WEIGHTS, None
    )
    scale = np.ones(targets.shape[1])
    return Boosting(ground, settings, 5, kind, targets.astype(float), scale), targets


def sums(trees, rows=ROWS):
    return Scorer(trees, N_CATEGORIES).sums(rows)


def unseen_rows():
    rng = np.random.default_rng(1)
    order = rng.permutation(N)
    rows = ROWS.copy()
    rows[:, 0], rows[:, 3] = ROWS[order, 0], ROWS[rng.permutation(N), 3]
    return rows, {f"x{i}": rows[:, i].astype(AS_YDF[f"x{i}"].dtype) for i in range(5)}


# What trees predict


@KINDS
@pytest.mark.parametrize(
    "options",
    [{}, {"max_bins": 20}, {"settings": Settings(None, 12, 1, 5)}, {"weights": np.ones(N)}],
    ids=["weighted", "bins", "best first", "unweighted"],
)
def test_a_random_forest_predicts_as_its_engine(kind, options):
    grower = bagging(kind, **options)
    block = grower.block(0, 12)
    model = grower.soil.train(grower._learner(0, 0, 12))
    rows, as_ydf = unseen_rows()
    found = sums(block.steps(0, 12), rows) / 12
    expected = model.predict(as_ydf).reshape(N, -1)
    np.testing.assert_allclose(found, expected, atol=1e-6)
    assert np.ptp(found) > 0.3  # of numbers worth comparing


@KINDS
def test_boosted_trees_predict_as_their_engine(kind, monkeypatch):
    grower, targets = boosting(kind)
    models = []
    monkeypatch.setattr(
        grower.soil, "train", lambda learner: models.append(Soil.train(grower.soil, learner))
        or models[-1],
    )
    base = initial_scores(kind, targets, WEIGHTS)
    block, _ = grower.block(0, 10, np.tile(base, (N, 1)))
    rows, as_ydf = unseen_rows()
    expected = models[0].predict(as_ydf).reshape(N, -1)
    np.testing.assert_allclose(sums(block.steps(0, 10), rows), expected, atol=1e-6)
    assert np.ptp(expected) > 0.3


@KINDS
def test_few_rows_and_many_find_the_same_bits(kind, monkeypatch):
    trees = bagging(kind).block(0, 9).steps(0, 9)
    few, rows = sums(trees), np.tile(ROWS, (6, 1))  # more than one compiled block
    leaves = Scorer(trees, N_CATEGORIES).leaves(ROWS)
    monkeypatch.setattr(forest_scoring, "_MOST_STEPS", 0)
    monkeypatch.setattr(forest_program, "_BLOCKS", (1024, 4096))
    np.testing.assert_array_equal(sums(trees, rows), np.tile(few, (6, 1)))
    np.testing.assert_array_equal(Scorer(trees, N_CATEGORIES).leaves(ROWS), leaves)
    complete = np.nan_to_num(ROWS)
    compiled = sums(trees, complete)
    monkeypatch.undo()
    np.testing.assert_array_equal(compiled, sums(trees, complete))


def test_trees_that_no_program_takes_are_gone_down_all_the_same(monkeypatch):
    """Children and columns share 32 bits there."""
    assert Descent.takes(2 * 1000, 1_000_000)
    assert not Descent.takes(2 * 1000, 2_000_000)
    trees = bagging("binary").block(0, 9).steps(0, 9)
    expected = sums(trees)
    monkeypatch.setattr(forest_scoring, "_MOST_STEPS", 0)
    monkeypatch.setattr(Descent, "takes", lambda width, largest_tree: False)
    monkeypatch.setattr(Descent, "find", None)
    np.testing.assert_array_equal(sums(trees), expected)


def test_a_bin_of_zero_is_told_from_the_next(monkeypatch):
    """It ends at the least number above zero, which a program may take for zero."""
    rows = np.repeat([[0.0], [1.0]], [300, 200], axis=0).astype(np.float32)
    ground = Soil(rows, (0,), rows.copy(), 0, np.ones(500), 255)
    trees = Bagging(ground, Settings(2, None, 1, 1), 5).block(0, 4).steps(0, 4)
    scorer = Scorer(trees, (0,))
    np.testing.assert_array_equal(scorer.sums(rows), 4 * rows)
    monkeypatch.setattr(forest_scoring, "_MOST_STEPS", 0)
    np.testing.assert_array_equal(scorer.sums(rows), 4 * rows)


def test_several_outputs_are_grown_and_summed_in_turn():
    labels = np.stack([SIGNAL, 4 * SIGNAL], axis=1).astype(np.float32)
    ground = Soil(ROWS, N_CATEGORIES, labels, 0, WEIGHTS, None)
    both = Bagging(ground, SETTINGS, 5).block(0, 7).steps(0, 7)
    assert both.output.tolist() == [0] * 7 + [1] * 7
    alone = bagging("regression").block(0, 7).steps(0, 7)
    np.testing.assert_array_equal(sums(both)[:, :1], sums(alone))
    np.testing.assert_allclose(sums(both)[:, 1], 4 * sums(both)[:, 0], atol=1e-4)


# How they are read


def depth_first(node):
    yield node
    if not node.is_leaf:
        yield from depth_first(node.neg_child)
        yield from depth_first(node.pos_child)


def test_nodes_are_read_as_the_engine_shows_them():
    grower = bagging("multiclass")
    model = grower.soil.train(grower._learner(0, 0, 3))
    found = read_nodes(model)
    expected = [node for tree in model.iter_trees() for node in depth_first(tree.root)]
    leaves = iter(found.value)
    assert len(expected) == len(found.is_leaf)
    for number, node in enumerate(expected):
        assert found.is_leaf[number] == node.is_leaf
        if node.is_leaf:
            np.testing.assert_allclose(next(leaves), node.value.probability, atol=1e-6)
            continue
        condition = node.condition
        assert found.column[number] == condition.attribute
        assert found.missing[number] == condition.missing
        if hasattr(condition, "threshold"):
            assert found.threshold[number] == np.float32(condition.threshold)
        else:
            owner, element = found.elements
            assert sorted(element[owner == number]) == list(condition.mask)


def test_trees_of_another_kind_are_refused():
    data = {"x0": ROWS[:, 0], "x1": ROWS[:, 1], "y": SIGNAL.astype(np.float32)}
    learner = ydf.RandomForestLearner(
        "y", task=ydf.Task.REGRESSION, num_trees=2, split_axis="SPARSE_OBLIQUE"
    )
    with pytest.raises(RuntimeError, match="should save thresholds and sets"):
        read_nodes(learner.train(data, verbose=0))


# How they grow


def same_trees(one: Trees, other: Trees):
    for name, array in one.arrays.items():
        np.testing.assert_array_equal(array, other.arrays[name], err_msg=name)


@KINDS
def test_the_first_trees_do_not_depend_on_how_many_follow(kind):
    grower = bagging(kind)
    long = grower.block(0, 8)
    same_trees(grower.block(0, 3).steps(0, 3), long.steps(0, 3))
    first, rest = long.steps(0, 3), long.steps(3, 8)
    same_trees(Trees.joined([first, rest]), long.steps(0, 8))
    np.testing.assert_array_equal(sums(first) + sums(rest), sums(long.steps(0, 8)))


@KINDS
def test_the_number_of_threads_changes_no_tree(kind):
    settings = [Settings(8, None, 2, 3, n_threads=n) for n in (1, 3)]
    one, three = (bagging(kind, each).block(0, 6).steps(0, 6) for each in settings)
    same_trees(one, three)


def test_a_tree_has_not_seen_the_rows_out_of_its_bag():
    """Other labels on them leave it as it is."""
    labels = LABELS["regression"][0]
    grower = bagging("regression")
    unseen = grower.out_of_bag(0, 2)
    assert 0.3 < unseen.mean() < 0.45  # 1 / e of the rows
    other = np.where(unseen[:, None], 100.0, labels).astype(np.float32)
    changed = Bagging(Soil(ROWS, N_CATEGORIES, other, 0, WEIGHTS, None), SETTINGS, 5)
    same_trees(grower.block(0, 4).steps(2, 3), changed.block(0, 4).steps(2, 3))
    seen = grower.block(0, 4).steps(0, 1), changed.block(0, 4).steps(0, 1)
    assert not np.array_equal(sums(seen[0]), sums(seen[1]))


def test_boosting_in_blocks_is_boosting_at_once():
    grower, targets = boosting("multiclass", Settings(4, None, 5, 5))  # which draws nothing
    start = np.tile(initial_scores("multiclass", targets, WEIGHTS), (N, 1))
    whole, losses = grower.block(0, 12, start)
    first, before = grower.block(0, 5, start)
    then = start + sums(first.steps(0, 5))
    rest, after = grower.block(5, 7, then)
    np.testing.assert_allclose(losses, [*before, *after], rtol=1e-4)
    assert (np.diff(losses) < 0).all()
    found = then + sums(rest.steps(0, 7))
    np.testing.assert_allclose(found, start + sums(whole.steps(0, 12)), atol=2e-2)


# What is kept


@KINDS
def test_a_forest_is_its_arrays(kind):
    block = bagging(kind).block(0, 6)
    base = np.zeros(block.steps(0, 6).value.shape[1])
    forest = Forest(base, 0.0, N_CATEGORIES).extended(block, 0, 4).extended(block, 4, 6)
    assert forest.n_steps == 6
    twin = Forest.of_arrays(forest.arrays, 0.0, N_CATEGORIES)
    rows = EncodedRows(ROWS)
    np.testing.assert_array_equal(twin.scores(rows), forest.scores(rows))
    earlier = twin.up_to(4).scores(rows)
    np.testing.assert_array_equal(earlier, forest.up_to(4).scores(rows))
    assert not np.array_equal(earlier, forest.scores(rows))


def test_rows_that_are_looked_at_again_go_down_new_trees_only(monkeypatch):
    block, again = bagging("binary").block(0, 6), bagging("binary").block(6, 6)
    forest, rows = Forest(np.full(1, 0.3), 0.1, N_CATEGORIES), EncodedRows(ROWS, {})
    walked = []
    monkeypatch.setattr(
        Scorer, "sums", lambda self, values, plain=Scorer.sums: walked.append(len(self.trees))
        or plain(self, values),
    )
    for piece, stop in ((block, 2), (block, 5), (block, 6), (again, 1), (again, 4)):
        start = forest.pieces[-1].stop if forest.pieces and forest.pieces[-1].block is piece else 0
        forest = forest.extended(piece, start, stop)
        expected = forest.scores(EncodedRows(ROWS))
        walked.pop()
        np.testing.assert_array_equal(forest.scores(rows), expected)
    assert walked == [2, 3, 1, 1, 3]
    shorter = forest.up_to(3)
    np.testing.assert_array_equal(shorter.scores(rows), shorter.scores(EncodedRows(ROWS)))
