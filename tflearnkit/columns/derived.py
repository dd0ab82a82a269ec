"""Columns made of other columns: weighted, crossed, one-hot, embedded."""

from __future__ import annotations

from dataclasses import dataclass

import tensorflow as tf

from tflearnkit.columns.base import DeepColumn, IdColumn, IdTensor
from tflearnkit.columns.categorical import CategoricalColumn, check_combiner, check_size
from tflearnkit.columns.numeric import BucketizedColumn
from tflearnkit.columns.raw import is_given

__all__ = [
    "CrossedColumn",
    "OneHotColumn",
    "WeightedColumn",
    "crossed_column",
    "one_hot_column",
    "weighted_sparse_column",
]


@dataclass(frozen=True)
class WeightedColumn(IdColumn):
    """An id column whose ids count by a weight; made by `weighted_sparse_column`.

    Examples
    --------
    >>> from tflearnkit.columns import sparse_column_with_keys
    >>> weighted_sparse_column(sparse_column_with_keys("word", ["a", "b"]), "count").sources
    ('word', 'count')
    """

    sparse_id_column: IdColumn
    weight_column_name: str

    @property
    def name(self) -> str:
        return f"{self.sparse_id_column.name}_weighted_by_{self.weight_column_name}"

    @property
    def inputs(self) -> dict[str, str]:
        return {**self.sparse_id_column.inputs, self.weight_column_name: "weights"}

    @property
    def size(self) -> int:
        return self.sparse_id_column.size

    @property
    def combiner(self) -> str:
        return self.sparse_id_column.combiner

    @property
    def lookup_tables(self) -> tuple:
        return self.sparse_id_column.lookup_tables

    def transform(self, features) -> IdTensor:
        ids = self.sparse_id_column.transform(features).ids
        weights = tf.cast(features[self.weight_column_name], tf.float32)
        weights = weights[:, None] if weights.shape.rank == 1 else weights
        longest = tf.maximum(tf.shape(ids)[1], tf.shape(weights)[1])
        ids = tf.pad(ids, [[0, 0], [0, longest - tf.shape(ids)[1]]], constant_values=-1)
        weights = tf.pad(weights, [[0, 0], [0, longest - tf.shape(weights)[1]]])
        counts = (ids >= 0) & (weights > 0)  # NaN is not above 0 either
        return IdTensor(tf.where(counts, ids, -1), tf.where(counts, weights, 0.0))


def weighted_sparse_column(
    sparse_id_column: IdColumn, weight_column_name: str, dtype=tf.float32
) -> WeightedColumn:
    """Declare categories that count by a number of their own, such as words by their frequency.

    Parameters
    ----------
    sparse_id_column : IdColumn
        The categories; made by one of the ``sparse_column_with_...`` functions.
    weight_column_name : str
        Name of the raw feature with the weights, one for each value of the categories, in the same
        places. A value whose weight is 0, negative or missing is left out.
    dtype : numeric dtype, default tf.float32
        What kind of numbers the weights are.

    Raises
    ------
    TypeError
        If ``sparse_id_column`` is no column of categories.
    ValueError
        If ``dtype`` is not numeric.

    Examples
    --------
    >>> from tflearnkit.columns import sparse_column_with_keys
    >>> words = weighted_sparse_column(sparse_column_with_keys("word", ["a", "b"]), "count")
    >>> found = words.transform({"word": [["b", "a"]], "count": [[3.0, 0.0]]})
    >>> found.ids.numpy().tolist(), found.weights.numpy().tolist()
    ([[1, -1]], [[3.0, 0.0]])
    """
    if not isinstance(sparse_id_column, CategoricalColumn):
        raise TypeError(
            f"sparse_id_column must be made by a sparse_column_with_... function, got "
            f"{sparse_id_column!r}. Only categories can be weighted."
        )
    dtype = tf.as_dtype(dtype)
    if not (dtype.is_integer or dtype.is_floating):
        raise ValueError(
            f"dtype is not convertible to float: {dtype.name} for weights "
            f"{weight_column_name!r}. Use an integer or float dtype."
        )
    return WeightedColumn(sparse_id_column, weight_column_name)


@dataclass(frozen=True)
class CrossedColumn(IdColumn):
    """Combinations of the values of several columns, hashed; made by `crossed_column`.

    Examples
    --------
    >>> from tflearnkit.columns import sparse_column_with_hash_bucket
    >>> a, b = (sparse_column_with_hash_bucket(name, 10) for name in "ab")
    >>> crossed_column([a, b], hash_bucket_size=100).sources
    ('a', 'b')
    """

    columns: tuple[IdColumn, ...]
    size: int
    combiner: str = "sum"
    hash_key: int | None = None

    @property
    def name(self) -> str:
        return "_X_".join(column.name for column in self.columns)

    @property
    def inputs(self) -> dict[str, str]:
        return {name: kind for column in self.columns for name, kind in column.inputs.items()}

    def transform(self, features) -> IdTensor:
        crossed = tf.sparse.cross_hashed(
            [_without_missing(column.cross_values(features)) for column in self.columns],
            num_buckets=self.size,
            hash_key=self.hash_key,
        )
        return IdTensor(tf.sparse.to_dense(crossed, default_value=-1))


