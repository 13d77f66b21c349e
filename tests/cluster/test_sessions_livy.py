"""What a Livy server of our own may suffer: idle limits that pass, kill -9, and a long sleep."""

from __future__ import annotations

import signal
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from fault_rig import Child, Rig, context, submit, wait_until
from lasting_rig import OwnLivy, own_livy

from emr_nb.engines.livy import LivyEngine
from emr_nb.engines.livy.pace import Patience
from emr_nb.errors import SessionLostError
from emr_nb.model import SessionOptions
from emr_nb.notebook.keeping import KeepAlive
from emr_nb.testing.engines import text_of

pytestmark = pytest.mark.full
LIMIT = 10  # seconds; Livy looks for idle sessions once a minute
ROUND = 75


@pytest.fixture(scope="module")
def livy(local_cluster: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[OwnLivy]:
    folder = tmp_path_factory.mktemp("livy")
    with own_livy(local_cluster, folder, livy_server_session_timeout=f"{LIMIT}s") as made:
        yield made


@contextmanager
def engine(
    cluster: Any, port: int, journal: Path, limit: str = f"{LIMIT}s"
) -> Iterator[LivyEngine]:
    made = context(cluster, journal, port, 20)
    services = tuple(
        replace(s, properties={"livy.server.session.timeout": limit}) if s.name == "livy" else s
        for s in made.services
    )
    opened = LivyEngine(replace(made, services=services))
    try:
        yield opened
    finally:
        opened.close()
        made.route.close()
        made.journal.close()


def options() -> SessionOptions:
    return SessionOptions(f"emr_nb/ada/lasting/{uuid.uuid4().hex[:8]}", start_timeout=300)


def test_signs_of_life_keep_a_session_and_without_them_it_is_reaped(
    local_cluster: Any, livy: OwnLivy, tmp_path: Path
) -> None:
    with engine(local_cluster, livy.port, tmp_path / "journal.db") as spark:
        kept = spark.open(options())
        keeping = KeepAlive(lambda: 7200.0)
        keeping.used(kept)  # while the other one starts
        left = spark.open(options())
        left.be_patient(Patience(alive_every=3600))
        keeping.close()
        sleep = "import time\nfor _ in range({}): time.sleep(1)\nprint('ended')"
        long = submit(kept, sleep.format(ROUND))
        unheard = submit(left, sleep.format(600))
        assert text_of(list(long.events())).strip() == "ended"  # its kernel told Livy meanwhile
        with pytest.raises(SessionLostError, match="does not know session"):
            list(unheard.events())  # reaped while its cell ran
        row = spark._context.journal.find(unheard.reference.tag)
        assert row is not None
        assert row.state == "lost"
        keeping = KeepAlive(lambda: 7200.0)
        keeping.used(kept)
        time.sleep(ROUND)
        assert kept.refresh().state == "idle"  # idle for seven times its limit
        keeping.close()


def _gone(session: Any) -> bool:
    try:
        session.refresh()
    except SessionLostError as error:
        return error.forgotten  # before that Livy shows it as shutting down for a moment
    time.sleep(1)
    return False


def test_an_idle_session_is_reaped_and_its_limit_told(
    local_cluster: Any, livy: OwnLivy, tmp_path: Path
) -> None:
    with engine(local_cluster, livy.port, tmp_path / "journal.db") as spark:
        session = spark.open(options())
        wait_until(lambda: _gone(session), 3 * ROUND, "it is never reaped")
        with pytest.raises(SessionLostError, match=f"its limit is {LIMIT} s"):
            session.refresh()


def test_a_livy_that_sleeps_and_one_that_is_killed(local_cluster: Any, tmp_path: Path) -> None:
    with (
        own_livy(local_cluster, tmp_path) as livy,
        engine(local_cluster, livy.port, tmp_path / "journal.db", "1h") as spark,
    ):
        session = spark.open(options())
        asleep = submit(session, "import time; time.sleep(3); print('through')")
        livy.signal(signal.SIGSTOP)
        time.sleep(25)  # longer than a look, and than a request
        livy.signal(signal.SIGCONT)
        assert text_of(list(asleep.events())).strip() == "through"

        lost = submit(session, "import time; time.sleep(600)")
        livy.signal(signal.SIGKILL)
        livy.start()
        with pytest.raises(SessionLostError, match="Livy was restarted and forgot it") as caught:
            list(lost.events())
        assert "restart --rerun" in str(caught.value)
        other = spark.open(options())  # somebody else's, under the old number
        assert other.info.id == session.info.id
        time.sleep(6)
        with pytest.raises(SessionLostError, match="belongs to another session now"):
            submit(session, "mine = 'sent to a stranger'")
        said = text_of(list(submit(other, "print('mine' in globals())").events()))
        assert said.strip() == "False"


def test_a_session_ended_behind_our_back_is_told_and_its_cells_run_again(
    local_cluster: Any, tmp_path: Path
) -> None:
    journal = tmp_path / "journal.db"
    with own_livy(local_cluster, tmp_path) as livy:
        rig = Rig(local_cluster, journal, "", None)  # type: ignore[arg-type]  # no session yet
        child = Child.start(rig, "shell", livy.port)
        try:
            started = child.run("%%spark -o df\nseed = 41\ndf = spark.range(3)")
            assert started["error"] == "", started
            assert (
                child.run("%%spark -l sql\ncreate temporary view v as select 1 one")["error"] == ""
            )
            assert child.run("%%spark\nraise ValueError('left out')")["error"] == "StatementError"
            with engine(local_cluster, livy.port, journal, "1h") as spark:
                mine = next(
                    i for i in spark.sessions() if i.name.startswith("emr_nb/ada/faults/child")
                )
                spark.client.delete_session(int(mine.id))
            answer = child.run("%%spark\nprint(seed + spark.table('v').count())")
            assert answer["error"] == "SessionLostError", answer
            assert "It had run 4 cells:" in answer["message"], answer
            assert "seed = 41" in answer["message"]
            assert answer["message"].splitlines()[-1].startswith("→ `%emr restart --rerun`")
            assert child.run("del df")["error"] == ""
            answer = child.run(
                "print(_t := get_ipython().run_line_magic('emr', 'restart --rerun'))"
            )
            assert answer["error"] == "", answer
            assert "42" in answer["out"].split()
            assert "left out" not in answer["out"]
            assert "3" in child.run("print(len(df))")["out"]
        finally:
            child.kill()
