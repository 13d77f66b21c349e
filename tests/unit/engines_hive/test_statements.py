"""Sessions and statements against a server that replays HiveServer2, and fails on demand."""

import struct
import threading
import time

import pytest
from hive_replay import Replay, recorded

from emr_nb.context import ClusterContext
from emr_nb.engines.hive.engine import HiveEngine
from emr_nb.engines.hive.failures import Told, statement_error
from emr_nb.engines.hive.memory import SessionMemory, is_command
from emr_nb.engines.hive.progress import progress_of
from emr_nb.engines.hive.service import Look, State, Status, Vertices
from emr_nb.errors import (
    AuthenticationError,
    ConnectFailedError,
    DeadlineExceededError,
    ReplyLostError,
    ResultError,
    StatementError,
    StatementOutcomeUnknownError,
)
from emr_nb.journal import Journal
from emr_nb.model import (
    CancelOutcome,
    Cluster,
    Endpoint,
    Progress,
    Request,
    Service,
    SessionOptions,
    StageProgress,
)
from emr_nb.results.plan import plan_transfer
from emr_nb.settings import Settings
from emr_nb.transport.base import Deadline
from emr_nb.transport.direct import DirectRoute

TAG = "0123456789abcdef" * 2


def answers(**more):
    """Return how a whole run of the recorded statement is answered."""
    return {
        "OpenSession": [recorded("open_session")],
        "ExecuteStatement": [recorded("types_execute")],
        "GetOperationStatus": [recorded("types_status")],
        "FetchResults": [recorded("types_log"), recorded("types_rows"), recorded("types_end")],
        "GetResultSetMetadata": [recorded("types_schema")],
        "CloseOperation": [recorded("close")],
        **more,
    }


@pytest.fixture
def make(tmp_path):
    engines = []

    def engine(port, **properties):
        hive = Service("hive", (Endpoint("hive", "127.0.0.1", port, "thrift"),), "", properties)
        context = ClusterContext(
            cluster=Cluster("j-1", "x", "WAITING"),
            services=(hive,),
            route=DirectRoute(timeout=5),
            access=None,
            journal=Journal(tmp_path / "journal.db"),
            settings=Settings(user="ada"),
            user="ada",
        )
        engines.append(HiveEngine(context))
        return engines[-1]

    yield engine
    for made in engines:
        made.close()


def submit(session, code="select 1", **more):
    request = Request(code, "sql", TAG, rows=-1, **more)
    return session.submit(request, plan_transfer(request))


def test_a_statement_runs_from_submit_to_result(make):
    with Replay(**answers()) as server:
        session = make(server.port).open(SessionOptions("s"))
        statement = submit(session)
        assert statement.result().table.num_rows == 100
        assert server.calls["ExecuteStatement"] == 1
        row = session.journal.find(TAG)
        assert (row.state, row.rows, row.session) == ("done", 100, session.info.id)
        assert list(statement.events()) == []


def test_a_cancel_is_sent_although_the_look_before_it_was_not_answered_in_time(make):
    with Replay(**answers(GetOperationStatus=[b""], CancelOperation=[recorded("close")])) as server:
        statement = submit(make(server.port).open(SessionOptions("s")))
        assert statement.cancel(0.2) is CancelOutcome.STILL_RUNNING
        deadline = time.monotonic() + 10
        while not server.calls["CancelOperation"] and time.monotonic() < deadline:
            time.sleep(0.02)
        assert server.calls["CancelOperation"] == 1


def test_a_lost_reply_to_the_submit_is_unknown_and_nothing_is_sent_again(make):
    with Replay(**answers(ExecuteStatement=[None])) as server:
        session = make(server.port).open(SessionOptions("s"))
        with pytest.raises(StatementOutcomeUnknownError, match="insert into t select 1") as caught:
            submit(session, "insert into t select 1")
        time.sleep(0.3)
        assert server.calls["ExecuteStatement"] == 1
        assert f"emr_nb {TAG}" in str(caught.value)
        assert session.journal.find(TAG).state == "unknown"


def test_a_connection_that_the_server_closed_meanwhile_is_not_used(make):
    with Replay(**answers()) as server:
        session = make(server.port).open(SessionOptions("s"))
        server.drop()
        time.sleep(0.1)
        assert submit(session).result().table.num_rows == 100


