"""RunConfig: where and how a job runs. It never changes what is learned, but for the seed."""

from __future__ import annotations

import dataclasses
import math
import numbers
import os
from collections.abc import Mapping, Sequence
from typing import Any

from tflearnkit.cluster import CHIEFS, place_of
from tflearnkit.errors import did_you_mean, listing
from tflearnkit.precision import PRECISIONS

__all__ = ["RunConfig"]

_DEFAULT_SECS = 600
_COUNTS = (
    "save_checkpoints_steps",
    "keep_checkpoint_max",
    "save_summary_steps",
    "log_step_count_steps",
)
_KINDS = ("mirrored", "multi_worker", "parameter_server", "auto")
_FREE = ("tf_random_seed", "save_checkpoints_secs", *_COUNTS)  # may differ in one experiment


@dataclasses.dataclass(frozen=True, kw_only=True)
class RunConfig:
    """Where a job runs, how often it saves, logs and reports, and where to.

    What is learned does not depend on it, but for the seed.

    Parameters
    ----------
    model_dir : path, default=None
        Folder of the checkpoints and TensorBoard files, for estimators that name none themselves.
    tf_random_seed : int in [0, 2**32), default=None
        Seed of estimators that have no ``random_state`` of their own.
    save_checkpoints_steps : int >= 1, default=None
        Training steps between checkpoints.
    save_checkpoints_secs : number > 0, default=600
        Seconds between checkpoints. Where ``save_checkpoints_steps`` is given, this becomes None;
        where both are None, only the end of training is saved.
    keep_checkpoint_max : int >= 1, default=5
        How many checkpoints are kept; None keeps all.
    save_summary_steps : int >= 1, default=100
        Training steps between entries for TensorBoard; None writes none.
    log_step_count_steps : int >= 1, default=100
        Training steps between reports of the speed; None makes none.
    num_cores : int >= 0, default=0
        Threads of TensorFlow's operations; 0 leaves the choice to TensorFlow.
    gpu_memory_fraction : float in (0, 1], default=1
        Share of the memory of each GPU that TensorFlow may take. Below 1 ``nvidia-smi`` is asked
        how much there is.
    log_device_placement : bool, default=False
        Whether TensorFlow logs the device of each operation.
    cluster_spec : dict of str to list of str, default=None
        Addresses of the job's tasks by kind ("chief" or "master", "worker", "ps", "evaluator").
        None takes it, and what is not given of ``job_name`` and ``task``, from ``TF_CONFIG``.
    job_name : str, default=None
        Which kind of task this process is.
    task : int >= 0, default=None
        Its number among the tasks of its kind; None is 0.
    master : str, default=None
        Address of this task; None is that in the cluster, and '' where the job has one task only.
    evaluation_master : str, default=''
        Address for evaluations, of old scripts; kept, and not used.
    is_chief : bool, default=None
        Whether this task writes checkpoints. None: whether it is the chief or master or, where
        there is none, the first worker.
    num_ps_replicas : int >= 0, default=None
        Tasks that keep parameters; None counts them in the cluster.
    distribute : str or tf.distribute.Strategy, default=None
        What shares the work: "mirrored" the GPUs of this process, or its logical CPUs;
        "multi_worker" the workers of the cluster, in step; "parameter_server" its workers without
        waiting for each other. None goes by the cluster: the last where it has parameter servers,
        else its workers in step where there are several. "auto" takes several GPUs, too.
    precision : {"float32", "bfloat16"}, default="float32"
        Of the products of networks and `layers` in training steps; weights, sums and predictions
        stay float32. bfloat16 has 8 bits: choose it on processors that multiply such numbers
        faster, and look whether the model is as good.
    peer_deadline_secs : number > 0, default=600
        How long to wait for tasks of the cluster that do not come, and for workers beside
        parameter servers that take no step.

    Raises
    ------
    ValueError, TypeError
        A field out of its range, fields that contradict each other, or a ``TF_CONFIG`` that
        cannot be read.

    Examples
    --------
    >>> config = RunConfig(model_dir="census", save_checkpoints_steps=500)
    >>> config.save_checkpoints_secs is None
    True
    >>> config.replace(save_checkpoints_secs=60).save_checkpoints_steps is None
    True
    >>> cluster = {"ps": ["a:1"], "worker": ["b:1", "c:1"]}
    >>> config = RunConfig(cluster_spec=cluster, job_name="worker", task=1)
    >>> config.master, config.is_chief, config.num_ps_replicas, config.num_worker_replicas
    ('grpc://c:1', False, 1, 2)
    """

    model_dir: str | os.PathLike | None = None
    tf_random_seed: int | None = None
    save_checkpoints_steps: int | None = None
    save_checkpoints_secs: float | None = _DEFAULT_SECS
    keep_checkpoint_max: int | None = 5
    save_summary_steps: int | None = 100
    log_step_count_steps: int | None = 100
    num_cores: int = 0
    gpu_memory_fraction: float = 1.0
    log_device_placement: bool = False
    cluster_spec: Mapping[str, Sequence[str]] | None = None
    job_name: str | None = None
    task: int | None = None
    master: str | None = None
    evaluation_master: str = ""
    is_chief: bool | None = None
    num_ps_replicas: int | None = None
    distribute: Any = None
    precision: str = "float32"
    peer_deadline_secs: float = _DEFAULT_SECS

    def __post_init__(self):
        if self.save_checkpoints_steps is not None and self.save_checkpoints_secs == _DEFAULT_SECS:
            object.__setattr__(self, "save_checkpoints_secs", None)
        for name, value in place_of(self).items():
            object.__setattr__(self, name, value)
        _check_model_dir(self.model_dir)
        _check_seed(self.tf_random_seed)
        _check_secs(self.save_checkpoints_secs)
        _check_deadline(self.peer_deadline_secs)
        _check_precision(self.precision)
        for name in _COUNTS:
            _check_count(name, getattr(self, name))
        _check_devices(self)
        _check_distribute(self)
        if self.save_checkpoints_steps is not None and self.save_checkpoints_secs is not None:
            raise ValueError(
                "One of save_checkpoints_steps and save_checkpoints_secs was expected, but both "
                f"came: {self.save_checkpoints_steps} and {self.save_checkpoints_secs}. "
                "Give one of them."
            )

    def __deepcopy__(self, memo):
        return self  # it does not change, and a strategy cannot be copied

    @property
    def task_type(self) -> str | None:
        """Another name of ``job_name``."""
        return self.job_name

    @property
    def task_id(self) -> int:
        """Another name of ``task``."""
        return self.task

    @property
    def num_worker_replicas(self) -> int:
        """Tasks that train: workers, and the chief or master."""
        return sum(len(self.cluster_spec.get(job, ())) for job in ("worker", *CHIEFS))

    def uid(self, whitelist: Sequence[str] = _FREE) -> str:
        """Return a text that equal configurations share.

        Parameters
        ----------
        whitelist : sequence of str
            Fields that may differ: by default seed and cadence.
        """
        fields = {f.name: getattr(self, f.name) for f in dataclasses.fields(self)}
        fields["cluster_spec"] = sorted(self.cluster_spec.items())
        kept = [f"{name}={value!r}" for name, value in fields.items() if name not in whitelist]
        return f"RunConfig({', '.join(kept)})"

    def replace(self, **changes) -> RunConfig:
        """Return a changed copy.

        Naming one of the two checkpoint intervals drops the other; naming another task or cluster
        drops what followed from the last one.
        """
        known = [field.name for field in dataclasses.fields(self)]
        for name in changes:
            if name not in known:
                raise TypeError(
                    f"replace() takes fields of RunConfig, but got {name!r}. "
                    f"Fields: {listing(known)}.{did_you_mean(name, known)}"
                )
        intervals = {"save_checkpoints_steps", "save_checkpoints_secs"}
        if len(named := intervals & set(changes)) == 1 and changes[min(named)] is not None:
            changes[min(intervals - named)] = None
        if {"cluster_spec", "job_name", "task"} & set(changes):
            changes = {"master": None, "is_chief": None, "num_ps_replicas": None} | changes
        return dataclasses.replace(self, **changes)


