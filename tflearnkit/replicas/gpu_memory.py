"""How much of a GPU's memory TensorFlow may take."""

from __future__ import annotations

import subprocess
from functools import cache

__all__ = ["limit_gpu_memory"]

_QUERY = ["nvidia-smi", "--query-gpu=memory.total", "--format=csv,noheader,nounits"]


def limit_gpu_memory(share: float) -> None:
    """Let TensorFlow take a share of the memory of each GPU; a machine without any has no limit.

    TensorFlow knows limits in megabytes but not how many there are: the driver's own tool says so.
    Of unlike GPUs the smallest counts for all, as TensorFlow numbers them in another order.
    """
    import tensorflow as tf

    gpus = tf.config.list_physical_devices("GPU")
    if not gpus:
        return
    limit = tf.config.LogicalDeviceConfiguration(memory_limit=int(share * _smallest_memory()))
    for gpu in gpus:
        tf.config.set_logical_device_configuration(gpu, [limit])


@cache
def _smallest_memory() -> int:
    """Return the megabytes of the smallest GPU."""
    try:
        told = subprocess.run(_QUERY, capture_output=True, text=True, check=True, timeout=60)
        return min(map(int, told.stdout.split()))
    except (OSError, subprocess.SubprocessError, ValueError) as error:
        raise ValueError(
            "gpu_memory_fraction asks nvidia-smi how much memory there is, and it did not say. Got "
            f"{error}: make '{' '.join(_QUERY)}' work, or leave gpu_memory_fraction out."
        ) from error
