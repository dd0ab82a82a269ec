"""CentredBias: a bias that learns by itself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from tflearnkit.initializers import zeros
from tflearnkit.parts.base import Storage

__all__ = ["CentredBias"]


@dataclass(frozen=True)
class CentredBias:
    """A bias that learns the targets' mean by itself, so that the other parts start centred.

    It is added to the scores of the other parts but trained on the loss that it has alone.
    """

    n_outputs: int
    name: str = "centered_bias_weight"

    @property
    def storages(self) -> list[Storage]:
        """The one array of the part."""
        return [Storage(self.name, (self.n_outputs,), zeros)]

    @property
    def id_tables(self) -> list:
        """None: the part sees no ids."""
        return []

    def with_sizes(self, sizes: Mapping[int, int]) -> CentredBias:
        """Return the part itself."""
        return self

    def scores(self, params: Mapping, features: Mapping, widths: tuple[int, ...], training=None):
        """Return the bias as ``[1, n_outputs]``."""
        return params[self.name][None], {}

    def variables(self, values: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        """Return the bias by its name."""
        return dict(values)
