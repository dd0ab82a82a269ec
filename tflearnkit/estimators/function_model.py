"""A fitted model function: the function, its arrays, and the layout of its batches."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from tflearnkit import metrics
from tflearnkit.columns.raw import raw_feature
from tflearnkit.data.table import Table, concatenated
from tflearnkit.data.targets import by_name, joined_targets
from tflearnkit.engines.function import program_of
from tflearnkit.engines.layout import Layout, Shape
from tflearnkit.errors import did_you_mean, listing
from tflearnkit.estimators.evaluation import columns_as_arrays
from tflearnkit.estimators.inputs import Labelled
from tflearnkit.model_function import ModelFunction
from tflearnkit.tasks.function import FunctionTask
from tflearnkit.variables import ModeKeys

__all__ = ["FittedFunction", "Rows", "layout_of", "rows_of", "together"]

_BLOCK = 1024  # rows that are scored together


class Rows(NamedTuple):
    """Rows as a model function gets them: arrays in the order of a layout.

    Attributes
    ----------
    features : dict of str to array
        Features, then targets.
    """

    features: dict[str, np.ndarray]
    widths: tuple = ()

    @property
    def n_rows(self) -> int:
        return len(next(iter(self.features.values())))

    def take(self, rows) -> Rows:
        return Rows({name: array[rows] for name, array in self.features.items()})

    @classmethod
    def joined(cls, parts: list[Rows]) -> Rows:
        """Return the rows of several parts."""
        keys = parts[0].features
        return cls({key: np.concatenate([part.features[key] for part in parts]) for key in keys})

    @property
    def arrays(self) -> list[np.ndarray]:
        return list(self.features.values())


def rows_of(table: Table, y=None) -> Rows:
    """Return the rows of a table, and their targets, in a model function's dtypes."""
    found = {f"x/{name}": _plain(raw_feature(table[name])) for name in table.names}
    for name, target in {} if _is_nothing(y) else by_name(y).items():
        found[f"y/{name}"] = _plain(raw_feature(np.asarray(target)))
    return Rows(found)


def layout_of(rows: Rows) -> Layout:
    """Return the layout that rows have."""
    features, targets = [], []
    for key, array in rows.features.items():
        kind, name = key.split("/", 1)
        (features if kind == "x" else targets).append(Shape.of(name, array))
    return Layout(tuple(features), tuple(targets))


def _is_nothing(y) -> bool:
    """Return whether there are no targets, which rows without any have as well."""
    return y is None or (isinstance(y, np.ndarray) and y.shape[1:] == (0,))


def _plain(array: np.ndarray) -> np.ndarray:
    """Return float64 as float32, in which variables are."""
    return array.astype(np.float32) if array.dtype == np.float64 else array


