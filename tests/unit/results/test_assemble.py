"""Tables are put together by schema and order, and counted; pandas loses nothing."""

from __future__ import annotations

import datetime as dt
import decimal
import json
import math
from typing import Any

import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from emr_nb.engines.livy.remote import arrow
from emr_nb.errors import ResultError
from emr_nb.results.assemble import assemble
from emr_nb.results.conform import conform
from emr_nb.results.pandas import python_values, to_pandas, unique_names
from emr_nb.results.result import Result
from emr_nb.results.type_table import TYPES, markdown
from emr_nb.results.types import arrow_type, type_text


def field(name: str, kind: Any, *, nullable: bool = True) -> dict[str, Any]:
    return {"name": name, "type": kind, "nullable": nullable, "metadata": {}}


def header(fields: list[dict[str, Any]], **more: Any) -> dict[str, Any]:
    schema = {"type": "struct", "fields": fields}
    base = {"carrier": "arrow", "schema": schema, "rows": 0, "order": [], "zone": "UTC"}
    return {**base, "limit": None, **more}


def stream(batches: list[list[int]]) -> bytes:
    schema = pa.schema([pa.field("id", pa.int64())])
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, schema) as writer:
        for rows in batches:
            writer.write_batch(pa.record_batch([pa.array(rows, pa.int64())], schema=schema))
    return sink.getvalue().to_pybytes()


@settings(deadline=None)  # a loaded machine is no fault
@given(
    st.lists(st.lists(st.integers(0, 99), max_size=5), max_size=6).flatmap(
        lambda batches: st.tuples(st.just(batches), st.permutations(range(len(batches))))
    )
)
def test_batches_return_in_row_order(case: tuple[list[list[int]], list[int]]) -> None:
    batches, arrived = case
    payload = stream([batches[at] for at in arrived])
    order = [arrived.index(at) for at in range(len(batches))]
    rows = [row for batch in batches for row in batch]
    result = assemble(header([field("id", "long")], rows=len(rows), order=order), payload)
    assert result.table.column("id").to_pylist() == rows


@settings(deadline=None)  # a loaded machine is no fault
@given(st.lists(st.lists(st.integers(0, 99), max_size=5), max_size=6))
def test_the_session_counts_a_stream_as_pyarrow_does(batches: list[list[int]]) -> None:
    raw = stream(batches)
    assert arrow.scan(raw + b"tail") == (len(raw), [len(rows) for rows in batches])


@pytest.mark.parametrize(
    ("rows", "order"), [(2, [0, 1]), (4, [0, 1]), (3, [0]), (3, [0, 0]), (3, [0, 1, 2])]
)
def test_counts_that_disagree_are_refused(rows: int, order: list[int]) -> None:
    about = header([field("id", "long")], rows=rows, order=order)
    with pytest.raises(ResultError, match="incomplete or damaged"):
        assemble(about, stream([[1], [2, 3]]))


def test_a_stream_that_ends_early_is_refused() -> None:
    about = header([field("id", "long")], rows=3, order=[0, 1])
    with pytest.raises(ResultError):
        assemble(about, stream([[1], [2, 3]])[:-40])


def test_truncation_drops_the_row_that_proved_it() -> None:
    about = header([field("id", "long")], rows=3, order=[0, 1], limit=2)
    result = assemble(about, stream([[1], [2, 3]]))
    assert result.truncated
    assert result.table.column("id").to_pylist() == [1, 2]


def test_typed_json_that_does_not_fit_is_refused() -> None:
    about = header([field("id", "byte")], carrier="json", rows=1)
    for rows in ([[300]], [["x"]], [[1, 2]], [[1], [2]]):
        with pytest.raises(ResultError):
            assemble(about, json.dumps(rows).encode())


def test_an_array_that_cannot_stand_for_a_type_is_refused() -> None:
    with pytest.raises(ResultError, match="cannot stand for"):
        conform(pa.chunked_array([pa.array([1.5])]), pa.int64())


def test_conform_keeps_slices_and_nulls() -> None:
    entries = pa.struct([("k", pa.int32()), ("v", pa.string())])
    rows = [[{"k": 1, "v": "a"}], None, [], [{"k": 2, "v": None}, {"k": 3, "v": "c"}]]
    column = pa.chunked_array([pa.array(rows, pa.list_(entries)).slice(1)])
    found = conform(column, pa.map_(pa.int32(), pa.string()))
    assert found.to_pylist() == [None, [], [(2, None), (3, "c")]]


