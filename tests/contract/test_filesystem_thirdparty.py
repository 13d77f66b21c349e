"""The file-system contract on a store that somebody else wrote, and what it gains by keeping it."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from importlib.metadata import entry_points
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from emr_nb.cluster_files import ClusterFiles
from emr_nb.errors import StoreLacksError, UsageError
from emr_nb.files.base import FileSystem
from emr_nb.files.local import LocalFileSystem
from emr_nb.files.paths import cluster_path
from emr_nb.model import FilePath
from emr_nb.testing.filesystems import FileSystemContract

PLACE = Path(__file__).parents[1] / "thirdparty" / "memory_store"


@pytest.fixture
def installed(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The store as pip would have put it there: a package with its dist-info."""
    monkeypatch.syspath_prepend(PLACE)
    yield
    for name in [n for n in sys.modules if n.partition(".")[0] == "emr_nb_memory"]:
        monkeypatch.delitem(sys.modules, name)


@pytest.fixture
def fs(installed: None) -> FileSystem:
    (entry,) = entry_points(group="emr_nb.filesystems", name="mem")
    made = entry.load()(None)
    assert isinstance(made, FileSystem)
    return made


class TestMemoryStore(FileSystemContract):
    @pytest.fixture
    def root(self, fs: FileSystem) -> FilePath:
        root = FilePath("mem", "", "/fresh")
        fs.mkdir(root)
        return root


@pytest.fixture
def files(fs: FileSystem) -> ClusterFiles:
    stores: dict[str, Any] = {"mem": fs, "file": LocalFileSystem()}
    cluster: Any = SimpleNamespace(
        name="own", path=lambda text: cluster_path(text, ()), filesystem=lambda p: stores[p.scheme]
    )
    return ClusterFiles(cluster)


def test_all_that_is_built_on_the_protocol_works_with_it(files: ClusterFiles, tmp_path: Path):
    for name in ("a/1.csv", "a/2.csv", "b/3.txt"):
        files.write(f"mem:///data/{name}", name)
    assert [e.name for e in files.glob("mem:///data/**/*.csv")] == ["1.csv", "2.csv"]
    assert files.du("mem:///data").files == 3
    files.get("mem:///data", tmp_path, recursive=True)
    assert (tmp_path / "data" / "b" / "3.txt").read_text() == "b/3.txt"
    files.put(tmp_path / "data", "mem:///back", recursive=True)
    files.move("mem:///back/a", "mem:///moved")
    assert [e.name for e in files.ls("mem:///moved")] == ["1.csv", "2.csv"]
    with files.fsspec().open("mem:///moved/1.csv") as file:
        assert file.read() == b"a/1.csv"


def test_what_it_cannot_do_is_said(files: ClusterFiles):
    files.write("mem:///x", b"1")
    for act in (
        lambda: files.chmod("mem:///x", "644"),
        lambda: files.setrep("mem:///x", 3),
        lambda: files.checksum("mem:///x"),
        lambda: files.touch("mem:///x"),
    ):
        with pytest.raises(StoreLacksError, match="mem"):
            act()


def test_a_scheme_that_nobody_brings_is_refused(installed: None):
    with pytest.raises(UsageError, match="ftp") as caught:
        cluster_path("ftp://host/x", ())
    assert "mem" in caught.value.advice
