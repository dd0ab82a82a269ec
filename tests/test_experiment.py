"""Experiment: each method does what one task of a job is there for."""

import threading
import time

import numpy as np
import pytest
from sklearn.datasets import load_iris
from sklearn.linear_model import LogisticRegression

import tflearnkit as learn
from tflearnkit import checkpoint
from tflearnkit import experiment as experiments
from tflearnkit.monitors import EveryN

X, Y = load_iris(return_X_y=True)
ROWS = X, Y
CLUSTER = {"ps": ["a:1"], "worker": ["b:1", "c:1", "d:1", "e:1"]}


def classifier(folder=None, **words):
    words = {"batch_size": 50, "random_state": 0} | words
    return learn.LinearClassifier(model_dir=folder, optimizer="Adam", **words)


def experiment(folder=None, estimator=None, **words):
    words = {"train_steps": 60} | words
    return learn.Experiment(estimator or classifier(folder), ROWS, ROWS, **words)


@pytest.fixture
def naps(monkeypatch):
    """The seconds slept, without sleeping."""
    found = []
    monkeypatch.setattr(time, "sleep", found.append)
    return found


class Steps(EveryN):
    """Note the steps that were seen."""

    def __init__(self):
        super().__init__(1)
        self.seen = []

    def every_n_step_end(self, step, outputs):
        self.seen.append(step)


def evaluated(job):
    """The steps at which there was an evaluation on the way."""
    history = job.estimator.history_
    losses = history.get("val_loss", [None] * len(history["step"]))
    return [s for s, loss in zip(history["step"], losses, strict=True) if loss is not None]


# -- train -------------------------------------------------------------------------------------


def test_train_goes_to_the_step_and_no_further(tmp_path):  # EXP-01
    steps = Steps()
    job = experiment(str(tmp_path), train_monitors=[steps])
    assert job.train() is job.estimator
    assert steps.seen == list(range(1, 61))
    job.train()
    assert steps.seen == list(range(1, 61))
    assert not (tmp_path / "eval").exists()


def test_monitors_may_be_added_and_lists_stay_as_they_are(tmp_path):  # EXP-12
    first, second = Steps(), Steps()
    given = [first]
    job = experiment(train_monitors=given)
    job.extend_train_hooks([second])
    job.train()
    assert first.seen == second.seen != []
    assert given == [first]


@pytest.mark.parametrize(("delay", "slept"), [(0, []), (1, [1]), (3, [3]), (None, [])])
def test_training_waits_as_it_is_told(naps, delay, slept):  # EXP-02
    experiment(train_steps=2).train(delay)
    assert naps == slept


@pytest.mark.parametrize(("task", "slept"), [(0, []), (1, [5]), (3, [15])])
def test_workers_beside_parameter_servers_begin_apart(monkeypatch, naps, task, slept):  # EXP-02
    config = learn.RunConfig(cluster_spec=CLUSTER, job_name="worker", task=task)
    estimator, done = classifier(config=config), []
    monkeypatch.setattr(experiments, "serve", lambda config: done.append("served"))
    monkeypatch.setattr(classifier().__class__, "fit", lambda *_, **__: done.append("trained"))
    experiment(estimator=estimator, train_steps=2).train()
    assert naps == slept
    naps.clear()
    experiment(estimator=estimator, train_steps=2).train(delay_secs=2)
    assert naps == [2]
    assert done == ["served" if task else "trained"] * 2


def test_workers_may_wait_for_the_global_step(monkeypatch, tmp_path):
    steps = iter([None, 100, 5000, 5600])
    naps = []
    monkeypatch.setattr(time, "sleep", naps.append)
    config = learn.RunConfig(cluster_spec=CLUSTER, job_name="worker", task=1)
    estimator = classifier(str(tmp_path), config=config)
    job = experiment(estimator=estimator, train_steps=10_000, delay_workers_by_global_step=True)
    monkeypatch.setattr(job, "_fit", lambda *args, **words: "trained")
    monkeypatch.setattr(checkpoint, "latest_step", lambda folder: next(steps))
    assert job.train() == "trained"  # from step 8000 ln 2 = 5545 on
    assert len(naps) == 3


# -- evaluate ----------------------------------------------------------------------------------


def test_evaluate_takes_the_newest_checkpoint(tmp_path, naps):  # EXP-05
    trained = experiment(str(tmp_path)).train()
    reports = []
    job = experiment(str(tmp_path), eval_metrics=["f1"], eval_hooks=[reports.append])
    found = job.evaluate()
    assert found == trained.evaluate(X, Y, metrics=["f1"]) == reports[0]
    assert (tmp_path / "eval_one_pass").is_dir()
    assert naps == []
    experiment(str(tmp_path), eval_delay_secs=3).evaluate()
    assert naps == [3]
    job.evaluate(delay_secs=1)
    assert naps == [3, 1]
    assert len(reports) == 2


