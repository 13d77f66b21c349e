"""`%emr preview`: what it shows, what it gives, and hostile names on the page."""

import json
import os

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from emr_nb.errors import FileFormatError, PathNotFoundError, UsageError
from emr_nb.results.table import MIME

EVIL = "<img src=x onerror=alert(1)>"


@pytest.fixture
def parquet(tmp_path):
    table = pa.table({"n": pa.array(range(100), pa.int64()), EVIL: [f"t{n}" for n in range(100)]})
    pq.write_table(table, tmp_path / "a.parquet", row_group_size=30)
    return f"file://{tmp_path}/a.parquet"


def given(bench, line):
    bench.run(f"_v = {line}")
    return bench.shell.user_ns["_v"]


def test_it_shows_a_line_the_schema_the_groups_and_the_rows(bench, parquet):
    bench.run(f"%emr preview {parquet}")
    told, rows = bench.screen.shown
    head = told["text/plain"].splitlines()[0]
    assert head.startswith(f"{parquet}: Parquet (snappy) · 100 rows · ")
    assert "4 row groups" in head
    assert " read" in head
    assert "int64" in told["text/plain"]
    assert "rows: 10 least, 30 median, 30 most" in told["text/plain"]
    payload = rows[MIME]
    assert [c["name"] for c in payload["columns"]] == ["n", EVIL]
    assert payload["rows"][3] == ["3", "t3"]
    assert payload["truncated"]
    assert any("-n ROWS" in n for n in payload["notices"])
    assert EVIL not in told["text/html"] + rows["text/html"]
    assert "&lt;img" in told["text/html"]


def test_a_terminal_gets_one_text(bench, parquet):
    bench.screen.updates = False
    bench.run(f"%emr preview {parquet} -n 2")
    (shown,) = bench.screen.shown
    assert "first 2 rows × 2 columns" in shown["text/plain"]
    assert "t1" in shown["text/plain"]


def test_in_the_middle_of_a_cell_it_shows_itself_too(bench, parquet):
    bench.run(f"%emr preview {parquet}\nx = 1")
    assert [MIME in shown for shown in bench.screen.shown] == [False, True]


def test_its_value_has_all(bench, parquet):
    answer = given(bench, f"%emr preview {parquet} -n 5")
    assert not bench.screen.shown
    assert answer.rows.num_rows == 5
    assert answer.preview.total_rows == 100
    assert answer.schema.field("n").type == pa.int64()
    assert answer.pandas()["n"].tolist() == [0, 1, 2, 3, 4]
    schema = repr(answer).splitlines()[2:5]
    assert schema[1].split() == ["n", "int64", "0", "0", "99"]
    assert answer._repr_html_().count("<table>") == 3


def test_json(bench, parquet):
    told = json.loads(given(bench, f"%emr preview --json -n 1 {parquet}"))
    assert told["format"] == "Parquet"
    assert told["schema"][0] == {"name": "n", "type": "int64", "nullable": True}
    assert told["rows"] == [[0, "t0"]]
    assert told["groups"][0]["columns"][0]["greatest"] == 29
    assert told["total_rows"] == 100


def test_a_store_of_the_cluster(bench):
    bench.cluster.stores["hdfs"].files["hdfs:///data/x.csv"] = b"a;b\n1;2\n"
    assert given(bench, "%emr preview /data/x.csv").schema.names == ["a", "b"]
    answer = given(bench, "%emr preview --header no --delimiter ; /data/x.csv")
    assert answer.rows.to_pylist()[0] == {"c1": "a", "c2": "b"}
    answer = given(bench, "%emr preview --delimiter tab /data/x.csv")
    assert answer.rows.num_columns == 1


def test_a_picture_and_nothing_to_show(bench, tmp_path):
    png = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x09\0\0\0\x07"
    (tmp_path / "a.png").write_bytes(png)
    (tmp_path / "empty").touch()
    bench.run(f"%emr preview file://{tmp_path}/a.png")
    (shown,) = bench.screen.shown
    assert "9 × 7 pixels" in shown["text/plain"]
    assert "<img src='data:image/png;base64," in shown["text/html"]
    assert "empty file" in repr(given(bench, f"%emr preview file://{tmp_path}/empty"))


def test_a_local_name_that_is_no_utf_8(bench, tmp_path):
    name = os.fsdecode(b"\xff.csv")
    (tmp_path / name).write_text("a,b\n1,2\n")
    bench.shell.user_ns["folder"] = f"file://{tmp_path}/{name}"
    answer = given(bench, "%emr preview {folder}")
    assert answer.rows.num_rows == 1
    assert "\\udcff.csv" in repr(answer)
    told = given(bench, "%emr preview --json {folder}")
    assert json.loads(told)["path"].endswith("\\udcff.csv")
    told.encode()


def test_errors_name_the_path(bench, tmp_path, parquet):
    (tmp_path / "b.parquet").write_bytes(b"PAR1\0\0\1")
    for line, error in (
        (f"%emr preview file://{tmp_path}/b.parquet", FileFormatError),
        (f"%emr preview file://{tmp_path}/none", PathNotFoundError),
        (f"%emr preview {parquet} -n 100000", UsageError),
        (f"%emr preview {parquet} --delimiter ab", UsageError),
    ):
        result = bench.run(line, fails=True)
        assert isinstance(result.error_in_exec, error)


def test_the_same_in_python(bench, parquet):
    found = bench.cluster.files.preview(parquet, rows=3)
    assert found.rows.num_rows == 3
    assert found.total_rows == 100
