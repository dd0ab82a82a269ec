"""Monitors watch a training, and may stop it: three that come along, and one written here."""

import argparse

from sklearn.datasets import load_iris
from sklearn.model_selection import train_test_split

import tflearnkit as learn


class StopBelow(learn.monitors.EveryN):
    """Stop as soon as the training loss is below a value; it looks every 10 steps."""

    def __init__(self, loss):
        super().__init__(every_n_steps=10)
        self.loss = loss

    def every_n_step_begin(self, step):
        return ["loss"]

    def every_n_step_end(self, step, outputs):
        return bool(outputs["loss"] < self.loss)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--small", action="store_true", help="at most 100 steps")
    max_steps = 100 if parser.parse_args().small else 1000

    X, y = load_iris(return_X_y=True)
    X_train, X_val, y_train, y_val = train_test_split(X, y, stratify=y, random_state=0)

    validation = learn.monitors.ValidationMonitor(
        X_val, y_val, every_n_steps=20, early_stopping_rounds=200
    )
    bias = learn.monitors.CaptureVariable("dnn/logits/biases", every_n=50)
    network = learn.DNNClassifier(hidden_units=[10, 20, 10], batch_size=32, random_state=0)
    network.fit(
        X_train, y_train, steps=max_steps, monitors=[validation, bias, StopBelow(loss=0.05)]
    )

    print(f"trained to step {network.history_['step'][-1]}")
    print(f"best validation loss {validation.best_value:.4f} at step {validation.best_step}")
    for step, value in bias.values.items():
        print(f"bias of the output at step {step}: {value.round(3)}")
    print(f"validation accuracy {network.score(X_val, y_val):.3f}")


if __name__ == "__main__":
    main()
