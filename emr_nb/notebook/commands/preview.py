"""preview: what a file or a folder holds, without any engine."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from emr_nb.errors import UsageError
from emr_nb.notebook.answers import Text
from emr_nb.notebook.commands.base import ON, Command
from emr_nb.notebook.commands.file_lines import PATHS, Paths
from emr_nb.notebook.look import size
from emr_nb.notebook.options import Option, Parsed
from emr_nb.notebook.progress_line import ProgressLine

if TYPE_CHECKING:
    from emr_nb.files.preview import Options
    from emr_nb.notebook.state import Notebook

_ROWS = 20
_MOST_ROWS = 1000
_DELIMITERS = {"tab": "\t", "\\t": "\t", "comma": ",", "pipe": "|", "semicolon": ";", "^A": "\x01",
               "\\x01": "\x01", "space": " "}  # fmt: skip


def preview(notebook: Notebook, given: Parsed) -> Any:
    """Show format, schema, row groups or snapshots, and the first rows."""
    from emr_nb.files.preview import preview as look
    from emr_nb.notebook.preview_view import PreviewAnswer, as_json

    options = _options(given)
    paths = Paths(notebook, given)
    path = paths.target(given["path"])
    line = ProgressLine(notebook.screen)
    line.note(f"reading {path}")
    try:
        found = look(paths.files.store(path), path, options)
    except BaseException:
        line.end_if_shown("failed", f"preview of {path}")
        raise
    line.end_if_shown("done", f"preview of {path}", f"{size(found.read)} read")
    return Text(as_json(found)) if given["json"] else PreviewAnswer(notebook, found)


def _options(given: Parsed) -> Options:
    from emr_nb.files.preview import Options

    rows = _ROWS if given["rows"] is None else given["rows"]
    if not 0 <= rows <= _MOST_ROWS:
        raise UsageError(
            f"-n takes 0 to {_MOST_ROWS:,} rows, not {rows:,}",
            where="%emr preview",
            advice="A cell of an engine, such as %%trino, reads more.",
        )
    delimiter = given["delimiter"]
    if delimiter is not None:
        delimiter = _DELIMITERS.get(delimiter, delimiter)
        if len(delimiter) != 1 or delimiter in '\r\n"':
            raise UsageError(
                f"--delimiter takes one character, not {delimiter!r}",
                where="%emr preview",
                advice=f"Or one of {', '.join(k for k in _DELIMITERS if k[0] != chr(92))}.",
            )
    header = {"yes": True, "no": False}.get(given["header"] or "")
    return Options(rows=rows, delimiter=delimiter, header=header)


COMMANDS = (
    Command(
        "preview",
        "Show what a file or a folder of parts holds, without an engine.",
        preview,
        (
            Option("path", help=PATHS.help, required=True, source="path"),
            Option("rows", ("-n",), f"How many first rows (default {_ROWS})", "int", "ROWS"),
            Option("json", ("--json",), "One JSON object with all of it", "flag"),
            Option("delimiter", ("--delimiter",), "Of a text: a character, or tab", metavar="D"),
            Option(
                "header",
                ("--header",),
                "Whether a text's first line has the names",
                choices=("yes", "no"),
            ),
            ON,
        ),
    ),
)
