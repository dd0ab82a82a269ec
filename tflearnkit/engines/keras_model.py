"""What a Keras model computes of a batch: its loss and step, its metrics, its predictions."""

from __future__ import annotations

import inspect
import threading

import numpy as np

from tflearnkit.engines.keras_building import fresh_names
from tflearnkit.metrics.pending import Pending
from tflearnkit.model_function import ModelFnOps
from tflearnkit.variables import ModeKeys, current_call

__all__ = ["keras_ops"]

_measuring = threading.Lock()


def keras_ops(model, features, targets, weights, mode: str) -> ModelFnOps:
    """Return what a model makes of a batch.

    Parameters
    ----------
    model : keras.Model
        With its variables. One that is not compiled is, in TRAIN: with Adam, and a loss by the
        targets.
    features, targets : tensor or structure of tensors
    weights : tensor of shape (rows,) or None
        None where all rows weigh the same: losses of sequences take no weight for each row.
    mode : str
        One of `ModeKeys`.

    Raises
    ------
    ValueError
        If the model is not compiled, and targets and outputs do not say what the loss is; if
        outputs are not a row for each row.
    """
    import tensorflow as tf

    if mode == ModeKeys.INFER:
        return ModelFnOps(mode, predictions=_shown(model, model(features, training=False)))
    if mode == ModeKeys.EVAL:
        outputs = model(features, training=False)
        loss = _loss(model, features, targets, outputs, weights, training=False)
        found = _metrics(model, targets, outputs, weights)
        return ModelFnOps(mode, _shown(model, outputs), loss, eval_metric_ops=found)
    with tf.GradientTape() as tape:
        outputs = model(features, training=True)
        _check_rows(outputs, features)
        if not model.compiled:
            _compile(model, _loss_by(targets, outputs))
        loss = _loss(model, features, targets, outputs, weights, training=True)
        scaled = model.optimizer.scale_loss(loss)
    trained = model.trainable_variables
    gradients = tape.gradient(scaled, trained)
    call = current_call()
    if call.replicas.key is not None:
        call.replicas.adopt(model.optimizer)
        gradients = call.means([tf.convert_to_tensor(gradient) for gradient in gradients])
    model.optimizer.apply(gradients, trained)
    return ModelFnOps(mode, loss=loss, train_op=loss)


def _loss(model, features, targets, outputs, weights, training: bool):
    """Return what the compiled losses, those of layers and regularizers add up to."""
    accepted = inspect.signature(model.compute_loss).parameters  # overridden, it may lack this one
    words = {"training": training} if "training" in accepted else {}
    loss = model.compute_loss(features, targets, outputs, weights, **words)
    return loss * current_call().replicas.count  # by which Keras has divided it


def _shown(model, outputs):
    """Return outputs as predictions: several of them by name."""
    if not isinstance(outputs, list | tuple):
        return outputs
    names = getattr(model, "output_names", None)
    return dict(zip(names or [f"output_{i}" for i in range(len(outputs))], outputs, strict=True))


def _check_rows(outputs, features) -> None:
    import tensorflow as tf

    rows = tf.nest.flatten(features)[0].shape[0]
    for output in tf.nest.flatten(outputs):
        if output.shape.rank == 0 or output.shape[0] not in (None, rows):
            raise ValueError(
                f"A Keras model should give a row for each of the {rows} rows of a batch. Got "
                f"outputs of shape {output.shape}: keep the first axis."
            )


# -- a loss where there is none ----------------------------------------------------------------


def _compile(model, loss) -> None:
    import tensorflow as tf

    with tf.init_scope(), fresh_names():
        model.compile("adam", loss)
        model.optimizer.build(model.trainable_variables)


