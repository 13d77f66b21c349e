"""Large results go by a private folder: whole, exact, read by nobody else, removed afterwards."""

from __future__ import annotations

import io
import uuid
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from fault_rig import Child, Rig, attached, submit, wait_until
from type_cases import CASES, check, column_of
from type_cases import ROWS as CASE_ROWS

from emr_nb.cluster import AttachedCluster
from emr_nb.engines.livy.session import LivySession
from emr_nb.engines.livy.sweeping import sweep
from emr_nb.engines.spool_file import JoinedParquet
from emr_nb.errors import (
    PathDeniedError,
    PathNotFoundError,
    ResultError,
    ResultTooLargeError,
    StatementError,
)
from emr_nb.files.webhdfs import WebHdfs
from emr_nb.journal import Journal
from emr_nb.model import CancelOutcome, Column, FilePath, Progress, Request, SessionOptions
from emr_nb.results.plan import plan_transfer
from emr_nb.results.result import Result

ROWS = 40_000
SQL = f"select id, cast(id as string) s, id % 7 = 0 b from range(0, {ROWS}, 1, 5)"
CONF = (
    "print(sorted(map(tuple, spark.sql('set').collect())), "
    "sorted((e.getKey(), e.getValue()) for e in sc._jsc.hadoopConfiguration().iterator()))"
)


def spooled(session: LivySession, code: str, language: str = "sql", **more: Any) -> Any:
    """Submit so that the result, however small, is written to the private folder."""
    asked = {name: more.pop(name) for name in ("output", "settings") if name in more}
    request = Request(code, language, uuid.uuid4().hex, rows=-1, **asked)
    return session.submit(request, replace(plan_transfer(request), small_bytes=0, **more))


def left(session: LivySession) -> list[str]:
    scratch = session.scratch()
    assert scratch is not None
    names = [entry.name for entry in scratch.store.ls(scratch.home).items]
    return [name for name in names if not name.startswith("in-")]  # what tests have pushed


def stranger(rig: Rig) -> WebHdfs:
    with rig.engine() as engine:
        return WebHdfs(replace(engine._context, user="mallory"))


def test_all_rows_come_in_order_and_nothing_is_left(rig: Rig) -> None:
    statement = spooled(rig.session, SQL)
    fetched = [e for e in statement.events() if isinstance(e, Progress) and e.phase == "fetching"]
    assert [e.rows for e in fetched if e.fraction == 1.0] == [ROWS]
    table = statement.result().table
    assert table.column("id").to_pylist() == list(range(ROWS))
    assert table.column("s").to_pylist() == [str(at) for at in range(ROWS)]
    assert left(rig.session) == []
    row = rig.session.journal.find(statement.reference.tag)
    assert row is not None
    assert (row.state, row.rows, row.spool) == ("done", ROWS, "")


@pytest.mark.parametrize(
    ("language", "code"),
    [("python", f"df = spark.sql({SQL!r})\ndf"), ("scala", f'val df = spark.sql("{SQL}")')],
)
def test_the_same_from_a_variable(rig: Rig, language: str, code: str) -> None:
    statement = spooled(rig.session, code, language, output="df")
    assert statement.result().table.column("id").to_pylist() == list(range(ROWS))
    assert statement._spooled or language == "scala"
    assert left(rig.session) == []


def test_nobody_else_lists_or_reads_it(rig: Rig) -> None:
    statement = spooled(rig.session, SQL, keep=True)
    statement.result()
    folder = statement.kept.folder
    part = folder.child(statement.kept.parts[0][0])
    other = stranger(rig)
    for path in (folder, rig.session.scratch().home, FilePath("hdfs", "", "/tmp/emr_nb-ada")):
        with pytest.raises(PathDeniedError):
            other.ls(path)
    with pytest.raises(PathDeniedError):
        list(other.read(part))
    mine = rig.session.private.store_of(folder)
    assert mine.info(part).owner == "livy"  # who wrote it is somebody else than who reads it
    assert b"".join(mine.read(part, 0, 3)) == b"SEQ"
    statement.release()
    with pytest.raises(PathNotFoundError):
        mine.info(folder)


