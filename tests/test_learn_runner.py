"""learn_runner: which method of an experiment runs, and what is refused."""

import json

import pytest
from sklearn.datasets import load_iris

import tflearnkit as learn
from tflearnkit import RunConfig, learn_runner

ROWS = load_iris(return_X_y=True)
CLUSTER = {"chief": ["a:1"], "ps": ["b:1"], "worker": ["c:1", "d:1"]}


class Calls(learn.Experiment):
    """Say which method was called."""

    simple_attribute = 3

    def train(self):
        return "train"

    def train_and_evaluate(self):
        return "train_and_evaluate"

    def run_std_server(self):
        return "run_std_server"

    def continuous_eval(self):
        return "continuous_eval"

    def twice(self):
        return ["train"] * 2


def by_folder(output_dir):
    return Calls(learn.LinearClassifier(model_dir=output_dir), ROWS, ROWS)


def by_config(run_config, hparams=None):
    return Calls(learn.LinearClassifier(config=run_config, **(hparams or {})), ROWS, ROWS)


def config_of(folder, job=None, cluster=CLUSTER, task=0):
    return RunConfig(model_dir=str(folder), cluster_spec=cluster, job_name=job, task=task)


@pytest.mark.parametrize(
    ("job", "schedule"),
    [
        ("chief", "train_and_evaluate"),
        ("worker", "train"),
        ("ps", "run_std_server"),
        ("evaluator", "continuous_eval"),
    ],
)
def test_the_task_says_what_runs(tmp_path, monkeypatch, job, schedule):
    assert learn_runner.run(by_config, run_config=config_of(tmp_path, job)) == schedule
    task = {"cluster": CLUSTER, "task": {"type": job, "index": 0}}
    monkeypatch.setenv("TF_CONFIG", json.dumps(task))
    assert learn_runner.run(by_folder, str(tmp_path)) == schedule


@pytest.mark.parametrize("cluster", [{}, {"worker": ["a:1"]}, {"master": ["a:1"]}])
def test_a_task_alone_trains_and_evaluates(tmp_path, cluster):
    config = config_of(tmp_path, next(iter(cluster), None), cluster)
    assert learn_runner.run(by_config, run_config=config) == "train_and_evaluate"
    assert learn_runner.run(by_folder, str(tmp_path)) == "train_and_evaluate"


def test_a_schedule_may_be_named(tmp_path):
    assert learn_runner.run(by_folder, str(tmp_path), "twice") == ["train", "train"]


def test_without_a_task_or_a_schedule_for_it(tmp_path):
    with pytest.raises(ValueError, match="Must specify a schedule"):
        learn_runner.run(by_config, run_config=config_of(tmp_path))
    other = {"gpu": ["a:1"], "worker": ["b:1"]}
    with pytest.raises(ValueError, match="No default schedule for task type 'gpu'"):
        learn_runner.run(by_config, run_config=config_of(tmp_path, "gpu", other))


def test_schedules_that_are_not_there(tmp_path):
    message = "references non-existent task 'trian': name a method of Experiment. Did you mean"
    with pytest.raises(ValueError, match=message):
        learn_runner.run(by_folder, str(tmp_path), "trian")
    with pytest.raises(TypeError, match="references non-callable member 'simple_attribute'"):
        learn_runner.run(by_folder, str(tmp_path), "simple_attribute")


def test_hyperparameters_are_passed_on(tmp_path):
    found = []

    def experiment_fn(run_config, hparams):
        found.append(hparams)
        return by_config(run_config, hparams)

    config = RunConfig(model_dir=str(tmp_path))
    learn_runner.run(experiment_fn, run_config=config, hparams={"learning_rate": 0.1})
    assert found == [{"learning_rate": 0.1}]


@pytest.mark.parametrize(
    ("words", "kind", "message"),
    [
        ({}, ValueError, "Must set value for `output_dir` or `run_config`"),
        ({"output_dir": ""}, ValueError, "Must specify an output directory"),
        ({"output_dir": "m", "run_config": RunConfig(model_dir="m")}, ValueError, "Cannot provide"),
        ({"output_dir": "m", "hparams": {}}, ValueError, "hparams go with run_config"),
        ({"run_config": "m"}, ValueError, "run_config should be a RunConfig"),
        ({"run_config": RunConfig()}, ValueError, "Must specify a model directory in `run_config`"),
        (
            {"run_config": RunConfig(model_dir="m"), "hparams": 3},
            ValueError,
            "hparams should be a dict",
        ),
    ],
)
def test_what_cannot_run(words, kind, message):
    with pytest.raises(kind, match=message):
        learn_runner.run(by_config, **words)


def test_builders_that_build_nothing(tmp_path):
    with pytest.raises(TypeError, match="Experiment builder 3 is not callable"):
        learn_runner.run(3, str(tmp_path))
    with pytest.raises(TypeError, match="did not return an Experiment. Got None"):
        learn_runner.run(lambda output_dir: None, str(tmp_path))


def test_the_estimator_goes_by_the_jobs_configuration(tmp_path):
    def experiment_fn(run_config):
        return by_config(run_config.replace(model_dir="elsewhere"))

    with pytest.raises(RuntimeError, match="should be made with the run_config"):
        learn_runner.run(experiment_fn, run_config=RunConfig(model_dir=str(tmp_path)))
    free = by_config(RunConfig(model_dir=str(tmp_path), save_summary_steps=7))
    config = RunConfig(model_dir=str(tmp_path))
    assert learn_runner.run(lambda run_config: free, run_config=config) == "train_and_evaluate"


def test_a_tuner_runs_trials(tmp_path):
    class Tuner:
        rates = [0.5, 0.1]
        reports = []

        def next_trial(self):
            return bool(self.rates)

        def run_experiment(self, experiment_fn):
            rate = self.rates.pop()
            config = RunConfig(model_dir=str(tmp_path / str(rate)))
            hparams = {"learning_rate": rate}
            self.reports.append(
                learn_runner.run(experiment_fn, run_config=config, hparams=hparams)
            )

    def experiment_fn(run_config, hparams):
        estimator = learn.LinearClassifier(config=run_config, random_state=0, **hparams)
        return learn.Experiment(estimator, ROWS, ROWS, train_steps=20, min_eval_frequency=0)

    learn_runner.tune(experiment_fn, Tuner())
    assert [report["global_step"] for report in Tuner.reports] == [20, 20]
    assert Tuner.reports[0]["loss"] != Tuner.reports[1]["loss"]
    with pytest.raises(TypeError, match="is not callable"):
        learn_runner.tune(None, Tuner())
