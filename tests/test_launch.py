"""launch: a program runs as each task of a cluster, and again where it fails."""

import json
import os
import signal
import subprocess
import sys
import time

import pytest

from tflearnkit.launch import main

NOTE = """
import json, os, pathlib, sys, time
task = json.loads(os.environ["TF_CONFIG"])["task"]
folder = pathlib.Path(sys.argv[1])
name = f"{task['type']}{task['index']}"
runs = len(list(folder.glob(f"{name}.run*")))
(folder / f"{name}.run{runs}").write_text(json.dumps([os.environ["TF_CONFIG"], sys.argv[2:]]))
"""


@pytest.fixture
def job(tmp_path):
    """Write a program that notes each of its runs, then does what is given."""

    def write(then=""):
        (tmp_path / "job.py").write_text(NOTE + then)
        return ["--logs", str(tmp_path / "logs")], [str(tmp_path / "job.py"), str(tmp_path)]

    return write


def runs(folder):
    return sorted(path.name for path in folder.glob("*.run*"))


def test_each_task_knows_who_it_is(tmp_path, job):
    options, program = job("print('from', name)")
    assert main(["--workers", "2", "--chief", "--evaluator", *options, *program, "--steps=3"]) == 0
    assert runs(tmp_path) == ["chief0.run0", "evaluator0.run0", "worker0.run0", "worker1.run0"]
    config, arguments = json.loads((tmp_path / "worker1.run0").read_text())
    cluster = json.loads(config)["cluster"]
    assert {name: len(tasks) for name, tasks in cluster.items()} == {"chief": 1, "worker": 2}
    assert len({address for tasks in cluster.values() for address in tasks}) == 3
    assert arguments == ["--steps=3"]
    assert (tmp_path / "logs" / "worker1.log").read_text() == "from worker1\n"


def test_arguments_may_stand_behind_a_dash(tmp_path, job):
    options, program = job()
    path, folder = program
    assert main(["--workers", "1", *options, path, "--", folder, "--logs", "own"]) == 0
    _, arguments = json.loads((tmp_path / "worker0.run0").read_text())
    assert arguments == ["--logs", "own"]


def test_workers_that_wait_for_each_other_start_again_together(tmp_path, job, capfd):
    options, program = job(
        "if runs == 0 and name == 'worker0':\n    time.sleep(60)\n"
        "while not (folder / 'worker0.run0').exists():\n    time.sleep(0.1)\n"
        "if runs == 0:\n    sys.exit(3)"
    )
    assert main(["--workers", "2", *options, *program]) == 0
    assert runs(tmp_path) == ["worker0.run0", "worker0.run1", "worker1.run0", "worker1.run1"]
    assert "worker1 failed with status 3 and starts again" in capfd.readouterr().err


def test_beside_parameter_servers_the_failed_one_starts_again(tmp_path, job):
    options, program = job(
        "if name == 'ps0' or runs == 1:\n    time.sleep(60)\n"
        "if name == 'worker1':\n    sys.exit(3)\n"
        "while not all((folder / run).exists() for run in ('ps0.run0', 'worker1.run1')):\n"
        "    time.sleep(0.1)"
    )
    began = time.monotonic()
    assert main(["--workers", "2", "--ps", "1", *options, *program]) == 0
    assert time.monotonic() - began < 30  # those that serve are ended, not waited for
    assert runs(tmp_path) == ["ps0.run0", "worker0.run0", "worker1.run0", "worker1.run1"]


def test_what_fails_too_often_ends_the_job(tmp_path, job, capfd):
    options, program = job("sys.exit(7) if name == 'worker0' else time.sleep(60)")
    assert main(["--workers", "2", "--restarts", "2", *options, *program]) == 7
    assert runs(tmp_path).count("worker0.run2") == 1
    assert "worker0.run3" not in runs(tmp_path)
    assert "worker0 failed with status 7, too often" in capfd.readouterr().err


def test_a_killed_task_has_the_status_that_shells_give(job):
    options, program = job("os.kill(os.getpid(), 9)")
    assert main(["--workers", "1", "--restarts", "0", *options, *program]) == 137


def test_sigterm_ends_all_tasks(tmp_path, job):
    options, program = job("(folder / f'{name}.pid').write_text(str(os.getpid())); time.sleep(60)")
    command = [sys.executable, "-m", "tflearnkit.launch", *options, *program]
    launcher = subprocess.Popen(command)
    while len(list(tmp_path.glob("*.pid"))) < 2 or not all(
        path.read_text() for path in tmp_path.glob("*.pid")
    ):
        time.sleep(0.05)
    launcher.send_signal(signal.SIGTERM)
    assert launcher.wait(30) == 130
    for path in tmp_path.glob("*.pid"):
        with pytest.raises(ProcessLookupError):
            os.kill(int(path.read_text()), 0)


@pytest.mark.parametrize("arguments", [["--workers", "two", "job.py"], ["--workers", "2"]])
def test_wrong_arguments(arguments, capsys):
    with pytest.raises(SystemExit):
        main(arguments)
    assert "usage: python -m tflearnkit.launch" in capsys.readouterr().err
