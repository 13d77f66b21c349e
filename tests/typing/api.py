"""The typed surface, checked by mypy alone; nothing here runs."""

from collections.abc import Iterable
from typing import assert_type

import pandas as pd
import pyarrow as pa

import emr_nb
from emr_nb.engines.base import Engine, Session
from emr_nb.files.abilities import Summary
from emr_nb.files.base import FileSystem
from emr_nb.model import CancelOutcome, Event, FileEntry, FilePath, SessionInfo
from emr_nb.results.result import Result


def attach_and_query() -> None:
    with emr_nb.attach("local") as cluster:
        assert_type(cluster, emr_nb.AttachedCluster)
        result = cluster.sql("select 1")
        assert_type(result, Result)
        assert_type(result.to_pandas(), pd.DataFrame)
        assert_type(result.truncated, bool)
        table: pa.Table = result.to_arrow()
        del table
        assert_type(cluster.run("1 + 1", language="python"), Result | None)
        assert_type(cluster.files.ls("/tmp"), list[FileEntry])
        assert_type(cluster.files.read("s3://bucket/key"), bytes)
        assert_type(cluster.files.list("/tmp", recursive=True), list[FileEntry])
        assert_type(cluster.files.glob("/tmp/*.csv"), list[FileEntry])
        assert_type(cluster.files.du("/tmp"), Summary)
        assert_type(cluster.files.copy("/tmp/a", "s3://bucket/a"), FileEntry)
        assert_type(cluster.files.remove("/tmp/a", recursive=True), FilePath | None)
        assert_type(cluster.path("/tmp"), FilePath)
        assert_type(cluster.engine("spark"), Engine)
        assert_type(cluster.filesystem(cluster.path("/tmp")), FileSystem)


def follow(engine: Engine, session: Session) -> None:
    from emr_nb.model import Request, SessionOptions
    from emr_nb.results.plan import plan_transfer

    assert_type(engine.open(SessionOptions(name="mine")), Session)
    assert_type(session.info, SessionInfo)
    request = Request(code="select 1", language="sql", tag="0" * 32)
    statement = session.submit(request, plan_transfer(request))
    events: Iterable[Event] = statement.events()
    del events
    assert_type(statement.cancel(), CancelOutcome)
    assert_type(statement.result(), Result | None)
