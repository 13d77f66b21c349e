"""A catalog of 10,000 tables: how long until the first are shown, and a Tab from what is kept.

The servers are small ones on this machine that answer at once in the shape of the real ones'
answers, so what is measured is all but their own time. `measure()` is all of it.
"""

from __future__ import annotations

import socket
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from types import SimpleNamespace
from typing import Any

ROOT = Path(__file__).parents[2]
for _place in ("engines_presto", "engines_hive"):
    sys.path.insert(0, str(ROOT / "tests" / "unit" / _place))

from hive_replay import Replay as HiveReplay  # noqa: E402
from hive_replay import recorded  # noqa: E402
from presto_replay import Replay as PrestoReplay  # noqa: E402
from presto_replay import serving  # noqa: E402

from emr_nb.context import ClusterContext  # noqa: E402
from emr_nb.engines.hive import HiveEngine  # noqa: E402
from emr_nb.engines.presto import PrestoEngine  # noqa: E402
from emr_nb.journal import Journal  # noqa: E402
from emr_nb.model import Cluster, Endpoint, Service  # noqa: E402
from emr_nb.notebook.answers import bundle  # noqa: E402
from emr_nb.notebook.commands.catalog import table_records  # noqa: E402
from emr_nb.settings import Settings  # noqa: E402
from emr_nb.transport.direct import DirectRoute  # noqa: E402
from tests.bench.catalog_answers import hive_answers, name_of, presto_pages  # noqa: E402

TABLES = 10_000
PATTERN = ["hive", "big", "*"]
CODE = {"hive": "select * from big.", "trino": "select * from hive.big."}
NAMES_SENT = 4  # fetches: the schemas, their end, then two with names
BEGUN = "t_0"  # matches a thousand and more


def measure(tables: int = TABLES, times: int = 5) -> dict[str, Any]:
    """Return, by engine, `first_shown_ms` and `complete_ms` (medians, with all their values).

    `first_shown_ms` is from when the names have been sent to the page with the first 200 of
    them, `complete_ms` a completion that 1,000 names and more fit, from what is kept; `listed`
    and `completed` count.
    """
    return {
        name: _measured(name, maker, tables, times)
        for name, maker in (("hive", _hive), ("trino", _trino))
    }


def _measured(name: str, maker: Callable[[int], Any], tables: int, times: int) -> dict[str, Any]:
    shown, completed, listed, offered = [], [], 0, 0
    for _ in range(times + 1):  # the first is discarded
        with maker(tables) as (engine, server):
            records = table_records(*_attached(engine), PATTERN)
            page = bundle(records)
            shown.append((time.perf_counter() - server.sent) * 1000)
            assert name_of(199) in page["text/html"]
            assert name_of(200) not in page["text/html"]
            code = CODE[name] + BEGUN
            engine.complete(code, len(code))
            began = time.perf_counter()
            found = engine.complete(code, len(code))
            completed.append((time.perf_counter() - began) * 1000)
            listed, offered = len(records), len(found)
    return {
        "first_shown_ms": round(statistics.median(shown[1:]), 1),
        "complete_ms": round(statistics.median(completed[1:]), 1),
        "listed": listed,
        "completed": offered,
        "all_shown_ms": [round(ms, 1) for ms in shown[1:]],
        "all_complete_ms": [round(ms, 1) for ms in completed[1:]],
    }


def _attached(engine: Any) -> tuple[Any, Any]:
    """Return as much of an attachment as a listing asks of it."""
    made = SimpleNamespace(cluster=SimpleNamespace(engine=lambda _: engine), catalogs={})
    return made, SimpleNamespace(name=engine.name, title=engine.name, sessions=None)


class _HiveReplay(HiveReplay):
    """Knows when it has sent the last names."""

    sent = 0.0

    def _answer(self, sock: socket.socket) -> bool:
        goes_on = super()._answer(sock)
        if self.calls["FetchResults"] == NAMES_SENT and not self.sent:
            self.sent = time.perf_counter()
        return goes_on


@contextmanager
def _hive(tables: int) -> Iterator[tuple[HiveEngine, _HiveReplay]]:
    answers = hive_answers(tables, recorded("open_session"), recorded("close"))
    with _HiveReplay(**answers) as server, _context("hive", server.port, "thrift") as context:
        engine = HiveEngine(context)
        yield engine, server
        engine.close()


@dataclass
class _TrinoReplay(PrestoReplay):
    """Answers each question of a catalog with its own pages."""

    tables: int = TABLES
    sent: float = 0.0  # when it had made the page with the names

    def answer(self, method: str, path: str, body: bytes, headers: dict[str, str]) -> Any:
        if method == "POST":
            self.pages = presto_pages(body.decode(), self.tables)
        answer = super().answer(method, path, body, headers)
        if answer is not None and name_of(0).encode() in answer[1][:1000]:
            self.sent = time.perf_counter()
        return answer


@contextmanager
def _trino(tables: int) -> Iterator[tuple[PrestoEngine, _TrinoReplay]]:
    replay = _TrinoReplay(tables=tables)
    with serving(replay), _context("trino", replay.port, "http") as context:
        engine = PrestoEngine(context, "trino")
        yield engine, replay
        engine.close()


@contextmanager
def _context(name: str, port: int, scheme: str) -> Iterator[ClusterContext]:
    with TemporaryDirectory() as folder:
        context = ClusterContext(
            cluster=Cluster("j-1", "bench", "WAITING"),
            services=(Service(name, (Endpoint(name, "127.0.0.1", port, scheme),)),),
            route=DirectRoute(timeout=30),
            access=None,  # type: ignore[arg-type]  # no AWS call is made
            journal=Journal(Path(folder) / "journal.db"),
            settings=Settings(user="ada", request_timeout=30),
            user="ada",
        )
        yield context
        context.route.close()
        context.journal.close()


if __name__ == "__main__":
    import json

    print(json.dumps(measure(), indent=2))
