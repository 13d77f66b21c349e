"""Local frames on their way: what has a type there, what is refused by name, pieces in bounds."""

from __future__ import annotations

import datetime as dt
import decimal
import io
from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from emr_nb.errors import UsageError
from emr_nb.results import parquet_out
from emr_nb.results.outgoing import Outgoing, is_frame, outgoing
from emr_nb.results.parquet_out import ParquetOut
from emr_nb.results.result import Result

UTC = dt.UTC
D = decimal.Decimal


def written(value: Any) -> pa.Table:
    """What Parquet holds of a frame, under its own names."""
    frame = outgoing(value, "df")
    data = b"".join(ParquetOut(frame))
    table = pq.read_table(io.BytesIO(data))
    return table.rename_columns([frame.columns[at].name for at in frame.written])


def types(value: Any) -> dict[str, Any]:
    return {c.name: c.way.final for c in outgoing(value, "df").columns}


class TestRefusals:
    @pytest.mark.parametrize(
        ("column", "words"),
        [
            (pa.array([1], pa.time32("s")), "time of day"),
            (pa.array([1], pa.time64("ns")), "time of day"),
            (pa.array([[{}]], pa.list_(pa.struct([]))), "struct without fields"),
            (
                pa.array([None], pa.map_(pa.struct([("n", pa.null())]), pa.int8())),
                "keys have no type",
            ),
            (pa.array([b"0" * 16], pa.uuid()), "no such type"),
            (pa.array([None], pa.decimal256(76, 50)), "50 digits behind the point"),
        ],
    )
    def test_a_type_without_a_way_is_named(self, column: pa.Array, words: str) -> None:
        with pytest.raises(UsageError, match=rf"df: column 'x' \(.*{words}"):
            outgoing(pa.table({"ok": pa.nulls(1), "x": column}), "df")

    @pytest.mark.parametrize(
        ("column", "words"),
        [
            (pa.array([1001], pa.timestamp("ns")), "lose data: 1001"),
            (pa.array([1001], pa.timestamp("ns", "UTC")), "lose data: 1001"),
            (pa.array([2**62], pa.timestamp("s")), "out of bounds"),
            (pa.array([1], pa.duration("ns")), "lose data: 1"),
            (pa.array([1], pa.int64()).view(pa.date64()), "lose data: 1"),
            (pa.array([D("9" * 39)], pa.decimal256(40, 0)), "precision 38"),
            (pa.array([pa.MonthDayNano([1, 2, 0])]), "days or nanoseconds beside months"),
            (pa.array([[1001]], pa.list_(pa.timestamp("ns"))), "lose data: 1001"),
        ],
    )
    def test_a_value_that_would_change_is_named(self, column: pa.Array, words: str) -> None:
        with pytest.raises(UsageError, match=rf"df: column 'x' \(.*exactly: .*{words}"):
            written(pa.table({"x": column}))

    @pytest.mark.parametrize(
        "value",
        [pa.chunked_array([[1]]), pa.RecordBatchReader],
        ids=["array", "class"],
    )
    def test_what_is_no_table_says_so(self, value: Any) -> None:
        assert is_frame(value)
        with pytest.raises(UsageError, match="gives no table as Arrow"):
            outgoing(value, "df")


