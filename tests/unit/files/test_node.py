"""node://: what a session's Python tells of its disk, by the code that runs on a cluster."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from emr_nb.browsing import changing
from emr_nb.cluster_files import ClusterFiles
from emr_nb.context import ClusterContext
from emr_nb.errors import (
    FileError,
    PathDeniedError,
    PathIsDirectoryError,
    PathNotDirectoryError,
    PathNotFoundError,
    SessionNotFoundError,
    StoreLacksError,
)
from emr_nb.files.asked import RANGE
from emr_nb.files.node import NodeFileSystem
from emr_nb.files.paths import cluster_path
from emr_nb.model import Cluster, FileEntry, FilePath, Node
from emr_nb.settings import Settings
from emr_nb.testing.fs_helpers import content, every_entry
from emr_nb.testing.plain_asking import PlainAsking
from emr_nb.testing.plain_session import PlainSession

EMR = Cluster(
    "j-1", "x", "WAITING", primary_dns="ec2-1-2-3-4.compute.amazonaws.com",
    primaries=(Node("i-1", "MASTER", "RUNNING", private_dns="ip-10-0-1-5.ec2.internal"),),
)  # fmt: skip


@pytest.fixture(scope="module")
def interpreter() -> Iterator[PlainSession]:
    with PlainSession() as session:
        yield session


@pytest.fixture
def asking(interpreter: PlainSession) -> PlainAsking:
    return PlainAsking(interpreter)


def store(asking: PlainAsking | None, cluster: Cluster = EMR, **settings: Any) -> NodeFileSystem:
    context: Any = ClusterContext(
        *(cluster, (), None, None, None, Settings(user="ada", **settings), "ada"),  # type: ignore[arg-type]
        asking=lambda: asking,
    )
    return NodeFileSystem(context)


@pytest.fixture
def fs(asking: PlainAsking) -> NodeFileSystem:
    return store(asking)


def at(path: Path | str) -> FilePath:
    return FilePath("node", "", str(path))


def test_what_is_told_of_a_file(fs, tmp_path):
    file = tmp_path / "a'b\"c\n$(id)"
    file.write_bytes(b"hello")
    file.chmod(0o640)
    os.utime(file, (1_600_000_000, 1_600_000_000.5))
    entry = fs.info(at(file))
    assert (entry.path, entry.kind, entry.size, entry.permissions) == (at(file), "file", 5, "640")
    assert entry.modified.timestamp() == 1_600_000_000.5
    assert (entry.owner, entry.group) == (file.owner(), file.group())
    assert every_entry(fs, at(tmp_path)) == [entry]
    assert content(fs, at(file), 1, 3) == b"ell"


def test_names_that_are_no_utf8_survive(fs, tmp_path):
    name = os.fsdecode(b"caf\xe9 \xff")
    (tmp_path / name).write_bytes(b"x")
    (entry,) = every_entry(fs, at(tmp_path))
    assert entry.path == at(tmp_path / name)
    assert content(fs, entry.path) == b"x"
    assert fs.info(entry.path) == entry


def test_a_path_is_data_and_nothing_runs(fs, tmp_path):
    for name in (
        "x; touch made",
        "'); open('made','w'); ('",
        "$(touch made)",
        "a\n__import__('os')",
    ):
        with pytest.raises(PathNotFoundError):
            fs.info(at(tmp_path / name))
    assert every_entry(fs, at(tmp_path)) == []
    with pytest.raises(FileError, match="NUL"):
        fs.info(at(f"{tmp_path}/a\0b"))


def test_links(fs, tmp_path):
    (tmp_path / "dir").mkdir()
    (tmp_path / "dir" / "file").write_bytes(b"1234")
    (tmp_path / "to-dir").symlink_to("dir")
    (tmp_path / "to-file").symlink_to("dir/file")
    (tmp_path / "nowhere").symlink_to("gone")
    (tmp_path / "round").symlink_to("round")
    found = {e.name: (e.kind, e.size) for e in every_entry(fs, at(tmp_path))}
    assert (found["to-dir"], found["to-file"]) == (("directory", 0), ("file", 4))
    assert {found["nowhere"][0], found["round"][0]} == {"symlink"}
    assert [e.path.key[len(str(tmp_path)) + 1 :] for e in fs.walk(at(tmp_path))] == [
        *("dir", "nowhere", "round", "to-dir", "to-file", "dir/file"),
    ]
    kinds = {e.name: e.kind for e in fs.walk(at(tmp_path))}
    assert kinds["to-dir"] == "symlink"  # else a circle has no end


def test_a_deep_walk_takes_few_statements(fs, asking, tmp_path):
    for number in range(60):
        (tmp_path / f"d{number:02}" / "below").mkdir(parents=True)
        (tmp_path / f"d{number:02}" / "below" / "f").write_bytes(b"x")
    assert len(list(fs.walk(at(tmp_path)))) == 180
    assert len(asking.asked) < 10
    assert [e.path for e in fs.walk(at(tmp_path / "d00/below/f"))] == [at(tmp_path / "d00/below/f")]


def test_a_walk_goes_on_where_an_answer_ended(fs, tmp_path, monkeypatch):
    for number in range(30):
        (tmp_path / f"d{number % 3}" / "x").mkdir(parents=True, exist_ok=True)
        (tmp_path / f"d{number % 3}" / f"f{number:02}").write_bytes(b"x")
    wanted = [e.path for e in fs.walk(at(tmp_path))]
    assert len(wanted) == 36
    monkeypatch.setattr("emr_nb.files.node._WALKED", 4)
    assert sorted(map(str, (e.path for e in fs.walk(at(tmp_path))))) == sorted(map(str, wanted))


@pytest.fixture
def unprivileged(interpreter: PlainSession, asking: PlainAsking) -> Iterator[None]:
    """The session is nobody's meanwhile, where it is root's: nothing is denied to root."""
    asking.ask({"op": "info", "path": "/"})  # loads what nobody may not
    if os.geteuid() == 0:
        interpreter.execute("import os; os.seteuid(65534)")
    yield
    if os.geteuid() == 0:
        interpreter.execute("import os; os.seteuid(0)")


def test_denied_names_who_may_not(fs, unprivileged):
    with tempfile.TemporaryDirectory() as name:
        root, secret = Path(name), Path(name) / "secret"
        root.chmod(0o755)
        secret.mkdir()
        (root / "file").write_bytes(b"x")
        (root / "file").chmod(0)
        secret.chmod(0)
        asked = (
            (secret, lambda: fs.ls(at(secret))),
            (secret, lambda: list(fs.walk(at(root)))),
            (secret, lambda: fs.info(at(secret / "below"))),
            (root / "file", lambda: content(fs, at(root / "file"))),
        )
        for path, act in asked:
            with pytest.raises(PathDeniedError, match="Permission denied") as caught:
                act()
            assert "session 7 runs as" in str(caught.value)
            assert str(path) in str(caught.value)
        secret.chmod(0o744)  # its names may be read, and nothing else of them
        (secret / "name").write_bytes(b"x")
        if os.geteuid() == 0:
            (entry,) = every_entry(fs, at(secret))
            assert (entry.name, entry.extra) == ("name", {"problem": "Permission denied"})


def test_errors_are_told_apart(fs, tmp_path):
    (tmp_path / "file").write_bytes(b"x")
    with pytest.raises(PathNotFoundError):
        fs.ls(at(tmp_path / "gone"))
    with pytest.raises(PathIsDirectoryError):
        content(fs, at(tmp_path))
    with pytest.raises(PathNotDirectoryError):
        fs.info(at(tmp_path / "file" / "below"))
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(FileError, match="pipe"):  # and it is not waited for
        content(fs, at(tmp_path / "pipe"))


def test_what_the_kernel_makes_has_no_size_and_is_read(fs):
    assert b"Linux" in content(fs, at("/proc/version"))


def test_ranges_and_their_bound(asking, tmp_path):
    data = os.urandom(2 * RANGE + 12345)
    (tmp_path / "large").write_bytes(data)
    path = at(tmp_path / "large")
    assert content(store(asking), path) == data
    assert [(q["start"], q["size"]) for q in asking.asked] == [
        *((0, RANGE), (RANGE, RANGE), (2 * RANGE, 12345)),
    ]
    assert content(store(asking), path, RANGE - 5, 10) == data[RANGE - 5 : RANGE + 5]
    small = store(asking, session_read_bytes=RANGE)
    with pytest.raises(StoreLacksError, match="at most 2 MiB") as caught:
        next(small.read(path))
    assert "session_read_bytes" in str(caught.value)
    assert content(small, path, 100, RANGE) == data[100 : 100 + RANGE]


def test_a_file_that_is_replaced_or_cut_while_it_is_read(fs, tmp_path):
    path = tmp_path / "log"
    path.write_bytes(b"a" * (RANGE + 10))
    reader = fs.read(at(path))
    next(reader)
    (tmp_path / "new").write_bytes(b"b" * (RANGE + 10))
    (tmp_path / "new").rename(path)
    with pytest.raises(FileError, match="replaced"):
        next(reader)
    reader = fs.read(at(path))
    next(reader)
    os.truncate(path, RANGE)
    with pytest.raises(FileError, match="too early"):
        next(reader)
    reader = fs.read(at(path))
    first = next(reader)
    with path.open("ab") as log:
        log.write(b"more")  # as logs do
    assert first + b"".join(reader) == b"b" * RANGE


def test_without_a_session_it_says_what_to_do():
    with pytest.raises(SessionNotFoundError, match="none is open") as caught:
        store(None).ls(at("/var/log"))
    assert "%%spark" in str(caught.value)


@pytest.mark.parametrize(
    ("told", "primary", "said"),
    [
        ({"host": "ip-10-0-1-5"}, True, "the primary node"),
        ({"host": "ip-10-0-1-5.ec2.internal", "primary": True}, True, "the primary node"),
        ({"host": "ip-10-0-1-9", "master": "yarn", "mode": "cluster"}, False, "YARN container"),
        ({"host": "ip-10-0-1-9", "primary": False, "mode": "client"}, False, "not the primary"),
        ({"host": "edge", "master": "yarn", "mode": "client"}, None, "may not be the primary"),
        ({"host": "laptop", "master": "local[2]"}, None, "beside Livy"),
    ],
)
def test_the_machine_is_told_truly(interpreter, tmp_path, told, primary, said):
    asking = PlainAsking(interpreter, {"primary": None, "user": "livy", **told})
    fs = store(asking)
    assert fs.identity(at(tmp_path)) == ""  # nothing is asked for it
    detail = dict(fs.detail(at(tmp_path)).facts)
    assert said in detail["Machine"]
    assert told["host"] in detail["Machine"]
    assert (detail["Read as"], detail["Through"]) == ("livy", "session 7")
    assert fs.identity(at(tmp_path)).startswith(f"livy on {told['host']}")
    for wanted in ("primary", "ip-10-0-9-9"):
        path = FilePath("node", wanted, str(tmp_path))
        if wanted == "primary" and primary:
            fs.info(path)
        else:
            with pytest.raises(StoreLacksError, match=told["host"]):
                fs.info(path)
    fs.info(FilePath("node", told["host"], str(tmp_path)))


def test_nothing_is_changed(fs, asking, tmp_path):
    path = at(tmp_path / "x")
    cluster: Any = type("Cluster", (), {"filesystem": lambda _, __: fs, "path": lambda _, p: p})()
    files = ClusterFiles(cluster)
    changes = (
        lambda: fs.write(path, [b"x"]),
        lambda: fs.mkdir(path),
        lambda: fs.rm(path),
        lambda: fs.mv(path, path),
        lambda: files.chmod(path, "644"),
        lambda: files.touch(path),
        lambda: files.remove(path),
        lambda: files.move_to(FileEntry(path, "file"), FilePath("hdfs", "", "/x")),
        lambda: changing.new_folder(fs, path, "new"),
    )
    for change in changes:
        with pytest.raises(StoreLacksError, match="only read"):
            change()
    assert asking.asked == []


def test_its_paths_are_understood():
    assert cluster_path("node:///var/log", ()) == FilePath("node", "", "/var/log")
    assert cluster_path("node://primary/var", ()) == FilePath("node", "primary", "/var")
