"""Input functions of CSV files, read in blocks of lines."""

from __future__ import annotations

import threading
import warnings
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from itertools import chain
from typing import NamedTuple

import numpy as np

from tflearnkit.errors import listing
from tflearnkit.inputs.csv_format import CsvFormat, learned_format, text_blocks
from tflearnkit.inputs.csv_rows import parsed
from tflearnkit.inputs.files import matching_files
from tflearnkit.inputs.generated import generated
from tflearnkit.inputs.order import (
    check_sizes,
    drawn_seed,
    epochs,
    in_windows,
    kept_ready,
    order,
)

__all__ = ["CsvFiles", "csv_input_fn"]


def csv_input_fn(
    file_pattern,
    target: str | list[str] | None = None,
    batch_size: int = 128,
    num_epochs: int | None = 1,
    shuffle: bool = True,
    queue_capacity: int = 10_000,
    num_threads: int = 2,
    *,
    column_names: list[str] | None = None,
    dtypes: Mapping | None = None,
    sep: str = ",",
    na_values: tuple[str, ...] = (),
    malformed: str = "error",
    weight_column_name: str | None = None,
    seed: int | None = None,
) -> Callable:
    """Return an input function of CSV files of any size.

    Files are read in blocks of lines, ahead of whoever trains on them; memory holds a few blocks
    and ``queue_capacity`` rows. For files that fit in memory and many passes over them,
    ``pandas.read_csv`` and ``fit(frame, y)`` are faster.

    Parameters
    ----------
    file_pattern : str, path, or list of them
        Files or patterns (``data/part-*.csv.gz``); .gz, .bz2 and .xz are unpacked.
    target : str or list of str, optional
        The column of targets, or several as a dict. Without it there are features only.
    batch_size : int > 0, default=128
    num_epochs : int >= 0 or None, default=1
        Passes over the files; None never ends.
    shuffle : bool, default=True
        Whether to shuffle the files, and the rows among ``queue_capacity`` at a time. Files that
        are sorted by the target want a ``queue_capacity`` as large as they are.
    queue_capacity : int > 0, default=10000
    num_threads : int > 0, default=2
        How many blocks are parsed side by side, which does not change what comes out.
    column_names : list of str, optional
        Names for files without a first line of names.
    dtypes : dict of str to dtype, optional
        What columns hold: floats, whole numbers, or ``str``. The others are judged by the first
        rows (4 MB): numbers become float32, whole numbers float64 (int64 as targets), all else
        words. A column that changes its kind further on is malformed there.
    sep : str, default=","
    na_values : tuple of str, default=()
        What means a missing value besides '', 'NA', 'NaN', 'null' and the like. Missing numbers are
        NaN, missing words ''.
    malformed : {"error", "skip"}, default="error"
        What to do about rows of too many or too few values, or of words in columns of numbers:
        raise an error with file and line, or skip them, with a warning per file that counts them.
    weight_column_name : str, optional
        The column of numbers that says how much each row counts; no feature then.
    seed : int, optional
        The same seed gives the same order.

    Returns
    -------
    callable () -> tf.data.Dataset
        Of dicts of tensors, or of tuples ``(features, target)`` or ``(features, target, weights)``.
        Its attribute ``skipped`` counts the rows that were left out of the latest pass, by file.

    Raises
    ------
    ValueError
        If no files match, their first lines differ, a column is not there, weights are no numbers
        or come without a target, or (while reading) a row is malformed.

    Examples
    --------
    >>> with open("people.csv", "w") as file:
    ...     _ = file.write("age,city,label\\n31,Oslo,1\\n,Rome,0\\n45,,1\\n")
    >>> input_fn = csv_input_fn("people.csv", "label", shuffle=False)
    >>> features, label = next(input_fn().as_numpy_iterator())
    >>> features["age"].tolist(), features["city"].tolist(), label.tolist()
    ([31.0, nan, 45.0], [b'Oslo', b'Rome', b''], [1, 0, 1])
    """
    check_sizes(
        batch_size=batch_size, num_epochs=num_epochs, queue_capacity=queue_capacity,
        num_threads=num_threads,
    )  # fmt: skip
    if len(sep) != 1:
        raise ValueError(f"sep should be one character. Got {sep!r}.")
    if malformed not in ("error", "skip"):
        raise ValueError(f"malformed should be 'error' or 'skip'. Got {malformed!r}.")
    targets = [target] if isinstance(target, str) else list(target or [])
    paths = matching_files(file_pattern)
    dtypes = _with_weights(dict(dtypes or {}), weight_column_name, targets)
    form = learned_format(paths, column_names, dtypes, targets, sep, na_values)
    plan = _Plan(
        batch_size, num_epochs, queue_capacity if shuffle else None, num_threads, drawn_seed(seed)
    )
    return CsvFiles(paths, form, target, weight_column_name, plan, malformed == "skip")


