"""`--to` writes all of a table once, where an independent reader finds it, or nothing."""

from __future__ import annotations

import io
import uuid
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import pyarrow as pa
import pytest
from fault_rig import Rig, attached
from IPython.core.interactiveshell import InteractiveShell
from IPython.utils.capture import capture_output
from pyarrow import csv, parquet

from emr_nb.cluster import AttachedCluster
from emr_nb.errors import PathDeniedError, PathExistsError, StatementError, UsageError
from emr_nb.journal import Journal
from emr_nb.notebook.backend import Backend
from emr_nb.notebook.extension import Extension
from emr_nb.notebook.places import Place
from emr_nb.notebook.state import Notebook

pytestmark = pytest.mark.full  # written for an independent reader; test_spool is the way

ROWS = 3000
SQL = (
    "select id, concat('say \"', id, '\", \n', '') s, cast(id as decimal(20, 3)) d, "
    "if(id % 3 = 0, null, id % 2 = 0) b, date_add(date'0001-01-01', cast(id as int)) day "
    f"from range(0, {ROWS}, 1, 3)"
)
FAILING = f"select if(id = {ROWS - 1}, raise_error('planted'), id) id from range(0, {ROWS}, 1, 3)"
PLACES = ("hdfs:///tmp/emr_nb-ada-to-{key}", "s3://{bucket}/to/{key}")


@pytest.fixture(scope="module")
def cluster(rig: Rig) -> Iterator[AttachedCluster]:
    made = attached(rig.cluster.settings.data_home, Journal(rig.journal), rig.livy_port)
    yield made
    made.close(end_sessions=False)
    made.journal.close()


@pytest.fixture(scope="module")
def shell(cluster: AttachedCluster) -> Iterator[Any]:
    InteractiveShell.clear_instance()
    made = InteractiveShell.instance()
    backend = Backend(lambda *_, **__: cluster, lambda *_, **__: iter(()))
    place = Place("/x/to.ipynb", "to", False)
    extension = Extension(made, Notebook(made, backend=lambda: backend, place=place))
    extension.install()
    made.run_cell("_c = %emr attach local")
    yield made
    extension.remove()
    made.history_manager.end_session()
    InteractiveShell.clear_instance()


@pytest.fixture(params=PLACES, ids=["hdfs", "s3"])
def target(request: Any, rig: Rig, cluster: AttachedCluster) -> Iterator[str]:
    text = request.param.format(key=uuid.uuid4().hex[:8], bucket=rig.cluster.bucket)
    yield text
    where = cluster.path(text)
    with suppress(PathDeniedError):  # below /tmp only the engine may remove what it wrote
        cluster.filesystem(where).rm(where, recursive=True)


def run(shell: Any, rig: Rig, options: str, sql: str = SQL) -> str:
    with capture_output() as captured:
        outcome = shell.run_cell(f"%%spark -l sql -s {rig.name} {options}\n{sql}")
    outcome.raise_error()
    shown = [str(output.data.get("text/plain", "")) for output in captured.outputs]
    return captured.stdout + "\n".join(shown)


def whole(table: pa.Table) -> bool:
    return table.sort_by("id").column("id").to_pylist() == list(range(ROWS))


def read(cluster: AttachedCluster, target: str, form: str) -> pa.Table:
    names = [e for e in cluster.files.ls(target) if e.name.startswith("part-")]
    parts = [io.BytesIO(cluster.files.read(str(e.path))) for e in names]
    if form == "parquet":
        return pa.concat_tables([parquet.read_table(part) for part in parts])
    options = csv.ParseOptions(newlines_in_values=True)
    return pa.concat_tables([csv.read_csv(part, parse_options=options) for part in parts])


def test_the_executors_write_parquet_that_pyarrow_reads(
    rig: Rig, shell: Any, cluster: AttachedCluster, target: str
) -> None:
    said = run(shell, rig, f"--to {target}")
    assert "3 files" in said
    assert "encrypted" in said
    table = read(cluster, target, "parquet")
    assert whole(table)
    assert table.schema.field("d").type == pa.decimal128(20, 3)
    first = table.sort_by("id").slice(0, 2).to_pylist()
    assert [str(row["day"]) for row in first] == ["0001-01-01", "0001-01-02"]
    assert [row["b"] for row in first] == [None, False]
    assert first[1]["s"] == 'say "1", \n'


def test_csv_keeps_quotes_and_newlines(
    rig: Rig, shell: Any, cluster: AttachedCluster, target: str
) -> None:
    run(shell, rig, f"--to {target} --format csv")
    table = read(cluster, target, "csv")
    assert whole(table)
    assert table.sort_by("id").column("s")[7].as_py() == 'say "7", \n'


def test_what_is_there_is_kept_until_the_new_is_whole(
    rig: Rig, shell: Any, cluster: AttachedCluster, target: str
) -> None:
    run(shell, rig, f"--to {target}")
    with pytest.raises(PathExistsError, match="nothing was run"):
        run(shell, rig, f"--to {target}", "select raise_error('it ran')")
    with pytest.raises(StatementError, match="planted"):
        run(shell, rig, f"--to {target} --overwrite", FAILING)
    assert whole(read(cluster, target, "parquet"))
    run(shell, rig, f"--to {target} --overwrite", "select 7 as id")
    assert read(cluster, target, "parquet").to_pylist() == [{"id": 7}]
    beside = [e.name for e in cluster.files.ls(target.rpartition("/")[0])]
    assert not [name for name in beside if name.startswith(".emr_nb")]


@pytest.mark.parametrize("form", ["parquet", "csv", "arrow"])
def test_local_files_are_written_by_the_notebook(
    rig: Rig, shell: Any, tmp_path: Any, form: str
) -> None:
    path = tmp_path / f"out.{form}"
    said = run(shell, rig, f"--to file://{path} --format {form}", f"select * from ({SQL})")
    assert f"{ROWS:,} rows" in said
    readers = {
        "parquet": parquet.read_table,
        "csv": lambda p: csv.read_csv(p, parse_options=csv.ParseOptions(newlines_in_values=True)),
        "arrow": lambda p: pa.ipc.open_file(p).read_all(),
    }
    assert whole(readers[form](path))
    run(shell, rig, f"--to file://{path} --format {form} --overwrite -n 5")
    assert readers[form](path).num_rows == 5
    assert [p.name for p in tmp_path.iterdir()] == [path.name]


def test_a_large_local_file_is_joined_of_what_the_executors_wrote(
    rig: Rig, shell: Any, tmp_path: Any
) -> None:
    path = tmp_path / "large.parquet"
    said = run(shell, rig, f"--to file://{path}", "select explode(sequence(1, 70000)) id")
    assert "70,000 rows" in said
    assert "1 file" in said
    assert "parquet-mr" in parquet.read_metadata(path).created_by
    assert parquet.read_table(path).column("id").to_pylist() == list(range(1, 70001))
    run(shell, rig, f"--to file://{path} --overwrite --format csv", "select explode(array(1)) id")
    assert path.read_text().split() == ['"id"', "1"]
    assert [p.name for p in tmp_path.iterdir()] == [path.name]


def test_two_ways_for_one_result_are_refused(rig: Rig, shell: Any) -> None:
    with pytest.raises(UsageError, match="two ways for one result"):
        run(shell, rig, "--to /tmp/x -o df")
    with pytest.raises(UsageError, match="need --to"):
        run(shell, rig, "--overwrite")
