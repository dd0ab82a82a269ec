"""Clustering: no target, but a distance to the nearest centre."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from tflearnkit.tasks.base import Task

__all__ = ["CLUSTER_IDX", "SCORES", "ClusteringTask"]

CLUSTER_IDX, SCORES = "cluster_idx", "scores"


@dataclass(frozen=True)
class ClusteringTask(Task):
    """The number of a cluster for each row, and what the distance to its centre costs.

    Examples
    --------
    >>> clusters, losses = np.array([0, 1]), np.array([1.0, 3.0])
    >>> ClusteringTask().report(clusters, losses, None, np.array([2.0, 1.0]))["inertia"]
    5.0
    """

    kind: ClassVar[str] = "clustering"
    reports_probabilities: ClassVar[bool] = False
    n_outputs: int = 1

    def encode(self, y) -> np.ndarray:
        return np.asarray(y)

    def report(self, clusters, losses, y_encoded, weights=None) -> dict[str, float]:
        """Return ``loss``, the mean, and ``inertia``, the sum."""
        weights = np.ones(len(losses)) if weights is None else weights
        inertia = float(losses @ weights)
        return {"loss": inertia / float(np.sum(weights)), "inertia": inertia}

    def outputs(self, clusters, losses) -> dict[str, np.ndarray]:
        """Return what a metric may ask for by key."""
        return {CLUSTER_IDX: clusters, SCORES: losses}
