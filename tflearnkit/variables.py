"""Variables of model functions: made by name in the first call, found again in every later one.

A model function is called anew for each step it is compiled into. What it builds must be the same
variables each time, so they live in a `VariableStore` beside it, and names say which is which:
scopes nest them, and a name that comes twice within a call is numbered (``fully_connected``,
``fully_connected_1``). `Call` is what one call knows: its mode, its scopes, the losses collected.
"""

from __future__ import annotations

import inspect
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np

from tflearnkit.draws import stream_key
from tflearnkit.errors import did_you_mean, listing
from tflearnkit.initializers import glorot_uniform
from tflearnkit.replicas import ALONE, Alone

__all__ = [
    "Call",
    "ModeKeys",
    "VariableStore",
    "current_call",
    "get_variable",
    "variable_scope",
]


class ModeKeys:
    """What a model function is called for.

    Examples
    --------
    >>> ModeKeys.TRAIN, ModeKeys.EVAL, ModeKeys.INFER
    ('train', 'eval', 'infer')
    """

    TRAIN = "train"
    EVAL = "eval"
    INFER = "infer"


class Entry(NamedTuple):
    """A variable of a store and how it begins."""

    variable: Any
    initial: Callable[[np.random.Generator, tuple[int, ...]], np.ndarray]
    regularizer: Callable | None


class VariableStore:
    """The variables of one model function, in the order of their making.

    Parameters
    ----------
    seed : int, default=0
        Decides the values that they are made with; an engine sets those of `initial_state`.
    replicas : Alone
        Those that have the variables.

    Attributes
    ----------
    entries : dict of str to Entry
        By full name.
    objects : dict of str to object
        What else must be the same in every call, such as optimizers and Keras layers.
    complete : bool
        Whether the first call is over: from then on nothing new may be made.
    is_making : bool
        Whether what is made just now is made for the store.
    """

    def __init__(self, seed: int = 0, replicas: Alone = ALONE):
        self.replicas = replicas
        self.entries: dict[str, Entry] = {}
        self.objects: dict[str, Any] = {}
        self.complete = False
        self.is_making = False
        self._rng = np.random.default_rng(seed)

    def object(self, name: str, make: Callable[[], Any]) -> Any:
        """Return the object of that name, made by ``make`` outside of any graph the first time."""
        if name not in self.objects:
            self._check_open(name)
            self._make(lambda: self.objects.setdefault(name, make()))
        return self.objects[name]

    def variable(self, name, shape, dtype, initial, regularizer, trainable) -> Entry:
        """Return the variable of that name, made the first time."""
        import tensorflow as tf

        shape = tuple(int(size) for size in shape)
        if name not in self.entries:
            self._check_open(name)

            def make():
                values = _begun(name, initial, self._rng, shape, dtype)
                made = self.replicas.variable(values, trainable, name)
                self.entries[name] = Entry(made, initial, regularizer)

            self._make(make)
        found = self.entries[name]
        if tuple(found.variable.shape) != shape or found.variable.dtype != tf.as_dtype(dtype):
            raise ValueError(
                f"Variable {name!r} should have the shape and dtype that it was made with, "
                f"{tuple(found.variable.shape)} {found.variable.dtype.name}. Got {shape} "
                f"{tf.as_dtype(dtype).name}: give it another name or scope."
            )
        return found

    def _make(self, make: Callable[[], Any]) -> None:
        """Make something outside of any graph, and show that it is made for the store."""
        before, self.is_making = self.is_making, True
        try:
            self.replicas.make(make)
        finally:
            self.is_making = before

    def initial_state(self, rng: np.random.Generator) -> dict[str, np.ndarray]:
        """Return the values that the variables begin with, drawn in the order of their making."""
        return {
            name: _begun(name, entry.initial, rng, entry.variable.shape, entry.variable.dtype)
            for name, entry in self.entries.items()
        }

    def _check_open(self, name: str) -> None:
        if self.complete:
            raise ValueError(
                f"A model function should make the same variables in every call, but {name!r} was "
                "not there in the first one, which is for training. Make it in every mode, and do "
                "not let names depend on counters of your own."
            )


