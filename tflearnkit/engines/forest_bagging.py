"""Random forests: each tree grown on rows drawn for it, with the same weight in the mean."""

from __future__ import annotations

import numpy as np

from tflearnkit.engines.forest_growth import Block, Settings, Soil, block_seed

__all__ = ["Bagging"]


class Bagging:
    """Grows the trees of random forests.

    Parameters
    ----------
    soil : Soil
        With classes, leaves hold the shares of all of them. Each output of floats has a forest of
        its own.
    settings : Settings
    seed : int
    """

    def __init__(self, soil: Soil, settings: Settings, seed: int):
        self.soil, self.settings, self.seed = soil, settings, seed

    def block(self, first_step: int, n_steps: int) -> Block:
        """Return ``n_steps`` trees for each output, the first of them that of ``first_step``."""
        models = [
            self.soil.train(self._learner(output, first_step, n_steps))
            for output in range(len(self.soil.label_names))
        ]
        return Block(models, self.soil.columns, n_steps)

    def out_of_bag(self, first_step: int, index: int) -> np.ndarray:
        """Return which rows a tree of a block has not seen; all, where none are drawn.

        They are the same for all outputs.
        """
        found = np.ones(self.soil.n_rows, bool)
        if self.settings.bootstrap:
            learner = self._learner(0, first_step, index + 1)
            drawn = learner.in_bag_example_indices(num_examples=len(found), tree_idx=index)
            found[drawn] = False
        return found

    def _learner(self, output: int, first_step: int, n_steps: int):
        return self.soil.learner(
            "RandomForestLearner",
            self.soil.label_names[output],
            "CLASSIFICATION" if self.soil.n_classes else "REGRESSION",
            block_seed(self.seed, first_step),
            weights=self.soil.weight_name,
            num_trees=n_steps,
            winner_take_all=False,
            compute_oob_performances=False,
            bootstrap_training_dataset=self.settings.bootstrap,
            bootstrap_size_ratio=self.settings.sample_share,
            **self.settings.arguments,
        )
