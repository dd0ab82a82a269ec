"""CSV files as streams: what comes out, what is refused, and where."""

import bz2
import gzip
import lzma
from unittest import mock

import numpy as np
import pandas as pd
import pytest

import tflearnkit as learn
from tflearnkit.inputs import csv_format, csv_input_fn

RNG = np.random.default_rng(0)
FRAME = pd.DataFrame(
    {
        "n": RNG.normal(size=300).round(3),
        "k": RNG.integers(0, 9, 300),
        "w": RNG.choice(["Oslo", "Rome, Italy", 'the "Hague"', "two\nlines", ""], 300),
        "label": RNG.choice(["no", "yes"], 300),
    }
)


@pytest.fixture(autouse=True)
def _small_blocks():
    """Let a few hundred rows be many blocks."""
    with mock.patch.object(csv_format, "_BLOCK_BYTES", 700):
        yield


def read(input_fn):
    """Return all rows as a frame, with the target at the end."""
    frames = []
    for batch in input_fn().as_numpy_iterator():
        features, target = batch if isinstance(batch, tuple) else (batch, None)
        frame = pd.DataFrame(dict(features))
        frames.append(frame if target is None else frame.assign(target=target))
    found = pd.concat(frames, ignore_index=True)
    words = found.select_dtypes(object).columns
    return found.assign(**{name: [v.decode() for v in found[name]] for name in words})


def written(folder, frame=FRAME, name="a.csv", **options):
    path = folder / name
    frame.to_csv(path, index=False, **options)
    return path


def assert_is_frame(found):
    np.testing.assert_allclose(found["n"], FRAME["n"], rtol=1e-6)
    assert found["k"].tolist() == FRAME["k"].tolist()
    assert found["w"].tolist() == FRAME["w"].tolist()
    assert found["target"].tolist() == FRAME["label"].tolist()


@pytest.mark.parametrize("num_threads", [1, 3])
def test_all_rows_come_in_order_whatever_the_blocks(tmp_path, num_threads):
    path = written(tmp_path)
    found = read(csv_input_fn(path, "label", 7, shuffle=False, num_threads=num_threads))
    assert_is_frame(found)
    assert found.dtypes[["n", "k"]].tolist() == [np.float32, np.float64]


@pytest.mark.parametrize(
    ("suffix", "unpacks"), [(".gz", gzip), (".bz2", bz2), (".xz", lzma)]
)
def test_packed_files(tmp_path, suffix, unpacks):
    path = written(tmp_path, name="a.csv" + suffix)
    unpacks.open(path).read()  # it is packed indeed
    assert_is_frame(read(csv_input_fn(path, "label", shuffle=False)))


def test_sharded_files_by_pattern_and_epochs(tmp_path):
    written(tmp_path, FRAME[:200], "part-0.csv")
    written(tmp_path, FRAME[200:], "part-1.csv")
    assert_is_frame(read(csv_input_fn(tmp_path / "part-*.csv", "label", shuffle=False)))
    twice = read(csv_input_fn(f"{tmp_path}/part-*.csv", "label", 64, 2, shuffle=False))
    assert_is_frame(twice[:300])
    assert_is_frame(twice[300:].reset_index())


def test_shuffling_goes_by_the_seed_and_keeps_rows_together(tmp_path):
    words = [str(i) for i in range(300)]
    frame = pd.DataFrame({"a": range(300), "b": range(0, 600, 2), "c": words})
    path = written(tmp_path, frame)
    first = read(csv_input_fn(path, "c", seed=0))
    assert first["a"].tolist() != frame["a"].tolist()
    assert (first["b"] == 2 * first["a"]).all()
    assert (first["target"].astype(int) == first["a"]).all()
    assert sorted(first["a"]) == frame["a"].tolist()
    assert read(csv_input_fn(path, "c", seed=0)).equals(first)
    assert not read(csv_input_fn(path, "c", seed=1)).equals(first)


