"""Free ports on the loopback interface, chosen before anything starts.

A cluster's data may name a port: Hive's tables are at `hdfs://localhost:PORT/…`. Such a port
is written beside the data and taken again by whoever starts on it.
"""

from __future__ import annotations

import random
import socket
from collections.abc import Iterable, Mapping
from pathlib import Path

from emr_nb.errors import LocalClusterError
from emr_nb.local.state import read_json, write_json

# Below the range that systems hand out for outgoing connections, so that no connection
# takes a port between its choice and its use; none of EMR's own default ports is in it.
_RANGE = range(21000, 29000)
_KEPT = ("namenode-rpc",)
_FILE = "ports.json"


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


def keep_ports(data: Path, ports: Mapping[str, int]) -> None:
    """Write the ports that the data of a cluster may name beside it."""
    found = {use: ports[use] for use in _KEPT if use in ports}
    if found and read_json(data / _FILE) != found:
        data.mkdir(parents=True, exist_ok=True)
        write_json(data / _FILE, found)


def kept_ports(data: Path, uses: Iterable[str]) -> dict[str, int]:
    """Return the ports of these uses that the data there names; raises LocalClusterError."""
    kept = read_json(data / _FILE) or {}
    found = {use: int(kept[use]) for use in uses if use in kept}
    for use, port in found.items():
        if not is_free(port):
            raise LocalClusterError(
                f"Port {port} is taken, and the tables in the kept data lie at "
                f"hdfs://localhost:{port}",
                where=str(data),
                advice=f"End the program that listens there ({use} needs it), or begin without "
                "the data: emr-nb local stop removes it.",
            )
    return found
