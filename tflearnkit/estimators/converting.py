"""A fitted model -> a file for LiteRT or ONNX Runtime, compared before it is there."""

from __future__ import annotations

import contextlib
import logging
import os
import re
import tempfile
from collections.abc import Callable, Iterator

import tensorflow as tf

from tflearnkit.data.table import Table
from tflearnkit.errors import ModelFileError, listing
from tflearnkit.estimators.comparing import check_answers
from tflearnkit.estimators.portable import Portable, fed_arrays, portable
from tflearnkit.estimators.serving import Served, served
from tflearnkit.estimators.serving_rows import made_up_rows
from tflearnkit.whole_file import naming, replace_file

__all__ = ["to_litert", "to_onnx"]

_OPSET = 18  # the newest that tf2onnx writes
_LACKING = re.compile(r"(?:'tf\.|No Op registered for )(\w+)")
_LOGGERS = ("absl", "tensorflow", "tf2onnx", "tf2onnx.tfonnx", "tf2onnx.tf_loader")
_SIGNATURE = "serving_default"


def to_litert(model, path, sample: Table | None, verify: bool) -> None:
    """Write a model for LiteRT: float32."""
    _refuse_folder(path)
    runtime = _litert() if verify else None
    module = served(model)
    with _quiet():
        written = _as_litert(portable(module, litert=True).function)
    if verify:
        runner = runtime(model_content=written).get_signature_runner(_SIGNATURE)
        _verify(module, model, sample, lambda fed: runner(**fed), litert=True)
    replace_file(path, lambda file: file.write(written))


def to_onnx(model, path, sample: Table | None, verify: bool) -> None:
    """Write a model for ONNX Runtime: float64 where the SavedModel has it."""
    _refuse_folder(path)
    runtime = _onnx_runtime() if verify else None
    module = served(model)
    with _quiet():
        written = _as_onnx(portable(module, litert=False))
    if verify:
        session = runtime(written, providers=["CPUExecutionProvider"])
        names = [output.name for output in session.get_outputs()]

        def answer(fed):
            return dict(zip(names, session.run(names, fed), strict=True))

        _verify(module, model, sample, answer, litert=False)
    replace_file(path, lambda file: file.write(written))


def _refuse_folder(path) -> None:
    if os.path.isdir(path):
        raise ModelFileError(
            f"path should name a file, but {os.fspath(path)!r} is a folder. Choose another name."
        )


def _verify(module: Served, model, sample, answer: Callable, *, litert: bool) -> None:
    tables = [made_up_rows(model, module.inputs), *([] if sample is None else [sample])]

    def answered(table):
        return answer(fed_arrays(module, table, litert=litert))

    check_answers(module, tables, answered, single=litert)


def _as_litert(function) -> bytes:
    """Return a function as a flat buffer of LiteRT's own operations."""
    from tensorflow.lite.python.convert_phase import ConverterError

    module = tf.Module()
    module.function = function
    with tempfile.TemporaryDirectory() as folder:
        with naming(folder):
            tf.saved_model.save(module, folder, {_SIGNATURE: function})
        converter = tf.lite.TFLiteConverter.from_saved_model(folder)
        try:
            return converter.convert()
        except (ConverterError, ValueError, RuntimeError) as error:
            raise _not_converted("LiteRT", error) from error


def _as_onnx(found: Portable) -> bytes:
    """Return a function as ONNX's protocol buffer, of operations of its standard alone."""
    onnx, convert = _onnx()
    try:
        made, _ = convert.from_function(
            found.function,
            list(found.function.input_signature),
            opset=_OPSET,
            custom_op_handlers=_handlers(found.tables),
        )
        onnx.checker.check_model(made)  # what it did not know it leaves as it was
    except (ValueError, RuntimeError, onnx.checker.ValidationError) as error:
        raise _not_converted("ONNX", error) from error
    return made.SerializeToString()


def _handlers(tables: dict[bytes, tuple]) -> dict:
    """Return how tf2onnx is to write operations that it writes otherwise by itself."""
    from onnx import TensorProto, helper
    from tf2onnx.custom_opsets.onnx_ml import LookupTableFind
    from tf2onnx.onnx_opset.controlflow import Select

    def look_up(context, node, _name, _args):
        LookupTableFind.version_8(context, node, initialized_tables=tables)

    def select(context, node, _name, _args):
        if context.get_dtype(node.output[0]) == TensorProto.BOOL:
            Select.version_7(context, node)
        else:  # and not by products, which are NaN where what is left out is
            node.type = "Where"

    def scatter(context, node, _name, _args):
        places, values, shape = node.input
        places, shape = (
            context.make_node("Cast", [name], attr={"to": TensorProto.INT64}).output[0]
            for name in (places, shape)
        )
        zero = helper.make_tensor("zero", context.get_dtype(values), [1], [0])
        start = context.make_node("ConstantOfShape", [shape], attr={"value": zero}).output[0]
        node.type = "ScatterND"
        node.set_attr("reduction", "add")  # what stands for one place twice is summed
        context.replace_inputs(node, [start, places, values])

    return {
        "LookupTableFindV2": (look_up, []),
        "ScatterNd": (scatter, []),
        "SelectV2": (select, []),
    }


def _not_converted(what: str, error: Exception) -> ModelFileError:
    lacking = sorted(set(_LACKING.findall(str(error))))
    reason = f"it has no {listing(lacking)}" if lacking else str(error).strip().split("\n")[0]
    return ModelFileError(
        f"A model should be of operations that {what} has, but its converter says: {reason}. Use "
        "others in model functions and columns, or export_savedmodel, which takes all of "
        "TensorFlow's."
    )


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Keep what loggers tell of a conversion from the user, who gets an error or a model."""
    loggers = [logging.getLogger(name) for name in _LOGGERS]
    before = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        for logger, level in zip(loggers, before, strict=True):
            logger.setLevel(level)


def _litert():
    try:
        from ai_edge_litert.interpreter import Interpreter
    except ImportError as error:
        raise _not_installed("An export is compared by LiteRT", "litert") from error
    return Interpreter


def _onnx_runtime():
    try:
        from onnxruntime import InferenceSession
    except ImportError as error:
        raise _not_installed("An export is compared by ONNX Runtime", "onnx") from error
    return InferenceSession


def _onnx():
    try:
        import onnx
        from tf2onnx import convert
    except ImportError as error:
        raise _not_installed("ONNX files are made by tf2onnx", "onnx") from error
    return onnx, convert


def _not_installed(what: str, extra: str) -> ImportError:
    return ImportError(f"{what}, which is not installed: pip install 'tflearnkit[{extra}]'.")
