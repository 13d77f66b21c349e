"""Every Spark SQL type: literals, what Arrow and pandas make of them, how to compare."""

from __future__ import annotations

import datetime as dt
import decimal
import math
from dataclasses import dataclass
from typing import Any

import pandas as pd
import pyarrow as pa

from emr_nb.results.pandas import python_values
from emr_nb.results.result import Result

ZONE = "America/New_York"
NO = None


@dataclass(frozen=True)
class Case:
    """One type: SQL literals and, beside each, what Arrow stores for it."""

    spark: str
    arrow: pa.DataType
    values: tuple[tuple[str, Any], ...]
    dtype: str  # pandas, with a null among the values


def calendar() -> pa.DataType:
    parts = [("months", pa.int32()), ("days", pa.int32()), ("microseconds", pa.int64())]
    return pa.struct([pa.field(name, kind, nullable=False) for name, kind in parts])


def element(kind: pa.DataType) -> pa.DataType:
    return pa.list_(pa.field("element", kind))


D = decimal.Decimal
MONTHS = pa.month_day_nano_interval()
CASES = [
    Case("boolean", pa.bool_(), (("true", True), ("false", False)), "boolean"),
    Case("tinyint", pa.int8(), (("-128Y", -128), ("127Y", 127), ("0Y", 0)), "Int8"),
    Case("smallint", pa.int16(), (("-32768S", -32768), ("32767S", 32767)), "Int16"),
    Case("int", pa.int32(), (("-2147483648", -(2**31)), ("2147483647", 2**31 - 1)), "Int32"),
    Case(
        "bigint",
        pa.int64(),
        (
            ("-9223372036854775807L - 1L", -(2**63)),
            ("9223372036854775807L", 2**63 - 1),
            ("9007199254740993L", 2**53 + 1),
        ),
        "Int64",
    ),
    Case(
        "float",
        pa.float32(),
        (
            ("float('NaN')", math.nan),
            ("float('Infinity')", math.inf),
            ("float('-Infinity')", -math.inf),
            ("float('-0.0')", -0.0),
            ("float('1.4E-45')", 1.401298464324817e-45),
            ("float('3.4028235E38')", 3.4028234663852886e38),
            ("float('0.1')", 0.10000000149011612),
        ),
        "float[pyarrow]",
    ),
    Case(
        "double",
        pa.float64(),
        (
            ("double('NaN')", math.nan),
            ("double('Infinity')", math.inf),
            ("double('-Infinity')", -math.inf),
            ("double('-0.0')", -0.0),
            ("double('4.9E-324')", 5e-324),
            ("double('1.7976931348623157E308')", 1.7976931348623157e308),
            ("0.1D", 0.1),
        ),
        "double[pyarrow]",
    ),
    Case("double", pa.float64(), (("1.5D", 1.5), ("-2D", -2.0)), "float64"),
    Case(
        "decimal(38,18)",
        pa.decimal128(38, 18),
        (
            ("99999999999999999999.999999999999999999BD", D("9" * 20 + "." + "9" * 18)),
            ("-99999999999999999999.999999999999999999BD", D("-" + "9" * 20 + "." + "9" * 18)),
            ("0.000000000000000001BD", D("0.000000000000000001")),
        ),
        "decimal128(38, 18)[pyarrow]",
    ),
    Case(
        "decimal(38,0)",
        pa.decimal128(38, 0),
        (("9" * 38, D("9" * 38)),),
        "decimal128(38, 0)[pyarrow]",
    ),
    Case(
        "decimal(5,2)",
        pa.decimal128(5, 2),
        (("-999.99", D("-999.99")), ("1.10", D("1.10"))),
        "decimal128(5, 2)[pyarrow]",
    ),
    Case(
        "string",
        pa.string(),
        (
            ("''", ""),
            ("'02134'", "02134"),
            ("'2020-01'", "2020-01"),
            ("'1e5'", "1e5"),
            ("'NaN'", "NaN"),
            ("'null'", "null"),
            ("string(unbase64('YQBiG1szMW0NCuKAqMOp8J+YgA=='))", "a\0b\x1b[31m\r\n\u2028é😀"),
            ("repeat('x', 70000)", "x" * 70000),
            ("'</emr_nb>'", "</emr_nb>"),
        ),
        "str",
    ),
    Case("binary", pa.binary(), (("X''", b""), ("X'00FF0A'", b"\x00\xff\x0a")), "object"),
    Case(
        "date",
        pa.date32(),
        (
            ("date'0001-01-01'", -719162),
            ("date'9999-12-31'", 2932896),
            ("date'1582-10-04'", -141438),
            ("date'1582-10-15'", -141427),
            ("date'2020-02-29'", 18321),
            ("date'+12345-01-01'", 3789391),
        ),
        "date32[day][pyarrow]",
    ),
    Case(
        "timestamp",
        pa.timestamp("us", ZONE),
        (
            ("timestamp'2020-03-08 02:30:00'", 1583652600000000),  # in the gap: 03:30 EDT
            ("timestamp'2020-11-01 01:30:00 America/New_York'", 1604208600000000),
            ("timestamp'2020-11-01 06:30:00Z'", 1604212200000000),
            ("timestamp'0001-01-01 00:00:00Z'", -62135596800000000),
            ("timestamp'9999-12-31 23:59:59.999999Z'", 253402300799999999),
            ("timestamp_micros(1)", 1),
            ("timestamp'1883-11-18 12:00:00Z'", -2717668800000000),
        ),
        f"datetime64[us, {ZONE}]",
    ),
    Case(
        "timestamp_ntz",
        pa.timestamp("us"),
        (
            ("timestamp_ntz'2020-03-08 02:30:00'", 1583634600000000),
            ("timestamp_ntz'0001-01-01 00:00:00'", -62135596800000000),
            ("timestamp_ntz'9999-12-31 23:59:59.999999'", 253402300799999999),
        ),
        "datetime64[us]",
    ),
    Case(
        "interval year to month",
        MONTHS,
        (
            ("interval '1-2' year to month", pa.MonthDayNano([14, 0, 0])),
            ("interval '-178956970-8' year to month", pa.MonthDayNano([-(2**31), 0, 0])),
            ("interval '178956970-7' year to month", pa.MonthDayNano([2**31 - 1, 0, 0])),
        ),
        "object",
    ),
    Case(
        "interval year", MONTHS, (("interval '-3' year", pa.MonthDayNano([-36, 0, 0])),), "object"
    ),
    Case(
        "interval month", MONTHS, (("interval '17' month", pa.MonthDayNano([17, 0, 0])),), "object"
    ),
    Case(
        "interval day to second",
        pa.duration("us"),
        (
            ("interval '1 02:03:04.000005' day to second", 93784000005),
            ("interval '106751991 04:00:54.775807' day to second", 2**63 - 1),
            ("interval '-106751991 04:00:54.775807' day to second", -(2**63) + 1),
        ),
        "timedelta64[us]",
    ),
    Case(
        "interval day to second",
        pa.duration("us"),
        (("interval '-106751991 04:00:54.775808' day to second", -(2**63)),),
        "duration[us][pyarrow]",
    ),
    Case(
        "interval hour",
        pa.duration("us"),
        (("interval '-5' hour", -18000000000),),
        "timedelta64[us]",
    ),
    Case(
        "interval",
        calendar(),
        (
            (
                "make_interval(1, 2, 3, 4, 5, 6, 7.000008)",
                {"months": 14, "days": 25, "microseconds": 18367000008},
            ),
            (
                "make_interval(0, -1, 0, -2, -3, -4, -5.5)",
                {"months": -1, "days": -2, "microseconds": -11045500000},
            ),
            ("make_interval()", {"months": 0, "days": 0, "microseconds": 0}),
        ),
        "object",
    ),
    Case("void", pa.null(), (("null", NO),), "object"),
    Case(
        "array<int>",
        element(pa.int32()),
        (("array()", []), ("array(1, null, 3)", [1, None, 3])),
        "object",
    ),
    Case("array<void>", element(pa.null()), (("array(null)", [None]),), "object"),
    Case(
        "array<array<string>>",
        element(element(pa.string())),
        (("array(array('a', null), null, array())", [["a", None], None, []]),),
        "object",
    ),
    Case(
        "map<string,int>",
        pa.map_(pa.field("key", pa.string(), nullable=False), pa.field("value", pa.int32())),
        (("map()", []), ("map('z', 1, 'a', null)", [("z", 1), ("a", None)])),
        "object",
    ),
    Case(
        "map<struct<a:int>,array<binary>>",
        pa.map_(
            pa.field("key", pa.struct([pa.field("a", pa.int32())]), nullable=False),
            pa.field("value", element(pa.binary())),
        ),
        (("map(named_struct('a', 1), array(X'00', null))", [({"a": 1}, [b"\0", None])]),),
        "object",
    ),
    Case(
        "struct<a:int,b:struct<c:string>>",
        pa.struct([("a", pa.int32()), ("b", pa.struct([("c", pa.string())]))]),
        (
            ("named_struct('a', 1, 'b', named_struct('c', 'x'))", {"a": 1, "b": {"c": "x"}}),
            ("named_struct('a', null, 'b', null)", {"a": None, "b": None}),
        ),
        "object",
    ),
    Case(
        "array<struct<i:interval,m:interval month>>",
        element(pa.struct([("i", calendar()), ("m", MONTHS)])),
        (
            (
                "array(named_struct('i', make_interval(0,1), 'm', interval '5' month), null)",
                [
                    {
                        "i": {"months": 1, "days": 0, "microseconds": 0},
                        "m": pa.MonthDayNano([5, 0, 0]),
                    },
                    None,
                ],
            ),
        ),
        "object",
    ),
    Case(
        "map<date,interval>",
        pa.map_(pa.field("key", pa.date32(), nullable=False), pa.field("value", calendar())),
        (
            (
                "map(date'0001-01-01', make_interval(0,0,0,3), date'2020-01-01', null)",
                [
                    (dt.date(1, 1, 1), {"months": 0, "days": 3, "microseconds": 0}),
                    (dt.date(2020, 1, 1), None),
                ],
            ),
        ),
        "object",
    ),
    Case(
        "struct<t:timestamp,d:decimal(20,3),f:double>",
        pa.struct(
            [("t", pa.timestamp("us", ZONE)), ("d", pa.decimal128(20, 3)), ("f", pa.float64())]
        ),
        (
            (
                (
                    "named_struct('t', timestamp'1900-01-01 00:00:00Z', "
                    "'d', 1.100BD, 'f', double('Infinity'))"
                ),
                {"t": dt.datetime(1900, 1, 1, tzinfo=dt.UTC), "d": D("1.100"), "f": math.inf},
            ),
        ),
        "object",
    ),
]


