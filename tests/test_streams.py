"""Whatever yields rows or batches becomes an iterator of raw batches."""

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
import tensorflow as tf

from tflearnkit.data import as_table
from tflearnkit.data.streams import batches, called, is_stream

X = np.arange(10.0).reshape(5, 2)
Y = np.array([0, 1, 0, 1, 1])


def joined(found):
    """All features and targets of a stream of arrays, and the sizes of its batches."""
    found = list(found)
    features = [as_table(batch.features)[""] for batch in found]
    targets = None if found[0].targets is None else np.concatenate([b.targets for b in found])
    return np.concatenate(features), targets, [len(f) for f in features]


def input_fn_batches(input_fn, batch_size=128):
    result, name = called(input_fn)
    return batches(result, batch_size=batch_size, name=name)


def test_what_is_a_stream():
    assert is_stream(iter([1]))
    assert is_stream(x for x in X)
    assert is_stream(tf.data.Dataset.range(3))
    for table in (X, [[1]], {"a": [1]}, pd.DataFrame(), pl.DataFrame(), tf.constant([1])):
        assert not is_stream(table)


@pytest.mark.parametrize(
    "make",
    [
        lambda: batches(iter(X), iter(Y), batch_size=2),
        lambda: batches((list(x) for x in X), (str(y) for y in Y), batch_size=2),
        lambda: batches(zip(X, Y, strict=True), batch_size=2),
        lambda: batches(((x, [y]) for x, y in zip(X, Y, strict=True)), batch_size=2),
        lambda: batches(tf.data.Dataset.from_tensor_slices((X, Y)), batch_size=2),
        lambda: batches(tf.data.Dataset.from_tensor_slices((X, Y)).batch(2), batch_size=99),
        lambda: batches(((X[i : i + 2], Y[i : i + 2]) for i in (0, 2, 4)), batch_size=99),
        lambda: batches(iter([(X[:2], Y[:2]), (X[2:4], Y[2:4]), (X[4:], Y[4:])])),
    ],
)
def test_rows_are_grouped_and_batches_passed_on(make):
    features, targets, sizes = joined(make())
    np.testing.assert_array_equal(features, X)
    np.testing.assert_array_equal(np.ravel(targets).astype(int), Y)
    assert sizes == [2, 2, 1]


@pytest.mark.parametrize(
    "make",
    [
        lambda: iter(X),
        lambda: tf.data.Dataset.from_tensor_slices(X),
        lambda: tf.data.Dataset.from_tensor_slices(X).batch(3),
    ],
)
def test_streams_without_targets(make):
    features, targets, _ = joined(batches(make(), batch_size=3))
    np.testing.assert_array_equal(features, X)
    assert targets is None


def test_single_numbers_per_row():
    for make in (
        tf.data.Dataset.from_tensor_slices((X[:, 0], Y)),
        tf.data.Dataset.from_tensor_slices((X[:, 0], Y)).batch(2),
    ):
        features, targets, sizes = joined(batches(make, batch_size=2))
        np.testing.assert_array_equal(features, X[:, 0])
        np.testing.assert_array_equal(targets, Y)
        assert sizes == [2, 2, 1]


def test_constant_input_is_one_batch():
    for features in (X, X[:, 0], tf.constant(X)):
        for result in (features, (features, Y), (features, Y, np.ones(5))):
            (batch,) = input_fn_batches(lambda result=result: result, batch_size=2)
            np.testing.assert_array_equal(as_table(batch.features)[""], features)
            assert (batch.targets is not None) == isinstance(result, tuple)


def test_dicts_of_tensors_of_every_kind():
    def input_fn():
        features = {
            "age": tf.constant([1.0, 2.0]),
            "tags": tf.SparseTensor([[0, 0], [1, 0]], ["a", "b"], [2, 3]),
        }
        return features, tf.constant(["yes", "no"]), tf.constant([[1.0], [2.0]])

    (batch,) = input_fn_batches(input_fn)
    assert as_table(batch.features)["tags"].values.tolist() == ["a", "b"]
    assert batch.targets.tolist() == ["yes", "no"]
    assert batch.weights.tolist() == [1, 2]


