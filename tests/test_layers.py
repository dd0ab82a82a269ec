"""Layers of model functions: their numbers, the names of their variables, and compiled steps."""

import threading

import keras
import numpy as np
import pytest
import tensorflow as tf

from tflearnkit import columns as fc
from tflearnkit import layers, losses
from tflearnkit.columns import ColumnSet
from tflearnkit.data.table import as_table
from tflearnkit.draws import step_keys
from tflearnkit.estimators.blueprint import DeepPart, WidePart
from tflearnkit.variables import Call, VariableStore, variable_scope

RNG = np.random.default_rng(0)
IMAGES = RNG.normal(size=(3, 7, 9, 2)).astype(np.float32)
SEQUENCES = RNG.normal(size=(4, 6, 3)).astype(np.float32)
LENGTHS = np.array([6, 1, 4, 0])


def normal(*shape):
    return RNG.normal(size=shape).astype(np.float32)


def called(function, mode="train", store=None, key=0):
    """Call a function as a model function, eagerly; return its value, the call and the store."""
    call = Call(VariableStore() if store is None else store, mode, 0, key)
    with call.running():
        found = function()
    return found, call, call.store


def values(store):
    return {name: entry.variable.numpy() for name, entry in store.entries.items()}


def shapes(store):
    return {name: tuple(entry.variable.shape) for name, entry in store.entries.items()}


def assign(store, **by_last_name):
    """Set variables of which the last part of the name is given."""
    for name, value in by_last_name.items():
        (entry,) = [e for n, e in store.entries.items() if n.split("/")[-1] == name]
        entry.variable.assign(np.reshape(value, entry.variable.shape))


# Dense layers


def test_fully_connected_multiplies_adds_and_cuts_at_0():
    x, weights, biases = normal(5, 4), normal(4, 3), normal(3)
    found, _, store = called(
        lambda: layers.fully_connected(x, 3, weights_initializer=weights, biases_initializer=biases)
    )
    np.testing.assert_allclose(found, np.maximum(x @ weights + biases, 0), rtol=1e-5, atol=1e-6)
    assert shapes(store) == {"fully_connected/weights": (4, 3), "fully_connected/biases": (3,)}


