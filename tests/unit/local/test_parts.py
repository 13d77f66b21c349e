"""Parts are filled once, whoever asks."""

import threading
import time

import pytest

from emr_nb.errors import DownloadError, LocalClusterError
from emr_nb.local.locking import file_lock
from emr_nb.local.parts import Part


def _part(folder, fill):
    return Part("x", "X 1", folder, 1, fill)


def test_two_at_once_fill_it_once(tmp_path):
    filled = []

    def fill(folder, progress, stop):
        folder.mkdir()
        time.sleep(0.3)
        filled.append(folder)

    part = _part(tmp_path / "x", fill)
    stop = threading.Event()
    threads = [threading.Thread(target=part.ensure, args=(print, stop)) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert filled == [tmp_path / "x"]
    assert part.ready


def test_a_failed_fill_leaves_it_unready(tmp_path):
    def fill(folder, progress, stop):
        folder.mkdir(exist_ok=True)
        raise DownloadError("no way")

    part = _part(tmp_path / "x", fill)
    with pytest.raises(DownloadError):
        part.ensure(print, threading.Event())
    assert not part.ready


def test_lock_gives_up_and_frees_itself(tmp_path):
    with (
        file_lock(tmp_path / "l", 1, "testing"),
        pytest.raises(LocalClusterError, match="testing"),
        file_lock(tmp_path / "l", 0.2, "testing"),
    ):
        pass
    with file_lock(tmp_path / "l", 0.2, "testing"):
        pass
