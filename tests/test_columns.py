"""Feature columns: what they make of raw values, at the edges too."""

import copy
import pickle

import numpy as np
import pandas as pd
import pytest
import tensorflow as tf
from scipy import sparse

from tflearnkit import columns as fc
from tflearnkit.columns import ColumnSet
from tflearnkit.data.table import Ragged, Table, as_table
from tflearnkit.estimators.dnn import DNNClassifier
from tflearnkit.layers import safe_embedding_lookup_sparse


def encode(columns, X):
    table = as_table(X)
    return ColumnSet(columns).learn(table).encode(table)


def ids_of(column, X):
    return encode([column], X).ids.tolist()


def hashed(name, size=100):
    return fc.sparse_column_with_hash_bucket(name, size)


def keyed(name, keys=("a", "b", "c"), **options):
    return fc.sparse_column_with_keys(name, list(keys), **options)


# What a column is.


@pytest.mark.parametrize(
    "column",
    [
        fc.real_valued_column("x", dimension=2, default_value=1.5),
        fc.bucketized_column(fc.real_valued_column("x"), [1, 2]),
        keyed("k"),
        hashed("h"),
        fc.sparse_column_with_integerized_feature("i", 5),
        fc.weighted_sparse_column(keyed("k"), "w"),
        fc.crossed_column([keyed("k"), hashed("h")], 10),
        fc.embedding_column(keyed("k"), 2),
        fc.one_hot_column(keyed("k")),
        fc.scattered_embedding_column("s", 10, 2),
        fc.StandardizedColumn("x"),
        fc.VocabularyColumn("v"),
        fc.SparseNumericColumn("", 3),
    ],
    ids=lambda column: type(column).__name__,
)
def test_columns_are_values(column):
    with pytest.raises(AttributeError):
        column.name = "other"
    for other in (copy.deepcopy(column), pickle.loads(pickle.dumps(column))):
        assert other == column
        assert hash(other) == hash(column)
        assert other.key == column.key


def test_names():
    a, b = hashed("aaa"), hashed("bbb")
    cost = fc.bucketized_column(fc.real_valued_column("cost"), [0, 4])
    assert cost.name == "cost_bucketized"
    assert fc.weighted_sparse_column(hashed("ids"), "weights").name == "ids_weighted_by_weights"
    assert fc.embedding_column(a, 4).name == "aaa_embedding"
    assert fc.scattered_embedding_column("aaa", 10, 4).name == "aaa_scattered_embedding"
    assert fc.one_hot_column(a).name == "aaa_one_hot"
    assert fc.crossed_column([cost, b, a], 10).name == "aaa_X_bbb_X_cost_bucketized"
    assert fc.crossed_column([fc.crossed_column([b, a], 9), cost], 10).sources == (
        "aaa",
        "bbb",
        "cost",
    )


@pytest.mark.parametrize(
    ("make", "error", "words"),
    [
        (lambda: fc.real_valued_column("x", dimension=1.5), TypeError, "dimension"),
        (lambda: fc.real_valued_column("x", dimension=0), ValueError, "dimension"),
        (lambda: fc.real_valued_column("x", dtype=tf.string), ValueError, "dtype"),
        (lambda: fc.real_valued_column("x", normalizer=3), ValueError, "callable"),
        (
            lambda: fc.real_valued_column("x", dimension=3, default_value=[1, 2]),
            ValueError,
            "length of default_value must be equal to dimension",
        ),
        (
            lambda: fc.real_valued_column("x", default_value=1.5, dtype=tf.int32),
            TypeError,
            "default_value must be compatible with dtype",
        ),
        (lambda: fc.real_valued_column("x", default_value="1"), TypeError, "compatible"),
        (lambda: fc.bucketized_column(hashed("a"), [1]), TypeError, "real_valued_column"),
        (
            lambda: fc.bucketized_column(fc.real_valued_column("x"), [2, 1]),
            ValueError,
            "boundaries must be a sorted list",
        ),
        (lambda: fc.bucketized_column(fc.real_valued_column("x"), []), ValueError, "boundaries"),
        (
            lambda: fc.sparse_column_with_hash_bucket("a", 10, dtype=tf.float32),
            ValueError,
            "dtype must be string or integer",
        ),
        (lambda: fc.sparse_column_with_hash_bucket("a", 0), ValueError, "hash_bucket_size"),
        (
            lambda: fc.sparse_column_with_integerized_feature("a", 3, dtype=tf.string),
            ValueError,
            "integer",
        ),
        (lambda: fc.sparse_column_with_keys("a", ["x"], combiner="max"), ValueError, "combiner"),
        (lambda: fc.sparse_column_with_keys("a", [1, 2]), ValueError, "dtype=tf.int64"),
        (
            lambda: fc.sparse_column_with_vocabulary_file("a", "words.txt"),
            ValueError,
            "vocab_size .* is not defined",
        ),
        (
            lambda: fc.weighted_sparse_column(hashed("a"), "w", dtype=tf.string),
            ValueError,
            "dtype is not convertible to float",
        ),
        (
            lambda: fc.crossed_column([hashed("a"), fc.real_valued_column("x")], 10),
            TypeError,
            "buckets",
        ),
        (lambda: fc.crossed_column([hashed("a")], 10), ValueError, "at least 2"),
        (lambda: fc.crossed_column([hashed("a"), hashed("b")], 1), ValueError, "at least 2"),
        (lambda: fc.embedding_column(hashed("a"), 2, initializer="x"), ValueError, "callable"),
        (lambda: fc.embedding_column(fc.real_valued_column("x"), 2), TypeError, "ids"),
        (lambda: fc.one_hot_column(fc.real_valued_column("x")), TypeError, "ids"),
        (lambda: fc.scattered_embedding_column("a", 0, 2), ValueError, "size"),
        (lambda: fc.scattered_embedding_column("a", 2, 2, combiner="max"), ValueError, "combiner"),
        (lambda: fc.shared_embedding_columns("ab", 2), TypeError, "list"),
        (lambda: fc.shared_embedding_columns({hashed("a")}, 2), TypeError, "list"),
        (lambda: fc.shared_embedding_columns([], 2), ValueError, "at least one element"),
        (
            lambda: fc.shared_embedding_columns([hashed("a", 3), hashed("b", 4)], 2),
            ValueError,
            "not compatible",
        ),
    ],
)
def test_declarations_that_make_no_sense_are_refused(make, error, words):
    with pytest.raises(error, match=words):
        make()