def test_fully_connected_works_along_the_last_of_many_axes():
    found, _, store = called(lambda: layers.linear(SEQUENCES, 5))
    weights = values(store)["fully_connected/weights"]
    np.testing.assert_allclose(found, SEQUENCES @ weights, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize(
    ("layer", "low", "high"),
    [(layers.linear, -np.inf, np.inf), (layers.relu, 0, np.inf), (layers.relu6, 0, 6)],
)
def test_layers_that_are_called_after_their_activation(layer, low, high):
    x, weights = 9 * normal(5, 4), normal(4, 30)
    found, _, store = called(lambda: layer(x, 30, weights_initializer=weights))
    np.testing.assert_allclose(found, np.clip(x @ weights, low, high), rtol=1e-4, atol=1e-4)
    assert "fully_connected/biases" in store.entries


def test_no_biases_where_none_are_wanted_or_a_normalizer_adds_its_own():
    _, _, store = called(lambda: layers.fully_connected(normal(5, 4), 3, biases_initializer=None))
    assert list(store.entries) == ["fully_connected/weights"]
    _, _, store = called(
        lambda: layers.fully_connected(
            normal(5, 4), 3, normalizer_fn=layers.batch_norm, normalizer_params={"scale": True}
        )
    )
    assert list(store.entries) == [
        "fully_connected/weights",
        "fully_connected/BatchNorm/beta",
        "fully_connected/BatchNorm/gamma",
        "fully_connected/BatchNorm/moving_mean",
        "fully_connected/BatchNorm/moving_variance",
    ]


def test_default_names_are_found_again_in_a_scope_that_is_opened_twice():
    def tower(x, reuse=None):
        with variable_scope("net", reuse=reuse):
            return layers.fully_connected(layers.fully_connected(x, 4), 3)

    store = VariableStore()
    x = normal(5, 4)
    with Call(store, "train", 0, 0).running():
        first, again = tower(x), tower(x, reuse=True)
        with pytest.raises(ValueError, match="reuse"):
            tower(x)
    np.testing.assert_array_equal(first, again)
    assert list(store.entries) == [
        f"net/{layer}/{kind}"
        for layer in ("fully_connected", "fully_connected_1")
        for kind in ("weights", "biases")
    ]


def test_names_are_numbered_scopes_kept_and_variables_reused():
    def model():
        x = normal(5, 4)
        layers.linear(x, 4)
        layers.linear(x, 4)
        layers.linear(x, 4, scope="last")
        return layers.linear(x, 4, scope="last", reuse=True), x

    (found, x), _, store = called(model)
    assert list(store.entries)[::2] == [
        "fully_connected/weights",
        "fully_connected_1/weights",
        "last/weights",
    ]
    np.testing.assert_allclose(found, x @ values(store)["last/weights"], rtol=1e-5, atol=1e-6)
    with pytest.raises(ValueError, match="reuse"):
        called(lambda: [layers.linear(normal(5, 4), 4, scope="a") for _ in range(2)])


def test_variables_that_are_not_trained():
    _, _, store = called(lambda: layers.fully_connected(normal(5, 4), 3, trainable=False))
    assert not any(entry.variable.trainable for entry in store.entries.values())


def test_float64_stays_float64():
    found, _, store = called(lambda: layers.fully_connected(np.ones((2, 4)), 3))
    assert found.dtype == tf.float64
    assert values(store)["fully_connected/weights"].dtype == np.float64


def test_bias_add():
    found, _, store = called(lambda: layers.bias_add(normal(2, 3) * 0, tf.nn.tanh, [1.0, 2.0, 3.0]))
    np.testing.assert_allclose(found[1], np.tanh([1, 2, 3]), rtol=1e-6)
    assert list(store.entries) == ["BiasAdd/biases"]


@pytest.mark.parametrize(
    ("build", "kind", "says"),
    [
        (lambda: layers.linear({"age": [1.0]}, 3), TypeError, "dict of age"),
        (lambda: layers.linear([[1, 2]], 3), TypeError, "Got int32"),
        (lambda: layers.linear([1.0, 2.0], 3), ValueError, "2 axes or more"),
        (lambda: layers.linear([[1.0, 2.0]], 0), ValueError, "num_outputs"),
        (lambda: layers.fully_connected([[1.0]], 1, "relu"), TypeError, "activation_fn"),
        (lambda: layers.conv2d([[1.0]], 3, 3), ValueError, "4 axes"),
        (lambda: layers.conv2d(IMAGES, 3, [3, 3, 3]), ValueError, "kernel_size"),
        (lambda: layers.conv2d(IMAGES, 3, 3, padding="same"), ValueError, "'SAME' or 'VALID'"),
        (lambda: layers.max_pool2d(IMAGES, 0), ValueError, "kernel_size"),
        (lambda: layers.dropout(IMAGES, 1.5), ValueError, "keep_prob"),
        (lambda: layers.batch_norm(IMAGES, decay=0.0), ValueError, "decay"),
        (lambda: layers.layer_norm(IMAGES, begin_norm_axis=4), ValueError, "begin_norm_axis"),
        (lambda: layers.stack([[1.0]], layers.linear, 10), TypeError, "stack_args"),
        (lambda: layers.repeat([[1.0]], 0, layers.linear, 2), ValueError, "repetitions"),
        (lambda: layers.embed_sequence([[0.5]], 3, 2), TypeError, "integers"),
        (lambda: layers.embed_sequence([[1]], 0, 2), ValueError, "vocab_size"),
        (lambda: layers.bow_encoder([1, 2], 3, 2), ValueError, "two axes"),
        (lambda: layers.lstm(IMAGES, 3), ValueError, "3 axes"),
        (lambda: layers.gru(SEQUENCES, -1), ValueError, "units"),
        (lambda: layers.one_hot_encoding([1.5], 3), TypeError, "integers"),
        (lambda: layers.l2_regularizer(-1.0), ValueError, "scale"),
        (lambda: layers.l1_l2_regularizer(1.0, -1.0), ValueError, "scale_l2"),
        (lambda: layers.variance_scaling_initializer(mode="FAN"), ValueError, "FAN_IN"),
        (lambda: layers.variance_scaling_initializer(factor=0.0), ValueError, "factor"),
        (lambda: layers.summarize("loss", [1.0, 2.0]), ValueError, "one number"),
    ],
)
def test_arguments_that_cannot_be(build, kind, says):
    with pytest.raises(kind, match=says):
        called(build)


def test_outside_of_a_model_function_there_are_no_variables():
    with pytest.raises(RuntimeError, match="model_fn"):
        layers.linear([[1.0]], 3)


# Images


def keras_gives(layer, x, *weights):
    layer.build((None, *x.shape[1:]))
    layer.set_weights([np.asarray(one) for one in weights])
    return layer(x).numpy()


@pytest.mark.parametrize("padding", ["SAME", "VALID"])
@pytest.mark.parametrize(("kernel", "stride", "rate"), [(3, 1, 1), ([2, 3], [2, 1], 1), (3, 1, 2)])
def test_convolution(padding, kernel, stride, rate):
    found, _, store = called(
        lambda: layers.convolution2d(
            IMAGES, 4, kernel, stride, padding, rate, biases_initializer=[0.1, 0.2, 0.3, 0.4]
        )
    )
    assert list(store.entries) == ["Conv/weights", "Conv/biases"]
    twin = keras.layers.Conv2D(4, kernel, stride, padding.lower(), None, rate, activation="relu")
    np.testing.assert_allclose(
        found, keras_gives(twin, IMAGES, *values(store).values()), rtol=1e-4, atol=1e-5
    )


def test_convolution_by_default_is_small_steps_the_same_size_and_relu():
    found, _, _ = called(lambda: layers.conv2d(IMAGES, 32, [3, 3]))
    assert found.shape == (3, 7, 9, 32)
    assert found.numpy().min() == 0
    assert layers.conv2d is layers.convolution2d


@pytest.mark.parametrize("padding", ["SAME", "VALID"])
@pytest.mark.parametrize(("kernel", "stride"), [(3, 1), (3, 2), ([2, 4], [3, 2])])
def test_transposed_convolution(padding, kernel, stride):
    found, _, store = called(
        lambda: layers.convolution2d_transpose(
            IMAGES, 4, kernel, stride, padding, None, biases_initializer=[0.1, 0.2, 0.3, 0.4]
        )
    )
    assert list(store.entries) == ["Conv2d_transpose/weights", "Conv2d_transpose/biases"]
    twin = keras.layers.Conv2DTranspose(4, kernel, stride, padding.lower())
    np.testing.assert_allclose(
        found, keras_gives(twin, IMAGES, *values(store).values()), rtol=1e-4, atol=1e-5
    )


@pytest.mark.parametrize(("padding", "stride", "multiplier"), [("SAME", 1, 1), ("VALID", 2, 3)])
def test_separable_convolution(padding, stride, multiplier):
    found, _, store = called(
        lambda: layers.separable_convolution2d(
            IMAGES, 4, 3, multiplier, stride, padding, None, biases_initializer=[1.0, 2.0, 3.0, 4.0]
        )
    )
    assert shapes(store) == {
        "SeparableConv2d/depthwise_weights": (3, 3, 2, multiplier),
        "SeparableConv2d/pointwise_weights": (1, 1, 2 * multiplier, 4),
        "SeparableConv2d/biases": (4,),
    }
    twin = keras.layers.SeparableConv2D(4, 3, stride, padding.lower(), depth_multiplier=multiplier)
    np.testing.assert_allclose(
        found, keras_gives(twin, IMAGES, *values(store).values()), rtol=1e-4, atol=1e-5
    )


def test_separable_convolution_without_mixing_channels():
    found, _, store = called(lambda: layers.separable_convolution2d(IMAGES, None, 3, 2))
    assert list(store.entries) == ["SeparableConv2d/depthwise_weights", "SeparableConv2d/biases"]
    twin = keras.layers.DepthwiseConv2D(3, 1, "same", 2, activation="relu")
    np.testing.assert_allclose(
        found, keras_gives(twin, IMAGES, *values(store).values()), rtol=1e-4, atol=1e-5
    )


@pytest.mark.parametrize("padding", ["SAME", "VALID"])
def test_pooling(padding):
    for pool, twin in (
        (layers.max_pool2d, keras.layers.MaxPooling2D),
        (layers.avg_pool2d, keras.layers.AveragePooling2D),
    ):
        expected = twin([3, 2], [2, 1], padding.lower())(IMAGES)
        np.testing.assert_allclose(pool(IMAGES, [3, 2], [2, 1], padding), expected, rtol=1e-6)


def test_pooling_by_default_halves_and_stays_inside():
    images = np.ones((5, 10, 12, 3), np.float32)
    assert layers.avg_pool2d(images, [3, 3]).shape == (5, 4, 5, 3)
    assert layers.max_pool2d(images, 2).shape == (5, 5, 6, 3)


def test_flatten_and_one_hot_encoding():
    np.testing.assert_array_equal(layers.flatten(IMAGES), IMAGES.reshape(3, -1))
    found = layers.one_hot_encoding([[1], [7]], 3, on_value=0.9, off_value=0.1)
    np.testing.assert_allclose(found, [[[0.1, 0.9, 0.1]], [[0.1, 0.1, 0.1]]])
    assert layers.one_hot_encoding([True], 2).numpy().tolist() == [[0.0, 1.0]]

    @tf.function(input_signature=[tf.TensorSpec([None, None, 2])])
    def of_unknown_size(inputs):
        return layers.flatten(inputs)

    with pytest.raises(ValueError, match="ensure_shape"):
        of_unknown_size(IMAGES[0])


# Normalization


def test_batch_norm_takes_the_moments_of_the_batch_and_keeps_moving_averages():
    _, _, store = called(lambda: layers.batch_norm(IMAGES, decay=0.9, scale=True))
    assert list(store.entries) == [
        f"BatchNorm/{name}" for name in ("beta", "gamma", "moving_mean", "moving_variance")
    ]
    assert [entry.variable.trainable for entry in store.entries.values()] == [True, True, 0, 0]
    assign(store, beta=[0.5, -1], gamma=[2, 3], moving_mean=[1, 1], moving_variance=[4, 4])
    twin = keras.layers.BatchNormalization(momentum=0.9, epsilon=0.001)
    twin.build((None, *IMAGES.shape[1:]))
    twin.set_weights(list(np.array([[2, 3], [0.5, -1], [1, 1], [4, 4]])))
    for mode in ("train", "train", "eval", "infer"):
        found, *_ = called(lambda: layers.batch_norm(IMAGES, 0.9, scale=True), mode, store)
        expected = twin(IMAGES, training=mode == "train")
        np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-4)
        mean, variance = twin.get_weights()[2:]
        np.testing.assert_allclose(values(store)["BatchNorm/moving_mean"], mean, rtol=1e-5)
        np.testing.assert_allclose(values(store)["BatchNorm/moving_variance"], variance, rtol=1e-5)


