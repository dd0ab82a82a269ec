"""What a set of CSV files holds: names and kinds of columns, learned from the first rows."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from tflearnkit.errors import did_you_mean, listing
from tflearnkit.inputs.files import opened

__all__ = ["CsvFormat", "TextBlock", "count_of", "learned_format", "text_blocks"]

_BLOCK_BYTES = 4 << 20
_LONGEST_VALUE = 4  # blocks


@dataclass(frozen=True)
class CsvFormat:
    """Names, kinds (object for words) and signs of CSV files that are alike."""

    dtypes: Mapping[str, np.dtype]
    has_header: bool
    sep: str
    na_values: tuple[str, ...]

    @property
    def names(self) -> list[str]:
        return list(self.dtypes)

    @property
    def groups(self) -> dict[str, list[str]]:
        """The names of the columns of each kind, which are kept side by side in one array."""
        found: dict[str, list[str]] = {}
        for name, dtype in self.dtypes.items():
            found.setdefault(dtype.name, []).append(name)
        return found

    @property
    def number_names(self) -> list[str]:
        return [name for name, dtype in self.dtypes.items() if dtype.kind != "O"]


@dataclass(frozen=True)
class TextBlock:
    """Whole lines of a file; the first of them is line ``first_line``, from 1."""

    path: str
    text: bytes
    first_line: int


def text_blocks(path: str, has_header: bool) -> Iterator[TextBlock]:
    """Read a file block by block, each ending with a row; the header is left out."""
    with opened(path) as file:
        rest = b""
        line = 1
        while True:
            read = file.read(_BLOCK_BYTES)
            text = rest + read
            cut = _end_of_rows(text) if read else len(text)
            text, rest = text[:cut], text[cut:]
            if len(rest) > _LONGEST_VALUE * _BLOCK_BYTES:
                line += count_of(b"\n", text)
                raise ValueError(
                    f"{path}, line {line}: a quoted value should end within some "
                    "megabytes. Got a quote that is not closed: mend it, or double the quotes "
                    "inside of values."
                )
            if text and has_header:
                header = _end_of_first_row(text)
                has_header, line = False, line + text.count(b"\n", 0, header)
                text = text[header:]
            if text:
                yield TextBlock(path, text, line)
                line += count_of(b"\n", text)
            if not read:
                return


def count_of(sign: bytes, text: bytes) -> int:
    """Count a character of one byte; ``bytes.count`` takes ten times as long, and the lock."""
    return int(np.count_nonzero(np.frombuffer(text, np.uint8) == ord(sign)))


def _end_of_rows(text: bytes) -> int:
    """Return the place after the last line break that is not inside of quotes."""
    cut = text.rfind(b"\n") + 1
    is_inside = b'"' in text and text.count(b'"', 0, cut) % 2
    while cut and is_inside:
        line = text.rfind(b"\n", 0, cut - 1) + 1
        is_inside ^= text.count(b'"', line, cut) % 2
        cut = line
    return cut


def _end_of_first_row(text: bytes) -> int:
    cut = text.find(b"\n") + 1
    while cut and text.count(b'"', 0, cut) % 2:
        cut = text.find(b"\n", cut) + 1
    return cut or len(text)


def learned_format(
    paths, column_names, dtypes, target_names, sep, na_values
) -> CsvFormat:
    """Return the format of files, from the first block of rows of the first of them.

    ``column_names`` of None stands for a first line of names in each file, all alike.
    """
    has_header = column_names is None
    names = _same_header(paths, sep) if has_header else list(column_names)
    _check_names(names, [*dtypes, *target_names])
    first = next((block for path in paths for block in text_blocks(path, has_header)), None)
    if first is None:
        raise ValueError(f"{paths[0]} should hold rows. Got none: check the files.")
    found = {} if set(names) <= set(dtypes) else _inferred(first, names, sep, na_values)
    kinds = {
        name: _given_kind(name, dtypes[name])
        if name in dtypes
        else _kind(found[name].dtype, name in target_names)
        for name in names
    }
    return CsvFormat(kinds, has_header, sep, tuple(na_values))


def _same_header(paths, sep) -> list[str]:
    names = _header(paths[0], sep)
    for path in paths[1:]:
        if (other := _header(path, sep)) != names:
            raise ValueError(
                f"All files must have the same first line. {paths[0]} has {listing(names)}; "
                f"{path} has {listing(other)}. Pass column_names where files begin with rows."
            )
    return names


def _header(path: str, sep: str) -> list[str]:
    with opened(path) as file:
        text = file.read(_BLOCK_BYTES)
    line = text[: _end_of_first_row(text)].decode("utf-8-sig")
    return [name.strip() for name in next(csv.reader(io.StringIO(line), delimiter=sep), [])]


def _check_names(names, mentioned) -> None:
    if not names or len(set(names)) < len(names) or "" in names:
        raise ValueError(
            f"Columns must have names, all different. Got {listing(map(repr, names))}. Pass "
            "column_names for files that begin with rows."
        )
    for name in mentioned:
        if name not in names:
            raise ValueError(
                f"There is no column {name!r}. The files have {listing(names)}."
                f"{did_you_mean(name, names)}"
            )


def _inferred(block: TextBlock, names, sep, na_values):
    """Let pandas say what the first rows hold; rows that are not whole are judged later."""
    import pandas as pd

    return pd.read_csv(
        io.BytesIO(block.text), names=names, sep=sep, na_values=list(na_values), header=None,
        index_col=False, skipinitialspace=True, on_bad_lines="skip", low_memory=False,
    )  # fmt: skip


def _kind(dtype, is_target: bool) -> np.dtype:
    """Whole numbers stay so as targets; as features they may be missing further on."""
    if dtype.kind == "f":
        return np.dtype(np.float32)
    if dtype.kind in "iu":
        return np.dtype(np.int64 if is_target else np.float64)
    return np.dtype(object)


def _given_kind(name, dtype) -> np.dtype:
    kind = np.dtype(dtype)
    if kind.kind in "US" or dtype is str:
        return np.dtype(object)
    if kind.kind not in "iufO":
        raise ValueError(
            f"dtypes should name floats, whole numbers, or str. Got {dtype!r} for {name!r}."
        )
    return kind
