"""Summaries: TensorBoard's own reader reads what was written."""

import os
import pickle

import pytest

from tflearnkit.summaries import SummaryWriter

pytest.importorskip("tensorboard")


def read(folder):
    """Return {tag: [(step, value), ...]} as TensorBoard sees the folder."""
    import tensorflow as tf
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    events = EventAccumulator(str(folder), size_guidance={"tensors": 0}).Reload()
    return {
        tag: [(e.step, float(tf.make_ndarray(e.tensor_proto))) for e in events.Tensors(tag)]
        for tag in events.Tags()["tensors"]
    }


def test_tensorboard_reads_the_scalars(tmp_path):
    writer = SummaryWriter(tmp_path / "logs")
    for step in (1, 2, 300):
        writer.scalar("loss", 1 / step, step)
    writer.scalar("global_step/sec", 12.5, 300)
    writer.close()
    found = read(tmp_path / "logs")
    assert found["loss"] == [(1, 1.0), (2, 0.5), (300, pytest.approx(1 / 300))]
    assert found["global_step/sec"] == [(300, 12.5)]


def test_tensorboard_shows_them_as_scalars(tmp_path):
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    writer = SummaryWriter(tmp_path)
    writer.scalar("loss", 1.0, 1)
    writer.close()
    events = EventAccumulator(str(tmp_path)).Reload()
    assert events.SummaryMetadata("loss").plugin_data.plugin_name == "scalars"


def test_nothing_is_created_before_the_first_number(tmp_path):
    writer = SummaryWriter(tmp_path / "logs")
    writer.flush()
    writer.close()
    assert not os.path.exists(tmp_path / "logs")


def test_flush_makes_it_readable_and_a_closed_writer_goes_on(tmp_path):
    writer = SummaryWriter(tmp_path)
    writer.scalar("loss", 3.0, 1)
    writer.flush()
    assert read(tmp_path) == {"loss": [(1, 3.0)]}
    writer.close()
    writer.close()
    writer.scalar("loss", 2.0, 2)
    copied = pickle.loads(pickle.dumps(writer))
    writer.close()
    copied.scalar("loss", 1.0, 3)
    copied.close()
    assert read(tmp_path) == {"loss": [(1, 3.0), (2, 2.0), (3, 1.0)]}