def test_batch_norm_moves_by_the_definition():
    x = normal(50, 3) * 5 + 2
    _, _, store = called(lambda: layers.batch_norm(x, decay=0.75))
    mean, variance = list(values(store).values())[1:]
    np.testing.assert_allclose(mean, 0.25 * x.mean(0), rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(variance, 0.75 + 0.25 * x.var(0), rtol=1e-4)


@pytest.mark.parametrize(("mode", "asked"), [("train", False), ("eval", True)])
def test_batch_norm_told_whether_it_is_training(mode, asked):
    x = normal(50, 3) * 5 + 2
    found, _, store = called(lambda: layers.batch_norm(x, epsilon=0.0, is_training=asked), mode)
    expected = (x - x.mean(0)) / x.std(0) if asked else x
    np.testing.assert_allclose(found, expected, rtol=1e-3, atol=1e-4)
    assert values(store)["BatchNorm/moving_mean"].tolist() == [0, 0, 0]


def test_layer_norm():
    found, _, store = called(lambda: layers.layer_norm(SEQUENCES, begin_norm_axis=-1))
    assert list(store.entries) == ["LayerNorm/beta", "LayerNorm/gamma"]
    assign(store, beta=[0.5, -1, 0], gamma=[2, 3, 4])
    found, _, _ = called(lambda: layers.layer_norm(SEQUENCES, begin_norm_axis=-1), "eval", store)
    twin = keras.layers.LayerNormalization(epsilon=1e-12)
    expected = keras_gives(twin, SEQUENCES, [2, 3, 4], [0.5, -1, 0])
    np.testing.assert_allclose(found, expected, rtol=1e-3, atol=1e-4)
    found, _, _ = called(lambda: layers.layer_norm(IMAGES, center=False, scale=False))
    axes = (1, 2, 3)
    expected = (IMAGES - IMAGES.mean(axes, keepdims=True)) / IMAGES.std(axes, keepdims=True)
    np.testing.assert_allclose(found, expected, rtol=1e-3, atol=1e-4)


def test_unit_norm():
    found = layers.unit_norm(IMAGES, 2)
    lengths = np.linalg.norm(IMAGES, axis=2, keepdims=True)
    np.testing.assert_allclose(found, IMAGES / lengths, rtol=1e-5)


def test_dropout_keeps_a_share_and_scales_it_up():
    x = np.ones((300, 100), np.float32)
    found = called(lambda: layers.dropout(x, keep_prob=0.7))[0].numpy()
    assert (found > 0).mean() == pytest.approx(0.7, abs=0.01)
    np.testing.assert_allclose(found[found > 0], 1 / 0.7, rtol=1e-6)


def test_dropout_is_decided_by_the_key_and_the_place_in_the_model():
    x = np.ones((30, 100), np.float32)

    def twice():
        return layers.dropout(x).numpy(), layers.dropout(x).numpy()

    first, second = called(twice, key=np.uint32(1))[0]
    again, _ = called(twice, key=np.uint32(1))[0]
    other, _ = called(twice, key=np.uint32(2))[0]
    np.testing.assert_array_equal(first, again)
    for unlike in (second, other):
        assert (first == unlike).mean() == pytest.approx(0.5, abs=0.06)


def test_dropout_outside_of_training_and_of_whole_maps():
    for mode in ("eval", "infer"):
        np.testing.assert_array_equal(called(lambda: layers.dropout(IMAGES), mode)[0], IMAGES)
    np.testing.assert_array_equal(called(lambda: layers.dropout(IMAGES, 1.0))[0], IMAGES)
    x = np.ones((40, 5, 5, 2), np.float32)
    found = called(lambda: layers.dropout(x, noise_shape=[40, 1, 1, 2]), "train")[0].numpy()
    assert (found == found[:, :1, :1]).all()
    found = called(lambda: layers.dropout(x, is_training=True), "eval")[0].numpy()
    assert set(np.unique(found)) == {0, 2}


# Layers of layers


def test_stack_and_repeat_name_their_layers():
    def model():
        x = normal(5, 4)
        layers.stack(x, layers.fully_connected, [10, 20, 10])
        layers.stack(x, layers.linear, [2, (3, tf.nn.relu6)][:1])
        layers.stack(x, layers.fully_connected, [(2, None)], scope="fc")
        layers.repeat(x, 2, layers.fully_connected, 4)
        return layers.repeat(IMAGES, 2, layers.conv2d, 4, kernel_size=3, scope="conv")

    found, _, store = called(model)
    assert found.shape == (3, 7, 9, 4)
    assert shapes(store) == {
        "stack/fully_connected_1/weights": (4, 10),
        "stack/fully_connected_1/biases": (10,),
        "stack/fully_connected_2/weights": (10, 20),
        "stack/fully_connected_2/biases": (20,),
        "stack/fully_connected_3/weights": (20, 10),
        "stack/fully_connected_3/biases": (10,),
        "stack_1/linear_1/weights": (4, 2),
        "stack_1/linear_1/biases": (2,),
        "fc/fc_1/weights": (4, 2),
        "fc/fc_1/biases": (2,),
        "repeat/fully_connected_1/weights": (4, 4),
        "repeat/fully_connected_1/biases": (4,),
        "repeat/fully_connected_2/weights": (4, 4),
        "repeat/fully_connected_2/biases": (4,),
        "conv/conv_1/weights": (3, 3, 2, 4),
        "conv/conv_1/biases": (4,),
        "conv/conv_2/weights": (3, 3, 4, 4),
        "conv/conv_2/biases": (4,),
    }


def test_stacked_layers_see_what_the_one_before_gives():
    x = normal(5, 4)
    found, _, store = called(
        lambda: layers.stack(x, layers.fully_connected, [3, 2], activation_fn=tf.tanh)
    )
    first, second = list(values(store).values())[::2]
    np.testing.assert_allclose(found, np.tanh(np.tanh(x @ first) @ second), rtol=1e-4, atol=1e-5)
    found, _, _ = called(lambda: layers.stack(IMAGES, layers.max_pool2d, [2, (2, 1)]))
    assert found.shape == (3, 2, 3, 2)


def test_arg_scope_inner_ones_win_and_the_call_wins_over_all():
    def model():
        x = 9 * normal(5, 4)
        with layers.arg_scope([layers.fully_connected, layers.conv2d], activation_fn=tf.tanh):
            with layers.arg_scope([layers.fully_connected], activation_fn=None, scope="inner"):
                inner = layers.fully_connected(x, 50)
            outer = layers.fully_connected(x, 50)
            in_call = layers.fully_connected(x, 50, tf.nn.relu)
            in_call_too = layers.fully_connected(x, 50, activation_fn=tf.nn.relu6)
            maps = layers.conv2d(9 * IMAGES, 50, 3)
        after = layers.fully_connected(x, 50)
        return inner, outer, in_call, in_call_too, maps, after

    found, _, store = called(model)
    inner, outer, in_call, in_call_too, maps, after = (one.numpy().min() for one in found)
    assert "inner/weights" in store.entries
    assert inner < -1 <= outer < 0
    assert -1 <= maps < -0.9
    assert in_call == in_call_too == after == 0


def test_arg_scope_saved_and_opened_again():
    def small():
        with layers.arg_scope([layers.conv2d], kernel_size=1, padding="VALID") as scope:
            return scope

    saved = small()

    def model():
        with layers.arg_scope([layers.conv2d], stride=2):
            around = layers.conv2d(IMAGES, 4, 3)
            with layers.arg_scope(saved):
                return around, layers.conv2d(IMAGES, 4)

    around, inside = called(model)[0]
    assert around.shape == (3, 4, 5, 4)
    assert inside.shape == (3, 7, 9, 4)
    with (
        pytest.raises(ValueError, match="no other arguments"),
        layers.arg_scope(small(), stride=2),
    ):
        pass


def test_arg_scope_ends_with_errors_and_is_not_seen_by_other_threads():
    seen = []
    with layers.arg_scope([layers.max_pool2d], stride=1):
        thread = threading.Thread(target=lambda: seen.append(layers.max_pool2d(IMAGES, 2).shape))
        thread.start()
        thread.join()
    with pytest.raises(ValueError, match="4 axes"), layers.arg_scope([layers.max_pool2d], stride=1):
        layers.max_pool2d(SEQUENCES, 2)
    assert seen == [(3, 3, 4, 2)]
    assert layers.max_pool2d(IMAGES, 2).shape == (3, 3, 4, 2)


def test_arg_scope_takes_layers_and_their_arguments_only():
    for wrong, kind, says in (
        ([tf.nn.relu], ValueError, "add_arg_scope"),
        (layers.conv2d, TypeError, "list"),
    ):
        with pytest.raises(kind, match=says), layers.arg_scope(wrong, stride=2):
            pass
    with (
        pytest.raises(TypeError, match="Did you mean 'stride'"),
        layers.arg_scope([layers.conv2d], strides=2),
    ):
        pass


# Penalties, beginnings, and what is collected


def test_regularizers():
    w = normal(4, 3)
    absolute, squares = np.abs(w).sum(), (w**2).sum() / 2
    for regularizer, expected in (
        (layers.l1_regularizer(0.3), 0.3 * absolute),
        (layers.l2_regularizer(0.3), 0.3 * squares),
        (layers.l1_l2_regularizer(0.3, 2.0), 0.3 * absolute + 2 * squares),
        (layers.l1_l2_regularizer(0.0, 2), 2 * squares),
        (layers.sum_regularizer([layers.l1_regularizer(1.0), None, tf.reduce_max]), None),
    ):
        expected = absolute + w.max() if expected is None else expected
        assert float(regularizer(tf.constant(w))) == pytest.approx(expected, rel=1e-5)
    nothing = [layers.l1_regularizer(0.0), layers.l2_regularizer(0), layers.l1_l2_regularizer(0, 0)]
    assert nothing == [None] * 3


def test_penalties_are_collected_once_for_each_variable():
    def model():
        penalty = layers.l2_regularizer(0.5)
        how = {"weights_regularizer": penalty, "biases_regularizer": layers.l1_regularizer(1.0)}
        with layers.arg_scope([layers.fully_connected], biases_initializer=[2.0] * 3, **how):
            layers.fully_connected(normal(5, 4), 3, scope="a")
            layers.fully_connected(normal(5, 4), 3, scope="a", reuse=True)
        layers.separable_convolution2d(IMAGES, 2, 3, weights_regularizer=penalty)
        layers.lstm(SEQUENCES, 2, weights_regularizer=penalty)
        layers.embed_sequence([[1]], 3, 2, regularizer=penalty)
        return losses.get_regularization_losses()

    found, call, store = called(model)
    weights = [w for n, w in values(store).items() if n.split("/")[-1] not in ("biases", "bias")]
    expected = [0.25 * (w**2).sum() for w in weights]
    assert sorted(map(float, found)) == pytest.approx(sorted([*expected, 6.0]), rel=1e-5)
    assert found == call.regularization


@pytest.mark.parametrize(
    ("mode", "n"), [("FAN_IN", 9 * 40), ("FAN_OUT", 9 * 80), ("FAN_AVG", 9 * 60)]
)
@pytest.mark.parametrize("uniform", [True, False])
def test_variance_scaling(mode, n, uniform):
    make = layers.variance_scaling_initializer(1.5, mode, uniform)
    w = make(np.random.default_rng(0), (3, 3, 40, 80))
    assert w.dtype == np.float32
    assert w.var() == pytest.approx(1.5 / n, rel=0.02)
    assert abs(w.mean()) < 0.02 * w.std()
    limit = np.sqrt(3) if uniform else 2 / np.sqrt(0.774)
    assert np.abs(w).max() / np.sqrt(1.5 / n) == pytest.approx(limit, rel=0.01)


def test_initializers_draw_from_the_seed_of_the_fit_or_their_own():
    shape = (7, 5)
    free, fixed = layers.variance_scaling_initializer(), layers.xavier_initializer(False, seed=3)
    a, b = np.random.default_rng(1), np.random.default_rng(2)
    assert not np.array_equal(free(a, shape), free(b, shape))
    np.testing.assert_array_equal(fixed(a, shape), fixed(b, shape))
    implied = called(lambda: layers.linear(normal(2, 4), 3))[2]
    said = called(
        lambda: layers.linear(normal(2, 4), 3, weights_initializer=layers.xavier_initializer())
    )[2]
    for one, other in zip(values(implied).values(), values(said).values(), strict=True):
        np.testing.assert_array_equal(one, other)


def test_variables_of_the_call():
    def model():
        layers.batch_norm(layers.linear(normal(5, 4), 3, scope="tower/a"), scope="tower/norm")
        layers.linear(normal(5, 4), 3, scope="tow")
        layers.summarize("half", 0.5)
        with pytest.raises(ValueError, match="new name"):
            layers.summarize("half", 0.25)
        with variable_scope("tower"):
            layers.summarize("half", 0.75)
        every, below = layers.get_variables(), layers.get_model_variables("tower")
        assert len(layers.get_variables("tow")) == 2
        return every, below, layers.get_variables_by_name("biases", "tower")

    (every, below, biases), call, store = called(model)
    assert [v.name for v in every] == [f"{name}:0" for name in store.entries]
    assert len(below) == 5
    assert [v.name for v in biases] == ["tower/a/biases:0"]
    shown = {name: float(number) for name, number in call.summaries.items()}
    assert shown == {"half": 0.5, "tower/half": 0.75}

    def less():
        layers.linear(normal(5, 4), 3, scope="tow")
        return layers.get_variables(), layers.get_variables("tow")

    made, below = called(less, "eval", store)[0]
    assert [v.name for v in made] == ["tow/weights:0", "tow/biases:0"]
    assert below == made


# Ids


def test_embed_sequence_looks_rows_up():
    table = normal(5, 3)
    found, _, store = called(
        lambda: layers.embed_sequence([[4, 0], [1, 1]], 5, 3, initializer=table, trainable=False)
    )
    np.testing.assert_array_equal(found, table[[[4, 0], [1, 1]]])
    assert shapes(store) == {"EmbedSequence/embeddings": (5, 3)}
    assert not store.entries["EmbedSequence/embeddings"].variable.trainable


def test_bow_encoder_takes_the_mean_of_what_is_there():
    table = normal(5, 3)
    ids = np.array([[4, 0, 4], [1, -1, -1], [-1, -1, -1]])
    expected = [table[[4, 0, 4]].mean(0), table[1], np.zeros(3)]
    dense, _, store = called(lambda: layers.bow_encoder(ids, 5, 3, initializer=table))
    np.testing.assert_allclose(dense, expected, rtol=1e-5, atol=1e-6)
    assert shapes(store) == {"BowEncoder/embeddings": (5, 3)}
    there = np.argwhere(ids >= 0)
    sparse = tf.SparseTensor(there, ids[ids >= 0], ids.shape)
    found, _, _ = called(lambda: layers.bow_encoder(sparse, 5, 3, initializer=table))
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-6)


