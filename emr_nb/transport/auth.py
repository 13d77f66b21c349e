"""Who we are, said per request; the secret stays with whoever provides it."""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class NoAuth:
    """Adds nothing: the service takes our word (simple authentication)."""

    def headers(self, method: str, url: str) -> Mapping[str, str]:  # noqa: ARG002 -- the protocol's
        return {}

    def refused(self) -> bool:
        return False


@dataclass(frozen=True, slots=True)
class BasicAuth:
    """HTTP Basic (RFC 7617) with a secret that is asked for at every request.

    `secret` returns the password as it is now; `refresh`, where given, is called after a
    401 and tells whether it brought a new one. Neither appears in the repr.
    """

    user: str
    secret: Callable[[], str] = field(repr=False)
    refresh: Callable[[], bool] | None = field(default=None, repr=False)

    def headers(self, method: str, url: str) -> Mapping[str, str]:  # noqa: ARG002 -- the protocol's
        pair = f"{self.user}:{self.secret()}".encode()
        return {"Authorization": f"Basic {base64.b64encode(pair).decode('ascii')}"}

    def refused(self) -> bool:
        return self.refresh is not None and self.refresh()
