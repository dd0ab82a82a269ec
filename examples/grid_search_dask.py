"""The grid search of handwritten digits on a cluster of Dask: joblib spreads scikit-learn's fits.

By itself it starts two processes on this machine. ``--scheduler tcp://HOST:8786`` takes a cluster
that runs already: ``dask scheduler`` on one machine, and on others, with tflearnkit installed,
``dask worker tcp://HOST:8786 --nthreads 1``. Dask asks nobody who they are: keep its ports in a
private network.

Needs Dask: ``pip install "tflearnkit[dask]"``.
"""

import argparse
import sys
import time

import joblib
from sklearn.datasets import load_digits
from sklearn.model_selection import GridSearchCV, train_test_split

import tflearnkit as learn

try:
    from distributed import Client, LocalCluster
except ModuleNotFoundError:
    sys.exit('This example runs on a cluster of Dask: pip install "tflearnkit[dask]"')


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--scheduler", help="address of a cluster; else one is started here")
    parser.add_argument("--small", action="store_true", help="fewer rows and candidates")
    flags = parser.parse_args()

    X, y = load_digits(return_X_y=True)
    X_train, X_test, y_train, y_test = train_test_split(
        X, y, train_size=400 if flags.small else None, stratify=y, random_state=0
    )
    grid = {
        "hidden_units": [(32,)] if flags.small else [(64,), (100,), (128, 64)],
        "learning_rate": [0.001, 0.003],
    }
    network = learn.DNNClassifier(epochs=20, batch_size=32, random_state=0)

    # A thread each: TensorFlow has threads of its own, and many programs at once would fight.
    local = {"n_workers": 2, "threads_per_worker": 1, "host": "127.0.0.1"}
    cluster = flags.scheduler or LocalCluster(**local, dashboard_address="127.0.0.1:0")
    with Client(cluster) as client, joblib.parallel_config(backend="dask"):
        begin = time.perf_counter()
        search = GridSearchCV(network, grid, cv=3).fit(X_train, y_train)
        seconds = time.perf_counter() - begin
        n_workers = len(client.scheduler_info()["workers"])
    if not flags.scheduler:
        cluster.close()

    n_fits = 3 * len(search.cv_results_["params"]) + 1
    print(f"{n_fits} fits on {n_workers} workers in {seconds:.1f} s: {search.best_params_}")
    print(f"test accuracy {search.score(X_test, y_test):.4f}")


if __name__ == "__main__":
    main()
