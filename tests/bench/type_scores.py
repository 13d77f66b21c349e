"""The type table: every Spark SQL type by every way of ours, and by sparkmagic, value by value.

A way scores a type when every value of `tests/cluster/type_cases.py` comes back as it was. To
sparkmagic's values we are lenient: a number may have another type, a date may be a timestamp,
a struct may be a dict, as long as nothing of the value is lost.
"""

from __future__ import annotations

import base64
import datetime as dt
import decimal
import io
import json
import math
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

import emr_nb
from emr_nb.cluster import AttachedCluster
from emr_nb.engines.inputs import local_input
from emr_nb.engines.livy.session import LivySession
from emr_nb.errors import EmrError
from emr_nb.model import Request, SessionOptions, WriteTarget
from emr_nb.notebook.deliver import convert
from emr_nb.results.plan import Carrier, TransferPlan, plan_transfer
from emr_nb.results.result import Result
from tests.bench.sides import Sparkmagic
from tests.cluster.type_cases import (
    CASES,
    ROWS,
    ZONE,
    check,
    column_of,
    query_of_all,
    same,
    stored,
)  # fmt: skip

YES, NO, REFUSED = "✓", "✗", "refused"


@dataclass
class Ways:
    """Our ways to bring, push and write, on one session whose zone is not UTC."""

    cluster: AttachedCluster
    session: LivySession
    found: dict[str, list[str]] = field(default_factory=dict)

    def run(self, code: str, language: str = "sql", output: str | None = None,
            plan: TransferPlan | None = None, **more: Any) -> Result:  # fmt: skip
        request = Request(code, language, uuid.uuid4().hex, output=output, rows=-1, **more)
        result = self.session.submit(request, plan or plan_transfer(request)).result()
        return result if result is not None else Result(pa.table({}), ())

    def score(self, way: str, each: Callable[[int], str]) -> None:
        self.found[way] = [each(at) for at in range(len(CASES))]

    def brought(self, way: str, result: Result) -> None:
        """Score what came back in Arrow and in pandas."""

        def each(at: int) -> str:
            try:
                check(result, at)
            except AssertionError:
                return NO
            return YES

        self.score(way, each)

    def all(self) -> dict[str, list[str]]:
        sql, quoted = query_of_all(), json.dumps(query_of_all())
        whole = self.run(sql)
        self.brought("SQL", whole)
        self.brought("Python", self.run(f"found = spark.sql({quoted})\nfound", "python", "found"))
        self.brought("Scala", self.run(f"val found = spark.sql({quoted})", "scala", "found"))
        typed = TransferPlan(None, Carrier.TYPED_JSON)
        self.brought("typed JSON", self.run(sql, plan=typed))
        self.brought("spool", self.run(sql, plan=TransferPlan(None, small_bytes=0)))
        self.score("polars", lambda at: polars(whole, at))
        self.score("push", lambda at: self.pushed(whole, at))
        self.score("--to", self.written)
        return self.found

    def pushed(self, whole: Result, at: int) -> str:
        """Push a column to a view and bring it back."""
        name = f"types_{at}"
        try:
            staged = self.session.stage((local_input(name, whole.table.select([at])),),
                                        language="python")  # fmt: skip
            request = Request("# push", "python", uuid.uuid4().hex, inputs=staged.inputs)
            self.session.submit(request, plan_transfer(request)).result()
            return exact(self.run(f"select * from {name}").table.column(0), at)
        except EmrError:
            return REFUSED

    def written(self, at: int) -> str:
        """Let the executors write a column to Parquet, and have pyarrow read it."""
        path = self.cluster.path(f"/tmp/types-{uuid.uuid4().hex}")
        sql = f"select {column_of(at, CASES[at])} from range(0, {ROWS}, 1, 1) order by id"
        try:
            self.run(sql, target=WriteTarget(path, "parquet", overwrite=False))
        except EmrError:
            return REFUSED
        parts = [e for e in self.cluster.files.ls(str(path)) if e.name.startswith("part-")]
        tables = [pq.read_table(io.BytesIO(self.cluster.files.read(str(e.path)))) for e in parts]
        return exact(pa.concat_tables(tables).column(0), at)


def exact(column: pa.ChunkedArray, at: int) -> str:
    """Compare what is stored; the type may be spelled otherwise."""
    wanted = [value for _, value in CASES[at].values] + [None] * (ROWS - len(CASES[at].values))
    got = stored(column)
    alike = len(got) == len(wanted) and all(map(same, got, wanted))
    return YES if alike else NO


