"""Metric functions, MetricSpec, and what may stand in ``evaluate(metrics=...)``."""

from functools import partial

import numpy as np
import pytest
import sklearn.metrics as sk

from tflearnkit import metrics
from tflearnkit.metrics import MetricSpec, resolve
from tflearnkit.tasks import MultilabelTask, infer_classification, infer_regression

BINARY = infer_classification(["no", "yes"])
LABELS = np.array(["no", "yes", "yes", "no"], dtype=object)
OUTPUTS = {
    "classes": np.array(["no", "yes", "no", "yes"], dtype=object),
    "probabilities": np.array([[0.9, 0.1], [0.2, 0.8], [0.6, 0.4], [0.3, 0.7]]),
    "logistic": np.array([[0.1], [0.8], [0.4], [0.7]]),
    "logits": np.array([[-2.2], [1.4], [-0.4], [0.8]]),
}
WEIGHTS = np.array([1.0, 2, 3, 4])


def evaluate(asked, task=BINARY, outputs=OUTPUTS, labels=LABELS, weights=None, features=None):
    return {
        name: score(outputs, labels, weights, features)
        for name, score in resolve(asked, task).items()
    }


# The functions


def test_functions_take_predictions_first_and_equal_scikit_learn():
    rng = np.random.default_rng(0)
    y, weights = rng.integers(0, 2, 80), rng.uniform(size=80)
    p = np.clip(rng.normal(size=80) * 0.3 + y, 0.01, 0.99).round(1)
    for ours, theirs in [
        (metrics.accuracy, sk.accuracy_score),
        (metrics.precision, sk.precision_score),
        (metrics.recall, sk.recall_score),
        (metrics.f1, sk.f1_score),
    ]:
        assert ours(p > 0.5, y == 1, weights) == pytest.approx(
            theirs(y == 1, p > 0.5, sample_weight=weights)
        )
    for ours, theirs in [(metrics.auc, sk.roc_auc_score), (metrics.log_loss, sk.log_loss)]:
        assert ours(p, y, weights) == pytest.approx(theirs(y, p, sample_weight=weights))
        columns = np.column_stack([1 - p, p])
        assert ours(columns, y, weights) == pytest.approx(ours(p, y, weights))
        assert ours(p[:, None], y, weights) == pytest.approx(ours(p, y, weights))


def test_regression_functions_equal_scikit_learn():
    rng = np.random.default_rng(0)
    for shape in [(30,), (30, 2)]:
        y, found, weights = rng.normal(size=shape), rng.normal(size=shape), rng.uniform(size=30)
        for ours, theirs in [
            (metrics.mean_squared_error, sk.mean_squared_error),
            (metrics.root_mean_squared_error, sk.root_mean_squared_error),
            (metrics.mean_absolute_error, sk.mean_absolute_error),
            (metrics.r2, sk.r2_score),
        ]:
            expected = theirs(y, found, sample_weight=weights)
            assert ours(found, y, weights) == pytest.approx(expected)
    assert np.isnan(metrics.r2([1.0], [2.0]))


def test_a_column_is_compared_row_by_row():
    column = np.array([[1.0], [2.0], [4.0]])
    assert metrics.mean_squared_error(column, [1, 2, 3]) == pytest.approx(1 / 3)
    assert metrics.accuracy(column, [1, 2, 3]) == pytest.approx(2 / 3)


def test_areas_with_ties_and_one_class():
    assert metrics.auc([0.5, 0.5], [0, 1]) == 0.5
    assert metrics.auc_precision_recall([0.5, 0.5], [1, 0]) == 0.75
    assert metrics.auc_precision_recall([0.1, 0.9], [0, 1]) == 1
    assert np.isnan(metrics.auc([0.5, 0.6], [1, 1]))
    assert np.isnan(metrics.auc([0.5, 0.6], [0, 1], weights=[1, 0]))


def test_areas_of_several_classes_are_means_of_one_against_the_rest():
    rng = np.random.default_rng(0)
    p, y = rng.dirichlet(np.ones(3), 60), rng.integers(0, 3, 60)
    assert metrics.auc(p, y) == pytest.approx(sk.roc_auc_score(y, p, multi_class="ovr"))
    assert metrics.log_loss(p, y) == pytest.approx(sk.log_loss(y, p))
    assert metrics.precision(p.argmax(1), y) == pytest.approx(
        sk.precision_score(y, p.argmax(1), average="macro")
    )