def test_evaluate_needs_something_to_evaluate(tmp_path):
    with pytest.raises(learn.NotFittedError):
        experiment(str(tmp_path)).evaluate()


def test_a_part_of_a_stream_may_do():
    def rows():
        yield from ((X[i : i + 10], Y[i : i + 10]) for i in range(0, 150, 10))

    estimator = classifier().fit(X, Y, steps=60)
    job = learn.Experiment(estimator, rows, rows, eval_steps=5)
    assert job.evaluate()["accuracy"] == estimator.score(X[:50], Y[:50])


def test_train_and_evaluate(tmp_path):  # EXP-09
    job = experiment(str(tmp_path), min_eval_frequency=20)
    found = job.train_and_evaluate()
    assert found == job.estimator.evaluate(X, Y)
    assert found["global_step"] == 60
    assert evaluated(job) == [20, 40, 60]
    assert (tmp_path / "eval").is_dir()


def test_the_last_weights_stay_even_if_earlier_ones_were_better():
    y_far = np.roll(Y, 50)  # the better the fit, the worse the evaluation
    job = learn.Experiment(
        classifier(), ROWS, (X, y_far), train_steps=60, min_eval_frequency=10
    )  # fmt: skip
    job.train_and_evaluate()
    expected = classifier().fit(X, Y, max_steps=60)
    np.testing.assert_array_equal(job.estimator.coef_, expected.coef_)


@pytest.mark.parametrize(
    ("how", "seen"),
    [({"min_eval_frequency": 0}, []), ({}, [60]), ({"min_eval_frequency": 25}, [25, 50, 60])],
)
def test_how_often_is_evaluated_on_the_way(how, seen):  # EXP-10
    job = experiment(**how)
    job.train_and_evaluate()
    assert evaluated(job) == seen


def test_checkpoints_by_steps_say_when_to_evaluate(tmp_path):
    config = learn.RunConfig(model_dir=str(tmp_path), save_checkpoints_steps=15)
    job = experiment(estimator=classifier(config=config))
    job.train_and_evaluate()
    assert evaluated(job) == [15, 30, 45, 60]


@pytest.mark.parametrize(("frequency", "seen"), [(None, []), (30, [30, 60])])
def test_local_run(frequency, seen):  # EXP-08
    job = experiment(local_eval_frequency=frequency)
    assert job.local_run()["accuracy"] > 0.3
    assert evaluated(job) == seen


# -- again and again ---------------------------------------------------------------------------


def test_train_and_evaluate_in_turns(tmp_path):  # EXP-11
    steps, reports = Steps(), []
    job = experiment(str(tmp_path), train_monitors=[steps], eval_hooks=[reports.append])
    found = job.continuous_train_and_eval()
    assert [report["global_step"] for report in reports] == list(range(6, 61, 6))
    assert found == reports[-1]
    assert steps.seen == list(range(1, 61))


def test_turns_of_other_lengths(tmp_path):  # EXP-11
    reports = []
    job = experiment(
        str(tmp_path), train_steps=None, train_steps_per_iteration=25, eval_hooks=[reports.append]
    )
    assert job.continuous_train_and_eval(lambda report: False) is None
    assert reports == []
    job.continuous_train_and_eval(lambda report: report is None or report["global_step"] < 50)
    assert [report["global_step"] for report in reports] == [25, 50]


def test_each_checkpoint_is_evaluated_once(tmp_path, naps):  # EXP-06, EXP-07
    experiment(str(tmp_path), train_steps=30).train()
    told, reports = [], []

    def goes_on(report):
        told.append(report)
        return len(told) < 100

    job = experiment(str(tmp_path), eval_hooks=[reports.append])
    assert job.continuous_eval(continuous_eval_predicate_fn=goes_on) == reports[0]
    assert told[0] is None
    assert told[1] == reports[0]
    assert told[2:] == [{}] * 98
    assert len(reports) == 1
    assert 59 < max(naps) <= 60  # what is left of the throttle, then a look a second
    assert naps[1:] == [1.0] * 98
    assert (tmp_path / "eval_continuous").is_dir()


def test_a_checkpoint_may_be_evaluated_again(tmp_path, naps):
    experiment(str(tmp_path), train_steps=30).train()
    reports = []
    job = experiment(str(tmp_path), eval_hooks=[reports.append])
    how = {"throttle_delay_secs": 0, "evaluate_checkpoint_only_once": False}
    job.continuous_eval(**how, continuous_eval_predicate_fn=lambda _: len(reports) < 3)
    assert len(reports) == 3
    assert naps == []


