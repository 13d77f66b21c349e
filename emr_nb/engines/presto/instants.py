"""Dates, times and instants from the engine's text to Arrow, whatever the year and the zone."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from emr_nb.engines.presto.types import Kind, arrow_type, unit
from emr_nb.errors import ResultError

if TYPE_CHECKING:
    import pyarrow as pa

_PER_SECOND = {"s": 1, "ms": 1_000, "us": 1_000_000, "ns": 1_000_000_000}
_DATE = re.compile(r"([+-]?\d{4,})-(\d\d)-(\d\d)")
_CLOCK = re.compile(r" (\d\d):(\d\d):(\d\d)(?:\.(\d+))?")
_OFFSET = re.compile(r"([+-])(\d\d):(\d\d)")
_UTC = frozenset({"UTC", "Z", "GMT", "Etc/UTC", "Etc/GMT", "UCT", "Zulu", "Etc/UCT", "+00:00"})
_MOST = 2**63


@dataclass
class Zones:
    """The zones that one column's values had; `doubtful` counts those in an hour that comes twice.

    Where clocks go back, the text of both hours is the same.
    """

    names: set[str] = field(default_factory=set)
    doubtful: int = 0


def dates(values: Sequence[str | None]) -> pa.Array:
    """Return dates; years before 1 and beyond 9999 too."""
    import pyarrow as pa

    texts = pa.array(values, pa.string())
    if _plain(texts, 10):
        return texts.cast(pa.date32())
    days = [None if v is None else _days(_matched(_DATE, v, v)) for v in values]
    return pa.array(days, pa.int32()).view(pa.date32())


def times(values: Sequence[str | None], kind: Kind) -> pa.Array:
    """Return times of a day."""
    import pyarrow as pa
    import pyarrow.compute as pc

    texts = pc.binary_join_element_wise("1970-01-01", pa.array(values, pa.string()), " ")
    return texts.cast(pa.timestamp(unit(kind))).cast(arrow_type(kind))


def timestamps(values: Sequence[str | None], kind: Kind) -> pa.Array:
    """Return wall clock times of the type's unit; raises ResultError beyond its range."""
    import pyarrow as pa

    wanted = pa.timestamp(unit(kind))
    texts = pa.array(values, pa.string())
    length = 19 + (kind.precision and kind.precision + 1)
    if unit(kind) != "ns" and _plain(texts, length):
        return texts.cast(wanted)
    return pa.array(_ticks(values, unit(kind)), pa.int64()).view(wanted)


def zoned(values: Sequence[str | None], kind: Kind, zones: Zones) -> pa.Array:
    """Return instants in UTC of texts that end with their zones, and note these.

    A wall clock time that a zone has twice is taken as the first, and counted.
    """
    import pyarrow as pa

    parts = [(None, None) if v is None else v.rsplit(" ", 1) for v in values]
    walls = timestamps([part[0] for part in parts], kind)
    names = [part[1] for part in parts]
    found = {name for name in names if name is not None}
    zones.names |= found
    if len(found) <= 1:
        return _shifted(walls, next(iter(found), "UTC"), zones)
    ticks: list[int | None] = [None] * len(values)
    for name in sorted(found):
        at = [n for n, told in enumerate(names) if told == name]
        moved = _shifted(walls.take(pa.array(at)), name, zones).cast(pa.int64()).to_pylist()
        for place, tick in zip(at, moved, strict=True):
            ticks[place] = tick
    return pa.array(ticks, pa.int64()).view(pa.timestamp(unit(kind), "UTC"))


def _shifted(walls: pa.Array, zone: str, zones: Zones) -> pa.Array:
    """Return the instants of wall clock times in one zone."""
    import pyarrow as pa
    import pyarrow.compute as pc

    wanted = pa.timestamp(walls.type.unit, "UTC")
    if zone in _UTC:
        return walls.view(pa.int64()).view(wanted)
    if offset := _OFFSET.fullmatch(zone):
        seconds = (int(offset[2]) * 3600 + int(offset[3]) * 60) * (-1 if offset[1] == "-" else 1)
        moved = pc.subtract_checked(walls.view(pa.int64()), seconds * _PER_SECOND[wanted.unit])
        return moved.view(wanted)
    try:
        first = pc.assume_timezone(walls, zone, ambiguous="earliest", nonexistent="earliest")
        last = pc.assume_timezone(walls, zone, ambiguous="latest", nonexistent="earliest")
    except pa.ArrowInvalid as error:
        raise ResultError(
            f"Instants in the zone {zone!r} cannot be read here: {error}",
            advice="Select at_timezone(column, 'UTC'), or install the package tzdata.",
        ) from error
    zones.doubtful += pc.sum(pc.not_equal(first, last)).as_py() or 0
    return first.view(pa.int64()).view(wanted)


def _plain(texts: pa.Array, length: int) -> bool:
    """Tell whether every text has the form of a year from 0 to 9999, which Arrow reads itself."""
    import pyarrow.compute as pc

    sizes = pc.min_max(pc.binary_length(texts)).as_py()
    if sizes["min"] is None:
        return True
    if sizes != {"min": length, "max": length}:
        return False
    least: str = pc.min_max(texts).as_py()["min"]
    return least >= "0"  # no sign, which sorts before digits


def _ticks(values: Sequence[str | None], name: str) -> list[int | None]:
    per = _PER_SECOND[name]
    digits = len(str(per)) - 1
    made: list[int | None] = []
    for text in values:
        if text is None:
            made.append(None)
            continue
        day = _matched(_DATE, text, text)
        clock = _matched(_CLOCK, text[day.end() :], text)
        seconds = _days(day) * 86400 + int(clock[1]) * 3600 + int(clock[2]) * 60 + int(clock[3])
        tick = seconds * per + int((clock[4] or "").ljust(digits, "0") or 0)
        if not -_MOST <= tick < _MOST:
            raise ResultError(
                f"{text} lies outside of what Arrow's timestamps hold in {name} (1677 to 2262)",
                advice="Cast the column to timestamp(6), or to varchar.",
            )
        made.append(tick)
    return made


def _matched(pattern: re.Pattern[str], text: str, whole: str) -> re.Match[str]:
    found = pattern.match(text)
    if found is None:
        raise ResultError(f"{whole!r} is no date or time as the engines write them")
    return found


def _days(date: re.Match[str]) -> int:
    """Return the days since 1970-01-01 in the proleptic Gregorian calendar."""
    year, month, day = int(date[1]), int(date[2]), int(date[3])
    year -= month <= 2
    era, of_era = divmod(year, 400)
    of_year = (153 * (month + (-3 if month > 2 else 9)) + 2) // 5 + day - 1
    return era * 146097 + of_era * 365 + of_era // 4 - of_era // 100 + of_year - 719468
