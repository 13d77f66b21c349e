"""All that the server keeps: made once by the extension, passed to whoever answers a route."""

from __future__ import annotations

import threading
from dataclasses import replace
from typing import TYPE_CHECKING

from emr_nb.aws.budget import Memory
from emr_nb.server.backend import Backend, RealBackend
from emr_nb.server.board import EVERY, Board
from emr_nb.server.calls import Calls
from emr_nb.server.catalog_looks import Looks
from emr_nb.server.connections import Connections
from emr_nb.server.hub import Hub
from emr_nb.server.jobs import Job, Jobs
from emr_nb.server.keeping import Keeper
from emr_nb.server.kept import Kept
from emr_nb.server.watching import Watcher
from emr_nb.settings_file import SettingsFile

if TYPE_CHECKING:
    from pathlib import Path

    from emr_nb.journal import Journal
    from emr_nb.server.backend import Connected, LocalControl
    from emr_nb.server.board import Known
    from emr_nb.server.listings import OpenListing
    from emr_nb.server.models.clusters import ClusterView
    from emr_nb.server.models.common import Answer
    from emr_nb.server.plans import KeptPlan
    from emr_nb.settings import EmrNb, Settings

_LISTINGS = 64  # folders open at once, over all pages
_PLANS = 64
_ENDED_KEPT = 300.0  # seconds that the list of ended clusters stands
_WHOSE = ("profile", "region", "role")  # settings that decide which clusters there are
_HOW = (*_WHOSE, "user", "spool", "session_start_timeout", "requester_pays")


class ServerState:
    """Settings, threads, clusters, open folders, plans and jobs of one Jupyter server.

    Nothing is asked, read or begun before the first request. `root` is the folder that pages
    may see of this machine's disk. `config` tells the settings anew where a page changed them.
    """

    def __init__(
        self,
        settings: Settings,
        root: Path,
        backend: Backend | None = None,
        *,
        every: float = EVERY,
        upload_bytes: int = 0,
        config: EmrNb | None = None,
    ) -> None:
        self.settings = self._given = settings
        self._config = config
        self.settings_file = SettingsFile(settings.data_home)
        self.settings_lock = threading.Lock()
        self.root = root
        self.upload_bytes = upload_bytes
        self.backend: Backend = backend or RealBackend()
        self.calls = Calls("calls")
        self.fills = Calls("listings", 8, 64)
        self.hub = Hub()
        self.jobs = Jobs(self._job_told)
        self.board = Board(
            lambda: self.backend.providers(self.settings), self._clusters_told, every=every
        )
        self.connections = Connections(self.board, self._connect)
        self.listings: Kept[OpenListing] = Kept("folder", _LISTINGS, lambda one: one.stop())
        self.plans: Kept[KeptPlan] = Kept("plan", _PLANS)
        self.ended: Memory[list[ClusterView]] = Memory(_ENDED_KEPT)
        self.catalogs = Looks()
        self.watcher = Watcher(self)
        self.keeper = Keeper(self)
        self._lock = threading.Lock()
        self._journal: Journal | None = None
        self._local: LocalControl | None = None

    @property
    def journal(self) -> Journal:
        """The user's journal; raises JournalError."""
        with self._lock:
            if self._journal is None:
                from emr_nb.journal import Journal

                self._journal = Journal(self.settings.data_home / "journal.sqlite")
            return self._journal

    @property
    def local(self) -> LocalControl:
        """What starts and ends local clusters."""
        with self._lock:
            if self._local is None:
                self._local = self.backend.local(self.settings)
            return self._local

    def is_set(self, name: str) -> bool:
        """Tell whether the server's configuration has a setting, which then stands."""
        return self._config is not None and self._config.is_set(name)

    def read_settings(self) -> None:
        """Take the settings that are kept now; clusters are listed and reached by them anew."""
        before = self.settings
        if self._config is not None:
            self.settings = self._config.frozen()
        else:
            self.settings = replace(self._given, **self.settings_file.applied())  # type: ignore[arg-type]
        changed = {n for n in _HOW if getattr(before, n) != getattr(self.settings, n)}
        if changed:
            self.connections.close()
        if changed.intersection(_WHOSE):
            self.ended.forget()
            self.board.renew()

    def now(self, topic: str) -> list[tuple[str, Answer]]:
        """Return what a page that begins to watch a topic is told at once, by key."""
        from emr_nb.server.clusters import cluster_list
        from emr_nb.server.history import searched
        from emr_nb.server.local import local_list
        from emr_nb.server.models.statements import StatementsWanted

        self.watcher.want()
        if topic == "clusters":
            self.board.want()
            return [("", cluster_list(self))]
        if topic == "local":
            return [("", local_list(self))]
        if topic == "jobs":
            return [(job.id, job.view()) for job in self.jobs.all()]
        if topic == "statements":
            running = searched(self, StatementsWanted(running=True, count=200))
            return [(one.tag, one) for one in running.statements]
        return []

    def close(self) -> None:
        """Release everything; sessions and clusters go on."""
        self.watcher.close()
        self.keeper.close()
        self.listings.clear()
        self.calls.close()
        self.fills.close()
        self.catalogs.close()
        self.jobs.close()
        self.connections.close()
        self.board.close()
        if self._journal is not None:
            self._journal.close()

    def _connect(self, known: Known) -> Connected:
        return self.backend.connect(known.provider, known.summary.id, self.settings, self.journal)

    def _job_told(self, job: Job) -> None:
        self.hub.publish("jobs", job.id, job.view())

    def _clusters_told(self) -> None:
        if self.hub.watched("clusters"):
            from emr_nb.server.clusters import cluster_list

            self.hub.publish("clusters", "", cluster_list(self))
