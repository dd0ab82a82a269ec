"""Metrics of model functions: what to fetch from each batch, and what is made of all of them.

Inside a model function predictions are tensors of one batch that hold no numbers yet. A
``streaming_*`` function given such tensors returns a `Pending`; the estimator fetches its tensors
from every batch, puts the rows of all batches together, and calls `Pending.value`. The value is
that of the whole evaluation set, however its rows were batched.
"""

from __future__ import annotations

import functools
import inspect
import numbers
import sys
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

__all__ = ["Pending", "streaming"]

_ROWS = ("predictions", "labels", "values", "normalizer", "weights")
_IGNORED = ("metrics_collections", "updates_collections", "name")


@dataclass(frozen=True, eq=False)
class Pending:
    """A metric that waits for all batches.

    It can be added, subtracted, multiplied, divided and raised to a power, with numbers and other
    `Pending` values: ``2 * p * r / (p + r)`` of a streaming precision and recall is their F1, and
    ``mse ** 0.5`` the root. Functions of TensorFlow, such as ``tf.sqrt``, cannot take it: they work
    on one batch.

    Parameters
    ----------
    function : callable
        ``f(*arrays, **arguments)``.
    tensors : tuple of tensors
        What to fetch from each batch: a row for each row of the batch, or one number for the
        batch. Their arrays go to the function, those of all batches put together on the first
        axis.
    arguments : dict, optional

    Examples
    --------
    >>> doubled = 2 * Pending(np.sum, ("a tensor",))
    >>> float(doubled.value([np.array([1., 2., 3.])]))
    12.0
    """

    function: Callable
    tensors: tuple
    arguments: dict = field(default_factory=dict)

    __array_ufunc__ = None  # NumPy leaves arithmetic to the methods below, and arrays are refused

    def value(self, arrays: list):
        """Return the metric, given the array of all batches for each of ``tensors``."""
        return self.function(*arrays, **self.arguments)

    def __add__(self, other):
        return _combined(np.add, self, other)

    def __radd__(self, other):
        return _combined(np.add, other, self)

    def __sub__(self, other):
        return _combined(np.subtract, self, other)

    def __rsub__(self, other):
        return _combined(np.subtract, other, self)

    def __mul__(self, other):
        return _combined(np.multiply, self, other)

    def __rmul__(self, other):
        return _combined(np.multiply, other, self)

    def __truediv__(self, other):
        return _combined(np.divide, self, other)

    def __rtruediv__(self, other):
        return _combined(np.divide, other, self)

    def __pow__(self, other):
        return _combined(np.power, self, other)

    def __neg__(self):
        return -1 * self

    def __tf_tensor__(self, dtype=None, name=None):
        raise TypeError(
            "A function of TensorFlow expects a tensor of one batch. Got a streaming metric, whose "
            "value is there after all batches: use + - * / and ** with numbers and other "
            "streaming metrics, such as mse ** 0.5, or return it in eval_metric_ops as it is."
        )


def _combined(operation, left, right) -> Pending:
    """Return the `Pending` of an operation on two values, one of which is one."""
    if not all(isinstance(operand, Pending | numbers.Number) for operand in (left, right)):
        return NotImplemented
    taken = len(_tensors(left))

    def function(*arrays):
        values = _value(left, arrays[:taken]), _value(right, arrays[taken:])
        with np.errstate(divide="ignore", invalid="ignore"):  # 0 / 0 is NaN, as in TensorFlow
            return operation(*values)

    return Pending(function, _tensors(left) + _tensors(right))


def _tensors(operand) -> tuple:
    return operand.tensors if isinstance(operand, Pending) else ()


def _value(operand, arrays):
    return operand.value(arrays) if isinstance(operand, Pending) else operand


def streaming(function: Callable) -> Callable:
    """Make a metric of arrays one that model functions can use too.

    Parameters
    ----------
    function : callable
        Its arguments named predictions, labels, values, normalizer and weights take arrays.

    Returns
    -------
    callable
        Takes the three last arguments of the old API too, without using them. Returns what
        ``function`` returns or, where an array is a tensor of a model function, the pair
        ``(value, update)``: one `Pending` twice.
    """
    signature = _with_ignored(inspect.signature(function))

    @functools.wraps(function)
    def metric(*args, **kwargs):
        given = _given(function, signature, args, kwargs)
        if not any(map(_is_symbolic, given.values())):
            return function(**given)
        pending = _pending(function, given)
        return pending, pending

    metric.__signature__ = signature
    return metric


