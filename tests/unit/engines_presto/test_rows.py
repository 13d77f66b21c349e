"""Values as the servers write them, and what they are in Arrow: by the slow way and the fast."""

import base64
import datetime as dt
import json
from decimal import Decimal

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from emr_nb.engines.presto import flat
from emr_nb.engines.presto.rows import Rows
from emr_nb.errors import ResultError

NAN = float("nan")
INF = float("inf")
UTC = dt.UTC

wall = dt.datetime.fromisoformat
STRANGE = ["", "null", "NaN", "ü'\"\\", "a\nb\tc\r\n", "],[", "\u0000\u001f\u2028", "a,b", None]

# type, values as in JSON, values as Python's
CASES = [
    ("boolean", [True, False, None], [True, False, None]),
    ("tinyint", [-128, 127, None], [-128, 127, None]),
    ("bigint", [-(2**63), 2**63 - 1, None], [-(2**63), 2**63 - 1, None]),
    ("double", [1.5, "NaN", "Infinity", "-Infinity", None, 1e300, 5e-324, 3],
     [1.5, NAN, INF, -INF, None, 1e300, 5e-324, 3.0]),
    ("decimal(5, 2)", ["-999.99", "0.00", None], [Decimal("-999.99"), Decimal("0.00"), None]),
    ("decimal(38, 0)", ["9" * 38, "-" + "9" * 38], [Decimal("9" * 38), Decimal("-" + "9" * 38)]),
    ("decimal(38, 38)", ["0." + "9" * 38], [Decimal("0." + "9" * 38)]),
    ("varchar", STRANGE, STRANGE),
    ("char(3)", ["a  ", "   "], ["a  ", "   "]),
    ("json", ['{"a":[1,null]}', "null", None], ['{"a":[1,null]}', "null", None]),
    ("varbinary", ["", "AP8=", None], [b"", b"\x00\xff", None]),
    ("HyperLogLog", ["AgwBAIADRAA="], [b"\x02\x0c\x01\x00\x80\x03D\x00"]),
    ("date", ["2020-02-29", "0001-01-01", "9999-12-31", None],
     [dt.date(2020, 2, 29), dt.date(1, 1, 1), dt.date(9999, 12, 31), None]),
    ("time(3)", ["00:00:00.000", "23:59:59.999", None],
     [dt.time(), dt.time(23, 59, 59, 999000), None]),
    ("time(6)", ["01:02:03.000004"], [dt.time(1, 2, 3, 4)]),
    ("time(12)", ["01:02:03.123456789012"], ["01:02:03.123456789012"]),
    ("time(1) with time zone", ["01:02:03.1+05:30"], ["01:02:03.1+05:30"]),
    ("timestamp(0)", ["1970-01-01 00:00:00", None], [wall("1970-01-01"), None]),
    ("timestamp(3)", ["0001-01-01 00:00:00.000", "9999-12-31 23:59:59.999"],
     [wall("0001-01-01"), wall("9999-12-31T23:59:59.999")]),
    ("timestamp(6)", ["1969-12-31 23:59:59.999999"],
     [wall("1969-12-31T23:59:59.999999")]),
    ("timestamp(12)", ["2020-01-01 00:00:00.123456789012"], ["2020-01-01 00:00:00.123456789012"]),
    ("interval year to month", ["-0-3", "178956970-7", None],
     [(-3, 0, 0), (2147483647, 0, 0), None]),
    ("interval day to second", ["1 02:03:04.567", "-0 00:00:00.001", None],
     [dt.timedelta(days=1, hours=2, minutes=3, seconds=4, milliseconds=567),
      dt.timedelta(milliseconds=-1), None]),
    ("uuid", ["12151fd2-7586-11e9-8f9e-2a86e4085a59"], ["12151fd2-7586-11e9-8f9e-2a86e4085a59"]),
    ("ipaddress", ["2001:db8::1"], ["2001:db8::1"]),
    ("unknown", [None, None], [None, None]),
    ("array(integer)", [[1, None], [], None], [[1, None], [], None]),
    ("array(array(decimal(3, 2)))", [[["1.50", None], None, []], None],
     [[[Decimal("1.50"), None], None, []], None]),
    ("map(varchar, integer)", [{"b": 1, "a": None}, {}, None], [[("b", 1), ("a", None)], [], None]),
    ("map(bigint, boolean)", [{"-1": True}], [[(-1, True)]]),
    ("map(boolean, double)", [{"true": "NaN", "false": 1.0}], [[(True, NAN), (False, 1.0)]]),
    ("map(double, varchar)", [{"NaN": "x", "-0.0": "y"}], [[(NAN, "x"), (-0.0, "y")]]),
    ("map(varbinary, date)", [{"AP8=": "2020-01-01"}], [[(b"\x00\xff", dt.date(2020, 1, 1))]]),
    ("row(a integer, b varchar)", [[1, None], None, [None, "x"]],
     [{"a": 1, "b": None}, None, {"a": None, "b": "x"}]),
    ("row(a array(row(x date)))", [[[["2020-01-01"], None]], [None]],
     [{"a": [{"x": dt.date(2020, 1, 1)}, None]}, {"a": None}]),
    ("SomethingNew", ["text", None], ["text", None]),
    ("SomethingNew", [{"x": [1, 2.5]}, [True]], ['{"x":[1,2.5]}', "[true]"]),
]  # fmt: skip


