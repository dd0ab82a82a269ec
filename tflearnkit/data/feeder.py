"""Feeders: encoded rows -> chunks, many steps of equal shape for one compiled call."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import starmap
from operator import attrgetter
from typing import Any, NamedTuple

import numpy as np

from tflearnkit.data.ahead import read_ahead
from tflearnkit.data.chunk import Chunk, gather, laid_out, row_bytes, row_weights

__all__ = ["Chunk", "Feeder", "StreamFeeder", "TableFeeder"]

_PADDING = {"ids": -1}  # 0 elsewhere
_AHEAD_BYTES = 2**25  # as much as a chunk holds at most


class Feeder:
    """What brings chunks of steps to the loop, which says when it wants no more."""

    ended = False

    def close(self) -> None:
        """Let go of what is open; by default there is nothing."""


class TableFeeder(Feeder):
    """Chunks of rows in memory, by random access.

    The chunk of steps ``[step, step + n)`` depends on the data, the seed and ``step`` only, so a
    resumed run sees the batches that an uninterrupted one would have seen.

    Parameters
    ----------
    encoded : Encoded
        Attributes ``features``, a dict of arrays of n rows, and ``widths``.
    targets : ndarray of shape (n,) or (n, K)
    weights : ndarray of shape (n,) or None
        None counts every row 1.
    batch_size : int
        Rows per step, > 0; the last batch of an epoch is filled up with rows of weight 0.
    seed : int
        Each epoch's order is drawn from ``[seed, first_step + epoch]``.
    shuffle : bool, default=True
    first_step : int, default=0
        The step that the first epoch begins at, where others were taken on other rows before.
    fills_up : bool, default=False
        Fill the last batch of an epoch up with the rows that the epoch began with instead: for
        engines that do not know of weights.

    Examples
    --------
    >>> from types import SimpleNamespace
    >>> x = np.arange(5, dtype=np.float32).reshape(5, 1)
    >>> encoded = SimpleNamespace(features={"dense": x}, widths=())
    >>> feeder = TableFeeder(encoded, np.zeros(5), None, batch_size=2, seed=0, shuffle=False)
    >>> feeder.steps_per_epoch
    3
    >>> feeder.chunk(2, n=1, capacity=1).weights
    array([[1., 0.]], dtype=float32)
    """

    def __init__(
        self,
        encoded,
        targets,
        weights,
        batch_size: int,
        seed: int,
        shuffle: bool = True,
        first_step: int = 0,
        fills_up: bool = False,
    ):
        self.n_rows = len(targets)
        self.first_step = first_step
        self.batch_size = batch_size
        self.steps_per_epoch = -(-self.n_rows // batch_size)
        self._seed = seed
        self._shuffle = shuffle
        self._fills_up = fills_up
        self._features = encoded.features
        self._targets = targets
        self._weights = row_weights(weights, self.n_rows)
        self._widths = tuple(encoded.widths)
        self._orders: dict[int, np.ndarray] = {}

    @property
    def step_bytes(self) -> int:
        """Bytes of the rows of one step."""
        arrays = [*self._features.values(), self._targets, self._weights]
        return self.batch_size * row_bytes(arrays)

    def chunk(self, step: int, n: int, capacity: int) -> Chunk:
        """Return steps ``step .. step + n - 1``, padded to ``capacity`` steps (>= n)."""
        rows, is_real = self._rows(step, n, capacity)
        shape = (capacity, self.batch_size)
        weights = gather(self._weights, rows, shape)
        weights *= is_real.reshape(shape)
        return Chunk(
            {key: gather(array, rows, shape) for key, array in self._features.items()},
            gather(self._targets, rows, shape),
            weights,
            n,
            self._widths,
        )

    def _rows(self, step, n, capacity) -> tuple[np.ndarray, np.ndarray]:
        """Which row stands at each place of a chunk, and where a row stands at all."""
        rows = np.zeros(capacity * self.batch_size, np.int64)
        is_real = np.zeros(len(rows), bool)
        place, end = 0, step + n
        while step < end:
            epoch, first = divmod(step - self.first_step, self.steps_per_epoch)
            steps = min(self.steps_per_epoch - first, end - step)
            begin = first * self.batch_size
            part = self._order(epoch)[begin : begin + steps * self.batch_size]
            if self._fills_up and len(part) < steps * self.batch_size:
                lacking = steps * self.batch_size - len(part)
                part = np.append(part, self._order(epoch)[:lacking])
            rows[place : place + len(part)] = part
            is_real[place : place + len(part)] = True
            place += steps * self.batch_size
            step += steps
        return rows, is_real

    def _order(self, epoch) -> np.ndarray:
        if not self._shuffle:
            epoch = 0
        if epoch not in self._orders:
            order = self._draw(epoch)
            # a chunk that spans two epochs and the next one need no third order
            self._orders = {**dict([*self._orders.items()][-1:]), epoch: order}
        return self._orders[epoch]

    def _draw(self, epoch) -> np.ndarray:
        if not self._shuffle:
            return np.arange(self.n_rows)
        return np.random.default_rng([self._seed, self.first_step + epoch]).permutation(self.n_rows)


class StreamFeeder(Feeder):
    """Chunks of rows that stream by once, cut into steps of ``batch_size`` rows.

    Parameters
    ----------
    pieces : callable
        Returns an iterator of ``(encoded, targets, weights)`` with any number of rows each;
        ``weights`` may be None. Called once, when the first chunk is asked for.
    batch_size : int
    first_step : int, default=0
        The step that the stream's first rows are for. The first chunk may be of a later one, and
        the rows before it are passed over.
    cuts_short : bool, default=False
        Let the last batch be as small as the rest of the stream instead of padding it: for
        engines that do not know of weights.
    reads_ahead : bool, default=False
        Make pieces ready in a thread while a chunk is trained on; what was read and not asked for
        is lost.

    Notes
    -----
    A piece may hold more ids per row than those before it; the chunks from there on are wider. To
    keep the number of different widths small, each is a power of two.
    """

    n_rows = None
    steps_per_epoch = None

    def __init__(
        self,
        pieces: Callable[[], Iterator],
        batch_size: int,
        first_step: int = 0,
        cuts_short: bool = False,
        reads_ahead: bool = False,
    ):
        self.batch_size = batch_size
        self._cuts_short = cuts_short
        self._reads_ahead = reads_ahead
        self.first_step = first_step
        self._make_pieces = pieces
        self._pieces: Iterator | None = None
        self._is_dry = False
        self._step = first_step
        self._waiting: list[_Piece] = []
        self._widest = None  # no rows, but the widths of those so far

    @property
    def ended(self) -> bool:
        """Whether all rows were taken, as is known once more were asked for."""
        return self._is_dry and not self._waiting

    @property
    def step_bytes(self) -> int:
        """Bytes of one step of rows as wide as the next; reads a piece ahead."""
        piece = self._next_piece()
        if piece is None:
            return self.batch_size
        self._waiting.append(piece)
        return self.batch_size * piece.row_bytes

    def chunk(self, step: int, n: int, capacity: int) -> Chunk | None:
        """Return steps ``step .. step + n - 1``, padded to ``capacity`` steps (>= n).

        At the end of the stream there are fewer than ``n`` steps, and then None.
        """
        if step < self._step:
            raise ValueError(
                f"A stream can be read only forwards, but step {step} was asked for after step "
                f"{self._step}. Start a new stream."
            )
        for _ in self._read((step - self._step) * self.batch_size):
            pass  # rows that an interrupted run has seen
        self._step = step
        pieces = list(self._read(n * self.batch_size))
        n_rows = sum(piece.n_rows for piece in pieces)
        if n_rows == 0:
            return None
        batch_size = self.batch_size
        if self._cuts_short and n_rows % batch_size:
            batch_size = min(n_rows, batch_size)
            pieces = self._without_rest(pieces, n_rows % batch_size)
            n_rows -= n_rows % batch_size
        steps = -(-n_rows // batch_size)
        self._step += steps
        return self._assemble(pieces, (steps, capacity, batch_size))

    def _without_rest(self, pieces: list[_Piece], rest: int) -> list[_Piece]:
        """Put the last rows back, to be a batch of their own; there are more before them."""
        if not rest:
            return pieces
        *pieces, last = pieces
        while last.n_rows <= rest:
            self._waiting.append(last)
            rest -= last.n_rows
            *pieces, last = pieces
        if rest:
            self._waiting.append(last.rows(slice(-rest, None)))
            last = last.rows(slice(0, -rest))
        return [*pieces, last]

    def close(self) -> None:
        """Stop reading ahead: a thread that read on would keep the process from ending."""
        if self._reads_ahead and self._pieces is not None:
            self._pieces.close()

    def _read(self, n_rows: int) -> Iterator[_Piece]:
        """Take the next rows off the stream, fewer at its end."""
        while n_rows > 0 and (piece := self._next_piece()) is not None:
            if piece.n_rows > n_rows:
                self._waiting.append(piece.rows(slice(n_rows, None)))
                piece = piece.rows(slice(0, n_rows))
            n_rows -= piece.n_rows
            yield piece

    def _next_piece(self) -> _Piece | None:
        if self._waiting:
            return self._waiting.pop()
        if self._pieces is None:
            self._pieces = starmap(_Piece.of, self._make_pieces())
            if self._reads_ahead:
                self._pieces = read_ahead(self._pieces, attrgetter("nbytes"), _AHEAD_BYTES)
        found = next(self._pieces, None)
        self._is_dry = found is None
        return found

    def _assemble(self, pieces, sizes) -> Chunk:
        steps, capacity, batch_size = sizes
        known = [] if self._widest is None else [self._widest]
        encoded = type(pieces[0].encoded).joined([*known, *(piece.encoded for piece in pieces)])
        self._widest = encoded.take(slice(0, 0))
        shape = (capacity, batch_size)
        return Chunk(
            {
                name: laid_out(array, shape, _PADDING.get(name, 0))
                for name, array in encoded.features.items()
            },
            laid_out(np.concatenate([piece.targets for piece in pieces]), shape),
            laid_out(np.concatenate([piece.weights for piece in pieces]), shape),
            steps,
            encoded.widths,
        )


class _Piece(NamedTuple):
    encoded: Any
    targets: np.ndarray
    weights: np.ndarray

    @classmethod
    def of(cls, encoded, targets, weights) -> _Piece:
        lengths = encoded.n_rows, len(targets), len(targets if weights is None else weights)
        if len(set(lengths)) > 1:
            raise ValueError(
                "A batch of a stream must have equally many rows of features, targets and "
                f"weights, but has {lengths[0]}, {lengths[1]} and {lengths[2]}. "
                "Check what the stream yields."
            )
        return cls(encoded, targets, row_weights(weights, len(targets)))

    @property
    def n_rows(self) -> int:
        return len(self.targets)

    @property
    def row_bytes(self) -> int:
        return row_bytes([*self.encoded.features.values(), self.targets, self.weights])

    @property
    def nbytes(self) -> int:
        return self.n_rows * self.row_bytes

    def rows(self, rows: slice) -> _Piece:
        return _Piece(self.encoded.take(rows), self.targets[rows], self.weights[rows])
