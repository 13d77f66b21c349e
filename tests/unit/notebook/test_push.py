"""`-i` and `%emr push`: what is sent, what is said, and what fails before anything is sent."""

import re

import pandas as pd
import pyarrow as pa
import pytest

from emr_nb.engines.base import Abilities
from emr_nb.engines.hive.frame_types import way as hive_way
from emr_nb.errors import StatementError, TableExistsError, UsageError
from emr_nb.model import Service
from emr_nb.notebook.completion import Completer
from emr_nb.testing.fake_engine import FakeEngine


@pytest.fixture
def frames(bench):
    names = bench.shell.user_ns
    names["df"] = pd.DataFrame({"a": [1, 2], "b": ["x", None]})
    names["table"] = pa.table({"n": range(3)})
    names["k"] = 7
    return bench


def test_inputs_go_before_the_cell_and_the_request_takes_them(frames):
    frames.run("%%pyspark -i df,k -i table\nprint(k)")
    ((language, inputs),) = frames.engine.staged
    assert language == "python"
    assert [item.name for item in inputs] == ["df", "k", "table"]
    assert [item.spelled for item in inputs] == [None, 7, None]
    assert frames.engine.requests[-1].inputs == "[…]"
    assert frames.engine.requests[-1].code.strip() == "print(k)"


@pytest.mark.parametrize(
    ("cell", "language"),
    [
        ("%%sql -i df\nselect 1", "sql"),
        ("%%scala -i k\n1", "scala"),
        ("%%spark -l scala -i k\n1", "scala"),
        ("_r = %sql -i df select 1", "sql"),
    ],
)
def test_every_language_takes_inputs(frames, cell, language):
    frames.run(cell)
    assert frames.engine.staged[-1][0] == language


@pytest.mark.parametrize(
    ("line", "error"),
    [
        ("-i dff", "There is no local variable dff"),
        ("-i df,2x", "'2x' can be no name"),
        ("-i df,for", "'for' can be no name"),
        ("-i odd", r"odd is a builtins\.object"),
        ("-i timed", r"timed: column 't' \(time64\[us\]\) cannot be sent: Spark before 4.1"),
        ("-i mixed", r"mixed: column 'm' \(object\) cannot be sent: it holds int and str"),
        ("-i inner", r"inner\[1\]\['x'\] is a builtins\.object"),
    ],
)
def test_what_cannot_be_sent_fails_before_a_session_is_started(frames, line, error):
    names = frames.shell.user_ns
    names["odd"], names["inner"] = object(), [1, {"x": object()}]
    names["timed"] = pa.table({"t": pa.array([1], pa.time64("us"))})
    names["mixed"] = pd.DataFrame({"m": [1, "a"]})
    result = frames.run(f"%%pyspark {line}\n1", fails=True)
    with pytest.raises(UsageError, match=error):
        raise result.error_in_exec
    assert frames.engine.opened == []
    assert frames.engine.requests == []


def test_a_near_name_is_offered(frames):
    result = frames.run("%%pyspark -i dff\n1", fails=True)
    assert result.error_in_exec.advice == "Did you mean df?"


def test_push_says_what_is_there_now(frames):
    answer = frames.run("a = %emr push df table,k").success
    assert answer
    text = repr(frames.shell.user_ns["a"])
    assert "2 rows × 2 columns are the temporary view df, and the DataFrame df" in text
    assert "3 rows × 1 column are the temporary view table" in text
    assert "k is a Python variable there" in text
    assert frames.engine.requests[-1].code == "# %emr push df, table, k"
    assert frames.engine.undone == []


def test_another_name_and_a_table(frames):
    frames.run("a = %emr push df --name flights")
    assert frames.engine.staged[-1][1][0].name == "flights"
    frames.run("a = %emr push df --table db.t --overwrite")
    item = frames.engine.staged[-1][1][0]
    assert (item.table, item.overwrite) == ("db.t", True)
    assert frames.engine.undone == ["df"]  # the table has rows of its own
    assert "are the table db.t" in repr(frames.shell.user_ns["a"])