def test_shared_embedding_names():
    def name_of(names):
        return fc.shared_embedding_columns([hashed(n) for n in names], 2)[0].table_name

    assert name_of(["a2", "a1"]) == name_of(["a1", "a2"]) == "a1_a2_shared_embedding"
    assert name_of(f"{i:02}" for i in range(10)) == "00_01_02_plus_7_others_shared_embedding"
    weighted = fc.weighted_sparse_column(hashed("ids"), "weights")
    both = fc.shared_embedding_columns([weighted, hashed("a1")], 2)
    assert both[0].table_name == "a1_ids_weighted_by_weights_shared_embedding"
    assert [column.source for column in both] == [weighted, hashed("a1")]
    assert fc.shared_embedding_columns([hashed("a")], 2) == [fc.embedding_column(hashed("a"), 2)]


# Numbers.


def test_real_valued_takes_numbers_as_they_are():
    X = {"x": np.array([[1.0, 2.0], [3.0, 4.0]]), "n": np.array([5, 6])}
    columns = [
        fc.real_valued_column("x", dimension=2, normalizer=lambda x: x - 2),
        fc.real_valued_column("n"),
    ]
    dense = encode(columns, X).dense
    assert dense.dtype == np.float32
    assert dense.tolist() == [[5, -1, 0], [6, 1, 2]]  # sorted by key: n before x


def test_real_valued_fills_missing_numbers_only_with_a_default():
    X = {"x": [1.0, np.nan]}
    column = fc.real_valued_column("x", default_value=7)
    assert encode([column], X).dense.tolist() == [[1], [7]]
    with pytest.raises(ValueError, match="'x' expects numbers, but X has NaN"):
        encode([fc.real_valued_column("x")], X)


def test_real_valued_dimension_must_fit():
    with pytest.raises(ValueError, match="dimension=2"):
        encode([fc.real_valued_column("")], [[1.0, 2.0]])


def test_real_valued_flattens_images():
    column = fc.real_valued_column("image", dimension=6)
    assert column.transform({"image": np.arange(12.0).reshape(2, 3, 2)}).shape == (2, 6)


def test_buckets():
    column = fc.bucketized_column(fc.real_valued_column("x"), [0, 10, 10, 100])
    assert column.boundaries == (0, 10, 100)
    assert ids_of(column, {"x": [20.0, 110.0, -3.0, 10.0, 9.9]}) == [[2], [3], [0], [2], [1]]
    assert ids_of(column, {"x": [20, 110, -3]}) == [[2], [3], [0]]


def test_buckets_of_two_components_have_ids_of_their_own():
    column = fc.bucketized_column(fc.real_valued_column("x", dimension=2), [0, 10, 100])
    assert column.size == 8
    X = {"x": np.array([[20.0, 110.0], [110.0, 20.0], [-3.0, -3.0]])}
    assert ids_of(column, X) == [[2, 7], [3, 6], [0, 4]]


def test_a_bucket_begins_at_its_boundary_in_any_precision():
    column = fc.bucketized_column(fc.real_valued_column("x"), [0.1, 0.7])
    for dtype in (np.float32, np.float64):
        assert ids_of(column, {"x": np.array([0.1, 0.7], dtype)}) == [[1], [2]]


