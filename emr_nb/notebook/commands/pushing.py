"""push: local data to the cluster."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from emr_nb.errors import StatementCancelledError, StatementError, TableExistsError, UsageError
from emr_nb.notebook.answers import Text
from emr_nb.notebook.attachment import SPARK, title_of
from emr_nb.notebook.cells import MAGICS, Job
from emr_nb.notebook.commands.base import ENGINE, ON, Command
from emr_nb.notebook.look import plural
from emr_nb.notebook.options import Option, Parsed

if TYPE_CHECKING:
    from emr_nb.engines.inputs import LocalInput, Staged
    from emr_nb.notebook.state import Notebook

_WHERE = "%emr push"


def push(notebook: Notebook, given: Parsed) -> Text:
    """Send a local frame as a temporary view, or another value as a variable."""
    from emr_nb.notebook.runner import Runner

    engine = given["engine"] or SPARK
    inputs = _inputs(notebook, given, engine)
    if engine != SPARK:
        return _to_engine(notebook, given, engine, inputs)
    code = f"# %emr push {', '.join(item.name for item in inputs)}"
    plain = next(magic for magic in MAGICS if magic.name == "pyspark").parser(line=False).parse("")
    chosen = {"on": given["on"], "session": given["session"], "new": given["new"]}
    language = given["language"]
    if language == "scala":  # the variables come before it, and a comment alone is no statement
        code = "()"
    options = Parsed({**plain, **chosen})
    job = Job(code, language, options, "emr push", in_line=True, inputs=inputs)
    runner = Runner(notebook)
    try:
        runner.run(job)
    except StatementCancelledError:
        raise  # what still runs may read what was sent
    except StatementError as error:
        if runner.staged is not None:
            runner.staged.undo()
        if error.ename == "TableExists":
            raise TableExistsError(
                f"The table {given['table']} is there already; nothing was changed",
                where=_WHERE,
                advice="--overwrite replaces it.",
            ) from error
        raise
    assert runner.staged is not None
    if given["table"]:
        runner.staged.undo()  # the table has rows of its own
    return Text("\n".join(_told(item, runner.staged, language) for item in inputs))


def _to_engine(
    notebook: Notebook, given: Parsed, engine: str, inputs: tuple[LocalInput, ...]
) -> Text:
    """Send frames to an engine whose cells are SQL."""
    from emr_nb.notebook.cells import SQL_OPTIONS
    from emr_nb.notebook.runner import Runner

    values = [item.name for item in inputs if item.frame is None]
    if values:
        raise UsageError(
            f"{', '.join(values)}: {title_of(engine)} has no variables",
            where=_WHERE,
            advice=f"Write {{{{{values[0]}}}}} in the cell: it takes the value as it is then.",
        )
    chosen = {"on": given["on"], "session": given["session"], "new": given["new"], "quiet": True}
    options = Parsed({**{option.name: option.initial for option in SQL_OPTIONS}, **chosen})
    code = f"-- %emr push {', '.join(item.name for item in inputs)}"
    job = Job(code, "sql", options, "emr push", in_line=True, inputs=inputs, engine=engine)
    runner = Runner(notebook)
    runner.send(notebook.attachment(given["on"] or ""), job)
    assert runner.staged is not None
    if given["table"]:
        runner.staged.undo()  # the table has rows of its own
    return Text("\n".join(_told(item, runner.staged, "sql", engine) for item in inputs))


def _inputs(notebook: Notebook, given: Parsed, engine: str) -> tuple[LocalInput, ...]:
    from emr_nb.engines.inputs import local_input
    from emr_nb.notebook.inputs import check_name, local_inputs, value_of, way_to

    table, name, names = given["table"] or "", given["name"], notebook.shell.user_ns
    way = way_to(notebook, engine, given["on"] or "")
    if given["overwrite"] and not table:
        raise UsageError("--overwrite goes with --table; a view is always replaced", where=_WHERE)
    more: dict[str, Any] = {"table": table, "overwrite": given["overwrite"], "way": way}
    if not name and not table:
        return local_inputs(given["variables"], names, where=_WHERE, way=way)
    if len(given["variables"]) != 1 or "," in given["variables"][0]:
        raise UsageError("--name and --table go with one variable", where=_WHERE)
    variable = given["variables"][0]
    value = value_of(variable, names, _WHERE)
    if name:
        check_name(name, f"{_WHERE} --name")
    return (local_input(name or variable, value, **more),)


def _told(item: LocalInput, staged: Staged, language: str, engine: str = SPARK) -> str:
    if item.frame is None:
        return f"{item.name} is a {'Scala' if language == 'scala' else 'Python'} variable there"
    size = f"{plural(staged.rows[item.name], 'row')} × {plural(len(item.frame.columns), 'column')}"
    if item.table:
        return f"{size} are the table {item.table}"
    if engine != SPARK:
        cells = f"%%{engine} cells of this session"
        return f"{size} are the table {item.name} in {cells}, until it ends"
    return f"{size} are the temporary view {item.name}, and the DataFrame {item.name}"


COMMANDS = (
    Command(
        "push",
        "Send a local frame as a temporary view, another value as a variable; to Hive, Presto "
        "and Trino (--engine) a frame as a table, which their cells read by its plain name.",
        push,
        (
            Option("variables", help="local variables: frames and values", many=True,
                   required=True, metavar="VAR", source="here"),
            Option("name", ("--name",), "Another name there", metavar="NAME"),
            Option("table", ("--table",), "Write a table instead of a view", metavar="DB.T"),
            Option("overwrite", ("--overwrite",), "With --table: replace it", "flag"),
            Option("language", ("-l", "--language"), "Whose variables", choices=("python", "scala"),
                   default="python"),
            Option("session", ("-s", "--session"), "To the session of this name", metavar="NAME",
                   source="session"),
            Option("new", ("--new",), "With -s: start that session if there is none", "flag"),
            replace(ENGINE, help="To this engine: spark (the default), hive, presto or trino"),
            ON,
        ),
    ),
)  # fmt: skip