# Sequences

TWINS = {
    layers.lstm: keras.layers.LSTM,
    layers.gru: keras.layers.GRU,
    layers.simple_rnn: keras.layers.SimpleRNN,
}
CELLS = pytest.mark.parametrize("layer", TWINS, ids=lambda layer: layer.__name__)


def twin_of(layer, weights, **kwargs):
    twin = TWINS[layer](5, return_sequences=True, return_state=True, **kwargs)
    twin.build(SEQUENCES.shape)
    twin.set_weights(weights)
    return twin


def with_weights(layer, **kwargs):
    """Call a recurrent layer with weights that are not as they begin; return them as well."""
    _, _, store = called(lambda: layer(SEQUENCES, 5, **kwargs))
    for entry in store.entries.values():
        entry.variable.assign(normal(*entry.variable.shape))
    found, _, _ = called(lambda: layer(SEQUENCES, 5, **kwargs), "eval", store)
    return found, list(values(store).values()), store


@CELLS
@pytest.mark.parametrize("lengths", [None, LENGTHS], ids=["whole", "cut"])
def test_recurrent_layers_equal_those_of_keras(layer, lengths):
    both = {"return_sequences": True, "return_state": True}
    (found, state), weights, _ = with_weights(layer, sequence_length=lengths, **both)
    mask = None if lengths is None else np.arange(6) < lengths[:, None]
    expected, *states = twin_of(layer, weights)(SEQUENCES, mask=mask)
    expected = expected.numpy() * (1 if mask is None else mask[..., None])
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(tf.nest.flatten(state), states, rtol=1e-4, atol=1e-5)


