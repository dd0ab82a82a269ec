"""Random forests under scikit-learn's parameter names."""

from __future__ import annotations

from tflearnkit.estimators.bagged import BaggedForest
from tflearnkit.estimators.classifier import ClassifierFace
from tflearnkit.estimators.regressor import RegressorFace

__all__ = ["RandomForestClassifier", "RandomForestRegressor"]


class RandomForestClassifier(ClassifierFace, BaggedForest):
    """A random forest that classifies: the mean of trees grown on rows and features at random.

    The estimator for tables of mixed columns when there is no time to tune: strings, categories
    and missing values go in as they are, scales do not matter, and more trees never hurt.
    `BoostedTreesClassifier` is usually somewhat better and its trees are far fewer nodes, but it
    can overfit; networks and linear models extrapolate, trees do not. Growing takes Yggdrasil
    (``pip install 'tflearnkit[forest]'``); fitted models predict without it.

    Parameters
    ----------
    n_estimators : int >= 1, default=100
        Trees in all. For several labels per row, trees for each label.
    max_depth : int >= 1 or None, default=16
        Steps from a root to the deepest leaf; None does not limit it.
    min_samples_leaf : int >= 1 or float in (0, 1), default=2
        Rows in a leaf, or their share of all, at the least. Rows count, whatever they weigh.
    max_features : {"sqrt", "log2"}, int, float in (0, 1] or None, default="sqrt"
        How many features are looked at for each split, or their share of all; None looks at all.
        At least two are, if there are two.
    max_leaf_nodes : int >= 2, optional
        Where given, trees grow best first up to so many leaves.
    bootstrap : bool, default=True
        Whether each tree sees rows drawn with replacement, or all.
    oob_score : bool or callable, default=False
        Whether to score rows by the trees that have not seen them; ``f(y, predicted)`` instead of
        the accuracy.
    n_jobs : int, optional
        Threads that grow trees; None and -1 take all processors. The trees are the same whatever
        it is.
    random_state : int, RandomState or None, optional
        Decides rows and features at random.
    verbose : int, default=0
        1 shows a progress bar.
    warm_start : bool, default=False
        Whether ``fit`` keeps the trees there are and adds those missing to ``n_estimators``.
    class_weight : dict or "balanced", optional
        Weights of the classes; "balanced" gives each the same total.
    max_samples : int >= 1 or float in (0, 1], optional
        Rows drawn for each tree, or their share of all; None draws as many as there are.
    max_bins : int from 2 to 255, optional
        Puts numbers into so many bins of equal counts before: trees of many rows grow in half the
        time and hardly worse. None splits anywhere.
    prior_weight : float >= 0, default=0.1
        As how many trees the shares of the classes among all rows count in the mean; 0 gives the
        mean of the trees alone. See the notes.
    feature_columns : list of columns, optional
        What each raw feature means. None infers it: numbers (NaN goes where the mean would),
        strings, categories and booleans, lists of these.
    n_classes : int >= 2, optional
        None learns the classes from ``y``.
    weight_column_name : str, optional
        A column of ``X`` that holds the weight of each row.
    model_dir : path, optional
        Folder of checkpoints and TensorBoard files. With it ``fit`` resumes.
    config : RunConfig, optional
        How often to save and report, and which workers share the growth: each grows 32 trees at a
        time, and all have all rows and become the same forest.

    Attributes
    ----------
    classes_ : array
        The labels, sorted.
    feature_importances_ : array of shape (n_features_in_,)
        How much each feature's splits gained.
    oob_score_ : float
        With ``oob_score``.
    oob_decision_function_ : array of shape (n, n_classes)
        With ``oob_score``: probabilities by the trees that have not seen a row (one that counts).
    history_ : dict of lists
        The out-of-bag loss by tree, where somebody looked: with monitors, ``oob_score``,
        ``verbose`` or ``model_dir``.
    n_features_in_ : int
    feature_names_in_ : array of str
        Where ``X`` had names.

    Notes
    -----
    A step, the unit of monitors and of ``global_step``, is a tree (for each label). ``fit(steps=)``
    stops earlier than ``n_estimators``; ``partial_fit`` adds ``steps``, or ``n_estimators``, more
    trees grown on further rows. ``LossMonitor`` looks at the out-of-bag loss. All rows are held in
    memory, those of streams too; sparse matrices become dense.

    Probabilities are the means of the shares that classes have in leaves, not votes. One tree more,
    a root without a split that gives every row the shares of the classes in training (weighted as
    the rows are), joins this mean with the weight ``prior_weight``: of T trees the probability is
    ``(prior_weight * share + sum over trees) / (prior_weight + T)``. Read it as what is left of
    doubt where all trees agree: of 100 trees it makes a thousandth of the probability, so that a
    class which a quarter of the rows have gets 0.00025 where no tree gives it any, instead of 0,
    whose log loss is infinite. Otherwise probabilities and the order of rows hardly move. On folds
    of the Adult census's training rows the log loss fell from 0.306 to 0.299. scikit-learn's
    forests average the trees alone, which is ``prior_weight=0``.

    ``decision_function`` gives log-odds. Splits lessen the Gini impurity where there are two
    classes (or several labels), the entropy where there are more. Numbers are compared in float32.
    Of more than 64 categories, those of fewer than 5 rows and all beyond 2000 are one.

    References
    ----------
    Breiman (2001), "Random forests". Guillame-Bert et al. (2023), "Yggdrasil Decision Forests: a
    fast and extensible decision forests library".

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> import tflearnkit as learn
    >>> X, y = load_iris(return_X_y=True, as_frame=True)
    >>> clf = learn.RandomForestClassifier(20, oob_score=True, random_state=0).fit(X, y)
    >>> clf.oob_score_ > 0.9
    True
    >>> bool(clf.feature_importances_.argmax() >= 2)  # the petals
    True
    """

    def __init__(
        self,
        n_estimators=100,
        *,
        max_depth=16,
        min_samples_leaf=2,
        max_features="sqrt",
        max_leaf_nodes=None,
        bootstrap=True,
        oob_score=False,
        n_jobs=None,
        random_state=None,
        verbose=0,
        warm_start=False,
        class_weight=None,
        max_samples=None,
        max_bins=None,
        prior_weight=0.1,
        feature_columns=None,
        n_classes=None,
        weight_column_name=None,
        model_dir=None,
        config=None,
    ):
        self.n_estimators = n_estimators
        self.max_depth = max_depth
        self.min_samples_leaf = min_samples_leaf
        self.max_features = max_features
        self.max_leaf_nodes = max_leaf_nodes
        self.bootstrap = bootstrap
        self.oob_score = oob_score
        self.n_jobs = n_jobs
        self.random_state = random_state
        self.verbose = verbose
        self.warm_start = warm_start
        self.class_weight = class_weight
        self.max_samples = max_samples
        self.max_bins = max_bins
        self.prior_weight = prior_weight
        self.feature_columns = feature_columns
        self.n_classes = n_classes
        self.weight_column_name = weight_column_name
        self.model_dir = model_dir
        self.config = config


