"""The HTTP client of a route: keep-alive, one deadline per call, typed errors, safe retries.

It stands on httpcore2, the connection layer of httpx2, since targets must leave exactly as
they are spelled (S3 keys and HDFS names with `..`, `//` or `%`), which a URL class that
normalises cannot promise.
"""

from __future__ import annotations

import re
import ssl
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from typing import Any, Self, TypeVar
from urllib.parse import quote, urlencode

import httpcore2

from emr_nb.errors import (
    AuthenticationError,
    ReplyLostError,
    TransportError,
)
from emr_nb.model import Endpoint
from emr_nb.transport import failures, tls
from emr_nb.transport.auth import NoAuth
from emr_nb.transport.backend import Call, CurrentCall, DeadlineBackend, Dial
from emr_nb.transport.base import Auth, Deadline, Headers, Reply, Retry, Tls
from emr_nb.transport.http1 import Wires
from emr_nb.transport.sockets import dial as dial_directly

_MAX_REPLY = 512 * 1024 * 1024  # bytes of a reply that is read whole
_IDLE = 20.0  # seconds; below the 30 s after which Jetty closes an idle connection
T = TypeVar("T")
_UNSPELLABLE = re.compile(r"[^\x21-\x7e]+")


class HttpxClient:
    """An HttpClient over a pool of kept-alive connections to one endpoint.

    `timeout` (seconds) is the default for a whole call, and for each single wait of a
    streamed one. `dial` opens the TCP connection, which is where other routes differ.
    """

    def __init__(
        self,
        endpoint: Endpoint,
        *,
        auth: Auth | None = None,
        tls: Tls | None = None,
        timeout: float = 30.0,
        dial: Dial = dial_directly,
        max_reply: int = _MAX_REPLY,
    ) -> None:
        self.endpoint = endpoint
        self._auth: Auth = auth or NoAuth()
        self._server_name = tls.server_name if tls else None
        self._timeout = timeout
        self._max_reply = max_reply
        self._current = CurrentCall()
        backend = DeadlineBackend(dial, self._current)
        self._pool = Wires(backend, _context(endpoint, tls), _IDLE)

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
        if json is not None:
            import orjson

            content = orjson.dumps(json)
            headers = {"Content-Type": "application/json", **(headers or {})}
        if retry is None:
            retry = Retry.READ if method in ("GET", "HEAD") else Retry.NEVER
        call = Call(deadline or Deadline.after(self._timeout), self._timeout)
        if deadline is not None:  # a caller's deadline may be longer than the default
            call.idle = max(call.idle, deadline.remaining)
        target = self._target(path, params)

        def attempt() -> Reply:
            response = self._send(method, target, content, headers, call)
            with self._read_by(response, call, f"{method} {path}", self._max_reply) as stream:
                body = stream.whole()
            return Reply(response.status, stream.headers, body, self.endpoint.url + path)

        return self._repeated(attempt, call, retry)

    @contextmanager
    def stream(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, str] | None = None,
        content: Iterable[bytes] | bytes | None = None,
        headers: Mapping[str, str] | None = None,
        deadline: Deadline | None = None,
    ) -> Iterator[HttpxStream]:
        call = Call(deadline, self._timeout)
        target = self._target(path, params)

        def attempt() -> HttpxStream:
            response = self._send(method, target, content, headers, call)
            return self._read_by(response, call, f"{method} {path}", None)

        whole = content is None or isinstance(content, bytes)
        with self._repeated(attempt, call, Retry.NEVER, replayable=whole) as stream:
            yield stream

    def close(self) -> None:
        self._pool.close()

    def _repeated(
        self, attempt: Callable[[], T], call: Call, retry: Retry, *, replayable: bool = True
    ) -> T:
        attempts = failures.Attempts(retry)
        refreshed = not replayable
        while True:
            call.sent = False
            try:
                return attempt()
            except AuthenticationError as error:  # refused means: not acted upon
                if refreshed or error.status != 401 or not self._auth.refused():
                    raise
                refreshed = True
            except TransportError as error:
                wait = attempts.wait_after(error)
                left = call.deadline.remaining if call.deadline else self._timeout
                if wait is None or wait >= left:
                    raise
                time.sleep(wait)

    def _send(
        self,
        method: str,
        target: bytes,
        content: Iterable[bytes] | bytes | None,
        headers: Mapping[str, str] | None,
        call: Call,
    ) -> httpcore2.Response:
        request = httpcore2.Request(
            method,
            httpcore2.URL(
                scheme=self.endpoint.scheme,
                host=self.endpoint.host,
                port=self.endpoint.port,
                target=target,
            ),
            headers=self._headers(method, target, content, headers),
            content=content,
            extensions={
                "timeout": {"pool": call.wait},
                **({"sni_hostname": self._server_name} if self._server_name else {}),
            },
        )
        with self._current.entered(call), self._mapped(call, f"{method} {target.decode()}"):
            return self._pool.handle_request(request)

    def _read_by(
        self, response: httpcore2.Response, call: Call, doing: str, cap: int | None
    ) -> HttpxStream:
        """Return the reply's reader; an error status is raised here, its body read up to a cap."""
        got = Headers((k.decode("latin-1"), v.decode("latin-1")) for k, v in response.headers)
        stream = HttpxStream(response, got, call, self._current, self._mapped, doing, cap)
        if response.status < 400:
            return stream
        with stream:
            body = bytearray()
            for chunk in stream.chunks():
                body += chunk
                if len(body) >= failures.BODY_CAP:
                    break
        raise failures.status_error(response.status, got, bytes(body), self.endpoint, doing)

    @contextmanager
    def _mapped(self, call: Call, doing: str) -> Iterator[None]:
        try:
            yield
        except failures.MAPPED as error:
            raise failures.transport_error(error, call, self.endpoint, doing) from error

    def _target(self, path: str, params: Mapping[str, str] | None) -> bytes:
        text = self.endpoint.path + path or "/"
        if params:
            text += ("&" if "?" in text else "?") + urlencode(params, quote_via=quote)
        return _UNSPELLABLE.sub(lambda found: quote(found[0]), text).encode("ascii")

    def _headers(
        self,
        method: str,
        target: bytes,
        content: Iterable[bytes] | bytes | None,
        headers: Mapping[str, str] | None,
    ) -> list[tuple[bytes, bytes]]:
        host = f"[{self.endpoint.host}]" if ":" in self.endpoint.host else self.endpoint.host
        default_port = {"http": 80, "https": 443}.get(self.endpoint.scheme)
        port = "" if self.endpoint.port == default_port else f":{self.endpoint.port}"
        origin = f"{self.endpoint.scheme}://{host}{port}"
        merged: dict[str, str] = {"Host": host + port, "Accept": "*/*", "User-Agent": "emr-nb"}
        merged.update(self._auth.headers(method, origin + target.decode("ascii")))
        merged.update(headers or {})
        named = {name.lower() for name in merged}
        if isinstance(content, bytes):
            merged["Content-Length"] = str(len(content))
        elif content is not None and "content-length" not in named:
            merged["Transfer-Encoding"] = "chunked"
        elif content is None and method in ("POST", "PUT", "PATCH"):
            merged["Content-Length"] = "0"
        return [(k.encode("latin-1"), v.encode("latin-1")) for k, v in merged.items()]


