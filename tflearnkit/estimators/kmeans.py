"""KMeansClustering: k-means on any table, in memory or streamed."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from typing import ClassVar

import numpy as np
from sklearn.base import ClassNamePrefixFeaturesOutMixin, TransformerMixin

from tflearnkit.columns import ColumnSet, check_feature_columns
from tflearnkit.engines.kmeans_start import KMEANS_PLUS_PLUS, RANDOM, begin
from tflearnkit.errors import CheckpointError, ConvergenceWarning
from tflearnkit.estimators import manifest, persistence, training
from tflearnkit.estimators.base import BaseEstimator
from tflearnkit.estimators.clusterer import ClustererFace
from tflearnkit.estimators.kmeans_model import FittedClusters
from tflearnkit.estimators.kmeans_options import (
    CONSTRAINTS,
    COSINE,
    EUCLIDEAN,
    draw,
    rules_of,
    start_of,
)
from tflearnkit.estimators.kmeans_space import Space, check_columns, inferred_columns
from tflearnkit.estimators.kmeans_trainee import KMeansTrainee, Prepared
from tflearnkit.tasks.clustering import CLUSTER_IDX, SCORES

__all__ = ["KMeansClustering"]


class KMeansClustering(
    ClassNamePrefixFeaturesOutMixin, TransformerMixin, ClustererFace, BaseEstimator
):
    """K-means: groups rows around centres, of which each row is with the nearest.

    Choose it to find groups of similar size and extent, to sum up many rows by few, or to turn rows
    into distances to typical ones. It does not choose the number of clusters, and finds neither
    long nor nested shapes. Lloyd's algorithm runs over rows in memory; streams, ``partial_fit`` and
    ``use_mini_batch=True`` learn from mini-batches, in bounded memory.

    Where all features are numbers they count as they are, as in scikit-learn: scale them if their
    units differ. Beside strings, categories or booleans, each of whose values becomes a coordinate
    of 0 or 1, numbers are standardised. A missing number counts as the column's mean.

    Parameters
    ----------
    num_clusters : int >= 1, default=8
    model_dir : path, optional
        Folder of checkpoints and TensorBoard files. With it ``fit`` resumes.
    initial_clusters : str, array of shape (num_clusters, width) or function, default=\
