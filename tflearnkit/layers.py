"""Building blocks of model functions."""

from __future__ import annotations

import tensorflow as tf

__all__ = ["safe_embedding_lookup_sparse"]


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
