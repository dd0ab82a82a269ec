"""Feature columns in model functions: what a network or a linear model makes of raw features."""

from __future__ import annotations

from collections.abc import Mapping

import tensorflow as tf

from tflearnkit.columns import (
    BucketizedColumn,
    DeepColumn,
    DenseColumn,
    OneHotColumn,
    ScatteredEmbeddingColumn,
)
from tflearnkit.columns.base import Column, check_feature_columns
from tflearnkit.columns.raw import as_id_values
from tflearnkit.columns.scattered import ScatteredIds
from tflearnkit.errors import did_you_mean, listing
from tflearnkit.initializers import zeros
from tflearnkit.layers.arguments import at_least_one
from tflearnkit.parts import Deep, EmbeddingBlock, IdBlock
from tflearnkit.parts.base import coefficients
from tflearnkit.variables import get_variable, variable_scope

__all__ = ["input_from_feature_columns", "weighted_sum_from_feature_columns"]


def input_from_feature_columns(
    columns_to_tensors, feature_columns, weight_collections=None, trainable=True, scope=None
):
    """Return what a network sees of raw features: numbers, one-hot ids and embeddings.

    Parameters
    ----------
    columns_to_tensors : dict of str to tensor
        The raw features, or one tensor for a column named ``''``. Strings are missing where they
        are ``''``, ids where they are -1.
    feature_columns : list of columns
        Numbers, buckets, and ids in `embedding_column`, `one_hot_column` or
        `scattered_embedding_column`. They lie side by side in the order of their sorted keys, not
        in that of the list.
    weight_collections : optional
        Ignored; for code of the old API.
    trainable : bool, default=True
        False keeps embeddings as they begin.
    scope : str, optional
        What the variables' names begin with, followed by ``<column>/weights``; by default
        ``input_from_feature_columns``, numbered. Below a scope ``dnn`` they have the names that
        `DNNClassifier` gives them.

    Returns
    -------
    float tensor of shape [batch, sum of the columns' widths]

    Raises
    ------
    ValueError
        For a column that a network does not take, one that learns from data, one whose feature is
        not there, and one that comes twice.

    Examples
    --------
    >>> from tflearnkit.columns import (
    ...     embedding_column, real_valued_column, sparse_column_with_hash_bucket)
    >>> from tflearnkit.variables import Call, VariableStore
    >>> city = sparse_column_with_hash_bucket("city", 100)
    >>> columns = [real_valued_column("age"), embedding_column(city, dimension=3)]
    >>> features = {"age": tf.constant([41.0, 7.0]), "city": tf.constant(["Rome", "Oslo"])}
    >>> with Call(VariableStore(), "train", 0, 0).running():
    ...     input_from_feature_columns(features, columns).shape
    TensorShape([2, 4])
    """
    features, columns = _checked(columns_to_tensors, feature_columns)
    tables: dict[str, dict] = {}  # columns of a shared embedding have one
    with variable_scope(scope, "input_from_feature_columns"):
        return tf.concat([_seen(c, features, tables, trainable) for c in columns], axis=1)


def weighted_sum_from_feature_columns(
    columns_to_tensors,
    feature_columns,
    num_outputs,
    weight_collections=None,
    trainable=True,
    scope=None,
):
    """Return the scores of a linear model of raw features: a weight for each number and each id.

    Parameters
    ----------
    columns_to_tensors : dict of str to tensor
        The raw features, or one tensor for a column named ``''``.
    feature_columns : list of columns
        Numbers, and ids of any kind.
    num_outputs : int
        Scores per row, at least 1.
    weight_collections : optional
        Ignored; for code of the old API.
    trainable : bool, default=True
        False keeps the weights as they begin, which is 0.
    scope : str, optional
        What the variables' names begin with, followed by ``<column>/weight`` for numbers,
        ``<column>/weights`` for ids and ``bias_weight``; by default
        ``weighted_sum_from_feature_columns``, numbered. With ``linear`` they have the names that
        `LinearClassifier` gives them.

    Returns
    -------
    logits : float tensor of shape [batch, num_outputs]
    variables : dict of column to list of tf.Variable
    bias : tf.Variable of shape [num_outputs]

    Raises
    ------
    ValueError
        For a column that a linear model does not take, one that learns from data, one whose
        feature is not there, and one that comes twice.

    Examples
    --------
    >>> from tflearnkit.columns import real_valued_column, sparse_column_with_hash_bucket
    >>> from tflearnkit.variables import Call, VariableStore
    >>> columns = [real_valued_column("age"), sparse_column_with_hash_bucket("city", 100)]
    >>> features = {"age": tf.constant([41.0, 7.0]), "city": tf.constant(["Rome", "Oslo"])}
    >>> with Call(VariableStore(), "train", 0, 0).running():
    ...     logits, variables, bias = weighted_sum_from_feature_columns(features, columns, 1)
    >>> logits.numpy().tolist(), variables[columns[1]][0].shape
    ([[0.0], [0.0]], TensorShape([100, 1]))
    """
    features, columns = _checked(columns_to_tensors, feature_columns)
    num_outputs = at_least_one("num_outputs", num_outputs)
    variables, scores = {}, []
    with variable_scope(scope, "weighted_sum_from_feature_columns"):
        for column in columns:
            weights, score = _weighed(column, features, num_outputs, trainable)
            variables[column] = [weights]
            scores.append(score)
        bias = get_variable("bias_weight", [num_outputs], initializer=zeros, trainable=trainable)
    return tf.add_n(scores) + bias, variables, bias


