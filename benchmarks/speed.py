"""Speed beside the peers: ``python -m benchmarks.speed [--only NAME ...]``.

Ratios are ours / peer on one machine in one run, two threads each, contestants interleaved,
medians. Beside the seconds stands what each model reached, measured alike on the same rows, so
that a fast but worse fit shows. Peers get data that is scaled already; we scale inside ``fit``.
"""

from __future__ import annotations

import argparse
import statistics
import time
import warnings

import numpy as np
from sklearn.compose import make_column_transformer
from sklearn.datasets import load_digits
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss
from sklearn.model_selection import GridSearchCV, train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

import tflearnkit as learn
from benchmarks import data, peers
from benchmarks.timing import (
    in_fresh_process,
    interleaved,
    median_of_processes,
    report_ratios,
    report_value,
    warn_if_busy,
)
from tflearnkit.columns.base import ColumnSet
from tflearnkit.data.table import as_table

# What the peers do by default: a constant rate, no dropout, no penalty.
PLAIN = {"optimizer": "Adam", "dropout": None, "l2_regularization": 0.0, "random_state": 0}


def digits():
    """Hidden 100, batch 32, 20 epochs, second fit of the shape."""
    X, y = load_digits(return_X_y=True)
    targets = {"MLPClassifier": 0.25, "Keras fit": 0.04, "PyTorch loop": 0.2}
    _networks(digits.__doc__, X, y, (100,), 32, 20, targets, rounds=7)


def large_batches():
    """100k x 28, [256, 128], batch 512, 3 epochs."""
    X, y = data.normal_classes(100_000, 28)
    targets = {"MLPClassifier": 0.4, "PyTorch loop": 0.6}
    _networks(large_batches.__doc__, X, y, (256, 128), 512, 3, targets, rounds=3)


def small_batches():
    """100k x 28, [64], batch 64, 3 epochs."""
    X, y = data.normal_classes(100_000, 28)
    targets = {"MLPClassifier": 0.2, "PyTorch loop": 0.12}
    _networks(small_batches.__doc__, X, y, (64,), 64, 3, targets, rounds=3)


def _networks(title, X, y, hidden, batch_size, epochs, targets, rounds):
    scaled = StandardScaler().fit_transform(X).astype(np.float32)
    size = {"hidden": hidden, "batch_size": batch_size, "epochs": epochs}
    contestants = {"tflearnkit": lambda: (X, _fit_ours(X, y, **size))}
    for peer, fit in _network_peers(targets).items():
        contestants[peer] = lambda fit=fit: (scaled, fit(scaled, y, **size))
    seconds, fitted = interleaved(contestants, rounds)
    losses = {
        name: f"training loss {log_loss(y, probabilities(rows)):.5f}"
        for name, (rows, probabilities) in fitted.items()
    }
    report_ratios(title, seconds, targets, losses)


def _network_peers(wanted):
    fits = {"MLPClassifier": peers.fit_mlp, "Keras fit": peers.fit_keras}
    if peers.torch is not None:
        fits["PyTorch loop"] = peers.fit_torch
    elif "PyTorch loop" in wanted:
        print("\nPyTorch is not installed and sits this one out")
    return {name: fit for name, fit in fits.items() if name in wanted}


def _fit_ours(X, y, hidden, batch_size, epochs):
    network = learn.DNNClassifier(
        hidden, batch_size=batch_size, epochs=epochs, learning_rate=0.001, **PLAIN
    )
    return network.fit(X, y).predict_proba


def first_fit():
    """Digits as above, first fit of a process that has imported TensorFlow."""
    fits = {
        "tflearnkit": "from benchmarks.speed import _fit_ours as fit",
        "Keras fit": "from benchmarks.peers import fit_keras as fit",
    }
    frame = """
import time, benchmarks, numpy as np, tensorflow
from sklearn.datasets import load_digits
{}
X, y = load_digits(return_X_y=True)
X = ((X - X.mean(0)) / (X.std(0) + 1e-9)).astype(np.float32)
tensorflow.zeros(1).numpy()
begin = time.perf_counter()
fit(X, y, hidden=(100,), batch_size=32, epochs=20)
print(time.perf_counter() - begin)
"""
    codes = {name: frame.format(line) for name, line in fits.items()}
    report_ratios(first_fit.__doc__, median_of_processes(codes, 3), {"Keras fit": 0.5})


