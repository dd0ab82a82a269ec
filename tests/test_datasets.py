"""Data sets are what they were published as, wherever they come from, or it is said what to do."""

import gzip
import pathlib
import warnings
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from tflearnkit import datasets
from tflearnkit.datasets import census, folders, images

RNG = np.random.default_rng(0)


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """The folder that TFLEARNKIT_DATA names."""
    monkeypatch.setenv("TFLEARNKIT_DATA", str(tmp_path))
    return tmp_path


@pytest.fixture
def cache(tmp_path, monkeypatch):
    """A cache with nothing in it, and no folder."""
    monkeypatch.delenv("TFLEARNKIT_DATA", raising=False)
    for module in (census, images):
        monkeypatch.setattr(module, "CACHE", tmp_path)
    return tmp_path


def test_what_is_bundled():
    for load, shape, kinds in (
        (datasets.load_iris, (150, 4), 3),
        (datasets.load_digits, (1797, 64), 10),
        (datasets.load_diabetes, (442, 10), None),
    ):
        data, target = load()
        assert data.shape == shape
        assert target.shape == shape[:1]
        assert kinds is None or len(set(target)) == kinds


# --- the census and images -----------------------------------------------------------------------

ROW = "39, State-gov, 1, ?, 13, Single, ?, Own, White, Male, 2174, 0, 40, Cuba, "


def test_the_census_is_read_from_the_local_folder_first(folder):
    (folder / "adult").mkdir()
    (folder / "adult" / "adult.data").write_text(f"{ROW}<=50K\n{ROW}>50K\n\n")
    (folder / "adult" / "adult.test").write_text(f"|1x3 Cross validator\n{ROW}>50K.\n\n")
    with pytest.warns(UserWarning, match="adult.* is not as published.*MD5") as caught:
        train, validation, test = datasets.load_census()
    assert len(caught) == 2
    assert (len(train.data), len(test.data), validation) == (2, 1, None)
    assert train.data["education"].isna().all()
    assert train.target.tolist() == ["<=50K", ">50K"]
    assert test.target.tolist() == [">50K"]


def test_the_census_comes_from_openml_else(cache, monkeypatch):
    raw = pd.DataFrame({f"column-{j}": np.arange(9.0) for j in range(14)})
    raw["column-1"] = pd.Categorical(["a", None, "b"] * 3)
    income = pd.Series(["<=50K", ">50K", "<=50K"] * 3, dtype="category")

    def fetch(name, version, data_home, n_retries):
        assert (name, version, data_home) == ("adult", 2, cache / "adult")
        return SimpleNamespace(data=raw, target=income)

    monkeypatch.setattr("sklearn.datasets.fetch_openml", fetch)
    train, _, test = datasets.load_census()
    assert list(train.data.columns)[3:5] == ["education", "education_num"]
    assert (len(train.data), len(test.data)) == (6, 3)
    assert set(train.target) == {"<=50K", ">50K"}
    assert train.data["workclass"].dtype == object


def idx(array):
    """Return the bytes of an array in the form of MNIST's files."""
    sizes = np.array(array.shape, ">u4").tobytes()
    return gzip.compress(bytes([0, 0, 8, array.ndim]) + sizes + array.tobytes())


@pytest.mark.filterwarnings("ignore:.*not as published")
def test_mnist_is_read_from_the_local_folder_first(folder):
    (folder / "mnist").mkdir()
    pixels, labels = {}, {}
    for part, rows in {"train": 3, "t10k": 2}.items():
        pixels[part] = RNG.integers(0, 256, (rows, 28, 28), dtype=np.uint8)
        labels[part] = RNG.integers(0, 10, rows, dtype=np.uint8)
        (folder / "mnist" / f"{part}-images-idx3-ubyte.gz").write_bytes(idx(pixels[part]))
        (folder / "mnist" / f"{part}-labels-idx1-ubyte.gz").write_bytes(idx(labels[part]))
    train, _, test = datasets.load_mnist()
    assert train.data.dtype == np.float32
    np.testing.assert_allclose(train.data[..., 0], pixels["train"] / 255, rtol=1e-6)
    np.testing.assert_allclose(test.data[..., 0], pixels["t10k"] / 255, rtol=1e-6)
    assert train.target.tolist() == labels["train"].tolist()
    assert test.target.tolist() == labels["t10k"].tolist()


def test_cifar10_is_read_from_packed_and_unpacked_files(folder):
    (folder / "cifar10").mkdir()
    pixels = RNG.integers(0, 256, (5, 32, 32, 3), dtype=np.uint8)
    planes = pixels.transpose(0, 3, 1, 2).reshape(5, -1)  # red, green, blue
    rows = [bytes([label]) + plane.tobytes() for label, plane in enumerate(planes)]
    (folder / "cifar10" / "data_batch_1.bin").write_bytes(b"".join(rows[:2]))
    (folder / "cifar10" / "data_batch_2.bin").write_bytes(rows[2])
    (folder / "cifar10" / "test_batch.bin.gz").write_bytes(gzip.compress(b"".join(rows[3:])))
    train, _, test = datasets.load_cifar10()
    np.testing.assert_allclose(train.data, pixels[:3] / 255, rtol=1e-6)
    np.testing.assert_allclose(test.data, pixels[3:] / 255, rtol=1e-6)
    assert (train.target.tolist(), test.target.tolist()) == ([0, 1, 2], [3, 4])


