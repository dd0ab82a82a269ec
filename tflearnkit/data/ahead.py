"""Items made ready in a thread while others are worked on."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

__all__ = ["read_ahead"]

_MOST_ITEMS = 256
_END = object()


def read_ahead(items: Iterator, size_of: Callable, room: int) -> Iterator:
    """Yield ``items``, of which about ``room`` bytes are waiting whenever one is asked for.

    What comes out, errors too, is what would come without it. Whoever drops the iterator before
    its end has lost the items that were waiting, so it is for what can be read again.

    Parameters
    ----------
    items : iterator
        Taken from in one other thread, by one call after the other.
    size_of : callable (item) -> int
        Bytes of an item. The first one's tell how many are kept.
    room : int

    Examples
    --------
    >>> list(read_ahead(iter("abc"), len, room=2))
    ['a', 'b', 'c']
    """
    thread = ThreadPoolExecutor(1)
    try:
        found = next(items, _END)
        depth = 0 if found is _END else min(_MOST_ITEMS, 1 + room // max(1, size_of(found)))
        waiting = deque(thread.submit(next, items, _END) for _ in range(depth))
        while found is not _END:
            yield found
            waiting.append(thread.submit(next, items, _END))
            found = waiting.popleft().result()
    finally:
        thread.shutdown(wait=False, cancel_futures=True)  # it may be this thread that drops us
