"""Export strategies: how, when and under which name an experiment exports what it has trained."""

from __future__ import annotations

import inspect
import json
import os
import shutil
import tempfile
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from numbers import Real
from typing import Any

from tflearnkit.errors import listing
from tflearnkit.whole_file import naming

__all__ = [
    "ExportStrategy",
    "check_exports_to_keep",
    "extend_export_strategy",
    "garbage_collect_exports",
    "make_best_model_export_strategy",
    "make_export_strategy",
]

_REPORT = "eval_result.json"


@dataclass(frozen=True)
class ExportStrategy:
    """A name, and a function that exports an estimator.

    Parameters
    ----------
    name : str
        Folder of the exports below ``<model_dir>/export``.
    export_fn : callable
        ``f(estimator, export_path)``, and ``checkpoint_path`` and ``eval_result`` if it takes
        them; returns where the export is.

    Raises
    ------
    ValueError
        If ``name`` is no name, or ``export_fn`` no function.

    Examples
    --------
    >>> def export(estimator, export_path):
    ...     return export_path
    >>> ExportStrategy("servo", export).export(None, "model/export/servo")
    'model/export/servo'
    """

    name: str
    export_fn: Callable

    def __post_init__(self):
        if not isinstance(self.name, str) or not self.name:
            raise ValueError(
                f"An ExportStrategy should have a name. Got {self.name!r}: pass such as 'servo'."
            )
        if not callable(self.export_fn):
            raise ValueError(
                f"An ExportStrategy should have a function (estimator, export_path). Got "
                f"{self.export_fn!r}: pass one."
            )

    def export(
        self, estimator, export_path, checkpoint_path=None, eval_result=None
    ) -> Any:
        """Export the estimator below ``export_path``, and return what the function does.

        Parameters
        ----------
        estimator : estimator
        export_path : path
        checkpoint_path : path, optional
            The checkpoint that the estimator has the weights of.
        eval_result : dict of str to float, optional
            What an evaluation of these weights gave.
        """
        known = {"checkpoint_path": checkpoint_path, "eval_result": eval_result}
        takes = inspect.signature(self.export_fn).parameters
        wanted = {name: value for name, value in known.items() if name in takes}
        return self.export_fn(estimator, export_path, **wanted)


def garbage_collect_exports(export_dir_base, exports_to_keep: int | None) -> None:
    """Remove old exports: folders that are named by numbers, but for those of the largest ones.

    Parameters
    ----------
    export_dir_base : path
    exports_to_keep : int >= 1 or None
        None keeps all.

    Examples
    --------
    >>> import os, tempfile
    >>> base = tempfile.mkdtemp()
    >>> for name in ("8", "9", "10", "notes"):
    ...     os.mkdir(os.path.join(base, name))
    >>> garbage_collect_exports(base, 2)
    >>> sorted(os.listdir(base))
    ['10', '9', 'notes']
    """
    check_exports_to_keep(exports_to_keep)
    if exports_to_keep is None or not os.path.isdir(export_dir_base):
        return
    found = sorted((name for name in os.listdir(export_dir_base) if name.isdecimal()), key=int)
    for name in found[: max(0, len(found) - exports_to_keep)]:
        # Renamed first: what serves exports must not meet half a one.
        leaving = os.path.join(export_dir_base, f"temp-{uuid.uuid4().hex}")
        os.rename(os.path.join(export_dir_base, name), leaving)
        shutil.rmtree(leaving)


def make_export_strategy(
    exports_to_keep: int | None = 5, *, sample=None, verify: bool = True, assets_extra=None
) -> ExportStrategy:
    """Return the strategy "Servo": a SavedModel after each evaluation, of which the newest stay.

    Parameters
    ----------
    exports_to_keep : int >= 1 or None, default=5
        None keeps all.
    sample, verify, assets_extra
        As in ``export_savedmodel``.

    Examples
    --------
    >>> make_export_strategy(exports_to_keep=2).name
    'Servo'
    """
    check_exports_to_keep(exports_to_keep)

    def export(estimator, export_path):
        found = estimator.export_savedmodel(
            export_path, sample=sample, verify=verify, assets_extra=assets_extra
        )
        garbage_collect_exports(export_path, exports_to_keep)
        return found

    return ExportStrategy("Servo", export)


