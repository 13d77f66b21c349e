"""Local frames to Hive and Trino and back: every type exact, by the frame's plain name."""

from __future__ import annotations

import datetime as dt
import decimal
import math
from collections.abc import Sequence
from typing import Any

import pandas as pd
import pyarrow as pa
import pytest
from push_cases import CASES, Case, padded
from write_rig import WriteRig, engine, on, write_rig  # noqa: F401 -- fixtures

from emr_nb.engines.base import abilities_of
from emr_nb.engines.inputs import LocalInput, local_input
from emr_nb.errors import StatementError, TableExistsError, UsageError
from emr_nb.results.outgoing_types import UnsendableError

D = decimal.Decimal
# what the engine has no type for, by the local type's text
REFUSED = {
    "hive": ("uint64", *(f"timestamp[{unit}, tz" for unit in ("s", "ms", "us", "ns")), "duration",
             "month_day_nano", "null", "time"),
    "trino": ("uint64", "null"),
}  # fmt: skip


def way(rig: WriteRig, name: str) -> Any:
    return abilities_of(rig.cluster.engine(name)).way


def item(rig: WriteRig, name: str, frame: Any, called: str, **more: Any) -> LocalInput:
    return local_input(called, frame, way=way(rig, name), **more)


def stage(rig: WriteRig, session: Any, name: str, frame: Any, called: str, **more: Any) -> Any:
    return session.stage([item(rig, name, frame, called, **more)], language="sql")


def sendable(rig: WriteRig, name: str) -> list[Case]:
    found = []
    for case in CASES:
        try:
            way(rig, name)(case.sent.type).convert(padded(case.sent))
        except (UnsendableError, pa.ArrowInvalid):  # a type, or values that it does not hold
            continue
        found.append(case)
    return found


def values(array: pa.Array | pa.ChunkedArray) -> list[Any]:
    """Values that compare: moments by their nanoseconds, structs by their fields' places."""
    kind = array.type
    if isinstance(array, pa.ChunkedArray):
        array = pa.concat_arrays(array.chunks) if array.num_chunks else pa.array([], kind)
    if pa.types.is_run_end_encoded(kind):
        array = pa.compute.run_end_decode(array)
    if pa.types.is_dictionary(array.type):
        array = array.cast(array.type.value_type)
    if pa.types.is_timestamp(kind) or pa.types.is_duration(kind) or pa.types.is_time(kind):
        scale = {"s": 10**9, "ms": 10**6, "us": 10**3, "ns": 1}[kind.unit]
        stored = pa.int32() if kind.bit_width == 32 else pa.int64()
        return [v if v is None else v * scale for v in array.view(stored).to_pylist()]
    if pa.types.is_date(kind):
        return array.cast(pa.date32()).view(pa.int32()).to_pylist()
    return [comparable(value) for value in array.to_pylist(maps_as_pydicts=None)]


def comparable(value: Any) -> Any:
    if isinstance(value, float):
        return "NaN" if math.isnan(value) else (value, math.copysign(1, value))
    if isinstance(value, dict):
        return [comparable(part) for part in value.values()]
    if isinstance(value, (list, tuple)):
        return [comparable(part) for part in value]
    return value.normalize() if isinstance(value, D) and not value else value


@pytest.fixture(scope="module")
def there_and_back(write_rig: WriteRig, engine: str, on: Any) -> tuple[list[Case], pa.Table]:  # noqa: F811
    cases = sendable(write_rig, engine)
    arrays = [pa.array(range(len(padded(cases[0].sent)))), *(padded(case.sent) for case in cases)]
    names = ["row_number", *(f"c{at}" for at in range(len(cases)))]
    stage(write_rig, on, engine, pa.table(arrays, names), "all_types")
    found = write_rig.table(on, "select * from all_types order by row_number")
    return cases, found


def test_every_type_comes_back_exact(
    engine: str,  # noqa: F811
    there_and_back: tuple[list[Case], pa.Table],
) -> None:
    cases, found = there_and_back
    assert len(cases) > 35
    wrong = []
    for at, case in enumerate(cases):
        got, wanted = values(found.column(at + 1)), values(padded(case.sent))
        if engine == "hive":  # its protocol has no sign of a zero
            got, wanted = unsigned(got), unsigned(wanted)
        if got != wanted:
            wrong.append((case.name, got, wanted))
    assert not wrong


