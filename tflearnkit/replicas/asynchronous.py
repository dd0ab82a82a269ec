"""Workers that do not wait for each other, on variables that parameter servers keep."""

from __future__ import annotations

import ctypes
import math
import time
from contextlib import contextmanager

from tflearnkit.errors import WorkerLostError
from tflearnkit.replicas.under_strategy import UnderStrategy

__all__ = ["Asynchronous"]

_PIECES_EACH = 4  # of a chunk for each worker, so that a slow one holds up no more than that
_SMALLEST_CUT = 2**14  # numbers: below it a vector stays on one server
_LOOK_SECS = 0.001


class Asynchronous(UnderStrategy):
    """Workers that take steps as they come, each on weights that others change meanwhile.

    One process hands out the batches. The steps of a chunk are shared by the workers; at its end
    all are done, so that monitors and checkpoints see weights at rest and the global step is exact.

    Parameters
    ----------
    strategy : tf.distribute.ParameterServerStrategy
    n_servers, n_workers : int

    Attributes
    ----------
    deadline : float
        Seconds after which workers that take no step are given up.
    """

    deadline = math.inf

    def __init__(self, strategy, n_servers: int, n_workers: int):
        import tensorflow as tf

        super().__init__(strategy)
        self._coordinator = tf.distribute.coordinator.ClusterCoordinator(strategy)
        _keep_for_ever(self._coordinator)
        self._n_servers, self._n_workers = n_servers, n_workers

    def cut(self, size):
        n = self._n_servers if size >= _SMALLEST_CUT else 1
        return [size // n + (i < size % n) for i in range(n)]

    def run(self, step, *arguments):
        import tensorflow as tf

        with tf.distribute.ReplicaContext(self.strategy, 0):
            return step(*arguments)

    def take(self, run, chunk, step, program):
        counters = program.counters
        before = [int(counter.numpy()) for counter in counters]
        room = -(-len(chunk.weights) // (_PIECES_EACH * self._n_workers))
        begun = []
        for first in range(0, chunk.steps, room):
            n = min(room, chunk.steps - first)
            begun.append((run(chunk.part(first, n, room), step + first), n))
        self._wait(counters[0])
        # Workers that add 1 at the same time may lose one, so they are told.
        for counter, count in zip(counters, before, strict=True):
            counter.assign(count + chunk.steps)
        return [(remote.fetch(), n) for remote, n in begun]

    def call(self, program, tensors):
        return self._coordinator.schedule(program, args=tensors)

    def _wait(self, counter) -> None:
        """Wait until all that was begun is done, or steps no longer follow each other."""
        seen, since = int(counter.numpy()), time.monotonic()
        while not self._coordinator.done():
            time.sleep(_LOOK_SECS)
            if time.monotonic() - since < self.deadline:
                continue
            if int(counter.numpy()) == seen:
                raise WorkerLostError(
                    f"Workers should take a step within {self.deadline:g} s. None was taken in "
                    "that time: look whether they run, or allow more by peer_deadline_secs, and "
                    "start all tasks again; with a model_dir training goes on from the last "
                    "checkpoint."
                )
            seen, since = int(counter.numpy()), time.monotonic()

    @contextmanager
    def together(self):
        import tensorflow as tf

        try:
            yield
        except (tf.errors.UnavailableError, tf.errors.AbortedError) as error:
            raise WorkerLostError(
                "All parameter servers should be there to the end. One was lost, which was told as "
                f"{type(error).__name__}: start it and this process again, and with a model_dir "
                "training goes on from the last checkpoint."
            ) from error


def _keep_for_ever(coordinator) -> None:
    """Let the end of the process end a coordinator.

    Its finaliser takes a lock that its own thread holds while a worker is away, and that thread
    does not go on once the interpreter has begun to end.
    """
    ctypes.pythonapi.Py_IncRef(ctypes.py_object(coordinator))
