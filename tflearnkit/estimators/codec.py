"""What parameters and fitted attributes may hold <-> JSON and arrays.

Only the kinds in these tables are ever written or made: no name in a file is looked up anywhere
else, so that a file can neither name code to run nor reach beyond these classes.
"""

from __future__ import annotations

import dataclasses
from functools import cache

import numpy as np

from tflearnkit import columns
from tflearnkit.array_file import dtype_named
from tflearnkit.columns import categorical, keys, scattered
from tflearnkit.config import RunConfig
from tflearnkit.errors import ModelFileError
from tflearnkit.estimators.field_types import check_fields

__all__ = ["Reader", "Writer", "is_unknown_function"]

_COLUMNS = {
    kind.__name__: kind
    for kind in (
        categorical.HashedColumn,
        categorical.IntegerizedColumn,
        keys.KeysColumn,
        scattered.ScatteredIds,
        columns.BucketizedColumn,
        columns.CentredColumn,
        columns.CrossedColumn,
        columns.EmbeddingColumn,
        columns.OneHotColumn,
        columns.RealValuedColumn,
        columns.ScatteredEmbeddingColumn,
        columns.SparseNumericColumn,
        columns.StandardizedColumn,
        columns.VocabularyColumn,
        columns.WeightedColumn,
    )
}
# How a fit goes; where it goes (folders, clusters) is the affair of the process that loads.
_CONFIG = (
    "tf_random_seed",
    "save_checkpoints_steps",
    "save_checkpoints_secs",
    "keep_checkpoint_max",
    "save_summary_steps",
    "log_step_count_steps",
    "num_cores",
    "gpu_memory_fraction",
    "log_device_placement",
    "precision",
)
_OPTIMIZERS = (
    "SGD", "Adam", "AdamW", "Adagrad", "Adadelta", "Adafactor", "Adamax", "Ftrl", "Lion", "Nadam",
    "RMSprop",
)  # fmt: skip
_SCHEDULES = (
    "CosineDecay", "CosineDecayRestarts", "ExponentialDecay", "InverseTimeDecay",
    "PiecewiseConstantDecay", "PolynomialDecay",
)  # fmt: skip
_ACTIVATIONS = (
    "crelu", "elu", "gelu", "leaky_relu", "relu", "relu6", "selu", "sigmoid", "silu", "softplus",
    "softsign", "swish", "tanh",
)  # fmt: skip
_KERNELS = (
    "additive_chi2_kernel", "chi2_kernel", "cosine_similarity", "laplacian_kernel",
    "linear_kernel", "polynomial_kernel", "rbf_kernel", "sigmoid_kernel",
)  # fmt: skip
_SCALARS = (type(None), bool, int, float, str)


@cache
def _functions() -> dict[str, object]:
    """The functions that may be written, by name."""
    import keras
    import tensorflow as tf
    from sklearn.metrics import pairwise

    found = {f"tf.nn.{name}": getattr(tf.nn, name) for name in _ACTIVATIONS}
    for name in _ACTIVATIONS:
        if hasattr(keras.activations, name):
            found[f"keras.activations.{name}"] = getattr(keras.activations, name)
    kernels = {f"sklearn.metrics.pairwise.{name}": getattr(pairwise, name) for name in _KERNELS}
    return found | kernels


@cache
def _keras_kinds() -> dict[str, type]:
    from keras import optimizers

    found = {name: getattr(optimizers, name) for name in _OPTIMIZERS}
    return found | {name: getattr(optimizers.schedules, name) for name in _SCHEDULES}


def _known_function(value) -> str | None:
    return next((name for name, each in _functions().items() if each is value), None)


def is_unknown_function(value) -> bool:
    """Whether a value is a function (no Keras optimizer or schedule) that is in no table."""
    is_keras = type(value) in _keras_kinds().values() if callable(value) else False
    return callable(value) and not is_keras and _known_function(value) is None


class Writer:
    """Values -> JSON.

    Attributes
    ----------
    arrays : dict of str to array
        Those that were met, by the names that the JSON calls them by.
    """

    def __init__(self):
        self.arrays: dict[str, np.ndarray] = {}

    def json(self, value, where: str):
        """Return a value as JSON holds it.

        Raises
        ------
        ModelFileError
            If it is of no known kind; the message says ``where``.
        """
        if type(value) in _SCALARS:
            return value
        if type(value) is list:
            return [self.json(item, where) for item in value]
        if type(value) is tuple:
            return _node("tuple", items=[self.json(item, where) for item in value])
        if type(value) is dict:
            pairs = [[self.json(each, where) for each in pair] for pair in value.items()]
            return _node("dict", items=pairs)
        if isinstance(value, np.ndarray | np.generic):
            return self._array(value, where)
        return self._thing(value, where)

    def _array(self, value, where: str):
        if value.dtype.hasobject:
            items = [self.json(item, where) for item in value.ravel().tolist()]
            return _node("objects", shape=list(value.shape), items=items)
        name = f"values/{len(self.arrays)}"
        self.arrays[name] = np.asarray(value)
        return _node("scalar" if isinstance(value, np.generic) else "array", array=name)

    def _thing(self, value, where: str):
        kind = type(value).__name__
        if _COLUMNS.get(kind) is type(value):
            return _node(kind, fields=self._fields(value, f"{where}, column {value.name!r}"))
        if type(value) is RunConfig:
            return _node(kind, fields={name: getattr(value, name) for name in _CONFIG})
        if isinstance(value, np.dtype):
            return _node("np.dtype", name=value.str)
        if kind == "DType" and hasattr(value, "as_numpy_dtype"):
            return _node("tf.DType", name=value.name)
        if type(value) is np.random.RandomState:
            return _node(kind, state=self.json(value.get_state(legacy=False), where))
        if callable(value) and (name := _known_function(value)) is not None:
            return _node("function", name=name)
        if _keras_kinds().get(kind) is type(value):
            return _keras_node(kind, value.get_config(), where)
        raise _unwritable(value, where)

    def _fields(self, column, where: str) -> dict:
        return {
            field.name: self.json(getattr(column, field.name), f"{where}, {field.name}")
            for field in dataclasses.fields(column)
            if field.init
        }


