"""Statements and sessions, as the journal and the engines know them. Times are epoch seconds."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from emr_nb.server.models.common import Answer, Failure, Input, Text, Word


class StatementsWanted(Input, frozen=True, kw_only=True):
    """Searches the history, newest first; empty fields want any. `after` is a page's cursor.

    The words of `search` must all stand in the statement's text. `running` leaves what has
    ended out; with `commands` the statements that `%emr` itself sent are there too.
    """

    search: Text = ""
    cluster: Word = ""
    engine: Word = ""
    state: Word = ""
    notebook: Text = ""
    since: float = 0.0
    running: bool = False
    commands: bool = False
    after: Word = ""
    count: Annotated[int, Meta(ge=1, le=200)] = 50


class StatementView(Answer, frozen=True, kw_only=True):
    """One statement; `text` is cut where `cut`: its own route has all of it.

    `orphan` says that the kernel that ran it is gone while it may still run. `fraction` is how
    much of it was done at its last look, where its engine tells that.
    """

    tag: str
    cluster: str
    cluster_name: str
    engine: str
    session: str
    state: str
    language: str
    notebook: str
    cell: str
    text: str
    cut: bool
    line: str
    rows: int | None
    error: str
    created: float
    updated: float
    ended: float | None
    seconds: float
    orphan: bool
    fraction: float | None


class StatementPage(Answer, frozen=True, kw_only=True):
    """A page of statements; `after` is the next cursor, None at the end."""

    statements: list[StatementView]
    after: str | None


class StatementId(Input, frozen=True, kw_only=True):
    """Names a statement by its tag."""

    tag: Annotated[str, Meta(min_length=8, max_length=64, pattern="^[0-9a-f]+$")]


class HistoryCleared(Input, frozen=True, kw_only=True):
    """Which history to forget: of one cluster or all, up to a time or all."""

    cluster: Word = ""
    before: float | None = None


class Cleared(Answer, frozen=True, kw_only=True):
    """How many statements were forgotten; of those that run only the text is."""

    forgotten: int


class CancelView(Answer, frozen=True, kw_only=True):
    """What a cancel achieved: `stopped`, `still running`, `already ended` or `not known`."""

    outcome: str


class SessionView(Answer, frozen=True, kw_only=True):
    """One session; `notebook` began it, and `orphan` says that its kernel is gone.

    `mine` says that a kernel of this user began it. `running` are the tags of its open
    statements. `kept` is until when the server keeps it alive; `cost` is what an hour of it costs
    in US dollars, where that is known.
    """

    id: str
    label: str
    name: str
    engine: str
    state: str
    owner: str
    app_id: str
    queue: str
    notebook: str
    mine: bool
    orphan: bool
    created: float | None
    last_used: float | None
    running: list[str]
    kept: float | None
    cost: float | None


class SessionList(Answer, frozen=True, kw_only=True):
    """The sessions on a cluster; engines that did not answer are told by name."""

    sessions: list[SessionView]
    failures: dict[str, Failure]


class SessionId(Input, frozen=True, kw_only=True):
    """Names a session of an engine."""

    cluster: Word
    engine: Word
    session: Word


class KeepWanted(SessionId, frozen=True, kw_only=True):
    """For how many hours more to keep a session; None: as the setting says, 0: no longer."""

    hours: Annotated[float, Meta(ge=0, le=24 * 30)] | None = None


class KeptView(Answer, frozen=True, kw_only=True):
    """Until when the server keeps a session alive; None: not at all."""

    until: float | None
