"""How types travel to Hive and Trino: what the file holds, and what the view makes of it."""

import datetime as dt

import pyarrow as pa
import pytest

from emr_nb.engines.hive import frame_types as hive
from emr_nb.engines.presto import frame_types as trino
from emr_nb.results.outgoing_sql import expression
from emr_nb.results.outgoing_types import UnsendableError


@pytest.mark.parametrize(
    ("kind", "why"),
    [
        (pa.uint64(), "no unsigned integers; cast it to int64"),
        (pa.timestamp("us", "UTC"), "no time zone; convert it to UTC"),
        (pa.duration("us"), "no intervals; cast it to int64"),
        (pa.month_day_nano_interval(), "no intervals"),
        (pa.time64("us"), "no type for a time of day"),
        (pa.null(), "nulls alone"),
        (pa.list_(pa.timestamp("us")), "in a column of its own alone"),
        (pa.struct([("a:b", pa.int8())]), "'a:b' can be no field's name"),
        (pa.struct([("a", pa.int8()), ("A", pa.int8())]), "two of its fields have one name"),
    ],
)
def test_hive_refuses_and_says_what_to_do(kind, why):
    with pytest.raises(UnsendableError, match=why):
        hive.way(kind)


@pytest.mark.parametrize("kind", [pa.uint64(), pa.null(), pa.struct([("", pa.int8())])])
def test_trino_refuses(kind):
    with pytest.raises(UnsendableError):
        trino.way(kind)


def test_hives_timestamps_travel_as_text():
    way = hive.way(pa.timestamp("ns"))
    moments = pa.array([1, None, 1_600_000_000_123_456_789], pa.timestamp("ns"))
    assert way.convert(moments).to_pylist() == [
        "1970-01-01 00:00:00.000000001",
        None,
        "2020-09-13 12:26:40.123456789",
    ]
    assert (way.read, way.final, way.view) == ("string", "timestamp", "CAST({} AS timestamp)")
    with pytest.raises(UnsendableError, match="0000–9999"):
        way.convert(pa.array([2**55], pa.timestamp("s")))


def test_trinos_moments_travel_as_ticks():
    way = trino.way(pa.timestamp("us", "Europe/Paris"))
    assert (way.read, way.final) == ("bigint", "timestamp(6) with time zone")
    assert expression(way, "c0") == (
        "CAST(at_timezone(from_unixtime_nanos(CAST(c0 AS decimal(38, 0)) * 1000), "
        "'Europe/Paris') AS timestamp(6) with time zone)"
    )
    assert trino.way(pa.time32("s")).convert(
        pa.array([dt.time(1)], pa.time32("s"))
    ).to_pylist() == [3600]
    with pytest.raises(UnsendableError, match="part"):
        trino.way(pa.duration("us")).convert(pa.array([1], pa.duration("us")))


def test_trinos_nested_values_get_their_names_back():
    way = trino.way(pa.list_(pa.struct([("Aa", pa.int32()), ('b"c', pa.time64("us"))])))
    assert way.read == 'array(row("f0" integer, "f1" bigint))'
    assert way.final == 'array(row("Aa" integer, "b""c" time(6)))'
    made = expression(way, "c0")
    assert made.startswith("transform(c0, x0 -> IF(x0 IS NULL, NULL, CAST(ROW(x0.f0, CAST(CAST(")
    with pytest.raises(UnsendableError, match="keys"):
        trino.way(pa.map_(pa.time64("us"), pa.int8()))


def test_what_needs_nothing_is_the_column_itself():
    for ways in (hive, trino):
        way = ways.way(pa.map_(pa.string(), pa.list_(pa.uint32())))
        assert way.is_plain
        assert way.read == way.final
