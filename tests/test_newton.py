"""The exact solvers against scikit-learn and against themselves."""

import warnings

import numpy as np
import pytest
from scipy import sparse
from scipy.special import softmax
from sklearn.datasets import load_breast_cancer, load_diabetes, load_digits, load_iris
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LinearRegression, LogisticRegression, Ridge
from sklearn.metrics import log_loss

from tflearnkit.engines import design
from tflearnkit.engines import newton as room
from tflearnkit.engines.newton import solve


def dense_solve(x, y, loss, l2, weights=None, **words):
    return solve(x, None, None, 0, y, weights, loss, l2, **words)


def margins(fit, x):
    return x @ fit.dense_coef + fit.intercept


def categorical(n, sizes, seed=0):
    """Ids with offsets added, and their one-hot matrix."""
    rng = np.random.default_rng(seed)
    offsets = np.cumsum([0, *sizes[:-1]])
    ids = np.stack([rng.integers(0, s, n) for s in sizes], axis=1) + offsets
    rows = np.arange(0, n * len(sizes) + 1, len(sizes))
    one_hot = sparse.csr_matrix((np.ones(ids.size), ids.ravel(), rows), shape=(n, sum(sizes)))
    return ids.astype(np.int32), one_hot


@pytest.fixture
def conjugate(monkeypatch):
    """Never write a Hessian down."""
    monkeypatch.setattr(room, "HESSIAN_SIZE", 0)
    monkeypatch.setattr(room, "SOFTMAX_SIZE", 0)


@pytest.fixture
def float32_hessian(monkeypatch):
    monkeypatch.setattr(room, "FLOAT32_WORK", 0)


LOSSES = ["logistic", "squared", "softmax", "squared_hinge"]


def small_problem(loss, seed=0):
    rng = np.random.default_rng(seed)
    x = (rng.normal(size=(60, 6)) * [1, 10, 0.1, 1, 1, 1] + [0, 100, 0, 1, 0, 0]).astype(np.float32)
    if loss == "squared":
        return x, rng.normal(size=(60, 2))
    if loss == "softmax":
        return x, np.eye(3)[rng.integers(0, 3, 60)]
    if loss == "squared_hinge":
        return x, rng.choice([-1.0, 1.0], (60, 1))
    return x, rng.integers(0, 2, (60, 1)).astype(float)


# -- the same answers as scikit-learn ----------------------------------------------------------


def test_diabetes_equals_least_squares():
    x, y = load_diabetes(return_X_y=True)
    fit = dense_solve(x, y, "squared", 0.0)
    peer = LinearRegression().fit(x, y)
    np.testing.assert_allclose(fit.dense_coef[:, 0], peer.coef_, rtol=1e-6)
    np.testing.assert_allclose(fit.intercept, peer.intercept_, rtol=1e-6)


@pytest.mark.parametrize("shape", [(20, 50), (80, 30)])
def test_singular_least_squares_has_least_norm(shape):
    rng = np.random.default_rng(0)
    x = rng.normal(size=shape)
    x[:, 3] = x[:, 1] + x[:, 2]
    y = rng.normal(size=(shape[0], 2))
    fit = dense_solve(x, y, "squared", 0.0)
    np.testing.assert_allclose(fit.dense_coef.T, LinearRegression().fit(x, y).coef_, atol=1e-8)
    assert fit.converged


def test_weighted_ridge():
    x, y = load_diabetes(return_X_y=True)
    w = np.random.default_rng(0).random(len(y))
    fit = dense_solve(x, y, "squared", 0.3, w)
    peer = Ridge(alpha=0.3 * w.sum()).fit(x, y, w)
    np.testing.assert_allclose(fit.dense_coef[:, 0], peer.coef_, rtol=1e-8)


def test_logistic_on_unscaled_columns():
    x, y = load_breast_cancer(return_X_y=True)
    fit = dense_solve(x, y, "logistic", 1 / len(y))
    peer = LogisticRegression(solver="newton-cholesky", tol=1e-12).fit(x, y)
    np.testing.assert_allclose(fit.dense_coef[:, 0], peer.coef_[0], rtol=1e-5)
    assert fit.converged


