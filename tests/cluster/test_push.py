"""Local data to the real cluster and back: every type exact, every kind of value, both ways in."""

from __future__ import annotations

import datetime as dt
import decimal
import math
import secrets
import uuid
from collections.abc import Iterator
from dataclasses import replace
from typing import Any
from zoneinfo import ZoneInfo

import pandas as pd
import pyarrow as pa
import pytest
from fault_rig import Rig, attached
from IPython.core.interactiveshell import InteractiveShell
from push_cases import CASES, plain, table
from type_cases import same, stored

from emr_nb.engines.inputs import LocalInput, local_input
from emr_nb.engines.livy.push import PIECE_BYTES
from emr_nb.engines.livy.session import LivySession
from emr_nb.errors import StatementError, TableExistsError, UsageError
from emr_nb.journal import Journal
from emr_nb.model import Request, SessionOptions
from emr_nb.notebook.backend import Backend
from emr_nb.notebook.extension import Extension
from emr_nb.notebook.places import Place
from emr_nb.notebook.state import Notebook
from emr_nb.results.plan import plan_transfer
from emr_nb.results.result import Result

pytestmark = pytest.mark.full  # the way itself is in test_faults_push


def push(session: LivySession, *inputs: LocalInput, code: str = "", language: str = "python",
         **more: Any) -> Any:  # fmt: skip
    """Push, and run a cell that takes the inputs; return its statement."""
    staged = session.stage(inputs, language=language)
    request = Request(code or "# push", language, uuid.uuid4().hex, inputs=staged.inputs, **more)
    return session.submit(request, plan_transfer(request))


def back(session: LivySession, value: Any, name: str = "pushed") -> Result:
    """Push a frame and bring its view."""
    push(session, local_input(name, value)).result()
    request = Request(f"select * from `{name}`", "sql", uuid.uuid4().hex, rows=-1)
    result = session.submit(request, plan_transfer(request)).result()
    assert result is not None
    return result


@pytest.fixture(scope="module")
def there_and_back(rig: Rig) -> Result:
    return back(rig.session, table(), "all_types")


@pytest.mark.parametrize("at", range(len(CASES)), ids=lambda at: f"{at}-{CASES[at].name}")
def test_every_arrow_type_comes_back_exact(there_and_back: Result, at: int) -> None:
    column, expected = there_and_back.table.column(at), CASES[at].back
    assert plain(column.type) == plain(expected.type)
    got, wanted = stored(column), stored(pa.chunked_array([expected]))
    wanted += [None] * (len(got) - len(wanted))
    assert all(same(a, b) for a, b in zip(got, wanted, strict=True)), (got, wanted)


def test_names_are_what_they_were(rig: Rig) -> None:
    names = ["a", "a", "A", "", "a.b", "日本 é", "`", "select", "x'y\"z"]
    sent = pa.Table.from_arrays([pa.array([at]) for at in range(len(names))], names=names)
    brought = back(rig.session, sent, "größe")
    assert brought.table.column_names == names
    assert [column[0].as_py() for column in brought.table.columns] == list(range(len(names)))


def test_no_rows_and_no_columns(rig: Rig) -> None:
    empty = pa.table({"a": pa.array([], pa.decimal128(38, 18)), "n": pa.nulls(0)})
    brought = back(rig.session, empty, "empty")
    assert (len(brought), [str(t) for t in brought.schema.types]) == (
        0,
        ["decimal128(38, 18)", "null"],
    )
    nothing = pa.table({"n": pa.nulls(3)})
    assert back(rig.session, nothing, "nothing").table.to_pydict() == {"n": [None] * 3}
    push(rig.session, local_input("bare", nothing.select([]))).result()
    assert rig.say("print(bare.count(), bare.columns)") == "3 []"


def test_a_repeated_push_replaces_and_older_frames_stay(rig: Rig) -> None:
    push(rig.session, local_input("again", pa.table({"a": [1, 2]}))).result()
    rig.say("older = again")
    push(rig.session, local_input("again", pa.table({"b": ["x"]}))).result()
    assert rig.say("print(older.collect(), again.collect())") == (
        "[Row(a=1), Row(a=2)] [Row(b='x')]"
    )


