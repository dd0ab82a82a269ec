"""Compiled k-means: sweeps over points in blocks, passes of Lloyd's, steps on mini-batches.

A program owns no variables and knows no sizes, so that all fits of a kind share one; what XLA
compiles for a size it keeps.
"""

from __future__ import annotations

from typing import NamedTuple

from tflearnkit.engines.base import shared

__all__ = ["TIGHT", "Kind", "batches", "block_rows", "lloyd"]

TIGHT = 1e-4  # of the mean squared length: below it float32 has no digits left for distances
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


def lloyd(kind: Kind):
    """Return the program of Lloyd's passes.

    It takes points (dense, ids, id weights, weights), what their squared lengths sum up to,
    centres, the loss before (-1 for none), the tolerance, whether an empty cluster ends it, the
    number of passes at most, and the rows of a block. It returns centres, what the points of each
    weigh, the losses, how many passes were made, and whether it has converged, and whether it
    stopped for want of digits before a pass that float64 should make.
    """
    return shared(("k-means", "lloyd", kind), lambda: _lloyd(kind))


def batches(kind: Kind):
    """Return the program of mini-batch steps.

    It takes the points of a chunk, centres, counts, the same of the pass being gathered, the first
    step and the one to stop before, of how many steps a pass is gathered, the number of the first
    step, and the rows of a block. It returns both centres and counts, and the losses.
    """
    return shared(("k-means", "batches", kind), lambda: _batches(kind))


def _lloyd(kind: Kind):
    import tensorflow as tf

    scalar = tf.TensorSpec([], tf.float64)

    @tf.function(
        autograph=False,
        input_signature=[
            *_point_specs([None]), scalar, _centre_spec(), scalar, scalar,
            tf.TensorSpec([], tf.bool), *[tf.TensorSpec([], tf.int32)] * 2,
        ],
    )  # fmt: skip
    def program(
        dense, ids, id_weights, weights, lengths, centres, before, tolerance, fills, most, rows
    ):
        points = dense, ids, id_weights, weights
        sweep = _sweep(kind)

        def one_pass(made, centres, _, losses, before, *__):
            sums, counts, cost = sweep(points, centres, rows)
            loss = _loss(kind, lengths, cost)
            blurred = tf.constant(False)
            if not kind.double:
                blurred = loss < TIGHT * _loss(kind, lengths, 0.0)
            moved = _placed(kind, tf.math.divide_no_nan(sums, counts[:, None]), counts, centres)
            converged = (before >= 0) & (before - loss <= tolerance * before) & ~blurred
            centres = tf.where(blurred, centres, moved)
            losses = losses.write(made, loss)
            made += tf.cast(~blurred, tf.int32)
            return made, centres, counts, losses, loss, converged, blurred

        def goes_on(made, _, counts, __, ___, converged, blurred):
            empty = fills & tf.reduce_any(counts <= 0)
            return (made < most) & ~converged & ~blurred & ~empty

        start = (
            tf.constant(0), centres, tf.ones([tf.shape(centres)[0]], tf.float64),
            tf.TensorArray(tf.float64, most + 1), before, tf.constant(False), tf.constant(False),
        )  # fmt: skip
        made, centres, counts, losses, _, converged, blurred = tf.while_loop(
            goes_on, one_pass, start, parallel_iterations=1
        )
        return centres, counts, losses.stack()[:made], converged, blurred

    return program


def _batches(kind: Kind):
    import tensorflow as tf

    number = tf.TensorSpec([], tf.int32)
    counts_spec = tf.TensorSpec([None], tf.float64)

    @tf.function(
        autograph=False,
        input_signature=[
            *_point_specs([None, None]), *[_centre_spec(), counts_spec] * 2, *[number] * 5,
        ],
    )  # fmt: skip
    def program(
        dense, ids, id_weights, weights,
        centres, counts, gathered, gathered_counts, first, stop, per_pass, step, rows,
    ):  # fmt: skip
        sweep = _sweep(kind)

        def one_step(i, centres, counts, gathered, gathered_counts, losses):
            points = dense[i], ids[i], id_weights[i], weights[i]
            sums, found, cost = sweep(points, centres, rows)
            losses = losses.write(i - first, _loss(kind, _lengths(kind, points), cost))
            if kind.gathers:
                gathered, gathered_counts = gathered + sums, gathered_counts + found
                means = tf.math.divide_no_nan(gathered, gathered_counts[:, None])
                done = (step + i + 1) % per_pass == 0
                moved = _placed(kind, means, gathered_counts, centres)
                centres = tf.where(done, moved, centres)
                counts = tf.where(done, gathered_counts, counts)
                kept = tf.cast(~done, tf.float64)
                gathered, gathered_counts = gathered * kept, gathered_counts * kept
            else:
                counts += found
                share = tf.math.divide_no_nan(found, counts)[:, None]
                means = tf.math.divide_no_nan(sums, found[:, None])
                moved = centres + share * (means - centres)
                centres = _placed(kind, moved, found, centres)
            return i + 1, centres, counts, gathered, gathered_counts, losses

        losses = tf.TensorArray(tf.float64, stop - first)
        start = first, centres, counts, gathered, gathered_counts, losses
        _, *found, losses = tf.while_loop(
            lambda i, *_: i < stop, one_step, start, parallel_iterations=1
        )
        return *found, losses.stack()

    return program


def _point_specs(rows: list) -> list:
    import tensorflow as tf

    return [
        tf.TensorSpec([*rows, None]),
        tf.TensorSpec([*rows, None], tf.int32),
        tf.TensorSpec([*rows, None]),
        tf.TensorSpec(rows),
    ]


def _centre_spec():
    import tensorflow as tf

    return tf.TensorSpec([None, None], tf.float64)


def _lengths(kind: Kind, points):
    """Return the sum of the squared lengths of points, each times its weight."""
    import tensorflow as tf

    dense, _, id_weights, weights = points
    if kind.cosine:
        return tf.reduce_sum(tf.cast(weights, tf.float64))
    squares = tf.reduce_sum(dense * dense, 1) + tf.reduce_sum(id_weights * id_weights, 1)
    return tf.reduce_sum(tf.cast(squares * weights, tf.float64))


def _loss(kind: Kind, lengths, cost):
    """Return the sum of squared distances; of 1 - cosine, which is half of it for unit lengths."""
    import tensorflow as tf

    loss = tf.maximum(lengths + 2 * cost, 0)
    return loss / 2 if kind.cosine else loss


def _placed(kind: Kind, means, counts, centres):
    """Return where the centres move to; one without points stays."""
    import tensorflow as tf

    if kind.cosine:
        means = tf.math.l2_normalize(means, axis=1, epsilon=1e-30)
    return tf.where(counts[:, None] > 0, means, centres)


def _sweep(kind: Kind):
    """Return a function: points, centres, rows of a block -> sums, counts and cost, float64."""
    import tensorflow as tf

    look = tf.function(_looker(kind), autograph=False, jit_compile=kind.xla or None)

    def sweep(points, centres, rows):
        n_rows, n_dense = tf.unstack(tf.shape(points[0]))
        rows = tf.minimum(rows, n_rows)
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
            return i + 1, *(total + tf.cast(one, tf.float64) for total, one in pairs)

        zeros = [tf.zeros_like(centres), tf.zeros([tf.shape(centres)[0]], tf.float64)]
        start = tf.constant(0), *zeros, tf.constant(0.0, tf.float64)
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
