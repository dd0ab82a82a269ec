"""Contestants timed in turn, and the lines that report them."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import time


def interleaved(contestants, rounds, warm_up=True):
    """Run each contestant in turn, A B A B, so that a busy minute of the machine hits all alike.

    Return the median seconds and the last result of each, by name.
    """
    if warm_up:
        for run in contestants.values():
            run()
    seconds, results = {name: [] for name in contestants}, {}
    for _ in range(rounds):
        for name, run in contestants.items():
            begin = time.perf_counter()
            results[name] = run()
            seconds[name].append(time.perf_counter() - begin)
    return {name: statistics.median(times) for name, times in seconds.items()}, results


def in_fresh_process(code):
    """Run code in a process of its own and return the number on the last line that it prints."""
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=900
    )
    if done.returncode:
        raise RuntimeError(f"the child process failed:\n{done.stderr[-2000:]}")
    return float(done.stdout.split()[-1])


def median_of_processes(codes, rounds):
    """Run each code ``rounds`` times in fresh processes, interleaved; return medians by name."""
    numbers = {name: [] for name in codes}
    for _ in range(rounds):
        for name, code in codes.items():
            numbers[name].append(in_fresh_process(code))
    return {name: statistics.median(values) for name, values in numbers.items()}


def warn_if_busy():
    """Say so where others use the machine: idle threads that spin make such figures worthless."""
    load, cores = os.getloadavg()[0], os.cpu_count()
    if load > cores + 0.5:
        print(f"\nThe machine is busy, load {load:.1f} on {cores} cores: do not trust what follows")


def verdict(value, target, at_least=False):
    """Return ``"<= 0.25 reached"``, or the same with MISSED."""
    reached = value >= target if at_least else value <= target
    return f"{'>=' if at_least else '<='} {target:g} {'reached' if reached else 'MISSED'}"


def report_ratios(title, seconds, targets, remarks=None):
    """Print our seconds, then each peer's with the ratio ours / peer and its target."""
    remarks = remarks or {}
    print(f"\n{title}")
    ours = seconds["tflearnkit"]
    for name, value in seconds.items():
        line = f"  {name:<28}{value:9.4f} s   {remarks.get(name, ''):<34}"
        if name in targets:
            ratio = ours / value
            line += f"ratio {ratio:6.3f}  {verdict(ratio, targets[name])}"
        print(line.rstrip(), flush=True)


def report_value(title, name, value, unit, target=None, at_least=False, digits=3):
    """Print one figure that is judged by itself."""
    if title:
        print(f"\n{title}")
    judged = "" if target is None else verdict(value, target, at_least)
    print(f"  {name:<28}{value:9.{digits}f} {unit:<36}{judged}".rstrip(), flush=True)
