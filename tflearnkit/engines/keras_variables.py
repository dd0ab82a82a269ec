"""The variables of Keras objects by names that are the same in every process."""

from __future__ import annotations

import re

__all__ = ["variables_by_name"]


def variables_by_name(objects: dict) -> dict:
    """Return the variables of optimizers, layers and models by ``<object>/<kind>/<path>``.

    Keras numbers what it names by how much was made in the process before (``dense_7``); here the
    numbers count within each object.
    """
    found = {}
    for name, thing in objects.items():
        known: dict[str, dict[str, str]] = {}
        for variable in getattr(thing, "variables", ()):
            path = "/".join(_counted(known, word) for word in variable.path.split("/"))
            full, number = f"{name}/{path}", 0
            while full in found:
                number += 1
                full = f"{name}/{path}_{number}"
            found[full] = variable
    return found


def _counted(known: dict, word: str) -> str:
    """Return a word of a path with its number counted from the first one met."""
    base = re.sub(r"_\d+$", "", word)
    numbers = known.setdefault(base, {})
    if word not in numbers:
        numbers[word] = f"{base}_{len(numbers)}" if numbers else base
    return numbers[word]
