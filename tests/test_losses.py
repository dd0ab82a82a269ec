"""Losses equal their closed forms, weigh as TF.Learn's did, and are collected in a call."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from tflearnkit import losses
from tflearnkit.variables import Call, VariableStore, get_variable

RNG = np.random.default_rng(0)
REAL = RNG.standard_normal((6, 4)).astype(np.float32)
OTHER = RNG.standard_normal((6, 4)).astype(np.float32)
SHARES = RNG.uniform(0.01, 0.99, (6, 4)).astype(np.float32)
BINARY = RNG.integers(0, 2, (6, 4))
NUMBERS = RNG.integers(0, 4, 6)
ONE_HOT = np.eye(4, dtype=np.float32)[NUMBERS]
UNIT = REAL / np.linalg.norm(REAL, axis=1, keepdims=True)
OTHER_UNIT = OTHER / np.linalg.norm(OTHER, axis=1, keepdims=True)
OLD = tf.compat.v1.losses  # with (labels, predictions), and weights of the losses' rank


def log_softmax(logits):
    return logits - np.log(np.exp(logits).sum(axis=1, keepdims=True))


def sigmoid_losses(logits, labels):
    return np.logaddexp(0, logits) - labels * logits


# Name: (loss of ours, its arguments, the value of each entry or row).
LOSSES = {
    "absolute": (losses.absolute_difference, (REAL, OTHER), abs(REAL - OTHER)),
    "squared": (losses.mean_squared_error, (REAL, OTHER), (REAL - OTHER) ** 2),
    "log": (
        losses.log_loss,
        (SHARES, BINARY),
        -np.log(np.where(BINARY == 1, SHARES, 1 - SHARES) + 1e-7),
    ),
    "hinge": (losses.hinge_loss, (REAL, BINARY), np.maximum(0, 1 - (2 * BINARY - 1) * REAL)),
    "sigmoid": (losses.sigmoid_cross_entropy, (REAL, BINARY), sigmoid_losses(REAL, BINARY)),
    "softmax": (
        losses.softmax_cross_entropy,
        (REAL, ONE_HOT),
        -log_softmax(REAL)[np.arange(6), NUMBERS],
    ),
    "sparse": (
        losses.sparse_softmax_cross_entropy,
        (REAL, NUMBERS),
        -log_softmax(REAL)[np.arange(6), NUMBERS],
    ),
    "cosine": (
        lambda predictions, targets, **how: losses.cosine_distance(
            predictions, targets, dim=1, **how
        ),
        (UNIT, OTHER_UNIT),
        1 - (UNIT * OTHER_UNIT).sum(axis=1),
    ),
}
ROW_WEIGHTS = np.array([0.5, 0, 2, 1, 0, 3], np.float32)


@pytest.mark.parametrize("name", LOSSES)
def test_a_loss_is_the_mean_of_its_values(name):
    loss, arguments, values = LOSSES[name]
    np.testing.assert_allclose(loss(*arguments), values.mean(), rtol=1e-5)


@pytest.mark.parametrize("shape", [(6,), (6, 1)])
@pytest.mark.parametrize("word", ["weight", "weights"])
@pytest.mark.parametrize("name", LOSSES)
def test_weights_of_rows_divide_by_how_many_are_not_zero(name, word, shape):
    loss, arguments, values = LOSSES[name]
    per_row = values.reshape(6, -1)
    expected = (per_row * ROW_WEIGHTS[:, None]).sum() / (4 * per_row.shape[1])
    found = loss(*arguments, **{word: ROW_WEIGHTS.reshape(shape)})
    np.testing.assert_allclose(found, expected, rtol=1e-5)


@pytest.mark.parametrize("name", LOSSES)
def test_one_weight_for_all_is_a_factor(name):
    loss, arguments, values = LOSSES[name]
    np.testing.assert_allclose(loss(*arguments, weight=3), 3 * values.mean(), rtol=1e-5)
    assert float(loss(*arguments, weight=0.0)) == 0


def test_weights_of_entries():
    weights = RNG.integers(0, 3, (6, 4))
    expected = (abs(REAL - OTHER) * weights).sum() / (weights != 0).sum()
    np.testing.assert_allclose(losses.absolute_difference(REAL, OTHER, weights), expected, 1e-6)


@pytest.mark.parametrize("weight", [1.0, 0.5, ROW_WEIGHTS])
def test_values_are_those_of_the_old_losses(weight):
    column = weight if np.ndim(weight) == 0 else weight[:, None]
    pairs = [
        (losses.absolute_difference(REAL, OTHER, weight), OLD.absolute_difference, (OTHER, REAL)),
        (losses.mean_squared_error(REAL, OTHER, weight), OLD.mean_squared_error, (OTHER, REAL)),
        (losses.log_loss(SHARES, BINARY, weight), OLD.log_loss, (BINARY, SHARES)),
        (losses.hinge_loss(REAL, BINARY, weight=weight), OLD.hinge_loss, (BINARY, REAL)),
        (
            losses.sigmoid_cross_entropy(REAL, BINARY, weight),
            OLD.sigmoid_cross_entropy,
            (BINARY, REAL),
        ),
    ]
    for ours, old, arguments in pairs:
        np.testing.assert_allclose(ours, old(*arguments, weights=column), rtol=1e-6)
    for smoothing in (0, 0.2):
        np.testing.assert_allclose(
            losses.softmax_cross_entropy(REAL, ONE_HOT, weight, label_smoothing=smoothing),
            OLD.softmax_cross_entropy(ONE_HOT, REAL, weight, label_smoothing=smoothing),
            rtol=1e-6,
        )


def test_label_smoothing_is_that_of_keras():
    ours = losses.softmax_cross_entropy(REAL, ONE_HOT, label_smoothing=0.3)
    theirs = keras.losses.CategoricalCrossentropy(from_logits=True, label_smoothing=0.3)
    np.testing.assert_allclose(ours, theirs(ONE_HOT, REAL), rtol=1e-6)
    ours = losses.sigmoid_cross_entropy(REAL, BINARY, label_smoothing=0.3)
    theirs = keras.losses.BinaryCrossentropy(from_logits=True, label_smoothing=0.3)
    np.testing.assert_allclose(ours, theirs(BINARY, REAL), rtol=1e-6)


def test_sparse_labels_may_be_a_column():
    flat = losses.sparse_softmax_cross_entropy(REAL, NUMBERS)
    column = losses.sparse_softmax_cross_entropy(REAL, NUMBERS[:, None])
    assert float(flat) == float(column)


def test_extreme_logits_stay_finite():
    loss = losses.sigmoid_cross_entropy([[1000.0, -1000.0]], [[0, 1]])
    assert float(loss) == 1000


def test_losses_work_where_the_number_of_rows_is_not_known():
    @tf.function(input_signature=[tf.TensorSpec([None, 4]), tf.TensorSpec([None])])
    def loss(logits, weights):
        return losses.softmax_cross_entropy(logits, ONE_HOT, weights)

    expected = losses.softmax_cross_entropy(REAL, ONE_HOT, ROW_WEIGHTS)
    np.testing.assert_allclose(loss(REAL, ROW_WEIGHTS), expected, rtol=1e-6)


def test_gradients_flow():
    predictions = tf.Variable([1.0, 4.0])
    with tf.GradientTape() as tape:
        loss = losses.mean_squared_error(predictions, [0.0, 0.0], [1.0, 0.0])
    np.testing.assert_allclose(tape.gradient(loss, predictions), [2.0, 0.0])


def test_a_call_collects_losses_and_penalties():
    with Call(VariableStore(), "train", 0, 0).running() as call:
        first = losses.mean_squared_error([1.0], [3.0])
        losses.add_loss(tf.constant(10.0))
        get_variable("weights", initializer=[3.0, 4.0], regularizer=tf.nn.l2_loss)
        assert [float(loss) for loss in losses.get_losses()] == [4.0, 10.0]
        assert losses.get_losses()[0] is first
        assert [float(term) for term in losses.get_regularization_losses()] == [12.5]
        assert float(losses.get_total_loss(add_regularization_losses=False)) == 14.0
        assert call.minimised == []
        assert float(losses.get_total_loss()) == 26.5
        assert call.minimised[0] is call.regularization[0]


def test_a_total_of_nothing_is_refused():
    with (
        Call(VariableStore(), "train", 0, 0).running(),
        pytest.raises(ValueError, match="compute one of tflearnkit.losses"),
    ):
        losses.get_total_loss()


def test_outside_of_a_model_function_there_is_nothing_collected():
    losses.add_loss(losses.mean_squared_error([1.0], [3.0]))
    with pytest.raises(RuntimeError, match="model function"):
        losses.get_losses()


@pytest.mark.parametrize(
    ("loss", "message"),
    [
        (lambda: losses.mean_squared_error(REAL, OTHER[:, 0]), "predictions and targets should"),
        (lambda: losses.softmax_cross_entropy(REAL, NUMBERS), "logits and onehot_labels"),
        (lambda: losses.sparse_softmax_cross_entropy(REAL, ONE_HOT), "labels should be integers"),
        (lambda: losses.sparse_softmax_cross_entropy(REAL, NUMBERS[:3]), "should have one shape"),
        (lambda: losses.mean_squared_error(REAL, OTHER, [1.0, 2.0]), "one per row"),
        (lambda: losses.mean_squared_error(REAL, OTHER, np.ones((6, 4, 2))), "one per row"),
        (lambda: losses.mean_squared_error(REAL, OTHER, 2.0, weights=3.0), "one argument"),
        (lambda: losses.softmax_cross_entropy(REAL, ONE_HOT, label_smoothing=2), "from 0 to 1"),
    ],
)
def test_what_does_not_fit_is_refused(loss, message):
    with pytest.raises(ValueError, match=message):
        loss()
