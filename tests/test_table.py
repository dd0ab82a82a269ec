"""Anything that looks like a table becomes a Table."""

import datetime as dt
import decimal

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
import scipy.sparse as sp

from tflearnkit.data import EMPTY, Coded, Ragged, Table, as_table, check_finite, concatenated

NAN = np.nan


def column(values, name="c"):
    return as_table(pd.DataFrame({name: values}))[name]


def words(found):
    """The strings of a column row by row, each of them kept once."""
    assert isinstance(found, Coded)
    assert all(type(value) is str for value in found.values)
    assert len(set(found.values)) == len(found.values)
    return np.asarray(found).tolist()


def same(found, expected):
    np.testing.assert_array_equal(found, expected)
    return True


@pytest.mark.parametrize("dtype", ["float32", "float64", "int64", "uint8", "float16", "bool"])
def test_a_numeric_matrix_is_one_column_and_is_not_copied(dtype):
    X = np.ones((3, 2), dtype)
    table = as_table(X)
    assert table.names == (EMPTY,)
    assert table.n_rows == 3
    assert np.shares_memory(table[EMPTY], X)


def test_lists_are_matrices():
    assert same(as_table([[1, 2], [3, 4]])[EMPTY], [[1, 2], [3, 4]])
    assert same(as_table([1, 2])[EMPTY], [1, 2])


@pytest.mark.parametrize("make", [sp.csr_matrix, sp.coo_array, sp.csc_matrix, sp.lil_array])
def test_sparse_matrices_become_csr(make):
    X = make(np.array([[0, 1.5], [2, 0]], np.float32))
    found = as_table(X)[EMPTY]
    assert isinstance(found, sp.csr_array)
    assert found.dtype == np.float32
    assert same(found.toarray(), [[0, 1.5], [2, 0]])
    assert as_table(sp.eye(2, dtype=int))[EMPTY].dtype == np.float64


def test_a_matrix_of_strings_and_numbers_becomes_named_columns():
    for X in ([["a", 1.5], ["b", 2]], np.array([["a", 1.5], ["b", 2]], object)):
        table = as_table(X)
        assert table.names == ("0", "1")
        assert same(table["0"], ["a", "b"])
        assert same(table["1"], [1.5, 2])


def test_an_object_matrix_of_numbers_is_a_numeric_matrix():
    assert same(as_table(np.array([[1, None], [3, 4.5]], object))[EMPTY], [[1, NAN], [3, 4.5]])


def test_strings_of_every_dtype_are_python_strings():
    for values in (np.array(["a", "b"]), np.array([b"a", b"b"]), np.array(["a", "b"], "O")):
        assert words(as_table({"c": values})["c"]) == ["a", "b"]


def test_structured_arrays_have_columns():
    X = np.array([(1, "a"), (2, "b")], dtype=[("n", int), ("s", "U1")])
    assert as_table(X).names == ("n", "s")


def test_masked_values_are_missing():
    assert same(as_table(np.ma.masked_equal([[1, 2], [3, 4]], 3))[EMPTY], [[1, 2], [NAN, 4]])


PANDAS_STRINGS = [
    "str", "object", "string[python]", "string[pyarrow]", "large_string[pyarrow]", "category",
]  # fmt: skip


@pytest.mark.parametrize("dtype", PANDAS_STRINGS)
def test_pandas_strings(dtype):
    assert words(column(pd.Series(["a", None, "b"], dtype=dtype))) == ["a", None, "b"]


POLARS_STRINGS = [pl.String, pl.Categorical, pl.Enum(["never", "", "a", "b", "c"])]
BRINGING_STRINGS = {
    **{f"pandas {d}": lambda v, d=d: pd.Series(v, dtype=d) for d in PANDAS_STRINGS},
    **{f"polars {d}": lambda v, d=d: pl.Series(v, dtype=d) for d in POLARS_STRINGS},
    "arrow": lambda v: pa.chunked_array([v[:3], v[3:]]),
    "arrow dictionary": lambda v: pa.chunked_array([v[:3], v[3:]]).dictionary_encode(),
    "array": lambda v: np.array(v, object),
    "list": list,
}


@pytest.mark.parametrize("bring", BRINGING_STRINGS.values(), ids=BRINGING_STRINGS)
@pytest.mark.parametrize("times", [1, 20, 200])
def test_strings_are_coded_whatever_they_come_in(bring, times):
    values = ["b", None, "", "a", "b", None] * times
    found = as_table({"c": bring(values)})["c"]
    assert words(found) == values
    assert sorted(found.values) == ["", "a", "b"]
    assert found.codes.dtype == np.intp