class HttpxStream:
    """A reply whose body is read piece by piece; its connection is dropped if left half read."""

    def __init__(
        self,
        response: httpcore2.Response,
        headers: Headers,
        call: Call,
        current: CurrentCall,
        mapped: Callable[[Call, str], AbstractContextManager[None]],
        doing: str,
        cap: int | None,
    ) -> None:
        self.status: int = response.status
        self.headers: Mapping[str, str] = headers
        self._response = response
        self._call = call
        self._current = current
        self._mapped = mapped
        self._doing = doing
        self._cap = cap

    def chunks(self) -> Iterator[bytes]:
        """Yield the body as it comes; a broken or late one raises, never ends early."""
        pieces = self._response.iter_stream()
        total = 0
        while True:
            with self._current.entered(self._call), self._mapped(self._call, self._doing):
                piece = next(pieces, None)
            if piece is None:
                return
            total += len(piece)
            self._bound(total)
            yield piece

    def whole(self) -> bytes:
        """Return all of the body; raises as `chunks` does."""
        pieces: list[bytes] = []
        total = 0
        with self._current.entered(self._call), self._mapped(self._call, self._doing):
            for piece in self._response.iter_stream():
                total += len(piece)
                self._bound(total)
                pieces.append(piece)
        return b"".join(pieces)

    def _bound(self, total: int) -> None:
        if self._cap is not None and total > self._cap:
            raise ReplyLostError(
                f"The reply to {self._doing} is larger than {self._cap:,} bytes",
                advice="Ask for less, or for pieces.",
            )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self._response.close()


def _context(endpoint: Endpoint, wanted: Tls | None) -> ssl.SSLContext | None:
    return tls.context(wanted) if endpoint.scheme == "https" else None
