"""Sizes the thread pools before anything loads TensorFlow: workers share the cores, not fight."""

import os
import signal

import pytest

_workers = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
_threads = str(max(1, (os.cpu_count() or 1) // _workers))

for _name in (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "TF_NUM_INTRAOP_THREADS",
    "TF_NUM_INTEROP_THREADS",
):
    os.environ.setdefault(_name, _threads)
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
os.environ.setdefault("MPLBACKEND", "Agg")


@pytest.fixture(autouse=True)
def same_draws_each_time():
    """Seed what ``random_state=None`` draws from, so that a test passes always or never."""
    import numpy as np  # not above: it reads its number of threads as it is imported

    np.random.seed(0)


@pytest.fixture
def ctrl_c():
    """Make SIGINT raise KeyboardInterrupt, which a run in a shell's background ignores."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


def pytest_collection_modifyitems(items):
    """Begin with clusters and examples, so that nobody is left with them at the end."""
    slow = {
        f"test_{name}"
        for name in ("parameter_servers", "faults", "replicas", "census_job", "dask", "examples")
    }
    items.sort(key=lambda item: item.module.__name__ not in slow)
