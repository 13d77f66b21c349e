"""What is too large for Livy, for the driver or for the disk: told with its limit, nothing left."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from http.client import HTTPConnection
from urllib.parse import quote

import pytest
from fault_rig import POST, Rig, submit

from emr_nb.errors import DiskFullError, SessionLostError, StatementError, UsageError
from emr_nb.model import FilePath, Request, SessionOptions, WriteTarget
from emr_nb.results.plan import plan_transfer
from emr_nb.testing.engines import text_of

pytestmark = pytest.mark.full
ROWS = 400_000
SQL = f"select id, concat('a text of some length ', id) s from range(0, {ROWS}, 1, 4)"


@contextmanager
def small_disk(rig: Rig, folder: str) -> Iterator[None]:
    """Leave a folder of HDFS less than a block of space, by a quota of HDFS itself."""

    def call(operation: str, user: str) -> None:
        path = f"/webhdfs/v1{quote(folder)}?op={operation}&user.name={user}"
        connection = HTTPConnection("localhost", rig.cluster.state.ports["namenode-http"])
        connection.request("PUT", path)
        reply = connection.getresponse()
        assert reply.status == 200, reply.read()
        connection.close()

    call("MKDIRS&permission=777", "ada" if folder.startswith("/user/ada") else "hdfs")
    unlimited = f"SETQUOTA&namespacequota={2**63 - 1}&storagespacequota="
    call(f"{unlimited}1000000", "hdfs")
    try:
        yield
    finally:
        call(f"{unlimited}-1", "hdfs")


def test_a_cell_of_64_mb_is_refused_before_anything_is_sent(rig: Rig) -> None:
    with rig.proxy() as proxy, rig.through(proxy.port) as session:
        with pytest.raises(UsageError, match=r"cell is 64 MiB, .*Livy takes at most 40 MiB in one"):
            submit(session, f"print(len({'x' * 2**26!r}))")
        assert proxy.count(POST, "POST") == 0
        assert text_of(list(submit(session, "1 + 1").events())).strip() == "2"


def test_a_large_cell_arrives_whole(rig: Rig) -> None:
    text = "wörd 'n \\ " * 800_000
    said = rig.say(f"import hashlib; print(hashlib.md5({text!r}.encode()).hexdigest())")

    assert said == hashlib.md5(text.encode()).hexdigest()


def test_text_above_20_million_characters_comes_whole(rig: Rig) -> None:
    said = rig.say("print('0123456789' * 2_500_000 + 'end')")
    assert len(said) == 25_000_003
    assert said.endswith("789end")


def test_a_driver_out_of_memory_is_a_lost_session_that_says_why(rig: Rig) -> None:
    name = f"emr_nb/ada/memory/{uuid.uuid4().hex[:6]}"
    options = SessionOptions(name, conf={"spark.driver.memory": "512m"}, start_timeout=300)
    eat = "held = []\nwhile True:\n    held.append(sc._gateway.new_array(sc._jvm.byte, 2**26))"
    with rig.engine() as engine:
        session = engine.open(options)
        try:
            with pytest.raises(SessionLostError, match=r"(?s)out of memory.*driverMemory.*rerun"):
                submit(session, eat).result()
        finally:
            session.close()


def test_a_spool_onto_a_full_disk_leaves_nothing(rig: Rig) -> None:
    scratch = rig.session.scratch()
    assert scratch is not None
    before = {entry.name for entry in scratch.store.ls(scratch.home).items}
    request = Request(SQL, "sql", uuid.uuid4().hex, rows=-1)
    plan = replace(plan_transfer(request), small_bytes=0)
    with small_disk(rig, scratch.home.key), pytest.raises(StatementError, match="quota"):
        rig.session.submit(request, plan).result()
    assert {entry.name for entry in scratch.store.ls(scratch.home).items} <= before
    again = replace(request, tag=uuid.uuid4().hex)
    assert len(rig.session.submit(again, plan).result()) == ROWS


def test_files_onto_a_full_disk_leave_nothing(rig: Rig) -> None:
    folder = f"/tmp/small-{uuid.uuid4().hex[:6]}"
    target = WriteTarget(FilePath("hdfs", "", f"{folder}/rows"), "parquet", overwrite=False)
    with small_disk(rig, folder), pytest.raises((StatementError, DiskFullError), match="quota"):
        submit(rig.session, SQL, "sql", rows=-1, target=target).result()
    store = rig.session.private.store_of(FilePath("hdfs", "", folder))
    assert [entry.name for entry in store.ls(FilePath("hdfs", "", folder)).items] == []