def test_indicators_are_pooled():
    p, y = np.array([[0.731059, 0.5, 0.5]]), np.array([[0, 0, 1]])
    assert metrics.accuracy(p > 0.5, y == 1) == pytest.approx(1 / 3)
    assert metrics.auc(p, y, weights=np.ones(1)) == pytest.approx(0.25)
    assert metrics.auc_precision_recall(p, y) == pytest.approx(1 / 6)
    assert metrics.log_loss(p, y) == pytest.approx(0.89985204, abs=1e-6)
    assert metrics.precision([[1, 1, 0]], [[1, 0, 1]]) == 0.5


def test_nothing_predicted_positive_is_precision_zero_without_a_warning(recwarn):
    assert metrics.precision([0, 0], [0, 1]) == 0
    assert metrics.recall([0, 0], [0, 0]) == 0
    assert not recwarn.list


def test_shapes_that_differ_and_scores_that_cannot_rank():
    with pytest.raises(ValueError, match=r"predictions are \(3,\), labels \(2,\)"):
        metrics.accuracy([1, 2, 3], [1, 2])
    with pytest.raises(ValueError, match="labels hold 3"):
        metrics.auc([0.1, 0.2, 0.3], [0, 1, 2])


# MetricSpec


@pytest.mark.parametrize("labels", ["labels", "label", "targets", "target"])
@pytest.mark.parametrize("predictions", ["predictions", "prediction", "logits", "logit"])
@pytest.mark.parametrize("weights", ["weights", "weight"])
def test_arguments_are_bound_by_every_old_name(labels, predictions, weights):
    scope = {}
    exec(
        f"def f({weights}, {labels}, {predictions}): return ({predictions}, {labels}, {weights})",
        scope,
    )
    spec = MetricSpec(scope["f"], prediction_key="p", label_key="l", weight_key="w")
    found = spec.create_metric_ops({"w": "W", "x": 0}, {"l": "L", "x": 0}, {"p": "P", "x": 0})
    assert found == ("P", "L", "W")


@pytest.mark.parametrize(
    ("function", "expected"),
    [
        (lambda p, labels: (p, labels), ("P", "L")),
        (lambda labels, p: (p, labels), ("P", "L")),
        (lambda labels, p, weights=None: (p, labels), ("P", "L")),
        (lambda p: p, "P"),
        (lambda predictions, other=3: (predictions, other), ("P", 3)),
        (partial(lambda labels, p, scale: (scale, p, labels), scale=2), (2, "P", "L")),
        (partial(lambda scale, predictions: (scale, predictions), 2), (2, "P")),
    ],
)
def test_predictions_may_have_any_name(function, expected):
    assert MetricSpec(function).create_metric_ops(None, "L", "P") == expected


@pytest.mark.parametrize(
    "function",
    [lambda: 0, lambda **kwargs: 0, lambda labels: 0, lambda a, b: 0],
    ids=["nothing", "kwargs", "labels only", "two unnamed"],
)
def test_functions_that_cannot_be_bound(function):
    with pytest.raises(TypeError):
        MetricSpec(function).create_metric_ops(None, "L", "P")


def test_dicts_need_keys_unless_they_have_one_entry():
    spec = MetricSpec(lambda predictions, labels: (predictions, labels))
    assert spec.create_metric_ops(None, {"l": 1}, {"p": 2}) == (2, 1)
    with pytest.raises(ValueError, match="without specified prediction_key requires"):
        spec.create_metric_ops(None, 1, {"p": 2, "q": 3})
    with pytest.raises(ValueError, match="without specified label_key requires"):
        spec.create_metric_ops(None, {"l": 1, "m": 2}, 2)
    keyed = MetricSpec(metrics.accuracy, prediction_key="p")
    with pytest.raises(ValueError, match="with prediction_key specified requires"):
        keyed.create_metric_ops(None, 1, 2)
    with pytest.raises(KeyError, match="Known keys: q"):
        keyed.create_metric_ops(None, 1, {"q": 2})


