"""`%emr sparkmagic`: how sparkmagic's magics and kernels reach the attached cluster."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from emr_nb.compat.sparkmagic import installed
from emr_nb.compat.sparkmagic.config import SparkmagicConfig, config_path, load_json, read_config
from emr_nb.compat.sparkmagic.kernels import entry, point_kernels, release_kernels
from emr_nb.compat.sparkmagic.record import read_record
from emr_nb.errors import MissingExtraError, UsageError
from emr_nb.notebook.answers import Facts
from emr_nb.notebook.commands.base import Command
from emr_nb.notebook.extension import extension_of
from emr_nb.notebook.neighbours import runs_bare_cells
from emr_nb.notebook.options import Option, Parsed

if TYPE_CHECKING:
    from emr_nb.notebook.state import Notebook


def sparkmagic(notebook: Notebook, given: Parsed) -> Facts:
    """Change what the options say, and answer how things are."""
    if not installed():
        raise MissingExtraError(
            "sparkmagic is not installed here", advice="pip install 'emr-nb[sparkmagic]'"
        )
    if given["kernels"] and given["no_kernels"]:
        raise UsageError("--kernels and --no-kernels exclude each other", where="%emr sparkmagic")
    done = []
    if given["kernels"]:
        changed = point_kernels(config_path())
        done.append(("done", f"{config_path()} {'has the entry' if changed else 'had it already'}"))
    if given["no_kernels"]:
        changed = release_kernels(config_path())
        done.append(("done", f"{config_path()} {'is as it was' if changed else 'had no entry'}"))
    if given["spark"]:
        _give_spark(notebook, given["spark"])
    return Facts([*done, *_magics(notebook), *_kernels(notebook, read_config())])


def _give_spark(notebook: Notebook, owner: str) -> None:
    from emr_nb.compat.sparkmagic.magics import load_magics
    from emr_nb.compat.sparkmagic.neighbour import SparkmagicNeighbour

    extension = extension_of(notebook.shell)
    if extension is None or runs_bare_cells(notebook.shell):
        raise UsageError(
            "%%spark stays sparkmagic's in its own kernels, which run every bare cell by it",
            where="%emr sparkmagic --spark",
            advice="emr_nb's cells are %%pyspark and %%scala here.",
        )
    if owner == "emr_nb":
        extension.take("spark")
        return
    load_magics(notebook.shell)
    for one in notebook.neighbours.having(SparkmagicNeighbour):
        one.names.give()
        one.settle({})


def _magics(notebook: Notebook) -> list[tuple[str, str]]:
    from emr_nb.compat.sparkmagic.magics import loaded_magics
    from emr_nb.compat.sparkmagic.neighbour import SparkmagicNeighbour

    if runs_bare_cells(notebook.shell):
        return [("magics", "bare cells and %%spark are sparkmagic's, as its kernel has them")]
    theirs = any(
        one.names.theirs_own_spark for one in notebook.neighbours.having(SparkmagicNeighbour)
    )
    loaded = "" if loaded_magics(notebook.shell) else " (loaded at first use)"
    owner = "sparkmagic's" if theirs else "emr_nb's"
    sign = "%spark" if theirs else "%sparkmagic"
    return [
        ("magics", f"%%spark is {owner}; sparkmagic's is always %%sparkmagic{loaded}"),
        ("", f"{sign} add -s NAME -l python    starts a session on the attached cluster"),
    ]


def _kernels(notebook: Notebook, config: SparkmagicConfig) -> list[tuple[str, str]]:
    record = read_record(notebook.settings.data_home)
    where = f"{record.name} ({record.cluster})" if record else "nothing: no cluster is attached"
    if config.kernels_point_here:
        return [
            ("kernels", f"PySpark and Spark kernels started now run on {where}"),
            ("", f"%emr sparkmagic --no-kernels    puts {config.path} back as it was"),
        ]
    text = json.dumps(entry(load_json(config.path)), indent=2)
    return [
        ("kernels", f"PySpark and Spark kernels run on {config.url or 'http://localhost:8998'}"),
        ("", f"%emr sparkmagic --kernels    writes this into {config.path}:"),
        *(("", line) for line in text.splitlines()),
    ]


COMMAND = Command(
    "sparkmagic",
    "Say how sparkmagic's magics and kernels reach the attached cluster; nothing changes unasked. "
    "Once config.json says so, its kernels run on the cluster attached last in any notebook.",
    sparkmagic,
    (
        Option("kernels", ("--kernels",), "Point PySpark and Spark kernels here too: "
               "writes our entry into sparkmagic's config.json", "flag"),
        Option("no_kernels", ("--no-kernels",), "Take that entry out again", "flag"),
        Option("spark", ("--spark",), "Who owns %spark and %%spark in this kernel",
               choices=("emr_nb", "sparkmagic")),
    ),
)  # fmt: skip
