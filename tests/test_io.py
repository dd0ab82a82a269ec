"""Frames of pandas become plain arrays; frames of dask go to estimators as they are."""

import numpy as np
import pandas as pd
import pytest

import tflearnkit as learn
from tflearnkit import io

RNG = np.random.default_rng(0)
X = pd.DataFrame(RNG.normal(size=(300, 3)), columns=list("abc"))
Y = (X["a"] > 0).astype(int)


def test_numbers_and_flags_become_floats():
    frame = X.assign(flag=X["b"] > 0, whole=1)
    found = io.extract_pandas_data(frame)
    assert found.dtype == np.float64
    np.testing.assert_array_equal(found, frame.to_numpy(dtype=float))
    series = X["a"]
    assert io.extract_pandas_data(series) is series
    with pytest.raises(ValueError, match="must be int, float, or bool. Got w"):
        io.extract_pandas_data(X.assign(w="x"))
    assert io.extract_pandas_matrix(X.assign(w="x"))[0, 3] == "x"


def test_labels_are_one_column_of_numbers():
    np.testing.assert_array_equal(io.extract_pandas_labels(Y), Y)
    np.testing.assert_array_equal(io.extract_pandas_labels(Y.to_frame()), Y)
    assert io.extract_pandas_labels([1, 2]) == [1, 2]
    with pytest.raises(ValueError, match="Only one column for labels is allowed. Got a, b, c"):
        io.extract_pandas_labels(X)
    with pytest.raises(ValueError, match="must be int, float, or bool"):
        io.extract_pandas_labels(pd.Series(["yes"]))


def test_what_is_extracted_trains():
    model = learn.LinearClassifier(random_state=0)
    model.fit(io.extract_pandas_data(X), io.extract_pandas_labels(Y))
    assert model.score(io.extract_pandas_matrix(X), Y) > 0.9


def test_dask_frames_are_frames():
    dd = pytest.importorskip("dask.dataframe", reason="an extra: pip install 'tflearnkit[dask]'")
    frame = X.assign(city=np.where(X["b"] > 0, "Oslo", "Rome"))
    labels = Y.map({0: "no", 1: "yes"})
    lazy, lazy_labels = (dd.from_pandas(each, npartitions=3) for each in (frame, labels))
    expected = learn.LinearClassifier(random_state=0).fit(frame, labels)
    model = learn.LinearClassifier(random_state=0).fit(lazy, lazy_labels)
    np.testing.assert_array_equal(model.predict_proba(lazy), expected.predict_proba(frame))
    assert model.feature_names_in_.tolist() == ["a", "b", "c", "city"]
    assert model.evaluate(lazy, lazy_labels)["accuracy"] > 0.9
    by_piece = lazy.map_partitions(lambda piece: pd.Series(model.predict(piece)), meta=(None, "O"))
    assert by_piece.compute().tolist() == expected.predict(frame).tolist()


def test_rows_of_dask_frames_are_numbered_through():
    dd = pytest.importorskip("dask.dataframe", reason="an extra: pip install 'tflearnkit[dask]'")
    frame = X.assign(flag=X["b"] > 0).set_axis(RNG.permutation(300))
    lazy = dd.from_pandas(frame, npartitions=3, sort=False)
    assert not lazy.known_divisions
    found = io.extract_dask_data(lazy)
    assert found.divisions == (0, 100, 200, 300)
    pd.testing.assert_frame_equal(found.compute(), frame.reset_index(drop=True))
    assert found.loc[150:151].compute()["a"].tolist() == frame["a"].iloc[150:152].tolist()
    labels = io.extract_dask_labels(lazy[["a"]])
    assert labels.divisions == found.divisions
    pd.testing.assert_series_equal(labels.compute(), frame["a"].reset_index(drop=True))
    assert io.extract_dask_labels(lazy["a"]).compute().tolist() == frame["a"].tolist()
    with pytest.raises(ValueError, match="Only one column for labels is allowed. Got a, b, c, f"):
        io.extract_dask_labels(lazy)
    assert io.extract_dask_data(X) is X
    assert io.extract_dask_labels(Y) is Y
    model = learn.LinearClassifier(random_state=0).fit(found[["a", "b", "c"]], labels > 0)
    assert model.score(X, Y > 0) > 0.9


def test_arrays_in_a_file_are_arrays(tmp_path):
    h5py = pytest.importorskip("h5py", reason="comes with TensorFlow")
    with h5py.File(tmp_path / "rows.h5", "w") as file:
        file["X"], file["y"] = X.to_numpy(), Y.to_numpy()
    expected = learn.LinearClassifier(random_state=0).fit(X.to_numpy(), Y)
    with h5py.File(tmp_path / "rows.h5") as file:
        model = learn.LinearClassifier(random_state=0).fit(file["X"], file["y"])
        np.testing.assert_array_equal(model.predict(file["X"]), expected.predict(X.to_numpy()))
        assert model.score(file["X"], file["y"]) > 0.9
