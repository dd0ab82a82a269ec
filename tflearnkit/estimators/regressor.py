"""The regressor's face: numbers."""

from __future__ import annotations

from sklearn.base import RegressorMixin

from tflearnkit.estimators.base import either
from tflearnkit.estimators.classifier import gathered
from tflearnkit.tasks import infer_regression

__all__ = ["RegressorFace"]


class RegressorFace(RegressorMixin):
    """What regressors do beyond other estimators; stands left of the estimator's base."""

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
        """Go on training with more rows: one pass over them, by mini-batches.

        Parameters
        ----------
        X, y, sample_weight, input_fn, batch_size, monitors
            As in ``fit``. The targets of the first call set the scale of training.
        steps : int > 0, optional
            Take that many steps instead of one pass.

        Returns
        -------
        self
        """
        return self._continue_fit(X, y, sample_weight, input_fn, steps, batch_size, monitors)

    def predict(self, X=None, *, x=None, input_fn=None, batch_size=None, as_iterable=False):
        """Return the predicted target of each row.

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
            Whether to return a generator of predictions instead of an array.

        Returns
        -------
        array of shape (n,) or (n, n_outputs), as the targets were
        """
        blocks = (
            self.model_.task.decode(linked)
            for _, linked in self._outputs_by_block(either(X, x), input_fn, batch_size)
        )
        return gathered(blocks, as_iterable)

    def _infer_task(self, y, weights, classes, streaming: bool):
        return infer_regression(y, weights)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        return tags
