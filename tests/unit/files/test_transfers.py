"""Copies, moves and syncs: whole or not at all, nothing replaced unasked, nothing outside."""

from __future__ import annotations

import os
import threading
import time
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from trees_rig import Both, Remote, below, fill

from emr_nb.errors import (
    FileError,
    PathDeniedError,
    PathExistsError,
    PathIsDirectoryError,
    PathNotDirectoryError,
    PathNotFoundError,
    ReplyLostError,
    UsageError,
)
from emr_nb.files.abilities import Checksum
from emr_nb.files.plans import Transfer
from emr_nb.files.transfers import Copied
from emr_nb.model import FileEntry, FilePath


def test_a_tree_there_and_back(both: Both, remote: Remote, here: Path):
    fill(here / "tree", "a", "b/c", "b/d e", "é/😀")
    (here / "tree" / "empty").mkdir()
    both.put(here / "tree", "/up/", recursive=True)
    assert below(remote.folder / "up" / "tree") == {"a", "b/c", "b/d e", "é/😀"}
    assert (remote.folder / "up/tree/empty").is_dir()
    both.get("/up/tree", here / "back", recursive=True)
    assert below(here / "back") == below(here / "tree")
    assert (here / "back" / "b" / "c").read_bytes() == b"b/c" * 10


def test_a_folder_needs_recursive_and_no_folder_goes_into_itself(both: Both, remote: Remote):
    fill(remote.folder, "d/x")
    with pytest.raises(PathIsDirectoryError, match="-r"):
        both.copy("/d", "/e")
    with pytest.raises(UsageError, match="itself"):
        both.copy("/d", "/d/deep", recursive=True)
    with pytest.raises(UsageError, match="same"):
        both.copy("/d/x", "/d//x")
    assert below(remote.folder) == {"d/x"}


def test_nothing_is_replaced_and_nothing_begun_where_something_would_be(
    both: Both, remote: Remote, here: Path
):
    fill(remote.folder, "d/new", "d/old")
    fill(here, "d/old")
    (here / "d/old").write_text("mine")
    with pytest.raises(PathExistsError, match="old"):
        both.get("/d", here, recursive=True)
    assert below(here) == {"d/old"}
    both.get("/d", here, recursive=True, overwrite=True)
    assert (here / "d/old").read_bytes() == b"d/old" * 10


def test_kinds_that_do_not_fit(both: Both, remote: Remote, here: Path):
    fill(remote.folder, "d/x", "file")
    fill(here, "is-file", "target/d/x/inner")
    with pytest.raises(PathNotDirectoryError):
        both.get("/d", here / "is-file", recursive=True)
    with pytest.raises((PathExistsError, PathIsDirectoryError)):
        both.get("/d", here / "target", recursive=True, overwrite=True)
    sources = [remote.info(both.path("/file")), remote.info(both.path("/d/x"))]
    with pytest.raises(PathNotDirectoryError, match="directory"):
        both.plan(sources, both.path("/nowhere"))
    with pytest.raises(PathNotDirectoryError):
        both.plan(sources, both.path("/file"))


def test_several_files_at_once_under_a_bound(both: Both, remote: Remote, here: Path):
    fill(remote.folder, *(f"d/f{n}" for n in range(40)))
    meet = threading.Barrier(4)

    def together(_: object) -> None:
        with suppress(threading.BrokenBarrierError):
            meet.wait(1)

    remote.before_read = together
    both.get("/d", here, recursive=True)
    assert len(below(here / "d")) == 40
    assert 4 <= remote.most_at_once <= 8


def test_the_first_failure_ends_the_others_and_what_was_whole_stays(
    both: Both, remote: Remote, here: Path
):
    fill(remote.folder, *(f"d/f{n:02}" for n in range(30)), size=100_000)
    remote.breaks_at, remote.breaks = 0, 1
    with pytest.raises(ReplyLostError):
        both.get("/d", here, recursive=True)
    for name in below(here / "d"):
        assert not name.startswith(".")
        assert (here / "d" / name).stat().st_size == 500_000
    remote.reads.clear()
    kept = below(here / "d")
    both.get("/d", here, recursive=True, resume=True)
    assert len(below(here / "d")) == 30
    assert not {name for name, _ in remote.reads} & kept  # what is whole is not read again


def test_an_interrupt_stops_the_workers(both: Both, remote: Remote, here: Path):
    fill(remote.folder, *(f"d/f{n:02}" for n in range(50)), size=10_000)
    remote.before_read = lambda _: time.sleep(0.02)
    plan, _ = both.plan([remote.info(both.path("/d"))], both.path(f"file://{here}/d"),
                        recursive=True)  # fmt: skip

    def told(state: Copied) -> None:
        if state.files >= 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        both.run(plan, told=told)
    for _ in range(200):
        if not [t for t in threading.enumerate() if t.name.startswith("emr_nb-copy")]:
            break
        time.sleep(0.01)
    found = below(here / "d")
    assert 3 <= len(found) < 50
    assert all(len((here / "d" / name).read_bytes()) == 50_000 for name in found)


def test_a_link_out_of_the_download_folder_is_refused(
    both: Both, remote: Remote, here: Path, tmp_path: Path
):
    fill(remote.folder, "d/out/x")
    (tmp_path / "outside").mkdir()
    (here / "d").mkdir()
    (here / "d" / "out").symlink_to(tmp_path / "outside")
    with pytest.raises((PathDeniedError, PathNotDirectoryError)):
        both.get("/d", here, recursive=True, overwrite=True)
    assert list((tmp_path / "outside").iterdir()) == []