@pytest.mark.parametrize("n_rows", [0, 1, 100, 1001])
def test_strings_of_which_all_are_missing_are_coded_too(n_rows):
    nothing = [None] * n_rows
    frame = pd.DataFrame({"c": pd.Series(nothing, dtype="string")})
    for X in (frame, pl.DataFrame({"c": nothing}, {"c": pl.String}), pa.Table.from_pandas(frame)):
        assert words(as_table(X)["c"]) == nothing


def test_rows_taken_share_their_values_until_only_those_that_occur_are_asked_for():
    city = as_table({"city": ["Rome", None, "Oslo", "Rome", "Lima"]})["city"]
    taken = city.take(np.array([4, 1, 0]))
    assert taken.values is city.values
    assert words(taken) == ["Lima", None, "Rome"]
    assert words(taken.occurring()) == ["Lima", None, "Rome"]
    assert sorted(taken.occurring().values) == ["Lima", "Rome"]
    assert city.occurring() is city
    assert [c.has_missing for c in (city, taken, taken.take(slice(0, 1)))] == [True, True, False]


@pytest.mark.parametrize("dtype", ["Int64", "Float64", "int64[pyarrow]", "float64"])
def test_missing_numbers_are_nan(dtype):
    found = column(pd.array([1, None, 3], dtype=dtype))
    assert found.dtype == np.float64
    assert same(found, [1, NAN, 3])


@pytest.mark.parametrize("dtype", ["Int8", "Int64", "int64[pyarrow]"])
def test_nullable_integers_stay_integers_where_none_is_missing(dtype):
    assert column(pd.array([1, 2], dtype=dtype)).dtype.kind == "i"


@pytest.mark.parametrize(
    "values",
    [
        np.array([True, False]),
        pd.array([True, None], dtype="boolean"),
        pd.array([True, None], dtype="bool[pyarrow]"),
        np.array([True, None], object),
    ],
)
def test_booleans_read_alike_with_and_without_missing_ones(values):
    table = as_table(pd.DataFrame({"flag": values}))
    assert table["flag"].dtype == np.float64
    assert table["flag"][0] == 1
    assert table.categorical == {"flag"}


def test_categories_keep_their_values():
    frame = pd.DataFrame(
        {
            "words": pd.Categorical(["x", None, "y"]),
            "codes": pd.Categorical([30, 10, 30]),
            "gaps": pd.Categorical([30, None, 10]),
            "bins": pd.cut([1, 5, 9], [0, 4, 10]),
        }
    )
    table = as_table(frame)
    assert table.categorical == {"words", "codes", "gaps", "bins"}
    assert words(table["words"]) == ["x", None, "y"]
    assert table["codes"].tolist() == [30, 10, 30]
    assert same(table["gaps"], [30, NAN, 10])
    assert words(table["bins"]) == ["(0, 4]", "(4, 10]", "(4, 10]"]


def test_times_are_utc():
    paris = pd.Series(pd.to_datetime(["2020-01-01 01:00", None])).dt.tz_localize("Europe/Paris")
    expected = np.array(["2020-01-01", "NaT"], "datetime64[us]")
    assert same(column(paris), expected)
    assert same(column([dt.date(2020, 1, 1), None]), expected)
    assert same(as_table(pl.DataFrame({"c": [dt.date(2020, 1, 1), None]}))["c"], expected)
    assert column(pd.to_timedelta(["1h", None])).dtype.kind == "m"


def test_objects_become_the_best_kind():
    assert same(column([decimal.Decimal("1.5"), None]), [1.5, NAN])
    assert column(pd.Series([1, 2], dtype=object)).dtype == np.int64
    assert column(pd.Series([1, 10**30], dtype=object)).dtype == np.float64
    assert same(column(pd.Series([None, None], dtype=object)), [NAN, NAN])
    assert words(column(pd.Series(["a", 1, None], dtype=object))) == ["a", "1", None]
    assert words(column(pd.Series([b"a", None]))) == ["a", None]


@pytest.mark.parametrize(
    "X",
    [
        pd.DataFrame({"tags": [["a", "b"], [], None, ("c",)]}),
        pl.DataFrame({"tags": [["a", "b"], [], None, ["c"]]}),
        pa.table({"tags": [["a", "b"], [], None, ["c"]]}),
        {"tags": [["a", "b"], [], [], ["c"]]},
        {"tags": np.array([["a", "b"], ["", ""], ["", ""], ["c", ""]])},
    ],
)
def test_several_values_per_row_are_ragged(X):
    tags = as_table(X)["tags"]
    assert tags.values.tolist() == ["a", "b", "c"]
    assert tags.row_splits.tolist() == [0, 2, 2, 2, 3]


