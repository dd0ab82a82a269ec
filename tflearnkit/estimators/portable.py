"""A served model as a graph for other runtimes than TensorFlow: one function, weights inside.

Their converters know most operations. What they do not know is put in other words here, once the
graph is drawn: training and SavedModels keep what serves them best. LiteRT has no float64 and no
tables of TensorFlow's; ONNX has tables of strings, but compares strings by nothing else.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np
import tensorflow as tf
from tensorflow.core.framework import types_pb2
from tensorflow.python.framework.convert_to_constants import convert_variables_to_constants_v2

from tflearnkit.columns.serving import RawInput
from tflearnkit.errors import ModelFileError, listing
from tflearnkit.estimators.rewording import reword
from tflearnkit.estimators.serving import Served

__all__ = ["Portable", "fed_arrays", "portable"]

_HASHES = ("StringToHashBucketFast", "SparseCross", "SparseCrossHashed", "Fingerprint")


class Portable(NamedTuple):
    """A function of a dict of tensors, and what its lookup tables hold, by their names."""

    function: Callable
    tables: dict[bytes, tuple]


def portable(module: Served, *, litert: bool) -> Portable:
    """Return a module as a function that is drawn from constants alone.

    Parameters
    ----------
    module : Served
    litert : bool
        Whether it is for LiteRT, for which float64 becomes float32, that of inputs and outputs too,
        and tables become comparisons; else for ONNX.

    Raises
    ------
    ModelFileError
        If the model hashes strings, or compares them with others than ''.
    """
    specs = {one.key: _spec(one) for one in module.inputs}
    drawn = tf.function(module, [specs], autograph=False).get_concrete_function()
    frozen = convert_variables_to_constants_v2(drawn, lower_control_flow=False)
    graph = frozen.graph.as_graph_def()
    _refuse_hashes(graph, module)
    captured = {own.op.name: outer for outer, own in drawn.graph.captures}
    tables = reword(frozen.graph, graph, captured, keeps_tables=not litert)
    if litert:
        _narrow(graph)
        specs = {key: _narrowed(spec) for key, spec in specs.items()}
    keys = [tensor.op.name for tensor in frozen.inputs if tensor.dtype != tf.resource]
    names = sorted(drawn.structured_outputs)  # the order in which TensorFlow lays dicts flat
    outputs = [tensor.name for tensor in frozen.outputs]

    def run(features):
        fed = {f"{key}:0": features[key] for key in keys}
        found = tf.graph_util.import_graph_def(graph, fed, outputs, name="")
        return dict(zip(names, found, strict=True))

    return Portable(tf.function(run, [specs], autograph=False), tables)


def fed_arrays(module: Served, table, *, litert: bool) -> dict[str, np.ndarray]:
    """Return the rows of a table as a portable model is fed with them."""
    arrays = module.arrays(table)
    for one in module.inputs:
        values = arrays[one.key]
        if one.shape is None:
            values = values.reshape(len(values), -1)
        if litert and values.dtype == object:
            values = np.char.encode(values.astype(str), "utf-8")
        if litert and values.dtype == np.float64:
            values = values.astype(np.float32)
        arrays[one.key] = values
    return arrays


def _refuse_hashes(graph, module: Served) -> None:
    if any(node.op.startswith(_HASHES) for node in _nodes(graph)):
        names = [one.name for one in module.inputs if one.dtype in ("string", "int64")]
        raise ModelFileError(
            "LiteRT and ONNX have no hash functions, but a column of this model hashes: one of "
            f"{listing(map(repr, names))}. Use sparse_column_with_keys in place of hash buckets, "
            "crosses, scattered embeddings and num_oov_buckets; or export_savedmodel."
        )


def _spec(one: RawInput) -> tf.TensorSpec:
    """Return what a portable model takes: of known rank, which its runtimes need."""
    shape = [None, None] if one.shape is None else [None, *one.shape]
    return tf.TensorSpec(shape, one.dtype, one.key)


def _narrowed(spec: tf.TensorSpec) -> tf.TensorSpec:
    dtype = tf.float32 if spec.dtype == tf.float64 else spec.dtype
    return tf.TensorSpec(spec.shape, dtype, spec.name)


def _nodes(graph) -> Iterator:
    yield from graph.node
    for function in graph.library.function:
        yield from function.node_def


def _narrow(graph) -> None:
    """Make each float64 of a graph a float32."""
    for function in graph.library.function:
        for argument in (*function.signature.input_arg, *function.signature.output_arg):
            argument.type = _narrower(argument.type)
    for node in _nodes(graph):
        for value in node.attr.values():
            _narrow_value(value)
        if node.op == "Cast" and node.attr["SrcT"].type == node.attr["DstT"].type:
            dtype = node.attr["DstT"].type
            node.op = "Identity"
            node.attr.clear()
            node.attr["T"].type = dtype


def _narrow_value(value) -> None:
    kind = value.WhichOneof("value")
    if kind == "type":
        value.type = _narrower(value.type)
    elif kind == "list":
        value.list.type[:] = [_narrower(each) for each in value.list.type]
    elif kind == "tensor" and value.tensor.dtype == types_pb2.DT_DOUBLE:
        array = tf.make_ndarray(value.tensor).astype(np.float32)
        value.tensor.CopyFrom(tf.make_tensor_proto(array))


def _narrower(dtype: int) -> int:
    return types_pb2.DT_FLOAT if dtype == types_pb2.DT_DOUBLE else dtype
