"""A Python session that answers as Livy's does, over a local Spark and without any server.

It is fast enough to run hundreds of statements, and its interpreter sees pyspark alone: no
pyarrow, pandas or numpy, as on a cluster's driver that has none of them.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from emr_nb.engines.livy import code
from emr_nb.engines.spool import Spooled
from emr_nb.errors import StatementError
from emr_nb.files.local import LocalFileSystem
from emr_nb.model import FilePath, Request
from emr_nb.results.assemble import assemble
from emr_nb.results.frame import (
    Failure,
    Part,
    SessionFacts,
    TablePart,
    ValuePart,
    read_failure,
    read_output,
)
from emr_nb.results.plan import TransferPlan
from emr_nb.results.result import Result

if TYPE_CHECKING:
    import pyarrow as pa

# Livy's own interpreter, in short: a namespace that is not __main__'s, `single` for the last
# statement, stdout and stderr replaced for each statement, and frames of its own cut off.
_WORKER = r"""
import ast, io, json, os, sys, traceback
out = os.fdopen(os.dup(1), "w")
os.dup2(2, 1)
namespace = {}
conf = json.loads(sys.argv[1])
if conf is not None:
    from pyspark.sql import SparkSession
    builder = SparkSession.builder.master("local[2]")
    for key, value in conf.items():
        builder = builder.config(key, value)
    namespace["spark"] = builder.getOrCreate()
    namespace["sc"] = namespace["spark"].sparkContext
    namespace["sc"].setLogLevel("OFF")
print("ready", file=out, flush=True)
for line in sys.stdin:
    sys.stdout, sys.stderr = io.StringIO(), io.StringIO()
    answer = {"status": "ok"}
    try:
        body = ast.parse(json.loads(line)).body
        for at, node in enumerate(body):
            if at < len(body) - 1:
                made = ast.parse("")
                made.body = [node]
                exec(compile(made, "<stdin>", "exec", 0, True), namespace)
            else:
                exec(compile(ast.Interactive([node]), "<stdin>", "single", 0, True), namespace)
    except BaseException as error:
        kind = type(error)
        lines = traceback.format_exception(kind, error, error.__traceback__, chain=False)
        answer = {"status": "error", "ename": kind.__name__, "evalue": str(error)}
        answer["traceback"] = lines[:1] + lines[2:]
    text = sys.stdout.getvalue() + sys.stderr.getvalue()
    sys.stdout, sys.stderr = sys.__stdout__, sys.__stderr__
    if answer["status"] == "ok":
        answer["data"] = {"text/plain": text.rstrip()}
    print(json.dumps(answer), file=out, flush=True)
"""


class PlainSession:
    """One interpreter; `conf` are Spark's settings, None starts no Spark at all."""

    def __init__(
        self,
        spark: Path | None = None,
        java: Path | None = None,
        conf: Mapping[str, str] | None = None,
        python: str = sys.executable,
        site: bool = False,
    ) -> None:
        environment = {**os.environ, "PYSPARK_PYTHON": python, "SPARK_LOCAL_IP": "127.0.0.1"}
        environment["PYTHONPATH"] = str(spark) if spark else ""
        if java:
            environment["JAVA_HOME"] = str(java)
        self.installed = False
        self._process = subprocess.Popen(
            [python, *([] if site else ["-S"]), "-c", _WORKER, json.dumps(conf)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=environment,
            text=True,
        )
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._in, self._out = self._process.stdin, self._process.stdout
        if self._out.readline().strip() != "ready":
            raise RuntimeError("the session did not start")

    @property
    def pid(self) -> int:
        return self._process.pid

    def execute(self, source: str) -> dict[str, Any]:
        """Run one statement and return its output, formed as Livy's."""
        print(json.dumps(source), file=self._in, flush=True)
        answer: dict[str, Any] = json.loads(self._out.readline())
        return answer

    def parts(
        self,
        request: Request,
        plan: TransferPlan,
        cancel_path: str | None = None,
    ) -> list[Part]:
        """Run a cell and return the parts of its output; a failure is the last one."""
        source = code.cell_code(request, plan, cancel_path=cancel_path, install=not self.installed)
        answer = self.execute(source)
        self.installed = True

        def fetch(seq: int, index: int) -> str:
            further = self.execute(code.chunk_code(request.tag, seq, index))
            return str(further["data"]["text/plain"])

        if answer["status"] == "ok":
            return read_output(answer["data"]["text/plain"], request.tag, fetch)
        told = read_failure(answer["evalue"], request.tag, fetch)
        return told or [
            Failure(answer["ename"], answer["evalue"], tuple(answer["traceback"]), None)
        ]

    def result(self, request: Request, plan: TransferPlan) -> Result:
        """Run a cell and return its table or value; raises StatementError."""
        parts = self.parts(request, plan)
        for part in parts:
            if isinstance(part, Failure):
                raise StatementError(
                    part.evalue, ename=part.ename, traceback=part.traceback, line=part.line
                )
            if isinstance(part, ValuePart):
                return Result.of_value(part.value)
        found = [part for part in parts if isinstance(part, TablePart) and part.is_result]
        if not found:
            raise AssertionError(f"no table came: {visible(parts)}")
        return assemble(found[-1].header, found[-1].payload, None, spooled(found[-1], plan))

    def close(self) -> None:
        """End the interpreter, and with it its Spark."""
        self._in.close()
        try:
            self._process.wait(20)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait(20)
        self._out.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def spooled(part: TablePart, plan: TransferPlan) -> pa.Table | None:
    """Return the table that a cell wrote to a folder of this machine; None for others."""
    if not part.is_spooled:
        return None
    import pyarrow as pa

    folder = FilePath.parse(plan.spool)
    found = Spooled(LocalFileSystem(), folder, part.header, part.payload)
    return pa.concat_tables([found.arrow_schema.empty_table(), *(t for _, t in found.tables())])


def visible(parts: list[Part]) -> list[Part]:
    """Return the parts without what the session tells of itself."""
    return [part for part in parts if not isinstance(part, SessionFacts)]


@contextmanager
def spark_session(zone: str = "America/New_York", **conf: str) -> Iterator[PlainSession]:
    """Start a session over the local cluster's own Spark and Java, fetched where missing."""
    import threading

    from emr_nb.local.parts import Cache
    from emr_nb.settings import cache_home

    cache, stop = Cache(cache_home()), threading.Event()
    for name in ("java", "spark"):
        cache.part(name).ensure(lambda *_: None, stop)
    settings = {
        "spark.ui.enabled": "false",
        "spark.driver.host": "127.0.0.1",
        "spark.driver.memory": "1g",
        "spark.sql.session.timeZone": zone,
        "spark.sql.shuffle.partitions": "2",
        **conf,
    }
    with PlainSession(cache.spark().parent, cache.java(), settings) as session:
        yield session
