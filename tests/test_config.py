"""RunConfig: its fields are checked, and copies are changed, never the original."""

import copy
import dataclasses
import pathlib
import pickle

import numpy as np
import pytest

from tflearnkit.config import RunConfig


def test_defaults():
    assert dataclasses.asdict(RunConfig()) == {
        "model_dir": None,
        "tf_random_seed": None,
        "save_checkpoints_steps": None,
        "save_checkpoints_secs": 600,
        "keep_checkpoint_max": 5,
        "save_summary_steps": 100,
        "log_step_count_steps": 100,
        "num_cores": 0,
        "gpu_memory_fraction": 1.0,
        "log_device_placement": False,
        "cluster_spec": {},
        "job_name": None,
        "task": 0,
        "master": "",
        "evaluation_master": "",
        "is_chief": True,
        "num_ps_replicas": 0,
        "distribute": None,
        "precision": "float32",
        "peer_deadline_secs": 600,
    }


def test_it_is_a_value():
    config = RunConfig(model_dir="m", tf_random_seed=3)
    assert config == copy.deepcopy(config) == pickle.loads(pickle.dumps(config))
    assert hash(config) == hash(RunConfig(model_dir="m", tf_random_seed=3))
    with pytest.raises(AttributeError):
        config.model_dir = "other"


def test_checkpoint_steps_take_the_place_of_the_default_seconds():
    assert RunConfig(save_checkpoints_steps=7).save_checkpoints_secs is None
    with pytest.raises(ValueError, match="7 and 2"):
        RunConfig(save_checkpoints_steps=7, save_checkpoints_secs=2)
    assert RunConfig(save_checkpoints_secs=None).save_checkpoints_steps is None


def test_replace_keeps_the_other_fields_and_the_original():
    config = RunConfig(model_dir="m", save_checkpoints_secs=2)
    other = config.replace(save_checkpoints_steps=10)
    assert (other.model_dir, other.save_checkpoints_steps, other.save_checkpoints_secs) == (
        "m", 10, None,
    )  # fmt: skip
    assert (config.save_checkpoints_steps, config.save_checkpoints_secs) == (None, 2)
    assert other.replace(save_checkpoints_secs=3).save_checkpoints_steps is None
    assert other.replace(keep_checkpoint_max=1).save_checkpoints_steps == 10
    assert other.replace(save_checkpoints_steps=None).save_checkpoints_secs is None
    with pytest.raises(TypeError, match="Did you mean 'model_dir'"):
        config.replace(modeldir="x")
    with pytest.raises(ValueError, match="keep_checkpoint_max"):
        config.replace(keep_checkpoint_max=0)


@pytest.mark.parametrize(
    ("field", "good"),
    [
        ("model_dir", pathlib.Path("m")),
        ("tf_random_seed", 0),
        ("tf_random_seed", np.int64(5)),
        ("save_checkpoints_secs", 0.5),
        ("keep_checkpoint_max", None),
        ("save_summary_steps", None),
        ("log_step_count_steps", 1),
        ("num_cores", 4),
        ("gpu_memory_fraction", 0.25),
        ("log_device_placement", True),
        ("evaluation_master", "grpc://a:1"),
    ],
)
def test_good_values(field, good):
    assert getattr(RunConfig(**{field: good}), field) == good


@pytest.mark.parametrize(
    ("field", "bad"),
    [
        ("model_dir", 3),
        ("model_dir", ""),
        ("tf_random_seed", -1),
        ("tf_random_seed", 1.5),
        ("tf_random_seed", True),
        ("save_checkpoints_steps", 0),
        ("save_checkpoints_secs", 0),
        ("save_checkpoints_secs", "60"),
        ("save_checkpoints_secs", float("nan")),
        ("save_checkpoints_secs", float("inf")),
        ("keep_checkpoint_max", 0),
        ("save_summary_steps", 2.5),
        ("log_step_count_steps", -100),
        ("num_cores", -1),
        ("num_cores", 1.5),
        ("gpu_memory_fraction", 0),
        ("gpu_memory_fraction", 2),
        ("log_device_placement", 1),
    ],
)
def test_bad_values_are_named(field, bad):
    with pytest.raises((ValueError, TypeError), match=f"{field} should .*{bad!r}"):
        RunConfig(**{field: bad})
