"""Type texts as both engines write them, and what they are in Arrow."""

import pyarrow as pa
import pytest

from emr_nb.engines.presto.types import Kind, arrow_type, parse
from emr_nb.errors import ResultError

TEXTS = {
    "boolean": pa.bool_(),
    "tinyint": pa.int8(),
    "smallint": pa.int16(),
    "integer": pa.int32(),
    "bigint": pa.int64(),
    "real": pa.float32(),
    "double": pa.float64(),
    "decimal(38, 7)": pa.decimal128(38, 7),
    "decimal(5,2)": pa.decimal128(5, 2),
    "varchar": pa.string(),
    "varchar(20)": pa.string(),
    "char(3)": pa.string(),
    "json": pa.string(),
    "uuid": pa.string(),
    "ipaddress": pa.string(),
    "Geometry": pa.string(),
    "varbinary": pa.binary(),
    "HyperLogLog": pa.binary(),
    "qdigest(double)": pa.binary(),
    "date": pa.date32(),
    "time": pa.time32("ms"),
    "time(0)": pa.time32("ms"),
    "time(6)": pa.time64("us"),
    "time(9)": pa.time64("ns"),
    "time(10)": pa.string(),
    "time(3) with time zone": pa.string(),
    "timestamp": pa.timestamp("ms"),
    "timestamp(0)": pa.timestamp("s"),
    "timestamp(6)": pa.timestamp("us"),
    "timestamp(9)": pa.timestamp("ns"),
    "timestamp(12)": pa.string(),
    "timestamp with time zone": pa.timestamp("ms", "UTC"),
    "timestamp(6) with time zone": pa.timestamp("us", "UTC"),
    "timestamp(12) with time zone": pa.string(),
    "INTERVAL YEAR TO MONTH": pa.month_day_nano_interval(),
    "interval day to second": pa.duration("ms"),
    "unknown": pa.null(),
    "array(varchar(1))": pa.list_(pa.field("element", pa.string())),
    "map(varchar, array(double))": pa.map_(
        pa.string(), pa.list_(pa.field("element", pa.float64()))
    ),
    "row(integer, varchar(1), unknown)": pa.struct(
        [("field0", pa.int32()), ("field1", pa.string()), ("field2", pa.null())]
    ),
    'row(a integer, "A ""b"", (c)" bigint)': pa.struct(
        [("a", pa.int32()), ('A "b", (c)', pa.int64())]
    ),
    "row(date date, time time, x timestamp(3) with time zone)": pa.struct(
        [("date", pa.date32()), ("time", pa.time32("ms")), ("x", pa.timestamp("ms", "UTC"))]
    ),
    "row(timestamp with time zone, interval day to second)": pa.struct(
        [("field0", pa.timestamp("ms", "UTC")), ("field1", pa.duration("ms"))]
    ),
    "row(a row(b row(c array(map(date, decimal(3, 1))))))": pa.struct(
        [("a", pa.struct([("b", pa.struct([("c", pa.list_(
            pa.field("element", pa.map_(pa.date32(), pa.decimal128(3, 1)))
        ))]))]))]
    ),
}  # fmt: skip


@pytest.mark.parametrize("text", TEXTS)
def test_a_type_text_is_its_arrow_type(text):
    assert arrow_type(parse(text)) == TEXTS[text]


def test_what_is_read_of_a_text():
    kind = parse("map(varchar(3), row(x decimal(4, 2)))")
    assert kind == Kind(
        "map",
        (),
        (
            ("key", Kind("varchar", (3,))),
            ("value", Kind("row", (), (("x", Kind("decimal", (4, 2))),))),
        ),
    )


@pytest.mark.parametrize(
    "text", ["", "(", "array(", "array(bigint", "bigint)", "map(a b c d)", "1"]
)
def test_what_is_no_type_is_told(text):
    with pytest.raises(ResultError, match="cannot be read"):
        parse(text)


@pytest.mark.parametrize("key", ["array(varchar)", "row(a bigint)", "timestamp with time zone"])
def test_maps_whose_keys_the_server_spells_alike_are_refused(key):
    with pytest.raises(ResultError, match="spells two different keys alike") as raised:
        arrow_type(parse(f"array(map({key}, bigint))"))
    assert "map_entries" in raised.value.advice