def result_of(**columns: pa.Array) -> Result:
    return Result(pa.table(columns), ())


def test_nan_and_null_stay_apart() -> None:
    both = pa.array([1.0, math.nan, None])
    series = result_of(x=both).to_pandas()["x"]
    assert series.isna().tolist() == [False, False, True]
    assert pa.array(series).to_pylist()[2] is None
    assert math.isnan(pa.array(series)[1].as_py())
    assert str(result_of(x=pa.array([1.0, None])).to_pandas()["x"].dtype) == "float64"


def test_decimals_stay_exact_unless_floats_are_asked_for() -> None:
    value = decimal.Decimal("12345678901234567890.123456789012345678")
    result = result_of(d=pa.array([value], pa.decimal128(38, 18)))
    assert result.to_pandas()["d"][0] == value
    assert str(result.to_pandas(decimal="float")["d"].dtype) == "float64"
    with pytest.raises(ValueError, match="exact"):
        to_pandas(result, decimal="maybe")


def test_frames_can_be_changed() -> None:
    frame = result_of(a=pa.array([1, 2]), t=pa.array([1, 2], pa.timestamp("us"))).to_pandas()
    frame.loc[0, "a"] = 5
    frame.loc[0, "t"] = pd.Timestamp("9999-12-31")
    assert frame["a"].tolist() == [5, 2]


def test_nested_values_that_python_cannot_hold() -> None:
    days = pa.array([[2932896, 5000000, None]], pa.list_(pa.date32()))
    (value,) = python_values(days)
    assert str(value[1]) == "15659-07-15"
    assert value[2] is None


@pytest.mark.parametrize(
    ("names", "made"),
    [
        (["a", "a", "a_1"], ["a", "a_2", "a_1"]),
        (["a_1", "a", "a"], ["a_1", "a", "a_2"]),
        (["", "", "x"], ["", "_1", "x"]),
        (["a", "a", "a"], ["a", "a_1", "a_2"]),
    ],
)
def test_repeated_names_are_told_and_never_collide(names: list[str], made: list[str]) -> None:
    found, notices = unique_names(names)
    assert found == made
    assert len(notices) == 1


def test_type_texts() -> None:
    kind = {
        "type": "map",
        "keyType": {"type": "struct", "fields": [field("a b", "long")]},
        "valueType": {"type": "array", "elementType": "short", "containsNull": True},
        "valueContainsNull": True,
    }
    assert type_text(kind) == "map<struct<a b:bigint>,array<smallint>>"


def test_the_documented_table_is_whole() -> None:
    assert markdown().count("\n") == len(TYPES) + 2
    assert len({row.spark for row in TYPES}) == len(TYPES)


def test_an_empty_result_keeps_its_types() -> None:
    fields = [field("d", "date"), field("m", "interval month"), field("v", "void")]
    frame = assemble(header(fields), stream_of(fields)).to_pandas()
    assert list(frame.columns) == ["d", "m", "v"]
    assert len(frame) == 0
    assert str(frame["d"].dtype) == "date32[day][pyarrow]"


def stream_of(fields: list[dict[str, Any]]) -> bytes:
    schema = pa.schema([("d", pa.date32()), ("m", pa.int32()), ("v", pa.null())])
    assert [f["name"] for f in fields] == schema.names
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, schema):
        pass
    return sink.getvalue().to_pybytes()


def test_python_dates_in_nested_values() -> None:
    column = pa.array([[dt.date(2020, 1, 1)], None], pa.list_(pa.date32()))
    assert python_values(column) == [[dt.date(2020, 1, 1)], None]


def test_keys_of_every_kind_have_their_type():
    """Also those of a struct, and those of an empty map, which have none."""
    struct = {"type": "struct", "fields": [{"name": "a", "type": "integer", "nullable": True}]}
    for key, wanted in {
        "date": "date32[day]",
        "void": "string",
        "struct": "struct<a: int32>",
    }.items():
        kind = {
            "type": "map",
            "keyType": struct if key == "struct" else key,
            "valueType": "string",
            "valueContainsNull": True,
        }
        assert str(arrow_type(kind, "UTC").key_type) == wanted
