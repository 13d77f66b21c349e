"""The primary node's disk, and objects that only the cluster can decrypt, by a real session.

A class for a module that has an engine and a session, so that none is started for it.
"""

from __future__ import annotations

import base64
import json
import os
import tempfile
import threading
import uuid
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from emr_nb.aws.access import AwsAccess
from emr_nb.aws.credentials import Credentials
from emr_nb.engines.livy.code import module_name
from emr_nb.errors import (
    EncryptedFileError,
    PathDeniedError,
    PathNotFoundError,
    StatementCancelledError,
    StoreLacksError,
)
from emr_nb.files.asked import RANGE
from emr_nb.files.node import NodeFileSystem
from emr_nb.files.s3 import S3
from emr_nb.local.conf import ACCESS_KEY, REGION, SECRET_KEY
from emr_nb.model import FilePath, Request
from emr_nb.results.plan import plan_transfer
from emr_nb.settings import cache_home
from emr_nb.testing.fs_faults import interrupted_after
from emr_nb.testing.fs_helpers import content, every_entry

ODD = ('it\'s "quoted"', "two\nlines", "'); import os; os._exit(1); ('", "$(id) `id`", "é\u202e😀")
_ENVELOPE = {"x-amz-key": "d3JhcHBlZA==", "x-amz-iv": "AAAAAAAAAAAAAAAAAAAAAA=="}


RECORDED = Path(__file__).parents[1] / "contract" / "cse_recorded.json"
_WITH_KEY = """
jvm, conf = spark._jvm, sc._jsc.hadoopConfiguration()
urls = sc._gateway.new_array(jvm.java.net.URL, len(made))
for at, jar in enumerate(made):
    urls[at] = jvm.java.io.File(jar).toURI().toURL()
before = conf.getClassLoader(), conf.get("fs.s3.impl")
conf.setClassLoader(jvm.java.net.URLClassLoader(urls, before[0]))
conf.set("fs.s3.impl", "CustomKeyS3")
conf.set("fs.s3.impl.disable.cache", "true")
"""
_AS_BEFORE = """
conf.setClassLoader(before[0])
conf.set("fs.s3.impl", before[1])
conf.unset("fs.s3.impl.disable.cache")
"""


def key_jars() -> list[Path]:
    """Compile the client that has the key; returns its jar and those that a session lacks."""
    from emr_nb.local.compiling import JavaSources
    from emr_nb.local.parts import Cache

    cache = Cache(cache_home())
    castle = [jar for jar in cache.jars("hdfs") if jar.name.startswith("bcprov")]  # for GCM
    jars = [*cache.jars("s3a"), *sorted((cache.spark() / "jars").glob("*.jar"))]
    folder = Path(__file__).with_name("custom_key_java")
    against = ("s3a", "hdfs", "spark")
    sources = JavaSources("a client with a key", "cse", folder, against=against, classpath=jars)
    return [sources.jar(cache), *castle]


def cell(session: Any, code: str) -> Any:
    request = Request(code, "python", uuid.uuid4().hex)
    return session.submit(request, plan_transfer(request))


def at(path: Path | str) -> FilePath:
    return FilePath("node", "", str(path))


