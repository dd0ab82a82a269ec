"""What test_replicas trains, as a program: on one device, two local ones, or two workers.

``python replicas_job.py {alone,mirrored,workers} FOLDER``
"""

import importlib.util
import os
import sys

import numpy as np


def two_local_devices():
    import tensorflow as tf

    cpus = tf.config.list_physical_devices("CPU")
    halves = [tf.config.LogicalDeviceConfiguration()] * 2
    tf.config.set_logical_device_configuration(cpus[0], halves)


def data():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(205, 6)).astype(np.float32)  # 5 rows in the last batch of 50
    y = (X[:, 0] + X[:, 1] ** 2 > 0.5).astype(int)
    return X, y, rng.uniform(0.5, 2, 205)


def fits(learn, config):
    """Estimators of every kind of part and penalty, by name."""
    how = {"batch_size": 50, "epochs": 3, "random_state": 0, "config": config}
    deep = {"hidden_units": (16, 8), **how}
    held = {"dropout": 0.3, "batch_norm": True, "gradient_clip_norm": 0.1}
    return {
        "sgd": learn.DNNClassifier(optimizer="SGD", **deep),
        "adam": learn.DNNClassifier(optimizer="Adam", **deep),
        "held": learn.DNNClassifier(optimizer="Adam", **held, **deep),
        "linear": learn.LinearClassifier(optimizer="Ftrl", l1_regularization=1e-3, **how),
        "combined": learn.DNNLinearCombinedClassifier(
            dnn_hidden_units=(8,), enable_centered_bias=True, linear_optimizer="SGD",
            dnn_optimizer="Momentum", **how,
        ),
    }  # fmt: skip


def solved(learn, config):
    """Estimators that solve exactly, or whose steps are those of a support vector machine."""
    how = {"random_state": 0, "config": config}
    return {
        "normal equations": learn.LinearRegressor(**how),
        "newton": learn.LinearClassifier(**how),
        "svm": learn.SVM(C=0.1, **how),
        "hinges": learn.SVM(l1_regularization=0.1, loss="hinge", optimizer="SGD", steps=12, **how),
        "kernel": learn.SVM(kernel="rbf", n_components=30, optimizer="Adam", epochs=2, **how),
    }


def clusterings(learn, config):
    """K-means by passes and by mini-batches, of few rows."""
    how = {"num_clusters": 5, "random_state": 0, "config": config}
    far = np.append(data()[0][:3], [[50] * 6, [-50] * 6], axis=0)  # of which two lose all rows
    return {
        "emptied": learn.KMeansClustering(initial_clusters=far, **how),
        "directions": learn.KMeansClustering(distance_metric="cosine", **how),
        "mini-batches": learn.KMeansClustering(use_mini_batch=True, batch_size=50, epochs=4, **how),
        "lone rows": learn.KMeansClustering(use_mini_batch=True, batch_size=1, steps=300, **how),
    }


def clustered(learn, config, folder):
    """Return centres by name: of few rows, of several blocks of rows, and of a stream."""
    from tflearnkit.engines import kmeans

    X, _, weights = data()
    found = {}
    for name, estimator in clusterings(learn, config).items():
        found[f"{name}/centres"] = estimator.fit(X, sample_weight=weights).cluster_centers_
        found[f"{name}/losses"] = np.array(estimator.history_["loss"])
    rng = np.random.default_rng(1)
    blobs = rng.normal(size=(8, 3))[rng.integers(0, 8, 40_001)] + rng.normal(size=(40_001, 3)) / 3
    kmeans._XLA_WORK = 5e5  # of many rows, as of 100 times as many
    many = learn.KMeansClustering(8, model_dir=folder, random_state=0, config=config)
    many.fit(blobs, steps=3).fit(blobs)  # which goes on
    found |= {"blocks/centres": many.cluster_centers_, "blocks/inertia": np.array(many.inertia_)}
    found["blocks/losses"] = np.array(many.history_["loss"])

    words = np.array(["red", "green", "blue"], object)[rng.integers(0, 3, 205)]
    mixed = {"word": words, "number": X[:, 0]}
    how = {"mini_batch_steps_per_iteration": 5, "random_state": 0, "config": config}
    estimator = learn.KMeansClustering(4, **how)
    estimator.fit(({name: column[i : i + 30] for name, column in mixed.items()}
                   for i in range(0, 205, 30)), batch_size=20)  # fmt: skip
    found["stream/centres"] = estimator.cluster_centers_
    return found


