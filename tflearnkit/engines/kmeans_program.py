"""Compiled k-means: passes of Lloyd's, and steps on mini-batches.

A program owns no variables and knows no sizes, so that all fits of a kind share one; what XLA
compiles for a size it keeps. Each of n replicas looks at every n-th block of points in a pass, and
at every n-th row of a mini-batch; what they find is added up in one exchange.
"""

from __future__ import annotations

from tflearnkit.engines.base import shared
from tflearnkit.engines.kmeans_sweep import Kind, sweep_of
from tflearnkit.replicas import ALONE, Alone

__all__ = ["TIGHT", "batches", "lloyd"]

TIGHT = 1e-4  # of the mean squared length: below it float32 has no digits left for distances
_ALL = 0, 1  # blocks: from the first one on, each


def lloyd(kind: Kind, replicas: Alone = ALONE):
    """Return the program of Lloyd's passes.

    It takes points (dense, ids, id weights, weights), what their squared lengths sum up to,
    centres, the loss before (-1 for none), the tolerance, whether an empty cluster ends it, the
    number of passes at most, and the rows of a block. It returns centres, what the points of each
    weigh, the losses, whether it has converged, and whether it stopped for want of digits before a
    pass that float64 should make.
    """
    return shared(("k-means", "lloyd", kind, replicas.key), lambda: _lloyd(kind, replicas))


def batches(kind: Kind, replicas: Alone = ALONE):
    """Return the program of mini-batch steps.

    It takes the points of a chunk, of several processes those that are this one's own, centres,
    counts, the same of the pass being gathered, the first step and the one to stop before, of how
    many steps a pass is gathered, the number of the first step, and the rows of a block. It returns
    both centres and counts, and the losses.
    """
    return shared(("k-means", "batches", kind, replicas.key), lambda: _batches(kind, replicas))


def _lloyd(kind: Kind, replicas: Alone):
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
        sweep = sweep_of(kind)

        def on_a_replica(centres):
            # The blocks are those of one device, so that what is summed up in them is the same.
            return replicas.totals(sweep(points, centres, rows, *(replicas.place or _ALL)))

        def one_pass(made, centres, _, losses, before, *__):
            sums, counts, cost = replicas.run(on_a_replica, centres)
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


def _batches(kind: Kind, replicas: Alone):
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
        sweep = sweep_of(kind)

        def on_a_replica(i, centres):
            points = [replicas.rows(array[i]) for array in (dense, ids, id_weights, weights)]
            found = sweep(points, centres, rows, *_ALL)
            return replicas.totals([*found, _lengths(kind, points)])

        def one_step(i, centres, counts, gathered, gathered_counts, losses):
            sums, found, cost, lengths = replicas.run(on_a_replica, i, centres)
            losses = losses.write(i - first, _loss(kind, lengths, cost))
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
