"""What happens during a fit: how long it lasts, what monitors see, and how it ends."""

import logging
import os
import signal
import sys

import keras
import numpy as np
import pytest
from sklearn.metrics import log_loss

import tflearnkit as learn
from tflearnkit import checkpoint
from tflearnkit.data import as_table
from tflearnkit.engines.gradient import GradientEngine
from tflearnkit.errors import NanLossDuringTrainingError, TrainingInterruptedWarning
from tflearnkit.estimators.inputs import Labelled
from tflearnkit.estimators.sources import TableSource
from tflearnkit.estimators.training import hold_out
from tflearnkit.monitors import (
    BaseMonitor,
    CaptureVariable,
    CheckpointSaver,
    EveryN,
    FunctionalMonitor,
    GraphDump,
    LoggingTrainer,
    LossMonitor,
    NanLoss,
    PrintTensor,
    ProgressBar,
    StepCounter,
    StopAtStep,
    SummarySaver,
    ValidationMonitor,
)

RNG = np.random.default_rng(0)
X = RNG.normal(size=(90, 4))
Y = (X[:, 0] + 0.5 * X[:, 1] + 0.3 * RNG.normal(size=90) > 0).astype(int)
W = RNG.uniform(0.5, 2.0, size=90)
BATCH = 30  # three steps an epoch


def network(**params):
    given = {"hidden_units": (8,), "batch_size": BATCH, "dropout": None, "random_state": 0}
    given |= params
    return learn.DNNClassifier(**given)


def steps_of(estimator):
    return int(estimator.get_variable_value("global_step"))


def weights_of(estimator):
    names = estimator.get_variable_names()
    return {name: np.copy(estimator.get_variable_value(name)) for name in names}


def assert_same_bits(one, other):
    assert one.keys() == other.keys()
    for name, value in one.items():
        np.testing.assert_array_equal(value, other[name], err_msg=name)


class Diary(BaseMonitor):
    """Notes every call of its hooks; looks at every step."""

    def __init__(self):
        self.calls, self.losses = [], []

    def begin(self, max_steps=None):
        super().begin(max_steps)
        self.calls.append(("begin", max_steps))

    def epoch_begin(self, epoch):
        super().epoch_begin(epoch)
        self.calls.append(("epoch_begin", epoch))

    def step_begin(self, step):
        self.calls.append(("step_begin", step))
        return [*super().step_begin(step), "global_step"]

    def step_end(self, step, outputs):
        super().step_end(step, outputs)
        self.losses.append(self.progress.loss)
        self.calls.append(("step_end", step, int(outputs["global_step"])))

    def post_step(self, step):
        super().post_step(step)
        self.calls.append(("post_step", step))

    def epoch_end(self, epoch):
        super().epoch_end(epoch)
        self.calls.append(("epoch_end", epoch))

    def end(self):
        super().end()
        self.calls.append(("end",))

    def heard(self, hook):
        return [call[1] for call in self.calls if call[0] == hook]


class EpochDiary(BaseMonitor):
    """Hears of epochs alone."""

    def __init__(self, stop_after=None):
        self.epochs, self.stop_after = [], stop_after

    def epoch_begin(self, epoch):
        super().epoch_begin(epoch)
        self.epochs.append(("begin", epoch, self.progress.step))

    def epoch_end(self, epoch):
        super().epoch_end(epoch)
        self.epochs.append(("end", epoch, self.progress.step))
        return epoch == self.stop_after


class Ticks(EveryN):
    """A user's own monitor."""

    def __init__(self, every_n_steps, first_n_steps=1):
        super().__init__(every_n_steps, first_n_steps)
        self.ended, self.posted, self.means = [], [], []

    def every_n_step_begin(self, step):
        return ["dnn/logits/biases"]

    def every_n_step_end(self, step, outputs):
        assert outputs["dnn/logits/biases"].shape == (1,)
        self.ended.append(step)
        self.means.append(self.mean_loss)

    def every_n_post_step(self, step):
        self.posted.append(step)


