"""The engine contract on Spark by Livy, against the shipped fake server."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from emr_nb.context import ClusterContext
from emr_nb.engines.base import Engine, Session
from emr_nb.engines.livy import LivyEngine
from emr_nb.journal import Journal
from emr_nb.model import Cluster, Service, SessionOptions
from emr_nb.settings import Settings
from emr_nb.testing.engines import Cells, EngineContract
from emr_nb.testing.fake_livy import FakeLivy, Script, failed, ok
from emr_nb.transport.direct import DirectRoute


def user_code(code: str) -> str:
    """Return what the user wrote in a statement of ours."""
    packed = re.findall(r"\.run\('([A-Za-z0-9+/=]+)'", code)
    return json.loads(base64.b64decode(packed[-1]))["code"] if packed else code


def answer(code: str, kind: str) -> Script:
    name, _, argument = user_code(code).partition(" ")
    match name:
        case "fail":
            return Script(output=failed("ValueError", "as asked"))
        case "sleep":
            return ok(seconds=float(argument))
        case "show":
            return ok(argument + "\n", seconds=0.05)
    return ok()


@pytest.fixture
def livy() -> Iterator[FakeLivy]:
    with FakeLivy(answer) as server:
        yield server


def make_engine(livy: FakeLivy, path: Path) -> LivyEngine:
    return LivyEngine(
        ClusterContext(
            cluster=Cluster("j-FAKE", "fake", "WAITING"),
            services=(Service("livy", (livy.endpoint,)),),
            route=DirectRoute(timeout=5.0),
            access=None,  # type: ignore[arg-type]  # the engine makes no AWS call
            journal=Journal(path),
            settings=Settings(user="ada"),
            user="ada",
        )
    )


class TestLivyEngineOnTheFake(EngineContract):
    cells = Cells(
        language="python",
        shows="show forty-two",
        shown="forty-two",
        fails="fail",
        failure="as asked",
        slow="sleep 30",
        one="show {}",
    )

    @pytest.fixture
    def engine(self, livy: FakeLivy, tmp_path: Path) -> Iterator[Engine]:
        engine = make_engine(livy, tmp_path / "journal.db")
        yield engine
        engine.close()

    @pytest.fixture
    def other_engine(self, livy: FakeLivy, tmp_path: Path) -> Iterator[Engine]:
        engine = make_engine(livy, tmp_path / "journal.db")
        yield engine
        engine.close()

    @pytest.fixture
    def session(self, engine: Engine) -> Session:
        return engine.open(SessionOptions("emr_nb/ada/contract/1", start_timeout=10))
