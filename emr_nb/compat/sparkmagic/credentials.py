"""The user, password, headers or authenticator of `config.json`, as our transport asks for them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any

from emr_nb.compat.sparkmagic.config import BASIC, KERBEROS, NO_AUTH, SparkmagicConfig, read_config
from emr_nb.errors import MissingExtraError, NeighbourError
from emr_nb.model import Endpoint
from emr_nb.transport.auth import BasicAuth, NoAuth
from emr_nb.transport.base import Auth, HttpClient, Tls
from emr_nb.transport.direct import DirectRoute


@dataclass(frozen=True, slots=True)
class WithHeaders:
    """Adds `custom_headers` to what another Auth adds."""

    inner: Auth
    more: Mapping[str, str] = field(repr=False)

    def headers(self, method: str, url: str) -> Mapping[str, str]:
        return {**self.more, **self.inner.headers(method, url)}

    def refused(self) -> bool:
        return self.inner.refused()


class RequestsAuth:
    """A custom authenticator (requests' AuthBase): what it would add to a request's headers."""

    def __init__(self, authenticator: Any) -> None:
        self._authenticator = authenticator

    def headers(self, method: str, url: str) -> Mapping[str, str]:
        import requests

        bare = requests.Request(method, url).prepare()
        before = dict(bare.headers)
        dressed = self._authenticator(bare) or bare
        return {k: str(v) for k, v in dressed.headers.items() if before.get(k) != v}

    def refused(self) -> bool:
        return False


def auth_of(config: SparkmagicConfig) -> Auth:
    """Return who the file says that we are.

    Raises NeighbourError for what cannot be followed, MissingExtraError for a custom class
    without sparkmagic.
    """
    if config.auth == NO_AUTH:
        auth: Auth = NoAuth()
    elif config.auth == BASIC:
        # read again at every request: the secret stays in the user's file
        auth = BasicAuth(config.user, lambda: read_config(config.path).password)
    else:
        auth = RequestsAuth(_custom(config))
    return WithHeaders(auth, config.headers) if config.headers else auth


def _custom(config: SparkmagicConfig) -> Any:
    if config.auth == KERBEROS:
        raise NeighbourError(
            "sparkmagic's configuration asks for Kerberos, which emr_nb does not speak",
            where=str(config.path),
            advice="sparkmagic's own magics and kernels go on as they are.",
        )
    module, _, name = config.authenticator.rpartition(".")
    try:
        namespace = import_module("sparkmagic.utils.utils").Namespace
    except ImportError as error:
        raise MissingExtraError(
            f"The auth {config.auth!r} of sparkmagic's configuration needs sparkmagic",
            where=str(config.path),
            advice="pip install 'emr-nb[sparkmagic]'",
        ) from error
    given = namespace(auth=config.auth, user=config.user, password=config.password, url=config.url)
    try:
        return getattr(import_module(module), name)(given)
    except (ImportError, AttributeError, ValueError) as error:
        raise NeighbourError(
            f"The auth {config.auth!r} of sparkmagic's configuration cannot be made: {error}",
            where=str(config.path),
            advice=f"Its `authenticators` say {config.authenticator or 'nothing'!r} for it.",
        ) from error


class CredentialedRoute(DirectRoute):
    """The direct route, with these credentials at Livy and nowhere else."""

    def __init__(self, auth: Auth, timeout: float) -> None:
        super().__init__(timeout)
        self._auth = auth

    def auth_for(self, endpoint: Endpoint) -> Auth:
        """Return who we are at one endpoint."""
        return self._auth if endpoint.service == "livy" else NoAuth()

    def http(
        self, endpoint: Endpoint, *, auth: Auth | None = None, tls: Tls | None = None
    ) -> HttpClient:
        return super().http(endpoint, auth=auth or self.auth_for(endpoint), tls=tls)
