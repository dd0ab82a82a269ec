"""Embeddings, for TensorBoard's projector to show."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterable, Mapping, Sequence
from functools import partial

import numpy as np

from tflearnkit.columns import (
    BucketizedColumn,
    IdColumn,
    VocabularyColumn,
    WeightedColumn,
)
from tflearnkit.columns.keys import KeysColumn
from tflearnkit.estimators.model import FittedModel
from tflearnkit.estimators.persistence import model_dir_of
from tflearnkit.parts import Deep
from tflearnkit.whole_file import replace_file

__all__ = ["write_projector"]

_CONFIG = "projector_config.pbtxt"
_FOLDER = "projector"


def write_projector(
    embeddings,
    log_dir=None,
    *,
    labels: Mapping[str, Sequence] | None = None,
) -> str:
    """Write vectors into a folder that ``tensorboard --logdir`` shows as points in space.

    For the embedding columns of a network, whose points are called by their categories, and for
    any matrices with a row for each point. Scattered embeddings are left out: they have no vector
    for each value. What an earlier call has written for the folder is replaced.

    Parameters
    ----------
    embeddings : fitted estimator, or dict of str to array of shape (n, d)
        An estimator with embedding columns, or matrices by their names.
    log_dir : path, optional
        A folder; created where absent. None takes the estimator's ``model_dir``.
    labels : dict of str to list of n labels, optional
        What the points of an embedding are called; by default those of columns are the categories,
        or the buckets.

    Returns
    -------
    str
        The path of ``projector_config.pbtxt``.

    Raises
    ------
    NotFittedError
        If the estimator is not fitted.
    ValueError
        If there is no embedding, or no folder; if a matrix has no rows of numbers, or not as many
        labels as rows.

    Examples
    --------
    >>> import tempfile
    >>> import numpy as np
    >>> import tflearnkit as learn
    >>> words = np.array([[0.0, 1.0, 0.5], [0.1, 0.9, 0.4]])
    >>> path = learn.plot.write_projector(
    ...     {"words": words}, tempfile.mkdtemp(), labels={"words": ["cat", "dog"]})
    >>> print(open(path).read())
    embeddings {
      tensor_name: "words"
      tensor_path: "projector/0_words.tsv"
      metadata_path: "projector/0_words_labels.tsv"
    }
    """
    if isinstance(embeddings, Mapping):
        matrices, known = embeddings, {}
    else:
        matrices, known = _of_estimator(embeddings)
        log_dir = model_dir_of(embeddings) if log_dir is None else log_dir
    if log_dir is None:
        raise ValueError(
            "write_projector needs a folder to write to. Got log_dir=None, and no estimator with a "
            "model_dir: pass log_dir."
        )
    if not matrices:
        raise ValueError("write_projector expects at least one matrix. Got an empty dict: add one.")
    matrices = {str(name): _checked(name, matrix) for name, matrix in matrices.items()}
    known = known | _checked_labels(labels or {}, matrices)
    os.makedirs(os.path.join(log_dir, _FOLDER), exist_ok=True)
    entries = [
        _write(os.fspath(log_dir), place, name, matrix, known.get(name))
        for place, (name, matrix) in enumerate(matrices.items())
    ]
    path = os.path.join(log_dir, _CONFIG)
    replace_file(path, lambda file: file.write("".join(entries).encode()))
    return path


def _of_estimator(estimator) -> tuple[dict[str, np.ndarray], dict[str, list[str]]]:
    """Return the tables of vectors of a network's embeddings, and what their rows are called."""
    model = estimator._fitted()
    parts = model.parts if isinstance(model, FittedModel) else ()
    blocks = [b for part in parts if isinstance(part, Deep) for b in part.embeddings]
    blocks = [block for block in blocks if not block.hashed]
    if not blocks:
        raise ValueError(
            f"write_projector shows the embedding columns of a network. Got a "
            f"{type(estimator).__name__} without any: pass a dict of matrices, or declare an "
            "embedding_column."
        )
    matrices, labels = {}, {}
    for block in blocks:  # of those that share a table, the first one names its rows
        name = block.table.removesuffix("/weights").rsplit("/", 1)[-1]
        if name not in matrices:
            matrices[name] = model.weights[block.table]
            labels[name] = _labels(model.columns.ids[block.ids.index])
    return matrices, labels


def _labels(column: IdColumn) -> list[str]:
    """Return what the ids of a column are called."""
    if isinstance(column, WeightedColumn):
        return _labels(column.sparse_id_column)
    if isinstance(column, VocabularyColumn):
        rest = ["(other)", "(missing)"][: column.size - len(column.vocabulary)]
        return [*map(str, column.vocabulary), *rest]
    if isinstance(column, KeysColumn):
        others = [f"(other {number})" for number in range(column.num_oov_buckets)]
        return [*map(str, column.keys), *others]
    if isinstance(column, BucketizedColumn):
        bounds = ["-inf", *(f"{bound:g}" for bound in column.boundaries), "inf"]
        ranges = [f"{low} to {high}" for low, high in zip(bounds, bounds[1:], strict=False)]
        dimension = column.source_column.dimension
        if dimension == 1:
            return ranges
        return [f"{place}: {each}" for place in range(dimension) for each in ranges]
    return [str(number) for number in range(column.size)]


def _checked(name, matrix) -> np.ndarray:
    found = np.asarray(matrix)
    if found.ndim != 2 or not found.size or found.dtype.kind not in "biuf":
        raise ValueError(
            f"The matrix {name!r} should have a row of numbers for each point. Got {found.dtype} "
            f"of shape {found.shape}: reshape it."
        )
    return found


def _checked_labels(labels: Mapping[str, Iterable], matrices: Mapping) -> dict[str, list[str]]:
    found = {}
    for name, given in labels.items():
        if name not in matrices:
            raise ValueError(
                f"labels should be of what there is: {', '.join(map(repr, matrices))}. Got "
                f"{name!r}: use one of these names."
            )
        found[name] = [str(label) for label in given]
        if len(found[name]) != len(matrices[name]):
            raise ValueError(
                f"labels of {name!r} should be {len(matrices[name])}, one for each row. Got "
                f"{len(found[name])}: pass as many."
            )
    return found


def _write(log_dir: str, place: int, name: str, matrix: np.ndarray, labels) -> str:
    """Write the files of a matrix; return its entry in the configuration."""
    file_name = f"{place}_{re.sub('[^A-Za-z0-9_.-]', '_', name)[:100]}"
    lines = [f"  tensor_name: {_quoted(name)}", f'  tensor_path: "{_FOLDER}/{file_name}.tsv"']
    path = os.path.join(log_dir, _FOLDER, file_name)
    numbers = partial(np.savetxt, X=matrix, fmt="%.9g", delimiter="\t")
    replace_file(f"{path}.tsv", numbers)
    if labels is not None:
        words = "".join(f"{_one_line(label)}\n" for label in labels).encode()
        replace_file(f"{path}_labels.tsv", lambda file: file.write(words))
        lines.append(f'  metadata_path: "{_FOLDER}/{file_name}_labels.tsv"')
    return "\n".join(["embeddings {", *lines, "}\n"])


def _quoted(name: str) -> str:
    return json.dumps(name, ensure_ascii=False)


def _one_line(label: str) -> str:
    """Return a label without what would begin another one."""
    return " ".join(label.split()) or "(empty)"