def test_standardized_ignores_missing_numbers_and_flags_them():
    X = np.array([[1.0, np.nan, 5.0], [3.0, 4.0, 5.0], [5.0, 8.0, 5.0]])
    table = as_table(X)
    columns = ColumnSet([fc.StandardizedColumn("")]).learn(table)
    dense = columns.encode(table).dense
    assert columns.dense_span(fc.StandardizedColumn("")) == (0, 4)
    r = np.sqrt(1.5)
    np.testing.assert_allclose(
        dense, [[-r, 0, 0, 1], [0, -1, 0, 0], [r, 1, 0, 0]], rtol=1e-6, atol=1e-7
    )
    later = columns.encode(as_table(np.array([[np.nan, np.nan, 6.0]])))
    assert later.dense.tolist() == [[0, 0, 1, 1]]


def test_arrays_and_tensors_become_the_same_numbers_and_flags():
    rng = np.random.default_rng(0)
    numbers = {"a": rng.normal(5, 2, size=40), "b": rng.normal(size=(40, 3)), "c": np.arange(40.0)}
    numbers["a"][3] = numbers["b"][5, 1] = numbers["b"][6, 2] = np.nan
    table = as_table(numbers)
    columns = [fc.StandardizedColumn(name).learn(table) for name in "abc"]
    found = fc.StandardizedColumn.transform_all(columns, {name: table[name] for name in "abc"})
    assert isinstance(found, np.ndarray)
    assert found.shape == (40, 1 + 1 + 3 + 2 + 1)  # a flag behind the numbers of each with a gap
    assert found[3, :2].tolist() == [0, 1]
    assert found[:, 5:7].sum(axis=0).tolist() == [1, 1]
    tensors = {name: tf.constant(table[name]) for name in "abc"}
    np.testing.assert_allclose(
        found, fc.StandardizedColumn.transform_all(columns, tensors).numpy(), atol=1e-6
    )



def test_standardized_columns_side_by_side_are_each_as_alone():
    rng = np.random.default_rng(0)
    X = {name: rng.normal(size=(80, 2)) for name in "abc"} | {"d": rng.integers(0, 9, 80)}
    X["a"][3, 1] = X["c"][5] = np.nan
    table = as_table(X)
    columns = ColumnSet(fc.infer_feature_columns(table)).learn(table)
    dense = columns.encode(table).dense
    assert dense.shape == (80, 3 + 2 + 4 + 1)
    for column in columns.dense:
        start, stop = columns.dense_span(column)
        alone = column.transform({column.name: tf.constant(table[column.name])})
        np.testing.assert_array_equal(dense[:, start:stop], alone)


def test_standardized_keeps_the_digits_of_large_numbers():
    seconds = 1.7e9 + np.array([0.0, 1.0, 2.0, 3.0])
    dense = encode([fc.StandardizedColumn("t")], {"t": seconds}).dense[:, 0]
    np.testing.assert_allclose(np.diff(dense), np.full(3, 1 / np.std([0, 1, 2, 3])), rtol=1e-6)
    constant = encode([fc.StandardizedColumn("t")], {"t": np.full(1000, 0.1 + 1e9)}).dense
    assert np.abs(constant).max() < 1e-6


def test_standardized_counts_sample_weights_like_repeated_rows():
    table, weight = as_table({"x": [1.0, 5.0, 9.0], "c": ["a", "b", "z"]}), np.array([2, 1, 0])
    weighted = ColumnSet(fc.infer_feature_columns(table)).learn(table, weight)
    repeated = as_table({"x": [1.0, 1.0, 5.0], "c": ["a", "a", "b"]})
    expected = ColumnSet(fc.infer_feature_columns(repeated)).learn(repeated)
    assert weighted.ids == expected.ids
    np.testing.assert_allclose(weighted.dense[0].mean, expected.dense[0].mean)
    np.testing.assert_allclose(weighted.dense[0].scale, expected.dense[0].scale)


def test_large_unsigned_numbers_stay_positive():
    X = {"x": np.array([0, 2**64 - 1], np.uint64)}
    assert encode([fc.StandardizedColumn("x")], X).dense.tolist() == [[-1], [1]]


def test_dates_count_in_seconds():
    days = pd.to_datetime(["2020-01-01", "2020-01-02", None])
    column = fc.StandardizedColumn("day").learn(as_table({"day": days.to_numpy()}))
    assert column.scale == (43200.0,)
    assert column.missing == (0,)


def test_sparse_matrix():
    X = sparse.csr_array(np.array([[0, 2.0, -1.0], [0, 0, 0], [3.0, 0, 0], [1.0, 1.0, 1.0]]))
    encoded = encode(fc.infer_feature_columns(X), X)
    weights = np.where(encoded.ids >= 0, encoded.id_weights, 0)
    rebuilt = np.zeros((4, 3))
    for row in range(4):
        there = encoded.ids[row] >= 0
        rebuilt[row, encoded.ids[row][there]] = weights[row][there]
    np.testing.assert_array_equal(rebuilt, X.toarray())
    assert encoded.widths == (4,)


