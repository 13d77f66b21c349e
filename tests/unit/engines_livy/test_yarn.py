"""What YARN tells of sessions: what they wait for, where they are, and why they ended."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from emr_nb.engines.livy import LivyEngine
from emr_nb.engines.livy.pace import Patience
from emr_nb.engines.yarn import Yarn, YarnApp, YarnWait, cause_of, diagnostics_of, waiting_words
from emr_nb.errors import ReplyLostError, SessionLostError, SessionStartError, TransportError
from emr_nb.model import Endpoint, Progress, Service, SessionOptions
from emr_nb.testing.fake_livy import Script
from emr_nb.testing.fake_yarn import FakeYarn, application
from emr_nb.transport.direct import DirectRoute

APP = application()["id"]
LIMIT = (
    "[Thu Nov 26 13:44:55 +0000 2026] Application is added to the scheduler and is not yet "
    "activated. Queue's AM resource limit exceeded.  Details : AM Partition = "
    "<DEFAULT_PARTITION>; AM Resource Request = <memory:6784, vCores:1>; "
)
MEMORY = (
    f"Application {APP} failed 1 times (global limit =2; local limit is =1) due to AM Container "
    "for appattempt_1700000000000_0001_000001 exited with  exitCode: -104\n"
    "Failing this attempt.Diagnostics: [2026-11-26 14:20:00.001]Container [pid=9,containerID=c_1] "
    "is running 1011875840B beyond the 'PHYSICAL' memory limit. Current usage: 1.9 GB of 1 GB "
    "physical memory used; 6.2 GB of 2.1 GB virtual memory used. Killing container.\n"
    "Dump of the process-tree for c_1 :\n"
    + "".join(f"\t|- {number} 1 9 9 (java)\n" for number in range(20))
    + "\nFor more detailed output, check the application tracking page: http://rm Then click on "
    "links to logs of each attempt.\n. Failing the application."
)


@pytest.fixture
def rm() -> Iterator[FakeYarn]:
    with FakeYarn(application()) as server:
        yield server


@pytest.fixture
def route() -> Iterator[DirectRoute]:
    made = DirectRoute(timeout=5.0)
    yield made
    made.close()


@pytest.fixture
def yarn(rm: FakeYarn, route: DirectRoute) -> Yarn:
    return of(route, rm.endpoint)


def of(route: DirectRoute, *endpoints: Endpoint, master: str = "yarn") -> Any:
    livy = Service("livy", properties={"spark.master": master})
    return Yarn.of(route, (livy, Service("yarn", endpoints)))


def test_an_application_and_what_is_free(rm: FakeYarn, yarn: Yarn) -> None:
    rm.apps[APP] = application(state="ACCEPTED", needs=(1408, 1))
    app = yarn.app(APP)
    assert (app.state, app.queue, app.user) == ("ACCEPTED", "default", "livy")
    assert app.waiting
    assert (app.needs.memory, app.needs.cores) == (1408, 1)  # once, not per place
    assert yarn.app("application_1_0001") is None
    assert yarn.free().memory == 4096


def test_one_without_an_open_request_waits_for_nothing(rm: FakeYarn, yarn: Yarn) -> None:
    rm.apps[APP] = application(state="ACCEPTED")
    assert not yarn.app(APP).waiting


@pytest.mark.parametrize(
    ("needs", "free", "diagnostics", "said"),
    [
        ((1024, 1), (205, 4), "", "waiting in YARN queue default: needs 1 GB, 0.2 GB free"),
        (
            (1024, 4),
            (2048, 0),
            "",
            "waiting in YARN queue default: needs 1 GB and 4 vcores, 2 GB and 0 vcores free",
        ),
        (
            (1024, 1),
            (2048, 2),
            LIMIT,
            (
                "waiting in YARN queue default: needs 1 GB, 2 GB free "
                "(Queue's AM resource limit exceeded)"
            ),
        ),
    ],
)
def test_what_it_waits_for(
    rm: FakeYarn, yarn: Yarn, needs: Any, free: Any, diagnostics: str, said: str
) -> None:
    rm.apps[APP] = application(state="ACCEPTED", needs=needs, diagnostics=diagnostics)
    rm.free = free
    assert waiting_words(yarn.app(APP), yarn.free()) == said


def test_the_active_one_of_several_managers_answers(rm: FakeYarn, route: DirectRoute) -> None:
    with FakeYarn() as other:
        other.standby = True
        assert of(route, other.endpoint, rm.endpoint).app(APP).state == "RUNNING"
        with pytest.raises(ReplyLostError, match="standby"):
            of(route, other.endpoint).app(APP)


@pytest.mark.parametrize("body", [b"<html>login</html>", b"{}", b'{"app": null}', b"[]"])
def test_another_answer_is_an_error_of_ours(rm: FakeYarn, yarn: Yarn, body: bytes) -> None:
    rm.broken = body
    with pytest.raises(TransportError):
        yarn.app(APP)


def test_it_is_not_asked_where_spark_does_not_use_it(rm: FakeYarn, route: DirectRoute) -> None:
    assert of(route, rm.endpoint, master="local[2]") is None
    assert of(route) is None


def test_one_that_does_not_answer_has_rest(route: DirectRoute) -> None:
    yarn = of(route, Endpoint("yarn", "127.0.0.1", 9))
    assert yarn.rested
    with pytest.raises(TransportError):
        yarn.free()
    assert not yarn.rested
    assert yarn.settled(APP) is None


def test_a_wait_is_asked_about_beside(rm: FakeYarn, yarn: Yarn) -> None:
    rm.apps[APP] = application(state="ACCEPTED", needs=(1024, 1))
    wait = YarnWait(yarn)
    assert wait.words("") == ""
    assert rm.requests == []
    end = time.monotonic() + 10
    while not wait.words(APP):
        assert time.monotonic() < end
        time.sleep(0.02)
    assert wait.words(APP).startswith("waiting in YARN queue default")
    assert YarnWait(None).words(APP) == ""


@pytest.mark.parametrize(
    ("more", "cause"),
    [
        (
            {"state": "KILLED", "diagnostics": f"Application {APP} was killed by user yarn"},
            "its YARN application was killed by user yarn",
        ),
        (
            {"state": "KILLED", "diagnostics": "… was killed by user hadoop at 10.0.0.7."},
            "its YARN application was killed by user hadoop",
        ),
        (
            {"state": "FAILED", "diagnostics": MEMORY},
            (
                "YARN killed its driver's container for using too much memory (1.9 GB of 1 GB "
                "physical memory used; raise driverMemory or spark.driver.memoryOverhead)"
            ),
        ),
        (
            {"state": "FAILED", "diagnostics": "AM Container exited with  exitCode: 13"},
            "its driver's YARN container ended with exit code 13",
        ),
        ({"state": "FAILED"}, "its YARN application failed"),
        ({"state": "FINISHED", "finalStatus": "FAILED"}, "its YARN application ended as FAILED"),
        ({"state": "RUNNING"}, ""),
    ],
)
def test_why_it_ended(more: dict[str, Any], cause: str) -> None:
    assert cause_of(YarnApp.parse(application(**more))) == cause


def test_the_diagnostics_say_what_they_leave_out() -> None:
    text = diagnostics_of(YarnApp.parse(application(state="FAILED", diagnostics=MEMORY)))
    assert text.startswith(f"YARN's diagnostics of {APP} (FAILED, queue default, user livy):\n  A")
    assert text.endswith("  … 11 more lines on the application's page in YARN")
    assert "tracking page" not in text


# -- in the engine ------------------------------------------------------------------------


@pytest.fixture
def engine(context: Any, rm: FakeYarn) -> Iterator[LivyEngine]:
    services = (*context.services, Service("yarn", (rm.endpoint,)))
    made = LivyEngine(replace(context, services=services))
    yield made
    made.close()


def options(**more: Any) -> SessionOptions:
    return SessionOptions(**{"name": "emr_nb/ada/nb/1", "start_timeout": 5.0, **more})


def in_yarn(livy: Any) -> None:
    """Give the next sessions an application."""
    create = livy._create

    def made(body: Any) -> Any:
        status, _ = create(body)
        session = next(reversed(livy.sessions.values()))
        session.app_id = APP
        return status, session.view()

    livy._create = made


def test_livy_is_told_to_let_a_driver_wait_in_its_queue(livy: Any, engine: LivyEngine) -> None:
    engine.open(options())
    key = "livy.rsc.server.connect.timeout"
    assert livy.sessions[0].body["conf"] == {key: "24h"}
    engine.open(options(name="emr_nb/ada/nb/2", conf={key: "5m"}))
    assert livy.sessions[1].body["conf"] == {key: "5m"}


def test_a_starting_session_tells_what_it_waits_for(
    livy: Any, engine: LivyEngine, rm: FakeYarn
) -> None:
    in_yarn(livy)
    rm.apps[APP] = application(state="ACCEPTED", needs=(1024, 1), queue="adhoc")
    rm.free = (205, 4)
    livy.start_seconds = 30
    told: list[Any] = []
    with pytest.raises(SessionStartError) as caught:
        engine.open(options(start_timeout=2.0), told.append)
    words = "waiting in YARN queue adhoc: needs 1 GB, 0.2 GB free"
    said = [event.detail for event in told if isinstance(event, Progress)]
    assert f"{words} (session 0, {APP})" in said
    assert f"was still starting after 2 s and is left so: {words}" in caught.value.what
    assert livy.count("DELETE", "") == 0


def test_a_manager_that_does_not_answer_holds_no_session(
    livy: Any, engine: LivyEngine, rm: FakeYarn
) -> None:
    in_yarn(livy)
    rm.broken = b"nothing of ours"
    livy.start_seconds = 0.6
    session = engine.open(options())
    assert session.info.state == "idle"
    assert [i.queue for i in engine.placed(engine.sessions())] == [""]


def test_queues_of_many_sessions_are_one_request(
    livy: Any, engine: LivyEngine, rm: FakeYarn
) -> None:
    assert engine.placed(engine.sessions()) == []
    in_yarn(livy)
    for number in range(30):
        livy.act("POST", "/sessions", {}, {"name": f"emr_nb/{number}", "kind": "pyspark"})
    rm.requests.clear()
    assert {i.queue for i in engine.placed(engine.sessions())} == {"default"}
    assert len(rm.requests) == 1


@pytest.mark.parametrize("ended", ["at once", "soon"])
def test_a_killed_session_says_by_whom(
    livy: Any, engine: LivyEngine, rm: FakeYarn, request_of: Any, ended: str
) -> None:
    """Also where Livy notices the dead driver before the manager has counted it as ended."""
    from emr_nb.results.plan import TransferPlan

    in_yarn(livy)
    livy.script = lambda *_: Script(kills="error", seconds=0.1)
    session = engine.open(options())
    session.be_patient(Patience(session_every=0.1))
    words = f"Application {APP} was killed by user yarn"
    killed = application(state="KILLED", diagnostics=words)
    if ended == "at once":
        rm.apps[APP] = killed
    else:
        answer, asked = rm.answer, []

        def late(path: str, query: Any) -> Any:
            asked.append(path)
            if len(asked) > 1:
                rm.apps[APP] = killed
            return answer(path, query)

        rm.answer = late  # type: ignore[method-assign]
    with pytest.raises(SessionLostError) as caught:
        session.submit(request_of(), TransferPlan(1000)).result()
    assert "its YARN application was killed by user yarn; its variables are gone" in str(
        caught.value
    )
    assert f"(KILLED, queue default, user livy):\n  {words}" in str(caught.value)
