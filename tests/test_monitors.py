"""Monitors, driven by a small loop that runs as many steps at once as they allow."""

import copy
import io
import logging
import math
import pickle
import sys
import time
import types

import numpy as np
import pytest

from tflearnkit.errors import NanLossDuringTrainingError
from tflearnkit.monitors import (
    BaseMonitor,
    CaptureVariable,
    CheckpointSaver,
    EveryN,
    FunctionalMonitor,
    GraphDump,
    History,
    LoggingTrainer,
    LossMonitor,
    NanLoss,
    PrintTensor,
    Progress,
    ProgressBar,
    StepCounter,
    StopAtStep,
    SummarySaver,
    ValidationMonitor,
)


class Run:
    """A run whose model is one counter: its weights are the number of steps done.

    ``loss(step)`` is the training loss of a step, ``metrics(step)`` the evaluation after it.
    """

    def __init__(self, loss=lambda step: 1 / step, metrics=None, start=0, model_dir=None):
        self.loss, self.weights = loss, start
        self.chunks, self.evaluated, self.saved = [], [], []
        self.metrics = metrics or (lambda step: {"loss": loss(step), "global_step": step})
        self.progress = Progress(
            step=start,
            model_dir=model_dir,
            evaluate=self.evaluate,
            values=self.value,
            variable_names=lambda: ["counter", "pair"],
            snapshot=lambda: self.weights,
            restore=self.restore,
            save_checkpoint=self.save,
        )

    def evaluate(self, X, y, sample_weight=None, **how):
        self.evaluated.append((self.progress.step, X, y, sample_weight, how))
        return self.metrics(self.progress.step)

    def value(self, name):
        step, loss = self.weights, self.progress.loss
        known = {"loss": loss, "global_step": step, "counter": step, "pair": [1, step]}
        return np.asarray(known[name])

    def restore(self, weights):
        self.weights = weights

    def save(self):
        self.saved.append(self.weights)
        return f"checkpoint-{self.weights}"

    def go(self, *monitors, steps=30, max_steps_known=True):
        last = self.progress.step + steps
        self.progress.max_steps = last if max_steps_known else None
        for monitor in monitors:
            monitor.set_progress(self.progress)
            monitor.begin(max_steps=self.progress.max_steps)
        try:
            self._go(monitors, last)
        finally:
            for monitor in monitors:
                monitor.end()
        return self

    def _go(self, monitors, last):
        stop = False
        while self.progress.step < last and not stop:
            start = self.progress.step
            wanted = [m.next_step(start) for m in monitors]
            step = min([last, *(w for w in wanted if w is not None)])
            assert step > start
            self.chunks.append(step)
            names = [m.step_begin(step) for m in monitors]
            self.weights = self.progress.step = step
            self.progress.loss = np.mean([self.loss(s) for s in range(start + 1, step + 1)])
            outputs = [{n: self.value(n) for n in ns} for ns in names]
            stops = [m.step_end(step, out) for m, out in zip(monitors, outputs, strict=True)]
            for monitor in monitors:
                monitor.post_step(step)
            stop = any(stops)


def clocked(monkeypatch, steps_per_second):
    """Return a training loss whose every step takes its time by a clock of the test's own."""
    now = [1000.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])

    def loss(step):
        now[0] += 1 / steps_per_second
        return 0.5

    return loss


class Log(EveryN):
    """Notes every call of its hooks."""

    def __init__(self, *args):
        super().__init__(*args)
        self.begun, self.ended, self.posted = [], [], []

    def every_n_step_begin(self, step):
        self.begun.append(step)
        return super().every_n_step_begin(step)

    def every_n_step_end(self, step, outputs):
        self.ended.append(step)
        return super().every_n_step_end(step, outputs)

    def every_n_post_step(self, step):
        self.posted.append(step)


def drive(monitor, steps=range(30), max_steps=29):
    """Call the monitor at every step, as the loops of old did."""
    monitor.begin(max_steps)
    for step in steps:
        monitor.step_begin(step)
        monitor.step_end(step, {})
        monitor.post_step(step)
    monitor.end()
    return monitor


# --- the protocol --------------------------------------------------------------------------------


