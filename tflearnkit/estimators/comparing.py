"""What an exported model answers, beside what the estimator does: nothing else is published."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

import numpy as np

from tflearnkit.data.table import Table
from tflearnkit.errors import ModelFileError, listing

__all__ = ["check_answers"]

_TOLERANCE = 1e-5
_TOLERANCE_OF_LOGITS = 1e-2


def check_answers(module, tables: Iterable[Table], answer: Callable, *, single=False) -> None:
    """Compare what an export answers with what its model predicts.

    Parameters
    ----------
    module : Served
    tables : iterable of Table
    answer : callable (table) -> dict of arrays
    single : bool, default=False
        Whether the export has numbers of float32 only, which keep the digits of the largest number
        and no more.

    Raises
    ------
    ModelFileError
        If a row differs by more than 1e-5: of the number where that is above 1, or of the largest
        one where ``single``. Scores beside probabilities may differ by 1e-2 where ``single``.
    """
    for table in tables:
        found, expected = answer(table), module.expected(table)
        unsure = _unsure_rows(expected)
        for key, values in expected.items():
            # float32 knows the logits of shares near 1 only so well: the shares are what counts.
            are_logits = single and key == "scores" and "probabilities" in expected
            tolerance = _TOLERANCE_OF_LOGITS if are_logits else _TOLERANCE
            wrong = _different_rows(np.asarray(values), found[key], tolerance, single)
            wrong = wrong[~unsure[wrong]] if key in ("classes", "clusters") else wrong
            if len(wrong):
                row = wrong[0]
                raise ModelFileError(
                    f"An export should predict what the estimator does, but {len(wrong)} of "
                    f"{table.n_rows} rows differ in {key!r}: row {row} has {found[key][row]}, and "
                    f"not {np.asarray(values)[row]}, for {_shown(table, row)}. Nothing was "
                    f"published. {_ADVICE_OF_SINGLE if single else _ADVICE}"
                )


_ADVICE = "Functions of columns must be TensorFlow's; else report this."
_ADVICE_OF_SINGLE = (
    "float32 has 7 digits: subtract what is common to the large numbers of a feature, such as "
    "dates, before fit; or use export_onnx, which keeps float64."
)


def _different_rows(expected: np.ndarray, found: np.ndarray, tolerance, single) -> np.ndarray:
    if expected.shape != found.shape:
        return np.arange(max(len(expected), 1))[: len(found) or 1]
    if found.dtype.kind in "OSU":
        wrong = _as_strings(found) != expected.astype(str)
    else:
        known = np.abs(expected[np.isfinite(expected)]) if expected.dtype.kind == "f" else []
        least = tolerance * max(1.0, np.max(known, initial=0)) if single else tolerance
        with np.errstate(invalid="ignore"):
            wrong = ~np.isclose(found, expected, tolerance, least, equal_nan=True)
    return np.flatnonzero(wrong.reshape(len(wrong), -1).any(axis=1))


def _as_strings(found: np.ndarray) -> np.ndarray:
    strings = [str(v, "utf-8") if isinstance(v, bytes) else str(v) for v in found.ravel()]
    return np.array(strings).reshape(found.shape)


def _unsure_rows(expected: Mapping[str, np.ndarray]) -> np.ndarray:
    """Return which rows two classes, or centres, are as good for: a last bit decides."""
    by_class = expected.get("probabilities", expected.get("scores"))
    if "distances" in expected:
        by_class = -expected["distances"]
    if by_class is None:
        return np.zeros(len(next(iter(expected.values()))), bool)
    if by_class.shape[1] == 1:
        return np.abs(by_class[:, 0]) < _TOLERANCE
    best = np.sort(by_class, axis=1)
    return best[:, -1] - best[:, -2] <= _TOLERANCE * (1 + np.abs(best[:, -1]))


def _shown(table: Table, row: int) -> str:
    one = table.take(slice(row, row + 1))
    values = (f"{name or 'X'}={one[name]}" for name in one.names)
    return listing(values, limit=8)
