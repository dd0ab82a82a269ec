"""Feeders cut encoded rows into chunks of equal shape."""

import weakref

import numpy as np
import pytest

from tflearnkit.columns.encode import Encoded
from tflearnkit.data.feeder import StreamFeeder, TableFeeder


def encode(start, stop, widths=(1,), weighted=False):
    """Row i holds i in its dense column and as its every id."""
    rows = np.arange(start, stop)
    ids = np.repeat(rows[:, None], sum(widths), axis=1).astype(np.int32)
    id_weights = np.full(ids.shape, 0.5, np.float32) if weighted else None
    return Encoded(rows[:, None].astype(np.float32), ids, id_weights, widths)


def table_feeder(n=10, batch_size=4, **words):
    weights = np.arange(1, n + 1, dtype=np.float32)
    return TableFeeder(encode(0, n), np.arange(n) * 10, weights, batch_size, seed=3, **words)


def rows_of(chunk):
    """The real rows of a chunk in order, after checking that all arrays tell the same."""
    real = chunk.weights > 0
    rows = chunk.features["dense"][real][:, 0]
    np.testing.assert_array_equal(chunk.targets[real], rows * 10)
    np.testing.assert_array_equal(chunk.features["ids"][real][:, 0], rows)
    return rows.astype(int).tolist()


def test_an_epoch_holds_every_row_once_and_pads_at_weight_zero():
    feeder = table_feeder()
    assert feeder.steps_per_epoch == 3
    chunk = feeder.chunk(0, n=3, capacity=5)
    assert chunk.steps == 3
    assert chunk.widths == (1,)
    assert chunk.features["dense"].shape == (5, 4, 1)
    assert chunk.features["ids"].dtype == np.int32
    assert chunk.weights.dtype == np.float32
    rows = rows_of(chunk)
    assert sorted(rows) == list(range(10))
    assert rows != sorted(rows)
    np.testing.assert_array_equal(chunk.weights[chunk.weights > 0], np.array(rows) + 1)
    assert (chunk.weights[2, 2:] == 0).all()
    assert (chunk.weights[3:] == 0).all()


def test_a_chunk_depends_on_its_step_only():
    whole = rows_of(table_feeder().chunk(0, n=9, capacity=9))
    feeder = table_feeder()
    pieces = [rows_of(feeder.chunk(step, n=2, capacity=2)) for step in (0, 2, 4, 6)]
    assert sum(pieces, []) + rows_of(table_feeder().chunk(8, 1, 1)) == whole
    assert rows_of(feeder.chunk(0, 2, 2)) == pieces[0]


def test_epochs_are_shuffled_differently_and_by_seed():
    feeder = table_feeder()
    first, second = rows_of(feeder.chunk(0, 3, 3)), rows_of(feeder.chunk(3, 3, 3))
    assert sorted(second) == sorted(first)
    assert second != first
    other = TableFeeder(encode(0, 10), np.arange(10) * 10, None, 4, seed=4)
    assert rows_of(other.chunk(0, 3, 3)) != first


def test_without_shuffling_rows_come_in_order():
    assert rows_of(table_feeder(shuffle=False).chunk(2, 4, 4)) == [8, 9, *range(10)]


def test_a_batch_may_be_larger_than_the_table():
    feeder = table_feeder(n=3, batch_size=8)
    assert feeder.steps_per_epoch == 1
    assert sorted(rows_of(feeder.chunk(0, 1, 1))) == [0, 1, 2]


def test_only_features_that_exist_are_fed():
    encoded = Encoded(np.empty((4, 0), np.float32), *encode(0, 4, (2, 1), weighted=True)[1:])
    chunk = TableFeeder(encoded, np.zeros((4, 3)), None, 2, seed=0).chunk(0, 2, 2)
    assert set(chunk.features) == {"ids", "id_weights"}
    assert chunk.features["id_weights"].shape == (2, 2, 3)
    assert chunk.targets.shape == (2, 2, 3)


def stream_feeder(sizes, batch_size=4, widths=None, weighted=None):
    def pieces():
        start = 0
        for k, size in enumerate(sizes):
            one = encode(
                start, start + size, widths[k] if widths else (1,), bool(weighted and weighted[k])
            )
            yield one, np.arange(start, start + size) * 10, None
            start += size

    return StreamFeeder(pieces, batch_size)