def test_sparse_matrix_without_entries():
    encoded = encode([fc.SparseNumericColumn("", 3)], sparse.csr_array((2, 3)))
    assert encoded.ids.tolist() == [[-1], [-1]]


def test_sparse_and_dense_may_stand_in_for_each_other():
    X = np.array([[0, 2.0, -1.0], [0, 0, 3.0]])
    matrix = sparse.csr_array(X)
    for trained, other in [(X, matrix), (matrix, X)]:
        columns = ColumnSet(fc.infer_feature_columns(trained)).learn(as_table(trained))
        pair = [columns.encode(as_table(X)) for X in (trained, other)]
        for one, two in zip(*pair, strict=True):
            np.testing.assert_array_equal(one, two)


# Categories.


def test_keys():
    column = keyed("name", ["marlo", "omar", "stringer"])
    assert ids_of(column, {"name": ["omar", "stringer", "marlo", "x", "", None]}) == [
        [1],
        [2],
        [0],
        [-1],
        [-1],
        [-1],
    ]
    assert ids_of(keyed("name", default_value=2), {"name": ["x", "a", None]}) == [[2], [0], [-1]]


def test_integer_keys():
    column = fc.sparse_column_with_keys("n", [30, 10], dtype=tf.int64)
    assert ids_of(column, {"n": [10, 30, 11, -1]}) == [[1], [0], [-1], [-1]]
    assert ids_of(column, {"n": [10.0, np.nan]}) == [[1], [-1]]


def test_vocabulary_file(tmp_path):
    path = tmp_path / "words.txt"
    path.write_text("marlo\nomar\nstringer\nignored\n", encoding="utf-8")
    column = fc.sparse_column_with_vocabulary_file("name", path, vocab_size=3)
    assert ids_of(column, {"name": ["omar", "stringer", "marlo"]}) == [[1], [2], [0]]
    assert ids_of(column, {"name": ["ignored"]}) == [[-1]]
    spread = fc.sparse_column_with_vocabulary_file("name", path, num_oov_buckets=5, vocab_size=3)
    assert spread.size == 8
    ids = np.ravel(ids_of(spread, {"name": [f"other {i}" for i in range(100)] + ["omar", None]}))
    assert set(ids[:100]) == {3, 4, 5, 6, 7}
    assert ids[100:].tolist() == [1, -1]
    with pytest.raises(ValueError, match="has 4 lines"):
        fc.sparse_column_with_vocabulary_file("name", path, vocab_size=5)


def test_hash_buckets_are_tensorflows():
    names = ["omar", "stringer", "marlo"]
    expected = tf.strings.to_hash_bucket_fast(names, 10).numpy()[:, None].tolist()
    assert ids_of(hashed("name", 10), {"name": names}) == expected
    column = fc.sparse_column_with_hash_bucket("n", 10, dtype=tf.int64)
    expected = tf.strings.to_hash_bucket_fast(["101", "-5"], 10).numpy().tolist()
    assert np.ravel(ids_of(column, {"n": [101, -5, -1]})).tolist() == [*expected, -1]


def test_integerized_wraps():
    column = fc.sparse_column_with_integerized_feature("n", 5)
    assert ids_of(column, {"n": [5, 4, 7, -2, -1]}) == [[0], [4], [2], [3], [-1]]
    assert ids_of(column, {"n": np.array([[0, 4], [2, -1]])}) == [[0, 4], [2, -1]]
    large = fc.sparse_column_with_integerized_feature("n", 1000)
    assert ids_of(large, {"n": [2**60 + 1]}) == [[(2**60 + 1) % 1000]]  # not through floats


def test_several_values_a_row():
    X = {"name": [["a", "zzz", "c"], [], ["b"]]}
    assert ids_of(keyed("name"), X) == [[0, -1, 2, -1], [-1] * 4, [1, -1, -1, -1]]


def test_many_rows_encode_as_few():
    rng = np.random.default_rng(0)
    words = np.array(["a", "b", "zzz", None], object)
    n = 500
    X = {
        "one": words[rng.integers(0, 4, n)],
        "two": words[rng.integers(0, 4, n)],
        "n": rng.integers(-2, 9, n),
        "several": [list(words[rng.integers(0, 3, k)]) for k in rng.integers(0, 4, n)],
    }
    table = as_table(X)
    cross = fc.crossed_column([keyed("one"), keyed("two")], 50)
    columns = ColumnSet(
        [
            keyed("one"),
            hashed("two"),
            cross,
            fc.sparse_column_with_integerized_feature("n", 4),
            keyed("several"),
            fc.scattered_embedding_column("several", 20, 3),
        ]
    )
    whole = columns.encode(table).ids
    parts = [columns.encode(table.take(slice(i, i + 50))) for i in range(0, n, 50)]
    assert {part.widths for part in parts} == {columns.encode(table).widths}
    np.testing.assert_array_equal(whole, np.concatenate([part.ids for part in parts]))


