"""Livy not there, unwell or silent: a clear error in time, or the cell goes on."""

from __future__ import annotations

import socket
import time
import uuid
from typing import Any

import pytest
from fault_rig import LOOK, POST, Rig, counting, submit

from emr_nb.engines.livy.pace import Patience
from emr_nb.errors import (
    ConnectFailedError,
    DeadlineExceededError,
    ReplyLostError,
    StatementOutcomeUnknownError,
    TransportError,
)
from emr_nb.model import Log
from emr_nb.testing.engines import text_of
from emr_nb.testing.fault_proxy import Rule

ANY = ".*"


def closed_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


def test_a_port_where_nothing_listens(rig: Rig) -> None:
    port = closed_port()
    began = time.monotonic()
    with rig.engine(port, timeout=5) as engine, pytest.raises(ConnectFailedError) as caught:
        engine.sessions()
    assert time.monotonic() - began < 5
    assert f"http://127.0.0.1:{port}" in str(caught.value)
    assert "Nothing listens there" in str(caught.value)


@pytest.mark.parametrize("other", ["namenode-http", "namenode-rpc"])
def test_a_port_where_another_service_answers(rig: Rig, other: str) -> None:
    port = rig.cluster.state.ports[other]
    with rig.engine(port, timeout=5) as engine, pytest.raises(TransportError) as caught:
        engine.sessions()
    assert f"127.0.0.1:{port}" in str(caught.value)


def test_a_port_that_never_answers_ends_at_the_deadline(rig: Rig) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        began = time.monotonic()
        with rig.engine(port, timeout=1.5) as engine, pytest.raises(DeadlineExceededError) as e:
            engine.sessions()
        assert time.monotonic() - began < 3
    assert f"127.0.0.1:{port}" in str(e.value)


def test_livy_gone_before_the_post_sends_nothing(rig: Rig) -> None:
    key = f"emr_nb.{uuid.uuid4().hex}"
    with rig.proxy() as proxy, rig.through(proxy.port, timeout=5) as session:
        proxy.close()
        with pytest.raises(ConnectFailedError, match=f"127.0.0.1:{proxy.port}"):
            submit(session, counting(key))
        (row,) = session.journal.statements(session=session.info.id, limit=1)
        assert row.state == "failed"
    assert rig.ran(key) == 0


@pytest.mark.parametrize("status", [500, 502, 503, 504])
@pytest.mark.parametrize("action", ["instead", "status"])
def test_looks_that_fail_are_repeated_and_the_submit_is_not(
    rig: Rig, status: int, action: Any
) -> None:
    key = f"emr_nb.{uuid.uuid4().hex}"
    with rig.proxy() as proxy, rig.through(proxy.port) as session:
        looks = proxy.add(Rule("GET", LOOK, action, times=3, status=status))
        assert text_of(list(submit(session, counting(key)).events())).strip() == "ran 1"
        assert looks.hits == 3
        assert proxy.count(POST, "POST") == 1
    assert rig.ran(key) == 1


def test_a_look_is_repeated_when_retry_after_says(rig: Rig) -> None:
    with rig.proxy() as proxy, rig.engine(proxy.port) as engine:
        rule = Rule("GET", "/sessions", "instead", times=1, status=503, headers=("Retry-After: 1",))
        proxy.add(rule)
        began = time.monotonic()
        assert rig.session.info.id in {info.id for info in engine.sessions()}
        assert time.monotonic() - began >= 1


@pytest.mark.parametrize("action", ["hang", "hold", "drop_reply"])
def test_a_look_without_an_answer_is_given_up_and_repeated(rig: Rig, action: Any) -> None:
    with rig.proxy() as proxy, rig.through(proxy.port) as session:
        session.be_patient(Patience(look=1.0))
        rule = proxy.add(Rule("GET", LOOK, action, times=2))
        assert text_of(list(submit(session, "print('there')").events())).strip() == "there"
        assert rule.hits == 2


def test_livy_that_stays_away_is_told_and_ends_in_an_error(rig: Rig) -> None:
    """The statement runs on, its row stays open: another process still finds its result."""
    with rig.proxy() as proxy, rig.through(proxy.port) as session:
        session.be_patient(Patience(look=0.5, away=2.0, notice=0.5))
        statement = submit(session, "print('late')")
        proxy.add(Rule(ANY, "/sessions", "instead", status=502))
        events: list[Any] = []
        with pytest.raises(TransportError, match="502"):
            events.extend(statement.events())  # keeps what came before the error
        assert any("still trying" in e.lines[0] for e in events if isinstance(e, Log))
        tag = statement.reference.tag
        row = session.journal.find(tag)
        assert row is not None
        assert row.state == "running"
    with rig.engine() as engine:
        adopted = engine.recover(statement.reference)
        assert adopted is not None
        assert text_of(list(adopted.events())).strip() == "late"


def test_a_livy_that_never_answers_the_post_nor_the_search(rig: Rig) -> None:
    """Nobody can tell whether it ran: the error says so, and nothing is sent twice."""
    key = f"emr_nb.{uuid.uuid4().hex}"
    with rig.proxy() as proxy, rig.through(proxy.port, timeout=1.0) as session:
        session.be_patient(Patience(settle=1.0))
        proxy.add(Rule("POST", POST, "hang"))
        proxy.add(Rule("GET", ANY, "hang"))
        with pytest.raises(StatementOutcomeUnknownError) as caught:
            submit(session, counting(key))
        assert "is not sent again" in str(caught.value)
        assert f"127.0.0.1:{proxy.port}" in str(caught.value)
    assert rig.ran(key) == 1


def test_a_cut_reply_is_no_answer(rig: Rig) -> None:
    with rig.proxy() as proxy, rig.engine(proxy.port, timeout=5) as engine:
        proxy.add(Rule("GET", "/sessions", "truncate", after_bytes=20))
        with pytest.raises(ReplyLostError):
            engine.sessions()
