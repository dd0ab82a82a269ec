"""The variables of Keras objects by names that are the same in every process."""

from __future__ import annotations

import re

from tflearnkit.model_function import is_keras_model

__all__ = ["variables_by_name", "variables_of_model", "variables_of_optimizers"]


def variables_by_name(objects: dict) -> dict:
    """Return the variables of optimizers, layers and models, those of most by ``<object>/<path>``.

    Keras numbers what it names by how much was made in the process before (``dense_7``); here the
    numbers count within each object.
    """
    found: dict = {}
    for name, thing in objects.items():
        if is_keras_model(thing):
            found |= variables_of_model(thing)
            continue
        known: dict[str, dict[str, str]] = {}
        for variable in getattr(thing, "variables", ()):
            path = "/".join(_counted(known, word) for word in variable.path.split("/"))
            found[_unused(f"{name}/{path}", found)] = variable
    return found


def variables_of_model(model) -> dict:
    """Return the variables of a model and its optimizer: ``model/dense/kernel``, and the like.

    The model must have been made within ``fresh_names``, where Keras' numbers are those of a new
    process: names that users gave stay as they are.
    """
    found: dict = {}
    for name, thing in (("model", model), ("optimizer", getattr(model, "optimizer", None))):
        for variable in getattr(thing, "variables", ()):
            path = variable.path.removeprefix(f"{thing.name}/").removeprefix(f"{model.name}_")
            found[_unused(f"{name}/{path}", found)] = variable
    return found


def variables_of_optimizers(objects: dict) -> list:
    """Return the variables of optimizers, those of models included."""
    import keras

    found = [getattr(thing, "optimizer", thing) for thing in objects.values()]
    optimizers = [each for each in found if isinstance(each, keras.optimizers.Optimizer)]
    return [variable for optimizer in optimizers for variable in optimizer.variables]


def _unused(name: str, found: dict) -> str:
    """Return a name, numbered where it is taken."""
    full, number = name, 0
    while full in found:
        number += 1
        full = f"{name}_{number}"
    return full


def _counted(known: dict, word: str) -> str:
    """Return a word of a path with its number counted from the first one met."""
    base = re.sub(r"_\d+$", "", word)
    numbers = known.setdefault(base, {})
    if word not in numbers:
        numbers[word] = f"{base}_{len(numbers)}" if numbers else base
    return numbers[word]