def polars(whole: Result, at: int) -> str:
    """Give a column to polars as `--as polars` does, and take it back by Arrow."""
    one = replace(whole, table=whole.table.select([at]), columns=whole.columns[at : at + 1])
    try:
        frame, _ = convert(one, "polars", "exact")
        return exact(frame.to_arrow().column(0), at)
    except BaseException as error:  # polars' panics are no Exceptions
        if isinstance(error, KeyboardInterrupt):
            raise
        return REFUSED


def kept(expected: Any, told: list[str], case: int) -> bool:
    """Tell whether one of sparkmagic's values, told as type, text and JSON, lost nothing."""
    kind, text, body = told
    if expected is None or text in ("None", "NaT", "<NA>"):
        return expected is None and text in ("None", "nan", "NaT", "<NA>")
    arrow = CASES[case].arrow
    if pa.types.is_timestamp(arrow):
        return kind in ("str", "Timestamp") and moment(body, arrow.tz) == expected
    if pa.types.is_date(arrow):
        return body in (iso_day(expected), f"{iso_day(expected)} 00:00:00")
    if isinstance(expected, bool | str | bytes):
        raw = isinstance(expected, bytes)
        spelled = base64.b64encode(expected).decode() if raw else str(expected)
        return kind.rstrip("_") == type(expected).__name__ and body == spelled
    if isinstance(expected, float):
        return kind != "str" and same(float(body), expected)
    if isinstance(expected, int | decimal.Decimal):
        try:
            return decimal.Decimal(body) == expected
        except decimal.InvalidOperation:
            return False
    return bool(nested(expected) == loaded(body))


def moment(text: str, zone: str | None) -> int | None:
    """Read a time stamp as microseconds since the epoch; in the session's zone without its own."""
    try:
        found = pd.Timestamp(text)
    except ValueError:
        return None
    if zone and found.tz is None:
        found = found.tz_localize(ZONE, ambiguous=True, nonexistent="shift_forward")
    return found.as_unit("us").value


def iso_day(days: int) -> str:
    """Spell a date as Spark does, beyond Python's years too."""
    at = dt.date(1970, 1, 1).toordinal() + days
    return dt.date.fromordinal(at).isoformat() if at <= dt.date.max.toordinal() else "+12345-01-01"


def nested(value: Any) -> Any:
    """Spell a nested value as JSON would: pairs as an object, NaN and bytes as text."""
    if isinstance(value, list) and value and all(isinstance(v, tuple) for v in value):
        return {str(nested(key)): nested(item) for key, item in value}
    if isinstance(value, list):
        return [nested(item) for item in value]
    if isinstance(value, dict):
        return {key: nested(item) for key, item in value.items()}
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    plain = isinstance(value, int | str | type(None)) or (
        isinstance(value, float) and math.isfinite(value)
    )
    return value if plain else str(value)


def loaded(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text


def rival(side: Sparkmagic, at: int) -> str:
    """Bring one type by sparkmagic; a column that is not there lost its values."""
    side.must("globals().pop('df', None)")
    sql = f"select {column_of(at, CASES[at])} from range(0, {ROWS}, 1, 1) order by id"
    side.run(side.collect(sql))
    told = side.ask("values", name="df")["values"]
    wanted = [value for _, value in CASES[at].values] + [None] * (ROWS - len(CASES[at].values))
    if told is None or len(told) != len(wanted):
        return NO
    return YES if all(kept(w, t, at) for w, t in zip(wanted, told, strict=True)) else NO


def measure(livy: str, python: Path) -> dict[str, list[str]]:
    """Score every way of ours and sparkmagic's; a list per way, in the order of the cases."""
    options = SessionOptions(
        f"emr_nb/bench/types-{uuid.uuid4().hex[:6]}", conf={"spark.sql.session.timeZone": ZONE}
    )
    with emr_nb.attach("local") as cluster:
        session = cluster.session(options)
        assert isinstance(session, LivySession)
        found = Ways(cluster, session).all()
    side = Sparkmagic(python, livy)
    try:
        side.must(side.cell(f"spark.conf.set('spark.sql.session.timeZone', {ZONE!r})"))
        found["sparkmagic"] = [rival(side, at) for at in range(len(CASES))]
    finally:
        side.close()
    return found
