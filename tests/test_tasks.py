"""What targets mean: labels of every dtype, losses and reports against closed forms."""

import pickle
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
import scipy.sparse
import sklearn.metrics as sk
from sklearn.exceptions import DataConversionWarning

from tflearnkit.tasks import (
    BinaryTask,
    MulticlassTask,
    MultilabelTask,
    RegressionTask,
    infer_classification,
    infer_regression,
)


def float32(values):
    return np.array(values, dtype=np.float32)


def linked(task, logits):
    return task.link(float32(logits), task.constants()).numpy()


def report(task, logits, y, weights=None):
    """What evaluate would report for these scores and labels."""
    logits = float32(logits)
    return task.report(logits, linked(task, logits), task.encode(y), weights)


def losses(task, logits, y):
    return task.loss(float32(logits), task.encode(y)).numpy()


# The reference numbers of TF.Learn's heads.


def test_binary_report_has_the_numbers_of_the_binary_head():
    found = report(infer_classification([0, 1]), [[1], [1]], [1, 0])
    expected = {
        "loss": 0.81326175,
        "accuracy": 0.5,
        "accuracy/baseline_label_mean": 0.5,
        "accuracy/threshold_0.500000_mean": 0.5,
        "auc": 0.5,
        "auc_precision_recall": 0.75,
        "labels/actual_label_mean": 0.5,
        "labels/prediction_mean": 0.731059,
        "precision/positive_threshold_0.500000_mean": 0.5,
        "recall/positive_threshold_0.500000_mean": 1.0,
        "precision": 0.5,
        "recall": 1.0,
    }
    assert found == pytest.approx(expected, abs=1e-5)
    assert all(type(value) is float for value in found.values())


def test_binary_report_at_a_tie():
    found = report(infer_classification([0, 1]), [[0], [0], [0]], [1, 0, 0])
    assert found["loss"] == pytest.approx(np.log(2))
    assert found["accuracy"] == pytest.approx(2 / 3)  # a tie is class 0 ...
    assert found["accuracy/threshold_0.500000_mean"] == pytest.approx(1 / 3)  # ... but not here
    assert found["precision"] == 0
    assert found["recall"] == 0


def test_binary_report_is_weighted():
    found = report(infer_classification([0, 1]), [[1], [1]], [1, 0], weights=np.array([1.0, 0]))
    assert found["loss"] == pytest.approx(0.31326166)
    assert found["accuracy"] == 1
    assert found["labels/actual_label_mean"] == 1
    assert np.isnan(found["auc"])
    assert np.isnan(found["auc_precision_recall"])


def test_multiclass_report_has_the_numbers_of_the_multi_class_head():
    task = infer_classification([0, 1, 2])
    assert report(task, [[1, 0, 0]], [2]) == pytest.approx({"loss": 1.5514447, "accuracy": 0})
    assert report(task, [[0, 0, 0]], [2])["loss"] == pytest.approx(1.0986123)
    assert report(task, [[2, 0, -1]], [2])["loss"] == pytest.approx(3.1698461)
    assert linked(task, [[2, 0, -1]])[0, :2] == pytest.approx([0.843795, 0.114195], abs=1e-6)


def test_multilabel_report_has_the_numbers_of_the_multi_label_head():
    found = report(MultilabelTask(3), [[1, 0, 0]], [[0, 0, 1]])
    expected = {
        "loss": 0.89985204,
        "accuracy": 1 / 3,
        "auc": 0.25,
        "auc_precision_recall": 1 / 6,
    }
    assert found == pytest.approx(expected, abs=1e-5)
    two = report(MultilabelTask(2), [[1, 0]], [[0, 1]])
    assert two["loss"] == pytest.approx(1.00320443)
    assert two["accuracy"] == 0
    large = report(MultilabelTask(3), [[2, 0, -1]], [[0, 0, 1]])
    assert large["loss"] == pytest.approx(1.377779, abs=1e-6)


def test_regression_report_has_the_numbers_of_the_regression_head():
    task = infer_regression([0, 1, 1], standardise=False)
    assert report(task, [[1], [1], [3]], [0, 1, 1])["loss"] == pytest.approx(5 / 3)
    weights = np.array([2.0, 5, 0])
    assert report(task, [[1], [1], [3]], [0, 1, 1], weights)["loss"] == pytest.approx(2 / 7)


# Losses, links and reports agree with each other and with scikit-learn.