def _with_weights(dtypes: dict, name: str | None, targets: list[str]) -> dict:
    """Return what columns hold, the weights numbers."""
    if name is None:
        return dtypes
    if not targets or name in targets:
        raise ValueError(
            f"weight_column_name should name a column beside the target. Got {name!r} with target "
            f"{listing(targets) or None}: pass both."
        )
    kind = np.dtype(dtypes.setdefault(name, np.float32)).kind
    if kind not in "iuf":
        raise ValueError(f"Weights should be numbers. Got dtypes of {kind!r} for {name!r}.")
    return dtypes


class _Plan(NamedTuple):
    batch_size: int
    num_epochs: int | None
    window: int | None
    num_threads: int
    seed: int


class CsvFiles:
    """The input function of CSV files, which counts the rows it skips.

    Attributes
    ----------
    form : CsvFormat
        Names and kinds of the columns.
    skipped : dict of str to int
        How many rows were skipped in the latest pass, by file.
    """

    __name__ = "csv_input_fn"

    def __init__(self, paths: list[str], form: CsvFormat, target, weight, plan, skips: bool):
        self.form = form
        self.skipped: dict[str, int] = {}
        self._paths = paths
        self._target = target
        self._weight = weight
        self._plan = plan
        self._skips = skips
        self._counting = threading.Lock()

    def __call__(self):
        """Return the dataset of batches."""
        plan = self._plan
        blocks = epochs(plan.num_epochs).flat_map(self._epoch)
        return kept_ready(blocks.rebatch(plan.batch_size).map(self._parted))

    def _epoch(self, epoch):
        import tensorflow as tf

        plan = self._plan
        ids = tf.range(len(self._paths))
        if plan.window is not None:
            ids = order(len(self._paths), plan.seed, epoch)
        signature = {
            kind: tf.TensorSpec([None, len(names)], tf.string if kind == "object" else kind)
            for kind, names in self.form.groups.items()
        }
        blocks = generated(self._blocks, signature, (ids,))
        return blocks if plan.window is None else in_windows(blocks, plan.window, plan.seed, epoch)

    def _blocks(self, ids) -> Iterator[dict]:
        """Yield the columns of one block after the other, the next ones being parsed meanwhile."""
        self.skipped = {}
        texts = chain.from_iterable(self._texts(self._paths[i]) for i in ids)
        ahead: deque = deque()
        with ThreadPoolExecutor(self._plan.num_threads) as pool:
            for text in texts:
                ahead.append(pool.submit(parsed, text, self.form, self._met_bad_row))
                if len(ahead) > self._plan.num_threads:
                    yield ahead.popleft().result()
            while ahead:
                yield ahead.popleft().result()
        self._warn_of_skipped()

    def _texts(self, path):
        return text_blocks(path, self.form.has_header)

    def _met_bad_row(self, path: str, line: int, what: str) -> None:
        if not self._skips:
            raise ValueError(
                f"{path}, line {line}: a row {what}. Mend it, name the column's dtype, or pass "
                "malformed='skip'."
            )
        with self._counting:
            self.skipped[path] = self.skipped.get(path, 0) + 1

    def _warn_of_skipped(self) -> None:
        for path, n_rows in sorted(self.skipped.items()):
            warnings.warn(f"{path}: {n_rows} malformed row(s) were skipped", stacklevel=2)

    def _parted(self, groups):
        """Take the columns apart, and the targets from the features."""
        import tensorflow as tf

        columns = {}
        for kind, names in self.form.groups.items():
            columns |= zip(names, tf.unstack(groups[kind], axis=1), strict=True)
        columns = {name: columns[name] for name in self.form.names}
        if self._target is None:
            return columns
        weights = () if self._weight is None else (columns.pop(self._weight),)
        if isinstance(self._target, str):
            return columns, columns.pop(self._target), *weights
        return columns, {name: columns.pop(name) for name in self._target}, *weights
