"""why: what a statement's time went into, and one piece of advice for each reason."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from emr_nb.engines.account import Account, StageAccount
from emr_nb.errors import UsageError
from emr_nb.notebook.answers import Facts
from emr_nb.notebook.commands.base import Command
from emr_nb.notebook.look import first_line, plural, seconds, size
from emr_nb.notebook.options import Option, Parsed

if TYPE_CHECKING:
    from emr_nb.notebook.state import Notebook

_TELLING = 0.5  # a share of the time that one reason has, to be worth advice
_LONG = 1.0  # seconds


def why(notebook: Notebook, given: Parsed) -> Facts:
    """Say what the last statement took, or one by its tag, as far as its engine told."""
    found = notebook.accounts.find(given["tag"] or "")
    if found is None:
        raise UsageError(
            f"Nothing is known of {given['tag']!r}" if given["tag"] else "Nothing is known yet",
            where="%emr why",
            advice="It tells of statements that this kernel ran on Hive, Trino or Presto; "
            "Spark's line has its stages.",
        )
    tag, account = found
    row = notebook.journal.find(tag)
    text = first_line(row.text) if row is not None else ""
    told = " · ".join(part for part in (tag[:8], text) if part)
    return Facts([("statement", told), *facts_of(account)])


def facts_of(account: Account) -> Iterator[tuple[str, str]]:
    """Yield what is known of a statement, the advice behind what is worth some."""
    whole = account.elapsed or 0.0
    took = [seconds(whole)] if whole else []
    took += [f"{seconds(account.cpu)} of processor time"] if account.cpu is not None else []
    took += [f"on {plural(account.nodes, 'node')}"] if account.nodes else []
    if took:
        yield "took", " · ".join(took)
    if account.queued is not None:
        yield (
            "queued",
            seconds(account.queued)
            + _if(account.queued, whole, "others ran before it: run it later, or in another queue"),
        )
    if account.planned is not None:
        yield "planned", seconds(account.planned) + _if(
            account.planned, whole, "many partitions or long lists take long to plan: "
            "filter by the partition's columns, join with a table of the values"
        )  # fmt: skip
    if slowest := account.slowest:
        yield f"slowest {account.unit}", _slowest(account, slowest)
    if account.rows is not None or account.bytes is not None:
        parts = [plural(account.rows, "row")] if account.rows is not None else []
        parts += [size(account.bytes)] if account.bytes else []
        yield "read", " · ".join(parts) or "nothing"
    if account.spilled is not None:
        advice = "; more memory, or fewer columns, would keep it from the disk"
        yield "spilled", f"{size(account.spilled)}{advice}" if account.spilled else "nothing"
    if account.peak_memory:
        yield "peak memory", size(account.peak_memory)
    failed = sum(stage.failed for stage in account.stages)
    if failed:
        yield "failed", f"{plural(failed, 'task')} ran again, or its node was lost"


def _slowest(account: Account, stage: StageAccount) -> str:
    parts = [stage.name]
    if stage.seconds is not None:
        parts.append(seconds(stage.seconds))
    elif stage.cpu is not None:
        share = f", {100 * stage.cpu / account.cpu:.0f} %" if account.cpu else ""
        parts.append(f"{seconds(stage.cpu)} of processor time{share}")
    parts += [plural(stage.rows, "row")] if stage.rows is not None else []
    parts += [size(stage.bytes)] if stage.bytes else []
    parts += [plural(stage.tasks, "task")] if stage.tasks else []
    return f"{' · '.join(parts)} (of {plural(len(account.stages), account.unit)})"


def _if(part: float, whole: float, advice: str) -> str:
    """Return advice where a part is much of the whole."""
    return f"; {advice}" if part > _LONG and part > _TELLING * whole else ""


COMMANDS = (
    Command(
        "why",
        "Say what a statement's time went into.",
        why,
        (Option("tag", help="from %emr history; the last one by default", source="tag"),),
    ),
)
