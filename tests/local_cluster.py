"""A cluster of local processes: a script run once for each task, each told by TF_CONFIG who it is.

Run as a program it starts the tasks and waits for them. The tests run it in a network namespace of
its own, where the machine allows that: TensorFlow's servers listen on all interfaces.
"""

import json
import os
import shutil
import socket
import subprocess
import sys
from pathlib import Path

_LONE_NETWORK = ["unshare", "-rn", "sh", "-c", 'ip link set lo up && exec "$@"', "sh"]


def run_cluster(jobs, command, logs, seconds=300):
    """Run ``command`` as each task of ``jobs`` ({job: how many}); return the exit statuses.

    ``logs`` is a folder for what they print: ``worker0.log``, ``worker1.log``, ...
    """
    here = [sys.executable, __file__, json.dumps(jobs), str(logs), *command]
    command = alone_in_a_network(here)
    done = subprocess.run(command, capture_output=True, text=True, timeout=seconds, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def launch(options, logs, program, *arguments, seconds=500):
    """Run a program by the launcher; return what that said, and what each task did, by name."""
    command = [
        sys.executable, "-m", "tflearnkit.launch", *map(str, options), "--logs", str(logs),
        str(program), *map(str, arguments),
    ]  # fmt: skip
    done = subprocess.run(
        alone_in_a_network(command), capture_output=True, text=True, timeout=seconds, check=False
    )
    said = {log.stem: log.read_text() for log in Path(logs).glob("*.log")}
    ends = "\n".join(f"{name}: {text[-2000:]}" for name, text in said.items())
    assert done.returncode == 0, f"{done.stderr}\n{ends}"
    return done.stderr, said


def alone_in_a_network(command):
    """Return the command that runs one in a network of its own, where that is possible."""
    tools = all(shutil.which(tool) for tool in ("unshare", "ip"))
    if tools and subprocess.run([*_LONE_NETWORK, "true"], check=False).returncode == 0:
        return [*_LONE_NETWORK, *command]
    return command


def _free_ports(count):
    sockets = [socket.socket() for _ in range(count)]
    for each in sockets:
        each.bind(("localhost", 0))
    ports = [each.getsockname()[1] for each in sockets]
    for each in sockets:
        each.close()
    return ports


def _start(jobs, logs, command):
    ports = iter(_free_ports(sum(jobs.values())))
    cluster = {job: [f"localhost:{next(ports)}" for _ in range(n)] for job, n in jobs.items()}
    for job, addresses in cluster.items():
        for index in range(len(addresses)):
            config = {"cluster": cluster, "task": {"type": job, "index": index}}
            around = os.environ | {"TF_CONFIG": json.dumps(config)}
            with open(os.path.join(logs, f"{job}{index}.log"), "w", encoding="utf-8") as log:
                yield subprocess.Popen(command, env=around, stdout=log, stderr=log)


if __name__ == "__main__":
    tasks = list(_start(json.loads(sys.argv[1]), sys.argv[2], sys.argv[3:]))
    print(json.dumps([task.wait() for task in tasks]))