def _begun(name, initial, rng, shape, dtype) -> np.ndarray:
    """Return the values that a variable begins with."""
    import tensorflow as tf

    shape = tuple(shape)
    values = np.asarray(initial(rng, shape), tf.as_dtype(dtype).as_numpy_dtype)
    if values.shape != shape:
        raise ValueError(
            f"The initializer of variable {name!r} should give values of shape {shape}. Got "
            f"{values.shape}."
        )
    return values


@dataclass
class Call:
    """One call of a model function.

    Attributes
    ----------
    store : VariableStore
    mode : str
        One of `ModeKeys`.
    replicas : Alone
        Those that share the batch.
    share : float scalar
        The part of the batch that the running one has.
    step : tensor
        The global step, int64: optimizer steps taken before this one.
    key : tensor
        uint32 from which the call's draws come; see `next_key`.
    losses, regularization : list of scalar tensors
        What was collected so far.
    minimised : list of scalar tensors
        Regularization terms that are part of a loss already.
    summaries : dict of str to scalar tensor
        Values for TensorBoard.
    """

    store: VariableStore
    mode: str
    step: Any
    key: Any
    losses: list = field(default_factory=list)
    regularization: list = field(default_factory=list)
    minimised: list = field(default_factory=list)
    summaries: dict = field(default_factory=dict)
    scopes: list = field(default_factory=list)  # (prefix, reuse) of the open ones
    named: Counter = field(default_factory=Counter)  # how often a default name has come
    made: set = field(default_factory=set)  # names of the variables of this call
    drawn: int = 0  # how many keys were given out
    replicas: Alone = ALONE
    share: Any = 1.0

    @property
    def is_training(self) -> bool:
        return self.mode == ModeKeys.TRAIN

    @property
    def prefix(self) -> str:
        """What the names of variables made now begin with."""
        return self.scopes[-1][0] if self.scopes else ""

    @property
    def reuse(self):
        return self.scopes[-1][1] if self.scopes else None

    def unique(self, name: str) -> str:
        """Return ``name`` below the open scope, numbered if it came before in this call."""
        full = self.prefix + name
        number = self.named[full]
        self.named[full] += 1
        return f"{full}_{number}" if number else full

    def next_key(self):
        """Return a key for draws that nothing else in this call uses; see ``draws``."""
        self.drawn += 1
        return stream_key(self.key, self.drawn)

    def means(self, tensors: list) -> list:
        """Return means over the rows here as those over the batch, of which others may have rows.

        One exchange serves all: ask for as many as there are at a time.
        """
        return self.replicas.means(tensors, self.share)

    @contextmanager
    def running(self) -> Iterator[Call]:
        """Make this the call that layers and losses belong to."""
        before = getattr(_thread, "call", None)
        _thread.call = self
        try:
            yield self
        finally:
            _thread.call = before


_thread = threading.local()


def current_call() -> Call:
    """Return the running call of a model function.

    Raises
    ------
    RuntimeError
        If none runs: layers with variables work inside model functions only.
    """
    call = getattr(_thread, "call", None)
    if call is None:
        raise RuntimeError(
            "Layers, losses and variables of tflearnkit should be made in a model function, which "
            "an Estimator calls. None is running: pass the function to Estimator(model_fn=...)."
        )
    return call


@contextmanager
def variable_scope(name_or_scope=None, default_name=None, values=None, *, reuse=None):
    """Put a name before those of the variables made inside.

    Parameters
    ----------
    name_or_scope : str, optional
        The name, taken as it is: opening it twice means the same variables, which needs
        ``reuse``, and default names inside begin anew. None takes ``default_name``.
    default_name : str, optional
        The name where none is given, numbered if it came before: ``conv``, ``conv_1``.
    values : optional
        Ignored; for code of the old API.
    reuse : bool or None, optional
        True finds variables made earlier in the call, and none new; False makes them; None does
        as the scope around. ``tf.compat.v1.AUTO_REUSE`` does what fits.

    Yields
    ------
    str
        The full name of the scope.

    Raises
    ------
    ValueError
        If both names are missing.

    Examples
    --------
    >>> from tflearnkit.variables import Call, VariableStore, get_variable
    >>> with Call(VariableStore(), "train", 0, 0).running():
    ...     with variable_scope("tower"):
    ...         get_variable("bias", [3]).name
    'tower/bias:0'
    """
    call = current_call()
    if not name_or_scope and not default_name:
        raise ValueError(
            "variable_scope expects a name or a default_name. Got neither: pass one of them."
        )
    if name_or_scope:
        full = call.prefix + str(name_or_scope)
        call.named[full] += 1
    else:
        full = call.unique(default_name)
    call.scopes.append((f"{full}/", call.reuse if reuse is None else reuse))
    try:
        yield full
    finally:
        call.scopes.pop()
        for name in [name for name in call.named if name.startswith(f"{full}/")]:
            del call.named[name]


