"""browse: the files of a cluster as a browser in the cell's output."""

from __future__ import annotations

from typing import TYPE_CHECKING

from emr_nb.notebook.answers import Text
from emr_nb.notebook.commands.base import ON, Command
from emr_nb.notebook.commands.file_lines import PATHS, Paths
from emr_nb.notebook.options import Option, Parsed

if TYPE_CHECKING:
    from emr_nb.notebook.state import Notebook


def browse(notebook: Notebook, given: Parsed) -> Text | None:
    """Show a file browser; a terminal, which can draw none, is told what to write instead."""
    from emr_nb.notebook.browser.serving import bundle

    paths = Paths(notebook, given)
    made, start = paths.made, paths.target(given["path"] or "/")
    made.cluster.filesystem(start)  # a store that the cluster lacks is told at once
    if not notebook.browsers.serve(getattr(notebook.shell, "kernel", None)):
        return Text(f"This terminal draws no browser. %emr ls {start} lists the same.")
    name = made.name
    key = notebook.browsers.add(name, lambda: notebook.attachment(name).cluster, start)
    notebook.screen.show(bundle(key, name, start))
    return None


COMMANDS = (
    Command(
        "browse",
        "Browse files: sort, filter, preview, download, insert as code.",
        browse,
        (
            Option("path", help=PATHS.help, source="path"),
            ON,
        ),
    ),
)