@CELLS
def test_recurrent_layers_give_the_last_output_of_each_row(layer):
    found, weights, store = with_weights(layer, sequence_length=LENGTHS)
    assert list(store.entries) == [
        f"{layer.__name__}/{name}" for name in ("kernel", "recurrent_kernel", "bias")
    ]
    outputs = twin_of(layer, weights)(SEQUENCES)[0].numpy()
    for row, length in enumerate(LENGTHS):
        expected = outputs[row, length - 1] if length else np.zeros(5)
        np.testing.assert_allclose(found[row], expected, rtol=1e-4, atol=1e-5)


@CELLS
def test_recurrent_layers_go_on_where_they_stopped(layer):
    whole, _, store = with_weights(layer, return_sequences=True)

    def in_halves():
        both = {"return_sequences": True, "return_state": True, "scope": layer.__name__}
        first, state = layer(SEQUENCES[:, :2], 5, **both)
        return first, layer(SEQUENCES[:, 2:], 5, state, reuse=True, **both)[0]

    halves, _, _ = called(in_halves, "eval", store)
    np.testing.assert_allclose(tf.concat(halves, 1), whole, rtol=1e-4, atol=1e-5)


@CELLS
def test_recurrent_layers_begin_as_those_of_keras(layer):
    _, _, store = called(lambda: layer(SEQUENCES, 5))
    kernel, recurrent, bias = values(store).values()
    np.testing.assert_allclose(recurrent @ recurrent.T, np.eye(5), atol=1e-5)
    assert np.abs(kernel).max() <= np.sqrt(6 / (3 + kernel.shape[1]))
    twin = TWINS[layer](5)
    twin.build(SEQUENCES.shape)
    np.testing.assert_array_equal(bias, twin.get_weights()[2])