def test_str_names_function_and_keys():
    spec = MetricSpec(partial(metrics.precision, average="micro"), "classes", weight_key="w")
    assert str(spec) == "MetricSpec(precision, prediction_key='classes', weight_key='w')"


def test_keys_without_an_argument_for_them():
    with pytest.raises(ValueError, match=r"label.*missing"):
        MetricSpec(lambda predictions: 0, label_key="l")
    with pytest.raises(ValueError, match=r"weight.*missing"):
        MetricSpec(lambda predictions, labels: 0, weight_key="w")
    with pytest.raises(ValueError, match="provide only one of"):
        MetricSpec(lambda predictions, labels, targets: 0)
    with pytest.raises(ValueError, match="provide only one of"):
        MetricSpec(lambda predictions, logits: 0)


def test_errors_of_the_function_come_through():
    def no(predictions, labels):
        raise ValueError("No stuff.")

    with pytest.raises(ValueError, match=r"^No stuff\.$"):
        evaluate({"no": MetricSpec(no)})


# evaluate(metrics=...)


def test_names_get_what_they_need():
    found = evaluate(["accuracy", "auc", "log_loss", "precision"])
    p = OUTPUTS["probabilities"][:, 1]
    assert found == pytest.approx(
        {
            "accuracy": 0.5,
            "auc": 0.75,
            "log_loss": sk.log_loss([0, 1, 1, 0], p),
            "precision": 0.5,
        }
    )
    assert evaluate(None) == {}


def test_weights_reach_every_kind_of_metric():
    keras_like = MeanOfRight()
    found = evaluate(
        {
            "name": "accuracy",
            "ours": metrics.accuracy,
            "three": lambda p, y, w: np.average(p == y, weights=w),
            "named": lambda p, y, sample_weight=None: np.average(p == y, weights=sample_weight),
            "theirs": sk.accuracy_score,
            "spec": MetricSpec(metrics.accuracy, prediction_key="classes"),
            ("keras", "classes"): keras_like,
        },
        weights=WEIGHTS,
    )
    assert found == pytest.approx(dict.fromkeys(found, 0.3))
    assert len(found) == 7


class MeanOfRight:
    """Quacks like a Keras metric, and keeps state as they do."""

    def __init__(self):
        self.reset_state()

    def reset_state(self):
        self.right = self.total = 0.0

    def update_state(self, y_true, y_pred, sample_weight=None):
        weights = np.ones(len(y_true)) if sample_weight is None else sample_weight
        self.right += np.sum(weights * (y_true == y_pred))
        self.total += np.sum(weights)

    def result(self):
        return np.array([self.right / self.total])


def test_keras_metrics_see_numbers_and_start_anew_each_time():
    asked = {("right", "classes"): MeanOfRight()}
    assert evaluate(asked) == {"right": 0.5}
    assert evaluate(asked, weights=WEIGHTS) == {"right": pytest.approx(0.3)}


def test_real_keras_metrics():
    keras = pytest.importorskip("keras")
    found = evaluate({"auc": keras.metrics.AUC(), "right": keras.metrics.BinaryAccuracy()})
    assert found == pytest.approx({"auc": 0.75, "right": 0.5}, abs=1e-3)
    three = infer_classification(["a", "b", "c"])
    outputs = {"probabilities": np.eye(3)[[0, 1, 1]]}
    top = {"top": keras.metrics.SparseCategoricalAccuracy()}
    found = evaluate(top, three, outputs, np.array(["a", "b", "c"]))
    assert found["top"] == pytest.approx(2 / 3)
    error = {"error": keras.metrics.MeanSquaredError()}
    number = evaluate(error, infer_regression([1, 2]), {"scores": np.array([1.0, 3])}, [1.0, 1])
    assert number == {"error": 2.0}


def test_functions_see_the_users_labels_beside_classes_and_numbers_beside_columns():
    seen = {}

    def remember(name):
        def metric(predictions, labels):
            seen[name] = np.asarray(labels).tolist()
            return 0

        return metric

    evaluate({"plain": remember("plain"), ("p", "probabilities"): remember("p")})
    assert seen == {"plain": ["no", "yes", "yes", "no"], "p": [0, 1, 1, 0]}


