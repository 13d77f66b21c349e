"""Which services of a cluster answer: one TCP look at each, all at once, within a second."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from emr_nb.model import Endpoint, Service
    from emr_nb.transport.base import Route

WAIT = 1.0


def silent(route: Route | None, services: Iterable[Service], wait: float = WAIT) -> set[str]:
    """Return the names of the services none of whose endpoints takes a TCP connection.

    A service without endpoints (S3) is never silent; without a route nothing is known.
    """
    if route is None:
        return set()
    asked = {s.name: s.endpoints for s in services if s.endpoints}
    answered: set[str] = set()
    threads = [
        threading.Thread(
            target=_look, args=(route, name, at, wait, answered), name="emr_nb-probe", daemon=True
        )
        for name, endpoints in asked.items()
        for at in endpoints
    ]
    until = time.monotonic() + wait
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(max(0.0, until - time.monotonic()))
    return set(asked) - answered


def _look(route: Route, name: str, at: Endpoint, wait: float, answered: set[str]) -> None:
    try:
        with socket.create_connection(route.address(at.host, at.port), wait):
            answered.add(name)
    except OSError:
        return  # refused, filtered, or a name that nobody knows: it does not answer
