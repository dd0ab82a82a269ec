"""Named arrays as one array of words, which all devices can exchange, and back."""

from __future__ import annotations

import io

import numpy as np

__all__ = ["as_words", "of_words"]


def as_words(arrays: dict[str, np.ndarray]) -> np.ndarray:
    """Return arrays as int64 words, the first of which says how many bytes follow.

    Examples
    --------
    >>> words = as_words({"a": np.arange(3), "b": np.zeros((2, 0), np.float32)})
    >>> found = of_words(np.pad(words, (0, 100)))
    >>> found["a"], found["b"].shape
    (array([0, 1, 2]), (2, 0))
    """
    file = io.BytesIO()
    np.savez(file, **arrays)
    data = np.frombuffer(file.getvalue(), np.uint8)
    words = np.zeros(1 + -(-len(data) // 8), np.int64)
    words[0] = len(data)
    words[1:].view(np.uint8)[: len(data)] = data
    return words


def of_words(words: np.ndarray) -> dict[str, np.ndarray]:
    """Return the arrays of words, behind which more of them may stand."""
    data = words[1:].tobytes()[: words[0]]
    with np.load(io.BytesIO(data)) as arrays:
        return dict(arrays)
