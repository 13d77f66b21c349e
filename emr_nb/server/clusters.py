"""The routes of clusters: what the board knows, with the age of each fact."""

from __future__ import annotations

import time
from datetime import datetime
from typing import TYPE_CHECKING

from emr_nb.errors import AwsThrottledError, EmrError
from emr_nb.model import LIVE_STATES, READY_STATES
from emr_nb.redaction import redacted
from emr_nb.server.failures import failure_of
from emr_nb.server.models.clusters import (
    ClusterId,
    ClusterList,
    ClustersWanted,
    ClusterView,
    FactsView,
    NodesView,
    ProviderView,
)
from emr_nb.server.models.common import Nothing
from emr_nb.wording import printable

if TYPE_CHECKING:
    from emr_nb.model import Cluster, ClusterSummary
    from emr_nb.server.board import Known
    from emr_nb.server.state import ServerState

_FIRST = 5.0  # seconds that the first page waits for the first list
_ENDED_SECONDS = 7 * 86_400.0
_ROLES = ("MASTER", "CORE", "TASK")


def listed(state: ServerState, asked: ClustersWanted) -> ClusterList:
    """List what is known now; with `ended` the providers' lists of ended clusters too."""
    state.board.want(wait=_FIRST)
    found = cluster_list(state)
    if not asked.ended:
        return found
    ended = state.ended.get("ended", lambda: _ended(state))
    return ClusterList(clusters=[*found.clusters, *ended], providers=found.providers)


def refreshed(state: ServerState, asked: Nothing) -> ClusterList:
    """Ask anew at once, as far as the providers' limits allow."""
    del asked
    state.board.want(wait=_FIRST)
    state.board.refresh()
    return cluster_list(state)


def one(state: ServerState, asked: ClusterId) -> ClusterView:
    """Tell what is known of a cluster, and have it described before others."""
    state.board.want(asked.cluster, wait=_FIRST)
    return _view(state, state.board.find(asked.cluster), _notebooks(state))


def cluster_list(state: ServerState) -> ClusterList:
    """Return all that the board knows now."""
    notebooks = _notebooks(state)
    now = state.board.clock()
    providers = [
        ProviderView(
            name=source.provider.name,
            age=None if source.at is None else now - source.at,
            next_in=max(0.0, source.next_at - now),
            backing_off=source.pause > 0,
            failure=None if source.error is None else failure_of(source.error),
        )
        for source in state.board.sources()
    ]
    clusters = [_view(state, known, notebooks) for known in state.board.known()]
    return ClusterList(clusters=clusters, providers=providers)


def _view(state: ServerState, known: Known, notebooks: dict[str, list[str]]) -> ClusterView:
    summary, facts = known.summary, known.facts
    age = state.board.clock() - known.facts_at
    return _brief(
        summary,
        notebooks.get(summary.id, []),
        None if facts is None else _facts(facts, age),
    )


def _brief(
    summary: ClusterSummary, notebooks: list[str], facts: FactsView | None = None
) -> ClusterView:
    created, ended = _epoch(summary.created), _epoch(summary.ended)
    return ClusterView(
        id=summary.id,
        name=printable(summary.name),
        state=printable(summary.state),
        provider=summary.provider,
        live=summary.state in LIVE_STATES,
        ready=summary.state in READY_STATES,
        state_reason=printable(redacted(summary.state_reason)),
        created=created,
        ready_at=_epoch(summary.ready),
        ended=ended,
        uptime=None if created is None else max(0.0, (ended or time.time()) - created),
        notebooks=tuple(notebooks),
        facts=facts,
        local=summary.name if summary.provider == "local" else "",
    )


def _facts(facts: Cluster, age: float) -> FactsView:
    from emr_nb.aws.services import services_of

    return FactsView(
        release=printable(facts.release),
        applications=[printable(f"{a.name} {a.version}".strip()) for a in facts.applications],
        nodes=_nodes(facts),
        tags={printable(k): printable(redacted(v)) for k, v in facts.tags.items()},
        services=[service.name for service in services_of(facts)],
        age=max(0.0, age),
        region=printable(facts.region),
        idle_timeout=facts.idle_timeout,
    )


def _nodes(facts: Cluster) -> list[NodesView]:
    """Add up the groups or fleets of each role, the primary first."""
    roles = dict.fromkeys([*_ROLES, *(g.role for g in facts.groups)])
    made = []
    for role in roles:
        groups = [g for g in facts.groups if g.role == role]
        if groups:
            types = dict.fromkeys(t for g in groups for t in g.instance_types if t)
            markets = {g.market for g in groups if g.market}
            made.append(
                NodesView(
                    role=printable(role),
                    running=sum(g.running for g in groups),
                    requested=sum(g.requested for g in groups),
                    instance_types=[printable(one) for one in types],
                    market=markets.pop() if len(markets) == 1 else "MIXED" if markets else "",
                )
            )
    return made


def _notebooks(state: ServerState) -> dict[str, list[str]]:
    """Return by cluster the notebooks that have sessions on it; none where no journal is."""
    found: dict[str, list[str]] = {}
    try:
        rows = state.journal.sessions()
    except EmrError:
        return found
    for row in rows:
        named = found.setdefault(row.cluster, [])
        ran = state.journal.statements(cluster=row.cluster, session=row.session, limit=1)
        notebook = printable(row.notebook or (ran[0].notebook if ran else ""))
        if notebook and notebook not in named:
            named.append(notebook)
    return found


def _ended(state: ServerState) -> list[ClusterView]:
    """List the clusters that ended in the last seven days, the latest first.

    Raises what keeps a provider from telling: none that are not known is no "none".
    """
    since = time.time() - _ENDED_SECONDS
    found: list[ClusterSummary] = []
    for source in state.board.sources():
        if source.error is not None:
            raise source.error
        if getattr(source.provider, "room", lambda: 1)() < 1:
            raise AwsThrottledError(
                "EMR has been asked often enough for this minute",
                where=source.provider.name,
                advice="Try again in a minute.",
            )
        listed = source.provider.clusters(live_only=False)
        found += [c for c in listed if c.ended and c.ended.timestamp() >= since]
    found.sort(key=lambda c: _epoch(c.ended) or 0.0, reverse=True)
    return [_brief(summary, []) for summary in found if summary.state not in LIVE_STATES]


def _epoch(moment: datetime | None) -> float | None:
    return None if moment is None else moment.timestamp()