def test_softmax_is_symmetric_multinomial():
    x, y = load_iris(return_X_y=True)
    fit = dense_solve(x, np.eye(3)[y], "softmax", 1 / len(y))
    peer = LogisticRegression(solver="newton-cg", tol=1e-10).fit(x, y)
    np.testing.assert_allclose(fit.dense_coef.T, peer.coef_, atol=1e-5)
    np.testing.assert_allclose(fit.dense_coef.sum(axis=1), 0, atol=1e-9)
    np.testing.assert_allclose(fit.intercept.sum(), 0, atol=1e-8)


def test_digits_softmax_by_conjugate_gradients():
    x, y = load_digits(return_X_y=True)
    classes, l2 = np.eye(10)[y], 1 / len(y)
    fit = dense_solve(x.astype(np.float32), classes, "softmax", l2)
    z = margins(fit, x)
    p = np.exp(z - z.max(axis=1, keepdims=True))
    residual = (p / p.sum(axis=1, keepdims=True) - classes) / len(y)
    np.testing.assert_allclose(x.T @ residual, -l2 * fit.dense_coef, atol=1e-8)
    np.testing.assert_allclose(residual.sum(axis=0), 0, atol=1e-8)


def test_labels_are_independent():
    x, _ = small_problem("logistic")
    y = np.random.default_rng(5).integers(0, 2, (60, 3)).astype(float)
    together = dense_solve(x, y, "logistic", 0.1)
    for k in range(3):
        alone = dense_solve(x, y[:, k], "logistic", 0.1)
        np.testing.assert_allclose(together.dense_coef[:, k], alone.dense_coef[:, 0], rtol=1e-10)


# -- weights -----------------------------------------------------------------------------------


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("l2", [0.0, 1e-3])
@pytest.mark.parametrize("arithmetic", ["float64", "float32_hessian"])
def test_weights_equal_repeated_rows(loss, l2, arithmetic, request):
    if arithmetic != "float64":
        request.getfixturevalue(arithmetic)
    x, y = small_problem(loss)
    rng = np.random.default_rng(1)
    counts = rng.integers(0, 4, len(x))
    order = rng.permutation(np.repeat(np.arange(len(x)), counts))
    weighted = dense_solve(x, y, loss, l2, counts)
    repeated = dense_solve(x[order], y[order], loss, l2)
    np.testing.assert_allclose(margins(weighted, x), margins(repeated, x), rtol=1e-7, atol=1e-8)


@pytest.mark.usefixtures("conjugate")
@pytest.mark.parametrize("loss", LOSSES)
def test_weights_equal_repeated_rows_without_hessian(loss):
    x, y = small_problem(loss)
    counts = np.random.default_rng(1).integers(0, 4, len(x))
    weighted = dense_solve(x, y, loss, 1e-2, counts)
    repeated = dense_solve(x.repeat(counts, axis=0), y.repeat(counts, axis=0), loss, 1e-2)
    np.testing.assert_allclose(margins(weighted, x), margins(repeated, x), rtol=1e-6, atol=1e-7)


# -- ids ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("loss", LOSSES)
def test_ids_equal_their_one_hot_columns(loss):
    x, y = small_problem(loss)
    ids, one_hot = categorical(60, (4, 5))
    mixed = solve(x, ids, None, 9, y, None, loss, 1e-2)
    wide = dense_solve(np.hstack([x, one_hot.toarray()]), y, loss, 1e-2)
    np.testing.assert_allclose(np.vstack([mixed.dense_coef, mixed.id_coef]), wide.dense_coef,
                               rtol=1e-6, atol=1e-9)


@pytest.mark.parametrize("loss", LOSSES)
def test_both_methods_agree(loss, request):
    x, y = small_problem(loss)
    ids, _ = categorical(60, (4, 5))
    arguments = (x, ids, None, 9, y, None, loss, 1e-2)
    written = solve(*arguments)
    request.getfixturevalue("conjugate")
    free = solve(*arguments, tol=1e-14)
    np.testing.assert_allclose(free.id_coef, written.id_coef, atol=1e-5)
    assert free.objective == pytest.approx(written.objective, rel=1e-9)


