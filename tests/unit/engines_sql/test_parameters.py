# ruff: noqa: DTZ001 -- SQL has timestamps without a zone, and their values are naive
"""{{name}} in SQL: a value is always one value and comes back, whatever it holds."""

import datetime as dt
import decimal
import enum
import uuid
import zoneinfo

import duckdb
import numpy as np
import pandas as pd
import pytest
import sqlglot
from hypothesis import example, given, settings
from hypothesis import strategies as st
from parameters_rig import put

DIALECTS = ["hive", "spark", "trino", "presto", "duckdb"]
HOSTILE = [
    "", "'", "''", "\\", "\\'", "'; drop table t; --", "*/ drop table t /*", "--", "/*", ";",
    "${env:HOME}", "{{x}}", "{% a %}", "\n", "\r\n\t", "ü漢😀", '"', "`", "$$", "$a$", "%s",
    "\\u0027",
    "a\\", "\u2028", "\x1a", "'||(select 1)||'", "null", "?", ":x",
]  # fmt: skip


@pytest.fixture(scope="module")
def con():
    with duckdb.connect() as made:
        made.execute("set timezone='America/New_York'")
        made.execute("create table t (v varchar)")
        yield made


def read(con, code, **values):
    """Run one statement with DuckDB and return its only value."""
    text = put(code, **values)
    assert len(duckdb.extract_statements(text)) == 1
    value = con.execute(text).fetchone()[0]
    assert con.execute("select count(*) from duckdb_tables()").fetchone() == (1,)
    return value


SURE_TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"))


# -- values come back ---------------------------------------------------------------------


@settings(deadline=None, max_examples=300)
@given(SURE_TEXT | st.sampled_from(HOSTILE))
@example("'\xa0")  # DuckDB makes plain spaces of others outside of what it takes for texts
def test_a_text_comes_back_wherever_it_stands(con, x):
    assert read(con, "select {{x}}", x=x) == x
    assert read(con, "select '{{x}}'", x=x) == x
    assert read(con, "select 'a{{ x }}b{{x}}'", x=x) == f"a{x}b{x}"
    assert read(con, "select 'it''s {{x}}' -- {{y}}", x=x) == f"it's {x}"
    assert read(con, "select e'\\t{{x}}'", x=x) == f"\t{x}"
    assert read(con, "select case when {{x}} = '{{x}}' then 1 end", x=x) == 1
    if x:
        assert read(con, "select 7 as {{x}}", x=x) == 7
        assert con.execute(put('select 7 as "{{x}}."', x=x)).description[0][0] == f"{x}."


VALUES = st.one_of(
    st.booleans(),
    st.integers(-(10**38) + 1, 10**38 - 1),
    st.floats(allow_nan=False),
    st.binary(max_size=40),
    st.dates(),
    st.datetimes(min_value=dt.datetime(1800, 1, 1)),
    st.timedeltas(dt.timedelta(days=-9999), dt.timedelta(days=9999)),
    st.decimals(-(10**18), 10**18, places=9, allow_nan=False, allow_infinity=False),
    st.uuids(),
    st.times(),
)


@settings(deadline=None, max_examples=300)
@given(VALUES)
@example(-(2**63))
@example(2**63)
@example(-0.0)
@example(float("inf"))
@example(decimal.Decimal("1E+5"))
@example(decimal.Decimal("-0.00"))
@example(dt.datetime(1, 1, 1))
def test_a_value_comes_back_with_its_type(con, x):
    found = read(con, "select {{x}}", x=x)
    assert found == x
    assert str(found) == str(x) or isinstance(x, (decimal.Decimal, dt.timedelta))
    assert isinstance(found, type(x)) or (isinstance(x, int) and found == x)
    assert read(con, "select 5 -{{x}} is null", x=3) is False


def test_what_is_no_number_comes_back(con):
    assert str(read(con, "select {{x}}", x=float("nan"))) == "nan"
    assert read(con, "select {{x}} is null", x=None) is True
    assert read(con, "select 5 -{{x}}", x=-3) == 8  # and begins no comment


@pytest.mark.parametrize("zone", ["UTC", "Europe/Berlin", "Asia/Kathmandu", "America/New_York"])
def test_a_time_with_a_zone_is_its_instant(con, zone):
    for when in (dt.datetime(2024, 10, 27, 2, 30, 0, 123456), dt.datetime(1890, 1, 1, 12)):
        for fold in (0, 1):
            x = when.replace(tzinfo=zoneinfo.ZoneInfo(zone), fold=fold)
            assert read(con, "select epoch_us({{x}})", x=x) == (
                (x - dt.datetime(1970, 1, 1, tzinfo=dt.UTC)) // dt.timedelta(microseconds=1)
            )


class Colour(enum.StrEnum):
    RED = "r'd"


def test_what_equals_a_plain_value_is_one(con):
    assert read(con, "select {{x}}", x=np.int64(5)) == 5
    assert read(con, "select {{x}}", x=np.str_("a'b")) == "a'b"
    assert read(con, "select {{x}}", x=Colour.RED) == "r'd"
    assert read(con, "select {{x}}", x=pd.Timestamp("2024-01-02 03:04:05.000006")) == (
        dt.datetime(2024, 1, 2, 3, 4, 5, 6)
    )
    assert read(con, "select {{x}} is null", x=pd.NaT) is True
    assert read(con, "select {{x}} is null", x=pd.NA) is True
    assert read(con, "select 2 in {{x}}", x=pd.Series([1, 2])) is True
    assert read(con, "select {{x}}", x=[1, 2]) == [1, 2]


