"""emr_nb on a server that is known by its port alone, and clients that fetch and discard."""

from __future__ import annotations

import http.client
import json
import re
import tempfile
import time
import uuid
from pathlib import Path
from typing import Any

from emr_nb.context import ClusterContext
from emr_nb.engines.hive import HiveEngine, service
from emr_nb.engines.hive.client import HiveClient, Reply
from emr_nb.engines.hive.service import Handle, Look
from emr_nb.engines.hive.thrift import Reader, message
from emr_nb.engines.presto import PrestoEngine
from emr_nb.engines.presto.client import CAPABILITIES
from emr_nb.journal import Journal
from emr_nb.model import Cluster, Endpoint, Request, Service, SessionOptions
from emr_nb.results.budget import byte_budget
from emr_nb.results.plan import plan_transfer
from emr_nb.settings import Settings
from emr_nb.transport.base import Deadline
from emr_nb.transport.direct import DirectRoute

USER = "ada"
_ROWS = 10_000
_STARTED, _COMPLETED = 7, 8  # fields of TGetOperationStatusResp, in ms


class ToldClient(HiveClient):
    """A client that keeps the seconds between an operation's own start and its completion."""

    own = 0.0

    def call(self, name: str, *arguments: Any, **more: Any) -> Reply:
        reply = super().call(name, *arguments, **more)
        if name == "GetOperationStatus" and reply.body.get(_COMPLETED):
            self.own = (reply.body[_COMPLETED] - reply.body[_STARTED]) / 1000
        return reply


def context_of(name: str, port: int) -> ClusterContext:
    scheme = "thrift" if name == "hive" else "http"
    properties = {"mapreduce.framework.name": "local"} if name == "hive" else {}
    endpoint = Endpoint(name, "127.0.0.1", port, scheme)
    return ClusterContext(
        cluster=Cluster("bench", "bench", "WAITING", provider="bench"),
        services=(Service(name, (endpoint,), properties=properties),),
        route=DirectRoute(timeout=60),
        access=None,  # type: ignore[arg-type]  # no AWS call is made
        journal=Journal(Path(tempfile.mkdtemp(prefix="emr-nb-bench-")) / "journal.db"),
        settings=Settings(user=USER, request_timeout=60),
        user=USER,
    )


def engine_of(name: str, port: int) -> Any:
    context = context_of(name, port)
    if name != "hive":
        return PrestoEngine(context, name)
    engine = HiveEngine(context)
    told = context.service("hive"), engine.client.login, engine.client.timeout
    engine.client = ToldClient(context.route, *told)
    return engine


class Ours:
    """A session of an engine, whose results come as `%%hive -o` and `%%trino -o` bring them."""

    def __init__(self, name: str, port: int, **conf: Any) -> None:
        self.port = port
        self.engine = engine_of(name, port)
        options = SessionOptions(f"emr_nb/bench/{uuid.uuid4().hex[:8]}", conf=conf)
        self.session = self.engine.open(options)

    def statement(self, sql: str) -> Any:
        request = Request(sql, "sql", uuid.uuid4().hex, output="df", rows=-1)
        return self.session.submit(request, plan_transfer(request, budget=byte_budget()))

    def result(self, sql: str) -> Any:
        return self.statement(sql).result()

    def frame(self, sql: str) -> Any:
        return self.result(sql).to_pandas()

    def cost(self, sql: str) -> tuple[float, float]:
        """Return a query's whole seconds, and those of the engine by its own clock."""
        began = time.perf_counter()
        statement = self.statement(sql)
        statement.result().to_pandas()
        whole = time.perf_counter() - began
        if isinstance(self.engine, HiveEngine):
            assert isinstance(self.engine.client, ToldClient)
            return whole, self.engine.client.own
        from sql_clients import query_seconds

        return whole, query_seconds(self.port, statement.reference.statement_id)


class DiscardHive:
    """The calls of a query and nothing of its replies: the fetch that cannot be undercut."""

    def __init__(self, port: int) -> None:
        self._client = engine_of("hive", port).client
        opened = self._client.call("OpenSession", service.open_session(USER, "none", {}))
        self._session = Handle.read(opened.body[3])

    def frame(self, sql: str) -> int:
        """Return how many bytes came."""
        client, long = self._client, Deadline.after(300)
        fields = service.execute(self._session, sql, {})
        operation = Handle.read(client.call("ExecuteStatement", fields, long).body[2])
        while True:
            told = client.call("GetOperationStatus", service.look(operation, progress=False))
            if Look.read(told.body, told.data).state.ended:
                break
        client.call("GetResultSetMetadata", [operation.operation()])
        total, first = 0, True
        with client.lent() as wire:
            while True:
                wanted = service.fetch(operation, _ROWS, first=first)
                data, _ = wire.exchange(message("FetchResults", 1, wanted), long)
                if len(data) < 2000 and not rows_in(data):
                    break
                total, first = total + len(data), False
        client.call("CloseOperation", [operation.operation()])
        return total


def rows_in(data: bytes) -> int:
    from emr_nb.engines.hive.columns import rows_of

    return rows_of(Reader(data).reply("FetchResults", 1)[3][3][0])


class DiscardPages:
    """Follows a query's pages by one kept connection, and looks at nothing but the next one."""

    _NEXT = re.compile(rb'"nextUri":"http://[^/"]+([^"]+)"')

    def __init__(self, port: int, prefix: str = "X-Trino-") -> None:
        self._headers = {f"{prefix}User": USER, f"{prefix}Client-Capabilities": CAPABILITIES}
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=120)

    def frame(self, sql: str) -> int:
        """Return how many bytes came."""
        page, total = self._ask("POST", "/v1/statement", sql.encode()), 0
        while True:
            total += len(page)
            found = self._NEXT.search(page[:2000]) or self._NEXT.search(page[-2000:])
            if found is None:
                told = json.loads(page)
                assert "error" not in told, told["error"]
                return total
            page = self._ask("GET", found[1].decode())

    def _ask(self, method: str, path: str, body: bytes | None = None) -> bytes:
        self._connection.request(method, path, body, self._headers)
        with self._connection.getresponse() as reply:
            assert reply.status == 200, reply.status
            return reply.read()


DISCARDING: dict[str, Any] = {
    "discard hive": DiscardHive,
    "discard trino": DiscardPages,
    "discard presto": lambda port: DiscardPages(port, "X-Presto-"),
}
