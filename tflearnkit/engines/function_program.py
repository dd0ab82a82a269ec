"""A model function compiled: its variables, its training steps in a loop, and its outputs."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any, NamedTuple

import numpy as np

from tflearnkit.engines.apart import made_apart, refuse
from tflearnkit.engines.keras_building import check_apart, fresh_names, new_model, seeded
from tflearnkit.engines.keras_model import keras_ops
from tflearnkit.engines.keras_variables import (
    variables_by_name,
    variables_of_model,
    variables_of_optimizers,
)
from tflearnkit.engines.layout import Layout
from tflearnkit.metrics.pending import Pending
from tflearnkit.model_function import ModelFnOps, ModelFunction, is_keras_model
from tflearnkit.precision import products_in
from tflearnkit.replicas import Alone
from tflearnkit.tensors import as_tensor
from tflearnkit.variables import Call, ModeKeys, VariableStore

__all__ = ["FunctionProgram", "Outputs"]


class Outputs(NamedTuple):
    """What a batch gives in EVAL or INFER, as arrays.

    Attributes
    ----------
    predictions : array or dict of str to array
    loss : float or None
    metrics : dict of str to (function, list of arrays)
        What each of ``eval_metric_ops`` will be worked out from once all batches are there.
    """

    predictions: Any
    loss: float | None
    metrics: dict


_MODEL = "the Keras model"


class FunctionProgram:
    """The variables of a model function, and what is compiled of it.

    Parameters
    ----------
    function : ModelFunction
    layout : Layout
        Of the batches that it gets.
    rows : int
        Rows of the batch that it is called with first, to make its variables.
    replicas : Alone
        Those that share each batch.
    precision : str
        Of products in layers, in training.
    """

    def __init__(
        self, function: ModelFunction, layout: Layout, rows: int, replicas: Alone, precision: str
    ):
        import tensorflow as tf

        self.function, self.layout, self.rows = function, layout, rows
        self.replicas, self.precision = replicas, precision
        self.store = VariableStore(replicas=replicas)
        self.plain = type(tf.Variable(0))
        self.compiled: dict = {}
        self.uncompilable = False
        self.summary_names: tuple[str, ...] | None = None  # until the first call
        self._loaded = None
        with replicas.scope():
            self.step = replicas.variable(np.int64(0), False, "global_step")
            if function.is_builder:
                self._remember_model()
        with replicas.scope(), seeded(0), fresh_names():  # of which none are taken elsewhere
            first = partial(self._shared_step, rows=rows)
            self._trace(first, [*layout.specs(rows), *_step_specs(rows)])
        self.store.complete = True
        self.variables = {name: entry.variable for name, entry in self.store.entries.items()}
        self.variables |= variables_by_name(self.store.objects)
        self.fresh = {name: variable.numpy() for name, variable in self.variables.items()}

    @property
    def model(self):
        """The Keras model that the function returned, if that: what is used in later calls."""
        return self.store.objects.get(_MODEL)

    @property
    def counters(self) -> list:
        """The variables that count steps: the global one, and those of optimizers that keep up."""
        step = int(self.step.numpy())
        found = variables_of_optimizers(self.store.objects)
        counts = [each for each in found if each.name == "iteration"]
        return [self.step, *(each for each in counts if int(each.numpy()) == step)]

    @property
    def weight_names(self) -> list[str]:
        """Names of the variables that are no optimizer's."""
        slots = {id(variable) for variable in variables_of_optimizers(self.store.objects)}
        return [name for name, variable in self.variables.items() if id(variable) not in slots]

    def initial_state(self, seed: int) -> dict[str, np.ndarray]:
        """Return the values that everything begins with."""
        state = self.fresh | self.store.initial_state(np.random.default_rng(seed))
        if self.model is None:
            return state
        model = self._new_model(seed)
        check_apart(model, self.model, self.function)
        return state | {name: each.numpy() for name, each in variables_of_model(model).items()}

    def load(self, state: Mapping[str, np.ndarray], step: int) -> None:
        """Set all variables; those that ``state`` lacks begin afresh."""
        self.step.assign(step)
        if state is self._loaded:  # by an earlier block of rows
            return
        for name, variable in self.variables.items():
            variable.assign(state.get(name, self.fresh[name]))
        self._loaded = state

    def state(self) -> dict[str, np.ndarray]:
        return {name: variable.numpy() for name, variable in self.variables.items()}

    def run(self, arrays: list, weights, keys, steps: int, rows: int, xla: bool):
        """Take the steps of a chunk; return the loss of each, and what is shown of the last.

        ``rows`` are those of a whole batch, of which other processes may have some.
        """

        self._loaded = None
        tensors = [as_tensor(array) for array in (*arrays, weights, keys, np.int32(steps))]
        weighted = self._weighted(weights[:steps])
        key = *weights.shape, rows, weighted
        if key in self.compiled:
            return self.replicas.call(self.compiled[key], tensors)
        xla = xla and not (self.uncompilable or self.layout.has_text)
        run = partial(self._steps, rows=rows, weighted=weighted)
        self.compiled[key], found = self._first_run(run, tensors, xla)
        return found

    def outputs(self, arrays: list, mode: str) -> Outputs:
        """Return what a batch gives, whose variables stay as they are."""
        weighted = mode == ModeKeys.EVAL and self._weighted(arrays[-1])
        key = mode, weighted
        if key not in self.compiled:
            self.compiled[key] = self._prune(mode, weighted)
        pruned, arrange = self.compiled[key]
        return arrange([np.asarray(found) for found in pruned(*map(_tensor, arrays))])

    def inference(self, rows: int | None = None):
        """Return the program of predictions, of the features in order, and what arranges those.

        It takes any number of rows, or just ``rows``.
        """
        return self._prune(ModeKeys.INFER, False, rows)

    def _weighted(self, weights) -> bool:
        """Return whether a Keras model is to be told the weights; functions always are."""
        return self.model is not None and not (weights == 1).all()

    def _first_run(self, run, tensors, xla: bool):
        """Compile the loop and run it: by XLA where it can and that pays."""
        import tensorflow as tf

        program = self._trace(run, tensors, xla)
        if xla and _is_slow_in_xla(program):
            program, xla = self._trace(run, tensors), False
        try:
            return program, self.replicas.call(program, tensors)
        except (tf.errors.InvalidArgumentError, tf.errors.UnimplementedError):
            if not xla:
                raise
            self.uncompilable = True  # nothing has run yet: XLA compiles first
            program = self._trace(run, tensors)
            return program, self.replicas.call(program, tensors)

    @staticmethod
    def _trace(python_function, arguments, xla: bool = False):
        import tensorflow as tf

        function = tf.function(python_function, jit_compile=xla or None, autograph=False)
        return function.get_concrete_function(*arguments)

    def _steps(self, *tensors, rows: int, weighted: bool):
        """Take steps one after the other."""
        import tensorflow as tf

        *arrays, weights, keys, steps = tensors

        def one(i, losses, _):
            batch = [array[i] for array in (*arrays, weights, keys)]
            loss, summaries = self._shared_step(*batch, rows=rows, weighted=weighted)
            return i + 1, tf.tensor_scatter_nd_update(losses, [[i]], [loss]), summaries

        start = 0, tf.zeros([weights.shape[0]]), tf.zeros([len(self.summary_names)])
        done = tf.while_loop(lambda i, *_: i < steps, one, start, parallel_iterations=1)
        return done[1:]

    def _shared_step(self, *tensors, rows: int, weighted: bool = False):
        """Take one step on a batch of ``rows``, of which each replica has its own."""
        *arrays, key = tensors

        def on_a_replica(*arrays):
            own = map(self.replicas.rows, arrays)
            return self._one_step(*own, key, rows=rows, weighted=weighted)

        return self.replicas.run(on_a_replica, *arrays)

    def _one_step(self, *tensors, rows: int, weighted: bool):
        """Take one step: everything the function does to variables happens once."""
        import tensorflow as tf

        *arrays, weights, key = tensors
        share = weights.shape[0] / rows
        with products_in(self.precision):
            ops, summaries = self._call(ModeKeys.TRAIN, arrays, weights, key, weighted, share)
        if self.summary_names is None:
            self.summary_names = tuple(summaries)
        shown = [tf.cast(summaries[name], tf.float32) for name in self.summary_names]
        loss = _scalar(ops.loss, self.function)
        done = [op for op in tf.nest.flatten(ops.train_op) if op is not None]
        with tf.control_dependencies([op for op in done if not isinstance(op, tf.Variable)]):
            self.step.assign_add(1)
        loss, *shown = self.replicas.means([loss, *shown], share)
        return loss, tf.stack(shown) if shown else tf.zeros([0])

    def _call(self, mode: str, arrays, weights, key, weighted: bool, share=1.0) -> tuple:
        """Return `ModelFnOps` of a batch, and what the function shows of it by name."""
        call = Call(self.store, mode, self.step.read_value(), key)
        if mode == ModeKeys.TRAIN:
            call.replicas, call.share = self.replicas, share
        with call.running():
            return self._ops(mode, arrays, weights, weighted), call.summaries

    def _ops(self, mode: str, arrays, weights, weighted: bool) -> ModelFnOps:
        features, targets = self.layout.joined(arrays)
        if self.model is None:
            with made_apart(self.store, self.plain) as names:
                returned = self.function(features, targets, weights, mode)
            if not is_keras_model(returned):
                refuse(names, self.function)
                return self.function.ops(returned, mode)
            self._remember_model()
        features, targets = self.function.engineered(features, targets)
        with self.function.noting(mode):
            weights = weights if weighted else None
            return keras_ops(self.model, features, targets, weights, mode)

    def _remember_model(self) -> None:
        if self.precision != "float32":
            raise ValueError(
                "A Keras model should have its own precision. Got precision="
                f"{self.precision!r} in RunConfig, and a model by {self.function.called}: leave it "
                "out, and call keras.config.set_dtype_policy('mixed_bfloat16') where the model is "
                "built."
            )
        self.store.object(_MODEL, lambda: self._new_model(0))

    def _new_model(self, seed: int):
        return new_model(self.function, self.layout, self.rows, seed)

    def _prune(self, mode: str, weighted: bool, rows: int | None = None):
        """Return a program of what a mode shows, without anything that changes variables."""
        import tensorflow as tf

        arrange = _Arrangement(self.function)
        specs = [*self.layout.specs(rows), tf.TensorSpec([rows])]
        if mode != ModeKeys.EVAL:
            specs = specs[: len(self.layout.features)]

        def fetched(*fed):
            if mode != ModeKeys.EVAL:
                rows = tf.shape(fed[0])[0]
                targets = [shape.zeros(rows) for shape in self.layout.targets]
                fed = [*fed, *targets, tf.ones([rows])]
            *arrays, weights = fed
            ops, _ = self._call(mode, arrays, weights, tf.zeros([], tf.uint32), weighted)
            return arrange.flatten(ops, mode, tf.shape(weights)[0])

        whole = tf.compat.v1.wrap_function(fetched, specs)
        return whole.prune(whole.inputs[: len(specs)], whole.outputs), arrange.arranged


