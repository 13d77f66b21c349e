"""`--to` by Hive and Trino: what `-o` brings, in files that pyarrow reads, or nothing at all."""

from __future__ import annotations

import io
import json
import math
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from fault_rig import ROOT
from pyarrow import parquet
from write_rig import WriteRig, engine, on, write_rig  # noqa: F401 -- fixtures

from emr_nb.cluster import attach
from emr_nb.engines.rewritten import TargetStatement
from emr_nb.errors import PathExistsError, StatementError
from emr_nb.journal import Journal
from emr_nb.model import CancelOutcome, SessionOptions
from emr_nb.notebook.writing import Destination
from emr_nb.results.plan import plan_transfer

HIVE_VALUES = (
    *("true", "cast(-128 as tinyint)", "cast(32767 as smallint)", "cast('1.1' as float)"),
    *("cast('9223372036854775807' as bigint)", "cast('NaN' as double)", "array(1, null)"),
    *("cast('-0.10' as decimal(5,2))", "cast('ab ' as varchar(5))", "unhex('00ff10')"),
    "cast('12345678901234567890.123456789012345678' as decimal(38,18))",
    *("'é\\n\"😀'", "date '0001-01-01'", "map('k', 1.5)"),
    "named_struct('x', 1, 'y', array(date '2020-02-29'))",
)
CHILD = Path(__file__).with_name("write_child.py")
ROWS = {
    "hive": "select n as id, "
    + ", ".join(f"if(n = 1, {sql}, null) as c{at}" for at, sql in enumerate(HIVE_VALUES))
    + ", 7 from (select explode(array(1, 2)) as n) q",
    "trino": """
        select 1 as id, true as b, tinyint '-128' as t, smallint '32767' as s,
          9223372036854775807 as l, real '1.1' as f, nan() as d,
          cast(decimal '-0.10' as decimal(5, 2)) as small,
          decimal '12345678901234567890.123456789012345678' as big, U&'\\00e9"\\+01f600' as text,
          cast('ab ' as varchar(5)) as v, X'00ff10' as bin, date '0001-01-01' as day,
          array[1, null] as a, map(array['k'], array[1.5]) as m,
          cast(row(1, array[date '2020-02-29']) as row(x integer, y array(date))) as st, 7
        union all
        select 2, null, null, null, null, null, null, null, null, null, null, null, null, null,
          null, null, null""",
}
# what goes through the notebook, and the word that says why
OTHERS = {
    "hive": {
        "timestamp": "timestamp '1500-01-01 00:00:00.123456'",
        "char": "cast('a' as char(3))",
        "interval_day_time": "interval '1' day",
    },
    "trino": {
        "timestamp": "timestamp '1500-01-01 00:00:00.123456'",
        "char": "cast('a' as char(3))",
        "time": "time '10:00:00.123456'",
        "timestamp with time zone": "timestamp '2020-01-01 00:00:00.123 Europe/Paris'",
        "uuid": "uuid '12151fd2-7586-11e9-8f9e-2a86e4085a59'",
    },
}
SLOW = {
    "hive": "select count(*) as n from (select explode(split(space(3000), ' ')) x) a "
    "cross join (select explode(split(space(3000), ' ')) y) b",
    "trino": "select count(*) as n from tpch.sf10.lineitem a join tpch.sf10.orders b "
    "on a.orderkey = b.orderkey",
}
FAILS = {
    "hive": "select case when assert_true(id < 2) is null then id end as x "
    "from (select explode(array(1, 2)) as id) q",
    "trino": "select 1 / (x - 2) as y, x from (values 1, 2) as t(x)",
}


def comparable(table: pa.Table) -> list[Any]:
    found = [[_value(v) for v in row.values()] for row in table.to_pylist()]
    return sorted(found, key=lambda row: row[0])


def _value(value: Any) -> Any:
    if isinstance(value, float):
        return "NaN" if math.isnan(value) else value
    if isinstance(value, dict):
        return [_value(part) for part in value.values()]
    return [_value(part) for part in value] if isinstance(value, (list, tuple)) else value


def left(rig: WriteRig, place: str) -> list[str]:
    """What lies beside a target and is not it, as soon as nothing more is removed."""
    for _ in range(40):
        names = [n for n in rig.names(place.rpartition("/")[0]) if n != "out"]
        if not names:
            break
        time.sleep(0.25)
    return names


@pytest.mark.parametrize("store", ["hdfs", pytest.param("s3", marks=pytest.mark.full)])
def test_the_engine_writes_what_o_brings(
    write_rig: WriteRig,  # noqa: F811
    engine: str,  # noqa: F811
    on: Any,  # noqa: F811
    store: str,
) -> None:
    place = write_rig.place(store)
    statement = write_rig.submit(on, ROWS[engine], place)
    assert isinstance(statement, TargetStatement)
    assert statement.result() is None
    wanted, found = write_rig.table(on, ROWS[engine]), write_rig.read(place)
    assert found.schema.names == wanted.schema.names
    assert [field.type.id for field in found.schema] == [field.type.id for field in wanted.schema]
    assert comparable(found) == comparable(wanted)
    assert left(write_rig, place) == []
    row = write_rig.cluster.journal.find(statement.reference.tag)
    assert row is not None
    assert (row.state, row.spool) == ("done", "")
    assert row.text == ROWS[engine]


