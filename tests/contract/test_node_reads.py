"""The primary node's disk read through a session keeps what the contract says of reading.

What is read was written to the same disk by Python itself; the session is a plain interpreter
that runs the very code which a cluster's session runs.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

from emr_nb.context import ClusterContext
from emr_nb.files.local import LocalFileSystem
from emr_nb.files.node import NodeFileSystem
from emr_nb.journal import Journal
from emr_nb.model import Cluster, FileEntry, FilePath
from emr_nb.settings import Settings
from emr_nb.testing.filesystems import ListContract, ReadContract
from emr_nb.testing.fs_faults import HostileContract, MixUpContract
from emr_nb.testing.plain_asking import PlainAsking
from emr_nb.testing.plain_session import PlainSession
from emr_nb.transport.direct import DirectRoute


class WrittenBeside(NodeFileSystem):
    """Reads through the session; the contract's own files are written beside it."""

    def write(
        self, path: FilePath, chunks: Iterable[bytes], *, overwrite: bool = False
    ) -> FileEntry:
        LocalFileSystem().write(_local(path), chunks, overwrite=overwrite)
        return self.info(path)

    def mkdir(self, path: FilePath) -> None:
        LocalFileSystem().mkdir(_local(path))

    def mv(self, source: FilePath, target: FilePath) -> None:
        LocalFileSystem().mv(_local(source), _local(target))

    def rm(self, path: FilePath, *, recursive: bool = False) -> None:
        LocalFileSystem().rm(_local(path), recursive=recursive)


def _local(path: FilePath) -> FilePath:
    return FilePath("file", "", path.key)


@pytest.fixture(scope="module")
def interpreter() -> Iterator[PlainSession]:
    with PlainSession() as session:
        yield session


@pytest.fixture
def fs(interpreter: PlainSession, tmp_path: Path) -> Iterator[WrittenBeside]:
    asking = PlainAsking(interpreter)
    context = ClusterContext(
        *(Cluster("j-1", "x", "WAITING"), (), DirectRoute()),
        access=None,  # type: ignore[arg-type]
        journal=(journal := Journal(tmp_path / "journal.db")),
        settings=Settings(user="ada"),
        user="ada",
        asking=lambda: asking,
    )
    yield WrittenBeside(context)
    journal.close()


@pytest.fixture
def root(tmp_path: Path) -> FilePath:
    made = tmp_path / "root"
    made.mkdir()
    return FilePath("node", "", str(made))


class TestNode(ReadContract, ListContract, HostileContract, MixUpContract):
    def fill(self, fs: WrittenBeside, folder: FilePath, wanted: list[str]) -> None:
        for name in wanted:
            (Path(folder.key) / name).write_bytes(b"x")
