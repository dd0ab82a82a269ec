"""K-means beside scikit-learn's: ``python -m benchmarks.kmeans [--only NAME ...]``.

Ratios are ours / peer on one machine in one run, two threads each, contestants interleaved,
medians. Rows are float32, for both sides compute in it then. Beside the seconds stands the inertia
reached, so that a fast but worse fit shows.
"""

from __future__ import annotations

import argparse
import warnings

import numpy as np
from sklearn.cluster import KMeans, MiniBatchKMeans, kmeans_plusplus
from sklearn.datasets import make_blobs

import tflearnkit as learn
from benchmarks.timing import interleaved, report_ratios, report_value, warn_if_busy

MANY_ROWS = (1_000_000, 16, 64)
MANY_CENTRES = (200_000, 64, 256)
PASSES = 20


def blobs(n_rows, n_columns, n_clusters):
    """Return overlapping round clusters, as many as will be looked for."""
    X, _ = make_blobs(n_rows, n_columns, centers=n_clusters, cluster_std=3.0, random_state=1)
    return X.astype(np.float32)


def lloyd(sizes, target, rounds=5):
    """Run both for the same number of passes from the same centres."""
    X, k = blobs(*sizes), sizes[-1]
    centres, _ = kmeans_plusplus(X[:10_000], k, random_state=0)
    peer = KMeans(k, init=centres, n_init=1, max_iter=PASSES, tol=0, algorithm="lloyd")
    ours = learn.KMeansClustering(k, initial_clusters=centres, steps=PASSES)
    contestants = {"tflearnkit": lambda: ours.fit(X), "KMeans": lambda: peer.fit(X)}
    _compare(f"Lloyd, {_named(sizes)}, {PASSES} passes", contestants, target, rounds)


def defaults(sizes, target, rounds=3):
    """Run both with their defaults, another seed each round."""
    X, k = blobs(*sizes), sizes[-1]
    contestants = {
        "tflearnkit": _by_seed(lambda seed: learn.KMeansClustering(k, random_state=seed).fit(X)),
        "KMeans": _by_seed(lambda seed: KMeans(k, random_state=seed).fit(X)),
    }
    _compare(f"defaults, {_named(sizes)}", contestants, target, rounds, judges_inertia=True)


def mini_batches(sizes, target, rounds=3):
    """Run both on mini-batches with their defaults, another seed each round."""
    X, k = blobs(*sizes), sizes[-1]

    def ours(seed):
        return learn.KMeansClustering(k, use_mini_batch=True, random_state=seed).fit(X)

    contestants = {
        "tflearnkit": _by_seed(ours),
        "MiniBatchKMeans": _by_seed(lambda seed: MiniBatchKMeans(k, random_state=seed).fit(X)),
    }
    title = f"mini-batches, {_named(sizes)}"
    _compare(title, contestants, target, rounds, judges_inertia=True)


def _compare(title, contestants, target, rounds, judges_inertia=False):
    inertias = {name: [] for name in contestants}

    def run(name):
        inertias[name].append(contestants[name]().inertia_)

    seconds, _ = interleaved({name: lambda n=name: run(n) for name in contestants}, rounds)
    means = {name: np.mean(found[1:]) for name, found in inertias.items()}  # without the warm-up
    peer, (mine, theirs) = list(contestants)[1], means.values()
    remarks = {name: f"inertia {mean:.7g}" for name, mean in means.items()}
    report_ratios(title, seconds, {peer: target}, remarks)
    if judges_inertia:
        report_value(None, "inertia, ours / peer", mine / theirs, "", 1.01)
    else:
        report_value(None, "inertia, difference", abs(mine / theirs - 1) * 1e5, "e-5", 1.0)


def _by_seed(fit):
    """Return a function that fits with the next seed whenever it is called."""
    seeds = iter(range(1000))
    return lambda: fit(next(seeds))


def _named(sizes):
    n_rows, n_columns, n_clusters = sizes
    return f"{n_rows:,} x {n_columns}, {n_clusters} clusters"


BENCHMARKS = {
    "lloyd": lambda: (lloyd(MANY_ROWS, 0.65), lloyd(MANY_CENTRES, 0.75)),
    "defaults": lambda: (defaults(MANY_ROWS, 0.25), defaults(MANY_CENTRES, 0.25)),
    "mini_batches": lambda: (mini_batches(MANY_ROWS, 0.15), mini_batches(MANY_CENTRES, 0.15)),
}


def main():
    """Run the benchmarks named on the command line, all by default."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", nargs="+", choices=BENCHMARKS, default=list(BENCHMARKS))
    warnings.simplefilter("ignore")  # of passes that are meant to be few
    print("K-means: seconds (medians), two threads, ratio is tflearnkit / peer")
    for name in parser.parse_args().only:
        warn_if_busy()
        BENCHMARKS[name]()


if __name__ == "__main__":
    main()
