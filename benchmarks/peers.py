"""The peers, written as their own documentation would write them; all train on scaled data.

Each ``fit_*`` trains a classifier of two or more classes with Adam at 0.001 for a number of
epochs, builds its model anew, and returns a function from rows to probabilities.
"""

from __future__ import annotations

import numpy as np
from sklearn.neural_network import MLPClassifier

try:
    import torch
except ImportError:  # an optional peer: `pip install tflearnkit[benchmarks]`
    torch = None
else:
    torch.set_num_threads(2)


def mlp(hidden, batch_size, epochs):
    """Return scikit-learn's network, set to run exactly ``epochs`` epochs."""
    return MLPClassifier(
        hidden,
        batch_size=batch_size,
        max_iter=epochs,
        n_iter_no_change=epochs + 1,
        tol=0.0,
        alpha=0.0,
        random_state=0,
    )


def fit_mlp(X, y, hidden, batch_size, epochs):
    """Fit scikit-learn's network."""
    return mlp(hidden, batch_size, epochs).fit(X, y).predict_proba


def fit_keras(X, y, hidden, batch_size, epochs):
    """Fit a Keras model with ``compile`` and ``fit``."""
    import keras

    keras.utils.set_random_seed(0)
    n_classes = len(np.unique(y))
    layers = [keras.layers.Dense(units, activation="relu") for units in hidden]
    model = keras.Sequential([*layers, keras.layers.Dense(n_classes, activation="softmax")])
    model.compile("adam", "sparse_categorical_crossentropy")
    model.fit(X, y, batch_size=batch_size, epochs=epochs, verbose=0)
    return lambda rows: model.predict(rows, batch_size=8192, verbose=0)


def fit_torch(X, y, hidden, batch_size, epochs):
    """Fit a PyTorch model with the plain loop over slices of shuffled tensors."""
    torch.manual_seed(0)
    binary = y.max() == 1  # one output then, as scikit-learn's network and ours have
    model = _torch_network([X.shape[1], *hidden, 1 if binary else int(y.max()) + 1])
    optimizer = torch.optim.Adam(model.parameters(), lr=0.001)
    loss_of = torch.nn.BCEWithLogitsLoss() if binary else torch.nn.CrossEntropyLoss()
    rows = torch.as_tensor(X, dtype=torch.float32)
    labels = torch.as_tensor(y[:, None], dtype=torch.float32) if binary else torch.as_tensor(y)
    for _ in range(epochs):
        order = torch.randperm(len(rows))
        for start in range(0, len(rows), batch_size):
            batch = order[start : start + batch_size]
            optimizer.zero_grad()
            loss_of(model(rows[batch]), labels[batch]).backward()
            optimizer.step()
    return lambda new: _torch_probabilities(model, new)


def _torch_network(widths):
    layers = [torch.nn.Linear(*pair) for pair in zip(widths, widths[1:], strict=False)]
    between = [part for layer in layers[:-1] for part in (layer, torch.nn.ReLU())]
    return torch.nn.Sequential(*between, layers[-1])


def _torch_probabilities(model, X):
    with torch.no_grad():
        scores = model(torch.as_tensor(X, dtype=torch.float32))
    if scores.shape[1] == 1:
        positive = torch.sigmoid(scores)
        return torch.cat([1 - positive, positive], 1).numpy()
    return torch.softmax(scores, 1).numpy()
