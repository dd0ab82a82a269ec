"""model_dir: training goes on where it stopped, whatever stopped it; TensorBoard reads along."""

import functools
import multiprocessing
import os
import random
import shutil
import signal
import time
import warnings

import numpy as np
import pandas as pd
import pytest
from event_files import scalars

import tflearnkit as learn
from tflearnkit import checkpoint
from tflearnkit.errors import CheckpointError, TrainingInterruptedWarning
from tflearnkit.monitors import (
    BaseMonitor,
    CheckpointSaver,
    FunctionalMonitor,
    StopAtStep,
    ValidationMonitor,
)

RNG = np.random.default_rng(0)
X = RNG.normal(size=(90, 4))
Y = (X[:, 0] + 0.5 * X[:, 1] > 0).astype(int)
W = RNG.uniform(0.5, 2.0, size=90)
FRAME = pd.DataFrame(
    {
        "city": RNG.choice(["Rome", "Oslo", "Bonn"], 90),
        "age": np.where(RNG.random(90) < 0.1, np.nan, 40 + 10 * X[:, 0]),
        "member": X[:, 1] > 0,
        "size": pd.Categorical(RNG.choice(["s", "m", "l"], 90)),
        "since": pd.Timestamp("2020-01-01") + pd.to_timedelta(RNG.integers(0, 900, 90), "D"),
        "code": pd.Categorical(RNG.integers(0, 5, 90)),
    }
)
COLUMNS = [
    learn.real_valued_column("age", default_value=40.0),
    learn.embedding_column(learn.sparse_column_with_keys("city", ["Rome", "Oslo", "Bonn"]), 3),
    learn.one_hot_column(learn.sparse_column_with_hash_bucket("size", 10)),
]


def network(model_dir, *, config=None, saves=None, **params):
    """A network with all that draws numbers: dropout, shuffling, and batch norm's moments."""
    given = {"hidden_units": (8,), "dropout": 0.3, "batch_norm": True, "batch_size": 30}
    config = learn.RunConfig(save_checkpoints_steps=saves) if saves else config
    return learn.DNNClassifier(
        **given | {"random_state": 0, "model_dir": model_dir, "config": config} | params
    )


def arrays_of(model_dir):
    return checkpoint.restore(model_dir).arrays


def assert_same_bits(one, other):
    assert one.keys() == other.keys()
    for name, value in one.items():
        np.testing.assert_array_equal(value, other[name], err_msg=name)


# --- going on ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("data", "params"),
    [
        ((X, Y), {}),
        ((FRAME, np.where(Y, "yes", "no"), W), {}),
        ((FRAME, Y, W), {"feature_columns": COLUMNS}),
        (
            (X, Y),
            {"optimizer": "Momentum", "gradient_clip_norm": 1.0, "enable_centered_bias": True},
        ),
    ],
    ids=["numbers", "frame", "columns", "options"],
)
def test_an_interrupted_run_goes_on_as_if_nothing_had_happened(tmp_path, data, params):
    """Steps 50 and 70 of 120: amid an epoch, and with the learning rate of the whole run."""
    whole = network(tmp_path / "whole", **params).fit(*data, max_steps=120)
    for stop in (50, 70, None):
        monitors = [StopAtStep(last_step=stop)] if stop else []
        part = network(tmp_path / "part", **params).fit(*data, max_steps=120, monitors=monitors)
        assert part.evaluate(*data)["global_step"] == (stop or 120)
    assert_same_bits(arrays_of(tmp_path / "part"), arrays_of(tmp_path / "whole"))
    np.testing.assert_array_equal(part.predict_proba(data[0]), whole.predict_proba(data[0]))