@pytest.mark.parametrize(
    ("line", "error"),
    [
        ("", "VAR missing"),
        ("df --name 1x", "'1x' can be no name"),
        ("df k --name x", "one variable"),
        ("k --table db.t", "only a frame becomes a table"),
        ("df --overwrite", "--overwrite goes with --table"),
    ],
)
def test_a_push_that_cannot_be_meant(frames, line, error):
    result = frames.run(f"%emr push {line}", fails=True)
    with pytest.raises(UsageError, match=error):
        raise result.error_in_exec
    assert frames.engine.staged == []


def test_an_existing_table_is_named_and_what_was_sent_is_removed(frames):
    frames.answer([StatementError("TableExists: db.t", ename="TableExists", evalue="db.t")])
    result = frames.run("%emr push df --table db.t", fails=True)
    with pytest.raises(TableExistsError, match=r"db\.t is there already"):
        raise result.error_in_exec
    assert frames.engine.undone == ["df"]


def test_an_interrupt_while_sending_leaves_nothing_and_says_so(frames):
    frames.engine.stage_error = KeyboardInterrupt()
    result = frames.run("%emr push df", fails=True)
    assert "it has not run" in str(result.error_in_exec)
    assert frames.engine.requests == []


def test_notices_are_shown(frames):
    frames.shell.user_ns["df"] = pd.DataFrame({"x": [1.5, float("nan")]}, index=["a", "b"])
    frames.run("%%pyspark -i df\n1")
    assert "NaN in 'x' became null" in frames.screen.plain
    assert "The index has no name and was left out" in frames.screen.plain


def test_tab_offers_local_variables(frames):
    complete = Completer(frames.notebook, frames.extension.emr).complete
    for text, fragment, word in (
        ("%%pyspark -i d", "d", "df"),
        ("%%pyspark -i df,t", "df,t", "df,table"),
        ("%emr push d", "d", "df"),
    ):
        found = complete(text, len(text))
        assert found is not None
        assert found[0] == fragment
        assert (word, "instance") in found[1]


class OtherEngine(FakeEngine):
    """An engine of SQL that takes some types alone."""

    name = "hive"
    abilities = Abilities(way=hive_way)


@pytest.fixture
def hive(frames):
    engine = OtherEngine(journal=frames.engine.journal)
    frames.cluster.engines["hive"] = engine
    frames.cluster.services = (*frames.cluster.services, Service("hive"))
    return engine


def test_a_frame_goes_to_the_engine_that_is_named(frames, hive):
    frames.run("_r = %emr push df --engine hive --name sales")
    ((language, (item,)),) = hive.staged
    assert (language, item.name, item.frame.columns[0].way.read) == ("sql", "sales", "bigint")
    assert "2 rows × 2 columns are the table sales in %%hive cells" in str(
        frames.shell.user_ns["_r"]
    )
    assert not frames.engine.staged
    assert not hive.requests  # no statement runs for it


def test_a_table_that_lasts_needs_no_frame_behind_it(frames, hive):
    frames.run("_r = %emr push df --engine hive --table db.t --overwrite")
    assert hive.staged[-1][1][0].table == "db.t"
    assert hive.undone == ["df"]


@pytest.mark.parametrize(
    ("line", "error"),
    [
        ("%emr push k --engine hive", "k: Hive has no variables"),
        (
            "%emr push odd --engine hive",
            r"column 'u' \(uint64\) cannot be sent: Hive has no unsigned",
        ),
    ],
)
def test_what_an_engine_cannot_take_is_refused(frames, hive, line, error):
    frames.shell.user_ns["odd"] = pa.table({"u": pa.array([1], pa.uint64())})
    outcome = frames.run(line, fails=True)
    assert re.search(error, str(outcome.error_in_exec))
    assert not hive.staged


def test_a_cells_frames_have_its_engines_types(frames, hive):
    frames.run("%%hive -i df\nselect * from df where a = {{k}}")
    assert hive.staged[-1][1][0].frame.columns[0].way.read == "bigint"
    assert hive.requests[-1].code == "select * from df where a = 7"
