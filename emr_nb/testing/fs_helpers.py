"""What the contract's parts for file systems share: names, listings, threads."""

from __future__ import annotations

import threading
from collections.abc import Callable

from emr_nb.files.base import FileSystem
from emr_nb.model import FileEntry, FilePath

ODD_NAMES = (
    *("plain.txt", "with blank", " leading", "trailing ", "a%b", "a%20b", "100%", "a#b", "a?b"),
    *("a+b", "a&b=c", "a;b", "a,b@c$d!e*f(g)", "a'b\"c", "a\\b", "[x]{y}|^`~", "<img onerror>"),
    *(
        "été",
        "e\u0301te\u0301",
        "漢字😀",
        "a\nb",
        "a\tb",
        "\u202etxt.exe",
        "a\u2028b",
        "..x",
        "-rf",
    ),
    *("x" * 200, "_hidden", ".hidden", "CON", "a:b", "%2e%2e", "a=1", "~user"),
)


def every_entry(fs: FileSystem, path: FilePath) -> list[FileEntry]:
    """List all pages of a directory."""
    page = fs.ls(path)
    found = list(page.items)
    while page.after is not None:
        page = fs.ls(path, page.after)
        found += page.items
    return found


def names(fs: FileSystem, path: FilePath) -> set[str]:
    """Return the names of a directory's entries."""
    return {entry.name for entry in every_entry(fs, path)}


def content(fs: FileSystem, path: FilePath, start: int = 0, length: int | None = None) -> bytes:
    """Read a range whole."""
    return b"".join(fs.read(path, start, length))


def at_once(work: Callable[[int], None], threads: int = 8) -> None:
    """Run `work(number)` in several threads and raise the first failure."""
    failures: list[BaseException] = []

    def run(number: int) -> None:
        try:
            work(number)
        except BaseException as error:
            failures.append(error)
            raise

    running = [threading.Thread(target=run, args=(number,)) for number in range(threads)]
    for thread in running:
        thread.start()
    for thread in running:
        thread.join()
    if failures:
        raise failures[0]