def decoded(kind, values, fast):
    rows = Rows([{"name": "c", "type": kind}])
    rows._flat = fast and rows._flat
    body = json.dumps([[v] for v in values], ensure_ascii=False, separators=(",", ":")).encode()
    return rows, rows.table(list(rows.batches(body)))


def same(found, wanted):
    return json.dumps(found, default=str) == json.dumps(wanted, default=str)


@pytest.mark.parametrize("fast", [True, False])
@pytest.mark.parametrize(("kind", "values", "wanted"), CASES)
def test_a_value_is_itself(kind, values, wanted, fast):
    rows, table = decoded(kind, values, fast)
    table.validate(full=True)
    assert table.schema == rows.schema
    assert same(table.column(0).to_pylist(), wanted)


@pytest.mark.parametrize(
    ("kind", "text", "stored"),
    [
        ("date", "-0001-01-01", -719893),
        ("date", "+12345-06-07", 3789548),
        ("date", "-5877641-06-23", -(2**31)),
        ("timestamp(3)", "+10000-01-01 00:00:00.001", 253402300800001),
        ("timestamp(0)", "-0044-03-15 12:00:00", -63549316800),
        ("timestamp(9)", "1969-12-31 23:59:59.999999999", -1),
        ("timestamp(9)", "2262-04-11 23:47:16.854775807", 2**63 - 1),
        ("timestamp(6) with time zone", "+10000-01-01 00:00:00.000001 UTC", 253402300800000001),
    ],
)
def test_years_that_python_does_not_have(kind, text, stored):
    for fast in (True, False):
        _, table = decoded(kind, [text, None], fast)
        column = table.column(0).chunk(0)
        made = column.view(pa.int32() if kind == "date" else pa.int64())
        assert made.to_pylist() == [stored, None]


def test_instants_beyond_nanoseconds_are_told_and_not_wrapped():
    with pytest.raises(ResultError, match=r"Column 'c'.*1677 to 2262") as raised:
        decoded("timestamp(9)", ["9999-12-31 23:59:59.999999999"], True)
    assert "timestamp(6)" in raised.value.advice


@pytest.mark.parametrize(
    ("zone", "hour"),
    [("UTC", 12), ("+05:30", 6), ("-03:30", 15), ("Europe/Berlin", 10), ("America/St_Johns", 14)],
)
def test_instants_keep_their_zone_where_they_have_one(zone, hour):
    rows, table = decoded("timestamp(3) with time zone", [f"2020-07-01 12:00:00.123 {zone}"], True)
    assert table.schema.field(0).type == pa.timestamp("ms", zone)
    (value,) = table.column(0).to_pylist()
    assert value.astimezone(UTC).hour == hour
    assert rows.notices() == ()


def test_instants_of_several_zones_are_the_same_in_utc_and_it_is_said():
    texts = [
        "2020-01-01 00:00:00 UTC",
        None,
        "2020-01-01 00:00:00 +01:00",
        "2020-07-01 00:00:00 Europe/Paris",
    ]
    rows, table = decoded("timestamp(0) with time zone", texts, True)
    assert table.schema.field(0).type == pa.timestamp("s", "UTC")
    assert [v and v.isoformat() for v in table.column(0).to_pylist()] == [
        "2020-01-01T00:00:00+00:00",
        None,
        "2019-12-31T23:00:00+00:00",
        "2020-06-30T22:00:00+00:00",
    ]
    assert "zones +01:00, Europe/Paris, UTC" in rows.notices()[0]


def test_the_hour_that_comes_twice_is_told():
    texts = ["2020-10-25 02:30:00 Europe/Berlin", "2020-10-25 03:30:00 Europe/Berlin"]
    rows, table = decoded("timestamp(0) with time zone", texts, True)
    assert [v.astimezone(UTC).hour for v in table.column(0).to_pylist()] == [0, 2]
    assert "has 1 times of the hour that comes twice" in rows.notices()[0]


def test_zones_within_nested_values():
    rows, table = decoded(
        "array(timestamp(0) with time zone)", [["2020-01-01 00:00:00 +02:00"]], True
    )
    ((value,),) = table.column(0).to_pylist()
    assert value.isoformat() == "2019-12-31T22:00:00+00:00"
    assert "+02:00" in rows.notices()[0]


def test_picoseconds_are_text_and_it_is_said():
    rows = Rows([{"name": "t", "type": "array(timestamp(12))"}])
    assert "Arrow ends at nanoseconds" in rows.notices()[0]


