"""Large downloads: whole or not there under their name, going on where they broke off."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest
from trees_rig import Both, Remote, below

from emr_nb.errors import DiskFullError, FileError, PathExistsError, ReplyLostError
from emr_nb.files.downloads import WORTH

BIG = WORTH + 3_000_000


def parts(folder: Path) -> list[Path]:
    return list(folder.glob(".*.emr_nb-part"))


def test_a_full_disk_leaves_no_beginning(both: Both, remote: Remote, here: Path):
    resource = pytest.importorskip("resource")
    import signal

    (remote.folder / "big").write_bytes(b"x" * BIG)
    old = resource.getrlimit(resource.RLIMIT_FSIZE)
    ignored = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (5_000_000, old[1]))
    try:
        with pytest.raises(DiskFullError):
            both.get("/big", here)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, old)
        signal.signal(signal.SIGXFSZ, ignored)
    assert list(here.iterdir()) == []


def test_a_broken_download_goes_on_at_its_offset(both: Both, remote: Remote, here: Path):
    data = os.urandom(BIG)
    (remote.folder / "big").write_bytes(data)
    remote.breaks_at, remote.breaks = 5_000_000, 1
    with pytest.raises(ReplyLostError, match="--continue"):
        both.get("/big", here)
    assert below(here) == {parts(here)[0].name}  # nothing under its own name
    had = parts(here)[0].stat().st_size
    assert had >= 5_000_000
    remote.reads.clear()
    both.get("/big", here, resume=True)
    assert remote.reads == [("big", had)]
    assert (here / "big").read_bytes() == data
    assert parts(here) == []


def test_a_download_that_never_began_leaves_nothing(both: Both, remote: Remote, here: Path):
    (remote.folder / "big").write_bytes(b"x" * BIG)
    remote.breaks_at = 0
    with pytest.raises(ReplyLostError):
        both.get("/big", here)
    assert list(here.iterdir()) == []


def test_a_large_download_keeps_the_old_files_permissions(both: Both, remote: Remote, here: Path):
    (remote.folder / "big").write_bytes(b"x" * BIG)
    (here / "big").write_text("old")
    (here / "big").chmod(0o600)
    with pytest.raises(PathExistsError):
        both.get("/big", here)
    both.get("/big", here, overwrite=True)
    assert oct((here / "big").stat().st_mode)[-3:] == "600"
    assert (here / "big").stat().st_size == BIG


def test_without_continue_it_begins_anew(both: Both, remote: Remote, here: Path):
    (remote.folder / "big").write_bytes(b"x" * BIG)
    remote.breaks_at, remote.breaks = 5_000_000, 1
    with pytest.raises(ReplyLostError):
        both.get("/big", here)
    remote.reads.clear()
    both.get("/big", here)
    assert remote.reads == [("big", 0)]
    assert (here / "big").stat().st_size == BIG


def test_another_version_of_the_source_is_never_joined(both: Both, remote: Remote, here: Path):
    (remote.folder / "big").write_bytes(b"x" * BIG)
    remote.breaks_at, remote.breaks = 5_000_000, 1
    with pytest.raises(ReplyLostError):
        both.get("/big", here)
    (remote.folder / "big").write_bytes(b"y" * BIG)
    remote.reads.clear()
    both.get("/big", here, resume=True)
    assert remote.reads == [("big", 0)]
    assert (here / "big").read_bytes() == b"y" * BIG


def test_a_source_that_changes_under_a_download_is_told(both: Both, remote: Remote, here: Path):
    (remote.folder / "big").write_bytes(b"x" * BIG)
    remote.before_read = lambda _: os.utime(remote.folder / "big", (5, 5))
    with pytest.raises(FileError, match="changed"):
        both.get("/big", here)
    assert not (here / "big").exists()


def test_two_downloads_to_one_name(both: Both, remote: Remote, here: Path):
    (remote.folder / "big").write_bytes(b"x" * BIG)
    inside, go_on = threading.Event(), threading.Event()

    def wait(_: object) -> None:
        inside.set()
        assert go_on.wait(30)

    remote.before_read = wait
    first = threading.Thread(target=lambda: both.get("/big", here))
    first.start()
    try:
        assert inside.wait(30)
        with pytest.raises(FileError, match="already"):
            both.get("/big", here)
    finally:
        go_on.set()
        first.join()
    assert (here / "big").stat().st_size == BIG


def test_an_interrupted_download_keeps_its_beginning(both: Both, remote: Remote, here: Path):
    (remote.folder / "big").write_bytes(b"x" * BIG)

    def told(done: int, total: int | None) -> None:
        if done > 3_000_000:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        both.get("/big", here, progress=told)
    assert not (here / "big").exists()
    both.get("/big", here, resume=True)
    assert (here / "big").read_bytes() == b"x" * BIG
