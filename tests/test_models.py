"""Whole models: their values, their variables by the names of the old API, and what they learn."""

import numpy as np
import pytest
import tensorflow as tf
from sklearn.datasets import load_diabetes, load_iris
from sklearn.linear_model import LinearRegression

from tflearnkit import layers, losses, models
from tflearnkit.variables import Call, VariableStore

X, Y = load_iris(return_X_y=True)
X = X.astype(np.float32)
ONE_HOT = np.eye(3, dtype=np.float32)[Y]
SEQUENCES = np.random.default_rng(0).standard_normal((16, 6, 3)).astype(np.float32)


def called(model, mode="train", store=None):
    """Call a model once; return what it gives and its store."""
    store = VariableStore() if store is None else store
    with Call(store, mode, 0, np.uint32(0)).running():
        return model(), store


def trained(model, steps, xla=False, **how):
    """Train a model of no arguments as an estimator does; return its last loss and its store."""
    store = VariableStore()

    def step(i):
        with Call(store, "train", i, tf.cast(i, tf.uint32)).running():
            return layers.optimize_loss(model()[1], **how)

    spec = tf.TensorSpec([], tf.int64)
    tf.function(step, autograph=False).get_concrete_function(spec)
    store.complete = True

    @tf.function(jit_compile=xla, autograph=False)
    def loop():
        start = tf.constant(0, tf.int64), tf.constant(0.0)
        return tf.while_loop(lambda i, _: i < steps, lambda i, _: (i + 1, step(i)), start)[1]

    return float(loop()), store


def shapes(store):
    return {name: tuple(entry.variable.shape) for name, entry in store.entries.items()}


def test_softmax_classifier_weighs_logits():
    weights, biases = 0.1 * tf.ones([3, 2]), tf.constant([0.2, 0.3])
    probabilities, loss = models.softmax_classifier(
        [[0.2, 0.3, 0.2]], [[0.0, 1.0]], weights, biases, class_weight=[0.1, 0.9]
    )
    np.testing.assert_allclose(loss, 0.55180627, rtol=1e-6)
    logits = np.array([[0.027, 0.333]])
    np.testing.assert_allclose(probabilities, np.exp(logits) / np.exp(logits).sum(), rtol=1e-6)


def test_logistic_regression():
    (probabilities, loss), store = called(lambda: models.logistic_regression(X, ONE_HOT))
    assert shapes(store) == {
        "logistic_regression/weights": (4, 3),
        "logistic_regression/bias": (3,),
    }
    weights, bias = (entry.variable.numpy() for entry in store.entries.values())
    assert (bias == 0).all()
    assert (weights != 0).all()
    expected = tf.nn.softmax(X @ weights + bias)
    np.testing.assert_allclose(probabilities, expected, rtol=1e-5)
    np.testing.assert_allclose(loss, -np.log(expected.numpy())[np.arange(150), Y].mean(), 1e-5)


def test_zero_init_begins_with_equal_probabilities():
    (probabilities, loss), _ = called(lambda: models.logistic_regression_zero_init(X, ONE_HOT))
    assert (probabilities.numpy() == np.float32(1 / 3)).all()
    assert float(loss) == pytest.approx(np.log(3))


@pytest.mark.parametrize("regression", [models.linear_regression, models.logistic_regression])
def test_variables_begin_as_asked(regression):
    wide = tf.zeros([1, 1000])
    _, store = called(lambda: regression(wide, tf.zeros([1, 50]), init_mean=2.0, init_stddev=0.5))
    weights, bias = (entry.variable.numpy() for entry in store.entries.values())
    assert weights.mean() == pytest.approx(2, abs=0.01)
    assert weights.std() == pytest.approx(0.5, rel=0.02)
    assert bias.mean() == pytest.approx(2, abs=0.4)