@pytest.mark.parametrize("optimizer", ["Adam", "Adagrad", "Ftrl"])
def test_steps_add_up(tmp_path, optimizer):
    network(tmp_path / "whole", optimizer=optimizer).fit(X, Y, W, steps=120)
    network(tmp_path / "parts", optimizer=optimizer).fit(X, Y, W, steps=50)
    parts = network(tmp_path / "parts", optimizer=optimizer).fit(X, Y, W, steps=70)
    assert_same_bits(arrays_of(tmp_path / "parts"), arrays_of(tmp_path / "whole"))
    assert parts.history_["step"][0] == 51  # the rest of the epoch that the first fit began
    assert parts.history_["epoch"][0] == 17


def test_two_optimizers_go_on_too(tmp_path):
    def model(name):
        return learn.DNNLinearCombinedClassifier(
            model_dir=tmp_path / name, linear_optimizer="Ftrl", dnn_optimizer="Adagrad",
            dnn_hidden_units=(8,), dnn_dropout=0.3, random_state=0, batch_size=30,
        )  # fmt: skip

    model("whole").fit(FRAME, Y, steps=40)
    model("parts").fit(FRAME, Y, steps=17)
    model("parts").fit(FRAME, Y, steps=23)
    assert_same_bits(arrays_of(tmp_path / "parts"), arrays_of(tmp_path / "whole"))


def test_a_long_run_goes_on_under_the_same_compiler(tmp_path):
    """XLA rounds otherwise than TensorFlow: the last hundred steps must not change hands."""
    network(tmp_path / "whole").fit(X, Y, max_steps=400)
    network(tmp_path / "part").fit(X, Y, max_steps=400, monitors=[StopAtStep(last_step=310)])
    network(tmp_path / "part").fit(X, Y, max_steps=400)
    assert_same_bits(arrays_of(tmp_path / "part"), arrays_of(tmp_path / "whole"))


def test_what_is_reached_already_is_not_trained_again(tmp_path):
    network(tmp_path).fit(X, Y, max_steps=20)
    heard = []
    monitor = FunctionalMonitor(1, lambda progress: heard.append(progress.step))
    again = network(tmp_path).fit(X, Y, max_steps=20, monitors=[monitor])
    assert heard == []
    assert checkpoint.checkpoints(tmp_path) == [20]
    assert again.evaluate(X, Y)["global_step"] == 20


def test_epochs_entered_and_left_in_their_middle_are_paired(tmp_path):
    class Epochs(BaseMonitor):
        def __init__(self):
            self.calls = []

        def epoch_begin(self, epoch):
            super().epoch_begin(epoch)
            self.calls.append(f"begin {epoch} at {self.progress.step}")

        def epoch_end(self, epoch):
            super().epoch_end(epoch)
            self.calls.append(f"end {epoch} at {self.progress.step}")

    first, second = Epochs(), Epochs()
    network(tmp_path).fit(X, Y, steps=4, monitors=[first])
    model = network(tmp_path).fit(X, Y, steps=4, monitors=[second])
    assert first.calls == ["begin 0 at 0", "end 0 at 3", "begin 1 at 3", "end 1 at 4"]
    assert second.calls == ["begin 1 at 4", "end 1 at 6", "begin 2 at 6", "end 2 at 8"]
    assert model.history_["step"] == [6, 8]
    assert model.history_["epoch"] == [2, 2]


def test_partial_fit_goes_on_from_the_folder_and_saves_there(tmp_path):
    network(tmp_path).partial_fit(X, Y)
    network(tmp_path).partial_fit(X[:30], Y[:30])
    assert checkpoint.checkpoints(tmp_path) == [3, 4]


def test_the_solved_linear_model_is_kept_too(tmp_path):
    model = learn.LinearClassifier(model_dir=tmp_path).fit(FRAME, Y)
    fresh = learn.LinearClassifier(model_dir=tmp_path)
    np.testing.assert_array_equal(fresh.predict_proba(FRAME), model.predict_proba(FRAME))
    np.testing.assert_array_equal(fresh.coef_, model.coef_)


# --- what cannot go on ---------------------------------------------------------------------------


