"""clusters, sessions, history: what there is."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from emr_nb.errors import AwsCredentialsError, EmrError
from emr_nb.journal import StatementRow
from emr_nb.model import ClusterSummary, SessionInfo
from emr_nb.notebook.answers import Field, Records
from emr_nb.notebook.attachment import SPARK
from emr_nb.notebook.commands.base import ENGINE, ON, Command, placed
from emr_nb.notebook.look import count, first_line, moment, seconds
from emr_nb.notebook.options import Option, Parsed

if TYPE_CHECKING:
    from emr_nb.notebook.state import Notebook

_ASKED = 20  # statements that commands sent, for each that somebody wrote, are looked through
_CLUSTER_FIELDS = (
    Field[ClusterSummary]("name", lambda c: c.name),
    Field[ClusterSummary]("id", lambda c: c.id),
    Field[ClusterSummary]("state", lambda c: c.state),
    Field[ClusterSummary]("created", lambda c: c.created, moment),
    Field[ClusterSummary]("from", lambda c: c.provider),
    Field[ClusterSummary]("reason", lambda c: c.state_reason),
)
_SESSION_FIELDS = (
    Field[SessionInfo]("id", lambda s: s.short or s.id, right=True),
    Field[SessionInfo]("name", lambda s: s.name),
    Field[SessionInfo]("engine", lambda s: s.engine),
    Field[SessionInfo]("state", lambda s: s.state),
    Field[SessionInfo]("owner", lambda s: s.proxy_user or s.owner),
    Field[SessionInfo]("application", lambda s: s.app_id),
    Field[SessionInfo]("queue", lambda s: s.queue),
)
_STATEMENT_FIELDS = (
    Field[StatementRow]("tag", lambda r: r.tag, lambda tag: str(tag)[:8]),
    Field[StatementRow]("when", lambda r: datetime.fromtimestamp(r.created, UTC), moment),
    Field[StatementRow]("state", lambda r: r.state),
    Field[StatementRow]("took", lambda r: r.seconds, seconds, right=True),
    Field[StatementRow](
        "rows", lambda r: r.rows, lambda n: "" if n is None else count(n), right=True
    ),
    Field[StatementRow]("engine", lambda r: r.engine),
    Field[StatementRow]("language", lambda r: r.language),
    Field[StatementRow]("cluster", lambda r: r.cluster_name or r.cluster),
    Field[StatementRow]("code", lambda r: r.text, lambda text: first_line(str(text))),
)


def clusters(notebook: Notebook, given: Parsed) -> Records[ClusterSummary]:
    """List the clusters that can be attached, newest first."""
    rows: list[ClusterSummary] = []
    notice = ""
    try:
        listed = notebook.backend.list_clusters(notebook.settings, live_only=not given["all"])
        rows.extend(listed)
    except AwsCredentialsError as error:
        # a machine without AWS still has its local clusters; the line says what is missing
        notice = f"Clusters on AWS are not listed: {error.what}"
    except EmrError:
        if not rows:
            raise
    if not rows and not notice:
        notice = "No cluster is running. %emr attach local starts one on this machine."
    notebook.known_clusters = tuple(name for row in rows for name in (row.name, row.id) if name)
    return Records(rows, _CLUSTER_FIELDS, notice)


def sessions(notebook: Notebook, given: Parsed) -> Records[SessionInfo]:
    """List the sessions of the engines in use; those of this notebook are told in the notice."""
    made = notebook.attachment(given["on"] or "")
    wanted = given["engine"] or ""
    rows: list[SessionInfo] = []
    mine: list[str] = []
    for used in [made.of(wanted)] if wanted else made.in_use():
        if used.name == SPARK and not wanted and not made.has_spark:
            continue
        infos = made.cluster.engine(used.name).sessions()
        rows += placed(made, infos) if used.name == SPARK else infos
        mine += [f"{i.short or i.id} {i.name}" for i in infos if i.name == used.sessions.name]
    several = "s" if len(mine) > 1 else ""
    notice = f"This notebook's session{several}: {', '.join(mine)}" if mine else (
        "This notebook has no session yet."
    )  # fmt: skip
    return Records(rows, _SESSION_FIELDS, notice)


def history(notebook: Notebook, given: Parsed) -> Records[StatementRow]:
    """List the newest statements of this user, from the journal."""
    cluster = notebook.attachment(given["on"]).cluster.info.id if given["on"] else ""
    limit = given["rows"] if given["rows"] is not None else 20
    # a listing of tables asks by statements of its own, which nobody has written
    found = notebook.journal.statements(cluster=cluster, limit=limit * _ASKED + _ASKED)
    rows = [row for row in found if given["all"] or not row.line.startswith("%emr")][:limit]
    return Records(rows, _STATEMENT_FIELDS, "" if rows else "No statement has been run yet.")


COMMANDS = (
    Command(
        "clusters",
        "List the clusters that can be attached.",
        clusters,
        (Option("all", ("-a", "--all"), "Also those that have ended", "flag"),),
    ),
    Command("sessions", "List the sessions of the engines in use.", sessions, (ENGINE, ON)),
    Command(
        "history",
        "List the newest statements.",
        history,
        (
            Option("rows", ("-n",), "How many", "int", "N", default=20),
            Option("all", ("-a", "--all"), "Also those that commands such as tables sent", "flag"),
            ON,
        ),
    ),
)
