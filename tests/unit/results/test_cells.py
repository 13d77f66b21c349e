"""The runner in a plain interpreter: a cell behaves as in a REPL, in any Python from 3.7."""

from __future__ import annotations

import ast
import secrets
import shutil
import sys
import time
from collections.abc import Iterator
from importlib import resources
from pathlib import Path

import pytest

from emr_nb.engines.livy import code
from emr_nb.model import Request
from emr_nb.results.frame import Failure, Mime, Part, SessionFacts, Text, ValuePart
from emr_nb.results.plan import TransferPlan
from emr_nb.testing.plain_session import PlainSession, visible


@pytest.fixture(scope="module")
def session() -> Iterator[PlainSession]:
    with PlainSession() as opened:
        yield opened


def ask(source: str, output: str | None = None) -> Request:
    return Request(source, "python", secrets.token_hex(16), output=output)


def run(session: PlainSession, source: str, output: str | None = None) -> list[Part]:
    return visible(session.parts(ask(source, output), TransferPlan(1000)))


def failure(session: PlainSession, source: str) -> Failure:
    part = run(session, source)[-1]
    assert isinstance(part, Failure)
    return part


def test_a_statement_whose_tag_has_begun_never_runs_again(session: PlainSession) -> None:
    run(session, "times = 0")
    request = ask("times += 1")
    for expected in ([], ["AlreadyRan"]):
        parts = visible(session.parts(request, TransferPlan(1000)))
        assert [part.ename for part in parts if isinstance(part, Failure)] == expected
    assert run(session, "times") == [Text("1\n")]


def test_every_remote_module_parses_as_python_3_7() -> None:
    folder = resources.files("emr_nb.engines.livy") / "remote"
    sources = [item for item in folder.iterdir() if item.name.endswith(".py")]
    assert len(sources) > 10
    for item in sources:
        ast.parse(item.read_text("utf-8"), item.name, feature_version=(3, 7))


def test_it_runs_on_an_old_python_where_one_is_installed() -> None:
    old = [
        found
        for name in ("python3.7", "python3.8", "python3.9")
        for found in [
            shutil.which(name),
            *map(str, Path("~/.pyenv/versions").expanduser().glob(f"{name[6:]}.*/bin/python")),
        ]
        if found and ".pyenv/shims" not in found
    ]
    if not old:
        pytest.skip("no Python older than 3.10 here")
    with PlainSession(python=old[0]) as session:
        assert run(session, "print('a')\n%json [1]\n1 + 1") == [
            Text("a\n"),
            Mime({"application/json": [1], "text/plain": "[1]"}, {}),
            Text("2\n"),
        ]
        assert failure(session, "x = 1\nx / 0").line == 2


def test_statements_begin_with_their_tag_and_quote_nothing() -> None:
    request = ask("'''{}\\\"\u2028%s'''")
    statement = code.cell_code(request, TransferPlan(5), install=False)
    assert statement.split("\n")[0] == f"# emr_nb:{request.tag}"
    assert statement.isascii()
    assert len(statement.split("\n")) == 2
    scala = code.scala_code(request, TransferPlan(5)).partition("\n")
    assert scala[0].startswith(f"// emr_nb:{request.tag} {{")
    assert scala[0].isascii()
    assert scala[2] == request.code


def test_a_session_without_the_runner_fails_before_anything_runs(tmp_path: Path) -> None:
    mark = tmp_path / "ran"
    request = ask(f"open({str(mark)!r}, 'w')")
    with PlainSession() as fresh:
        answer = fresh.execute(code.cell_code(request, TransferPlan(5), install=False))
        assert code.runner_missing(answer["ename"], answer["evalue"])
        assert not mark.exists()
        assert fresh.execute(code.install_code("t"))["status"] == "ok"
        answer = fresh.execute(code.cell_code(request, TransferPlan(5), install=False))
        assert answer["status"] == "ok"
        assert mark.exists()
        names = fresh.execute("print([n for n in globals() if 'emr_nb' in n or n == 'install'])")
        assert names["data"]["text/plain"] == "[]"
    assert not code.runner_missing("ModuleNotFoundError", "No module named 'numpy'")


def test_last_expressions_and_statements(session: PlainSession) -> None:
    assert run(session, "1\n2") == [Text("2\n")]
    assert run(session, "2;") == []
    assert run(session, "None") == []
    assert run(session, "x = 4") == []
    assert run(session, "x\n# a comment") == [Text("4\n")]
    assert run(session, "_ + 1") == [Text("5\n")]
    assert run(session, "") == []
    assert run(session, "for i in range(2):\n    i") == []


