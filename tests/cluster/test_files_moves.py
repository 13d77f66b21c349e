"""Copies between the real stores: trees both ways, moves, syncs, interrupts, one shared surface."""

from __future__ import annotations

import hashlib
import os
import random
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

import emr_nb
from emr_nb.cluster import AttachedCluster
from emr_nb.errors import FileError, PathExistsError, PathNotFoundError
from emr_nb.testing.fs_faults import interrupted_after, random_names

STORES = ("hdfs", "s3")


@pytest.fixture(scope="module")
def cluster(local_cluster: Any) -> Iterator[AttachedCluster]:
    with emr_nb.attach(local_cluster.target, settings=local_cluster.settings) as made:
        yield made


@pytest.fixture
def place(cluster: AttachedCluster, local_cluster: Any) -> Iterator[dict[str, str]]:
    """A fresh folder on each store."""
    name = f"moves-{os.getpid()}-{random.randrange(10**9)}"
    made = {"hdfs": f"hdfs:///tmp/{name}", "s3": f"s3://{local_cluster.bucket}/{name}"}
    yield made
    for folder in made.values():
        with suppress(PathNotFoundError):
            cluster.files.remove(folder, recursive=True, skip_trash=True)


def tree(folder: Path) -> dict[str, str]:
    """Return the files below a folder with their sums."""
    return {
        str(p.relative_to(folder)): hashlib.sha256(p.read_bytes()).hexdigest()
        for p in folder.rglob("*")
        if p.is_file()
    }


def test_a_tree_of_odd_names_through_both_stores_and_back(
    cluster: AttachedCluster, place: dict[str, str], tmp_path: Path
) -> None:
    source = tmp_path / "source"
    for number, name in enumerate(random_names(5, 12, ":\x01\x7f\t\\\u202e")):
        file = source / f"d {number % 3}+%25" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(name.encode() * (1 + number * 20_000))
    (source / "empty folder").mkdir()
    files = cluster.files
    files.put(source, place["hdfs"], recursive=True)
    files.copy(place["hdfs"], place["s3"], recursive=True)
    files.remove(place["hdfs"], recursive=True, skip_trash=True)
    files.move(place["s3"], place["hdfs"])
    files.get(place["hdfs"], tmp_path / "back", recursive=True)
    assert tree(tmp_path / "back") == tree(source)
    assert (tmp_path / "back" / "empty folder").is_dir()
    assert not files.exists(f"{place['s3']}/")
    plan = files.plan_sync(place["hdfs"], source.as_uri())
    assert not plan.extra
    assert len(plan.transfers) == 12


@pytest.mark.parametrize("way", [("hdfs", "s3"), ("s3", "hdfs"), ("hdfs", "hdfs"), ("s3", "s3")])
def test_nothing_is_replaced_unasked_between_any_stores(
    cluster: AttachedCluster, place: dict[str, str], way: tuple[str, str]
) -> None:
    source, target = f"{place[way[0]]}/from", f"{place[way[1]]}/to"
    cluster.files.write(source, b"new")
    cluster.files.write(target, b"old")
    with pytest.raises(PathExistsError):
        cluster.files.copy(source, target)
    with pytest.raises(PathExistsError):
        cluster.files.move(source, target)
    assert cluster.files.read(target) == b"old"
    cluster.files.move(source, target, overwrite=True)
    assert cluster.files.read(target) == b"new"
    assert not cluster.files.exists(source)


@pytest.mark.parametrize("way", [("hdfs", "s3"), ("s3", "hdfs")])
def test_an_interrupt_at_any_moment_leaves_no_half(
    cluster: AttachedCluster, place: dict[str, str], way: tuple[str, str]
) -> None:
    data = os.urandom(1_000_000) * 12
    source, target = f"{place[way[0]]}/big", f"{place[way[1]]}/big"
    cluster.files.write(source, [data])
    for delay in (0.01, 0.05, 0.15, 0.4):
        with suppress(KeyboardInterrupt), interrupted_after(delay):
            cluster.files.copy(source, target, overwrite=True)
        if cluster.files.exists(target):
            assert cluster.files.read(target) == data
    cluster.files.copy(source, target, overwrite=True)
    assert cluster.files.read(target) == data
    names = [e.name for e in cluster.files.ls(place[way[1]])]
    assert [n for n in names if not n.startswith(".emr_nb-")] == ["big"]


@pytest.mark.parametrize("store", STORES)
def test_an_interrupted_download_goes_on(
    cluster: AttachedCluster, place: dict[str, str], tmp_path: Path, store: str
) -> None:
    data = os.urandom(30_000_000)
    cluster.files.write(f"{place[store]}/big", [data])

    def told(done: int, total: int | None) -> None:
        if done > 10_000_000:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        cluster.files.get(f"{place[store]}/big", tmp_path, progress=told)
    (part,) = tmp_path.iterdir()
    assert part.name.endswith(".emr_nb-part")
    had = part.stat().st_size
    seen: list[int] = []
    cluster.files.get(
        f"{place[store]}/big", tmp_path, resume=True, progress=lambda done, _: seen.append(done)
    )
    assert seen[0] == had > 10_000_000
    assert [p.name for p in tmp_path.iterdir()] == ["big"]
    assert (tmp_path / "big").read_bytes() == data


@pytest.mark.parametrize("store", STORES)
def test_a_file_where_a_folder_is_meant(
    cluster: AttachedCluster, place: dict[str, str], tmp_path: Path, store: str
) -> None:
    files = cluster.files
    files.write(f"{place[store]}/file", b"1")
    files.write(f"{place[store]}/dir/in", b"2")
    (tmp_path / "t").mkdir()
    (tmp_path / "t" / "x").write_text("x")
    for act in (
        lambda: files.put(tmp_path / "t", f"{place[store]}/file", recursive=True),
        lambda: files.plan_sync(f"{place[store]}/file", tmp_path.as_uri()),
        lambda: files.get(f"{place[store]}/dir", tmp_path / "t" / "x", recursive=True),
        lambda: files.copy(f"{place[store]}/dir", f"{place[store]}/dir/deep", recursive=True),
    ):
        with pytest.raises((FileError, ValueError)):
            act()
    assert files.read(f"{place[store]}/file") == b"1"
    assert [e.name for e in files.ls(f"{place[store]}/dir")] == ["in"]


@pytest.mark.parametrize("store", STORES)
def test_python_has_what_the_commands_have(
    cluster: AttachedCluster, place: dict[str, str], store: str
) -> None:
    files, base = cluster.files, place[store]
    for name in ("2013/a.csv", "2013/b.csv", "2014/c.txt"):
        files.write(f"{base}/{name}", f"{name}\n")
    assert [e.name for e in files.glob(f"{base}/20*/[ab].csv")] == ["a.csv", "b.csv"]
    assert [e.name for e in files.find(base, name="*.txt")] == ["c.txt"]
    assert (files.du(base).files, files.du(base).bytes) == (3, 33)
    with files.open(f"{base}/2014/c.txt", "r") as file:
        assert file.readlines() == ["2014/c.txt\n"]
    with files.open(f"{base}/new.txt", "w") as out:
        out.write("x" * 3_000_000)
    assert files.info(f"{base}/new.txt").size == 3_000_000
    with files.fsspec().open(f"{base}/2013/a.csv") as file:
        assert file.read() == b"2013/a.csv\n"
