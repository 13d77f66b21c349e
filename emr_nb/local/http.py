"""Small HTTP calls to daemons on the loopback interface, never by way of a proxy."""

from __future__ import annotations

import json
import socket
import urllib.request
from collections.abc import Mapping
from typing import Any


def call(
    method: str,
    url: str,
    *,
    body: bytes | None = None,
    headers: Mapping[str, str] | None = None,
    seconds: float = 5.0,
) -> Any:
    """Send one request and decode its JSON reply; raises OSError (HTTPError included)."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    request = urllib.request.Request(url, body, dict(headers or {}), method=method)
    with opener.open(request, timeout=seconds) as reply:
        answer = reply.read()
    return json.loads(answer) if answer else None


def answers(url: str, *, seconds: float = 2.0) -> Any:
    """Return the decoded reply of a GET, or None when there is none yet."""
    try:
        return call("GET", url, seconds=seconds)
    except (OSError, ValueError):
        return None


def listens(port: int) -> bool:
    """Whether a server takes connections at this port of 127.0.0.1."""
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True
