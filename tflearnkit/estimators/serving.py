"""A fitted estimator as a module of TensorFlow: raw features in, predictions out.

Encoding is the columns' own; scores are the parts', links the tasks', and what NumPy works out for
tables in memory (trees, distances) stands in operations beside it, compared in each export.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import tensorflow as tf

from tflearnkit.columns.serving import RawInput, as_arrays, encoded_tensors, inputs_of
from tflearnkit.data.table import Table
from tflearnkit.engines.forest_serving import ServedFeatures, ServedForest
from tflearnkit.engines.function_program import FunctionProgram
from tflearnkit.errors import ModelFileError
from tflearnkit.estimators.forest_model import FittedForest
from tflearnkit.estimators.function_model import FittedFunction, rows_of, together
from tflearnkit.estimators.kmeans_model import FittedClusters
from tflearnkit.estimators.model import FittedModel
from tflearnkit.estimators.serving_answers import answers, forest_answers, known_answers
from tflearnkit.estimators.serving_kernel import as_tensors
from tflearnkit.replicas import ALONE

__all__ = ["Served", "served"]


def served(model) -> Served:
    """Return a fitted model as a module.

    Raises
    ------
    ModelFileError
        If the model calls a function of NumPy.
    """
    kinds = {
        FittedModel: ServedAdditive,
        FittedForest: ServedTrees,
        FittedClusters: ServedClusters,
        FittedFunction: ServedFunction,
    }
    return kinds[type(model)](model)


class Served(tf.Module):
    """What all served models share.

    Attributes
    ----------
    inputs : tuple of RawInput
    """

    def __init__(self, model, inputs: tuple[RawInput, ...]):
        super().__init__()
        self._model, self.inputs = model, inputs
        names: dict[str, str] = {}
        for one in inputs:
            if names.setdefault(one.key, one.name) != one.name:
                raise ModelFileError(
                    "Features of an exported model should differ in ASCII letters, digits and any "
                    f"of '_./-', but {names[one.key]!r} and {one.name!r} are both {one.key!r}. "
                    "Rename one."
                )

    def __call__(self, features: Mapping) -> dict[str, tf.Tensor]:
        """Return predictions by name, for tensors by the inputs' keys."""
        return self.outputs({one.name: one.raw(features[one.key]) for one in self.inputs})

    def outputs(self, features: Mapping) -> dict[str, tf.Tensor]:
        """Return predictions by name, for raw features by their names in a table."""
        raise NotImplementedError

    def expected(self, table: Table) -> dict[str, np.ndarray]:
        """Return what the model itself predicts for the rows of a table."""
        raise NotImplementedError

    def arrays(self, table: Table) -> dict[str, np.ndarray]:
        """Return the rows of a table as the module is fed with them."""
        return as_arrays(self.inputs, table)


class ServedAdditive(Served):
    """A linear model, a network, both, or a kernel's."""

    def __init__(self, model: FittedModel):
        columns = model.columns
        super().__init__(model, inputs_of((*columns.dense, *columns.ids)))
        self._parts = tuple(
            as_tensors(part) if callable(getattr(part, "kernel", None)) else part
            for part in model.parts
        )
        self.lookup_tables = columns.lookup_tables
        # Variables, as constants of a graph may have 2 GB in all.
        self._params = {n: tf.Variable(a, trainable=False) for n, a in model.weights.items()}

    def outputs(self, features):
        model = self._model
        encoded, widths = encoded_tensors(model.columns, features)
        rows = tf.shape(next(iter(features.values())))[0]
        params = {name: variable.read_value() for name, variable in self._params.items()}
        scores = sum(part.scores(params, encoded, widths)[0] for part in self._parts)
        scores = tf.broadcast_to(scores, [rows, scores.shape[1]])
        constants = {name: tf.constant(value) for name, value in model.task.constants().items()}
        return answers(model.task, scores, model.task.link(scores, constants))

    def expected(self, table):
        return known_answers(self._model.task, *self._model.outputs(table))


