"""The ``streaming_*`` metrics: of arrays, and of model functions' tensors over many batches."""

import pickle
from functools import partial

import numpy as np
import pytest
import sklearn.metrics as sk
import tensorflow as tf

import tflearnkit as learn
from tflearnkit import metrics
from tflearnkit.metrics.pending import Pending

N, K = 60, 7
RNG = np.random.default_rng(3)
LABELS = RNG.integers(0, 2, N)
SCORES = np.clip(RNG.normal(size=N) * 0.3 + LABELS * 0.4 + 0.3, 0, 1).round(2).astype(np.float32)
GUESSED = (SCORES > 0.5).astype(np.int64)
CLASSES, GUESSED_CLASSES = RNG.integers(0, K, N), RNG.integers(0, K, N)
LOGITS = RNG.normal(size=(N, K)).astype(np.float32)
SEVERAL = np.array([[*RNG.choice(K, 2, replace=False), -1] for _ in range(N)])
TRUTH = RNG.normal(size=(N, 2))
FOUND = TRUTH + RNG.normal(size=(N, 2)) * 0.5
UNIT, UNIT_FOUND = (a / np.linalg.norm(a, axis=1, keepdims=True) for a in (TRUTH, FOUND))
WEIGHTS = RNG.integers(0, 4, N).astype(np.float32)
ONES = np.ones(N)


def pooled(metric):
    """Return scikit-learn's metric over all cells, each with the weight of its row."""
    return lambda p, y, w: metric(y.ravel(), p.ravel(), sample_weight=np.repeat(w, p[0].size))


def theirs(metric, **words):
    return lambda p, y, w: metric(y, p, sample_weight=w, **words)


def confusion(i, j):
    return lambda p, y, w: sk.confusion_matrix(y, p, sample_weight=w)[i, j]


def at_thresholds(metric):
    return lambda p, y, w: [metric(y, p > t, sample_weight=w) for t in (0.25, 0.5)]


def best(wanted, given, least):
    """The greatest rate of one kind that some threshold reaches with enough of the other."""

    def brute(p, y, w):
        rates = []
        for t in [*np.unique(p), 2]:
            sensitivity = w[(p >= t) & (y == 1)].sum() / w[y == 1].sum()
            specificity = w[(p < t) & (y == 0)].sum() / w[y == 0].sum()
            rates.append({"sensitivity": sensitivity, "specificity": specificity})
        return max(rate[wanted] for rate in rates if rate[given] >= least)

    return brute


def top(k, row):
    return list(np.argsort(-row)[:k])


def ranked(part):
    """``part(guessed, labels) -> (number, of)``, pooled over the rows by brute force."""

    def brute(p, y, w):
        pairs = [part(top(3, row), [c for c in of if c >= 0]) for row, of in zip(p, y, strict=True)]
        parts, wholes = np.array(pairs).T
        return w @ parts / (w @ wholes)

    return brute


def average_precision(p, y, w):
    values = []
    for row, labels in zip(p, y, strict=True):
        hits = [c in labels for c in top(3, row)]
        values.append(sum(h * np.mean(hits[: i + 1]) for i, h in enumerate(hits)) / 2)
    return np.average(values, weights=w)


def covariance(p, y, w):
    w = w.astype(int)
    return np.cov(np.repeat(p, w), np.repeat(y, w))[0, 1]


def correlation(p, y, w):
    w = w.astype(int)
    return np.corrcoef(np.repeat(p, w), np.repeat(y, w))[0, 1]


def of(predictions, labels):
    return {"predictions": predictions, "labels": labels}


