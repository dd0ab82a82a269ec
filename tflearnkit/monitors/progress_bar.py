"""ProgressBar: one live line in a terminal or notebook."""

from __future__ import annotations

import shutil
import sys
import time

from tflearnkit.monitors.base import BaseMonitor, Progress
from tflearnkit.monitors.pace import Pace

__all__ = ["ProgressBar"]

_REFRESH_SECS = 0.1
_WIDTH = 10


class ProgressBar(BaseMonitor):
    """Show step, epoch, loss, speed and remaining time in one line while training.

    In a terminal the line is drawn on standard error, in a notebook below the cell. Where standard
    error is neither (a log file, a pipe) nothing is drawn, unless forced. Ten looks a second cost
    nothing that could be noticed.

    Parameters
    ----------
    force : bool, default=False
        Draw on standard error even if that is no terminal.

    Examples
    --------
    >>> monitor = ProgressBar(force=True)
    """

    _line: _TerminalLine | _NotebookLine | None = None
    _pace: Pace | None = None
    _drawn_at = 0.0
    _of_a_run = (*BaseMonitor._of_a_run, "_line", "_pace", "_drawn_at")

    def __init__(self, force: bool = False):
        self._force = force

    def begin(self, max_steps: int | None = None) -> None:
        super().begin(max_steps)
        self._line, self._pace, self._drawn_at = _find_line(self._force), None, 0.0

    def next_step(self, step: int) -> int | None:
        if self._line is None:
            return None
        return step + (1 if self._pace is None else self._pace.steps_in(_REFRESH_SECS, step))

    def step_end(self, step: int, outputs: dict) -> bool:
        super().step_end(step, outputs)
        if self._line is not None:
            self._pace = self._pace or Pace(step)
            # Half: a look of its own comes a little early or late, one of others much too early.
            if time.monotonic() - self._drawn_at >= _REFRESH_SECS / 2:
                self._draw()
        return False

    def end(self) -> None:
        super().end()
        if self._line is not None and self._pace is not None:
            self._draw()
            self._line.close()

    def _draw(self) -> None:
        speed = self._pace.steps_per_second(self.progress.step)
        self._line.draw(_describe(self.progress, self._max_steps, speed))
        self._drawn_at = time.monotonic()


def _describe(progress: Progress, max_steps: int | None, speed: float | None) -> str:
    parts = [f"step {progress.step}"]
    if max_steps:
        done = min(1.0, progress.step / max_steps)
        bar = "#" * int(done * _WIDTH)
        parts = [f"{done:4.0%} [{bar:.<{_WIDTH}}] {progress.step}/{max_steps}"]
    parts.append(f"epoch {progress.epoch}")
    parts.append(f"loss {progress.loss:.4g}")
    if speed:
        parts.append(f"{speed:,.0f} steps/s")
    if speed and max_steps and progress.step < max_steps:
        parts.append(f"{_clock((max_steps - progress.step) / speed)} left")
    return "  ".join(parts)


def _clock(seconds: float) -> str:
    minutes, seconds = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{seconds:02}" if hours else f"{minutes}:{seconds:02}"


def _find_line(force: bool):
    """Return where to draw, or None where nobody looks."""
    shell = getattr(sys.modules.get("IPython"), "get_ipython", lambda: None)()
    if getattr(shell, "kernel", None) is not None:
        return _NotebookLine()
    return _TerminalLine() if force or sys.stderr.isatty() else None


class _TerminalLine:
    def __init__(self):
        self._length = 0

    def draw(self, text: str) -> None:
        text = text[: shutil.get_terminal_size().columns - 1]  # a wrapped line cannot be redrawn
        sys.stderr.write("\r" + text.ljust(self._length))
        sys.stderr.flush()
        self._length = len(text)

    def close(self) -> None:
        sys.stderr.write("\n")
        sys.stderr.flush()


class _NotebookLine:
    def __init__(self):
        self._handle = None

    def draw(self, text: str) -> None:
        from IPython.display import display

        content = {"text/plain": text}
        if self._handle is None:
            self._handle = display(content, raw=True, display_id=True)
        else:
            self._handle.update(content, raw=True)

    def close(self) -> None:
        """The line stays below its cell."""
