"""Every type of Trino with its edge values: SQL, the type's text, and the exact value.

A value is what Arrow's own Python form of it must equal; a text after `ticks:` is the number
that Arrow stores, for what Python's types do not hold.
"""

from __future__ import annotations

import base64
import datetime as dt
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import pyarrow as pa

ZONE = "America/St_Johns"  # half an hour off, with summer time
NAN, INF = float("nan"), float("inf")
wall = dt.datetime.fromisoformat


@dataclass(frozen=True)
class Case:
    """One value: the SQL that makes it, the server's text for its type, and what it is."""

    sql: str
    kind: str
    value: Any

    @property
    def name(self) -> str:
        return self.sql[:60]


@dataclass(frozen=True)
class Ticks:
    """A date or time by what is stored: days, or units since 1970."""

    stored: int


CASES = [
    Case("true", "boolean", True),
    Case("cast(-128 as tinyint)", "tinyint", -128),
    Case("cast(32767 as smallint)", "smallint", 32767),
    Case("-2147483648", "integer", -(2**31)),
    Case("9223372036854775807", "bigint", 2**63 - 1),
    Case("cast('-9223372036854775808' as bigint)", "bigint", -(2**63)),
    Case("9007199254740993", "bigint", 2**53 + 1),
    Case("real '0.1'", "real", 0.10000000149011612),
    Case("real '3.4028235e38'", "real", 3.4028234663852886e38),
    Case("real '1.4e-45'", "real", 1.401298464324817e-45),
    Case("real '7.038531e-26'", "real", 7.03853069185120912085918801325e-26),
    Case("real 'NaN'", "real", NAN),
    Case("real '-Infinity'", "real", -INF),
    Case("real '-0.0'", "real", -0.0),
    Case("1e-323", "double", 1e-323),
    Case("1.7976931348623157e308", "double", 1.7976931348623157e308),
    Case("double '0.1'", "double", 0.1),
    Case("nan()", "double", NAN),
    Case("infinity()", "double", INF),
    Case("-infinity()", "double", -INF),
    Case("-0e0", "double", -0.0),
    Case("decimal '-999.99'", "decimal(5, 2)", Decimal("-999.99")),
    Case("cast(0 as decimal(10, 5))", "decimal(10, 5)", Decimal("0.00000")),
    Case("decimal '99999999999999999999999999999999999999'", "decimal(38, 0)", Decimal("9" * 38)),
    Case("decimal '0.00000000000000000000000000000000000001'", "decimal(38, 38)",
         Decimal("0." + "0" * 37 + "1")),
    Case("decimal '-1234567890123456.789'", "decimal(19, 3)", Decimal("-1234567890123456.789")),
    Case("varchar ''", "varchar", ""),
    Case("varchar 'null'", "varchar", "null"),
    Case("U&'\\00fc\\0001\\000a\\2028\\+01f600'", "varchar(5)", "ü\u0001\n\u2028\U0001f600"),
    Case("'a\"b\\c],[d'", "varchar(9)", 'a"b\\c],[d'),
    Case("cast('ab' as char(5))", "char(5)", "ab   "),
    Case("cast('x' as varchar)", "varchar", "x"),
    Case("X''", "varbinary", b""),
    Case("X'00ff10'", "varbinary", b"\x00\xff\x10"),
    Case("date '2020-02-29'", "date", dt.date(2020, 2, 29)),
    Case("date '0001-01-01'", "date", dt.date(1, 1, 1)),
    Case("date '1582-10-10'", "date", dt.date(1582, 10, 10)),
    Case("date '9999-12-31'", "date", dt.date(9999, 12, 31)),
    Case("date '-0001-01-01'", "date", Ticks(-719893)),
    Case("date '12345-06-07'", "date", Ticks(3789548)),
    Case("time '23:59:59'", "time(0)", dt.time(23, 59, 59)),
    Case("time '00:00:00.001'", "time(3)", dt.time(0, 0, 0, 1000)),
    Case("time '01:02:03.123456'", "time(6)", dt.time(1, 2, 3, 123456)),
    Case("time '01:02:03.123456789'", "time(9)", Ticks(3723123456789)),
    Case("time '01:02:03.123456789012'", "time(12)", "01:02:03.123456789012"),
    Case("time '01:02:03.5 +05:30'", "time(1) with time zone", "01:02:03.5+05:30"),
    Case("timestamp '2020-03-29 02:30:00'", "timestamp(0)", wall("2020-03-29T02:30:00")),
    Case("timestamp '0001-01-01 00:00:00.001'", "timestamp(3)", wall("0001-01-01T00:00:00.001")),
    Case("timestamp '1969-12-31 23:59:59.999999'", "timestamp(6)",
         wall("1969-12-31T23:59:59.999999")),
    Case("timestamp '9999-12-31 23:59:59.999999'", "timestamp(6)",
         wall("9999-12-31T23:59:59.999999")),
    Case("timestamp '10000-01-01 00:00:00'", "timestamp(0)", Ticks(253402300800)),
    Case("timestamp '-0044-03-15 12:00:00'", "timestamp(0)", Ticks(-63549316800)),
    Case("timestamp '2020-01-01 00:00:00.123456789'", "timestamp(9)", Ticks(1577836800123456789)),
    Case("timestamp '1677-09-21 00:12:43.145224193'", "timestamp(9)", Ticks(-(2**63) + 1)),
    Case("timestamp '2020-01-01 00:00:00.123456789012'", "timestamp(12)",
         "2020-01-01 00:00:00.123456789012"),
    Case("timestamp '2020-07-01 12:00:00.123 Europe/Berlin'", "timestamp(3) with time zone",
         wall("2020-07-01T10:00:00.123+00:00")),
    Case("timestamp '2020-07-01 12:00:00.123456 +05:45'", "timestamp(6) with time zone",
         wall("2020-07-01T06:15:00.123456+00:00")),
    Case("timestamp '0001-01-01 00:00:00 UTC'", "timestamp(0) with time zone",
         wall("0001-01-01T00:00:00+00:00")),
    Case("timestamp '2020-01-01 00:00:00.123456789 UTC'", "timestamp(9) with time zone",
         Ticks(1577836800123456789)),
    Case("timestamp '2020-01-01 00:00:00.123456789012 America/St_Johns'",
         "timestamp(12) with time zone", "2020-01-01 00:00:00.123456789012 America/St_Johns"),
    Case("timestamp '1900-01-01 00:00:00 Europe/Berlin'", "timestamp(0) with time zone",
         wall("1899-12-31T23:00:00+00:00")),
    Case("timestamp '1850-01-01 00:00:00 Europe/Berlin'", "timestamp(0) with time zone",
         wall("1849-12-31T23:06:32+00:00")),
    Case("interval '-3' month", "interval year to month", (-3, 0, 0)),
    Case("interval '178956970-7' year to month", "interval year to month", (2**31 - 1, 0, 0)),
    Case("interval '1 02:03:04.567' day to second", "interval day to second",
         dt.timedelta(days=1, hours=2, minutes=3, seconds=4.567)),
    Case("interval '-0.001' second", "interval day to second", dt.timedelta(milliseconds=-1)),
    Case("json '{\"b\":[1,null],\"a\":\"\\u00fc\"}'", "json", '{"a":"ü","b":[1,null]}'),
    Case("uuid '12151fd2-7586-11e9-8f9e-2a86e4085a59'", "uuid",
         "12151fd2-7586-11e9-8f9e-2a86e4085a59"),
    Case("ipaddress '2001:db8::1'", "ipaddress", "2001:db8::1"),
    Case("ipaddress '10.0.0.1'", "ipaddress", "10.0.0.1"),
    Case("null", "unknown", None),
    Case("cast(null as timestamp(3) with time zone)", "timestamp(3) with time zone", None),
    Case("cast(null as array(row(x map(varchar, bigint))))",
         "array(row(x map(varchar, bigint)))", None),
    Case("array[1, null, 3]", "array(integer)", [1, None, 3]),
    Case("cast(array[] as array(double))", "array(double)", []),
    Case("array[array[decimal '1.50', null], null]", "array(array(decimal(3, 2)))",
         [[Decimal("1.50"), None], None]),
    Case("array[nan(), -infinity()]", "array(double)", [NAN, -INF]),
    Case("map(array['b', 'a'], array[1, null])", "map(varchar(1), integer)",
         [("b", 1), ("a", None)]),
    Case("map(array[nan(), -0e0, 1e300], array[1, 2, 3])", "map(double, integer)",
         [(NAN, 1), (-0.0, 2), (1e300, 3)]),
    Case("map(array[date '2020-01-01'], array[X'00'])", "map(date, varbinary)",
         [(dt.date(2020, 1, 1), b"\x00")]),
    Case("map(array[decimal '-1.50'], array[1])", "map(decimal(3, 2), integer)",
         [(Decimal("-1.50"), 1)]),
    Case("map(array[true], array[map(array['x'], array[row(1)])])",
         "map(boolean, map(varchar(1), row(integer)))", [(True, [("x", {"field0": 1})])]),
    Case("map_entries(map(array[array['a, b'], array['a', 'b']], array[1, 2]))",
         "array(row(array(varchar(4)), integer))",
         [{"field0": ["a, b"], "field1": 1}, {"field0": ["a", "b"], "field1": 2}]),
    Case("row(1, 'x', null)", "row(integer, varchar(1), unknown)",
         {"field0": 1, "field1": "x", "field2": None}),
    Case("cast(row(1, row(date '2020-01-01')) as row(a bigint, \"B c\" row(d date)))",
         'row(a bigint, "B c" row(d date))', {"a": 1, "B c": {"d": dt.date(2020, 1, 1)}}),
    Case("cast(row(null, null) as row(a bigint, b varchar))", "row(a bigint, b varchar)",
         {"a": None, "b": None}),
    Case("array[timestamp '2020-07-01 00:00:00.000001 +02:00']",
         "array(timestamp(6) with time zone)", [wall("2020-06-30T22:00:00.000001+00:00")]),
    Case("array[interval '1' day, null]", "array(interval day to second)",
         [dt.timedelta(days=1), None]),
    Case("approx_set(1)", "HyperLogLog", b"\x02\x0c\x01\x00\x80\x03D\x00"),
]  # fmt: skip


