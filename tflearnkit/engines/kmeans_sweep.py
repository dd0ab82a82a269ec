"""A sweep over points, in blocks: which centre each is nearest to, and what they sum up to."""

from __future__ import annotations

from typing import NamedTuple

__all__ = ["Kind", "block_rows", "sweep_of"]

_BLOCK = 2**19  # numbers of a block's table of distances: 2 MB, which a cache holds


class Kind(NamedTuple):
    """What shapes a program.

    Attributes
    ----------
    cosine : bool
        Whether points and centres have unit length.
    sparse : bool
        Whether points have ids.
    weighted : bool
        Whether points count differently.
    double : bool
        Whether to compute in float64, for clusters that are small beside their distances.
    gathers : bool
        Whether mini-batches are gathered to passes.
    xla : bool
        Whether sweeps are compiled by XLA.
    """

    cosine: bool
    sparse: bool
    weighted: bool
    double: bool = False
    gathers: bool = False
    xla: bool = False


def block_rows(n_centres: int, n_ids: int) -> int:
    """Return how many points are looked at together; ``n_ids`` is the number that each has."""
    most = _BLOCK // (n_centres * (1 + n_ids))
    return max(64, min(16384, 1 << max(most, 1).bit_length() - 1))


def sweep_of(kind: Kind):
    """Return a function of points and centres that looks at some blocks of the points.

    It takes also the rows of a block, the number of the first one, and how far the next one is from
    it. It returns sums, counts and cost, float64.
    """
    import tensorflow as tf

    look = tf.function(_looker(kind), autograph=False, jit_compile=kind.xla or None)

    def sweep(points, centres, rows, first, apart):
        n_rows, n_dense = tf.unstack(tf.shape(points[0]))
        rows = tf.maximum(tf.minimum(rows, n_rows), 1)
        near = tf.cast(centres, tf.float64 if kind.double else tf.float32)
        half = tf.reduce_sum(near * near, 1) / 2
        if kind.cosine:
            half = tf.fill(tf.shape(half), tf.constant(0.5, half.dtype))
        places = near[:, :n_dense], tf.transpose(near[:, n_dense:]), half

        def look_at(i, *sums):
            # The last block begins early, to be as long as the others: the rows of it that were
            # looked at before count nothing.
            begin = tf.minimum(i * rows, n_rows - rows)
            block = [array[begin : begin + rows] for array in points]
            found = look(*block, i * rows - begin, *places)
            pairs = zip(sums, found, strict=True)
            return i + apart, *(total + tf.cast(one, tf.float64) for total, one in pairs)

        zeros = [tf.zeros_like(centres), tf.zeros([tf.shape(centres)[0]], tf.float64)]
        start = tf.convert_to_tensor(first), *zeros, tf.constant(0.0, tf.float64)
        n_blocks = (n_rows + rows - 1) // rows
        return tf.while_loop(lambda i, *_: i < n_blocks, look_at, start, parallel_iterations=1)[1:]

    return sweep


def _looker(kind: Kind):
    """Return a function of a block of points: sums and counts by cluster, and the cost.

    The cost of a point is half its squared distance without half its squared length, which moves
    no centre.
    """
    import tensorflow as tf

    def look(dense, ids, id_weights, weights, stale, near, table, half):
        n_centres, n_ids = tf.shape(near)[0], tf.shape(table)[0]
        dense = tf.cast(dense, half.dtype)
        costs = half - tf.matmul(dense, near, transpose_b=True)
        if kind.sparse:
            counts = tf.cast(id_weights, half.dtype)
            costs -= tf.reduce_sum(tf.gather(table, ids) * counts[..., None], 1)
        least = tf.reduce_min(costs, 1)
        fresh = tf.range(tf.shape(least)[0]) >= stale
        labels = tf.where(fresh, _labels(kind, costs, least), -1)  # which no sum takes in
        shares = tf.ones_like(least)
        if kind.weighted:
            shares = tf.cast(weights, half.dtype)
            dense, least = dense * shares[:, None], least * shares
        sums = tf.math.unsorted_segment_sum(dense, labels, n_centres)
        if kind.sparse:
            at = tf.where(fresh[:, None], labels[:, None] * n_ids + ids, -1)
            counts = tf.reshape(counts * shares[:, None], [-1])
            rest = tf.math.unsorted_segment_sum(counts, tf.reshape(at, [-1]), n_centres * n_ids)
            sums = tf.concat([sums, tf.reshape(rest, [n_centres, n_ids])], 1)
        total = tf.math.unsorted_segment_sum(shares, labels, n_centres)
        return sums, total, tf.reduce_sum(tf.where(fresh, least, tf.zeros_like(least)))

    return look


def _labels(kind: Kind, costs, least):
    """Return the number of the first centre that costs least."""
    import tensorflow as tf

    if not kind.xla or kind.sparse:  # a cost worked out anew may differ in its last bit
        return tf.argmin(costs, 1, output_type=tf.int32)
    # XLA makes one loop of these, which the processor's vectors run through in a sixth of the time
    # of its argmin. The products are kept and the difference to them is the same twice.
    n_centres = tf.shape(costs)[1]
    numbers = tf.cast(tf.range(n_centres), costs.dtype)
    first = tf.where(costs == least[:, None], numbers, tf.cast(n_centres, costs.dtype))
    return tf.cast(tf.reduce_min(first, 1), tf.int32)