def _loss_by(targets, outputs):
    """Return the loss that targets and outputs leave no doubt about."""
    import keras
    import tensorflow as tf

    if tf.is_tensor(targets) and tf.is_tensor(outputs):
        classes, ending = _is_column(targets) and not targets.dtype.is_floating, _ending(outputs)
        if targets.dtype.is_floating and _rest(targets) == _rest(outputs):
            return keras.losses.MeanSquaredError()
        if classes and targets.dtype != tf.string and outputs.shape.rank <= 2:
            logits = ending is None
            if _is_column(outputs) and ending != "Softmax":
                return keras.losses.BinaryCrossentropy(from_logits=logits)
            if not _is_column(outputs) and ending != "Sigmoid":
                return keras.losses.SparseCategoricalCrossentropy(from_logits=logits)
    raise ValueError(
        "A Keras model that is not compiled should have targets that say what the loss is: floats "
        "of the shape of its outputs, or integers, one for each row of one output. Got targets "
        f"{_described(targets)}, outputs {_described(outputs)}: compile it with a loss, "
        "model.compile(optimizer, loss)."
    )


def _rest(tensor) -> list:
    """Return the shape of a row; a last axis of length 1 does not count."""
    found = list(tensor.shape[1:])
    return found[:-1] if found[-1:] == [1] else found


def _is_column(tensor) -> bool:
    return not _rest(tensor)


_PASSED = ("Identity", "Cast", "Reshape", "Squeeze")


def _ending(outputs) -> str | None:
    """Return the function that outputs come from, where it gives probabilities."""
    operation = outputs.op
    while operation.type in _PASSED:
        operation = operation.inputs[0].op
    return operation.type if operation.type in ("Softmax", "Sigmoid") else None


def _described(tensors) -> str:
    import tensorflow as tf

    if tf.is_tensor(tensors):
        return f"{tensors.dtype.name} of shape {tensors.shape}"
    return f"a {type(tensors).__name__}"


# -- metrics of all rows -----------------------------------------------------------------------


def _metrics(model, targets, outputs, weights) -> dict[str, Pending]:
    """Return the model's own metrics as one that waits for the rows of all batches."""
    import tensorflow as tf

    if all(metric.name == "loss" for metric in model.metrics):
        return {}
    masks = [getattr(each, "_keras_mask", None) for each in tf.nest.flatten(outputs)]
    masks = {str(i): mask for i, mask in enumerate(masks) if mask is not None}
    rows = targets, outputs, [] if weights is None else [weights], masks

    def value(*arrays):
        arrays = [tf.convert_to_tensor(array) for array in arrays]
        targets, outputs, weights, masks = tf.nest.pack_sequence_as(rows, arrays)
        for i, output in enumerate(tf.nest.flatten(outputs)):
            output._keras_mask = masks.get(str(i))
        with _measuring:  # fits in other threads may evaluate this model too
            return _measured(model, targets, outputs, *(weights or [None]))

    return {"the model's": Pending(value, tuple(tf.nest.flatten(rows)))}


def _measured(model, targets, outputs, weights) -> dict[str, float]:
    """Return the metrics that can be told from targets and outputs."""
    model.reset_metrics()
    before = _states(model)
    losses = getattr(model, "_compile_loss", None)
    if losses is not None and losses.metrics:  # there are several: the mean of each is shown
        losses(targets, outputs, weights)
    found = model.compute_metrics(None, targets, outputs, weights)
    for metric, was, now in zip(model.metrics, before, _states(model), strict=True):
        if now == was:  # it has seen nothing, such as what is counted while training only
            found.pop(metric.name, None)
    return {key: value for name in found for key, value in _numbers(name, found[name])}


def _numbers(name: str, value) -> list[tuple[str, float]]:
    """Return the numbers of a metric, which are several where it has one for each class."""
    values = np.asarray(value)
    if values.ndim == 0:
        return [(name, values.item())]
    return [(f"{name}_{i}", each) for i, each in enumerate(values.ravel().tolist())]


def _states(model) -> list[list]:
    return [[variable.numpy().tolist() for variable in each.variables] for each in model.metrics]