# --- how long ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("asked", "steps", "epochs"),
    [
        ({"steps": 7}, [3, 6, 7], [1, 2, 2]),
        ({"max_steps": 5}, [3, 5], [1, 1]),
        ({"epochs": 2}, [3, 6], [1, 2]),
        ({"steps": 3, "batch_size": 90}, [1, 2, 3], [1, 2, 3]),
        ({"epochs": 2, "batch_size": 40}, [3, 6], [1, 2]),
        ({"epochs": 2, "batch_size": 1000}, [1, 2], [1, 2]),
    ],
)
def test_how_long_a_fit_lasts_and_what_history_tells(asked, steps, epochs):
    fitted = network().fit(X, Y, **asked)
    assert steps_of(fitted) == steps[-1] == fitted.evaluate(X, Y)["global_step"]
    assert fitted.history_["step"] == steps
    assert fitted.history_["epoch"] == epochs
    assert np.isfinite(fitted.history_["loss"]).all()


def test_the_constructor_says_how_long_and_the_call_wins():
    assert steps_of(network(steps=4).fit(X, Y)) == 4
    assert steps_of(network(epochs=1).fit(X, Y)) == 3
    assert steps_of(network(epochs=5).fit(X, Y, steps=2)) == 2
    assert steps_of(network(steps=5).fit(X, Y, epochs=1)) == 3
    assert steps_of(network(steps=5).fit(X, Y, max_steps=2)) == 2
    assert steps_of(network(epochs=1).fit(X, Y, batch_size=45)) == 2


def test_a_fit_starts_afresh_and_partial_fit_goes_on():
    model = network(optimizer="Adagrad").fit(X, Y, steps=4)
    assert steps_of(model.fit(X, Y, steps=3)) == 3
    assert model.history_["step"] == [3]
    model.partial_fit(X, Y)
    assert steps_of(model) == 6
    assert model.history_["step"] == [6]
    assert model.history_["epoch"] == [1]
    model.partial_fit(X, Y, steps=2)
    assert steps_of(model) == 8


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ({"steps": 2, "max_steps": 3}, "Can not provide both steps and max_steps"),
        ({"steps": 2, "epochs": 3}, "Can not provide both steps and epochs. Got 2 and 3"),
        ({"steps": 0}, "'steps' parameter of DNNClassifier.fit must be"),
        ({"epochs": -1}, "'epochs' parameter of DNNClassifier.fit must be"),
        ({"max_steps": 1.5}, "'max_steps' parameter of DNNClassifier.fit must be"),
        ({"batch_size": 0}, "'batch_size' parameter of DNNClassifier.fit must be"),
        ({"monitors": [print]}, "monitors must be a list of monitors. Got <built-in"),
    ],
)
def test_what_makes_no_sense_is_refused_before_training(asked, words):
    model = network()
    with pytest.raises(ValueError, match=words):
        model.fit(X, Y, **asked)
    assert not hasattr(model, "model_")


def test_the_step_counts_once_however_many_optimizers_there_are():
    model = learn.DNNLinearCombinedClassifier(
        dnn_hidden_units=(8,), linear_optimizer="Ftrl", dnn_optimizer="Adagrad", random_state=0
    )
    assert steps_of(model.fit(X, Y, steps=5, batch_size=BATCH)) == 5


# --- losses --------------------------------------------------------------------------------------


def test_the_loss_of_an_epoch_is_the_weighted_mean_over_its_rows():
    """Weights that hardly move: the loss of each epoch is that of the whole data."""
    model = network(optimizer="SGD", learning_rate=1e-12)
    model.fit(X, Y, W, epochs=3, batch_size=40)  # batches of 40, 40 and 10 rows
    expected = log_loss(Y, model.predict_proba(X), sample_weight=W)
    np.testing.assert_allclose(model.history_["loss"], [expected] * 3, rtol=1e-5)


def test_losses_are_those_before_each_step():
    """A linear model in NumPy: the loss of step n is that of the weights after step n - 1."""
    seen = GraphDump()
    column = learn.real_valued_column("", dimension=4)
    model = learn.LinearClassifier([column], optimizer="SGD", l2_regularization=0.0)
    model.fit(X, Y, W, steps=6, batch_size=90, monitors=[seen])
    (weight,) = (n for n in model.get_variable_names() if n.endswith("/weight"))
    losses = [np.log(2)]
    for step in range(1, 6):
        logits = (X @ seen.data[step][weight])[:, 0] + seen.data[step]["linear/bias_weight"]
        losses.append(np.average(np.log1p(np.exp(-(2 * Y - 1) * logits)), weights=W))
    np.testing.assert_allclose(model.history_["loss"], losses, rtol=1e-5)
    assert losses[-1] < losses[0]