def test_calls_must_come_in_pairs():
    monitor = BaseMonitor()
    with pytest.raises(ValueError, match="end was called without begin"):
        monitor.end()
    monitor.begin(max_steps=5)
    with pytest.raises(ValueError, match="begin was called twice"):
        monitor.begin()
    for bad in (-1, 6):
        with pytest.raises(ValueError, match=f"got {bad}"):
            monitor.step_begin(bad)
    monitor.step_begin(3)
    with pytest.raises(ValueError, match="that began, 3, but got 4"):
        monitor.step_end(4, {})
    monitor.step_end(3, {})
    with pytest.raises(ValueError, match="that began, None, but got 3"):
        monitor.step_end(3, {})
    monitor.epoch_begin(0)
    with pytest.raises(ValueError, match="epoch_end first"):
        monitor.epoch_begin(1)
    with pytest.raises(ValueError, match="that began, 0, but got 1"):
        monitor.epoch_end(1)
    monitor.epoch_end(0)
    with pytest.raises(ValueError, match="epoch_begin first"):
        monitor.epoch_end(0)
    monitor.end()
    monitor.begin()  # a second run is fine


def test_begin_forgets_a_run_that_broke_off():
    monitor = BaseMonitor()
    monitor.begin()
    monitor.epoch_begin(0)
    monitor.step_begin(1)
    monitor.end()
    monitor.begin()
    monitor.epoch_begin(0)
    with pytest.raises(ValueError, match="began, None"):
        monitor.step_end(1, {})


def test_a_monitor_without_a_run_says_so():
    with pytest.raises(ValueError, match="set_progress"):
        _ = BaseMonitor().progress
    with pytest.raises(ValueError, match="set_progress"):
        BaseMonitor().set_progress(None)


def test_a_subclass_that_hears_steps_is_asked_at_each_another_never():
    class Hears(BaseMonitor):
        heard = None

        def step_end(self, step, outputs):
            super().step_end(step, outputs)
            self.heard = [*(self.heard or []), step]
            return step == 4

    monitor = Hears()  # its class has no __init__ of its own, and needs none
    run = Run(start=2).go(monitor, BaseMonitor(), steps=10)
    assert monitor.heard == run.chunks == [3, 4]
    assert BaseMonitor().next_step(3) is None
    assert Run().go(BaseMonitor(), steps=10).chunks == [10]


def test_monitors_receive_only_what_they_asked_for():
    class Asks(EveryN):
        def __init__(self, *names):
            super().__init__(1)
            self.names, self.got = list(names), []

        def every_n_step_begin(self, step):
            return self.names

        def every_n_step_end(self, step, outputs):
            self.got.append(outputs)

    one, both, none = Asks("counter"), Asks("loss", "counter"), Asks()
    Run(start=10).go(one, both, none, steps=2)
    assert one.got == [{"counter": 11}, {"counter": 12}]
    assert set(both.got[0]) == {"loss", "counter"}
    assert none.got == [{}, {}]


# --- EveryN --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("args", "max_steps", "active", "posted"),
    [
        ((0, -1), 29, list(range(30)), None),
        ((1, -1), 29, list(range(1, 30)), None),
        ((2, -1), 29, [*range(2, 29, 2), 29], None),
        ((8, 2), 29, [0, 1, 2, 10, 18, 26, 29], None),
        ((8, 2), None, [0, 1, 2, 10, 18, 26], [0, 1, 2, 10, 18, 26, 29]),
    ],
)
def test_every_n_active_steps(args, max_steps, active, posted):
    monitor = drive(Log(*args), max_steps=max_steps)
    assert monitor.begun == monitor.ended == active
    assert monitor.posted == (posted or active)


@pytest.mark.parametrize("args", [(0, -1), (1, -1), (2, -1), (8, 2), (7, 1), (100, 1), (30, 0)])
@pytest.mark.parametrize("known", [True, False])
@pytest.mark.parametrize("start", [0, 13])
def test_every_n_is_asked_at_its_active_steps_and_no_others(args, known, start):
    stepwise = drive(Log(*args), range(start + 1, start + 31), start + 30 if known else None)
    monitor = Log(*args)
    run = Run(start=start).go(monitor, max_steps_known=known)
    assert monitor.ended == stepwise.ended
    assert monitor.posted == stepwise.posted
    assert set(run.chunks) == {*monitor.ended, start + 30}


