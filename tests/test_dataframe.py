"""TensorFlowDataFrame: what its columns and rows are, wherever they come from."""

import numpy as np
import pandas as pd
import pytest
import tensorflow as tf

import tflearnkit as learn
from tflearnkit import TensorFlowDataFrame

RNG = np.random.default_rng(0)
FRAME = pd.DataFrame(
    {
        "a": RNG.normal(size=100).round(3),
        "k": RNG.integers(1, 9, 100),
        "city": RNG.choice(["Oslo", "Rome", "Bonn"], 100),
    }
)


@pytest.fixture
def frame():
    return TensorFlowDataFrame.from_pandas(FRAME, shuffle=False)


# --- where rows come from ------------------------------------------------------------------------


def test_pandas_comes_back_as_it_was(frame):
    assert frame.columns() == {"index", "a", "k", "city"}
    assert len(frame) == 4
    back = frame.materialize()
    assert back["index"].tolist() == list(range(100))
    pd.testing.assert_frame_equal(back.drop(columns="index"), FRAME, check_dtype=False)


def test_numpy_and_dicts_have_an_index():
    array = np.arange(12).reshape(6, 2)
    frame = TensorFlowDataFrame.from_numpy(array, batch_size=4, shuffle=False)
    first, second = frame.run(num_epochs=1)
    np.testing.assert_array_equal(first["value"], array[:4])
    assert second["index"].tolist() == [4, 5]
    shuffled = TensorFlowDataFrame.from_numpy(array, seed=1).run_one_epoch()
    assert shuffled["index"].tolist() != list(range(6))
    np.testing.assert_array_equal(shuffled["value"], array[shuffled["index"]])
    with pytest.raises(ValueError, match="No column should be called 'index'"):
        TensorFlowDataFrame.from_ordereddict({"index": [1]})


