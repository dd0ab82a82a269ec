"""The examples run, on little data, as a user would start them."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from examples import census_data

EXAMPLES = sorted(
    path
    for path in (Path(__file__).parents[1] / "examples").glob("*.py")
    if "__main__" in path.read_text(encoding="utf-8")
)


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_an_example_runs(path, tmp_path):
    command = [sys.executable, str(path), "--small"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    assert done.stdout.strip()


def test_every_example_is_found():
    assert {path.stem for path in EXAMPLES} >= {
        "bidirectional_lstm_mnist",
        "cartpole_policy_gradient",
        "census_job",
        "census_wide_and_deep",
        "cifar10_cnn",
        "denoising_autoencoder",
        "digits_grid_search",
        "grid_search_dask",
        "iris_monitors",
        "lstm_language_model",
        "mnist_cnn",
        "mnist_mlp",
        "mnist_softmax",
        "word2vec_nce",
    }


def test_the_census_is_read_from_the_local_folder_first(tmp_path, monkeypatch):
    folder = tmp_path / "adult"
    folder.mkdir()
    row = "39, State-gov, 1, ?, 13, Single, ?, Own, White, Male, 2174, 0, 40, Cuba, "
    (folder / "adult.data").write_text(f"{row}<=50K\n{row}>50K\n\n")
    (folder / "adult.test").write_text(f"|1x3 Cross validator\n{row}>50K.\n\n")
    monkeypatch.setenv("TFLEARNKIT_DATA", str(tmp_path))
    source, (X_train, X_test, y_train, y_test) = census_data.load_census()
    assert source.endswith("TFLEARNKIT_DATA")
    assert (len(X_train), len(X_test)) == (2, 1)
    assert X_train["education"].isna().all()
    assert y_train.tolist() == ["<=50K", ">50K"]
    assert y_test.tolist() == [">50K"]


def test_the_census_comes_from_openml_else(monkeypatch, tmp_path):
    raw = pd.DataFrame({f"column-{j}": np.arange(9.0) for j in range(14)})
    raw["column-1"] = pd.Categorical(["a", None, "b"] * 3)
    income = pd.Series(["<=50K", ">50K", "<=50K"] * 3, dtype="category")

    def fetch(name, version, data_home, n_retries):
        assert (name, version, data_home) == ("adult", 2, tmp_path)
        return type("Bunch", (), {"data": raw, "target": income})

    monkeypatch.delenv("TFLEARNKIT_DATA", raising=False)
    monkeypatch.setattr(census_data, "CACHE", tmp_path)
    monkeypatch.setattr(census_data, "fetch_openml", fetch)
    source, (X_train, X_test, y_train, _) = census_data.load_census()
    assert source.endswith("OpenML")
    assert list(X_train.columns) == census_data.NAMES[:-1]
    assert (len(X_train), len(X_test)) == (6, 3)
    assert set(y_train) == {"<=50K", ">50K"}


def test_without_any_census_the_bundled_data_stand_in_and_it_says_so(monkeypatch, tmp_path):
    def fetch(*args, **kwargs):
        raise ConnectionError("no route")

    monkeypatch.delenv("TFLEARNKIT_DATA", raising=False)
    monkeypatch.setattr(census_data, "CACHE", tmp_path)
    monkeypatch.setattr(census_data, "fetch_openml", fetch)
    source, (X_train, _, y_train, _) = census_data.load_census()
    assert "bundled with scikit-learn" in source
    assert "OpenML did not answer" in source
    assert X_train.shape[1] == 30
    assert set(y_train) == {"malignant", "benign"}
