"""What notebooks show of a fitted estimator below its parameters: columns, network, history."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape

from tflearnkit.columns.base import DeepColumn, IdColumn
from tflearnkit.estimators.forest_model import FittedForest
from tflearnkit.estimators.function_model import FittedFunction
from tflearnkit.estimators.kmeans_model import FittedClusters
from tflearnkit.estimators.summarising import summarised
from tflearnkit.monitors.history import series
from tflearnkit.parts import Deep

__all__ = ["FittedPanels"]

_MOST = 50  # columns, or metrics, that are shown
_WIDTH, _HEIGHT, _MARGIN = 360, 110, 6
_COLOURS = ("#1f77b4", "#ff7f0e", "#2ca02c", "#d62728")


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
        return "".join(
            [
                self.attributes._repr_html_inner() if len(self.attributes) else "",
                _panel("Columns", ("name", "kind", "size"), columns),
                _panel("Network" if _is_network(model) else "Model", header, lines),
                _history_panel(history) if history and history["step"] else "",
            ]
        )


def _is_network(model) -> bool:
    parts = getattr(model, "parts", ())
    return isinstance(model, FittedFunction) or any(isinstance(part, Deep) for part in parts)


def _panel(title: str, header: Sequence[str], rows: list, picture: str = "") -> str:
    """Return a table that folds, in scikit-learn's classes."""
    cells = "".join(f"<th>{escape(name)}</th>" for name in header)
    lines = "".join(map(_row, rows))
    return (
        f'<div class="estimator-table"><details><summary>{escape(title)}</summary>{picture}'
        f'<table class="parameters-table"><tbody><tr>{cells}</tr>{lines}</tbody></table>'
        "</details></div>"
    )


def _first_of(rows: list[tuple]) -> list[tuple]:
    """Return the rows that are shown, and how many more there are."""
    if len(rows) <= _MOST:
        return rows
    return [*rows[:_MOST], (f"... and {len(rows) - _MOST:,} more", *[""] * (len(rows[0]) - 1))]


def _row(cells: Iterable[str]) -> str:
    first, *rest = map(str, cells)
    indent = (len(first) - len(first.lstrip())) / 2
    shown = f'<td style="padding-left: {0.5 + indent}em">{escape(first.strip())}</td>'
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
    """Return the last of all numbers, below a curve of the losses."""
    rows = []
    for name in history:
        steps, values = series(history, name)
        if name not in ("step", "epoch") and values:
            rows.append((name, f"{values[-1]:.4g}", f"{steps[-1]:,}"))
    losses = [name for name in history if name == "loss" or name.endswith("_loss")]
    curves = {name: series(history, name) for name in losses}
    return _panel("History", ("", "last", "at step"), _first_of(rows), _svg(curves))


def _svg(curves: dict[str, tuple[list, list]]) -> str:
    """Return the curves as a small picture, with the range of their values."""
    curves = {name: curve for name, curve in curves.items() if len(curve[0]) > 1}
    if not curves:
        return ""
    steps = [step for curve in curves.values() for step in curve[0]]
    values = [value for curve in curves.values() for value in curve[1]]
    across = _scale(min(steps), max(steps), _MARGIN, _WIDTH - _MARGIN)
    down = _scale(max(values), min(values), _MARGIN, _HEIGHT - _MARGIN)
    lines, legend = [], []
    for (name, curve), colour in zip(curves.items(), _COLOURS, strict=False):
        points = " ".join(f"{across(x):.1f},{down(y):.1f}" for x, y in zip(*curve, strict=True))
        lines.append(f'<polyline fill="none" stroke="{colour}" points="{points}"/>')
        legend.append(f'<span style="color: {colour}">{escape(name)}</span>')
    caption = f"{min(values):.4g} to {max(values):.4g}, steps {min(steps):,} to {max(steps):,}"
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{_WIDTH}" height="{_HEIGHT}" role="img" '
        f'aria-label="losses by step" style="background: white; display: block">{"".join(lines)}'
        f"</svg><div>{' '.join(legend)}: {caption}</div>"
    )


def _scale(first: float, last: float, start: float, stop: float):
    """Return the function that takes ``first`` to ``start`` and ``last`` to ``stop``."""
    width = (last - first) or 1.0
    return lambda value: start + (value - first) / width * (stop - start)