def test_a_folder_of_something_else_is_refused(tmp_path):
    network(tmp_path).fit(FRAME, Y, steps=2)
    with pytest.raises(CheckpointError, match="should hold checkpoints of DNNRegressor"):
        learn.DNNRegressor(model_dir=tmp_path).fit(FRAME, Y)
    with pytest.raises(CheckpointError, match="other columns or layers"):
        network(tmp_path, hidden_units=(9,)).fit(FRAME, Y, steps=2)
    with pytest.raises(CheckpointError, match=r"feature_names_in_ is \['age'.*but X has \['age'"):
        network(tmp_path).fit(FRAME.drop(columns="code"), Y, steps=2)
    with pytest.raises(CheckpointError, match=r"feature_names_in_ is .* but X has None"):
        network(tmp_path).fit(X, Y, steps=2)
    with pytest.raises(ValueError, match="labels"):
        network(tmp_path).fit(FRAME, Y + 7, steps=2)
    assert checkpoint.checkpoints(tmp_path) == [2]


def test_another_width_is_refused(tmp_path):
    network(tmp_path).fit(X, Y, steps=2)
    with pytest.raises(CheckpointError, match="n_features_in_ is 4, but X has 3"):
        network(tmp_path).fit(X[:, :3], Y, steps=2)


def test_columns_in_another_order_are_the_same(tmp_path):
    network(tmp_path / "a").fit(FRAME, Y, steps=20)
    network(tmp_path / "b").fit(FRAME[FRAME.columns[::-1]], Y, steps=10)
    network(tmp_path / "b").fit(FRAME, Y, max_steps=20)
    network(tmp_path / "c").fit(FRAME[FRAME.columns[::-1]], Y, steps=20)
    assert_same_bits(arrays_of(tmp_path / "c"), arrays_of(tmp_path / "a"))
    assert arrays_of(tmp_path / "b").keys() == arrays_of(tmp_path / "a").keys()


# --- predicting from the folder ------------------------------------------------------------------

TAGS = {"tags": [["a", "b"], ["c"], []] * 30, "n": X[:, 0]}
MAKES = {
    "numbers": lambda where: (learn.DNNClassifier((8,), model_dir=where), X, Y),
    "words": lambda where: (
        learn.DNNClassifier((8,), model_dir=where), FRAME, np.where(Y, "yes", "no")
    ),
    "columns": lambda where: (
        learn.DNNClassifier((8,), COLUMNS, model_dir=where), FRAME, Y
    ),
    "inferred by hand": lambda where: (
        learn.DNNClassifier(
            (8,), _for_network(learn.infer_feature_columns(FRAME)), model_dir=where
        ), FRAME, Y,
    ),
    "lists": lambda where: (learn.LinearClassifier(optimizer="Ftrl", model_dir=where), TAGS, Y),
    "many classes": lambda where: (
        learn.DNNLinearCombinedClassifier(dnn_hidden_units=(8,), model_dir=where),
        FRAME, RNG.choice([2.0, 3.0, 9.0], 90),
    ),
    "labels": lambda where: (
        learn.DNNClassifier((8,), model_dir=where), X, np.stack([Y, 1 - Y, Y], axis=1)
    ),
    "regression": lambda where: (learn.DNNRegressor((8,), model_dir=where), FRAME, 100 * X[:, 0]),
    "outputs": lambda where: (learn.LinearRegressor(model_dir=where), X, X[:, :2] * 7 + 3),
    "sparse": lambda where: (
        learn.LinearRegressor(optimizer="Ftrl", model_dir=where), _sparse(), X[:, 0]
    ),
    "one column in config": lambda where: (
        learn.LinearClassifier(config=learn.RunConfig(model_dir=where)), FRAME[["age"]], Y
    ),
}  # fmt: skip


def _for_network(columns):
    return [learn.one_hot_column(c) if hasattr(c, "combiner") else c for c in columns]


def _sparse():
    from scipy.sparse import csr_matrix

    return csr_matrix(np.where(X > 0.5, X, 0))


