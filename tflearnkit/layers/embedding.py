"""Ids as vectors that are learned."""

from __future__ import annotations

import tensorflow as tf

from tflearnkit.layers.arguments import at_least_one
from tflearnkit.parts.base import coefficients
from tflearnkit.variables import get_variable, variable_scope

__all__ = ["bow_encoder", "embed_sequence", "safe_embedding_lookup_sparse"]


def embed_sequence(
    ids,
    vocab_size,
    embed_dim,
    initializer=None,
    regularizer=None,
    trainable=True,
    scope=None,
    reuse=None,
):
    """Turn each id into a vector of its own that is learned: words before an `lstm`.

    It makes the variable ``embeddings`` of shape ``[vocab_size, embed_dim]``.

    Parameters
    ----------
    ids : tensor of integers, of shape [batch, length] or any other
        From 0 to ``vocab_size - 1``.
    vocab_size, embed_dim : int
        Number of ids, and length of the vectors; at least 1.
    initializer : optional
        How the vectors begin, see `variables.get_variable`; by default Glorot's uniform
        distribution.
    regularizer : callable, optional
        A penalty that is added to the loss.
    trainable : bool, default=True
        False keeps the first vectors, such as those that an array as ``initializer`` gives.
    scope : str, optional
        What the variable's name begins with; by default ``EmbedSequence``, numbered.
    reuse : bool, optional
        True takes the variable that ``scope`` has from earlier in the call.

    Returns
    -------
    float tensor of the shape of ``ids`` and one more axis of ``embed_dim``

    Raises
    ------
    TypeError
        If ``ids`` holds no integers.
    ValueError
        If a size is below 1.

    Examples
    --------
    >>> from tflearnkit.variables import Call, VariableStore
    >>> with Call(VariableStore(), "train", 0, 0).running():
    ...     embed_sequence([[4, 7, 7]], vocab_size=10, embed_dim=2).shape
    TensorShape([1, 3, 2])
    """
    ids = _as_ids(ids)
    with variable_scope(scope, "EmbedSequence", reuse=reuse):
        table = _embeddings(vocab_size, embed_dim, initializer, regularizer, trainable)
    return tf.nn.embedding_lookup(table, ids)


def bow_encoder(
    ids,
    vocab_size,
    embed_dim,
    initializer=None,
    regularizer=None,
    trainable=True,
    scope=None,
    reuse=None,
):
    """Turn the ids of a row into the mean of their vectors: a bag of words, its order forgotten.

    It makes the variable ``embeddings`` of shape ``[vocab_size, embed_dim]``.

    Parameters
    ----------
    ids : tensor of integers of shape [batch, length], or tf.SparseTensor
        From 0 to ``vocab_size - 1``. Those below 0 are left out: pad with -1. A row with none left
        gives zeros.
    vocab_size, embed_dim, initializer, regularizer, trainable, reuse
        As for `embed_sequence`.
    scope : str, optional
        What the variable's name begins with; by default ``BowEncoder``, numbered.

    Returns
    -------
    float tensor of shape [batch, embed_dim]

    Raises
    ------
    TypeError
        If ``ids`` holds no integers.
    ValueError
        If a size is below 1, or ``ids`` has not two axes.

    Examples
    --------
    >>> from tflearnkit.variables import Call, VariableStore
    >>> with Call(VariableStore(), "train", 0, 0).running():
    ...     vectors = [[1.0], [4.0], [6.0]]
    ...     bow_encoder([[0, 1, 1], [2, -1, -1]], 3, 1, initializer=vectors).numpy().tolist()
    [[3.0], [6.0]]
    """
    ids = ids if isinstance(ids, tf.SparseTensor) else _as_ids(ids)
    if ids.shape.rank != 2:
        raise ValueError(
            f"ids should have two axes, [batch, length]. Got {ids.shape}: use tf.reshape."
        )
    with variable_scope(scope, "BowEncoder", reuse=reuse):
        table = _embeddings(vocab_size, embed_dim, initializer, regularizer, trainable)
    if isinstance(ids, tf.SparseTensor):
        return safe_embedding_lookup_sparse(table, ids)
    vectors = tf.nn.embedding_lookup(table, tf.maximum(ids, 0))
    return tf.reduce_sum(vectors * coefficients(ids, None, "mean")[..., None], 1)


