"""The spooled protocol on a real Trino with an S3: the same values, and nothing left behind."""

from __future__ import annotations

import time
from typing import Any

import pyarrow as pa
import pytest
from trino_rig import TrinoRig, run, submit

from emr_nb.errors import ResultError, ResultTooLargeError
from emr_nb.local.aws import client
from emr_nb.model import CancelOutcome
from emr_nb.results.plan import TransferPlan
from emr_nb.testing.fault_proxy import Rule

pytestmark = pytest.mark.cluster

ENCODINGS = ("json", "json+zstd", "json+lz4")
ROWS = (
    "select o.*, n from tpch.tiny.orders o cross join unnest(sequence(1, 8)) t(n) "
    "order by orderkey, n"
)  # 120,000 rows, 16 MB: several segments
TYPES = (
    "select 1 a, 'ü\"\\,],[' b, decimal '1.50' c, timestamp '2020-01-01 00:00:00.123456 UTC' d, "
    "array[1, null] e, map(array['x'], array[1e0]) f, cast(null as varchar) g"
)


def spooled(trino: TrinoRig) -> list[str]:
    """Return the segments that lie in the store."""
    s3: Any = client("s3", trino.bucket_url)
    bucket = s3.list_buckets()["Buckets"][0]["Name"]
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix="trino-spool/")
    return [entry["Key"] for page in pages for entry in page.get("Contents", ())]


def none_left(trino: TrinoRig) -> bool:
    """Wait for the server, which removes what was acknowledged in its own time."""
    give_up = time.monotonic() + 30
    while spooled(trino):
        if time.monotonic() > give_up:
            return False
        time.sleep(0.5)
    return True


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_the_same_rows_come_in_the_same_order(trino: TrinoRig, encoding: str) -> None:
    direct = run(trino.session(), ROWS)
    statement = submit(trino.session(encodings=encoding), ROWS)
    result = statement.result()
    assert statement._segments._pool is not None
    assert result.table.equals(direct.table)
    assert none_left(trino)


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_small_results_come_inline_with_all_their_types(trino: TrinoRig, encoding: str) -> None:
    direct = run(trino.session(), TYPES)
    assert run(trino.session(encodings=encoding), TYPES).table.equals(direct.table)
    assert run(trino.session(encodings=encoding), "select 1 where false").table.num_rows == 0


def test_an_update_says_what_it_did(trino: TrinoRig) -> None:
    session = trino.session(encodings="json+zstd")
    run(session, "drop table if exists spooled_update")
    statement = submit(session, "create table spooled_update as select 1 a")
    texts = [e.data["text/plain"] for e in statement.events() if hasattr(e, "data")]
    assert texts == ["CREATE TABLE: 1 row"]
    run(session, "drop table spooled_update")


@pytest.mark.parametrize("how", ["limit", "budget", "cancel"])
def test_what_is_not_read_is_acknowledged_too(trino: TrinoRig, how: str) -> None:
    session = trino.session(encodings="json+zstd")
    plan = TransferPlan(10 if how == "limit" else None, budget=1_000_000 if how == "budget" else 0)
    statement = submit(session, "select * from tpch.sf1.lineitem", plan)
    if how == "limit":
        assert len(statement.result()) == 10
    elif how == "budget":
        with pytest.raises(ResultTooLargeError):
            statement.result()
    else:
        for event in statement.events():
            if getattr(event, "phase", "") == "fetching":
                break
        assert statement.cancel() in (CancelOutcome.STOPPED, CancelOutcome.ALREADY_ENDED)
    assert none_left(trino)


@pytest.mark.parametrize("status", [404, 410])
def test_a_segment_that_is_gone_is_no_shorter_result(trino: TrinoRig, status: int) -> None:
    with trino.proxy() as proxy:
        proxy.add(Rule("GET", "/v1/spooled/download/", "instead", times=1, skip=1, status=status))
        proxy.add(Rule("GET", "/v1/statement/", "rewrite", find=f":{trino.port}/v1/spooled",
                       replace=f":{proxy.port}/v1/spooled"))  # fmt: skip
        session = trino.session(trino.engine(port=proxy.port), encodings="json+zstd")
        with pytest.raises(ResultError, match="part of the result is gone"):
            run(session, ROWS)


@pytest.mark.parametrize("action", ["drop_reply", "status", "truncate"])
def test_a_segments_lost_reply_is_asked_for_again(trino: TrinoRig, action: Any) -> None:
    direct = run(trino.session(), ROWS)
    with trino.proxy() as proxy:
        rule = proxy.add(Rule("GET", "/v1/spooled/download/", action, times=2, status=503))
        proxy.add(Rule("GET", "/v1/statement/", "rewrite", find=f":{trino.port}/v1/spooled",
                       replace=f":{proxy.port}/v1/spooled"))  # fmt: skip
        session = trino.session(trino.engine(port=proxy.port), encodings="json+zstd")
        assert run(session, ROWS).table.equals(direct.table)
        assert rule.hits == 2


@pytest.mark.parametrize("encoding", [pytest.param("", marks=pytest.mark.full), "json+zstd"])
def test_a_kept_result_is_taken_piece_by_piece(trino: TrinoRig, encoding: str) -> None:
    direct = run(trino.session(), ROWS)
    statement = submit(trino.session(encodings=encoding), ROWS, TransferPlan(None, keep=True))
    assert len(statement.result()) == 0
    pieces = [table for _, table in statement.kept.tables()]
    assert len(pieces) > 1
    assert pa.concat_tables(pieces).cast(direct.table.schema).equals(direct.table)
    statement.release()
    row = statement._session.journal.find(statement.reference.tag)
    assert (row.state, row.rows) == ("done", len(direct))
    # what nobody takes to its end is let go of, at the server too
    statement = submit(trino.session(encodings=encoding), ROWS, TransferPlan(None, keep=True))
    statement.result()
    next(statement.kept.tables())
    statement.release()
    assert none_left(trino)
    assert statement._session.journal.find(statement.reference.tag).state == "cancelled"