class TestPandas:
    def test_dtypes(self) -> None:
        frame = pd.DataFrame(
            {
                "i": pd.array([1, None], "Int64"),
                "u": np.array([0, 2**64 - 1], "uint64"),
                "f": pd.array([1.5, None], "Float64"),
                "b": pd.array([True, None], "boolean"),
                "s": ["x", None],
                "c": pd.Categorical(["x", None]),
                "t": pd.to_datetime(["2020-01-01", None]),
                "z": pd.to_datetime(["2020-01-01", None]).tz_localize("Asia/Kolkata"),
                "d": pd.to_timedelta([1, None], unit="s"),
                "e": pd.array([D("1.10"), None], pd.ArrowDtype(pa.decimal128(38, 18))),
            }
        )
        assert types(frame) == {
            "i": "long",
            "u": "decimal(20,0)",
            "f": "double",
            "b": "boolean",
            "s": "string",
            "c": "string",
            "t": "timestamp_ntz",
            "z": "timestamp",
            "d": "interval day to second",
            "e": "decimal(38,18)",
        }
        made = written(frame).to_pydict()
        assert [made[name][1] for name in "ifbsctzde"] == [None] * 9
        assert made["u"] == [D(0), D(2**64 - 1)]
        assert made["z"][0] == dt.datetime(2019, 12, 31, 18, 30, tzinfo=UTC)
        assert made["d"][0] == 1_000_000

    def test_nan_is_null_and_it_is_said_but_not_where_pandas_tells_them_apart(self) -> None:
        both = pa.array([float("nan"), None])
        frame = pd.DataFrame({"x": [1.0, float("nan")]})
        frame["y"] = pd.Series(pd.arrays.ArrowExtensionArray(both))
        assert "NaN in 'x' became null" in outgoing(frame, "df").notices[0]
        made = written(frame)
        assert made.column("x").to_pylist() == [1.0, None]
        assert [str(v) for v in made.column("y").to_pylist()] == ["nan", "None"]

    @pytest.mark.parametrize(
        ("values", "kind"),
        [
            ([D("1.10"), D("100")], "decimal(5,2)"),
            ([2**64, -1], "decimal(38,0)"),
            ([1, 2.5], "double"),
            ([np.int64(1), None, pd.NA], "long"),
            ([None, float("nan")], "void"),
            ([b"x", bytearray(b"y")], "binary"),
            ([dt.date(2020, 1, 1)], "date"),
            ([dt.datetime(2020, 1, 1), pd.NaT], "timestamp_ntz"),  # noqa: DTZ001
            ([dt.datetime(2020, 1, 1, tzinfo=UTC)], "timestamp"),
        ],
    )
    def test_objects_of_one_family(self, values: list[Any], kind: str) -> None:
        frame = pd.DataFrame({"x": pd.Series(values, dtype=object)})
        assert types(frame) == {"x": kind}
        if kind != "void":
            assert written(frame).num_rows == len(values)

    @pytest.mark.parametrize(
        ("values", "words"),
        [
            ([1, "a"], "int and str"),
            ([b"a", "a"], "bytes and str"),
            ([True, 1], "bool and int"),
            ([dt.date(2020, 1, 1), dt.datetime(2020, 1, 1)], "date and datetime"),  # noqa: DTZ001
            ([dt.datetime(2020, 1, 1), dt.datetime(2020, 1, 1, tzinfo=UTC)], "with time zone"),  # noqa: DTZ001
            ([[1], ["a"]], "int and str"),
            ([{"a": 1}, {"a": [1]}], "int and list"),
            ([pd.Timestamp(1001, unit="ns")], "nanoseconds"),
            ([pd.Timedelta(1001, unit="ns")], "nanoseconds"),
            ([D("NaN")], "no finite number"),
            ([10**39], "38 digits"),
            ([[2**64]], "64 bits inside"),
            ([{1: 2}], "no text"),
            ([1j], "builtins.complex"),
            ([object()], "builtins.object"),
        ],
    )
    def test_mixtures_that_arrow_would_change_are_refused(
        self, values: list[Any], words: str
    ) -> None:
        frame = pd.DataFrame({"x": pd.Series(values, dtype=object)})
        with pytest.raises(UsageError, match=rf"df: column 'x' \(object\).*{words}"):
            outgoing(frame, "df")

    def test_integers_that_no_double_holds_are_not_rounded(self) -> None:
        frame = pd.DataFrame({"x": pd.Series([2**53 + 1, 2.5], dtype=object)})
        with pytest.raises(UsageError, match="9007199254740993"):
            written(frame)

    def test_an_index_goes_along_only_with_a_name(self) -> None:
        plain = pd.DataFrame({"x": [1, 2]})
        assert outgoing(plain, "df").notices == ()
        cut = outgoing(plain.set_axis(["a", "b"]), "df")
        assert [c.name for c in cut.columns] == ["x"]
        assert "was left out" in cut.notices[0]
        named = outgoing(plain.set_index(pd.Index(["a", "b"], name="x")), "df")
        assert [c.name for c in named.columns] == ["x", "x"]
        assert "The index became 'x'" in named.notices[0]
        index = pd.MultiIndex.from_tuples([(1, "a"), (2, "b")], names=["n", None])
        made = written(pd.DataFrame({"x": [1, 2]}, index=index))
        assert made.to_pydict() == {"n": [1, 2], "level_1": ["a", "b"], "x": [1, 2]}

    def test_labels_that_are_no_texts(self) -> None:
        frame = outgoing(pd.DataFrame([[1, 2]], columns=[0, 0]), "df")
        assert [c.name for c in frame.columns] == ["0", "0"]
        assert "sent as their texts" in frame.notices[0]
        levels = pd.MultiIndex.from_tuples([("a", "b")])
        with pytest.raises(UsageError, match="2 levels"):
            outgoing(pd.DataFrame([[1]], columns=levels), "df")