def stored(column: pa.ChunkedArray) -> list[Any]:
    """The stored numbers of a date, time or duration; Python's own types cannot hold them all."""
    kind = column.type
    if pa.types.is_date32(kind):
        return [v for chunk in column.chunks for v in chunk.view(pa.int32()).to_pylist()]
    if pa.types.is_timestamp(kind) or pa.types.is_duration(kind):
        return [v for chunk in column.chunks for v in chunk.view(pa.int64()).to_pylist()]
    return python_values(column)


def same(one: Any, other: Any) -> bool:
    """Equal, NaN to NaN, and -0.0 not to 0.0."""
    if isinstance(one, float) and isinstance(other, float):
        return (math.isnan(one) and math.isnan(other)) or (
            one == other and math.copysign(1, one) == math.copysign(1, other)
        )
    return type(one) is type(other) and one == other


def column_of(at: int, case: Case) -> str:
    """All values of a case in one column, row by row, and nulls below them."""
    whens = " ".join(f"when {row} then {sql}" for row, (sql, _) in enumerate(case.values))
    value = f"case id {whens} end"
    if case.spark not in {"void", "array<void>"} and not case.spark.startswith("interval"):
        value = f"cast({value} as {case.spark})"
    return f"{value} as c{at}"


ROWS = max(len(case.values) for case in CASES) + 1


