"""SIGTERM during training: what a scheduler sends some seconds before it kills a process."""

from __future__ import annotations

import logging
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["STATUS", "asked_to_end", "heeded"]

STATUS = 128 + signal.SIGTERM  # what a shell shows of a process that SIGTERM has ended

_log = logging.getLogger("tflearnkit")
_received = threading.Event()


def asked_to_end() -> bool:
    """Return whether SIGTERM came within `heeded`."""
    return _received.is_set()


@contextmanager
def heeded() -> Iterator[None]:
    """Put SIGTERM off to where the block asks for it; at its end at the latest, the process ends.

    A handler that is there already stays, and so does all where the block is not run by the main
    thread, which Python gives signals to.
    """
    in_main = threading.current_thread() is threading.main_thread()
    if not in_main or signal.getsignal(signal.SIGTERM) is not signal.SIG_DFL:
        yield
        return
    signal.signal(signal.SIGTERM, _receive)
    try:
        yield
        if asked_to_end():
            raise SystemExit(STATUS)
    finally:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        _received.clear()


def _receive(*_) -> None:
    _log.warning("SIGTERM came: training ends after the steps under way, and is saved.")
    _received.set()
