"""Charts: aggregated before they are drawn, reduced with a word, escaped."""

import json
import xml.etree.ElementTree as ET
from datetime import date, timedelta

import pyarrow as pa
import pytest

from emr_nb.errors import UsageError
from emr_nb.notebook.charts import MAX_BYTES, VEGA_LITE, ChartSpec, chart_bundle, prepare
from emr_nb.results.result import Result
from emr_nb.testing.fake_engine import result_of

SALES = result_of(
    pa.table({"shop": ["b", "a", "b", None], "sold": [1, 2, 5, 4], "note": ["x", "y", "z", "w"]})
)


@pytest.mark.parametrize(
    ("y", "values"),
    [
        ("sum(sold)", {"b": 6, "a": 2, "null": 4}),
        ("avg(sold)", {"b": 3, "a": 2, "null": 4}),
        ("max(sold)", {"b": 5, "a": 2, "null": 4}),
        ("count", {"b": 2, "a": 1, "null": 1}),
        ("count(note)", {"b": 2, "a": 1, "null": 1}),
        ("sold", {"b": 6, "a": 2, "null": 4}),
        ("", {"b": 6, "a": 2, "null": 4}),
    ],
)
def test_bars_are_aggregated(y, values):
    drawn = prepare(SALES, ChartSpec("bar", "shop", y))
    assert dict(zip(drawn.xs, drawn.ys, strict=True)) == values


def test_a_sum_that_nobody_asked_for_is_said():
    assert "summed" in prepare(SALES, ChartSpec("bar", "shop", "sold")).notices[0]
    assert prepare(SALES, ChartSpec("bar", "shop", "sum(sold)")).notices == ()


@pytest.mark.parametrize("kind", ["bar", "line", "scatter", "area", "hist"])
def test_every_kind_draws(kind):
    days = [date(2013, 1, 1) + timedelta(days=n) for n in range(30)]
    result = result_of(
        pa.table({"day": days, "n": list(range(30)), "m": [n * 0.5 for n in range(30)]})
    )
    x = "n" if kind in ("hist", "scatter") else "day"
    shown = chart_bundle(result, ChartSpec(kind, x, "" if kind == "hist" else "m"))
    assert shown[VEGA_LITE]["data"]["values"]
    assert ET.fromstring(shown["image/svg+xml"]).tag.endswith("svg")
    assert shown["text/plain"]


def test_a_histogram_counts_every_number():
    drawn = prepare(
        result_of(pa.table({"x": [1.0, 2.0, 2.0, None, float("nan")]})), ChartSpec("hist")
    )
    assert sum(drawn.ys) == 3
    assert "2 rows without a number" in drawn.notices[0]


def test_marks_and_bytes_are_bounded_and_said():
    many = result_of(pa.table({"x": list(range(20_000)), "y": list(range(20_000))}))
    drawn = prepare(many, ChartSpec("line", "x", "y"))
    assert len(drawn.xs) == 5000
    assert "5,000 of 20,000 points" in drawn.notices[0]
    bars = prepare(
        result_of(pa.table({"x": [f"{n}" * 3000 for n in range(500)], "y": list(range(500))})),
        ChartSpec("bar", "x", "y"),
    )
    assert "60 largest of 500" in bars.notices[0]
    spec = chart_bundle(many, ChartSpec("scatter", "x", "y"))[VEGA_LITE]
    assert len(json.dumps(spec)) < MAX_BYTES


def test_long_labels_fit():
    wide = result_of(pa.table({"x": [f"{n}" + "x" * 900 for n in range(900)], "y": [1] * 900}))
    shown = chart_bundle(wide, ChartSpec("line", "x", "y"))
    assert len(json.dumps(shown[VEGA_LITE])) < MAX_BYTES
    assert "shortened" in shown["text/plain"]


def test_a_cut_result_is_said():
    cut = Result(SALES.table, SALES.columns, truncated=True)
    assert "first 4 rows only" in prepare(cut, ChartSpec("bar", "shop", "count")).notices[0]


def test_hostile_text_is_text():
    bad = "<script>alert(1)</script>\"'"
    result = result_of(pa.table({bad: [bad, "b"], "y": [1, 2]}))
    shown = chart_bundle(result, ChartSpec("bar", bad, "y"))
    root = ET.fromstring(shown["image/svg+xml"])
    assert not [e for e in root.iter() if e.tag.endswith("script")]


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        (ChartSpec("bar", "shpo", "sold"), "Did you mean shop?"),
        (ChartSpec("bar", "shop", "nosuch"), "no column 'nosuch'"),
        (ChartSpec("bar", "shop", "sum(note)"), "holds no numbers"),
        (ChartSpec("hist", "shop"), "needs numbers"),
    ],
)
def test_what_cannot_be_drawn_is_said(spec, message):
    with pytest.raises(UsageError, match="--chart") as caught:
        prepare(SALES, spec)
    assert message in str(caught.value)


def test_no_rows():
    empty = result_of(pa.table({"x": pa.array([], pa.string()), "y": pa.array([], pa.int64())}))
    assert "no rows" in chart_bundle(empty, ChartSpec("bar", "x", "y"))["image/svg+xml"]
    assert chart_bundle(empty, ChartSpec("hist", "y"))["image/svg+xml"]


def test_a_chart_cell(bench):
    bench.answer([SALES])
    bench.run("%%sql --chart bar -x shop -y sum(sold)\nselect 1")
    assert len(bench.screen.having(VEGA_LITE)) == 1
