"""slurm: what Slurm says in the environment becomes the TF_CONFIG that any job reads."""

import json
import os
import subprocess
import sys

import pytest

from tflearnkit import RunConfig
from tflearnkit.slurm import main, slurm_config


def environ(nodes, tasks, rank=0, **more):
    step = {"SLURM_STEP_NODELIST": nodes, "SLURM_STEP_TASKS_PER_NODE": tasks}
    return {"SLURM_PROCID": str(rank), **step, **more}


def hosts(nodes, n):
    addresses = slurm_config(environ(nodes, f"1(x{n})"))["cluster"]["worker"]
    assert all(address.endswith(":8888") for address in addresses)
    return [address.removesuffix(":8888") for address in addresses]


@pytest.mark.parametrize(
    ("nodes", "expected"),
    [
        ("gpu05", ["gpu05"]),
        ("a,b.c-d,e", ["a", "b.c-d", "e"]),
        ("node[1-3,7],gpu05", ["node1", "node2", "node3", "node7", "gpu05"]),
        ("n[001-010]", [f"n{i:03d}" for i in range(1, 11)]),
        ("n[8-11]", ["n8", "n9", "n10", "n11"]),  # in Slurm's order, which tasks are numbered by
        ("r[1-2]n[08,10]-ib", ["r1n08-ib", "r1n10-ib", "r2n08-ib", "r2n10-ib"]),
    ],
)
def test_lists_of_hosts(nodes, expected):
    assert hosts(nodes, len(expected)) == expected


def test_tasks_on_one_host_have_ports_one_after_another():
    given = environ("n[1-3],m", "2(x3),1", rank=5)
    found = slurm_config(given, port_base=5000)
    workers = ["n1:5000", "n1:5001", "n2:5000", "n2:5001", "n3:5000", "n3:5001", "m:5000"]
    assert found == {"cluster": {"worker": workers}, "task": {"type": "worker", "index": 5}}


@pytest.mark.parametrize(
    ("rank", "task"), [(0, ("worker", 0)), (1, ("worker", 1)), (2, ("ps", 0)), (3, ("ps", 1))]
)
def test_the_last_tasks_keep_parameters(rank, task):
    found = slurm_config(environ("a,b", "2(x2)", rank), num_ps=2)
    assert found["cluster"] == {"worker": ["a:8888", "a:8889"], "ps": ["b:8888", "b:8889"]}
    assert (found["task"]["type"], found["task"]["index"]) == task


def test_a_batch_script_without_a_step_tells_the_job():
    given = {"SLURM_PROCID": "0", "SLURM_JOB_NODELIST": "a", "SLURM_TASKS_PER_NODE": "1"}
    assert slurm_config(given)["cluster"] == {"worker": ["a:8888"]}
    step = environ("b", "1", SLURM_JOB_NODELIST="a,b", SLURM_TASKS_PER_NODE="1(x2)")
    assert slurm_config(step)["cluster"] == {"worker": ["b:8888"]}


def test_a_run_config_takes_it(monkeypatch):
    monkeypatch.setenv("TF_CONFIG", json.dumps(slurm_config(environ("n[1-2]", "2,1", 2))))
    config = RunConfig()
    assert (config.job_name, config.task, config.master) == ("worker", 2, "grpc://n2:8888")
    assert config.num_worker_replicas == 3
    assert not config.is_chief


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({}, "SLURM_STEP_NODELIST and SLURM_STEP_TASKS_PER_NODE. Got neither .*: start it by srun"),
        ({"SLURM_PROCID": "0"}, "Got neither"),
        (environ("a", "1", rank=""), "its number in SLURM_PROCID. Got '': start it by srun"),
        (environ("a", "1", rank=1), "below the number of tasks, 1. Got 1: start it by srun"),
        (environ("a,b", "1"), r"the 2 host\(s\) in SLURM_STEP_NODELIST. Got 'a,b' and '1'"),
        (environ("n[1-", "1"), r"such as node\[1-3,7\],gpu05. Got 'n\[1-': use srun"),
        (environ("n[1-x]", "1"), r"Got 'n\[1-x\]'"),
        (environ("a,,b", "1(x2)"), "Got 'a,,b'"),
        (environ("", "1"), "Got ''"),
        (environ("a", "2x3"), r"such as 2\(x3\),1. Got '2x3'"),
    ],
)
def test_what_is_no_task_of_slurm(given, message):
    with pytest.raises(ValueError, match=message):
        slurm_config(given)


def test_some_task_trains():
    with pytest.raises(ValueError, match=r"Got 2 task\(s\), of which 2 keep parameters: start"):
        slurm_config(environ("a", "2"), num_ps=2)


def test_tasks_are_numbered_host_by_host():
    block = environ("a,b", "2(x2)", 2, SLURM_NODEID="1", SLURM_LOCALID="0")
    assert slurm_config(block)["task"] == {"type": "worker", "index": 2}
    cyclic = environ("a,b", "2(x2)", 2, SLURM_NODEID="0", SLURM_LOCALID="1")
    with pytest.raises(ValueError, match="Got 0: pass srun --distribution=block"):
        slurm_config(cyclic)


def test_the_program_reads_its_tf_config(tmp_path):
    job = tmp_path / "job.py"
    job.write_text("import os, sys; print(os.environ['TF_CONFIG'], sys.argv[1:]); sys.exit(3)")
    command = [sys.executable, "-m", "tflearnkit.slurm", "--ps", "1", "--port", "70", str(job)]
    done = subprocess.run(
        [*command, "--", "--steps", "9"], env=os.environ | environ("a", "2", 1),
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    config = {"cluster": {"worker": ["a:70"], "ps": ["a:71"]}, "task": {"type": "ps", "index": 0}}
    assert done.stdout == f"{json.dumps(config)} ['--steps', '9']\n"
    assert done.returncode == 3


def test_outside_of_slurm_the_command_says_what_to_do(monkeypatch, capsys):
    for name in [name for name in os.environ if name.startswith("SLURM_")]:
        monkeypatch.delenv(name)
    with pytest.raises(SystemExit):
        main(["job.py"])
    assert "start it by srun" in capsys.readouterr().err
