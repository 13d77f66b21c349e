"""An engine in front of the shipped fake Livy."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from emr_nb.context import ClusterContext
from emr_nb.engines.livy import LivyEngine
from emr_nb.engines.livy.pace import Patience
from emr_nb.engines.livy.session import LivySession
from emr_nb.journal import Journal
from emr_nb.model import Cluster, Endpoint, Request, Service, SessionOptions
from emr_nb.settings import Settings
from emr_nb.testing.fake_livy import FakeLivy
from emr_nb.transport.direct import DirectRoute


def make_context(endpoint: Endpoint, journal: Path) -> ClusterContext:
    return ClusterContext(
        cluster=Cluster("j-FAKE", "fake", "WAITING"),
        services=(Service("livy", (endpoint,)),),
        route=DirectRoute(timeout=5.0),
        access=None,  # type: ignore[arg-type]  # the engine makes no AWS call
        journal=Journal(journal),
        settings=Settings(user="ada", request_timeout=2.0),
        user="ada",
    )


@pytest.fixture
def livy() -> Iterator[FakeLivy]:
    with FakeLivy() as server:
        yield server


@pytest.fixture
def context(livy: FakeLivy, tmp_path: Path) -> Iterator[ClusterContext]:
    made = make_context(livy.endpoint, tmp_path / "journal.db")
    yield made
    made.route.close()
    made.journal.close()


@pytest.fixture
def engine(context: ClusterContext) -> Iterator[LivyEngine]:
    made = LivyEngine(context)
    yield made
    made.close()


@pytest.fixture
def patience() -> Patience:
    return Patience()


@pytest.fixture
def session(engine: LivyEngine, patience: Patience) -> LivySession:
    made = engine.open(SessionOptions("emr_nb/ada/nb/1", start_timeout=10))
    made.be_patient(patience)
    return made


@pytest.fixture
def request_of() -> Callable[..., Request]:
    def make(code: str = "1+1", language: str = "python", **more: object) -> Request:
        return Request(code, language, uuid.uuid4().hex, **more)  # type: ignore[arg-type]

    return make
