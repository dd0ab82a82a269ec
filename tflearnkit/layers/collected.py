"""What the running call of a model function has collected: variables, summaries."""

from __future__ import annotations

import tensorflow as tf

from tflearnkit.variables import current_call

__all__ = [
    "get_model_variables",
    "get_variables",
    "get_variables_by_name",
    "summarize",
]


def get_variables(scope: str | None = None) -> list[tf.Variable]:
    """Return the variables that layers have made so far in this call, in the order of making.

    Parameters
    ----------
    scope : str, optional
        Only those below this scope.

    Returns
    -------
    list of tf.Variable
        ``variable.trainable`` says which ones optimizers change.

    Examples
    --------
    >>> from tflearnkit.layers import fully_connected
    >>> from tflearnkit.variables import Call, VariableStore
    >>> with Call(VariableStore(), "train", 0, 0).running():
    ...     hidden = fully_connected(tf.ones([8, 4]), 16, scope="tower")
    ...     [variable.name for variable in get_variables("tower")]
    ['tower/weights:0', 'tower/biases:0']
    """
    call = current_call()
    below = f"{scope.rstrip('/')}/" if scope else ""
    return [
        entry.variable
        for name, entry in call.store.entries.items()
        if name in call.made and name.startswith(below)
    ]


get_model_variables = get_variables  # all variables of layers are the model's


def get_variables_by_name(given_name: str, scope: str | None = None) -> list[tf.Variable]:
    """Return the variables whose name ends in ``given_name``, such as the biases of all layers.

    Parameters
    ----------
    given_name : str
        The last part of the name.
    scope : str, optional
        Only those below this scope.

    Examples
    --------
    >>> from tflearnkit.layers import fully_connected
    >>> from tflearnkit.variables import Call, VariableStore
    >>> with Call(VariableStore(), "train", 0, 0).running():
    ...     hidden = fully_connected(tf.ones([8, 4]), 16)
    ...     [variable.shape for variable in get_variables_by_name("biases")]
    [TensorShape([16])]
    """
    made = get_variables(scope)
    return [one for one in made if f"/{one.name}".endswith(f"/{given_name}:0")]


def summarize(name: str, tensor) -> None:
    """Show a number of a training step in TensorBoard, below the estimator's ``model_dir``.

    It is written every ``RunConfig.save_summary_steps`` steps; monitors such as ``CaptureVariable``
    get it by its name too.

    Parameters
    ----------
    name : str
        What it is called there, below the open scope.
    tensor : scalar tensor

    Raises
    ------
    ValueError
        If ``tensor`` is no scalar, or the name is taken, as ``loss`` is.

    Examples
    --------
    >>> from tflearnkit.variables import Call, VariableStore
    >>> with Call(VariableStore(), "train", 0, 0).running() as call:
    ...     summarize("accuracy", tf.constant(0.5))
    >>> float(call.summaries["accuracy"])
    0.5
    """
    tensor = tf.convert_to_tensor(tensor)
    if tensor.shape.rank != 0:
        raise ValueError(
            f"summarize expects one number for {name!r}. Got the shape {tensor.shape}: use "
            "tf.reduce_mean."
        )
    call = current_call()
    full = call.prefix + name
    if full in call.summaries or full == "loss":  # which an estimator shows by itself
        raise ValueError(f"summarize expects a new name. Got {full!r} again: take another.")
    call.summaries[full] = tensor
