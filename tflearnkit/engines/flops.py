"""Floating-point operations of a program, by TensorFlow's own counter."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager

__all__ = ["flops_by_operation"]

_ROWS = 16  # of which programs are traced; and of twice as many
# What these do stands elsewhere: in other graphs, or in Python.
_CLOSED = ("PyFunc", "EagerPyFunc", "PyFuncStateless")


def flops_by_operation(trace: Callable) -> dict[str, int] | None:
    """Return what one more row costs each operation of a program, by name.

    What a program does once, however many rows there are, does not count; nor do lookups, and
    those functions of which TensorFlow does not say what they cost, such as tanh. A multiplication
    and an addition are two operations.

    Parameters
    ----------
    trace : callable
        ``trace(rows)`` returns the graph for batches of that many rows.

    Returns
    -------
    dict or None
        None where the graph has operations that cannot be looked into: loops, and Python.
    """
    graphs = [trace(_ROWS), trace(2 * _ROWS)]
    if any(_is_closed(operation) for operation in graphs[0].get_operations()):
        return None
    few, many = map(_counted, graphs)
    return {name: (cost - few.get(name, 0)) // _ROWS for name, cost in many.items()}


def _is_closed(operation) -> bool:
    if operation.type in _CLOSED:
        return True
    return any(value.HasField("func") for value in operation.node_def.attr.values())


def _counted(graph) -> dict[str, int]:
    """Return the cost of each operation that has any."""
    import tensorflow as tf

    profiler = tf.compat.v1.profiler
    options = profiler.ProfileOptionBuilder.float_operation() | {"output": "none"}
    with _quiet():
        root = profiler.profile(graph=graph, cmd="scope", options=options)
    return {node.name: node.float_ops for node in _nodes(root) if node.float_ops}


def _nodes(node) -> Iterator:
    yield node
    for child in node.children:
        yield from _nodes(child)


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep TensorFlow from saying that its counter is old."""
    logger = logging.getLogger("tensorflow")
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        yield
    finally:
        logger.setLevel(level)