def test_regression_losses_are_in_the_unit_of_the_targets():
    y = 100 * X[:, 0] + 7
    model = learn.DNNRegressor((8,), optimizer="SGD", learning_rate=1e-12, dropout=None)
    model.fit(X, y, W, epochs=2, batch_size=BATCH)
    expected = np.average((y - model.predict(X)) ** 2, weights=W)
    np.testing.assert_allclose(model.history_["loss"], [expected] * 2, rtol=1e-4)


def test_a_monitor_changes_nothing_that_is_learned():
    """Chunks of one step or of many: the same bits."""
    alone = network(dropout=0.3, batch_norm=True).fit(X, Y, W, steps=25)
    watched = network(dropout=0.3, batch_norm=True).fit(
        X, Y, W, steps=25, monitors=[Diary(), Ticks(4)]
    )
    assert_same_bits(weights_of(alone), weights_of(watched))
    np.testing.assert_allclose(alone.history_["loss"], watched.history_["loss"], rtol=1e-6)


# --- what monitors hear --------------------------------------------------------------------------


def test_every_hook_is_called_in_order_once_a_step():
    diary = Diary()
    model = network().fit(X, Y, steps=4, monitors=[diary])
    expected = [("begin", 4), ("epoch_begin", 0)]
    for step in (1, 2, 3, 4):
        expected += [("step_begin", step), ("step_end", step, step), ("post_step", step)]
        expected += [("epoch_end", 0), ("epoch_begin", 1)] * (step == 3)
    assert diary.calls == [*expected, ("epoch_end", 1), ("end",)]
    np.testing.assert_allclose(model.history_["loss"][0], np.mean(diary.losses[:3]), rtol=1e-6)
    np.testing.assert_allclose(model.history_["loss"][1], diary.losses[3], rtol=1e-6)


def test_epochs_can_be_heard_alone_and_stop_the_run():
    diary = EpochDiary(stop_after=1)
    model = network().fit(X, Y, epochs=9, monitors=[diary])
    assert diary.epochs == [("begin", 0, 0), ("end", 0, 3), ("begin", 1, 3), ("end", 1, 6)]
    assert steps_of(model) == 6


def test_partial_fit_is_an_epoch_of_its_own():
    model = network().fit(X, Y, steps=4)  # leaves off amid an epoch of three steps
    diary = EpochDiary()
    model.partial_fit(X[:45], Y[:45], batch_size=9, monitors=[diary])
    assert diary.epochs == [("begin", 0, 4), ("end", 0, 9)]
    assert model.history_["step"] == [9]
    assert model.history_["epoch"] == [1]


def test_partial_fit_shows_every_row_once():
    """A rate so small that the losses of the steps add up to that of all rows."""
    model = network(optimizer="SGD", learning_rate=1e-12).fit(X, Y, steps=4)
    rows = slice(0, 50)
    expected = model.evaluate(X[rows], Y[rows], W[rows])["loss"]
    model.partial_fit(X[rows], Y[rows], sample_weight=W[rows], batch_size=20)
    np.testing.assert_allclose(model.history_["loss"], [expected], rtol=1e-5)


@pytest.mark.parametrize(
    ("every", "first", "steps"),
    [(5, 1, [1, 6, 11, 12]), (5, -1, [5, 10, 12]), (4, 3, [1, 2, 3, 7, 11, 12]), (100, 1, [1, 12])],
)
def test_a_monitor_of_ones_own_looks_every_n_steps(every, first, steps):
    ticks = Ticks(every, first)
    model = network().fit(X, Y, steps=12, monitors=[ticks])
    assert ticks.ended == ticks.posted == steps
    spans = np.diff([0, *steps])
    np.testing.assert_allclose(
        np.average(ticks.means, weights=spans), np.mean(model.history_["loss"]), rtol=1e-5
    )


def test_a_monitor_is_used_again_for_another_fit():
    ticks = Ticks(5)
    network().fit(X, Y, steps=12, monitors=[ticks])
    network().fit(X, Y, steps=6, monitors=[ticks])
    assert ticks.ended == [1, 6, 11, 12, 1, 6]


def test_a_monitor_that_fails_ends_the_fit_and_leaves_the_estimator_alone():
    class Fails(EveryN):
        def every_n_step_end(self, step, outputs):
            raise KeyError("mine")

    diary = Diary()
    model = network().fit(X, Y, steps=3)
    before = weights_of(model)
    with pytest.raises(KeyError, match="mine"):
        model.fit(X, Y, steps=9, monitors=[diary, Fails(5, first_n_steps=-1)])
    assert diary.calls[-1] == ("end",)
    assert_same_bits(weights_of(model), before)
    assert model.history_["step"] == [3]


