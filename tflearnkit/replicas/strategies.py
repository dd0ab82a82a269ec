"""The strategies of TensorFlow by name, of which a process has one each."""

from __future__ import annotations

import functools
import socket

from tflearnkit.cluster import ClusterSpec
from tflearnkit.replicas.peers import await_tasks, free_cluster, roll_call, start_server

__all__ = ["mirrored", "multi_worker", "parameter_server", "several_gpus"]


def several_gpus() -> bool:
    """Return whether this process has more than one GPU."""
    import tensorflow as tf

    return len(tf.config.list_logical_devices("GPU")) > 1


@functools.lru_cache
def mirrored():
    """Return the strategy of the GPUs of this process, or of its logical CPUs; None for one."""
    import tensorflow as tf

    devices = tf.config.list_logical_devices("GPU") or tf.config.list_logical_devices("CPU")
    if len(devices) == 1:
        return None
    return tf.distribute.MirroredStrategy([device.name for device in devices])


def multi_worker(spec: ClusterSpec, job: str, task: int, deadline: float):
    """Return the strategy of workers that train in step, once all of them are there."""
    return _met(_multi_worker, (spec, job, task), deadline)


def parameter_server(spec: ClusterSpec, job: str, deadline: float):
    """Return the strategy of workers beside parameter servers, for the task that leads them.

    It needs the servers and the first worker; others may come later.
    """
    return _met(_parameter_server, (spec, job), deadline)


_strategies: dict = {}


def _met(make, place: tuple, deadline: float):
    """Return the strategy of a place, made once, whatever deadline is named later."""
    if place not in _strategies:
        _strategies[place] = make(*place, deadline)
    return _strategies[place]


def _multi_worker(spec: ClusterSpec, job: str, task: int, deadline: float):
    import tensorflow as tf

    roll_call(spec, job, task, deadline)  # for what comes next waits for ever, past all signals
    jobs = {name: list(tasks) for name, tasks in spec.items()}
    resolver = tf.distribute.cluster_resolver.SimpleClusterResolver(
        tf.train.ClusterSpec(jobs), task_type=job, task_id=task, rpc_layer="grpc"
    )
    try:
        return tf.distribute.MultiWorkerMirroredStrategy(cluster_resolver=resolver)
    except RuntimeError as error:
        raise RuntimeError(
            "Workers should meet before anything else is done with TensorFlow in their processes. "
            f"Got: {error} Run the job by learn_runner.run, or fit before you make tensors or "
            "datasets."
        ) from error


def _parameter_server(spec: ClusterSpec, job: str, deadline: float):
    import tensorflow as tf

    cluster = free_cluster(spec)
    if "chief" not in cluster:  # then this is the first worker too, and leads from another port
        start_server(cluster, "worker", 0)
        cluster = {"chief": [_other_port(cluster["worker"][0])], **cluster}
    needed = {f"ps {task}": address for task, address in enumerate(cluster["ps"])}
    await_tasks(needed | {"worker 0": cluster["worker"][0]}, deadline)
    resolver = tf.distribute.cluster_resolver.SimpleClusterResolver(
        tf.train.ClusterSpec(cluster), task_type="chief", task_id=0, rpc_layer="grpc"
    )
    return tf.distribute.ParameterServerStrategy(resolver)


def _other_port(address: str) -> str:
    """Return an address of the same machine whose port is free."""
    with socket.socket() as found:
        found.bind(("", 0))
        return f"{address.rpartition(':')[0]}:{found.getsockname()[1]}"