class _Arrangement:
    """Puts what a function returns in a row, to be fetched, and back together."""

    def __init__(self, function: ModelFunction):
        self.function = function

    def flatten(self, ops, mode: str, rows) -> list:
        import tensorflow as tf

        named = isinstance(ops.predictions, Mapping)
        self.names = tuple(ops.predictions) if named else None
        predictions = ops.predictions.values() if named else [ops.predictions]
        self.n_predictions = len(predictions)
        self.has_loss = mode == ModeKeys.EVAL
        self.metrics = {}
        tensors = [tf.convert_to_tensor(prediction) for prediction in predictions]
        if not self.has_loss:
            return tensors
        tensors.append(_scalar(ops.loss, self.function))
        for name, metric in ops.eval_metric_ops.items():
            metric = _pending(name, metric, rows)
            at = slice(len(tensors), len(tensors) + len(metric.tensors))
            self.metrics[name] = metric.value, at
            tensors += [tf.identity(tensor) for tensor in metric.tensors]
        return tensors

    def arranged(self, arrays: list) -> Outputs:
        predictions = arrays[: self.n_predictions]
        named = self.names is not None
        found = dict(zip(self.names, predictions, strict=True)) if named else predictions[0]
        loss = float(arrays[self.n_predictions]) if self.has_loss else None
        metrics = {name: (value, arrays[at]) for name, (value, at) in self.metrics.items()}
        return Outputs(found, loss, metrics)