def _checked(features, columns) -> tuple[Mapping, list]:
    """Return the features by name, and the columns in the order of their keys."""
    features = features if isinstance(features, Mapping) else {"": features}
    columns = sorted(check_feature_columns(columns), key=lambda column: column.key)
    for column in columns:
        source = column.source if isinstance(column, DeepColumn) else column
        if type(source).learn is not Column.learn:
            raise ValueError(
                f"feature_columns of a model function should be declared. Got {column!r}, which "
                "learns from data: use real_valued_column, sparse_column_with_keys, ..."
            )
        for name in source.sources:
            if name not in features:
                raise ValueError(
                    f"Column {column.name!r} expects a feature {name!r}. There are: "
                    f"{listing(features)}.{did_you_mean(name, features)}"
                )
    return features, columns


def _weighed(column, features: Mapping, num_outputs: int, trainable: bool) -> tuple:
    """Return the weights of a column, and what it adds to the scores."""
    if isinstance(column, DeepColumn):
        raise ValueError(
            f"Error creating weighted sum for column: {column.name}. A linear model takes numbers "
            f"and ids, not {type(column).__name__}. Pass its source column."
        )
    if isinstance(column, DenseColumn):
        shape = [column.width, num_outputs]
        weights = get_variable(
            f"{column.name}/weight", shape, initializer=zeros, trainable=trainable
        )
        return weights, tf.matmul(column.transform(features), weights)
    shape = [column.size, num_outputs]
    weights = get_variable(f"{column.name}/weights", shape, initializer=zeros, trainable=trainable)
    ids, id_weights = column.transform(features)
    rows = tf.gather(weights, tf.maximum(ids, 0))
    counts = coefficients(ids, id_weights, column.combiner)
    return weights, tf.reduce_sum(rows * counts[..., None], axis=1)


def _seen(column, features: Mapping, tables: dict, trainable: bool) -> tf.Tensor:
    """Return the floats that a network sees of a column."""
    if isinstance(column, DenseColumn):
        return column.transform(features)
    if not isinstance(column, DeepColumn | BucketizedColumn):
        raise ValueError(
            f"Error creating input layer for column: {column.name}. A network takes numbers; wrap "
            "ids in embedding_column or one_hot_column."
        )
    source = column.source if isinstance(column, DeepColumn) else column
    encoded = _encoded(source, features)
    part = _part(column, IdBlock(source.name, 0, source.size, source.combiner))
    for storage in part.storages[: len(part.embeddings)]:
        if storage.name not in tables:
            tables[storage.name] = get_variable(
                storage.name,
                storage.shape,
                initializer=storage.initial,
                trainable=trainable and storage.trainable,
            )
    return part.input_layer(tables, encoded, (encoded["ids"].shape[1],))


def _encoded(source, features: Mapping) -> dict:
    """Return the ids of a column, and what they weigh if they do, as parts see them."""
    found = source.transform(features)
    encoded = {"ids": tf.cast(found.ids, tf.int32)}
    if isinstance(source, ScatteredIds):  # in a graph their number is lost on the way
        values = as_id_values(features[source.name]).shape[1]
        width = None if values is None else values * source.dimension
        encoded["ids"] = tf.ensure_shape(encoded["ids"], [None, width])
    if found.weights is not None:
        encoded["id_weights"] = found.weights
    return encoded


def _part(column, ids: IdBlock) -> Deep:
    """Return a network without layers that sees one column alone."""
    if isinstance(column, OneHotColumn | BucketizedColumn):
        return Deep((), (ids,), (), (), 0)
    if isinstance(column, ScatteredEmbeddingColumn):
        block = EmbeddingBlock(
            column.name,
            ids,
            f"{column.name}/weights",
            (column.size,),
            column.dimension,
            column.combiner,
            hashed=True,
            initializer=column.initializer,
        )
    else:
        block = EmbeddingBlock(
            column.name,
            ids,
            f"{column.table_name}/weights",
            (ids.size, column.dimension),
            column.dimension,
            column.combiner,
            column.max_norm,
            column.trainable,
            initializer=column.initializer,
        )
    return Deep((), (), (block,), (), 0)