class NodeCases:
    """Needs the fixtures `shared_engine`, `session` and `local_cluster`."""

    @pytest.fixture
    def heard(self) -> list[str]:
        return []

    @pytest.fixture
    def context(self, shared_engine: Any, session: Any, heard: list[str]) -> Any:
        assert session.refresh().state  # it is open
        asking = lambda: shared_engine.asking(heard.append)  # noqa: E731
        return replace(shared_engine._context, asking=asking)

    @pytest.fixture
    def node(self, context: Any) -> NodeFileSystem:
        return NodeFileSystem(context)

    @pytest.fixture
    def place(self) -> Iterator[Path]:
        """A folder of the driver's machine, which is this one."""
        with tempfile.TemporaryDirectory() as name:
            Path(name).chmod(0o755)
            yield Path(name)

    def test_odd_names_are_data(self, node, place):
        odd = [*ODD, os.fsdecode(b"latin \xe9\xff")]
        for name in odd:
            (place / name).write_bytes(os.fsencode(name))
        found = every_entry(node, at(place))
        assert sorted(e.path.key for e in found) == sorted(str(place / name) for name in odd)
        for entry in found:
            assert content(node, entry.path) == os.fsencode(entry.path.key[len(str(place)) + 1 :])

    def test_ranges_and_who_read_them(self, node, place, heard):
        data = os.urandom(RANGE + 70_000)
        (place / "log").write_bytes(data)
        assert content(node, at(place / "log")) == data
        assert content(node, at(place / "log"), RANGE - 3, 6) == data[RANGE - 3 : RANGE + 3]
        told = dict(node.detail(at(place / "log")).facts)
        assert os.uname().nodename in told["Machine"]
        assert "beside Livy" in told["Machine"]  # Spark's master is local here
        assert node.identity(at(place)).endswith(told["Through"])
        assert heard == []

    def test_what_is_not_there_and_what_is_denied(self, node, session, place):
        with pytest.raises(PathNotFoundError):
            node.ls(at(place / "gone"))
        (place / "secret").mkdir()
        (place / "secret").chmod(0)
        root = os.geteuid() == 0  # to whom nothing is denied
        if root:
            cell(session, "import os; os.seteuid(65534)").result()
        try:
            with pytest.raises(PathDeniedError, match="Permission denied") as caught:
                node.ls(at(place / "secret"))
        finally:
            if root:
                cell(session, "os.seteuid(0)").result()
        assert "runs as" in str(caught.value)
        with pytest.raises(StoreLacksError, match="only read"):
            node.write(at(place / "new"), [b"x"])

    def test_a_busy_session_is_waited_for_and_told(self, node, session, place, heard):
        running = cell(session, "import time; time.sleep(2); print('cell')")
        assert node.info(at(place)).is_directory
        assert "busy" in heard[0]
        assert heard[-1] == ""
        running.result()

    def test_an_interrupt_leaves_the_queue_and_the_cell(self, node, session, place):
        running = cell(session, "import time; time.sleep(3); after = 'whole'")
        with pytest.raises((KeyboardInterrupt, StatementCancelledError)), interrupted_after(0.7):
            node.info(at(place))
        running.result()
        assert node.info(at(place)).is_directory
        cell(session, "assert after == 'whole'").result()

    def test_an_interrupt_ends_a_question_that_hangs(self, node, session, place):
        node.info(at(place))
        disk = f"import sys; disk = sys.modules['{module_name()}.disk']; named = disk._named"
        hangs = f"{disk}; import time; disk._named = lambda *_: time.sleep(3600)"
        cell(session, hangs).result()
        with pytest.raises((KeyboardInterrupt, StatementCancelledError)), interrupted_after(1.5):
            node.info(at(place))
        cell(session, "disk._named = named").result()  # and not after the hour
        assert node.info(at(place)).is_directory

    # -- objects of S3 ----------------------------------------------------------------------

    @pytest.fixture
    def s3(self, context: Any, local_cluster: Any) -> S3:
        keys = Credentials(ACCESS_KEY, SECRET_KEY)
        access = AwsAccess(region=REGION, endpoint_url=local_cluster.aws, credentials=keys)
        return S3(replace(context, access=access))

    @pytest.fixture
    def folder(self, local_cluster: Any) -> FilePath:
        return FilePath("s3", local_cluster.bucket, f"node-{uuid.uuid4().hex[:8]}")

    def test_hadoops_client_reads_ranges(self, context, s3, folder):
        data, path = os.urandom(300_000), folder.child("it's 100%+ é")
        s3.write(path, [data])
        asking = context.asking()
        question = {"op": "stored", "path": ["s3", path.authority, f"/{path.key}"]}
        for start, size in ((0, 10), (299_990, 100), (5, 200_000), (300_000, 5), (7, 0)):
            answer = asking.ask({**question, "start": start, "size": size})
            assert answer.payload == data[start : start + size]
            assert (answer.told["size"], answer.told["by"]) == (300_000, "S3AFileSystem")
        gone = {"op": "stored", "path": ["s3", path.authority, "/no/where"], "start": 0, "size": 9}
        assert asking.ask(gone).told["errno"] == 2
        odd = {**question, "path": ["s3", path.authority, "/a//b"], "start": 0, "size": 9}
        assert asking.ask(odd).told["unspelled"]

    def test_a_session_without_the_key_provider_shows_no_ciphertext(self, s3, folder):
        path, sealed = folder.child("sealed"), os.urandom(1024)
        headers = {f"x-amz-meta-{name}": value for name, value in _ENVELOPE.items()}
        s3._calls.request("PUT", path, "s3:PutObject", body=sealed, headers=headers)
        for start, length in ((0, None), (100, 50)):
            with pytest.raises(EncryptedFileError, match="gave its ciphertext"):
                content(s3, path, start, length)

    @pytest.mark.full  # it compiles Java
    @pytest.mark.parametrize("way", ["custom-cbc", "custom-gcm"])
    def test_a_session_with_the_key_provider_reads(self, s3, folder, with_key, way):
        told = json.loads(RECORDED.read_text())["objects"]
        for size in (1000, 17, 1, 0):
            recorded = told[f"{way}/{size}"]
            path, body = folder.child(f"{way}-{size}"), base64.b64decode(recorded["body"])
            headers = {name: str(value) for name, value in recorded["metadata"].items()}
            s3._calls.request("PUT", path, "s3:PutObject", body=body, headers=headers)
            wanted = bytes((i * 31 + i // 251) & 0xFF for i in range(size))
            assert content(s3, path) == wanted
            assert content(s3, path, 5, 10) == wanted[5:15]
            assert s3.info(path).size == size
        assert "session" in dict(s3.detail(path).facts)["Read through"]

    @pytest.fixture
    def with_key(self, session: Any) -> Iterator[None]:
        """The session's Hadoop client of `s3://` has a key provider meanwhile, as EMRFS may."""
        jars = ", ".join(repr(str(jar)) for jar in key_jars())
        cell(session, f"made = [{jars}]\n{_WITH_KEY}").result()
        yield
        cell(session, _AS_BEFORE).result()

    def test_eight_threads_ask_one_session(self, node, place):
        (place / "file").write_bytes(b"x" * 1000)
        found: list[bytes] = []
        threads = [
            threading.Thread(target=lambda: found.append(content(node, at(place / "file"))))
            for _ in range(8)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert found == [b"x" * 1000] * 8
