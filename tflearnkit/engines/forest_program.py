"""Blocks of rows of few sizes -> their way down a forest, in a program that XLA compiles.

All that a step needs to know of a node is one word of 64 bits: nodes are met in no order, and
memory hands out one word in the time of a part of it. It holds, from the top, the threshold, or
where the set begins, in 32 bits; the left child, counted from the root; the column of the rows;
and in its last bit whether a set of categories decides. Trees are gone down one after the other,
so that one of them and what is known of the rows stay near the processor.
"""

from __future__ import annotations

import numpy as np

from tflearnkit.engines.base import shared

__all__ = ["Descent"]

_BLOCKS = (4096, 32768)  # rows of a program: any number of rows uses these


class Descent:
    """The way down for rows of one width.

    Parameters
    ----------
    width : int
        Columns of the rows.
    n_groups : int
        Trees add to as many outputs in turn.
    roots : int32 array of shape (trees,)
    depth : int
        Steps from a root to the deepest leaf.
    child, column : int arrays of shape (nodes,)
        The left child of each node, counted from the root, and the column it looks at.
    threshold : float32 array of shape (nodes,)
        Infinite for leaves, which are their own left children.
    set_start : int array of shape (nodes,)
        Where in ``sets`` that of a node begins; -1 where its threshold decides.
    leaf : int32 array of shape (nodes,)
        The row of ``value`` of each leaf.
    value : float32 array of shape (leaves, L)
    sets : uint32 array
        The sets of categories, a bit for each; empty where numbers decide alone.
    """

    def __init__(
        self, width, n_groups, roots, depth, child, column, threshold, set_start, leaf, value, sets
    ):
        import tensorflow as tf

        bits, is_set = _bits(width), set_start >= 0
        top = np.where(is_set, set_start.astype(np.uint32), threshold.view(np.uint32))
        low = (child.astype(np.uint32) << bits | column.astype(np.uint32)) << 1 | is_set
        words = top.astype(np.uint64) << 32 | low
        arrays = [words, leaf, value] + [sets] * bool(len(sets))
        self._layout = [tf.constant(roots), tf.constant(depth), *map(_padded, arrays)]
        self._n_groups, self._has_sets = n_groups, bool(len(sets))

    @staticmethod
    def takes(width: int, largest_tree: int) -> bool:
        """Whether columns and children have room in a word, as they have but for monsters."""
        return 1 + _bits(width) + int(largest_tree).bit_length() <= 32

    def find(self, what: str, rows: np.ndarray) -> np.ndarray:
        """Return the 'sums' of values, (n, outputs), or the 'leaves', (n, trees), of rows."""
        import tensorflow as tf

        key = ("forest", what, self._has_sets, self._n_groups)
        program = shared(key, lambda: _program(what, self._n_groups))
        pieces = []
        for start in range(0, len(rows), _BLOCKS[-1]):
            block = rows[start : start + _BLOCKS[-1]]
            size = next(size for size in _BLOCKS if size >= len(block))
            if len(block) < size:
                block = np.zeros((size, rows.shape[1]), np.float32)
                block[: len(rows) - start] = rows[start:]
            pieces.append(program(tf.constant(block), *self._layout).numpy())
        return np.concatenate(pieces)[: len(rows)]


def _bits(width: int) -> int:
    """How many bits the columns of rows take."""
    return max(width - 1, 1).bit_length()


def _padded(array: np.ndarray):
    """Return the array with zeros behind it, up to one of few lengths that are compiled."""
    import tensorflow as tf

    length = 1 << max(len(array) - 1, 0).bit_length()
    out = np.zeros((length, *array.shape[1:]), array.dtype)
    out[: len(array)] = array
    return tf.constant(out)


def _program(what: str, n_groups: int):
    """Return the compiled function of a block and a layout; any other sizes compile anew."""
    import tensorflow as tf

    shifted = tf.bitwise.right_shift

    def down_from(roots, rows, depth, nodes, sets=None):
        """Return the node that each row ends at in a few trees, (trees, n)."""
        n_rows, width = rows.shape
        flat, offsets = tf.reshape(rows, [-1]), tf.range(n_rows) * width
        bits = _bits(width)

        def down(step, node):
            word = tf.gather(nodes, node)
            top = tf.cast(shifted(word, np.uint64(32)), tf.uint32)
            low = tf.cast(word, tf.uint32)
            column = tf.cast(shifted(low, np.uint32(1)), tf.int32) & (2**bits - 1)
            child = tf.cast(shifted(low, np.uint32(1 + bits)), tf.int32)
            found = tf.gather(flat, column + offsets)
            right = found >= tf.bitcast(top, tf.float32)
            if sets is not None:
                is_set = (low & 1) > 0
                code = tf.cast(tf.where(is_set, found, 0.0), tf.int32)
                place = tf.where(is_set, tf.cast(top, tf.int32) + code // 32, 0)
                bit = shifted(tf.gather(sets, place), tf.cast(code % 32, tf.uint32)) & 1
                right = tf.where(is_set, bit > 0, right)
            return step + 1, roots[:, None] + child + tf.cast(right, tf.int32)

        start = tf.tile(roots[:, None], [1, n_rows])
        return tf.while_loop(lambda step, node: step < depth, down, [0, start])[1]

    def over_trees(add, start, roots, *others):
        """Return what ``add`` makes of ``start``, from trees that are each for another output."""
        in_turn = tf.reshape(roots, [-1, n_groups])

        def one(i, found):
            return i + 1, add(found, i, down_from(in_turn[i], *others))

        return tf.while_loop(lambda i, _: i < len(in_turn), one, [0, start])[1]

    @tf.function(jit_compile=True)
    def sums(rows, roots, depth, nodes, leaf, value, *sets):
        n_rows, width = len(rows), value.shape[1]

        def add(found, i, node):
            return found + tf.cast(tf.gather(value, tf.gather(leaf, node)), tf.float64)

        start = tf.zeros([n_groups, n_rows, width], tf.float64)
        found = over_trees(add, start, roots, rows, depth, nodes, *sets)
        return tf.reshape(tf.transpose(found, [1, 0, 2]), [n_rows, n_groups * width])

    @tf.function(jit_compile=True)
    def leaves(rows, roots, depth, nodes, leaf, value, *sets):
        def add(found, i, node):
            return tf.tensor_scatter_nd_update(found, [[i]], tf.gather(leaf, node)[None])

        start = tf.zeros([len(roots) // n_groups, n_groups, len(rows)], tf.int32)
        found = over_trees(add, start, roots, rows, depth, nodes, *sets)
        return tf.transpose(tf.reshape(found, [-1, len(rows)]))

    return {"sums": sums, "leaves": leaves}[what]
