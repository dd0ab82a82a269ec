"""Growing trees: Yggdrasil grows them a block at a time, on a data set that is made once."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from tflearnkit.engines.forest_nodes import read_nodes
from tflearnkit.engines.forest_trees import Columns, Trees

__all__ = ["BLOCK_STEPS", "Block", "Settings", "Soil", "block_seed"]

# Trees of a block come from one seed, and the first of them do not depend on how many follow. So
# a forest is the same however its growth is cut up.
BLOCK_STEPS = 32


@dataclass(frozen=True)
class Settings:
    """How trees grow.

    Attributes
    ----------
    max_depth : int or None
        Steps from a root to the deepest leaf.
    max_leaf_nodes : int or None
        Where given, trees grow best first up to so many leaves.
    min_samples_leaf : int
    max_features : int
        How many features are looked at for each split.
    sample_share : float
        The share of the rows that each tree is grown on.
    bootstrap : bool
        Whether they are drawn with replacement; of a random forest.
    max_bins : int or None
        Where given, numbers are put into so many bins before.
    n_threads : int
    learning_rate, l1, l2 : float
        Of boosting.
    """

    max_depth: int | None
    max_leaf_nodes: int | None
    min_samples_leaf: int
    max_features: int
    sample_share: float = 1.0
    bootstrap: bool = True
    max_bins: int | None = None
    n_threads: int = 1
    learning_rate: float = 0.1
    l1: float = 0.0
    l2: float = 0.0

    @property
    def arguments(self) -> dict:
        """What learners of all kinds are told."""
        found = {
            "max_depth": -1 if self.max_depth is None else self.max_depth,
            "min_examples": self.min_samples_leaf,
            # it looks at one more than it is told; all others count in scikit-learn's way
            "num_candidate_attributes": max(1, self.max_features - 1),
            "keep_non_leaf_label_distribution": False,
            "num_threads": self.n_threads,
        }
        if self.max_leaf_nodes is not None:
            found["growing_strategy"] = "BEST_FIRST_GLOBAL"
            found["max_num_nodes"] = self.max_leaf_nodes  # it means leaves
        elif self.max_depth is not None:
            found["max_depth"] += 1  # levels here, steps in best-first growth
        return found


def block_seed(seed: int, first_step: int) -> int:
    """Return the seed of the block that begins at a step."""
    return int(np.random.SeedSequence([seed, first_step]).generate_state(1)[0] >> 1)


class Soil:
    """The rows that trees grow on, as Yggdrasil holds them.

    Parameters
    ----------
    rows : float32 array of shape (n, features)
        Numbers, NaN where one is missing, and codes of categories.
    n_categories : tuple of int
        By feature, 0 for numbers.
    labels : array of shape (n,) or (n, K)
        Integers are classes; each column of floats is an output of its own.
    n_classes : int
        How many classes there are, also where no row shows some; 0 for floats.
    weights : array of shape (n,)
    max_bins : int or None
    """

    def __init__(self, rows, n_categories, labels, n_classes: int, weights, max_bins: int | None):
        self.rows, self.n_categories = rows, n_categories
        self.labels, self.n_classes = labels, n_classes
        self.weights = weights / weights.mean()
        self.is_weighted = bool((weights != weights[0]).any())
        self.max_bins = max_bins

    @property
    def n_rows(self) -> int:
        return len(self.rows)

    @property
    def weight_name(self) -> str | None:
        """The column of weights, None where all rows weigh the same."""
        return "w" if self.is_weighted else None

    @property
    def label_names(self) -> list[str]:
        width = 1 if self.labels.ndim == 1 else self.labels.shape[1]
        return [f"y{output}" for output in range(width)]

    def learner(self, kind: str, label: str, task: str, seed: int, **arguments):
        """Return a Yggdrasil learner for one of the labels."""
        import ydf
        from yggdrasil_decision_forests.learner import abstract_learner_pb2

        features_only = abstract_learner_pb2.TrainingConfig(features=["^x[0-9]+$"])
        return getattr(ydf, kind)(
            label=label,
            task=ydf.Task[task],
            random_seed=seed,
            extra_training_config=features_only,
            **arguments,
        )

    def train(self, learner):
        """Return the model that a learner trains; Ctrl-C interrupts it."""
        try:
            return learner.train(self.dataset, verbose=0)
        except ValueError as error:
            if "interrupted by user" in str(error):
                raise KeyboardInterrupt from None
            raise

    @cached_property
    def dataset(self):
        """The rows, labels and weights as a data set of Yggdrasil."""
        import ydf

        data, columns = {}, []
        for feature, n_categories in enumerate(self.n_categories):
            name, values = f"x{feature}", self.rows[:, feature]
            data[name] = values.astype(np.int32) if n_categories else np.ascontiguousarray(values)
            columns.append(self._column(name, n_categories))
        labels = self.labels.reshape(self.n_rows, -1)
        for output, name in enumerate(self.label_names):
            data[name] = labels[:, output].copy()
            columns.append(self._label_column(name))
        if self.is_weighted:
            data["w"] = self.weights.astype(np.float32)
            columns.append(ydf.Column("w", ydf.Semantic.NUMERICAL))
        return ydf.create_vertical_dataset(data, columns=columns, label="y0")

    def _label_column(self, name: str):
        import ydf

        if not self.n_classes:
            return ydf.Column(name, ydf.Semantic.NUMERICAL)
        classes = [str(number) for number in range(self.n_classes)]
        return ydf.Column(name, ydf.Semantic.CATEGORICAL, vocabulary=classes)

    def _column(self, name: str, n_categories: int):
        import ydf

        if n_categories:
            return ydf.Column(name, ydf.Semantic.CATEGORICAL, is_already_integerized=True)
        if self.max_bins is None:
            return ydf.Column(name, ydf.Semantic.NUMERICAL)
        semantic = ydf.Semantic.DISCRETIZED_NUMERICAL
        return ydf.Column(name, semantic, num_discretized_numerical_bins=self.max_bins)

    @cached_property
    def columns(self) -> Columns:
        """What the data set's columns are to trees."""
        names = [column.name for column in self.dataset.data_spec().columns]
        feature = [int(name[1:]) if name[0] == "x" else -1 for name in names]
        boundaries = {
            place: np.array(column.discretized_numerical.boundaries, np.float32)
            for place, column in enumerate(self.dataset.data_spec().columns)
            if self.max_bins is not None and column.HasField("discretized_numerical")
        }
        return Columns(np.array(feature), boundaries, self.n_categories)


class Block:
    """Trees that were grown together; what Yggdrasil made becomes arrays when first needed.

    Parameters
    ----------
    models : list
        Yggdrasil's: one, or one for each output.
    columns : Columns
    n_steps : int
        Steps of growth: each gave a tree for each output.
    """

    def __init__(self, models: list, columns: Columns, n_steps: int):
        self._models, self.columns, self.n_steps = models, columns, n_steps

    def steps(self, start: int, stop: int) -> Trees:
        """Return the trees of some steps."""
        return self._trees.steps(start, stop, self.columns.n_categories)

    @cached_property
    def _trees(self) -> Trees:
        parts = []
        for output, model in enumerate(self._models):
            in_turn = model.num_trees() // self.n_steps  # boosting has one for each class
            parts.append(Trees.of(read_nodes(model), self.columns, output, in_turn))
        del self._models
        return Trees.joined(parts)