@CELLS
@pytest.mark.parametrize("lengths", [None, LENGTHS], ids=["whole", "cut"])
def test_bidirectional_equals_that_of_keras(layer, lengths):
    def both(inputs, units, **kwargs):
        return layers.bidirectional(inputs, units, layer, **kwargs)

    kwargs = {"sequence_length": lengths, "return_sequences": True, "return_state": True}
    (found, _), weights, store = with_weights(both, **kwargs)
    assert list(store.entries)[::3] == [
        "bidirectional/forward/kernel",
        "bidirectional/backward/kernel",
    ]
    twin = keras.layers.Bidirectional(TWINS[layer](5, return_sequences=True))
    twin.build(SEQUENCES.shape)
    twin.set_weights(weights)
    mask = np.ones((4, 6), bool) if lengths is None else np.arange(6) < lengths[:, None]
    expected = twin(SEQUENCES, mask=mask).numpy() * mask[..., None]
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-5)


def test_bidirectional_gives_the_last_output_of_both_directions():
    def last(inputs, units):
        return layers.bidirectional(inputs, units, return_state=True)

    (found, states), weights, _ = with_weights(last)
    ahead = twin_of(layers.lstm, weights[:3])(SEQUENCES)[1]
    back = twin_of(layers.lstm, weights[3:])(SEQUENCES[:, ::-1])[1]
    np.testing.assert_allclose(found, np.concatenate([ahead, back], 1), rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(states[1][0], back, rtol=1e-4, atol=1e-5)


# Feature columns

WORDS = fc.sparse_column_with_keys("word", ["marlo", "omar", "stringer"])
WEIGHTED = fc.weighted_sparse_column(WORDS, "weight")
HOURS = fc.sparse_column_with_integerized_feature("hour", 5)
AGE = fc.real_valued_column("age")
INCOMES = fc.real_valued_column("incomes", dimension=3, normalizer=lambda x: x / 10)
BUCKETS = fc.bucketized_column(AGE, [10, 40])
FEATURES = {
    "word": np.array([["omar", ""], ["stringer", "marlo"], ["", ""]], object),
    "weight": np.array([[2.0, 0.0], [0.5, 3.0], [0.0, 0.0]], np.float32),
    "hour": np.array([[0, 4], [2, -1], [7, 1]]),
    "age": np.array([20.0, 5.0, 60.0], np.float32),
    "incomes": normal(3, 3),
}
DEEP = [
    AGE,
    INCOMES,
    BUCKETS,
    fc.one_hot_column(WORDS),
    fc.one_hot_column(WEIGHTED),
    fc.embedding_column(HOURS, 4),
    fc.embedding_column(WEIGHTED, 2, combiner="sqrtn", max_norm=0.5),
    fc.embedding_column(fc.crossed_column([WORDS, HOURS], 20), 2, combiner="sum"),
    fc.scattered_embedding_column("word", size=9, dimension=4),
]
WIDE = [AGE, INCOMES, BUCKETS, WORDS, WEIGHTED, HOURS, fc.crossed_column([WORDS, HOURS], 20)]


def encoded(columns):
    """Return a learned set of columns and FEATURES as parts see them."""
    columns = ColumnSet(columns).learn(as_table(FEATURES))
    arrays = columns.encode(as_table(FEATURES))
    features = {"dense": arrays.dense, "ids": arrays.ids, "id_weights": arrays.id_weights}
    return columns, {name: a for name, a in features.items() if a is not None}, arrays.widths


def randomised(build):
    """Return what a model gives with weights drawn anew, and the weights."""
    _, _, store = called(build)
    for entry in store.entries.values():
        entry.variable.assign(normal(*entry.variable.shape))
    found, _, _ = called(build, "eval", store)
    return found, values(store)


@pytest.mark.parametrize("column", DEEP, ids=lambda column: column.name)
def test_input_layer_of_a_column_is_that_of_a_network(column):
    found, weights = randomised(lambda: layers.input_from_feature_columns(FEATURES, [column]))
    columns, features, widths = encoded([column])
    part = DeepPart((column,), None, (), "relu", 0.0, False).build(columns, (column,), 1)
    params = {f"dnn/{name}": value for name, value in weights.items()}
    expected = part.input_layer(params, features, widths)
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-6)
    assert found.shape == (3, column.width if column is not BUCKETS else 3)


def test_input_layer_joins_columns_by_their_keys():
    found, weights = randomised(
        lambda: layers.input_from_feature_columns(FEATURES, DEEP, scope="input")
    )
    start = 0
    for column in sorted(DEEP, key=lambda column: column.key):
        store = VariableStore()
        called(lambda: layers.input_from_feature_columns(FEATURES, [column]), "train", store)  # noqa: B023
        for name, entry in store.entries.items():
            entry.variable.assign(weights["input/" + name.split("/", 1)[1]])
        piece, _, _ = called(
            lambda: layers.input_from_feature_columns(FEATURES, [column]),  # noqa: B023
            "eval",
            store,
        )
        stop = start + piece.shape[1]
        np.testing.assert_allclose(found[:, start:stop], piece, rtol=1e-6)
        start = stop
    assert start == found.shape[1]


