"""Arrays in a zip of ``.npy`` members, as ``np.savez`` lays them out, from anybody's hands.

Nothing is compressed and nothing is evaluated: a file can claim no more than the bytes it has, and
headers are matched, not parsed as Python.
"""

from __future__ import annotations

import hashlib
import math
import os
import re
import zipfile
from collections.abc import Mapping

import numpy as np

from tflearnkit.errors import listing

__all__ = [
    "Damaged",
    "check_members",
    "checksum",
    "dtype_named",
    "member",
    "read_arrays",
    "refuse_unfit",
    "write_member",
]

_HEADER = re.compile(
    rb"\{'descr': '([<>|=][biufcSUmM]\d{1,9}(?:\[\w{1,9}\])?)', 'fortran_order': (True|False), "
    rb"'shape': \(([\d, ]{0,1000})\), \} *\n"
)
_MAGIC = b"\x93NUMPY\x01\x00"
_LONGEST_HEADER = 2000
_NEVER = (1980, 1, 1, 0, 0, 0)  # what a zip says of time: equal models are equal files


_DTYPE = re.compile(r"[<>|=]?[biufOSUmM]\d{0,5}(?:\[\w{1,9}\])?")


class Damaged(Exception):
    """A file of ours whose content is not what was written."""


def refuse_unfit(arrays: Mapping[str, np.ndarray]) -> None:
    """Refuse arrays that would need pickle.

    Raises
    ------
    TypeError
        If one holds Python objects or records.
    """
    unfit = [
        f"{name} ({array.dtype})"
        for name, array in arrays.items()
        if array.dtype.hasobject or array.dtype.kind == "V"
    ]
    if unfit:
        raise TypeError(
            "The arrays of a checkpoint should hold numbers or fixed-width strings, but these do "
            f"not: {listing(unfit)}. Convert them, or put them into the manifest."
        )


def write_member(archive: zipfile.ZipFile, name: str, content: np.ndarray | bytes) -> None:
    """Put an array, or bytes, into an archive under a name."""
    with archive.open(zipfile.ZipInfo(name, _NEVER), "w", force_zip64=True) as file:
        if isinstance(content, bytes):
            file.write(content)
        else:
            np.lib.format.write_array(file, content, version=(1, 0), allow_pickle=False)


def check_members(archive: zipfile.ZipFile, names: set[str]) -> None:
    """Check that an archive has these members and no others, as they are, within its own bytes.

    Raises
    ------
    Damaged
    """
    members = archive.infolist()
    found = {member.filename for member in members}
    if len(found) < len(members) or found != names:
        odd = sorted(found ^ names) or ["one stands twice"]
        raise Damaged(f"its members are not those that were written: {listing(odd, 5)}")
    archive.fp.seek(0, os.SEEK_END)
    if sum(member.file_size for member in members) > archive.fp.tell():
        raise Damaged("its members claim more bytes than it has")
    for each in members:
        if each.compress_type != zipfile.ZIP_STORED or each.compress_size != each.file_size:
            raise Damaged("its members are compressed, while ours are stored as they are")
        if each.flag_bits & 1:
            raise Damaged("its members are encrypted")


def member(archive: zipfile.ZipFile, name: str) -> bytearray:
    """Return the bytes of a member that `check_members` has passed."""
    with archive.open(name) as file:
        content = bytearray(file.read())
    if len(content) != archive.getinfo(name).file_size:
        raise Damaged(f"{name} is cut short")
    return content


def read_arrays(archive: zipfile.ZipFile, specs: list[dict]) -> dict[str, np.ndarray]:
    """Return the arrays that specs name, which `check_members` has passed.

    Parameters
    ----------
    archive : ZipFile
    specs : list of dict
        ``name``, ``shape``, ``dtype`` and, where there is one, ``sha256`` of the i-th array.

    Raises
    ------
    Damaged
        If an array is not as its spec says.
    """
    found: dict[str, np.ndarray] = {}
    for number, spec in enumerate(specs):
        array = _array(member(archive, f"{number}.npy"))
        name = spec["name"]
        if not isinstance(name, str) or name in found:
            raise Damaged(f"two arrays share the name {name!r}, or it is none")
        if list(array.shape) != spec["shape"] or array.dtype.str != spec["dtype"]:
            raise Damaged(f"array {name!r} is not of the shape and dtype that it should have")
        if "sha256" in spec and checksum(array) != spec["sha256"]:
            raise Damaged(f"array {name!r} is not what was written")
        found[name] = array
    return found


def checksum(array: np.ndarray) -> str:
    """Return the SHA-256 of an array's bytes, in the order that they are stored in."""
    return hashlib.sha256(array.tobytes(order="A")).hexdigest()


def dtype_named(name: str) -> np.dtype:
    """Return the dtype of a name such as ``<f4``, by which no large one can be asked for.

    Raises
    ------
    TypeError
        For what is no such name: NumPy would read more into it.
    """
    if not isinstance(name, str) or not _DTYPE.fullmatch(name):
        raise TypeError(f"{name!r} is no dtype of labels or numbers")
    return np.dtype(name)


def _array(content: bytearray) -> np.ndarray:
    """Return the array of a ``.npy`` file, over the bytes of that."""
    start = len(_MAGIC) + 2
    end = start + int.from_bytes(content[start - 2 : start], "little")
    header = _HEADER.fullmatch(bytes(content[start : min(end, start + _LONGEST_HEADER)]))
    if not content.startswith(_MAGIC) or header is None or end > len(content):
        raise Damaged("an array has no header of ours")
    dtype = np.dtype(header[1].decode())
    shape = tuple(int(size) for size in header[3].decode().split(",") if size.strip())
    if math.prod(shape) * dtype.itemsize != len(content) - end:
        raise Damaged(f"an array claims the shape {shape}, for which it has not the bytes")
    order = "F" if header[2] == b"True" else "C"
    flat = np.frombuffer(content, dtype, count=math.prod(shape), offset=end)
    return flat.reshape(shape, order=order)