def test_borders_of_others_do_not_change_every_n():
    alone, among = Log(7, 2), Log(7, 2)
    Run().go(alone)
    Run().go(among, Log(3, 1), Log(1, 1))
    assert among.ended == alone.ended


def test_a_repeated_step_begin_is_harmless():
    monitor = Log(8, -1)
    monitor.begin()
    for step in range(17):
        monitor.step_begin(step)
        monitor.step_begin(step)
        monitor.step_end(step, {})
        monitor.post_step(step)
    assert monitor.begun == [8, 8, 16, 16]
    assert monitor.ended == monitor.posted == [8, 16]


@pytest.mark.parametrize(
    ("steps", "posted"), [([8, 16, 19], [8, 16, 19]), ([8, 16, 16], [8, 16]), ([8, 8, 16], [8, 16])]
)
def test_end_calls_post_step_once_more_after_an_inactive_last_step(steps, posted):
    assert drive(Log(8, -1), steps, None).posted == posted


def test_a_second_run_starts_afresh():
    monitor = Log(8, -1)
    Run().go(monitor, steps=20)
    Run().go(monitor, steps=20)
    assert monitor.ended == [8, 16, 20] * 2


def test_mean_loss_does_not_depend_on_the_borders_of_others():
    class Means(EveryN):
        def begin(self, max_steps=None):
            super().begin(max_steps)
            self.means = []

        def every_n_step_end(self, step, outputs):
            self.means.append(self.mean_loss)

    alone, among = Means(10, -1), Means(10, -1)
    Run(start=5).go(alone, steps=24)
    Run(start=5).go(among, Log(3, 1), steps=24)
    np.testing.assert_allclose(alone.means, among.means)
    assert alone.means[1] == pytest.approx(np.mean([1 / s for s in range(11, 21)]))


@pytest.mark.parametrize("bad", [-1, 2.5, None, True])
def test_every_n_steps_must_be_a_count(bad):
    with pytest.raises(ValueError, match=f"every_n_steps should be .* but is {bad}"):
        EveryN(bad)


def test_functional_monitor_calls_the_function_and_stops():
    steps = []

    def look(progress):
        steps.append(progress.step)
        return progress.loss < 0.07

    run = Run().go(FunctionalMonitor(10, look))
    assert steps == [1, 11, 21]
    assert run.chunks[-1] == 21
    with pytest.raises(TypeError, match="function"):
        FunctionalMonitor(10)


# --- stopping ------------------------------------------------------------------------------------


def test_stop_at_step():
    for args in ({}, {"num_steps": 3, "last_step": 4}):
        with pytest.raises(ValueError, match="exactly one of"):
            StopAtStep(**args)
    with pytest.raises(ValueError, match="last_step should be"):
        StopAtStep(last_step=0)

    def stops(monitor, steps):
        monitor.begin()
        results = {}
        for step in steps:
            monitor.step_begin(step)
            results[step] = monitor.step_end(step, {})
        return results

    assert stops(StopAtStep(last_step=10), [5, 9, 10, 11]) == {
        5: False, 9: False, 10: True, 11: True,
    }  # fmt: skip
    assert stops(StopAtStep(num_steps=10), [5, 13, 14, 15]) == {
        5: False, 13: False, 14: True, 15: True,
    }  # fmt: skip


def test_stop_at_step_lets_chunks_be_long_and_can_be_used_again():
    monitor = StopAtStep(num_steps=12)
    assert Run(start=100).go(monitor).chunks == [112]
    assert Run(start=3).go(monitor).chunks == [15]
    assert Run(start=20).go(StopAtStep(last_step=12)).chunks == [21]


def broken_at(step_of_nan, bad=math.nan):
    return lambda step: bad if step == step_of_nan else 1.0


@pytest.mark.parametrize("bad", [math.nan, math.inf])
def test_nan_loss_raises_with_the_step_and_likely_causes(bad):
    run = Run(loss=broken_at(17, bad))
    with pytest.raises(NanLossDuringTrainingError, match="by step 21.*learning rate"):
        run.go(NanLoss(every_n_steps=10))
    assert run.chunks == [1, 11, 21]


