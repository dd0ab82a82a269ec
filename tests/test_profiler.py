"""ProfilerMonitor: traces of chosen steps, and the operations that cost most."""

import copy
import glob
import os

import numpy as np
import pytest
import tensorflow as tf
from sklearn.datasets import load_iris

import tflearnkit as learn
from tflearnkit.monitors import BaseMonitor, FunctionalMonitor, ProfilerMonitor
from tflearnkit.monitors.trace_reading import costs_in

X, y = load_iris(return_X_y=True)


def network(**options):
    return learn.DNNClassifier([16], batch_size=32, random_state=0, **options)


def test_chosen_steps_are_traced_into_model_dir(tmp_path):
    monitor = ProfilerMonitor(first_step=20, n_steps=30)
    model_dir = tmp_path / "a[b]"  # no pattern of files
    plain = network(steps=80).fit(X, y)
    clf = network(steps=80, model_dir=str(model_dir)).fit(X, y, monitors=[monitor])
    assert (clf.predict_proba(X) == plain.predict_proba(X)).all()
    (path,) = glob.glob(f"{glob.escape(str(model_dir))}/plugins/profile/*/*.xplane.pb")
    assert monitor.trace_path_ == path
    logits = [cost for cost in monitor.top_ops_ if cost.name.startswith("dnn/logits/")]
    assert {cost.calls for cost in logits} == {30}
    assert [c.microseconds for c in monitor.top_ops_] == sorted(
        (c.microseconds for c in monitor.top_ops_), reverse=True
    )
    assert sum(cost.share for cost in monitor.top_ops_) == pytest.approx(1)


def test_the_table_shows_the_dearest_first_and_is_logged(tmp_path, caplog):
    monitor = ProfilerMonitor(10, 10, log_dir=tmp_path, n_shown=2)
    with caplog.at_level("INFO", logger="tflearnkit"):
        network(steps=40).fit(X, y, monitors=[monitor])
    header, first, second = monitor.table(2).splitlines()
    assert header.split() == ["operation", "kind", "calls", "us", "share"]
    assert first.split()[0] == monitor.top_ops_[0].name
    assert second.split()[0] == monitor.top_ops_[1].name
    assert len(monitor.table().splitlines()) == 1 + len(monitor.top_ops_)
    assert monitor.table(2) in caplog.text


def test_model_functions_that_xla_does_not_compile_are_traced_too(tmp_path):
    def model(features, targets):
        logits = learn.layers.linear(features, 3)
        loss = learn.losses.sparse_softmax_cross_entropy(logits, targets)
        step = learn.layers.optimize_loss(loss, learning_rate=0.1, optimizer="SGD")
        return {"logits": logits}, loss, step

    monitor = ProfilerMonitor(10, 10, log_dir=tmp_path)
    own = learn.Estimator(model, steps=40, batch_size=16)
    own.fit(X.astype(np.float32), y, monitors=[monitor])
    products = [cost for cost in monitor.top_ops_ if "MatMul" in cost.kind + cost.name]
    assert products
    assert {cost.calls for cost in products} == {10}


def test_what_other_monitors_do_when_it_ends_is_not_in_it(tmp_path):
    def decompose(progress):
        tf.linalg.logdet(tf.eye(3) + tf.random.stateless_uniform([3, 3], [0, 0]))

    monitor = ProfilerMonitor(20, 20, log_dir=tmp_path)
    others = [FunctionalMonitor(20, decompose)]
    network(steps=60).fit(X, y, monitors=[*others, monitor])
    assert monitor.top_ops_
    assert not [cost for cost in monitor.top_ops_ if "Determinant" in cost.kind]


class _Stops(BaseMonitor):
    def next_step(self, step):
        return 15

    def step_end(self, step, outputs):
        super().step_end(step, outputs)
        return step >= 15


class _Raises(_Stops):
    def step_end(self, step, outputs):
        if super().step_end(step, outputs):
            raise KeyError("a fault of the user's")


