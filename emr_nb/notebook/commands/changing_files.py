"""rm, mkdir, chmod, chown, setrep, touch: what changes in place."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from emr_nb.errors import PathNotFoundError, UsageError
from emr_nb.files.removing import Removed, kept_by_trash, remove
from emr_nb.model import FileEntry, FilePath
from emr_nb.notebook.answers import Field, Records, Text
from emr_nb.notebook.commands.base import ON, Command
from emr_nb.notebook.commands.file_lines import (
    DRY,
    JSON,
    RECURSIVE,
    SOME,
    YES,
    Paths,
    amount,
    answer,
    path_fields,
    typed,
)
from emr_nb.notebook.commands.waiting import waited
from emr_nb.notebook.confirming import confirm
from emr_nb.notebook.look import plural, size
from emr_nb.notebook.options import Option, Parsed
from emr_nb.notebook.progress_line import ProgressLine

if TYPE_CHECKING:
    from emr_nb.notebook.state import Notebook


def rm(notebook: Notebook, given: Parsed) -> Records[Removed] | Text:
    """Remove files, with -r directories; into the store's trash where it has one."""
    paths = Paths(notebook, given)
    try:
        entries = paths.entries(given["paths"])
    except PathNotFoundError:
        if not given["force"]:
            raise
        entries = []
    planned = [_measured(paths, entry, given) for entry in entries]
    targets = [p.path for p in planned]
    kept = dict.fromkeys(targets, False) if given["skip_trash"] else (
        kept_by_trash(paths.files.store, targets)
    )  # fmt: skip
    if given["dry"]:
        return answer(_removed(planned, "would be removed", _where_to(kept)), given)
    asks = any(e.is_directory for e in entries) or len(entries) > 1
    if asks and not given["yes"]:
        lines = [_told(p, kept[p.path]) for p in planned]
        if not confirm(notebook, lines, "Remove this?", where="%emr rm"):
            return Text("Nothing was removed")
    line = ProgressLine(notebook.screen)
    done: list[Removed] = []

    def for_good(path: FilePath) -> bool:
        told = [f"{typed(path)} can go to no trash: there is none, or it lies in it"]
        return bool(given["yes"]) or not asks or not kept[path] or confirm(
            notebook, told, "Remove it for good?", where="%emr rm"
        )  # fmt: skip

    try:
        for entry, plan in zip(entries, planned, strict=True):
            line.tally(f"removing: {len(done):,} of {plural(len(entries), 'path')}")
            place = remove(
                paths.files.store(entry.path), entry, recursive=given["recursive"],
                skip_trash=given["skip_trash"], for_good=for_good,
            )  # fmt: skip
            done.append(Removed(plan.path, plan.kind, plan.files, plan.bytes, place))
    except BaseException:
        line.end_if_shown("failed", f"{plural(len(done), 'path')} removed")
        raise
    line.end_if_shown("done", f"{plural(len(done), 'path')} removed")
    trashed = {r.path: r.trash is not None for r in done}
    return answer(_removed(done, "removed", _where_to(trashed)), given)


def _measured(paths: Paths, entry: FileEntry, given: Parsed) -> Removed:
    if not entry.is_directory:
        return Removed(entry.path, entry.kind, 1, entry.size)
    if not given["recursive"]:
        remove(paths.files.store(entry.path), entry, recursive=False, skip_trash=True)  # raises
    told = waited(paths.notebook, f"measuring {typed(entry.path)}",
                  lambda: paths.files.du(entry.path))  # fmt: skip
    return Removed(entry.path, entry.kind, told.files, told.bytes)


def _where_to(kept: dict[FilePath, bool]) -> str:
    """Say of several paths whether they can be had back."""
    lost = sum(not is_kept for is_kept in kept.values())
    if not lost:
        return ", to the trash" if kept else ""
    return ", for good" if lost == len(kept) else f", {plural(lost, 'path')} of them for good"


def _told(planned: Removed, trash: bool) -> str:
    what = ""
    if planned.kind == "directory":
        what = f" with {plural(planned.files, 'file')}, {size(planned.bytes)}"
    return f"remove {typed(planned.path)}{what}{', to the trash' if trash else ', for good'}"


def _removed(found: list[Removed], word: str, where: str) -> Records[Removed]:
    fields = [
        Field[Removed]("files", lambda r: r.files, amount(human=False), right=True),
        Field[Removed]("bytes", lambda r: r.bytes, amount(human=True), right=True),
        Field[Removed]("path", lambda r: typed(r.path)),
        Field[Removed]("in the trash as", lambda r: typed(r.trash) if r.trash else None),
    ]
    shown = [f for f in fields if f.title != "in the trash as" or any(r.trash for r in found)]
    told = f"nothing {word}"
    if found:
        told = f"{plural(sum(r.files for r in found), 'file')} {word}{where}"
    return Records(found, shown, told)