@pytest.mark.parametrize(
    ("task", "y"),
    [
        (infer_classification([0, 1]), [0, 1, 1, 0, 1]),
        (infer_classification([0, 1, 2]), [0, 2, 1, 1, 0]),
        (MultilabelTask(2), [[0, 1], [1, 1], [0, 0], [1, 0], [1, 1]]),
        (infer_regression([1.0, 5, 9]), [3.0, 4, 5, 8, 1]),
        (infer_regression([[1.0, 2], [3, 5]]), [[1.0, 2], [4, 6], [0, 0], [1, 1], [2, 3]]),
    ],
    ids=lambda value: getattr(value, "kind", ""),
)
def test_reported_loss_is_the_weighted_mean_of_the_compiled_one(task, y):
    rng = np.random.default_rng(0)
    logits = float32(rng.normal(size=(5, task.n_outputs)) * 3)
    weights = rng.uniform(size=5)
    per_row = task.reported(logits, task.encode(y), task.constants()).numpy()
    assert per_row.shape == (5,)
    assert per_row.dtype == np.float32
    assert report(task, logits, y, weights)["loss"] == pytest.approx(
        np.average(per_row, weights=weights), rel=1e-5
    )


@pytest.mark.parametrize(
    "task",
    [
        infer_classification([0, 1]),
        infer_classification([0, 1, 2]),
        MultilabelTask(2),
        infer_regression([1.0, 5, 9]),
    ],
    ids=lambda task: task.kind,
)
def test_tasks_compile(task):
    import tensorflow as tf

    logits = tf.ones([2, task.n_outputs])
    targets = tf.zeros([2, task.n_outputs] if task.kind in ("multilabel", "regression") else [2])
    targets = targets if task.kind != "multiclass" else tf.cast(targets, tf.int32)

    @tf.function(jit_compile=True)
    def run(logits, targets, constants):
        return (
            task.loss(logits, targets),
            task.reported(logits, targets, constants),
            task.link(logits, constants),
        )

    constants = task.constants()
    loss, reported, linked_ = run(logits, targets, constants)
    np.testing.assert_allclose(loss, task.loss(logits, targets), rtol=1e-5)
    np.testing.assert_allclose(reported, task.reported(logits, targets, constants), rtol=1e-5)
    np.testing.assert_allclose(linked_, task.link(logits, constants), rtol=1e-5)


def test_losses_stay_finite_and_exact_for_huge_scores():
    binary, three = infer_classification([0, 1]), infer_classification([0, 1, 2])
    assert losses(binary, [[1e4]], [0]) == pytest.approx([1e4])
    assert report(binary, [[1e4], [-1e4]], [0, 1])["loss"] == pytest.approx(1e4)
    assert report(three, [[1e4, 0, 0]], [1])["loss"] == pytest.approx(1e4)
    assert linked(binary, [[-50]])[0, 1] == pytest.approx(np.exp(-50))


@pytest.mark.parametrize("task", [infer_classification([0, 1]), infer_classification([0, 1, 2])])
def test_probabilities_sum_to_one(task):
    logits = np.random.default_rng(0).normal(size=(100, task.n_outputs)) * 10
    found = linked(task, logits)
    assert found.shape == (100, len(task.classes))
    assert found.dtype == np.float64
    assert found.sum(axis=1) == pytest.approx(np.ones(100), abs=1e-15)


def test_binary_report_equals_scikit_learn():
    rng = np.random.default_rng(0)
    y, weights = rng.integers(0, 2, 200), rng.integers(0, 3, 200).astype(float)
    task, logits = infer_classification([0, 1]), float32(rng.normal(size=(200, 1)) + y[:, None])
    p = linked(task, logits)[:, 1]
    found = report(task, logits, y, weights)
    assert found["auc"] == pytest.approx(sk.roc_auc_score(y, p, sample_weight=weights))
    assert found["precision"] == pytest.approx(
        sk.precision_score(y, p > 0.5, sample_weight=weights)
    )
    assert found["recall"] == pytest.approx(sk.recall_score(y, p > 0.5, sample_weight=weights))
    assert found["loss"] == pytest.approx(sk.log_loss(y, p, sample_weight=weights), rel=1e-5)


def test_regression_report_is_in_the_units_of_the_target():
    rng = np.random.default_rng(0)
    y = rng.normal(size=(50, 2)) * [10, 1000] + 5e6
    task = infer_regression(y)
    logits = float32((y - task.mean) / task.scale + rng.normal(size=y.shape))
    predictions = task.decode(linked(task, logits))
    found = report(task, logits, y)
    assert found["loss"] == pytest.approx(sk.mean_squared_error(y, predictions), rel=1e-4)
    assert found["rmse"] == pytest.approx(sk.root_mean_squared_error(y, predictions), rel=1e-4)
    assert found["mae"] == pytest.approx(sk.mean_absolute_error(y, predictions), rel=1e-4)
    assert found["r2"] == pytest.approx(sk.r2_score(y, predictions), rel=1e-4)


# Labels of every kind come back as they went in.