def test_linear_scores_are_those_of_a_linear_model():
    (logits, variables, bias), weights = randomised(
        lambda: layers.weighted_sum_from_feature_columns(FEATURES, WIDE, 2, scope="linear")
    )
    columns, features, widths = encoded(WIDE)
    part = WidePart(tuple(WIDE), None).build(columns, tuple(WIDE), 2)
    side = {"dense": [c for c in columns.dense], "table": [c for c in columns.ids]}
    params = {"linear/bias_weight": weights["linear/bias_weight"]}
    for name, ordered in side.items():
        params[f"linear/{name}"] = np.concatenate([variables[c][0].numpy() for c in ordered])
    np.testing.assert_allclose(
        logits, part.scores(params, features, widths)[0], rtol=1e-4, atol=1e-5
    )
    assert bias.name == "linear/bias_weight:0"
    assert set(weights) == set(part.variables(params))


@pytest.mark.parametrize(
    ("column", "weights", "features", "expected"),
    [
        (AGE, 0.2, {"age": [1.0, 2.0]}, [0.3, 0.5]),
        (WORDS, [0.1, 0.3, 0.2], {"word": ["omar", "stringer"]}, [0.4, 0.3]),
        (WORDS, [0.1, 0.3, 0.2], {"word": [["marlo", "stringer"]]}, [0.4]),
        (
            WEIGHTED,
            [0.1, 0.2, 0.3],
            {"word": ["stringer", "marlo"], "weight": [10.0, 20.0]},
            [3.1, 2.1],
        ),
        (
            fc.real_valued_column("incomes", 3),
            [0.1, 0.2, 0.3],
            {"incomes": [[100.0, 200.0, 300.0], [10.0, 20.0, 30.0]]},
            [140.1, 14.1],
        ),
        (
            fc.bucketized_column(AGE, [0, 10, 100]),
            [0.1, 0.2, 0.3, 0.4],
            {"age": [20.0, 110.0, -3.0]},
            [0.4, 0.5, 0.2],
        ),
        (HOURS, [0.1, 0.2, 0.3, 0.4, 0.5], {"hour": [5, 4, 7]}, [0.2, 0.6, 0.4]),
    ],
)
def test_linear_scores_as_the_old_tests_have_them(column, weights, features, expected):
    def model():
        return layers.weighted_sum_from_feature_columns(features, [column], 1)[0]

    features = {name: tf.constant(value) for name, value in features.items()}
    found, _, store = called(model)
    assert not found.numpy().any()
    last = next(iter(store.entries)).split("/")[-1]
    assign(store, **{last: weights, "bias_weight": 0.1})
    np.testing.assert_allclose(called(model, "eval", store)[0][:, 0], expected, rtol=1e-5)


def test_embeddings_as_the_old_tests_have_them():
    ids = {"word": tf.constant([["omar", ""], ["marlo", "stringer"], ["", ""]])}
    weighed = {**ids, "weight": tf.constant([[10.0, 0.0], [20.0, 30.0], [0.0, 0.0]])}
    for column, features, expected in (
        (fc.embedding_column(WORDS, 1, "sum", np.ones), ids, [1, 2, 0]),
        (fc.embedding_column(WORDS, 1, "sum", np.ones, max_norm=0.5), ids, [0.5, 1, 0]),
        (fc.embedding_column(WEIGHTED, 1, "sum", np.ones), weighed, [10, 50, 0]),
    ):
        found, _, store = called(lambda: layers.input_from_feature_columns(features, [column]))  # noqa: B023
        np.testing.assert_allclose(found[:, 0], expected, rtol=1e-6)
        assert list(store.entries) == [f"input_from_feature_columns/{column.name}/weights"]


def test_shared_embeddings_have_one_table_and_frozen_ones_stay():
    home, born = (fc.sparse_column_with_integerized_feature(name, 6) for name in ("home", "born"))
    shared = fc.shared_embedding_columns([home, born], 2, trainable=False)
    features = {"home": tf.constant([1, 5]), "born": tf.constant([5, 1])}
    found, _, store = called(lambda: layers.input_from_feature_columns(features, shared))
    ((name, entry),) = store.entries.items()
    assert name == "input_from_feature_columns/born_home_shared_embedding/weights"
    assert not entry.variable.trainable
    np.testing.assert_array_equal(found[0], np.concatenate([found[1, 2:], found[1, :2]]))


def test_a_tensor_without_names_is_the_column_without_a_name():
    column = fc.real_valued_column("", dimension=2)
    found, _, store = called(
        lambda: layers.weighted_sum_from_feature_columns(normal(3, 2), [column], 1)[0]
    )
    assert found.shape == (3, 1)
    assert "weighted_sum_from_feature_columns//weight" in store.entries


@pytest.mark.parametrize(
    ("columns", "says"),
    [
        ([WORDS], "Error creating input layer for column: word"),
        ([fc.embedding_column(WORDS, 2)] * 2, "Duplicate feature column key found"),
        (fc.infer_feature_columns({"age": [1.0]}), "learns from data"),
        ([fc.real_valued_column("agee")], "Did you mean 'age'"),
        ({"age": AGE}, "found dict"),
    ],
)
def test_columns_that_a_network_does_not_take(columns, says):
    with pytest.raises(ValueError, match=says):
        called(lambda: layers.input_from_feature_columns(FEATURES, columns))


def test_columns_that_a_linear_model_does_not_take():
    columns = [fc.embedding_column(WORDS, 2)]
    with pytest.raises(ValueError, match="Error creating weighted sum for column: word_embedding"):
        called(lambda: layers.weighted_sum_from_feature_columns(FEATURES, columns, 1))


# Compiled steps, as an engine takes them

BATCH = {
    "images": normal(8, 8, 8, 2),
    "words": RNG.integers(0, 10, (8, 5)),
    "lengths": np.array([5, 0, 3, 1, 5, 2, 4, 5]),
    "age": normal(8) * 30,
    "hour": RNG.integers(0, 24, (8, 2)),
}


