"""The cell magics and their line forms: what they are called and which options they take."""

from __future__ import annotations

import keyword
from collections.abc import Collection
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from emr_nb.errors import EmrError, StatementError, UsageError
from emr_nb.model import FORMATS
from emr_nb.notebook.errors import short_errors
from emr_nb.notebook.options import Option, Parsed, Parser

if TYPE_CHECKING:
    from emr_nb.engines.inputs import LocalInput
    from emr_nb.engines.sql.origins import Origin
    from emr_nb.notebook.state import Notebook

LANGUAGES = ("python", "scala", "sql")
CHARTS = ("bar", "line", "scatter", "area", "hist")
_LANGUAGE = Option("language", ("-l", "--language"), "Language of this cell", choices=LANGUAGES)
_CONTEXT = Option(
    "context", ("-c", "--context"), "As in sparkmagic: -c sql is -l sql", choices=("spark", "sql")
)

OPTIONS = (
    Option("output", ("-o", "--output"), "Bring this variable (of SQL: the result) here",
           "name", "VAR", source="remote"),
    Option("inputs", ("-i", "--input"), "Send these local variables first; in SQL a frame is a "
           "table of its name, and {{name}} takes a value", metavar="VAR[,VAR]", many=True,
           source="here"),
    Option("as_", ("--as",), "What -o makes of it", choices=("pandas", "polars", "arrow"),
           default="pandas"),
    Option("rows", ("-n", "--rows", "--maxrows"), "Rows to bring: 0 = schema alone, -1 = all",
           "int", "ROWS"),
    Option("to", ("--to",), "Write the table to files instead of bringing it; relative and ~ "
           "paths are local, bare absolute ones on the cluster", metavar="PATH", source="path"),
    Option("format", ("--format",), "With --to: the files' format", choices=FORMATS,
           default="parquet"),
    Option("overwrite", ("--overwrite",), "With --to: replace what is there", "flag"),
    Option("quiet", ("-q", "--quiet"), "Show no table, only the summary line", "flag"),
    Option("session", ("-s", "--session"), "Use the session of this name", metavar="NAME",
           source="session"),
    Option("new", ("--new",), "With -s: start that session if there is none", "flag"),
    Option("on", ("--on",), "Run on this attached cluster", metavar="CLUSTER", source="attached"),
    Option("async_", ("--async",), "Return at once; -o gets a handle: await it, or .result()",
           "flag"),
    Option("settings", ("--set",), "A setting for this statement", "pair", "K=V", many=True),
    Option("database", ("-d", "--database", "--schema"), "Database of this statement",
           metavar="DB"),
    Option("decimal", ("--decimal",), "With -o: exact decimals become floats",
           choices=("exact", "float"), default="exact"),
    Option("chart", ("--chart",), "Draw the result", choices=CHARTS),
    Option("x", ("-x",), "Chart: column of the x axis", metavar="COLUMN"),
    Option("y", ("-y",), "Chart: column, count, or sum|avg|min|max(COLUMN)", metavar="EXPR"),
)  # fmt: skip
_CATALOG = Option("catalog", ("--catalog",), "Catalog of this statement", metavar="C")
_INTERACT = Option("interact", ("--interact",), "A widget for each {{name}}; its Run runs it",
                   "flag")  # fmt: skip
_PROFILE = Option("profile", ("--profile",), "Statistics of its columns instead of its rows, "
                  "computed on the cluster", "flag")  # fmt: skip
SQL_OPTIONS = (*OPTIONS, _CATALOG, _INTERACT, _PROFILE)
_CODE = Option("code", kind="rest", metavar="CODE", help="What to run")


@dataclass(frozen=True, slots=True)
class CellMagic:
    """One magic: its name, the language it means, and what it is for.

    `engines` are those it may run on, the best first: on the first of them that a cluster has.
    """

    name: str
    language: str
    summary: str
    chooses: bool = False
    engines: tuple[str, ...] = ("spark",)

    @property
    def is_spark(self) -> bool:
        return self.engines == ("spark",)

    def parser(self, *, line: bool) -> Parser:
        """Return the parser of the cell form, or of the line form with the code behind it."""
        options: tuple[Option, ...] = OPTIONS if self.is_spark else SQL_OPTIONS
        if self.chooses:
            options = (_LANGUAGE, _CONTEXT, *OPTIONS, _PROFILE)
        if self.name == "sql":
            options = (_CONTEXT, *options, _PROFILE)  # `%%sql -c sql` exists in old notebooks
        mark = "%" if line else "%%"
        return Parser(f"{mark}{self.name}", self.summary, (*options, *((_CODE,) * line)))


MAGICS = (
    CellMagic("spark", "python", "Run on Spark, in Python unless -l says otherwise.", chooses=True),
    CellMagic("pyspark", "python", "Run Python on Spark."),
    CellMagic("scala", "scala", "Run Scala on Spark."),
    CellMagic("sql", "sql", "Run Spark SQL."),
    CellMagic("hive", "sql", "Run SQL on Hive.", engines=("hive",)),
    CellMagic("presto", "sql", "Run SQL on Presto, or on Trino where that is the one there.",
              engines=("presto", "trino")),
    CellMagic("trino", "sql", "Run SQL on Trino, or on Presto where that is the one there.",
              engines=("trino", "presto")),
)  # fmt: skip
NAMES = tuple(m.name for m in MAGICS)


