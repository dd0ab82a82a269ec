"""Operations that other runtimes lack, put in other words, in the definition of a graph."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import tensorflow as tf
from tensorflow.core.framework import types_pb2

from tflearnkit.errors import ModelFileError

__all__ = ["reword"]

_EMPTY = "the_empty_string"  # a table that has it alone


def reword(graph: tf.Graph, definition, captured: Mapping, *, keeps_tables: bool) -> dict:
    """Change the definition of a frozen graph.

    Parameters
    ----------
    graph : tf.Graph
    definition : GraphDef
        Of the same graph.
    captured : dict of str to tensor
        The handles of lookup tables that placeholders stand for.
    keeps_tables : bool
        Whether tables of strings stay, and take the place of comparing strings.

    Returns
    -------
    dict of bytes to (keys, ids)
        What is in the tables that stay, by their ``shared_name``.

    Raises
    ------
    ModelFileError
        If strings are compared with another string than the empty one.
    """
    found = _Rewording(graph, definition, captured)
    for node in list(definition.node):
        kinds = [node.attr[name].type for name in ("Tin", "T") if name in node.attr]
        of_strings = types_pb2.DT_STRING in kinds
        if node.op in ("UpperBound", "LowerBound"):
            found.search(node)
        elif node.op == "LookupTableFindV2" and of_strings and keeps_tables:
            found.keep_table(node)
        elif node.op == "LookupTableFindV2":
            found.table(node)
        elif node.op in ("Equal", "NotEqual") and of_strings and keeps_tables:
            found.comparison(node)
        elif node.op == "Equal" and node.input[0] == node.input[1]:
            found.equal_to_itself(node)
        elif node.op == "StridedSlice":
            found.new_axis(node)
        elif node.op == "Unpack" and node.attr["T"].type == types_pb2.DT_INT64:
            found.unpack(node)
        elif node.op == "OneHot":
            found.one_hot(node)
        elif node.op == "EnsureShape":  # which has done its work when the graph was drawn
            node.op = "Identity"
            del node.attr["shape"]
    found.drop_unread()
    return found.tables


class _Rewording:
    """The nodes of a graph that are put in other words."""

    def __init__(self, graph: tf.Graph, definition, captured: Mapping):
        self._graph, self._definition, self._captured = graph, definition, captured
        self._placeholders = {n.name: n for n in definition.node if n.name in captured}
        self._unread: set[str] = set()
        self.tables: dict[bytes, tuple] = {}

    def search(self, node) -> None:
        """Find places among sorted numbers by counting those before."""
        is_upper, dtype = node.op == "UpperBound", tf.as_dtype(node.attr["out_type"].type)

        def counted(ordered, values):
            ordered, values = tf.expand_dims(ordered, 1), tf.expand_dims(values, 2)
            before = ordered <= values if is_upper else ordered < values
            return tf.reduce_sum(tf.cast(before, dtype), axis=2)

        self._replace(node, counted, node.input)

    def table(self, node) -> None:
        """Find keys by comparing with each of them."""
        keys, ids = self._content(node)

        def found(values, default):
            same = tf.cast(tf.expand_dims(values, -1) == tf.constant(keys), ids.dtype)
            return default + tf.reduce_sum(same * (tf.constant(ids) - default), axis=-1)

        self._unread.add(node.input[0])
        self._replace(node, found, node.input[1:])

    def keep_table(self, node) -> None:
        """Let the table that a node reads be declared in the graph."""
        self._declare(self._placeholders[node.input[0]], *self._content(node))
        looked_up = self._add_lookup(node.name, _data(node.input))
        node.op = "Identity"
        node.input[:] = [looked_up]
        node.attr.clear()
        node.attr["T"].type = types_pb2.DT_INT64

    def comparison(self, node) -> None:
        """Compare with the empty string by a table of it."""
        names = [each for each in _data(node.input) if not self._is_empty_string(each)]
        if len(names) != 1:
            raise ModelFileError(
                "ONNX compares strings with '' alone, but this model does with others. Use "
                "tf.lookup.StaticHashTable, or export_savedmodel."
            )
        if _EMPTY.encode() not in self.tables:
            table = self._definition.node.add(name=_EMPTY)
            self._declare(table, np.array([""], object), np.array([1]))
            self._add_constant(f"{_EMPTY}/no", 0)
            self._add_constant(f"{_EMPTY}/yes", 1)
        looked_up = self._add_lookup(node.name, [_EMPTY, *names, f"{_EMPTY}/no"])
        node.attr["T"].type = types_pb2.DT_INT64
        node.input[:] = [looked_up, f"{_EMPTY}/yes"]

    def equal_to_itself(self, node) -> None:
        """Look for NaN by its name, as optimizers take what equals itself to be true."""

        def compared(values):
            is_float = values.dtype.is_floating
            return ~tf.math.is_nan(values) if is_float else tf.ones_like(values, tf.bool)

        self._replace(node, compared, node.input[:1])

    def new_axis(self, node) -> None:
        """Add one axis to whole tensors by the operation that is named for it."""
        length = self._tensor(node.input[1]).shape[0]
        masks = {
            what: [bool(node.attr[f"{what}_mask"].i >> k & 1) for k in range(length)]
            for what in ("begin", "end", "ellipsis", "new_axis", "shrink_axis")
        }
        is_whole = all(
            masks["new_axis"][k] or masks["ellipsis"][k] or (masks["begin"][k] and masks["end"][k])
            for k in range(length)
        )
        if not is_whole or sum(masks["new_axis"]) != 1 or any(masks["shrink_axis"]):
            return
        axis = masks["new_axis"].index(True)
        if any(masks["ellipsis"][:axis]):
            axis -= length
        self._replace(node, lambda values: tf.expand_dims(values, axis), node.input[:1])

    def unpack(self, node) -> None:
        """Take what lies along an axis piece by piece."""
        axis, places = node.attr["axis"].i, range(node.attr["num"].i)
        self._replace(
            node, lambda values: [tf.gather(values, k, axis=axis) for k in places], node.input
        )

    def one_hot(self, node) -> None:
        """Say of no place that it is one too many: elsewhere -1 is the last place."""
        axis = node.attr["axis"].i

        def laid(places, depth, on, off):
            beyond = tf.cast(depth, places.dtype)
            return tf.one_hot(tf.where(places < 0, beyond, places), depth, on, off, axis)

        self._replace(node, laid, node.input)

    def drop_unread(self) -> None:
        """Remove what stood for tables that nothing reads any more."""
        kept = [node for node in self._definition.node if node.name not in self._unread]
        del self._definition.node[:]
        self._definition.node.extend(kept)

    def _content(self, node) -> tuple[np.ndarray, np.ndarray]:
        """Return the keys and ids of the table that a node reads."""
        keys, ids = tf.raw_ops.LookupTableExportV2(
            table_handle=self._captured[node.input[0]],
            Tkeys=tf.as_dtype(node.attr["Tin"].type),
            Tvalues=tf.as_dtype(node.attr["Tout"].type),
        )
        return keys.numpy(), ids.numpy()

    def _declare(self, node, keys, ids) -> None:
        self.tables[node.name.encode()] = keys, ids
        node.op = "HashTableV2"
        node.attr.clear()
        node.attr["shared_name"].s = node.name.encode()
        node.attr["key_dtype"].type = types_pb2.DT_STRING
        node.attr["value_dtype"].type = types_pb2.DT_INT64

    def _add_lookup(self, name: str, inputs: list[str]) -> str:
        """Add a node that looks strings up, and one that knows the rank of what it finds."""
        node = self._definition.node.add(name=f"{name}/looked_up", op="LookupTableFindV2")
        node.input[:] = inputs
        node.attr["Tin"].type, node.attr["Tout"].type = types_pb2.DT_STRING, types_pb2.DT_INT64
        found = self._definition.node.add(name=f"{name}/found", op="EnsureShape", input=[node.name])
        found.attr["T"].type = types_pb2.DT_INT64
        found.attr["shape"].shape.CopyFrom(self._tensor(inputs[1]).shape.as_proto())
        return found.name

    def _add_constant(self, name: str, value: int) -> None:
        node = self._definition.node.add(name=name, op="Const")
        node.attr["dtype"].type = types_pb2.DT_INT64
        node.attr["value"].tensor.CopyFrom(tf.make_tensor_proto(value, tf.int64))

    def _is_empty_string(self, name: str) -> bool:
        operation = self._tensor(name).op
        if operation.type != "Const":
            return False
        return tf.make_ndarray(operation.get_attr("value")).ravel().tolist() == [b""]

    def _replace(self, node, function, inputs) -> None:
        """Let a node call a function of some tensors."""
        inputs = _data(inputs)
        specs = [tf.TensorSpec(t.shape, t.dtype) for t in map(self._tensor, inputs)]
        body = tf.function(function, specs, autograph=False).get_concrete_function()
        self._definition.library.function.append(body.function_def)
        node.op = "PartitionedCall"
        node.input[:] = inputs
        node.attr.clear()
        node.attr["f"].func.name = body.function_def.signature.name
        node.attr["Tin"].list.type.extend(spec.dtype.as_datatype_enum for spec in specs)
        node.attr["Tout"].list.type.extend(one.dtype.as_datatype_enum for one in body.outputs)

    def _tensor(self, name: str) -> tf.Tensor:
        return self._graph.get_tensor_by_name(name if ":" in name else f"{name}:0")


def _data(inputs) -> list[str]:
    """Return the inputs of a node but those that only say what comes before it."""
    return [name for name in inputs if not name.startswith("^")]
