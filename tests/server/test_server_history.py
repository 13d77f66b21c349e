"""History, sessions and running statements: by the journal and the engines, live, redacted."""

from __future__ import annotations

import json
import subprocess
import sys
import time

import pytest
from kernel_rig import begun

from emr_nb.errors import ConnectFailedError
from emr_nb.journal import Journal, SessionRow, StatementRow
from emr_nb.model import Request, SessionInfo, SessionOptions
from emr_nb.results.plan import plan_transfer

SECRETS = (
    "AKIAIOSFODNN7EXAMPLE",
    "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
    "hunter2hunter2",
    "eyJhbGciOiJIUzI1NiJ9.abc",
)
CODE = f"""
spark.conf.set("fs.s3a.access.key", "{SECRETS[0]}")
spark.conf.set("fs.s3a.secret.key", "{SECRETS[1]}")
df = spark.read.format("jdbc").option("password", "{SECRETS[2]}").load()
url = "jdbc:postgresql://ada:{SECRETS[2]}@db/x"
requests.get(u, headers={{"Authorization": "Bearer {SECRETS[3]}"}})
SET aws_secret_access_key={SECRETS[1]}
"""


def row(number: int, text: str = "select 1", **more) -> StatementRow:
    given = {"cluster": "j-1", "engine": "spark", "session": "1", "state": "done", **more}
    return StatementRow(f"{number:032x}", text=text, **given)


def add(journal: Journal, *rows: StatementRow) -> None:
    for one in rows:
        journal.begin(one)


def found(rig, **wanted) -> list[str]:
    return [s["text"] for s in rig.get("/statements", **wanted).json["statements"]]


# -- history --------------------------------------------------------------------------------


def test_pages_are_led_to_by_cursors_newest_first(rig):
    add(rig.state.journal, *(row(n, f"q{n}") for n in range(7)))
    texts, after = [], ""
    while after is not None:
        page = rig.get("/statements", count=3, after=after).json
        texts += [s["text"] for s in page["statements"]]
        after = page["after"]
    assert texts == [f"q{n}" for n in range(6, -1, -1)]


def test_a_row_that_comes_between_two_pages_moves_nothing(rig):
    add(rig.state.journal, *(row(n, f"q{n}") for n in range(4)))
    first = rig.get("/statements", count=2).json
    add(rig.state.journal, row(9, "new"))
    second = rig.get("/statements", count=2, after=first["after"]).json
    assert [s["text"] for s in second["statements"]] == ["q1", "q0"]


def test_search_and_filters(rig):
    add(
        rig.state.journal,
        row(1, "SELECT carrier FROM flights", engine="hive", notebook=str(rig.root / "a.ipynb")),
        row(2, "select 100% FROM b_c", state="failed"),
        row(3, "show tables", line="%emr tables"),
        row(4, "insert into flights", cluster="j-2", state="running"),
    )
    assert found(rig, search="FLIGHTS select") == ["SELECT carrier FROM flights"]
    assert found(rig, search="100%") == ["select 100% FROM b_c"]
    assert found(rig, search="b_c") == ["select 100% FROM b_c"]
    assert found(rig, search="bxc") == []
    assert found(rig, engine="hive") == found(rig, notebook="a.ipynb") == found(rig, search="carr")
    assert found(rig, state="failed") == ["select 100% FROM b_c"]
    assert found(rig, cluster="j-2") == found(rig, running="true") == ["insert into flights"]
    assert len(found(rig)) == 3
    assert len(found(rig, commands="true")) == 4


def test_secrets_are_hidden_wherever_a_statement_is_told(rig):
    page = rig.live("statements")
    add(rig.state.journal, row(1, CODE, line=f"%%spark --set password={SECRETS[2]}"))
    rig.state.journal.update(f"{1:032x}", error=f"failed: secret_key={SECRETS[1]}", state="failed")
    told = page.until("statements", lambda body: body["state"] == "failed")
    got = [rig.get(path).content.decode() for path in ("/statements", f"/statements/{1:032x}")]
    texts = [*got, json.dumps(told), json.dumps(page.got)]
    for text in texts:
        assert "[hidden]" in text
        assert [secret for secret in SECRETS if secret in text] == []
    page.close()


def test_a_long_text_is_cut_in_lists_alone(rig):
    add(rig.state.journal, row(1, "x" * 10_000))
    (listed,) = rig.get("/statements").json["statements"]
    assert (len(listed["text"]), listed["cut"]) == (4000, True)
    one = rig.get(f"/statements/{1:032x}").json
    assert (len(one["text"]), one["cut"]) == (10_000, False)


def test_a_statement_that_is_not_there(rig):
    reply = rig.get(f"/statements/{5:032x}")
    assert reply.status == 404
    assert rig.get("/statements/%25%25%25%25%25%25%25%25").status == 400


def test_clearing_forgets_what_has_ended_and_the_text_of_the_rest(rig):
    add(
        rig.state.journal,
        row(1, "done"),
        row(2, "running", state="running"),
        row(3, "spooled", spool="hdfs:///x"),
        row(4, "other", cluster="j-2"),
    )
    reply = rig.post("/statements/clear", cluster="j-1")
    assert reply.json == {"forgotten": 1}
    assert sorted(found(rig)) == ["", "", "other"]
    assert rig.post("/statements/clear").json == {"forgotten": 1}
    assert {r.tag[-1] for r in rig.state.journal.statements()} == {"2", "3"}


def test_clearing_can_stop_at_a_time(rig):
    add(rig.state.journal, row(1))
    assert rig.post("/statements/clear", before=time.time() - 60).json == {"forgotten": 0}
    assert rig.post("/statements/clear", before=time.time() + 60).json == {"forgotten": 1}