def test_names_live_in_the_session(session: PlainSession) -> None:
    run(session, "def twice(x):\n    return 2 * x\ny = 3")
    assert run(session, "twice(y)") == [Text("6\n")]
    (told,) = [p for p in session.parts(ask("1"), TransferPlan(1)) if isinstance(p, SessionFacts)]
    assert told.names["twice"] == "function"
    assert told.names["y"] == "int"


def test_what_answers_oddly_when_asked_fails_no_cell(session: PlainSession) -> None:
    """A Java class of py4j raises an error of its own for an attribute that it lacks."""
    source = (
        "class Odd:\n    def __getattr__(self, name): raise ValueError(name)\n"
        "odd = Odd()\nimport math\nfine = 1"
    )
    assert run(session, source) == []
    (told,) = [p for p in session.parts(ask("1"), TransferPlan(1)) if isinstance(p, SessionFacts)]
    assert told.names["odd"] == "Odd"
    assert "sqrt" in told.modules["math"]
    assert "bit_length" in told.members["int"]


@pytest.mark.parametrize(
    "text",
    [
        "'''",
        '"""',
        "{x} {{y}}",
        "\\n\\",
        "\u2028\u2029\x85",
        "%matplot plt",
        "\r",
        "${x}",
        "é😀",
        "\0",
    ],
)
def test_odd_text_comes_through(session: PlainSession, text: str) -> None:
    assert run(session, f"print({text!r}, end='')") == [Text(text)]
    if not set(text) & {"\0", "\r", "\\"} and text not in {"'''", '"""'}:
        assert run(session, f"x = '''\n{text}\n'''\nprint(x, end='')") == [Text(f"\n{text}\n")]


def test_errors_show_the_cells_frames_alone(session: PlainSession) -> None:
    told = failure(session, "def inner():\n    raise KeyError('gone')\n\n\ninner()")
    assert (told.ename, told.evalue, told.line) == ("KeyError", "'gone'", 2)
    text = "".join(told.traceback)
    assert "raise KeyError('gone')" in text
    assert 'File "<cell>", line 5, in <module>' in text
    assert "emr_nb" not in text
    assert "<stdin>" not in text


def test_an_error_in_a_function_of_an_earlier_cell(session: PlainSession) -> None:
    run(session, "\n\n\ndef fails():\n    return 1 / 0")
    told = failure(session, "a = 1\nfails()")
    assert told.line == 2
    assert "return 1 / 0" in "".join(told.traceback)


def test_chained_errors_keep_their_causes(session: PlainSession) -> None:
    source = "try:\n    1 / 0\nexcept ZeroDivisionError as e:\n    raise ValueError('v') from e"
    text = "".join(failure(session, source).traceback)
    assert (
        text.index("ZeroDivisionError") < text.index("direct cause") < text.index("ValueError: v")
    )


def test_a_syntax_error_points_at_its_line(session: PlainSession) -> None:
    told = failure(session, "x = 1\ny = (\nz")
    assert told.ename == "SyntaxError"
    assert told.line in {2, 3}


def test_what_was_printed_before_a_failure_is_kept(session: PlainSession) -> None:
    parts = run(session, "import sys\nprint('a')\nprint('b', file=sys.stderr)\nraise SystemExit(3)")
    assert parts[:2] == [Text("a\n"), Text("b\n", "stderr")]
    assert isinstance(parts[2], Failure)
    assert parts[2].ename == "SystemExit"
    assert run(session, "1") == [Text("1\n")]


def test_displays_stand_in_order(session: PlainSession) -> None:
    source = (
        "class H:\n    def _repr_html_(self):\n        return '<b>x</b>'\n"
        "    def __repr__(self):\n        return 'H'\n"
        "print(1)\ndisplay(H())\nprint(2)\ndisplay('text')\nH()"
    )
    shown = Mime({"text/html": "<b>x</b>", "text/plain": "H"}, {})
    assert run(session, source) == [Text("1\n"), shown, Text("2\n'text'\n"), shown]


def test_logging_set_up_in_one_cell_works_in_the_next(session: PlainSession) -> None:
    run(session, "import logging, sys\nlogging.basicConfig(stream=sys.stderr, level='INFO')")
    assert run(session, "logging.info('later')") == [Text("INFO:root:later\n", "stderr")]


def test_livys_magics(session: PlainSession) -> None:
    (table,) = run(session, "%table [{'a': 1, 'b': 2}, {'a': 3}]")
    assert isinstance(table, Mime)
    assert table.data["application/vnd.livy.table.v1+json"]["data"] == [[1, 2], [3, None]]
    assert failure(session, "x = 1\n%nope x").ename == "MagicError"
    assert failure(session, "x = (\n%json 1").ename == "SyntaxError"


