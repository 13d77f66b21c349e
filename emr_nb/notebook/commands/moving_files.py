"""get, put, cp, mv: files and trees from one place to another."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from emr_nb.errors import UsageError
from emr_nb.files.copy import local_name
from emr_nb.files.plans import Plan
from emr_nb.files.transfers import Copied
from emr_nb.model import FileEntry, FilePath
from emr_nb.notebook.answers import Field, Records, Text
from emr_nb.notebook.commands.base import ON, Command
from emr_nb.notebook.commands.cluster_copying import hint, offered, on_cluster
from emr_nb.notebook.commands.copy_line import CopyLine, copied
from emr_nb.notebook.commands.file_lines import (
    DRY,
    OVERWRITE,
    RECURSIVE,
    YES,
    Paths,
    relative,
    typed,
)
from emr_nb.notebook.commands.waiting import waited
from emr_nb.notebook.confirming import confirm
from emr_nb.notebook.look import plural, size
from emr_nb.notebook.options import Option, Parsed

if TYPE_CHECKING:
    from emr_nb.notebook.state import Notebook

_NAMED = 5  # paths that a note names
Pair = tuple[FileEntry, FilePath]


def put(notebook: Notebook, given: Parsed) -> Records[FileEntry]:
    """Copy local files to the cluster; with -r directories."""
    paths = Paths(notebook, given)
    *sources, target = _two(given["paths"], "put")
    return _copy(paths, given, paths.entries(sources, local=True), paths.target(target), "put")


def get(notebook: Notebook, given: Parsed) -> Records[FileEntry]:
    """Copy files of the cluster to this machine; with -r directories, with --merge as one file."""
    paths = Paths(notebook, given)
    texts = given["paths"]
    *sources, target = texts if len(texts) > 1 else (*texts, ".")
    entries = paths.entries(sources)
    aim = paths.target(target, local=True)
    if given["merge"]:
        return _merge(paths, given, entries, aim)
    return _copy(paths, given, entries, aim, "get")


def cp(notebook: Notebook, given: Parsed) -> Records[FileEntry] | Text:
    """Copy between any two stores; with -r directories."""
    paths = Paths(notebook, given)
    *sources, target = _two(given["paths"], "cp")
    entries, aim = paths.entries(sources), paths.target(target)
    plan, place = _planned(paths, entries, aim, given)
    wanted = given["distcp"] or offered(paths, entries, aim, plan, given)
    if wanted and not given["dry"]:
        return on_cluster(paths, given, entries, place, plan)
    return _run(paths, given, plan, "cp", hint(paths, entries, aim, plan))


def mv(notebook: Notebook, given: Parsed) -> Records[FileEntry] | Records[Pair] | Text:
    """Move within a store or between two: there it is copied, verified, then removed."""
    paths = Paths(notebook, given)
    *sources, target = _two(given["paths"], "mv")
    entries, aim = paths.entries(sources), paths.target(target)
    into = paths.files.destination(aim, several=len(entries) > 1)
    pairs = [(e, aim if into is None else paths.files.place_of(e, into)) for e in entries]
    if given["dry"]:
        return Records(pairs, _PAIRS, "nothing was moved")
    asks = len(pairs) > 1 or any(e.is_directory for e in entries)
    if asks and not given["yes"]:
        lines = [f"move {_measured(paths, e)} to {typed(to)}" for e, to in pairs]
        if not confirm(notebook, lines, "Move this?", where="%emr mv"):
            return Text("Nothing was moved")
    line = CopyLine(notebook, f"mv {' '.join(sources)}")

    def work() -> None:
        for entry, to in pairs:
            line.note(f"moving {entry.name}")
            paths.files.move_to(entry, to, overwrite=given["overwrite"], resume=given["resume"],
                                told=line.told)  # fmt: skip

    line.run(work)
    return copied([paths.files.info(to) for _, to in pairs], None)


_PAIRS = [
    Field[Pair]("from", lambda p: typed(p[0].path)),
    Field[Pair]("to", lambda p: typed(p[1])),
]


def _two(texts: Sequence[str], command: str) -> Sequence[str]:
    if len(texts) < 2:
        raise UsageError("A source and a target are needed", where=f"%emr {command}",
                         advice=f"Write %emr {command} FROM… TO.")  # fmt: skip
    return texts


def _copy(
    paths: Paths, given: Parsed, entries: list[FileEntry], target: FilePath, command: str
) -> Records[FileEntry]:
    plan, _ = _planned(paths, entries, target, given)
    return _run(paths, given, plan, command)


def _planned(
    paths: Paths, entries: list[FileEntry], target: FilePath, given: Parsed
) -> tuple[Plan, FilePath]:
    """Plan a copy; of trees, what they hold is listed first."""
    return waited(
        paths.notebook, "listing what there is to copy",
        lambda: paths.files.plan(entries, target, recursive=given["recursive"]),
    )  # fmt: skip


def _run(
    paths: Paths, given: Parsed, plan: Plan, command: str, notes: Sequence[str] = ()
) -> Records[FileEntry]:
    if given["dry"]:
        waiting = [t.source for t in plan.transfers]
        return copied(waiting, plan, ("nothing was copied",))
    first = plan.transfers[0].source.name if len(plan.transfers) == 1 else ""
    line = CopyLine(paths.notebook, f"{command} {first}".strip())
    state = line.run(
        lambda: paths.files.run(
            plan, overwrite=given["overwrite"], resume=given["resume"], told=line.told
        )
    )
    assert state is not None
    made = [f"{plural(len(plan.folders), 'folder')} made"] * bool(
        plan.folders and not state.entries and not state.skipped
    )
    skipped = [f"{plural(state.skipped, 'file')} were whole already"] * bool(state.skipped)
    return copied(state.entries, plan, (*made, *skipped, *notes))


def _merge(
    paths: Paths, given: Parsed, entries: list[FileEntry], target: FilePath
) -> Records[FileEntry]:
    """Write several files one after the other, in the order of their names, into one."""
    parts: list[FileEntry] = []
    left_out: list[FileEntry] = []
    for entry in entries:
        if not entry.is_directory:
            parts.append(entry)
            continue
        found = sorted(paths.files.iter(entry.path), key=lambda e: e.name)
        whole_parts = [e for e in found if e.kind == "file" and e.name[:1] not in ("_", ".")]
        parts += whole_parts
        left_out += [e for e in found if e not in whole_parts]
    into = paths.files.destination(target)
    if into is not None:
        target = into.child(local_name(entries[0].path))
    whole = Copied(files_total=1, bytes_total=sum(e.size for e in parts))
    line = CopyLine(paths.notebook, f"get --merge {entries[0].name}", again="")

    def chunks() -> object:
        for part in parts:
            for chunk in paths.files.store(part.path).read(part.path):
                whole.bytes += len(chunk)
                line.told(whole)
                yield chunk

    def work() -> Copied:
        made = paths.files.write(target, chunks(), overwrite=given["overwrite"])  # type: ignore[arg-type]
        whole.entries.append(made)
        return whole

    line.run(work)
    notes = [f"{plural(len(parts), 'file')} as one"]
    if left_out:
        named = ", ".join(relative(e, "") for e in left_out[:_NAMED])
        more = f" and {len(left_out) - _NAMED:,} more" * (len(left_out) > _NAMED)
        notes.append(f"left out, as folders or names with _ or . in front: {named}{more}")
    return copied(whole.entries, None, notes)


def _measured(paths: Paths, entry: FileEntry) -> str:
    if not entry.is_directory:
        return f"{typed(entry.path)} ({size(entry.size)})"
    told = waited(paths.notebook, f"measuring {typed(entry.path)}",
                  lambda: paths.files.du(entry.path))  # fmt: skip
    return f"{typed(entry.path)} ({plural(told.files, 'file')}, {size(told.bytes)})"


_CONTINUE = Option("resume", ("--continue",), "Go on with what an earlier try left", "flag")
_FROM_TO = "one or several, then where to; ./x and ~/x are of this machine"
COMMANDS = (
    Command(
        "put",
        "Copy local files to the cluster.",
        put,
        (
            Option("paths", metavar="LOCAL", many=True, required=True, source="both",
                   help="files here, then where on the cluster"),
            RECURSIVE, OVERWRITE, _CONTINUE, DRY, ON,
        ),
    ),
    Command(
        "get",
        "Copy files of the cluster here.",
        get,
        (
            Option("paths", metavar="PATH", many=True, required=True, source="both",
                   help="paths on the cluster, then a file or directory here (default: this one)"),
            RECURSIVE, Option("merge", ("--merge",), "All of them as one file", "flag"),
            OVERWRITE, _CONTINUE, DRY, ON,
        ),
    ),
    Command(
        "cp",
        "Copy files and directories between stores.",
        cp,
        (
            Option("paths", metavar="PATH", many=True, required=True, source="path",
                   help=_FROM_TO),
            RECURSIVE, OVERWRITE, _CONTINUE,
            Option("distcp", ("--distcp",), "Between HDFS and S3 by the cluster itself", "flag"),
            YES, DRY, ON,
        ),
    ),
    Command(
        "mv",
        "Move files and directories.",
        mv,
        (
            Option("paths", metavar="PATH", many=True, required=True, source="path",
                   help=_FROM_TO),
            OVERWRITE, _CONTINUE, YES, DRY, ON,
        ),
    ),
)  # fmt: skip