def test_nan_loss_may_stop_quietly(caplog):
    run = Run(loss=broken_at(17)).go(NanLoss("loss", 10, fail_on_nan_loss=False))
    assert run.progress.step == 21
    assert "by step 21" in caplog.text


def test_loss_monitor_stops_when_the_training_loss_stays():
    def flat_from_50(step):
        return max(100 - step, 50)

    monitor = LossMonitor(early_stopping_rounds=30, check_every_n_steps=10)
    run = Run(loss=flat_from_50).go(monitor, steps=1000)
    assert (monitor.best_step, monitor.best_value) == (60, 50)  # 51 .. 60: the first all-flat mean
    assert run.progress.step == 90
    again = Run(loss=flat_from_50).go(monitor, Log(3, 1), steps=1000)
    assert again.progress.step == 90
    assert Run(loss=flat_from_50).go(LossMonitor(30, every_n_steps=10), steps=99).chunks[0] == 10


def test_loss_monitor_takes_nan_for_no_improvement():
    monitor = LossMonitor(early_stopping_rounds=20, check_every_n_steps=10)
    assert Run(loss=lambda step: math.nan, start=7).go(monitor, steps=200).progress.step == 30
    assert monitor.best_step is None


# --- recording -----------------------------------------------------------------------------------


def test_print_tensor_logs_its_names(caplog):
    caplog.set_level(logging.INFO, "tflearnkit")
    Run().go(PrintTensor({"count": "counter", "l": "loss"}, every_n=20), PrintTensor("pair", 99))
    lines = [record.getMessage() for record in caplog.records]
    assert "Step 1: count = 1, l = 1.0" in lines
    assert "Step 30: pair = [ 1 30]" in lines
    assert len(lines) == 5


def test_logging_trainer_logs_loss_and_speed(caplog):
    caplog.set_level(logging.INFO, "tflearnkit")
    Run(loss=lambda step: 0.25).go(LoggingTrainer(every_n_steps=10))
    lines = [record.getMessage() for record in caplog.records]
    assert lines[0] == "Step 1/30: loss = 0.25"
    assert lines[1].startswith("Step 11/30: loss = 0.25 (")
    assert lines[1].endswith(" steps/s)")


def test_capture_variable():
    monitor = CaptureVariable("counter", every_n=8, first_n=2)
    Run().go(monitor, steps=29)
    assert monitor.values == {1: 1, 2: 2, 10: 10, 18: 18, 26: 26, 29: 29}
    Run().go(monitor, steps=3)
    assert monitor.values == {1: 1, 2: 2, 3: 3}


def test_graph_dump_finds_where_two_runs_part():
    ours, theirs = GraphDump(), GraphDump(ignore=["pair"])
    Run(loss=lambda step: 2.0).go(ours, steps=3)
    Run(loss=lambda step: 2.0 if step < 3 else 7.0).go(theirs, steps=3)
    assert sorted(ours.data) == [1, 2, 3]
    with pytest.raises(ValueError, match="missing pair at step 2"):
        ours.compare(theirs, 2)
    with pytest.raises(ValueError, match="step 9 is missing.*1, 2, 3"):
        ours.compare(ours, 9)
    ours = GraphDump(ignore=["pair"])
    Run(loss=lambda step: 2.0).go(ours, steps=3)
    assert ours.compare(theirs, 2) == (["loss", "counter"], {})
    assert ours.compare(theirs, 3) == (["counter"], {"loss": (2.0, 7.0)})
    assert theirs.compare(ours, 3) == (["counter"], {"loss": (7.0, 2.0)})
    assert ours.compare(theirs, 3, atol=10) == (["loss", "counter"], {})


def test_graph_dump_gives_differences_of_arrays_and_pairs_where_shapes_differ():
    ours, theirs = GraphDump(), GraphDump()
    ours.data[1] = {"w": np.array([1.0, 2.0]), "b": np.zeros(2)}
    theirs.data[1] = {"w": np.array([1.0, 5.0]), "b": np.zeros(3)}
    matched, different = ours.compare(theirs, 1)
    assert matched == []
    np.testing.assert_array_equal(different["w"], [0, -3])
    assert [value.shape for value in different["b"]] == [(2,), (3,)]


