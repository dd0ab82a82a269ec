"""Searches of scikit-learn on a cluster of Dask: two processes find what one does."""

import os

import joblib
import numpy as np
import pytest
from sklearn.datasets import load_digits
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import tflearnkit as learn

distributed = pytest.importorskip("distributed", reason="an extra: pip install 'tflearnkit[dask]'")

pytestmark = pytest.mark.timeout(180)

X, Y = (array[:300] for array in load_digits(return_X_y=True))


@pytest.fixture(scope="module")
def client(tmp_path_factory):
    """Two workers of one thread each, that nobody outside of this machine can reach."""
    cluster = distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, processes=True, host="127.0.0.1",
        dashboard_address="127.0.0.1:0", local_directory=str(tmp_path_factory.mktemp("dask")),
    )  # fmt: skip
    with cluster, distributed.Client(cluster) as client:
        yield client


NETWORK = learn.DNNClassifier([16], batch_size=50, random_state=0)
SEARCHES = {
    "network": (NETWORK, {"learning_rate": [1e-4, 0.01], "epochs": [2, 8]}),
    "pipeline": (
        make_pipeline(StandardScaler(), NETWORK),
        {"dnnclassifier__learning_rate": [1e-4, 0.01], "dnnclassifier__epochs": [2, 8]},
    ),
}


def searched(name):
    # Beside the accuracy, the process that measured it: a function of here, which Dask sends along.
    scoring = {"accuracy": "accuracy", "process": lambda estimator, X, y: os.getpid()}
    return GridSearchCV(*SEARCHES[name], cv=3, scoring=scoring, refit="accuracy").fit(X, Y)


@pytest.mark.parametrize("name", SEARCHES)
def test_two_processes_find_what_one_does(client, name):
    with joblib.parallel_config(backend="dask"):
        found = searched(name)
    expected = searched(name)
    assert found.best_params_ == expected.best_params_
    for scores in ("split0_test_accuracy", "split2_test_accuracy", "mean_test_accuracy"):
        np.testing.assert_array_equal(found.cv_results_[scores], expected.cv_results_[scores])
    np.testing.assert_array_equal(found.predict_proba(X), expected.predict_proba(X))
    assert len(set(expected.cv_results_["mean_test_accuracy"])) > 1  # else any would be the best
    processes = {p for i in range(3) for p in found.cv_results_[f"split{i}_test_process"]}
    assert processes == set(client.run(os.getpid).values())