def test_an_evaluator_beside_the_trainer(tmp_path):  # EXP-07
    reports = []
    evaluating = experiment(
        str(tmp_path), eval_hooks=[reports.append], continuous_eval_throttle_secs=0
    )
    evaluator = threading.Thread(target=evaluating.continuous_eval)
    evaluator.start()  # before there is anything to evaluate
    last = experiment(str(tmp_path)).train_and_evaluate()
    evaluator.join(60)
    assert not evaluator.is_alive()
    assert reports[-1] == last
    assert not evaluating.estimator.__sklearn_is_fitted__()


def test_continuous_evaluation_on_the_rows_of_training(tmp_path, naps):
    experiment(str(tmp_path)).train()
    half = X[:75], Y[:75]
    job = learn.Experiment(classifier(str(tmp_path)), half, ROWS, train_steps=60)
    found = job.continuous_eval_on_train_data()
    assert found == job.estimator.evaluate(*half)
    assert (tmp_path / "eval_continuous_on_train_data").is_dir()


# -- exports -----------------------------------------------------------------------------------


def an_export(name="servo"):
    def export(estimator, export_path, eval_result):
        return export_path, eval_result["global_step"], float(estimator.score(X, Y))

    return learn.ExportStrategy(name, export)


def test_exports_follow_evaluations(tmp_path):
    job = experiment(str(tmp_path), export_strategies=an_export())
    score = job.train_and_evaluate()["accuracy"]
    path = str(tmp_path / "export" / "servo")
    assert job.exports == [(path, 60, pytest.approx(score))]
    before = job.reset_export_strategies([an_export("other"), an_export("third")])
    assert [strategy.name for strategy in before] == ["servo"]
    job.test()
    assert [export[0].rsplit("/", 1)[1] for export in job.exports] == ["other", "third"]
    assert [export[1] for export in job.exports] == [61, 61]


def test_exports_need_a_folder():
    with pytest.raises(ValueError, match="Exports go below the estimator's model_dir"):
        experiment(export_strategies=[an_export()]).test()


@pytest.mark.parametrize("wrong", ["servo", [print], 3])
def test_other_strategies_are_refused(wrong):  # EXP-12
    with pytest.raises(ValueError, match="should be a list of ExportStrategy"):
        experiment(export_strategies=wrong)
    with pytest.raises(ValueError, match="should be a list of ExportStrategy"):
        experiment().reset_export_strategies(wrong)


def test_a_strategy_has_a_name_and_a_function():
    with pytest.raises(ValueError, match="should have a name. Got ''"):
        learn.ExportStrategy("", print)
    with pytest.raises(ValueError, match="should have a function"):
        learn.ExportStrategy("servo", None)


# -- the rest ----------------------------------------------------------------------------------


def test_a_test_takes_one_step():  # EXP-15, DNN-28
    steps = Steps()
    job = learn.Experiment(
        learn.DNNClassifier(hidden_units=[4], random_state=0), ROWS, ROWS, train_monitors=[steps]
    )
    assert job.test()["global_step"] == 1
    assert steps.seen == [1]


def test_a_server_needs_a_cluster():  # EXP-14
    with pytest.raises(ValueError, match="run_std_server expects a cluster_spec"):
        experiment().run_std_server()


def test_what_goes_by_checkpoints_needs_a_folder():
    for method in ("continuous_eval", "continuous_train_and_eval"):
        with pytest.raises(ValueError, match=f"{method} goes by the checkpoints"):
            getattr(experiment(), method)()


@pytest.mark.parametrize(
    ("how", "message"),
    [
        ({"estimator": LogisticRegression()}, "Experiment expects an estimator of tflearnkit"),
        ({"train_steps": 0}, "train_steps should be an int of at least 1, or None. Got 0"),
        ({"train_steps_per_iteration": 2.5}, "train_steps_per_iteration should be an int"),
        ({"min_eval_frequency": -1}, "min_eval_frequency should be an int of at least 0"),
    ],
)
def test_what_cannot_be_is_refused(how, message):  # EXP-16
    with pytest.raises(ValueError, match=message):
        experiment(**how)


def test_rows_and_predicates_that_cannot_be(tmp_path):
    with pytest.raises(ValueError, match="eval_input_fn should be a function without arguments"):
        learn.Experiment(classifier(), ROWS, X)
    with pytest.raises(ValueError, match="continuous_eval_predicate_fn should be a function"):
        experiment(str(tmp_path)).continuous_eval(continuous_eval_predicate_fn=3)


def test_without_steps_a_linear_model_is_solved_for():
    job = learn.Experiment(learn.LinearClassifier(), ROWS, ROWS)
    job.train_and_evaluate()
    np.testing.assert_array_equal(job.estimator.coef_, learn.LinearClassifier().fit(X, Y).coef_)