@pytest.mark.parametrize(
    "y",
    [
        np.array([0, 1, 1]),
        np.array([3, 1, 2], dtype=np.int8),
        np.array([1.0, 0.0, 2.0], dtype=np.float32),
        np.array([True, False, True]),
        np.array(["b", "a", "c"]),
        np.array(["yes", "no", "yes"], dtype=object),
        np.array([-1, 1, 1]),
        np.array(["2020-01-01", "2021-01-01", "2020-01-01"], dtype="datetime64[D]"),
    ],
    ids=lambda y: str(y.dtype),
)
def test_labels_round_trip_with_their_dtype(y):
    task = infer_classification(y)
    codes = task.encode(y)
    assert codes.dtype == np.int32
    decoded = task.decode(np.eye(len(task.classes))[codes])
    assert decoded.dtype == y.dtype
    assert decoded.tolist() == y.tolist()


@pytest.mark.parametrize(
    ("y", "classes"),
    [
        (["b", "a"], ("a", "b")),
        (pd.Series(["b", "a", "c"]), ("a", "b", "c")),
        (pd.Series(["b", "a"], dtype="category"), ("a", "b")),
        (pd.Series([2, 1], dtype="Int64"), (1, 2)),
        (pd.Series([True, False], dtype="boolean"), (False, True)),
    ],
    ids=["list", "series", "category", "Int64", "boolean"],
)
def test_labels_come_in_many_containers(y, classes):
    task = infer_classification(y)
    assert task.classes == classes
    assert task.encode(y).tolist() == [classes.index(value) for value in list(y)]


def test_kind_of_task_follows_the_number_of_classes():
    assert isinstance(infer_classification([4, 9]), BinaryTask)
    assert isinstance(infer_classification([4, 9, 2]), MulticlassTask)
    assert infer_classification([[1, 0], [1, 1]]) == MultilabelTask(2)
    assert infer_classification([4, 9]).n_outputs == 1
    assert infer_classification([4, 9, 2]).n_outputs == 3


def test_a_single_class_is_predicted_with_certainty():
    task = infer_classification(["only", "only"])
    probabilities = linked(task, [[-3.0], [8.0]])
    assert probabilities.tolist() == [[1], [1]]
    assert task.decode(probabilities).tolist() == ["only", "only"]
    assert report(task, [[-3.0]], ["only"]) == {"loss": 0, "accuracy": 1}


def test_a_tie_is_the_first_class():
    task = infer_classification(["no", "yes"])
    assert task.decode(linked(task, [[0.0], [0.1]])).tolist() == ["no", "yes"]


def test_multilabel_decodes_to_an_indicator():
    task = MultilabelTask(3)
    decoded = task.decode(linked(task, [[1, 0, -1]]))
    assert decoded.tolist() == [[1, 0, 0]]
    assert decoded.dtype == int
    indicator = scipy.sparse.csr_array([[1, 0, 1]])
    assert infer_classification(indicator) == task
    assert task.encode(indicator).tolist() == [[1, 0, 1]]


def test_column_vector_warns_as_scikit_learn_does():
    with pytest.warns(DataConversionWarning, match="column-vector y"):
        task = infer_classification(np.array([[0], [1], [2]]))
    assert task.classes == (0, 1, 2)


# n_classes


def test_n_classes_promises_labels_that_y_does_not_show():
    assert infer_classification([0, 1, 1], n_classes=4).classes == (0, 1, 2, 3)
    assert infer_classification([1, 1], n_classes=2).classes == (0, 1)
    assert infer_classification([True], n_classes=2).classes == (False, True)
    assert infer_classification(["a", "b"], n_classes=2).classes == ("a", "b")


@pytest.mark.parametrize(
    ("y", "n_classes", "message"),
    [
        ([0, 1, 2], 2, "labels must be the integers 0 .. 1; y holds 2"),
        ([-1, 1], 2, "y holds -1"),
        (["a", "b", "c"], 2, "y holds 3 labels: a, b, c"),
        ([[0, 1, 1], [1, 0, 0]], 2, "3 columns"),
        ([0, 1], 1, "must be > 1"),
        ([0, 1], 0, "must be > 1"),
        ([0, 1], -1, "must be > 1"),
    ],
)
def test_labels_that_contradict_n_classes(y, n_classes, message):
    with pytest.raises(ValueError, match=message):
        infer_classification(y, n_classes)


# Bad targets


@pytest.mark.parametrize(
    ("y", "message"),
    [
        ([0.5, 1.2, 3.3], "Unknown label type: continuous"),
        ([[0, 1, 2], [2, 1, 0]], "Unknown label type: multiclass-multioutput"),
        ([[-1, 1], [1, -1]], "must be 0 or 1; y holds -1, 1"),
        ([0, np.nan, 1], r"1 row\(s\) have none .* row 1"),
        (np.array(["a", None], dtype=object), "the first being row 1"),
        ([0, np.inf, 1], "infinity"),
        ([], "it is empty"),
        (np.array([{}, {}], dtype=object), "Unknown label type"),
    ],
)
def test_targets_that_are_no_labels(y, message):
    with pytest.raises(ValueError, match=message):
        infer_classification(y)