BINARY, SCORED, MANY = of(GUESSED, LABELS), of(SCORES, LABELS), of(LOGITS, SEVERAL)
REAL, ONE_REAL = of(FOUND, TRUTH), of(FOUND[:, 0], TRUTH[:, 0])
THRESHOLDS = {"thresholds": [0.25, 0.5]}
CASES = {  # name: (the rows it is given, its own arguments, what it should be)
    "mean": ({"values": SCORES}, {}, lambda v, w: np.average(v, weights=w)),
    "mean_tensor": ({"values": TRUTH}, {}, lambda v, w: np.average(v, axis=0, weights=w)),
    "percentage_less": (
        {"values": SCORES},
        {"threshold": 0.4},
        lambda v, w: np.average(v < 0.4, weights=w),
    ),
    "accuracy": (of(GUESSED_CLASSES, CLASSES), {}, theirs(sk.accuracy_score)),
    "precision": (BINARY, {}, theirs(sk.precision_score)),
    "recall": (BINARY, {}, theirs(sk.recall_score)),
    "true_negatives": (BINARY, {}, confusion(0, 0)),
    "false_positives": (BINARY, {}, confusion(0, 1)),
    "false_negatives": (BINARY, {}, confusion(1, 0)),
    "true_positives": (BINARY, {}, confusion(1, 1)),
    "mean_iou": (
        of(GUESSED_CLASSES, CLASSES),
        {"num_classes": K + 1},
        theirs(sk.jaccard_score, average="macro"),
    ),
    "auc": (SCORED, {}, theirs(sk.roc_auc_score)),
    "precision_at_thresholds": (SCORED, THRESHOLDS, at_thresholds(sk.precision_score)),
    "recall_at_thresholds": (SCORED, THRESHOLDS, at_thresholds(sk.recall_score)),
    "sensitivity_at_specificity": (
        SCORED,
        {"specificity": 0.8},
        best("sensitivity", "specificity", 0.8),
    ),
    "specificity_at_sensitivity": (
        SCORED,
        {"sensitivity": 0.8},
        best("specificity", "sensitivity", 0.8),
    ),
    "recall_at_k": (of(LOGITS, CLASSES), {"k": 3}, theirs(sk.top_k_accuracy_score, k=3)),
    "sparse_precision_at_k": (MANY, {"k": 3}, ranked(lambda g, y: (len({*g} & {*y}), 3))),
    "sparse_recall_at_k": (MANY, {"k": 3}, ranked(lambda g, y: (len({*g} & {*y}), len(y)))),
    "sparse_average_precision_at_k": (MANY, {"k": 3}, average_precision),
    "mean_absolute_error": (REAL, {}, pooled(sk.mean_absolute_error)),
    "mean_squared_error": (REAL, {}, pooled(sk.mean_squared_error)),
    "root_mean_squared_error": (REAL, {}, pooled(sk.root_mean_squared_error)),
    "mean_relative_error": (
        REAL | {"normalizer": np.exp(TRUTH)},
        {},
        lambda p, y, z, w: np.average((np.abs(p - y) / z).mean(axis=1), weights=w),
    ),
    "covariance": (ONE_REAL, {}, covariance),
    "pearson_correlation": (ONE_REAL, {}, correlation),
    "mean_cosine_distance": (
        of(UNIT_FOUND, UNIT),
        {"dim": 1},
        lambda p, y, w: np.average(sk.pairwise.paired_cosine_distances(p, y), weights=w),
    ),
    "concat": ({"values": TRUTH}, {"max_size": 31}, lambda v, w: v[:31]),
}
SPLITS = [[N], [1] * N, [7] * 8 + [4], [50, 3, 7]]


def streaming(name):
    return getattr(metrics, f"streaming_{name}")


def over_batches(make, sizes, rows):
    """Return the value that an estimator finds with batches of such sizes, and the metric."""
    found = []

    specs = [tf.TensorSpec([None, *a.shape[1:]], a.dtype) for a in rows]

    @tf.function(input_signature=specs, autograph=False)
    def fetch(*tensors):
        value, update = make(*tensors)
        assert value is update
        found.append(value)
        return [tf.identity(tensor) for tensor in value.tensors]

    edges = np.cumsum([0, *sizes])
    pieces = [
        fetch(*(array[start:stop] for array in rows))
        for start, stop in zip(edges[:-1], edges[1:], strict=True)
    ]
    columns = zip(*pieces, strict=True)
    arrays = [np.concatenate([np.atleast_1d(a) for a in column]) for column in columns]
    return found[-1].value(arrays)


