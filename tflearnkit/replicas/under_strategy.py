"""What replicas share that a strategy of TensorFlow runs."""

from __future__ import annotations

from tflearnkit.replicas.alone import Alone

__all__ = ["UnderStrategy", "replica_context"]


class UnderStrategy(Alone):
    """Replicas whose variables a strategy of TensorFlow makes.

    Parameters
    ----------
    strategy : tf.distribute.Strategy
    """

    def __init__(self, strategy):
        self.strategy, self.key = strategy, id(strategy)

    def scope(self):
        return self.strategy.scope()

    def make(self, make):
        def make_in_scope():
            with self.scope():  # which the way out of the graph has left
                make()

        alone = super().make
        if replica_context() is None:
            alone(make)
        else:  # once all replicas are there, which have asked for the same
            replica_context().merge_call(lambda strategy: alone(make_in_scope))

    def adopt(self, optimizer) -> None:
        # Keras would add up what was added up already.
        optimizer._all_reduce_sum_gradients = lambda pairs: pairs


def replica_context():
    """Return the context of the running replica; None where there is none."""
    import tensorflow as tf

    return tf.distribute.get_replica_context()