# --- the monitors of the house -------------------------------------------------------------------


def test_captured_variables_and_dumps_are_the_weights_of_each_step():
    bias, dump = CaptureVariable("dnn/logits/biases", every_n=4), GraphDump()
    loss = CaptureVariable("loss", every_n=1)
    model = network().fit(X, Y, steps=9, monitors=[bias, dump, loss])
    assert list(bias.values) == [1, 5, 9]
    assert list(dump.data) == list(range(1, 10))
    for step, value in bias.values.items():
        np.testing.assert_array_equal(value, dump.data[step]["dnn/logits/biases"])
    assert not np.array_equal(bias.values[1], bias.values[5])  # copies, not one array
    for name, value in weights_of(model).items():
        np.testing.assert_array_equal(dump.data[9][name], value)
    np.testing.assert_allclose(
        np.mean([loss.values[step] for step in (1, 2, 3)]), model.history_["loss"][0], rtol=1e-6
    )


def test_dumps_find_where_two_runs_part():
    one, other = GraphDump(), GraphDump()
    network().fit(X, Y, steps=2, monitors=[one])
    network(random_state=1).fit(X, Y, steps=2, monitors=[other])
    matched, differing = one.compare(other, step=1)
    assert "global_step" in matched
    assert {"loss", "dnn/logits/weights"} <= set(differing)


def test_tensors_and_losses_are_logged(caplog):
    caplog.set_level(logging.INFO, "tflearnkit")
    monitors = [PrintTensor({"bias": "dnn/logits/biases"}, every_n=5), LoggingTrainer(5)]
    network().fit(X, Y, steps=8, monitors=monitors)
    lines = [record.getMessage() for record in caplog.records]
    for step in (1, 6, 8):
        assert any(line.startswith(f"Step {step}: bias = [") for line in lines)
        assert any(line.startswith(f"Step {step}/8: loss = ") for line in lines)
    assert len(lines) == 6


def test_a_name_that_is_no_variable_is_told_with_those_there_are():
    with pytest.raises(ValueError, match=r"'dnn/logits/bias'.*Did you mean 'dnn/logits/biases'"):
        network().fit(X, Y, steps=2, monitors=[CaptureVariable("dnn/logits/bias")])


def test_stopping_at_a_step_by_function_and_by_the_training_loss():
    assert steps_of(network().fit(X, Y, steps=50, monitors=[StopAtStep(num_steps=7)])) == 7
    assert steps_of(network().fit(X, Y, steps=50, monitors=[StopAtStep(last_step=8)])) == 8
    stop = FunctionalMonitor(2, lambda progress: progress.step >= 9)
    assert steps_of(network().fit(X, Y, steps=50, monitors=[stop])) == 9
    still = LossMonitor(early_stopping_rounds=10, check_every_n_steps=5)
    model = network(optimizer="SGD", learning_rate=1e-12, batch_size=90)
    model.fit(X, Y, steps=50, monitors=[still])
    assert (still.best_step, steps_of(model)) == (5, 15)


def test_a_loss_that_is_not_finite_ends_the_fit_and_names_the_step():
    diary = Diary()
    model = network(optimizer="SGD", learning_rate=1e30, activation_fn=None)
    with pytest.raises(NanLossDuringTrainingError, match=r"became (nan|inf) at step \d+\. Likely"):
        model.fit(X, Y, steps=50, monitors=[diary])
    assert not hasattr(model, "model_")
    assert diary.calls[-1] == ("end",)


def test_weights_that_are_not_finite_are_never_saved(tmp_path):
    leaps = keras.optimizers.schedules.PiecewiseConstantDecay([22], [0.01, 1e30])
    model = network(optimizer="SGD", learning_rate=leaps, activation_fn=None, model_dir=tmp_path)
    monitors = [CheckpointSaver(save_steps=40), Ticks(5)]
    with pytest.raises(NanLossDuringTrainingError, match="at step 2[45]"):
        model.fit(X, Y, steps=50, monitors=monitors)
    assert monitors[1].ended == [1, 6, 11, 16, 21]
    assert checkpoint.checkpoints(tmp_path) == [1]


def test_nan_loss_watches_a_variable():
    watch = NanLoss("dnn/logits/weights", every_n_steps=1, fail_on_nan_loss=False)
    assert steps_of(network().fit(X, Y, steps=5, monitors=[watch])) == 5


