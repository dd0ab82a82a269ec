"""A policy that learns to balance a pole from the rewards alone: REINFORCE by ``partial_fit``.

A network says how likely each of two pushes is. It plays 32 poles at once to the end, and each
push becomes a row of what is learned next: pushes after which a pole stood for longer than the
others from that time on are made likelier, the rest less likely (Williams, 1992). How much is the
weight of the row, its advantage, which may be negative.

Needs Gymnasium: ``pip install "tflearnkit[examples]"``.

Mean return of the policy without chance over 100 fresh episodes of CartPole-v1, where 500 is the
most: 500.0 with each of the seeds 0 to 4, after 30 to 41 plays; about half a minute a seed on two
cores.
"""

import argparse

import numpy as np
import tensorflow as tf

import tflearnkit as learn

try:
    import gymnasium
except ImportError:
    raise SystemExit(
        'This example plays CartPole-v1 of Gymnasium: pip install "tflearnkit[examples]"'
    ) from None

MOST = 500  # steps of an episode, each of which is rewarded by 1
SOLVED = 495  # mean return of episodes played by chance


def policy(features, targets, params, sample_weight):
    """Return the probability of each push; targets are pushes, weights their advantages."""
    hidden = learn.layers.fully_connected(features, params["units"], tf.tanh)
    # From zeros: before anything is learned, all pushes are equally likely.
    logits = learn.layers.linear(hidden, 2, weights_initializer="zeros")
    surprise = tf.nn.sparse_softmax_cross_entropy_with_logits(targets, logits)
    loss = tf.reduce_mean(sample_weight * surprise)
    step = learn.layers.optimize_loss(loss, learning_rate=params["learning_rate"])
    return tf.nn.softmax(logits), loss, step


def many_poles(n):
    return gymnasium.make_vec("CartPole-v1", n, vectorization_mode="vector_entry_point")


def play(poles, choose, seed):
    """Play an episode of each pole.

    Returns observations, actions, and whether the pole still stood: an array each, of shape
    [steps, poles, ...].
    """
    seen, _ = poles.reset(seed=seed)
    stands = np.ones(poles.num_envs, bool)
    steps = []
    while stands.any():
        actions = choose(seen)
        steps.append((seen, actions, stands))
        seen, _, fell, ended, _ = poles.step(actions)
        stands = stands & ~(fell | ended)
    return [np.array(each) for each in zip(*steps, strict=True)]


def advantages(stood, discount=0.99):
    """Return how much more each step was followed by than those of other poles at that time."""
    to_come = stood.sum(axis=0) - np.arange(len(stood))[:, None]
    returns = (1 - discount ** np.maximum(to_come, 0)) / (1 - discount)
    baseline = np.average(returns, axis=1, weights=stood, keepdims=True)
    found = (returns - baseline)[stood]
    return found / (found.std() + 1e-8)


def train(seed, n_poles, max_updates):
    """Return a policy that was trained until it is good, or for as many updates."""
    rng = np.random.default_rng(seed)
    poles = many_poles(n_poles)
    params = {"units": 32, "learning_rate": 0.01}
    model = learn.Estimator(policy, params=params, batch_size=2000, random_state=seed)

    def choose(seen):
        to_the_right = model.predict(seen)[:, 1] if update else 0.5
        return (rng.random(n_poles) < to_the_right).astype(int)

    good = 0
    for update in range(max_updates):
        observed, actions, stood = play(poles, choose, seed=int(rng.integers(2**31)))
        mean_return = stood.sum() / n_poles
        good = good + 1 if mean_return >= SOLVED else 0
        if update % 10 == 0 or good:
            print(f"update {update:3}: mean return {mean_return:6.1f}")
        if good == 4:  # times in a row
            break
        weights = advantages(stood)
        if weights.any():  # else all stood equally long, and nothing is to be learned
            model.partial_fit(observed[stood], actions[stood], sample_weight=weights)
    return model


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--small", action="store_true", help="5 updates from 8 poles")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()

    n_poles, max_updates = (8, 5) if options.small else (32, 200)
    model = train(options.seed, n_poles, max_updates)

    def likeliest(seen):
        return model.predict(seen).argmax(axis=1)

    *_, stood = play(many_poles(100), likeliest, seed=2**31)  # which no training episode has
    returns = stood.sum(axis=0)
    print(
        f"Without chance, over {len(returns)} fresh episodes: mean return {returns.mean():.1f}, "
        f"worst {returns.min()} of {MOST}."
    )


if __name__ == "__main__":
    main()