def test_a_training_that_fails_leaves_no_trace_running(tmp_path):
    monitor = ProfilerMonitor(10, 1000, log_dir=tmp_path)
    clf = network(steps=100)
    with pytest.raises(KeyError):
        clf.fit(X, y, monitors=[monitor, _Raises()])
    assert not hasattr(clf, "model_")
    assert monitor.top_ops_
    tf.profiler.experimental.start(str(tmp_path / "another"))
    tf.profiler.experimental.stop()


def test_a_training_that_stops_early_is_traced_up_to_there(tmp_path):
    monitor = ProfilerMonitor(10, 1000, log_dir=tmp_path)
    network(steps=100).fit(X, y, monitors=[monitor, _Stops()])
    logits = [cost for cost in monitor.top_ops_ if cost.name.startswith("dnn/logits/")]
    assert {cost.calls for cost in logits} == {5}


def test_only_one_traces_at_a_time(tmp_path):
    clf, monitor = network(steps=100), ProfilerMonitor(10, 10, log_dir=tmp_path)
    tf.profiler.experimental.start(str(tmp_path / "another"))
    try:
        with pytest.raises(RuntimeError, match="another profile of this process is under way"):
            clf.fit(X, y, monitors=[monitor])
    finally:
        tf.profiler.experimental.stop()  # which fails if the monitor has ended what is not its own
    assert not hasattr(clf, "model_")
    clf.fit(X, y, monitors=[monitor])
    assert monitor.top_ops_


def test_a_run_that_is_too_short_says_so(tmp_path):
    monitor = ProfilerMonitor(log_dir=tmp_path)
    with pytest.warns(UserWarning, match="traced nothing: the run ended at step 12"):
        network(steps=12).fit(X, y, monitors=[monitor])
    assert monitor.top_ops_ == ()
    assert os.listdir(tmp_path) == []


def test_it_counts_from_where_a_run_goes_on(tmp_path):
    clf = network(model_dir=str(tmp_path)).fit(X, y, max_steps=30)
    monitor = ProfilerMonitor(5, 10)
    clf.fit(X, y, max_steps=60, monitors=[monitor])
    logits = [cost for cost in monitor.top_ops_ if cost.name.startswith("dnn/logits/")]
    assert {cost.calls for cost in logits} == {10}


def test_it_needs_a_folder_and_whole_numbers(tmp_path):
    with pytest.raises(ValueError, match="no model_dir"):
        network(steps=5).fit(X, y, monitors=[ProfilerMonitor()])
    with pytest.raises(ValueError, match="n_steps should be an int of at least 1"):
        ProfilerMonitor(n_steps=0)
    monitor = copy.deepcopy(ProfilerMonitor(1, 2, log_dir=tmp_path))
    network(steps=10).fit(X, y, monitors=[monitor])
    assert monitor.top_ops_


def test_an_operation_s_own_time_is_without_those_inside_it():
    from tensorflow.tsl.profiler.protobuf import xplane_pb2

    space = xplane_pb2.XSpace()
    plane = space.planes.add(name="/host:CPU")
    names = ["while/body/_1/while/a/Sum:Sum", "b:MatMul", "loop:While", "ThunkExecutor::Execute"]
    for number, name in enumerate(names, 1):
        plane.event_metadata[number].name = name
    line = plane.lines.add()
    million = 10**6  # picoseconds in a microsecond
    for number, begin, length in [(3, 0, 100), (4, 0, 100), (1, 10, 50), (2, 20, 30), (2, 70, 5)]:
        line.events.add(
            metadata_id=number, offset_ps=begin * million, duration_ps=length * million
        )
    found = costs_in(space.SerializeToString())
    assert [tuple(cost) for cost in found] == [
        ("b", "MatMul", 2, 35.0, pytest.approx(35 / 55)),
        ("a/Sum", "Sum", 1, 20.0, pytest.approx(20 / 55)),
    ]