def test_ragged_numbers_keep_their_dtype():
    found = as_table({"ids": [[1, 2], [3]]})["ids"]
    assert found.values.dtype.kind == "i"
    assert found.lengths.tolist() == [2, 1]


ARROW_LIKE = {
    "s": ["a", None, "b"],
    "i": [1, None, 3],
    "n": [1, 2, 3],
    "f": [0.5, None, NAN],
    "b": [True, None, False],
    "d": [dt.datetime(2020, 1, 1), None, dt.datetime(2020, 1, 2)],
}


@pytest.mark.parametrize(
    "frame",
    [pl.DataFrame(ARROW_LIKE), pl.LazyFrame(ARROW_LIKE), pa.table(ARROW_LIKE)],
    ids=["polars", "lazy", "arrow"],
)
def test_polars_and_arrow_frames_equal_the_pandas_one(frame):
    table, expected = as_table(frame), as_table(pd.DataFrame(ARROW_LIKE).convert_dtypes())
    assert table.names == expected.names
    assert table.categorical == expected.categorical
    for name in table.names:
        found, wanted = np.asarray(table[name]), np.asarray(expected[name])
        assert same(found, wanted), name
        assert found.dtype.kind == wanted.dtype.kind


def test_polars_categories_and_fixed_arrays():
    frame = pl.DataFrame(
        {
            "c": pl.Series(["x", None], dtype=pl.Categorical),
            "e": pl.Series(["x", None], dtype=pl.Enum(["x"])),
            "a": pl.Series([[1.0, 2], [3, 4]], dtype=pl.Array(pl.Float32, 2)),
        }
    )
    table = as_table(frame)
    assert table.categorical == {"c", "e"}
    assert words(table["c"]) == words(table["e"]) == ["x", None]
    assert same(table["a"], [[1, 2], [3, 4]])


def test_arrow_dictionaries_are_categories():
    frame = pa.table({"c": pa.array(["x", None, "y"]).dictionary_encode()})
    assert words(as_table(frame)["c"]) == ["x", None, "y"]
    assert as_table(frame).categorical == {"c"}


def test_dicts_take_every_kind_of_value():
    table = as_table(
        {
            "list": [1, None],
            "matrix": np.ones((2, 3), np.float32),
            "image": np.ones((2, 3, 4)),
            "series": pd.Series(["a", None]),
            "polars": pl.Series([1, None]),
            "sparse": sp.eye(2),
            5: [True, False],
        }
    )
    assert same(table["list"], [1, NAN])
    assert table["matrix"].dtype == np.float32
    assert table["image"].shape == (2, 3, 4)
    assert words(table["series"]) == ["a", None]
    assert same(table["polars"], [1, NAN])
    assert table["sparse"].shape == (2, 2)
    assert same(table["5"], [1, 0])


def test_tensors():
    tf = pytest.importorskip("tensorflow")
    sparse = tf.SparseTensor([[0, 0], [2, 0], [2, 1]], ["a", "b", "c"], [3, 2])
    table = as_table(
        {
            "dense": tf.constant([1.0, 2.0, 3.0]),
            "words": tf.constant(["a", "b", "c"]),
            "sparse": sparse,
            "ragged": tf.ragged.constant([[1, 2], [], [3]]),
        }
    )
    assert same(table["dense"], [1, 2, 3])
    assert words(table["words"]) == ["a", "b", "c"]
    assert table["sparse"].values.tolist() == ["a", "b", "c"]
    assert table["sparse"].row_splits.tolist() == [0, 1, 1, 3]
    assert table["ragged"].row_splits.tolist() == [0, 2, 2, 3]


@pytest.mark.parametrize(
    "rows", [slice(1, 3), np.array([2, 0]), np.array([True, False, True])], ids=str
)
def test_take_selects_rows_of_every_kind_of_column(rows):
    lists = [["a"], [], ["b", "c"]]
    table = as_table({"n": [1, 2, 3], "s": ["x", None, "y"], "tags": lists, "sp": sp.eye(3)})
    taken, order = table.take(rows), np.arange(3)[rows]
    assert taken.n_rows == len(order)
    assert same(taken["n"], order + 1)
    assert words(taken["s"]) == [["x", None, "y"][i] for i in order]
    assert same(taken["sp"].toarray(), np.eye(3)[order])
    assert isinstance(taken["tags"], Ragged)
    assert taken["tags"].values.tolist() == sum((lists[i] for i in order), [])
    assert taken["tags"].lengths.tolist() == [len(lists[i]) for i in order]


