"""How Arrow types travel to Hive, and which cannot."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from emr_nb.results.outgoing_sql import SqlWay, common, computed, sql_way
from emr_nb.results.outgoing_types import UnsendableError

if TYPE_CHECKING:
    import pyarrow as pa

_NAMES = ("tinyint", "smallint", "int", "bigint", "float", "double", "string", "binary")
_FIELD = re.compile(r"[a-z0-9_]+")


class _Hive:
    name = "Hive"
    computes_inside = False

    def atom(self, kind: pa.DataType) -> SqlWay:
        import pyarrow as pa

        if found := common(kind, _NAMES):
            return found
        if pa.types.is_timestamp(kind) and kind.tz is None:
            # as text: Hive takes those of Parquet to be in its own zone, and in nanoseconds
            return computed(pa.string(), ("string", "timestamp"), _texts, "CAST({} AS timestamp)")
        raise UnsendableError(_refusal(kind))

    def array(self, inner: str) -> str:
        return f"array<{inner}>"

    def map(self, key: str, value: str) -> str:
        return f"map<{key},{value}>"

    def struct(self, names: Sequence[str], inner: Sequence[str]) -> str:
        pairs = zip(names, inner, strict=True)
        return f"struct<{','.join(f'{name}:{kind}' for name, kind in pairs)}>"

    def field(self, at: int, name: str) -> str:
        del at
        if not _FIELD.fullmatch(name.lower()):
            raise UnsendableError(
                f"its field {name!r} can be no field's name in Hive: a-z, 0-9 and _ can"
            )
        return name.lower()


def way(kind: pa.DataType) -> SqlWay:
    """Return how a type travels to Hive; raises UnsendableError."""
    return sql_way(kind, _Hive())


def _refusal(kind: pa.DataType) -> str:
    import pyarrow as pa

    types = pa.types
    if str(kind) == "uint64":
        return "Hive has no unsigned integers; cast it to int64, or to decimal128(20, 0)"
    if types.is_timestamp(kind):
        return (
            "Hive's timestamps have no time zone; convert it to UTC and take the zone off, or cast "
            "it to string"
        )
    if types.is_duration(kind) or types.is_interval(kind):
        return "Hive's tables hold no intervals; cast it to int64"
    if types.is_time(kind):
        return "Hive has no type for a time of day; cast it to string"
    return "Hive has no such type; cast it, for example to string"


def _texts(array: pa.Array) -> pa.Array:
    import pyarrow as pa
    import pyarrow.compute as pc

    made = array.cast(pa.string())
    inside = pc.match_substring_regex(made, r"^\d{4}-")
    if pc.any(pc.invert(inside)).as_py():
        raise UnsendableError("it has years outside 0000–9999, which Hive's timestamps have not")
    return made