class TestShapes:
    def test_pieces_are_bounded_and_in_order(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(parquet_out, "GROUP_ROWS", 100)
        batches = [pa.record_batch({"n": range(at, at + 30)}) for at in range(0, 900, 30)]
        table = pa.Table.from_batches([*batches, pa.record_batch({"n": range(900, 1450)})])
        out = ParquetOut(outgoing(table, "df"))
        data = b"".join(out)
        assert (out.rows, out.bytes) == (1450, len(data))
        file = pq.ParquetFile(io.BytesIO(data))
        assert file.read().column(0).to_pylist() == list(range(1450))
        sizes = [file.metadata.row_group(at).num_rows for at in range(file.num_row_groups)]
        assert max(sizes) < 200

    def test_wide_rows_make_small_groups(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(parquet_out, "GROUP_BYTES", 1 << 20)
        table = pa.table({"t": ["x" * 10_000] * 500})
        data = b"".join(ParquetOut(outgoing(table, "df")))
        assert pq.ParquetFile(io.BytesIO(data)).num_row_groups == 3

    def test_a_stream_is_read_once_and_counted(self) -> None:
        def batches() -> Iterator[pa.RecordBatch]:
            yield pa.record_batch({"n": [1, 2]})
            yield pa.record_batch({"n": [3]})

        reader = pa.RecordBatchReader.from_batches(pa.schema([("n", pa.int64())]), batches())
        frame = outgoing(reader, "df")
        assert frame.source.rows is None
        out = ParquetOut(frame)
        assert len(b"".join(out))
        assert out.rows == 3

    def test_a_result_and_a_frame_that_shrinks(self) -> None:
        result = Result(pa.table({"a": [1]}), ())
        assert outgoing(result, "r").source.rows == 1
        shrinking = outgoing(pa.table({"a": [1, 2]}), "df")
        source = shrinking.source.__class__(shrinking.source.schema, 3, shrinking.source.batches)
        with pytest.raises(UsageError, match="2 of 3 rows"):
            b"".join(ParquetOut(Outgoing("df", shrinking.columns, source)))

    def test_nulls_without_a_type_are_not_written(self) -> None:
        frame = outgoing(pa.table({"n": pa.nulls(2), "a": [1, 2]}), "df")
        assert frame.written == [1]
        assert frame.described() == [
            {"name": "n", "read": None, "sql": "null", "type": None},
            {"name": "a", "read": "long", "sql": "c1", "type": None},
        ]

    def test_nulls_inside_and_names_of_fields_are_spelled_by_position(self) -> None:
        kind = pa.struct([("v`", pa.null()), ("l", pa.list_(pa.null())), ("i", pa.int8())])
        (told,) = outgoing(pa.table({"s": pa.array([None], kind)}), "df").described()
        assert told["sql"] == (
            "if(isnull(c0), null, named_struct('f0', null, "
            "'f1', transform(c0.f1, x0 -> null), 'f2', c0.f2))"
        )
        assert [f["name"] for f in told["read"]["fields"]] == ["f0", "f1", "f2"]
        assert [f["name"] for f in told["type"]["fields"]] == ["v`", "l", "i"]


def test_polars_frames() -> None:
    pl = pytest.importorskip("polars")
    frame = pl.DataFrame(
        {
            "s": ["x", None],
            "c": pl.Series(["a", "b"], dtype=pl.Categorical),
            "e": pl.Series(["a", None], dtype=pl.Enum(["a", "b"])),
            "d": pl.Series([D("1.10"), None], dtype=pl.Decimal(10, 2)),
            "t": pl.Series([dt.datetime(2020, 1, 1, tzinfo=UTC), None]),
            "l": [[1], None],
            "u": pl.Series([255, None], dtype=pl.UInt8),
            "f": [float("nan"), None],
        }
    )
    assert types(frame) == {
        "s": "string",
        "c": "string",
        "e": "string",
        "d": "decimal(10,2)",
        "t": "timestamp",
        "l": {"type": "array", "elementType": "long", "containsNull": True},
        "u": "short",
        "f": "double",
    }
    made = written(frame).to_pydict()
    assert made["e"] == ["a", None]
    assert str(made.pop("f")) == "[nan, None]"
    with pytest.raises(UsageError, match=r"column 't' \(time64\[ns\]\)"):
        outgoing(pl.DataFrame({"t": [dt.time(1)]}), "df")


INTS = st.lists(st.one_of(st.none(), st.integers(-(2**63), 2**63 - 1)), max_size=6)
NESTED = {
    "list": (pa.list_(pa.int64()), st.lists(st.one_of(st.none(), INTS), max_size=20)),
    "large": (pa.large_list(pa.int64()), st.lists(st.one_of(st.none(), INTS), max_size=20)),
    "view": (pa.list_view(pa.int64()), st.lists(st.one_of(st.none(), INTS), max_size=20)),
    "fixed": (
        pa.list_(pa.int64(), 3),
        st.lists(
            st.one_of(st.none(), st.lists(st.integers(0, 9), min_size=3, max_size=3)), max_size=20
        ),
    ),
    "map": (
        pa.map_(pa.string(), pa.int64()),
        st.lists(
            st.one_of(st.none(), st.lists(st.tuples(st.text(max_size=3), st.integers(0, 9)))),
            max_size=20,
        ),
    ),
}


@pytest.mark.parametrize("kind", NESTED)
@settings(max_examples=40, deadline=None)
@given(data=st.data())
def test_nested_slices_keep_their_values(kind: str, data: st.DataObject) -> None:
    arrow, strategy = NESTED[kind]
    values = data.draw(strategy)
    start = data.draw(st.integers(0, len(values)))
    array = pa.array(values, arrow)[start:]
    way = outgoing(pa.table({"x": array}), "df").columns[0].way
    made = way.convert(array)
    made.validate(full=True)
    assert made.to_pylist() == array.to_pylist()
