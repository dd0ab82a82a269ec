"""What test_replicas trains, as a program: on one device, two local ones, or two workers.

``python replicas_job.py {alone,mirrored,workers} FOLDER``
"""

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
        how = {"random_state": 0, "batch_size": 50, "epochs": 4, "config": config}
        estimator = learn.Estimator(model, **how).fit(X[:200], y[:200])
        state = estimator.model_.state
        found |= {f"{name}/{key}": state[key] for key in sorted(state)}
        found[f"{name}/losses"] = np.array(estimator.history_["loss"])
        found[f"{name}/probabilities"] = estimator.predict(X)

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
