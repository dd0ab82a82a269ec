"""What a fitted model is made of, as a table: parts, shapes, parameters, bytes, operations."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["LayerSummary", "ModelSummary", "PartSummary"]

_MOST = 30  # layers of a part that a table shows
_WIDEST = 48  # characters of a name that a table shows


@dataclass(frozen=True)
class LayerSummary:
    """A layer, or what a column has: ``flops`` is None where they are not told apart."""

    name: str
    shape: tuple[int, ...]
    parameters: int
    bytes: int
    flops: int | None = None


@dataclass(frozen=True)
class PartSummary:
    """A part of a model and its layers; ``flops`` is None where they cannot be counted."""

    name: str
    layers: tuple[LayerSummary, ...]
    flops: int | None

    @property
    def parameters(self) -> int:
        """Numbers that the part has learned or keeps."""
        return sum(layer.parameters for layer in self.layers)

    @property
    def bytes(self) -> int:
        """Bytes that these take in memory."""
        return sum(layer.bytes for layer in self.layers)


@dataclass(frozen=True)
class ModelSummary:
    """What ``est.summary()`` returns; as text it is a table.

    Attributes
    ----------
    title : str
        The estimator, and how far it has come.
    parts : tuple of PartSummary
        With ``name``, ``layers``, ``parameters``, ``bytes`` and ``flops`` each; layers have the
        same, and a ``shape``.
    parameters : int
        Numbers in the model, without those of optimizers.
    bytes : int
        Bytes that these take in memory.
    flops : int or None
        Floating-point operations that predicting one more example takes, by TensorFlow's counter:
        a multiplication and an addition are two, lookups are none. Of trees it is the most
        comparisons and additions, of clusters what their distances take. None where they cannot be
        counted: in loops, and in Python.

    Examples
    --------
    >>> import tflearnkit as learn
    >>> from sklearn.datasets import load_iris
    >>> X, y = load_iris(return_X_y=True)
    >>> summary = learn.DNNClassifier([10], steps=5, random_state=0).fit(X, y).summary()
    >>> isinstance(summary, learn.ModelSummary), summary.parameters, summary.bytes
    (True, 83, 332)
    >>> print(summary)
    DNNClassifier after 5 steps
                      shape  parameters  bytes  FLOPs per example
    dnn                              83    332                ...
      input layer         4           0      0                ...
      hiddenlayer_0  4 x 10          50    200                ...
      logits         10 x 3          33    132                 63
    link                              0      0                 15
    total                            83    332                ...
    """

    title: str
    parts: tuple[PartSummary, ...]

    @property
    def parameters(self) -> int:
        return sum(part.parameters for part in self.parts)

    @property
    def bytes(self) -> int:
        return sum(part.bytes for part in self.parts)

    @property
    def flops(self) -> int | None:
        costs = [part.flops for part in self.parts]
        return None if None in costs else sum(costs)

    def lines(self) -> list[tuple[str, ...]]:
        """Return the cells of the table: what it is, shape, parameters, bytes, operations."""
        found = [("", "shape", "parameters", "bytes", "FLOPs per example")]
        for part in self.parts:
            if [layer.name for layer in part.layers] == [part.name]:
                shape = _shape(part.layers[0].shape)
                found.append((part.name, shape, *_numbers(part, "unknown")))
                continue
            found.append((part.name, "", *_numbers(part, "unknown")))
            found += [
                (f"  {_short(layer.name)}", _shape(layer.shape), *_numbers(layer, ""))
                for layer in part.layers[:_MOST]
            ]
            if len(part.layers) > _MOST:
                found.append((f"  ... and {len(part.layers) - _MOST:,} more", "", "", "", ""))
        return [*found, ("total", "", *_numbers(self, "unknown"))]

    def __str__(self) -> str:
        lines = self.lines()
        widths = [max(map(len, cells)) for cells in zip(*lines, strict=True)]
        return "\n".join([self.title, *(_aligned(cells, widths) for cells in lines)])


def _numbers(thing, unknown: str) -> tuple[str, str, str]:
    flops = unknown if thing.flops is None else f"{thing.flops:,}"
    return f"{thing.parameters:,}", f"{thing.bytes:,}", flops


def _short(name: str) -> str:
    name = " ".join(name.split())
    return name if len(name) <= _WIDEST else f"{name[: _WIDEST - 3]}..."


def _shape(shape: tuple[int, ...]) -> str:
    return " x ".join(map(str, shape))


def _aligned(cells: tuple[str, ...], widths: list[int]) -> str:
    first, *rest = zip(cells, widths, strict=True)
    return "  ".join([first[0].ljust(first[1]), *(cell.rjust(width) for cell, width in rest)])
