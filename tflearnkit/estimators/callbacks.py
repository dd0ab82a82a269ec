"""scikit-learn's callbacks, told of the fit and of every epoch."""

from __future__ import annotations

from tflearnkit.data import streams
from tflearnkit.monitors.base import BaseMonitor

__all__ = ["CallbackTasks"]


class CallbackTasks(BaseMonitor):
    """A monitor that makes each epoch a task of scikit-learn's callback context.

    Parameters
    ----------
    estimator : estimator
        Whose callbacks are told.
    context : CallbackContext
        That of the fit.

    Attributes
    ----------
    current : callable () -> FittedModel
        The model with the weights reached so far; the run puts it there.
    """

    def __init__(self, estimator, context):
        self.estimator, self.context = estimator, context
        self.current = None
        self._epoch = None

    def fit_begin(self, X, y, sample_weight) -> None:
        """Tell that the fit begins; what it was given goes with every task."""
        metadata = None if sample_weight is None else {"sample_weight": sample_weight}
        # A stream can be read once: a callback that scored it would leave nothing to learn from.
        data = {} if streams.is_stream(X) else {"X": X, "y": y, "metadata": metadata}
        self._given = {"estimator": self.estimator, **data}
        self.context.call_on_fit_task_begin(**self._given)

    def fit_end(self) -> None:
        """Tell that the estimator is fitted, and with it an epoch left unfinished."""
        for task in filter(None, (self._epoch, self.context)):
            task.call_on_fit_task_end(**self._given, reconstruction_attributes={})

    def epoch_begin(self, epoch):
        super().epoch_begin(epoch)
        self._epoch = self.context.subcontext(task_name="epoch")
        self._epoch.call_on_fit_task_begin(**self._given)

    def epoch_end(self, epoch):
        super().epoch_end(epoch)
        task, self._epoch = self._epoch, None
        return task.call_on_fit_task_end(**self._given, reconstruction_attributes=self._attributes)

    def _attributes(self) -> dict:
        """Return the attributes that make a copy of the estimator predict as of now."""
        return self.estimator._fitted_attributes(self.current())
