"""RunConfig: how a run is carried out. It never changes what is learned, but for the seed."""

from __future__ import annotations

import dataclasses
import math
import numbers
import os

from tflearnkit.errors import did_you_mean, listing

__all__ = ["RunConfig"]

_DEFAULT_SECS = 600


@dataclasses.dataclass(frozen=True, kw_only=True)
class RunConfig:
    """How often a run saves, logs and reports, and where to.

    Parameters
    ----------
    model_dir : path, default=None
        Folder of the checkpoints and TensorBoard files, for estimators that name none themselves.
    tf_random_seed : int in [0, 2**32), default=None
        Seed of estimators that have no ``random_state`` of their own.
    save_checkpoints_steps : int >= 1, default=None
        Training steps between checkpoints.
    save_checkpoints_secs : number > 0, default=600
        Seconds between checkpoints. Where ``save_checkpoints_steps`` is given, this becomes None;
        where both are None, only the end of training is saved.
    keep_checkpoint_max : int >= 1, default=5
        How many checkpoints are kept; None keeps all.
    save_summary_steps : int >= 1, default=100
        Training steps between entries for TensorBoard; None writes none.
    log_step_count_steps : int >= 1, default=100
        Training steps between reports of the speed; None makes none.

    Raises
    ------
    ValueError, TypeError
        A field out of its range, or both ``save_checkpoints_steps`` and ``save_checkpoints_secs``.

    Examples
    --------
    >>> config = RunConfig(model_dir="census", save_checkpoints_steps=500)
    >>> config.save_checkpoints_secs is None
    True
    >>> config.replace(save_checkpoints_secs=60).save_checkpoints_steps is None
    True
    """

    model_dir: str | os.PathLike | None = None
    tf_random_seed: int | None = None
    save_checkpoints_steps: int | None = None
    save_checkpoints_secs: float | None = _DEFAULT_SECS
    keep_checkpoint_max: int | None = 5
    save_summary_steps: int | None = 100
    log_step_count_steps: int | None = 100

    def __post_init__(self):
        if self.save_checkpoints_steps is not None and self.save_checkpoints_secs == _DEFAULT_SECS:
            object.__setattr__(self, "save_checkpoints_secs", None)
        _check_model_dir(self.model_dir)
        _check_seed(self.tf_random_seed)
        _check_secs(self.save_checkpoints_secs)
        for name in (
            "save_checkpoints_steps",
            "keep_checkpoint_max",
            "save_summary_steps",
            "log_step_count_steps",
        ):
            _check_count(name, getattr(self, name))
        if self.save_checkpoints_steps is not None and self.save_checkpoints_secs is not None:
            raise ValueError(
                "One of save_checkpoints_steps and save_checkpoints_secs was expected, but both "
                f"came: {self.save_checkpoints_steps} and {self.save_checkpoints_secs}. "
                "Give one of them."
            )

    def replace(self, **changes) -> RunConfig:
        """Return a changed copy; naming one of the two checkpoint intervals drops the other."""
        known = [field.name for field in dataclasses.fields(self)]
        for name in changes:
            if name not in known:
                raise TypeError(
                    f"replace() takes fields of RunConfig, but got {name!r}. "
                    f"Fields: {listing(known)}.{did_you_mean(name, known)}"
                )
        intervals = {"save_checkpoints_steps", "save_checkpoints_secs"}
        if len(named := intervals & set(changes)) == 1 and changes[min(named)] is not None:
            changes[min(intervals - named)] = None
        return dataclasses.replace(self, **changes)


def _is_int(value) -> bool:
    return isinstance(value, numbers.Integral) and not isinstance(value, bool)


def _check_model_dir(value) -> None:
    if value is not None and not isinstance(value, (str, os.PathLike)):
        raise TypeError(
            f"model_dir should be a path or None, but is {value!r}. Pass the folder's name."
        )
    if value is not None and not os.fspath(value):
        raise ValueError("model_dir should name a folder, but is ''. Pass None to save nothing.")


def _check_seed(value) -> None:
    if value is not None and not (_is_int(value) and 0 <= value < 2**32):
        raise ValueError(
            f"tf_random_seed should be an int in [0, 2**32) or None, but is {value!r}. "
            "Pass a whole number, or None for another seed each time."
        )


def _check_secs(value) -> None:
    fits = isinstance(value, numbers.Real) and not isinstance(value, bool)
    if value is not None and not (fits and 0 < value < math.inf):
        raise ValueError(
            f"save_checkpoints_secs should be a number of seconds above 0 or None, but is "
            f"{value!r}. Pass None to save at the end only."
        )


def _check_count(name: str, value) -> None:
    if value is not None and not (_is_int(value) and value >= 1):
        raise ValueError(
            f"{name} should be an int of at least 1 or None, but is {value!r}. "
            "Pass a whole number, or None for no such interval or limit."
        )
