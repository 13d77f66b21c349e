"""Sessions whose kernels are gone are kept alive by the server: those that the user chose."""

from __future__ import annotations

import sqlite3
import time
from contextlib import closing

import pytest

from emr_nb.errors import ConnectFailedError, SessionLostError
from emr_nb.journal import SessionRow, StatementRow
from emr_nb.model import SessionOptions
from emr_nb.testing.fake_engine import FakeSession

NAME = "emr_nb/ada/flights/abc"
PATH = "/clusters/j-1/sessions/spark/1"
HOUR = 3600.0


@pytest.fixture
def journal(rig):
    return rig.state.journal


@pytest.fixture
def engine(rig, journal):
    made = rig.backend.cluster("j-1", journal).spark
    made.touch_every = 900.0
    session = made.open(SessionOptions(NAME))
    journal.remember_session(SessionRow("j-1", "spark", NAME, session.info.id), new=True)
    return made


def change(journal, **values):
    with closing(sqlite3.connect(journal.path)) as db, db:
        sets = ", ".join(f"{name} = ?" for name in values)
        db.execute(f"UPDATE sessions SET {sets}", tuple(values.values()))


def gone(journal):
    """Let the kernel that owns the session be one that has ended."""
    (row,) = journal.sessions()
    change(journal, owner_started=row.owner_started + 1)


def kept(rig):
    return rig.get("/clusters/j-1/sessions").json["sessions"][0]["kept"]


def touched(rig, engine, count):
    """Look as the keeper's thread does, and tell whether it has touched so often by now."""
    rig.state.keeper.look()
    return len(engine.touched) == count


def test_what_nobody_chose_is_not_kept(rig, engine, journal):
    gone(journal)
    assert touched(rig, engine, 0)
    assert kept(rig) is None


def test_a_choice_is_for_two_hours_and_a_closed_keeper_touches_nothing(rig, engine, journal):
    gone(journal)
    rig.state.keeper.close()  # the test looks itself
    until = rig.post(f"{PATH}/keep").json["until"]
    assert until == pytest.approx(time.time() + 2 * HOUR, abs=20)
    assert kept(rig) == until
    assert touched(rig, engine, 0), "a keeper that was closed touches nothing"


def test_the_keepers_thread_touches_it_at_once_and_then_by_its_time(rig, engine, journal):
    gone(journal)
    rig.post(f"{PATH}/keep", hours=1)
    end = time.monotonic() + 20
    while not engine.touched and time.monotonic() < end:
        time.sleep(0.01)
    assert engine.touched == [NAME]
    assert touched(rig, engine, 1), "it is not due again"
    row = journal.sessions()[0]
    assert rig.get("/clusters/j-1/sessions").json["sessions"][0]["orphan"] is True
    more = rig.post(f"{PATH}/keep", hours=1).json["until"]
    assert more == pytest.approx(row.kept + HOUR, abs=20)
    assert rig.post(f"{PATH}/keep", hours=0).json == {"until": None}
    assert kept(rig) is None


def test_a_session_whose_kernel_lives_is_left_to_it(rig, engine):
    rig.post(f"{PATH}/keep")
    assert touched(rig, engine, 0)
    assert kept(rig) is not None


def test_it_ends_so_long_after_the_last_statement_however_often_it_is_extended(
    rig, engine, journal
):
    gone(journal)
    for _ in range(8):
        until = rig.post(f"{PATH}/keep").json["until"]
    assert until == pytest.approx(time.time() + 12 * HOUR, abs=20)
    change(journal, created=time.time() - 13 * HOUR, kept=0)
    reply = rig.post(f"{PATH}/keep")
    assert (reply.status, reply.kind) == (400, "UsageError")
    assert "12 hours" in reply.json["what"]
    journal.begin(StatementRow("a" * 32, "j-1", "spark", "1", state="done"))
    assert rig.post(f"{PATH}/keep").status == 200


def test_a_new_server_goes_on_keeping(rig, engine, journal):
    gone(journal)
    change(journal, kept=time.time() + HOUR)
    assert touched(rig, engine, 1)


@pytest.mark.parametrize("how", ["ended", "other name", "cluster"])
def test_what_is_gone_is_not_kept_any_more(rig, engine, journal, monkeypatch, how):
    gone(journal)
    change(journal, kept=time.time() + HOUR)
    if how == "ended":

        def lost(_):
            raise SessionLostError("It has ended", where="livy")

        monkeypatch.setattr(FakeSession, "touch", lost)
    elif how == "other name":
        change(journal, session="77")
    else:
        rig.backend.provider.listed.clear()
        rig.post("/clusters/refresh")
    rig.state.keeper.look()
    assert journal.kept_sessions(time.time()) == []


def test_a_cluster_that_does_not_answer_is_asked_again(rig, engine, journal, monkeypatch):
    gone(journal)
    change(journal, kept=time.time() + HOUR)

    def refuse(_):
        raise ConnectFailedError("Livy refused", where="livy", advice="Wait.")

    with monkeypatch.context() as patched:
        patched.setattr(FakeSession, "touch", refuse)
        rig.state.keeper.look()
    assert len(journal.kept_sessions(time.time())) == 1
    rig.state.keeper._due.clear()  # as after a minute
    assert touched(rig, engine, 1)


def test_only_sessions_of_ones_own_are_kept(rig, engine):
    assert rig.post("/clusters/j-1/sessions/spark/99/keep").status == 404
    assert rig.post(f"{PATH}/keep", hours=-1).status == 400