def test_figures_come_as_png() -> None:
    pytest.importorskip("matplotlib")
    with PlainSession(site=True) as session:
        source = (
            "import matplotlib\nmatplotlib.use('Agg')\n"
            "import matplotlib.pyplot as plt\nplt.plot([1, 2])\n"
        )
        for last in ("%matplot plt", "plt.gcf()", "display(plt.gcf())"):
            shown = [part for part in run(session, source + last) if isinstance(part, Mime)]
            assert shown[-1].data["image/png"].startswith("iVBOR")


def test_pyplots_show_and_axes_come_as_png() -> None:
    """In the cell that imports pyplot as well; what was shown is closed, as in a notebook."""
    pytest.importorskip("matplotlib")
    with PlainSession(site=True) as session:
        begin = "import matplotlib\nmatplotlib.use('Agg')\nimport matplotlib.pyplot as plt\n"
        code = f"{begin}print('a')\nplt.plot([1, 2])\nplt.show()\nprint('b', plt.get_fignums())"
        before, shown, after = run(session, code)
        assert (before, after) == (Text("a\n"), Text("b []\n"))
        assert isinstance(shown, Mime)
        assert shown.data["image/png"].startswith("iVBOR")
        (axes,) = run(session, "fig, ax = plt.subplots()\nax")
        assert isinstance(axes, Mime)
        assert axes.data["image/png"].startswith("iVBOR")
        assert "Axes" in axes.data["text/plain"]


def test_a_plotly_figure_comes_as_its_json(session: PlainSession) -> None:
    """The stand-in has what the bundle needs of plotly's figures; its own HTML stays beside."""
    source = (
        "class BaseFigure:\n    data = (1, 2)\n"
        '    def to_json(self): return \'{"data": [1, 2], "layout": {}}\'\n'
        "    def _repr_mimebundle_(self, include=None, exclude=None): return {}\n"
        "    def _repr_html_(self): return '<div></div>'\n"
        "BaseFigure.__module__ = 'plotly.basedatatypes'\n"
        "class Figure(BaseFigure): pass\nFigure()"
    )
    (shown,) = run(session, source)
    assert isinstance(shown, Mime)
    assert shown.data == {
        "application/vnd.plotly.v1+json": {"data": [1, 2], "layout": {}},
        "text/html": "<div></div>",
        "text/plain": "Figure with 2 traces",
    }


def test_a_future_import_holds_for_its_cell(session: PlainSession) -> None:
    source = "from __future__ import annotations\nimport math\ndef f(x: Nope): pass\nprint('ok')"
    assert run(session, source) == [Text("ok\n")]


def test_plain_values_and_pandas_frames_of_the_driver() -> None:
    with PlainSession(site=True) as session:
        (value,) = run(session, "v = [1, {'a': 2.5}]", "v")
        assert value == ValuePart("v", [1, {"a": 2.5}])
        source = (
            "import pandas as pd, numpy as np\n"
            "f = pd.DataFrame({'i': [1, 2], 's': ['02134', None], 'x': [np.nan, -0.0],"
            " 't': pd.to_datetime(['2020-01-01', None]),"
            " 'k': pd.array([2**53 + 1, None], 'Int64')},"
            " index=pd.Index(['p', 'q'], name='key'))"
        )
        table = session.result(ask(source, "f"), TransferPlan(None)).table
        assert table.column_names == ["key", "i", "s", "x", "t", "k"]
        assert table.column("s").to_pylist() == ["02134", None]
        assert table.column("k").to_pylist() == [2**53 + 1, None]
        assert str(table.column("t").type) == "timestamp[us]"
        told = failure_of(session, "f = pd.DataFrame({'mixed': [1, 'a']})", "f")
        assert "'mixed'" in told.evalue


def failure_of(session: PlainSession, source: str, output: str) -> Failure:
    part = run(session, source, output)[-1]
    assert isinstance(part, Failure)
    return part


def test_versions_of_the_runner_coexist() -> None:
    name = code.module_name()
    assert name.startswith("_emr_nb_")
    assert name in code.chunk_code("t", 0, 1)


def test_it_installs_quickly(session: PlainSession) -> None:
    start = time.monotonic()
    session.execute(code.install_code("again"))
    assert time.monotonic() - start < 10
    assert len(code.install_code("x")) < 40_000, "it travels with every first cell"
    assert sys.version_info >= (3, 11)