class Writer:
    """A summary writer that keeps what it is given."""

    def __init__(self):
        self.entries, self.flushed = [], 0

    def scalar(self, tag, value, step):
        self.entries.append((tag, value, step))

    def flush(self):
        self.flushed += 1


def test_summary_saver_writes_at_its_steps_and_flushes():
    writer = Writer()
    Run(loss=lambda step: float(step)).go(
        SummarySaver(["counter", "loss"], save_steps=8, summary_writer=writer), steps=29
    )
    assert [(s, v) for tag, v, s in writer.entries if tag == "counter"] == [
        (s, s) for s in (1, 9, 17, 25, 29)
    ]
    assert [v for tag, v, _ in writer.entries if tag == "loss"] == [1, 5.5, 13.5, 21.5, 27.5]
    assert writer.flushed
    with pytest.raises(ValueError, match=r"'pair' has shape \(2,\)"):
        Run().go(SummarySaver("pair", summary_writer=writer))


def test_summaries_go_to_the_run_or_to_a_folder_of_their_own(tmp_path):
    run = Run()
    for monitor in (SummarySaver(), StepCounter()):
        with pytest.raises(ValueError, match="model_dir"):
            run.go(monitor)
    run.progress.summaries = Writer()
    run.go(StepCounter(every_n_steps=10))
    tags, speeds, steps = zip(*run.progress.summaries.entries, strict=True)
    assert set(tags) == {"global_step/sec"}
    assert steps == (11, 21, 30)
    assert min(speeds) > 0
    Run().go(SummarySaver(output_dir=tmp_path / "logs"))
    assert len(list((tmp_path / "logs").iterdir())) == 1
    with pytest.raises(ValueError, match="both"):
        StepCounter(output_dir=tmp_path, summary_writer=Writer())


# --- checkpoints ---------------------------------------------------------------------------------


def test_checkpoint_saver_by_steps():
    for args in ({}, {"save_secs": 1, "save_steps": 1}):
        with pytest.raises(ValueError, match="exactly one of"):
            CheckpointSaver(**args)
    for args in ({"save_secs": 0}, {"save_steps": 0}):
        with pytest.raises(ValueError, match="should be"):
            CheckpointSaver(**args)
    saver = CheckpointSaver(save_steps=2)
    assert Run(model_dir="m").go(saver, steps=6).saved == [1, 3, 5, 6]
    assert Run(model_dir="m").go(saver, steps=5).saved == [1, 3, 5]
    assert saver.last_path == "checkpoint-5"
    assert Run(model_dir="m", start=10).go(CheckpointSaver(save_steps=50)).saved == [11, 40]


def test_checkpoint_saver_by_the_clock(monkeypatch):
    loss = clocked(monkeypatch, steps_per_second=100)
    run = Run(loss, model_dir="m").go(CheckpointSaver(save_secs=10), steps=3500)
    assert [round(saved, -2) for saved in run.saved] == [0, 1000, 2000, 3000, 3500]
    assert len(run.chunks) < 40


def test_checkpoint_saver_needs_a_folder_and_saves_no_nan():
    with pytest.raises(ValueError, match="model_dir"):
        Run().go(CheckpointSaver(save_steps=2))
    run = Run(loss=broken_at(17), model_dir="m")
    with pytest.raises(NanLossDuringTrainingError):
        run.go(NanLoss(every_n_steps=10), CheckpointSaver(save_steps=100))
    assert run.saved == [1]


# --- validation ----------------------------------------------------------------------------------

X, Y = np.ones((4, 2)), np.ones(4)


def valley(bottom):
    """Evaluation whose loss is lowest at one step."""

    def metrics(step):
        return {"loss": abs(step - bottom), "accuracy": 1 / step, "global_step": step}

    return metrics


