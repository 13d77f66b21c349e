"""Clusters: one poller within its budget, ages told, and local clusters by jobs."""

from __future__ import annotations

import itertools
import threading
import time
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from emr_nb.aws.budget import CallBudget
from emr_nb.errors import AwsCredentialsError, AwsThrottledError, DaemonDiedError
from emr_nb.journal import SessionRow
from emr_nb.model import NodeGroup, SessionInfo
from emr_nb.server.board import Board
from emr_nb.testing.fake_server import FakeProvider, summary


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def provider():
    return FakeProvider(listed=[summary(f"j-{n}", f"c{n}", age=n) for n in range(1, 4)])


@pytest.fixture
def board(provider, clock):
    made = Board(lambda: [provider], clock=clock)
    yield made
    made.close()


# -- the poller -----------------------------------------------------------------------------


def test_a_round_lists_and_describes(board, provider):
    board.look()
    assert provider.calls == ["list", "describe j-1", "describe j-2", "describe j-3"]
    assert [k.facts.release for k in board.known()] == ["emr-7.9.0"] * 3


def test_nothing_is_asked_again_before_its_time(board, provider, clock):
    board.look()
    provider.calls.clear()
    clock.now += 29
    assert not board.look()
    clock.now += 2
    board.look()
    assert provider.calls == ["list"]
    clock.now += 300
    board.look()
    assert provider.calls[1:] == ["list", "describe j-1", "describe j-2", "describe j-3"]


def test_what_a_page_looks_at_is_described_first(board, provider):
    provider.free = 4  # one list, one description, one call to spare
    board._wanted["j-3"] = board.clock()
    board.look()
    assert provider.calls == ["list", "describe j-3"]


def test_a_minute_of_looks_stays_within_emr_s_budget(provider, clock):
    """Twenty clusters, asked for every second for five minutes: never seven calls in a minute."""
    provider.listed = [summary(f"j-{n}", f"c{n}") for n in range(20)]
    sent: list[float] = []
    budget = CallBudget(clock=clock, sleep=lambda _: None)

    class Budgeted(FakeProvider):
        def room(self) -> int:
            return budget.room()

        def _take(self, call: str, calls: int = 1) -> None:
            for _ in range(calls):
                budget.take(call, wait=0)  # raises where it would have to wait
                sent.append(clock.now)

    board = Board(lambda: [Budgeted(listed=provider.listed)], clock=clock)
    for _ in range(300):
        board.look()
        clock.now += 1
    assert all(sum(at <= t < at + 60 for t in sent) <= 6 for at in sent)
    assert board.sources()[0].error is None
    assert sum(k.facts is not None for k in board.known()) >= 5


def test_a_throttled_provider_is_left_alone_longer_each_time(board, provider, clock):
    provider.error = AwsThrottledError("ListClusters: rate exceeded", where="AWS")
    asked = []
    for _ in range(1000):
        if board.look():
            asked.append(clock.now)
        clock.now += 1
    gaps = [round(b - a) for a, b in itertools.pairwise(asked)]
    assert gaps == [60, 120, 240] + [480] * (len(gaps) - 3)
    board.refresh()
    assert not board.look()  # nor does a click make it ask
    provider.error = None
    clock.now += 480
    board.look()
    assert board.sources()[0].pause == 0
    assert len(board.known()) == 3


def test_one_provider_that_fails_hides_no_other(provider, clock):
    broken = FakeProvider(
        "other", error=AwsCredentialsError("No credentials", advice="aws sso login")
    )
    board = Board(lambda: [broken, provider], clock=clock)
    board.look()
    assert len(board.known()) == 3
    assert [s.error is None for s in board.sources()] == [False, True]


def test_clusters_that_end_are_forgotten(board, provider, clock):
    board.look()
    gone = provider.listed.pop()
    provider.listed[0] = replace(provider.listed[0], state="TERMINATED")
    clock.now += 31
    board.look()
    assert [k.summary.id for k in board.known()] == ["j-2"]
    assert gone.id not in board.sources()[0].facts


# -- the routes -----------------------------------------------------------------------------


def described(rig, cluster="j-1"):
    """Return a cluster's view once it was described."""
    until = time.monotonic() + 30
    while time.monotonic() < until:
        found = rig.get(f"/clusters/{cluster}").json
        if found["facts"]:
            return found
        time.sleep(0.01)
    raise AssertionError("never described")


