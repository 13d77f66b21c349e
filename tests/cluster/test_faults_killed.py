"""A kernel killed around its POST: another process finds what there is, and it ran 0 or 1 times."""

from __future__ import annotations

import uuid

from fault_rig import LOOK, POST, Child, Rig, counting, wait_until

from emr_nb.journal import StatementRow, process_started
from emr_nb.model import StatementReference
from emr_nb.testing.engines import text_of
from emr_nb.testing.fault_proxy import Rule


def found(rig: Rig, tag: str) -> tuple[StatementRow, StatementReference]:
    """Return what any other process knows: the open row of a process that is gone."""
    with rig.engine() as engine:
        rows = engine._context.journal.statements(open_only=True)
    (row,) = [row for row in rows if row.tag == tag]
    assert process_started(row.owner_pid) != row.owner_started
    return row, StatementReference(row.tag, row.cluster, row.engine, row.session, row.statement)


def test_killed_between_the_row_and_the_post(rig: Rig) -> None:
    key, tag = f"emr_nb.{uuid.uuid4().hex}", uuid.uuid4().hex
    with rig.proxy() as proxy:
        child = Child.start(rig, "halted", proxy.port)
        child.send(cell=counting(key), tag=tag)
        assert child.answer() == {"begun": tag}
        child.kill()
        assert proxy.count(POST, "POST") == 0
    row, reference = found(rig, tag)
    assert (row.state, row.statement) == ("prepared", "")
    with rig.engine() as engine:
        assert engine.recover(reference) is None
    assert rig.ran(key) == 0


def test_killed_while_the_post_is_on_its_way(rig: Rig) -> None:
    key, tag = f"emr_nb.{uuid.uuid4().hex}", uuid.uuid4().hex
    with rig.proxy() as proxy:
        child = Child.start(rig, "engine", proxy.port)
        rule = proxy.add(Rule("POST", POST, "hold"))
        child.send(cell=counting(key), tag=tag)
        wait_until(lambda: rule.hits == 1)
        child.kill()
    row, reference = found(rig, tag)
    assert (row.state, row.statement) == ("sent", "")
    with rig.engine() as engine:
        assert engine.recover(reference) is None
    assert rig.ran(key) == 0


def test_killed_between_the_post_and_its_reply(rig: Rig) -> None:
    key, tag = f"emr_nb.{uuid.uuid4().hex}", uuid.uuid4().hex
    with rig.proxy() as proxy:
        child = Child.start(rig, "engine", proxy.port)
        rule = proxy.add(Rule("POST", POST, "hang"))
        child.send(cell=f"{counting(key)}\nimport time; time.sleep(1)\nspark.range(3)", tag=tag)
        wait_until(lambda: rule.hits == 1)
        child.kill()
    row, reference = found(rig, tag)
    assert (row.state, row.statement) == ("sent", "")
    with rig.engine() as engine:
        adopted = engine.recover(reference)
        assert adopted is not None
        assert text_of(list(adopted.events())).strip() == "ran 1"
        result = adopted.result()
        assert result is not None
        assert result.table.to_pydict() == {"id": [0, 1, 2]}
        after = engine._context.journal.find(tag)
        assert after is not None
        assert (after.state, after.rows) == ("done", 3)
        assert after.statement == adopted.reference.statement_id
    assert rig.ran(key) == 1


def test_killed_while_it_waits_for_the_result(rig: Rig) -> None:
    key, tag = f"emr_nb.{uuid.uuid4().hex}", uuid.uuid4().hex
    with rig.proxy() as proxy:
        child = Child.start(rig, "engine", proxy.port)
        child.send(cell=f"{counting(key)}\nimport time; time.sleep(1.5)\nprint('end')", tag=tag)
        wait_until(lambda: proxy.count(LOOK, "GET") >= 3)
        child.kill()
    row, reference = found(rig, tag)
    assert row.state == "running"
    assert row.statement
    with rig.engine() as engine:
        adopted = engine.recover(reference)
        assert adopted is not None
        assert text_of(list(adopted.events())).split() == ["ran", "1", "end"]
    assert rig.ran(key) == 1
