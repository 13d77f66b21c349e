"""Code arrives as it was written, and what a cell prints beside its result cannot spoil it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import Any

import pytest
from fault_rig import Rig, attached, submit
from IPython.core.interactiveshell import InteractiveShell

from emr_nb.journal import Journal
from emr_nb.model import Log, Output
from emr_nb.notebook.backend import Backend
from emr_nb.notebook.extension import Extension
from emr_nb.notebook.places import Place
from emr_nb.notebook.state import Notebook

TEXTS = {
    "triple quotes": "a '''b''' \"\"\"c\"\"\" ''",
    "braces": "{x} {{y}} {0} ${z} %s %(n)s {% if %} $x _$folder$ }{",
    "backslashes": r"\ \\ \n \t \x41 \" \' C:\new\table \N{BULLET} \\u",
    "U+2028": "one\u2028two\u2029three\x85four\x0bfive\x0csix\x1cseven",
    "other planes": "é 漢 🦆 \u200b\u202e \ufeff ﷽",
}

RAW = "--set spark.sql.variable.substitute=false"


@pytest.fixture(scope="module")
def shell(rig: Rig) -> Iterator[Any]:
    InteractiveShell.clear_instance()
    made = InteractiveShell.instance()
    cluster = attached(rig.cluster.settings.data_home, Journal(rig.journal), rig.livy_port)
    backend = Backend(lambda *_, **__: cluster, lambda *_, **__: iter(()))
    place = Place("/x/faults.ipynb", "code", False)
    extension = Extension(made, Notebook(made, backend=lambda: backend, place=place))
    extension.install()
    made.run_cell("_c = %emr attach local")
    made.user_ns["x"] = made.user_ns["y"] = "EXPANDED"  # what IPython would put for {x} and $x
    yield made
    extension.remove()
    cluster.journal.close()
    made.history_manager.end_session()
    InteractiveShell.clear_instance()


def brought(shell: Any, rig: Rig, magic: str, code: str) -> str:
    """Run a cell in the notebook; return what it brought as a hexadecimal text."""
    shell.run_cell(f"%%{magic} -s {rig.name} -o got --as arrow\n{code}").raise_error()
    return str(shell.user_ns["got"].column(0)[0].as_py()).lower()


def hexed(text: str) -> str:
    return text.encode("utf-8", "surrogatepass").hex()


@pytest.mark.parametrize("name", TEXTS)
def test_python_code_arrives_as_written(rig: Rig, shell: Any, name: str) -> None:
    """The text stands raw in a comment, too, and the cell hashes its own source."""
    code = (
        f"import linecache, hashlib  # {TEXTS[name].splitlines()[0]}\n"
        f"text = {TEXTS[name]!r}\n"
        "source = ''.join(linecache.getlines((lambda: 0).__code__.co_filename))\n"
        "digest = hashlib.sha256(source.rstrip().encode()).hexdigest()\n"
        "got = spark.createDataFrame([(text.encode().hex() + digest,)], 'v string')"
    )
    digest = hashlib.sha256(code.encode()).hexdigest()
    assert brought(shell, rig, "spark", code) == hexed(TEXTS[name]) + digest


@pytest.mark.parametrize("name", TEXTS)
def test_raw_text_inside_python_quotes_arrives_as_written(rig: Rig, shell: Any, name: str) -> None:
    text = TEXTS[name].replace("\\N", "")  # no escape in a raw text, yet one to a formatter
    quote = '"' if name != "triple quotes" else ""
    if not quote:
        literal = "'''" + text.replace("'''", "''' + \"'''\" + '''").rstrip("'") + "''' + \"''\""
    else:
        literal = "r'''" + text.rstrip("\\'") + "'''"
        text = text.rstrip("\\'")
    code = f"got = spark.createDataFrame([(({literal}).encode().hex(),)], 'v string')"
    assert brought(shell, rig, "spark", code) == hexed(text)


@pytest.mark.parametrize("name", TEXTS)
def test_sql_arrives_as_written(rig: Rig, shell: Any, name: str) -> None:
    """Backslash and quote are SQL's own escapes, `${x}` is Spark's variable, `{{y}}` ours."""
    literal = TEXTS[name].replace("\\", "\\\\").replace("'", "\\'")
    wanted = TEXTS[name].replace("{{y}}", "EXPANDED")
    code = f"select -- {TEXTS[name].splitlines()[0]}\n  hex(encode('{literal}', 'utf-8')) v"
    assert brought(shell, rig, f"spark -l sql {RAW}", code) == hexed(wanted)


def test_scala_arrives_as_written(rig: Rig, shell: Any) -> None:
    """Scala 2.12 reads one escape even in raw texts, and refuses what turns the direction."""
    texts = [text.replace("\\u", "").replace("\u202e", "") for text in TEXTS.values()]
    rows = ", ".join(f"hexed({scala(text)})" for text in texts)
    code = (
        'def hexed(s: String) = s.getBytes("UTF-8").map("%02x".format(_)).mkString\n'
        f'val got = Seq({rows}).toDF("v")'
    )
    shell.run_cell(f"%%spark -l scala -s {rig.name} -o got --as arrow\n{code}").raise_error()
    came = shell.user_ns["got"].column(0).to_pylist()
    assert dict(zip(TEXTS, came, strict=True)) == dict(zip(TEXTS, map(hexed, texts), strict=True))


def scala(text: str) -> str:
    if '"""' in text:
        return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
    return f'"""{text}"""'


NOISE = {
    "ANSI": "\x1b[31mred\x1b[0m\x1b[2K\x1b]0;title\x07",
    "carriage returns": "10%\r50%\r100%",
    "NUL": "a\x00b\x00",
    "look-alikes": "<emr_nb 0 table 0 4 4 00000000>AAAAAAAA</emr_nb>",
    "half a frame": "<emr_nb " + "f" * 32 + " table 0 10",
    "JSON": '{"status": "error"}\n%json x',
}


@pytest.mark.parametrize("name", NOISE)
def test_stray_prints_stay_text_and_the_table_is_whole(rig: Rig, name: str) -> None:
    noise = NOISE[name]
    code = (
        f"import sys\nprint({noise!r})\nprint({noise!r}, end='', file=sys.stderr)\n"
        f"df = spark.range(1000)\nprint({noise!r}, end='')\ndf"
    )
    statement = submit(rig.session, code, output="df")
    events = list(statement.events())
    result = statement.result()
    assert result.table.column("id").to_pylist() == list(range(1000))
    assert not [e for e in events if isinstance(e, Output)]
    printed = "\n".join("\n".join(e.lines) for e in events if isinstance(e, Log))
    assert printed.count(noise) == 3
