"""Feature columns: what the raw features of a table mean to a model.

raw.py          a table's values as tensors, and its different rows
inputs.py       the names and kinds of raw features, checked
encode.py       a table -> `Encoded`, arrays for an engine
base.py         what a column is; `ColumnSet`, an estimator's columns
numeric.py      numbers: real valued, in buckets
categorical.py  categories by hash or integer
keys.py         categories by keys or a vocabulary file
derived.py      weighted, crossed and one-hot columns
embedded.py     embeddings, shared ones
scattered.py    embeddings that are hashed
vocabulary.py   categories learned from the data
inferred_numeric.py  numbers standardised, and sparse matrices
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
    embedding_column,
    shared_embedding_columns,
)
from tflearnkit.columns.infer import infer_feature_columns, infer_real_valued_columns_from_input
from tflearnkit.columns.inferred_numeric import (
    CentredColumn,
    SparseNumericColumn,
    StandardizedColumn,
)
from tflearnkit.columns.keys import (
    sparse_column_with_keys,
    sparse_column_with_vocabulary_file,
)
from tflearnkit.columns.numeric import (
    BucketizedColumn,
    RealValuedColumn,
    bucketized_column,
    real_valued_column,
)
from tflearnkit.columns.scattered import ScatteredEmbeddingColumn, scattered_embedding_column
from tflearnkit.columns.vocabulary import VocabularyColumn

__all__ = [
    "BucketizedColumn",
    "CentredColumn",
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