def test_validation_needs_one_source_of_rows():
    with pytest.raises(ValueError, match="neither X nor input_fn"):
        ValidationMonitor()
    with pytest.raises(ValueError, match="both X and x"):
        ValidationMonitor(X, Y, x=X)
    with pytest.raises(ValueError, match="X and y or input_fn, but got both"):
        ValidationMonitor(X, Y, input_fn=lambda: None)
    with pytest.raises(ValueError, match="early_stopping_rounds should be"):
        ValidationMonitor(X, Y, early_stopping_rounds=0)
    with pytest.raises(ValueError, match="set_progress"):
        drive(ValidationMonitor(X, Y))


def test_validation_hands_its_arguments_to_evaluate():
    weights = np.arange(4)
    monitor = ValidationMonitor(
        X, Y, weights, batch_size=2, eval_steps=3, every_n_steps=30, metrics=["auc"], name="late"
    )
    step, *rows, how = Run().go(monitor).evaluated[0]
    assert step == 30
    assert rows == [X, Y, weights]
    expected = dict(input_fn=None, metrics=["auc"], steps=3, batch_size=2, name="late")
    assert how == expected

    def input_fn():
        return X, Y

    for monitor in (ValidationMonitor(x=X, y=Y), ValidationMonitor(input_fn=input_fn)):
        _, got, target, _, how = Run().go(monitor).evaluated[0]
        assert (got is X and target is Y) or how["input_fn"] is input_fn


def test_validation_stops_when_the_best_is_too_far_behind(caplog):
    caplog.set_level(logging.INFO, "tflearnkit")
    monitor = ValidationMonitor(X, Y, every_n_steps=10, early_stopping_rounds=30)
    run = Run(metrics=valley(40)).go(monitor, steps=1000)
    assert [e[0] for e in run.evaluated] == [10, 20, 30, 40, 50, 60, 70]
    assert (monitor.early_stopped, monitor.best_step, monitor.best_value) == (True, 40, 0)
    assert monitor.best_metrics == {"loss": 0, "accuracy": 1 / 40, "global_step": 40}
    assert run.weights == 40  # restored
    assert "Validation (step 40): accuracy = 0.025, global_step = 40, loss = 0" in caplog.text


def test_validation_rounds_of_old_tests():
    losses = {0: 42, 1: 41, 2: 40, 3: 44, 4: 43}
    monitor = ValidationMonitor(X, Y, every_n_steps=0, early_stopping_rounds=2)
    progress = Progress(evaluate=lambda *rows, **how: {"loss": losses[progress.step], "auc": 0.6})
    progress.snapshot, progress.restore = lambda: progress.step, lambda weights: None
    monitor.set_progress(progress)
    monitor.begin()
    stops = []
    for step in losses:
        progress.step = step
        monitor.step_begin(step)
        stops.append(monitor.step_end(step, {}))
        monitor.post_step(step)
    assert stops == [False, False, False, False, True]
    assert (monitor.early_stopped, monitor.best_step, monitor.best_value) == (True, 2, 40)
    assert monitor.best_metrics == {"loss": 40, "auc": 0.6}


def test_validation_without_rounds_remembers_the_best_and_never_stops():
    monitor = ValidationMonitor(X, Y, every_n_steps=10)
    run = Run(metrics=valley(20)).go(monitor, steps=100)
    assert (monitor.early_stopped, monitor.best_step, run.progress.step) == (False, 20, 100)
    assert run.weights == 20


def test_validation_keeps_the_last_weights_where_they_are_the_best_or_asked_for():
    restored = []
    run = Run(metrics=valley(100))
    run.progress.restore = restored.append
    run.go(ValidationMonitor(X, Y, every_n_steps=10), steps=100)
    assert restored == []
    run = Run(metrics=valley(20))
    run.progress.restore = restored.append
    run.go(ValidationMonitor(X, Y, every_n_steps=10, restore_best_weights=False), steps=100)
    assert restored == []


def test_validation_restores_the_best_when_the_run_breaks_off():
    class Breaks(EveryN):
        def every_n_step_end(self, step, outputs):
            if step > 50:
                raise KeyboardInterrupt

    run = Run(metrics=valley(20))
    with pytest.raises(KeyboardInterrupt):
        run.go(ValidationMonitor(X, Y, every_n_steps=10), Breaks(5), steps=100)
    assert run.weights == 20