def test_weighted():
    column = fc.weighted_sparse_column(keyed("name"), "w")
    table = as_table(
        {"name": [["c", "c"], ["a", "b"], ["b"]], "w": [[10.0, 20.0], [30, -1], [np.nan]]}
    )
    encoded = ColumnSet([column]).encode(table)
    assert encoded.ids.tolist() == [[2, 2], [0, -1], [-1, -1]]
    assert encoded.id_weights.tolist() == [[10, 20], [30, 0], [0, 0]]
    single = ColumnSet([column, keyed("name")]).encode(as_table({"name": ["a", "b"], "w": [3, 0]}))
    assert single.ids.tolist() == [[0, 0], [1, -1]]
    assert single.id_weights.tolist() == [[1, 3], [1, 0]]


def test_weights_out_of_place_are_refused():
    column = fc.weighted_sparse_column(keyed("name"), "w")
    with pytest.raises(ValueError, match="row 1 has 1 weights for 2 values"):
        encode([column], {"name": [["a"], ["a", "b"]], "w": [[1.0], [2.0]]})


# Crosses.


def cross_hashed(*inputs):
    return tf.sparse.to_dense(tf.sparse.cross_hashed(list(inputs), 1000)).numpy().tolist()


def test_cross_hashes_raw_values():
    X = {"a": ["x", "y"], "b": ["u", "v"]}
    expected = cross_hashed(tf.constant([["x"], ["y"]]), tf.constant([["u"], ["v"]]))
    for a in (hashed("a"), keyed("a", ["other"])):
        assert ids_of(fc.crossed_column([hashed("b"), a], 1000), X) == expected


def test_cross_of_several_values_is_their_product():
    column = fc.crossed_column([hashed("a"), hashed("b")], 10**6)
    ids = np.array(ids_of(column, {"a": [["x", "y"], ["x"]], "b": [["u", "v"], []]}))
    assert len(set(ids[0])) == 4
    assert (ids[1] == -1).all()
    itself = fc.crossed_column([hashed("a"), hashed("a")], 10**6)
    assert itself.sources == ("a",)
    assert len(set(ids_of(itself, {"a": [["x", "y"]]})[0])) == 4


def test_cross_of_a_cross_is_flat():
    X = {"a": ["x"], "b": ["u"], "n": [15.0]}
    bucket = fc.bucketized_column(fc.real_valued_column("n"), [10, 20])
    inner = fc.crossed_column([hashed("a"), hashed("b")], 7)
    flat = fc.crossed_column([hashed("a"), hashed("b"), bucket], 1000)
    assert fc.crossed_column([inner, bucket], 1000) == flat
    expected = cross_hashed(
        tf.constant([["x"]]), tf.constant([["u"]]), tf.constant([[1]], tf.int64)
    )
    assert ids_of(flat, X) == expected


def test_cross_leaves_missing_values_out():
    column = fc.crossed_column([hashed("a"), fc.sparse_column_with_integerized_feature("n", 3)], 99)
    ids = np.ravel(ids_of(column, {"a": ["x", None, "x"], "n": [1, 1, -1]}))
    assert ids[0] >= 0
    assert ids[1:].tolist() == [-1, -1]


# Scattered embeddings.


def test_scattered_places():
    column = fc.scattered_embedding_column("word", size=50, dimension=4).source
    few = column.transform({"word": [["cat", "dog"], ["dog", ""], ["", ""]]}).ids.numpy()
    few = few.reshape(3, 2, 4)
    assert few[0, 1].tolist() == few[1, 0].tolist() != few[0, 0].tolist()
    assert (few[1, 1] == -1).all()
    assert (few[2, 0] >= 0).all()  # an empty row has a vector of its own
    assert (few[2, 1] == -1).all()
    other = fc.scattered_embedding_column("word", 50, 4, hash_key=3).source
    assert other.transform({"word": ["cat"]}).ids.numpy().tolist() != few[0, :1].tolist()


def test_scattered_lists_and_plain_values_agree_on_empty_rows():
    column = fc.scattered_embedding_column("word", size=1000, dimension=4)
    lists = encode([column], {"word": [["cat", "dog"], [], ["dog"]]}).ids
    plain = encode([column], {"word": ["cat", None, "dog"]}).ids
    assert lists[:, :4].tolist()[1:] == plain.tolist()[1:]
    assert (lists[1:, 4:] == -1).all()


def test_scattered_covers_its_list():
    column = fc.scattered_embedding_column("n", size=7, dimension=3)
    assert set(np.ravel(ids_of(column, {"n": np.arange(100)}))) == set(range(7))


# What is inferred.


