"""CategoricalVocabulary: categories -> ids in the order in which they were met."""

from __future__ import annotations

import numbers
from collections import Counter
from collections.abc import Hashable

__all__ = ["CategoricalVocabulary"]


class CategoricalVocabulary:
    """A mapping of categories to ids from 1 on; 0 is the unknown.

    Parameters
    ----------
    unknown_token : hashable, default="<UNK>"
        What id 0 stands for.
    support_reverse : bool, default=True
        Whether `reverse` is to work.

    Examples
    --------
    >>> vocabulary = CategoricalVocabulary()
    >>> [vocabulary.get(city) for city in ("Oslo", "Rome", "Oslo")]
    [1, 2, 1]
    >>> vocabulary.freeze()
    >>> vocabulary.get("Bonn"), vocabulary.reverse(2)
    (0, 'Rome')
    """

    def __init__(self, unknown_token: Hashable = "<UNK>", support_reverse: bool = True):
        self._unknown_token = unknown_token
        self._support_reverse = support_reverse
        self._frozen = False
        self._ids = {unknown_token: 0}
        self._counts: Counter = Counter()

    def __len__(self) -> int:
        return len(self._ids)

    def freeze(self, freeze: bool = True) -> None:
        """Let no further categories in, or let them in again."""
        self._frozen = freeze

    def get(self, category: Hashable) -> int:
        """Return the id of a category; a new one gets the next id, or 0 when frozen.

        NaN is a category like any other.
        """
        category = _one_nan(category)
        if category not in self._ids and not self._frozen:
            self._ids[category] = len(self._ids)
        return self._ids.get(category, 0)

    def add(self, category: Hashable, count: int = 1) -> None:
        """Count a category as met ``count`` times more."""
        if self.get(category):
            self._counts[_one_nan(category)] += count

    def trim(self, min_frequency: int, max_frequency: int = -1) -> None:
        """Keep what was met more than ``min_frequency`` times, and number it anew by frequency.

        Those as frequent as each other come in order, numbers before words. ``max_frequency`` > 0
        keeps only what was met less often than that.
        """
        kept = [
            (category, count)
            for category, count in self._counts.items()
            if count > min_frequency and (max_frequency <= 0 or count < max_frequency)
        ]
        kept.sort(key=lambda pair: (-pair[1], *_rank(pair[0])))
        self._counts = Counter(dict(kept))
        self._ids = {self._unknown_token: 0}
        self._ids |= {category: place for place, (category, _) in enumerate(kept, start=1)}

    def reverse(self, class_id: int) -> Hashable:
        """Return the category of an id, the unknown token for 0.

        Raises
        ------
        ValueError
            If ids were not to be reversed, or there is no such id.
        """
        if not self._support_reverse:
            raise ValueError("This vocabulary has support_reverse=False. Make it with True.")
        if not 0 <= class_id < len(self._ids):
            raise ValueError(f"Ids are from 0 to {len(self._ids) - 1}. Got {class_id}.")
        return list(self._ids)[class_id]

    def categories(self) -> list[Hashable]:
        """Return all categories by id, the unknown first."""
        return list(self._ids)


_NAN = float("nan")  # the one that stands for all: NaN is not equal to itself


def _rank(category: Hashable) -> tuple:
    is_number = isinstance(category, numbers.Real)
    return (0, category, "") if is_number else (1, 0, str(category))


def _one_nan(category: Hashable) -> Hashable:
    return _NAN if isinstance(category, float) and category != category else category