def test_csv_with_and_without_defaults(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("x,n,w\n1.5,2,a\n,,\n3.5,4,c\n")
    found = TensorFlowDataFrame.from_csv(path, shuffle=False).run_one_epoch()
    np.testing.assert_array_equal(found["x"], np.float32([1.5, np.nan, 3.5]))
    assert found["w"].tolist() == ["a", "", "c"]
    found = TensorFlowDataFrame.from_csv(path, [0.5, 7, "?"], shuffle=False).run_one_epoch()
    assert found["x"].tolist() == [1.5, 0.5, 3.5]
    assert (found["n"].dtype, found["n"].tolist()) == (np.int64, [2, 7, 4])
    assert found["w"].tolist() == ["a", "?", "c"]
    path.write_text("1.5,2,a\n")
    bare = TensorFlowDataFrame.from_csv(
        path, has_header=False, column_names=["p", "q", "r"], shuffle=False
    )
    assert bare.run_one_epoch()["r"].tolist() == ["a"]
    path.write_text("x,n,w\n1.5,2,a\n")
    with pytest.raises(ValueError, match="default_values should be one per column: x, n, w"):
        TensorFlowDataFrame.from_csv(path, [0.0])
    with pytest.raises(ValueError, match="column_names should be given"):
        TensorFlowDataFrame.from_csv(path, has_header=False)


def test_csv_by_a_feature_spec(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("x,n,w,left\n1.5,2,a,z\n,,,z\n3.5,4,c,z\n")
    spec = {
        "n": tf.io.FixedLenFeature([], tf.int64, default_value=-1),
        "x": tf.io.FixedLenFeature([], tf.float32),
        "w": tf.io.VarLenFeature(tf.string),
    }
    frame = TensorFlowDataFrame.from_csv_with_feature_spec(path, spec, shuffle=False)
    found = frame.run_one_epoch()
    assert list(found) == ["n", "x", "w"]
    assert (found["n"].dtype, found["n"].tolist()) == (np.int64, [2, -1, 4])
    np.testing.assert_array_equal(found["x"], np.float32([1.5, np.nan, 3.5]))
    assert found["w"].tolist() == [["a"], [], ["c"]]


def test_examples(tmp_path):
    path = f"{tmp_path}/a.tfrecord"
    with tf.io.TFRecordWriter(path) as writer:
        for i in range(5):
            features = {
                "x": tf.train.Feature(float_list=tf.train.FloatList(value=[i, -i])),
                "w": tf.train.Feature(bytes_list=tf.train.BytesList(value=[b"w"] * (i % 3))),
            }
            example = tf.train.Example(features=tf.train.Features(feature=features))
            writer.write(example.SerializeToString())
    spec = {"x": tf.io.FixedLenFeature([2], tf.float32), "w": tf.io.VarLenFeature(tf.string)}
    frame = TensorFlowDataFrame.from_examples(path, spec, shuffle=False, batch_size=2)
    found = frame.run_one_epoch()
    np.testing.assert_array_equal(found["x"], [[i, -i] for i in range(5)])
    assert found["w"].tolist() == [[], ["w"], ["w", "w"], [], ["w"]]
    many = frame.select_rows(frame["x"].apply(lambda x: x[:, 0]) >= 2).batch(3)
    (batch,) = many.run(num_epochs=1)
    assert batch["w"].tolist() == [["w", "w"], [], ["w"]]
    assert frame.materialize()["x"][1].tolist() == [1, -1]
    alike = frame.select_rows(frame["x"].apply(lambda x: x[:, 0]) == 2).run_one_epoch()
    assert alike["w"].tolist() == [["w", "w"]]


def test_parquet(tmp_path):
    pytest.importorskip("pyarrow", reason="an extra: pip install 'tflearnkit[parquet]'")
    data = FRAME.assign(gap=pd.array([None, 1] * 50, "Int64"), flag=FRAME["k"] > 4)
    for part in range(2):
        data[50 * part : 50 * part + 50].to_parquet(tmp_path / f"{part}.parquet", row_group_size=20)
    frame = TensorFlowDataFrame.from_parquet(tmp_path / "*.parquet", shuffle=False)
    back = frame.materialize()
    pd.testing.assert_frame_equal(back[list(FRAME)], FRAME, check_dtype=False)
    np.testing.assert_array_equal(back["gap"], [np.nan, 1] * 50)
    assert back["flag"].tolist() == data["flag"].tolist()
    some = TensorFlowDataFrame.from_parquet(tmp_path / "*.parquet", ["k"], seed=0)
    assert sorted(some.run_one_epoch()["k"]) == sorted(FRAME["k"])
    FRAME.assign(day=pd.Timestamp("2020-01-01")).to_parquet(tmp_path / "days.parquet")
    with pytest.raises(TypeError, match="'day' should hold numbers.*leave it out"):
        TensorFlowDataFrame.from_parquet(tmp_path / "days.parquet")


# --- columns -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "make",
    [
        lambda a, k: a + k, lambda a, k: a - k, lambda a, k: a * k, lambda a, k: a / k,
        lambda a, k: k // 2, lambda a, k: k % 3, lambda a, k: k**2, lambda a, k: 1 - a,
        lambda a, k: 2 / k, lambda a, k: -a, lambda a, k: abs(a), lambda a, k: a == k,
        lambda a, k: k != 3, lambda a, k: a < 0.5, lambda a, k: a >= 0.5, lambda a, k: a > k,
        lambda a, k: (a > 0) & (k > 3), lambda a, k: (a > 0) | ~(k > 3), lambda a, k: k + 0.5,
    ],
)  # fmt: skip
def test_series_compute_as_pandas_does(frame, make):
    frame["found"] = make(frame["a"], frame["k"])
    expected = make(FRAME["a"], FRAME["k"])
    np.testing.assert_allclose(frame.materialize()["found"], expected, rtol=1e-12)


@pytest.mark.parametrize("name", ["square", "sqrt", "exp", "log", "floor", "cos", "sign"])
def test_functions_of_series(frame, name):
    series = frame["k"]
    frame = frame.assign(found=getattr(series, name)())
    np.testing.assert_allclose(frame.materialize()["found"], getattr(np, name)(FRAME["k"]))


def test_columns_come_and_go(frame):
    two = frame.select_columns(["k", "a"])
    assert list(two) == ["k", "a"]
    assert list(frame.exclude_columns(["index", "city"])) == ["a", "k"]
    two[["b", "c"]] = [two["a"] + 1, two["k"]]
    del two["a"]
    assert list(two) == ["k", "b", "c"]
    assert list(next(two.run())) == ["k", "b", "c"]
    assert [repr(series) for series in frame[["a", "k"]]] == ["Series(a)", "Series(k)"]
    assert repr(2 * frame["a"] > frame["k"]) == "Series(((2 * a) > k))"
    assert "city" in frame


def test_bad_columns_are_explained(frame):
    other = TensorFlowDataFrame.from_pandas(FRAME)
    with pytest.raises(KeyError, match="no column 'citty'.*Did you mean 'city'"):
        frame["citty"]
    with pytest.raises(TypeError, match="should be a Series"):
        frame["b"] = np.arange(100)
    with pytest.raises(TypeError, match="named by a str"):
        frame[1]
    with pytest.raises(ValueError, match="of this frame's rows"):
        frame["b"] = other["a"]
    with pytest.raises(ValueError, match="Series of one frame"):
        frame["a"] + other["a"]
    with pytest.raises(TypeError, match="not a single truth value"):
        bool(frame["a"] > 1)


# --- rows ----------------------------------------------------------------------------------------


def test_rows_are_selected_by_a_series_or_a_column(frame):
    expected = FRAME[(FRAME["city"] == "Oslo") & (FRAME["a"] > 0)]
    mask = (frame["city"] == "Oslo") & (frame["a"] > 0)
    found = frame.select_rows(mask).materialize()
    assert found["index"].tolist() == expected.index.tolist()
    assert found["city"].tolist() == expected["city"].tolist()
    by_name = frame.assign(mask=mask).select_rows("mask").materialize()
    assert by_name["index"].tolist() == expected.index.tolist()
    with pytest.raises(ValueError, match="should have rows"):
        frame.select_rows(frame["k"] > 100).materialize()


def test_batches_of_another_size(frame):
    batches = list(frame.select_rows(frame["k"] > 4).batch(7).run(num_epochs=1))
    sizes = [len(batch["k"]) for batch in batches]
    assert set(sizes[:-1]) == {7}
    assert sum(sizes) == (FRAME["k"] > 4).sum()
    shuffled = frame.batch(100, shuffle=True, num_threads=2, seed=0).run_one_epoch()
    assert shuffled["index"].tolist() != list(range(100))
    np.testing.assert_array_equal(shuffled["a"], FRAME["a"][shuffled["index"]])


@pytest.mark.parametrize("key", ["index", "words"])
def test_a_split_is_of_all_rows_and_the_same_each_time(key):
    data = pd.DataFrame({"words": [f"id-{i}" for i in range(2000)], "x": np.arange(2000)})
    frame = TensorFlowDataFrame.from_pandas(data, seed=0)
    left, right = frame.split(key, 0.7, batch_size=50)
    ours, theirs = (set(part.run_one_epoch()["x"]) for part in (left, right))
    assert ours | theirs == set(range(2000))
    assert not ours & theirs
    assert 0.65 < len(ours) / 2000 < 0.75
    again, _ = TensorFlowDataFrame.from_pandas(data, seed=1).split(key, 0.7)
    assert set(again.run_one_epoch()["x"]) == ours
    with pytest.raises(ValueError, match="proportion should be"):
        frame.split(key, 7)
    with pytest.raises(TypeError, match="index should be words or whole numbers"):
        next(frame.split(frame["x"] / 2, 0.5)[0].run())


def test_runs_end_when_asked(frame):
    assert len(list(frame.run(num_batches=7))) == 7  # 4 batches are all rows: it begins again
    assert len(list(frame.run(num_epochs=1))) == 4
    assert len(frame.run_one_batch()["a"]) == 32


def test_epochs_follow_each_other_without_a_break():
    data = pd.DataFrame({"a": np.arange(100)})
    frame = TensorFlowDataFrame.from_pandas(data, batch_size=8, shuffle=False)
    batches = list(frame.run(num_epochs=17))
    assert [len(batch["a"]) for batch in batches] == [8] * 212 + [4]
    rows = np.concatenate([batch["a"] for batch in batches])
    np.testing.assert_array_equal(rows, np.arange(1700) % 100)
    endless = np.concatenate([batch["a"] for batch in frame.batch(13).run(num_batches=50)])
    np.testing.assert_array_equal(endless, np.arange(650) % 100)


def test_a_split_halves_each_epoch():
    data = pd.DataFrame({"words": [f"id-{i % 40}" for i in range(200)]})
    left, right = TensorFlowDataFrame.from_pandas(data, seed=0).split("words", 0.7, batch_size=8)
    ours, theirs = (
        np.concatenate([batch["words"] for batch in part.run(num_epochs=3)])
        for part in (left, right)
    )
    assert len(ours) + len(theirs) == 600
    assert not set(ours) & set(theirs)


def test_the_first_rows_are_shown(frame):
    shown = repr(frame)
    assert "the first rows" in shown
    assert FRAME["city"][4] in shown
    assert len(shown.splitlines()) == 7
    assert "without rows" in repr(frame.select_rows(frame["k"] > 100))


# --- training ------------------------------------------------------------------------------------


def test_estimators_take_frames():
    X = RNG.normal(size=(400, 2))
    data = pd.DataFrame(X, columns=["a", "b"]).assign(city=RNG.choice(["Oslo", "Rome"], 400))
    data["label"] = np.where(X[:, 0] + (data["city"] == "Oslo") > 0.5, "yes", "no")
    frame = TensorFlowDataFrame.from_pandas(data, batch_size=20, seed=0)
    model = learn.LinearClassifier(random_state=0)
    model.fit(input_fn=frame.input_fn("label", num_epochs=None), steps=400)
    assert model.feature_names_in_.tolist() == ["a", "b", "city"]  # the index is none
    assert model.score(data.drop(columns="label"), data["label"]) > 0.9
    assert model.evaluate(frame, y="label")["accuracy"] > 0.9
    ordered = TensorFlowDataFrame.from_pandas(data.drop(columns="label"), shuffle=False)
    assert (model.predict(ordered) == model.predict(data.drop(columns="label"))).all()
    once = learn.LinearClassifier(random_state=0).fit(frame, y="label")
    assert int(once.get_variable_value("global_step")) == 20
    with pytest.raises(TypeError, match="y should name a column of the frame"):
        model.fit(frame, data["label"])
    with pytest.raises(KeyError, match="no column 'lable'"):
        model.fit(frame, "lable")


def test_k_means_takes_a_frame():
    centers = np.array([[0.0, 0.0], [10.0, 10.0]])
    X = centers[RNG.integers(0, 2, 300)] + RNG.normal(size=(300, 2))
    frame = TensorFlowDataFrame.from_pandas(pd.DataFrame(X, columns=["a", "b"]), 50, seed=0)
    model = learn.KMeansClustering(num_clusters=2, random_state=0).fit(frame)
    found = model.cluster_centers_[np.argsort(model.cluster_centers_[:, 0])]
    np.testing.assert_allclose(found, centers, atol=0.5)