@pytest.mark.parametrize("make", MAKES.values(), ids=MAKES.keys())
def test_a_fresh_estimator_predicts_from_the_folder(tmp_path, make):
    model, features, targets = make(tmp_path / "m")
    model.fit(features, targets, epochs=2)
    shutil.move(tmp_path / "m", tmp_path / "moved")  # nothing in it names where it was
    fresh, *_ = make(tmp_path / "moved")
    np.testing.assert_array_equal(fresh.predict(features), model.predict(features))
    assert fresh.predict(features).dtype == model.predict(features).dtype
    found, expected = fresh.evaluate(features, targets), model.evaluate(features, targets)
    assert found == pytest.approx(expected, nan_ok=True)
    assert fresh.n_features_in_ == model.n_features_in_
    assert fresh.get_variable_names() == model.get_variable_names()
    if hasattr(model, "classes_"):
        np.testing.assert_array_equal(fresh.classes_, model.classes_)


def test_an_empty_folder_is_no_model(tmp_path):
    with pytest.raises(learn.NotFittedError):
        network(tmp_path).predict(X)


def test_unseen_words_after_restoring_are_unseen(tmp_path):
    model = network(tmp_path).fit(FRAME, Y, steps=5)
    strange = FRAME.assign(city="Paris", age=np.nan)
    np.testing.assert_array_equal(
        network(tmp_path).predict_proba(strange), model.predict_proba(strange)
    )


# --- when checkpoints are written ----------------------------------------------------------------


class Steps(BaseMonitor):
    """Notes which checkpoints stand, at every step."""

    def __init__(self):
        self.seen = {}

    def post_step(self, step):
        super().post_step(step)
        self.seen[step] = checkpoint.checkpoints(self.progress.model_dir)


def test_checkpoints_come_as_often_as_asked_and_only_the_last_ones_stay(tmp_path):
    config = learn.RunConfig(save_checkpoints_steps=10, keep_checkpoint_max=3)
    network(tmp_path / "a", config=config).fit(X, Y, steps=55)
    assert checkpoint.checkpoints(tmp_path / "a") == [40, 50, 55]
    network(tmp_path / "b", config=config.replace(keep_checkpoint_max=None)).fit(X, Y, steps=55)
    assert checkpoint.checkpoints(tmp_path / "b") == [10, 20, 30, 40, 50, 55]


def test_checkpoints_by_the_clock(tmp_path):
    slow = FunctionalMonitor(100, lambda progress: time.sleep(0.2), first_n_steps=-1)
    config = learn.RunConfig(save_checkpoints_secs=0.1)
    network(tmp_path / "fast", config=config.replace(save_checkpoints_secs=60)).fit(X, Y, steps=250)
    assert checkpoint.checkpoints(tmp_path / "fast") == [250]
    network(tmp_path / "slow", config=config).fit(X, Y, steps=250, monitors=[slow])
    assert len(checkpoint.checkpoints(tmp_path / "slow")) >= 2


def test_a_saver_of_ones_own_saves_first_then_and_last(tmp_path):
    seen, saver = Steps(), CheckpointSaver(save_steps=4)
    network(tmp_path).fit(X, Y, steps=11, monitors=[saver, seen])
    assert seen.seen[1] == [1]
    assert checkpoint.checkpoints(tmp_path) == [1, 5, 9, 11]
    assert saver.last_path.endswith("checkpoint-00000011")


# --- TensorBoard ---------------------------------------------------------------------------------


