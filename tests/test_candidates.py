"""unigram_candidates: classes drawn in proportion, reproducibly, for losses over many classes."""

import numpy as np
import pytest
import tensorflow as tf
from scipy.special import softmax
from scipy.stats import chisquare

import tflearnkit as learn
from tflearnkit.layers.candidates import _fine_uniform, _how_many_are_reached, unigram_candidates
from tflearnkit.variables import Call, VariableStore, get_variable

UNIGRAMS = np.array([40, 1, 7, 12, 3, 20, 1, 5])


def drawn(num_sampled=100, unigrams=UNIGRAMS, key=0, mode="train", labels=((2,), (0,)), **words):
    with Call(VariableStore(), mode, 0, key).running():
        found = unigram_candidates(labels, num_sampled, unigrams, **words)
    return [each.numpy() for each in found]


@pytest.mark.parametrize("distortion", [0, 0.75, 1])
def test_classes_come_as_often_as_the_power_of_their_counts_says(distortion):
    shares = UNIGRAMS**distortion / (UNIGRAMS**distortion).sum()
    sampled, of_labels, of_sampled = drawn(20_000, distortion=distortion)
    assert chisquare(np.bincount(sampled, minlength=8), 20_000 * shares).pvalue > 1e-3
    np.testing.assert_allclose(of_labels, 20_000 * shares[[[2], [0]]], rtol=1e-6)
    np.testing.assert_allclose(of_sampled, 20_000 * shares[sampled], rtol=1e-6)
    assert sampled.dtype == np.int64


def test_each_call_and_each_key_draws_anew_and_the_same_each_time():
    with Call(VariableStore(), "train", 0, 0).running():
        first, second = (unigram_candidates([[0]], 100, UNIGRAMS)[0].numpy() for _ in range(2))
    assert (first != second).any()
    np.testing.assert_array_equal(drawn()[0], first)
    assert (drawn(key=1)[0] != first).any()


def test_compiled_steps_draw_as_others_do():
    @tf.function(jit_compile=True, autograph=False)
    def compiled(key):
        with Call(VariableStore(), "train", 0, key).running():
            return unigram_candidates([[2], [0]], 100, UNIGRAMS)

    for own, expected in zip(compiled(tf.constant(3, tf.uint32)), drawn(key=3), strict=True):
        np.testing.assert_allclose(own, expected, rtol=1e-6)


@pytest.mark.parametrize("n", [0, 1, 2, 3, 8, 1000])
def test_places_are_those_of_searchsorted(n):
    rng = np.random.default_rng(n)
    upto, values = np.sort(rng.random(n)).round(2), rng.random(500).round(2)
    found = _how_many_are_reached(tf.constant(upto), tf.constant(values))
    np.testing.assert_array_equal(found, np.searchsorted(upto, values, side="right"))


def test_draws_are_fine_enough_for_rare_classes():
    with Call(VariableStore(), "train", 0, 0).running():
        found = _fine_uniform(2**17).numpy()
    assert len(np.unique(found)) == 2**17  # of 24 bits, some 500 would come twice
    assert 0 <= found.min() < 1e-4
    assert 1 - 1e-4 < found.max() < 1


def test_one_class_is_always_drawn():
    assert drawn(5, [3], labels=[[0]])[0].tolist() == [0] * 5


def frequencies(loss_function):
    """Return a model function that learns how often each class comes, by a sampled loss."""

    def model_fn(features, targets):
        n = len(UNIGRAMS)
        weights = get_variable("weights", [n, 1], initializer="zeros", trainable=False)
        biases = get_variable("biases", [n], initializer="zeros")
        labels = targets[:, None]
        candidates = unigram_candidates(labels, 100, UNIGRAMS)
        losses = loss_function(
            weights, biases, labels, features, 100, n, sampled_values=candidates
        )
        loss = tf.reduce_mean(losses)
        step = learn.layers.optimize_loss(
            loss,
            learning_rate=0.1,
            optimizer="Adam",
            learning_rate_decay_fn=lambda rate, step: rate / (1 + tf.cast(step, tf.float32) / 30),
        )
        return tf.zeros([tf.shape(features)[0]]) + biases[0], loss, step

    return model_fn


TARGETS = np.repeat(np.arange(8), [10, 20, 10, 40, 40, 20, 10, 50])
FEATURES = np.zeros((200, 1), np.float32)
SHARES = np.bincount(TARGETS) / 200


def test_noise_contrastive_estimation_finds_the_logarithms_of_shares():
    model = learn.Estimator(frequencies(tf.nn.nce_loss), batch_size=200, random_state=0)
    model.fit(FEATURES, TARGETS, steps=1000)
    found = np.exp(model.get_variable_value("biases"))  # which add up to 1 by themselves
    np.testing.assert_allclose(found, SHARES, rtol=0.15)


def test_sampled_softmax_finds_shares():
    model = learn.Estimator(frequencies(tf.nn.sampled_softmax_loss), batch_size=200, random_state=0)
    model.fit(FEATURES, TARGETS, steps=1000)
    np.testing.assert_allclose(softmax(model.get_variable_value("biases")), SHARES, rtol=0.15)


def test_the_seed_decides_a_fit_and_evaluations_are_alike():
    model_fn = frequencies(tf.nn.nce_loss)

    def fitted(seed):
        model = learn.Estimator(model_fn, batch_size=32, random_state=seed)
        return model.fit(FEATURES, TARGETS, steps=30)

    first, again, other = (fitted(seed).get_variable_value("biases") for seed in (0, 0, 1))
    np.testing.assert_array_equal(first, again)
    assert (first != other).any()
    model = fitted(0)
    assert model.evaluate(FEATURES, TARGETS) == model.evaluate(FEATURES, TARGETS)


@pytest.mark.parametrize(
    "unigrams", [[1, 0, 2], [1, -1], [[1, 2]], [1, np.nan], [np.inf, 1], []], ids=str
)
def test_counts_are_numbers_above_0(unigrams):
    with pytest.raises(ValueError, match="unigrams should be one number above 0 for each class"):
        drawn(5, unigrams)


def test_a_class_at_least_is_drawn():
    with pytest.raises(ValueError, match="num_sampled should be an integer of at least 1. Got 0"):
        drawn(0)
