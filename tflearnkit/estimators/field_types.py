"""Whether a value is what the annotation of a dataclass's field says."""

from __future__ import annotations

import dataclasses

import numpy as np

__all__ = ["check_fields"]

_PLAIN = {"str": str, "bool": bool, "tuple": tuple, "np.dtype": np.dtype}


def check_fields(kind: type, values: dict) -> None:
    """Check what a dataclass is to be made of, as a file says it.

    Raises
    ------
    TypeError
        If a field is missing or unknown, or of another type than it is declared with.
    """
    fields = {field.name: field for field in dataclasses.fields(kind) if field.init}
    if unknown := sorted(set(values) - set(fields)):
        raise TypeError(f"{kind.__name__} has no field {unknown[0]!r}")
    for name, field in fields.items():
        if name in values:
            if not any(_is(values[name], one) for one in str(field.type).split(" | ")):
                raise TypeError(f"{kind.__name__}.{name} should be {field.type}")
        elif field.default is dataclasses.MISSING:
            raise TypeError(f"{kind.__name__} needs its field {name!r}")


def _is(value, annotation: str) -> bool:
    if annotation == "None":
        return value is None
    if annotation in ("int", "float"):
        kinds = int if annotation == "int" else int | float
        return isinstance(value, kinds) and not isinstance(value, bool)
    if annotation in _PLAIN:
        return isinstance(value, _PLAIN[annotation])
    if annotation == "Callable":
        return callable(value)
    if annotation.startswith("tuple["):
        inner = annotation.removeprefix("tuple[").split(",")[0].rstrip("]")
        return isinstance(value, tuple) and all(_is(each, inner) for each in value)
    # A class of ours: by its name, or that of one it is derived from.
    return any(base.__name__ == annotation.rsplit(".", 1)[-1] for base in type(value).__mro__)
