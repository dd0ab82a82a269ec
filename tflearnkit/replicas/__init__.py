"""Where the steps of a fit meet: nowhere on one device, in one exchange a step on several.

Replicas hold the same weights. Each takes its rows of every batch, and before the weights change
the sums of gradients and losses are added up over all of them, so that all change alike. What is
learned is what one device would have learned, but for rounding. Beside parameter servers they do
not meet: workers take whole batches, on weights that others change meanwhile.
"""

from __future__ import annotations

import functools

from tflearnkit.cluster import CHIEFS
from tflearnkit.errors import listing
from tflearnkit.replicas import strategies
from tflearnkit.replicas.alone import Alone
from tflearnkit.replicas.asynchronous import Asynchronous
from tflearnkit.replicas.gpu_memory import limit_gpu_memory
from tflearnkit.replicas.peers import free_cluster, is_free, is_lead, serve
from tflearnkit.replicas.together import Together

__all__ = ["ALONE", "Alone", "is_free", "is_lead", "meet", "replicas_of", "serve"]

ALONE = Alone()
_USUAL = {"num_cores": 0, "log_device_placement": False, "gpu_memory_fraction": 1}


def replicas_of(config) -> Alone:
    """Return where the steps of a fit under a `RunConfig` meet.

    The first call that asks for several processes waits until they are there.

    Raises
    ------
    ValueError
        If it asks for other threads, memory or logs than those that TensorFlow has started with, or
        if the process serves the one that fits.
    WorkerLostError
        If other processes do not come within ``peer_deadline_secs``.
    """
    _set_up(config)
    strategy = _strategy_of(config)
    if strategy is None:
        return ALONE
    if is_free(config):
        cluster = free_cluster(config.cluster_spec)
        sizes = len(cluster["ps"]), len(cluster["worker"])
        found = _asynchronous(strategy, *sizes)
        found.deadline = config.peer_deadline_secs
        return found
    return _together(strategy)


def meet(config) -> None:
    """Wait for those that train in step, which is to be done before anything else."""
    if _waits_for_others(config):
        replicas_of(config)


_together = functools.lru_cache(Together)
_asynchronous = functools.lru_cache(Asynchronous)


def _strategy_of(config):
    """Return the strategy that a configuration asks for, or None for one device."""
    kind = config.distribute
    if not isinstance(kind, str | None):
        return kind
    if is_free(config):
        _check_lead(config)
        return strategies.parameter_server(
            config.cluster_spec, config.job_name, config.peer_deadline_secs
        )
    if kind in (None, "auto") and _waits_for_others(config):
        kind = "multi_worker"
    if kind == "auto":
        kind = "mirrored" if strategies.several_gpus() else None
    if kind is None:
        return None
    if kind == "mirrored":
        return strategies.mirrored()
    place = config.cluster_spec, config.job_name, config.task
    return strategies.multi_worker(*place, config.peer_deadline_secs)


def _check_lead(config) -> None:
    if not is_lead(config):
        raise ValueError(
            "fit should be called by the chief or, where there is none, by worker 0, beside "
            f"parameter servers. Got {config.job_name} {config.task}: this task serves that one; "
            "let it call Experiment.train, learn_runner.run or Experiment.run_std_server."
        )


def _set_up(config) -> None:
    """Give TensorFlow the threads, memory and logs asked for, which it takes before it starts."""
    given = {name: getattr(config, name) for name in _USUAL}
    asked = {name: value for name, value in given.items() if value != _USUAL[name]}
    if not asked:
        return
    import tensorflow as tf

    try:
        if "num_cores" in asked:
            tf.config.threading.set_intra_op_parallelism_threads(config.num_cores)
            tf.config.threading.set_inter_op_parallelism_threads(config.num_cores)
        if "log_device_placement" in asked:
            tf.debugging.set_log_device_placement(True)
        if "gpu_memory_fraction" in asked:
            limit_gpu_memory(config.gpu_memory_fraction)
    except RuntimeError as error:
        raise ValueError(
            f"{listing(asked)} should be set before TensorFlow starts. Got {asked} after that: fit "
            "with such a RunConfig before anything else."
        ) from error


def _waits_for_others(config) -> bool:
    """Return whether the process is one of several workers that train in step."""
    trains = config.job_name in ("worker", *CHIEFS)
    return trains and config.num_worker_replicas > 1 and not config.num_ps_replicas
