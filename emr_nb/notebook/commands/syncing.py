"""sync: has all below one directory below another one, and tells what differs."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from emr_nb.files.globs import matcher
from emr_nb.files.plans import Plan, Transfer, is_below
from emr_nb.files.removing import remove, remove_empty
from emr_nb.files.walking import below
from emr_nb.model import FileEntry, FilePath
from emr_nb.notebook.answers import Field, Records, Text
from emr_nb.notebook.commands.base import ON, Command
from emr_nb.notebook.commands.copy_line import CopyLine
from emr_nb.notebook.commands.file_lines import (
    DRY,
    JSON,
    OVERWRITE,
    YES,
    Paths,
    amount,
    answer,
    typed,
)
from emr_nb.notebook.commands.waiting import waited
from emr_nb.notebook.confirming import confirm
from emr_nb.notebook.look import plural, printable, size
from emr_nb.notebook.options import Option, Parsed
from emr_nb.notebook.progress_line import ProgressLine

if TYPE_CHECKING:
    from emr_nb.notebook.state import Notebook


@dataclass(frozen=True, slots=True)
class Change:
    """What a sync does to one path: `copy`, `replace`, `delete`, or `differs` where it stays."""

    action: str
    path: FilePath
    bytes: int
    why: str


def sync(notebook: Notebook, given: Parsed) -> Records[Change] | Text:
    """Copy what is new below a directory to another one, with --overwrite what changed too.

    With --delete what is there alone is removed.
    """
    paths = Paths(notebook, given)
    source, target = paths.target(given["source"]), paths.target(given["target"])
    plan = waited(notebook, f"comparing {typed(source)} with {typed(target)}",
                  lambda: paths.files.plan_sync(source, target))  # fmt: skip
    left_out = _left_out(plan, source, target, given)
    new = [t for t in plan.transfers if t.there is None]
    changed = [t for t in plan.transfers if t.there is not None and not t.is_whole]
    same = len(plan.transfers) - len(new) - len(changed)
    extra = _alone(plan, left_out) if given["delete"] else []
    changes = [Change("copy", t.target, t.source.size, "new") for t in new]
    word = "replace" if given["overwrite"] else "differs"
    changes += [Change(word, t.target, t.source.size, _why(t)) for t in changed]
    changes += [Change("delete", e.path, e.size, "not in the source") for e in extra]
    notes = _notes(plan, len(changed) if not given["overwrite"] else 0, same)
    notes += [f"{plural(len(left_out), 'path')} left out by --exclude"] if left_out else []
    if given["dry"]:
        notes = ["nothing was done: --dry-run", *notes]
        return answer(_shown(changes, notes, _WILL), given)
    if extra and not given["yes"]:
        lines = [_told(e) for e in extra]
        if not confirm(notebook, lines, "Delete what the source does not have?", where="%emr sync"):
            return Text("Nothing was done")
    plan.transfers = [*new, *(changed if given["overwrite"] else [])]
    line = CopyLine(notebook, "sync", again="the same again goes on")
    line.run(lambda: paths.files.run(plan, overwrite=given["overwrite"], told=line.told))
    if extra:
        _delete(paths, extra, given)
    return answer(_shown(changes, notes, _DID), given)


def _delete(paths: Paths, extra: Sequence[FileEntry], given: Parsed) -> None:
    line = ProgressLine(paths.notebook.screen)
    try:
        for done, entry in enumerate(extra):
            line.tally(f"deleting: {done:,} of {len(extra):,}")
            store = paths.files.store(entry.path)
            if entry.is_directory:
                remove_empty(store, entry.path)
            else:
                remove(store, entry, recursive=False, skip_trash=given["skip_trash"])
    except BaseException:
        line.end_if_shown("failed", f"{done:,} of {len(extra):,} deleted")
        raise
    line.end_if_shown("done", f"{len(extra):,} deleted")


def _told(entry: FileEntry) -> str:
    what = "a folder, then empty" if entry.is_directory else size(entry.size)
    return f"delete {typed(entry.path)} ({what})"


def _alone(plan: Plan, left_out: Sequence[FilePath]) -> list[FileEntry]:
    """Return what the target alone has: files, then the folders that are empty without them."""
    files = [e for e in plan.extra if not e.is_directory]
    folders = [
        e for e in plan.extra
        if e.is_directory and not any(is_below(path, e.path) for path in left_out)
    ]  # fmt: skip
    return [*files, *sorted(folders, key=lambda e: e.path.key, reverse=True)]


def _left_out(plan: Plan, source: FilePath, target: FilePath, given: Parsed) -> list[FilePath]:
    """Leave out what --exclude names, at either side; --include takes it in again."""
    leaves = [_names(p) for p in given["exclude"]]
    takes = [_names(p) for p in given["include"]]

    def wanted(path: FilePath, root: FilePath) -> bool:
        name = below(path, root)
        out = any(fits(name) for fits in leaves)
        return not out or any(fits(name) for fits in takes)

    left_out = [t.source.path for t in plan.transfers if not wanted(t.source.path, source)]
    left_out += [e.path for e in plan.extra if not wanted(e.path, target)]
    plan.transfers = [t for t in plan.transfers if wanted(t.source.path, source)]
    plan.extra = [e for e in plan.extra if wanted(e.path, target)]
    plan.folders = [f for f in plan.folders if wanted(f, target)]
    return left_out


def _names(pattern: str) -> Callable[[str], bool]:
    """Match a path below the root by a pattern; one without a slash matches names anywhere."""
    fits = matcher(pattern if "/" in pattern else f"**/{pattern}")
    inside = matcher(f"{pattern.rstrip('/')}/**" if "/" in pattern else f"**/{pattern}/**")
    return lambda name: fits(name) or inside(name)


def _why(transfer: Transfer) -> str:
    there, source = transfer.there, transfer.source
    assert there is not None
    if there.is_directory:
        return "a directory is there"
    if there.size != source.size:
        return f"{source.size:,} bytes, there {there.size:,}"
    return "the source is newer"


def _notes(plan: Plan, left: int, same: int) -> list[str]:
    notes = [f"{plural(same, 'file')} the same"] if same else []
    if left:
        notes.append(f"{plural(left, 'file')} differ and stay: --overwrite replaces them")
    if plan.links:
        notes.append(f"{plural(len(plan.links), 'link')} to directories not followed")
    if plan.changed:
        first, made = plan.changed[0]
        others = f" and {len(plan.changed) - 1:,} others" * (len(plan.changed) > 1)
        notes.append(printable(f"names that could not stay: {first} → {made}{others}"))
    return notes


_WILL = {"copy": "to copy", "replace": "to replace", "delete": "to delete"}
_DID = {"copy": "copied", "replace": "replaced", "delete": "deleted"}


def _shown(
    changes: Sequence[Change], notes: Sequence[str], words: Mapping[str, str]
) -> Records[Change]:
    fields = [
        Field[Change]("action", lambda c: c.action),
        Field[Change]("size", lambda c: c.bytes, amount(human=True), right=True),
        Field[Change]("why", lambda c: c.why),
        Field[Change]("path", lambda c: typed(c.path)),
    ]
    counts = {said: sum(c.action == word for c in changes) for word, said in words.items()}
    told = ", ".join(f"{n:,} {said}" for said, n in counts.items() if n)
    lines = [told or "nothing to do", *notes]
    return Records([replace(c) for c in changes], fields, "\n".join(lines))


COMMANDS = (
    Command(
        "sync",
        "Bring a directory up to another one.",
        sync,
        (
            Option("source", help="the directory that is right", required=True, source="path"),
            Option("target", help="the directory to change", required=True, source="path"),
            OVERWRITE,
            Option("delete", ("--delete",), "Remove what the source does not have", "flag"),
            Option("skip_trash", ("--skip-trash", "-skipTrash"), "Not into the trash", "flag"),
            Option("exclude", ("--exclude",), "Leave out what matches", metavar="PATTERN",
                   many=True),
            Option("include", ("--include",), "Take in again what matches", metavar="PATTERN",
                   many=True),
            YES, DRY, JSON, ON,
        ),
    ),
)  # fmt: skip