def mkdir(notebook: Notebook, given: Parsed) -> Records[FileEntry]:
    """Make directories and their parents."""
    paths = Paths(notebook, given)
    made = [paths.files.mkdir(m.path) for text in given["paths"] for m in paths.matches(text)]
    return Records(made, path_fields(made))


def touch(notebook: Notebook, given: Parsed) -> Records[FileEntry]:
    """Set files' time of change to now, or make empty files."""
    paths = Paths(notebook, given)
    done = [paths.files.touch(m.path) for text in given["paths"] for m in paths.matches(text)]
    return Records(done, path_fields(done))


def chmod(notebook: Notebook, given: Parsed) -> Records[FileEntry]:
    """Set permissions: octal, or changes such as u+x,go-w."""
    paths = Paths(notebook, given)
    return _each(paths, given, "permissions set", lambda p: paths.files.chmod(p, given["mode"]))


def chown(notebook: Notebook, given: Parsed) -> Records[FileEntry]:
    """Set owner and group: OWNER, OWNER:GROUP or :GROUP."""
    paths = Paths(notebook, given)
    owner, _, group = given["owner"].partition(":")
    if not owner and not group:
        raise UsageError("Whose is it to be?", where="%emr chown", advice="Write OWNER:GROUP.")
    return _each(paths, given, "owners set", lambda p: paths.files.chown(p, owner, group))


def setrep(notebook: Notebook, given: Parsed) -> Records[FileEntry]:
    """Set how many replicas of files there are; of a directory, of all files in it."""
    paths = Paths(notebook, given)
    if given["replicas"] < 1:
        raise UsageError("A file has at least one replica", where="%emr setrep")
    note = "HDFS makes the copies by and by: -w does not wait for them" * given["wait"]
    return _each(
        paths, given, "replicas set", lambda p: paths.files.setrep(p, given["replicas"]),
        files_only=True, note=note,
    )  # fmt: skip


def _each(
    paths: Paths,
    given: Parsed,
    word: str,
    change: Callable[[FilePath], FileEntry],
    *,
    files_only: bool = False,
    note: str = "",
) -> Records[FileEntry]:
    line, done = ProgressLine(paths.notebook.screen), []
    try:
        for entry in _with_below(paths, given, files_only=files_only):
            done.append(change(entry.path))
            line.tally(f"{word}: {len(done):,}")
    except BaseException:
        line.end_if_shown("failed", f"{word}: {len(done):,}")
        raise
    line.end_if_shown("done", f"{word}: {len(done):,}")
    return Records(done, path_fields(done), note)


def _with_below(paths: Paths, given: Parsed, *, files_only: bool) -> Iterable[FileEntry]:
    for entry in paths.entries(given["paths"]):
        if not (files_only and entry.is_directory):
            yield entry
        if entry.is_directory and (given["recursive"] or files_only):
            for found in list(paths.files.walk(entry.path)):
                if found.kind == "file" or not files_only:
                    yield found


_SKIP = Option("skip_trash", ("--skip-trash", "-skipTrash"), "Not into the trash, but for good",
               "flag")  # fmt: skip
COMMANDS = (
    Command(
        "rm",
        "Remove files and directories.",
        rm,
        (SOME, RECURSIVE, _SKIP, YES, DRY,
         Option("force", ("-f", "--force"), "Quiet about what is not there", "flag"), JSON, ON),
    ),
    Command(
        "mkdir",
        "Make directories and their parents.",
        mkdir,
        (SOME, Option("parents", ("-p",), "With parents (they always are made)", "flag"), ON),
    ),
    Command(
        "chmod",
        "Set permissions.",
        chmod,
        (Option("mode", help="644, u+x, go-w, a=rX", required=True), SOME, RECURSIVE, ON),
    ),
    Command(
        "chown",
        "Set owner and group.",
        chown,
        (Option("owner", metavar="OWNER:GROUP", help="OWNER, OWNER:GROUP or :GROUP",
                required=True), SOME, RECURSIVE, ON),
    ),
    Command(
        "setrep",
        "Set how many replicas of files there are.",
        setrep,
        (Option("replicas", kind="int", help="how many", required=True), SOME, RECURSIVE,
         Option("wait", ("-w",), "As hdfs dfs has it; the cluster copies behind", "flag"), ON),
    ),
    Command(
        "touch",
        "Set files' time of change, or make empty ones.",
        touch,
        (SOME, ON),
        aliases=("touchz",),
    ),
)  # fmt: skip
