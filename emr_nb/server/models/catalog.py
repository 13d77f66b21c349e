"""What the engines' catalogs hold. Names are the engine's own; `sql` is how SQL writes them."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from emr_nb.server.models.common import Answer, Count, Failure, Input, Word

Name = Annotated[str, Meta(max_length=1024)]  # of a catalog, a schema or a table


class SourceView(Answer, frozen=True, kw_only=True):
    """An engine that has a catalog: `magic` begins a cell of its SQL, `levels` are its tree's.

    `failure` says why it cannot be asked at all.
    """

    name: str
    title: str
    magic: str
    levels: list[str]
    failure: Failure | None = None


class SourceList(Answer, frozen=True, kw_only=True):
    """The catalogs of a cluster."""

    sources: list[SourceView]


class NodesWanted(Input, frozen=True, kw_only=True):
    """Lists what is below a node of a source; empty names mean the level above.

    Names without case that begin, then those that hold, `search` are left. `after` is the
    cursor of the page before.
    """

    cluster: Word
    source: Word
    catalog: Name = ""
    schema: Name = ""
    table: Name = ""
    search: Name = ""
    after: Word = ""
    count: Annotated[int, Meta(ge=1, le=5000)] = 1000


class NodeView(Answer, frozen=True, kw_only=True):
    """A node: `kind` is `catalog`, `schema`, `table`, `view` or `column`.

    `label` is safe to show, `sql` the whole name of what is no column. `key` says that a
    column is one of the table's partitions.
    """

    name: str
    label: str
    kind: str
    sql: str
    type: str = ""
    comment: str = ""
    key: bool = False


class NodePage(Answer, frozen=True, kw_only=True):
    """A page of nodes, `total` of them in all; `after` is the next cursor, None at the end.

    `age` is in seconds since the engine was asked.
    """

    nodes: list[NodeView]
    total: int
    after: str | None
    age: float


class CatalogSearched(Input, frozen=True, kw_only=True):
    """Searches a source for schemas, tables and columns by parts of their names."""

    cluster: Word
    source: Word
    text: Name
    count: Annotated[int, Meta(ge=1, le=500)] = 200


class HitView(Answer, frozen=True, kw_only=True):
    """One thing found, with the names that lead to it; `of` is how SQL writes them."""

    node: NodeView
    of: str
    catalog: str
    schema: str
    table: str


class HitList(Answer, frozen=True, kw_only=True):
    """What was found: tables of `looked` of `schemas` schemas; asking again goes on.

    Columns are found in those tables alone that somebody has opened. `cut` says that there is
    more than was asked for; `failures` are those of schemas that could not be listed.
    """

    hits: list[HitView]
    looked: int
    schemas: int
    cut: bool
    failures: list[Failure]


class TableWanted(Input, frozen=True, kw_only=True):
    """Names a table of a source."""

    cluster: Word
    source: Word
    catalog: Name = ""
    schema: Name
    table: Name


class PartitionsWanted(Input, frozen=True, kw_only=True):
    """Lists a page of a table's partitions."""

    cluster: Word
    source: Word
    catalog: Name = ""
    schema: Name
    table: Name
    after: Word = ""
    count: Annotated[int, Meta(ge=1, le=5000)] = 1000


class PartitionPage(Answer, frozen=True, kw_only=True):
    """Partitions as `key=value/key=value`; `cut` says that the table has more than `total`."""

    partitions: list[str]
    total: int
    cut: bool
    after: str | None
    age: float


class CellColumnView(Answer, frozen=True, kw_only=True):
    """A column of a table's first rows; `kind` is how it is drawn."""

    name: str
    type: str
    kind: str


class FirstRowsView(Answer, frozen=True, kw_only=True):
    """The first rows of a table as texts, None for null; `more` says that there are others."""

    sql: str
    columns: list[CellColumnView]
    rows: list[list[str | None]]
    more: bool
    seconds: float


class SourceId(Input, frozen=True, kw_only=True):
    """Names a source."""

    cluster: Word
    source: Word


class CompletionWanted(Input, frozen=True, kw_only=True):
    """Completes SQL at a character offset; `here` is the place of names without one."""

    cluster: Word
    source: Word
    code: Annotated[str, Meta(max_length=200_000)]
    cursor: Count
    here: Annotated[tuple[Name, ...], Meta(max_length=2)] = ()


class CompletionView(Answer, frozen=True, kw_only=True):
    """One completion that replaces `start` … `end`."""

    text: str
    start: int
    end: int
    kind: str


class CompletionList(Answer, frozen=True, kw_only=True):
    """The completions; not `whole` where the catalog did not answer in time: asking again helps."""

    completions: list[CompletionView]
    whole: bool
