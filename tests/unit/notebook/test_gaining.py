"""An engine that the cluster lacks and can have: started by the first cell that needs it."""

import pytest

from emr_nb.errors import DaemonDiedError, ServiceNotInstalledError, StatementCancelledError


@pytest.fixture
def lacking(duck):
    """A cluster whose Trino (DuckDB stands in for it) is not started yet."""
    duck.cluster.waiting["trino"] = duck.cluster.engines.pop("duckdb")
    return duck


def test_the_first_cell_starts_it_says_so_and_goes_on(lacking):
    lacking.run("_r = %trino select 40 + 2 as answer")
    assert lacking.shell.user_ns["_r"].table.column("answer").to_pylist() == [42]
    assert "✓ Trino 1.2 started on fake" in lacking.screen.plain
    lacking.screen.shown.clear()
    lacking.run("%%trino\nselect 1 as a")
    assert "started on" not in lacking.screen.plain


def test_attach_tells_which_are_started_so(lacking):
    lacking.run("%emr attach fake")
    assert "started by the first cell: Trino 1.2" in str(lacking.notebook.attachment().facts)


def test_a_spark_session_from_before_the_metastore_is_told_what_it_lacks(lacking):
    lacking.run("%%spark\n1")
    lacking.run("%%trino\nselect 1 as a")
    assert "%emr restart begins one that does" in lacking.screen.text


def test_what_does_not_start_is_told_and_the_rest_goes_on(lacking):
    engine = lacking.cluster.waiting["trino"]
    lacking.cluster.waiting["trino"] = DaemonDiedError("trino ended by itself")
    result = lacking.run("%%trino\nselect 1", fails=True)
    assert isinstance(result.error_in_exec, DaemonDiedError)
    assert "✗ Trino is not started; the rest of fake goes on" in lacking.screen.plain
    lacking.run("%%spark\n1")
    lacking.cluster.waiting["trino"] = engine
    lacking.run("%%trino\nselect 1 as a")


def test_an_interrupt_ends_the_wait_and_nothing_was_run(lacking):
    lacking.cluster.waiting["trino"] = KeyboardInterrupt()
    result = lacking.run("%%trino\nselect 1", fails=True)
    assert isinstance(result.error_in_exec, StatementCancelledError)
    assert "has not run" in str(result.error_in_exec)
    assert "the next cell goes on" in lacking.screen.plain
    assert lacking.notebook.journal.statements() == []


def test_one_that_cannot_be_started_is_named_as_missing(lacking):
    result = lacking.run("%%hive\nselect 1", fails=True)
    assert isinstance(result.error_in_exec, ServiceNotInstalledError)
