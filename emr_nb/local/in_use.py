"""Whether somebody works on a local cluster: what its servers say of sessions and queries."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

from emr_nb.local.http import call
from emr_nb.local.state import State

_QUERIES = {"trino": "X-Trino-User", "prestosql": "X-Presto-User"}  # and who asks, a header
_ENDED = frozenset({"FINISHED", "FAILED"})
_ESTABLISHED = "01"
_TABLES = ("tcp", "tcp6")
_SECONDS = 2.0
_QUERY_SECONDS = 5.0  # who does not answer is taken for idle, and may be started again


def in_use(state: State) -> bool:
    """Whether a Livy session, a query of Trino or Presto, or a client of HiveServer2 is there.

    A server that does not answer has none.
    """
    ports = state.ports
    return (
        ("livy" in ports and _has_sessions(ports["livy"]))
        or any(name in ports and has_queries(name, ports[name]) for name in _QUERIES)
        or ("hive" in ports and is_connected(ports["hive"]))
    )


def _has_sessions(port: int) -> bool:
    with suppress(OSError, ValueError, AttributeError):
        found = call("GET", f"http://127.0.0.1:{port}/sessions", seconds=_SECONDS)
        return bool(found.get("total"))
    return False


def has_queries(app: str, port: int) -> bool:
    """Whether a query of Trino or PrestoSQL has not ended; a server that does not answer has none.

    Whoever asks is told only of what he may see.
    """
    with suppress(OSError, ValueError, AttributeError, TypeError):
        url = f"http://127.0.0.1:{port}/v1/query"
        found = call("GET", url, headers={_QUERIES[app]: "emr_nb"}, seconds=_QUERY_SECONDS)
        return any(query.get("state") not in _ENDED for query in found)
    return False


def is_connected(port: int, tables: Path = Path("/proc/net")) -> bool:
    """Whether a connection to this port is open; HiveServer2 lists its sessions to nobody.

    Its clients keep theirs open as long as they live. False where the system has no /proc.
    """
    wanted = f":{port:04X}"
    for name in _TABLES:
        with suppress(OSError):
            for line in (tables / name).read_text().splitlines()[1:]:
                _, local, _, state, *_ = line.split()
                if local.endswith(wanted) and state == _ESTABLISHED:
                    return True
    return False
