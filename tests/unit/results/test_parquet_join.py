"""Several Parquet files become one whose rows are theirs, or none is made."""

from __future__ import annotations

import io
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from emr_nb.errors import ResultError
from emr_nb.results.parquet_join import END, MAGIC, ParquetJoin, footer_length

SCHEMA = pa.schema(
    [("n", pa.int64()), ("s", pa.string()), ("l", pa.list_(pa.map_(pa.string(), pa.float64())))]
)
Rows = list[dict[str, Any]]
ROW = st.fixed_dictionaries(
    {
        "n": st.none() | st.integers(-(2**63), 2**63 - 1),
        "s": st.none() | st.text(st.characters(exclude_categories=["Cs"])),
        "l": st.none() | st.lists(st.dictionaries(st.text("ab"), st.floats(allow_nan=False))),
    }
)


def file(rows: Rows, schema: pa.Schema = SCHEMA, **options: Any) -> bytes:
    sink = io.BytesIO()
    plain = [{k: [list(m.items()) for m in v] if k == "l" and v else v for k, v in row.items()}
             for row in rows]  # fmt: skip
    pq.write_table(pa.Table.from_pylist(plain, schema), sink, **options)
    return sink.getvalue()


def joined(files: list[bytes], pairs: dict[bytes, bytes] | None = None) -> bytes:
    join, made = ParquetJoin(), bytearray()
    for each in files:
        length = footer_length(each[-END:]) + END
        join.add(each[-length:-END], len(made))
        made += each[:-length]
    return bytes(made) + join.end(pairs or {})


def read(data: bytes) -> Rows:
    table = pq.read_table(io.BytesIO(data))
    table.validate(full=True)
    return [
        {k: [dict(m) for m in v] if k == "l" and v else v for k, v in row.items()}
        for row in table.to_pylist()
    ]


@settings(deadline=None, max_examples=60)
@given(st.lists(st.lists(ROW, max_size=7), min_size=1, max_size=4), st.integers(1, 5))
def test_the_rows_are_those_of_the_parts_in_order(parts: list[Rows], group: int) -> None:
    options = {"row_group_size": group, "write_page_index": True, "compression": "zstd"}
    data = joined([file(rows, **options) for rows in parts])
    assert read(data) == [row for rows in parts for row in rows]


def test_groups_are_found_by_what_the_footer_says_of_them() -> None:
    rows = [{"n": n, "s": str(n), "l": None} for n in range(40)]
    options = {"row_group_size": 10, "write_page_index": True}
    data = joined([file(rows[:20], **options), file(rows[20:], **options)])
    found = pq.ParquetFile(io.BytesIO(data))
    assert found.metadata.num_row_groups == 4
    assert found.read_row_group(2).column("n").to_pylist() == list(range(20, 30))
    kept = pq.read_table(io.BytesIO(data), filters=[("n", ">", 34)])
    assert kept.column("n").to_pylist() == [35, 36, 37, 38, 39]


def test_its_metadata_is_the_first_ones_and_what_is_added() -> None:
    schema = SCHEMA.with_metadata({"who": "a", "was": "b"})
    data = joined([file([], schema), file([], schema)], {b"who": b"we", b"new": b"c"})
    told = pq.ParquetFile(io.BytesIO(data)).metadata.metadata
    assert {key: told[key] for key in (b"who", b"was", b"new")} == {
        b"who": b"we", b"was": b"b", b"new": b"c"
    }  # fmt: skip


def test_parts_of_different_schemas_are_refused() -> None:
    other = pa.schema([("n", pa.int32()), *list(SCHEMA)[1:]])
    with pytest.raises(ResultError, match="schema is not that of the part before"):
        joined([file([]), file([], other)])


@pytest.mark.parametrize("damage", ["cut", "noise", "empty", "magic", "length"])
def test_a_damaged_part_is_refused(damage: str) -> None:
    good = file([{"n": 1, "s": "x", "l": None}])
    length = footer_length(good[-END:])
    body, footer, end = good[: -length - END], good[-length - END : -END], good[-END:]
    damaged = {
        "cut": body + footer[: length // 2] + (length // 2).to_bytes(4, "little") + MAGIC,
        "noise": body + bytes(b ^ 0x5A for b in footer) + end,
        "empty": b"",
        "magic": good[:-1],
        "length": good[:-END] + (-3).to_bytes(4, "little", signed=True) + MAGIC,
    }[damage]
    with pytest.raises(ResultError, match="cannot be joined"):
        joined([good, damaged])


def test_no_part_at_all_is_no_file() -> None:
    with pytest.raises(ResultError, match="there is none"):
        ParquetJoin().end({})