def test_inferred_kinds():
    X = {
        "number": [1.0, 2.0],
        "count": [1, 2],
        "word": ["a", None],
        "flag": [True, False],
        "code": pd.Series([7, 5], dtype="category"),
        "day": np.array(["2020-01-01", "2021-01-01"], "datetime64[ns]"),
        "took": np.array([1, 2], "timedelta64[s]"),
        "words": [["a", "b"], []],
        "numbers": [[1, 2], [3]],
    }
    kinds = {c.name: type(c) for c in fc.infer_feature_columns(X)}
    dense = {name for name, kind in kinds.items() if kind is fc.StandardizedColumn}
    assert dense == {"number", "count", "day", "took"}
    assert {kind for name, kind in kinds.items() if name not in dense} == {fc.VocabularyColumn}
    encode(fc.infer_feature_columns(X), X)
    with pytest.raises(ValueError, match="'n' has lists of floats"):
        fc.infer_feature_columns({"n": [[0.5], [1.5, 2.5]]})


def test_vocabulary_is_learned():
    train = as_table({"c": ["b", "a", "b"]})
    columns = ColumnSet(fc.infer_feature_columns(train)).learn(train)
    assert columns.ids[0].size == 3
    assert columns.encode(train).ids.tolist() == [[1], [0], [1]]
    later = columns.encode(as_table({"c": ["zzz", None, "", "a"]}))
    assert later.ids.tolist() == [[2], [2], [2], [0]]


def test_vocabulary_has_only_what_the_rows_that_count_show():
    table = as_table({"c": ["b", "a", None, "z"]}).take(slice(0, 2))
    (column,) = ColumnSet(fc.infer_feature_columns(table)).learn(table).ids
    assert (column.vocabulary, column.has_missing) == (("a", "b"), False)


def test_missing_values_seen_in_training_have_an_id_of_their_own():
    train = as_table({"c": ["b", "a", None]})
    columns = ColumnSet(fc.infer_feature_columns(train)).learn(train)
    assert columns.ids[0].size == 4
    assert columns.encode(as_table({"c": ["zzz", None, "a"]})).ids.tolist() == [[2], [3], [0]]


def test_lists_have_no_id_where_nothing_stands():
    train = as_table({"c": [["b", "a"], [], ["a"]]})
    columns = ColumnSet(fc.infer_feature_columns(train)).learn(train)
    assert columns.encode(train).ids.tolist() == [[1, 0], [-1, -1], [0, -1]]
    assert columns.encode(as_table({"c": [["zzz"]]})).ids.tolist() == [[2]]


def test_numeric_categories():
    train = as_table(pd.DataFrame({"c": pd.Series([30, -1, 2], dtype="category")}))
    columns = ColumnSet(fc.infer_feature_columns(train)).learn(train)
    assert columns.encode(train).ids.tolist() == [[2], [0], [1]]
    later = columns.encode(Table({"c": np.array([2.0, 2.5, np.nan])}))
    assert later.ids.tolist() == [[1], [3], [3]]


def test_a_feature_of_nothing_but_missing_values_is_of_any_kind():
    train = as_table({"c": ["b", "a"], "n": [1.0, 2.0], "l": [["x"], ["y"]]})
    columns = ColumnSet([*fc.infer_feature_columns(train), keyed("l"), hashed("c")]).learn(train)
    encoded = columns.encode(as_table({"c": [None], "n": [None], "l": [[]]}))
    assert encoded.dense.tolist() == [[0]]
    assert encoded.ids.ravel().tolist() == [-1, -1, 2, -1]  # hash, keys, vocabularies c and l


def test_infer_real_valued():
    for dtype in (np.int32, np.int64, np.float32, np.float64):
        (column,) = fc.infer_real_valued_columns_from_input(np.ones((2, 3), dtype))
        assert (column.name, column.dimension) == ("", 3)
    named = fc.infer_real_valued_columns_from_input({"a": np.ones((2, 2)), "b": [1, 2]})
    assert [(c.name, c.dimension) for c in named] == [("a", 2), ("b", 1)]
    for bad in ({"a": ["x"]}, sparse.csr_array(np.eye(2))):
        with pytest.raises(ValueError, match="should be dense numbers"):
            fc.infer_real_valued_columns_from_input(bad)


# Sets of columns.


def test_set_sorts_shares_and_ignores_what_is_not_asked_for():
    words = keyed("w")
    columns = ColumnSet(
        [
            fc.one_hot_column(words),
            fc.real_valued_column("x"),
            words,
            fc.embedding_column(words, 2),
            fc.real_valued_column("b", dimension=2),
        ]
    )
    assert columns.ids == (words,)
    assert columns.dense_span(fc.real_valued_column("x")) == (2, 3)
    assert columns.sources == ("b", "w", "x")
    frame = pd.DataFrame({"x": [1.0], "weight": [9.0], "w": ["b"]})
    columns = ColumnSet([words, fc.real_valued_column("x")])
    for order in (["x", "weight", "w"], ["w", "x", "weight"]):
        encoded = columns.encode(as_table(frame[order]))
        assert encoded.dense.tolist() == [[1]]
        assert encoded.ids.tolist() == [[1]]
        assert encoded.id_weights is None


