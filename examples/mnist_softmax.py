"""Softmax regression on MNIST: the smallest model function, a linear layer and its loss.

On all of MNIST it reaches 92 % of the test images.
"""

import argparse
import time

import tensorflow as tf
from image_data import load_mnist

import tflearnkit as learn


def softmax_regression(features, targets):
    """Return predictions, the loss, and the step that makes it smaller."""
    pixels = learn.layers.flatten(features)
    labels = tf.one_hot(targets, 10)
    probabilities, loss = learn.models.logistic_regression_zero_init(pixels, labels)
    step = learn.layers.optimize_loss(loss, optimizer="SGD", learning_rate=0.5)
    predictions = {"classes": tf.argmax(probabilities, axis=1), "probabilities": probabilities}
    return predictions, loss, step


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--small", action="store_true", help="few rows and steps, no fetching")
    small = parser.parse_args().small

    source, (X, X_test, y, y_test) = load_mnist(small)
    print(f"Data: {source}.\n{len(X)} images to learn from, {len(X_test)} to test on.")

    begin = time.perf_counter()
    model = learn.Estimator(softmax_regression, batch_size=100, random_state=0)
    model.fit(X, y, steps=100 if small else 10_000)
    seconds = time.perf_counter() - begin

    found = model.evaluate(
        X_test, y_test, metrics={("accuracy", "classes"): learn.metrics.accuracy}
    )
    print(f"trained {found['global_step']} steps in {seconds:.1f} s")
    print(f"test loss {found['loss']:.4f}, test accuracy {found['accuracy']:.4f}")


if __name__ == "__main__":
    main()
