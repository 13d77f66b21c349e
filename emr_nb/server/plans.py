"""Changes of files: told first, done once, as a job."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from emr_nb.browsing import changing
from emr_nb.browsing.changing import Plan
from emr_nb.browsing.places import new_name
from emr_nb.errors import PathNotDirectoryError, UsageError
from emr_nb.server.models.files import PlanId, PlanView, PlanWanted
from emr_nb.server.reached import allowed, entry_of
from emr_nb.wording import printable

if TYPE_CHECKING:
    from emr_nb.files.base import FileSystem
    from emr_nb.model import FileEntry
    from emr_nb.server.jobs import Job
    from emr_nb.server.models.common import JobView
    from emr_nb.server.state import ServerState


@dataclass(frozen=True)
class KeptPlan:
    """A plan, and the store that it is for."""

    plan: Plan
    about: str


def made(state: ServerState, asked: PlanWanted) -> PlanView:
    """Tell what a change would do; raises UsageError, PathExistsError, PathNotFoundError."""
    connected = state.connections.get(asked.cluster)
    found = [entry_of(state, asked.cluster, connected, named) for named in asked.entries]
    entries, store = [entry for entry, _ in found], found[0][1]
    if any(other is not store for _, other in found):
        raise UsageError("These entries are not in one store", advice="Change one store's first.")
    plan = _plan(state, asked, store, entries)
    return keep(state, KeptPlan(plan, f"{connected.name}: {plan.title}"))


def act(state: ServerState, asked: PlanId) -> JobView:
    """Do what was told, once; what turns out to be otherwise is asked about again."""
    kept = state.plans.take(asked.plan)

    def work(job: Job) -> str:
        done = kept.plan.act()
        if isinstance(done, str):
            return done
        job.plan = keep(state, KeptPlan(done, kept.about)).plan
        return "It is not as it was told: this is asked about again"

    return state.jobs.begin("change files", kept.about, work).view()


def again(state: ServerState, asked: PlanId) -> PlanView:
    """Tell a plan once more: one that a job has found that it must ask about."""
    return _view(asked.plan, state.plans.get(asked.plan).plan)


def keep(state: ServerState, kept: KeptPlan) -> PlanView:
    """Keep a plan until it is done or forgotten."""
    return _view(state.plans.put(kept), kept.plan)


def _plan(
    state: ServerState, asked: PlanWanted, store: FileSystem, entries: list[FileEntry]
) -> Plan:
    if asked.kind == "delete":
        for entry in entries:
            if entry.path.scheme == "file" and entry.path.key.rstrip("/") == str(state.root):
                raise UsageError("The server's own folder is not removed from here")
        return changing.delete(store, entries)
    if len(entries) != 1:
        raise UsageError("One entry at a time", advice="Select one row.")
    entry = entries[0]
    allowed(state, entry.path.child(new_name(asked.name)))
    if asked.kind == "rename":
        return changing.rename(store, entry, asked.name)
    if not entry.is_directory:
        raise PathNotDirectoryError("This is no folder", where=printable(str(entry.path)))
    return changing.new_folder(store, entry.path, asked.name)


def _view(name: str, plan: Plan) -> PlanView:
    return PlanView(
        plan=name, title=plan.title, lines=list(plan.lines), button=plan.button, danger=plan.danger
    )