def test_what_is_there_stays_until_the_new_is_whole(
    write_rig: WriteRig,  # noqa: F811
    engine: str,  # noqa: F811
    on: Any,  # noqa: F811
) -> None:
    place = write_rig.place("hdfs")
    write_rig.run(on, "select 1 as a", place)
    with pytest.raises(PathExistsError):
        write_rig.run(on, "select 2 as a", place)
    with pytest.raises(StatementError) as error:
        write_rig.run(on, f"\n\n{FAILS[engine]}", place, overwrite=True)
    assert "CREATE" not in str(error.value)
    assert write_rig.read(place).to_pylist() == [{"a": 1}]
    write_rig.run(on, "select 3 as b from (select 1 as x) t where x > 1", place, overwrite=True)
    empty = write_rig.read(place)
    assert (empty.num_rows, empty.schema.names) == (0, ["b"])
    assert left(write_rig, place) == []


def test_errors_point_at_the_users_own_text(
    write_rig: WriteRig,  # noqa: F811
    on: Any,  # noqa: F811
) -> None:
    place = write_rig.place("hdfs")
    with pytest.raises(StatementError, match="nope") as error:
        write_rig.run(on, "select 1 as a,\n  nope as b", place)
    assert error.value.line == 2
    assert write_rig.names(place.rpartition("/")[0]) == []


def test_what_its_files_would_change_goes_through_the_notebook(
    write_rig: WriteRig,  # noqa: F811
    engine: str,  # noqa: F811
    on: Any,  # noqa: F811
) -> None:
    columns = [f"{sql} as x{at}" for at, sql in enumerate(OTHERS[engine].values())]
    for why, column in zip(OTHERS[engine], columns, strict=True):
        place = write_rig.place("hdfs")
        code = f"select {column}"
        request = write_rig.request(code, place)
        statement = on.submit(request, plan_transfer(request))
        assert why in statement.through_notebook
        result = statement.result()
        assert request.target is not None
        Destination(write_rig.cluster, request.target).write(statement, result)
        statement.release()
        wanted, (name,) = write_rig.table(on, code), write_rig.names(place)
        assert name == "part-00000.parquet"
        data = write_rig.cluster.files.read(f"{place}/{name}")
        assert parquet.read_table(io.BytesIO(data)).to_pylist() == wanted.to_pylist()


@pytest.mark.full
def test_two_columns_of_one_name_are_both_there(
    write_rig: WriteRig,  # noqa: F811
    on: Any,  # noqa: F811
) -> None:
    one, other = "(select 1 as a, 2 as b) t", "(select 1 as a, 3 as c) u"
    for condition in ("t.a = u.a", "t.a > u.a"):
        place = write_rig.place("hdfs")
        code = f"select t.*, u.* from {one} join {other} on {condition}"
        wanted = write_rig.table(on, code)
        request = write_rig.request(code, place)
        statement = on.submit(request, plan_transfer(request))
        result = statement.result()
        if statement.through_notebook:  # Trino; Hive itself calls the second one a_1
            found = result.table
            if statement.kept:
                found = pa.concat_tables(
                    [
                        statement.kept.arrow_schema.empty_table(),
                        *(t for _, t in statement.kept.tables()),
                    ]
                )
            statement.release()
        else:
            found = write_rig.read(place)
        assert found.schema.names == wanted.schema.names
        assert [c.to_pylist() for c in found.columns] == [c.to_pylist() for c in wanted.columns]
        assert left(write_rig, place) == []


@pytest.mark.full
def test_a_cancelled_cell_leaves_nothing(
    write_rig: WriteRig,  # noqa: F811
    engine: str,  # noqa: F811
    on: Any,  # noqa: F811
) -> None:
    place = write_rig.place("hdfs")
    statement = write_rig.submit(on, SLOW[engine], place)
    events = statement.events()
    next(events)
    assert statement.cancel() in (CancelOutcome.STOPPED, CancelOutcome.STILL_RUNNING)
    events.close()
    assert left(write_rig, place) == []
    assert write_rig.names(place) == []


@pytest.mark.full
def test_what_a_dead_kernel_left_goes_with_the_next_session(
    write_rig: WriteRig,  # noqa: F811
    engine: str,  # noqa: F811
    on: Any,  # noqa: F811
    tmp_path: Path,
) -> None:
    place, journal = write_rig.place("hdfs"), tmp_path / "journal.db"
    name = write_rig.cluster.name
    target = "local" if name == "local" else f"local:{name}"
    settings = write_rig.cluster.settings
    given = (target, str(settings.data_home), str(journal), engine, place, SLOW[engine])
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    child = subprocess.run(
        [sys.executable, str(CHILD), *given], capture_output=True, text=True, env=env, check=False
    )
    assert child.returncode == 9, child.stderr
    told = json.loads(child.stdout.splitlines()[-1])
    assert write_rig.names(told["home"])
    assert write_rig.names(place.rpartition("/")[0])
    with attach(target, settings=settings, journal=Journal(journal)) as again:
        again.engine(engine).open(SessionOptions("emr_nb/tests/again"))
        for _ in range(240):
            row = again.journal.find(told["tag"])
            if row is not None and not row.spool and not write_rig.names(told["home"]):
                break
            time.sleep(0.25)
        assert left(write_rig, place) == []
        assert write_rig.names(told["home"]) == []
        assert not [r for r in again.journal.sessions() if r.engine.endswith(" frames")]
    word = "databases" if engine == "hive" else "schemas from hive"
    known = write_rig.table(on, f"show {word}").column(0).to_pylist()
    assert told["schema"].replace("`", "").rpartition(".")[2] not in known
