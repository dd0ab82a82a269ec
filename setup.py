"""Packaging of tflearnkit: metadata and the ranges of dependencies it is tested with."""

import re
from pathlib import Path

from setuptools import find_packages, setup

HERE = Path(__file__).parent
INIT = (HERE / "tflearnkit" / "__init__.py").read_text(encoding="utf-8")

REQUIRED = [
    "tensorflow>=2.21,<2.22",  # the engine; Keras 3 comes with it
    "scikit-learn>=1.9,<1.10",  # the contract; narwhals (any data frame) comes with it
    "pandas>=2.2,<4",  # factorising columns, and the frames most users hold
    "numpy>=2.0,<3",  # every array between the user and the engine
]

EXTRAS = {
    "tests": [
        "pytest>=8",  # the runner
        "pytest-xdist>=3.6",  # two workers for two cores
        "pytest-timeout>=2.3",  # no test may hang
        "polars>=1.0",  # one of the frames that must work
        "pyarrow>=17",  # another one
        "rich>=13",  # scikit-learn's ProgressBar callback draws with it
        "tensorboard>=2.20,<2.22",  # reads back the event and projector files we write
        "matplotlib>=3.8",  # draws the displays of learn.plot
        "gymnasium>=1.0",  # the poles of examples/cartpole_policy_gradient.py
        "ydf>=0.16,<0.17",  # grows the forests
        "optuna>=4,<6",  # chooses for the tuner
        "dask[distributed]>=2025.1",  # a cluster for grid searches
        "ai-edge-litert>=2,<3",  # runs what export_litert writes
        "tf2onnx>=1.17,<1.18",  # writes what export_onnx does
        "onnx>=1.17",  # checks it
        "onnxruntime>=1.20",  # runs it
    ],
    "examples": ["gymnasium>=1.0"],  # what examples/cartpole_policy_gradient.py plays
    "forest": ["ydf>=0.16,<0.17"],  # grows trees: 45 MB; no wheels for Windows or Linux on ARM
    "parquet": ["pyarrow>=17"],  # TensorFlowDataFrame.from_parquet
    "tune": ["optuna>=4,<6"],  # chooses the hyperparameters that learn_runner.tune tries
    "dask": ["dask[distributed]>=2025.1"],  # scikit-learn's searches on a cluster, by joblib
    "litert": ["ai-edge-litert>=2,<3"],  # compares what export_litert writes with the estimator
    "onnx": [
        "tf2onnx>=1.17,<1.18",  # turns graphs into ONNX for export_onnx
        "onnx>=1.17",  # checks what it made
        "onnxruntime>=1.20",  # compares it with the estimator
    ],
    "plots": ["matplotlib>=3.8"],  # the displays of learn.plot, among them the demo's
    "benchmarks": [
        "torch==2.13.0",  # an optional peer, skipped where it is not installed
        "ydf>=0.16,<0.17",  # grows the forests of benchmarks/forest.py
    ],
    "lint": ["ruff>=0.14"],  # `make lint`
}

setup(
    name="tflearnkit",
    version=re.search(r'^__version__ = "([^"]+)"', INIT, re.MULTILINE).group(1),
    description="TF.Learn reborn: estimators on TensorFlow that are true scikit-learn citizens",
    long_description=(HERE / "README.md").read_text(encoding="utf-8"),
    long_description_content_type="text/markdown",
    license="Apache-2.0",
    license_files=["LICENSE"],
    packages=find_packages(include=["tflearnkit", "tflearnkit.*"]),
    python_requires=">=3.11",
    install_requires=REQUIRED,
    extras_require=EXTRAS,
    classifiers=[
        "Development Status :: 3 - Alpha",
        "Intended Audience :: Developers",
        "Intended Audience :: Science/Research",
        "Programming Language :: Python :: 3",
        "Topic :: Scientific/Engineering :: Artificial Intelligence",
    ],
)
