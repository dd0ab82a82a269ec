"""Fitted models -> what they are made of: each kind has parts of its own."""

from __future__ import annotations

from functools import singledispatch

import numpy as np

from tflearnkit.columns.serving import inputs_of
from tflearnkit.engines.flops import flops_by_operation
from tflearnkit.engines.function import program_of
from tflearnkit.estimators.forest_model import FittedForest
from tflearnkit.estimators.function_model import FittedFunction
from tflearnkit.estimators.kmeans_model import FittedClusters
from tflearnkit.estimators.model import FittedModel
from tflearnkit.estimators.serving_rows import made_up_rows
from tflearnkit.estimators.summary import LayerSummary, ModelSummary, PartSummary
from tflearnkit.parts import CentredBias, Deep, Kernelised, Wide
from tflearnkit.parts.base import operation_scope

__all__ = ["summarised"]

_INPUTS = "dnn/input_from_feature_columns"


def summarised(name: str, model) -> ModelSummary:
    """Return the summary of the fitted model of an estimator called ``name``."""
    title = f"{name} after {model.step:,} {'step' if model.step == 1 else 'steps'}"
    if isinstance(model, FittedForest):
        trees = model.forest.trees
        title = (
            f"{name} of {len(trees):,} trees with {len(trees.split):,} nodes, "
            f"{len(trees.value):,} of them leaves, at most {trees.depth} deep"
        )
    return ModelSummary(title, tuple(_parts(model)))


@singledispatch
def _parts(model) -> list[PartSummary]:
    raise TypeError(f"a {type(model).__name__} has no summary")


def _layer(name: str, arrays: list[np.ndarray], flops: int | None = None) -> LayerSummary:
    """Return the summary of some arrays, whose first says the shape."""
    size, n_bytes = sum(a.size for a in arrays), sum(a.nbytes for a in arrays)
    return LayerSummary(name, arrays[0].shape, int(size), int(n_bytes), flops)


# -- parts of columns ---------------------------------------------------------------------------


@_parts.register
def _(model: FittedModel) -> list[PartSummary]:
    costs = flops_by_operation(_tracing(model))
    weights = model.weights
    found = []
    for part in model.parts:
        values = {storage.name: weights[storage.name] for storage in part.storages}
        layers = _layers_of_network(part, values, costs) if isinstance(part, Deep) else [
            _layer(_called(part, name), [array]) for name, array in part.variables(values).items()
        ]  # fmt: skip
        found.append(PartSummary(part.name, tuple(layers), _cost(costs, part.name)))
    return [*found, PartSummary("link", (), _cost(costs, "link"))]


def _tracing(model: FittedModel):
    """Return the function that traces predicting a number of rows, part by part."""
    import tensorflow as tf

    inputs = inputs_of((*model.columns.dense, *model.columns.ids))
    some = model.encode(made_up_rows(model, inputs))
    # An array without columns has no names, and no row of it has anything.
    arrays = {name: values for name, values in some.features.items() if values.shape[1]}
    names = (tuple(model.weights), tuple(model.task.constants()))
    kept = [*model.weights.values(), *model.task.constants().values()]

    def trace(rows: int):
        specs = [tf.TensorSpec(np.shape(value), np.asarray(value).dtype) for value in kept]
        specs += [tf.TensorSpec([rows, a.shape[1]], a.dtype) for a in arrays.values()]

        def predict(*tensors):
            left = iter(tensors)
            params, constants, features = (
                dict(zip(group, left, strict=False)) for group in (*names, tuple(arrays))
            )
            scores = None
            for part in model.parts:
                with tf.name_scope(f"{part.name}/"):
                    found = part.scores(params, features, some.widths)[0]
                    scores = found if scores is None else scores + found
            with tf.name_scope("link/"):
                scores = tf.broadcast_to(scores, [rows, scores.shape[1]])
                return model.task.link(scores, constants)

        return tf.function(predict, autograph=False).get_concrete_function(*specs).graph

    return trace


def _layers_of_network(part: Deep, values: dict, costs: dict | None) -> list[LayerSummary]:
    """Return the input layer, and what shares a scope: tables of vectors, hidden layers, logits."""
    groups: dict[str, list] = {}
    for name, array in values.items():
        scope = name.rsplit("/", 1)[0].removesuffix("/batch_norm")
        groups.setdefault(scope, []).append(array)
    layers = [
        _layer(scope.removeprefix(f"{_INPUTS}/").removeprefix("dnn/"), arrays, _cost(costs, scope))
        for scope, arrays in groups.items()
    ]
    tables = {operation_scope(scope) for scope in groups if scope.startswith(_INPUTS)}
    cost = costs and _cost(costs, _INPUTS) - sum(_cost(costs, scope) for scope in tables)
    return [LayerSummary("input layer", (part.input_width,), 0, 0, cost), *layers]


def _called(part: Wide | Kernelised | CentredBias, name: str) -> str:
    """Return what a table calls an array: a column by its name."""
    name = name.removeprefix(f"{part.name}/")
    name = name.rsplit("/", 1)[0] if isinstance(part, Wide) else name
    return name or "X"


def _cost(costs: dict[str, int] | None, scope: str) -> int | None:
    """Return what the operations of a scope cost together."""
    if costs is None:
        return None
    scope = f"{operation_scope(scope)}/"
    return sum(cost for name, cost in costs.items() if name.startswith(scope))


# -- other kinds --------------------------------------------------------------------------------


@_parts.register
def _(model: FittedFunction) -> list[PartSummary]:
    groups: dict[str, list] = {}
    for name, array in model.weights.items():
        groups.setdefault(name.rsplit("/", 1)[0], []).append(np.asarray(array))
    layers = tuple(_layer(scope, arrays) for scope, arrays in groups.items())
    with program_of(model.function, model.layout, model.rows) as program:
        costs = flops_by_operation(lambda rows: program.inference(rows)[0].graph)
    return [PartSummary("model", layers, None if costs is None else sum(costs.values()))]


@_parts.register
def _(model: FittedClusters) -> list[PartSummary]:
    n_clusters, width = model.centres.shape
    flops = n_clusters * (2 * width + 1) + 3 * width  # products, and one distance in full
    return [PartSummary("clusters", (_layer("clusters", [model.centres], flops),), flops)]


@_parts.register
def _(model: FittedForest) -> list[PartSummary]:
    trees = model.forest.trees
    arrays = trees.arrays
    inner = [arrays[name] for name in ("threshold", "gain", "split", "sets")]
    conditions = LayerSummary(
        "conditions", trees.threshold.shape, len(trees.threshold), sum(a.nbytes for a in inner)
    )
    leaves = _layer("leaves", [trees.value])
    flops = int(_depths(trees).sum()) + len(trees) * trees.value.shape[1]
    return [PartSummary("trees", (conditions, leaves), flops)]


def _depths(trees) -> np.ndarray:
    """Return the steps from each root to its deepest leaf."""
    depths = np.zeros(len(trees), int)
    tree, here = np.arange(len(trees)), trees.starts
    while len(here):
        inner = trees.split[here] >= 0
        tree, left = tree[inner], trees.children[here[inner]]
        depths[tree] += 1  # once for each tree that goes on
        tree, here = np.concatenate([tree, tree]), np.concatenate([left, left + 1])
    return depths
