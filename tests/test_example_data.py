"""Where the examples' images come from, and that pixels come to lie where they belong."""

import gzip
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from examples import image_data

RNG = np.random.default_rng(0)


def idx(array):
    """Return the bytes of an array in the form of MNIST's files."""
    sizes = np.array(array.shape, ">u4").tobytes()
    return gzip.compress(bytes([0, 0, 8, array.ndim]) + sizes + array.tobytes())


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("TFLEARNKIT_DATA", str(tmp_path))
    return tmp_path


@pytest.fixture
def nothing_at_hand(tmp_path, monkeypatch):
    monkeypatch.delenv("TFLEARNKIT_DATA", raising=False)
    monkeypatch.setattr(image_data, "CACHE", tmp_path)
    return tmp_path


def test_mnist_is_read_from_the_local_folder_first(folder):
    (folder / "mnist").mkdir()
    images, labels = {}, {}
    for part, rows in {"train": 3, "t10k": 2}.items():
        images[part] = RNG.integers(0, 256, (rows, 28, 28), dtype=np.uint8)
        labels[part] = RNG.integers(0, 10, rows, dtype=np.uint8)
        (folder / "mnist" / f"{part}-images-idx3-ubyte.gz").write_bytes(idx(images[part]))
        (folder / "mnist" / f"{part}-labels-idx1-ubyte.gz").write_bytes(idx(labels[part]))
    source, (X_train, X_test, y_train, y_test) = image_data.load_mnist()
    assert source == "MNIST, from TFLEARNKIT_DATA"
    assert X_train.dtype == np.float32
    np.testing.assert_allclose(X_train[..., 0], images["train"] / 255, rtol=1e-6)
    np.testing.assert_allclose(X_test[..., 0], images["t10k"] / 255, rtol=1e-6)
    assert (y_train.tolist(), y_test.tolist()) == tuple(labels[p].tolist() for p in labels)


def test_cifar10_is_read_from_packed_and_unpacked_files(folder):
    (folder / "cifar10").mkdir()
    images = RNG.integers(0, 256, (5, 32, 32, 3), dtype=np.uint8)
    planes = images.transpose(0, 3, 1, 2).reshape(5, -1)  # red, green, blue
    rows = [bytes([label]) + plane.tobytes() for label, plane in enumerate(planes)]
    (folder / "cifar10" / "data_batch_1.bin").write_bytes(b"".join(rows[:2]))
    (folder / "cifar10" / "data_batch_2.bin").write_bytes(rows[2])
    (folder / "cifar10" / "test_batch.bin.gz").write_bytes(gzip.compress(b"".join(rows[3:])))
    source, (X_train, X_test, y_train, y_test) = image_data.load_cifar10()
    assert source == "CIFAR-10, from TFLEARNKIT_DATA"
    np.testing.assert_allclose(X_train, images[:3] / 255, rtol=1e-6)
    np.testing.assert_allclose(X_test, images[3:] / 255, rtol=1e-6)
    assert (y_train.tolist(), y_test.tolist()) == ([0, 1, 2], [3, 4])


def test_images_come_from_openml_else(nothing_at_hand, monkeypatch):
    pixels = RNG.integers(0, 256, (4, 3072)).astype(float)

    def fetch(name, version, data_home, as_frame, n_retries):
        assert (name, version, as_frame) == ("CIFAR_10", 1, False)
        assert data_home == nothing_at_hand / "cifar10"
        return SimpleNamespace(data=pixels, target=np.array(["3", "8", "8", "0"]))

    monkeypatch.setattr(image_data, "fetch_openml", fetch)
    monkeypatch.setattr(image_data, "CIFAR10", replace(image_data.CIFAR10, n_train=3))
    source, (X_train, X_test, y_train, y_test) = image_data.load_cifar10()
    assert source == "CIFAR-10, from OpenML"
    assert X_test.shape == (1, 32, 32, 3)
    expected = pixels[1].reshape(3, 32, 32)[:, 5, 7] / 255
    np.testing.assert_allclose(X_train[1, 5, 7], expected, rtol=1e-6)
    assert (y_train.tolist(), y_test.tolist()) == ([3, 8, 8], [0])


@pytest.mark.parametrize(
    ("load", "shape"),
    [(image_data.load_mnist, (28, 28, 1)), (image_data.load_cifar10, (32, 32, 3))],
)
def test_without_any_images_digits_stand_in_and_it_says_so(
    load, shape, nothing_at_hand, monkeypatch
):
    def fetch(*args, **kwargs):
        raise ConnectionError("no route")

    monkeypatch.setattr(image_data, "fetch_openml", fetch)
    source, (X_train, X_test, y_train, _) = load()
    assert "bundled with scikit-learn" in source
    assert "OpenML did not answer" in source
    assert X_train.shape[1:] == X_test.shape[1:] == shape
    assert (X_train.min(), X_train.max()) == (0, 1)
    assert set(y_train) == set(range(10))
    assert "it was not to be fetched" in load(may_fetch=False)[0]
