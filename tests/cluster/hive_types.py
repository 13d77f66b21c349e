"""Every type of Hive with its edge values: HiveQL, the Arrow type, and the exact value."""

# ruff: noqa: DTZ001 -- Hive's timestamps have no zone

from __future__ import annotations

import datetime as dt
import re
from decimal import Decimal
from typing import Any

import pyarrow as pa

NAN = float("nan")
BIG = "12345678901234567890.123456789012345678"

# HiveQL, the Arrow type, the value
VALUES: tuple[tuple[str, pa.DataType, Any], ...] = (
    ("true", pa.bool_(), True),
    ("cast(-128 as tinyint)", pa.int8(), -128),
    ("cast(127 as tinyint)", pa.int8(), 127),
    ("cast(-32768 as smallint)", pa.int16(), -32768),
    ("cast(2147483647 as int)", pa.int32(), 2147483647),
    ("cast('-9223372036854775808' as bigint)", pa.int64(), -(2**63)),
    ("cast('9223372036854775807' as bigint)", pa.int64(), 2**63 - 1),
    ("cast('1.1' as float)", pa.float32(), 1.100000023841858),
    ("cast('3.4028235E38' as float)", pa.float32(), 3.4028234663852886e38),
    ("cast('1.7976931348623157E308' as double)", pa.float64(), 1.7976931348623157e308),
    ("cast('4.9E-324' as double)", pa.float64(), 5e-324),
    ("cast('-0.0' as double)", pa.float64(), 0.0),  # Hive itself sends it without its sign
    ("cast('NaN' as double)", pa.float64(), NAN),
    ("cast('-Infinity' as double)", pa.float64(), float("-inf")),
    (f"cast('{BIG}' as decimal(38,18))", pa.decimal128(38, 18), Decimal(BIG)),
    ("cast('0.10' as decimal(5,2))", pa.decimal128(5, 2), Decimal("0.10")),
    ("cast('-99999' as decimal(5,0))", pa.decimal128(5, 0), Decimal(-99999)),
    ("''", pa.string(), ""),
    (r"'a\"b\\\\c\\n\\t\;é😀--x'", pa.string(), 'a"b\\\\c\\n\\t;é😀--x'),
    ("cast('abc' as varchar(2))", pa.string(), "ab"),
    ("cast('ab' as char(4))", pa.string(), "ab  "),
    ("unhex('00ff10')", pa.binary(), b"\x00\xff\x10"),
    ("date '0001-01-01'", pa.date32(), dt.date(1, 1, 1)),
    ("date '9999-12-31'", pa.date32(), dt.date(9999, 12, 31)),
    ("timestamp '2013-01-01 05:15:00'", pa.timestamp("us"), dt.datetime(2013, 1, 1, 5, 15)),
    (
        "timestamp '1969-12-31 23:59:59.999999'",
        pa.timestamp("us"),
        dt.datetime(1969, 12, 31, 23, 59, 59, 999999),
    ),
    ("timestamp '0001-01-01 00:00:00'", pa.timestamp("us"), dt.datetime(1, 1, 1)),
    # a time that a zone with summer time skips: Hive's timestamps have no zone
    ("timestamp '2024-03-10 02:30:00'", pa.timestamp("us"), dt.datetime(2024, 3, 10, 2, 30)),
    (
        "interval '5 04:03:02.5' day to second",
        pa.duration("us"),
        dt.timedelta(days=5, hours=4, minutes=3, seconds=2.5),
    ),
    (
        "interval '-5 04:03:02' day to second",
        pa.duration("us"),
        -dt.timedelta(days=5, hours=4, minutes=3, seconds=2),
    ),
    ("interval '-1-2' year to month", pa.month_day_nano_interval(), (-14, 0, 0)),
    ("null", pa.null(), None),
    ("cast(null as int)", pa.int32(), None),
    ("cast(null as decimal(5,2))", pa.decimal128(5, 2), None),
    ("cast(null as timestamp)", pa.timestamp("us"), None),
    ("array(1, null, 3)", pa.list_(pa.field("element", pa.int32())), [1, None, 3]),
    ("array()", pa.list_(pa.field("element", pa.string())), []),
    (
        "array(cast('NaN' as double), cast('Infinity' as double))",
        pa.list_(pa.field("element", pa.float64())),
        [NAN, float("inf")],
    ),
    (
        f"array(cast('{BIG}' as decimal(38,18)))",
        pa.list_(pa.field("element", pa.decimal128(38, 18))),
        [Decimal(BIG)],
    ),
    ("map(1, true, -2, null)", pa.map_(pa.int32(), pa.bool_()), [(1, True), (-2, None)]),
    (
        "map('a\"b,c:{}', array(date '2020-02-29'))",
        pa.map_(pa.string(), pa.list_(pa.field("element", pa.date32()))),
        [('a"b,c:{}', [dt.date(2020, 2, 29)])],
    ),
    (
        "named_struct('x', 1, 'y', array(timestamp '2013-01-01 05:15:00.5'), 'z', 'null')",
        pa.struct(
            [
                ("x", pa.int32()),
                ("y", pa.list_(pa.field("element", pa.timestamp("us")))),
                ("z", pa.string()),
            ]
        ),
        {"x": 1, "y": [dt.datetime(2013, 1, 1, 5, 15, 0, 500000)], "z": "null"},
    ),
)


def same(got: Any, wanted: Any) -> bool:
    if isinstance(wanted, float) and wanted != wanted:
        return bool(got != got)
    if isinstance(wanted, list):
        return len(got) == len(wanted) and all(map(same, got, wanted))
    if isinstance(wanted, float):
        return got == wanted and str(got) == str(wanted)
    return bool(got == wanted)


def zoned(zone: str) -> tuple[tuple[str, pa.DataType, Any], ...]:
    """Return instants, which Hive shows in the session's zone."""
    berlin = "cast('2013-07-01 05:15:00.25 Europe/Berlin' as timestamp with local time zone)"
    early = "cast('1950-01-01 00:00:00 UTC' as timestamp with local time zone)"
    kind = pa.timestamp("us", zone)
    return (
        (berlin, kind, dt.datetime(2013, 7, 1, 3, 15, 0, 250000, tzinfo=dt.UTC)),
        (early, kind, dt.datetime(1950, 1, 1, tzinfo=dt.UTC)),
    )


def kind_of(sql: str, arrow: pa.DataType) -> str:
    """Return Hive's own name of a case's type."""
    names = {
        "int8": "tinyint",
        "int16": "smallint",
        "int32": "int",
        "int64": "bigint",
        "bool": "boolean",
        "date32[day]": "date",
        "duration[us]": "interval day to second",
        "month_day_nano_interval": "interval year to month",
        "timestamp[us]": "timestamp",
        "null": "void",
    }
    if found := re.search(r"^(array|map)\(|^cast\('.*' as (varchar|char)\(", sql):
        return found[1] or found[2]
    if pa.types.is_timestamp(arrow) and arrow.tz:
        return "timestamp with local time zone"
    plain = str(arrow).partition("(")[0].partition("<")[0]
    return {"decimal128": "decimal"}.get(plain) or names.get(str(arrow), plain)
