"""Training and validation by step."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np
from sklearn.utils.validation import check_is_fitted

from tflearnkit.drawing import pyplot
from tflearnkit.errors import did_you_mean, listing
from tflearnkit.monitors.history import series

__all__ = ["TrainingHistoryDisplay"]

_FEW = 15  # points that are marked
_AUTO = "auto"
_TRAINING = "training"


class TrainingHistoryDisplay:
    """Loss and validation metrics by training step: whether a model still learns, or overfits.

    Make it with `from_estimator`. Each metric has a panel of its own, since losses, shares and
    errors have scales of their own; the training loss stands beside the validation loss. How a
    score grows with the number of rows is another question: `LearningCurveDisplay`.

    Parameters
    ----------
    history : dict of str to list
        As ``history_`` of estimators: "step", "loss", and what `ValidationMonitor` has recorded
        as "val_loss", "val_accuracy", ... ; None where a row has no such number.
    best_step : int, optional
        A step to mark.
    estimator_name : str, optional
        The title.

    Attributes
    ----------
    ax_ : matplotlib.axes.Axes
        The first panel.
    axes_ : dict of str to matplotlib.axes.Axes
        The panels by metric.
    figure_ : matplotlib.figure.Figure
    lines_ : dict of str to matplotlib.lines.Line2D
        By column of ``history``.

    Examples
    --------
    >>> import tflearnkit as learn
    >>> from sklearn.datasets import load_iris
    >>> X, y = load_iris(return_X_y=True)
    >>> clf = learn.DNNClassifier([10], early_stopping=True, epochs=20, random_state=0).fit(X, y)
    >>> display = learn.plot.TrainingHistoryDisplay.from_estimator(clf)
    >>> sorted(display.lines_)
    ['loss', 'val_accuracy', 'val_loss']
    >>> display.figure_.savefig("history.png")
    """

    def __init__(self, history: Mapping[str, list], *, best_step=None, estimator_name=None):
        self.history = history
        self.best_step = best_step
        self.estimator_name = estimator_name

    @classmethod
    def from_estimator(
        cls, estimator, *, metrics=None, best_step=_AUTO, name=None, ax=None, **line_kwargs
    ) -> TrainingHistoryDisplay:
        """Draw the history of the last fit.

        Parameters
        ----------
        estimator : estimator
            Its last fit was here: what is read from a ``model_dir`` has no history.
        metrics : list of str, optional
            The panels in their order, such as ``["loss", "auc"]``. None means all but the details
            that have a "/" in their names.
        best_step : int, "auto" or None, default="auto"
            The step to mark, such as ``monitor.best_step``. "auto" takes that of the least
            validation loss, if there is one; None marks none.
        name : str, optional
            The title; None is the name of the class.
        ax : matplotlib axes, or an array with one for each panel, optional
            Where to draw. Where ``metrics`` is None the first panels that there is room for, the
            loss first. None makes a new figure.
        **line_kwargs
            For ``Axes.plot``.

        Returns
        -------
        TrainingHistoryDisplay

        Raises
        ------
        NotFittedError
            If the estimator is not fitted.
        ValueError
            If it has no history, as where a linear model was solved exactly; if there is no such
            metric.
        """
        pyplot(f"{cls.__name__}.from_estimator")
        check_is_fitted(estimator)
        history = getattr(estimator, "history_", None)
        if not history or not history["step"]:
            raise ValueError(
                f"{cls.__name__} draws what training has recorded by step. Got a "
                f"{type(estimator).__name__} without any: it was solved exactly, grown of trees "
                "that do not know each other, read from its model_dir, or had no steps left to "
                "take. Fit it here, a linear model with steps=... or epochs=..."
            )
        if best_step == _AUTO:
            best_step = _step_of_least_validation_loss(history)
        name = type(estimator).__name__ if name is None else name
        display = cls(history, best_step=best_step, estimator_name=name)
        return display.plot(ax, metrics=metrics, **line_kwargs)

    def plot(self, ax=None, *, metrics=None, **line_kwargs) -> TrainingHistoryDisplay:
        """Draw the history; the parameters are those of `from_estimator`."""
        plt = pyplot(f"{type(self).__name__}.plot")
        panels = self._panels(metrics)
        if ax is None:
            axes = _new_axes(len(panels), self.estimator_name, plt)
        else:
            axes = list(np.ravel(np.asarray(ax, dtype=object)))
            panels = dict(list(panels.items())[: len(axes)]) if metrics is None else panels
            axes[0].set_title(self.estimator_name or "")
        if len(axes) != len(panels):
            raise ValueError(
                f"ax should be one for each of {len(panels)} panels ({listing(panels)}). Got "
                f"{len(axes)}: pass as many, or name other metrics."
            )
        self.figure_, self.ax_ = axes[0].figure, axes[0]
        self.axes_, self.lines_ = dict(zip(panels, axes, strict=True)), {}
        explained: set[str] = set()
        for metric, panel in self.axes_.items():
            self._draw(panel, metric, panels[metric], line_kwargs)
            labels = set(panels[metric].values())
            if not labels <= explained:  # a legend on each panel would hide the curves
                panel.legend()
            explained |= labels
        return self

    def _draw(self, panel, metric: str, columns: dict[str, str], line_kwargs: dict) -> None:
        for column, label in columns.items():
            steps, values = series(self.history, column)
            marker = "." if len(steps) <= _FEW else None
            colour = f"C{self._sides().index(label)}"  # the same in all panels
            how = {"label": label, "marker": marker, "color": colour, **line_kwargs}
            (self.lines_[column],) = panel.plot(steps, values, **how)
        if self.best_step is not None:
            mark = f"best: step {self.best_step:,}"
            panel.axvline(self.best_step, color="grey", linestyle=":", label=mark)
        panel.set(xlabel="step", ylabel=metric.replace("_", " "))

    def _panels(self, metrics: Iterable[str] | None) -> dict[str, dict[str, str]]:
        """Return by metric the columns of the history, with what a legend calls them."""
        found: dict[str, dict[str, str]] = {}
        for column in self.history:
            metric, label = self._metric_of(column)
            if column not in ("step", "epoch") and series(self.history, column)[0]:
                found.setdefault(metric, {})[column] = label
        if metrics is None:
            return {metric: columns for metric, columns in found.items() if "/" not in metric}
        metrics = [metrics] if isinstance(metrics, str) else list(metrics)
        for metric in metrics:
            if metric not in found:
                raise ValueError(
                    f"metrics should name what the history has. Got {metric!r}, and there are: "
                    f"{listing(found)}. Name some of these.{did_you_mean(metric, found)}"
                )
        return {metric: found[metric] for metric in metrics}

    def _metric_of(self, column: str) -> tuple[str, str]:
        """Return the metric of a column, and whose it is."""
        for monitor in sorted(self._monitors(), key=len, reverse=True):
            if column.startswith(f"{monitor}_"):
                return column.removeprefix(f"{monitor}_"), _label(monitor)
        return column, _TRAINING

    def _monitors(self) -> list[str]:
        """Return what the monitors are called that have written: every one records its loss."""
        return [each.removesuffix("_loss") for each in self.history if each.endswith("_loss")]

    def _sides(self) -> list[str]:
        return [_TRAINING, *map(_label, self._monitors())]


def _label(monitor: str) -> str:
    return "validation" if monitor == "val" else monitor


def _step_of_least_validation_loss(history: Mapping[str, list]) -> int | None:
    losses = [name for name in history if name.endswith("_loss")]
    steps, values = series(history, losses[0]) if losses else ([], [])
    return steps[int(np.argmin(values))] if steps else None


def _new_axes(n_panels: int, title: str | None, plt) -> list:
    """Return axes for panels in a new figure."""
    n_columns = min(3, n_panels)
    n_rows = -(-n_panels // n_columns)
    size = (6.4, 4.2) if n_panels == 1 else (4 * n_columns, 3 * n_rows)
    figure, grid = plt.subplots(
        n_rows, n_columns, figsize=size, layout="constrained", squeeze=False
    )
    for unused in grid.flat[n_panels:]:
        unused.set_axis_off()
    figure.suptitle(title or "")
    return list(grid.flat[:n_panels])
