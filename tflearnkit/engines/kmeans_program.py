"""Compiled k-means: a pass of Lloyd's, and steps on mini-batches.

A program owns no variables and knows no sizes, so that all fits of a kind share one; what XLA
compiles for a size it keeps. Each of n replicas looks at every n-th block of points in a pass, and
at every n-th row of a mini-batch; what they find is added up in one exchange.
"""

from __future__ import annotations

from tflearnkit.engines.base import shared
from tflearnkit.engines.kmeans_sweep import Kind, sweep_of
from tflearnkit.replicas import ALONE, Alone

__all__ = ["TIGHT", "batches", "one_pass"]

TIGHT = 1e-4  # of the mean squared length: below it float32 has no digits left for distances
_ALL = 0, 1  # blocks: from the first one on, each


def one_pass(kind: Kind, replicas: Alone = ALONE):
    """Return the program of a pass over all points.

    It takes points (dense, ids, id weights, weights), centres, and the rows of a block. It returns
    sums and counts of the points nearest to each centre.
    """
    key = "k-means", "one pass", kind, replicas.key
    return shared(key, lambda: _one_pass(kind, replicas))


def batches(kind: Kind, replicas: Alone = ALONE):
    """Return the program of mini-batch steps.

    It takes the points of a chunk, of several processes those that are this one's own, centres,
    counts, the same of the pass being gathered, the first step and the one to stop before, of how
    many steps a pass is gathered, the number of the first step, and the rows of a block. It returns
    both centres and counts, and the losses.
    """
    return shared(("k-means", "batches", kind, replicas.key), lambda: _batches(kind, replicas))


def _one_pass(kind: Kind, replicas: Alone):
    import tensorflow as tf

    @tf.function(
        autograph=False,
        input_signature=[*_point_specs([None]), _centre_spec(), tf.TensorSpec([], tf.int32)],
    )
    def program(dense, ids, id_weights, weights, centres, rows):
        points = dense, ids, id_weights, weights
        sweep = sweep_of(kind)

        def on_a_replica(centres):
            # The blocks are those of one device, so that what is summed up in them is the same.
            sums, counts, _ = sweep(points, centres, rows, *(replicas.place or _ALL))
            return replicas.totals([sums, counts])

        return replicas.run(on_a_replica, centres)

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