class ServedTrees(Served):
    """A random forest, or boosted trees."""

    def __init__(self, model: FittedForest):
        features = ServedFeatures(model.features.parts)
        super().__init__(model, features.inputs)
        self._features, self._forest = features, ServedForest(model.forest)

    def outputs(self, features):
        found = self._forest(self._features(features))
        return forest_answers(self._model, found)

    def expected(self, table):
        return known_answers(self._model.task, *self._model.outputs(table))


class ServedClusters(Served):
    """Centres, and the rows' distances to them."""

    def __init__(self, model: FittedClusters):
        columns = model.space.columns
        super().__init__(model, inputs_of((*columns.dense, *columns.ids)))
        self.lookup_tables = columns.lookup_tables
        self._centres = tf.Variable(np.asarray(model.centres, np.float64), trainable=False)

    def outputs(self, features):
        points = tf.cast(self._points(features), tf.float64)
        centres, cosine = self._centres, self._model.space.cosine
        products = tf.matmul(points, centres, transpose_b=True)
        lengths = tf.reduce_sum(centres**2, axis=1)
        squares = lengths - 2 * products + tf.reduce_sum(points**2, axis=1, keepdims=True)
        squares = tf.nn.relu(squares)
        return {
            "clusters": tf.argmax(products - lengths / 2, axis=1, output_type=tf.int32),
            "distances": squares / 2 if cosine else tf.sqrt(squares),
        }

    def _points(self, features) -> tf.Tensor:
        """Return all coordinates, those of ids too, float32 (n, width)."""
        space = self._model.space
        encoded, widths = encoded_tensors(space.columns, features)
        pieces = [encoded["dense"]] if "dense" in encoded else []
        start = 0
        for column, width in zip(space.columns.ids, widths, strict=True):
            span = slice(start, start + width)
            weights = encoded.get("id_weights")
            weights = None if weights is None else weights[:, span]
            pieces.append(_counts(encoded["ids"][:, span], weights, column.size))
            start += width
        points = tf.concat(pieces, axis=1)
        if not space.cosine:
            return points
        squares = tf.reduce_sum(tf.cast(points, tf.float64) ** 2, axis=1, keepdims=True)
        lengths = tf.sqrt(tf.where(squares > 0, squares, 1.0))
        return points / tf.cast(lengths, tf.float32)

    def expected(self, table):
        clusters, _ = self._model.outputs(table)
        found = np.concatenate(list(self._model.distances_by_block(table)))
        return {"clusters": clusters, "distances": found}


def _counts(ids, weights, size: int) -> tf.Tensor:
    """Return how often each id stands in a row, or what it weighs there."""
    counts = tf.cast(ids >= 0, tf.float32)
    if weights is not None:
        counts *= weights
    rows = tf.range(tf.shape(ids)[0])[:, None] + tf.zeros_like(ids)
    at = tf.stack([rows, tf.maximum(ids, 0)], axis=-1)
    return tf.scatter_nd(at, counts, [tf.shape(ids)[0], size])


class ServedFunction(Served):
    """A model function, or the Keras model that it made."""

    def __init__(self, model: FittedFunction):
        inputs = tuple(
            RawInput(shape.name, shape.dtype, shape.rest) for shape in model.layout.features
        )
        super().__init__(model, inputs)
        # One of its own, as fits to come change the variables of those that are lent.
        program = FunctionProgram(model.function, model.layout, model.rows, ALONE, "float32")
        program.load(model.state, model.step)
        self._variables = [program.step, *program.variables.values()]
        self._objects = [each for each in program.store.objects.values() if _is_tracked(each)]
        self._run, self._arranged = program.inference()

    def outputs(self, features):
        found = self._run(*(features[one.name] for one in self.inputs))
        return _by_name(self._arranged(found).predictions)

    def expected(self, table):
        return _by_name(together(list(self._model.outputs_by_block(table))))

    def arrays(self, table):
        rows = self._model.checked(rows_of(table))
        return {
            one.key: array for one, array in zip(self.inputs, rows.features.values(), strict=True)
        }


def _is_tracked(thing) -> bool:
    """Return whether TensorFlow can keep a thing: Keras layers and optimizers have variables."""
    return hasattr(thing, "_trackable_children")


def _by_name(predictions) -> dict:
    return dict(predictions) if isinstance(predictions, Mapping) else {"predictions": predictions}