@dataclass(frozen=True, slots=True)
class Job:
    """A cell or line, read: what to run, where, and what to do with the result.

    SQL has a job for each of its statements in `parts`, with its `number` from 0, `is_answer`
    for the one whose table is the cell's, and `origin`, which knows where its text came from.
    """

    code: str
    language: str
    options: Parsed
    magic: str
    first_line: int = 2  # the line of the cell where the code begins
    in_line: bool = False
    line: str = ""  # the magic and its options, for the journal
    cell: str | None = None  # whose cell it is, where that is not the running one
    inputs: tuple[LocalInput, ...] = ()
    engine: str = "spark"
    parts: tuple[Job, ...] = ()
    number: int = 0
    is_answer: bool = True
    origin: Origin | None = None

    def at_cell(self, error: EmrError) -> None:
        """Let an error of this job tell the place in the cell, not in what was sent."""
        if self.origin is not None and isinstance(error, StatementError):
            self.origin.tell(error)


def read(magic: CellMagic, line: str, cell: str | None) -> Job:
    """Read a magic's line and cell; raises UsageError before anything runs."""
    parser = magic.parser(line=cell is None)
    options = parser.parse(line)
    code = (options["code"] or "") if cell is None else cell
    command = parser.command
    if not code.strip():
        raise UsageError(
            "There is nothing to run" if cell is None else "The cell is empty",
            where=command,
            advice=f"Write the code {'behind' if cell is None else 'below'} {command}; "
            f"%emr help {magic.name} lists the options.",
        )
    output = options["output"]
    if output is not None and keyword.iskeyword(output):
        raise UsageError(f"-o {output}: that word belongs to Python", where=command)
    if (options["x"] or options["y"]) and not options["chart"]:
        raise UsageError("-x and -y need --chart", where=command,
                         advice=f"Add --chart {' | '.join(CHARTS)}.")  # fmt: skip
    if options["new"] and not options["session"]:
        raise UsageError("--new needs -s NAME", where=command)
    if options["rows"] is not None and options["rows"] < -1:
        raise UsageError(f"-n {options['rows']}: rows are 0, more, or -1 for all", where=command)
    if options["to"] and (output or options["chart"]):
        raise UsageError(
            f"--to and {'-o' if output else '--chart'} are two ways for one result, and a cell "
            "runs once",
            where=command,
            advice="Write it with --to, then read what was written.",
        )
    if (options["to"] or "").startswith("table:"):
        raise UsageError(
            "--to writes files, and a table is more than its files",
            where=command,
            advice="INSERT INTO or CREATE TABLE … AS writes a table; %emr push VAR --table DB.T "
            "makes one of a variable. --to /PATH writes files.",
        )
    if (options["overwrite"] or options["format"] != "parquet") and not options["to"]:
        raise UsageError("--format and --overwrite need --to PATH", where=command)
    language = options.get("language") or magic.language
    if options.get("context") == "sql":
        language = "sql"
    written = line.rstrip().removesuffix(code.rstrip()) if cell is None else line
    return Job(
        code,
        language,
        options,
        magic.name,
        first_line=1 if cell is None else 2,
        in_line=cell is None,
        line=f"{command} {written.strip()}".rstrip(),
    )


def run_magic(notebook: Notebook, magic: CellMagic, line: str, cell: str | None) -> Any:
    """Run a magic; a line form returns its Result, a cell form shows it, `--async` a handle."""
    sql = magic.language == "sql" or " sql" in line
    first = 1 if cell is None else 2
    with short_errors(cell or "", first, sql=sql, seen=notebook.saw_error):
        job = read(magic, line, cell)
        if job.options.get("profile"):
            from emr_nb.notebook.profiling import refuse

            refuse(job)
        if job.options.get("interact"):
            from emr_nb.notebook.interact import interact

            return interact(notebook, magic, job)
        if job.language == "sql":
            from emr_nb.notebook.sql_cells import prepared

            job = prepared(notebook, magic, job)
        job = with_inputs(notebook, job)
        if job.options["async_"]:
            from emr_nb.notebook.async_cells import start

            return start(notebook, job)
        from emr_nb.notebook.series import Series
        from emr_nb.notebook.transcript import recorded

        dressed = short_errors(cell or "", first, sql=sql, seen=notebook.saw_error)
        with recorded(notebook, job) as screen, dressed:  # an error is kept as it is shown
            return Series(notebook, screen=screen).run(job)


def with_inputs(notebook: Notebook, job: Job) -> Job:
    """Return the job with the local variables that `-i` names; raises UsageError."""
    names = job.options["inputs"]
    if not names:
        return job
    from emr_nb.notebook.inputs import local_inputs, way_to

    way = way_to(notebook, job.engine, job.options["on"] or "")
    found = local_inputs(names, notebook.shell.user_ns, where=f"%%{job.magic} -i", way=way)
    parts = tuple(replace(part, inputs=() if part.number else found) for part in job.parts)
    return replace(job, inputs=found, parts=parts)


def misplaced(lines: list[str], more: Collection[str] = ()) -> None:
    """Raise UsageError for one of our cell magics that stands below line 1 of a cell.

    An IPython input transformer sees the cell first; below line 1 a cell magic would only
    give a syntax error about the code behind it.
    """
    text = [n for n, line in enumerate(lines) if line.strip()]
    if not text or lines[text[0]].startswith("%%"):
        return
    for number in text[1:]:
        word = lines[number].split()[0]
        if word[:2] != "%%" or word[2:] not in (*NAMES, *more):
            continue
        before = "".join(lines[:number])
        if before.count('"""') % 2 or before.count("'''") % 2:
            continue  # inside a text
        raise UsageError(
            f"{word} stands on line {number + 1}: it must be the first line of its cell",
            advice=f"Split the cell there, so that line 1 is: {lines[number].strip()}",
        )
