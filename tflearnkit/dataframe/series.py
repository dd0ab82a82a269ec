"""Series: one column, as what is to be computed from a batch."""

from __future__ import annotations

import operator
from collections.abc import Callable

import numpy as np

__all__ = ["Series"]


class Series:
    """A column of a `TensorFlowDataFrame`, computed batch by batch when rows are asked for.

    ``+ - * / // % **``, comparisons, ``& | ~`` and functions such as ``sqrt`` and ``log`` make new
    ones, of other series of the same frame and of plain values; assign them to the frame to have
    them as columns, or select rows by them.

    Examples
    --------
    >>> import tflearnkit as learn
    >>> frame = learn.TensorFlowDataFrame.from_ordereddict({"a": [1.0, 4.0]}, shuffle=False)
    >>> frame["b"] = frame["a"].sqrt() + 1
    >>> frame.materialize()["b"].tolist()
    [2.0, 3.0]
    """

    __hash__ = None  # == makes a series

    def __init__(self, source, compute: Callable[[dict], object], text: str):
        self._source = source
        self._compute = compute
        self._text = text

    def __repr__(self) -> str:
        return f"Series({self._text})"

    def __bool__(self) -> bool:
        raise TypeError(
            f"{self!r} is not a single truth value. Use & | ~ for and, or, not, and "
            "select_rows(series) to choose rows."
        )

    def apply(self, function: Callable, text: str | None = None) -> Series:
        """Return the series of what a function of TensorFlow makes of this one's tensor."""
        name = text or f"{getattr(function, '__name__', 'function')}({self._text})"
        return Series(self._source, lambda batch: function(self._compute(batch)), name)

    def _with(self, other, function: Callable, sign: str, is_reversed: bool = False) -> Series:
        if isinstance(other, Series) and other._source is not self._source:
            raise ValueError(
                f"Series of one frame should be combined. Got {self!r} and {other!r} of two: take "
                "both from the same frame, after its rows were selected."
            )
        ours, theirs = self._text, other._text if isinstance(other, Series) else repr(other)
        text = f"({theirs} {sign} {ours})" if is_reversed else f"({ours} {sign} {theirs})"

        def compute(batch):
            mine = self._compute(batch)
            its = other._compute(batch) if isinstance(other, Series) else other
            pair = _of_one_type(mine, its)
            return function(*(reversed(pair) if is_reversed else pair))

        return Series(self._source, compute, text)


def _of_one_type(left, right):
    """Let NumPy say of which type numbers of two become; words stay."""
    import tensorflow as tf

    if left.dtype == tf.string:
        return left, right
    kinds = [
        value.dtype.as_numpy_dtype if hasattr(value, "dtype") and not np.isscalar(value) else value
        for value in (left, right)
    ]
    kind = tf.as_dtype(np.result_type(*kinds))
    right = tf.cast(right, kind) if hasattr(right, "dtype") else tf.constant(right, kind)
    return tf.cast(left, kind), right


def _float(function: Callable) -> Callable:
    """Let a function of floats take whole numbers too."""

    def of_floats(values):
        import tensorflow as tf

        return function(values if values.dtype.is_floating else tf.cast(values, tf.float64))

    return of_floats


def _unary(name: str, takes_whole: bool):
    def method(self):
        import tensorflow as tf

        function = getattr(tf.math, name)
        return self.apply(function if takes_whole else _float(function), f"{name}({self._text})")

    method.__name__ = name
    method.__doc__ = f"Return the series of ``tf.math.{name}`` of each value."
    return method


for _name in ("abs", "negative", "sign", "square", "round", "logical_not"):
    setattr(Series, _name, _unary(_name, takes_whole=True))
for _name in (
    "reciprocal", "sqrt", "rsqrt", "exp", "log", "ceil", "floor", "cos", "sin", "lgamma", "digamma",
    "erf", "erfc", "is_nan",
):  # fmt: skip
    setattr(Series, _name, _unary(_name, takes_whole=False))
Series.__neg__, Series.__abs__, Series.__invert__ = (
    Series.negative, Series.abs, Series.logical_not
)  # fmt: skip


def _binary(function: Callable, sign: str, is_reversed: bool = False):
    def method(self, other):
        return self._with(other, function, sign, is_reversed)

    return method


def _equal(left, right):
    import tensorflow as tf

    return tf.equal(left, right)


def _not_equal(left, right):
    import tensorflow as tf

    return tf.not_equal(left, right)


for _word, _function, _sign in (
    ("add", operator.add, "+"), ("sub", operator.sub, "-"), ("mul", operator.mul, "*"),
    ("truediv", operator.truediv, "/"), ("floordiv", operator.floordiv, "//"),
    ("mod", operator.mod, "%"), ("pow", operator.pow, "**"), ("and", operator.and_, "&"),
    ("or", operator.or_, "|"),
):  # fmt: skip
    setattr(Series, f"__{_word}__", _binary(_function, _sign))
    setattr(Series, f"__r{_word}__", _binary(_function, _sign, is_reversed=True))
for _word, _function, _sign in (
    ("eq", _equal, "=="), ("ne", _not_equal, "!="), ("lt", operator.lt, "<"),
    ("le", operator.le, "<="), ("gt", operator.gt, ">"), ("ge", operator.ge, ">="),
):  # fmt: skip
    setattr(Series, f"__{_word}__", _binary(_function, _sign))
