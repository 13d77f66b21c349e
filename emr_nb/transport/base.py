"""How bytes reach a service of a cluster: routes, deadlines, authentication, retry rules.

`direct` is the only route so far; socks, ssh and ssm become further `Route`s, Basic,
SPNEGO and the runtime-role credentials further `Auth`s, and neither engines nor file
systems change for them.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, Protocol, runtime_checkable

from emr_nb.errors import DeadlineExceededError, ReplyLostError
from emr_nb.model import Endpoint


@dataclass(frozen=True, slots=True)
class Deadline:
    """A point on the monotonic clock that a call and its retries may not pass."""

    at: float

    @classmethod
    def after(cls, seconds: float) -> Deadline:
        return cls(time.monotonic() + seconds)

    @property
    def remaining(self) -> float:
        """Seconds left; never below zero."""
        return max(0.0, self.at - time.monotonic())

    def check(self, doing: str, where: str = "") -> None:
        """Raise DeadlineExceededError when the deadline has passed."""
        if self.remaining <= 0:
            raise DeadlineExceededError(f"No answer in time while {doing}", where=where)


class Retry(Enum):
    """What may be repeated after a failure.

    NEVER: nothing but a connect that never came about. READ: idempotent reads, also after
    502/503/504/429 and lost replies.
    """

    NEVER = "never"
    READ = "read"


@dataclass(frozen=True, slots=True)
class Tls:
    """How to verify a server: a CA bundle and the name to expect; never `verify=False`."""

    ca_file: str | None = None
    server_name: str | None = None


@runtime_checkable
class Auth(Protocol):
    """Adds who we are to a request; asked for every request, nobody else keeps a secret."""

    def headers(self, method: str, url: str) -> Mapping[str, str]: ...

    def refused(self) -> bool:
        """Called once on a 401; True when the secret was refreshed and one retry may help."""
        ...


class Headers(Mapping[str, str]):
    """Reply headers, looked up in any case; a repeated header's values are joined by commas."""

    __slots__ = ("_values",)

    def __init__(self, items: Iterable[tuple[str, str]] = ()) -> None:
        values: dict[str, str] = {}
        for spelled, value in items:
            name = spelled.lower()
            values[name] = f"{values[name]}, {value}" if name in values else value
        self._values = values

    def __getitem__(self, name: str) -> str:
        return self._values[name.lower()]

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)


@dataclass(frozen=True, slots=True)
class Reply:
    """A whole HTTP reply; `json` and `text` decode on demand."""

    status: int
    headers: Mapping[str, str]
    content: bytes = field(repr=False)
    url: str = ""

    @property
    def text(self) -> str:
        return self.content.decode("utf-8", "replace")

    def json(self) -> Any:
        """Decode the body; raises ReplyLostError when it is not JSON."""
        import orjson

        try:
            return orjson.loads(self.content)
        except orjson.JSONDecodeError as error:
            start = self.content[:200].decode("utf-8", "replace")
            raise ReplyLostError(
                f"The reply is not JSON: {error}; it starts with {start!r}",
                where=self.url,
                advice="Is this the right port, or is a login page or a proxy in the way?",
            ) from error


class StreamingReply(Protocol):
    """An HTTP reply whose body is read piece by piece."""

    status: int
    headers: Mapping[str, str]

    def chunks(self) -> Iterator[bytes]: ...


class HttpClient(Protocol):
    """A keep-alive HTTP client bound to one endpoint; usable from several threads.

    Paths are relative to the endpoint and go out as they are spelled (the caller quotes;
    only blanks, control and non-ASCII characters are quoted here). Redirects are never
    followed: a 3xx is a reply like any other. Errors: ConnectFailedError, ReplyLostError,
    DeadlineExceededError (its `sent` says whether the server may have acted),
    AuthenticationError (401/403), HttpStatusError (any other status ≥ 400).
    """

    endpoint: Endpoint

    def request(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, str] | None = None,
        json: Any = None,
        content: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        deadline: Deadline | None = None,
        retry: Retry | None = None,
    ) -> Reply:
        """Send one request and read its whole reply before the deadline (default 30 s).

        `retry` defaults to READ for GET and HEAD, NEVER for the rest.
        """
        ...

    def stream(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, str] | None = None,
        content: Iterable[bytes] | bytes | None = None,
        headers: Mapping[str, str] | None = None,
        deadline: Deadline | None = None,
    ) -> AbstractContextManager[StreamingReply]:
        """Send one request and read its body piece by piece; never repeated once sent.

        Without a deadline only each single wait is bounded (default 30 s), since a whole
        transfer has no natural length.
        """
        ...

    def close(self) -> None: ...


@runtime_checkable
class Route(Protocol):
    """A way to a cluster's network; one per attached cluster."""

    name: str

    def http(
        self, endpoint: Endpoint, *, auth: Auth | None = None, tls: Tls | None = None
    ) -> HttpClient:
        """Return a client for one endpoint."""
        ...

    def address(self, host: str, port: int) -> tuple[str, int]:
        """Return where a TCP client reaches host:port by this route."""
        ...

    def close(self) -> None: ...