def test_tensorboard_reads_losses_speed_and_evaluations(tmp_path):
    config = learn.RunConfig(save_summary_steps=10, log_step_count_steps=20)
    monitors = [
        ValidationMonitor(X, Y, every_n_steps=25, restore_best_weights=False),
        ValidationMonitor(X, Y, W, every_n_steps=50, name="own", restore_best_weights=False),
    ]
    model = network(tmp_path, config=config).fit(X, Y, steps=60, monitors=monitors)
    found = model.evaluate(X, Y, name="all")

    train = scalars(tmp_path)
    assert list(train["loss"]) == [1, 11, 21, 31, 41, 51, 60]
    assert list(train["global_step/sec"]) == [21, 41, 60]
    assert all(speed > 0 for speed in train["global_step/sec"].values())
    spans = [1, 10, 10, 10, 10, 10, 9]
    mean = np.average(list(train["loss"].values()), weights=spans)
    assert mean == pytest.approx(np.mean([v for v in model.history_["loss"] if v]), rel=1e-4)

    validation = scalars(tmp_path / "eval")
    assert list(validation["accuracy"]) == [25, 50, 60]
    assert validation["loss"][60] == pytest.approx(found["loss"], rel=1e-5)
    assert list(scalars(tmp_path / "eval_own")["loss"]) == [50, 60]
    assert scalars(tmp_path / "eval_all")["auc"] == {60: pytest.approx(found["auc"])}


def test_tensorboard_sees_one_series_of_resumed_runs(tmp_path):
    config = learn.RunConfig(save_summary_steps=10)
    network(tmp_path, config=config).fit(X, Y, steps=30)
    network(tmp_path, config=config).fit(X, Y, steps=30)
    assert list(scalars(tmp_path)["loss"]) == [1, 11, 21, 30, 31, 41, 51, 60]


def test_nothing_is_written_where_nothing_is_asked(tmp_path):
    quiet = learn.RunConfig(save_summary_steps=None, log_step_count_steps=None)
    network(tmp_path, config=quiet).fit(X, Y, steps=3)
    assert [path.name for path in tmp_path.iterdir()] == ["checkpoint-00000003"]


# --- processes that die, and one that is interrupted ---------------------------------------------