def test_summaries_go_where_they_are_told(tmp_path):
    monitors = [
        SummarySaver(["loss", "global_step"], 5, output_dir=tmp_path / "a"),
        StepCounter(5, output_dir=tmp_path / "b"),
    ]
    network().fit(X, Y, steps=12, monitors=monitors)
    assert len(list((tmp_path / "a").iterdir())) == len(list((tmp_path / "b").iterdir())) == 1


@pytest.mark.parametrize("monitor", [SummarySaver(), StepCounter(), CheckpointSaver(save_steps=5)])
def test_what_writes_needs_a_folder(monitor):
    with pytest.raises(ValueError, match=r"model_dir"):
        network().fit(X, Y, steps=2, monitors=[monitor])


def test_a_fit_is_quiet_unless_someone_looks(capfd):
    network().fit(X, Y, steps=5)
    network(verbose=1).fit(X, Y, steps=5)  # standard error is no terminal here
    assert capfd.readouterr() == ("", "")


def test_verbose_draws_a_line_in_a_terminal(monkeypatch, capsys):
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    network(verbose=1).fit(X, Y, steps=6)
    out, err = capsys.readouterr()
    assert out == ""
    assert "100% [##########] 6/6  epoch 2  loss " in err
    assert err.endswith("\n")


def test_a_forced_bar_writes_to_a_file_too(capsys):
    network().fit(X, Y, steps=6, monitors=[ProgressBar(force=True)])
    assert "6/6" in capsys.readouterr().err


# --- validation and early stopping ---------------------------------------------------------------

TRAIN, HELD = slice(0, 60), slice(60, 90)


def overfitting(**params):
    return network(hidden_units=(64, 64), optimizer="Adam", learning_rate=0.05, **params)


def test_validation_fills_the_history_under_the_monitors_name():
    monitors = [
        ValidationMonitor(X[HELD], Y[HELD], every_n_steps=4, restore_best_weights=False),
        ValidationMonitor(
            X[:10], Y[:10], W[:10], every_n_steps=6, name="few", restore_best_weights=False
        ),
    ]
    model = network().fit(X, Y, steps=10, monitors=monitors)
    rows = dict(zip(model.history_["step"], model.history_["val_loss"], strict=True))
    assert [step for step, loss in rows.items() if loss is not None] == [4, 8, 10]
    few = dict(zip(model.history_["step"], model.history_["few_accuracy"], strict=True))
    assert [step for step, value in few.items() if value is not None] == [6, 10]
    assert rows[10] == pytest.approx(model.evaluate(X[HELD], Y[HELD])["loss"], rel=1e-5)
    last = model.evaluate(X[:10], Y[:10], W[:10])
    assert model.history_["few_loss"][-1] == pytest.approx(last["loss"], rel=1e-5)


def test_early_stopping_restores_the_best_weights():
    monitor = ValidationMonitor(X[HELD], Y[HELD], every_n_steps=2, early_stopping_rounds=10)
    model = overfitting().fit(X[TRAIN], Y[TRAIN], steps=300, monitors=[monitor])
    assert monitor.early_stopped
    losses = [loss for loss in model.history_["val_loss"] if loss is not None]
    assert monitor.best_value == min(losses) < losses[-1]
    assert model.history_["step"][-1] == monitor.best_step + 10
    assert model.evaluate(X[HELD], Y[HELD])["loss"] == pytest.approx(monitor.best_value, rel=1e-6)


def test_early_stopping_on_a_metric_and_with_weights():
    monitor = ValidationMonitor(
        X[HELD], Y[HELD], W[HELD], every_n_steps=2, early_stopping_rounds=10,
        early_stopping_metric="auc", early_stopping_metric_minimize=False, metrics=["f1"],
    )  # fmt: skip
    model = overfitting().fit(X[TRAIN], Y[TRAIN], W[TRAIN], steps=300, monitors=[monitor])
    assert monitor.best_value == max(v for v in model.history_["val_auc"] if v is not None)
    found = model.evaluate(X[HELD], Y[HELD], W[HELD], metrics=["f1"])
    for name in ("auc", "f1", "loss"):
        assert found[name] == pytest.approx(monitor.best_metrics[name], rel=1e-5)


