"""What it costs that several devices or processes train: ``python -m benchmarks.replicas``.

Two replicas share this machine's cores, so that they can show what meeting costs, and no gain.
Each kind trains the same networks in processes of its own: the seconds of a step, without those of
the first fit, are fitted by ``a + b * megabytes`` of weights. The last lines time a worker's loss.
"""

from __future__ import annotations

import argparse
import json
import os
import socket
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

from benchmarks.timing import report_value, warn_if_busy

JOB = str(Path(__file__).with_name("replicas_job.py"))
LAUNCH = [sys.executable, "-m", "tflearnkit.launch", "--workers", "2"]
KINDS = {  # by name: what is before the job on the command line
    "alone, without XLA": [sys.executable],
    "one mirrored device": [sys.executable],
    "two mirrored devices": [sys.executable],
    "two workers": LAUNCH,
    "two workers, one server": [*LAUNCH, "--ps", "1"],
}


def steps(rounds=3):
    """Seconds of a step of 128 rows by megabytes of weights, by kind; medians over rounds."""
    print(f"\n{steps.__doc__}")
    seconds = {kind: [] for kind in KINDS}
    for _ in range(rounds):
        for kind in KINDS:
            found = _run(kind, "steps", kind)
            seconds[kind].append([each["seconds"] for each in found])
            megabytes = [each["megabytes"] for each in found]
    alone = np.median(seconds["alone, without XLA"], axis=0)
    for kind, times in seconds.items():
        median = np.median(times, axis=0)
        per_megabyte, each = np.polyfit(megabytes, median - alone, 1)
        shown = "  ".join(f"{1e3 * s:7.2f}" for s in median)
        print(
            f"  {kind:<26}{shown} ms at {'  '.join(f'{m:.2f}' for m in megabytes)} MB;  beyond "
            f"alone: {1e3 * each:6.2f} ms a step, {1e3 * per_megabyte:6.2f} ms a megabyte",
            flush=True,
        )
    ratio = np.median(np.array(seconds["one mirrored device"]) / seconds["alone, without XLA"])
    report_value(None, "one device of a strategy", ratio, "of the time alone", 1.05)


def losses():
    """Seconds from the kill of a worker until the other one knows, and until both train again."""
    report_value(losses.__doc__, "known", _unattended("known"), "s")
    report_value(None, "training again", _run("two workers", "losses")["again"], "s")


def _unattended(name: str) -> float:
    """Return what is noted where nobody starts the workers again."""
    ports = [_free_port() for _ in range(2)]
    cluster = {"worker": [f"localhost:{port}" for port in ports]}
    with tempfile.TemporaryDirectory() as folder:
        tasks = [
            subprocess.Popen(
                [sys.executable, JOB, folder, "losses"], stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                env=_around(TF_CONFIG=json.dumps(
                    {"cluster": cluster, "task": {"type": "worker", "index": index}}
                )),
            )
            for index in range(2)
        ]  # fmt: skip
        for task in tasks:
            task.wait(300)
        noted = Path(folder)
        return float((noted / name).read_text()) - float((noted / "killed").read_text())


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("localhost", 0))
        return found.getsockname()[1]


def _around(**more) -> dict:
    return os.environ | {"PYTHONPATH": str(Path(__file__).parents[1])} | more


def _run(kind: str, *arguments):
    """Run the job and return what it wrote."""
    with tempfile.TemporaryDirectory() as folder:
        command = list(KINDS[kind])
        if len(command) > 1:
            command += ["--logs", folder]
        done = subprocess.run(
            [*command, JOB, folder, *arguments], capture_output=True, text=True, check=False,
            env=_around(), timeout=600,
        )  # fmt: skip
        if done.returncode:
            logs = "\n".join(log.read_text()[-2000:] for log in Path(folder).glob("*.log"))
            raise RuntimeError(f"{kind} failed:\n{done.stderr[-2000:]}\n{logs}")
        return json.loads((Path(folder) / "found.json").read_text())


BENCHMARKS = {run.__name__: run for run in (steps, losses)}


def main():
    """Run the benchmarks named on the command line, all by default."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", nargs="+", choices=BENCHMARKS, default=list(BENCHMARKS))
    print("Replicas: two on one machine's cores")
    for name in parser.parse_args().only:
        warn_if_busy()
        BENCHMARKS[name]()


if __name__ == "__main__":
    main()
