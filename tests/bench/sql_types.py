"""The tables of types of Hive, Trino and the Presto dialect: every value, by every way.

The cases are those of `tests/cluster`; each value stands above a null, all of an engine's in
one query, in a session whose zone is not UTC. A way keeps a value when it is exactly what it
was. To rivals we are lenient: the same value in a form of its own counts.
"""

from __future__ import annotations

import io
import re
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from emr_nb.errors import EmrError
from emr_nb.notebook.deliver import convert
from emr_nb.results.pandas import python_values
from emr_nb.results.result import Result
from emr_nb.results.writing import encoded
from tests.bench.sql_ours import Ours
from tests.bench.sql_sent import sendable, sent, session_on, wrote
from tests.bench.sql_sides import Worker
from tests.bench.sql_told import read
from tests.bench.type_scores import NO, REFUSED, YES
from tests.cluster import hive_types, trino_types
from tests.cluster.type_cases import same as alike
from tests.cluster.type_cases import stored

ZONE = trino_types.ZONE
Marks = dict[str, list[str]]


@dataclass(frozen=True)
class Value:
    """One case: its SQL, its type as the engine spells it, what it is, its Arrow type if fixed."""

    sql: str
    kind: str
    value: Any
    arrow: pa.DataType | None = None

    @property
    def group(self) -> str:
        """The type without its parameters, and without what a nested one is made of."""
        zoned = re.fullmatch(r"(time|timestamp)\(\d+\) with time zone", self.kind)
        return f"{zoned[1]} with time zone" if zoned else re.split(r"[(<]", self.kind)[0].strip()


TRINO = [Value(case.sql, case.kind, case.value) for case in trino_types.CASES]
HIVE = [  # that of a literal alone Hive sends without its sign; here none is alone
    Value(sql, hive_types.kind_of(sql, arrow), -0.0 if "'-0.0'" in sql else value, arrow)
    for sql, arrow, value in (*hive_types.VALUES, *hive_types.zoned(ZONE))
]


def query(engine: str, values: Sequence[Value]) -> str:
    """Return one query of all values, each in a column with a null below it."""
    if engine == "hive":
        columns = [f"if(pos = 1, null, {v.sql}) as c{at}" for at, v in enumerate(values)]
        rows = "(select 1) q lateral view posexplode(split(' ', ' ')) p as pos, x"
        return f"select {', '.join(columns)} from {rows}"
    columns = [f"if(n = 0, {plain(v.sql)}) as c{at}" for at, v in enumerate(values)]
    return f"select {', '.join(columns)} from unnest(sequence(0, 1)) t(n) order by n"


def plain(sql: str) -> str:
    """An aggregate has no rows of its own."""
    return f"(select {sql})" if sql.startswith("approx_set") else sql


@dataclass
class Ways:
    """Our ways of one engine; `found` has a mark a value for each."""

    engine: str
    port: int
    values: Sequence[Value]
    found: Marks = field(default_factory=dict)

    def all(self) -> Marks:
        session = self.session()
        sql = query(self.engine, self.values)
        whole = session.result(sql)
        self.score("-o arrow", lambda at: exact(whole, at, self.values[at]))
        frame = whole.to_pandas()
        self.score("-o pandas", lambda at: pandas(whole, frame, at, self.values[at]))
        self.score("-o polars", lambda at: polars(whole, at))
        if self.engine == "trino":
            for way in ("json", "json+zstd", "json+lz4"):
                spooled = self.session(encodings=way).result(sql)
                self.score(way, lambda at, r=spooled: exact(r, at, self.values[at]))
        self.score("--to file", lambda at: written(whole, at))
        for way, marks in (("--to cluster", to_cluster), ("push", pushed)):
            print(f"  {self.engine}: {way}", file=sys.stderr, flush=True)
            if found := marks(self.engine, whole, self.values):
                self.found[way] = found
        return self.found

    def session(self, **conf: str) -> Ours:
        if self.engine != "hive":
            return Ours(self.engine, self.port, time_zone=ZONE, **conf)
        made = Ours("hive", self.port)
        made.result(f"set hive.local.time.zone={ZONE}")
        return made

    def score(self, way: str, each: Callable[[int], str]) -> None:
        print(f"  {self.engine}: {way}", file=sys.stderr, flush=True)
        self.found[way] = [each(at) for at in range(len(self.values))]


