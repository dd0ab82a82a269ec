"""The other tasks of a job: whether they are there, and serving them."""

from __future__ import annotations

import socket
import time

from tflearnkit.cluster import CHIEFS, EVALUATOR, ClusterSpec
from tflearnkit.errors import WorkerLostError, listing

__all__ = [
    "await_tasks", "free_cluster", "is_free", "is_lead", "roll_call", "serve",
    "start_server",
]  # fmt: skip

_LOOK_SECS = 0.5
_GONE_SECS = 60.0  # which a lead may be away, to be started again
_ANSWER_SECS = 2.0


def free_cluster(spec: ClusterSpec) -> dict[str, list[str]]:
    """Return the workers, the parameter servers and the chief of a cluster by those names.

    Where there is but a chief to work, it is the worker.
    """
    chief = [address for job in CHIEFS for address in spec.get(job, ())]
    workers = list(spec.get("worker", ())) or chief
    found = {"worker": workers, "ps": list(spec["ps"])}
    return found if workers == chief or not chief else {"chief": chief, **found}


def is_free(config) -> bool:
    """Return whether the process belongs to a job whose workers do not wait for each other."""
    has_place = "ps" in config.cluster_spec and config.job_name not in (None, EVALUATOR)
    return has_place and config.distribute in (None, "auto", "parameter_server")


def is_lead(config) -> bool:
    """Return whether a task hands out the batches: the chief or, where there is none, worker 0."""
    has_chief = any(job in config.cluster_spec for job in CHIEFS)
    leads = config.job_name in CHIEFS if has_chief else config.job_name == "worker"
    return leads and config.task == 0


def await_tasks(tasks: dict[str, str], deadline: float) -> None:
    """Wait until all tasks, whose addresses are given by name, take connections.

    Raises
    ------
    WorkerLostError
        If some do not within ``deadline`` seconds.
    """
    begun, missing = time.monotonic(), tasks
    while missing := {name: each for name, each in missing.items() if not _answers(each)}:
        if time.monotonic() - begun > deadline:
            raise WorkerLostError(
                f"All tasks of the cluster should be there within {deadline:g} s. "
                f"{listing(missing)} did not answer: look at their logs, or allow more by "
                "peer_deadline_secs, and start the job again."
            )
        time.sleep(_LOOK_SECS)


def roll_call(spec: ClusterSpec, job: str, task: int, deadline: float) -> None:
    """Wait until all workers are there, each of which listens and looks for the others.

    A task that has seen all goes on to where TensorFlow listens in its place, so that others see it
    still.

    Raises
    ------
    WorkerLostError
        If some do not come within ``deadline`` seconds.
    """
    tasks = {
        f"{name} {number}": address
        for name in (*CHIEFS, "worker")
        for number, address in enumerate(spec.get(name, ()))
    }
    own = tasks.pop(f"{job} {task}")
    with socket.create_server(("", int(own.rpartition(":")[2]))):
        await_tasks(tasks, deadline)


def serve(config) -> None:
    """Serve the other tasks of a cluster, as the task of a `RunConfig`, until the lead has ended.

    Raises
    ------
    WorkerLostError
        If the lead does not come within ``config.peer_deadline_secs``.
    """
    cluster = free_cluster(config.cluster_spec)
    start_server(cluster, config.job_name, config.task)
    lead = cluster.get("chief", cluster["worker"])[0]
    await_tasks({"the one that leads": lead}, config.peer_deadline_secs)
    last = time.monotonic()
    while time.monotonic() - last < _GONE_SECS:
        time.sleep(_LOOK_SECS)
        if _answers(lead):
            last = time.monotonic()


def start_server(cluster: dict, job: str, task: int) -> None:
    """Take part in a cluster as one of its tasks, in the background, while the process lives."""
    import tensorflow as tf

    # Threads wait for other tasks, also where there are few cores.
    settings = tf.compat.v1.ConfigProto(inter_op_parallelism_threads=8)
    tf.distribute.Server(tf.train.ClusterSpec(cluster), job, task, config=settings)


def _answers(address: str) -> bool:
    host, _, port = address.rpartition(":")
    try:
        with socket.create_connection((host.strip("[]"), int(port)), _ANSWER_SECS):
            return True
    except OSError:
        return False