def test_dicts_of_scalars_are_rows_and_of_arrays_batches():
    rows = ({"age": i, "job": "x", "tags": ["a"] * i} for i in range(3))
    first, second = batches(rows, iter([1, 0, 1]), batch_size=2)
    table = as_table(first.features)
    assert table["age"].tolist() == [0, 1]
    assert np.asarray(table["job"]).tolist() == ["x", "x"]
    assert table["tags"].row_splits.tolist() == [0, 0, 1]
    assert second.targets.tolist() == [1]
    (batch,) = batches(iter([({"age": np.arange(3)}, np.arange(3))]))
    assert as_table(batch.features).n_rows == 3


def test_datasets_of_dicts():
    columns = {"age": [1.0, 2.0, 3.0], "tags": tf.ragged.constant([["a"], [], ["b", "c"]])}
    dataset = tf.data.Dataset.from_tensor_slices((columns, [1, 0, 1]))
    for source in (dataset, dataset.ragged_batch(2)):
        first, second = batches(source, batch_size=2)
        assert as_table(first.features)["tags"].row_splits.tolist() == [0, 1, 1]
        assert as_table(second.features)["tags"].values.tolist() == ["b", "c"]
        assert first.targets.tolist() == [1, 0]


@pytest.mark.parametrize("make", [pd.DataFrame, pl.DataFrame, pa.table])
def test_frames_are_batches(make):
    found = list(batches(iter([(make({"a": [1, 2]}), [0, 1])] * 2), batch_size=99))
    assert [as_table(batch.features)["a"].tolist() for batch in found] == [[1, 2], [1, 2]]


def test_weights_of_rows():
    (batch,) = batches((x, y, 0.5) for x, y in zip(X, Y, strict=True))
    assert batch.weights.tolist() == [0.5] * 5


def test_an_endless_stream_is_read_lazily():
    def rows():
        for i in range(4):
            yield [float(i)], i
        raise AssertionError("read too far")

    found = batches(rows(), batch_size=2)
    assert next(found).targets.tolist() == [0, 1]
    assert next(found).targets.tolist() == [2, 3]


@pytest.mark.parametrize(
    ("source", "y", "words"),
    [
        (lambda: iter(X), lambda: Y, "Both x and y should be iterators"),
        (lambda: X, lambda: iter(Y), "Both x and y should be iterators"),
        (lambda: iter(X), lambda: iter(Y[:3]), "y must yield as many.*ended after 3"),
        (lambda: iter([]), None, "ended at once"),
        (lambda: iter([[1, 2], [1, 2, 3]]), None, r"shape \(2,\).*element 1.*shape \(3,\)"),
        (lambda: iter([X, X[:, :1]]), None, r"batches of shape \(2,\).*shape \(1,\)"),
        (lambda: iter([{"a": 1}, {"b": 1}]), None, "rows of a.*rows of b"),
        (lambda: iter([{"a": 1}, {"a": [1, 2]}]), None, "rows of a.*batches of a"),
        (lambda: iter([(X, Y), X]), None, "with targets"),
        (lambda: iter([(1, 2, 3, 4)]), None, "tuple of 4"),
    ],
)
def test_bad_streams_are_explained(source, y, words):
    with pytest.raises(ValueError, match=f"(?s){words}"):
        list(batches(source(), None if y is None else y()))


def test_an_input_fn_that_returns_something_else_is_named():
    def my_input():
        return None

    with pytest.raises(TypeError, match="'my_input' must return.*NoneType"):
        input_fn_batches(my_input)
    with pytest.raises(TypeError, match="input_fn must be a function.*dict"):
        input_fn_batches({"a": [1]})


def test_an_input_fn_that_yields_nothing_is_named():
    def empty():
        return tf.data.Dataset.range(0)

    with pytest.raises(ValueError, match="'empty' must yield at least one row"):
        list(input_fn_batches(empty))