def exact(result: Result, at: int, wanted: Value) -> str:
    """Compare what came in Arrow with what the case says, and its null with null."""
    column = result.table.column(at)
    told = result.columns[at].engine_type.lower()
    if wanted.arrow is not None and column.type != wanted.arrow:
        return NO
    if wanted.arrow is None and told != wanted.kind.lower():
        return NO
    try:
        found = trino_types.value(column.slice(0, 1), wanted.value)
    except (ValueError, OverflowError):
        return NO
    ours = hive_types.same if wanted.arrow is not None else trino_types.same
    kept = ours(found, wanted.value) and column.is_null().to_pylist()[1]
    return YES if kept else NO


def pandas(result: Result, frame: Any, at: int, wanted: Value) -> str:
    """Compare pandas' column with Arrow's, where that is exact."""
    if exact(result, at, wanted) != YES:
        return NO
    column, series = result.table.column(at), frame.iloc[:, at]
    if str(series.dtype) == "object":
        found, there = list(series), python_values(column)
    else:
        nulls = not str(series.dtype).endswith("[pyarrow]")
        back = pa.array(series, type=column.type, from_pandas=nulls)
        whole = back if isinstance(back, pa.ChunkedArray) else pa.chunked_array([back])
        found, there = stored(whole), stored(column)
    return YES if same_all(found, there) else NO


def same_all(found: Sequence[Any], wanted: Sequence[Any]) -> bool:
    return len(found) == len(wanted) and all(map(deep, found, wanted))


def deep(found: Any, wanted: Any) -> bool:
    """Compare nested values to the last of them, NaN with NaN."""
    if isinstance(wanted, list | tuple) and isinstance(found, list | tuple):
        return same_all(found, wanted)
    if isinstance(wanted, Mapping):
        return list(found) == list(wanted) and same_all([*found.values()], [*wanted.values()])
    return alike(found, wanted)


def one(result: Result, at: int) -> Result:
    return replace(result, table=result.table.select([at]), columns=result.columns[at : at + 1])


def back(result: Result, at: int, came: pa.ChunkedArray) -> str:
    """Compare a column that came back by a way; whole seconds may be as many milliseconds."""
    column = result.table.column(at)
    if pa.types.is_timestamp(column.type) and pa.types.is_timestamp(came.type):
        try:
            came = came.cast(column.type)
        except pa.ArrowInvalid:
            return NO
    return YES if same_all(stored(came), stored(column)) else NO


def polars(result: Result, at: int) -> str:
    """Give a column to polars as `--as polars` does, and take it back by Arrow."""
    try:
        frame, _ = convert(one(result, at), "polars", "exact")
        return back(result, at, frame.to_arrow().column(0))
    except BaseException as error:  # polars' panics are no Exceptions
        if isinstance(error, KeyboardInterrupt):
            raise
        return REFUSED


def written(result: Result, at: int) -> str:
    """Write a column to Parquet as `--to` a local file does, and have pyarrow read it."""
    table = one(result, at).table
    try:
        data = b"".join(encoded([table], table.schema, "parquet"))
    except EmrError:
        return REFUSED
    return back(result, at, pq.read_table(io.BytesIO(data)).column(0))


def pushed(engine: str, result: Result, values: Sequence[Value]) -> list[str] | None:
    """Send all columns that have a way there as one frame, and bring them back."""
    with session_on(engine, ZONE) as session:
        if session is None:
            return None
        ways = [sendable(session, one(result, at).table) for at in range(len(values))]
        there = [at for at, way in enumerate(ways) if way]
        came = sent(session, result.table.select(there))
    marks = [REFUSED] * len(values)
    for at, column in zip(there, came, strict=True):
        marks[at] = NO if column is None else back(result, at, column)
    return marks


def to_cluster(engine: str, result: Result, values: Sequence[Value]) -> list[str] | None:
    """Let the engine write each value to Parquet on the cluster, and have pyarrow read it."""
    with session_on(engine, ZONE) as session:
        if session is None or not session.writes:
            return None
        marks = []
        for at, value in enumerate(values):
            try:
                came = wrote(session, query(engine, [value]))
            except EmrError:
                marks.append(REFUSED)
            else:
                marks.append(back(result, at, came.column(0)))
        return marks


