"""What stands in for the examples' images where a machine has none."""

import pytest

from examples import image_data


@pytest.mark.parametrize(
    ("load", "shape"),
    [(image_data.load_mnist, (28, 28, 1)), (image_data.load_cifar10, (32, 32, 3))],
)
def test_without_any_images_digits_stand_in_and_it_says_so(load, shape, tmp_path, monkeypatch):
    def fetch(*args, **kwargs):
        raise ConnectionError("no route")

    monkeypatch.delenv("TFLEARNKIT_DATA", raising=False)
    monkeypatch.setattr("tflearnkit.datasets.images.CACHE", tmp_path)
    monkeypatch.setattr("sklearn.datasets.fetch_openml", fetch)
    source, (X_train, X_test, y_train, _) = load()
    assert "bundled with scikit-learn" in source
    assert "OpenML did not answer" in source
    assert X_train.shape[1:] == X_test.shape[1:] == shape
    assert (X_train.min(), X_train.max()) == (0, 1)
    assert set(y_train) == set(range(10))
    assert "it was not to be fetched" in load(small=True)[0]
