"""Checkpoints: what was saved comes back, whatever happened to the machine in between."""

import json
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import sys
import time
import warnings

import numpy as np
import pytest

from tflearnkit import checkpoint
from tflearnkit.errors import CheckpointError, CheckpointWarning


def save(folder, *steps, keep=5):
    for step in steps:
        path = checkpoint.save(folder, step, {"w": np.full(3, step)}, {"at": step}, keep)
    return path


def value(folder, **kwargs):
    return int(checkpoint.restore(folder, **kwargs).arrays["w"][0])


def flip(path, position):
    with open(path, "r+b") as file:
        file.seek(position)
        byte = file.read(1)[0]
        file.seek(position)
        file.write(bytes([byte ^ 0x41]))


def test_arrays_names_and_manifest_come_back_as_they_were(tmp_path):
    arrays = {
        "dnn/hidden_0/weights": np.random.default_rng(0).normal(size=(3, 2)).astype(np.float32),
        "a name / with: anything ü": np.arange(5),
        "scalar": np.float64(1.5),
        "empty": np.empty((0, 4), np.int32),
        "flags": np.array([True, False]),
        "words": np.array(["a", "bcd"]),
    }
    manifest = {"kind": "dnn", "classes": ["x", "y"], "loss": 0.1, "nothing": None, "sizes": [1, 2]}
    path = checkpoint.save(tmp_path, 120, arrays, manifest, keep=5)
    found = checkpoint.restore(tmp_path)
    assert os.path.basename(path) == "checkpoint-00000120"
    assert (found.step, found.path, found.manifest) == (120, path, manifest)
    assert list(found.arrays) == list(arrays)
    for name, array in arrays.items():
        np.testing.assert_array_equal(found.arrays[name], array, strict=name != "scalar")
    assert sorted(os.listdir(path)) == ["arrays.npz", "manifest.json"]


def test_manifest_tells_names_shapes_and_dtypes(tmp_path):
    path = checkpoint.save(tmp_path, 3, {"a/b": np.zeros((2, 3), np.float32)}, {}, 5)
    with open(os.path.join(path, "manifest.json")) as file:
        content = json.load(file)
    assert content["arrays"] == [{"name": "a/b", "shape": [2, 3], "dtype": "<f4"}]
    assert (content["version"], content["step"]) == (1, 3)


def test_manifest_keys_that_are_numbers_become_strings_but_load(tmp_path):
    checkpoint.save(tmp_path, 1, {}, {1: "a", 10: "b", 2: "c"}, 5)
    assert checkpoint.restore(tmp_path).manifest == {"1": "a", "10": "b", "2": "c"}


def test_no_folder_and_an_empty_one_have_no_checkpoint(tmp_path):
    assert checkpoint.restore(tmp_path / "absent") is None
    assert checkpoint.restore(tmp_path) is None
    assert checkpoint.latest_step(tmp_path) is None
    assert checkpoint.checkpoints(tmp_path / "absent") == []


def test_only_the_newest_are_kept(tmp_path):
    save(tmp_path, 9, 10, 100, 1000, keep=2)
    assert checkpoint.checkpoints(tmp_path) == [100, 1000]
    save(tmp_path, 1001, 1002, keep=None)
    assert checkpoint.checkpoints(tmp_path) == [100, 1000, 1001, 1002]
    assert checkpoint.latest_step(tmp_path) == 1002
    assert value(tmp_path) == 1002


def test_a_step_beyond_the_width_of_the_name_sorts_by_number(tmp_path):
    save(tmp_path, 99_999_999, 100_000_000)
    assert value(tmp_path) == 100_000_000


def test_a_second_save_of_a_step_replaces_the_first(tmp_path):
    save(tmp_path, 1, 7)
    for number in range(3):
        checkpoint.save(tmp_path, 7, {"w": np.full(3, 70 + number)}, {}, keep=5)
        assert value(tmp_path) == 70 + number
    assert checkpoint.checkpoints(tmp_path) == [1, 7]
    assert len(os.listdir(tmp_path)) == 2


def test_the_one_saved_last_is_the_newest_even_at_an_earlier_step(tmp_path):
    save(tmp_path, 10, 20, 30)
    save(tmp_path, 15, keep=1)
    assert value(tmp_path) == 15
    assert checkpoint.checkpoints(tmp_path) == [15]