def _is_int(value) -> bool:
    return isinstance(value, numbers.Integral) and not isinstance(value, bool)


def _check_model_dir(value) -> None:
    if value is not None and not isinstance(value, (str, os.PathLike)):
        raise TypeError(
            f"model_dir should be a path or None, but is {value!r}. Pass the folder's name."
        )
    if value is not None and not os.fspath(value):
        raise ValueError("model_dir should name a folder, but is ''. Pass None to save nothing.")


def _check_seed(value) -> None:
    if value is not None and not (_is_int(value) and 0 <= value < 2**32):
        raise ValueError(
            f"tf_random_seed should be an int in [0, 2**32) or None, but is {value!r}. "
            "Pass a whole number, or None for another seed each time."
        )


def _is_secs(value) -> bool:
    fits = isinstance(value, numbers.Real) and not isinstance(value, bool)
    return fits and 0 < value < math.inf


def _check_deadline(value) -> None:
    if not _is_secs(value):
        raise ValueError(
            f"peer_deadline_secs should be a number of seconds above 0, but is {value!r}. Pass "
            "how long other tasks may stay away."
        )


def _check_precision(value) -> None:
    if value not in PRECISIONS:
        raise ValueError(
            f"precision should be one of {listing(map(repr, PRECISIONS))}, but is {value!r}. Pass "
            f"one of these.{did_you_mean(value, PRECISIONS)}"
        )