def test_scikit_learn_functions_are_told_by_their_argument_names():
    found = evaluate(
        {
            "matthews": sk.matthews_corrcoef,
            "f1": partial(sk.f1_score, pos_label="yes"),
            ("ap", "logistic"): sk.average_precision_score,
        }
    )
    assert found["matthews"] == pytest.approx(0)
    assert found["f1"] == pytest.approx(0.5)
    assert found["ap"] == pytest.approx(
        sk.average_precision_score([0, 1, 1, 0], [0.1, 0.8, 0.4, 0.7])
    )
    asymmetric = {"precision": partial(sk.precision_score, pos_label="yes")}
    outputs = {"classes": np.array(["yes", "yes", "yes", "no"])}
    assert evaluate(asymmetric, outputs=outputs)["precision"] == pytest.approx(2 / 3)


def test_regressors_are_measured_on_scores():
    task, labels = infer_regression([1.0, 3]), np.array([1.0, 3.0])
    outputs = {"scores": np.array([2.0, 5.0])}
    asked = {"mse": metrics.mean_squared_error, "largest": lambda p, y: np.max(np.abs(p - y))}
    assert evaluate(asked, task, outputs, labels) == {"mse": 2.5, "largest": 2.0}
    assert evaluate(["rmse", "mae"], task, outputs, labels) == pytest.approx(
        {"rmse": np.sqrt(2.5), "mae": 1.5}
    )
    with pytest.raises(KeyError, match="'classes'. Known keys: scores"):
        evaluate({("a", "classes"): metrics.accuracy}, task, outputs, labels)


def test_names_in_several_classes_and_labels():
    three = infer_classification(["a", "b", "c"])
    outputs = {"classes": np.array(["a", "b", "b"]), "probabilities": np.eye(3)[[0, 1, 1]]}
    found = evaluate(["precision", "auc"], three, outputs, np.array(["a", "b", "a"]))
    assert found == pytest.approx({"precision": 0.75, "auc": 0.75})
    cells = {"classes": np.array([[1, 0]]), "probabilities": np.array([[0.8, 0.3]])}
    found = evaluate(["accuracy", "recall", "auc"], MultilabelTask(2), cells, [[1, 0]])
    assert found == {"accuracy": 1, "recall": 1, "auc": 1}


def test_spec_takes_its_weights_from_the_features():
    spec = MetricSpec(metrics.accuracy, prediction_key="classes", weight_key="w")
    found = evaluate({"a": spec}, weights=np.ones(4), features={"w": WEIGHTS})
    assert found == {"a": pytest.approx(0.3)}
    with pytest.raises(KeyError, match="'w'. Known keys: age"):
        evaluate({"a": spec}, features={"age": WEIGHTS})


def test_spec_without_a_key_takes_the_default_output():
    assert evaluate({"a": MetricSpec(metrics.accuracy)}) == {"a": 0.5}
    assert evaluate({"a": MetricSpec(metrics.auc)}) == {"a": 0.75}


@pytest.mark.parametrize(
    ("asked", "error", "message"),
    [
        (["acuracy"], ValueError, "names 'acuracy'.*Known: accuracy.*Did you mean 'accuracy'"),
        ({("a", "b", "c"): metrics.accuracy}, ValueError, "of 3 entries"),
        ("auc", ValueError, "Metrics argument should be None or dict"),
        ([metrics.auc], ValueError, "Metrics argument should be None or dict"),
        ({"a": 3}, ValueError, "'a' must be a name, a function"),
        ({("a", "bad"): metrics.accuracy}, KeyError, "'bad'. Known keys: classes, prob"),
        ({"a": MetricSpec(metrics.auc, "clases")}, KeyError, "Did you mean 'classes'"),
        ({"a": lambda p, y: np.ones(3)}, ValueError, r"'a' must return one number.*\(3,\)"),
    ],
)
def test_bad_metrics_are_named(asked, error, message):
    with pytest.raises(error, match=message):
        evaluate(asked)
