"""The one place where HTTP's failures become ours, and the rules on what may be repeated."""

from __future__ import annotations

import email.utils
import ssl
import time
from dataclasses import dataclass

import httpcore2

from emr_nb.errors import (
    AuthenticationError,
    ConnectFailedError,
    DeadlineExceededError,
    HttpStatusError,
    ReplyLostError,
    TransportError,
)
from emr_nb.model import Endpoint
from emr_nb.transport.backend import Call
from emr_nb.transport.base import Headers, Retry

BODY_CAP = 64 * 1024  # bytes of an error's body that are kept
_AGAIN = frozenset({429, 502, 503, 504})
_CONNECT_WAITS = (0.1, 0.4)  # seconds before the second and third connect
_READ_WAITS = (0.1, 0.3, 0.8, 2.0, 4.0)

MAPPED = (
    httpcore2.NetworkError,
    httpcore2.TimeoutException,
    httpcore2.ProtocolError,
    httpcore2.UnsupportedProtocol,
)


def transport_error(error: Exception, call: Call, endpoint: Endpoint, doing: str) -> TransportError:
    """Map one of httpcore2's exceptions; what counts is whether any byte had gone out."""
    where = f"{endpoint.service} at {endpoint.url}"
    if call.expired or (call.sent and isinstance(error, httpcore2.TimeoutException)):
        return DeadlineExceededError(
            f"No answer in time to {doing}" + ("" if call.sent else " (nothing was sent)"),
            sent=call.sent,
            where=where,
            advice="The service is busy or stuck; `%emr doctor` looks at it from here.",
        )
    if isinstance(error, httpcore2.LocalProtocolError):
        return TransportError(f"This request cannot be spelled in HTTP: {error}", where=where)
    if not call.sent:
        return ConnectFailedError(
            f"No connection: {_reason(error)}", where=where, advice=_connect_advice(error, endpoint)
        )
    return ReplyLostError(
        f"The connection broke before the whole reply to {doing} had come: {_reason(error)}",
        where=where,
        advice="Whether the service acted on it is not known.",
    )


def status_error(
    status: int, headers: Headers, body: bytes, endpoint: Endpoint, doing: str
) -> HttpStatusError:
    """Make the error of a status ≥ 400; the body is kept up to 64 KiB."""
    where = f"{endpoint.service} at {endpoint.url}"
    text = body[:BODY_CAP].decode("utf-8", "replace")
    if status in (401, 403):
        return AuthenticationError(
            f"{endpoint.service} refused us (HTTP {status}) on {doing}",
            status=status,
            body=text,
            headers=headers,
            where=where,
            advice="Check the user and credentials of this attach (`%emr status`).",
        )
    said = f": {text[:300]}" if text.strip() else ""
    return HttpStatusError(
        f"HTTP {status} on {doing}{said}", status=status, body=text, headers=headers, where=where
    )


@dataclass(slots=True)
class Attempts:
    """Counts the failures of one call and says how long to wait before the next try."""

    retry: Retry
    connects: int = 0
    reads: int = 0

    def wait_after(self, error: TransportError) -> float | None:
        """Return seconds to wait, or None when this must not or need not be repeated."""
        if isinstance(error, ConnectFailedError):
            if _has_ssl_cause(error) or self.connects >= len(_CONNECT_WAITS):
                return None
            self.connects += 1
            return _CONNECT_WAITS[self.connects - 1]
        again = isinstance(error, ReplyLostError) or (
            isinstance(error, HttpStatusError) and error.status in _AGAIN
        )
        if self.retry is not Retry.READ or not again or self.reads >= len(_READ_WAITS):
            return None
        self.reads += 1
        asked = retry_after(error.headers) if isinstance(error, HttpStatusError) else None
        return _READ_WAITS[self.reads - 1] if asked is None else asked


def retry_after(headers: Headers | object) -> float | None:
    """Return the seconds that Retry-After asks for, as a number or an HTTP date; else None."""
    text = headers.get("retry-after") if isinstance(headers, Headers) else None
    if not text:
        return None
    try:
        return max(0.0, float(text))
    except ValueError:
        pass
    try:
        return max(0.0, email.utils.parsedate_to_datetime(text).timestamp() - time.time())
    except ValueError:
        return None


def _root(error: BaseException) -> BaseException:
    """Return the operating system's error behind one of httpcore2's, which may hide its cause."""
    at: BaseException | None = error
    while at is not None and not isinstance(at, OSError):
        at = at.__cause__ or at.__context__
    return at or error


def _has_ssl_cause(error: TransportError) -> bool:
    return error.__cause__ is not None and isinstance(_root(error.__cause__), ssl.SSLError)


def _reason(error: Exception) -> str:
    root = _root(error)
    return str(root) or type(root).__name__


def _connect_advice(error: Exception, endpoint: Endpoint) -> str:
    root = _root(error)
    if isinstance(root, ssl.SSLCertVerificationError):
        return "Give the CA that signed it, and the name on the certificate where it differs."
    if isinstance(root, ssl.SSLError):
        return f"Does port {endpoint.port} speak TLS?"
    if isinstance(root, ConnectionRefusedError):
        return "Nothing listens there: is the service running, and is this its port?"
    return "Check the name, the security group and the route; `%emr doctor` names the step."
