"""Data sets: bundled with scikit-learn, in a local folder, fetched from OpenML, or made up.

What is bundled is always there. The census and images are looked for in the folder that the
environment variable ``TFLEARNKIT_DATA`` names, then in a cache, which OpenML fills the first time.

Loaders return a `Dataset` ``(data, target)``, or `Datasets` ``(train, validation, test)`` of such.
``load_boston`` of TF.Learn is gone, for what one of its columns is: `load_california_housing` and
`load_diabetes` take its place.
"""

from tflearnkit.datasets.base import Dataset, Datasets
from tflearnkit.datasets.bundled import (
    load_california_housing,
    load_diabetes,
    load_digits,
    load_iris,
)
from tflearnkit.datasets.census import load_census
from tflearnkit.datasets.csv_tables import (
    load_csv,
    load_csv_with_header,
    load_csv_without_header,
    shrink_csv,
)
from tflearnkit.datasets.images import load_cifar10, load_mnist
from tflearnkit.datasets.synthetic import circles, make_dataset, spirals

__all__ = [
    "Dataset",
    "Datasets",
    "circles",
    "load_california_housing",
    "load_census",
    "load_cifar10",
    "load_csv",
    "load_csv_with_header",
    "load_csv_without_header",
    "load_diabetes",
    "load_digits",
    "load_iris",
    "load_mnist",
    "make_dataset",
    "shrink_csv",
    "spirals",
]