def test_every_streaming_metric_is_tested():
    names = {name.removeprefix("streaming_") for name in metrics.__all__ if "streaming_" in name}
    assert names == set(CASES)


# Arrays


@pytest.mark.parametrize("name", CASES)
def test_of_arrays_it_is_the_value(name):
    rows, own, expected = CASES[name]
    found = streaming(name)(**rows, **own)
    assert np.asarray(found) == pytest.approx(np.asarray(expected(*rows.values(), ONES)), rel=1e-6)


@pytest.mark.parametrize("name", sorted(set(CASES) - {"concat"}))
def test_weights_of_rows(name):
    rows, own, expected = CASES[name]
    wanted = np.asarray(expected(*rows.values(), WEIGHTS))
    metric = partial(streaming(name), **rows, **own)
    assert np.asarray(metric(weights=WEIGHTS)) == pytest.approx(wanted, rel=1e-6)
    assert np.asarray(metric(weights=WEIGHTS[:, None])) == pytest.approx(wanted, rel=1e-6)
    assert not np.allclose(wanted, expected(*rows.values(), ONES)), "this says nothing on weights"


@pytest.mark.parametrize("name", CASES)
def test_eager_tensors_are_arrays(name):
    rows, own, _ = CASES[name]
    found = streaming(name)(**{key: tf.constant(array) for key, array in rows.items()}, **own)
    assert np.array_equal(found, streaming(name)(**rows, **own))


@pytest.mark.parametrize("name", CASES)
def test_arguments_of_the_old_api_are_taken_and_it_pickles(name):
    rows, own, _ = CASES[name]
    metric = pickle.loads(pickle.dumps(streaming(name)))
    old = {"metrics_collections": ["m"], "updates_collections": "u", "name": "n"}
    assert np.array_equal(metric(**rows, **own, **old), streaming(name)(**rows, **own))


def test_weights_of_cells_and_one_weight_for_all():
    values, weights = [[1.0, 2], [3, 6]], [[1, 0], [0, 3]]
    assert metrics.streaming_mean(values, weights) == 4.75
    assert metrics.streaming_mean(values, 2.0) == 3
    assert metrics.streaming_mean_tensor(values, weights).tolist() == [1, 6]
    assert metrics.streaming_true_positives([1, 1], [1, 1], weights=0.5) == 1
    assert metrics.streaming_mean_absolute_error(values, np.zeros((2, 2)), weights) == 4.75


def test_accuracy_compares_in_the_dtype_of_the_labels_without_a_trailing_dimension():
    assert metrics.streaming_accuracy([[1.0], [2.7], [3.0]], [1, 2, 4]) == pytest.approx(2 / 3)
    assert metrics.streaming_accuracy([1, 2, 3], [[1.0], [2.7], [3.0]]) == pytest.approx(2 / 3)
    assert metrics.streaming_accuracy([[1, 2], [3, 4]], [[1, 0], [3, 0]], [1, 3]) == 0.5
    assert metrics.streaming_accuracy(["a", "bcd"], np.array(["a", "bc"])) == 0.5


def test_precision_and_recall_take_what_is_not_zero_as_true():
    assert metrics.streaming_precision([0.1, 2.0, 0.0], [1.0, 0.0, 3.0]) == 0.5
    assert metrics.streaming_recall([True, False, False], [[1], [1], [0]]) == 0.5
    assert metrics.streaming_precision([0, 0], [0, 1]) == 0
    assert metrics.streaming_recall([0, 1], [0, 0]) == 0


def test_areas_under_both_curves():
    scores, labels = [0.1, 0.4, 0.35, 0.8], [0, 0, 1, 1]
    columns = np.column_stack([1 - np.array(scores), scores])
    assert metrics.streaming_auc(columns, labels) == 0.75
    precision, recall, _ = sk.precision_recall_curve(labels, scores)
    assert metrics.streaming_auc(scores, labels, curve="PR") == sk.auc(recall, precision)
    assert metrics.streaming_auc([0.5, 0.5], [0, 1], num_thresholds=3) == 0.5
    assert metrics.streaming_auc([[0.1, 0.9], [0.8, 0.2]], [[0, 1], [1, 0]]) == 1


