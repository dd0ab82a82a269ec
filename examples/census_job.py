"""Wide and deep on the Adult census as a job, for one process or a cluster.

The job that the books of TF.Learn ended with, with its flags. One process trains and evaluates::

    python examples/census_job.py --train_steps 1000

and what ``TF_CONFIG`` tells to be one of several tasks does what that task is there for. Here two
workers share each batch, and one more process evaluates their checkpoints::

    python -m tflearnkit.launch --workers 2 --evaluator examples/census_job.py -- --train_steps 1000

The same command line goes on from the last checkpoint where it was stopped. 1,000 steps gave an
accuracy of 0.8582 and an AUC of 0.9120 on the 16,281 test rows, by one process as by two workers;
the one took 12 s of processor time. 2,000 steps gave 0.8588 and 0.9127.
"""

import argparse
from pathlib import Path

from census_data import from_folder, load_census
from census_wide_and_deep import CATEGORIES, census_columns

import tflearnkit as learn

BATCH_SIZE = 128


def parsed():
    """Return the flags, and the parser for what is wrong with them."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    flag = parser.add_argument
    flag("--data_dir", type=Path, help="folder of adult.data and adult.test; else found or fetched")
    flag("--output_dir", type=Path, default=Path("census_job"), help="folder of what is written")
    flag("--model_dir", help="folder of checkpoints and logs (default: OUTPUT_DIR/model)")
    flag("--schedule", help="method of the experiment to run in the tasks that train (default: "
         "train_and_evaluate in a process alone, train in a worker)")  # fmt: skip
    flag("--train_steps", type=int, default=1000, help="global step to stop at")
    flag("--eval_steps", type=int, help=f"batches of {BATCH_SIZE} test rows per evaluation")
    flag("--num_parameter_servers", type=int, help="of old scripts; TF_CONFIG lists these tasks "
         "now, and must list as many")  # fmt: skip
    flag("--worker_index", type=int, help="of old scripts; TF_CONFIG names the task now, and must "
         "name this worker, or no task: then this says which worker this is")  # fmt: skip
    flag("--small", action="store_true", help="2,000 rows, at most 50 steps, nothing is fetched")
    return parser.parse_args(), parser


def configured(flags):
    """Return the configuration of ``TF_CONFIG``, with which the flags of old scripts must agree."""
    around = learn.RunConfig()
    place = {}
    if not around.cluster_spec and (flags.num_parameter_servers or flags.worker_index):
        raise ValueError(
            "num_parameter_servers and worker_index should be 0 where TF_CONFIG names no cluster. "
            f"Got {flags.num_parameter_servers} and {flags.worker_index}: set TF_CONFIG, or start "
            "a cluster by python -m tflearnkit.launch."
        )
    if around.job_name == "worker" and flags.worker_index not in (None, around.task):
        raise ValueError(
            f"worker_index should be the index in TF_CONFIG, {around.task}. Got "
            f"{flags.worker_index}: leave it out."
        )
    if around.job_name is None and flags.worker_index is not None and around.cluster_spec:
        place = {"job_name": "worker", "task": flags.worker_index}
    return learn.RunConfig(
        model_dir=flags.model_dir or around.model_dir or str(flags.output_dir / "model"),
        num_ps_replicas=flags.num_parameter_servers,
        save_checkpoints_steps=500,
        **place,
    )


def loaded(flags):
    """Return the rows to train on, and those to evaluate on."""
    if flags.data_dir is not None:
        X_train, X_test, y_train, y_test = from_folder(flags.data_dir)
    else:
        source, (X_train, X_test, y_train, y_test) = load_census(may_fetch=not flags.small)
        print(f"Data: {source}.")
    n_train = 2_000 if flags.small else None
    n_test = flags.eval_steps and flags.eval_steps * BATCH_SIZE
    return (X_train[:n_train], y_train[:n_train]), (X_test[:n_test], y_test[:n_test])


def main():
    flags, parser = parsed()
    try:
        config = configured(flags)
    except ValueError as error:
        parser.error(str(error))

    def experiment_fn(run_config):
        train, test = loaded(flags)
        is_census = set(CATEGORIES) <= set(train[0].columns)  # what stands in has other columns
        wide, deep = census_columns(train[0]) if is_census else (None, None)
        estimator = learn.DNNLinearCombinedClassifier(
            linear_feature_columns=wide,
            dnn_feature_columns=deep,
            dnn_hidden_units=[100, 50],
            dnn_dropout=0.1,
            batch_size=BATCH_SIZE,
            config=run_config,
            random_state=0,
        )
        steps = min(flags.train_steps, 50) if flags.small else flags.train_steps
        return learn.Experiment(
            estimator, train, test, train_steps=steps, continuous_eval_throttle_secs=10
        )

    trains = config.job_name not in ("ps", "evaluator")  # which have schedules of their own
    found = learn.learn_runner.run(
        experiment_fn, schedule=flags.schedule if trains else None, run_config=config
    )
    if isinstance(found, dict):
        for name, value in found.items():
            print(f"{name:<44}{value:10.4f}")
    else:
        print(f"Trained to step {found.model_.step}; checkpoints are in {config.model_dir}.")


if __name__ == "__main__":
    main()
