"""MNIST read row by row: a bidirectional LSTM goes down and up each digit at once.

A digit is a sequence of 28 rows of 28 pixels. What the two readers remember at their ends, side by
side, is what a linear layer tells the digits apart by.

On all of MNIST it is right on 98.8 % of the test images after 3 epochs (one run), a minute and a
half on two cores.
"""

import argparse
import time

import tensorflow as tf
from image_data import load_mnist

import tflearnkit as learn
from tflearnkit import layers


def reader(features, targets, params):
    """Return predictions, the loss, and the step that makes it smaller."""
    rows = tf.squeeze(features, axis=3)  # grey images have one channel
    read = layers.bidirectional(rows, params["units"])
    logits = layers.linear(layers.dropout(read, keep_prob=0.5), 10)
    loss = learn.losses.sparse_softmax_cross_entropy(logits, targets)

    def decayed(rate, step):
        share = tf.cast(step, tf.float32) / params["steps"]
        return rate * tf.maximum(1 - share, 0.01)

    step = layers.optimize_loss(
        loss, learning_rate=0.003, clip_gradients=1.0, learning_rate_decay_fn=decayed
    )
    return {"classes": tf.argmax(logits, axis=1)}, loss, step


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--small", action="store_true", help="30 steps, nothing is fetched")
    small = parser.parse_args().small

    source, (X, X_test, y, y_test) = load_mnist(small)
    print(f"Data: {source}.\n{len(X)} images to learn from, {len(X_test)} to test on.")

    batch_size = 128
    steps = 30 if small else 3 * len(X) // batch_size
    params = {"units": 16 if small else 128, "steps": steps}
    model = learn.Estimator(reader, params=params, batch_size=batch_size, random_state=0)
    begin = time.perf_counter()
    model.fit(X, y, steps=steps)
    print(f"trained {steps} steps in {time.perf_counter() - begin:.0f} s")

    accuracy = {("accuracy", "classes"): learn.metrics.accuracy}
    found = model.evaluate(X_test, y_test, metrics=accuracy)
    print(f"test loss {found['loss']:.4f}, test accuracy {found['accuracy']:.4f}")


if __name__ == "__main__":
    main()
