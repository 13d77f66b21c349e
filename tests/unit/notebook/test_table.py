"""The table bundle: exact texts, escaping, size, and the live grid's answers."""

import html.parser
from datetime import UTC, date, datetime
from decimal import Decimal

import pyarrow as pa
import pytest

from emr_nb.notebook.grid import ResultStore, answer
from emr_nb.results import table
from emr_nb.results.result import Result
from emr_nb.results.texts import CELL_CHARS, column_texts
from emr_nb.testing.fake_engine import result_of

FIRST = datetime.fromisoformat("0001-01-01")
LAST = datetime.fromisoformat("9999-12-31T23:59:59.999999")
NAIVE = datetime.fromisoformat("2013-01-01T05:15:00.120000")
HOSTILE = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "</td></table><iframe>",
    "' onmouseover='alert(1)",
    '" onmouseover="alert(1)',
    "&lt;b&gt;",
    "a\u202eb\x00\x1b[31m",
]


@pytest.mark.parametrize(
    ("values", "type_", "texts"),
    [
        ([2**63 - 1, -(2**63), None], pa.int64(), [str(2**63 - 1), str(-(2**63)), None]),
        ([0.1, -0.0, 1e300, None], pa.float64(), ["0.1", "-0.0", "1e+300", None]),
        ([float("nan"), float("-inf")], pa.float64(), ["NaN", "-Infinity"]),
        ([0.1], pa.float32(), ["0.1"]),
        ([Decimal("0E-18"), Decimal("-1.10")], pa.decimal128(38, 18),
         ["0.000000000000000000", "-1.100000000000000000"]),
        (["", "007", None], pa.string(), ["", "007", None]),
        ([True, False, None], pa.bool_(), ["true", "false", None]),
        ([date(1, 1, 1), date(9999, 12, 31)], pa.date32(), ["0001-01-01", "9999-12-31"]),
        ([b"", b"\x00\xff", b"a" * 17], pa.binary(),
         ["0x", "0x00FF", f"0x{'61' * 16}… (17 bytes)"]),
        ([NAIVE], pa.timestamp("us"), ["2013-01-01 05:15:00.12"]),
        ([FIRST, LAST], pa.timestamp("us"),
         ["0001-01-01 00:00:00", "9999-12-31 23:59:59.999999"]),
        ([datetime(2013, 7, 1, 5, tzinfo=UTC), None], pa.timestamp("us", "America/New_York"),
         ["2013-07-01 01:00:00-04:00", None]),
        ([[1, None], [], None], pa.list_(pa.int32()), ["[1, null]", "[]", None]),
        ([{"a": 'x"', "b": None}], pa.struct([("a", pa.string()), ("b", pa.int8())]),
         ['{"a": "x\\"", "b": null}']),
        ([[("k", 1)], []], pa.map_(pa.string(), pa.int64()), ['{"k": 1}', "[]"]),
        ([None, None], pa.null(), [None, None]),
    ],
)  # fmt: skip
def test_texts_are_exact(values, type_, texts):
    assert column_texts(pa.array(values, type_)) == texts


def test_a_long_text_is_cut_and_says_so():
    (text,) = column_texts(pa.array(["x" * (CELL_CHARS + 5)]))
    assert text.endswith("… (+5 characters)")


class Tags(html.parser.HTMLParser):
    def __init__(self, text):
        super().__init__()
        self.seen = set()
        self.attributes = set()
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.seen.add(tag)
        self.attributes |= {name for name, _ in attrs}


def test_hostile_values_names_and_types_are_text():
    made = pa.table([pa.array(HOSTILE)] * len(HOSTILE), names=HOSTILE)
    result = result_of(made, {name: name for name in HOSTILE})
    shown = table.bundle(table.view(result, saved_rows=20, notices=tuple(HOSTILE)))
    tags = Tags(shown["text/html"])
    tables = {"table", "thead", "tbody", "tr", "th", "td"}
    assert tags.seen <= {"style", "div", "small", "span"} | tables
    assert tags.attributes <= {"class", "style"}
    assert "\x1b" not in shown["text/plain"]