def test_unknown_labels_are_named():
    with pytest.raises(ValueError, match=r"labels no, yes; it holds yess.*Did you mean 'yes'"):
        infer_classification(["no", "yes"]).encode(["no", "yess"])
    with pytest.raises(ValueError, match="it holds 2.*pass n_classes"):
        infer_classification([0, 1]).encode([0, 2, 1])
    with pytest.raises(ValueError, match="it holds nan"):
        infer_classification([0, 1]).encode([0, np.nan])
    with pytest.raises(ValueError, match="it holds 0, 1"):
        infer_classification(["0", "1"]).encode([0, 1])


@pytest.mark.parametrize(
    ("y", "message"),
    [
        ([1.0, np.nan], "Input y contains NaN"),
        ([1.0, np.inf], "Input y contains infinity"),
        (["a", "b"], "Convert your data to numeric"),
        ([], "0 sample"),
    ],
)
def test_targets_that_are_no_numbers(y, message):
    with pytest.raises(ValueError, match=message):
        infer_regression(y)


def test_targets_of_another_width():
    with pytest.raises(ValueError, match=r"must have 1 number.*\(1, 2\)"):
        infer_regression([1, 2]).encode([[1, 2]])
    with pytest.raises(ValueError, match=r"\(rows, 3\).*\(1, 2\)"):
        MultilabelTask(3).encode([[0, 1]])


# Regression


@pytest.mark.parametrize("shape", [(6,), (6, 1), (6, 2)])
@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.int64])
def test_regression_round_trips_in_shape_and_dtype(shape, dtype):
    y = (np.arange(np.prod(shape)).reshape(shape) * 7).astype(dtype)
    task = infer_regression(y)
    encoded = task.encode(y)
    assert encoded.dtype == np.float32
    assert encoded.mean(axis=0) == pytest.approx(np.zeros(task.n_outputs), abs=1e-6)
    assert encoded.std(axis=0) == pytest.approx(np.ones(task.n_outputs), rel=1e-5)
    decoded = task.decode(linked(task, encoded))
    assert decoded.shape == shape
    assert decoded.dtype == (np.float32 if dtype is np.float32 else np.float64)
    np.testing.assert_allclose(decoded, y, atol=1e-4)


def test_large_offsets_keep_their_digits():
    y = 1.7e9 + np.array([-20.0, 0, 20])
    task = infer_regression(y)
    np.testing.assert_allclose(task.decode(linked(task, task.encode(y))), y, atol=1e-4, rtol=0)


def test_constant_targets_are_predicted_exactly():
    task = infer_regression(np.full(7, 0.1))
    assert task.scale == (1.0,)
    assert task.decode(linked(task, [[0.0]])) == pytest.approx([0.1])


def test_mean_and_scale_are_weighted():
    task = infer_regression([0.0, 2, 1e6], weights=[1, 1, 0])
    assert task.mean == (1.0,)
    assert task.scale == (1.0,)


# What the compiled program is keyed by


def test_signature_holds_shapes_and_never_values():
    assert infer_regression([1, 2]).signature == infer_regression([5, 50]).signature
    assert infer_classification(["a", "b"]).signature == infer_classification([0, 1]).signature
    signatures = {
        task.signature
        for task in (
            infer_classification([0, 1]),
            infer_classification([0, 1, 2]),
            MultilabelTask(3),
            infer_regression([[1, 2, 3]]),
        )
    }
    assert len(signatures) == 4


@pytest.mark.parametrize(
    "task",
    [infer_classification(["a", "b", "c"]), MultilabelTask(2), infer_regression([1.0, 2])],
    ids=lambda task: task.kind,
)
def test_tasks_are_values(task):
    assert pickle.loads(pickle.dumps(task)) == task
    assert hash(task) == hash(pickle.loads(pickle.dumps(task)))
    with pytest.raises(AttributeError):
        task.n_labels = 5


def test_outputs_are_what_metrics_may_ask_for():
    binary, logits = infer_classification(["n", "y"]), float32([[1.0], [-1.0]])
    outputs = binary.outputs(logits, linked(binary, logits))
    assert set(outputs) == {"logits", "logistic", "probabilities", "classes"}
    assert outputs["classes"].tolist() == ["y", "n"]
    assert outputs["logistic"][:, 0] == pytest.approx(outputs["probabilities"][:, 1])
    number = RegressionTask((10.0,), (2.0,))
    assert number.outputs(logits, linked(number, logits))["scores"].tolist() == [12.0, 8.0]


def test_importing_tasks_and_metrics_does_not_load_tensorflow():
    code = "import sys, tflearnkit.tasks, tflearnkit.metrics; sys.exit('tensorflow' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
