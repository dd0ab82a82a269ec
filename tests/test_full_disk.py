"""Disks that are full: an error that says where; what stood before stands; a second try succeeds.

The limit is that of the size of one file: it, too, lets a file be opened and refuses its end.
"""

import contextlib
import errno
import os
import re
import tempfile

import numpy as np
import pytest
from event_files import scalars

import tflearnkit as learn
from tflearnkit import checkpoint, datasets, whole_file
from tflearnkit.datasets import folders
from tflearnkit.monitors import ExportMonitor, ProfilerMonitor
from tflearnkit.preprocessing import VocabularyProcessor
from tflearnkit.summaries import SummaryWriter
from tflearnkit.whole_file import naming, replace_file

resource = pytest.importorskip("resource", reason="POSIX limits the size of files")

RNG = np.random.default_rng(0)
X = RNG.normal(size=(90, 4))
Y = (X[:, 0] > 0).astype(int)
SILENT = learn.RunConfig(save_summary_steps=None, log_step_count_steps=None)


@contextlib.contextmanager
def limited(room):
    """Let no file grow beyond so many bytes."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (room, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


@contextlib.contextmanager
def full(path, room=1000):
    """Let no file grow beyond so many bytes; expect an error that names the path."""
    with limited(room), pytest.raises(OSError, match=re.escape(str(path))) as raised:
        yield
    assert raised.value.errno == errno.EFBIG
    assert str(raised.value.filename).startswith(str(path))


def contents(folder):
    """Return what a folder holds: {path: bytes}."""
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def network(model_dir=None, config=SILENT):
    return learn.DNNClassifier(
        (50,), dropout=0.2, batch_size=30, random_state=0, model_dir=model_dir, config=config
    )


@pytest.fixture(scope="module")
def fitted():
    return network().fit(X, Y, steps=3)


# --- training ------------------------------------------------------------------------------------


def test_a_first_checkpoint_that_cannot_be_written(tmp_path):
    model = network(tmp_path / "m")
    with full(tmp_path / "m"):
        model.fit(X, Y, steps=3)
    assert not contents(tmp_path)
    assert not hasattr(model, "model_")
    assert not hasattr(model, "classes_")
    assert network(tmp_path / "m").fit(X, Y, steps=3).evaluate(X, Y)["global_step"] == 3


def test_training_goes_on_from_the_checkpoint_before_the_disk_was_full(tmp_path):
    def fill_up(progress):
        stack.enter_context(full(tmp_path / "m"))

    config = SILENT.replace(save_checkpoints_steps=5)
    fill = learn.monitors.FunctionalMonitor(7, fill_up, first_n_steps=-1)
    model = network(tmp_path / "m", config)
    with contextlib.ExitStack() as stack:
        model.fit(X, Y, max_steps=20, monitors=[fill])
    assert checkpoint.checkpoints(tmp_path / "m") == [5]
    assert {path.parent.name for path in contents(tmp_path)} == {"checkpoint-00000005"}
    assert not hasattr(model, "model_")

    whole = network(tmp_path / "whole", config).fit(X, Y, max_steps=20)
    model.fit(X, Y, max_steps=20)
    np.testing.assert_array_equal(model.predict_proba(X), whole.predict_proba(X))


def test_event_files_that_cannot_be_written(tmp_path):
    config = learn.RunConfig(save_summary_steps=1, log_step_count_steps=None)
    model = network(tmp_path, config).fit(X, Y, max_steps=3)
    before = model.predict_proba(X)
    with full(tmp_path, room=5000):
        model.fit(X, Y, max_steps=100)
    assert checkpoint.checkpoints(tmp_path) == [3]
    np.testing.assert_array_equal(model.predict_proba(X), before)
    with limited(100), pytest.warns(UserWarning, match=re.escape(str(tmp_path / "eval"))):
        assert model.evaluate(X, Y)["global_step"] == 3
    model.fit(X, Y, max_steps=100)
    assert list(scalars(tmp_path)["loss"]) == list(range(1, 101))


def test_a_writer_goes_on_in_another_file(tmp_path):
    writer = SummaryWriter(tmp_path)
    with full(tmp_path):
        for step in range(100):
            writer.scalar("lost", 1.0, step)
        writer.flush()
    writer.scalar("found", 2.0, 100)
    writer.close()
    first, second = sorted(tmp_path.iterdir())
    first.unlink()
    assert scalars(tmp_path) == {"found": {100: 2.0}}


def test_a_trace_that_cannot_be_written(tmp_path, recwarn):
    monitor = ProfilerMonitor(first_step=5, n_steps=5, log_dir=tmp_path)
    with full(tmp_path):
        network().fit(X, Y, steps=20, monitors=[monitor])
    assert not contents(tmp_path)
    assert monitor.trace_path_ is None
    assert not [str(w.message) for w in recwarn if "has traced nothing" in str(w.message)]
    network().fit(X, Y, steps=20, monitors=[monitor])
    assert list(map(str, contents(tmp_path))) == [monitor.trace_path_]


# --- saves and exports ---------------------------------------------------------------------------


@pytest.mark.parametrize("room", [300, 1000], ids=["arrays", "words"])
@pytest.mark.parametrize("name", ["m", "m.zip"])
def test_a_save_that_cannot_be_written(tmp_path, fitted, name, room):
    fitted.save(tmp_path / name)
    before = contents(tmp_path)
    with full(tmp_path / name, room):
        learn.LinearClassifier().fit(X, Y).save(tmp_path / name)
    assert contents(tmp_path) == before
    np.testing.assert_array_equal(learn.load(tmp_path / name).predict(X), fitted.predict(X))


def test_a_save_that_fails_once_its_model_stands(tmp_path, fitted, monkeypatch):
    def fail(folder):
        if (tmp_path / "m" / "model.json").exists():
            raise OSError(errno.EIO, os.strerror(errno.EIO))

    monkeypatch.setattr(whole_file, "sync_folder", fail)
    with pytest.raises(OSError, match=os.strerror(errno.EIO)):
        fitted.save(tmp_path / "m")
    np.testing.assert_array_equal(learn.load(tmp_path / "m").predict(X), fitted.predict(X))


def test_an_export_that_cannot_be_written(tmp_path, fitted):
    fitted.export_savedmodel(tmp_path)
    before = contents(tmp_path)
    for room in (1000, 20_000):  # the variables, the graph
        with full(tmp_path, room):
            fitted.export_savedmodel(tmp_path)
        assert contents(tmp_path) == before
        assert len(list(tmp_path.iterdir())) == 1
    fitted.export_savedmodel(tmp_path)
    assert len(list(tmp_path.iterdir())) == 2


def test_an_export_during_training_that_cannot_be_written(tmp_path, fitted):
    monitor = ExportMonitor(10, tmp_path)
    model = network()
    with full(tmp_path):
        model.fit(X, Y, steps=10, monitors=[monitor])
    assert not list(tmp_path.iterdir())
    assert monitor.last_export_dir is None
    assert not hasattr(model, "model_")


def test_an_experiment_goes_on_where_its_export_could_not_be_written(tmp_path):
    strategy = learn.make_best_model_export_strategy()
    experiment = learn.Experiment(
        network(tmp_path), (X, Y), (X, Y), train_steps=5, export_strategies=[strategy]
    )
    with full(tmp_path / "export" / "best_model", room=20_000):
        experiment.train_and_evaluate()
    assert checkpoint.checkpoints(tmp_path) == [5]
    assert not list((tmp_path / "export" / "best_model").iterdir())
    experiment.train_and_evaluate()
    assert len(list((tmp_path / "export" / "best_model").iterdir())) == 1


def test_a_report_of_the_best_model_that_cannot_be_written(tmp_path, fitted):
    strategy = learn.make_best_model_export_strategy()
    with full(tempfile.gettempdir(), room=1):
        strategy.export(fitted, tmp_path, eval_result={"loss": 1.0})
    assert not list(tmp_path.iterdir())
    assert strategy.export(fitted, tmp_path, eval_result={"loss": 1.0})


def test_a_vocabulary_that_cannot_be_written(tmp_path):
    path = tmp_path / "words.json"
    VocabularyProcessor(5).fit(["a few words"]).save(path)
    with full(path):
        VocabularyProcessor(5).fit([" ".join(f"word{i}" for i in range(900))]).save(path)
    assert VocabularyProcessor.restore(path).transform(["few words"]).tolist() == [[2, 3, 0, 0, 0]]
    assert os.listdir(tmp_path) == ["words.json"]


def test_a_smaller_table_that_cannot_be_written(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text("".join(f"{i},é\n" for i in range(900)), encoding="utf-8")
    datasets.shrink_csv(path, 300)
    with full(tmp_path / "t_small.csv"):
        datasets.shrink_csv(path, 2)
    small = (tmp_path / "t_small.csv").read_bytes()
    assert small == "0,é\n300,é\n600,é\n".encode()
    assert sorted(os.listdir(tmp_path)) == ["t.csv", "t_small.csv"]


def test_points_for_the_projector_that_cannot_be_written(tmp_path):
    learn.plot.write_projector({"w": X[:3]}, tmp_path)
    before = contents(tmp_path)
    with full(tmp_path):
        learn.plot.write_projector({"w": X}, tmp_path)
    assert contents(tmp_path) == before


def test_a_full_cache_is_no_network_that_does_not_answer(tmp_path):
    def load():
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with pytest.raises(OSError, match="No space left on device") as raised:
        folders.from_internet("MNIST", "OpenML", tmp_path, False, True, load)
    assert raised.value.filename == str(tmp_path)


# --- what is named -------------------------------------------------------------------------------


def test_errors_that_name_a_path_keep_it(tmp_path):
    with pytest.raises(FileNotFoundError, match="'absent'"), naming(tmp_path):
        raise FileNotFoundError(errno.ENOENT, "none", "absent")
    with pytest.raises(OSError, match="^3 requested$"), naming(tmp_path):
        raise OSError("3 requested")  # without a number it is a sentence of its own


def test_other_errors_of_tensorflow_stay_as_they_are(tmp_path):
    import tensorflow as tf

    for told in (
        tf.errors.ResourceExhaustedError(None, None, "OOM when allocating"),
        tf.errors.NotFoundError(None, None, f"words.txt; {os.strerror(errno.ENOENT)}"),
    ):
        with pytest.raises(type(told)) as raised, naming(tmp_path):
            raise told
        assert raised.value is told
    refused = tf.errors.FailedPreconditionError(None, None, f"x; {os.strerror(errno.EROFS)}")
    with pytest.raises(OSError, match=re.escape(str(tmp_path))) as raised, naming(tmp_path):
        raise refused
    assert raised.value.errno == errno.EROFS


def test_a_file_that_is_whole_or_not_at_all(tmp_path):
    path = tmp_path / "f"
    replace_file(path, lambda file: file.write(b"before"))
    with full(path):
        replace_file(path, lambda file: file.write(b"x" * 5000))
    assert contents(tmp_path) == {path: b"before"}
