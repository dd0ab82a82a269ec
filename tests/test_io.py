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