@pytest.mark.parametrize(("y", "outputs"), [(X[:, 0], 1), (X[:, :1], 1), (X[:, :2], 2)])
def test_linear_regression(y, outputs):
    (predictions, loss), store = called(lambda: models.linear_regression(X, y))
    assert shapes(store) == {
        "linear_regression/weights": (4, outputs),
        "linear_regression/bias": (outputs,),
    }
    expected = X @ store.entries["linear_regression/weights"].variable.numpy()
    np.testing.assert_allclose(predictions, expected, rtol=1e-4, atol=1e-5)
    mean = ((expected - y.reshape(150, outputs)) ** 2).mean()
    np.testing.assert_allclose(loss, mean, rtol=1e-5)
    (predictions, loss), _ = called(lambda: models.linear_regression_zero_init(X, y))
    assert not predictions.numpy().any()
    np.testing.assert_allclose(loss, (y**2).mean(), rtol=1e-5)


def test_losses_are_collected():
    def model():
        models.linear_regression_zero_init(X, X[:, 0])
        _, loss = models.logistic_regression_zero_init(X, ONE_HOT)
        return losses.get_losses(), loss

    (collected, loss), _ = called(model)
    assert len(collected) == 2
    assert collected[1] is loss


@pytest.mark.parametrize(
    ("regression", "y"),
    [(models.linear_regression, X[:, :2]), (models.logistic_regression, ONE_HOT)],
)
def test_predicting_needs_no_targets(regression, y):
    (before, _), store = called(lambda: regression(X, y))
    (after, loss), _ = called(lambda: regression(X, None), "infer", store)
    assert loss is None
    np.testing.assert_array_equal(after, before)


@pytest.mark.parametrize(
    ("model", "message"),
    [
        (lambda: models.logistic_regression(X, Y), "pass tf.one_hot"),
        (lambda: models.logistic_regression(X, None), "logistic_regression expects y"),
        (lambda: models.linear_regression(X, None), "linear_regression expects y"),
        (lambda: models.linear_regression(X[:, 0], X[:, 1]), "x should be floats"),
        (lambda: models.linear_regression(Y[:, None], X[:, 1]), "x should be floats"),
        (
            lambda: models.get_dnn_model([3], models.linear_regression, dropout=1.0),
            "dropout should",
        ),
        (lambda: rnn(cell_type="cnn"), "cell_type should be one of gru, lstm, rnn"),
        (lambda: rnn(num_layers=0), "num_layers should be"),
        (lambda: rnn(attn_length=3), "attn_length should be None"),
        (lambda: rnn(initial_state=[None, None]), "a list of 1 states"),
    ],
)
def test_what_does_not_fit_is_refused(model, message):
    with pytest.raises(ValueError, match=message):
        called(model)


def test_linear_regression_finds_least_squares():
    x, y = load_diabetes(return_X_y=True, scaled=False)
    x, y = (x - x.mean(0)) / x.std(0), y / y.std()
    x, y = x.astype(np.float32), y.astype(np.float32)
    best = LinearRegression().fit(x, y)
    model = lambda: models.linear_regression(x, y)  # noqa: E731
    _, store = trained(model, 3000, learning_rate=0.1, optimizer="Momentum")
    weights, bias = (entry.variable.numpy() for entry in store.entries.values())
    np.testing.assert_allclose(weights[:, 0], best.coef_, atol=2e-3)
    np.testing.assert_allclose(bias[0], best.intercept_, rtol=1e-4)


@pytest.mark.parametrize("xla", [False, True])
def test_the_network_of_the_old_book_learns_iris(xla):
    def model():
        hidden = layers.stack(X, layers.fully_connected, [10, 20, 10])
        return models.logistic_regression_zero_init(hidden, ONE_HOT)

    _, store = trained(model, 700, xla, learning_rate=0.1, optimizer="Adagrad")
    (probabilities, _), _ = called(model, "eval", store)
    assert (probabilities.numpy().argmax(1) == Y).mean() > 0.95


