"""A training step within a model function: gradients, what holds them back, an optimizer."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import keras
import tensorflow as tf

from tflearnkit.errors import did_you_mean, listing
from tflearnkit.layers.gradients import adaptive_clipping_fn, clipped, multiplied, name_of, noisy
from tflearnkit.layers.optimizer_choice import choose
from tflearnkit.optimizers import Optimizer
from tflearnkit.replicas import Alone
from tflearnkit.variables import Call, current_call, variable_scope

__all__ = ["adaptive_clipping_fn", "get_global_step", "optimize_loss"]

_SUMMARIES = ("learning_rate", "loss", "gradients", "gradient_norm")


def get_global_step() -> tf.Tensor:
    """Return how many steps were taken before this one: what schedules of your own go by.

    Returns
    -------
    scalar tensor of int64

    Examples
    --------
    >>> from tflearnkit.variables import Call, VariableStore
    >>> with Call(VariableStore(), "train", tf.constant(700, tf.int64), 0).running():
    ...     get_global_step().numpy().item()
    700
    """
    return current_call().step


def optimize_loss(
    loss,
    global_step=None,
    learning_rate=None,
    optimizer="Adam",
    gradient_noise_scale: float | None = None,
    gradient_multipliers: Mapping | None = None,
    clip_gradients: float | Callable | None = None,
    learning_rate_decay_fn: Callable | None = None,
    update_ops: Sequence | None = None,
    variables: Sequence | None = None,
    name: str | None = None,
    summaries: Sequence[str] | None = None,
    increment_global_step: bool = True,
):
    """Take one optimizer step against a loss when training; in other modes, do nothing.

    What it returns is the ``train_op`` of most model functions. Terms of regularizers that are
    not part of the loss already (see ``losses.get_total_loss``) are minimised with it. A function
    may have several, each with ``variables`` of its own: adversaries, or parts that learn by
    different optimizers.

    Parameters
    ----------
    loss : tensor of floats, with one element
    global_step : integer scalar tensor or variable, optional
        What rates go by. None is `get_global_step`, which the estimator counts; a variable of your
        own is counted up by 1, unless ``increment_global_step`` is False.
    learning_rate : number > 0, scalar tensor or Keras schedule, optional
        A schedule is evaluated at the step. None is the rate that the optimizer has by itself.
    optimizer : str, Keras optimizer, its class, or function, default="Adam"
        A name as estimators take it (SGD, Momentum, Adagrad, Adadelta, Adam, AdamW, RMSProp, Ftrl,
        Lion); an optimizer, which is copied; a class or function that gives one from the learning
        rate, or from nothing where ``learning_rate`` is None.
    gradient_noise_scale : float, optional
        Standard deviation of normal noise that is first added to the gradients.
    gradient_multipliers : dict, optional
        By name of the variable (or ``variable.ref()``), what its gradient is then multiplied by: a
        number, or an array for its single weights.
    clip_gradients : float > 0 or callable, optional
        The global norm to which gradients are then shortened; or a function from a list of
        (gradient, variable) to such a list, as `adaptive_clipping_fn` gives.
    learning_rate_decay_fn : callable, optional
        ``f(learning_rate, step)`` -> the rate of the step.
    update_ops : sequence of operations or tensors, optional
        What to do before. Assignments to variables are part of a step without being named here.
    variables : sequence of variables, optional
        What to train; None is all that is trainable. Where the loss does not depend on one, it
        stays as it is.
    name : str, optional
        Scope of what the optimizer keeps, instead of ``OptimizeLoss``.
    summaries : sequence of str, optional
        What to show in TensorBoard: "learning_rate", "loss", "gradients" (the norm of each),
        "gradient_norm" (that of all); norms are those before clipping.
    increment_global_step : bool, default=True

    Returns
    -------
    tensor
        The loss that the step was taken against; code after this call sees the new weights.

    Raises
    ------
    ValueError
        If the loss is not one float, or depends on nothing that is trained; if an argument is out
        of range, or names what is not there.
    TypeError
        If ``global_step`` is no integer.

    Examples
    --------
    >>> from tflearnkit.variables import VariableStore, get_variable
    >>> store = VariableStore()
    >>> @tf.function(autograph=False)
    ... def step():
    ...     with Call(store, "train", tf.constant(0, tf.int64), 0).running():
    ...         weight = get_variable("weight", initializer=10.0)
    ...         return optimize_loss(5 * weight, learning_rate=0.1, optimizer="SGD")
    >>> step().numpy().item(), store.entries["weight"].variable.numpy().item()
    (50.0, 9.5)
    """
    call = current_call()
    if not call.is_training:
        return loss
    loss = _checked_loss(loss)
    step = _checked_step(call.step if global_step is None else global_step)
    _check_summaries(summaries or ())
    chosen = choose(optimizer, learning_rate)
    changed = gradient_noise_scale or gradient_multipliers or clip_gradients or summaries
    changed = changed or call.replicas.key is not None
    with variable_scope(name, "OptimizeLoss") as scope, tf.control_dependencies(update_ops or ()):
        gradients, trained = _gradients(loss, variables, call)
        built = call.store.object(scope, lambda: _built(chosen, trained, call.replicas))
        if changed or not _takes_rows(built):
            gradients = [tf.convert_to_tensor(gradient) for gradient in gradients]
            gradients = call.means(gradients)
        gradients = noisy(gradients, gradient_noise_scale, call)
        gradients = multiplied(gradients, trained, gradient_multipliers, call)
        unclipped = dict(zip(map(name_of, trained), gradients, strict=True))
        gradients, trained = clipped(gradients, trained, clip_gradients)
        _set_rate(built, chosen.rate, learning_rate_decay_fn, step)
        built.apply(gradients, trained)
        _record(summaries or (), loss, built, unclipped, call)
    if isinstance(global_step, tf.Variable) and increment_global_step:
        global_step.assign_add(1)
    return loss


def _checked_loss(loss) -> tf.Tensor:
    if loss is None:
        raise ValueError(
            "optimize_loss expects a loss when training. Got None: compute one from the targets."
        )
    loss = tf.convert_to_tensor(loss)
    if loss.shape.num_elements() != 1 or not loss.dtype.is_floating:
        raise ValueError(
            f"optimize_loss expects a loss that is a scalar of floats. Got {loss.dtype.name} of "
            f"the shape {loss.shape}: take its mean with tf.reduce_mean."
        )
    return loss


def _checked_step(step) -> tf.Tensor:
    step = tf.convert_to_tensor(step)
    if not step.dtype.is_integer:
        raise TypeError(
            f"global_step should be an integer. Got {step.dtype.name}: pass get_global_step()."
        )
    if step.shape.rank != 0:
        raise ValueError(
            f"global_step should be a scalar. Got the shape {step.shape}: pass get_global_step()."
        )
    return step


def _check_summaries(summaries) -> None:
    unknown = [name for name in summaries if name not in _SUMMARIES]
    if unknown:
        raise ValueError(
            f"summaries should be of {', '.join(_SUMMARIES)}. Got {unknown[0]!r}: leave it out."
            f"{did_you_mean(unknown[0], _SUMMARIES)}"
        )


def _built(chosen: Optimizer, variables, replicas: Alone):
    optimizer = chosen.build()
    replicas.adopt(optimizer)
    optimizer.build(variables)
    return optimizer


def _gradients(loss, given, call: Call) -> tuple[list, list]:
    """Return the gradients, and the variables that have one."""
    variables = _trainable(call.store) if given is None else list(given)
    included = {id(term) for term in call.minimised}
    terms = [term for term in call.regularization if id(term) not in included]
    sources = [one.value if isinstance(one, keras.Variable) else one for one in variables]
    found = zip(tf.gradients([loss, *terms], sources), variables, strict=True)
    found = [(gradient, variable) for gradient, variable in found if gradient is not None]
    if not found:
        raise ValueError(
            "optimize_loss expects a loss that depends on variables which can be trained. It "
            f"depends on none of: {listing(map(name_of, variables)) or '(there are none)'}. Make "
            "them with layers, and do not round or compare on the way to the loss."
        )
    gradients, variables = zip(*found, strict=True)
    return list(gradients), list(variables)


def _trainable(store) -> list:
    """Return the variables to train: those made by name, and those of Keras layers."""
    of_layers = [getattr(thing, "trainable_variables", ()) for thing in store.objects.values()]
    named = [entry.variable for entry in store.entries.values() if entry.variable.trainable]
    return named + [variable for variables in of_layers for variable in variables]


def _takes_rows(optimizer) -> bool:
    """Return whether rows of a gradient may come one by one, repeated ones apart.

    Gradients of embeddings do. What squares or averages them needs repeated rows added up, in a
    dense gradient; plain SGD does not, which on large tables is many times faster.
    """
    if not isinstance(optimizer, keras.optimizers.SGD) or optimizer.momentum:
        return False
    clips = optimizer.clipnorm, optimizer.clipvalue, optimizer.global_clipnorm
    return not any(clips) and not optimizer.gradient_accumulation_steps


def _set_rate(optimizer, rate, decay: Callable | None, step) -> None:
    """Set the learning rate of this step, unless the optimizer has a schedule of its own."""
    if rate is None and decay is None:
        return
    if rate is None:
        raise ValueError(
            "learning_rate_decay_fn goes with a learning rate that is no schedule of the "
            f"optimizer's own. Got both: put the decay into the schedule of {optimizer.name!r}."
        )
    if callable(rate):
        rate = rate(step)
    if decay is not None:
        rate = decay(rate, step)
    optimizer.learning_rate = tf.cast(rate, tf.float32)


def _record(summaries, loss, optimizer, gradients: Mapping, call: Call) -> None:
    def show(name, value):
        call.summaries[call.prefix + name] = value

    if "loss" in summaries:
        show("loss", tf.reshape(loss, []))
    if "learning_rate" in summaries:
        show("learning_rate", tf.convert_to_tensor(optimizer.learning_rate))
    if "gradient_norm" in summaries:
        show("gradient_norm", tf.linalg.global_norm(list(gradients.values())))
    if "gradients" in summaries:
        for name, gradient in gradients.items():
            show(f"gradients/{name}", tf.norm(gradient))
