"""Clients of Hive, Trino and Presto, each spelled as its own documentation does it.

Ours runs in our Python, the rivals in theirs: a client is imported when it is made. `frame`
runs a query and returns its whole result as a pandas DataFrame.
"""

from __future__ import annotations

import tempfile
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

USER = "ada"


class Client(Protocol):
    """A connection to one server; `seconds` are of the last query, by the server's own clock."""

    def frame(self, sql: str) -> Any: ...


class Impyla:
    """impyla, by its `as_pandas`."""

    def __init__(self, port: int, **_: Any) -> None:
        from impala import dbapi, util

        self._as_pandas = util.as_pandas
        self._connection = dbapi.connect("127.0.0.1", port, auth_mechanism="PLAIN", user=USER)

    def frame(self, sql: str) -> Any:
        cursor = self._connection.cursor()
        cursor.execute(sql)
        found = self._as_pandas(cursor)
        cursor.close()
        return found


class Dbapi:
    """A client that gives rows: `fetchall` and a DataFrame of them."""

    def __init__(self, connection: Any) -> None:
        import pandas as pd

        self._pd = pd
        self._connection = connection

    def frame(self, sql: str) -> Any:
        cursor = self._connection.cursor()
        cursor.execute(sql)
        rows = cursor.fetchall()
        names = [column[0] for column in cursor.description]
        cursor.close()
        return self._pd.DataFrame.from_records(rows, columns=names)


def pyhive(port: int, **_: Any) -> Dbapi:
    from pyhive import hive

    return Dbapi(hive.connect("127.0.0.1", port, username=USER, auth="NONE"))


def trino(port: int, **more: Any) -> Dbapi:
    """The `trino` client; `encoding` None is the direct protocol."""
    from trino import dbapi

    return Dbapi(dbapi.connect(host="127.0.0.1", port=port, user=USER, **more))


def prestodb(port: int, **_: Any) -> Dbapi:
    from prestodb import dbapi

    return Dbapi(dbapi.connect(host="127.0.0.1", port=port, user=USER))


class Ours:
    """emr_nb: a session of an engine, as `%%hive -o` and `%%trino -o` have it."""

    def __init__(self, engine: str, port: int, **conf: Any) -> None:
        from emr_nb.model import SessionOptions

        self.engine = our_engine(engine, port)
        name = f"emr_nb/bench/{uuid.uuid4().hex[:8]}"
        self.session = self.engine.open(SessionOptions(name, conf=conf))

    def statement(self, sql: str) -> Any:
        from emr_nb.model import Request
        from emr_nb.results.budget import byte_budget
        from emr_nb.results.plan import plan_transfer

        request = Request(sql, "sql", uuid.uuid4().hex, output="df", rows=-1)
        return self.session.submit(request, plan_transfer(request, budget=byte_budget()))

    def frame(self, sql: str) -> Any:
        return self.statement(sql).result().to_pandas()


def our_engine(name: str, port: int) -> Any:
    """Return an engine of ours on a server that is known by its port alone."""
    from emr_nb.context import ClusterContext
    from emr_nb.engines.hive import HiveEngine
    from emr_nb.engines.presto import PrestoEngine
    from emr_nb.journal import Journal
    from emr_nb.model import Cluster, Endpoint, Service
    from emr_nb.settings import Settings
    from emr_nb.transport.direct import DirectRoute

    scheme = "thrift" if name == "hive" else "http"
    properties = {"mapreduce.framework.name": "local"} if name == "hive" else {}
    endpoint = Endpoint(name, "127.0.0.1", port, scheme)
    context = ClusterContext(
        cluster=Cluster("bench", "bench", "WAITING", provider="bench"),
        services=(Service(name, (endpoint,), properties=properties),),
        route=DirectRoute(timeout=60),
        access=None,  # type: ignore[arg-type]  # no AWS call is made
        journal=Journal(Path(tempfile.mkdtemp(prefix="emr-nb-bench-")) / "journal.db"),
        settings=Settings(user=USER, request_timeout=60),
        user=USER,
    )
    return HiveEngine(context) if name == "hive" else PrestoEngine(context, name)


CLIENTS: dict[str, Callable[..., Client]] = {
    "hive": lambda port, **more: Ours("hive", port, **more),
    "trino": lambda port, **more: Ours("trino", port, **more),
    "presto": lambda port, **more: Ours("presto", port, **more),
    "impyla": Impyla,
    "PyHive": pyhive,
    "trino client": trino,
    "presto-python-client": prestodb,
}