def _without_missing(values: tf.Tensor) -> tf.SparseTensor:
    where = tf.where(is_given(values))
    shape = tf.shape(values, out_type=tf.int64)
    return tf.SparseTensor(where, tf.gather_nd(values, where), shape)


def crossed_column(
    columns, hash_bucket_size: int, combiner: str = "sum", hash_key: int | None = None
) -> CrossedColumn:
    """Declare the combinations of several columns' values, such as age group x education.

    A linear model adds up what each column says on its own; a cross lets it know combinations.
    They are hashed into ``hash_bucket_size`` ids. The raw values are crossed: keys, hash sizes and
    defaults of the crossed columns do not matter, and values unknown to them count too. With
    several values in a row, each combines with each. Where one of the columns is missing there is
    no combination.

    Parameters
    ----------
    columns : list or tuple of columns
        At least two, made by ``sparse_column_with_...``, `bucketized_column` or `crossed_column`
        (whose own columns then take part).
    hash_bucket_size : int
        Number of ids, at least 2.
    combiner : {'sum', 'mean', 'sqrtn'}, default 'sum'
        How a linear model puts the weights of several combinations of a row together.
    hash_key : int, optional
        Another key gives other collisions.

    Raises
    ------
    TypeError
        If one of ``columns`` is of another kind.
    ValueError
        If there are fewer than two columns, or ``hash_bucket_size`` is below 2.

    Examples
    --------
    >>> from tflearnkit.columns import sparse_column_with_hash_bucket
    >>> city = sparse_column_with_hash_bucket("city", 100)
    >>> job = sparse_column_with_hash_bucket("job", 100)
    >>> cross = crossed_column([job, city], hash_bucket_size=1000)
    >>> cross.name
    'city_X_job'
    >>> cross.transform({"city": ["Rome", "Rome"], "job": ["cook", ""]}).ids.numpy().shape
    (2, 1)
    """
    leaves = []
    for column in columns:
        if isinstance(column, CrossedColumn):
            leaves.extend(column.columns)
        elif isinstance(column, CategoricalColumn | BucketizedColumn):
            leaves.append(column)
        else:
            raise TypeError(
                "columns must be made by sparse_column_with_..., bucketized_column or "
                f"crossed_column, got {column!r}. Put numbers into buckets first."
            )
    if len(columns) < 2:
        raise ValueError(f"columns must have at least 2 elements, got {len(columns)}. Add one.")
    size = check_size("hash_bucket_size", hash_bucket_size, least=2)
    leaves = tuple(sorted(leaves, key=lambda column: column.name))
    return CrossedColumn(leaves, size, check_combiner(combiner), hash_key)


@dataclass(frozen=True)
class OneHotColumn(DeepColumn):
    """An id column as a vector of counts (or weights), one per id; see `one_hot_column`.

    Examples
    --------
    >>> from tflearnkit.columns import sparse_column_with_keys
    >>> one_hot_column(sparse_column_with_keys("city", ["Oslo", "Rome"])).width
    2
    """

    source: IdColumn

    @property
    def name(self) -> str:
        return f"{self.source.name}_one_hot"

    @property
    def width(self) -> int:
        return self.source.size


def one_hot_column(sparse_id_column: IdColumn) -> OneHotColumn:
    """Declare categories that a network sees as one input per category.

    Choose it for few categories (up to some dozens); for more, `embedding_column` is smaller and
    usually better. Several values in a row are counted, weighted ones give the sums of their
    weights, unknown values give zeros.

    Parameters
    ----------
    sparse_id_column : IdColumn
        Any column of ids.

    Examples
    --------
    >>> from tflearnkit.columns import sparse_column_with_keys
    >>> column = one_hot_column(sparse_column_with_keys("city", ["Oslo", "Rome"]))
    >>> column.name, column.width
    ('city_one_hot', 2)
    """
    return OneHotColumn(check_id_column(sparse_id_column))


def check_id_column(column) -> IdColumn:
    """Return ``column`` if it gives ids."""
    if not isinstance(column, IdColumn):
        raise TypeError(
            f"Expected a column of ids, got {column!r}. Use one made by sparse_column_with_..., "
            "weighted_sparse_column, bucketized_column or crossed_column."
        )
    return column
