"""Compiled programs, shared between fits of the same shape.

Tracing and compiling cost tenths of a second; a process-wide pool keeps what they make. A key
names all that shapes a program (architecture, task, kinds of optimizers), never a learning rate
or a seed, so that the folds of a cross-validation and most points of a grid trace once.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from typing import Any

__all__ = ["borrowed", "clear_programs", "shared"]

_LIMIT = 64  # programs kept; the least recently used one goes first


class _Programs:
    """Programs at rest by key. One that owns variables is lent to one fit at a time."""

    def __init__(self):
        self.lock = threading.Lock()
        self.idle: OrderedDict[Hashable, list] = OrderedDict()
        self.stateless: OrderedDict[Hashable, Any] = OrderedDict()

    def take(self, key):
        with self.lock:
            found = self.idle.get(key)
            return found.pop() if found else None

    def give_back(self, key, program):
        with self.lock:
            self.idle.setdefault(key, []).append(program)
            self.idle.move_to_end(key)
            while len(self.idle) > _LIMIT:
                self.idle.popitem(last=False)

    def get(self, key, build):
        with self.lock:
            if key not in self.stateless:
                self.stateless[key] = build()
            self.stateless.move_to_end(key)
            while len(self.stateless) > _LIMIT:
                self.stateless.popitem(last=False)
            return self.stateless[key]

    def clear(self):
        with self.lock:
            self.idle.clear()
            self.stateless.clear()


_programs = _Programs()


@contextmanager
def borrowed(key: Hashable, build: Callable[[], Any]) -> Iterator[Any]:
    """Lend the program of ``key`` to the block; another thread's fit gets one of its own.

    A program whose block failed is dropped: its variables may be half updated.
    """
    program = _programs.take(key)
    if program is None:
        program = build()
    yield program
    _programs.give_back(key, program)


def shared(key: Hashable, build: Callable[[], Any]) -> Any:
    """Return the program of ``key``, which owns no variables, building it the first time."""
    return _programs.get(key, build)


def clear_programs() -> None:
    """Drop all compiled programs that are not in use, and the memory they hold.

    Fits and predictions afterwards compile again. Useful in a long-lived process that is done
    with models of many shapes; up to 64 programs of each kind are kept otherwise.

    Examples
    --------
    >>> import tflearnkit as learn
    >>> learn.clear_programs()
    """
    _programs.clear()
