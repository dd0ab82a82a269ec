"""The task of a model function, which says itself what its targets mean."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from tflearnkit.tasks.base import Task

__all__ = ["FunctionTask"]


@dataclass(frozen=True)
class FunctionTask(Task):
    """Targets and predictions go as they are."""

    kind: ClassVar[str] = "function"
    reports_probabilities: ClassVar[bool] = False
    n_outputs: int = 1

    def encode(self, y) -> np.ndarray:
        return np.asarray(y)

    @staticmethod
    def outputs(predictions) -> dict:
        """Return predictions by the keys that metrics may ask for."""
        if not isinstance(predictions, Mapping):
            return {"predictions": predictions}
        if len(predictions) == 1:
            return {**predictions, "predictions": next(iter(predictions.values()))}
        return dict(predictions)

    def report(self, outputs, labels, weights=None) -> dict[str, float]:
        """Return what is reported of predictions beside the function's own metrics: nothing."""
        return {}
