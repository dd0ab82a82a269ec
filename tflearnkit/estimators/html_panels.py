"""What notebooks show of a fitted estimator below its parameters: columns, network, history."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape
from itertools import cycle

from tflearnkit.columns.base import DeepColumn, IdColumn
from tflearnkit.estimators.forest_model import FittedForest
from tflearnkit.estimators.function_model import FittedFunction
from tflearnkit.estimators.kmeans_model import FittedClusters
from tflearnkit.estimators.summarising import summarised
from tflearnkit.monitors.history import series
from tflearnkit.parts import Deep

__all__ = ["FittedPanels"]

_MOST = 50  # columns, or metrics, that are shown
_WIDTH, _HEIGHT = 420, 150  # of the picture, in pixels
_LEFT, _RIGHT, _TOP, _BOTTOM = 80, 410, 10, 120  # of its axes
_COLOURS = ("#1f77b4", "#ff7f0e", "#2ca02c", "#d62728")  # as in Matplotlib's pictures
# scikit-learn aligns all to the left by !important; pages other than Jupyter's have no padding.
_STYLE = """<style>
.tflearnkit-panels :is(td, th) { padding: 0.1em 0.6em; }
.tflearnkit-panels :is(td, th):first-child {
  min-width: 8em; max-width: 30em; overflow-wrap: anywhere;
}
.tflearnkit-panels .numbers :is(td, th):not(:first-child) { text-align: right !important; }
.tflearnkit-panels .numbers td:not(:first-child) { white-space: nowrap; }
.tflearnkit-panels svg { display: block; margin: 0 auto; }
.tflearnkit-panels svg text { font: 12px monospace; fill: #777; }  /* on light and on dark */
.tflearnkit-panels .legend { margin: 0.4em auto; width: fit-content; overflow-wrap: anywhere; }
</style>"""


class FittedPanels:
    """scikit-learn's panel of fitted attributes, and ours below it.

    All names are escaped: those of columns may come from anyone.

    Parameters
    ----------
    attributes : AttrsDict
        scikit-learn's panel.
    estimator : estimator
        It is fitted.
    """

    def __init__(self, attributes, estimator):
        self.attributes, self.estimator = attributes, estimator

    def __len__(self) -> int:
        return len(self.attributes) + 1

    def _repr_html_inner(self) -> str:
        model = self.estimator.model_
        summary = summarised(type(self.estimator).__name__, model)
        header, *lines = summary.lines()
        history = getattr(self.estimator, "history_", None)
        columns = _first_of(list(_columns(model)))
        panels = [
            _panel("Columns", ("name", "kind", "size"), columns, "words"),
            _panel("Network" if _is_network(model) else "Model", header, lines, "numbers"),
            _history_panel(history) if history and history["step"] else "",
        ]
        theirs = self.attributes._repr_html_inner() if len(self.attributes) else ""
        return f'{theirs}<div class="tflearnkit-panels">{_STYLE}{"".join(panels)}</div>'


def _is_network(model) -> bool:
    parts = getattr(model, "parts", ())
    return isinstance(model, FittedFunction) or any(isinstance(part, Deep) for part in parts)


def _panel(title: str, header: Sequence[str], rows: list, cells_are: str, picture="") -> str:
    """Return a table of "words" or "numbers" that folds, in scikit-learn's classes."""
    cells = "".join(f"<th>{escape(name)}</th>" for name in header)
    lines = "".join(map(_row, rows))
    return (
        f'<div class="estimator-table"><details><summary>{escape(title)}</summary>{picture}'
        f'<table class="parameters-table {cells_are}"><tbody><tr>{cells}</tr>{lines}</tbody>'
        "</table></details></div>"
    )


def _first_of(rows: list[tuple]) -> list[tuple]:
    """Return the rows that are shown, and how many more there are."""
    if len(rows) <= _MOST:
        return rows
    return [*rows[:_MOST], (f"... and {len(rows) - _MOST:,} more", *[""] * (len(rows[0]) - 1))]


def _row(cells: Iterable[str]) -> str:
    first, *rest = map(str, cells)
    indent = (len(first) - len(first.lstrip())) / 2
    shown = f'<td style="padding-left: {0.6 + indent}em">{escape(first.strip())}</td>'
    return f'<tr class="default">{shown}{"".join(f"<td>{escape(cell)}</td>" for cell in rest)}</tr>'


# -- columns ------------------------------------------------------------------------------------


def _columns(model) -> Iterable[tuple[str, str, str]]:
    """Yield name, kind and size of what the model makes of its raw features."""
    if isinstance(model, FittedFunction):
        for shape in model.layout.features:
            size = " x ".join(map(str, shape.rest)) or "1"
            yield shape.name or "X", shape.dtype, size
        return
    if isinstance(model, FittedForest):
        columns = [getattr(part, "column", part) for part in model.features.parts]
    else:
        columns = (model.space if isinstance(model, FittedClusters) else model).columns.given
    for column in columns:
        yield _name(column), _kind(column), _size(column)


def _name(column) -> str:
    return getattr(column, "name", "") or ", ".join(filter(None, column.sources)) or "X"


def _kind(column) -> str:
    kind = type(column).__name__.removesuffix("Column")
    return f"{kind} of {_kind(column.source)}" if isinstance(column, DeepColumn) else kind


def _size(column) -> str:
    if isinstance(column, DeepColumn):
        return f"{column.source.size:,} ids, {column.width:,} numbers"
    if isinstance(column, IdColumn):
        return f"{column.size:,} ids"
    if hasattr(column, "vocabulary"):
        return f"{len(column.vocabulary):,} categories"
    return f"{column.width:,} number{'s' * (column.width != 1)}"


# -- history ------------------------------------------------------------------------------------


def _history_panel(history: dict) -> str:
    """Return the last of all numbers, below the curves of the losses."""
    rows = []
    for name in history:
        steps, values = series(history, name)
        if name not in ("step", "epoch") and values:
            rows.append((name, _number(values[-1]), f"{steps[-1]:,}"))
    losses = [name for name in history if name == "loss" or name.endswith("_loss")]
    curves = {name: series(history, name) for name in losses}
    header = ("", "last", "at step")
    return _panel("History", header, _first_of(rows), "numbers", _picture(curves))


def _number(value: float) -> str:
    """Return four digits, as many for all numbers of a size, so that they can be compared."""
    return f"{value:,.0f}" if 1e3 <= abs(value) < 1e9 else f"{value:#.4g}".rstrip(".")


def _picture(curves: dict[str, tuple[list, list]]) -> str:
    """Return the curves between axes, a dot where each is lowest, and a legend that says where."""
    curves = {name: curve for name, curve in curves.items() if len(curve[0]) > 1}
    if not curves:
        return ""
    steps = [step for curve in curves.values() for step in curve[0]]
    values = [value for curve in curves.values() for value in curve[1]]
    across = _scale(min(steps), max(steps), _LEFT, _RIGHT)
    down = _scale(max(values), min(values), _TOP, _BOTTOM)
    shapes, legend = _axes(steps, values, down), []
    for (name, curve), colour in zip(curves.items(), cycle(_COLOURS), strict=False):
        lowest, step = min((value, step) for step, value in zip(*curve, strict=True))
        points = [(across(x), down(y)) for x, y in zip(*curve, strict=True)]
        shapes += _line(points, (across(step), down(lowest)), colour)
        said = f"{escape(name)}: lowest {_number(lowest)} at step {step:,}"
        legend.append(f'<div><span style="color: {colour}">&#9473;&#9679;</span> {said}</div>')
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{_WIDTH}" height="{_HEIGHT}" '
        f'viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" aria-label="losses by step">'
        f'{"".join(shapes)}</svg><div class="legend">{"".join(legend)}</div>'
    )