def test_the_users_settings_are_as_before(rig: Rig) -> None:
    before = rig.say(CONF)
    spooled(rig.session, SQL).result()
    assert rig.say(CONF) == before
    joined(spooled(rig.session, SQL, keep=True, parquet=True))
    assert rig.say(CONF) == before


def joined(statement: Any) -> pa.Table:
    """Bring the file that a spool of Parquet makes, as an independent reader has it."""
    statement.result()
    file = JoinedParquet(statement.kept)
    table = pq.read_table(io.BytesIO(b"".join(file)))
    assert statement.kept.is_parquet
    assert file.rows == table.num_rows
    statement.release()
    return table


def test_parquet_parts_are_one_file_with_every_row_in_order(rig: Rig) -> None:
    table = joined(spooled(rig.session, SQL, keep=True, parquet=True))
    assert table.column("id").to_pylist() == list(range(ROWS))
    assert table.column("s").to_pylist() == [str(at) for at in range(ROWS)]
    assert left(rig.session) == []
    none = joined(spooled(rig.session, f"{SQL} where id < 0", keep=True, parquet=True))
    assert (none.num_rows, none.column_names) == (0, ["id", "s", "b"])


def test_what_parquet_holds_as_it_is_comes_as_it_was(rig: Rig) -> None:
    kinds = ("interval", "void")
    plain = [at for at, case in enumerate(CASES) if not any(k in case.spark for k in kinds)]
    assert len(plain) > 20
    columns = ", ".join(column_of(at, CASES[at]) for at in plain)
    sql = f"select {columns} from range(0, {CASE_ROWS}, 1, 2) order by id"
    settings = {"spark.sql.session.timeZone": "America/New_York"}
    table = joined(spooled(rig.session, sql, settings=settings, keep=True, parquet=True))
    held = [pa.nulls(table.num_rows) for _ in CASES]
    for at in plain:
        column = table.column(f"c{at}")
        named = "map<" in CASES[at].spark  # pyarrow has names of its own for what is in a map
        held[at] = column.cast(CASES[at].arrow) if named else column
    columns_ = tuple(Column(f"c{at}", case.spark) for at, case in enumerate(CASES))
    whole = Result(pa.table(held, names=[column.name for column in columns_]), columns_)
    for at in plain:
        check(whole, at)


@pytest.mark.parametrize(
    "columns",
    ["id, interval 1 month m", "id, interval 1 day d", "id, null v", "id, id as ID", "id as ``"],
)
def test_what_parquet_has_no_word_for_comes_as_arrow(rig: Rig, columns: str) -> None:
    sql = f"select {columns} from range(0, 3000, 1, 2)"
    statement = spooled(rig.session, sql, keep=True, parquet=True)
    statement.result()
    assert not statement.kept.is_parquet
    assert sum(table.num_rows for _, table in statement.kept.tables()) == 3000
    statement.release()


def test_what_is_above_the_budget_is_not_loaded_and_says_what_to_do(rig: Rig) -> None:
    statement = spooled(rig.session, SQL, budget=1000)
    with pytest.raises(ResultTooLargeError, match=r"(?s)nothing of it was.*-n ROWS.*--to PATH"):
        statement.result()
    assert left(rig.session) == []
    chunked = submit_chunks(rig.session, budget=1000)
    with pytest.raises(ResultTooLargeError, match="may be loaded here"):
        chunked.result()


def submit_chunks(session: LivySession, **more: Any) -> Any:
    request = Request(f"select * from ({SQL}) limit 3000", "sql", uuid.uuid4().hex, rows=3000)
    return session.submit(request, replace(plan_transfer(request), chunk_bytes=2000, **more))


def test_a_job_that_fails_leaves_nothing(rig: Rig) -> None:
    sql = f"select if(id = {ROWS - 1}, raise_error('planted'), id) v from range(0, {ROWS}, 1, 5)"
    with pytest.raises(StatementError, match="planted"):
        spooled(rig.session, sql).result()
    assert left(rig.session) == []


def test_a_part_that_is_gone_is_no_shorter_table(rig: Rig) -> None:
    statement = spooled(rig.session, SQL, keep=True)
    statement.result()
    kept = statement.kept
    kept.store.rm(kept.folder.child(kept.parts[-1][0]))
    with pytest.raises(ResultError, match="gone: part-"):
        list(kept.tables())
    statement.release()


