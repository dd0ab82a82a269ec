"""MNIST and CIFAR-10: from a folder, a cache or OpenML; else digits bundled with scikit-learn.

Images are floats from 0 to 1 of the shape [rows, height, width, channels], labels whole numbers.
"""

from __future__ import annotations

import gzip
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from sklearn.datasets import fetch_openml, load_digits
from sklearn.model_selection import train_test_split

CACHE = Path.home() / ".cache" / "tflearnkit"


@dataclass(frozen=True)
class ImageSet:
    """A set of images, and where it may be.

    Attributes
    ----------
    title, name : str
        The name of the set, and that of its folder.
    a_file : str
        A pattern of what is in the folder.
    from_folder : callable
        Folder -> images to learn from, images to test on, and the labels of both.
    openml_name : str
    n_train : int
        How many of OpenML's rows, which come first, are to learn from.
    from_rows : callable
        Rows of OpenML -> images.
    from_digits : callable
        Images of 8 x 8 pixels -> images as large as those of the set.
    """

    title: str
    name: str
    a_file: str
    from_folder: Callable
    openml_name: str
    n_train: int
    from_rows: Callable
    from_digits: Callable

    def load(self, may_fetch):
        """Return a sentence on where the images come from, and the images."""
        root = os.environ.get("TFLEARNKIT_DATA")
        if root and any((Path(root) / self.name).glob(self.a_file)):
            return f"{self.title}, from TFLEARNKIT_DATA", self.from_folder(Path(root) / self.name)
        cache = CACHE / self.name
        cached = cache.exists()
        where = cache if cached else "OpenML"
        why = "it was not to be fetched"
        if cached or may_fetch:
            try:
                return f"{self.title}, from {where}", self.from_openml(cache)
            except OSError as error:
                why = f"OpenML did not answer ({type(error).__name__})"
        stand_in = f"digits, bundled with scikit-learn; {self.title} is not on this machine"
        return f"{stand_in} and {why}", self.from_scikit_learn()

    def from_openml(self, cache):
        """Return the set from the cache, which OpenML fills the first time."""
        fetched = fetch_openml(
            self.openml_name, version=1, data_home=cache, as_frame=False, n_retries=1
        )
        images = self.from_rows(fetched.data.astype(np.uint8))
        labels = fetched.target.astype(np.int64)
        cut = self.n_train
        return images[:cut], images[cut:], labels[:cut], labels[cut:]

    def from_scikit_learn(self):
        """Return small digits made large, for a machine that reaches none of the others."""
        digits = load_digits()
        images = self.from_digits(np.float32(digits.images / 16))
        return train_test_split(images, digits.target, test_size=0.3, random_state=0)


def load_mnist(may_fetch=True):
    """Return a sentence on where the data come from, and ``X_train, X_test, y_train, y_test``.

    The images have 28 x 28 grey pixels; TFLEARNKIT_DATA names a folder with the four files of
    MNIST, as they were published, in ``mnist``.
    """
    return MNIST.load(may_fetch)


def load_cifar10(may_fetch=True):
    """Return the same for CIFAR-10, of 32 x 32 coloured pixels.

    TFLEARNKIT_DATA names a folder with files of the binary version in ``cifar10``, packed by gzip
    or not: those that begin with ``test_batch`` are to test on, all others to learn from.
    """
    return CIFAR10.load(may_fetch)


def mnist_from_folder(folder):
    """Read the files in the form in which MNIST was published."""
    X_train, X_test = (
        grey(read_idx(folder / f"{part}-images-idx3-ubyte.gz")) for part in ("train", "t10k")
    )
    y_train, y_test = (
        read_idx(folder / f"{part}-labels-idx1-ubyte.gz").astype(np.int64)
        for part in ("train", "t10k")
    )
    return X_train, X_test, y_train, y_test


def cifar10_from_folder(folder):
    """Read files of the binary version of CIFAR-10."""
    test = set(folder.glob("test_batch*.bin*"))
    X_train, y_train = read_cifar(sorted(set(folder.glob("*.bin*")) - test))
    X_test, y_test = read_cifar(sorted(test))
    return X_train, X_test, y_train, y_test


def read_idx(path):
    """Read an array of bytes in the form of MNIST's files."""
    content = gzip.decompress(path.read_bytes())
    n_axes = content[3]
    shape = np.frombuffer(content, ">u4", count=n_axes, offset=4)
    return np.frombuffer(content, np.uint8, offset=4 + 4 * n_axes).reshape(shape)


def read_cifar(paths):
    """Read images and labels: rows of a byte for the label, then the image plane by plane."""
    contents = (path.read_bytes() for path in paths)
    packed = b"\x1f\x8b"  # what a file of gzip begins with
    bare = [gzip.decompress(one) if one.startswith(packed) else one for one in contents]
    rows = np.frombuffer(b"".join(bare), np.uint8).reshape(-1, 1 + 3 * 32 * 32)
    return coloured(rows[:, 1:]), rows[:, 0].astype(np.int64)


def grey(bytes_):
    """Return rows of bytes as images of 28 x 28 pixels."""
    return np.float32(bytes_.reshape(-1, 28, 28, 1)) / 255


def coloured(bytes_):
    """Return rows of bytes, plane by plane, as images of 32 x 32 pixels."""
    planes = bytes_.reshape(-1, 3, 32, 32)
    return np.ascontiguousarray(planes.transpose(0, 2, 3, 1), np.float32) / 255


def enlarged(images, times):
    """Return images whose pixels are squares of ``times`` x ``times`` pixels."""
    return images.repeat(times, axis=1).repeat(times, axis=2)[..., None]


def digits_as_mnist(images):
    """Return images of 8 x 8 pixels at the size of MNIST, with a margin as there."""
    return np.pad(enlarged(images, 3), [(0, 0), (2, 2), (2, 2), (0, 0)])


def digits_as_cifar10(images):
    """Return images of 8 x 8 pixels at the size of CIFAR-10."""
    return enlarged(images, 4).repeat(3, axis=3)


MNIST = ImageSet(
    title="MNIST",
    name="mnist",
    a_file="t10k-labels-idx1-ubyte.gz",
    from_folder=mnist_from_folder,
    openml_name="mnist_784",
    n_train=60_000,
    from_rows=grey,
    from_digits=digits_as_mnist,
)
CIFAR10 = ImageSet(
    title="CIFAR-10",
    name="cifar10",
    a_file="test_batch*",
    from_folder=cifar10_from_folder,
    openml_name="CIFAR_10",
    n_train=50_000,
    from_rows=coloured,
    from_digits=digits_as_cifar10,
)
