"""MNIST and CIFAR-10 by `learn.datasets`; else digits bundled with scikit-learn.

Images are floats from 0 to 1 of the shape [rows, height, width, channels], labels whole numbers.
"""

from __future__ import annotations

import numpy as np
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

import tflearnkit as learn

FEW = slice(1_000)


def load_mnist(small=False):
    """Return a sentence on what the images are, and ``X_train, X_test, y_train, y_test``.

    Where small, of each the first thousand rows, and nothing is fetched.
    """
    return _loaded("MNIST", learn.datasets.load_mnist, digits_as_mnist, small)


def load_cifar10(small=False):
    """Return the same for CIFAR-10, of 32 x 32 coloured pixels."""
    return _loaded("CIFAR-10", learn.datasets.load_cifar10, digits_as_cifar10, small)


def _loaded(title, load, from_digits, small):
    try:
        train, _, test = load(fetch=not small)
    except OSError as reason:
        error = str(reason).removesuffix(".")
        digits = load_digits()
        images = from_digits(np.float32(digits.images / 16))
        stand_in = train_test_split(images, digits.target, test_size=0.3, random_state=0)
        return f"digits, bundled with scikit-learn. {error}", stand_in
    rows = (train.data, test.data, train.target, test.target)
    return title, tuple(array[FEW] for array in rows) if small else rows


def enlarged(images, times):
    """Return images whose pixels are squares of ``times`` x ``times`` pixels."""
    return images.repeat(times, axis=1).repeat(times, axis=2)[..., None]


def digits_as_mnist(images):
    """Return images of 8 x 8 pixels at the size of MNIST, with a margin as there."""
    return np.pad(enlarged(images, 3), [(0, 0), (2, 2), (2, 2), (0, 0)])


def digits_as_cifar10(images):
    """Return images of 8 x 8 pixels at the size of CIFAR-10."""
    return enlarged(images, 4).repeat(3, axis=3)
