"""How the arrays of a batch are put together for a model function."""

from __future__ import annotations

from typing import NamedTuple

__all__ = ["Layout", "Shape"]


class Shape(NamedTuple):
    """Name, dtype and shape without the rows of one array of a batch; text is 'string'."""

    name: str
    dtype: str
    rest: tuple[int, ...]

    @classmethod
    def of(cls, name: str, array) -> Shape:
        text = array.dtype.kind in "OUS"
        return cls(name, "string" if text else array.dtype.name, tuple(array.shape[1:]))

    def spec(self, rows: int | None):
        import tensorflow as tf

        return tf.TensorSpec([rows, *self.rest], self.dtype)

    def zeros(self, rows):
        """Return a tensor of that many rows that says nothing."""
        import tensorflow as tf

        shape = [rows, *self.rest]
        return tf.fill(shape, "") if self.dtype == "string" else tf.zeros(shape, self.dtype)


class Layout(NamedTuple):
    """The arrays of a batch in order; one without a name is passed by itself, others in a dict."""

    features: tuple[Shape, ...]
    targets: tuple[Shape, ...]

    @property
    def has_text(self) -> bool:
        return any(shape.dtype == "string" for shape in (*self.features, *self.targets))

    def specs(self, rows: int | None) -> list:
        return [shape.spec(rows) for shape in (*self.features, *self.targets)]

    def joined(self, tensors) -> tuple:
        """Return the ``(features, targets)`` that tensors in order mean."""
        cut = len(self.features)
        return _named(self.features, tensors[:cut]), _named(self.targets, tensors[cut:])


def _named(shapes, tensors):
    if not shapes:
        return None
    if len(shapes) == 1 and not shapes[0].name:
        return tensors[0]
    return {shape.name: tensor for shape, tensor in zip(shapes, tensors, strict=True)}