@pytest.mark.parametrize("weights", [np.ones(90), W], ids=["equal", "weighted"])
def test_early_stopping_holds_rows_out_by_itself(weights):
    model = overfitting(early_stopping=True, validation_fraction=0.3, n_iter_no_change=4)
    model.fit(X, Y, weights, epochs=200)
    losses = [loss for loss in model.history_["val_loss"] if loss is not None]
    assert len(losses) < 100
    assert len(losses) == int(np.argmin(losses)) + 1 + 4  # one look an epoch
    assert model.history_["step"][-1] == 3 * len(losses)  # 63 rows are left, three steps
    source = TableSource(Labelled(as_table(X), Y, weights))
    _, held = hold_out(source, 0.3, model.model_.seed, stratify=True)
    found = model.evaluate(held.table[""], held.y, held.weights)
    assert found["loss"] == pytest.approx(min(losses), rel=1e-5)


def test_early_stopping_with_weight_column_class_weights_and_labels():
    data = {"a": X[:, 0], "b": X[:, 1], "city": np.where(Y, "Rome", "Oslo"), "w": W}
    labels = np.where(RNG.random(90) < 0.5, "yes", "no")
    model = overfitting(
        early_stopping=True,
        validation_fraction=0.3,
        n_iter_no_change=3,
        weight_column_name="w",
        class_weight="balanced",
    ).fit(data, labels, epochs=100)
    losses = [loss for loss in model.history_["val_loss"] if loss is not None]
    assert len(losses) == int(np.argmin(losses)) + 1 + 3


def test_few_rows_and_many_classes_are_held_out_too():
    y = np.repeat(np.arange(9), 10)
    model = network(early_stopping=True, validation_fraction=0.05).fit(X, y, epochs=2)
    assert len(model.history_["val_loss"]) == 2


def test_the_stricter_of_two_validations_stops():
    first = ValidationMonitor(X[HELD], Y[HELD], every_n_steps=3, name="held")
    second = ValidationMonitor(
        X[HELD], Y[HELD], every_n_steps=2, early_stopping_rounds=6, name="stop"
    )
    model = overfitting().fit(X[TRAIN], Y[TRAIN], steps=300, monitors=[first, second])
    assert second.early_stopped
    assert not first.early_stopped
    assert {"held_loss", "stop_loss"} <= model.history_.keys()


def test_a_stream_to_validate_on_is_read_once_as_far_as_asked():
    def endless():
        while True:
            yield X[HELD], Y[HELD]

    monitor = ValidationMonitor(
        endless(), every_n_steps=2, eval_steps=2, restore_best_weights=False
    )
    model = network().fit(X, Y, steps=4, monitors=[monitor])
    twice = np.tile(X[HELD], (2, 1)), np.tile(Y[HELD], 2)
    assert model.history_["val_loss"][-1] == pytest.approx(model.evaluate(*twice)["loss"])


# --- Ctrl-C --------------------------------------------------------------------------------------


class PressesCtrlC(EveryN):
    """Interrupts the process at a step, as a user would."""

    def __init__(self, step):
        super().__init__(step, first_n_steps=-1)

    def every_n_step_end(self, step, outputs):
        os.kill(os.getpid(), signal.SIGINT)


def test_ctrl_c_keeps_the_steps_so_far(ctrl_c):
    diary = Diary()
    model = network()
    with pytest.warns(TrainingInterruptedWarning, match="after step 5"):
        fitted = model.fit(X, Y, steps=50, monitors=[PressesCtrlC(5), diary])
    assert fitted is model
    assert steps_of(model) == 5
    assert diary.calls[-1] == ("end",)
    assert model.history_["step"] == [3, 5]
    # A plan of as many steps, stopped there, leaves the same weights.
    stopped = network().fit(X, Y, steps=50, monitors=[StopAtStep(num_steps=5)])
    assert_same_bits(weights_of(model), weights_of(stopped))
    assert steps_of(model.partial_fit(X, Y)) == 8


def test_ctrl_c_amid_a_chunk_counts_the_steps_that_were_taken(monkeypatch):
    """Python hears of Ctrl-C when the compiled call is over: the weights are further by then."""
    run = GradientEngine.run

    def run_and_interrupt(engine, chunk, step):
        found = run(engine, chunk, step)
        if step >= 6:
            raise KeyboardInterrupt
        return found

    with monkeypatch.context() as patch:
        patch.setattr(GradientEngine, "run", run_and_interrupt)
        with pytest.warns(TrainingInterruptedWarning, match="after step 11"):
            model = network().fit(X, Y, max_steps=50, monitors=[Ticks(5)])
    assert steps_of(model) == 11
    stopped = network().fit(X, Y, max_steps=50, monitors=[StopAtStep(last_step=11)])
    assert_same_bits(weights_of(model), weights_of(stopped))
