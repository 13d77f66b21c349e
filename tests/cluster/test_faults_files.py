"""Files that cannot be had or kept, and names that are hostile: told by name, nothing left over."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fault_rig import Rig, attached, submit
from IPython.core.interactiveshell import InteractiveShell

from emr_nb.cluster import AttachedCluster
from emr_nb.errors import DiskFullError, FileError, PathIsDirectoryError, PathNotFoundError
from emr_nb.journal import Journal
from emr_nb.notebook.answers import Records
from emr_nb.notebook.backend import Backend
from emr_nb.notebook.commands.listing_files import COMMANDS, ls
from emr_nb.notebook.deliver import result_bundle
from emr_nb.notebook.extension import Extension
from emr_nb.notebook.places import Place
from emr_nb.notebook.state import Notebook

HOSTILE = "<img src=x onerror=alert(1)>&\"' </td><script>"
STORES = ("hdfs:///tmp/emr_nb-faults", "s3://{bucket}/emr_nb-faults")


@pytest.fixture(scope="module")
def cluster(rig: Rig) -> Iterator[AttachedCluster]:
    made = attached(rig.cluster.settings.data_home, Journal(rig.journal), rig.livy_port)
    yield made
    made.close(end_sessions=False)
    made.journal.close()


@pytest.fixture(params=STORES, ids=["hdfs", "s3"])
def folder(request: Any, rig: Rig, cluster: AttachedCluster) -> Iterator[str]:
    text = f"{request.param.format(bucket=rig.cluster.bucket)}-{os.getpid()}"
    yield text
    where = cluster.path(text)
    cluster.filesystem(where).rm(where, recursive=True)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A real disk of 1 MB."""
    if not sys.platform.startswith("linux") or os.geteuid() != 0 or not shutil.which("mount"):
        pytest.skip("a disk to fill needs root on Linux; the limit below stands in for it")
    disk = tmp_path / "disk"
    disk.mkdir()
    done = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(disk)], capture_output=True
    )
    if done.returncode:
        pytest.skip(f"no disk can be mounted here: {done.stderr.decode().strip()}")
    yield disk
    subprocess.run(["umount", str(disk)], check=True)


@pytest.mark.parametrize("old", [None, b"old"])
def test_get_onto_a_full_disk_leaves_what_was_there(
    cluster: AttachedCluster, folder: str, small_disk: Path, old: bytes | None
) -> None:
    cluster.files.write(f"{folder}/big.bin", [b"x" * 4_000_000])
    target = small_disk / "big.bin"
    if old is not None:
        target.write_bytes(old)
    with pytest.raises(DiskFullError, match="disk"):
        cluster.files.get(f"{folder}/big.bin", str(small_disk), overwrite=True)
    left = {p.name: p.read_bytes() for p in small_disk.iterdir()}
    assert left == ({} if old is None else {"big.bin": old})


def test_what_is_missing_or_a_directory_is_named(
    cluster: AttachedCluster, folder: str, tmp_path: Path
) -> None:
    cluster.files.write(f"{folder}/deep/file", [b"1"])
    for action in (cluster.files.info, cluster.files.ls, cluster.files.read):
        with pytest.raises(PathNotFoundError, match="no-such-thing"):
            action(f"{folder}/no-such-thing")
    with pytest.raises(PathNotFoundError, match="no-such-thing"):
        cluster.files.get(f"{folder}/no-such-thing", str(tmp_path))
    with pytest.raises(PathIsDirectoryError, match="deep"):
        cluster.files.get(f"{folder}/deep", str(tmp_path))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["..", "../out", "a/../../out"])
def test_a_path_that_climbs_stays_where_it_is(
    cluster: AttachedCluster, folder: str, tmp_path: Path, name: str
) -> None:
    """`..` is no key of S3's directories, and HDFS has none: nothing is written outside."""
    cluster.files.write(f"{folder}/file", [b"1"])
    inside = tmp_path / "inside"
    inside.mkdir()
    with pytest.raises((FileError, ValueError)):
        cluster.files.get(f"{folder}/{name}", f"{inside}/")
    assert list(inside.iterdir()) == []
    assert list(tmp_path.iterdir()) == [inside]


@pytest.fixture
def notebook(cluster: AttachedCluster) -> Iterator[Notebook]:
    InteractiveShell.clear_instance()
    shell = InteractiveShell.instance()
    backend = Backend(lambda *_, **__: cluster, lambda *_, **__: iter(()))
    made = Notebook(shell, backend=lambda: backend, place=Place("/x/f.ipynb", "files", False))
    extension = Extension(shell, made)
    extension.install()
    made.attach("local")
    yield made
    shell.meta.clear()
    shell.history_manager.end_session()
    InteractiveShell.clear_instance()


def test_a_hostile_file_name_is_listed_escaped(
    cluster: AttachedCluster, notebook: Notebook, folder: str
) -> None:
    name = HOSTILE.replace("/", "_")
    cluster.files.write(f"{folder}/{name}", [b"1"])
    answer = ls(notebook, COMMANDS[0].parser().parse(folder))
    assert isinstance(answer, Records)
    assert [entry.name for entry in answer] == [name]
    html = answer._repr_html_()
    assert "<img" not in html
    assert "<script" not in html
    assert "&lt;img src=x onerror=alert(1)&gt;" in html


def test_hostile_values_and_column_names_from_spark_are_escaped(
    rig: Rig, notebook: Notebook
) -> None:
    text = HOSTILE.replace("'", "\\'")
    column = HOSTILE.replace("`", "")
    sql = f"select '{text}' as `{column}`, named_struct('{text}', array('{text}')) s"
    result = submit(rig.session, sql, "sql").result()
    bundle = result_bundle(notebook, result)
    assert result.columns[0].name == column
    for bad in ("<img", "<script", "</td><"):
        assert bad not in bundle["text/html"].replace("</td><td", "").replace("</td></tr", "")
    assert bundle["text/html"].count("&lt;img src=x onerror=alert(1)&gt;") >= 2