def _as_ids(ids) -> tf.Tensor:
    ids = tf.convert_to_tensor(ids)
    if not ids.dtype.is_integer:
        raise TypeError(
            f"ids should be integers from 0 on. Got {ids.dtype.name}: use tf.cast(ids, tf.int64) "
            "for whole numbers, and feature columns for strings."
        )
    return ids


def _embeddings(vocab_size, embed_dim, initializer, regularizer, trainable) -> tf.Variable:
    shape = [at_least_one("vocab_size", vocab_size), at_least_one("embed_dim", embed_dim)]
    return get_variable("embeddings", shape, tf.float32, initializer, regularizer, trainable)


def safe_embedding_lookup_sparse(
    embedding_weights,
    sparse_ids: tf.SparseTensor,
    sparse_weights: tf.SparseTensor | None = None,
    combiner: str = "mean",
    default_id: int | None = None,
    max_norm: float | None = None,
) -> tf.Tensor:
    """Look up and combine the embeddings of each row's ids, whatever ids there are.

    Ids below 0 are left out, and with ``sparse_weights`` also those of a weight that is not above
    0. A row with no ids left gives zeros, or the embedding of ``default_id``.

    Parameters
    ----------
    embedding_weights : tensor of shape [size, dimension], or a list of them
        The embeddings. A list holds consecutive parts of one table ('div' partitioning).
    sparse_ids : tf.SparseTensor of integers, of rank 2 or more
        Along its last axis are the ids to combine.
    sparse_weights : tf.SparseTensor, optional
        What each id counts; of the same layout as ``sparse_ids``.
    combiner : {'mean', 'sum', 'sqrtn'}, default 'mean'
        Divide the (weighted) sum by the weights' sum, by nothing, or by the root of the sum of
        their squares.
    default_id : int, optional
        The id that rows without any have.
    max_norm : float, optional
        Longer embeddings are shortened to this length before they are combined.

    Returns
    -------
    tf.Tensor
        Of the shape of ``sparse_ids``, its last axis replaced by ``dimension``.

    Raises
    ------
    ValueError
        If the floats in ``embedding_weights`` and ``sparse_weights`` are of different dtypes, or
        there are no ``embedding_weights``.

    Examples
    --------
    >>> table = tf.constant([[1.0], [3.0]])
    >>> ids = tf.sparse.from_dense([[2, 1], [0, 0]])  # 0 is what is not there
    >>> ids = tf.SparseTensor(ids.indices, ids.values - 1, ids.dense_shape)
    >>> safe_embedding_lookup_sparse(table, ids).numpy().tolist()
    [[2.0], [0.0]]
    """
    parts = list(embedding_weights) if isinstance(embedding_weights, list | tuple) else None
    parts = [tf.convert_to_tensor(part) for part in parts or [embedding_weights]]
    floats = {part.dtype for part in parts}
    if sparse_weights is not None:
        floats.add(sparse_weights.dtype)
    if len(floats) > 1:
        raise ValueError(
            "embedding_weights and sparse_weights must have one dtype, got "
            f"{sorted(dtype.name for dtype in floats)}. Cast them to tf.float32."
        )
    counts = sparse_ids.values >= 0
    if sparse_weights is not None:
        counts &= sparse_weights.values > 0
        sparse_weights = tf.sparse.retain(sparse_weights, counts)
    return tf.nn.safe_embedding_lookup_sparse(
        parts,
        tf.sparse.retain(sparse_ids, counts),
        sparse_weights,
        combiner=combiner,
        default_id=default_id,
        max_norm=max_norm,
    )
