"""Replicas that wait for each other: devices of one process, or of several workers."""

from __future__ import annotations

import functools
from contextlib import contextmanager

import numpy as np

from tflearnkit.cluster import CHIEFS
from tflearnkit.errors import WorkerLostError
from tflearnkit.replicas.under_strategy import UnderStrategy, replica_context
from tflearnkit.replicas.words import as_words, of_words

__all__ = ["Together"]

_PIECE = 2**20  # words that are gathered at once: 8 MB, for messages and devices have an end


class Together(UnderStrategy):
    """The replicas of a strategy of TensorFlow: devices of this process, or of several.

    Parameters
    ----------
    strategy : tf.distribute.Strategy
        One whose replicas wait for each other.
    """

    def __init__(self, strategy):
        super().__init__(strategy)
        self.count = strategy.num_replicas_in_sync
        self.local = len(strategy.extended.worker_devices)
        self.workers = self.count // self.local
        resolver = strategy.cluster_resolver if self.workers > 1 else None
        self.worker = _number_among_workers(resolver) if resolver else 0

    def variable(self, value, trainable=True, name=None):
        import tensorflow as tf

        # All replicas assign the same: it is enough to take what the first one does.
        first = tf.VariableAggregation.ONLY_FIRST_REPLICA
        return tf.Variable(value, trainable, name=name, aggregation=first)

    def own(self, array):
        return array[:, self.worker :: self.workers]

    def rows(self, tensor):
        return tensor[self._number % self.local :: self.local]

    @property
    def place(self) -> tuple:
        """The running replica's first row in a batch, and how far apart its rows are."""
        number = self._number % self.local
        return self.worker + self.workers * number, self.workers * self.local

    @property
    def _number(self):
        return replica_context().replica_id_in_sync_group

    def run(self, step, *arguments):
        import tensorflow as tf

        found = self.strategy.run(step, arguments)
        return tf.nest.map_structure(
            lambda each: self.strategy.experimental_local_results(each)[0], found
        )

    def total(self, tensor):
        return replica_context().all_reduce("SUM", tensor)

    def totals(self, tensors: list) -> list:
        import tensorflow as tf

        flat = tf.concat([tf.reshape(tensor, [-1]) for tensor in tensors], 0)
        pieces = tf.split(self.total(flat), [tf.size(tensor) for tensor in tensors])
        return [
            tf.reshape(piece, tf.shape(tensor))
            for piece, tensor in zip(pieces, tensors, strict=True)
        ]

    def means(self, tensors, share):
        import tensorflow as tf

        def weighted(tensors):
            return self.totals([tensor * tf.cast(share, tensor.dtype) for tensor in tensors])

        @tf.custom_gradient
        def means(*tensors):
            # Each replica's loss is a mean over its own rows, which counts by its share later.
            return weighted(tensors), lambda *gradients: weighted(gradients)

        return tf.nest.flatten(means(*tensors))

    def least(self, number: int) -> int:
        if self.workers == 1:
            return number
        said = np.zeros(self.workers, np.int64)
        said[self.worker] = number
        return int(self._added_up(said).numpy().min())

    def gathered(self, arrays):
        if self.workers == 1:
            return [arrays]
        words = as_words(arrays)
        most = -self.least(-len(words))
        words = np.pad(words, (0, most - len(words)))
        pieces = [words[place : place + _PIECE] for place in range(0, most, _PIECE)]
        found = [self._put_together(piece).numpy().reshape(self.count, -1) for piece in pieces]
        everybodys = np.concatenate(found, axis=1)[:: self.local]
        return [of_words(each) for each in everybodys]

    @contextmanager
    def together(self):
        import tensorflow as tf

        errors = tf.errors
        lost = (
            errors.UnavailableError, errors.AbortedError, errors.DeadlineExceededError,
            errors.InternalError, errors.FailedPreconditionError, errors.CancelledError,
        )  # fmt: skip
        try:
            yield
        except lost as error:
            if self.workers == 1:
                raise
            raise WorkerLostError(
                f"All {self.workers} workers should train to the end. One was lost, which was told "
                f"as {type(error).__name__}: start all of them again, and with a model_dir they go "
                "on from the last checkpoint."
            ) from error

    @functools.cached_property
    def _added_up(self):
        import tensorflow as tf

        @tf.function(input_signature=[tf.TensorSpec([self.workers], tf.int64)], autograph=False)
        def added_up(said):
            # The copy is made by the replica: what comes from elsewhere has no device to meet at.
            return self.run(lambda: self.total(tf.identity(said))) // self.local

        return added_up

    @functools.cached_property
    def _put_together(self):
        import tensorflow as tf

        @tf.function(input_signature=[tf.TensorSpec([None], tf.int64)], autograph=False)
        def put_together(words):
            return self.run(lambda: replica_context().all_gather(tf.identity(words), axis=0))

        return put_together


def _number_among_workers(resolver) -> int:
    """Return the number of this process; a chief comes before the workers."""
    jobs = resolver.cluster_spec().as_dict()
    before = 0 if resolver.task_type in CHIEFS else sum(len(jobs.get(job, ())) for job in CHIEFS)
    return before + resolver.task_id