def _line(points: list[tuple], dot: tuple[float, float], colour: str) -> list[str]:
    """Return a line with a dot."""
    joined = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    return [
        f'<polyline fill="none" stroke="{colour}" stroke-width="1.5" points="{joined}"/>',
        f'<circle r="3" fill="{colour}" cx="{dot[0]:.1f}" cy="{dot[1]:.1f}"/>',
    ]


def _axes(steps: list, values: list, down) -> list[str]:
    """Return two lines, the ranges of steps and values, and the name of the steps."""
    below = _BOTTOM + 16
    ends = [(_LEFT, "start", f"{min(steps):,}"), (_RIGHT, "end", f"{max(steps):,}")]
    middle = ((_LEFT + _RIGHT) / 2, "middle", "step")
    corners = f"{_LEFT},{_TOP} {_LEFT},{_BOTTOM} {_RIGHT},{_BOTTOM}"
    return [
        f'<path fill="none" stroke="#999" d="M{corners}"/>',
        *(_text(x, below, anchor, said) for x, anchor, said in [*ends, middle]),
        *(
            _text(_LEFT - 6, down(value) + 4, "end", _number(value))
            for value in dict.fromkeys([max(values), min(values)])
        ),
    ]


def _text(x: float, y: float, anchor: str, said: str) -> str:
    return f'<text x="{x}" y="{y}" text-anchor="{anchor}">{said}</text>'


def _scale(first: float, last: float, start: float, stop: float):
    """Return the function that takes ``first`` to ``start`` and ``last`` to ``stop``."""
    width = (last - first) or 1.0
    return lambda value: start + (value - first) / width * (stop - start)