def grown(learn, config, folder):
    """Return what forests say: of three blocks of trees, several outputs, stopped, and boosted."""
    X, y, weights = data()
    how = {"random_state": 0, "config": config}
    forest = learn.RandomForestClassifier(80, oob_score=True, **how).fit(X, y, weights)
    found = {
        "forest/probabilities": forest.predict_proba(X),
        "forest/out of bag": forest.oob_decision_function_,
        "forest/losses": np.array(forest.history_["loss"]),
    }
    several = learn.RandomForestRegressor(20, warm_start=True, **how).fit(X, X[:, :2] ** 2)
    several.set_params(n_estimators=70).fit(X, X[:, :2] ** 2)
    found["several outputs/numbers"] = several.predict(X)
    stopping = config.replace(model_dir=folder, save_checkpoints_steps=20)
    monitor = learn.monitors.ValidationMonitor(
        X[::2], 1 - y[::2], every_n_steps=7, early_stopping_rounds=28
    )
    stopped = learn.RandomForestClassifier(150, random_state=0, config=stopping)
    stopped.fit(X, y, weights, monitors=[monitor]).fit(X, y, weights, steps=70)
    kept = learn.checkpoint.checkpoints(folder)
    found |= {
        "stopped/probabilities": stopped.predict_proba(X),
        "stopped/steps": np.array([monitor.best_step, monitor.early_stopped, *kept]),
    }
    boosted = learn.BoostedTreesClassifier(n_trees=10, **how).fit(X, y, weights)
    found["boosting/probabilities"] = boosted.predict_proba(X)
    return found


def models(learn):
    """Model functions, and a Keras model."""
    import keras
    import tensorflow as tf

    def function(features, targets):
        hidden = learn.layers.batch_norm(learn.layers.fully_connected(features, 16), 0.9)
        hidden = learn.layers.dropout(learn.layers.fully_connected(hidden, 8), 0.8)
        logits = learn.layers.linear(hidden, 2)
        loss = learn.losses.sparse_softmax_cross_entropy(logits, targets)
        step = learn.layers.optimize_loss(loss, learning_rate=0.01, clip_gradients=0.1)
        return tf.nn.softmax(logits), loss, step

    def build():
        dense = keras.layers.Dense
        model = keras.Sequential([dense(16, "relu"), dense(2, "softmax")])
        model.compile(keras.optimizers.SGD(0.1, global_clipnorm=0.1), _LOSS)
        return model

    return {"function": function, "keras": build}


_LOSS = "sparse_categorical_crossentropy"


def main(kind, folder):
    if kind == "mirrored":
        two_local_devices()
    import tflearnkit as learn

    config = learn.RunConfig(distribute="mirrored" if kind == "mirrored" else None)
    X, y, weights = data()
    found = {}
    for name, estimator in fits(learn, config).items():
        estimator.fit(X, y, weights)
        found |= {f"{name}/{key}": array for key, array in estimator.model_.state.items()}
        found[f"{name}/losses"] = np.array(estimator.history_["loss"])

    for name, model in models(learn).items():
        how = {"random_state": 0, "batch_size": 45, "epochs": 4, "config": config}  # 23 and 22 rows
        estimator = learn.Estimator(model, **how).fit(X[:200], y[:200])
        state = estimator.model_.state
        found |= {f"{name}/{key}": state[key] for key in sorted(state)}
        found[f"{name}/losses"] = np.array(estimator.history_["loss"])
        found[f"{name}/probabilities"] = estimator.predict(X)

    for name, estimator in solved(learn, config).items():
        estimator.set_params(model_dir=os.path.join(folder, f"{name}_{kind}{config.task}"))
        estimator.fit(X, 3 * X[:, 1] + y if name == "normal equations" else y, weights)
        found |= {f"{name}/{key}": array for key, array in estimator.model_.state.items()}
    onward = learn.SVM(optimizer="SGD", random_state=0, config=config)
    for half in (slice(0, 101), slice(101, 205)):
        onward.partial_fit(X[half], y[half], sample_weight=weights[half])
    found |= {f"onward/{key}": array for key, array in onward.model_.state.items()}
    found |= clustered(learn, config, os.path.join(folder, f"clusters_{kind}"))
    if importlib.util.find_spec("ydf") is not None:
        found |= grown(learn, config, os.path.join(folder, f"forest_{kind}"))

    by_chance = learn.LinearClassifier(optimizer="SGD", config=config).fit(X, y, steps=5)
    found["by chance/coef"] = by_chance.coef_

    model_dir = os.path.join(folder, f"model_{kind}")
    monitor = learn.monitors.ValidationMonitor(
        X[::2], 1 - y[::2], every_n_steps=7, early_stopping_rounds=14, name="other"
    )
    resumed = fits(learn, config.replace(model_dir=model_dir, save_checkpoints_steps=4))["adam"]
    resumed.fit(X, y, weights, steps=10)
    resumed.fit(X, y, weights, max_steps=200, monitors=[monitor])
    found |= {f"resumed/{key}": array for key, array in resumed.model_.state.items()}
    found["resumed/best"] = np.array([monitor.best_step, monitor.early_stopped])
    np.savez(os.path.join(folder, f"{kind}{config.task}.npz"), **found)


if __name__ == "__main__":
    main(*sys.argv[1:])
