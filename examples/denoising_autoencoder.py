"""A denoising autoencoder on MNIST: an estimator of one's own, with ``transform``, in a pipeline.

It learns to rebuild digits of which half the pixels were left out, without looking at any label
(Vincent et al., 2008). What it finds on the way, 512 numbers for each digit, serves a linear
classifier better than the pixels or as many principal components do.

On all of MNIST the squared error of a pixel is 0.010 rebuilt, 0.057 with half of them missing, and
0.022 by 64 principal components; a linear classifier is right on 96.6 % of the test digits by their
codes, 92.3 % by principal components and 92.6 % by their pixels. Training takes a few minutes on
two cores, and so do the classifiers.
"""

import argparse
import time

import numpy as np
import tensorflow as tf
from image_data import load_mnist
from sklearn.decomposition import PCA
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import tflearnkit as learn
from tflearnkit import layers


class DenoisingAutoencoder(learn.BaseEstimator):
    """Codes of rows of numbers from 0 to 1, from which they can be rebuilt where some are missing.

    Parameters
    ----------
    width : int
        How many numbers a code has.
    missing : float
        Share of the numbers that is left out in training. Those that stay are scaled up, so that
        the sum stays the same, as in the rows given to ``predict`` where some are missing.
    epochs, batch_size, random_state
        As in other estimators.
    """

    def __init__(self, width=512, missing=0.5, epochs=20, batch_size=256, random_state=None):
        self.width = width
        self.missing = missing
        self.epochs = epochs
        self.batch_size = batch_size
        self.random_state = random_state

    def _get_transform_ops(self, features):
        return layers.relu(features, self.width)

    def _logits(self, features):
        return layers.linear(self._get_transform_ops(features), features.shape[1])

    def _get_predict_ops(self, features):
        return tf.sigmoid(self._logits(features))

    def _get_train_ops(self, features, targets):
        noisy = layers.dropout(features, keep_prob=1 - self.missing)
        loss = learn.losses.sigmoid_cross_entropy(self._logits(noisy), features)
        return layers.optimize_loss(loss, learning_rate=0.001), loss


def with_gaps(X, missing, seed):
    """Leave numbers out by chance, and scale the others up."""
    stays = np.random.default_rng(seed).random(X.shape) >= missing
    return np.float32(np.where(stays, X / (1 - missing), 0))


def compare_errors(autoencoder, X_train, X_test):
    """Print how far from the digits they are with gaps, and rebuilt from those."""
    noisy = with_gaps(X_test, autoencoder.missing, seed=1)

    def report(name, found):
        print(f"  {name:<28}{np.mean((found - X_test) ** 2):.4f}")

    print("Squared error of a pixel, half of them missing:")
    report("as they are", np.where(noisy > 0, X_test, 0))
    for n in (64, autoencoder.width):
        pca = PCA(n, random_state=0).fit(X_train)
        rebuilt = pca.inverse_transform(pca.transform(noisy))
        report(f"{n} principal components", np.clip(rebuilt, 0, 1))
    report("denoising autoencoder", autoencoder.predict(noisy))


def compare_codes(autoencoder, X_train, X_test, y_train, y_test):
    """Print what a linear classifier makes of codes."""
    print("Accuracy of a linear classifier:")
    for name, codes in {
        "of the pixels": "passthrough",
        "of principal components": PCA(autoencoder.width, random_state=0),
        "of the autoencoder's codes": FrozenEstimator(autoencoder),  # trained already
    }.items():
        linear = LogisticRegression(max_iter=100, tol=1e-3)
        pipeline = make_pipeline(codes, StandardScaler(), linear).fit(X_train, y_train)
        print(f"  {name:<28}{pipeline.score(X_test, y_test):.4f}", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--small", action="store_true", help="1,000 digits, nothing is fetched")
    small = parser.parse_args().small

    source, (X_train, X_test, y_train, y_test) = load_mnist(small)
    X_train, X_test = (X.reshape(len(X), -1) for X in (X_train, X_test))
    print(f"Data: {source}.\n{len(X_train)} digits to learn from, {len(X_test)} to test on.")

    autoencoder = DenoisingAutoencoder(width=100 if small else 512, random_state=0)
    begin = time.perf_counter()
    autoencoder.fit(X_train)
    print(f"trained in {time.perf_counter() - begin:.0f} s\n")
    compare_errors(autoencoder, X_train, X_test)
    compare_codes(autoencoder, X_train, X_test, y_train, y_test)


if __name__ == "__main__":
    main()