# -- live -----------------------------------------------------------------------------------


def test_what_another_process_writes_is_told_within_seconds(rig):
    add(rig.state.journal, row(1, "mine", state="running"))
    page = rig.live("statements")
    page.until("statements", lambda body: body["text"] == "mine")
    code = (
        "import sys; from pathlib import Path; from emr_nb.journal import Journal, StatementRow\n"
        "j = Journal(Path(sys.argv[1]))\n"
        "j.begin(StatementRow('f' * 32, 'j-1', 'spark', '1', text='theirs'))\n"
        "j.update('f' * 32, state='done', rows=3)"
    )
    subprocess.run([sys.executable, "-c", code, str(rig.state.journal.path)], check=True)
    told = page.until("statements", lambda body: body["text"] == "theirs")
    if told["state"] != "done":
        told = page.until("statements", lambda body: body["state"] == "done")
    assert (told["rows"], told["orphan"]) == (3, False)
    page.close()


def test_a_statement_whose_kernel_dies_is_told_as_an_orphan(rig):
    names = {"tag": "e" * 32, "cluster": "j-1", "engine": "spark", "session": "1"}
    with begun(rig.state.journal.path, **names, text="left", state="running") as kernel:
        page = rig.live("statements")
        assert not page.until("statements", lambda body: body["text"] == "left")["orphan"]
        time.sleep(2.5)  # the watcher has told all that the journal has
        kernel.kill()
    assert page.until("statements", lambda body: body["orphan"])["text"] == "left"
    page.close()


def test_a_page_that_leaves_ends_the_watching(rig):
    page = rig.live("statements")
    add(rig.state.journal, row(1, "x", state="running"))
    page.until("statements")
    assert rig.state.hub.watched("statements")
    page.close()
    until = time.monotonic() + 30
    while rig.state.watcher._thread is not None and time.monotonic() < until:
        time.sleep(0.02)
    assert rig.state.watcher._thread is None
    assert not rig.state.hub.watched("statements")


# -- sessions -------------------------------------------------------------------------------


@pytest.fixture
def engine(rig):
    """The Spark engine of j-1, with a session of a kernel that is gone and a stranger's."""
    cluster = rig.backend.cluster("j-1", rig.state.journal)
    cluster.spark.open(SessionOptions("emr_nb/ada/flights/abc"))
    cluster.spark.alive["other"] = SessionInfo("9", "other", "spark", "idle", owner="bob")
    return cluster.spark


def test_sessions_tell_whose_they_are_and_what_runs(rig, engine):
    name = "emr_nb/ada/flights/abc"
    rig.state.journal.remember_session(
        SessionRow("j-1", "spark", name, "1", notebook="/home/ada/flights.ipynb")
    )
    add(rig.state.journal, row(1, state="running"), row(2))
    mine, other = rig.get("/clusters/j-1/sessions").json["sessions"]
    assert (mine["name"], mine["notebook"], mine["mine"]) == (name, "/home/ada/flights.ipynb", True)
    assert (mine["running"], mine["orphan"]) == ([f"{1:032x}"], False)
    assert mine["last_used"] is not None
    assert (other["owner"], other["mine"], other["running"]) == ("bob", False, [])


def test_a_session_whose_kernel_is_gone_is_an_orphan(rig, engine):
    code = (
        "import sys; from pathlib import Path; from emr_nb.journal import Journal, SessionRow\n"
        "Journal(Path(sys.argv[1])).remember_session("
        "SessionRow('j-1', 'spark', 'emr_nb/ada/flights/abc', '1', notebook='/n.ipynb'))"
    )
    subprocess.run([sys.executable, "-c", code, str(rig.state.journal.path)], check=True)
    mine = rig.get("/clusters/j-1/sessions").json["sessions"][0]
    assert (mine["mine"], mine["orphan"]) == (True, True)


def test_an_engine_that_does_not_answer_hides_no_other(rig, engine):
    class Silent:
        name = "hive"

        def sessions(self):
            raise ConnectFailedError("HiveServer2 refused", where="hive:10000", advice="Wait.")

    rig.backend.cluster("j-1").engines["hive"] = Silent()
    rig.state.journal.remember_session(SessionRow("j-1", "hive", "x", "5"))
    listed = rig.get("/clusters/j-1/sessions").json
    assert len(listed["sessions"]) == 2
    assert listed["failures"]["hive"]["kind"] == "ConnectFailedError"


def test_a_session_is_stopped_by_its_id(rig, engine):
    reply = rig.post("/clusters/j-1/sessions/spark/1/stop")
    assert reply.json == {"text": "Ended emr_nb/ada/flights/abc"}
    assert engine.closed == ["emr_nb/ada/flights/abc"]
    assert (rig.post("/clusters/j-1/sessions/spark/1/stop").status) == 404
    assert rig.post("/clusters/j-1/sessions/flink/1/stop").status == 404


def test_a_statement_is_cancelled_from_here_whoever_began_it(rig, engine):
    session = engine.open(SessionOptions("emr_nb/ada/flights/abc"))
    request = Request("spark.range(9)", "python", "a" * 32)
    session.submit(request, plan_transfer(request))
    reply = rig.post(f"/statements/{'a' * 32}/cancel")
    assert reply.json == {"outcome": "stopped"}
    assert engine.cancels == ["a" * 32]
    assert rig.get(f"/statements/{'a' * 32}").json["state"] == "cancelled"


def test_a_statement_that_the_engine_forgot_is_said_to_be(rig, engine):
    add(rig.state.journal, row(3, state="running"))
    assert rig.post(f"/statements/{3:032x}/cancel").json == {"outcome": "not known"}
    assert rig.post(f"/statements/{4:032x}/cancel").status == 404
