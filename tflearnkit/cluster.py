"""TF_CONFIG: which tasks a job has, and which of them this process is."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from typing import Any, NamedTuple

from tflearnkit.errors import did_you_mean, listing

__all__ = ["CHIEFS", "EVALUATOR", "ClusterSpec", "place_of"]

CHIEFS = ("chief", "master")  # jobs whose only task is the chief
EVALUATOR = "evaluator"  # a job that stands beside the cluster, and may be missing from it


class ClusterSpec(Mapping):
    """The addresses of a cluster's tasks by job; it does not change, so that it can be hashed.

    Parameters
    ----------
    jobs : dict of str to list of str

    Raises
    ------
    ValueError
        If it is something else.

    Examples
    --------
    >>> ClusterSpec({"ps": ["host0:2222"], "worker": ["host1:2222", "host2:2222"]}).n_tasks
    3
    """

    def __init__(self, jobs: Mapping):
        if not isinstance(jobs, Mapping):
            raise ValueError(
                f"cluster_spec should be a dict of lists of addresses by job. Got {jobs!r}: pass "
                "such as {'worker': ['host0:2222', 'host1:2222']}."
            )
        self._jobs = {str(job): _addresses(job, those) for job, those in jobs.items()}

    def __getitem__(self, job: str) -> tuple[str, ...]:
        return self._jobs[job]

    def __iter__(self):
        return iter(self._jobs)

    def __len__(self) -> int:
        return len(self._jobs)

    def __repr__(self) -> str:
        return repr(self._jobs)

    def __hash__(self):
        return hash(frozenset(self.items()))

    @property
    def n_tasks(self) -> int:
        """Tasks that train or keep parameters; an evaluator is none of them."""
        return sum(len(tasks) for job, tasks in self.items() if job != EVALUATOR)

    def check(self, job: str, task: int) -> None:
        """Check that there is such a task."""
        if job == EVALUATOR and job not in self:
            return
        if job not in self:
            raise ValueError(
                f"{job} is not a valid task in the cluster_spec, which has the jobs "
                f"{listing(self)}. Name one of these.{did_you_mean(job, self)}"
            )
        if task >= len(self[job]):
            raise ValueError(
                f"{task} is not a valid task index of job {job!r}, which has {len(self[job])} "
                f"task(s). Pass one from 0 to {len(self[job]) - 1}."
            )


def _addresses(job, those) -> tuple[str, ...]:
    listed = isinstance(those, list | tuple) and all(isinstance(each, str) for each in those)
    if not listed or not those:
        raise ValueError(
            f"cluster_spec should have a list of addresses for job {job!r}. Got {those!r}: pass "
            "such as ['host0:2222']."
        )
    return tuple(those)


class _Around(NamedTuple):
    """What ``TF_CONFIG`` says of this process."""

    cluster_spec: Any = None
    job_name: str | None = None
    task: int | None = None
    model_dir: str | None = None


def _read_environment() -> _Around:
    """Return what the environment variable ``TF_CONFIG`` says; nothing where it is not set.

    Raises
    ------
    ValueError
        If it is not the JSON that it should be.
    """
    text = os.environ.get("TF_CONFIG", "").strip()
    if not text:
        return _Around()
    try:
        found = json.loads(text)
    except json.JSONDecodeError as error:
        raise ValueError(
            f"TF_CONFIG should be JSON. Got {text!r} ({error}): write such as {_EXAMPLE}."
        ) from error
    task = found.get("task", {}) if isinstance(found, dict) else None
    if not isinstance(task, dict):
        raise ValueError(
            f"TF_CONFIG should be an object, and its task one too. Got {text!r}: write such as "
            f"{_EXAMPLE}."
        )
    job, index = task.get("type"), task.get("index")
    if isinstance(index, str) and index.isdigit():  # as some schedulers write it
        index = int(index)
    return _Around(found.get("cluster"), job, index, found.get("model_dir"))


_EXAMPLE = '{"cluster": {"worker": ["host0:2222"]}, "task": {"type": "worker", "index": 0}}'


def place_of(config) -> dict[str, Any]:
    """Return the fields of a `RunConfig` that say where its process is, from what is given.

    Parameters
    ----------
    config : RunConfig
        Whose own fields win over ``TF_CONFIG``, which is not read where it has a ``cluster_spec``.

    Raises
    ------
    ValueError
        If there is no such task, or what is given contradicts itself.
    """
    around = _Around() if config.cluster_spec is not None else _read_environment()
    spec = ClusterSpec(around.cluster_spec or config.cluster_spec or {})
    job = around.job_name if config.job_name is None else config.job_name
    task = around.task if config.task is None else config.task
    task = _checked_index(0 if task is None else task)
    if spec and job is not None:
        spec.check(job, task)
    return {
        "cluster_spec": spec,
        "job_name": job,
        "task": task,
        "model_dir": _one_model_dir(config.model_dir, around.model_dir),
        "master": _address(spec, job, task) if config.master is None else config.master,
        "is_chief": _is_chief(spec, job, task, config.is_chief),
        "num_ps_replicas": _n_ps(spec, config.num_ps_replicas),
    }


def _checked_index(task) -> int:
    if not isinstance(task, int) or isinstance(task, bool) or task < 0:
        raise ValueError(f"{task!r} is not a valid task index: pass an int of at least 0.")
    return task


def _address(spec: ClusterSpec, job: str | None, task: int) -> str:
    """Return the address of a task, '' where there is none or no other to talk to."""
    return f"grpc://{spec[job][task]}" if spec.n_tasks > 1 and job in spec else ""


def _is_chief(spec: ClusterSpec, job: str | None, task: int, given: bool | None) -> bool:
    own = [name for name in CHIEFS if name in spec]
    found = task == 0 and job in (None, *(own or ("worker",)))
    if given is None or given == found:
        return found
    if given and task != 0:
        raise ValueError(
            f"Task is {task}, but only task 0 may be chief. Leave is_chief out, or pass task=0."
        )
    if given and job in ("ps", EVALUATOR):
        raise ValueError(
            f"job_name is {job!r}, but only a worker, chief or master may be chief. Leave is_chief "
            "out."
        )
    if not given and job in CHIEFS:
        raise ValueError(
            f"{job.capitalize()} task 0 must be chief. Got is_chief=False: leave it out."
        )
    return given


def _n_ps(spec: ClusterSpec, given: int | None) -> int:
    counted = len(spec.get("ps", ()))
    if given is None:
        return counted
    if not isinstance(given, int) or isinstance(given, bool) or given < 0:
        raise ValueError(f"num_ps_replicas should be an int of at least 0. Got {given!r}.")
    if spec and given != counted:
        raise ValueError(
            f"num_ps_replicas should be left out where there is a cluster_spec, which has "
            f"{counted}. Got {given}."
        )
    return given


def _one_model_dir(own, around):
    if own is None or around is None or os.fspath(own) == around:
        return around if own is None else own
    raise ValueError(
        f"model_dir should be the same where it is given twice. Got {os.fspath(own)!r}, and "
        f"{around!r} in TF_CONFIG: leave one of them out."
    )
