"""The exceptions and warnings of tflearnkit, and the two sentences they share."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

from sklearn.exceptions import ConvergenceWarning, NotFittedError

__all__ = [
    "CheckpointError",
    "CheckpointWarning",
    "ConvergenceWarning",
    "ModelFileError",
    "NanLossDuringTrainingError",
    "NotFittedError",
    "TrainingInterruptedWarning",
    "WorkerLostError",
    "did_you_mean",
    "listing",
]


class NanLossDuringTrainingError(RuntimeError):
    """The training loss became NaN or infinite; the estimator is as it was before ``fit``."""


class WorkerLostError(RuntimeError):
    """Another process that trained along is gone; the estimator is as it was before ``fit``."""


class CheckpointError(ValueError):
    """A checkpoint cannot be read, or belongs to another model."""


class ModelFileError(ValueError):
    """A saved model cannot be read or written, or an export would predict otherwise."""


class CheckpointWarning(UserWarning):
    """A damaged checkpoint was passed over for an older intact one."""


class TrainingInterruptedWarning(UserWarning):
    """Training was stopped by Ctrl-C; the weights reached so far were kept."""


def listing(names: Iterable, limit: int = 20) -> str:
    """Join names for an error message, cutting long lists short.

    Examples
    --------
    >>> listing(range(5), limit=2)
    '0, 1, ... (5 in all)'
    """
    names = [str(name) for name in names]
    shown = ", ".join(names[:limit])
    return f"{shown}, ... ({len(names)} in all)" if len(names) > limit else shown


def did_you_mean(name, known: Iterable) -> str:
    """Return ``" Did you mean 'x'?"`` where a known name is close to ``name``, else ``""``.

    Capitals count for nothing.

    Examples
    --------
    >>> did_you_mean("citty", ["age", "city"])
    " Did you mean 'city'?"
    >>> did_you_mean("sgd", ["Adam", "SGD"])
    " Did you mean 'SGD'?"
    """
    spelt = {str(each).lower(): str(each) for each in known}
    close = difflib.get_close_matches(str(name).lower(), spelt, n=1)
    return f" Did you mean {spelt[close[0]]!r}?" if close else ""
