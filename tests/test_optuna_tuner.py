"""OptunaTuner: learn_runner.tune goes by a study of Optuna, a folder for each trial."""

import json
import sys

import pytest
from sklearn.datasets import load_iris

import tflearnkit as learn
from tflearnkit import RunConfig, learn_runner

optuna = pytest.importorskip("optuna", reason="an extra: pip install 'tflearnkit[tune]'")

ROWS = load_iris(return_X_y=True)


@pytest.fixture(autouse=True)
def quiet():
    before = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    yield
    optuna.logging.set_verbosity(before)


def space(trial):
    rate = trial.suggest_float("learning_rate", 1e-4, 0.3, log=True)
    width = trial.suggest_int("width", 4, 16)
    return {"learning_rate": rate, "hidden_units": (width, width)}


def experiment_fn(run_config, hparams):
    estimator = learn.DNNClassifier(config=run_config, batch_size=50, random_state=0, **hparams)
    return learn.Experiment(estimator, ROWS, ROWS, train_steps=60, min_eval_frequency=20)


def study(direction="minimize", **words):
    return optuna.create_study(
        direction=direction, sampler=optuna.samplers.TPESampler(seed=0), **words
    )


def at_rates(*rates, **words):
    """A study that tries these rates, and a space of nothing else."""
    found = study(**words)
    for rate in rates:
        found.enqueue_trial({"rate": rate})
    return found, lambda trial: {
        "learning_rate": trial.suggest_float("rate", 0, 1e30), "hidden_units": (8,)
    }  # fmt: skip


def states(found):
    return [trial.state.name for trial in found.trials]


def test_trials_have_folders_and_the_best_one_predicts(tmp_path):
    tuner = learn.OptunaTuner(study(), space, tmp_path, n_trials=4)
    learn_runner.tune(experiment_fn, tuner)
    trials = tuner.study.trials
    assert states(tuner.study) == ["COMPLETE"] * 4
    assert sorted(path.name for path in tmp_path.iterdir()) == [f"trial_{i}" for i in range(4)]
    assert tuner.study.best_value == min(trial.value for trial in trials)
    best = tuner.study.best_trial
    width = best.params["width"]
    assert tuner.best_hparams == {
        "learning_rate": best.params["learning_rate"], "hidden_units": (width, width)
    }  # fmt: skip
    assert tuner.best_model_dir == str(tmp_path / f"trial_{best.number}")
    estimator = learn.DNNClassifier(model_dir=tuner.best_model_dir, **tuner.best_hparams)
    assert estimator.evaluate(*ROWS)["loss"] == pytest.approx(tuner.study.best_value, rel=1e-6)


def test_a_trial_learns_what_the_experiment_does_without_a_tuner(tmp_path):
    tuner = learn.OptunaTuner(study(), space, tmp_path / "tuned", n_trials=1)
    learn_runner.tune(experiment_fn, tuner)
    config = RunConfig(model_dir=str(tmp_path / "alone"))
    report = learn_runner.run(experiment_fn, run_config=config, hparams=tuner.best_hparams)
    assert tuner.study.best_value == report["loss"]


def test_more_of_a_metric_may_be_better(tmp_path):
    found, only_rate = at_rates(1e-6, 0.05, direction="maximize")
    tuner = learn.OptunaTuner(found, only_rate, tmp_path, metric="accuracy", n_trials=2)
    learn_runner.tune(experiment_fn, tuner)
    assert found.best_params == {"rate": 0.05}
    assert found.best_value > 0.9


def test_evaluations_on_the_way_are_reported_and_the_hopeless_end_there(tmp_path):
    pruner = optuna.pruners.MedianPruner(n_startup_trials=1)
    found, only_rate = at_rates(0.05, 1e-6, pruner=pruner)
    learn_runner.tune(experiment_fn, learn.OptunaTuner(found, only_rate, tmp_path, n_trials=2))
    assert states(found) == ["COMPLETE", "PRUNED"]
    assert list(found.trials[0].intermediate_values) == [20, 40, 60]
    assert found.trials[0].intermediate_values[60] == pytest.approx(found.trials[0].value)
    assert list(found.trials[1].intermediate_values) == [20]