def test_a_rate_that_rounding_puts_just_below_the_limit_is_enough():
    weights = np.array([0.1] * 10 + [1])
    labels, scores = np.array([0] * 10 + [1]), np.array([*range(10), 3.0])
    for specificity, expected in [(0.3, 1), (0.31, 0)]:
        found = metrics.streaming_sensitivity_at_specificity(scores, labels, specificity, weights)
        assert found == expected


def test_every_score_is_a_threshold_also_on_a_straight_part_of_the_curve():
    scores, labels = [0.8, 0.8, 0.5, 0.5, 0.2, 0.2], [1, 0] * 3
    assert metrics.streaming_sensitivity_at_specificity(scores, labels, 1 / 3) == 2 / 3
    found = metrics.streaming_specificity_at_sensitivity(scores, labels, 2 / 3)
    assert found == pytest.approx(1 / 3)


def test_a_score_at_the_threshold_is_not_above_it():
    at = metrics.streaming_recall_at_thresholds([0.5, 0.75], [1, 1], thresholds=[0.25, 0.5, 0.75])
    assert at.tolist() == [1, 0.5, 0]
    at = metrics.streaming_precision_at_thresholds(
        [0.5, 0.75], [0, 1], thresholds=[0.25, 0.5, 0.75]
    )
    assert at.tolist() == [0.5, 1, 0]


@pytest.mark.parametrize("scale", [1, 3])
def test_the_best_threshold_of_the_old_tests(scale):
    scores = scale * np.array([0.1, 0.2, 0.4, 0.3, 0.0, 0.1, 0.2, 0.2, 0.26, 0.26])
    labels, weights = [0] * 5 + [1] * 5, np.arange(1, 11)
    at = metrics.streaming_specificity_at_sensitivity
    assert at(scores, labels, sensitivity=0.4) == pytest.approx(0.6)
    assert at(scores, labels, sensitivity=0.4, weights=weights) == pytest.approx(8 / 15)


def test_ties_in_recall_at_k_are_all_among_the_k():
    assert metrics.streaming_recall_at_k([[1.0, 1, 1]], [2], k=1) == 1
    assert metrics.streaming_recall_at_k([[np.nan, 0, 0]], [0], k=1) == 0


def test_of_equal_scores_the_lower_class_comes_first():
    precision = metrics.streaming_sparse_precision_at_k
    assert precision(np.tile([0.0, 1.0], (1, 500)), [[1, 3, 5]], k=3) == 1


def test_one_class_at_k():
    scores, labels = (
        [[0.1, 0.6, 0.3], [0.8, 0.15, 0.05], [0.0, 0.1, 0.9]],
        [[1, 2], [1, -1], [2, 2]],
    )
    precision, recall = (
        metrics.streaming_sparse_precision_at_k,
        metrics.streaming_sparse_recall_at_k,
    )
    assert precision(scores, labels, k=2, class_id=2) == 1  # guessed in rows 0 and 2
    assert precision(scores, labels, k=2, class_id=1) == pytest.approx(2 / 3)
    assert recall(scores, labels, k=1, class_id=2) == 0.5
    assert recall(scores, labels, k=1) == 0.5  # 2 of the 4 that are there
    assert np.isnan(recall(scores, labels, k=1, class_id=0))
    assert precision(scores, labels, k=1, class_id=2, weights=[1, 1, 0]) != precision(
        scores, labels, k=1, class_id=2
    )


def test_average_precision_of_all_places_is_that_of_ranked_labels():
    relevant = np.zeros((N, K), int)
    relevant[np.arange(N)[:, None], SEVERAL[:, :2]] = 1
    expected = sk.label_ranking_average_precision_score(relevant, LOGITS)
    found = metrics.streaming_sparse_average_precision_at_k(LOGITS, SEVERAL, k=K)
    assert found == pytest.approx(expected)
    none = np.vstack([SEVERAL, -np.ones((1, 3), int)])
    logits = np.vstack([LOGITS, LOGITS[:1]])
    assert metrics.streaming_sparse_average_precision_at_k(logits, none, k=K) == found


