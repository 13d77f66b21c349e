"""The one table of engine type → Arrow → pandas; the documentation and the tests read it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class TypeRow:
    """One Spark type: what it is in Arrow, and in pandas without and with nulls."""

    spark: str
    arrow: str
    pandas: str
    pandas_nulls: str
    note: str = ""


TYPES: tuple[TypeRow, ...] = (
    TypeRow("boolean", "bool", "bool", "boolean"),
    TypeRow("tinyint", "int8", "int8", "Int8"),
    TypeRow("smallint", "int16", "int16", "Int16"),
    TypeRow("int", "int32", "int32", "Int32"),
    TypeRow("bigint", "int64", "int64", "Int64"),
    TypeRow(
        "float",
        "float",
        "float32",
        "float32",
        "null is NaN where no value is NaN; else float[pyarrow] keeps the two apart",
    ),
    TypeRow("double", "double", "float64", "float64", "as float, with double[pyarrow]"),
    TypeRow(
        "decimal(p,s)",
        "decimal128(p, s)",
        "decimal128(p, s)[pyarrow]",
        "decimal128(p, s)[pyarrow]",
        "--decimal float: float64",
    ),
    TypeRow("string", "string", "str", "str", "object in pandas 2"),
    TypeRow("char(n)", "string", "str", "str", "padded as Spark pads it"),
    TypeRow("varchar(n)", "string", "str", "str"),
    TypeRow("binary", "binary", "object", "object", "bytes"),
    TypeRow("date", "date32[day]", "date32[day][pyarrow]", "date32[day][pyarrow]"),
    TypeRow(
        "timestamp",
        "timestamp[us, tz=<session zone>]",
        "datetime64[us, <session zone>]",
        "datetime64[us, <session zone>]",
    ),
    TypeRow("timestamp_ntz", "timestamp[us]", "datetime64[us]", "datetime64[us]"),
    TypeRow(
        "interval year to month",
        "month_day_nano_interval",
        "object",
        "object",
        "pyarrow.MonthDayNano",
    ),
    TypeRow("interval day to second", "duration[us]", "timedelta64[us]", "timedelta64[us]"),
    TypeRow(
        "interval",
        "struct<months: int32, days: int32, microseconds: int64>",
        "object",
        "object",
        "dict; nanoseconds would overflow",
    ),
    TypeRow("void", "null", "object", "object", "None"),
    TypeRow("array<T>", "list<T>", "object", "object", "list"),
    TypeRow("map<K,V>", "map<K, V>", "object", "object", "list of (key, value) in Spark's order"),
    TypeRow(
        "struct<…>",
        "struct<…>",
        "object",
        "object",
        "dict; list of (name, value) where two fields share a name",
    ),
)


def markdown() -> str:
    """Return the table as Markdown, for the documentation."""
    lines = ["| Spark | Arrow | pandas | pandas, with nulls | note |", "|---|---|---|---|---|"]
    lines += [
        f"| `{r.spark}` | `{r.arrow}` | `{r.pandas}` | `{r.pandas_nulls}` | {r.note} |"
        for r in TYPES
    ]
    return "\n".join(lines) + "\n"