def test_rows_of_strings_are_encoded_alike_whatever_stands_beside_them():
    rng = np.random.default_rng(0)
    words = {name: rng.choice(["a", "b", "c", "", None], 200) for name in "vw"}
    table = as_table(words)
    columns = ColumnSet(
        [
            *fc.infer_feature_columns(table),
            hashed("v"),
            keyed("w"),
            fc.crossed_column([hashed("v"), hashed("w")], 50),
            fc.scattered_embedding_column("v", 20, 2),
        ]
    ).learn(table)
    ids = columns.encode(table).ids
    backwards = table.take(np.arange(200)[::-1])
    np.testing.assert_array_equal(columns.encode(backwards).ids, ids[::-1])
    few = as_table({name: values[:20] for name, values in words.items()})
    np.testing.assert_array_equal(columns.encode(few).ids, ids[:20])
    np.testing.assert_array_equal(columns.encode(table.take(slice(0, 20))).ids, ids[:20])


def test_rows_taken_of_many_different_strings_keep_their_ids():
    table, rows = as_table({"v": [f"v{i}" for i in range(100)] + [None]}), np.array([99, 100, 5])
    columns = ColumnSet([*fc.infer_feature_columns(table), hashed("v")]).learn(table)
    ids = columns.encode(table).ids
    np.testing.assert_array_equal(columns.encode(table.take(rows)).ids, ids[rows])


def test_set_knows_learned_columns_by_their_declarations():
    table = as_table({"w": ["a", "b"]})
    words = fc.VocabularyColumn("w")
    embedded = fc.embedding_column(words, 2)
    columns = ColumnSet([words, embedded]).learn(table)
    assert columns[words].size == 3
    assert columns[embedded].source == columns[words]
    assert columns.ids_index(words) == 0


def test_empty_set():
    encoded = ColumnSet([]).encode(as_table({"x": [1.0, 2.0]}))
    assert encoded.dense.shape == encoded.ids.shape == (2, 0)
    assert encoded.widths == ()


def test_learned_set_pickles():
    table = as_table({"w": ["a", "b"], "x": [1.0, np.nan], "f": ["a", "q"]})
    columns = ColumnSet([*fc.infer_feature_columns(table), keyed("f")]).learn(table)
    expected = columns.encode(table)
    for other in (pickle.loads(pickle.dumps(columns)), copy.deepcopy(columns)):
        for one, two in zip(other.encode(table), expected, strict=True):
            np.testing.assert_array_equal(one, two)


def test_missing_sources_are_named_all_at_once():
    columns = [fc.real_valued_column("age"), keyed("citty")]
    with pytest.raises(ValueError, match="feature_columns names 'citty'.*Did you mean 'city'?"):
        encode(columns, {"age": [1.0], "city": ["a"]})
    with pytest.raises(ValueError, match="names 'age', 'citty', which X does not have"):
        encode(columns, {"other": [1.0]})
    with pytest.raises(ValueError, match="array without column names"):
        encode(columns, [[1.0]])


@pytest.mark.parametrize(
    ("column", "values"),
    [
        (fc.real_valued_column("c"), ["a"]),
        (fc.real_valued_column("c"), [[1, 2], [3]]),
        (keyed("c"), [1]),
        (hashed("c"), [1.5]),
        (fc.sparse_column_with_integerized_feature("c", 3), ["1"]),
        (fc.sparse_column_with_integerized_feature("c", 3), [1.5]),
        (fc.weighted_sparse_column(keyed("k"), "c"), ["1"]),
        (fc.scattered_embedding_column("c", 3, 2), sparse.csr_array(np.eye(2))),
    ],
)
def test_values_of_a_wrong_kind_are_refused_by_name(column, values):
    n = values.shape[0] if sparse.issparse(values) else len(values)
    with pytest.raises(ValueError, match="Column 'c.*' expects|Column '.*by_c' expects"):
        encode([column], {"c": values, "k": ["a"] * n})


def test_check_feature_columns():
    wire = fc.embedding_column(hashed("wire"), 2)
    assert fc.check_feature_columns([wire]) == (wire,)
    with pytest.raises(
        ValueError, match="Duplicate feature column key found for column: wire_embedding"
    ):
        fc.check_feature_columns([wire, wire])
    with pytest.raises(ValueError, match="iterable, found dict"):
        fc.check_feature_columns({"a": wire})
    with pytest.raises(ValueError, match="takes feature columns"):
        fc.check_feature_columns(["age"])


def test_different_columns_of_one_key_are_refused():
    with pytest.raises(ValueError, match="named 'x'"):
        ColumnSet(
            [fc.real_valued_column("x"), fc.bucketized_column(fc.real_valued_column("x"), [1])]
            + [fc.real_valued_column("x", normalizer=tf.abs)]
        )


