"""Records what the real servers answer to the query of the replay, reply by reply."""

from __future__ import annotations

import re
import urllib.request
from pathlib import Path
from typing import Any

from emr_nb.engines.hive import service
from emr_nb.engines.hive.columns import rows_of
from emr_nb.engines.hive.service import Handle, Look
from emr_nb.engines.hive.thrift import I32, MAP, STRING, message
from emr_nb.transport.base import Deadline
from tests.bench.sql_ours import USER, engine_of

FETCH_ROWS = 10_000  # what the server gives at most at a time
_NEXT = re.compile(rb'"nextUri":"([^"]+)"')
# of the protocol's clients; without them timestamps come as an old Presto's clients know them
CAPABLE = {"Client-Capabilities": "PATH,PARAMETRIC_DATETIME"}


def record_hive(port: int, sql: str, folder: Path) -> dict[str, int]:
    """Keep each call's reply in a file of its own; returns how many rows and bytes there were."""
    engine = engine_of("hive", port)

    def call(name: str, fields: Any, kept: str = "") -> Any:
        reply = engine.client.call(name, fields, Deadline.after(300))
        assert not reply.status.failed, reply.status.message
        (folder / f"{kept or name}.bin").write_bytes(reply.data)
        return reply

    older = [(1, I32, 5), (2, STRING, USER), (3, STRING, "none"), (4, MAP, {})]
    handle = Handle.read(call("OpenSession", older, "OpenSession-5").body[3])
    call("CloseSession", [handle.session()])
    handle = Handle.read(call("OpenSession", service.open_session(USER, "none", {})).body[3])
    types = Handle.read(call("GetTableTypes", service.table_types(handle)).body[2])
    call("CloseOperation", [types.operation()])
    made = call("ExecuteStatement", service.execute(handle, sql, {}))
    operation = Handle.read(made.body[2])
    while True:
        told = call("GetOperationStatus", service.look(operation, progress=True))
        if Look.read(told.body, told.data).state.ended:
            break
    call("FetchResults", service.fetch(operation, 1000, first=True, kind=service.LOG), "log")
    call("FetchResults", service.fetch(operation, 1000, kind=service.LOG), "log-end")
    for name in ("GetLog", "CloseImpalaOperation"):  # Impala's: impyla asks Hive for them too
        with engine.client.lent() as wire:
            asked = message(name, 1, [operation.operation()])
            (folder / f"{name}.bin").write_bytes(wire.exchange(asked, Deadline.after(60))[0])
    call("GetResultSetMetadata", [operation.operation()])
    rows = size = count = 0
    while True:
        wanted = service.fetch(operation, FETCH_ROWS, first=count == 0)
        reply = call("FetchResults", wanted, f"rows-{count:04}")
        had = rows_of(reply.body[3][3][0])
        rows, size, count = rows + had, size + len(reply.data), count + 1
        if not had:
            break
    call("CloseOperation", [operation.operation()])
    call("CloseSession", [handle.session()])
    engine.close()
    return {"rows": rows, "bytes": size, "replies": count}


def record_pages(port: int, sql: str, prefix: str, folder: Path) -> dict[str, int]:
    """Keep each page of a query in a file; the Presto dialect is asked as its clients ask."""
    headers = {f"{prefix}User": USER}
    if prefix == "X-Trino-":
        headers |= {prefix + name: value for name, value in CAPABLE.items()}
    url, body, size, count = f"http://127.0.0.1:{port}/v1/statement", sql.encode(), 0, 0
    while url:
        asked = urllib.request.Request(url, body or None, headers)
        with urllib.request.urlopen(asked, timeout=120) as reply:
            page = reply.read()
        assert b'"error":{' not in page[-5000:], page[-2000:]
        (folder / f"page-{count:05}.json").write_bytes(page)
        size, count, body = size + len(page), count + 1, b""
        found = _NEXT.search(page[:2000]) or _NEXT.search(page[-2000:])
        url = found[1].decode() if found else ""
    return {"bytes": size, "replies": count}
