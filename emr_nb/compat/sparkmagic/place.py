"""Where the attached cluster's Livy is, and who we are there."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

from emr_nb.compat.sparkmagic.record import AttachedRecord, read_record
from emr_nb.errors import NotAttachedError, ServiceNotInstalledError
from emr_nb.model import Endpoint
from emr_nb.notebook.extension import extension_of
from emr_nb.settings import Settings
from emr_nb.transport.auth import NoAuth
from emr_nb.transport.base import Auth

if TYPE_CHECKING:
    from emr_nb.cluster import AttachedCluster


@runtime_checkable
class AuthRoute(Protocol):
    """A route that says who we are at an endpoint."""

    def auth_for(self, endpoint: Endpoint) -> Auth: ...


@dataclass(frozen=True, slots=True)
class LivyPlace:
    """One cluster's Livy; `auth` is asked for every request."""

    name: str
    url: str
    auth: Auth = field(default_factory=NoAuth, repr=False)


def place_of(cluster: Any) -> LivyPlace:
    """Return the Livy of an attached cluster; raises ServiceNotInstalledError."""
    livy = next((s for s in cluster.services if s.name == "livy" and s.endpoints), None)
    if livy is None:
        raise ServiceNotInstalledError(
            "The cluster has no Livy, which sparkmagic needs",
            where=cluster.name,
            advice="%emr attach a cluster that has the application Livy.",
        )
    endpoint, route = livy.endpoints[0], getattr(cluster, "route", None)
    auth = route.auth_for(endpoint) if isinstance(route, AuthRoute) else NoAuth()
    return LivyPlace(f"{cluster.name} ({cluster.info.id})", endpoint.url, auth)


def current_place(shell: Any) -> LivyPlace:
    """Return the Livy of the cluster attached in this kernel, else of the one attached last.

    Raises NotAttachedError where there is none, and what `emr_nb.attach` raises.
    """
    extension = extension_of(shell) if shell is not None else None
    if extension is not None and extension.notebook.attached:
        return place_of(extension.notebook.attachment().cluster)
    record = read_record(Settings().data_home)
    if record is None:
        raise NotAttachedError(
            "No cluster is attached",
            advice="In a notebook write %load_ext emr_nb and %emr attach TARGET; "
            "then run this cell again.",
        )
    return place_of(_attached_again(record))


def place_at(shell: Any, url: str) -> LivyPlace:
    """Return the attached cluster whose Livy has this URL; an unknown one needs no credentials."""
    extension = extension_of(shell) if shell is not None else None
    for made in extension.notebook.attached.values() if extension else ():
        if any(s.name == "livy" and s.endpoints for s in made.cluster.services):
            place = place_of(made.cluster)
            if place.url == url.rstrip("/"):
                return place
    return LivyPlace(url, url.rstrip("/"))


def _attached_again(record: AttachedRecord) -> AttachedCluster:
    from emr_nb.cluster import attach

    chosen = {
        key: value
        for key in ("profile", "region", "role", "endpoint_url")
        if (value := getattr(record, key))
    }
    settings = replace(Settings(), **chosen)
    return attach(record.target, settings=settings, user=record.user, name=record.name)