def test_rows_at_k_may_have_several_dimensions():
    shaped = LOGITS.reshape(6, 10, K), SEVERAL.reshape(6, 10, 3)
    for name in ("sparse_precision_at_k", "sparse_recall_at_k", "sparse_average_precision_at_k"):
        found = streaming(name)(*shaped, k=2, weights=WEIGHTS.reshape(6, 10))
        assert found == pytest.approx(streaming(name)(LOGITS, SEVERAL, k=2, weights=WEIGHTS))


def test_classes_that_do_not_occur_are_not_in_the_mean_of_intersection_over_union():
    assert metrics.streaming_mean_iou([[0, 1]], [[0, 1]], num_classes=9) == 1
    assert metrics.streaming_mean_iou([0, 1, 2], [0, 1, 1], 3, weights=[1, 1, 0]) == 1


def test_relative_errors_by_nothing_are_none():
    found = metrics.streaming_mean_relative_error([1.0, 2], [2.0, 4], normalizer=[0.0, 4])
    assert found == 0.25
    assert metrics.streaming_mean_relative_error([1.0, 2], [2.0, 4], normalizer=2.0) == 0.75


def test_where_nothing_counts_it_is_nan_without_a_warning(recwarn):
    zeros = np.zeros(N)
    for name in sorted(set(CASES) - {"concat", "precision", "recall", "precision_at_thresholds"}):
        rows, own, _ = CASES[name]
        if not name.startswith(("true_", "false_", "recall_at_thresholds")):
            found = streaming(name)(**rows, **own, weights=zeros)
            assert np.isnan(found).all(), name
    assert np.isnan(metrics.streaming_pearson_correlation([1, 1], [1, 2]))
    assert np.isnan(metrics.streaming_covariance([1], [1]))
    assert np.isnan(metrics.streaming_sensitivity_at_specificity([0.1, 0.2], [1, 1], 0.5))
    assert not recwarn.list


# Tensors of model functions


@pytest.mark.parametrize("sizes", SPLITS, ids=["one", "rows", "sevens", "uneven"])
@pytest.mark.parametrize("name", CASES)
def test_batches_do_not_matter(name, sizes):
    rows, own, _ = CASES[name]
    weights = {} if name == "concat" else {"weights": WEIGHTS}
    for given in (rows, rows | weights):
        found = over_batches(
            lambda *tensors, names=tuple(given): streaming(name)(
                **dict(zip(names, tensors, strict=True)), **own
            ),
            sizes,
            list(given.values()),
        )
        assert np.asarray(found) == pytest.approx(
            np.asarray(streaming(name)(**given, **own)), rel=1e-12, nan_ok=True
        )


@pytest.mark.parametrize("sizes", SPLITS, ids=["one", "rows", "sevens", "uneven"])
def test_a_weight_for_all_rows_of_a_batch(sizes):
    def one(values):
        return metrics.streaming_mean(values, weights=0.5)

    def of_columns(values):
        return metrics.streaming_mean(values, weights=tf.constant([[1.0, 3.0]]))

    assert over_batches(one, sizes, [TRUTH]) == pytest.approx(TRUTH.mean())
    expected = np.average(TRUTH.mean(axis=0), weights=[1, 3])
    assert over_batches(of_columns, sizes, [TRUTH]) == pytest.approx(expected)


def test_a_scalar_is_one_entry_for_each_batch():
    def loss(values):
        return metrics.streaming_mean(tf.reduce_mean(values))

    def weighted(values):
        size = tf.cast(tf.shape(values)[0], tf.float32)
        return metrics.streaming_mean(tf.reduce_mean(values), weights=size)

    values, sizes = TRUTH[:, 0], [50, 10]
    plain = np.mean([values[:50].mean(), values[50:].mean()])
    assert over_batches(loss, sizes, [values]) == pytest.approx(plain)
    assert over_batches(weighted, sizes, [values]) == pytest.approx(values.mean())