class RandomForestRegressor(RegressorFace, BaggedForest):
    """A random forest that predicts one number or several: the mean of trees grown at random.

    As `RandomForestClassifier`, for numbers. Several outputs have a forest each. It does not
    predict beyond the targets it has seen.

    Parameters
    ----------
    n_estimators, max_depth, min_samples_leaf, max_leaf_nodes, bootstrap, n_jobs, random_state, \
verbose, warm_start, max_samples, max_bins, feature_columns, weight_column_name, model_dir, config
        As in `RandomForestClassifier`.
    max_features : {"sqrt", "log2"}, int, float in (0, 1] or None, default=1/3
        How many features are looked at for each split, or their share of all; None looks at all.
        At least two are, if there are two.
    oob_score : bool or callable, default=False
        Whether to score rows by the trees that have not seen them; ``f(y, predicted)`` instead of
        R squared.

    Attributes
    ----------
    feature_importances_ : array of shape (n_features_in_,)
        How much each feature's splits gained.
    oob_score_ : float
        With ``oob_score``.
    oob_prediction_ : array of shape (n,) or (n, n_outputs)
        With ``oob_score``: predictions by the trees that have not seen a row (one that counts).
    history_ : dict of lists
        As in `RandomForestClassifier`.
    n_features_in_ : int
    feature_names_in_ : array of str
        Where ``X`` had names.

    Notes
    -----
    Targets are standardised while trees grow, so that float32 does not lose their digits.

    References
    ----------
    Breiman (2001), "Random forests".

    Examples
    --------
    >>> from sklearn.datasets import load_diabetes
    >>> import tflearnkit as learn
    >>> X, y = load_diabetes(return_X_y=True)
    >>> reg = learn.RandomForestRegressor(50, oob_score=True, random_state=0).fit(X, y)
    >>> reg.oob_score_ > 0.35
    True
    """

    def __init__(
        self,
        n_estimators=100,
        *,
        max_depth=16,
        min_samples_leaf=2,
        max_features=1 / 3,
        max_leaf_nodes=None,
        bootstrap=True,
        oob_score=False,
        n_jobs=None,
        random_state=None,
        verbose=0,
        warm_start=False,
        max_samples=None,
        max_bins=None,
        feature_columns=None,
        weight_column_name=None,
        model_dir=None,
        config=None,
    ):
        self.n_estimators = n_estimators
        self.max_depth = max_depth
        self.min_samples_leaf = min_samples_leaf
        self.max_features = max_features
        self.max_leaf_nodes = max_leaf_nodes
        self.bootstrap = bootstrap
        self.oob_score = oob_score
        self.n_jobs = n_jobs
        self.random_state = random_state
        self.verbose = verbose
        self.warm_start = warm_start
        self.max_samples = max_samples
        self.max_bins = max_bins
        self.feature_columns = feature_columns
        self.weight_column_name = weight_column_name
        self.model_dir = model_dir
        self.config = config
