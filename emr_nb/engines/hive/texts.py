"""What Hive sends as text, in its true type: decimals, dates, timestamps and intervals.

A timestamp has up to nine decimal places and any year from 1 to 9999: Arrow's microseconds
hold the one, its nanoseconds the other. The column becomes what holds all its values; where
none does it stays text, and a notice says so. The same goes for intervals of days.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from emr_nb.engines.hive.types import HiveType, arrow_type
from emr_nb.errors import ResultError
from emr_nb.results.conform import conform

if TYPE_CHECKING:
    import pyarrow as pa

_INTERVAL = r"^(?P<sign>-?)(?P<days>\d+) (?P<h>\d+):(?P<m>\d+):(?P<s>\d+)(?:\.(?P<f>\d+))?$"
_MONTHS = r"^(?P<sign>-?)(?P<years>\d+)-(?P<months>\d+)$"


# whose Arrow type depends on the values: known when the last of them has come
LATE = frozenset({"timestamp", "interval_day_time", "timestamp with local time zone"})


def typed(column: pa.ChunkedArray, kind: HiveType) -> tuple[pa.ChunkedArray, str]:
    """Return a column in its own type, and a notice where it had to stay text (else empty).

    Raises ResultError for a text that is no value of the type.
    """
    import pyarrow as pa

    try:
        match kind.name:
            case "timestamp":
                return _timestamps(column)
            case "interval_day_time":
                return _durations(column)
            case "interval_year_month":
                return _months(column), ""
            case "timestamp with local time zone":
                return _zoned(column)
            case "void":
                return pa.chunked_array([pa.nulls(len(column))]), ""
        target = arrow_type(kind)
        return (column if column.type == target else column.cast(target)), ""
    except (pa.ArrowException, ValueError, OverflowError) as error:
        raise ResultError(
            f"A value of type {kind.spelled or kind.name} cannot be read: {error}",
            advice="Cast the column in the query, for example to string.",
        ) from error


def _timestamps(column: pa.ChunkedArray) -> tuple[pa.ChunkedArray, str]:
    import pyarrow as pa
    import pyarrow.compute as pc

    finer = pc.match_substring_regex(column, r"\.\d{7,}$")
    if not _any(finer):
        return column.cast(pa.timestamp("us")), ""
    if _any(pc.and_(finer, pc.match_substring_regex(column, r"\.\d{6}\d*[1-9]"))):
        inside = pc.and_(
            pc.greater_equal(column, "1677-09-22"), pc.less(column, "2262-04-11")
        )  # texts of one form: they compare as times do
        if _any(pc.invert(inside)):
            return column, (
                "has both nanoseconds and years outside 1677–2262, which no one type holds: "
                "it stays text"
            )
        return column.cast(pa.timestamp("ns")), ""
    short = pc.replace_substring_regex(column, r"(\.\d{6})0+$", r"\1")
    return short.cast(pa.timestamp("us")), ""


def _zoned(column: pa.ChunkedArray) -> tuple[pa.ChunkedArray, str]:
    """Read `2013-01-01 05:15:00.0 Europe/Paris`: the local time, then the session's zone."""
    import pyarrow as pa
    import pyarrow.compute as pc

    parts = pc.extract_regex(column, r"^(?P<time>\S+ \S+) (?P<zone>\S+)$")
    zones = pc.unique(pc.struct_field(parts, "zone")).drop_null().to_pylist()
    if not zones:
        return column.cast(pa.timestamp("us")), ""
    note = "is text: its times do not tell the instant"
    if len(zones) != 1:
        return column, note
    local, notice = _timestamps(pc.struct_field(parts, "time"))
    if notice:
        return column, notice
    try:
        return pc.assume_timezone(local, zones[0], ambiguous="raise", nonexistent="raise"), ""
    except pa.ArrowInvalid:
        return column, note


def _durations(column: pa.ChunkedArray) -> tuple[pa.ChunkedArray, str]:
    import pyarrow as pa
    import pyarrow.compute as pc

    parts = _parts(column, _INTERVAL)

    def number(name: str) -> pa.ChunkedArray:
        return pc.struct_field(parts, name).cast(pa.int64())

    clock = pc.add(
        pc.multiply(number("h"), 3600), pc.add(pc.multiply(number("m"), 60), number("s"))
    )
    seconds = pc.add_checked(pc.multiply_checked(number("days"), 86_400), clock)
    nanos = pc.utf8_rpad(pc.struct_field(parts, "f"), 9, "0").cast(pa.int64())
    finer = _any(pc.not_equal(pc.multiply(pc.divide(nanos, 1000), 1000), nanos))
    scale, small = (10**9, nanos) if finer else (10**6, pc.divide(nanos, 1000))
    try:
        total = pc.add_checked(pc.multiply_checked(seconds, scale), small)
    except pa.ArrowInvalid:
        return column, "is text: no one type holds both its days and its nanoseconds"
    negative = pc.equal(pc.struct_field(parts, "sign"), "-")
    signed = pc.if_else(negative, pc.negate(total), total)
    return signed.cast(pa.duration("ns" if finer else "us")), ""


def _months(column: pa.ChunkedArray) -> pa.ChunkedArray:
    import pyarrow as pa
    import pyarrow.compute as pc

    parts = _parts(column, _MONTHS)
    years, months = (pc.struct_field(parts, name).cast(pa.int32()) for name in ("years", "months"))
    total = pc.add_checked(pc.multiply_checked(years, 12), months)
    negative = pc.equal(pc.struct_field(parts, "sign"), "-")
    signed = pc.if_else(negative, pc.negate(total), total)
    return conform(signed.cast(pa.int32()), pa.month_day_nano_interval())


def _parts(column: pa.ChunkedArray, pattern: str) -> pa.ChunkedArray:
    """Return the named groups of every value; raises ValueError for one that has them not."""
    import pyarrow.compute as pc

    parts = pc.extract_regex(column, pattern)
    if parts.null_count != column.null_count:
        raise ValueError("it is not of the form that Hive writes")
    return parts


def _any(mask: pa.ChunkedArray) -> bool:
    import pyarrow.compute as pc

    return bool(pc.any(mask).as_py())
