"""The local clusters as a provider that `emr_nb.cluster` finds by entry point."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING

from emr_nb.errors import ClusterNotFoundError, NotAttachedError
from emr_nb.local import state as st
from emr_nb.local.apps import APPS, ENGINES, with_yarn
from emr_nb.local.lifecycle import DEFAULT_NAME, LocalClusters
from emr_nb.settings import Settings

if TYPE_CHECKING:
    from emr_nb.aws.access import AwsAccess
    from emr_nb.aws.provider import AwsProvider
    from emr_nb.model import Cluster, ClusterSummary, Service

_PREFIX = "local:"
_YARN = "+yarn"  # after a name: with YARN among the applications
_NO_LIMIT = 1_000_000  # calls a minute: EMR's limit is not the local APIs'


class LocalProvider:
    """Implements `emr_nb.cluster.ClusterProvider` for clusters of this machine.

    It knows nothing that AWS would not tell: once a cluster runs, its own AWS APIs are asked.
    """

    name = "local"

    def __init__(self, settings: Settings) -> None:
        self._local = LocalClusters(settings)
        self._aws: AwsProvider | None = None
        self._attached = ""

    @property
    def access(self) -> AwsAccess:
        """The identity on the attached cluster's own AWS APIs."""
        if self._aws is None:
            raise NotAttachedError("No local cluster is attached", advice="%emr attach local")
        return self._aws.access

    def handles(self, target: str) -> bool:
        """Tell whether the target is `local`, `local:NAME` or the id of a running one.

        With `+yarn` at its end the cluster has YARN too.
        """
        target = target.removesuffix(_YARN)
        return (
            target == DEFAULT_NAME
            or target.startswith(_PREFIX)
            or any(state.cluster_id == target for state in self._reachable())
        )

    def clusters(self, *, live_only: bool = True) -> Iterable[ClusterSummary]:
        """List what the running local clusters' AWS APIs tell; nothing when none runs."""
        for state in self._reachable():
            provider = _delegate(state)
            try:
                yield from provider.clusters(live_only=live_only)
            finally:
                provider.close()

    def attach(
        self, target: str, notify: Callable[[str], None]
    ) -> tuple[Cluster, tuple[Service, ...]]:
        """Start what is not running of a cluster, join what is, and return its facts.

        Raises MissingExtraError, DownloadError, DaemonDiedError, DeadlineExceededError.
        """
        from emr_nb.local.aws import require_moto
        from emr_nb.local.starting import start_saying

        require_moto()
        apps = with_yarn() if target.endswith(_YARN) else APPS
        name = self._name_of(target.removesuffix(_YARN))
        state = start_saying(self._local, name, notify, apps)
        self.close()
        self._aws = _delegate(state)
        self._attached = name
        return self._aws.attach(state.cluster_id, notify)

    def startable(self) -> Mapping[str, str]:
        """Return the engines that can be started on the attached cluster, with their versions."""
        from emr_nb.local.versions import startable

        return startable() if self._attached else {}

    def start_engine(
        self, engine: str, notify: Callable[[str], None]
    ) -> tuple[Cluster, tuple[Service, ...]]:
        """Start what an engine needs beside what runs, and return the cluster's facts anew.

        Raises ClusterTerminatedError, DownloadError, DaemonDiedError, DeadlineExceededError.
        """
        from emr_nb.local.starting import add_saying

        assert self._aws is not None
        state = add_saying(self._local, self._attached, ENGINES[engine], notify)
        self._aws.directory.forget()  # else the cluster is told as it was before
        return self._aws.attach(state.cluster_id, notify)

    def states(self) -> list[st.State]:
        """Return what is known of each cluster whose AWS APIs answer."""
        return self._reachable()

    def joining(self, cluster_id: str) -> AwsProvider:
        """Return the provider of a running cluster's own AWS APIs: nothing is started.

        Raises ClusterNotFoundError.
        """
        for state in self._reachable():
            if state.cluster_id == cluster_id:
                return _delegate(state)
        raise ClusterNotFoundError(
            f"No local cluster with the id {cluster_id} runs",
            advice="%emr attach local starts one, and so does the sidebar.",
        )

    def close(self) -> None:
        """Close the AWS clients; the cluster goes on until it is stopped or idle."""
        if self._aws is not None:
            self._aws.close()

    def _name_of(self, target: str) -> str:
        for state in self._reachable():
            if state.cluster_id == target:
                return state.name
        return target.removeprefix(_PREFIX) or DEFAULT_NAME

    def _reachable(self) -> list[st.State]:
        return [s for s in self._local.all() if s.running and "aws" in s.settled]


def _delegate(state: st.State) -> AwsProvider:
    """Return the AWS provider pointed at a local cluster's endpoint."""
    from emr_nb.aws.access import AwsAccess
    from emr_nb.aws.budget import CallBudget
    from emr_nb.aws.credentials import Credentials
    from emr_nb.aws.provider import AwsProvider
    from emr_nb.local.conf import ACCESS_KEY, REGION, SECRET_KEY

    access = AwsAccess(
        region=REGION,
        endpoint_url=state.endpoint_url,
        credentials=Credentials(ACCESS_KEY, SECRET_KEY, method="local"),
        budget=CallBudget(_NO_LIMIT),
    )
    return AwsProvider.for_access(access, "local")