def test_text_and_dimensions_not_known_beforehand():
    words = np.array([b"a", b"b", b"a"], object)

    @tf.function(input_signature=[tf.TensorSpec(None, tf.float32)] * 2)
    def unknown(a, b):
        return metrics.streaming_mean(a, b)[0].tensors

    assert len(unknown(np.ones(3, np.float32), np.ones(3, np.float32))) == 2
    found = []

    @tf.function(input_signature=[tf.TensorSpec([None], tf.string)] * 2)
    def text(a, b):
        found.append(metrics.streaming_accuracy(a, b)[0])
        return a

    text(words, words)
    assert found[0].value([words, words[::-1]]) == 1


def test_metrics_of_a_model_function_can_be_calculated_with():
    def f1(predictions, labels):
        p, _ = metrics.streaming_precision(predictions, labels)
        r, _ = metrics.streaming_recall(predictions, labels)
        return 2 * p * r / (p + r), None

    def others(predictions, labels):
        error, _ = metrics.streaming_mean_squared_error(predictions, labels)
        return np.float32(2) - error**0.5 + (-error) * np.int64(3) / (1 / error), None

    def twice(make):
        return lambda *tensors: (make(*tensors)[0],) * 2

    found = over_batches(twice(f1), [7, 53], list(BINARY.values()))
    assert found == pytest.approx(sk.f1_score(LABELS, GUESSED))
    mse = sk.mean_squared_error(TRUTH, FOUND)
    found = over_batches(twice(others), [7, 53], [FOUND, TRUTH])
    assert found == pytest.approx(2 - mse**0.5 - 3 * mse**2)


def test_nothing_divided_by_nothing_is_nan(recwarn):
    nothing = Pending(lambda: 0.0, ())
    assert np.isnan((nothing / nothing).value([]))
    assert not recwarn.list


def test_calculating_with_tensors_is_refused():
    pending = Pending(np.mean, (None,))
    for wrong in (
        lambda: tf.sqrt(pending),
        lambda: pending * tf.constant(1.0),
        lambda: tf.constant(1.0) * pending,
    ):
        with pytest.raises(TypeError, match=r"value is there after all batches.*mse \*\* 0.5"):
            wrong()
    for wrong in (lambda: pending + "text", lambda: np.array([1.0, 2.0]) * pending):
        with pytest.raises(TypeError, match="unsupported operand"):
            wrong()


def test_pairs_put_together():
    def pairs(predictions, labels):
        return {
            "accuracy": metrics.streaming_accuracy(predictions, labels),
            "recall": metrics.streaming_recall(predictions, labels),
        }

    with tf.Graph().as_default():
        tensors = [tf.compat.v1.placeholder(tf.int64, [None])] * 2
        values, updates = metrics.aggregate_metric_map(pairs(*tensors))
        assert list(values) == list(updates) == ["accuracy", "recall"]
        assert all(isinstance(value, Pending) for value in [*values.values(), *updates.values()])
        values, updates = metrics.aggregate_metrics(*pairs(*tensors).values())
        assert values[1].value([GUESSED, LABELS]) == sk.recall_score(LABELS, GUESSED)
    with pytest.raises(ValueError, match="at least one pair"):
        metrics.aggregate_metrics()
    with pytest.raises(ValueError, match="Got 1.0"):
        metrics.aggregate_metric_map({"accuracy": metrics.streaming_accuracy([1], [1])})


# What cannot be


