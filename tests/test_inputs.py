"""Input functions: which batches come of arrays, frames, generators and record files."""

import gzip
import json
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
import tensorflow as tf

import tflearnkit as learn
from tflearnkit.inputs import (
    generator_input_fn,
    numpy_input_fn,
    pandas_input_fn,
    read_batch_examples,
    read_batch_features,
    read_keyed_batch_examples,
    read_keyed_batch_features,
)

A = np.arange(5)
RNG = np.random.default_rng(0)
X = RNG.normal(size=(200, 3)).astype(np.float32)
Y = (X[:, 0] > 0).astype(int)


def column(dataset, name="a"):
    batches = (b[0] if isinstance(b, tuple) else b for b in dataset.as_numpy_iterator())
    return [batch[name].tolist() for batch in batches]


# --- arrays and frames ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rows", "batch_size", "num_epochs", "expected"),
    [
        (5, 2, 1, [[0, 1], [2, 3], [4]]),
        (3, 2, 3, [[0, 1], [2, 0], [1, 2], [0, 1], [2]]),  # batches span epochs
        (2, 128, 2, [[0, 1, 0, 1]]),
        (5, 2, 0, []),
    ],
)
def test_batches_of_arrays_and_frames(rows, batch_size, num_epochs, expected):
    x = {"a": A[:rows], "b": -A[:rows]}
    for make, data in ((numpy_input_fn, x), (pandas_input_fn, pd.DataFrame(x, index=A[:rows] + 9))):
        input_fn = make(data, None, batch_size, num_epochs, shuffle=False)
        assert column(input_fn()) == expected
        assert column(input_fn(), "b") == [[-value for value in batch] for batch in expected]


def test_targets_and_columns_of_several_ranks_come_along():
    x = {"a": A, "image": np.arange(20).reshape(5, 2, 2)}
    (features, y), *_ = numpy_input_fn(x, {"u": A, "v": A + 1}, 2, shuffle=False)()
    np.testing.assert_array_equal(features["image"], x["image"][:2])
    assert y["v"].numpy().tolist() == [1, 2]
    frame = pd.DataFrame({"a": A})
    (_, y), *_ = pandas_input_fn(frame, pd.DataFrame({"y": A * 2}), 2, shuffle=False)()
    assert y.numpy().tolist() == [0, 2]


def test_every_epoch_is_a_new_order_of_all_rows_and_a_seed_repeats_it():
    x = {"a": np.arange(50)}
    first, second = column(numpy_input_fn(x, batch_size=50, num_epochs=2, seed=3)())
    assert sorted(first) == sorted(second) == list(range(50))
    assert first != second
    assert first != list(range(50))
    tf.random.set_seed(7)  # which plays no part
    assert column(numpy_input_fn(x, batch_size=50, num_epochs=2, seed=3)()) == [first, second]


def test_an_endless_input_fn_goes_on():
    batches = numpy_input_fn({"a": A}, None, 2, num_epochs=None, shuffle=False)()
    assert column(batches.take(6))[-1] == [0, 1]


def test_missing_words_and_numbers():
    frame = pd.DataFrame({"w": ["x", None], "n": pd.array([1, None], "Int64"), "f": [True, False]})
    (features,) = pandas_input_fn(frame, shuffle=False)().as_numpy_iterator()
    assert features["w"].tolist() == [b"x", b""]
    np.testing.assert_array_equal(features["n"], [1.0, np.nan])
    assert features["f"].tolist() == [True, False]


@pytest.mark.parametrize(
    ("error", "words", "call"),
    [
        (TypeError, "x must be dict", lambda: numpy_input_fn(X)),
        (ValueError, "Length of tensors in x and y is mismatched. Got a: 5, y: 4",
         lambda: numpy_input_fn({"a": A}, A[:4])),
        (ValueError, "Length of tensors", lambda: numpy_input_fn({"a": A, "b": A[:4]})),
        (ValueError, "Invalid batch_size", lambda: numpy_input_fn({"a": A}, batch_size=0)),
        (ValueError, "Invalid num_epochs", lambda: numpy_input_fn({"a": A}, num_epochs=-1)),
        (ValueError, "Index for x and y are mismatched",
         lambda: pandas_input_fn(pd.DataFrame({"a": A}), pd.Series(A, index=A + 1))),
        (ValueError, "'target' in both",
         lambda: pandas_input_fn(pd.DataFrame({"target": A}), pd.Series(A))),
        (TypeError, "'d' should hold numbers or words. Got datetime64",
         lambda: pandas_input_fn(pd.DataFrame({"d": pd.to_datetime(["2020-01-01"])}))),
        (TypeError, "'m' should hold numbers or words, of one kind. Got mixed",
         lambda: numpy_input_fn({"m": np.array([1, "a"], object)})),
    ],
)  # fmt: skip
def test_bad_arguments_are_explained(error, words, call):
    with pytest.raises(error, match=words):
        call()


