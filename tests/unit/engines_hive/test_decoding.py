"""Replies of HiveServer2 as Arrow: recorded bytes, and what cannot be read is never shortened."""

# ruff: noqa: DTZ001 -- Hive's timestamps have no zone

import datetime as dt
import struct
from decimal import Decimal

import pyarrow as pa
import pytest
from hive_replay import recorded
from hypothesis import given
from hypothesis import strategies as some

from emr_nb.engines.hive.nested import typed_nested
from emr_nb.engines.hive.results import Gathering
from emr_nb.engines.hive.service import Look, State
from emr_nb.engines.hive.strings import walk
from emr_nb.engines.hive.texts import typed
from emr_nb.engines.hive.thrift import Reader, texts
from emr_nb.engines.hive.types import HiveType, columns_of, parse, told_types
from emr_nb.errors import ReplyLostError, ResultError, ResultTooLargeError
from emr_nb.model import StatementReference
from emr_nb.results.plan import TransferPlan

REFERENCE = StatementReference("0" * 32, "j-1", "hive", "s", "o")


def read(name, call):
    data = recorded(name)
    number = struct.unpack_from(">i", data, 8 + len(call))[0]
    return Reader(data).reply(call, number), data


def columns():
    body, _ = read("types_schema", "GetResultSetMetadata")
    found = columns_of(body[2])
    log, data = read("types_log", "FetchResults")
    lines = texts(log[3][3][0][7][1], data)
    told = told_types(lines, [c.name for c in found])
    assert told is not None
    return [
        type(c)(c.name, parse(t)) if c.type.nested else c for c, t in zip(found, told, strict=True)
    ]


def test_recorded_rows_are_read_exactly():
    body, data = read("types_rows", "FetchResults")
    gathering = Gathering(columns(), None, "here")
    assert gathering.add(body[3], data) == 100
    end, end_data = read("types_end", "FetchResults")
    assert gathering.add(end[3], end_data) == 0
    result = gathering.result(REFERENCE)
    assert result.notices == ()
    assert [str(f.type) for f in result.table.schema][:11] == [
        *("int32", "int64", "double", "bool", "int8", "int16", "string"),
        *("decimal128(9, 3)", "date32[day]", "timestamp[us]", "binary"),
    ]
    for n, row in enumerate(result.table.to_pylist()):
        assert row == {
            "i": None if n % 3 == 0 else n,
            "l": n * 10_000_000_000,
            "d": n / 4,
            "b": n % 2 == 0,
            "t": n,
            "s": n,
            "st": f"é{' ' * (n * 5)}{n}",
            "m": None if n % 4 == 0 else Decimal(n) / 8,
            "y": dt.date(2020, 2, 27) + dt.timedelta(days=n),
            "ts": dt.datetime(2013, 1, 1, 5, 15, n % 10, 500000),
            "bi": b"\x00\xff" + bytes([n % 10]),
            "a": [n, None],
            "mp": [(n, {"x": str(n)})],
        }


def test_a_reply_that_ends_too_soon_is_an_error_wherever_it_ends():
    data = recorded("types_rows")
    number = struct.unpack_from(">i", data, 20)[0]
    for end in [*range(64), *range(64, len(data), 97), len(data) - 1]:
        with pytest.raises(ReplyLostError):
            Reader(data[:end]).reply("FetchResults", number)


def test_a_reply_is_read_in_whatever_pieces_it_comes():
    data = recorded("types_rows")
    number = struct.unpack_from(">i", data, 20)[0]
    pieces = iter([data[at : at + 777] for at in range(0, len(data), 777)])
    reader = Reader(b"", lambda: next(pieces, b""))
    gathering = Gathering(columns(), None, "here")
    assert gathering.add(reader.reply("FetchResults", number)[3], reader.data) == 100
    assert gathering.result(REFERENCE).table.column("l")[99].as_py() == 990_000_000_000