@dataclass(frozen=True)
class FittedFunction:
    """What a fit leaves: everything that predicting and going on training need.

    Attributes
    ----------
    function : ModelFunction
    layout : Layout
        Of the batches that it was trained on.
    rows : int
        Rows of such a batch.
    state : dict of arrays
        Variables and optimizer slots by name.
    step : int
        Optimizer steps taken.
    seed : int
        What all draws of the fit came from.
    task : FunctionTask
        Says what is reported of predictions.
    """

    function: ModelFunction
    layout: Layout
    rows: int
    state: Mapping[str, np.ndarray]
    step: int
    seed: int
    task: FunctionTask = FunctionTask()

    @classmethod
    def untrained(cls, function, layout: Layout, rows: int, seed: int) -> FittedFunction:
        """Return a function whose variables have the values that they begin with."""
        with program_of(function, layout, rows) as program:
            return cls(function, layout, rows, program.initial_state(seed), 0, seed)

    def with_state(self, state, step: int) -> FittedFunction:
        """Return this model with other arrays."""
        return replace(self, state=state, step=step)

    def encode(self, table: Table) -> Table:
        """Return rows as `evaluate` takes them: a function sees them as they are."""
        return table

    def evaluate(self, batches, asked=None, encoded=None) -> dict[str, float]:
        """Return the loss, the function's own metrics, and those that were asked for."""
        wanted = metrics.resolve(asked, self.task)
        batches = [batch for batch in batches if len(batch.y)]
        found = [(*pair, batch) for batch in batches for pair in self._evaluated(batch)]
        losses, rows = zip(*((outputs.loss, n) for outputs, n, _ in found), strict=True)
        report = {"loss": float(np.average(losses, weights=rows)), "global_step": self.step}
        for name, (value, _) in found[0][0].metrics.items():
            pieces = zip(*(outputs.metrics[name][1] for outputs, *_ in found), strict=True)
            metric = value([np.concatenate(list(map(np.atleast_1d, p))) for p in pieces])
            report |= metric if isinstance(metric, Mapping) else {name: metric}
        if wanted or self.task.reports_probabilities:
            _check_labels(batches)
            weights = np.concatenate([batch.weights for batch in batches])
            labels = by_name(joined_targets([batch.y for batch in batches]))
            labels = labels.get("", labels)  # one array, or several by name
            features = columns_as_arrays(concatenated([batch.table for batch in batches]))
            by_key = self.task.outputs(together([outputs.predictions for outputs, *_ in found]))
            report |= self.task.report(by_key, labels, weights)
            for name, metric in wanted.items():
                report[name] = metric(by_key, labels, weights, features)
        return report

    def check_weights(self, weights: np.ndarray) -> None:
        """Refuse weights that the function would not see."""
        if self.function.takes_weights or (weights == 1).all():
            return
        with program_of(self.function, self.layout, self.rows) as program:
            if program.model is not None:  # whose loss takes them
                return
        raise ValueError(
            f"{self.function.called} should take an argument sample_weight where rows are "
            "weighted. Got weights: use such an argument in the loss, or leave the weights out."
        )

    def _evaluated(self, batch: Labelled) -> Iterator[tuple]:
        """Yield what blocks of a batch give, and their numbers of rows."""
        self.check_weights(batch.weights)
        rows = self.labelled(batch.table, batch.y if self.layout.targets else None)
        with program_of(self.function, self.layout, self.rows) as program:
            program.load(self.state, self.step)
            for part in _blocks(rows.n_rows, _BLOCK):
                weights = batch.weights[part].astype(np.float32)
                arrays = [*rows.take(part).arrays, weights]
                yield program.outputs(arrays, ModeKeys.EVAL), len(weights)

    def outputs_by_block(
        self, table: Table, batch_size: int | None = None, mode: str = ModeKeys.INFER
    ) -> Iterator:
        """Yield what the function gives for blocks of rows: its predictions."""
        rows = self.checked(rows_of(table))
        for part in _blocks(rows.n_rows, batch_size or _BLOCK):
            with program_of(self.function, self.layout, self.rows) as program:
                program.load(self.state, self.step)
                found = program.outputs(rows.take(part).arrays, mode).predictions
            yield found

    @property
    def weights(self) -> dict[str, np.ndarray]:
        """The arrays of the function's variables, without optimizer slots."""
        with program_of(self.function, self.layout, self.rows) as program:
            return {name: self.state[name] for name in program.weight_names}

    def variables(self) -> dict[str, np.ndarray]:
        """Return every array by name, optimizer slots and the step included."""
        return {"global_step": np.int64(self.step), **self.state}

    def variable(self, name: str) -> np.ndarray:
        """Return one array by its name; a trailing ``:0`` is ignored."""
        named, name = self.variables(), str(name).removesuffix(":0")
        if name not in named:
            raise ValueError(
                f"There is no variable {name!r}. Variables: {listing(sorted(named))}."
                f"{did_you_mean(name, named)}"
            )
        return named[name]

    def labelled(self, table: Table, y=None) -> Rows:
        """Return rows with targets, if the function was trained on such, as `checked` does."""
        rows = rows_of(table, y)
        came = [key.removeprefix("y/") for key in rows.features if key.startswith("y/")]
        began = [shape.name for shape in self.layout.targets]
        if came != began:
            began, came = map(_called_targets, (began, came))
            raise ValueError(
                f"Targets are incompatible with given information: {self.function.called} was "
                f"trained with {began}. Got {came}: do as in the first fit."
            )
        return self.checked(rows)

    def checked(self, rows: Rows) -> Rows:
        """Return rows in the dtypes of the layout, if they have its shapes."""
        now, arrays = layout_of(rows), {}
        before = (*self.layout.features, *(self.layout.targets if now.targets else ()))
        for shape, own, (key, array) in zip(
            before, (*now.features, *now.targets), rows.features.items(), strict=True
        ):
            if own.rest != shape.rest or (own.dtype == "string") != (shape.dtype == "string"):
                what = f"Features {own.name!r}" if key.startswith("x") else "Targets"
                raise ValueError(
                    f"{what} are incompatible with given information: {self.function.called} was "
                    f"trained on {shape.dtype} of shape {shape.rest} per row. Got {own.dtype} of "
                    f"shape {own.rest}: pass such."
                )
            arrays[key] = array if own.dtype == shape.dtype else array.astype(shape.dtype)
        return Rows(arrays)


def _called_targets(names: list[str]) -> str:
    """Return how messages call targets of these names."""
    if not names:
        return "no y"
    return "y" if names == [""] else f"a dict y of {listing(names)}"


def _check_labels(batches: list[Labelled]) -> None:
    if any(_is_nothing(batch.y) for batch in batches):
        raise ValueError(
            "metrics compare predictions with targets. Got no y: pass it, or leave metrics out."
        )


def _blocks(n_rows: int, size: int) -> list[slice]:
    return [slice(start, min(start + size, n_rows)) for start in range(0, n_rows, size)]


def together(pieces: list):
    """Put predictions of several blocks together, key by key."""
    if len(pieces) == 1:
        return pieces[0]
    if isinstance(pieces[0], Mapping):
        return {key: np.concatenate([piece[key] for piece in pieces]) for key in pieces[0]}
    return np.concatenate(pieces)