def test_frames_and_values_are_there_when_the_cell_runs(rig: Rig) -> None:
    inputs = local_input("few", pa.table({"v": [1, 2, 3]})), local_input("k", 2)
    code = "print(few.filter(few.v >= k).count(), k)"
    statement = push(rig.session, *inputs, code=code)
    statement.result()
    sql = "select sum(v) s from few"
    result = push(rig.session, *inputs, code=sql, language="sql").result()
    assert result.table.to_pydict() == {"s": [6]}
    scala = push(rig.session, *inputs, code="val n = few.count() + k\nprintln(n)", language="scala")
    shown = "".join(str(getattr(event, "data", "")) for event in scala.events())
    scala.result()
    assert "n: Long = 5" in shown


NEW_YORK = ZoneInfo("America/New_York")
VALUES: dict[str, Any] = {
    "whole": 42,
    "huge": -(7**9000),
    "nan": math.nan,
    "inf": -math.inf,
    "minus": -0.0,
    "tenth": 0.1,
    "yes": True,
    "nothing": None,
    "text": "a'b\"c\n\r\"\"\"'''\\ \u2028\0 😀 {x} $y ${z} </emr_nb>",
    "raw": b"\0\xff'\"",
    "day": dt.date(1, 1, 1),
    "naive": dt.datetime(9999, 12, 31, 23, 59, 59, 999999),  # noqa: DTZ001 - naive is meant
    "aware": dt.datetime(2020, 11, 1, 1, 30, fold=1, tzinfo=NEW_YORK),
    "utc": dt.datetime(2020, 1, 1, tzinfo=dt.UTC),
    "half": dt.datetime(2020, 1, 1, tzinfo=dt.timezone(dt.timedelta(hours=5, minutes=30))),
    "span": dt.timedelta(days=-1, microseconds=1),
    "exact": decimal.Decimal("1.10"),
    "long": decimal.Decimal("9" * 60 + ".5"),
    "items": [1, 2**70, "x", None, [1.5], (b"t",)],
    "words": ["a", None, "b" * 70000],
    "pairs": {"z": 1, "a": [dt.date(2020, 2, 29)], 7: {"in": None}},
    "none_of_it": [],
}


def test_python_values_are_equal_there(rig: Rig) -> None:
    push(rig.session, *(local_input(name, value) for name, value in VALUES.items())).result()
    rig.say("import datetime, math")
    for name, value in VALUES.items():
        if name == "huge":
            assert rig.say("print(huge == -(7**9000))") == "True"
        elif name == "nan":
            assert rig.say("print(math.isnan(nan))") == "True"
        elif name == "aware":
            told = "print(aware.isoformat(), aware.fold, aware.tzinfo)"
            assert rig.say(told) == "2020-11-01T01:30:00-05:00 1 America/New_York"
        else:
            assert rig.say(f"print(ascii({name}))") == ascii(value), name


def test_scala_values_are_equal_there(rig: Rig) -> None:
    names = [name for name in VALUES if name not in ("huge", "minus")]
    rig.session.stage(
        [local_input(name, VALUES[name]) for name in names]
        + [local_input("huge", -(2**70)), local_input("type", "a reserved word")],
        language="scala",
    )
    text = str(VALUES["text"])
    checks = {
        "numbers": 'whole + 1 == 43L && huge == -BigInt("1180591620717411303424")',
        "floats": "nan.isNaN && inf.isNegInfinity && tenth == 0.1 && yes && nothing == null",
        "text": f"text.map(_.toInt).toList == List({', '.join(map(str, utf16(text)))})",
        "bytes": "raw.toList == List(0, -1, 39, 34) && day == java.time.LocalDate.of(1, 1, 1)",
        "naive": 'naive.toString == "9999-12-31T23:59:59.999999"',
        "aware": 'aware.toString == "2020-11-01T01:30-05:00[America/New_York]"',
        "half": 'half.toString == "2020-01-01T00:00+05:30"',
        "utc": 'utc.toInstant.toString == "2020-01-01T00:00:00Z"',
        "span": "span == java.time.Duration.ofDays(-1).plusNanos(1000)",
        "exact": 'exact == BigDecimal("1.10") && exact.bigDecimal.scale == 2',
        "long": f'long.bigDecimal.toPlainString == "{"9" * 60}.5"',
        "items": "items.size == 6 && items(1) == BigInt(2).pow(70)",
        "words": "words.map(w => if (w == null) -1 else w.length) == List(1, -1, 70000)",
        "pairs": 'pairs("z") == 1L && pairs.keys.toList == List("z", "a", 7L)',
        "none": "none_of_it.isEmpty",
        "reserved": '`type` == "a reserved word"',
    }
    for name, check in checks.items():
        shown = rig.say(f'println("{name} " + ({check}))', "scala")
        assert f"{name} true" in shown, shown