def test_what_is_passed_is_left_as_it_is():
    x = {"a": A, "__target_key__": A}
    numpy_input_fn(x, A)()
    assert list(x) == ["a", "__target_key__"]


def test_estimators_train_on_them():
    x = {name: X[:, j] for j, name in enumerate("abc")}
    labels = np.where(Y, "yes", "no")
    model = learn.DNNClassifier([8], random_state=0)
    model.fit(input_fn=numpy_input_fn(x, labels, 20, num_epochs=40, seed=0))
    assert model.classes_.tolist() == ["no", "yes"]
    found = model.evaluate(input_fn=numpy_input_fn(x, labels, shuffle=False))
    assert found["accuracy"] > 0.9
    probabilities = model.predict_proba(input_fn=numpy_input_fn(x, shuffle=False))
    np.testing.assert_allclose(probabilities, model.predict_proba(pd.DataFrame(x)), atol=1e-6)


# --- generators ----------------------------------------------------------------------------------


def rows_of(n, width=1):
    def rows():
        for i in range(n):
            yield {"a": np.full(width, i), "b": float(i), "label": i % 2}

    return rows


def test_generators_come_in_batches_over_epochs():
    batches = list(generator_input_fn(rows_of(3), "label", 2, 2, shuffle=False)())
    assert column(generator_input_fn(rows_of(3), "label", 2, 2, shuffle=False)()) == [
        [[0], [1]], [[2], [0]], [[1], [2]]
    ]  # fmt: skip
    assert [y.numpy().tolist() for _, y in batches] == [[0, 1], [0, 0], [1, 0]]
    assert sorted(batches[0][0]) == ["a", "b"]


def test_several_targets_or_none_of_a_generator():
    ((features, targets),) = generator_input_fn(rows_of(2), ["b", "label"], shuffle=False)()
    assert sorted(features) == ["a"]
    assert sorted(targets) == ["b", "label"]
    (features,) = generator_input_fn(rows_of(2), shuffle=False)()
    assert sorted(features) == ["a", "b", "label"]


def test_generators_are_shuffled_in_a_window_by_the_seed():
    def found(seed):
        return column(generator_input_fn(rows_of(30), None, 30, queue_capacity=10, seed=seed)())[0]

    values = np.ravel(found(0))
    assert sorted(values[:10]) == list(range(10))
    assert values.tolist() != list(range(30))
    assert found(0) == found(0)
    assert found(0) != found(1)


def test_ragged_rows_are_padded_to_the_widest_of_a_batch():
    def rows():
        for i in range(1, 4):
            yield {"a": np.arange(i)}

    input_fn = generator_input_fn(rows, batch_size=2, shuffle=False, pad_value=-1)
    assert column(input_fn()) == [[[0, -1], [0, 1]], [[0, 1, 2]]]
    with pytest.raises(NotImplementedError, match="shuffle=False"):
        generator_input_fn(rows, pad_value=-1)


def test_bad_generators_are_explained():
    def words():
        yield "a"

    def changing():
        yield {"a": 1}
        yield {"b": 1}

    with pytest.raises(TypeError, match="x must be generator function. Got a generator"):
        generator_input_fn(rows_of(3)())
    with pytest.raises(TypeError, match="must yield dict"):
        generator_input_fn(words)
    with pytest.raises(TypeError, match="target_key must be str or list of str"):
        generator_input_fn(rows_of(3), target_key=3)
    with pytest.raises(KeyError, match="target_key not in yielded dict"):
        generator_input_fn(rows_of(3), "none")
    with pytest.raises(tf.errors.OpError, match="key mismatch between dicts"):
        list(generator_input_fn(changing, shuffle=False)())


# --- record files --------------------------------------------------------------------------------


