"""The catalog and completion on a real Trino."""

from __future__ import annotations

import time
import uuid

import pytest
from trino_rig import TrinoRig, run

from emr_nb.errors import StatementError

pytestmark = pytest.mark.cluster


def texts(engine, session, code: str) -> list[str]:
    """Return the completions at the `|`."""
    cursor = code.index("|")
    found = engine.complete(code.replace("|", ""), cursor, session)
    assert all(c.end == cursor for c in found)
    return [c.text for c in found]


def found(engine, name: str, *below: str):
    """Return a node by its path from the root."""
    node = next(n for n in engine.catalog() if n.name == name)
    for name in below:
        node = next(n for n in engine.catalog(node) if n.name == name)
    return node


@pytest.mark.parametrize("name", ["trino", "presto"])
def test_the_tree_is_listed_level_by_level(trino: TrinoRig, name: str) -> None:
    engine = trino.engine(name)
    catalogs = {n.name: n for n in engine.catalog()}
    assert {"tpch", "memory", "system"} <= set(catalogs)
    schemas = {n.name: n for n in engine.catalog(catalogs["tpch"])}
    assert "tiny" in schemas
    tables = {n.name: n for n in engine.catalog(schemas["tiny"])}
    assert tables["nation"].kind == "table"
    assert tables["nation"].qualified == "tpch.tiny.nation"
    columns = [(n.name, n.type, n.kind) for n in engine.catalog(tables["nation"])]
    assert columns[:2] == [("nationkey", "bigint", "column"), ("name", "varchar(25)", "column")]
    assert engine.catalog(engine.catalog(tables["nation"])[0]) == []


def test_what_was_listed_is_kept_and_forgotten_when_something_changes(trino: TrinoRig) -> None:
    engine = trino.engine()
    session = trino.session(engine)
    schema = found(engine, "memory", "default")
    engine.catalog(schema)
    assert engine.catalogs().age(schema) is not None
    time.sleep(0.3)
    engine.catalog(schema)
    assert engine.catalogs().age(schema) >= 0.3  # of the first look: nobody asked again
    name = f'Odd "{uuid.uuid4().hex[:6]}" b\'le'
    quoted = '"' + name.replace('"', '""') + '"'
    run(session, f'create view {quoted} as select 1 a, 2 "b c"')
    assert engine.catalogs().age(schema) is None
    try:
        made = next(n for n in engine.catalog(schema) if n.name == name.lower())
        assert made.kind == "view"
        assert [n.name for n in engine.catalog(made)] == ["a", "b c"]
    finally:
        run(session, f"drop view {quoted}")


def test_completion_knows_names_columns_and_aliases(trino: TrinoRig) -> None:
    engine = trino.engine()
    session = trino.session(engine, catalog="tpch", schema="tiny")
    tiny = found(engine, "tpch", "tiny")
    for table in (found(engine, "tpch", "tiny", "nation"), found(engine, "tpch", "sf1", "region")):
        engine.catalog(table)  # a completion waits less for what is not known
    assert texts(engine, session, "select * from nat|") == ["nation", "natural"]
    assert "sf1" in texts(engine, session, "select * from tpch.s|")
    assert texts(engine, session, "select * from tpch.tiny.part|") == ["part", "partsupp"]
    assert texts(engine, session, "select n.n| from nation n") == ["nationkey", "name"]
    assert texts(engine, session, "select regionk| from tpch.sf1.region")[0] == "regionkey"
    assert "customer" in texts(engine, session, "select * from tiny.cu|")
    assert texts(engine, session, "select 'nat|") == []
    assert texts(engine, session, "select 1 -- nat|") == []
    assert "select" in texts(engine, session, "sel|")
    before = engine.catalogs().age(tiny)
    time.sleep(0.3)
    texts(engine, session, "select * from nat|")
    assert engine.catalogs().age(tiny) >= before + 0.3  # nobody asked again


@pytest.mark.parametrize(
    ("sql", "near"),
    [
        ("select * from tpch.tiny.natoin", "nation"),
        ("select * from tpch.tinny.nation", "tiny"),
        ("select * from tcph.tiny.nation", "tpch"),
    ],
)
def test_a_missing_name_is_told_with_the_nearest(trino: TrinoRig, sql: str, near: str) -> None:
    with pytest.raises(StatementError) as raised:
        run(trino.session(), sql)
    assert f"Is it {near}" in raised.value.advice
