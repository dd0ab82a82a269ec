"""The examples run as scripts do, on little data."""

import runpy
import sys
from pathlib import Path

import pytest

from examples import census_data

EXAMPLES = sorted(
    path
    for path in (Path(__file__).parents[1] / "examples").glob("*.py")
    if "__main__" in path.read_text(encoding="utf-8")
)


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_an_example_runs(path, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(path.parent)  # as Python does for a script
    monkeypatch.setattr(sys, "argv", [str(path), "--small"])
    runpy.run_path(str(path), run_name="__main__")
    assert capsys.readouterr().out.strip()


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


def test_without_any_census_the_bundled_data_stand_in_and_it_says_so(monkeypatch, tmp_path):
    def fetch(*args, **kwargs):
        raise ConnectionError("no route")

    monkeypatch.delenv("TFLEARNKIT_DATA", raising=False)
    monkeypatch.setattr("tflearnkit.datasets.census.CACHE", tmp_path)
    monkeypatch.setattr("sklearn.datasets.fetch_openml", fetch)
    source, (X_train, _, y_train, _) = census_data.load_census()
    assert "bundled with scikit-learn" in source
    assert "OpenML did not answer" in source
    assert X_train.shape[1] == 30
    assert set(y_train) == {"malignant", "benign"}