@pytest.fixture
def lines(tmp_path):
    """Three files of lines, one of them packed: 0..3, 4..7, 8..11."""
    for part in range(3):
        text = "".join(f"{4 * part + i}\n" for i in range(4)).encode()
        if part == 2:
            (tmp_path / f"part-{part}.txt.gz").write_bytes(gzip.compress(text))
        else:
            (tmp_path / f"part-{part}.txt").write_bytes(text)
    return str(tmp_path / "part-*")


def read_lines(pattern, batch_size=5, **options):
    found = read_batch_examples(pattern, batch_size, tf.data.TextLineDataset, **options)
    return [[int(line) for line in batch] for batch in found.as_numpy_iterator()]


def test_lines_of_many_files_in_order(lines):
    found = read_lines(lines, randomize_input=False, num_epochs=1)
    assert found == [[0, 1, 2, 3, 4], [5, 6, 7, 8, 9], [10, 11]]
    both = [lines.replace("*", "1.txt"), lines.replace("*", "0.txt")]
    assert read_lines(both, randomize_input=False, num_epochs=1)[0] == [4, 5, 6, 7, 0]


def test_lines_are_shuffled_by_the_seed(lines):
    first = read_lines(lines, 12, num_epochs=2, seed=1)
    assert [sorted(batch) for batch in first] == [list(range(12))] * 2
    assert first[0] != first[1]
    assert read_lines(lines, 12, num_epochs=2, seed=1) == first
    assert read_lines(lines, 12, num_epochs=2, seed=2) != first


def test_threads_read_files_side_by_side(lines):
    found = read_lines(
        lines, 12, randomize_input=False, num_epochs=1, num_threads=3, read_batch_size=2
    )
    assert found == [[0, 1, 4, 5, 8, 9, 2, 3, 6, 7, 10, 11]]


def test_a_parser_may_drop_records(lines):
    def even(batch):
        numbers = tf.strings.to_number(batch, tf.int32)
        return numbers[numbers % 2 == 0]

    found = read_batch_examples(
        lines, 6, tf.data.TextLineDataset, False, num_epochs=1, parse_fn=even
    )
    assert [batch.tolist() for batch in found.as_numpy_iterator()] == [[0, 2, 4], [6, 8, 10]]


def test_records_of_json_are_parsed(tmp_path):
    rows = [{"age": [31 + i]} for i in range(5)]
    (tmp_path / "rows.json").write_text("".join(json.dumps(row) + "\n" for row in rows))

    def ages(batch):
        def parsed(lines):
            return tf.constant([json.loads(line)["age"][0] for line in lines.numpy()], tf.int64)

        return {"age": tf.ensure_shape(tf.py_function(parsed, [batch], tf.int64), [None])}

    read = read_batch_examples(
        tmp_path / "rows.json", 3, tf.data.TextLineDataset, False, num_epochs=1, parse_fn=ages
    )
    assert column(read, "age") == [[31, 32, 33], [34, 35]]
    (tmp_path / "folder").mkdir()
    with pytest.raises(ValueError, match="No files match"):
        read_batch_examples(tmp_path / "folder", 1)


def keyed(pattern, batch_size=5, **options):
    """Return the last part of each key with its number."""
    found = read_keyed_batch_examples(pattern, batch_size, tf.data.TextLineDataset, **options)
    return [
        [(key.decode().rpartition("/")[2], int(line)) for key, line in zip(*batch, strict=True)]
        for batch in found.as_numpy_iterator()
    ]


def test_keys_say_file_and_record(lines):
    names = [f"part-{part}.txt{'.gz' * (part == 2)}" for part in range(3)]
    expected = [(f"{names[i // 4]}:{i % 4 + 1}", i) for i in range(12)]
    found = keyed(lines, randomize_input=False, num_epochs=1, read_batch_size=3)
    assert found == [expected[:5], expected[5:10], expected[10:]]
    assert keyed(lines, 12, randomize_input=False, num_epochs=2) == [expected] * 2
    shuffled = keyed(lines, 12, num_epochs=1, seed=1, num_threads=3)
    assert shuffled[0] != expected
    assert sorted(shuffled[0], key=lambda one: one[1]) == expected
    assert keyed(lines, 12, num_epochs=1, seed=1, num_threads=3) == shuffled


