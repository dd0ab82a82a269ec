"""What all tasks share."""

from __future__ import annotations

from typing import ClassVar

import numpy as np


class Task:
    """What all tasks share; ``logits`` are float32 [n, n_outputs] throughout.

    Attributes
    ----------
    kind : str
        "binary", "multiclass", "multilabel", "hinge" or "regression".
    n_outputs : int
        Scores the model computes per row.
    reports_probabilities : bool
        Whether `link` gives probabilities.
    """

    kind: ClassVar[str]
    reports_probabilities: ClassVar[bool] = True
    n_outputs: int

    @property
    def signature(self) -> tuple:
        """What of this task shapes a compiled program, and never a value of the data."""
        return (self.kind, self.n_outputs)

    def constants(self) -> dict[str, np.ndarray]:
        """Small arrays that `link` and `reported` need, handed to the compiled program."""
        return {}

    def encode(self, y) -> np.ndarray:
        """Turn labels into the numbers `loss` compares with, or say which label is unknown."""
        raise NotImplementedError

    def loss(self, logits, targets):
        """Return the loss that is trained, one float32 per row."""
        raise NotImplementedError

    def reported(self, logits, targets, constants):
        """Return the loss in the unit it is reported in, one float32 per row."""
        return self.loss(logits, targets)

    def link(self, logits, constants):
        """Turn scores into probabilities, or into predictions in the unit of the target.

        In float64: scikit-learn wants rows of probabilities that sum to one to its last digits,
        and a target of large mean and small spread has no room in float32.
        """
        raise NotImplementedError

    def decode(self, linked) -> np.ndarray:
        """Turn what `link` gave into predictions in the user's labels and dtype."""
        raise NotImplementedError

    def report(self, logits, linked, y_encoded, weights=None) -> dict[str, float]:
        """Return the metrics of an evaluation, over all its rows at once."""
        raise NotImplementedError

    def outputs(self, logits, linked) -> dict[str, np.ndarray]:
        """Return what a metric may ask for by key."""
        return {"logits": logits, "probabilities": linked, "classes": self.decode(linked)}


def weighted_mean(values, weights) -> float:
    return float(np.average(values, weights=weights))
