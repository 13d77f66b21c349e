"""Clients of Hive, Trino and Presto, each spelled as its own documentation does it.

Ours runs in our Python, the rivals in theirs: a client is imported when it is made. `frame`
runs a query and returns its whole result as a pandas DataFrame.
"""

from __future__ import annotations

import json
import re
import time
import urllib.request
from collections.abc import Callable
from typing import Any, Protocol

USER = "ada"


class Client(Protocol):
    """A connection to one server."""

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

    def rows(self, sql: str) -> Any:
        return rows_of(self._connection, sql)


class Dbapi:
    """A client that gives rows: `fetchall` and a DataFrame of them."""

    def __init__(self, connection: Any, port: int) -> None:
        import pandas as pd

        self._pd, self._port = pd, port
        self._connection = connection

    def frame(self, sql: str) -> Any:
        cursor = self._connection.cursor()
        found = self._fetched(cursor, sql)
        cursor.close()
        return found

    def rows(self, sql: str) -> Any:
        return rows_of(self._connection, sql)

    def cost(self, sql: str) -> tuple[float, float]:
        """Return a query's whole seconds, and those of the engine by its own clock."""
        began = time.perf_counter()
        cursor = self._connection.cursor()
        self._fetched(cursor, sql)
        whole = time.perf_counter() - began
        own = self._own(cursor)
        cursor.close()
        return whole, own

    def _fetched(self, cursor: Any, sql: str) -> Any:
        cursor.execute(sql)
        rows = cursor.fetchall()
        names = [column[0] for column in cursor.description]
        return self._pd.DataFrame.from_records(rows, columns=names)

    def _own(self, cursor: Any) -> float:
        query = getattr(cursor, "query_id", None) or cursor.stats["queryId"]
        return query_seconds(self._port, query)


class PyHive(Dbapi):
    """PyHive, with pandas over its rows."""

    def __init__(self, port: int, **_: Any) -> None:
        from pyhive import hive

        super().__init__(hive.connect("127.0.0.1", port, username=USER, auth="NONE"), port)

    def _own(self, cursor: Any) -> float:
        told = cursor.poll()
        return float(told.operationCompleted - told.operationStarted) / 1000


def trino(port: int, **more: Any) -> Dbapi:
    """The `trino` client; `encoding` None is the direct protocol."""
    from trino import dbapi

    return Dbapi(dbapi.connect(host="127.0.0.1", port=port, user=USER, **more), port)


def prestodb(port: int, **more: Any) -> Dbapi:
    from prestodb import dbapi

    return Dbapi(dbapi.connect(host="127.0.0.1", port=port, user=USER, **more), port)


def rows_of(connection: Any, sql: str) -> Any:
    """Return a statement's rows as the client gives them; None where it has none."""
    cursor = connection.cursor()
    cursor.execute(sql)
    found = cursor.fetchall() if cursor.description else None
    cursor.close()
    return found


def ours(engine: str) -> Callable[..., Client]:
    def make(port: int, **conf: Any) -> Client:
        from sql_ours import Ours

        return Ours(engine, port, **conf)

    return make


def query_seconds(port: int, query: str) -> float:
    """Return how long a query of Trino took, as the server itself tells it."""
    url = f"http://127.0.0.1:{port}/v1/query/{query}"
    asked = urllib.request.Request(url, headers={"X-Trino-User": USER})
    with urllib.request.urlopen(asked, timeout=60) as reply:
        told = json.load(reply)["queryStats"]["elapsedTime"]
    found = re.fullmatch(r"([\d.]+)(ns|us|ms|s|m)", told)
    assert found is not None, told
    return float(found[1]) * {"ns": 1e-9, "us": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0}[found[2]]


CLIENTS: dict[str, Callable[..., Client]] = {
    "hive": ours("hive"),
    "trino": ours("trino"),
    "presto": ours("presto"),
    "impyla": Impyla,
    "PyHive": PyHive,
    "trino client": trino,
    "presto-python-client": prestodb,
}
