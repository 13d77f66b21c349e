"""What a store waits for stands on a line of its own, in the cell that waits."""

from __future__ import annotations

import threading
import time
from types import SimpleNamespace

import pytest

from emr_nb.browsing import snippets
from emr_nb.browsing.formats import Told
from emr_nb.model import FileEntry, FilePath
from emr_nb.notebook.waiting import WaitLine, show_waits


@pytest.fixture
def screen(bench):
    return bench.screen


def waits(tell, seconds: float = 0.7) -> None:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        tell("session 3 is busy: this waits for its turn")
        time.sleep(0.05)
    tell("")


def test_each_wait_has_its_line(screen):
    cluster = SimpleNamespace(told=print)
    show_waits(cluster, screen)
    for _ in range(2):
        waits(cluster.told)
    assert [entry["text/plain"][:24] for entry in screen.shown] == ["✓ waited for the session"] * 2


def test_a_terminal_is_told_once(screen):
    screen.updates = False
    waits(WaitLine(screen))
    assert screen.text.count("session 3 is busy") == 1


def test_beside_the_cell_it_is_silent(screen):
    line = WaitLine(screen)
    beside = threading.Thread(target=waits, args=(line,))
    beside.start()
    beside.join()
    assert screen.shown == []


def test_a_cluster_whose_stores_never_wait_is_left_alone(screen):
    show_waits(SimpleNamespace(), screen)


def test_code_for_a_file_of_a_node_reads_it_on_the_driver():
    entry = FileEntry(FilePath("node", "", "/var/log/a'b\n"), "file")
    cell = snippets.spark(entry, Told("csv"))
    assert cell.startswith("%%spark\n")
    assert compile(cell.partition("\n")[2], "cell", "exec")
    assert "spark.read" not in cell