def test_an_answer_to_another_call_is_refused():
    data = recorded("types_rows")
    number = struct.unpack_from(">i", data, 20)[0]
    with pytest.raises(ReplyLostError, match="not asked"):
        Reader(data).reply("FetchResults", number + 1)
    with pytest.raises(ReplyLostError, match="not asked"):
        Reader(data).reply("GetOperationStatus", number)
    with pytest.raises(ReplyLostError, match="does not begin"):
        Reader(b"HTTP/1.1 400 Bad Request\r\n\r\n").reply("FetchResults", number)


def test_the_budget_and_the_limit_hold():
    body, data = read("types_rows", "FetchResults")
    with pytest.raises(ResultTooLargeError, match="may be loaded here"):
        Gathering(columns(), TransferPlan(None, budget=1000), "here").add(body[3], data)
    cut = Gathering(columns(), TransferPlan(7), "here")
    cut.add(body[3], data)
    result = cut.result(REFERENCE)
    assert (len(result), result.truncated) == (7, True)


def test_columns_that_are_missing_or_short_are_an_error():
    body, data = read("types_rows", "FetchResults")
    rows = body[3]
    with pytest.raises(ResultError, match="12 of 13 columns"):
        Gathering(columns(), None, "here").add({**rows, 3: rows[3][:-1]}, data)
    short = {4: {1: [], 2: b""}}
    with pytest.raises(ResultError, match="differ in length"):
        Gathering(columns(), None, "here").add({**rows, 3: [short, *rows[3][1:]]}, data)


def test_status_is_read():
    body, data = read("types_status", "GetOperationStatus")
    look = Look.read(body, data)
    assert (look.state, look.status.failed, look.has_rows) == (State.FINISHED, False, True)


# -- strings ------------------------------------------------------------------------------


@given(
    some.lists(
        some.one_of(
            some.binary(max_size=12),
            some.just(b""),
            some.binary(min_size=240, max_size=600),
            some.just(b"\0" * 9),
            some.text(max_size=30).map(str.encode),
        ),
        max_size=400,
    ),
    some.binary(max_size=20),
    some.binary(max_size=20),
)
def test_strings_are_found_wherever_they_are(values, before, after):
    packed = b"".join(struct.pack(">i", len(v)) + v for v in values)
    at, lengths, end = walk(before + packed + after, len(before), len(values))
    whole = before + packed + after
    assert [whole[a : a + n] for a, n in zip(at, lengths, strict=True)] == values
    assert end == len(before) + len(packed)


def test_many_short_strings_are_found_at_once_and_long_ones_too():
    values = [b"row %d" % n for n in range(50_000)] + [b"x" * 70_000, b"", b"y"] * 20
    packed = b"".join(struct.pack(">i", len(v)) + v for v in values)
    at, lengths, end = walk(packed, 0, len(values))
    assert end == len(packed)
    assert [packed[a : a + n] for a, n in zip(at.tolist(), lengths.tolist(), strict=True)] == values


@pytest.mark.parametrize("cut", [1, 3, 5, 100])
def test_a_list_of_strings_that_is_cut_is_an_error(cut):
    packed = b"".join(struct.pack(">i", 4) + b"text" for _ in range(1000))
    with pytest.raises(ReplyLostError):
        walk(packed[:-cut], 0, 1000)


# -- types and texts ----------------------------------------------------------------------


@pytest.mark.parametrize(
    "spelled",
    [
        "map<string,array<struct<a:decimal(38,18),b b:varchar(3)>>>",
        "struct<x:int,y:uniontype<int,string>>",
        "array<timestamp with local time zone('Europe/Paris')>",
        "decimal(10,0)",
    ],
)
def test_types_are_read_whole(spelled):
    assert parse(spelled).spelled == spelled


@pytest.mark.parametrize("spelled", ["", "array", "array<int", "map<int>", "int>", "struct<a>"])
def test_what_is_no_type_is_refused(spelled):
    with pytest.raises(ResultError):
        parse(spelled)