def make_best_model_export_strategy(
    exports_to_keep: int | None = 1,
    compare_fn: Callable[[dict, dict], bool] | None = None,
    *,
    sample=None,
    verify: bool = True,
    assets_extra=None,
) -> ExportStrategy:
    """Return the strategy "best_model": a SavedModel whenever an evaluation is better than before.

    Each export holds the report that it was better by, ``assets.extra/eval_result.json``, so that a
    job that is started again does not export a worse model; remove the exports to begin anew. Where
    an evaluation is no better it exports nothing and returns ''.

    Parameters
    ----------
    exports_to_keep : int >= 1 or None, default=1
        None keeps all.
    compare_fn : callable, optional
        ``f(best, now)`` of two reports of ``evaluate``: whether ``now`` is better. By default, if
        its loss is lower.
    sample, verify, assets_extra
        As in ``export_savedmodel``.

    Raises
    ------
    ValueError
        On export, if there is no report, or one of the two lacks what is compared.

    Examples
    --------
    >>> make_best_model_export_strategy(compare_fn=lambda best, now: now["auc"] > best["auc"]).name
    'best_model'
    """
    check_exports_to_keep(exports_to_keep)
    is_better = _has_lower_loss if compare_fn is None else compare_fn
    known: dict[str, dict | None] = {}  # by folder, as what is exported may be moved on

    def export(estimator, export_path, eval_result=None):
        if not eval_result:
            raise ValueError(
                "The best model is told by what evaluations report. Got no eval_result: pass the "
                "dict that evaluate returned."
            )
        path = os.path.abspath(export_path)
        best = known[path] if path in known else _newest_report(path)
        if best is not None and not _compared(is_better, best, eval_result, path):
            return ""
        with tempfile.TemporaryDirectory() as folder:
            report = os.path.join(folder, _REPORT)
            with naming(report), open(report, "w", encoding="utf-8") as file:
                json.dump(_numbers(eval_result), file)
            inner = make_export_strategy(
                exports_to_keep,
                sample=sample,
                verify=verify,
                assets_extra={**(assets_extra or {}), _REPORT: report},
            )
            found = inner.export(estimator, export_path)
        known[path] = dict(eval_result)
        return found

    return ExportStrategy("best_model", export)


def extend_export_strategy(
    base_export_strategy: ExportStrategy,
    post_export_fn: Callable,
    post_export_name: str | None = None,
) -> ExportStrategy:
    """Return a strategy that exports as another one, and then does something with the export.

    Parameters
    ----------
    base_export_strategy : ExportStrategy
    post_export_fn : callable
        ``f(path)`` of what the other one returned; what it returns is returned. It is not called
        where nothing was exported.
    post_export_name : str, optional
        The strategy's name, and the folder of its exports; None keeps the other one's.

    Examples
    --------
    >>> upload = extend_export_strategy(make_export_strategy(), print, "uploaded")
    >>> upload.name
    'uploaded'
    """

    def export(estimator, export_path, checkpoint_path=None, eval_result=None):
        found = base_export_strategy.export(estimator, export_path, checkpoint_path, eval_result)
        return post_export_fn(found) if found else found

    return ExportStrategy(post_export_name or base_export_strategy.name, export)


def _numbers(report: dict) -> dict[str, float]:
    return {name: float(value) for name, value in report.items() if isinstance(value, Real)}


def _newest_report(export_path: str) -> dict | None:
    """Return the report in the newest export that has one."""
    names = os.listdir(export_path) if os.path.isdir(export_path) else []
    for name in sorted((name for name in names if name.isdecimal()), key=int, reverse=True):
        path = os.path.join(export_path, name, "assets.extra", _REPORT)
        if os.path.isfile(path):
            with open(path, encoding="utf-8") as file:
                return json.load(file)
    return None


def _compared(is_better: Callable, best: dict, now: dict, path: str) -> bool:
    try:
        return bool(is_better(best, now))
    except KeyError as error:
        raise ValueError(
            f"Reports should have what is compared, but {error} is not in both: the best one has "
            f"{listing(best)}, the one of now {listing(now)}. Pass another compare_fn, or remove "
            f"the exports of an earlier one from {path!r}."
        ) from error


def _has_lower_loss(best: dict, now: dict) -> bool:
    return now["loss"] < best["loss"]


def check_exports_to_keep(exports_to_keep) -> None:
    """Refuse what is no number of exports."""
    kept = exports_to_keep
    if kept is not None and (isinstance(kept, bool) or not isinstance(kept, int) or kept < 1):
        raise ValueError(
            f"exports_to_keep should be an int of at least 1, or None for all. Got {kept!r}."
        )