def test_tables_are_joined_row_after_row():
    pieces = [
        {"n": [1, 2], "s": [None, None], "tags": [["a", "b"], ["c"]], "ids": [[1, 2], [3, 4]]},
        {"n": [None], "s": ["x"], "tags": [[]], "ids": [[5]]},
        {"n": [0.5], "s": ["y"], "tags": [["d"]], "ids": [[]]},
    ]
    table = concatenated([as_table(piece) for piece in pieces])
    assert same(table["n"], [1, 2, NAN, 0.5])
    assert words(table["s"]) == [None, None, "x", "y"]
    assert table["tags"].values.tolist() == ["a", "b", "c", "d"]
    assert table["tags"].lengths.tolist() == [2, 1, 0, 1]
    assert table["ids"].values.dtype.kind == "i"
    assert table["ids"].row_splits.tolist() == [0, 2, 4, 5, 5]
    assert concatenated([as_table(sp.eye(2)), as_table(sp.eye(2))])[EMPTY].shape == (4, 2)
    with pytest.raises(ValueError, match="one lacks a"):
        concatenated([as_table({"a": [1]}), as_table({"b": [1]})])


def test_strings_of_several_tables_are_coded_alike():
    pieces = [["b", "a", None], ["c", "a", ""], ["b"], [1.5]]
    tables = [as_table({"s": piece}) for piece in pieces]
    assert words(concatenated(tables[:3])["s"]) == ["b", "a", None, "c", "a", "", "b"]
    taken = tables[0].take(np.array([2, 1]))  # its values still have the "b"
    assert words(concatenated([tables[1], taken])["s"]) == ["c", "a", "", None, "a"]
    assert words(concatenated([tables[0], tables[3]])["s"]) == ["b", "a", None, "1.5"]
    lists = as_table({"s": [["x", "y"], []]})
    joint = concatenated([tables[0], lists, tables[1]])["s"]
    assert joint.values.tolist() == ["b", "a", "x", "y", "c", "a"]
    assert joint.lengths.tolist() == [1, 1, 0, 2, 0, 1, 1, 0]


def test_empty_tables_have_no_rows():
    assert as_table(np.empty((0, 3))).n_rows == 0
    assert as_table(pd.DataFrame({"a": pd.Series([], dtype="str")})).n_rows == 0


def test_a_table_is_its_own_table():
    table = as_table([[1.0]])
    assert as_table(table) is table
    assert isinstance(table, Table)


@pytest.mark.parametrize(
    ("X", "error", "words"),
    [
        (None, TypeError, "NoneType"),
        ("text", TypeError, "of type str"),
        (np.float64(3), ValueError, "single value 3"),
        ({}, ValueError, "at least one column"),
        ({"a": [1, 2], "b": [1]}, ValueError, "a: 2, b: 1"),
        ({"a": 3}, ValueError, "'a'.*single value 3"),
        ([[1, 2], [3]], ValueError, "equally long"),
        (np.array([[1j]]), ValueError, "Complex data not supported"),
        (pd.DataFrame({"z": [1j]}), ValueError, "Column 'z'.*complex"),
        (np.array([[1, {}]], object), TypeError, "Column '1'.*dict"),
        (np.array([[{}, 1]], object), TypeError, "argument must be .* string.* number"),
        ({"deep": [[[1], [2, 3]], [[4]]]}, TypeError, "'deep'.*list"),
        (pl.DataFrame({"s": [{"a": 1}]}), TypeError, "Column 's'.*dict"),
        (pl.DataFrame({"t": [dt.time(1)]}), TypeError, "Column 't'.*time"),
        (pd.DataFrame([[1, 2]], columns=["a", "a"]), ValueError, "different names.*'a'"),
        (pd.DataFrame([[1, 2]], columns=[1, "1"]), ValueError, "'1' stands twice"),
        ({"f": pd.DataFrame({"a": [1]})}, TypeError, "'f'.*frame"),
        ({"b": np.array([b"\xff"])}, ValueError, "'b'.*UTF-8"),
        ({"s": sp.csr_array(np.array([[1j]]))}, ValueError, "'s'.*complex"),
    ],
)
def test_what_cannot_be_read_is_named(X, error, words):
    with pytest.raises(error, match=f"(?s){words}"):
        as_table(X)


def test_infinities_are_named():
    check_finite(as_table({"a": [1.0, NAN], "s": ["inf", "x"], "n": [1, 2]}))
    check_finite(as_table(np.full((2, 2), 1e308)))  # whose sum is too large
    with pytest.raises(ValueError, match="Columns: a, tags, m"):
        check_finite(
            as_table(
                {
                    "a": [np.inf, NAN],
                    "ok": [1.0, 2],
                    "tags": [[], [np.inf]],
                    "m": sp.diags([1, np.inf]),
                }
            )
        )
    with pytest.raises(ValueError, match="X contains infinity or a value too large for"):
        check_finite(as_table([[1.0, -np.inf]]))
