"""What can be read again is read ahead and in larger pieces, which changes nothing learned."""

import subprocess
import sys
import threading

import numpy as np
import pytest
import tensorflow as tf

import tflearnkit as learn
from tflearnkit.data.ahead import read_ahead
from tflearnkit.data.pieces import in_pieces
from tflearnkit.data.streams import RawBatch

RNG = np.random.default_rng(0)
X = RNG.normal(size=(30_000, 3)).astype(np.float32)
Y = (X[:, 0] > 0.3).astype(int)


def test_items_and_errors_come_in_their_places():
    def items():
        yield from range(5)
        raise ValueError("the sixth")

    found = read_ahead(items(), lambda _: 1, room=3)
    assert [next(found) for _ in range(5)] == [0, 1, 2, 3, 4]
    with pytest.raises(ValueError, match="the sixth"):
        next(found)
    assert list(read_ahead(iter(()), len, room=3)) == []


def test_no_more_waits_than_there_is_room_for():
    taken, enough = [], threading.Event()

    def items():
        for i in range(100):
            taken.append(i)
            if i == 4:
                enough.set()
            yield i

    found = read_ahead(items(), lambda _: 10, room=35)
    next(found)
    assert enough.wait(10)
    assert len(taken) == 5  # the one given, and those that 35 bytes are not full with
    assert [next(found) for _ in range(99)] == list(range(1, 100))


def raw(rows, convert=tf.constant):
    features = {"x": convert(X[rows]), "word": tf.constant(["a"] * len(Y[rows]))}
    return RawBatch(features, Y[rows], None)


def test_dense_batches_are_put_together():
    found = list(in_pieces(raw(slice(i, i + 1000)) for i in range(0, 9500, 1000)))
    assert [len(piece.targets) for piece in found] == [4000, 4000, 2000]
    np.testing.assert_array_equal(np.concatenate([p.features["x"] for p in found]), X[:10_000])
    assert found[0].features["word"].shape == (4000,)
    assert found[0].weights is None


def test_other_batches_are_passed_on_as_they_are():
    sparse = [raw(slice(0, 100), tf.sparse.from_dense) for _ in range(5)]
    assert list(in_pieces(iter(sparse))) == sparse
    wider = [RawBatch(np.zeros((2, 1 + i // 2)), np.zeros(2)) for i in range(4)]
    assert [len(piece.targets) for piece in in_pieces(iter(wider))] == [2, 2, 2, 2]


def model_function(features, targets):
    scores = learn.layers.fully_connected(features, 1, activation_fn=None)
    loss = learn.losses.sigmoid_cross_entropy(scores, tf.reshape(targets, [-1, 1]))
    return scores, loss, learn.layers.optimize_loss(loss, None, 0.1, "SGD")


@pytest.mark.parametrize(
    "model",
    [
        learn.DNNClassifier([4], batch_size=500, random_state=0),
        learn.Estimator(model_fn=model_function, batch_size=500, random_state=0),
        learn.KMeansClustering(3, batch_size=500, random_state=0),
    ],
    ids=lambda model: type(model).__name__,
)
def test_a_dataset_teaches_what_its_batches_do_one_by_one(model):
    from sklearn.base import clone

    data = tf.data.Dataset.from_tensor_slices((X, Y)).batch(500)
    ahead = clone(model).fit(data)
    by_and_by = clone(model).fit(iter(data.as_numpy_iterator()))
    assert ahead.get_variable_names() == by_and_by.get_variable_names()
    for name in ahead.get_variable_names():
        np.testing.assert_array_equal(
            ahead.get_variable_value(name), by_and_by.get_variable_value(name), name
        )


SLOW = """
import time
import numpy as np, tensorflow as tf, tflearnkit as learn

def batches():
    for i in range(100_000):
        time.sleep(0.05 if i > 100 else 0)
        yield np.full((100, 2), i, np.float32), np.arange(100) % 2

spec = tf.TensorSpec([None, 2]), tf.TensorSpec([None], tf.int64)

class Raises(learn.monitors.BaseMonitor):
    def step_end(self, step, output):
        raise RuntimeError("enough")

learn.DNNClassifier([4], random_state=0).fit(
    input_fn=lambda: tf.data.Dataset.from_generator(batches, output_signature=spec),
    monitors=[Raises()], steps=10,
)
"""


def test_a_process_ends_however_slow_the_rows_that_nobody_waits_for():
    command = [sys.executable, "-c", SLOW]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 1
    assert "RuntimeError: enough" in done.stderr


def test_an_iterator_is_not_read_beyond_what_is_trained_on():
    """The rows that follow may be for the next partial_fit."""
    batches = ((X[i : i + 1000], Y[i : i + 1000]) for i in range(0, 30_000, 1000))
    learn.DNNClassifier([4], random_state=0).fit(batches, steps=12)
    assert sum(len(y) for _, y in batches) == 18_000