@given(st.lists(SURE_TEXT | st.sampled_from(HOSTILE), min_size=1, max_size=20))
@settings(deadline=None)
def test_lists_expand_in_in(con, xs):
    for code in ("select {{y}} in {{xs}}", "select {{y}} in ({{xs}})",
                 "select {{y}} in ('q', {{xs}})"):  # fmt: skip
        assert read(con, code, y=xs[-1], xs=xs) is True
        assert read(con, code, y="no such text", xs=tuple(xs)) is False


def test_ten_thousand_elements(con):
    xs = range(10_000)
    assert read(con, "select count(*) from range(20000) r(i) where i in {{xs}}", xs=xs) == 10_000


# -- other dialects, read by an independent tokenizer -----------------------------------------


@pytest.mark.parametrize("dialect", DIALECTS)
@settings(deadline=None, max_examples=150)
@given(x=SURE_TEXT.filter(lambda t: "$" not in t) | st.sampled_from(
    [h for h in HOSTILE if "$" not in h]))  # fmt: skip
def test_one_token_holds_the_text_in_every_dialect(dialect, x):
    for code in ("select {{x}}", "select '{{x}}'"):
        kinds = sqlglot.tokenize(put(code, dialect, x=x), read=dialect)
        assert [t.token_type.name for t in kinds] == ["SELECT", "STRING"]
        if dialect in ("trino", "presto", "duckdb") or "\\u" not in x:
            assert kinds[1].text == x or (dialect in ("hive", "spark") and "\\" in x)
    if x:
        name = sqlglot.tokenize(put("use {{x}}", dialect, x=x), read=dialect)[1]
        assert (name.token_type.name, name.text) == ("IDENTIFIER", x)


def unescaped(text):
    """Read a Hive or Spark literal as unescapeSQLString does, for the escapes that we write."""
    out, at = "", 1
    while at < len(text) - 1:
        if text[at] != "\\":
            out, at = out + text[at], at + 1
        elif text[at + 1] == "u":
            out, at = out + chr(int(text[at + 2 : at + 6], 16)), at + 6
        else:
            assert text[at + 1] in "\\'\""
            out, at = out + text[at + 1], at + 2
    return out


@given(SURE_TEXT | st.sampled_from(HOSTILE))
def test_hive_and_spark_read_the_text_back_and_replace_nothing(x):
    for dialect in ("hive", "spark"):
        for code in ("{{x}}", "'{{x}}'", '"{{x}}"'):
            text = put(f"select {code}", dialect, x=x).removeprefix("select ")
            assert "$" not in text
            assert unescaped(text) == x


@pytest.mark.parametrize(
    ("value", "trino", "hive", "spark"),
    [
        (True, "TRUE", "TRUE", "TRUE"),
        (-7, "-7", "-7", "-7"),
        (2**64, "DECIMAL '18446744073709551616'", "CAST('18446744073709551616' AS DECIMAL(20,0))",
         "CAST('18446744073709551616' AS DECIMAL(20,0))"),
        (1.5, "DOUBLE '1.5'", "CAST('1.5' AS DOUBLE)", "CAST('1.5' AS DOUBLE)"),
        (float("nan"), "DOUBLE 'NaN'", "CAST('NaN' AS DOUBLE)", "CAST('NaN' AS DOUBLE)"),
        (decimal.Decimal("1.10"), "DECIMAL '1.10'", "CAST('1.10' AS DECIMAL(3,2))",
         "CAST('1.10' AS DECIMAL(3,2))"),
        (decimal.Decimal("0.001"), "DECIMAL '0.001'", "CAST('0.001' AS DECIMAL(3,3))",
         "CAST('0.001' AS DECIMAL(3,3))"),
        (b"\x00\xff", "X'00ff'", "unhex('00ff')", "X'00ff'"),
        (dt.date(24, 1, 2), "DATE '0024-01-02'", "DATE '0024-01-02'", "DATE '0024-01-02'"),
        (dt.datetime(2024, 1, 2, 3, 4), "TIMESTAMP '2024-01-02 03:04:00'",
         "TIMESTAMP '2024-01-02 03:04:00'", "TIMESTAMP '2024-01-02 03:04:00'"),
        (dt.datetime(2024, 1, 2, 3, 4, tzinfo=dt.timezone(dt.timedelta(hours=2))),
         "TIMESTAMP '2024-01-02 03:04:00+02:00'",
         "CAST('2024-01-02 01:04:00 UTC' AS TIMESTAMP WITH LOCAL TIME ZONE)",
         "TIMESTAMP '2024-01-02 03:04:00+02:00'"),
        (dt.timedelta(days=-1, milliseconds=-5), "INTERVAL -'1 00:00:00.005' DAY TO SECOND",
         "INTERVAL '-1 00:00:00.005000' DAY TO SECOND",
         "INTERVAL '-1 00:00:00.005000' DAY TO SECOND"),
        (None, "NULL", "NULL", "NULL"),
        ([1, "a"], "ARRAY[1, 'a']", "array(1, 'a')", "array(1, 'a')"),
        (uuid.UUID(int=1), "CAST('00000000-0000-0000-0000-000000000001' AS UUID)",
         "'00000000-0000-0000-0000-000000000001'", "'00000000-0000-0000-0000-000000000001'"),
    ],
)  # fmt: skip
def test_literals_have_the_type_of_their_value(value, trino, hive, spark):
    expected = {"trino": trino, "presto": trino, "hive": hive, "spark": spark}
    for dialect, text in expected.items():
        assert put("select {{x}}", dialect, x=value) == f"select {text}"