def column(*values):
    return pa.chunked_array([pa.array(values, pa.string())])


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("timestamp", "2013-01-01 05:15:00", dt.datetime(2013, 1, 1, 5, 15)),
        ("timestamp", "2013-01-01 05:15:00.0", dt.datetime(2013, 1, 1, 5, 15)),  # Hive 2's
        ("timestamp", "2013-01-01 05:15:00.120000000", dt.datetime(2013, 1, 1, 5, 15, 0, 120000)),
        ("interval_day_time", "1 02:03:04.500000000", dt.timedelta(1, 7384, 500000)),
        ("interval_day_time", "-1 02:03:04.000000000", -dt.timedelta(1, 7384)),
        ("date", "0001-01-01", dt.date(1, 1, 1)),
    ],
)
def test_texts_become_values(name, text, value):
    found, notice = typed(column(text, None), HiveType(name))
    assert (found.to_pylist(), notice) == ([value, None], "")


def test_a_time_of_a_zone_is_an_instant_or_stays_text():
    kind = HiveType("timestamp with local time zone")
    found, notice = typed(column("2013-07-01 05:15:00.0 Europe/Paris"), kind)
    assert notice == ""
    assert found.type == pa.timestamp("us", "Europe/Paris")
    assert found[0].as_py().utctimetuple()[:5] == (2013, 7, 1, 3, 15)
    twice, notice = typed(column("2013-10-27 02:30:00 Europe/Paris"), kind)
    assert twice.type == pa.string()
    assert "do not tell the instant" in notice


@pytest.mark.parametrize(
    ("name", "text"),
    [("timestamp", "yesterday"), ("date", "2013-02-30"), ("interval_day_time", "1 day"),
     ("interval_year_month", "x")],
)  # fmt: skip
def test_a_text_that_is_no_value_is_an_error(name, text):
    with pytest.raises(ResultError):
        typed(column(text), HiveType(name))


@pytest.mark.parametrize(
    ("spelled", "text", "value"),
    [
        ("array<string>", r'["a\"b","\u0001\n\\","",null]', ['a"b', "\x01\n\\", "", None]),
        ("array<array<int>>", "[[1],[],null]", [[1], [], None]),
        ("map<double,boolean>", "{NaN:true,-1.5E10:false}",
         [(float("nan"), True), (-1.5e10, False)]),
        ("struct<a:bigint,b:decimal(4,2)>", '{"a":9223372036854775807,"b":1.5}',
         {"a": 2**63 - 1, "b": Decimal("1.50")}),
        ("array<string>", '["null","[1,2]","{}"]', ["null", "[1,2]", "{}"]),
        ("array<timestamp>", '["2013-01-01 05:15:00.12"]',
         [dt.datetime(2013, 1, 1, 5, 15, 0, 120000)]),
    ],
)  # fmt: skip
def test_nested_texts_become_values(spelled, text, value):
    found, notice = typed_nested(column(text, None), parse(spelled))
    assert notice == ""
    assert str(found.to_pylist()) == str([value, None])


@pytest.mark.parametrize(
    "text",
    ["[1", "[1,]", "[1]]", "1", '["1"]', "[1;2]", "[true]", "", '{"a":1}', "[1.5]", "nul"],
)
def test_a_nested_text_that_is_no_value_is_an_error(text):
    with pytest.raises(ResultError):
        typed_nested(column(text), parse("array<int>"))


def test_a_decimal_inside_that_does_not_fit_is_an_error():
    with pytest.raises(ResultError):
        typed_nested(column("[1.005]"), parse("array<decimal(4,2)>"))


def test_nanoseconds_inside_stay_text_and_are_said():
    found, notice = typed_nested(
        column('["2013-01-01 05:15:00.123456789"]'), parse("array<timestamp>")
    )
    assert found.to_pylist() == ['["2013-01-01 05:15:00.123456789"]']
    assert "nanoseconds" in notice
