"""Monitors: listeners of a training run, which may record, report, save, evaluate and stop.

Pass them to ``fit(monitors=[...])``. ``ValidationMonitor`` is the one for early stopping;
``EveryN`` the one to subclass for your own.
"""

from tflearnkit.monitors.base import BaseMonitor, Progress
from tflearnkit.monitors.checkpoints import CheckpointSaver
from tflearnkit.monitors.every_n import EveryN, FunctionalMonitor
from tflearnkit.monitors.export import ExportMonitor
from tflearnkit.monitors.history import History
from tflearnkit.monitors.profiler import ProfilerMonitor
from tflearnkit.monitors.progress_bar import ProgressBar
from tflearnkit.monitors.recording import (
    CaptureVariable,
    GraphDump,
    LoggingTrainer,
    PrintTensor,
)
from tflearnkit.monitors.stopping import LossMonitor, NanLoss, StopAtStep
from tflearnkit.monitors.summary import StepCounter, SummarySaver
from tflearnkit.monitors.validation import ValidationMonitor

__all__ = [
    "BaseMonitor",
    "CaptureVariable",
    "CheckpointSaver",
    "EveryN",
    "ExportMonitor",
    "FunctionalMonitor",
    "GraphDump",
    "History",
    "LoggingTrainer",
    "LossMonitor",
    "NanLoss",
    "PrintTensor",
    "ProfilerMonitor",
    "Progress",
    "ProgressBar",
    "StepCounter",
    "StopAtStep",
    "SummarySaver",
    "ValidationMonitor",
]
