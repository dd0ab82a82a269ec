"""Warm start: training that begins with the variables of another model's checkpoint."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from tflearnkit import checkpoint
from tflearnkit.checkpoint_folder import MANIFEST, Damaged, read
from tflearnkit.errors import CheckpointError, did_you_mean, listing

__all__ = ["WarmStartSettings", "begun_from"]


@dataclass(frozen=True)
class WarmStartSettings:
    """Which variables training begins with, and whose they are.

    Parameters
    ----------
    ckpt_to_initialize_from : path
        A ``model_dir``, whose newest checkpoint is taken, or one checkpoint in it.
    vars_to_warm_start : str, default=".*"
        A regular expression that the names of variables must begin with: ``"stack/"`` takes all
        of a scope. The others begin as they would without; optimizers always do.
    var_name_to_prev_var_name : dict of str to str, optional
        What variables are called in the checkpoint, where that is something else.

    Raises
    ------
    ValueError
        If ``vars_to_warm_start`` is no regular expression, or the last one no dict.

    Examples
    --------
    >>> settings = WarmStartSettings("/tmp/model", vars_to_warm_start="hidden")
    >>> settings.vars_to_warm_start
    'hidden'
    """

    ckpt_to_initialize_from: str | os.PathLike
    vars_to_warm_start: str = ".*"
    var_name_to_prev_var_name: Mapping[str, str] | None = None

    def __post_init__(self):
        try:
            re.compile(self.vars_to_warm_start)
        except (re.error, TypeError) as error:
            raise ValueError(
                "vars_to_warm_start should be a regular expression. Got "
                f"{self.vars_to_warm_start!r} ({error}): write one, such as 'stack/.*'."
            ) from None
        if not isinstance(self.var_name_to_prev_var_name, Mapping | None):
            raise ValueError(
                "var_name_to_prev_var_name should be a dict of names in the checkpoint by names "
                f"now. Got {self.var_name_to_prev_var_name!r}: pass a dict, or leave it out."
            )


def begun_from(settings, model):
    """Return an untrained model with the variables that it is to begin with.

    Parameters
    ----------
    settings : WarmStartSettings, path or None
    model : FittedFunction

    Raises
    ------
    CheckpointError
        If there is no such checkpoint.
    ValueError
        If names or shapes do not fit.
    """
    if settings is None:
        return model
    if not isinstance(settings, WarmStartSettings):
        settings = WarmStartSettings(settings)
    found = _checkpoint(settings.ckpt_to_initialize_from)
    previous = _previous_names(settings, model.weights)
    taken = {name: _array(found, name, previous[name], model.state[name]) for name in previous}
    return model.with_state({**model.state, **taken}, model.step)


def _checkpoint(path) -> checkpoint.Checkpoint:
    if not isinstance(path, str | os.PathLike):
        raise ValueError(
            f"warm_start_from should be a path or WarmStartSettings. Got {path!r}: pass the "
            "model_dir to begin from."
        )
    try:
        is_one = os.path.exists(os.path.join(path, MANIFEST))
        found = read(os.fspath(path)) if is_one else checkpoint.restore(path)
    except Damaged as error:
        raise CheckpointError(
            f"warm_start_from should be an intact checkpoint. {os.fspath(path)!r} is damaged: "
            f"{error}. Name another one."
        ) from error
    if found is None:
        raise CheckpointError(
            f"warm_start_from should be a model_dir with a checkpoint. There is none in "
            f"{os.fspath(path)!r}: name the folder that another estimator was trained in."
        )
    return found


def _previous_names(settings: WarmStartSettings, own: Mapping[str, np.ndarray]) -> dict[str, str]:
    """Return the names in the checkpoint by the names of the variables that are taken."""
    wanted = [name for name in own if re.match(settings.vars_to_warm_start, name)]
    if not wanted:
        raise ValueError(
            f"vars_to_warm_start should match the name of a variable. Got "
            f"{settings.vars_to_warm_start!r}; variables: {listing(sorted(own))}."
        )
    renamed = settings.var_name_to_prev_var_name or {}
    unknown = [name for name in renamed if name not in wanted]
    if unknown:
        raise ValueError(
            "var_name_to_prev_var_name should have names of variables that are taken as its keys. "
            f"Got {unknown[0]!r}; taken are: {listing(sorted(wanted))}."
            f"{did_you_mean(unknown[0], wanted)}"
        )
    return {name: renamed.get(name, name) for name in wanted}


def _array(found: checkpoint.Checkpoint, name: str, previous: str, now: np.ndarray) -> np.ndarray:
    if previous not in found.arrays:
        raise ValueError(
            f"Variable {name!r} should begin as {previous!r} of the checkpoint {found.path!r}, "
            f"which has no such variable, only: {listing(sorted(found.arrays))}. Leave it out of "
            "vars_to_warm_start, or give its name there in var_name_to_prev_var_name."
            f"{did_you_mean(previous, found.arrays)}"
        )
    array = found.arrays[previous]
    if array.shape != now.shape:
        raise ValueError(
            f"Variable {name!r} should have the shape that {previous!r} has in the checkpoint "
            f"{found.path!r}, {array.shape}. Got {now.shape}: change the model, or leave it out "
            "of vars_to_warm_start."
        )
    return array.astype(now.dtype)
