"""sync: has all below one directory below another one, and tells what differs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from emr_nb.files.globs import matcher
from emr_nb.files.plans import Plan, Transfer
from emr_nb.files.removing import remove
from emr_nb.files.walking import below
from emr_nb.model import FilePath
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
from emr_nb.notebook.confirming import confirm
from emr_nb.notebook.look import plural, printable, size
from emr_nb.notebook.options import Option, Parsed

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
    plan = _chosen(paths.files.plan_sync(source, target), source, target, given)
    new = [t for t in plan.transfers if t.there is None]
    changed = [t for t in plan.transfers if t.there is not None and not t.is_whole]
    same = len(plan.transfers) - len(new) - len(changed)
    extra = [e for e in plan.extra if not e.is_directory] if given["delete"] else []
    changes = [Change("copy", t.target, t.source.size, "new") for t in new]
    word = "replace" if given["overwrite"] else "differs"
    changes += [Change(word, t.target, t.source.size, _why(t)) for t in changed]
    changes += [Change("delete", e.path, e.size, "not in the source") for e in extra]
    notes = _notes(plan, len(changed) if not given["overwrite"] else 0, same)
    if given["dry"]:
        return answer(_shown(changes, ["nothing was done: --dry-run", *notes]), given)
    if extra and not given["yes"]:
        lines = [f"delete {typed(e.path)} ({size(e.size)})" for e in extra]
        if not confirm(notebook, lines, "Delete what the source does not have?", where="%emr sync"):
            return Text("Nothing was done")
    plan.transfers = [*new, *(changed if given["overwrite"] else [])]
    line = CopyLine(notebook, "sync", again="the same again goes on")
    line.run(lambda: paths.files.run(plan, overwrite=given["overwrite"], told=line.told))
    for entry in extra:
        remove(paths.files.store(entry.path), entry, recursive=False,
               skip_trash=given["skip_trash"])  # fmt: skip
    return answer(_shown(changes, notes), given)


def _chosen(plan: Plan, source: FilePath, target: FilePath, given: Parsed) -> Plan:
    """Leave out what --exclude names, at either side; --include takes it in again."""
    leaves = [_names(p) for p in given["exclude"]]
    takes = [_names(p) for p in given["include"]]

    def wanted(path: FilePath, root: FilePath) -> bool:
        name = below(path, root)
        out = any(fits(name) for fits in leaves)
        return not out or any(fits(name) for fits in takes)

    plan.transfers = [t for t in plan.transfers if wanted(t.source.path, source)]
    plan.extra = [e for e in plan.extra if wanted(e.path, target)]
    plan.folders = [f for f in plan.folders if wanted(f, target)]
    return plan


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


def _shown(changes: Sequence[Change], notes: Sequence[str]) -> Records[Change]:
    fields = [
        Field[Change]("action", lambda c: c.action),
        Field[Change]("size", lambda c: c.bytes, amount(human=True), right=True),
        Field[Change]("why", lambda c: c.why),
        Field[Change]("path", lambda c: typed(c.path)),
    ]
    counts = {
        word: sum(c.action == word for c in changes) for word in ("copy", "replace", "delete")
    }
    told = ", ".join(f"{n:,} to {word}" for word, n in counts.items() if n)
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
