"""Quality and speed beside the peers. Importing this package gives everybody two threads."""

import os

# Read by OpenMP, BLAS and TensorFlow when they load, so they stand before any of them.
for _name in (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "TF_NUM_INTRAOP_THREADS",
    "TF_NUM_INTEROP_THREADS",
):
    os.environ.setdefault(_name, "2")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
