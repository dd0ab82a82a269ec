"""Where the steps of a fit meet: nowhere on one device, in one exchange a step on several.

Replicas hold the same weights. Each takes its rows of every batch, and before the weights change
the sums of gradients and losses are added up over all of them, so that all change alike. What is
learned is what one device would have learned, but for rounding.
"""

from __future__ import annotations

import functools
from contextlib import contextmanager, nullcontext

import numpy as np

from tflearnkit.cluster import CHIEFS
from tflearnkit.errors import WorkerLostError

__all__ = ["ALONE", "Alone", "Together", "replicas_of", "serve"]


class Alone:
    """One device, which has all rows and nobody to meet."""

    key = None  # tells its programs from those of others
    count = 1
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

    def together(self):
        """Return the context of what needs all processes."""
        return nullcontext()

    def means(self, tensors: list, share) -> list:
        """Return means over a batch, of which each replica has that of its own rows.

        ``share`` is the part of the batch that the running replica has.
        """
        return tensors


class Together(Alone):
    """The replicas of a strategy of TensorFlow: devices of this process, or of several.

    Parameters
    ----------
    strategy : tf.distribute.Strategy
        One whose replicas wait for each other.
    """

    def __init__(self, strategy):
        self.strategy = strategy
        self.key = id(strategy)
        self.count = strategy.num_replicas_in_sync
        self.local = len(strategy.extended.worker_devices)
        self.workers = self.count // self.local
        resolver = strategy.cluster_resolver if self.workers > 1 else None
        self.worker = _number_among_workers(resolver) if resolver else 0

    def scope(self):
        return self.strategy.scope()

    def variable(self, value, trainable=True, name=None):
        import tensorflow as tf

        # All replicas assign the same: it is enough to take what the first one does.
        first = tf.VariableAggregation.ONLY_FIRST_REPLICA
        return tf.Variable(value, trainable, name=name, aggregation=first)

    def make(self, make):
        if _context() is None:
            super().make(make)
        else:  # once all replicas are there, which have asked for the same
            _context().merge_call(lambda strategy: super(Together, self).make(make))

    def adopt(self, optimizer) -> None:
        # Keras would add up what was added up already.
        optimizer._all_reduce_sum_gradients = lambda pairs: pairs

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
        return _context().replica_id_in_sync_group

    def run(self, step, *arguments):
        import tensorflow as tf

        found = self.strategy.run(step, arguments)
        return tf.nest.map_structure(
            lambda each: self.strategy.experimental_local_results(each)[0], found
        )

    def total(self, tensor):
        return _context().all_reduce("SUM", tensor)

    def totals(self, tensors: list) -> list:
        import tensorflow as tf

        flat = tf.concat([tf.reshape(tensor, [-1]) for tensor in tensors], 0)
        pieces = tf.split(self.total(flat), [tensor.shape.num_elements() for tensor in tensors])
        return [
            tf.reshape(piece, tensor.shape) for piece, tensor in zip(pieces, tensors, strict=True)
        ]

    def means(self, tensors, share):
        import tensorflow as tf

        return self.totals([tensor * tf.cast(share, tensor.dtype) for tensor in tensors])

    def least(self, number: int) -> int:
        if self.workers == 1:
            return number
        said = np.zeros(self.workers, np.int64)
        said[self.worker] = number
        return int(self._added_up(said).numpy().min())

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


def _context():
    import tensorflow as tf

    return tf.distribute.get_replica_context()


def _number_among_workers(resolver) -> int:
    """Return the number of this process; a chief comes before the workers."""
    jobs = resolver.cluster_spec().as_dict()
    before = 0 if resolver.task_type in CHIEFS else sum(len(jobs.get(job, ())) for job in CHIEFS)
    return before + resolver.task_id


def replicas_of(config) -> Alone:
    """Return where the steps of a fit under a `RunConfig` meet.

    The first call that asks for several processes waits until all of them are there.

    Raises
    ------
    ValueError
        If it asks for other threads or logs than those that TensorFlow has started with.
    """
    _set_up(config)
    strategy = _strategy_of(config)
    return ALONE if strategy is None else _together(strategy)


ALONE = Alone()


@functools.lru_cache
def _together(strategy) -> Together:
    return Together(strategy)


def _set_up(config) -> None:
    """Give TensorFlow the threads and logs that are asked for, which it takes before it starts."""
    if not (config.num_cores or config.log_device_placement):
        return
    import tensorflow as tf

    try:
        if config.num_cores:
            tf.config.threading.set_intra_op_parallelism_threads(config.num_cores)
            tf.config.threading.set_inter_op_parallelism_threads(config.num_cores)
        if config.log_device_placement:
            tf.debugging.set_log_device_placement(True)
    except RuntimeError as error:
        raise ValueError(
            "num_cores and log_device_placement should be set before TensorFlow starts. Got "
            f"{config.num_cores} and {config.log_device_placement} after that: fit with such a "
            "RunConfig before anything else."
        ) from error


def _strategy_of(config):
    """Return the strategy that a configuration asks for, or None for one device."""
    kind = config.distribute
    if not isinstance(kind, str | None):
        return kind
    if kind in (None, "auto") and _waits_for_others(config):
        kind = "multi_worker"
    if kind == "auto":
        kind = "mirrored" if _has_several_gpus() else None
    if kind is None:
        return None
    return _made(kind, config.cluster_spec, config.job_name, config.task)


def _waits_for_others(config) -> bool:
    """Return whether the process is one of several workers that train in step."""
    trains = config.job_name in ("worker", *CHIEFS)
    return trains and config.num_worker_replicas > 1 and not config.num_ps_replicas


def _has_several_gpus() -> bool:
    import tensorflow as tf

    return len(tf.config.list_logical_devices("GPU")) > 1


@functools.lru_cache
def _made(kind: str, cluster_spec, job: str | None, task: int):
    """Return the strategy of a name, which a process has one of."""
    import tensorflow as tf

    if kind == "mirrored":
        devices = tf.config.list_logical_devices("GPU") or tf.config.list_logical_devices("CPU")
        return tf.distribute.MirroredStrategy([device.name for device in devices])
    spec = {name: list(tasks) for name, tasks in cluster_spec.items()}
    resolver = tf.distribute.cluster_resolver.SimpleClusterResolver(
        tf.train.ClusterSpec(spec), task_type=job, task_id=task, rpc_layer="grpc"
    )
    try:
        return tf.distribute.MultiWorkerMirroredStrategy(cluster_resolver=resolver)
    except RuntimeError as error:
        raise RuntimeError(
            "Workers should meet before anything else is done with TensorFlow in their processes. "
            f"Got: {error} Run the job by learn_runner.run, or fit before you make tensors or "
            "datasets."
        ) from error


def serve(config) -> None:
    """Serve the other tasks of a cluster, as the task that a `RunConfig` names; never return."""
    import tensorflow as tf

    cluster = tf.train.ClusterSpec({job: list(tasks) for job, tasks in config.cluster_spec.items()})
    tf.distribute.Server(cluster, job_name=config.job_name, task_index=config.task).join()