@pytest.mark.parametrize("method", ["written", "conjugate"])
def test_missing_ids_and_id_weights(method, request):
    if method == "conjugate":
        request.getfixturevalue("conjugate")
    rng = np.random.default_rng(0)
    ids = rng.integers(-1, 7, (80, 3)).astype(np.int32)
    strength = rng.random((80, 3)).astype(np.float32)
    y = rng.integers(0, 2, 80)
    one_hot = np.zeros((80, 7))
    for row, column in zip(*np.nonzero(ids >= 0), strict=True):
        one_hot[row, ids[row, column]] += strength[row, column]
    fit = solve(np.empty((80, 0), np.float32), ids, strength, 7, y, None, "logistic", 0.01,
                tol=1e-14)
    peer = dense_solve(one_hot, y, "logistic", 0.01)
    np.testing.assert_allclose(fit.id_coef, peer.dense_coef, atol=2e-6)


def test_wide_ids_reach_the_optimum():
    ids, one_hot = categorical(20_000, (2000, 1000, 50))
    rng = np.random.default_rng(0)
    z = one_hot @ rng.normal(size=3050)
    y = (rng.random(20_000) < 1 / (1 + np.exp(-z))).astype(float)
    fit = solve(np.empty((20_000, 0), np.float32), ids, None, 3050, y, None, "logistic", 5e-5)
    peer = LogisticRegression(solver="newton-cg", tol=1e-8, max_iter=500).fit(one_hot, y)
    z = one_hot @ peer.coef_[0] + peer.intercept_
    best = np.mean(np.logaddexp(0, z) - y * z) + 2.5e-5 * (peer.coef_**2).sum()
    assert fit.objective == pytest.approx(best, rel=1e-6)
    assert fit.converged


def test_a_large_design_of_ids_is_left_within_1e_5_of_the_optimum():
    ids, one_hot = categorical(60_000, (2000,) * 20)
    rng = np.random.default_rng(0)
    z = one_hot @ rng.normal(size=40_000)
    y = (rng.random(60_000) < 1 / (1 + np.exp(-z))).astype(float)
    args = np.empty((60_000, 0), np.float32), ids, None, 40_000, y, None, "logistic", 1e-4
    fit, best = solve(*args), solve(*args, tol=1e-12)
    assert best.objective <= fit.objective <= best.objective * (1 + 3e-5)
    assert fit.n_iter < best.n_iter


@pytest.mark.parametrize("loss", LOSSES)
def test_float32_products_find_the_float64_optimum(loss, conjugate, monkeypatch):
    x, y = small_problem(loss)
    ids, _ = categorical(len(x), (5, 7))
    counts = np.random.default_rng(1).uniform(0.5, 3, ids.shape).astype(np.float32)
    exact = solve(x, ids, counts, 12, y, None, loss, 0.01)
    monkeypatch.setattr(design, "EXACT_ENTRIES", 0)
    rough = solve(x, ids, counts, 12, y, None, loss, 0.01, tol=1e-12)
    assert rough.converged
    assert rough.objective == pytest.approx(exact.objective, rel=1e-9)
    np.testing.assert_allclose(rough.id_coef, exact.id_coef, atol=1e-4)


def test_many_classes_over_many_rows_reach_the_optimum():
    rng = np.random.default_rng(0)
    x = (rng.normal(size=(25_000, 50)) @ rng.normal(size=(50, 50)) / 7).astype(np.float32)
    y = (x @ rng.normal(size=(50, 12)) + rng.gumbel(size=(25_000, 12))).argmax(axis=1)
    targets, l2 = np.eye(12)[y], 1e-2
    fit = dense_solve(x, targets, "softmax", l2)
    probability = softmax(margins(fit, x.astype(np.float64)), axis=1)
    gradient = x.T @ (probability - targets) / len(x) + l2 * fit.dense_coef
    loss = log_loss(y, probability) + l2 / 2 * (fit.dense_coef**2).sum()
    assert fit.objective == pytest.approx(loss, rel=1e-7)
    # strong convexity bounds the distance from the optimum by the gradient
    assert (gradient**2).sum() / (2 * l2) < 1e-4 * loss
    assert fit.converged


# -- how it is done ----------------------------------------------------------------------------


