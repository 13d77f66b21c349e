"""Engines on a replayed coordinator."""

import sys
import uuid
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))  # replay.py

from presto_replay import Replay, serving

from emr_nb.context import ClusterContext
from emr_nb.engines.presto import PrestoEngine
from emr_nb.journal import Journal
from emr_nb.model import Cluster, Endpoint, Request, Service, SessionOptions
from emr_nb.results.plan import plan_transfer
from emr_nb.settings import Settings
from emr_nb.transport.direct import DirectRoute


@pytest.fixture
def coordinator(tmp_path):
    """Start a replay, and return a session on it."""
    with ExitStack() as stack:

        def make(*pages, name="trino", conf=None, patience=None, **options):
            replay = stack.enter_context(serving(Replay(list(pages), **options)))
            route = DirectRoute(timeout=2.0)
            journal = Journal(tmp_path / "journal.db")
            engine = PrestoEngine(
                ClusterContext(
                    cluster=Cluster("j-1", "c", "WAITING"),
                    services=(Service(name, (Endpoint(name, "127.0.0.1", replay.port),)),),
                    route=route,
                    access=None,
                    journal=journal,
                    settings=Settings(user="ada", request_timeout=2.0),
                    user="ada",
                ),
                name,
            )
            stack.callback(journal.close)
            stack.callback(route.close)
            engine.patience = replace(engine.patience, **(patience or {}))
            session = engine.open(SessionOptions("s", conf=conf or {}))
            replay.posted.clear()
            replay.seen.clear()
            return replay, session

        yield make


@pytest.fixture
def submit():
    def submit(session, sql="select 1", **more):
        request = Request(sql, "sql", uuid.uuid4().hex, **{"rows": -1, **more})
        return session.submit(request, plan_transfer(request))

    return submit