def utf16(text: str) -> list[int]:
    raw = text.encode("utf-16-le")
    return [int.from_bytes(raw[at : at + 2], "little") for at in range(0, len(raw), 2)]


def test_a_table_is_written_once_and_replaced_only_when_asked(rig: Rig) -> None:
    name = f"default.pushed_{secrets.token_hex(4)}"
    old = pa.table({"d": pa.array([-719162], pa.int32()).view(pa.date32())})
    before = rig.say("print(sorted(map(tuple, spark.sql('set').collect())))")
    push(rig.session, local_input("old", old, table=name)).result()
    with pytest.raises(StatementError, match=name) as caught:
        push(rig.session, local_input("new", pa.table({"a": [1]}), table=name)).result()
    assert caught.value.ename == "TableExists"
    assert rig.say(f"print(spark.table('{name}').collect())") == "[Row(d=datetime.date(1, 1, 1))]"
    new = local_input("new", pa.table({"a": [1]}), table=name, overwrite=True)
    push(rig.session, new).result()
    assert rig.say(f"print(spark.table('{name}').collect())") == "[Row(a=1)]"
    rig.say(f"spark.sql('drop table {name}')")
    assert rig.say("print(sorted(map(tuple, spark.sql('set').collect())))") == before


def test_without_a_store_a_frame_goes_through_statements(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = [secrets.token_hex(64) for _ in range(60_000)]
    sent = pa.table({"id": range(len(text)), "text": text})
    with rig.engine() as engine:
        session = engine.open(SessionOptions(rig.name, create=False))
        session.cancel_files = replace(session.cancel_files, store=None, folder=None)
        assert session.scratch() is None
        assert sent.nbytes > 2 * PIECE_BYTES
        brought = back(session, sent, "by_pieces")
        assert brought.table.equals(sent.cast(brought.table.schema))
        small = replace(session._context.settings, push_bytes=1_000_000)
        session._context = replace(session._context, settings=small)
        with pytest.raises(UsageError, match=r"EmrNb\.push_bytes"):
            session.stage([local_input("too_much", sent)], language="python")
    assert rig.say("print('too_much' in globals())") == "False"


@pytest.mark.full
def test_a_million_rows_come_back_in_their_order(rig: Rig) -> None:
    rows = 1_000_000
    noise = [secrets.token_hex(8) for _ in range(rows)]
    sent = pa.table({"id": pa.array(range(rows)), "noise": noise})
    brought = back(rig.session, sent, "million")
    assert brought.table.cast(sent.schema).equals(sent)


@pytest.fixture
def notebook(rig: Rig) -> Iterator[Notebook]:
    """A real shell on the shared session."""
    journal = Journal(rig.journal)
    cluster = attached(rig.cluster.settings.data_home, journal, rig.livy_port)
    InteractiveShell.clear_instance()
    shell = InteractiveShell.instance()
    backend = Backend(lambda *_, **__: cluster, lambda *_, **__: iter(()))
    made = Notebook(shell, backend=lambda: backend, place=Place("/x/p.ipynb", "push", False))
    Extension(shell, made).install()
    made.attach("local")
    yield made
    cluster.close(end_sessions=False)
    journal.close()
    shell.meta.clear()
    shell.history_manager.end_session()
    InteractiveShell.clear_instance()


def test_push_and_inputs_in_a_notebook(rig: Rig, notebook: Notebook) -> None:
    shell, table = notebook.shell, f"default.pushed_{secrets.token_hex(4)}"
    wanted = pd.DataFrame({"a": pd.array([1, None], "Int64"), "b": ["x'\u2028", None]})
    shell.user_ns.update(df=wanted, least=1)

    def run(cell: str) -> Any:
        result = shell.run_cell(cell)
        return result.error_in_exec or result.error_before_exec

    assert run(f"told = %emr push df --name there -s {rig.name}") is None
    assert "2 rows × 2 columns are the temporary view there" in repr(shell.user_ns["told"])
    assert run(f"%%sql -s {rig.name} -q -o got\nselect * from there") is None
    pd.testing.assert_frame_equal(shell.user_ns["got"], wanted)
    code = "n = there.filter(there.a >= least).count()"
    assert run(f"%%pyspark -s {rig.name} -i least -o n\n{code}") is None
    assert shell.user_ns["n"] == 1
    assert run(f"%emr push df --table {table} -s {rig.name}") is None
    assert isinstance(run(f"%emr push df --table {table} -s {rig.name}"), TableExistsError)
    assert rig.say(f"print(spark.table('{table}').count())") == "2"
    rig.say(f"spark.sql('drop table {table}')")