def test_a_refusal_is_the_statements_failure_and_keeps_the_cells_line(make):
    with Replay(**answers(ExecuteStatement=[recorded("failed_execute")])) as server:
        session = make(server.port).open(SessionOptions("s"))
        statement = submit(session, "select nope from nowhere_at_all")
        assert list(statement.events()) == []
        for _ in range(2):
            with pytest.raises(StatementError, match="nowhere_at_all") as caught:
                statement.result()
        assert caught.value.ename == "SemanticException"
        assert caught.value.folded
        assert session.journal.find(TAG).state == "failed"


def test_a_result_is_read_from_its_first_row_where_a_fetch_was_lost(make):
    log, rows, end = (recorded(f"types_{n}") for n in ("log", "rows", "end"))
    with Replay(**answers(FetchResults=[log, rows, None, rows, end])) as server:
        session = make(server.port).open(SessionOptions("s"))
        assert submit(session).result().table.num_rows == 100
        assert server.calls["FetchResults"] == 5


def test_a_result_that_never_comes_whole_is_an_error(make):
    log, rows = recorded("types_log"), recorded("types_rows")
    with Replay(**answers(FetchResults=[log, rows[:5000]])) as server:
        session = make(server.port).open(SessionOptions("s"))
        with pytest.raises(ResultError, match="did not come whole"):
            submit(session).result()
        assert session.journal.find(TAG).state == "failed"


def test_the_budget_stops_it_and_lets_go_of_it(make):
    with Replay(**answers()) as server:
        session = make(server.port).open(SessionOptions("s"))
        request = Request("select 1", "sql", TAG, rows=-1)
        statement = session.submit(request, plan_transfer(request, budget=500))
        with pytest.raises(ResultError, match="may be loaded here"):
            statement.result()
        end = time.monotonic() + 5
        while not server.calls["CloseOperation"] and time.monotonic() < end:
            time.sleep(0.01)
        assert server.calls["CloseOperation"] == 1


# -- reaching the server ------------------------------------------------------------------


def test_a_server_that_refuses_us_says_so(make):
    with Replay() as server:
        server.handshake = struct.pack(">BI", 3, 12) + b"wrong secret"
        with pytest.raises(AuthenticationError, match="wrong secret"):
            make(server.port).open(SessionOptions("s"))


def test_a_port_that_speaks_something_else_ends_in_time(make):
    with Replay() as server:
        server.handshake = b"HTTP/1.1 400 Bad Request\r\n\r\n"
        with pytest.raises((ConnectFailedError, AuthenticationError)):
            make(server.port).open(SessionOptions("s", start_timeout=2))


def test_nothing_listens(make):
    with Replay() as server:
        port = server.port
    with pytest.raises(ConnectFailedError, match="No connection"):
        make(port).open(SessionOptions("s"))


def test_a_server_that_is_silent_is_waited_for_until_the_deadline(make):
    with Replay(**answers(GetTableTypes=[b""])) as server:
        engine = make(server.port)
        session = engine.open(SessionOptions("s"))
        began = time.monotonic()
        with pytest.raises(DeadlineExceededError) as caught:
            engine.client.call("GetTableTypes", [session.handle.session()], Deadline.after(0.5))
        assert caught.value.sent
        assert time.monotonic() - began < 2


def test_kerberos_is_refused_before_anything_is_sent(make):
    with pytest.raises(AuthenticationError, match="Kerberos"):
        make(1, **{"hive.server2.authentication": "KERBEROS"})


