"""Feature columns: what the raw features of a table mean to a model.

raw.py          a table's values as tensors, and its different rows
inputs.py       the names and kinds of raw features, checked
encode.py       a table -> `Encoded`, arrays for an engine
base.py         what a column is; `ColumnSet`, an estimator's columns
numeric.py      numbers: real valued, standardised, in buckets, as a sparse matrix
categorical.py  categories by keys, file, hash or integer
vocabulary.py   categories learned from the data
derived.py      weighted, crossed and one-hot columns
embedded.py     embeddings, shared and scattered ones
infer.py        columns for data that comes without any

A column is declared once, as an immutable value; what it learns is in a copy. Its ``transform``
is written in TensorFlow operations and serves training, predicting and an exported model alike.
"""

from tflearnkit.columns.base import (
    Column,
    ColumnSet,
    DeepColumn,
    DenseColumn,
    Encoded,
    IdColumn,
    IdTensor,
    check_feature_columns,
)
from tflearnkit.columns.categorical import (
    sparse_column_with_hash_bucket,
    sparse_column_with_integerized_feature,
    sparse_column_with_keys,
    sparse_column_with_vocabulary_file,
)
from tflearnkit.columns.derived import (
    CrossedColumn,
    OneHotColumn,
    WeightedColumn,
    crossed_column,
    one_hot_column,
    weighted_sparse_column,
)
from tflearnkit.columns.embedded import (
    EmbeddingColumn,
    ScatteredEmbeddingColumn,
    embedding_column,
    scattered_embedding_column,
    shared_embedding_columns,
)
from tflearnkit.columns.infer import infer_feature_columns, infer_real_valued_columns_from_input
from tflearnkit.columns.numeric import (
    BucketizedColumn,
    RealValuedColumn,
    SparseNumericColumn,
    StandardizedColumn,
    bucketized_column,
    real_valued_column,
)
from tflearnkit.columns.vocabulary import VocabularyColumn

__all__ = [
    "BucketizedColumn",
    "Column",
    "ColumnSet",
    "CrossedColumn",
    "DeepColumn",
    "DenseColumn",
    "EmbeddingColumn",
    "Encoded",
    "IdColumn",
    "IdTensor",
    "OneHotColumn",
    "RealValuedColumn",
    "ScatteredEmbeddingColumn",
    "SparseNumericColumn",
    "StandardizedColumn",
    "VocabularyColumn",
    "WeightedColumn",
    "bucketized_column",
    "check_feature_columns",
    "crossed_column",
    "embedding_column",
    "infer_feature_columns",
    "infer_real_valued_columns_from_input",
    "one_hot_column",
    "real_valued_column",
    "scattered_embedding_column",
    "shared_embedding_columns",
    "sparse_column_with_hash_bucket",
    "sparse_column_with_integerized_feature",
    "sparse_column_with_keys",
    "sparse_column_with_vocabulary_file",
    "weighted_sparse_column",
]
