"""optimize_loss: the old API's cases, and the same steps as a plain Keras loop takes."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from tflearnkit import losses
from tflearnkit.layers.optimize import adaptive_clipping_fn, get_global_step, optimize_loss
from tflearnkit.variables import Call, VariableStore, current_call, get_variable

SGD = keras.optimizers.SGD


def train(model, steps=1, xla=False, seed=0):
    """Run a model function as an estimator does; return its store, last result and summaries."""
    store = VariableStore()

    def step(i):
        with Call(store, "train", i, tf.cast(i, tf.uint32) + np.uint32(seed)).running() as call:
            return tf.cast(model(), tf.float32), dict(call.summaries)

    spec = tf.TensorSpec([], tf.int64)
    shown = tf.function(step, autograph=False).get_concrete_function(spec).structured_outputs[1]
    store.complete = True

    @tf.function(jit_compile=xla, autograph=False)
    def loop():
        def body(i, *_):
            return i + 1, *step(i)

        start = tf.constant(0, tf.int64), tf.constant(0.0), {name: 0.0 for name in shown}
        return tf.while_loop(lambda i, *_: i < steps, body, start, parallel_iterations=1)

    _, result, summaries = loop()
    return store, result, {name: float(value) for name, value in summaries.items()}


def values(store):
    return {name: entry.variable.numpy() for name, entry in store.entries.items()}


def of_one(steps=1, xla=False, **how):
    """Minimise ``|5 var|`` from ``var = 10``; return where that leads."""
    how = {"learning_rate": 0.1, "optimizer": "SGD"} | how

    def model():
        return optimize_loss(tf.abs(5 * get_variable("var", initializer=10.0)), **how)

    return float(values(train(model, steps, xla)[0])["var"])


@pytest.mark.parametrize(
    "optimizer",
    ["SGD", SGD, SGD(0.1), lambda rate: SGD(rate), lambda rate: SGD(learning_rate=rate)],
)
def test_the_ways_to_name_an_optimizer(optimizer):
    assert of_one(optimizer=optimizer) == pytest.approx(9.5)


@pytest.mark.parametrize("optimizer", [SGD(0.1), lambda: SGD(0.1)])
def test_no_learning_rate_is_that_of_the_optimizer(optimizer):
    assert of_one(optimizer=optimizer, learning_rate=None) == pytest.approx(9.5)


def test_no_learning_rate_is_that_of_the_class_or_the_name():
    assert of_one(optimizer=SGD, learning_rate=None) == pytest.approx(9.95)
    assert of_one(optimizer="Momentum", learning_rate=None) == pytest.approx(9.95)


def test_a_function_may_change_a_number():
    assert of_one(optimizer=lambda rate: SGD(rate / 2)) == pytest.approx(9.75)


@pytest.mark.parametrize(
    ("how", "message"),
    [
        ({"optimizer": "blah"}, "optimizer must be one of"),
        ({"optimizer": "Adagard"}, "Did you mean 'Adagrad'"),
        ({"optimizer": tf.Variable}, "should return a Keras optimizer"),
        ({"optimizer": object()}, "should be a name, a Keras optimizer"),
        ({"optimizer": lambda rate: None}, "should return a Keras optimizer"),
        ({"optimizer": lambda: SGD(0.1)}, "should take the learning rate"),
        ({"optimizer": lambda rate: SGD(rate), "learning_rate": None}, "should take no argument"),
        ({"optimizer": SGD(0.5)}, "Set the rate in the Keras object"),
        ({"optimizer": SGD(0.1, use_ema=True)}, "layers.moving_averages instead"),
        ({"optimizer": lambda rate: SGD(rate, use_ema=True)}, "layers.moving_averages instead"),
        ({"learning_rate": -0.1}, "learning_rate should be"),
        ({"learning_rate": "fast"}, "learning_rate should be"),
        ({"learning_rate": tf.constant([0.1])}, "learning_rate should be"),
        ({"summaries": ["loss", "gradient_nrom"]}, "Did you mean 'gradient_norm'"),
        ({"clip_gradients": -1.0}, "clip_gradients should be"),
        ({"clip_gradients": "no"}, "clip_gradients should be"),
        ({"gradient_multipliers": {"vra": 7.0}}, "Did you mean 'var'"),
        ({"variables": []}, "depends on none of"),
        ({"global_step": tf.constant([1])}, "global_step should be a scalar"),
    ],
)
def test_what_cannot_be_is_refused(how, message):
    with pytest.raises(ValueError, match=message):
        of_one(**how)


def test_a_step_of_floats_is_refused():
    with pytest.raises(TypeError, match="global_step should be an integer"):
        of_one(global_step=tf.constant(1.0))


@pytest.mark.parametrize(
    ("loss", "message"),
    [
        (lambda var: None, "expects a loss when training"),
        (lambda var: var * tf.ones([2, 2]), "scalar of floats"),
        (lambda var: tf.cast(var, tf.int32), "scalar of floats"),
        (lambda var: tf.constant(1.0), "depends on none of: var"),
    ],
)
def test_a_loss_that_is_none_is_refused(loss, message):
    def model():
        return optimize_loss(loss(get_variable("var", initializer=10.0)), None, 0.1, "SGD")

    with pytest.raises(ValueError, match=message):
        train(model)


def test_a_loss_of_one_element_will_do():
    def model():
        return optimize_loss(5 * get_variable("var", initializer=[10.0]), None, 0.1, "SGD")[0]

    store, loss, _ = train(model)
    np.testing.assert_allclose(values(store)["var"], [9.5], rtol=1e-6)
    assert float(loss) == 50


@pytest.mark.parametrize("mode", ["eval", "infer"])
def test_nothing_happens_but_in_training(mode):
    with Call(VariableStore(), mode, 0, 0).running() as call:
        var = get_variable("var", initializer=10.0)
        loss = 5 * var
        assert optimize_loss(loss, learning_rate=0.1, optimizer="SGD") is loss
        assert optimize_loss(None, learning_rate=0.1, optimizer="SGD") is None
    assert float(var) == 10
    assert not call.store.objects


def test_gradients_are_clipped_multiplied_and_noisy():
    assert of_one(clip_gradients=0.1) == pytest.approx(9.99, abs=1e-6)
    assert of_one(clip_gradients=lambda pairs: [(2 * g, v) for g, v in pairs]) == pytest.approx(9)
    assert of_one(clip_gradients=adaptive_clipping_fn()) == pytest.approx(9.8916, abs=5e-5)
    for name in ("var", "var:0"):
        assert of_one(gradient_multipliers={name: 7}) == pytest.approx(6.5)
    noisy = of_one(gradient_noise_scale=10)
    assert abs(noisy - 9.5) > 1e-3
    assert noisy == of_one(gradient_noise_scale=10)
    assert of_one(gradient_noise_scale=1e4, clip_gradients=10) in (
        pytest.approx(9.0, abs=1e-5),
        pytest.approx(11.0, abs=1e-5),
    )


def test_noise_is_normal():
    def model():
        var = get_variable("var", [200_000], initializer="zeros")
        return optimize_loss(tf.reduce_sum(var), None, 1.0, "SGD", gradient_noise_scale=2.0)

    noise = -values(train(model)[0])["var"].astype(float) - 1
    assert abs(noise.mean()) < 0.02
    np.testing.assert_allclose(noise.std(), 2, rtol=0.01)
    shares = [(abs(noise) < 2 * deviations).mean() for deviations in (1, 2, 3)]
    np.testing.assert_allclose(shares, [0.6827, 0.9545, 0.9973], atol=0.004)
    assert abs(np.corrcoef(noise[:-1], noise[1:])[0, 1]) < 0.01


def test_multipliers_of_single_weights_and_by_reference():
    def model():
        left = get_variable("left", initializer=[1.0, 1.0])
        right = get_variable("right", initializer=[1.0])
        multipliers = {"left": np.array([0, 2]), right.ref(): 3.0}
        loss = tf.reduce_sum(left) + tf.reduce_sum(right)
        return optimize_loss(loss, None, 0.1, "SGD", gradient_multipliers=multipliers)

    found = values(train(model)[0])
    np.testing.assert_allclose(found["left"], [1, 0.8], rtol=1e-6)
    np.testing.assert_allclose(found["right"], [0.7], rtol=1e-6)


def test_the_global_norm_is_that_of_all_variables():
    def model():
        three, four = (get_variable(name, initializer=0.0) for name in ("three", "four"))
        loss = 3 * three + 4 * four
        return optimize_loss(
            loss, None, 1.0, "SGD", clip_gradients=1.0, summaries=["gradient_norm", "gradients"]
        )

    store, _, summaries = train(model)
    assert values(store) == {"three": pytest.approx(-0.6), "four": pytest.approx(-0.8)}
    assert summaries == {
        "OptimizeLoss/gradient_norm": pytest.approx(5),
        "OptimizeLoss/gradients/three": pytest.approx(3),
        "OptimizeLoss/gradients/four": pytest.approx(4),
    }


def test_adaptive_clipping_follows_the_logarithm_of_the_norm():
    norms = [5.0, 4.0, 6.0, 50.0, 5.0]

    def model(**how):
        var = get_variable("var", initializer=0.0)
        loss = tf.constant(norms)[get_global_step()] * var
        clip = adaptive_clipping_fn(2.0, 0.5, global_step=get_global_step(), **how)
        return optimize_loss(loss, None, 1.0, "SGD", clip_gradients=clip)

    mean = square = moved = 0.0
    for step, norm in enumerate(norms):
        decay = min(0.5, step / (step + 1))
        mean = decay * mean + (1 - decay) * np.log(norm)
        square = decay * square + (1 - decay) * np.log(norm) ** 2
        usual = np.exp(mean + 2 * np.sqrt(max(1e-8, square - mean**2)))
        moved += norm if norm < usual else np.exp(mean)
    store, _, _ = train(model, steps=5)
    found = values(store)
    assert found["var"] == pytest.approx(-moved, rel=1e-4)
    assert found["OptimizeLoss/AdaptiveMaxNorm/mean"] == pytest.approx(mean, rel=1e-5)
    assert found["OptimizeLoss/AdaptiveMaxNorm/sq_mean"] == pytest.approx(square, rel=1e-5)
    store, _, summaries = train(lambda: model(static_max_norm=1.0, report_summary=True), steps=5)
    assert values(store)["var"] == pytest.approx(-5, rel=1e-5)
    assert summaries["OptimizeLoss/AdaptiveMaxNorm/max_norm"] == pytest.approx(usual, rel=1e-4)


@pytest.mark.parametrize(
    ("learning_rate", "optimizer"),
    [
        (keras.optimizers.schedules.ExponentialDecay(0.1, 1, 0.5), "SGD"),
        (keras.optimizers.schedules.ExponentialDecay(0.1, 1, 0.5), lambda rate: SGD(rate)),
        (None, SGD(keras.optimizers.schedules.ExponentialDecay(0.1, 1, 0.5))),
        (lambda: 0.1 * 0.5 ** tf.cast(get_global_step(), tf.float32), "SGD"),
        (lambda: 0.1 * 0.5 ** tf.cast(get_global_step(), tf.float32), SGD),
        (lambda: 0.1 * 0.5 ** tf.cast(get_global_step(), tf.float32), lambda rate: SGD(rate)),
    ],
)
@pytest.mark.parametrize("xla", [False, True])
def test_learning_rates_that_move(learning_rate, optimizer, xla):
    def model():
        rate = learning_rate
        if callable(rate) and not isinstance(rate, keras.optimizers.schedules.ExponentialDecay):
            rate = rate()
        return optimize_loss(5 * get_variable("var", initializer=10.0), None, rate, optimizer)

    moved = float(values(train(model, steps=3, xla=xla)[0])["var"])
    assert moved == pytest.approx(10 - 0.5 * (1 + 0.5 + 0.25), abs=1e-5)


@pytest.mark.parametrize(
    ("learning_rate", "optimizer"), [(0.1, "SGD"), (None, SGD(0.1)), (0.1, lambda rate: SGD(rate))]
)
def test_a_rate_decays_by_a_function_of_the_step(learning_rate, optimizer):
    def decay(rate, step):
        return rate / (1 + tf.cast(step, tf.float32))

    how = {"learning_rate": learning_rate, "optimizer": optimizer, "learning_rate_decay_fn": decay}
    assert of_one(steps=2, **how) == pytest.approx(10 - 0.5 - 0.25)


def test_the_old_decay_functions_still_serve():
    decay = lambda rate, step: tf.compat.v1.train.exponential_decay(rate, step, 1, 0.5)  # noqa: E731
    assert of_one(steps=2, learning_rate_decay_fn=decay) == pytest.approx(10 - 0.5 - 0.25)


def test_a_decay_of_a_schedule_of_the_optimizers_own_is_refused():
    own = SGD(keras.optimizers.schedules.ExponentialDecay(0.1, 1, 0.5))
    with pytest.raises(ValueError, match="put the decay into the schedule"):
        of_one(optimizer=own, learning_rate=None, learning_rate_decay_fn=lambda rate, step: rate)


def test_a_function_must_not_change_a_rate_that_moves():
    schedule = keras.optimizers.schedules.ExponentialDecay(0.1, 1, 0.5)
    with pytest.raises(ValueError, match="as it is"):
        of_one(learning_rate=schedule, optimizer=lambda rate: SGD(rate / 2))


@pytest.mark.parametrize("xla", [False, True])
def test_what_is_to_come_before_and_after(xla):
    def model():
        var = get_variable("var", initializer=10.0)
        other = get_variable("other", initializer=10.0, trainable=False)
        after = get_variable("after", initializer=0.0, trainable=False)
        done = optimize_loss(5 * var, None, 0.1, "SGD", update_ops=[other.assign_add(10)])
        after.assign(var)
        return done

    store, loss, _ = train(model, xla=xla)
    assert values(store) == {"var": 9.5, "other": 20.0, "after": 9.5}
    assert float(loss) == 50


@pytest.mark.parametrize("increment", [True, False])
def test_a_step_of_ones_own_is_counted(increment):
    def model():
        step = get_variable("step", initializer=np.int64(0), dtype="int64", trainable=False)
        var = get_variable("var", initializer=10.0)
        how = {"learning_rate_decay_fn": lambda rate, step: rate / (1 + tf.cast(step, tf.float32))}
        return optimize_loss(5 * var, step, 0.1, "SGD", increment_global_step=increment, **how)

    found = values(train(model, steps=2)[0])
    assert found["step"] == (2 if increment else 0)
    assert found["var"] == pytest.approx(9.25 if increment else 9)


def test_variables_without_gradient_stay_and_others_can_be_left_out():
    def model():
        first, second, _ = (get_variable(name, initializer=1.0) for name in ("a", "b", "c"))
        return optimize_loss(first * second, None, 0.1, "Adagrad", variables=[first])

    store, _, _ = train(model)
    assert values(store) == {"a": pytest.approx(0.9046, abs=1e-3), "b": 1.0, "c": 1.0}
    slots = [slot.path for slot in store.objects["OptimizeLoss"].variables if not slot.shape.rank]
    assert sum("accumulator" in path for path in slots) == 1


def test_adversaries_each_have_an_optimizer():
    def model():
        one, two = (get_variable(name, initializer=2.0) for name in ("one", "two"))
        low, high = one * two, -one * two
        optimize_loss(low, None, 0.1, "SGD", variables=[one])
        return optimize_loss(high, None, 0.1, "Momentum", variables=[two])

    store, _, _ = train(model)
    assert values(store) == {"one": pytest.approx(1.8), "two": pytest.approx(2.2)}
    assert list(store.objects) == ["OptimizeLoss", "OptimizeLoss_1"]


@pytest.mark.parametrize("within_total", [False, True])
@pytest.mark.parametrize("xla", [False, True])
def test_penalties_are_minimised_once(within_total, xla):
    def model():
        weights = get_variable("weights", initializer=[4.0, 4.0], regularizer=tf.nn.l2_loss)
        loss = losses.mean_squared_error(weights, [4.0, 4.0])
        loss = losses.get_total_loss() if within_total else loss
        return optimize_loss(loss, None, 0.5, "SGD")

    found = values(train(model, xla=xla)[0])["weights"]
    np.testing.assert_allclose(found, [2.0, 2.0], rtol=1e-6)


def test_a_users_optimizer_keeps_no_state():
    mine = keras.optimizers.Adam(0.1)
    before = [variable.numpy() for variable in mine.variables]
    first = of_one(optimizer=mine, learning_rate=None, steps=3)
    assert first == of_one(optimizer=mine, learning_rate=None, steps=3)
    assert [variable.numpy() for variable in mine.variables] == before


def test_layers_of_keras_in_the_store_are_trained():
    def make():
        layer = keras.layers.Dense(
            1, use_bias=False, kernel_initializer="ones", kernel_constraint="non_neg"
        )
        layer.build((1, 2))
        return layer

    def model():
        layer = current_call().store.object("dense", make)
        return optimize_loss(tf.reduce_sum(layer(tf.ones([1, 2]))), None, 0.4, "SGD")

    store, _, _ = train(model, steps=2)
    np.testing.assert_allclose(store.objects["dense"].kernel.numpy(), [[0.2], [0.2]], rtol=1e-5)
    store, _, _ = train(model, steps=3)
    np.testing.assert_allclose(store.objects["dense"].kernel.numpy(), [[0.0], [0.0]])


X = np.random.default_rng(1).standard_normal((7, 5)).astype(np.float32)
Y = np.random.default_rng(2).standard_normal((7, 2)).astype(np.float32)
W = np.random.default_rng(3).standard_normal((5, 2)).astype(np.float32)
TABLE = np.random.default_rng(4).standard_normal((6, 3)).astype(np.float32)
IDS = np.array([0, 2, 2, 5])
OPTIMIZERS = {
    "SGD": lambda: SGD(0.05),
    "Momentum": lambda: SGD(0.05, momentum=0.9),
    "Adagrad": lambda: keras.optimizers.Adagrad(0.05),
    "Adadelta": lambda: keras.optimizers.Adadelta(0.05),
    "Adam": lambda: keras.optimizers.Adam(0.05),
    "AdamW": lambda: keras.optimizers.AdamW(0.05),
    "RMSProp": lambda: keras.optimizers.RMSprop(0.05),
    "Ftrl": lambda: keras.optimizers.Ftrl(0.05),
    "Lion": lambda: keras.optimizers.Lion(0.05),
}


def objective(weights, bias, table):
    """A loss with a dense part, and an embedding of which a row occurs twice."""
    rows = tf.gather(table, IDS)
    return tf.reduce_mean((X @ weights + bias - Y) ** 2) + tf.reduce_mean(tf.abs(rows))


def by_keras(optimizer, steps=5):
    variables = [tf.Variable(W), tf.Variable(tf.zeros(2)), tf.Variable(TABLE)]
    optimizer.build(variables)
    for _ in range(steps):
        with tf.GradientTape() as tape:
            loss = objective(*variables)
        gradients = [tf.convert_to_tensor(each) for each in tape.gradient(loss, variables)]
        optimizer.apply(gradients, variables)
    return [variable.numpy() for variable in variables], float(loss)


@pytest.mark.parametrize("xla", [False, True])
@pytest.mark.parametrize("name", OPTIMIZERS)
def test_steps_equal_those_of_a_plain_loop_with_keras(name, xla):
    def model():
        weights = get_variable("weights", initializer=W)
        bias = get_variable("bias", [2], initializer="zeros")
        table = get_variable("table", initializer=TABLE)
        return optimize_loss(objective(weights, bias, table), None, 0.05, name)

    store, loss, _ = train(model, 5, xla)
    expected, last = by_keras(OPTIMIZERS[name]())
    for found, wanted in zip(values(store).values(), expected, strict=True):
        np.testing.assert_allclose(found, wanted, rtol=1e-6, atol=1e-6)
    np.testing.assert_allclose(loss, last, rtol=1e-6)


def test_settings_of_a_keras_optimizer_are_kept():
    def model():
        weights = get_variable("weights", initializer=W)
        bias = get_variable("bias", [2], initializer="zeros")
        table = get_variable("table", initializer=TABLE)
        return optimize_loss(objective(weights, bias, table), optimizer=mine)

    mine = SGD(0.1, global_clipnorm=0.1, weight_decay=0.01)
    store, _, _ = train(model, 5)
    for found, wanted in zip(values(store).values(), by_keras(mine)[0], strict=True):
        np.testing.assert_allclose(found, wanted, rtol=1e-6, atol=1e-6)
