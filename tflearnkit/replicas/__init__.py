"""Where the steps of a fit meet: nowhere on one device, in one exchange a step on several.

Replicas hold the same weights. Each takes its rows of every batch, and before the weights change
the sums of gradients and losses are added up over all of them, so that all change alike. What is
learned is what one device would have learned, but for rounding.
"""

from __future__ import annotations

import functools

from tflearnkit.cluster import CHIEFS
from tflearnkit.replicas.alone import Alone
from tflearnkit.replicas.together import Together

__all__ = ["ALONE", "Alone", "Together", "replicas_of", "serve"]


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
