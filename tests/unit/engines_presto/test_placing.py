"""Frames and `--to` on a coordinator without what they need: said clearly, nothing is sent."""

import pyarrow as pa
import pytest

from emr_nb.engines.inputs import local_input
from emr_nb.engines.presto.frame_types import way
from emr_nb.errors import UsageError
from emr_nb.model import FilePath, WriteTarget

ONE = {"columns": [{"name": "a", "type": "bigint"}], "data": [[1]], "stats": {"state": "FINISHED"}}
NONE = {
    "columns": [{"name": "catalog_name", "type": "varchar"}],
    "stats": {"state": "FINISHED"},
}


def test_a_server_without_a_hive_catalog_takes_no_frame(coordinator):
    replay, session = coordinator(NONE)
    frame = local_input("df", pa.table({"a": [1]}), way=way)
    with pytest.raises(UsageError, match="no catalog of the connector hive") as error:
        session.stage([frame], language="sql")
    assert "{{name}}" in str(error.value)
    assert all(sql.startswith("SELECT catalog_name") for sql in replay.posted)
    assert session.frames.names == []


def test_a_value_is_bound_and_not_sent(coordinator):
    replay, session = coordinator(ONE)
    staged = session.stage([local_input("k", 7)], language="sql")
    assert staged.rows == {}
    assert replay.posted == []


@pytest.mark.parametrize(
    ("sql", "why"),
    [
        ("select a from t", "does not reach the store"),
        ("select a from t order by a", "no order of rows"),
        ("show tables", "no query"),
    ],
)
def test_without_a_place_to_write_the_rows_come_here(coordinator, submit, sql, why):
    replay, session = coordinator(ONE)
    target = WriteTarget(FilePath("hdfs", "", "/x"))
    statement = submit(session, sql, target=target)
    assert why in statement.through_notebook
    statement.result()
    statement.release()
    assert replay.posted[-1] == sql  # once, and as it was written
    assert replay.posted.count(sql) == 1