def _pending(name: str, metric, rows) -> Pending:
    """Return a metric of ``eval_metric_ops`` in the form that waits for all batches.

    A scalar counts as often as its batch has ``rows``: the mean over them is that of all rows.
    """
    import tensorflow as tf

    if isinstance(metric, tuple) and len(metric) == 2:
        metric = metric[0]
    if isinstance(metric, Pending):
        return metric
    if tf.is_tensor(metric) and metric.shape.rank == 0:
        return Pending(_weighted_mean, (tf.cast(metric, tf.float32), rows))
    raise ValueError(
        f"eval_metric_ops[{name!r}] should be what a metrics.streaming_* function returns, or a "
        f"scalar tensor. Got {metric!r}."
    )


def _weighted_mean(values, rows) -> float:
    return float(np.average(values.astype(np.float64), weights=rows))


def _step_specs(rows: int) -> list:
    import tensorflow as tf

    return [tf.TensorSpec([rows]), tf.TensorSpec([], tf.uint32)]


def _tensor(array):
    """Return a copy: what a function returns as a prediction may be the very rows it was given."""
    import tensorflow as tf

    return tf.convert_to_tensor(array)


def _scalar(loss, function: ModelFunction):
    """Return the loss of a batch as a float32 scalar."""
    import tensorflow as tf

    loss = tf.convert_to_tensor(loss)
    if loss.shape.num_elements() != 1 or not loss.dtype.is_floating:
        raise ValueError(
            f"{function.called} should return a loss that is a scalar of floats. Got {loss!r}: "
            "take its mean with tf.reduce_mean."
        )
    return tf.cast(tf.reshape(loss, []), tf.float32)


def _is_slow_in_xla(program) -> bool:
    """Return whether a program draws, or trains convolutions.

    Measured on a CPU, XLA's generators and gradients of convolutions take 10 to 100 times as long.
    """
    graph = program.graph.as_graph_def()
    nodes = [*graph.node, *(node for inner in graph.library.function for node in inner.node_def)]
    return any("Random" in node.op or "Backprop" in node.op for node in nodes)