def test_float32_hessian_finds_the_float64_optimum(float32_hessian):
    x, y = load_breast_cancer(return_X_y=True)
    fit = dense_solve(x.astype(np.float32), y, "logistic", 1e-4)
    p = 1 / (1 + np.exp(-margins(fit, x.astype(np.float32).astype(float))[:, 0]))
    gradient = x.astype(np.float32).astype(float).T @ (p - y) / len(y)
    spread = x.std(axis=0)
    gradient = (gradient + 1e-4 * fit.dense_coef[:, 0]) / spread
    assert abs(gradient).max() < 1e-9


def test_thinned_start_changes_nothing(monkeypatch):
    rng = np.random.default_rng(0)
    x = rng.normal(size=(30_000, 5)).astype(np.float32)
    order = np.argsort(x[:, 1])  # sorted rows, which a leading slice would misrepresent
    y = (rng.random(30_000) < 1 / (1 + np.exp(-3 * x[:, 0] - x[:, 1]))).astype(float)
    x, y = x[order], y[order]
    thinned = dense_solve(x, y, "logistic", 1e-5)
    monkeypatch.setattr(room, "THIN_ROWS", 10**9)
    plain = dense_solve(x, y, "logistic", 1e-5)
    np.testing.assert_allclose(thinned.dense_coef, plain.dense_coef, rtol=1e-9, atol=1e-12)
    assert thinned.n_iter < plain.n_iter


def test_warm_start_arrives_at_once():
    x, y = small_problem("softmax")
    fit = dense_solve(x, y, "softmax", 0.1)
    again = dense_solve(x, y, "softmax", 0.1, start=fit)
    assert again.n_iter <= 1
    np.testing.assert_allclose(again.dense_coef, fit.dense_coef, atol=1e-9)


def test_inputs_are_left_alone():
    x, y = small_problem("logistic")
    ids, _ = categorical(60, (4, 5))
    weights = np.ones(60)
    copies = [a.copy() for a in (x, y, ids, weights)]
    solve(x, ids, None, 9, y, weights, "logistic", 0.0)
    for before, after in zip(copies, (x, y, ids, weights), strict=True):
        np.testing.assert_array_equal(before, after)


def test_constant_and_huge_columns():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(200, 4)) * [1, 1e6, 1e-6, 0] + [0, 1e8, 0, 5]
    y = (rng.random(200) < 1 / (1 + np.exp(-x[:, 0]))).astype(float)
    fit = dense_solve(x, y, "logistic", 1e-12)
    assert fit.converged
    assert np.isfinite(fit.dense_coef).all()
    assert fit.dense_coef[3, 0] == pytest.approx(0, abs=1e-6)
    assert fit.dense_coef[0, 0] == pytest.approx(1, abs=0.5)


def test_constant_targets():
    x, _ = small_problem("squared")
    fit = dense_solve(x, np.full(60, 7.0), "squared", 0.1)
    np.testing.assert_allclose(fit.intercept, 7)
    np.testing.assert_allclose(fit.dense_coef, 0, atol=1e-12)
    assert fit.converged


# -- where there is no optimum -----------------------------------------------------------------


@pytest.mark.parametrize("loss", ["logistic", "softmax"])
@pytest.mark.parametrize("method", ["written", "conjugate"])
def test_separable_classes_end_finite_with_advice(loss, method, request):
    if method == "conjugate":
        request.getfixturevalue("conjugate")
    x = np.linspace(-1, 1, 40)[:, None]
    y = (x[:, 0] > 0).astype(int)
    targets = np.eye(2)[y] if loss == "softmax" else y
    with pytest.warns(ConvergenceWarning, match="l2_regularization"):
        fit = dense_solve(x, targets, loss, 0.0)
    assert not fit.converged
    assert np.isfinite(fit.dense_coef).all()
    assert np.isfinite(fit.intercept).all()


def test_too_few_steps_warn():
    x, y = small_problem("logistic")
    with pytest.warns(ConvergenceWarning, match="within 1 steps"):
        fit = dense_solve(x, y, "logistic", 1e-3, max_iter=1)
    assert not fit.converged
    assert fit.n_iter == 1


def test_overlapping_classes_without_penalty_do_not_warn():
    x, y = small_problem("logistic")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        fit = dense_solve(x, y, "logistic", 0.0)
    assert fit.converged