def same(found: Any, wanted: Any) -> bool:
    """Compare so that NaN equals NaN, 0.0 is not -0.0, and instants are compared in UTC."""
    if isinstance(wanted, float):
        return isinstance(found, float) and repr(found) == repr(wanted)
    if isinstance(wanted, list | tuple):
        return len(found) == len(wanted) and all(map(same, found, wanted))
    if isinstance(wanted, dict):
        return list(found) == list(wanted) and all(same(found[k], wanted[k]) for k in wanted)
    if isinstance(wanted, dt.datetime) and wanted.tzinfo:
        return bool(found.astimezone(dt.UTC) == wanted)
    if isinstance(wanted, Decimal):
        return isinstance(found, Decimal) and str(found) == str(wanted)
    return (type(found) is type(wanted) and found == wanted) or (
        isinstance(wanted, tuple) and tuple(found) == wanted
    )  # fmt: skip


def value(column: pa.ChunkedArray, wanted: Any) -> Any:
    array = column.combine_chunks()
    if isinstance(wanted, Ticks):
        width = pa.int32() if array.type.bit_width == 32 else pa.int64()
        return Ticks(array.view(width).to_pylist()[0])
    (found,) = array.to_pylist()
    if array.type == pa.month_day_nano_interval() and found is not None:
        return tuple(found)
    return found


def equal(found: Any, wanted: Any) -> bool:
    """Compare what another client gives: the same value in a form of its own is as good."""
    if found is None or wanted is None:
        return found is wanted
    if isinstance(wanted, dict):
        return len(found) == len(wanted) and all(map(equal, found, wanted.values()))
    if isinstance(wanted, list) and wanted and isinstance(wanted[0], tuple):
        pairs = list(found.items())
        return len(pairs) == len(wanted) and all(
            equal(one, other)
            for mine, its in zip(pairs, wanted, strict=True)
            for one, other in zip(mine, its, strict=True)
        )
    if isinstance(wanted, list):
        return len(found) == len(wanted) and all(map(equal, found, wanted))
    if isinstance(wanted, tuple):
        return found.years * 12 + found.months == wanted[0]
    if isinstance(wanted, bytes) and isinstance(found, str):
        return base64.b64decode(found) == wanted
    if isinstance(found, dt.time) and found.tzinfo:
        return found == dt.time.fromisoformat(wanted)
    if isinstance(wanted, str):
        return str(found) == wanted
    return not isinstance(wanted, Ticks) and same(found, wanted)