def test_kinds_are_those_of_the_first_rows_or_as_said(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("a;b;c;d\n1; x;2.5;7\n?;?;;8\n")
    kinds = {"d": "int32", "a": str}
    input_fn = csv_input_fn(path, sep=";", na_values=("?",), dtypes=kinds, shuffle=False)
    (batch,) = input_fn().as_numpy_iterator()
    assert batch["a"].tolist() == [b"1", b""]
    assert batch["b"].tolist() == [b"x", b""]
    np.testing.assert_array_equal(batch["c"], np.float32([2.5, np.nan]))
    assert (batch["d"].dtype, batch["d"].tolist()) == (np.int32, [7, 8])
    assert batch["c"].dtype == np.float32


def test_files_without_names(tmp_path):
    path = written(tmp_path, header=False)
    assert_is_frame(
        read(csv_input_fn(path, "label", shuffle=False, column_names=list(FRAME.columns)))
    )


ROWS = [f"{i},{i}.5,w{i}" for i in range(300)]


def with_bad(folder, *bad, quoted=False):
    """A file in which some lines, counted from 1 with the header, are others."""
    lines = ["k,x,w", *ROWS]
    if quoted:
        lines[3] = '2,2.5,"two\nlines"'
    for number, text in bad:
        lines[number - 1] = text
    path = folder / "bad.csv"
    path.write_text("\n".join(lines) + "\n")
    return path


@pytest.mark.parametrize(
    ("bad", "words"),
    [
        ((250, "1,2.5"), "line 250: a row should have 3 values. Got 2"),
        ((250, "1,2.5,x,y"), "line 250: a row should have 3 values. Got 4"),
        ((250, "1,abc,x"), "line 250: a row should have a number as 'x'. Got 'abc'"),
        ((250, "1,,x\n\n3,3,3,3"), "line 252: a row should have 3 values. Got 4"),
    ],
)
def test_a_malformed_row_is_an_error_with_file_and_line(tmp_path, bad, words):
    path = with_bad(tmp_path, bad)
    with pytest.raises(Exception, match=f"bad.csv, {words}"):
        read(csv_input_fn(path, shuffle=False))


def test_lines_are_counted_through_quoted_line_breaks(tmp_path):
    path = with_bad(tmp_path, (250, "1,2.5"), quoted=True)
    with pytest.raises(Exception, match="line 251: a row should have 3 values"):
        read(csv_input_fn(path, shuffle=False))


def test_a_quote_that_is_not_closed_is_an_error_with_its_line(tmp_path):
    path = with_bad(tmp_path, (30, '1,2.5,"x'))
    path.write_text(path.read_text() + "\n".join(ROWS * 3))
    with pytest.raises(Exception, match="bad.csv, line 30: a quoted value should end"):
        read(csv_input_fn(path, shuffle=False))


def test_a_fit_names_the_line_in_a_value_error(tmp_path):
    path = with_bad(tmp_path, (250, "1,2.5"))
    with pytest.raises(ValueError, match=r"bad.csv, line 250.*malformed='skip'\.$"):
        learn.LinearRegressor().fit(input_fn=csv_input_fn(path, "k", shuffle=False))


def test_malformed_rows_are_counted_and_skipped_when_asked(tmp_path):
    path = with_bad(tmp_path, (250, "1,2.5"), (20, "x,1,2,3"), (121, "7,none at all,w"))
    input_fn = csv_input_fn(path, shuffle=False, malformed="skip")
    with pytest.warns(UserWarning, match="bad.csv: 3 malformed row"):
        found = read(input_fn)
    assert input_fn.skipped == {str(path): 3}
    kept = [row for row in range(300) if row + 2 not in (20, 121, 250)]
    assert found["k"].tolist() == kept
    assert found["w"].tolist() == [f"w{i}" for i in kept]


def test_whole_numbers_as_targets_refuse_others(tmp_path):
    path = with_bad(tmp_path, (250, "1.5,2.5,w"))
    with pytest.raises(Exception, match="line 250: a row should have a whole number as 'k'"):
        read(csv_input_fn(path, "k", shuffle=False))
    assert read(csv_input_fn(path, shuffle=False))["k"][248] == 1.5


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"target": "labell"}, "no column 'labell'.*Did you mean 'label'"),
        ({"dtypes": {"z": str}}, "no column 'z'"),
        ({"dtypes": {"n": "datetime64[ns]"}}, "dtypes should name"),
        ({"malformed": "ignore"}, "malformed should be 'error' or 'skip'"),
        ({"column_names": ["a", "a"]}, "all different"),
        ({"batch_size": 0}, "Invalid batch_size"),
        ({"target": "label", "weight_column_name": "k", "dtypes": {"k": str}}, "Weights should be"),
        ({"target": "label", "weight_column_name": "kk"}, "Did you mean 'k'"),
        ({"target": "label", "weight_column_name": "label"}, "a column beside the target"),
        ({"weight_column_name": "k"}, "a column beside the target. Got 'k' with target None"),
        ({"sep": "::"}, "sep should be one character"),
    ],
)
def test_bad_arguments_are_explained(tmp_path, options, words):
    with pytest.raises(ValueError, match=words):
        csv_input_fn(written(tmp_path), **options)


