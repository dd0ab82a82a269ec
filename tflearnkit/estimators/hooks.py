"""The hooks of a subclass of BaseEstimator, called as one model function."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from contextlib import contextmanager
from dataclasses import dataclass

from tflearnkit.metrics.pending import Pending
from tflearnkit.model_function import ModelFnOps, ModelFunction
from tflearnkit.variables import Call, ModeKeys, current_call

__all__ = ["TRANSFORM", "HookFunction"]

TRANSFORM = "transform"  # a mode beside those of ModeKeys: what `transform` returns is wanted
_WEIGHTS = "sample_weight"
_WEIGHTED = ("_get_train_ops", "_get_eval_ops")
_OF_A_FIT = ("model_", "history_", "feature_names_in_")


class HookFunction(ModelFunction):
    """The hooks of an estimator with the parameters that it has now.

    Parameters
    ----------
    estimator : BaseEstimator
        Of which nothing is kept but its class and its attributes, so that all those which are
        equal in these share their programs.
    """

    def __init__(self, estimator):
        state = {name: value for name, value in vars(estimator).items() if _is_own(name)}
        super().__init__(_Hooks(type(estimator)), params=state)

    @property
    def called(self) -> str:
        return f"Estimator {self.function.kind.__name__!r}"

    @property
    def takes_weights(self) -> bool:
        return any(_takes_weights(getattr(self.function.kind, name, None)) for name in _WEIGHTED)

    def ops(self, returned, mode: str) -> ModelFnOps:
        """Return what the hooks returned, which is checked already."""
        return returned


def _is_own(name: str) -> bool:
    """Return whether an attribute is the user's, and not set by a fit or scikit-learn."""
    return name not in _OF_A_FIT and "callback" not in name


def _takes_weights(hook) -> bool:
    return hook is not None and _WEIGHTS in inspect.signature(hook).parameters


@dataclass(frozen=True)
class _Hooks:
    """The model function of a class; ``params`` are the attributes of the estimator."""

    kind: type

    def __call__(self, features, targets, mode, params, sample_weight):
        estimator = self.kind.__new__(self.kind)
        vars(estimator).update(params)
        called = _Called(estimator, features, targets, sample_weight)
        if mode == ModeKeys.TRAIN:
            step, loss = called.step_and_loss()
            return ModelFnOps(mode, loss=loss, train_op=step)
        if mode == ModeKeys.EVAL:
            return called.evaluation()
        return ModelFnOps(ModeKeys.INFER, called.outputs(mode))


class _Called:
    """An estimator and a batch that its hooks are called with."""

    def __init__(self, estimator, features, targets, weights):
        self.estimator, self.weights = estimator, weights
        self.features, self.targets = features, targets

    def step_and_loss(self) -> tuple:
        found = self._call("_get_train_ops", self.features, self.targets)
        if isinstance(found, ModelFnOps):
            return found.train_op, found.loss
        if not isinstance(found, tuple | list) or len(found) != 2:
            raise self._refused("_get_train_ops", "(train_op, loss) or ModelFnOps", found)
        return tuple(found)

    def outputs(self, mode: str):
        """Return what `predict` returns or, by its mode, `transform`."""
        name = "_get_transform_ops" if mode == TRANSFORM else "_get_predict_ops"
        found = self._call(name, self.features)
        found = found.predictions if isinstance(found, ModelFnOps) else found
        if found is None:
            raise self._refused(name, "a tensor or a dict of tensors", found)
        return found

    def evaluation(self) -> ModelFnOps:
        """Return the metrics, with a loss and predictions."""
        predictions, loss, found = None, None, self._metrics()
        if isinstance(found, ModelFnOps):
            predictions, loss, found = found.predictions, found.loss, found.eval_metric_ops
        if not isinstance(found, Mapping):
            raise self._refused("_get_eval_ops", "a dict of metrics or ModelFnOps", found)
        if loss is None and not _is_metric(found.get("loss")):
            found = dict(found)
            loss = found.pop("loss", None)
        if loss is None:
            with _names_anew():
                _, loss = self.step_and_loss()
        if predictions is None:
            with _names_anew():
                predictions = self._predictions()
        return ModelFnOps(ModeKeys.EVAL, predictions, loss, eval_metric_ops=found)

    def _metrics(self):
        if not hasattr(self.estimator, "_get_eval_ops"):
            return {}
        with _names_anew():
            return self._call("_get_eval_ops", self.features, self.targets, {})

    def _predictions(self):
        """Return what metrics may be asked of; an estimator that only transforms has nothing."""
        if not hasattr(self.estimator, "_get_predict_ops"):
            return {}
        return self.outputs(ModeKeys.INFER)

    def _call(self, name: str, *arguments):
        hook = getattr(self.estimator, name, None)
        if hook is None:
            raise NotImplementedError(
                f"A subclass of BaseEstimator should define {name} for this. "
                f"{type(self.estimator).__name__} does not: add it, as the documentation of "
                "BaseEstimator says."
            )
        words = {_WEIGHTS: self.weights} if _takes_weights(hook) else {}
        return hook(*arguments, **words)

    def _refused(self, name: str, expected: str, found) -> ValueError:
        return ValueError(
            f"{name} of {type(self.estimator).__name__} should return {expected}. Got {found!r}."
        )


def _is_metric(found) -> bool:
    """Return whether a loss is one of all rows rather than of a batch."""
    return isinstance(found, Pending | tuple)


@contextmanager
def _names_anew():
    """Let a hook count the names of its layers as if it were the only one that is called."""
    call = current_call()
    with Call(call.store, call.mode, call.step, call.key).running():
        yield