WRONG = {
    "shapes": (
        lambda a: metrics.streaming_accuracy(a([1, 2, 3]), a([1, 2])),
        r"one shape.*\(3,\).*\(2,\)",
    ),
    "probabilities": (
        lambda a: metrics.streaming_precision(a([[0.1, 0.9]]), a([1])),
        r"one shape.*the class instead",
    ),
    "weights": (
        lambda a: metrics.streaming_mean(a([1.0, 2.0]), weights=a([1.0, 2.0, 3.0])),
        r"weights should be.*\(2,\).*\(3,\)",
    ),
    "curve": (lambda a: metrics.streaming_auc(a([0.5]), a([1]), curve="roc"), "curve should be"),
    "thresholds": (
        lambda a: metrics.streaming_recall_at_thresholds(a([0.5]), a([1]), 0.5),
        "thresholds should be a list",
    ),
    "sensitivity": (
        lambda a: metrics.streaming_specificity_at_sensitivity(a([0.5]), a([1]), 1.5),
        "sensitivity should be between 0 and 1. Got 1.5",
    ),
    "specificity": (
        lambda a: metrics.streaming_sensitivity_at_specificity(a([0.5]), a([1]), -1),
        "specificity should be between 0 and 1. Got -1",
    ),
    "k": (
        lambda a: metrics.streaming_recall_at_k(a([[0.5, 0.5]]), a([1]), k=3),
        "k should be between 1 and the number of classes, 2. Got 3",
    ),
    "classes for scores": (
        lambda a: metrics.streaming_sparse_recall_at_k(a([1, 2]), a([1, 2]), k=1),
        "a score for each class",
    ),
    "rows at k": (
        lambda a: metrics.streaming_sparse_recall_at_k(a([[0.5, 0.5]]), a([[[1]]]), k=1),
        r"row of class numbers.*\(1,\)",
    ),
    "class_id": (
        lambda a: metrics.streaming_sparse_precision_at_k(a([[0.5, 0.5]]), a([1]), 1, class_id=2),
        "class_id should be a class number from 0 to 1. Got 2",
    ),
    "normalizer": (
        lambda a: metrics.streaming_mean_relative_error(a([1.0, 2]), a([1.0, 2]), a([1.0] * 3)),
        r"normalizer should be.*\(2,\)",
    ),
    "dim": (
        lambda a: metrics.streaming_mean_cosine_distance(a([[1.0]]), a([[1.0]]), dim=0),
        "dim should be an axis.*Got 0",
    ),
    "axis": (lambda a: metrics.streaming_concat(a([[1.0]]), axis=1), "axis should be 0"),
    "no labels": (lambda a: metrics.streaming_recall(a([1]), None), "needs labels.*in EVAL only"),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_does_not_fit_is_refused_at_once_also_in_a_model_function(name):
    make, message = WRONG[name]
    with pytest.raises(ValueError, match=message):
        make(np.array)
    with tf.Graph().as_default(), pytest.raises(ValueError, match=message):
        make(tf.constant)


def test_classes_out_of_range():
    with pytest.raises(ValueError, match="predictions should be class numbers.*= 1. Got 2"):
        metrics.streaming_mean_iou([0, 2], [0, 1], num_classes=2)
    with pytest.raises(ValueError, match="labels should be class numbers.*Got -1"):
        metrics.streaming_mean_iou([0, 1], [0, -1], num_classes=2)
    with pytest.raises(ValueError, match="labels should be class numbers below 2.*Got 2"):
        metrics.streaming_sparse_recall_at_k([[0.5, 0.5]], [2], k=1)
    with pytest.raises(ValueError, match="labels should be class numbers from 0 to 1. Got -1"):
        metrics.streaming_recall_at_k([[0.5, 0.5]], [-1], k=1)


def test_what_is_no_number_and_what_is_sparse():
    with pytest.raises(TypeError, match="predictions should be numbers or booleans"):
        metrics.streaming_precision(["yes", "no"], ["yes", "yes"])
    with pytest.raises(TypeError, match="both be text"):
        metrics.streaming_accuracy([1, 2], ["1", "2"])
    sparse = tf.sparse.from_dense([[1, 0]])
    with pytest.raises(TypeError, match="labels to be an array.*Got a SparseTensor.*to_dense"):
        metrics.streaming_sparse_recall_at_k([[0.5, 0.5]], sparse, k=1)
    with pytest.raises(TypeError, match=r"called as streaming_mean\(values.*unexpected.*'k'"):
        metrics.streaming_mean([1.0], k=2)
    with pytest.raises(TypeError, match=r"streaming_accuracy\(.*missing.*'labels'"):
        metrics.streaming_accuracy([1.0])


def test_rows_weighted_in_a_metric_of_batches_are_refused():
    with tf.Graph().as_default():
        rows = tf.compat.v1.placeholder(tf.float32, [None])
        loss = tf.reduce_mean(rows)
        with pytest.raises(ValueError, match="weights should be one number"):
            metrics.streaming_mean(loss, weights=rows)


def test_arguments_that_are_tensors():
    with tf.Graph().as_default():
        values = tf.compat.v1.placeholder(tf.float32, [None])
        value, _ = metrics.streaming_percentage_less(values, tf.constant(0.4))
        assert value.value([SCORES]) == np.mean(SCORES < 0.4)
        with pytest.raises(ValueError, match="threshold to be the same for all batches"):
            metrics.streaming_percentage_less(values, tf.reduce_mean(values))


# Asked of estimators


@pytest.fixture(scope="module")
def fitted():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(90, 3)).astype(np.float32)
    y = (X[:, 0] + 0.5 * rng.normal(size=90) > 0).astype(int)
    return learn.DNNClassifier(hidden_units=(4,), random_state=0).fit(X, y, steps=20), X, y