def test_files_of_other_columns_are_refused(tmp_path):
    written(tmp_path, FRAME[:200], "part-0.csv")
    written(tmp_path, FRAME[200:][["k", "n", "w", "label"]], "part-1.csv")
    with pytest.raises(ValueError, match="same first line.*part-1.csv has k, n"):
        csv_input_fn(tmp_path / "part-*.csv")
    (tmp_path / "empty.csv").write_text("a,b\n")
    with pytest.raises(ValueError, match="should hold rows"):
        csv_input_fn(tmp_path / "empty.csv")


def test_estimators_train_on_them(tmp_path):
    x = RNG.normal(size=(600, 2))
    frame = pd.DataFrame(x, columns=["a", "b"]).assign(
        city=np.where(RNG.random(600) < 0.5, "Oslo", "Rome")
    )
    frame["label"] = np.where(x[:, 0] + (frame["city"] == "Oslo") > 0.5, "yes", "no")
    path = written(tmp_path, frame)
    model = learn.LinearClassifier(random_state=0)
    model.fit(input_fn=csv_input_fn(path, "label", 32, num_epochs=20, seed=0))
    assert model.score(frame.drop(columns="label"), frame["label"]) > 0.9
    found = model.evaluate(input_fn=csv_input_fn(path, "label", shuffle=False))
    assert found["accuracy"] > 0.9


def test_rows_weigh_what_a_column_says(tmp_path):
    path = written(tmp_path)
    input_fn = csv_input_fn(path, "label", 50, shuffle=False, weight_column_name="k")
    batches = list(input_fn().as_numpy_iterator())
    assert set(batches[0][0]) == {"n", "w"}
    weights = np.concatenate([weights for _, _, weights in batches])
    assert (weights.dtype, weights.tolist()) == (np.float32, FRAME["k"].tolist())
    both = csv_input_fn(path, ["label", "n"], shuffle=False, weight_column_name="k")
    features, targets, _ = next(both().as_numpy_iterator())
    assert (set(features), set(targets)) == ({"w"}, {"label", "n"})
    model = learn.LinearClassifier(random_state=0).fit(FRAME[["n", "w"]], FRAME["label"])
    expected = model.evaluate(FRAME[["n", "w"]], FRAME["label"], FRAME["k"])["loss"]
    assert model.evaluate(input_fn=input_fn)["loss"] == pytest.approx(expected, rel=1e-5)


def test_a_fit_goes_on_in_the_middle_of_a_file(tmp_path):
    X = RNG.normal(size=(500, 3))
    path = written(tmp_path, pd.DataFrame(X, columns=list("abc")).assign(y=X[:, 0] > 0))
    input_fn = csv_input_fn(path, "y", 20, num_epochs=2, seed=0)

    def fitted(folder, *monitors):
        model = learn.LinearClassifier(model_dir=str(tmp_path / folder), random_state=0)
        return model.fit(input_fn=input_fn, max_steps=40, monitors=monitors)

    fitted("twice", learn.monitors.StopAtStep(last_step=13))
    onward, whole = fitted("twice"), fitted("once")
    assert int(onward.get_variable_value("global_step")) == 40
    np.testing.assert_allclose(onward.coef_, whole.coef_, rtol=1e-5)