def unsigned(found: Sequence[Any]) -> list[Any]:
    return [0.0 if isinstance(v, tuple) and v[0] == 0 else v for v in found]


def test_what_it_has_no_type_for_is_refused_by_name(write_rig: WriteRig, engine: str) -> None:  # noqa: F811
    found = {id(case) for case in sendable(write_rig, engine)}
    refused = []
    for case in (case for case in CASES if id(case) not in found):
        try:
            way(write_rig, engine)(case.sent.type)
        except UnsendableError:
            refused.append(case)
    assert refused
    for case in refused:
        frame = pa.table([case.sent], ["Odd one"])
        with pytest.raises(UsageError, match=r"column 'Odd one' .* cannot be sent: ") as error:
            item(write_rig, engine, frame, "df")
        assert "Nothing was sent" in str(error.value)
    plain = [str(case.sent.type) for case in refused if not pa.types.is_nested(case.sent.type)]
    assert all(kind.startswith(REFUSED[engine]) for kind in plain), plain


def test_a_frame_is_read_by_its_plain_name(write_rig: WriteRig, engine: str, on: Any) -> None:  # noqa: F811
    frame = pd.DataFrame({"id": [1, 2, 3], "Name": ["a", None, "c"]})
    staged = stage(write_rig, on, engine, frame, "df")
    assert staged.rows == {"df": 3}
    code = (
        "with a as (select id from df where id > 1) "
        "select count(*) n, max(d.name) m from a join DF d on a.id = d.id"
    )
    assert write_rig.table(on, code).to_pylist() == [{"n": 2, "m": "c"}]
    stage(write_rig, on, engine, frame.head(1), "df")
    assert write_rig.table(on, "select count(*) n from df").to_pylist() == [{"n": 1}]
    with pytest.raises(StatementError) as error:
        write_rig.run(on, "select 1\nfrom df d, df\nwhere df.id in (select nope from df)")
    assert error.value.line == 3
    with pytest.raises(UsageError, match="one name"):
        stage(write_rig, on, engine, pa.table({"a": [1], "A": [2]}), "twice")
    empty = pa.table({"a": pa.array([], pa.int32()), "b": pa.array([], pa.string())})
    stage(write_rig, on, engine, empty, "nothing")
    assert write_rig.table(on, "select * from nothing").num_rows == 0


@pytest.mark.full
def test_a_frame_becomes_a_table_that_lasts(write_rig: WriteRig, engine: str, on: Any) -> None:  # noqa: F811
    table = f"default.w_write_{engine}_lasts"
    frame = pa.table({"a": [1, 2], "t": pa.array([0, 1_600_000_000_123_000], pa.timestamp("us"))})
    write_rig.run(on, f"drop table if exists {table}")
    staged = stage(write_rig, on, engine, frame, "lasts", table=table)
    staged.undo()
    assert write_rig.table(on, f"select count(*) n from {table}").to_pylist() == [{"n": 2}]
    with pytest.raises(TableExistsError):
        stage(write_rig, on, engine, frame, "lasts", table=table)
    stage(write_rig, on, engine, frame.slice(1), "lasts", table=table, overwrite=True)
    found = write_rig.table(on, f"select a from {table}").to_pylist()
    assert found == [{"a": 2}]
    write_rig.run(on, f"drop table {table}")


def test_schemas_and_files_go_with_the_session(write_rig: WriteRig, engine: str) -> None:  # noqa: F811
    user = write_rig.cluster.user
    with write_rig.session(engine) as session:
        stage(write_rig, session, engine, pa.table({"a": [dt.date(2020, 1, 1)]}), "gone")
        schema, scratch = session.frames.schema()
        home = str(scratch.home)
        assert write_rig.names(home)
        word = "databases" if engine == "hive" else "schemas from hive"
        known = write_rig.table(session, f"show {word}").column(0).to_pylist()
        name = schema.replace("`", "").rpartition(".")[2]
        assert name in known
        assert name.startswith(f"emr_nb_{user}_")
    with write_rig.session(engine) as session:
        known = write_rig.table(session, f"show {word}").column(0).to_pylist()
        assert name not in known
    assert write_rig.names(home) == []