def test_in_evaluate(fitted):
    estimator, X, y = fitted
    weights = np.linspace(0, 2, len(y))
    asked = {
        "accuracy": metrics.streaming_accuracy,
        ("recall", "classes"): metrics.streaming_recall,
        ("area", "probabilities"): metrics.streaming_auc,
        ("share", "logistic"): partial(metrics.streaming_percentage_less, threshold=0.5),
        "spec": learn.MetricSpec(metrics.streaming_mean_absolute_error, prediction_key="logistic"),
        "mean": learn.MetricSpec(metrics.streaming_mean, prediction_key="logistic"),
        ("precision", "logistic"): partial(
            metrics.streaming_precision_at_thresholds, thresholds=[0.4]
        ),
    }
    found = estimator.evaluate(X, y, sample_weight=weights, metrics=asked, batch_size=32)
    classes, p = estimator.predict(X), estimator.predict_proba(X)[:, 1]
    given = {"sample_weight": weights}
    assert found["accuracy"] == pytest.approx(sk.accuracy_score(y, classes, **given))
    assert found["recall"] == pytest.approx(sk.recall_score(y, classes, **given))
    assert found["area"] == pytest.approx(sk.roc_auc_score(y, p, **given), abs=1e-6)
    assert found["share"] == pytest.approx(np.average(p < 0.5, weights=weights), abs=1e-6)
    assert found["spec"] == pytest.approx(np.average(np.abs(p - y), weights=weights), abs=1e-6)
    assert found["mean"] == pytest.approx(np.average(p, weights=weights), abs=1e-6)
    assert found["precision"] == pytest.approx(sk.precision_score(y, p > 0.4, **given))


def test_classes_in_words(fitted):
    _, X, y = fitted
    words = np.array(["no", "yes"])[y]
    estimator = learn.DNNClassifier(hidden_units=(4,), random_state=0).fit(X, words, steps=5)
    found = estimator.evaluate(X, words, metrics={"right": metrics.streaming_accuracy})
    assert found["right"] == pytest.approx(np.mean(estimator.predict(X) == words))


def test_of_regressors(fitted):
    _, X, _ = fitted
    regressor = learn.DNNRegressor(hidden_units=(4,), random_state=0).fit(X, X[:, 0], steps=5)
    found = regressor.evaluate(
        X,
        X[:, 0],
        metrics={
            "my_error": metrics.streaming_mean_squared_error,
            "correlation": metrics.streaming_pearson_correlation,
        },
    )
    predictions = regressor.predict(X)
    assert found["my_error"] == pytest.approx(np.mean((predictions - X[:, 0]) ** 2), rel=1e-5)
    expected = np.corrcoef(predictions, X[:, 0])[0, 1]
    assert found["correlation"] == pytest.approx(expected, rel=1e-4)