@functools.cache
def processes():
    """A context whose processes are forked from one that has imported TensorFlow, and no more."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["tensorflow", "keras", "tflearnkit.estimators.dnn"])
    return context


def start(job, *args):
    process = processes().Process(target=job, args=args, daemon=True)
    process.start()
    return process


def train_slowly(model_dir, seconds):
    """The command that is run again and again: 120 steps, with time to be killed."""
    breaks = [FunctionalMonitor(10, lambda progress: time.sleep(seconds))] if seconds else []
    network(model_dir, saves=10).fit(
        FRAME, np.where(Y, "yes", "no"), W, max_steps=120, monitors=breaks
    )


def wait_for(model_dir, step, process):
    deadline = time.monotonic() + 60
    while (checkpoint.latest_step(model_dir) or 0) < step:
        assert time.monotonic() < deadline, f"no checkpoint of step {step} within a minute"
        if not process.is_alive():
            return
        time.sleep(0.01)


def answer_of(process, answers):
    """What the process has to say, if it lives to say it."""
    while process.is_alive() and answers.empty():
        time.sleep(0.01)
    answer = answers.get(timeout=5)
    process.join()
    assert process.exitcode == 0
    return answer


forks = pytest.mark.skipif(os.name == "nt", reason="needs POSIX signals and forkserver")


@forks
def test_kills_at_any_moment_change_nothing(tmp_path):
    train_slowly(tmp_path / "whole", 0)
    chance = random.Random(0)
    for step in (10, 30, 60, 90):
        process = start(train_slowly, tmp_path / "killed", 0.1)
        wait_for(tmp_path / "killed", step, process)
        time.sleep(chance.uniform(0, 0.2))
        process.kill()
        process.join()
        assert process.exitcode == -signal.SIGKILL
        assert step <= checkpoint.latest_step(tmp_path / "killed") < 120
    process = start(train_slowly, tmp_path / "killed", 0)
    process.join()
    assert process.exitcode == 0
    assert_same_bits(arrays_of(tmp_path / "killed"), arrays_of(tmp_path / "whole"))


class LongRun:
    """A run of very many steps, nearly all of its time in compiled calls."""

    rows = np.random.default_rng(1).normal(size=(2000, 20))
    labels = (rows[:, 0] > 0).astype(int)

    @classmethod
    def fit(cls, model_dir, monitors=()):
        shape = {"hidden_units": (64,), "batch_size": 200, "optimizer": "Adagrad"}
        model = network(model_dir, saves=500, **shape)
        return model.fit(cls.rows, cls.labels, max_steps=10**6, monitors=list(monitors))


def train_until_interrupted(model_dir, answers):
    signal.signal(signal.SIGINT, signal.default_int_handler)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        model = LongRun.fit(model_dir)
    words = [str(w.message) for w in caught if w.category is TrainingInterruptedWarning]
    answers.put((words, model.evaluate(LongRun.rows, LongRun.labels), model.history_["step"][-1]))


@forks
def test_ctrl_c_ends_a_fit_well_and_it_can_go_on(tmp_path):
    answers = processes().Queue()
    process = start(train_until_interrupted, tmp_path / "part", answers)
    wait_for(tmp_path / "part", 500, process)
    os.kill(process.pid, signal.SIGINT)
    (words,), found, last = answer_of(process, answers)
    step = found["global_step"]
    assert f"after step {step}" in words
    assert step >= last >= 500
    assert checkpoint.latest_step(tmp_path / "part") == step

    LongRun.fit(tmp_path / "part", [StopAtStep(num_steps=20)])
    LongRun.fit(tmp_path / "whole", [StopAtStep(last_step=step + 20)])
    assert_same_bits(arrays_of(tmp_path / "part"), arrays_of(tmp_path / "whole"))


def train_until_terminated(model_dir):
    """Go on from where SIGTERM ends it; the monitor shows that the handler is there."""
    note = FunctionalMonitor(10, lambda progress: (model_dir / "runs").touch())
    LongRun.fit(model_dir, [note])


@forks
def test_sigterm_saves_and_ends(tmp_path):
    (tmp_path / "part").mkdir()
    process = start(train_until_terminated, tmp_path / "part")
    while not (tmp_path / "part" / "runs").exists():
        assert process.is_alive()
        time.sleep(0.01)
    os.kill(process.pid, signal.SIGTERM)
    process.join()
    assert process.exitcode == 128 + signal.SIGTERM
    step = checkpoint.latest_step(tmp_path / "part")
    assert step % 500 != 0  # which it would not have saved by itself
    LongRun.fit(tmp_path / "part", [StopAtStep(num_steps=20)])
    LongRun.fit(tmp_path / "whole", [StopAtStep(last_step=step + 20)])
    assert_same_bits(arrays_of(tmp_path / "part"), arrays_of(tmp_path / "whole"))


def test_sigterm_is_as_before_after_a_fit_and_without_a_folder(tmp_path):
    seen = []
    look = FunctionalMonitor(1, lambda progress: seen.append(signal.getsignal(signal.SIGTERM)))
    network(None).fit(FRAME, Y, W, steps=2, monitors=[look])
    assert set(seen) == {signal.SIG_DFL}
    network(tmp_path).fit(FRAME, Y, W, steps=2, monitors=[look])
    assert seen[-1] != signal.SIG_DFL
    assert signal.getsignal(signal.SIGTERM) == signal.SIG_DFL


# --- memory --------------------------------------------------------------------------------------


def resident_megabytes():
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 2**20


def fit_often(model_dir, answers):
    for number in range(80):
        if number == 20:
            before = resident_megabytes()
        where = model_dir / str(number) if number % 2 else None
        network(where, random_state=number).fit(X, Y, steps=20).predict(X)
    answers.put(resident_megabytes() - before)


@pytest.mark.skipif(not os.path.exists("/proc/self/statm"), reason="needs Linux's /proc")
def test_fits_of_one_shape_leave_no_memory_behind(tmp_path):
    answers = processes().Queue()
    process = start(fit_often, tmp_path, answers)
    assert answer_of(process, answers) < 60
