"""ExportMonitor: SavedModels during a run."""

from __future__ import annotations

import math
import os

from tflearnkit.export_strategy import check_exports_to_keep, garbage_collect_exports
from tflearnkit.monitors.every_n import EveryN

__all__ = ["ExportMonitor"]


class ExportMonitor(EveryN):
    """Export every n steps, and at the end, as ``export_savedmodel`` does.

    Of several processes that train together, the chief does. An export that would predict
    otherwise than the estimator ends the run with an error. Nothing is exported where the loss is
    no longer finite.

    Parameters
    ----------
    every_n_steps : int >= 0
    export_dir : path
        Folder of the exports.
    exports_to_keep : int >= 1 or None, default=5
        Of how many the newest stay; None keeps all.
    verify : bool, default=True
        Whether each export is compared with the estimator, which takes seconds.

    Attributes
    ----------
    last_export_dir : str or None
        The export made last.

    Examples
    --------
    >>> monitor = ExportMonitor(every_n_steps=1000, export_dir="exports", exports_to_keep=2)
    >>> monitor.export_dir, monitor.exports_to_keep
    ('exports', 2)
    """

    last_export_dir: str | None = None

    def __init__(
        self,
        every_n_steps: int,
        export_dir,
        exports_to_keep: int | None = 5,
        *,
        verify: bool = True,
    ):
        super().__init__(every_n_steps, first_n_steps=-1)
        check_exports_to_keep(exports_to_keep)
        self.export_dir = os.fspath(export_dir)
        self.exports_to_keep, self.verify = exports_to_keep, verify

    def every_n_post_step(self, step: int) -> None:
        """Export the weights of this step."""
        if not self.progress.is_chief or not math.isfinite(self.progress.loss):
            return
        self.last_export_dir = self.progress.export(self.export_dir, self.verify)
        garbage_collect_exports(self.export_dir, self.exports_to_keep)