def keras_model():
    """A Keras model on digits through Estimator and by its own fit, second fit of the shape."""
    X, y = load_digits(return_X_y=True)
    scaled = StandardScaler().fit_transform(X).astype(np.float32)
    size = {"batch_size": 32, "epochs": 20}

    def fit_ours():
        return learn.Estimator(_keras_network, **size, random_state=0).fit(scaled, y).predict

    contestants = {
        "tflearnkit": fit_ours,
        "Keras fit": lambda: peers.fit_keras(scaled, y, hidden=(100,), **size),
    }
    seconds, fitted = interleaved(contestants, rounds=7)
    losses = {k: f"training loss {log_loss(y, f(scaled)):.5f}" for k, f in fitted.items()}
    report_ratios(keras_model.__doc__, seconds, {"Keras fit": 0.2}, losses)


def _keras_network():
    """Return the model that the peer builds and fits."""
    import keras

    hidden = keras.layers.Dense(100, activation="relu")
    model = keras.Sequential([hidden, keras.layers.Dense(10, activation="softmax")])
    model.compile("adam", "sparse_categorical_crossentropy")
    return model


def model_function():
    """The digits network as a model function, beside DNNClassifier, second fit of the shape."""
    X, y = load_digits(return_X_y=True)
    scaled = StandardScaler().fit_transform(X).astype(np.float32)
    size = {"batch_size": 32, "epochs": 20}
    contestants = {
        "tflearnkit": lambda: learn.Estimator(_network, **size, random_state=0).fit(scaled, y),
        "DNNClassifier": lambda: learn.DNNClassifier((100,), **size, **PLAIN).fit(scaled, y),
    }
    seconds, _ = interleaved(contestants, rounds=9)
    report_ratios(model_function.__doc__, seconds, {"DNNClassifier": 1.3})


def _network(features, targets):
    """Return what a model function returns, of the network above."""
    import tensorflow as tf

    logits = learn.layers.linear(learn.layers.fully_connected(features, 100), 10)
    loss = learn.losses.sparse_softmax_cross_entropy(logits, targets)
    step = learn.layers.optimize_loss(loss, learning_rate=0.001, optimizer="Adam")
    return tf.nn.softmax(logits), loss, step


def grid_search():
    """Grid of 12 candidates x 3 folds on digits, 20 epochs each, programs compiled anew."""
    X, y = load_digits(return_X_y=True)
    scaled = StandardScaler().fit_transform(X)
    ours = learn.DNNClassifier(batch_size=32, epochs=20, **PLAIN)
    our_grid = {
        "hidden_units": [(64,), (100,)],
        "learning_rate": [3e-4, 1e-3, 3e-3],
        "l2_regularization": [0.0, 1e-3],
    }
    peer_grid = {
        "hidden_layer_sizes": [(64,), (100,)],
        "learning_rate_init": [3e-4, 1e-3, 3e-3],
        "alpha": [0.0, 1.0],  # divided by the rows of a batch there
    }

    def our_search():
        learn.clear_programs()
        return GridSearchCV(ours, our_grid, cv=3).fit(X, y).best_score_

    def peer_search():
        peer = peers.mlp((100,), 32, 20)
        return GridSearchCV(peer, peer_grid, cv=3).fit(scaled, y).best_score_

    contestants = {"tflearnkit": our_search, "MLPClassifier": peer_search}
    seconds, scores = interleaved(contestants, rounds=2, warm_up=False)
    remarks = {name: f"best accuracy {score:.4f}" for name, score in scores.items()}
    report_ratios(grid_search.__doc__, seconds, {"MLPClassifier": 0.3}, remarks)


def logistic():
    """Dense logistic, 100k x 50 correlated columns, C = 1, to a relative gap of 1e-5."""
    X, y = data.linear_classes(100_000, 50)
    best = _objective(X, y, LogisticRegression(solver="newton-cholesky", tol=1e-10).fit(X, y))

    def gap(model):
        return (_objective(X, y, model) - best) / best

    peer = _loosest(X, y, gap)
    contestants = {
        "tflearnkit": lambda: learn.LinearClassifier(l2_regularization=1 / len(X)).fit(X, y),
        "LogisticRegression": lambda: peer.fit(X, y),
    }
    seconds, models = interleaved(contestants, rounds=7)
    remarks = {name: f"gap {gap(model):.1e}" for name, model in models.items()}
    report_ratios(logistic.__doc__, seconds, {"LogisticRegression": 0.15}, remarks)


def _objective(X, y, model):
    weights, bias = np.ravel(model.coef_).astype(float), float(np.ravel(model.intercept_)[0])
    margins = (2 * y - 1) * (X @ weights + bias)
    return np.logaddexp(0, -margins).sum() + 0.5 * weights @ weights


def _loosest(X, y, gap):
    """Return the default solver at the loosest tolerance that reaches the gap."""
    for tol in (1e-4, 3e-5, 1e-5, 3e-6, 1e-6):
        model = LogisticRegression(tol=tol, max_iter=1000)
        if gap(model.fit(X, y)) <= 1e-5:
            return model
    raise RuntimeError("LogisticRegression did not reach a relative gap of 1e-5")