def _node(kind: str, **more) -> dict:
    return {"kind": kind, **more}


def _keras_node(kind: str, config: dict, where: str) -> dict:
    rate = config.get("learning_rate")
    more = {}
    if isinstance(rate, dict):  # a schedule
        config = {name: value for name, value in config.items() if name != "learning_rate"}
        if rate["class_name"] not in _SCHEDULES:
            raise _unwritable(rate["class_name"], where)
        more["schedule"] = _keras_node(rate["class_name"], rate["config"], where)
    plain = {name: v.item() if isinstance(v, np.generic) else v for name, v in config.items()}
    for value in plain.values():
        if not _is_flat(value):
            raise _unwritable(value, where)
    return _node(kind, config=plain, **more)


def _is_flat(value) -> bool:
    each = value if isinstance(value, list) else [value]
    return all(type(item) in _SCALARS for item in each)


def _unwritable(value, where: str) -> ModelFileError:
    if callable(value):
        return ModelFileError(
            f"A saved model holds no functions, but {where} has {value!r}. Leave it out, or pickle "
            "the estimator where its readers trust you."
        )
    return ModelFileError(
        f"A saved model holds numbers, strings, lists, dicts, arrays, feature columns, a RunConfig "
        f"and Keras optimizers, but {where} is {value!r}. Use one of these, or pickle the "
        "estimator where its readers trust you."
    )


class Reader:
    """JSON -> values; ``arrays`` are those of the file.

    What is no such JSON raises a TypeError, KeyError or ValueError.
    """

    def __init__(self, arrays: dict[str, np.ndarray]):
        self._arrays = arrays

    def value(self, json):
        """Return the value that `Writer.json` wrote so."""
        if type(json) in _SCALARS:
            return json
        if type(json) is list:
            return [self.value(item) for item in json]
        kind = json["kind"]
        if not isinstance(kind, str):
            raise TypeError(f"{kind!r} is no kind of value")
        if kind in _COLUMNS:
            return self._column(_COLUMNS[kind], json["fields"])
        if kind in (*_OPTIMIZERS, *_SCHEDULES):
            return _keras_thing(json)
        read = getattr(self, f"_{kind.replace('.', '_').lower()}", None) if kind in _KINDS else None
        if read is None:
            raise ValueError(f"{kind!r} is a kind of value that this version does not know")
        return read(json)

    def _column(self, kind: type, fields: dict):
        fields = {name: self.value(value) for name, value in fields.items()}
        check_fields(kind, fields)
        return kind(**fields)

    def _tuple(self, json):
        return tuple(self._items(json))

    def _dict(self, json):
        return dict(self._items(json))

    def _items(self, json) -> list:
        if type(json["items"]) is not list:
            raise TypeError("items should be a list")
        return self.value(json["items"])

    def _array(self, json):
        return self._arrays[json["array"]]

    def _scalar(self, json):
        return self._arrays[json["array"]][()]

    def _objects(self, json):
        items = self._items(json)
        found = np.empty(len(items), object)
        found[:] = items
        return found.reshape([int(size) for size in json["shape"]])

    def _runconfig(self, json):
        given = json["fields"]
        return RunConfig(**{name: given[name] for name in _CONFIG if name in given})

    def _np_dtype(self, json):
        return dtype_named(json["name"])

    def _tf_dtype(self, json):
        import tensorflow as tf

        return tf.as_dtype(str(json["name"]))

    def _randomstate(self, json):
        state = self.value(json["state"])
        key, pos = state["state"]["key"], state["state"]["pos"]
        # NumPy takes any place in the key, and would read beyond it.
        if key.shape != (624,) or key.dtype != np.uint32 or type(pos) is not int:
            raise TypeError("a RandomState should have a key of 624 numbers")
        if not 0 <= pos <= 624 or state["bit_generator"] != "MT19937":
            raise ValueError("a RandomState should be at a place in its key")
        found = np.random.RandomState()
        found.set_state(state)
        return found

    def _function(self, json):
        return _functions()[json["name"]]


_KINDS = (
    "tuple", "dict", "array", "scalar", "objects", "RunConfig", "np.dtype", "tf.DType",
    "RandomState", "function",
)  # fmt: skip


def _keras_thing(json: dict):
    config = dict(json["config"])
    if not all(isinstance(name, str) and _is_flat(value) for name, value in config.items()):
        raise TypeError("the configuration of a Keras object should hold plain values")
    if "schedule" in json:
        if json["schedule"]["kind"] not in _SCHEDULES:
            raise TypeError("a schedule is of no known kind")
        config["learning_rate"] = _keras_thing(json["schedule"])
    return _keras_kinds()[json["kind"]].from_config(config)