def get_variable(
    name, shape=None, dtype="float32", initializer=None, regularizer=None, trainable=True
):
    """Return the variable of that name in the open scope, making it in the first call.

    Parameters
    ----------
    name : str
    shape : sequence of int, optional
        None takes that of an ``initializer`` which is an array.
    dtype : str or tf.DType, default="float32"
    initializer : array, callable or str, optional
        An array of the values; ``f(rng, shape)`` with a NumPy generator, which the estimator's
        ``random_state`` decides; ``f(shape)``; a Keras initializer or the name of one. None is
        Glorot's uniform distribution.
    regularizer : callable, optional
        ``f(tensor)`` -> a scalar that is added to the loss.
    trainable : bool, default=True
        Whether optimizers change it.

    Returns
    -------
    tf.Variable

    Raises
    ------
    ValueError
        If it is there already and not to be reused, is not there and to be reused, or has another
        shape.

    Examples
    --------
    >>> from tflearnkit.variables import Call, VariableStore
    >>> with Call(VariableStore(), "train", 0, 0).running():
    ...     get_variable("weights", [4, 2]).shape
    TensorShape([4, 2])
    """
    call = current_call()
    full = call.prefix + name
    _check_reuse(call, full)
    call.made.add(full)
    if shape is None:
        if initializer is None or callable(initializer) or isinstance(initializer, str):
            raise ValueError(
                f"Variable {full!r} needs a shape. Got None: pass one, or an array as initializer."
            )
        shape = np.shape(initializer)
    entry = call.store.variable(full, shape, dtype, _initial(initializer), regularizer, trainable)
    if entry.regularizer is not None and call.reuse is not True:
        call.regularization.append(entry.regularizer(entry.variable))
    return entry.variable


def _check_reuse(call: Call, full: str) -> None:
    if call.reuse is True and full not in call.made:
        raise ValueError(
            f"Variable {full!r} should be there, as reuse=True finds variables made earlier in the "
            f"call. There are: {listing(sorted(call.made)) or 'none'}."
            f"{did_you_mean(full, call.made)}"
        )
    if not call.reuse and full in call.made:
        raise ValueError(
            f"Variable {full!r} was made in this call already. Did you mean reuse=True? Otherwise "
            "give it another name or scope."
        )


def _initial(initializer) -> Callable:
    """Return ``f(rng, shape)`` for whatever says how a variable begins."""
    if initializer is None:
        return glorot_uniform
    if isinstance(initializer, str):
        import keras

        initializer = keras.initializers.get(initializer)
    if not callable(initializer):
        return lambda rng, shape: initializer
    if hasattr(initializer, "get_config"):
        return _of_keras(initializer)
    if _takes_rng(initializer):
        return initializer
    return lambda rng, shape: np.asarray(initializer(shape))


def _of_keras(initializer) -> Callable:
    """Draw a Keras initializer's seed where it was given none, so that the fit's seed decides."""

    def initial(rng, shape):
        config = initializer.get_config()
        if config.get("seed", 0) is None:
            config["seed"] = int(rng.integers(2**31))
        return np.asarray(type(initializer).from_config(config)(shape))

    return initial


def _takes_rng(function) -> bool:
    try:
        names = list(inspect.signature(function).parameters)
    except (TypeError, ValueError):  # built in, without a signature to look at
        return False
    return names[:1] == ["rng"]