def test_what_is_parsed_keeps_its_key(lines):
    def negative(batch):
        return -tf.strings.to_number(batch, tf.int32)

    read = read_keyed_batch_examples(
        lines, 6, tf.data.TextLineDataset, False, num_epochs=1, parse_fn=negative
    )
    even = read.unbatch().filter(lambda key, number: number % 2 == 0)
    found = [(key.decode()[-1], int(number)) for key, number in even.as_numpy_iterator()]
    assert found == [("1", 0), ("3", -2), ("1", -4), ("3", -6), ("1", -8), ("3", -10)]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"batch_size": None}, "Invalid batch_size"),
        ({"batch_size": 0}, "Invalid batch_size"),
        ({"batch_size": 11, "queue_capacity": 10}, "Invalid batch_size"),
        ({"queue_capacity": 0}, "Invalid queue_capacity"),
        ({"num_threads": 0}, "Invalid num_threads"),
        ({"num_epochs": -1}, "Invalid num_epochs"),
        ({"read_batch_size": 0}, "Invalid read_batch_size"),
        ({"file_pattern": "nowhere-*"}, "No files match 'nowhere-\\*'"),
    ],
)
def test_bad_sizes_are_explained(lines, options, words):
    with pytest.raises(ValueError, match=words):
        read_batch_examples(**{"file_pattern": lines, "batch_size": 2} | options)
    with pytest.raises(ValueError, match=words):
        read_keyed_batch_examples(**{"file_pattern": lines, "batch_size": 2} | options)


def example(i):
    def feature(kind, value):
        return tf.train.Feature(**{kind: value})

    features = {
        "x": feature("float_list", tf.train.FloatList(value=X[i])),
        "label": feature("int64_list", tf.train.Int64List(value=[int(Y[i])])),
        "tags": feature("bytes_list", tf.train.BytesList(value=[b"t"] * (i % 3))),
    }
    return tf.train.Example(features=tf.train.Features(feature=features)).SerializeToString()


SPEC = {
    "x": tf.io.FixedLenFeature([3], tf.float32),
    "label": tf.io.FixedLenFeature([], tf.int64),
    "tags": tf.io.VarLenFeature(tf.string),
}


@pytest.mark.parametrize("packed", ["", "GZIP"])
def test_examples_of_sharded_files(packed, tmp_path):
    for part in range(2):
        path = f"{tmp_path}/part-{part}.tfrecord{'.gz' if packed else ''}"
        with tf.io.TFRecordWriter(path, packed) as writer:
            for i in range(100 * part, 100 * part + 100):
                writer.write(example(i))
    pattern = f"{tmp_path}/*.tfrecord*"
    read = read_batch_features(
        pattern, 80, SPEC, randomize_input=False, num_epochs=1, target_key="label"
    )
    batches = list(read)
    np.testing.assert_array_equal(np.concatenate([f["x"] for f, _ in batches]), X)
    np.testing.assert_array_equal(np.concatenate([y for _, y in batches]), Y)
    assert len(batches) == 3
    assert batches[0][0]["tags"].values.shape[0] == sum(i % 3 for i in range(80))
    rows = {}
    for keys, features in read_keyed_batch_features(pattern, 80, SPEC, num_epochs=1, seed=0):
        rows |= zip(keys.numpy().tolist(), features["x"].numpy(), strict=True)
    assert len(rows) == 200
    suffix = ".gz" if packed else ""
    np.testing.assert_array_equal(rows[f"{tmp_path}/part-1.tfrecord{suffix}:3".encode()], X[102])
    columns = [learn.real_valued_column("x", 3)]
    model = learn.LinearClassifier(columns, random_state=0).fit(
        input_fn=lambda: read_batch_features(
            pattern, 20, SPEC, num_epochs=30, target_key="label", seed=0
        )
    )
    assert model.score({"x": X}, Y) > 0.9
    with pytest.raises(KeyError, match="'none' is not"):
        read_batch_features(pattern, 20, SPEC, target_key="none")


@pytest.mark.skipif(sys.platform != "linux", reason="page faults are counted on Linux")
def test_memory_is_used_again_after_a_generator_fed_tensorflow():
    code = """
import resource
import numpy as np
from tflearnkit.inputs import generator_input_fn

def rows():
    yield {"a": [1.0]}

def faults():
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    for _ in range(50):
        np.ones(1 << 18)  # 2 MB
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before

list(generator_input_fn(rows)())
print("faults", faults() < 10 * 512)  # of 50 * 512 pages
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=300)
    assert "faults True" in done.stdout, done.stderr