def test_validation_maximizes_if_told_to():
    def metrics(step):
        return {"loss": -step, "auc": 1 - abs(step - 30) / 100}

    monitor = ValidationMonitor(
        X, Y, every_n_steps=10, early_stopping_rounds=20,
        early_stopping_metric="auc", early_stopping_metric_minimize=False,
    )  # fmt: skip
    run = Run(metrics=metrics).go(monitor, steps=200)
    assert (monitor.best_step, monitor.best_value, run.progress.step) == (30, 1.0, 50)


@pytest.mark.parametrize("value", [3.0, math.nan])
def test_ties_and_nan_never_improve(value):
    def metrics(step):
        return {"loss": 3.0 if step == 10 else value}

    monitor = ValidationMonitor(X, Y, every_n_steps=10, early_stopping_rounds=50)
    run = Run(metrics=metrics).go(monitor, steps=200)
    assert (monitor.best_step, run.progress.step) == (10, 60)


def test_nothing_but_nan_has_no_best_and_stops():
    monitor = ValidationMonitor(X, Y, every_n_steps=10, early_stopping_rounds=50)
    run = Run(metrics=lambda step: {"loss": math.nan}, start=5).go(monitor, steps=200)
    assert (monitor.best_step, monitor.best_value, monitor.early_stopped) == (None, None, True)
    assert run.weights == run.progress.step == 60


def test_an_unknown_metric_is_missing_from_outputs():
    monitor = ValidationMonitor(X, Y, early_stopping_metric="acuracy", early_stopping_rounds=9)
    with pytest.raises(ValueError, match="missing from outputs.*loss, accuracy.*mean 'accuracy'"):
        Run(metrics=valley(1)).go(monitor)


def test_validation_starts_afresh_in_a_second_fit():
    monitor = ValidationMonitor(X, Y, every_n_steps=10, early_stopping_rounds=30)
    Run(metrics=valley(20)).go(monitor, steps=1000)
    assert monitor.best_value == 0
    run = Run(metrics=lambda step: {"loss": 100 + abs(step - 60)}).go(monitor, steps=1000)
    assert (monitor.best_step, monitor.best_value, run.progress.step) == (60, 100, 90)
    Run(metrics=valley(5)).go(monitor, steps=10)
    assert (monitor.early_stopped, monitor.best_step) == (False, 10)


def test_validation_writes_history_and_tensorboard(tmp_path):
    pytest.importorskip("tensorboard")
    from test_summaries import read

    run = Run(metrics=valley(20), model_dir=str(tmp_path))
    late = ValidationMonitor(X, Y, every_n_steps=15, name="late")
    run.go(ValidationMonitor(X, Y, every_n_steps=10), late)
    history = run.progress.history.as_dict()
    assert history["step"] == [10, 15, 20, 30]
    assert history["val_loss"] == [10, None, 0, 10]
    assert history["late_accuracy"] == [None, 1 / 15, None, 1 / 30]
    assert "val_global_step" not in history
    assert read(tmp_path / "eval")["loss"] == [(10, 10), (20, 0), (30, 10)]
    assert read(tmp_path / "eval_late")["loss"] == [(15, 5), (30, 10)]


def test_monitors_can_be_copied_and_pickled_during_a_run():
    class Copies(EveryN):
        def every_n_step_end(self, step, outputs):
            self.copies = [copy.deepcopy(m) for m in self.others]
            self.copies += pickle.loads(pickle.dumps(self.others))

    copies = Copies(10)
    others = [
        ValidationMonitor(X, Y, every_n_steps=10), LossMonitor(100), StopAtStep(num_steps=100),
        CaptureVariable("counter"), GraphDump(), LoggingTrainer(), PrintTensor("loss"), NanLoss(),
        StepCounter(), SummarySaver(), ProgressBar(force=True), CheckpointSaver(save_secs=9),
    ]  # fmt: skip
    copies.others = others
    run = Run(model_dir="m", metrics=lambda step: {"loss": 1 / step})
    run.progress.summaries = Writer()
    run.progress.model_dir = None
    others.pop()  # the saver needs a folder; the validation would write there
    run.go(*others, copies)
    assert len(copies.copies) == 2 * len(others)
    fresh = Run(metrics=valley(20))
    fresh.progress.summaries = Writer()
    fresh.go(*copies.copies)
    assert copies.copies[0].best_step == 20
    assert others[0].best_step == 30


