"""scikit-learn's callbacks, told of every epoch."""

from __future__ import annotations

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
    X, y
        What ``fit`` was given.

    Attributes
    ----------
    current : callable () -> FittedModel
        The model with the weights reached so far; the run puts it there.
    """

    def __init__(self, estimator, context, X, y):
        self.estimator, self.context, self.X, self.y = estimator, context, X, y
        self.current = None

    def epoch_begin(self, epoch):
        super().epoch_begin(epoch)
        self._task = self.context.subcontext(task_name="epoch")
        self._task.call_on_fit_task_begin(estimator=self.estimator, X=self.X, y=self.y)

    def epoch_end(self, epoch):
        super().epoch_end(epoch)
        return self._task.call_on_fit_task_end(
            estimator=self.estimator,
            X=self.X,
            y=self.y,
            reconstruction_attributes=self._reconstruct,
        )

    def _reconstruct(self) -> dict:
        """Return the attributes that make a copy of the estimator predict as of now."""
        names = ("n_features_in_", "feature_names_in_")
        kept = {name: getattr(self.estimator, name, None) for name in names}
        present = {name: value for name, value in kept.items() if value is not None}
        return present | self.estimator._fitted_attributes(self.current())