def _with_ignored(signature: inspect.Signature) -> inspect.Signature:
    kind = inspect.Parameter.POSITIONAL_OR_KEYWORD
    ignored = [inspect.Parameter(name, kind, default=None) for name in _IGNORED]
    return signature.replace(parameters=[*signature.parameters.values(), *ignored])


def _given(function, signature, args, kwargs) -> dict:
    """Return the arguments that a call gives the function, by name."""
    try:
        bound = signature.bind(*args, **kwargs).arguments
    except TypeError as error:
        raise TypeError(
            f"{function.__name__} should be called as {function.__name__}{signature}. Got a call "
            f"that does not fit: {error}."
        ) from None
    given = {name: value for name, value in bound.items() if name not in _IGNORED}
    for name in _ROWS:
        if name in given and name != "weights":
            _check_rows(function, name, given[name])
    return given


def _check_rows(function, name, value) -> None:
    if value is None:
        raise ValueError(
            f"{function.__name__} needs {name}. Got None: a model function has no targets in "
            "INFER, so let it make metrics in EVAL only."
        )
    tf = sys.modules.get("tensorflow")
    if tf is not None and isinstance(value, tf.SparseTensor | tf.RaggedTensor):
        raise TypeError(
            f"{function.__name__} expects {name} to be an array or a dense tensor. Got a "
            f"{type(value).__name__}: make it dense, with tf.sparse.to_dense(labels, "
            "default_value=-1) or labels.to_tensor(-1)."
        )


def _is_symbolic(value) -> bool:
    """Return whether a value is a tensor that a graph computes; without loading TensorFlow."""
    tf = sys.modules.get("tensorflow")
    return tf is not None and tf.is_symbolic_tensor(value)


def _pending(function, given) -> Pending:
    import tensorflow as tf

    rows = {name: value for name, value in given.items() if name in _ROWS and value is not None}
    rows = {name: tf.convert_to_tensor(value) for name, value in rows.items()}
    first = next(iter(rows.values()))
    rows = {name: _for_each_row(name, tensor, first) for name, tensor in rows.items()}
    others = {name: _constant(function, name, given[name]) for name in given if name not in _ROWS}
    _rehearse(function, rows, others)
    names = tuple(rows)

    def by_name(*arrays, **arguments):
        return function(**dict(zip(names, arrays, strict=True)), **arguments)

    return Pending(by_name, tuple(rows.values()), others)


def _for_each_row(name, tensor, first):
    """Repeat what was meant for all rows, such as one weight, so that batches can be joined."""
    import tensorflow as tf

    if first.shape.rank == 0 and tensor.shape.rank:
        raise ValueError(
            f"{name} should be one number, like what is measured in each batch. Got a tensor of "
            f"shape {tensor.shape}: reduce it, or measure rows instead."
        )
    if not (first.shape.rank and tensor.shape.rank is not None):
        return tensor
    if tensor.shape.rank == 0:
        return tf.fill(tf.shape(first)[:1], tensor)
    if tensor.shape[0] == 1 and first.shape[0] != 1:
        return tf.repeat(tensor, tf.shape(first)[0], axis=0)
    return tensor


def _constant(function, name, value):
    """Return an argument that must be the same for all batches as a number."""
    import tensorflow as tf

    if not _is_symbolic(value):
        return value
    found = tf.get_static_value(value)
    if found is None:
        raise ValueError(
            f"{function.__name__} expects {name} to be the same for all batches. Got a tensor that "
            "depends on the batch: pass a number."
        )
    return found


def _rehearse(function, rows, arguments) -> None:
    """Call the function with zeros, so that what is wrong shows in the model function already."""
    shapes = [tensor.shape for tensor in rows.values()]
    if any(shape.rank is None or None in shape[1:] for shape in shapes):
        return
    known = [shape[0] for shape in shapes if shape.rank and shape[0] is not None]
    n = known[0] if known else 1
    zeros = {}
    for name, tensor in rows.items():
        shape = [n if size is None else size for size in tensor.shape]
        zeros[name] = np.zeros(shape, tensor.dtype.as_numpy_dtype)
    function(**zeros, **arguments)