def test_a_step_can_be_asked_for(tmp_path):
    save(tmp_path, 10, 20)
    assert value(tmp_path, step=10) == 10
    with pytest.raises(CheckpointError, match="Steps there: 10, 20"):
        checkpoint.restore(tmp_path, step=15)
    os.remove(os.path.join(tmp_path, "checkpoint-00000020", "arrays.npz"))
    with pytest.raises(CheckpointError, match="step 20 should be intact.*arrays.npz is missing"):
        checkpoint.restore(tmp_path, step=20)


def test_a_removal_cut_short_leaves_no_half_checkpoint(tmp_path, monkeypatch):
    save(tmp_path, 1)

    def cut_short(path, **kwargs):
        os.remove(os.path.join(path, "arrays.npz"))
        raise KeyboardInterrupt

    monkeypatch.setattr(shutil, "rmtree", cut_short)
    with pytest.raises(KeyboardInterrupt):
        save(tmp_path, 2, keep=1)
    assert checkpoint.checkpoints(tmp_path) == [2]
    assert value(tmp_path) == 2


def test_a_moved_folder_loads(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    save("old", 5)
    shutil.move("old", "new")
    assert value("new") == 5
    manifest = tmp_path / "new" / "checkpoint-00000005" / "manifest.json"
    assert str(tmp_path) not in manifest.read_text()


def _truncate(path):
    os.truncate(os.path.join(path, "arrays.npz"), 100)


def _flip_array(path):
    flip(os.path.join(path, "arrays.npz"), 150)


def _remove_manifest(path):
    os.remove(os.path.join(path, "manifest.json"))


def _remove_arrays(path):
    os.remove(os.path.join(path, "arrays.npz"))


def _truncate_manifest(path):
    os.truncate(os.path.join(path, "manifest.json"), 50)


def _empty(path):
    shutil.rmtree(path)
    os.mkdir(path)


def _null_manifest(path):
    with open(os.path.join(path, "manifest.json"), "wb") as file:
        file.write(bytes(400))  # what some file systems leave after a power cut


DAMAGES = [
    _truncate, _flip_array, _remove_manifest, _remove_arrays, _truncate_manifest, _empty,
    _null_manifest,
]  # fmt: skip


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_newer_checkpoint_is_passed_over_and_named(tmp_path, damage):
    save(tmp_path, 10)
    damage(save(tmp_path, 20))
    with pytest.warns(CheckpointWarning, match="checkpoint-00000020.*checkpoint-00000010"):
        assert value(tmp_path) == 10
    save(tmp_path, 15, keep=1)  # training went on from 10: the damaged future is gone
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert value(tmp_path) == 15


@pytest.mark.parametrize("damage", DAMAGES)
def test_nothing_but_damaged_checkpoints_is_an_error(tmp_path, damage):
    for path in (save(tmp_path, 10), save(tmp_path, 20)):
        damage(path)
    with pytest.raises(CheckpointError, match="all are damaged.*00000020.*00000010"):
        checkpoint.restore(tmp_path)


def test_any_flipped_byte_of_the_manifest_is_noticed(tmp_path):
    save(tmp_path, 10)
    newer = os.path.join(save(tmp_path, 20), "manifest.json")
    intact = checkpoint.restore(tmp_path)
    for position in range(os.path.getsize(newer)):
        flip(newer, position)
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            found = checkpoint.restore(tmp_path)
        if caught:
            assert found.step == 10
        else:  # white space between the words means nothing
            assert (found.step, found.manifest) == (intact.step, intact.manifest)
            assert int(found.arrays["w"][0]) == 20
        flip(newer, position)


def test_an_unknown_version_says_so(tmp_path):
    from tflearnkit import checkpoint_folder

    path = pathlib.Path(save(tmp_path, 10)) / "manifest.json"
    content = json.loads(path.read_text())
    del content["digest"]
    content["version"] = 2
    content["digest"] = checkpoint_folder._digest(content)
    path.write_text(json.dumps(content))
    with pytest.raises(CheckpointError, match="version 1, but says .*version 2.*upgrade"):
        checkpoint.restore(tmp_path)


def test_foreign_content_is_refused_and_never_removed(tmp_path):
    folder = tmp_path / "checkpoint-500"
    folder.mkdir()
    (folder / "pytorch_model.bin").write_text("x")
    with pytest.raises(CheckpointError, match="pytorch_model.bin.*another model_dir"):
        checkpoint.restore(tmp_path)
    save(tmp_path, 600, 700, 400, keep=1)
    assert (folder / "pytorch_model.bin").exists()
    (tmp_path / "checkpoint-900").write_text("x")
    with pytest.raises(CheckpointError, match="is a file"):
        checkpoint.restore(tmp_path)


def test_a_manifest_of_another_program_is_refused(tmp_path):
    folder = tmp_path / "checkpoint-5"
    folder.mkdir()
    (folder / "manifest.json").write_text('{"name": "web app"}')
    with pytest.raises(CheckpointError, match="says format None"):
        checkpoint.restore(tmp_path)


def test_tensorflow_checkpoints_are_refused(tmp_path):
    (tmp_path / "checkpoint").write_text('model_checkpoint_path: "model.ckpt-1"')
    (tmp_path / "model.ckpt-1.index").write_bytes(b"")
    with pytest.raises(CheckpointError, match="TensorFlow's: checkpoint, model.ckpt-1.index"):
        checkpoint.restore(tmp_path)


def test_other_files_beside_the_checkpoints_do_no_harm(tmp_path):
    (tmp_path / "events.out.tfevents.1").write_bytes(b"")
    (tmp_path / "eval").mkdir()
    assert checkpoint.restore(tmp_path) is None
    save(tmp_path, 1)
    assert value(tmp_path) == 1


def test_python_objects_are_refused_and_nothing_is_left_behind(tmp_path):
    with pytest.raises(TypeError, match=r"names \(object\)"):
        checkpoint.save(tmp_path, 1, {"names": np.array(["a", None], object)}, {}, 5)
    with pytest.raises(TypeError, match="JSON"):
        checkpoint.save(tmp_path, 1, {}, {"f": print}, 5)
    assert os.listdir(tmp_path) == []


def test_partial_files_of_dead_writers_are_cleaned_up_but_not_those_of_the_living(tmp_path):
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    host, me = socket.gethostname(), os.getpid()
    dead = [
        f".partial-checkpoint-{host}-{gone.pid}-aa-bb",
        f".partial-checkpoint-{host}-{me}-othertoken-bb",
        ".partial-checkpoint-host-of-long-ago-1-aa-bb",
    ]
    alive = [f".partial-checkpoint-{host}-{os.getppid()}-aa-bb", ".partial-checkpoint-far-1-aa-bb"]
    for name in dead + alive:
        (tmp_path / name).mkdir()
    two_days_ago = time.time() - 2 * 24 * 3600
    os.utime(tmp_path / dead[2], (two_days_ago, two_days_ago))
    save(tmp_path, 1)
    assert sorted(os.listdir(tmp_path)) == sorted([*alive, "checkpoint-00000001"])


def test_check_writable_creates_the_folder_or_says_why_not(tmp_path):
    checkpoint.check_writable(tmp_path / "a" / "b")
    assert os.listdir(tmp_path / "a" / "b") == []
    (tmp_path / "file").write_text("x")
    for bad in (tmp_path / "file", tmp_path / "file" / "below"):
        with pytest.raises(CheckpointError, match="can be written to, but .*file.* is not"):
            checkpoint.check_writable(bad)


WRITER = """
import sys
import numpy as np
from tflearnkit import checkpoint
last = checkpoint.restore(sys.argv[1])
step = last.step if last else 0
print("ready", flush=True)
while True:
    step += 1
    checkpoint.save(sys.argv[1], step, {"w": np.full(200_000, step)}, {"at": step}, keep=2)
"""


@pytest.mark.skipif(os.name == "nt", reason="signals of POSIX")
def test_a_kill_at_any_moment_leaves_a_good_checkpoint(tmp_path):
    before = 0
    for wait in (0.0, 0.013, 0.047, 0.071, 0.11):
        writer = subprocess.Popen(
            [sys.executable, "-c", WRITER, tmp_path], stdout=subprocess.PIPE, text=True
        )
        assert writer.stdout.readline() == "ready\n"
        deadline = time.monotonic() + 30
        while (checkpoint.latest_step(tmp_path) or 0) <= before and time.monotonic() < deadline:
            time.sleep(0.01)
        time.sleep(wait)
        writer.send_signal(signal.SIGKILL)
        writer.wait()
        writer.stdout.close()
        with warnings.catch_warnings():
            warnings.simplefilter("error")  # not even a damaged one to pass over
            found = checkpoint.restore(tmp_path)
        assert found.step == found.manifest["at"] > before
        np.testing.assert_array_equal(found.arrays["w"], np.full(200_000, found.step))
        before = found.step
    save(tmp_path, before + 1, keep=2)
    assert len(os.listdir(tmp_path)) == 2  # what the dead left is gone