def test_a_trial_that_diverges_has_failed_and_the_next_one_begins(tmp_path, caplog):
    found, only_rate = at_rates(1e30, 0.05)
    learn_runner.tune(experiment_fn, learn.OptunaTuner(found, only_rate, tmp_path, n_trials=2))
    assert states(found) == ["FAIL", "COMPLETE"]
    assert "Trial 0 failed. The training loss became" in caplog.text


def test_other_failures_end_the_tuning(tmp_path):
    def fails(run_config, hparams):
        raise OSError("no disk")

    found = study()
    with pytest.raises(OSError, match="no disk"):
        learn_runner.tune(fails, learn.OptunaTuner(found, space, tmp_path, n_trials=2))
    assert states(found) == ["FAIL"]
    with pytest.raises(TypeError, match="did not return an Experiment. Got None"):
        learn_runner.tune(lambda run_config, hparams: None, learn.OptunaTuner({}, space, tmp_path))


def test_a_stored_study_goes_on(tmp_path):
    words = {
        "study_name": "iris", "storage": f"sqlite:///{tmp_path}/study.db", "load_if_exists": True
    }  # fmt: skip
    for n in (1, 2):
        tuner = learn.OptunaTuner(words, space, tmp_path / "trials", n_trials=1)
        learn_runner.tune(experiment_fn, tuner)
        assert len(tuner.study.trials) == n
    assert sorted(path.name for path in (tmp_path / "trials").iterdir()) == ["trial_0", "trial_1"]


def test_a_trial_does_not_go_on_from_what_another_study_left(tmp_path):
    learn_runner.tune(experiment_fn, learn.OptunaTuner({}, space, tmp_path, n_trials=1))
    with pytest.raises(ValueError, match="folder of its own. Got .*trial_0', which is in use"):
        learn_runner.tune(experiment_fn, learn.OptunaTuner({}, space, tmp_path, n_trials=1))


def test_the_configuration_of_the_trials(tmp_path):
    found = []

    def notes(run_config, hparams):
        found.append(run_config)
        return experiment_fn(run_config, hparams)

    config = RunConfig(save_checkpoints_steps=30)
    tuner = learn.OptunaTuner({}, space, tmp_path, n_trials=1, run_config=config)
    learn_runner.tune(notes, tuner)
    assert found == [config.replace(model_dir=str(tmp_path / "trial_0"))]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ({"study": 3}, "study should be an optuna.Study of one objective, or .* Got 3: pass"),
        ({"study": {"directions": ["minimize", "minimize"]}}, "of one objective"),
        ({"space": {"learning_rate": (0, 1)}}, "space should be a function of an Optuna trial"),
        ({"n_trials": 0}, "n_trials should be an int of at least 1. Got 0"),
    ],
)
def test_wrong_arguments(tmp_path, words, message):
    with pytest.raises(ValueError, match=message):
        learn.OptunaTuner(**{"study": {}, "space": space, "output_dir": tmp_path} | words)


def test_a_metric_that_is_not_there(tmp_path):
    tuner = learn.OptunaTuner({}, space, tmp_path, metric="acuracy", n_trials=1)
    with pytest.raises(ValueError, match="Got 'acuracy', but there are: .* Did you mean 'accuracy"):
        learn_runner.tune(experiment_fn, tuner)


def test_a_cluster_runs_no_trials(tmp_path, monkeypatch):
    cluster = {"worker": ["a:1", "b:1"]}
    config = {"cluster": cluster, "task": {"type": "worker", "index": 0}}
    monkeypatch.setenv("TF_CONFIG", json.dumps(config))
    with pytest.raises(ValueError, match="in one process. Got a cluster of 2 tasks: leave"):
        learn.OptunaTuner({}, space, tmp_path)


def test_without_optuna_the_extra_is_named_once_a_tuner_is_made(monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "optuna", None)
    with pytest.raises(ImportError, match=r"pip install 'tflearnkit\[tune\]'"):
        learn.OptunaTuner({}, print, tmp_path)
