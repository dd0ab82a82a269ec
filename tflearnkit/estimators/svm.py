"""SVM: support vector machines on any table, linear or by a kernel."""

from __future__ import annotations

import copy
from numbers import Integral, Real
from typing import ClassVar

from sklearn.utils._param_validation import Interval, StrOptions

from tflearnkit.columns import check_feature_columns
from tflearnkit.engines import hinge
from tflearnkit.engines.gradient import Penalties
from tflearnkit.estimators.additive import AdditiveEstimator
from tflearnkit.estimators.blueprint import WidePart
from tflearnkit.estimators.classifier import LabelFace
from tflearnkit.estimators.kernel_model import kernelised, solve_kernelised, with_landmarks
from tflearnkit.estimators.linear import asks_for_steps, raw_coefficients, solve_exactly
from tflearnkit.estimators.model import FittedModel
from tflearnkit.tasks import HingeTask

__all__ = ["SVM"]

STREAM_ROWS = 10_000  # that penalties are shared out over where nobody knows how many come


class SVM(LabelFace, AdditiveEstimator):
    """A support vector machine: a linear model, or one of a kernel, with the widest margin.

    Choose it where the label matters and no probability is asked for, and with a kernel where rows
    of numbers are some thousands to some hundred thousands and columns alone do not tell classes
    apart. `LinearClassifier` gives probabilities; from this model's scores scikit-learn's
    ``CalibratedClassifierCV`` makes some. More than two classes are told apart one against the
    rest, as in ``LinearSVC``.

    It minimises, over all weights and the intercept, which is the weight of a feature that is
    always 1 and is penalised as the others are::

        sum_i s_i loss(y_i, z_i) + l1 sum |w| + l2 / 2 sum w^2,    l2 = 1 / C

    where ``s_i`` are sample weights. TF.Learn's ``l1_regularization`` and ``l2_regularization``
    meant this, and scikit-learn's ``LinearSVC(C=C)`` is the same times ``C``. Give ``C`` or
    ``l2_regularization``, not both; without either ``C`` is 1.

    In memory the optimum is solved for: squared hinges by Newton's method, plain ones and L1
    penalties by an interior point method; over many categories plain ones by liblinear, squared
    ones under an L1 penalty by accelerated proximal gradients. Streams, ``partial_fit``, named
    optimizers, monitors and any of ``steps``, ``epochs``, ``max_steps`` train by mini-batches, and
    so do plain hinges under an L1 penalty over thousands of columns. Where it is not
    known how many rows will come (streams, ``partial_fit``) the penalties are shared out over
    10,000.

    Parameters
    ----------
    feature_columns : list of columns, optional
        What each raw feature means. None infers it: numbers are standardised, so that the penalty
        treats them alike, strings and categories become vocabularies, missing values are marked.
        Real-valued columns take numbers as they are, as ``LinearSVC`` does.
    example_id_column : str, optional
        A column of ``X`` that names the rows, as TF.Learn needed. It is checked in ``fit``, where
        it must hold a different value in each row, and is no feature.
    weight_column_name : str, optional
        A column of ``X`` that holds the weight of each row.
    model_dir : path, optional
        Folder of checkpoints and TensorBoard files. With it ``fit`` resumes.
    l1_regularization : float >= 0, default=0
        Strength of ``sum |w|``; weights that it holds at zero are exactly zero.
    l2_regularization : float >= 0, optional
        Strength of ``sum w^2 / 2``, in place of ``1 / C``. TF.Learn took less than 1 for 1.
    kernel : "linear", "rbf" or function, default="linear"
        What tells how much two rows have in common. "rbf" is ``exp(-gamma |x - y|^2)``; a
        function ``kernel(X, Y)`` of NumPy arrays, such as those of ``sklearn.metrics.pairwise``,
        returns an array of shape (rows of X, rows of Y) and is positive semi-definite. One of
        TensorFlow's operations, which take arrays too, can be exported. Kernels are
        approximated by their likeness to ``n_components`` rows (Nystroem's method): on 20,000 rows
        of 20 numbers within about a point of the accuracy of scikit-learn's ``SVC``, in a fraction
        of its time.
    gamma : "scale", "auto" or float > 0, default="scale"
        Of "rbf": 1 over the number of features, "scale" also over their variance.
    loss : "squared_hinge" or "hinge", default="squared_hinge"
        What a row costs that lacks ``m = max(0, 1 - y z)`` to the margin: ``m^2``, or ``m``, as in
        TF.Learn. Squared hinges are several times as fast.
    C : float > 0, default=1
        Strength of the losses beside the penalties; ``1 / l2_regularization``.
    num_loss_partitions : int >= 1, default=1
        Accepted for TF.Learn's sake: it belonged to its solver.
    config : RunConfig, optional
        How often to save and report, and which devices or workers share mini-batches. The optimum
        each worker solves for by itself, from all rows.
    n_components : int >= 1, default=1000
        Rows that a kernel compares with, fewer where there are not so many. Time grows with the
        square, memory (4 bytes each for each row) in proportion.
    n_classes : int >= 2, optional
        None learns the classes from ``y`` (2 where ``y`` is streamed).
    class_weight : dict or "balanced", optional
        Weights of the classes; "balanced" gives each the same total.
    optimizer : str, Keras optimizer, Keras schedule or function, optional
        None solves exactly where it can, and is Adam elsewhere.
    learning_rate : float > 0 or Keras schedule, optional
        Rate of an optimizer given by name; None is the name's own.
    steps, epochs, batch_size : int > 0, optional
        How long and in what batches to train by mini-batches.
    early_stopping, validation_fraction, n_iter_no_change, random_state, verbose
        As in `DNNClassifier`. ``random_state`` also decides which rows a kernel compares with.

    Attributes
    ----------
    coef_ : array of shape (1 or n_classes, features)
        Of linear models: weights in the unit of the raw features, in `LinearClassifier`'s order.
    intercept_ : array of shape (1 or n_classes,)
        Of linear models.
    classes_ : array
        The labels, sorted.
    history_ : dict of lists
        Losses by step, where mini-batches were used.
    n_features_in_ : int
    feature_names_in_ : array of str
        Where ``X`` had names.

    Notes
    -----
    ``evaluate`` reports the mean loss (of more than two classes the sum over them) and the
    accuracy, of two classes also areas under the curves, precision and recall.

    References
    ----------
    Keerthi and DeCoste (2005), "A modified finite Newton method for fast solution of large scale
    linear SVMs". Ferris and Munson (2002), "Interior-point methods for massive support vector
    machines". Williams and Seeger (2001), "Using the Nystroem method to speed up kernel machines".

    Examples
    --------
    >>> from sklearn.datasets import load_breast_cancer, make_moons
    >>> import tflearnkit as learn
    >>> X, y = load_breast_cancer(return_X_y=True)
    >>> clf = learn.SVM(C=0.1).fit(X, y)
    >>> clf.coef_.shape, clf.score(X, y) > 0.98
    ((1, 30), True)
    >>> X, y = make_moons(400, noise=0.1, random_state=0)
    >>> moons = learn.SVM(kernel="rbf", C=10, random_state=0).fit(X, y)
    >>> moons.score(X, y) > 0.99
    True
    """

    gradient_clip_norm = None
    enable_centered_bias = False
    _constraints: ClassVar[dict] = {
        "kernel": [StrOptions({"linear", "rbf"}), callable],
        "loss": [StrOptions({"hinge", "squared_hinge"})],
        "C": [Interval(Real, 0, None, closed="neither")],
        "gamma": [StrOptions({"scale", "auto"}), Interval(Real, 0, None, closed="neither")],
        "n_components": [Interval(Integral, 1, None, closed="left")],
        "num_loss_partitions": [Interval(Integral, 1, None, closed="left")],
        "example_id_column": [str, None],
    }

    def __init__(
        self,
        feature_columns=None,
        example_id_column=None,
        weight_column_name=None,
        model_dir=None,
        l1_regularization=0.0,
        l2_regularization=None,
        kernel="linear",
        gamma="scale",
        loss="squared_hinge",
        C=1.0,
        num_loss_partitions=1,
        config=None,
        *,
        n_components=1000,
        n_classes=None,
        class_weight=None,
        optimizer=None,
        learning_rate=None,
        steps=None,
        epochs=None,
        batch_size=None,
        early_stopping=False,
        validation_fraction=0.1,
        n_iter_no_change=10,
        random_state=None,
        verbose=0,
    ):
        self.feature_columns = feature_columns
        self.example_id_column = example_id_column
        self.weight_column_name = weight_column_name
        self.model_dir = model_dir
        self.l1_regularization = l1_regularization
        self.l2_regularization = l2_regularization
        self.kernel = kernel
        self.gamma = gamma
        self.loss = loss
        self.C = C
        self.num_loss_partitions = num_loss_partitions
        self.config = config
        self.n_components = n_components
        self.n_classes = n_classes
        self.class_weight = class_weight
        self.optimizer = optimizer
        self.learning_rate = learning_rate
        self.steps = steps
        self.epochs = epochs
        self.batch_size = batch_size
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.n_iter_no_change = n_iter_no_change
        self.random_state = random_state
        self.verbose = verbose

    def _sides(self):
        columns = self.feature_columns
        columns = None if columns is None else check_feature_columns(columns)
        return WidePart(columns, self.optimizer, penalised_bias=True), None

    def _is_linear(self) -> bool:
        return isinstance(self.kernel, str) and self.kernel == "linear"

    def _infer_task(self, y, weights, classes, streaming):
        task = super()._infer_task(y, weights, classes, streaming)
        if task.kind == "multilabel":
            raise ValueError(
                f"y must hold one label per row. Got {task.n_labels} columns of indicators: wrap "
                "the SVM in sklearn.multiclass.OneVsRestClassifier, or use LinearClassifier."
            )
        return HingeTask(task.classes, task.dtype, self.loss == "squared_hinge")

    def _assemble(self, inferred, task, seed, table=None, weights=None) -> FittedModel:
        model = super()._assemble(inferred, task, seed, table, weights)
        if self._is_linear():
            return model
        if table is None:
            return kernelised(model, self.kernel, self.n_components)
        model = kernelised(model, self.kernel, min(self.n_components, table.n_rows))
        return with_landmarks(model, table, self.gamma)

    def _revived(self, found) -> FittedModel:
        """Return the model of a checkpoint, which may compare with fewer rows than asked for."""
        landmarks = found.arrays.get("kernel/landmarks")
        if landmarks is None:
            return super()._revived(found)
        like_found = copy.copy(self)
        like_found.n_components = len(landmarks)
        return super(SVM, like_found)._revived(found)

    def _solve(self, model: FittedModel, source, asked) -> FittedModel | None:
        l1, l2 = self._strengths()
        if asks_for_steps(self, source, asked):
            return None

        def solver(dense, ids, id_weights, n_ids, targets, weights):
            signs = model.task.signs(targets)
            squared = model.task.squared
            return hinge.solve(dense, ids, id_weights, n_ids, signs, weights, squared, l1, l2)

        solve = solve_exactly if self._is_linear() else solve_kernelised
        return solve(model, source.sample, solver)

    def _penalties(self, weights) -> Penalties:
        total = STREAM_ROWS if weights is None else float(weights.sum())
        l1, l2 = self._strengths()
        return Penalties(l1 / total, l2 / total)

    def _strengths(self) -> tuple[float, float]:
        """Return the strengths of the L1 and the L2 penalty beside the sum of the losses."""
        if self.l2_regularization is None:
            return self.l1_regularization, 1 / self.C
        if self.C != 1:
            raise ValueError(
                "l2_regularization and C say the same, l2_regularization = 1 / C. Got "
                f"{self.l2_regularization} and {self.C}: pass one of them."
            )
        return self.l1_regularization, self.l2_regularization

    def _fitted_attributes(self, model: FittedModel) -> dict:
        found = super()._fitted_attributes(model)
        if not self._is_linear():
            return found
        coef, intercept = raw_coefficients(model)
        return found | {"coef_": coef, "intercept_": intercept}
