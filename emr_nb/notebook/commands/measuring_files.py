"""du and count: how much lies below paths."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import FIRST_EXCEPTION, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from typing import TYPE_CHECKING

from emr_nb.files.abilities import Summary
from emr_nb.model import FileEntry, FilePath
from emr_nb.notebook.answers import Field, Records, Text
from emr_nb.notebook.commands.base import ON, Command
from emr_nb.notebook.commands.file_lines import (
    HUMAN,
    JSON,
    PATHS,
    SOME,
    Paths,
    amount,
    answer,
    typed,
)
from emr_nb.notebook.look import plural, printable, size
from emr_nb.notebook.options import Option, Parsed
from emr_nb.notebook.progress_line import ProgressLine

if TYPE_CHECKING:
    from emr_nb.cluster_files import ClusterFiles
    from emr_nb.notebook.state import Notebook

_AT_ONCE = 8  # directories that are measured
_LOOK = 0.25  # seconds between two notes of how far it is


@dataclass(frozen=True, slots=True)
class Usage:
    """What lies below a path; `space` counts replicas, quotas are None where none is set."""

    path: FilePath
    kind: str
    files: int
    directories: int
    bytes: int
    space: int | None = None
    name_quota: int | None = None
    space_quota: int | None = None


def du(notebook: Notebook, given: Parsed) -> Records[Usage] | Text:
    """Tell what lies below each entry of directories, with -s below the paths themselves."""
    paths = Paths(notebook, given)
    texts = given["paths"] or ("/",)
    entries = paths.entries(texts)
    if not given["summary"] and len(entries) == 1 and entries[0].is_directory:
        entries = list(paths.files.iter(entries[0].path))
    if not entries:
        return answer(Records([], [], f"{printable(texts[0])} is empty"), given)
    return _usages(paths, entries, given, "measuring")


def count_(notebook: Notebook, given: Parsed) -> Records[Usage] | Text:
    """Count files, directories and bytes below paths, with their quotas."""
    paths = Paths(notebook, given)
    return _usages(paths, paths.entries(given["paths"]), given, "counting")


def _usages(
    paths: Paths, entries: Sequence[FileEntry], given: Parsed, doing: str
) -> Records[Usage] | Text:
    line = ProgressLine(paths.notebook.screen)
    pool = ThreadPoolExecutor(_AT_ONCE, "emr_nb-du")
    try:
        asked = [pool.submit(_usage, paths.files, entry) for entry in entries]
        waiting: set[Future[Usage]] = set(asked)
        while waiting:  # a large folder takes long, and is told of meanwhile
            line.tally(f"{doing}: {len(asked) - len(waiting):,} of {len(entries):,}")
            done, waiting = wait(waiting, _LOOK, FIRST_EXCEPTION)
            for one in done:
                one.result()
        found = [one.result() for one in asked]
    except BaseException:
        line.end_if_shown("failed", doing)
        raise
    finally:
        pool.shutdown(wait=False, cancel_futures=True)
    line.end_if_shown("done", f"{len(found):,} measured")
    write = amount(human=given["human"])
    fields = [
        Field[Usage]("bytes", lambda u: u.bytes, write, right=True),
        Field[Usage]("with replicas", lambda u: u.space, write, right=True),
        Field[Usage]("files", lambda u: u.files, amount(human=False), right=True),
        Field[Usage]("directories", lambda u: u.directories, amount(human=False), right=True),
        Field[Usage]("quota of names", lambda u: u.name_quota, amount(human=False), right=True),
        Field[Usage]("quota of space", lambda u: u.space_quota, write, right=True),
        Field[Usage]("path", lambda u: typed(u.path)),
    ]
    optional = {"with replicas", "quota of names", "quota of space"}
    shown = [f for f in fields if f.title not in optional or any(f.value(u) for u in found)]
    sums = f"{plural(sum(u.files for u in found), 'file')}, {size(sum(u.bytes for u in found))}"
    return answer(Records(found, shown, sums if len(found) > 1 else ""), given)


def _usage(files: ClusterFiles, entry: FileEntry) -> Usage:
    told = Summary(1, 0, entry.size)
    if entry.is_directory:
        told = files.du(entry.path)
    elif entry.replication:
        told = Summary(1, 0, entry.size, entry.size * entry.replication)
    return Usage(
        entry.path, entry.kind, told.files, told.directories, told.bytes,
        told.space, told.name_quota, told.space_quota,
    )  # fmt: skip


COMMANDS = (
    Command(
        "du",
        "Tell how much lies below each entry of a directory.",
        du,
        (PATHS, Option("summary", ("-s", "--summarize"), "Below the paths alone", "flag"), HUMAN,
         JSON, ON),
    ),
    Command(
        "count",
        "Count files, directories and bytes, with quotas.",
        count_,
        (SOME, Option("quota", ("-q",), "Quotas (they always show)", "flag"), HUMAN, JSON, ON),
    ),
)  # fmt: skip