def test_transforms_can_be_exported(tmp_path):
    table = as_table(
        {"x": [1.0, np.nan, 3.0], "w": ["a", "b", None], "k": ["a", "q", "c"], "n": [1, 2, -1]}
    )
    columns = ColumnSet(
        [
            *fc.infer_feature_columns(table),
            keyed("k"),
            fc.crossed_column([hashed("k"), fc.sparse_column_with_integerized_feature("n", 3)], 9),
            fc.scattered_embedding_column("w", 20, 2),
            fc.bucketized_column(fc.real_valued_column("n"), [0, 2]),
        ]
    ).learn(table)
    expected = columns.encode(table)
    columns = pickle.loads(pickle.dumps(columns))

    def serve(x, w, k, n):
        features = {"x": x, "w": w, "k": k, "n": n}
        ids = tf.concat([column.transform(features).ids for column in columns.ids], axis=1)
        return tf.concat([c.transform(features) for c in columns.dense], axis=1), ids

    module = tf.Module()
    kinds = {"x": tf.float64, "w": tf.string, "k": tf.string, "n": tf.int64}
    module.serve = tf.function(serve, [tf.TensorSpec([None], d, n) for n, d in kinds.items()])
    module.serve.get_concrete_function()
    module.lookup_tables = columns.lookup_tables
    tf.saved_model.save(module, str(tmp_path))
    served = tf.saved_model.load(str(tmp_path)).serve(
        tf.constant([1.0, np.nan, 3.0], tf.float64),
        tf.constant(["a", "b", ""]),
        tf.constant(["a", "q", "c"]),
        tf.constant([1, 2, -1], tf.int64),
    )
    np.testing.assert_array_equal(served[0], expected.dense)
    np.testing.assert_array_equal(served[1], expected.ids)


def test_ragged_slices_keep_their_rows():
    table = Table({"c": Ragged(np.array(["a", "b", "c"], object), np.array([0, 1, 1, 3]))})
    columns = ColumnSet([keyed("c")])
    assert columns.encode(table.take(np.array([2, 1]))).ids.tolist() == [[1, 2], [-1, -1]]


# safe_embedding_lookup_sparse


@pytest.fixture
def lookup():
    where = [[0, 0], [0, 1], [0, 2], [1, 0], [3, 0], [4, 0], [4, 1]]
    ids = tf.SparseTensor(where, tf.constant([0, 1, -1, -1, 2, 0, 1], tf.int64), [5, 4])
    weights = tf.SparseTensor(where, [1.0, 2.0, 1.0, 1.0, 3.0, 0.0, -0.5], [5, 4])
    table = np.random.default_rng(0).normal(size=(4, 3)).astype(np.float32)
    return table, ids, weights


def test_safe_lookup_prunes_and_fills(lookup):
    e, ids, weights = lookup
    zero, mean = np.zeros(3), (e[0] + 2 * e[1]) / 3
    found = safe_embedding_lookup_sparse(e, ids, weights)
    np.testing.assert_allclose(found, [mean, zero, zero, e[2], zero], rtol=1e-6)
    found = safe_embedding_lookup_sparse(e, ids, weights, default_id=3)
    np.testing.assert_allclose(found, [mean, e[3], e[3], e[2], e[3]], rtol=1e-6)
    found = safe_embedding_lookup_sparse(e, ids)
    both = (e[0] + e[1]) / 2
    np.testing.assert_allclose(found, [both, zero, zero, e[2], both], rtol=1e-6)
    found = safe_embedding_lookup_sparse(e, ids, weights, combiner="sum")
    np.testing.assert_allclose(found, [3 * mean, zero, zero, 3 * e[2], zero], rtol=1e-6)


def test_safe_lookup_takes_more_axes_and_parts(lookup):
    e, ids, weights = lookup
    flat = safe_embedding_lookup_sparse(e, ids, weights)
    cube = [tf.sparse.reshape(t, [5, 1, 4]) for t in (ids, weights)]
    parts = np.split(e, 2)
    np.testing.assert_allclose(safe_embedding_lookup_sparse(parts, *cube)[:, 0], flat, rtol=1e-6)
    with pytest.raises(ValueError, match="one dtype"):
        safe_embedding_lookup_sparse(e.astype(np.float64), ids, weights)


def test_scattered_embeddings_of_any_number_of_words_train_a_network():
    words = [["a", "b"], ["c"], ["d", "e", "f"], []] * 10
    column = fc.scattered_embedding_column("words", 200, 3)  # 9 ids a row are padded to 16
    network = DNNClassifier((8,), feature_columns=[column], steps=150, random_state=0)
    network.fit({"words": words}, [0, 1, 0, 1] * 10)
    assert network.score({"words": words}, [0, 1, 0, 1] * 10) == 1
