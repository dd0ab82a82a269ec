"""One device, and what all kinds of replicas can do."""

from __future__ import annotations

from contextlib import nullcontext

import numpy as np

__all__ = ["Alone"]


class Alone:
    """One device, which has all rows and nobody to meet."""

    key = None  # tells its programs from those of others
    count = 1
    workers, worker = 1, 0  # how many processes there are, and the number of this one
    place = None  # the rows of a batch that a replica has: all

    def scope(self):
        """Return the context in which variables are made."""
        return nullcontext()

    def variable(self, value, trainable: bool = True, name: str | None = None):
        """Make a variable that all replicas change alike, within `scope`."""
        import tensorflow as tf

        return tf.Variable(value, trainable, name=name)

    def make(self, make) -> None:
        """Call a function that makes variables, outside of the graph of the running step."""
        import tensorflow as tf

        with tf.init_scope():
            make()

    def adopt(self, optimizer) -> None:
        """Let an optimizer take gradients that are added up already."""

    def own(self, array: np.ndarray) -> np.ndarray:
        """Return the part of ``(steps, rows, ...)`` that this process trains on."""
        return array

    def cut(self, size: int) -> list[int]:
        """Return the sizes of the pieces in which a vector is kept."""
        return [size]

    def take(self, run, chunk, step: int, program) -> list[tuple]:
        """Take the steps of a chunk; return pairs of what ``run`` gave and for how many steps.

        Parameters
        ----------
        run : callable
            ``run(chunk, step)`` ends with a `call`, and returns what that does.
        chunk : Chunk
        step : int
            The number of its first step.
        program : Program or FunctionProgram
            What is run; its ``counters`` grow by one at each step.
        """
        return [(run(chunk, step), chunk.steps)]

    def call(self, program, tensors: list):
        """Call a compiled program, where its steps are taken."""
        return program(*tensors)

    def rows(self, tensor):
        """Return the rows that the running replica has of those of its process."""
        return tensor

    def run(self, step, *arguments):
        """Run a step on each replica; return what the first one does."""
        return step(*arguments)

    def total(self, tensor):
        """Return the sum of a tensor over all replicas, within a step."""
        return tensor

    def totals(self, tensors: list) -> list:
        """Return the sums of several tensors, added up in one exchange."""
        return tensors

    def least(self, number: int) -> int:
        """Return the least of what all processes say."""
        return number

    def gathered(self, arrays: dict[str, np.ndarray]) -> list[dict]:
        """Return the named arrays that each process brings, by the numbers of the processes."""
        return [arrays]

    def together(self):
        """Return the context of what needs all processes."""
        return nullcontext()

    def means(self, tensors: list, share) -> list:
        """Return means over a batch, of which each replica has that of its own rows.

        ``share`` is the part of the batch that the running replica has.
        """
        return tensors
