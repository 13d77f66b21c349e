"""A chart as an SVG of its own: for viewers that do not draw Vega-Lite. All text is escaped."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from html import escape
from typing import TYPE_CHECKING

from emr_nb.notebook.look import printable

if TYPE_CHECKING:
    from emr_nb.notebook.charts import Series

_WIDTH, _HEIGHT = 660, 360
_LEFT, _RIGHT, _TOP, _BOTTOM = 76, 30, 16, 64
_COLOUR = "#3b82c4"
_INK = "#80868f"  # reads on white and on black
_FONT = "system-ui,-apple-system,'Segoe UI',Roboto,sans-serif"
_LABELS = 12


@dataclass(frozen=True, slots=True)
class Scale:
    """Maps values to pixels on one axis."""

    low: float
    high: float
    start: float
    end: float

    def __call__(self, value: float) -> float:
        span = self.high - self.low or 1.0
        return self.start + (value - self.low) / span * (self.end - self.start)


def ticks(low: float, high: float, wanted: int = 6) -> list[float]:
    """Return round values that cover a range."""
    if high <= low:
        high = low + 1
    rough = (high - low) / max(1, wanted - 1)
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(m * power for m in (1, 2, 2.5, 5, 10) if m * power >= rough * 0.999)
    first, last = math.floor(low / step), math.ceil(high / step)
    return [n * step for n in range(first, last + 1)]


def tick_text(value: float, values: Sequence[float]) -> str:
    """Write a tick: large ones shortened, all of an axis with the same decimals."""
    largest = max((abs(v) for v in values), default=0.0)
    for limit, unit in ((1e9, "G"), (1e6, "M"), (1e4, "k")):
        if largest >= limit:
            return f"{value / {'G': 1e9, 'M': 1e6, 'k': 1e3}[unit]:g}{unit}" if value else "0"
    return f"{value:g}"


def svg(drawn: Series) -> str:
    """Draw a chart."""
    low = min([0.0, *drawn.ys]) if drawn.kind != "scatter" else min(drawn.ys, default=0.0)
    high = max([0.0, *drawn.ys]) if drawn.kind != "scatter" else max(drawn.ys, default=1.0)
    y_ticks = ticks(low, high)
    y = Scale(y_ticks[0], y_ticks[-1], _HEIGHT - _BOTTOM, _TOP)
    parts = [_y_axis(y, y_ticks)]
    bars = drawn.kind in ("bar", "hist")
    if not drawn.xs:
        parts.append(_text(_WIDTH / 2, _HEIGHT / 2, "no rows", size=14))
    elif bars and drawn.x_kind == "text":
        parts += _bars(drawn, y)
    else:
        parts += _points(drawn, y)
    parts.append(_text((_LEFT + _WIDTH - _RIGHT) / 2, _HEIGHT - 14, drawn.x_title, weight=600))
    parts.append(_text(14, (_TOP + _HEIGHT - _BOTTOM) / 2, drawn.y_title, weight=600, turn=-90))
    notes = "".join(
        _text(_LEFT, _HEIGHT + 14 + 16 * n, note, anchor="start")
        for n, note in enumerate(drawn.notices)
    )
    height = _HEIGHT + 18 * len(drawn.notices)
    title = escape(printable(f"{drawn.y_title} by {drawn.x_title}"))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}" '
        f'width="{_WIDTH}" height="{height}" role="img" font-family="{_FONT}">'
        f"<title>{title}</title>{''.join(parts)}{notes}</svg>"
    )


def _y_axis(y: Scale, values: Sequence[float]) -> str:
    lines = []
    for value in values:
        at = y(value)
        strong = 0.55 if value == 0 else 0.18
        lines.append(
            f'<line x1="{_LEFT}" x2="{_WIDTH - _RIGHT}" y1="{at:.1f}" y2="{at:.1f}" '
            f'stroke="{_INK}" stroke-opacity="{strong}"/>'
        )
        lines.append(_text(_LEFT - 8, at + 4, tick_text(value, values), anchor="end"))
    return "".join(lines)


def _bars(drawn: Series, y: Scale) -> list[str]:
    """Draw one bar per text; with many of them only some are labelled, at a slant."""
    slot = (_WIDTH - _LEFT - _RIGHT) / len(drawn.xs)
    zero = y(0)
    width = max(1.0, min(slot * 0.72, 64.0))
    slanted = any(len(str(x)) * 6.5 > slot for x in drawn.xs)
    every = max(1, math.ceil(len(drawn.xs) * 14 / (_WIDTH - _LEFT - _RIGHT)))
    parts = []
    for number, (label, value) in enumerate(zip(drawn.xs, drawn.ys, strict=True)):
        middle = _LEFT + slot * (number + 0.5)
        parts.append(_bar(middle - width / 2, width, zero, y(value), f"{label}: {value:,.6g}"))
        if number % every == 0:
            short = str(label) if len(str(label)) <= _LABELS else f"{str(label)[: _LABELS - 1]}…"
            anchor, turn = ("end", -35) if slanted else ("middle", 0)
            parts.append(_text(middle, _HEIGHT - _BOTTOM + 16, short, anchor=anchor, turn=turn))
    return parts


def _bar(left: float, width: float, zero: float, top: float, tip: str) -> str:
    return (
        f'<rect x="{left:.1f}" width="{width:.1f}" y="{min(zero, top):.1f}" '
        f'height="{max(abs(zero - top), 0.5):.1f}" rx="1.5" fill="{_COLOUR}">'
        f"<title>{escape(printable(tip))}</title></rect>"
    )


def _points(drawn: Series, y: Scale) -> list[str]:
    """Draw lines, areas, dots or a histogram over a number or time axis."""
    xs = _numbers(drawn)
    edges = [*xs, *drawn.ends]
    values = ticks(min(edges), max(edges), 7) if drawn.x_kind == "number" else []
    low, high = (values[0], values[-1]) if values else (min(edges), max(edges))
    x = Scale(low, high, _LEFT + 4, _WIDTH - _RIGHT - 4)
    parts = _x_axis(drawn, x, values, xs)
    spots = [(x(a), y(b)) for a, b in zip(xs, drawn.ys, strict=True)]
    if drawn.kind == "hist":
        for (left, top), end, n in zip(spots, drawn.ends, drawn.ys, strict=True):
            parts.append(_bar(left + 0.5, max(1.0, x(end) - left - 1), y(0), top, f"{n:,.0f} rows"))
        return parts
    if drawn.kind == "scatter":
        dots = "".join(f'<circle cx="{a:.1f}" cy="{b:.1f}" r="2.6"/>' for a, b in spots)
        return [*parts, f'<g fill="{_COLOUR}" fill-opacity=".55">{dots}</g>']
    path = " ".join(f"{a:.1f},{b:.1f}" for a, b in spots)
    if drawn.kind == "area":
        zero = y(0)
        closed = f"{spots[0][0]:.1f},{zero:.1f} {path} {spots[-1][0]:.1f},{zero:.1f}"
        parts.append(f'<polygon points="{closed}" fill="{_COLOUR}" fill-opacity=".25"/>')
    line = f'<polyline points="{path}" fill="none" stroke="{_COLOUR}" stroke-width="2" '
    return [*parts, f'{line}stroke-linejoin="round"/>']


def _numbers(drawn: Series) -> list[float]:
    if drawn.x_kind == "number":
        return [float(x) for x in drawn.xs]
    if drawn.x_kind == "time":
        return [_seconds(str(x)) for x in drawn.xs]
    return [float(n) for n in range(len(drawn.xs))]


def _seconds(text: str) -> float:
    """Return a time as seconds since year 1, which any date of a table has."""
    moment = datetime.fromisoformat(text)
    moment = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment
    return (moment - datetime(1, 1, 2, tzinfo=UTC)).total_seconds()


def _x_axis(drawn: Series, x: Scale, values: Sequence[float], xs: Sequence[float]) -> list[str]:
    base = _HEIGHT - _BOTTOM + 16
    if drawn.x_kind == "number":
        return [_text(x(v), base, tick_text(v, values)) for v in values]
    step = max(1, math.ceil(len(xs) / 6))
    shown = range(0, len(xs), step)
    labels = [str(drawn.xs[n]).replace("T", " ") for n in shown]
    if drawn.x_kind == "time" and len({t[:10] for t in labels}) == len(labels):
        labels = [t[:10] for t in labels]
    return [_text(x(xs[n]), base, t[:16]) for n, t in zip(shown, labels, strict=True)]


def _text(
    x: float, y: float, text: str, *, anchor: str = "middle", size: int = 11,
    weight: int = 400, turn: int = 0,
) -> str:  # fmt: skip
    turned = f' transform="rotate({turn} {x:.1f} {y:.1f})"' if turn else ""
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" font-size="{size}" '
        f'font-weight="{weight}" fill="{_INK}"{turned}>{escape(printable(text))}</text>'
    )