def test_threads_share_the_connections_one_at_a_time(make):
    with Replay(**answers(GetTableTypes=[recorded("types_execute")])) as server:
        engine = make(server.port)
        session = engine.open(SessionOptions("s"))
        failures = []

        def work():
            try:
                for _ in range(20):
                    # the recorded reply is another call's: reading it tells so, in each thread
                    with pytest.raises(ReplyLostError, match="not asked"):
                        engine.client.call("GetTableTypes", [session.handle.session()])
            except BaseException as error:
                failures.append(error)

        threads = [threading.Thread(target=work) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(30)
        assert failures == []
        assert server.calls["GetTableTypes"] == 160


# -- what is remembered -------------------------------------------------------------------


def test_a_session_is_told_again_what_it_was_told():
    memory = SessionMemory()
    for code in (
        "-- a comment\nUSE `odd``name`;",
        "set hive.x = a=b;c ;",
        "/* x */ SET hive.x=2",
        "create temporary table if not exists Brief as select 1",
        "create temporary macro plus(x int) x + 1",
        "add jar hdfs:///x.jar",
        "select 'use other'",
        "set hive.y",
    ):
        memory.note(code)
    assert list(memory.again()) == ["SET hive.x=2", "ADD JAR hdfs:///x.jar", "USE `odd``name`"]
    memory.lost()
    assert memory.mentioned("select * from brief") == "temporary table Brief"
    assert memory.mentioned("select * from briefing") == ""
    memory.note("create temporary table brief as select 2")
    assert memory.mentioned("select * from brief") == ""


def test_commands_are_told_from_statements():
    assert all(map(is_command, ("set x=1", "-- a\n RESET", "dfs -ls /", "/*a*/add jar x")))
    assert not any(map(is_command, ("select 1", "settle", "", "-- set x", "with a as (select 1)")))


# -- what is told -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("message", "ename", "line", "text"),
    [
        (
            "Error while compiling statement: FAILED: ParseException line 3:7 missing EOF",
            *("ParseException", 2, "line 2:7"),
        ),
        (
            ("FAILED: SemanticException [Error 10001]: Line 2:5 Table not found 't'"),
            *("SemanticException", 1, "Line 1:5 Table not found"),
        ),
        (
            (
                "org.apache.hadoop.security.AccessControlException: Permission denied: user=ada, "
                'access=WRITE, inode="/x":root:hive:drwx\n\tat org.apache.x(Y.java:1)'
            ),
            *("AccessControlException", None, "Permission denied: user=ada"),
        ),
        ("", "HiveError", None, "Hive tells no reason"),
    ],
)
def test_failures_are_short_and_point_at_the_cell(message, ename, line, text):
    error = statement_error(Told(message), "here", added=1)
    assert (error.ename, error.line) == (ename, line)
    assert text in error.what
    assert "\tat " not in str(error)


def test_a_failed_job_has_its_cause_from_the_log():
    message = "Execution Error, return code 2 from org.apache.hadoop.hive.ql.exec.mr.MapRedTask"
    log = ("INFO : x", "Caused by: java.io.EOFException: Unexpected end of input stream")
    error = statement_error(Told(message, log=log), "here")
    assert "Unexpected end of input stream" in error.what


def look(**more):
    return Look(Status(0), State.RUNNING, **more)


def test_vertices_are_counted_and_a_share_is_told_only_where_all_know_theirs():
    headers = ("VERTICES", "MODE", "STATUS", "TOTAL", "COMPLETED", "RUNNING", "PENDING", "FAILED")
    first = ("Map 1 ......", "container", "RUNNING", "4", "1", "2", "1", "0")
    waiting = ("Reducer 2", "container", "INITED", "2", "0", "0", "2", "0")
    unknown = ("Reducer 2", "container", "NEW", "-1", "0", "0", "0", "0")
    known = progress_of(look(vertices=Vertices(headers, (first, waiting), 0.2, "")), 1.0)
    assert known.fraction == pytest.approx(1 / 6)
    assert known.stages[0] == StageProgress("Map 1", 1, 2, 0, 4)
    assert (
        progress_of(look(vertices=Vertices(headers, (first, unknown), 0, "")), 1).fraction is None
    )


def test_stages_of_mapreduce_are_words_and_no_share():
    tasks = (
        '[{"taskId":"Stage-1","taskType":"MAPRED","taskState":"FINISHED"},'
        '{"taskId":"Stage-2","taskType":"MAPRED","taskState":"RUNNING",'
        '"statusMessage":"2026-11-26 21:11:32,973 Stage-2 map = 50%,  reduce = 0%"},'
        '{"taskId":"Stage-0","taskType":"MOVE","taskState":"INITIALIZED"}]'
    )
    told = progress_of(look(tasks=tasks), 1.0)
    assert (told.jobs_done, told.jobs_total, told.fraction) == (1, 2, None)
    assert told.detail == "Stage-2 map 50 %, reduce 0 %"
    assert progress_of(look(tasks="no json"), 1.0) == Progress("running", 1.0)
