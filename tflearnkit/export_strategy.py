"""ExportStrategy: how, and under which name, an experiment exports what it has trained."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

__all__ = ["ExportStrategy"]


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