def test_duplicate_empty_and_many_columns():
    made = pa.table([pa.array([n]) for n in range(2000)], names=["a", "a", ""] + ["c"] * 1997)
    shown = table.view(result_of(made), saved_rows=20)
    assert [c["name"] for c in shown.payload()["columns"]][:3] == ["a", "a", ""]
    assert len(shown.payload()["rows"][0]) == 2000
    assert "200 of 2000 columns are drawn here" in table.bundle(shown)["text/html"]


def test_zero_rows_and_zero_columns():
    empty = result_of(pa.table({"a": pa.array([], pa.int8())}))
    assert "0 rows × 1 column" in table.bundle(table.view(empty, saved_rows=9))["text/plain"]
    assert table.view(result_of(pa.table({})), saved_rows=9).payload()["rows"] == []


def test_a_large_payload_is_cut_and_says_so():
    result = result_of(pa.table({str(n): ["x" * 4000] * 20 for n in range(40)}))
    payload = table.view(result, saved_rows=20).payload()
    assert 0 < payload["saved"] < 20
    assert "rows are large" in payload["notices"][-1]


def ask(store, **query):
    return answer(store, "r", {"type": "rows", "seq": 3, "start": 0, "count": 10, **query})


@pytest.fixture
def store():
    kept = ResultStore()
    made = pa.table(
        {
            "n": pa.array([3, 1, None, 2, 1], pa.int64()),
            "t": ["c", "a1", "Null", "b", "a2"],
            "l": pa.array([[3], [1], [2], None, [1]], pa.list_(pa.int64())),
        }
    )
    kept.keep("r", result_of(made))
    return kept


def column(reply, index):
    return [row[index] for row in reply["rows"]]


def test_rows_are_windows(store):
    reply = ask(store, start=1, count=2)
    assert (reply["seq"], reply["start"], reply["total"]) == (3, 1, 5)
    assert column(reply, 1) == ["a1", "Null"]
    assert ask(store, start=99)["rows"] == []


@pytest.mark.parametrize(
    ("descending", "texts"),
    [(False, ["a1", "a2", "b", "c", "Null"]), (True, ["c", "b", "a1", "a2", "Null"])],
)
def test_sorting_is_stable_with_nulls_last(store, descending, texts):
    assert column(ask(store, sort={"column": 0, "descending": descending}), 1) == texts


def test_nested_columns_sort_by_text(store):
    assert column(ask(store, sort={"column": 2}), 2) == ["[1]", "[1]", "[2]", "[3]", None]


@pytest.mark.parametrize(
    ("item", "texts"),
    [
        ({"column": 1, "op": "contains", "value": "A"}, ["a1", "a2"]),
        ({"column": -1, "op": "contains", "value": "3"}, ["c"]),
        ({"column": 0, "op": ">=", "value": "2"}, ["c", "b"]),
        ({"column": 0, "op": "!=", "value": "1"}, ["c", "b"]),
        ({"column": 0, "op": "null"}, ["Null"]),
        ({"column": 0, "op": "notnull"}, ["c", "a1", "b", "a2"]),
    ],
)
def test_filters(store, item, texts):
    reply = ask(store, filter=[item])
    assert column(reply, 1) == texts
    assert reply["total"] == len(texts)


@pytest.mark.parametrize(
    "query",
    [
        {"sort": {"column": 7}},
        {"sort": {"column": True and "x"}},
        {"filter": [{"column": 0, "op": "<", "value": "many"}]},
        {"filter": [{"column": 0, "op": "like", "value": "1"}]},
        {"filter": 5},
        {"start": "x"},
    ],
)
def test_a_bad_question_is_answered_not_raised(store, query):
    reply = ask(store, **query)
    assert reply["type"] == "error"
    assert reply["message"]


def test_opening_and_gone(store):
    assert answer(store, "r", {"type": "open"}) == {
        "type": "ready", "held": 5, "total": 5, "truncated": False,
    }  # fmt: skip
    assert answer(store, "other", {"type": "open"}) == {"type": "gone"}


def test_the_store_is_bounded_by_bytes():
    store = ResultStore(max_bytes=100_000)
    for number in range(10):
        store.keep(str(number), result_of(pa.table({"x": list(range(5000))})))
    held = [n for n in range(10) if store.get(str(n)) is not None]
    assert held == [8, 9]
    big: Result = result_of(pa.table({"x": list(range(50_000))}))
    store.keep("big", big)
    assert store.get("big") is big