def test_a_network_is_its_layers():
    network = models.get_dnn_model([10, 20], models.logistic_regression)
    (probabilities, _), store = called(lambda: network(X, ONE_HOT))
    assert shapes(store) == {
        "dnn/layer0/weights": (4, 10),
        "dnn/layer0/biases": (10,),
        "dnn/layer1/weights": (10, 20),
        "dnn/layer1/biases": (20,),
        "logistic_regression/weights": (20, 3),
        "logistic_regression/bias": (3,),
    }
    values = [entry.variable.numpy() for entry in store.entries.values()]
    hidden = np.maximum(np.maximum(X @ values[0], 0) @ values[2], 0)
    np.testing.assert_allclose(probabilities, tf.nn.softmax(hidden @ values[4]), rtol=1e-4)


def test_dropout_is_the_share_left_out_in_training():
    def model():
        hidden = []
        models.get_dnn_model([400], lambda x, y: hidden.append(x), dropout=0.25)(X, None)
        return hidden[0].numpy()

    kept, store = called(model)
    full, _ = called(model, "infer", store)
    alive = full > 0
    assert (kept[alive] == 0).mean() == pytest.approx(0.25, abs=0.01)
    dropped = kept == 0
    np.testing.assert_allclose(kept[~dropped], full[~dropped] / 0.75, rtol=1e-5)


def rnn(cell_type="gru", num_layers=1, bidirectional=False, predictor=None, **how):
    predictor = predictor or models.logistic_regression
    read = lambda x: x  # noqa: E731
    return models.get_rnn_model(5, cell_type, num_layers, read, bidirectional, predictor, **how)


@pytest.mark.parametrize("cell_type", ["gru", "lstm", "rnn"])
@pytest.mark.parametrize("bidirectional", [False, True])
def test_a_recurrent_network_is_its_layers(cell_type, bidirectional):
    lengths = np.arange(16) % 6 + 1
    how = {"sequence_length": lengths}

    def predictor(encoding, y):
        return encoding, y

    network = rnn(cell_type, 2, bidirectional, predictor, **how)
    (found, y), store = called(lambda: network(SEQUENCES, "y"))
    assert y == "y"
    layer = {"gru": layers.gru, "lstm": layers.lstm, "rnn": layers.simple_rnn}[cell_type]

    def by_hand(x, scope, **more):
        if bidirectional:
            return layers.bidirectional(x, 5, layer=layer, scope=scope, **how, **more)
        return layer(x, 5, scope=scope, **how, **more)

    def again():
        first = by_hand(SEQUENCES, "rnn/layer0", return_sequences=True)
        return by_hand(first, "rnn/layer1")

    expected, _ = called(again, "infer", store)
    assert found.shape == (16, 10 if bidirectional else 5)
    np.testing.assert_array_equal(found, expected)
    assert all(name.startswith(("rnn/layer0/", "rnn/layer1/")) for name in store.entries)


def test_a_list_of_steps_and_states_to_begin_with():
    def predictor(encoding, y):
        return encoding, y

    states = tf.ones([16, 5])
    whole = rnn(predictor=predictor, initial_state=[states])
    listed = models.get_rnn_model(
        5,
        "gru",
        1,
        lambda x: tf.unstack(x, axis=1),
        False,
        predictor,
        initial_state=[states],
    )
    (expected, _), store = called(lambda: whole(SEQUENCES, None))
    (found, _), _ = called(lambda: listed(SEQUENCES, None), "infer", store)
    np.testing.assert_array_equal(found, expected)
    (from_zeros, _), _ = called(lambda: rnn(predictor=predictor)(SEQUENCES, None), "infer", store)
    assert abs(from_zeros.numpy() - expected.numpy()).max() > 0.01


@pytest.mark.parametrize("xla", [False, True])
def test_a_recurrent_network_learns_the_sign_of_a_sum(xla):
    labels = (SEQUENCES[:, :, 0].sum(axis=1) > 0).astype(int)
    network = rnn(num_layers=2)
    model = lambda: network(SEQUENCES, tf.one_hot(labels, 2))  # noqa: E731
    loss, _ = trained(model, 150, xla, learning_rate=0.02, clip_gradients=5.0)
    assert loss < 0.1
