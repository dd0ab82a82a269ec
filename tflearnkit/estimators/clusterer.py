"""The clusterer's face: where rows belong, and how far they are from each centre."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from sklearn.base import ClusterMixin
from sklearn.utils._set_output import _wrap_data_with_container

from tflearnkit.data.streams import is_stream
from tflearnkit.data.table import Table
from tflearnkit.estimators import parameters
from tflearnkit.estimators.base import either
from tflearnkit.estimators.classifier import gathered
from tflearnkit.estimators.sources import read_evaluation, read_rows

__all__ = ["ClustererFace"]


class ClustererFace(ClusterMixin):
    """What clusterers do beyond other estimators; stands left of the estimator's base."""

    def fit(
        self,
        X=None,
        y=None,
        sample_weight=None,
        *,
        x=None,
        input_fn=None,
        steps=None,
        max_steps=None,
        epochs=None,
        batch_size=None,
        monitors=None,
    ):
        """Find the clusters of ``X``, or of what ``input_fn`` brings.

        Without ``model_dir`` training starts afresh. With it, training goes on from the newest
        checkpoint there and ends with a checkpoint. A fit that fails leaves the estimator as it
        was; Ctrl-C ends it early and keeps the centres reached, with a warning.

        Parameters
        ----------
        X : array, sparse matrix, DataFrame, dict of arrays, generator or tf.data.Dataset
            The rows. A stream is learned from in mini-batches, as it comes.
        y : optional
            Passed over.
        sample_weight : array-like of shape (n,), optional
            How much each row counts: >= 0, not all zero.
        x : optional
            Another spelling of ``X``.
        input_fn : callable () -> features or (features, targets[, weights]), optional
            Brings tensors (all the rows), or a ``tf.data.Dataset`` of batches.
        steps : int > 0, optional
            How many more passes over all rows to make, or mini-batches to take.
        max_steps : int > 0, optional
            The global step to stop at; nothing is done where it is already reached.
        epochs : int > 0, optional
            How many passes over the data to make; a stream passes once.
        batch_size : int > 0, optional
            Rows of a mini-batch.
        monitors : list of monitors, optional
            Listeners that may stop training.

        Returns
        -------
        self
        """
        super().fit(
            X, y, sample_weight, x=x, input_fn=input_fn, steps=steps, max_steps=max_steps,
            epochs=epochs, batch_size=batch_size, monitors=monitors,
        )  # fmt: skip
        X = either(X, x)
        if X is not None and not is_stream(X) and self._leaves_rows_out(sample_weight):
            self.labels_ = self.predict(X)  # those that count nothing belong somewhere too
        return self

    def _leaves_rows_out(self, sample_weight) -> bool:
        weighed = sample_weight is not None and not np.all(np.asarray(sample_weight))
        return weighed or self.weight_column_name is not None

    def partial_fit(
        self,
        X=None,
        y=None,
        sample_weight=None,
        *,
        input_fn=None,
        steps=None,
        batch_size=None,
        monitors=None,
    ):
        """Go on with more rows: one pass over them, by mini-batches.

        Parameters
        ----------
        X, y, sample_weight, input_fn, batch_size, monitors
            As in ``fit``. The rows of the first call say where the centres begin.
        steps : int > 0, optional
            Take that many steps instead of one pass.

        Returns
        -------
        self
        """
        return self._continue_fit(X, y, sample_weight, input_fn, steps, batch_size, monitors)

    def predict(self, X=None, *, x=None, input_fn=None, batch_size=None, as_iterable=False):
        """Return the number of the nearest centre of each row.

        Parameters
        ----------
        X : as in ``fit``
            The rows.
        x : optional
            Another spelling of ``X``.
        input_fn : callable, optional
            Brings the rows instead; targets that it brings too are passed over.
        batch_size : int > 0, optional
            How many rows to work on at a time.
        as_iterable : bool, default=False
            Whether to return a generator of numbers instead of an array.

        Returns
        -------
        int32 array of shape (n,)
        """
        blocks = self._outputs_by_block(either(X, x), input_fn, batch_size)
        return gathered((clusters for clusters, _ in blocks), as_iterable)

    def transform(self, X=None, *, x=None, input_fn=None, batch_size=None, as_iterable=False):
        """Return the distance of each row to each centre; the parameters are those of ``predict``.

        Returns
        -------
        array of shape (n, num_clusters)
            Euclidean distances, as scikit-learn's; TF.Learn gave their squares. 1 - cosine where
            that is the metric. float32 where ``X`` is, else float64.
        """
        rows = either(X, x)
        blocks = self._distances_by_block(rows, input_fn, batch_size)
        found = gathered(blocks, as_iterable)
        return found if as_iterable else _wrap_data_with_container("transform", found, rows, self)

    def _distances_by_block(self, X, input_fn, batch_size) -> Iterator[np.ndarray]:
        parameters.check_sizes(self, "transform", batch_size=batch_size)
        model = self._fitted()
        for table in read_rows(self, X, input_fn, batch_size):
            dtype = np.float32 if _is_float32(table) else np.float64
            for block in model.distances_by_block(table, batch_size):
                yield block.astype(dtype, copy=False)

    def fit_predict(self, X, y=None, sample_weight=None):
        """Fit to ``X``, and return the number of each row's cluster.

        Raises
        ------
        ValueError
            If ``X`` is a stream, which shows each row but once.
        """
        if is_stream(X):
            raise ValueError(
                "fit_predict looks at X a second time, which should be a table in memory. Got a "
                "stream: call fit, and then predict on a new stream."
            )
        return self.fit(X, y, sample_weight).labels_

    def score(self, X, y=None, sample_weight=None) -> float:
        """Return minus the inertia of ``X``: the sum of squared distances to the nearest centres.

        Higher is better, as scikit-learn has it; TF.Learn gave the sum itself.
        """
        batches = read_evaluation(self, X, y, sample_weight, None)
        return -self._fitted().evaluate(batches)["inertia"]

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.target_tags.required = False
        return tags


def _is_float32(table: Table) -> bool:
    return all(getattr(v, "dtype", None) == np.float32 for v in table.columns.values())