def test_the_list_has_what_a_row_shows(rig):
    rig.state.journal.remember_session(
        SessionRow("j-1", "spark", "emr_nb/ada/flights/1", "7", notebook="/home/ada/flights.ipynb")
    )
    found = described(rig)
    assert (found["name"], found["state"], found["live"], found["ready"]) == (
        *("etl", "WAITING"), True, True,
    )  # fmt: skip
    assert found["uptime"] >= 60
    assert found["notebooks"] == ["/home/ada/flights.ipynb"]
    facts = found["facts"]
    assert facts["release"] == "emr-7.9.0"
    assert facts["applications"] == ["Spark 3.5.5", "Hive 3.1.3"]
    assert [(n["role"], n["running"], n["requested"]) for n in facts["nodes"]] == [
        ("MASTER", 1, 1), ("CORE", 3, 4),
    ]  # fmt: skip
    assert 0 <= facts["age"] < 60
    listed = rig.get("/clusters").json
    assert [c["id"] for c in listed["clusters"]] == ["j-1", "j-2"]
    (source,) = listed["providers"]
    assert (source["name"], source["backing_off"], source["failure"]) == ("aws", False, None)
    assert 0 <= source["age"] <= 30


def test_many_pages_cost_one_list(rig):
    threads = [threading.Thread(target=rig.get, args=("/clusters",)) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    described(rig, "j-2")
    assert rig.backend.provider.calls.count("list") == 1


def test_missing_credentials_are_told_beside_an_empty_list(rig):
    rig.backend.provider.error = AwsCredentialsError(
        "No AWS credentials were found", where="AWS", advice="aws sso login"
    )
    found = rig.get("/clusters").json
    assert found["clusters"] == []
    failure = found["providers"][0]["failure"]
    assert (failure["kind"], failure["advice"]) == ("AwsCredentialsError", "aws sso login")
    rig.backend.provider.error = None
    rig.post("/clusters/refresh")
    assert described(rig)["id"] == "j-1"


def test_ended_clusters_come_on_demand_and_for_a_week(rig):
    now = time.time()
    rig.backend.provider.ended = [
        replace(summary("j-8", "old", "TERMINATED"), ended=datetime.fromtimestamp(now - 9e5, UTC)),
        replace(summary("j-9", "new", "TERMINATED"), ended=datetime.fromtimestamp(now - 60, UTC),
                state_reason="password=hunter2 <img src=x>"),
    ]  # fmt: skip
    assert "j-9" not in [c["id"] for c in rig.get("/clusters").json["clusters"]]
    for _ in range(3):
        found = rig.get("/clusters", ended="true").json["clusters"]
    assert [c["id"] for c in found] == ["j-1", "j-2", "j-9"]
    assert found[-1]["state_reason"] == "password=[hidden] <img src=x>"
    assert rig.backend.provider.calls.count("list all") == 1


@pytest.mark.parametrize(
    "cluster",
    ["http:%2F%2F169.254.169.254:8998", "169.254.169.254", "j-9", "local:x", "tag:a=b",
     "file:%2F%2F%2Fetc", "localhost", "..%2F.."],
)  # fmt: skip
def test_only_listed_clusters_are_reached(rig, cluster):
    for path in ("", "/files?path=/", "/sessions", "/files/content?path=/a"):
        reply = rig.ask("GET", f"/emr-nb/clusters/{cluster}{path}")
        assert (reply.status, reply.kind) == (404, "ClusterNotFoundError"), (path, reply.content)
    assert rig.backend.connects == []


def test_a_starting_cluster_is_not_attached(rig):
    rig.backend.provider.listed.append(summary("j-3", "new", "STARTING"))
    reply = rig.get("/clusters/j-3/files", path="/")
    assert (reply.status, reply.kind) == (409, "ClusterStartingError")
    assert rig.backend.connects == []


def test_a_cluster_is_attached_once_for_all(rig):
    rig.backend.cluster("j-1").stores["hdfs"].files["hdfs:///d/a"] = b"x"
    threads = [
        threading.Thread(target=rig.get, args=("/clusters/j-1/files",), kwargs={"path": "/d"})
        for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert rig.backend.connects == ["j-1"]


# -- local clusters ---------------------------------------------------------------------------


def test_the_default_local_cluster_can_always_be_started(rig):
    found = rig.get("/local").json
    assert [(c["name"], c["phase"]) for c in found["clusters"]] == [("local", "stopped")]
    assert found["apps"] == ["hdfs", "spark", "aws"]


def test_a_start_is_one_job_whoever_asks_and_told_live(rig):
    page = rig.live("jobs", "local")
    page.until("local")
    first = rig.post("/local/local/start", apps=["hdfs"]).json
    assert rig.post("/local/local/start").json["job"] == first["job"]
    assert rig.get("/local").json["clusters"][0]["job"] == first["job"]
    rig.backend.control.gate.set()
    done = page.until("jobs", lambda job: job["state"] == "done")
    assert done["lines"] == [
        "starting the local cluster 'local'",
        "HDFS NameNode ready after 2.5 s",
    ]
    assert rig.backend.control.calls == ["start local hdfs"]
    told = rig.get("/local").json["clusters"][0]
    assert told["daemons"] == [{"name": "namenode", "state": "ready", "ready_after": 2.5}]
    page.close()


def test_a_start_can_be_stopped(rig):
    job = rig.post("/local/local/start").json
    assert job["stoppable"]
    rig.post(f"/jobs/{job['job']}/cancel")
    assert rig.wait(job["job"])["state"] == "cancelled"


def test_a_start_that_fails_says_why(rig):
    rig.backend.control.gate.set()
    rig.backend.control.failure = DaemonDiedError(
        "NameNode died", where="logs", advice="Start it again."
    )
    job = rig.wait(rig.post("/local/local/start").json["job"])
    assert (job["state"], job["failure"]["kind"]) == ("failed", "DaemonDiedError")
    assert job["failure"]["advice"] == "Start it again."


def test_stop_ends_it_and_says_so(rig):
    rig.backend.control.gate.set()
    rig.wait(rig.post("/local/x1/start").json["job"])
    job = rig.wait(rig.post("/local/x1/stop", keep_data=True).json["job"])
    assert job["text"] == "The local cluster 'x1' has ended"
    assert rig.backend.control.calls == ["start x1", "stop x1 keeping data"]
    job = rig.wait(rig.post("/local/x1/stop").json["job"])
    assert job["failure"]["kind"] == "ClusterNotFoundError"


@pytest.mark.parametrize("name", ["..", "a%2Fb", "a b", "x" * 41, "%00"])
def test_a_local_name_is_no_path(rig, name):
    assert rig.ask("POST", f"/emr-nb/local/{name}/start", json={}).status in (400, 404)
    assert rig.backend.control.calls == []


def test_an_unknown_job_is_gone(rig):
    assert (rig.get("/jobs/x").status, rig.get("/jobs/x").kind) == (410, "NotKeptError")


# -- live -------------------------------------------------------------------------------------


def test_a_page_that_watches_hears_of_clusters(rig):
    page = rig.live("clusters")
    page.until("clusters", lambda body: len(body["clusters"]) == 2)
    rig.backend.provider.listed.append(summary("j-3", "third"))
    rig.post("/clusters/refresh")
    page.until("clusters", lambda body: len(body["clusters"]) == 3)
    page.close()


def test_a_page_hears_that_it_is_heard_after_a_silence(rig, monkeypatch):
    monkeypatch.setattr("emr_nb.server.live.BEAT", 0.1)
    page = rig.live("listings")
    page.until("alive")
    page.until("alive")
    page.close()


def test_what_is_not_understood_ends_the_connection(rig):
    page = rig.live()
    page.send("[1]")
    assert page.ended()


def test_a_page_of_another_site_cannot_listen(rig):
    from tornado.httpclient import HTTPClientError

    for headers in ({}, {"Origin": "http://evil.example", "Cookie": "x=y"}):
        with pytest.raises(HTTPClientError, match="403"):
            rig.live(headers={**headers, "X": "1"})


def test_what_is_active_in_an_accounts_words_is_written_out(rig):
    active = "a\u202eb\x1b"
    rig.backend.provider.groups = (NodeGroup("g", "g", active, "group", (active,), 1, 1),)
    rig.backend.provider.listed = [replace(summary("j-1", active), state_reason=active)]
    info = SessionInfo("1", "s", "spark", active, owner=active, app_id=active, queue=active)
    rig.backend.cluster("j-1").spark.alive["s"] = info
    told = rig.get("/clusters/j-1").json
    (session,) = rig.get("/clusters/j-1/sessions").json["sessions"]
    written = "a\\u202eb\\x1b"
    (nodes,) = told["facts"]["nodes"]
    assert [told["name"], told["state_reason"], nodes["role"]] == [written] * 3
    assert nodes["instance_types"] == [written]
    assert [session[key] for key in ("state", "app_id", "queue", "owner")] == [written] * 4
