"""Fits on files that memory would not hold: ``python -m benchmarks.larger_than_memory --rows N``.

Each estimator is fitted once over a file of N rows of 28 numbers and a label, in a process of its
own, which is killed in the middle and started again: it must end at the step of an undisturbed run,
having held less than 1.5 GB at its peak. 20 million rows are 5 GB of CSV.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import tflearnkit as learn
from benchmarks.streams import BATCH, NAMES, SPEC, blocks, write_csv, write_tfrecord
from benchmarks.timing import report_value, warn_if_busy

CAP = 1.5  # GB
ESTIMATORS = {
    "linear": learn.LinearClassifier,
    "network": learn.DNNClassifier,
    "k-means": learn.KMeansClustering,
}


def fit(name, path, model_dir, n_rows) -> dict:
    """Fit one estimator on a file, going on from the checkpoints in ``model_dir``."""
    begin = time.perf_counter()
    config = learn.RunConfig(save_checkpoints_steps=max(1, n_rows // BATCH // 10))
    options = {"model_dir": model_dir, "config": config, "random_state": 0}
    options |= {"hidden_units": [64]} if name == "network" else {}
    options |= {"num_clusters": 8} if name == "k-means" else {}
    model = ESTIMATORS[name](**options).fit(
        input_fn=lambda: rows_of(path, None if name == "k-means" else "label"),
        max_steps=-(-n_rows // BATCH),
    )
    found = {
        "step": int(model.get_variable_value("global_step")),
        "seconds": time.perf_counter() - begin,
        "gigabytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6,
    }
    X, y = next(blocks(10_000, size=10_000))
    X = dict(zip(NAMES, X.T, strict=True)) if path.endswith(".csv") else {"x": X}
    return found | ({} if name == "k-means" else {"accuracy": float(model.score(X, y))})


def rows_of(path, target):
    """Return the dataset of a file's batches; without a target the label is a feature too."""
    if path.endswith(".csv"):
        return learn.csv_input_fn(path, target, BATCH, seed=0)()
    return learn.read_batch_features(path, BATCH, SPEC, num_epochs=1, target_key=target, seed=0)


def run(name, path, n_rows):
    """Fit in a process that is killed at its third checkpoint, and again to the end; report."""
    with tempfile.TemporaryDirectory() as model_dir:
        command = [
            sys.executable, "-m", "benchmarks.larger_than_memory", "--rows", str(n_rows),
            "--fit", name, "--path", path, "--model-dir", model_dir,
        ]  # fmt: skip
        killed_at = _killed_in_the_middle(command, model_dir)
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            raise RuntimeError(f"the fit failed:\n{done.stderr[-2000:]}")
        found = json.loads(done.stdout.splitlines()[-1])
    steps = -(-n_rows // BATCH)
    title = f"{name}, {n_rows:,} rows, {os.path.splitext(path)[1][1:]}"
    report_value(title, "killed after", killed_at, "checkpoints", 1, True, 0)
    report_value(None, "steps lacking", steps - found["step"], f"of {steps}", 0, digits=0)
    report_value(None, "seconds after that", found["seconds"], "s")
    report_value(None, "memory at most", found["gigabytes"], "GB", CAP)
    if "accuracy" in found:
        report_value(None, "accuracy", 100 * found["accuracy"], "%")


def _killed_in_the_middle(command, model_dir) -> int:
    """Start a fit, kill it once there are checkpoints, and return how many there were."""
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as child:
        while child.poll() is None and _checkpoints(model_dir) < 3:
            time.sleep(0.05)
        child.send_signal(signal.SIGKILL)
    return _checkpoints(model_dir)


def _checkpoints(model_dir) -> int:
    return len(list(Path(model_dir).glob("checkpoint-*")))


def main():
    """Make the file and run all fits, or, as a child, one."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=20_000_000)
    parser.add_argument("--form", choices=["csv", "tfrecord"], default="csv")
    parser.add_argument("--only", nargs="+", choices=ESTIMATORS, default=list(ESTIMATORS))
    parser.add_argument("--fit", choices=ESTIMATORS, help=argparse.SUPPRESS)
    parser.add_argument("--path", help=argparse.SUPPRESS)
    parser.add_argument("--model-dir", help=argparse.SUPPRESS)
    flags = parser.parse_args()
    if flags.fit:
        print(json.dumps(fit(flags.fit, flags.path, flags.model_dir, flags.rows)))
        return
    warn_if_busy()
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, f"rows.{flags.form}")
        (write_csv if flags.form == "csv" else write_tfrecord)(path, flags.rows)
        for name in flags.only:
            run(name, path, flags.rows)


if __name__ == "__main__":
    main()
