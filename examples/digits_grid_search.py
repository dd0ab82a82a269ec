"""Grid search over a network for handwritten digits: an estimator like any of scikit-learn's."""

import argparse
import time

from sklearn.datasets import load_digits
from sklearn.model_selection import GridSearchCV, train_test_split

import tflearnkit as learn


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--small", action="store_true", help="fewer rows and candidates")
    small = parser.parse_args().small

    X, y = load_digits(return_X_y=True)
    X_train, X_test, y_train, y_test = train_test_split(
        X, y, train_size=400 if small else None, stratify=y, random_state=0
    )
    grid = {
        "hidden_units": [(32,), (64,)] if small else [(64,), (100,), (128, 64)],
        "learning_rate": [0.003] if small else [0.001, 0.003],
        "dropout": [None, 0.2],
    }
    network = learn.DNNClassifier(epochs=20, batch_size=32, random_state=0)

    # Candidates of one shape share one compiled program, whatever their learning rate.
    begin = time.perf_counter()
    search = GridSearchCV(network, grid, cv=3).fit(X_train, y_train)
    seconds = time.perf_counter() - begin

    for parameters, score in zip(
        search.cv_results_["params"], search.cv_results_["mean_test_score"], strict=True
    ):
        print(f"{score:.4f}  {parameters}")
    n_fits = 3 * len(search.cv_results_["params"]) + 1
    print(f"{n_fits} fits in {seconds:.1f} s; test accuracy {search.score(X_test, y_test):.4f}")


if __name__ == "__main__":
    main()
