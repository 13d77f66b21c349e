"""The routes of local clusters: what runs, start and end as jobs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from emr_nb.server.models.clusters import (
    DaemonView,
    LocalList,
    LocalStart,
    LocalStop,
    LocalView,
)
from emr_nb.wording import printable

if TYPE_CHECKING:
    from emr_nb.local.state import State
    from emr_nb.server.jobs import Job
    from emr_nb.server.models.common import JobView, Nothing
    from emr_nb.server.state import ServerState

DEFAULT = "local"
_START, _STOP = "start local cluster", "stop local cluster"


def listed(state: ServerState, asked: Nothing) -> LocalList:
    """List the local clusters, the one that is started by default always among them."""
    del asked
    return local_list(state)


def start(state: ServerState, asked: LocalStart) -> JobView:
    """Start a cluster, or join the start that is under way."""
    local = state.local

    def work(job: Job) -> str:
        def say(line: str) -> None:
            job.say(line)
            tell(state)

        local.start(asked.name, asked.apps, say, job.look)
        tell(state)
        state.board.refresh()
        return f"The local cluster {asked.name!r} runs"

    running = state.jobs.running(_START, asked.name)
    job = running or state.jobs.begin(_START, asked.name, work, stoppable=True)
    return job.view()


def stop(state: ServerState, asked: LocalStop) -> JobView:
    """End a cluster, or join its ending."""
    local = state.local

    def work(job: Job) -> str:
        begun = state.jobs.running(_START, asked.name)
        if begun is not None:
            begun.stopped.set()
        job.say(f"ending the local cluster {asked.name!r}")
        local.stop(asked.name, keep_data=asked.keep_data)
        tell(state)
        state.board.refresh()
        return f"The local cluster {asked.name!r} has ended"

    running = state.jobs.running(_STOP, asked.name)
    return (running or state.jobs.begin(_STOP, asked.name, work)).view()


def local_list(state: ServerState) -> LocalList:
    """Return the local clusters as they are now."""
    found = {s.name: _view(state, s) for s in state.local.all()}
    if DEFAULT not in found:
        found[DEFAULT] = LocalView(
            name=DEFAULT, phase="stopped", apps=[], daemons=[], job=_job(state, DEFAULT)
        )
    clusters = sorted(found.values(), key=lambda view: (view.name != DEFAULT, view.name))
    return LocalList(clusters=clusters, apps=list(state.local.apps()))


def tell(state: ServerState) -> None:
    """Tell the pages that watch the local clusters."""
    if state.hub.watched("local"):
        state.hub.publish("local", "", local_list(state))


def _view(state: ServerState, found: State) -> LocalView:
    running = found.running or found.phase == "failed"
    return LocalView(
        name=found.name,
        phase=found.phase if running else "stopped",
        apps=list(found.apps),
        daemons=[
            DaemonView(name=d.name, state=d.state, ready_after=d.ready_after) for d in found.daemons
        ],
        id=found.cluster_id if running else "",
        created=found.created or None,
        error=printable(found.error.partition("\n")[0]),
        job=_job(state, found.name),
    )


def _job(state: ServerState, name: str) -> str:
    work = state.jobs.running(_START, name) or state.jobs.running(_STOP, name)
    return work.id if work is not None else ""
