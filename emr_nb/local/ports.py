"""Free ports on the loopback interface, chosen before anything starts."""

from __future__ import annotations

import random
import socket
from collections.abc import Iterable

from emr_nb.errors import LocalClusterError

# Below the range that systems hand out for outgoing connections, so that no connection
# takes a port between its choice and its use; none of EMR's own default ports is in it.
_RANGE = range(21000, 29000)


def choose_ports(uses: Iterable[str], taken: Iterable[int] = ()) -> dict[str, int]:
    """Return a free port for each use, none twice; raises LocalClusterError."""
    chosen: dict[str, int] = {}
    avoid = set(taken)
    for use in uses:
        port = next(
            (p for p in random.sample(_RANGE, len(_RANGE)) if p not in avoid and is_free(p)), None
        )
        if port is None:
            raise LocalClusterError(
                "No free port on 127.0.0.1",
                where=f"{_RANGE.start}–{_RANGE.stop - 1}",
                advice="End programs that listen there and run it again.",
            )
        avoid.add(port)
        chosen[use] = port
    return chosen


def is_free(port: int) -> bool:
    """Whether nothing listens on this port of 127.0.0.1."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
