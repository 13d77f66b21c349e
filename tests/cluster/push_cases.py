"""Every Arrow type: a column to push, and exactly what `-o` brings back of it."""

from __future__ import annotations

import datetime as dt
import decimal
import math
import re
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

D = decimal.Decimal
AWARE = pa.timestamp("us", "UTC")
BIG = D("9" * 20 + "." + "9" * 18)
TEXT = [
    "",
    "a'b\"c",
    "a\nb\r\n",
    "\u2028\u2029",
    '"""',
    "'''",
    "\\",
    "\0",
    "日本 é 😀",
    "NaN",
    "null",
]
MONTHS = pa.month_day_nano_interval()


@dataclass(frozen=True)
class Case:
    """A column as it is here, and as it is after there and back."""

    sent: pa.Array
    back: pa.Array

    @property
    def name(self) -> str:
        return str(self.sent.type)


def same(values: list[Any], kind: pa.DataType, back: pa.DataType | None = None) -> Case:
    """A column whose values are the same in both types."""
    return Case(pa.array([*values, None], kind), pa.array([*values, None], back or kind))


def ticks(values: list[int], kind: pa.DataType, back: list[int], unit: pa.DataType) -> Case:
    """A column of moments, by their stored numbers."""
    store = pa.int32() if kind.bit_width == 32 else pa.int64()
    there = pa.int32() if unit.bit_width == 32 else pa.int64()
    return Case(
        pa.array([*values, None], store).view(kind), pa.array([*back, None], there).view(unit)
    )


def element(kind: pa.DataType) -> pa.DataType:
    return pa.list_(pa.field("element", kind))


def entries(key: pa.DataType, value: pa.DataType) -> pa.DataType:
    return pa.map_(pa.field("key", key, nullable=False), pa.field("value", value))


FLOATS = [math.nan, math.inf, -math.inf, -0.0, 0.1, 5e-324, 1.7976931348623157e308]
F32 = [math.nan, math.inf, -math.inf, -0.0, 0.5, 3.4028234663852886e38, 1.401298464324817e-45]
PAIR = pa.struct([("a", pa.int32()), ("A", pa.string())])
TWINS = pa.struct([pa.field("x", pa.int32()), pa.field("x", pa.string()), pa.field("", pa.bool_())])


def twins() -> pa.Array:
    parts = [pa.array([1, None]), pa.array(["y", None]), pa.array([True, None])]
    parts = [part.cast(f.type) for part, f in zip(parts, list(TWINS), strict=True)]
    return pa.StructArray.from_arrays(parts, fields=list(TWINS), mask=pa.array([False, True]))


def sliced(kind: pa.DataType) -> pa.Array:
    return pa.array([[9], [1, None], None, [], [2, 3]], kind)[1:]


