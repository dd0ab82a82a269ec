"""The nodes of a Yggdrasil model -> arrays, read from the files that it saves.

Yggdrasil's public accessor makes a Python object of every node, which takes longer than growing
it. Saved uncompressed, the nodes stand in depth-first order as length-prefixed protocol buffers
(``decision_tree.proto``, kept compatible by its authors), and all of them are read field by field
at once.
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import NamedTuple

import numpy as np

from tflearnkit.errors import listing

__all__ = ["Nodes", "read_nodes"]

# Keys of the fields that are read: number * 8 + wire type.
_CLASSIFIER, _REGRESSOR, _CONDITION = 0x0A, 0x12, 0x1A
_HIGHER, _IN_BITMAP, _IN_LIST, _HIGHER_BIN, _IS_MISSING = 0x12, 0x2A, 0x22, 0x32, 0x0A


class Nodes(NamedTuple):
    """All nodes of some trees, depth first, the child where a condition holds behind the other.

    Attributes
    ----------
    is_leaf : bool array of shape (n,)
    missing : bool array of shape (n,)
        What the condition of an inner node gives where the value is missing.
    column : int array of shape (n,)
        Which column of the data set the condition looks at.
    threshold : float32 array of shape (n,)
        The least value for which it holds; of a column in bins the number of the least bin.
    elements : pair of int arrays
        Nodes, and for each a category for which its condition holds.
    gain : float32 array of shape (n,)
        By how much a split betters the score, times the weight of the rows that it splits.
    value : float32 array of shape (number of leaves, L)
        The shares of the classes, or the number, of each leaf.
    """

    is_leaf: np.ndarray
    missing: np.ndarray
    column: np.ndarray
    threshold: np.ndarray
    elements: tuple[np.ndarray, np.ndarray]
    gain: np.ndarray
    value: np.ndarray


def read_nodes(model) -> Nodes:
    """Return the nodes of a trained Yggdrasil model."""
    import ydf

    model.set_node_format(ydf.NodeFormat.BLOB_SEQUENCE)
    with tempfile.TemporaryDirectory(prefix="tflearnkit-") as folder:
        path = Path(folder) / "model"
        model.save(str(path))
        parts = [file.read_bytes() for file in sorted(path.glob("nodes-*"))]
    buffer = np.frombuffer(b"".join(parts) + bytes(16), np.uint8)  # room to look ahead
    starts, sizes = _records(parts)
    return _Reader(buffer).nodes(starts, sizes)


def _records(parts: list[bytes]) -> tuple[np.ndarray, np.ndarray]:
    """Return where each record begins in the joined parts, and how long it is."""
    starts, sizes, before = [], [], 0
    for part in parts:
        if part[:2] != b"BS" or part[4] != 0:
            _refuse("an uncompressed sequence of nodes", part[:8].hex())
        place = 8
        while place < len(part):
            size = int.from_bytes(part[place : place + 4], "little")
            starts.append(before + place + 4)
            sizes.append(size)
            place += 4 + size
        before += len(part)
    return np.array(starts), np.array(sizes)


class _Reader:
    """Reads one field of many messages at a time; messages are given by where they begin."""

    def __init__(self, buffer: np.ndarray):
        self.buffer = buffer

    def nodes(self, starts: np.ndarray, sizes: np.ndarray) -> Nodes:
        n = len(starts)
        kinds = self.buffer[starts]
        outputs = np.flatnonzero((kinds == _CLASSIFIER) | (kinds == _REGRESSOR))
        after = starts.copy()
        if len(outputs):  # inner nodes may have a value too
            size, place = self.varint(starts[outputs] + 1)
            after[outputs] = place + size
        is_inner = (after < starts + sizes) & (self.buffer[after] == _CONDITION)
        inner = np.flatnonzero(is_inner)
        nodes = Nodes(
            ~is_inner,
            np.zeros(n, bool),
            np.zeros(n, np.int32),
            np.zeros(n, np.float32),
            (np.empty(0, int), np.empty(0, int)),
            np.zeros(n, np.float32),
            self._values(starts[~is_inner]),
        )
        return self._with_conditions(nodes, inner, after[inner])

    def _with_conditions(self, nodes: Nodes, inner: np.ndarray, starts: np.ndarray) -> Nodes:
        """Fill in what the messages of conditions say of inner nodes."""
        _, place = self.varint(starts + 1)
        self._expect(0x08, place, "na_value first")
        nodes.missing[inner] = self.buffer[place + 1] != 0
        self._expect(0x10, place + 2, "an attribute second")
        nodes.column[inner], place = self.varint(place + 3)
        self._expect(0x1A, place, "a condition third")
        size, place = self.varint(place + 1)
        nodes.gain[inner] = self._gains(place + size)
        kinds, (size, place) = self.buffer[place], self.varint(place + 1)
        elements = [nodes.elements]
        for kind in np.unique(kinds):
            chosen = kinds == kind
            if kind not in _KINDS:
                _refuse("thresholds and sets of categories", f"conditions of kind {kind >> 3}")
            _KINDS[kind](self, inner[chosen], place[chosen], nodes.threshold, elements)
        pairs = (np.concatenate(part) for part in zip(*elements, strict=True))
        return nodes._replace(elements=tuple(pairs))

    def _gains(self, place: np.ndarray) -> np.ndarray:
        """Return the gains, given where the counts of rows begin."""
        self._expect(0x20, place, "the number of rows")
        _, place = self.varint(place + 1)
        self._expect(0x29, place, "the weight of the rows")
        weight = self.fixed(place + 1, np.float64)
        self._expect(0x35, place + 9, "a score")
        return weight * self.fixed(place + 10, np.float32)

    def _expect(self, key: int, places: np.ndarray, what: str) -> None:
        found = np.unique(self.buffer[places])
        if (found != key).any():
            _refuse(f"{what} of each condition", f"fields {listing(found)} there")

    def _read_thresholds(self, nodes, place, threshold, elements) -> None:
        threshold[nodes] = self.fixed(place + 1, np.float32)

    def _read_bins(self, nodes, place, threshold, elements) -> None:
        threshold[nodes], _ = self.varint(place + 1)

    def _read_bitmaps(self, nodes, place, threshold, elements) -> None:
        length, place = self.varint(place + 1)
        owner, bytes_ = self._spread(length, place)
        bits = np.unpackbits(self.buffer[bytes_][:, None], axis=1, bitorder="little")
        row, bit = np.nonzero(bits)
        first = np.cumsum(length) - length  # of a node's bytes among all
        elements.append((nodes[owner[row]], 8 * (row - first[owner[row]]) + bit))

    def _read_lists(self, nodes, place, threshold, elements) -> None:
        length, place = self.varint(place + 1)
        owner, bytes_ = self._spread(length, place)
        ends = np.append(True, self.buffer[bytes_] < 128)  # the last byte of a number is
        begins = np.flatnonzero(ends[:-1])
        elements.append((nodes[owner[begins]], self.varint(bytes_[begins])[0]))

    def _spread(self, length, place) -> tuple[np.ndarray, np.ndarray]:
        """Return the place of every byte of fields, and to which field it belongs."""
        owner = np.repeat(np.arange(len(length)), length)
        first = np.cumsum(length) - length
        return owner, place[owner] + np.arange(len(owner)) - first[owner]

    def _values(self, starts: np.ndarray) -> np.ndarray:
        """Return what leaves hold."""
        kinds = np.unique(self.buffer[starts])
        _, place = self.varint(starts + 1)
        if list(kinds) == [_REGRESSOR]:
            return self.fixed(place + 1, np.float32)[:, None]
        if list(kinds) != [_CLASSIFIER]:
            _refuse("leaves of one kind with a value", listing(kinds))
        _, place = self.varint(place + 1)  # over the label that is the most frequent
        _, place = self.varint(place + 1)
        size, place = self.varint(place + 1)
        if len(np.unique(size)) != 1:
            _refuse("as many classes in each leaf", listing(np.unique(size // 8)))
        counts = place[:, None] + 8 * np.arange(size[0] // 8)
        counts = self.fixed(counts, np.float64)[:, 1:]  # the first is of unknown labels
        return (counts / counts.sum(axis=1, keepdims=True)).astype(np.float32)

    def varint(self, places: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return the numbers of variable length that stand at ``places``, and what follows them."""
        bytes_ = self.buffer[places].astype(np.int64)
        values, places, shift = bytes_ & 127, places + 1, 7
        on = np.flatnonzero(bytes_ & 128)
        while len(on):
            bytes_ = self.buffer[places[on]].astype(np.int64)
            values[on] |= (bytes_ & 127) << shift
            places[on] += 1
            shift += 7
            on = on[bytes_ >= 128]
        return values, places

    def fixed(self, places: np.ndarray, dtype) -> np.ndarray:
        """Return the little-endian numbers of fixed length that stand at ``places``."""
        dtype = np.dtype(dtype).newbyteorder("<")
        spread = self.buffer[places[..., None] + np.arange(dtype.itemsize)]
        return np.ascontiguousarray(spread).view(dtype)[..., 0]


_KINDS = {
    _HIGHER: _Reader._read_thresholds,
    _HIGHER_BIN: _Reader._read_bins,
    _IN_BITMAP: _Reader._read_bitmaps,
    _IN_LIST: _Reader._read_lists,
}


def _refuse(expected: str, came: str):
    raise RuntimeError(
        f"The installed ydf should save {expected}, but saves {came}. Install the version that "
        "this package was tested with: pip install 'tflearnkit[forest]'."
    )
