"""Run a program as each task of a Slurm step: ``srun python -m tflearnkit.slurm job.py``.

Slurm says in the environment of each task which one it is and on which hosts all are. From that the
program gets the ``TF_CONFIG`` that it reads on any other cluster; nothing is asked of GPUs, nor of
``scontrol``. In a batch script::

    srun --kill-on-bad-exit=1 --wait=60 python -m tflearnkit.slurm --ps 1 job.py --train_steps 1000

The last tasks keep parameters (``--ps``, which end by ``--wait``, a minute after the first worker
is done), all before them train. Started anew, such as by ``sbatch --requeue``, they go on from the
last checkpoint. Tasks listen on the ports from ``--port`` on of their host, where two jobs that
share hosts need other ones.
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import re
import sys
from collections.abc import Iterator, Mapping, Sequence

__all__ = ["main", "slurm_config"]

_PORT = 8888
_NODES = (
    ("SLURM_STEP_NODELIST", "SLURM_STEP_TASKS_PER_NODE"),  # by srun
    ("SLURM_JOB_NODELIST", "SLURM_TASKS_PER_NODE"),  # by sbatch
)


def slurm_config(environ: Mapping[str, str], num_ps: int = 0, port_base: int = _PORT) -> dict:
    """Return what ``TF_CONFIG`` should say in a task of Slurm.

    Parameters
    ----------
    environ : dict of str to str
        The task's environment.
    num_ps : int >= 0, default=0
        How many tasks, the last ones, keep parameters.
    port_base : int, default=8888
        Port of the first task on a host; the others on it follow.

    Returns
    -------
    dict
        The ``cluster``, addresses of the workers and parameter servers, and the ``task``.

    Raises
    ------
    ValueError
        Where this is no task of Slurm, its variables contradict each other, or no task would train.

    Examples
    --------
    >>> environ = {"SLURM_PROCID": "2", "SLURM_STEP_NODELIST": "n[08-09]",
    ...            "SLURM_STEP_TASKS_PER_NODE": "2,1"}
    >>> slurm_config(environ)["cluster"]
    {'worker': ['n08:8888', 'n08:8889', 'n09:8888']}
    >>> slurm_config(environ, num_ps=1)["task"]
    {'type': 'ps', 'index': 0}
    """
    places = [
        (number, local, f"{host}:{port_base + local}")
        for number, (host, count) in enumerate(_hosts_and_counts(environ))
        for local in range(count)
    ]
    rank = _number(environ, "SLURM_PROCID")
    _check_place(environ, rank, places)
    n_workers = len(places) - num_ps
    if n_workers < 1:
        raise ValueError(
            f"Some task should train. Got {len(places)} task(s), of which {num_ps} keep "
            "parameters: start more by srun --ntasks."
        )
    addresses = [address for _, _, address in places]
    cluster = {"worker": addresses[:n_workers], "ps": addresses[n_workers:]}
    trains = rank < n_workers
    return {
        "cluster": {job: tasks for job, tasks in cluster.items() if tasks},
        "task": {
            "type": "worker" if trains else "ps",
            "index": rank if trains else rank - n_workers,
        },
    }


def main(arguments: Sequence[str] | None = None) -> None:
    """Become a program that knows by ``TF_CONFIG`` which task of Slurm it is.

    Parameters
    ----------
    arguments : sequence of str, optional
        Those of the command line: ``--ps N``, ``--port N``, the program, and its own arguments.
    """
    parser = argparse.ArgumentParser(
        prog="python -m tflearnkit.slurm", description="Run a program as each task of a Slurm step."
    )
    parser.add_argument("--ps", type=int, default=0, help="tasks, the last, that keep parameters")
    parser.add_argument("--port", type=int, default=_PORT, help="of the first task on each host")
    parser.add_argument("program")
    parser.add_argument("arguments", nargs=argparse.REMAINDER)
    given = parser.parse_args(arguments)
    try:
        config = slurm_config(os.environ, given.ps, given.port)
    except ValueError as error:
        parser.error(str(error))
    own = given.arguments[1:] if given.arguments[:1] == ["--"] else given.arguments
    around = os.environ | {"TF_CONFIG": json.dumps(config)}
    # In place of this process, so that Slurm's signals and the exit status need no passing on.
    os.execve(sys.executable, [sys.executable, given.program, *own], around)


def _hosts_and_counts(environ: Mapping[str, str]) -> list[tuple[str, int]]:
    for nodes, tasks in _NODES:
        if nodes in environ and tasks in environ:
            hosts, counts = _hosts(environ[nodes]), _counts(environ[tasks])
            break
    else:
        raise ValueError(
            "A task of Slurm should have SLURM_STEP_NODELIST and SLURM_STEP_TASKS_PER_NODE. Got "
            "neither these nor SLURM_JOB_NODELIST and SLURM_TASKS_PER_NODE: start it by srun."
        )
    if len(hosts) != len(counts):
        raise ValueError(
            f"{tasks} should tell the tasks of each of the {len(hosts)} host(s) in {nodes}. Got "
            f"{environ[nodes]!r} and {environ[tasks]!r}: start it by srun, in one step."
        )
    return list(zip(hosts, counts, strict=True))


def _number(environ: Mapping[str, str], name: str) -> int:
    found = environ.get(name, "")
    if not found.isdigit():
        raise ValueError(
            f"A task of Slurm should have its number in {name}. Got {found!r}: start it by srun."
        )
    return int(found)


def _check_place(environ: Mapping[str, str], rank: int, places: list) -> None:
    """Check that the task is where its address says, which other distributions than block break."""
    if rank >= len(places):
        raise ValueError(
            f"SLURM_PROCID should be below the number of tasks, {len(places)}. Got {rank}: start "
            "it by srun, in one step."
        )
    for name, expected in zip(("SLURM_NODEID", "SLURM_LOCALID"), places[rank], strict=False):
        if name in environ and _number(environ, name) != expected:
            raise ValueError(
                f"Tasks should be numbered host by host, which puts {expected} into {name} of task "
                f"{rank}. Got {environ[name]}: pass srun --distribution=block."
            )


def _hosts(text: str) -> list[str]:
    """Return the hosts of a list as Slurm writes it, in its order: ``node[1-3,7],gpu05``."""
    patterns = re.findall(r"(?:[^\[\],]|\[[^\[\]]+\])+", text)
    if not patterns or ",".join(patterns) != text:
        raise ValueError(_unread("hosts", text, "node[1-3,7],gpu05"))
    return [host for pattern in patterns for host in _expanded(pattern, text)]


def _expanded(pattern: str, text: str) -> Iterator[str]:
    pieces = re.split(r"\[([^\]]+)\]", pattern)  # every second one stood in brackets
    choices = [
        list(_range(piece, text)) if number % 2 else [piece]
        for number, piece in enumerate(pieces)
    ]
    return map("".join, itertools.product(*choices))


def _range(piece: str, text: str) -> Iterator[str]:
    for part in piece.split(","):
        found = re.fullmatch(r"(\d+)(?:-(\d+))?", part)
        if found is None:
            raise ValueError(_unread("hosts", text, "node[1-3,7],gpu05"))
        first, last = found[1], found[2] or found[1]
        yield from (str(each).zfill(len(first)) for each in range(int(first), int(last) + 1))


def _counts(text: str) -> list[int]:
    """Return the tasks of each host, which Slurm writes as ``2(x3),1``."""
    found = [re.fullmatch(r"(\d+)(?:\(x(\d+)\))?", part) for part in text.split(",")]
    if not all(found):
        raise ValueError(_unread("tasks per host", text, "2(x3),1"))
    return [int(each[1]) for each in found for _ in range(int(each[2] or 1))]


def _unread(what: str, text: str, example: str) -> str:
    return f"Slurm should tell the {what} in a form such as {example}. Got {text!r}: use srun."


if __name__ == "__main__":
    main()
