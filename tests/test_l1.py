"""L1 by mini-batches: the objective comes near its least value, and weights are held at zero."""

import numpy as np
import pytest
from sklearn.datasets import load_breast_cancer
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler

import tflearnkit as learn

L1 = 0.03


@pytest.fixture(scope="module")
def rows():
    """Thirty measurements and thirty columns of noise."""
    X, y = load_breast_cancer(return_X_y=True)
    noise = np.random.default_rng(0).normal(size=(len(X), 30))
    return StandardScaler().fit_transform(np.hstack([X, noise])), y


@pytest.fixture(scope="module")
def least(rows):
    X, y = rows
    peer = LogisticRegression(
        l1_ratio=1, C=1 / (L1 * len(X)), solver="saga", max_iter=5000, tol=1e-6
    ).fit(X, y)
    return objective(peer, X, y)


def objective(model, X, y):
    losses = -np.log(model.predict_proba(X)[np.arange(len(y)), y])
    return losses.mean() + L1 * np.abs(model.coef_).sum()


@pytest.mark.parametrize(
    "optimizer", [None, "SGD", "Momentum", "Ftrl", "Adagrad", "Adam", "AdamW", "RMSProp"]
)
def test_every_optimizer_minimises_the_same(rows, least, optimizer):
    X, y = rows
    how = {"batch_size": 64, "epochs": 100, "random_state": 0}
    model = learn.LinearClassifier(optimizer=optimizer, l1_regularization=L1, **how).fit(X, y)
    assert least - 1e-6 < objective(model, X, y) < 1.04 * least
    assert np.count_nonzero(model.coef_[:, 30:] == 0) > 10
    assert np.count_nonzero(model.coef_[:, :30]) > 3


def test_what_is_not_penalised_crosses_zero(rows):
    """The intercept begins at zero and goes past it, whatever the penalty."""
    X, y = rows
    how = {"optimizer": "SGD", "learning_rate": 0.5, "batch_size": 64, "epochs": 30}
    model = learn.LinearClassifier(l1_regularization=10.0, random_state=0, **how).fit(X, y)
    assert not model.coef_.any()
    assert model.intercept_[0] == pytest.approx(np.log(y.mean() / (1 - y.mean())), abs=0.1)


def test_a_network_has_weights_at_zero(rows):
    X, y = rows
    how = {"epochs": 30, "batch_size": 64, "random_state": 0}
    model = learn.DNNClassifier([8], l1_regularization=0.01, **how).fit(X, y)
    first = model.get_variable_value("dnn/hiddenlayer_0/weights")
    assert np.mean(first == 0) > 0.3
    assert model.score(X, y) > 0.93