LISTS = pa.array([[1, None], None, [], [2, 3]], element(pa.int64()))
MAPS = pa.array([[("a", 1), ("b", None)], None, []], entries(pa.string(), pa.int64()))
CASES = [
    same([True, False], pa.bool_()),
    same([-128, 127], pa.int8()),
    same([-(2**15), 2**15 - 1], pa.int16()),
    same([-(2**31), 2**31 - 1], pa.int32()),
    same([-(2**63), 2**63 - 1, 2**53 + 1], pa.int64()),
    same([0, 255], pa.uint8(), pa.int16()),
    same([0, 2**16 - 1], pa.uint16(), pa.int32()),
    same([0, 2**32 - 1], pa.uint32(), pa.int64()),
    Case(
        pa.array([0, 2**64 - 1, None], pa.uint64()),
        pa.array([D(0), D(2**64 - 1), None], pa.decimal128(20, 0)),
    ),
    Case(
        pa.array([*np.array([1.5, np.nan, np.inf], np.float16), None], pa.float16()),
        pa.array([1.5, math.nan, math.inf, None], pa.float32()),
    ),
    same(F32, pa.float32()),
    same(FLOATS, pa.float64()),
    same([D("-999.99"), D("1.10")], pa.decimal128(5, 2)),
    same([BIG, BIG.copy_negate(), D("0.000000000000000001")], pa.decimal128(38, 18)),
    same([D("9" * 38)], pa.decimal128(38, 0)),
    same([D("12300")], pa.decimal128(5, -2), pa.decimal128(7, 0)),
    same([D("1.5")], pa.decimal32(5, 2), pa.decimal128(5, 2)),
    same([D("1.5")], pa.decimal64(15, 2), pa.decimal128(15, 2)),
    same([D("1.5")], pa.decimal256(20, 2), pa.decimal128(20, 2)),
    same([D("9" * 36 + ".25")], pa.decimal256(60, 2), pa.decimal128(38, 2)),
    same(TEXT, pa.string()),
    same(TEXT, pa.large_string(), pa.string()),
    same([*TEXT, "x" * 40], pa.string_view(), pa.string()),
    same([b"", b"\x00\xff\n"], pa.binary()),
    same([b"", b"\x00\xff\n"], pa.large_binary(), pa.binary()),
    same([b"", b"\x00\xff\n" * 9], pa.binary_view(), pa.binary()),
    same([b"\x00\xff"], pa.binary(2), pa.binary()),
    ticks([-719162, 2932896, -141438, 0], pa.date32(), [-719162, 2932896, -141438, 0], pa.date32()),
    ticks([-719162 * 86400000, 86400000], pa.date64(), [-719162, 1], pa.date32()),
    ticks([-62135596800, 253402300799], pa.timestamp("s"),
          [-62135596800000000, 253402300799000000], pa.timestamp("us")),
    ticks([-1, 1583634600123], pa.timestamp("ms"), [-1000, 1583634600123000], pa.timestamp("us")),
    ticks([-62135596800000000, 253402300799999999, -2717668800000001], pa.timestamp("us"),
          [-62135596800000000, 253402300799999999, -2717668800000001], pa.timestamp("us")),
    ticks([1583634600123456000], pa.timestamp("ns"), [1583634600123456], pa.timestamp("us")),
    ticks([1], pa.timestamp("s", "America/New_York"), [1000000], AWARE),
    ticks([1], pa.timestamp("ms", "+05:30"), [1000], AWARE),
    ticks([-62135596800000000, 253402300799999999, 1583652600000000],
          pa.timestamp("us", "America/New_York"),
          [-62135596800000000, 253402300799999999, 1583652600000000], AWARE),
    ticks([-1000], pa.timestamp("ns", "Asia/Kolkata"), [-1], AWARE),
    ticks([-5], pa.duration("s"), [-5000000], pa.duration("us")),
    ticks([7], pa.duration("ms"), [7000], pa.duration("us")),
    ticks([2**63 - 1, -(2**63), 93784000005], pa.duration("us"),
          [2**63 - 1, -(2**63), 93784000005], pa.duration("us")),
    ticks([-3000], pa.duration("ns"), [-3], pa.duration("us")),
    same([pa.MonthDayNano([14, 0, 0]), pa.MonthDayNano([-(2**31), 0, 0])], MONTHS),
    Case(sliced(pa.list_(pa.int64())), LISTS),
    Case(sliced(pa.large_list(pa.int64())), LISTS),
    Case(sliced(pa.list_view(pa.int64())), LISTS),
    Case(sliced(pa.large_list_view(pa.int64())), LISTS),
    Case(
        pa.array([[9, 9], [1, None], None, [2, 3]], pa.list_(pa.uint8(), 2))[1:],
        pa.array([[1, None], None, [2, 3]], element(pa.int16())),
    ),
    same([[["a", None], None, []]], element(element(pa.string()))),
    same([[None], [], None], element(pa.null())),
    same([{"a": 1, "A": "x"}, {"a": None, "A": None}], PAIR),
    Case(twins(), twins()),
    same([{"n": None, "v": 1}], pa.struct([("n", pa.null()), ("v", pa.int32())])),
    same([[{"a": 1, "A": "x"}, None]], element(PAIR)),
    Case(
        pa.array([[("z", 0)], *MAPS.to_pylist()], pa.map_(pa.string(), pa.int64()))[1:],
        MAPS,
    ),
    same([[({"a": 1}, [b"\0", None])]],
         entries(pa.struct([("a", pa.int32())]), element(pa.binary()))),
    same([[("k", None)]], entries(pa.string(), pa.null())),
    Case(pa.array(["x", "y", None, "x"]).dictionary_encode()[1:], pa.array(["y", None, "x"])),
    Case(
        pa.DictionaryArray.from_arrays(pa.array([1, None, 0], pa.int8()), pa.array([2**40, 7])),
        pa.array([7, None, 2**40]),
    ),
    Case(pc.run_end_encode(pa.array([4, 4, None])), pa.array([4, 4, None])),
    Case(pa.nulls(2), pa.nulls(2)),
    same([{"t": dt.datetime(1900, 1, 1, tzinfo=dt.UTC), "d": D("1.100"), "f": math.inf,
           "i": dt.timedelta(microseconds=-5), "m": pa.MonthDayNano([-3, 0, 0])}],
         pa.struct([("t", AWARE), ("d", pa.decimal128(20, 3)), ("f", pa.float64()),
                    ("i", pa.duration("us")), ("m", MONTHS)])),
]  # fmt: skip
ROWS = max(len(case.sent) for case in CASES)


def padded(array: pa.Array) -> pa.Array:
    """The array with nulls below, so that all columns are of one length."""
    short = ROWS - len(array)
    if not short:
        return array
    if pa.types.is_run_end_encoded(array.type):
        return pc.run_end_encode(padded(pc.run_end_decode(array)))
    if "list_view" in str(array.type):
        return pa.array([*array.to_pylist(), *[None] * short], array.type)
    return pa.concat_arrays([array, pa.nulls(short, array.type)])


def table() -> pa.Table:
    return pa.table([padded(case.sent) for case in CASES], [f"c{at}" for at in range(len(CASES))])


def plain(kind: pa.DataType) -> str:
    """A type's text without nullability, which files do not keep, and the session's zone."""
    return re.sub(r"tz=[^]]+", "tz=…", str(kind).replace(" not null", ""))