def test_an_unknown_zone_is_told():
    with pytest.raises(ResultError, match="Mars/Olympus") as raised:
        decoded("timestamp(0) with time zone", ["2020-01-01 00:00:00 Mars/Olympus"], True)
    assert "at_timezone" in raised.value.advice


@pytest.mark.parametrize(
    ("text", "bits"),
    [
        ("7.038531e-26", 0x15AE43FD),
        ("3.4028235E38", 0x7F7FFFFF),
        ("1.4E-45", 1),
        ("1.17549435E-38", 0x00800000),
        ("1.1754942E-38", 0x007FFFFF),
        ("0.1", 0x3DCCCCCD),
        ("16777217.0", 0x4B800000),
        ("-0.0", 0x80000000),
    ],
)
def test_a_real_is_the_float_of_its_text(text, bits):
    """The first is another float when it is rounded to a double before."""
    for fast in (True, False):
        rows = Rows([{"name": "c", "type": "real"}])
        rows._flat = fast
        (batch,) = rows.batches(f"[[{text}],[null]]".encode())
        found = batch.column(0).fill_null(0).to_numpy()
        assert found.view(np.uint32)[0] == bits
        assert batch.column(0).null_count == 1


def test_columns_of_the_same_name_stay_apart():
    rows = Rows([{"name": "x", "type": "bigint"}, {"name": "x", "type": "varchar"}])
    table = rows.table(list(rows.batches(b'[[1,"a"],[2,"b"]]')))
    assert table.column_names == ["x", "x"]
    assert [column.to_pylist() for column in table.columns] == [[1, 2], ["a", "b"]]


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("bigint", b'[["x"]]'),
        ("tinyint", b"[[128]]"),
        ("decimal(3, 1)", b'[["123.45"]]'),
        ("date", b'[["yesterday"]]'),
        ("varbinary", b'[["a"]]'),
        ("bigint", b"[[1,2]]"),
        ("bigint", b"[[1],[]]"),
        ("bigint", b"[[1"),
        ("row(a bigint)", b"[[[1,2]]]"),
        ("interval day to second", b'[["soon"]]'),
    ],
)
def test_what_is_no_value_of_its_type_is_told(kind, body):
    rows = Rows([{"name": "c", "type": kind}])
    with pytest.raises(ResultError):
        list(rows.batches(body))


# -- both ways agree ----------------------------------------------------------------------

DOUBLES = st.floats().map(
    lambda x: {"nan": "NaN", "inf": "Infinity", "-inf": "-Infinity"}.get(str(x), x)
)
COLUMNS = {
    "bigint": st.integers(-(2**63), 2**63 - 1),
    "double": DOUBLES,
    "boolean": st.booleans(),
    "varchar": st.text(st.characters(codec="utf-8"), max_size=8)
    | st.sampled_from(["],[", "\\", '"', "null", ",", "\n", "a\\nb", "[[", "]]", " ", '","']),
    "decimal(9, 3)": st.decimals(-999999, 999999, places=3).map(str),
    "date": st.dates().map(str),
    "timestamp(6)": st.datetimes().map(lambda d: d.isoformat(" ", "microseconds")),
    "varbinary": st.binary(max_size=5).map(lambda b: base64.b64encode(b).decode()),
}


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_the_fast_way_gives_what_the_slow_way_gives(data):
    kinds = data.draw(st.lists(st.sampled_from(sorted(COLUMNS)), min_size=1, max_size=4))
    row = st.tuples(*(st.none() | COLUMNS[kind] for kind in kinds))
    values = data.draw(st.lists(row, min_size=1, max_size=6))
    spelled = data.draw(st.booleans())
    body = json.dumps(values, ensure_ascii=spelled, separators=(",", ":")).encode()
    columns = [{"name": f"c{at}", "type": kind} for at, kind in enumerate(kinds)]
    slow, quick = Rows(columns), Rows(columns)
    slow._flat = False
    (wanted,) = slow.batches(body)
    (found,) = quick.batches(body)
    assert str(found.to_pydict()) == str(wanted.to_pydict())
    assert found.equals(wanted, check_metadata=True) or b"NaN" in body


def test_the_fast_way_is_taken_for_plain_rows_and_left_for_doubtful_ones():
    def taken(kinds, body):
        rows = Rows([{"name": str(at), "type": kind} for at, kind in enumerate(kinds)])
        return rows._flat and flat.read(body, rows.kinds) is not None

    assert taken(["bigint", "varchar"], b'[[1,"a, b"],[2,null]]')
    assert taken(["varchar"], b'[["say \\"x\\"\\n"]]')
    assert not taken(["varchar"], b'[["a],[b"],["c"]]')  # the mark between rows
    assert not taken(["varchar"], b'[["\\\\n"]]')  # an escaped backslash
    assert not taken(["varchar"], b'[["\\u0041"]]')
    assert not taken(["bigint", "varchar"], b'[[1, "a"]]')  # blanks, which CSV would keep
    assert not taken(["array(bigint)"], b"[[[1]]]")
    assert not taken(["date"], b'[["+10000-01-01"]]')
