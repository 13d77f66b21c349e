"""The statement protocol's calls, one method each, in the dialect that the server speaks.

`POST /v1/statement` enters a statement; the server runs it when the reply's `nextUri` is asked
for the first time. That is why a lost reply to the POST never leaves a query behind.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from emr_nb.engines.presto.state import ClientState
from emr_nb.engines.presto.wire import Page, read_page
from emr_nb.errors import AuthenticationError, HttpStatusError, TransportError
from emr_nb.transport.base import Deadline, HttpClient, Retry

TRINO, PRESTO = "X-Trino-", "X-Presto-"
CAPABILITIES = "PATH,PARAMETRIC_DATETIME,SESSION_AUTHORIZATION"
SOURCE = "emr_nb"
_PROBE = "select 1"
_TEXT = {"Content-Type": "text/plain; charset=utf-8"}


@dataclass(frozen=True, slots=True)
class Spoken:
    """What a server was seen to speak: its header prefix, and whether a POST alone runs nothing."""

    prefix: str
    two_steps: bool


class PrestoClient:
    """A coordinator; usable from several threads.

    Raises what HttpClient raises, and ReplyLostError for a reply that is cut short.
    """

    def __init__(self, http: HttpClient, name: str) -> None:
        self.http = http
        self.name = name

    @property
    def where(self) -> str:
        return f"{self.name} at {self.http.endpoint.url}"

    def probe(self, state: ClientState, first: str, deadline: Deadline) -> Spoken:
        """Find out which headers the server takes; it refuses those of the other dialect."""
        refused: AuthenticationError | HttpStatusError | None = None
        for prefix in (first, PRESTO if first == TRINO else TRINO):
            try:
                page, _ = self.post(_PROBE, state, prefix, "", deadline, retry=Retry.READ)
            except HttpStatusError as error:
                if error.status not in (400, 401, 403):
                    raise
                refused = refused or error
                continue
            two_steps = "/queued/" in page.next_uri
            if page.next_uri:
                # PrestoSQL fails on a DELETE of what was not begun, and forgets it by itself
                with suppress(HttpStatusError):
                    self.delete(page.next_uri, state, prefix, deadline)
            return Spoken(prefix, two_steps)
        assert refused is not None
        raise refused

    def post(
        self,
        sql: str,
        state: ClientState,
        prefix: str,
        tag: str,
        deadline: Deadline,
        retry: Retry = Retry.NEVER,
    ) -> tuple[Page, Mapping[str, str]]:
        """Enter a statement; never repeated here unless `retry` says so."""
        reply = self.http.request(
            "POST",
            "/v1/statement",
            content=sql.encode(),
            headers=self._headers(state, prefix, tag) | _TEXT,
            deadline=deadline,
            retry=retry,
        )
        return read_page(reply.content, self.where), reply.headers

    def get(
        self, uri: str, state: ClientState, prefix: str, deadline: Deadline
    ) -> tuple[Page, Mapping[str, str]]:
        """Ask for the next page; the same one comes again if its reply was lost."""
        reply = self.http.request(
            "GET",
            self._path(uri),
            headers=state.who(prefix),
            deadline=deadline,
            retry=Retry.NEVER,
        )
        return read_page(reply.content, self.where), reply.headers

    def touch(self, uri: str, state: ClientState, prefix: str, deadline: Deadline) -> None:
        """Tell the server that the query is wanted, without taking its next page."""
        self.http.request("HEAD", self._path(uri), headers=state.who(prefix), deadline=deadline)

    def delete(self, uri: str, state: ClientState, prefix: str, deadline: Deadline) -> None:
        """Ask for the query's end; quiet where there is none any more."""
        try:
            self.http.request(
                "DELETE",
                self._path(uri),
                headers=state.who(prefix),
                deadline=deadline,
                retry=Retry.READ,  # asking twice does no harm
            )
        except HttpStatusError as error:
            if error.status not in (404, 410):
                raise

    def query(
        self, query: str, state: ClientState, prefix: str, deadline: Deadline
    ) -> Mapping[str, Any] | None:
        """Return what the server tells of a query; None where it knows it no more."""
        try:
            reply = self.http.request(
                "GET",
                f"/v1/query/{query}",
                headers=state.who(prefix),
                deadline=deadline,
            )
        except HttpStatusError as error:
            if error.status in (404, 410):
                return None
            raise
        found = reply.json()
        return found if isinstance(found, Mapping) else None

    def find(
        self, tag: str, state: ClientState, prefix: str, deadline: Deadline
    ) -> Mapping[str, Any] | None:
        """Return the query whose tags have this one, as the list of queries tells it."""
        reply = self.http.request("GET", "/v1/query", headers=state.who(prefix), deadline=deadline)
        for query in reply.json():
            session = query.get("session") or {}
            if tag in str(session.get("source")) or tag in (session.get("clientTags") or ()):
                return query if isinstance(query, Mapping) else None
        return None

    # -- inside ---------------------------------------------------------------------------

    def _headers(self, state: ClientState, prefix: str, tag: str) -> dict[str, str]:
        named = {
            "Source": f"{SOURCE}/{tag}" if tag else SOURCE,
            "Client-Tags": f"{SOURCE},{tag}" if tag else SOURCE,
            "Client-Capabilities": CAPABILITIES,
        }
        own = {prefix + name: value for name, value in named.items()}
        return {**state.headers(prefix), **own}

    def _path(self, uri: str) -> str:
        """Return a URI's path: the coordinator is reached as we know it, not as it knows itself."""
        parts = urlsplit(uri)
        path = parts.path.removeprefix(self.http.endpoint.path)
        return f"{path}?{parts.query}" if parts.query else path


def ambiguous(error: TransportError) -> bool:
    """Tell whether the server may have acted on a request that failed so."""
    from emr_nb.errors import ConnectFailedError, DeadlineExceededError

    if isinstance(error, ConnectFailedError):
        return False
    if isinstance(error, DeadlineExceededError):
        return error.sent
    return not (isinstance(error, HttpStatusError) and error.status < 500)