def _check_secs(value) -> None:
    if value is not None and not _is_secs(value):
        raise ValueError(
            f"save_checkpoints_secs should be a number of seconds above 0 or None, but is "
            f"{value!r}. Pass None to save at the end only."
        )


def _check_count(name: str, value) -> None:
    if value is not None and not (_is_int(value) and value >= 1):
        raise ValueError(
            f"{name} should be an int of at least 1 or None, but is {value!r}. "
            "Pass a whole number, or None for no such interval or limit."
        )


def _check_devices(config: RunConfig) -> None:
    if not (_is_int(config.num_cores) and config.num_cores >= 0):
        raise ValueError(
            f"num_cores should be an int of at least 0, but is {config.num_cores!r}. Pass the "
            "number of threads, or 0 for TensorFlow's own choice."
        )
    share = config.gpu_memory_fraction
    fits = isinstance(share, numbers.Real) and not isinstance(share, bool)
    if not (fits and 0 < share <= 1):
        raise ValueError(
            f"gpu_memory_fraction should be a number above 0 and up to 1, but is {share!r}. Pass "
            "a share, such as 0.5."
        )
    if not isinstance(config.log_device_placement, bool):
        raise ValueError(
            f"log_device_placement should be True or False, but is "
            f"{config.log_device_placement!r}. Pass one of them."
        )


def _check_distribute(config: RunConfig) -> None:
    kind = config.distribute
    if kind is None or hasattr(kind, "num_replicas_in_sync"):
        return
    if kind not in _KINDS:
        raise ValueError(
            f"distribute should be one of {listing(map(repr, _KINDS))}, a tf.distribute.Strategy, "
            f"or None, but is {kind!r}. Pass one of these.{did_you_mean(kind, _KINDS)}"
        )
    if kind == "parameter_server" and not ("ps" in config.cluster_spec and config.job_name):
        raise ValueError(
            "distribute should be 'parameter_server' where a cluster has jobs ps and worker, and "
            f"this process is one of them. Got the cluster {config.cluster_spec} and the job "
            f"{config.job_name!r}: set TF_CONFIG, or give both to RunConfig."
        )
    if kind == "multi_worker" and (config.num_worker_replicas < 2 or config.job_name is None):
        raise ValueError(
            "distribute should be 'multi_worker' where a cluster has several workers, and this "
            f"process is one. Got the cluster {config.cluster_spec} and the job "
            f"{config.job_name!r}: set TF_CONFIG, or give both to RunConfig."
        )
