"""TensorFlowDataFrame: named columns over a stream of batches."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

import numpy as np

from tflearnkit.dataframe.batches import BUCKETS, as_array, buckets, masked
from tflearnkit.dataframe.making import Makers
from tflearnkit.dataframe.series import Series
from tflearnkit.dataframe.sources import Source
from tflearnkit.errors import did_you_mean, listing
from tflearnkit.inputs.order import check_sizes, drawn_seed, in_windows, kept_ready

__all__ = ["TensorFlowDataFrame"]

_HEAD_ROWS = 5


class TensorFlowDataFrame(Makers):
    """Columns over rows that stream by in batches, from memory or from files of any size.

    Nothing is read or computed before rows are asked for: by `run`, by `materialize`, or by an
    estimator, ``fit(frame, y="label")``, for one pass, or ``fit(input_fn=frame.input_fn("label",
    num_epochs=None), steps=...)``. Make frames by ``from_numpy``, ``from_pandas``,
    ``from_ordereddict``, ``from_csv``, ``from_csv_with_feature_spec``, ``from_examples`` and
    ``from_parquet``. For data in memory pandas is faster, and estimators take its frames.

    Notes
    -----
    Frames of rows in memory have a column ``index`` with the numbers of the rows (or pandas'
    index), which is never a feature. As in TF.Learn ``len`` counts columns, and ``columns()`` is a
    set; other than there the last batch of a pass may be short, and no row is lost.

    Examples
    --------
    >>> import tflearnkit as learn
    >>> frame = learn.TensorFlowDataFrame.from_ordereddict(
    ...     {"x": [1.0, 2.0, 3.0, 4.0], "city": ["Oslo", "Rome", "Oslo", "Bonn"]}, shuffle=False
    ... )
    >>> frame["double"] = 2 * frame["x"]
    >>> oslo = frame.select_rows(frame["city"] == "Oslo").select_columns(["double"])
    >>> oslo.run_one_epoch()
    {'double': array([2., 6.])}
    """

    def __init__(self, source: Source, columns: Mapping[str, Series] | None = None):
        self._source = source
        self._columns = dict(columns or {name: _base(source, name) for name in source.names})

    # --- columns ------------------------------------------------------------------------------

    def columns(self) -> frozenset[str]:
        """Return the names of the columns."""
        return frozenset(self._columns)

    def __len__(self) -> int:
        return len(self._columns)

    def __iter__(self) -> Iterator[str]:
        return iter(self._columns)

    def __contains__(self, name) -> bool:
        return name in self._columns

    def __getitem__(self, key) -> Series | list[Series]:
        if isinstance(key, list):
            return [self[name] for name in key]
        if not isinstance(key, str):
            raise TypeError(f"A column is named by a str, several by a list. Got {key!r}.")
        if key not in self._columns:
            raise KeyError(
                f"There is no column {key!r}. The frame has {listing(self._columns)}."
                f"{did_you_mean(key, self._columns)}"
            )
        return self._columns[key]

    def __setitem__(self, key, value) -> None:
        keys, values = ([key], [value]) if isinstance(key, str) else (list(key), list(value))
        for name, series in zip(keys, values, strict=True):
            self._columns[name] = self._checked(name, series)

    def __delitem__(self, name) -> None:
        self[name]
        del self._columns[name]

    def _checked(self, name, series) -> Series:
        if not isinstance(series, Series):
            raise TypeError(
                f"Column {name!r} should be a Series of this frame. Got "
                f"{type(series).__name__}: give arrays to the frame when it is made."
            )
        if series._source is not self._source:
            raise ValueError(
                f"Column {name!r} should be of this frame's rows. Got {series!r} of another: take "
                "it from this one."
            )
        return series

    def assign(self, **columns: Series) -> TensorFlowDataFrame:
        """Return the frame with further columns."""
        checked = {name: self._checked(name, series) for name, series in columns.items()}
        return TensorFlowDataFrame(self._source, self._columns | checked)

    def select_columns(self, names) -> TensorFlowDataFrame:
        """Return the frame of some columns."""
        return TensorFlowDataFrame(self._source, {name: self[name] for name in names})

    def exclude_columns(self, names) -> TensorFlowDataFrame:
        """Return the frame without some columns."""
        excluded = {name for name in names if self[name] is not None}
        return self.select_columns([name for name in self._columns if name not in excluded])

    # --- rows ---------------------------------------------------------------------------------

    def select_rows(self, mask: Series | str) -> TensorFlowDataFrame:
        """Return the rows where a series, or the column of that name, is true.

        Batches become smaller; `batch` makes them equal again.
        """
        mask = self[mask] if isinstance(mask, str) else self._checked("mask", mask)
        return self._changed(masked, {"": mask})

    def batch(
        self,
        batch_size: int,
        shuffle: bool = False,
        num_threads: int = 1,
        queue_capacity: int | None = None,
        seed: int | None = None,
    ) -> TensorFlowDataFrame:
        """Return the same rows in batches of another size.

        Parameters
        ----------
        batch_size : int > 0
        shuffle : bool, default=False
            Whether to shuffle them among ``queue_capacity`` (by default ten batches) at a time.
        num_threads : int > 0, default=1
            How many batches are computed side by side; the order stays.
        queue_capacity : int > 0, optional
        seed : int, optional
        """
        check_sizes(batch_size=batch_size, num_threads=num_threads, queue_capacity=queue_capacity)
        window, seed = queue_capacity or 10 * batch_size, drawn_seed(seed)

        def rebatched(dataset):
            rows = in_windows(dataset, window, seed, 0) if shuffle else dataset
            return rows.rebatch(batch_size)

        return self._changed(rebatched, num_threads=num_threads)

    def split(
        self, index: Series | str, proportion: float, batch_size: int | None = None
    ) -> tuple[TensorFlowDataFrame, TensorFlowDataFrame]:
        """Return two frames of about ``proportion`` and ``1 - proportion`` of the rows.

        Parameters
        ----------
        index : Series or str
            Words or whole numbers. Rows of equal ones fall on the same side, in every pass and
            every process, as a hash of them decides.
        proportion : float from 0 to 1
        batch_size : int > 0, optional
            None leaves what is left of each batch.
        """
        if not 0 <= proportion <= 1:
            raise ValueError(f"proportion should be from 0 to 1. Got {proportion!r}.")
        index = self[index] if isinstance(index, str) else self._checked("index", index)
        is_left = index.apply(lambda values: buckets(values) < int(BUCKETS * proportion))
        parts = self.select_rows(is_left), self.select_rows(~is_left)
        return parts if batch_size is None else tuple(part.batch(batch_size) for part in parts)

    def _changed(self, change: Callable, extra=None, num_threads=None) -> TensorFlowDataFrame:
        """Return the frame whose source is this frame's batches, changed."""
        source = Source(
            tuple(self._columns), lambda n: change(self._batches(n, extra)),
            num_threads or self._source.num_threads,
        )  # fmt: skip
        return TensorFlowDataFrame(source)

    # --- running ------------------------------------------------------------------------------

    def _batches(self, num_epochs: int | None, extra: Mapping | None = None):
        columns = self._columns | dict(extra or {})

        def computed(batch):
            return {name: series._compute(batch) for name, series in columns.items()}

        dataset = self._source.batches(num_epochs)
        return dataset.map(computed, num_parallel_calls=self._source.num_threads)

    def dataset(self, y: str | list[str] | None = None, num_epochs: int | None = 1):
        """Return the `tf.data.Dataset` of batches: features without ``index``, and targets.

        Parameters
        ----------
        y : str or list of str, optional
            The column of targets; several are a dict of them.
        num_epochs : int >= 0 or None, default=1
            None never ends.
        """

        check_sizes(num_epochs=num_epochs)
        targets = [y] if isinstance(y, str) else list(y or [])
        self[targets]
        features = [name for name in self._columns if name not in {*targets, "index"}]

        def parted(batch):
            found = {name: batch[name] for name in features}
            if not targets:
                return found
            return found, batch[y] if isinstance(y, str) else {t: batch[t] for t in targets}

        return kept_ready(self._batches(num_epochs).map(parted))

    def input_fn(
        self, y: str | list[str] | None = None, num_epochs: int | None = 1
    ) -> Callable:
        """Return a function without arguments that returns `dataset`, for ``input_fn=``."""
        return lambda: self.dataset(y, num_epochs)

    def run(
        self, num_batches: int | None = None, num_epochs: int | None = None
    ) -> Iterator[dict[str, np.ndarray]]:
        """Yield batches as dicts of arrays, words as str; features of any length as lists.

        Parameters
        ----------
        num_batches : int >= 0, optional
            None goes on until the rows end.
        num_epochs : int >= 0, optional
            None passes over them without end.
        """
        dataset = self._batches(num_epochs)
        for batch in dataset if num_batches is None else dataset.take(num_batches):
            yield {name: as_array(values) for name, values in batch.items()}

    def run_one_batch(self) -> dict[str, np.ndarray]:
        """Return the first batch."""
        return next(self.run(1))

    def run_one_epoch(self) -> dict[str, np.ndarray]:
        """Return all rows of one pass."""
        batches = list(self.run(num_epochs=1))
        if not batches:
            raise ValueError("The frame should have rows. Got none: select others.")
        return {name: np.concatenate([batch[name] for batch in batches]) for name in self._columns}

    def materialize(self):
        """Return all rows of one pass as a pandas DataFrame; columns of arrays hold an array each.

        Rows of memory are in the order of their ``index`` there, if they are not shuffled.
        """
        import pandas as pd

        columns = self.run_one_epoch()
        return pd.DataFrame(
            {name: list(v) if v.ndim > 1 else v for name, v in columns.items()}
        )

    def __repr__(self) -> str:
        import pandas as pd

        head = next(self.run(1, num_epochs=1), None)
        if head is None:
            return f"TensorFlowDataFrame without rows: {listing(self._columns)}"
        rows = {name: list(values[:_HEAD_ROWS]) for name, values in head.items()}
        return f"TensorFlowDataFrame, the first rows:\n{pd.DataFrame(rows)}"


def _base(source: Source, name: str) -> Series:
    return Series(source, lambda batch: batch[name], name)