def test_links_of_a_tree_that_is_put_are_not_followed_in_circles(
    both: Both, remote: Remote, here: Path
):
    fill(here / "t", "a")
    (here / "t" / "loop").symlink_to(here / "t")
    (here / "t" / "gone").symlink_to("/no/where")
    (here / "t" / "b").symlink_to(here / "t" / "a")
    plan, _ = both.plan([both.store(both.path("file:/x")).info(both.path(f"file://{here}/t"))],
                        both.path("/up"), recursive=True)  # fmt: skip
    assert {p.name for p in plan.links} == {"loop", "gone"}
    both.run(plan)
    assert below(remote.folder / "up") == {"a", "b"}


def test_a_damaged_copy_is_removed_and_told(both: Both, remote: Remote, here: Path):
    fill(here, "x")
    remote.sums["x"] = Checksum("MD5", "0" * 32)
    with pytest.raises(FileError, match="checksum"):
        both.put(here / "x", "/x")
    assert below(remote.folder) == set()
    remote.sums["x"] = Checksum("COMPOSITE-CRC32C", "00")  # nothing that both sides tell
    both.put(here / "x", "/x")
    assert below(remote.folder) == {"x"}


def test_a_source_that_shrinks_leaves_nothing(both: Both, remote: Remote, here: Path):
    fill(remote.folder, "x")
    (remote.folder / "y").write_bytes(b"y" * 1000)
    remote.before_read = lambda _: (remote.folder / "y").write_bytes(b"y")
    with pytest.raises(FileError, match="now gave"):
        both.get("/y", here)
    assert below(here) == set()


class Within(Remote):
    """A store that copies its own files without sending them."""

    def copy_within(
        self, source: FileEntry, target: FilePath, *, overwrite: bool = False
    ) -> FileEntry:
        return self.write(target, [(self.folder / source.path.key[1:]).read_bytes()],
                          overwrite=overwrite)  # fmt: skip


def test_a_store_that_copies_by_itself_sends_no_bytes(tmp_path: Path, here: Path):
    (tmp_path / "remote").mkdir()
    own = Within(tmp_path / "remote")
    fill(own.folder, "d/a", "d/b")
    both = Both(own)
    (own.folder / "e").mkdir()
    both.copy("/d/a", "/e/x")
    both.copy("/d/b", "/e/y")
    assert own.reads == []
    assert (own.folder / "e/y").read_bytes() == b"d/b" * 10
    both.get("/d/a", here)
    assert len(own.reads) == 1


# -- moves --------------------------------------------------------------------------------


def test_moving_between_stores_copies_then_removes(both: Both, remote: Remote, here: Path):
    fill(remote.folder, "d/a", "d/b/c")
    both.move("/d", f"file://{here}/moved")
    assert below(here / "moved") == {"a", "b/c"}
    assert list(remote.folder.iterdir()) == []


def test_a_move_that_fails_loses_nothing(both: Both, remote: Remote, here: Path):
    fill(remote.folder, *(f"d/f{n}" for n in range(5)), size=1000)
    remote.breaks_at = 0
    with pytest.raises(ReplyLostError):
        both.move("/d", f"file://{here}/moved")
    assert len(below(remote.folder / "d")) == 5


def test_what_changed_while_it_was_moved_stays(both: Both, remote: Remote, here: Path):
    fill(remote.folder, "x")

    def change(_: object) -> None:
        os.utime(remote.folder / "x", (1, 1))

    remote.before_read = change
    with pytest.raises(FileError, match="changed"):
        both.move("/x", f"file://{here}/x")
    assert below(remote.folder) == {"x"}


def test_moving_over_a_file(both: Both, remote: Remote):
    fill(remote.folder, "new", "old", "d/old")
    with pytest.raises(PathExistsError):
        both.move("/new", "/old")
    both.move("/new", "/old", overwrite=True)
    assert (remote.folder / "old").read_bytes() == b"new" * 10
    assert below(remote.folder) == {"old", "d/old"}
    with pytest.raises(PathNotFoundError):
        both.move("/new", "/old", overwrite=True)
    assert (remote.folder / "old").exists()


# -- sync ---------------------------------------------------------------------------------


def test_what_a_sync_would_do(both: Both, remote: Remote, here: Path):
    fill(here, "same", "longer", "new", "newer")
    fill(remote.folder / "t", "same", "newer", "extra")
    (remote.folder / "t/longer").write_text("short")
    for name in ("same", "longer"):
        os.utime(here / name, (1, 1))
    os.utime(remote.folder / "t/newer", (1, 1))
    plan = both.plan_sync(f"file://{here}", "/t")
    told = {t.source.name: (t.there is not None, t.is_whole) for t in plan.transfers}
    assert told == {"same": (True, True), "longer": (True, False), "new": (False, False),
                    "newer": (True, False)}  # fmt: skip
    assert [e.name for e in plan.extra] == ["extra"]
    with pytest.raises(PathNotDirectoryError):
        both.plan_sync(f"file://{here}/same", "/t")


@pytest.mark.parametrize(
    ("scheme", "later", "whole"),
    [("s3", 0.9, True), ("s3", 1.0, False), ("hdfs", 0.0, True), ("hdfs", 0.001, False)],
)
def test_times_are_compared_as_exactly_as_the_target_keeps_them(scheme, later, whole):
    """A copy made in the second of its source is no older than it, as far as S3 can tell."""
    second = datetime(2026, 1, 1, tzinfo=UTC)
    target = FilePath(scheme, "x", "/a")
    there = FileEntry(target, "file", 1, second)
    newer = second + timedelta(seconds=later)
    source = replace(there, path=FilePath.parse("file:///a"), modified=newer)
    assert Transfer(source, target, there).is_whole is whole
