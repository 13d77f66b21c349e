"""Completion by what the session told, and SQL's without a wait for what runs."""

from __future__ import annotations

import pytest

from emr_nb.engines.livy.completion import complete_python
from emr_nb.results.frame import SessionFacts
from emr_nb.results.plan import TransferPlan
from emr_nb.testing.fake_livy import ok

TOLD = SessionFacts(
    names={
        "flights": "DataFrame",
        "planes": "DataFrame",
        "F": "module",
        "n": "int",
        "fit": "function",
    },
    app_id="",
    ui_url="",
    columns={"flights": ["carrier", "dep_delay", "dep time", 'a"b'], "planes": ["tail", "year"]},
    members={"DataFrame": ["describe", "select", "groupBy", "dropna"], "int": ["real"]},
    modules={"F": ["col", "collect_list", "sum"]},
)


@pytest.mark.parametrize(
    ("before", "offered"),
    [
        ("fl", ["flights"]),
        ("x = fi", ["fit"]),
        ("flights.dep", ["dep_delay"]),
        ("flights.de", ["dep_delay", "describe"]),
        ("F.col", ["col", "collect_list"]),
        ("n.r", ["real"]),
        ("nobody.x", []),
        ('flights["dep', ["dep_delay", "dep time"]),
        ("flights['car", ["carrier"]),
        ("flights['a", ['a"b']),
        ('flights["a', []),  # it cannot stand in these quotes
        ('flights.select("', ["carrier", "dep_delay", "dep time"]),
        ('flights.select("carrier", "dep_', ["dep_delay"]),
        ('(\n    flights\n    .where("x > 1")\n    .groupBy("carr', ["carrier"]),
        ('flights.select(\n    "carrier",\n    "dep_', ["dep_delay"]),
        ('flights.select(F.sum("dep_', ["dep_delay"]),
        ('F.col("ye', ["year"]),
        ('flights.join(planes, "ta', ["tail"]),
        ('planes.select("ye")\nprint("ye', []),
        ('open("ye', []),
        ("'text'", []),
        ("x.y.z", []),
    ],
)
def test_python(before, offered):
    found = complete_python(TOLD, before + "\nrest(", len(before))
    assert [c.text for c in found] == offered
    assert all(c.end == len(before) for c in found)
    assert all(offered and c.text.startswith(before[c.start : c.end]) for c in found)


def test_sql_asks_nothing_of_a_session_that_runs(livy, engine, session, request_of):
    livy.script = lambda *_: ok(seconds=60)
    running = session.submit(request_of(), TransferPlan(1000))
    fake = livy.sessions[int(session.info.id)]
    while fake.state != "busy":
        pass
    sql = "select * from fl"
    assert engine.complete(sql, len(sql), session, "sql") == []
    assert livy.count("POST", r"/statements$") == 1
    running.cancel()


def test_scala_is_livys_own(livy, engine, session):
    livy.sessions[int(session.info.id)].completions = ["range", "range"]
    (found,) = engine.complete("spark.ra", 8, session, "scala")
    assert (found.text, found.start) == ("range", 6)
