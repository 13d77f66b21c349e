"""The cluster that sparkmagic's `config.json` names, as a provider of clusters."""

from __future__ import annotations

from collections.abc import Callable

from emr_nb.cluster_url import UrlProvider
from emr_nb.compat.sparkmagic import installed
from emr_nb.compat.sparkmagic.config import SparkmagicConfig, read_config
from emr_nb.compat.sparkmagic.credentials import CredentialedRoute, auth_of
from emr_nb.errors import NeighbourError
from emr_nb.model import Cluster, Service
from emr_nb.settings import Settings
from emr_nb.transport.base import Route

TARGET = "sparkmagic"


class SparkmagicProvider(UrlProvider):
    """Takes the target `sparkmagic`, and no target where sparkmagic is installed and set up."""

    name = "sparkmagic"

    def __init__(self, settings: Settings) -> None:
        super().__init__(settings)
        self._timeout = settings.request_timeout
        self._config: SparkmagicConfig | None = None

    def handles(self, target: str) -> bool:
        return target == TARGET or (not target and installed() and bool(read_config().url))

    def attach(
        self,
        target: str,  # noqa: ARG002 -- the protocol's
        notify: Callable[[str], None],
    ) -> tuple[Cluster, tuple[Service, ...]]:
        """Attach the URL of `config.json`; raises NeighbourError where it names none."""
        config = read_config()
        if not config.url:
            raise NeighbourError(
                "sparkmagic's configuration names no Livy URL",
                where=str(config.path),
                advice="Set kernel_python_credentials.url there, or write %emr attach TARGET.",
            )
        self._config = config
        notify(f"{config.path} names {config.url}")
        return super().attach(config.url, notify)

    def route(self) -> Route:
        """Return the way to the attached cluster, with the file's credentials at its Livy."""
        assert self._config is not None, "attach comes first"
        return CredentialedRoute(auth_of(self._config), self._timeout)