def test_where_the_engine_may_not_write_the_result_comes_through_the_driver(rig: Rig) -> None:
    mine = rig.session.cancel_files.store
    folder = FilePath("hdfs", "", f"/tmp/emr_nb-ada/{uuid.uuid4().hex}")
    mine.make_private(folder, ())
    result = spooled(rig.session, SQL, spool=str(folder.child("x"))).result()
    assert result.table.column("id").to_pylist() == list(range(ROWS))
    assert "Permission denied" in result.notices[0]
    mine.rm(folder, recursive=True)


def test_a_cancelled_one_leaves_nothing(rig: Rig) -> None:
    slow = "select java_method('java.lang.Thread', 'sleep', 3L + id * 0) x, id from range(8000)"
    statement = spooled(rig.session, slow)
    seen = statement.events()
    wait_until(lambda: next(seen).jobs_total or left(rig.session))
    assert statement.cancel(20) is CancelOutcome.STOPPED
    with pytest.raises(StatementError):
        statement.result()
    wait_until(lambda: left(rig.session) == [])


@pytest.fixture
def crashed(rig: Rig) -> str:
    """The tag of a statement whose kernel was killed when its spool was written."""
    with rig.proxy() as proxy:
        child = Child.start(rig, "spool", proxy.port)
        tag = uuid.uuid4().hex
        child.send(cell=SQL, tag=tag)
        assert child.answer() == {"kept": tag}
        child.kill()
    return tag


def test_orphans_of_a_killed_kernel_are_swept(rig: Rig, crashed: str) -> None:
    row = rig.session.journal.find(crashed)
    assert row is not None
    spool = FilePath.parse(row.spool)
    store = rig.session.private.store_of(spool)
    assert store.ls(spool).items
    with rig.engine() as engine:
        living = {str(rig.session.info.id)}
        cluster = replace(engine._context.cluster, id=row.cluster)
        context = replace(engine._context, cluster=cluster)
        context.journal.update(crashed, state="running")
        assert row.spool not in sweep(context, store, living)  # somebody may adopt it
        context.journal.update(crashed, state="done")
        assert row.spool in sweep(context, store, living)
        assert context.journal.find(crashed).spool == ""
    with pytest.raises(PathNotFoundError):
        store.info(spool)


@pytest.fixture
def on_s3(rig: Rig) -> Iterator[AttachedCluster]:
    """The cluster for a user whose large results and pushed data go by a prefix of S3."""
    home, prefix = rig.cluster.settings.data_home, f"s3://{rig.cluster.bucket}/spools"
    made = attached(home, Journal(rig.journal), rig.livy_port, spool=prefix)
    yield made
    made.close(end_sessions=False)
    made.journal.close()


def test_a_prefix_of_s3_takes_them_too(rig: Rig, on_s3: AttachedCluster) -> None:
    session = on_s3.session(SessionOptions(rig.name, create=False))
    assert isinstance(session, LivySession)
    folder = f"s3://{rig.cluster.bucket}/spools/"
    kept = spooled(session, SQL, keep=True)
    kept.result()
    assert str(kept.kept.folder).startswith(folder)
    assert len(kept.kept.parts) == len(on_s3.files.ls(str(kept.kept.folder))) - 1  # and _SUCCESS
    kept.release()
    table = spooled(session, SQL).result().table
    assert table.column("id").to_pylist() == list(range(ROWS))
    scratch = session.scratch()
    assert scratch is not None
    assert str(scratch.home).startswith(folder)
    with pytest.raises(PathNotFoundError):
        on_s3.files.ls(str(scratch.home))


@pytest.mark.full
def test_it_passes_no_limit_of_the_driver(rig: Rig) -> None:
    name = f"emr_nb/ada/limits/{uuid.uuid4().hex[:6]}"
    conf = {"spark.driver.maxResultSize": "1m"}
    rows = 3_000_000
    with rig.engine() as engine:
        session = engine.open(SessionOptions(name, conf=conf, start_timeout=300))
        try:
            sql = f"select id, concat('a text of some length ', id) s from range({rows})"
            result = submit(session, sql, "sql", rows=-1).result()
            assert len(result) == rows
            assert result.table.column("id").to_pylist()[-1] == rows - 1
        finally:
            session.close()
