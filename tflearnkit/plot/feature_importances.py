"""How much a model makes of each feature."""

from __future__ import annotations

import numpy as np
from sklearn.inspection import permutation_importance
from sklearn.utils.validation import check_is_fitted

from tflearnkit.data.table import EMPTY
from tflearnkit.drawing import pyplot
from tflearnkit.parts import Wide

__all__ = ["FeatureImportancesDisplay"]

_GAINS = "share of the gain of all splits"
_WEIGHTS = "norm of the weights"
_SHUFFLED = "drop in score when the feature is shuffled"
_LONG = 60  # letters of a name that are shown
_ROOM, _LETTER = 20, 0.085  # letters for which a figure has room, and inches for one more


class FeatureImportancesDisplay:
    """Bars for the features that a model makes most of.

    Make it with `from_estimator`. With rows, ``X`` and ``y``, they are shuffled feature by feature,
    which any estimator can be asked and which alone tells features of different kinds apart
    fairly. Without rows trees say how much their splits gained, and linear models how long their
    weights are: of standardised numbers, and all categories of a column together, so that those
    with many categories look larger.

    Parameters
    ----------
    importances : array of shape (n_features,)
    feature_names : list of str
    std : array of shape (n_features,), optional
        Standard deviations of the importances.
    kind : str, default=""
        What the importances are; the label of the axis.
    estimator_name : str, optional
        The title.

    Attributes
    ----------
    ax_ : matplotlib.axes.Axes
    figure_ : matplotlib.figure.Figure
    bars_ : matplotlib.container.BarContainer

    Examples
    --------
    >>> import tflearnkit as learn
    >>> from sklearn.datasets import load_iris
    >>> X, y = load_iris(return_X_y=True, as_frame=True)
    >>> clf = learn.LinearClassifier().fit(X, y)
    >>> display = learn.plot.FeatureImportancesDisplay.from_estimator(clf, X, y, random_state=0)
    >>> display.feature_names[display.importances.argmax()]
    'petal width (cm)'
    """

    def __init__(self, importances, feature_names, *, std=None, kind="", estimator_name=None):
        self.importances = np.asarray(importances)
        self.feature_names = list(feature_names)
        self.std = None if std is None else np.asarray(std)
        self.kind = kind
        self.estimator_name = estimator_name

    @classmethod
    def from_estimator(
        cls,
        estimator,
        X=None,
        y=None,
        *,
        max_features=20,
        scoring=None,
        n_repeats=5,
        sample_weight=None,
        n_jobs=None,
        random_state=None,
        name=None,
        ax=None,
        **bar_kwargs,
    ) -> FeatureImportancesDisplay:
        """Work the importances out and draw them.

        Parameters
        ----------
        estimator : estimator
            It is fitted.
        X, y : array or pandas frame, and targets, optional
            Rows to shuffle; those held out show what generalises. None asks the model itself, if
            it is of trees or linear.
        max_features : int >= 1 or None, default=20
            How many bars to draw; None draws all.
        scoring, n_repeats, sample_weight, n_jobs, random_state
            As in ``sklearn.inspection.permutation_importance``.
        name : str, optional
            The title; None is the name of the class.
        ax : matplotlib axes, optional
            Where to draw; None makes a new figure.
        **bar_kwargs
            For ``Axes.barh``.

        Returns
        -------
        FeatureImportancesDisplay

        Raises
        ------
        NotFittedError
            If the estimator is not fitted.
        ValueError
            If there are no rows, and the model is neither of trees nor linear.
        """
        pyplot(f"{cls.__name__}.from_estimator")
        check_is_fitted(estimator)
        if X is not None:
            found = permutation_importance(
                estimator, X, y, scoring=scoring, n_repeats=n_repeats, n_jobs=n_jobs,
                random_state=random_state, sample_weight=sample_weight,
            )  # fmt: skip
            names = _names(getattr(X, "columns", None), len(found.importances_mean))
            what = {"std": found.importances_std, "kind": _SHUFFLED}
            importances = found.importances_mean
        else:
            importances, names, kind = _own_importances(estimator)
            what = {"kind": kind}
        name = type(estimator).__name__ if name is None else name
        display = cls(importances, names, estimator_name=name, **what)
        return display.plot(ax, max_features=max_features, **bar_kwargs)

    def plot(self, ax=None, *, max_features=20, **bar_kwargs) -> FeatureImportancesDisplay:
        """Draw the bars, the longest first; the parameters are those of `from_estimator`."""
        plt = pyplot(f"{type(self).__name__}.plot")
        order = np.argsort(-self.importances, kind="stable")[:max_features]
        names = [_shortened(self.feature_names[place]) for place in order]
        if ax is None:
            more = max(0, max(map(len, names), default=0) - _ROOM)
            size = (6.5 + _LETTER * more, 1 + 0.28 * max(len(order), 3))
            _, ax = plt.subplots(figsize=size, layout="constrained")
        self.ax_, self.figure_ = ax, ax.figure
        errors = None if self.std is None else self.std[order]
        how = {"xerr": errors, "ecolor": "0.3", **bar_kwargs}
        self.bars_ = ax.barh(np.arange(len(order)), self.importances[order], **how)
        ax.set_yticks(np.arange(len(order)), names, parse_math=False)  # a "$" is a "$"
        ax.invert_yaxis()  # the first one on top
        ax.set(xlabel=self.kind, title=self.estimator_name or "")
        return self


def _own_importances(estimator) -> tuple[np.ndarray, list[str], str]:
    """Return what a model of trees, or a linear one, says of itself."""
    if hasattr(estimator, "feature_importances_"):
        found = estimator.feature_importances_
        return found, _names(getattr(estimator, "feature_names_in_", None), len(found)), _GAINS
    parts = getattr(estimator.model_, "parts", ())
    if len(parts) == 1 and isinstance(parts[0], Wide):
        names, norms = zip(*_norms(estimator.model_, parts[0]), strict=True)
        return np.array(norms), list(names), _WEIGHTS
    raise ValueError(
        f"FeatureImportancesDisplay needs rows to tell what a {type(estimator).__name__} makes of "
        "its features. Got none: pass X and y. Trees and linear models alone say it themselves."
    )


def _norms(model, part: Wide) -> list[tuple[str, float]]:
    """Return the length of the weights of each column; those of an array are columns apart."""
    found = []
    for key, weights in part.variables(model.weights).items():
        name = key.removeprefix("linear/").rpartition("/")[0]
        if key == "linear/bias_weight":
            continue
        if name == EMPTY:
            norms = np.linalg.norm(weights, axis=1)
            found += [(f"x{place}", norm) for place, norm in enumerate(norms)]
        else:
            found.append((name, float(np.linalg.norm(weights))))
    return found


def _shortened(name: str) -> str:
    """Return both ends of a long name: either may be what tells it from others."""
    half = _LONG // 2
    return name if len(name) <= _LONG else f"{name[: half - 1]}...{name[2 - half :]}"


def _names(columns, n_features: int) -> list[str]:
    if columns is None:
        return [f"x{place}" for place in range(n_features)]
    return [str(name) for name in columns]
