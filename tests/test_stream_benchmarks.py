"""The benchmarks of streams read what they wrote, and learn from it."""

import numpy as np
import pytest

from benchmarks import larger_than_memory, streams


def test_the_figures_of_streams_are_of_all_rows(capsys):
    streams.csv(n_rows=3_000, rounds=1)
    streams.tfrecord(n_rows=3_000, rounds=1)
    streams.training(3_000, [(8,)], rounds=1)
    printed = capsys.readouterr().out
    assert printed.count("rows/s") == 7
    assert printed.count("ratio ") == 2
    assert printed.count("of what arrays give") == 3


@pytest.mark.parametrize("form", ["csv", "tfrecord"])
def test_rows_are_written_and_read_whole(form, tmp_path):
    write = streams.write_csv if form == "csv" else streams.write_tfrecord
    path = write(tmp_path / f"rows.{form}", 3_000)
    batches = list(larger_than_memory.rows_of(path, "label"))
    assert sum(len(label) for _, label in batches) == 3_000
    ((X, y),) = streams.blocks(3_000)
    columns = [features.get("x", features.get("x3")) for features, _ in batches]
    found = np.sort(np.concatenate([c.numpy().reshape(len(c), -1)[:, -1] for c in columns]))
    np.testing.assert_allclose(found, np.sort(X[:, 3 if form == "csv" else 27]), rtol=1e-4)
    assert sum(int(np.sum(label)) for _, label in batches) == y.sum()


@pytest.mark.parametrize("name", sorted(larger_than_memory.ESTIMATORS))
def test_estimators_go_through_the_file(name, tmp_path):
    path = streams.write_csv(tmp_path / "rows.csv", 4_000)
    found = larger_than_memory.fit(name, path, str(tmp_path / "model"), 4_000)
    assert found["step"] == 4
    assert name == "k-means" or found["accuracy"] > 0.6
