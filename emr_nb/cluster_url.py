"""A cluster known only by the URL of its Livy server: no AWS call is made to attach it."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlsplit

from emr_nb.aws.access import AwsAccess
from emr_nb.errors import UsageError
from emr_nb.model import Cluster, ClusterSummary, Endpoint, Service
from emr_nb.settings import Settings

_PROBE_SECONDS = 1.0
# service, port and scheme as EMR installs them by default
_PROBED = (
    ("webhdfs", 9870, "http"),
    ("hive", 10000, "thrift"),
    ("presto", 8889, "http"),
    ("yarn", 8088, "http"),
    ("spark-history", 18080, "http"),
)


class UrlProvider:
    """Takes `http://host:8998` or `https://host:8998` as a target and probes that host."""

    name = "url"

    def __init__(self, settings: Settings) -> None:
        self.access = AwsAccess(
            profile=settings.profile,
            region=settings.region,
            role=settings.role,
            endpoint_url=settings.endpoint_url,
        )

    def handles(self, target: str) -> bool:
        return target.startswith(("http://", "https://"))

    def clusters(self, *, live_only: bool = True) -> Iterable[ClusterSummary]:  # noqa: ARG002
        """List nothing: a URL is known to whoever types it."""
        return ()

    def attach(
        self, target: str, notify: Callable[[str], None]
    ) -> tuple[Cluster, tuple[Service, ...]]:
        parts = urlsplit(target)
        if not parts.hostname or parts.username or parts.query or parts.fragment:
            raise UsageError(
                f"{target!r} is not a Livy URL",
                advice="Write it as http://host:8998, without user name or query.",
            )
        port = parts.port or (443 if parts.scheme == "https" else 8998)
        livy = Endpoint("livy", parts.hostname, port, parts.scheme, parts.path.rstrip("/"))
        notify(f"no AWS call is made; looking for other engines on {parts.hostname}")
        found = [Service("livy", (livy,)), *_probe(parts.hostname), Service("s3")]
        cluster = Cluster(
            id=target,
            name=parts.hostname,
            state="RUNNING",
            provider=self.name,
            primary_dns=parts.hostname,
        )
        return cluster, tuple(found)

    def close(self) -> None:
        """Keep nothing open."""


def _probe(host: str) -> list[Service]:
    def answers(probed: tuple[str, int, str]) -> bool:
        try:
            socket.create_connection((host, probed[1]), timeout=_PROBE_SECONDS).close()
        except OSError:
            return False
        return True

    with ThreadPoolExecutor(len(_PROBED)) as pool:
        open_ports = list(pool.map(answers, _PROBED))
    return [
        Service(name, (Endpoint(name, host, port, scheme),))
        for (name, port, scheme), is_open in zip(_PROBED, open_ports, strict=True)
        if is_open
    ]