def query_of_all() -> str:
    """All cases by one query, a column each."""
    columns = ", ".join(column_of(at, case) for at, case in enumerate(CASES))
    return f"select {columns} from range(0, {ROWS}, 1, 2) order by id"


def check(result: Result, at: int) -> None:
    """Assert that the column of a case is exact, in Arrow and in pandas."""
    case, column = CASES[at], result.table.column(at)
    expected = [value for _, value in case.values] + [None] * (ROWS - len(case.values))
    assert loose(column.type) == loose(case.arrow), (case.spark, column.type)
    assert result.columns[at].engine_type == case.spark
    got = stored(column)
    assert len(got) == len(expected)
    assert all(same(g, e) for g, e in zip(got, expected, strict=True)), (got, expected)
    check_pandas(result.to_pandas()[f"c{at}"], case, column)


def loose(kind: pa.DataType) -> str:
    """A type's text without what literals decide of nullability inside."""
    return str(kind).replace(" not null", "")


def check_pandas(series: pd.Series, case: Case, column: pa.ChunkedArray) -> None:
    wanted = case.dtype
    if wanted == "str" and int(pd.__version__.split(".")[0]) < 3:
        wanted = "object"
    assert str(series.dtype) == wanted
    assert len(series) == len(column)
    if wanted == "object":
        assert list(series) == python_values(column)
        return
    back = pa.array(series, type=column.type, from_pandas=not wanted.endswith("[pyarrow]"))
    if isinstance(back, pa.ChunkedArray):
        back = back.combine_chunks()
    there, here = stored(pa.chunked_array([back])), stored(column)
    assert all(same(a, b) for a, b in zip(there, here, strict=True)), (there, here)