def everything(features):
    """A model function with all layers in it; returns a loss."""
    hour = fc.sparse_column_with_integerized_feature("hour", 24)
    age = fc.real_valued_column("age", normalizer=lambda x: x / 30)
    wide = [age, fc.bucketized_column(age, [-1, 0, 1]), hour]
    deep = [*wide[:2], fc.one_hot_column(hour), fc.embedding_column(hour, 3)]
    normal_too = {"normalizer_fn": layers.batch_norm, "normalizer_params": {"decay": 0.5}}
    with layers.arg_scope([layers.conv2d], weights_regularizer=layers.l2_regularizer(0.01)):
        x = layers.conv2d(features["images"], 4, 3, **normal_too)
        x = layers.conv2d(x, 4, 3, rate=2)
    x = layers.separable_convolution2d(x, 4, 3, 2)
    x = layers.convolution2d_transpose(layers.max_pool2d(x, 2), 3, 3, 2)
    x = layers.layer_norm(layers.avg_pool2d(x, 2))
    pieces = [layers.dropout(layers.flatten(x), 0.8)]
    words = layers.embed_sequence(features["words"], 10, 4)
    read = layers.bidirectional(
        words, 3, sequence_length=features["lengths"], return_sequences=True
    )
    pieces.append(layers.gru(layers.batch_norm(read, 0.5, scale=True), 4))
    pieces.append(layers.unit_norm(layers.bow_encoder(features["words"] - 2, 8, 3), 1))
    pieces.append(layers.one_hot_encoding(features["words"][:, 0], 10))
    pieces.append(layers.input_from_feature_columns(features, deep))
    x = layers.stack(tf.concat(pieces, 1), layers.relu, [10, 8])
    x = layers.relu6(layers.bias_add(layers.repeat(x, 2, layers.linear, 6), tf.tanh), 4)
    logits = layers.linear(x, 1) + layers.weighted_sum_from_feature_columns(features, wide, 1)[0]
    target = tf.reduce_sum(features["images"], [1, 2, 3])[:, None] / 10
    loss = tf.reduce_mean((logits - target) ** 2)
    return loss + tf.add_n(losses.get_regularization_losses())


def made(model, batch):
    """Make the variables of a model in a graph that is thrown away; return its store."""
    store = VariableStore()

    def first(**features):
        with Call(store, "train", tf.constant(0, tf.int64), tf.constant(0, tf.uint32)).running():
            return model(features)

    graph = tf.function(first, autograph=False)
    graph.get_concrete_function(**{name: tf.constant(value) for name, value in batch.items()})
    store.complete = True
    begin(store)
    return store


def begin(store):
    for name, value in store.initial_state(np.random.default_rng(0)).items():
        store.entries[name].variable.assign(value)


def trained(store):
    return [entry.variable for entry in store.entries.values() if entry.variable.trainable]


def in_a_compiled_loop(model, store, batch, steps, xla):
    keys = tf.constant(step_keys(3, 0, steps))

    def run(**features):
        def step(i, losses):
            with Call(store, "train", tf.cast(i, tf.int64), keys[i]).running():
                loss = model(features)
            for variable, slope in zip(
                trained(store), tf.gradients(loss, trained(store)), strict=True
            ):
                variable.assign_sub(0.05 * tf.convert_to_tensor(slope))
            return i + 1, tf.tensor_scatter_nd_update(losses, [[i]], [loss])

        start = tf.constant(0), tf.zeros([steps])
        return tf.while_loop(lambda i, _: i < steps, step, start, parallel_iterations=1)[1]

    begin(store)
    losses = tf.function(run, jit_compile=xla or None, autograph=False)(
        **{name: tf.constant(value) for name, value in batch.items()}
    )
    return losses.numpy(), values(store)


def step_by_step(model, store, batch, steps):
    begin(store)
    losses = []
    for i, key in enumerate(step_keys(3, 0, steps)):
        with tf.GradientTape() as tape, Call(store, "train", i, key).running():
            losses.append(model({name: tf.constant(value) for name, value in batch.items()}))
        for variable, slope in zip(
            trained(store), tape.gradient(losses[-1], trained(store)), strict=True
        ):
            variable.assign_sub(0.05 * tf.convert_to_tensor(slope))
    return np.array(losses), values(store)


@pytest.fixture(scope="module")
def all_layers():
    store = made(everything, BATCH)
    return store, step_by_step(everything, store, BATCH, 3)


@pytest.mark.parametrize("xla", [False, True], ids=["graph", "xla"])
def test_compiled_steps_of_all_layers_are_the_steps_taken_one_by_one(all_layers, xla):
    store, (expected_losses, expected) = all_layers
    losses, found = in_a_compiled_loop(everything, store, BATCH, 3, xla)
    np.testing.assert_allclose(losses, expected_losses, rtol=1e-4)
    start = store.initial_state(np.random.default_rng(0))
    for name, value in expected.items():
        np.testing.assert_allclose(found[name], value, rtol=1e-3, atol=1e-4, err_msg=name)
    still = {name for name in start if np.array_equal(start[name], expected[name])}
    assert still <= {"BiasAdd/biases"}, "a layer that does not learn tests nothing"


@pytest.mark.parametrize("xla", [False, True], ids=["graph", "xla"])
def test_moving_averages_move_once_a_step(xla):
    batch = {"x": normal(20, 3) + 4}

    def model(features):
        return tf.reduce_mean(layers.linear(layers.batch_norm(features["x"], decay=0.5), 1) ** 2)

    store = made(model, batch)
    assert values(store)["BatchNorm/moving_mean"].tolist() == [0, 0, 0]
    _, found = in_a_compiled_loop(model, store, batch, 3, xla)
    mean, variance = batch["x"].mean(0), batch["x"].var(0)
    np.testing.assert_allclose(found["BatchNorm/moving_mean"], mean * 7 / 8, rtol=1e-5)
    np.testing.assert_allclose(
        found["BatchNorm/moving_variance"], 1 / 8 + variance * 7 / 8, rtol=1e-4
    )


def test_evaluating_a_batch_of_any_size_changes_nothing(all_layers):
    store, _ = all_layers
    begin(store)
    before = values(store)

    def loss(*features):
        with Call(store, "eval", tf.constant(0, tf.int64), tf.constant(0, tf.uint32)).running():
            return everything(dict(zip(BATCH, features, strict=True)))

    specs = [tf.TensorSpec([None, *a.shape[1:]], a.dtype) for a in BATCH.values()]
    whole = tf.compat.v1.wrap_function(loss, specs)
    pruned = whole.prune(whole.inputs[: len(specs)], whole.outputs)
    some = {name: value[:5] for name, value in BATCH.items()}
    (found,) = pruned(*map(tf.constant, some.values()))
    expected, _, _ = called(lambda: everything(some), "eval", store)
    assert float(found) == pytest.approx(float(expected), rel=1e-4)
    for name, value in values(store).items():
        np.testing.assert_array_equal(value, before[name])