@pytest.mark.parametrize("sizes", [[10], [1] * 10, [3, 7], [4, 4, 2], [0, 10, 0]])
def test_a_stream_is_cut_into_steps_whatever_its_pieces(sizes):
    feeder = stream_feeder(sizes)
    first, second = feeder.chunk(0, 2, 2), feeder.chunk(2, 2, 2)
    assert (first.steps, second.steps) == (2, 1)
    assert rows_of(first) == list(range(8))
    assert rows_of(second) == [8, 9]
    assert second.weights.shape == (2, 4)
    assert feeder.chunk(3, 2, 2) is None


def test_a_resumed_stream_skips_and_never_goes_back():
    feeder = stream_feeder([3, 30])
    assert rows_of(feeder.chunk(5, 1, 1)) == [20, 21, 22, 23]
    with pytest.raises(ValueError, match="step 2 was asked for after step 6"):
        feeder.chunk(2, 1, 1)
    assert stream_feeder([3]).chunk(5, 1, 1) is None


def test_rows_passed_over_are_not_kept():
    given, alive = [], []

    def pieces():
        for i in range(50):
            targets = np.arange(4 * i, 4 * i + 4) * 10
            given.append(weakref.ref(targets))
            alive.append(sum(one() is not None for one in given))
            yield encode(4 * i, 4 * i + 4), targets, None

    assert rows_of(StreamFeeder(pieces, 4).chunk(49, 1, 1)) == [196, 197, 198, 199]
    assert max(alive) <= 3


def test_an_endless_stream_is_read_only_as_far_as_needed():
    def pieces():
        for i in range(3):
            yield encode(4 * i, 4 * i + 4), np.arange(4 * i, 4 * i + 4) * 10, None
        raise AssertionError("read too far")

    feeder = StreamFeeder(pieces, batch_size=4)
    assert rows_of(feeder.chunk(0, 3, 3)) == list(range(12))


def test_id_columns_grow_by_powers_of_two():
    feeder = stream_feeder([4, 4, 4], widths=[(1, 2), (3, 1), (1, 1)])
    assert feeder.chunk(0, 1, 1).widths == (1, 2)
    chunk = feeder.chunk(1, 2, 3)
    assert chunk.widths == (4, 2)
    assert chunk.features["ids"][0, 1].tolist() == [5, 5, 5, -1, 5, -1]
    assert chunk.features["ids"][1, 0].tolist() == [8, -1, -1, -1, 8, -1]
    assert (chunk.features["ids"][2] == -1).all()


def test_pieces_without_id_weights_count_one_beside_those_with():
    chunk = stream_feeder([2, 1], weighted=[False, True]).chunk(0, 1, 1)
    assert chunk.features["id_weights"][0, :, 0].tolist() == [1, 1, 0.5, 0]


def test_step_bytes_count_every_array_and_lose_no_row():
    n_bytes = 4 * (4 + 4 + 8 + 4)  # rows of dense, ids, targets and weights
    assert table_feeder().step_bytes == n_bytes
    feeder = stream_feeder([3, 3])
    assert feeder.step_bytes == n_bytes
    assert rows_of(feeder.chunk(0, 2, 2)) == list(range(6))


def test_a_piece_with_lengths_that_differ_is_an_error():
    feeder = StreamFeeder(lambda: iter([(encode(0, 4), np.zeros(3), None)]), 2)
    with pytest.raises(ValueError, match="has 4, 3 and 3"):
        feeder.chunk(0, 1, 1)


def test_a_last_batch_is_filled_up_with_rows_of_its_epoch():
    feeder = TableFeeder(encode(0, 5), np.arange(5), None, 3, seed=0, fills_up=True)
    chunk = feeder.chunk(0, 4, 4)
    assert (chunk.weights == 1).all()
    for epoch in (chunk.targets[:2].ravel(), chunk.targets[2:].ravel()):
        np.testing.assert_array_equal(np.sort(epoch[:5]), np.arange(5))
        assert epoch[5] == epoch[0]


def test_the_last_batch_of_a_stream_is_cut_short():
    pieces = [(encode(i, i + 5), np.arange(i, i + 5) * 10, None) for i in (0, 5)]
    feeder = StreamFeeder(lambda: iter(pieces), 4, cuts_short=True)
    first, last = feeder.chunk(0, 8, 8), feeder.chunk(2, 8, 8)
    assert (first.steps, first.weights.shape) == (2, (8, 4))
    assert (last.steps, last.weights.shape) == (1, (8, 2))
    assert rows_of(first) + rows_of(last) == list(range(10))
    assert feeder.chunk(3, 1, 1) is None
