"""The network of the CIFAR-10 tutorials: distorted images, moving averages of the weights.

Two layers of filters whose responses compete (local response normalisation), two layers that see
all, whose weights decay. Each image is learnt from in a new crop, mirrored or not, brighter or
darker. What is used in the end are moving averages of the weights.

Of the first 1,000 test images, having learnt from the first 5,000 training images alone, it
recognises 70.8 % by the averages and 67.9 % by the weights of the last step (one run).
"""

import argparse
import time

import tensorflow as tf
from image_data import load_cifar10

import tflearnkit as learn
from tflearnkit import layers, losses

SIZE = 24  # of the crops, from 32 x 32 pixels
BATCH_SIZE = 128
EPOCHS = 64
METRICS = {("accuracy", "classes"): learn.metrics.accuracy}


def network(images, weight_decay):
    """Return the scores of the classes."""
    maps = images
    for _ in range(2):
        maps = layers.convolution2d(maps, 64, kernel_size=5)
        maps = layers.max_pool2d(maps, kernel_size=3, stride=2, padding="SAME")
        maps = tf.nn.lrn(maps, depth_radius=4, bias=1.0, alpha=0.001 / 9, beta=0.75)
    penalty = layers.l2_regularizer(weight_decay)
    with layers.arg_scope([layers.fully_connected], weights_regularizer=penalty):
        hidden = layers.stack(layers.flatten(maps), layers.fully_connected, [384, 192])
    return layers.linear(hidden, 10)


def cifar10_cnn(features, targets, params):
    """Return predictions, the loss, and the step that makes it smaller."""
    images = tf.image.per_image_standardization(features)
    with layers.moving_averages(params["average_decay"]):  # what evaluate and predict go by
        logits = network(images, params["weight_decay"])
    losses.sparse_softmax_cross_entropy(logits, targets)
    loss = losses.get_total_loss()  # with the penalties
    step = layers.optimize_loss(loss, optimizer="SGD", learning_rate=params["learning_rate"])
    predictions = {"classes": tf.argmax(logits, axis=1), "probabilities": tf.nn.softmax(logits)}
    return predictions, loss, step


def distorted(row, chance):
    """Return a random crop of an image, mirrored or not, of random brightness and contrast."""
    image, label = row
    image = tf.image.stateless_random_crop(image, [SIZE, SIZE, 3], chance)
    image = tf.image.stateless_random_flip_left_right(image, chance + 1)
    image = tf.image.stateless_random_brightness(image, 63 / 255, chance + 2)
    return tf.image.stateless_random_contrast(image, 0.2, 1.8, chance + 3), label


def distorted_rows(X, y, seed):
    """Return images without end, in a new order and with a new distortion each epoch."""
    rows = tf.data.Dataset.from_tensor_slices((X, y)).shuffle(len(X), seed=seed).repeat()
    chances = tf.data.Dataset.random(seed=seed).batch(2)
    return tf.data.Dataset.zip((rows, chances)).map(distorted, num_parallel_calls=2)


def cropped(X):
    """Return the middle of images."""
    margin = (X.shape[1] - SIZE) // 2
    return X[:, margin : margin + SIZE, margin : margin + SIZE]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--small", action="store_true", help="few rows and steps, no fetching")
    parser.add_argument("--without-distortions", action="store_true")
    parser.add_argument("--without-averages", action="store_true")
    options = parser.parse_args()

    source, (X, X_test, y, y_test) = load_cifar10(options.small)
    print(f"Data: {source}.\n{len(X)} images to learn from, {len(X_test)} to test on.")
    model = learn.Estimator(
        cifar10_cnn,
        params={
            "average_decay": 0.0 if options.without_averages else 0.999,
            "weight_decay": 0.004,
            "learning_rate": 0.1,
        },
        batch_size=32 if options.small else BATCH_SIZE,
        steps=20 if options.small else EPOCHS * len(X) // BATCH_SIZE,
        random_state=0,
    )
    begin = time.perf_counter()
    if options.without_distortions:
        model.fit(cropped(X), y)
    else:
        model.fit(input_fn=lambda: distorted_rows(X, y, seed=0))
    seconds = time.perf_counter() - begin

    found = model.evaluate(cropped(X_test), y_test, metrics=METRICS)
    print(f"trained {found['global_step']} steps in {seconds:.1f} s")
    print(f"test accuracy {found['accuracy']:.4f}")


if __name__ == "__main__":
    main()