def test_images_come_from_openml_else(cache, monkeypatch):
    pixels = RNG.integers(0, 256, (50_002, 3072), dtype=np.uint8)
    target = np.resize(["3", "8"], 50_002)

    def fetch(name, version, data_home, as_frame, n_retries):
        assert (name, version, as_frame) == ("CIFAR_10", 1, False)
        assert data_home == cache / "cifar10"
        return SimpleNamespace(data=pixels, target=target)

    monkeypatch.setattr("sklearn.datasets.fetch_openml", fetch)
    train, _, test = datasets.load_cifar10()
    assert test.data.shape == (2, 32, 32, 3)
    expected = pixels[1].reshape(3, 32, 32)[:, 5, 7] / 255
    np.testing.assert_allclose(train.data[1, 5, 7], expected, rtol=1e-6)
    assert (train.target[:2].tolist(), test.target.tolist()) == ([3, 8], [3, 8])


@pytest.mark.parametrize("load", [datasets.load_census, datasets.load_mnist, datasets.load_cifar10])
def test_without_a_network_it_is_said_what_to_do(load, cache, monkeypatch):
    def fetch(*args, **kwargs):
        raise ConnectionError("no route")

    monkeypatch.setattr("sklearn.datasets.fetch_openml", fetch)
    with pytest.raises(OSError, match="OpenML did not answer .*TFLEARNKIT_DATA"):
        load()
    with pytest.raises(FileNotFoundError, match="was not to be fetched. Pass fetch=True"):
        load(fetch=False)


def test_what_is_published_is_known_by_its_sum():
    root = folders.local_folder("adult")
    if root is None:
        pytest.skip("TFLEARNKIT_DATA names no folder with the census")
    with warnings.catch_warnings(action="error"):
        train, _, test = datasets.load_census()
    assert train.data.shape == (32561, 14)
    assert (train.target == ">50K").sum() == 7841
    assert (test.target == ">50K").sum() == 3846
    assert int(train.data["workclass"].isna().sum()) == 1836


# --- CSV of the tutorials ------------------------------------------------------------------------


def test_csv_with_and_without_header(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("3,2,no,yes\n1,2.5,0\n3,4,1\n\n5,6,1\n")
    found = datasets.load_csv_with_header(path, np.int32, np.float32)
    assert found.data.dtype == np.float32
    assert found.data.tolist() == [[1, 2.5], [3, 4], [5, 6]]
    assert (found.target.dtype, found.target.tolist()) == (np.int32, [0, 1, 1])
    assert datasets.load_csv(path).data.dtype == np.float64
    path.write_text("b,1,2\na,3,4\n")
    found = datasets.load_csv_without_header(path, str, target_column=0)
    assert found.target.tolist() == ["b", "a"]
    assert found.data.tolist() == [[1, 2], [3, 4]]


def test_a_file_is_shrunk(tmp_path):
    path = tmp_path / "a.b.csv"
    path.write_text('a,"b\n1"\n' + "".join(f"{i},{i}\n" for i in range(1, 10)))
    found = datasets.shrink_csv(path, 4)
    assert found == str(tmp_path / "a.b_small.csv")
    assert pathlib.Path(found).read_text() == 'a,"b\n1"\n4,4\n8,8\n'
    assert pathlib.Path(datasets.shrink_csv(path, 1)).read_text() == path.read_text()
    for wrong in (0, 2.5, True):
        with pytest.raises(ValueError, match="ratio should be a whole number of at least 1"):
            datasets.shrink_csv(path, wrong)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a,b\n1,2\n", "a.csv, line 1: should begin with the numbers"),
        ("2,2\n1,2,0\n", "should hold 2 rows of 2 features.*Got 1 of 2"),
        ("2,2\n1,2,0\n1,x,0\n", "a.csv, line 3: should hold numbers"),
        ("2,2\n1,2,0\n1,2,3,0\n", "a.csv, line 3: should hold 2 features.*Got 3"),
        ("0,2\n", "should hold rows"),
    ],
)
def test_bad_tables_are_explained(tmp_path, text, words):
    path = tmp_path / "a.csv"
    path.write_text(text)
    with pytest.raises(ValueError, match=words):
        datasets.load_csv_with_header(path)


# --- made-up data --------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["circles", "spirals"])
def test_made_up_data_come_again_by_the_seed(name):
    X, y = datasets.make_dataset(name, 101, noise=0.1, seed=3)
    assert X.shape == (101, 2)
    assert sorted(np.bincount(y)) == [50, 51]
    np.testing.assert_array_equal(datasets.make_dataset(name, 101, 0.1, 3).data, X)
    assert not np.array_equal(datasets.make_dataset(name, 101, 0.1, 4).data, X)
    assert not np.array_equal(datasets.make_dataset(name, 101, 0.2, 3).data, X)


def test_circles_have_their_radii():
    X, y = datasets.circles(90, factor=0.5, n_classes=3, seed=0)
    np.testing.assert_allclose(np.linalg.norm(X, axis=1), 0.5**y)


@pytest.mark.parametrize("mode", ["archimedes", "bernoulli", "fermat"])
def test_spirals_are_turned_by_half_a_circle(mode):
    X, y = datasets.spirals(60, mode=mode, seed=0)
    first, second = ({tuple(row) for row in np.round(X[y == k], 6) + 0.0} for k in (0, 1))
    assert {tuple(row) for row in np.round(-np.array(sorted(first)), 6) + 0.0} == second
    radii = np.linalg.norm(X, axis=1)
    assert len(set(np.round(radii, 6))) == 30


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: datasets.make_dataset("circle"), "Did you mean 'circles'"),
        (lambda: datasets.spirals(mode="euler"), "mode should be one of archimedes"),
        (lambda: datasets.circles(factor=1.5), "factor should be"),
        (lambda: datasets.circles(n_samples=0), "n_samples should be"),
        (lambda: datasets.spirals(noise=-1), "noise should be"),
    ],
)
def test_bad_arguments_are_explained(call, words):
    with pytest.raises(ValueError, match=words):
        call()