# -- rivals ---------------------------------------------------------------------------------

RIVALS: dict[str, dict[str, dict[str, Any]]] = {
    "hive": {"impyla": {}, "PyHive": {}},
    "trino": {"trino client": {"timezone": ZONE}},
    "presto": {"presto-python-client": {"http_headers": {"X-Presto-Time-Zone": ZONE}}},
}


def rival(name: str, python: Path, port: int, values: Sequence[Value], **options: Any) -> list[str]:
    """Bring each value, and the null below it, by a query of its own: none spoils another."""
    print(f"  {name}", file=sys.stderr, flush=True)
    hive = name in ("impyla", "PyHive")
    with Worker(python, name, port, **options) as worker:
        if hive:
            worker.ask("values", statements=[f"set hive.local.time.zone={ZONE}"])
        engine = "hive" if hive else "trino"
        asked = [query(engine, [value]) for value in values]
        told = worker.ask("values", statements=asked)["values"]
    return [kept(found, value) for found, value in zip(told, values, strict=True)]


def kept(told: Any, wanted: Value) -> str:
    """Tell whether a client brought a value and its null; a text is the error that it raised."""
    if isinstance(told, str) or len(told) != 2 or told[1] is not None:
        return NO
    found = read(told[0])
    if isinstance(found, str) and spelled_out(found, wanted):
        return YES
    if wanted.kind in ("real", "float") and isinstance(found, float):
        found = pa.scalar(repr(found)).cast(pa.float32()).as_py()  # its text, which is as good
    try:
        return YES if trino_types.equal(found, wanted.value) else NO
    except (AttributeError, TypeError, ValueError, ArithmeticError):
        return NO


def spelled_out(found: str, wanted: Value) -> bool:
    """Tell whether a text has all of what is no text here, but for a number's being one."""
    literal = re.search(r"'([^']*)'", wanted.sql)
    if isinstance(wanted.value, str | float | list):
        return False
    if isinstance(wanted.value, Decimal):
        return found == str(wanted.value)
    return literal is not None and found == literal[1]


# -- all ------------------------------------------------------------------------------------


def measure(ports: Mapping[str, int], python: Path) -> dict[str, Marks]:
    """Score every way of ours and every rival, by engine; a mark per value and way."""
    found = {}
    for engine, values in (("hive", HIVE), ("trino", TRINO), ("presto", TRINO)):
        port = ports["hive" if engine == "hive" else "trino"]
        marks = Ways(engine, port, values).all()
        for name, options in RIVALS[engine].items():
            marks[name] = rival(name, python, port, values, **options)
        found[engine] = marks
    return found


def markdown(found: Mapping[str, Marks]) -> str:
    """Return a table per engine: a line per type, how many of its values each way keeps."""
    named = (("hive", "Hive", HIVE), ("trino", "Trino", TRINO), ("presto", "Presto dialect", TRINO))
    return "\n\n".join(table(title, values, found[key]) for key, title, values in named)


def table(title: str, values: Sequence[Value], marks: Marks) -> str:
    lines = [f"| {' | '.join([title, 'values', *marks])} |", "|---" * (len(marks) + 2) + "|"]
    groups = dict.fromkeys(value.group for value in values)
    for group in groups:
        at = [i for i, value in enumerate(values) if value.group == group]
        cells = [cell([marks[way][i] for i in at]) for way in marks]
        lines.append(f"| {' | '.join([group, str(len(at)), *cells])} |")
    totals = [str(sum(mark == YES for mark in marks[way])) for way in marks]
    lines.append(f"| **kept exactly** | {len(values)} | {' | '.join(totals)} |")
    return "\n".join(lines)


def cell(marks: Sequence[str]) -> str:
    """All kept, none kept, all refused; else what became of how many."""
    if len(set(marks)) == 1:
        return marks[0]
    kept_ones, refused = marks.count(YES), marks.count(REFUSED)
    told = [f"{kept_ones} {YES}", f"{refused} {REFUSED}" if refused else ""]
    wrong = len(marks) - kept_ones - refused
    return ", ".join(filter(None, [*told, f"{wrong} {NO}" if wrong else ""]))
