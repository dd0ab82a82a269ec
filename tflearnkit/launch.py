"""Start a cluster of tasks on this machine: ``python -m tflearnkit.launch --workers 2 job.py``.

Each task runs the same program, and learns from ``TF_CONFIG`` which one it is; on a cluster, what
starts the program sets ``TF_CONFIG`` instead. A task that fails is started again, and training goes
on from the last checkpoint: workers that wait for each other are all started again together.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Sequence
from typing import NamedTuple

__all__ = ["main"]

_LOOK_SECS = 0.1  # between looks at the tasks
_GRACE_SECS = 15  # from SIGTERM to SIGKILL


class _Options(NamedTuple):
    jobs: dict[str, int]
    command: list[str]
    logs: str
    restarts: int


class _Task:
    """A process, and what it is in the cluster."""

    def __init__(self, job: str, index: int, cluster: dict, options: _Options):
        self.job, self.name = job, f"{job}{index}"
        # Beside parameter servers the chief, or else worker 0, hands out the work.
        leads = job == "chief" or ("chief" not in cluster and self.name == "worker0")
        self.serves = "ps" in cluster and job != "evaluator" and not leads
        self._command = options.command
        config = {"cluster": cluster, "task": {"type": job, "index": index}}
        self._around = os.environ | {"TF_CONFIG": json.dumps(config)}
        self._log = os.path.join(options.logs, f"{self.name}.log")
        self.process: subprocess.Popen | None = None

    def start(self) -> None:
        with open(self._log, "a", encoding="utf-8") as log:
            self.process = subprocess.Popen(
                self._command, env=self._around, stdout=log, stderr=subprocess.STDOUT
            )

    @property
    def status(self) -> int | None:
        """The exit status, as a shell tells it; None while the task runs."""
        found = self.process.poll()
        return found if found is None or found >= 0 else 128 - found


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a program as each task of a cluster; return its exit status.

    Parameters
    ----------
    arguments : sequence of str, optional
        Those of the command line: ``--workers N``, ``--ps N``, ``--chief``, ``--evaluator``,
        ``--logs FOLDER``, ``--restarts N``, the program, and its own arguments.

    Returns
    -------
    int
        0 once all that train have ended well, else the status of the task that failed last.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> folder = pathlib.Path(tempfile.mkdtemp())
    >>> _ = (folder / "job.py").write_text("import os; print(os.environ['TF_CONFIG'][-31:])")
    >>> main(["--workers", "2", "--logs", str(folder), str(folder / "job.py")])
    0
    >>> print((folder / "worker1.log").read_text().strip())
    {"type": "worker", "index": 1}}
    """
    options = _options(arguments)
    os.makedirs(options.logs, exist_ok=True)
    cluster = _cluster(options.jobs)
    tasks = [
        _Task(job, index, cluster, options)
        for job, count in options.jobs.items()
        for index in range(count)
    ]
    before = signal.signal(signal.SIGTERM, _interrupted)
    try:
        for task in tasks:
            task.start()
        return _attend(tasks, options)
    except KeyboardInterrupt:
        return 128 + signal.SIGINT
    finally:
        _stop(tasks)
        signal.signal(signal.SIGTERM, before)


def _interrupted(*_) -> None:
    raise KeyboardInterrupt


def _options(arguments) -> _Options:
    parser = argparse.ArgumentParser(
        prog="python -m tflearnkit.launch", description="Run a program as each task of a cluster."
    )
    parser.add_argument("--workers", type=_count, default=2, help="tasks that train")
    parser.add_argument("--ps", type=_count, default=0, help="tasks that keep parameters")
    parser.add_argument("--chief", action="store_true", help="one more that trains, and writes")
    parser.add_argument("--evaluator", action="store_true", help="one that evaluates checkpoints")
    parser.add_argument("--logs", default="logs", help="folder of what each task prints")
    parser.add_argument("--restarts", type=_count, default=3, help="how often tasks may fail")
    parser.add_argument("program")
    parser.add_argument("arguments", nargs=argparse.REMAINDER)
    given = parser.parse_args(arguments)
    jobs = {
        "chief": int(given.chief),
        "worker": given.workers,
        "ps": given.ps,
        "evaluator": int(given.evaluator),
    }
    own = given.arguments[1:] if given.arguments[:1] == ["--"] else given.arguments
    command = [sys.executable, given.program, *own]
    jobs = {job: count for job, count in jobs.items() if count}
    return _Options(jobs, command, given.logs, given.restarts)


def _count(text: str) -> int:
    if not text.isdigit():
        raise argparse.ArgumentTypeError(f"expected a number of tasks, but got {text!r}")
    return int(text)


def _cluster(jobs: dict[str, int]) -> dict[str, list[str]]:
    """Return addresses on this machine whose ports are free now."""
    listening = {job: [socket.socket() for _ in range(count)] for job, count in jobs.items()}
    cluster = {}
    for job, sockets in listening.items():
        for each in sockets:
            each.bind(("localhost", 0))
        cluster[job] = [f"localhost:{each.getsockname()[1]}" for each in sockets]
    for sockets in listening.values():
        for each in sockets:
            each.close()
    return {job: addresses for job, addresses in cluster.items() if job != "evaluator"}


def _attend(tasks: list[_Task], options: _Options) -> int:
    """Wait for the tasks, starting those again that fail; return the exit status of the job."""
    restarts = options.restarts
    ending = [task for task in tasks if not task.serves]
    while any(task.status != 0 for task in ending):
        failed = [task for task in tasks if task.status]
        if failed and not restarts:
            _say(f"{failed[0].name} failed with status {failed[0].status}, too often.")
            return failed[0].status
        if failed:
            restarts -= 1
            _say(f"{failed[0].name} failed with status {failed[0].status} and starts again.")
            _start_again(failed, tasks)
        time.sleep(_LOOK_SECS)
    return 0


def _start_again(failed: list[_Task], tasks: list[_Task]) -> None:
    trains = [task for task in tasks if task.job in ("chief", "worker")]
    waits_for_others = not any(task.serves for task in tasks)
    if waits_for_others and any(task in trains for task in failed):
        # Those left can but wait for the one that is gone; where one was asked to end, all save.
        was_asked = any(task.status == 128 + signal.SIGTERM for task in failed)
        _stop(trains, _GRACE_SECS if was_asked else 0)
        failed = [*trains, *(task for task in failed if task not in trains)]
    for task in failed:
        task.start()


def _stop(tasks: list[_Task], grace: float = _GRACE_SECS) -> None:
    """End the tasks that run: by SIGTERM, and those that do not listen by SIGKILL."""
    running = [task.process for task in tasks if task.process and task.process.poll() is None]
    for process in running:
        process.terminate()
        process.send_signal(signal.SIGCONT)  # one that was stopped hears nothing else
    deadline = time.monotonic() + grace
    for process in running:
        try:
            process.wait(max(0.0, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _say(text: str) -> None:
    print(f"launch: {text}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
