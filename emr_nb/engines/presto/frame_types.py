"""How Arrow types travel to Presto and Trino by a Hive catalog, and which cannot.

The catalog reads timestamps in the precision of a session property and has no times, zones
and intervals: those lie in the file as numbers, of which the view makes what was sent.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from emr_nb.engines.presto.catalog import literal
from emr_nb.results.outgoing_sql import SqlWay, common, computed, sql_way
from emr_nb.results.outgoing_types import UnsendableError, months

if TYPE_CHECKING:
    import pyarrow as pa

_NAMES = ("tinyint", "smallint", "integer", "bigint", "real", "double", "varchar", "varbinary")
_DIGITS = {"s": 0, "ms": 3, "us": 6, "ns": 9}


class _Trino:
    name = "Trino"
    computes_inside = True

    def atom(self, kind: pa.DataType) -> SqlWay:
        import pyarrow as pa

        types = pa.types
        if found := common(kind, _NAMES):
            return found
        if types.is_timestamp(kind) or types.is_time(kind):
            return _moment(kind)
        if types.is_duration(kind):
            spelled = "interval day to second"
            return computed(
                pa.int64(), ("bigint", spelled), _milliseconds, "({} * INTERVAL '0.001' SECOND)"
            )
        if kind == pa.month_day_nano_interval():
            spelled = "interval year to month"
            return computed(pa.int32(), ("integer", spelled), months, "({} * INTERVAL '1' MONTH)")
        raise UnsendableError(_refusal(kind))

    def array(self, inner: str) -> str:
        return f"array({inner})"

    def map(self, key: str, value: str) -> str:
        return f"map({key}, {value})"

    def struct(self, names: Sequence[str], inner: Sequence[str]) -> str:
        quoted = ('"' + name.replace('"', '""') + '"' for name in names)
        return f"row({', '.join(f'{n} {kind}' for n, kind in zip(quoted, inner, strict=True))})"

    def field(self, at: int, name: str) -> str:
        if not name:
            raise UnsendableError("a field of it has no name; give it one")
        return f"f{at}"


def way(kind: pa.DataType) -> SqlWay:
    """Return how a type travels to Presto and Trino; raises UnsendableError."""
    return sql_way(kind, _Trino())


def _moment(kind: pa.DataType) -> SqlWay:
    """Return the way of an instant, a local time or a time of day: by its ticks."""
    import pyarrow as pa

    digits = _DIGITS[kind.unit]
    nanos = f"from_unixtime_nanos(CAST({{}} AS decimal(38, 0)) * {10 ** (9 - digits)})"
    if not pa.types.is_timestamp(kind) or kind.tz is None:
        nanos = f"at_timezone({nanos}, 'UTC')"  # else its clock is that of the session's zone
    if pa.types.is_time(kind):
        final = f"time({digits})"
        view = f"CAST(CAST({nanos} AS timestamp({digits})) AS {final})"
    elif kind.tz is None:
        final = f"timestamp({digits})"
        view = f"CAST({nanos} AS {final})"
    else:
        final = f"timestamp({digits}) with time zone"
        zone = literal(kind.tz).replace("{", "{{").replace("}", "}}")
        view = f"CAST(at_timezone({nanos}, {zone}) AS {final})"
    return computed(pa.int64(), ("bigint", final), _ticks(kind), view)


def _ticks(kind: pa.DataType) -> Callable[[pa.Array], pa.Array]:
    import pyarrow as pa

    stored = pa.int32() if kind.bit_width == 32 else pa.int64()
    return lambda array: array.view(stored).cast(pa.int64())


def _milliseconds(array: pa.Array) -> pa.Array:
    import pyarrow as pa

    try:
        return array.cast(pa.duration("ms"), safe=True).view(pa.int64())
    except pa.ArrowInvalid as error:
        raise UnsendableError(
            "it has parts of a millisecond, which Trino's intervals do not keep"
        ) from error


def _refusal(kind: pa.DataType) -> str:
    if str(kind) == "uint64":
        return "Trino has no unsigned integers; cast it to int64, or to decimal128(20, 0)"
    return "Trino has no such type; cast it, for example to string"
