"""ProfilerMonitor: where the time of training steps goes."""

from __future__ import annotations

import glob
import logging
import os
import shutil
import warnings

from tflearnkit.monitors.base import BaseMonitor
from tflearnkit.monitors.every_n import check_steps
from tflearnkit.monitors.trace_reading import OpCost, cost_table, costs_in
from tflearnkit.whole_file import naming

__all__ = ["ProfilerMonitor"]

_log = logging.getLogger("tflearnkit")


class ProfilerMonitor(BaseMonitor):
    """Trace some steps, for TensorBoard, and say which operations took most of the time.

    The trace stands in ``<log_dir>/plugins/profile``, where TensorBoard's profile plugin
    (``pip install xprof``) reads it. What other monitors do while it goes on,
    such as validation, is in it too: choose steps between their looks. Tracing slows the steps
    that are traced; what is told apart are operations, not lines of Python.

    Of several processes that train together, the chief traces itself. TensorFlow can trace but
    once at a time in a process.

    Parameters
    ----------
    first_step : int >= 0, default=50
        How many steps of the run to leave alone first: TensorFlow compiles in the first ones.
    n_steps : int >= 1, default=50
        How many steps to trace then.
    log_dir : path, default=None
        Where to write; None takes the estimator's ``model_dir``.
    n_shown : int >= 1, default=10
        Rows of the table that is logged at the end (by the logger "tflearnkit", as information).

    Attributes
    ----------
    top_ops_ : tuple of OpCost
        What was traced, dearest first: ``name``, ``kind``, ``calls``, ``microseconds`` (on all
        threads together) and ``share``. Empty before a run.
    trace_path_ : str or None
        The file that was written.

    Raises
    ------
    ValueError
        During the run, if there is no folder to write to.
    RuntimeError
        During the run, if something else is being traced.
    OSError
        During the run, if the disk is full; the part of the trace that was written is removed.

    Warns
    -----
    UserWarning
        If the run ended before the first step that was to be traced.

    Examples
    --------
    >>> import tempfile
    >>> import tflearnkit as learn
    >>> from sklearn.datasets import load_iris
    >>> X, y = load_iris(return_X_y=True)
    >>> monitor = ProfilerMonitor(first_step=10, n_steps=20, log_dir=tempfile.mkdtemp())
    >>> clf = learn.DNNClassifier([10], random_state=0)
    >>> clf = clf.fit(X, y, steps=40, monitors=[monitor])
    >>> print(monitor.table(3))
    operation...kind...calls...us...share
    ...
    """

    _start: int | None = None  # the step that the trace begins after, until it is written
    _tracing = False
    _of_a_run = (*BaseMonitor._of_a_run, "_start", "_tracing", "_folder", "_earlier")

    def __init__(self, first_step: int = 50, n_steps: int = 50, log_dir=None, n_shown: int = 10):
        self._first = check_steps("first_step", first_step, least=0)
        self._n_steps = check_steps("n_steps", n_steps)
        self._log_dir = log_dir
        self._n_shown = check_steps("n_shown", n_shown)
        self._forget()

    def _forget(self) -> None:
        self.top_ops_: tuple[OpCost, ...] = ()
        self.trace_path_: str | None = None

    def begin(self, max_steps: int | None = None) -> None:
        super().begin(max_steps)
        self._forget()
        folder = self.progress.model_dir if self._log_dir is None else self._log_dir
        if folder is None:
            raise ValueError(
                "ProfilerMonitor expects a folder to write to, but the estimator has no model_dir. "
                "Give the estimator a model_dir, or the monitor a log_dir."
            )
        self._folder = os.fspath(folder)
        self._start = self.progress.step + self._first if self.progress.is_chief else None

    def next_step(self, step: int) -> int | None:
        if self._start is None:
            return None
        return self._start if step < self._start else self._start + self._n_steps

    def step_begin(self, step: int) -> list[str]:
        if self._start is not None and not self._tracing and self.progress.step >= self._start:
            self._begin_trace()
        return super().step_begin(step)

    def step_end(self, step: int, outputs: dict) -> bool:
        if self._tracing and step >= self._start + self._n_steps:
            self._start = None
            self._end_trace()
        return super().step_end(step, outputs)

    def end(self) -> None:
        try:
            if self._tracing:
                self._end_trace()
            elif self._start is not None:
                warnings.warn(
                    f"ProfilerMonitor has traced nothing: the run ended at step "
                    f"{self.progress.step}, before the first step to trace, {self._start + 1}. "
                    "Train longer, or lower first_step.",
                    stacklevel=2,
                )
        finally:
            self._start = None
            super().end()

    def table(self, n: int | None = None) -> str:
        """Return the ``n`` operations that cost most as text; None takes all of them."""
        return cost_table(self.top_ops_[:n])

    def _begin_trace(self) -> None:
        import tensorflow as tf

        self._earlier = self._traces()
        # Calls of Python would be most of the file.
        options = tf.profiler.experimental.ProfilerOptions(python_tracer_level=0)
        try:
            tf.profiler.experimental.start(self._folder, options)
        except tf.errors.AlreadyExistsError as error:
            self._start = None
            raise RuntimeError(
                "ProfilerMonitor expects to be the only one that traces, but another profile of "
                "this process is under way. Wait for it to end, or leave one of the two out."
            ) from error
        self._tracing = True

    def _end_trace(self) -> None:
        import tensorflow as tf

        self._tracing = False
        try:
            with naming(self._folder):
                tf.profiler.experimental.stop()
        except OSError:
            for cut_short in self._traces() - self._earlier:
                shutil.rmtree(os.path.dirname(cut_short))
            raise
        self.trace_path_ = max(self._traces(), key=os.path.getmtime)
        with open(self.trace_path_, "rb") as file:
            self.top_ops_ = costs_in(file.read())
        _log.info("Operations that cost most:\n%s", self.table(self._n_shown))

    def _traces(self) -> set[str]:
        """Return the paths of the traces in the folder."""
        folder = glob.escape(self._folder)
        return set(glob.glob(os.path.join(folder, "plugins", "profile", "*", "*.xplane.pb")))