KMEANS_PLUS_PLUS_INIT
        Where centres begin: ``KMEANS_PLUS_PLUS_INIT`` draws rows that lie far from each other,
        ``RANDOM_INIT`` any rows. An array gives the centres, in the space of ``cluster_centers_``.
        A function ``f(rows, num_clusters)``, which may take ``random_state`` too, returns such an
        array. Of more than 40,000 rows (200 a cluster) a sample is drawn for the start, which is
        then the k-means of the sample; of a stream the first 10,000 rows are looked at.
    distance_metric : str, default=SQUARED_EUCLIDEAN_DISTANCE
        ``COSINE_DISTANCE`` (1 - cosine) knows directions only: rows and centres get unit length.
        Missing numbers count as 0 then.
    random_seed : int, optional
        TF.Learn's word for ``random_state``; pass one of them.
    use_mini_batch : bool, default=False
        Whether rows in memory are learned from in mini-batches too: faster on a million rows, and
        little worse.
    mini_batch_steps_per_iteration : int >= 1, default=1
        After how many mini-batches the centres move. 1 moves each centre at once, to the mean of
        all rows that it was ever nearest to. With more, to the mean of the rows of those batches:
        with the batches of an epoch this is Lloyd's algorithm over a stream that repeats.
    kmeans_plus_plus_num_retries : int >= 0, optional
        How many more rows k-means++ draws for each centre, to take the best. None goes by the
        logarithm of ``num_clusters``.
    relative_tolerance : float >= 0, optional
        Stop when a pass lowers the loss by no more than this fraction of it (of mini-batches: an
        epoch, or 100 steps of a stream). None means 1e-5 (1e-3 of mini-batches) where nothing else
        says how long to train, and never where something does.
    config : RunConfig, optional
        How often to save and report, and on which devices or workers, which share the work of each
        pass and mini-batch. Each worker has all rows in memory, but for those of a stream.
    n_init : int >= 1 or "auto", default="auto"
        How many starts are followed through, on the sample if there is one, to go on with the best.
        "auto" means 10 for ``RANDOM_INIT``, else 1.
    feature_columns : list of columns, optional
        What each raw feature means: numbers, or ids, each of which is a coordinate that says how
        often it is there. Numbers come as their columns give them.
    weight_column_name : str, optional
        A column of ``X`` that holds the weight of each row.
    steps, epochs : int > 0, optional
        How long to train: in passes or mini-batches, and in passes over the rows, scikit-learn's
        ``max_iter``. None trains until the loss stays, at most 300 passes (100 of mini-batches).
    batch_size : int > 0, optional
        Rows of a mini-batch. None takes the batches of a stream as they come, and 1024 rows (16 a
        cluster) in memory.
    random_state : int, RandomState or None, default=None
        What all draws come from: the same int, the same clusters, to the last bit.
    verbose : int, default=0
        Whether to show progress.

    Attributes
    ----------
    cluster_centers_ : float64 array of shape (num_clusters, width)
        In the space of ``X`` where that is numbers. Else columns stand in the order of ``X`` (of
        ``feature_columns``): a number by its mean, in its own unit; categories by the share of each
        of their values, sorted, with one more for values not seen in training and one for missing
        ones if there were any. Directions under ``COSINE_DISTANCE``.
    labels_ : int32 array of shape (n,)
        The cluster of each row in memory.
    inertia_ : float
        The sum of the rows' losses, each times its weight: squared distances, or 1 - cosine.
    n_iter_ : int
        Passes made, or mini-batches seen.
    history_ : dict of lists
        Mean losses by step.
    n_features_in_ : int
    feature_names_in_ : array of str
        Where ``X`` had names.

    Raises
    ------
    ValueError
        By ``fit``, if there are fewer rows than clusters.

    Warns
    -----
    ConvergenceWarning
        If fewer clusters were found than asked for, as where rows are repeated.

    Notes
    -----
    A cluster that has lost all its rows begins anew at the row that costs most. Distances are
    computed in float32 about the mean of ``X``, labels and ``inertia_`` in float64, and all of it
    in float64 where clusters are a hundred times smaller than the distances between them.

    On one device without a GPU a pass of Lloyd's algorithm looks only at rows whose nearest centre
    may have changed, by Hamerly's bounds; the clusters are the same. The first passes look at all
    rows, later ones at few where clusters are distinct, and at about half where they are not.

    What TF.Learn's users will notice: ``score`` is minus the inertia, ``transform`` gives
    distances, not their squares, and Lloyd's algorithm is the default. Metrics of ``evaluate`` may
    ask for the keys ``CLUSTER_IDX`` and ``SCORES``.

    References
    ----------
    Lloyd (1982), "Least squares quantization in PCM". Arthur and Vassilvitskii (2007), "k-means++:
    the advantages of careful seeding". Hamerly (2010), "Making k-means even faster". Sculley
    (2010), "Web-scale k-means clustering".

    Examples
    --------
    >>> import tflearnkit as learn
    >>> from sklearn.datasets import load_iris
    >>> X = load_iris().data
    >>> kmeans = learn.KMeansClustering(num_clusters=3, random_state=0).fit(X)
    >>> kmeans.cluster_centers_.shape, round(kmeans.inertia_, 1)
    ((3, 4), 78.9)
    >>> kmeans.transform(X[:2]).argmin(axis=1) == kmeans.predict(X[:2])
    array([ True,  True])
    """

    RANDOM_INIT: ClassVar[str] = RANDOM
    KMEANS_PLUS_PLUS_INIT: ClassVar[str] = KMEANS_PLUS_PLUS
    SQUARED_EUCLIDEAN_DISTANCE: ClassVar[str] = EUCLIDEAN
    COSINE_DISTANCE: ClassVar[str] = COSINE
    SCORES: ClassVar[str] = SCORES
    CLUSTER_IDX: ClassVar[str] = CLUSTER_IDX
    CLUSTERS: ClassVar[str] = "clusters"

    _needs_targets = False
    _constraints: ClassVar[dict] = CONSTRAINTS

    def __init__(
        self,
        num_clusters=8,
        model_dir=None,
        initial_clusters=KMEANS_PLUS_PLUS,
        distance_metric=EUCLIDEAN,
        random_seed=None,
        use_mini_batch=False,
        mini_batch_steps_per_iteration=1,
        kmeans_plus_plus_num_retries=None,
        relative_tolerance=None,
        config=None,
        *,
        n_init="auto",
        feature_columns=None,
        weight_column_name=None,
        steps=None,
        epochs=None,
        batch_size=None,
        random_state=None,
        verbose=0,
    ):
        self.num_clusters = num_clusters
        self.model_dir = model_dir
        self.initial_clusters = initial_clusters
        self.distance_metric = distance_metric
        self.random_seed = random_seed
        self.use_mini_batch = use_mini_batch
        self.mini_batch_steps_per_iteration = mini_batch_steps_per_iteration
        self.kmeans_plus_plus_num_retries = kmeans_plus_plus_num_retries
        self.relative_tolerance = relative_tolerance
        self.config = config
        self.n_init = n_init
        self.feature_columns = feature_columns
        self.weight_column_name = weight_column_name
        self.steps = steps
        self.epochs = epochs
        self.batch_size = batch_size
        self.random_state = random_state
        self.verbose = verbose

    def clusters(self) -> np.ndarray:
        """Return ``cluster_centers_``."""
        return self._fitted().shown

    def predict_cluster_idx(self, X=None, *, input_fn=None) -> Iterator[int]:
        """Yield the number of each row's cluster: ``predict`` with ``as_iterable=True``."""
        return self.predict(X, input_fn=input_fn, as_iterable=True)

    def _has_explicit_columns(self) -> bool:
        return self.feature_columns is not None

    def _train(self, source, asked, callbacks=None, *, onward=False, classes=None):
        start = getattr(self, "model_", None) if onward else None
        start = start or persistence.restored(self)
        space = self._learned_space(source.sample) if start is None else start.space
        points = Prepared.of(space, source)
        start = start or self._begin(space, points, asked)
        model, history = training.run(self, start, points, asked, None, callbacks, onward)
        if persistence.model_dir_of(self) is not None and model is not start:
            persistence.save(self, model)
        self._keep(model)
        self.history_ = history.as_dict()
        self._keep_labels(model, points, warns=not onward)

    def _learned_space(self, sample) -> Space:
        declared = self._declared() or inferred_columns(sample.table)
        cosine = self.distance_metric == COSINE
        return Space.learned(declared, cosine, sample.table, sample.weights)

    def _declared(self) -> tuple | None:
        if self.feature_columns is None:
            return None
        return check_columns(check_feature_columns(self.feature_columns))

    def _begin(self, space: Space, source: Prepared, asked) -> FittedClusters:
        """Return a model whose centres stand where they begin."""
        rows = source.points.n_rows
        if rows < self.num_clusters:
            raise ValueError(
                f"n_samples={rows} should be >= num_clusters={self.num_clusters}: each centre "
                "begins at a row of its own. Pass more rows that count, or ask for fewer clusters."
            )
        seed = draw(self)
        rules = rules_of(self, seed, asked, streamed=False, onward=False)
        start = start_of(self, space)
        reached = begin(source.points, source.weights, space.width, start, rules)
        return FittedClusters(space, reached.state, 0, seed)

    def _trainee(self, model: FittedClusters, source: Prepared, asked, onward) -> KMeansTrainee:
        """Return what the loop trains."""
        rules = rules_of(self, model.seed, asked, source.stream is not None, onward)
        in_batches = self.use_mini_batch or onward
        return KMeansTrainee(model, source, asked, rules, in_batches, onward, self._replicas())

    def _keep_labels(self, model: FittedClusters, source: Prepared, warns: bool) -> None:
        """Remember where the rows in memory belong; those of a stream are gone."""
        vars(self).pop("labels_", None)
        vars(self).pop("inertia_", None)
        if source.stream is not None:
            return
        known = None if source.known is None else source.known(model.centres)
        self.labels_, losses = model.encoded_outputs(source.points, known)
        self.inertia_ = float(losses @ source.weights)
        found = len(np.unique(self.labels_))
        if warns and found < self.num_clusters:
            warnings.warn(
                f"Number of distinct clusters ({found}) found smaller than num_clusters "
                f"({self.num_clusters}). Possibly due to duplicate points in X: ask for fewer.",
                ConvergenceWarning,
                stacklevel=5,
            )

    def _described(self, model: FittedClusters) -> dict:
        """Return what a checkpoint says of a model beside its arrays."""
        columns = manifest.described_columns(model.space.columns)
        return {"seed": model.seed, "distance_metric": self.distance_metric, **columns}

    def _revived(self, found) -> FittedClusters:
        """Return the model of a checkpoint, if it is one of this estimator's."""
        kept = found.manifest
        learned = manifest.revived_columns(found)
        declared = self._declared() or self._in_order_of_features(learned)
        columns = ColumnSet(declared).with_learned(learned)
        manifest.check_columns(columns, found)
        space = Space(columns, declared, self.distance_metric == COSINE)
        shape = found.arrays["clusters"].shape
        now = (self.num_clusters, space.width)
        if kept["distance_metric"] != self.distance_metric or shape != now:
            raise CheckpointError(
                f"The checkpoint {found.path!r} should hold {now[0]} centres of {now[1]} numbers "
                f"by {self.distance_metric}, but has {shape[0]} of {shape[1]} by "
                f"{kept['distance_metric']}. Choose another model_dir, or the old parameters."
            )
        return FittedClusters(space, found.arrays, found.step, int(kept["seed"]))

    def _in_order_of_features(self, columns: tuple) -> tuple:
        names = getattr(self, "feature_names_in_", None)
        if names is None:
            return columns
        return tuple(sorted(columns, key=lambda column: list(names).index(column.name)))

    def _keep(self, model: FittedClusters) -> None:
        """Make ``model`` the estimator's own."""
        self.__dict__.update(self._fitted_attributes(model))

    def _fitted_attributes(self, model: FittedClusters) -> dict:
        """Return the attributes that make an estimator one that has fitted ``model``."""
        return {
            "model_": model,
            "cluster_centers_": model.shown,
            "n_iter_": max(model.step, 1),
            "_n_features_out": len(model.centres),
        }
