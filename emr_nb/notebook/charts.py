"""A chart of a result: Vega-Lite for front ends that draw it, SVG and text for the others.

Rows are aggregated before they are drawn, and what had to be left out is said in the chart.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from emr_nb.errors import UsageError
from emr_nb.notebook.look import count, plural
from emr_nb.notebook.options import nearest
from emr_nb.results.texts import column_texts, kind

if TYPE_CHECKING:
    import pyarrow as pa

    from emr_nb.results.result import Result

VEGA_LITE = "application/vnd.vegalite.v5+json"
MAX_MARKS = 5000
MAX_BYTES = 1_000_000
_SCHEMA = "https://vega.github.io/schema/vega-lite/v5.json"
_INK = "#7d8590"  # reads on white and on black: a saved chart does not know the theme
_GRID = "rgba(128,128,128,.22)"
_THEME: dict[str, Any] = {
    "axis": {
        "labelColor": _INK, "titleColor": _INK, "domainColor": _INK, "tickColor": _INK,
        "gridColor": _GRID, "labelFontSize": 11, "titleFontSize": 12, "titlePadding": 8,
    },
    "title": {"color": _INK, "subtitleColor": _INK},
    "view": {"stroke": None},
}  # fmt: skip
_BARS = 60
_BINS = 30
_EXPRESSION = re.compile(r"\s*(sum|avg|mean|min|max|count)\s*\(\s*(.*?)\s*\)\s*", re.IGNORECASE)
_ARROW_NAMES = {"avg": "mean", "mean": "mean"}
_MARKS = {"bar": "bar", "line": "line", "scatter": "point", "area": "area", "hist": "bar"}


@dataclass(frozen=True, slots=True)
class ChartSpec:
    """What was asked for: `-x` a column, `-y` a column, `count`, or `sum(column)` and so on."""

    kind: str
    x: str = ""
    y: str = ""


@dataclass(frozen=True, slots=True)
class Series:
    """What is drawn: points (x, y); `x_kind` is `number`, `time` or `text`.

    Times are ISO texts. `ends` are the upper edges of a histogram's bins.
    """

    kind: str
    x_title: str
    y_title: str
    x_kind: str
    xs: list[Any]
    ys: list[float]
    ends: list[float] = field(default_factory=list)
    notices: tuple[str, ...] = ()


def chart_bundle(result: Result, spec: ChartSpec) -> dict[str, Any]:
    """Return the MIME bundle of a chart; raises UsageError for a column that is not there."""
    from emr_nb.notebook.svg import svg

    drawn = prepare(result, spec)
    text = f"{drawn.kind} chart of {drawn.y_title} by {drawn.x_title}: {_marks(drawn)}"
    return {
        VEGA_LITE: vega_lite(drawn),
        "image/svg+xml": svg(drawn),
        "text/plain": "\n".join([text, *drawn.notices]),
    }


def _marks(drawn: Series) -> str:
    return plural(len(drawn.xs), "bar" if drawn.kind in ("bar", "hist") else "point")


def prepare(result: Result, spec: ChartSpec) -> Series:
    """Choose, aggregate and reduce what is drawn."""
    table = result.table
    x_index = _index(result, spec.x, "-x") if spec.x else _default_x(table, spec.kind)
    notices: list[str] = []
    if result.truncated:
        notices.append(f"Drawn from the first {plural(len(result), 'row')} only; -n -1 takes all.")
    if spec.kind == "hist":
        return _histogram(result, x_index, notices)
    function, y_index = _y(result, spec.y, x_index)
    x, title = table.column(x_index), result.columns[x_index].name
    y_title = _y_title(result, function, y_index)
    x_kind = _x_kind(x.type, spec.kind)
    if function or spec.kind in ("bar", "line", "area"):
        x, y = _grouped(x, None if y_index is None else table.column(y_index), function or "sum")
        if not function and len(x) < table.num_rows and y_index is not None:
            y_title = f"sum({y_title})"
            notices.append("Equal x are summed; -y avg(…) takes another function.")
    else:
        assert y_index is not None
        y = table.column(y_index)
    xs, ys = _points(x, y, x_kind)
    xs, ys = _reduced(spec.kind, x_kind, xs, ys, notices)
    return _fitted(Series(spec.kind, title, y_title, x_kind, xs, ys, notices=tuple(notices)))


def _index(result: Result, name: str, flag: str) -> int:
    names = [c.name for c in result.columns]
    if name in names:
        return names.index(name)
    near = nearest(name, names)
    raise UsageError(
        f"{flag}: the result has no column {name!r}",
        where="--chart",
        advice=f"Did you mean {near}?" if near else f"It has: {', '.join(names[:20])}.",
    )


def _default_x(table: pa.Table, chart: str) -> int:
    numeric = [n for n, t in enumerate(table.schema.types) if kind(t) == "number"]
    if chart in ("hist", "scatter") and numeric:
        return numeric[0]
    if not table.num_columns:
        raise UsageError("The result has no columns to draw", where="--chart")
    return 0


def _y(result: Result, text: str, x_index: int) -> tuple[str, int | None]:
    """Return the function (empty: none) and the column of `-y`; `count` has no column."""
    if text.strip().lower() in ("count", "count()", "count(*)"):
        return "count", None
    table = result.table
    if not text:
        others = [n for n, t in enumerate(table.schema.types) if kind(t) == "number"]
        chosen = next((n for n in others if n != x_index), None)
        return ("count", None) if chosen is None else ("", chosen)
    found = None if text in [c.name for c in result.columns] else _EXPRESSION.fullmatch(text)
    function = found[1].lower() if found else ""
    index = _index(result, found[2] if found else text, "-y")
    if function != "count" and kind(table.schema.types[index]) != "number":
        raise UsageError(
            f"-y: {result.columns[index].name} holds no numbers but "
            f"{result.columns[index].engine_type}",
            where="--chart",
            advice="-y count counts rows.",
        )
    return function, index


def _y_title(result: Result, function: str, index: int | None) -> str:
    if index is None:
        return "rows"
    name = result.columns[index].name
    return f"{function}({name})" if function else name


def _x_kind(type_: pa.DataType, chart: str) -> str:
    from pyarrow import types

    if types.is_date(type_) or types.is_timestamp(type_):
        return "text" if chart == "bar" else "time"
    return "number" if kind(type_) == "number" and chart != "bar" else "text"


def _grouped(x: pa.ChunkedArray, y: pa.ChunkedArray | None, function: str) -> tuple[Any, Any]:
    import pyarrow as pa

    name = _ARROW_NAMES.get(function, function)
    values = _floats(y) if y is not None and name != "count" else (x if y is None else y)
    made = pa.table([x, values], names=["x", "y"])
    options = pa.compute.CountOptions(mode="all" if y is None else "only_valid")
    aggregate = ("y", name, options) if name == "count" else ("y", name)
    grouped = made.group_by("x", use_threads=False).aggregate([aggregate])
    return grouped.column("x"), grouped.column(f"y_{name}")


def _floats(column: pa.ChunkedArray) -> pa.ChunkedArray:
    import pyarrow as pa

    return column.cast(pa.float64(), safe=False)


def _points(x: Any, y: Any, x_kind: str) -> tuple[list[Any], list[float]]:
    """Return the points in the order of x; nulls are no points, text keeps its order."""
    import math

    texts = (
        [None if v is None else float(v) for v in x.to_pylist()]
        if x_kind == "number"
        else column_texts(x)
    )
    values = _floats(y).to_pylist()
    points = [
        ("null" if a is None else a, b)
        for a, b in zip(texts, values, strict=True)
        if b is not None and math.isfinite(b) and not (a is None and x_kind != "text")
    ]
    if x_kind != "text":
        points.sort(key=lambda p: p[0])
    if x_kind == "time":
        points = [(str(a).replace(" ", "T", 1), b) for a, b in points]
    return [a for a, _ in points], [b for _, b in points]


def _reduced(
    chart: str, x_kind: str, xs: list[Any], ys: list[float], notices: list[str]
) -> tuple[list[Any], list[float]]:
    if chart == "bar" and len(xs) > _BARS:
        order = sorted(range(len(xs)), key=lambda n: -abs(ys[n]))[:_BARS]
        notices.append(f"The {_BARS} largest of {count(len(xs))} bars are drawn.")
        kept = order if x_kind == "text" else sorted(order)
        return [xs[n] for n in kept], [ys[n] for n in kept]
    if len(xs) > MAX_MARKS:
        step = len(xs) / MAX_MARKS
        chosen = [int(n * step) for n in range(MAX_MARKS)]
        notices.append(f"{count(MAX_MARKS)} of {count(len(xs))} points are drawn, evenly chosen.")
        return [xs[n] for n in chosen], [ys[n] for n in chosen]
    return xs, ys


def _histogram(result: Result, index: int, notices: list[str]) -> Series:
    import math

    title = result.columns[index].name
    if kind(result.table.schema.types[index]) != "number":
        raise UsageError(f"hist needs numbers, and {title} has none", where="--chart")
    values = [v for v in _floats(result.table.column(index)).to_pylist() if v is not None]
    values = [v for v in values if math.isfinite(v)]
    missing = len(result) - len(values)
    if missing:
        notices.append(f"{plural(missing, 'row')} without a number left out.")
    low, high = (min(values), max(values)) if values else (0.0, 0.0)
    bins = _BINS if high > low else 1
    width = (high - low) / bins if high > low else 1.0
    counts = [0.0] * bins
    for value in values:
        counts[min(int((value - low) / width), bins - 1)] += 1
    starts = [low + n * width for n in range(bins)]
    ends = [low + (n + 1) * width for n in range(bins)]
    return Series("hist", title, "rows", "number", starts, counts, ends, tuple(notices))


def _fitted(drawn: Series) -> Series:
    """Shorten texts that would make the file larger than MAX_BYTES."""
    if drawn.x_kind != "text" or len(json.dumps(drawn.xs)) < MAX_BYTES // 2:
        return drawn
    from dataclasses import replace

    limit = max(8, MAX_BYTES // 4 // max(1, len(drawn.xs)))
    short = [f"{n}: {x[:limit]}…" if len(x) > limit else x for n, x in enumerate(drawn.xs)]
    return replace(drawn, xs=short, notices=(*drawn.notices, "Long labels are shortened."))


def vega_lite(drawn: Series) -> dict[str, Any]:
    """Return a Vega-Lite v5 specification with its data inside."""
    types = {"number": "quantitative", "time": "temporal", "text": "nominal"}
    rows = [{"x": x, "y": y} for x, y in zip(drawn.xs, drawn.ys, strict=True)]
    x: dict[str, Any] = {"field": "x", "type": types[drawn.x_kind], "title": drawn.x_title}
    y: dict[str, Any] = {"field": "y", "type": "quantitative", "title": drawn.y_title}
    encoding: dict[str, Any] = {"x": x, "y": y}
    if drawn.kind == "hist":
        rows = [{**r, "x2": end} for r, end in zip(rows, drawn.ends, strict=True)]
        x["bin"] = {"binned": True}
        encoding["x2"] = {"field": "x2"}
    elif drawn.x_kind == "text":
        x["sort"] = None
        x["axis"] = {"labelLimit": 120, "labelAngle": -40 if len(rows) > 8 else 0}
    if drawn.kind == "scatter":
        x["scale"] = y["scale"] = {"zero": False}
    encoding["tooltip"] = [
        {"field": "x", "type": x["type"], "title": drawn.x_title},
        {"field": "y", "type": "quantitative", "title": drawn.y_title, "format": ",.6~g"},
    ]
    mark: dict[str, Any] = {"type": _MARKS[drawn.kind], "color": "#3b82c4"}
    mark |= {"point": {"filled": True, "opacity": 0.5}}.get(drawn.kind, {})
    if drawn.kind in ("bar", "hist"):
        mark |= {"cornerRadiusEnd": 2}
    spec: dict[str, Any] = {
        "$schema": _SCHEMA,
        "width": 560,
        "height": 280,
        "background": None,
        "config": _THEME,
        "data": {"values": rows},
        "mark": mark,
        "encoding": encoding,
    }
    if drawn.notices:
        subtitle = {"text": "", "subtitle": list(drawn.notices), "anchor": "start"}
        spec["title"] = subtitle
    return spec
