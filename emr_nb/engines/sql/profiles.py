"""Statistics of a query's columns as one query: its text in each dialect, its row as a table."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from emr_nb.engines.sql.around import NAME, around, quoted_name
from emr_nb.engines.sql.lexicon import Lexicon
from emr_nb.engines.sql.parameters import Placed

if TYPE_CHECKING:
    import pyarrow as pa

MOST_COLUMNS = 200  # a query of more aggregates is refused by one engine or another
_TOP = 3  # of the most frequent values
_WATCHED = 1000  # values that the engine keeps counts of meanwhile
_DECIMALS = 4  # more than the column has, for its mean
_WIDEST = 38  # digits of a decimal
_BOTH = ("true", "false")

Typed = Callable[[str], str]
_ESTIMATES: Mapping[str, str] = {
    "trino": "approx_distinct({})",
    "presto": "approx_distinct({})",
    "spark": "approx_count_distinct({})",
    "duckdb": "approx_count_distinct({})",
    "hive": "compute_stats({}, 'hll').numdistinctvalues",
}
# what has no order on Trino and Presto, though it comes as text
_UNORDERED = ("json", "hyperloglog", "p4hyperloglog", "tdigest", "qdigest", "setdigest", "geometry")


@dataclass(frozen=True, slots=True)
class ProfiledColumn:
    """One column of the query: its name, the engine's word for its type, and Arrow's type."""

    name: str
    engine_type: str
    type: pa.DataType


@dataclass(frozen=True, slots=True)
class ProfileQuery:
    """The statistics of a query's columns in one query, whose only row has them all."""

    columns: Sequence[ProfiledColumn]
    rules: Lexicon

    @property
    def approximate(self) -> bool:
        """Whether distinct values are estimated, not counted."""
        return self.rules.dialect in _ESTIMATES

    def placed(self, query: Placed) -> Placed:
        """Return the query that computes them, around the one that is looked at."""
        wanted = ["count(*) AS total"]
        renamed = self.rules.dialect != "hive"  # which has no list of names there
        for number, column in enumerate(self.columns[:MOST_COLUMNS]):
            name = f"c{number}" if renamed else quoted_name(column.name, self.rules)
            wanted += [f"{text} AS {key}{number}" for key, text in self._of(column, name)]
        names = [f"c{number}" for number in range(len(self.columns))] if renamed else None
        select = ",\n".join(wanted)
        return around(query, self.rules, f"SELECT {select}\nFROM {NAME}", names)

    def _of(self, column: ProfiledColumn, name: str) -> Iterator[tuple[str, str]]:
        """Yield the aggregates of one column under the first letters of their names."""
        kind = kind_of(column)
        yield "n", f"count({name})"
        if kind in ("nested", "other"):
            return
        if kind != "binary" or self.rules.dialect != "hive":  # which estimates none of them
            yield "d", self._distinct(kind, name)
        if kind == "binary":
            return
        yield "lo", f"min({name})"
        yield "hi", f"max({name})"
        if kind in ("number", "decimal", "boolean"):
            yield from self._moments(column, kind, name)
        if self.rules.dialect in ("trino", "presto") and _countable(column):
            spelled = name if kind == "text" else f"CAST({name} AS BIGINT)"
            yield "top", f"approx_most_frequent({_TOP}, {spelled}, {_WATCHED})"

    def _distinct(self, kind: str, name: str) -> str:
        if kind == "boolean" and self.rules.dialect == "hive":  # which estimates none of them
            ones = [f"coalesce(max(CASE WHEN {name} = {v} THEN 1 ELSE 0 END), 0)" for v in _BOTH]
            return f"({' + '.join(ones)})"
        return _ESTIMATES.get(self.rules.dialect, "count(DISTINCT {})").format(name)

    def _moments(self, column: ProfiledColumn, kind: str, name: str) -> Iterator[tuple[str, str]]:
        if kind == "boolean":
            yield "m", f"avg(CASE WHEN {name} THEN 1e0 WHEN NOT {name} THEN 0e0 END)"
            return
        floating = f"CAST({name} AS DOUBLE)"
        yield "m", f"avg({self._exact(column, name) if kind == 'decimal' else floating})"
        yield "s", f"stddev_samp({floating})"

    def _exact(self, column: ProfiledColumn, name: str) -> str:
        """Return a decimal with room for a mean: Trino and Presto keep the column's own digits."""
        whole, part = column.type.precision, column.type.scale
        if self.rules.dialect not in ("trino", "presto") or whole + _DECIMALS > _WIDEST:
            return name
        return f"CAST({name} AS DECIMAL({whole + _DECIMALS}, {part + _DECIMALS}))"


def kind_of(column: ProfiledColumn) -> str:
    """Return what statistics a column can have, by its type."""
    from pyarrow import types

    spelled, type_ = column.engine_type.lower(), column.type
    tests: tuple[tuple[str, tuple[Callable[[Any], bool], ...]], ...] = (
        ("boolean", (types.is_boolean,)),
        ("decimal", (types.is_decimal,)),
        ("number", (types.is_integer, types.is_floating)),
        ("time", (types.is_date, types.is_timestamp, types.is_time)),
        ("binary", (types.is_binary, types.is_large_binary, types.is_fixed_size_binary)),
        ("nested", (types.is_nested,)),
        ("text", (types.is_string, types.is_large_string)),
    )
    found = next((name for name, is_ in tests if any(test(type_) for test in is_)), "other")
    unordered = spelled.startswith((*_UNORDERED, "interval", "array", "map", "struct", "row"))
    return "other" if found == "text" and unordered else found


def _countable(column: ProfiledColumn) -> bool:
    """Tell whether Trino counts its most frequent values: of texts and whole numbers."""
    from pyarrow import types

    return column.engine_type.lower().startswith("varchar") or types.is_integer(column.type)
