"""MNIST and CIFAR-10: from a local folder, a cache or OpenML."""

from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np

from tflearnkit.datasets.base import Dataset, Datasets
from tflearnkit.datasets.folders import CACHE, check_as_published, from_openml, local_folder

__all__ = ["load_cifar10", "load_mnist"]

_MNIST_SUMS = {
    "train-images-idx3-ubyte.gz": "f68b3c2dcbeaaa9fbdd348bbdeb94873",
    "train-labels-idx1-ubyte.gz": "d53e105ee54ea40749a09fcbcd1e9432",
    "t10k-images-idx3-ubyte.gz": "9fb629c4189551a2d022fa330f9573f3",
    "t10k-labels-idx1-ubyte.gz": "ec29112dd5afa0611ce80d1b7f02629c",
}


def load_mnist(folder: str | Path | None = None, fetch: bool = True) -> Datasets:
    """Return MNIST: 60,000 and 10,000 handwritten digits of 28 x 28 pixels.

    Parameters
    ----------
    folder : path, optional
        Has the four ``.gz`` files as they were published; by default ``mnist`` in the folder that
        ``TFLEARNKIT_DATA`` names.
    fetch : bool, default=True
        Whether it may be fetched from OpenML, once; the cache is ``~/.cache/tflearnkit``.

    Returns
    -------
    Datasets
        Of float32 images ``(n, 28, 28, 1)`` from 0 to 1, and int64 digits; ``validation`` is None.

    Raises
    ------
    OSError
        If it is nowhere.

    References
    ----------
    .. [1] Y. LeCun, L. Bottou, Y. Bengio, P. Haffner, "Gradient-based learning applied to document
       recognition", Proceedings of the IEEE 86, 1998.

    Examples
    --------
    >>> load_mnist("nowhere")
    Traceback (most recent call last):
    ...
    FileNotFoundError: ...
    """
    folder = local_folder("mnist") if folder is None else Path(folder)
    if folder is None:
        found = from_openml("MNIST", "mnist_784", 1, CACHE / "mnist", fetch, as_frame=False)
        return _cut(_grey(found.data.astype(np.uint8)), found.target, 60_000)
    check_as_published({folder / name: md5 for name, md5 in _MNIST_SUMS.items()})
    return Datasets(_digits(folder, "train"), None, _digits(folder, "t10k"))


def load_cifar10(folder: str | Path | None = None, fetch: bool = True) -> Datasets:
    """Return CIFAR-10: 50,000 and 10,000 coloured pictures of 32 x 32 pixels, of ten kinds.

    Parameters
    ----------
    folder : path, optional
        Has files of the binary version, packed by gzip or not: those that begin with
        ``test_batch`` are to test on, all others to learn from. By default ``cifar10`` in the
        folder that ``TFLEARNKIT_DATA`` names.
    fetch : bool, default=True
        Whether it may be fetched from OpenML, once; the cache is ``~/.cache/tflearnkit``.

    Returns
    -------
    Datasets
        Of float32 images ``(n, 32, 32, 3)`` from 0 to 1, and int64 labels; ``validation`` is None.

    Raises
    ------
    OSError
        If it is nowhere.

    References
    ----------
    .. [1] A. Krizhevsky, "Learning multiple layers of features from tiny images", 2009.

    Examples
    --------
    >>> load_cifar10("nowhere")
    Traceback (most recent call last):
    ...
    FileNotFoundError: nowhere should have files of CIFAR-10, test_batch*.bin and others. ...
    """
    folder = local_folder("cifar10") if folder is None else Path(folder)
    if folder is None:
        found = from_openml("CIFAR-10", "CIFAR_10", 1, CACHE / "cifar10", fetch, as_frame=False)
        return _cut(_coloured(found.data.astype(np.uint8)), found.target, 50_000)
    test = set(folder.glob("test_batch*.bin*"))
    train = set(folder.glob("*.bin*")) - test
    if not (test and train):
        raise FileNotFoundError(
            f"{folder} should have files of CIFAR-10, test_batch*.bin and others. Got "
            f"{len(test)} and {len(train)} of them: unpack the binary version there."
        )
    return Datasets(_pictures(sorted(train)), None, _pictures(sorted(test)))


def _cut(images: np.ndarray, labels, n_train: int) -> Datasets:
    """Part OpenML's rows, of which those to learn from come first."""
    labels = labels.astype(np.int64)
    train = Dataset(images[:n_train], labels[:n_train])
    return Datasets(train, None, Dataset(images[n_train:], labels[n_train:]))


def _digits(folder: Path, part: str) -> Dataset:
    images = _grey(_idx_array(folder / f"{part}-images-idx3-ubyte.gz"))
    return Dataset(images, _idx_array(folder / f"{part}-labels-idx1-ubyte.gz").astype(np.int64))


def _idx_array(path: Path) -> np.ndarray:
    """Read an array of bytes in the form of MNIST's files."""
    content = gzip.decompress(path.read_bytes())
    n_axes = content[3]
    shape = np.frombuffer(content, ">u4", count=n_axes, offset=4)
    return np.frombuffer(content, np.uint8, offset=4 + 4 * n_axes).reshape(shape)


def _pictures(paths: list[Path]) -> Dataset:
    """Read rows of a byte for the label, then the image plane by plane."""
    contents = (path.read_bytes() for path in paths)
    packed = b"\x1f\x8b"  # what a file of gzip begins with
    bare = [gzip.decompress(one) if one.startswith(packed) else one for one in contents]
    rows = np.frombuffer(b"".join(bare), np.uint8).reshape(-1, 1 + 3 * 32 * 32)
    return Dataset(_coloured(rows[:, 1:]), rows[:, 0].astype(np.int64))


def _grey(pixels: np.ndarray) -> np.ndarray:
    return np.float32(pixels.reshape(-1, 28, 28, 1)) / 255


def _coloured(pixels: np.ndarray) -> np.ndarray:
    planes = pixels.reshape(-1, 3, 32, 32)
    return np.ascontiguousarray(planes.transpose(0, 2, 3, 1), np.float32) / 255