def wide():
    """200k rows x 20 string columns of 5,000 values each, encoding included."""
    frame, y = data.wide_categories(240_000, 20, 5_000)
    X, held_out, y, y_held_out = train_test_split(frame, y, test_size=40_000, random_state=0)
    one_hot = OneHotEncoder(handle_unknown="ignore")
    peer = make_pipeline(one_hot, LogisticRegression(solver="newton-cg"))
    contestants = {
        "tflearnkit": lambda: learn.LinearClassifier(l2_regularization=1 / len(X)).fit(X, y),
        "one-hot + LogisticRegression": lambda: peer.fit(X, y),
    }
    seconds, models = interleaved(contestants, rounds=3)
    remarks = {
        name: f"held-out loss {log_loss(y_held_out, model.predict_proba(held_out)):.4f}"
        for name, model in models.items()
    }
    report_ratios(wide.__doc__, seconds, {"one-hot + LogisticRegression": 0.15}, remarks)


def encoding():
    """500k rows x 12 columns, half strings and half numbers with gaps, learned from and encoded."""
    frame = data.mixed_columns(500_000)
    words = list(frame.columns[:6])
    peer = make_column_transformer(
        (OneHotEncoder(handle_unknown="ignore"), words), (StandardScaler(), list(frame.columns[6:]))
    )

    def ours():
        table = as_table(frame)
        return ColumnSet(learn.infer_feature_columns(table)).learn(table).encode(table)

    contestants = {"tflearnkit": ours, "ColumnTransformer": lambda: peer.fit_transform(frame)}
    seconds, _ = interleaved(contestants, rounds=5)
    report_ratios(encoding.__doc__, seconds, {"ColumnTransformer": 0.3})


def predict():
    """One-row predict_proba, and 1,000,000 rows at once, for the digits network."""
    X, y = load_digits(return_X_y=True)
    rows = np.tile(X.astype(np.float32), (557, 1))[:1_000_000]
    ours = learn.DNNClassifier((100,), batch_size=32, epochs=20, **PLAIN).fit(X, y)
    peer = peers.mlp((100,), 32, 20).fit(X, y)
    models = {"tflearnkit": ours, "MLPClassifier": peer}
    print(f"\n{predict.__doc__}")
    for name, model in models.items():
        latency = _median_seconds(lambda model=model: model.predict_proba(X[:1]), 300) * 1e3
        target = 1.0 if name == "tflearnkit" else None
        report_value(None, f"{name}, one row", latency, "ms", target)
    bulk, _ = interleaved({k: lambda m=m: m.predict(rows) for k, m in models.items()}, rounds=5)
    for name, seconds in bulk.items():
        target = 5.0 if name == "tflearnkit" else None
        speed = len(rows) / seconds / 1e6
        report_value(None, f"{name}, bulk", speed, "million rows/s", target, at_least=True)


def _median_seconds(run, times):
    run()
    seconds = []
    for _ in range(times):
        begin = time.perf_counter()
        run()
        seconds.append(time.perf_counter() - begin)
    return statistics.median(seconds)


def memory():
    """Growth of a process over 200 fits of one shape."""
    code = """
import benchmarks
from pathlib import Path
import tflearnkit as learn
from sklearn.datasets import load_iris
X, y = load_iris(return_X_y=True)
def resident():
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096 / 1e6
def fit(times):
    for seed in range(times):
        learn.DNNClassifier((32,), epochs=5, random_state=seed).fit(X, y).predict(X)
fit(10)
before = resident()
fit(200)
print(resident() - before)
"""
    report_value(memory.__doc__, "tflearnkit", in_fresh_process(code), "MB", 20.0)


def imports():
    """``import tflearnkit`` in a process that has imported scikit-learn."""
    code = """
import time, sklearn
begin = time.perf_counter()
import tflearnkit
print(time.perf_counter() - begin)
"""
    seconds = median_of_processes({"tflearnkit": code}, 5)["tflearnkit"]
    report_value(imports.__doc__, "tflearnkit", seconds, "s", 0.5)


BENCHMARKS = {
    run.__name__: run
    for run in (
        digits,
        first_fit,
        large_batches,
        small_batches,
        keras_model,
        model_function,
        grid_search,
        logistic,
        wide,
        encoding,
        predict,
        memory,
        imports,
    )
}


def main():
    """Run the benchmarks named on the command line, all by default."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", nargs="+", choices=BENCHMARKS, default=list(BENCHMARKS))
    warnings.simplefilter("ignore", ConvergenceWarning)  # few epochs are meant to be few
    print("Speed: seconds (medians), two threads, ratio is tflearnkit / peer")
    for name in parser.parse_args().only:
        warn_if_busy()
        BENCHMARKS[name]()


if __name__ == "__main__":
    main()
