"""The classifier's face: labels, and probabilities where a model has them."""

from __future__ import annotations

import numpy as np
from sklearn.base import ClassifierMixin

from tflearnkit.errors import listing
from tflearnkit.estimators.base import either
from tflearnkit.estimators.weights import check_class_weight
from tflearnkit.tasks import infer_classification

__all__ = ["ClassifierFace", "LabelFace", "gathered"]


class LabelFace(ClassifierMixin):
    """What classifiers do beyond other estimators; stands left of the estimator's base."""

    def partial_fit(
        self,
        X=None,
        y=None,
        classes=None,
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
            As in ``fit``.
        classes : array-like, optional
            All labels that will ever occur. Needed in the first call where ``y`` lacks some.
        steps : int > 0, optional
            Take that many steps instead of one pass.

        Returns
        -------
        self
        """
        if classes is not None and hasattr(self, "classes_"):
            self._check_same_classes(classes)
        return self._continue_fit(
            X, y, sample_weight, input_fn, steps, batch_size, monitors, classes
        )

    def predict(self, X=None, *, x=None, input_fn=None, batch_size=None, as_iterable=False):
        """Return the most probable label of each row, that of the largest score.

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
            Whether to return a generator of labels instead of an array.

        Returns
        -------
        array of shape (n,), or (n, n_labels) of 0 and 1 for multi-label targets
        """
        blocks = (
            self.model_.task.decode(linked)
            for _, linked in self._outputs_by_block(either(X, x), input_fn, batch_size)
        )
        return gathered(blocks, as_iterable)

    def decision_function(self, X=None, *, input_fn=None, batch_size=None):
        """Return the scores of classes, which labels (and any probabilities) come from.

        Returns
        -------
        array of shape (n,) for two classes, else (n, n_classes)
        """
        scores, _ = self._outputs(X, input_fn, batch_size)
        scores = scores.astype(np.float64)  # in which scikit-learn calibrates them
        return scores[:, 0] if self._has_one_score() else scores

    def _has_one_score(self) -> bool:
        """Return whether a single score stands for two classes."""
        return len(self.classes_) == 2 and self.model_.task.n_outputs == 1

    def _check_same_classes(self, classes) -> None:
        if not np.array_equal(np.unique(_listed(classes)), self.classes_):
            raise ValueError(
                f"classes must be those of the first call, {listing(self.classes_)}. Got "
                f"{listing(_listed(classes))}. Pass the same, or fit afresh."
            )

    def _infer_task(self, y, weights, classes, streaming: bool):
        if classes is not None:
            task = infer_classification(_listed(classes), self.n_classes)
            task.encode(y)  # or the error that names the labels it lacks
        else:
            task = infer_classification(y, self.n_classes, streaming)
        if task.kind != "multilabel":
            check_class_weight(self.class_weight, list(task.classes))
        return task

    def _fitted_attributes(self, model) -> dict:
        found = super()._fitted_attributes(model)
        labels = getattr(model.task, "labels", None)
        return found | {"classes_": np.arange(model.task.n_outputs) if labels is None else labels}


class ClassifierFace(LabelFace):
    """What classifiers do that know probabilities, and of several labels at once."""

    def predict_proba(self, X=None, *, x=None, input_fn=None, batch_size=None, as_iterable=False):
        """Return probabilities, as ``predict`` does labels.

        Returns
        -------
        array of shape (n, n_classes)
            In the order of ``classes_``; for multi-label targets one column a label.
        """
        outputs = self._outputs_by_block(either(X, x), input_fn, batch_size)
        blocks = (linked for _, linked in outputs)
        return gathered(blocks, as_iterable)

    def predict_log_proba(self, X=None, *, input_fn=None, batch_size=None):
        """Return the logarithms of ``predict_proba``."""
        with np.errstate(divide="ignore"):  # a probability may be 0 in float32
            return np.log(self.predict_proba(X, input_fn=input_fn, batch_size=batch_size))

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_label = True
        return tags


def _listed(classes) -> np.ndarray:
    classes = np.asarray(classes)
    if classes.ndim != 1:
        raise ValueError(
            "classes must be a list of all labels that will ever occur. Got an array of shape "
            f"{classes.shape}. Pass, for example, numpy.unique(y)."
        )
    return classes


def gathered(blocks, as_iterable: bool):
    """Return blocks of predictions as one array, or row by row."""
    if as_iterable:
        return (row for block in blocks for row in block)
    found = list(blocks)
    return found[0] if len(found) == 1 else np.concatenate(found)
