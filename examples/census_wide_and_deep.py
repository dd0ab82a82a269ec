"""Wide-and-deep learning on the Adult census, beside scikit-learn: ``make demo``.

The wide part remembers which education goes with which occupation, the deep part generalises from
embeddings; both train together on the raw table, strings and missing values included. Training
stops when the validation AUC does. TensorBoard logs and a learning curve go to ``demo_output``.
"""

import argparse
import shutil
import time
from pathlib import Path

from census_data import load_census
from scikit_learn_baseline import on_raw_frames
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import accuracy_score, log_loss, roc_auc_score
from sklearn.model_selection import train_test_split
from sklearn.neural_network import MLPClassifier

import tflearnkit as learn

CATEGORIES = {  # name -> hash buckets, a few times the number of values
    "workclass": 40,
    "education": 80,
    "marital_status": 40,
    "occupation": 80,
    "relationship": 40,
    "race": 40,
    "sex": 20,
    "native_country": 200,
}


def census_columns(X):
    """Return the columns of the wide part, and those of the deep part."""
    category = {
        name: learn.sparse_column_with_hash_bucket(name, size) for name, size in CATEGORIES.items()
    }
    age = learn.bucketized_column(
        learn.real_valued_column("age"), [18, 25, 30, 35, 40, 45, 50, 55, 60, 65]
    )
    education, occupation = category["education"], category["occupation"]
    numbers = learn.infer_feature_columns(X.select_dtypes("number"))  # standardised

    wide = [
        *numbers,
        *category.values(),
        age,
        learn.crossed_column([education, occupation], 1_000),
        learn.crossed_column([age, education, occupation], 5_000),
        learn.crossed_column([category["native_country"], occupation], 1_000),
    ]
    deep = [
        *numbers,
        age,
        *(learn.embedding_column(column, dimension=8) for column in category.values()),
    ]
    return wide, deep


def wide_and_deep(X, model_dir):
    """Return the estimator; without the census columns it infers columns of its own."""
    is_census = set(CATEGORIES) <= set(X.columns)
    wide, deep = census_columns(X) if is_census else (None, None)
    return learn.DNNLinearCombinedClassifier(
        linear_feature_columns=wide,
        dnn_feature_columns=deep,
        dnn_hidden_units=[100, 50],
        dnn_dropout=0.1,
        batch_size=128,
        epochs=15,
        model_dir=str(model_dir),
        random_state=0,
    )


def fit_timed(model, *data, **options):
    """Fit, and return the seconds it took."""
    begin = time.perf_counter()
    model.fit(*data, **options)
    return time.perf_counter() - begin


def report(name, model, seconds, X, y):
    """Print one line of the comparison."""
    probabilities = model.predict_proba(X)
    scores = (
        accuracy_score(y, model.predict(X)),
        roc_auc_score(y == model.classes_[1], probabilities[:, 1]),
        log_loss(y, probabilities),
    )
    print(f"{name:<36}" + "".join(f"{score:10.4f}" for score in scores) + f"{seconds:9.1f} s")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--small", action="store_true", help="2,000 rows, nothing is fetched")
    parser.add_argument("--output", type=Path, default=Path("demo_output"))
    options = parser.parse_args()

    source, (X, X_test, y, y_test) = load_census(may_fetch=not options.small)
    if options.small:
        X, y = X[:2_000], y[:2_000]
    print(f"Data: {source}.\n{len(X)} rows to learn from, {len(X_test)} to test on.\n")
    X_train, X_val, y_train, y_val = train_test_split(
        X, y, test_size=0.1, random_state=0, stratify=y
    )

    model_dir = options.output / "model"
    shutil.rmtree(model_dir, ignore_errors=True)  # else fit would go on from the last run
    model = wide_and_deep(X_train, model_dir)
    monitor = learn.monitors.ValidationMonitor(
        X_val,
        y_val,
        every_n_steps=100,
        early_stopping_rounds=600,
        early_stopping_metric="auc",
        early_stopping_metric_minimize=False,
    )
    seconds = fit_timed(model, X_train, y_train, monitors=[monitor])
    print(
        f"Trained to step {model.history_['step'][-1]}"
        f"{', stopped early' if monitor.early_stopped else ''}; "
        f"best validation AUC {monitor.best_value:.4f} at step {monitor.best_step}."
    )
    print("Evaluation on the test rows:")
    for name, value in model.evaluate(X_test, y_test).items():
        print(f"  {name:<44}{value:12.4f}")

    print(f"\n{'':<36}{'accuracy':>10}{'auc':>10}{'log loss':>10}{'fit':>11}")
    report("wide-and-deep (tflearnkit)", model, seconds, X_test, y_test)
    for name, peer in {
        "one-hot + LogisticRegression": LogisticRegression(max_iter=1000),
        "one-hot + MLPClassifier": MLPClassifier(early_stopping=True, random_state=0),
    }.items():
        pipeline = on_raw_frames(peer)
        report(name, pipeline, fit_timed(pipeline, X, y), X_test, y_test)

    curve = options.output / "learning_curve.png"
    display = learn.plot.TrainingHistoryDisplay.from_estimator(
        model, metrics=["loss", "auc"], best_step=monitor.best_step, name="Wide-and-deep"
    )
    display.figure_.savefig(curve, dpi=120)
    print(f"\nLearning curve: {curve}\nTensorBoard:    tensorboard --logdir {model_dir}")


if __name__ == "__main__":
    main()
