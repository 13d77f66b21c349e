"""A push that fails half-way leaves nothing behind, and one that is repeated does no harm."""

from __future__ import annotations

import http.client
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pyarrow as pa
import pytest
from fault_rig import POST, Rig

from emr_nb.engines.inputs import LocalInput, local_input
from emr_nb.engines.livy.session import LivySession
from emr_nb.errors import DiskFullError, UsageError
from emr_nb.model import Progress, Request
from emr_nb.results.plan import plan_transfer
from emr_nb.testing.fault_proxy import Rule

BIG = pa.table({"n": pa.array(range(400_000), pa.int64())})  # several row groups


def push(session: LivySession, *inputs: LocalInput) -> Any:
    staged = session.stage(inputs, language="python")
    request = Request("# push", "python", uuid.uuid4().hex, inputs=staged.inputs)
    return session.submit(request, plan_transfer(request)).result()


def left(session: LivySession) -> list[str]:
    """The pushed folders that lie in the session's private folder."""
    scratch = session.scratch()
    assert scratch is not None
    return [e.name for e in scratch.store.ls(scratch.home).items if e.name.startswith("in-")]


def absent(rig: Rig, name: str) -> bool:
    code = f"print('{name}' in globals(), spark.catalog._jcatalog.tableExists('{name}'))"
    return rig.say(code) == "False False"


@contextmanager
def full_disk(rig: Rig) -> Iterator[None]:
    """Leave no block of space below the session's private folder, by a quota of HDFS itself."""
    scratch = rig.session.scratch()
    assert scratch is not None
    port = rig.cluster.state.ports["namenode-http"]

    def quota(size: int) -> None:
        path = f"/webhdfs/v1{scratch.home.key}?op=SETQUOTA&user.name=hdfs"
        call = http.client.HTTPConnection("localhost", port, timeout=30)
        call.request("PUT", f"{path}&namespacequota={2**63 - 1}&storagespacequota={size}")
        reply = call.getresponse()
        assert reply.status == 200, reply.read()
        call.close()

    quota(1_000_000)
    try:
        yield
    finally:
        quota(-1)


@pytest.mark.full
def test_a_push_onto_a_full_disk_leaves_nothing(rig: Rig) -> None:
    before = left(rig.session)
    with full_disk(rig), pytest.raises(DiskFullError, match="space quota is used up"):
        push(rig.session, local_input("too_big", BIG))
    assert left(rig.session) == before
    assert absent(rig, "too_big")
    push(rig.session, local_input("too_big", BIG))
    assert rig.say("print(too_big.count())") == "400000"


def test_a_value_that_does_not_fit_is_found_half_way_and_leaves_nothing(rig: Rig) -> None:
    before = left(rig.session)
    moments = pa.array([0] * 300_000 + [1], pa.timestamp("ns"))
    with pytest.raises(UsageError, match=r"late: column 't' .*lose data: 1"):
        push(rig.session, local_input("late", pa.table({"t": moments})))
    assert left(rig.session) == before
    assert absent(rig, "late")


def test_an_interrupt_while_bytes_are_sent_leaves_nothing(rig: Rig) -> None:
    before = left(rig.session)
    seen: list[Progress] = []

    def interrupt(event: Any) -> None:
        seen.append(event)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        rig.session.stage([local_input("cut", BIG)], language="python", notify=interrupt)
    assert seen
    assert left(rig.session) == before
    assert absent(rig, "cut")


@pytest.mark.parametrize("status", [None, 504])
def test_a_lost_reply_takes_what_was_pushed_once(rig: Rig, status: int | None) -> None:
    name = f"lost_{uuid.uuid4().hex[:8]}"
    with rig.proxy() as proxy, rig.through(proxy.port) as session:
        action = "drop_reply" if status is None else "status"
        rule = proxy.add(Rule("POST", POST, action, times=1, status=status or 502))
        push(session, local_input(name, pa.table({"a": [1, 2]})), local_input("k", 3))
        assert rule.hits == 1
    assert rig.say(f"print({name}.count(), k)") == "2 3"