# --- history -------------------------------------------------------------------------------------


def test_history_fills_gaps_and_goes_on():
    history = History()
    assert history.as_dict() == {"step": [], "epoch": [], "loss": []}
    history.record(5, **{"val_accuracy/baseline": 0.5})
    history.record(5, epoch=1, loss=0.1)
    again = History(history.rows)
    again.record(6, epoch=1, loss=0.2)
    assert len(history) == 1
    assert again.as_dict() == {
        "step": [5, 6], "epoch": [1, 1], "loss": [0.1, 0.2], "val_accuracy/baseline": [0.5, None],
    }  # fmt: skip


# --- progress bar --------------------------------------------------------------------------------


class Terminal(io.StringIO):
    def isatty(self):
        return True


def test_progress_bar_draws_one_line_in_a_terminal(monkeypatch):
    monkeypatch.setattr(sys, "stderr", Terminal())
    monkeypatch.setenv("COLUMNS", "80")
    run = Run(clocked(monkeypatch, steps_per_second=1000)).go(ProgressBar(), steps=2000)
    first, *middle, last = sys.stderr.getvalue().split("\r")[1:]
    assert first == "  0% [..........] 1/2000  epoch 0  loss 0.5"
    assert " 50% [#####.....] 1" in "".join(middle)
    assert middle[0].rstrip().endswith("  epoch 0  loss 0.5  1,000 steps/s  0:02 left")
    full = "100% [##########] 2000/2000  epoch 0  loss 0.5  1,000 steps/s"
    assert last.rstrip(" \n") == full
    assert "\n" not in first + "".join(middle)
    assert last.endswith("\n")
    assert 19 <= len(middle) <= 21
    assert len(run.chunks) < 60


def test_progress_bar_fits_into_the_terminal(monkeypatch):
    monkeypatch.setattr(sys, "stderr", Terminal())
    monkeypatch.setenv("COLUMNS", "30")
    Run().go(ProgressBar(), steps=20)
    assert max(map(len, sys.stderr.getvalue().split("\r"))) <= 30


def test_progress_bar_without_a_known_end(monkeypatch):
    monkeypatch.setattr(sys, "stderr", Terminal())
    Run(lambda step: 0.5).go(ProgressBar(), steps=20, max_steps_known=False)
    assert "\rstep 20  epoch 0  loss 0.5" in sys.stderr.getvalue()
    assert "%" not in sys.stderr.getvalue()


def test_progress_bar_is_silent_elsewhere_unless_forced(monkeypatch):
    monkeypatch.setattr(sys, "stderr", io.StringIO())
    assert Run().go(ProgressBar(), steps=20).chunks == [20]
    assert sys.stderr.getvalue() == ""
    Run().go(ProgressBar(force=True), steps=20)
    assert "] 20/20" in sys.stderr.getvalue()


def test_progress_bar_updates_one_display_in_a_notebook(monkeypatch):
    shown = []

    class Handle:
        def update(self, content, raw):
            shown.append(content["text/plain"])

    def display(content, raw, display_id):
        shown.append(content["text/plain"])
        return Handle()

    shell = types.SimpleNamespace(kernel=object())
    ipython = types.ModuleType("IPython")
    ipython.get_ipython = lambda: shell
    ipython.display = types.ModuleType("IPython.display")
    ipython.display.display = display
    monkeypatch.setitem(sys.modules, "IPython", ipython)
    monkeypatch.setitem(sys.modules, "IPython.display", ipython.display)
    monkeypatch.setattr(sys, "stderr", io.StringIO())
    Run().go(ProgressBar(), steps=20)
    assert "] 1/20" in shown[0]
    assert "] 20/20" in shown[-1]
    assert sys.stderr.getvalue() == ""
    shell.kernel = None  # IPython in a terminal that is none
    Run().go(ProgressBar(), steps=20)
    assert sys.stderr.getvalue() == ""
